//! One panel: axes and the things drawn in them.

use super::axis::Axis;
use super::scene::Colour;

/// Shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// Filled circle.
    Circle,
    /// Open circle.
    Ring,
    /// Filled square.
    Square,
    /// Open square.
    OpenSquare,
    /// Triangle.
    Triangle,
    /// Diamond.
    Diamond,
    /// Diagonal cross.
    Cross,
    /// Five-pointed star.
    Star,
    /// A dot of half the size.
    Dot,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// Unbroken.
    Solid,
    /// Dashes.
    Dashed,
    /// Dots.
    Dotted,
}

impl Stroke {
    pub(crate) fn dash(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[6.0, 3.5],
            Self::Dotted => &[1.5, 2.5],
        }
    }
}

/// One thing in a panel, with its data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) in_legend: bool,
    pub(crate) colour: Colour,
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    /// Lower and upper ends: of a band, or of error bars.
    pub(crate) ends: Option<(Vec<f64>, Vec<f64>)>,
    /// Values that choose each point's colour.
    pub(crate) values: Option<Vec<f64>>,
    pub(crate) look: Look,
}

/// What a series looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Look {
    Points { marker: Marker, size: f64 },
    Line { stroke: Stroke, width: f64 },
    Band,
}

/// A mark across the whole panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rule {
    Horizontal {
        at: f64,
        label: String,
        colour: Colour,
        stroke: Stroke,
    },
    Vertical {
        at: f64,
        label: String,
        colour: Colour,
        stroke: Stroke,
    },
    Shade {
        from: f64,
        to: f64,
        label: String,
        colour: Colour,
    },
}

/// A text at a point of the data, or at one of several on a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Note {
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) text: String,
    pub(crate) colour: Colour,
}

/// Where the legend goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legend {
    /// The corner that hides the fewest points, or beside the panel if all are crowded.
    Auto,
    /// Beside the panel.
    Beside,
    /// None.
    Hidden,
}

/// A panel: a title, two axes, and series drawn in the order in which they were added.
///
/// Values that an axis cannot show (not positive on a logarithmic one, or not finite) are left out of
/// the drawing and kept in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) notes: Vec<Note>,
    pub(crate) legend: Legend,
    /// Title of the colour bar; it is drawn when a series has values.
    pub(crate) colour_bar: Option<String>,
    /// A short text in a corner, such as a rank correlation.
    pub(crate) remark: Option<String>,
}

impl Panel {
    /// An empty panel.
    #[must_use]
    pub fn new(title: &str, x: Axis, y: Axis) -> Self {
        Self {
            title: title.to_owned(),
            x,
            y,
            series: Vec::new(),
            rules: Vec::new(),
            notes: Vec::new(),
            legend: Legend::Auto,
            colour_bar: None,
            remark: None,
        }
    }

    fn add(&mut self, name: &str, colour: Colour, x: &[f64], y: &[f64], look: Look) -> &mut Series {
        self.series.push(Series {
            name: name.to_owned(),
            in_legend: !name.is_empty(),
            colour,
            x: x.to_vec(),
            y: y.to_vec(),
            ends: None,
            values: None,
            look,
        });
        self.series.last_mut().expect("a series was just pushed")
    }

    /// Adds points; a name that is not empty goes into the legend.
    #[must_use]
    pub fn points(
        mut self,
        name: &str,
        x: &[f64],
        y: &[f64],
        colour: Colour,
        marker: Marker,
    ) -> Self {
        self.add(name, colour, x, y, Look::Points { marker, size: 3.2 });
        self
    }

    /// Adds points whose colours follow values on the viridis scale, with a colour bar.
    #[must_use]
    pub fn coloured_points(
        mut self,
        name: &str,
        x: &[f64],
        y: &[f64],
        values: &[f64],
        bar: &str,
    ) -> Self {
        let look = Look::Points {
            marker: Marker::Circle,
            size: 3.2,
        };
        let series = self.add(name, Colour::scale(0.4), x, y, look);
        series.values = Some(values.to_vec());
        series.in_legend = false;
        self.colour_bar = Some(bar.to_owned());
        self
    }

    /// Adds points with error bars from `low` to `high`.
    #[must_use]
    pub fn error_bars(
        mut self,
        name: &str,
        x: &[f64],
        y: &[f64],
        low: &[f64],
        high: &[f64],
        colour: Colour,
    ) -> Self {
        let look = Look::Points {
            marker: Marker::Circle,
            size: 3.2,
        };
        self.add(name, colour, x, y, look).ends = Some((low.to_vec(), high.to_vec()));
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn line(
        mut self,
        name: &str,
        x: &[f64],
        y: &[f64],
        colour: Colour,
        stroke: Stroke,
    ) -> Self {
        self.add(name, colour, x, y, Look::Line { stroke, width: 1.6 });
        self
    }

    /// Adds a thin line, for many learning curves in one panel.
    #[must_use]
    pub fn thin_line(mut self, name: &str, x: &[f64], y: &[f64], colour: Colour) -> Self {
        let stroke = Stroke::Solid;
        self.add(name, colour, x, y, Look::Line { stroke, width: 0.8 });
        self
    }

    /// Adds a band between `low` and `high`.
    #[must_use]
    pub fn band(
        mut self,
        name: &str,
        x: &[f64],
        low: &[f64],
        high: &[f64],
        colour: Colour,
    ) -> Self {
        let middle: Vec<f64> = low
            .iter()
            .zip(high)
            .map(|(a, b)| f64::midpoint(*a, *b))
            .collect();
        self.add(name, colour, x, &middle, Look::Band).ends = Some((low.to_vec(), high.to_vec()));
        self
    }

    /// Adds a horizontal line across the panel, labelled at its right end.
    #[must_use]
    pub fn horizontal(mut self, at: f64, label: &str, colour: Colour, stroke: Stroke) -> Self {
        self.rules.push(Rule::Horizontal {
            at,
            label: label.to_owned(),
            colour,
            stroke,
        });
        self
    }

    /// Adds a vertical line across the panel, labelled at its top.
    #[must_use]
    pub fn vertical(mut self, at: f64, label: &str, colour: Colour, stroke: Stroke) -> Self {
        self.rules.push(Rule::Vertical {
            at,
            label: label.to_owned(),
            colour,
            stroke,
        });
        self
    }

    /// Shades a range of x, labelled at its top.
    #[must_use]
    pub fn shade(mut self, from: f64, to: f64, label: &str, colour: Colour) -> Self {
        self.rules.push(Rule::Shade {
            from,
            to,
            label: label.to_owned(),
            colour,
        });
        self
    }

    /// Puts a text beside a point of the data.
    #[must_use]
    pub fn note(mut self, x: f64, y: f64, text: &str, colour: Colour) -> Self {
        self.notes.push(Note {
            x: vec![x],
            y: vec![y],
            text: text.to_owned(),
            colour,
        });
        self
    }

    /// Puts a text on a line of the data, at the one of these points where it hides the least.
    #[must_use]
    pub fn note_along(mut self, x: &[f64], y: &[f64], text: &str, colour: Colour) -> Self {
        self.notes.push(Note {
            x: x.to_vec(),
            y: y.to_vec(),
            text: text.to_owned(),
            colour,
        });
        self
    }

    /// Puts a short text into the emptiest corner.
    #[must_use]
    pub fn remark(mut self, text: &str) -> Self {
        self.remark = Some(text.to_owned());
        self
    }

    /// Sets where the legend goes.
    #[must_use]
    pub fn legend(mut self, legend: Legend) -> Self {
        self.legend = legend;
        self
    }
}
