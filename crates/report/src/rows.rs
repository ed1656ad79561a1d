//! The rows of documents, and what covers each of them.

use std::io::{self, Write};

use onus_model::rows::{Covered, Covering, Means, Method};
use onus_model::source::{LineIndex, Span, Text};
use serde::Serialize;

use crate::ListFormat;
use crate::escape;
use crate::matrix::csv_cell;

const COLUMNS: [&str; 9] = [
    "system",
    "row",
    "statement",
    "kind",
    "lines",
    "methods",
    "covered by",
    "out of scope",
    "open",
];

/// Writes rows with what covers them.
///
/// # Errors
///
/// Only those of `out`.
pub fn rows(rows: &[Covered<'_>], format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        ListFormat::Text => text(rows, out),
        ListFormat::Csv => {
            write!(out, "{}\r\n", COLUMNS.join(","))?;
            for row in rows {
                let cells: Vec<String> = cells(row).iter().map(|c| csv_cell(c)).collect();
                write!(out, "{}\r\n", cells.join(","))?;
            }
            Ok(())
        }
        ListFormat::Json => {
            write!(out, "{{\"schema_version\":1,\n\"requirements\":[")?;
            for (index, row) in rows.iter().enumerate() {
                out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(&mut *out, &RowV1::new(row)).map_err(io::Error::from)?;
            }
            writeln!(out, "]}}")
        }
    }
}

/// `reviews: evidence q and a statement`.
fn covering(by: &Covering<'_>) -> String {
    let means: Vec<String> = by
        .by
        .iter()
        .map(|m| match (m, m.id()) {
            (Means::Statement, _) | (_, None) => "a statement".to_owned(),
            (_, Some(id)) => format!("{} {id}", m.kind()),
        })
        .collect();
    let means = match means.as_slice() {
        [] => "nothing yet".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    format!("{}: {means}", by.control.id.value)
}

/// What is open of a row: a method that is not served, or that nothing covers it at all.
fn open(row: &Covered<'_>) -> Vec<String> {
    if !row.is_disposed_of() {
        return vec!["nothing covers it".to_owned()];
    }
    row.unserved()
        .into_iter()
        .map(|(method, reason)| match (reason, method) {
            (Some(reason), _) => format!("not by {}: {reason}", method.name()),
            (None, Method::Cedar) => "no check decides it".to_owned(),
            (None, Method::Freshness) => "no record shows that it is done in time".to_owned(),
            (None, Method::Lint) => "nothing reads it in documents or in the model".to_owned(),
            (None, Method::Manual | Method::FileOrCoverage) => "nothing shows it".to_owned(),
        })
        .collect()
}

fn cells(row: &Covered<'_>) -> [String; 9] {
    let methods: Vec<&str> = row.row.methods.iter().map(|m| m.value.name()).collect();
    let by: Vec<String> = row.by.iter().map(covering).collect();
    let scope = row.row.out_of_scope.as_ref();
    [
        row.sheet.id.value.clone(),
        row.row.id.value.clone(),
        row.row.statement.clone(),
        row.row.kind.clone().unwrap_or_default(),
        row.row.lines.clone().unwrap_or_default(),
        methods.join(" "),
        by.join("; "),
        scope.map_or_else(String::new, |s| s.value.clone()),
        open(row).join("; "),
    ]
}

fn text(rows: &[Covered<'_>], out: &mut dyn Write) -> io::Result<()> {
    for (index, system) in rows
        .chunk_by(|a, b| a.sheet.id.value == b.sheet.id.value)
        .enumerate()
    {
        if index > 0 {
            writeln!(out)?;
        }
        if let Some(first) = system.first() {
            writeln!(
                out,
                "{}: {}",
                escape::line(&first.sheet.id.value),
                escape::line(&first.sheet.title)
            )?;
        }
        let width = system
            .iter()
            .map(|r| r.row.id.value.chars().count())
            .max()
            .unwrap_or(0);
        for row in system {
            let id = escape::line(&row.row.id.value);
            writeln!(out, "{id:<width$}  {}", escape::line(&row.row.statement))?;
            let scope = row.row.out_of_scope.as_ref();
            let lines = row
                .by
                .iter()
                .map(|by| format!("by {}", covering(by)))
                .chain(scope.map(|why| format!("out of scope: {}", why.value)))
                .chain(open(row));
            for line in lines {
                writeln!(out, "{:<width$}  {}", "", escape::line(&line))?;
            }
        }
        let count =
            |wanted: &dyn Fn(&Covered<'_>) -> bool| system.iter().filter(|r| wanted(r)).count();
        writeln!(
            out,
            "{} rows: {} covered, {} out of scope, {} that nothing covers; something is open of {}",
            system.len(),
            count(&|r| !r.by.is_empty()),
            count(&|r| r.row.out_of_scope.is_some()),
            count(&|r| !r.is_disposed_of()),
            count(&|r| r.is_disposed_of() && !open(r).is_empty()),
        )?;
    }
    Ok(())
}

fn line(text: &Text, span: Span) -> u32 {
    LineIndex::new(&text.text).position(span.start).line
}

#[derive(Serialize)]
struct RowV1<'a> {
    system: &'a str,
    row: &'a str,
    statement: &'a str,
    kind: Option<&'a str>,
    lines: Option<&'a str>,
    methods: Vec<&'static str>,
    covered_by: Vec<CoveringV1<'a>>,
    out_of_scope: Option<&'a str>,
    unserved: Vec<UnservedV1<'a>>,
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct CoveringV1<'a> {
    control: &'a str,
    by: Vec<MeansV1<'a>>,
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct MeansV1<'a> {
    kind: &'static str,
    id: Option<&'a str>,
}

#[derive(Serialize)]
struct UnservedV1<'a> {
    method: &'static str,
    reason: Option<&'a str>,
}

impl<'a> RowV1<'a> {
    fn new(covered: &'a Covered<'a>) -> Self {
        let Covered { sheet, row, by } = covered;
        Self {
            system: &sheet.id.value,
            row: &row.id.value,
            statement: &row.statement,
            kind: row.kind.as_deref(),
            lines: row.lines.as_deref(),
            methods: row.methods.iter().map(|m| m.value.name()).collect(),
            covered_by: by
                .iter()
                .map(|by| CoveringV1 {
                    control: &by.control.id.value,
                    by: by
                        .by
                        .iter()
                        .map(|m| MeansV1 {
                            kind: m.kind(),
                            id: m.id(),
                        })
                        .collect(),
                    file: &by.control.text.name,
                    line: line(&by.control.text, by.span),
                })
                .collect(),
            out_of_scope: row.out_of_scope.as_ref().map(|s| s.value.as_str()),
            unserved: covered
                .unserved()
                .into_iter()
                .map(|(method, reason)| UnservedV1 {
                    method: method.name(),
                    reason,
                })
                .collect(),
            file: &sheet.text.name,
            line: line(&sheet.text, row.id.span),
        }
    }
}
