//! Every file that was walked is accounted for.

use crate::source::{Position, Span};

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Read, and at least one object in it belongs to a known format.
    Checked,
    /// Nothing in it belongs to a known format.
    UnknownFormat,
    /// An ignore file names it.
    Ignored,
    /// Left out on purpose, for the reason given.
    Skipped,
    /// It should have been read and could not be: never a pass.
    Unreadable,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 5] = [
        Self::Checked,
        Self::UnknownFormat,
        Self::Ignored,
        Self::Skipped,
        Self::Unreadable,
    ];

    /// The word for it in every report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Checked => "checked",
            Self::UnknownFormat => "unknown-format",
            Self::Ignored => "ignored",
            Self::Skipped => "skipped",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One file (or a folder that was not entered) and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The path as reached from the working folder, with `/` between parts.
    pub path: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where the outcome does not say it by itself.
    pub reason: Option<String>,
    /// Where the reason stands in the text, with its bytes.
    pub at: Option<(Position, Span)>,
    /// Documents read.
    pub documents: u32,
    /// Objects of known formats.
    pub objects: u32,
    /// Keys that stand twice in one mapping.
    pub duplicate_keys: u32,
}
