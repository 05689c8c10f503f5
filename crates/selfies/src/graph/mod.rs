//! The molecule as a graph, on [petgraph](https://docs.rs/petgraph).
//!
//! [`MolGraph`] holds a petgraph `UnGraph` of [`Atom`]s and [`Bond`]s, built from SMILES or by hand. Node indices
//! follow the order of the text. Hydrogens are a number on their atom unless the text writes them as atoms.
//!
//! | question | answer |
//! | --- | --- |
//! | text to graph and back | [`MolGraph::from_smiles`], [`MolGraph::to_smiles`], [`SmilesWriter`] |
//! | is it chemically sensible | [`MolGraph::sanitise`] |
//! | is it the same molecule | [`MolGraph::canonical_smiles`] |
//! | pieces, rings | [`MolGraph::components`], [`MolGraph::rings`], [`MolGraph::ring_count`] |
//! | skeleton | [`MolGraph::murcko_scaffold`] |
//! | formula, weight | [`MolGraph::formula`], [`MolGraph::weight`] |

mod aromatic;
mod atom;
mod bridges;
mod build;
mod canonical;
mod error;
mod formula;
mod indices;
mod kekule;
mod periodic;
mod read;
mod read_bracket;
mod read_settle;
mod rings;
mod sanitise;
mod scaffold;
mod valence;
mod write;
mod write_atom;
mod write_marks;
mod write_tree;

pub use crate::element::Element;
pub use atom::{Atom, Bond, BondOrder, Chirality, DoubleBondStereo};
pub use build::MolGraph;
pub use error::{BondError, ReadError, SanitiseError};
pub use petgraph::graph::{EdgeIndex, NodeIndex};
pub use rings::Ring;
pub(crate) use valence::implied_hydrogens;
pub use write::SmilesWriter;
