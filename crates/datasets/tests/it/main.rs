//! Readers, writers and splits on real files.

mod bad_input;
mod molecules;
mod shared;
mod structures;
