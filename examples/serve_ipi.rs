//! Serves a trained potential to i-PI, ASE (`SocketIOCalculator`) or LAMMPS (`fix ipi`) over a socket.
//!
//! ```text
//! cargo run --release --example serve_ipi -- --model runs/3bpa molecule.xyz --unix NAME
//! ```
//!
//! The other program listens, on the UNIX socket `/tmp/ipi_NAME` or a TCP port, and this one connects. The protocol
//! sends no elements: they come from the file, as do the axes that repeat, the charge and the spin; the order of the
//! atoms must be the same on both sides. The last line is `… evaluations served`.
//! `tests/ase/ipi.py` shows ASE's side.

#![expect(clippy::print_stdout, reason = "the progress is this program's output")]

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use datasets::structures::{ReadOptions, read};
use equivariant_gnn::{
    Calculator, Error, Potential,
    ipi::{Address, serve},
};

/// Serve a potential over a socket.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder of the potential.
    #[arg(long)]
    model: PathBuf,
    /// A file whose first structure has the elements in the order of the other program.
    structure: PathBuf,
    /// Name of a UNIX socket (`/tmp/ipi_NAME`), or its path.
    #[arg(long, conflicts_with = "port", required_unless_present = "port")]
    unix: Option<String>,
    /// TCP port.
    #[arg(long)]
    port: Option<u16>,
    /// Host of the TCP port.
    #[arg(long, default_value = "localhost")]
    host: String,
    /// Seconds to wait for the other program to listen.
    #[arg(long, default_value_t = 60.0)]
    wait: f64,
    /// Width of the skin around the neighbour list (Å).
    #[arg(long, default_value_t = Calculator::SKIN)]
    skin: f64,
    /// Device: flex, cuda, cuda:1, tch.
    #[arg(long, default_value = "flex")]
    device: String,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let potential = Potential::load(&arguments.model, &arguments.device)
        .with_context(|| format!("cannot load the potential {}", arguments.model.display()))?;
    let options = ReadOptions {
        limit: Some(1),
        ..ReadOptions::default()
    };
    let set = read(&arguments.structure, &options)?;
    let Some(structure) = set.structures.first() else {
        bail!("{} has no usable structure", arguments.structure.display());
    };
    let mut calculator = Calculator::new(Arc::new(potential), arguments.skin)?;
    let address = match (&arguments.unix, arguments.port) {
        (Some(name), _) if name.contains('/') => Address::Unix(PathBuf::from(name)),
        (Some(name), _) => Address::unix_name(name),
        (None, Some(port)) => Address::Tcp {
            host: arguments.host.clone(),
            port,
        },
        (None, None) => bail!("give --unix or --port"),
    };
    println!("{} for {address}", structure.formula());
    let started = Instant::now();
    let mut calls = 0_u64;
    let mut said = Instant::now();
    let served = loop {
        let result = serve(
            &address,
            structure,
            &mut calculator,
            &mut |_, evaluation| {
                calls += 1;
                if said.elapsed() > Duration::from_secs(2) {
                    said = Instant::now();
                    println!("evaluation {calls}: {:.6} eV", evaluation.energy);
                }
            },
        );
        match result {
            // Nobody listens yet; a conversation that broke off is not begun again.
            Err(Error::Socket { .. })
                if calls == 0 && started.elapsed().as_secs_f64() < arguments.wait =>
            {
                std::thread::sleep(Duration::from_millis(100));
            }
            other => break other?,
        }
    };
    println!("{} evaluations served", served.evaluations);
    Ok(())
}
