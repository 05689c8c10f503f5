//! Integrating Newton's and Langevin's equations.

use atoms::{Structure, units::BOLTZMANN};
use serde::{Deserialize, Serialize};

use super::velocities::{Normal, degrees_of_freedom, inertia, kinetic_energy};
use crate::{
    error::{Error, Result},
    potential::{Evaluation, ForceField},
};

/// What the atoms exchange energy with.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Thermostat {
    /// Nothing: velocity Verlet, which conserves the energy.
    #[default]
    None,
    /// A bath of a temperature, by friction and noise (BAOAB: Leimkuhler, Matthews, Appl. Math. Res.
    /// Express 2013, 34, <https://doi.org/10.1093/amrx/abs010>). Without friction it is velocity Verlet.
    Langevin {
        /// Temperature (K).
        temperature: f64,
        /// Friction (1/fs).
        friction: f64,
    },
}

/// How a simulation steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DynamicsSettings {
    /// Length of a step (fs).
    pub timestep: f64,
    /// What the atoms exchange energy with.
    pub thermostat: Thermostat,
    /// Seed of the noise.
    pub seed: u64,
}

impl Default for DynamicsSettings {
    fn default() -> Self {
        Self {
            // An eighteenth of the fastest vibration of an X–H bond.
            timestep: 0.5,
            thermostat: Thermostat::None,
            seed: 0,
        }
    }
}

impl DynamicsSettings {
    /// Checks every setting.
    ///
    /// # Errors
    /// The first setting outside its range.
    pub fn validate(&self) -> Result<()> {
        let check = |good: bool, field, value: f64, expected| {
            if good && value.is_finite() {
                return Ok(());
            }
            Err(Error::Setting {
                field,
                value: value.to_string(),
                expected,
            })
        };
        let step = self.timestep;
        check(step > 0.0, "timestep", step, "a positive number (fs)")?;
        match self.thermostat {
            Thermostat::None => Ok(()),
            Thermostat::Langevin {
                temperature: t,
                friction: f,
            } => {
                check(t >= 0.0, "temperature", t, "zero or a positive number (K)")?;
                check(f >= 0.0, "friction", f, "zero or a positive number (1/fs)")
            }
        }
    }
}

/// Where the atoms are and how they move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// The atoms at their present positions.
    pub structure: Structure,
    /// Velocities (Å/fs).
    pub velocities: Vec<[f64; 3]>,
}

/// Atoms under way.
#[derive(Debug)]
pub struct Simulation<F> {
    field: F,
    settings: DynamicsSettings,
    state: State,
    inertia: Vec<f64>,
    evaluation: Evaluation,
}

impl<F: ForceField> Simulation<F> {
    /// Starts, or goes on, from a state.
    ///
    /// # Errors
    /// A setting outside its range, velocities that are not one for each atom, or a structure that cannot
    /// be evaluated.
    pub fn new(mut field: F, state: State, settings: DynamicsSettings) -> Result<Self> {
        settings.validate()?;
        let structure = &state.structure;
        structure
            .validate()
            .and_then(|()| {
                // Velocities are vectors on atoms as forces are, and the check of those says it all.
                let moving = Structure {
                    forces: Some(state.velocities.clone()),
                    ..structure.clone()
                };
                moving.validate()
            })
            .map_err(|source| Error::Structure {
                index: 0,
                formula: structure.formula(),
                source,
            })?;
        let evaluation = field.evaluate(structure)?;
        Ok(Self {
            inertia: inertia(&structure.species),
            field,
            settings,
            state,
            evaluation,
        })
    }

    /// Takes one step: kick, drift, (bath,) drift, kick.
    ///
    /// # Errors
    /// A structure that cannot be evaluated, such as after a step that was too long; the state then is
    /// that of the failed positions.
    pub fn advance(&mut self) -> Result<()> {
        let dt = self.settings.timestep;
        self.kick(0.5 * dt);
        self.drift(0.5 * dt);
        if let Thermostat::Langevin {
            temperature,
            friction,
        } = self.settings.thermostat
        {
            self.bathe(temperature, friction);
        }
        self.drift(0.5 * dt);
        self.evaluation = self.field.evaluate(&self.state.structure)?;
        self.kick(0.5 * dt);
        self.state.step += 1;
        Ok(())
    }

    fn kick(&mut self, dt: f64) {
        let forces = &self.evaluation.forces;
        let each = self.state.velocities.iter_mut().zip(forces);
        for ((v, f), m) in each.zip(&self.inertia) {
            for k in 0..3 {
                v[k] += dt * f[k] / m;
            }
        }
    }

    fn drift(&mut self, dt: f64) {
        let positions = &mut self.state.structure.positions;
        for (x, v) in positions.iter_mut().zip(&self.state.velocities) {
            for k in 0..3 {
                x[k] += dt * v[k];
            }
        }
    }

    /// The exact solution of friction and noise over a whole step.
    fn bathe(&mut self, temperature: f64, friction: f64) {
        let kept = (-friction * self.settings.timestep).exp();
        let noise = (1.0 - kept * kept).sqrt();
        // Stream 0 is that of the first velocities.
        let mut normal = Normal::new(self.settings.seed, self.state.step + 1);
        for (v, m) in self.state.velocities.iter_mut().zip(&self.inertia) {
            let thermal = (BOLTZMANN * temperature / m).sqrt();
            *v = v.map(|x| kept * x + noise * thermal * normal.draw());
        }
    }

    /// Positions, velocities and the number of the step.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the force field says about the present positions.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// The time since the first step (fs).
    #[must_use]
    pub fn time(&self) -> f64 {
        self.state.step as f64 * self.settings.timestep
    }

    /// The kinetic energy (eV).
    #[must_use]
    pub fn kinetic(&self) -> f64 {
        kinetic_energy(&self.state.structure.species, &self.state.velocities)
    }

    /// Kinetic and potential energy (eV).
    #[must_use]
    pub fn total(&self) -> f64 {
        self.kinetic() + self.evaluation.energy
    }

    /// The temperature of the motion (K): over 3N − 3 degrees of freedom, or over 3N in a bath, which moves
    /// the whole as well.
    #[must_use]
    pub fn temperature(&self) -> f64 {
        let atoms = self.state.velocities.len();
        let degrees = match self.settings.thermostat {
            Thermostat::None => degrees_of_freedom(atoms).max(1.0),
            Thermostat::Langevin { .. } => 3.0 * atoms as f64,
        };
        2.0 * self.kinetic() / (degrees * BOLTZMANN)
    }
}
