//! What Markdown documents say: dates, checklists, tables, ids of requirements. Code is not read.

use std::ops::Range;

use onus_model::catalog::Framework;
use onus_model::evidence::Document;
use onus_model::source::{Span, Spanned, Text};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::dates::{self, Written};
use crate::identifiers;

mod remarks;

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// A stretch of text that belongs together.
struct Block {
    kind: Kind,
    text: String,
    span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Heading,
    Paragraph,
    /// An item with a tick box, ticked or not.
    Task(bool),
    Item,
    Cell,
    FrontMatter,
}

/// Words for an interval that name no number.
const VAGUE: [&str; 12] = [
    "regular",
    "regularly",
    "periodic",
    "periodically",
    "promptly",
    "as needed",
    "from time to time",
    "frequently",
    "as appropriate",
    "timely",
    "in due course",
    "ongoing basis",
];

/// Words that name one.
const EXACT: [&str; 14] = [
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "annual",
    "annually",
    "yearly",
    "hourly",
    "every ",
    "day",
    "week",
    "month",
    "year",
    "quarter",
];

fn parser(text: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    Parser::new_ext(text, options).into_offset_iter()
}

/// Everything but code, in the order of the text.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Vec<Block> = Vec::new();
    let mut code = 0usize;
    for (event, range) in parser(text) {
        match event {
            Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock) => code += 1,
            Event::End(TagEnd::CodeBlock | TagEnd::HtmlBlock) => code = code.saturating_sub(1),
            Event::Start(tag) => {
                let kind = match tag {
                    Tag::Heading { .. } => Kind::Heading,
                    Tag::Paragraph => Kind::Paragraph,
                    Tag::Item => Kind::Item,
                    Tag::TableCell => Kind::Cell,
                    Tag::MetadataBlock(_) => Kind::FrontMatter,
                    _ => continue,
                };
                open.push(Block {
                    kind,
                    text: String::new(),
                    span: range,
                });
            }
            Event::End(
                TagEnd::Heading(_)
                | TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::TableCell
                | TagEnd::MetadataBlock(_),
            ) => {
                if let Some(block) = open.pop() {
                    // A paragraph in an item is the item's text.
                    let item = open
                        .last_mut()
                        .filter(|o| matches!(o.kind, Kind::Item | Kind::Task(_)));
                    match item {
                        Some(item) if block.kind == Kind::Paragraph => {
                            if item.text.is_empty() {
                                item.span = block.span;
                            }
                            item.text.push_str(&block.text);
                        }
                        _ => blocks.push(block),
                    }
                }
            }
            Event::TaskListMarker(ticked) => {
                if let Some(item) = open.iter_mut().rev().find(|o| matches!(o.kind, Kind::Item)) {
                    item.kind = Kind::Task(ticked);
                }
            }
            Event::Text(words) | Event::Code(words) if code == 0 => {
                if let Some(block) = open.last_mut() {
                    if block.text.is_empty() && matches!(block.kind, Kind::Item | Kind::Task(_)) {
                        block.span.start = range.start;
                    }
                    if matches!(block.kind, Kind::Item | Kind::Task(_)) {
                        block.span.end = range.end;
                    }
                    block.text.push_str(&words);
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                if let Some(block) = open.last_mut() {
                    block.text.push('\n');
                }
            }
            _ => {}
        }
    }
    blocks.extend(open);
    blocks.sort_by_key(|b| (b.span.start, std::cmp::Reverse(b.span.end)));
    blocks
}

/// The tables of a text, with their head as the first row.
pub(crate) fn tables(text: &str) -> Vec<Vec<Vec<Cell>>> {
    let mut tables: Vec<Vec<Vec<Cell>>> = Vec::new();
    let mut inside = false;
    for (event, range) in parser(text) {
        match event {
            Event::Start(Tag::Table(_)) => tables.push(Vec::new()),
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                if let Some(table) = tables.last_mut() {
                    table.push(Vec::new());
                }
            }
            Event::Start(Tag::TableCell) => {
                inside = true;
                if let Some(row) = tables.last_mut().and_then(|t| t.last_mut()) {
                    row.push(Cell {
                        text: String::new(),
                        span: Span::new(range.start, range.end),
                    });
                }
            }
            Event::End(TagEnd::TableCell) => inside = false,
            Event::Text(words) | Event::Code(words) if inside => {
                let cell = tables
                    .last_mut()
                    .and_then(|t| t.last_mut())
                    .and_then(|r| r.last_mut());
                if let Some(cell) = cell {
                    cell.text.push_str(&words);
                }
            }
            _ => {}
        }
    }
    tables
}

/// Reads a document. Ids are looked for in the forms of these frameworks.
#[must_use]
pub fn document(text: &Text, frameworks: &[&Framework]) -> Document {
    let mut document = Document {
        text: text.clone(),
        updated: None,
        next_review: None,
        faults: Vec::new(),
        checklist: Vec::new(),
        ids: Vec::new(),
        vague: Vec::new(),
        remarks: Vec::new(),
    };
    let blocks = blocks(&text.text);
    let mut version = None;
    let mut previous: Option<&Block> = None;
    for block in &blocks {
        let source = text.text.get(block.span.clone()).unwrap_or_default();
        // A list item in an item is read by itself: its words are not the outer one's.
        dated(&mut document, source, block.span.start, previous);
        if version.is_none() && block.kind != Kind::Cell {
            version = versioned(source, block.span.start);
        }
        if let Kind::Task(ticked) = block.kind {
            let end = block.span.start + source.trim_end().len();
            document.checklist.push((
                ticked,
                Spanned {
                    value: block.text.trim().to_owned(),
                    span: Span::new(block.span.start, end),
                },
            ));
        }
        if matches!(block.kind, Kind::Heading | Kind::Cell) {
            ids(&mut document, block, source, frameworks);
        }
        if block.kind != Kind::FrontMatter && block.kind != Kind::Heading {
            vague(&mut document, source, block.span.start);
        }
        previous = Some(block);
    }
    document.vague.sort_by_key(|v| v.span);
    document.vague.dedup();
    remarks::remarks(&mut document, &blocks, version.as_ref());
    document
}

/// `Version: 1.0` on a line.
fn versioned(source: &str, start: usize) -> Option<(String, Span)> {
    let mut at = start;
    for line in source.split_inclusive('\n') {
        if let Some((words, value)) = line.split_once(':') {
            let marks = |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '"' | '`');
            if words.trim_matches(marks).eq_ignore_ascii_case("version") {
                let bare = value.trim_matches(marks);
                let from = at + line.find(bare).unwrap_or(words.len() + 1);
                return (!bare.is_empty())
                    .then(|| (bare.to_owned(), Span::new(from, from + bare.len())));
            }
        }
        at += line.len();
    }
    None
}

/// What stands before a date.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Updated,
    Review,
}

fn label(words: &str) -> Option<Label> {
    let lower = words
        .trim()
        .trim_matches(|c: char| matches!(c, '*' | '_' | '|' | '-' | '>' | '#' | ':' | ' '))
        .to_lowercase()
        .replace('_', " ");
    match lower.as_str() {
        "last updated" | "updated" | "last reviewed" | "last revised" | "last modified"
        | "last update" | "last review" | "effective date" => Some(Label::Updated),
        "next review"
        | "next review date"
        | "review by"
        | "review due"
        | "review date"
        | "to be reviewed by"
        | "next scheduled review" => Some(Label::Review),
        _ => None,
    }
}

/// `Last Updated: July 30, 2025` on a line, or a label in one cell and the date in the next.
fn dated(document: &mut Document, source: &str, start: usize, previous: Option<&Block>) {
    let mut at = start;
    for line in source.split_inclusive('\n') {
        if let Some((words, value)) = line.split_once(':')
            && let Some(label) = label(words)
        {
            let from = at + words.len() + 1;
            set(document, label, value, from);
        }
        at += line.len();
    }
    let before = previous.filter(|p| p.kind == Kind::Cell);
    if let Some(label) = before.and_then(|p| label(&p.text)) {
        set(document, label, source, start);
    }
}

fn set(document: &mut Document, label: Label, value: &str, from: usize) {
    let marks = |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '|' | '`');
    let bare = value.trim_matches(marks);
    if bare.is_empty() {
        return;
    }
    let skipped = value.len() - value.trim_start_matches(marks).len();
    let span = Span::new(from + skipped, from + skipped + bare.len());
    let place = match label {
        Label::Updated => &mut document.updated,
        Label::Review => &mut document.next_review,
    };
    if place.as_ref().is_some_and(|known| known.span == span) {
        return;
    }
    match dates::written(bare) {
        // The first one counts: tables of history come below.
        Written::Day(day) => {
            place.get_or_insert(Spanned { value: day, span });
        }
        // What is due within a period is due on its last day.
        Written::Period(period) => {
            let day = match label {
                Label::Updated => period.from,
                Label::Review => period.to,
            };
            place.get_or_insert(Spanned { value: day, span });
        }
        Written::Vague => fault(document, span, format!("`{bare}` names no one day")),
        Written::Unexpanded => fault(
            document,
            span,
            format!("`{bare}` was to be replaced by a day, and was not"),
        ),
        Written::No => fault(document, span, format!("`{bare}` is no day")),
    }
}

fn fault(document: &mut Document, span: Span, message: String) {
    if !document.faults.iter().any(|(s, _)| *s == span) {
        document.faults.push((span, message));
    }
}

/// Ids of requirements in a heading or a cell; with the rest of the heading that one begins.
fn ids(document: &mut Document, block: &Block, source: &str, frameworks: &[&Framework]) {
    let mut found: Vec<(Range<usize>, bool)> = Vec::new();
    for framework in frameworks {
        for (range, meaning) in identifiers::find_ids(framework, source) {
            let known = !matches!(meaning, identifiers::Meaning::Unknown { .. });
            match found.iter_mut().find(|(r, _)| *r == range) {
                Some((_, before)) => *before |= known,
                None => found.push((range, known)),
            }
        }
    }
    found.sort_by_key(|(range, _)| range.start);
    for (range, _) in found {
        let value = source.get(range.clone()).unwrap_or_default().to_owned();
        let first = source
            .get(..range.start)
            .is_some_and(|before| before.chars().all(|c| !c.is_alphanumeric()));
        let title = source
            .get(range.end..)
            .map(|rest| {
                rest.trim_matches(|c: char| {
                    c.is_whitespace() || matches!(c, '-' | ':' | '–' | '—' | '*' | '#' | '|' | '.')
                })
            })
            .filter(|title| block.kind == Kind::Heading && first && !title.is_empty())
            .map(str::to_owned);
        let start = block.span.start;
        document.ids.push((
            Spanned {
                value,
                span: Span::new(start + range.start, start + range.end),
            },
            title,
        ));
    }
}

/// Words for an interval without a number, where no other word on the line names one.
fn vague(document: &mut Document, source: &str, start: usize) {
    let mut at = start;
    for line in source.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        let exact = EXACT.iter().any(|word| lower.contains(word))
            || lower
                .split(|c: char| !c.is_alphanumeric())
                .any(|w| w.parse::<u32>().is_ok());
        if !exact {
            for word in VAGUE {
                let whole = |index: usize| {
                    let around = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                    around(lower.get(..index).and_then(|b| b.chars().next_back()))
                        && around(
                            lower
                                .get(index + word.len()..)
                                .and_then(|a| a.chars().next()),
                        )
                };
                if let Some((index, _)) = lower.match_indices(word).find(|(index, _)| whole(*index))
                {
                    document.vague.push(Spanned {
                        value: word.to_owned(),
                        span: Span::new(at + index, at + index + word.len()),
                    });
                    break;
                }
            }
        }
        at += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        let text = Text::new("d.md", text);
        let d = document(&text, &[]);
        let at = |span: Span| text.text.get(span.range()).unwrap();
        let mut words = Vec::new();
        words.extend(
            d.updated
                .map(|v| format!("updated {} ({})", v.value, at(v.span))),
        );
        words.extend(
            d.next_review
                .map(|v| format!("next {} ({})", v.value, at(v.span))),
        );
        words.extend(
            d.faults
                .iter()
                .map(|(span, why)| format!("fault {why} ({})", at(*span))),
        );
        words.extend(
            d.checklist
                .iter()
                .map(|(ticked, item)| format!("{ticked} {} ({})", item.value, at(item.span))),
        );
        words.extend(d.vague.iter().map(|v| format!("vague {}", at(v.span))));
        words.join("; ")
    }

    #[test]
    fn dates_checklists_and_vague_words_are_read_in_the_usual_forms() {
        let table = [
            (
                "Last Updated: July 30, 2025\nNext Review: October 30, 2025",
                "updated 2025-07-30 (July 30, 2025); next 2025-10-30 (October 30, 2025)",
            ),
            (
                "**Version**: 1.0\n**Last Updated**: 2026-01-20\n",
                "updated 2026-01-20 (2026-01-20)",
            ),
            ("- *Next review:* 2026-Q3\n", "next 2026-09-30 (2026-Q3)"),
            (
                "| Next Review | 2026-05-01 |\n|--|--|\n| a | b |\n",
                "next 2026-05-01 (2026-05-01)",
            ),
            (
                "---\nlast_updated: 2026-01-20\nnext_review: 2027-01-20\n---\n# x\n",
                "updated 2026-01-20 (2026-01-20); next 2027-01-20 (2027-01-20)",
            ),
            (
                "Last Updated: $(date)\n",
                "fault `$(date)` was to be replaced by a day, and was not ($(date))",
            ),
            (
                "Next Review: early 2025\n",
                "fault `early 2025` names no one day (early 2025)",
            ),
            ("```\nLast Updated: 2020-01-01\n- [x] a\n```\n", ""),
            (
                "- [x] RBAC defined\n- [ ] Quarterly access reviews\n",
                "true RBAC defined (RBAC defined); false Quarterly access reviews (Quarterly access reviews)",
            ),
            (
                "- Regular security training\n- Periodic scans every month\n- Irregular things\n",
                "vague Regular",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn spans_lie_in_the_text(text in "([#|*\\- ]{0,3}(Last Updated|Next Review|CC6.1|x|é)?[: |\\[\\]x]{0,4}(2025-01-01|regular|\\$\\(date\\))?\n?){0,6}") {
            let text = Text::new("d.md", text);
            let d = document(&text, &[]);
            for span in d.vague.iter().map(|v| v.span).chain(d.faults.iter().map(|(s, _)| *s)).chain(d.checklist.iter().map(|(_, i)| i.span)) {
                prop_assert!(text.text.get(span.range()).is_some());
            }
        }
    }
}
