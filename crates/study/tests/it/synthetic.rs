//! A family whose loss follows a law known in closed form: the study's own machinery can be tested
//! on it in milliseconds, and the fits have a truth to find.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use study::Cause;
use study::family::{DataAxis, Family, Metric, Outcome, Tick};
use study::record::{Exposure, ParameterCount, Status};
use study::spec::{RunSpec, Settings, Size};

/// L = 0.5 + 20 N^-0.4 + 5 D^-0.3, times a penalty for a learning rate off its best value.
pub(crate) struct Synthetic {
    pub name: &'static str,
    pub pause: Duration,
}

pub(crate) const FLOOR: f64 = 0.5;
pub(crate) const ALPHA: f64 = 0.4;
pub(crate) const BETA: f64 = 0.3;
pub(crate) const BEST_RATE: f64 = 1e-2;

impl Synthetic {
    pub(crate) fn boxed(pause: Duration) -> Vec<Box<dyn Family>> {
        vec![Box::new(Self {
            name: "synthetic",
            pause,
        })]
    }

    fn loss(&self, spec: &RunSpec) -> f64 {
        let n = self.parameters(spec.size).non_embedding as f64;
        let d = self.exposure(spec, spec.steps).unique_units as f64;
        let off = (spec.learning_rate / BEST_RATE).ln().abs();
        (FLOOR + 20.0 * n.powf(-ALPHA) + 5.0 * d.powf(-BETA)) * (1.0 + 0.02 * off)
    }
}

impl Family for Synthetic {
    fn name(&self) -> &str {
        self.name
    }
    fn items(&self) -> &'static str {
        "molecules"
    }
    fn units(&self) -> &'static str {
        "tokens"
    }
    fn data_axis(&self) -> DataAxis {
        DataAxis::Units
    }
    fn metrics(&self) -> &'static [Metric] {
        &[Metric {
            name: "loss",
            unit: "nats/token",
            title: "validation loss",
        }]
    }
    fn settings(&self) -> Settings {
        Settings::from([("law".into(), "joint".into())])
    }
    fn data_hash(&self) -> &'static str {
        "closed-form"
    }
    fn steps(&self, data_size: usize, batch: usize) -> u64 {
        (data_size.div_ceil(batch) as u64).clamp(10, 40)
    }
    fn parameters(&self, size: Size) -> ParameterCount {
        let n = 12 * (size.depth * size.width * size.width) as u64;
        ParameterCount {
            non_embedding: n,
            total: n + 100,
        }
    }
    fn exposure(&self, spec: &RunSpec, steps: u64) -> Exposure {
        let seen = steps * spec.batch as u64;
        Exposure {
            items: spec.data_size as u64,
            unique_units: 40 * spec.data_size as u64,
            items_seen: seen,
            units_seen: 40 * seen,
            epochs: seen as f64 / spec.data_size as f64,
            flops: 6.0 * self.parameters(spec.size).non_embedding as f64 * 40.0 * seen as f64,
        }
    }
    fn cost(&self, spec: &RunSpec) -> f64 {
        spec.steps as f64 * spec.share()
    }
    fn run(
        &self,
        spec: &RunSpec,
        watch: &mut dyn FnMut(Tick) -> ControlFlow<()>,
    ) -> Result<Outcome, Cause> {
        let last = self.loss(spec);
        let steps = spec.cut.unwrap_or(spec.steps);
        let mut curve = Vec::new();
        let mut status = if spec.cut.is_some() {
            Status::Cut { step: steps }
        } else {
            Status::Finished
        };
        for step in 1..=steps {
            std::thread::sleep(self.pause);
            // A rate of 1 or more diverges early, before any cut.
            let loss = if spec.learning_rate >= 1.0 && step > 1 {
                f64::NAN
            } else {
                last * (1.5 - 0.5 * step as f64 / spec.steps as f64)
            };
            curve.push((step, loss));
            if !loss.is_finite() {
                status = Status::Diverged { step };
                break;
            }
            if watch(Tick { step, loss }).is_break() {
                return Err("halted".into());
            }
        }
        let now = curve.last().map_or(f64::NAN, |(_, loss)| *loss);
        Ok(Outcome {
            status,
            validation: BTreeMap::from([(
                "loss".into(),
                if spec.cut.is_some() { now } else { last },
            )]),
            validation_curve: vec![(steps, now)],
            curve,
        })
    }
}
