//! A list of SMILES, read once for all metrics.

use std::borrow::Cow;
use std::collections::HashSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::graph::MolGraph;

use super::{CanonicalTexts, Oracle, OwnRules};

/// A readable, chemically sensible member of a sample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Molecule {
    /// The sanitised graph.
    pub graph: MolGraph,
    /// Its canonical SMILES.
    pub canonical: String,
    /// Its canonical SMILES without configurations and isotopes.
    pub canonical_flat: String,
    /// What the oracle knows beyond that, such as logP.
    pub properties: Vec<(Cow<'static, str>, f64)>,
}

/// A text that is no molecule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Its place in the list, from zero.
    pub index: usize,
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A list of SMILES: the molecules among them in order, and the rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sample {
    /// How many texts there were.
    pub requested: usize,
    /// The valid ones in order, repetitions kept.
    pub molecules: Vec<Molecule>,
    /// The others in order.
    pub unreadable: Vec<Unreadable>,
    /// How many of the texts were empty; these are among the unreadable ones.
    pub empty: usize,
}

impl Molecule {
    /// Reads and checks one SMILES; the oracle says whether it is a molecule and which.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn read(smiles: &str, oracle: &impl Oracle) -> Result<Self, String> {
        let mut graph = MolGraph::from_smiles(smiles).map_err(|error| error.to_string())?;
        if graph.atom_count() == 0 {
            return Err("the text holds no atom".to_owned());
        }
        let CanonicalTexts { full, flat } = oracle.canonical(smiles)?;
        graph.sanitise().map_err(|error| error.to_string())?;
        Ok(Self {
            graph,
            canonical: full,
            canonical_flat: flat,
            properties: oracle
                .properties(smiles)?
                .into_iter()
                .map(|(name, value)| (Cow::Borrowed(name), value))
                .collect(),
        })
    }
}

impl Sample {
    /// Reads a list of SMILES on all cores, by the rules of this crate.
    pub fn read<S: AsRef<str> + Sync>(texts: impl AsRef<[S]>) -> Self {
        Self::read_by(texts, &OwnRules)
    }

    /// Reads a list of SMILES on all cores, by the rules of an oracle.
    pub fn read_by<S: AsRef<str> + Sync>(texts: impl AsRef<[S]>, oracle: &impl Oracle) -> Self {
        let texts = texts.as_ref();
        let read: Vec<Result<Molecule, String>> = texts
            .par_iter()
            .map(|text| Molecule::read(text.as_ref().trim(), oracle))
            .collect();
        let mut sample = Self {
            requested: texts.len(),
            ..Self::default()
        };
        for (index, (result, text)) in read.into_iter().zip(texts).enumerate() {
            let text = text.as_ref();
            match result {
                Ok(molecule) => sample.molecules.push(molecule),
                Err(reason) => {
                    sample.empty += usize::from(text.trim().is_empty());
                    sample.unreadable.push(Unreadable {
                        index,
                        text: text.to_owned(),
                        reason,
                    });
                }
            }
        }
        sample
    }

    /// The distinct molecules, by their canonical SMILES.
    pub(super) fn distinct(&self) -> HashSet<&str> {
        let all = self.molecules.iter();
        all.map(|molecule| molecule.canonical.as_str()).collect()
    }

    /// The distinct molecules without configurations and isotopes.
    pub(super) fn distinct_flat(&self) -> HashSet<&str> {
        let all = self.molecules.iter();
        all.map(|molecule| molecule.canonical_flat.as_str())
            .collect()
    }
}
