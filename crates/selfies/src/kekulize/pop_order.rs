//! The order in which `CPython` pops a set of small integers.
//!
//! The reference takes unmatched atoms out of a `set`, so the Kekulé structure
//! it finds depends on the table behind that set (`Objects/setobject.c`,
//! `CPython` 3.7 to 3.13): small integers hash to themselves, up to nine linear
//! probes are tried when they fit, then the index is perturbed; the table grows
//! when three fifths full, and `pop` walks its slots upwards.

use super::NONE;

const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;

/// Sorts ascending, distinct labels into pop order.
pub(super) fn sort(labels: &[u32], table: &mut Vec<u32>, order: &mut Vec<u32>) {
    order.clear();
    table.clear();
    table.resize(8, NONE);
    for (used, &label) in (1..).zip(labels) {
        insert(table, label);
        let mask = table.len() - 1;
        if used * 5 >= mask * 3 {
            let least: usize = if used > 50_000 { used * 2 } else { used * 4 };
            order.clear();
            order.extend(table.iter().filter(|&&slot| slot != NONE));
            table.clear();
            table.resize((least + 1).next_power_of_two().max(8), NONE);
            for &label in order.iter() {
                insert(table, label);
            }
        }
    }
    order.clear();
    order.extend(table.iter().filter(|&&slot| slot != NONE));
}

fn insert(table: &mut [u32], label: u32) {
    let mask = table.len() - 1;
    let mut perturb = label as usize;
    let mut at = perturb & mask;
    loop {
        let probes = if at + LINEAR_PROBES <= mask {
            LINEAR_PROBES
        } else {
            0
        };
        for slot in &mut table[at..=at + probes] {
            if *slot == NONE {
                *slot = label;
                return;
            }
        }
        perturb >>= PERTURB_SHIFT;
        at = (at * 5 + 1 + perturb) & mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &[u32], expected: &[u32]) {
        let (mut table, mut order) = (Vec::new(), Vec::new());
        sort(labels, &mut table, &mut order);
        assert_eq!(order, expected);
    }

    /// Expected orders were printed by `CPython` 3.11.
    #[test]
    fn orders_equal_those_of_cpython() {
        check(&[], &[]);
        check(&[3, 9], &[9, 3]);
        check(&[7, 8, 15], &[8, 15, 7]);
        check(&[5, 40, 73, 300], &[40, 73, 300, 5]);
        check(&[31, 32, 63, 64, 95], &[32, 64, 31, 95, 63]);
        check(
            &[1, 33, 65, 97, 129, 161, 193],
            &[65, 1, 129, 97, 33, 161, 193],
        );
    }
}
