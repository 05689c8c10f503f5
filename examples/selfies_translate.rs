//! Translates SMILES to SELFIES or back, line by line.
//!
//! ```text
//! cargo run --release --example selfies_translate -- --encode molecules.smi.gz > molecules.selfies
//! cargo run --release --example selfies_translate -- --decode --constraints hypervalent < molecules.selfies
//! ```
//!
//! Reads a file (also `.gz`) or standard input, one string a line, and writes one
//! line for each. A line that cannot be translated gives an empty line, a message
//! with its number on standard error, and exit code 1 at the end. The memory used
//! is that of the longest line. About a million molecules take a few seconds.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use flate2::read::MultiGzDecoder;
use selfies::{Constraints, DecodeOptions, Decoder, EncodeOptions, Encoder, Preset, Syntax};

/// Translates SMILES to SELFIES or back, line by line.
#[derive(Debug, Parser)]
#[command(group = clap::ArgGroup::new("direction").required(true))]
struct Arguments {
    /// From SMILES to SELFIES
    #[arg(long, group = "direction")]
    encode: bool,
    /// From SELFIES to SMILES
    #[arg(long, group = "direction")]
    decode: bool,
    /// Bonds an atom may have: `default`, `octet_rule` or `hypervalent`
    #[arg(long, default_value = "default", value_name = "NAME")]
    constraints: Preset,
    /// Version of SELFIES: 1 or 2
    #[arg(long, default_value = "2", value_name = "1|2")]
    syntax: Syntax,
    /// Encode molecules that break the constraints; decode old symbols too
    #[arg(long)]
    lenient: bool,
    /// The file to read; standard input if not given or `-`
    file: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let constraints = match arguments.syntax {
        Syntax::V1 => Constraints::preset_v1(arguments.constraints),
        Syntax::V2 => Constraints::preset(arguments.constraints),
    };
    let input = open(arguments.file.as_deref())?;
    let bad = if arguments.encode {
        let mut encoder = Encoder::new(EncodeOptions {
            strict: !arguments.lenient,
            constraints,
            syntax: arguments.syntax,
            ..EncodeOptions::default()
        });
        translate(input, |line, out| Ok(encoder.encode_into(line, out)?))?
    } else {
        let mut decoder = Decoder::new(DecodeOptions {
            constraints,
            syntax: arguments.syntax,
            modernize: arguments.lenient,
            ..DecodeOptions::default()
        });
        translate(input, |line, out| Ok(decoder.decode_into(line, out)?))?
    };
    if bad > 0 {
        eprintln!("{bad} lines could not be translated");
    }
    Ok(ExitCode::from(u8::from(bad > 0)))
}

/// Opens a file or standard input, and looks through gzip.
fn open(file: Option<&Path>) -> anyhow::Result<Box<dyn BufRead>> {
    let Some(path) = file.filter(|path| *path != Path::new("-")) else {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    };
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|end| end == "gz") {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    Ok(Box::new(BufReader::with_capacity(1 << 16, reader)))
}

/// Translates every line; returns how many could not be.
fn translate(
    mut input: Box<dyn BufRead>,
    mut translate: impl FnMut(&str, &mut String) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let mut output = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut line = Vec::new();
    let mut translated = String::new();
    let mut bad = 0;
    for number in 1u64.. {
        line.clear();
        if input
            .read_until(b'\n', &mut line)
            .context("cannot read the input")?
            == 0
        {
            break;
        }
        translated.clear();
        let result = match std::str::from_utf8(line.trim_ascii()) {
            Ok(line) => translate(line, &mut translated),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = result {
            bad += 1;
            eprintln!("line {number}: {}", one_line(&error));
        }
        translated.push('\n');
        if let Err(error) = output.write_all(translated.as_bytes()) {
            return ended(error, bad);
        }
    }
    match output.flush() {
        Ok(()) => Ok(bad),
        Err(error) => ended(error, bad),
    }
}

/// A reader that has seen enough (`| head`) is no failure.
fn ended(error: std::io::Error, bad: u64) -> anyhow::Result<u64> {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(bad),
        _ => Err(error).context("cannot write"),
    }
}

/// An error and its causes without line breaks.
fn one_line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
