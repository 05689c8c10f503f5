//! Molecular formula and weight.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Element, MolGraph};

impl MolGraph {
    /// The formula in Hill order: carbon, hydrogen, then the other elements by their symbols (E. A. Hill,
    /// doi:10.1021/ja02046a005); the total charge at the end.
    ///
    /// ```
    /// use selfies::graph::MolGraph;
    /// assert_eq!(MolGraph::from_smiles("C[N+](C)(C)CCO")?.formula(), "C5H14NO+");
    /// # Ok::<(), selfies::graph::ReadError>(())
    /// ```
    #[must_use]
    pub fn formula(&self) -> String {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        let mut charge = 0;
        for atom in self.atoms() {
            *counts.entry(atom.element.symbol()).or_default() += 1;
            if atom.hydrogens > 0 {
                *counts.entry("H").or_default() += u32::from(atom.hydrogens);
            }
            charge += i32::from(atom.charge);
        }
        let has_carbon = counts.contains_key("C");
        let mut order: Vec<(&str, u32)> = counts.into_iter().collect();
        if has_carbon {
            order.sort_by_key(|(symbol, _)| match *symbol {
                "C" => 0,
                "H" => 1,
                _ => 2,
            });
        }
        let mut text = String::new();
        for (symbol, count) in order {
            text.push_str(symbol);
            if count > 1 {
                write!(text, "{count}").expect("writing to a string cannot fail");
            }
        }
        if charge != 0 {
            text.push(if charge > 0 { '+' } else { '-' });
            if charge.abs() > 1 {
                write!(text, "{}", charge.abs()).expect("writing to a string cannot fail");
            }
        }
        text
    }

    /// The molecular weight (u): standard atomic weights, and isotopic masses where an isotope is named.
    ///
    /// ```
    /// use selfies::graph::MolGraph;
    /// assert!((MolGraph::from_smiles("CC(=O)O")?.weight() - 60.052).abs() < 1e-3);
    /// # Ok::<(), selfies::graph::ReadError>(())
    /// ```
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.atoms()
            .map(|atom| {
                atom.element.isotope_mass(atom.isotope)
                    + f64::from(atom.hydrogens) * Element::H.weight()
            })
            .sum()
    }

    /// Atoms that are not hydrogen.
    #[must_use]
    pub fn heavy_atoms(&self) -> usize {
        self.atoms()
            .filter(|atom| atom.element != Element::H)
            .count()
    }

    /// Atoms that are neither carbon nor hydrogen.
    #[must_use]
    pub fn heteroatoms(&self) -> usize {
        self.atoms()
            .filter(|atom| !matches!(atom.element, Element::C | Element::H))
            .count()
    }
}
