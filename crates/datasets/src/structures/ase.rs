//! Rows of ASE's JSON database (<https://ase-lib.org/ase/db/db.html>): eV, Å, eV/Å, and stress in eV/Å³, positive
//! under tension, in the order xx, yy, zz, yz, xz, xy.

use atoms::Structure;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Row {
    numbers: Vec<u8>,
    positions: Vec<[f64; 3]>,
    #[serde(default)]
    cell: Option<[[f64; 3]; 3]>,
    #[serde(default)]
    pbc: [bool; 3],
    #[serde(default)]
    energy: Option<f64>,
    #[serde(default)]
    forces: Option<Vec<[f64; 3]>>,
    #[serde(default)]
    stress: Option<[f64; 6]>,
    #[serde(default)]
    key_value_pairs: Map<String, Value>,
}

/// One row, with its arrays as plain lists or as ASE encodes them.
pub(super) fn row(value: Value) -> Result<Structure, String> {
    let Value::Object(fields) = value else {
        return Err("expected an object".into());
    };
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| match plain(value) {
            Ok(value) => Ok((name, value)),
            Err(reason) => Err(format!("{name}: {reason}")),
        })
        .collect::<Result<_, _>>()?;
    let row: Row = serde_json::from_value(Value::Object(fields)).map_err(|e| e.to_string())?;
    let name = row.key_value_pairs.get("name").and_then(Value::as_str);
    Ok(Structure {
        species: row.numbers,
        positions: row.positions,
        cell: row
            .cell
            .filter(|c| c.as_flattened().iter().any(|x| *x != 0.0)),
        periodic: row.pbc,
        energy: row.energy,
        forces: row.forces,
        stress: row
            .stress
            .map(|[xx, yy, zz, yz, xz, xy]| [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]),
        group: name.map(str::to_owned),
        ..Structure::default()
    })
}

/// An array as nested lists. ASE writes one as `{"__ndarray__": [shape, type, numbers]}` and wraps that of a cell in an
/// object with the key `array`; anything else is left as it is.
fn plain(value: Value) -> Result<Value, String> {
    let Value::Object(mut map) = value else {
        return Ok(value);
    };
    if let Some(array) = map.remove("array") {
        return plain(array);
    }
    let Some(encoded) = map.remove("__ndarray__") else {
        return Ok(Value::Object(map));
    };
    let (shape, _, numbers): (Vec<usize>, String, Vec<Value>) =
        serde_json::from_value(encoded).map_err(|e| format!("__ndarray__: {e}"))?;
    let count = shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
    if count != Some(numbers.len()) || shape.len() > 4 {
        return Err(format!(
            "__ndarray__ has {} numbers, its shape is {shape:?}",
            numbers.len()
        ));
    }
    let mut numbers = numbers;
    for extent in shape.iter().skip(1).rev() {
        if *extent == 0 {
            return Err(format!("__ndarray__ has the shape {shape:?}"));
        }
        let mut rows = Vec::with_capacity(numbers.len() / extent);
        let mut rest = numbers.into_iter();
        loop {
            let row: Vec<Value> = rest.by_ref().take(*extent).collect();
            if row.is_empty() {
                break;
            }
            rows.push(Value::Array(row));
        }
        numbers = rows;
    }
    Ok(Value::Array(numbers))
}
