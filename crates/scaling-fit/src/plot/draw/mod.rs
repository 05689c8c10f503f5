//! The parts of a panel: series, rules, legend, remark and colour bar.

mod colour_bar;
mod labels;
mod legend;
mod marks;

pub(crate) use colour_bar::colour_bar;
pub(crate) use labels::{notes, remark, rule_labels};
pub(crate) use legend::{emptiest_corner, legend, legend_entries, legend_size};
pub(crate) use marks::{rule, series};
