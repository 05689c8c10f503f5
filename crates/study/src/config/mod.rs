//! What a study is: the settings that its records belong to.

mod grid;
mod model;
mod presets;
mod source;

pub use grid::{Budget, Grid, Replicates, Search};
pub use model::{LanguageModel, Model, Potential};
pub use presets::Length;
pub use source::{MoleculeSource, Molecules, StructureSource, Structures};

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::folder::read;

/// Version of the study file's layout.
pub const STUDY_SCHEMA: u32 = 1;

/// A declared study. Stored as `study.json`; unknown fields are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// [`STUDY_SCHEMA`].
    pub schema: u32,
    /// The title of the report.
    pub name: String,
    /// Device by name, such as `flex` or `cuda`.
    pub device: String,
    /// Threads of one run. Runs are done several at a time instead, which is faster for small
    /// models, and keeps their numbers independent of the machine's other work.
    pub threads_per_run: usize,
    /// Molecules for the language models.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub molecules: Option<Molecules>,
    /// Structures for the potentials.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub structures: Option<Structures>,
    /// The families with their grids, in the order in which they are run.
    pub families: Vec<FamilyPlan>,
}

/// One family of models and its grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyPlan {
    /// A name of its own in this study.
    pub name: String,
    /// What is trained.
    pub model: Model,
    /// Over what.
    pub grid: Grid,
}

impl Study {
    /// Reads and checks a study file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::StudySyntax`] with line and column, [`Error::Setting`] with the
    /// field's name.
    pub fn load(path: &Path) -> Result<Self> {
        let study: Self =
            serde_json::from_slice(&read(path)?).map_err(|source| Error::StudySyntax {
                path: path.to_owned(),
                source,
            })?;
        study.validate()?;
        Ok(study)
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Setting`] with the field's path, its value and what is allowed.
    pub fn validate(&self) -> Result<()> {
        check(
            "schema",
            self.schema,
            self.schema == STUDY_SCHEMA,
            &format!("{STUDY_SCHEMA}"),
        )?;
        check("name", &self.name, !self.name.trim().is_empty(), "a title")?;
        check(
            "threads_per_run",
            self.threads_per_run,
            (1..=1024).contains(&self.threads_per_run),
            "1 to 1024",
        )?;
        check(
            "families",
            self.families.len(),
            !self.families.is_empty(),
            "at least one family",
        )?;
        if let Some(molecules) = &self.molecules {
            molecules.validate("molecules")?;
        }
        if let Some(structures) = &self.structures {
            structures.validate("structures")?;
        }
        for (index, family) in self.families.iter().enumerate() {
            let field = format!("families[{index}]");
            family.validate(&field)?;
            let twin = self.families[..index]
                .iter()
                .any(|other| other.name == family.name);
            check(
                &format!("{field}.name"),
                &family.name,
                !twin,
                "a name that no other family has",
            )?;
            let (source, fed) = match family.model {
                Model::Chemgpt(_) => ("molecules", self.molecules.is_some()),
                Model::Painn(_) | Model::Schnet(_) => ("structures", self.structures.is_some()),
            };
            check(
                source,
                "absent",
                fed,
                &format!("present, for the family {}", family.name),
            )?;
        }
        Ok(())
    }

    /// The largest training set that the families over molecules (or structures) ask for.
    #[must_use]
    pub fn largest_training_set(&self, of_molecules: bool) -> usize {
        self.families
            .iter()
            .filter(|family| matches!(family.model, Model::Chemgpt(_)) == of_molecules)
            .map(|family| family.grid.largest_data_size())
            .max()
            .unwrap_or(0)
    }

    /// The same study with training sets no larger than what is there: where a grid asks for more
    /// items than `available`, its data sizes are laid out again in equal ratios between its
    /// smallest size and `available`.
    #[must_use]
    pub fn fitted_to(mut self, of_molecules: bool, available: usize) -> Self {
        for family in &mut self.families {
            if matches!(family.model, Model::Chemgpt(_)) == of_molecules {
                family.grid.shrink_data_sizes(available);
            }
        }
        self
    }

    /// The first setting in which two studies differ, with both values; `None` if they are equal.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let of = |study: &Self| serde_json::to_value(study).expect("plain data serialises");
        first_difference("", &of(self), &of(other))
    }
}

impl FamilyPlan {
    fn validate(&self, field: &str) -> Result<()> {
        let plain = !self.name.is_empty()
            && self
                .name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_. ".contains(c));
        check(
            &format!("{field}.name"),
            &self.name,
            plain,
            "letters, digits, spaces, '-', '_' or '.'",
        )?;
        self.model.validate(&format!("{field}.model"))?;
        self.grid.validate(&format!("{field}.grid"))?;
        for (index, size) in self.grid.sizes.iter().enumerate() {
            self.model
                .validate_size(&format!("{field}.grid.sizes[{index}]"), *size)?;
        }
        Ok(())
    }
}

/// Fails with the field's path unless `holds`.
pub(crate) fn check(
    field: &str,
    value: impl std::fmt::Display,
    holds: bool,
    expected: &str,
) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::Setting {
        field: field.to_owned(),
        value: value.to_string(),
        expected: expected.to_owned(),
    })
}

fn first_difference(
    field: &str,
    ours: &serde_json::Value,
    theirs: &serde_json::Value,
) -> Option<String> {
    use serde_json::Value;
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let keys: std::collections::BTreeSet<&String> =
                ours.keys().chain(theirs.keys()).collect();
            keys.into_iter().find_map(|key| {
                let dot = if field.is_empty() { "" } else { "." };
                let null = Value::Null;
                first_difference(
                    &format!("{field}{dot}{key}"),
                    ours.get(key).unwrap_or(&null),
                    theirs.get(key).unwrap_or(&null),
                )
            })
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => ours
            .iter()
            .zip(theirs)
            .enumerate()
            .find_map(|(index, (ours, theirs))| {
                first_difference(&format!("{field}[{index}]"), ours, theirs)
            }),
        _ if ours == theirs => None,
        _ => Some(format!("`{field}`: {theirs} there, {ours} here")),
    }
}

#[cfg(test)]
mod tests;
