//! A study file is checked field by field, and a complaint names the field.

use super::*;
use crate::spec::Size;

fn study() -> Study {
    Study {
        schema: STUDY_SCHEMA,
        name: "tiny".into(),
        device: "flex".into(),
        threads_per_run: 1,
        molecules: Some(Molecules {
            source: MoleculeSource::Generated { seed: 1 },
            validation: 10,
            split_seed: 1,
        }),
        structures: None,
        families: vec![FamilyPlan {
            name: "ChemGPT".into(),
            model: Model::Chemgpt(LanguageModel {
                context: 32,
                heads: 4,
                warmup: 0.1,
                weight_decay: 0.0,
                clip: 1.0,
            }),
            grid: Grid {
                sizes: vec![Size::new(1, 16)],
                data_sizes: vec![10, 100, 1000],
                learning_rates: vec![1e-3, 3e-3],
                batches: vec![4],
                seeds: vec![1],
                budget: Budget {
                    epochs: 1.0,
                    min_items: 50,
                },
                search: Some(Search {
                    sizes: vec![Size::new(1, 16)],
                    data_size: 100,
                    seed: 1,
                    cut: 0.2,
                    keep: 1,
                    controls: 1,
                }),
                replicates: None,
            },
        }],
    }
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Study), field: &str) {
    let mut changed = study();
    change(&mut changed);
    let said = changed.validate().expect_err(field).to_string();
    assert!(said.contains(&format!("`{field}`")), "{said}");
}

#[test]
fn a_sound_study_is_accepted_and_survives_json() {
    let study = study();
    study.validate().unwrap();
    let text = serde_json::to_string(&study).unwrap();
    assert_eq!(serde_json::from_str::<Study>(&text).unwrap(), study);
}

#[test]
fn a_setting_out_of_range_is_named() {
    refused(|s| s.schema = 9, "schema");
    refused(|s| s.families.clear(), "families");
    refused(|s| s.threads_per_run = 0, "threads_per_run");
    refused(|s| s.molecules = None, "molecules");
    refused(
        |s| s.families[0].grid.sizes[0].width = 18,
        "families[0].grid.sizes[0].width",
    );
    refused(
        |s| s.families[0].grid.data_sizes[1] = 5,
        "families[0].grid.data_sizes[1]",
    );
    refused(
        |s| s.families[0].grid.learning_rates[1] = f64::NAN,
        "families[0].grid.learning_rates[1]",
    );
    refused(
        |s| s.families[0].grid.batches[0] = 0,
        "families[0].grid.batches[0]",
    );
    refused(
        |s| s.families[0].grid.seeds.clear(),
        "families[0].grid.seeds",
    );
    refused(
        |s| s.families[0].grid.budget.epochs = 0.0,
        "families[0].grid.budget.epochs",
    );
    refused(
        |s| s.families[0].grid.search.as_mut().unwrap().keep = 3,
        "families[0].grid.search.keep",
    );
    refused(
        |s| s.families[0].grid.search.as_mut().unwrap().cut = 1.0,
        "families[0].grid.search.cut",
    );
    refused(
        |s| {
            let twin = s.families[0].clone();
            s.families.push(twin);
        },
        "families[1].name",
    );
}

#[test]
fn an_unknown_field_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.json");
    let text = serde_json::to_string_pretty(&study()).unwrap();
    std::fs::write(&path, text.replacen("\"device\"", "\"devise\"", 1)).unwrap();
    let said = Study::load(&path).unwrap_err().to_string();
    assert!(
        said.contains("unknown field `devise`") && said.contains("line 4"),
        "{said}"
    );
}

#[test]
fn the_first_difference_of_two_studies_is_named() {
    let mut other = study();
    assert_eq!(study().difference(&other), None);
    other.families[0].grid.budget.min_items = 60;
    let said = study().difference(&other).unwrap();
    assert_eq!(
        said,
        "`families[0].grid.budget.min_items`: 60 there, 50 here"
    );
}

#[test]
fn a_grid_shrinks_to_the_data_in_equal_ratios() {
    let fitted = study().fitted_to(true, 40);
    assert_eq!(fitted.families[0].grid.data_sizes, [10, 20, 40]);
    assert_eq!(
        fitted.families[0].grid.search.as_ref().unwrap().data_size,
        20
    );
    assert_eq!(study().fitted_to(true, 5000), study());
    assert_eq!(study().fitted_to(false, 5), study());
}

#[test]
fn the_embedded_studies_are_sound_and_span_two_decades() {
    for length in [Length::Full, Length::Smoke] {
        Study::embedded(length, "flex").validate().unwrap();
    }
    let study = Study::embedded(Length::Full, "flex");
    for family in &study.families {
        let grid = &family.grid;
        assert!(grid.data_sizes.len() >= 4);
        assert!(grid.learning_rates.len() * grid.batches.len() >= 9);
        assert!(
            grid.largest_data_size() >= 100 * grid.data_sizes[0],
            "{}",
            family.name
        );
        let capacities = grid.sizes.len();
        assert!(
            capacities
                >= if matches!(family.model, Model::Chemgpt(_)) {
                    4
                } else {
                    3
                }
        );
    }
}
