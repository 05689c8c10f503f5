//! Public behaviour of `scaling-fit` against golden cases and closed forms.

mod degenerate;
mod figures;
mod golden;
mod synthetic;
