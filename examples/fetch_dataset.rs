//! Downloads a published data set into the cache, or lists the sets on record.
//!
//! ```text
//! cargo run --release --example fetch_dataset -- --list
//! cargo run --release --example fetch_dataset -- qm9
//! cargo run --release --example fetch_dataset -- rmd17 --unpack
//! cargo run --release --example fetch_dataset -- qm9 --mirror file:///media/disk/sets --cache data
//! ```
//!
//! A download that broke is resumed by the same command. The last lines are the paths of the files.
#![expect(clippy::print_stdout, reason = "the paths are the output")]

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use datasets::DEFAULT_UNPACKED_LIMIT;
use datasets::fetch::{FetchOptions, cache_folder, fetch, known_sets, unpack};
use indicatif::{ProgressBar, ProgressStyle};

/// Fetches a published data set.
#[derive(Parser)]
struct Arguments {
    /// Name of the set; --list shows all.
    name: Option<String>,
    /// List the sets with their licences, units and sources.
    #[arg(long)]
    list: bool,
    /// Folder to keep downloads in; by default `$XDG_CACHE_HOME/chemscale` or `~/.cache/chemscale`.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Unpack archives into a folder beside them, and print the files in it instead.
    #[arg(long)]
    unpack: bool,
    /// Use only what is in the cache.
    #[arg(long)]
    offline: bool,
    /// Take the files from this base address or folder instead.
    #[arg(long)]
    mirror: Option<String>,
    /// Address of a proxy; by default `$HTTPS_PROXY`.
    #[arg(long)]
    proxy: Option<String>,
    /// Seconds to wait for an answer, and for one attempt before it is resumed.
    #[arg(long, default_value_t = 60)]
    patience: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.list {
        list();
        return Ok(());
    }
    let Some(name) = &arguments.name else {
        bail!("give the name of a set; --list shows all");
    };
    let cache = arguments
        .cache
        .or_else(|| cache_folder(std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")))
        .context("there is no home folder; give --cache FOLDER")?;
    let options = FetchOptions {
        offline: arguments.offline,
        mirror: arguments.mirror,
        proxy: arguments
            .proxy
            .or_else(|| std::env::var("HTTPS_PROXY").ok()),
        patience: Duration::from_secs(arguments.patience.max(1)),
        ..FetchOptions::new(cache)
    };
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(
        "{msg} {bytes} of {total_bytes} {bytes_per_sec} {wide_bar}",
    )?);
    let paths = fetch(name, &options, &mut |p| {
        bar.set_message(p.file.to_owned());
        if let Some(total) = p.total {
            bar.set_length(total);
        }
        bar.set_position(p.done);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    for path in paths {
        let is_archive = path.to_string_lossy().contains(".tar");
        let files = if arguments.unpack && is_archive {
            unpack(&path, DEFAULT_UNPACKED_LIMIT)?
        } else {
            vec![path]
        };
        for file in files {
            println!("{}", file.display());
        }
    }
    Ok(())
}

fn list() {
    for set in known_sets() {
        println!("{:12} {}", set.name, set.title);
        if let Some(units) = set.units {
            println!("{:12}   numbers: {units}; zero: {}", "", set.energy_zero);
        }
        println!(
            "{:12}   licence: {}; cite: {}",
            "", set.licence, set.citation
        );
        for file in set.files {
            let size = file.bytes.map_or("size unknown".to_owned(), |b| {
                format!("{:.1} MB", b as f64 / 1e6)
            });
            println!("{:12}   {} ({size})", "", file.url);
        }
    }
}
