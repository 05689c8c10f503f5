//! A figure: one or more panels, as SVG, PNG and a table.

use super::layout;
use super::panel::{Look, Panel};
use super::scene::{Anchor, Rect, Scene};
use super::{png, svg};
use crate::error::{Error, Result};
use std::fmt::Write as _;
use std::path::Path;

/// One or more panels on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row.
    pub columns: usize,
    /// Width of a panel (points, 1/72 inch in print).
    pub width: f64,
    /// Height of a panel (points).
    pub height: f64,
}

impl Figure {
    /// A figure of one panel.
    #[must_use]
    pub fn one(panel: Panel) -> Self {
        Self::grid(1, vec![panel])
    }

    /// Panels in rows of `columns`.
    #[must_use]
    pub fn grid(columns: usize, panels: Vec<Panel>) -> Self {
        Self {
            panels,
            columns: columns.max(1),
            width: 440.0,
            height: 320.0,
        }
    }

    /// The figure as SVG text; equal figures give equal bytes.
    ///
    /// # Errors
    /// [`crate::Error::Figure`] where a panel has nothing that its axes can show.
    pub fn to_svg(&self) -> Result<String> {
        Ok(svg::svg(&self.scene()?))
    }

    /// The figure as PNG bytes with `scale` pixels per point; 3 suits print (216 dots per inch).
    ///
    /// # Errors
    /// As [`Figure::to_svg`], and for a scale outside 0 to 20.
    pub fn to_png(&self, scale: f64) -> Result<Vec<u8>> {
        png::png(&self.scene()?, scale)
    }

    /// The data of the figure as CSV: one row per point, with the ends of bands and error bars.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = String::from("panel,series,kind,x,y,low,high,value\n");
        let cell = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v}"));
        for panel in &self.panels {
            for series in &panel.series {
                let kind = match series.look {
                    Look::Points { .. } => "point",
                    Look::Line { .. } => "line",
                    Look::Band => "band",
                };
                for index in 0..series.x.len().min(series.y.len()) {
                    let ends = series.ends.as_ref();
                    let middle = (series.look != Look::Band).then(|| series.y[index]);
                    let _ = writeln!(
                        out,
                        "{},{},{kind},{},{},{},{},{}",
                        quote(&panel.title),
                        quote(&series.name),
                        series.x[index],
                        cell(middle),
                        cell(ends.and_then(|(low, _)| low.get(index).copied())),
                        cell(ends.and_then(|(_, high)| high.get(index).copied())),
                        cell(series.values.as_ref().and_then(|v| v.get(index).copied())),
                    );
                }
            }
        }
        out
    }

    /// Writes `name.svg`, `name.png` and `name.csv` into an existing folder, each aside first and then renamed.
    ///
    /// # Errors
    /// As [`Figure::to_svg`], and [`Error::Write`] where a file cannot be written.
    pub fn write(&self, folder: &Path, name: &str) -> Result<()> {
        let png = self.to_png(3.0)?;
        let svg = self.to_svg()?;
        for (ending, bytes) in [
            ("svg", svg.as_bytes()),
            ("png", png.as_slice()),
            ("csv", self.to_csv().as_bytes()),
        ] {
            let path = folder.join(format!("{name}.{ending}"));
            let aside = folder.join(format!(".{name}.{ending}.part"));
            std::fs::write(&aside, bytes)
                .and_then(|()| std::fs::rename(&aside, &path))
                .map_err(|error| Error::Write {
                    path: path.display().to_string(),
                    reason: error.to_string(),
                })?;
        }
        Ok(())
    }

    fn scene(&self) -> Result<Scene> {
        let rows = self.panels.len().div_ceil(self.columns);
        let columns = self.columns.min(self.panels.len().max(1));
        let mut scene = Scene {
            width: self.width * columns as f64,
            height: self.height * rows as f64,
            title: self
                .panels
                .iter()
                .map(|panel| panel.title.as_str())
                .collect::<Vec<_>>()
                .join("; "),
            clips: Vec::new(),
            shapes: Vec::new(),
        };
        for ((index, panel), letter) in self.panels.iter().enumerate().zip(('a'..='z').cycle()) {
            let cell = Rect {
                x: self.width * (index % self.columns) as f64,
                y: self.height * (index / self.columns) as f64,
                width: self.width,
                height: self.height,
            };
            layout::panel(&mut scene, panel, cell)?;
            if self.panels.len() > 1 {
                scene.text(
                    [cell.x + 8.0, cell.y + 19.0],
                    &letter.to_string(),
                    13.5,
                    true,
                    Anchor::Start,
                );
            }
        }
        Ok(scene)
    }
}

fn quote(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
