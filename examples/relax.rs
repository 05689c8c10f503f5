//! Relaxes the structures of a file to minima of a trained potential (FIRE; the cell stays as it is).
//!
//! ```text
//! cargo run --release --example relax -- --model runs/3bpa start.xyz --out relaxed.xyz --force 0.01
//! ```
//!
//! The output is extended XYZ with energies and forces. The last line is `… of … structures relaxed to … eV/Å`;
//! the exit status is not zero if one of them is not.

#![expect(clippy::print_stdout, reason = "the progress is this program's output")]

use std::{ops::ControlFlow, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, bail};
use atoms::Structure;
use clap::Parser;
use datasets::structures::{ReadOptions, read, write_xyz};
use equivariant_gnn::{
    Calculator, Potential,
    relax::{RelaxSettings, largest_force, relax},
};

/// Relax structures.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of the potential.
    #[arg(long)]
    model: PathBuf,
    /// Structures: extended XYZ, npz, …
    input: PathBuf,
    /// Extended XYZ file for the relaxed structures.
    #[arg(long)]
    out: PathBuf,
    /// Largest force on an atom at the end (eV/Å).
    #[arg(long, default_value_t = 0.01)]
    force: f64,
    /// Steps at most.
    #[arg(long, default_value_t = 500)]
    steps: usize,
    /// Relax the first structures only.
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
    let mut calculator = Calculator::new(Arc::new(potential), Calculator::SKIN)?;
    let options = ReadOptions {
        limit: arguments.limit,
        ..ReadOptions::default()
    };
    let set = read(&arguments.input, &options)?;
    if set.structures.is_empty() {
        bail!("{} has no usable structure", arguments.input.display());
    }
    let settings = RelaxSettings {
        force: arguments.force,
        steps: arguments.steps,
        ..RelaxSettings::default()
    };
    let mut relaxed = Vec::with_capacity(set.structures.len());
    let mut arrived = 0;
    for (index, structure) in set.structures.iter().enumerate() {
        let mut first = None;
        let end = relax(&mut calculator, structure, &settings, &mut |_, _, said| {
            first.get_or_insert(said.energy);
            ControlFlow::Continue(())
        })
        .with_context(|| format!("structure {index} of {}", arguments.input.display()))?;
        println!(
            "structure {index} {}: {:+.6} eV in {} steps, largest force {:.2e} eV/Å{}",
            structure.formula(),
            end.evaluation.energy - first.unwrap_or(end.evaluation.energy),
            end.steps,
            largest_force(&end.evaluation.forces),
            if end.converged { "" } else { ", not relaxed" }
        );
        arrived += usize::from(end.converged);
        relaxed.push(Structure {
            energy: Some(end.evaluation.energy),
            forces: Some(end.evaluation.forces),
            stress: end.evaluation.stress,
            ..end.structure
        });
    }
    write_xyz(&arguments.out, &relaxed)?;
    let line = format!(
        "{arrived} of {} structures relaxed to {} eV/Å",
        relaxed.len(),
        arguments.force
    );
    if arrived < relaxed.len() {
        bail!("{line}; all are in {}", arguments.out.display());
    }
    println!("{line}");
    Ok(())
}
