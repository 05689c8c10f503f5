//! Functions of one number, tabulated: a cubic polynomial for each interval and channel, and its exact
//! derivatives.
//!
//! A network whose only input is a distance is a table for whoever does not train it. Because every
//! derivative here is that of the same polynomials, energies and forces made with a table are
//! consistent to the last digit, however coarse it is.

use std::sync::Arc;

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::Var;

/// C functions on evenly spaced knots from zero to an end, cubic in between with continuous first and
/// second derivatives, and zero from the end on.
#[derive(Debug, Clone)]
pub struct Table {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Polynomials `[intervals, 4, C]` in the place within an interval from 0 to 1, lowest power first.
    polynomials: Vec<f64>,
    /// The same in float32.
    narrow: Vec<f32>,
    intervals: usize,
    channels: usize,
    /// Intervals per unit of length.
    density: f64,
}

impl Table {
    /// The spline through values at evenly spaced knots, of which the first is at zero and the last at
    /// `end`. At the end value and slope are zero; at zero the third derivative is that of the first four
    /// values.
    ///
    /// `values` are `[intervals + 1, channels]`.
    ///
    /// # Panics
    /// If there are fewer than four intervals, or another number of values.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to float32 is what the narrow copy is for"
    )]
    pub fn spline(values: &[f64], channels: usize, end: f64) -> Self {
        let knots = values.len() / channels;
        assert_eq!(
            knots * channels,
            values.len(),
            "a value per knot and channel"
        );
        assert!(knots > 4, "a spline has at least four intervals");
        let intervals = knots - 1;
        let mut polynomials = vec![0.0; intervals * 4 * channels];
        for c in 0..channels {
            let y: Vec<f64> = (0..knots)
                .map(|k| {
                    if k == intervals {
                        0.0
                    } else {
                        values[k * channels + c]
                    }
                })
                .collect();
            let slopes = slopes(&y);
            for k in 0..intervals {
                let rise = y[k + 1] - y[k];
                let (s, t) = (slopes[k], slopes[k + 1]);
                let of_interval = [y[k], s, 3.0 * rise - 2.0 * s - t, s + t - 2.0 * rise];
                for (power, coefficient) in of_interval.into_iter().enumerate() {
                    polynomials[(4 * k + power) * channels + c] = coefficient;
                }
            }
        }
        Self {
            shared: Arc::new(Shared {
                narrow: polynomials.iter().map(|x| *x as f32).collect(),
                polynomials,
                intervals,
                channels,
                density: intervals as f64 / end,
            }),
        }
    }

    /// The place of x, or `None` beyond the end, where all is zero.
    #[must_use]
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of an interval"
    )]
    pub fn place(&self, x: f64) -> Option<Location> {
        let along = (x * self.shared.density).max(0.0);
        let interval = along as usize;
        (interval < self.shared.intervals).then_some(Location {
            interval,
            t: along - interval as f64,
        })
    }

    /// The coefficients of all channels around a place in float32, lowest power first, `[4, C]`.
    #[must_use]
    #[inline]
    pub fn coefficients(&self, place: Location) -> [&[f32]; 4] {
        self.parts(&self.shared.narrow, place)
    }

    #[inline]
    fn parts<'a, T>(&self, polynomials: &'a [T], place: Location) -> [&'a [T]; 4] {
        let c = self.shared.channels;
        let block = &polynomials[4 * c * place.interval..][..4 * c];
        std::array::from_fn(|power| &block[power * c..][..c])
    }

    /// What the coefficients of a place are multiplied by to give the derivative of an order.
    #[must_use]
    #[inline]
    pub fn powers(&self, place: Location, order: u32) -> [f64; 4] {
        let t = place.t;
        let scale = self.shared.density.powi(order.cast_signed());
        match order {
            0 => [1.0, t, t * t, t * t * t],
            1 => [0.0, scale, 2.0 * t * scale, 3.0 * t * t * scale],
            2 => [0.0, 0.0, 2.0 * scale, 6.0 * t * scale],
            3 => [0.0, 0.0, 0.0, 6.0 * scale],
            _ => [0.0; 4],
        }
    }
}

/// An interval of a [`Table`] and where in it, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub struct Location {
    interval: usize,
    t: f64,
}

/// Slopes per interval of the spline with continuous second derivatives through `y`.
///
/// Known slopes at both ends make the system of equations tridiagonal: s₋ + 4 s + s₊ = 3 (y₊ − y₋).
fn slopes(y: &[f64]) -> Vec<f64> {
    let last = y.len() - 1;
    let mut slope = vec![0.0; y.len()];
    // The derivative at zero of the cubic polynomial through the first four values.
    slope[0] = -11.0 / 6.0 * y[0] + 3.0 * y[1] - 1.5 * y[2] + y[3] / 3.0;
    let mut above = vec![0.0; y.len()];
    for k in 1..last {
        let pivot = 4.0 - above[k - 1];
        above[k] = 1.0 / pivot;
        slope[k] = (3.0 * (y[k + 1] - y[k - 1]) - slope[k - 1]) / pivot;
    }
    for k in (1..last).rev() {
        slope[k] -= above[k] * slope[k + 1];
    }
    slope
}

impl Var<2> {
    /// The tabulated functions at each number.
    ///
    /// # Shapes
    /// - `self`: `[H, 1]`
    /// - output: `[H, C]`
    #[must_use]
    pub fn look_up(&self, table: &Table) -> Self {
        derivative(self, table, 0)
    }
}

/// The derivative of an order of the functions at each x, `[H, C]`.
fn derivative(x: &Var<2>, table: &Table, order: u32) -> Var<2> {
    let value = rows(&x.value, table, order);
    Var::<2>::record(value, &[x.place()], || {
        let (x, table) = (x.clone(), table.clone());
        move |gradients, g: Var<2>| gradients.add(&x, || along(&g, &x, &table, order + 1))
    })
}

/// Σ over channels of g times the derivative of an order, `[H, 1]`.
fn along(g: &Var<2>, x: &Var<2>, table: &Table, order: u32) -> Var<2> {
    let value = sums(&g.value, &x.value, table, order);
    Var::<2>::record(value, &[g.place(), x.place()], || {
        let (g, x, table) = (g.clone(), x.clone(), table.clone());
        move |gradients, h: Var<2>| {
            gradients.add(&g, || derivative(&x, &table, order).mul(&h));
            gradients.add(&x, || along(&g, &x, &table, order + 1).mul(&h));
        }
    })
}

fn rows(x: &Tensor<2>, table: &Table, order: u32) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if let Some(out) = on_flex::rows(x, table, order) {
        return out;
    }
    composed(x, table, order)
}

fn sums(g: &Tensor<2>, x: &Tensor<2>, table: &Table, order: u32) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if let Some(out) = on_flex::sums(g, x, table, order) {
        return out;
    }
    (g.clone() * composed(x, table, order)).sum_dim(1)
}

/// The same from Burn's operations, for other devices.
fn composed(x: &Tensor<2>, table: &Table, order: u32) -> Tensor<2> {
    let numbers: Vec<f64> = x
        .to_data()
        .convert::<f64>()
        .try_into_vec()
        .expect("a float tensor converts to float64");
    let (device, dtype, count): (Device, DType, usize) = (x.device(), x.dtype(), numbers.len());
    let places: Vec<_> = numbers.iter().map(|&x| table.place(x)).collect();
    let intervals: Vec<i64> = places
        .iter()
        .map(|place| place.map_or(0, |at| i64::try_from(at.interval).expect("few intervals")))
        .collect();
    let intervals = Tensor::from_data(TensorData::new(intervals, [count]), &device);
    let weights: Vec<f64> = places
        .iter()
        .flat_map(|place| place.map_or([0.0; 4], |at| table.powers(at, order)))
        .collect();
    let weights = Tensor::<3>::from_data(TensorData::new(weights, [count, 4, 1]), (&device, dtype));
    let shared = &table.shared;
    let shape = [shared.intervals, 4, shared.channels];
    let data = TensorData::new(shared.polynomials.clone(), shape);
    let polynomials = Tensor::<3>::from_data(data, (&device, dtype)).select(0, intervals);
    (polynomials * weights).sum_dim(1).squeeze_dim(1)
}

#[cfg(feature = "flex")]
#[expect(
    clippy::inline_always,
    reason = "a loop is compiled for the processor's vector instructions only inside the function that `pulp` calls"
)]
mod on_flex {
    use burn::tensor::{DType, Tensor};

    use super::Table;
    use crate::segment::flex::{RowKernel, Scalar, by_dtype, fill, host, wrap};

    /// What the kernels need of a float type.
    trait Real: Scalar {
        fn polynomials(table: &Table) -> &[Self];
        fn number(self) -> f64;
        fn of(x: f64) -> Self;
    }

    impl Real for f32 {
        fn polynomials(table: &Table) -> &[Self] {
            &table.shared.narrow
        }
        fn number(self) -> f64 {
            self.into()
        }
        #[expect(clippy::cast_possible_truncation, reason = "rounding to float32")]
        fn of(x: f64) -> Self {
            x as f32
        }
    }

    impl Real for f64 {
        fn polynomials(table: &Table) -> &[Self] {
            &table.shared.polynomials
        }
        fn number(self) -> f64 {
            self
        }
        fn of(x: f64) -> Self {
            x
        }
    }

    /// Where the coefficients of a number are and what they are multiplied by.
    fn at<T: Real>(table: &Table, x: T, order: u32) -> Option<([&[T]; 4], [T; 4])> {
        let place = table.place(x.number())?;
        let coefficients = table.parts(T::polynomials(table), place);
        Some((coefficients, table.powers(place, order).map(T::of)))
    }

    struct Rows<'a, T> {
        x: &'a [T],
        table: &'a Table,
        order: u32,
    }

    impl<T: Real> RowKernel<T> for Rows<'_, T> {
        #[inline(always)]
        fn row(&self, r: usize, out: &mut [T]) {
            let Some(([a, b, c, d], [p, q, r, s])) = at(self.table, self.x[r], self.order) else {
                return;
            };
            for ((((o, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *o = p * a + q * b + r * c + s * d;
            }
        }
    }

    struct Sums<'a, T> {
        g: &'a [T],
        rows: Rows<'a, T>,
    }

    impl<T: Real> RowKernel<T> for Sums<'_, T> {
        #[inline(always)]
        fn row(&self, r: usize, out: &mut [T]) {
            // Several sums side by side, because the order of additions in one is fixed.
            const LANES: usize = 16;
            let rows = &self.rows;
            let Some(([a, b, c, d], [p, q, v, s])) = at(rows.table, rows.x[r], rows.order) else {
                return;
            };
            let length = a.len();
            let g = &self.g[r * length..][..length];
            let mut lanes = [T::ZERO; LANES];
            let whole = length - length % LANES;
            for k in (0..whole).step_by(LANES) {
                for (lane, sum) in lanes.iter_mut().enumerate() {
                    let k = k + lane;
                    *sum += g[k] * (p * a[k] + q * b[k] + v * c[k] + s * d[k]);
                }
            }
            for k in whole..length {
                lanes[k - whole] += g[k] * (p * a[k] + q * b[k] + v * c[k] + s * d[k]);
            }
            for lane in lanes {
                out[0] += lane;
            }
        }
    }

    pub(super) fn rows(x: &Tensor<2>, table: &Table, order: u32) -> Option<Tensor<2>> {
        let [h, _] = x.dims();
        let c = table.shared.channels;
        let x = host(x)?;
        by_dtype!(x, T => {
            let kernel = Rows { x: x.slice::<T>(), table, order };
            wrap(fill(&kernel, h, c, 4 * h * c), [h, c])
        })
    }

    pub(super) fn sums(
        g: &Tensor<2>,
        x: &Tensor<2>,
        table: &Table,
        order: u32,
    ) -> Option<Tensor<2>> {
        let [h, _] = x.dims();
        let work = 5 * h * table.shared.channels;
        let (g, x) = (host(g)?, host(x)?);
        by_dtype!(x, T => {
            let rows = Rows { x: x.slice::<T>(), table, order };
            wrap(fill(&Sums { g: g.slice::<T>(), rows }, h, 1, work), [h, 1])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{check, flex, numbers, tensor},
        *,
    };

    /// (1 − x²)² cos(k x) for k = 1, …, C up to one.
    fn table(intervals: usize, channels: usize) -> Table {
        let values: Vec<f64> = (0..=intervals)
            .flat_map(|knot| {
                let x = knot as f64 / intervals as f64;
                (1..=channels).map(move |k| (1.0 - x * x).powi(2) * (k as f64 * x).cos())
            })
            .collect();
        Table::spline(&values, channels, 1.0)
    }

    #[test]
    fn a_table_is_the_function_and_zero_beyond_its_end() {
        for (intervals, tolerance) in [(32, 2e-5), (128, 8e-8)] {
            let table = table(intervals, 3);
            for n in 0..200_u32 {
                let x = f64::from(n) * 0.00731;
                let input = Tensor::<2>::from_data([[x]], (&flex(), DType::F64));
                let got: Vec<f64> = rows(&input, &table, 0).into_data().try_to_vec().unwrap();
                for (k, got) in (1..).zip(got) {
                    let inside = if x < 1.0 { (1.0 - x * x).powi(2) } else { 0.0 };
                    let expected = inside * (f64::from(k) * x).cos();
                    assert!(
                        (got - expected).abs() < tolerance,
                        "{k} at {x}: {got} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn derivatives_of_a_table_are_those_of_what_it_gives() {
        let table = table(5, 19);
        // Places between knots, where third derivatives do not jump.
        check("look_up", [3, 1], |x| {
            x.scale(0.02).shift(0.33).look_up(&table).square()
        });
        // Small numbers, because the sums are large against the step of the differences.
        let g = Var::constant(tensor(&numbers(3 * 19, 3), [3, 19])).scale(0.05);
        check("along by x", [3, 1], |x| {
            along(&g, &x.scale(0.02).shift(0.33), &table, 1).square()
        });
        let x = Var::constant(tensor(&[0.11, 0.52, 0.95], [3, 1]));
        check("along by g", [3, 19], |g| {
            along(&g.scale(0.05), &x, &table, 1).square()
        });
    }

    #[test]
    fn the_kernels_agree_with_burns_operations() {
        let table = table(16, 21);
        let x = tensor(&[0.0, 0.06, 0.5, 0.99, 1.0, 7.0], [6, 1]);
        let g = tensor(&numbers(6 * 21, 5), [6, 21]);
        for order in 0..4 {
            let pairs = [
                (rows(&x, &table, order), composed(&x, &table, order)),
                (
                    sums(&g, &x, &table, order),
                    (g.clone() * composed(&x, &table, order)).sum_dim(1),
                ),
            ];
            for (ours, burns) in pairs {
                let [ours, burns]: [Vec<f64>; 2] =
                    [ours, burns].map(|t| t.into_data().try_to_vec().unwrap());
                for (a, b) in ours.iter().zip(burns) {
                    assert!((a - b).abs() < 1e-9 * (1.0 + b.abs()), "{order}: {a} {b}");
                }
            }
        }
    }
}
