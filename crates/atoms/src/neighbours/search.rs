//! The linked-cell search behind [`super::neighbour_list`].
//!
//! Each atom looks at the bins within reach; a bin index past the edge of the grid names a periodic image, however many
//! cells away, so cells smaller than the cutoff need no special case. A whole row of bins is scanned as one slice, and
//! where the axes are perpendicular only as much of it as the cutoff can reach.
//!
//! The order of the result costs no sorting: pairs are found neighbour by neighbour in index order and appended to
//! the list of their centre.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::geometry::dot;
use crate::structure::Structure;

use super::bins::{Bins, ROUNDING, sort_into_bins};
use super::found::{Found, shift_of};
use super::{NeighbourList, displacement};

/// Atoms after which the size of the list is guessed.
const SAMPLE: usize = 200;
/// Atoms that are looked at together.
const BLOCK: usize = 32;

/// Finds all pairs; the structure has been validated and the cutoff is positive.
pub(super) fn build(structure: &Structure, cutoff: f64) -> Result<NeighbourList> {
    let atoms = structure.len();
    let limit = u32::MAX as usize / 2;
    if atoms > limit {
        return Err(Error::TooManyAtoms { atoms, limit });
    }
    let cell = structure.cell.unwrap_or_default();
    let bins = sort_into_bins(structure, &cell, cutoff)?;
    Ok(search(structure, &cell, cutoff, &bins))
}

fn search(structure: &Structure, cell: &[[f64; 3]; 3], cutoff: f64, bins: &Bins) -> NeighbourList {
    let atoms = structure.len();
    let images = Images::of(bins);
    let sure = cutoff * cutoff * (1.0 - ROUNDING);
    let perhaps = cutoff * cutoff * (1.0 + ROUNDING);
    let mut found = Found::new(atoms);
    for j in 0..atoms {
        let neighbour = u32::try_from(j).expect("the number of atoms was checked");
        let wrapped = wrapped_position(structure, cell, bins, j);
        candidates(bins, &images, j, cutoff, |image, range| {
            let shift = images.shifts[image as usize];
            let s = shift.map(f64::from);
            let origin: [f64; 3] = std::array::from_fn(|k| {
                s[0] * cell[0][k] + s[1] * cell[1][k] + s[2] * cell[2][k] - wrapped[k]
            });
            let from = found.centres.len();
            let doubtful = within(bins, range, origin, [sure, perhaps], &mut found.centres);
            if shift == [0; 3]
                && let Some(own) = found.centres[from..].iter().position(|i| *i == neighbour)
            {
                found.centres.swap_remove(from + own);
            }
            if doubtful {
                let by_definition = |centre: u32| {
                    let shift = shift_of(shift, centre, neighbour, &bins.wrap);
                    is_within_by_definition(structure, cell, [centre, neighbour], shift, cutoff)
                };
                let mut kept = from;
                for k in from..found.centres.len() {
                    if by_definition(found.centres[k]) {
                        found.centres.swap(kept, k);
                        kept += 1;
                    }
                }
                found.centres.truncate(kept);
            }
            found.end_run(from, image);
        });
        found.end_neighbour();
        if j == SAMPLE {
            found.expect_atoms(atoms);
        }
    }
    found.into_list(&images.shifts, &bins.wrap)
}

/// The images that the bins reach, numbered so that one number names a shift.
pub(super) struct Images {
    shifts: Vec<[i32; 3]>,
    /// Images on each side of the home cell along each axis.
    cells: [i64; 3],
}

impl Images {
    pub(super) fn of(bins: &Bins) -> Self {
        let cells = bins.axes.map(|axis| axis.cells);
        let mut shifts: Vec<[i32; 3]> = Vec::new();
        for sx in -cells[0]..=cells[0] {
            for sy in -cells[1]..=cells[1] {
                for sz in -cells[2]..=cells[2] {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "the number of images is bounded"
                    )]
                    shifts.push([sx as i32, sy as i32, sz as i32]);
                }
            }
        }
        Self { shifts, cells }
    }

    #[inline]
    fn number(&self, [sx, sy, sz]: [i64; 3]) -> u32 {
        let [_, wy, wz] = self.cells.map(|cells| 2 * cells + 1);
        let [x, y, z] = [sx + self.cells[0], sy + self.cells[1], sz + self.cells[2]];
        u32::try_from((x * wy + y) * wz + z).expect("the number of images is bounded")
    }
}

/// Calls back with the slots that may hold neighbours of an atom and the image that they lie in.
#[inline]
pub(super) fn candidates(
    bins: &Bins,
    images: &Images,
    atom: usize,
    cutoff: f64,
    mut visit: impl FnMut(u32, Range<usize>),
) {
    let [ax, ay, az] = bins.axes;
    let [bx, by, bz] = bins.bin[atom].map(i64::from);
    // Descending bins: seen from the neighbour, image −S comes before image −S' when S > S'.
    for ex in (bx - ax.reach..=bx + ax.reach).rev() {
        let Some((sx, cx)) = ax.locate(ex) else {
            continue;
        };
        for ey in (by - ay.reach..=by + ay.reach).rev() {
            let Some((sy, cy)) = ay.locate(ey) else {
                continue;
            };
            let Some((bottom, mut top)) = reach_along_row(bins, atom, [ex, ey], bz, cutoff) else {
                continue;
            };
            let Some(row) = bins.row([cx, cy]) else {
                continue;
            };
            if !az.periodic {
                top = top.min(az.bins - 1);
            }
            while top >= bottom && top >= if az.periodic { i64::MIN } else { 0 } {
                let (sz, last) = (top.div_euclid(az.bins), top.rem_euclid(az.bins));
                let first = (last - (top - bottom)).max(0);
                top -= last - first + 1;
                visit(images.number([sx, sy, sz]), row.slots([first, last]));
            }
        }
    }
}

/// First and last bin along the last axis that an atom can reach in a row of bins, or nothing where the row is too far.
#[inline]
fn reach_along_row(
    bins: &Bins,
    atom: usize,
    row: [i64; 2],
    bin: i64,
    cutoff: f64,
) -> Option<(i64, i64)> {
    let reach = bins.axes[2].reach;
    let all = (bin - reach, bin + reach);
    let Some(square) = &bins.square else {
        return Some(all);
    };
    let place = square.place[atom];
    let mut squared = cutoff * cutoff;
    for k in 0..2 {
        let low = row[k] as f64 * square.width[k];
        let distance = (low - place[k])
            .max(place[k] - low - square.width[k])
            .max(0.0);
        squared -= distance * distance;
    }
    // Places are rounded, so a little more than the cutoff is looked at; what is too far is sorted out later.
    let slack = 1e-6 * (cutoff + square.width[2]);
    let half = squared.max(0.0).sqrt() + slack;
    if squared < -slack * cutoff {
        return None;
    }
    if square.width[2] <= 0.0 {
        return Some(all);
    }
    let bin_at = |at: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a reach beyond all bins is cut to them right after"
        )]
        let index = (at / square.width[2]) as i64;
        // Cut towards zero, so one less where it was negative; without SSE 4.1, `floor` is a call.
        index
            .saturating_sub(i64::from(at < 0.0))
            .clamp(all.0, all.1)
    };
    Some((bin_at(place[2] - half), bin_at(place[2] + half)))
}

fn wrapped_position(
    structure: &Structure,
    cell: &[[f64; 3]; 3],
    bins: &Bins,
    atom: usize,
) -> [f64; 3] {
    let w = bins.wrap[atom].map(f64::from);
    std::array::from_fn(|k| {
        structure.positions[atom][k] - (w[0] * cell[0][k] + w[1] * cell[1][k] + w[2] * cell[2][k])
    })
}

/// Appends the atoms of a range of slots whose squared distance from the point is below the second bound; also says
/// whether one of them lies between the bounds, where rounding could decide.
#[inline]
fn within(
    bins: &Bins,
    range: Range<usize>,
    origin: [f64; 3],
    [sure, perhaps]: [f64; 2],
    hits: &mut Vec<u32>,
) -> bool {
    let mut doubtful = false;
    let (x, y, z, atom) = (
        bins.x[range.clone()].chunks(BLOCK),
        bins.y[range.clone()].chunks(BLOCK),
        bins.z[range.clone()].chunks(BLOCK),
        bins.atom[range].chunks(BLOCK),
    );
    let mut squared = [0.0; BLOCK];
    let mut block = [0_u32; BLOCK];
    for (((x, y), z), atom) in x.zip(y).zip(z).zip(atom) {
        // Distances first, in a loop that the compiler turns into vector instructions.
        for (((d, x), y), z) in squared.iter_mut().zip(x).zip(y).zip(z) {
            let r = [x + origin[0], y + origin[1], z + origin[2]];
            *d = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
        }
        // Writing every atom and counting only the hits leaves no branch that cannot be predicted.
        let (mut count, mut surely) = (0, 0);
        for (atom, d) in atom.iter().zip(&squared) {
            block[count % BLOCK] = *atom;
            count += usize::from(*d < perhaps);
            surely += usize::from(*d < sure);
        }
        doubtful |= count != surely;
        hits.extend_from_slice(&block[..count]);
    }
    doubtful
}

/// Decides a pair at the cutoff from the stored positions, in one direction for both of its entries.
#[cold]
fn is_within_by_definition(
    structure: &Structure,
    cell: &[[f64; 3]; 3],
    [centre, neighbour]: [u32; 2],
    shift: [i32; 3],
    cutoff: f64,
) -> bool {
    let reversed = shift.map(|s| -s);
    let (i, j, s) = if (centre, reversed) < (neighbour, shift) {
        (centre, neighbour, shift)
    } else {
        (neighbour, centre, reversed)
    };
    let r = displacement(&structure.positions, cell, i, j, s);
    dot(r, r) < cutoff * cutoff
}
