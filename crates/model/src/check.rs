//! Checks: what is demanded of things of a type.

use std::sync::Arc;

use crate::plan::{FormatId, TypeId};
use crate::source::{Span, Text};

/// How bad it is that a check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good practice.
    Low,
    /// Weakens a defence.
    Medium,
    /// Opens a way in.
    High,
    /// Gives the machine or the cluster away.
    Critical,
}

impl Severity {
    /// All severities, mildest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it in policies, options and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What the policies of a check do when they are satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Each policy names a fault.
    Forbid,
    /// The policies together name all that is allowed.
    Permit,
}

/// One folder of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The folder's name.
    pub id: String,
    /// The demand, as a person reads it.
    pub title: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// What to do about a failure.
    pub help: String,
    /// The format whose things it judges.
    pub format: FormatId,
    /// What its policies do.
    pub effect: Effect,
    /// The policies' text.
    pub text: Text,
    /// The policies, in the order of the text.
    pub policies: Vec<Policy>,
}

/// One policy of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its own title, or the check's.
    pub title: Arc<str>,
    /// Its own help, or the check's.
    pub help: Arc<str>,
    /// The type of resource that it judges.
    pub judges: TypeId,
    /// Where it stands in the check's text.
    pub span: Span,
    /// Its conditions, where it has any: what a report shows as the reason.
    pub conditions: Option<Span>,
}
