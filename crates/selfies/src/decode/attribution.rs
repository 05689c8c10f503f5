//! Keeps account of which symbols made which part of the SMILES.

use super::derive::Witness;
use super::molecule::Wrote;
use super::tokens::Token;
use crate::attribution::{Attribution, Source};

/// Symbols behind each atom while deriving, then tokens while writing.
#[derive(Debug)]
pub(super) struct Account<'a> {
    selfies: &'a str,
    /// Symbols counted in earlier fragments.
    before: u64,
    /// Branch symbols around the place that is derived.
    around: Vec<Source>,
    /// By atom.
    atoms: Vec<Vec<Source>>,
    /// Roots written so far.
    roots: u64,
    /// Range of bytes, number of dots before it, and the atom behind it.
    tokens: Vec<(usize, usize, u64, Option<u32>)>,
}

impl<'a> Account<'a> {
    pub(super) fn new(selfies: &'a str) -> Self {
        Self {
            selfies,
            before: 0,
            around: Vec::new(),
            atoms: Vec::new(),
            roots: 0,
            tokens: Vec::new(),
        }
    }

    fn source(&self, at: u64, token: Token) -> Source {
        Source {
            index: at + self.before,
            token: token.text(self.selfies).to_owned(),
        }
    }

    pub(super) fn wrote(&mut self, what: Wrote, start: usize, end: usize) {
        let atom = match what {
            Wrote::Root => {
                self.roots += 1;
                return;
            }
            Wrote::Bond(atom) | Wrote::Atom(atom) => Some(atom),
            Wrote::RingBond => None,
        };
        if start < end {
            self.tokens.push((start, end, self.roots - 1, atom));
        }
    }

    pub(super) fn finish(self, smiles: &str) -> Vec<Attribution> {
        let attribution =
            |&(start, end, dots, atom): &(usize, usize, u64, Option<u32>)| Attribution {
                index: end as u64 - 1 - dots,
                token: smiles[start..end].to_owned(),
                sources: atom.map(|atom| self.atoms[atom as usize].clone()),
            };
        self.tokens.iter().map(attribution).collect()
    }
}

impl Witness for Account<'_> {
    fn atom(&mut self, at: u64, token: Token) {
        let mut sources = self.around.clone();
        sources.push(self.source(at, token));
        self.atoms.push(sources);
    }

    fn enter(&mut self, at: u64, token: Token, _length: u64) {
        let source = self.source(at, token);
        self.around.push(source);
    }

    fn leave(&mut self) {
        self.around.pop();
    }

    fn end_of_fragment(&mut self, count: u64) {
        self.around.clear();
        self.before += count;
    }
}
