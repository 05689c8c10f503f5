//! Spherical harmonics, coupling coefficients and equivariant layers equal to e3nn 0.6.0.

use backend::tape::Var;
use burn::tensor::{DType, Tensor, TensorData};
use equivariant_gnn::so3::{
    FullyConnected, Gate, Irreps, Linear, Path, SECOND_MOMENT_SILU, SECOND_MOMENT_TANH,
    TensorProduct, spherical_harmonics, wigner_3j,
};
use serde_json::Value;

use crate::golden::{close, folder, numbers};

fn golden() -> Option<Value> {
    let text = std::fs::read_to_string(folder()?.join("e3nn_primitives.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn rows(value: &Value) -> Var<2> {
    let values = numbers(value);
    let n = value.as_array().unwrap().len();
    let width = values.len() / n;
    let data = TensorData::new(values, [n, width]);
    let device = backend::device(&crate::device_name()).unwrap();
    Var::constant(Tensor::from_data(data, (&device, DType::F64)))
}

fn flat<const D: usize>(x: &Var<D>) -> Vec<f64> {
    x.value().to_data().try_to_vec().unwrap()
}

fn irreps(value: &Value) -> Irreps {
    value.as_str().unwrap().parse().unwrap()
}

fn directions(value: &Value) -> Var<2> {
    let vectors = rows(value);
    vectors.div(&vectors.square().sum_dim(1).sqrt())
}

#[test]
fn spherical_harmonics_are_e3nns() {
    let Some(golden) = golden() else { return };
    let directions = directions(&golden["vectors"]);
    let ours = spherical_harmonics(4, &directions);
    let mut start = 0;
    for l in 0..=4 {
        let degree = ours.narrow(1, start, 2 * l + 1);
        start += 2 * l + 1;
        let reference = &golden["spherical_harmonics_component"][l.to_string()];
        close(&format!("degree {l}"), &flat(&degree), reference, 1e-12);
    }
}

#[test]
fn harmonics_of_every_degree_have_the_norm_that_component_normalisation_says() {
    let Some(golden) = golden() else { return };
    let ours = spherical_harmonics(7, &directions(&golden["vectors"]));
    for row in flat(&ours).chunks_exact(64) {
        for l in 0..=7 {
            let square: f64 = row[l * l..(l + 1) * (l + 1)].iter().map(|y| y * y).sum();
            assert!((square - (2 * l + 1) as f64).abs() < 1e-11, "{l}: {square}");
        }
    }
}

#[test]
fn coupling_coefficients_are_e3nns() {
    let Some(golden) = golden() else { return };
    let table = golden["wigner_3j"].as_object().unwrap();
    assert_eq!(table.len(), 34);
    for (key, reference) in table {
        let l: Vec<usize> = key.split(',').map(|l| l.parse().unwrap()).collect();
        close(key, &wigner_3j(l[0], l[1], l[2]), reference, 1e-12);
    }
}

#[test]
fn second_moments_are_e3nns() {
    let Some(golden) = golden() else { return };
    let table = &golden["normalize2mom"];
    close("silu", &[SECOND_MOMENT_SILU], &table["silu"], 1e-15);
    close("tanh", &[SECOND_MOMENT_TANH], &table["tanh"], 1e-15);
}

#[test]
fn the_linear_layer_is_e3nns() {
    let Some(golden) = golden() else { return };
    let golden = &golden["linear"];
    let (input, output) = (irreps(&golden["irreps_in"]), irreps(&golden["irreps_out"]));
    let layer = Linear::new(&input, &output);
    let weight = rows(&golden["weight"]);
    assert_eq!(layer.weights(), weight.dims()[0]);
    let x = input.split(&rows(&golden["inputs"][0]));
    let out = layer.apply(&x, &weight.reshape([layer.weights()]));
    close(
        "linear",
        &flat(&Irreps::join(&out)),
        &golden["output"],
        1e-12,
    );
}

#[test]
fn the_weighted_tensor_product_is_e3nns() {
    let Some(golden) = golden() else { return };
    let golden = &golden["tensor_product_uvu"];
    let (first, second) = (irreps(&golden["irreps_in1"]), irreps(&golden["irreps_in2"]));
    let paths = golden["paths"].as_array().unwrap().iter().map(|path| {
        let place = |k: usize| usize::try_from(path[k].as_u64().unwrap()).unwrap();
        Path {
            first: place(0),
            second: place(1),
            output: place(2),
        }
    });
    let output = irreps(&golden["irreps_out"]);
    let product = TensorProduct::new(first.clone(), second, output, paths.collect());
    let x = first.split(&rows(&golden["inputs"][0]));
    let y = rows(&golden["inputs"][1]);
    let weights = rows(&golden["inputs"][2]);
    assert_eq!(product.weights(), weights.dims()[1]);
    let out = Irreps::join(&product.apply(&x, &y, &weights));
    close("product", &flat(&out), &golden["output"], 1e-12);
}

#[test]
fn the_fully_connected_product_with_scalars_is_e3nns() {
    let Some(golden) = golden() else { return };
    let golden = &golden["fully_connected_tp"];
    let first = irreps(&golden["irreps_in1"]);
    let scalars = rows(&golden["inputs"][1]);
    let output = irreps(&golden["irreps_out"]);
    let product = FullyConnected::new(first.clone(), scalars.dims()[1], output);
    let weight = rows(&golden["weight"]);
    assert_eq!(product.weights(), weight.dims()[0]);
    let x = first.split(&rows(&golden["inputs"][0]));
    let out = product.apply(&x, &scalars, &weight.reshape([product.weights()]));
    let out: Vec<_> = out.into_iter().map(Option::unwrap).collect();
    close(
        "product",
        &flat(&Irreps::join(&out)),
        &golden["output"],
        1e-12,
    );
}

#[test]
fn the_gate_is_e3nns() {
    let Some(golden) = golden() else { return };
    let golden = &golden["gate"];
    let gate = Gate::new("3x0e+2x0o".parse().unwrap(), "2x1o+1x2e".parse().unwrap());
    assert_eq!(*gate.input(), irreps(&golden["irreps_in"]));
    assert_eq!(gate.output(), irreps(&golden["irreps_out"]));
    let out = gate.apply(&gate.input().split(&rows(&golden["inputs"][0])));
    close("gate", &flat(&Irreps::join(&out)), &golden["output"], 1e-12);
}

#[test]
fn irreps_sort_as_e3nns() {
    let Some(golden) = golden() else { return };
    let irreps: Irreps = "2e+1e+0o+2o+0e+1o".parse().unwrap();
    assert_eq!(
        irreps.sorted().0.to_string(),
        golden["irreps_sort_order"].as_str().unwrap()
    );
}
