//! Functions of each element; every rule is written in functions of this file, so each can be
//! differentiated as often as one likes.

use std::cell::RefCell;

use burn::tensor::Tensor;

use super::Var;
use crate::function::{self, Function};

impl<const D: usize> Var<D> {
    /// Applies a function whose derivative is a function of its argument.
    ///
    /// Both walks of a training ask for the derivative, so the first one to compute it leaves it here.
    fn map(&self, value: Tensor<D>, derivative: fn(&Self) -> Self) -> Self {
        Self::record(value, &[self.place()], || {
            let x = self.clone();
            let known: RefCell<Option<Self>> = RefCell::new(None);
            move |gradients, g| {
                gradients.add(&x, || {
                    let slope = known.borrow().clone().unwrap_or_else(|| derivative(&x));
                    // A walk that writes nothing makes a constant, which a later one must not take for
                    // the slope itself.
                    if slope.is_recorded() {
                        *known.borrow_mut() = Some(slope.clone());
                    }
                    g.mul(&slope)
                });
            }
        })
    }

    /// Applies a function whose derivative is a function of its value.
    fn map_by_value(&self, value: Tensor<D>, derivative: fn(&Self) -> Self) -> Self {
        Self::record_output(value, &[self.place()], |y| {
            let (x, y) = (self.clone(), y.clone());
            move |gradients, g| gradients.add(&x, || g.mul(&derivative(&y)))
        })
    }

    fn apply(&self, function: Function, derivative: fn(&Self) -> Self) -> Self {
        self.map(function::apply(&self.value, function), derivative)
    }

    /// `eˣ`.
    #[must_use]
    pub fn exp(&self) -> Self {
        self.map_by_value(self.value.clone().exp(), Self::clone)
    }

    /// `eˣ`, with zero below e⁻⁶⁰.
    ///
    /// Tails of Gaussians far from their centres are otherwise subnormal numbers in float32, which
    /// slow processors down thirty-fold without changing any digit of a sum.
    #[must_use]
    pub fn exp_flushed(&self) -> Self {
        self.map_by_value(
            function::apply(&self.value, Function::ExpFlushed),
            Self::clone,
        )
    }

    /// `ln x`.
    #[must_use]
    pub fn ln(&self) -> Self {
        self.map(self.value.clone().log(), Self::recip)
    }

    /// `√x`; the derivative at zero is infinite.
    #[must_use]
    pub fn sqrt(&self) -> Self {
        self.map_by_value(self.value.clone().sqrt(), |y| y.recip().scale(0.5))
    }

    /// `1/x`.
    #[must_use]
    pub fn recip(&self) -> Self {
        self.map_by_value(self.value.clone().recip(), |y| y.square().neg())
    }

    /// `x²`.
    #[must_use]
    pub fn square(&self) -> Self {
        self.map(self.value.clone() * self.value.clone(), |x| x.scale(2.0))
    }

    /// `xⁿ` for a whole n ≥ 0.
    #[must_use]
    pub fn powi(&self, n: u32) -> Self {
        match n {
            0 => Self::constant(self.value.ones_like()),
            1 => self.clone(),
            2 => self.square(),
            n => {
                let half = self.powi(n / 2).square();
                if n % 2 == 0 { half } else { half.mul(self) }
            }
        }
    }

    /// `sin x`.
    #[must_use]
    pub fn sin(&self) -> Self {
        self.map(self.value.clone().sin(), Self::cos)
    }

    /// `cos x`.
    #[must_use]
    pub fn cos(&self) -> Self {
        self.map(self.value.clone().cos(), |x| x.sin().neg())
    }

    /// `tanh x`.
    #[must_use]
    pub fn tanh(&self) -> Self {
        self.map_by_value(self.value.clone().tanh(), |y| y.square().neg().shift(1.0))
    }

    /// The error function, 2/√π ∫₀ˣ exp(−t²) dt.
    #[must_use]
    pub fn erf(&self) -> Self {
        self.map(self.value.clone().erf(), |x| {
            x.square()
                .neg()
                .exp()
                .scale(std::f64::consts::FRAC_2_SQRT_PI)
        })
    }

    /// `max(x, 0)`, with the derivative zero at zero.
    #[must_use]
    pub fn relu(&self) -> Self {
        let mask = self.value.clone().greater_elem(0.0).float();
        self.mul(&Self::constant(mask.cast(self.dtype())))
    }

    /// `1/(1 + e⁻ˣ)`.
    #[must_use]
    pub fn sigmoid(&self) -> Self {
        self.map_by_value(function::apply(&self.value, Function::Sigmoid), |y| {
            y.sub(&y.square())
        })
    }

    /// `ln(1 + eˣ)`.
    #[must_use]
    pub fn softplus(&self) -> Self {
        self.apply(Function::Softplus, Self::sigmoid)
    }

    /// `ln(1 + eˣ) − ln 2`, the activation of `SchNet` (doi:10.1063/1.5019779, eq. 3).
    #[must_use]
    pub fn shifted_softplus(&self) -> Self {
        self.apply(Function::ShiftedSoftplus, Self::sigmoid)
    }

    /// `x/(1 + e⁻ˣ)`.
    #[must_use]
    pub fn silu(&self) -> Self {
        self.apply(Function::Silu, Self::silu_slope)
    }

    /// The first derivative of [`Var::silu`], with s the sigmoid: s (1 + x (1 − s)).
    pub(super) fn silu_slope(&self) -> Self {
        self.apply(Function::SiluSlope, Self::silu_curvature)
    }

    /// The second derivative of [`Var::silu`]: s (1 − s) (2 + x (1 − 2 s)).
    ///
    /// Its own derivative is put together from simpler functions, which is slower; training on
    /// forces never asks for it.
    pub(super) fn silu_curvature(&self) -> Self {
        self.apply(Function::SiluCurvature, |x| {
            let s = x.sigmoid();
            let slope = s.sub(&s.square());
            let odd = s.scale(-2.0).shift(1.0);
            // d/dx [s' (2 + x (1 − 2 s))], with s'' = s' (1 − 2 s).
            let inner = x.mul(&odd).shift(2.0);
            let first = slope.mul(&odd).mul(&inner);
            let second = slope.mul(&odd.sub(&x.mul(&slope).scale(2.0)));
            first.add(&second)
        })
    }
}
