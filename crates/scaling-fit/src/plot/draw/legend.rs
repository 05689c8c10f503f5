//! The legend and the place where it hides the least.

use super::marks::marker;
use crate::plot::font;
use crate::plot::layout::{Frame, LABEL};
use crate::plot::panel::{Look, Panel, Rule, Series};
use crate::plot::scene::{Anchor, Colour, PAPER, Pen, Rect, Scene, Shape};

/// Height of one row of a legend.
const ROW: f64 = 14.0;

/// Series that the legend names; the same name is listed once.
pub(crate) fn legend_entries(panel: &Panel) -> Vec<&Series> {
    let mut out: Vec<&Series> = Vec::new();
    for series in panel.series.iter().filter(|series| series.in_legend) {
        if !out.iter().any(|known| known.name == series.name) {
            out.push(series);
        }
    }
    out
}

/// Width and height of the legend's box.
pub(crate) fn legend_size(entries: &[&Series]) -> [f64; 2] {
    let text = entries
        .iter()
        .map(|series| font::width(&series.name, LABEL, false))
        .fold(0.0, f64::max);
    [text + 40.0, ROW * entries.len() as f64 + 8.0]
}

/// The corner whose box hides the fewest points, with their number; `None` where the box does not fit.
pub(crate) fn emptiest_corner(
    panel: &Panel,
    frame: &Frame<'_>,
    size: [f64; 2],
) -> Option<([f64; 2], usize)> {
    let area = frame.area;
    if size[0] > 0.62 * area.width || size[1] > 0.7 * area.height {
        return None;
    }
    let (left, top) = (area.x + 8.0, area.y + 8.0);
    let right = area.x + area.width - size[0] - 8.0;
    let bottom = area.y + area.height - size[1] - 8.0;
    [[right, top], [left, bottom], [right, bottom], [left, top]]
        .into_iter()
        .map(|corner| (corner, hidden(panel, frame, corner, size)))
        .min_by_key(|(_, hidden)| *hidden)
}

/// Number of drawn points in a box with a little room around it; lines count by the places they pass.
pub(super) fn hidden(panel: &Panel, frame: &Frame<'_>, corner: [f64; 2], size: [f64; 2]) -> usize {
    let room = Rect {
        x: corner[0] - 4.0,
        y: corner[1] - 4.0,
        width: size[0] + 8.0,
        height: size[1] + 8.0,
    };
    let mut count = 0;
    for rule in &panel.rules {
        if let Rule::Horizontal { at, .. } = rule {
            let crosses = frame
                .y(*at)
                .is_some_and(|y| y > room.y && y < room.y + room.height);
            count += 3 * usize::from(crosses);
        }
    }
    for series in &panel.series {
        let mut previous: Option<[f64; 2]> = None;
        for (index, (&x, &y)) in series.x.iter().zip(&series.y).enumerate() {
            let here = frame.at(x, y);
            if let Some(at) = here {
                count += usize::from(room.contains(at));
                if let (Look::Line { .. }, Some(from)) = (series.look, previous) {
                    for part in 1..8 {
                        let share = f64::from(part) / 8.0;
                        let between = [
                            from[0] + share * (at[0] - from[0]),
                            from[1] + share * (at[1] - from[1]),
                        ];
                        count += usize::from(room.contains(between));
                    }
                }
            }
            if let Some((low, high)) = &series.ends {
                for ends in [low, high] {
                    let at = ends.get(index).and_then(|end| frame.at(x, *end));
                    count += usize::from(at.is_some_and(|at| room.contains(at)));
                }
            }
            previous = here;
        }
    }
    count
}

/// Draws the legend.
pub(crate) fn legend(
    scene: &mut Scene,
    entries: &[&Series],
    place: [f64; 2],
    size: [f64; 2],
    boxed: bool,
) {
    if boxed {
        let rect = Rect {
            x: place[0],
            y: place[1],
            width: size[0],
            height: size[1],
        };
        let pen = Pen {
            colour: Colour::new(200, 200, 200),
            width: 0.7,
            dash: &[],
        };
        scene.rect(rect, Some(PAPER.opacity(0.88)), Some(pen));
    }
    for (index, series) in entries.iter().enumerate() {
        let y = place[1] + 4.0 + ROW * (index as f64 + 0.5);
        let x = place[0] + 17.0;
        match series.look {
            Look::Points {
                marker: shape,
                size,
            } => marker(scene, shape, [x, y], size, series.colour),
            Look::Line { stroke, width } => scene.push(Shape::Line {
                points: vec![[x - 11.0, y], [x + 11.0, y]],
                pen: Pen {
                    colour: series.colour,
                    width,
                    dash: stroke.dash(),
                },
            }),
            Look::Band => {
                let rect = Rect {
                    x: x - 11.0,
                    y: y - 4.0,
                    width: 22.0,
                    height: 8.0,
                };
                scene.rect(rect, Some(series.colour), None);
            }
        }
        scene.text(
            [place[0] + 34.0, y + 0.35 * LABEL],
            &series.name,
            LABEL,
            false,
            Anchor::Start,
        );
    }
}
