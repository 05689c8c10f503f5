//! Behaviour of the public interface, checked against the Python package's outputs.

mod attribution;
mod beyond;
mod flat;
mod golden;
mod graph;
mod interchange;
mod metrics;
mod parity_v1;
mod parity_v2;
mod properties;
#[cfg(feature = "cosmolkit")]
mod rdkit_rules;
mod utilities;
