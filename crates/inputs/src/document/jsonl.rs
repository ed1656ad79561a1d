//! JSON Lines: every line that is not blank is one document of JSON.
//!
//! A line that is no JSON spoils itself alone: the others are read, and the tree says which are broken. A file in which
//! most lines are broken is something else.

use onus_model::source::Span;

use super::Failure;
use super::build::Builder;
use super::json;

/// How many lines may be broken before it is not this syntax.
const BROKEN: usize = 1_000;

/// Hands the nodes of every line's document to the builder. A blank file has none.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Result<(), Failure> {
    let mut start = 0;
    let (mut read, mut broken) = (0_usize, 0_usize);
    let mut first = None;
    for written in text.split_inclusive('\n') {
        let end = start + written.trim_ascii_end().len();
        let from = end.min(start + (written.len() - written.trim_ascii_start().len()));
        start += written.len();
        if from == end {
            continue;
        }
        let mark = builder.mark();
        let Err(failure) = json::part(text, from..end, builder) else {
            read += 1;
            continue;
        };
        broken += 1;
        let span = Span::new(from, end);
        let reason = failure.reason.replace("end of file", "end of line");
        builder.broken(mark, span, format!("this line is not JSON: {reason}"));
        let failure = Failure { reason, ..failure };
        if broken > BROKEN {
            let reason = format!("more than {BROKEN} lines are not JSON");
            return Err(Failure::unreadable(reason, Some(span)));
        }
        first.get_or_insert(failure);
    }
    match first {
        Some(failure) if read == 0 => Err(failure),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::*;

    /// Each document as it is written, with what is wrong with it.
    fn lines(text: &str) -> Vec<String> {
        match read(text.into(), Syntax::JsonLines, &Limits::default()) {
            Ok(tree) => tree
                .documents()
                .iter()
                .map(|document| {
                    let at = tree.text().get(tree.span(*document).range()).unwrap();
                    match tree.is_broken(*document) {
                        Some(why) => format!("{at} ! {why}"),
                        None => at.to_owned(),
                    }
                })
                .collect(),
            Err(failure) => {
                let span = failure.span.unwrap();
                vec![format!("{} at {}", failure.reason, span.start)]
            }
        }
    }

    #[test]
    fn every_line_is_a_document_and_a_broken_one_spoils_itself_alone() {
        let broken = |why: &str| format!("! this line is not JSON: {why}");
        let table: [(&str, Vec<String>); 10] = [
            ("", vec![]),
            ("\n \r\n\t\n", vec![]),
            (
                "{\"a\": 1}\r\n\n [2] \n\"x\"",
                vec!["{\"a\": 1}".into(), "[2]".into(), "\"x\"".into()],
            ),
            (
                "{\"a\": {\"b\": [1, {\"c\n{\"a\": 2}\n",
                vec![
                    format!(
                        "{{\"a\": {{\"b\": [1, {{\"c {}",
                        broken("end of line while parsing a string")
                    ),
                    "{\"a\": 2}".into(),
                ],
            ),
            (
                "1\n{\"a\": 1} {\"a\": 2}\n",
                vec![
                    "1".into(),
                    format!(
                        "{{\"a\": 1}} {{\"a\": 2}} {}",
                        broken("trailing characters")
                    ),
                ],
            ),
            (
                "1\n// note\n",
                vec![
                    "1".into(),
                    format!("// note {}", broken("expected a value")),
                ],
            ),
            (
                "1\n{\"a\": \"\\ud800\"}\n",
                vec![
                    "1".into(),
                    format!(
                        "{{\"a\": \"\\ud800\"}} {}",
                        broken("unexpected end of hex escape")
                    ),
                ],
            ),
            ("x\n", vec!["expected a value at 0".into()]),
            (
                "\n {\n",
                vec!["end of line while parsing an object at 3".into()],
            ),
            (
                "1\n{\"a\": 1, \"a\": 2}",
                vec!["1".into(), "{\"a\": 1, \"a\": 2}".into()],
            ),
        ];
        for (text, expect) in table {
            assert_eq!(lines(text), expect, "{text:?}");
        }
    }

    #[test]
    fn a_file_of_broken_lines_is_something_else() {
        let text = format!("1\n{}", "x\n".repeat(1_001));
        let failure = read(text.into(), Syntax::JsonLines, &Limits::default()).unwrap_err();
        assert_eq!(failure.reason, "more than 1000 lines are not JSON");
        let flat = Limits {
            depth: 1,
            ..Limits::default()
        };
        let tree = read("[1]\n[[1]]\n".into(), Syntax::JsonLines, &flat).unwrap();
        let (document, why) = &tree.broken()[0];
        assert_eq!(why, "this line is not JSON: nested deeper than 1 levels");
        assert_eq!(tree.documents()[1], *document);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn whatever_is_read_as_json_is_read_as_a_line(
            lines in prop::collection::vec("[a-z0-9\\[\\]{}:,\" \\\\éu]{0,12}", 0..6),
        ) {
            let text = lines.join("\n");
            let expect: Vec<_> = lines
                .iter()
                .filter(|line| !line.trim_ascii().is_empty())
                .map(|line| read(line.clone().into(), Syntax::Json, &Limits::default()).is_ok())
                .collect();
            match read(text.into(), Syntax::JsonLines, &Limits::default()) {
                Ok(tree) => {
                    let found: Vec<_> = tree
                        .documents()
                        .iter()
                        .map(|document| tree.is_broken(*document).is_none())
                        .collect();
                    prop_assert_eq!(found, expect);
                }
                Err(_) => prop_assert!(!expect.iter().any(|good| *good)),
            }
        }
    }
}
