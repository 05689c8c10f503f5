//! Settings files: defaults for what is absent, an error for what is misspelt.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a settings file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The text is no JSON, or a field has the wrong type or is missing.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, column, and field.
        source: serde_json::Error,
    },
    /// Fields that the settings do not have.
    #[error("{path}: unknown field{} {}", if keys.len() == 1 { "" } else { "s" }, keys.join(", "))]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The fields, as dotted paths.
        keys: Vec<String>,
    },
}

/// Reads a JSON file over `defaults`: fields that the file lacks keep their default, at every depth.
///
/// Burn's own `Config::load` rejects a file that lacks a field even where the field has a default, and ignores a
/// misspelt field. Here the file's fields are laid over the defaults, and what does not come back from the parsed
/// settings is reported.
///
/// # Errors
/// [`ConfigError`] naming the file and the field.
pub fn load_config<C>(path: impl AsRef<Path>, defaults: &C) -> Result<C, ConfigError>
where
    C: Serialize + DeserializeOwned,
{
    let path = path.as_ref();
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse_config(&text, path, defaults)
}

/// [`load_config`] of a text; `path` is only named in errors.
///
/// # Errors
/// [`ConfigError::Parse`] or [`ConfigError::Unknown`].
pub fn parse_config<C>(text: &str, path: &Path, defaults: &C) -> Result<C, ConfigError>
where
    C: Serialize + DeserializeOwned,
{
    let parse = |source| ConfigError::Parse {
        path: path.to_owned(),
        source,
    };
    let given: Value = serde_json::from_str(text).map_err(parse)?;
    let mut merged = serde_json::to_value(defaults).map_err(parse)?;
    overlay(&mut merged, &given);
    let config: C = serde_json::from_value(merged).map_err(parse)?;
    let understood = serde_json::to_value(&config).map_err(parse)?;
    let mut keys = Vec::new();
    vanished(&given, &understood, "", &mut keys);
    if keys.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Unknown {
            path: path.to_owned(),
            keys,
        })
    }
}

/// Objects are laid over objects field by field, unless they are alternatives told apart by a `kind`.
fn overlay(base: &mut Value, given: &Value) {
    match (base, given) {
        (Value::Object(base), Value::Object(given))
            if base.get("kind") == given.get("kind") || !given.contains_key("kind") =>
        {
            for (key, value) in given {
                overlay(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, given) => *base = given.clone(),
    }
}

fn vanished(given: &Value, understood: &Value, path: &str, keys: &mut Vec<String>) {
    match (given, understood) {
        (Value::Object(given), Value::Object(understood)) => {
            for (key, value) in given {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                match understood.get(key) {
                    Some(other) => vanished(value, other, &path, keys),
                    // A field that is null by default may be left out when written.
                    None if value.is_null() => {}
                    None => keys.push(path),
                }
            }
        }
        (Value::Array(given), Value::Array(understood)) => {
            for (index, (given, understood)) in given.iter().zip(understood).enumerate() {
                vanished(given, understood, &format!("{path}[{index}]"), keys);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Inner {
        rate: f64,
        steps: u64,
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Outer {
        name: String,
        inner: Inner,
    }

    fn parse(text: &str) -> Result<Outer, ConfigError> {
        let defaults = Outer {
            name: "default".into(),
            inner: Inner {
                rate: 0.5,
                steps: 7,
            },
        };
        parse_config(text, Path::new("run.json"), &defaults)
    }

    #[test]
    fn absent_fields_keep_their_defaults_at_every_depth() {
        let outer = parse(r#"{"inner": {"steps": 9}}"#).unwrap();
        assert_eq!(outer.name, "default");
        assert_eq!(
            outer.inner,
            Inner {
                rate: 0.5,
                steps: 9
            }
        );
    }

    #[test]
    fn a_misspelt_field_is_named_with_its_path() {
        let error = parse(r#"{"inner": {"step": 9}}"#).unwrap_err().to_string();
        assert_eq!(error, "run.json: unknown field inner.step");
    }

    #[test]
    fn a_wrong_type_is_an_error() {
        let error = parse(r#"{"name": 3}"#).unwrap_err().to_string();
        assert!(
            error.contains("run.json") && error.contains("string"),
            "{error}"
        );
    }
}
