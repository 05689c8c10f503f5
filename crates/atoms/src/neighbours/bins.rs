//! Atoms sorted into the bins of a grid, ready for the search.
//!
//! Atoms are wrapped into the cell and counted into bins whose perpendicular height is about the cutoff, and a quarter
//! of it along the last axis. Bins along the last axis lie one after the other in memory.

use crate::error::{Error, Result};
use crate::geometry::{cell_heights, dot, inverse, norm, row_times};
use crate::structure::Structure;

use super::completed_cell;

/// Bins in a cutoff along each axis. Finer bins leave fewer candidates but more rows to look up, except along the last
/// axis, where a row is one slice however many bins it has.
const BINS_PER_CUTOFF: [f64; 3] = [1.0, 1.0, 4.0];
/// Spread of the atoms along an axis that does not repeat, in cutoffs times the cube root of their number, above which
/// gaps are closed. Condensed matter stays below it.
const SPARSE: f64 = 4.0;
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
    /// First sorted slot of each bin, one more entry than bins.
    pub(super) starts: Vec<u32>,
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

    for k in (0..3).filter(|k| !periodic[*k]) {
        if high[k] - low[k] > SPARSE * cutoff * (atoms as f64).cbrt() {
            high[k] = close_gaps(&mut along, k, cutoff);
        }
    }
    let (axes, extent) = plan_axes(periodic, heights, &mut low, high, atoms, cutoff)?;
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
                    reason = "there are at most 4 N + 64 bins"
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
        ..counting_sort(structure, cell, axes, bin, wrap)
    })
}

/// Shortens the gaps along an axis that no pair can span, and returns the new upper end. Otherwise a single atom that
/// flew away would stretch the bins until all others share one, and the search would compare every pair of them.
fn close_gaps(along: &mut [[f64; 3]], axis: usize, cutoff: f64) -> f64 {
    let mut order: Vec<usize> = (0..along.len()).collect();
    order.sort_unstable_by(|&i, &j| along[i][axis].total_cmp(&along[j][axis]));
    let widest = 2.0 * cutoff;
    let mut removed = 0.0;
    let mut before = f64::INFINITY;
    let mut end = f64::NEG_INFINITY;
    for i in order {
        let here = along[i][axis];
        removed += (here - before - widest).max(0.0);
        before = here;
        end = here - removed;
        along[i][axis] = end;
    }
    end
}

/// Chooses the bins of each axis; also returns the extent of the axes in the units of the coordinates: one cell
/// where an axis repeats, the spread of the atoms (Å) where it does not.
fn plan_axes(
    periodic: [bool; 3],
    heights: [f64; 3],
    low: &mut [f64; 3],
    high: [f64; 3],
    atoms: usize,
    cutoff: f64,
) -> Result<([Axis; 3], [f64; 3])> {
    // A few atoms in a vast box must not pay for empty bins.
    let most = (4 * atoms + 64) as f64;
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
        // Bounded before they are multiplied: halving would never bring an infinite number down.
        wanted[k] = wanted[k].clamp(1.0, most);
    }
    while wanted[0] * wanted[1] * wanted[2] > most {
        let k = (0..3)
            .max_by(|&p, &q| wanted[p].total_cmp(&wanted[q]))
            .expect("three axes");
        wanted[k] = (wanted[k] / 2.0).floor().max(1.0);
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

fn counting_sort(
    structure: &Structure,
    cell: &[[f64; 3]; 3],
    axes: [Axis; 3],
    bin: Vec<[i32; 3]>,
    wrap: Vec<[i32; 3]>,
) -> Bins {
    let atoms = bin.len();
    let total = usize::try_from(axes[0].bins * axes[1].bins * axes[2].bins)
        .expect("bins are few and positive");
    let flat = |b: &[i32; 3]| {
        usize::try_from(
            (i64::from(b[0]) * axes[1].bins + i64::from(b[1])) * axes[2].bins + i64::from(b[2]),
        )
        .expect("bin indices are not negative")
    };
    let mut starts = vec![0_u32; total + 1];
    for b in &bin {
        starts[flat(b) + 1] += 1;
    }
    for k in 0..total {
        starts[k + 1] += starts[k];
    }
    let mut next = starts.clone();
    let mut sorted = Bins {
        axes,
        starts,
        atom: vec![0; atoms],
        x: vec![0.0; atoms],
        y: vec![0.0; atoms],
        z: vec![0.0; atoms],
        bin,
        wrap,
        square: None,
    };
    for (index, position) in (0_u32..).zip(&structure.positions) {
        let i = index as usize;
        let slot = &mut next[flat(&sorted.bin[i])];
        let at = *slot as usize;
        *slot += 1;
        let w = sorted.wrap[i].map(f64::from);
        sorted.atom[at] = index;
        let wrapped: [f64; 3] = std::array::from_fn(|k| {
            position[k] - (w[0] * cell[0][k] + w[1] * cell[1][k] + w[2] * cell[2][k])
        });
        sorted.x[at] = wrapped[0];
        sorted.y[at] = wrapped[1];
        sorted.z[at] = wrapped[2];
    }
    sorted
}

fn too_many(cutoff: f64, images: f64) -> Error {
    Error::TooManyImages {
        cutoff,
        images,
        limit: MOST_IMAGES,
    }
}
