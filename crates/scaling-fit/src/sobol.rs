//! A Sobol sequence with the direction numbers of Joe and Kuo 2008 (doi:10.1137/070709359), for
//! the few dimensions that the laws need.

/// Primitive polynomial degree, its coefficients and the first direction numbers, dimensions 2 to 8
/// of the table `new-joe-kuo-6`.
const TABLE: [(u32, u32, &[u32]); 7] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
];

/// The sequence; the point at the origin is left out.
#[derive(Debug, Clone)]
pub(crate) struct Sobol {
    directions: Vec<[u32; 32]>,
    state: Vec<u32>,
    index: u32,
}

impl Sobol {
    /// A sequence in at most eight dimensions.
    pub(crate) fn new(dimensions: usize) -> Self {
        assert!(
            (1..=TABLE.len() + 1).contains(&dimensions),
            "one to eight dimensions"
        );
        let mut directions = Vec::with_capacity(dimensions);
        let mut first = [0; 32];
        for (bit, slot) in first.iter_mut().enumerate() {
            *slot = 1 << (31 - bit);
        }
        directions.push(first);
        for &(degree, coefficients, start) in &TABLE[..dimensions - 1] {
            let s = degree as usize;
            let mut v = [0_u32; 32];
            for bit in 0..32 {
                v[bit] = if bit < s {
                    start[bit] << (31 - bit)
                } else {
                    let mut value = v[bit - s] ^ (v[bit - s] >> s);
                    for k in 1..s {
                        if coefficients >> (s - 1 - k) & 1 == 1 {
                            value ^= v[bit - k];
                        }
                    }
                    value
                };
            }
            directions.push(v);
        }
        Self {
            state: vec![0; dimensions],
            directions,
            index: 0,
        }
    }

    /// The next point in the unit cube.
    pub(crate) fn next_point(&mut self) -> Vec<f64> {
        let bit = (!self.index).trailing_zeros() as usize;
        self.index += 1;
        self.state
            .iter_mut()
            .zip(&self.directions)
            .map(|(state, directions)| {
                *state ^= directions[bit.min(31)];
                f64::from(*state) / 4_294_967_296.0
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_fills_each_dyadic_interval_once() {
        let mut sobol = Sobol::new(8);
        let mut seen = vec![vec![false; 64]; 8];
        for column in &mut seen {
            column[0] = true; // the origin, which is left out
        }
        for _ in 1..64 {
            for (column, u) in seen.iter_mut().zip(sobol.next_point()) {
                let cell = (0..64_usize).rev().find(|c| u * 64.0 >= *c as f64).unwrap();
                assert!(!column[cell], "cell {cell} hit twice");
                column[cell] = true;
            }
        }
        assert!(seen.iter().flatten().all(|&hit| hit));
    }
}
