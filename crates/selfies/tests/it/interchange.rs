//! What goes out as text or JSON comes back.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use selfies::graph::{
    Bond, BondOrder, DoubleBondStereo, EdgeIndex, Element, MolGraph, NodeIndex, Ring,
};
use selfies::kekulize::Kekulizer;
use selfies::metrics::{GuacamolMetrics, MosesMetrics, OwnRules, Sample, guacamol, moses};
use selfies::smiles::{Dialect, Molecule, Reader};
use selfies::{
    Alphabet, Constraints, DecodeOptions, Decoder, EncodeOptions, Encoder, Preset, Symbol, Syntax,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::golden;

#[track_caller]
fn through_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    json
}

#[track_caller]
fn through_text<T: FromStr<Err: Debug> + Display + PartialEq + Debug>(value: &T, text: &str) {
    assert_eq!(value.to_string(), text);
    assert_eq!(&text.parse::<T>().unwrap(), value);
}

#[test]
fn public_data_travels_through_json() {
    for option in [Syntax::V1, Syntax::V2] {
        through_json(&option);
    }
    for preset in Preset::ALL {
        through_json(&preset);
        through_json(&Constraints::from(preset));
    }
    through_json(&DecodeOptions::default());
    through_json(&EncodeOptions::default());
    through_json(&Dialect::OPEN);
    through_json(&Alphabet::new(["[nop]", "[C]", "[Branch1]"]).unwrap());
    for symbol in ["[C]", "[=Branch2]", "[/\\Ring1]", "[13CH1-1]", "[nop]"] {
        through_json(&symbol.parse::<Symbol>().unwrap());
    }
    let mut encoder = Encoder::default();
    let (_, account) = encoder.encode_with_attribution("C(=O)/C=C/F").unwrap();
    through_json(&account);
    through_json(
        &Decoder::default()
            .explain("[C][=Branch1][C][=O][F][O]")
            .unwrap(),
    );
    through_json(&Element::CL);
    let read: Molecule = "C[C@H](N)/C=C/c1cc[nH]c1.[13CH3-]".parse().unwrap();
    for atom in read.atoms() {
        through_json(atom);
    }
    for bond in read.bonds() {
        through_json(bond);
    }
    assert_eq!(
        through_json(&read),
        format!("\"{read}\"").replace('\\', "\\\\")
    );
}

#[test]
fn the_graph_and_its_parts_travel_through_json() {
    let graph = MolGraph::from_smiles("C/C=C/C1CC1").unwrap();
    let mut told = 0;
    for edge in graph.graph().edge_weights() {
        through_json(edge);
        through_json(&edge.order);
        told += usize::from(edge.stereo.is_some());
    }
    assert_eq!(told, 1);
    for atom in graph.atoms() {
        through_json(atom);
    }
    let rings = graph.rings();
    assert_eq!(
        through_json(&rings),
        r#"[{"atoms":[5,3,4],"bonds":[5,3,4]}]"#
    );
    let ring = Ring {
        atoms: vec![NodeIndex::new(7)],
        bonds: vec![EdgeIndex::new(9)],
    };
    assert_eq!(through_json(&ring), r#"{"atoms":[7],"bonds":[9]}"#);
    let stereo = DoubleBondStereo {
        source_neighbour: NodeIndex::new(3),
        target_neighbour: NodeIndex::new(5),
        same_side: true,
        both_marked: [false, true],
    };
    through_json(&Bond {
        order: BondOrder::Double,
        stereo: Some(stereo),
    });
    assert!(serde_json::from_str::<Ring>(r#"{"atoms":[-1],"bonds":[]}"#).is_err());
}

#[test]
fn samples_and_metrics_travel_through_json() {
    let sample = Sample::read(["CCO", "c1ccccc1C", "C(C", ""]);
    let json = serde_json::to_string(&sample).unwrap();
    let back: Sample = serde_json::from_str(&json).unwrap();
    assert_eq!(back.unreadable, sample.unreadable);
    assert_eq!(
        back.molecules
            .iter()
            .map(|m| &m.canonical)
            .collect::<Vec<_>>(),
        sample
            .molecules
            .iter()
            .map(|m| &m.canonical)
            .collect::<Vec<_>>()
    );
    let (a, b): (MosesMetrics, MosesMetrics) = (
        moses(&back, &sample, &sample),
        moses(&sample, &sample, &sample),
    );
    assert_eq!(a, b);
    through_json(&a);
    let shares: GuacamolMetrics = guacamol(&sample, &back);
    through_json(&shares);
    let texts = selfies::metrics::Oracle::canonical(&OwnRules, "OCC").unwrap();
    through_json(&texts);
}

#[test]
fn names_and_symbols_are_written_as_they_are_read() {
    through_text(&Syntax::V1, "1");
    through_text(&Syntax::V2, "2");
    for preset in Preset::ALL {
        through_text(&preset, preset.name());
    }
    through_text(&Element::CL, "Cl");
    let symbol: Symbol = "[=Ring2]".parse().unwrap();
    through_text(&symbol, "[=Ring2]");
    assert_eq!(BondOrder::Aromatic.to_string(), ":");
    let alphabet = Alphabet::new(["[C]", "[N]"]).unwrap();
    assert!((&alphabet).into_iter().eq(["[C]", "[N]"]));
    let explanation = Decoder::default().explain("[F][F][C]").unwrap();
    let cause = explanation.faults().next().unwrap().fault.unwrap();
    assert_eq!(cause.to_string(), "the last atom can make no more bonds");
}

#[test]
fn a_record_of_smiles_is_written_as_it_was_read() {
    for smiles in [
        "C",
        "C.C",
        "C(F)(Cl)Br",
        "C1CC1",
        "c1ccccc1-c2ccccc2",
        "F/C=C\\F",
        "C/1=C/CCCCCC1",
        "C1(CC1)C1CC1",
        "[13C@@H2-]",
        "[Fe+3]",
        "[0C]",
        "[se]1cccc1",
        "C:C",
        "C%10CC%10",
        "C12C3C1C23",
    ] {
        let record: Molecule = smiles.parse().unwrap();
        let again: Molecule = record.to_string().parse().unwrap();
        assert_eq!(again, record, "{smiles}: {record}");
    }
    assert_eq!(
        "C%10CC%10".parse::<Molecule>().unwrap().to_string(),
        "C1CC1"
    );
    let mut molecule = Molecule::new();
    assert_eq!(through_json(&molecule), "\"\"");
    Reader::new(Dialect::OPEN)
        .read("*C1.C1[*]", &mut molecule)
        .unwrap();
    assert_eq!(through_json(&molecule), "\"*C1.C1[*]\"");
    // More than 99 open rings need the long spelling.
    let many = |open: &str| (0..120).map(|n| format!("C%({n})")).collect::<String>() + open;
    Reader::new(Dialect::OPEN)
        .read(&(many("C") + &many("")), &mut molecule)
        .unwrap();
    assert!(through_json(&molecule).contains("%(120)"));
}

#[test]
fn records_of_all_reference_molecules_come_back_from_their_text() {
    let (mut again, mut reader, mut seen) = (Molecule::new(), Reader::default(), 0);
    golden::rows("molecules.jsonl.gz", |_, row| {
        let Ok(mut record) = golden::text(&row, "smiles").parse::<Molecule>() else {
            return;
        };
        let text = record.to_string();
        let read = if text.contains("%(") {
            Reader::new(Dialect::OPEN).read(&text, &mut again)
        } else {
            reader.read(&text, &mut again)
        };
        assert_eq!(read, Ok(()), "{text}");
        assert_eq!(again, record, "{text}");
        // The structure with single and double bonds is written as well.
        if Kekulizer::default().kekulize(&mut record).is_ok() {
            let text = record.to_string();
            Reader::new(Dialect::OPEN).read(&text, &mut again).unwrap();
            assert_eq!(
                (again.atoms(), again.bonds()),
                (record.atoms(), record.bonds()),
                "{text}"
            );
        }
        seen += 1;
    });
    assert!(seen > 34_000 || golden::path("molecules.jsonl.gz").is_none());
}

proptest::proptest! {
    #[test]
    fn a_text_of_smiles_tokens_that_reads_is_written_so_that_it_reads_again(
        tokens in proptest::collection::vec(
            proptest::sample::select(vec![
                "C", "c", "N", "n", "O", "[nH]", "[C@H]", "[O-]", "[2H]", "[0C]", "[Fe+12]", "(", ")", "=", "#", "/",
                "\\", "-", ":", ".", "1", "2", "3", "%10", "1", "2", "3", "C(C)", "c1ccccc1",
            ]),
            1..30,
        )
    ) {
        if let Ok(record) = tokens.concat().parse::<Molecule>() {
            let again: Molecule = record.to_string().parse().unwrap();
            proptest::prop_assert_eq!(&again, &record, "{}", record);
        }
    }
}
