//! A simulation in a folder: trajectory, table of energies, and a state to go on from.

use std::path::{Path, PathBuf};

use backend::run::Metrics;
use serde::{Deserialize, Serialize};

use super::{Drift, DynamicsSettings, Simulation, State, Trajectory};
use crate::{
    error::{Error, Result},
    potential::{ForceField, Uncertainty},
};

const STATE: &str = "state.json";
const TRAJECTORY: &str = "trajectory.xyz";
const COLUMNS: [&str; 7] = [
    "step",
    "time_fs",
    "temperature_k",
    "kinetic_ev",
    "potential_ev",
    "total_ev",
    "force_spread_ev_per_angstrom",
];

/// How a simulation steps and what it writes down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    /// How it steps.
    pub dynamics: DynamicsSettings,
    /// Steps between two frames of the trajectory.
    pub frame_every: u64,
    /// Steps between two rows of the table.
    pub row_every: u64,
    /// Steps between two states to go on from.
    pub state_every: u64,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            dynamics: DynamicsSettings::default(),
            frame_every: 20,
            row_every: 10,
            state_every: 1000,
        }
    }
}

/// What a run goes on from.
#[derive(Debug, Serialize, Deserialize)]
struct Checkpoint {
    settings: RunSettings,
    drift: Drift,
    trajectory_bytes: u64,
    state: State,
}

/// A simulation that writes `trajectory.xyz`, `metrics.csv` and `state.json` into a folder.
#[derive(Debug)]
pub struct Run<F> {
    simulation: Simulation<F>,
    settings: RunSettings,
    drift: Drift,
    trajectory: Trajectory,
    table: Metrics,
    state_path: PathBuf,
}

impl<F: ForceField> Run<F> {
    /// Starts a run in a folder, which is made if need be.
    ///
    /// # Errors
    /// A folder that holds a run already, a file that cannot be written, a setting outside its range, or
    /// a structure that cannot be evaluated.
    pub fn start(folder: &Path, field: F, state: State, settings: RunSettings) -> Result<Self> {
        let path = folder.join(STATE);
        if path.exists() {
            return Err(Error::OtherRun {
                path,
                what: "start",
            });
        }
        // Rows of a run that was killed before its first state.
        for name in ["metrics.csv", "metrics.jsonl"] {
            let path = folder.join(name);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::Io { path, source });
                }
                _ => {}
            }
        }
        let mut run = Self::open(folder, field, state, settings, Drift::default(), 0)?;
        run.write_row()?;
        run.write_frame()?;
        run.save()?;
        Ok(run)
    }

    /// Goes on with the run of a folder from its last state.
    ///
    /// # Errors
    /// No run in the folder, one with other settings, or the errors of [`Run::start`].
    pub fn resume(folder: &Path, field: F, settings: RunSettings) -> Result<Self> {
        let path = folder.join(STATE);
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Io {
            path: path.clone(),
            source,
        })?;
        let checkpoint: Checkpoint = serde_json::from_str(&text).map_err(|source| Error::Json {
            path: path.clone(),
            source,
        })?;
        // How often the state is written does not change a number.
        let settings_then = RunSettings {
            state_every: settings.state_every,
            ..checkpoint.settings
        };
        if settings_then != settings {
            return Err(Error::OtherRun {
                path,
                what: "timestep, thermostat, seed or interval",
            });
        }
        Self::open(
            folder,
            field,
            checkpoint.state,
            settings,
            checkpoint.drift,
            checkpoint.trajectory_bytes,
        )
    }

    fn open(
        folder: &Path,
        field: F,
        state: State,
        settings: RunSettings,
        drift: Drift,
        trajectory_bytes: u64,
    ) -> Result<Self> {
        for (name, every) in [
            ("frame_every", settings.frame_every),
            ("row_every", settings.row_every),
            ("state_every", settings.state_every),
        ] {
            if every == 0 {
                return Err(Error::Setting {
                    field: name,
                    value: "0".into(),
                    expected: "at least 1",
                });
            }
        }
        let failed = |source| Error::Io {
            path: folder.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        // Everything that can refuse the atoms comes before the first file.
        let simulation = Simulation::new(field, state, settings.dynamics)?;
        let step = simulation.state().step;
        let table = Metrics::open(folder, &COLUMNS, step)
            .map_err(|error| failed(std::io::Error::other(error)))?;
        Ok(Self {
            simulation,
            settings,
            drift,
            trajectory: Trajectory::open(folder.join(TRAJECTORY), trajectory_bytes)?,
            table,
            state_path: folder.join(STATE),
        })
    }

    /// Takes one step, and writes what is due.
    ///
    /// # Errors
    /// A structure that cannot be evaluated any more, or a file that cannot be written; the folder then
    /// still has the last state.
    pub fn advance(&mut self) -> Result<()> {
        self.simulation.advance()?;
        let step = self.simulation.state().step;
        let due = |every: u64| step.is_multiple_of(every);
        if due(self.settings.row_every) {
            self.write_row()?;
        }
        if due(self.settings.frame_every) {
            self.write_frame()?;
        }
        if due(self.settings.state_every) {
            self.save()?;
        }
        Ok(())
    }

    fn write_row(&mut self) -> Result<()> {
        let simulation = &self.simulation;
        let (time, total) = (simulation.time(), simulation.total());
        self.drift.add(time, total);
        let spread = simulation.evaluation().uncertainty.as_ref();
        let row = [
            Some(time),
            Some(simulation.temperature()),
            Some(simulation.kinetic()),
            Some(simulation.evaluation().energy),
            Some(total),
            spread.map(Uncertainty::largest_force),
        ];
        self.table
            .push(simulation.state().step, &row)
            .map_err(|source| self.failed(source))
    }

    fn write_frame(&mut self) -> Result<()> {
        let simulation = &self.simulation;
        let time = simulation.time();
        self.trajectory
            .push(simulation.state(), simulation.evaluation(), time)
    }

    /// Writes the state to go on from. The table and the trajectory are on the disk before it, so that
    /// they hold at least what it says.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(&mut self) -> Result<()> {
        self.table.flush().map_err(|source| self.failed(source))?;
        let checkpoint = Checkpoint {
            settings: self.settings,
            drift: self.drift,
            trajectory_bytes: self.trajectory.sync()?,
            state: self.simulation.state().clone(),
        };
        backend::run::write_json(&self.state_path, &checkpoint)
            .map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::Io {
            path: self.state_path.clone(),
            source,
        }
    }

    /// The atoms under way.
    #[must_use]
    pub fn simulation(&self) -> &Simulation<F> {
        &self.simulation
    }

    /// The trend of the total energy over the rows of the table.
    #[must_use]
    pub fn drift(&self) -> &Drift {
        &self.drift
    }
}
