//! The parts of a panel: series, rules, legend, remark and colour bar.

use super::axis::{Scale, scientific, ticks};
use super::font;
use super::layout::{Frame, LABEL};
use super::panel::{Look, Marker, Panel, Rule, Series};
use super::scene::{Anchor, Colour, INK, PAPER, Pen, Rect, Scene, Shape};

/// Height of one row of a legend.
const ROW: f64 = 14.0;

/// Draws a series; `scale` is the range of the values that choose colours.
pub(crate) fn series(
    scene: &mut Scene,
    series: &Series,
    frame: &Frame<'_>,
    scale: Option<(f64, f64)>,
) {
    match series.look {
        Look::Band => band(scene, series, frame),
        Look::Line { stroke, width } => {
            let pen = Pen {
                colour: series.colour,
                width,
                dash: stroke.dash(),
            };
            let mut stretch = Vec::new();
            // A gap in the data is a gap in the line.
            for (&x, &y) in series.x.iter().zip(&series.y) {
                match frame.at(x, y) {
                    Some(at) => stretch.push(at),
                    None => flush(scene, &mut stretch, pen),
                }
            }
            flush(scene, &mut stretch, pen);
        }
        Look::Points {
            marker: shape,
            size,
        } => {
            if let Some((low, high)) = &series.ends {
                error_bars(scene, series, frame, low, high);
            }
            for (index, (&x, &y)) in series.x.iter().zip(&series.y).enumerate() {
                let colour = match (&series.values, scale) {
                    (Some(values), Some((low, high))) if values[index].is_finite() => {
                        let span = if high > low { high - low } else { 1.0 };
                        Colour::scale((values[index] - low) / span)
                    }
                    _ => series.colour,
                };
                if let Some(at) = frame.at(x, y) {
                    marker(scene, shape, at, size, colour);
                }
            }
        }
    }
}

fn flush(scene: &mut Scene, stretch: &mut Vec<[f64; 2]>, pen: Pen) {
    let points = std::mem::take(stretch);
    if points.len() > 1 {
        scene.push(Shape::Line { points, pen });
    }
}

fn band(scene: &mut Scene, series: &Series, frame: &Frame<'_>) {
    let Some((low, high)) = &series.ends else {
        return;
    };
    let edge = |ends: &[f64]| -> Vec<[f64; 2]> {
        series
            .x
            .iter()
            .zip(ends)
            .filter_map(|(x, y)| frame.at(*x, *y))
            .collect()
    };
    let mut points = edge(high);
    points.extend(edge(low).into_iter().rev());
    if points.len() > 2 {
        scene.push(Shape::Polygon {
            points,
            fill: Some(series.colour),
            pen: None,
        });
    }
}

fn error_bars(scene: &mut Scene, series: &Series, frame: &Frame<'_>, low: &[f64], high: &[f64]) {
    let pen = Pen {
        colour: series.colour,
        width: 1.0,
        dash: &[],
    };
    for ((x, low), high) in series.x.iter().zip(low).zip(high) {
        if let (Some(bottom), Some(top)) = (frame.at(*x, *low), frame.at(*x, *high)) {
            for points in [
                vec![bottom, top],
                vec![[bottom[0] - 2.5, bottom[1]], [bottom[0] + 2.5, bottom[1]]],
                vec![[top[0] - 2.5, top[1]], [top[0] + 2.5, top[1]]],
            ] {
                scene.push(Shape::Line { points, pen });
            }
        }
    }
}

fn marker(scene: &mut Scene, marker: Marker, at: [f64; 2], size: f64, colour: Colour) {
    let [x, y] = at;
    let edge = Pen {
        colour: PAPER,
        width: 0.5,
        dash: &[],
    };
    let line = Pen {
        colour,
        width: 1.3,
        dash: &[],
    };
    let polygon = |points: Vec<[f64; 2]>| Shape::Polygon {
        points,
        fill: Some(colour),
        pen: Some(edge),
    };
    let square = |s: f64| {
        vec![
            [x - s, y - s],
            [x + s, y - s],
            [x + s, y + s],
            [x - s, y + s],
        ]
    };
    match marker {
        Marker::Circle | Marker::Dot => scene.push(Shape::Circle {
            at,
            radius: if marker == Marker::Dot {
                0.55 * size
            } else {
                size
            },
            fill: Some(colour),
            pen: (marker == Marker::Circle).then_some(edge),
        }),
        Marker::Ring => scene.push(Shape::Circle {
            at,
            radius: size,
            fill: Some(PAPER),
            pen: Some(line),
        }),
        Marker::Square => scene.push(polygon(square(0.88 * size))),
        Marker::OpenSquare => scene.push(Shape::Polygon {
            points: square(0.9 * size),
            fill: Some(PAPER),
            pen: Some(line),
        }),
        Marker::Triangle => scene.push(polygon(vec![
            [x, y - 1.15 * size],
            [x + 1.05 * size, y + 0.75 * size],
            [x - 1.05 * size, y + 0.75 * size],
        ])),
        Marker::Diamond => scene.push(polygon(vec![
            [x, y - 1.25 * size],
            [x + size, y],
            [x, y + 1.25 * size],
            [x - size, y],
        ])),
        Marker::Cross => {
            let s = 0.95 * size;
            for points in [
                vec![[x - s, y - s], [x + s, y + s]],
                vec![[x - s, y + s], [x + s, y - s]],
            ] {
                scene.push(Shape::Line { points, pen: line });
            }
        }
        Marker::Star => {
            let points = (0..10)
                .map(|corner| {
                    let angle = std::f64::consts::PI * f64::from(corner) / 5.0;
                    let radius = if corner % 2 == 0 { 1.7 } else { 0.7 } * size;
                    [x + radius * angle.sin(), y - radius * angle.cos()]
                })
                .collect();
            scene.push(polygon(points));
        }
    }
}

/// Draws a rule or shade, without its label.
pub(crate) fn rule(scene: &mut Scene, rule: &Rule, frame: &Frame<'_>) {
    let area = frame.area;
    let (right, bottom) = (area.x + area.width, area.y + area.height);
    let line = |colour: Colour, dash: &'static [f64]| Pen {
        colour,
        width: 1.2,
        dash,
    };
    match rule {
        Rule::Horizontal {
            at, colour, stroke, ..
        } => {
            if let Some(y) = frame.y(*at) {
                scene.push(Shape::Line {
                    points: vec![[area.x, y], [right, y]],
                    pen: line(*colour, stroke.dash()),
                });
            }
        }
        Rule::Vertical {
            at, colour, stroke, ..
        } => {
            if let Some(x) = frame.x(*at) {
                scene.push(Shape::Line {
                    points: vec![[x, area.y], [x, bottom]],
                    pen: line(*colour, stroke.dash()),
                });
            }
        }
        Rule::Shade {
            from, to, colour, ..
        } => {
            let left = frame.x(*from).unwrap_or(area.x).max(area.x);
            let end = frame.x(*to).unwrap_or(right).min(right);
            if end > left {
                let rect = Rect {
                    x: left,
                    y: area.y,
                    width: end - left,
                    height: area.height,
                };
                scene.rect(rect, Some(*colour), None);
            }
        }
    }
}

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
fn hidden(panel: &Panel, frame: &Frame<'_>, corner: [f64; 2], size: [f64; 2]) -> usize {
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

/// Steps of colour in a colour bar.
const STEPS: usize = 48;

/// Draws the colour bar to the right of the panel.
pub(crate) fn colour_bar(scene: &mut Scene, area: Rect, title: &str, range: (f64, f64)) {
    let x = area.x + area.width + 12.0;
    for step in 0..STEPS {
        let share = step as f64 / STEPS as f64;
        let height = area.height / STEPS as f64;
        let rect = Rect {
            x,
            y: area.y + area.height * (1.0 - share) - height - 0.3,
            width: 10.0,
            height: height + 0.6,
        };
        scene.rect(rect, Some(Colour::scale(share + 0.5 / STEPS as f64)), None);
    }
    let span = if range.1 > range.0 {
        range.1 - range.0
    } else {
        1.0
    };
    for tick in ticks(Scale::Linear, range.0, range.0 + span, 5) {
        let y = area.y + area.height * (1.0 - (tick.at - range.0) / span);
        let points = vec![[x + 10.0, y], [x + 13.0, y]];
        let pen = Pen {
            colour: INK,
            width: 0.8,
            dash: &[],
        };
        scene.push(Shape::Line { points, pen });
        let label = tick.label.unwrap_or_else(|| scientific(tick.at));
        scene.text([x + 15.0, y + 3.2], &label, LABEL, false, Anchor::Start);
    }
    scene.push(Shape::Text {
        at: [x + 49.0, area.y + 0.5 * area.height],
        text: title.to_owned(),
        size: LABEL + 0.5,
        bold: false,
        colour: INK,
        anchor: Anchor::Middle,
        upright: true,
    });
}
