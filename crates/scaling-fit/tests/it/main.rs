//! Public behaviour of `scaling-fit` against golden cases and closed forms.

mod chinchilla;
mod choice;
mod coverage;
mod degenerate;
mod design;
mod figures;
mod golden;
mod invariance;
mod isoflop;
mod prediction;
mod profile;
mod synthetic;
mod third_party;
mod windows;
