//! Molecular dynamics with a trained potential: velocity Verlet, or Langevin with a temperature.
//!
//! ```text
//! cargo run --release --example molecular_dynamics -- --model runs/3bpa start.xyz --out runs/nve --temperature 300 --steps 20000
//! ```
//!
//! The folder gets `trajectory.xyz` (extended XYZ with forces and velocities), `metrics.csv` (energies,
//! temperature, and of an ensemble the spread of the forces) and `state.json`. A run that was stopped or killed goes
//! on with `--resume`, and its files are those of a run that was not, byte by byte. The last line is
//! `drift … meV/atom/ps over … ps, fluctuation … meV; … steps/s`.

#![expect(clippy::print_stdout, reason = "the progress is this program's output")]

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use atoms::Structure;
use clap::Parser;
use datasets::structures::{ReadOptions, read};
use equivariant_gnn::{
    Calculator, Potential,
    md::{DynamicsSettings, Run, RunSettings, State, Thermostat, thermal_velocities},
};

/// Simulate the motion of atoms.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of the potential, or of an ensemble.
    #[arg(long)]
    model: PathBuf,
    /// Structures, of which one is the start: extended XYZ, npz, …
    input: PathBuf,
    /// Which structure of the file, from 0.
    #[arg(long, default_value_t = 0)]
    index: usize,
    /// Folder for the trajectory.
    #[arg(long)]
    out: PathBuf,
    /// Go on with the run in the folder.
    #[arg(long)]
    resume: bool,
    /// Steps in all, those before a resume included.
    #[arg(long, default_value_t = 2000)]
    steps: u64,
    /// Length of a step (fs).
    #[arg(long, default_value_t = 0.5)]
    timestep: f64,
    /// Temperature (K) of the first velocities, and of the bath if there is one.
    #[arg(long, default_value_t = 300.0)]
    temperature: f64,
    /// Friction of a Langevin bath (1/fs); without it the energy is conserved.
    #[arg(long)]
    friction: Option<f64>,
    /// Seed of velocities and noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Steps between two frames.
    #[arg(long, default_value_t = 20)]
    frame_every: u64,
    /// Steps between two rows of the table.
    #[arg(long, default_value_t = 10)]
    row_every: u64,
    /// Steps between two states to go on from.
    #[arg(long, default_value_t = 1000)]
    state_every: u64,
    /// Width of the skin around the neighbour list (Å).
    #[arg(long, default_value_t = Calculator::SKIN)]
    skin: f64,
    /// Stop when the members of an ensemble differ by more than this in the force on an atom (eV/Å).
    #[arg(long)]
    stop_spread: Option<f64>,
    /// Device: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let potential = Potential::load(&arguments.model, &arguments.device)
        .with_context(|| format!("cannot load the potential {}", arguments.model.display()))?;
    if arguments.stop_spread.is_some() && potential.members() == 1 {
        bail!("--stop-spread needs an ensemble, and this potential has one member");
    }
    let calculator = Calculator::new(Arc::new(potential), arguments.skin)?;
    let settings = settings(&arguments);
    let mut run = if arguments.resume {
        Run::resume(&arguments.out, calculator, settings)?
    } else {
        let structure = structure(&arguments)?;
        let state = State {
            step: 0,
            velocities: thermal_velocities(
                &structure.species,
                arguments.temperature,
                arguments.seed,
            ),
            structure,
        };
        Run::start(&arguments.out, calculator, state, settings)
            .context("a run that is there goes on with --resume")?
    };
    let stop = Arc::new(AtomicBool::new(false));
    let pressed = Arc::clone(&stop);
    ctrlc::set_handler(move || pressed.store(true, Ordering::Relaxed))?;
    let first = run.simulation().state().step;
    let (started, mut said) = (Instant::now(), Instant::now());
    while run.simulation().state().step < arguments.steps {
        run.advance()?;
        if said.elapsed() > Duration::from_secs(2) {
            said = Instant::now();
            progress(&run, first, started);
        }
        let spread = run.simulation().evaluation().uncertainty.as_ref();
        let spread = spread.map_or(0.0, equivariant_gnn::Uncertainty::largest_force);
        if let Some(limit) = arguments.stop_spread
            && spread > limit
        {
            run.save()?;
            bail!(
                "step {}: the members differ by {spread:.3} eV/Å, more than {limit}",
                run.simulation().state().step
            );
        }
        if stop.load(Ordering::Relaxed) {
            run.save()?;
            bail!(
                "stopped after step {}; --resume goes on from there",
                run.simulation().state().step
            );
        }
    }
    run.save()?;
    let simulation = run.simulation();
    let atoms = simulation.state().structure.len();
    let steps = simulation.state().step - first;
    println!(
        "drift {:.4} meV/atom/ps over {:.2} ps, fluctuation {:.3} meV; {:.0} steps/s",
        run.drift()
            .per_atom_and_picosecond(atoms)
            .unwrap_or_default(),
        1e-3 * simulation.time(),
        1e3 * run.drift().fluctuation(),
        steps as f64 / started.elapsed().as_secs_f64().max(1e-9)
    );
    Ok(())
}

fn settings(arguments: &Arguments) -> RunSettings {
    RunSettings {
        dynamics: DynamicsSettings {
            timestep: arguments.timestep,
            thermostat: match arguments.friction {
                None => Thermostat::None,
                Some(friction) => Thermostat::Langevin {
                    temperature: arguments.temperature,
                    friction,
                },
            },
            seed: arguments.seed,
        },
        frame_every: arguments.frame_every,
        row_every: arguments.row_every,
        state_every: arguments.state_every,
    }
}

fn structure(arguments: &Arguments) -> Result<Structure> {
    let options = ReadOptions {
        limit: Some(arguments.index + 1),
        ..ReadOptions::default()
    };
    let set = read(&arguments.input, &options)?;
    let count = set.structures.len();
    set.structures
        .into_iter()
        .nth(arguments.index)
        .with_context(|| {
            format!(
                "{} has {count} usable structures, none with the index {}",
                arguments.input.display(),
                arguments.index
            )
        })
}

fn progress(run: &Run<Calculator>, first: u64, started: Instant) {
    let simulation = run.simulation();
    let step = simulation.state().step;
    let atoms = simulation.state().structure.len();
    let spread = simulation.evaluation().uncertainty.as_ref();
    println!(
        "step {step:8}  {:9.3} ps  {:7.1} K  total {:.6} eV  drift {:.4} meV/atom/ps{}  {:.0} steps/s",
        1e-3 * simulation.time(),
        simulation.temperature(),
        simulation.total(),
        run.drift()
            .per_atom_and_picosecond(atoms)
            .unwrap_or_default(),
        spread.map_or_else(String::new, |s| format!(
            "  spread {:.3} eV/Å",
            s.largest_force()
        )),
        (step - first) as f64 / started.elapsed().as_secs_f64().max(1e-9)
    );
}
