//! Vectors and scores of molecules are those of each molecule alone, in the order given.

use chemgpt::embed::{EmbeddingOptions, Pooling, embed};
use chemgpt::score::{score_sequences, self_check};
use chemgpt::{Batch, ChemGpt, ChemGptConfig, Pretrained, SymbolTokenizer};

use crate::golden::assert_close;
use crate::parity::{device, numbers};

fn model() -> ChemGpt {
    ChemGptConfig::new(14, 16, 3, 4)
        .with_positions(20)
        .with_window(4)
        .with_initial_deviation(0.2)
        .init(2, &device())
}

/// Sequences of many lengths.
fn sequences() -> Vec<Vec<u32>> {
    (0..9_u32)
        .map(|index| {
            (0..=index * 5 % 14)
                .map(|at| (at * 3 + index) % 14)
                .collect()
        })
        .collect()
}

#[test]
fn vectors_of_a_padded_batch_are_those_of_each_molecule_alone() {
    let (model, sequences) = (model(), sequences());
    let c = model.config().width;
    for layer in [None, Some(0), Some(2), Some(3)] {
        for pooling in [Pooling::Mean, Pooling::Last] {
            let options = EmbeddingOptions {
                pooling,
                layer,
                batch: 4,
            };
            let found = embed(&model, &sequences, &options).unwrap();
            for (ids, found) in sequences.iter().zip(found) {
                let states = model
                    .hidden_states(&Batch::new(ids.clone(), ids.len()))
                    .unwrap();
                let state = numbers(states[layer.unwrap_or(3)].clone());
                let expected: Vec<f64> = match pooling {
                    Pooling::Last => state[(ids.len() - 1) * c..]
                        .iter()
                        .map(|&x| x.into())
                        .collect(),
                    Pooling::Mean => (0..c)
                        .map(|at| {
                            let column = state.iter().skip(at).step_by(c);
                            column.map(|&x| f64::from(x)).sum::<f64>() / ids.len() as f64
                        })
                        .collect(),
                };
                assert_close("vector", &found, &expected, 1e-5);
            }
        }
    }
    let deep = EmbeddingOptions {
        layer: Some(4),
        ..EmbeddingOptions::default()
    };
    let error = embed(&model, &sequences, &deep).unwrap_err().to_string();
    assert_eq!(error, "layer is 4, expected at most the number of layers");
}

#[test]
fn scores_of_a_padded_batch_are_those_of_each_molecule_alone() {
    let (model, sequences) = (model(), sequences());
    let found = score_sequences(&model, &sequences, 4).unwrap();
    for (ids, found) in sequences.iter().zip(found) {
        let alone = score_sequences(&model, std::slice::from_ref(ids), 1).unwrap()[0];
        assert_eq!(found.tokens, ids.len() - 1);
        assert!(
            (found.nll - alone.nll).abs() < 1e-4,
            "{} {}",
            found.nll,
            alone.nll
        );
        if ids.len() > 1 {
            let whole = Batch::new(ids.clone(), ids.len());
            let loss = f64::from(model.loss(&whole).unwrap().into_scalar::<f32>());
            assert!((found.perplexity().ln() - loss).abs() < 1e-5);
        }
    }
}

#[test]
fn the_self_check_tells_a_broken_checkpoint() {
    let corpus = ["[C][C][O]", "[C][C][N]", "[C][=O]", "[C][C][C][O]"].repeat(8);
    let tokenizer = SymbolTokenizer::from_corpus(&corpus).unwrap();
    let ids: Vec<Vec<u32>> = corpus
        .iter()
        .map(|text| tokenizer.encode(text).unwrap())
        .collect();
    let rows = chemgpt::PackedRows::pack(ids, 16).unwrap();
    // Rows that no token uses make guessing dearer than so small a corpus would.
    let config = ChemGptConfig::new(64, 16, 1, 2).with_positions(16);
    let training = chemgpt::TrainingConfig::new(60)
        .with_rate(1e-2)
        .with_batch(4);
    let mut silent = |_: &backend::run::Progress| std::ops::ControlFlow::Continue(());
    let run = chemgpt::train(&config, &training, &rows, &rows, &device(), &mut silent).unwrap();
    let known = ["CCO", "CCN", "C=O", "CCCO"];
    let good = Pretrained {
        model: run.model,
        tokenizer: tokenizer.into(),
    };
    let check = self_check(&good, &known).unwrap();
    assert!(check.sound, "{check:?}");
    let mut tensors = good.model.named_tensors();
    for tensor in &mut tensors {
        tensor.values.reverse();
    }
    let path = std::path::Path::new("broken");
    let broken = Pretrained {
        model: ChemGpt::from_named_tensors(&config, tensors, path, &device()).unwrap(),
        tokenizer: good.tokenizer.clone(),
    };
    let check = self_check(&broken, &known).unwrap();
    assert!(!check.sound, "{check:?}");
    assert!(self_check(&good, &["C[Si]C"]).is_err());
}
