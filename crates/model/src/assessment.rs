//! The result of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check::{Check, Severity};
use crate::extract::ObjectName;
use crate::file::{File, Outcome};
use crate::governance::{Governance, RequirementResult};
use crate::source::{FileId, Position, Span, Text};

/// What one policy of a check says of one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is violated.
    Fail,
    /// It could not be judged: the policy erred, or a value that it reads is not what the schema says.
    Error,
    /// A value that only the run will know decides it.
    Unknown,
    /// It was judged and is in order.
    Pass,
    /// It does not apply to this target.
    NotApplicable,
}

impl Verdict {
    /// All verdicts, worst first.
    pub const ALL: [Self; 5] = [
        Self::Fail,
        Self::Error,
        Self::Unknown,
        Self::Pass,
        Self::NotApplicable,
    ];

    /// The word for it in every report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
            Self::Unknown => "unknown",
            Self::Error => "error",
        }
    }

    /// Whether a person has to look.
    #[must_use]
    pub fn is_finding(self) -> bool {
        match self {
            Self::Fail | Self::Error | Self::Unknown => true,
            Self::Pass | Self::NotApplicable => false,
        }
    }
}

/// A place in a config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
    /// Where the bytes start.
    pub start: Position,
    /// Where the bytes end.
    pub end: Position,
}

/// Something that a policy looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// As the policy writes it: `resource.securityContext.privileged`.
    pub path: Arc<str>,
    /// What it saw.
    pub saw: Saw,
    /// Where that stands, or for what is missing its nearest ancestor that is there. Parameters have no place.
    pub place: Option<Place>,
    /// Where the policy reads it: a place in the check's text.
    pub policy: Span,
}

/// What a policy saw at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saw {
    /// A value, in one line.
    Value(String),
    /// Something that has members or elements, which the policy did not compare as a whole.
    Present,
    /// Nothing.
    Missing,
    /// A value that is not what the schema says.
    Fault(String),
}

/// Why an evaluation is a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong.
    pub message: Arc<str>,
    /// What to do.
    pub help: Arc<str>,
    /// What the policy read, in the order of its text.
    pub read: Vec<Read>,
    /// Further places, such as the first of two equal keys.
    pub also: Vec<(Place, String)>,
}

/// What a check judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The full name of its type.
    pub of: Arc<str>,
    /// Its logical name.
    pub id: Arc<str>,
    /// The object that it belongs to.
    pub object: Arc<ObjectName>,
}

/// One policy's verdict on one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// Index into [`Assessment::checks`].
    pub check: u32,
    /// Index into [`Check::policies`].
    pub policy: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// The target.
    pub target: Target,
    /// Where a person should look.
    pub place: Place,
    /// There for findings.
    pub explanation: Option<Box<Explanation>>,
    /// The waiver that takes a failure away: an index into [`Governance::waivers`] of [`Assessment::governance`].
    pub waiver: Option<u32>,
}

/// How many evaluations had which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub pass: u64,
    /// Failed.
    pub fail: u64,
    /// Did not apply.
    pub not_applicable: u64,
    /// Depends on what only the run will know.
    pub unknown: u64,
    /// Could not be judged.
    pub error: u64,
    /// Failed and waived: not among those that failed.
    pub waived: u64,
}

impl Tally {
    /// Counts one verdict.
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail => self.fail += 1,
            Verdict::NotApplicable => self.not_applicable += 1,
            Verdict::Unknown => self.unknown += 1,
            Verdict::Error => self.error += 1,
        }
    }

    /// Adds up two tallies.
    pub fn merge(&mut self, other: &Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.not_applicable += other.not_applicable;
        self.unknown += other.unknown;
        self.error += other.error;
        self.waived += other.waived;
    }

    /// How many were judged, whatever came out: all but those that did not apply.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.pass + self.fail + self.unknown + self.error + self.waived
    }
}

/// Everything a report is made from.
#[derive(Clone, Debug, Default)]
pub struct Assessment {
    /// The frameworks chosen, as `id` or `id/profile`; empty when none was.
    pub frameworks: Vec<String>,
    /// The parameters that policies saw, as `name`, `value`.
    pub parameters: BTreeMap<String, String>,
    /// The checks asked, in order of id.
    pub checks: Vec<Check>,
    /// What each check found, by its index.
    pub tallies: Vec<Tally>,
    /// Every file walked, in order of path.
    pub files: Vec<File>,
    /// Findings, and with `--all` all evaluations, in order of file, place, check, policy.
    pub evaluations: Vec<Evaluation>,
    /// The requirements of the chosen frameworks.
    pub requirements: Vec<RequirementResult>,
    /// Who must do what, and did they; none where no framework was chosen and nothing is declared.
    pub governance: Option<Governance>,
    /// How many distinct questions Cedar was asked.
    pub questions: u64,
}

impl Assessment {
    /// The tally over all checks.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for tally in &self.tallies {
            sum.merge(tally);
        }
        sum
    }

    /// How many files had an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.files.iter().filter(|f| f.outcome == outcome).count()
    }

    /// A check by its index.
    #[must_use]
    pub fn check(&self, index: u32) -> Option<&Check> {
        self.checks.get(index as usize)
    }

    /// Whether something failed at or above a severity.
    #[must_use]
    pub fn failed(&self, at_least: Severity) -> bool {
        self.checks
            .iter()
            .zip(&self.tallies)
            .any(|(check, tally)| check.severity >= at_least && tally.fail > 0)
    }

    /// How the run ended, in the words of the exit code.
    #[must_use]
    pub fn ending(&self, fail_on: Severity) -> Ending {
        let tally = self.tally();
        let governance = self.governance.as_ref();
        if self.failed(fail_on) || governance.is_some_and(Governance::failed) {
            Ending::Failed
        } else if tally.error > 0
            || tally.unknown > 0
            || self.count(Outcome::Unreadable) > 0
            || governance.is_some_and(Governance::undetermined)
        {
            Ending::Undetermined
        } else if tally.judged() == 0 && !governance.is_some_and(Governance::judged_anything) {
            Ending::NothingJudged
        } else {
            Ending::Clean
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Something was judged and nothing failed at or above its gate.
    Clean,
    /// Something failed.
    Failed,
    /// Nothing was there to judge.
    NothingJudged,
    /// Something could not be judged, and nothing failed.
    Undetermined,
}

impl Ending {
    /// All endings, in the order of their exit codes.
    pub const ALL: [Self; 4] = [
        Self::Clean,
        Self::Failed,
        Self::NothingJudged,
        Self::Undetermined,
    ];

    /// The word for it in every report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Failed => "failed",
            Self::NothingJudged => "nothing-judged",
            Self::Undetermined => "undetermined",
        }
    }

    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Failed => 1,
            Self::NothingJudged => 3,
            Self::Undetermined => 4,
        }
    }
}

/// A text that a frame can be drawn from, for reports.
pub trait Texts {
    /// The decoded text of a config file, unless it is gone or has changed since it was judged.
    fn text(&self, file: FileId) -> Option<Text>;
}
