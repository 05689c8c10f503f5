//! Figures for print: log-log panels as SVG and PNG, each with the table of its data.
//!
//! A [`Figure`] holds [`Panel`]s, a panel holds series; both are plain values that any program can build.
//! Output is the same byte for byte on every call: coordinates are rounded, nothing is drawn from the
//! system, and text is measured with an embedded font.
//!
//! ```
//! use scaling_fit::plot::{Axis, Colour, Figure, Marker, Panel, Stroke};
//! let (n, loss) = ([1e5, 1e6, 1e7], [3.0, 2.2, 1.6]);
//! let panel = Panel::new("loss against size", Axis::log("parameters"), Axis::log("loss (nats per token)"))
//!     .line("law", &n, &loss, Colour::series(0), Stroke::Solid)
//!     .points("runs", &n, &loss, Colour::series(1), Marker::Circle);
//! let figure = Figure::one(panel);
//! assert!(figure.to_svg()?.starts_with("<svg"));
//! assert_eq!(figure.to_csv().lines().count(), 7);
//! # Ok::<(), scaling_fit::Error>(())
//! ```

mod axis;
mod draw;
mod figure;
pub mod figures;
mod font;
mod layout;
mod panel;
mod png;
mod scene;
mod svg;

pub use axis::{Axis, Scale};
pub use figure::Figure;
pub use panel::{Legend, Marker, Panel, Stroke};
pub use scene::Colour;
