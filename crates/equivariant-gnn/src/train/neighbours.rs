//! The average number of neighbours, which some architectures divide their sums by.

use atoms::{Structure, neighbour_list};

use crate::{
    error::{Error, Result},
    models::ModelConfig,
};

/// The mean over all atoms of the number of neighbours within the cutoff (Å).
///
/// # Errors
/// No structures, or one that is not valid.
pub fn average_neighbours(structures: &[Structure], cutoff: f64) -> Result<f64> {
    let (mut pairs, mut atoms) = (0, 0);
    for (index, structure) in structures.iter().enumerate() {
        let list = neighbour_list(structure, cutoff).map_err(|source| Error::Structure {
            index,
            formula: structure.formula(),
            source,
        })?;
        pairs += list.len();
        atoms += structure.len();
    }
    if atoms == 0 {
        return Err(Error::Empty {
            what: "the training set",
        });
    }
    Ok(pairs as f64 / atoms as f64)
}

/// The same architecture with the average number of neighbours of these structures, if it uses one.
///
/// # Errors
/// Those of [`average_neighbours`], and structures in which no atom has a neighbour.
pub fn with_average_neighbours(
    mut config: ModelConfig,
    structures: &[Structure],
) -> Result<ModelConfig> {
    let cutoff = config.model().cutoff();
    let Some(setting) = setting(&mut config) else {
        return Ok(config);
    };
    let found = average_neighbours(structures, cutoff)?;
    if found == 0.0 {
        return Err(Error::Setting {
            field: "neighbours",
            value: "0".into(),
            expected: "structures with neighbours within the cutoff",
        });
    }
    *setting = found;
    Ok(config)
}

fn setting(config: &mut ModelConfig) -> Option<&mut f64> {
    match config {
        ModelConfig::Allegro(config) => Some(&mut config.neighbours),
        ModelConfig::NequIP(config) => Some(&mut config.neighbours),
        ModelConfig::Mace(config) => Some(&mut config.neighbours),
        ModelConfig::Zbl(config) => setting(&mut config.model),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AllegroConfig, PaiNNConfig};

    #[test]
    fn neighbours_are_counted_over_atoms() {
        let triangle = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        let three = Structure::new(vec![1; 3], triangle.into()).unwrap();
        let alone = Structure::new(vec![1], vec![[0.0; 3]]).unwrap();
        let set = [three, alone];
        // Six pairs within 2 Å and four atoms; 1.2 Å leaves out the long side.
        assert!((average_neighbours(&set, 2.0).unwrap() - 1.5).abs() < 1e-15);
        assert!((average_neighbours(&set, 1.2).unwrap() - 1.0).abs() < 1e-15);
        let config = ModelConfig::from(AllegroConfig::new(8, 4, 2, 1)).with_zbl();
        let ModelConfig::Zbl(zbl) = with_average_neighbours(config, &set).unwrap() else {
            panic!("the repulsion stays");
        };
        let ModelConfig::Allegro(allegro) = *zbl.model else {
            panic!("the architecture stays");
        };
        assert!((allegro.neighbours - 1.5).abs() < 1e-15);
        let painn = ModelConfig::from(PaiNNConfig::new(8, 2));
        assert_eq!(with_average_neighbours(painn.clone(), &set).unwrap(), painn);
    }
}
