//! Texts inside a panel that must not hide data: labels of rules and shades, and remarks.

use super::legend::hidden;
use crate::plot::font;
use crate::plot::layout::{Frame, LABEL};
use crate::plot::panel::{Look, Panel, Rule, Series};
use crate::plot::scene::{Anchor, PAPER, Rect, Scene, Shape};

/// Writes the labels of rules and shades where they hide the least, clear of the legend and of one another; adds their places to `taken`.
pub(crate) fn rule_labels(
    scene: &mut Scene,
    panel: &Panel,
    frame: &Frame<'_>,
    taken: &mut Vec<Rect>,
) {
    let area = frame.area;
    let (right, bottom) = (area.x + area.width, area.y + area.height);
    let (top_line, bottom_line) = (area.y + LABEL + 2.0, bottom - 5.0);
    for rule in &panel.rules {
        let (label, spots) = match rule {
            Rule::Horizontal { at, label, .. } => {
                let Some(y) = frame.y(*at) else { continue };
                let end = right - 4.0 - font::width(label, LABEL, false);
                let (above, below) = (y - 4.0, y + LABEL + 2.0);
                let start = area.x + 6.0;
                let all = [(end, above), (end, below), (start, above), (start, below)];
                (label, all.to_vec())
            }
            Rule::Vertical { at, label, .. } => {
                let Some(x) = frame.x(*at) else { continue };
                let before = x - 4.0 - font::width(label, LABEL, false);
                let all = [
                    (x + 4.0, top_line),
                    (before, top_line),
                    (x + 4.0, bottom_line),
                    (before, bottom_line),
                ];
                (label, all.to_vec())
            }
            Rule::Shade {
                from, to, label, ..
            } => {
                let left = frame.x(*from).unwrap_or(area.x).max(area.x);
                let end = frame.x(*to).unwrap_or(right).min(right);
                let width = font::width(label, LABEL, false);
                // A label wider than its shade stays inside the panel.
                let x = (f64::midpoint(left, end) - 0.5 * width).min(right - 4.0 - width);
                (label, vec![(x, top_line), (x, bottom_line)])
            }
        };
        if label.is_empty() {
            continue;
        }
        let width = font::width(label, LABEL, false);
        let room = |x: f64, y: f64| Rect {
            x,
            y: y - LABEL,
            width,
            height: LABEL + 2.0,
        };
        let best = spots
            .into_iter()
            .filter(|(x, y)| {
                *x >= area.x && x + width <= right && *y <= bottom - 2.0 && *y >= top_line - 1.0
            })
            .min_by_key(|(x, y)| {
                let place = room(*x, *y);
                let clash = taken.iter().any(|other| place.overlaps(other));
                hidden(panel, frame, [place.x, place.y], [width, place.height])
                    + if clash { 10_000 } else { 0 }
            });
        if let Some((x, y)) = best {
            scene.text([x, y], label, LABEL, false, Anchor::Start);
            taken.push(room(x, y));
        }
    }
}

/// Writes the texts beside points of the data, each at the place that hides the least; adds their places to `taken`.
///
/// A text that belongs to a line breaks it, as the numbers of contour lines on a map do.
pub(crate) fn notes(scene: &mut Scene, panel: &Panel, frame: &Frame<'_>, taken: &mut Vec<Rect>) {
    let inside = |place: &Rect| {
        frame.area.contains([place.x, place.y])
            && frame
                .area
                .contains([place.x + place.width, place.y + place.height])
    };
    for note in &panel.notes {
        let size = [font::width(&note.text, LABEL, false) + 4.0, LABEL + 3.0];
        let points = || {
            let pairs = note.x.iter().zip(&note.y);
            pairs.filter_map(|(x, y)| frame.at(*x, *y))
        };
        let on_line = note.x.len() > 1;
        let corners: Vec<[f64; 2]> = if on_line {
            points()
                .map(|at| [at[0] - 0.5 * size[0], at[1] - 0.5 * size[1]])
                .collect()
        } else {
            points()
                .flat_map(|at| {
                    let (left, right) = (at[0] - size[0] - 4.0, at[0] + 4.0);
                    let (above, below) = (at[1] - size[1] - 1.0, at[1] + 3.0);
                    [[right, above], [left, above], [right, below], [left, below]]
                })
                .collect()
        };
        let best = corners
            .into_iter()
            .map(|corner| Rect {
                x: corner[0],
                y: corner[1],
                width: size[0],
                height: size[1],
            })
            .filter(inside)
            .min_by_key(|place| {
                let clash = taken.iter().any(|other| place.overlaps(other));
                crossed(panel, frame, place) + if clash { 10_000 } else { 0 }
            });
        let Some(place) = best else { continue };
        if on_line {
            scene.rect(place, Some(PAPER), None);
        }
        scene.push(Shape::Text {
            at: [place.x + 2.0, place.y + LABEL],
            text: note.text.clone(),
            size: LABEL,
            bold: false,
            colour: note.colour,
            anchor: Anchor::Start,
            upright: false,
        });
        taken.push(place);
    }
}

/// Points drawn in a box, and lines that pass through it, each of them once.
fn crossed(panel: &Panel, frame: &Frame<'_>, room: &Rect) -> usize {
    let within = |series: &Series| {
        let pairs = series.x.iter().zip(&series.y);
        let places = pairs.filter_map(|(x, y)| frame.at(*x, *y));
        places.filter(|at| room.contains(*at)).count()
    };
    let count = |series: &Series| match series.look {
        Look::Line { .. } => within(series).min(1),
        Look::Points { .. } | Look::Band => within(series),
    };
    panel.series.iter().map(count).sum()
}

/// Writes a short text into the emptiest corner that the legend leaves.
pub(crate) fn remark(
    scene: &mut Scene,
    panel: &Panel,
    frame: &Frame<'_>,
    text: &str,
    taken: &[Rect],
) {
    let lines: Vec<&str> = text.lines().collect();
    let width = lines
        .iter()
        .map(|line| font::width(line, LABEL, false))
        .fold(0.0, f64::max);
    let size = [width, 13.0 * lines.len() as f64];
    let area = frame.area;
    let xs = [area.x + 10.0, area.x + area.width - size[0] - 10.0];
    let ys = [area.y + 10.0, area.y + area.height - size[1] - 8.0];
    let corner = xs
        .iter()
        .flat_map(|x| ys.iter().map(move |y| [*x, *y]))
        .min_by_key(|corner| {
            let place = Rect {
                x: corner[0],
                y: corner[1],
                width: size[0],
                height: size[1],
            };
            let overlap = taken.iter().any(|other| place.overlaps(other));
            hidden(panel, frame, *corner, size) + if overlap { 10_000 } else { 0 }
        })
        .expect("there are four corners");
    for (index, line) in lines.iter().enumerate() {
        let y = corner[1] + LABEL + 13.0 * index as f64;
        scene.text([corner[0], y], line, LABEL, false, Anchor::Start);
    }
}
