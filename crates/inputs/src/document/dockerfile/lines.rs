//! The lines of a Dockerfile: what goes on over several is one, without what stands between.

use onus_model::source::Span;

use super::super::Failure;
use super::super::folded::Folded;

/// Walks over the lines.
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
    /// The sign that lets a line go on, and takes their meaning from others.
    pub(super) escape: char,
}

/// A here-document that an instruction announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) name: String,
    /// Tabs before its lines are no part of them.
    pub(super) tabs: bool,
    pub(super) at: Span,
}

impl<'t> Lines<'t> {
    /// Reads the directives at the top, of which one may set the escape sign.
    pub(super) fn new(text: &'t str) -> Result<Self, Failure> {
        let mut lines = Self {
            text,
            at: 0,
            escape: '\\',
        };
        let mut seen = Vec::new();
        loop {
            let before = lines.at;
            let directive = lines
                .physical()
                .and_then(|(start, line)| Some((start, line, directive(line)?)));
            let Some((start, line, (name, value))) = directive else {
                lines.at = before;
                return Ok(lines);
            };
            let span = Span::new(start, start + line.trim_end().len());
            if seen.contains(&name) {
                let reason = format!("the directive `{name}` stands twice");
                return Err(Failure::unreadable(reason, Some(span)));
            }
            if name == "escape" {
                lines.escape = match value {
                    "\\" => '\\',
                    "`" => '`',
                    _ => {
                        let reason = format!("`{value}` cannot be the escape sign");
                        return Err(Failure::unreadable(reason, Some(span)));
                    }
                };
            }
            seen.push(name);
        }
    }

    /// The next line of the text, and where it begins.
    fn physical(&mut self) -> Option<(usize, &'t str)> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let start = self.at;
        self.at += length;
        let line = rest.get(..length)?;
        Some((start, line.trim_end_matches(['\r', '\n'])))
    }

    /// The next instruction. Comments and blank lines are none, between the lines of one either.
    pub(super) fn instruction(&mut self) -> Option<Folded> {
        loop {
            let (start, line) = self.physical()?;
            let shown = line.trim_start();
            if shown.is_empty() || shown.starts_with('#') {
                continue;
            }
            let mut folded = Folded::default();
            let mut at = start + (line.len() - shown.len());
            let mut rest = shown;
            loop {
                let goes_on = self.goes_on(rest);
                folded.push(goes_on.unwrap_or(rest), at);
                if goes_on.is_none() {
                    break;
                }
                let next = loop {
                    let next = self.physical();
                    let shown = next.map_or("", |(_, line)| line.trim_start());
                    if next.is_none() || !shown.is_empty() && !shown.starts_with('#') {
                        break next;
                    }
                };
                match next {
                    Some((start, line)) => (at, rest) = (start, line),
                    None => break,
                }
            }
            let folded = folded.trimmed();
            if !folded.is_empty() {
                return Some(folded);
            }
        }
    }

    /// A line without the sign at its end that lets it go on; one that is escaped itself does not.
    fn goes_on<'l>(&self, line: &'l str) -> Option<&'l str> {
        let line = line
            .trim_end_matches([' ', '\t'])
            .strip_suffix(self.escape)?;
        (!line.ends_with(self.escape)).then_some(line)
    }

    /// The lines of a here-document, which begins at the next line.
    pub(super) fn document(&mut self, announced: &Announced) -> Result<Folded, Failure> {
        let mut body = Folded::default();
        loop {
            let before = self.at;
            let Some((start, line)) = self.physical() else {
                let reason = format!("the here-document `{}` has no end", announced.name);
                return Err(Failure::unreadable(reason, Some(announced.at)));
            };
            let shown = match announced.tabs {
                true => line.trim_start_matches('\t'),
                false => line,
            };
            if shown == announced.name {
                return Ok(body);
            }
            let whole = self.text.get(before..self.at).unwrap_or_default();
            let from = line.len() - shown.len();
            body.push(whole.get(from..).unwrap_or_default(), start + from);
        }
    }
}

/// `# name=value`, where the name is one of a directive.
fn directive(line: &str) -> Option<(&'static str, &str)> {
    let (name, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let name = name.trim();
    let value = value.trim();
    let known = ["syntax", "escape", "check"];
    let name = known
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known))?;
    (!value.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        match Lines::new(text) {
            Ok(mut lines) => {
                std::iter::from_fn(|| lines.instruction().map(|l| l.text().to_owned())).collect()
            }
            Err(failure) => vec![format!("! {}", failure.reason)],
        }
    }

    #[test]
    fn lines_that_go_on_are_one() {
        let table: [(&str, &[&str]); 12] = [
            ("", &[]),
            ("\n# a\n  \r\n", &[]),
            ("FROM a\r\n  RUN b  \n", &["FROM a", "RUN b"]),
            (
                "RUN a \\\n# note\n\n   # note\n  && b \\ \t\n&& c\nRUN d",
                &["RUN a   && b && c", "RUN d"],
            ),
            ("RUN a \\\r\n b\r\n", &["RUN a  b"]),
            ("RUN a \\\\\nRUN b", &["RUN a \\\\", "RUN b"]),
            ("RUN a \\", &["RUN a"]),
            ("\\\nRUN a", &["RUN a"]),
            (
                "# escape=`\nRUN a \\\nRUN b `\n c",
                &["RUN a \\", "RUN b  c"],
            ),
            ("# Syntax = x\n#ESCAPE=`\nRUN a `\nb", &["RUN a b"]),
            ("# note\n# escape=`\nRUN a `\n", &["RUN a `"]),
            ("# escape=x\n", &["! `x` cannot be the escape sign"]),
        ];
        for (text, expect) in table {
            assert_eq!(told(text), expect, "{text:?}");
        }
        assert_eq!(
            told("# escape=`\n# escape=`\n"),
            ["! the directive `escape` stands twice"]
        );
    }

    #[test]
    fn a_here_document_ends_at_its_name() {
        let text = "RUN <<E\n a\n# b \\\nE\nRUN c";
        let mut lines = Lines::new(text).unwrap();
        assert_eq!(lines.instruction().unwrap().text(), "RUN <<E");
        let announced = |name: &str, tabs| Announced {
            name: name.to_owned(),
            tabs,
            at: Span::new(4, 7),
        };
        let body = lines.document(&announced("E", false)).unwrap();
        assert_eq!(body.text(), " a\n# b \\\n");
        assert_eq!(text.get(body.whole().range()), Some(" a\n# b \\\n"));
        assert_eq!(lines.instruction().unwrap().text(), "RUN c");
        let failure = lines.document(&announced("E", false)).unwrap_err();
        assert_eq!(failure.reason, "the here-document `E` has no end");
        let mut lines = Lines::new("\t\ta\n\tE\n").unwrap();
        let body = lines.document(&announced("E", true)).unwrap();
        assert_eq!((body.text(), body.at(0)), ("a\n", 2));
    }
}
