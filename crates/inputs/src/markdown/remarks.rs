//! What a document says of itself that cannot all be so: contacts that lead nowhere, counts that are not met, reports called
//! certificates, promises beside offers, a history that is behind.

use onus_model::date::Date;
use onus_model::evidence::{Document, Remark};
use onus_model::governance::Observed;
use onus_model::source::Span;

use super::{Block, Cell, Kind, tables};
use crate::dates::{self, Written};

/// Domains that stand in templates. Those of RFC 2606 (`example.com`) are not among them: who uses them says that it is an example.
const TEMPLATES: [&str; 10] = [
    "company.com",
    "yourcompany.com",
    "your-company.com",
    "mycompany.com",
    "yourdomain.com",
    "your-domain.com",
    "domain.com",
    "yourorg.com",
    "your-org.com",
    "acme-placeholder.com",
];

/// What people write where a contact is still to be filled in.
const OPEN: [&str; 9] = [
    "tbd",
    "tba",
    "todo",
    "n/a",
    "none",
    "xxx",
    "placeholder",
    "changeme",
    "to be defined",
];

/// Words of a status that promise, or merely describe.
const NOT_YET: [&str; 8] = [
    "documented",
    "planned",
    "coming soon",
    "in progress",
    "draft",
    "partial",
    "partially implemented",
    "to be implemented",
];

/// What is promised or offered, with other words for the same.
const PROMISED: [(&str, &[&str]); 5] = [
    ("HIPAA", &["hipaa", "business associate", "baa"]),
    ("PCI DSS", &["pci"]),
    ("SOC 2", &["soc 2", "soc2"]),
    ("ISO 27001", &["iso 27001", "iso/iec 27001"]),
    ("GDPR", &["gdpr"]),
];

/// Adds all remarks, in order of place.
pub(super) fn remarks(document: &mut Document, blocks: &[Block], version: Option<&(String, Span)>) {
    let text = document.text.text.clone();
    let tables = tables(&text);
    let mut found = Vec::new();
    for block in blocks.iter().filter(|b| b.kind != Kind::FrontMatter) {
        let source = text.get(block.span.clone()).unwrap_or_default();
        placeholders(source, block.span.start, &mut found);
        certified(source, block, &mut found);
    }
    for table in &tables {
        contacts(table, &mut found);
        statuses(table, &mut found);
        history(document, table, version, &mut found);
    }
    counts(&text, blocks, &tables, &mut found);
    promises(blocks, &mut found);
    found.sort_by_key(|a| (a.span, a.what));
    found.dedup_by(|a, b| (a.span, a.what) == (b.span, b.what));
    document.remarks = found;
}

fn remark(what: Observed, span: Span, message: String, help: &str) -> Remark {
    Remark {
        what,
        message,
        span,
        help: help.to_owned(),
    }
}

const REACHABLE: &str = "write down who can be reached, and how";

/// Mail addresses and URLs at a template's domain.
fn placeholders(source: &str, start: usize, found: &mut Vec<Remark>) {
    let apart = |c: char| c.is_whitespace() || "<>()[]\"'`|,;*".contains(c);
    let mut at = 0;
    for word in source.split(apart) {
        let begin = at;
        at += word.len()
            + source
                .get(at + word.len()..)
                .and_then(|r| r.chars().next())
                .map_or(0, char::len_utf8);
        let word = word.trim_end_matches(['.', ':', '!', '?']);
        let lower = word.to_lowercase();
        let host = match (lower.rsplit_once('@'), lower.split_once("://")) {
            (Some((_, host)), None) => host,
            (_, Some((_, rest))) => rest.split(['/', '?', '#', ':']).next().unwrap_or(rest),
            (None, None) => continue,
        };
        let template = TEMPLATES
            .iter()
            .any(|known| host == *known || host.ends_with(&format!(".{known}")));
        if template {
            found.push(remark(
                Observed::PlaceholderContact,
                Span::new(start + begin, start + begin + word.len()),
                format!("`{word}` is a template's, and reaches nobody"),
                REACHABLE,
            ));
        }
    }
}

/// The column of a table whose head is one of these words, or ends with one.
fn column(table: &[Vec<Cell>], words: &[&str]) -> Option<usize> {
    table.first()?.iter().position(|cell| {
        let head = cell.text.trim().to_lowercase();
        words
            .iter()
            .any(|word| head == *word || head.ends_with(&format!(" {word}")))
    })
}

/// Contacts in a table that nobody filled in, and telephones without a number.
fn contacts(table: &[Vec<Cell>], found: &mut Vec<Remark>) {
    let Some(contact) = column(table, &["contact", "contacts", "e-mail", "email"]) else {
        return;
    };
    for row in table.iter().skip(1) {
        let Some(cell) = row.get(contact) else {
            continue;
        };
        let said = cell.text.trim();
        let lower = said.to_lowercase();
        let empty = said.is_empty() || said.chars().all(|c| c == '-' || c == '–' || c == '—');
        let open = OPEN.contains(&lower.as_str()) || (said.starts_with('<') && said.ends_with('>'));
        if empty || open {
            let message = if empty {
                "nobody is named as a contact".to_owned()
            } else {
                format!("`{said}` reaches nobody")
            };
            found.push(remark(
                Observed::PlaceholderContact,
                cell.span,
                message,
                REACHABLE,
            ));
        }
        let number = row
            .iter()
            .any(|c| c.text.chars().filter(char::is_ascii_digit).count() >= 5);
        for cell in row.iter().skip(1) {
            let lower = cell.text.trim().to_lowercase();
            if ["phone", "telephone", "mobile", "call"].contains(&lower.as_str()) && !number {
                found.push(remark(
                    Observed::PlaceholderContact,
                    cell.span,
                    format!("`{}`, and no number", cell.text.trim()),
                    REACHABLE,
                ));
            }
        }
    }
}

/// A status that is no implementation.
fn statuses(table: &[Vec<Cell>], found: &mut Vec<Remark>) {
    let Some(status) = column(table, &["status"]) else {
        return;
    };
    for cell in table.iter().skip(1).filter_map(|row| row.get(status)) {
        let said = cell.text.trim();
        if NOT_YET.contains(&said.to_lowercase().as_str()) {
            found.push(remark(
                Observed::StatusNotImplemented,
                cell.span,
                format!("`{said}` is not implemented"),
                "mark the control as `planned`, or show it with a check or a record",
            ));
        }
    }
}

/// A SOC 2 report that is called a certificate. Who says that it is none is right.
fn certified(source: &str, block: &Block, found: &mut Vec<Remark>) {
    let lower = source.to_lowercase();
    let soc = ["soc 2", "soc2"].iter().find_map(|word| lower.find(word));
    let certified = lower.find("certif");
    let denied = [
        "not a certif",
        "no certif",
        "not certif",
        "rather than a certif",
    ]
    .iter()
    .any(|words| lower.contains(words));
    if let (Some(_), Some(at), false) = (soc, certified, denied)
        && source.len() == lower.len()
    {
        let word = source.get(at..).unwrap_or_default();
        let end = word
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(word.len());
        found.push(remark(
            Observed::CertifiedReport,
            Span::new(block.span.start + at, block.span.start + at + end),
            "a SOC 2 examination ends with an auditor's report, and certifies nothing".to_owned(),
            "say which type of report it is, and for which period",
        ));
    }
}

/// `120+ controls`, where fewer are listed.
fn counts(text: &str, blocks: &[Block], tables: &[Vec<Vec<Cell>>], found: &mut Vec<Remark>) {
    let items = blocks
        .iter()
        .filter(|b| matches!(b.kind, Kind::Item | Kind::Task(_)))
        .count();
    let rows: usize = tables.iter().map(|t| t.len().saturating_sub(1)).sum();
    let listed = items + rows;
    for block in blocks
        .iter()
        .filter(|b| matches!(b.kind, Kind::Paragraph | Kind::Heading))
    {
        let source = text.get(block.span.clone()).unwrap_or_default();
        let mut words = source
            .split(|c: char| c.is_whitespace() || c == '*')
            .filter(|w| !w.is_empty())
            .peekable();
        while let Some(word) = words.next() {
            let digits = word.trim_end_matches('+');
            let Ok(count) = digits.parse::<usize>() else {
                continue;
            };
            let of_controls = words.peek().is_some_and(|next| {
                next.to_lowercase()
                    .trim_end_matches(|c: char| !c.is_alphanumeric())
                    == "controls"
            });
            if of_controls && listed > 0 && listed < count {
                let at = source.find(word).unwrap_or_default();
                found.push(remark(
                    Observed::CountDiffers,
                    Span::new(block.span.start + at, block.span.start + at + word.len()),
                    format!("`{word} controls` are claimed, and {listed} are listed"),
                    "list them all, or claim as many as are listed",
                ));
            }
        }
    }
}

/// Something is promised for later, and offered elsewhere in the same document.
fn promises(blocks: &[Block], found: &mut Vec<Remark>) {
    // What stands below a heading speaks of what the heading names.
    let mut heading = String::new();
    let mut said: Vec<(String, &Block)> = Vec::new();
    for block in blocks {
        let lower = block.text.to_lowercase();
        if block.kind == Kind::Heading {
            heading.clone_from(&lower);
        }
        let own = PROMISED
            .iter()
            .any(|(_, words)| words.iter().any(|w| lower.contains(w)));
        let all = if own {
            lower
        } else {
            format!("{heading} {lower}")
        };
        said.push((all, block));
    }
    for (name, words) in PROMISED {
        let about = |all: &str| words.iter().any(|word| all.contains(word));
        let promise = |all: &str| {
            ["coming soon", "working toward", "planned", "in preparation"]
                .iter()
                .any(|p| all.contains(p))
        };
        let offer = |all: &str| {
            [
                "available",
                "on request",
                "upon request",
                "certified",
                "compliant",
            ]
            .iter()
            .any(|o| all.contains(o))
                && !promise(all)
        };
        let promised = said.iter().find(|(all, _)| about(all) && promise(all));
        let offered = said.iter().any(|(all, _)| about(all) && offer(all));
        if let (Some((_, block)), true) = (promised, offered) {
            found.push(remark(
                Observed::PromiseAndOffer,
                Span::new(block.span.start, block.span.end),
                format!("{name} is promised here, and offered elsewhere in this document"),
                "say which of the two is so: what is promised satisfies nothing",
            ));
        }
    }
}

/// The newest row of a history that is not what the head says.
fn history(
    document: &Document,
    table: &[Vec<Cell>],
    version: Option<&(String, Span)>,
    found: &mut Vec<Remark>,
) {
    let (Some(versions), Some(days)) = (column(table, &["version"]), column(table, &["date"]))
    else {
        return;
    };
    let rows = table.iter().skip(1).filter_map(|row| {
        let day = match dates::written(row.get(days)?.text.trim()) {
            Written::Day(day) => Some(day),
            _ => None,
        };
        Some((day?, row.get(versions)?, row.get(days)?))
    });
    let Some((day, newest, dated)) = rows.max_by_key(|(day, _, _): &(Date, &Cell, &Cell)| *day)
    else {
        return;
    };
    let help = "let the head and the history say the same";
    if let Some((version, _)) = version
        && version.as_str() != newest.text.trim()
    {
        found.push(remark(
            Observed::HistoryDiffers,
            newest.span,
            format!(
                "the newest version here is `{}`, and the head says `{version}`",
                newest.text.trim()
            ),
            help,
        ));
    }
    if let Some(updated) = &document.updated
        && updated.value != day
    {
        found.push(remark(
            Observed::HistoryDiffers,
            dated.span,
            format!(
                "the newest version here is of {day}, and the head says {}",
                updated.value
            ),
            help,
        ));
    }
}

#[cfg(test)]
mod tests {
    use onus_model::source::Text;

    use super::super::document;

    fn told(text: &str) -> Vec<String> {
        let text = Text::new("doc.md", text);
        let document = document(&text, &[]);
        let told = document.remarks.iter().map(|r| {
            let place = text.text.get(r.span.range()).unwrap_or_default();
            format!(
                "{} at `{}`",
                r.what.name(),
                place.trim().trim_matches('|').trim()
            )
        });
        told.collect()
    }

    #[test]
    fn contacts_of_templates_and_open_ones_reach_nobody() {
        assert_eq!(
            told("Write to security@company.com, or see https://docs.your-domain.com/x."),
            [
                "placeholder-contact at `security@company.com`",
                "placeholder-contact at `https://docs.your-domain.com/x`"
            ]
        );
        assert!(told("Write to security@example.com or ann@mycompany.example.").is_empty());
        let table = |row: &str| {
            told(&format!(
                "| Role | Contact | Escalation |\n|---|---|---|\n{row}\n"
            ))
        };
        assert_eq!(
            table("| Lead | TBD | page |"),
            ["placeholder-contact at `TBD`"]
        );
        assert_eq!(table("| Lead | | page |").len(), 1);
        assert_eq!(
            table("| Director | ann@example.com | Phone |"),
            ["placeholder-contact at `Phone`"]
        );
        assert!(table("| Director | ann@example.com, +1 555 0100 | Phone |").is_empty());
    }

    #[test]
    fn counts_certificates_and_promises_are_compared_with_what_stands_beside_them() {
        assert_eq!(
            told("We run 3+ controls:\n\n- a\n- b\n"),
            ["count-differs at `3+`"]
        );
        assert!(told("We run 2+ controls:\n\n- a\n- b\n").is_empty());
        assert!(told("A 3 year plan for controls:\n\n- a\n").is_empty());
        assert_eq!(
            told("We are SOC 2 Type I certified."),
            ["certified-report at `certified`"]
        );
        assert!(told("SOC 2 is a report and not a certificate.").is_empty());
        assert!(told("ISO 27001 certified.").is_empty());
        assert_eq!(
            told("## HIPAA\n\nComing soon.\n\n## Contracts\n\nA BAA is available on request.\n"),
            ["promise-and-offer at `Coming soon.`"]
        );
        assert!(told("## HIPAA\n\nComing soon.\n\n## GDPR\n\nA DPA is available.\n").is_empty());
    }

    #[test]
    fn a_history_and_a_status_are_held_against_what_they_stand_for() {
        let doc = |head: &str, row: &str| {
            told(&format!(
                "**Version**: {head}\n**Last Updated**: 2026-01-20\n\n| Version | Date |\n|---|---|\n| 0.9 | 2025-12-01 |\n{row}\n"
            ))
        };
        assert!(doc("1.0", "| 1.0 | 2026-01-20 |").is_empty());
        assert_eq!(
            doc("1.1", "| 1.0 | 2026-01-20 |"),
            ["history-differs at `1.0`"]
        );
        assert_eq!(
            doc("1.0", "| 1.0 | 2026-01-21 |"),
            ["history-differs at `2026-01-21`"]
        );
        assert_eq!(
            told("| Control | Status |\n|---|---|\n| a | Implemented |\n| b | Documented |\n"),
            ["status-not-implemented at `Documented`"]
        );
    }
}
