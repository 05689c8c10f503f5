//! Memory does not grow from step to step, nor with the atoms of a strictly local potential. Tests of their own program,
//! because they count every allocation.

#![expect(
    unsafe_code,
    reason = "counting what lives needs an allocator, which is unsafe to be"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicIsize, Ordering},
    },
};

use atoms::Structure;
use equivariant_gnn::{
    AllegroConfig, Calculator, ModelConfig, PaiNNConfig, Potential, Precision, weights::Weights,
};

/// The system's allocator with a count of the bytes that are in use, and the most that ever were.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);
static MOST: AtomicIsize = AtomicIsize::new(0);

/// The tests of this program count the same bytes, so one waits for the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size().cast_signed();
        let live = LIVE.fetch_add(size, Ordering::Relaxed) + size;
        MOST.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn potential(config: ModelConfig) -> Potential {
    let device = backend::device("flex").unwrap();
    let weights = Weights::init(config.model().layout(), 1, Precision::F32, &device);
    let references = BTreeMap::from([(1, 0.0), (8, 0.0)]);
    Potential::new(config, weights, 1.0, references).unwrap()
}

#[test]
fn a_thousand_evaluations_leave_no_byte_behind() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let potential = potential(PaiNNConfig::new(8, 2).into());
    let mut calculator = Calculator::new(Arc::new(potential), 0.3).unwrap();
    let positions = vec![[0.0; 3], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]];
    let mut water = Structure::new(vec![8, 1, 1], positions.clone()).unwrap();
    let mut run = |steps: u32| {
        for step in 0..steps {
            // Back and forth by enough to need a new list now and then.
            water.positions[0][0] = 0.3 * (0.1 * f64::from(step)).sin();
            calculator.evaluate(&water).unwrap();
        }
        water.positions.clone_from(&positions);
        calculator.evaluate(&water).unwrap();
        LIVE.load(Ordering::Relaxed)
    };
    // Thread pools and tables fill first.
    run(200);
    let before = run(10);
    let after = run(1000);
    let growth = after - before;
    // A stray block of a thread that still winds up is not a growth with the steps.
    assert!(growth < 1000, "{growth} bytes in 1,000 steps");
    assert!(calculator.searches() > 10);
}

#[test]
fn a_strictly_local_potential_takes_few_bytes_for_each_further_atom() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let potential = potential(AllegroConfig::new(8, 4, 2, 1).into());
    let most = |length: u32| {
        let at = |x, y, z| [x, y, z].map(|k| 2.1 * f64::from(k));
        let rows =
            (0..length).flat_map(|x| (0..4).flat_map(move |y| (0..8).map(move |z| (x, y, z))));
        let positions: Vec<[f64; 3]> = rows.map(|(x, y, z)| at(x, y, z)).collect();
        let bar = Structure::new(vec![8; positions.len()], positions).unwrap();
        MOST.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
        let before = LIVE.load(Ordering::Relaxed);
        // One thread, so that as many parts are alive at once for both lengths.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        pool.unwrap().install(|| potential.evaluate(&bar).unwrap());
        let pairs = atoms::neighbour_list(&bar, potential.cutoff()).unwrap();
        (MOST.load(Ordering::Relaxed) - before, pairs.len())
    };
    most(16);
    let (short, few) = most(16);
    let (long, many) = most(64);
    // A pair is two numbers of atoms, a shift, a vector and a filter; its features take some hundred bytes more.
    let growth = (long - short) / (many - few).cast_signed();
    assert!(
        growth < 150,
        "{growth} bytes a pair: {short} of {few}, {long} of {many}"
    );
}
