//! The conversation with an i-PI server.

use std::io::{self, BufReader, Read, Write};

use atoms::{
    Structure,
    units::{BOHR, HARTREE},
};

use super::{
    address::Address,
    wire::{put_numbers, read_command, read_i32, read_numbers, skip, write_command},
};
use crate::{
    error::{Error, Result},
    potential::{Evaluation, ForceField},
};

/// Both directions of a connection.
pub(super) trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// What a client did before the server let it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Served {
    /// Evaluations that the server took.
    pub evaluations: u64,
}

/// Connects to a server and evaluates what it sends until it says `EXIT` or closes the connection.
///
/// `structure` tells elements, periodic axes, charge and spin; its positions and cell are replaced. The
/// observer sees every evaluation with its structure.
///
/// # Errors
/// No server at the address, a connection that breaks, another number of atoms than the structure has, a
/// command that is none, or positions that cannot be evaluated. The connection is closed then, which is all
/// that the protocol has for errors.
pub fn serve(
    address: &Address,
    structure: &Structure,
    field: &mut dyn ForceField,
    observer: &mut dyn FnMut(&Structure, &Evaluation),
) -> Result<Served> {
    let stream = address.connect().map_err(|source| Error::Socket {
        address: address.to_string(),
        source,
    })?;
    serve_stream(stream, &address.to_string(), structure, field, observer)
}

/// [`serve`] over a connection that is there already; `name` stands for it in errors.
///
/// # Errors
/// Those of [`serve`].
pub fn serve_stream(
    stream: impl Read + Write,
    name: &str,
    structure: &Structure,
    field: &mut dyn ForceField,
    observer: &mut dyn FnMut(&Structure, &Evaluation),
) -> Result<Served> {
    structure.validate().map_err(|source| Error::Structure {
        index: 0,
        formula: structure.formula(),
        source,
    })?;
    let broken = |source| Error::Socket {
        address: name.to_owned(),
        source,
    };
    let mut stream = BufReader::new(stream);
    let mut structure = structure.clone();
    let mut initialised = false;
    let mut ready: Option<Evaluation> = None;
    let mut served = Served::default();
    while let Some(command) = read_command(&mut stream).map_err(broken)? {
        match command.as_str() {
            "STATUS" => {
                let answer = match (&ready, initialised) {
                    (Some(_), _) => "HAVEDATA",
                    (None, true) => "READY",
                    (None, false) => "NEEDINIT",
                };
                write_command(stream.get_mut(), answer).map_err(broken)?;
            }
            "INIT" => {
                initialise(&mut stream).map_err(broken)?;
                initialised = true;
            }
            "POSDATA" => {
                receive(&mut stream, &mut structure).map_err(broken)?;
                let evaluation = field.evaluate(&structure)?;
                observer(&structure, &evaluation);
                ready = Some(evaluation);
            }
            "GETFORCE" => {
                let Some(evaluation) = ready.take() else {
                    return Err(broken(malformed("GETFORCE before POSDATA")));
                };
                let bytes = answer(&structure, &evaluation);
                stream.get_mut().write_all(&bytes).map_err(broken)?;
                served.evaluations += 1;
            }
            "EXIT" => break,
            other => return Err(broken(malformed(&format!("the command `{other}`")))),
        }
        stream.get_mut().flush().map_err(broken)?;
    }
    Ok(served)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("{what} is not what the i-PI protocol expects"),
    )
}

/// Bead and a text of parameters, neither of which says anything to a potential.
fn initialise(stream: &mut dyn Read) -> io::Result<()> {
    let _bead = read_i32(stream)?;
    let length = read_i32(stream)?;
    let length = u64::try_from(length).map_err(|_| malformed("a text of negative length"))?;
    skip(stream, length)
}

/// Cell, its inverse, number of atoms, positions. The cell comes with its vectors as columns.
fn receive(stream: &mut dyn Read, structure: &mut Structure) -> io::Result<()> {
    let mut cell = [0.0; 9];
    read_numbers(stream, &mut cell)?;
    read_numbers(stream, &mut [0.0; 9])?;
    let atoms = read_i32(stream)?;
    if usize::try_from(atoms) != Ok(structure.len()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "the server sends {atoms} atoms, the structure given has {}",
                structure.len()
            ),
        ));
    }
    let positions = structure.positions.as_flattened_mut();
    read_numbers(stream, positions)?;
    for x in positions {
        *x *= BOHR;
    }
    // For molecules servers send zeros or a box of their own.
    if structure.is_periodic() {
        structure.cell = Some(std::array::from_fn(|vector| {
            std::array::from_fn(|axis| BOHR * cell[3 * axis + vector])
        }));
    }
    Ok(())
}

/// Energy, number of atoms, forces, virial −∂E/∂ε, and a text, which is empty here but for one byte: empty
/// ones make some servers wait.
fn answer(structure: &Structure, evaluation: &Evaluation) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128 + 24 * structure.len());
    write_command(&mut bytes, "FORCEREADY").expect("memory takes all that is written");
    put_numbers(&mut bytes, &[evaluation.energy / HARTREE]);
    let atoms = i32::try_from(structure.len()).expect("it was received as one");
    bytes.extend_from_slice(&atoms.to_ne_bytes());
    for force in &evaluation.forces {
        put_numbers(&mut bytes, &force.map(|x| x * BOHR / HARTREE));
    }
    let volume = structure.volume().unwrap_or(0.0);
    let stress = evaluation.stress.unwrap_or_default();
    for row in stress {
        put_numbers(&mut bytes, &row.map(|x| -x * volume / HARTREE));
    }
    bytes.extend_from_slice(&1_i32.to_ne_bytes());
    bytes.push(b' ');
    bytes
}
