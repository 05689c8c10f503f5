//! Molecular dynamics with any [`crate::ForceField`]: velocity Verlet, Langevin, runs in a folder that
//! resume exactly.
//!
//! Å, fs, u, eV. A step depends on the state alone: forces do not depend on what was evaluated before, and
//! the random numbers of a step follow from the seed and the step's number. So a run that was stopped and
//! resumed writes the bytes of one that was not.

mod drift;
mod folder;
mod simulation;
mod trajectory;
mod velocities;

pub use drift::Drift;
pub use folder::{Run, RunSettings};
pub use simulation::{DynamicsSettings, Simulation, State, Thermostat};
pub use trajectory::Trajectory;
pub use velocities::{kinetic_energy, thermal_velocities};
