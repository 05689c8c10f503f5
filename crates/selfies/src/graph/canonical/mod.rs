//! One text for one molecule, whatever its spelling.
//!
//! The molecule is sanitised, configurations that change nothing are dropped ([`stereo`]), the atoms of every piece are
//! ranked ([`search`]) by refining a partition ([`partition`]), and the pieces' texts are sorted.

mod partition;
mod search;
mod stereo;

use std::fmt::Write;

use petgraph::graph::NodeIndex;

use super::error::SanitiseError;
use super::{MolGraph, SmilesWriter};

impl MolGraph {
    /// The canonical SMILES: equal for two graphs when, and only when, they are the same molecule.
    ///
    /// The text is this crate's own; it is no other program's canonical form. Highly symmetric cages whose search
    /// would take longer than about a hundred thousand steps get a text that may depend on the spelling.
    ///
    /// ```
    /// use selfies::graph::MolGraph;
    /// let canonical = |smiles: &str| MolGraph::from_smiles(smiles).unwrap().canonical_smiles().unwrap();
    /// assert_eq!(canonical("OC(=O)C1=CC=CC=C1OC(C)=O"), canonical("CC(=O)Oc1ccccc1C(=O)O"));
    /// assert_ne!(canonical("C[C@H](N)C(=O)O"), canonical("C[C@@H](N)C(=O)O"));
    /// ```
    ///
    /// # Errors
    /// What [`sanitise`](Self::sanitise) finds.
    pub fn canonical_smiles(&self) -> Result<String, SanitiseError> {
        let mut molecule = self.clone();
        molecule.sanitise()?;
        Ok(molecule.into_canonical_text())
    }

    /// The canonical SMILES without configurations and isotopes.
    ///
    /// # Errors
    /// What [`sanitise`](Self::sanitise) finds.
    pub fn canonical_smiles_flat(&self) -> Result<String, SanitiseError> {
        let mut molecule = self.clone();
        molecule.sanitise()?;
        molecule.drop_stereo();
        for atom in molecule.graph_mut().node_weights_mut() {
            atom.isotope = 0;
        }
        // Deuterium was an atom of its own and is an ordinary hydrogen now.
        molecule.merge_hydrogens();
        Ok(molecule.into_canonical_text())
    }

    /// The canonical text of a sanitised molecule.
    pub(crate) fn into_canonical_text(self) -> String {
        let mut writer = SmilesWriter::default();
        let mut texts: Vec<String> = self
            .components()
            .into_iter()
            .map(|mut piece| {
                let ranks = piece.canonical_ranks();
                let mut text = String::new();
                writer.write_ranked(&piece, &ranks, &mut text);
                text
            })
            .collect();
        texts.sort_unstable();
        let mut all = String::new();
        for (position, text) in texts.iter().enumerate() {
            let dot = if position == 0 { "" } else { "." };
            write!(all, "{dot}{text}").expect("writing to a string cannot fail");
        }
        all
    }

    /// Drops configurations that change nothing and ranks the atoms of a connected, sanitised molecule.
    fn canonical_ranks(&mut self) -> Vec<u32> {
        self.drop_false_stereo();
        search::canonical_labelling(self).ranks
    }

    /// All atoms, piece by piece, those of a piece in its canonical order.
    pub(super) fn canonical_order(&self) -> Vec<NodeIndex> {
        let mut judged = self.clone();
        judged.drop_illegal_stereo();
        let labels = judged.component_labels();
        let pieces = judged.components();
        let mut order = Vec::with_capacity(self.atom_count());
        for (label, piece) in pieces.iter().enumerate() {
            let ranks = search::canonical_labelling(piece).ranks;
            let start = order.len();
            order.resize(start + ranks.len(), NodeIndex::end());
            let members = self
                .graph()
                .node_indices()
                .filter(|node| labels[node.index()] == label);
            for (node, rank) in members.zip(ranks) {
                order[start + rank as usize] = node;
            }
        }
        order
    }

    /// Forgets all configurations.
    pub fn drop_stereo(&mut self) {
        for atom in self.graph_mut().node_weights_mut() {
            atom.chirality = None;
        }
        for bond in self.graph_mut().edge_weights_mut() {
            bond.stereo = None;
        }
    }
}
