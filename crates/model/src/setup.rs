//! `onus.yaml`: what applies to a repository.

use crate::catalog::Control;
use crate::check::Severity;
use crate::date::Date;
use crate::responsibility::{Agreement, Fact, Statement};
use crate::source::{Span, Spanned, Text};
use crate::waiver::{Waiver, Waiving};

/// What applies to a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// What is built here.
    pub system: Option<String>,
    /// What the user is held to.
    pub frameworks: Vec<HeldTo>,
    /// Where it runs.
    pub deployments: Vec<Deployment>,
    /// Folders with controls.
    pub controls: Vec<Spanned<String>>,
    /// Folders with checks.
    pub policies: Vec<Spanned<String>>,
    /// Parameters of policies.
    pub parameters: Vec<(Spanned<String>, String)>,
    /// Contracts with providers.
    pub agreements: Vec<Agreement>,
    /// What people say.
    pub statements: Vec<Statement>,
    /// Controls of packs that do not concern the user.
    pub without: Vec<Without>,
    /// What is accepted for a time.
    pub waivers: Vec<Waiver>,
    /// Markdown documents to read, as paths with `*`.
    pub documents: Vec<Spanned<String>>,
    /// Since when evidence is kept this way.
    pub adopted: Option<Date>,
    /// What makes a run fail.
    pub gates: Gates,
    /// How waivers may be used.
    pub waiving: Waiving,
    /// The file.
    pub text: Text,
}

/// A framework that the user is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldTo {
    /// `framework` or `framework/profile`, as written.
    pub framework: Spanned<String>,
    /// What does not apply: ids, ranges, patterns, and why.
    pub exclude: Vec<(Vec<Spanned<String>>, String)>,
}

/// Controls of packs that do not concern the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    /// Ids, or `pack/*`.
    pub controls: Vec<Spanned<String>>,
    /// Why.
    pub reason: String,
}

impl Without {
    /// What names a control, if anything does.
    #[must_use]
    pub fn names(&self, control: &Control) -> Option<&Spanned<String>> {
        self.controls.iter().find(|name| {
            let whole = name.value.strip_suffix("/*");
            control.packed
                && (name.value == control.id.value
                    || whole.is_some_and(|pack| control.pack() == Some(pack)))
        })
    }
}

/// A fact of a deployment, as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The value as written; none for `unknown`.
    pub value: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// A place where the system runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: Spanned<String>,
    /// The provider.
    pub on: Option<Spanned<String>>,
    /// Its facts. What is not declared is not known.
    pub facts: Vec<(Fact, Declared)>,
    /// The components in use; none where nothing is said.
    pub components: Option<Vec<Spanned<String>>>,
    /// Classes of data that are there.
    pub data: Vec<Spanned<String>>,
    /// Its configs, as folders or paths with `*`; all where there are none.
    pub paths: Vec<Spanned<String>>,
    /// Files that show a fact, by its name.
    pub proof: Vec<(Spanned<String>, Spanned<String>)>,
    /// The file; none for the one deployment of a repository without `onus.yaml`.
    pub text: Option<Text>,
}

impl Deployment {
    /// The one deployment of a repository that declares none.
    #[must_use]
    pub fn undeclared() -> Self {
        Self {
            id: Spanned {
                value: "default".to_owned(),
                span: Span::default(),
            },
            on: None,
            facts: Vec::new(),
            components: None,
            data: Vec::new(),
            paths: Vec::new(),
            proof: Vec::new(),
            text: None,
        }
    }

    /// What is declared of a fact.
    #[must_use]
    pub fn fact(&self, fact: Fact) -> Option<&Declared> {
        self.facts.iter().find(|(f, _)| *f == fact).map(|(_, d)| d)
    }
}

/// Which of governance makes a run fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum GovernanceGate {
    /// Nothing.
    Never,
    /// What failed, is stale, or is unproven.
    #[default]
    Failed,
    /// Claims, promises and what was not assessed, too.
    Strict,
}

impl GovernanceGate {
    /// All of them, mildest first.
    pub const ALL: [Self; 3] = [Self::Never, Self::Failed, Self::Strict];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Failed => "failed",
            Self::Strict => "strict",
        }
    }
}

/// What makes a run fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gates {
    /// Checks of at least this severity.
    pub fail_on: Option<Severity>,
    /// What of governance.
    pub governance: Option<GovernanceGate>,
    /// A record's own date is enough, without a history that shows when it was filed.
    pub filing_as_stated: bool,
    /// Whether defects of a provider or of a source document count.
    pub provider: bool,
}
