//! A whole study, from its settings to its report.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use study::config::{MoleculeSource, Molecules, STUDY_SCHEMA};
use study::family::Family;
use study::folder::StudyFolder;
use study::pipeline;
use study::report;
use study::results::Results;
use study::runner::Execution;
use study::{Error, Study};

use crate::search::plan;
use crate::synthetic::{BEST_RATE, Synthetic};

fn study() -> Study {
    let mut twin = plan(&[1e-3, BEST_RATE, 1e-1]);
    twin.name = "twin <b>".replace(['<', '>'], "-");
    Study {
        schema: STUDY_SCHEMA,
        name: "Synthetic & <small>".into(),
        device: "flex".into(),
        threads_per_run: 1,
        molecules: Some(Molecules {
            source: MoleculeSource::Generated { seed: 1 },
            validation: 1,
            split_seed: 1,
        }),
        structures: None,
        families: vec![plan(&[1e-3, BEST_RATE, 1e-1]), twin],
    }
}

fn families() -> Vec<Box<dyn Family>> {
    ["synthetic", "twin -b-"]
        .map(|name| {
            Box::new(Synthetic {
                name,
                pause: Duration::ZERO,
            }) as Box<dyn Family>
        })
        .into()
}

fn run(out: &Path) -> Results {
    let folder = StudyFolder::open(out).unwrap();
    let stop = AtomicBool::new(false);
    let execution = Execution {
        workers: 2,
        stop: &stop,
        versions: BTreeMap::from([("chemscale".into(), "test".into())]),
    };
    let results = pipeline::run(
        &study(),
        &families(),
        Vec::new(),
        &folder,
        &execution,
        &|_| {},
    )
    .unwrap();
    report::write(&results, &folder, &|_| {}).unwrap();
    results
}

#[test]
fn a_study_ends_with_a_page_that_opens_offline() {
    let out = tempfile::tempdir().unwrap();
    let results = run(out.path());
    let html = fs::read_to_string(out.path().join("report.html")).unwrap();
    for foreign in ["http://", "https://", "src=", "<script", "<link", "@import"] {
        let found = html
            .match_indices(foreign)
            .find(|(at, _)| !html[*at..].starts_with("http://www.w3.org/2000/svg"));
        assert!(
            found.is_none(),
            "{foreign} in the page: it must not load anything"
        );
    }
    assert!(
        html.contains("Synthetic &amp; &lt;small&gt;"),
        "text is escaped"
    );
    assert!(
        html.contains("not resolved") && html.contains(">resolved<"),
        "both verdicts are said"
    );
    assert!(
        html.matches("<svg").count() >= 9,
        "figures are in the page itself"
    );
    for record in results.records() {
        assert!(
            html.contains(&record.id),
            "run {} is in the table of runs",
            record.id
        );
    }
}

#[test]
fn every_number_is_there_as_csv_and_json() {
    let out = tempfile::tempdir().unwrap();
    let results = run(out.path());
    let runs = fs::read_to_string(out.path().join("tables/runs.csv")).unwrap();
    assert_eq!(
        runs.lines().count(),
        1 + results.records().count(),
        "one metric, one line a run"
    );
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(out.path().join("results.json")).unwrap()).unwrap();
    assert_eq!(
        json["families"][0]["searches"][0]["chosen"]["learning_rate"],
        BEST_RATE
    );
    let exponents = json["families"][0]["laws"]["curves"].as_array().unwrap();
    assert_eq!(
        exponents.len(),
        5 + 5 + 1,
        "along both axes, and the best of all capacities"
    );
    for name in [
        "synthetic_loss_vs_parameters",
        "synthetic_loss_vs_data",
        "synthetic_predicted_vs_true",
        "side_by_side",
    ] {
        for ending in ["svg", "png"] {
            let bytes = fs::read(out.path().join(format!("plots/{name}.{ending}"))).unwrap();
            assert!(bytes.len() > 1000, "{name}.{ending}");
        }
    }
    if let Ok(keep) = std::env::var("STUDY_KEEP_REPORT") {
        fs::create_dir_all(&keep).unwrap();
        fs::copy(
            out.path().join("report.html"),
            Path::new(&keep).join("report.html"),
        )
        .unwrap();
    }
}

#[test]
fn the_summary_gives_sizes_losses_exponents_and_times() {
    let out = tempfile::tempdir().unwrap();
    let text = report::summary(&run(out.path()));
    for part in [
        "## synthetic",
        "depth x width",
        "| 2x8 |",
        "resolved",
        "computing time",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn a_folder_refuses_another_study_and_names_the_difference() {
    let out = tempfile::tempdir().unwrap();
    let folder = StudyFolder::open(out.path()).unwrap();
    pipeline::bind(&folder, &study()).unwrap();
    pipeline::bind(&folder, &study()).unwrap();
    let mut other = study();
    other.families[0].grid.seeds = vec![2];
    let error = pipeline::bind(&folder, &other).unwrap_err();
    assert!(matches!(error, Error::OtherStudy { .. }));
    assert!(
        error.to_string().contains("families[0].grid.seeds[0]"),
        "{error}"
    );
    assert_eq!(pipeline::bound(out.path()).unwrap(), study());
}

#[test]
fn there_is_nothing_to_resume_in_an_empty_folder() {
    let out = tempfile::tempdir().unwrap();
    let error = pipeline::bound(out.path()).unwrap_err();
    assert!(matches!(error, Error::NoStudy { .. }), "{error}");
}
