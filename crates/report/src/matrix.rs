//! The responsibility matrix: who is accountable for what.

use std::io::{self, Write};

use onus_model::governance::MatrixRow;
use onus_model::source::LineIndex;
use serde::Serialize;

use crate::escape;
use crate::pages::table;

/// A format of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatrixFormat {
    /// For people, on a terminal.
    Text,
    /// A table in Markdown.
    Markdown,
    /// Comma-separated values, RFC 4180.
    Csv,
    /// For machines.
    Json,
}

impl MatrixFormat {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Text, Self::Markdown, Self::Csv, Self::Json];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The format of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }
}

const HEAD: [&str; 11] = [
    "deployment or case",
    "provider",
    "framework",
    "area",
    "part",
    "accountable",
    "performs",
    "SSRM",
    "note",
    "source",
    "as of",
];

/// A row in the order of [`HEAD`]. No cell of importance is ever empty.
fn cells(row: &MatrixRow) -> [String; 11] {
    let accountable: Vec<&str> = row.accountable.iter().map(|o| o.name()).collect();
    let accountable = match accountable.as_slice() {
        [] => row
            .note
            .as_ref()
            .map_or("nobody", |(absent, _)| absent.name())
            .replace('-', " "),
        several => several.join(" and "),
    };
    [
        row.deployment.clone(),
        row.provider.clone(),
        row.framework.clone().unwrap_or_else(|| "any".to_owned()),
        format!("{}: {}", row.area, row.area_title),
        format!("{}: {}", row.part, row.part_title),
        accountable,
        row.performs.join(", "),
        row.ssrm.name().to_owned(),
        row.note
            .as_ref()
            .map_or_else(String::new, |(_, words)| words.clone()),
        row.source.clone().unwrap_or_default(),
        row.as_of.map_or_else(String::new, |d| d.to_string()),
    ]
}

/// Writes the matrix.
///
/// # Errors
///
/// Only those of `out`.
pub fn matrix(rows: &[MatrixRow], format: MatrixFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        MatrixFormat::Text => text(rows, out),
        MatrixFormat::Markdown => markdown(rows, out),
        MatrixFormat::Csv => csv(rows, out),
        MatrixFormat::Json => json(rows, out),
    }
}

fn text(rows: &[MatrixRow], out: &mut dyn Write) -> io::Result<()> {
    let mut current: Option<(&str, Option<&str>, &str)> = None;
    let mut lines: Vec<Vec<String>> = Vec::new();
    for row in rows {
        let head = (
            row.provider.as_str(),
            row.framework.as_deref(),
            row.area.as_str(),
        );
        if current != Some(head) {
            table(&lines, out)?;
            if current.is_some() {
                writeln!(out)?;
            }
            lines.clear();
            current = Some(head);
            let framework = row
                .framework
                .as_ref()
                .map_or_else(String::new, |f| format!(" for {f}"));
            writeln!(
                out,
                "{}{}: {}",
                escape::line(&row.provider),
                escape::line(&framework),
                escape::line(&row.area_title)
            )?;
        }
        let [case, _, _, _, _, accountable, performs, ssrm, note, _, _] = cells(row);
        let performs = if performs.is_empty() || performs == accountable {
            String::new()
        } else {
            format!("done by {performs}")
        };
        lines.push(vec![
            format!("  {}", row.part_title),
            case,
            accountable,
            performs,
            ssrm,
            note,
        ]);
    }
    table(&lines, out)
}

fn markdown(rows: &[MatrixRow], out: &mut dyn Write) -> io::Result<()> {
    let cell = |text: &str| {
        let mut cell = String::new();
        for c in escape::line(text).chars() {
            match c {
                '|' | '\\' | '`' | '*' | '_' | '[' | ']' => {
                    cell.push('\\');
                    cell.push(c);
                }
                '<' => cell.push_str("&lt;"),
                '>' => cell.push_str("&gt;"),
                '&' => cell.push_str("&amp;"),
                c => cell.push(c),
            }
        }
        cell
    };
    writeln!(out, "| {} |", HEAD.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(HEAD.len()))?;
    for row in rows {
        let cells: Vec<String> = cells(row).iter().map(|c| cell(c)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}

/// A cell of CSV (RFC 4180) that no spreadsheet takes for a formula.
pub(crate) fn csv_cell(text: &str) -> String {
    let text = escape::line(text);
    let guarded = if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text
    };
    if guarded.contains([',', '"']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

fn csv(rows: &[MatrixRow], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}\r\n", HEAD.join(","))?;
    for row in rows {
        let cells: Vec<String> = cells(row).iter().map(|c| csv_cell(c)).collect();
        write!(out, "{}\r\n", cells.join(","))?;
    }
    Ok(())
}

#[derive(Serialize)]
pub(crate) struct MatrixRowV1<'a> {
    deployment: &'a str,
    provider: &'a str,
    framework: Option<&'a str>,
    area: &'a str,
    area_title: &'a str,
    ssrm: &'static str,
    dependent: Option<bool>,
    part: &'a str,
    part_title: &'a str,
    accountable: Vec<&'a str>,
    performs: &'a [String],
    absent: Option<&'static str>,
    note: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    source: Option<&'a str>,
    as_of: Option<String>,
}

impl<'a> MatrixRowV1<'a> {
    pub(crate) fn new(row: &'a MatrixRow) -> Self {
        let at = row.at.as_ref();
        Self {
            deployment: &row.deployment,
            provider: &row.provider,
            framework: row.framework.as_deref(),
            area: &row.area,
            area_title: &row.area_title,
            ssrm: row.ssrm.name(),
            dependent: row.dependent,
            part: &row.part,
            part_title: &row.part_title,
            accountable: row.accountable.iter().map(|o| o.name()).collect(),
            performs: &row.performs,
            absent: row.note.as_ref().map(|(absent, _)| absent.name()),
            note: row.note.as_ref().map(|(_, words)| words.as_str()),
            file: at.map(|l| &*l.text.name),
            line: at.map(|l| LineIndex::new(&l.text.text).position(l.span.start).line),
            source: row.source.as_deref(),
            as_of: row.as_of.map(|d| d.to_string()),
        }
    }
}

fn json(rows: &[MatrixRow], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\"schema_version\":1,\n\"matrix\":[")?;
    for (index, row) in rows.iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &MatrixRowV1::new(row)).map_err(io::Error::from)?;
    }
    writeln!(out, "]}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use onus_model::governance::Absent;
    use onus_model::responsibility::{Owner, Ssrm};

    fn row(part: &str, accountable: &[Owner], note: Option<(Absent, &str)>) -> MatrixRow {
        MatrixRow {
            deployment: "production".to_owned(),
            provider: "acme".to_owned(),
            framework: None,
            area: "backups".to_owned(),
            area_title: "Backups".to_owned(),
            ssrm: Ssrm::SharedCspCsc,
            dependent: None,
            part: part.to_owned(),
            part_title: format!("back up {part}"),
            accountable: accountable.to_vec(),
            performs: Vec::new(),
            note: note.map(|(absent, words)| (absent, words.to_owned())),
            at: None,
            source: Some("=HYPERLINK(1)".to_owned()),
            as_of: "2026-11-21".parse().ok(),
        }
    }

    fn shown(format: MatrixFormat) -> String {
        let rows = [
            row("the | disks", &[Owner::Party("acme".to_owned())], None),
            row("data, \"all\"", &[], None),
            row(
                "keys",
                &[Owner::Customer, Owner::Party("acme".to_owned())],
                None,
            ),
            row(
                "logs",
                &[],
                Some((Absent::NotStated, "split not stated: x in both columns")),
            ),
            row(
                "<b>",
                &[],
                Some((Absent::NotApplicable, "not applicable: no disks")),
            ),
        ];
        let mut out = Vec::new();
        matrix(&rows, format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nobody_is_a_word_in_every_format() {
        for format in MatrixFormat::ALL {
            let shown = shown(format);
            let word = if format == MatrixFormat::Json {
                "\"accountable\":[]"
            } else {
                "nobody"
            };
            assert!(shown.contains(word), "{shown}");
        }
    }

    #[test]
    fn the_matrix_is_a_table_for_people() {
        insta::assert_snapshot!(shown(MatrixFormat::Text), @r#"
        acme: Backups
          back up the | disks  production  acme                 shared-csp-csc
          back up data, "all"  production  nobody               shared-csp-csc
          back up keys         production  customer and acme    shared-csp-csc
          back up logs         production  not stated           shared-csp-csc  split not stated: x in both columns
          back up <b>          production  not applicable       shared-csp-csc  not applicable: no disks
        "#);
    }

    #[test]
    fn cells_of_markdown_hold_no_markup() {
        insta::assert_snapshot!(shown(MatrixFormat::Markdown), @r#"
        | deployment or case | provider | framework | area | part | accountable | performs | SSRM | note | source | as of |
        | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
        | production | acme | any | backups: Backups | the \| disks: back up the \| disks | acme |  | shared-csp-csc |  | =HYPERLINK(1) | 2026-11-21 |
        | production | acme | any | backups: Backups | data, "all": back up data, "all" | nobody |  | shared-csp-csc |  | =HYPERLINK(1) | 2026-11-21 |
        | production | acme | any | backups: Backups | keys: back up keys | customer and acme |  | shared-csp-csc |  | =HYPERLINK(1) | 2026-11-21 |
        | production | acme | any | backups: Backups | logs: back up logs | not stated |  | shared-csp-csc | split not stated: x in both columns | =HYPERLINK(1) | 2026-11-21 |
        | production | acme | any | backups: Backups | &lt;b&gt;: back up &lt;b&gt; | not applicable |  | shared-csp-csc | not applicable: no disks | =HYPERLINK(1) | 2026-11-21 |
        "#);
    }

    #[test]
    fn cells_of_csv_are_no_formulas() {
        insta::assert_snapshot!(shown(MatrixFormat::Csv).replace("\r\n", "\n"), @r#"
        deployment or case,provider,framework,area,part,accountable,performs,SSRM,note,source,as of
        production,acme,any,backups: Backups,the | disks: back up the | disks,acme,,shared-csp-csc,,'=HYPERLINK(1),2026-11-21
        production,acme,any,backups: Backups,"data, ""all"": back up data, ""all""",nobody,,shared-csp-csc,,'=HYPERLINK(1),2026-11-21
        production,acme,any,backups: Backups,keys: back up keys,customer and acme,,shared-csp-csc,,'=HYPERLINK(1),2026-11-21
        production,acme,any,backups: Backups,logs: back up logs,not stated,,shared-csp-csc,split not stated: x in both columns,'=HYPERLINK(1),2026-11-21
        production,acme,any,backups: Backups,<b>: back up <b>,not applicable,,shared-csp-csc,not applicable: no disks,'=HYPERLINK(1),2026-11-21
        "#);
    }
}
