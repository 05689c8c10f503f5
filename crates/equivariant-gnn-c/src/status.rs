//! What a call says about its success, and the text of the last failure.

#![expect(
    unsafe_code,
    reason = "a C interface takes pointers, and its names must not be mangled"
)]

use std::{
    cell::RefCell,
    error::Error,
    ffi::c_char,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What a call says about its success.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    non_camel_case_types,
    reason = "the names are those of the constants in the header"
)]
pub enum Status {
    /// All went well.
    EGNN_OK = 0,
    /// A pointer that must not be null is null.
    EGNN_NULL_POINTER = 1,
    /// A text is not UTF-8.
    EGNN_NOT_UTF8 = 2,
    /// The potential could not be loaded.
    EGNN_NOT_LOADED = 3,
    /// The structure is not valid or cannot be evaluated.
    EGNN_NOT_EVALUATED = 4,
    /// A fault inside the library.
    EGNN_PANIC = 5,
}

/// Why a call failed: the code and the text.
pub(crate) struct Failure {
    pub(crate) status: Status,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn null(what: &str) -> Self {
        Self {
            status: Status::EGNN_NULL_POINTER,
            text: format!("{what} is a null pointer"),
        }
    }

    /// A failure with all its causes in one line.
    pub(crate) fn of(status: Status, error: &dyn Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { status, text }
    }
}

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the inside of a call: nothing unwinds into C, and a failure leaves its text.
pub(crate) fn guard(inside: impl FnOnce() -> Result<(), Failure>) -> Status {
    let failure = match catch_unwind(AssertUnwindSafe(inside)) {
        Ok(Ok(())) => return Status::EGNN_OK,
        Ok(Err(failure)) => failure,
        Err(payload) => {
            let text = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied());
            Failure {
                status: Status::EGNN_PANIC,
                text: format!("a fault inside the library: {}", text.unwrap_or("no text")),
            }
        }
    };
    LAST.with_borrow_mut(|last| *last = failure.text);
    failure.status
}

/// Copies the text of this thread's last failure into `buffer`, cut to `size` bytes with the
/// terminating zero, and returns the bytes that the whole text takes with it. With a null buffer
/// it only counts. Before any failure the text is empty.
///
/// # Safety
/// `buffer` is null or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn egnn_last_error(buffer: *mut c_char, size: usize) -> usize {
    LAST.with_borrow(|last| {
        if !buffer.is_null() && size > 0 {
            // A cut inside a character would leave text that is not UTF-8.
            let mut end = last.len().min(size - 1);
            while !last.is_char_boundary(end) {
                end -= 1;
            }
            // SAFETY: the caller promises `size` bytes, and `end` is less than that.
            unsafe {
                std::ptr::copy_nonoverlapping(last.as_ptr(), buffer.cast::<u8>(), end);
                *buffer.add(end) = 0;
            }
        }
        last.len() + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_status_and_a_text() {
        let status = guard(|| panic!("five is {}", 5));
        assert_eq!(status, Status::EGNN_PANIC);
        let mut buffer = [1; 64];
        // SAFETY: the size is that of the buffer.
        let size = unsafe { egnn_last_error(buffer.as_mut_ptr().cast(), buffer.len()) };
        let text: &[u8] = &buffer[..size - 1];
        assert_eq!(text, b"a fault inside the library: five is 5");
    }

    #[test]
    fn a_short_buffer_gets_whole_characters_and_an_end() {
        guard(|| Err(Failure::null("Å")));
        let mut buffer = [7_u8; 4];
        // SAFETY: the sizes are at most that of the buffer, or the buffer is null.
        let (one, four, null) = unsafe {
            (
                egnn_last_error(buffer.as_mut_ptr().cast(), 2),
                egnn_last_error(buffer[1..].as_mut_ptr().cast(), 3),
                egnn_last_error(std::ptr::null_mut(), 9),
            )
        };
        assert_eq!(buffer, [0, 0xc3, 0x85, 0]);
        assert_eq!([one, four, null], ["Å is a null pointer".len() + 1; 3]);
    }
}
