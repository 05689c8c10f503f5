//! The architectures: each is one file, a config that says how large it is, and a function from
//! pair vectors to atomic energies over the tape.
//!
//! A new architecture is a file here with a config that implements [`Model`], and a line in
//! [`ModelConfig`]; energies, forces, stress, training, files and the conformance tests follow.

mod allegro;
mod bessel;
mod elements;
mod mace;
mod mlp;
mod nequip;
mod painn;
mod radial;
mod readout;
mod scale_shift;
mod schnet;
mod settings;
mod spookynet;
mod zbl;

use atoms::Structure;
use backend::tape::Var;
use serde::{Deserialize, Serialize};

use crate::{
    batch::{Batch, ELEMENTS},
    error::{Error, Result},
    weights::{Layout, Scope},
};

pub use allegro::AllegroConfig;
pub use elements::Elements;
pub use mace::MaceConfig;
pub use nequip::NequIPConfig;
pub(crate) use painn::EPSILON as PAINN_EPSILON;
pub use painn::PaiNNConfig;
pub use radial::{RadialConfig, cosine_cutoff};
pub use schnet::SchNetConfig;
pub use spookynet::{Attention, ResidualConfig, SpookyNetConfig, spookynet_state_dict};
pub use zbl::ZblConfig;
pub(crate) use zbl::half_repulsion;

/// The first learning rate of models whose weights all start at a variance of one, as in the examples of `NequIP` and MACE; a tenth
/// of it, which suits weights drawn by fan-in, learns several times slower.
const RATE_OF_UNIT_WEIGHTS: f64 = 1e-2;

/// What a model sees of a batch.
#[derive(Debug)]
pub struct Input<'a> {
    /// Atoms, graphs and pairs.
    pub batch: &'a Batch,
    /// The vectors of the pairs on the tape, `[E, 3]` (Å). Everything that depends on the geometry
    /// must be computed from these, because forces and stress are derivatives by them.
    pub vectors: &'a Var<2>,
}

/// An interatomic potential: the energy of each atom from species and pair vectors.
pub trait Model: std::fmt::Debug + Send + Sync {
    /// The distance from which on atoms do not see each other (Å).
    fn cutoff(&self) -> f64;

    /// Names, shapes and starting values of the weights.
    fn layout(&self) -> Layout;

    /// The energy of each atom, before scale and reference energies.
    ///
    /// # Shapes
    /// - output: `[N, 1]`
    fn energies(&self, weights: &Scope<'_>, input: &Input<'_>) -> Var<2>;

    /// Whether the model has an embedding of an element.
    fn knows(&self, z: u8) -> bool {
        usize::from(z) < ELEMENTS
    }

    /// Whether the energy of an atom depends on the pairs alone of which it is the centre, and on no other atom's
    /// features: large structures are then evaluated some atoms at a time.
    fn is_local(&self) -> bool {
        false
    }

    /// The first learning rate that suits the scale of the weights: a step of Adam moves each of them by about the rate.
    fn first_rate(&self) -> f64 {
        1e-3
    }

    /// Layers of message passing.
    fn depth(&self) -> usize;

    /// Features per atom.
    fn width(&self) -> usize;

    /// The paper's measure of capacity: depth × width.
    fn capacity(&self) -> usize {
        self.depth() * self.width()
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting outside its range.
    fn validate(&self) -> Result<()>;
}

/// Every architecture with its settings, by `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum ModelConfig {
    /// `SchNet`: invariant features, continuous-filter convolutions.
    SchNet(SchNetConfig),
    /// `PaiNN`: scalar and vector features.
    PaiNN(PaiNNConfig),
    /// Allegro: tensors of pairs, strictly local.
    Allegro(AllegroConfig),
    /// `NequIP`: messages with tensors of every degree.
    NequIP(NequIPConfig),
    /// MACE: messages with products of many bodies.
    Mace(MaceConfig),
    /// `SpookyNet`: charge and spin, nonlocal attention, electrostatics and dispersion.
    SpookyNet(SpookyNetConfig),
    /// Any of the others with the repulsion of nuclei added.
    Zbl(ZblConfig),
}

impl ModelConfig {
    /// The settings as the architecture that they configure.
    #[must_use]
    pub fn model(&self) -> Box<dyn Model> {
        match self {
            Self::SchNet(config) => Box::new(config.clone()),
            Self::PaiNN(config) => Box::new(config.clone()),
            Self::Allegro(config) => Box::new(config.clone()),
            Self::NequIP(config) => Box::new(config.clone()),
            Self::Mace(config) => Box::new(config.clone()),
            Self::SpookyNet(config) => Box::new(config.clone()),
            Self::Zbl(config) => Box::new(config.clone()),
        }
    }

    /// The name of the architecture as papers write it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SchNet(_) => "SchNet",
            Self::PaiNN(_) => "PaiNN",
            Self::Allegro(_) => "Allegro",
            Self::NequIP(_) => "NequIP",
            Self::Mace(_) => "MACE",
            Self::SpookyNet(_) => "SpookyNet",
            Self::Zbl(config) => config.model.name(),
        }
    }

    /// The same model with the repulsion of nuclei at short distances added.
    #[must_use]
    pub fn with_zbl(self) -> Self {
        Self::Zbl(ZblConfig {
            model: Box::new(self),
        })
    }

    /// How many trainable numbers the model has.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.model().layout().parameters()
    }
}

impl From<SchNetConfig> for ModelConfig {
    fn from(config: SchNetConfig) -> Self {
        Self::SchNet(config)
    }
}

impl From<PaiNNConfig> for ModelConfig {
    fn from(config: PaiNNConfig) -> Self {
        Self::PaiNN(config)
    }
}

impl From<AllegroConfig> for ModelConfig {
    fn from(config: AllegroConfig) -> Self {
        Self::Allegro(config)
    }
}

impl From<NequIPConfig> for ModelConfig {
    fn from(config: NequIPConfig) -> Self {
        Self::NequIP(config)
    }
}

impl From<MaceConfig> for ModelConfig {
    fn from(config: MaceConfig) -> Self {
        Self::Mace(config)
    }
}

impl From<SpookyNetConfig> for ModelConfig {
    fn from(config: SpookyNetConfig) -> Self {
        Self::SpookyNet(config)
    }
}

/// Checks that the model has an embedding of every atom.
pub(crate) fn check_elements(model: &dyn Model, structures: &[Structure]) -> Result<()> {
    for (index, structure) in structures.iter().enumerate() {
        if let Some(atom) = structure.species.iter().position(|&z| !model.knows(z)) {
            let symbol = atoms::element::symbol(structure.species[atom]).unwrap_or("?");
            return Err(Error::UnknownElement {
                index,
                atom,
                symbol,
            });
        }
    }
    Ok(())
}
