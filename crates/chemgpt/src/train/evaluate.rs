//! The loss on rows that were not trained on.

use crate::error::Result;
use crate::model::ChemGpt;
use crate::rows::TokenRows;

/// Mean −ln p over all targets of `rows`, nats a token; `batch` rows at a time.
///
/// # Errors
/// A token or a position that the model does not have, and what reading the rows reports.
pub fn validation_loss(model: &ChemGpt, rows: &dyn TokenRows, batch: usize) -> Result<f64> {
    let model = model.without_graph();
    let all: Vec<usize> = (0..rows.rows()).collect();
    let mut sum = 0.0;
    let mut count = 0;
    for rows_of_batch in all.chunks(batch.max(1)) {
        let batch = rows.batch(rows_of_batch)?;
        let items = batch.target_count();
        // Dividing by the count and multiplying again keeps the numbers of the float32 sum small.
        let mean = f64::from(model.loss_over(&batch, items.max(1))?.into_scalar::<f32>());
        sum += mean * items as f64;
        count += items;
    }
    Ok(sum / (count.max(1)) as f64)
}
