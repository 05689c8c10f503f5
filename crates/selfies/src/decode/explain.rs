//! What each symbol of a SELFIES string does, and which ones do nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::derive::{Cause, Witness};
use super::molecule::RingOutcome;
use super::tokens::Token;

/// What a symbol does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// It makes the atom of this number.
    Atom(u32),
    /// It begins a branch of at most this many symbols.
    Branch(u64),
    /// It asks for a ring bond to the atom so many atoms before.
    Ring(u64),
    /// It is a digit of the number that a branch or a ring needs.
    Digit(u8),
    /// It leaves no trace.
    Ignored,
}

/// A symbol and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExplainedSymbol {
    /// Byte at which it begins.
    pub position: usize,
    /// The symbol.
    pub symbol: String,
    /// What it does.
    pub role: Role,
    /// How many branches are around it.
    pub depth: u32,
    /// Why it does nothing, or less than it says.
    pub fault: Option<Cause>,
}

/// What the symbols of a string do, `[nop]` and dots left out; as text, numbers
/// stand in braces with their value, branches in parentheses, and symbols that
/// leave no trace between tildes.
///
/// ```
/// let mut decoder = selfies::Decoder::default();
/// let explanation = decoder.explain("[C][=Branch1][C][=O][O][C][F]")?;
/// assert_eq!(explanation.to_string(), "[C][=Branch1]{[C]:1}([=O])[O][C][F]");
/// assert!(explanation.is_clean());
/// let explanation = decoder.explain("[F][C][F][O][=O]")?;
/// assert_eq!(explanation.to_string(), "[F][C][F]~[O]~~[=O]~");
/// assert_eq!(explanation.faults().next().unwrap().position, 9);
/// # Ok::<(), selfies::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The symbols in order.
    pub symbols: Vec<ExplainedSymbol>,
}

impl Explanation {
    /// Whether every symbol does what it says.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults().next().is_none()
    }

    /// The symbols that do nothing, or less than they say.
    pub fn faults(&self) -> impl Iterator<Item = &ExplainedSymbol> {
        self.symbols.iter().filter(|symbol| symbol.fault.is_some())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut depth = 0;
        let mut number = 0;
        let mut symbols = self.symbols.iter().peekable();
        while let Some(symbol) = symbols.next() {
            while depth > symbol.depth {
                f.write_str(")")?;
                depth -= 1;
            }
            match symbol.role {
                Role::Ignored => write!(f, "~{}~", symbol.symbol)?,
                Role::Digit(_) => {
                    f.write_str(&symbol.symbol)?;
                    if !matches!(symbols.peek().map(|s| s.role), Some(Role::Digit(_))) {
                        write!(f, ":{number}}}")?;
                        if symbols.peek().is_some_and(|next| next.depth > depth) {
                            f.write_str("(")?;
                            depth += 1;
                        }
                    }
                }
                Role::Branch(value) | Role::Ring(value) => {
                    f.write_str(&symbol.symbol)?;
                    number = value;
                    if matches!(symbols.peek().map(|s| s.role), Some(Role::Digit(_))) {
                        f.write_str("{")?;
                    }
                }
                Role::Atom(_) => f.write_str(&symbol.symbol)?,
            }
        }
        (0..depth).try_for_each(|_| f.write_str(")"))
    }
}

/// Builds an explanation while deriving.
#[derive(Debug)]
pub(super) struct Narrator<'a> {
    selfies: &'a str,
    symbols: Vec<ExplainedSymbol>,
    atoms: u32,
    /// Branch symbols whose branch goes on.
    open: Vec<usize>,
    /// The symbol of each ring that was asked for.
    rings: Vec<usize>,
}

impl<'a> Narrator<'a> {
    pub(super) fn new(selfies: &'a str) -> Self {
        Self {
            selfies,
            symbols: Vec::new(),
            atoms: 0,
            open: Vec::new(),
            rings: Vec::new(),
        }
    }

    fn push(&mut self, token: Token, role: Role) {
        self.symbols.push(ExplainedSymbol {
            position: token.start as usize,
            symbol: token.text(self.selfies).to_owned(),
            role,
            depth: crate::smiles::index(self.open.len()),
            fault: None,
        });
    }

    /// The symbol that begins where the token does: one of the last few.
    fn find(&mut self, token: Token) -> Option<&mut ExplainedSymbol> {
        let position = token.start as usize;
        self.symbols
            .iter_mut()
            .rev()
            .take(8)
            .find(|symbol| symbol.position == position)
    }

    /// Notes what became of the rings, then gives the explanation.
    pub(super) fn finish(mut self, outcomes: &[RingOutcome]) -> Explanation {
        for (&symbol, outcome) in self.rings.iter().zip(outcomes) {
            let fault = match outcome {
                RingOutcome::Formed => continue,
                RingOutcome::SameAtom => Cause::RingToItself,
                RingOutcome::NoRoom => Cause::NoRoomForRing,
                RingOutcome::Reduced => Cause::BondReduced,
            };
            self.symbols[symbol].fault = Some(fault);
        }
        Explanation {
            symbols: self.symbols,
        }
    }
}

impl Witness for Narrator<'_> {
    fn atom(&mut self, _at: u64, token: Token) {
        self.push(token, Role::Atom(self.atoms));
        self.atoms += 1;
    }

    fn number(&mut self, token: Token) {
        self.push(token, Role::Ignored);
    }

    fn index(&mut self, token: Token, digit: u8) {
        self.push(token, Role::Digit(digit));
        let zero = crate::symbol::INDEX_SYMBOLS[0];
        if digit == 0 && token.text(self.selfies) != zero {
            self.ignored(token, Cause::IndexUnknown);
        }
    }

    fn enter(&mut self, _at: u64, token: Token, length: u64) {
        if let Some(symbol) = self.find(token) {
            symbol.role = Role::Branch(length);
        }
        let position = token.start as usize;
        let at = self.symbols.iter().rposition(|s| s.position == position);
        self.open.extend(at);
    }

    fn leave(&mut self) {
        self.open.pop();
    }

    fn ring(&mut self, token: Token, distance: u64) {
        if let Some(symbol) = self.find(token) {
            symbol.role = Role::Ring(distance);
        }
        let position = token.start as usize;
        let at = self.symbols.iter().rposition(|s| s.position == position);
        self.rings.extend(at);
    }

    fn ignored(&mut self, token: Token, cause: Cause) {
        if self.find(token).is_none() {
            self.push(token, Role::Ignored);
        }
        if let Some(symbol) = self.find(token) {
            symbol.fault = symbol.fault.or(Some(cause));
        }
    }

    fn end_of_fragment(&mut self, _count: u64) {
        for at in self.open.drain(..) {
            let fault = &mut self.symbols[at].fault;
            *fault = fault.or(Some(Cause::BranchShort));
        }
    }
}
