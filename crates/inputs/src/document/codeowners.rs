//! CODEOWNERS (GitHub Docs, "About code owners"): a pattern and its owners to a line.
//!
//! The document is `{rules: [{pattern, owners: […]}], skipped: [{text, reason}]}`. Of lines that GitHub skips only the
//! second list has something: nobody owns what they name.

use onus_model::source::Span;

use super::Failure;
use super::build::{Builder, Properties};
use super::node::Style;

/// GitHub does not load a larger file.
pub(crate) const LARGEST: usize = 3 << 20;

/// Whether a file of this name may be that of code owners: GitHub looks in the root, `.github` and `docs` of a repository, and which
/// folder of a walk is the root of one, no path says.
pub(crate) fn is_named(name: &str) -> bool {
    name == "CODEOWNERS"
}

/// One line: a pattern, and who owns what it matches; nobody, where it takes ownership away.
#[derive(Clone, Debug)]
pub(crate) struct Rule<'t> {
    pub(crate) pattern: &'t str,
    pub(crate) span: Span,
    pub(crate) owners: Vec<(Owner<'t>, Span)>,
}

/// Somebody who owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner<'t> {
    /// `@user`, without the sign.
    User(&'t str),
    /// `@organization/team`, without the sign.
    Team(&'t str),
    /// An address.
    Mail(&'t str),
}

/// A line that GitHub skips.
#[derive(Clone, Debug)]
pub(crate) struct Skipped {
    /// What is wrong with it.
    pub(crate) message: String,
    /// Where.
    pub(crate) at: Span,
    /// What to write.
    pub(crate) help: &'static str,
    /// The line, without white space around it.
    pub(crate) line: Span,
}

/// The lines that are neither blank nor comments.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Result<Rule<'_>, Skipped>> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |written| {
        let line = line(start, written);
        start += written.len();
        line.transpose()
    })
}

fn line(start: usize, written: &str) -> Result<Option<Rule<'_>>, Skipped> {
    let whole = {
        let end = start + written.trim_end().len();
        let from = start + (written.len() - written.trim_start().len());
        Span::new(from.min(end), end)
    };
    let mut words = words(written).map(|(at, word)| {
        let span = Span::new(start + at, start + at + word.len());
        (word, span)
    });
    let Some((pattern, span)) = words.next() else {
        return Ok(None);
    };
    if pattern.starts_with('#') {
        return Ok(None);
    }
    let skipped = |message: String, at, help| {
        Err(Skipped {
            message,
            at,
            help,
            line: whole,
        })
    };
    for (what, found) in [
        ("!", pattern.starts_with('!')),
        ("[", pattern.contains('[')),
        ("\\#", pattern.starts_with("\\#")),
    ] {
        if found {
            return skipped(
                format!("GitHub takes no `{what}` in code owners, and skips the line: `{pattern}`"),
                span,
                "write a pattern without it; one that takes paths out has no owners",
            );
        }
    }
    let mut owners = Vec::new();
    for (word, span) in words {
        if word.starts_with('#') {
            break;
        }
        match owner(word) {
            Some(owner) => owners.push((owner, span)),
            None => {
                return skipped(
                    format!("`{word}` is no code owner, and GitHub skips the line"),
                    span,
                    "write `@user`, `@organization/team` or an e-mail address",
                );
            }
        }
    }
    Ok(Some(Rule {
        pattern,
        span,
        owners,
    }))
}

fn owner(word: &str) -> Option<Owner<'_>> {
    let Some(name) = word.strip_prefix('@') else {
        let (name, host) = word.split_once('@')?;
        return (!name.is_empty() && !host.is_empty()).then_some(Owner::Mail(word));
    };
    match name.split_once('/') {
        None => (!name.is_empty()).then_some(Owner::User(name)),
        Some((org, team)) => {
            let good = !org.is_empty() && !team.is_empty() && !team.contains('/');
            good.then_some(Owner::Team(name))
        }
    }
}

/// The words of a line with their places. A space after a backslash belongs to its word.
fn words(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = line.get(from..)?;
        let start = from + rest.find(|c: char| !c.is_whitespace())?;
        let mut escaped = false;
        let end = line
            .get(start..)?
            .char_indices()
            .find(|(_, c)| {
                let ends = c.is_whitespace() && !(escaped && *c == ' ');
                escaped = *c == '\\' && !escaped;
                ends
            })
            .map_or(line.len(), |(at, _)| start + at);
        from = end;
        Some((start, line.get(start..end)?))
    })
}

/// A pattern without the backslashes before its spaces: those before other signs mean something in a pattern.
fn unescaped(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some(' ') => out.push(' '),
            Some(other) => out.extend([c, other]),
            None => out.push(c),
        }
    }
    out
}

/// Hands the nodes of the one document to the builder. A file of nothing but comments has none.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Result<(), Failure> {
    if text.len() > LARGEST {
        let reason = "more than three megabytes, and GitHub loads none of it";
        return Err(Failure::unreadable(reason, None));
    }
    let start = |line: Result<Rule<'_>, Skipped>| match line {
        Ok(rule) => rule.span,
        Err(skipped) => skipped.line,
    };
    let Some(first) = lines(text).next().map(start) else {
        return Ok(());
    };
    let at = first.start as usize;
    builder.begin(Style::Mapping, false, at, Properties::NONE)?;
    let key = |builder: &mut Builder<'_>, name: &str, span| {
        builder.scalar(Style::Block, span, name, Properties::NONE);
    };
    key(builder, "rules", first);
    builder.begin(Style::Sequence, false, at, Properties::NONE)?;
    for rule in lines(text).filter_map(Result::ok) {
        let at = rule.span.start as usize;
        builder.begin(Style::Mapping, false, at, Properties::NONE)?;
        key(builder, "pattern", rule.span);
        let pattern = unescaped(rule.pattern);
        builder.scalar(Style::Block, rule.span, &pattern, Properties::NONE);
        let owned = match (rule.owners.first(), rule.owners.last()) {
            (Some((_, first)), Some((_, last))) => first.join(*last),
            _ => rule.span,
        };
        key(builder, "owners", owned);
        let at = owned.start as usize;
        builder.begin(Style::Sequence, false, at, Properties::NONE)?;
        for (_, span) in &rule.owners {
            let owner = text.get(span.range()).unwrap_or_default();
            builder.scalar(Style::Block, *span, owner, Properties::NONE);
        }
        builder.end(owned.end as usize);
        builder.end(owned.end as usize);
    }
    builder.end(at);
    let mut skipped = lines(text).filter_map(Result::err).peekable();
    if let Some(first) = skipped.peek() {
        let at = first.line.start as usize;
        key(builder, "skipped", first.line);
        builder.begin(Style::Sequence, false, at, Properties::NONE)?;
        for line in skipped {
            let at = line.line.start as usize;
            builder.begin(Style::Mapping, false, at, Properties::NONE)?;
            key(builder, "text", line.line);
            let written = text.get(line.line.range()).unwrap_or_default();
            builder.scalar(Style::Block, line.line, written, Properties::NONE);
            key(builder, "reason", line.at);
            builder.scalar(Style::Block, line.at, &line.message, Properties::NONE);
            builder.end(line.line.end as usize);
        }
        builder.end(at);
    }
    builder.end(text.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::*;

    /// The document as text, each scalar as what stands at its place.
    fn tree(text: &str) -> Result<Tree, Failure> {
        read(text.into(), Syntax::CodeOwners, &Limits::default())
    }

    fn rules(text: &str) -> Vec<String> {
        let tree = tree(text).unwrap();
        let Some(root) = tree.documents().first() else {
            return vec!["no document".to_owned()];
        };
        let list = |name: &str| tree.get(*root, name).map(|entry| entry.value);
        let mut out = Vec::new();
        for rule in tree.items(list("rules").unwrap()) {
            let value = |name: &str| tree.get(rule, name).unwrap().value;
            let owners: Vec<_> = tree
                .items(value("owners"))
                .map(|owner| {
                    let at = tree.text().get(tree.span(owner).range());
                    assert_eq!(at, Some(tree.raw(owner)));
                    tree.raw(owner)
                })
                .collect();
            let pattern = value("pattern");
            let at = tree.text().get(tree.span(pattern).range()).unwrap();
            out.push(format!(
                "{} ({at}): {}",
                tree.raw(pattern),
                owners.join(" ")
            ));
        }
        for line in list("skipped").into_iter().flat_map(|s| tree.items(s)) {
            let value = |name: &str| tree.raw(tree.get(line, name).unwrap().value);
            out.push(format!("! {}: {}", value("text"), value("reason")));
        }
        out
    }

    #[test]
    fn a_rule_is_a_pattern_and_its_owners() {
        for (text, expect) in [
            ("", vec!["no document"]),
            ("# nothing\r\n\n   # more\n", vec!["no document"]),
            (
                "# all\n* @ann @org/ops a@example.com # the rest @x\n\n/docs/\n",
                vec!["* (*): @ann @org/ops a@example.com", "/docs/ (/docs/): "],
            ),
            (
                "my\\ docs/a\\*b\\\\ @ann\r\n\ta#b\t@ann",
                vec![
                    "my docs/a\\*b\\\\ (my\\ docs/a\\*b\\\\): @ann",
                    "a#b (a#b): @ann",
                ],
            ),
            (
                "[Section] @ann\n!a @x\n* nobody\n/é @ü\n",
                vec![
                    "/é (/é): @ü",
                    "! [Section] @ann: GitHub takes no `[` in code owners, and skips the line: `[Section]`",
                    "! !a @x: GitHub takes no `!` in code owners, and skips the line: `!a`",
                    "! * nobody: `nobody` is no code owner, and GitHub skips the line",
                ],
            ),
        ] {
            assert_eq!(rules(text), expect, "{text:?}");
        }
    }

    #[test]
    fn what_github_does_not_load_is_unreadable() {
        let failure = tree(&"* @ann\n".repeat(500_000)).unwrap_err();
        assert_eq!(
            failure.reason,
            "more than three megabytes, and GitHub loads none of it"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_text_is_read_and_every_place_is_in_it(text in "[a@/*# \\\\!\\[\r\né\t.]{0,40}") {
            let tree = tree(&text).unwrap();
            let mut open = tree.documents().to_vec();
            while let Some(node) = open.pop() {
                prop_assert!(tree.text().get(tree.span(node).range()).is_some());
                for entry in tree.entries(node) {
                    prop_assert!(tree.text().get(tree.span(entry.key).range()).is_some());
                    open.push(entry.value);
                }
                open.extend(tree.items(node));
            }
        }
    }
}
