//! The decoder of the Python package 1.0.4.

use std::collections::HashMap;

use super::INDEX_SYMBOLS;
use super::splitter::Splitter;
use super::text;
use crate::constraints::Constraints;
use crate::error::DecodeError;

/// A decoder that keeps its memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decoder {
    /// Symbols of the fragment that have been split off so far.
    symbols: Vec<(usize, usize)>,
    atoms: Vec<Atom>,
    /// Last atom of the branch that begins at an atom.
    branches: HashMap<usize, usize>,
    requests: Vec<Request>,
    frames: Vec<Frame>,
    rings: Vec<(usize, usize, Option<char>)>,
    ring_of: HashMap<(usize, usize), usize>,
    opens: Vec<u32>,
    closes: Vec<u32>,
    marks: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Atom {
    /// The bond symbol in front, if any.
    bond: Option<char>,
    /// Bytes of the atom in the string, and whether it is written in brackets.
    text: (usize, usize),
    bracket: bool,
    /// Bonds left; −1 for an atom that ended its chain.
    free: i64,
    parent: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    left: usize,
    right: usize,
    bond: Option<char>,
}

/// A chain: the rest of its symbols, the last atom, and how many bonds that has.
#[derive(Clone, Copy, Debug)]
struct Chain {
    next: usize,
    end: usize,
    state: i64,
    last: Option<usize>,
}

/// The chain around a branch, and the atoms before the branch.
#[derive(Clone, Copy, Debug)]
struct Frame {
    chain: Chain,
    branch_start: usize,
}

impl Decoder {
    /// Translates a string.
    pub(crate) fn decode(
        &mut self,
        selfies: &str,
        constraints: &Constraints,
        out: &mut String,
    ) -> Result<(), DecodeError> {
        let mut start = 0;
        for fragment in selfies.split('.') {
            let end = start + fragment.len();
            self.derive(selfies, start, end, constraints)?;
            if !self.atoms.is_empty() {
                self.form_rings(selfies);
                if !out.is_empty() {
                    out.push('.');
                }
                self.write(selfies, out);
            }
            start = end + 1;
        }
        Ok(())
    }

    fn derive(
        &mut self,
        selfies: &str,
        start: usize,
        end: usize,
        constraints: &Constraints,
    ) -> Result<(), DecodeError> {
        self.symbols.clear();
        self.atoms.clear();
        self.branches.clear();
        self.requests.clear();
        self.frames.clear();
        let mut splitter = Splitter::new(selfies, start, end);
        let mut chain = Chain {
            next: 0,
            end: usize::MAX,
            state: 0,
            last: None,
        };
        loop {
            // The reference splits one symbol off behind the end of a chain too.
            let more = chain.next < chain.end && splitter.has(&mut self.symbols, chain.next)?;
            if chain.state < 0 || !more {
                let Some(frame) = self.frames.pop() else {
                    return Ok(());
                };
                self.close_branch(frame.branch_start);
                chain = frame.chain;
                continue;
            }
            let (from, to) = self.symbols[chain.next];
            chain.next += 1;
            let symbol = &selfies[from..to];
            let invalid = || DecodeError::Symbol {
                symbol: symbol.to_owned(),
                position: from,
                selfies: selfies.to_owned(),
            };
            // The character this far before the end, as a number.
            let digit = |back: usize| {
                let character = symbol.chars().rev().nth(back).ok_or_else(invalid)?;
                crate::smiles::decimal(character).ok_or_else(invalid)
            };

            if symbol.contains("Branch") {
                let order = i64::from(digit(1)?);
                if !(1..=3).contains(&order) {
                    return Err(invalid());
                }
                if chain.state <= 1 {
                    continue;
                }
                let size = usize::from(digit(3)?);
                let length = self.index(selfies, &mut splitter, &mut chain, size)?;
                let stop = chain
                    .next
                    .saturating_add(length)
                    .saturating_add(1)
                    .min(chain.end);
                // All symbols of a branch are split off before it is derived.
                splitter.has(&mut self.symbols, stop.saturating_sub(1))?;
                let inner = match chain.state {
                    2..=8 => order.min(chain.state - 1),
                    _ => -1,
                };
                let branch = Chain {
                    next: chain.next,
                    end: stop.min(self.symbols.len().max(chain.next)),
                    state: inner,
                    last: chain.last,
                };
                chain.next = stop;
                if inner > 0 {
                    chain.state -= inner;
                }
                self.frames.push(Frame {
                    chain,
                    branch_start: self.atoms.len(),
                });
                chain = branch;
            } else if symbol.contains("Ring") {
                let Some(last) = chain.last.filter(|_| chain.state != 0) else {
                    continue;
                };
                let size = usize::from(digit(1)?);
                let distance = self.index(selfies, &mut splitter, &mut chain, size)?;
                let bond = match symbol.strip_prefix("[Expl") {
                    Some(rest) => rest.chars().next(),
                    None => None,
                };
                self.requests.push(Request {
                    left: last.saturating_sub(distance.saturating_add(1)),
                    right: last,
                    bond,
                });
            } else if symbol == "[epsilon]" {
                if chain.state != 0 {
                    chain.state = -1;
                }
            } else {
                self.atom(symbol, from, &mut chain, constraints, invalid)?;
            }
        }
    }

    /// Derives an atom.
    fn atom(
        &mut self,
        symbol: &str,
        position: usize,
        chain: &mut Chain,
        constraints: &Constraints,
        invalid: impl Fn() -> DecodeError,
    ) -> Result<(), DecodeError> {
        let asked = symbol[1..].chars().next();
        let asked = asked.filter(|bond| matches!(bond, '/' | '\\' | '=' | '#'));
        let start = 1 + asked.map_or(0, char::len_utf8);
        let bracket = symbol.ends_with("expl]");
        let cut = if bracket { 5 } else { 1 };
        let inner = symbol.get(start..symbol.len() - cut).ok_or_else(&invalid)?;
        let atom = if bracket {
            text::read(&symbol_in_brackets(inner)).map(|atom| capacity(&atom, constraints))
        } else {
            text::read(inner).map(|atom| capacity(&atom, constraints))
        };
        let (room, hydrogens) = atom.ok_or_else(&invalid)?;
        if hydrogens > room || (hydrogens == room && chain.state > 0) {
            return Err(DecodeError::Hydrogens {
                symbol: symbol.to_owned(),
                position,
            });
        }
        let room = room - hydrogens;
        let (bond, free) = if chain.state == 0 {
            (None, room)
        } else {
            let most = chain.state.min(room);
            let (bond, order) = if order_of(asked) > most {
                (bond_of(most), most)
            } else {
                (asked, order_of(asked))
            };
            let left = room - order;
            (bond, if left == 0 { -1 } else { left })
        };
        let from = position + start;
        let atom = Atom {
            bond,
            text: (from, from + inner.len()),
            bracket,
            free,
            parent: chain.last,
        };
        if let Some(parent) = chain.last {
            // The first character decides, be it a bond symbol or not.
            let first = bond.or_else(|| inner.chars().next().filter(|_| !bracket));
            self.atoms[parent].free -= order_of(first);
        }
        chain.last = Some(self.atoms.len());
        self.atoms.push(atom);
        chain.state = free;
        Ok(())
    }

    /// Reads a number of `size` index symbols of the chain.
    fn index(
        &mut self,
        selfies: &str,
        splitter: &mut Splitter<'_>,
        chain: &mut Chain,
        size: usize,
    ) -> Result<usize, DecodeError> {
        let mut value = 0usize;
        for _ in 0..size {
            let mut digit = 0;
            if chain.next < chain.end && splitter.has(&mut self.symbols, chain.next)? {
                let (from, to) = self.symbols[chain.next];
                chain.next += 1;
                let symbol = &selfies[from..to];
                digit = INDEX_SYMBOLS.iter().position(|&s| s == symbol).unwrap_or(0);
            }
            value = value << 4 | digit;
        }
        Ok(value)
    }

    /// Notes a branch from the atom after the branches that begin where it does.
    fn close_branch(&mut self, mut start: usize) {
        while let Some(last) = self.branches.get(&start) {
            start = last + 1;
        }
        if start < self.atoms.len() {
            self.branches.insert(start, self.atoms.len() - 1);
        }
    }

    fn form_rings(&mut self, selfies: &str) {
        self.rings.clear();
        self.ring_of.clear();
        for &Request { left, right, bond } in &self.requests {
            if left == right {
                continue;
            }
            let room = self.atoms[left].free.min(self.atoms[right].free);
            if room <= 0 {
                continue;
            }
            let (bond, order) = if order_of(bond) > room {
                (bond_of(room), room)
            } else {
                (bond, order_of(bond))
            };
            if self.atoms[right].parent == Some(left) {
                raise_chain_bond(&mut self.atoms[right], selfies, order);
            } else if let Some(&ring) = self.ring_of.get(&(left, right)) {
                let old = &mut self.rings[ring].2;
                *old = bond_of((order + order_of(*old)).min(3));
            } else {
                self.ring_of.insert((left, right), self.rings.len());
                self.rings.push((left, right, bond));
            }
            self.atoms[left].free -= order;
            self.atoms[right].free -= order;
        }
    }

    fn write(&mut self, selfies: &str, out: &mut String) {
        let count = self.atoms.len();
        self.opens.clear();
        self.opens.resize(count, 0);
        self.closes.clear();
        self.closes.resize(count, 0);
        for (&start, &end) in &self.branches {
            self.opens[start] += 1;
            self.closes[end] += 1;
        }
        self.marks.truncate(count);
        self.marks.iter_mut().for_each(String::clear);
        self.marks.resize(count, String::new());
        for (number, &(left, right, bond)) in (1..).zip(&self.rings) {
            // As in the reference, only two-digit numbers get a percent sign.
            let percent = if (10..100).contains(&number) { "%" } else { "" };
            let bond = bond.map_or(String::new(), String::from);
            let mark = format!("{bond}{percent}{number}");
            self.marks[left].push_str(&mark);
            self.marks[right].push_str(&mark);
        }
        for (at, atom) in self.atoms.iter().enumerate() {
            if self.opens[at] > 0 {
                out.push('(');
            }
            out.extend(atom.bond);
            let (start, end) = atom.text;
            if atom.bracket {
                out.push('[');
                out.push_str(&selfies[start..end]);
                out.push(']');
            } else {
                out.push_str(&selfies[start..end]);
            }
            out.push_str(&self.marks[at]);
            out.extend(std::iter::repeat_n(')', self.closes[at] as usize));
        }
    }
}

/// Raises the order of the bond in front of an atom.
fn raise_chain_bond(atom: &mut Atom, selfies: &str, order: i64) {
    let is_bond = |c: &char| matches!(c, '-' | '/' | '\\' | '=' | '#');
    let old = match atom.bond {
        Some(bond) => Some(bond),
        // Without a bond symbol the atom's own text may begin with one.
        None if !atom.bracket => {
            let first = selfies[atom.text.0..atom.text.1].chars().next();
            let first = first.filter(is_bond);
            atom.text.0 += usize::from(first.is_some());
            first
        }
        None => None,
    };
    atom.bond = bond_of((order + order_of(old)).min(3));
}

fn symbol_in_brackets(inner: &str) -> String {
    format!("[{inner}]")
}

/// Bonds the atom may have in all, and its hydrogens.
fn capacity(atom: &text::AtomText<'_>, constraints: &Constraints) -> (i64, i64) {
    let capacity = match atom.charge {
        0 => constraints.by_key(atom.element),
        charge => constraints.by_key(&format!("{}{charge:+}", atom.element)),
    };
    (i64::from(capacity), i64::from(atom.hydrogens))
}

fn order_of(bond: Option<char>) -> i64 {
    match bond {
        Some('=') => 2,
        Some('#') => 3,
        _ => 1,
    }
}

fn bond_of(order: i64) -> Option<char> {
    match order {
        2 => Some('='),
        3 => Some('#'),
        _ => None,
    }
}
