//! Going downhill to a minimum: FIRE (Bitzek, Koskinen, Gähler, Moseler, Gumbsch, Phys. Rev. Lett. 97, 170201,
//! 2006, <https://doi.org/10.1103/PhysRevLett.97.170201>). The cell stays as it is.

use std::ops::ControlFlow;

use atoms::Structure;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    potential::{Evaluation, ForceField},
};

/// When a relaxation ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RelaxSettings {
    /// It has arrived when no atom feels a larger force (eV/Å).
    pub force: f64,
    /// Steps at most.
    pub steps: usize,
    /// No atom moves further in a step (Å).
    pub largest_move: f64,
}

impl Default for RelaxSettings {
    fn default() -> Self {
        Self {
            force: 0.01,
            steps: 500,
            largest_move: 0.2,
        }
    }
}

/// Where a relaxation ended.
#[derive(Debug, Clone)]
pub struct Relaxed {
    /// The atoms at their last positions.
    pub structure: Structure,
    /// What the force field says about them.
    pub evaluation: Evaluation,
    /// Steps done.
    pub steps: usize,
    /// Whether no force is larger than was asked for.
    pub converged: bool,
}

/// The largest length of a force (eV/Å).
#[must_use]
pub fn largest_force(forces: &[[f64; 3]]) -> f64 {
    let squares = forces.iter().map(|f| f.iter().map(|x| x * x).sum());
    squares.fold(0.0, f64::max).sqrt()
}

/// Moves the atoms downhill. The observer sees the number of steps, the structure and what the force field
/// says before each step, and may end the relaxation.
///
/// # Errors
/// A setting outside its range, or a structure that cannot be evaluated.
pub fn relax(
    field: &mut dyn ForceField,
    structure: &Structure,
    settings: &RelaxSettings,
    observer: &mut dyn FnMut(usize, &Structure, &Evaluation) -> ControlFlow<()>,
) -> Result<Relaxed> {
    for (name, value) in [
        ("force", settings.force),
        ("largest_move", settings.largest_move),
    ] {
        if !(value > 0.0 && value.is_finite()) {
            return Err(Error::Setting {
                field: name,
                value: value.to_string(),
                expected: "a positive number",
            });
        }
    }
    let mut structure = structure.clone();
    let mut evaluation = field.evaluate(&structure)?;
    let mut fire = Fire::new(structure.len());
    let mut steps = 0;
    loop {
        let converged = largest_force(&evaluation.forces) <= settings.force;
        let flow = observer(steps, &structure, &evaluation);
        if converged || steps == settings.steps || flow.is_break() {
            return Ok(Relaxed {
                structure,
                evaluation,
                steps,
                converged,
            });
        }
        let moves = fire.step(&evaluation.forces, settings.largest_move);
        for (x, d) in structure.positions.iter_mut().zip(moves) {
            for k in 0..3 {
                x[k] += d[k];
            }
        }
        evaluation = field.evaluate(&structure)?;
        steps += 1;
    }
}

/// Dynamics of atoms of mass one that are steered along the force and stopped when they go uphill.
struct Fire {
    velocities: Vec<[f64; 3]>,
    timestep: f64,
    mixing: f64,
    downhill: usize,
}

/// The paper's parameters; the times are in √(Å²/eV), as the masses are one.
const FIRST_TIMESTEP: f64 = 0.1;
const LONGEST_TIMESTEP: f64 = 1.0;
const FIRST_MIXING: f64 = 0.1;
const MIXING_FACTOR: f64 = 0.99;
const FASTER: f64 = 1.1;
const SLOWER: f64 = 0.5;
const STEPS_BEFORE_FASTER: usize = 5;

impl Fire {
    fn new(atoms: usize) -> Self {
        Self {
            velocities: vec![[0.0; 3]; atoms],
            timestep: FIRST_TIMESTEP,
            mixing: FIRST_MIXING,
            downhill: 0,
        }
    }

    /// How far each atom moves.
    fn step(&mut self, forces: &[[f64; 3]], largest_move: f64) -> Vec<[f64; 3]> {
        let velocities = self.velocities.as_flattened_mut();
        let forces = forces.as_flattened();
        let power: f64 = dot(velocities, forces);
        if power > 0.0 {
            let ratio = (dot(velocities, velocities) / dot(forces, forces)).sqrt();
            for (v, f) in velocities.iter_mut().zip(forces) {
                *v = (1.0 - self.mixing) * *v + self.mixing * ratio * f;
            }
            self.downhill += 1;
            if self.downhill > STEPS_BEFORE_FASTER {
                self.timestep = (self.timestep * FASTER).min(LONGEST_TIMESTEP);
                self.mixing *= MIXING_FACTOR;
            }
        } else {
            velocities.fill(0.0);
            self.timestep *= if self.downhill > 0 { SLOWER } else { 1.0 };
            self.mixing = FIRST_MIXING;
            self.downhill = 0;
        }
        for (v, f) in velocities.iter_mut().zip(forces) {
            *v += self.timestep * f;
        }
        let longest = self.timestep * largest_force(&self.velocities);
        let factor = self.timestep * (largest_move / longest).min(1.0);
        let moves = self.velocities.iter();
        moves.map(|v| v.map(|x| factor * x)).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
