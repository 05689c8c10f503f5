//! A picture of a set of vectors: their two leading principal components.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use chemgpt::embed::principal_plane;

/// Points that a picture holds at most.
const MOST: usize = 8192;

/// Every so many of the vectors that came: memory does not grow with their number, and the picture is of the whole file.
pub(crate) struct Thinned {
    every: usize,
    seen: usize,
    lines: Vec<u64>,
    vectors: Vec<Vec<f32>>,
}

impl Thinned {
    pub(crate) fn new() -> Self {
        Self {
            every: 1,
            seen: 0,
            lines: Vec::new(),
            vectors: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, line: u64, vector: &[f32]) {
        if self.seen.is_multiple_of(self.every) {
            if self.vectors.len() == MOST {
                let mut keep = [true, false].into_iter().cycle();
                self.lines.retain(|_| keep.next() == Some(true));
                let mut keep = [true, false].into_iter().cycle();
                self.vectors.retain(|_| keep.next() == Some(true));
                self.every *= 2;
            }
            // The vector that filled the picture is itself one of the even ones that stay.
            self.lines.push(line);
            self.vectors.push(vector.to_vec());
        }
        self.seen += 1;
    }

    /// The picture, coloured by the numbers of the lines where there are any.
    pub(crate) fn svg(&self, numbers: Option<&HashMap<u64, f64>>) -> String {
        let values: Vec<Option<f64>> = self
            .lines
            .iter()
            .map(|line| numbers.and_then(|numbers| numbers.get(line).copied()))
            .collect();
        drawn(&principal_plane(&self.vectors), &values)
    }
}

/// The numbers of a column of a CSV table, by line.
pub(crate) fn column(path: &Path, name: &str) -> Result<HashMap<u64, f64>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut lines = (1..).zip(text.lines());
    let names = crate::table::cells(lines.next().map_or("", |(_, line)| line));
    let place = crate::table::place(path, &names, name)?;
    let number = |line: &str| {
        let cells = crate::table::cells(line);
        cells.get(place)?.trim().parse().ok()
    };
    Ok(lines
        .filter_map(|(at, line)| Some((at, number(line)?)))
        .collect())
}

fn drawn(points: &[[f64; 2]], values: &[Option<f64>]) -> String {
    let range = |numbers: &mut dyn Iterator<Item = f64>| {
        numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        })
    };
    let x = range(&mut points.iter().map(|point| point[0]));
    let y = range(&mut points.iter().map(|point| point[1]));
    let shade = range(&mut values.iter().flatten().copied());
    let place = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low).max(1e-12);
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 480\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"640\" height=\"480\" fill=\"white\"/>\n",
    );
    for (point, value) in points.iter().zip(values) {
        let color = value.map_or("#4477aa".to_owned(), |value| {
            let share = place(value, shade);
            format!("hsl({:.0},70%,45%)", 240.0 * (1.0 - share))
        });
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\" fill=\"{color}\" fill-opacity=\"0.7\"/>",
            30.0 + 580.0 * place(point[0], x),
            450.0 - 420.0 * place(point[1], y)
        );
    }
    svg.push_str(
        "<text x=\"320\" y=\"474\" text-anchor=\"middle\">first principal component</text>\n",
    );
    svg.push_str("<text x=\"12\" y=\"240\" text-anchor=\"middle\" transform=\"rotate(-90 12 240)\">second principal component</text>\n");
    if shade.0.is_finite() {
        let _ = writeln!(
            svg,
            "<text x=\"620\" y=\"16\" text-anchor=\"end\">blue {:.2}, red {:.2}</text>",
            shade.0, shade.1
        );
    }
    svg.push_str("</svg>\n");
    svg
}
