//! An array of `NumPy` whose rows come one after another.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Result;

use crate::aside::Aside;

/// Version 1.0 of the format, little-endian float32. The header has room for any number of rows and is written again
/// when that number is known.
pub(crate) struct Npy {
    file: Aside,
    rows: usize,
    width: usize,
}

impl Npy {
    pub(crate) fn create(path: &Path, width: usize) -> Result<Self> {
        let mut file = Aside::create(path)?;
        file.write_all(&header(0, width))?;
        Ok(Self {
            file,
            rows: 0,
            width,
        })
    }

    pub(crate) fn push(&mut self, row: &[f32]) -> Result<()> {
        for value in row {
            self.file.write_all(&value.to_le_bytes())?;
        }
        self.rows += 1;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header(self.rows, self.width))?;
        self.file.finish()
    }
}

/// 128 bytes whatever the numbers are: 10 of magic and length, the description, spaces, a line end.
fn header(rows: usize, width: usize) -> Vec<u8> {
    const LENGTH: u8 = 118;
    let description =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend([LENGTH, 0]);
    bytes.extend(format!("{description:<117}\n").into_bytes());
    bytes
}
