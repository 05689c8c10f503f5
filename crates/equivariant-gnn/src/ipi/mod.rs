//! A client of the i-PI socket protocol: i-PI, ASE (`SocketIOCalculator`) and LAMMPS (`fix ipi`) send
//! positions and cell, and get energy, forces and virial back.
//!
//! The protocol (i-PI 2 and 3, `drivers/f90/driver.f90`; Kapil et al., Comput. Phys. Commun. 236, 214, 2019,
//! <https://doi.org/10.1016/j.cpc.2018.09.020>) speaks of commands in twelve bytes padded with blanks, of
//! numbers in the machine's own order, and of hartree and bohr. It names no elements: those come from a
//! structure that the client has, and with them the axes that repeat, the charge and the spin.

mod address;
mod client;
mod wire;

pub use address::Address;
pub use client::{Served, serve, serve_stream};
