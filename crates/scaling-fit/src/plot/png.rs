//! A scene as pixels, by `tiny-skia`; text is drawn from the outlines of the embedded font.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the rasteriser works in pixels and single precision"
)]

use super::font;
use super::scene::{Anchor, Colour, PAPER, Pen, Scene, Shape};
use crate::error::{Error, Result};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Mask, Paint, PathBuilder, Pixmap, Stroke, StrokeDash, Transform,
};

/// PNG bytes with `scale` pixels per point.
pub(crate) fn png(scene: &Scene, scale: f64) -> Result<Vec<u8>> {
    let fail = |reason: String| Error::Figure {
        figure: scene.title.clone(),
        reason,
    };
    if !(scale > 0.0 && scale <= 20.0) {
        return Err(fail(format!("scale is {scale}, expected 0 to 20")));
    }
    let pixels = |length: f64| (length * scale).ceil() as u32;
    let (width, height) = (pixels(scene.width), pixels(scene.height));
    let mut pixmap = Pixmap::new(width, height)
        .ok_or_else(|| fail(format!("{width} by {height} pixels cannot be allocated")))?;
    let [r, g, b] = PAPER.rgb;
    pixmap.fill(tiny_skia::Color::from_rgba8(r, g, b, 255));
    let transform = Transform::from_scale(single(scale), single(scale));
    let mut masks = Vec::new();
    for clip in &scene.clips {
        let mut mask = Mask::new(width, height)
            .ok_or_else(|| fail(format!("{width} by {height} pixels cannot be allocated")))?;
        if let Some(path) = polygon(&clip.corners(), true) {
            mask.fill_path(&path, FillRule::Winding, true, transform);
        }
        masks.push(mask);
    }
    for (shape, clip) in &scene.shapes {
        draw(
            &mut pixmap,
            shape,
            transform,
            clip.map(|index| &masks[index]),
        );
    }
    pixmap.encode_png().map_err(|error| fail(error.to_string()))
}

fn draw(pixmap: &mut Pixmap, shape: &Shape, transform: Transform, mask: Option<&Mask>) {
    match shape {
        Shape::Line { points, pen } => {
            if let Some(path) = polygon(points, false) {
                pixmap.stroke_path(&path, &paint(pen.colour), &stroke(pen), transform, mask);
            }
        }
        Shape::Polygon { points, fill, pen } => {
            if let Some(path) = polygon(points, true) {
                fill_and_stroke(pixmap, &path, *fill, pen.as_ref(), transform, mask);
            }
        }
        Shape::Circle {
            at,
            radius,
            fill,
            pen,
        } => {
            let path =
                PathBuilder::from_circle(single(at[0]), single(at[1]), single(radius.max(0.01)));
            if let Some(path) = path {
                fill_and_stroke(pixmap, &path, *fill, pen.as_ref(), transform, mask);
            }
        }
        Shape::Text {
            at,
            text,
            size,
            bold,
            colour,
            anchor,
            upright,
        } => {
            let width = font::width(text, *size, *bold);
            let start = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => -0.5 * width,
                Anchor::End => -width,
            };
            let mut builder = PathBuilder::new();
            font::outline(text, *size, *bold, &mut builder);
            let Some(path) = builder.finish() else { return };
            let mut placed = transform.pre_translate(single(at[0]), single(at[1]));
            if *upright {
                placed = placed.pre_rotate(-90.0);
            }
            placed = placed.pre_translate(single(start), 0.0);
            pixmap.fill_path(&path, &paint(*colour), FillRule::Winding, placed, mask);
        }
    }
}

fn fill_and_stroke(
    pixmap: &mut Pixmap,
    path: &tiny_skia::Path,
    fill: Option<Colour>,
    pen: Option<&Pen>,
    transform: Transform,
    mask: Option<&Mask>,
) {
    if let Some(colour) = fill {
        pixmap.fill_path(path, &paint(colour), FillRule::Winding, transform, mask);
    }
    if let Some(pen) = pen {
        pixmap.stroke_path(path, &paint(pen.colour), &stroke(pen), transform, mask);
    }
}

fn polygon(points: &[[f64; 2]], close: bool) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    for (index, point) in points.iter().enumerate() {
        let (x, y) = (single(point[0]), single(point[1]));
        if index == 0 {
            builder.move_to(x, y);
        } else {
            builder.line_to(x, y);
        }
    }
    if close {
        builder.close();
    }
    builder.finish()
}

fn paint(colour: Colour) -> Paint<'static> {
    let [r, g, b] = colour.rgb;
    let mut paint = Paint::default();
    let alpha = (colour.opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
    paint.set_color_rgba8(r, g, b, alpha);
    paint.anti_alias = true;
    paint
}

fn stroke(pen: &Pen) -> Stroke {
    let dash: Vec<f32> = pen.dash.iter().map(|d| single(*d)).collect();
    Stroke {
        width: single(pen.width),
        line_cap: LineCap::Butt,
        line_join: LineJoin::Round,
        dash: StrokeDash::new(dash, 0.0),
        ..Stroke::default()
    }
}

fn single(value: f64) -> f32 {
    value as f32
}
