//! Who must do what: parties, responsibility matrices, attestations, agreements, statements.

use crate::date::{Date, Period};
use crate::source::{Span, Spanned, Text};

/// Since when, and until when, a fact of a pack is relied on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Where it is published.
    pub source: Option<String>,
    /// The day that it was true.
    pub as_of: Option<Date>,
    /// The day until which it is relied on.
    pub review_by: Option<Spanned<Date>>,
}

/// Somebody who may have a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its id.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// What it offers: the values that a deployment's facts may have.
    pub plans: Vec<Choice>,
    /// Kinds of the product.
    pub offerings: Vec<Choice>,
    /// The regions.
    pub regions: Vec<Choice>,
    /// Types that one region can have.
    pub region_types: Vec<Choice>,
    /// Parts of the product that a scope can name.
    pub components: Vec<Choice>,
    /// What may stand behind a region's name.
    pub region_suffix: Option<String>,
    /// Files of a repository that show that it is used, as paths with `*`.
    pub files: Vec<Spanned<String>>,
    /// Where this is from.
    pub provenance: Provenance,
    /// The file.
    pub text: Text,
}

impl Party {
    /// What it offers of a fact.
    #[must_use]
    pub fn choices(&self, fact: Fact) -> &[Choice] {
        match fact {
            Fact::Plan => &self.plans,
            Fact::Offering => &self.offerings,
            Fact::Region => &self.regions,
            Fact::RegionType => &self.region_types,
        }
    }

    /// The choice that a written word means: letter case, other spellings and the suffix of regions aside.
    #[must_use]
    pub fn choice(&self, fact: Fact, word: &str) -> Option<&Choice> {
        self.among(self.choices(fact), word)
    }

    /// The choice among some of this party's that a written word means.
    #[must_use]
    pub fn among<'c>(&self, choices: &'c [Choice], word: &str) -> Option<&'c Choice> {
        let lower = word.trim().to_lowercase();
        let same = |bare: &str| {
            choices.iter().find(|choice| {
                choice.id.value.to_lowercase() == bare
                    || choice.names.iter().any(|n| n.to_lowercase() == bare)
            })
        };
        same(&lower).or_else(|| {
            // Only regions have a suffix, and nothing else ends so.
            let suffix = self.region_suffix.as_ref()?.to_lowercase();
            same(lower.strip_suffix(&suffix)?)
        })
    }
}

/// A plan, an offering, a region, a type of region or a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its id.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: Option<String>,
    /// Other spellings.
    pub names: Vec<String>,
    /// The party that hosts it.
    pub on: Option<Spanned<String>>,
    /// The plans that it can be had with; all where there are none.
    pub plans: Vec<Spanned<String>>,
    /// The first day that it could be had.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

impl Choice {
    /// Whether it could be had on a day.
    #[must_use]
    pub fn there(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.until.is_none_or(|until| on <= until)
    }
}

/// A fact of a deployment that who-does-what can depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The provider's plan.
    Plan,
    /// The kind of the product.
    Offering,
    /// The region.
    Region,
    /// The type of the region.
    RegionType,
}

impl Fact {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plan, Self::Offering, Self::Region, Self::RegionType];

    /// As it is written in YAML.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Offering => "offering",
            Self::Region => "region",
            Self::RegionType => "region_type",
        }
    }

    /// As policies read it.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        match self {
            Self::RegionType => "regionType",
            _ => self.name(),
        }
    }
}

/// When something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Each of these facts has one of these values, in the party's spelling.
    Facts(Vec<(Fact, Vec<Spanned<String>>)>),
    /// A Cedar expression over `principal`, the deployment.
    Cedar(Spanned<String>),
}

/// Who is accountable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// We are.
    Customer,
    /// Somebody else is, by the id of the party.
    Party(String),
}

impl Owner {
    /// The word for it in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Customer => "customer",
            Self::Party(id) => id,
        }
    }
}

/// A provider's responsibility matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Its id.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The provider.
    pub of: Spanned<String>,
    /// The framework whose own matrix it is, if it is no general one.
    pub framework: Option<Spanned<String>>,
    /// Where it is from.
    pub provenance: Provenance,
    /// What is divided.
    pub areas: Vec<Area>,
    /// The file.
    pub text: Text,
}

/// Something that is divided among parties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Its id within the matrix.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// In a framework's own matrix: the requirements that it is about, as `framework/requirement`.
    pub requirements: Vec<Spanned<String>>,
    /// Whether one party can only act when the other has.
    pub dependent: Option<bool>,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Where it stands.
    pub span: Span,
}

/// A part of an area, for which one party is accountable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its id within the area.
    pub id: Spanned<String>,
    /// What is to be done.
    pub title: String,
    /// Who is accountable.
    pub assignments: Vec<Assignment>,
    /// The source names both, in these words, and does not say who does what.
    pub both: Option<Spanned<String>>,
    /// Nobody has to do it, for this reason.
    pub not_applicable: Option<Spanned<String>>,
    /// The requirements that a customer may inherit with it, as `framework/requirement`.
    pub inheritable: Vec<Spanned<String>>,
    /// It is a setting on the customer's side.
    pub customer_setting: bool,
    /// Where the source says so.
    pub quote: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// Who is accountable when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// When; always where there is none.
    pub when: Option<Condition>,
    /// Who.
    pub accountable: Spanned<Owner>,
    /// The parties that do it: ids, or `host`.
    pub performs: Vec<Spanned<String>>,
    /// The first day that this holds.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// Where the source says so.
    pub quote: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// What an attestation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttestationType {
    /// SOC 2, design at one day.
    Soc2TypeOne,
    /// SOC 2, operation over a period.
    Soc2TypeTwo,
    /// A certificate, such as those of ISO/IEC 27001.
    Certificate,
    /// PCI DSS.
    AttestationOfCompliance,
    /// An entry in a public list, made by the provider itself.
    SelfCertification,
    /// The provider's own word.
    SelfAssessment,
    /// A promise in a contract.
    Contract,
}

impl AttestationType {
    /// All of them, in the order of [`crate::authored::ATTESTATION_TYPES`].
    pub const ALL: [Self; 7] = [
        Self::Soc2TypeOne,
        Self::Soc2TypeTwo,
        Self::Certificate,
        Self::AttestationOfCompliance,
        Self::SelfCertification,
        Self::SelfAssessment,
        Self::Contract,
    ];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let index = Self::ALL.iter().position(|t| *t == self).unwrap_or(0);
        crate::authored::ATTESTATION_TYPES
            .get(index)
            .copied()
            .unwrap_or_default()
    }
}

/// What is said of a provider, and by whom. Every field may be missing: the terms of a pack and the proof of a user make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Its id.
    pub id: Spanned<String>,
    /// The attestation that this is the proof of.
    pub terms: Option<Spanned<String>>,
    /// What people call it.
    pub title: Option<String>,
    /// The provider.
    pub of: Option<Spanned<String>>,
    /// The framework.
    pub framework: Option<Spanned<String>>,
    /// The edition of the framework.
    pub edition: Option<String>,
    /// What it is.
    pub kind: Option<Spanned<AttestationType>>,
    /// `attested`, `planned` or `lapsed`.
    pub status: Option<Spanned<String>>,
    /// When a planned one was promised for.
    pub due: Option<Spanned<Date>>,
    /// The categories that it covers.
    pub categories: Option<Vec<Spanned<String>>>,
    /// The requirements that it covers, as `framework/requirement`.
    pub criteria: Option<Vec<Spanned<String>>>,
    /// Exceptions: the requirements, and what was found.
    pub exceptions: Vec<(Vec<Spanned<String>>, Option<String>)>,
    /// The auditor's opinion.
    pub opinion: Option<Spanned<String>>,
    /// Who audited.
    pub auditor: Option<String>,
    /// Which deployments it covers, over time.
    pub scope: Vec<Scope>,
    /// The time that it speaks of.
    pub period: Option<Spanned<Period>>,
    /// When it was issued.
    pub issued: Option<Date>,
    /// Its last day.
    pub expires: Option<Spanned<Date>>,
    /// A bridge letter: its date, and the last day that it speaks of.
    pub bridge: Option<Spanned<Period>>,
    /// Providers of the provider.
    pub subservice: Vec<Subservice>,
    /// What the provider expects of its customers.
    pub cuecs: Vec<Cuec>,
    /// Which controls of ours meet which of those.
    pub mapped: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
    /// Kinds of agreements that must be signed.
    pub agreements: Vec<Spanned<String>>,
    /// The report that the user holds: locator and SHA-256.
    pub report: Option<Spanned<(String, String)>>,
    /// Who of us read it.
    pub reviewed: Option<Reviewed>,
    /// Where it is from.
    pub provenance: Provenance,
    /// Where it stands in its file.
    pub span: Span,
    /// The file.
    pub text: Text,
    /// Whether it came with a pack: terms, and no proof.
    pub packed: bool,
}

/// Which deployments are covered from a day on. What is not named is not limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The first day that this holds.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// Only these plans.
    pub plans: Option<Vec<Spanned<String>>>,
    /// Only these offerings.
    pub offerings: Option<Vec<Spanned<String>>>,
    /// Only these regions.
    pub regions: Option<Vec<Spanned<String>>>,
    /// All regions but these.
    pub except_regions: Vec<Spanned<String>>,
    /// Only these types of regions.
    pub region_types: Option<Vec<Spanned<String>>>,
    /// Only these components.
    pub components: Option<Vec<Spanned<String>>>,
    /// All components but these.
    pub except_components: Vec<Spanned<String>>,
    /// Where this is published.
    pub source: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// A provider of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subservice {
    /// Who.
    pub party: Spanned<String>,
    /// Whether the report leaves it out.
    pub carved_out: bool,
    /// The requirements that it is about, as `framework/requirement`; all where there is none.
    pub criteria: Option<Vec<Spanned<String>>>,
}

/// A control that a provider expects of its customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuec {
    /// Its id in the report.
    pub id: Spanned<String>,
    /// What is expected.
    pub title: String,
    /// The requirements that it is about, as `framework/requirement`; all where there is none.
    pub criteria: Option<Vec<Spanned<String>>>,
}

/// Who of us read a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// Who.
    pub by: String,
    /// When.
    pub on: Date,
    /// When to read it again.
    pub again_by: Date,
    /// Where it stands.
    pub span: Span,
}

/// A contract with a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its id.
    pub id: Spanned<String>,
    /// `baa`, `dpa`, ….
    pub kind: Spanned<String>,
    /// The provider.
    pub with: Spanned<String>,
    /// `signed`, `available`, `planned` or `terminated`.
    pub status: Spanned<String>,
    /// When it was signed.
    pub signed: Option<Date>,
    /// Its last day.
    pub expires: Option<Date>,
    /// Where it is kept.
    pub document: Option<Spanned<String>>,
    /// The digest of the document.
    pub sha256: Option<Spanned<String>>,
    /// The file.
    pub text: Text,
}

/// What a statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Says {
    /// It is done.
    Implemented,
    /// Something else is done in its place.
    Alternative,
    /// It does not apply.
    NotApplicable,
}

/// What a person says of a control or a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its id.
    pub id: Spanned<String>,
    /// The control that it is about.
    pub control: Option<Spanned<String>>,
    /// The part of its area.
    pub part: Option<Spanned<String>>,
    /// The requirement that it is about, as `framework/requirement`.
    pub requirement: Option<Spanned<String>>,
    /// The deployments that it is about; all where there are none.
    pub deployments: Vec<Spanned<String>>,
    /// What is said.
    pub says: Says,
    /// Why, or how.
    pub reason: String,
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// When.
    pub on: Date,
    /// The last day that it holds.
    pub until: Option<Date>,
    /// The file with the assessment behind an alternative.
    pub assessment: Option<Spanned<String>>,
    /// Where it stands.
    pub span: Span,
    /// The file.
    pub text: Text,
}

/// How an area is divided, in the terms of CSA's shared security responsibility model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ssrm {
    /// The provider alone.
    CspOwned,
    /// The customer alone.
    CscOwned,
    /// The provider outsourced it wholly.
    ThirdPartyOutsourced,
    /// Both have duties.
    SharedCspCsc,
    /// The provider outsourced a part; the customer has no duty.
    SharedCspThirdParty,
    /// It does not apply.
    NotApplicable,
    /// Nobody is named for some part, or both without a split.
    NotStated,
}

impl Ssrm {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::CspOwned,
        Self::CscOwned,
        Self::ThirdPartyOutsourced,
        Self::SharedCspCsc,
        Self::SharedCspThirdParty,
        Self::NotApplicable,
        Self::NotStated,
    ];

    /// The id of the value, as CSA's STA-04 has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CspOwned => "csp-owned",
            Self::CscOwned => "csc-owned",
            Self::ThirdPartyOutsourced => "third-party-outsourced",
            Self::SharedCspCsc => "shared-csp-csc",
            Self::SharedCspThirdParty => "shared-csp-third-party",
            Self::NotApplicable => "not-applicable",
            Self::NotStated => "not-stated",
        }
    }
}
