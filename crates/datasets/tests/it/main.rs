//! Readers, writers and splits on real files.

mod archives;
mod bad_input;
mod consistency;
mod fetch;
mod formats;
mod mlearn;
mod molecules;
mod parquet;
mod shared;
mod splits;
mod structures;
mod tokens;
