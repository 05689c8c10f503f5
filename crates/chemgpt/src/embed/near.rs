//! Neighbours by cosine similarity.

/// The nearest of the vectors that it is shown, which may come one after another from a file.
#[derive(Clone, Debug)]
pub struct Nearest {
    query: Vec<f32>,
    count: usize,
    seen: usize,
    /// Nearest first.
    found: Vec<(usize, f64)>,
}

impl Nearest {
    /// The `count` nearest to `query`.
    #[must_use]
    pub fn new(query: Vec<f32>, count: usize) -> Self {
        Self {
            query,
            count,
            seen: 0,
            found: Vec::new(),
        }
    }

    /// Shows the next vector.
    pub fn push(&mut self, vector: &[f32]) {
        let similarity = cosine(vector, &self.query);
        let place = self
            .found
            .partition_point(|(_, other)| other.total_cmp(&similarity).is_ge());
        if place < self.count {
            self.found.insert(place, (self.seen, similarity));
            self.found.truncate(self.count);
        }
        self.seen += 1;
    }

    /// Numbers of the vectors, from 0 in the order they came, with their similarity to the query, nearest first.
    #[must_use]
    pub fn found(&self) -> &[(usize, f64)] {
        &self.found
    }
}

/// The `count` nearest rows of `vectors` to `query` by cosine similarity, nearest first, with the similarity.
#[must_use]
pub fn nearest(vectors: &[Vec<f32>], query: &[f32], count: usize) -> Vec<(usize, f64)> {
    let mut nearest = Nearest::new(query.to_vec(), count);
    for vector in vectors {
        nearest.push(vector);
    }
    nearest.found
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&x, &y)| f64::from(x) * f64::from(y))
            .sum()
    };
    let norm = (dot(a, a) * dot(b, b)).sqrt();
    if norm > 0.0 { dot(a, b) / norm } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_those_of_a_full_sort_in_its_order() {
        let vectors: Vec<Vec<f32>> = (0..40)
            .map(|i| vec![(i * 7 % 11) as f32, (i * 5 % 13) as f32, 1.0])
            .collect();
        let query = [1.0, 0.5, 0.25];
        let mut all: Vec<(usize, f64)> = vectors
            .iter()
            .map(|vector| cosine(vector, &query))
            .enumerate()
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        for count in [0, 1, 5, 60] {
            let expected = &all[..count.min(all.len())];
            assert_eq!(nearest(&vectors, &query, count), expected);
        }
        assert_eq!(nearest(&vectors, &vectors[3], 1)[0].0, 3);
    }
}
