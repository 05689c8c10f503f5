//! The program of the page on data sets runs as it stands there.

#![doc = include_str!("../../../docs/datasets.md")]
