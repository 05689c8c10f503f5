//! Every operation against central differences, first and second derivatives, in float64.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::{Graph, Role, Tape, Var};
use crate::segment::{Index, Pairs};

pub(super) fn flex() -> Device {
    crate::device("flex").unwrap()
}

/// Reproducible numbers in (0.2, 1.4), away from the singular points of √x and 1/x.
pub(super) fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            0.2 + 1.2 * ((state >> 33) as f64 / f64::from(1_u32 << 31))
        })
        .collect()
}

pub(super) fn tensor<const D: usize>(values: &[f64], dims: [usize; D]) -> Tensor<D> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), dims),
        (&flex(), DType::F64),
    )
}

fn vec<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().try_to_vec().unwrap()
}

/// Checks one operation f of one input, with the others fixed.
///
/// With fixed random a and b, E(x) = Σ a f(x); the gradient g = ∂E/∂x is compared with central
/// differences of E, and ∂(Σ b g)/∂x, the second walk, with central differences of Σ b g.
#[track_caller]
pub(super) fn check<const D: usize, const E: usize>(
    name: &str,
    dims: [usize; D],
    f: impl Fn(&Var<D>) -> Var<E>,
) {
    let count = dims.iter().product();
    let at = numbers(count, 3);
    let b = numbers(count, 5);
    let walk = |x: &[f64]| -> (f64, Vec<f64>, f64, Vec<f64>) {
        let tape = Tape::new();
        let x = tape.input(tensor(x, dims), Role::Coordinates);
        let y = f(&x);
        let a = numbers(y.dims().iter().product(), 7);
        let e = y.mul(&Var::constant(tensor(&a, y.dims()))).sum();
        let g = tape.gradients(&e, Role::Coordinates, Graph::Keep);
        let g = g.of(&x).expect("the output depends on the input");
        let h = g.mul(&Var::constant(tensor(&b, dims))).sum();
        let second = tape
            .gradients(&h, Role::Coordinates, Graph::Drop)
            .of(&x)
            .map_or(vec![0.0; count], |s| {
                assert!(!s.is_recorded(), "{name}: the last walk writes nothing");
                vec(s.value())
            });
        (vec(e.value())[0], vec(g.value()), vec(h.value())[0], second)
    };
    let (_, first, _, second) = walk(&at);
    let step = 1e-5;
    for k in 0..count {
        let moved = |by: f64| {
            let mut x = at.clone();
            x[k] += by;
            walk(&x)
        };
        let (plus, minus) = (moved(step), moved(-step));
        for (order, exact, difference) in [
            ("first", first[k], (plus.0 - minus.0) / (2.0 * step)),
            ("second", second[k], (plus.2 - minus.2) / (2.0 * step)),
        ] {
            assert!(
                (exact - difference).abs() < 2e-8 * (1.0 + exact.abs()),
                "{name}: {order} derivative {k}: {exact} on the tape, {difference} by differences"
            );
        }
    }
}

#[test]
fn functions_of_each_element() {
    let dims = [2, 3];
    check("exp", dims, Var::<2>::exp);
    check("exp_flushed", dims, Var::<2>::exp_flushed);
    check("ln", dims, Var::<2>::ln);
    check("sqrt", dims, Var::<2>::sqrt);
    check("recip", dims, Var::<2>::recip);
    check("square", dims, Var::<2>::square);
    for n in 0..7 {
        // x⁰ has no gradient at all, so it is joined with x.
        check("powi", dims, |x| x.powi(n).add(x));
    }
    check("sin", dims, Var::<2>::sin);
    check("cos", dims, Var::<2>::cos);
    check("tanh", dims, Var::<2>::tanh);
    check("erf", dims, Var::<2>::erf);
    check("relu", dims, |x| x.shift(-0.7).relu());
    check("sigmoid", dims, Var::<2>::sigmoid);
    check("softplus", dims, Var::<2>::softplus);
    check("shifted_softplus", dims, Var::<2>::shifted_softplus);
    check("silu", dims, Var::<2>::silu);
    check("silu slope", dims, Var::<2>::silu_slope);
    check("silu curvature", dims, Var::<2>::silu_curvature);
    check("scale", dims, |x| x.square().scale(1.7));
    check("shift", dims, |x| x.shift(0.3).square());
    check("neg", dims, |x| x.square().neg());
    check("cast", dims, |x| x.square().cast(DType::F64));
}

#[test]
fn arithmetic_with_and_without_broadcasting() {
    let other = |dims: [usize; 2]| Var::constant(tensor(&numbers(dims[0] * dims[1], 11), dims));
    check("x + b", [2, 3], |x| x.square().add(&other([2, 3])));
    check("x · x", [2, 3], |x| x.mul(x).mul(x));
    check("x / y", [2, 3], |x| {
        x.div(&other([2, 3])).add(&other([2, 3]).div(x))
    });
    check("x − b", [2, 3], |x| other([2, 3]).sub(&x.square()).sub(x));
    // A column and a row stretch the input, so its gradient sums over what was stretched.
    check("row · matrix", [1, 3], |x| other([2, 3]).mul(x).mul(x));
    check("column · matrix", [2, 1], |x| x.mul(&other([2, 3])).mul(x));
    check("column + matrix", [2, 1], |x| {
        x.add(&other([2, 3])).square()
    });
    check("column − matrix", [2, 1], |x| {
        other([2, 3]).sub(x).square()
    });
    check("outer", [2, 1], |x| x.mul(&x.reshape([1, 2])).square());
}

#[test]
fn reductions_and_shapes() {
    check("sum", [2, 3], |x| x.square().sum());
    check("mean", [2, 3], |x| x.square().mean().square());
    check("sum_dim 0", [2, 3], |x| x.sum_dim(0).square());
    check("sum_dim 1", [2, 3], |x| x.sum_dim(1).square());
    check("expand_to", [2, 1], |x| {
        x.square().expand_to([2, 4]).square()
    });
    check("reshape", [2, 3], |x| {
        x.square().reshape([3, 2, 1]).square()
    });
    check("swap_dims", [2, 3, 2], |x| {
        x.square().swap_dims(0, 2).square()
    });
    check("narrow", [4, 3], |x| x.narrow(0, 1, 2).square());
    check("narrow 1", [2, 5], |x| x.square().narrow(1, 2, 2).square());
    check("pad", [2, 3], |x| {
        x.square().pad(1, 1, 2).shift(1.0).square()
    });
    check("cat", [2, 3], |x| {
        Var::cat(&[x.square(), x.clone(), x.exp()], 1).square()
    });
}

#[test]
fn matrix_products() {
    let w = Var::constant(tensor(&numbers(12, 13), [3, 4]));
    let v = Var::constant(tensor(&numbers(12, 13), [4, 3]));
    let bias = Var::constant(tensor(&numbers(4, 17), [4]));
    check("x w", [2, 3], |x| x.matmul(&w).square());
    check("w x", [3, 2], |x| v.matmul(x).square());
    check("x xᵀ", [2, 3], |x| x.matmul_transposed(x).square());
    check("xᵀ x", [2, 3], |x| x.transposed_matmul(x).square());
    check("x wᵀ", [2, 3], |x| x.matmul_transposed(&v).square());
    check("w xᵀ", [2, 3], |x| v.matmul_transposed(x).square());
    check("xᵀ w", [3, 2], |x| x.transposed_matmul(&w).square());
    check("wᵀ x", [3, 2], |x| w.transposed_matmul(x).square());
    check("linear", [2, 3], |x| x.linear(&v, Some(&bias)).square());
    check("linear constant", [2, 3], |x| {
        let turned = v.value().clone().transpose();
        x.linear_constant(v.value(), &turned, Some(&bias)).square()
    });
    check("linear by its weight", [4, 3], |v| {
        let x = Var::constant(tensor(&numbers(6, 19), [2, 3]));
        x.linear(v, None).square()
    });
    check("linear by its bias", [4], |b| {
        let x = Var::constant(tensor(&numbers(6, 19), [2, 3]));
        x.linear(&v, Some(b)).square()
    });
    check("batched", [2, 2, 3], |x| {
        x.matmul_transposed(x).matmul(x).square()
    });
}

/// Three rows, with a row that nobody points to and a pair met twice; the filters of the second and
/// third pair are one.
fn pairs() -> Pairs {
    Pairs::new(vec![0, 0, 2, 2, 2], vec![1, 2, 0, 1, 1], 3, &flex()).sharing(Index::new(
        vec![3, 1, 1, 0, 2],
        5,
        &flex(),
    ))
}

#[test]
fn gathers_and_segment_sums() {
    let index = Index::new(vec![0, 2, 2, 0, 0], 4, &flex());
    check("gather", [4, 3], |x| x.square().gather(&index).square());
    check("gather 3", [4, 2, 2], |x| x.gather(&index).square());
    check("segment_sum", [5, 3], |x| {
        x.square().segment_sum(&index).square()
    });
}

#[test]
fn pair_products_by_each_argument() {
    let p = pairs();
    let x3 = Var::constant(tensor(&numbers(3 * 2 * 4, 23), [3, 2, 4]));
    let g3 = Var::constant(tensor(&numbers(3 * 2 * 4, 29), [3, 2, 4]));
    let w = Var::constant(tensor(&numbers(5 * 4, 31), [5, 4]));
    let u = Var::constant(tensor(&numbers(5 * 2, 37), [5, 2]));
    let x = Var::constant(tensor(&numbers(3 * 4, 41), [3, 4]));
    check("convolve x", [3, 2, 4], |x| x.convolve(&w, &p).square());
    check("convolve w", [5, 4], |w| x3.convolve(w, &p).square());
    check("correlate g", [3, 2, 4], |g| g.correlate(&x3, &p).square());
    check("correlate x", [3, 2, 4], |x| g3.correlate(x, &p).square());
    check("spread x", [3, 4], |x| x.spread(&u, &w, &p).square());
    check("spread u", [5, 2], |u| x.spread(u, &w, &p).square());
    check("spread w", [5, 4], |w| x.spread(&u, w, &p).square());
    for (name, k) in [("by g", 0), ("by the second", 1), ("by the third", 2)] {
        check(name, [3, 2, 4], |g| {
            let first = super::message::to_components(g, &x, &w, &p).square();
            let second = super::message::to_neighbours(g, &u, &w, &p).square();
            let third = super::message::to_pairs(g, &u, &x, &p).square();
            [first.sum(), second.sum(), third.sum()][k].square()
        });
    }
    check("∂S/∂u by x", [3, 4], |x| {
        super::message::to_components(&g3, x, &w, &p).square()
    });
    check("∂S/∂u by w", [5, 4], |w| {
        super::message::to_components(&g3, &x, w, &p).square()
    });
    check("∂S/∂x by u", [5, 2], |u| {
        super::message::to_neighbours(&g3, u, &w, &p).square()
    });
    check("∂S/∂x by w", [5, 4], |w| {
        super::message::to_neighbours(&g3, &u, w, &p).square()
    });
    check("∂S/∂w by u", [5, 2], |u| {
        super::message::to_pairs(&g3, u, &x, &p).square()
    });
    check("∂S/∂w by x", [3, 4], |x| {
        super::message::to_pairs(&g3, &u, x, &p).square()
    });
}

#[test]
fn products_over_components() {
    let a = Var::constant(tensor(&numbers(2 * 3 * 4, 43), [2, 3, 4]));
    let s = Var::constant(tensor(&numbers(2 * 4, 47), [2, 4]));
    check("dot", [2, 3, 4], |x| x.dot(&a).square());
    check("dot with itself", [2, 3, 4], |x| x.dot(x).square());
    check("scale_by", [2, 3, 4], |x| x.scale_by(&s).square());
    check("scale_by's scalar", [2, 4], |s| a.scale_by(s).square());
}

fn flat<const D: usize>(t: Tensor<D>) -> Vec<f64> {
    t.into_data().convert::<f64>().try_to_vec().unwrap()
}

#[test]
fn the_pair_kernels_agree_with_burns_operations() {
    use crate::segment::{pairs as form, rows};

    // 37 channels leave a rest behind every vector width; the autodiff device takes the other path.
    let (n, m, c) = (7, 3, 37);
    let centre: Vec<u32> = (0..60).map(|k| (k * k + 3 * k) % 7).collect();
    let neighbour: Vec<u32> = (0..60).map(|k| (5 * k + k / 7) % 7).collect();
    let e = centre.len();
    let run = |device: &Device, dtype: DType| -> Vec<Vec<f64>> {
        let make = |count: usize, seed| numbers(count, seed);
        let on = |values: Vec<f64>| TensorData::new(values.clone(), [values.len()]);
        let filter = Index::new((0..60).map(|k| (7 * k) % 41).collect(), 41, device);
        let p = Pairs::new(centre.clone(), neighbour.clone(), n, device).sharing(filter);
        let t1 = |count, seed| Tensor::<1>::from_data(on(make(count, seed)), (device, dtype));
        let g = t1(n * m * c, 1).reshape([n, m, c]);
        let x3 = t1(n * m * c, 2).reshape([n, m, c]);
        let x = t1(n * c, 3).reshape([n, c]);
        let w = t1(41 * c, 4).reshape([41, c]);
        let u = t1(e * m, 5).reshape([e, m]);
        vec![
            flat(form::convolve(&x3, &w, &p)),
            flat(form::correlate(&g, &x3, &p)),
            flat(form::spread(&u, &x, &w, &p)),
            flat(form::spread_to_components(&g, &x, &w, &p)),
            flat(form::spread_to_neighbours(&g, &u, &w, &p)),
            flat(form::spread_to_pairs(&g, &u, &x, &p)),
            flat(rows::dot(&g, &x3)),
            flat(rows::scale(&g, &x)),
        ]
    };
    for (dtype, tolerance) in [(DType::F64, 1e-13), (DType::F32, 1e-5)] {
        let ours = run(&flex(), dtype);
        let burns = run(&flex().autodiff(), dtype);
        for (k, (ours, burns)) in ours.iter().zip(&burns).enumerate() {
            for (a, b) in ours.iter().zip(burns) {
                assert!(
                    (a - b).abs() < tolerance * (1.0 + b.abs()),
                    "form {k}: {a} {b}"
                );
            }
        }
    }
}

#[test]
fn nothing_is_written_for_constants_or_unwanted_roles() {
    let tape = Tape::new();
    let w = tape.input(tensor(&[2.0], [1]), Role::Parameters);
    let x = tape.input(tensor(&[3.0], [1]), Role::Coordinates);
    let constant = Var::constant(tensor(&[5.0], [1])).exp().square();
    assert_eq!(tape.len(), 2);
    assert!(!constant.is_recorded());
    let y = x.mul(&w).mul(&constant);
    let gradients = tape.gradients(&y, Role::Coordinates, Graph::Drop);
    assert!(gradients.of(&w).is_none(), "only coordinates were wanted");
    assert!(gradients.of(&x).is_some());
    drop(tape);
    assert!(
        !y.square().is_recorded(),
        "a variable outlives its tape as a constant"
    );
}
