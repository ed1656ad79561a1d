//! What is accepted for a time.

use crate::date::{Length, Period};
use crate::source::{Span, Spanned, Text};

/// Why a failure may be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaiverKind {
    /// It is wrong, and stays so for a time.
    Exception,
    /// The check is wrong.
    FalsePositive,
    /// Something else takes its place.
    Compensating,
}

impl WaiverKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Exception, Self::FalsePositive, Self::Compensating];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exception => "exception",
            Self::FalsePositive => "false-positive",
            Self::Compensating => "compensating",
        }
    }
}

/// A failure that is accepted for a time. Comments beside a line become the same record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Its id; for a comment its place.
    pub id: Spanned<String>,
    /// The check that is waived.
    pub check: Option<Spanned<String>>,
    /// Or the control.
    pub control: Option<Spanned<String>>,
    /// The targets, as an id with `*`.
    pub target: Option<Spanned<String>>,
    /// The files, as a path with `*`.
    pub path: Option<Spanned<String>>,
    /// The lines, for a comment.
    pub lines: Option<(u32, u32)>,
    /// The deployments; all where there are none.
    pub deployments: Vec<Spanned<String>>,
    /// Why it may be.
    pub kind: WaiverKind,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who asked for it.
    pub requested_by: Option<String>,
    /// Who allowed it.
    pub approved_by: Option<Spanned<String>>,
    /// Its first and its last day.
    pub period: Spanned<Period>,
    /// Where it stands.
    pub span: Span,
    /// The file.
    pub text: Text,
}

/// How waivers may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiving {
    /// The longest lifetime, by severity, mildest first, and whether the user chose it.
    pub longest: [(Length, bool); 4],
    /// Checks and controls that are never waived.
    pub never: Vec<Spanned<String>>,
    /// How long before its end a waiver is pointed out.
    pub warn: Length,
    /// Whether comments beside a line may waive it.
    pub inline: bool,
}

impl Default for Waiving {
    fn default() -> Self {
        let default = |months| (Length::months(months), false);
        Self {
            longest: [default(12), default(12), default(6), default(3)],
            never: Vec::new(),
            warn: Length::days(14),
            inline: false,
        }
    }
}
