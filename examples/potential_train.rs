//! Trains an interatomic potential on the structures of a file and saves it.
//!
//! ```text
//! cargo run --release --example potential_train -- --model painn --train train_300K.xyz.gz --out runs/3bpa --seconds 1200
//! ```
//!
//! Without `--valid` a tenth of the structures is held out. The folder gets `model.json` and
//! `weights.safetensors` (which `potential_predict` reads), `curve.csv`, `validation.csv`, `training.json` and,
//! if records could not be read, `rejects.tsv`; `best` has the best potential while the training goes on. A run that
//! was stopped or killed goes on when the command is given again. With `--ensemble 4` four trainings from seeds one
//! after the other make one potential with uncertainties, each in a folder `member_…`. The last line is `saved to FOLDER: … meV/atom, … meV/Å`; PaiNN of width 64 takes about 50 ms
//! of processor time for a step on five molecules of 27 atoms.

#![expect(clippy::print_stdout, reason = "the progress is this program's output")]

use std::{
    fmt::Write as _,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use atoms::Structure;
use backend::Devices;
use clap::{Parser, ValueEnum};
use datasets::structures::{ReadOptions, read};
use equivariant_gnn::{
    AllegroConfig, MaceConfig, ModelConfig, NequIPConfig, PaiNNConfig, Potential, Precision,
    SchNetConfig, SpookyNetConfig, Trained, TrainingConfig,
    models::{Elements, RadialConfig},
    train::{RateSchedule, References, Training, with_average_neighbours},
};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Invariant features.
    Schnet,
    /// Scalar and vector features.
    Painn,
    /// Tensors of pairs, strictly local.
    Allegro,
    /// Messages with tensors.
    Nequip,
    /// Messages with products of many bodies.
    Mace,
    /// Charge, spin, nonlocal attention, electrostatics and dispersion.
    Spookynet,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Schedule {
    /// Halve the rate when the validation error stops falling.
    Plateau,
    /// Half a cosine over all steps.
    Cosine,
    /// Keep the rate.
    Constant,
}

/// Train an interatomic potential.
#[derive(Debug, Parser)]
struct Arguments {
    /// Architecture.
    #[arg(long, value_enum, default_value = "painn")]
    model: Kind,
    /// Training structures with energies and forces: extended XYZ, npz, HDF5, …
    #[arg(long)]
    train: PathBuf,
    /// Validation structures; without them a tenth of the training structures is held out.
    #[arg(long)]
    valid: Option<PathBuf>,
    /// Folder for the potential.
    #[arg(long)]
    out: PathBuf,
    /// Features per atom.
    #[arg(long, default_value_t = 64)]
    width: usize,
    /// Layers.
    #[arg(long, default_value_t = 3)]
    depth: usize,
    /// Cutoff (Å).
    #[arg(long, default_value_t = 5.0)]
    cutoff: f64,
    /// Radial functions of SchNet and PaiNN.
    #[arg(long, default_value_t = 20)]
    radial: usize,
    /// Structures per step, unless one of the next two is given.
    #[arg(long, default_value_t = 5)]
    batch: usize,
    /// Atoms per step at most.
    #[arg(long)]
    batch_atoms: Option<usize>,
    /// Directed pairs within the cutoff per step at most.
    #[arg(long)]
    batch_pairs: Option<usize>,
    /// Train so many members from seeds one after the other, and make them one potential.
    #[arg(long, default_value_t = 1)]
    ensemble: usize,
    /// Steps at most.
    #[arg(long, default_value_t = 100_000)]
    steps: usize,
    /// Seconds at most, over all parts of a resumed run.
    #[arg(long)]
    seconds: Option<f64>,
    /// First learning rate; otherwise 0.01 for Allegro, `NequIP` and MACE, and 0.001 for the others.
    #[arg(long)]
    rate: Option<f64>,
    /// How the rate moves.
    #[arg(long, value_enum, default_value = "plateau")]
    schedule: Schedule,
    /// Weight of the energy term of the loss.
    #[arg(long, default_value_t = 0.01)]
    energy_weight: f64,
    /// Weight of the force term of the loss.
    #[arg(long, default_value_t = 0.99)]
    force_weight: f64,
    /// Weight of the stress term of the loss.
    #[arg(long, default_value_t = 0.0)]
    stress_weight: f64,
    /// Energies of single atoms, `H=-13.587,C=-1029.489`; otherwise fitted by least squares.
    #[arg(long, value_delimiter = ',')]
    references: Vec<String>,
    /// Start from this potential's weights.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Train on the first structures only.
    #[arg(long)]
    limit: Option<usize>,
    /// Seed of weights, order and split.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Compute in float64.
    #[arg(long)]
    double: bool,
    /// Device: flex, cuda, cuda:1, tch; several, separated by commas, share the structures of each batch
    /// (`flex,flex` is two threads).
    #[arg(long, value_delimiter = ',', default_value = "flex")]
    device: Vec<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let devices = Devices::named(&arguments.device)?;
    let (train, valid) = sets(&arguments)?;
    let model = with_average_neighbours(model(&arguments, &train), &train)?;
    let config = config(&arguments, &model)?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    println!(
        "{} with {} parameters on {} structures, validated on {}",
        model.name(),
        model.parameters(),
        train.len(),
        valid.len()
    );
    let start = arguments
        .from
        .as_ref()
        .map(|path| Potential::load(path, &arguments.device[0]))
        .transpose()?;
    let stop = Arc::new(AtomicBool::new(false));
    let pressed = Arc::clone(&stop);
    ctrlc::set_handler(move || pressed.store(true, Ordering::Relaxed))?;
    if arguments.ensemble < 2 {
        let training = Training::new(&model, &config, devices.clone()).resumable(&arguments.out);
        return run(
            &training,
            start.as_ref(),
            (&train, &valid),
            &config,
            &arguments.out,
            &stop,
        );
    }
    for member in 0..arguments.ensemble {
        let config = TrainingConfig {
            seed: config.seed + member as u64,
            ..config.clone()
        };
        let out = Potential::member_folder(&arguments.out, member);
        println!(
            "member {member} of {}, seed {}",
            arguments.ensemble, config.seed
        );
        let training = Training::new(&model, &config, devices.clone()).resumable(&out);
        run(
            &training,
            start.as_ref(),
            (&train, &valid),
            &config,
            &out,
            &stop,
        )?;
    }
    let ensemble =
        Potential::join_members(&arguments.out, arguments.ensemble, &arguments.device[0])?;
    println!(
        "saved to {}: an ensemble of {}",
        arguments.out.display(),
        ensemble.members()
    );
    Ok(())
}

/// Trains one network and writes what came of it.
fn run<'a>(
    training: &Training<'a>,
    start: Option<&'a Potential>,
    (train, valid): (&[Structure], &[Structure]),
    config: &TrainingConfig,
    out: &Path,
    stop: &AtomicBool,
) -> Result<()> {
    let training = match start {
        Some(potential) => training.clone().starting_from(potential),
        None => training.clone(),
    };
    let mut said = Instant::now();
    let trained = training.run(train, valid, &mut |progress| {
        if progress.validation.is_some() && said.elapsed() > Duration::from_secs(2) {
            said = Instant::now();
            println!(
                "step {:6}  pass {:7.1}  loss {:.3e}  validation {:8.2} meV/Å  rate {:.1e}  {:.0} structures/s",
                progress.step,
                progress.epoch,
                progress.train_loss,
                progress.validation.unwrap_or(f64::NAN),
                progress.rate,
                progress.throughput
            );
        }
        if stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    write(out, &trained, config)?;
    if trained.interrupted {
        bail!(
            "stopped after step {}; the same command goes on from there",
            trained.steps
        );
    }
    Ok(())
}

fn model(arguments: &Arguments, train: &[Structure]) -> ModelConfig {
    let (width, depth, cutoff) = (arguments.width, arguments.depth, arguments.cutoff);
    let radial = RadialConfig {
        functions: arguments.radial,
        cutoff,
    };
    let mut species: Vec<u8> = train.iter().flat_map(|s| s.species.clone()).collect();
    species.sort_unstable();
    species.dedup();
    let symbols: Vec<&str> = species
        .iter()
        .filter_map(|z| atoms::element::symbol(*z))
        .collect();
    let elements = Elements::new(&symbols);
    match arguments.model {
        Kind::Schnet => ModelConfig::SchNet(SchNetConfig {
            radial,
            ..SchNetConfig::new(width, depth)
        }),
        Kind::Painn => ModelConfig::PaiNN(PaiNNConfig {
            radial,
            ..PaiNNConfig::new(width, depth)
        }),
        Kind::Allegro => ModelConfig::Allegro(AllegroConfig {
            elements,
            cutoff,
            ..AllegroConfig::new(width, width.div_ceil(4), depth, 2)
        }),
        Kind::Nequip => ModelConfig::NequIP(NequIPConfig {
            elements,
            cutoff,
            ..NequIPConfig::new(width, depth, 1)
        }),
        Kind::Mace => ModelConfig::Mace(MaceConfig {
            elements,
            cutoff,
            depth,
            ..MaceConfig::new(width, 1)
        }),
        Kind::Spookynet => ModelConfig::SpookyNet(SpookyNetConfig {
            functions: arguments.radial,
            cutoff,
            // A periodic structure needs a distance at which charges and dispersion end.
            range: train
                .iter()
                .any(|s| s.periodic.contains(&true))
                .then_some(2.0 * cutoff),
            ..SpookyNetConfig::new(width, depth)
        }),
    }
}

fn config(arguments: &Arguments, model: &ModelConfig) -> Result<TrainingConfig> {
    let mut energies = std::collections::BTreeMap::new();
    for text in &arguments.references {
        let pair = text.split_once('=');
        let (symbol, energy) = pair.with_context(|| format!("`{text}` is not ELEMENT=ENERGY"))?;
        let energy = energy
            .parse()
            .with_context(|| format!("the energy of `{text}`"))?;
        energies.insert(symbol.to_owned(), energy);
    }
    Ok(TrainingConfig {
        batch: arguments.batch,
        batch_atoms: arguments.batch_atoms,
        batch_pairs: arguments.batch_pairs,
        steps: arguments.steps,
        seconds: arguments.seconds,
        rate: arguments.rate.unwrap_or(model.model().first_rate()),
        schedule: match arguments.schedule {
            Schedule::Plateau => RateSchedule::default(),
            Schedule::Cosine => RateSchedule::Cosine { end: 0.01 },
            Schedule::Constant => RateSchedule::Constant,
        },
        energy_weight: arguments.energy_weight,
        force_weight: arguments.force_weight,
        stress_weight: arguments.stress_weight,
        references: if energies.is_empty() {
            References::LeastSquares
        } else {
            References::Given { energies }
        },
        seed: arguments.seed,
        precision: if arguments.double {
            Precision::F64
        } else {
            Precision::F32
        },
        ..TrainingConfig::default()
    })
}

/// Training and validation structures.
fn sets(arguments: &Arguments) -> Result<(Vec<Structure>, Vec<Structure>)> {
    let options = ReadOptions {
        require_labels: true,
        limit: arguments.limit,
        ..ReadOptions::default()
    };
    let load = |path: &Path, name: &str| -> Result<Vec<Structure>> {
        let set = read(path, &options)?;
        println!(
            "{}: {} structures, {}",
            path.display(),
            set.structures.len(),
            set.units
        );
        for note in &set.notes {
            println!("{}: {note}", path.display());
        }
        if !set.rejects.is_empty() {
            let side = arguments.out.join(name);
            datasets::write_rejects(&side, &set.rejects)?;
            println!(
                "{}: {} records left out, listed in {}",
                path.display(),
                set.rejects.len(),
                side.display()
            );
        }
        Ok(set.structures)
    };
    let train = load(&arguments.train, "rejects.tsv")?;
    if let Some(path) = &arguments.valid {
        return Ok((train, load(path, "rejects_valid.tsv")?));
    }
    if train.len() < 2 {
        bail!(
            "{} has one structure, which leaves none to hold out; give --valid",
            arguments.train.display()
        );
    }
    let fractions = datasets::split::Fractions {
        train: 0.9,
        validation: 0.1,
        test: 0.0,
    };
    let split = datasets::split::random(train.len(), &fractions, arguments.seed)?;
    let pick = |indices: &[usize]| indices.iter().map(|&k| train[k].clone()).collect();
    Ok((pick(&split.train), pick(&split.validation)))
}

fn write(out: &Path, trained: &Trained, config: &TrainingConfig) -> Result<()> {
    trained.potential.save(out)?;
    let mut curve = String::from("step,loss\n");
    for (step, loss) in trained.curve.iter().enumerate() {
        writeln!(curve, "{},{loss}", step + 1)?;
    }
    backend::run::write_atomic(out.join("curve.csv"), curve.as_bytes())?;
    let mut table = String::from(
        "step,rate,energy_mae_mev_per_atom,energy_rmse_mev_per_atom,force_mae_mev_per_angstrom,force_rmse_mev_per_angstrom\n",
    );
    let text = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    for v in &trained.validations {
        let e = &v.errors;
        writeln!(
            table,
            "{},{},{},{},{},{}",
            v.step,
            v.rate,
            text(e.energy_mae),
            text(e.energy_rmse),
            text(e.force_mae),
            text(e.force_rmse)
        )?;
    }
    backend::run::write_atomic(out.join("validation.csv"), table.as_bytes())?;
    let summary = serde_json::json!({
        "steps": trained.steps,
        "best_step": trained.best_step,
        "seconds": trained.seconds,
        "errors": trained.errors,
        "settings": config,
    });
    backend::run::write_json(out.join("training.json"), &summary)?;
    let number = |x: Option<f64>| x.map_or_else(|| "no".to_owned(), |x| format!("{x:.3}"));
    println!(
        "saved to {}: {} meV/atom, {} meV/Å (step {} of {}, {:.0} s)",
        out.display(),
        number(trained.energy_mae),
        number(trained.force_mae),
        trained.best_step,
        trained.steps,
        trained.seconds
    );
    Ok(())
}
