//! Structure files: counts, units and traps of the real ones.

use std::path::Path;

use atoms::Structure;
use atoms::units::KILOCALORIE_PER_MOLE;
use datasets::structures::{ReadOptions, StructureSet, UnitsOrigin, read, write_npz, write_xyz};

use crate::shared::data;

fn set(file: &str) -> Option<StructureSet> {
    let set = read(
        data(&format!("structures/{file}"))?,
        &ReadOptions::default(),
    )
    .unwrap();
    assert!(set.rejects.is_empty(), "{file}: {:?}", set.rejects);
    Some(set)
}

#[test]
fn every_real_file_has_the_number_of_structures_on_record() {
    for (file, structures, atoms) in [
        ("3bpa/train_300K.xyz.gz", 500, 27),
        ("3bpa/train_mixedT.xyz.gz", 500, 27),
        ("3bpa/iso_atoms.xyz", 4, 1),
        ("3bpa/test_300K.npz", 1669, 27),
        ("3bpa/test_600K.npz", 2138, 27),
        ("md17/ethanol_2000.npz", 2000, 9),
        ("md17/ethanol_2000.xyz.gz", 2000, 9),
        ("md17/ethanol_ccsd_t-train.npz", 1000, 9),
        ("rmd17/aspirin_split01_train.npz", 1000, 21),
        ("rmd17/aspirin_split01_valid.npz", 50, 21),
        ("qm22/n-methylacetamide.xyz.gz", 6607, 12),
        ("qm22/methane.xyz.gz", 9000, 5),
        ("qm22/ethanol.xyz.gz", 11_011, 9),
        ("qm7x/qm7x_250mol_2500conf.npz", 2500, 0),
        ("solvents_xtb/solvent_xtb_train_200.xyz.gz", 203, 0),
        ("solvents_xtb/solvent_xtb_test.xyz.gz", 1000, 0),
        ("carbon/carbon_reduced_100.xyz", 100, 4),
        ("li3po4/data_set_pbc.xyz.gz", 50, 192),
    ] {
        let Some(set) = set(file) else { return };
        assert_eq!(set.structures.len(), structures, "{file}");
        for s in &set.structures {
            assert!(atoms == 0 || s.len() == atoms, "{file}");
            assert!(s.energy.is_some(), "{file}");
            assert!(s.forces.is_some() || s.len() == 1, "{file}");
        }
    }
}

#[test]
fn a_box_around_a_molecule_is_not_periodic() {
    for file in ["3bpa/train_300K.xyz.gz", "3bpa/test_300K.npz"] {
        let Some(set) = set(file) else { return };
        for s in &set.structures {
            assert_eq!(s.periodic, [false; 3], "{file}");
            assert_eq!(s.cell.unwrap()[0], [50.0, 0.0, 0.0], "{file}");
        }
    }
    let Some(set) = set("carbon/carbon_reduced_100.xyz") else {
        return;
    };
    assert_eq!(set.structures[0].periodic, [true; 3]);
}

#[test]
fn energies_and_forces_are_in_ev_whatever_the_file_has() {
    // The same molecule in kcal/mol (npz and extended XYZ) and in hartree (QM-22): −155 hartree is −4218 eV.
    for file in [
        "md17/ethanol_2000.npz",
        "md17/ethanol_2000.xyz.gz",
        "qm22/ethanol.xyz.gz",
        "md17/ethanol_ccsd_t-train.npz",
    ] {
        let Some(set) = set(file) else { return };
        for s in &set.structures {
            let energy = s.energy.unwrap();
            assert!((-4225.0..-4205.0).contains(&energy), "{file}: {energy} eV");
        }
        let squares: f64 = set
            .structures
            .iter()
            .flat_map(|s| s.forces.as_ref().unwrap().as_flattened())
            .map(|f| f * f)
            .sum();
        let rms = (squares / (set.structures.len() * 27) as f64).sqrt();
        assert!((0.5..3.0).contains(&rms), "{file}: force rms {rms} eV/Å");
    }
    let Some(npz) = set("md17/ethanol_2000.npz") else {
        return;
    };
    assert!(
        (npz.structures[0].energy.unwrap() - -97208.40600498 * KILOCALORIE_PER_MOLE).abs() < 1e-6
    );
    let Some(xyz) = set("md17/ethanol_2000.xyz.gz") else {
        return;
    };
    assert!(
        matches!(xyz.units.origin, UnitsOrigin::Magnitude(_)),
        "{}",
        xyz.units
    );
}

#[test]
fn padding_atoms_are_dropped_and_molecules_stay_together() {
    let Some(set) = set("qm7x/qm7x_250mol_2500conf.npz") else {
        return;
    };
    assert!(set.structures.iter().any(|s| s.len() < 23));
    for block in set.structures.chunks(10) {
        assert!(block.iter().all(|s| s.group == block[0].group));
    }
    assert!(
        matches!(set.units.origin, UnitsOrigin::Assumed(_)),
        "{}",
        set.units
    );
}

#[test]
fn a_virial_becomes_a_stress() {
    let Some(set) = set("carbon/carbon_reduced_100.xyz") else {
        return;
    };
    let s = &set.structures[0];
    let stress = s.stress.unwrap();
    assert!((stress[0][0] - -17.674_013_61 / s.volume().unwrap()).abs() < 1e-12);
}

fn round_trip(path: &Path, structures: &[Structure]) -> Vec<Structure> {
    if path.extension().unwrap() == "npz" {
        write_npz(path, structures).unwrap();
    } else {
        write_xyz(path, structures).unwrap();
    }
    read(
        path,
        &ReadOptions {
            vacuum: f64::INFINITY,
            ..ReadOptions::default()
        },
    )
    .unwrap()
    .structures
}

#[test]
fn what_is_written_is_read_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = datasets::embedded::structures().unwrap()[..20].to_vec();
    for file in [
        "carbon/carbon_reduced_100.xyz",
        "solvents_xtb/solvent_xtb_train_200.xyz.gz",
    ] {
        let Some(set) = set(file) else { return };
        all.extend_from_slice(&set.structures[..10]);
    }
    all[3].charge = -1;
    all[3].spin = 1;
    assert_eq!(round_trip(&folder.path().join("a.xyz"), &all), all);
    assert_eq!(round_trip(&folder.path().join("a.xyz.gz"), &all), all);
    // The archive does not keep stress.
    for s in &mut all {
        s.stress = None;
    }
    assert_eq!(round_trip(&folder.path().join("a.npz"), &all), all);
}
