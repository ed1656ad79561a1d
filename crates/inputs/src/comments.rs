//! Waivers in comments beside a line: `# onus: waive no-host-ports until 2027-01-31 because the agent needs it (approved: jane)`.

use onus_model::date::Period;
use onus_model::problem::Problem;
use onus_model::source::{Span, Spanned, Text};
use onus_model::waiver::{Waiver, WaiverKind};

use crate::dates::day;

const FORM: &str =
    "write `# onus: waive CHECK until 2027-01-31 because REASON (owner: NAME, approved: NAME)`";

/// The waivers in the comments of a text. A comment holds for its own line, or where it stands alone for the next line.
///
/// A comment that asks for a waiver and lacks a day or a reason is a problem.
#[must_use]
pub fn waivers(text: &Text) -> (Vec<Waiver>, Vec<Problem>) {
    let mut waivers = Vec::new();
    let mut problems = Vec::new();
    if !text.text.contains("onus:") {
        return (waivers, problems);
    }
    let lines: Vec<&str> = text.text.split('\n').collect();
    let mut at = 0;
    for (index, line) in lines.iter().enumerate() {
        let start = at;
        at += line.len() + 1;
        let Some((before, comment)) = comment(line) else {
            continue;
        };
        let Some(words) = comment.trim_start().strip_prefix("onus:") else {
            continue;
        };
        let from = start + before.len();
        let span = Span::new(from, start + line.trim_end().len());
        // Alone on its line, it speaks of the next one that holds something.
        let meant = if before.trim().is_empty() {
            let next = lines
                .iter()
                .enumerate()
                .skip(index + 1)
                .find(|(_, l)| !l.trim().is_empty() && comment_only(l).is_none());
            next.map_or(index, |(next, _)| next)
        } else {
            index
        };
        match waiver(words, text, span, index, meant) {
            Ok(waiver) => waivers.push(waiver),
            Err(message) => problems.push(Problem::error(message).at(text, span, "").help(FORM)),
        }
    }
    (waivers, problems)
}

fn waiver(
    words: &str,
    text: &Text,
    span: Span,
    index: usize,
    meant: usize,
) -> Result<Waiver, String> {
    let words = words.trim();
    let rest = words
        .strip_prefix("waive ")
        .ok_or("a comment for onus can only waive")?;
    let (check, rest) = rest
        .trim_start()
        .split_once(char::is_whitespace)
        .ok_or("the waiver has no end and no reason")?;
    let rest = rest
        .trim_start()
        .strip_prefix("until ")
        .ok_or("the waiver does not say until when")?
        .trim_start();
    let (until, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let until = day(until).ok_or_else(|| format!("`{until}` is no day"))?;
    let reason = rest
        .trim_start()
        .strip_prefix("because ")
        .ok_or("the waiver gives no reason")?
        .trim();
    let (reason, names) = match reason.strip_suffix(')').and_then(|r| r.rsplit_once('(')) {
        Some((reason, names)) => (reason.trim(), names),
        None => (reason, ""),
    };
    if reason.is_empty() {
        return Err("the waiver gives no reason".to_owned());
    }
    let name = |key: &str| {
        names.split(',').find_map(|pair| {
            let (name, value) = pair.split_once(':')?;
            (name.trim() == key && !value.trim().is_empty()).then(|| value.trim().to_owned())
        })
    };
    let spanned = |value: String| Spanned { value, span };
    let line = u32::try_from(meant + 1).unwrap_or(u32::MAX);
    Ok(Waiver {
        id: spanned(format!("{}:{}", text.name, index + 1)),
        check: Some(spanned(check.to_owned())),
        control: None,
        target: None,
        path: None,
        lines: Some((line, line)),
        deployments: Vec::new(),
        kind: WaiverKind::Exception,
        reason: reason.to_owned(),
        owner: name("owner"),
        requested_by: name("requested"),
        approved_by: name("approved").map(spanned),
        period: Spanned {
            value: Period {
                // Since when it is there is not said.
                from: onus_model::date::Date::MIN,
                to: until,
            },
            span,
        },
        span,
        text: text.clone(),
    })
}

/// What stands before a comment, and what stands in it. A mark inside quotes begins none.
fn comment(line: &str) -> Option<(&str, &str)> {
    let mut quote: Option<char> = None;
    let mut previous = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) => {
                if c == open && previous != '\\' {
                    quote = None;
                }
            }
            None => {
                let rest = line.get(at..)?;
                let marks = [
                    ("#", previous.is_whitespace()),
                    ("//", previous.is_whitespace()),
                    ("--", previous.is_whitespace()),
                ];
                for (mark, free) in marks {
                    if let (true, Some(comment)) = (free, rest.strip_prefix(mark)) {
                        return Some((line.get(..at)?, comment));
                    }
                }
                if c == '"' || (c == '\'' && !previous.is_alphanumeric()) {
                    quote = Some(c);
                }
            }
        }
        previous = c;
    }
    None
}

fn comment_only(line: &str) -> Option<&str> {
    comment(line)
        .filter(|(before, _)| before.trim().is_empty())
        .map(|(_, comment)| comment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let (waivers, problems) = waivers(&Text::new("a.yaml", text));
        let waivers = waivers
            .iter()
            .map(|w| {
                format!(
                    "{} {} lines {:?} until {} because {} by {:?}",
                    w.id.value,
                    w.check.as_ref().unwrap().value,
                    w.lines.unwrap(),
                    w.period.value.to,
                    w.reason,
                    w.approved_by.as_ref().map(|a| a.value.as_str())
                )
            })
            .collect();
        (
            waivers,
            problems.iter().map(|p| p.message.clone()).collect(),
        )
    }

    #[test]
    fn a_comment_waives_its_own_line_or_the_next() {
        let (waivers, problems) = read(
            "hostPort: 80 # onus: waive no-host-ports until 2027-01-31 because the agent needs it (owner: sre, approved: jane)\n\
             # onus: waive b until 2027-01-31 because of it\n\n# another\nprivileged: true\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            waivers,
            [
                "a.yaml:1 no-host-ports lines (1, 1) until 2027-01-31 because the agent needs it by Some(\"jane\")",
                "a.yaml:2 b lines (5, 5) until 2027-01-31 because of it by None",
            ]
        );
    }

    #[test]
    fn a_waiver_without_day_or_reason_is_a_problem() {
        let table = [
            ("# onus: waive a", "the waiver has no end and no reason"),
            (
                "# onus: waive a because x",
                "the waiver does not say until when",
            ),
            ("# onus: waive a until soon because x", "`soon` is no day"),
            (
                "# onus: waive a until 2026-02-30 because x",
                "`2026-02-30` is no day",
            ),
            (
                "# onus: waive a until 2027-01-31",
                "the waiver gives no reason",
            ),
            ("# onus: ignore", "a comment for onus can only waive"),
        ];
        for (text, message) in table {
            assert_eq!(read(text), (vec![], vec![message.to_owned()]), "{text}");
        }
    }

    #[test]
    fn what_stands_in_quotes_is_no_comment() {
        let quoted = "args: [\"# onus: waive a until 2027-01-31 because x\"]\nurl: http://onus: x#onus: waive\n";
        assert_eq!(read(quoted), (vec![], vec![]));
        assert_eq!(read("nothing here\n"), (vec![], vec![]));
    }
}
