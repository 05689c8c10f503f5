//! A study from its first run to its results: search, grid, fits.

use std::collections::BTreeMap;

use crate::config::{FamilyPlan, Search, Study};
use crate::error::{Error, Result};
use crate::event::{Event, Observer};
use crate::family::Family;
use crate::fits::laws;
use crate::folder::{StudyFolder, read};
use crate::plan::{Planner, Setting};
use crate::record::Record;
use crate::results::{FamilyResults, InputSummary, Results};
use crate::runner::{Execution, execute};
use crate::search::{Decision, SearchResult, conclude, decide, full_specs};
use crate::spec::{RunSpec, Size};

/// Version of the layout of `results.json`.
pub const RESULTS_SCHEMA: u32 = 1;

/// Refuses the folder of another study; a folder without one suits any.
///
/// # Errors
/// [`Error::OtherStudy`] with the first setting that differs, or as [`Study::load`].
pub fn suits(folder: &StudyFolder, study: &Study) -> Result<()> {
    let path = folder.path("study.json");
    if !path.exists() {
        return Ok(());
    }
    match study.difference(&Study::load(&path)?) {
        None => Ok(()),
        Some(difference) => Err(Error::OtherStudy {
            path: folder.root().to_owned(),
            difference,
        }),
    }
}

/// Binds a folder to a study: writes `study.json` where there is none. Done once the data have been
/// read, so that a study with bad input leaves the folder free.
///
/// # Errors
/// As [`suits`], and [`Error::Write`].
pub fn bind(folder: &StudyFolder, study: &Study) -> Result<()> {
    suits(folder, study)?;
    if !folder.path("study.json").exists() {
        let mut text = serde_json::to_vec_pretty(study).expect("plain data serialises");
        text.push(b'\n');
        folder.write("study.json", &text)?;
    }
    Ok(())
}

/// The study that a folder is bound to.
///
/// # Errors
/// [`Error::NoStudy`] where there is none; else as [`Study::load`].
pub fn bound(root: &std::path::Path) -> Result<Study> {
    let path = root.join("study.json");
    if !path.exists() {
        return Err(Error::NoStudy {
            path: root.to_owned(),
        });
    }
    // A file that is there but cannot be opened is reported as such, not as absent.
    read(&path)?;
    Study::load(&path)
}

/// Does all runs of a study that are not on record and fits what they show.
///
/// The families come from [`crate::families::open`], or are the caller's own; each plan of the
/// study needs one of its name.
///
/// # Errors
/// [`Error::Interrupted`], a failed run, a file that cannot be written, or a search in which
/// everything diverges. Finished runs stay on record.
pub fn run(
    study: &Study,
    families: &[Box<dyn Family>],
    inputs: Vec<InputSummary>,
    folder: &StudyFolder,
    execution: &Execution<'_>,
    observer: Observer<'_>,
) -> Result<Results> {
    study.validate()?;
    bind(folder, study)?;
    let planners = study
        .families
        .iter()
        .map(|plan| planner(study, plan, families))
        .collect::<Result<Vec<_>>>()?;
    observer(Event::StudyPlanned {
        cost: planners.iter().map(expected_cost).sum(),
    });
    let act = |phase: &str, specs: &[RunSpec]| {
        execute(folder, families, phase, specs, execution, observer)
    };

    let searched = search(&planners, &act)?;
    for result in searched.iter().flat_map(|family| &family.results) {
        observer(Event::Note(summary(result)));
    }
    let specs: Vec<Vec<RunSpec>> = planners
        .iter()
        .zip(&searched)
        .map(|(planner, searched)| planner.grid_specs(&searched.found()))
        .collect();
    let grids = together("grid of sizes and data", &specs, &act)?;

    let families = planners
        .iter()
        .zip(searched)
        .zip(grids)
        .map(|((planner, searched), grid)| FamilyResults {
            name: planner.plan.name.clone(),
            items: planner.family.items().to_owned(),
            units: planner.family.units().to_owned(),
            metrics: planner
                .family
                .metrics()
                .iter()
                .map(|metric| {
                    (
                        metric.name.to_owned(),
                        metric.unit.to_owned(),
                        metric.title.to_owned(),
                    )
                })
                .collect(),
            searches: searched.results,
            early: searched.early,
            searched: searched.full,
            laws: laws(planner.family, &grid),
            grid,
        })
        .collect();
    Ok(Results {
        schema: RESULTS_SCHEMA,
        study: study.clone(),
        versions: execution.versions.clone(),
        inputs,
        families,
        wall_s: Results::wall_times(&folder.timings()?),
    })
}

fn planner<'a>(
    study: &'a Study,
    plan: &'a FamilyPlan,
    families: &'a [Box<dyn Family>],
) -> Result<Planner<'a>> {
    let family = families
        .iter()
        .find(|family| family.name() == plan.name)
        .ok_or_else(|| Error::Setting {
            field: "families".into(),
            value: plan.name.clone(),
            expected: "a family that was opened".into(),
        })?;
    Ok(Planner {
        plan,
        family: family.as_ref(),
        device: &study.device,
        threads: study.threads_per_run,
    })
}

/// The cost of everything, before it is known which settings the search keeps.
fn expected_cost(planner: &Planner<'_>) -> f64 {
    let of = |specs: &[RunSpec]| {
        specs
            .iter()
            .map(|spec| planner.family.cost(spec))
            .sum::<f64>()
    };
    let mut found = Vec::new();
    let searched = planner.plan.grid.search.as_ref().map_or(0.0, |search| {
        let mut cost = 0.0;
        for &size in &search.sizes {
            let early = planner.early_specs(search, size);
            let full: Vec<RunSpec> = early.iter().map(RunSpec::in_full).collect();
            found.extend(
                planner
                    .settings()
                    .get(early.len() / 2)
                    .map(|&setting| (size, setting)),
            );
            let share = ((search.keep + search.controls) as f64 / full.len() as f64).min(1.0);
            cost += of(&early) + share * of(&full);
        }
        cost
    });
    searched + of(&planner.grid_specs(&found))
}

type Act<'a> = dyn Fn(&str, &[RunSpec]) -> Result<Vec<Record>> + 'a;

/// What the searches of one family found, with their records.
#[derive(Default)]
struct Searched {
    results: Vec<SearchResult>,
    early: Vec<Record>,
    full: Vec<Record>,
}

impl Searched {
    fn found(&self) -> Vec<(Size, Setting)> {
        self.results
            .iter()
            .map(|result| (result.size, result.chosen))
            .collect()
    }
}

/// Runs the lists of all families as one phase, so that no worker idles between two families, and
/// hands each family its own records.
fn together(phase: &str, lists: &[Vec<RunSpec>], act: &Act<'_>) -> Result<Vec<Vec<Record>>> {
    let all = lists.concat();
    if all.is_empty() {
        return Ok(lists.iter().map(|_| Vec::new()).collect());
    }
    let mut records = act(phase, &all)?.into_iter();
    Ok(lists
        .iter()
        .map(|list| records.by_ref().take(list.len()).collect())
        .collect())
}

/// Searches learning rate and batch of every family that asks for it, at each size that it names.
fn search(planners: &[Planner<'_>], act: &Act<'_>) -> Result<Vec<Searched>> {
    // One job a family and size, smallest first within a family.
    let mut jobs: Vec<(usize, &Search, Size)> = Vec::new();
    for (index, planner) in planners.iter().enumerate() {
        if let Some(search) = &planner.plan.grid.search {
            let mut sizes = search.sizes.clone();
            sizes.sort_by_key(|&size| planner.family.parameters(size).non_embedding);
            sizes.dedup();
            jobs.extend(sizes.into_iter().map(|size| (index, search, size)));
        }
    }
    let early_specs: Vec<Vec<RunSpec>> = jobs
        .iter()
        .map(|&(index, search, size)| planners[index].early_specs(search, size))
        .collect();
    let early = together("learning rate and batch, first part", &early_specs, act)?;
    let decisions = jobs
        .iter()
        .zip(&early)
        .map(|((_, search, _), early)| decide(search, early))
        .collect::<Result<Vec<Decision>>>()?;
    let specs: Vec<Vec<RunSpec>> = early_specs
        .iter()
        .zip(&decisions)
        .map(|(early, decision)| full_specs(early, decision))
        .collect();
    let full = together("learning rate and batch, to the end", &specs, act)?;
    let mut searched: Vec<Searched> = planners.iter().map(|_| Searched::default()).collect();
    for ((&(index, search, size), decision), (early, full)) in
        jobs.iter().zip(&decisions).zip(early.into_iter().zip(full))
    {
        let result = conclude(&planners[index], search, size, &early, decision, &full)?;
        let family = &mut searched[index];
        family.results.push(result);
        family.early.extend(early);
        family.full.extend(full);
    }
    Ok(searched)
}

fn summary(result: &SearchResult) -> String {
    let edge = if result.on_edge.is_empty() {
        String::new()
    } else {
        format!("; on the edge of the grid: {}", result.on_edge.join(", "))
    };
    format!(
        "{} {}: learning rate {}, batch {} chosen of {} settings for {:.0} % of the cost of running all{edge}",
        result.family,
        result.size,
        result.chosen.learning_rate,
        result.chosen.batch,
        result.trials.len(),
        100.0 * result.cost_share
    )
}

/// Crate or library → version, for the records.
#[must_use]
pub fn versions() -> BTreeMap<String, String> {
    // All crates of the workspace carry one version; Burn is pinned in the workspace manifest.
    BTreeMap::from([
        ("chemscale".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        (
            "record schema".to_owned(),
            crate::record::RECORD_SCHEMA.to_string(),
        ),
    ])
}
