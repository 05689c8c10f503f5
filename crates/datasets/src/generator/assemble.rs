//! One molecule: ring systems joined by linkers, end groups on the free places.

use rand_chacha::ChaCha8Rng;
use selfies::graph::{BondOrder, Element, MolGraph, NodeIndex};

use super::draw::{Weighted, below};
use super::fragments::EXTRA_END_GROUPS;
use super::template::Template;

/// How often a place is drawn anew before a piece is given up.
const ATTEMPTS: u32 = 8;

/// The pieces, ready to be copied.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    pub(super) rings: Vec<Template>,
    pub(super) ring_weights: Weighted,
    pub(super) chains: Vec<Template>,
    pub(super) chain_weights: Weighted,
    pub(super) linkers: Vec<Option<Template>>,
    pub(super) linker_weights: Weighted,
    pub(super) end_groups: Vec<(Template, bool)>,
    pub(super) end_group_weights: Weighted,
    pub(super) ring_systems: Weighted,
    pub(super) end_group_counts: Weighted,
}

/// A place of the growing molecule that still has a hydrogen to give.
#[derive(Clone, Copy, Debug)]
struct Site {
    node: NodeIndex,
    weight: u32,
    /// Which ring system it belongs to.
    system: u32,
}

/// The growing molecule.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembly {
    pub(super) graph: MolGraph,
    sites: Vec<Site>,
}

impl Assembly {
    pub(super) fn build(&mut self, pieces: &Pieces, rng: &mut ChaCha8Rng) {
        self.graph.clear();
        self.sites.clear();
        let systems = pieces.ring_systems.draw(rng);
        if systems == 0 {
            let chain = &pieces.chains[pieces.chain_weights.draw(rng)];
            self.append(chain, 0);
        }
        for system in 0..systems {
            let guest_ring = &pieces.rings[pieces.ring_weights.draw(rng)];
            self.add_ring(pieces, guest_ring, system, rng);
        }
        let extra = EXTRA_END_GROUPS.get(systems).copied().unwrap_or(0);
        for _ in 0..pieces.end_group_counts.draw(rng) + extra {
            let (group, anywhere) = &pieces.end_groups[pieces.end_group_weights.draw(rng)];
            self.add_end_group(group, *anywhere, rng);
        }
    }

    /// Copies a fragment and opens its sites.
    fn append(&mut self, template: &Template, system: usize) -> usize {
        let offset = self.graph.append(&template.graph);
        self.sites
            .extend(template.sites.iter().map(|&(node, weight)| Site {
                node: NodeIndex::new(node.index() + offset),
                weight,
                system: u32::try_from(system).unwrap_or(u32::MAX),
            }));
        offset
    }

    fn add_ring(
        &mut self,
        pieces: &Pieces,
        guest_ring: &Template,
        system: usize,
        rng: &mut ChaCha8Rng,
    ) {
        let first_new = self.sites.len();
        if system == 0 {
            self.append(guest_ring, 0);
            return;
        }
        for _ in 0..ATTEMPTS {
            // Three times out of four the molecule grows on at its newest ring system, else anywhere.
            let newest = u32::try_from(system - 1).unwrap_or(u32::MAX);
            let only_newest = below(rng, 4) < 3;
            let Some(host) = self.draw_site(
                0..first_new,
                |site| !only_newest || site.system == newest,
                rng,
            ) else {
                continue;
            };
            let linker = &pieces.linkers[pieces.linker_weights.draw(rng)];
            let turned = below(rng, 2) == 1;
            let Some(place) = draw(&guest_ring.sites, |&(_, weight)| weight, rng) else {
                continue;
            };
            let (guest, _) = guest_ring.sites[place];
            let host_node = self.sites[host].node;
            let fits = match linker {
                None => self.compatible(host_node, &guest_ring.graph, guest),
                Some(linker) => {
                    let (near, far) = ends(linker, turned);
                    self.compatible(host_node, &linker.graph, near)
                        && compatible(&linker.graph, far, &guest_ring.graph, guest)
                }
            };
            if !fits {
                continue;
            }
            let mut from = host_node;
            if let Some(linker) = linker {
                let offset = self.graph.append(&linker.graph);
                let (near, far) = ends(linker, turned);
                self.join(from, NodeIndex::new(near.index() + offset));
                from = NodeIndex::new(far.index() + offset);
            }
            let offset = self.append(guest_ring, system);
            self.join(from, NodeIndex::new(guest.index() + offset));
            self.use_site(first_new + place);
            self.use_site(host);
            return;
        }
    }

    fn add_end_group(&mut self, group: &Template, anywhere: bool, rng: &mut ChaCha8Rng) {
        let end = group.ends[0];
        for _ in 0..ATTEMPTS {
            let Some(site) = self.draw_site(0..self.sites.len(), |_| true, rng) else {
                return;
            };
            let node = self.sites[site].node;
            let on_carbon = self.graph.graph()[node].element == Element::C;
            if (anywhere || on_carbon) && self.compatible(node, &group.graph, end) {
                let offset = self.graph.append(&group.graph);
                self.join(node, NodeIndex::new(end.index() + offset));
                self.use_site(site);
                return;
            }
        }
    }

    fn join(&mut self, first: NodeIndex, second: NodeIndex) {
        self.graph
            .join(first, second, BondOrder::Single)
            .expect("sites and ends are atoms with a hydrogen, and the pieces were apart");
    }

    /// Closes a site, or makes a second substitution there rare.
    fn use_site(&mut self, site: usize) {
        let atom = &self.graph.graph()[self.sites[site].node];
        self.sites[site].weight = u32::from(atom.hydrogens > 0 && atom.element == Element::C);
    }

    fn draw_site(
        &self,
        range: std::ops::Range<usize>,
        wanted: impl Fn(&Site) -> bool,
        rng: &mut ChaCha8Rng,
    ) -> Option<usize> {
        draw(
            &self.sites[range],
            |site| if wanted(site) { site.weight } else { 0 },
            rng,
        )
    }

    fn compatible(&self, node: NodeIndex, other: &MolGraph, end: NodeIndex) -> bool {
        compatible(&self.graph, node, other, end)
    }
}

fn ends(linker: &Template, turned: bool) -> (NodeIndex, NodeIndex) {
    let (first, second) = (linker.ends[0], linker.ends[1]);
    if turned {
        (second, first)
    } else {
        (first, second)
    }
}

/// Draws an index by weight.
fn draw<T>(items: &[T], weight: impl Fn(&T) -> u32, rng: &mut ChaCha8Rng) -> Option<usize> {
    let total: u32 = items.iter().map(&weight).sum();
    if total == 0 {
        return None;
    }
    let mut rest = below(rng, total);
    items.iter().position(|item| {
        let weight = weight(item);
        let hit = rest < weight;
        rest = rest.saturating_sub(weight);
        hit
    })
}

/// Chemists' habits: no bond between two heteroatoms except to sulfonyl sulfur, and no new aminal or acetal carbon.
fn compatible(first: &MolGraph, a: NodeIndex, second: &MolGraph, b: NodeIndex) -> bool {
    let hetero = |graph: &MolGraph, node: NodeIndex| graph.graph()[node].element != Element::C;
    let sulfonyl = |graph: &MolGraph, node: NodeIndex| {
        graph.graph()[node].element == Element::S
            && graph.graph().neighbors(node).count() >= 2
            && !graph.graph()[node].aromatic
            && graph
                .graph()
                .edges(node)
                .any(|bond| bond.weight().order == BondOrder::Double)
    };
    match (hetero(first, a), hetero(second, b)) {
        (true, true) => {
            (sulfonyl(first, a) && second.graph()[b].element == Element::N)
                || (sulfonyl(second, b) && first.graph()[a].element == Element::N)
        }
        (false, false) => true,
        (false, true) => !next_to_hetero(first, a),
        (true, false) => !next_to_hetero(second, b),
    }
}

/// Whether a saturated carbon already carries a heteroatom.
fn next_to_hetero(graph: &MolGraph, node: NodeIndex) -> bool {
    let atoms = graph.graph();
    !atoms[node].aromatic
        && atoms
            .edges(node)
            .all(|bond| bond.weight().order == BondOrder::Single)
        && atoms
            .neighbors(node)
            .any(|next| atoms[next].element != Element::C)
}
