//! Draws the study's events: a bar with rate and time left on a terminal, plain lines elsewhere.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares and seconds are small and not negative"
)]

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use study::event::Event;
use study::results::InputSummary;

/// Steps of the bar: costs are relative, so the bar counts their share.
const PARTS: f64 = 10_000.0;
/// Plain lines about the whole study come this often.
const EVERY: Duration = Duration::from_secs(15);

pub(crate) struct Display {
    bars: Option<(MultiProgress, ProgressBar)>,
    state: Mutex<State>,
}

struct State {
    started: Instant,
    said: Instant,
    /// Cost of the whole study, as far as it is known.
    total: f64,
    /// Cost of what was on record or has been done, and of the part done in this sitting.
    done: f64,
    fresh: f64,
    running: BTreeMap<usize, String>,
    finished: usize,
    bars: BTreeMap<usize, ProgressBar>,
}

impl Display {
    pub(crate) fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(|| {
            let bars = MultiProgress::new();
            let style =
                ProgressStyle::with_template("{bar:36} {percent:>3} %  {prefix}  {wide_msg}")
                    .expect("the template is sound");
            let total = bars.add(ProgressBar::new(PARTS as u64).with_style(style));
            (bars, total)
        });
        let now = Instant::now();
        Self {
            bars,
            state: Mutex::new(State {
                started: now,
                said: now,
                total: 0.0,
                done: 0.0,
                fresh: 0.0,
                running: BTreeMap::new(),
                finished: 0,
                bars: BTreeMap::new(),
            }),
        }
    }

    /// A line above the bars, or on its own.
    fn say(&self, line: &str) {
        match &self.bars {
            Some((bars, _)) => {
                let _ = bars.println(line);
            }
            None => println!("{line}"),
        }
    }

    pub(crate) fn inputs(&self, inputs: &[InputSummary]) {
        for input in inputs {
            self.say(&format!(
                "{}: {} usable from {}, {} for validation",
                input.what, input.usable, input.origin, input.validation
            ));
            if let Some(file) = &input.rejects_file {
                self.say(&format!(
                    "{}: {} could not be used and are left out; {file} in the study's folder lists them with the reason",
                    input.what, input.rejected
                ));
            }
        }
    }

    pub(crate) fn event(&self, event: &Event) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Note(note) => self.say(note),
            Event::StudyPlanned { cost } => state.total = *cost,
            Event::PhaseStarted {
                phase,
                runs,
                on_record,
                cost_on_record,
                ..
            } => {
                state.done += cost_on_record;
                let known = if *on_record > 0 {
                    format!(", {on_record} on record")
                } else {
                    String::new()
                };
                self.say(&format!("{phase}: {runs} runs{known}"));
            }
            Event::RunStarted { worker, spec } => {
                state.running.insert(*worker, spec.label());
                if let Some((bars, _)) = &self.bars {
                    let bar = state.bars.entry(*worker).or_insert_with(|| {
                        let style = ProgressStyle::with_template("  {bar:20} {wide_msg}")
                            .expect("the template is sound");
                        bars.add(ProgressBar::new(1).with_style(style))
                    });
                    bar.set_position(0);
                    bar.set_message(spec.label());
                }
            }
            Event::RunProgress {
                worker,
                step,
                steps,
                loss,
                cost,
            } => {
                state.done += cost;
                state.fresh += cost;
                if let (Some(bar), Some(label)) =
                    (state.bars.get(worker), state.running.get(worker))
                {
                    bar.set_length(*steps);
                    bar.set_position(*step);
                    bar.set_message(format!("{label}: loss {loss:.4}"));
                }
                self.overall(&mut state);
            }
            Event::RunFinished {
                worker,
                spec,
                score,
                wall_s,
            } => {
                state.running.remove(worker);
                state.finished += 1;
                if self.bars.is_none() {
                    self.say(&format!(
                        "  {}: {score:.4} after {wall_s:.1} s",
                        spec.label()
                    ));
                }
            }
            _ => {}
        }
    }

    /// Share done, rate and time left.
    fn overall(&self, state: &mut State) {
        let elapsed = state.started.elapsed();
        // What the search keeps is known only after its cut, so the total is an estimate until then.
        let total = state.total.max(state.done);
        let share = if total > 0.0 { state.done / total } else { 0.0 };
        let left = (total - state.done) / state.fresh.max(1e-9) * elapsed.as_secs_f64();
        let warm = elapsed > Duration::from_secs(3) && state.fresh > 0.0;
        let left = if warm {
            format!("about {} left", clock(left))
        } else {
            "…".to_owned()
        };
        match &self.bars {
            Some((_, bar)) => {
                bar.set_position((share * PARTS) as u64);
                bar.set_prefix(format!(
                    "{} runs done in {}",
                    state.finished,
                    clock(elapsed.as_secs_f64())
                ));
                bar.set_message(left);
            }
            None if state.said.elapsed() > EVERY => {
                state.said = Instant::now();
                println!(
                    "{:3.0} %, {} runs done in {}, {left}",
                    100.0 * share,
                    state.finished,
                    clock(elapsed.as_secs_f64())
                );
            }
            None => {}
        }
    }

    pub(crate) fn finish(&self) {
        if let Some((bars, _)) = &self.bars {
            let _ = bars.clear();
        }
    }
}

fn clock(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
