//! Potentials as C holds them.

#![expect(
    unsafe_code,
    reason = "a C interface takes pointers, and its names must not be mangled"
)]

use std::{
    ffi::{CStr, c_char},
    sync::{Arc, Mutex},
};

use equivariant_gnn::Calculator;

use crate::status::{Failure, Status, guard};

/// A potential with its weights, and the neighbours of the last structure.
#[derive(Debug)]
pub struct Potential {
    pub(crate) potential: Arc<equivariant_gnn::Potential>,
    pub(crate) calculator: Mutex<Calculator>,
}

/// Loads the potential of a folder onto a device (`"flex"`, `"cuda"`, `"cuda:1"`, `"tch"`, as far as the
/// library was built with them) and writes it to `out`, which is set to null where that fails.
///
/// # Safety
/// The texts end with a zero; `out` is null or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egnn_load(
    folder: *const c_char,
    device: *const c_char,
    out: *mut *mut Potential,
) -> Status {
    guard(|| {
        if out.is_null() {
            return Err(Failure::null("out"));
        }
        // SAFETY: it is not null, so the caller promises that it can be written.
        unsafe { out.write(std::ptr::null_mut()) };
        // SAFETY: the caller promises that texts end with a zero.
        let (folder, device) = unsafe { (text(folder, "folder")?, text(device, "device")?) };
        let failed = |error: equivariant_gnn::Error| Failure::of(Status::EGNN_NOT_LOADED, &error);
        let potential = equivariant_gnn::Potential::load(folder, device).map_err(failed)?;
        let potential = Arc::new(potential);
        let calculator =
            Calculator::new(Arc::clone(&potential), Calculator::SKIN).map_err(failed)?;
        let made = Box::new(Potential {
            potential,
            calculator: Mutex::new(calculator),
        });
        // SAFETY: as above.
        unsafe { out.write(Box::into_raw(made)) };
        Ok(())
    })
}

/// Frees a potential; null is fine.
///
/// # Safety
/// `potential` is null or from `egnn_load`, is freed once, and is in no other thread's use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egnn_free(potential: *mut Potential) {
    if !potential.is_null() {
        guard(|| {
            // SAFETY: it came from `Box::into_raw` in `egnn_load`, and the caller lets it go.
            drop(unsafe { Box::from_raw(potential) });
            Ok(())
        });
    }
}

/// The distance from which on atoms do not see each other (angstrom); zero for null.
///
/// # Safety
/// `potential` is null or from `egnn_load`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egnn_cutoff(potential: *const Potential) -> f64 {
    // SAFETY: the caller's promise.
    unsafe { potential.as_ref() }.map_or(0.0, |p| p.potential.cutoff())
}

/// Whether the potential was made for an element; false for null.
///
/// # Safety
/// `potential` is null or from `egnn_load`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egnn_knows(potential: *const Potential, atomic_number: i32) -> bool {
    // SAFETY: the caller's promise.
    let potential = unsafe { potential.as_ref() };
    let number = u8::try_from(atomic_number).ok();
    potential
        .zip(number)
        .is_some_and(|(p, z)| p.potential.references().contains_key(&z))
}

/// How many networks the potential has: more than one if it is an ensemble, which has uncertainties; zero for
/// null.
///
/// # Safety
/// `potential` is null or from `egnn_load`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egnn_members(potential: *const Potential) -> usize {
    // SAFETY: the caller's promise.
    unsafe { potential.as_ref() }.map_or(0, |p| p.potential.members())
}

/// # Safety
/// The text is null or ends with a zero.
unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Result<&'a str, Failure> {
    if pointer.is_null() {
        return Err(Failure::null(what));
    }
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|error| {
        let mut failure = Failure::of(Status::EGNN_NOT_UTF8, &error);
        failure.text = format!("{what} is not UTF-8: {}", failure.text);
        failure
    })
}
