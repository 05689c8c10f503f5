//! A matrix per row and channel, applied to every item of the row; see [`crate::segment::blocks`].

use super::Var;
use crate::segment::{
    Index,
    blocks::{self, Side},
};

impl Var<3> {
    /// Applies to each item the matrices of its row, channel by channel, summing over one of their
    /// indices; `self` is the items.
    ///
    /// # Shapes
    /// - `self`: `[E, I, C]` or, over the second index, `[E, K, C]`
    /// - `matrices`: `[N, I·K, C]`
    /// - output: `[E, K, C]` or `[E, I, C]`
    #[must_use]
    pub fn through(&self, matrices: &Self, index: &Index, side: Side) -> Self {
        let value = blocks::apply(&matrices.value, &self.value, index, side);
        Self::record(value, &[self.place(), matrices.place()], || {
            let (x, b, index) = (self.clone(), matrices.clone(), index.clone());
            move |gradients, g: Self| {
                gradients.add(&x, || g.through(&b, &index, side.other()));
                gradients.add(&b, || match side {
                    Side::First => x.outer_sum(&g, &index),
                    Side::Second => g.outer_sum(&x, &index),
                });
            }
        })
    }

    /// `out[n, i, k, c] = Σ_{e of n} x[e, i, c] y[e, k, c]`: the matrices that [`Var::through`]
    /// applies, made from pairs of items.
    ///
    /// # Shapes
    /// - `self`: x `[E, I, C]`, `other`: y `[E, K, C]`
    /// - output: `[N, I·K, C]`
    #[must_use]
    pub fn outer_sum(&self, other: &Self, index: &Index) -> Self {
        let value = blocks::outer(&self.value, &other.value, index);
        Self::record(value, &[self.place(), other.place()], || {
            let (x, y, index) = (self.clone(), other.clone(), index.clone());
            move |gradients, g: Self| {
                gradients.add(&x, || y.through(&g, &index, Side::Second));
                gradients.add(&y, || x.through(&g, &index, Side::First));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;

    use super::{
        super::tests::{check, flex, numbers, tensor},
        *,
    };

    #[test]
    fn matrices_of_rows_by_each_argument() {
        let index = Index::new(vec![0, 2, 2, 0, 0], 3, &flex());
        let b = Var::constant(tensor(&numbers(3 * 6 * 2, 3), [3, 6, 2]));
        let x = Var::constant(tensor(&numbers(5 * 2 * 2, 5), [5, 2, 2]));
        let y = Var::constant(tensor(&numbers(5 * 3 * 2, 7), [5, 3, 2]));
        check("first by items", [5, 2, 2], |x| {
            x.through(&b, &index, Side::First).square()
        });
        check("second by items", [5, 3, 2], |y| {
            y.through(&b, &index, Side::Second).square()
        });
        check("first by matrices", [3, 6, 2], |b| {
            x.through(b, &index, Side::First).square()
        });
        check("second by matrices", [3, 6, 2], |b| {
            y.through(b, &index, Side::Second).square()
        });
        check("outer by the first", [5, 2, 2], |x| {
            x.outer_sum(&y, &index).square()
        });
        check("outer by the second", [5, 3, 2], |y| {
            x.outer_sum(y, &index).square()
        });
    }

    #[test]
    fn the_kernels_agree_with_burns_operations() {
        let rows: Vec<u32> = (0..40).map(|k| (k * k + 3) % 7).collect();
        let run = |device: &burn::tensor::Device| -> Vec<Vec<f64>> {
            let on = |count: usize, seed, dims: [usize; 3]| {
                let data = burn::tensor::TensorData::new(numbers(count, seed), dims);
                burn::tensor::Tensor::<3>::from_data(data, (device, DType::F64))
            };
            let index = Index::new(rows.clone(), 7, device);
            let (i, k, c) = (4, 3, 19);
            let b = on(7 * i * k * c, 1, [7, i * k, c]);
            let x = on(40 * i * c, 2, [40, i, c]);
            let y = on(40 * k * c, 3, [40, k, c]);
            [
                blocks::apply(&b, &x, &index, Side::First),
                blocks::apply(&b, &y, &index, Side::Second),
                blocks::outer(&x, &y, &index),
            ]
            .map(|t| t.into_data().try_to_vec().unwrap())
            .into()
        };
        for (ours, burns) in run(&flex()).iter().zip(run(&flex().autodiff())) {
            assert_eq!(ours.len(), burns.len());
            for (a, b) in ours.iter().zip(burns) {
                assert!((a - b).abs() < 1e-13 * (1.0 + b.abs()), "{a} {b}");
            }
        }
    }
}
