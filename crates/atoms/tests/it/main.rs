//! Neighbour lists against the brute-force definition.

mod neighbours;
