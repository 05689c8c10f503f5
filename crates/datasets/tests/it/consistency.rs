//! Energies, forces and positions of every real set belong together after conversion.

use datasets::consistency::check;
use datasets::structures::{ReadOptions, read};

use crate::shared::data;

#[expect(
    clippy::print_stdout,
    reason = "the slopes are worth reading with --nocapture"
)]
#[test]
fn the_slope_is_one_where_frames_are_close_enough_to_tell() {
    let mut lines = Vec::new();
    for (file, tells) in SETS {
        let Some(path) = data(&format!("structures/{file}")) else {
            return;
        };
        let set = read(path, &ReadOptions::default()).unwrap();
        let found = check(&set.structures);
        let line = format!("{file}: {found:?} {}", set.units);
        assert_eq!(found.is_some(), *tells, "{line}");
        if let Some(found) = found {
            // Far pairs leave room for the third order, yet a wrong unit (a factor of 23) or sign would still show.
            let tolerance = if found.step < 0.7 { 0.05 } else { 0.25 };
            assert!((found.slope - 1.0).abs() < tolerance, "{line}");
        }
        lines.push(line);
    }
    // The amons have their conformations in two files.
    let mut amons = Vec::new();
    for part in ["train", "valid"] {
        let path = data(&format!("structures/amons/force_{part}.csv.gz"));
        let Some(path) = path else { return };
        amons.extend(read(path, &ReadOptions::default()).unwrap().structures);
    }
    amons.sort_by(|a, b| a.group.cmp(&b.group));
    let found = check(&amons).unwrap();
    // Stretched along normal modes in both directions, so the third order shows.
    assert!((found.slope - 1.0).abs() < 0.2, "{found:?}");
    lines.push(format!("amons: {found:?}"));
    println!("{}", lines.join("\n"));
}

/// File and whether it has geometries that can be compared at all.
const SETS: &[(&str, bool)] = &[
    ("md17/ethanol_2000.npz", true),
    ("md17/ethanol_2000.xyz.gz", true),
    ("md17/ethanol_ccsd_t-train.npz", true),
    ("qm22/n-methylacetamide.xyz.gz", true),
    ("qm22/methane.xyz.gz", true),
    ("qm22/ethanol.xyz.gz", true),
    ("qm7x/qm7x_250mol_2500conf.npz", true),
    ("rmd17/aspirin_split01_train.npz", true),
    ("rmd17/aspirin_split01_valid.npz", true),
    ("3bpa/train_300K.xyz.gz", true),
    ("3bpa/train_mixedT.xyz.gz", true),
    ("3bpa/test_300K.npz", true),
    ("3bpa/test_600K.npz", true),
    ("3bpa/iso_atoms.xyz", false),
    ("li3po4/data_set_pbc.xyz.gz", true),
    ("solvents_xtb/solvent_xtb_train_200.xyz.gz", true),
    ("solvents_xtb/solvent_xtb_test.xyz.gz", true),
    ("ani/ani1x_first5_groups.h5", false),
    ("ani/comp6_s66x8_wb97x6-31gd.h5", true),
    ("ani/ani2x_diatomics.h5", true),
    ("spice/spice_1.1.4_two_groups.h5", true),
    ("amons/force_test.csv.gz", false),
    ("water_deepmd", true),
    ("silicon_mlearn/Si_training.json.gz", true),
    ("silicon_mlearn/Si_test.json.gz", true),
    ("carbon/carbon_reduced_100.xyz", false),
];
