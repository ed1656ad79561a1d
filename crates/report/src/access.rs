//! Who may do what: for people, and for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use onus_model::access::{
    Access, Account, At, Difference, Effective, Grant, Held, Holder, Holding, Limit, Open, Reach,
    ReviewSheet, ReviewedGrant, Rows, Subject, in_words, taken,
};
use serde::Serialize;

use crate::escape;
use crate::matrix::csv_cell;

/// The format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListFormat {
    /// For people, on a terminal.
    Text,
    /// A table for spreadsheets.
    Csv,
    /// For machines: JSON, version 1.
    Json,
}

impl ListFormat {
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

/// Says where things stand.
struct Places<'a>(&'a Access);

impl Places<'_> {
    fn line(&self, at: At) -> (&str, u32) {
        self.0.line(at).map_or(("", 0), |(name, line)| (name, line))
    }

    /// `path:line`.
    fn place(&self, at: At) -> String {
        let (name, line) = self.line(at);
        format!("{name}:{line}")
    }

    /// The lines that give something, each once; the name of a file stands once where it is the same.
    fn chain(&self, lines: impl Iterator<Item = At>) -> String {
        let mut shown = String::new();
        let (mut last, mut before) = ("", 0);
        for at in lines {
            let (name, line) = self.line(at);
            if name == last && line == before {
                continue;
            }
            before = line;
            if !shown.is_empty() {
                shown.push_str(" → ");
            }
            if name != last {
                shown.push_str(name);
            }
            shown.push(':');
            shown.push_str(&line.to_string());
            last = name;
        }
        shown
    }

    fn what(&self, held: &Held<'_>) -> String {
        let mut words = vec![held.action.text.to_string()];
        words.extend(held.resource.map(|r| r.text.to_string()));
        words.extend(held.name.map(|n| n.text.to_string()));
        words.extend(shades(held));
        words.push(format!("  {}", self.chain(held.grant.chain())));
        escape::line(&words.join(" "))
    }

    /// The cells of a table.
    fn row(&self, held: &Held<'_>) -> Vec<String> {
        let conditions: Vec<&str> = held.conditions.iter().map(|c| &*c.text).collect();
        let except = left_out(held);
        cells([
            &held.subject.system.name,
            held.subject.kind.name(),
            &held.subject.name,
            held.grant.scope.map_or("everywhere", |s| s),
            &held.action.text,
            held.resource_text(),
            held.name.map_or("", |n| &n.text),
            held.grant.role_name(),
            &except.join("; "),
            &conditions.join("; "),
            if held.grant.grantable() { "yes" } else { "" },
            &self.chain(held.grant.chain()),
        ])
    }

    /// The cells of what is not known, in the same columns.
    fn open_row(&self, open: &Open) -> Vec<String> {
        cells([
            &open.subject.system.name,
            open.subject.kind.name(),
            &open.subject.name,
            open.scope.as_deref().unwrap_or("everywhere"),
            "unknown",
            "unknown",
            "",
            &open.role,
            "",
            "",
            "",
            &self.place(open.at),
        ])
    }

    fn unknown(&self, open: &Open) -> String {
        escape::line(&format!(
            "{} {} as {}   {}",
            who(&open.subject),
            whence(open.scope.as_deref()),
            open.role,
            self.place(open.at)
        ))
    }
}

/// The columns of a table of grants.
const COLUMNS: [&str; 12] = [
    "system",
    "subject kind",
    "subject",
    "scope",
    "action",
    "resource",
    "name",
    "role",
    "except",
    "if",
    "may give on",
    "lines",
];

fn cells(texts: [&str; 12]) -> Vec<String> {
    texts.into_iter().map(csv_cell).collect()
}

/// What of a row is not held all the same: what its rule leaves out, and what others deny.
fn left_out(held: &Held<'_>) -> Vec<String> {
    let reach = &held.grant.rule.reach;
    [&reach.but_actions, &reach.but_resources]
        .into_iter()
        .filter(|words| !words.is_empty())
        .map(|words| {
            let texts: Vec<&str> = words.iter().map(|w| &*w.text).collect();
            texts.join(",")
        })
        .chain(held.except.iter().map(|reach| in_words(reach)))
        .chain(held.denied.iter().map(|denial| taken(denial, held.grant)))
        .collect()
}

/// What tells a grant from a plain one, in words.
fn shades(held: &Held<'_>) -> Vec<String> {
    let mut words = Vec::new();
    let except = left_out(held);
    if !except.is_empty() {
        words.push(format!("except {}", except.join("; ")));
    }
    words.extend(hangs_on(held));
    words
}

/// What must hold when it is used, and whether it may be given on, in words.
fn hangs_on(held: &Held<'_>) -> Vec<String> {
    let mut words = Vec::new();
    if !held.conditions.is_empty() {
        let conditions: Vec<&str> = held.conditions.iter().map(|c| &*c.text).collect();
        words.push(format!("if {}", conditions.join(" and ")));
    }
    if held.grant.grantable() {
        words.push("and may give it on".to_owned());
    }
    words
}

fn who(subject: &Subject) -> String {
    format!(
        "{} {} {}",
        subject.system.name,
        subject.kind.name(),
        subject.name
    )
}

fn whence(scope: Option<&str>) -> String {
    scope.map_or_else(|| "everywhere".to_owned(), |ns| format!("in {ns}"))
}

/// What is to be told of all that was read.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// All that was read, for its lines.
    pub access: &'a Access,
    /// What is held.
    pub effective: &'a Effective<'a>,
    /// How somebody is set up.
    pub accounts: &'a [&'a Account],
    /// What limits the use of it.
    pub limits: &'a [&'a Limit],
    /// The rows of a grant.
    pub rows: Rows,
}

/// Writes what everybody holds.
///
/// # Errors
///
/// Only those of `out`.
pub fn grants(listed: &Listed<'_>, format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    let Listed {
        effective,
        rows: held,
        ..
    } = *listed;
    let places = Places(listed.access);
    let rows = || {
        effective
            .holdings
            .iter()
            .flat_map(|h| h.grants.iter().flat_map(move |grant| held(h, grant)))
    };
    match format {
        ListFormat::Text => text(listed, &places, out),
        ListFormat::Csv => {
            write!(out, "{}\r\n", COLUMNS.join(","))?;
            for held in rows() {
                write!(out, "{}\r\n", places.row(&held).join(","))?;
            }
            for open in &effective.open {
                write!(out, "{}\r\n", places.open_row(open).join(","))?;
            }
            Ok(())
        }
        ListFormat::Json => {
            write!(out, "{{\"schema_version\":1,\n\"grants\":[")?;
            lines(out, rows(), |out, held| {
                serde_json::to_writer(out, &HeldV1::new(&held, &places))
            })?;
            write!(out, "],\n\"open\":[")?;
            lines(out, effective.open.iter(), |out, o| {
                serde_json::to_writer(out, &OpenV1::new(o, &places))
            })?;
            write!(out, "],\n\"accounts\":[")?;
            lines(out, listed.accounts.iter(), |out, a| {
                serde_json::to_writer(out, &AccountV1::new(a, &places))
            })?;
            write!(out, "],\n\"limits\":[")?;
            lines(out, listed.limits.iter(), |out, l| {
                serde_json::to_writer(out, &LimitV1::new(l, &places))
            })?;
            writeln!(out, "]}}")
        }
    }
}

/// What one subject holds, by scope and role.
type Roles<'a> = BTreeMap<(Option<&'a str>, &'a str), Vec<&'a Grant<'a>>>;

/// Everything of one subject together: of a role and a scope, a line for each rule.
fn text(listed: &Listed<'_>, places: &Places<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Listed {
        effective,
        rows: held,
        ..
    } = *listed;
    let mut first = true;
    for holding in &effective.holdings {
        let unknown = effective.open.iter().any(|o| o.subject == holding.subject);
        if unknown && says_nothing(holding) {
            // All that there is of it is told below.
            continue;
        }
        if !std::mem::take(&mut first) {
            writeln!(out)?;
        }
        writeln!(out, "{}", escape::line(&who(&holding.subject)))?;
        for account in &holding.accounts {
            let facts: Vec<String> = account
                .facts
                .iter()
                .map(|(name, word)| format!("{name} {}", word.text))
                .collect();
            if !facts.is_empty() {
                let line = format!("{}   {}", facts.join(", "), places.place(account.at));
                writeln!(out, "  {}", escape::line(&line))?;
            }
        }
        for (group, at) in holding.groups.iter().filter(|(_, at)| at.is_some()) {
            let place = at.map_or_else(String::new, |at| places.place(at));
            let line = format!("in the group {}   {place}", group.name);
            writeln!(out, "  {}", escape::line(&line))?;
        }
        let mut roles: Roles<'_> = BTreeMap::new();
        for grant in &holding.grants {
            roles
                .entry((grant.scope.map(|s| &**s), grant.role_name()))
                .or_default()
                .push(grant);
        }
        for ((scope, role), grants) in roles {
            let head = match role {
                "" => whence(scope),
                role => format!("{} as {role}", whence(scope)),
            };
            writeln!(out, "  {}", escape::line(&head))?;
            for grant in grants {
                rule(holding, grant, held, places, out)?;
            }
        }
        for denial in &holding.denials {
            let mut line = format!("never {}", in_words(&denial.rule.reach));
            for condition in denial.conditions() {
                let _ = write!(line, " if {}", condition.text);
            }
            let line = format!("{line}   {}", places.chain(denial.chain()));
            writeln!(out, "  {}", escape::line(&line))?;
        }
        if holding.grants.is_empty() && holding.denials.is_empty() && !unknown {
            writeln!(out, "  nothing is given to it")?;
        }
    }
    if !listed.limits.is_empty() {
        if !std::mem::take(&mut first) {
            writeln!(out)?;
        }
        writeln!(out, "limits")?;
        for limit in listed.limits {
            writeln!(out, "  {}", escape::line(&limit_words(limit, places)))?;
        }
    }
    if !effective.open.is_empty() {
        if !first {
            writeln!(out)?;
        }
        writeln!(out, "not known, for the role is in none of the files")?;
        for open in &effective.open {
            writeln!(out, "  {}", places.unknown(open))?;
        }
    }
    Ok(())
}

/// Whether nothing is known of somebody but the name.
fn says_nothing(holding: &Holding<'_>) -> bool {
    holding.grants.is_empty()
        && holding.denials.is_empty()
        && holding
            .accounts
            .iter()
            .all(|account| account.facts.is_empty())
        && holding.groups.iter().all(|(_, at)| at.is_none())
}

/// A rule in one line; where parts of it are denied, what is left, line by line.
fn rule(
    holding: &Holding<'_>,
    grant: &Grant<'_>,
    held: Rows,
    places: &Places<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if holding.denials.is_empty() && grant.rule.except.is_empty() {
        if grant.scope.is_some() && of_paths_only(&grant.rule.reach) {
            return Ok(());
        }
        let mut line = in_words(&grant.rule.reach);
        for condition in grant.conditions() {
            let _ = write!(line, " if {}", condition.text);
        }
        if grant.grantable() {
            line.push_str(" and may give it on");
        }
        let line = format!("{line}   {}", places.chain(grant.chain()));
        return writeln!(out, "    {}", escape::line(&line));
    }
    for held in held(holding, grant) {
        writeln!(out, "    {}", places.what(&held))?;
    }
    Ok(())
}

/// Paths are of the whole cluster: in a namespace they are not given.
fn of_paths_only(reach: &Reach) -> bool {
    !reach.resources.is_empty() && reach.resources.iter().all(|r| r.text.starts_with('/'))
}

fn limit_words(limit: &Limit, places: &Places<'_>) -> String {
    let list = |holders: &[Holder]| {
        let names: Vec<&str> = holders.iter().map(|h| &*h.subject.name).collect();
        names.join(", ")
    };
    let mut words = format!("{} {} {}", limit.system.name, limit.kind, limit.name.text);
    if !limit.resources.is_empty() {
        let on: Vec<&str> = limit.resources.iter().map(|r| &*r.text).collect();
        let _ = write!(words, " on {}", on.join(", "));
    }
    let to = if limit.subjects.is_empty() {
        "all".to_owned()
    } else {
        list(&limit.subjects)
    };
    let _ = write!(words, " for {to}");
    if !limit.but_subjects.is_empty() {
        let _ = write!(words, " but {}", list(&limit.but_subjects));
    }
    if !limit.says.is_empty() {
        let _ = write!(words, ": {}", limit.says);
    }
    format!("{words}   {}", places.place(limit.at))
}

/// Writes who may do something, with the lines that give it.
///
/// # Errors
///
/// Only those of `out`.
pub fn holders(
    access: &Access,
    held: &[Held<'_>],
    open: &[Open],
    format: ListFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let places = Places(access);
    match format {
        ListFormat::Text => {}
        ListFormat::Csv => {
            write!(out, "{}\r\n", COLUMNS.join(","))?;
            for held in held {
                write!(out, "{}\r\n", places.row(held).join(","))?;
            }
            for open in open {
                write!(out, "{}\r\n", places.open_row(open).join(","))?;
            }
            return Ok(());
        }
        ListFormat::Json => {
            write!(out, "{{\"schema_version\":1,\n\"grants\":[")?;
            lines(out, held.iter(), |out, held| {
                serde_json::to_writer(out, &HeldV1::new(held, &places))
            })?;
            write!(out, "],\n\"open\":[")?;
            lines(out, open.iter(), |out, o| {
                serde_json::to_writer(out, &OpenV1::new(o, &places))
            })?;
            return writeln!(out, "]}}");
        }
    }
    if held.is_empty() {
        writeln!(out, "nobody, as far as the files say")?;
    }
    for held in held {
        let role = match held.grant.role_name() {
            "" => String::new(),
            role => format!(" as {role}"),
        };
        let mut words = format!(
            "{} {}{role}",
            who(held.subject),
            whence(held.grant.scope.map(|s| &**s))
        );
        // What is left out of the grant is not what was asked for.
        for shade in hangs_on(held) {
            words.push(' ');
            words.push_str(&shade);
        }
        for denial in &held.denied {
            let conditions: Vec<&str> = denial.conditions().map(|c| &*c.text).collect();
            words.push_str(" unless ");
            words.push_str(&conditions.join(" and "));
        }
        let line = format!("{words}   {}", places.chain(held.grant.chain()));
        writeln!(out, "{}", escape::line(&line))?;
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
    old: &Access,
    new: &Access,
    difference: &Difference<'_>,
    format: ListFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (old, new) = (Places(old), Places(new));
    let sides = [
        ("gains", &difference.gained, &difference.opened, &new),
        ("loses", &difference.lost, &difference.closed, &old),
    ];
    match format {
        ListFormat::Text => {
            if difference.is_empty() {
                writeln!(out, "nobody gains or loses anything")?;
            }
            for (word, held, open, places) in sides {
                for held in held {
                    writeln!(
                        out,
                        "{} {word} {} {}",
                        escape::line(&who(held.subject)),
                        escape::line(&whence(held.grant.scope.map(|s| &**s))),
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
        ListFormat::Csv => {
            write!(out, "change,{}\r\n", COLUMNS.join(","))?;
            for (word, held, open, places) in sides {
                for held in held {
                    write!(out, "{word},{}\r\n", places.row(held).join(","))?;
                }
                for open in open {
                    write!(out, "{word},{}\r\n", places.open_row(open).join(","))?;
                }
            }
            Ok(())
        }
        ListFormat::Json => {
            write!(out, "{{\"schema_version\":1")?;
            for (name, held, places) in [
                ("gained", &difference.gained, &new),
                ("lost", &difference.lost, &old),
            ] {
                write!(out, ",\n\"{name}\":[")?;
                lines(out, held.iter(), |out, held| {
                    serde_json::to_writer(out, &HeldV1::new(held, places))
                })?;
                write!(out, "]")?;
            }
            for (name, open, places) in [
                ("opened", &difference.opened, &new),
                ("closed", &difference.closed, &old),
            ] {
                write!(out, ",\n\"{name}\":[")?;
                lines(out, open.iter(), |out, o| {
                    serde_json::to_writer(out, &OpenV1::new(o, places))
                })?;
                write!(out, "]")?;
            }
            writeln!(out, "}}")
        }
    }
}

/// One value a line.
fn lines<T>(
    out: &mut dyn Write,
    values: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut dyn Write, T) -> serde_json::Result<()>,
) -> io::Result<()> {
    for (index, value) in values.enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        write(out, value).map_err(io::Error::from)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct HeldV1<'a> {
    system: &'a str,
    subject_kind: &'static str,
    subject: &'a str,
    scope: Option<&'a str>,
    action: &'a str,
    resource: Option<&'a str>,
    name: Option<&'a str>,
    role: Option<&'a str>,
    except: Vec<String>,
    conditions: Vec<&'a str>,
    grantable: bool,
    chain: Vec<LineV1<'a>>,
}

impl<'a> HeldV1<'a> {
    fn new(held: &Held<'a>, places: &'a Places<'_>) -> Self {
        Self {
            system: &held.subject.system.name,
            subject_kind: held.subject.kind.name(),
            subject: &held.subject.name,
            scope: held.grant.scope.map(|s| &**s),
            action: &held.action.text,
            resource: held.resource.map(|r| &*r.text),
            name: held.name.map(|n| &*n.text),
            role: held.grant.role.map(|r| &*r.text),
            except: left_out(held),
            conditions: held.conditions.iter().map(|c| &*c.text).collect(),
            grantable: held.grant.grantable(),
            chain: held
                .grant
                .chain()
                .map(|at| LineV1::new(at, places))
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct OpenV1<'a> {
    system: &'a str,
    subject_kind: &'static str,
    subject: &'a str,
    scope: Option<&'a str>,
    role: &'a str,
    at: LineV1<'a>,
}

impl<'a> OpenV1<'a> {
    fn new(open: &'a Open, places: &'a Places<'_>) -> Self {
        Self {
            system: &open.subject.system.name,
            subject_kind: open.subject.kind.name(),
            subject: &open.subject.name,
            scope: open.scope.as_deref(),
            role: &open.role,
            at: LineV1::new(open.at, places),
        }
    }
}

#[derive(Serialize)]
struct AccountV1<'a> {
    system: &'a str,
    subject_kind: &'static str,
    subject: &'a str,
    facts: Vec<(&'a str, &'a str)>,
    at: LineV1<'a>,
}

impl<'a> AccountV1<'a> {
    fn new(account: &'a Account, places: &'a Places<'_>) -> Self {
        Self {
            system: &account.subject.system.name,
            subject_kind: account.subject.kind.name(),
            subject: &account.subject.name,
            facts: account
                .facts
                .iter()
                .map(|(name, word)| (&**name, &*word.text))
                .collect(),
            at: LineV1::new(account.at, places),
        }
    }
}

#[derive(Serialize)]
struct LimitV1<'a> {
    system: &'a str,
    kind: &'static str,
    name: &'a str,
    resources: Vec<&'a str>,
    subjects: Vec<&'a str>,
    but_subjects: Vec<&'a str>,
    says: &'a str,
    at: LineV1<'a>,
}

impl<'a> LimitV1<'a> {
    fn new(limit: &'a Limit, places: &'a Places<'_>) -> Self {
        let names = |holders: &'a [Holder]| holders.iter().map(|h| &*h.subject.name).collect();
        Self {
            system: &limit.system.name,
            kind: limit.kind,
            name: &limit.name.text,
            resources: limit.resources.iter().map(|r| &*r.text).collect(),
            subjects: names(&limit.subjects),
            but_subjects: names(&limit.but_subjects),
            says: &limit.says,
            at: LineV1::new(limit.at, places),
        }
    }
}

#[derive(Serialize)]
struct LineV1<'a> {
    file: &'a str,
    line: u32,
}

impl<'a> LineV1<'a> {
    fn new(at: At, places: &'a Places<'_>) -> Self {
        let (file, line) = places.line(at);
        Self { file, line }
    }
}

/// Writes the sheet of an access review: Markdown with front matter that says who decided, or CSV for a spreadsheet.
///
/// # Errors
///
/// Only those of `out`.
pub fn review_sheet(sheet: &ReviewSheet, csv: bool, out: &mut dyn Write) -> io::Result<()> {
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
        [
            format!("{} {}", row.subject.system.name, row.subject.kind.name()),
            row.subject.name.to_string(),
            row.grant.clone(),
            row.gives.clone(),
            row.places.join(" "),
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
