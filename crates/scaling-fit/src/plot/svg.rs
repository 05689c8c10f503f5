//! A scene as SVG text. Numbers have at most two decimals, so equal scenes give equal bytes.

use super::font::runs;
use super::scene::{Anchor, Colour, Pen, Scene, Shape};
use std::fmt::Write as _;

/// Names that have Arial's widths come first, so that text fills the room measured for it.
const FAMILY: &str = "Arimo, Arial, 'Liberation Sans', Helvetica, sans-serif";

pub(crate) fn svg(scene: &Scene) -> String {
    let mut out = String::new();
    let (w, h) = (number(scene.width), number(scene.height));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" font-family=\"{FAMILY}\" role=\"img\">"
    );
    if !scene.title.is_empty() {
        let _ = writeln!(out, "<title>{}</title>", escape(&scene.title));
    }
    let _ = writeln!(out, "<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>");
    // The clip names carry a digest, because several figures may share one HTML page.
    let tag = digest(scene);
    for (index, clip) in scene.clips.iter().enumerate() {
        let _ = writeln!(
            out,
            "<clipPath id=\"c{tag}-{index}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>",
            number(clip.x),
            number(clip.y),
            number(clip.width),
            number(clip.height)
        );
    }
    let mut open = None;
    for (shape, clip) in &scene.shapes {
        if *clip != open {
            if open.is_some() {
                out.push_str("</g>\n");
            }
            if let Some(index) = clip {
                let _ = writeln!(out, "<g clip-path=\"url(#c{tag}-{index})\">");
            }
            open = *clip;
        }
        write_shape(&mut out, shape);
    }
    if open.is_some() {
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn write_shape(out: &mut String, shape: &Shape) {
    match shape {
        Shape::Line { points, pen } => {
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\"{}/>",
                coordinates(points),
                stroke(Some(pen))
            );
        }
        Shape::Polygon { points, fill, pen } => {
            let _ = writeln!(
                out,
                "<polygon points=\"{}\"{}{}/>",
                coordinates(points),
                paint(*fill),
                stroke(pen.as_ref())
            );
        }
        Shape::Circle {
            at,
            radius,
            fill,
            pen,
        } => {
            let _ = writeln!(
                out,
                "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}{}/>",
                number(at[0]),
                number(at[1]),
                number(*radius),
                paint(*fill),
                stroke(pen.as_ref())
            );
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
            let (x, y) = (number(at[0]), number(at[1]));
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let weight = if *bold { " font-weight=\"bold\"" } else { "" };
            let turn = if *upright {
                format!(" transform=\"rotate(-90 {x} {y})\"")
            } else {
                String::new()
            };
            let _ = write!(
                out,
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\"{weight}{}{turn}>",
                number(*size),
                paint(Some(*colour))
            );
            let mut raised = 0.0;
            for run in runs(text) {
                let shift = (raised - run.rise) * size;
                raised = run.rise;
                if shift == 0.0 && (run.scale - 1.0).abs() < 1e-9 {
                    out.push_str(&escape(&run.text));
                } else {
                    let _ = write!(
                        out,
                        "<tspan dy=\"{}\" font-size=\"{}\">{}</tspan>",
                        number(shift),
                        number(run.scale * size),
                        escape(&run.text)
                    );
                }
            }
            out.push_str("</text>\n");
        }
    }
}

fn coordinates(points: &[[f64; 2]]) -> String {
    let mut out = String::with_capacity(points.len() * 12);
    for (index, point) in points.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        let _ = write!(out, "{},{}", number(point[0]), number(point[1]));
    }
    out
}

fn number(value: f64) -> String {
    let mut text = format!("{value:.2}");
    while text.ends_with('0') {
        text.pop();
    }
    if text.ends_with('.') {
        text.pop();
    }
    if text == "-0" { "0".to_owned() } else { text }
}

fn hex(colour: Colour) -> String {
    let [r, g, b] = colour.rgb;
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn paint(fill: Option<Colour>) -> String {
    match fill {
        None => " fill=\"none\"".to_owned(),
        Some(colour) if colour.opacity >= 1.0 => format!(" fill=\"{}\"", hex(colour)),
        Some(colour) => format!(
            " fill=\"{}\" fill-opacity=\"{}\"",
            hex(colour),
            number(colour.opacity)
        ),
    }
}

fn stroke(pen: Option<&Pen>) -> String {
    let Some(pen) = pen else {
        return String::new();
    };
    let mut out = format!(
        " stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"",
        hex(pen.colour),
        number(pen.width)
    );
    if pen.colour.opacity < 1.0 {
        let _ = write!(out, " stroke-opacity=\"{}\"", number(pen.colour.opacity));
    }
    if !pen.dash.is_empty() {
        let dashes: Vec<String> = pen.dash.iter().map(|d| number(*d)).collect();
        let _ = write!(out, " stroke-dasharray=\"{}\"", dashes.join(" "));
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// FNV-1a over the title and the coordinates: short, stable, and needs no dependency.
fn digest(scene: &Scene) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut eat = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    eat(scene.title.as_bytes());
    for (shape, _) in &scene.shapes {
        match shape {
            Shape::Line { points, .. } | Shape::Polygon { points, .. } => {
                eat(coordinates(points).as_bytes());
            }
            Shape::Circle { at, .. } => eat(coordinates(&[*at]).as_bytes()),
            Shape::Text { text, .. } => eat(text.as_bytes()),
        }
    }
    format!("{:08x}", hash & 0xffff_ffff)
}
