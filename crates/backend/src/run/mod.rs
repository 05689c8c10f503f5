//! Run folders: files that are whole or absent, metrics that survive a kill, settings that report their typing errors.
//!
//! A run is a folder with `config.json`, `metadata.json`, `metrics.csv`, `metrics.jsonl`, and `checkpoints/`.

mod config;
mod folder;
mod metrics;
mod progress;
mod write;

pub use config::{ConfigError, load_config, parse_config};
pub use folder::{Checkpoints, RunFolder};
pub use metrics::{Metrics, MetricsError};
pub use progress::{Observer, Progress};
pub use write::{write_atomic, write_json};
