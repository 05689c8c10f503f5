//! The bar that tells the values of colours.

use crate::plot::axis::{Scale, scientific, ticks};
use crate::plot::layout::LABEL;
use crate::plot::scene::{Anchor, Colour, INK, Pen, Rect, Scene, Shape};

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
