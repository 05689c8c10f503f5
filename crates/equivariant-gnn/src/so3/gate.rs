//! The gated nonlinearity.

use backend::tape::Var;

use super::{Irrep, Irreps, Parity};

/// What silu is multiplied by for a unit second moment under a normal distribution; e3nn draws this
/// number from 10⁶ samples, and models carry its sampling error.
pub const SECOND_MOMENT_SILU: f64 = 1.679_176_792_398_941_8;

/// The same for tanh.
pub const SECOND_MOMENT_TANH: f64 = 1.593_733_447_259_269_5;

/// Scalars through an activation, and everything else multiplied by activated scalars of its own.
///
/// Even scalars go through silu and odd ones through tanh, so that parity holds.
#[derive(Debug, Clone)]
pub struct Gate {
    scalars: Irreps,
    gated: Irreps,
    input: Irreps,
    /// Entry and first channel of each of scalars, gates and gated in the merged input.
    places: Vec<(usize, usize)>,
}

impl Gate {
    /// Sorts the wanted output irreps into scalars and gated ones; each gated entry gets even scalars
    /// as gates.
    #[must_use]
    pub fn new(scalars: Irreps, gated: Irreps) -> Self {
        let mut all = scalars.clone();
        let one_each = gated.0.iter().map(|&(mul, _)| (mul, Irrep::SCALAR));
        all.0.extend(one_each);
        all.0.extend(&gated.0);
        let (sorted, place) = all.sorted();
        let mut merged = Vec::with_capacity(sorted.0.len());
        let input = sorted.simplified();
        let (mut entry, mut channel) = (0, 0);
        for &(mul, ir) in &sorted.0 {
            if input.0[entry].1 != ir {
                entry += 1;
                channel = 0;
            }
            merged.push((entry, channel));
            channel += mul;
        }
        Self {
            places: place.iter().map(|&k| merged[k]).collect(),
            scalars,
            gated,
            input,
        }
    }

    /// The irreps of the input, sorted and merged.
    #[must_use]
    pub fn input(&self) -> &Irreps {
        &self.input
    }

    /// The irreps of the output: the scalars and then the gated ones, as they were given.
    #[must_use]
    pub fn output(&self) -> Irreps {
        let entries = self.scalars.0.iter().chain(&self.gated.0);
        Irreps(entries.copied().collect())
    }

    /// Applies the gate.
    ///
    /// # Shapes
    /// - `x`: `[N, M, multiplicity]` per input entry
    /// - output: `[N, M, multiplicity]` per output entry
    #[must_use]
    pub fn apply(&self, x: &[Var<3>]) -> Vec<Var<3>> {
        let (s, g) = (self.scalars.0.len(), self.gated.0.len());
        let part = |k: usize, mul: usize| {
            let (entry, channel) = self.places[k];
            x[entry].narrow(2, channel, mul)
        };
        let scalars = self.scalars.0.iter().enumerate().map(|(k, &(mul, ir))| {
            let x = part(k, mul);
            match ir.parity {
                Parity::Even => x.silu().scale(SECOND_MOMENT_SILU),
                Parity::Odd => x.tanh().scale(SECOND_MOMENT_TANH),
            }
        });
        let gated = self.gated.0.iter().enumerate().map(|(k, &(mul, _))| {
            let gate = part(s + k, mul).silu().scale(SECOND_MOMENT_SILU);
            let n = gate.dims()[0];
            part(s + g + k, mul).scale_by(&gate.reshape([n, mul]))
        });
        scalars.chain(gated).collect()
    }
}
