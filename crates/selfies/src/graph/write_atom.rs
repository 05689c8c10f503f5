//! The text of one atom and of a ring number.

use std::fmt::Write;

use petgraph::graph::NodeIndex;

use super::valence::implied_hydrogens;
use super::{Chirality, MolGraph};

/// Writes an atom, without brackets where a reader infers the same hydrogens.
pub(super) fn push_atom(
    molecule: &MolGraph,
    node: NodeIndex,
    chirality: Option<Chirality>,
    text: &mut String,
) {
    let atom = &molecule.graph()[node];
    let bare = (atom.element.is_organic() || atom.element.number() == 0)
        && atom.isotope == 0
        && atom.charge == 0
        && atom.class == 0
        && chirality.is_none()
        && atom.hydrogens
            == implied_hydrogens(atom.element, atom.aromatic, molecule.doubled_bond_sum(node));
    if !bare {
        text.push('[');
        if atom.isotope != 0 {
            push_number(u32::from(atom.isotope), text);
        }
    }
    if atom.aromatic {
        text.extend(
            atom.element
                .symbol()
                .chars()
                .map(|letter| letter.to_ascii_lowercase()),
        );
    } else {
        text.push_str(atom.element.symbol());
    }
    if bare {
        return;
    }
    match chirality {
        Some(Chirality::CounterClockwise) => text.push('@'),
        Some(Chirality::Clockwise) => text.push_str("@@"),
        None => {}
    }
    if atom.hydrogens > 0 {
        text.push('H');
        if atom.hydrogens > 1 {
            push_number(u32::from(atom.hydrogens), text);
        }
    }
    if atom.charge != 0 {
        text.push(if atom.charge > 0 { '+' } else { '-' });
        if atom.charge.unsigned_abs() > 1 {
            push_number(u32::from(atom.charge.unsigned_abs()), text);
        }
    }
    if atom.class != 0 {
        text.push(':');
        push_number(u32::from(atom.class), text);
    }
    text.push(']');
}

/// Writes the ring number that follows `index` others: `1` … `9`, `%10` … `%99`, `%(100)` …
pub(super) fn push_ring_number(index: u32, text: &mut String) {
    let number = index + 1;
    match number {
        0..=9 => {}
        10..=99 => text.push('%'),
        _ => text.push_str("%("),
    }
    push_number(number, text);
    if number > 99 {
        text.push(')');
    }
}

fn push_number(number: u32, text: &mut String) {
    if let Some(digit) = char::from_digit(number, 10) {
        text.push(digit);
    } else {
        write!(text, "{number}").expect("writing to a string cannot fail");
    }
}
