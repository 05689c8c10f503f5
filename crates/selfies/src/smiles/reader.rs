//! The SMILES reader: one pass over the bytes into a [`Molecule`].

use super::atom::{Atom, BondOrder, Direction};
use super::bracket;
use super::dialect::Dialect;
use super::digits;
use super::error::{SmilesError, SmilesFault};
use super::molecule::{Molecule, NONE, Span, index};
use super::token::{self, CLASSES, Class, RingNumber, fail, next_char};
use crate::element::Element;

/// Reads one SMILES string in the default dialect.
///
/// # Errors
/// Says what is wrong and at which byte.
pub fn parse(smiles: &str) -> Result<Molecule, SmilesError> {
    let mut molecule = Molecule::new();
    Reader::default().read(smiles, &mut molecule)?;
    Ok(molecule)
}

/// A SMILES reader that keeps its memory between strings.
///
/// ```
/// use selfies::smiles::{Molecule, Reader};
/// let (mut reader, mut molecule) = (Reader::default(), Molecule::new());
/// for smiles in ["CCO", "c1ccccc1"] {
///     reader.read(smiles, &mut molecule)?;
///     println!("{} atoms", molecule.atoms().len());
/// }
/// # Ok::<(), selfies::smiles::SmilesError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) dialect: Dialect,
    /// Open parentheses: the atom to return to, and the byte of the parenthesis.
    pub(super) branches: Vec<(u32, u32)>,
    /// Open ring numbers: one digit (0–9), then two digits (10–109).
    pub(super) rings: Box<[OpenRing; 110]>,
    /// Open ring numbers of any other spelling.
    pub(super) odd_rings: Vec<(u64, OpenRing)>,
    /// How many ring numbers are open.
    pub(super) open: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct OpenRing {
    /// The digit's place in the molecule; `NONE` when closed.
    pub(super) place: u32,
    /// The bond symbol before the digit, 0 for none.
    bond: u8,
    /// Bytes of the token without its bond.
    pub(super) start: u32,
    pub(super) end: u32,
}

impl OpenRing {
    pub(super) const CLOSED: Self = Self {
        place: NONE,
        bond: 0,
        start: 0,
        end: 0,
    };
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(Dialect::REFERENCE)
    }
}

impl Reader {
    /// A reader of this dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            branches: Vec::new(),
            rings: Box::new([OpenRing::CLOSED; 110]),
            odd_rings: Vec::new(),
            open: 0,
        }
    }

    /// Reads a string into a molecule, whose old content is dropped.
    ///
    /// # Errors
    /// Says what is wrong and at which byte; the molecule then holds what was
    /// read so far. As in the reference, a token that cannot be recognised
    /// anywhere in the text is reported before any fault of grammar.
    pub fn read(&mut self, smiles: &str, molecule: &mut Molecule) -> Result<(), SmilesError> {
        molecule.clear();
        self.branches.clear();
        if self.open > 0 {
            self.rings.fill(OpenRing::CLOSED);
            self.odd_rings.clear();
            self.open = 0;
        }
        if smiles.is_empty() {
            return fail(0, SmilesFault::Empty);
        }
        if u32::try_from(smiles.len()).map_or(true, |length| length == NONE) {
            return fail(0, SmilesFault::TooLong);
        }
        self.scan(smiles, molecule)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one loop with an arm for each kind of token"
    )]
    fn scan(&mut self, smiles: &str, molecule: &mut Molecule) -> Result<(), SmilesError> {
        let bytes = smiles.as_bytes();
        let mut at = 0;
        let mut previous = NONE;
        let mut chain_start = true;
        let mut ring_to_itself = None;
        // Tokens as attributions count them: a bond counts before an atom only.
        let mut token = 0;

        while at < bytes.len() {
            let mut class = CLASSES[usize::from(bytes[at])];
            // The most frequent token by far, apart from the rest so that its
            // constants are known to the compiler.
            if let Class::Organic(element, aromatic) = class
                && previous != NONE
                && !molecule.keep_spans
            {
                at += 1;
                chain_start = false;
                previous = attach(molecule, previous, 0, Atom::plain(element, aromatic));
                continue;
            }
            let mut bond = 0;
            if class == Class::Bond {
                bond = bytes[at];
                at += 1;
                class = match bytes.get(at) {
                    None => return fail(at - 1, SmilesFault::HangingBond),
                    Some(b'.') => Class::Other,
                    Some(&byte) => CLASSES[usize::from(byte)],
                };
            }
            let start = at;
            let atom = match class {
                Class::Organic(element, aromatic) => {
                    at += 1;
                    Atom::plain(element, aromatic)
                }
                Class::MaybeLong(element) => {
                    at += 1;
                    let long = match (element, bytes.get(at)) {
                        (Element::C, Some(b'l')) => Element::CL,
                        (Element::B, Some(b'r')) => Element::BR,
                        _ => element,
                    };
                    at += usize::from(long != element);
                    Atom::plain(long, false)
                }
                Class::Bracket => {
                    let Some(length) = bytes[at..].iter().position(|&byte| byte == b']') else {
                        return fail(at, SmilesFault::OpenBracket);
                    };
                    at += length + 1;
                    match bracket::parse(&smiles[start..at], self.dialect.wildcards) {
                        Some(atom) => atom,
                        None => return self.not_an_atom(smiles, start, at),
                    }
                }
                Class::Digit | Class::Percent => {
                    let number = token::ring_number(self.dialect, smiles, at)?;
                    at = number.end;
                    if chain_start {
                        return self.grammar(smiles, start, at, SmilesFault::ChainStart);
                    }
                    let made = self.ring(bytes, molecule, number, previous, bond, start);
                    match made {
                        Ok(true) => {}
                        Ok(false) => ring_to_itself = ring_to_itself.or(Some(start)),
                        Err((place, reason)) => return self.grammar(smiles, place, at, reason),
                    }
                    token += 1;
                    continue;
                }
                Class::Open | Class::Close if bond != 0 => {
                    return fail(at - 1, SmilesFault::BondBeforeParenthesis);
                }
                Class::Open => {
                    at += 1;
                    if chain_start {
                        return self.grammar(smiles, start, at, SmilesFault::ChainStart);
                    }
                    self.branches.push((previous, index(start)));
                    chain_start = true;
                    token += 1;
                    continue;
                }
                Class::Close => {
                    at += 1;
                    if chain_start {
                        return self.grammar(smiles, start, at, SmilesFault::ChainStart);
                    }
                    let Some((back, _)) = self.branches.pop() else {
                        return self.grammar(smiles, start, at, SmilesFault::CloseParenthesis);
                    };
                    previous = back;
                    token += 1;
                    continue;
                }
                Class::Dot => {
                    at += 1;
                    self.end_of_fragment(smiles, molecule, start, at)?;
                    previous = NONE;
                    chain_start = true;
                    continue;
                }
                Class::Letter => {
                    return self.not_an_atom(smiles, start, at + 1);
                }
                Class::Bond | Class::Other => {
                    let character = next_char(smiles, at);
                    if character == '*' && self.dialect.wildcards {
                        at += 1;
                        Atom::plain(Element::WILDCARD, false)
                    } else if digits::is_digit(character) {
                        at += character.len_utf8();
                        let number = RingNumber {
                            slot: Err(u64::from(character)),
                            end: at,
                        };
                        if chain_start {
                            return self.grammar(smiles, start, at, SmilesFault::ChainStart);
                        }
                        match self.ring(bytes, molecule, number, previous, bond, start) {
                            Ok(true) => {}
                            Ok(false) => ring_to_itself = ring_to_itself.or(Some(start)),
                            Err((place, reason)) => {
                                return self.grammar(smiles, place, at, reason);
                            }
                        }
                        token += 1;
                        continue;
                    } else if character.is_alphabetic() {
                        return self.not_an_atom(smiles, start, at + character.len_utf8());
                    } else {
                        return fail(at, SmilesFault::Symbol { symbol: character });
                    }
                }
            };

            chain_start = false;
            previous = attach(molecule, previous, bond, atom);
            if molecule.keep_spans {
                molecule.spans.push(Span {
                    start: index(start),
                    end: index(at),
                    token: token + u32::from(bond != 0),
                });
            }
            token += 1 + u32::from(bond != 0);
        }

        self.end_of_fragment(smiles, molecule, bytes.len(), bytes.len())?;
        if self.open > 0 {
            let (place, number) = self.latest_open_ring(smiles);
            return fail(place, SmilesFault::OpenRing { number });
        }
        match ring_to_itself {
            Some(place) => fail(place, SmilesFault::RingToItself),
            None => Ok(()),
        }
    }

    /// Opens or closes a ring number; `false` for a ring of one atom.
    fn ring(
        &mut self,
        bytes: &[u8],
        molecule: &mut Molecule,
        number: RingNumber,
        atom: u32,
        bond: u8,
        start: usize,
    ) -> Result<bool, (usize, SmilesFault)> {
        debug_assert!(number.end <= bytes.len());
        let slot = match number.slot {
            Ok(slot) => &mut self.rings[slot],
            Err(key) => {
                let known = self.odd_rings.iter().position(|&(k, _)| k == key);
                let at = known.unwrap_or_else(|| {
                    self.odd_rings.push((key, OpenRing::CLOSED));
                    self.odd_rings.len() - 1
                });
                &mut self.odd_rings[at].1
            }
        };
        let place = molecule.push_ring_place(atom);
        if slot.place == NONE {
            *slot = OpenRing {
                place,
                bond,
                start: index(start),
                end: index(number.end),
            };
            self.open += 1;
            return Ok(true);
        }

        let left = std::mem::replace(slot, OpenRing::CLOSED);
        self.open -= 1;
        let other = molecule.places[left.place as usize].owner;
        if molecule.bonded(other, atom) {
            return Err((left.start as usize, SmilesFault::BondedTwice));
        }
        let directional = |bond| bond == b'/' || bond == b'\\';
        let agree = left.bond == bond
            || left.bond == 0
            || bond == 0
            || (directional(left.bond) && directional(bond));
        if !agree {
            return Err((left.start as usize, SmilesFault::MismatchedRingBonds));
        }
        let aromatic = left.bond == 0
            && bond == 0
            && molecule.atoms[other as usize].aromatic
            && molecule.atoms[atom as usize].aromatic;
        let (left_order, left_direction) = meaning(left.bond);
        let (right_order, right_direction) = meaning(bond);
        let order = if aromatic {
            BondOrder::Aromatic
        } else {
            left_order.max(right_order)
        };
        molecule.close_ring(
            [left.place, place],
            order,
            [left_direction, right_direction],
        );
        Ok(other != atom)
    }
}

/// Adds an atom behind another one, or as a root.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see `Molecule::push_child`")]
fn attach(molecule: &mut Molecule, previous: u32, bond: u8, atom: Atom) -> u32 {
    if previous == NONE {
        return molecule.push_root(atom);
    }
    let (order, direction) = match bond {
        0 if atom.aromatic && molecule.atoms[previous as usize].aromatic => {
            (BondOrder::Aromatic, Direction::None)
        }
        0 => (BondOrder::Single, Direction::None),
        bond => meaning(bond),
    };
    molecule.push_child(previous, atom, order, direction)
}

/// Order and direction of a bond symbol; 0 and `-` are single bonds.
fn meaning(bond: u8) -> (BondOrder, Direction) {
    match bond {
        b'=' => (BondOrder::Double, Direction::None),
        b'#' => (BondOrder::Triple, Direction::None),
        b':' => (BondOrder::Aromatic, Direction::None),
        b'/' => (BondOrder::Single, Direction::Up),
        b'\\' => (BondOrder::Single, Direction::Down),
        _ => (BondOrder::Single, Direction::None),
    }
}
