//! Who decides what is a molecule, and which texts are the same one.

use serde::{Deserialize, Serialize};

use crate::graph::MolGraph;

/// The canonical texts of one molecule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CanonicalTexts {
    /// With configurations and isotopes.
    pub full: String,
    /// Without them.
    pub flat: String,
}

/// A set of chemical rules that accepts or refuses a SMILES and names its molecule.
pub trait Oracle: Sync {
    /// The canonical texts of a molecule.
    ///
    /// # Errors
    /// A sentence on why the text is no molecule.
    fn canonical(&self, smiles: &str) -> Result<CanonicalTexts, String>;

    /// Numbers that this crate has no rules for, such as logP, by name and always in the same order; none unless an
    /// oracle says otherwise.
    ///
    /// # Errors
    /// A sentence on why a number cannot be told.
    fn properties(&self, _smiles: &str) -> Result<Vec<(&'static str, f64)>, String> {
        Ok(Vec::new())
    }
}

/// The rules of this crate: [`MolGraph::sanitise`] and [`MolGraph::canonical_smiles`].
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnRules;

impl Oracle for OwnRules {
    fn canonical(&self, smiles: &str) -> Result<CanonicalTexts, String> {
        let graph = MolGraph::from_smiles(smiles).map_err(|error| error.to_string())?;
        let full = graph
            .canonical_smiles()
            .map_err(|error| error.to_string())?;
        let flat = graph
            .canonical_smiles_flat()
            .map_err(|error| error.to_string())?;
        Ok(CanonicalTexts { full, flat })
    }
}
