//! The units of a file, and how they became known.

use std::fmt;

use atoms::Structure;
use atoms::units::{EnergyUnit, LengthUnit};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Units of the numbers in a file. Everything is converted from these to eV, Å and eV/Å on reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// Unit of positions and cells.
    pub length: LengthUnit,
    /// Unit of energies.
    pub energy: EnergyUnit,
    /// The energy over which forces are counted.
    pub force_energy: EnergyUnit,
    /// The length under which forces are counted: positions in Å may come with gradients in hartree/bohr.
    pub force_length: LengthUnit,
    /// True where the file stores dE/dR instead of the force −dE/dR.
    pub gradients: bool,
}

impl Units {
    /// eV, Å and eV/Å.
    pub const EV: Self = Self::of(EnergyUnit::ElectronVolt, LengthUnit::Angstrom);
    /// kcal/mol, Å and kcal/mol/Å: the MD17 family.
    pub const KCAL_PER_MOL: Self = Self::of(EnergyUnit::KilocaloriePerMole, LengthUnit::Angstrom);
    /// hartree, Å and hartree/Å: ANI.
    pub const HARTREE_ANGSTROM: Self = Self::of(EnergyUnit::Hartree, LengthUnit::Angstrom);
    /// hartree, bohr and hartree/bohr: atomic units.
    pub const ATOMIC: Self = Self::of(EnergyUnit::Hartree, LengthUnit::Bohr);

    /// One energy and one length for all quantities, forces stored as forces.
    #[must_use]
    pub const fn of(energy: EnergyUnit, length: LengthUnit) -> Self {
        Self {
            length,
            energy,
            force_energy: energy,
            force_length: length,
            gradients: false,
        }
    }

    /// The same units for a file that stores gradients.
    #[must_use]
    pub const fn with_gradients(mut self) -> Self {
        self.gradients = true;
        self
    }

    /// Reads `"kcal/mol"`, `"hartree, bohr"` or `"hartree, angstrom, gradient"`; the length is Å unless given.
    ///
    /// # Errors
    /// [`Error::UnknownUnit`] with the text.
    pub fn parse(text: &str) -> Result<Self> {
        let unknown = || Error::UnknownUnit {
            text: text.to_owned(),
            energies: "eV, meV, hartree, kcal/mol, kJ/mol",
        };
        let mut energy = None;
        let mut length = LengthUnit::Angstrom;
        let mut gradients = false;
        for word in text.split([',', ';', ' ']).filter(|w| !w.is_empty()) {
            if matches!(word, "gradient" | "gradients") {
                gradients = true;
            } else if let (None, Some(unit)) = (energy, EnergyUnit::parse(word)) {
                energy = Some(unit);
            } else {
                length = LengthUnit::parse(word).ok_or_else(unknown)?;
            }
        }
        Ok(Self {
            gradients,
            ..Self::of(energy.ok_or_else(unknown)?, length)
        })
    }

    /// Factor from the file's forces to eV/Å, negative for gradients.
    #[must_use]
    pub fn force_factor(self) -> f64 {
        let size = self.force_energy.in_ev() / self.force_length.in_angstrom();
        if self.gradients { -size } else { size }
    }

    /// Converts a structure that holds the file's numbers.
    pub(crate) fn convert(self, structure: &mut Structure) {
        let (length, energy) = (self.length.in_angstrom(), self.energy.in_ev());
        if self.length != LengthUnit::Angstrom {
            for x in structure.positions.as_flattened_mut() {
                *x *= length;
            }
            if let Some(cell) = &mut structure.cell {
                for x in cell.as_flattened_mut() {
                    *x *= length;
                }
            }
        }
        if let Some(e) = &mut structure.energy {
            *e *= energy;
        }
        if let Some(stress) = &mut structure.stress {
            for x in stress.as_flattened_mut() {
                *x *= energy / length.powi(3);
            }
        }
        let force = self.force_factor();
        if let Some(forces) = structure
            .forces
            .as_mut()
            .filter(|_| force.to_bits() != 1.0_f64.to_bits())
        {
            for x in forces.as_flattened_mut() {
                *x *= force;
            }
        }
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "energies in {}, lengths in {}, {} in {}/{}",
            self.energy.name(),
            self.length.name(),
            if self.gradients {
                "gradients"
            } else {
                "forces"
            },
            self.force_energy.name(),
            self.force_length.name()
        )
    }
}

/// How the units of a file became known.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum UnitsOrigin {
    /// The caller gave them.
    Given,
    /// The file states them.
    File,
    /// The layout of the file is that of a known set, whose units are on record.
    Set(&'static str),
    /// Energies are this many times the sum of free-atom energies in eV, which only one unit explains.
    Magnitude(f64),
    /// Nothing says otherwise, so the usual units of such files are assumed.
    Assumed(&'static str),
}

/// The units a file was read with, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitsUsed {
    /// The units of the numbers in the file.
    pub units: Units,
    /// Why these.
    pub origin: UnitsOrigin,
}

impl fmt::Display for UnitsUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read as {}; ", self.units)?;
        match &self.origin {
            UnitsOrigin::Given => write!(f, "given by the caller"),
            UnitsOrigin::File => write!(f, "stated in the file"),
            UnitsOrigin::Set(name) => write!(f, "on record for {name}"),
            UnitsOrigin::Magnitude(ratio) => write!(
                f,
                "told from the energies, which are {ratio:.4} times the sum of free-atom energies in eV"
            ),
            UnitsOrigin::Assumed(convention) => write!(
                f,
                "assumed, as is usual for {convention}; give the units if the file has others"
            ),
        }
    }
}

/// Ground-state total energies (hartree) of the free atoms H to Ar, non-relativistic, Chakravorty et al.,
/// Phys. Rev. A 47, 3649 (1993), <https://doi.org/10.1103/PhysRevA.47.3649>, rounded.
const FREE_ATOMS: [f64; 18] = [
    -0.500, -2.904, -7.478, -14.667, -24.654, -37.845, -54.589, -75.067, -99.734, -128.938,
    -162.255, -200.053, -242.346, -289.359, -341.259, -398.110, -460.148, -527.540,
];

/// Units that the size of a total energy tells apart.
pub(crate) const TOLD_APART: [EnergyUnit; 4] = [
    EnergyUnit::ElectronVolt,
    EnergyUnit::KilocaloriePerMole,
    EnergyUnit::Hartree,
    EnergyUnit::KilojoulePerMole,
];

/// The energy unit of a structure with an all-electron total energy, from the energy's size alone, with its ratio to
/// the sum of free-atom energies in eV.
///
/// Binding and the method change that sum by less than 3 %, whereas the units differ by a factor of 23 or more.
/// Pseudopotential, formation and atomisation energies match nothing and give `None`.
pub(crate) fn unit_from_magnitude(structure: &Structure) -> Option<(EnergyUnit, f64)> {
    let energy = structure.energy?;
    // Hydrogen alone binds by 17 %, so at least one heavier atom must dominate the sum.
    structure.species.iter().any(|z| *z > 5).then_some(())?;
    let mut sum = 0.0;
    for &z in &structure.species {
        sum += FREE_ATOMS.get(usize::from(z).checked_sub(1)?)?;
    }
    let ratio = energy / (sum * EnergyUnit::Hartree.in_ev());
    TOLD_APART
        .into_iter()
        .find(|unit| (0.985..1.035).contains(&(ratio * unit.in_ev())))
        .map(|unit| (unit, ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read() {
        assert_eq!(Units::parse("kcal/mol").unwrap(), Units::KCAL_PER_MOL);
        assert_eq!(Units::parse("hartree, bohr").unwrap(), Units::ATOMIC);
        assert_eq!(
            Units::parse("Hartree angstrom gradient").unwrap(),
            Units::HARTREE_ANGSTROM.with_gradients()
        );
        for bad in ["", "bohr", "eV, parsec", "angstrom"] {
            assert!(Units::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn total_energies_betray_their_unit() {
        let mut methane = Structure::new(
            vec![6, 1, 1, 1, 1],
            vec![
                [0.0, 0.0, 0.0],
                [0.63, 0.63, 0.63],
                [-0.63, -0.63, 0.63],
                [0.63, -0.63, -0.63],
                [-0.63, 0.63, -0.63],
            ],
        )
        .unwrap();
        // B3LYP methane is −40.5 hartree.
        for unit in TOLD_APART {
            methane.energy = Some(-40.5 * EnergyUnit::Hartree.in_ev() / unit.in_ev());
            assert_eq!(unit_from_magnitude(&methane).unwrap().0, unit);
        }
        methane.energy = Some(-17.0);
        assert_eq!(unit_from_magnitude(&methane), None);
    }
}
