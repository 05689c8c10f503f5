//! What a study promises, from outside.

mod fits;
mod report;
mod runner;
mod search;
mod synthetic;
