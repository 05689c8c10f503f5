//! Morgan (extended-connectivity) fingerprints, with the very identifiers of `RDKit`.
//!
//! D. Rogers and M. Hahn, doi:10.1021/ci100050t; invariants, hashes and the rule for equal environments are those of
//! `RDKit`'s Morgan generator, so bits agree one by one.

use petgraph::visit::EdgeRef;

use crate::graph::{Atom, BondOrder, MolGraph, NodeIndex};

use super::Fingerprint;

/// The Morgan fingerprint of a sanitised molecule. `radius` 2 with 1,024 or 2,048 bits is the usual choice (ECFP4).
///
/// ```
/// use selfies::fingerprint::morgan;
/// use selfies::graph::MolGraph;
///
/// let fingerprint = |smiles| morgan(&MolGraph::from_smiles(smiles).unwrap(), 2, 2048);
/// assert_eq!(fingerprint("OCC").tanimoto(&fingerprint("CCO")), 1.0);
/// assert!(fingerprint("CCO").tanimoto(&fingerprint("CCN")) < 0.5);
/// ```
///
/// # Panics
/// If `bits` is zero.
#[must_use]
pub fn morgan(molecule: &MolGraph, radius: usize, bits: usize) -> Fingerprint {
    let mut fingerprint = Fingerprint::new(bits);
    for environment in morgan_environments(molecule, radius) {
        fingerprint.insert(environment);
    }
    fingerprint
}

/// The identifiers of all atom environments up to a radius, each as often as it occurs, of a sanitised molecule.
#[must_use]
pub fn morgan_environments(molecule: &MolGraph, radius: usize) -> Vec<u32> {
    let graph = molecule.graph();
    let in_ring = molecule.ring_atoms();
    let mut identifiers: Vec<u32> = graph
        .node_indices()
        .map(|node| invariant(molecule, node, in_ring[node.index()]))
        .collect();
    let mut environments = identifiers.clone();
    let words = graph.edge_count().div_ceil(64);
    let mut covered = vec![vec![0_u64; words]; graph.node_count()];
    let mut seen: Vec<Vec<u64>> = Vec::new();
    let mut dead = vec![false; graph.node_count()];
    let mut around: Vec<(u32, u32)> = Vec::new();
    for layer in (0..).take(radius) {
        let mut next = identifiers.clone();
        let mut next_covered = covered.clone();
        let mut found: Vec<(Vec<u64>, u32, NodeIndex)> = Vec::new();
        for node in graph.node_indices() {
            if dead[node.index()] {
                continue;
            }
            around.clear();
            let cover = &mut next_covered[node.index()];
            for edge in graph.edges(node) {
                cover[edge.id().index() / 64] |= 1 << (edge.id().index() % 64);
                for (word, other) in cover.iter_mut().zip(&covered[edge.target().index()]) {
                    *word |= other;
                }
                around.push((
                    bond_invariant(edge.weight().order),
                    identifiers[edge.target().index()],
                ));
            }
            if around.is_empty() {
                dead[node.index()] = true;
                continue;
            }
            around.sort_unstable();
            let mut identifier = layer;
            combine(&mut identifier, identifiers[node.index()]);
            for &(bond, neighbour) in &around {
                let mut pair = 0;
                combine(&mut pair, bond);
                combine(&mut pair, neighbour);
                combine(&mut identifier, pair);
            }
            next[node.index()] = identifier;
            if seen.contains(cover) {
                dead[node.index()] = true;
            }
            found.push((cover.clone(), identifier, node));
        }
        // Of several environments of the same bonds, only the one with the smallest identifier counts.
        found.sort_unstable();
        for (cover, identifier, node) in found {
            if seen.contains(&cover) {
                dead[node.index()] = true;
            } else {
                environments.push(identifier);
                seen.push(cover);
            }
        }
        identifiers = next;
        covered = next_covered;
    }
    environments
}

/// What an atom is on its own: element, neighbours, hydrogens, charge, isotope, ring membership.
fn invariant(molecule: &MolGraph, node: NodeIndex, in_ring: bool) -> u32 {
    let graph = molecule.graph();
    let atom: &Atom = &graph[node];
    let hydrogens = u32::from(atom.hydrogens);
    let degree = u32::try_from(graph.edges(node).count()).unwrap_or(u32::MAX);
    let mut hash = 0;
    combine(&mut hash, u32::from(atom.element.number()));
    combine(&mut hash, degree + hydrogens);
    combine(&mut hash, hydrogens);
    combine(&mut hash, i32::from(atom.charge).cast_unsigned());
    combine(&mut hash, excess_mass(atom).cast_unsigned());
    if in_ring {
        combine(&mut hash, 1);
    }
    hash
}

/// Whole mass units by which a named isotope differs from the standard weight, towards zero.
#[expect(
    clippy::cast_possible_truncation,
    reason = "truncation towards zero is the definition"
)]
fn excess_mass(atom: &Atom) -> i32 {
    (atom.element.isotope_mass(atom.isotope) - atom.element.weight()) as i32
}

fn bond_invariant(order: BondOrder) -> u32 {
    match order {
        BondOrder::Single => 1,
        BondOrder::Double => 2,
        BondOrder::Triple => 3,
        BondOrder::Quadruple => 4,
        BondOrder::Aromatic => 12,
    }
}

/// `boost::hash_combine` on 32 bits.
fn combine(seed: &mut u32, value: u32) {
    let mixed = value
        .wrapping_add(0x9e37_79b9)
        .wrapping_add(*seed << 6)
        .wrapping_add(*seed >> 2);
    *seed ^= mixed;
}
