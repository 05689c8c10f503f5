//! The report: a page that opens offline, pictures, tables, and one JSON file with every number.

mod closing;
mod exponents;
mod family;
mod figures;
mod findings;
mod html;
mod losses;
mod search;
mod summary;
mod tables;
mod text;

use std::path::PathBuf;

use crate::error::Result;
use crate::event::{Event, Observer};
use crate::folder::StudyFolder;
use crate::results::Results;

pub use summary::summary;

/// Writes `report.html`, `plots/*.svg`, `plots/*.png`, `tables/*.csv` and `results.json` into the
/// study's folder and returns the path of the page.
///
/// # Errors
/// [`crate::Error::File`] for a file that cannot be written, [`crate::Error::Analysis`] for a
/// picture that cannot be drawn.
pub fn write(results: &Results, folder: &StudyFolder, observer: Observer<'_>) -> Result<PathBuf> {
    let figures = figures::all(results)?;
    for figure in &figures {
        folder.write(format!("plots/{}.svg", figure.name), figure.svg.as_bytes())?;
        folder.write(format!("plots/{}.png", figure.name), &figure.png)?;
    }
    for (name, bytes) in tables::all(results) {
        folder.write(format!("tables/{name}"), &bytes)?;
    }
    let mut json = serde_json::to_vec_pretty(results).expect("plain data serialises");
    json.push(b'\n');
    folder.write("results.json", &json)?;
    folder.write("summary.md", summary(results).as_bytes())?;
    let page = folder.write("report.html", html::page(results, &figures).as_bytes())?;
    observer(Event::ReportWritten { path: page.clone() });
    Ok(page)
}
