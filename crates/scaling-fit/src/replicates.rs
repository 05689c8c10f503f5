//! Repeated runs at the same resources: the noise floor and a test of the law's form against it.

use crate::data::Points;
use crate::fit::Fit;
use crate::special::f_tail;
use serde::{Deserialize, Serialize};

/// Noise from replicates and the lack-of-fit test (Draper and Smith 1998, Sec. 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LackOfFit {
    /// Standard deviation of ln L between replicates.
    pub pure_error: f64,
    /// Its degrees of freedom.
    pub pure_degrees: f64,
    /// F statistic of what the law misses beyond that noise.
    pub f: f64,
    /// Degrees of freedom of the numerator.
    pub lack_degrees: f64,
    /// Probability of an F this large if the law has the right form.
    pub p: f64,
}

impl Fit {
    /// Compares what the law misses with the spread between runs at the same resources.
    ///
    /// `None` without replicates, or where the law has as many parameters as there are distinct points. The law
    /// should have been fitted by squares of ln L to the same points.
    #[must_use]
    pub fn lack_of_fit(&self, points: &Points) -> Option<LackOfFit> {
        let mut groups: Vec<(Vec<u64>, Vec<f64>)> = Vec::new();
        for row in 0..points.len() {
            let key: Vec<u64> = points.resources.iter().map(|c| c[row].to_bits()).collect();
            let value = points.loss[row].ln();
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) => values.push(value),
                None => groups.push((key, vec![value])),
            }
        }
        let pure: f64 = groups
            .iter()
            .map(|(_, values)| {
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
            })
            .sum();
        let free = self.rows - self.degrees_of_freedom;
        let pure_degrees = (points.len() - groups.len()) as f64;
        let lack_degrees = groups.len() as f64 - free;
        if pure_degrees < 1.0 || lack_degrees < 1.0 || pure <= 0.0 {
            return None;
        }
        let lack = (self.sum_of_squares - pure).max(0.0);
        let f = (lack / lack_degrees) / (pure / pure_degrees);
        Some(LackOfFit {
            pure_error: (pure / pure_degrees).sqrt(),
            pure_degrees,
            f,
            lack_degrees,
            p: f_tail(f, lack_degrees, pure_degrees),
        })
    }
}
