//! The backward pass of some sequences: the MLP, then attention.

use std::ops::Range;

use super::kept::Slices;
use super::{BlockOp, TILE};
use crate::cpu::attention::{AttendBackward, Scratch};
use crate::cpu::gemm::{Into, Matrix, matmul};
use crate::cpu::math::GeluBackward;
use crate::cpu::norm::{AddRows, NormaliseBackward, Renormalise};

impl BlockOp {
    #[expect(
        clippy::too_many_lines,
        reason = "one pass backwards through the block, in the order of its equations"
    )]
    /// Turns `stream`, the gradient of the output, into that of the input, and adds those of the parameters to `total`.
    pub(super) fn backward_part(
        &self,
        inputs: &[&[f32]; 12],
        range: Range<usize>,
        kept: &mut Slices<'_>,
        stream: &mut [f32],
        total: &mut [Vec<f32>; 11],
    ) {
        let [
            x,
            scale_1,
            shift_1,
            qkv,
            output,
            _,
            scale_2,
            shift_2,
            fc,
            _,
            project,
            _,
        ] = *inputs;
        let [
            d_scale_1,
            d_shift_1,
            d_qkv,
            d_output,
            d_output_shift,
            d_scale_2,
            d_shift_2,
            d_fc,
            d_fc_shift,
            d_project,
            d_project_shift,
        ] = total;
        let (t, c, f) = (self.length, self.width, self.hidden);
        let arch = pulp::Arch::new();
        let n = range.len() * t;
        let x = &x[range.start * t * c..range.end * t * c];

        arch.dispatch(AddRows {
            rows: stream,
            total: d_project_shift,
        });
        let mut normed = vec![0.0; n * c];
        let mut d_normed = vec![0.0; n * c];
        arch.dispatch(Renormalise {
            x: kept.middle,
            weight: scale_2,
            bias: shift_2,
            out: &mut normed,
            statistics: kept.statistics[1],
        });
        let tile = TILE.min(n);
        let mut active = vec![0.0; tile * f];
        let mut slopes = vec![0.0; tile * f];
        for start in (0..n).step_by(TILE) {
            let end = (start + TILE).min(n);
            let m = end - start;
            let (active, slopes) = (&mut active[..m * f], &mut slopes[..m * f]);
            let gradient = Matrix::rows(&stream[start * c..end * c], c);
            matmul(
                slopes,
                [m, f, c],
                gradient,
                Matrix::rows(project, f),
                Into::Set,
            );
            arch.dispatch(GeluBackward {
                x: &kept.inner[start * f..end * f],
                out: active,
                gradient: slopes,
            });
            matmul(
                d_project,
                [c, f, m],
                gradient.transposed(),
                Matrix::rows(active, f),
                Into::Add,
            );
            arch.dispatch(AddRows {
                rows: slopes,
                total: d_fc_shift,
            });
            let slopes = Matrix::rows(slopes, f);
            let normed = Matrix::rows(&normed[start * c..end * c], c);
            matmul(d_fc, [f, c, m], slopes.transposed(), normed, Into::Add);
            let out = &mut d_normed[start * c..end * c];
            matmul(out, [m, c, f], slopes, Matrix::rows(fc, c), Into::Set);
        }
        arch.dispatch(NormaliseBackward {
            x: kept.middle,
            weight: scale_2,
            statistics: kept.statistics[1],
            gradient: &d_normed,
            out: stream,
            weight_gradient: d_scale_2,
            bias_gradient: d_shift_2,
        });

        arch.dispatch(AddRows {
            rows: stream,
            total: d_output_shift,
        });
        let gradient = Matrix::rows(stream, c);
        let attended = Matrix::rows(kept.attended, c);
        matmul(
            d_output,
            [c, c, n],
            gradient.transposed(),
            attended,
            Into::Add,
        );
        matmul(
            &mut d_normed,
            [n, c, c],
            gradient,
            Matrix::rows(output, c),
            Into::Set,
        );
        let mut d_heads = vec![0.0; n * 3 * c];
        let mut scratch = Scratch::default();
        for (index, row) in range.enumerate() {
            let wide = index * t * 3 * c..(index + 1) * t * 3 * c;
            let thin = index * t * c..(index + 1) * t * c;
            arch.dispatch(AttendBackward {
                heads: self.head_shape(row),
                qkv: &kept.qkv[wide.clone()],
                out: &kept.attended[thin.clone()],
                log_sums: &kept.log_sums[index * t * self.heads..(index + 1) * t * self.heads],
                gradient: &d_normed[thin],
                qkv_gradient: &mut d_heads[wide],
                scratch: &mut scratch,
            });
        }
        arch.dispatch(Renormalise {
            x,
            weight: scale_1,
            bias: shift_1,
            out: &mut normed,
            statistics: kept.statistics[0],
        });
        let gradient = Matrix::rows(&d_heads, 3 * c);
        matmul(
            d_qkv,
            [3 * c, c, n],
            gradient.transposed(),
            Matrix::rows(&normed, c),
            Into::Add,
        );
        matmul(
            &mut d_normed,
            [n, c, 3 * c],
            gradient,
            Matrix::rows(qkv, c),
            Into::Set,
        );
        arch.dispatch(NormaliseBackward {
            x,
            weight: scale_1,
            statistics: kept.statistics[0],
            gradient: &d_normed,
            out: stream,
            weight_gradient: d_scale_1,
            bias_gradient: d_shift_1,
        });
    }
}
