//! Generation without chance equals the reference's token for token; filters equal it row for row.

use chemgpt::generate::{
    BeamOptions, Prompt, SamplingOptions, beam_search, generate, generate_molecules,
    repetition_penalty, temperature, top_k, top_p,
};
use chemgpt::{Batch, ChemGpt, ChemGptConfig, Pretrained, SymbolTokenizer};
use serde_json::Value;

use crate::golden::{self, Golden};
use crate::parity::{device, numbers};

fn list(value: &Value) -> Vec<u32> {
    let ids = value.as_array().unwrap();
    ids.iter()
        .map(|id| id.as_u64().unwrap().try_into().unwrap())
        .collect()
}

fn check_generation(golden: &Golden, model: &ChemGpt) {
    for case in golden.json["generate"].as_array().unwrap() {
        let prompts: Vec<Vec<u32>> = case["prompts"]
            .as_array()
            .unwrap()
            .iter()
            .map(list)
            .collect();
        let expected: Vec<Vec<u32>> = case["sequences"]
            .as_array()
            .unwrap()
            .iter()
            .map(list)
            .collect();
        let tokens = usize::try_from(case["max_new_tokens"].as_u64().unwrap()).unwrap();
        let end = case["eos_token_id"]
            .as_u64()
            .map(|id| id.try_into().unwrap());
        let found: Vec<Vec<u32>> = if case["num_beams"] == 1 {
            let options = SamplingOptions {
                repetition_penalty: case["repetition_penalty"].as_f64().unwrap_or(1.0) as f32,
                end,
                ..SamplingOptions::greedy(tokens)
            };
            let drawn = generate(model, &prompts, &options).unwrap();
            drawn.into_iter().map(|drawn| drawn.ids).collect()
        } else {
            let options = BeamOptions {
                beams: usize::try_from(case["num_beams"].as_u64().unwrap()).unwrap(),
                max_new_tokens: tokens,
                end,
                ..BeamOptions::default()
            };
            let best =
                |prompt: &Vec<u32>| beam_search(model, prompt, &options).unwrap()[0].0.clone();
            prompts.iter().map(best).collect()
        };
        for ((prompt, found), expected) in prompts.iter().zip(found).zip(expected) {
            let whole = [prompt.clone(), found].concat();
            assert_eq!(
                whole, expected,
                "{}: {}",
                golden.json["name"], case["num_beams"]
            );
        }
    }
}

#[test]
fn greedy_beam_and_penalised_generation_are_those_of_transformers() {
    for golden in golden::all() {
        check_generation(&golden, &golden.model(&device()));
    }
}

#[test]
fn generation_by_tensor_operations_is_the_same() {
    for golden in golden::all().iter().take(2) {
        check_generation(
            golden,
            &golden.model(&device()).with_fused_operations(false),
        );
    }
}

#[test]
fn filters_are_those_of_transformers() {
    for golden in golden::all() {
        let vocab = golden.config.vocab;
        let ids = golden.ids("input_ids");
        let length = golden.shape("input_ids")[1];
        let check = |name: &str, filter: &dyn Fn(&mut Vec<f32>, &[u32])| {
            let input = golden.tensor("filters.input").chunks(vocab);
            let expected = golden.tensor(&format!("filters.{name}")).chunks(vocab);
            for ((row, expected), history) in input.zip(expected).zip(ids.chunks(length)) {
                let mut row: Vec<f32> = row.iter().map(|&x| x as f32).collect();
                filter(&mut row, history);
                for (&found, &expected) in row.iter().zip(expected) {
                    assert_eq!(found.is_finite(), expected.is_finite(), "{name}");
                    assert!(
                        !found.is_finite() || (f64::from(found) - expected).abs() < 1e-5,
                        "{name}"
                    );
                }
            }
        };
        check("temperature_0.7", &|row, _| temperature(row, 0.7));
        check("top_k_5", &|row, _| top_k(row, 5));
        check("top_p_0.9", &|row, _| top_p(row, 0.9));
        check("repetition_1.2", &|row, history| {
            repetition_penalty(row, history, 1.2);
        });
        check("temperature_0.8_top_k_20_top_p_0.95", &|row, _| {
            temperature(row, 0.8);
            top_k(row, 20);
            top_p(row, 0.95);
        });
    }
}

fn small() -> Pretrained {
    let symbols = [
        "[C]",
        "[=C]",
        "[O]",
        "[N]",
        "[Ring1]",
        "[Branch1]",
        "[=Branch1]",
        "[=O]",
        "[F]",
    ];
    let tokenizer = SymbolTokenizer::from_symbols(symbols.map(String::from)).unwrap();
    let config = ChemGptConfig::new(tokenizer.vocab() + 2, 16, 2, 4)
        .with_positions(40)
        .with_window(5)
        .with_initial_deviation(0.3);
    Pretrained {
        model: config.init(11, &device()),
        tokenizer: tokenizer.into(),
    }
}

#[test]
fn sampling_repeats_by_seed_whatever_the_batch() {
    let pretrained = small();
    let prompt = pretrained.prompt_ids(&Prompt::Smiles("CO".into())).unwrap();
    let options = SamplingOptions {
        max_new_tokens: 20,
        seed: 5,
        ..SamplingOptions::default()
    };
    let draw =
        |options: &SamplingOptions| generate_molecules(&pretrained, &prompt, 30, options).unwrap();
    let one = draw(&options);
    let two = draw(&SamplingOptions {
        batch: 7,
        ..options.clone()
    });
    assert_eq!(
        one.iter().map(|m| &m.selfies).collect::<Vec<_>>(),
        two.iter().map(|m| &m.selfies).collect::<Vec<_>>()
    );
    let other = draw(&SamplingOptions { seed: 6, ..options });
    assert_ne!(one, other);
    for molecule in &one {
        assert!(molecule.selfies.starts_with("[C][O]"));
        assert!(molecule.smiles.is_some());
        assert!(molecule.log_likelihood < 0.0);
        assert!(molecule.tokens <= 20);
    }
}

#[test]
fn the_log_likelihood_is_that_of_the_whole_pass() {
    let pretrained = small();
    let prompt = vec![2, 5, 7];
    let options = SamplingOptions {
        max_new_tokens: 15,
        temperature: 1.5,
        end: None,
        ..SamplingOptions::default()
    };
    let drawn = generate(&pretrained.model, std::slice::from_ref(&prompt), &options).unwrap();
    let whole = [prompt.clone(), drawn[0].ids.clone()].concat();
    let batch = Batch::new(whole.clone(), whole.len());
    let all = pretrained.model.log_probabilities(&batch).unwrap();
    let expected: f32 = all[prompt.len() - 1..].iter().sum();
    assert!((f64::from(expected) - drawn[0].log_likelihood).abs() < 1e-4);
    let _ = numbers(pretrained.model.logits(&batch).unwrap());
}

#[test]
fn bad_prompts_and_options_are_named() {
    let pretrained = small();
    let prompt = |prompt: Prompt| pretrained.prompt_ids(&prompt).unwrap_err().to_string();
    assert!(prompt(Prompt::Smiles("C1CC".into())).contains("C1CC"));
    assert!(prompt(Prompt::Selfies("[C][Xx]".into())).contains("[Xx]"));
    assert!(prompt(Prompt::Selfies("[C][N".into())).contains("[C][N"));
    let options = SamplingOptions {
        top_p: Some(1.5),
        ..SamplingOptions::default()
    };
    let error = generate(&pretrained.model, &[vec![2]], &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "top_p is Some(1.5), expected above 0, at most 1"
    );
    let error = generate(
        &pretrained.model,
        &[vec![2, 99]],
        &SamplingOptions::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("token 99"), "{error}");
}
