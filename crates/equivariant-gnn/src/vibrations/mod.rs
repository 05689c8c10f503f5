//! Second derivatives of the energy by differences of forces, and the vibrations that follow from them.
//!
//! Frequencies are wavenumbers (cm⁻¹); those of directions in which the energy falls are imaginary and are
//! given as negative numbers, as is the custom.

mod eigen;
mod hessian;
mod phonons;

pub use hessian::{Hessian, Mode, zero_point_energy};
pub use phonons::{ForceConstants, supercell};

/// The displacement that suits float32 models (Å): truncation falls with its square, rounding with its
/// inverse.
pub const DISPLACEMENT: f64 = 0.01;

/// Speed of light (cm/fs), exact by the SI.
const SPEED_OF_LIGHT: f64 = 2.997_924_58e-5;

/// The wavenumber (cm⁻¹) of a squared angular frequency (1/fs²), negative where that is.
fn wavenumber(squared: f64) -> f64 {
    squared.signum() * squared.abs().sqrt() / (std::f64::consts::TAU * SPEED_OF_LIGHT)
}

/// One wavenumber as a frequency (THz).
pub const TERAHERTZ_PER_WAVENUMBER: f64 = SPEED_OF_LIGHT * 1e3;

/// One wavenumber as an energy (eV): CODATA 2022, h c in eV cm.
pub const EV_PER_WAVENUMBER: f64 = 1.239_841_984_332e-4;
