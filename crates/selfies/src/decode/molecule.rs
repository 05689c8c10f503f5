//! The molecule that a SELFIES string derives, and its SMILES.

use crate::smiles::{Direction, NONE, index};
use crate::symbol::{Action, SymbolTable};

/// An atom in the order of derivation, which is also the order of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct DerivedAtom {
    /// The symbol it came from.
    pub(super) entry: u32,
    /// `NONE` for a root.
    pub(super) parent: u32,
    pub(super) last_child: u32,
    /// First and last ring end, as twice the ring plus the end.
    pub(super) first_ring: u32,
    pub(super) last_ring: u32,
    /// Bonds it may have, and has.
    pub(super) capacity: u32,
    pub(super) used: u32,
    /// The bond to the parent.
    pub(super) order: u8,
    pub(super) direction: Direction,
}

/// A ring bond that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) order: u8,
    pub(super) directions: [Direction; 2],
}

/// A ring bond that was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ring {
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) order: u8,
    pub(super) directions: [Direction; 2],
    /// The next ring end at the left and the right atom.
    pub(super) next: [u32; 2],
    /// Its number in the text; 0 before it is written.
    pub(super) number: u32,
}

/// What became of a request for a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RingOutcome {
    Formed,
    /// Both ends are the same atom.
    SameAtom,
    /// An end has no bond left.
    NoRoom,
    /// The bond is of lower order than asked for.
    Reduced,
}

/// How ring bonds are numbered in the text.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum RingNumbers {
    /// 1, 2, 3 …, never used again, and `%100` for the hundredth, which no
    /// SMILES reader understands: what the Python package writes.
    #[default]
    Reference,
    /// The lowest free number, so that 100 open rings at once are needed to
    /// exceed two digits; those are written `%(100)`.
    Lowest,
}

#[derive(Clone, Debug, Default)]
pub(super) struct DerivedMolecule {
    pub(super) atoms: Vec<DerivedAtom>,
    pub(super) requests: Vec<Request>,
    pub(super) rings: Vec<Ring>,
    /// Numbers in use, when the lowest free one is wanted.
    in_use: Vec<bool>,
}

impl DerivedMolecule {
    pub(super) fn clear(&mut self) {
        self.atoms.clear();
        self.requests.clear();
        self.rings.clear();
    }

    /// Adds an atom, with a bond to its parent unless that is `NONE`.
    #[inline]
    pub(super) fn push(
        &mut self,
        entry: u32,
        action: Action,
        parent: u32,
        order: u32,
        direction: Direction,
    ) -> u32 {
        let number = index(self.atoms.len());
        #[expect(clippy::cast_possible_truncation, reason = "an order is at most 3")]
        self.atoms.push(DerivedAtom {
            entry,
            parent,
            last_child: NONE,
            first_ring: NONE,
            last_ring: NONE,
            capacity: action.capacity,
            used: order,
            order: order as u8,
            direction,
        });
        if parent != NONE {
            let parent = &mut self.atoms[parent as usize];
            parent.last_child = number;
            parent.used += order;
        }
        number
    }

    /// Makes all rings that were asked for.
    pub(super) fn form_rings(&mut self) {
        for request in 0..self.requests.len() {
            self.form_ring(request);
        }
    }

    /// Makes the ring that was asked for as this one; to be called in the order of
    /// asking.
    pub(super) fn form_ring(&mut self, request: usize) -> RingOutcome {
        let Request {
            left,
            right,
            order,
            directions,
        } = self.requests[request];
        if left == right {
            return RingOutcome::SameAtom;
        }
        let free = |atom: u32| {
            let atom = &self.atoms[atom as usize];
            atom.capacity.saturating_sub(atom.used)
        };
        let room = free(left).min(free(right));
        if room == 0 {
            return RingOutcome::NoRoom;
        }
        #[expect(clippy::cast_possible_truncation, reason = "an order is at most 3")]
        let made = room.min(u32::from(order)) as u8;
        let gained = if self.atoms[right as usize].parent == left {
            raise(&mut self.atoms[right as usize].order, made)
        } else if let Some(ring) = self.ring_between(left, right) {
            raise(&mut self.rings[ring].order, made)
        } else {
            self.hang_ring(left, right, made, directions);
            made
        };
        self.atoms[left as usize].used += u32::from(gained);
        self.atoms[right as usize].used += u32::from(gained);
        if gained < order {
            RingOutcome::Reduced
        } else {
            RingOutcome::Formed
        }
    }

    fn ring_between(&self, left: u32, right: u32) -> Option<usize> {
        let mut at = self.atoms[right as usize].first_ring;
        while at != NONE {
            let ring = &self.rings[at as usize / 2];
            if ring.left == left && ring.right == right {
                return Some(at as usize / 2);
            }
            at = ring.next[at as usize % 2];
        }
        None
    }

    fn hang_ring(&mut self, left: u32, right: u32, order: u8, directions: [Direction; 2]) {
        let ring = index(self.rings.len());
        self.rings.push(Ring {
            left,
            right,
            order,
            directions,
            next: [NONE; 2],
            number: 0,
        });
        for (side, atom) in (0..).zip([left, right]) {
            let end = ring * 2 + side;
            let atom = &mut self.atoms[atom as usize];
            if atom.last_ring == NONE {
                atom.first_ring = end;
            } else {
                let last = atom.last_ring as usize;
                self.rings[last / 2].next[last % 2] = end;
            }
            atom.last_ring = end;
        }
    }

    /// Writes the SMILES into `out` from its beginning; returns the length.
    ///
    /// Atoms are derived in the order of a walk that goes through each branch
    /// before it goes on. So an atom is the first child of its parent exactly if
    /// it follows it, and a later child is where the branch before it ends.
    pub(super) fn write(
        &mut self,
        table: &SymbolTable,
        numbers: RingNumbers,
        out: &mut Vec<u8>,
        mut wrote: impl FnMut(Wrote, usize, usize),
    ) -> usize {
        const ATOM: usize = 3 + 32;
        const RING_END: usize = 1 + 13;
        let most = self.atoms.len() * ATOM + self.rings.len() * 2 * RING_END;
        if out.len() < most {
            out.resize(most, 0);
        }
        self.in_use.clear();
        let mut next_number = 1;
        let mut at = 0;
        let buffer = &mut out[..];
        for number in 0..index(self.atoms.len()) {
            let atom = self.atoms[number as usize];
            if atom.parent == NONE {
                wrote(Wrote::Root, at, at);
                if number > 0 {
                    buffer[at] = b'.';
                    at += 1;
                }
            } else {
                if atom.parent + 1 != number {
                    buffer[at] = b')';
                    at += 1;
                }
                if self.atoms[atom.parent as usize].last_child != number {
                    buffer[at] = b'(';
                    at += 1;
                }
                let start = at;
                let bond = BONDS[usize::from(atom.order)][atom.direction as usize];
                buffer[at] = bond;
                at += usize::from(bond != 0);
                wrote(Wrote::Bond(number), start, at);
            }
            let entry = table.entry(atom.entry);
            let length = usize::from(entry.length);
            buffer[at..at + 8].copy_from_slice(&entry.text[..8]);
            if length > 8 {
                buffer[at + 8..at + 31].copy_from_slice(&entry.text[8..]);
            }
            wrote(Wrote::Atom(number), at, at + length);
            at += length;

            let mut end = atom.first_ring;
            while end != NONE {
                let ring = &mut self.rings[end as usize / 2];
                let side = end as usize % 2;
                let start = at;
                let bond = BONDS[usize::from(ring.order)][ring.directions[side] as usize];
                buffer[at] = bond;
                at += usize::from(bond != 0);
                wrote(Wrote::RingBond, start, at);
                if ring.number == 0 {
                    ring.number = match numbers {
                        RingNumbers::Reference => {
                            next_number += 1;
                            next_number - 1
                        }
                        RingNumbers::Lowest => take_lowest(&mut self.in_use),
                    };
                } else if numbers == RingNumbers::Lowest {
                    self.in_use[ring.number as usize - 1] = false;
                }
                at = write_number(buffer, at, ring.number, numbers);
                end = ring.next[side];
            }
        }
        at
    }
}

/// What was just written, for those who keep account.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wrote {
    /// A new fragment begins.
    Root,
    /// The bond to this atom (maybe no byte).
    Bond(u32),
    /// This atom.
    Atom(u32),
    /// The bond symbol at a ring digit (maybe no byte).
    RingBond,
}

/// Bond symbols by order and direction mark; 0 for none.
const BONDS: [[u8; 3]; 4] = [
    [0, 0, 0],
    [0, b'/', b'\\'],
    [b'=', b'=', b'='],
    [b'#', b'#', b'#'],
];

/// Raises an order by `more`, at most to 3; returns by how much.
fn raise(order: &mut u8, more: u8) -> u8 {
    let old = *order;
    *order = (old + more).min(3);
    *order - old
}

fn take_lowest(in_use: &mut Vec<bool>) -> u32 {
    let at = in_use.iter().position(|used| !used).unwrap_or(in_use.len());
    if at == in_use.len() {
        in_use.push(false);
    }
    in_use[at] = true;
    index(at) + 1
}

fn write_number(buffer: &mut [u8], mut at: usize, number: u32, numbers: RingNumbers) -> usize {
    let digit = |value: u32| b'0' + (value % 10) as u8;
    if number < 10 {
        buffer[at] = digit(number);
        return at + 1;
    }
    buffer[at] = b'%';
    at += 1;
    if number < 100 {
        buffer[at] = digit(number / 10);
        buffer[at + 1] = digit(number);
        return at + 2;
    }
    let bracket = numbers == RingNumbers::Lowest;
    if bracket {
        buffer[at] = b'(';
        at += 1;
    }
    let digits = number.ilog10();
    for place in (0..=digits).rev() {
        buffer[at] = digit(number / 10u32.pow(place));
        at += 1;
    }
    if bracket {
        buffer[at] = b')';
        at += 1;
    }
    at
}
