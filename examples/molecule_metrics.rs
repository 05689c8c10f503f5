//! Scores a set of generated molecules as MOSES and `GuacaMol` do.
//!
//! ```text
//! cargo run --release --example molecule_metrics -- --generated samples.smi --train train.smi.gz --test test.smi.gz \
//!     --json metrics.json
//! ```
//!
//! `--generated` holds one SMILES a line (also `.gz`) and every line counts, blank ones too. `--train` and `--test` are
//! any molecule files that `datasets` reads; `--column` names the column of tables. Prints a table, and with `--json`
//! writes the same numbers and the unreadable lines to a file. The last line of the table is the distance of the
//! heteroatom counts. Ten thousand generated against ten thousand known molecules take about ten seconds on two cores.
#![expect(clippy::print_stdout, reason = "the table is the output")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Parser;
use datasets::molecules::{ReadOptions, read};
use flate2::read::MultiGzDecoder;
use selfies::metrics::{GuacamolMetrics, MosesMetrics, Sample, guacamol, moses};

/// Scores a set of generated molecules by the metrics of two benchmarks
#[derive(Debug, Parser)]
struct Arguments {
    /// Generated SMILES, one a line
    #[arg(long, value_name = "FILE")]
    generated: PathBuf,
    /// Molecules the generator was trained on
    #[arg(long, value_name = "FILE")]
    train: PathBuf,
    /// Molecules it has not seen
    #[arg(long, value_name = "FILE")]
    test: PathBuf,
    /// Column of the SMILES in the training and test files, where these are tables
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Take only the first molecules of the training and test files
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Write the numbers to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let generated = Sample::read(lines(&arguments.generated)?);
    if generated.requested == 0 {
        bail!("{} holds no line", arguments.generated.display());
    }
    let train = known(&arguments.train, &arguments)?;
    let test = known(&arguments.test, &arguments)?;
    let shares = guacamol(&generated, &train);
    let metrics = moses(&generated, &train, &test);
    print_table(&metrics, &shares);
    if let Some(path) = &arguments.json {
        let report = serde_json::json!({
            "generated": arguments.generated,
            "train": arguments.train,
            "test": arguments.test,
            "moses": metrics,
            "guacamol": shares,
            "unreadable": generated.unreadable,
        });
        write_whole(path, &serde_json::to_string_pretty(&report)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    for line in generated.unreadable.iter().take(5) {
        eprintln!(
            "{} line {}: {:?}: {}",
            arguments.generated.display(),
            line.index + 1,
            line.text,
            line.reason
        );
    }
    if generated.unreadable.len() > 5 {
        eprintln!("… {} unreadable lines in all", generated.unreadable.len());
    }
    Ok(())
}

/// All lines of a file, the molecule's name after a blank left out.
fn lines(path: &Path) -> anyhow::Result<Vec<String>> {
    let context = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(context)?;
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    let input: Box<dyn Read> = if packed {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    BufReader::new(input)
        .lines()
        .map(|line| Ok(line?.split_whitespace().next().unwrap_or("").to_owned()))
        .collect::<std::io::Result<_>>()
        .with_context(context)
}

/// The molecules of a training or test file.
fn known(path: &Path, arguments: &Arguments) -> anyhow::Result<Sample> {
    let mut options = ReadOptions::default();
    options.column.clone_from(&arguments.column);
    options.limit = arguments.limit;
    let set = read(path, &options)?;
    let sample = Sample::read(&set.smiles);
    let left_out = set.rejects.len() + sample.unreadable.len();
    if left_out > 0 {
        eprintln!(
            "{}: {left_out} records are no molecules and are left out",
            path.display()
        );
    }
    if sample.molecules.is_empty() {
        bail!("{} holds no molecule", path.display());
    }
    Ok(sample)
}

fn print_table(metrics: &MosesMetrics, shares: &GuacamolMetrics) {
    let row = |name: &str, value: Option<f64>| match value {
        Some(value) => println!("{name:<44} {value:>10.4}"),
        None => println!("{name:<44} {:>10}", "–"),
    };
    println!("{:<44} {:>10}", "generated", metrics.requested);
    row("MOSES valid", Some(metrics.valid));
    row("MOSES unique@1000", metrics.unique_at_1000);
    row("MOSES unique@10000", metrics.unique_at_10000);
    row("MOSES novelty", Some(metrics.novelty));
    row("MOSES IntDiv", metrics.internal_diversity);
    row("MOSES IntDiv2", metrics.internal_diversity_2);
    row("MOSES SNN/Test", metrics.nearest_similarity);
    row("MOSES Frag/Test", metrics.fragment_similarity);
    row("MOSES Scaf/Test", metrics.scaffold_similarity);
    row("GuacaMol validity", Some(shares.validity));
    row("GuacaMol uniqueness", Some(shares.uniqueness));
    row("GuacaMol novelty", Some(shares.novelty));
    println!("{:<44} {:>10}", "Murcko scaffolds", metrics.scaffolds);
    for property in &metrics.properties {
        row(
            &format!("mean {}", property.name),
            property.generated.map(|values| values.mean),
        );
        row(
            &format!("mean {} of the test set", property.name),
            property.test.map(|values| values.mean),
        );
        row(
            &format!("Wasserstein distance of {}", property.name),
            property.distance,
        );
    }
}

/// Writes beside the file and renames, so that there is never half a file.
fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
