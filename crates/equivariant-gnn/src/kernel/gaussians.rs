//! Radial functions: Gaussians and one, times the cosine cutoff, with their derivatives.

use backend::registers::exp;
use std::f64::consts::PI;

use pulp::{Arch, Simd, WithSimd};

use super::{fit, source::Source};

/// Numbers of a row are filled up to a multiple of this, so that vectors of every processor fit.
const LANES: usize = 16;

/// exp(−(d − μ)²/2σ²) on a grid, followed by at least one Gaussian of no steepness, which is the one that a bias
/// multiplies.
#[derive(Debug)]
pub(super) struct Gaussians {
    /// How many numbers of a row a filter is made of: K + 1.
    pub(super) inputs: usize,
    /// How many numbers a row has.
    pub(super) stride: usize,
    offsets: Vec<f32>,
    /// −1/2σ²
    steepness: Vec<f32>,
    cutoff: f64,
}

impl Gaussians {
    pub(super) fn new(source: &Source, cutoff: f64) -> Self {
        let mut offsets = source.numbers("representation.radial_basis.offsets");
        let widths = source.numbers("representation.radial_basis.widths");
        let mut steepness: Vec<f32> = widths.iter().map(|w| -0.5 / (w * w)).collect();
        let inputs = offsets.len() + 1;
        let stride = inputs.next_multiple_of(LANES);
        offsets.resize(stride, 0.0);
        steepness.resize(stride, 0.0);
        Self {
            inputs,
            stride,
            offsets,
            steepness,
            cutoff,
        }
    }

    /// A row of values for each distance, and a row of derivatives if they are wanted.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to float32 is what float32 means here"
    )]
    pub(super) fn fill(&self, distances: &[f64], [values, slopes]: &mut [Vec<f32>; 2], both: bool) {
        fit(values, distances.len() * self.stride);
        fit(slopes, if both { values.len() } else { 0 });
        let arch = Arch::new();
        for (row, &d) in distances.iter().enumerate() {
            let angle = PI * d / self.cutoff;
            let place = row * self.stride;
            arch.dispatch(Row {
                gaussians: self,
                distance: d as f32,
                cutoff: (0.5 * (1.0 + angle.cos())) as f32,
                cutoff_slope: (-0.5 * PI / self.cutoff * angle.sin()) as f32,
                values: &mut values[place..place + self.stride],
                slopes: if both {
                    &mut slopes[place..place + self.stride]
                } else {
                    &mut []
                },
            });
        }
    }
}

struct Row<'a> {
    gaussians: &'a Gaussians,
    distance: f32,
    cutoff: f32,
    cutoff_slope: f32,
    values: &'a mut [f32],
    slopes: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let distance = simd.splat_f32s(self.distance);
        let cutoff = simd.splat_f32s(self.cutoff);
        let cutoff_slope = simd.splat_f32s(self.cutoff_slope);
        // As everywhere in this crate, tails below e⁻⁶⁰ are zero.
        let least = simd.splat_f32s(-60.0);
        let offsets = S::as_simd_f32s(&self.gaussians.offsets).0;
        let steepness = S::as_simd_f32s(&self.gaussians.steepness).0;
        let values = S::as_mut_simd_f32s(self.values).0;
        let slopes = S::as_mut_simd_f32s(self.slopes).0;
        for (k, (&offset, &steepness)) in offsets.iter().zip(steepness).enumerate() {
            let x = simd.sub_f32s(distance, offset);
            let tilt = simd.mul_f32s(steepness, x);
            let power = simd.mul_f32s(tilt, x);
            let zero = simd.splat_f32s(0.0);
            let inside = simd.greater_than_f32s(power, least);
            let value = simd.select_f32s(inside, exp(simd, power), zero);
            values[k] = simd.mul_f32s(value, cutoff);
            if !slopes.is_empty() {
                let own = simd.mul_f32s(simd.add_f32s(tilt, tilt), value);
                let product = simd.mul_f32s(value, cutoff_slope);
                slopes[k] = simd.mul_add_f32s(own, cutoff, product);
            }
        }
    }
}
