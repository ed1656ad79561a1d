//! Documents are checked against the grammar as a whole; then their values are taken out without further words.

use onus_model::authored::{Record, Shape};
use onus_model::catalog::Evidence;
use onus_model::date::{Date, Length, Period};
use onus_model::plan::Dialect;
use onus_model::problem::{Problem, did_you_mean};
use onus_model::source::{Span, Spanned, Text};

use crate::dates;
use crate::document::{Kind, NodeId, Scalar, Tree};

/// The form of a day, for help.
const LENGTH: &str = "write a number and a unit: `90 days`, `12 months`";
const DAY: &str = "write days as `2026-11-21`";

/// Reads one file.
pub(super) struct Reader<'t, 'p> {
    pub(super) tree: &'t Tree,
    pub(super) text: &'t Text,
    pub(super) problems: &'p mut Vec<Problem>,
}

impl Reader<'_, '_> {
    pub(super) fn problem(&mut self, message: impl Into<String>, span: Span) -> &mut Problem {
        self.problems
            .push(Problem::error(message).at(self.text, span, ""));
        // It was pushed on the line above.
        let last = self.problems.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the vector is not empty")]
        &mut self.problems[last]
    }

    pub(super) fn say(&mut self, message: impl Into<String>, span: Span, help: impl Into<String>) {
        self.problem(message, span).help = Some(help.into());
    }

    /// The first line of a node.
    pub(super) fn head(&self, node: NodeId) -> Span {
        let span = self.tree.span(node);
        let text = self.tree.text().get(span.range()).unwrap_or_default();
        let length = text.find('\n').unwrap_or(text.len());
        Span::new(span.start as usize, span.start as usize + length)
    }

    /// Checks a mapping and all that is in it. Every problem is reported; nothing stops at the first.
    pub(super) fn check(&mut self, node: NodeId, record: &Record) {
        if self.tree.kind(node) != Kind::Mapping {
            self.say(
                "a mapping is expected here",
                self.head(node),
                format!("its keys are `{}`", names(record).join("`, `")),
            );
            return;
        }
        let entries: Vec<_> = self.tree.entries(node).collect();
        for entry in &entries {
            let name = self.tree.raw(entry.key).to_owned();
            if name == "<<" {
                continue;
            }
            match record.keys.iter().find(|k| k.name == name) {
                Some(key) => self.shape(entry.value, &key.shape),
                None => {
                    let known = names(record);
                    let help = match did_you_mean(&name, known.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("known here are `{}`", known.join("`, `")),
                    };
                    let span = self.tree.span(entry.key);
                    self.say(format!("there is no key `{name}` here"), span, help);
                }
            }
        }
        for key in record.keys.iter().filter(|k| k.required) {
            if self.tree.get(node, key.name).is_none() {
                let span = self.head(node);
                let help = format!("{}: {}", key.name, key.doc);
                self.say(format!("`{}` is missing", key.name), span, help);
            }
        }
        self.twice(node);
    }

    fn twice(&mut self, mapping: NodeId) {
        let found: Vec<_> = self
            .tree
            .duplicates()
            .iter()
            .filter(|d| d.mapping == mapping)
            .map(|d| (d.first, d.second))
            .collect();
        for (first, second) in found {
            self.problems.push(
                Problem::error("this key stands twice")
                    .at(self.text, second, "again here")
                    .at(self.text, first, "first here"),
            );
        }
    }

    fn shape(&mut self, node: NodeId, shape: &Shape) {
        let span = self.head(node);
        match shape {
            Shape::List(inner) => {
                if self.tree.kind(node) == Kind::Sequence {
                    self.each(node, inner);
                } else {
                    self.problem("a list is expected here", span);
                }
            }
            Shape::OneOrMore(inner) => {
                if self.tree.kind(node) == Kind::Sequence {
                    self.each(node, inner);
                } else {
                    self.shape(node, inner);
                }
            }
            Shape::Map(inner) => {
                if self.tree.kind(node) == Kind::Mapping {
                    let values: Vec<_> = self.tree.entries(node).map(|e| e.value).collect();
                    for value in values {
                        self.shape(value, inner);
                    }
                    self.twice(node);
                } else {
                    self.problem("a mapping is expected here", span);
                }
            }
            Shape::Record(record) => self.check(node, record),
            Shape::TextOr(record) => {
                if self.tree.kind(node) == Kind::Scalar {
                    self.shape(node, &Shape::Id);
                } else {
                    self.check(node, record);
                }
            }
            Shape::Condition => match self.tree.kind(node) {
                Kind::Scalar => self.shape(node, &Shape::Text),
                Kind::Mapping => {
                    let values: Vec<_> = self.tree.entries(node).map(|e| e.value).collect();
                    for value in values {
                        self.shape(value, &Shape::OneOrMore(&Shape::Id));
                    }
                    self.twice(node);
                }
                Kind::Sequence => {
                    self.say(
                        "a condition is expected here",
                        span,
                        "facts with their values, `{plan: [a, b]}`, or a Cedar expression as text",
                    );
                }
            },
            _ => self.scalar(node, shape, span),
        }
    }

    fn each(&mut self, node: NodeId, shape: &Shape) {
        let items: Vec<NodeId> = self.tree.items(node).collect();
        for item in items {
            self.shape(item, shape);
        }
    }

    fn scalar(&mut self, node: NodeId, shape: &Shape, span: Span) {
        if self.tree.kind(node) != Kind::Scalar {
            self.problem("one value is expected here", span);
            return;
        }
        let raw = self.tree.raw(node).trim().to_owned();
        let resolved = self.tree.resolve(node, Dialect::Core);
        if raw.is_empty() || matches!(resolved, Scalar::Null) {
            self.problem("a value is expected here", span);
            return;
        }
        let is_text = matches!(resolved, Scalar::Text(_));
        let is_bool = matches!(resolved, Scalar::Bool(_));
        match shape {
            Shape::Text if !is_text => {
                self.say(
                    "text is expected here",
                    span,
                    "put numbers and words such as `true` in quotes",
                );
            }
            Shape::Id if raw.contains(char::is_control) => {
                self.problem("a name is expected here", span);
            }
            Shape::Date if dates::day(&raw).is_none() => {
                let what = match dates::written(&raw) {
                    dates::Written::Unexpanded => "was to be replaced by a day, and was not",
                    dates::Written::No => "is no day",
                    _ => "is no day in the form that is read here",
                };
                self.say(format!("`{raw}` {what}"), span, DAY);
            }
            Shape::Length | Shape::LengthOrNone => match dates::length(&raw) {
                Err(why) => self.say(why, span, LENGTH),
                Ok(None) if *shape == Shape::Length => {
                    self.say(
                        format!("`{raw}` has no end, and here one is needed"),
                        span,
                        LENGTH,
                    );
                }
                Ok(_) => {}
            },
            Shape::Digest if digest(&raw).is_none() => {
                self.say(
                    "a SHA-256 digest has 64 hexadecimal digits",
                    span,
                    "`sha256sum FILE` prints it",
                );
            }
            Shape::Integer if raw.parse::<u64>().is_err() => {
                self.problem(format!("`{raw}` is no whole number"), span);
            }
            Shape::Bool if !is_bool => {
                self.say(
                    format!("`{raw}` is neither"),
                    span,
                    "write `true` or `false`",
                );
            }
            Shape::OneOf(words) if !words.contains(&raw.as_str()) => {
                let vague = dates::length(&raw).is_err_and(|e| e.ends_with("names no number"))
                    && words.contains(&"quarter");
                let message = if vague {
                    format!("`{raw}` names no interval")
                } else {
                    format!("`{raw}` is not known here")
                };
                let help = match did_you_mean(&raw, words.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the words are `{}`", words.join("`, `")),
                };
                self.say(message, span, help);
            }
            _ => {}
        }
    }

    // What follows takes values out. What is malformed was reported, and is absent here.

    pub(super) fn node(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        if self.tree.kind(mapping) != Kind::Mapping {
            return None;
        }
        self.tree.get(mapping, key).map(|e| e.value)
    }

    pub(super) fn word(&self, node: NodeId) -> Option<Spanned<String>> {
        let null = matches!(self.tree.kind(node), Kind::Scalar)
            && matches!(self.tree.resolve(node, Dialect::Core), Scalar::Null);
        if self.tree.kind(node) != Kind::Scalar || null {
            return None;
        }
        let value = self.tree.raw(node).trim().to_owned();
        (!value.is_empty()).then(|| Spanned {
            value,
            span: self.tree.span(node),
        })
    }

    /// A SHA-256 digest in lower case.
    pub(super) fn digest(&self, mapping: NodeId, key: &str) -> Option<Spanned<String>> {
        let found = self.get(mapping, key)?;
        Some(Spanned {
            value: digest(&found.value)?,
            span: found.span,
        })
    }

    pub(super) fn get(&self, mapping: NodeId, key: &str) -> Option<Spanned<String>> {
        self.word(self.node(mapping, key)?)
    }

    pub(super) fn plain(&self, mapping: NodeId, key: &str) -> Option<String> {
        self.get(mapping, key).map(|s| s.value)
    }

    /// The items of a list, or the one value that stands for it.
    pub(super) fn list(&self, mapping: NodeId, key: &str) -> Vec<NodeId> {
        match self.node(mapping, key) {
            None => Vec::new(),
            Some(node) if self.tree.kind(node) == Kind::Sequence => self.tree.items(node).collect(),
            Some(node) => vec![node],
        }
    }

    pub(super) fn words(&self, mapping: NodeId, key: &str) -> Vec<Spanned<String>> {
        self.list(mapping, key)
            .into_iter()
            .filter_map(|item| self.word(item))
            .collect()
    }

    /// A list that may be missing altogether.
    pub(super) fn some_words(&self, mapping: NodeId, key: &str) -> Option<Vec<Spanned<String>>> {
        self.node(mapping, key)?;
        Some(self.words(mapping, key))
    }

    pub(super) fn day(&self, mapping: NodeId, key: &str) -> Option<Spanned<Date>> {
        let word = self.get(mapping, key)?;
        Some(Spanned {
            value: dates::day(&word.value)?,
            span: word.span,
        })
    }

    pub(super) fn date(&self, mapping: NodeId, key: &str) -> Option<Date> {
        self.day(mapping, key).map(|d| d.value)
    }

    /// A length; `Some(None)` for ever.
    pub(super) fn length(&self, mapping: NodeId, key: &str) -> Option<Spanned<Option<Length>>> {
        let word = self.get(mapping, key)?;
        Some(Spanned {
            value: dates::length(&word.value).ok()?,
            span: word.span,
        })
    }

    pub(super) fn finite(&self, mapping: NodeId, key: &str) -> Option<Spanned<Length>> {
        let length = self.length(mapping, key)?;
        Some(Spanned {
            value: length.value?,
            span: length.span,
        })
    }

    pub(super) fn flag(&self, mapping: NodeId, key: &str) -> Option<bool> {
        let node = self.node(mapping, key)?;
        match self.tree.resolve(node, Dialect::Core) {
            Scalar::Bool(flag) if self.tree.kind(node) == Kind::Scalar => Some(flag),
            _ => None,
        }
    }

    /// `from` and `to` of a mapping.
    pub(super) fn period(
        &mut self,
        mapping: NodeId,
        from: &str,
        to: &str,
    ) -> Option<Spanned<Period>> {
        let (first, last) = (self.day(mapping, from)?, self.day(mapping, to)?);
        if last.value < first.value {
            self.problem(format!("`{to}` lies before `{from}`"), last.span);
            return None;
        }
        Some(Spanned {
            value: Period {
                from: first.value,
                to: last.value,
            },
            span: last.span,
        })
    }

    /// The keys and values of a mapping with keys of the author's.
    pub(super) fn pairs(&self, mapping: NodeId, key: &str) -> Vec<(Spanned<String>, NodeId)> {
        let Some(node) = self
            .node(mapping, key)
            .filter(|n| self.tree.kind(*n) == Kind::Mapping)
        else {
            return Vec::new();
        };
        self.tree
            .entries(node)
            .filter_map(|e| Some((self.word(e.key)?, e.value)))
            .collect()
    }
}

fn names(record: &Record) -> Vec<&'static str> {
    record.keys.iter().map(|k| k.name).collect()
}

/// What a pattern for records can hold is checked where it is read.
/// A SHA-256 digest in lower case.
fn digest(raw: &str) -> Option<String> {
    let hex = raw.trim().trim_start_matches("sha256:");
    (hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit())).then(|| hex.to_lowercase())
}

pub(super) fn pattern_problem(evidence: &Evidence, text: &Text) -> Option<Problem> {
    let written = [Some(&evidence.path), evidence.events.as_ref()];
    written.into_iter().flatten().find_map(|path| {
        let why = crate::records::PathPattern::parse(&path.value).err()?;
        Some(
            Problem::error(format!("`{}` is no pattern of paths: {why}", path.value))
                .at(text, path.span, "")
                .help("write for example `access-reviews/{year}-Q{quarter}.md`"),
        )
    })
}
