//! Equations 7 and 8: what each atom hears from its neighbours, forward and backward.

use pulp::Simd;

use crate::kernel::{
    dense::{Dense, Into},
    fit,
    gaussians::Gaussians,
    pass::{Pass, Scratch, Work},
    vectors::{parts, parts_mut},
};

/// What a pass needs of one layer.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    /// From radial functions to the filters of a, b and, but for the first layer, c.
    pub(super) filters: &'a Dense,
    pub(super) gaussians: &'a Gaussians,
    /// C
    pub(super) width: usize,
    /// What atoms send, `[N, 5 C]`, or `[N, 2 C]` in the first layer.
    pub(super) sent: &'a [f32],
}

impl Message<'_> {
    /// Makes the filters of a tile, `[T, 3 C]` or `[T, 2 C]`, and their derivatives if they are wanted.
    fn make_filters(&self, distances: &[f64], scratch: &mut Scratch, both: bool) {
        self.gaussians.fill(distances, &mut scratch.basis, both);
        let (rows, outputs) = (distances.len(), self.filters.outputs());
        let count = if both { 2 } else { 1 };
        for (basis, out) in scratch.basis.iter().zip(&mut scratch.filters).take(count) {
            fit(out, rows * outputs);
            let basis = (&basis[..], self.gaussians.stride);
            self.filters.apply(rows, basis, (out, outputs), Into::Set);
        }
    }
}

/// Adds to features `[N, 4 C]`.
pub(super) struct Hear<'a>(pub(super) Message<'a>);

impl Pass for Hear<'_> {
    fn filters(&self, distances: &[f64], scratch: &mut Scratch) {
        self.0.make_filters(distances, scratch, false);
    }

    #[inline(always)]
    fn work<S: Simd>(&self, simd: S, work: Work<'_>) {
        if self.0.filters.outputs() == 2 * self.0.width {
            self.0.hear::<S, true>(simd, work);
        } else {
            self.0.hear::<S, false>(simd, work);
        }
    }
}

impl Message<'_> {
    #[inline(always)]
    fn hear<S: Simd, const FIRST: bool>(&self, simd: S, work: Work<'_>) {
        let c = self.width;
        let (sends, filtered) = if FIRST { (2, 2) } else { (5, 3) };
        let n = c / S::F32_LANES;
        for (i, out) in work.centres.zip(work.out.chunks_exact_mut(4 * c)) {
            let [q, x, y, z] = parts_mut::<S, 4>(out, c);
            for e in work.pairs.of(i) {
                let j = work.pairs.neighbour[e] as usize;
                let sent = &self.sent[j * sends * c..][..sends * c];
                let filter = &work.filters[work.pairs.filter(e) * filtered * c..][..filtered * c];
                let [rx, ry, rz] = work.pairs.directions[e].map(|r| simd.splat_f32s(r));
                let [a, b] = parts::<S, 2>(sent, c);
                let [fa, fb] = parts::<S, 2>(filter, c);
                if FIRST {
                    for k in 0..n {
                        q[k] = simd.mul_add_f32s(a[k], fa[k], q[k]);
                        let along = simd.mul_f32s(b[k], fb[k]);
                        x[k] = simd.mul_add_f32s(along, rx, x[k]);
                        y[k] = simd.mul_add_f32s(along, ry, y[k]);
                        z[k] = simd.mul_add_f32s(along, rz, z[k]);
                    }
                    continue;
                }
                let [cx, cy, cz] = parts::<S, 3>(&sent[2 * c..], c);
                let [fc] = parts::<S, 1>(&filter[2 * c..], c);
                for k in 0..n {
                    q[k] = simd.mul_add_f32s(a[k], fa[k], q[k]);
                    let along = simd.mul_f32s(b[k], fb[k]);
                    let fc = fc[k];
                    x[k] = simd.mul_add_f32s(cx[k], fc, simd.mul_add_f32s(along, rx, x[k]));
                    y[k] = simd.mul_add_f32s(cy[k], fc, simd.mul_add_f32s(along, ry, y[k]));
                    z[k] = simd.mul_add_f32s(cz[k], fc, simd.mul_add_f32s(along, rz, z[k]));
                }
            }
        }
    }
}

/// The way back, to gradients by what was sent, `[N, 5 C]`; the first layer has none, since features are constants there.
pub(super) struct HearBackward<'a, const FIRST: bool> {
    pub(super) message: Message<'a>,
    /// By the features after the message, `[N, 4 C]`.
    pub(super) gradient: &'a [f32],
}

impl<const FIRST: bool> Pass for HearBackward<'_, FIRST> {
    fn filters(&self, distances: &[f64], scratch: &mut Scratch) {
        self.message.make_filters(distances, scratch, true);
    }

    #[inline(always)]
    fn work<S: Simd>(&self, simd: S, work: Work<'_>) {
        let c = self.message.width;
        let (sends, filtered) = if FIRST { (2, 2) } else { (5, 3) };
        let n = c / S::F32_LANES;
        let mut by_pair = work.by_pair.iter_mut();
        let zero = simd.splat_f32s(0.0);
        for (row, i) in work.centres.enumerate() {
            let sent = &self.message.sent[i * sends * c..][..sends * c];
            let [a, b] = parts::<S, 2>(sent, c);
            for e in work.pairs.of(i) {
                let j = work.pairs.neighbour[e] as usize;
                let [gq, gx, gy, gz] = parts::<S, 4>(&self.gradient[j * 4 * c..][..4 * c], c);
                let place = work.pairs.filter(e) * filtered * c;
                let filter = &work.filters[place..place + filtered * c];
                let slope = &work.slopes[place..place + filtered * c];
                let [fa, fb] = parts::<S, 2>(filter, c);
                let [sa, sb] = parts::<S, 2>(slope, c);
                let [ux, uy, uz] = work.pairs.directions[e].map(|r| simd.splat_f32s(-r));
                let mut by_d = zero;
                let mut by_u = [zero; 3];
                if FIRST {
                    for k in 0..n {
                        let along = simd.mul_f32s(gx[k], ux);
                        let along = simd.mul_add_f32s(gy[k], uy, along);
                        let along = simd.mul_add_f32s(gz[k], uz, along);
                        by_d = simd.mul_add_f32s(simd.mul_f32s(gq[k], a[k]), sa[k], by_d);
                        by_d = simd.mul_add_f32s(simd.mul_f32s(along, b[k]), sb[k], by_d);
                        let vector = simd.mul_f32s(b[k], fb[k]);
                        by_u[0] = simd.mul_add_f32s(gx[k], vector, by_u[0]);
                        by_u[1] = simd.mul_add_f32s(gy[k], vector, by_u[1]);
                        by_u[2] = simd.mul_add_f32s(gz[k], vector, by_u[2]);
                    }
                } else {
                    let [cx, cy, cz] = parts::<S, 3>(&sent[2 * c..], c);
                    let [fc] = parts::<S, 1>(&filter[2 * c..], c);
                    let [sc] = parts::<S, 1>(&slope[2 * c..], c);
                    let out = &mut work.out[row * 5 * c..][..5 * c];
                    let [oa, ob, ox, oy, oz] = parts_mut::<S, 5>(out, c);
                    for k in 0..n {
                        let (gq, gx, gy, gz) = (gq[k], gx[k], gy[k], gz[k]);
                        let along = simd.mul_f32s(gx, ux);
                        let along = simd.mul_add_f32s(gy, uy, along);
                        let along = simd.mul_add_f32s(gz, uz, along);
                        let carried = simd.mul_f32s(gx, cx[k]);
                        let carried = simd.mul_add_f32s(gy, cy[k], carried);
                        let carried = simd.mul_add_f32s(gz, cz[k], carried);
                        by_d = simd.mul_add_f32s(simd.mul_f32s(gq, a[k]), sa[k], by_d);
                        by_d = simd.mul_add_f32s(simd.mul_f32s(along, b[k]), sb[k], by_d);
                        by_d = simd.mul_add_f32s(carried, sc[k], by_d);
                        let vector = simd.mul_f32s(b[k], fb[k]);
                        by_u[0] = simd.mul_add_f32s(gx, vector, by_u[0]);
                        by_u[1] = simd.mul_add_f32s(gy, vector, by_u[1]);
                        by_u[2] = simd.mul_add_f32s(gz, vector, by_u[2]);
                        oa[k] = simd.mul_add_f32s(gq, fa[k], oa[k]);
                        ob[k] = simd.mul_add_f32s(along, fb[k], ob[k]);
                        ox[k] = simd.mul_add_f32s(gx, fc[k], ox[k]);
                        oy[k] = simd.mul_add_f32s(gy, fc[k], oy[k]);
                        oz[k] = simd.mul_add_f32s(gz, fc[k], oz[k]);
                    }
                }
                let by_pair = by_pair.next().expect("one for each pair of the tile");
                by_pair[0] += simd.reduce_sum_f32s(by_d);
                for (sum, by_u) in by_pair[1..].iter_mut().zip(by_u) {
                    *sum += simd.reduce_sum_f32s(by_u);
                }
            }
        }
    }
}
