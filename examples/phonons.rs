//! Vibrations by differences of forces: normal modes of a molecule, or phonons of a crystal along a path.
//!
//! ```text
//! cargo run --release --example phonons -- --model runs/3bpa relaxed.xyz --out modes.csv
//! cargo run --release --example phonons -- --model runs/silicon silicon.xyz --out bands.csv --supercell 4,4,4 --path "0 0 0, 0.5 0 0.5, 0.5 0.5 0.5"
//! ```
//!
//! The structure should be relaxed first (`relax`). Wavenumbers are in cm⁻¹, negative if imaginary. The table of a
//! molecule has a mode a row; that of a crystal a wave vector a row, in units of the reciprocal cell. The last line is
//! `lowest … cm⁻¹, highest … cm⁻¹`.

#![expect(clippy::print_stdout, reason = "the numbers are this program's output")]

use std::{fmt::Write as _, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, bail};
use atoms::Structure;
use clap::Parser;
use datasets::structures::{ReadOptions, read};
use equivariant_gnn::{
    Calculator, Potential,
    relax::largest_force,
    vibrations::{DISPLACEMENT, ForceConstants, Hessian, zero_point_energy},
};

/// Modes below this are taken for translations and rotations (cm⁻¹).
const LEAST: f64 = 50.0;

/// Compute vibrations.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of the potential.
    #[arg(long)]
    model: PathBuf,
    /// A file whose first structure is taken.
    input: PathBuf,
    /// CSV file for the wavenumbers.
    #[arg(long)]
    out: PathBuf,
    /// How far atoms are displaced (Å).
    #[arg(long, default_value_t = DISPLACEMENT)]
    displacement: f64,
    /// Copies along each cell vector, of a crystal.
    #[arg(long, value_delimiter = ',', num_args = 1)]
    supercell: Vec<usize>,
    /// Wave vectors between which the path runs: `0 0 0, 0.5 0 0`.
    #[arg(long, default_value = "0 0 0, 0.5 0 0", allow_hyphen_values = true)]
    path: String,
    /// Points between two wave vectors of the path.
    #[arg(long, default_value_t = 20)]
    points: usize,
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
        limit: Some(1),
        ..ReadOptions::default()
    };
    let set = read(&arguments.input, &options)?;
    let Some(structure) = set.structures.first() else {
        bail!("{} has no usable structure", arguments.input.display());
    };
    let force = largest_force(&calculator.evaluate(structure)?.forces);
    println!(
        "{}: largest force {force:.2e} eV/Å{}",
        structure.formula(),
        if force > 0.05 {
            ", which is far from a minimum"
        } else {
            ""
        }
    );
    let (table, all) = if arguments.supercell.is_empty() {
        modes(&mut calculator, structure, &arguments)?
    } else {
        bands(&mut calculator, structure, &arguments)?
    };
    backend::run::write_atomic(&arguments.out, table.as_bytes())?;
    let (low, high) = all
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), w| {
            (l.min(*w), h.max(*w))
        });
    println!("written to {}", arguments.out.display());
    println!("lowest {low:.1} cm⁻¹, highest {high:.1} cm⁻¹");
    Ok(())
}

/// Normal modes at the centre of the Brillouin zone, or of a molecule.
fn modes(
    calculator: &mut Calculator,
    structure: &Structure,
    arguments: &Arguments,
) -> Result<(String, Vec<f64>)> {
    let mut hessian = Hessian::of(calculator, structure, arguments.displacement)?;
    println!("asymmetry of the differences {:.1e}", hessian.asymmetry());
    hessian.impose_sum_rule();
    let modes = hessian.modes();
    let mut table = String::from("mode,wavenumber_per_cm\n");
    for (k, mode) in modes.iter().enumerate() {
        writeln!(table, "{k},{}", mode.wavenumber)?;
    }
    println!(
        "zero-point energy of modes above {LEAST} cm⁻¹: {:.4} eV",
        zero_point_energy(&modes, LEAST)
    );
    Ok((table, modes.iter().map(|mode| mode.wavenumber).collect()))
}

/// Dispersion along the path.
fn bands(
    calculator: &mut Calculator,
    structure: &Structure,
    arguments: &Arguments,
) -> Result<(String, Vec<f64>)> {
    let [a, b, c] = arguments.supercell[..] else {
        bail!("--supercell is three numbers, such as 3,3,3");
    };
    let corners = path(&arguments.path)?;
    let constants = ForceConstants::of(calculator, structure, [a, b, c], arguments.displacement)?;
    let mut table = String::from("distance_per_angstrom,q1,q2,q3");
    for branch in 1..=3 * structure.len() {
        write!(table, ",branch_{branch}_per_cm")?;
    }
    table.push('\n');
    let mut all = Vec::new();
    let mut distance = 0.0;
    let points = arguments.points.max(1);
    for (leg, ends) in corners.windows(2).enumerate() {
        let step: [f64; 3] = std::array::from_fn(|k| (ends[1][k] - ends[0][k]) / points as f64);
        for point in usize::from(leg > 0)..=points {
            let q: [f64; 3] = std::array::from_fn(|k| ends[0][k] + step[k] * point as f64);
            if point > 0 {
                distance += constants.length(step);
            }
            let found = constants.frequencies(q);
            write!(table, "{distance},{},{},{}", q[0], q[1], q[2])?;
            for w in &found {
                write!(table, ",{w}")?;
            }
            table.push('\n');
            all.extend(found);
        }
    }
    Ok((table, all))
}

fn path(text: &str) -> Result<Vec<[f64; 3]>> {
    let corners = text
        .split(',')
        .map(|corner| {
            let numbers: Vec<f64> = corner
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()
                .with_context(|| format!("`{corner}` of --path"))?;
            let corner: Result<[f64; 3], _> = numbers.try_into();
            corner.map_err(|_| anyhow::anyhow!("--path is three numbers for each corner: {text}"))
        })
        .collect::<Result<Vec<_>>>()?;
    if corners.len() < 2 {
        bail!("--path has one corner, expected at least two");
    }
    Ok(corners)
}
