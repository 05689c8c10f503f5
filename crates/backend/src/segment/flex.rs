//! The processor's kernels: how rows are filled, gathered and summed by segment.
//!
//! Each kernel writes one output row at a time from whole input rows, so rows are independent: they
//! are shared out over threads when there is enough work, and the result does not depend on the
//! number of threads. The inner loops are plain slices of C channels that the compiler vectorises
//! for the instruction set that `pulp` finds at run time.

#![expect(
    clippy::inline_always,
    reason = "a loop is compiled for the processor's vector instructions only inside the function that `pulp` calls"
)]

use burn::{
    backend::{Flex, flex::FlexTensor},
    tensor::{DType, Tensor, TensorData},
};
use rayon::prelude::*;

use super::{Grouped, Index};

/// Multiply-adds below which handing rows to threads costs more than it brings.
const PARALLEL_WORK: usize = 1 << 18;

/// The float types that the kernels are written for.
pub(crate) trait Scalar:
    burn::tensor::Element
    + Copy
    + Send
    + Sync
    + std::ops::Add<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::AddAssign
{
    const ZERO: Self;
    fn storage(tensor: &FlexTensor) -> &[Self];
}

impl Scalar for f32 {
    const ZERO: Self = 0.0;
    fn storage(tensor: &FlexTensor) -> &[Self] {
        tensor.storage()
    }
}

impl Scalar for f64 {
    const ZERO: Self = 0.0;
    fn storage(tensor: &FlexTensor) -> &[Self] {
        tensor.storage()
    }
}

/// A tensor of the flex device with its elements in row-major order.
pub(crate) struct Host(FlexTensor);

impl Host {
    /// The elements.
    pub(crate) fn slice<T: Scalar>(&self) -> &[T] {
        let (start, end) = self
            .0
            .layout()
            .contiguous_offsets()
            .expect("made contiguous when it was taken");
        &T::storage(&self.0)[start..end]
    }

    pub(crate) fn dtype(&self) -> DType {
        self.0.dtype()
    }
}

/// The tensor's elements, or `None` if it lives on another device, on an autodiff device, or is
/// neither float32 nor float64.
pub(crate) fn host<const D: usize>(x: &Tensor<D>) -> Option<Host> {
    if !matches!(x.dtype(), DType::F32 | DType::F64) {
        return None;
    }
    let tensor = x.clone().try_into_primitive::<Flex>().ok()?;
    Some(Host(if tensor.layout().contiguous_offsets().is_some() {
        tensor
    } else {
        tensor.to_contiguous()
    }))
}

/// Wraps the kernel's output as a tensor of the flex device.
pub(crate) fn wrap<T: Scalar, const D: usize>(values: Vec<T>, shape: [usize; D]) -> Tensor<D> {
    unflatten(flat(values), shape)
}

/// The kernel's output before it has a shape; together with [`unflatten`] this keeps the kernels out
/// of functions that are generic over the rank, which the crates that use them would have to compile.
pub(crate) fn flat<T: Scalar>(values: Vec<T>) -> FlexTensor {
    let length = values.len();
    FlexTensor::from_data(TensorData::new(values, [length]))
}

/// See [`flat`].
pub(crate) fn unflatten<const D: usize>(values: FlexTensor, shape: [usize; D]) -> Tensor<D> {
    Tensor::<1>::from_primitive::<Flex>(values).reshape(shape)
}

/// Picks the float type at run time.
macro_rules! by_dtype {
    ($host:expr, $T:ident => $body:expr) => {
        match $host.dtype() {
            DType::F32 => {
                type $T = f32;
                Some($body)
            }
            DType::F64 => {
                type $T = f64;
                Some($body)
            }
            _ => None,
        }
    };
}
pub(crate) use by_dtype;

/// Computes output row `r`.
pub(crate) trait RowKernel<T>: Sync {
    fn row(&self, r: usize, out: &mut [T]);
}

struct Rows<'a, T, K> {
    kernel: &'a K,
    first: usize,
    length: usize,
    out: &'a mut [T],
}

impl<T, K: RowKernel<T>> pulp::NullaryFnOnce for Rows<'_, T, K> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (r, out) in self.out.chunks_exact_mut(self.length).enumerate() {
            self.kernel.row(self.first + r, out);
        }
    }
}

/// Fills `rows` rows of `length` elements; `work` is the number of multiply-adds of all rows.
pub(crate) fn fill<T: Scalar, K: RowKernel<T>>(
    kernel: &K,
    rows: usize,
    length: usize,
    work: usize,
) -> Vec<T> {
    let mut out = vec![T::ZERO; rows * length];
    if out.is_empty() {
        return out;
    }
    let arch = pulp::Arch::new();
    let threads = if work < PARALLEL_WORK {
        1
    } else {
        rayon::current_num_threads()
    };
    if threads == 1 {
        arch.dispatch(Rows {
            kernel,
            first: 0,
            length,
            out: &mut out,
        });
    } else {
        // Four blocks a thread even out rows of different cost.
        let block = rows.div_ceil(4 * threads).max(1);
        out.par_chunks_mut(block * length)
            .enumerate()
            .for_each(|(b, out)| {
                arch.dispatch(Rows {
                    kernel,
                    first: b * block,
                    length,
                    out,
                });
            });
    }
    out
}

#[inline(always)]
pub(super) fn row<T>(x: &[T], r: usize, length: usize) -> &[T] {
    &x[r * length..(r + 1) * length]
}

#[inline(always)]
pub(super) fn items(grouped: &Grouped, r: usize) -> &[u32] {
    &grouped.order[grouped.offsets[r] as usize..grouped.offsets[r + 1] as usize]
}

/// See [`super::gather`].
pub(super) fn gather<const D: usize>(x: &Tensor<D>, index: &Index) -> Option<Tensor<D>> {
    let mut shape = x.dims();
    shape[0] = index.items();
    let length = shape[1..].iter().product();
    Some(unflatten(gather_rows(&host(x)?, index, length)?, shape))
}

fn gather_rows(x: &Host, index: &Index, length: usize) -> Option<FlexTensor> {
    struct Kernel<'a, T> {
        x: &'a [T],
        rows: &'a [u32],
    }
    impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
        #[inline(always)]
        fn row(&self, r: usize, out: &mut [T]) {
            out.copy_from_slice(row(self.x, self.rows[r] as usize, out.len()));
        }
    }
    by_dtype!(x, T => {
        let kernel = Kernel { x: x.slice::<T>(), rows: index.rows() };
        flat(fill(&kernel, index.items(), length, index.items() * length))
    })
}

/// See [`super::sum`].
pub(super) fn sum<const D: usize>(x: &Tensor<D>, index: &Index) -> Option<Tensor<D>> {
    let mut shape = x.dims();
    shape[0] = index.count();
    let length = shape[1..].iter().product();
    Some(unflatten(sum_rows(&host(x)?, index, length)?, shape))
}

fn sum_rows(x: &Host, index: &Index, length: usize) -> Option<FlexTensor> {
    struct Kernel<'a, T> {
        x: &'a [T],
        grouped: &'a Grouped,
    }
    impl<T: Scalar> RowKernel<T> for Kernel<'_, T> {
        #[inline(always)]
        fn row(&self, r: usize, out: &mut [T]) {
            for &e in items(self.grouped, r) {
                let x = row(self.x, e as usize, out.len());
                for (o, &x) in out.iter_mut().zip(x) {
                    *o += x;
                }
            }
        }
    }
    by_dtype!(x, T => {
        let kernel = Kernel { x: x.slice::<T>(), grouped: index.grouped() };
        flat(fill(&kernel, index.count(), length, index.items() * length))
    })
}
