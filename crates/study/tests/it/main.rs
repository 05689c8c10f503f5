//! What a study promises, from outside.

mod runner;
mod search;
mod synthetic;
