//! Text: measured and outlined from an embedded font, so that no system font is needed.
//!
//! The font is a subset of Arimo (SIL Open Font License 1.1, see `assets/OFL.txt`), whose widths equal those of Arial.

use std::sync::LazyLock;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

static REGULAR: LazyLock<Face<'static>> =
    LazyLock::new(|| face(include_bytes!("../../assets/Arimo-Regular-subset.ttf")));
static BOLD: LazyLock<Face<'static>> =
    LazyLock::new(|| face(include_bytes!("../../assets/Arimo-Bold-subset.ttf")));

fn face(bytes: &'static [u8]) -> Face<'static> {
    Face::parse(bytes, 0).expect("the embedded font is whole")
}

/// A stretch of text on one baseline.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) text: String,
    /// Baseline shift in units of the full size, upwards.
    pub(crate) rise: f64,
    /// Size in units of the full size.
    pub(crate) scale: f64,
}

/// Splits `10^{6}` and `N_{opt}` into runs; everything else is taken as it is.
pub(crate) fn runs(text: &str) -> Vec<Run> {
    let mut out = Vec::new();
    let mut rest = text;
    let mut plain = String::new();
    let push = |out: &mut Vec<Run>, text: String, rise: f64, scale: f64| {
        if !text.is_empty() {
            out.push(Run { text, rise, scale });
        }
    };
    while let Some(at) = rest.find(['^', '_']) {
        let (before, after) = rest.split_at(at);
        let raised = after.starts_with('^');
        let inner = after[1..]
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'));
        plain.push_str(before);
        if let Some((inside, tail)) = inner {
            push(&mut out, std::mem::take(&mut plain), 0.0, 1.0);
            let rise = if raised { 0.36 } else { -0.16 };
            push(&mut out, inside.to_owned(), rise, 0.72);
            rest = tail;
        } else {
            plain.push_str(&after[..1]);
            rest = &after[1..];
        }
    }
    plain.push_str(rest);
    push(&mut out, plain, 0.0, 1.0);
    out
}

fn pick(bold: bool) -> &'static Face<'static> {
    if bold { &BOLD } else { &REGULAR }
}

fn glyph(face: &Face<'_>, character: char) -> GlyphId {
    // The narrow and the unbreakable spaces of grouped numbers are not in the subset.
    let drawn = if character.is_whitespace() {
        ' '
    } else {
        character
    };
    face.glyph_index(drawn)
        .or_else(|| face.glyph_index('?'))
        .unwrap_or(GlyphId(0))
}

fn advance(face: &Face<'_>, glyph: GlyphId) -> f64 {
    f64::from(face.glyph_hor_advance(glyph).unwrap_or(0)) / f64::from(face.units_per_em())
}

/// Width of a text with its scripts.
pub(crate) fn width(text: &str, size: f64, bold: bool) -> f64 {
    let face = pick(bold);
    runs(text)
        .iter()
        .map(|run| {
            let ems: f64 = run
                .text
                .chars()
                .map(|character| advance(face, glyph(face, character)))
                .sum();
            ems * run.scale * size
        })
        .sum()
}

/// Draws the outlines of a text whose baseline starts at the origin, with y downwards.
pub(crate) fn outline(text: &str, size: f64, bold: bool, path: &mut tiny_skia::PathBuilder) {
    let face = pick(bold);
    let mut x = 0.0;
    for run in runs(text) {
        let scale = size * run.scale / f64::from(face.units_per_em());
        for character in run.text.chars() {
            let id = glyph(face, character);
            let mut pen = Pen {
                path,
                x,
                y: -run.rise * size,
                scale,
            };
            face.outline_glyph(id, &mut pen);
            x += advance(face, id) * size * run.scale;
        }
    }
}

/// Sends a glyph's outline to a path, scaled and moved.
struct Pen<'a> {
    path: &'a mut tiny_skia::PathBuilder,
    x: f64,
    y: f64,
    scale: f64,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = (
            self.x + f64::from(x) * self.scale,
            self.y - f64::from(y) * self.scale,
        );
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the rasteriser works in single precision"
        )]
        (x as f32, y as f32)
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_split_and_plain_text_is_kept() {
        let parts = runs("10^{6} a_b");
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[1].text, "6");
        assert!(parts[1].rise > 0.0);
        assert_eq!(parts[2].text, " a_b");
    }

    #[test]
    fn widths_are_those_of_arial() {
        // A digit of Arial is 1139 of 2048 units wide.
        approx::assert_relative_eq!(width("0", 1.0, false), 1139.0 / 2048.0, max_relative = 1e-3);
    }
}
