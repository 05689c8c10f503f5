//! The forward pass of some sequences.

use std::ops::Range;

use super::kept::Slices;
use super::{BlockOp, TILE};
use crate::cpu::attention::{Attend, Scratch};
use crate::cpu::gemm::{Into, Matrix, matmul};
use crate::cpu::math::Gelu;
use crate::cpu::norm::{Normalise, start_rows};

impl BlockOp {
    /// Fills `kept`, and `out` where it is given, for sequences `range`.
    pub(super) fn forward_part(
        &self,
        inputs: &[&[f32]; 12],
        range: Range<usize>,
        out: Option<&mut [f32]>,
        kept: &mut Slices<'_>,
    ) {
        let [
            x,
            scale_1,
            shift_1,
            qkv,
            output,
            output_shift,
            scale_2,
            shift_2,
            fc,
            fc_shift,
            project,
            project_shift,
        ] = *inputs;
        let (t, c, f) = (self.length, self.width, self.hidden);
        let arch = pulp::Arch::new();
        let n = range.len() * t;
        let x = &x[range.start * t * c..range.end * t * c];
        let mut normed = vec![0.0; n * c];
        arch.dispatch(Normalise {
            x,
            weight: scale_1,
            bias: shift_1,
            epsilon: self.epsilon,
            out: &mut normed,
            statistics: kept.statistics[0],
        });
        let product = Matrix::rows(qkv, c).transposed();
        matmul(
            kept.qkv,
            [n, 3 * c, c],
            Matrix::rows(&normed, c),
            product,
            Into::Set,
        );
        let mut scratch = Scratch::default();
        for (index, row) in range.enumerate() {
            arch.dispatch(Attend {
                heads: self.head_shape(row),
                qkv: &kept.qkv[index * t * 3 * c..(index + 1) * t * 3 * c],
                out: &mut kept.attended[index * t * c..(index + 1) * t * c],
                log_sums: &mut kept.log_sums[index * t * self.heads..(index + 1) * t * self.heads],
                scratch: &mut scratch,
            });
        }
        start_rows(kept.middle, output_shift, Some(x));
        let product = Matrix::rows(output, c).transposed();
        matmul(
            kept.middle,
            [n, c, c],
            Matrix::rows(kept.attended, c),
            product,
            Into::Add,
        );
        arch.dispatch(Normalise {
            x: kept.middle,
            weight: scale_2,
            bias: shift_2,
            epsilon: self.epsilon,
            out: &mut normed,
            statistics: kept.statistics[1],
        });
        let mut active = vec![0.0; TILE.min(n) * f];
        let mut out = out;
        if let Some(out) = &mut out {
            start_rows(out, project_shift, Some(kept.middle));
        }
        for start in (0..n).step_by(TILE) {
            let end = (start + TILE).min(n);
            let m = end - start;
            let inner = &mut kept.inner[start * f..end * f];
            start_rows(inner, fc_shift, None);
            let product = Matrix::rows(fc, c).transposed();
            let normed = Matrix::rows(&normed[start * c..end * c], c);
            matmul(inner, [m, f, c], normed, product, Into::Add);
            if let Some(out) = &mut out {
                let active = &mut active[..m * f];
                arch.dispatch(Gelu {
                    x: inner,
                    out: active,
                });
                let product = Matrix::rows(project, f).transposed();
                let out = &mut out[start * c..end * c];
                matmul(out, [m, c, f], Matrix::rows(active, f), product, Into::Add);
            }
        }
    }
}
