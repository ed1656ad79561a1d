//! Frameworks, their requirements, and the controls that meet them.

use crate::source::{Span, Spanned, Text};

/// A body of requirements that somebody is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framework {
    /// Its id, as in `--framework ID/PROFILE`.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The edition that the requirements are of.
    pub version: String,
    /// Where it is published.
    pub source: Option<String>,
    /// Its requirements, in its own order.
    pub requirements: Vec<Requirement>,
    /// Named selections of requirements.
    pub profiles: Vec<Profile>,
    /// The file.
    pub text: Text,
}

/// Something a framework demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its id within the framework.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
}

/// A named selection of a framework's requirements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its id within the framework.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// A profile whose requirements it takes over.
    pub extends: Option<Spanned<String>>,
    /// The ids of the requirements that it adds.
    pub requirements: Vec<Spanned<String>>,
}

/// How much of a requirement a control covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// A part: the default.
    Partial,
    /// All of it, for this reason.
    Full(String),
}

/// A link from a control to a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Satisfies {
    /// `framework/requirement`.
    pub requirement: Spanned<String>,
    /// How much of it.
    pub coverage: Coverage,
}

/// What is done to meet requirements, and the checks that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its id, and the name of its file.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The requirements that it covers.
    pub satisfies: Vec<Satisfies>,
    /// The checks that show it.
    pub checks: Vec<Spanned<String>>,
    /// What to do when it is not satisfied.
    pub remediation: Option<String>,
    /// Where the control stands in its file.
    pub span: Span,
    /// The file.
    pub text: Text,
}

/// All frameworks and controls of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// In order of id.
    pub frameworks: Vec<Framework>,
    /// In order of id.
    pub controls: Vec<Control>,
}
