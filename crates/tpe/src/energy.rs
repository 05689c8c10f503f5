//! Energy of a run from a power log.
//!
//! The log is what `nvidia-smi --query-gpu=timestamp,index,power.draw --format=csv -l 1` writes:
//! columns `timestamp`, ` index`, ` power.draw [W]` (with their leading spaces) and values such
//! as ` 56.23 W`. Power is integrated over time by the trapezoid rule, for each GPU by itself.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::table::Table;
use crate::{Error, Result};

/// One reading.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Time (s) from any origin that all readings share.
    pub seconds: f64,
    /// Number of the GPU.
    pub gpu: u32,
    /// Power (W).
    pub watts: f64,
}

/// The energy of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Energy {
    /// Over all GPUs (J).
    pub joules: f64,
    /// For each GPU (J).
    pub by_gpu: BTreeMap<u32, f64>,
    /// From the first to the last reading (s).
    pub seconds: f64,
    /// Longest time between two readings of one GPU (s). Energy inside a long gap is a guess.
    pub longest_gap: f64,
}

impl Energy {
    /// Energy of one epoch (J), if all of the log belongs to `epochs` equal epochs.
    #[must_use]
    pub fn per_epoch(&self, epochs: usize) -> Option<f64> {
        (epochs > 0).then(|| self.joules / epochs as f64)
    }

    /// Energy of one step (J), if all of the log belongs to `steps` equal steps.
    #[must_use]
    pub fn per_step(&self, steps: usize) -> Option<f64> {
        (steps > 0).then(|| self.joules / steps as f64)
    }
}

/// Reads a log in the form of nvidia-smi. A log without an index column has one GPU, number 0;
/// a timestamp may also be a plain number of seconds.
///
/// # Errors
/// A file that cannot be read, a column that is missing, or the line of a value that is not a
/// time, an index or a power.
pub fn read_power_log(path: &Path) -> Result<Vec<Reading>> {
    let table = Table::read(path)?;
    let time = table.column("timestamp")?;
    let power = table.column("power.draw")?;
    let index = table.optional_column("index");
    table
        .rows()
        .map(|row| {
            let gpu = match index {
                Some(column) => row.parse(column, "a GPU index")?,
                None => 0,
            };
            let seconds = seconds_of(row.text(time)).ok_or_else(|| {
                row.problem(format!(
                    "expected a time such as 2022/05/01 12:00:00.123, got {:?}",
                    row.text(time)
                ))
            })?;
            let text = row.text(power);
            let watts = text.trim_end_matches('W').trim_end().parse::<f64>();
            match watts {
                Ok(watts) if watts >= 0.0 && watts.is_finite() => Ok(Reading {
                    seconds,
                    gpu,
                    watts,
                }),
                _ => Err(row.problem(format!("expected a power such as 56.23 W, got {text:?}"))),
            }
        })
        .collect()
}

/// Integrates the power of each GPU over time.
///
/// # Errors
/// [`Error::Settings`] where a GPU has fewer than two readings, or where its time runs backwards.
pub fn integrate(readings: &[Reading]) -> Result<Energy> {
    let mut by_gpu: BTreeMap<u32, Vec<Reading>> = BTreeMap::new();
    for reading in readings {
        by_gpu.entry(reading.gpu).or_default().push(*reading);
    }
    if by_gpu.is_empty() {
        return Err(Error::Settings("the power log has no reading".to_owned()));
    }
    let mut energy = Energy {
        joules: 0.0,
        by_gpu: BTreeMap::new(),
        seconds: 0.0,
        longest_gap: 0.0,
    };
    let (mut start, mut end) = (f64::INFINITY, f64::NEG_INFINITY);
    for (gpu, readings) in by_gpu {
        if readings.len() < 2 {
            return Err(Error::Settings(format!(
                "GPU {gpu} has one reading; the trapezoid rule needs two"
            )));
        }
        let mut joules = 0.0;
        for two in readings.windows(2) {
            let gap = two[1].seconds - two[0].seconds;
            if gap < 0.0 {
                return Err(Error::Settings(format!(
                    "the time of GPU {gpu} runs backwards by {} s",
                    -gap
                )));
            }
            joules += 0.5 * (two[0].watts + two[1].watts) * gap;
            energy.longest_gap = energy.longest_gap.max(gap);
        }
        start = start.min(readings[0].seconds);
        end = end.max(readings[readings.len() - 1].seconds);
        energy.joules += joules;
        energy.by_gpu.insert(gpu, joules);
    }
    energy.seconds = end - start;
    Ok(energy)
}

/// Seconds of `2022/05/01 12:00:00.123` (or with dashes, or with a T) since the start of year 0,
/// or a plain number.
fn seconds_of(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds.is_finite().then_some(seconds);
    }
    let (date, time) = text.split_once([' ', 'T'])?;
    let mut date = date.split(['/', '-']).map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut time = time.trim().splitn(3, ':');
    let hours: u32 = time.next()?.parse().ok()?;
    let minutes: u32 = time.next()?.parse().ok()?;
    let seconds: f64 = time.next()?.parse().ok()?;
    let legal = (1..=12).contains(&month) && (1..=31).contains(&day) && hours < 24 && minutes < 60;
    if date.next().is_some() || !legal || !(0.0..61.0).contains(&seconds) {
        return None;
    }
    let of_day = f64::from(hours * 3600 + minutes * 60) + seconds;
    Some(days(year, month, day) as f64 * 86_400.0 + of_day)
}

/// Days of the Gregorian calendar, by counting years from March so that the leap day is last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_across_days_and_leap_years() {
        let gap = |a, b| seconds_of(b).expect("a time") - seconds_of(a).expect("a time");
        let close =
            |got: f64, expected: f64| approx::assert_relative_eq!(got, expected, epsilon = 1e-3);
        close(
            gap("2022/05/01 23:59:59.500", "2022/05/02 00:00:00.250"),
            0.75,
        );
        close(
            gap("2024-02-28T12:00:00", "2024-03-01T12:00:00"),
            2.0 * 86_400.0,
        );
        close(gap("2023/02/28 12:00:00", "2023/03/01 12:00:00"), 86_400.0);
        close(gap("1.5", "2.0"), 0.5);
        for bad in [
            "",
            "now",
            "2022/13/01 00:00:00",
            "2022/05/01 25:00:00",
            "2022/05/01",
            "NaN",
        ] {
            assert!(seconds_of(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_ramp_of_power_has_the_area_of_its_trapezoid() {
        let reading = |seconds, gpu, watts| Reading {
            seconds,
            gpu,
            watts,
        };
        let log = [
            reading(0.0, 0, 100.0),
            reading(0.0, 1, 50.0),
            reading(2.0, 0, 200.0),
            reading(3.0, 1, 50.0),
        ];
        let energy = integrate(&log).expect("energy");
        approx::assert_relative_eq!(energy.by_gpu[&0], 300.0);
        approx::assert_relative_eq!(energy.by_gpu[&1], 150.0);
        approx::assert_relative_eq!(energy.joules, 450.0);
        approx::assert_relative_eq!(energy.longest_gap, 3.0);
        assert_eq!(energy.per_epoch(3), Some(150.0));
        assert_eq!(energy.per_step(0), None);
        assert!(integrate(&log[..1]).is_err());
        assert!(integrate(&[log[2], log[0]]).is_err());
    }
}
