//! How many bonds an atom may have: the semantic constraints of SELFIES.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::element::Element;
use crate::symbol::INDEX_SYMBOLS;

/// Bonding capacities by element and charge, as a value that is passed in.
///
/// Keys are `C`, `C+1`, `C-2` …; `?` stands for every atom that is not listed.
///
/// ```
/// use selfies::Constraints;
/// let constraints = Constraints::new([("C", 4), ("N", 3), ("?", 8)])?;
/// assert_eq!(constraints.capacity("N".parse()?, 0), 3);
/// assert_eq!(constraints.capacity("S".parse()?, -1), 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, u32>", into = "BTreeMap<String, u32>")]
pub struct Constraints {
    /// As given, in alphabetical order.
    entries: BTreeMap<String, u32>,
    /// Capacities of neutral atoms by atomic number.
    neutral: Vec<u32>,
    /// Capacities of charged atoms.
    charged: BTreeMap<(Element, i32), u32>,
    /// The capacity under `?`.
    other: u32,
}

/// A named set of constraints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// P up to 5 and S up to 6 bonds, halogens one, N three.
    #[default]
    Default,
    /// S two and P three bonds, charged ones accordingly.
    OctetRule,
    /// Cl, Br and I up to 7, N up to 5 bonds.
    Hypervalent,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 3] = [Self::Default, Self::OctetRule, Self::Hypervalent];

    /// The name that the Python package uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::OctetRule => "octet_rule",
            Self::Hypervalent => "hypervalent",
        }
    }
}

/// What is wrong with a set of constraints. The texts are those of the Python
/// package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// No preset has this name.
    #[error("unrecognized preset name '{name}'")]
    UnknownPreset {
        /// The name.
        name: String,
    },
    /// The key `?` is missing.
    #[error("bond_constraints missing '?' as a key")]
    MissingDefault,
    /// A key is no element with an optional charge.
    #[error("invalid key '{key}' in bond_constraints")]
    InvalidKey {
        /// The key.
        key: String,
    },
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = ConstraintError;

    fn from_str(name: &str) -> Result<Self, ConstraintError> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == name)
            .ok_or_else(|| ConstraintError::UnknownPreset {
                name: name.to_owned(),
            })
    }
}

/// The default preset of the Python package 2.2.0.
const DEFAULT: [(&str, u32); 24] = [
    ("H", 1),
    ("F", 1),
    ("Cl", 1),
    ("Br", 1),
    ("I", 1),
    ("B", 3),
    ("B+1", 2),
    ("B-1", 4),
    ("O", 2),
    ("O+1", 3),
    ("O-1", 1),
    ("N", 3),
    ("N+1", 4),
    ("N-1", 2),
    ("C", 4),
    ("C+1", 3),
    ("C-1", 3),
    ("P", 5),
    ("P+1", 4),
    ("P-1", 6),
    ("S", 6),
    ("S+1", 5),
    ("S-1", 5),
    ("?", 8),
];

/// What the octet-rule preset changes.
const OCTET_RULE: [(&str, u32); 6] = [
    ("S", 2),
    ("S+1", 3),
    ("S-1", 1),
    ("P", 3),
    ("P+1", 4),
    ("P-1", 2),
];

/// What the hypervalent preset changes.
const HYPERVALENT: [(&str, u32); 4] = [("Cl", 7), ("Br", 7), ("I", 7), ("N", 5)];

/// What SELFIES 1.x set differently: boron is not listed, and some ions have
/// other capacities.
const VERSION_1: [(&str, u32); 5] = [("C+1", 5), ("C-1", 3), ("P+1", 6), ("P-1", 4), ("S+1", 7)];

impl Default for Constraints {
    fn default() -> Self {
        Self::preset(Preset::Default)
    }
}

impl From<Preset> for Constraints {
    fn from(preset: Preset) -> Self {
        Self::preset(preset)
    }
}

impl Constraints {
    /// A preset of the Python package 2.2.0.
    #[must_use]
    pub fn preset(preset: Preset) -> Self {
        Self::from_known(DEFAULT.iter().chain(match preset {
            Preset::Default => &[],
            Preset::OctetRule => &OCTET_RULE[..],
            Preset::Hypervalent => &HYPERVALENT[..],
        }))
    }

    /// A preset as the Python package 1.0.4 had it.
    #[must_use]
    pub fn preset_v1(preset: Preset) -> Self {
        let default = DEFAULT
            .iter()
            .filter(|(key, _)| !key.starts_with("B+") && !key.starts_with("B-") && *key != "B");
        Self::from_known(default.chain(&VERSION_1).chain(match preset {
            Preset::Default => &[],
            Preset::OctetRule => &OCTET_RULE[..],
            Preset::Hypervalent => &HYPERVALENT[..],
        }))
    }

    fn from_known<'a>(pairs: impl Iterator<Item = &'a (&'static str, u32)>) -> Self {
        let entries: BTreeMap<_, _> = pairs.map(|&(k, v)| (k.to_owned(), v)).collect();
        Self::try_from(entries).expect("the presets are valid")
    }

    /// Constraints from pairs of key and capacity; a later pair wins.
    ///
    /// # Errors
    /// If `?` is missing or a key is no element with an optional charge.
    pub fn new<K: Into<String>>(
        pairs: impl IntoIterator<Item = (K, u32)>,
    ) -> Result<Self, ConstraintError> {
        let entries: BTreeMap<String, u32> =
            pairs.into_iter().map(|(k, v)| (k.into(), v)).collect();
        Self::try_from(entries)
    }

    /// These constraints with some changed or added.
    ///
    /// # Errors
    /// If a key is no element with an optional charge.
    pub fn with<K: Into<String>>(
        &self,
        pairs: impl IntoIterator<Item = (K, u32)>,
    ) -> Result<Self, ConstraintError> {
        let mut entries = self.entries.clone();
        entries.extend(pairs.into_iter().map(|(k, v)| (k.into(), v)));
        Self::try_from(entries)
    }

    /// The pairs of key and capacity, in alphabetical order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u32)> {
        self.entries.iter().map(|(k, &v)| (k.as_str(), v))
    }

    /// How many bonds an atom may have, hydrogens included.
    #[must_use]
    pub fn capacity(&self, element: Element, charge: i32) -> u32 {
        if charge == 0 {
            self.neutral[usize::from(element.number())]
        } else {
            *self.charged.get(&(element, charge)).unwrap_or(&self.other)
        }
    }

    /// The capacity under a key taken as it stands, which is how SELFIES 1 looks
    /// atoms up.
    pub(crate) fn by_key(&self, key: &str) -> u32 {
        *self.entries.get(key).unwrap_or(&self.other)
    }

    /// The capacity of every atom that is not listed.
    #[must_use]
    pub fn other(&self) -> u32 {
        self.other
    }

    /// Symbols whose every combination obeys the constraints: each listed atom
    /// with each bond it can make, branches, rings, and the index symbols.
    ///
    /// ```
    /// assert_eq!(selfies::Constraints::default().robust_alphabet().len(), 69);
    /// ```
    #[must_use]
    pub fn robust_alphabet(&self) -> BTreeSet<String> {
        let mut alphabet: BTreeSet<String> = INDEX_SYMBOLS
            .iter()
            .map(|&symbol| symbol.to_owned())
            .collect();
        let bonds = [("", 1), ("=", 2), ("#", 3)];
        for (key, &capacity) in &self.entries {
            for (bond, order) in bonds {
                if key != "?" && order <= capacity {
                    alphabet.insert(format!("[{bond}{key}]"));
                }
            }
        }
        for size in 1..=3 {
            for (bond, order) in bonds {
                alphabet.insert(format!("[{bond}Branch{size}]"));
                if order < 3 {
                    alphabet.insert(format!("[{bond}Ring{size}]"));
                }
            }
        }
        alphabet
    }
}

impl TryFrom<BTreeMap<String, u32>> for Constraints {
    type Error = ConstraintError;

    fn try_from(entries: BTreeMap<String, u32>) -> Result<Self, ConstraintError> {
        let other = *entries.get("?").ok_or(ConstraintError::MissingDefault)?;
        let mut neutral = vec![other; Element::COUNT];
        let mut charged = BTreeMap::new();
        for (key, &capacity) in entries.iter().filter(|(key, _)| *key != "?") {
            let invalid = || ConstraintError::InvalidKey { key: key.clone() };
            // The reference looks for the last kind of sign, not the first sign.
            let sign = key.find('+').max(key.find('-'));
            let symbol = &key[..sign.unwrap_or(key.len())];
            let element = Element::from_symbol(symbol).ok_or_else(invalid)?;
            match sign {
                None => neutral[usize::from(element.number())] = capacity,
                Some(at) => {
                    let size = &key[at + 1..];
                    if size.is_empty() || !size.bytes().all(|c| c.is_ascii_digit()) {
                        return Err(invalid());
                    }
                    // `C+01` and `C+0` are allowed, but no atom is ever looked
                    // up under such a name.
                    let charge: i32 = key[at..].parse().map_err(|_| invalid())?;
                    if charge != 0 && !size.starts_with('0') {
                        charged.insert((element, charge), capacity);
                    }
                }
            }
        }
        Ok(Self {
            entries,
            neutral,
            charged,
            other,
        })
    }
}

impl From<Constraints> for BTreeMap<String, u32> {
    fn from(constraints: Constraints) -> Self {
        constraints.entries
    }
}
