//! Fixed, bounded and tied parameters, and the map from the free coordinates to all of them.

use crate::error::{Error, Result};
use crate::law::Law;
use crate::linalg::{MAX_PARAMETERS, Vector, ZERO_VECTOR};
use serde::{Deserialize, Serialize};

/// A restriction on one parameter, in its natural units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Constraint {
    /// The parameter has this value; a floor may be fixed at 0, which removes its term.
    Fixed {
        /// The parameter.
        name: String,
        /// Its value.
        value: f64,
    },
    /// The parameter stays between these ends.
    Bounded {
        /// The parameter.
        name: String,
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// The parameter is `factor` times another one. For the joint law, alpha tied to beta with factor
    /// 1 fixes the allocation exponent at a = 0.5, and beta = a/(1-a) alpha fixes it at any a.
    Tied {
        /// The parameter.
        name: String,
        /// The one that it follows.
        to: String,
        /// Their ratio.
        factor: f64,
    },
}

impl Constraint {
    /// A parameter with a given value.
    #[must_use]
    pub fn fixed(name: &str, value: f64) -> Self {
        Self::Fixed {
            name: name.into(),
            value,
        }
    }

    /// A parameter between two ends.
    #[must_use]
    pub fn bounded(name: &str, lower: f64, upper: f64) -> Self {
        Self::Bounded {
            name: name.into(),
            lower,
            upper,
        }
    }

    /// A parameter that follows another one.
    #[must_use]
    pub fn tied(name: &str, to: &str, factor: f64) -> Self {
        Self::Tied {
            name: name.into(),
            to: to.into(),
            factor,
        }
    }

    /// The allocation exponent a = beta/(alpha+beta) of the joint law at a given value:
    /// N* grows as C^a (Hoffmann et al. 2022, Eq. 4).
    ///
    /// # Errors
    /// [`Error::InvalidConstraint`] unless 0 < a < 1.
    pub fn allocation(a: f64) -> Result<Self> {
        if !(a > 0.0 && a < 1.0) {
            return Err(Error::InvalidConstraint {
                name: "beta".into(),
                reason: format!("allocation exponent is {a}, expected a number between 0 and 1"),
            });
        }
        Ok(Self::tied("beta", "alpha", a / (1.0 - a)))
    }

    fn name(&self) -> &str {
        match self {
            Self::Fixed { name, .. } | Self::Bounded { name, .. } | Self::Tied { name, .. } => name,
        }
    }
}

/// Where a parameter's coordinate comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source {
    Fixed(f64),
    /// `offset + scale * phi[index]`
    Free {
        index: usize,
        scale: f64,
        offset: f64,
    },
}

/// The free coordinates phi of a fit and how all coordinates theta follow from them.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) sources: [Source; MAX_PARAMETERS],
    pub(crate) parameters: usize,
    pub(crate) free: usize,
    /// Index of the parameter that each free coordinate stands for.
    pub(crate) owner: [usize; MAX_PARAMETERS],
    pub(crate) lower: Vector,
    pub(crate) upper: Vector,
    /// Bounds that the caller set, in free coordinates.
    pub(crate) caller_bounds: [Option<(f64, f64)>; MAX_PARAMETERS],
    identity: bool,
}

impl Space {
    /// Builds the map; `implied` gives wide bounds in coordinates that keep the solver in range.
    pub(crate) fn new(
        law: Law,
        constraints: &[Constraint],
        implied: &[(f64, f64)],
    ) -> Result<Self> {
        let specs = law.specs();
        let mut fixed = [None; MAX_PARAMETERS];
        let mut bounds = [None; MAX_PARAMETERS];
        let mut ties: [Option<(usize, f64)>; MAX_PARAMETERS] = [None; MAX_PARAMETERS];
        for constraint in constraints {
            let index = law.index_of(constraint.name())?;
            let invalid = |reason: String| Error::InvalidConstraint {
                name: constraint.name().to_owned(),
                reason,
            };
            if fixed[index].is_some() || ties[index].is_some() {
                return Err(invalid("the parameter is restricted twice".into()));
            }
            let spec = specs[index];
            let coordinate = |value: f64| if spec.positive { value.ln() } else { value };
            match constraint {
                Constraint::Fixed { value, .. } => {
                    let zero_floor = spec.floor && *value == 0.0;
                    if !value.is_finite() || (spec.positive && *value <= 0.0 && !zero_floor) {
                        return Err(invalid(format!("{value} is outside its range")));
                    }
                    fixed[index] = Some(coordinate(*value));
                }
                Constraint::Bounded { lower, upper, .. } => {
                    if lower.is_nan() || upper.is_nan() || lower > upper {
                        return Err(invalid(format!(
                            "the ends {lower} and {upper} enclose nothing"
                        )));
                    }
                    if spec.positive && *upper <= 0.0 {
                        return Err(invalid(format!("upper end {upper} is not positive")));
                    }
                    let low = if spec.positive {
                        lower.max(0.0)
                    } else {
                        *lower
                    };
                    bounds[index] = Some((coordinate(low), coordinate(*upper)));
                }
                Constraint::Tied { to, factor, .. } => {
                    let target = law.index_of(to)?;
                    if target == index {
                        return Err(invalid("a parameter cannot follow itself".into()));
                    }
                    if specs[target].positive != spec.positive {
                        return Err(invalid(format!(
                            "`{to}` is fitted on another scale, so it cannot be followed"
                        )));
                    }
                    if !factor.is_finite() || *factor == 0.0 || (spec.positive && *factor < 0.0) {
                        return Err(invalid(format!("factor {factor} is outside its range")));
                    }
                    ties[index] = Some((target, *factor));
                }
            }
        }
        Self::assemble(law, &fixed, &bounds, &ties, implied)
    }

    fn assemble(
        law: Law,
        fixed: &[Option<f64>; MAX_PARAMETERS],
        bounds: &[Option<(f64, f64)>; MAX_PARAMETERS],
        ties: &[Option<(usize, f64)>; MAX_PARAMETERS],
        implied: &[(f64, f64)],
    ) -> Result<Self> {
        let specs = law.specs();
        let mut space = Self {
            sources: [Source::Fixed(0.0); MAX_PARAMETERS],
            parameters: specs.len(),
            free: 0,
            owner: [0; MAX_PARAMETERS],
            lower: [f64::NEG_INFINITY; MAX_PARAMETERS],
            upper: [f64::INFINITY; MAX_PARAMETERS],
            caller_bounds: [None; MAX_PARAMETERS],
            identity: true,
        };
        for (index, spec) in specs.iter().enumerate() {
            if let Some(value) = fixed[index] {
                space.sources[index] = Source::Fixed(value);
                space.identity = false;
            } else if ties[index].is_none() {
                let slot = space.free;
                space.sources[index] = Source::Free {
                    index: slot,
                    scale: 1.0,
                    offset: 0.0,
                };
                space.owner[slot] = index;
                let (low, high) = implied[index];
                space.lower[slot] = low.max(spec.lower);
                space.upper[slot] = high;
                if let Some((low, high)) = bounds[index] {
                    space.lower[slot] = space.lower[slot].max(low);
                    space.upper[slot] = space.upper[slot].min(high);
                    space.caller_bounds[slot] = Some((low, high));
                }
                space.free += 1;
            }
        }
        for (index, tie) in ties.iter().enumerate().take(specs.len()) {
            let Some((target, factor)) = *tie else {
                continue;
            };
            space.identity = false;
            space.sources[index] = match space.sources[target] {
                _ if ties[target].is_some() => {
                    return Err(Error::InvalidConstraint {
                        name: specs[index].name.into(),
                        reason: format!("`{}` is itself tied", specs[target].name),
                    });
                }
                Source::Fixed(value) if specs[index].positive => Source::Fixed(value + factor.ln()),
                Source::Fixed(value) => Source::Fixed(value * factor),
                Source::Free { index, .. } if specs[target].positive => Source::Free {
                    index,
                    scale: 1.0,
                    offset: factor.ln(),
                },
                Source::Free { index, .. } => Source::Free {
                    index,
                    scale: factor,
                    offset: 0.0,
                },
            };
        }
        Ok(space)
    }

    /// All coordinates from the free ones.
    #[inline]
    pub(crate) fn theta(&self, phi: &Vector) -> Vector {
        if self.identity {
            return *phi;
        }
        let mut theta = ZERO_VECTOR;
        for (slot, source) in theta.iter_mut().zip(&self.sources).take(self.parameters) {
            *slot = match *source {
                Source::Fixed(value) => value,
                Source::Free {
                    index,
                    scale,
                    offset,
                } => offset + scale * phi[index],
            };
        }
        theta
    }

    /// Free coordinates nearest to given coordinates, clamped into the bounds.
    pub(crate) fn phi(&self, theta: &Vector) -> Vector {
        let mut phi = ZERO_VECTOR;
        for slot in 0..self.free {
            phi[slot] = theta[self.owner[slot]].clamp(self.lower[slot], self.upper[slot]);
        }
        phi
    }

    /// Coordinates that obey every restriction, from ones that may not.
    pub(crate) fn project(&self, theta: &Vector) -> Vector {
        self.theta(&self.phi(theta))
    }

    /// Gradient with respect to the free coordinates from the one with respect to all.
    #[inline]
    pub(crate) fn pull_back(&self, gradient: &Vector) -> Vector {
        if self.identity {
            return *gradient;
        }
        let mut pulled = ZERO_VECTOR;
        for (entry, source) in gradient.iter().zip(&self.sources).take(self.parameters) {
            if let Source::Free { index, scale, .. } = *source {
                pulled[index] += scale * entry;
            }
        }
        pulled
    }

    /// Derivative of each parameter's coordinate with respect to one free coordinate.
    pub(crate) fn slope(&self, parameter: usize, slot: usize) -> f64 {
        match self.sources[parameter] {
            Source::Free { index, scale, .. } if index == slot => scale,
            _ => 0.0,
        }
    }

    /// The same space with one more free coordinate held at a value.
    pub(crate) fn holding(&self, slot: usize, value: f64) -> Self {
        let mut held = self.clone();
        held.identity = false;
        held.free -= 1;
        for source in held.sources.iter_mut().take(self.parameters) {
            if let Source::Free {
                index,
                scale,
                offset,
            } = *source
            {
                *source = match index.cmp(&slot) {
                    std::cmp::Ordering::Equal => Source::Fixed(offset + scale * value),
                    std::cmp::Ordering::Greater => Source::Free {
                        index: index - 1,
                        scale,
                        offset,
                    },
                    std::cmp::Ordering::Less => *source,
                };
            }
        }
        for at in slot..held.free {
            held.owner[at] = self.owner[at + 1];
            held.lower[at] = self.lower[at + 1];
            held.upper[at] = self.upper[at + 1];
            held.caller_bounds[at] = self.caller_bounds[at + 1];
        }
        held
    }
}
