//! From a panel to shapes: ranges, margins, ticks, series, legend and colour bar.

use super::axis::{Axis, Scale, Tick, ticks};
use super::draw;
use super::font;
use super::panel::{Legend, Look, Panel, Rule, Series};
use super::scene::{Anchor, Colour, INK, PAPER, Pen, Rect, Scene, Shape};
use crate::error::{Error, Result};

/// Sizes of text in points.
const TITLE: f64 = 12.5;
const AXIS: f64 = 11.5;
const TICK: f64 = 10.0;
pub(crate) const LABEL: f64 = 9.5;

const GRID: Colour = Colour::new(232, 232, 232);

/// The drawing area of a panel with its two maps from values to the page.
pub(crate) struct Frame<'a> {
    pub(crate) area: Rect,
    x: &'a Axis,
    y: &'a Axis,
    x_range: (f64, f64),
    y_range: (f64, f64),
}

impl Frame<'_> {
    /// Page position of a point of the data, if the axes can show it.
    pub(crate) fn at(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        Some([self.x(x)?, self.y(y)?])
    }

    pub(crate) fn x(&self, value: f64) -> Option<f64> {
        let share = (self.x.forward(value)? - self.x_range.0) / (self.x_range.1 - self.x_range.0);
        Some(self.area.x + share * self.area.width)
    }

    pub(crate) fn y(&self, value: f64) -> Option<f64> {
        let share = (self.y.forward(value)? - self.y_range.0) / (self.y_range.1 - self.y_range.0);
        Some(self.area.y + (1.0 - share) * self.area.height)
    }

    fn x_position(&self, at: f64) -> f64 {
        self.area.x + (at - self.x_range.0) / (self.x_range.1 - self.x_range.0) * self.area.width
    }

    fn y_position(&self, at: f64) -> f64 {
        self.area.y
            + (1.0 - (at - self.y_range.0) / (self.y_range.1 - self.y_range.0)) * self.area.height
    }
}

/// Draws a panel into a cell of the page.
pub(crate) fn panel(scene: &mut Scene, panel: &Panel, cell: Rect) -> Result<()> {
    let (x_range, y_range) = ranges(panel)?;
    let x_ticks = ticks(panel.x.scale, x_range.0, x_range.1, 9);
    let y_ticks = ticks(panel.y.scale, y_range.0, y_range.1, 7);
    let widest = widest(&y_ticks);
    let entries = draw::legend_entries(panel);
    let bar = panel.colour_bar.as_ref().map_or(0.0, |_| 66.0);
    let mut area = inner(cell, widest, bar, panel);
    let legend_size = draw::legend_size(&entries);
    let mut frame = Frame {
        area,
        x: &panel.x,
        y: &panel.y,
        x_range,
        y_range,
    };
    let mut spot = None;
    if !entries.is_empty() && panel.legend != Legend::Hidden {
        let corner = draw::emptiest_corner(panel, &frame, legend_size);
        match corner {
            Some((place, hidden)) if panel.legend == Legend::Auto && hidden <= 2 => {
                spot = Some(place);
            }
            _ => {
                area.width -= legend_size[0] + 10.0;
                frame.area = area;
                spot = Some([area.x + area.width + bar + 10.0, area.y]);
            }
        }
    }
    axes(scene, panel, &frame, &x_ticks, &y_ticks, widest);
    let clip = scene.clips.len();
    scene.clips.push(frame.area);
    let first = scene.shapes.len();
    for rule in &panel.rules {
        draw::rule(scene, rule, &frame);
    }
    let scale = value_range(&panel.series);
    for series in &panel.series {
        draw::series(scene, series, &frame, scale);
    }
    for shape in &mut scene.shapes[first..] {
        shape.1 = Some(clip);
    }
    let mut taken: Vec<Rect> = spot
        .map(|place| Rect {
            x: place[0],
            y: place[1],
            width: legend_size[0],
            height: legend_size[1],
        })
        .into_iter()
        .collect();
    draw::rule_labels(scene, panel, &frame, &mut taken);
    draw::notes(scene, panel, &frame, &mut taken);
    border(scene, frame.area);
    if let Some(place) = spot {
        draw::legend(
            scene,
            &entries,
            place,
            legend_size,
            frame.area.contains(place),
        );
    }
    if let Some(text) = &panel.remark {
        draw::remark(scene, panel, &frame, text, &taken);
    }
    if let (Some(title), Some(scale)) = (&panel.colour_bar, scale) {
        draw::colour_bar(scene, frame.area, title, scale);
    }
    Ok(())
}

fn inner(cell: Rect, widest: f64, bar: f64, panel: &Panel) -> Rect {
    let left = 14.0 + AXIS + widest + 8.0;
    let top = if panel.title.is_empty() { 12.0 } else { 30.0 };
    let bottom = 14.0 + TICK + AXIS + 10.0;
    Rect {
        x: cell.x + left,
        y: cell.y + top,
        width: (cell.width - left - 18.0 - bar).max(40.0),
        height: (cell.height - top - bottom).max(40.0),
    }
}

fn widest(ticks: &[Tick]) -> f64 {
    ticks
        .iter()
        .filter_map(|tick| tick.label.as_ref())
        .map(|label| font::width(label, TICK, false))
        .fold(0.0, f64::max)
}

fn ranges(panel: &Panel) -> Result<((f64, f64), (f64, f64))> {
    let mut x = (f64::INFINITY, f64::NEG_INFINITY);
    let mut y = (f64::INFINITY, f64::NEG_INFINITY);
    let grow = |range: &mut (f64, f64), value: Option<f64>| {
        if let Some(value) = value {
            *range = (range.0.min(value), range.1.max(value));
        }
    };
    for series in &panel.series {
        for (index, (&px, &py)) in series.x.iter().zip(&series.y).enumerate() {
            if series.look != Look::Band && panel.y.forward(py).is_none() {
                continue;
            }
            grow(&mut x, panel.x.forward(px));
            if series.look != Look::Band {
                grow(&mut y, panel.y.forward(py));
            }
            if let Some((low, high)) = &series.ends {
                for ends in [low, high] {
                    grow(&mut y, ends.get(index).and_then(|v| panel.y.forward(*v)));
                }
            }
        }
    }
    for rule in &panel.rules {
        match rule {
            Rule::Horizontal { at, .. } => grow(&mut y, panel.y.forward(*at)),
            Rule::Vertical { at, .. } => grow(&mut x, panel.x.forward(*at)),
            Rule::Shade { .. } => {}
        }
    }
    Ok((
        finish(panel, &panel.x, x, 0.035)?,
        finish(panel, &panel.y, y, 0.06)?,
    ))
}

fn finish(panel: &Panel, axis: &Axis, seen: (f64, f64), margin: f64) -> Result<(f64, f64)> {
    if let Some((low, high)) = axis.range {
        let ends = axis.forward(low).zip(axis.forward(high));
        return ends
            .filter(|(low, high)| low < high)
            .ok_or_else(|| Error::Figure {
                figure: panel.title.clone(),
                reason: format!("axis `{}` cannot run from {low} to {high}", axis.title),
            });
    }
    if seen.0 > seen.1 {
        return Err(Error::Figure {
            figure: panel.title.clone(),
            reason: format!("axis `{}` has no value that it can show", axis.title),
        });
    }
    let mut span = seen.1 - seen.0;
    if span <= 1e-12 * (1.0 + seen.0.abs()) {
        span = if axis.scale == Scale::Log {
            0.3
        } else {
            seen.0.abs().max(1.0) * 0.2
        };
        return Ok((seen.0 - 0.5 * span, seen.1 + 0.5 * span));
    }
    Ok((seen.0 - margin * span, seen.1 + margin * span))
}

fn axes(
    scene: &mut Scene,
    panel: &Panel,
    frame: &Frame<'_>,
    x_ticks: &[Tick],
    y_ticks: &[Tick],
    widest: f64,
) {
    let area = frame.area;
    let (right, bottom) = (area.x + area.width, area.y + area.height);
    scene.rect(area, Some(PAPER), None);
    let grid = Pen {
        colour: GRID,
        width: 0.7,
        dash: &[],
    };
    let mark = Pen {
        colour: INK,
        width: 0.9,
        dash: &[],
    };
    for tick in x_ticks {
        let x = frame.x_position(tick.at);
        if tick.label.is_some() {
            let points = vec![[x, area.y], [x, bottom]];
            scene.push(Shape::Line { points, pen: grid });
        }
    }
    for tick in y_ticks {
        let y = frame.y_position(tick.at);
        if tick.label.is_some() {
            let points = vec![[area.x, y], [right, y]];
            scene.push(Shape::Line { points, pen: grid });
        }
    }
    // Labels that would run into the one before are left out; their ticks stay.
    let mut free_from = f64::NEG_INFINITY;
    for tick in x_ticks {
        let x = frame.x_position(tick.at);
        let points = vec![[x, bottom], [x, bottom + 4.5 * tick.length]];
        scene.push(Shape::Line { points, pen: mark });
        if let Some(label) = &tick.label {
            let half = 0.5 * font::width(label, TICK, false);
            if x - half >= free_from {
                scene.text([x, bottom + 6.0 + TICK], label, TICK, false, Anchor::Middle);
                free_from = x + half + 5.0;
            }
        }
    }
    let mut free_below = f64::INFINITY;
    for tick in y_ticks {
        let y = frame.y_position(tick.at);
        let points = vec![[area.x - 4.5 * tick.length, y], [area.x, y]];
        scene.push(Shape::Line { points, pen: mark });
        if let Some(label) = &tick.label
            && y + 0.5 * TICK <= free_below
        {
            scene.text(
                [area.x - 7.0, y + 0.35 * TICK],
                label,
                TICK,
                false,
                Anchor::End,
            );
            free_below = y - 0.6 * TICK;
        }
    }
    let middle = area.x + 0.5 * area.width;
    scene.text(
        [middle, bottom + 10.0 + TICK + AXIS],
        &panel.x.title,
        AXIS,
        false,
        Anchor::Middle,
    );
    scene.push(Shape::Text {
        at: [area.x - widest - 14.0, area.y + 0.5 * area.height],
        text: panel.y.title.clone(),
        size: AXIS,
        bold: false,
        colour: INK,
        anchor: Anchor::Middle,
        upright: true,
    });
    if !panel.title.is_empty() {
        scene.text(
            [area.x, area.y - 10.0],
            &panel.title,
            TITLE,
            true,
            Anchor::Start,
        );
    }
}

fn border(scene: &mut Scene, area: Rect) {
    let (right, bottom) = (area.x + area.width, area.y + area.height);
    scene.push(Shape::Line {
        points: vec![[area.x, area.y], [area.x, bottom], [right, bottom]],
        pen: Pen {
            colour: INK,
            width: 1.0,
            dash: &[],
        },
    });
}

fn value_range(series: &[Series]) -> Option<(f64, f64)> {
    let mut range = (f64::INFINITY, f64::NEG_INFINITY);
    for value in series
        .iter()
        .filter_map(|s| s.values.as_ref())
        .flatten()
        .filter(|v| v.is_finite())
    {
        range = (range.0.min(*value), range.1.max(*value));
    }
    (range.0 <= range.1).then_some(range)
}
