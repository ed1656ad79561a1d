//! Chains of records: each has a hash over itself, and the hash of the record before it in the file.
//!
//! The hash is SHA-256, in small hexadecimal digits, over the record as JSON (RFC 8785) without the member that holds the hash.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use onus_model::plan::{Chain, Dialect, Link};
use onus_model::source::Span;
use sha2::{Digest as _, Sha256};

use crate::document::{Kind, NodeId, Scalar, Tree};

/// Whole numbers up to this one are the same in every reader (RFC 8785, appendix D).
const LARGEST: i64 = (1 << 53) - 1;

/// What a record says about its place in the chain.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Whether its hash fits, or why that cannot be said.
    fits: Result<bool, String>,
    /// The hash that it gives itself.
    hash: Option<String>,
    /// The record that it names.
    previous: Option<String>,
    sequence: Option<i64>,
    /// Where its hash stands, and where the record before it is named.
    hash_at: Span,
    previous_at: Span,
}

/// What a record comes to, or why that cannot be said; and where.
pub(crate) type Settled = (Result<Link, String>, Span);

impl Record {
    /// Reads a record. `head` is where it begins.
    pub(crate) fn new(
        tree: &Tree,
        dialect: Dialect,
        node: NodeId,
        chain: &Chain,
        head: Span,
    ) -> Self {
        let member = |name: &str| tree.get(node, name).map(|entry| entry.value);
        let at = |node: Option<NodeId>| node.map_or(head, |node| tree.span(node));
        let scalar = |node: NodeId| {
            let single = tree.kind(node) == Kind::Scalar && tree.tag(node).is_none();
            single.then(|| tree.resolve(node, dialect))
        };
        let (hash, previous) = (member(&chain.hash), member(&chain.previous));
        let mut wrong = None;
        let text = match hash.and_then(scalar) {
            Some(Scalar::Text(text)) => Some(text.to_owned()),
            _ => None,
        };
        let before = match previous.map(scalar) {
            None | Some(Some(Scalar::Null)) => None,
            Some(Some(Scalar::Text(text))) => (!is_none(text)).then(|| text.to_owned()),
            Some(_) => {
                wrong.get_or_insert(format!("`{}` is no text", chain.previous));
                None
            }
        };
        let sequence = chain.sequence.as_ref().and_then(|(name, required)| {
            match member(name).map(scalar) {
                Some(Some(Scalar::Int(number))) => return Some(number),
                None | Some(Some(Scalar::Null)) if !required => {}
                None => wrong = Some(format!("`{name}` is missing, and the chain is counted")),
                Some(_) => wrong = Some(format!("`{name}` is no whole number")),
            }
            None
        });
        let fits = match (wrong, canonical(tree, dialect, node, &chain.hash)) {
            (Some(wrong), _) | (None, Err(wrong)) => Err(wrong),
            (None, Ok(json)) => Ok(text.as_deref() == Some(digest(&json).as_str())),
        };
        Self {
            fits,
            hash: text,
            previous: before,
            sequence,
            hash_at: at(hash.or(previous)),
            previous_at: at(previous.or(hash)),
        }
    }
}

/// Whether a text names no record.
fn is_none(text: &str) -> bool {
    text.is_empty() || text.len() == 64 && text.bytes().all(|b| b == b'0')
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// What the records of one file come to, in their order. One that was tampered with is told where it stands, and does not spoil
/// those behind it.
pub(crate) fn settle(records: &[Record]) -> Vec<Settled> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        if let Some(hash) = &record.hash {
            places.entry(hash).or_insert(index);
        }
    }
    let mut settled: Vec<Settled> = Vec::with_capacity(records.len());
    let mut before: Option<&Record> = None;
    for record in records {
        let place = match &record.fits {
            Err(why) => Err(why.clone()),
            Ok(false) => Ok(Link::Edited),
            Ok(true) => Ok(placed(record, before, &places)),
        };
        let place = match (place, settled.last_mut()) {
            // The one before it is not what this one has seen.
            (Ok(Link::Rewritten), Some((earlier, span))) => {
                if matches!(earlier, Ok(Link::First | Link::Intact)) {
                    *earlier = Ok(Link::Rewritten);
                    *span = before.map_or(*span, |before| before.hash_at);
                }
                Ok(Link::Intact)
            }
            (place, _) => place,
        };
        let span = match place {
            Ok(Link::Moved | Link::Removed | Link::Broken | Link::Beheaded) => record.previous_at,
            Ok(Link::First | Link::Intact | Link::Edited | Link::Rewritten) | Err(_) => {
                record.hash_at
            }
        };
        settled.push((place, span));
        before = Some(record);
    }
    settled
}

/// What a record that fits its hash comes to behind another; *rewritten* is said of that one.
fn placed(record: &Record, before: Option<&Record>, places: &BTreeMap<&str, usize>) -> Link {
    let elsewhere = |hash: &String| places.contains_key(hash.as_str());
    let Some(before) = before else {
        return match (&record.previous, record.sequence) {
            (Some(previous), _) if elsewhere(previous) => Link::Moved,
            (Some(_), _) => Link::Beheaded,
            // Records are counted from 0 or from 1.
            (None, Some(number)) if number > 1 => Link::Beheaded,
            (None, _) => Link::First,
        };
    };
    let step = match (before.sequence, record.sequence) {
        (Some(before), Some(own)) => Some(own.cmp(&before.saturating_add(1))),
        _ => None,
    };
    let follows = record.previous.is_some() && record.previous == before.hash;
    match (&record.previous, step) {
        (_, None | Some(Ordering::Equal)) if follows => Link::Intact,
        (_, Some(Ordering::Greater)) if follows => Link::Removed,
        (Some(previous), _) if !follows && elsewhere(previous) => Link::Moved,
        (Some(_), Some(Ordering::Equal)) => Link::Rewritten,
        (Some(_), Some(Ordering::Greater)) => Link::Removed,
        // It says that it is the first, and the first says so, too, or was to be before this one.
        (None, _) | (Some(_), None | Some(Ordering::Less)) => Link::Broken,
    }
}

/// A node as JSON (RFC 8785), without one of its members.
///
/// # Errors
///
/// It holds what readers of JSON do not agree on.
fn canonical(tree: &Tree, dialect: Dialect, node: NodeId, without: &str) -> Result<String, String> {
    let mut writer = Writer {
        tree,
        dialect,
        json: String::new(),
    };
    writer.mapping(node, Some(without))?;
    Ok(writer.json)
}

struct Writer<'t> {
    tree: &'t Tree,
    dialect: Dialect,
    json: String,
}

impl Writer<'_> {
    fn node(&mut self, node: NodeId) -> Result<(), String> {
        if let Some(tag) = self.tree.tag(node) {
            return Err(format!("the value of the tag `{tag}` is not known here"));
        }
        match self.tree.kind(node) {
            Kind::Mapping => self.mapping(node, None),
            Kind::Sequence => {
                self.json.push('[');
                for (index, item) in self.tree.items(node).enumerate() {
                    if index > 0 {
                        self.json.push(',');
                    }
                    self.node(item)?;
                }
                self.json.push(']');
                Ok(())
            }
            Kind::Scalar => self.scalar(node),
        }
    }

    fn mapping(&mut self, node: NodeId, without: Option<&str>) -> Result<(), String> {
        if let Some(twice) = self.tree.duplicates_within(node) {
            let name = self
                .tree
                .text()
                .get(twice.first.range())
                .unwrap_or_default();
            return Err(format!("{name} stands twice in one mapping"));
        }
        let mut entries: Vec<(&str, NodeId)> = self
            .tree
            .entries(node)
            .map(|entry| (self.tree.raw(entry.key), entry.value))
            .filter(|(name, _)| without != Some(*name))
            .collect();
        // By UTF-16 units, which differ from bytes only beyond the basic plane.
        entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        self.json.push('{');
        for (index, (name, value)) in entries.into_iter().enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            self.text(name);
            self.json.push(':');
            self.node(value)?;
        }
        self.json.push('}');
        Ok(())
    }

    fn scalar(&mut self, node: NodeId) -> Result<(), String> {
        let raw = self.tree.raw(node);
        match self.tree.resolve(node, self.dialect) {
            Scalar::Null => self.json.push_str("null"),
            Scalar::Bool(true) => self.json.push_str("true"),
            Scalar::Bool(false) => self.json.push_str("false"),
            Scalar::Int(number) if number.abs() <= LARGEST => {
                // Writing to a string cannot fail.
                let _ = write!(self.json, "{number}");
            }
            Scalar::Int(_) | Scalar::BigInt => {
                return Err(format!(
                    "`{raw}` is too large to be the same in every reader of JSON"
                ));
            }
            Scalar::Float(number) if number.is_finite() => self.json.push_str(&shortest(number)),
            Scalar::Float(_) => return Err(format!("`{raw}` is no number of JSON")),
            Scalar::Text(text) => self.text(text),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.json.push('"');
        for sign in text.chars() {
            match sign {
                '"' => self.json.push_str("\\\""),
                '\\' => self.json.push_str("\\\\"),
                '\u{8}' => self.json.push_str("\\b"),
                '\t' => self.json.push_str("\\t"),
                '\n' => self.json.push_str("\\n"),
                '\u{c}' => self.json.push_str("\\f"),
                '\r' => self.json.push_str("\\r"),
                '\0'..'\u{20}' => {
                    // Writing to a string cannot fail.
                    let _ = write!(self.json, "\\u{:04x}", u32::from(sign));
                }
                _ => self.json.push(sign),
            }
        }
        self.json.push('"');
    }
}

/// A number with a fraction or an exponent as RFC 8785 has it: the fewest digits that mean it, as ECMAScript writes them.
fn shortest(number: f64) -> String {
    // Both zeros are one.
    if number == 0.0 {
        return "0".to_owned();
    }
    let written = format!("{number:e}");
    // Of two that are as near, the even one.
    let digits = written
        .bytes()
        .take_while(|b| *b != b'e')
        .filter(u8::is_ascii_digit);
    let nearest = format!("{number:.*e}", digits.count().saturating_sub(1));
    let same = nearest
        .parse::<f64>()
        .is_ok_and(|other| other.to_bits() == number.to_bits());
    let written = if same { nearest } else { written };
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    // Where the point stands behind the first digit.
    let point = exponent + 1;
    let whole = usize::try_from(point).unwrap_or(0);
    let text = match point {
        _ if count <= point && point <= 21 => format!("{digits}{}", zeros(point - count)),
        1..=21 => format!("{}.{}", part(0, whole), part(whole, digits.len())),
        -5..=0 => format!("0.{}{digits}", zeros(-point)),
        _ => {
            let rest = part(1, digits.len());
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{}{dot}{rest}e{exponent:+}", part(0, 1))
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, Syntax, read};

    fn json(text: &str) -> Tree {
        read(text.into(), Syntax::JsonLines, &Limits::default()).unwrap()
    }

    fn written(text: &str) -> Result<String, String> {
        let tree = json(text);
        canonical(&tree, Dialect::Core, tree.documents()[0], "hash")
    }

    #[test]
    fn a_record_is_written_in_one_way() {
        for (text, expect) in [
            ("{ }", "{}"),
            (
                r#"{"b": 1, "hash": "x", "a": {"hash": 2, "c": [true, null, "é\u0001\/\u2028"]}}"#,
                "{\"a\":{\"c\":[true,null,\"é\\u0001/\u{2028}\"],\"hash\":2},\"b\":1}",
            ),
            (
                r#"{"\uffee": 1, "\ud83d\ude00": 2, "a\"\\\b\f\n\r\t": 3}"#,
                "{\"a\\\"\\\\\\b\\f\\n\\r\\t\":3,\"😀\":2,\"\u{ffee}\":1}",
            ),
            (
                r#"{"n": [0, -0, -7, 9007199254740991, 1.0, 0.5, -1.50, 1e21, 1e20, 1E-7, 0.000001, 123.456e2, -0.0]}"#,
                r#"{"n":[0,0,-7,9007199254740991,1,0.5,-1.5,1e+21,100000000000000000000,1e-7,0.000001,12345.6,0]}"#,
            ),
        ] {
            assert_eq!(written(text).as_deref(), Ok(expect), "{text}");
        }
        for (text, why) in [
            (
                r#"{"a": 9007199254740992}"#,
                "`9007199254740992` is too large to be the same in every reader of JSON",
            ),
            (
                r#"{"a": 99999999999999999999}"#,
                "`99999999999999999999` is too large to be the same in every reader of JSON",
            ),
            (r#"{"a": 1e999}"#, "`1e999` is no number of JSON"),
            (
                r#"{"a": {"b": 1, "b": 2}}"#,
                "\"b\" stands twice in one mapping",
            ),
        ] {
            assert_eq!(written(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn numbers_are_those_of_the_standard() {
        // RFC 8785, appendix B.
        for (bits, expect) in [
            (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            assert_eq!(shortest(f64::from_bits(bits)), expect);
        }
    }

    const CHAIN: &str = "hash";

    fn chain(sequence: Option<bool>) -> Chain {
        Chain {
            hash: CHAIN.to_owned(),
            previous: "before".to_owned(),
            sequence: sequence.map(|required| ("n".to_owned(), required)),
        }
    }

    /// A log of so many records, each in its line.
    fn log(count: usize, counted: bool) -> Vec<String> {
        let mut before = String::new();
        (1..=count)
            .map(|n| {
                let number = if counted {
                    format!(",\"n\":{n}")
                } else {
                    String::new()
                };
                let body = format!("{{\"before\":\"{before}\"{number},\"what\":\"event {n}\"");
                before = digest(&format!("{body}}}"));
                format!("{body},\"hash\":\"{before}\"}}")
            })
            .collect()
    }

    fn told(lines: &[String], sequence: Option<bool>) -> String {
        let tree = json(&lines.join("\n"));
        let records: Vec<_> = tree
            .documents()
            .iter()
            .map(|node| {
                let head = tree.span(*node);
                Record::new(&tree, Dialect::Core, *node, &chain(sequence), head)
            })
            .collect();
        let words: Vec<_> = settle(&records)
            .into_iter()
            .map(|(link, _)| link.map_or_else(|why| format!("! {why}"), |l| l.name().to_owned()))
            .collect();
        words.join(" ")
    }

    /// A record that says something else, with a hash that fits.
    fn again(line: &str) -> String {
        let other = line.replace("event", "other");
        let (body, _) = other.split_once(",\"hash\"").unwrap();
        format!("{body},\"hash\":\"{}\"}}", digest(&format!("{body}}}")))
    }

    #[test]
    fn whatever_happens_to_a_log_is_told_where_it_happened() {
        let whole = log(5, true);
        let change = |how: &dyn Fn(&mut Vec<String>)| {
            let mut lines = whole.clone();
            how(&mut lines);
            told(&lines, Some(true))
        };
        assert_eq!(change(&|_| {}), "first intact intact intact intact");
        type Change<'c> = &'c dyn Fn(&mut Vec<String>);
        let cases: [(&str, Change<'_>); 12] = [
            ("first intact edited intact intact", &|l| {
                l[2] = l[2].replace("event", "other");
            }),
            ("edited intact intact intact intact", &|l| {
                l[0] = l[0].replace("event", "other");
            }),
            ("first intact removed intact", &|l| drop(l.remove(2))),
            ("beheaded intact intact intact", &|l| drop(l.remove(0))),
            ("first intact rewritten intact intact", &|l| {
                l[2] = again(&l[2]);
            }),
            ("rewritten intact intact intact intact", &|l| {
                l[0] = again(&l[0]);
            }),
            // Nothing shows these two but a hash that is kept elsewhere.
            ("first intact intact intact intact", &|l| {
                l[4] = again(&l[4]);
            }),
            ("first intact intact intact", &|l| drop(l.pop())),
            ("first moved moved moved intact", &|l| l.swap(1, 2)),
            ("moved broken moved intact intact", &|l| l.swap(0, 1)),
            ("first intact intact moved intact intact", &|l| {
                l.insert(3, l[2].clone());
            }),
            ("first intact edited intact intact", &|l| {
                l[2] = l[2].replace("\"hash\"", "\"hush\"");
            }),
        ];
        for (expect, how) in cases {
            assert_eq!(change(how), expect);
        }
    }

    #[test]
    fn without_numbers_less_can_be_told() {
        let whole = log(4, false);
        assert_eq!(told(&whole, Some(false)), "first intact intact intact");
        let mut lines = whole.clone();
        lines.remove(1);
        assert_eq!(told(&lines, None), "first broken intact");
        let mut lines = whole.clone();
        lines[1] = again(&lines[1]);
        assert_eq!(told(&lines, None), "first intact broken intact");
        let missing = "! `n` is missing, and the chain is counted";
        assert_eq!(told(&whole[..1], Some(true)), missing);
    }

    #[test]
    fn a_chain_that_was_made_anew_around_a_gap_still_counts() {
        let sealed = |lines: &[&str]| {
            let mut before = "0".repeat(64);
            let mut out = Vec::new();
            for line in lines {
                let body = format!("{{\"before\":\"{before}\",{line}");
                before = digest(&format!("{body}}}"));
                out.push(format!("{body},\"hash\":\"{before}\"}}"));
            }
            out
        };
        for (lines, expect) in [
            (vec!["\"n\":0", "\"n\":1"], "first intact"),
            (vec!["\"n\":1", "\"n\":3"], "first removed"),
            (vec!["\"n\":1", "\"n\":1"], "first broken"),
            (vec!["\"n\":7", "\"n\":8"], "beheaded intact"),
            (
                vec!["\"n\":1", "\"n\":\"2\""],
                "first ! `n` is no whole number",
            ),
            (vec!["\"n\":null", "\"n\":null"], "first intact"),
        ] {
            assert_eq!(told(&sealed(&lines), Some(false)), expect, "{lines:?}");
        }
        let none = sealed(&["\"n\":1"])[0].replace(&"0".repeat(64), "");
        assert_eq!(told(&[none], None), "edited");
        assert_eq!(
            told(&["{\"before\": 1}".to_owned()], None),
            "! `before` is no text"
        );
    }

    #[test]
    fn what_was_changed_is_shown_at_the_hash_that_does_not_fit() {
        let mut lines = log(3, true);
        lines[1] = again(&lines[1]);
        let text = lines.join("\n");
        let tree = json(&text);
        let chain = chain(Some(true));
        let records: Vec<_> = tree
            .documents()
            .iter()
            .map(|node| Record::new(&tree, Dialect::Core, *node, &chain, tree.span(*node)))
            .collect();
        let (link, span) = &settle(&records)[1];
        assert_eq!(*link, Ok(Link::Rewritten));
        let hash = text.get(span.range()).unwrap();
        assert!(hash.starts_with('"') && lines[1].contains(&format!("\"hash\":{hash}")));
    }
}
