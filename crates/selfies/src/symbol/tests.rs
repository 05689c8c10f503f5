use super::*;

#[test]
fn symbols_read_back_as_they_were_written() {
    for text in [
        "[C]",
        "[=C]",
        "[#N]",
        "[/C]",
        "[\\C]",
        "[13C@@H1]",
        "[=Fe+3]",
        "[O-1]",
        "[CH0]",
        "[0C]",
        "[Branch1]",
        "[=Branch2]",
        "[#Branch3]",
        "[Ring1]",
        "[=Ring2]",
        "[#Ring3]",
        "[-/Ring1]",
        "[\\-Ring2]",
        "[//Ring3]",
        "[epsilon]",
        "[nop]",
        "[H]",
        "[HH1]",
        "[C@]",
    ] {
        let symbol: Symbol = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(symbol.to_string(), text);
    }
}

#[test]
fn other_texts_are_no_symbols() {
    for text in [
        "",
        "[",
        "]",
        "[]",
        "C",
        "[CH]",
        "[C@H]",
        "[C+]",
        "[C+10]",
        "[-C]",
        "[=Branch4]",
        "[/Branch1]",
        "[--Ring1]",
        "[Ring0]",
        "[-Ring1]",
        "[c]",
        "[Xx]",
        "[*]",
        "[C]x",
        "x[C]",
        "[C@@@]",
        "[C+1+1]",
        "[99999999999C]",
        "[éRing1]",
    ] {
        assert_eq!(Symbol::read(text, Extensions::default()), None, "{text}");
    }
    let all = Extensions {
        wildcards: true,
        long_numbers: true,
    };
    assert!(Symbol::read("[*]", all).is_some());
    assert!(Symbol::read("[=Ring9]", all).is_some());
}

#[test]
fn numbers_and_index_symbols_invert_each_other() {
    for number in (0..5000).chain([1 << 20, u64::MAX]) {
        let symbols = symbols_from_index(number);
        assert_eq!(index_from_symbols(symbols.into_iter().map(Some)), number);
    }
}
