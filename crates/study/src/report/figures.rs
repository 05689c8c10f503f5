//! The pictures of a study.

use scaling_fit::plot::{Axis as PlotAxis, Colour, Figure as Plot, Legend, Marker, Panel, Stroke};

use super::text::count;
use crate::error::{Error, Result};
use crate::fits::{Axis, ScalingCurve};
use crate::record::Record;
use crate::results::{FamilyResults, Results};
use crate::search::{Fate, SearchResult};

/// One picture in both formats.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// File name without its ending.
    pub(super) name: String,
    /// The family it belongs to; empty for one that compares families.
    pub(super) family: String,
    /// A title for readers who cannot see it.
    pub(super) title: String,
    /// What it shows; HTML.
    pub(super) caption: String,
    /// As SVG.
    pub(super) svg: String,
    /// As PNG.
    pub(super) png: Vec<u8>,
}

const GREY: Colour = Colour::new(150, 150, 150);

/// Every picture of the study.
///
/// # Errors
/// [`Error::Analysis`] naming the picture that cannot be drawn.
pub(super) fn all(results: &Results) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for family in &results.families {
        for (metric, _, _) in family.metrics.iter().take(1) {
            figures.extend(curves(family, metric, Axis::Parameters)?);
            figures.extend(curves(family, metric, Axis::Data)?);
        }
        figures.extend(predicted(family)?);
        if let Some(largest) = family.searches.last() {
            figures.extend(learning_curves(family, largest)?);
        }
    }
    figures.extend(side_by_side(results)?);
    Ok(figures)
}

fn slug(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect()
}

fn drawn(
    name: String,
    family: &str,
    title: String,
    caption: String,
    panels: Vec<Panel>,
) -> Result<Figure> {
    let failed = |source: scaling_fit::Error| Error::Analysis {
        what: format!("figure {name}"),
        source: source.into(),
    };
    let mut plot = Plot::grid(panels.len().min(2), panels);
    plot.width = 500.0;
    plot.height = 350.0;
    Ok(Figure {
        svg: plot.to_svg().map_err(failed)?,
        png: plot.to_png(2.0).map_err(failed)?,
        name,
        family: family.to_owned(),
        title,
        caption,
    })
}

/// One colour a curve, dark to light as the held quantity grows.
fn shade(place: usize, of: usize) -> Colour {
    Colour::scale(0.88 * place as f64 / of.saturating_sub(1).max(1) as f64)
}

fn columns(curve: &ScalingCurve) -> (Vec<f64>, Vec<f64>) {
    curve.points.iter().map(|point| (point.x, point.y)).unzip()
}

/// Evenly spaced in the logarithm, both ends included.
fn between(low: f64, high: f64, points: usize) -> Vec<f64> {
    (0..points)
        .map(|i| low * (high / low).powf(i as f64 / (points - 1) as f64))
        .collect()
}

/// Adds the curve's power law, solid if its exponent is resolved and dotted if not.
fn with_law(panel: Panel, curve: &ScalingCurve, colour: Colour) -> Panel {
    let (Some(fit), Some(first), Some(last)) =
        (&curve.power.fit, curve.points.first(), curve.points.last())
    else {
        return panel;
    };
    let x = between(first.x, last.x, 40);
    let y: Vec<f64> = x.iter().map(|x| fit.loss(&[*x])).collect();
    let stroke = if curve.verdict.resolved {
        Stroke::Solid
    } else {
        Stroke::Dotted
    };
    panel.line("", &x, &y, colour, stroke)
}

fn exponent_label(curve: &ScalingCurve) -> String {
    curve
        .exponent
        .as_ref()
        .map_or_else(String::new, |exponent| {
            let doubt = if curve.verdict.resolved { "" } else { ", open" };
            format!("  b {:.2}{doubt}", exponent.value)
        })
}

fn curves(family: &FamilyResults, metric: &str, axis: Axis) -> Result<Option<Figure>> {
    let chosen: Vec<&ScalingCurve> = family
        .laws
        .curves
        .iter()
        .filter(|curve| curve.axis == axis && curve.metric == metric && !curve.points.is_empty())
        .filter(|curve| axis == Axis::Parameters || curve.size.is_some())
        .collect();
    let Some(first) = chosen.first() else {
        return Ok(None);
    };
    let tokens = family.units == "tokens";
    let (x_title, along) = match axis {
        Axis::Parameters => ("parameters without embeddings".to_owned(), "parameters"),
        Axis::Data if tokens => ("distinct training tokens".to_owned(), "data"),
        Axis::Data => (format!("training {}", family.items), "data"),
    };
    let title = format!("{}: {} against {along}", family.name, first.title);
    let y_title = format!("{} ({})", first.title, first.unit);
    let mut panel =
        Panel::new(&title, PlotAxis::log(&x_title), PlotAxis::log(&y_title)).legend(Legend::Beside);
    for (place, curve) in chosen.iter().enumerate() {
        let colour = shade(place, chosen.len());
        let (x, y) = columns(curve);
        let held = match (curve.data_size, curve.size) {
            (Some(data_size), _) => format!("{} {}", count(data_size as u64), family.items),
            (None, Some(size)) => size.to_string(),
            (None, None) => curve.held.clone(),
        };
        panel = with_law(panel, curve, colour);
        panel = panel.points(
            &format!("{held}{}", exponent_label(curve)),
            &x,
            &y,
            colour,
            Marker::Circle,
        );
    }
    let held = match axis {
        Axis::Parameters => "one colour a training set",
        Axis::Data => "one colour a model size (depth × width)",
    };
    let caption = format!(
        "Each point is a run to the end of its own schedule; {held}. Lines are power laws, dotted where the exponent b is \
         not resolved; hold them against the points to see a floor or a break."
    );
    let name = format!("{}_{metric}_vs_{along}", slug(&family.name));
    drawn(name, &family.name, title, caption, vec![panel]).map(Some)
}

/// One colour a searched size; filled for the kept, open for the controls.
fn predicted(family: &FamilyResults) -> Result<Option<Figure>> {
    let of = |search: &SearchResult, fate: Fate| -> (Vec<f64>, Vec<f64>) {
        search
            .trials
            .iter()
            .filter(|trial| trial.fate == fate)
            .filter_map(|trial| Some((trial.predicted?, trial.truth?)))
            .filter(|(predicted, truth)| predicted.is_finite() && truth.is_finite())
            .unzip()
    };
    let all: Vec<f64> = family
        .searches
        .iter()
        .flat_map(|search| [of(search, Fate::Kept), of(search, Fate::Control)])
        .flat_map(|(x, y)| x.into_iter().chain(y))
        .collect();
    let (Some(first), Some(low), Some(high)) = (
        family.searches.first(),
        all.iter().copied().reduce(f64::min),
        all.iter().copied().reduce(f64::max),
    ) else {
        return Ok(None);
    };
    let (_, unit, metric) = &family.metrics[0];
    let title = format!("{}: predicted against true final {metric}", family.name);
    let mut panel = Panel::new(
        &title,
        PlotAxis::linear(&format!(
            "predicted at {:.0} % of training ({unit})",
            100.0 * first.search.cut
        )),
        PlotAxis::linear(&format!("true final {metric} ({unit})")),
    )
    .line("equal", &[low, high], &[low, high], GREY, Stroke::Dashed)
    .legend(Legend::Beside);
    let mut ranks = Vec::new();
    for (place, search) in family.searches.iter().enumerate() {
        let colour = shade(place, family.searches.len());
        let name = match search.rank_agreement() {
            Some((rho, runs)) => {
                ranks.push(format!("{rho:.2} at {} ({runs} runs)", search.size));
                format!("{}, ρ = {rho:.2}", search.size)
            }
            None => search.size.to_string(),
        };
        let (kept, controls) = (of(search, Fate::Kept), of(search, Fate::Control));
        panel = panel
            .points(&name, &kept.0, &kept.1, colour, Marker::Circle)
            .points("", &controls.0, &controls.1, colour, Marker::Ring);
    }
    let ranks = if ranks.is_empty() {
        "too few for a rank correlation".to_owned()
    } else {
        ranks.join(", ")
    };
    let caption = format!(
        "Settings of the searches that ran to their end, a colour a size: filled where kept, open for controls. Each is predicted \
         by the line through all <em>other</em> runs of its size, so no point helps to predict itself. Spearman ρ: {ranks}."
    );
    drawn(
        format!("{}_predicted_vs_true", slug(&family.name)),
        &family.name,
        title,
        caption,
        vec![panel],
    )
    .map(Some)
}

/// Averages over stretches, so that single batches do not hide the curve.
fn smooth(record: &Record) -> (Vec<f64>, Vec<f64>) {
    let window = (record.spec.steps / 60).max(1);
    let width = usize::try_from(window).unwrap_or(1);
    record
        .curve
        .chunks(width)
        .map(|chunk| {
            let n = chunk.len() as f64;
            let step = chunk.iter().map(|(step, _)| *step as f64).sum::<f64>() / n;
            let loss = chunk.iter().map(|(_, loss)| loss).sum::<f64>() / n;
            (step / record.spec.steps as f64, loss)
        })
        .filter(|(_, loss)| loss.is_finite())
        .unzip()
}

fn learning_curves(family: &FamilyResults, search: &SearchResult) -> Result<Option<Figure>> {
    let title = format!(
        "{}: learning curves of the search at {}",
        family.name, search.size
    );
    let mut panel = Panel::new(
        &title,
        PlotAxis::linear("share of the schedule"),
        PlotAxis::log("training loss"),
    )
    .vertical(search.search.cut, "cut", GREY, Stroke::Dashed)
    .legend(Legend::Beside);
    let mut any = false;
    let mut kept = 0;
    // Discarded curves lie below the others.
    for fate in [Fate::Discarded, Fate::Control, Fate::Kept] {
        let mut first = true;
        for trial in search.trials.iter().filter(|trial| trial.fate == fate) {
            let Some(early) = family
                .early
                .iter()
                .find(|record| record.id == trial.early_id)
            else {
                continue;
            };
            let full = family
                .searched
                .iter()
                .find(|record| Some(&record.id) == trial.full_id.as_ref());
            let (x, y) = smooth(full.unwrap_or(early));
            any |= !x.is_empty();
            let rate = format!("{} / {}", trial.setting.learning_rate, trial.setting.batch);
            panel = match fate {
                Fate::Kept => {
                    kept += 1;
                    let chosen = if trial.setting == search.chosen {
                        ", chosen"
                    } else {
                        ""
                    };
                    panel.line(
                        &format!("kept {rate}{chosen}"),
                        &x,
                        &y,
                        Colour::series(kept - 1),
                        Stroke::Solid,
                    )
                }
                Fate::Control => {
                    let name = if first { "controls" } else { "" };
                    panel.thin_line(name, &x, &y, Colour::new(120, 120, 120))
                }
                Fate::Discarded => {
                    let name = if first { "discarded" } else { "" };
                    panel.thin_line(name, &x, &y, Colour::new(190, 190, 190))
                }
            };
            first = false;
        }
    }
    if !any {
        return Ok(None);
    }
    let caption = "Training loss of every setting (learning rate / batch), averaged over sixtieths of the schedule. Grey curves \
                   that end at the cut were discarded there; thin curves that go on are controls."
        .to_owned();
    drawn(
        format!("{}_learning_curves", slug(&family.name)),
        &family.name,
        title,
        caption,
        vec![panel],
    )
    .map(Some)
}

/// Families over the same items with the same metrics, in one picture: a panel a metric.
fn side_by_side(results: &Results) -> Result<Option<Figure>> {
    let Some(group) = results.families.iter().find_map(|first| {
        let group: Vec<&FamilyResults> = results
            .families
            .iter()
            .filter(|family| family.items == first.items && family.metrics == first.metrics)
            .collect();
        (group.len() > 1).then_some(group)
    }) else {
        return Ok(None);
    };
    let mut panels = Vec::new();
    for (metric, unit, title) in &group[0].metrics {
        let mut panel = Panel::new(
            &format!("{title} against data"),
            PlotAxis::log(&format!("training {}", group[0].items)),
            PlotAxis::log(&format!("{title} ({unit})")),
        );
        for (place, family) in group.iter().enumerate() {
            let colour = Colour::series(place);
            for curve in family
                .laws
                .curves
                .iter()
                .filter(|c| c.axis == Axis::Data && &c.metric == metric)
            {
                let (x, y) = columns(curve);
                if curve.size.is_some() {
                    panel = panel.points("", &x, &y, colour.opacity(0.35), Marker::Dot);
                } else {
                    panel = with_law(panel, curve, colour);
                    let name = format!("{}{}", family.name, exponent_label(curve));
                    panel = panel.points(&name, &x, &y, colour, Marker::Circle);
                }
            }
        }
        panels.push(panel);
    }
    let names: Vec<&str> = group.iter().map(|family| family.name.as_str()).collect();
    let title = format!("{} side by side", names.join(" and "));
    let caption = "Large points: the best of all capacities at each training-set size, with its power law (dotted where the slope \
                   is not resolved). Dots: the other capacities."
        .to_owned();
    drawn("side_by_side".to_owned(), "", title, caption, panels).map(Some)
}
