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
