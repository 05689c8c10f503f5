//! The decoder's state machine: from symbols to atoms, branches and rings.
//!
//! The state is the number of bonds that the last atom can still make. Branches
//! are kept on an explicit stack and every symbol is looked at once, so the time
//! is linear and the depth of nesting unlimited.

use crate::error::DecodeError;
use crate::smiles::{Direction, NONE};
use crate::symbol::{INDEX_SYMBOLS, Kind};

use super::cursor::{Cursor, Lookup, Met};
use super::molecule::{DerivedMolecule, Request};

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

/// Someone who keeps account of the derivation. The empty one costs nothing.
pub(super) trait Witness {
    /// An atom was added; `at` counts symbols.
    #[inline]
    fn atom(&mut self, _at: u64, _met: Met) {}
    /// A branch begins.
    #[inline]
    fn enter(&mut self, _at: u64, _met: Met) {}
    /// The innermost branch ends.
    #[inline]
    fn leave(&mut self) {}
    /// A ring was asked for.
    #[inline]
    fn ring(&mut self, _met: Met) {}
    /// A fragment of this many symbols ends.
    #[inline]
    fn end_of_fragment(&mut self, _count: u64) {}
    /// A symbol left no trace, or less than it asked for.
    #[inline]
    fn ignored(&mut self, _met: Met, _cause: Cause) {}
    /// Whether `index` is to be told of each index symbol.
    const WATCHES_INDICES: bool = false;
}

impl Witness for () {}

/// Derives one fragment; returns how many symbols it counted.
pub(super) fn fragment<W: Witness>(
    mut cursor: Cursor<'_>,
    lookup: &mut Lookup<'_>,
    molecule: &mut DerivedMolecule,
    frames: &mut Vec<Frame>,
    selfies: &str,
    witness: &mut W,
) -> Result<u64, DecodeError> {
    frames.clear();
    let mut chain = Frame {
        state: 0,
        last: NONE,
        limit: u64::MAX,
    };
    let mut count = 0;
    // Symbols before an index in this text; attributes are numbered by them.
    let mut number = 0;

    loop {
        if chain.state == ENDED || count >= chain.limit {
            while count < chain.limit {
                let Some(met) = cursor.next(lookup)? else {
                    return Ok(count);
                };
                witness.ignored(met, Cause::ChainEnded);
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

        let Some(met) = cursor.next(lookup)? else {
            return Ok(count);
        };
        let at = number;
        count += 1;
        number += 1;
        let entry = lookup.table.entry(met.entry);
        let order = u32::from(entry.order);
        let size = entry.size;
        match entry.kind {
            Kind::Atom => {
                let bond = order.min(chain.state).min(entry.capacity);
                let left = entry.capacity - bond;
                let direction = entry.directions[0];
                if bond > 0 {
                    chain.last =
                        molecule.push(met.entry, entry.capacity, chain.last, bond, direction);
                    witness.atom(at, met);
                    if bond < order {
                        witness.ignored(met, Cause::BondReduced);
                    }
                } else if chain.state == 0 {
                    chain.last = molecule.push(met.entry, entry.capacity, NONE, 0, Direction::None);
                    witness.atom(at, met);
                } else {
                    witness.ignored(met, Cause::NoBondToAtom);
                }
                chain.state = if left == 0 { ENDED } else { left };
            }
            Kind::Branch if chain.state <= 1 => witness.ignored(met, Cause::NoRoomForBranch),
            Kind::Branch => {
                let inner = order.min(chain.state - 1);
                chain.state -= inner;
                let length = read_index(
                    &mut cursor,
                    lookup,
                    size,
                    &mut number,
                    selfies,
                    met,
                    witness,
                )? + 1;
                count += u64::from(size);
                witness.enter(at, met);
                frames.push(chain);
                chain = Frame {
                    state: inner,
                    last: chain.last,
                    limit: count + length,
                };
            }
            Kind::Ring if chain.state == 0 => witness.ignored(met, Cause::NoAtomForRing),
            Kind::Ring => {
                let directions = entry.directions;
                let order = order.min(chain.state);
                chain.state -= order;
                if chain.state == 0 {
                    chain.state = ENDED;
                }
                let distance = read_index(
                    &mut cursor,
                    lookup,
                    size,
                    &mut number,
                    selfies,
                    met,
                    witness,
                )? + 1;
                count += u64::from(size);
                let left = u64::from(chain.last).saturating_sub(distance);
                if distance > u64::from(chain.last) {
                    witness.ignored(met, Cause::RingClipped);
                }
                witness.ring(met);
                #[expect(clippy::cast_possible_truncation, reason = "left is below last")]
                molecule.requests.push(Request {
                    left: left as u32,
                    right: chain.last,
                    order: order as u8,
                    directions,
                });
            }
            Kind::Epsilon => {
                witness.ignored(met, Cause::Epsilon);
                if chain.state != 0 {
                    chain.state = ENDED;
                }
            }
            Kind::Nop | Kind::Invalid => {
                let symbol = &selfies[met.start..met.end];
                let symbol = if lookup.options.modernize {
                    crate::v1::modern_symbol(symbol).into_owned()
                } else {
                    symbol.to_owned()
                };
                return Err(DecodeError::Symbol {
                    symbol,
                    position: met.start,
                    selfies: selfies.to_owned(),
                });
            }
        }
    }
}

/// Reads a number; symbols that are missing count 0.
#[inline]
fn read_index<W: Witness>(
    cursor: &mut Cursor<'_>,
    lookup: &mut Lookup<'_>,
    size: u8,
    number: &mut u64,
    selfies: &str,
    owner: Met,
    witness: &mut W,
) -> Result<u64, DecodeError> {
    let mut value = 0;
    for _ in 0..size {
        value <<= 4;
        match cursor.next(lookup)? {
            Some(met) => {
                *number += 1;
                value += u64::from(lookup.table.entry(met.entry).index);
                if W::WATCHES_INDICES
                    && lookup.table.entry(met.entry).index == 0
                    && !is_zero(selfies, met)
                {
                    witness.ignored(met, Cause::IndexUnknown);
                }
            }
            None => witness.ignored(owner, Cause::IndexMissing),
        }
    }
    Ok(value)
}

/// Whether a symbol of index value 0 is the one that means it.
fn is_zero(selfies: &str, met: Met) -> bool {
    &selfies[met.start..met.end] == INDEX_SYMBOLS[0]
}
