//! Parquet tables that other tools read: texts with a vector each, such as molecules with their embeddings.
//!
//! Columns of SMILES in Parquet files are read by [`molecules`](crate::molecules).

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::{ColumnPath, Type};

use crate::error::{Error, Result};

/// Rows of a row group; readers take a file apart along these.
const GROUP: usize = 1 << 14;

/// Writes a table of two columns: a text and a list of `f32` of the same length in every row.
///
/// pandas, polars, Arrow and the `datasets` package of Hugging Face read the lists as they are; nothing is null.
/// [`VectorWriter`] writes the same table row by row.
///
/// # Shapes
/// One text and one vector a row; all vectors have the length of the first.
///
/// # Errors
/// [`Error::Array`] where the numbers of rows or the lengths of vectors differ, or there is no row;
/// [`Error::Write`] where the file cannot be written, and then what was there before is untouched.
///
/// # Examples
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("embeddings.parquet");
/// let vectors = [vec![0.5, -1.0], vec![2.0, 0.25]];
/// datasets::parquet::write_vectors(&path, ("smiles", &["CCO", "c1ccccc1"]), ("embedding", &vectors))?;
/// let molecules = datasets::molecules::read(&path, &datasets::molecules::ReadOptions::default())?;
/// assert_eq!(molecules.smiles, ["CCO", "c1ccccc1"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_vectors<S: AsRef<str>, V: AsRef<[f32]>>(
    path: impl AsRef<Path>,
    (text_name, texts): (&str, &[S]),
    (vector_name, vectors): (&str, &[V]),
) -> Result<()> {
    let path = path.as_ref();
    let width = vectors.first().map_or(0, |v| v.as_ref().len());
    if texts.len() != vectors.len() || width == 0 {
        let reason = format!(
            "{} vectors of length {width} for {} texts",
            vectors.len(),
            texts.len()
        );
        return Err(Error::array(path, vector_name, reason));
    }
    let mut writer = VectorWriter::create(path, text_name, (vector_name, width))?;
    for (text, vector) in texts.iter().zip(vectors) {
        writer.push(text.as_ref(), vector.as_ref())?;
    }
    writer.finish().map(drop)
}

/// The table of [`write_vectors`], row by row, in memory that does not grow with the number of rows.
///
/// The rows go to a file beside the target, which takes the target's name in [`finish`](Self::finish); a writer that is
/// dropped before leaves the target untouched.
#[derive(Debug)]
pub struct VectorWriter {
    path: PathBuf,
    aside: Aside,
    file: SerializedFileWriter<BufWriter<File>>,
    vector_name: String,
    width: usize,
    texts: Vec<ByteArray>,
    values: Vec<f32>,
    rows: u64,
}

/// The unfinished file, which goes with its writer.
#[derive(Debug)]
struct Aside(PathBuf);

impl Drop for Aside {
    fn drop(&mut self) {
        // After the last rename there is nothing to remove, and a file that stays is of no harm.
        let _ = fs::remove_file(&self.0);
    }
}

impl VectorWriter {
    /// A table at `path` whose vectors have `width` numbers.
    ///
    /// # Errors
    /// [`Error::Array`] for a width of zero, [`Error::Write`] where the file cannot be made.
    pub fn create(
        path: impl AsRef<Path>,
        text_name: &str,
        (vector_name, width): (&str, usize),
    ) -> Result<Self> {
        let path = path.as_ref();
        if width == 0 {
            return Err(Error::array(path, vector_name, "vectors of length 0"));
        }
        let schema = schema(text_name, vector_name).map_err(|e| Error::write(path, other(e)))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("chemscale ", env!("CARGO_PKG_VERSION")).into())
            // Vectors hardly repeat, so a dictionary would only cost time.
            .set_column_dictionary_enabled(element_path(vector_name), false)
            .build();
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let aside = Aside(path.with_file_name(name));
        let out = File::create(&aside.0).map_err(|e| Error::write(path, e))?;
        let file =
            SerializedFileWriter::new(BufWriter::new(out), Arc::new(schema), Arc::new(properties))
                .map_err(|e| Error::write(path, other(e)))?;
        Ok(Self {
            path: path.to_path_buf(),
            aside,
            file,
            vector_name: vector_name.to_owned(),
            width,
            texts: Vec::new(),
            values: Vec::new(),
            rows: 0,
        })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// [`Error::Array`] for a vector of another length, [`Error::Write`] where a full group of rows cannot be written.
    pub fn push(&mut self, text: &str, vector: &[f32]) -> Result<()> {
        if vector.len() != self.width {
            let (row, length, width) = (self.rows, vector.len(), self.width);
            let reason = format!("row {row} has {length} numbers, expected {width}");
            return Err(Error::array(&self.path, self.vector_name.as_str(), reason));
        }
        self.texts.push(text.into());
        self.values.extend_from_slice(vector);
        self.rows += 1;
        if self.texts.len() == GROUP {
            self.write_group()
                .map_err(|e| Error::write(&self.path, other(e)))?;
        }
        Ok(())
    }

    /// Writes what is left and gives the file its name; returns the number of rows.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(mut self) -> Result<u64> {
        let last = self.write_group();
        let Self {
            path,
            aside,
            file,
            rows,
            ..
        } = self;
        let close = || -> io::Result<()> {
            last.map_err(other)?;
            let out = file.into_inner().map_err(other)?;
            out.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
            fs::rename(&aside.0, &path)
        };
        close().map_err(|error| Error::write(&path, error))?;
        Ok(rows)
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        if self.texts.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        while let Some(mut column) = group.next_column()? {
            match column.untyped() {
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    writer.write_batch(&self.texts, None, None)?;
                }
                ColumnWriter::FloatColumnWriter(writer) => {
                    // A list begins where the repetition level is 0; definition level 1 says that the number is there.
                    let defined = vec![1; self.values.len()];
                    let repeated: Vec<i16> = (0..self.values.len())
                        .map(|k| i16::from(k % self.width != 0))
                        .collect();
                    writer.write_batch(&self.values, Some(&defined), Some(&repeated))?;
                }
                _ => unreachable!("the schema has a text column and a float column"),
            }
            column.close()?;
        }
        self.texts.clear();
        self.values.clear();
        group.close().map(drop)
    }
}

/// `REQUIRED` text and a `REQUIRED` list of `REQUIRED` floats, in the three levels that the format prescribes for lists
/// (<https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists>).
fn schema(text: &str, vector: &str) -> Result<Type, ParquetError> {
    let required = |builder: ::parquet::schema::types::PrimitiveTypeBuilder<'_>| {
        builder
            .with_repetition(Repetition::REQUIRED)
            .build()
            .map(Arc::new)
    };
    let text = required(
        Type::primitive_type_builder(text, Physical::BYTE_ARRAY)
            .with_logical_type(Some(LogicalType::String)),
    )?;
    let element = required(Type::primitive_type_builder("element", Physical::FLOAT))?;
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![element])
        .build()?;
    let vector = Type::group_type_builder(vector)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(list)])
        .build()?;
    Type::group_type_builder("schema")
        .with_fields(vec![text, Arc::new(vector)])
        .build()
}

fn element_path(vector: &str) -> ColumnPath {
    ColumnPath::new(vec![vector.into(), "list".into(), "element".into()])
}

fn other(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_group_by_group_and_only_a_finished_file_takes_the_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors.parquet");
        let count = GROUP + 3;
        let mut writer = VectorWriter::create(&path, "smiles", ("embedding", 2)).unwrap();
        for row in 0..count {
            assert!(writer.texts.len() < GROUP, "a full group stays in memory");
            writer
                .push(&"C".repeat(1 + row % 5), &[row as f32, -1.0])
                .unwrap();
        }
        assert!(writer.push("C", &[1.0]).is_err());
        assert!(!path.exists());
        assert_eq!(writer.finish().unwrap(), count as u64);
        let molecules =
            crate::molecules::read(&path, &crate::molecules::ReadOptions::default()).unwrap();
        assert_eq!(molecules.smiles.len(), count);
        assert_eq!(molecules.smiles[count - 1], "C".repeat(1 + (count - 1) % 5));

        let unfinished = VectorWriter::create(&path, "smiles", ("embedding", 2)).unwrap();
        drop(unfinished);
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(
            names, 1,
            "the unfinished file is gone, the old one is there"
        );
    }
}
