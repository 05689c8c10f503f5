//! The common end of all readers: file numbers in, checked and converted structures out.

use std::path::Path;

use atoms::units::EnergyUnit;
use atoms::{Structure, cell_heights, inverse};

use crate::error::Result;
use crate::rejects::Rejects;

use super::units::{TOLD_APART, unit_from_magnitude};
use super::{ReadOptions, StructureSet, Units, UnitsOrigin, UnitsUsed};

/// One record in the file's own units, or why there is none.
pub(super) struct Frame {
    /// Line or number of the record, from 1.
    pub(super) line: u64,
    /// The beginning of the record, for messages.
    pub(super) text: String,
    pub(super) content: Result<Structure, String>,
}

/// What a format's reader found in a file.
pub(super) struct Frames {
    pub(super) all: Vec<Frame>,
    /// The units the format implies, and why.
    pub(super) units: Units,
    pub(super) origin: UnitsOrigin,
    pub(super) notes: Vec<String>,
}

impl Frames {
    /// Settles the units, converts, checks, and collects the rejects.
    pub(super) fn finish(self, path: &Path, options: &ReadOptions) -> Result<StructureSet> {
        let mut notes = self.notes;
        let sizes = units_by_size(&self.all);
        let most = unit_of_most(&self.all, &sizes);
        let units = settle_units(most, self.units, self.origin, options, &mut notes);
        // Where most energies are total energies in the unit of the file, those of another size are in another unit.
        let known = most.is_some_and(|(unit, _)| unit == units.units.energy);
        let mut structures = Vec::with_capacity(self.all.len());
        let mut rejects = Rejects::of(path, options.strict);
        let mut boxed = 0_usize;
        for (frame, size) in self.all.into_iter().zip(sizes) {
            if options.limit.is_some_and(|limit| structures.len() >= limit) {
                break;
            }
            let checked = frame.content.and_then(|mut structure| {
                if let Some((unit, _)) = size
                    && known
                    && unit != units.units.energy
                {
                    return Err(format!(
                        "energy {} has the size of a total energy in {}, those of the other records are in {}",
                        structure.energy.unwrap_or(f64::NAN),
                        unit.name(),
                        units.units.energy.name()
                    ));
                }
                units.units.convert(&mut structure);
                structure.validate().map_err(|e| e.to_string())?;
                if options.require_labels {
                    require_labels(&structure)?;
                }
                if is_boxed_molecule(&structure, options.vacuum) {
                    structure.periodic = [false; 3];
                    boxed += 1;
                }
                structure
                    .check_distances(options.least_distance)
                    .map_err(|e| e.to_string())?;
                Ok(structure)
            });
            match checked {
                Ok(structure) => structures.push(structure),
                Err(reason) => rejects.add(frame.line, &frame.text, reason)?,
            }
        }
        if boxed > 0 {
            notes.push(format!(
                "{boxed} structures are marked periodic but have {} Å or more of vacuum on all sides; they are read as isolated",
                options.vacuum
            ));
        }
        Ok(StructureSet {
            rejects: rejects.finish(structures.len())?,
            structures,
            units,
            notes,
        })
    }
}

/// The unit of the energy of each record by its size, where that says one: total energies of molecules do.
fn units_by_size(frames: &[Frame]) -> Vec<Option<(EnergyUnit, f64)>> {
    let size = |frame: &Frame| {
        let structure = frame.content.as_ref().ok().filter(|s| s.len() > 1)?;
        unit_from_magnitude(structure)
    };
    frames.iter().map(size).collect()
}

/// The unit that more than half of the records with an energy have by its size, with the ratio of the first of them.
fn unit_of_most(
    frames: &[Frame],
    sizes: &[Option<(EnergyUnit, f64)>],
) -> Option<(EnergyUnit, f64)> {
    let labelled = frames
        .iter()
        .filter_map(|frame| frame.content.as_ref().ok())
        .filter(|s| s.len() > 1 && s.energy.is_some())
        .count();
    let said = || sizes.iter().flatten();
    TOLD_APART.into_iter().find_map(|unit| {
        let mut same = said().filter(|(other, _)| *other == unit);
        let first = same.next()?;
        (2 * (1 + same.count()) > labelled).then_some(*first)
    })
}

fn settle_units(
    most: Option<(EnergyUnit, f64)>,
    implied: Units,
    origin: UnitsOrigin,
    options: &ReadOptions,
    notes: &mut Vec<String>,
) -> UnitsUsed {
    let used = match options.units {
        Some(units) => UnitsUsed {
            units,
            origin: UnitsOrigin::Given,
        },
        None => UnitsUsed {
            units: implied,
            origin,
        },
    };
    let Some((unit, ratio)) = most.filter(|(unit, _)| *unit != used.units.energy) else {
        return used;
    };
    if let UnitsOrigin::Assumed(_) = used.origin {
        return UnitsUsed {
            units: Units::of(unit, used.units.length),
            origin: UnitsOrigin::Magnitude(ratio),
        };
    }
    notes.push(format!(
        "the energies have the size of total energies in {}, but the file is read as {}",
        unit.name(),
        used.units
    ));
    used
}

fn require_labels(structure: &Structure) -> Result<(), String> {
    match (&structure.energy, &structure.forces) {
        (Some(_), Some(_)) => Ok(()),
        (None, _) => Err("the structure has no energy".into()),
        (_, None) => Err("the structure has no forces".into()),
    }
}

/// True when a fully periodic cell leaves `vacuum` (Å) between the atoms and their images along all axes.
fn is_boxed_molecule(structure: &Structure, vacuum: f64) -> bool {
    let (Some(cell), [true, true, true]) = (&structure.cell, structure.periodic) else {
        return false;
    };
    let (inv, heights) = (inverse(cell), cell_heights(cell));
    (0..3).all(|k| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for p in &structure.positions {
            let s = p[0] * inv[0][k] + p[1] * inv[1][k] + p[2] * inv[2][k];
            low = low.min(s);
            high = high.max(s);
        }
        // A molecule that crosses the edge of the box looks wide here and stays periodic, which is safe.
        heights[k] * (1.0 - (high - low)) >= vacuum
    })
}
