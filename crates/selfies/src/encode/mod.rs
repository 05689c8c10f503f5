//! SMILES to SELFIES.

mod attribution;
mod chirality;
mod emit;
mod nitro;

use serde::{Deserialize, Serialize};

use crate::attribution::Attribution;
use crate::constraints::Constraints;
use crate::error::{EncodeError, Violation};
use crate::kekulize::Kekulizer;
use crate::options::Syntax;
use crate::smiles::{Dialect, Molecule, Reader};
use crate::symbol::atom_text;
use crate::v1;

/// How SMILES strings are translated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncodeOptions {
    /// Refuse molecules that break the constraints; decoding would change them.
    /// SELFIES 1 never refuses them.
    pub strict: bool,
    /// How many bonds an atom may have; looked at only when strict.
    pub constraints: Constraints,
    /// The language.
    pub syntax: Syntax,
    /// Which texts count as SMILES.
    pub dialect: Dialect,
    /// Turn nitro groups written with five bonds at nitrogen, `N(=O)=O`, into
    /// `[N+1](=O)[O-1]`, which the default constraints allow.
    pub normalize_nitro: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            strict: true,
            constraints: Constraints::default(),
            syntax: Syntax::default(),
            dialect: Dialect::default(),
            normalize_nitro: false,
        }
    }
}

/// Translates SMILES to SELFIES; strict, under the default constraints.
///
/// ```
/// assert_eq!(selfies::encode("C=CF")?, "[C][=C][F]");
/// # Ok::<(), selfies::EncodeError>(())
/// ```
///
/// # Errors
/// If the string cannot be read, its aromatic bonds cannot be replaced, or an
/// atom has more bonds than the constraints allow.
pub fn encode(smiles: &str) -> Result<String, EncodeError> {
    Encoder::default().encode(smiles).map(str::to_owned)
}

/// An encoder that keeps its memory: after the first few strings nothing is
/// allocated any more.
#[derive(Clone, Debug)]
pub struct Encoder {
    options: EncodeOptions,
    reader: Reader,
    molecule: Molecule,
    kekulizer: Kekulizer,
    chirality: chirality::Scratch,
    emitter: emit::Emitter,
    version_1: v1::Encoder,
    text: String,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new(EncodeOptions::default())
    }
}

impl Encoder {
    /// An encoder with these options.
    #[must_use]
    pub fn new(options: EncodeOptions) -> Self {
        Self {
            reader: Reader::new(options.dialect),
            options,
            molecule: Molecule::new(),
            kekulizer: Kekulizer::default(),
            chirality: chirality::Scratch::default(),
            emitter: emit::Emitter::default(),
            version_1: v1::Encoder::default(),
            text: String::new(),
        }
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &EncodeOptions {
        &self.options
    }

    /// Translates a string; the text is kept until the next call.
    ///
    /// # Errors
    /// If the string cannot be read, its aromatic bonds cannot be replaced, or
    /// it is strict and an atom has more bonds than the constraints allow.
    pub fn encode(&mut self, smiles: &str) -> Result<&str, EncodeError> {
        if self.options.syntax == Syntax::V1 {
            self.text.clear();
            self.version_1.encode(smiles, &mut self.text)?;
            return Ok(&self.text);
        }
        self.prepare(smiles)?;
        Ok(self.emitter.write(&self.molecule))
    }

    /// Appends the translation to a string.
    ///
    /// # Errors
    /// As [`encode`](Self::encode); nothing is appended then.
    pub fn encode_into(&mut self, smiles: &str, out: &mut String) -> Result<(), EncodeError> {
        out.push_str(self.encode(smiles)?);
        Ok(())
    }

    /// Translates a string and tells which input token made each output symbol,
    /// in the order (and with the indices) of the Python package: branch symbols
    /// come after their branch, and an index inside a nested branch counts from
    /// the beginning of the branch around it.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_with_attribution(
        &mut self,
        smiles: &str,
    ) -> Result<(&str, Vec<Attribution>), EncodeError> {
        self.molecule.keep_spans = true;
        let prepared = self.prepare(smiles);
        self.molecule.keep_spans = false;
        prepared?;
        let map = attribution::map(&self.molecule, smiles);
        Ok((self.emitter.write(&self.molecule), map))
    }

    /// Reads the molecule and gets it ready to be written.
    fn prepare(&mut self, smiles: &str) -> Result<(), EncodeError> {
        self.reader
            .read(smiles, &mut self.molecule)
            .map_err(|source| EncodeError::Smiles {
                smiles: smiles.to_owned(),
                source,
            })?;
        if self.options.normalize_nitro {
            nitro::normalize(&mut self.molecule);
        }
        self.kekulizer
            .kekulize(&mut self.molecule)
            .map_err(|source| EncodeError::Kekulize {
                smiles: smiles.to_owned(),
                source,
            })?;
        if self.options.strict {
            self.check(smiles)?;
        }
        self.chirality.adapt(&mut self.molecule);
        Ok(())
    }

    fn check(&self, smiles: &str) -> Result<(), EncodeError> {
        let constraints = &self.options.constraints;
        let room = |at: usize| {
            let atom = &self.molecule.atoms[at];
            let capacity = i64::from(constraints.capacity(atom.element, atom.charge));
            let capacity = capacity - i64::from(atom.hydrogens.unwrap_or(0));
            let bonds = self.molecule.links[at].halves / 2;
            (i64::from(bonds) > capacity, bonds, capacity)
        };
        let atoms = 0..self.molecule.atoms.len();
        if !atoms.clone().any(|at| room(at).0) {
            return Ok(());
        }
        let violations = atoms
            .filter_map(|at| {
                let (too_many, bonds, capacity) = room(at);
                let atom = &self.molecule.atoms[at];
                let text = atom_text(atom);
                too_many.then(|| Violation {
                    atom: crate::smiles::index(at),
                    symbol: if atom.is_plain() {
                        text
                    } else {
                        format!("[{text}]")
                    },
                    bonds,
                    capacity,
                })
            })
            .collect();
        Err(EncodeError::Constraints {
            smiles: smiles.to_owned(),
            violations,
        })
    }
}
