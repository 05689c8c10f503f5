//! Molecules that grow from a scaffold.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use selfies::graph::MolGraph;

use super::molecules::{Generated, continue_prompts};
use super::sample::SamplingOptions;
use super::scaffold::{Scaffold, ScaffoldPrompt, begins_with};
use crate::error::Result;
use crate::hub::Pretrained;

/// A molecule that grew from a scaffold.
#[derive(Clone, Debug, PartialEq)]
pub struct Decorated {
    /// The molecule; its symbols begin with the spelling of the scaffold that was drawn for it, and its log-likelihood is
    /// that of what follows.
    pub molecule: Generated,
    /// The scaffold's atoms that carry something new, by their numbers in the text of the scaffold: none when the model
    /// added nothing, several when it closed rings.
    pub attached: Vec<usize>,
    /// Whether the scaffold is in the molecule unchanged: the same atoms, the same bonds between them and no other.
    ///
    /// A continuation adds atoms behind the scaffold, but a ring symbol in it may join two atoms of the scaffold.
    pub kept: bool,
}

/// Lets `count` molecules grow from a scaffold, each from a random spelling of it; the seed decides on the spellings and on
/// what is drawn, whatever the batch.
///
/// ```no_run
/// use chemgpt::Pretrained;
/// use chemgpt::generate::{SamplingOptions, Scaffold, decorate};
///
/// let pretrained = Pretrained::load("run/model", &backend::device("flex")?)?;
/// let indole = Scaffold::new("c1ccc2[nH]ccc2c1")?;
/// for drawn in decorate(&pretrained, &indole, 100, &SamplingOptions::default())? {
///     assert!(!drawn.kept || drawn.attached.iter().all(|&atom| indole.sites().any(|site| site == atom)));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`generate`](super::generate), and [`Error::Prompt`](crate::Error::Prompt) when the model cannot read the scaffold.
pub fn decorate(
    pretrained: &Pretrained,
    scaffold: &Scaffold,
    count: usize,
    options: &SamplingOptions,
) -> Result<Vec<Decorated>> {
    let mut prompts = Vec::with_capacity(count);
    for stream in (0..=u64::MAX).rev().take(count) {
        // Tokens are drawn from the streams 0, 1, …, spellings from those at the other end.
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        rng.set_stream(stream);
        prompts.push(scaffold.prompt(pretrained, &mut rng)?);
    }
    let ids: Vec<&[u32]> = prompts.iter().map(|prompt| prompt.ids.as_slice()).collect();
    let drawn = continue_prompts(pretrained, &ids, options)?;
    Ok(drawn
        .into_iter()
        .zip(&prompts)
        .map(|(molecule, prompt)| judged(pretrained, scaffold, prompt, molecule))
        .collect())
}

/// Compares a molecule with the scaffold that it begins with, atom by atom.
fn judged(
    pretrained: &Pretrained,
    scaffold: &Scaffold,
    prompt: &ScaffoldPrompt,
    mut molecule: Generated,
) -> Decorated {
    let read = |smiles: &str| MolGraph::from_smiles(smiles).ok();
    let alone = pretrained.smiles_of(&pretrained.tokenizer.decode(&prompt.ids));
    let pair = alone
        .as_deref()
        .and_then(read)
        .zip(molecule.smiles.as_deref().and_then(read));
    let Some((alone, whole)) = pair else {
        return Decorated {
            molecule,
            attached: Vec::new(),
            kept: false,
        };
    };
    let size = alone.atom_count();
    // Atoms are decoded in the order of their symbols, so the scaffold's are the first.
    let kept = size == prompt.order.len() && begins_with(&whole, &alone);
    let attached: BTreeSet<usize> = whole
        .graph()
        .raw_edges()
        .iter()
        .map(|edge| {
            let (a, b) = (edge.source().index(), edge.target().index());
            (a.min(b), a.max(b))
        })
        .filter(|&(inside, outside)| inside < size && outside >= size)
        .filter_map(|(inside, _)| prompt.order.get(inside).copied())
        .collect();
    if kept && whole.atom_count() == size {
        // Brackets at the end of the prompt count one hydrogen less, for what did not follow.
        molecule.smiles = Some(scaffold.smiles());
    }
    Decorated {
        molecule,
        attached: attached.into_iter().collect(),
        kept,
    }
}
