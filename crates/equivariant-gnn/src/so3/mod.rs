//! Rotations and inversion: irreducible representations, real spherical harmonics, coupling
//! coefficients, and the layers that keep equivariance.
//!
//! The conventions are those of e3nn 0.6, so that weights of NequIP, Allegro and MACE mean the same
//! here:
//! - components of degree l run over m = −l..l with the polar axis y, so that l = 1 is (x, y, z);
//! - spherical harmonics have **component** normalisation, the sum of the squares of degree l is 2l + 1;
//! - [`wigner_3j`] has Frobenius norm 1 for each (l₁, l₂, l₃);
//! - layers are normalised by component and element: inputs with unit variance per component give
//!   outputs with unit variance per component if weights have unit variance.
//!
//! Features are a list with one tensor `[rows, M, multiplicity]` per irrep, M = 2l + 1, so that the
//! innermost loop runs over channels. [`Irreps::split`] and [`Irreps::join`] convert from and to
//! e3nn's rows, where each irrep lies as `[multiplicity, M]`.

mod contraction;
mod gate;
mod harmonics;
mod irreps;
mod linear;
mod product;
mod symmetric;
mod wigner;

use backend::tape::Var;
use burn::tensor::{DType, Device, Tensor, TensorData};

pub use contraction::Contraction;
pub use gate::{Gate, SECOND_MOMENT_SILU, SECOND_MOMENT_TANH};
pub use harmonics::spherical_harmonics;
pub use irreps::{Irrep, Irreps, Parity};
pub use linear::Linear;
pub use product::{FullyConnected, Path, TensorProduct};
pub use symmetric::{Order, SymmetricContraction};
pub use wigner::wigner_3j;

/// Host numbers as a constant of the tape.
fn constant<const D: usize>(
    values: Vec<f64>,
    shape: [usize; D],
    device: &Device,
    dtype: DType,
) -> Var<D> {
    let data = TensorData::new(values, shape);
    Var::constant(Tensor::from_data(data, (device, dtype)))
}
