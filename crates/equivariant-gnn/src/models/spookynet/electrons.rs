//! Electron configurations of the elements up to radon, as the network reads them.

/// The rows of the table: atomic numbers 0 to 86, of which the first is no element.
pub(super) const ROWS: usize = 87;

/// The columns: the atomic number, 15 subshells, and the valence electrons by s, p, d and f.
pub(super) const COLUMNS: usize = 20;

/// Subshells in the order in which they are filled (Madelung), with the column of their valence
/// electrons (0 for s to 3 for f) and what they hold.
const SUBSHELLS: [(&str, usize, u8); 15] = [
    ("1s", 0, 2),
    ("2s", 0, 2),
    ("2p", 1, 6),
    ("3s", 0, 2),
    ("3p", 1, 6),
    ("4s", 0, 2),
    ("3d", 2, 10),
    ("4p", 1, 6),
    ("5s", 0, 2),
    ("4d", 2, 10),
    ("5p", 1, 6),
    ("6s", 0, 2),
    ("4f", 3, 14),
    ("5d", 2, 10),
    ("6p", 1, 6),
];

/// Ground states that do not follow the order of filling (NIST Atomic Spectra Database, ground
/// levels), as the two subshells that differ.
const EXCEPTIONS: [(u8, [(&str, u8); 2]); 13] = [
    (24, [("4s", 1), ("3d", 5)]),
    (29, [("4s", 1), ("3d", 10)]),
    (41, [("5s", 1), ("4d", 4)]),
    (42, [("5s", 1), ("4d", 5)]),
    (44, [("5s", 1), ("4d", 7)]),
    (45, [("5s", 1), ("4d", 8)]),
    (46, [("5s", 0), ("4d", 10)]),
    (47, [("5s", 1), ("4d", 10)]),
    (57, [("4f", 0), ("5d", 1)]),
    (58, [("4f", 1), ("5d", 1)]),
    (64, [("4f", 7), ("5d", 1)]),
    (78, [("6s", 1), ("5d", 9)]),
    (79, [("6s", 1), ("5d", 10)]),
];

/// Electrons of the noble gases, whose shells are no valence shells of what follows.
const CORES: [u8; 6] = [0, 2, 10, 18, 36, 54];

fn fill(electrons: u8) -> [u8; 15] {
    let mut left = electrons;
    SUBSHELLS.map(|(_, _, holds)| {
        let taken = left.min(holds);
        left -= taken;
        taken
    })
}

/// The table, every column divided by its largest entry: `[87, 20]`, row by row.
pub(super) fn configurations() -> Vec<f64> {
    let mut table = vec![0.0; COLUMNS];
    for z in 1..=86_u8 {
        let mut occupied = fill(z);
        for (_, changes) in EXCEPTIONS.iter().filter(|(element, _)| *element == z) {
            for (name, electrons) in changes {
                let shells = SUBSHELLS.iter().zip(&mut occupied);
                for (_, count) in shells.filter(|((shell, _, _), _)| shell == name) {
                    *count = *electrons;
                }
            }
        }
        let core = CORES.iter().copied().filter(|&core| core < z).max();
        let core = fill(core.expect("zero is below every element"));
        let mut valence = [0_u8; 4];
        table.push(f64::from(z) / 86.0);
        for (((_, column, holds), &electrons), &closed) in
            SUBSHELLS.iter().zip(&occupied).zip(&core)
        {
            table.push(f64::from(electrons) / f64::from(*holds));
            if closed == 0 {
                valence[*column] += electrons;
            }
        }
        for (electrons, holds) in valence.iter().zip([2.0, 6.0, 10.0, 14.0]) {
            table.push(f64::from(*electrons) / holds);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_as_many_electrons_as_protons() {
        let table = configurations();
        assert_eq!(table.len(), ROWS * COLUMNS);
        for (z, row) in table.chunks(COLUMNS).enumerate() {
            let electrons: f64 = row[1..16]
                .iter()
                .zip(SUBSHELLS)
                .map(|(x, (_, _, holds))| x * f64::from(holds))
                .sum();
            assert!(
                (electrons - z as f64).abs() < 1e-9,
                "element {z}: {electrons}"
            );
        }
    }
}
