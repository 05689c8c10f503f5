//! Keeps account of which SMILES token made which symbol.

use crate::attribution::{Attribution, Source};
use crate::smiles::{BondOrder, Direction, Molecule, NONE};
use crate::symbol::{Symbol, symbols_from_index};

/// A chain that is being written.
struct Chain {
    /// The next place of its last atom.
    next: u32,
    /// Symbols written so far.
    symbols: u64,
    /// What the reference adds to their indices.
    base: u64,
    /// Attributions before it began.
    start: usize,
    /// The atom it began with.
    first: u32,
}

/// The attributions of a molecule read from `smiles`, in the reference's order.
pub(super) fn map(molecule: &Molecule, smiles: &str) -> Vec<Attribution> {
    let mut writer = Writer {
        molecule,
        smiles,
        map: Vec::new(),
        shifts: Vec::new(),
    };
    let mut base = 0;
    for root in molecule.roots() {
        base += writer.fragment(root, base);
    }
    writer.finish()
}

struct Writer<'a> {
    molecule: &'a Molecule,
    smiles: &'a str,
    map: Vec<Attribution>,
    /// A branch's index symbols shift the indices of its own symbols, which are
    /// known earlier: a range of the map and by how much.
    shifts: Vec<(usize, usize, u64)>,
}

impl Writer<'_> {
    fn fragment(&mut self, root: u32, base: u64) -> u64 {
        let mut chains = vec![self.begin(root, base)];
        loop {
            let Some(chain) = chains.last_mut() else {
                return 0;
            };
            if chain.next == NONE {
                let branch = chains.pop().expect("the last one was just seen");
                let Some(chain) = chains.last_mut() else {
                    return branch.symbols;
                };
                self.end_branch(chain, &branch);
                continue;
            }
            let place = self.molecule.places[chain.next as usize];
            let is_last = self.molecule.links[place.owner as usize].last == chain.next;
            chain.next = place.next;
            if place.child == NONE {
                self.ring(chain, place.owner, place.bond);
            } else if is_last {
                self.atom(chain, place.child);
            } else {
                let base = chain.symbols;
                let branch = self.begin(place.child, base);
                chains.push(branch);
            }
        }
    }

    fn begin(&mut self, first: u32, base: u64) -> Chain {
        let mut chain = Chain {
            next: NONE,
            symbols: 0,
            base,
            start: self.map.len(),
            first,
        };
        self.atom(&mut chain, first);
        chain
    }

    fn atom(&mut self, chain: &mut Chain, atom: u32) {
        let (order, direction) = match self.molecule.parent_bond(atom) {
            Some(bond) => {
                let bond = &self.molecule.bonds[bond as usize];
                (bond.order, bond.directions[0])
            }
            None => (BondOrder::Single, Direction::None),
        };
        let symbol = Symbol::Atom {
            order,
            direction: match order {
                BondOrder::Single => direction,
                _ => Direction::None,
            },
            atom: self.molecule.atoms[atom as usize],
        };
        self.push(chain, symbol.to_string(), Some(atom));
        chain.next = self.molecule.links[atom as usize].first;
    }

    fn ring(&mut self, chain: &mut Chain, owner: u32, bond: u32) {
        let other = self.molecule.other_end(bond, owner);
        if other > owner {
            return;
        }
        let bond = &self.molecule.bonds[bond as usize];
        let index = symbols_from_index(u64::from(owner - other - 1));
        let mut directions = match bond.order {
            BondOrder::Single => bond.directions,
            _ => [Direction::None; 2],
        };
        if bond.from == owner {
            directions.reverse();
        }
        let symbol = Symbol::Ring {
            order: bond.order,
            directions,
            size: size(&index),
        };
        self.push(chain, symbol.to_string(), None);
        for symbol in index {
            self.push(chain, symbol.to_owned(), None);
        }
    }

    fn end_branch(&mut self, chain: &mut Chain, branch: &Chain) {
        let bond = self.molecule.links[branch.first as usize].parent_bond;
        let index = symbols_from_index(branch.symbols - 1);
        let symbol = Symbol::Branch {
            order: self.molecule.bonds[bond as usize].order,
            size: size(&index),
        };
        let shift = index.len() as u64 + 1;
        self.shifts.push((branch.start, self.map.len(), shift));
        // The branch symbol is counted first and noted last, with the place of
        // the last index symbol.
        chain.symbols += 1;
        for symbol in index {
            self.push(chain, symbol.to_owned(), Some(branch.first));
        }
        chain.symbols -= 1;
        self.push(chain, symbol.to_string(), Some(branch.first));
        chain.symbols += branch.symbols;
    }

    fn push(&mut self, chain: &mut Chain, token: String, atom: Option<u32>) {
        let sources = atom.map(|atom| {
            let span = self.molecule.spans[atom as usize];
            vec![Source {
                index: u64::from(span.token),
                token: self.smiles[span.start as usize..span.end as usize].to_owned(),
            }]
        });
        self.map.push(Attribution {
            index: chain.symbols + chain.base,
            token,
            sources,
        });
        chain.symbols += 1;
    }

    fn finish(mut self) -> Vec<Attribution> {
        let mut steps = vec![0u64; self.map.len() + 1];
        for (start, end, shift) in self.shifts {
            steps[start] = steps[start].wrapping_add(shift);
            steps[end] = steps[end].wrapping_sub(shift);
        }
        let mut shift = 0u64;
        for (attribution, step) in self.map.iter_mut().zip(steps) {
            shift = shift.wrapping_add(step);
            attribution.index += shift;
        }
        self.map
    }
}

/// Sizes above three are written as they are in the reference.
fn size(index: &[&str]) -> u8 {
    u8::try_from(index.len()).expect("a number has at most sixteen digits")
}
