//! CODEOWNERS: who approves changes to which paths (GitHub Docs, "About code owners").

use std::collections::BTreeMap;

use onus_model::access::{Access, At, Binding, Given, Holder, Names, Subject, SubjectKind, Word};
use onus_model::problem::Problem;
use onus_model::source::{Span, Text};

use super::{rule, system};
use crate::document::codeowners::{self, LARGEST, Owner, Rule};

/// How often two patterns are compared, and how many are kept as exceptions, before the rest is given up: some gigabytes otherwise.
const COMPARED: usize = 50_000_000;
const KEPT: usize = 1_000_000;

/// Whether a path may be that of code owners: GitHub looks in the root, `.github` and `docs` of a repository, and which folder of a walk
/// is the root of one, no path says.
#[must_use]
pub fn is_codeowners(path: &str) -> bool {
    path.rsplit(['/', '\\'])
        .next()
        .is_some_and(codeowners::is_named)
}

/// Who approves changes to what, by the last pattern that matches, with what is wrong with the file.
///
/// A line that GitHub skips is told and skipped.
#[must_use]
pub fn read_codeowners(file: u32, text: &Text) -> (Access, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut access = Access::default();
    if text.text.len() > LARGEST {
        let problem = Problem::warning(
            "the code owners are more than three megabytes, and GitHub reads none of them",
        )
        .at(text, Span::new(0, 0), "")
        .help("use fewer patterns, of more files each");
        return (access, vec![problem]);
    }
    let mut lines = Vec::new();
    for line in codeowners::lines(&text.text) {
        match line {
            Ok(rule) => lines.push(rule),
            Err(skipped) => problems.push(
                Problem::warning(skipped.message)
                    .at(text, skipped.at, "")
                    .help(skipped.help),
            ),
        }
    }
    let (later, whole) = later(&lines);
    if !whole {
        let problem = Problem::warning("the code owners have too many patterns to tell which of them win: more access is shown than there is")
            .at(text, Span::new(0, 0), "")
            .help("use fewer patterns, of more files each");
        problems.push(problem);
    }
    let system = system();
    let mut names = Names::default();
    let at = |span| At { file, span };
    for (line, later) in lines.iter().zip(later) {
        if line.owners.is_empty() {
            continue;
        }
        let mut word = |text: &str, span| Word::new(names.get(text), at(span));
        let but = later
            .into_iter()
            .filter_map(|index| lines.get(index))
            .map(|other| word(other.pattern, other.span))
            .collect();
        let action = word("approve", line.span);
        let pattern = word(line.pattern, line.span);
        let holders = line
            .owners
            .iter()
            .map(|(owner, span)| {
                let (kind, name) = match owner {
                    Owner::User(name) | Owner::Mail(name) => (SubjectKind::User, name),
                    Owner::Team(name) => (SubjectKind::Group, name),
                };
                Holder {
                    subject: Subject {
                        system: system.clone(),
                        kind,
                        name: names.get(name),
                    },
                    at: at(*span),
                }
            })
            .collect();
        access.bindings.push(Binding {
            system: system.clone(),
            name: "".into(),
            scope: None,
            given: Given::Rules(vec![rule(action, vec![pattern], but)]),
            holders,
            grantable: false,
            conditions: Vec::new(),
            at: at(line.span),
        });
    }
    (access, problems)
}

/// The segments that a path must have in its first places; nothing at a place where it may have any. Empty, where the pattern may
/// match at any depth.
fn anchored(pattern: &str) -> Vec<Option<&str>> {
    let inner = pattern.trim_end_matches('/');
    // As in `.gitignore`, a pattern holds at the root only if a slash stands in it elsewhere than at its end.
    if !inner.contains('/') {
        return Vec::new();
    }
    inner
        .trim_start_matches('/')
        .split('/')
        .take_while(|segment| !segment.contains("**"))
        .map(|segment| (!segment.contains(['*', '?', '\\'])).then_some(segment))
        .collect()
}

/// For each line the later lines whose patterns may match some of the same paths, and whether none had to be given up.
///
/// Leaving out the others is sound. Before the first `**`, a segment of a pattern stands for exactly one segment of a path, at the same
/// place: where two patterns have different literal segments at one place, no path has both. A pattern that stands for a folder reaches
/// what is below it, too, and that has the folder's own segments at those places.
fn later(lines: &[Rule<'_>]) -> (Vec<Vec<usize>>, bool) {
    let segments: Vec<_> = lines.iter().map(|line| anchored(line.pattern)).collect();
    // Most patterns differ in their first segment, and are not even compared.
    let mut by_first: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    let (mut compared, mut kept) = (0, 0);
    let mut whole = true;
    let mut out = vec![Vec::new(); lines.len()];
    let every: Vec<usize> = (0..lines.len()).collect();
    for (index, own) in segments.iter().enumerate().rev() {
        let first = own.first().copied().flatten();
        let of = |key| by_first.get(&key).map_or(&[][..], Vec::as_slice);
        let candidates = match first {
            Some(_) => [of(first), of(None)],
            None => [every.get(index + 1..).unwrap_or_default(), &[]],
        };
        let owned = lines.get(index).is_some_and(|line| !line.owners.is_empty());
        let mut found = Vec::new();
        for other in candidates.into_iter().flatten() {
            compared += 1;
            if !owned || compared > COMPARED || kept > KEPT {
                whole &= !owned;
                break;
            }
            let apart = segments.get(*other).is_some_and(|theirs| {
                own.iter()
                    .zip(theirs)
                    .any(|(a, b)| a.is_some() && b.is_some() && a != b)
            });
            if !apart {
                found.push(*other);
                kept += 1;
            }
        }
        found.sort_unstable();
        if let Some(place) = out.get_mut(index) {
            *place = found;
        }
        by_first.entry(first).or_default().push(index);
    }
    (out, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let text = Text::new("CODEOWNERS", text);
        let (access, problems) = read_codeowners(7, &text);
        let mut out = Vec::new();
        for binding in &access.bindings {
            let Given::Rules(rules) = &binding.given else {
                panic!("rules are given")
            };
            let reach = &rules[0].reach;
            assert_eq!(&*reach.actions[0].text, "approve");
            assert_eq!(
                text.text.get(binding.at.span.range()),
                Some(&*reach.resources[0].text)
            );
            let list = |words: &[Word]| {
                let words: Vec<_> = words.iter().map(|w| &*w.text).collect();
                words.join(" ")
            };
            let to: Vec<_> = binding
                .holders
                .iter()
                .map(|h| format!("{} {}", h.subject.kind.name(), h.subject.name))
                .collect();
            out.push(format!(
                "{} but [{}] to {}",
                list(&reach.resources),
                list(&reach.but_resources),
                to.join(", ")
            ));
        }
        out.extend(problems.into_iter().map(|p| format!("! {}", p.message)));
        out
    }

    #[test]
    fn the_last_pattern_that_matches_wins() {
        for (text, expect) in [
            ("# nothing\n\n  \n", &[][..]),
            (
                "* @ann @org/ops a@b.c # the rest\n*.js @js\n/docs/ @doc\n/docs/x\n/build/ @doc\n",
                &[
                    "* but [*.js /docs/ /docs/x /build/] to user ann, group org/ops, user a@b.c",
                    "*.js but [/docs/ /docs/x /build/] to user js",
                    "/docs/ but [/docs/x] to user doc",
                    "/build/ but [] to user doc",
                ],
            ),
            (
                "a\\ b/c#d @x\r\n/a/*/c @y\n/a/b/d @z\n/**/d @w\n",
                &[
                    "a\\ b/c#d but [/a/*/c /**/d] to user x",
                    "/a/*/c but [/**/d] to user y",
                    "/a/b/d but [/**/d] to user z",
                    "/**/d but [] to user w",
                ],
            ),
            (
                "!a @x\n[ab].c @x\n\\#a @x\nd nobody\ne @a/b/c\nf @\ng @ok",
                &[
                    "g but [] to user ok",
                    "! GitHub takes no `!` in code owners, and skips the line: `!a`",
                    "! GitHub takes no `[` in code owners, and skips the line: `[ab].c`",
                    "! GitHub takes no `\\#` in code owners, and skips the line: `\\#a`",
                    "! `nobody` is no code owner, and GitHub skips the line",
                    "! `@a/b/c` is no code owner, and GitHub skips the line",
                    "! `@` is no code owner, and GitHub skips the line",
                ],
            ),
        ] {
            assert_eq!(told(text), expect, "{text}");
        }
    }

    #[test]
    fn many_patterns_cost_no_more_than_there_is() {
        let apart: String = (0..3_000).map(|i| format!("/src/p{i}/ @a\n")).collect();
        let lines = |text: &str| {
            let text = Text::new("CODEOWNERS", text);
            let (access, problems) = read_codeowners(0, &text);
            (access.bindings.len(), problems.len())
        };
        assert_eq!(lines(&apart), (3_000, 0));
        let together: String = (0..20_000).map(|i| format!("*.x{i} @a\n")).collect();
        assert_eq!(lines(&together), (20_000, 1));
    }

    #[test]
    fn code_owners_are_known_by_their_path() {
        for (path, expect) in [
            ("CODEOWNERS", true),
            (".github/CODEOWNERS", true),
            ("a/docs/CODEOWNERS", true),
            ("CODEOWNERS.md", false),
            ("codeowners", false),
        ] {
            assert_eq!(is_codeowners(path), expect, "{path}");
        }
    }
}
