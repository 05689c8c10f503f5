//! What a study promises, from outside.

mod fits;
mod runner;
mod search;
mod synthetic;
