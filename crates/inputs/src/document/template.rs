//! Telling templates of YAML from broken YAML.

use onus_model::source::Span;

/// What template languages put around their parts: Helm and Jinja expressions, Jinja statements and comments.
const MARKS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];

/// Whether template marks are why a text does not parse, whose error stands at `at`; gives the mark that tells.
///
/// They are if the line of the error begins with one where YAML wants a node, or if the text parses without them.
/// Marks inside strings of a file that is broken elsewhere explain nothing.
pub(super) fn explains(text: &str, at: usize, parses: impl Fn(&str) -> bool) -> Option<Span> {
    if !text.contains("{{") && !text.contains("{%") {
        return None;
    }
    let before = text.get(..at).unwrap_or(text);
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    if let Some(mark) = begins(text, line) {
        return Some(mark);
    }
    let (without, first) = blanked(text);
    (without != text && parses(&without)).then_some(first)
}

/// The mark that a line begins with, after dashes or one plain key.
fn begins(text: &str, line: usize) -> Option<Span> {
    let rest = text.get(line..)?;
    let rest = rest.get(..rest.find('\n').unwrap_or(rest.len()))?;
    let mut node = rest.trim_start();
    while let Some(item) = node.strip_prefix("- ") {
        node = item.trim_start();
    }
    let is_mark = |node: &str| node.starts_with("{{") || node.starts_with("{%");
    if !is_mark(node)
        && !node.starts_with('#')
        && let Some((_, value)) = node.split_once(": ")
    {
        node = value.trim_start();
    }
    let start = line + (rest.len() - node.len());
    is_mark(node).then(|| Span::new(start, start + 2))
}

/// The text with a word in the place of each marked part, or nothing where it has its lines to itself; and where the
/// first was. An open mark without its other half goes to the end of its line.
fn blanked(text: &str) -> (String, Span) {
    const BLANKS: [char; 3] = [' ', '\t', '\r'];
    let mut out = String::with_capacity(text.len());
    let mut first = None;
    let mut rest = text;
    // Halves that the rest of the text does not hold: looked for once, so that this takes linear time.
    let mut missing = Vec::new();
    while let Some((start, open, close)) = next_mark(rest) {
        let at = text.len() - rest.len() + start;
        first.get_or_insert(Span::new(at, at + open.len()));
        out.push_str(rest.get(..start).unwrap_or_default());
        let inside = rest.get(start + open.len()..).unwrap_or_default();
        let mut end = None;
        if !missing.contains(&close) {
            end = inside.find(close).map(|end| end + close.len());
            if end.is_none() {
                missing.push(close);
            }
        }
        let end = end.or_else(|| inside.find('\n')).unwrap_or(inside.len());
        rest = inside.get(end..).unwrap_or_default();
        let before = out.trim_end_matches(BLANKS);
        let after = rest.trim_start_matches(BLANKS);
        let alone = (before.is_empty() || before.ends_with('\n'))
            && (after.is_empty() || after.starts_with('\n'));
        if !alone {
            out.push('x');
        }
    }
    out.push_str(rest);
    (out, first.unwrap_or_default())
}

fn next_mark(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let mut found = None;
    for (at, _) in text.match_indices('{') {
        let rest = text.get(at..).unwrap_or_default();
        found = MARKS
            .into_iter()
            .find(|(open, _)| rest.starts_with(open))
            .map(|(open, close)| (at, open, close));
        if found.is_some() {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_a_word_in_the_place_of_a_part_unless_it_stands_alone() {
        let (without, first) =
            blanked("{{- if .x }}\na: {{ .y }}-{# z #}\n  {% endif %}\nb: {{ c\n");
        assert_eq!(without, "\na: x-x\n  \nb: x\n");
        assert_eq!(first, Span::new(0, 2));
    }

    #[test]
    fn only_marks_where_yaml_wants_a_node_explain_an_error() {
        let never = |_: &str| false;
        let at = |text: &str| explains(text, text.find('!').unwrap_or(0), never).is_some();
        assert!(at("a: 1\n{{ x }}!\n"));
        assert!(!at("a: |\n  {{ x }}\n!"));
        assert!(at("- - {{ x }}!"));
        assert!(at("key: {% x %}!"));
        assert!(!at("key: 'a {{ x }}'!"));
        assert!(!at("# x: {{ y }}\n!"));
        assert!(!at("!"));
    }
}
