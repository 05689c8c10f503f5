//! From a `state_dict` of the authors' code to the names and numbers of this crate.

use super::{SpookyNetConfig, dispersion::BUILT_IN, electrons::ROWS};
use crate::weights::Named;

/// Prepares the `state_dict` of a checkpoint for [`crate::weights::Weights::from_named`].
///
/// Names and shapes are the authors' own, so nearly all goes through as it is:
///
/// | in the file | here |
/// | --- | --- |
/// | `element_bias`, `nuclear_embedding.…`, `charge_embedding.…`, `magmom_embedding.…`, `radial_basis_functions.…`, `module.{t}.…`, `output.weight`, `zbl_repulsion_energy.…`, `d4_dispersion_energy._…` | the same |
/// | tables `d4_dispersion_energy.…` with a row for each element | the same, cut to the rows of the config |
/// | the same tables under the prefix `d4.` | `d4_dispersion_energy.…` |
/// | `keep_prob`, `d4_dispersion_energy.alpha` | not used |
#[must_use]
pub fn spookynet_state_dict(named: Named, config: &SpookyNetConfig) -> Named {
    let rows = config.dispersion_rows;
    let rename = |name: String| match name.strip_prefix("d4.") {
        Some(table) => format!("d4_dispersion_energy.{table}"),
        None => name,
    };
    named
        .into_iter()
        .map(|(name, (mut shape, mut values))| {
            let name = rename(name);
            let table = name.starts_with("d4_dispersion_energy.");
            // Tables that go by reference molecules have 18 rows whatever the elements.
            if table && shape.first() == Some(&ROWS) && rows >= BUILT_IN {
                let row = values.len() / ROWS;
                values.truncate(rows * row);
                shape[0] = rows;
            }
            (name, (shape, values))
        })
        .collect()
}
