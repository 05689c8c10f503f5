//! How each rule decides, in terms of the runs of a driver.

use super::{Driver, State, StopReason, Trial, Verdict};
use crate::Result;
use crate::rules::{Rule, asha, cut, extrapolate, median};

impl Driver {
    /// The verdict on a run that has just finished an epoch before its last.
    pub(super) fn decide(&mut self, trial: usize, epoch: usize) -> Result<Verdict> {
        let ladder = self.ladder();
        let at_rung = ladder.get(self.trials[trial].rung) == Some(&epoch);
        let goes_on = match self.settings.rule {
            Rule::Full | Rule::Random { .. } => true,
            Rule::Median { grace, needed } => epoch < grace || !self.median_stops(trial, needed),
            Rule::Extrapolation { grace, probability } => {
                epoch < grace || !self.hopeless(trial, probability)
            }
            Rule::AshaStop { eta, .. } if at_rung => {
                let keeps = self.asha_goes_on(trial, epoch, eta)?;
                self.trials[trial].rung += usize::from(keeps);
                keeps
            }
            _ if at_rung => {
                self.trials[trial].state = State::Paused;
                self.settle(&ladder)?;
                return Ok(match self.trials[trial].state {
                    State::Stopped(reason) => Verdict::Stop(reason),
                    _ => Verdict::Pause,
                });
            }
            _ => true,
        };
        if goes_on {
            return Ok(Verdict::Continue);
        }
        self.trials[trial].state = State::Stopped(StopReason::Rule);
        Ok(Verdict::Stop(StopReason::Rule))
    }

    fn median_stops(&self, trial: usize, needed: usize) -> bool {
        let signal = self.settings.criterion.signal;
        let own = self.trials[trial].losses(signal);
        let finished: Vec<Vec<f64>> = self
            .trials
            .iter()
            .filter(|t| matches!(t.state, State::Completed | State::Stopped(_)) && t.epochs() > 0)
            .map(|t| t.losses(signal))
            .collect();
        let finished: Vec<&[f64]> = finished.iter().map(Vec::as_slice).collect();
        median::stops(&own, &finished, needed, self.settings.seed_noise)
    }

    fn hopeless(&self, trial: usize, probability: f64) -> bool {
        let signal = self.settings.criterion.signal;
        let completed = self.trials.iter().filter(|t| t.state == State::Completed);
        let best = completed
            .filter_map(|t| t.losses(signal).last().copied())
            .fold(f64::INFINITY, f64::min);
        if best.is_infinite() {
            return false;
        }
        let best = best * self.settings.seed_noise.exp();
        let own = self.trials[trial].losses(signal);
        extrapolate::probability_of_beating(&own, self.settings.epochs, best)
            .is_some_and(|p| p < probability)
    }

    fn asha_goes_on(&self, trial: usize, epoch: usize, eta: usize) -> Result<bool> {
        let mut scores = Vec::new();
        let mut own = 0;
        for (number, other) in self.trials.iter().enumerate() {
            if other.epochs() < epoch {
                continue;
            }
            if number == trial {
                own = scores.len();
            }
            scores.push(other.score(number, &self.settings.criterion, epoch)?);
        }
        Ok(asha::goes_on(&scores, own, eta, self.settings.seed_noise))
    }

    /// Marks as waiting, from the highest rung down, the paused runs that have earned the next.
    pub(super) fn promote(&mut self, eta: usize) -> Result<()> {
        let ladder = self.ladder();
        for rung in (0..ladder.len() - 1).rev() {
            let arrived: Vec<usize> = (0..self.trials.len())
                .filter(|&i| {
                    let t = &self.trials[i];
                    let ended = matches!(t.state, State::Stopped(_) | State::Paused);
                    t.rung > rung || (t.rung == rung && ended)
                })
                .collect();
            let scores = self.scores(&arrived, ladder[rung])?;
            for place in asha::promotable(&scores, eta, self.settings.seed_noise) {
                let run = &mut self.trials[arrived[place]];
                if run.rung == rung && run.state == State::Paused {
                    run.rung += 1;
                    run.state = State::Waiting;
                }
            }
        }
        Ok(())
    }

    /// At the end of a promotion search without a completed run, the best paused one of the
    /// highest rung is taken further; all others are given up. Says whether one was taken up.
    pub(super) fn take_up_last(&mut self) -> Result<bool> {
        let ladder = self.ladder();
        let paused = |t: &Trial| t.state == State::Paused;
        if self.best().is_none()
            && let Some(rung) = self
                .trials
                .iter()
                .filter(|t| paused(t))
                .map(|t| t.rung)
                .max()
        {
            let there: Vec<usize> = (0..self.trials.len())
                .filter(|&i| paused(&self.trials[i]) && self.trials[i].rung == rung)
                .collect();
            let scores = self.scores(&there, ladder[rung])?;
            if let Some(&best) = cut::survivors(&scores, 1, 0.0).first() {
                let run = &mut self.trials[there[best]];
                run.rung += 1;
                run.state = State::Waiting;
                return Ok(true);
            }
        }
        for trial in &mut self.trials {
            if trial.state == State::Paused {
                trial.state = State::Stopped(StopReason::Rule);
            }
        }
        Ok(false)
    }

    /// Compares the runs at every rung at which nobody is under way any more.
    pub(super) fn settle(&mut self, ladder: &[usize]) -> Result<()> {
        for (rung, &epoch) in ladder.iter().enumerate().take(ladder.len() - 1) {
            let Some(keep) = self.settings.keep_at_rung() else {
                return Ok(());
            };
            for bracket in self.settings.brackets() {
                let here: Vec<usize> = bracket
                    .into_iter()
                    .filter(|&i| self.trials[i].rung == rung)
                    .collect();
                let under_way = |t: &Trial| matches!(t.state, State::Waiting | State::Running);
                if here.iter().any(|&i| under_way(&self.trials[i])) {
                    continue;
                }
                if !here.iter().any(|&i| self.trials[i].state == State::Paused) {
                    continue;
                }
                let scores = self.scores(&here, epoch)?;
                let kept = cut::survivors(&scores, keep(here.len()), self.settings.seed_noise);
                for (place, &i) in here.iter().enumerate() {
                    let run = &mut self.trials[i];
                    if run.state != State::Paused {
                        continue;
                    }
                    if kept.contains(&place) {
                        run.rung += 1;
                        run.state = State::Waiting;
                    } else {
                        run.state = State::Stopped(StopReason::Rule);
                    }
                }
            }
        }
        Ok(())
    }

    fn scores(&self, trials: &[usize], epoch: usize) -> Result<Vec<f64>> {
        let criterion = &self.settings.criterion;
        trials
            .iter()
            .map(|&i| self.trials[i].score(i, criterion, epoch))
            .collect()
    }
}
