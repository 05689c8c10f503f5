//! Elements: symbols, numbers, masses.

/// Symbols by atomic number; entry 0 is the placeholder `X`.
#[rustfmt::skip]
const SYMBOLS: [&str; 119] = [
    "X", "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar",
    "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr",
    "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe",
    "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf",
    "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th",
    "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs",
    "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
];

/// Standard atomic weights (u) by atomic number, from Meija et al., Pure Appl. Chem. 88, 265 (2016),
/// <https://doi.org/10.1515/pac-2015-0305>; mass number of the longest-lived isotope where there is no standard weight.
#[rustfmt::skip]
#[expect(clippy::unreadable_literal, reason = "the digits of the published table")]
const MASSES: [f64; 119] = [
    0.0, 1.008, 4.002602, 6.94, 9.0121831, 10.81, 12.011, 14.007, 15.999, 18.998403163, 20.1797, 22.98976928,
    24.305, 26.9815385, 28.085, 30.973761998, 32.06, 35.45, 39.948, 39.0983, 40.078, 44.955908, 47.867, 50.9415,
    51.9961, 54.938044, 55.845, 58.933194, 58.6934, 63.546, 65.38, 69.723, 72.63, 74.921595, 78.971, 79.904,
    83.798, 85.4678, 87.62, 88.90584, 91.224, 92.90637, 95.95, 97.90721, 101.07, 102.9055, 106.42, 107.8682,
    112.414, 114.818, 118.71, 121.76, 127.6, 126.90447, 131.293, 132.90545196, 137.327, 138.90547, 140.116,
    140.90766, 144.242, 144.91276, 150.36, 151.964, 157.25, 158.92535, 162.5, 164.93033, 167.259, 168.93422,
    173.054, 174.9668, 178.49, 180.94788, 183.84, 186.207, 190.23, 192.217, 195.084, 196.966569, 200.592,
    204.38, 207.2, 208.9804, 208.98243, 209.98715, 222.01758, 223.01974, 226.02541, 227.02775, 232.0377,
    231.03588, 238.02891, 237.04817, 244.06421, 243.06138, 247.07035, 247.07031, 251.07959, 252.083, 257.09511,
    258.09843, 259.101, 262.11, 267.122, 268.126, 271.134, 270.133, 269.1338, 278.156, 281.165, 281.166,
    285.177, 286.182, 289.19, 289.194, 293.204, 293.208, 294.214,
];

/// Symbol of an atomic number, such as `"C"` for 6.
#[must_use]
pub fn symbol(number: u8) -> Option<&'static str> {
    (number > 0)
        .then(|| SYMBOLS.get(usize::from(number)).copied())
        .flatten()
}

/// Atomic number of a symbol; the case of the letters does not matter.
#[must_use]
pub fn number(symbol: &str) -> Option<u8> {
    let bytes = symbol.as_bytes();
    // Almost every atom of a data file is one of these, and files have millions of atoms.
    match bytes {
        b"H" => return Some(1),
        b"C" => return Some(6),
        b"N" => return Some(7),
        b"O" => return Some(8),
        _ => {}
    }
    (1_u8..)
        .zip(&SYMBOLS[1..])
        .find(|(_, s)| s.eq_ignore_ascii_case(symbol))
        .map(|(z, _)| z)
}

/// Standard atomic weight (u) of an atomic number.
#[must_use]
pub fn mass(number: u8) -> Option<f64> {
    (number > 0)
        .then(|| MASSES.get(usize::from(number)).copied())
        .flatten()
}

/// Formula in Hill order: carbon first, then hydrogen, then the rest by symbol; by symbol alone without carbon.
/// Unknown numbers are written as `X`.
#[must_use]
pub fn hill_formula(species: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut counts = [0_usize; 119];
    for &z in species {
        counts[if z > 118 { 0 } else { usize::from(z) }] += 1;
    }
    let mut present: Vec<usize> = (0..119).filter(|z| counts[*z] > 0).collect();
    let has_carbon = counts[6] > 0;
    present.sort_by_key(|&z| {
        let rank = match z {
            6 if has_carbon => 0,
            1 if has_carbon => 1,
            _ => 2,
        };
        (rank, SYMBOLS[z])
    });
    let mut formula = String::new();
    for z in present {
        formula.push_str(SYMBOLS[z]);
        if counts[z] > 1 {
            write!(formula, "{}", counts[z]).expect("writing to a string cannot fail");
        }
    }
    formula
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_numbers_are_inverse() {
        for z in 1..=118 {
            assert_eq!(number(symbol(z).unwrap()), Some(z));
        }
        assert_eq!(number("cl"), Some(17));
        assert_eq!(number("CL"), Some(17));
        assert_eq!(number("X"), None);
        assert_eq!(number(""), None);
        assert_eq!(symbol(0), None);
        assert_eq!(symbol(119), None);
    }

    #[test]
    fn masses_are_those_of_the_standard() {
        for (z, expected) in [
            (1, 1.008),
            (6, 12.011),
            (8, 15.999),
            (14, 28.085),
            (92, 238.028_91),
        ] {
            assert!((mass(z).unwrap() - expected).abs() < 1e-9);
        }
        assert_eq!(mass(0), None);
    }

    #[test]
    fn formulas_are_in_hill_order() {
        assert_eq!(hill_formula(&[8, 1, 6, 1, 6, 1, 1, 1, 1]), "C2H6O");
        assert_eq!(hill_formula(&[8, 1, 1]), "H2O");
        assert_eq!(hill_formula(&[17, 11]), "ClNa");
    }
}
