//! Metrics of a set of generated molecules, after MOSES and `GuacaMol`.
//!
//! | benchmark | definition | here |
//! | --- | --- | --- |
//! | MOSES (D. Polykovskiy et al., doi:10.3389/fphar.2020.565644) | valid, unique@k, novelty, `IntDiv`, SNN, Frag, Scaf, Wasserstein distance of the weight | [`moses`] |
//! | `GuacaMol` (N. Brown et al., doi:10.1021/acs.jcim.8b00839) | validity, uniqueness, novelty | [`guacamol`] |
//!
//! Left out are what needs a neural network (the Fréchet `ChemNet` distance), a pattern language (the MOSES filters)
//! or fitted fragment contributions (SA). logP and QED come from an oracle that knows them.
//!
//! What is a molecule, and which texts are the same one, is decided by an [`Oracle`]: this crate's own rules
//! ([`OwnRules`]) unless [`Sample::read_by`] is given another one, such as `RdkitRules` of the crate feature `cosmolkit`.
//!
//! A list of texts becomes a [`Sample`] first; reading and all pairwise comparisons use every core of rayon's pool.
//!
//! ```
//! use selfies::metrics::{Sample, moses};
//!
//! let generated = Sample::read(["CCO", "OCC", "c1ccccc1C", "C(C"]);
//! let train = Sample::read(["CCO"]);
//! let test = Sample::read(["Cc1ccccc1"]);
//! let metrics = moses(&generated, &train, &test);
//! assert_eq!(metrics.valid, 0.75);
//! assert_eq!(metrics.novelty, 0.5);
//! ```

mod brics;
mod distributions;
mod diversity;
mod guacamol;
mod likeness;
mod moses;
mod oracle;
#[cfg(feature = "cosmolkit")]
mod rdkit_rules;
mod sample;

pub use brics::{brics_bonds, brics_fragments};
pub use distributions::{Distribution, wasserstein};
pub use diversity::{internal_diversity, nearest_similarity};
pub use guacamol::{GuacamolMetrics, guacamol};
pub use likeness::{cosine, counts};
pub use moses::{MosesMetrics, moses};
pub use oracle::{CanonicalTexts, Oracle, OwnRules};
#[cfg(feature = "cosmolkit")]
pub use rdkit_rules::RdkitRules;
pub use sample::{Molecule, Sample, Unreadable};
