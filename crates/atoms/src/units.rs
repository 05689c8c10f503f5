//! Units: the house uses eV, Å, eV/Å, eV/Å³, fs, u and e, and everything else is converted where it is read.
//!
//! Constants are CODATA 2022 (<https://physics.nist.gov/cuu/Constants/>); the elementary charge and Avogadro's
//! number are exact by the SI of 2019, the calorie is the thermochemical one (4.184 J, exact).

use serde::{Deserialize, Serialize};

/// Elementary charge (C), exact.
pub const ELEMENTARY_CHARGE: f64 = 1.602_176_634e-19;
/// Avogadro's number (1/mol), exact.
pub const AVOGADRO: f64 = 6.022_140_76e23;
/// One hartree (eV), CODATA 2022.
pub const HARTREE: f64 = 27.211_386_245_981;
/// One bohr (Å), CODATA 2022.
pub const BOHR: f64 = 0.529_177_210_544;
/// One kJ/mol (eV), exact.
pub const KILOJOULE_PER_MOLE: f64 = 1000.0 / (AVOGADRO * ELEMENTARY_CHARGE);
/// One thermochemical kcal/mol (eV), exact.
pub const KILOCALORIE_PER_MOLE: f64 = 4.184 * KILOJOULE_PER_MOLE;
/// One gigapascal (eV/Å³), exact.
pub const GIGAPASCAL: f64 = 1e9 * 1e-30 / ELEMENTARY_CHARGE;
/// Boltzmann's constant (eV/K), exact.
pub const BOLTZMANN: f64 = 1.380_649e-23 / ELEMENTARY_CHARGE;
/// One u times (Å/fs)² (eV): turns masses and velocities of the house into energies. CODATA 2022.
pub const DALTON_ANGSTROM2_PER_FS2: f64 = 1.660_539_068_92e-27 * 1e10 / ELEMENTARY_CHARGE;

/// A unit of energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EnergyUnit {
    /// Electron volt, the unit of this house.
    #[serde(rename = "eV")]
    ElectronVolt,
    /// Millielectron volt.
    #[serde(rename = "meV")]
    MillielectronVolt,
    /// Hartree.
    #[serde(rename = "hartree")]
    Hartree,
    /// Thermochemical kilocalorie per mole.
    #[serde(rename = "kcal/mol")]
    KilocaloriePerMole,
    /// Kilojoule per mole.
    #[serde(rename = "kJ/mol")]
    KilojoulePerMole,
}

impl EnergyUnit {
    /// Size of the unit (eV).
    #[must_use]
    pub fn in_ev(self) -> f64 {
        match self {
            Self::ElectronVolt => 1.0,
            Self::MillielectronVolt => 1e-3,
            Self::Hartree => HARTREE,
            Self::KilocaloriePerMole => KILOCALORIE_PER_MOLE,
            Self::KilojoulePerMole => KILOJOULE_PER_MOLE,
        }
    }

    /// The unit's name as it is written in files and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ElectronVolt => "eV",
            Self::MillielectronVolt => "meV",
            Self::Hartree => "hartree",
            Self::KilocaloriePerMole => "kcal/mol",
            Self::KilojoulePerMole => "kJ/mol",
        }
    }

    /// The unit of a name, in the spellings that data files use (`Hartree`, `Eh`, `kcal/mol`, `kcal mol-1`, …).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let compact: String = name
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '^' && *c != '*')
            .flat_map(char::to_lowercase)
            .collect();
        Some(match compact.as_str() {
            "ev" | "electronvolt" | "electronvolts" => Self::ElectronVolt,
            "mev" => Self::MillielectronVolt,
            "hartree" | "hartrees" | "ha" | "eh" | "au" | "a.u." => Self::Hartree,
            "kcal/mol" | "kcalmol-1" | "kilocalorie/mol" | "kilocalories/mole" => {
                Self::KilocaloriePerMole
            }
            "kj/mol" | "kjmol-1" | "kilojoule/mol" | "kilojoule_per_mole" => Self::KilojoulePerMole,
            _ => return None,
        })
    }
}

/// A unit of length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LengthUnit {
    /// Ångström, the unit of this house.
    #[serde(rename = "angstrom")]
    Angstrom,
    /// Bohr radius.
    #[serde(rename = "bohr")]
    Bohr,
    /// Nanometre.
    #[serde(rename = "nm")]
    Nanometre,
}

impl LengthUnit {
    /// Size of the unit (Å).
    #[must_use]
    pub fn in_angstrom(self) -> f64 {
        match self {
            Self::Angstrom => 1.0,
            Self::Bohr => BOHR,
            Self::Nanometre => 10.0,
        }
    }

    /// The unit's name as it is written in files and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Angstrom => "Å",
            Self::Bohr => "bohr",
            Self::Nanometre => "nm",
        }
    }

    /// The unit of a name, in the spellings that data files use.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.trim().to_lowercase().as_str() {
            "å" | "ang" | "angstrom" | "angstroms" | "ångström" | "a" => Self::Angstrom,
            "bohr" | "bohrs" | "a0" | "au" | "a.u." => Self::Bohr,
            "nm" | "nanometer" | "nanometre" => Self::Nanometre,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn conversions_agree_with_published_values() {
        // NIST's tables: 1 kcal/mol = 0.0433641 eV, 1 hartree = 627.5094740631 kcal/mol, 1 eV/Å³ = 160.2176634 GPa.
        assert_relative_eq!(KILOCALORIE_PER_MOLE, 0.043_364_104, max_relative = 1e-8);
        assert_relative_eq!(
            HARTREE / KILOCALORIE_PER_MOLE,
            627.509_474_06,
            max_relative = 1e-10
        );
        assert_relative_eq!(1.0 / GIGAPASCAL, 160.217_663_4, max_relative = 1e-12);
        assert_relative_eq!(BOLTZMANN, 8.617_333_262e-5, max_relative = 1e-9);
        // 1 u (Å/fs)² = 103.642 697 eV, the familiar factor of molecular dynamics codes.
        assert_relative_eq!(DALTON_ANGSTROM2_PER_FS2, 103.642_697, max_relative = 1e-7);
    }

    #[test]
    fn names_are_read_back() {
        for unit in [
            EnergyUnit::ElectronVolt,
            EnergyUnit::MillielectronVolt,
            EnergyUnit::Hartree,
            EnergyUnit::KilocaloriePerMole,
            EnergyUnit::KilojoulePerMole,
        ] {
            assert_eq!(EnergyUnit::parse(unit.name()), Some(unit));
        }
        for unit in [
            LengthUnit::Angstrom,
            LengthUnit::Bohr,
            LengthUnit::Nanometre,
        ] {
            assert_eq!(LengthUnit::parse(unit.name()), Some(unit));
        }
        assert_eq!(EnergyUnit::parse("furlong"), None);
    }
}
