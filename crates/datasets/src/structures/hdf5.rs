//! HDF5 files of the ANI-1x, ANI-2x, COMP6, SPICE and QM7-X kind: groups with positions, numbers and labels.
//!
//! Letters: F conformations of a group, N atoms of one.

use std::path::Path;

use atoms::units::{EnergyUnit, LengthUnit};
use atoms::{Structure, element};
use hdf5_pure::{DType, Dataset, File, Group};

use crate::error::{Error, Result};

use super::frames::{Frame, Frames};
use super::{ReadOptions, Units, UnitsOrigin};

const POSITIONS: &[&str] = &[
    "coordinates",
    "conformations",
    "atXYZ",
    "positions",
    "geometry",
];
const SPECIES: &[&str] = &["atomic_numbers", "species", "atNUM"];
const ENERGIES: &[&str] = &[
    "wb97x_dz.energy",
    "dft_total_energy",
    "ePBE0+MBD",
    "energies",
    "energy",
];
const FORCES: &[&str] = &["wb97x_dz.forces", "totFOR", "forces"];
const GRADIENTS: &[&str] = &["dft_total_gradient", "gradients"];

/// Groups nested deeper than this are not searched; no known set goes past three.
const DEEPEST: usize = 8;

pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<Frames> {
    let bad = |e: hdf5_pure::Error| Error::malformed(path, "HDF5", e.to_string());
    // A missing file is a read error like everywhere else, not a malformed one.
    std::fs::File::open(path).map_err(|e| Error::read(path, e))?;
    let file = File::open_streaming(path).map_err(bad)?;
    let mut reader = Reader {
        options,
        frames: Vec::new(),
        units: None,
    };
    reader.visit(&file.root(), "", 0).map_err(bad)?;
    if reader.frames.is_empty() {
        return Err(Error::MissingArray {
            path: path.to_path_buf(),
            array: "coordinates or conformations",
            place: "any group".into(),
            available: file
                .root()
                .groups()
                .map_err(bad)?
                .into_iter()
                .take(8)
                .collect(),
        });
    }
    let (units, origin) = reader
        .units
        .unwrap_or((Units::HARTREE_ANGSTROM, UnitsOrigin::Assumed("HDF5 sets")));
    Ok(Frames {
        all: reader.frames,
        units,
        origin,
        notes: Vec::new(),
    })
}

struct Reader<'a> {
    options: &'a ReadOptions,
    frames: Vec<Frame>,
    /// From the first group that can be read.
    units: Option<(Units, UnitsOrigin)>,
}

impl Reader<'_> {
    fn is_full(&self) -> bool {
        self.options
            .limit
            .is_some_and(|limit| self.frames.len() >= limit)
    }

    fn visit(&mut self, group: &Group, path: &str, depth: usize) -> Result<(), hdf5_pure::Error> {
        let names = group.datasets()?;
        if POSITIONS.iter().any(|p| names.iter().any(|n| n == p)) {
            if let Err(reason) = self.read_group(group, &names, path) {
                self.frames.push(Frame {
                    line: self.frames.len() as u64 + 1,
                    text: format!("group {path}"),
                    content: Err(format!("group {path}: {reason}")),
                });
            }
            return Ok(());
        }
        if depth < DEEPEST {
            for name in group.groups()? {
                if self.is_full() {
                    break;
                }
                self.visit(&group.group(&name)?, &format!("{path}/{name}"), depth + 1)?;
            }
        }
        Ok(())
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one group from its names to its frames, in that order"
    )]
    fn read_group(&mut self, group: &Group, names: &[String], path: &str) -> Result<(), String> {
        let find = |wanted: &[&str]| {
            wanted
                .iter()
                .find_map(|w| names.iter().find(|n| n == w))
                .cloned()
        };
        let require = |wanted: &[&str]| {
            find(wanted).ok_or_else(|| format!("it has none of {wanted:?}, but {names:?}"))
        };
        let open = |name: &str| group.dataset(name).map_err(|e| format!("{name}: {e}"));
        let positions_name = require(POSITIONS)?;
        let positions_data = open(&positions_name)?;
        let positions = Numbers::of(&positions_data, &positions_name)?;
        let (frames, atoms) = match positions.shape[..] {
            [f, n, 3] => (f, n),
            [n, 3] => (1, n),
            _ => {
                return Err(format!(
                    "{positions_name} has shape {:?}, expected [conformations, atoms, 3]",
                    positions.shape
                ));
            }
        };
        let species_name = require(SPECIES)?;
        let (species, symbols) = species(&open(&species_name)?, &species_name)?;
        if species.len() != atoms && species.len() != atoms * frames {
            return Err(format!(
                "{species_name} has {} entries, expected {atoms} atoms as in {positions_name}",
                species.len()
            ));
        }
        let shared = species.len() == atoms;

        let energies_name =
            find(self.options.energy_key.as_deref().as_slice()).or_else(|| find(ENERGIES));
        let (forces_name, gradients) =
            match find(self.options.forces_key.as_deref().as_slice()).or_else(|| find(FORCES)) {
                Some(name) => (Some(name), false),
                None => (find(GRADIENTS), true),
            };
        let energies_data = energies_name.as_deref().map(open).transpose()?;
        let forces_data = forces_name.as_deref().map(open).transpose()?;
        let label = |data: &Option<Dataset>, name: &Option<String>, each: usize| {
            let (Some(data), Some(name)) = (data, name) else {
                return Ok(None);
            };
            let numbers = Numbers::of(data, name)?;
            if numbers.values.len() == frames * each {
                Ok(Some(numbers.values))
            } else {
                Err(format!(
                    "{name} has shape {:?}, expected {frames} conformations of {each} numbers",
                    numbers.shape
                ))
            }
        };
        let energies = label(&energies_data, &energies_name, 1)?;
        let forces = label(&forces_data, &forces_name, atoms * 3)?;

        if self.units.is_none() {
            let stated = stated_units(
                &positions_data,
                energies_data.as_ref(),
                forces_data.as_ref(),
                gradients,
            );
            self.units = Some(stated.unwrap_or_else(|| {
                layout_units(
                    &positions_name,
                    energies_name.as_deref(),
                    symbols,
                    shared,
                    forces.is_some(),
                )
            }));
        }
        let charge = if names.iter().any(|n| n == "smiles") {
            open("smiles")?
                .read_string()
                .ok()
                .and_then(|s| s.first().map(|s| formal_charge(s)))
        } else {
            None
        };
        // A group of one geometry, as in QM7-X, lies in that of its molecule.
        let path_of_molecule = path.trim_start_matches('/');
        let molecule = match (&positions.shape[..], path_of_molecule.rsplit_once('/')) {
            ([_, _], Some((molecule, _))) => molecule,
            _ => path_of_molecule,
        };
        for f in 0..frames {
            if self.is_full() {
                break;
            }
            let row = if shared { 0 } else { f * atoms };
            let species = species[row..row + atoms].to_vec();
            let group = if shared {
                molecule.to_owned()
            } else {
                element::hill_formula(&species)
            };
            let vectors = |v: &[f64]| -> Vec<[f64; 3]> {
                v[f * atoms * 3..(f + 1) * atoms * 3]
                    .as_chunks::<3>()
                    .0
                    .to_vec()
            };
            self.frames.push(Frame {
                line: self.frames.len() as u64 + 1,
                text: format!("group {path}, conformation {}", f + 1),
                content: Ok(Structure {
                    species,
                    positions: vectors(&positions.values),
                    // NaN says that this level of theory was not computed for this conformation.
                    energy: energies.as_ref().map(|e| e[f]).filter(|e| !e.is_nan()),
                    forces: forces
                        .as_ref()
                        .map(|v| vectors(v))
                        .filter(|v| !v.as_flattened().iter().all(|x| x.is_nan())),
                    charge: charge.unwrap_or(0),
                    group: Some(group),
                    ..Structure::default()
                }),
            });
        }
        Ok(())
    }
}

/// A numeric dataset in row-major order.
struct Numbers {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Numbers {
    fn of(data: &Dataset, name: &str) -> Result<Self, String> {
        let shape = data.shape().map_err(|e| format!("{name}: {e}"))?;
        let shape: Vec<usize> = shape
            .into_iter()
            .map(|d| usize::try_from(d).map_err(|e| format!("{name}: {e}")))
            .collect::<Result<_, _>>()?;
        let values = data.read_f64().map_err(|e| format!("{name}: {e}"))?;
        if shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d)) != Some(values.len()) {
            return Err(format!(
                "{name} has shape {shape:?} but {} values",
                values.len()
            ));
        }
        Ok(Self { shape, values })
    }
}

/// Atomic numbers, and whether they were written as symbols.
fn species(data: &Dataset, name: &str) -> Result<(Vec<u8>, bool), String> {
    let kind = data.dtype().map_err(|e| format!("{name}: {e}"))?;
    if matches!(kind, DType::String | DType::VariableLengthString) {
        let symbols = data.read_string().map_err(|e| format!("{name}: {e}"))?;
        let numbers = symbols
            .iter()
            .map(|s| {
                let s = s.trim_matches(['\0', ' ']);
                element::number(s).ok_or_else(|| format!("{name}: {s:?} is no element"))
            })
            .collect::<Result<_, _>>()?;
        return Ok((numbers, true));
    }
    let numbers = data.read_i64().map_err(|e| format!("{name}: {e}"))?;
    let numbers = numbers
        .into_iter()
        .map(|z| u8::try_from(z).map_err(|_| format!("{name}: {z} is no atomic number")))
        .collect::<Result<_, _>>()?;
    Ok((numbers, false))
}

/// Units from the `units` attributes, where positions and energies both have one.
fn stated_units(
    positions: &Dataset,
    energies: Option<&Dataset>,
    forces: Option<&Dataset>,
    gradients: bool,
) -> Option<(Units, UnitsOrigin)> {
    let text = |data: &Dataset| Some(data.attrs().ok()?.get("units")?.as_str()?.to_owned());
    let length = LengthUnit::parse(&text(positions)?)?;
    let energy = EnergyUnit::parse(&text(energies?)?)?;
    let mut units = Units::of(energy, length);
    if let Some(force) = forces.and_then(text) {
        let (energy, length) = force.rsplit_once('/')?;
        units.force_energy = EnergyUnit::parse(energy)?;
        units.force_length = LengthUnit::parse(length)?;
    }
    units.gradients = gradients;
    Some((units, UnitsOrigin::File))
}

/// Units of the set whose layout this is.
fn layout_units(
    positions: &str,
    energies: Option<&str>,
    symbols: bool,
    shared: bool,
    forces: bool,
) -> (Units, UnitsOrigin) {
    match (positions, energies) {
        ("atXYZ", _) => (Units::EV, UnitsOrigin::Set("QM7-X")),
        ("conformations", _) => (Units::ATOMIC.with_gradients(), UnitsOrigin::Set("SPICE")),
        (_, Some("wb97x_dz.energy")) => (Units::HARTREE_ANGSTROM, UnitsOrigin::Set("ANI-1x")),
        // COMP6 stores gradients under the name of forces; ANI-2x, with the same names, stores forces. COMP6 has
        // symbols, ANI-2x has numbers for each conformation.
        _ if symbols && forces => (
            Units::HARTREE_ANGSTROM.with_gradients(),
            UnitsOrigin::Set("COMP6, whose forces are gradients"),
        ),
        _ if !shared => (Units::HARTREE_ANGSTROM, UnitsOrigin::Set("ANI-2x")),
        _ => (
            Units::HARTREE_ANGSTROM,
            UnitsOrigin::Assumed("HDF5 sets of molecules"),
        ),
    }
}

/// Sum of the charges in the brackets of a SMILES string.
fn formal_charge(smiles: &str) -> i32 {
    let mut total = 0;
    for bracket in smiles.split('[').skip(1) {
        let inside = bracket.split(']').next().unwrap_or_default();
        // An atom class after a colon may follow the charge.
        let inside = inside.split(':').next().unwrap_or_default();
        let Some(at) = inside.find(['+', '-']) else {
            continue;
        };
        let sign = if inside[at..].starts_with('+') { 1 } else { -1 };
        let rest = &inside[at + 1..];
        let size = if rest.is_empty() {
            1
        } else {
            rest.parse()
                .unwrap_or_else(|_| i32::try_from(rest.len() + 1).unwrap_or(1))
        };
        total += sign * size;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::formal_charge;

    #[test]
    fn charges_add_up() {
        for (smiles, charge) in [
            ("C#C.[Na+]", 1),
            ("[O-]C(=O)C[NH3+]", 0),
            ("[Mg+2].[Cl-]", 1),
            ("[Ca++]", 2),
            ("[C:1]([H:2])[N+:3]", 1),
            ("CCO", 0),
        ] {
            assert_eq!(formal_charge(smiles), charge, "{smiles}");
        }
    }
}
