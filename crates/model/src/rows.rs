//! A document taken apart into rows, and what covers each of them.

use crate::catalog::{Catalog, Control};
use crate::date::Date;
use crate::governance::Observed;
use crate::source::{Span, Spanned, Text};

/// How a row can be held against what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// By a decision of Cedar's.
    Cedar,
    /// By records that must be there and not too old.
    Freshness,
    /// By reading documents and the model itself.
    Lint,
    /// By what a person says.
    Manual,
    /// By a file that is there, or by what covers something.
    FileOrCoverage,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Cedar,
        Self::Freshness,
        Self::Lint,
        Self::Manual,
        Self::FileOrCoverage,
    ];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cedar => "cedar",
            Self::Freshness => "freshness",
            Self::Lint => "lint",
            Self::Manual => "manual",
            Self::FileOrCoverage => "file-or-coverage",
        }
    }

    /// The method of a word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }
}

/// A document taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The system that the document is about.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The document.
    pub source: Option<String>,
    /// The day that it was taken apart.
    pub as_of: Option<Date>,
    /// What it demands, promises or states, in its own order.
    pub rows: Vec<Row>,
    /// The file.
    pub text: Text,
}

/// One thing that a document demands, promises or states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id, which no other document has.
    pub id: Spanned<String>,
    /// What it says, in our own words.
    pub statement: String,
    /// What sort of thing it is.
    pub kind: Option<String>,
    /// The lines of the document.
    pub lines: Option<String>,
    /// How it can be held against what is there.
    pub methods: Vec<Spanned<Method>>,
    /// Why nothing is to be done about it.
    pub out_of_scope: Option<Spanned<String>>,
    /// The methods that do not work, and why.
    pub unmet: Vec<(Method, String)>,
}

/// That a control covers a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covers {
    /// The row.
    pub row: Spanned<String>,
    /// By what of the control; by all that it has where nothing is said.
    pub by: Vec<Spanned<String>>,
}

/// What of a control covers a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// A check.
    Check(String),
    /// A permission matrix.
    Matrix(String),
    /// Evidence.
    Evidence(String),
    /// What a person says.
    Statement,
    /// An area that is shared with a provider, and what may be inherited.
    Responsibility(String),
    /// An observation of documents or of the model.
    Lint(Observed),
    /// That the model itself is refused.
    Refused,
}

impl Means {
    /// The words that name no check and no evidence.
    pub const WORDS: [&'static str; 4] = ["statement", "responsibility", "matrix", "lint/refused"];

    /// What `by` of a control means; nothing where the control has none of it.
    #[must_use]
    pub fn named(word: &str, control: &Control, catalog: &Catalog) -> Vec<Self> {
        if let Some(observed) = word.strip_prefix("lint/") {
            return match observed {
                "refused" => vec![Self::Refused],
                _ => Observed::from_name(observed)
                    .map(Self::Lint)
                    .into_iter()
                    .collect(),
            };
        }
        let mut found = Self::all(control, catalog);
        found.retain(|means| match (word, means) {
            ("statement", Self::Statement)
            | ("responsibility", Self::Responsibility(_))
            | ("matrix", Self::Matrix(_)) => true,
            (_, Self::Check(id) | Self::Matrix(id) | Self::Evidence(id)) => id == word,
            (_, Self::Statement | Self::Responsibility(_) | Self::Lint(_) | Self::Refused) => false,
        });
        found
    }

    /// Everything that a control has.
    #[must_use]
    pub fn all(control: &Control, catalog: &Catalog) -> Vec<Self> {
        let matrix = |id: &str| catalog.permissions.iter().any(|p| p.id.value == id);
        let checks = control.checks.iter().map(|link| {
            let id = link.check.value.clone();
            if matrix(&id) {
                Self::Matrix(id)
            } else {
                Self::Check(id)
            }
        });
        let evidence = control
            .evidence
            .iter()
            .map(|e| Self::Evidence(e.id.value.clone()));
        let statement = (!control.statements.is_empty()).then_some(Self::Statement);
        let area = control.responsibility.as_ref();
        checks
            .chain(evidence)
            .chain(statement)
            .chain(area.map(|a| Self::Responsibility(a.value.clone())))
            .collect()
    }

    /// The word for what it is.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Check(_) => "check",
            Self::Matrix(_) => "matrix",
            Self::Evidence(_) => "evidence",
            Self::Statement => "statement",
            Self::Responsibility(_) => "responsibility",
            Self::Lint(_) | Self::Refused => "lint",
        }
    }

    /// Which one it is, where there can be several.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Check(id) | Self::Matrix(id) | Self::Evidence(id) | Self::Responsibility(id) => {
                Some(id)
            }
            Self::Lint(observed) => Some(observed.name()),
            Self::Refused => Some("refused"),
            Self::Statement => None,
        }
    }

    /// Whether it is what a method asks for. Provider's parts are a decision of Cedar's, and proofs of them have an age.
    #[must_use]
    pub fn serves(&self, method: Method) -> bool {
        match method {
            Method::Cedar => matches!(
                self,
                Self::Check(_) | Self::Matrix(_) | Self::Responsibility(_)
            ),
            Method::Freshness => match self {
                Self::Evidence(_) | Self::Responsibility(_) => true,
                Self::Lint(observed) => observed.is_about_time(),
                Self::Check(_) | Self::Matrix(_) | Self::Statement | Self::Refused => false,
            },
            Method::Lint => matches!(
                self,
                Self::Lint(_) | Self::Refused | Self::Check(_) | Self::Matrix(_)
            ),
            Method::Manual | Method::FileOrCoverage => true,
        }
    }
}

/// What of a control covers a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covering<'c> {
    /// The control.
    pub control: &'c Control,
    /// What of it: empty where it has nothing yet.
    pub by: Vec<Means>,
    /// Where it says so in its file.
    pub span: Span,
}

/// A row with what covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered<'c> {
    /// The document.
    pub sheet: &'c Sheet,
    /// The row.
    pub row: &'c Row,
    /// The controls, in order of id.
    pub by: Vec<Covering<'c>>,
}

impl Covered<'_> {
    /// Whether something is said of it: a control covers it, or it is out of scope.
    #[must_use]
    pub fn is_disposed_of(&self) -> bool {
        !self.by.is_empty() || self.row.out_of_scope.is_some()
    }

    /// The methods of the row that nothing serves, with the reason, if one is stated.
    #[must_use]
    pub fn unserved(&self) -> Vec<(Method, Option<&str>)> {
        if self.row.out_of_scope.is_some() {
            return Vec::new();
        }
        self.row
            .methods
            .iter()
            .map(|m| m.value)
            .filter_map(|method| {
                let reason = self.row.unmet.iter().find(|(m, _)| *m == method);
                if let Some((_, reason)) = reason {
                    return Some((method, Some(reason.as_str())));
                }
                let served = self
                    .by
                    .iter()
                    .flat_map(|c| &c.by)
                    .any(|means| means.serves(method));
                (!served).then_some((method, None))
            })
            .collect()
    }
}

impl Catalog {
    /// The document of a system, taken apart.
    #[must_use]
    pub fn sheet(&self, id: &str) -> Option<&Sheet> {
        self.sheets.iter().find(|s| s.id.value == id)
    }

    /// All rows with what covers them, in the order of their documents.
    pub fn covered(&self) -> impl Iterator<Item = Covered<'_>> {
        self.sheets
            .iter()
            .flat_map(|sheet| sheet.rows.iter().map(move |row| (sheet, row)))
            .map(|(sheet, row)| {
                let by = self.controls.iter().filter_map(|control| {
                    let mut naming = control
                        .covers
                        .iter()
                        .filter(|c| c.row.value == row.id.value)
                        .peekable();
                    let span = naming.peek()?.row.span;
                    let mut by: Vec<Means> = Vec::new();
                    for covers in naming {
                        if covers.by.is_empty() {
                            by.extend(Means::all(control, self));
                        }
                        for word in &covers.by {
                            by.extend(Means::named(&word.value, control, self));
                        }
                    }
                    by.sort();
                    by.dedup();
                    Some(Covering { control, by, span })
                });
                Covered {
                    sheet,
                    row,
                    by: by.collect(),
                }
            })
    }
}
