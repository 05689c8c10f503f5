//! The comment line of a frame, which says what the columns of its atoms are, and the structure read by it.

use atoms::{Structure, cell_volume, element};

use super::super::ReadOptions;
use super::comment;

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

/// Where the columns are, and the structure so far.
pub(super) struct Plan {
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
    pub(super) fn of(line: &str, options: &ReadOptions, bare: &mut bool) -> Result<Self, String> {
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

    pub(super) fn add_atom(&mut self, line: &str) -> Result<(), String> {
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

    pub(super) fn finish(self) -> Structure {
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
