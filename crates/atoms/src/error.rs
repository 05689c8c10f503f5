//! What can be wrong with a structure.

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong with a structure, a label or a request for neighbours.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The structure has no atom.
    #[error("the structure has no atoms")]
    NoAtoms,
    /// A per-atom array does not have one entry for each atom.
    #[error("{field} has {found} entries, expected one for each of the {expected} atoms")]
    Length {
        /// The array.
        field: &'static str,
        /// The number of atoms.
        expected: usize,
        /// The number of entries.
        found: usize,
    },
    /// An atomic number is not that of a known element.
    #[error("atom {atom} has atomic number {number}, expected 1 to 118")]
    AtomicNumber {
        /// Index of the atom, from 0.
        atom: usize,
        /// Its number.
        number: u8,
    },
    /// A per-atom value is NaN or infinite.
    #[error("{field} of atom {atom} is {value}, expected a finite number")]
    NotFiniteAtom {
        /// The array.
        field: &'static str,
        /// Index of the atom, from 0.
        atom: usize,
        /// The offending value.
        value: f64,
    },
    /// An atom is further from the origin than distances can be told from coordinates.
    #[error("positions of atom {atom} is {value:e} Å, expected at most {most:e} Å from the origin")]
    TooFar {
        /// Index of the atom, from 0.
        atom: usize,
        /// The offending coordinate (Å).
        value: f64,
        /// The most that is accepted on either side of zero (Å).
        most: f64,
    },
    /// A periodic cell vector is longer than distances can be told from coordinates.
    #[error("cell vector {axis} has the entry {value:e} Å, expected at most {most:e} Å")]
    CellTooLarge {
        /// The periodic axis, 0 to 2.
        axis: usize,
        /// The offending entry (Å).
        value: f64,
        /// The most that is accepted on either side of zero (Å).
        most: f64,
    },
    /// A value of the whole structure is NaN or infinite.
    #[error("{field} is {value}, expected a finite number")]
    NotFinite {
        /// The label.
        field: &'static str,
        /// The offending value.
        value: f64,
    },
    /// An axis is periodic but there is no cell to repeat.
    #[error("axis {axis} is periodic but the structure has no cell")]
    PeriodicWithoutCell {
        /// The first periodic axis, 0 to 2.
        axis: usize,
    },
    /// The cell vectors of the periodic axes do not span a volume, an area or a length.
    #[error(
        "the periodic cell vectors are degenerate: heights are {heights:?} Å, expected each periodic one to be at least {least} Å"
    )]
    DegenerateCell {
        /// Perpendicular heights of the cell along its three axes (Å); infinite where an axis is not periodic.
        heights: [f64; 3],
        /// The least height that is accepted (Å).
        least: f64,
    },
    /// The cutoff is not a positive finite number.
    #[error("the cutoff is {cutoff} Å, expected a positive finite length")]
    Cutoff {
        /// The cutoff (Å).
        cutoff: f64,
    },
    /// Two atoms (or an atom and an image) are closer than any chemistry allows.
    #[error("atoms {first} and {second} are {distance:.4} Å apart, expected at least {least} Å")]
    TooClose {
        /// Index of the first atom, from 0.
        first: usize,
        /// Index of the second atom, from 0.
        second: usize,
        /// Their distance (Å).
        distance: f64,
        /// The least distance that is accepted (Å).
        least: f64,
    },
    /// The list would have more entries than fit into memory or into 32-bit indices.
    #[error(
        "a cutoff of {cutoff} Å needs {images:e} periodic images or grid cells, more than the {limit:e} allowed"
    )]
    TooManyImages {
        /// The cutoff (Å).
        cutoff: f64,
        /// Images that would have to be visited for each atom.
        images: f64,
        /// The most that is allowed.
        limit: f64,
    },
    /// The structure has more atoms than a 32-bit index can name.
    #[error("the structure has {atoms} atoms, expected at most {limit}")]
    TooManyAtoms {
        /// The number of atoms.
        atoms: usize,
        /// The most that is allowed.
        limit: usize,
    },
}
