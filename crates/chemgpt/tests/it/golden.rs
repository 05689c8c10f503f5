//! The reference states beside the repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use chemgpt::{AttentionKind, ChemGpt, ChemGptConfig, NamedTensor};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// One folder of reference states.
pub(crate) struct Golden {
    pub(crate) path: PathBuf,
    pub(crate) json: Value,
    pub(crate) config: ChemGptConfig,
    tensors: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
}

/// The folder of shared files, or `None` with a line that says so. In CI an absent folder is a failure.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(part);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "../shared/{part} must be present in CI"
    );
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    {
        println!("skipped: ../shared/{part} is not here");
    }
    None
}

/// All three folders.
pub(crate) fn all() -> Vec<Golden> {
    ["global", "local", "family"]
        .into_iter()
        .filter_map(Golden::open)
        .collect()
}

impl Golden {
    pub(crate) fn open(name: &str) -> Option<Self> {
        let path = shared(&format!("golden/chemgpt/{name}"))?;
        let read = |file: &str| -> Value {
            serde_json::from_slice(&fs::read(path.join(file)).unwrap()).unwrap()
        };
        let c = read("config.json");
        let size = |key: &str| usize::try_from(c[key].as_u64().unwrap()).unwrap();
        let config = ChemGptConfig::new(
            size("vocab_size"),
            size("hidden_size"),
            size("num_layers"),
            size("num_heads"),
        )
        .with_positions(size("max_position_embeddings"))
        .with_hidden(
            c["intermediate_size"]
                .as_u64()
                .map(|n| n.try_into().unwrap()),
        )
        .with_window(size("window_size"))
        .with_attention(
            c["attention_layers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|kind| match kind.as_str().unwrap() {
                    "local" => AttentionKind::Local,
                    _ => AttentionKind::Global,
                })
                .collect(),
        );
        Some(Self {
            json: read("golden.json"),
            tensors: tensors(&path.join("golden.safetensors")),
            config,
            path,
        })
    }

    pub(crate) fn model(&self, device: &burn::tensor::Device) -> ChemGpt {
        let file = self.path.join("model.safetensors");
        let named = tensors(&file)
            .into_iter()
            .map(|(name, (shape, values))| NamedTensor {
                name,
                shape,
                values: values.iter().map(|&value| value as f32).collect(),
            });
        ChemGpt::from_named_tensors(&self.config, named, &file, device).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(crate) fn tensor(&self, name: &str) -> &[f64] {
        &self.tensors[name].1
    }

    pub(crate) fn shape(&self, name: &str) -> &[usize] {
        &self.tensors[name].0
    }

    pub(crate) fn ids(&self, name: &str) -> Vec<u32> {
        self.tensor(name).iter().map(|&id| id as u32).collect()
    }
}

/// Every tensor of a file, as float64.
pub(crate) fn tensors(path: &std::path::Path) -> BTreeMap<String, (Vec<usize>, Vec<f64>)> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.tensors()
        .into_iter()
        .map(|(name, view)| {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::F32 => data
                    .chunks_exact(4)
                    .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
                    .collect(),
                Dtype::F64 => data
                    .chunks_exact(8)
                    .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
                    .collect(),
                Dtype::I32 => data
                    .chunks_exact(4)
                    .map(|b| f64::from(i32::from_le_bytes(b.try_into().unwrap())))
                    .collect(),
                other => panic!("unexpected type {other:?}"),
            };
            (name, (view.shape().to_vec(), values))
        })
        .collect()
}

/// The largest absolute difference.
#[track_caller]
pub(crate) fn assert_close(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths differ");
    let worst = found
        .iter()
        .zip(expected)
        .map(|(&a, &b)| (f64::from(a) - b).abs())
        .fold(0.0, f64::max);
    assert!(
        worst <= tolerance,
        "{what}: off by {worst:e}, allowed {tolerance:e}"
    );
}
