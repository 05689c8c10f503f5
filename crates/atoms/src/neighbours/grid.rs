//! The linked-cell search behind [`super::neighbour_list`].
//!
//! Atoms are wrapped into the cell and counted into a grid of bins whose perpendicular height is about the cutoff, and a quarter
//! of it along the last axis. Each atom looks at the bins within reach; a bin index past the edge of the grid names a periodic image,
//! however many cells away, so cells smaller than the cutoff need no special case. Bins along the last axis lie one
//! after the other in memory, and a whole row of them is scanned as one slice.
//!
//! The order of the result costs no sorting: pairs are found neighbour by neighbour in index order and appended to
//! the list of their centre.

use crate::error::{Error, Result};
use crate::geometry::{cell_heights, dot, inverse, row_times};
use crate::structure::Structure;

use super::{NeighbourList, completed_cell, displacement};

/// Bins in a cutoff along each axis. Finer bins leave fewer candidates but more rows to look up, except along the last
/// axis, where a row is one slice however many bins it has.
const BINS_PER_CUTOFF: [f64; 3] = [1.0, 1.0, 4.0];
/// Most images that one atom may have to look at.
const MOST_IMAGES: f64 = 1e7;
/// Atoms after which the size of the list is guessed.
const SAMPLE: usize = 200;
/// Atoms that are looked at together.
const BLOCK: usize = 32;
/// Relative width of the shell around the cutoff in which rounding could decide; there the definition is evaluated.
const ROUNDING: f64 = 1e-9;

/// How one axis is cut into bins.
#[derive(Clone, Copy)]
struct Axis {
    periodic: bool,
    /// Number of bins.
    bins: i64,
    /// Bins to look at on each side.
    reach: i64,
    /// Cells that the reach can leave the home cell by.
    cells: i64,
}

struct Bins {
    axes: [Axis; 3],
    /// First sorted slot of each bin, one more entry than bins.
    starts: Vec<u32>,
    /// Atom index of each sorted slot.
    atom: Vec<u32>,
    /// Wrapped coordinates of each sorted slot (Å).
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    /// Bin of each atom along the axes.
    bin: Vec<[i32; 3]>,
    /// Whole cells that each atom was moved by to be wrapped.
    wrap: Vec<[i32; 3]>,
}

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

fn sort_into_bins(structure: &Structure, cell: &[[f64; 3]; 3], cutoff: f64) -> Result<Bins> {
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
    Ok(counting_sort(structure, cell, axes, bin, wrap))
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
    let mut extent = [1.0; 3];
    let mut wanted = [1.0; 3];
    for k in 0..3 {
        if periodic[k] {
            low[k] = 0.0;
            wanted[k] = (BINS_PER_CUTOFF[k] * heights[k] / (cutoff * (1.0 + ROUNDING))).floor();
        } else {
            extent[k] = high[k] - low[k];
            wanted[k] = (BINS_PER_CUTOFF[k] * extent[k] / cutoff).floor();
        }
        wanted[k] = wanted[k].max(1.0);
    }
    // A few atoms in a vast box must not pay for empty bins.
    let most = (4 * atoms + 64) as f64;
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

/// A found pair before it is given to its centre: the centre and the image that the neighbour was seen from.
#[derive(Clone, Copy)]
struct Found {
    centre: u32,
    image: u32,
}

fn search(structure: &Structure, cell: &[[f64; 3]; 3], cutoff: f64, bins: &Bins) -> NeighbourList {
    let atoms = structure.len();
    let [ax, ay, az] = bins.axes;
    // Images are numbered so that one number names a shift; the table turns the number back.
    let (width_y, width_z) = (2 * ay.cells + 1, 2 * az.cells + 1);
    let mut shifts: Vec<[i32; 3]> = Vec::new();
    for sx in -ax.cells..=ax.cells {
        for sy in -ay.cells..=ay.cells {
            for sz in -az.cells..=az.cells {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the number of images is bounded"
                )]
                shifts.push([sx as i32, sy as i32, sz as i32]);
            }
        }
    }

    let sure = cutoff * cutoff * (1.0 - ROUNDING);
    let perhaps = cutoff * cutoff * (1.0 + ROUNDING);
    let mut found: Vec<Found> = Vec::new();
    // The list is symmetric, so an atom is the centre of as many pairs as it is the neighbour of.
    let mut starts: Vec<usize> = Vec::with_capacity(atoms + 1);
    let mut hits: Vec<u32> = Vec::new();
    starts.push(0);

    for j in 0..atoms {
        let neighbour = u32::try_from(j).expect("the number of atoms was checked");
        let [bx, by, bz] = bins.bin[j].map(i64::from);
        let wrapped = wrapped_position(structure, cell, bins, j);
        // Descending bins: seen from the neighbour, image −S comes before image −S' when S > S'.
        for ex in (bx - ax.reach..=bx + ax.reach).rev() {
            let Some((sx, cx)) = ax.locate(ex) else {
                continue;
            };
            for ey in (by - ay.reach..=by + ay.reach).rev() {
                let Some((sy, cy)) = ay.locate(ey) else {
                    continue;
                };
                let row = (cx * ay.bins + cy) * az.bins;
                let mut top = bz + az.reach;
                let bottom = bz - az.reach;
                if !az.periodic {
                    top = top.min(az.bins - 1);
                }
                while top >= bottom && top >= if az.periodic { i64::MIN } else { 0 } {
                    let (sz, last) = (top.div_euclid(az.bins), top.rem_euclid(az.bins));
                    let first = (last - (top - bottom)).max(0);
                    top -= last - first + 1;
                    let image =
                        ((sx + ax.cells) * width_y + sy + ay.cells) * width_z + sz + az.cells;
                    let image = usize::try_from(image).expect("shifts are within the table");
                    let s = shifts[image].map(f64::from);
                    let origin: [f64; 3] = std::array::from_fn(|k| {
                        s[0] * cell[0][k] + s[1] * cell[1][k] + s[2] * cell[2][k] - wrapped[k]
                    });
                    let slot = |c: i64| usize::try_from(row + c).expect("bins are not negative");
                    let range =
                        bins.starts[slot(first)] as usize..bins.starts[slot(last) + 1] as usize;
                    let doubtful = within(bins, range, origin, [sure, perhaps], &mut hits);
                    let image_number =
                        u32::try_from(image).expect("the number of images is bounded");
                    let home = shifts[image] == [0; 3];
                    for &slot in &hits {
                        let pair = Found {
                            centre: bins.atom[slot as usize],
                            image: image_number,
                        };
                        if home && pair.centre == neighbour {
                            continue;
                        }
                        if doubtful
                            && !is_within_by_definition(
                                structure, cell, bins, neighbour, pair, &shifts, cutoff,
                            )
                        {
                            continue;
                        }
                        found.push(pair);
                    }
                }
            }
        }
        starts.push(found.len());
        if j == SAMPLE {
            // One allocation instead of a dozen doublings, guessed from the atoms so far.
            found.reserve(found.len() / SAMPLE * (atoms - SAMPLE) / 10 * 11);
        }
    }
    gather(&found, &starts, &shifts, &bins.wrap)
}

impl Axis {
    /// Cell and bin of an extended bin index; nothing where the axis ends.
    #[inline]
    fn locate(self, extended: i64) -> Option<(i64, i64)> {
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

/// Collects the slots of a range whose squared distance from the point is below the second bound; also says whether
/// one of them lies between the bounds, where rounding could decide.
#[inline]
fn within(
    bins: &Bins,
    range: std::ops::Range<usize>,
    origin: [f64; 3],
    [sure, perhaps]: [f64; 2],
    hits: &mut Vec<u32>,
) -> bool {
    hits.clear();
    let mut doubtful = false;
    let (x, y, z) = (
        bins.x[range.clone()].chunks(BLOCK),
        bins.y[range.clone()].chunks(BLOCK),
        bins.z[range.clone()].chunks(BLOCK),
    );
    let mut base = range.start;
    let mut squared = [0.0; BLOCK];
    let mut block = [0_u32; BLOCK];
    for ((x, y), z) in x.zip(y).zip(z) {
        // Distances first, in a loop that the compiler turns into vector instructions.
        for (((d, x), y), z) in squared.iter_mut().zip(x).zip(y).zip(z) {
            let r = [x + origin[0], y + origin[1], z + origin[2]];
            *d = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
        }
        // Writing every slot and counting only the hits leaves no branch that cannot be predicted.
        let (mut count, mut surely) = (0, 0);
        for (k, d) in squared[..x.len()].iter().enumerate() {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "slots are atoms, which were counted"
            )]
            let slot = (base + k) as u32;
            block[count % BLOCK] = slot;
            count += usize::from(*d < perhaps);
            surely += usize::from(*d < sure);
        }
        doubtful |= count != surely;
        hits.extend_from_slice(&block[..count]);
        base += BLOCK;
    }
    doubtful
}

/// Decides a pair at the cutoff from the stored positions, in one direction for both of its entries.
#[cold]
fn is_within_by_definition(
    structure: &Structure,
    cell: &[[f64; 3]; 3],
    bins: &Bins,
    neighbour: u32,
    pair: Found,
    shifts: &[[i32; 3]],
    cutoff: f64,
) -> bool {
    let shift = shift_of(pair, neighbour, shifts, &bins.wrap);
    let reversed = shift.map(|s| -s);
    let (i, j, s) = if (pair.centre, reversed) < (neighbour, shift) {
        (pair.centre, neighbour, shift)
    } else {
        (neighbour, pair.centre, reversed)
    };
    let r = displacement(&structure.positions, cell, i, j, s);
    dot(r, r) < cutoff * cutoff
}

/// The shift of a pair from its centre to the neighbour, undoing the wrapping of both.
#[inline]
fn shift_of(pair: Found, neighbour: u32, shifts: &[[i32; 3]], wrap: &[[i32; 3]]) -> [i32; 3] {
    // The centre's image S was within reach of the neighbour; from the centre the neighbour's image is −S.
    let s = shifts[pair.image as usize];
    let (wi, wj) = (wrap[pair.centre as usize], wrap[neighbour as usize]);
    std::array::from_fn(|k| wi[k] - wj[k] - s[k])
}

/// Gives each pair to its centre; `found` is ordered by neighbour, so each centre's pairs come out in order.
fn gather(
    found: &[Found],
    starts: &[usize],
    shifts: &[[i32; 3]],
    wrap: &[[i32; 3]],
) -> NeighbourList {
    let pairs = found.len();
    let mut next = starts.to_vec();
    let mut list = NeighbourList {
        centre: Vec::with_capacity(pairs),
        neighbour: vec![0; pairs],
        shift: vec![[0; 3]; pairs],
    };
    for (centre, bounds) in (0_u32..).zip(starts.windows(2)) {
        list.centre
            .extend(std::iter::repeat_n(centre, bounds[1] - bounds[0]));
    }
    let unwrapped = wrap.iter().all(|w| *w == [0; 3]);
    for (neighbour, bounds) in (0_u32..).zip(starts.windows(2)) {
        for pair in &found[bounds[0]..bounds[1]] {
            let at = next[pair.centre as usize];
            next[pair.centre as usize] += 1;
            list.neighbour[at] = neighbour;
            // Most pairs do not cross the edge of the cell, and the memory is zero already.
            let shift = if unwrapped {
                shifts[pair.image as usize].map(|s| -s)
            } else {
                shift_of(*pair, neighbour, shifts, wrap)
            };
            if shift != [0; 3] {
                list.shift[at] = shift;
            }
        }
    }
    list
}

fn too_many(cutoff: f64, images: f64) -> Error {
    Error::TooManyImages {
        cutoff,
        images,
        limit: MOST_IMAGES,
    }
}
