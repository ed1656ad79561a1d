//! CSV (RFC 4180), through `csv-core`.
//!
//! The first record is the header. The document is a sequence of mappings, one a record, whose keys are the header's
//! names: a key's place is that of its cell in the header. Blank lines are no records. Where the header has semicolons
//! and no commas, semicolons part the cells. A name is not trimmed and neither is a value.

use std::collections::BTreeMap;

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use onus_model::source::Span;

use super::Failure;
use super::build::{Builder, Properties};
use super::node::Style;

/// Hands the nodes of the one document to the builder. A blank file has none.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Result<(), Failure> {
    let mut cells = Cells::new(text);
    if !cells.record() {
        return Ok(());
    }
    let start = cells.at;
    let header = header(&mut cells)?;
    builder.begin(Style::Sequence, false, start, Properties::NONE)?;
    // The names stand in the text once. From the second record on they are the nodes of the first.
    let mut keys = Vec::new();
    while cells.record() {
        let start = cells.at;
        builder.begin(Style::Mapping, false, start, Properties::NONE)?;
        let mut count = 0;
        loop {
            let cell = cells.next()?;
            if let Some(key) = keys.get(count) {
                builder.again(*key);
            } else if let Some(name) = header.get(count) {
                keys.push(builder.scalar(name.key(), name.span, &name.value, Properties::NONE));
            }
            if count < header.len() {
                builder.scalar(cell.style, cell.span, &cell.value, Properties::NONE);
            }
            count += 1;
            if cell.last {
                break;
            }
        }
        let end = cells.end;
        if count != header.len() {
            let reason = format!(
                "{} where the header has {}",
                cells_of(count),
                cells_of(header.len())
            );
            return Err(Failure::unreadable(reason, Some(Span::new(start, end))));
        }
        builder.end(end);
    }
    builder.end(cells.end);
    Ok(())
}

/// Reads the names of the columns. A name that stands twice would hide a value.
fn header<'t>(cells: &mut Cells<'t>) -> Result<Vec<Cell<'t>>, Failure> {
    let mut header = Vec::new();
    loop {
        let cell = cells.next()?;
        let last = cell.last;
        header.push(cell);
        if last {
            break;
        }
    }
    let mut seen = BTreeMap::new();
    for name in &header {
        if seen.insert(&*name.value, name.span).is_some() {
            let reason = format!("the header has `{}` twice", name.value);
            return Err(Failure::unreadable(reason, Some(name.span)));
        }
    }
    Ok(header)
}

fn cells_of(count: usize) -> String {
    match count {
        1 => "1 cell".to_owned(),
        _ => format!("{count} cells"),
    }
}

/// A cell as it is written.
struct Cell<'t> {
    value: std::borrow::Cow<'t, str>,
    span: Span,
    style: Style,
    /// Whether it ends its record.
    last: bool,
}

impl Cell<'_> {
    /// How it is written as a key, which is text whatever it looks like.
    fn key(&self) -> Style {
        match self.style {
            Style::Plain => Style::Block,
            other => other,
        }
    }
}

/// Walks over the cells.
struct Cells<'t> {
    text: &'t str,
    reader: Reader,
    /// Where the next cell starts.
    at: usize,
    /// Where the last cell ended.
    end: usize,
}

impl<'t> Cells<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            reader: ReaderBuilder::new().delimiter(delimiter(text)).build(),
            at: 0,
            end: 0,
        }
    }

    /// Goes to the next record, and says whether there is one.
    fn record(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        self.at < self.text.len()
    }

    fn next(&mut self) -> Result<Cell<'t>, Failure> {
        let start = self.at;
        // Only where the cell ends is asked: its value is in the text.
        let mut scratch = [0; 256];
        let mut ended_by_text = false;
        let last = loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let (result, read, _) = self.reader.read_field(rest, &mut scratch);
            self.at += read;
            match result {
                ReadFieldResult::InputEmpty => ended_by_text = true,
                ReadFieldResult::OutputFull => {}
                ReadFieldResult::Field { record_end } => {
                    ended_by_text |= rest.is_empty();
                    break record_end;
                }
                ReadFieldResult::End => {
                    ended_by_text = true;
                    break true;
                }
            }
        };
        self.end = if ended_by_text { self.at } else { self.at - 1 };
        let span = Span::new(start, self.end);
        let raw = self.text.get(start..self.end).unwrap_or_default();
        let (value, style) = if raw.is_empty() {
            // Text: an empty plain scalar would be null to a dialect.
            (raw.into(), Style::Block)
        } else if raw.starts_with('"') {
            (quoted(raw, span)?, Style::Quoted)
        } else {
            (raw.into(), Style::Plain)
        };
        Ok(Cell {
            value,
            span,
            style,
            last,
        })
    }
}

/// The value of a cell in quotes. The reader takes what is malformed for something; here it is refused.
fn quoted(raw: &str, span: Span) -> Result<std::borrow::Cow<'_, str>, Failure> {
    let inner = raw.get(1..).and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.filter(|inner| !inner.replace("\"\"", "").contains('"'));
    match inner {
        Some(inner) if inner.contains('"') => Ok(inner.replace("\"\"", "\"").into()),
        Some(inner) => Ok(inner.into()),
        None => {
            let first = Span::new(span.start as usize, span.start as usize + 1);
            Err(Failure::unreadable(
                "the quotes of this cell do not match",
                Some(first),
            ))
        }
    }
}

/// What parts the cells: a semicolon where the header has one outside of quotes, and no comma.
fn delimiter(text: &str) -> u8 {
    let mut within = false;
    let mut semicolon = false;
    let text = text.trim_start_matches(['\r', '\n']);
    for byte in text.bytes() {
        match byte {
            b'"' => within = !within,
            b',' if !within => return b',',
            b';' if !within => semicolon = true,
            b'\r' | b'\n' if !within => break,
            _ => {}
        }
    }
    if semicolon { b';' } else { b',' }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::*;
    use crate::document::FailureKind;

    fn tree(text: &str) -> Tree {
        match read(text.into(), Syntax::Csv, &Limits::default()) {
            Ok(tree) => tree,
            Err(failure) => panic!("{failure:?}"),
        }
    }

    /// Each record as `key=value` with what the value is.
    fn records(tree: &Tree) -> Vec<String> {
        let Some(root) = tree.documents().first() else {
            return vec!["no document".to_owned()];
        };
        tree.items(*root)
            .map(|record| {
                let cells: Vec<_> = tree
                    .entries(record)
                    .map(|entry| {
                        let value = tree.resolve(entry.value, Dialect::GoYaml);
                        format!("{}={value:?}", tree.raw(entry.key))
                    })
                    .collect();
                cells.join(" ")
            })
            .collect()
    }

    #[test]
    fn a_record_is_a_mapping_from_the_names_of_the_header() {
        let table = [
            ("a,b\n1,x\n", vec!["a=Int(1) b=Text(\"x\")"]),
            ("a;b\r\n1;\"x\"\r\n", vec!["a=Int(1) b=Text(\"x\")"]),
            ("a\n\n\"\"\n\nx", vec!["a=Text(\"\")", "a=Text(\"x\")"]),
            (
                "a,b\n\"x \"\"y\"\"\nz\",\n",
                vec!["a=Text(\"x \\\"y\\\"\\nz\") b=Text(\"\")"],
            ),
            ("a,b\n,", vec!["a=Text(\"\") b=Text(\"\")"]),
            (
                "\u{feff}a,b\ntrue,\"true\"\n",
                vec!["a=Bool(true) b=Text(\"true\")"],
            ),
            ("a,b\n0400,no\n", vec!["a=Text(\"0400\") b=Text(\"no\")"]),
            ("a,b\n-7,1.5\n", vec!["a=Int(-7) b=Text(\"1.5\")"]),
            ("a,b\nnull,~\n", vec!["a=Text(\"null\") b=Text(\"~\")"]),
            ("a,b\n x ,it's\n", vec!["a=Text(\" x \") b=Text(\"it's\")"]),
            ("\"a;b\",c\n1,2\n", vec!["a;b=Int(1) c=Int(2)"]),
            (
                "1,<<\nx,y\nz,w\n",
                vec![
                    "1=Text(\"x\") <<=Text(\"y\")",
                    "1=Text(\"z\") <<=Text(\"w\")",
                ],
            ),
            ("a,b\n", vec![]),
            ("", vec!["no document"]),
            ("\r\n\n", vec!["no document"]),
        ];
        for (text, expect) in table {
            assert_eq!(records(&tree(text)), expect, "{text:?}");
        }
    }

    #[test]
    fn keys_stand_in_the_header_and_values_in_their_cells() {
        let tree = tree("\"na\"\"me\",b\n\"x\",1\n y , z\n");
        let at = |span: Span| tree.text().get(span.range()).unwrap();
        let root = tree.documents()[0];
        let mut seen = Vec::new();
        for record in tree.items(root) {
            seen.push(at(tree.span(record)));
            for entry in tree.entries(record) {
                assert_eq!(entry.at, tree.span(entry.value));
                seen.extend([at(tree.span(entry.key)), at(entry.at)]);
            }
        }
        assert_eq!(
            seen,
            [
                "\"x\",1",
                "\"na\"\"me\"",
                "\"x\"",
                "b",
                "1",
                "y , z",
                "\"na\"\"me\"",
                "y",
                "b",
                "z"
            ]
            .map(|text| match text {
                "y , z" => " y , z",
                "y" => " y",
                "z" => " z",
                other => other,
            })
        );
        let second = tree.items(root).nth(1).unwrap();
        let entry = tree.get(second, "na\"me").unwrap();
        assert_eq!(tree.raw(entry.value), " y ");
    }

    #[test]
    fn what_does_not_fit_the_header_is_refused_where_it_stands() {
        let table = [
            ("a,b\n1\n", "1 cell where the header has 2 cells", "1"),
            (
                "a\nx\n1,2,3\n",
                "3 cells where the header has 1 cell",
                "1,2,3",
            ),
            ("a,b,a\n", "the header has `a` twice", "a"),
            ("a\n\"x\n", "the quotes of this cell do not match", "\""),
            ("a\n\"x\"y\n", "the quotes of this cell do not match", "\""),
        ];
        for (text, reason, at) in table {
            let failure = read(text.into(), Syntax::Csv, &Limits::default()).unwrap_err();
            assert_eq!(failure.reason, reason, "{text:?}");
            assert_eq!(failure.kind, FailureKind::Unreadable);
            let span = failure.span.unwrap();
            assert_eq!(text.get(span.range()), Some(at), "{text:?}");
        }
        let flat = Limits {
            depth: 1,
            ..Limits::default()
        };
        let failure = read("a\n1\n".into(), Syntax::Csv, &flat).unwrap_err();
        assert_eq!(failure.reason, "nested deeper than 1 levels");
    }

    fn cell() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z0-9]{0,3}",
            "[a-z\",;é\r\n ]{0,6}",
            "true|false|-?[0-9]{1,4}"
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_table_is_read_as_it_was_written(
            rows in (1_usize..4).prop_flat_map(|width| {
                prop::collection::vec(prop::collection::vec(cell(), width), 1..5)
            }),
            end in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let quote = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let plain = |cell: &String| {
                let bare = !cell.is_empty() && !cell.contains(['"', ',', ';', '\r', '\n']);
                if bare { cell.clone() } else { quote(cell) }
            };
            let names: Vec<_> = (0..rows[0].len()).map(|n| format!("n{n}")).collect();
            let mut text = names.join(",") + end;
            for row in &rows {
                let cells: Vec<_> = row.iter().map(plain).collect();
                text = text + &cells.join(",") + end;
            }
            let tree = tree(&text);
            let root = tree.documents()[0];
            let mut count = 0;
            for (row, record) in rows.iter().zip(tree.items(root)) {
                count += 1;
                for (entry, value) in tree.entries(record).zip(row) {
                    prop_assert_eq!(tree.raw(entry.value), value);
                    let written = tree.text().get(tree.span(entry.value).range());
                    let whole = plain(value);
                    // A span never ends in white space.
                    prop_assert_eq!(written, Some(whole.trim_ascii_end()));
                }
            }
            prop_assert_eq!(count, rows.len());
        }
    }
}
