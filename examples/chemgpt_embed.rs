//! Writes a vector for each molecule of a file, and optionally a map of the set as a picture.
//!
//! ```text
//! cargo run --release --example chemgpt_embed -- --model run/model --molecules esol.csv --out vectors.npy --map map.svg \
//!     --color "measured log solubility in mols per litre"
//! ```
//!
//! The last line gives the shape of the array. Rows are in the order of `vectors.npy.smiles`, which lists the molecules
//! that the model could read.
#![expect(clippy::print_stdout, reason = "the summary is the output")]

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chemgpt::Pretrained;
use chemgpt::embed::{EmbeddingOptions, Pooling, embed, nearest, principal_plane};
use clap::{Parser, ValueEnum};
use datasets::molecules::{self, ReadOptions};

/// Embeds molecules.
#[derive(Parser)]
struct Arguments {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// File of SMILES: .smi, .txt, .csv, .tsv, also .gz.
    #[arg(long)]
    molecules: PathBuf,
    /// Column of the SMILES in a table.
    #[arg(long)]
    column: Option<String>,
    /// Read at most this many molecules.
    #[arg(long)]
    limit: Option<usize>,
    /// How the vectors of the tokens become one.
    #[arg(long, value_enum, default_value_t = Pool::Mean)]
    pooling: Pool,
    /// Layer to take: 0 is the embedding; the default is the last.
    #[arg(long)]
    layer: Option<usize>,
    /// `NumPy` array of float32, one row a molecule.
    #[arg(long)]
    out: PathBuf,
    /// Print the nearest molecules of the file to this SMILES.
    #[arg(long)]
    near: Option<String>,
    /// SVG of the two leading principal components.
    #[arg(long)]
    map: Option<PathBuf>,
    /// Column of the table (CSV without quoted commas) that colours the map.
    #[arg(long, requires = "map")]
    color: Option<String>,
    /// Device: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Pool {
    Mean,
    Last,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let device = backend::device(&arguments.device)?;
    let pretrained = Pretrained::load(&arguments.model, &device)
        .with_context(|| format!("the model folder {}", arguments.model.display()))?;
    let options = ReadOptions {
        column: arguments.column.clone(),
        limit: arguments.limit,
        ..ReadOptions::default()
    };
    let set = molecules::read(&arguments.molecules, &options)?;
    let positions = pretrained.model.config().positions;
    let (mut readable, mut sequences) = (Vec::new(), Vec::new());
    for smiles in &set.smiles {
        if let Ok(ids) = pretrained.sequence_of(smiles)
            && ids.len() <= positions
        {
            readable.push(smiles.as_str());
            sequences.push(ids);
        }
    }
    if sequences.is_empty() {
        bail!(
            "the model can read no molecule of {}",
            arguments.molecules.display()
        );
    }
    let options = EmbeddingOptions {
        pooling: match arguments.pooling {
            Pool::Mean => Pooling::Mean,
            Pool::Last => Pooling::Last,
        },
        layer: arguments.layer,
        ..EmbeddingOptions::default()
    };
    let vectors = embed(&pretrained.model, &sequences, &options)?;
    backend::run::write_atomic(&arguments.out, &npy(&vectors))?;
    let mut names = arguments.out.clone().into_os_string();
    names.push(".smiles");
    backend::run::write_atomic(
        PathBuf::from(names),
        (readable.join("\n") + "\n").as_bytes(),
    )?;
    if let Some(smiles) = &arguments.near {
        let query = embed(
            &pretrained.model,
            &[pretrained.sequence_of(smiles)?],
            &options,
        )?;
        for (index, similarity) in nearest(&vectors, &query[0], 5) {
            println!("{similarity:.4} {}", readable[index]);
        }
    }
    if let Some(path) = &arguments.map {
        let colors = match &arguments.color {
            Some(column) => Some(column_by_smiles(&arguments.molecules, column)?),
            None => None,
        };
        let values: Vec<Option<f64>> = readable
            .iter()
            .map(|smiles| {
                colors
                    .as_ref()
                    .and_then(|colors| colors.get(*smiles).copied())
            })
            .collect();
        let svg = map(&principal_plane(&vectors), &values);
        backend::run::write_atomic(path, svg.as_bytes())?;
    }
    println!(
        "{} x {} in {}",
        vectors.len(),
        vectors[0].len(),
        arguments.out.display()
    );
    Ok(())
}

/// Version 1.0 of `NumPy`'s format, little-endian float32.
fn npy(vectors: &[Vec<f32>]) -> Vec<u8> {
    let width = vectors.first().map_or(0, Vec::len);
    let mut header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {width}), }}",
        vectors.len()
    );
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let length = u16::try_from(header.len()).expect("the header is shorter than 64 KiB");
    bytes.extend(length.to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(
        vectors
            .iter()
            .flatten()
            .flat_map(|value| value.to_le_bytes()),
    );
    bytes
}

/// The number of a column for each line of a plain CSV file, by the text of any other cell.
fn column_by_smiles(path: &Path, column: &str) -> Result<HashMap<String, f64>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let place = names
        .iter()
        .position(|name| name.trim() == column)
        .with_context(|| format!("{} has no column `{column}`", path.display()))?;
    let mut numbers = HashMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        if let Some(value) = cells.get(place).and_then(|cell| cell.trim().parse().ok()) {
            for cell in &cells {
                numbers.insert(cell.trim().to_owned(), value);
            }
        }
    }
    Ok(numbers)
}

fn map(points: &[[f64; 2]], values: &[Option<f64>]) -> String {
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
