//! Who must do what, and did they: the result.

use crate::date::{Date, Period};
use crate::problem::Label;
use crate::responsibility::{Fact, Owner, Ssrm};
use crate::setup::GovernanceGate;
use crate::status::{Gate, Reason, Status};
use crate::waiver::WaiverKind;

/// Who has to mend it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// We have.
    Ours,
    /// The provider has.
    Provider(String),
    /// Whoever wrote the document that the facts are from.
    Source,
}

/// One reason for a status.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Because {
    /// Which of the closed list.
    pub reason: Reason,
    /// A sentence: lower case, no full stop.
    pub text: String,
    /// Who has to mend it.
    pub whose: Whose,
    /// Where it stands; the first is the main one.
    pub at: Vec<Label>,
    /// The policy that decided it.
    pub policy: Option<Label>,
    /// What to do.
    pub help: Option<String>,
    /// The check, the evidence or the attestation that it is about.
    pub about: Option<String>,
}

impl Because {
    /// A reason that we have to deal with.
    #[must_use]
    pub fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self {
            reason,
            text: text.into(),
            whose: Whose::Ours,
            at: Vec::new(),
            policy: None,
            help: None,
            about: None,
        }
    }

    /// Says which check, evidence or attestation it is about.
    #[must_use]
    pub fn about(mut self, id: &str) -> Self {
        self.about = Some(id.to_owned());
        self
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, label: Label) -> Self {
        self.at.push(label);
        self
    }

    /// Says who has to mend it.
    #[must_use]
    pub fn whose(mut self, whose: Whose) -> Self {
        self.whose = whose;
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The worst of some reasons; without any, nothing was assessed.
#[must_use]
pub fn worst(because: &[Because]) -> Status {
    because
        .iter()
        .map(|b| b.reason.status())
        .min()
        .unwrap_or(Status::NotAssessed)
}

/// Where one part of a control stands in one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartResult {
    /// Its id within the area; `all` where the control shares nothing.
    pub part: String,
    /// What is to be done.
    pub title: String,
    /// Who is accountable; none where nobody is, or it is not known.
    pub owner: Option<Owner>,
    /// The requirement that an inherited part is asked for, as `framework/requirement`; our own parts are the same for all.
    pub requirement: Option<String>,
    /// Whether the deployment lies in the scope of an attestation: another answer than whether it may inherit.
    pub in_scope: Option<bool>,
    /// Why, worst first.
    pub because: Vec<Because>,
}

impl PartResult {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        worst(&self.because)
    }
}

/// Where a control stands in one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlResult {
    /// The control's id.
    pub control: String,
    /// What people call it.
    pub title: String,
    /// The deployment's id.
    pub deployment: String,
    /// Its parts.
    pub parts: Vec<PartResult>,
}

impl ControlResult {
    /// The worst of all its parts.
    #[must_use]
    pub fn status(&self) -> Status {
        self.of(None)
    }

    /// The worst of its parts for a requirement, as `framework/requirement`; of all parts where none is named.
    #[must_use]
    pub fn of(&self, requirement: Option<&str>) -> Status {
        self.parts
            .iter()
            .filter(|p| {
                requirement.is_none()
                    || p.requirement.is_none()
                    || p.requirement.as_deref() == requirement
            })
            .map(PartResult::status)
            .min()
            .unwrap_or(Status::NotAssessed)
    }
}

/// How a requirement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Controls cover it, and this is the worst of them.
    Covered(Status),
    /// No control covers it.
    NotCovered,
    /// It was declared not to apply, for this reason.
    Excluded(String),
}

impl Standing {
    /// The word for it in every report.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Covered(status) => status.name(),
            Self::NotCovered => "not-covered",
            Self::Excluded(_) => Status::NotApplicable.name(),
        }
    }

    /// The status, if controls cover it.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        match self {
            Self::Covered(status) => Some(*status),
            Self::NotCovered | Self::Excluded(_) => None,
        }
    }
}

/// How a requirement of a chosen framework stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequirementResult {
    /// The framework's id.
    pub framework: String,
    /// The requirement's id within it.
    pub requirement: String,
    /// What people call it.
    pub title: String,
    /// How it stands over all deployments.
    pub standing: Standing,
    /// Whether a control covers all of it, and not only a part.
    pub full: bool,
    /// The controls that cover it: id, deployment, and how it stands there for this requirement.
    pub controls: Vec<(String, String, Status)>,
    /// A documented alternative, where one takes its place.
    pub alternative: Option<Because>,
    /// Requirements of other frameworks that a crosswalk names, with how they stand: a suggestion.
    pub see: Vec<String>,
}

/// Why no party is named for a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absent {
    /// Nobody has to do it.
    NotApplicable,
    /// The source names both and does not say who does what.
    NotStated,
    /// It depends on a fact that is not known.
    Unknown,
    /// A condition erred.
    Undecided,
}

impl Absent {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::NotApplicable,
        Self::NotStated,
        Self::Unknown,
        Self::Undecided,
    ];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotApplicable => "not-applicable",
            Self::NotStated => "not-stated",
            Self::Unknown => "unknown",
            Self::Undecided => "undecided",
        }
    }
}

/// A row of the responsibility matrix: one part, in one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    /// The deployment, or the case where the matrix is printed for all cases.
    pub deployment: String,
    /// The provider.
    pub provider: String,
    /// The framework whose own matrix it is from.
    pub framework: Option<String>,
    /// The area's id.
    pub area: String,
    /// What people call it.
    pub area_title: String,
    /// How the area is divided.
    pub ssrm: Ssrm,
    /// Whether one party can only act when the other has, if that is stated.
    pub dependent: Option<bool>,
    /// The part's id.
    pub part: String,
    /// What is to be done.
    pub part_title: String,
    /// Who is accountable: nobody, one, or by mistake two.
    pub accountable: Vec<Owner>,
    /// Who does it.
    pub performs: Vec<String>,
    /// Why no party is named, where there is more to say than that nobody is.
    pub note: Option<(Absent, String)>,
    /// Where the matrix says so.
    pub at: Option<Label>,
    /// The source, and the day that it was true.
    pub source: Option<String>,
    /// The day that it was true.
    pub as_of: Option<Date>,
}

/// How an occurrence of evidence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OccurrenceState {
    /// It is due and missing.
    Missed,
    /// It is there, and came too late.
    Late,
    /// It is there in time.
    Found,
    /// It is there, and does not count.
    ClaimOnly,
    /// It is there, and its result is bad or contradicts itself.
    Bad,
    /// It is there, and whether it counts cannot be told.
    Undetermined,
    /// It is not due yet.
    Open,
}

impl OccurrenceState {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Missed,
        Self::Late,
        Self::Found,
        Self::ClaimOnly,
        Self::Bad,
        Self::Undetermined,
        Self::Open,
    ];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Late => "late",
            Self::Found => "found",
            Self::ClaimOnly => "claim-only",
            Self::Bad => "bad",
            Self::Undetermined => "undetermined",
            Self::Open => "open",
        }
    }
}

/// One occurrence of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// What people call it: `2026-Q3`, or the event.
    pub label: String,
    /// The period; for events the day.
    pub period: Period,
    /// The last day that it may be done.
    pub due: Date,
    /// How it stands.
    pub state: OccurrenceState,
    /// The record, if there is one.
    pub path: Option<String>,
    /// When it was done, as the record says.
    pub performed: Option<Date>,
}

/// How the evidence of one rule stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceResult {
    /// The control's id.
    pub control: String,
    /// The evidence's id.
    pub evidence: String,
    /// What is recorded.
    pub title: String,
    /// Every occurrence, or those within the audit window.
    pub occurrences: Vec<Occurrence>,
    /// Intervals that we chose, and the source does not state.
    pub defaults: Vec<String>,
}

impl EvidenceResult {
    /// How many are in a state.
    #[must_use]
    pub fn count(&self, state: OccurrenceState) -> usize {
        self.occurrences.iter().filter(|o| o.state == state).count()
    }

    /// How many were due.
    #[must_use]
    pub fn expected(&self) -> usize {
        self.occurrences.len() - self.count(OccurrenceState::Open)
    }
}

macro_rules! observed {
    ($($(#[$doc:meta])* $name:ident $word:literal $defect:literal,)*) => {
        /// Something worth saying that is no reason for a status. A closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Observed {
            $($(#[$doc])* $name,)*
        }

        impl Observed {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word for it in every report.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// Whether it is a defect, and not only a hint.
            #[must_use]
            pub const fn is_defect(self) -> bool {
                match self {
                    $(Self::$name => $defect,)*
                }
            }

            /// The observation of a word.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|o| o.name() == name)
            }
        }
    };
}

observed! {
    /// Nobody is accountable for a part under some plan or region.
    ResponsibilityGap "responsibility-gap" true,
    /// Two parties are accountable for a part under some plan or region.
    ResponsibilityOverlap "responsibility-overlap" true,
    /// The source names both and does not say who does what.
    SplitNotStated "split-not-stated" true,
    /// A deployment names something that its provider does not offer.
    NotOffered "not-offered" true,
    /// A config, or another document, disagrees with what was declared.
    Contradiction "contradiction" true,
    /// A document names a requirement that does not exist.
    UnknownRequirement "unknown-requirement" true,
    /// A document names a label of a series as if it were a requirement.
    GroupLabel "group-label" false,
    /// A document gives a requirement another title than its framework does.
    TitleDiffers "title-differs" false,
    /// A document names an interval without a number.
    VagueInterval "vague-interval" false,
    /// A document holds a date that cannot be read.
    UnreadableDate "unreadable-date" true,
    /// A box is ticked, and nothing shows it.
    ClaimWithoutProof "claim-without-proof" false,
    /// A document is past its own review date.
    ReviewOverdue "review-overdue" true,
    /// A document names a contact that is a template's, or none where one is asked for.
    PlaceholderContact "placeholder-contact" true,
    /// A document claims more controls than it lists.
    CountDiffers "count-differs" false,
    /// A document calls a report a certificate.
    CertifiedReport "certified-report" false,
    /// A document promises in one place what it offers in another.
    PromiseAndOffer "promise-and-offer" true,
    /// A document's head is not what its history says.
    HistoryDiffers "history-differs" true,
    /// A document lists something whose status is no implementation.
    StatusNotImplemented "status-not-implemented" false,
    /// A pack's own facts are past the day until which they are relied on.
    PackOutdated "pack-outdated" false,
    /// What a provider promised is past its day.
    PromiseOverdue "promise-overdue" true,
    /// Two frameworks, or two controls, disagree about how long something is kept.
    RetentionConflict "retention-conflict" true,
    /// A waiver has expired.
    WaiverExpired "waiver-expired" true,
    /// A waiver is not needed.
    WaiverUnused "waiver-unused" true,
    /// A waiver ends soon.
    WaiverEndsSoon "waiver-ends-soon" false,
    /// A waiver does not hold: it is too long, not separately approved, or of something that is never waived.
    WaiverVoid "waiver-void" true,
    /// A waiver lies in the future.
    WaiverNotYet "waiver-not-yet" false,
    /// A report must be read again soon, or a review of ours comes up.
    ReviewSoon "review-soon" false,
    /// A control was left out, and what it is about is there.
    LeftOutPresent "left-out-present" true,
    /// A control is past the day by which it was to be reviewed.
    ControlReviewOverdue "control-review-overdue" true,
}

impl Observed {
    /// Whether it says that a day has passed, or how long something is kept.
    #[must_use]
    pub const fn is_about_time(self) -> bool {
        matches!(
            self,
            Self::ReviewOverdue
                | Self::PromiseOverdue
                | Self::PackOutdated
                | Self::ControlReviewOverdue
                | Self::RetentionConflict
        )
    }
}

/// Something worth saying that is no reason for a status.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observation {
    /// Which of the closed list.
    pub what: Observed,
    /// A sentence: lower case, no full stop.
    pub message: String,
    /// Who has to mend it.
    pub whose: Whose,
    /// Where it stands; the first is the main one.
    pub at: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
}

/// A waiver, and what it was used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverUse {
    /// The waiver's id.
    pub id: String,
    /// Why it may be.
    pub kind: WaiverKind,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who allowed it, and what shows that.
    pub approved_by: Option<String>,
    /// What shows that the approver may: none for *as stated*.
    pub approval_shown: Option<String>,
    /// Its last day.
    pub expires: Date,
    /// How many failures it took away.
    pub used: u64,
}

/// A deployment, as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentShown {
    /// Its id.
    pub id: String,
    /// The provider.
    pub on: Option<String>,
    /// Its facts: the value, if it is known, and what shows it; none for *as declared*.
    pub facts: Vec<(Fact, Option<String>, Option<String>)>,
    /// The agreements that are in force.
    pub agreements: Vec<String>,
}

/// Who must do what, and did they.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Governance {
    /// The day that everything was judged on.
    pub now: Date,
    /// The system.
    pub system: Option<String>,
    /// The deployments.
    pub deployments: Vec<DeploymentShown>,
    /// The controls, in order of id, then deployment.
    pub controls: Vec<ControlResult>,
    /// Controls of packs that were left out, with the reason.
    pub left_out: Vec<(String, String)>,
    /// The responsibility matrix of the deployments.
    pub matrix: Vec<MatrixRow>,
    /// The evidence, in order of control, then id.
    pub evidence: Vec<EvidenceResult>,
    /// The audit window, if one was asked for.
    pub window: Option<Period>,
    /// What else is worth saying.
    pub observations: Vec<Observation>,
    /// The waivers, in order of id.
    pub waivers: Vec<WaiverUse>,
    /// What makes the run fail.
    pub gate: GovernanceGate,
    /// Whether defects of a provider or of a source document count.
    pub gate_provider: bool,
}

impl Governance {
    /// Whether something of governance, not of checks, fails the run.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed_parts().next().is_some() || self.failed_observations().next().is_some()
    }

    /// The parts of controls that fail the run, for another reason than a check. What is theirs has its own gate.
    pub fn failed_parts(&self) -> impl Iterator<Item = (&ControlResult, &PartResult)> {
        let fails = |gate: Gate| match self.gate {
            GovernanceGate::Never => false,
            GovernanceGate::Failed => gate == Gate::Fails,
            GovernanceGate::Strict => matches!(gate, Gate::Fails | Gate::Strict),
        };
        self.controls
            .iter()
            .flat_map(|control| control.parts.iter().map(move |part| (control, part)))
            .filter(move |(_, part)| {
                part.because.iter().any(|b| {
                    b.reason != Reason::CheckFailed
                        && fails(b.reason.status().row().gate)
                        && self.counts(&b.whose)
                })
            })
    }

    /// The observations that fail the run.
    pub fn failed_observations(&self) -> impl Iterator<Item = &Observation> {
        let gated = self.gate != GovernanceGate::Never;
        self.observations
            .iter()
            .filter(move |o| gated && o.what.is_defect() && self.counts(&o.whose))
    }

    /// Whether something of governance, not of checks, could not be judged.
    #[must_use]
    pub fn undetermined(&self) -> bool {
        self.gate != GovernanceGate::Never
            && self.controls.iter().flat_map(|c| &c.parts).any(|part| {
                part.because.iter().any(|b| {
                    b.reason.status().row().gate == Gate::Undetermined
                        && b.reason != Reason::CheckUndecided
                        && b.reason != Reason::InputUnreadable
                        && self.counts(&b.whose)
                })
            })
    }

    /// Whether any part has another answer than that nothing was there to judge.
    #[must_use]
    pub fn judged_anything(&self) -> bool {
        self.controls
            .iter()
            .flat_map(|c| &c.parts)
            .any(|p| p.status() != Status::NotAssessed)
    }

    fn counts(&self, whose: &Whose) -> bool {
        *whose == Whose::Ours || self.gate_provider
    }
}
