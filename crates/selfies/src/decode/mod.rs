//! SELFIES to SMILES.

mod attribution;
mod derive;
mod explain;
mod molecule;
mod tokens;

use serde::{Deserialize, Serialize};

pub use derive::Cause;
pub use explain::{ExplainedSymbol, Explanation, Role};
pub use molecule::RingNumbers;

use crate::attribution::Attribution;
use crate::constraints::{Constraints, Preset};
use crate::error::DecodeError;
use crate::options::Syntax;
use crate::smiles::NONE;
use crate::symbol::SymbolTable;
use crate::v1;
use derive::{Frame, Witness};
use molecule::DerivedMolecule;
use tokens::Tokens;

/// How SELFIES strings are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecodeOptions {
    /// How many bonds an atom may have.
    pub constraints: Constraints,
    /// The language.
    pub syntax: Syntax,
    /// Accept symbols of SELFIES 1 under the rules of SELFIES 2, which is what
    /// `compatible=True` does in the Python package. [`Syntax::V1`] has the
    /// rules of SELFIES 1 instead.
    pub modernize: bool,
    /// How ring bonds are numbered.
    pub ring_numbers: RingNumbers,
    /// Accept `[*]` and the four newest elements.
    pub wildcards: bool,
    /// Accept numbers of four to nine index symbols (`[Ring4]`, `[Branch5]`),
    /// which the encoder writes for distances above 4,096 and the Python package
    /// cannot read back.
    pub long_numbers: bool,
}

impl DecodeOptions {
    /// The rules and the default constraints of the Python package 1.0.4.
    #[must_use]
    pub fn v1() -> Self {
        Self {
            constraints: Constraints::preset_v1(Preset::Default),
            syntax: Syntax::V1,
            ..Self::default()
        }
    }
}

/// Translates SELFIES to SMILES under the default constraints.
///
/// ```
/// assert_eq!(selfies::decode("[C][=C][F]")?, "C=CF");
/// # Ok::<(), selfies::DecodeError>(())
/// ```
///
/// # Errors
/// If a symbol is none, or a bracket is not closed.
pub fn decode(selfies: &str) -> Result<String, DecodeError> {
    let mut decoder = Decoder::default();
    decoder.decode(selfies).map(str::to_owned)
}

/// A decoder that keeps its memory and the symbols it has met: after the first
/// few strings nothing is allocated any more.
#[derive(Clone, Debug)]
pub struct Decoder {
    options: DecodeOptions,
    table: SymbolTable,
    molecule: DerivedMolecule,
    frames: Vec<Frame>,
    tokens: Tokens,
    out: Vec<u8>,
    length: usize,
    version_1: v1::Decoder,
    text: String,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DecodeOptions::default())
    }
}

impl Decoder {
    /// A decoder with these options.
    #[must_use]
    pub fn new(options: DecodeOptions) -> Self {
        Self {
            options,
            table: SymbolTable::new(),
            molecule: DerivedMolecule::default(),
            frames: Vec::new(),
            tokens: Tokens::default(),
            out: Vec::new(),
            length: 0,
            version_1: v1::Decoder::default(),
            text: String::new(),
        }
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &DecodeOptions {
        &self.options
    }

    /// Translates a string; the text is kept until the next call.
    ///
    /// # Errors
    /// If a symbol is none, or a bracket is not closed.
    pub fn decode(&mut self, selfies: &str) -> Result<&str, DecodeError> {
        if self.options.syntax == Syntax::V1 {
            self.text.clear();
            let constraints = &self.options.constraints;
            self.version_1
                .decode(selfies, constraints, &mut self.text)?;
            return Ok(&self.text);
        }
        self.derive(selfies, &mut ())?;
        self.molecule.form_rings();
        self.length = self.molecule.write(
            &self.table,
            self.options.ring_numbers,
            &mut self.out,
            |_, _, _| {},
        );
        Ok(self.text())
    }

    /// Appends the translation to a string.
    ///
    /// # Errors
    /// As [`decode`](Self::decode); nothing is appended then.
    pub fn decode_into(&mut self, selfies: &str, out: &mut String) -> Result<(), DecodeError> {
        out.push_str(self.decode(selfies)?);
        Ok(())
    }

    /// Translates a string and tells which input symbols made each output token.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_with_attribution(
        &mut self,
        selfies: &str,
    ) -> Result<(&str, Vec<Attribution>), DecodeError> {
        let mut account = attribution::Account::new(selfies);
        self.derive(selfies, &mut account)?;
        self.molecule.form_rings();
        self.length = self.molecule.write(
            &self.table,
            self.options.ring_numbers,
            &mut self.out,
            |what, start, end| account.wrote(what, start, end),
        );
        let map = account.finish(self.text());
        Ok((self.text(), map))
    }

    /// Tells what each symbol of a SELFIES 2 string does, and thereby whether the
    /// string is clean: whether no symbol is ignored or does less than it says.
    /// Strings from the encoder are clean under the constraints they obey.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn explain(&mut self, selfies: &str) -> Result<Explanation, DecodeError> {
        let mut narrator = explain::Narrator::new(selfies);
        self.derive(selfies, &mut narrator)?;
        let requests = 0..self.molecule.requests.len();
        let outcomes: Vec<_> = requests.map(|at| self.molecule.form_ring(at)).collect();
        Ok(narrator.finish(&outcomes))
    }

    /// Derives all fragments.
    fn derive<W: Witness>(&mut self, selfies: &str, witness: &mut W) -> Result<(), DecodeError> {
        self.begin(selfies)?;
        for (start, end) in fragments(selfies) {
            self.tokens
                .read(selfies, start, end, &mut self.table, &self.options);
            let count = derive::fragment(
                &self.tokens,
                &self.table,
                &mut self.molecule,
                &mut self.frames,
                witness,
            )
            .map_err(|fault| fault.explain(selfies, &self.options))?;
            witness.end_of_fragment(count);
        }
        Ok(())
    }

    fn begin(&mut self, selfies: &str) -> Result<(), DecodeError> {
        if u32::try_from(selfies.len()).map_or(true, |length| length == NONE) {
            return Err(DecodeError::TooLong);
        }
        self.table.begin();
        self.molecule.clear();
        Ok(())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.out[..self.length]).expect("SMILES is written in ASCII")
    }
}

/// Byte ranges between dots.
fn fragments(selfies: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut start = Some(0);
    std::iter::from_fn(move || {
        let begin = start?;
        if let Some(length) = selfies[begin..].find('.') {
            start = Some(begin + length + 1);
            Some((begin, begin + length))
        } else {
            start = None;
            Some((begin, selfies.len()))
        }
    })
}
