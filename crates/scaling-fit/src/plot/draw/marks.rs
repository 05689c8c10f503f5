//! What shows data: lines, bands, error bars, markers, and rules behind them.

use crate::plot::layout::Frame;
use crate::plot::panel::{Look, Marker, Rule, Series};
use crate::plot::scene::{Colour, PAPER, Pen, Rect, Scene, Shape};

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

pub(super) fn marker(scene: &mut Scene, marker: Marker, at: [f64; 2], size: f64, colour: Colour) {
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
