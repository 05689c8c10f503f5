//! Writes a vector for each molecule of a file, and optionally a map of the set as a picture.
//!
//! ```text
//! cargo run --release --example chemgpt_embed -- --model run/model --molecules esol.csv --out vectors.parquet \
//!     --map map.svg --color "measured log solubility in mols per litre"
//! ```
//!
//! `--out` takes a Parquet file (columns `smiles` and `embedding`), or an array of `NumPy` (`vectors.npy`), beside which
//! `vectors.npy.smiles` lists the molecules of its rows. Molecules that the model cannot read are listed in
//! `vectors.parquet.rejects`; `--without-stereo` drops the marks of configurations first. Memory does not grow with the file. The last line gives the shape of the array.
#![expect(clippy::print_stdout, reason = "the summary is the output")]

#[path = "../chemgpt_shared/aside.rs"]
mod aside;
mod map;
#[path = "../chemgpt_shared/model.rs"]
mod model;
#[path = "../chemgpt_shared/molecules.rs"]
mod molecules;
mod near;
mod npy;
#[path = "../chemgpt_shared/readable.rs"]
mod readable;
mod sink;
#[path = "../chemgpt_shared/table.rs"]
mod table;

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use chemgpt::Pretrained;
use chemgpt::embed::{EmbeddingOptions, Pooling, embed};
use clap::{Parser, ValueEnum};

use aside::Aside;
use map::Thinned;
use model::ModelArguments;
use molecules::MoleculeArguments;
use near::Neighbours;
use readable::{Chunk, Reading, next_chunk};
use sink::Sink;

/// Embeds molecules.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    molecules: MoleculeArguments,
    /// How the vectors of the tokens become one.
    #[arg(long, value_enum, default_value_t = Pool::Mean)]
    pooling: Pool,
    /// Layer to take: 0 is the embedding; the default is the last.
    #[arg(long)]
    layer: Option<usize>,
    /// Parquet file, or `NumPy` array of float32, one row a molecule.
    #[arg(long)]
    out: PathBuf,
    /// Print the nearest molecules of the file to this SMILES.
    #[arg(long)]
    near: Option<String>,
    /// SVG of the two leading principal components of at most 8,192 molecules.
    #[arg(long)]
    map: Option<PathBuf>,
    /// Column of a CSV table that colours the map.
    #[arg(long, requires = "map")]
    color: Option<String>,
    /// Print the summary as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Pool {
    Mean,
    Last,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let pretrained = arguments.model.load()?;
    let options = EmbeddingOptions {
        pooling: match arguments.pooling {
            Pool::Mean => Pooling::Mean,
            Pool::Last => Pooling::Last,
        },
        layer: arguments.layer,
        ..EmbeddingOptions::default()
    };
    let mut molecules = arguments.molecules.open()?;
    let mut reading = Reading::new(&pretrained, arguments.molecules.without_stereo);
    let mut results = Results::begin(&arguments, &pretrained, &options)?;
    while let Some(chunk) = next_chunk(&mut reading, &mut molecules)? {
        results.take(chunk, &pretrained, &options)?;
    }
    if results.count == 0 {
        bail!(
            "the model can read no molecule of {}",
            arguments.molecules.molecules.display()
        );
    }
    results.finish(&arguments, pretrained.model.config().width, &reading)
}

/// All that is made on one way through the file.
struct Results {
    sink: Sink,
    rejects: Aside,
    near: Option<Neighbours>,
    picture: Option<Thinned>,
    /// What colours the picture, by line of the file.
    numbers: Option<HashMap<u64, f64>>,
    count: usize,
}

impl Results {
    fn begin(
        arguments: &Arguments,
        pretrained: &Pretrained,
        options: &EmbeddingOptions,
    ) -> Result<Self> {
        let near = match &arguments.near {
            None => None,
            Some(smiles) => {
                let mut reading = Reading::new(pretrained, arguments.molecules.without_stereo);
                let (_, ids) = reading
                    .sequence(smiles)
                    .map_err(|reason| anyhow!("{smiles}: {reason}"))?;
                let query = [ids];
                let vector = embed(&pretrained.model, &query, options)?.swap_remove(0);
                Some(Neighbours::of(vector))
            }
        };
        let numbers = match &arguments.color {
            None => None,
            Some(name) => Some(map::column(&arguments.molecules.molecules, name)?),
        };
        Ok(Self {
            sink: Sink::create(&arguments.out, pretrained.model.config().width)?,
            rejects: Aside::beside(&arguments.out, ".rejects")?,
            near,
            picture: arguments.map.as_ref().map(|_| Thinned::new()),
            numbers,
            count: 0,
        })
    }

    fn take(
        &mut self,
        chunk: Chunk,
        pretrained: &Pretrained,
        options: &EmbeddingOptions,
    ) -> Result<()> {
        for reject in &chunk.rejects {
            writeln!(self.rejects, "{reject}")?;
        }
        let (names, sequences) = chunk.into_molecules();
        let vectors = embed(&pretrained.model, &sequences, options)?;
        for ((line, smiles), vector) in names.iter().zip(&vectors) {
            self.sink.push(smiles, vector)?;
            if let Some(picture) = &mut self.picture {
                picture.push(*line, vector);
            }
            if let Some(near) = &mut self.near {
                near.push(smiles, vector);
            }
        }
        self.count += vectors.len();
        Ok(())
    }

    fn finish(self, arguments: &Arguments, width: usize, reading: &Reading) -> Result<()> {
        self.sink.finish()?;
        if reading.left_out > 0 {
            self.rejects.finish()?;
        }
        if let (Some(path), Some(picture)) = (&arguments.map, self.picture) {
            let svg = picture.svg(self.numbers.as_ref());
            backend::run::write_atomic(path, svg.as_bytes())?;
        }
        let nearest = self.near.map_or_else(Vec::new, Neighbours::into_names);
        if arguments.json {
            let summary = serde_json::json!({
                "molecules": self.count,
                "left_out": reading.left_out,
                "readable_without_stereo": reading.readable_without_stereo,
                "read_without_stereo": reading.flattened,
                "width": width,
                "out": arguments.out,
                "nearest": nearest,
            });
            println!("{summary}");
            return Ok(());
        }
        for (similarity, smiles) in &nearest {
            println!("{similarity:.4} {smiles}");
        }
        println!(
            "{} x {width} in {}, molecules: {reading}",
            self.count,
            arguments.out.display(),
        );
        Ok(())
    }
}
