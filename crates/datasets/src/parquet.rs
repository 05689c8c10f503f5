//! Parquet tables that other tools read: texts with a vector each, such as molecules with their embeddings.
//!
//! Columns of SMILES in Parquet files are read by [`molecules`](crate::molecules).

use std::io;
use std::path::Path;
use std::sync::Arc;

use ::parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use ::parquet::column::writer::ColumnWriter;
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::{ColumnPath, Type};

use crate::error::{Error, Result};
use crate::write::write_atomic;

/// Rows of a row group; readers take a file apart along these.
const GROUP: usize = 1 << 14;

/// Writes a table of two columns: a text and a list of `f32` of the same length in every row.
///
/// pandas, polars, Arrow and the `datasets` package of Hugging Face read the lists as they are; nothing is null.
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
    if let Some(row) = vectors.iter().position(|v| v.as_ref().len() != width) {
        let length = vectors[row].as_ref().len();
        let reason = format!("row {row} has {length} numbers, expected {width}");
        return Err(Error::array(path, vector_name, reason));
    }
    let schema = schema(text_name, vector_name).map_err(|e| Error::write(path, other(e)))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("chemscale ", env!("CARGO_PKG_VERSION")).into())
        // Vectors hardly repeat, so a dictionary would only cost time.
        .set_column_dictionary_enabled(element_path(vector_name), false)
        .build();
    write_atomic(path, |out| {
        let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))
            .map_err(other)?;
        for (texts, vectors) in texts.chunks(GROUP).zip(vectors.chunks(GROUP)) {
            write_group(&mut file, texts, vectors, width).map_err(other)?;
        }
        file.close().map_err(other).map(drop)
    })
}

fn write_group<W: io::Write + Send, S: AsRef<str>, V: AsRef<[f32]>>(
    file: &mut SerializedFileWriter<W>,
    texts: &[S],
    vectors: &[V],
    width: usize,
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    while let Some(mut column) = group.next_column()? {
        match column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let values: Vec<_> = texts.iter().map(|t| t.as_ref().into()).collect();
                writer.write_batch(&values, None, None)?;
            }
            ColumnWriter::FloatColumnWriter(writer) => {
                let values: Vec<f32> = vectors.iter().flat_map(AsRef::as_ref).copied().collect();
                // A list begins where the repetition level is 0; definition level 1 says that the number is there.
                let defined = vec![1; values.len()];
                let repeated: Vec<i16> = (0..values.len())
                    .map(|k| i16::from(k % width != 0))
                    .collect();
                writer.write_batch(&values, Some(&defined), Some(&repeated))?;
            }
            _ => unreachable!("the schema has a text column and a float column"),
        }
        column.close()?;
    }
    group.close().map(drop)
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
