//! The processor's kernels for the pair products of message passing; what each computes is said in
//! [`super::pairs`].

#![expect(
    clippy::inline_always,
    reason = "a loop is compiled for the processor's vector instructions only inside the function that `pulp` calls"
)]

use burn::tensor::{DType, Tensor};

use super::{
    Grouped, Pairs,
    flex::{RowKernel, Scalar, by_dtype, fill, host, items, row, wrap},
};

/// `out[i, m, c] = Σ over pairs (i, j) of w[filter, c] x[j, m, c]`.
pub(super) fn convolve(x: &Tensor<3>, w: &Tensor<2>, pairs: &Pairs) -> Option<Tensor<3>> {
    struct Kernel<'a, T> {
        x: &'a [T],
        w: &'a [T],
        filter: &'a [u32],
        grouped: &'a Grouped,
        neighbour: &'a [u32],
        channels: usize,
    }
    impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
        #[inline(always)]
        fn row(&self, r: usize, out: &mut [T]) {
            for &e in items(self.grouped, r) {
                let x = row(self.x, self.neighbour[e as usize] as usize, out.len());
                let w = row(self.w, self.filter[e as usize] as usize, self.channels);
                for (out, x) in out
                    .chunks_exact_mut(self.channels)
                    .zip(x.chunks_exact(self.channels))
                {
                    for ((o, &x), &w) in out.iter_mut().zip(x).zip(w) {
                        *o += w * x;
                    }
                }
            }
        }
    }
    let [_, m, c] = x.dims();
    let shape = [pairs.centre.count(), m, c];
    let (x, w) = (host(x)?, host(w)?);
    by_dtype!(x, T => {
        let kernel = Kernel {
            x: x.slice::<T>(),
            w: w.slice::<T>(),
            filter: pairs.filter.rows(),
            grouped: pairs.centre.grouped(),
            neighbour: pairs.neighbour.rows(),
            channels: c,
        };
        wrap(fill(&kernel, shape[0], m * c, pairs.len() * m * c), shape)
    })
}

/// `out[filter, c] = Σ over its pairs of Σ_m g[i, m, c] x[j, m, c]`.
pub(super) fn correlate(g: &Tensor<3>, x: &Tensor<3>, pairs: &Pairs) -> Option<Tensor<2>> {
    struct Kernel<'a, T> {
        g: &'a [T],
        x: &'a [T],
        grouped: &'a Grouped,
        centre: &'a [u32],
        neighbour: &'a [u32],
        components: usize,
    }
    impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
        #[inline(always)]
        fn row(&self, h: usize, out: &mut [T]) {
            let c = out.len();
            let length = self.components * c;
            for &e in items(self.grouped, h) {
                let g = row(self.g, self.centre[e as usize] as usize, length);
                let x = row(self.x, self.neighbour[e as usize] as usize, length);
                for (g, x) in g.chunks_exact(c).zip(x.chunks_exact(c)) {
                    for ((o, &g), &x) in out.iter_mut().zip(g).zip(x) {
                        *o += g * x;
                    }
                }
            }
        }
    }
    let [_, m, c] = x.dims();
    let h = pairs.filter.count();
    let (g, x) = (host(g)?, host(x)?);
    by_dtype!(x, T => {
        let kernel = Kernel {
            g: g.slice::<T>(),
            x: x.slice::<T>(),
            grouped: pairs.filter.grouped(),
            centre: pairs.centre.rows(),
            neighbour: pairs.neighbour.rows(),
            components: m,
        };
        wrap(fill(&kernel, h, c, pairs.len() * m * c), [h, c])
    })
}

/// `out[i, m, c] = Σ over pairs (i, j) of u[pair, m] w[filter, c] x[j, c]`.
pub(super) fn spread(
    u: &Tensor<2>,
    x: &Tensor<2>,
    w: &Tensor<2>,
    pairs: &Pairs,
) -> Option<Tensor<3>> {
    struct Kernel<'a, T> {
        u: &'a [T],
        x: &'a [T],
        w: &'a [T],
        filter: &'a [u32],
        grouped: &'a Grouped,
        neighbour: &'a [u32],
        channels: usize,
        components: usize,
    }
    impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
        #[inline(always)]
        fn row(&self, r: usize, out: &mut [T]) {
            for &e in items(self.grouped, r) {
                let e = e as usize;
                let x = row(self.x, self.neighbour[e] as usize, self.channels);
                let w = row(self.w, self.filter[e] as usize, self.channels);
                let u = row(self.u, e, self.components);
                for (out, &u) in out.chunks_exact_mut(self.channels).zip(u) {
                    for ((o, &x), &w) in out.iter_mut().zip(x).zip(w) {
                        *o += u * (x * w);
                    }
                }
            }
        }
    }
    let [_, m] = u.dims();
    let [_, c] = x.dims();
    let shape = [pairs.centre.count(), m, c];
    let (u, x, w) = (host(u)?, host(x)?, host(w)?);
    by_dtype!(x, T => {
        let kernel = Kernel {
            u: u.slice::<T>(),
            x: x.slice::<T>(),
            w: w.slice::<T>(),
            filter: pairs.filter.rows(),
            grouped: pairs.centre.grouped(),
            neighbour: pairs.neighbour.rows(),
            channels: c,
            components: m,
        };
        wrap(fill(&kernel, shape[0], m * c, pairs.len() * m * c), shape)
    })
}

/// `out[pair, m] = Σ_c g[i, m, c] x[j, c] w[filter, c]`.
pub(super) fn spread_to_components(
    g: &Tensor<3>,
    x: &Tensor<2>,
    w: &Tensor<2>,
    pairs: &Pairs,
) -> Option<Tensor<2>> {
    struct Kernel<'a, T> {
        g: &'a [T],
        x: &'a [T],
        w: &'a [T],
        filter: &'a [u32],
        centre: &'a [u32],
        neighbour: &'a [u32],
        channels: usize,
    }
    impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
        #[inline(always)]
        fn row(&self, e: usize, out: &mut [T]) {
            const LANES: usize = 16;
            let c = self.channels;
            let g = row(self.g, self.centre[e] as usize, out.len() * c);
            let x = row(self.x, self.neighbour[e] as usize, c);
            let w = row(self.w, self.filter[e] as usize, c);
            for (o, g) in out.iter_mut().zip(g.chunks_exact(c)) {
                // A sum in separate lanes, because the compiler may not reorder a float sum itself.
                let mut lanes = [T::ZERO; LANES];
                let whole = c - c % LANES;
                for ((g, x), w) in g[..whole]
                    .chunks_exact(LANES)
                    .zip(x[..whole].chunks_exact(LANES))
                    .zip(w[..whole].chunks_exact(LANES))
                {
                    for l in 0..LANES {
                        lanes[l] += g[l] * x[l] * w[l];
                    }
                }
                let mut sum = T::ZERO;
                for l in lanes {
                    sum += l;
                }
                for k in whole..c {
                    sum += g[k] * x[k] * w[k];
                }
                *o = sum;
            }
        }
    }
    let [_, m, c] = g.dims();
    let e = pairs.len();
    let (g, x, w) = (host(g)?, host(x)?, host(w)?);
    by_dtype!(x, T => {
        let kernel = Kernel {
            g: g.slice::<T>(),
            x: x.slice::<T>(),
            w: w.slice::<T>(),
            filter: pairs.filter.rows(),
            centre: pairs.centre.rows(),
            neighbour: pairs.neighbour.rows(),
            channels: c,
        };
        wrap(fill(&kernel, e, m, e * m * c), [e, m])
    })
}

/// `out[j, c] = Σ over pairs (i, j) of w[filter, c] Σ_m u[pair, m] g[i, m, c]`.
pub(super) fn spread_to_neighbours(
    g: &Tensor<3>,
    u: &Tensor<2>,
    w: &Tensor<2>,
    pairs: &Pairs,
) -> Option<Tensor<2>> {
    struct Kernel<'a, T> {
        g: &'a [T],
        u: &'a [T],
        w: &'a [T],
        filter: &'a [u32],
        grouped: &'a Grouped,
        centre: &'a [u32],
        components: usize,
    }
    impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
        #[inline(always)]
        fn row(&self, j: usize, out: &mut [T]) {
            let c = out.len();
            for &e in items(self.grouped, j) {
                let e = e as usize;
                let g = row(self.g, self.centre[e] as usize, self.components * c);
                let w = row(self.w, self.filter[e] as usize, c);
                for (g, &u) in g.chunks_exact(c).zip(row(self.u, e, self.components)) {
                    for ((o, &g), &w) in out.iter_mut().zip(g).zip(w) {
                        *o += u * (g * w);
                    }
                }
            }
        }
    }
    let [_, m, c] = g.dims();
    let shape = [pairs.neighbour.count(), c];
    let (g, u, w) = (host(g)?, host(u)?, host(w)?);
    by_dtype!(g, T => {
        let kernel = Kernel {
            g: g.slice::<T>(),
            u: u.slice::<T>(),
            w: w.slice::<T>(),
            filter: pairs.filter.rows(),
            grouped: pairs.neighbour.grouped(),
            centre: pairs.centre.rows(),
            components: m,
        };
        wrap(fill(&kernel, shape[0], c, pairs.len() * m * c), shape)
    })
}

/// `out[filter, c] = Σ over its pairs of x[j, c] Σ_m u[pair, m] g[i, m, c]`.
pub(super) fn spread_to_pairs(
    g: &Tensor<3>,
    u: &Tensor<2>,
    x: &Tensor<2>,
    pairs: &Pairs,
) -> Option<Tensor<2>> {
    struct Kernel<'a, T> {
        g: &'a [T],
        u: &'a [T],
        x: &'a [T],
        grouped: &'a Grouped,
        centre: &'a [u32],
        neighbour: &'a [u32],
        components: usize,
    }
    impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
        #[inline(always)]
        fn row(&self, h: usize, out: &mut [T]) {
            let c = out.len();
            for &e in items(self.grouped, h) {
                let e = e as usize;
                let g = row(self.g, self.centre[e] as usize, self.components * c);
                let x = row(self.x, self.neighbour[e] as usize, c);
                for (g, &u) in g.chunks_exact(c).zip(row(self.u, e, self.components)) {
                    for ((o, &g), &x) in out.iter_mut().zip(g).zip(x) {
                        *o += u * (g * x);
                    }
                }
            }
        }
    }
    let [_, m, c] = g.dims();
    let h = pairs.filter.count();
    let (g, u, x) = (host(g)?, host(u)?, host(x)?);
    by_dtype!(x, T => {
        let kernel = Kernel {
            g: g.slice::<T>(),
            u: u.slice::<T>(),
            x: x.slice::<T>(),
            grouped: pairs.filter.grouped(),
            centre: pairs.centre.rows(),
            neighbour: pairs.neighbour.rows(),
            components: m,
        };
        wrap(fill(&kernel, h, c, pairs.len() * m * c), [h, c])
    })
}
