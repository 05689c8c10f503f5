//! The lines of an XYZ file, and the way back to a frame after a fault.

use std::collections::VecDeque;
use std::io::BufRead;
use std::path::Path;

use crate::error::{Error, Result};
use crate::source::{open, read_line};

/// A line longer than this is an error instead of being held in memory.
const LONGEST_LINE: usize = 16 << 20;

pub(super) struct Lines<'a> {
    reader: Box<dyn BufRead + Send>,
    path: &'a Path,
    number: u64,
    raw: Vec<u8>,
    /// Lines that were looked at and are to be delivered once more.
    pending: VecDeque<(u64, String)>,
}

impl<'a> Lines<'a> {
    pub(super) fn open(path: &'a Path, limit: u64) -> Result<Self> {
        Ok(Self {
            reader: open(path, limit)?,
            path,
            number: 0,
            raw: Vec::new(),
            pending: VecDeque::new(),
        })
    }

    /// The next line and its number, without the white space at its end.
    pub(super) fn next(&mut self) -> Result<Option<(u64, String)>> {
        if let Some(line) = self.pending.pop_front() {
            return Ok(Some(line));
        }
        self.raw.clear();
        let length = read_line(&mut *self.reader, &mut self.raw, LONGEST_LINE)
            .map_err(|e| Error::read(self.path, e))?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        if length > LONGEST_LINE {
            let line = self.number;
            let reason = format!("line {line} has {length} bytes, expected at most {LONGEST_LINE}");
            return Err(Error::malformed(self.path, "XYZ", reason));
        }
        let text = String::from_utf8_lossy(&self.raw).trim_end().to_owned();
        Ok(Some((self.number, text)))
    }

    pub(super) fn next_with_text(&mut self) -> Result<Option<(u64, String)>> {
        while let Some((number, line)) = self.next()? {
            if !line.trim().is_empty() {
                return Ok(Some((number, line)));
            }
        }
        Ok(None)
    }

    /// After a frame that does not begin with a count: goes to the next count that an extended comment follows.
    pub(super) fn skip_to_next_frame(&mut self) -> Result<bool> {
        let mut before: Option<(u64, String)> = None;
        while let Some(line) = self.next()? {
            if let Some(count) = before
                && line.1.contains("Properties=")
                && count.1.trim().parse::<usize>().is_ok()
            {
                // Both were read before anything that is pending already, if something is.
                self.pending.push_front(line);
                self.pending.push_front(count);
                return Ok(true);
            }
            before = Some(line);
        }
        Ok(false)
    }
}
