//! Learning rate and batch by training performance estimation.
//!
//! Every setting trains for the first share of its schedule. The training loss at the cut ranks
//! them; the best few run to their end and the best of those is taken. Some of the discarded ones
//! run to their end as well, as controls, so that prediction and truth can be laid side by side;
//! they never take part in the choice.

use serde::Serialize;
use tpe::estimate::score_all;
use tpe::{Calibration, CalibrationOptions, Curve, Estimator, Window};

use crate::config::Search;
use crate::error::{Error, Result};
use crate::plan::{Planner, Setting};
use crate::record::Record;
use crate::spec::{RunSpec, Size};

/// Equal parts that the steps up to the cut are averaged in: what the estimators call epochs.
/// Parts of the schedule are used instead of passes over the data, since settings with different
/// batch sizes share the former.
pub const PARTS: usize = 4;

/// What became of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Run to its end for its estimate.
    Kept,
    /// Discarded, but run to its end to check the estimate.
    Control,
    /// Discarded at the cut.
    Discarded,
}

/// One setting of the search.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// Learning rate and batch.
    #[serde(flatten)]
    pub setting: Setting,
    /// Record of the run that was cut.
    pub early_id: String,
    /// Record of the run to the end.
    pub full_id: Option<String>,
    /// Mean training loss over the last of the [`PARTS`] before the cut; infinite if diverged.
    pub score: f64,
    /// What became of it.
    pub fate: Fate,
    /// Final validation metric, where the run went to its end.
    pub truth: Option<f64>,
    /// Final metric predicted from the score by the line through all other full runs.
    pub predicted: Option<f64>,
}

/// How well one estimator orders the runs that went to their end.
#[derive(Debug, Clone, Serialize)]
pub struct EstimatorQuality {
    /// Its name.
    pub estimator: String,
    /// Scores of all trials, in their order.
    pub scores: Vec<f64>,
    /// Ranks and lines; absent with too few full runs, with the reason in its place.
    pub calibration: Result<Calibration, String>,
}

/// What a search found and what it cost.
#[derive(Debug, Clone, Serialize)]
pub struct SearchResult {
    /// The family.
    pub family: String,
    /// The capacity searched at.
    pub size: Size,
    /// Settings of the search.
    pub search: Search,
    /// Every setting, in the order of the grid.
    pub trials: Vec<Trial>,
    /// The setting taken.
    pub chosen: Setting,
    /// Final metric of the setting taken.
    pub best: f64,
    /// Second best of the settings kept, and its final metric.
    pub runner_up: Option<(Setting, f64)>,
    /// Axes on whose edge the chosen setting lies: the optimum may lie outside the grid.
    pub on_edge: Vec<String>,
    /// Whether a control ended better than the setting taken: the estimate discarded the best.
    pub missed: bool,
    /// Operations of the search without its controls over those of all settings in full. A kept
    /// run counts once: its first share is the run that was cut.
    pub cost_share: f64,
    /// The same with the controls.
    pub cost_share_with_controls: f64,
    /// Each estimator against the truth.
    pub estimators: Vec<EstimatorQuality>,
}

impl SearchResult {
    /// Spearman's ρ between early score and final metric, and the runs it is over; `None` where
    /// too few runs went to their end.
    #[must_use]
    pub fn rank_agreement(&self) -> Option<(f64, usize)> {
        let calibration = self.estimators.first()?.calibration.as_ref().ok()?;
        Some((calibration.spearman.value?, calibration.runs))
    }
}

/// Which settings go on after the cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Fate of each setting, in the order of the grid.
    pub fates: Vec<Fate>,
}

/// Ranks the cut runs and decides which go on.
///
/// The controls are spread evenly over the ranking of the discarded, so that the comparison with
/// the truth covers bad settings as well as near misses. Diverged runs are never kept.
///
/// # Errors
/// [`Error::Analysis`] if a run has no step to rank, or if every setting has diverged.
pub fn decide(search: &Search, early: &[Record]) -> Result<Decision> {
    let scores = scores(early, &Estimator::default())?;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    if scores.iter().all(|score| !score.is_finite()) {
        return Err(Error::Analysis {
            what: "learning-rate search".into(),
            source: format!(
                "all {} settings diverged within their first {:.0} %; lower the learning rates",
                scores.len(),
                100.0 * search.cut
            )
            .into(),
        });
    }
    let mut fates = vec![Fate::Discarded; scores.len()];
    let (best, rest) = order.split_at(search.keep.min(order.len()));
    for &index in best.iter().filter(|&&index| scores[index].is_finite()) {
        fates[index] = Fate::Kept;
    }
    let rest: Vec<usize> = rest
        .iter()
        .copied()
        .filter(|&index| scores[index].is_finite())
        .collect();
    let controls = search.controls.min(rest.len());
    for number in 0..controls {
        let place = (2 * number + 1) * rest.len() / (2 * controls);
        fates[rest[place]] = Fate::Control;
    }
    Ok(Decision { fates })
}

/// The runs that go on, as full runs, in the order of the grid.
#[must_use]
pub fn full_specs(early: &[RunSpec], decision: &Decision) -> Vec<RunSpec> {
    early
        .iter()
        .zip(&decision.fates)
        .filter(|(_, fate)| **fate != Fate::Discarded)
        .map(|(spec, _)| spec.in_full())
        .collect()
}

/// Puts the cut runs and the full runs together.
///
/// # Errors
/// [`Error::Analysis`] if no kept setting ended with a finite metric.
pub fn conclude(
    planner: &Planner<'_>,
    search: &Search,
    size: Size,
    early: &[Record],
    decision: &Decision,
    full: &[Record],
) -> Result<SearchResult> {
    let full_of = |record: &Record| {
        let id = record.spec.in_full().id();
        full.iter().find(|full| full.id == id)
    };
    let truths: Vec<Option<f64>> = early
        .iter()
        .map(|record| full_of(record).map(Record::score))
        .collect();
    let best_scores = scores(early, &Estimator::default())?;
    let mut trials: Vec<Trial> = early
        .iter()
        .zip(&decision.fates)
        .enumerate()
        .map(|(index, (record, &fate))| Trial {
            setting: setting_of(record),
            early_id: record.id.clone(),
            full_id: full_of(record).map(|full| full.id.clone()),
            score: best_scores[index],
            fate,
            truth: truths[index],
            predicted: None,
        })
        .collect();
    predict_each_from_the_others(&mut trials);

    let mut kept: Vec<(Setting, f64)> = trials
        .iter()
        .filter(|trial| trial.fate == Fate::Kept)
        .filter_map(|trial| {
            trial
                .truth
                .filter(|truth| truth.is_finite())
                .map(|truth| (trial.setting, truth))
        })
        .collect();
    kept.sort_by(|a, b| a.1.total_cmp(&b.1));
    let Some(&(chosen, best)) = kept.first() else {
        return Err(Error::Analysis {
            what: format!("learning-rate search of {} {size}", planner.plan.name),
            source: "every setting that was kept diverged later; lower the learning rates".into(),
        });
    };
    let estimators = [
        Estimator::TseE { last: 1 },
        Estimator::Tse,
        Estimator::TseEmaMean { mu: 0.9 },
        Estimator::TseEmaSum { gamma: 0.999 },
    ]
    .iter()
    .map(|estimator| quality(estimator, early, &truths))
    .collect::<Result<_>>()?;
    let (cost_share, cost_share_with_controls) = cost(planner, early, &decision.fates);
    Ok(SearchResult {
        family: planner.plan.name.clone(),
        size,
        search: search.clone(),
        chosen,
        best,
        runner_up: kept.get(1).copied(),
        on_edge: on_edge(planner, chosen),
        missed: trials.iter().any(|trial| {
            trial.fate == Fate::Control && trial.truth.is_some_and(|truth| truth < best)
        }),
        trials,
        cost_share,
        cost_share_with_controls,
        estimators,
    })
}

fn setting_of(record: &Record) -> Setting {
    Setting {
        learning_rate: record.spec.learning_rate,
        batch: record.spec.batch,
    }
}

/// The training losses up to the cut as [`PARTS`] means.
fn curve(record: &Record) -> Result<Curve> {
    let losses: Vec<f64> = record.curve.iter().map(|(_, loss)| *loss).collect();
    // A diverged run ended early: its last part is not finite, which is all that matters.
    let parts = PARTS.min(losses.len().max(1));
    let bounds: Vec<usize> = (0..=parts)
        .map(|part| part * losses.len() / parts)
        .collect();
    let mut slices: Vec<&[f64]> = bounds
        .windows(2)
        .map(|pair| &losses[pair[0]..pair[1]])
        .collect();
    while slices.len() < PARTS && !slices.is_empty() {
        slices.push(slices[slices.len() - 1]);
    }
    Curve::from_steps(record.spec.label(), &slices).map_err(estimate_failed)
}

fn scores(early: &[Record], estimator: &Estimator) -> Result<Vec<f64>> {
    let curves: Vec<Curve> = early.iter().map(curve).collect::<Result<_>>()?;
    let scores =
        score_all(&curves, estimator, Window::first_epochs(PARTS)).map_err(estimate_failed)?;
    Ok(scores.values)
}

fn estimate_failed(source: tpe::Error) -> Error {
    Error::Analysis {
        what: "training performance estimate".into(),
        source: source.into(),
    }
}

fn quality(
    estimator: &Estimator,
    early: &[Record],
    truths: &[Option<f64>],
) -> Result<EstimatorQuality> {
    let scores = scores(early, estimator)?;
    let (x, y): (Vec<f64>, Vec<f64>) = scores
        .iter()
        .zip(truths)
        .filter_map(|(score, truth)| truth.map(|truth| (*score, truth)))
        .unzip();
    Ok(EstimatorQuality {
        estimator: estimator.name(),
        calibration: Calibration::fit(&x, &y, &CalibrationOptions::default())
            .map_err(|error| error.to_string()),
        scores,
    })
}

/// A point must not help to predict itself: each truth is predicted by the line through the others.
fn predict_each_from_the_others(trials: &mut [Trial]) {
    for index in 0..trials.len() {
        let (x, y): (Vec<f64>, Vec<f64>) = trials
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .filter_map(|(_, trial)| trial.truth.map(|truth| (trial.score, truth)))
            .filter(|(score, truth)| score.is_finite() && truth.is_finite())
            .unzip();
        trials[index].predicted = tpe::calibration::Line::fit(&x, &y)
            .ok()
            .filter(|_| trials[index].score.is_finite())
            .map(|line| line.predict(trials[index].score, 0.95).value);
    }
}

fn cost(planner: &Planner<'_>, early: &[Record], fates: &[Fate]) -> (f64, f64) {
    let (mut all, mut plain, mut controls) = (0.0, 0.0, 0.0);
    for (record, fate) in early.iter().zip(fates) {
        let full = planner
            .family
            .exposure(&record.spec, record.spec.steps)
            .flops;
        let cut = record.exposure.flops;
        all += full;
        plain += if *fate == Fate::Kept { full } else { cut };
        controls += if *fate == Fate::Control {
            full - cut
        } else {
            0.0
        };
    }
    (plain / all, (plain + controls) / all)
}

fn on_edge(planner: &Planner<'_>, chosen: Setting) -> Vec<String> {
    let rates = &planner.plan.grid.learning_rates;
    let batches: Vec<f64> = planner
        .plan
        .grid
        .batches
        .iter()
        .map(|&batch| batch as f64)
        .collect();
    let mut edges = Vec::new();
    for (axis, values, value) in [
        ("learning rate", rates, chosen.learning_rate),
        ("batch", &batches, chosen.batch as f64),
    ] {
        let (low, high) = values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| {
                (low.min(v), high.max(v))
            });
        if low < high && value <= low {
            edges.push(format!("smallest {axis}"));
        } else if low < high && value >= high {
            edges.push(format!("largest {axis}"));
        }
    }
    edges
}
