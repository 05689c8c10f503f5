//! Matrix products and the affine layer.

use burn::tensor::Tensor;

use super::Var;

/// Which way round a factor of a matrix product is read; the transposition is a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Is,
    Transposed,
}

impl As {
    fn other(self) -> Self {
        match self {
            Self::Is => Self::Transposed,
            Self::Transposed => Self::Is,
        }
    }

    fn of<const D: usize>(self, x: &Tensor<D>) -> Tensor<D> {
        match self {
            Self::Is => x.clone(),
            Self::Transposed => x.clone().transpose(),
        }
    }
}

impl<const D: usize> Var<D> {
    /// The matrix product over the last two axes; the axes before are a batch of the same extents
    /// in both.
    ///
    /// # Shapes
    /// - `self`: `[…, A, B]`, `other`: `[…, B, C]`
    /// - output: `[…, A, C]`
    #[must_use]
    pub fn matmul(&self, other: &Self) -> Self {
        product(self, As::Is, other, As::Is)
    }

    /// `self · otherᵀ`, see [`Var::matmul`].
    #[must_use]
    pub fn matmul_transposed(&self, other: &Self) -> Self {
        product(self, As::Is, other, As::Transposed)
    }

    /// `selfᵀ · other`, see [`Var::matmul`].
    #[must_use]
    pub fn transposed_matmul(&self, other: &Self) -> Self {
        product(self, As::Transposed, other, As::Is)
    }
}

impl Var<2> {
    /// `x Wᵀ + b`, with the weight laid out as `PyTorch` lays it out.
    ///
    /// # Shapes
    /// - `self`: `[N, A]`, `weight`: `[B, A]`, `bias`: `[B]`
    /// - output: `[N, B]`
    #[must_use]
    pub fn linear(&self, weight: &Var<2>, bias: Option<&Var<1>>) -> Self {
        let product = self.matmul_transposed(weight);
        match bias {
            None => product,
            Some(bias) => product.add(&bias.reshape([1, bias.dims()[0]])),
        }
    }

    /// [`Var::linear`] with a constant weight that is at hand both ways round: the product then need not
    /// bring it into the order it likes, which for few rows costs as much as the product itself.
    ///
    /// # Shapes
    /// - `self`: `[N, A]`, `weight`: `[B, A]`, `transposed`: `[A, B]`, the same numbers, `bias`: `[B]`
    /// - output: `[N, B]`
    #[must_use]
    pub fn linear_constant(
        &self,
        weight: &Tensor<2>,
        transposed: &Tensor<2>,
        bias: Option<&Var<1>>,
    ) -> Self {
        let value = self.value.clone().matmul(transposed.clone());
        let product = Self::record(value, &[self.place()], || {
            let (x, weight) = (self.clone(), Var::constant(weight.clone()));
            move |gradients, g: Self| gradients.add(&x, || g.matmul(&weight))
        });
        match bias {
            None => product,
            Some(bias) => product.add(&bias.reshape([1, bias.dims()[0]])),
        }
    }
}

fn product<const D: usize>(a: &Var<D>, ta: As, b: &Var<D>, tb: As) -> Var<D> {
    let value = ta.of(&a.value).matmul(tb.of(&b.value));
    Var::<D>::record(value, &[a.place(), b.place()], || {
        let (a, b) = (a.clone(), b.clone());
        move |gradients, g| {
            gradients.add(&a, || match ta {
                As::Is => product(&g, As::Is, &b, tb.other()),
                As::Transposed => product(&b, tb, &g, As::Transposed),
            });
            gradients.add(&b, || match tb {
                As::Is => product(&a, ta.other(), &g, As::Is),
                As::Transposed => product(&g, As::Transposed, &a, ta),
            });
        }
    })
}
