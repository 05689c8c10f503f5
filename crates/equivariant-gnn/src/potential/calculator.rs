//! A potential that remembers the neighbours from one call to the next.

use std::sync::Arc;

use atoms::{Structure, VerletList};

use super::{Evaluation, Potential};
use crate::error::{Error, Result};

/// What gives energies and forces to a simulation: a [`Calculator`], or any function of a structure.
pub trait ForceField {
    /// Energy, forces and stress of one structure.
    ///
    /// # Errors
    /// A structure that cannot be evaluated.
    fn evaluate(&mut self, structure: &Structure) -> Result<Evaluation>;
}

impl<F: FnMut(&Structure) -> Result<Evaluation>> ForceField for F {
    fn evaluate(&mut self, structure: &Structure) -> Result<Evaluation> {
        self(structure)
    }
}

/// A potential with a neighbour list that is kept until an atom has moved by half the skin.
///
/// The pairs of every step are filtered from the kept list in the order of a fresh one, so the
/// result is that of [`Potential::evaluate`] to the last bit, whatever came before. Memory does not grow
/// from call to call.
#[derive(Debug)]
pub struct Calculator {
    potential: Arc<Potential>,
    list: VerletList,
}

impl Calculator {
    /// A width of the skin that suits steps of about a femtosecond (Å).
    pub const SKIN: f64 = 1.0;

    /// Keeps neighbours within the cutoff and a skin (Å) for a potential, which calculators may share.
    ///
    /// # Errors
    /// A skin that is not positive and finite.
    pub fn new(potential: Arc<Potential>, skin: f64) -> Result<Self> {
        let list = VerletList::new(potential.cutoff(), skin).map_err(|_| Error::Setting {
            field: "skin",
            value: skin.to_string(),
            expected: "a positive number",
        })?;
        Ok(Self { potential, list })
    }

    /// The potential.
    #[must_use]
    pub fn potential(&self) -> &Arc<Potential> {
        &self.potential
    }

    /// How often the neighbours had to be searched so far.
    #[must_use]
    pub fn searches(&self) -> usize {
        self.list.rebuilds()
    }

    /// Energy, forces and stress of one structure.
    ///
    /// # Errors
    /// The errors of [`Potential::evaluate`].
    pub fn evaluate(&mut self, structure: &Structure) -> Result<Evaluation> {
        // A kept list has not looked at the structure.
        let valid = structure.validate();
        let pairs = valid
            .and_then(|()| self.list.pairs(structure))
            .map_err(|source| Error::Structure {
                index: 0,
                formula: structure.formula(),
                source,
            })?;
        self.potential.evaluate_with(structure, &pairs)
    }
}

impl ForceField for Calculator {
    fn evaluate(&mut self, structure: &Structure) -> Result<Evaluation> {
        Calculator::evaluate(self, structure)
    }
}
