//! Which bonds lie in a ring: those that are no bridge of the graph.

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::MolGraph;

impl MolGraph {
    /// For every bond, by edge index, whether it is part of a ring.
    ///
    /// Tarjan's low-link walk with a stack of its own, so that long chains cannot exhaust the program's stack
    /// (R. E. Tarjan, Inf. Process. Lett. 2, 160, 1974).
    #[must_use]
    pub fn ring_bonds(&self) -> Vec<bool> {
        let graph = self.graph();
        let mut in_ring = vec![true; graph.edge_count()];
        if graph.edge_count() < 3 {
            in_ring.fill(false);
            return in_ring;
        }
        let mut entered = vec![0_u32; graph.node_count()];
        let mut low = vec![0_u32; graph.node_count()];
        let mut clock = 0;
        let mut stack = Vec::new();
        for root in graph.node_indices() {
            if entered[root.index()] != 0 {
                continue;
            }
            clock += 1;
            entered[root.index()] = clock;
            low[root.index()] = clock;
            stack.push((root, None, graph.edges(root)));
            while let Some((node, via, edges)) = stack.last_mut() {
                let node = *node;
                if let Some(edge) = edges.next() {
                    if Some(edge.id()) == *via {
                        continue;
                    }
                    let next = edge.target();
                    if entered[next.index()] == 0 {
                        clock += 1;
                        entered[next.index()] = clock;
                        low[next.index()] = clock;
                        stack.push((next, Some(edge.id()), graph.edges(next)));
                    } else {
                        low[node.index()] = low[node.index()].min(entered[next.index()]);
                    }
                } else {
                    let via = *via;
                    stack.pop();
                    if let (Some((parent, _, _)), Some(edge)) = (stack.last(), via) {
                        let parent = *parent;
                        low[parent.index()] = low[parent.index()].min(low[node.index()]);
                        in_ring[edge.index()] = low[node.index()] <= entered[parent.index()];
                    }
                }
            }
        }
        in_ring
    }

    /// For every atom, by node index, whether it is part of a ring.
    #[must_use]
    pub fn ring_atoms(&self) -> Vec<bool> {
        let mut in_ring = vec![false; self.atom_count()];
        for (edge, ring) in self.graph().raw_edges().iter().zip(self.ring_bonds()) {
            if ring {
                in_ring[edge.source().index()] = true;
                in_ring[edge.target().index()] = true;
            }
        }
        in_ring
    }

    /// The number of independent rings: bonds − atoms + components.
    #[must_use]
    pub fn ring_count(&self) -> usize {
        let components = petgraph::algo::connected_components(self.graph());
        self.graph().edge_count() + components - self.atom_count()
    }

    /// The connected pieces, each a graph of its own, in the order of their first atoms.
    #[must_use]
    pub fn components(&self) -> Vec<Self> {
        let labels = self.component_labels();
        let count = labels.iter().copied().max().map_or(0, |last| last + 1);
        if count == 1 {
            return vec![self.clone()];
        }
        (0..count)
            .map(|label| self.subgraph(|node: NodeIndex| labels[node.index()] == label, false))
            .collect()
    }

    /// For every atom the number of its connected piece.
    #[must_use]
    pub fn component_labels(&self) -> Vec<usize> {
        let graph = self.graph();
        let mut labels = vec![usize::MAX; graph.node_count()];
        let mut count = 0;
        let mut stack = Vec::new();
        for root in graph.node_indices() {
            if labels[root.index()] != usize::MAX {
                continue;
            }
            labels[root.index()] = count;
            stack.push(root);
            while let Some(node) = stack.pop() {
                for next in graph.neighbors(node) {
                    if labels[next.index()] == usize::MAX {
                        labels[next.index()] = count;
                        stack.push(next);
                    }
                }
            }
            count += 1;
        }
        labels
    }
}
