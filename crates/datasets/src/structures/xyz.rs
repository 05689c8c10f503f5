//! Extended XYZ (<https://github.com/libAtoms/extxyz>), plain XYZ, and the QM-22 variant in which a bare energy is the
//! comment and gradients follow the positions.

use std::io::{BufRead, Read};
use std::path::Path;

use atoms::{Structure, cell_volume, element};

use crate::error::{Error, Result};
use crate::source::open;

use super::frames::{Frame, Frames};
use super::{ReadOptions, Units, UnitsOrigin, comment, qm9};
use atoms::units::{EnergyUnit, LengthUnit};

/// QM-22: positions in Å, energies in hartree, gradients in hartree/bohr.
const QM22: Units = Units {
    length: LengthUnit::Angstrom,
    energy: EnergyUnit::Hartree,
    force_energy: EnergyUnit::Hartree,
    force_length: LengthUnit::Bohr,
    gradients: true,
};

const ENERGY_KEYS: [&str; 7] = [
    "energy",
    "REF_energy",
    "dft_energy",
    "DFT_energy",
    "TotEnergy",
    "total_energy",
    "free_energy",
];
const FORCE_KEYS: [&str; 5] = ["forces", "force", "REF_forces", "dft_forces", "dft_force"];
const GROUP_KEYS: [&str; 6] = ["group", "molecule", "mol_id", "config_type", "Comp", "name"];

pub(super) fn read(path: &Path, options: &ReadOptions) -> Result<Frames> {
    let mut lines = Lines {
        reader: open(path, options.unpacked_limit)?,
        path,
        number: 0,
        raw: Vec::new(),
        repeated: false,
    };
    let mut frames = Vec::new();
    let mut bare_comments = 0_usize;
    let wanted = options.limit.unwrap_or(usize::MAX);
    while frames.len() < wanted {
        let Some((line, count)) = lines.next_with_text()? else {
            break;
        };
        let Ok(atoms) = count.trim().parse::<usize>() else {
            let reason = format!(
                "expected a number of atoms, got {:?}",
                crate::rejects::shorten(&count)
            );
            if !lines.skip_to_next_frame()? && frames.is_empty() {
                return Err(Error::malformed(
                    path,
                    "XYZ",
                    format!("line {line}: {reason}"),
                ));
            }
            frames.push(Frame {
                line,
                text: count,
                content: Err(reason),
            });
            continue;
        };
        let (content, text, bare) = read_frame(&mut lines, atoms, options)?;
        bare_comments += usize::from(bare);
        frames.push(Frame {
            line,
            text,
            content,
        });
    }
    let qm22 =
        bare_comments > 0 && bare_comments == frames.iter().filter(|f| f.content.is_ok()).count();
    Ok(Frames {
        all: frames,
        units: if qm22 { QM22 } else { Units::EV },
        origin: if qm22 {
            UnitsOrigin::Set("QM-22")
        } else {
            UnitsOrigin::Assumed("extended XYZ")
        },
        notes: Vec::new(),
    })
}

/// True when the second line of a file is a comment of QM9.
pub(super) fn is_qm9(path: &Path, limit: u64) -> Result<bool> {
    let mut start = String::new();
    // Two lines of QM9 fit easily; a file whose beginning is not text is none.
    match open(path, limit)?.take(4096).read_to_string(&mut start) {
        Ok(_) => Ok(start.lines().nth(1).is_some_and(qm9::is_comment)),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => Ok(false),
        Err(e) => Err(Error::read(path, e)),
    }
}

/// Reads comment and atoms of one frame; the last value says whether the comment is a bare energy.
///
/// All `atoms` lines are consumed even when one of them is bad, so that the next frame is found.
fn read_frame(
    lines: &mut Lines<'_>,
    atoms: usize,
    options: &ReadOptions,
) -> Result<(Result<Structure, String>, String, bool)> {
    let Some((_, comment)) = lines.next()? else {
        return Ok((
            Err("the file ends before the comment line".into()),
            atoms.to_string(),
            false,
        ));
    };
    let mut bare = false;
    let mut plan = Plan::of(&comment, options, &mut bare);
    if atoms == 0 {
        plan = Err("the structure has no atoms".into());
    }
    for found in 0..atoms {
        let Some((number, line)) = lines.next()? else {
            plan = Err(format!("the file ends after {found} of {atoms} atoms"));
            break;
        };
        if let Ok(good) = &mut plan
            && let Err(reason) = good.add_atom(&line)
        {
            plan = Err(format!("line {number}: {reason}"));
        }
    }
    let content = plan.map(Plan::finish);
    Ok((content, comment, bare))
}

/// Where the columns are, and the structure so far.
struct Plan {
    species: usize,
    /// Atomic numbers instead of symbols.
    numbers: bool,
    positions: usize,
    forces: Option<usize>,
    columns: usize,
    /// Columns past the named ones are ignored (plain XYZ).
    open_ended: bool,
    structure: Structure,
    virial: Option<[[f64; 3]; 3]>,
}

impl Plan {
    fn of(line: &str, options: &ReadOptions, bare: &mut bool) -> Result<Self, String> {
        let mut plan = Self {
            species: 0,
            numbers: false,
            positions: 1,
            forces: None,
            columns: 4,
            open_ended: true,
            structure: Structure::default(),
            virial: None,
        };
        if let Ok(energy) = line.trim().parse::<f64>() {
            // QM-22: nothing but the energy, and seven columns.
            *bare = true;
            plan.structure.energy = Some(energy);
            plan.forces = Some(4);
            plan.columns = 7;
            return Ok(plan);
        }
        let pairs = match comment::parse(line) {
            Ok(pairs) => pairs,
            // The comment of a plain XYZ file is free text.
            Err(_) if !line.contains("Properties=") => return Ok(plan),
            Err(reason) => return Err(reason),
        };
        let value = |key: &str| pairs.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        if let Some(properties) = value("Properties").or_else(|| value("properties")) {
            plan.read_properties(properties, options)?;
        }
        plan.read_cell(value)?;
        let energy_key = match &options.energy_key {
            Some(key) => value(key).map(|_| key.as_str()),
            None => find_key(
                &pairs
                    .iter()
                    .map(|(k, v)| (*k, v.parse::<f64>().is_ok()))
                    .collect::<Vec<_>>(),
                &ENERGY_KEYS,
                "energy",
            )?,
        };
        if let Some(key) = energy_key {
            let text = value(key).unwrap_or_default();
            plan.structure.energy = Some(
                text.parse()
                    .map_err(|_| format!("{key} is {text:?}, expected a number"))?,
            );
        }
        if let Some(charge) = value("charge").or_else(|| value("total_charge")) {
            plan.structure.charge = whole(charge)
                .ok_or_else(|| format!("charge is {charge:?}, expected a whole number"))?;
        }
        if let Some(spin) = value("multiplicity").or_else(|| value("spin_multiplicity")) {
            plan.structure.spin = whole(spin)
                .and_then(|m| u32::try_from(m - 1).ok())
                .ok_or_else(|| {
                    format!("multiplicity is {spin:?}, expected a positive whole number")
                })?;
        }
        plan.structure.group = match &options.group_key {
            Some(key) => value(key),
            None => GROUP_KEYS.iter().find_map(|key| value(key)),
        }
        .map(str::to_owned);
        Ok(plan)
    }

    fn read_cell<'a>(&mut self, value: impl Fn(&str) -> Option<&'a str>) -> Result<(), String> {
        if let Some(text) = value("Lattice").or_else(|| value("lattice")) {
            let bad = || format!("Lattice is {text:?}, expected nine numbers");
            let numbers = comment::numbers(text).ok_or_else(bad)?;
            self.structure.cell = Some(match numbers[..] {
                [a, b, c, d, e, f, g, h, i] => [[a, b, c], [d, e, f], [g, h, i]],
                [a, b, c] => [[a, 0.0, 0.0], [0.0, b, 0.0], [0.0, 0.0, c]],
                _ => return Err(bad()),
            });
            self.structure.periodic = [true; 3];
        }
        if let Some(text) = value("pbc") {
            let flags = comment::flags(text)
                .ok_or_else(|| format!("pbc is {text:?}, expected three of T and F"))?;
            self.structure.periodic = flags;
        }
        let read = |key: &str| match value(key) {
            None => Ok(None),
            Some(text) => comment::matrix(text)
                .map(Some)
                .ok_or_else(|| format!("{key} is {text:?}, expected nine or six numbers")),
        };
        self.structure.stress = read("stress")?;
        self.virial = read("virial")?;
        Ok(())
    }

    fn read_properties(&mut self, text: &str, options: &ReadOptions) -> Result<(), String> {
        let parts: Vec<&str> = text.split(':').collect();
        if !parts.len().is_multiple_of(3) {
            return Err(format!(
                "Properties is {text:?}, expected name:type:columns triples"
            ));
        }
        let mut column = 0;
        let (mut species, mut positions) = (None, None);
        let mut vectors: Vec<(&str, bool)> = Vec::new();
        let mut starts: Vec<usize> = Vec::new();
        for triple in parts.chunks_exact(3) {
            let [name, kind, width] = [triple[0], triple[1], triple[2]];
            let width: usize = width
                .parse()
                .ok()
                .filter(|w| (1..=1000).contains(w))
                .ok_or_else(|| format!("property {name} has {width:?} columns"))?;
            match (name.to_ascii_lowercase().as_str(), kind, width) {
                ("species" | "element" | "symbols", "S", 1) => species = Some((column, false)),
                ("z" | "numbers" | "atomic_numbers", "I", 1) => {
                    species = species.or(Some((column, true)));
                }
                ("pos" | "positions", "R", 3) => positions = Some(column),
                _ => {}
            }
            vectors.push((name, kind == "R" && width == 3));
            starts.push(column);
            column += width;
        }
        let (at, numbers) = species.ok_or("Properties names no species column")?;
        (self.species, self.numbers) = (at, numbers);
        self.positions = positions.ok_or("Properties names no pos column")?;
        let forces = match &options.forces_key {
            Some(key) => vectors
                .iter()
                .find(|(name, ok)| *ok && name == key)
                .map(|(n, _)| *n),
            None => find_key(&vectors, &FORCE_KEYS, "force")?,
        };
        self.forces = forces
            .and_then(|name| vectors.iter().position(|(n, _)| *n == name))
            .map(|k| starts[k]);
        self.columns = column;
        self.open_ended = false;
        Ok(())
    }

    fn add_atom(&mut self, line: &str) -> Result<(), String> {
        // Enough for every property set seen in practice; wider rows fall back to the heap.
        let mut fields: Vec<&str> = Vec::with_capacity(self.columns);
        fields.extend(line.split_ascii_whitespace());
        if fields.len() < self.columns || (fields.len() > self.columns && !self.open_ended) {
            return Err(format!(
                "the atom has {} columns, expected {}",
                fields.len(),
                self.columns
            ));
        }
        let symbol = fields[self.species];
        let number = if self.numbers || symbol.as_bytes()[0].is_ascii_digit() {
            symbol.parse().ok()
        } else {
            element::number(symbol)
        };
        self.structure
            .species
            .push(number.ok_or_else(|| format!("{symbol:?} is no element"))?);
        self.structure
            .positions
            .push(vector(&fields, self.positions, "position")?);
        if let Some(at) = self.forces {
            let force = vector(&fields, at, "force")?;
            self.structure.forces.get_or_insert_default().push(force);
        }
        Ok(())
    }

    fn finish(self) -> Structure {
        let mut structure = self.structure;
        // A virial is minus the stress times the volume, the convention of GAP and of ASE's reader.
        if let (None, Some(virial), Some(cell)) = (&structure.stress, self.virial, &structure.cell)
        {
            let volume = cell_volume(cell);
            structure.stress = Some(virial.map(|row| row.map(|x| -x / volume)));
        }
        structure
    }
}

fn vector(fields: &[&str], at: usize, what: &str) -> Result<[f64; 3], String> {
    let mut out = [0.0; 3];
    for (x, text) in out.iter_mut().zip(&fields[at..at + 3]) {
        *x = number(text).ok_or_else(|| format!("{what} {text:?} is no number"))?;
    }
    Ok(out)
}

/// A number, also in the spellings `1.0D-3` (Fortran) and `1.0*^-3` (Mathematica, in QM9).
fn number(text: &str) -> Option<f64> {
    text.parse().ok().or_else(|| {
        text.replace("*^", "e")
            .replace(['D', 'd'], "e")
            .parse()
            .ok()
    })
}

fn whole(text: &str) -> Option<i32> {
    let value: f64 = text.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first"
    )]
    (value.fract() == 0.0 && value.abs() < 1000.0).then_some(value as i32)
}

/// The usual name if it is there, else the only usable name that contains the word.
fn find_key<'a>(
    names: &[(&'a str, bool)],
    usual: &[&str],
    word: &str,
) -> Result<Option<&'a str>, String> {
    for key in usual {
        if let Some((name, true)) = names.iter().find(|(n, _)| n == key) {
            return Ok(Some(name));
        }
    }
    let like: Vec<&str> = names
        .iter()
        .filter(|(name, usable)| {
            let name = name.to_ascii_lowercase();
            *usable
                && (name.starts_with(word)
                    || name.ends_with(word)
                    || name.ends_with(&format!("{word}s")))
        })
        .map(|(name, _)| *name)
        .collect();
    match like[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(format!(
            "{like:?} could all be the {word}; name the one to read"
        )),
    }
}

struct Lines<'a> {
    reader: Box<dyn BufRead + Send>,
    path: &'a Path,
    number: u64,
    raw: Vec<u8>,
    /// The last line is to be delivered once more.
    repeated: bool,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<(u64, String)>> {
        if std::mem::take(&mut self.repeated) {
            return Ok(Some((self.number, self.text())));
        }
        self.raw.clear();
        let length = self
            .reader
            .read_until(b'\n', &mut self.raw)
            .map_err(|e| Error::read(self.path, e))?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some((self.number, self.text())))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).trim_end().to_owned()
    }

    fn next_with_text(&mut self) -> Result<Option<(u64, String)>> {
        while let Some((number, line)) = self.next()? {
            if !line.trim().is_empty() {
                return Ok(Some((number, line)));
            }
        }
        Ok(None)
    }

    /// After a frame that does not begin with a count: goes to the next count that an extended comment follows.
    fn skip_to_next_frame(&mut self) -> Result<bool> {
        while let Some((_, line)) = self.next()? {
            if line.trim().parse::<usize>().is_ok() {
                let start = self
                    .reader
                    .fill_buf()
                    .map_err(|e| Error::read(self.path, e))?;
                let end = start
                    .iter()
                    .position(|b| *b == b'\n')
                    .unwrap_or(start.len());
                if start[..end].windows(11).any(|w| w == b"Properties=") {
                    self.repeated = true;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
