//! Public behaviour of `scaling-fit` against golden cases and closed forms.

mod choice;
mod coverage;
mod degenerate;
mod figures;
mod golden;
mod invariance;
mod isoflop;
mod prediction;
mod synthetic;
mod third_party;
mod windows;
