//! Readers, writers and splits on real files.

mod bad_input;
mod consistency;
mod fetch;
mod molecules;
mod parquet;
mod shared;
mod structures;
mod tokens;
