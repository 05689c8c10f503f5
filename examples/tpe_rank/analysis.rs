//! What the tables, the JSON and the figures show.

use anyhow::{Result, bail};
use serde::Serialize;
use tpe::calibration::{Prediction, Scale};
use tpe::driver::{Criterion, Settings, Signal};
use tpe::energy::{Energy, integrate, read_power_log};
use tpe::estimate::{Diverged, score_all};
use tpe::log::RunLog;
use tpe::replay::{Recorded, Summary, replay_pools};
use tpe::{Calibration, CalibrationOptions, Curve, Estimator, Rule, Window};

use crate::Arguments;

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(crate) struct Analysis {
    /// Epochs of a full run: those of the longest one.
    pub(crate) epochs: usize,
    pub(crate) window: Window,
    pub(crate) estimator: Estimator,
    /// The runs, best score first.
    pub(crate) runs: Vec<Ranked>,
    pub(crate) diverged: Vec<Diverged>,
    /// Evaluations from before training that were left out.
    pub(crate) left_out: usize,
    /// `None` with fewer than two finished runs that have finite losses, or with equal scores.
    pub(crate) calibration: Option<Calibration>,
    /// Why there is no calibration.
    pub(crate) no_calibration: Option<String>,
    pub(crate) replays: Vec<Summary>,
    pub(crate) replay_pool: usize,
    pub(crate) energy: Option<Spent>,
}

/// One run in the ranking.
#[derive(Debug, Serialize)]
pub(crate) struct Ranked {
    pub(crate) rank: usize,
    pub(crate) run: String,
    /// Place in the file's order of runs.
    pub(crate) index: usize,
    /// `None` for a diverged run.
    pub(crate) score: Option<f64>,
    pub(crate) finished: bool,
    /// `None` for an unfinished or a diverged run.
    pub(crate) final_loss: Option<f64>,
    /// From the log-log line.
    pub(crate) predicted: Option<Prediction>,
}

/// Energy from the power log.
#[derive(Debug, Serialize)]
pub(crate) struct Spent {
    pub(crate) total: Energy,
    pub(crate) joules_per_epoch: Option<f64>,
}

pub(crate) fn analyse(runs: &[RunLog], arguments: &Arguments) -> Result<Analysis> {
    let epochs = runs.iter().map(|run| run.curve.epochs()).max().unwrap_or(0);
    let cut = arguments.epochs.unwrap_or(epochs.div_ceil(5));
    let window = Window::first_epochs(cut);
    let estimator = arguments.estimator();
    let curves: Vec<Curve> = runs.iter().map(|run| run.curve.clone()).collect();
    let scores = score_all(&curves, &estimator, window)?;

    let stated = runs.iter().any(|run| run.final_loss.is_some());
    let finals: Vec<Option<f64>> = runs
        .iter()
        .map(|run| final_of(run, epochs, stated))
        .collect();
    let finished: Vec<usize> = (0..runs.len()).filter(|&i| finals[i].is_some()).collect();
    let options = CalibrationOptions {
        level: arguments.level,
        resamples: arguments.resamples,
        seed: arguments.seed,
        ..CalibrationOptions::default()
    };
    let x: Vec<f64> = finished.iter().map(|&i| scores.values[i]).collect();
    let y: Vec<f64> = finished.iter().filter_map(|&i| finals[i]).collect();
    let (calibration, no_calibration) = match Calibration::fit(&x, &y, &options) {
        Ok(calibration) => (Some(calibration), None),
        Err(error @ tpe::Error::OutOfRange { .. }) => return Err(error.into()),
        Err(error) => (None, Some(error.to_string())),
    };

    let ranked = tpe::rank::ascending(&scores.values).into_iter().enumerate();
    let ranked = ranked.map(|(place, index)| Ranked {
        rank: place + 1,
        run: runs[index].curve.run.clone(),
        index,
        score: Some(scores.values[index]).filter(|s| s.is_finite()),
        finished: finals[index].is_some(),
        final_loss: finals[index].filter(|l| l.is_finite()),
        predicted: calibration.as_ref().and_then(|calibration| {
            calibration.predict(scores.values[index], Scale::LogLog, arguments.level)
        }),
    });
    let runs_ranked: Vec<Ranked> = ranked.collect();

    // Curves that may end before the final loss cannot be replayed to it.
    let (replays, replay_pool) = if stated {
        (Vec::new(), 0)
    } else {
        replays(runs, &finished, epochs, arguments)?
    };
    let energy = match &arguments.power {
        None => None,
        Some(path) => {
            let total = integrate(&read_power_log(path)?)?;
            let trained = curves.iter().map(Curve::epochs).sum();
            Some(Spent {
                joules_per_epoch: total.per_epoch(trained),
                total,
            })
        }
    };
    Ok(Analysis {
        epochs,
        window,
        estimator,
        runs: runs_ranked,
        diverged: scores.diverged,
        left_out: runs.iter().map(|run| run.left_out).sum(),
        calibration,
        no_calibration,
        replays,
        replay_pool,
        energy,
    })
}

/// The final loss of a finished run; +∞ for a diverged one.
fn final_of(run: &RunLog, epochs: usize, stated: bool) -> Option<f64> {
    let diverged = run.curve.diverged_by(epochs).is_some();
    if stated && run.final_loss.is_none() && !diverged {
        return None;
    }
    run.final_loss_after(epochs)
}

/// The rules over random pools of the runs whose whole curves are there.
fn replays(
    runs: &[RunLog],
    finished: &[usize],
    epochs: usize,
    arguments: &Arguments,
) -> Result<(Vec<Summary>, usize)> {
    let recorded: Vec<Recorded> = finished
        .iter()
        .filter_map(|&i| whole(&runs[i], epochs))
        .collect();
    let pool = arguments.pool.unwrap_or((recorded.len() / 3).max(4));
    if pool == 0 {
        bail!("--pool must be at least 1");
    }
    if arguments.searches == 0 || recorded.len() < 4 || epochs < 5 {
        return Ok((Vec::new(), pool));
    }
    let signal = if recorded.iter().all(|run| !run.validation.is_empty()) {
        Signal::Validation
    } else {
        Signal::Train
    };
    let by = |signal, estimator, rule| Settings {
        criterion: Criterion { signal, estimator },
        ..Settings::new(rule, pool, epochs)
    };
    let one = Estimator::TseE { last: 1 };
    let share = Rule::SingleCut {
        epochs: epochs.div_ceil(10),
        keep: 0.2,
    };
    let (eta, first_rung, grace) = (3, epochs.div_ceil(25).max(2), (epochs / 10).max(4));
    let mut all = vec![
        (
            "the paper: TSE of 20 %, keep the best".to_owned(),
            Settings::paper(pool, epochs),
        ),
        (
            "TSE of 10 %, keep 20 %".to_owned(),
            by(Signal::Train, Estimator::Tse, share),
        ),
        (
            "TSE-E of 10 %, keep 20 %".to_owned(),
            by(Signal::Train, one, share),
        ),
    ];
    for rule in [
        Rule::SuccessiveHalving { eta, first_rung },
        Rule::SuccessiveHalving { eta: 2, first_rung },
        Rule::Hyperband { eta, first_rung },
        Rule::AshaStop { eta, first_rung },
        Rule::AshaPromote { eta, first_rung },
        Rule::Median { grace, needed: 5 },
        Rule::Extrapolation {
            grace,
            probability: 0.05,
        },
    ] {
        if signal == Signal::Validation {
            all.push((
                format!("{}, validation", rule.name()),
                by(signal, one, rule),
            ));
        }
        all.push((
            format!("{}, training", rule.name()),
            by(Signal::Train, one, rule),
        ));
    }
    let (share, seed) = (0.2, arguments.seed);
    let random = Rule::Random { share, seed };
    all.push((random.name(), by(Signal::Train, one, random)));
    let summaries = replay_pools(&recorded, &all, pool, arguments.searches, arguments.seed)?;
    Ok((summaries, pool))
}

/// A run with all its epochs (a diverged one is filled up with infinities).
fn whole(run: &RunLog, epochs: usize) -> Option<Recorded> {
    let fill = |mut losses: Vec<f64>| {
        losses.resize(epochs, f64::INFINITY);
        losses
    };
    let train = &run.curve.losses;
    if train.len() < epochs && run.curve.diverged_by(epochs).is_none() {
        return None;
    }
    let validation: Option<Vec<f64>> = run.validation.iter().copied().collect();
    Some(Recorded {
        train: fill(train.clone()),
        validation: validation.map_or_else(Vec::new, fill),
    })
}
