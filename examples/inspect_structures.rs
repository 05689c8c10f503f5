//! Says what is in a structure file: counts, species, ranges, units and why they were taken for these, whether energies
//! and forces belong together, distances, and a histogram of the forces.
//!
//! ```text
//! cargo run --release --example inspect_structures -- train_300K.xyz.gz --plot forces.svg
//! ```
//!
//! The last line is the verdict on energies against forces. A thousand molecules take about a second.
#![expect(clippy::print_stdout, reason = "the summary is the output")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use atoms::{Structure, element, neighbour_list};
use clap::Parser;
use datasets::consistency::check;
use datasets::structures::{ReadOptions, Units, read};
use datasets::write_rejects;

/// Inspects a structure file.
#[derive(Parser)]
struct Arguments {
    /// File or folder: extended XYZ, .npz, HDF5, `DeePMD` folder, mlearn or ASE JSON, QM9, force-set CSV.
    file: PathBuf,
    /// Units of the file, such as "kcal/mol" or "hartree, bohr, gradient"; found out by default.
    #[arg(long)]
    units: Option<String>,
    /// Name of the energy, where it is unusual.
    #[arg(long)]
    energy_key: Option<String>,
    /// Name of the forces, where it is unusual.
    #[arg(long)]
    forces_key: Option<String>,
    /// Read at most this many structures.
    #[arg(long)]
    limit: Option<usize>,
    /// Write the records that cannot be read, with reasons, to this file.
    #[arg(long)]
    rejects: Option<PathBuf>,
    /// Draw the histogram of force magnitudes to this SVG file.
    #[arg(long)]
    plot: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let options = ReadOptions {
        units: arguments.units.as_deref().map(Units::parse).transpose()?,
        energy_key: arguments.energy_key.clone(),
        forces_key: arguments.forces_key.clone(),
        limit: arguments.limit,
        ..ReadOptions::default()
    };
    let set = read(&arguments.file, &options)?;
    println!("{}", arguments.file.display());
    println!("  units       {}", set.units);
    for note in &set.notes {
        println!("  note        {note}");
    }
    println!("  structures  {}", set.structures.len());
    if !set.rejects.is_empty() {
        let first = &set.rejects[0];
        println!(
            "  rejected    {} (the first on line {}: {})",
            set.rejects.len(),
            first.line,
            first.reason
        );
        if let Some(path) = &arguments.rejects {
            write_rejects(path, &set.rejects)?;
        }
    }
    describe(&set.structures);
    let forces = magnitudes(&set.structures);
    if !forces.is_empty() {
        let bars = histogram(&forces);
        println!("  forces      {} (eV/Å)", range(forces.iter().copied()));
        for bar in &bars {
            println!(
                "    {:7.2} {}",
                bar.low,
                "#".repeat(bar.count * 60 / bar.most)
            );
        }
        if let Some(path) = &arguments.plot {
            draw(path, &bars)?;
        }
    }
    match check(&set.structures) {
        None => println!(
            "  verdict     no two structures are close enough to compare energies with forces"
        ),
        Some(c) => {
            println!(
                "  consistency slope {:.4}, correlation {:.4}, {} pairs, typical step {:.3} Å",
                c.slope, c.correlation, c.pairs, c.step
            );
            println!("  verdict     {}", verdict(c.slope, c.correlation));
        }
    }
    Ok(())
}

fn describe(structures: &[Structure]) {
    let mut species: BTreeMap<u8, usize> = BTreeMap::new();
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    let mut formulas: BTreeMap<String, usize> = BTreeMap::new();
    for s in structures {
        for z in &s.species {
            *species.entry(*z).or_default() += 1;
        }
        *groups.entry(s.group.as_deref().unwrap_or("–")).or_default() += 1;
        *formulas.entry(s.formula()).or_default() += 1;
    }
    let names: Vec<String> = species
        .iter()
        .map(|(z, n)| format!("{} {n}", element::symbol(*z).unwrap_or("?")))
        .collect();
    println!(
        "  atoms       {} ({})",
        range(structures.iter().map(|s| s.len() as f64)),
        names.join(", ")
    );
    println!("  formulas    {}, groups {}", formulas.len(), groups.len());
    let periodic = structures.iter().filter(|s| s.is_periodic()).count();
    println!("  periodic    {periodic}");
    let energies: Vec<f64> = structures
        .iter()
        .filter_map(|s| Some(s.energy? / s.len() as f64))
        .collect();
    if !energies.is_empty() {
        println!(
            "  energies    {} of them, {} (eV/atom)",
            energies.len(),
            range(energies.iter().copied())
        );
    }
    let shortest = structures.iter().take(1000).filter_map(|s| {
        let list = neighbour_list(s, 3.0).ok()?;
        let lengths = list
            .vectors(s)
            .into_iter()
            .map(|v| v.iter().map(|x| x * x).sum::<f64>().sqrt());
        lengths.min_by(f64::total_cmp)
    });
    println!(
        "  shortest    {} (Å, distances below 3 Å in up to 1000 structures)",
        range(shortest)
    );
}

fn range(values: impl Iterator<Item = f64>) -> String {
    let (mut low, mut high, mut sum, mut n) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0_usize);
    for v in values {
        (low, high, sum, n) = (low.min(v), high.max(v), sum + v, n + 1);
    }
    if n == 0 {
        return "none".into();
    }
    format!("{low:.4} to {high:.4}, mean {:.4}", sum / n as f64)
}

fn magnitudes(structures: &[Structure]) -> Vec<f64> {
    structures
        .iter()
        .filter_map(|s| s.forces.as_ref())
        .flatten()
        .map(|f| f.iter().map(|x| x * x).sum::<f64>().sqrt())
        .collect()
}

struct Bar {
    low: f64,
    high: f64,
    count: usize,
    /// Count of the highest bar.
    most: usize,
}

/// Twenty bars up to the 99.5th percentile; what lies above is counted into the last one.
fn histogram(values: &[f64]) -> Vec<Bar> {
    const BARS: usize = 20;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let top = sorted[(sorted.len() - 1) * 199 / 200].max(1e-9);
    let width = top / BARS as f64;
    let mut counts = [0_usize; BARS];
    for v in sorted {
        let bar = (1..BARS).take_while(|k| v >= *k as f64 * width).count();
        counts[bar] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    counts
        .iter()
        .enumerate()
        .map(|(k, n)| Bar {
            low: k as f64 * width,
            high: (k + 1) as f64 * width,
            count: *n,
            most,
        })
        .collect()
}

fn draw(path: &Path, bars: &[Bar]) -> Result<()> {
    let (width, height, left, bottom) = (640.0, 360.0, 50.0, 40.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let step = (width - left - 20.0) / bars.len() as f64;
    for (k, bar) in bars.iter().enumerate() {
        let (x, h) = (
            left + k as f64 * step,
            bar.count as f64 / bar.most as f64 * (height - bottom - 20.0),
        );
        writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{h:.1}\" fill=\"#4878a8\"/>",
            height - bottom - h,
            step - 2.0
        )?;
        if k % 4 == 0 {
            writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\">{:.2}</text>",
                height - bottom + 16.0,
                bar.low
            )?;
        }
    }
    let end = bars.last().map_or(0.0, |b| b.high);
    writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\">force (eV/Å), up to {end:.2}; larger ones are in the last bar</text>\n</svg>",
        left,
        height - 6.0
    )?;
    std::fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))
}

fn verdict(slope: f64, correlation: f64) -> String {
    if correlation.abs() < 0.5 {
        "the closest structures are too far apart to tell".into()
    } else if slope < 0.0 {
        "the sign is wrong: the file holds gradients; read it with --units \"<energy>, <length>, gradient\"".into()
    } else if !(0.7..1.4).contains(&slope) {
        format!("energies and forces are in different units: their ratio is {slope:.3}")
    } else {
        "energies and forces belong together".into()
    }
}
