//! Who may do what: for people, and for machines.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};

use onus_model::access::{
    Difference, Effective, Held, Open, ReviewSheet, ReviewedGrant, Subject, by_rule,
};
use onus_model::problem::Label;
use onus_model::source::LineIndex;
use serde::Serialize;

use crate::escape;
use crate::matrix::csv_cell;

/// The format of a list of grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantsFormat {
    /// For people, on a terminal.
    Text,
    /// A table for spreadsheets.
    Csv,
    /// For machines: JSON, version 1.
    Json,
}

impl GrantsFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Text, Self::Csv, Self::Json];

    /// The word for it in `--format`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
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

/// The places of labels: the lines of a file are counted once.
#[derive(Default)]
struct Places {
    known: RefCell<BTreeMap<String, LineIndex>>,
}

impl Places {
    fn line(&self, label: &Label) -> u32 {
        let mut known = self.known.borrow_mut();
        if let Some(index) = known.get(&*label.text.name) {
            return index.position(label.span.start).line;
        }
        let index = LineIndex::new(&label.text.text);
        let line = index.position(label.span.start).line;
        known.insert(label.text.name.to_string(), index);
        line
    }

    /// `path:line`.
    fn place(&self, label: &Label) -> String {
        format!("{}:{}", label.text.name, self.line(label))
    }

    /// The lines that give something; the name of a file stands once where it is the same.
    fn chain(&self, labels: &[Label]) -> String {
        let mut shown = String::new();
        let mut last = "";
        for label in labels {
            if !shown.is_empty() {
                shown.push_str(" → ");
            }
            if *label.text.name != *last {
                shown.push_str(&label.text.name);
            }
            shown.push(':');
            shown.push_str(&self.line(label).to_string());
            last = &label.text.name;
        }
        shown
    }

    fn what(&self, held: &Held) -> String {
        let name = held
            .name
            .as_ref()
            .map_or_else(String::new, |name| format!(" {name}"));
        escape::line(&format!(
            "{} {}{name}   {}",
            held.action,
            held.resource,
            self.chain(&held.chain)
        ))
    }

    /// The cells of a table.
    fn row(&self, held: &Held) -> [String; 8] {
        [
            held.subject.kind.name(),
            &held.subject.name,
            held.scope.as_deref().unwrap_or("everywhere"),
            &held.action,
            &held.resource,
            held.name.as_deref().unwrap_or(""),
            &held.role,
            &self.chain(&held.chain),
        ]
        .map(csv_cell)
    }

    /// The cells of what is not known, in the same columns.
    fn open_row(&self, open: &Open) -> [String; 8] {
        [
            open.subject.kind.name(),
            &open.subject.name,
            open.scope.as_deref().unwrap_or("everywhere"),
            "unknown",
            "unknown",
            "",
            &open.role,
            &self.place(&open.at),
        ]
        .map(csv_cell)
    }

    fn unknown(&self, open: &Open) -> String {
        escape::line(&format!(
            "{} {} as {}   {}",
            who(&open.subject),
            whence(open.scope.as_deref()),
            open.role,
            self.place(&open.at)
        ))
    }
}

fn who(subject: &Subject) -> String {
    format!("{} {}", subject.kind.name(), subject.name)
}

fn whence(scope: Option<&str>) -> String {
    scope.map_or_else(|| "everywhere".to_owned(), |ns| format!("in {ns}"))
}

/// Writes what everybody holds.
///
/// # Errors
///
/// Only those of `out`.
pub fn grants(effective: &Effective, format: GrantsFormat, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::default();
    match format {
        GrantsFormat::Text => text(effective, &places, out),
        GrantsFormat::Csv => csv(effective, &places, out),
        GrantsFormat::Json => {
            write!(out, "{{\"schema_version\":1,\n\"grants\":[")?;
            lines(out, effective.held.iter().map(|h| HeldV1::new(h, &places)))?;
            write!(out, "],\n\"open\":[")?;
            lines(out, effective.open.iter().map(|o| OpenV1::new(o, &places)))?;
            writeln!(out, "]}}")
        }
    }
}

/// What one subject holds, by scope and role.
type Roles<'a> = BTreeMap<(Option<&'a str>, &'a str), Vec<&'a Held>>;

/// Everything of one subject together: of a role and a scope, a line for each rule.
fn text(effective: &Effective, places: &Places, out: &mut dyn Write) -> io::Result<()> {
    let mut all: BTreeMap<&Subject, Roles<'_>> = BTreeMap::new();
    for held in &effective.held {
        all.entry(&held.subject)
            .or_default()
            .entry((held.scope.as_deref(), &held.role))
            .or_default()
            .push(held);
    }
    for (index, (subject, grants)) in all.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", escape::line(&who(subject)))?;
        for ((scope, role), held) in grants {
            let head = format!("{} as {role}", whence(*scope));
            writeln!(out, "  {}", escape::line(&head))?;
            for (given_by, words) in by_rule(held.iter().copied()) {
                let line = format!("{words}   {}", places.chain(given_by));
                writeln!(out, "    {}", escape::line(&line))?;
            }
        }
    }
    if !effective.open.is_empty() {
        if !all.is_empty() {
            writeln!(out)?;
        }
        writeln!(out, "not known, for the role is in none of the files")?;
        for open in &effective.open {
            writeln!(out, "  {}", places.unknown(open))?;
        }
    }
    Ok(())
}

fn csv(effective: &Effective, places: &Places, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "subject kind,subject,scope,action,resource,name,role,lines\r\n"
    )?;
    for held in &effective.held {
        write!(out, "{}\r\n", places.row(held).join(","))?;
    }
    for open in &effective.open {
        write!(out, "{}\r\n", places.open_row(open).join(","))?;
    }
    Ok(())
}

/// Writes who may do something, with the lines that give it.
///
/// # Errors
///
/// Only those of `out`.
pub fn holders(
    held: &[&Held],
    open: &[Open],
    format: GrantsFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let places = Places::default();
    let effective = Effective {
        held: held.iter().map(|h| (*h).clone()).collect(),
        open: open.to_vec(),
    };
    if format != GrantsFormat::Text {
        return grants(&effective, format, out);
    }
    if held.is_empty() {
        writeln!(out, "nobody, as far as the files say")?;
    }
    for held in &effective.held {
        writeln!(
            out,
            "{}",
            escape::line(&format!(
                "{} {} as {}   {}",
                who(&held.subject),
                whence(held.scope.as_deref()),
                held.role,
                places.chain(&held.chain)
            ))
        )?;
    }
    if !open.is_empty() {
        writeln!(
            out,
            "\nwho else is not known: these roles are in none of the files"
        )?;
        for open in open {
            writeln!(out, "  {}", places.unknown(open))?;
        }
    }
    Ok(())
}

/// Writes who gains and who loses what.
///
/// # Errors
///
/// Only those of `out`.
pub fn grants_difference(
    difference: &Difference,
    format: GrantsFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let places = Places::default();
    let sides = [
        ("gains", &difference.gained, &difference.opened),
        ("loses", &difference.lost, &difference.closed),
    ];
    match format {
        GrantsFormat::Text => {
            if difference.is_empty() {
                writeln!(out, "nobody gains or loses anything")?;
            }
            for (word, held, open) in sides {
                for held in held {
                    writeln!(
                        out,
                        "{} {word} {} {}",
                        escape::line(&who(&held.subject)),
                        escape::line(&whence(held.scope.as_deref())),
                        places.what(held)
                    )?;
                }
                for open in open {
                    writeln!(
                        out,
                        "{} {word} what is not known: {}",
                        escape::line(&who(&open.subject)),
                        places.unknown(open)
                    )?;
                }
            }
            Ok(())
        }
        GrantsFormat::Csv => {
            write!(
                out,
                "change,subject kind,subject,scope,action,resource,name,role,lines\r\n"
            )?;
            for (word, held, open) in sides {
                for held in held {
                    write!(out, "{word},{}\r\n", places.row(held).join(","))?;
                }
                for open in open {
                    write!(out, "{word},{}\r\n", places.open_row(open).join(","))?;
                }
            }
            Ok(())
        }
        GrantsFormat::Json => {
            write!(out, "{{\"schema_version\":1,\n\"gained\":[")?;
            lines(
                out,
                difference.gained.iter().map(|h| HeldV1::new(h, &places)),
            )?;
            write!(out, "],\n\"lost\":[")?;
            lines(out, difference.lost.iter().map(|h| HeldV1::new(h, &places)))?;
            write!(out, "],\n\"opened\":[")?;
            lines(
                out,
                difference.opened.iter().map(|o| OpenV1::new(o, &places)),
            )?;
            write!(out, "],\n\"closed\":[")?;
            lines(
                out,
                difference.closed.iter().map(|o| OpenV1::new(o, &places)),
            )?;
            writeln!(out, "]}}")
        }
    }
}

/// One value a line.
fn lines<T: Serialize>(out: &mut dyn Write, values: impl Iterator<Item = T>) -> io::Result<()> {
    for (index, value) in values.enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &value).map_err(io::Error::from)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct HeldV1<'a> {
    subject_kind: &'static str,
    subject: &'a str,
    scope: Option<&'a str>,
    action: &'a str,
    resource: &'a str,
    name: Option<&'a str>,
    role: &'a str,
    chain: Vec<LineV1<'a>>,
}

impl<'a> HeldV1<'a> {
    fn new(held: &'a Held, places: &Places) -> Self {
        Self {
            subject_kind: held.subject.kind.name(),
            subject: &held.subject.name,
            scope: held.scope.as_deref(),
            action: &held.action,
            resource: &held.resource,
            name: held.name.as_deref(),
            role: &held.role,
            chain: held.chain.iter().map(|l| LineV1::new(l, places)).collect(),
        }
    }
}

#[derive(Serialize)]
struct OpenV1<'a> {
    subject_kind: &'static str,
    subject: &'a str,
    scope: Option<&'a str>,
    role: &'a str,
    at: LineV1<'a>,
}

impl<'a> OpenV1<'a> {
    fn new(open: &'a Open, places: &Places) -> Self {
        Self {
            subject_kind: open.subject.kind.name(),
            subject: &open.subject.name,
            scope: open.scope.as_deref(),
            role: &open.role,
            at: LineV1::new(&open.at, places),
        }
    }
}

#[derive(Serialize)]
struct LineV1<'a> {
    file: &'a str,
    line: u32,
}

impl<'a> LineV1<'a> {
    fn new(label: &'a Label, places: &Places) -> Self {
        Self {
            file: &label.text.name,
            line: places.line(label),
        }
    }
}

/// Writes the sheet of an access review: Markdown with front matter that says who decided, or CSV for a spreadsheet.
///
/// # Errors
///
/// Only those of `out`.
pub fn review_sheet(sheet: &ReviewSheet, csv: bool, out: &mut dyn Write) -> io::Result<()> {
    let places = Places::default();
    const HEAD: [&str; 8] = [
        "kind",
        "subject",
        "grant",
        "gives",
        "lines",
        "since the last",
        "decision",
        "decided by",
    ];
    let since = |row: &ReviewedGrant| match row.new {
        Some(true) => "new",
        Some(false) => "as before",
        None => "",
    };
    let cells = |row: &ReviewedGrant| {
        let places: Vec<String> = row.places.iter().map(|label| places.place(label)).collect();
        [
            row.subject.kind.name().to_owned(),
            row.subject.name.clone(),
            row.grant.clone(),
            row.gives.clone(),
            places.join(" "),
            since(row).to_owned(),
            String::new(),
            String::new(),
        ]
    };
    if csv {
        write!(out, "{}\r\n", HEAD.join(","))?;
        for row in &sheet.rows {
            write!(out, "{}\r\n", cells(row).map(|c| csv_cell(&c)).join(","))?;
        }
        return Ok(());
    }
    writeln!(
        out,
        "---
# It counts when every row is decided, with `keep` or `revoke`, by somebody other than its subject.
performed_by: TODO
performed_on: YYYY-MM-DD
scope: TODO
result: TODO   # satisfactory or adverse
open_exceptions: TODO   # how many
grants: {}
grants_sha256: {}
---

# Access review

Declared access at this commit, live access not read.
",
        escape::line(&sheet.read),
        sheet.sha256
    )?;
    writeln!(out, "| {} |", HEAD.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(HEAD.len()))?;
    for row in &sheet.rows {
        let mut cells = cells(row).map(|c| escape::line(&c).replace('|', "\\|"));
        // Stars are no emphasis here.
        if let Some(gives) = cells.get_mut(3) {
            *gives = format!("`{gives}`");
        }
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    if !sheet.gone.is_empty() {
        writeln!(out, "\nNobody has any more since the last review:\n")?;
        for (subject, grant) in &sheet.gone {
            writeln!(out, "- {}", escape::line(&format!("{subject}: {grant}")))?;
        }
    }
    Ok(())
}
