#![doc = include_str!("README.md")]

mod assemble;
mod draw;
mod fragments;
mod template;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use selfies::graph::{MolGraph, SmilesWriter};

use assemble::{Assembly, Pieces};
use draw::Weighted;
use template::Template;

/// An endless row of drug-like molecules, the same for a seed on every platform.
///
/// Molecule `i` is a function of the seed and `i` alone, so any one of them can be asked for directly.
/// As an iterator it yields SMILES; [`graphs`](Self::graphs) yields graphs.
///
/// ```
/// use datasets::generator::MoleculeGenerator;
///
/// let mut generator = MoleculeGenerator::new(7);
/// let first: Vec<String> = generator.by_ref().take(3).collect();
/// assert_eq!(first[2], MoleculeGenerator::new(7).smiles(2));
/// ```
#[derive(Clone, Debug)]
pub struct MoleculeGenerator {
    pieces: Pieces,
    start: ChaCha8Rng,
    next: u64,
    assembly: Assembly,
    writer: SmilesWriter,
    ranks: Vec<u32>,
}

impl MoleculeGenerator {
    /// The row of molecules of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let read =
            |table: &[(&str, u32)]| table.iter().map(|(text, _)| Template::read(text)).collect();
        let weigh = |table: &[(&str, u32)]| Weighted::new(table.iter().map(|&(_, weight)| weight));
        let pieces = Pieces {
            rings: read(fragments::RINGS),
            ring_weights: weigh(fragments::RINGS),
            chains: read(fragments::CHAINS),
            chain_weights: weigh(fragments::CHAINS),
            linkers: fragments::LINKERS
                .iter()
                .map(|(text, _)| (!text.is_empty()).then(|| Template::read(text)))
                .collect(),
            linker_weights: weigh(fragments::LINKERS),
            end_groups: fragments::SUBSTITUENTS
                .iter()
                .map(|&(text, _, anywhere)| (Template::read(text), anywhere))
                .collect(),
            end_group_weights: Weighted::new(
                fragments::SUBSTITUENTS.iter().map(|&(_, weight, _)| weight),
            ),
            ring_systems: Weighted::new(fragments::RING_SYSTEMS.iter().copied()),
            end_group_counts: Weighted::new(fragments::END_GROUPS.iter().copied()),
        };
        Self {
            pieces,
            start: ChaCha8Rng::seed_from_u64(seed),
            next: 0,
            assembly: Assembly::default(),
            writer: SmilesWriter::default(),
            ranks: Vec::new(),
        }
    }

    /// The molecule with this number, as SMILES.
    #[must_use]
    pub fn smiles(&mut self, index: u64) -> String {
        let mut text = String::with_capacity(64);
        self.write_smiles(index, &mut text);
        text
    }

    /// Appends the molecule with this number to a text, without allocating once the buffers have grown.
    pub fn write_smiles(&mut self, index: u64, text: &mut String) {
        self.build(index);
        // Chemists start a SMILES at the end of a chain, so atoms with one neighbour come first.
        let graph = self.assembly.graph.graph();
        self.ranks.clear();
        self.ranks
            .extend(graph.node_indices().zip(0..).map(|(node, rank): (_, u32)| {
                let inner = graph.edges(node).take(2).count() > 1;
                rank + u32::from(inner) * (1 << 31)
            }));
        self.writer
            .write_ranked(&self.assembly.graph, &self.ranks, text);
    }

    /// The molecule with this number, as a graph.
    #[must_use]
    pub fn graph(&mut self, index: u64) -> MolGraph {
        self.build(index);
        self.assembly.graph.clone()
    }

    /// The molecules from the next one on, as graphs.
    pub fn graphs(&mut self) -> impl Iterator<Item = MolGraph> {
        std::iter::from_fn(move || {
            let graph = self.graph(self.next);
            self.next += 1;
            Some(graph)
        })
    }

    fn build(&mut self, index: u64) {
        let mut rng = self.start.clone();
        rng.set_stream(index);
        self.assembly.build(&self.pieces, &mut rng);
    }
}

impl Iterator for MoleculeGenerator {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let text = self.smiles(self.next);
        self.next += 1;
        Some(text)
    }
}

#[cfg(test)]
mod tests;
