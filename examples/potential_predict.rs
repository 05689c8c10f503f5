//! Predicts energies, forces and stresses of the structures of a file with a trained potential.
//!
//! ```text
//! cargo run --release --example potential_predict -- --model runs/3bpa test.xyz --out predicted.xyz
//! ```
//!
//! The output is extended XYZ with the predictions as labels. If the input has labels, the last line is
//! `errors: energy … meV/atom MAE, … RMSE; force … meV/Å MAE, … RMSE`.

#![expect(clippy::print_stdout, reason = "the errors are this program's output")]

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, Result};
use atoms::Structure;
use clap::Parser;
use datasets::structures::{ReadOptions, read, write_xyz};
use equivariant_gnn::{Evaluation, Potential};

/// Predict with a trained potential.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of the potential.
    #[arg(long)]
    model: PathBuf,
    /// Structures: extended XYZ, npz, HDF5, …
    input: PathBuf,
    /// Extended XYZ file for the predictions.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Evaluate the first structures only.
    #[arg(long)]
    limit: Option<usize>,
    /// Device: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let potential = Potential::load(&arguments.model, &arguments.device)
        .with_context(|| format!("cannot load the potential {}", arguments.model.display()))?;
    let options = ReadOptions {
        limit: arguments.limit,
        ..ReadOptions::default()
    };
    let set = read(&arguments.input, &options)?;
    if !set.rejects.is_empty() {
        let side = arguments.input.with_extension("rejects.tsv");
        datasets::write_rejects(&side, &set.rejects)?;
        println!(
            "{} records left out, listed in {}",
            set.rejects.len(),
            side.display()
        );
    }
    let started = Instant::now();
    let predicted = potential.evaluate_batch(&set.structures).with_context(|| {
        format!(
            "{} (structures are counted from 0)",
            arguments.input.display()
        )
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let atoms: usize = set.structures.iter().map(Structure::len).sum();
    println!(
        "{} structures, {atoms} atoms in {seconds:.2} s ({:.0} atoms/s)",
        predicted.len(),
        atoms as f64 / seconds
    );
    if let Some(out) = &arguments.out {
        let structures: Vec<Structure> = set
            .structures
            .iter()
            .zip(&predicted)
            .map(|(structure, evaluation)| Structure {
                energy: Some(evaluation.energy),
                forces: Some(evaluation.forces.clone()),
                stress: evaluation.stress,
                ..structure.clone()
            })
            .collect();
        write_xyz(out, &structures)?;
        println!("written to {}", out.display());
    }
    errors(&set.structures, &predicted);
    Ok(())
}

/// Prints mean absolute and root mean square errors where there are labels.
fn errors(structures: &[Structure], predicted: &[Evaluation]) {
    let pairs = || structures.iter().zip(predicted);
    let energy: Vec<f64> = pairs()
        .filter_map(|(s, p)| Some((p.energy - s.energy?) / s.len() as f64))
        .collect();
    let force: Vec<f64> = pairs()
        .filter_map(|(s, p)| Some((s.forces.as_ref()?, &p.forces)))
        .flat_map(|(a, b)| a.as_flattened().iter().zip(b.as_flattened()))
        .map(|(a, b)| b - a)
        .collect();
    let line = |values: &[f64], unit: &str| {
        let n = values.len() as f64;
        let mae = 1e3 * values.iter().map(|x| x.abs()).sum::<f64>() / n;
        let rmse = 1e3 * (values.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
        format!("{mae:.3} {unit} MAE, {rmse:.3} RMSE")
    };
    let mut parts = Vec::new();
    if !energy.is_empty() {
        parts.push(format!("energy {}", line(&energy, "meV/atom")));
    }
    if !force.is_empty() {
        parts.push(format!("force {}", line(&force, "meV/Å")));
    }
    if !parts.is_empty() {
        println!("errors: {}", parts.join("; "));
    }
}
