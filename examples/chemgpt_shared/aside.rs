//! A file that is written as it comes and takes its name only when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) struct Aside {
    path: PathBuf,
    part: PathBuf,
    out: BufWriter<File>,
}

impl Aside {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let file = File::create(&part).with_context(|| part.display().to_string())?;
        Ok(Self {
            path: path.to_owned(),
            part,
            out: BufWriter::new(file),
        })
    }

    /// A file beside `path`, with `ending` after its whole name.
    pub(crate) fn beside(path: &Path, ending: &str) -> Result<Self> {
        let mut name = path.to_owned().into_os_string();
        name.push(ending);
        Self::create(Path::new(&name))
    }

    pub(crate) fn finish(mut self) -> Result<()> {
        let close = |out: &mut BufWriter<File>| -> io::Result<()> {
            out.flush()?;
            out.get_ref().sync_all()?;
            fs::rename(&self.part, &self.path)
        };
        close(&mut self.out).with_context(|| self.path.display().to_string())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // After `finish` there is nothing under this name, and a part that stays is of no harm.
        let _ = fs::remove_file(&self.part);
    }
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Seek for Aside {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.out.seek(to)
    }
}
