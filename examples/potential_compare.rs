//! Compares trained potentials on one set of labelled structures: a table of errors and parity plots.
//!
//! ```text
//! cargo run --release --example potential_compare -- --models runs/painn,runs/schnet test_600K.npz --out runs/compared
//! ```
//!
//! The folder gets `errors.csv` and `parity.svg`, in which each potential has a row: energies per atom (less the mean
//! of the labels) on the left, force components on the right. Of an ensemble the table has the rank correlation of
//! the spread of the forces with their error as well. The last line is `best force MAE: … meV/Å by …`.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

use std::{fmt::Write as _, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result, bail};
use atoms::Structure;
use clap::Parser;
use datasets::structures::{ReadOptions, read};
use equivariant_gnn::{Evaluation, Potential};
use scaling_fit::plot::{Axis, Colour, Figure, Marker, Panel, Stroke};

/// Most points of a panel; more only make the file large.
const POINTS: usize = 2000;

/// Compare potentials.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folders of the potentials, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    models: Vec<PathBuf>,
    /// Structures with energies and forces: extended XYZ, npz, …
    input: PathBuf,
    /// Folder for the table and the plots.
    #[arg(long)]
    out: PathBuf,
    /// Take the first structures only.
    #[arg(long)]
    limit: Option<usize>,
    /// Device: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
}

/// Labels and predictions side by side, and what follows from them.
struct Compared {
    name: String,
    parameters: usize,
    /// Label and prediction, per atom (eV).
    energies: (Vec<f64>, Vec<f64>),
    /// Label and prediction (eV/Å).
    forces: (Vec<f64>, Vec<f64>),
    /// Rank correlation of spread and error of forces, of an ensemble.
    spread_rank: Option<f64>,
    atoms_per_second: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let options = ReadOptions {
        require_labels: true,
        limit: arguments.limit,
        ..ReadOptions::default()
    };
    let set = read(&arguments.input, &options)?;
    if set.structures.is_empty() {
        bail!(
            "{} has no usable structure with labels",
            arguments.input.display()
        );
    }
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    let mut all = Vec::new();
    for path in &arguments.models {
        let potential = Potential::load(path, &arguments.device)
            .with_context(|| format!("cannot load the potential {}", path.display()))?;
        let started = Instant::now();
        let predicted = potential.evaluate_batch(&set.structures).with_context(|| {
            format!(
                "{} on {} (structures are counted from 0)",
                path.display(),
                arguments.input.display()
            )
        })?;
        let atoms: usize = set.structures.iter().map(Structure::len).sum();
        let speed = atoms as f64 / started.elapsed().as_secs_f64().max(1e-9);
        all.push(compare(
            path,
            &potential,
            &set.structures,
            &predicted,
            speed,
        ));
    }
    let table = table(&all);
    print!("{}", table.replace(',', "\t"));
    backend::run::write_atomic(arguments.out.join("errors.csv"), table.as_bytes())?;
    let svg = figure(&all).to_svg()?;
    backend::run::write_atomic(arguments.out.join("parity.svg"), svg.as_bytes())?;
    let force = |c: &Compared| errors(&c.forces).0;
    let best = all
        .iter()
        .min_by(|a, b| force(a).total_cmp(&force(b)))
        .context("no potential was given")?;
    println!("best force MAE: {:.3} meV/Å by {}", force(best), best.name);
    Ok(())
}

fn compare(
    path: &std::path::Path,
    potential: &Potential,
    structures: &[Structure],
    predicted: &[Evaluation],
    atoms_per_second: f64,
) -> Compared {
    let pairs = || structures.iter().zip(predicted);
    let energies = pairs()
        .filter_map(|(s, p)| Some((s.energy? / s.len() as f64, p.energy / s.len() as f64)))
        .unzip();
    let labelled = || pairs().filter_map(|(s, p)| Some((s.forces.as_ref()?, p)));
    let forces: (Vec<f64>, Vec<f64>) = labelled()
        .flat_map(|(f, p)| f.as_flattened().iter().zip(p.forces.as_flattened()))
        .map(|(a, b)| (*a, *b))
        .unzip();
    let spreads: Option<Vec<f64>> = labelled()
        .map(|(_, p)| p.uncertainty.as_ref())
        .map(|u| u.map(|u| u.forces.as_flattened().to_vec()))
        .collect::<Option<Vec<_>>>()
        .map(|all| all.concat());
    let sizes: Vec<f64> = forces
        .0
        .iter()
        .zip(&forces.1)
        .map(|(a, b)| (a - b).abs())
        .collect();
    let members = match potential.members() {
        1 => String::new(),
        n => format!(" × {n}"),
    };
    Compared {
        name: format!(
            "{} ({}{members})",
            path.display(),
            potential.config().name()
        ),
        parameters: potential.config().parameters() * potential.members(),
        energies,
        spread_rank: spreads
            .filter(|_| potential.members() > 1)
            .map(|spreads| correlation(&ranks(&spreads), &ranks(&sizes))),
        forces,
        atoms_per_second,
    }
}

/// Mean absolute and root mean square error, in thousandths of the unit.
fn errors((label, prediction): &(Vec<f64>, Vec<f64>)) -> (f64, f64) {
    let n = label.len() as f64;
    let differences = || label.iter().zip(prediction).map(|(a, b)| b - a);
    let mae = differences().map(f64::abs).sum::<f64>() / n;
    let square = differences().map(|x| x * x).sum::<f64>() / n;
    (1e3 * mae, 1e3 * square.sqrt())
}

fn table(all: &[Compared]) -> String {
    let mut text = String::from(
        "potential,parameters,energy_mae_mev_per_atom,energy_rmse_mev_per_atom,force_mae_mev_per_angstrom,force_rmse_mev_per_angstrom,spread_rank_correlation,atoms_per_second\n",
    );
    for c in all {
        let (energy, force) = (errors(&c.energies), errors(&c.forces));
        let rank = c
            .spread_rank
            .map_or_else(String::new, |r| format!("{r:.3}"));
        writeln!(
            text,
            "{},{},{:.4},{:.4},{:.4},{:.4},{rank},{:.0}",
            c.name.replace(',', ";"),
            c.parameters,
            energy.0,
            energy.1,
            force.0,
            force.1,
            c.atoms_per_second
        )
        .expect("a string takes all that is written");
    }
    text
}

fn figure(all: &[Compared]) -> Figure {
    let mut panels = Vec::new();
    for (k, c) in all.iter().enumerate() {
        let mean = c.energies.0.iter().sum::<f64>() / c.energies.0.len().max(1) as f64;
        let shifted = |values: &[f64]| values.iter().map(|e| 1e3 * (e - mean)).collect();
        let energies = (shifted(&c.energies.0), shifted(&c.energies.1));
        let (energy, force) = (errors(&c.energies).0, errors(&c.forces).0);
        panels.push(parity(
            &c.name,
            ("label (meV/atom)", "prediction (meV/atom)"),
            &energies,
            &format!("MAE {energy:.2} meV/atom"),
            Colour::series(k),
        ));
        panels.push(parity(
            "forces",
            ("label (eV/Å)", "prediction (eV/Å)"),
            &c.forces,
            &format!("MAE {force:.1} meV/Å"),
            Colour::series(k),
        ));
    }
    Figure::grid(2, panels)
}

/// Predictions over labels, evenly thinned out, with the line on which both are equal.
fn parity(
    title: &str,
    axes: (&str, &str),
    (label, prediction): &(Vec<f64>, Vec<f64>),
    remark: &str,
    colour: Colour,
) -> Panel {
    let every = label.len().div_ceil(POINTS).max(1);
    let thin = |values: &[f64]| -> Vec<f64> { values.iter().copied().step_by(every).collect() };
    let (x, y) = (thin(label), thin(prediction));
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Panel::new(title, Axis::linear(axes.0), Axis::linear(axes.1))
        .line(
            "",
            &[low, high],
            &[low, high],
            Colour::new(120, 120, 120),
            Stroke::Solid,
        )
        .points("", &x, &y, colour, Marker::Circle)
        .remark(remark)
}

/// The rank of each number; equal ones are as good as never met here.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    for (rank, k) in order.into_iter().enumerate() {
        ranks[k] = rank as f64;
    }
    ranks
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len().max(1) as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
    let squares = |x: &[f64], m: f64| x.iter().map(|v| (v - m).powi(2)).sum::<f64>();
    product / (squares(a, ma) * squares(b, mb)).sqrt()
}
