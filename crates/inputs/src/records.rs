//! Records of evidence: where they are, and what they say of themselves.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use onus_model::catalog::EvidenceKind;
use onus_model::date::{Date, Frequency, Period};
use onus_model::evidence::{AccessReview, Content, Decision, ReviewRow};
use onus_model::plan::Dialect;
use onus_model::source::{Span, Spanned, Text};
use sha2::Digest as _;

use crate::dates::{self, Written};
use crate::document::{self, Kind, Limits, NodeId, Scalar, Syntax, Tree};
use crate::markdown::{self, Cell};

pub use crate::dates::period;

/// A path with names in braces: `access-reviews/{year}-Q{quarter}.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(String),
}

/// What the names in a path stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Names and their texts, in the order of the pattern.
    pub names: Vec<(String, String)>,
    /// The period that they name, if they name one.
    pub period: Option<Period>,
}

impl PathPattern {
    /// The names that stand for a date or a part of one.
    pub const DATES: [&str; 7] = ["date", "year", "quarter", "half", "month", "week", "day"];

    /// Reads a pattern. Known names: `{year}`, `{quarter}`, `{half}`, `{month}`, `{week}`, `{day}`, `{date}`; any other stands for
    /// one or more characters without `/`.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = pattern.trim_start_matches("./");
        if rest.starts_with('/') || rest.split('/').any(|part| part == "..") {
            return Err("it leads out of the repository".to_owned());
        }
        while let Some((text, after)) = rest.split_once('{') {
            if text.contains('}') {
                return Err("a `}` has no `{`".to_owned());
            }
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| "a `{` is not closed".to_owned())?;
            if name.is_empty()
                || !name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_-".contains(c))
            {
                return Err(format!("`{{{name}}}` is no name"));
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(text.to_owned()));
            } else if matches!(pieces.last(), Some(Piece::Name(last)) if width(last).is_none()) {
                return Err(format!(
                    "nothing stands between `{{{name}}}` and the name before it"
                ));
            }
            pieces.push(Piece::Name(name.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err("a `}` has no `{`".to_owned());
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        if pieces.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Self(pieces))
    }

    /// What the names stand for, if a path matches. Months, quarters, weeks and days that do not exist do not match.
    #[must_use]
    pub fn captures(&self, path: &str) -> Option<Found> {
        let mut names = Vec::new();
        if !matched(&self.0, path, &mut names) {
            return None;
        }
        let named = Self::DATES
            .iter()
            .any(|known| names.iter().any(|(name, _)| name == known));
        let period = period_of(&names);
        // A name that cannot be a date is no match: `2026-13.md` is no record of a month.
        if named && period.is_none() && names.iter().any(|(n, _)| n == "year" || n == "date") {
            return None;
        }
        Some(Found { names, period })
    }

    /// The path for some names; none where one is missing.
    #[must_use]
    pub fn render(&self, names: &[(String, String)]) -> Option<String> {
        let mut path = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Name(name) => {
                    let (_, value) = names.iter().find(|(n, _)| n == name)?;
                    path.push_str(value);
                }
            }
        }
        Some(path)
    }

    /// The names in it, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The folder that all matches lie in; empty for the root.
    #[must_use]
    pub fn folder(&self) -> &str {
        match self.0.first() {
            Some(Piece::Text(text)) => text.rsplit_once('/').map_or("", |(folder, _)| folder),
            Some(Piece::Name(_)) | None => "",
        }
    }
}

/// The names of a day, for [`PathPattern::render`].
#[must_use]
pub fn names_of(day: Date) -> Vec<(String, String)> {
    use chrono::Datelike as _;
    let week = day.iso_week();
    [
        ("year", format!("{:04}", day.year())),
        ("quarter", (day.month0() / 3 + 1).to_string()),
        ("half", (day.month0() / 6 + 1).to_string()),
        ("month", format!("{:02}", day.month())),
        ("week", format!("{:02}", week.week())),
        ("day", format!("{:02}", day.day())),
        ("date", day.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// How many characters a name stands for, where that is fixed.
fn width(name: &str) -> Option<usize> {
    match name {
        "year" => Some(4),
        "quarter" | "half" => Some(1),
        "month" | "week" | "day" => Some(2),
        "date" => Some(10),
        _ => None,
    }
}

fn matched(pieces: &[Piece], path: &str, names: &mut Vec<(String, String)>) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return path.is_empty();
    };
    let name = match first {
        Piece::Text(text) => {
            return path
                .strip_prefix(text.as_str())
                .is_some_and(|after| matched(rest, after, names));
        }
        Piece::Name(name) => name,
    };
    let longest = path.find('/').unwrap_or(path.len());
    let ends: Vec<usize> = match width(name) {
        Some(width) => vec![width],
        // The longest first: a title may hold what stands behind it.
        None => (1..=longest)
            .rev()
            .filter(|end| path.is_char_boundary(*end))
            .collect(),
    };
    for end in ends {
        let (Some(value), Some(after)) = (path.get(..end), path.get(end..)) else {
            continue;
        };
        if value.contains('/') || !fits(name, value) {
            continue;
        }
        // A name twice has one text.
        if names.iter().any(|(n, v)| n == name && v != value) {
            continue;
        }
        names.push((name.clone(), value.to_owned()));
        if matched(rest, after, names) {
            return true;
        }
        names.pop();
    }
    false
}

fn fits(name: &str, value: &str) -> bool {
    let number = || {
        value
            .parse::<u32>()
            .ok()
            .filter(|_| value.chars().all(|c| c.is_ascii_digit()))
    };
    match name {
        "year" => number().is_some(),
        "quarter" => number().is_some_and(|n| (1..=4).contains(&n)),
        "half" => number().is_some_and(|n| (1..=2).contains(&n)),
        "month" => number().is_some_and(|n| (1..=12).contains(&n)),
        "week" => number().is_some_and(|n| (1..=53).contains(&n)),
        "day" => number().is_some_and(|n| (1..=31).contains(&n)),
        "date" => dates::day(value).is_some(),
        _ => true,
    }
}

/// The period that names stand for: the finest of them decides.
fn period_of(names: &[(String, String)]) -> Option<Period> {
    let get = |name: &str| {
        names
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    };
    let number = |name: &str| get(name).and_then(|v| v.parse::<u32>().ok());
    if let Some(date) = get("date") {
        let day = dates::day(date)?;
        return Some(Period { from: day, to: day });
    }
    let year: i32 = get("year")?.parse().ok()?;
    let first = |month: u32| Date::from_ymd_opt(year, month, 1);
    match (number("month"), number("day")) {
        (Some(month), Some(day)) => {
            let day = Date::from_ymd_opt(year, month, day)?;
            return Some(Period { from: day, to: day });
        }
        (Some(month), None) => return Some(Frequency::Month.period(first(month)?)),
        (None, _) => {}
    }
    if let Some(week) = number("week") {
        return dates::iso_week(year, week);
    }
    if let Some(quarter) = number("quarter") {
        return Some(Frequency::Quarter.period(first(quarter * 3 - 2)?));
    }
    if let Some(half) = number("half") {
        return Some(Frequency::HalfYear.period(first(half * 6 - 5)?));
    }
    Some(Frequency::Year.period(first(1)?))
}

/// The SHA-256 digest of some bytes, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in sha2::Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// What a record says of itself: in its front matter, or as a whole where it is YAML or JSON.
#[must_use]
pub fn content(text: &Text, kind: EvidenceKind) -> Content {
    let mut content = Content {
        text: text.clone(),
        empty: false,
        template: None,
        performed_by: None,
        performed_on: None,
        period: None,
        scope: None,
        adverse: None,
        open_exceptions: None,
        updated: None,
        next_review: None,
        faults: Vec::new(),
        review: None,
    };
    let syntax = config_syntax(&text.name);
    let markdown = syntax.is_none();
    let front = if markdown {
        front_matter(&text.text)
    } else {
        Some((0, text.text.len()))
    };
    if let Some((from, to)) = front {
        let part = text.text.get(from..to).unwrap_or_default();
        match document::read(
            part.as_bytes().to_vec(),
            syntax.unwrap_or(Syntax::Yaml),
            &Limits::default(),
        ) {
            Ok(tree) => {
                if let Some(root) = tree.documents().first() {
                    let mut front = Front {
                        tree: &tree,
                        offset: from,
                        content: &mut content,
                    };
                    front.read(*root);
                }
            }
            Err(failure) => {
                let inside = failure.span.unwrap_or_default();
                let start = from + inside.start as usize;
                let end = to.min(from + inside.end as usize).max(start);
                let span = match text.text.get(start..end) {
                    Some(_) => Span::new(start, end),
                    None => Span::new(from, from),
                };
                content.faults.push((span, failure.reason));
            }
        }
    }
    let body_from = match (markdown, front) {
        (true, Some((_, to))) => text
            .text
            .get(to..)
            .and_then(|t| t.find("---"))
            .map_or(to, |at| to + at + 3),
        _ => 0,
    };
    let body = if markdown {
        text.text.get(body_from..).unwrap_or_default()
    } else {
        ""
    };
    if kind == EvidenceKind::Document && markdown {
        let document = markdown::document(text, &[]);
        content.updated = content.updated.take().or(document.updated);
        content.next_review = content.next_review.take().or(document.next_review);
        content.faults.extend(document.faults);
    }
    if kind == EvidenceKind::AccessReview {
        let rows = rows(text);
        let review = content.review.get_or_insert_with(AccessReview::default);
        review.rows = rows;
    }
    let said = content.performed_by.is_some()
        || content.performed_on.is_some()
        || content.adverse.is_some()
        || content.updated.is_some()
        || content.next_review.is_some();
    content.empty =
        body.trim().is_empty() && !said && content.template.is_none() && content.faults.is_empty();
    if !said && content.template.is_none() && unticked(body) {
        content.template = Some(Span::new(body_from, body_from + body.trim_end().len()));
    }
    content
}

/// The bytes between the lines `---` at the head of a text.
fn front_matter(text: &str) -> Option<(usize, usize)> {
    let head = text.trim_start_matches('\u{feff}');
    let skipped = text.len() - head.len();
    let rest = head.strip_prefix("---")?;
    let first = rest.find('\n')?;
    if !rest.get(..first)?.trim().is_empty() {
        return None;
    }
    let from = skipped + 3 + first + 1;
    let mut at = from;
    for line in text.get(from..)?.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((from, at));
        }
        at += line.len();
    }
    None
}

/// A checklist of which nothing is ticked, and not much else.
fn unticked(body: &str) -> bool {
    let ticked = body.contains("- [x]") || body.contains("- [X]") || body.contains("* [x]");
    (body.contains("- [ ]") || body.contains("* [ ]")) && !ticked
}

/// Text that somebody was to replace.
fn placeholder(value: &str) -> bool {
    let lower = value.trim().to_lowercase();
    let marks = ["{{", "$(", "${", "<", "[insert", "[your", "yyyy", "xxx"];
    ["todo", "tbd", "tba", "name", "n.n.", "?", "-", "..."].contains(&lower.as_str())
        || marks.iter().any(|mark| lower.starts_with(mark))
        || lower.contains("yyyy-mm")
}

struct Front<'t, 'c> {
    tree: &'t Tree,
    /// Where the tree's text begins in the file.
    offset: usize,
    content: &'c mut Content,
}

impl Front<'_, '_> {
    fn read(&mut self, root: NodeId) {
        if self.tree.kind(root) != Kind::Mapping {
            return;
        }
        let entries: Vec<_> = self.tree.entries(root).collect();
        for entry in entries {
            let key = self.tree.raw(entry.key).to_owned();
            self.value(&key, entry.value);
        }
    }

    fn value(&mut self, key: &str, node: NodeId) {
        let Some(value) = self.text(node) else {
            return;
        };
        let span = value.span;
        let asked = [
            "performed_by",
            "performed_on",
            "period",
            "scope",
            "result",
            "updated",
            "last_updated",
            "next_review",
            "review_by",
            "open_exceptions",
            "grants",
            "grants_sha256",
        ];
        if asked.contains(&key) && placeholder(&value.value) {
            self.content.template.get_or_insert(span);
            return;
        }
        let days = [
            "performed_on",
            "updated",
            "last_updated",
            "next_review",
            "review_by",
        ];
        let day = days.contains(&key).then(|| self.day(&value)).flatten();
        let content = &mut *self.content;
        match key {
            "performed_by" => content.performed_by = Some(value),
            "scope" => content.scope = Some(value),
            "performed_on" => content.performed_on = day,
            "updated" | "last_updated" => content.updated = day,
            "next_review" | "review_by" => content.next_review = day,
            "period" => match period(&value.value) {
                Some(period) => {
                    content.period = Some(Spanned {
                        value: period,
                        span,
                    });
                }
                None => content.faults.push((
                    span,
                    format!(
                        "`{}` is no period; write `2026-Q3`, `2026-10` or `2026`",
                        value.value
                    ),
                )),
            },
            "result" => match outcome(&value.value) {
                Some(adverse) => {
                    content.adverse = Some(Spanned {
                        value: adverse,
                        span,
                    });
                }
                None => content.faults.push((
                    span,
                    format!(
                        "`{}` is no result; write `satisfactory` or `adverse`",
                        value.value
                    ),
                )),
            },
            "open_exceptions" => match value.value.parse() {
                Ok(count) => content.open_exceptions = Some(Spanned { value: count, span }),
                Err(_) => content
                    .faults
                    .push((span, format!("`{}` is no number", value.value))),
            },
            "grants" => {
                content
                    .review
                    .get_or_insert_with(AccessReview::default)
                    .grants = Some(value);
            }
            "grants_sha256" => {
                let hex = value.value.trim_start_matches("sha256:");
                if hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()) {
                    content
                        .review
                        .get_or_insert_with(AccessReview::default)
                        .grants_sha256 = Some(value);
                } else {
                    content.faults.push((
                        span,
                        "a SHA-256 digest has 64 hexadecimal digits".to_owned(),
                    ));
                }
            }
            _ => {}
        }
    }

    fn text(&self, node: NodeId) -> Option<Spanned<String>> {
        if self.tree.kind(node) != Kind::Scalar {
            return None;
        }
        let value = match self.tree.resolve(node, Dialect::Core) {
            Scalar::Null => return None,
            _ => self.tree.raw(node).trim().to_owned(),
        };
        if value.is_empty() {
            return None;
        }
        let span = self.tree.span(node);
        Some(Spanned {
            value,
            span: Span::new(
                span.start as usize + self.offset,
                span.end as usize + self.offset,
            ),
        })
    }

    fn day(&mut self, value: &Spanned<String>) -> Option<Spanned<Date>> {
        let why = match dates::written(&value.value) {
            Written::Day(day) => {
                return Some(Spanned {
                    value: day,
                    span: value.span,
                });
            }
            Written::Unexpanded => "was to be replaced by a day, and was not",
            Written::Vague | Written::Period(_) => "names no one day",
            Written::No => "is no day",
        };
        self.content
            .faults
            .push((value.span, format!("`{}` {why}", value.value)));
        None
    }
}

/// Whether a result is bad.
fn outcome(text: &str) -> Option<bool> {
    let lower = text.trim().to_lowercase();
    match lower.as_str() {
        "satisfactory" | "pass" | "passed" | "ok" | "clean" | "good" => Some(false),
        "adverse" | "fail" | "failed" | "findings" | "bad" | "unsatisfactory" => Some(true),
        _ => None,
    }
}

/// The rows of an access review: tables in Markdown, or CSV.
fn rows(text: &Text) -> Vec<ReviewRow> {
    let mut rows = Vec::new();
    for table in tables(text) {
        let Some((head, body)) = table.split_first() else {
            continue;
        };
        let column = |names: &[&str]| {
            head.iter().position(|cell| {
                let lower = cell.text.to_lowercase();
                names.iter().any(|name| lower.contains(name))
            })
        };
        let by = column(&["decided by", "reviewer", "approver", "by"]);
        let decision = head.iter().enumerate().position(|(index, cell)| {
            let lower = cell.text.to_lowercase();
            Some(index) != by && (lower.contains("decision") || lower.contains("action"))
        });
        let (Some(subject), Some(grant)) = (
            column(&["subject", "user", "account", "person", "member"]),
            column(&["grant", "role", "access", "permission"]),
        ) else {
            continue;
        };
        if decision.is_none() {
            continue;
        }
        for row in body {
            let cell = |index: Option<usize>| {
                let text = row.get(index?)?.text.trim();
                (!text.is_empty()).then(|| text.to_owned())
            };
            let Some(span) = row.first().map(|c| c.span) else {
                continue;
            };
            let end = row.last().map_or(span, |c| c.span);
            rows.push(ReviewRow {
                subject: cell(Some(subject)).unwrap_or_default(),
                grant: cell(Some(grant)).unwrap_or_default(),
                decision: cell(decision).and_then(|d| decided(&d)),
                by: cell(by).filter(|by| !placeholder(by)),
                span: span.join(end),
            });
        }
    }
    rows
}

fn decided(text: &str) -> Option<Decision> {
    let lower = text.trim().to_lowercase();
    match lower.as_str() {
        "keep" | "kept" | "approve" | "approved" | "retain" | "retained" | "ok" | "yes" => {
            Some(Decision::Keep)
        }
        "revoke" | "revoked" | "remove" | "removed" | "delete" | "deleted" | "no" => {
            Some(Decision::Revoke)
        }
        _ => None,
    }
}

/// The tables of a text; one for a file of comma-separated values.
fn tables(text: &Text) -> Vec<Vec<Vec<Cell>>> {
    let is_csv = text.name.to_lowercase().ends_with(".csv");
    if is_csv {
        vec![csv(&text.text)]
    } else {
        markdown::tables(&text.text)
    }
}

/// Rows of comma-separated values, RFC 4180: quotes double inside quotes.
fn csv(text: &str) -> Vec<Vec<Cell>> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut row: Vec<Cell> = Vec::new();
    let mut cell = String::new();
    let mut start = 0;
    let mut quoted = false;
    let mut chars = text.char_indices().peekable();
    let close = |row: &mut Vec<Cell>, cell: &mut String, start: usize, end: usize| {
        row.push(Cell {
            text: std::mem::take(cell).trim().to_owned(),
            span: Span::new(start, end),
        });
    };
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if quoted && chars.peek().is_some_and(|(_, next)| *next == '"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => {
                close(&mut row, &mut cell, start, at);
                start = at + 1;
            }
            '\n' if !quoted => {
                close(&mut row, &mut cell, start, at);
                start = at + 1;
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        close(&mut row, &mut cell, start, text.len());
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|c| !c.text.is_empty()));
    rows
}

/// Who holds what, by a table in CSV or Markdown with columns for both; letter case does not matter.
#[must_use]
pub fn granted(grants: &str) -> BTreeSet<(String, String)> {
    let mut tables = markdown::tables(grants);
    if tables.is_empty() {
        tables.push(csv(grants));
    }
    let mut held = BTreeSet::new();
    for table in tables {
        let Some((head, body)) = table.split_first() else {
            continue;
        };
        let column = |names: &[&str]| {
            head.iter().position(|cell| {
                let lower = cell.text.to_lowercase();
                names.iter().any(|name| lower.contains(name))
            })
        };
        let (Some(subject), Some(grant)) = (
            column(&["subject", "user", "account", "person", "member"]),
            column(&["grant", "role", "access", "permission"]),
        ) else {
            continue;
        };
        for row in body {
            let cell = |index: usize| row.get(index).map(|c| c.text.trim().to_lowercase());
            held.extend(cell(subject).zip(cell(grant)));
        }
    }
    held
}

/// The rows that were revoked and still stand among the grants, which are in lower case.
#[must_use]
pub fn still_granted(review: &AccessReview, held: &BTreeSet<(String, String)>) -> Vec<usize> {
    review
        .rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.decision == Some(Decision::Revoke))
        .filter(|(_, row)| {
            let wanted = (row.subject.to_lowercase(), row.grant.to_lowercase());
            held.contains(&wanted)
        })
        .map(|(index, _)| index)
        .collect()
}

/// The syntax of a record that people write with keys. Everything else, exports too, is read as the text that it is.
fn config_syntax(name: &str) -> Option<Syntax> {
    Syntax::of(name).filter(|syntax| matches!(syntax, Syntax::Yaml | Syntax::Json | Syntax::Toml))
}

/// When an event happened: its name says so, or the text.
#[must_use]
pub fn event_date(text: &Text, names: &[(String, String)]) -> Option<Date> {
    if let Some((_, date)) = names.iter().find(|(name, _)| name == "date") {
        return dates::day(date);
    }
    let syntax = config_syntax(&text.name);
    let (from, to) = match syntax {
        Some(_) => (0, text.text.len()),
        None => front_matter(&text.text)?,
    };
    let part = text.text.get(from..to)?.as_bytes().to_vec();
    let tree = document::read(part, syntax.unwrap_or(Syntax::Yaml), &Limits::default()).ok()?;
    let root = *tree.documents().first()?;
    ["date", "opened", "detected", "occurred_on", "opened_at"]
        .iter()
        .find_map(|key| {
            let value = tree.raw(tree.get(root, key)?.value);
            match dates::written(value) {
                Written::Day(day) => Some(day),
                _ => None,
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(pattern: &str, path: &str) -> Option<String> {
        let found = PathPattern::parse(pattern).unwrap().captures(path)?;
        let names: Vec<String> = found
            .names
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let period = found
            .period
            .map_or_else(String::new, |p| format!(" {}..{}", p.from, p.to));
        Some(format!("{}{period}", names.join(" ")))
    }

    #[test]
    fn names_in_a_path_give_the_period() {
        let reviews = "reviews/{year}-Q{quarter}.md";
        let table = [
            (
                reviews,
                "reviews/2026-Q3.md",
                Some("year=2026 quarter=3 2026-07-01..2026-09-30"),
            ),
            (reviews, "reviews/2026-Q5.md", None),
            (reviews, "reviews/2026-Q3.md.bak", None),
            (reviews, "reviews/old/2026-Q3.md", None),
            (
                "scans/{year}-{month}.md",
                "scans/2024-02.md",
                Some("year=2024 month=02 2024-02-01..2024-02-29"),
            ),
            ("scans/{year}-{month}.md", "scans/2026-13.md", None),
            (
                "log/{year}-W{week}.md",
                "log/2026-W53.md",
                Some("year=2026 week=53 2026-12-28..2027-01-03"),
            ),
            ("log/{year}-W{week}.md", "log/2025-W53.md", None),
            (
                "i/{date}-{title}.md",
                "i/2026-02-28-a-b.md",
                Some("date=2026-02-28 title=a-b 2026-02-28..2026-02-28"),
            ),
            ("i/{date}-{title}.md", "i/2026-02-30-a.md", None),
            ("i/{id}/{id}.md", "i/a/a.md", Some("id=a id=a")),
            ("i/{id}/{id}.md", "i/a/b.md", None),
            ("SECURITY.md", "SECURITY.md", Some("")),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(
                found(pattern, path).as_deref(),
                expected,
                "{pattern} {path}"
            );
        }
        assert_eq!(PathPattern::parse(reviews).unwrap().folder(), "reviews");
        for bad in ["", "/etc/{year}", "a/../b", "a{", "a}b", "{}", "{a}{b}"] {
            assert!(PathPattern::parse(bad).is_err(), "{bad}");
        }
    }

    fn said(text: &str, kind: EvidenceKind) -> String {
        let text = Text::new("r.md", text);
        let c = content(&text, kind);
        let at = |span: Span| text.text.get(span.range()).unwrap().to_owned();
        let mut words = Vec::new();
        if c.empty {
            words.push("empty".to_owned());
        }
        words.extend(c.template.map(|span| format!("template at {}", at(span))));
        words.extend(
            c.performed_by
                .map(|v| format!("by {} ({})", v.value, at(v.span))),
        );
        words.extend(
            c.performed_on
                .map(|v| format!("on {} ({})", v.value, at(v.span))),
        );
        words.extend(
            c.period
                .map(|v| format!("for {}..{}", v.value.from, v.value.to)),
        );
        words.extend(c.adverse.map(|v| format!("adverse {}", v.value)));
        words.extend(
            c.next_review
                .map(|v| format!("next {} ({})", v.value, at(v.span))),
        );
        words.extend(c.faults.iter().map(|(_, why)| format!("fault {why}")));
        words.join("; ")
    }

    #[test]
    fn a_record_says_who_when_and_what_came_out() {
        let good = "---\nperformed_by: Jane\nperformed_on: 2026-10-02\nperiod: 2026-Q3\nscope: all roles\nresult: satisfactory\n---\n# Review\n";
        let table = [
            (
                good,
                "by Jane (Jane); on 2026-10-02 (2026-10-02); for 2026-07-01..2026-09-30; adverse false",
            ),
            ("", "empty"),
            ("  \n\n", "empty"),
            ("---\n---\n", "empty"),
            (
                "---\nperformed_by: TODO\nperformed_on: YYYY-MM-DD\n---\n",
                "template at TODO",
            ),
            (
                "---\nperformed_by: Jane\nperformed_on: $(date)\n---\nx",
                "template at $(date); by Jane (Jane)",
            ),
            (
                "# Review\n- [ ] all users\n- [ ] all roles\n",
                "template at # Review\n- [ ] all users\n- [ ] all roles",
            ),
            ("# Review\nAll fine.\n", ""),
            (
                "---\nperformed_by: Jane\nperformed_on: 2026-02-30\nresult: meh\n---\nx",
                "by Jane (Jane); fault `2026-02-30` is no day; fault `meh` is no result; write `satisfactory` or `adverse`",
            ),
            ("---\nresult: FAILED\n---\nx", "adverse true"),
        ];
        for (text, expected) in table {
            assert_eq!(said(text, EvidenceKind::Record), expected, "{text}");
        }
        assert_eq!(
            said(
                "# Plan\n\nLast Updated: July 30, 2025\nNext Review: October 30, 2025",
                EvidenceKind::Document
            ),
            "next 2025-10-30 (October 30, 2025)"
        );
    }

    #[test]
    fn rows_of_a_review_are_decided_by_somebody() {
        let text = Text::new(
            "r.md",
            "---\ngrants_sha256: \"0000000000000000000000000000000000000000000000000000000000000000\"\n---\n| User | Role | Decision | Decided by |\n|--|--|--|--|\n| ann | admin | keep | bob |\n| bob | admin | revoke | ann |\n| cy | viewer | | |\n",
        );
        let review = content(&text, EvidenceKind::AccessReview).review.unwrap();
        let rows: Vec<String> = review
            .rows
            .iter()
            .map(|r| format!("{} {} {:?} {:?}", r.subject, r.grant, r.decision, r.by))
            .collect();
        assert_eq!(
            rows,
            [
                "ann admin Some(Keep) Some(\"bob\")",
                "bob admin Some(Revoke) Some(\"ann\")",
                "cy viewer None None"
            ]
        );
        assert!(review.grants_sha256.is_some());
        assert_eq!(
            still_granted(&review, &granted("user,role\nBob,admin\nann,admin\n")),
            [1]
        );
        assert_eq!(
            still_granted(&review, &granted("user,role\nann,admin\n")),
            Vec::<usize>::new()
        );
    }

    #[test]
    fn a_digest_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_fault_stands_on_whole_letters() {
        let text = Text::new("r.md", "---\né:\na\n---\n");
        let faults = content(&text, EvidenceKind::Record).faults;
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(text.text.get(faults[0].0.range()).is_some(), "{faults:?}");
    }

    proptest! {
        #[test]
        fn nothing_in_a_record_makes_it_panic(text in "(---\n)?[a-z_: \n|\\-\\[\\]$({é0-9]{0,80}(---\n)?.{0,40}") {
            let text = Text::new("r.md", text);
            for kind in [EvidenceKind::Record, EvidenceKind::Document, EvidenceKind::AccessReview] {
                let content = content(&text, kind);
                for (span, _) in content.faults {
                    prop_assert!(text.text.get(span.range()).is_some());
                }
            }
        }
    }
}
