//! Activation functions, in one pass on the processor.
//!
//! Burn composes these of several operations, each a pass over memory with a library call per
//! element. Here one vectorised loop does the whole function; the exponential in float32 is the
//! Cephes polynomial (S. L. Moshier, `expf`), whose relative error stays below 2e-7.

use burn::tensor::Tensor;

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    ExpFlushed,
    Sigmoid,
    Softplus,
    ShiftedSoftplus,
    Silu,
    SiluSlope,
    SiluCurvature,
}

/// The exponent below which [`Function::ExpFlushed`] is zero.
const FLUSH: f64 = -60.0;

/// Applies the function to every element.
pub(crate) fn apply<const D: usize>(x: &Tensor<D>, function: Function) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let Some(out) = on_flex::apply(x, function) {
        return out;
    }
    let x = x.clone();
    let sigmoid = |x: &Tensor<D>| burn::tensor::activation::sigmoid(x.clone());
    match function {
        Function::ExpFlushed => {
            let small = x.clone().lower_elem(FLUSH);
            x.exp().mask_fill(small, 0.0)
        }
        Function::Sigmoid => sigmoid(&x),
        Function::Softplus => softplus(x),
        Function::ShiftedSoftplus => softplus(x) - std::f64::consts::LN_2,
        Function::Silu => sigmoid(&x) * x,
        Function::SiluSlope => {
            let s = sigmoid(&x);
            s.clone() * ((-s + 1.0) * x + 1.0)
        }
        Function::SiluCurvature => {
            let s = sigmoid(&x);
            s.clone() * (-s.clone() + 1.0) * ((s * -2.0 + 1.0) * x + 2.0)
        }
    }
}

/// Burn's own softplus is x itself above 20, which is 2e-9 off there.
fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let tail = x.clone().abs().neg().exp().log1p();
    burn::tensor::activation::relu(x) + tail
}

#[cfg(feature = "flex")]
#[expect(
    clippy::inline_always,
    reason = "a loop is compiled for the processor's vector instructions only inside the function that `pulp` calls"
)]
mod on_flex {
    use burn::{
        backend::flex::FlexTensor,
        tensor::{DType, Tensor},
    };

    use super::{FLUSH, Function};
    use crate::segment::flex::{Host, RowKernel, Scalar, by_dtype, fill, flat, host, unflatten};

    /// What the functions need of a float type.
    trait Real: Scalar + std::ops::Sub<Output = Self> + std::ops::Div<Output = Self> {
        const ONE: Self;
        const TWO: Self;
        const LN_2: Self;
        fn exp(self) -> Self;
        fn exp_flushed(self) -> Self;
        /// ln(1 + x) for 0 ≤ x ≤ 1.
        fn ln_1p(self) -> Self;
        fn abs(self) -> Self;
        fn max_zero(self) -> Self;
    }

    impl Real for f32 {
        const ONE: Self = 1.0;
        const TWO: Self = 2.0;
        const LN_2: Self = std::f32::consts::LN_2;

        #[inline(always)]
        #[expect(
            clippy::excessive_precision,
            reason = "the two parts of ln 2 are Cephes' own digits"
        )]
        fn exp(self) -> Self {
            // Adding 1.5·2²³ rounds to the nearest whole number and leaves it in the low bits.
            const ROUND: f32 = 12_582_912.0;
            let x = self.clamp(-87.0, 88.0);
            let shifted = x * std::f32::consts::LOG2_E + ROUND;
            let n = shifted - ROUND;
            let r = x - n * 0.693_359_375 - n * -2.121_944_400_546_905_8e-4;
            // Written out: a loop over the coefficients keeps the compiler from vectorising.
            let p = 1.987_569_15e-4 * r + 1.398_199_950_7e-3;
            let p = p * r + 8.333_451_907_3e-3;
            let p = p * r + 4.166_579_589_4e-2;
            let p = p * r + 1.666_666_545_9e-1;
            let p = p * r + 5.000_000_120_1e-1;
            let y = p * r * r + r + 1.0;
            let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
            y * power
        }

        #[inline(always)]
        #[expect(clippy::cast_possible_truncation, reason = "−60 is exact in float32")]
        fn exp_flushed(self) -> Self {
            let y = Real::exp(self);
            if self < FLUSH as f32 { 0.0 } else { y }
        }

        #[inline(always)]
        fn ln_1p(self) -> Self {
            // ln(1 + x) = 2 artanh(x / (2 + x)); the argument is at most 1/3, where nine terms of
            // the series leave less than 1e-9.
            let s = self / (2.0 + self);
            let q = s * s;
            let p = q * (1.0 / 17.0) + 1.0 / 15.0;
            let p = p * q + 1.0 / 13.0;
            let p = p * q + 1.0 / 11.0;
            let p = p * q + 1.0 / 9.0;
            let p = p * q + 1.0 / 7.0;
            let p = p * q + 1.0 / 5.0;
            let p = p * q + 1.0 / 3.0;
            let p = p * q + 1.0;
            2.0 * s * p
        }

        #[inline(always)]
        fn abs(self) -> Self {
            f32::abs(self)
        }

        #[inline(always)]
        fn max_zero(self) -> Self {
            if self > 0.0 { self } else { 0.0 }
        }
    }

    impl Real for f64 {
        const ONE: Self = 1.0;
        const TWO: Self = 2.0;
        const LN_2: Self = std::f64::consts::LN_2;
        fn exp(self) -> Self {
            f64::exp(self)
        }
        fn exp_flushed(self) -> Self {
            if self < FLUSH { 0.0 } else { f64::exp(self) }
        }
        fn ln_1p(self) -> Self {
            f64::ln_1p(self)
        }
        fn abs(self) -> Self {
            f64::abs(self)
        }
        fn max_zero(self) -> Self {
            self.max(0.0)
        }
    }

    #[inline(always)]
    fn sigmoid<T: Real>(x: T) -> T {
        T::ONE / (T::ONE + (T::ZERO - x).exp())
    }

    #[inline(always)]
    fn softplus<T: Real>(x: T) -> T {
        x.max_zero() + (T::ZERO - x.abs()).exp().ln_1p()
    }

    /// One loop per function: the choice is made outside of it.
    struct Map<'a, T, F> {
        x: &'a [T],
        f: F,
    }

    trait At<T>: Sync {
        fn at(&self, x: T) -> T;
    }

    impl<T: Scalar, F: At<T>> RowKernel<T> for Map<'_, T, F> {
        #[inline(always)]
        fn row(&self, r: usize, out: &mut [T]) {
            let x = &self.x[r * out.len()..(r + 1) * out.len()];
            for (o, &x) in out.iter_mut().zip(x) {
                *o = self.f.at(x);
            }
        }
    }

    macro_rules! functions {
        ($($name:ident => |$x:ident| $body:expr;)*) => {
            $(struct $name;
            impl<T: Real> At<T> for $name {
                #[inline(always)]
                fn at(&self, $x: T) -> T { $body }
            })*
            fn run<T: Real>(x: &[T], function: Function, rows: usize, length: usize) -> Vec<T> {
                // An exponential costs about as much as sixteen multiply-adds.
                let work = 16 * x.len();
                match function {
                    $(Function::$name => fill(&Map { x, f: $name }, rows, length, work),)*
                }
            }
        };
    }

    functions! {
        ExpFlushed => |x| x.exp_flushed();
        Sigmoid => |x| sigmoid(x);
        Softplus => |x| softplus(x);
        ShiftedSoftplus => |x| softplus(x) - T::LN_2;
        Silu => |x| x * sigmoid(x);
        SiluSlope => |x| {
            let s = sigmoid(x);
            s * (T::ONE + x * (T::ONE - s))
        };
        SiluCurvature => |x| {
            let s = sigmoid(x);
            s * (T::ONE - s) * (T::TWO + x * (T::ONE - T::TWO * s))
        };
    }

    pub(super) fn apply<const D: usize>(x: &Tensor<D>, function: Function) -> Option<Tensor<D>> {
        let dims = x.dims();
        let length = dims[D - 1];
        let rows = dims[..D - 1].iter().product();
        Some(unflatten(map(&host(x)?, function, rows, length)?, dims))
    }

    fn map(x: &Host, function: Function, rows: usize, length: usize) -> Option<FlexTensor> {
        by_dtype!(x, T => flat(run(x.slice::<T>(), function, rows, length)))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Tensor, TensorData};

    use super::{Function, apply};

    const ALL: [Function; 7] = [
        Function::ExpFlushed,
        Function::Sigmoid,
        Function::Softplus,
        Function::ShiftedSoftplus,
        Function::Silu,
        Function::SiluSlope,
        Function::SiluCurvature,
    ];

    #[test]
    fn the_one_pass_functions_agree_with_burns_operations() {
        let device = crate::device("flex").unwrap();
        let points: Vec<f64> = (-1300..=1300).map(|k| f64::from(k) * 0.05).collect();
        for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 1e-6)] {
            for function in ALL {
                let data = TensorData::new(points.clone(), [points.len()]);
                let values = |device: &burn::tensor::Device| -> Vec<f64> {
                    let x = Tensor::<1>::from_data(data.clone(), (device, dtype));
                    let y = apply(&x, function).into_data().convert::<f64>();
                    y.try_to_vec::<f64>().unwrap()
                };
                // An autodiff device takes the composed form.
                let composed = values(&device.clone().autodiff());
                for ((x, a), b) in points.iter().zip(values(&device)).zip(composed) {
                    if function == Function::ExpFlushed && *x > 1.0 {
                        continue;
                    }
                    assert!(
                        (a - b).abs() <= tolerance * (1.0 + b.abs()),
                        "{function:?} {dtype:?} at {x}: {a} and {b}"
                    );
                }
            }
        }
    }
}
