//! Commands and numbers as bytes.

use std::io::{self, Read, Write};

/// Bytes of a command.
pub(super) const COMMAND: usize = 12;

/// Reads a command without its padding; nothing where the stream ends before it.
pub(super) fn read_command(stream: &mut dyn Read) -> io::Result<Option<String>> {
    let mut bytes = [0; COMMAND];
    let mut have = 0;
    while have < COMMAND {
        match stream.read(&mut bytes[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => have += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// Writes a command padded with blanks.
pub(super) fn write_command(stream: &mut dyn Write, command: &str) -> io::Result<()> {
    debug_assert!(command.len() <= COMMAND);
    stream.write_all(format!("{command:<COMMAND$}").as_bytes())
}

pub(super) fn read_i32(stream: &mut dyn Read) -> io::Result<i32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(i32::from_ne_bytes(bytes))
}

/// Reads as many bytes as asked for, in pieces, so that a wrong length costs no memory.
pub(super) fn skip(stream: &mut dyn Read, bytes: u64) -> io::Result<()> {
    let skipped = io::copy(&mut stream.take(bytes), &mut io::sink())?;
    if skipped == bytes {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

pub(super) fn read_numbers(stream: &mut dyn Read, out: &mut [f64]) -> io::Result<()> {
    let mut bytes = [0; 8];
    for x in out {
        stream.read_exact(&mut bytes)?;
        *x = f64::from_ne_bytes(bytes);
    }
    Ok(())
}

pub(super) fn put_numbers(bytes: &mut Vec<u8>, numbers: &[f64]) {
    for x in numbers {
        bytes.extend_from_slice(&x.to_ne_bytes());
    }
}
