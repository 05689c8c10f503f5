//! The solver: damped Gauss-Newton with Huber weights, started from many points that variable
//! projection has already put near the data.

mod descent;
mod multistart;
mod problem;
mod robust;

pub(crate) use descent::{Descent, Known};
pub use multistart::Starts;
pub(crate) use multistart::solve;
pub(crate) use problem::Problem;
pub(crate) use robust::{fitted_scale, minimise, minimise_beside};
