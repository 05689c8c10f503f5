//! The nearest molecules of a file by name.

use chemgpt::embed::Nearest;

/// Neighbours that are kept.
const COUNT: usize = 5;

pub(crate) struct Neighbours {
    nearest: Nearest,
    seen: usize,
    /// Numbers and names of the nearest so far, and of no others.
    names: Vec<(usize, String)>,
}

impl Neighbours {
    pub(crate) fn of(query: Vec<f32>) -> Self {
        Self {
            nearest: Nearest::new(query, COUNT),
            seen: 0,
            names: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, smiles: &str, vector: &[f32]) {
        self.nearest.push(vector);
        let found = self.nearest.found();
        if found.iter().any(|(index, _)| *index == self.seen) {
            self.names.push((self.seen, smiles.to_owned()));
            self.names
                .retain(|(name, _)| found.iter().any(|(index, _)| index == name));
        }
        self.seen += 1;
    }

    /// Similarities and names, nearest first.
    pub(crate) fn into_names(self) -> Vec<(f64, String)> {
        let name = |wanted| {
            let named = self.names.iter().find(|(index, _)| *index == wanted);
            named.map(|(_, smiles)| smiles.clone())
        };
        let found = self.nearest.found().iter();
        found
            .filter_map(|&(index, similarity)| Some((similarity, name(index)?)))
            .collect()
    }
}
