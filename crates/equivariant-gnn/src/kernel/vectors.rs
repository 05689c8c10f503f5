//! Rows of several parts as vector registers.

use pulp::Simd;

/// The first P parts of a row, each of `width` numbers, a multiple of the vectors' length.
#[inline(always)]
pub(super) fn parts<S: Simd, const P: usize>(row: &[f32], width: usize) -> [&[S::f32s]; P] {
    let n = width / S::F32_LANES;
    std::array::from_fn(|p| &S::as_simd_f32s(&row[p * width..][..width]).0[..n])
}

/// The same to be written to.
#[inline(always)]
pub(super) fn parts_mut<S: Simd, const P: usize>(
    row: &mut [f32],
    width: usize,
) -> [&mut [S::f32s]; P] {
    let n = width / S::F32_LANES;
    let mut rest = row.chunks_exact_mut(width);
    std::array::from_fn(|_| {
        let part = rest.next().expect("the row has as many parts");
        &mut S::as_mut_simd_f32s(part).0[..n]
    })
}
