//! Atoms sorted into the bins of a grid, ready for the search.
//!
//! Atoms are wrapped into the cell and sorted into bins whose perpendicular height is about the cutoff, and a quarter
//! of it along the last axis. Bins along the last axis, a row, lie one after the other in memory. Where the grid has
//! not many more bins than atoms, it is a table; else only the rows that have atoms are kept, so that neither a box
//! far larger than what is in it nor an atom that flew away costs anything.

use std::collections::HashMap;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::geometry::{cell_heights, dot, inverse, norm, row_times};
use crate::structure::Structure;

use super::completed_cell;

/// Bins in a cutoff along each axis. Finer bins leave fewer candidates but more rows to look up, except along the last
/// axis, where a row is one slice however many bins it has.
const BINS_PER_CUTOFF: [f64; 3] = [1.0, 1.0, 4.0];
/// Most bins along an axis.
const MOST_BINS: f64 = (1 << 30) as f64;
/// Most images that one atom may have to look at.
const MOST_IMAGES: f64 = 1e7;
/// Relative width of the shell around the cutoff in which rounding could decide; there the definition is evaluated.
pub(super) const ROUNDING: f64 = 1e-9;
/// Cosine below which two axes count as perpendicular.
const PERPENDICULAR: f64 = 1e-12;

/// How one axis is cut into bins.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) periodic: bool,
    /// Number of bins.
    pub(super) bins: i64,
    /// Bins to look at on each side.
    pub(super) reach: i64,
    /// Cells that the reach can leave the home cell by.
    pub(super) cells: i64,
}

pub(super) struct Bins {
    pub(super) axes: [Axis; 3],
    grid: Grid,
    /// Atom index of each sorted slot.
    pub(super) atom: Vec<u32>,
    /// Wrapped coordinates of each sorted slot (Å).
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) z: Vec<f64>,
    /// Bin of each atom along the axes.
    pub(super) bin: Vec<[i32; 3]>,
    /// Whole cells that each atom was moved by to be wrapped.
    pub(super) wrap: Vec<[i32; 3]>,
    /// Where the axes are perpendicular, the place of each atom along them and the widths of the bins (Å).
    pub(super) square: Option<Square>,
}

/// Where the atoms of a bin are among the sorted slots.
enum Grid {
    /// First slot of each bin, one more entry than bins.
    Table(Vec<u32>),
    /// Slots of the rows that have atoms, and the bin of each slot along the last axis.
    Rows {
        rows: HashMap<i64, Range<u32>>,
        last: Vec<i32>,
    },
}

/// A row of bins.
pub(super) enum Row<'a> {
    /// First slot of each of its bins, and where the next row begins.
    Table(&'a [u32]),
    /// Bin of each of its slots, which begin at a number.
    Sorted(&'a [i32], usize),
}

/// Places along perpendicular axes, which tell how far a row of bins is from an atom at least.
pub(super) struct Square {
    /// Place of each atom, from the lower edge of the first bin (Å).
    pub(super) place: Vec<[f64; 3]>,
    /// Width of the bins (Å).
    pub(super) width: [f64; 3],
}

impl Axis {
    /// Cell and bin of an extended bin index; nothing where the axis ends.
    #[inline]
    pub(super) fn locate(self, extended: i64) -> Option<(i64, i64)> {
        if (0..self.bins).contains(&extended) {
            Some((0, extended))
        } else if self.periodic {
            Some((
                extended.div_euclid(self.bins),
                extended.rem_euclid(self.bins),
            ))
        } else {
            None
        }
    }
}

impl Bins {
    /// The row at a bin along the first two axes, or nothing where it is known to have no atoms.
    #[inline]
    pub(super) fn row(&self, [x, y]: [i64; 2]) -> Option<Row<'_>> {
        let row = x * self.axes[1].bins + y;
        match &self.grid {
            Grid::Table(starts) => {
                let bins = self.axes[2].bins;
                Some(Row::Table(
                    &starts[index(row * bins)..=index((row + 1) * bins)],
                ))
            }
            Grid::Rows { rows, last } => {
                let slots = rows.get(&row)?;
                let slots = slots.start as usize..slots.end as usize;
                Some(Row::Sorted(&last[slots.clone()], slots.start))
            }
        }
    }
}

impl Row<'_> {
    /// The slots of the bins from the first to the last one.
    #[inline]
    pub(super) fn slots(&self, [first, last]: [i64; 2]) -> Range<usize> {
        match self {
            Row::Table(starts) => starts[index(first)] as usize..starts[index(last) + 1] as usize,
            Row::Sorted(bins, start) => {
                let at = |limit: i64| start + bins.partition_point(|bin| i64::from(*bin) < limit);
                at(first)..at(last + 1)
            }
        }
    }
}

fn index(number: i64) -> usize {
    usize::try_from(number).expect("bins are numbered from zero")
}

/// Wraps the atoms into the cell and sorts them into bins.
pub(super) fn sort_into_bins(
    structure: &Structure,
    cell: &[[f64; 3]; 3],
    cutoff: f64,
) -> Result<Bins> {
    let atoms = structure.len();
    let periodic = structure.periodic;
    let basis = completed_cell(cell, periodic);
    let inv = inverse(&basis);
    let heights = cell_heights(&basis);

    // Coordinates along the basis: fractions of a cell where it repeats, lengths (Å) where it does not.
    let mut along: Vec<[f64; 3]> = Vec::with_capacity(atoms);
    let mut wrap: Vec<[i32; 3]> = Vec::with_capacity(atoms);
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for &position in &structure.positions {
        let mut s = row_times(position, &inv);
        let mut w = [0_i32; 3];
        for k in 0..3 {
            if periodic[k] {
                let whole = s[k].floor();
                if whole.abs() > f64::from(i32::MAX / 4) {
                    return Err(too_many(cutoff, whole.abs()));
                }
                // A tiny negative fraction rounds to one; it belongs to the last bin all the same.
                s[k] = (s[k] - whole).min(1.0);
                #[expect(clippy::cast_possible_truncation, reason = "checked just above")]
                let cells = whole as i32;
                w[k] = cells;
            }
            low[k] = low[k].min(s[k]);
            high[k] = high[k].max(s[k]);
        }
        along.push(s);
        wrap.push(w);
    }

    let (axes, extent) = plan_axes(periodic, heights, &mut low, high, cutoff)?;
    let bin: Vec<[i32; 3]> = along
        .iter()
        .map(|s| {
            std::array::from_fn(|k| {
                let scaled = if extent[k] > 0.0 {
                    (s[k] - low[k]) / extent[k] * axes[k].bins as f64
                } else {
                    0.0
                };
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "an axis has at most 2^30 bins"
                )]
                let index = (scaled as i64).clamp(0, axes[k].bins - 1) as i32;
                index
            })
        })
        .collect();
    let perpendicular = (0..3).all(|k| {
        let (a, b) = (basis[k], basis[(k + 1) % 3]);
        dot(a, b).abs() <= PERPENDICULAR * norm(a) * norm(b)
    });
    let square = perpendicular.then(|| {
        // Fractions of a cell become lengths; along an axis that does not repeat they are lengths already.
        let unit: [f64; 3] = std::array::from_fn(|k| if periodic[k] { heights[k] } else { 1.0 });
        Square {
            place: along
                .iter()
                .map(|s| std::array::from_fn(|k| (s[k] - low[k]) * unit[k]))
                .collect(),
            width: std::array::from_fn(|k| extent[k] * unit[k] / axes[k].bins as f64),
        }
    });
    Ok(Bins {
        square,
        ..sorted_slots(structure, cell, axes, bin, wrap)
    })
}

/// Chooses the bins of each axis; also returns the extent of the axes in the units of the coordinates: one cell
/// where an axis repeats, the spread of the atoms (Å) where it does not.
fn plan_axes(
    periodic: [bool; 3],
    heights: [f64; 3],
    low: &mut [f64; 3],
    high: [f64; 3],
    cutoff: f64,
) -> Result<([Axis; 3], [f64; 3])> {
    let mut extent = [1.0; 3];
    let mut wanted = [1.0; 3];
    for k in 0..3 {
        if periodic[k] {
            low[k] = 0.0;
            wanted[k] = (BINS_PER_CUTOFF[k] * heights[k] / (cutoff * (1.0 + ROUNDING))).floor();
        } else {
            extent[k] = high[k] - low[k];
            wanted[k] = (BINS_PER_CUTOFF[k] * extent[k] / (cutoff * (1.0 + ROUNDING))).floor();
        }
        wanted[k] = wanted[k].clamp(1.0, MOST_BINS);
    }

    let mut axes = [Axis {
        periodic: false,
        bins: 1,
        reach: 0,
        cells: 0,
    }; 3];
    let mut images = 1.0;
    for k in 0..3 {
        let per_cutoff = if periodic[k] {
            cutoff / heights[k]
        } else if extent[k] > 0.0 {
            cutoff / extent[k]
        } else {
            0.0
        };
        let mut reach = (per_cutoff * wanted[k] * (1.0 + 1e-3 * ROUNDING)).ceil();
        if periodic[k] {
            images *= 2.0 * (reach / wanted[k]).ceil() + 1.0;
        } else {
            reach = reach.min(wanted[k]);
        }
        if images > MOST_IMAGES || reach > MOST_IMAGES {
            return Err(too_many(cutoff, images.max(reach)));
        }
        #[expect(clippy::cast_possible_truncation, reason = "both were bounded above")]
        let (bins, reach) = (wanted[k] as i64, reach as i64);
        axes[k] = Axis {
            periodic: periodic[k],
            bins,
            reach,
            cells: if periodic[k] {
                (reach + bins - 1) / bins
            } else {
                0
            },
        };
    }
    Ok((axes, extent))
}

fn sorted_slots(
    structure: &Structure,
    cell: &[[f64; 3]; 3],
    axes: [Axis; 3],
    bin: Vec<[i32; 3]>,
    wrap: Vec<[i32; 3]>,
) -> Bins {
    let atoms = bin.len();
    let bins = axes[0].bins as f64 * axes[1].bins as f64 * axes[2].bins as f64;
    let (grid, atom) = if bins <= (4 * atoms + 64) as f64 {
        table(axes, &bin)
    } else {
        occupied_rows(axes, &bin)
    };
    let mut sorted = Bins {
        axes,
        grid,
        x: Vec::with_capacity(atoms),
        y: Vec::with_capacity(atoms),
        z: Vec::with_capacity(atoms),
        atom,
        bin,
        wrap,
        square: None,
    };
    for &i in &sorted.atom {
        let (position, w) = (
            structure.positions[i as usize],
            sorted.wrap[i as usize].map(f64::from),
        );
        let wrapped: [f64; 3] = std::array::from_fn(|k| {
            position[k] - (w[0] * cell[0][k] + w[1] * cell[1][k] + w[2] * cell[2][k])
        });
        sorted.x.push(wrapped[0]);
        sorted.y.push(wrapped[1]);
        sorted.z.push(wrapped[2]);
    }
    sorted
}

/// The grid as a table of all bins, and the atoms in its order.
fn table(axes: [Axis; 3], bin: &[[i32; 3]]) -> (Grid, Vec<u32>) {
    let flat = |b: &[i32; 3]| index(row_of(axes, b) * axes[2].bins + i64::from(b[2]));
    let total = index(axes[0].bins * axes[1].bins * axes[2].bins);
    let mut starts = vec![0_u32; total + 1];
    for b in bin {
        starts[flat(b) + 1] += 1;
    }
    for k in 0..total {
        starts[k + 1] += starts[k];
    }
    let mut next = starts.clone();
    let mut atom = vec![0; bin.len()];
    for (i, b) in (0_u32..).zip(bin) {
        let slot = &mut next[flat(b)];
        atom[*slot as usize] = i;
        *slot += 1;
    }
    (Grid::Table(starts), atom)
}

/// The grid as its rows that have atoms, and the atoms in its order.
fn occupied_rows(axes: [Axis; 3], bin: &[[i32; 3]]) -> (Grid, Vec<u32>) {
    let key = |i: u32| {
        let b = &bin[i as usize];
        (row_of(axes, b), b[2], i)
    };
    let mut atom: Vec<u32> = (0_u32..).take(bin.len()).collect();
    atom.sort_unstable_by_key(|i| key(*i));
    let mut rows: HashMap<i64, Range<u32>> = HashMap::with_capacity(bin.len());
    for (slot, &i) in (0_u32..).zip(&atom) {
        let row = rows.entry(key(i).0).or_insert(slot..slot);
        row.end = slot + 1;
    }
    let last = atom.iter().map(|i| bin[*i as usize][2]).collect();
    (Grid::Rows { rows, last }, atom)
}

fn row_of(axes: [Axis; 3], bin: &[i32; 3]) -> i64 {
    i64::from(bin[0]) * axes[1].bins + i64::from(bin[1])
}

fn too_many(cutoff: f64, images: f64) -> Error {
    Error::TooManyImages {
        cutoff,
        images,
        limit: MOST_IMAGES,
    }
}
