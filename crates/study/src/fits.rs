//! Scaling laws of a finished grid, and a plain verdict on each exponent.

use scaling_fit::{Fit, FitOptions, Law, Method, Objective, Points, fit};
use serde::Serialize;

use crate::family::{DataAxis, Family, Metric};
use crate::record::{Record, Status};
use crate::spec::Size;

/// The resource that a curve follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Parameters without embeddings.
    Parameters,
    /// Distinct training data: tokens for language models, structures for potentials.
    Data,
}

/// One finished run as a point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// The resource.
    pub x: f64,
    /// The metric.
    pub y: f64,
    /// Record it comes from.
    pub id: String,
    /// Passes over the training set.
    pub epochs: f64,
}

/// An exponent with its interval: the metric falls as resource^-value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exponent {
    /// The estimate.
    pub value: f64,
    /// Lower end; absent where the data set none.
    pub lower: Option<f64>,
    /// Upper end; absent where the data set none.
    pub upper: Option<f64>,
    /// Probability content.
    pub level: f64,
    /// How the interval was made.
    pub method: String,
}

/// Whether an exponent may be quoted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether it is resolved.
    pub resolved: bool,
    /// Why, in a sentence.
    pub reason: String,
}

/// A fit that may have been refused; the refusal is a result too.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// The law's name.
    pub law: String,
    /// The fit.
    pub fit: Option<Fit>,
    /// Why there is none.
    pub refused: Option<String>,
    /// Codes of the warnings of the fit, or the code of the refusal.
    pub codes: Vec<String>,
}

/// A metric along one resource, everything else held.
#[derive(Debug, Clone, Serialize)]
pub struct ScalingCurve {
    /// Metric.
    pub metric: String,
    /// Its name for people.
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// The resource.
    pub axis: Axis,
    /// What is held, in words.
    pub held: String,
    /// The capacity held, for a curve along the data; absent for the best of all capacities.
    pub size: Option<Size>,
    /// The training-set size held, for a curve along the parameters.
    pub data_size: Option<usize>,
    /// Finished runs, in ascending order of the resource.
    pub points: Vec<Point>,
    /// Runs left out because they diverged.
    pub left_out: Vec<String>,
    /// −d ln(metric) / d ln(resource) between neighbours.
    pub local_exponents: Vec<f64>,
    /// L = a R^-b.
    pub power: Attempt,
    /// L = E + a R^-b.
    pub saturating: Attempt,
    /// b of the power law.
    pub exponent: Option<Exponent>,
    /// Whether b may be quoted.
    pub verdict: Verdict,
}

/// The law in both resources.
#[derive(Debug, Clone, Serialize)]
pub struct JointFit {
    /// Metric.
    pub metric: String,
    /// L = E + A N^-alpha + B D^-beta.
    pub joint: Attempt,
    /// alpha and beta, where fitted.
    pub exponents: Vec<(String, Exponent, Verdict)>,
    /// Rows of the fit: parameters, data, metric, record.
    pub rows: Vec<(f64, f64, f64, String)>,
}

/// Spread between runs that differ in their seed alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedNoise {
    /// Cells with more than one seed.
    pub cells: usize,
    /// Runs in them.
    pub runs: usize,
    /// Standard deviation of ln(metric) within cells.
    pub sd_ln: f64,
}

/// Half-width of an interval over the value above which an exponent is not quoted.
const WIDEST: f64 = 0.5;
/// Ratio of the exponents of both halves above which a curve is not one power law.
const MOST_CURVED: f64 = 2.0;

/// A term of the joint law steeper than this is over after the first step of a size ladder.
const STEEPEST: f64 = 2.0;

/// The laws of one family.
#[derive(Debug, Clone, Serialize)]
pub struct Laws {
    /// Curves along the parameters, one a data size; then along the data, one a capacity and
    /// one of the best capacity for each data size.
    pub curves: Vec<ScalingCurve>,
    /// The joint law of the main metric.
    pub joint: JointFit,
    /// Noise of the main metric, where cells were repeated.
    pub noise: Option<SeedNoise>,
}

/// Fits every law of a family's grid.
#[must_use]
pub fn laws(family: &dyn Family, records: &[Record]) -> Laws {
    let (items, units) = (family.items(), family.units());
    let in_units = family.data_axis() == DataAxis::Units;
    let data_of = |record: &Record| match family.data_axis() {
        DataAxis::Units => record.exposure.unique_units as f64,
        DataAxis::Items => record.exposure.items as f64,
    };
    let mut sizes: Vec<Size> = records.iter().map(|record| record.spec.size).collect();
    sizes.sort_by_key(|size| {
        let of = |record: &&Record| record.spec.size == *size;
        records
            .iter()
            .find(of)
            .map(|record| record.parameters.non_embedding)
    });
    sizes.dedup();
    let mut data_sizes: Vec<usize> = records.iter().map(|record| record.spec.data_size).collect();
    data_sizes.sort_unstable();
    data_sizes.dedup();

    let mut curves = Vec::new();
    for metric in family.metrics() {
        let new = |axis, held, runs: &[&Record], size, data_size| {
            let x = |record: &Record| match axis {
                Axis::Parameters => record.parameters.non_embedding as f64,
                Axis::Data => data_of(record),
            };
            ScalingCurve::new(metric, axis, held, size, data_size, runs, &x)
        };
        for &data_size in &data_sizes {
            let runs: Vec<&Record> = records
                .iter()
                .filter(|record| record.spec.data_size == data_size)
                .collect();
            let held = match runs.first() {
                Some(run) if in_units => {
                    format!(
                        "{data_size} {items} ({} {units})",
                        run.exposure.unique_units
                    )
                }
                _ => format!("{data_size} {items}"),
            };
            curves.push(new(Axis::Parameters, held, &runs, None, Some(data_size)));
        }
        for &size in &sizes {
            let runs: Vec<&Record> = records
                .iter()
                .filter(|record| record.spec.size == size)
                .collect();
            let n = runs.first().map_or(0, |run| run.parameters.non_embedding);
            let held = format!("{size} ({n} parameters)");
            curves.push(new(Axis::Data, held, &runs, Some(size), None));
        }
        if sizes.len() > 1 {
            let best = best_by_data_size(records, &data_sizes, metric.name);
            curves.push(new(
                Axis::Data,
                "best of all capacities".into(),
                &best,
                None,
                None,
            ));
        }
    }
    Laws {
        curves,
        joint: joint(
            family.metrics()[0].name,
            if in_units { units } else { items },
            records,
            &data_of,
        ),
        noise: noise(records),
    }
}

/// For each data size, the run with the lowest metric: what a user who picks the best would see.
fn best_by_data_size<'a>(
    records: &'a [Record],
    data_sizes: &[usize],
    metric: &str,
) -> Vec<&'a Record> {
    data_sizes
        .iter()
        .filter_map(|data_size| {
            records
                .iter()
                .filter(|record| record.spec.data_size == *data_size)
                .filter(|record| value(record, metric).is_some())
                .min_by(|a, b| {
                    value(a, metric)
                        .partial_cmp(&value(b, metric))
                        .expect("finite values compare")
                })
        })
        .collect()
}

/// A metric of a finished run; `None` if it diverged.
fn value(record: &Record, metric: &str) -> Option<f64> {
    if record.status != Status::Finished {
        return None;
    }
    record
        .validation
        .get(metric)
        .copied()
        .filter(|value| value.is_finite() && *value > 0.0)
}

impl ScalingCurve {
    fn new(
        metric: &Metric,
        axis: Axis,
        held: String,
        size: Option<Size>,
        data_size: Option<usize>,
        runs: &[&Record],
        x: &dyn Fn(&Record) -> f64,
    ) -> Self {
        let mut points: Vec<Point> = runs
            .iter()
            .filter_map(|record| {
                value(record, metric.name).map(|y| Point {
                    x: x(record),
                    y,
                    id: record.id.clone(),
                    epochs: record.exposure.epochs,
                })
            })
            .collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.id.cmp(&b.id)));
        let left_out = runs
            .iter()
            .filter(|record| value(record, metric.name).is_none())
            .map(|record| record.id.clone())
            .collect();
        let xs: Vec<f64> = points.iter().map(|point| point.x).collect();
        let ys: Vec<f64> = points.iter().map(|point| point.y).collect();
        let data = Points::one(&xs, &ys);
        // With a handful of points no outlier can be told from the rest, so the plain squares of
        // ln L are used, for which the profile interval is exact under normal noise.
        let options = FitOptions::default().objective(Objective::LogSquares);
        let power = attempt(Law::Power, &data, &options);
        let saturating = attempt(Law::Saturating, &data, &options);
        let local_exponents = local_exponents(&points);
        let exponent = power.fit.as_ref().and_then(|fit| exponent(fit, "b"));
        let verdict = verdict(
            &power,
            exponent.as_ref(),
            half_exponents(&points),
            points.len(),
        );
        Self {
            metric: metric.name.to_owned(),
            title: metric.title.to_owned(),
            unit: metric.unit.to_owned(),
            axis,
            held,
            size,
            data_size,
            points,
            left_out,
            local_exponents,
            power,
            saturating,
            exponent,
            verdict,
        }
    }
}

fn attempt(law: Law, points: &Points, options: &FitOptions) -> Attempt {
    match fit(law, points, options) {
        Ok(found) => Attempt {
            law: law.name(),
            codes: found
                .warnings
                .iter()
                .map(|warning| warning.code().to_owned())
                .collect(),
            fit: Some(found),
            refused: None,
        },
        Err(error) => Attempt {
            law: law.name(),
            codes: vec![error.code().to_owned()],
            fit: None,
            refused: Some(error.to_string()),
        },
    }
}

fn exponent(fit: &Fit, name: &str) -> Option<Exponent> {
    let (interval, method) = fit
        .interval(name, Method::Profile)
        .map(|interval| (interval, "profile"))
        .or_else(|| {
            fit.interval(name, Method::Wald)
                .map(|interval| (interval, "Wald"))
        })
        .map_or((None, "none"), |(interval, method)| {
            (Some(interval), method)
        });
    Some(Exponent {
        value: fit.value_of(name)?,
        lower: interval.and_then(|interval| interval.lower),
        upper: interval.and_then(|interval| interval.upper),
        level: fit.level,
        method: method.to_owned(),
    })
}

/// ln(resource) and the mean of ln(metric) over the runs there, in ascending order.
fn log_means(points: &[Point]) -> Vec<(f64, f64)> {
    let mut sums: Vec<(f64, f64, usize)> = Vec::new();
    for point in points {
        match sums.last_mut() {
            Some((x, sum, count)) if (*x - point.x.ln()).abs() < 1e-12 => {
                *sum += point.y.ln();
                *count += 1;
            }
            _ => sums.push((point.x.ln(), point.y.ln(), 1)),
        }
    }
    sums.into_iter()
        .map(|(x, sum, count)| (x, sum / count as f64))
        .collect()
}

/// Slopes between neighbours; runs at the same resource are averaged in ln first.
fn local_exponents(points: &[Point]) -> Vec<f64> {
    log_means(points)
        .windows(2)
        .map(|pair| -(pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))
        .collect()
}

/// Least-squares exponents of the lower and the upper half of the range, which share the resource
/// in the middle; `None` below three resources.
fn half_exponents(points: &[Point]) -> Option<(f64, f64)> {
    let means = log_means(points);
    if means.len() < 3 {
        return None;
    }
    let half = means.len().div_ceil(2);
    let slope = |part: &[(f64, f64)]| {
        let n = part.len() as f64;
        let (x, y) = part.iter().fold((0.0, 0.0), |(x, y), point| {
            (x + point.0 / n, y + point.1 / n)
        });
        let (over, under) = part.iter().fold((0.0, 0.0), |(over, under), point| {
            (
                over + (point.0 - x) * (point.1 - y),
                under + (point.0 - x).powi(2),
            )
        });
        -over / under
    };
    Some((slope(&means[..half]), slope(&means[means.len() - half..])))
}

/// The rule that the report states: an exponent is resolved if its interval is bounded, leaves out
/// zero and is narrower than half of the value on either side, and if the exponents of both halves
/// of the range agree within a factor of two, so that one number can stand for all of it. Halves,
/// not neighbours: the slope between two runs is mostly the noise of both.
fn verdict(
    power: &Attempt,
    exponent: Option<&Exponent>,
    halves: Option<(f64, f64)>,
    points: usize,
) -> Verdict {
    let not = |reason: String| Verdict {
        resolved: false,
        reason,
    };
    if let Some(refused) = &power.refused {
        return not(refused.clone());
    }
    let Some(exponent) = exponent else {
        return not("no exponent could be fitted".into());
    };
    let (Some(lower), Some(upper)) = (exponent.lower, exponent.upper) else {
        return not(format!("{points} points leave the interval open"));
    };
    if exponent.value <= 0.0 {
        return not("the metric does not fall as the resource grows".into());
    }
    if lower <= 0.0 {
        return not(format!(
            "the interval ({lower:.3} to {upper:.3}) includes zero"
        ));
    }
    let half = 0.5 * (upper - lower) / exponent.value;
    if half > WIDEST {
        return not(format!(
            "the interval is ±{:.0} % of the value",
            100.0 * half
        ));
    }
    if let Some((first, last)) = halves {
        let (small, large) = (first.min(last), first.max(last));
        if small <= 0.0 || large / small > MOST_CURVED {
            return not(format!(
                "not one power law: the exponent goes from {first:.3} in the lower half to {last:.3} in the upper half"
            ));
        }
    }
    Verdict {
        resolved: true,
        reason: format!(
            "±{:.0} % at {:.0} % confidence",
            100.0 * half,
            100.0 * exponent.level
        ),
    }
}

fn joint(
    metric: &str,
    data_unit: &str,
    records: &[Record],
    data_of: &dyn Fn(&Record) -> f64,
) -> JointFit {
    let rows: Vec<(f64, f64, f64, String)> = records
        .iter()
        .filter_map(|record| {
            value(record, metric).map(|y| {
                (
                    record.parameters.non_embedding as f64,
                    data_of(record),
                    y,
                    record.id.clone(),
                )
            })
        })
        .collect();
    let column =
        |pick: fn(&(f64, f64, f64, String)) -> f64| rows.iter().map(pick).collect::<Vec<f64>>();
    let points = Points::two(
        &column(|row| row.0),
        &column(|row| row.1),
        &column(|row| row.2),
    );
    let joint = attempt(Law::Joint, &points, &FitOptions::default());
    let exponents = joint.fit.as_ref().map_or_else(Vec::new, |fit| {
        [("alpha", "parameters"), ("beta", data_unit)]
            .into_iter()
            .filter_map(|(name, of)| {
                let exponent = exponent(fit, name)?;
                let verdict = verdict_of_term(&joint, &exponent, rows.len());
                Some((format!("{name} ({of})"), exponent, verdict))
            })
            .collect()
    });
    JointFit {
        metric: metric.to_owned(),
        joint,
        exponents,
        rows,
    }
}

/// The rule of [`verdict`] for one term of the joint law, where more can go wrong: a design that
/// confounds the terms, or a term so steep that the smallest size alone decides it.
fn verdict_of_term(joint: &Attempt, exponent: &Exponent, rows: usize) -> Verdict {
    const CONFOUNDED: [&str; 3] = ["ill_conditioned", "collinear_design", "few_starts_agree"];
    let not = |reason: String| Verdict {
        resolved: false,
        reason,
    };
    if exponent.value > STEEPEST {
        return not(format!(
            "the term falls so steeply (b = {:.1}) that the smallest size alone decides it",
            exponent.value
        ));
    }
    if let Some(code) = joint
        .codes
        .iter()
        .find(|code| CONFOUNDED.contains(&code.as_str()))
    {
        return not(format!(
            "the runs do not determine the terms of the joint law apart ({code})"
        ));
    }
    verdict(joint, Some(exponent), None, rows)
}

/// Pooled spread of ln(main metric) over cells that were run with several seeds.
fn noise(records: &[Record]) -> Option<SeedNoise> {
    let mut cells: Vec<((Size, usize), Vec<f64>)> = Vec::new();
    for record in records {
        let Some(y) = value(record, &record.metric) else {
            continue;
        };
        let key = (record.spec.size, record.spec.data_size);
        match cells.iter_mut().find(|(other, _)| *other == key) {
            Some((_, values)) => values.push(y.ln()),
            None => cells.push((key, vec![y.ln()])),
        }
    }
    cells.retain(|(_, values)| values.len() > 1);
    let (mut squares, mut degrees, mut runs) = (0.0, 0.0, 0);
    for (_, values) in &cells {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        squares += values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>();
        degrees += values.len() as f64 - 1.0;
        runs += values.len();
    }
    (degrees > 0.0).then(|| SeedNoise {
        cells: cells.len(),
        runs,
        sd_ln: (squares / degrees).sqrt(),
    })
}

/// The difference of two exponents with the interval that their own intervals imply.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// First exponent minus second.
    pub difference: f64,
    /// Half-width: the root of the sum of the squared half-widths, as for independent errors.
    pub half_width: f64,
}

/// Compares two exponents; `None` where an interval is open.
#[must_use]
pub fn compare(first: &Exponent, second: &Exponent) -> Option<Comparison> {
    let half = |exponent: &Exponent| Some(0.5 * (exponent.upper? - exponent.lower?));
    Some(Comparison {
        difference: first.value - second.value,
        half_width: half(first)?.hypot(half(second)?),
    })
}
