//! The same numbers as `transformers`, on every device that is built in.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use chemgpt::{Batch, ChemGpt, IGNORED};

use crate::golden::{self, Golden, assert_close};

/// The device under test: `CHEMSCALE_TEST_DEVICE`, else the processor.
pub(crate) fn device() -> Device {
    let device_name =
        || std::env::var("CHEMSCALE_TEST_DEVICE").unwrap_or_else(|_| "flex".to_owned());
    backend::device(&device_name()).unwrap()
}

pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

fn batch(golden: &Golden) -> Batch {
    Batch::new(golden.ids("input_ids"), golden.shape("input_ids")[1])
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs().max(1.0)
}

#[test]
fn logits_are_those_of_transformers() {
    for golden in golden::all() {
        let model = golden.model(&device());
        let logits = model.logits(&batch(&golden)).unwrap();
        let logits = match golden.json["logits_positions"].as_array() {
            None => logits,
            Some(places) => {
                let places: Vec<i64> = places.iter().map(|n| n.as_i64().unwrap()).collect();
                let places = Tensor::<1, burn::tensor::Int>::from_data(&places[..], &device());
                logits.select(1, places)
            }
        };
        assert_close("logits", &numbers(logits), golden.tensor("logits"), 1e-4);
    }
}

#[test]
fn loss_is_that_of_transformers() {
    for golden in golden::all() {
        let model = golden.model(&device());
        let loss: f64 = model
            .loss(&batch(&golden))
            .unwrap()
            .into_scalar::<f32>()
            .into();
        let expected = golden.json["loss_f64"].as_f64().unwrap();
        assert!(close(loss, expected, 1e-5), "{loss} against {expected}");
    }
}

#[test]
fn hidden_states_and_pooled_vectors_are_those_of_transformers() {
    for golden in golden::all() {
        let model = golden.model(&device());
        let batch = batch(&golden);
        let states = model.hidden_states(&batch).unwrap();
        assert_eq!(states.len(), golden.config.layers + 1);
        for (index, state) in states.iter().enumerate() {
            let name = format!("hidden.{index}");
            if golden.has(&name) {
                assert_close(&name, &numbers(state.clone()), golden.tensor(&name), 1e-4);
            }
        }
        let last = states.last().unwrap().clone();
        let [b, t, c] = [batch.rows, batch.length, golden.config.width];
        let last = last.reshape([b, t, c]);
        let mean = numbers(last.clone().mean_dim(1));
        assert_close("mean_pooled", &mean, golden.tensor("mean_pooled"), 1e-4);
        let end = numbers(last.slice([0..b, t - 1..t, 0..c]));
        assert_close("last_token", &end, golden.tensor("last_token"), 1e-4);
    }
}

#[test]
fn log_probabilities_are_those_of_transformers() {
    for golden in golden::all() {
        let model = golden.model(&device());
        let batch = batch(&golden);
        let all = model.log_probabilities(&batch).unwrap();
        let kept: Vec<f32> = all
            .chunks(batch.length)
            .flat_map(|row| row[..batch.length - 1].iter().copied())
            .collect();
        assert_close(
            "token_logprob",
            &kept,
            golden.tensor("token_logprob_f64"),
            1e-4,
        );
    }
}

fn padded(golden: &Golden, side: &str) -> (Batch, Vec<bool>) {
    let shape = golden.shape(&format!("padded_{side}.input_ids"));
    let ids = golden.ids(&format!("padded_{side}.input_ids"));
    let mask: Vec<bool> = golden
        .tensor(&format!("padded_{side}.attention_mask"))
        .iter()
        .map(|&m| m > 0.0)
        .collect();
    let rows: Vec<Vec<u32>> = ids
        .chunks(shape[1])
        .zip(mask.chunks(shape[1]))
        .map(|(ids, mask)| {
            ids.iter()
                .zip(mask)
                .filter(|&(_, &m)| m)
                .map(|(&id, _)| id)
                .collect()
        })
        .collect();
    let rows: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
    let batch = if side == "left" {
        Batch::pad_left(&rows, 1)
    } else {
        Batch::pad_right(&rows, 1)
    };
    assert_eq!(batch.ids, ids);
    (batch, mask)
}

#[test]
fn padded_batches_are_those_of_transformers() {
    for golden in golden::all() {
        let model = golden.model(&device());
        for side in ["left", "right"] {
            let (batch, mask) = padded(&golden, side);
            let name = format!("padded_{side}.logits");
            if golden.has(&name) {
                let vocab = golden.config.vocab;
                let logits = numbers(model.logits(&batch).unwrap());
                let keep = |index: usize| mask[index / vocab];
                let found: Vec<f32> = (0..logits.len())
                    .filter(|&i| keep(i))
                    .map(|i| logits[i])
                    .collect();
                let expected = golden.tensor(&name);
                let expected: Vec<f64> = (0..logits.len())
                    .filter(|&i| keep(i))
                    .map(|i| expected[i])
                    .collect();
                assert_close(&name, &found, &expected, 1e-4);
            }
            // The reference counts the step from the last padding to the first real token as a target on the left.
            if side == "right" {
                let loss: f64 = model.loss(&batch).unwrap().into_scalar::<f32>().into();
                let expected = golden.json["padded_right.loss"].as_f64().unwrap();
                assert!(close(loss, expected, 1e-5), "{loss} against {expected}");
                assert_eq!(
                    batch.target_count() as u64,
                    golden.json["padded_right.labels_used"].as_u64().unwrap()
                );
            }
            let hidden = numbers(model.hidden(&batch).unwrap());
            let c = golden.config.width;
            let pooled: Vec<f32> = (0..batch.rows)
                .flat_map(|row| {
                    let places: Vec<usize> = (row * batch.length..(row + 1) * batch.length)
                        .filter(|&place| mask[place])
                        .collect();
                    (0..c)
                        .map(|channel| {
                            let sum: f32 = places.iter().map(|p| hidden[p * c + channel]).sum();
                            sum / places.len() as f32
                        })
                        .collect::<Vec<f32>>()
                })
                .collect();
            let name = format!("padded_{side}.mean_pooled");
            assert_close(&name, &pooled, golden.tensor(&name), 1e-4);
        }
    }
}

/// Gradients under the names of the state dict.
pub(crate) fn named_gradients(
    model: &ChemGpt,
    gradients: &GradientsParams,
) -> Vec<chemgpt::NamedTensor> {
    struct Put<'a>(&'a GradientsParams, Vec<Vec<f32>>);
    impl ModuleVisitor for Put<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.0.get::<D>(param.id).unwrap();
            self.1.push(gradient.into_data().try_into_vec().unwrap());
        }
    }
    // A model whose parameters are the gradients has them under the right names.
    let mut put = Put(gradients, Vec::new());
    model.visit(&mut put);
    let mut ema = backend::optim::Ema::new(0.5);
    ema.restore(put.1);
    ema.apply(model.clone()).named_tensors()
}

#[test]
fn gradients_are_those_of_transformers() {
    for golden in golden::all() {
        let model = golden.model(&device().autodiff());
        let loss = model.loss(&batch(&golden)).unwrap();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let total = backend::optim::global_norm(&model, &gradients);
        let expected = golden.json["grad_norm_total"].as_f64().unwrap();
        assert!(close(total, expected, 1e-4), "{total} against {expected}");
        for gradient in named_gradients(&model, &gradients) {
            let squares: f64 = gradient.values.iter().map(|&g| f64::from(g).powi(2)).sum();
            let norm = golden.json["grad_norm"][&gradient.name].as_f64().unwrap();
            assert!(
                (squares.sqrt() - norm).abs() <= 1e-3 * norm,
                "{}: norm {} against {norm}",
                gradient.name,
                squares.sqrt()
            );
            let name = format!("grad.{}", gradient.name);
            if golden.has(&name) {
                let expected = golden.tensor(&name);
                let distance: f64 = gradient
                    .values
                    .iter()
                    .zip(expected)
                    .map(|(&a, &b)| (f64::from(a) - b).powi(2))
                    .sum::<f64>()
                    .sqrt();
                assert!(distance <= 1e-3 * norm, "{name}: off by {distance}");
            }
        }
    }
}

#[test]
fn later_tokens_change_nothing_before_them() {
    let config = chemgpt::ChemGptConfig::new(20, 16, 2, 2).with_positions(12);
    let model = config.init(3, &device());
    let ids: Vec<u32> = (0..12).map(|n| n % 20).collect();
    let mut changed = ids.clone();
    changed[7] = 19;
    let a = numbers(model.logits(&Batch::new(ids, 12)).unwrap());
    let b = numbers(model.logits(&Batch::new(changed, 12)).unwrap());
    assert_eq!(a[..7 * 20], b[..7 * 20]);
    assert_ne!(a[7 * 20..8 * 20], b[7 * 20..8 * 20]);
}

#[test]
fn packed_molecules_that_do_not_see_one_another_are_as_if_alone() {
    let config = chemgpt::ChemGptConfig::new(12, 16, 3, 4)
        .with_positions(16)
        .with_window(4);
    let model = config.init(5, &device());
    let molecules: [&[u32]; 3] = [&[2, 5, 6, 7, 3], &[2, 8, 3], &[2, 9, 10, 11, 5, 6, 7, 3]];
    let packed = Batch::new(molecules.concat(), 16).with_separate_molecules(3);
    let together = numbers(model.hidden(&packed).unwrap());
    let alone: Vec<f32> = molecules
        .iter()
        .flat_map(|ids| numbers(model.hidden(&Batch::new(ids.to_vec(), ids.len())).unwrap()))
        .collect();
    let alone: Vec<f64> = alone.into_iter().map(f64::from).collect();
    assert_close("packed", &together, &alone, 1e-5);
    let losses = model.log_probabilities(&packed).unwrap();
    let targets = packed.targets.unwrap();
    assert_eq!(targets.iter().filter(|&&id| id == IGNORED).count(), 3);
    assert!(
        losses
            .iter()
            .zip(targets)
            .all(|(&l, id)| (id == IGNORED) == (l == 0.0))
    );
}
