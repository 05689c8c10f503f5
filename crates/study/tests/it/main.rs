//! What a study promises, from outside.

mod fits;
mod input;
mod real;
mod report;
mod runner;
mod search;
mod synthetic;
