//! The laws: their parameters, their resources, and the logarithm of their loss with its gradient.
//!
//! Letters: R a single resource, N parameters, D tokens or samples, C compute, L loss.

mod evaluate;
pub(crate) mod seeds;

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// A scaling law.
///
/// Positive parameters are fitted as logarithms; exponents are fitted as they are and may come out
/// negative, which is reported and never forced to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Law {
    /// L = a R^-b.
    Power,
    /// L = E + a R^-b, the power law with a floor.
    Saturating,
    /// L = a (1/R + gamma)^b, the shifted law M3 of Alabdulmohsin et al. 2022 (arXiv:2209.06640, Sec. 3),
    /// optionally above a floor E.
    Shifted {
        /// Whether a floor E is added.
        floor: bool,
    },
    /// (L - `e_inf`) / (`e_0` - L)^alpha = beta R^-c, the sigmoid-like law M4 of the same paper.
    SigmoidLike,
    /// L = E + A N^-alpha + B D^-beta (Hoffmann et al. 2022, arXiv:2203.15556, Eq. 2).
    Joint,
    /// L = ((Nc/N)^(`alpha_N`/`alpha_D`) + Dc/D)^`alpha_D` (Kaplan et al. 2020, arXiv:2001.08361, Eq. 1.5).
    Kaplan,
    /// L = E + (a M^eta + b M^-eta) C^-eta with M = D/N and C = 6 N D
    /// (Gadre et al. 2024, arXiv:2403.08540, Eq. 4).
    OverTraining,
    /// `L = a + b R^-c0 prod_i (1 + (R/d_i)^(1/f_i))^(-c_i f_i)`, the smoothly broken law
    /// (Caballero et al. 2022, arXiv:2210.14891, Eq. 1), with or without the floor a.
    Broken {
        /// Number of breaks, 0 to 3.
        breaks: u8,
        /// Whether the floor a is part of the law.
        floor: bool,
    },
}

/// What is known of a parameter before any data is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ParameterSpec {
    pub(crate) name: &'static str,
    /// Positive parameters are fitted as logarithms.
    pub(crate) positive: bool,
    /// A floor may be zero: the law then loses that term.
    pub(crate) floor: bool,
    /// Lower bound in the fitted coordinate.
    pub(crate) lower: f64,
}

const fn positive(name: &'static str) -> ParameterSpec {
    ParameterSpec {
        name,
        positive: true,
        floor: false,
        lower: f64::NEG_INFINITY,
    }
}

const fn floor(name: &'static str) -> ParameterSpec {
    ParameterSpec {
        floor: true,
        ..positive(name)
    }
}

const fn free(name: &'static str) -> ParameterSpec {
    ParameterSpec {
        name,
        positive: false,
        floor: false,
        lower: f64::NEG_INFINITY,
    }
}

const fn at_least_zero(name: &'static str) -> ParameterSpec {
    ParameterSpec {
        lower: 0.0,
        ..free(name)
    }
}

const POWER: [ParameterSpec; 2] = [positive("a"), free("b")];
const SATURATING: [ParameterSpec; 3] = [floor("E"), positive("a"), free("b")];
const SHIFTED: [ParameterSpec; 4] = [positive("a"), free("b"), floor("gamma"), floor("E")];
const SIGMOID_LIKE: [ParameterSpec; 5] = [
    floor("e_inf"),
    positive("e_0"),
    at_least_zero("alpha"),
    positive("beta"),
    free("c"),
];
const JOINT: [ParameterSpec; 5] = [
    positive("A"),
    positive("B"),
    floor("E"),
    free("alpha"),
    free("beta"),
];
const KAPLAN: [ParameterSpec; 4] = [
    positive("Nc"),
    positive("Dc"),
    free("alpha_N"),
    free("alpha_D"),
];
const OVER_TRAINING: [ParameterSpec; 4] = [positive("a"), positive("b"), free("eta"), floor("E")];
const BROKEN: [ParameterSpec; 12] = [
    floor("a"),
    positive("b"),
    free("c0"),
    free("c1"),
    positive("d1"),
    positive("f1"),
    free("c2"),
    positive("d2"),
    positive("f2"),
    free("c3"),
    positive("d3"),
    positive("f3"),
];

impl Law {
    /// The short name of the law, as used on the command line and in JSON.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Power => "power".into(),
            Self::Saturating => "saturating".into(),
            Self::Shifted { floor: false } => "shifted".into(),
            Self::Shifted { floor: true } => "shifted_floor".into(),
            Self::SigmoidLike => "sigmoid_like".into(),
            Self::Joint => "joint".into(),
            Self::Kaplan => "kaplan".into(),
            Self::OverTraining => "over_training".into(),
            Self::Broken { breaks, floor } => {
                format!("broken{breaks}{}", if *floor { "" } else { "_no_floor" })
            }
        }
    }

    /// The law with this [`Law::name`].
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for an unknown name.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::all()
            .into_iter()
            .find(|law| law.name() == name)
            .ok_or_else(|| Error::InvalidOption {
                option: "law".into(),
                value: name.into(),
                expected: Self::all()
                    .iter()
                    .map(Self::name)
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// Every law of this crate.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::Power,
            Self::Saturating,
            Self::Shifted { floor: false },
            Self::Shifted { floor: true },
            Self::SigmoidLike,
            Self::Joint,
            Self::Kaplan,
            Self::OverTraining,
        ];
        for floor in [true, false] {
            all.extend((0..=3).map(|breaks| Self::Broken { breaks, floor }));
        }
        all
    }

    /// Names of the resources, in the order that [`crate::Points::resources`] has them.
    #[must_use]
    pub fn resources(&self) -> &'static [&'static str] {
        match self {
            Self::Joint | Self::Kaplan | Self::OverTraining => &["N", "D"],
            _ => &["R"],
        }
    }

    /// Names of the parameters, in the order of [`crate::Fit::parameters`].
    #[must_use]
    pub fn parameter_names(&self) -> Vec<&'static str> {
        self.specs().iter().map(|spec| spec.name).collect()
    }

    /// A formula for people.
    #[must_use]
    pub fn formula(&self) -> String {
        match self {
            Self::Power => "L = a R^-b".into(),
            Self::Saturating => "L = E + a R^-b".into(),
            Self::Shifted { floor: false } => "L = a (1/R + gamma)^b".into(),
            Self::Shifted { floor: true } => "L = E + a (1/R + gamma)^b".into(),
            Self::SigmoidLike => "(L - e_inf) / (e_0 - L)^alpha = beta R^-c".into(),
            Self::Joint => "L = E + A N^-alpha + B D^-beta".into(),
            Self::Kaplan => "L = ((Nc/N)^(alpha_N/alpha_D) + Dc/D)^alpha_D".into(),
            Self::OverTraining => "L = E + (a M^eta + b M^-eta) C^-eta, M = D/N, C = 6 N D".into(),
            Self::Broken { breaks: 0, floor } => {
                format!("L = {}b R^-c0", if *floor { "a + " } else { "" })
            }
            Self::Broken { breaks, floor } => format!(
                "L = {}b R^-c0 prod_i=1..{breaks} (1 + (R/d_i)^(1/f_i))^(-c_i f_i)",
                if *floor { "a + " } else { "" }
            ),
        }
    }

    /// Loss at one point, from the parameters in the order of [`Law::parameter_names`].
    ///
    /// Works in logarithms, so it neither overflows nor loses digits; a floor of 0 is allowed.
    #[must_use]
    pub fn loss(&self, parameters: &[f64], resources: &[f64]) -> f64 {
        self.ln_loss(parameters, resources).exp()
    }

    /// ln of the loss at one point.
    #[must_use]
    pub fn ln_loss(&self, parameters: &[f64], resources: &[f64]) -> f64 {
        let mut coordinates = crate::linalg::ZERO_VECTOR;
        for ((slot, spec), value) in coordinates.iter_mut().zip(self.specs()).zip(parameters) {
            *slot = if spec.positive { value.ln() } else { *value };
        }
        let mut ln_x = [0.0; 2];
        for (slot, value) in ln_x.iter_mut().zip(resources) {
            *slot = value.ln();
        }
        self.evaluate(&coordinates, ln_x)
    }

    /// Number of parameters.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.specs().len()
    }

    pub(crate) fn specs(self) -> &'static [ParameterSpec] {
        match self {
            Self::Power => &POWER,
            Self::Saturating => &SATURATING,
            Self::Shifted { floor: false } => &SHIFTED[..3],
            Self::Shifted { floor: true } => &SHIFTED,
            Self::SigmoidLike => &SIGMOID_LIKE,
            Self::Joint => &JOINT,
            Self::Kaplan => &KAPLAN,
            Self::OverTraining => &OVER_TRAINING,
            Self::Broken { breaks, floor } => {
                let end = 3 + 3 * usize::from(breaks.min(3));
                &BROKEN[usize::from(!floor)..end]
            }
        }
    }

    pub(crate) fn index_of(self, name: &str) -> Result<usize> {
        self.specs()
            .iter()
            .position(|spec| spec.name == name)
            .ok_or_else(|| Error::UnknownParameter {
                law: self.name(),
                name: name.to_owned(),
                known: self
                    .parameter_names()
                    .iter()
                    .map(|&n| n.to_owned())
                    .collect(),
            })
    }

    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Broken { breaks, .. } if breaks > 3 => Err(Error::InvalidOption {
                option: "breaks".into(),
                value: breaks.to_string(),
                expected: "0 to 3".into(),
            }),
            _ => Ok(()),
        }
    }
}
