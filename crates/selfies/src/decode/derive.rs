//! The decoder's state machine: from symbols to atoms, branches and rings.
//!
//! The state is the number of bonds that the last atom can still make. Branches
//! are kept on an explicit stack and every symbol is looked at once, so the time
//! is linear and the depth of nesting unlimited.

use std::fmt;

use crate::error::DecodeError;
use crate::smiles::{Direction, NONE};
use crate::symbol::{Kind, SymbolTable};

use super::DecodeOptions;
use super::molecule::{DerivedMolecule, Request};
use super::tokens::{Token, Tokens};

/// State of a chain that has ended.
const ENDED: u32 = u32::MAX;

/// The chain that a branch interrupts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    state: u32,
    last: u32,
    /// Symbol count at which the chain's own branch is used up.
    limit: u64,
}

/// Why a symbol left no trace in the molecule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// It follows an atom that can make no more bonds.
    ChainEnded,
    /// A branch before the first atom, or at an atom with one bond left.
    NoRoomForBranch,
    /// A ring before the first atom.
    NoAtomForRing,
    /// A ring bond whose ends are one atom.
    RingToItself,
    /// A ring bond at an atom that has no bond left.
    NoRoomForRing,
    /// An atom that can make no bond at all.
    NoBondToAtom,
    /// Less than the number of index symbols that should follow.
    IndexMissing,
    /// Less symbols than the branch should have.
    BranchShort,
    /// `[epsilon]`.
    Epsilon,
    /// The bond is of lower order than asked for.
    BondReduced,
    /// An index symbol that stands for no number, read as 0.
    IndexUnknown,
    /// The ring reaches beyond the first atom, and was bent to it.
    RingClipped,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChainEnded => "the last atom can make no more bonds",
            Self::NoRoomForBranch => "no room for a branch",
            Self::NoAtomForRing => "no atom to close a ring at",
            Self::RingToItself => "a ring bond from an atom to itself",
            Self::NoRoomForRing => "an end of the ring has no bond left",
            Self::NoBondToAtom => "the atom can make no bond",
            Self::IndexMissing => "index symbols are missing",
            Self::BranchShort => "the branch has less symbols than it asks for",
            Self::Epsilon => "the symbol means nothing",
            Self::BondReduced => "the bond has a lower order than asked for",
            Self::IndexUnknown => "the symbol stands for no number and is read as 0",
            Self::RingClipped => "the ring reaches beyond the first atom and ends there",
        })
    }
}

/// Someone who keeps account of the derivation. The empty one costs nothing.
pub(super) trait Witness {
    /// An atom was added; `at` counts symbols.
    #[inline]
    fn atom(&mut self, _at: u64, _token: Token) {}
    /// A branch begins.
    #[inline]
    fn enter(&mut self, _at: u64, _token: Token, _length: u64) {}
    /// The innermost branch ends.
    #[inline]
    fn leave(&mut self) {}
    /// A ring was asked for.
    #[inline]
    fn ring(&mut self, _token: Token, _distance: u64) {}
    /// A branch or ring symbol was met whose number comes next.
    #[inline]
    fn number(&mut self, _token: Token) {}
    /// A fragment of this many symbols ends.
    #[inline]
    fn end_of_fragment(&mut self, _count: u64) {}
    /// A symbol left no trace, or less than it asked for.
    #[inline]
    fn ignored(&mut self, _token: Token, _cause: Cause) {}
    /// A symbol was read as a digit.
    #[inline]
    fn index(&mut self, _token: Token, _digit: u8) {}
}

impl Witness for () {}

/// Why a derivation fails.
#[derive(Debug)]
pub(super) enum Fault {
    /// A bracket that is not closed.
    Hanging(DecodeError),
    /// A symbol that is none.
    Invalid(Token),
}

impl Fault {
    /// The error that the user sees.
    #[cold]
    pub(super) fn explain(self, selfies: &str, options: &DecodeOptions) -> DecodeError {
        match self {
            Self::Hanging(error) => error,
            Self::Invalid(token) => {
                let symbol = token.text(selfies);
                DecodeError::Symbol {
                    symbol: if options.modernize {
                        crate::v1::modern_symbol(symbol).into_owned()
                    } else {
                        symbol.to_owned()
                    },
                    position: token.start as usize,
                    selfies: selfies.to_owned(),
                }
            }
        }
    }
}

/// Derives one fragment; returns how many symbols it counted, those included
/// that a number at the end of the text lacks.
pub(super) fn fragment<W: Witness>(
    tokens: &Tokens,
    table: &SymbolTable,
    molecule: &mut DerivedMolecule,
    frames: &mut Vec<Frame>,
    witness: &mut W,
) -> Result<u64, Fault> {
    frames.clear();
    let mut chain = Frame {
        state: 0,
        last: NONE,
        limit: u64::MAX,
    };
    let mut count = 0;
    let mut number = 0;

    loop {
        if chain.state == ENDED || count >= chain.limit {
            while count < chain.limit {
                let Some(token) = tokens.get(number).map_err(Fault::Hanging)? else {
                    return Ok(count);
                };
                witness.ignored(token, Cause::ChainEnded);
                count += 1;
                number += 1;
            }
            let Some(outer) = frames.pop() else {
                return Ok(count);
            };
            witness.leave();
            chain = outer;
            continue;
        }

        let Some(token) = tokens.get(number).map_err(Fault::Hanging)? else {
            return Ok(count);
        };
        let at = number as u64;
        count += 1;
        number += 1;
        let action = *table.action(token.entry);
        let order = u32::from(action.order);
        match action.kind {
            Kind::Atom => {
                let bond = order.min(chain.state).min(action.capacity);
                let left = action.capacity - bond;
                if bond > 0 {
                    let direction = action.directions()[0];
                    chain.last = molecule.push(token.entry, action, chain.last, bond, direction);
                    witness.atom(at, token);
                    if bond < order {
                        witness.ignored(token, Cause::BondReduced);
                    }
                } else if chain.state == 0 {
                    chain.last = molecule.push(token.entry, action, NONE, 0, Direction::None);
                    witness.atom(at, token);
                } else {
                    witness.ignored(token, Cause::NoBondToAtom);
                }
                chain.state = if left == 0 { ENDED } else { left };
            }
            Kind::Branch if chain.state <= 1 => witness.ignored(token, Cause::NoRoomForBranch),
            Kind::Branch => {
                let inner = order.min(chain.state - 1);
                chain.state -= inner;
                let length =
                    read_index(tokens, table, &mut number, token, action.size(), witness)? + 1;
                count += u64::from(action.size());
                witness.enter(at, token, length);
                frames.push(chain);
                chain = Frame {
                    state: inner,
                    last: chain.last,
                    limit: count + length,
                };
            }
            Kind::Ring if chain.state == 0 => witness.ignored(token, Cause::NoAtomForRing),
            Kind::Ring => {
                let order = order.min(chain.state);
                chain.state -= order;
                if chain.state == 0 {
                    chain.state = ENDED;
                }
                let distance =
                    read_index(tokens, table, &mut number, token, action.size(), witness)? + 1;
                count += u64::from(action.size());
                let left = u64::from(chain.last).saturating_sub(distance);
                witness.ring(token, distance);
                if distance > u64::from(chain.last) {
                    witness.ignored(token, Cause::RingClipped);
                }
                #[expect(clippy::cast_possible_truncation, reason = "left is below last")]
                molecule.requests.push(Request {
                    left: left as u32,
                    right: chain.last,
                    order: order as u8,
                    directions: action.directions(),
                });
            }
            Kind::Epsilon => {
                witness.ignored(token, Cause::Epsilon);
                if chain.state != 0 {
                    chain.state = ENDED;
                }
            }
            Kind::Nop | Kind::Invalid => return Err(Fault::Invalid(token)),
        }
    }
}

/// Reads a number; symbols that are missing count 0.
#[inline]
fn read_index<W: Witness>(
    tokens: &Tokens,
    table: &SymbolTable,
    number: &mut usize,
    owner: Token,
    size: u8,
    witness: &mut W,
) -> Result<u64, Fault> {
    witness.number(owner);
    let mut value = 0;
    for _ in 0..size {
        value <<= 4;
        match tokens.get(*number).map_err(Fault::Hanging)? {
            Some(token) => {
                *number += 1;
                let digit = table.action(token.entry).index();
                value += u64::from(digit);
                witness.index(token, digit);
            }
            None => witness.ignored(owner, Cause::IndexMissing),
        }
    }
    Ok(value)
}
