//! Frameworks, their requirements, and the controls that meet them.

use std::collections::BTreeSet;

use crate::access::{Permissions, Person};
use crate::check::Severity;
use crate::date::{Date, Frequency, Length};
use crate::responsibility::{Agreement, Attestation, Matrix, Party, Statement};
use crate::rows::{Covers, Sheet};
use crate::source::{Span, Spanned, Text};
use crate::waiver::Waiver;

/// A body of requirements that somebody is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framework {
    /// Its id, as in `--framework ID/PROFILE`.
    pub id: Spanned<String>,
    /// Other names that people write for the id.
    pub aliases: Vec<String>,
    /// What people call it.
    pub title: String,
    /// The edition that the requirements are of.
    pub version: String,
    /// How reports write that edition; none where they do not name one.
    pub editions: Vec<String>,
    /// Where it is published.
    pub source: Option<String>,
    /// Its requirements, in its own order.
    pub requirements: Vec<Requirement>,
    /// Labels of series, which are no requirements.
    pub groups: Vec<Group>,
    /// Ids that are written and do not exist.
    pub misspelt: Vec<Misspelt>,
    /// Named selections of requirements.
    pub profiles: Vec<Profile>,
    /// The file.
    pub text: Text,
}

impl Framework {
    /// The requirement of an official id.
    #[must_use]
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|r| r.id.value == id)
    }
}

/// Something a framework demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its id within the framework.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The requirement or group that it is a part of.
    pub within: Option<Spanned<String>>,
    /// The category that an attestation may cover.
    pub category: Option<String>,
    /// Whether a documented alternative may take its place.
    pub addressable: bool,
    /// Other spellings of the id.
    pub names: Vec<String>,
}

/// A label of a series of requirements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The label.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The group that it is a part of.
    pub within: Option<Spanned<String>>,
}

/// An id that does not exist, and what is meant by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misspelt {
    /// As it is written.
    pub id: Spanned<String>,
    /// What is most likely meant.
    pub means: Vec<Spanned<String>>,
    /// Why it does not exist.
    pub note: Option<String>,
}

/// A named selection of a framework's requirements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its id within the framework.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// Profiles whose requirements it takes over.
    pub extends: Vec<Spanned<String>>,
    /// What it adds: ids, ranges and patterns.
    pub requirements: Vec<Spanned<String>>,
}

/// Which requirements of other frameworks intersect with those of one. Suggests, and never confers a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crosswalk {
    /// Its id.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The framework of the left side.
    pub from: Spanned<String>,
    /// Who made it.
    pub source: Option<String>,
    /// The pairs.
    pub rows: Vec<CrosswalkRow>,
    /// The file.
    pub text: Text,
}

/// What intersects with one requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrosswalkRow {
    /// A requirement of the left framework, in the official spelling.
    pub from: Spanned<String>,
    /// Requirements of others, as `framework/requirement`, and whether somebody independent has the pair, too.
    pub to: Vec<(Spanned<String>, bool)>,
}

/// How much of a requirement a control covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// A part: the default.
    Partial,
    /// All of it, for this reason.
    Full(String),
}

/// A link from a control to a requirement. Ranges and patterns are many links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Satisfies {
    /// `framework/requirement`, in the official spelling; the span is that of what was written.
    pub requirement: Spanned<String>,
    /// How much of it.
    pub coverage: Coverage,
}

/// A link from a control to a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckLink {
    /// The check's id.
    pub check: Spanned<String>,
    /// The part of the area that it shows.
    pub part: Option<Spanned<String>>,
}

/// Records that are kept of something that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its id.
    pub id: Spanned<String>,
    /// What is recorded.
    pub title: String,
    /// The part of the area that it shows.
    pub part: Option<Spanned<String>>,
    /// Where the records are: a pattern with `{year}`, `{quarter}`, `{month}`, `{week}`, `{half}`, `{day}`, `{date}` and names of the author's.
    pub path: Spanned<String>,
    /// How often; none for one record that `max_age` limits.
    pub every: Option<Frequency>,
    /// Where events are recorded.
    pub events: Option<Spanned<String>>,
    /// How old the newest record may be.
    pub max_age: Option<Spanned<Length>>,
    /// When it began.
    pub starts: Option<Date>,
    /// Whether the period in which it began counts although it is not whole.
    pub first_partial: bool,
    /// How long after a period it may still be done; none where nobody said so.
    pub grace: Option<Length>,
    /// How long records are kept: none where nothing is said, `Some(None)` for ever.
    pub retention: Option<Spanned<Option<Length>>>,
    /// The role that does it.
    pub by: Option<String>,
    /// What the records are.
    pub kind: EvidenceKind,
    /// Where it stands in the control's file.
    pub span: Span,
}

/// What records are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// A record with front matter.
    #[default]
    Record,
    /// A document with its own review date.
    Document,
    /// A review that is decided row by row.
    AccessReview,
}

/// That a person must say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRule {
    /// The role that says it.
    pub by: Option<String>,
    /// The part of the area that it shows.
    pub part: Option<Spanned<String>>,
    /// By when.
    pub due: Option<Date>,
    /// How long it holds.
    pub valid: Length,
    /// The question that the person answers.
    pub ask: Option<String>,
    /// Where it stands in the control's file.
    pub span: Span,
}

/// What is done to meet requirements, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its id, and the name of its file.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The field that it belongs to.
    pub domain: Option<String>,
    /// How bad it is when it is not met.
    pub severity: Severity,
    /// The role that answers for it.
    pub owner: Option<String>,
    /// The requirements that it covers.
    pub satisfies: Vec<Satisfies>,
    /// The rows of documents that it covers.
    pub covers: Vec<Covers>,
    /// The area that is shared with a provider, as `matrix/area`.
    pub responsibility: Option<Spanned<String>>,
    /// The checks that show it.
    pub checks: Vec<CheckLink>,
    /// The records that show it.
    pub evidence: Vec<Evidence>,
    /// What a person must say.
    pub statements: Vec<StatementRule>,
    /// That it is promised and not there.
    pub planned: Option<Spanned<String>>,
    /// What to do when it is not satisfied.
    pub remediation: Option<String>,
    /// When its text was last reviewed.
    pub reviewed: Option<Date>,
    /// When it is to be reviewed again.
    pub review_by: Option<Spanned<Date>>,
    /// Where the control stands in its file.
    pub span: Span,
    /// The file.
    pub text: Text,
    /// Whether it came with a pack, and not from the user.
    pub packed: bool,
}

impl Control {
    /// The pack that it came with: the folder below `controls`.
    #[must_use]
    pub fn pack(&self) -> Option<&str> {
        let mut folders = self.text.name.split('/').skip(1);
        folders.next().filter(|_| self.packed)
    }
}

/// A record of evidence that is kept outside the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideRecord {
    /// The evidence that it belongs to.
    pub evidence: Spanned<String>,
    /// The period or event, as people call it.
    pub period: Spanned<String>,
    /// Where it is kept.
    pub locator: String,
    /// Its digest.
    pub sha256: Spanned<String>,
    /// Who did it.
    pub performed_by: String,
    /// When.
    pub performed_on: Date,
    /// Whether the result was bad.
    pub adverse: bool,
    /// How many exceptions are open.
    pub open_exceptions: u64,
    /// The file.
    pub text: Text,
}

/// Everything that is authored in YAML, of the packs and of the user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// In order of id.
    pub frameworks: Vec<Framework>,
    /// In order of id.
    pub controls: Vec<Control>,
    /// In order of id.
    pub crosswalks: Vec<Crosswalk>,
    /// In order of id.
    pub parties: Vec<Party>,
    /// In order of id.
    pub matrices: Vec<Matrix>,
    /// In order of id.
    pub attestations: Vec<Attestation>,
    /// In order of id.
    pub agreements: Vec<Agreement>,
    /// In order of id.
    pub statements: Vec<Statement>,
    /// In the order of the files.
    pub records: Vec<OutsideRecord>,
    /// In order of id.
    pub waivers: Vec<Waiver>,
    /// Permission matrices, in order of id.
    pub permissions: Vec<Permissions>,
    /// Who is who, in order of name.
    pub people: Vec<Person>,
    /// Documents taken apart, in order of id.
    pub sheets: Vec<Sheet>,
}

impl Catalog {
    /// The controls that count for somebody who is held to some requirements (as `framework/requirement`): all of the user's own,
    /// and those of packs that are for one of these.
    #[must_use]
    pub fn controls_for(&self, held: &BTreeSet<String>) -> Vec<&Control> {
        self.controls
            .iter()
            .filter(|control| {
                !control.packed
                    || control
                        .satisfies
                        .iter()
                        .any(|link| held.contains(&link.requirement.value))
            })
            .collect()
    }

    /// The provider that a control is shared with; none if it is shared with nobody, or names a matrix that is not there.
    #[must_use]
    pub fn shared_with(&self, control: &Control) -> Option<&str> {
        let (matrix, _) = control.responsibility.as_ref()?.value.split_once('/')?;
        let mut matrices = self.matrices.iter();
        let found = matrices.find(|m| m.id.value == matrix)?;
        Some(&found.of.value)
    }

    /// The framework of an id or of an alias.
    #[must_use]
    pub fn framework(&self, id: &str) -> Option<&Framework> {
        let exact = self.frameworks.iter().find(|f| f.id.value == id);
        exact.or_else(|| {
            let same = |name: &String| name.eq_ignore_ascii_case(id);
            self.frameworks
                .iter()
                .find(|f| same(&f.id.value) || f.aliases.iter().any(same))
        })
    }

    /// A requirement of its official spelling, `framework/requirement`.
    #[must_use]
    pub fn requirement(&self, full: &str) -> Option<(&Framework, &Requirement)> {
        let (framework, requirement) = full.split_once('/')?;
        let framework = self.frameworks.iter().find(|f| f.id.value == framework)?;
        Some((framework, framework.requirement(requirement)?))
    }

    /// A control by its id.
    #[must_use]
    pub fn control(&self, id: &str) -> Option<&Control> {
        self.controls.iter().find(|c| c.id.value == id)
    }

    /// A party by its id.
    #[must_use]
    pub fn party(&self, id: &str) -> Option<&Party> {
        self.parties.iter().find(|p| p.id.value == id)
    }
}
