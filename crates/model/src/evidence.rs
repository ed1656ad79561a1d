//! Records of things that were done, as they were found.

use crate::date::{Date, Period};
use crate::governance::Observed;
use crate::source::{Span, Spanned, Text};

/// The records of one evidence rule of one control.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The control's id.
    pub control: String,
    /// The evidence's id.
    pub evidence: String,
    /// In order of path.
    pub records: Vec<Record>,
    /// The events that ask for a record, in order of path.
    pub events: Vec<Event>,
}

/// Something happened that asks for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The file that says so.
    pub path: String,
    /// What the names in the pattern stand for.
    pub captures: Vec<(String, String)>,
    /// When, if it is known.
    pub on: Option<Date>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its file; for a record outside the repository its locator.
    pub path: String,
    /// What the names in the pattern stand for.
    pub captures: Vec<(String, String)>,
    /// The period that its name speaks of; none where the name has no date.
    pub period: Option<Period>,
    /// What it holds, or why it cannot be read.
    pub content: Result<Content, String>,
    /// When it was filed.
    pub filed: Filed,
    /// Whether it is kept outside the repository.
    pub outside: bool,
}

/// When a record was filed: never what the file system says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filed {
    /// On the day of the first commit that has it.
    On(Date),
    /// It is in no commit yet.
    NotYet,
    /// The history does not say, for this reason.
    Unknown(String),
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The file; of a record outside the repository the file that names it.
    pub text: Text,
    /// Nothing stands in it.
    pub empty: bool,
    /// A template that nobody filled in: the place that shows it.
    pub template: Option<Span>,
    /// Who did it.
    pub performed_by: Option<Spanned<String>>,
    /// When.
    pub performed_on: Option<Spanned<Date>>,
    /// The period that it says it is about.
    pub period: Option<Spanned<Period>>,
    /// What was looked at.
    pub scope: Option<Spanned<String>>,
    /// Whether the result was bad; none where no result is named.
    pub adverse: Option<Spanned<bool>>,
    /// How many exceptions are open.
    pub open_exceptions: Option<Spanned<u64>>,
    /// When the document says that it was last updated.
    pub updated: Option<Spanned<Date>>,
    /// When the document says that it is to be reviewed next.
    pub next_review: Option<Spanned<Date>>,
    /// Dates and values that cannot be read, with what is wrong.
    pub faults: Vec<(Span, String)>,
    /// The rows of an access review.
    pub review: Option<AccessReview>,
}

/// A review of who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessReview {
    /// The digest of the grants that were reviewed.
    pub grants_sha256: Option<Spanned<String>>,
    /// The file with the grants.
    pub grants: Option<Spanned<String>>,
    /// The rows.
    pub rows: Vec<ReviewRow>,
    /// Rows that were revoked and are still among the grants, by index into `rows`.
    pub still_granted: Vec<usize>,
}

/// One row of an access review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    /// Who holds the grant.
    pub subject: String,
    /// What is granted.
    pub grant: String,
    /// What was decided.
    pub decision: Option<Decision>,
    /// Who decided.
    pub by: Option<String>,
    /// Where the row stands.
    pub span: Span,
}

/// What was decided of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// It stays.
    Keep,
    /// It goes.
    Revoke,
}

/// What a Markdown document says of controls, dates and requirements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The file.
    pub text: Text,
    /// When it says that it was last updated.
    pub updated: Option<Spanned<Date>>,
    /// When it says that it is to be reviewed next.
    pub next_review: Option<Spanned<Date>>,
    /// Dates that cannot be read, such as shell text that was never run, with what is wrong.
    pub faults: Vec<(Span, String)>,
    /// Items with a tick box: whether it is ticked, and the text.
    pub checklist: Vec<(bool, Spanned<String>)>,
    /// Ids of requirements as they are written, with the rest of the heading that they begin, if they do.
    pub ids: Vec<(Spanned<String>, Option<String>)>,
    /// Words for an interval that name no number: `regular`, `periodic`.
    pub vague: Vec<Spanned<String>>,
    /// What it says of itself that cannot all be so, in order of place.
    pub remarks: Vec<Remark>,
}

/// Something about a document that its reader should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What.
    pub what: Observed,
    /// In words.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do.
    pub help: String,
}
