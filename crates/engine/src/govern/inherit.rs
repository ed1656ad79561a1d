//! May this deployment inherit this part of this requirement?

use std::collections::{BTreeMap, BTreeSet};

use onus_model::catalog::Catalog;
use onus_model::date::{Date, days_between, months_begun};
use onus_model::governance::Because;
use onus_model::problem::Label;
use onus_model::responsibility::{Attestation, Fact, Part, Party, Scope};
use onus_model::source::{Span, Spanned, Text};
use onus_model::status::Reason;

use super::facts::{Case, Facts, label, principal};
use crate::decide::{Decisions, Denial, Fields, fields, flag, number, record, text, texts};

/// Links of a chain are followed this deep.
const DEEPEST: usize = 8;

/// What is asked.
pub(crate) struct Question<'a> {
    pub(crate) party: &'a Party,
    pub(crate) facts: &'a Facts,
    /// Kinds of agreements with the party that are in force.
    pub(crate) agreements: &'a BTreeSet<String>,
    pub(crate) area: &'a str,
    pub(crate) part: &'a Part,
    /// Who does it.
    pub(crate) performs: &'a [String],
    /// As `framework/requirement`.
    pub(crate) requirement: &'a str,
}

/// What came out.
pub(crate) struct Answer {
    /// Why, worst first.
    pub(crate) because: Vec<Because>,
    /// Whether the deployment lies in the scope of an attestation; none where it is not known, or nothing is attested.
    pub(crate) in_scope: Option<bool>,
}

/// Asks about inheritance.
pub(crate) struct Inheritance<'a> {
    pub(crate) decisions: &'a Decisions,
    pub(crate) catalog: &'a Catalog,
    pub(crate) agreements: &'a BTreeMap<String, BTreeSet<String>>,
    pub(crate) now: Date,
}

/// One attestation asked about, over all cases.
struct Asked {
    because: Vec<Because>,
    in_scope: Option<bool>,
}

impl Inheritance<'_> {
    /// Whether a part of a requirement may be inherited.
    pub(crate) fn ask(&self, question: &Question<'_>) -> Answer {
        self.asked(question, 0)
    }

    fn asked(&self, question: &Question<'_>, depth: usize) -> Answer {
        let (framework, _) = question
            .requirement
            .split_once('/')
            .unwrap_or((question.requirement, ""));
        // Terms that a proof builds on are not asked about by themselves.
        let built_on = |a: &Attestation| {
            let mut all = self.catalog.attestations.iter();
            all.any(|other| other.terms.as_ref().is_some_and(|t| t.value == a.id.value))
        };
        let candidates: Vec<&Attestation> = self
            .catalog
            .attestations
            .iter()
            .filter(|a| {
                a.of.as_ref()
                    .is_some_and(|of| of.value == question.party.id.value)
            })
            .filter(|a| a.framework.as_ref().is_some_and(|f| f.value == framework))
            .filter(|a| !built_on(a))
            .collect();
        if candidates.is_empty() {
            let title = self
                .catalog
                .framework(framework)
                .map_or(framework, |f| f.title.as_str());
            let mut because = Because::new(
                Reason::AttestationMissing,
                format!("`{}` has no attestation of {title}", question.party.id.value),
            )
            .help("record the provider's attestation with `onus new attestation`, or meet it with controls of your own");
            because
                .at
                .push(label(&question.party.text, question.party.id.span));
            return Answer {
                because: vec![because],
                in_scope: None,
            };
        }
        let mut best: Option<Asked> = None;
        let mut in_scope = Some(false);
        for attestation in candidates {
            let asked = self.one(question, attestation, depth);
            in_scope = match (in_scope, asked.in_scope) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, _) | (_, None) => None,
                (Some(false), Some(false)) => Some(false),
            };
            // The better status, then the fewer reasons.
            let rank = |a: &Asked| {
                let worst = a.because.iter().map(|b| b.reason.status()).min();
                (worst, std::cmp::Reverse(a.because.len()))
            };
            if best.as_ref().is_none_or(|b| rank(&asked) > rank(b)) {
                best = Some(asked);
            }
        }
        Answer {
            because: best.map(|b| b.because).unwrap_or_default(),
            in_scope,
        }
    }

    /// One attestation, under every case that the known facts allow.
    fn one(&self, question: &Question<'_>, attestation: &Attestation, depth: usize) -> Asked {
        let scope = scope_on(attestation, self.now);
        let matter = scoped(scope);
        let cases = question.facts.cases(question.party, &matter, self.now);
        let open: Vec<Fact> = question
            .facts
            .unknown
            .iter()
            .copied()
            .filter(|f| matter.contains(f))
            .collect();
        let links = self.open_links(question, attestation, depth);
        let mut every: Option<BTreeMap<String, Because>> = None;
        let mut some: BTreeMap<String, Because> = BTreeMap::new();
        let mut scopes: BTreeSet<bool> = BTreeSet::new();
        for case in &cases {
            let denials = match self.denials(question, attestation, scope, case, &links) {
                Ok((denials, within)) => {
                    scopes.insert(within);
                    denials
                }
                Err(error) => BTreeMap::from([(
                    String::new(),
                    Because::new(
                        Reason::PolicyError,
                        format!("whether it may be inherited could not be decided: {error}"),
                    ),
                )]),
            };
            every = Some(match every {
                None => denials.clone(),
                Some(every) => every
                    .into_iter()
                    .filter(|(key, _)| denials.contains_key(key))
                    .collect(),
            });
            some.extend(denials);
        }
        let mut because: Vec<Because> = every.unwrap_or_default().into_values().collect();
        // What is denied in every case does not depend on what is unknown.
        let decided = !cases.is_empty() && (!because.is_empty() || some.is_empty());
        if !decided {
            let names: Vec<&str> = open.iter().map(|f| f.name()).collect();
            because.push(
                Because::new(
                    Reason::FactUnknown,
                    format!(
                        "whether it may be inherited depends on `{}`, which is not known",
                        names.join("` and `")
                    ),
                )
                .at(label(&attestation.text, attestation.id.span))
                .help("declare it under the deployment in `onus.yaml`"),
            );
        }
        if because.is_empty() {
            because.push(inherited(question, attestation));
        }
        because.sort();
        let id = &attestation.id.value;
        Asked {
            because: because.into_iter().map(|b| b.about(id)).collect(),
            in_scope: match (scopes.contains(&true), scopes.contains(&false)) {
                (true, false) => Some(true),
                (false, true) => Some(false),
                _ => None,
            },
        }
    }

    /// What forbids it under one case, by policy, and whether the deployment lies in scope.
    fn denials(
        &self,
        question: &Question<'_>,
        attestation: &Attestation,
        scope: Option<&Scope>,
        case: &Case,
        links: &[(String, String)],
    ) -> Result<(BTreeMap<String, Because>, bool), String> {
        let unmapped = self.unmapped(question, attestation);
        let resource = || self.resource(attestation, scope);
        let who = || {
            (
                "Deployment",
                principal(
                    &question.party.id.value,
                    case,
                    question.facts,
                    question.agreements,
                ),
            )
        };
        let context = || self.context(question, attestation, &unmapped, links);
        let within = self
            .decisions
            .ask(
                0,
                "in-scope",
                who(),
                ("Attestation", resource()?),
                context()?,
            )?
            .is_empty();
        let denials = self.decisions.ask(
            0,
            "inherit",
            who(),
            ("Attestation", resource()?),
            context()?,
        )?;
        let explain = Explain {
            question,
            attestation,
            scope,
            unmapped: &unmapped,
            links,
        };
        Ok((
            denials
                .iter()
                .map(|denial| {
                    // The same policy in another case has the same key.
                    let key = format!("{}#{}", denial.rule.check, denial.rule.title);
                    (key, explain.because(denial))
                })
                .collect(),
            within,
        ))
    }

    fn resource(&self, a: &Attestation, scope: Option<&Scope>) -> Result<Fields, String> {
        let set = |list: Option<&Vec<Spanned<String>>>| {
            list.map(|l| texts(l.iter().map(|v| v.value.as_str()).collect::<Vec<_>>()))
        };
        let some = |list: Option<&Vec<Spanned<String>>>| {
            Some(texts(
                list.into_iter()
                    .flatten()
                    .map(|v| v.value.as_str())
                    .collect::<Vec<_>>(),
            ))
        };
        let scope = record(fields([
            ("plans", set(scope.and_then(|s| s.plans.as_ref()))),
            ("offerings", set(scope.and_then(|s| s.offerings.as_ref()))),
            ("regions", set(scope.and_then(|s| s.regions.as_ref()))),
            ("exceptRegions", some(scope.map(|s| &s.except_regions))),
            (
                "regionTypes",
                set(scope.and_then(|s| s.region_types.as_ref())),
            ),
            ("components", set(scope.and_then(|s| s.components.as_ref()))),
            (
                "exceptComponents",
                some(scope.map(|s| &s.except_components)),
            ),
        ]))?;
        let since = |day: Date| number(days_between(day, self.now));
        Ok(fields([
            ("provider", a.of.as_ref().map(|of| text(&of.value))),
            ("framework", a.framework.as_ref().map(|f| text(&f.value))),
            (
                "type",
                Some(text(
                    a.kind.as_ref().map_or("not-stated", |k| k.value.name()),
                )),
            ),
            (
                "status",
                Some(text(
                    a.status.as_ref().map_or("attested", |s| s.value.as_str()),
                )),
            ),
            ("edition", a.edition.as_deref().map(text)),
            ("opinion", a.opinion.as_ref().map(|o| text(&o.value))),
            ("scope", Some(scope)),
            (
                "monthsSincePeriodEnd",
                a.period
                    .as_ref()
                    .map(|p| number(months_begun(p.value.to, self.now))),
            ),
            (
                "bridged",
                Some(flag(a.bridge.as_ref().is_some_and(|b| {
                    b.value.from <= self.now && self.now <= b.value.to
                }))),
            ),
            (
                "daysSinceExpiry",
                a.expires.as_ref().map(|e| since(e.value)),
            ),
            ("reportHeld", Some(flag(a.report.is_some()))),
            (
                "reviewed",
                Some(flag(a.reviewed.as_ref().is_some_and(|r| r.on <= self.now))),
            ),
            (
                "daysSinceReviewDue",
                a.reviewed.as_ref().map(|r| since(r.again_by)),
            ),
            (
                "daysSinceTermsReview",
                a.provenance.review_by.as_ref().map(|r| since(r.value)),
            ),
            (
                "agreements",
                Some(texts(a.agreements.iter().map(|k| k.value.as_str()))),
            ),
        ]))
    }

    fn context(
        &self,
        question: &Question<'_>,
        attestation: &Attestation,
        unmapped: &[String],
        links: &[(String, String)],
    ) -> Result<Fields, String> {
        let framework = question.requirement.split('/').next().unwrap_or_default();
        let editions = self
            .catalog
            .framework(framework)
            .map(|f| f.editions.iter().map(String::as_str).collect::<Vec<_>>())
            .unwrap_or_default();
        let part = record(fields([
            ("area", Some(text(question.area))),
            ("id", Some(text(&question.part.id.value))),
            (
                "inheritable",
                Some(flag(named_in(
                    &question.part.inheritable,
                    question.requirement,
                ))),
            ),
            (
                "customerSetting",
                Some(flag(question.part.customer_setting)),
            ),
        ]))?;
        Ok(fields([
            ("framework", Some(text(framework))),
            ("requirement", Some(text(question.requirement))),
            ("editions", Some(texts(editions))),
            (
                "covered",
                Some(flag(self.covers(attestation, question.requirement))),
            ),
            (
                "qualified",
                Some(flag(attestation.exceptions.iter().any(|(criteria, _)| {
                    named_in(criteria, question.requirement)
                }))),
            ),
            (
                "unmappedCuecs",
                Some(texts(unmapped.iter().map(String::as_str))),
            ),
            (
                "openLinks",
                Some(texts(links.iter().map(|(party, _)| party.as_str()))),
            ),
            ("part", Some(part)),
        ]))
    }

    /// Whether a requirement is among what an attestation covers.
    fn covers(&self, attestation: &Attestation, requirement: &str) -> bool {
        let listed = attestation
            .criteria
            .as_ref()
            .map(|list| named_in(list, requirement));
        let category = self
            .catalog
            .requirement(requirement)
            .and_then(|(_, r)| r.category.as_deref());
        let categories = attestation.categories.as_ref().map(|list| {
            list.iter()
                .any(|c| category.is_some_and(|category| c.value.eq_ignore_ascii_case(category)))
        });
        match (listed, categories) {
            (None, None) => true,
            (listed, categories) => listed.unwrap_or(true) && categories.unwrap_or(true),
        }
    }

    /// What the provider expects of us for a requirement, and no control of ours meets.
    fn unmapped(&self, question: &Question<'_>, attestation: &Attestation) -> Vec<String> {
        attestation
            .cuecs
            .iter()
            .filter(|cuec| {
                cuec.criteria
                    .as_ref()
                    .is_none_or(|list| named_in(list, question.requirement))
            })
            .filter(|cuec| {
                !attestation.mapped.iter().any(|(id, controls)| {
                    id.value == cuec.id.value
                        && controls
                            .iter()
                            .any(|c| self.catalog.control(&c.value).is_some())
                })
            })
            .map(|cuec| format!("{}: {}", cuec.id.value, cuec.title))
            .collect()
    }

    /// Subservice providers whose link of the chain does not hold, with why.
    fn open_links(
        &self,
        question: &Question<'_>,
        attestation: &Attestation,
        depth: usize,
    ) -> Vec<(String, String)> {
        let mut open = Vec::new();
        let others: Vec<&String> = question
            .performs
            .iter()
            .filter(|p| **p != question.party.id.value)
            .collect();
        for other in &others {
            let said = attestation
                .subservice
                .iter()
                .any(|s| s.party.value == **other);
            if !said {
                open.push((
                    (*other).clone(),
                    format!("the report says nothing of `{other}`, who does it"),
                ));
            }
        }
        for entry in attestation.subservice.iter().filter(|s| s.carved_out) {
            let about = entry
                .criteria
                .as_ref()
                .is_none_or(|list| named_in(list, question.requirement));
            // Where it is said who does a part, the others of the provider's providers do not matter to it.
            let performs = others.is_empty() || others.iter().any(|p| **p == entry.party.value);
            let hosts = question
                .party
                .regions
                .iter()
                .filter_map(|r| r.on.as_ref())
                .any(|on| on.value == entry.party.value);
            if !about || !performs || (others.is_empty() && hosts && entry.criteria.is_none()) {
                continue;
            }
            if depth >= DEEPEST {
                open.push((
                    entry.party.value.clone(),
                    "the chain is too long to be followed".to_owned(),
                ));
                continue;
            }
            let Some(party) = self.catalog.party(&entry.party.value) else {
                open.push((
                    entry.party.value.clone(),
                    "nothing is known of it".to_owned(),
                ));
                continue;
            };
            let facts = Facts::default();
            let none = BTreeSet::new();
            // Its part is whatever the provider left to it: it is offered as a whole.
            let part = Part {
                inheritable: vec![Spanned {
                    value: question.requirement.to_owned(),
                    span: Span::default(),
                }],
                customer_setting: false,
                ..question.part.clone()
            };
            let answer = self.asked(
                &Question {
                    party,
                    facts: &facts,
                    agreements: self.agreements.get(&party.id.value).unwrap_or(&none),
                    area: question.area,
                    part: &part,
                    performs: &[],
                    requirement: question.requirement,
                },
                depth + 1,
            );
            if let Some(first) = answer
                .because
                .iter()
                .find(|b| b.reason != Reason::InheritedFrom)
            {
                open.push((entry.party.value.clone(), first.text.clone()));
            }
        }
        open.sort();
        open.dedup_by(|a, b| a.0 == b.0);
        open
    }
}

/// Whether a list names a requirement.
fn named_in(list: &[Spanned<String>], requirement: &str) -> bool {
    list.iter().any(|one| one.value == requirement)
}

/// The scope that holds on a day: of those that have begun and not ended the newest.
pub(crate) fn scope_on(attestation: &Attestation, now: Date) -> Option<&Scope> {
    attestation
        .scope
        .iter()
        .filter(|s| s.from.is_none_or(|from| from <= now))
        .filter(|s| s.until.is_none_or(|until| now <= until))
        .max_by_key(|s| s.from)
}

/// The facts that a scope limits.
fn scoped(scope: Option<&Scope>) -> BTreeSet<Fact> {
    let Some(scope) = scope else {
        return BTreeSet::new();
    };
    let limits = [
        (Fact::Plan, scope.plans.is_some()),
        (Fact::Offering, scope.offerings.is_some()),
        (
            Fact::Region,
            scope.regions.is_some() || !scope.except_regions.is_empty(),
        ),
        (Fact::RegionType, scope.region_types.is_some()),
    ];
    limits
        .into_iter()
        .filter(|(_, limited)| *limited)
        .map(|(fact, _)| fact)
        .collect()
}

fn named(attestation: &Attestation) -> String {
    let kind = attestation.kind.as_ref().map(|k| k.value.name());
    attestation
        .title
        .clone()
        .unwrap_or_else(|| kind.unwrap_or("attestation").to_owned())
}

fn inherited(question: &Question<'_>, attestation: &Attestation) -> Because {
    let mut text = format!(
        "inherited from `{}` under {}",
        question.party.id.value,
        named(attestation)
    );
    if let Some(period) = &attestation.period {
        text.push_str(&format_period(period.value.from, period.value.to));
    }
    if let Some(reviewed) = &attestation.reviewed {
        text.push_str(", read by ");
        text.push_str(&reviewed.by);
        text.push_str(" on ");
        text.push_str(&reviewed.on.to_string());
    }
    Because::new(Reason::InheritedFrom, text).at(label(&attestation.text, attestation.id.span))
}

fn format_period(from: Date, to: Date) -> String {
    format!(" for {from} to {to}")
}

/// Turns what a policy said into a sentence with the facts of the case.
struct Explain<'a> {
    question: &'a Question<'a>,
    attestation: &'a Attestation,
    scope: Option<&'a Scope>,
    unmapped: &'a [String],
    links: &'a [(String, String)],
}

impl Explain<'_> {
    fn because(&self, denial: &Denial<'_>) -> Because {
        let rule = denial.rule;
        let mut because = match &denial.error {
            Some(error) => Because::new(Reason::PolicyError, format!("a policy erred: {error}")),
            None => {
                let detail = self.detail(rule.reason);
                let text = if detail.is_empty() {
                    rule.title.clone()
                } else {
                    format!("{}: {detail}", rule.title)
                };
                Because::new(rule.reason, text).help(rule.help.clone())
            }
        };
        because.at = vec![self.place(rule.reason)];
        because.policy = Some(rule.at.clone());
        because
    }

    /// The values that the policy looked at.
    fn detail(&self, reason: Reason) -> String {
        let a = self.attestation;
        match reason {
            Reason::AgreementUnsigned => {
                let missing: Vec<&str> = a
                    .agreements
                    .iter()
                    .map(|k| k.value.as_str())
                    .filter(|k| !self.question.agreements.contains(*k))
                    .collect();
                format!("`{}`", missing.join("`, `"))
            }
            Reason::CuecUnmapped => self.unmapped.join("; "),
            Reason::ChainOpen => self
                .links
                .iter()
                .map(|(party, why)| format!("`{party}`: {why}"))
                .collect::<Vec<_>>()
                .join("; "),
            Reason::OutOfScope => {
                let not_offered: Vec<&str> = self
                    .question
                    .facts
                    .not_offered
                    .iter()
                    .map(|(words, _, _)| words.as_str())
                    .collect();
                if not_offered.is_empty() {
                    super::facts::case_words(&self.question.facts.known)
                } else {
                    not_offered.join("; ")
                }
            }
            Reason::AttestationLapsed => match (&a.expires, &a.period) {
                (Some(day), _) => format!("its last day was {}", day.value),
                (None, Some(period)) => format!("its period ended on {}", period.value.to),
                (None, None) => String::new(),
            },
            Reason::AttestationPlanned => a
                .due
                .as_ref()
                .map_or_else(String::new, |due| format!("promised for {}", due.value)),
            Reason::ReportNotReviewed => a.reviewed.as_ref().map_or_else(String::new, |r| {
                format!("by {}, last read on {}", r.again_by, r.on)
            }),
            Reason::CriterionQualified => a
                .exceptions
                .iter()
                .filter(|(list, _)| named_in(list, self.question.requirement))
                .filter_map(|(_, note)| note.clone())
                .collect::<Vec<_>>()
                .join("; "),
            Reason::OpinionQualified => a
                .opinion
                .as_ref()
                .map_or_else(String::new, |o| format!("it is {}", o.value)),
            Reason::EditionDiffers => a
                .edition
                .as_ref()
                .map_or_else(String::new, |e| format!("it is of {e}")),
            Reason::CriterionNotCovered => format!("`{}`", self.question.requirement),
            Reason::TermsOutdated => a
                .provenance
                .review_by
                .as_ref()
                .map_or_else(String::new, |r| r.value.to_string()),
            _ => String::new(),
        }
    }

    /// The line that it is about.
    fn place(&self, reason: Reason) -> Label {
        let a = self.attestation;
        let (key, span) = match reason {
            Reason::OutOfScope => ("scope", self.scope.map(|s| s.span)),
            Reason::AttestationLapsed => match &a.expires {
                Some(expires) => ("expires", Some(expires.span)),
                None => ("period", a.period.as_ref().map(|p| p.span)),
            },
            Reason::TypeOne | Reason::NotIndependent => ("type", a.kind.as_ref().map(|k| k.span)),
            Reason::AttestationPlanned => ("status", a.status.as_ref().map(|s| s.span)),
            Reason::ReportNotReviewed => ("reviewed", a.reviewed.as_ref().map(|r| r.span)),
            Reason::OpinionQualified => ("opinion", a.opinion.as_ref().map(|o| o.span)),
            _ => ("", None),
        };
        // What is taken over from a pack's terms has its place in another file than the proof.
        let own = span.filter(|span| a.terms.is_none() || stands_under(&a.text, key, *span));
        label(&a.text, own.filter(|s| s.end > 0).unwrap_or(a.id.span))
    }
}

/// Whether a key stands before a span, on its line or on the line above.
fn stands_under(text: &Text, key: &str, span: Span) -> bool {
    let before = text.text.get(..span.start as usize).unwrap_or_default();
    let lines: Vec<&str> = before.rsplit('\n').take(2).collect();
    lines.iter().any(|line| line.contains(&format!("{key}:")))
}
