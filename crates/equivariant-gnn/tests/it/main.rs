//! The public behaviour of the potentials.

mod golden;
