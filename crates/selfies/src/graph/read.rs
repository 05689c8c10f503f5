//! SMILES text to graph.
//!
//! This reader follows `OpenSMILES` (<http://opensmiles.org>) with the habits of `RDKit`; the translator to SELFIES has
//! a reader of its own, because it must accept and refuse exactly what the Python package does. Beside each part
//! stands its grammar.

use petgraph::graph::{EdgeIndex, NodeIndex};

use super::error::ReadError;
use super::read_bracket::{bracket_atom, organic_atom};
use super::{Atom, Bond, BondOrder, Chirality, MolGraph};

/// A bond sign waiting for its second atom.
#[derive(Clone, Copy, Default)]
struct BondSign {
    order: Option<BondOrder>,
    /// +1 for `/`, −1 for `\`, 0 without direction.
    direction: i8,
    position: usize,
}

/// The first end of a ring bond.
struct OpenRing {
    number: u32,
    atom: NodeIndex,
    sign: Option<BondSign>,
    position: usize,
}

/// What stands at one place of a chiral atom's neighbour list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Bond(EdgeIndex),
    /// A ring number whose bond is not there yet.
    Pending(u32),
    /// The hydrogen in the brackets, or a lone pair.
    Implied,
}

pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    pub(super) graph: MolGraph,
    /// By edge: the direction from source to target.
    pub(super) directions: Vec<i8>,
    open: Vec<OpenRing>,
    /// Chiral atoms with their neighbours in written order.
    pub(super) chiral: Vec<(NodeIndex, Vec<Place>)>,
}

impl MolGraph {
    /// Reads a SMILES text.
    ///
    /// Lower-case atoms stay aromatic, nothing is checked beyond the text; see [`sanitise`](Self::sanitise).
    /// Everything from the first blank on is taken as the molecule's name and left out.
    ///
    /// # Errors
    /// The first place where the text breaks the grammar.
    pub fn from_smiles(smiles: &str) -> Result<Self, ReadError> {
        let text = smiles
            .split([' ', '\t', '\r', '\n'])
            .next()
            .unwrap_or("")
            .as_bytes();
        let mut reader = Reader {
            text,
            at: 0,
            graph: Self::with_capacity(text.len(), text.len()),
            directions: Vec::new(),
            open: Vec::new(),
            chiral: Vec::new(),
        };
        reader.chains()?;
        reader.finish()
    }
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn unexpected(&self) -> ReadError {
        let rest = String::from_utf8_lossy(&self.text[self.at..]);
        ReadError::Unexpected {
            found: rest.chars().next().unwrap_or('\0'),
            position: self.at,
        }
    }

    /// ```text
    /// smiles ::= chain ( '.' chain )*
    /// chain  ::= atom ( ring* branch* ( bond? atom ) )*
    /// branch ::= '(' bond? chain ')'
    /// ring   ::= bond? ( DIGIT | '%' DIGIT DIGIT | '%(' DIGIT+ ')' )
    /// ```
    fn chains(&mut self) -> Result<(), ReadError> {
        let mut previous: Option<NodeIndex> = None;
        let mut sign: Option<BondSign> = None;
        let mut branches: Vec<(NodeIndex, usize)> = Vec::new();
        // The place of a parenthesis that has just opened and must be followed by an atom.
        let mut fresh_branch: Option<usize> = None;
        while let Some(byte) = self.peek() {
            let position = self.at;
            match byte {
                b'-' | b'=' | b'#' | b'$' | b':' | b'/' | b'\\' => {
                    if sign.is_some() || previous.is_none() {
                        return Err(self.unexpected());
                    }
                    sign = Some(bond_sign(byte, position));
                    // A dative bond of RDKit is read as a single one.
                    self.at += if self.text[position..].starts_with(b"->") {
                        2
                    } else {
                        1
                    };
                }
                b'<' if sign.is_none()
                    && previous.is_some()
                    && self.text[position..].starts_with(b"<-") =>
                {
                    sign = Some(bond_sign(b'-', position));
                    self.at += 2;
                }
                b'.' => {
                    if sign.is_some() || previous.is_none() {
                        return Err(self.unexpected());
                    }
                    previous = None;
                    self.at += 1;
                }
                b'(' => {
                    let Some(atom) = previous.filter(|_| sign.is_none() && fresh_branch.is_none())
                    else {
                        return Err(ReadError::BadBranch { position });
                    };
                    branches.push((atom, position));
                    fresh_branch = Some(position);
                    self.at += 1;
                }
                b')' => {
                    if let Some(sign) = sign {
                        return Err(ReadError::HangingBond {
                            position: sign.position,
                        });
                    }
                    let Some((atom, _)) = branches.pop().filter(|_| fresh_branch.is_none()) else {
                        return Err(ReadError::BadBranch { position });
                    };
                    previous = Some(atom);
                    self.at += 1;
                }
                b'0'..=b'9' | b'%' => {
                    let Some(atom) = previous.filter(|_| fresh_branch.is_none()) else {
                        return Err(self.unexpected());
                    };
                    let number = self.ring_number()?;
                    self.ring_end(atom, number, sign.take(), position)?;
                }
                _ => {
                    let (atom, mark) = self.atom()?;
                    let explicit_hydrogen = atom.hydrogens_stated && atom.hydrogens == 1;
                    let node = self.graph.add_atom(atom);
                    if let Some(mark) = mark {
                        self.graph.graph_mut()[node].chirality = Some(mark);
                        self.chiral.push((node, Vec::with_capacity(4)));
                    }
                    if let Some(before) = previous {
                        self.bond(before, node, sign.take());
                    } else if let Some(sign) = sign {
                        return Err(ReadError::HangingBond {
                            position: sign.position,
                        });
                    }
                    if mark.is_some() && explicit_hydrogen {
                        self.place(node, Place::Implied);
                    }
                    previous = Some(node);
                    fresh_branch = None;
                }
            }
        }
        if let Some(sign) = sign {
            return Err(ReadError::HangingBond {
                position: sign.position,
            });
        }
        if let Some((_, position)) = branches.pop() {
            return Err(ReadError::Unclosed { position });
        }
        if let Some(ring) = self.open.first() {
            return Err(ReadError::OpenRing {
                number: ring.number,
                position: ring.position,
            });
        }
        Ok(())
    }

    /// ```text
    /// atom ::= '*' | organic | aromatic organic | '[' … ']'
    /// ```
    fn atom(&mut self) -> Result<(Atom, Option<Chirality>), ReadError> {
        let start = self.at;
        if self.peek() != Some(b'[') {
            let (atom, length) =
                organic_atom(&self.text[start..]).ok_or_else(|| self.unexpected())?;
            self.at += length;
            return Ok((atom, None));
        }
        let length = self.text[start..]
            .iter()
            .position(|&byte| byte == b']')
            .ok_or(ReadError::Unclosed { position: start })?;
        let inner = &self.text[start + 1..start + length];
        self.at = start + length + 1;
        bracket_atom(inner).ok_or_else(|| ReadError::BadAtom {
            text: String::from_utf8_lossy(inner).into_owned(),
            position: start,
        })
    }

    fn ring_number(&mut self) -> Result<u32, ReadError> {
        let digit = |byte: Option<&u8>| {
            byte.filter(|b| b.is_ascii_digit())
                .map(|b| u32::from(b - b'0'))
        };
        let rest = &self.text[self.at..];
        if let Some(number) = digit(rest.first()) {
            self.at += 1;
            return Ok(number);
        }
        if rest.get(1) == Some(&b'(') {
            let digits = rest[2..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if (1..=5).contains(&digits) && rest.get(2 + digits) == Some(&b')') {
                self.at += digits + 3;
                return Ok(rest[2..2 + digits]
                    .iter()
                    .fold(0, |n, b| n * 10 + u32::from(b - b'0')));
            }
        } else if let (Some(tens), Some(ones)) = (digit(rest.get(1)), digit(rest.get(2))) {
            self.at += 3;
            return Ok(tens * 10 + ones);
        }
        Err(self.unexpected())
    }

    fn ring_end(
        &mut self,
        atom: NodeIndex,
        number: u32,
        sign: Option<BondSign>,
        position: usize,
    ) -> Result<(), ReadError> {
        let Some(open) = self.open.iter().position(|ring| ring.number == number) else {
            self.open.push(OpenRing {
                number,
                atom,
                sign,
                position,
            });
            self.place(atom, Place::Pending(number));
            return Ok(());
        };
        let open = self.open.remove(open);
        let bad = |reason| ReadError::BadRing {
            number,
            position,
            reason,
        };
        let first = open.sign.unwrap_or_default();
        let second = sign.unwrap_or_default();
        if let (Some(a), Some(b)) = (first.order, second.order)
            && a != b
        {
            return Err(bad("has two different bonds at its ends"));
        }
        if open.atom == atom {
            return Err(bad("joins an atom to itself"));
        }
        if self.graph.graph().find_edge(open.atom, atom).is_some() {
            return Err(bad("joins atoms that are bonded already"));
        }
        let joined = BondSign {
            order: first.order.or(second.order),
            direction: if first.direction == 0 {
                -second.direction
            } else {
                first.direction
            },
            position,
        };
        let edge = self.add_edge(open.atom, atom, Some(joined));
        if let Some((_, places)) = self.chiral.iter_mut().find(|(node, _)| *node == open.atom)
            && let Some(place) = places
                .iter_mut()
                .find(|place| **place == Place::Pending(number))
        {
            *place = Place::Bond(edge);
        }
        self.place(atom, Place::Bond(edge));
        Ok(())
    }

    fn bond(&mut self, before: NodeIndex, node: NodeIndex, sign: Option<BondSign>) {
        let edge = self.add_edge(before, node, sign);
        self.place(before, Place::Bond(edge));
        self.place(node, Place::Bond(edge));
    }

    fn add_edge(
        &mut self,
        source: NodeIndex,
        target: NodeIndex,
        sign: Option<BondSign>,
    ) -> EdgeIndex {
        let sign = sign.unwrap_or_default();
        let graph = self.graph.graph_mut();
        let order = sign
            .order
            .unwrap_or(if graph[source].aromatic && graph[target].aromatic {
                BondOrder::Aromatic
            } else {
                BondOrder::Single
            });
        self.directions.push(sign.direction);
        graph.add_edge(source, target, Bond::new(order))
    }

    fn place(&mut self, atom: NodeIndex, place: Place) {
        if let Some((_, places)) = self.chiral.iter_mut().rev().find(|(node, _)| *node == atom) {
            places.push(place);
        }
    }
}

fn bond_sign(byte: u8, position: usize) -> BondSign {
    let (order, direction) = match byte {
        b'-' => (Some(BondOrder::Single), 0),
        b'=' => (Some(BondOrder::Double), 0),
        b'#' => (Some(BondOrder::Triple), 0),
        b'$' => (Some(BondOrder::Quadruple), 0),
        b':' => (Some(BondOrder::Aromatic), 0),
        // A marked bond is single or, between aromatic atoms, whatever the atoms make it.
        b'/' => (None, 1),
        _ => (None, -1),
    };
    BondSign {
        order,
        direction,
        position,
    }
}
