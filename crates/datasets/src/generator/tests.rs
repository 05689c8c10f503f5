use std::io::Read;

use selfies::fingerprint::morgan;
use selfies::graph::MolGraph;

use super::{MoleculeGenerator, fragments};

#[test]
fn every_fragment_of_the_tables_is_a_sensible_molecule() {
    let rings = fragments::RINGS
        .iter()
        .chain(fragments::CHAINS)
        .chain(fragments::LINKERS)
        .map(|(text, _)| *text);
    let groups = fragments::SUBSTITUENTS.iter().map(|(text, _, _)| *text);
    for text in rings.chain(groups) {
        let graph = MolGraph::from_smiles(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        graph
            .check_valences()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn the_same_seed_gives_the_same_molecules_in_any_order() {
    let forwards: Vec<String> = MoleculeGenerator::new(3).take(200).collect();
    let mut generator = MoleculeGenerator::new(3);
    for index in (0..200).rev() {
        assert_eq!(
            generator.smiles(index),
            forwards[usize::try_from(index).unwrap()]
        );
    }
    assert_ne!(forwards[0], MoleculeGenerator::new(4).smiles(0));
}

#[test]
fn the_first_molecules_of_a_seed_never_change() {
    let first: Vec<String> = MoleculeGenerator::new(0).take(3).collect();
    assert_eq!(
        first,
        [
            "O=C(c1nc2ccccc2cc1)NCc1cc(c2c(C)c(ccc2c1)S(N)(=O)=O)C(=O)c1c(CC)c(ccc1)C(=O)OC",
            "O=C(c1c(C)cc(c(Cl)c1)COc1ncon1)Cc1c(C)cc(cn1)NC1CCC(C)OC1",
            "Nc1ccc(cc1)Oc1ccc(C(=O)O)cc1OC",
        ]
    );
}

#[test]
fn text_and_graph_are_the_same_molecule() {
    let mut generator = MoleculeGenerator::new(11);
    for index in 0..500 {
        let graph = generator.graph(index);
        let read = MolGraph::from_smiles(&generator.smiles(index)).unwrap();
        assert_eq!(graph.atom_count(), read.atom_count());
        let hydrogens = |graph: &MolGraph| {
            graph
                .atoms()
                .map(|atom| u32::from(atom.hydrogens))
                .sum::<u32>()
        };
        assert_eq!(hydrogens(&graph), hydrogens(&read), "{read}");
        graph.check_valences().unwrap();
    }
}

#[test]
fn every_molecule_encodes_under_the_default_constraints_and_comes_back() {
    let canonical = |smiles: &str| {
        MolGraph::from_smiles(smiles)
            .unwrap()
            .canonical_smiles()
            .unwrap()
    };
    let count = if slow() { 100_000 } else { 3_000 };
    for smiles in MoleculeGenerator::new(1).take(count) {
        let selfies = selfies::encode(&smiles).unwrap_or_else(|error| panic!("{smiles}: {error}"));
        let back = selfies::decode(&selfies).unwrap();
        assert_eq!(canonical(&back), canonical(&smiles), "{smiles}");
    }
}

#[test]
fn molecules_resemble_those_of_a_medicinal_chemistry_database() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/molecules/chembl31_mini_train.txt.gz"
    );
    let Ok(file) = std::fs::File::open(file) else {
        assert!(std::env::var_os("CI").is_none(), "{file} is missing");
        eprintln!("skipped: ../shared/data/molecules/chembl31_mini_train.txt.gz is not here");
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let (every, compared) = if slow() { (1, 2_000) } else { (20, 200) };
    let real: Vec<MolGraph> = text.lines().step_by(every).map(sanitised).collect();
    let drawn: Vec<MolGraph> = MoleculeGenerator::new(0)
        .take(real.len())
        .map(|smiles| sanitised(&smiles))
        .collect();

    let share = |graphs: &[MolGraph], part: fn(&MolGraph) -> usize| {
        graphs.iter().map(|graph| part(graph) as f64).sum::<f64>() / graphs.len() as f64
    };
    let atoms = share(&drawn, MolGraph::heavy_atoms);
    let rings = share(&drawn, MolGraph::ring_count);
    let hetero = share(&drawn, MolGraph::heteroatoms) / atoms;
    let real_atoms = share(&real, MolGraph::heavy_atoms);
    let real_rings = share(&real, MolGraph::ring_count);
    let real_hetero = share(&real, MolGraph::heteroatoms) / real_atoms;

    // Each compared molecule's nearest neighbour among the real ones; a real molecule is not compared with itself.
    let fingerprint = |graph: &MolGraph| morgan(graph, 2, 2048);
    let references: Vec<_> = real.iter().map(fingerprint).collect();
    let nearest = |one: &MolGraph, own: Option<usize>| {
        let bits = fingerprint(one);
        let others = references
            .iter()
            .enumerate()
            .filter(|(place, _)| Some(*place) != own);
        others
            .map(|(_, other)| bits.tanimoto(other))
            .fold(0.0, f64::max)
    };
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let to_real = mean(
        drawn
            .iter()
            .take(compared)
            .map(|one| nearest(one, None))
            .collect(),
    );
    let among_real = mean(
        (0..compared)
            .map(|place| nearest(&real[place], Some(place)))
            .collect(),
    );
    eprintln!(
        "heavy atoms {atoms:.1} (real {real_atoms:.1}), rings {rings:.2} (real {real_rings:.2})"
    );
    eprintln!("heteroatom share {hetero:.3} (real {real_hetero:.3})");
    eprintln!("nearest neighbour {to_real:.3} (real {among_real:.3})");

    assert!((atoms - real_atoms).abs() < 2.0);
    assert!((rings - real_rings).abs() < 0.3);
    assert!((hetero - real_hetero).abs() < 0.02);
    // Real sets hold series of close analogues, which random combination does not make.
    assert!(to_real > 0.65 * among_real);
}

fn sanitised(smiles: &str) -> MolGraph {
    let mut graph = MolGraph::from_smiles(smiles).unwrap();
    graph.sanitise().unwrap();
    graph
}

fn slow() -> bool {
    std::env::var_os("RUN_SLOW_TESTS").is_some()
}
