//! A conformance suite that every interatomic potential passes.
//!
//! The suite knows neither models nor files: a [`Subject`] is a function from samples to answers. Each
//! check panics with the numbers that contradict it, so a test is one call.
//!
//! - the energy does not change under rotation, inversion and translation, and forces and stress turn
//!   with the structure ([`motions`]);
//! - renaming the atoms renames the forces ([`permutation`]);
//! - forces are minus the energy's gradient, stress its strain derivative ([`derivatives`]);
//! - a batch is its members, and none feels another ([`batches`]);
//! - parts beyond the cutoff add up, an atom alone has no force ([`locality`]);
//! - energy and forces pass the cutoff smoothly ([`smoothness`]);
//! - what is saved is what is loaded ([`reload`]), and eight samples can be learnt by heart
//!   ([`overfits`]).

mod checks;
mod samples;

pub use checks::{
    batches, derivatives, locality, motions, overfits, permutation, reload, smoothness,
};
pub use samples::{Sample, crystal, molecule, molecules};

/// What a potential says about one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Energy (eV).
    pub energy: f64,
    /// Forces (eV/Å), one per atom.
    pub forces: Vec<[f64; 3]>,
    /// Stress (eV/Å³) of a sample with a cell.
    pub stress: Option<[[f64; 3]; 3]>,
}

/// How well numbers must agree; relative to the largest of those compared, or to `floor`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// For what is equal but for rounding.
    pub exact: f64,
    /// For what is compared with finite differences.
    pub difference: f64,
    /// Steps of the finite differences (Å), of which the best counts: the truncation error of a true
    /// gradient falls with the square of the step until rounding takes over, and an inconsistency
    /// stays at every step.
    pub steps: [f64; 3],
    /// Numbers below this count as this (eV, eV/Å).
    pub floor: f64,
}

impl Tolerance {
    /// For a model in float64.
    pub const F64: Self = Self {
        exact: 1e-9,
        difference: 1e-6,
        steps: [1e-3, 3e-4, 1e-4],
        floor: 1e-2,
    };

    /// For a model in float32, whose energies carry six digits.
    pub const F32: Self = Self {
        exact: 2e-4,
        difference: 1e-2,
        steps: [2e-2, 1e-2, 5e-3],
        floor: 0.1,
    };
}

/// A potential under test.
pub struct Subject<'a> {
    /// Evaluates the samples as one batch.
    pub evaluate: &'a dyn Fn(&[Sample]) -> Vec<Answer>,
    /// The distance from which on atoms do not see each other (Å).
    pub cutoff: f64,
    /// How well numbers must agree.
    pub tolerance: Tolerance,
    /// Whether mirror images have the same energy.
    pub inversion: bool,
}

impl std::fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject")
            .field("cutoff", &self.cutoff)
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

impl Subject<'_> {
    /// Every check that needs nothing but the function.
    ///
    /// # Panics
    /// If a check fails.
    pub fn conforms(&self) {
        motions(self);
        permutation(self);
        derivatives(self);
        batches(self);
        locality(self);
        smoothness(self);
    }

    fn one(&self, sample: &Sample) -> Answer {
        let mut answers = (self.evaluate)(std::slice::from_ref(sample));
        assert_eq!(answers.len(), 1, "one answer per sample");
        let answer = answers.remove(0);
        assert_eq!(
            answer.forces.len(),
            sample.species.len(),
            "one force per atom"
        );
        answer
    }
}
