//! The metrics of MOSES.

use std::borrow::Cow;
use std::collections::HashSet;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fingerprint::{Fingerprint, morgan};
use crate::graph::MolGraph;

use super::distributions::{Distribution, wasserstein};
use super::{
    Molecule, Sample, brics_fragments, cosine, counts, internal_diversity, nearest_similarity,
};

/// Bits and radius of the fingerprints that MOSES compares.
const BITS: usize = 1024;
const RADIUS: usize = 2;
/// Scaffolds with fewer rings do not count.
const SCAFFOLD_RINGS: usize = 2;

/// The metrics of MOSES that need no trained model and no pattern language. Shares are between 0 and 1; a metric whose
/// set is empty is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MosesMetrics {
    /// Texts given.
    pub requested: usize,
    /// Share of texts that are molecules. MOSES counts the empty text as one, and so does this number.
    pub valid: f64,
    /// Distinct share of the first 1,000 valid molecules, or of all where there are fewer.
    pub unique_at_1000: Option<f64>,
    /// Distinct share of the first 10,000 valid molecules, or of all where there are fewer.
    pub unique_at_10000: Option<f64>,
    /// Share of the distinct molecules that are not in the training set; both sides are canonicalised.
    pub novelty: f64,
    /// `IntDiv` with p = 1.
    pub internal_diversity: Option<f64>,
    /// `IntDiv` with p = 2.
    pub internal_diversity_2: Option<f64>,
    /// SNN against the test set.
    pub nearest_similarity: Option<f64>,
    /// Frag against the test set: cosine of the BRICS fragment counts.
    pub fragment_similarity: Option<f64>,
    /// Scaf against the test set: cosine of the counts of Murcko scaffolds of two or more rings.
    pub scaffold_similarity: Option<f64>,
    /// Distinct Murcko scaffolds, of any ring count, with the configurations that `RDKit` keeps
    /// ([`MolGraph::murcko_scaffold_as_told`](crate::graph::MolGraph::murcko_scaffold_as_told)).
    pub scaffolds: usize,
    /// Property distributions of the generated set and their distances to the test set's.
    pub properties: Vec<Property>,
}

/// One property's distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Property {
    /// What it is, with its unit.
    pub name: Cow<'static, str>,
    /// Over the generated molecules.
    pub generated: Option<Distribution>,
    /// Over the test molecules.
    pub test: Option<Distribution>,
    /// Wasserstein-1 distance of the two.
    pub distance: Option<f64>,
}

/// Computes the metrics of a generated set against a training and a test set.
#[must_use]
pub fn moses(generated: &Sample, train: &Sample, test: &Sample) -> MosesMetrics {
    let fingerprints = fingerprints(generated);
    let distinct = generated.distinct();
    let novel = distinct.difference(&train.distinct()).count();
    let scaffolds = scaffolds(generated);
    let large = |scaffolds: Vec<(String, usize)>| {
        counts(
            scaffolds
                .into_iter()
                .filter(|(_, rings)| *rings >= SCAFFOLD_RINGS)
                .map(|(scaffold, _)| scaffold),
        )
    };
    MosesMetrics {
        requested: generated.requested,
        valid: share(
            generated.molecules.len() + generated.empty,
            generated.requested,
        )
        .unwrap_or(0.0),
        unique_at_1000: unique_at(generated, 1_000),
        unique_at_10000: unique_at(generated, 10_000),
        novelty: share(novel, distinct.len()).unwrap_or(0.0),
        internal_diversity: internal_diversity(&fingerprints, 1),
        internal_diversity_2: internal_diversity(&fingerprints, 2),
        nearest_similarity: nearest_similarity(&fingerprints, &self::fingerprints(test)),
        fragment_similarity: cosine(&fragments(generated), &fragments(test)),
        scaffolds: distinct_scaffolds(generated),
        scaffold_similarity: cosine(&large(scaffolds), &large(self::scaffolds(test))),
        properties: properties(generated, test),
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn unique_at(sample: &Sample, k: usize) -> Option<f64> {
    let first = &sample.molecules[..k.min(sample.molecules.len())];
    let distinct: HashSet<&str> = first
        .iter()
        .map(|molecule| molecule.canonical.as_str())
        .collect();
    share(distinct.len(), first.len())
}

fn fingerprints(sample: &Sample) -> Vec<Fingerprint> {
    sample
        .molecules
        .par_iter()
        .map(|molecule| morgan(&molecule.graph, RADIUS, BITS))
        .collect()
}

fn fragments(sample: &Sample) -> std::collections::HashMap<String, usize> {
    let all: Vec<Vec<String>> = sample
        .molecules
        .par_iter()
        .map(|molecule| brics_fragments(&molecule.graph))
        .collect();
    counts(all.into_iter().flatten())
}

/// The scaffold and its rings of every molecule that has one.
fn scaffolds(sample: &Sample) -> Vec<(String, usize)> {
    sample
        .molecules
        .par_iter()
        .filter_map(|molecule| {
            let scaffold = molecule.graph.murcko_scaffold();
            if scaffold.atom_count() == 0 {
                return None;
            }
            let rings = scaffold.relevant_rings().len();
            Some((scaffold.into_canonical_text(), rings))
        })
        .collect()
}

/// How many Murcko scaffolds there are, counted as `RDKit` draws them from the texts.
fn distinct_scaffolds(sample: &Sample) -> usize {
    let texts: HashSet<String> = sample
        .molecules
        .par_iter()
        .map(|molecule| molecule.graph.murcko_scaffold_as_told())
        .filter(|scaffold| scaffold.atom_count() > 0)
        .map(MolGraph::into_canonical_text)
        .collect();
    texts.len()
}

/// A number of a molecule.
type Measure = fn(&Molecule) -> f64;

fn properties(generated: &Sample, test: &Sample) -> Vec<Property> {
    let own: [(&str, Measure); 4] = [
        ("weight (u)", |molecule| molecule.graph.weight()),
        ("heavy atoms", |molecule| {
            molecule.graph.heavy_atoms() as f64
        }),
        ("rings", |molecule| molecule.graph.ring_count() as f64),
        ("heteroatoms", |molecule| {
            molecule.graph.heteroatoms() as f64
        }),
    ];
    let mut table: Vec<Property> = own
        .into_iter()
        .map(|(name, value)| {
            let of = |sample: &Sample| sample.molecules.iter().map(value).collect::<Vec<f64>>();
            compare(Cow::Borrowed(name), &of(generated), &of(test))
        })
        .collect();
    let told = generated.molecules.iter().chain(&test.molecules).next();
    for (place, (name, _)) in told
        .iter()
        .flat_map(|first| first.properties.iter().enumerate())
    {
        let of = |sample: &Sample| -> Vec<f64> {
            let all = sample.molecules.iter();
            all.filter_map(|molecule| Some(molecule.properties.get(place)?.1))
                .collect()
        };
        table.push(compare(name.clone(), &of(generated), &of(test)));
    }
    table
}

fn compare(name: Cow<'static, str>, generated: &[f64], test: &[f64]) -> Property {
    Property {
        name,
        generated: Distribution::of(generated),
        test: Distribution::of(test),
        distance: wasserstein(generated, test),
    }
}
