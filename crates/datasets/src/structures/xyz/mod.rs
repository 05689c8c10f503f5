//! Extended XYZ (<https://github.com/libAtoms/extxyz>), plain XYZ, and the QM-22 variant in which a bare energy is the
//! comment and gradients follow the positions.

mod comment;
mod lines;
mod plan;
mod write;

use std::io::Read;
use std::path::Path;

use atoms::Structure;
use atoms::units::{EnergyUnit, LengthUnit};

use crate::error::{Error, Result};
use crate::source::open;

use super::frames::{Frame, Frames};
use super::{ReadOptions, Units, UnitsOrigin, qm9};
use lines::Lines;
use plan::Plan;

pub use write::write_xyz;

/// QM-22: positions in Å, energies in hartree, gradients in hartree/bohr.
const QM22: Units = Units {
    length: LengthUnit::Angstrom,
    energy: EnergyUnit::Hartree,
    force_energy: EnergyUnit::Hartree,
    force_length: LengthUnit::Bohr,
    gradients: true,
};

pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<Frames> {
    let mut lines = Lines::open(path, options.unpacked_limit)?;
    let mut frames = Vec::new();
    let mut bare_comments = 0_usize;
    let wanted = options.limit.unwrap_or(usize::MAX);
    while frames.len() < wanted {
        let Some((line, count)) = lines.next_with_text()? else {
            break;
        };
        let Ok(atoms) = count.trim().parse::<usize>() else {
            let reason = format!(
                "expected a number of atoms, got {:?}",
                crate::rejects::shorten(&count)
            );
            if !lines.skip_to_next_frame()? && frames.is_empty() {
                return Err(Error::malformed(
                    path,
                    "XYZ",
                    format!("line {line}: {reason}"),
                ));
            }
            frames.push(Frame {
                line,
                text: count,
                content: Err(reason),
            });
            continue;
        };
        let (content, text, bare) = read_frame(&mut lines, atoms, options)?;
        bare_comments += usize::from(bare);
        frames.push(Frame {
            line,
            text,
            content,
        });
    }
    let qm22 =
        bare_comments > 0 && bare_comments == frames.iter().filter(|f| f.content.is_ok()).count();
    Ok(Frames {
        all: frames,
        units: if qm22 { QM22 } else { Units::EV },
        origin: if qm22 {
            UnitsOrigin::Set("QM-22")
        } else {
            UnitsOrigin::Assumed("extended XYZ")
        },
        notes: Vec::new(),
    })
}

/// True when the second line of a file is a comment of QM9.
pub(super) fn is_qm9(path: &Path, limit: u64) -> Result<bool> {
    let mut start = String::new();
    // Two lines of QM9 fit easily; a file whose beginning is not text is none.
    match open(path, limit)?.take(4096).read_to_string(&mut start) {
        Ok(_) => Ok(start.lines().nth(1).is_some_and(qm9::is_comment)),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => Ok(false),
        Err(e) => Err(Error::read(path, e)),
    }
}

/// Reads comment and atoms of one frame; the last value says whether the comment is a bare energy.
///
/// All `atoms` lines are consumed even when one of them is bad, so that the next frame is found.
fn read_frame(
    lines: &mut Lines<'_>,
    atoms: usize,
    options: &ReadOptions,
) -> Result<(Result<Structure, String>, String, bool)> {
    let Some((_, comment)) = lines.next()? else {
        return Ok((
            Err("the file ends before the comment line".into()),
            atoms.to_string(),
            false,
        ));
    };
    let mut bare = false;
    let mut plan = Plan::of(&comment, options, &mut bare);
    if atoms == 0 {
        plan = Err("the structure has no atoms".into());
    }
    for found in 0..atoms {
        let Some((number, line)) = lines.next()? else {
            plan = Err(format!("the file ends after {found} of {atoms} atoms"));
            break;
        };
        if let Ok(good) = &mut plan
            && let Err(reason) = good.add_atom(&line)
        {
            plan = Err(format!("line {number}: {reason}"));
        }
    }
    let content = plan.map(Plan::finish);
    Ok((content, comment, bare))
}
