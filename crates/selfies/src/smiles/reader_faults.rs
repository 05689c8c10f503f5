//! What is wrong with a text, and where: the reader's ends that fail.

use super::error::{SmilesError, SmilesFault};
use super::molecule::{Molecule, NONE};
use super::reader::{OpenRing, Reader};
use super::token::{self, fail};

impl Reader {
    /// The checks at a dot and at the end.
    pub(super) fn end_of_fragment(
        &self,
        smiles: &str,
        molecule: &Molecule,
        start: usize,
        at: usize,
    ) -> Result<(), SmilesError> {
        if molecule.atoms.is_empty() {
            return self.grammar(smiles, start, at, SmilesFault::EmptyFragment);
        }
        if let Some(&(_, place)) = self.branches.last() {
            return self.grammar(smiles, place as usize, at, SmilesFault::OpenParenthesis);
        }
        if self.open > 0 && !self.dialect.rings_across_dots {
            let (place, number) = self.latest_open_ring(smiles);
            return self.grammar(smiles, place, at, SmilesFault::OpenRing { number });
        }
        Ok(())
    }

    pub(super) fn latest_open_ring(&self, smiles: &str) -> (usize, String) {
        let ring = self
            .rings
            .iter()
            .chain(self.odd_rings.iter().map(|(_, ring)| ring))
            .filter(|ring| ring.place != NONE)
            .max_by_key(|ring| ring.place)
            .copied()
            .unwrap_or(OpenRing::CLOSED);
        let (start, end) = (ring.start as usize, ring.end as usize);
        (start, smiles[start..end].to_owned())
    }

    /// An invalid atom, unless a worse token follows.
    pub(super) fn not_an_atom(
        &self,
        smiles: &str,
        start: usize,
        end: usize,
    ) -> Result<(), SmilesError> {
        let atom = smiles[start..end].to_owned();
        self.grammar(smiles, start, end, SmilesFault::Atom { atom })
    }

    /// A fault of grammar at `place`, unless a token after `at` is no token:
    /// the reference splits the whole text before it looks at the grammar.
    #[cold]
    pub(super) fn grammar(
        &self,
        smiles: &str,
        place: usize,
        at: usize,
        reason: SmilesFault,
    ) -> Result<(), SmilesError> {
        token::check(self.dialect, smiles, at)?;
        fail(place, reason)
    }
}
