//! A scaffold that is spelled anew for every molecule that grows from it.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use selfies::graph::{Atom, BondOrder, Element, MolGraph, NodeIndex, SmilesWriter};

use super::molecules::PromptError;
use crate::hub::Pretrained;

/// A molecule to which a model adds something at any of its atoms that has a hydrogen, or at the marked ones.
///
/// A language model writes on where a text ends, so an atom can only carry something new when it is free at the end of
/// the text. A scaffold is therefore written anew for each molecule, as in randomised SMILES (J. Arús-Pous et al.,
/// doi:10.1186/s13321-020-00441-8): from a random atom and through its bonds in random order, such that the text ends
/// at an atom drawn at random among its sites, with all branches closed. That is possible for every atom, also for one
/// inside a chain or between rings, because what else hangs on it can be written as a branch.
///
/// ```
/// use chemgpt::generate::Scaffold;
///
/// let sites = |smiles| Scaffold::new(smiles).map(|scaffold| scaffold.sites().collect::<Vec<_>>());
/// assert_eq!(sites("c1ccc2[nH]ccc2c1")?, [0, 1, 2, 4, 5, 6, 8]);
/// assert_eq!(sites("*c1ccc2[nH]ccc2c1")?, [1]); // an asterisk marks where to grow
/// # Ok::<(), chemgpt::generate::PromptError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scaffold {
    /// Without the marks.
    graph: MolGraph,
    /// By atom of the graph: its number in the text that was given.
    numbers: Vec<usize>,
    sites: Vec<NodeIndex>,
}

/// One spelling of a scaffold as the beginning of a molecule.
#[derive(Clone, Debug)]
pub(super) struct ScaffoldPrompt {
    /// Token ids, start token first.
    pub(super) ids: Vec<u32>,
    /// Numbers of the scaffold's atoms in the order of this spelling.
    pub(super) order: Vec<usize>,
}

/// Random spellings that are tried before one is taken that may lose a ring bond.
const SPELLINGS: usize = 200;

impl Scaffold {
    /// Reads a scaffold. Where it has wildcard atoms, `*`, it grows at their places only; otherwise at every atom with a
    /// hydrogen. (A ring that begins there may end at another atom of the scaffold.)
    ///
    /// # Errors
    /// [`PromptError::Smiles`] for a text that is no SMILES, several pieces, a wildcard that is not at the end of a
    /// single bond, and when no atom has a hydrogen to replace.
    pub fn new(smiles: &str) -> Result<Self, PromptError> {
        let refuse = |reason: String| PromptError::Smiles {
            smiles: smiles.to_owned(),
            reason,
        };
        let whole = MolGraph::from_smiles(smiles).map_err(|error| refuse(error.to_string()))?;
        let graph = whole.graph();
        let is_mark = |node: NodeIndex| graph[node].element == Element::WILDCARD;
        let mut marked = Vec::new();
        for mark in graph.node_indices().filter(|&node| is_mark(node)) {
            let mut bonds = graph.edges(mark);
            let (Some(bond), None) = (bonds.next(), bonds.next()) else {
                return Err(refuse(format!(
                    "the mark at atom {} hangs on no atom, or on several",
                    mark.index()
                )));
            };
            let neighbour = graph.neighbors(mark).find(|&node| !is_mark(node));
            match neighbour {
                Some(node) if bond.weight().order == BondOrder::Single => marked.push(node),
                _ => {
                    return Err(refuse(format!(
                        "the mark at atom {} is not bound to an atom by a single bond",
                        mark.index()
                    )));
                }
            }
        }
        let kept: Vec<NodeIndex> = graph.node_indices().filter(|&n| !is_mark(n)).collect();
        let bare = whole.subgraph(|node| !is_mark(node), true);
        let place = |node: NodeIndex| kept.iter().position(|&kept| kept == node);
        let sites: Vec<NodeIndex> = if marked.is_empty() {
            let grows = |&node: &NodeIndex| {
                let atom = &bare.graph()[node];
                atom.hydrogens > 0 && atom.element != Element::H
            };
            bare.graph().node_indices().filter(grows).collect()
        } else {
            let places = marked.into_iter().filter_map(place);
            places.map(NodeIndex::new).collect()
        };
        let pieces = bare.components().len();
        if pieces > 1 {
            return Err(refuse(format!("a scaffold is one piece, this is {pieces}")));
        }
        if sites.is_empty() {
            return Err(refuse("no atom has a hydrogen to replace".to_owned()));
        }
        Ok(Self {
            graph: bare,
            numbers: kept.into_iter().map(NodeIndex::index).collect(),
            sites,
        })
    }

    /// The atoms that can carry something new, by their numbers in the given text, from 0; one with two marks is named
    /// twice and drawn twice as often.
    pub fn sites(&self) -> impl Iterator<Item = usize> + '_ {
        self.sites.iter().map(|site| self.numbers[site.index()])
    }

    /// The scaffold by itself, marks left out.
    #[must_use]
    pub fn smiles(&self) -> String {
        self.graph.to_smiles()
    }

    /// A random spelling that the model can read and go on from.
    pub(super) fn prompt(
        &self,
        pretrained: &Pretrained,
        rng: &mut ChaCha8Rng,
    ) -> Result<ScaffoldPrompt, PromptError> {
        let site = self.sites[rng.random_range(0..self.sites.len())];
        let mut grown = self.graph.clone();
        // A methyl group stands in whose place the model goes on, so that all before it is written as it is where
        // something follows (`n` and not `[nH]`).
        let stub = grown.add_atom(Atom::new(Element::C, 4));
        grown
            .join(site, stub, BondOrder::Single)
            .expect("a site has a hydrogen, and so has the stub");
        // The stub has the highest rank, so it is the last of the site's branches, which makes it the last atom of all
        // when the site itself is in no branch.
        let mut ranks: Vec<u32> = (0..).take(grown.atom_count()).collect();
        let mut writer = SmilesWriter::by_rank_alone();
        let mut text = String::new();
        let mut refused = None;
        for left in (0..SPELLINGS).rev() {
            ranks[..stub.index()].shuffle(rng);
            // Towards the end the text begins at the site, where it ends, too.
            if left < SPELLINGS / 4 {
                let first = ranks.iter().position(|&rank| rank == 0);
                ranks.swap(site.index(), first.unwrap_or(0));
            }
            text.clear();
            writer.write_ranked(&grown, &ranks, &mut text);
            if writer.order().last() != Some(&stub) {
                continue;
            }
            let mut selfies = pretrained.selfies_of(&text)?;
            // The symbol of the last atom is the last one.
            selfies.truncate(selfies.rfind('[').unwrap_or(0));
            match pretrained.ids_of(&selfies) {
                Ok(ids) if left == 0 || stays_whole(pretrained, &selfies) => {
                    let atoms = writer.order().iter().filter(|&&atom| atom != stub);
                    let order = atoms.map(|atom| self.numbers[atom.index()]).collect();
                    return Ok(ScaffoldPrompt { ids, order });
                }
                Ok(_) => {}
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.expect("the last spelling ends at the site and is whole or refused"))
    }
}

/// Whether no continuation can take a ring bond away.
///
/// A ring bond is made after all atoms and only where both ends have room. The end that was written later sets its bond
/// aside; the earlier one does not, so when the site is that one, what follows could use the bond up. A triple bond asks
/// for as much as any continuation gets.
fn stays_whole(pretrained: &Pretrained, selfies: &str) -> bool {
    let read = |selfies: &str| {
        let smiles = pretrained.smiles_of(selfies)?;
        MolGraph::from_smiles(&smiles).ok()
    };
    let pair = read(selfies).zip(read(&format!("{selfies}[#C]")));
    pair.is_some_and(|(alone, whole)| begins_with(&whole, &alone))
}

/// Whether the first atoms of a molecule and the bonds between them are those of another one.
pub(super) fn begins_with(whole: &MolGraph, part: &MolGraph) -> bool {
    let atoms = |molecule: &MolGraph| -> Vec<_> {
        let first = molecule.atoms().take(part.atom_count());
        first
            .map(|atom| (atom.element, atom.isotope, atom.charge))
            .collect()
    };
    let bonds = |molecule: &MolGraph| -> BTreeMap<_, _> {
        let all = molecule.graph().raw_edges().iter();
        all.map(|edge| {
            let (a, b) = (edge.source(), edge.target());
            ((a.min(b), a.max(b)), edge.weight.order)
        })
        .filter(|((_, later), _)| later.index() < part.atom_count())
        .collect()
    };
    atoms(part) == atoms(whole) && bonds(part) == bonds(whole)
}
