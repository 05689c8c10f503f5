#![doc = include_str!("../README.md")]

pub mod element;
mod error;
mod geometry;
pub mod neighbours;
mod structure;
pub mod units;

pub use error::{Error, Result};
pub use geometry::{cell_heights, cell_volume, inverse};
pub use neighbours::{NeighbourList, VerletList, neighbour_list};
pub use structure::Structure;
