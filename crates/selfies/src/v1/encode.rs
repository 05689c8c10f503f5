//! The encoder of the Python package 1.0.4.
//!
//! It works on tokens, not on a molecule: brackets are copied as they stand, a
//! branch is what stands in parentheses, and neither valences nor atoms are
//! looked at.

use std::fmt::Write as _;

use super::INDEX_SYMBOLS;
use super::kekulize::Kekulizer;
use crate::error::EncodeError;
use crate::smiles::is_digit;
use crate::symbol::index_length;

/// What SELFIES 1 cannot encode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The wildcard atom.
    #[error("wildcard atom '*' not supported")]
    Wildcard,
    /// A bond symbol ends a fragment; the Python package crashes.
    #[error("hanging bond")]
    HangingBond,
    /// A square bracket is not closed.
    #[error("malformed SMILES, missing ']'")]
    OpenBracket,
    /// A chirality class other than `@` and `@@`.
    #[error("chiral specification not supported")]
    Chirality,
    /// A character that begins no token.
    #[error("unrecognized symbol '{0}'")]
    Symbol(char),
    /// A percent sign without a number.
    #[error("invalid ring number")]
    RingNumber,
    /// A ring number is left open in its fragment.
    #[error("malformed ring numbering or ring numbering across a dot symbol")]
    OpenRing,
    /// An empty branch; the Python package never ends.
    #[error("empty branch")]
    EmptyBranch,
    /// A ring bond that does not lead to an earlier atom; the Python package
    /// never ends.
    #[error("ring bond that leads to no earlier atom")]
    RingBack,
    /// An aromatic atom that is unknown or has too many hydrogens.
    #[error("unrecognized aromatic symbol")]
    Aromatic,
    /// An atom would be left without its double bond.
    #[error("kekulization algorithm failed")]
    Unmatched,
    /// The search for double bonds was given up; the Python package exceeds its
    /// recursion limit or takes for ever.
    #[error("kekulization takes too long")]
    TooHard,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Atom,
    Open,
    Close,
    Ring,
}

/// A token: its bond (the next character for a parenthesis) and its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) bond: Option<char>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Written with a capital although the text has none.
    pub(super) capital: bool,
}

/// An encoder that keeps its memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encoder {
    tokens: Vec<Token>,
    kekulizer: Kekulizer,
    /// Open ring numbers: number, bond, atom.
    rings: Vec<(u32, Option<char>, i64)>,
    branches: Vec<Branch>,
}

/// A chain: where its text begins, its symbols, its last atom, its bond.
#[derive(Clone, Copy, Debug)]
struct Branch {
    start: usize,
    symbols: u64,
    last: i64,
    bond: Option<char>,
}

impl Encoder {
    /// Translates a string.
    pub(crate) fn encode(&mut self, smiles: &str, out: &mut String) -> Result<(), EncodeError> {
        let fail = |(position, source)| EncodeError::Version1 {
            smiles: smiles.to_owned(),
            position,
            source,
        };
        if let Some(position) = smiles.find('*') {
            return Err(fail((position, Fault::Wildcard)));
        }
        let mut start = 0;
        for fragment in smiles.split('.') {
            if start > 0 {
                out.push('.');
            }
            let end = start + fragment.len();
            self.fragment(smiles, start, end, out).map_err(fail)?;
            start = end + 1;
        }
        Ok(())
    }

    fn fragment(
        &mut self,
        smiles: &str,
        start: usize,
        end: usize,
        out: &mut String,
    ) -> Result<(), (usize, Fault)> {
        let aromatic = smiles[start..end].contains(['c', 'n', 'o', 'p', 'a', 's']);
        tokenize(smiles, start, end, aromatic, &mut self.tokens)?;
        if aromatic {
            self.kekulizer
                .kekulize(smiles, &mut self.tokens)
                .map_err(|fault| (start, fault))?;
        }
        self.rings.clear();
        self.translate(smiles, out)?;
        if self.rings.is_empty() {
            Ok(())
        } else {
            Err((start, Fault::OpenRing))
        }
    }

    /// Writes the tokens; a branch is inserted behind its length when it ends.
    fn translate(&mut self, smiles: &str, out: &mut String) -> Result<(), (usize, Fault)> {
        self.branches.clear();
        let mut atoms = 0;
        let mut chain = Branch {
            start: out.len(),
            symbols: 0,
            last: -1,
            bond: None,
        };
        for at in 0..self.tokens.len() {
            let token = self.tokens[at];
            let bond = token.bond.filter(|&bond| bond != '-');
            match token.kind {
                Kind::Atom => {
                    push_atom(out, smiles, &token, bond);
                    chain.last = atoms;
                    atoms += 1;
                    chain.symbols += 1;
                }
                Kind::Open => {
                    self.branches.push(chain);
                    chain = Branch {
                        start: out.len(),
                        symbols: 0,
                        last: -1,
                        bond,
                    };
                }
                Kind::Close => {
                    let Some(outer) = self.branches.pop() else {
                        // The reference stops at a `)` without its partner.
                        return Ok(());
                    };
                    chain =
                        end_branch(chain, outer, out).ok_or((token.start, Fault::EmptyBranch))?;
                }
                Kind::Ring => {
                    let number = smiles[token.start..token.end]
                        .parse()
                        .map_err(|_| (token.start, Fault::RingNumber))?;
                    let open = self.rings.iter().position(|ring| ring.0 == number);
                    let Some(open) = open else {
                        self.rings.push((number, bond, chain.last));
                        continue;
                    };
                    let (_, left_bond, left) = self.rings.remove(open);
                    let distance = u64::try_from(chain.last - left - 1)
                        .map_err(|_| (token.start, Fault::RingBack))?;
                    let size = index_length(distance);
                    // Writing to a string cannot fail.
                    let _ = match left_bond.or(bond) {
                        Some(bond) => write!(out, "[Expl{bond}Ring{size}]"),
                        None => write!(out, "[Ring{size}]"),
                    };
                    push_index(out, distance, size);
                    chain.symbols += 1 + u64::from(size);
                }
            }
        }
        // A branch that is not closed ends with the text.
        while let Some(outer) = self.branches.pop() {
            chain = end_branch(chain, outer, out).ok_or((smiles.len(), Fault::EmptyBranch))?;
        }
        Ok(())
    }
}

fn push_atom(out: &mut String, smiles: &str, token: &Token, bond: Option<char>) {
    out.push('[');
    out.extend(bond);
    let text = &smiles[token.start..token.end];
    let bracket = text.starts_with('[');
    let inner = if bracket {
        &text[1..text.len() - 1]
    } else {
        text
    };
    if token.capital {
        let element = super::text::element_range(text).map_or(0, |range| range.0);
        let element = element - usize::from(bracket);
        out.push_str(&inner[..element]);
        let mut rest = inner[element..].chars();
        out.extend(rest.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(rest.as_str());
    } else {
        out.push_str(inner);
    }
    out.push_str(if bracket { "expl]" } else { "]" });
}

fn end_branch(branch: Branch, mut outer: Branch, out: &mut String) -> Option<Branch> {
    let index = branch.symbols.checked_sub(1)?;
    let size = index_length(index);
    let order = match branch.bond {
        Some('=') => 2,
        Some('#') => 3,
        _ => 1,
    };
    let mut head = format!("[Branch{size}_{order}]");
    push_index(&mut head, index, size);
    out.insert_str(branch.start, &head);
    outer.symbols += 1 + u64::from(size) + branch.symbols;
    Some(outer)
}

fn push_index(out: &mut String, index: u64, size: u32) {
    for place in (0..size).rev() {
        out.push_str(INDEX_SYMBOLS[(index >> (4 * place) & 15) as usize]);
    }
}

/// Splits a fragment into tokens: all of it, or up to the first `)` without its
/// partner, after which the reference does not look any more.
fn tokenize(
    smiles: &str,
    start: usize,
    end: usize,
    all: bool,
    tokens: &mut Vec<Token>,
) -> Result<(), (usize, Fault)> {
    tokens.clear();
    let mut depth = 0i64;
    let text = &smiles[..end];
    let mut at = start;
    let next = |at: usize| text[at..].chars().next();
    while let Some(mut character) = next(at) {
        let mut bond = None;
        if matches!(character, '-' | '/' | '\\' | '=' | '#' | ':') {
            bond = Some(character);
            at += 1;
            character = next(at).ok_or((at - 1, Fault::HangingBond))?;
        }
        let begin = at;
        let (kind, from) = match character {
            '(' | ')' => {
                at += 1;
                bond = next(at);
                let open = character == '(';
                (if open { Kind::Open } else { Kind::Close }, begin)
            }
            '[' => {
                let length = text[at..].find(']').ok_or((at, Fault::OpenBracket))?;
                at += length + 1;
                let symbol = &text[begin..at];
                let class = symbol
                    .split_once('@')
                    .and_then(|(_, rest)| rest.chars().next());
                if class.is_some_and(|c| c.is_alphabetic() && c != 'H') {
                    return Err((begin, Fault::Chirality));
                }
                (Kind::Atom, begin)
            }
            '%' => {
                let mut rest = text[at + 1..].chars();
                rest.next();
                rest.next();
                at = end - rest.as_str().len();
                (Kind::Ring, begin + 1)
            }
            c if c.is_alphabetic() => {
                let long = text[at..].starts_with("Br") || text[at..].starts_with("Cl");
                at += if long { 2 } else { c.len_utf8() };
                (Kind::Atom, begin)
            }
            c if is_digit(c) => {
                at += c.len_utf8();
                (Kind::Ring, begin)
            }
            c => return Err((at, Fault::Symbol(c))),
        };
        tokens.push(Token {
            kind,
            bond,
            start: from,
            end: at,
            capital: false,
        });
        depth += match kind {
            Kind::Open => 1,
            Kind::Close => -1,
            Kind::Atom | Kind::Ring => 0,
        };
        if depth < 0 && !all {
            break;
        }
    }
    Ok(())
}
