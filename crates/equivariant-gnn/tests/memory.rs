//! Memory does not grow from step to step. A test of its own program, because it counts every allocation.

#![expect(
    unsafe_code,
    reason = "counting what lives needs an allocator, which is unsafe to be"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicIsize, Ordering},
    },
};

use atoms::Structure;
use equivariant_gnn::{
    Calculator, ModelConfig, PaiNNConfig, Potential, Precision, weights::Weights,
};

/// The system's allocator with a count of the bytes that are in use.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
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

#[test]
fn a_thousand_evaluations_leave_no_byte_behind() {
    let device = backend::device("flex").unwrap();
    let config = ModelConfig::from(PaiNNConfig::new(8, 2));
    let weights = Weights::init(config.model().layout(), 1, Precision::F32, &device);
    let references = BTreeMap::from([(1, 0.0), (8, 0.0)]);
    let potential = Potential::new(config, weights, 1.0, references).unwrap();
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
