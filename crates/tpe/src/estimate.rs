//! The training speed estimates: TSE, TSE-E and TSE-EMA.
//!
//! With `l_t` the mean training loss of epoch t (the mean over that epoch's own steps) and a
//! window of the epochs 1 to T,
//!
//! - TSE = Σ `l_t`,
//! - TSE-E = the same sum over the last E epochs of the window,
//! - TSE-EMA as a *discounted sum* = Σ γ^(T−t) `l_t` (`LitMatter`), and as a *recursive mean*
//!   e ← (1 − μ) e + μ `l_t` starting at e = `l_1` (Ru et al.).
//!
//! Lower is better in all of them. A run in which any loss up to T is not finite scores +∞.
//!
//! # References
//! Ru et al., "Speedy Performance Estimation for Neural Architecture Search", `NeurIPS` 2021,
//! arXiv:2006.04492; Frey et al., doi:10.1038/s42256-023-00740-3.

use serde::{Deserialize, Serialize};

use crate::{Curve, Error, Result};

/// The epochs that an estimate looks at, counted from 1, both ends included.
///
/// Every estimator takes the same window, so that their numbers can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// First epoch.
    pub first: usize,
    /// Last epoch, the T of the formulas.
    pub last: usize,
}

impl Window {
    /// The epochs 1 to `epochs`.
    #[must_use]
    pub fn first_epochs(epochs: usize) -> Self {
        Self {
            first: 1,
            last: epochs,
        }
    }

    /// Number of epochs.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.last + 1).saturating_sub(self.first)
    }

    /// Whether there is no epoch in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first == 0 || self.len() == 0
    }

    /// The losses of the window, or `None` for a run that has diverged by its end.
    fn of<'a>(&self, curve: &'a Curve) -> Result<Option<&'a [f64]>> {
        if self.is_empty() {
            return Err(Error::EmptyWindow {
                first: self.first,
                last: self.last,
            });
        }
        if curve.diverged_by(self.last).is_some() {
            return Ok(None);
        }
        if curve.epochs() < self.last {
            return Err(Error::TooFewEpochs {
                run: curve.run.clone(),
                epochs: curve.epochs(),
                asked: self.last,
            });
        }
        Ok(Some(&curve.losses[self.first - 1..self.last]))
    }
}

/// Sum of the mean losses of the window.
///
/// # Errors
/// An empty window, or a run with fewer epochs than the window asks for.
pub fn tse(curve: &Curve, window: Window) -> Result<f64> {
    Ok(window
        .of(curve)?
        .map_or(f64::INFINITY, |losses| losses.iter().sum()))
}

/// Sum of the mean losses of the last `last` epochs of the window; `last` = 1 is the usual choice.
///
/// # Errors
/// As [`tse`]; also where `last` is 0 or larger than the window.
pub fn tse_e(curve: &Curve, window: Window, last: usize) -> Result<f64> {
    let losses = window.of(curve)?;
    if last == 0 {
        return Err(Error::OutOfRange {
            name: "E, the number of last epochs,",
            allowed: "at least 1",
            value: 0.0,
        });
    }
    if last > window.len() {
        return Err(Error::LastBeyondWindow {
            last,
            window: window.len(),
        });
    }
    Ok(losses.map_or(f64::INFINITY, |losses| {
        losses[losses.len() - last..].iter().sum()
    }))
}

/// Discounted sum Σ γ^(T−t) `l_t`, the form of `LitMatter` (γ = 0.999 there). γ = 1 is TSE,
/// γ = 0 is TSE-E with E = 1.
///
/// # Errors
/// As [`tse`]; also where γ is outside of 0 to 1.
pub fn tse_ema_sum(curve: &Curve, window: Window, gamma: f64) -> Result<f64> {
    let losses = window.of(curve)?;
    if !(0.0..=1.0).contains(&gamma) {
        return Err(Error::OutOfRange {
            name: "gamma",
            allowed: "between 0 and 1",
            value: gamma,
        });
    }
    Ok(losses.map_or(f64::INFINITY, |losses| {
        losses.iter().fold(0.0, |sum, loss| gamma * sum + loss)
    }))
}

/// Recursive mean e ← (1 − μ) e + μ `l_t` from e = `l_1`, the form of Ru et al. (μ = 0.9 there).
///
/// # Errors
/// As [`tse`]; also where μ is outside of 0 to 1.
pub fn tse_ema_mean(curve: &Curve, window: Window, mu: f64) -> Result<f64> {
    let losses = window.of(curve)?;
    if !(0.0..=1.0).contains(&mu) {
        return Err(Error::OutOfRange {
            name: "mu",
            allowed: "between 0 and 1",
            value: mu,
        });
    }
    Ok(losses.map_or(f64::INFINITY, |losses| {
        losses[1..]
            .iter()
            .fold(losses[0], |mean, loss| (1.0 - mu) * mean + mu * loss)
    }))
}

/// An estimator with its setting, to be named in a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Estimator {
    /// [`tse`].
    Tse,
    /// [`tse_e`].
    TseE {
        /// E, the number of last epochs.
        last: usize,
    },
    /// [`tse_ema_sum`].
    TseEmaSum {
        /// γ.
        gamma: f64,
    },
    /// [`tse_ema_mean`].
    TseEmaMean {
        /// μ.
        mu: f64,
    },
}

impl Default for Estimator {
    /// The last epoch alone, which ranks real curves best.
    fn default() -> Self {
        Self::TseE { last: 1 }
    }
}

impl Estimator {
    /// The score of one run over a window; +∞ for a run that has diverged by its end.
    ///
    /// # Errors
    /// As the function of the estimator.
    pub fn score(&self, curve: &Curve, window: Window) -> Result<f64> {
        match *self {
            Self::Tse => tse(curve, window),
            Self::TseE { last } => tse_e(curve, window, last),
            Self::TseEmaSum { gamma } => tse_ema_sum(curve, window, gamma),
            Self::TseEmaMean { mu } => tse_ema_mean(curve, window, mu),
        }
    }

    /// A short name for tables.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Tse => "TSE".to_owned(),
            Self::TseE { last } => format!("TSE-E (E = {last})"),
            Self::TseEmaSum { gamma } => format!("TSE-EMA sum (gamma = {gamma})"),
            Self::TseEmaMean { mu } => format!("TSE-EMA mean (mu = {mu})"),
        }
    }
}

/// The scores of several runs over one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// The window.
    pub window: Window,
    /// One score a run, in the order of the runs; +∞ for a diverged one.
    #[serde(with = "crate::loss_serde::list")]
    pub values: Vec<f64>,
    /// The runs that have diverged by the end of the window.
    pub diverged: Vec<Diverged>,
}

/// A run with a loss that is not finite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diverged {
    /// Place of the run in the list.
    pub index: usize,
    /// Name of the run.
    pub run: String,
    /// The first epoch without a finite loss.
    pub epoch: usize,
}

/// Scores every run and lists the diverged ones.
///
/// # Errors
/// As [`Estimator::score`], for the first run that cannot be scored.
pub fn score_all(curves: &[Curve], estimator: &Estimator, window: Window) -> Result<Scores> {
    let mut scores = Scores {
        window,
        values: Vec::with_capacity(curves.len()),
        diverged: Vec::new(),
    };
    for (index, curve) in curves.iter().enumerate() {
        scores.values.push(estimator.score(curve, window)?);
        if let Some(epoch) = curve.diverged_by(window.last) {
            scores.diverged.push(Diverged {
                index,
                run: curve.run.clone(),
                epoch,
            });
        }
    }
    Ok(scores)
}

/// The three numbers that `LitMatter`'s own functions give.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LitMatterScores {
    /// Their `tse`: epochs 1 to T.
    pub tse: f64,
    /// Their `tsee`: the last E epochs up to T + 1.
    pub tsee: f64,
    /// Their `tseema`: epochs 1 to T + 1.
    pub tseema: f64,
}

/// Reproduces `LitMatter`'s numbers, whose three estimators look at three different windows.
///
/// Use this only to compare with their output; [`Estimator`] takes one window for all.
/// `epochs` is their `stop_epoch` and `last` their `E`. T + 1 epochs must be there.
///
/// # Errors
/// As the functions it calls.
pub fn litmatter(curve: &Curve, epochs: usize, last: usize, gamma: f64) -> Result<LitMatterScores> {
    Ok(LitMatterScores {
        tse: tse(curve, Window::first_epochs(epochs))?,
        tsee: tse_e(curve, Window::first_epochs(epochs + 1), last)?,
        tseema: tse_ema_sum(curve, Window::first_epochs(epochs + 1), gamma)?,
    })
}
