//! The pairs as the search finds them, and the list that they become.

use super::NeighbourList;

/// Pairs in the order of their neighbours, from the greatest shift to the least.
///
/// The list is symmetric, so an atom is the centre of as many pairs as it is the neighbour of, and giving each pair to
/// its centre in this order sorts them.
pub(super) struct Found {
    /// The centre of each pair.
    pub(super) centres: Vec<u32>,
    /// Pairs of one neighbour that lie in one image.
    runs: Vec<Run>,
    /// First pair of each neighbour, and the number of pairs.
    starts: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Run {
    image: u32,
    length: u32,
}

impl Found {
    pub(super) fn new(atoms: usize) -> Self {
        let mut starts = Vec::with_capacity(atoms + 1);
        starts.push(0);
        Self {
            centres: Vec::new(),
            runs: Vec::new(),
            starts,
        }
    }

    /// Says that the centres from a place on were found in an image.
    #[inline]
    pub(super) fn end_run(&mut self, from: usize, image: u32) {
        let length = self.centres.len() - from;
        if length > 0 {
            let length = u32::try_from(length).expect("an image has each atom once");
            self.runs.push(Run { image, length });
        }
    }

    /// Says that all pairs of the next neighbour were found.
    pub(super) fn end_neighbour(&mut self) {
        self.starts.push(self.centres.len());
    }

    /// Allocates once instead of a dozen times, for `atoms` neighbours like those so far.
    pub(super) fn expect_atoms(&mut self, atoms: usize) {
        let so_far = self.starts.len() - 1;
        let more = |found: usize| found / so_far * atoms.saturating_sub(so_far) / 10 * 11;
        self.centres.reserve(more(self.centres.len()));
        self.runs.reserve(more(self.runs.len()));
    }

    /// Gives each pair to its centre.
    pub(super) fn into_list(self, shifts: &[[i32; 3]], wrap: &[[i32; 3]]) -> NeighbourList {
        let pairs = self.centres.len();
        let mut list = NeighbourList {
            centre: Vec::with_capacity(pairs),
            neighbour: vec![0; pairs],
            shift: vec![[0; 3]; pairs],
        };
        for (centre, bounds) in (0_u32..).zip(self.starts.windows(2)) {
            list.centre
                .extend(std::iter::repeat_n(centre, bounds[1] - bounds[0]));
        }
        let unwrapped = wrap.iter().all(|w| *w == [0; 3]);
        let mut next = self.starts.clone();
        let mut runs = self.runs.iter();
        let mut at = 0;
        for (neighbour, &end) in (0_u32..).zip(&self.starts[1..]) {
            while at < end {
                let run = runs.next().expect("every pair is in a run");
                let centres = &self.centres[at..at + run.length as usize];
                at += centres.len();
                let image = shifts[run.image as usize];
                let plain = unwrapped && image == [0; 3];
                for &centre in centres {
                    let slot = &mut next[centre as usize];
                    let pair = *slot;
                    *slot += 1;
                    list.neighbour[pair] = neighbour;
                    // Most pairs do not cross the edge of the cell, and the memory is zero already.
                    if !plain {
                        list.shift[pair] = shift_of(image, centre, neighbour, wrap);
                    }
                }
            }
        }
        list
    }
}

/// The shift of a pair from its centre to the neighbour, undoing the wrapping of both.
#[inline]
pub(super) fn shift_of(
    image: [i32; 3],
    centre: u32,
    neighbour: u32,
    wrap: &[[i32; 3]],
) -> [i32; 3] {
    // The centre's image S was within reach of the neighbour; from the centre the neighbour's image is −S.
    let (wi, wj) = (wrap[centre as usize], wrap[neighbour as usize]);
    std::array::from_fn(|k| wi[k] - wj[k] - image[k])
}
