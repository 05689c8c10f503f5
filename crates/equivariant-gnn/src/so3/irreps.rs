//! Irreducible representations of rotations with inversion, and lists of them.

use std::{fmt, str::FromStr};

use backend::tape::Var;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What inversion of space does to a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Parity {
    /// Changes the sign; written `o`.
    Odd,
    /// Nothing; written `e`.
    Even,
}

impl Parity {
    /// The parity of a product of two representations.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        if self == other { Self::Even } else { Self::Odd }
    }

    /// The parity of the spherical harmonics of a degree: (−1)ˡ.
    #[must_use]
    pub fn of_degree(l: usize) -> Self {
        if l.is_multiple_of(2) {
            Self::Even
        } else {
            Self::Odd
        }
    }
}

/// An irreducible representation: the degree and the parity. Sorted as e3nn sorts, by degree with
/// odd before even.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Irrep {
    /// The degree.
    pub l: usize,
    /// The parity.
    pub parity: Parity,
}

impl Irrep {
    /// The invariant scalar, `0e`.
    pub const SCALAR: Self = Self {
        l: 0,
        parity: Parity::Even,
    };

    /// The representation of the spherical harmonics of degree l.
    #[must_use]
    pub fn harmonic(l: usize) -> Self {
        Self {
            l,
            parity: Parity::of_degree(l),
        }
    }

    /// The number of components, 2l + 1.
    #[must_use]
    pub fn dim(self) -> usize {
        2 * self.l + 1
    }

    /// Whether the product of two representations contains this one.
    #[must_use]
    pub fn is_in_product(self, a: Self, b: Self) -> bool {
        self.parity == a.parity.times(b.parity) && (a.l.abs_diff(b.l)..=a.l + b.l).contains(&self.l)
    }

    /// What the product of two representations contains, by degree.
    pub fn product(self, other: Self) -> impl Iterator<Item = Self> {
        let parity = self.parity.times(other.parity);
        (self.l.abs_diff(other.l)..=self.l + other.l).map(move |l| Self { l, parity })
    }
}

impl fmt::Display for Irrep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parity = match self.parity {
            Parity::Odd => 'o',
            Parity::Even => 'e',
        };
        write!(f, "{}{parity}", self.l)
    }
}

/// Irreducible representations with their multiplicities, such as `8x0e+4x1o`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Irreps(pub Vec<(usize, Irrep)>);

impl Irreps {
    /// One of each spherical harmonic up to a degree.
    #[must_use]
    pub fn harmonics(l_max: usize) -> Self {
        Self((0..=l_max).map(|l| (1, Irrep::harmonic(l))).collect())
    }

    /// The number of components of all.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.0.iter().map(|(mul, ir)| mul * ir.dim()).sum()
    }

    /// Neighbours of the same kind merged into one, and empty ones dropped.
    #[must_use]
    pub fn simplified(&self) -> Self {
        let mut out: Vec<(usize, Irrep)> = Vec::new();
        for &(mul, ir) in self.0.iter().filter(|(mul, _)| *mul > 0) {
            match out.last_mut() {
                Some((last, same)) if *same == ir => *last += mul,
                _ => out.push((mul, ir)),
            }
        }
        Self(out)
    }

    /// Sorted by degree and parity, stable, with the new place of each old entry.
    #[must_use]
    pub fn sorted(&self) -> (Self, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by_key(|&k| self.0[k].1);
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        (Self(order.iter().map(|&k| self.0[k]).collect()), place)
    }

    /// Takes e3nn's rows apart.
    ///
    /// # Shapes
    /// - `rows`: `[N, dim]`
    /// - output: `[N, M, multiplicity]` per entry
    #[must_use]
    pub fn split(&self, rows: &Var<2>) -> Vec<Var<3>> {
        let n = rows.dims()[0];
        let mut start = 0;
        let blocks = self.0.iter().map(|&(mul, ir)| {
            let part = rows.narrow(1, start, mul * ir.dim());
            start += mul * ir.dim();
            if ir.l == 0 {
                return part.reshape([n, 1, mul]);
            }
            part.reshape([n, mul, ir.dim()]).swap_dims(1, 2)
        });
        blocks.collect()
    }

    /// Puts e3nn's rows together, the inverse of [`Irreps::split`].
    ///
    /// # Panics
    /// If there is no block.
    #[must_use]
    pub fn join(blocks: &[Var<3>]) -> Var<2> {
        let parts: Vec<Var<2>> = blocks
            .iter()
            .map(|block| {
                let [n, m, mul] = block.dims();
                if m == 1 {
                    return block.reshape([n, mul]);
                }
                block.swap_dims(1, 2).reshape([n, mul * m])
            })
            .collect();
        Var::cat(&parts, 1)
    }
}

impl fmt::Display for Irreps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, (mul, ir)) in self.0.iter().enumerate() {
            let plus = if k == 0 { "" } else { "+" };
            write!(f, "{plus}{mul}x{ir}")?;
        }
        Ok(())
    }
}

impl FromStr for Irreps {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let entry = |token: &str| {
            let (mul, ir) = token.split_once('x').unwrap_or(("1", token));
            let (degree, parity) = ir.split_at_checked(ir.len().checked_sub(1)?)?;
            let parity = match parity {
                "e" => Parity::Even,
                "o" => Parity::Odd,
                _ => return None,
            };
            let l = degree.parse().ok()?;
            Some((mul.parse().ok()?, Irrep { l, parity }))
        };
        text.split('+')
            .map(|token| {
                entry(token.trim()).ok_or_else(|| Error::Setting {
                    field: "irreps",
                    value: token.to_owned(),
                    expected: "terms such as 8x1o",
                })
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn irreps_are_written_as_they_are_read() {
        let irreps: Irreps = "8x0e+4x1o + 2e".parse().unwrap();
        assert_eq!(irreps.to_string(), "8x0e+4x1o+1x2e");
        assert_eq!(irreps.dim(), 8 + 12 + 5);
        assert_eq!("".parse::<Irreps>().unwrap(), Irreps::default());
        for bad in ["8x", "x1o", "1", "2x1u", "+", "é"] {
            assert!(bad.parse::<Irreps>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sorting_is_by_degree_with_odd_first_and_keeps_equals_in_place() {
        let irreps: Irreps = "2x1e+3x0e+1x1o+4x0e+1x0o".parse().unwrap();
        let (sorted, place) = irreps.sorted();
        assert_eq!(sorted.to_string(), "1x0o+3x0e+4x0e+1x1o+2x1e");
        assert_eq!(place, [4, 1, 3, 2, 0]);
        assert_eq!(sorted.simplified().to_string(), "1x0o+7x0e+1x1o+2x1e");
    }

    #[test]
    fn products_obey_the_triangle_and_parity() {
        let vector = Irrep::harmonic(1);
        let names: Vec<String> = vector.product(vector).map(|ir| ir.to_string()).collect();
        assert_eq!(names, ["0e", "1e", "2e"]);
        assert!(!Irrep::harmonic(1).is_in_product(vector, vector));
        assert!(Irrep::SCALAR.is_in_product(vector, vector));
    }
}
