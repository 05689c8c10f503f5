//! Time of the clock and of the processor, and peak memory.

use std::fs;
use std::time::Instant;

use anyhow::Result;
use burn::tensor::Device;

/// Seconds of one piece of work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) clock: f64,
    /// Of all threads; the clock's where the system does not tell.
    pub(crate) processor: f64,
}

/// The system counts processor time in steps of some milliseconds, so short work is repeated for as long as this.
const SHORTEST: f64 = 0.1;

/// Medians over `steps` runs of `work`, after `warm` (at least one) that are not timed.
pub(crate) fn timed(
    device: &Device,
    warm: usize,
    steps: usize,
    mut work: impl FnMut() -> Result<()>,
) -> Result<Times> {
    let mut times = Vec::with_capacity(steps);
    let mut repeats = 1;
    for step in 0..warm.max(1) + steps {
        let (start, before) = (Instant::now(), processor_seconds());
        for _ in 0..repeats {
            work()?;
        }
        device.sync()?;
        let clock = start.elapsed().as_secs_f64();
        let processor = match (before, processor_seconds()) {
            (Some(before), Some(after)) => after - before,
            _ => clock,
        };
        let one = |seconds: f64| seconds / f64::from(repeats);
        if step >= warm.max(1) {
            times.push(Times {
                clock: one(clock),
                processor: one(processor),
            });
        } else {
            let enough = |n: &i32| f64::from(*n) * one(clock) >= SHORTEST;
            repeats = (1..10_000).find(enough).unwrap_or(10_000);
        }
    }
    let median = |of: fn(&Times) -> f64| {
        let mut values: Vec<f64> = times.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Ok(Times {
        clock: median(|times| times.clock),
        processor: median(|times| times.processor),
    })
}

/// Processor time that the threads of this process have used so far.
fn processor_seconds() -> Option<f64> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    let nanoseconds: f64 = tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<f64>().ok())
        .sum();
    (nanoseconds > 0.0).then_some(nanoseconds * 1e-9)
}

/// The most memory that this process has held, where the system tells.
pub(crate) fn peak_mib() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}
