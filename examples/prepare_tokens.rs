//! Turns a molecule file into token shards: SELFIES symbols as numbers that training maps into memory.
//!
//! ```text
//! cargo run --release --example prepare_tokens -- --molecules chembl.txt.gz --out shards
//! cargo run --release --example prepare_tokens -- --generate 10000000 --out shards     # a file of ten million to try with
//! ```
//!
//! An interrupted run goes on where it stopped when it is started again. The last line is the folder with the number of
//! molecules and tokens in it. On two cores a million drug-like molecules take a few seconds.
#![expect(clippy::print_stdout, reason = "the summary is the output")]

use std::fs;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use datasets::dedup::Same;
use datasets::generator::MoleculeGenerator;
use datasets::molecules::{Molecules, ReadOptions};
use datasets::split::Fractions;
use datasets::tokens::{PrepareOptions, SelfiesTokenizer, TokenShards, prepare};

/// Makes token shards from a molecule file.
#[derive(Parser)]
struct Arguments {
    /// File of SMILES: .smi, .txt, .csv, .tsv, also .gz, .zst, .zip; or .parquet.
    #[arg(long, required_unless_present = "generate")]
    molecules: Option<PathBuf>,
    /// Write this many generated molecules to a file in the folder first, and use that.
    #[arg(long, conflicts_with = "molecules")]
    generate: Option<usize>,
    /// Folder for shards, manifest and vocabulary.
    #[arg(long)]
    out: PathBuf,
    /// Column of the SMILES in a table: its name, or its number from 1.
    #[arg(long)]
    column: Option<String>,
    /// Leave out molecules that an earlier line has: the same text, or the same canonical form.
    #[arg(long, value_enum)]
    drop_duplicates: Option<Duplicates>,
    /// Read at most this many molecules.
    #[arg(long)]
    limit: Option<usize>,
    /// Molecules that the vocabulary is taken from; symbols that only later ones have become <unk>.
    #[arg(long, default_value_t = 200_000)]
    vocabulary_from: usize,
    /// Share of validation molecules.
    #[arg(long, default_value_t = 0.05)]
    validation: f64,
    /// Share of test molecules.
    #[arg(long, default_value_t = 0.05)]
    test: f64,
    /// Seed of the split, and of the generator.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads; by default one a core.
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Duplicates {
    Text,
    Canonical,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = arguments.threads {
        pool = pool.num_threads(threads);
    }
    pool.build()?.install(|| run(&arguments))
}

fn run(arguments: &Arguments) -> Result<()> {
    fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make the folder {}", arguments.out.display()))?;
    let source = match (&arguments.molecules, arguments.generate) {
        (Some(path), _) => path.clone(),
        (None, Some(count)) => generated(arguments, count)?,
        (None, None) => bail!("give --molecules FILE or --generate COUNT"),
    };
    let read = ReadOptions {
        column: arguments.column.clone(),
        limit: arguments.limit,
        ..ReadOptions::default()
    };
    let tokenizer = vocabulary(&source, &read, arguments)?;
    let options = PrepareOptions {
        read,
        fractions: Fractions {
            train: 1.0 - arguments.validation - arguments.test,
            validation: arguments.validation,
            test: arguments.test,
        },
        seed: arguments.seed,
        drop_duplicates: arguments.drop_duplicates.map(|same| match same {
            Duplicates::Text => Same::Text,
            Duplicates::Canonical => Same::Canonical,
        }),
        ..PrepareOptions::default()
    };
    let start = Instant::now();
    let manifest = prepare(&source, &arguments.out, &tokenizer, &options, &mut |p| {
        let rate = p.lines as f64 / start.elapsed().as_secs_f64();
        println!("{} lines, {} shards, {rate:.0} lines/s", p.lines, p.shards);
        ControlFlow::Continue(())
    })?;
    if manifest.rejected() > 0 {
        println!(
            "{} molecules were rejected; lines and reasons are in *.rejects.tsv",
            manifest.rejected()
        );
    }
    if manifest.drop_duplicates.is_some() {
        println!("{} duplicates were left out", manifest.duplicates());
    }
    let shards = TokenShards::open(&arguments.out)?;
    let split = shards.split()?;
    println!(
        "vocabulary {}, split {} / {} / {} with seed {}, {:.1} s",
        manifest.vocabulary,
        split.train.len(),
        split.validation.len(),
        split.test.len(),
        manifest.seed,
        start.elapsed().as_secs_f64()
    );
    println!(
        "{}: {} molecules, {} tokens",
        arguments.out.display(),
        manifest.molecules(),
        manifest.tokens()
    );
    Ok(())
}

/// The vocabulary of an earlier run if there is one, so that a resumed run makes the same numbers.
fn vocabulary(
    source: &PathBuf,
    read: &ReadOptions,
    arguments: &Arguments,
) -> Result<SelfiesTokenizer> {
    let path = arguments.out.join("vocabulary.json");
    let tokens: Vec<String> = if path.exists() {
        serde_json::from_str(&fs::read_to_string(&path)?)
            .with_context(|| format!("{} is not a list of tokens", path.display()))?
    } else {
        let mut sample = Vec::new();
        for molecule in Molecules::open(source, read)? {
            if let Ok(smiles) = molecule? {
                sample.push(smiles);
            }
            if sample.len() >= arguments.vocabulary_from {
                break;
            }
        }
        let special = ["<pad>", "<unk>", "<start>", "<end>"];
        let tokenizer = SelfiesTokenizer::from_smiles(&special, &sample)?;
        fs::write(&path, serde_json::to_string_pretty(tokenizer.tokens())?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        tokenizer.tokens().to_vec()
    };
    Ok(SelfiesTokenizer::new(tokens)?.with_frame(Some("<start>"), Some("<end>"), Some("<unk>"))?)
}

fn generated(arguments: &Arguments, count: usize) -> Result<PathBuf> {
    let path = arguments.out.join(format!("generated_{count}.smi"));
    if !path.exists() {
        let start = Instant::now();
        let part = path.with_extension("part");
        let mut out = BufWriter::new(fs::File::create(&part)?);
        for smiles in MoleculeGenerator::new(arguments.seed).take(count) {
            writeln!(out, "{smiles}")?;
        }
        out.into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()?;
        fs::rename(part, &path)?;
        println!(
            "generated {count} molecules in {:.1} s",
            start.elapsed().as_secs_f64()
        );
    }
    Ok(path)
}
