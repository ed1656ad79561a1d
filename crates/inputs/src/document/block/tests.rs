//! The law is: what is read here, the full parser reads too, to the same nodes.

#![expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on the disk, where the environment says"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::document::node::{Node, Parts};
use crate::document::{Limits, decode, yaml};

fn fast(text: &str, limits: &Limits) -> Sure<Parts> {
    let mut builder = Builder::new(text, limits);
    parse(text, &mut builder).map(|()| builder.finish())
}

fn full(text: &str, limits: &Limits) -> Option<Parts> {
    let mut builder = Builder::new(text, limits);
    let parsed = yaml::parse_fully(text, &mut builder, limits);
    parsed.is_ok().then(|| builder.finish())
}

fn same(a: &Parts, b: &Parts) -> bool {
    let all = |n: &Node| (n.span(), n.next, n.data, n.style, n.tag, n.side, n.merges);
    a.nodes.iter().map(all).eq(b.nodes.iter().map(all))
        && a.documents == b.documents
        && a.duplicates == b.duplicates
        && a.side == b.side
        && a.texts == b.texts
        && a.tags == b.tags
}

/// Whether a text is taken; what breaks the law is an error.
fn check(text: &str) -> Result<Sure<()>, String> {
    check_within(text, &Limits::default())
}

fn check_within(text: &str, limits: &Limits) -> Result<Sure<()>, String> {
    let fast = match fast(text, limits) {
        Ok(parts) => parts,
        Err(doubt) => return Ok(Err(doubt)),
    };
    match full(text, limits) {
        None => Err(format!("taken, though refused: {text:?}")),
        Some(full) if same(&fast, &full) => Ok(Ok(())),
        Some(full) => Err(format!("{text:?}\nfast {fast:?}\nfull {full:?}")),
    }
}

fn taken(text: &str) {
    assert_eq!(check(text), Ok(Ok(())), "{text:?}");
}

fn doubted(text: &str, doubt: Doubt) {
    assert_eq!(check(text), Ok(Err(doubt)), "{text:?}");
}

#[test]
fn takes_what_manifests_are_made_of() {
    for text in [
        "",
        "\n  \n",
        "# nothing\n",
        "---",
        "---\n---\n# none\n--- # last\n",
        "a: 1\n---\nb: 2\n",
        "a:\nb: # none\nc:\n",
        "  a: 1\n  b: 2\n",
        "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n",
        "a:\n- 1\n-   b: 1\n    c:\n    - 2\n- - 3\n  - 4\n-\n- # none\n-\n  d: 1\nb:\n  - 5\n",
        "a: b c # d\nb#c: d#e\nurl: http://x:80/?a=b&c:d\nneg: -1\nargs: [--a, -b]\n",
        "a: \"x\"\n'b c': 'it''s' # c\n\"d\": \"\\n\\t\\\"\\\\\\/\"\ne: ''\n",
        "a: []\nb: [ ]\nc: {}\nd: [a, \"b\", {c: d, 'e': [f g , h]}]\n",
        "a: |\n  x\n\n   y  \n  # z\n# end\nb: |-\n\n    x\n\n\nc: >+\n  a\n  b\n\n   c\n  d\n\n",
        "- |\n  a",
        "- >-\n   \n   a\n   b\n",
        "a: &amp\n".replace('&', "x & ").as_str(),
        "a: 1\na: 2\n<<: {b: 1}\n",
        "ä: 'ö' # ü\n𝄞: 1\n",
        "a:\n  'b'\nc:\n  - d\n",
        "[a, b]\n",
        "a: ${{ b }}-${{ c }}\n",
    ] {
        taken(text);
    }
}

#[test]
fn leaves_all_else_to_the_full_parser() {
    use Doubt::*;
    for (text, doubt) in [
        ("a: 1\r\n", Character),
        ("a: \u{85}\n", Character),
        ("a: \u{2028}\n", Character),
        ("a: \u{FEFF}\n", Character),
        ("a: \u{7}\n", Character),
        ("--- a\n", Marker),
        ("a: 1\n...\n", Marker),
        ("a: b\n  c\n", Indentation),
        ("a:\n    b: 1\n  c: 1\n", Indentation),
        ("a: b # c\n d: 1\n", Indentation),
        ("- a: 1\n b: 1\n", Indentation),
        ("a: *b\n", Indicator),
        ("a: &b c\n", Indicator),
        ("a: !!str c\n", Indicator),
        ("? a\n", Indicator),
        ("a: - b\n", Indicator),
        ("%YAML 1.2\n---\n", Indicator),
        ("\ta: 1\n", Indicator),
        ("a:\tb\n", Plain),
        ("a: b: c\n", Trailing),
        ("a: 'b' c\n", Trailing),
        ("a: [b]#c\n", Trailing),
        ("a : b\n", Trailing),
        ("a: 'b\n  c'\n", Quotes),
        ("a: \"\\d\"\n", Quotes),
        ("a: [b,#c\n]\n", Indicator),
        ("a: [b, c: d]\n", Flow),
        ("a: [b\n]\n", Flow),
        ("a: |2\n  b\n", Block),
        ("a: |\nb: 1\n", Block),
        ("a: |\n    \n  b\n", Block),
        ("|\n a\n", Block),
        ("a: {{ b }}\n", Template),
        ("a: b {{ c }}\n", Template),
        ("a: $ {{ c }}\n", Template),
    ] {
        doubted(text, doubt);
    }
    let long = "k".repeat(1001);
    doubted(&format!("{long}: 1\n"), Key);
    doubted(&format!("a: {{{long}: 1}}\n"), Key);
    for value in [
        format!("{long}{long}"),
        format!("'{long} {long}'"),
        format!("[{long}, {long}, {{a: {long}{long}}}]"),
        format!("|\n    {long}{long}\n"),
    ] {
        taken(&format!("- {value}\n- a: {value}\n  b: 1\n"));
    }
    doubted(&"- ".repeat(200), Depth);
    doubted(&format!("a: {}", "[".repeat(200)), Depth);
}

fn corpora() -> PathBuf {
    match std::env::var_os("ONUS_CORPORA") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
    }
}

/// All YAML below a folder, by path.
fn texts(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts(&path, found);
        } else if path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml")
            && let Ok(text) = decode(std::fs::read(&path).unwrap())
        {
            found.insert(path, text);
        }
    }
}

fn corpus() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    texts(&corpora(), &mut found);
    if found.is_empty() {
        println!("block: skipped, the corpora are not there");
    }
    found
}

#[test]
fn corpora_read_alike_and_most_files_are_taken() {
    let corpus = corpus();
    let mut doubts: BTreeMap<Doubt, usize> = BTreeMap::new();
    let (mut all, mut ordinary, mut ordinary_taken) = (0, 0, 0);
    let mut wrong = Vec::new();
    for (path, text) in &corpus {
        let short = path.strip_prefix(corpora()).unwrap();
        let took = match check(text) {
            Ok(Ok(())) => true,
            Ok(Err(doubt)) => {
                *doubts.entry(doubt).or_default() += 1;
                false
            }
            Err(law) => {
                wrong.push(format!("{}: {law}", short.display()));
                continue;
            }
        };
        all += usize::from(took);
        let of_interest = ["real", "pss", "kyverno"]
            .iter()
            .any(|top| short.starts_with(top));
        if of_interest && (took || full(text, &Limits::default()).is_some()) {
            ordinary += 1;
            ordinary_taken += usize::from(took);
        }
    }
    println!(
        "block: {all} of {} files taken, doubts {doubts:?}",
        corpus.len()
    );
    println!("block: {ordinary_taken} of {ordinary} files of real, pss, kyverno taken");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ordinary_taken * 100 >= ordinary * 85);
}

/// A larger count for a long run.
fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// Splitmix64: repeatable, and good enough to choose places.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides.max(1) as u64).unwrap()
    }

    fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.roll(from.len())]
    }
}

const BITS: [&str; 60] = [
    ":", "#", "-", "?", "[", "]", "{", "}", ",", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`",
    "\\", "\t", "\r", "\0", "\u{85}", " ", "\n", "  ", "\n\n", ": ", " #", "- ", "-\n", ":\n",
    "\n---\n", "\n...\n", "---", "\n- ", "\n  ", ", ", "{}", "[]", "{a: b}", "[a]", "''", "\"\"",
    "\\n", "|\n", ">\n", "|-\n", ">+\n", "<<: ", "~", "a", "0", "ä", "\u{2028}", "\u{FEFF}",
    "\u{A0}", "{{", "? ",
];

/// Some lines of a file, less what they are all indented by, sometimes.
fn window(text: &str, dice: &mut Dice) -> Vec<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let count = 1 + dice.roll(16);
    let start = dice.roll(lines.len());
    let lines = &lines[start..lines.len().min(start + count)];
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let least = match dice.roll(4) {
        0 => 0,
        _ => lines
            .iter()
            .filter(|line| !line.trim().is_empty())
            .map(indent)
            .min()
            .unwrap_or(0),
    };
    let cut = |line: &&str| line.get(least..).unwrap_or("\n").to_owned();
    lines.iter().map(cut).collect()
}

fn mutate(lines: &mut Vec<String>, dice: &mut Dice) {
    if lines.is_empty() {
        lines.push(String::new());
    }
    let (at, other) = (dice.roll(lines.len()), dice.roll(lines.len()));
    let places: Vec<usize> = lines[at].char_indices().map(|(place, _)| place).collect();
    let place = match places.len() {
        0 => 0,
        many => places[dice.roll(many)],
    };
    match dice.roll(12) {
        0 => {
            if !places.is_empty() {
                lines[at].remove(place);
            }
        }
        1..=4 => lines[at].insert_str(place, dice.pick(&BITS)),
        5 | 6 => {
            if !places.is_empty() {
                lines[at].remove(place);
            }
            lines[at].insert_str(place, dice.pick(&BITS));
        }
        7 => lines.insert(at, lines[other].clone()),
        8 => lines[at].insert(0, ' '),
        9 => {
            if lines[at].starts_with(' ') {
                lines[at].remove(0);
            }
        }
        10 => lines.swap(at, other),
        _ => {
            lines.remove(at);
        }
    }
}

#[test]
fn changed_files_read_alike() {
    let corpus: Vec<String> = corpus()
        .into_values()
        .filter(|text| !text.is_empty())
        .collect();
    if corpus.is_empty() {
        return;
    }
    let count = number("ONUS_MUTANTS").unwrap_or(20_000);
    let mut dice = Dice(number("ONUS_SEED").unwrap_or(1) as u64);
    let mut taken = 0;
    let mut wrong = Vec::new();
    for _ in 0..count {
        let text = &corpus[dice.roll(corpus.len())];
        let mut lines = window(text, &mut dice);
        for _ in 0..=dice.roll(3) {
            mutate(&mut lines, &mut dice);
        }
        let mut limits = Limits::default();
        if dice.roll(8) == 0 {
            limits.depth = dice.roll(6);
        }
        match check_within(&lines.concat(), &limits) {
            Ok(took) => taken += usize::from(took.is_ok()),
            Err(law) => wrong.push(law),
        }
        if wrong.len() >= 10 {
            break;
        }
    }
    println!("block: {count} changed texts, {taken} taken");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whole_files_with_something_put_in_read_alike() {
    let corpus: Vec<String> = corpus()
        .into_values()
        .filter(|text| text.len() < 3000)
        .collect();
    if corpus.is_empty() {
        return;
    }
    let count = number("ONUS_MUTANTS").unwrap_or(20_000) / 10;
    let mut dice = Dice(number("ONUS_SEED").unwrap_or(1) as u64);
    let mut taken = 0;
    for _ in 0..count {
        let text = &corpus[dice.roll(corpus.len())];
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        mutate(&mut lines, &mut dice);
        taken += usize::from(check(&lines.concat()).unwrap().is_ok());
    }
    println!("block: {count} changed files, {taken} taken");
}

/// All texts of so many characters, each behind some starts that lead to the places where most is decided.
#[test]
fn short_texts_read_alike() {
    const STARTS: [&str; 9] = [
        "",
        "a:",
        "a: ",
        "- ",
        "a: |",
        "- >+\n",
        "a: [",
        "a: {b",
        "a:\n  - b:",
    ];
    const SIGNS: [&str; 18] = [
        "a", ":", " ", "\n", "-", "#", "'", "\"", "|", ">", "+", "[", "]", "{", "}", ",", "\n  ",
        "\n---",
    ];
    let length = number("ONUS_LENGTH").unwrap_or(3);
    let (mut texts, mut taken) = (0, 0);
    for start in STARTS {
        for code in 0..SIGNS.len().pow(u32::try_from(length).unwrap()) {
            let mut text = start.to_owned();
            let mut rest = code;
            for _ in 0..length {
                text.push_str(SIGNS[rest % SIGNS.len()]);
                rest /= SIGNS.len();
            }
            texts += 1;
            taken += usize::from(check(&text).unwrap().is_ok());
        }
    }
    println!("block: {texts} short texts, {taken} taken");
}

const FRAGMENTS: [&str; 72] = [
    "a", "b", "k: ", "k:", "k: v", "a: 1", "\n", "\n", "\n", "\n", "\n ", "\n  ", "\n   ",
    "\n    ", "  ", " ", " ", "- ", "- ", "-", "- a\n", "- k: v\n", "\n- ", "\n  - ", "\n---\n",
    "---", "--- ", "...", "# c", " # c", "#", "'q'", "\"q\"", "''", "'a''b'", "\"\\n\"", "\"\\q\"",
    "\"", "'", "[", "]", "{", "}", "[a]", "{a: b}", "[]", "{}", ", ", ",", ":", ": ", "|", ">",
    "|\n", ">\n", "|-\n", ">-\n", "|+\n", ">+\n", "|2\n", "\t", "\r\n", "?", "? ", "&a ", "*a",
    "!t ", "<<: ", "~", "ä", "\u{85}", "{{ x }}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: number("ONUS_CASES").map_or(4096, |cases| u32::try_from(cases).unwrap()), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_of_odd_parts_read_alike(parts in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..14)) {
        prop_assert!(check(&parts.concat()).is_ok(), "{}", check(&parts.concat()).unwrap_err());
    }

    #[test]
    fn texts_of_odd_lines_read_alike(
        lines in prop::collection::vec((0..5_usize, prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 0..4)), 0..9),
    ) {
        let lines: Vec<String> = lines.iter().map(|(indent, parts)| " ".repeat(*indent) + &parts.concat()).collect();
        let text = lines.join("\n");
        prop_assert!(check(&text).is_ok(), "{}", check(&text).unwrap_err());
    }
}
