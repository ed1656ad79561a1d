//! What is wrong with an authored file: a schema, a policy, a control, an argument.

use crate::source::{Span, Text};

/// Whether a problem stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// The run cannot be trusted: exit code 2.
    Error,
    /// Worth saying; the run goes on.
    Warning,
}

/// A place in an authored text and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The text the place is in.
    pub text: Text,
    /// The bytes meant.
    pub span: Span,
    /// A few words; may be empty.
    pub message: String,
}

/// Something wrong that the user can mend, collected and shown with all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Whether it stops the run.
    pub gravity: Gravity,
    /// What is wrong: lower case, no full stop, the user's words in backticks.
    pub message: String,
    /// Where; the first label is the main one. All labels of one problem are in one text.
    pub labels: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// An error without a place.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            gravity: Gravity::Error,
            message: message.into(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// A warning without a place.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self {
            gravity: Gravity::Warning,
            ..Self::error(message)
        }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, text: &Text, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label {
            text: text.clone(),
            span,
            message: message.into(),
        });
        self
    }

    /// Says what to do where there is no near name to suggest.
    #[must_use]
    pub fn help_unless(self, help: impl Into<String>) -> Self {
        if self
            .help
            .as_ref()
            .is_some_and(|h| h.starts_with("did you mean"))
        {
            return self;
        }
        self.help(help)
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The name in `known` that the user most likely meant, if one is near enough: at most a third of its letters differ.
#[must_use]
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (edit_distance(word, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be put in, left out, changed, or swapped with their neighbour; letter case ignored.
fn edit_distance(a: &str, b: &str) -> usize {
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<Vec<_>>()
    };
    let (a, b) = (lower(a), lower(b));
    // Rows of the table: the one before the last, the last, the next.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = at(&last, j) + usize::from(x != y);
            best = best.min(at(&last, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_nearest_name_and_nothing_far() {
        let known = ["privileged", "hostNetwork", "image"];
        assert_eq!(did_you_mean("priviledged", known), Some("privileged"));
        assert_eq!(did_you_mean("hostnetwork", known), Some("hostNetwork"));
        assert_eq!(did_you_mean("volume", known), None);
        assert_eq!(did_you_mean("iamge", known), Some("image"));
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", "acb"), 1);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }
}
