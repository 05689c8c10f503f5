//! Single and double bonds as the Python package 1.0.4 chooses them.
//!
//! Atoms with an odd number of free electrons are paired depth first, with
//! backtracking, beginning at atoms with at most one neighbour.

use std::collections::HashMap;

use super::encode::{Fault, Kind, Token};
use super::text;

/// The Python package gives up at a depth of about a thousand calls; beyond
/// these limits it would crash or not end.
const DEEPEST: usize = 4_000;
const MOST_STEPS: u64 = 5_000_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Kekulizer {
    /// Tokens of atoms with a bond, in the order the bonds were found.
    nodes: Vec<usize>,
    /// Bonds of each token.
    edges_of: HashMap<usize, Vec<usize>>,
    edges: Vec<Edge>,
    /// The first edge between the same two tokens.
    twins: HashMap<(usize, usize), usize>,
    aromatic: Vec<bool>,
    kept: Vec<bool>,
    visited: Vec<bool>,
    visits: Vec<usize>,
    matched: Vec<bool>,
    matched_edges: Vec<usize>,
    steps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    ends: (usize, usize),
    /// The first edge between the same tokens: the reference takes them for one.
    twin: usize,
    bond: Option<char>,
    /// The token that carries the bond symbol.
    token: usize,
}

impl Edge {
    fn other(&self, end: usize) -> usize {
        if end == self.ends.0 {
            self.ends.1
        } else {
            self.ends.0
        }
    }
}

impl Kekulizer {
    pub(super) fn kekulize(&mut self, smiles: &str, tokens: &mut [Token]) -> Result<(), Fault> {
        self.build(smiles, tokens)?;
        if !self.aromatic.contains(&true) {
            return Ok(());
        }
        self.prune(smiles, tokens)?;

        let single = |node: &&usize| self.edges_of[*node].len() <= 1;
        let (ends, middles): (Vec<usize>, Vec<usize>) =
            self.nodes.iter().partition(|node| single(node));
        self.visited.clear();
        self.visited.resize(tokens.len(), false);
        self.visits.clear();
        self.steps = 0;
        for node in ends.into_iter().chain(middles) {
            self.matched.clear();
            self.matched.resize(tokens.len(), false);
            self.matched_edges.clear();
            if !self.assign(node, 0)? {
                return Err(Fault::Unmatched);
            }
        }
        self.write_back(tokens);
        Ok(())
    }

    fn build(&mut self, smiles: &str, tokens: &mut [Token]) -> Result<(), Fault> {
        self.nodes.clear();
        self.edges_of.clear();
        self.edges.clear();
        self.twins.clear();
        self.aromatic.clear();
        self.aromatic.resize(tokens.len(), false);
        let mut rings: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut stack = Vec::new();
        let mut last = None;
        for at in 0..tokens.len() {
            let token = tokens[at];
            match token.kind {
                Kind::Atom => {
                    if let Some(last) = last {
                        self.connect(smiles, tokens, last, at, at)?;
                    }
                    last = Some(at);
                }
                Kind::Open => stack.push(last),
                Kind::Close => match stack.pop() {
                    Some(outer) => last = outer,
                    None => return Ok(()),
                },
                Kind::Ring => {
                    let number = &smiles[token.start..token.end];
                    let Some(atom) = last else {
                        return Err(Fault::RingBack);
                    };
                    let Some((left, left_token)) = rings.remove(number) else {
                        rings.insert(number, (atom, at));
                        continue;
                    };
                    // One of the two symbols carries the bond, the left one first.
                    let carrier = if tokens[left_token].bond.is_some() {
                        tokens[at].bond = None;
                        left_token
                    } else {
                        at
                    };
                    self.connect(smiles, tokens, left, atom, carrier)?;
                }
            }
        }
        Ok(())
    }

    fn connect(
        &mut self,
        smiles: &str,
        tokens: &mut [Token],
        a: usize,
        b: usize,
        carrier: usize,
    ) -> Result<(), Fault> {
        for end in [a, b] {
            let token = tokens[end];
            let aromatic = is_aromatic(&smiles[token.start..token.end])?;
            self.aromatic[end] = self.aromatic[end] || aromatic;
        }
        if tokens[carrier].bond == Some(':') {
            self.aromatic[a] = true;
            self.aromatic[b] = true;
            tokens[carrier].bond = None;
        }
        let number = self.edges.len();
        let twin = *self.twins.entry((a, b)).or_insert(number);
        self.edges.push(Edge {
            ends: (a, b),
            twin,
            bond: tokens[carrier].bond,
            token: carrier,
        });
        for end in [a, b] {
            let edges = self.edges_of.entry(end).or_insert_with(|| {
                self.nodes.push(end);
                Vec::new()
            });
            edges.push(number);
        }
        Ok(())
    }

    /// Leaves the aromatic atoms that need a double bond, and the bonds between
    /// them that may become one.
    fn prune(&mut self, smiles: &str, tokens: &[Token]) -> Result<(), Fault> {
        self.kept.clear();
        self.kept.resize(tokens.len(), false);
        for &node in &self.nodes {
            if self.aromatic[node] {
                let token = tokens[node];
                let bonds = self.edges_of[&node]
                    .iter()
                    .map(|&edge| self.edges[edge].bond);
                self.kept[node] = takes_double_bond(&smiles[token.start..token.end], bonds)?;
            }
        }
        let Self {
            kept,
            edges,
            edges_of,
            nodes,
            ..
        } = self;
        nodes.retain(|&node| kept[node]);
        for node in nodes.iter() {
            let list = edges_of.get_mut(node).expect("every node has edges");
            list.retain(|&edge| {
                let edge = &edges[edge];
                edge.bond.is_none() && kept[edge.ends.0] && kept[edge.ends.1]
            });
        }
        Ok(())
    }

    fn assign(&mut self, node: usize, depth: usize) -> Result<bool, Fault> {
        self.steps += 1;
        if depth > DEEPEST || self.steps > MOST_STEPS {
            return Err(Fault::TooHard);
        }
        if self.visited[node] {
            return Ok(true);
        }
        let edges = self.edges_of[&node].len();
        let edge_of = |this: &Self, at: usize| this.edges_of[&node][at];
        if self.matched[node] {
            let before = self.visits.len();
            self.visited[node] = true;
            self.visits.push(node);
            for at in 0..edges {
                let near = self.edges[edge_of(self, at)].other(node);
                if !self.assign(near, depth + 1)? {
                    for node in self.visits.drain(before..) {
                        self.visited[node] = false;
                    }
                    return Ok(false);
                }
            }
            return Ok(true);
        }

        let candidates: Vec<usize> = (0..edges)
            .map(|at| edge_of(self, at))
            .filter(|&edge| !self.matched[self.edges[edge].other(node)])
            .collect();
        let before = self.matched_edges.len();
        for edge in candidates {
            let Edge { ends, twin, .. } = self.edges[edge];
            self.matched[ends.0] = true;
            self.matched[ends.1] = true;
            if !self.matched_edges.contains(&twin) {
                self.matched_edges.push(twin);
            }
            if self.assign(node, depth + 1)? {
                self.edges[edge].bond = Some('=');
                return Ok(true);
            }
            for edge in self.matched_edges.drain(before..) {
                let Edge { ends, .. } = self.edges[edge];
                self.edges[edge].bond = None;
                self.matched[ends.0] = false;
                self.matched[ends.1] = false;
            }
        }
        Ok(false)
    }

    fn write_back(&self, tokens: &mut [Token]) {
        for (token, aromatic) in tokens.iter_mut().zip(&self.aromatic) {
            token.capital = *aromatic;
        }
        for node in &self.nodes {
            for &edge in &self.edges_of[node] {
                let Edge { bond, token, .. } = self.edges[edge];
                tokens[token].bond = bond;
                // A parenthesis carries the bond of what follows it.
                if token > 0 && matches!(tokens[token - 1].kind, Kind::Open | Kind::Close) {
                    tokens[token - 1].bond = bond;
                }
            }
        }
    }
}

/// Valence electrons of the elements that may be aromatic.
fn aromatic_electrons(element: &str) -> Option<i64> {
    Some(match element {
        "b" | "al" => 3,
        "c" | "si" => 4,
        "n" | "p" | "as" => 5,
        "o" | "s" | "se" | "te" => 6,
        _ => return None,
    })
}

fn is_aromatic(atom: &str) -> Result<bool, Fault> {
    let (start, end) = text::element_range(atom).ok_or(Fault::Aromatic)?;
    let element = &atom[start..end];
    if element.starts_with(char::is_uppercase) {
        return Ok(false);
    }
    aromatic_electrons(element)
        .map(|_| true)
        .ok_or(Fault::Aromatic)
}

fn takes_double_bond(atom: &str, bonds: impl Iterator<Item = Option<char>>) -> Result<bool, Fault> {
    let atom = text::read(atom).ok_or(Fault::Aromatic)?;
    let mut used = 0;
    let mut count = 0;
    let mut triple = false;
    for bond in bonds {
        count += 1;
        triple |= bond == Some('#');
        used += match bond {
            Some('=') => 2,
            Some('#') => 3,
            _ => 1,
        };
    }
    let mut hydrogens = i64::from(atom.hydrogens);
    if atom.element == "c" && hydrogens == 0 && atom.charge == 0 && count == 2 && !triple {
        hydrogens = 1;
    }
    if hydrogens > 1 {
        return Err(Fault::Aromatic);
    }
    let valence = aromatic_electrons(atom.element).ok_or(Fault::Aromatic)?;
    // The charge may be any number that fits.
    let free = (valence - used - hydrogens).wrapping_sub(atom.charge);
    Ok(free % 2 != 0)
}
