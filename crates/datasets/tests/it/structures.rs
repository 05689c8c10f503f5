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
        ("ani/comp6_s66x8_wb97x6-31gd.h5", 528, 0),
        ("ani/ani1x_first5_groups.h5", 8, 0),
        ("ani/ani2x_diatomics.h5", 5706, 2),
        ("spice/spice_1.1.4_two_groups.h5", 55, 0),
        ("amons/force_train.csv.gz", 800, 0),
        ("amons/force_valid.csv.gz", 800, 0),
        ("amons/force_test.csv.gz", 795, 0),
        ("water_deepmd", 400, 192),
        ("silicon_mlearn/Si_training.json.gz", 214, 0),
        ("silicon_mlearn/Si_test.json.gz", 25, 0),
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
            assert!(s.cell.unwrap()[0][0] > 49.0, "{file}");
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
        (npz.structures[0].energy.unwrap() - -97_208.406_004_98 * KILOCALORIE_PER_MOLE).abs()
            < 1e-6
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

#[test]
fn the_neighbour_list_is_the_sum_over_images_on_every_periodic_set() {
    for (file, cutoff, every) in [
        ("carbon/carbon_reduced_100.xyz", 6.0, 10),
        ("silicon_mlearn/Si_test.json.gz", 5.0, 5),
        ("silicon_mlearn/Si_training.json.gz", 4.0, 40),
        ("water_deepmd", 5.0, 199),
        ("li3po4/data_set_pbc.xyz.gz", 5.0, 49),
    ] {
        let Some(set) = set(file) else { return };
        for s in set.structures.iter().step_by(every) {
            let list = atoms::neighbour_list(s, cutoff).unwrap();
            let found: Vec<_> = (0..list.len())
                .map(|e| (list.centre[e], list.neighbour[e], list.shift[e]))
                .collect();
            assert_eq!(found, sum_over_images(s, cutoff), "{file}");
        }
    }
}

/// The definition, with the images near each pair of atoms only.
fn sum_over_images(s: &Structure, cutoff: f64) -> Vec<(u32, u32, [i32; 3])> {
    let cell = s.cell.unwrap();
    let (inv, heights) = (atoms::inverse(&cell), atoms::cell_heights(&cell));
    let mut out = Vec::new();
    for (i, p) in (0_u32..).zip(&s.positions) {
        for (j, q) in (0_u32..).zip(&s.positions) {
            let d: [f64; 3] = std::array::from_fn(|k| q[k] - p[k]);
            #[expect(clippy::cast_possible_truncation, reason = "few cells")]
            let range: [(i32, i32); 3] = std::array::from_fn(|axis| {
                let f: f64 = (0..3).map(|k| d[k] * inv[k][axis]).sum();
                let reach = cutoff / heights[axis];
                ((-f - reach).floor() as i32, (-f + reach).ceil() as i32)
            });
            for a in range[0].0..=range[0].1 {
                for b in range[1].0..=range[1].1 {
                    for c in range[2].0..=range[2].1 {
                        let t = [a, b, c].map(f64::from);
                        let squared: f64 = (0..3)
                            .map(|k| {
                                d[k] + t[0] * cell[0][k] + t[1] * cell[1][k] + t[2] * cell[2][k]
                            })
                            .map(|x| x * x)
                            .sum();
                        if squared < cutoff * cutoff && !(i == j && [a, b, c] == [0; 3]) {
                            out.push((i, j, [a, b, c]));
                        }
                    }
                }
            }
        }
    }
    out
}

#[test]
fn sets_with_gradients_come_out_as_forces_and_charges_are_kept() {
    let Some(spice) = set("spice/spice_1.1.4_two_groups.h5") else {
        return;
    };
    assert_eq!(spice.units.origin, UnitsOrigin::File);
    assert!(spice.units.units.gradients);
    let sodium: Vec<_> = spice
        .structures
        .iter()
        .filter(|s| s.species.contains(&11))
        .collect();
    assert_eq!((sodium.len(), sodium[0].charge), (5, 1));
    let Some(comp6) = set("ani/comp6_s66x8_wb97x6-31gd.h5") else {
        return;
    };
    assert!(comp6.units.units.gradients, "{}", comp6.units);
    let Some(ani2x) = set("ani/ani2x_diatomics.h5") else {
        return;
    };
    assert!(!ani2x.units.units.gradients, "{}", ani2x.units);
}

#[test]
fn qm9_is_told_from_plain_xyz() {
    // The published record of methane, dsgdb9nsd_000001, with its tabs; charges of hydrogen as Mathematica writes them.
    let text = "5\ngdb 1\t157.7118\t157.70997\t157.70699\t0.\t13.21\t-0.3877\t0.1171\t0.5048\t35.3641\t0.044749\t-40.47893\t-40.476062\t-40.475117\t-40.498597\t6.469\t\nC\t-0.0126981359\t 1.0858041578\t 0.0080009958\t-0.535689\nH\t 2.150416*^-3\t-0.0060313176\t 1.9761204*^-3\t 0.133921\nH\t 1.0117308433\t 1.4637511618\t 0.0002765748\t 0.133922\nH\t-0.540815069\t 1.4475266138\t-0.8766437152\t 0.133923\nH\t-0.5238136345\t 1.4379326443\t 0.9063972942\t 0.133923\n1341.307\t1341.3284\t1341.365\t1562.6731\t1562.7453\t3038.3205\t3151.6034\t3151.6788\t3151.7078\nC\tC\t\nInChI=1S/CH4/h1H4\tInChI=1S/CH4/h1H4\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dsgdb9nsd_000001.xyz");
    std::fs::write(&path, text.repeat(2)).unwrap();
    let set = read(&path, &ReadOptions::default()).unwrap();
    assert_eq!(set.structures.len(), 2);
    let methane = &set.structures[1];
    assert_eq!(methane.formula(), "CH4");
    assert_eq!(methane.group.as_deref(), Some("C"));
    assert!((methane.energy.unwrap() / atoms::units::HARTREE + 40.47893).abs() < 1e-9);
    assert!((methane.positions[1][0] - 2.150_416e-3).abs() < 1e-15);
}

#[test]
fn a_random_split_of_a_trajectory_leaks_and_a_split_by_blocks_does_not() {
    use datasets::split::{Fractions, by_time_block, random, structure_leaks};
    let Some(set) = set("md17/ethanol_2000.npz") else {
        return;
    };
    let n = set.structures.len();
    let mut apart = set.structures.clone();
    for s in &mut apart {
        s.group = None;
    }
    let random = structure_leaks(&apart, &random(n, &Fractions::default(), 1).unwrap(), 0.3);
    let blocks = structure_leaks(
        &apart,
        &by_time_block(n, 100, 5, &Fractions::default(), 1).unwrap(),
        0.3,
    );
    assert!(
        random.neighbouring_frames * 10 > random.held_out * 9,
        "{random}"
    );
    assert_eq!(blocks.neighbouring_frames, 0, "{blocks}");
}
