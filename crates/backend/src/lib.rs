#![doc = include_str!("../README.md")]

pub mod custom;
mod device;
mod devices;
mod function;
mod host;
pub mod optim;
pub mod registers;
pub mod run;
pub mod segment;
pub mod tape;
#[cfg(feature = "testing")]
pub mod testing;

pub use device::{DEVICE_NAMES, DeviceError, device};
pub use devices::Devices;
