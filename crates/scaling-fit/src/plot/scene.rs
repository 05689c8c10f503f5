//! Shapes on a page, before they become SVG or pixels. Units are points; y runs downwards.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "colour channels and stops are clamped before"
)]

/// A colour with opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour {
    /// Red, green and blue.
    pub rgb: [u8; 3],
    /// 0 is invisible, 1 covers what is below.
    pub opacity: f64,
}

impl Colour {
    /// An opaque colour.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self {
            rgb: [red, green, blue],
            opacity: 1.0,
        }
    }

    /// The same colour with another opacity.
    #[must_use]
    pub const fn opacity(mut self, opacity: f64) -> Self {
        self.opacity = opacity;
        self
    }

    /// Colour number `index` of a palette that colour-blind readers can tell apart
    /// (Okabe and Ito 2008, <https://jfly.uni-koeln.de/color/>).
    #[must_use]
    pub const fn series(index: usize) -> Self {
        const PALETTE: [Colour; 7] = [
            Colour::new(0, 114, 178),
            Colour::new(213, 94, 0),
            Colour::new(0, 158, 115),
            Colour::new(204, 121, 167),
            Colour::new(230, 159, 0),
            Colour::new(86, 180, 233),
            Colour::new(90, 90, 90),
        ];
        PALETTE[index % PALETTE.len()]
    }

    /// Colour of a share between 0 and 1 on the viridis scale (van der Walt and Smith 2015, CC0),
    /// interpolated between nine of its entries.
    #[must_use]
    pub fn scale(share: f64) -> Self {
        const STOPS: [[u8; 3]; 9] = [
            [68, 1, 84],
            [71, 45, 123],
            [59, 82, 139],
            [44, 114, 142],
            [33, 145, 140],
            [40, 174, 128],
            [94, 201, 98],
            [173, 220, 48],
            [253, 231, 37],
        ];
        let position = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
        let index = (position.floor() as usize).min(STOPS.len() - 2);
        let rest = position - index as f64;
        let mut rgb = [0; 3];
        for (channel, slot) in rgb.iter_mut().enumerate() {
            let (a, b) = (
                f64::from(STOPS[index][channel]),
                f64::from(STOPS[index + 1][channel]),
            );
            *slot = (a + rest * (b - a)).round() as u8;
        }
        Self { rgb, opacity: 1.0 }
    }
}

/// Near black, for text and axes.
pub(crate) const INK: Colour = Colour::new(34, 34, 34);

/// White.
pub(crate) const PAPER: Colour = Colour::new(255, 255, 255);

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A line's look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pen {
    pub(crate) colour: Colour,
    pub(crate) width: f64,
    pub(crate) dash: &'static [f64],
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// One shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Line {
        points: Vec<[f64; 2]>,
        pen: Pen,
    },
    Polygon {
        points: Vec<[f64; 2]>,
        fill: Option<Colour>,
        pen: Option<Pen>,
    },
    Circle {
        at: [f64; 2],
        radius: f64,
        fill: Option<Colour>,
        pen: Option<Pen>,
    },
    Text {
        at: [f64; 2],
        text: String,
        size: f64,
        bold: bool,
        colour: Colour,
        anchor: Anchor,
        /// Quarter turn to the left, as axis titles have.
        upright: bool,
    },
}

/// A page of shapes, some of them clipped to a rectangle.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) title: String,
    pub(crate) clips: Vec<Rect>,
    pub(crate) shapes: Vec<(Shape, Option<usize>)>,
}

impl Scene {
    pub(crate) fn push(&mut self, shape: Shape) {
        self.shapes.push((shape, None));
    }

    pub(crate) fn text(&mut self, at: [f64; 2], text: &str, size: f64, bold: bool, anchor: Anchor) {
        self.push(Shape::Text {
            at,
            text: text.to_owned(),
            size,
            bold,
            colour: INK,
            anchor,
            upright: false,
        });
    }

    pub(crate) fn rect(&mut self, rect: Rect, fill: Option<Colour>, pen: Option<Pen>) {
        self.push(Shape::Polygon {
            points: rect.corners(),
            fill,
            pen,
        });
    }
}

impl Rect {
    pub(crate) fn corners(&self) -> Vec<[f64; 2]> {
        let (right, bottom) = (self.x + self.width, self.y + self.height);
        vec![
            [self.x, self.y],
            [right, self.y],
            [right, bottom],
            [self.x, bottom],
        ]
    }

    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    pub(crate) fn contains(&self, point: [f64; 2]) -> bool {
        point[0] >= self.x
            && point[0] <= self.x + self.width
            && point[1] >= self.y
            && point[1] <= self.y + self.height
    }
}
