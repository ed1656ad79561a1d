//! Who must do what, and did they: controls, responsibilities, evidence and waivers are rolled up.
//!
//! Every part of a control gets reasons from a closed list; each reason has one status, and the worst wins. Cedar decides
//! who is accountable, what may be inherited and which records count; what is here puts the questions and adds up.

mod evidence;
mod facts;
mod groups;
mod inherit;
mod waive;

use std::collections::{BTreeMap, BTreeSet};

use onus_model::assessment::Tally;
use onus_model::catalog::{Catalog, Control, Coverage, StatementRule};
use onus_model::check::Check;
use onus_model::date::{Date, Length, Period, days_between};
use onus_model::evidence::Kept;
use onus_model::governance::{
    Absent, Because, ControlResult, DeploymentShown, EvidenceResult, Governance, MatrixRow,
    Observation, Observed, PartResult, RequirementResult, Standing, Whose,
};
use onus_model::plan::{Plan, TypeId};
use onus_model::problem::Problem;
use onus_model::responsibility::{Condition, Fact, Matrix, Owner, Party, Says, Statement};
use onus_model::setup::{Deployment, GovernanceGate, Setup};
use onus_model::source::{Span, Text};
use onus_model::status::{Reason, Status};
use onus_model::waiver::Waiving;

use crate::decide::Decisions;
use crate::evaluate::GroupTallies;
use evidence::Judge;
use facts::{Accountable, Case, Division, Facts, label};
pub use groups::Groups;
use inherit::{Inheritance, Question};
pub(crate) use waive::{Law, Waivers};

/// How long before a report is to be read again that is pointed out.
const REVIEW_SOON: Length = Length::days(30);

/// A requirement that the user is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The framework's id.
    pub framework: String,
    /// The requirement's id within it.
    pub requirement: String,
    /// Why it does not apply, if it was excluded.
    pub excluded: Option<String>,
}

impl Held {
    /// As `framework/requirement`.
    #[must_use]
    pub fn full(&self) -> String {
        format!("{}/{}", self.framework, self.requirement)
    }
}

/// Everything that a run is judged by, besides checks and configs.
#[derive(Debug)]
pub struct Rules<'a> {
    /// Policies about responsibility and evidence.
    pub decisions: &'a Decisions,
    /// `onus.yaml`, if there is one.
    pub setup: Option<&'a Setup>,
    /// The requirements that the user is held to, in the order of the frameworks.
    pub held: Vec<Held>,
    /// The records that were found.
    pub kept: Vec<Kept>,
    /// What documents gave rise to.
    pub observations: Vec<Observation>,
    /// The day of the judgement: the only clock there is.
    pub now: Date,
    /// The audit window.
    pub window: Option<Period>,
    /// What makes the run fail.
    pub gate: GovernanceGate,
    /// Which files belong to which deployments.
    pub groups: Groups,
    /// All waivers are left aside.
    pub no_waivers: bool,
    /// Files that authored files name, such as assessments, and that are there.
    pub files_there: BTreeSet<String>,
    /// The code owners of the files that waivers stand in, by path.
    pub code_owners: BTreeMap<String, Vec<String>>,
}

/// What the checks found, as the roll-up needs it.
pub(crate) struct Found<'a> {
    pub(crate) checks: &'a [Check],
    pub(crate) plan: &'a Plan,
    /// By group, by check: with what was waived taken away.
    pub(crate) tallies: &'a [Vec<Tally>],
    /// By group.
    pub(crate) groups: &'a [GroupTallies],
    /// The groups that have files which could not be read.
    pub(crate) unread: &'a BTreeSet<usize>,
}

/// Problems with what was authored that only Cedar or the combination of several files can tell.
#[must_use]
pub fn problems(catalog: &Catalog, decisions: &Decisions) -> Vec<Problem> {
    let mut conditions: Vec<(&str, &Text, Span)> = Vec::new();
    for matrix in &catalog.matrices {
        for part in matrix.areas.iter().flat_map(|a| &a.parts) {
            for assignment in &part.assignments {
                if let Some(Condition::Cedar(expression)) = &assignment.when {
                    conditions.push((&expression.value, &matrix.text, expression.span));
                }
            }
        }
    }
    decisions.validate(&conditions)
}

/// The waivers of a run, judged.
pub(crate) fn waivers<'a>(
    catalog: &'a Catalog,
    checks: &[Check],
    rules: &Rules<'_>,
    default: &Waiving,
) -> Waivers<'a> {
    Waivers::new(&catalog.waivers, &law(catalog, checks, rules, default))
}

fn law<'a>(
    catalog: &'a Catalog,
    checks: &'a [Check],
    rules: &'a Rules<'_>,
    default: &'a Waiving,
) -> Law<'a> {
    Law {
        catalog,
        checks,
        waiving: rules.setup.map_or(default, |s| &s.waiving),
        now: rules.now,
        none: rules.no_waivers,
        code_owners: &rules.code_owners,
    }
}

/// Rolls everything up.
pub(crate) fn govern(
    catalog: &Catalog,
    rules: &Rules<'_>,
    found: &Found<'_>,
    waivers: Waivers<'_>,
) -> (Vec<RequirementResult>, Governance) {
    let undeclared = [Deployment::undeclared()];
    let deployments: &[Deployment] = match rules.setup {
        Some(setup) if !setup.deployments.is_empty() => &setup.deployments,
        _ => &undeclared,
    };
    let mut roller = Roller {
        catalog,
        rules,
        found,
        waivers,
        agreements: agreements(catalog, rules.now),
        evidence: BTreeMap::new(),
        observations: rules.observations.clone(),
    };
    let mut controls = Vec::new();
    let mut matrix = Vec::new();
    let mut shown = Vec::new();
    let held: BTreeSet<String> = rules.held.iter().map(Held::full).collect();
    let mut wanted = catalog.controls_for(&held);
    let left_out = roller.left_out(&mut wanted);
    for (index, deployment) in deployments.iter().enumerate() {
        let party = deployment
            .on
            .as_ref()
            .and_then(|on| catalog.party(&on.value));
        let facts = party.map(|p| Facts::of(deployment, p, rules.now));
        shown.push(roller.shown(deployment, party, facts.as_ref()));
        let mut place = Place {
            index,
            deployment,
            party: party.zip(facts.as_ref()),
        };
        for control in &wanted {
            controls.extend(roller.control(control, &mut place));
        }
        if let Some((party, facts)) = place.party {
            matrix.extend(rows(catalog, rules, deployment, party, facts));
        }
    }
    controls.sort_by(|a: &ControlResult, b| {
        (&a.control, &a.deployment).cmp(&(&b.control, &b.deployment))
    });
    let requirements = roller.requirements(&controls);
    roller.look_around(deployments, &wanted);
    let default = Waiving::default();
    let (uses, waived) = roller
        .waivers
        .finish(&law(catalog, found.checks, rules, &default));
    let mut observations = roller.observations;
    observations.extend(waived);
    observations.sort();
    observations.dedup();
    let mut evidence: Vec<EvidenceResult> = roller
        .evidence
        .into_values()
        .map(|(_, result)| result)
        .collect();
    if let Some(window) = rules.window {
        for result in &mut evidence {
            result.occurrences.retain(|o| window.contains(o.period.to));
        }
    }
    let governance = Governance {
        now: rules.now,
        system: rules.setup.and_then(|s| s.system.clone()),
        deployments: shown,
        controls,
        left_out,
        matrix,
        evidence,
        window: rules.window,
        observations,
        waivers: uses,
        gate: rules.gate,
        gate_provider: rules.setup.is_some_and(|s| s.gates.provider),
    };
    (requirements, governance)
}

/// The responsibility matrix of some deployments; of every case that a provider offers where there are none.
#[must_use]
pub fn matrix(
    catalog: &Catalog,
    decisions: &Decisions,
    deployments: &[Deployment],
    now: Date,
) -> (Vec<MatrixRow>, Vec<Observation>) {
    let mut rows_of = Vec::new();
    let mut observations = Vec::new();
    for deployment in deployments {
        let party = deployment
            .on
            .as_ref()
            .and_then(|on| catalog.party(&on.value));
        if let Some(party) = party {
            let facts = Facts::of(deployment, party, now);
            let division = Division {
                decisions,
                party,
                now,
            };
            rows_of.extend(division_rows(catalog, division, deployment, &facts));
        }
    }
    for matrix in &catalog.matrices {
        let used = deployments.is_empty()
            || deployments
                .iter()
                .any(|d| d.on.as_ref().is_some_and(|on| on.value == matrix.of.value));
        let Some(party) = catalog.party(&matrix.of.value).filter(|_| used) else {
            continue;
        };
        let division = Division {
            decisions,
            party,
            now,
        };
        if deployments.is_empty() {
            rows_of.extend(every_case(matrix, division));
        }
        observations.extend(totality(matrix, division));
    }
    observations.sort();
    (rows_of, observations)
}

/// Where a control is judged.
struct Place<'a> {
    index: usize,
    deployment: &'a Deployment,
    party: Option<(&'a Party, &'a Facts)>,
}

struct Roller<'a> {
    catalog: &'a Catalog,
    rules: &'a Rules<'a>,
    found: &'a Found<'a>,
    waivers: Waivers<'a>,
    /// Kinds of agreements in force, by party.
    agreements: BTreeMap<String, BTreeSet<String>>,
    /// By control and evidence: it is the same for all deployments.
    evidence: BTreeMap<(String, String), (Vec<Because>, EvidenceResult)>,
    observations: Vec<Observation>,
}

/// Kinds of agreements that are signed and in force, by party.
fn agreements(catalog: &Catalog, now: Date) -> BTreeMap<String, BTreeSet<String>> {
    let mut agreements: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for agreement in &catalog.agreements {
        let in_force = agreement.status.value == "signed"
            && agreement.signed.is_some_and(|day| day <= now)
            && agreement.expires.is_none_or(|day| now <= day);
        if in_force {
            agreements
                .entry(agreement.with.value.clone())
                .or_default()
                .insert(agreement.kind.value.clone());
        }
    }
    agreements
}

impl Roller<'_> {
    /// Takes those controls out that the setup leaves out. If what they are about is there, that is a finding.
    fn left_out(&mut self, wanted: &mut Vec<&Control>) -> Vec<(String, String)> {
        let Some(setup) = self.rules.setup else {
            return Vec::new();
        };
        let mut left_out = Vec::new();
        wanted.retain(|control| {
            let named = setup
                .without
                .iter()
                .find_map(|w| Some((w.names(control)?, &w.reason)));
            let Some((name, reason)) = named else {
                return true;
            };
            left_out.push((control.id.value.clone(), reason.clone()));
            for link in &control.checks {
                let index = self
                    .found
                    .checks
                    .iter()
                    .position(|c| c.id == link.check.value);
                let mut sum = Tally::default();
                for tallies in self.found.tallies {
                    if let Some(tally) = index.and_then(|index| tallies.get(index)) {
                        sum.merge(tally);
                    }
                }
                let count = sum.pass + sum.fail + sum.error + sum.unknown + sum.waived;
                if count > 0 {
                    self.observations.push(Observation {
                        what: Observed::LeftOutPresent,
                        message: format!(
                            "`{}` is left out ({reason}), and its check `{}` judged {count} of what it is about",
                            control.id.value, link.check.value
                        ),
                        whose: Whose::Ours,
                        at: vec![label(&setup.text, name.span)],
                        help: Some("take the control in again, or the files out".to_owned()),
                    });
                }
            }
            false
        });
        left_out
    }

    /// A deployment's facts, for the report.
    fn shown(
        &mut self,
        deployment: &Deployment,
        party: Option<&Party>,
        facts: Option<&Facts>,
    ) -> DeploymentShown {
        let id = &deployment.id.value;
        let mut shown = DeploymentShown {
            id: id.clone(),
            on: deployment.on.as_ref().map(|on| on.value.clone()),
            facts: Vec::new(),
            agreements: Vec::new(),
        };
        let (Some(party), Some(facts)) = (party, facts) else {
            return shown;
        };
        for fact in Fact::ALL {
            if party.choices(fact).is_empty() {
                continue;
            }
            // A proof is a file that is there.
            let proof = deployment
                .proof
                .iter()
                .find(|(name, _)| name.value == fact.name())
                .map(|(_, file)| file.value.clone())
                .filter(|file| self.rules.files_there.contains(file));
            shown
                .facts
                .push((fact, facts.known.get(&fact).cloned(), proof));
        }
        if let Some(kinds) = self.agreements.get(&party.id.value) {
            shown.agreements = kinds.iter().cloned().collect();
        }
        for (message, at, help) in &facts.not_offered {
            self.observations.push(Observation {
                what: Observed::NotOffered,
                message: format!("{message} (deployment `{id}`)"),
                whose: Whose::Ours,
                at: at.iter().cloned().collect(),
                help: help.clone(),
            });
        }
        shown
    }

    /// How a control stands in a deployment; none where it is about another provider.
    fn control(&mut self, control: &Control, place: &mut Place<'_>) -> Option<ControlResult> {
        let mut parts = match &control.responsibility {
            None => vec![PartResult {
                part: "all".to_owned(),
                title: control.title.clone(),
                owner: Some(Owner::Customer),
                requirement: None,
                in_scope: None,
                because: self.ours(control, place, None),
            }],
            Some(area) => {
                let of = self.catalog.shared_with(control)?;
                let (party, facts) = place.party.filter(|(p, _)| p.id.value == of)?;
                self.shared(control, &area.value, place, party, facts)
            }
        };
        let deployment = &place.deployment.id.value;
        for part in &mut parts {
            self.waivers
                .control(&control.id.value, deployment, &mut part.because);
            part.because.sort();
            part.because.dedup();
        }
        Some(ControlResult {
            control: control.id.value.clone(),
            title: control.title.clone(),
            deployment: deployment.clone(),
            parts,
        })
    }

    /// The parts of a control that is shared with a provider.
    fn shared(
        &mut self,
        control: &Control,
        general: &str,
        place: &Place<'_>,
        party: &Party,
        facts: &Facts,
    ) -> Vec<PartResult> {
        let mut asked: Vec<Option<&str>> = control
            .satisfies
            .iter()
            .map(|s| s.requirement.value.as_str())
            .filter(|r| self.rules.held.iter().any(|h| h.full() == *r))
            .map(Some)
            .collect();
        if asked.is_empty() {
            asked.push(None);
        }
        let division = Division {
            decisions: self.rules.decisions,
            party,
            now: self.rules.now,
        };
        let mut parts: Vec<PartResult> = Vec::new();
        for requirement in asked {
            for (matrix, area) in facts::areas(
                &self.catalog.matrices,
                &party.id.value,
                general,
                requirement,
            ) {
                for part in &area.parts {
                    let mut result = PartResult {
                        part: format!("{}/{}", area.id.value, part.id.value),
                        title: part.title.clone(),
                        owner: None,
                        requirement: None,
                        in_scope: None,
                        because: Vec::new(),
                    };
                    let at = label(&matrix.text, part.span);
                    let (answers, open) = division.of(part, facts);
                    match answers.as_slice() {
                        [Accountable::One(Owner::Customer, _)] => {
                            result.owner = Some(Owner::Customer);
                            result.because = self.ours(control, place, Some(&part.id.value));
                        }
                        [Accountable::One(Owner::Party(id), index)] => {
                            result.owner = Some(Owner::Party(id.clone()));
                            result.requirement = requirement.map(str::to_owned);
                            let performs = facts::performers(part, *index, party, &facts.known);
                            let answer = self.inherited(
                                party,
                                facts,
                                (&area.id.value, part),
                                &performs,
                                requirement,
                            );
                            result.because = answer.0;
                            result.in_scope = answer.1;
                            for because in &mut result.because {
                                if because.at.is_empty() {
                                    because.at.push(at.clone());
                                }
                            }
                        }
                        [Accountable::Nobody] => result.because.push(
                            Because::new(
                                Reason::Unassigned,
                                format!(
                                    "nobody is accountable for `{}` ({}) on {}",
                                    part.id.value,
                                    area.title,
                                    relevant(&facts.known, &division.matter(part))
                                ),
                            )
                            .at(at)
                            .help("agree with the provider who does it, and record it in a matrix of your own"),
                        ),
                        [Accountable::Several(owners)] => {
                            let names: Vec<&str> = owners.iter().map(|(o, _)| o.name()).collect();
                            result.because.push(
                                Because::new(
                                    Reason::TwoAccountable,
                                    format!(
                                        "`{}` are both accountable for `{}`",
                                        names.join("` and `"),
                                        part.id.value
                                    ),
                                )
                                .at(at),
                            );
                        }
                        [Accountable::Both] => result.because.push(
                            Because::new(
                                Reason::SplitNotStated,
                                format!(
                                    "both have a duty in `{}`, and the source does not say who does what: {}",
                                    part.id.value,
                                    part.both.as_ref().map_or("", |b| b.value.as_str())
                                ),
                            )
                            .whose(Whose::Source)
                            .at(at),
                        ),
                        [Accountable::NotApplicable] => result.because.push(
                            Because::new(
                                Reason::DeclaredNotApplicable,
                                part.not_applicable
                                    .as_ref()
                                    .map_or_else(String::new, |n| n.value.clone()),
                            )
                            .at(at),
                        ),
                        [Accountable::Error(error)] => result.because.push(
                            Because::new(
                                Reason::PolicyError,
                                format!("who is accountable could not be decided: {error}"),
                            )
                            .at(at),
                        ),
                        _ => {
                            let names: Vec<&str> = open.iter().map(|f| f.name()).collect();
                            result.because.push(
                                Because::new(
                                    Reason::FactUnknown,
                                    format!(
                                        "who is accountable for `{}` depends on `{}`, which is not known",
                                        part.id.value,
                                        names.join("` and `")
                                    ),
                                )
                                .at(at)
                                .help("declare it under the deployment in `onus.yaml`"),
                            );
                        }
                    }
                    let known = parts
                        .iter()
                        .any(|p| p.part == result.part && p.requirement == result.requirement);
                    if !known {
                        parts.push(result);
                    }
                }
            }
        }
        parts
    }

    /// Whether a part that is the provider's may be inherited.
    fn inherited(
        &self,
        party: &Party,
        facts: &Facts,
        (area, part): (&str, &onus_model::responsibility::Part),
        performs: &[String],
        requirement: Option<&str>,
    ) -> (Vec<Because>, Option<bool>) {
        let Some(requirement) = requirement else {
            let because = Because::new(
                Reason::NothingShowsIt,
                "no requirement is chosen that it could be inherited for",
            )
            .help("name a framework in `onus.yaml`");
            return (vec![because], None);
        };
        if performs.iter().any(|p| p == "host") {
            let because = Because::new(
                Reason::FactUnknown,
                "who hosts it depends on `region`, which is not known",
            )
            .help("declare it under the deployment in `onus.yaml`");
            return (vec![because], None);
        }
        let none = BTreeSet::new();
        let inheritance = Inheritance {
            decisions: self.rules.decisions,
            catalog: self.catalog,
            agreements: &self.agreements,
            now: self.rules.now,
        };
        let answer = inheritance.ask(&Question {
            party,
            facts,
            agreements: self.agreements.get(&party.id.value).unwrap_or(&none),
            area,
            part,
            performs,
            requirement,
        });
        (answer.because, answer.in_scope)
    }

    /// What shows a part that is ours: checks, evidence, statements.
    fn ours(&mut self, control: &Control, place: &Place<'_>, part: Option<&str>) -> Vec<Because> {
        let shows = |of: Option<&str>| of.is_none() || part.is_none() || of == part;
        let mut because = Vec::new();
        for link in &control.checks {
            if shows(link.part.as_ref().map(|p| p.value.as_str())) {
                let id = &link.check.value;
                let shown = self.check(id, control, link.check.span, place);
                because.extend(shown.into_iter().map(|b| b.about(id)));
            }
        }
        for rule in &control.evidence {
            if !shows(rule.part.as_ref().map(|p| p.value.as_str())) {
                continue;
            }
            let key = (control.id.value.clone(), rule.id.value.clone());
            let none = Kept::default();
            let rules = self.rules;
            let (reasons, _) = self.evidence.entry(key).or_insert_with(|| {
                let kept = rules
                    .kept
                    .iter()
                    .find(|k| k.control == control.id.value && k.evidence == rule.id.value);
                Judge {
                    decisions: rules.decisions,
                    control,
                    rule,
                    kept: kept.unwrap_or(&none),
                    now: rules.now,
                    adopted: rules.setup.and_then(|s| s.adopted),
                    filing_as_stated: rules.setup.is_some_and(|s| s.gates.filing_as_stated),
                }
                .judge()
            });
            let id = &rule.id.value;
            because.extend(reasons.iter().map(|b| b.clone().about(id)));
        }
        because.extend(self.stated(control, place, part));
        if let Some(planned) = &control.planned {
            because.push(
                Because::new(Reason::Promised, format!("planned: {}", planned.value))
                    .at(label(&control.text, planned.span)),
            );
        }
        if because.is_empty() {
            because.push(
                Because::new(
                    Reason::NothingShowsIt,
                    "no check, no evidence and no statement shows it",
                )
                .at(label(&control.text, control.id.span))
                .help("add `checks`, `evidence` or `statement` to the control"),
            );
        }
        because
    }

    /// What a check shows of a deployment.
    fn check(&self, id: &str, control: &Control, span: Span, place: &Place<'_>) -> Vec<Because> {
        let found = self.found;
        let at = label(&control.text, span);
        let Some(index) = found.checks.iter().position(|c| c.id == id) else {
            return vec![
                Because::new(Reason::NoTargets, format!("the check `{id}` was not asked")).at(at),
            ];
        };
        let groups = self.rules.groups.of_deployment(place.index);
        let mut sum = Tally::default();
        for group in &groups {
            if let Some(tally) = found.tallies.get(*group).and_then(|t| t.get(index)) {
                sum.merge(tally);
            }
        }
        let mut because = Vec::new();
        let targets = |n: u64| match n {
            1 => "1 target".to_owned(),
            n => format!("{n} targets"),
        };
        if sum.fail > 0 {
            because.push(
                Because::new(
                    Reason::CheckFailed,
                    format!("the check `{id}` failed on {}", targets(sum.fail)),
                )
                .at(at.clone()),
            );
        }
        if sum.error + sum.unknown > 0 {
            because.push(
                Because::new(
                    Reason::CheckUndecided,
                    format!(
                        "the check `{id}` could not judge {}",
                        targets(sum.error + sum.unknown)
                    ),
                )
                .at(at.clone()),
            );
        }
        // What could not be read may hold anything.
        if groups.iter().any(|g| found.unread.contains(g)) {
            because.push(
                Because::new(
                    Reason::InputUnreadable,
                    format!("files could not be read that `{id}` may be about"),
                )
                .at(at.clone()),
            );
        }
        if sum.waived > 0 {
            because.push(
                Because::new(
                    Reason::Waiver,
                    format!("failures of `{id}` are waived on {}", targets(sum.waived)),
                )
                .at(at.clone()),
            );
        }
        if !because.is_empty() {
            return because;
        }
        because.push(if sum.pass > 0 {
            Because::new(
                Reason::ChecksPassed,
                format!("the check `{id}` passed on {}", targets(sum.pass)),
            )
            .at(at)
        } else {
            match self.could_have(index, &groups) {
                Some(words) => Because::new(
                    Reason::NonePresent,
                    format!("the check `{id}` found nothing of its kind in {words}"),
                )
                .at(at),
                None => Because::new(
                    Reason::NoTargets,
                    format!("nothing was there that the check `{id}` could judge"),
                )
                .at(at),
            }
        });
        because
    }

    /// The things that could have held what a check judges, and hold none of it: they were looked into. None where nothing was.
    fn could_have(&self, check: usize, groups: &[usize]) -> Option<String> {
        let found = self.found;
        let judged: BTreeSet<TypeId> = found
            .checks
            .get(check)?
            .policies
            .iter()
            .map(|p| p.judges)
            .collect();
        let present = |of: TypeId| -> u64 {
            groups
                .iter()
                .filter_map(|g| found.groups.get(*g)?.present.get(&of))
                .sum()
        };
        // Something of its kind is there and was left out by the check's own scope: that is nothing judged.
        if judged.iter().any(|of| present(*of) > 0) {
            return None;
        }
        for of in &judged {
            let parent = found.plan.entity_type(*of)?.parent?;
            let count = present(parent);
            if count > 0 {
                let name = &found.plan.entity_type(parent)?.name;
                let name = name.rsplit("::").next().unwrap_or(name);
                return Some(format!("{count} of `{name}`"));
            }
        }
        None
    }

    /// What people say of a part.
    fn stated(&self, control: &Control, place: &Place<'_>, part: Option<&str>) -> Vec<Because> {
        let now = self.rules.now;
        let said = |s: &&Statement| {
            s.control
                .as_ref()
                .is_some_and(|c| c.value == control.id.value)
                && s.part
                    .as_ref()
                    .is_none_or(|p| part.is_none_or(|part| p.value == part))
                && about(s, place.deployment)
                && s.on <= now
        };
        let mut because = Vec::new();
        let mut not_applicable = false;
        for statement in self.catalog.statements.iter().filter(said) {
            let until = until(statement, Length::months(12));
            if statement.says == Says::NotApplicable && now <= until {
                not_applicable = true;
                because.push(
                    Because::new(
                        Reason::DeclaredNotApplicable,
                        format!("{}: {}", who(statement), statement.reason),
                    )
                    .at(label(&statement.text, statement.id.span)),
                );
            }
        }
        if not_applicable {
            return because;
        }
        let wanted = control.statements.iter().filter(|rule| {
            rule.part
                .as_ref()
                .is_none_or(|p| part.is_none_or(|part| p.value == part))
        });
        for rule in wanted {
            let newest = self
                .catalog
                .statements
                .iter()
                .filter(said)
                .filter(|s| s.says == Says::Implemented)
                .max_by_key(|s| until(s, rule.valid));
            because.push(held_to_word(control, rule, newest, now));
        }
        because
    }

    /// Every requirement that the user is held to.
    fn requirements(&self, controls: &[ControlResult]) -> Vec<RequirementResult> {
        let mut results = Vec::new();
        for held in &self.rules.held {
            let full_id = held.full();
            let below = self.below(&held.framework, &held.requirement);
            let mut covering: Vec<(String, String, Status)> = Vec::new();
            let mut full = false;
            for control in &self.catalog.controls {
                let own = control
                    .satisfies
                    .iter()
                    .find(|s| s.requirement.value == full_id);
                full |= own.is_some_and(|s| matches!(s.coverage, Coverage::Full(_)))
                    && controls.iter().any(|r| r.control == control.id.value);
                // What shows a part of a requirement's part shows a part of it.
                let through: Vec<&str> = control
                    .satisfies
                    .iter()
                    .map(|s| s.requirement.value.as_str())
                    .filter(|r| *r == full_id || below.contains(*r))
                    .collect();
                if through.is_empty() {
                    continue;
                }
                for result in controls.iter().filter(|r| r.control == control.id.value) {
                    let status = through.iter().map(|r| result.of(Some(r))).min();
                    if let Some(status) = status {
                        covering.push((
                            control.id.value.clone(),
                            result.deployment.clone(),
                            status,
                        ));
                    }
                }
            }
            let found = self.catalog.requirement(&full_id);
            let alternative = found.and_then(|(_, r)| self.alternative(&full_id, r.addressable));
            let standing = match (
                &held.excluded,
                &alternative,
                covering.iter().map(|c| c.2).min(),
            ) {
                (Some(why), _, _) => Standing::Excluded(why.clone()),
                (None, Some(alternative), _) => Standing::Covered(alternative.reason.status()),
                (None, None, Some(worst)) => Standing::Covered(worst),
                (None, None, None) => Standing::NotCovered,
            };
            let see = match standing {
                Standing::NotCovered => self.see(&full_id),
                Standing::Covered(_) | Standing::Excluded(_) => Vec::new(),
            };
            results.push(RequirementResult {
                framework: held.framework.clone(),
                requirement: held.requirement.clone(),
                title: found.map(|(_, r)| r.title.clone()).unwrap_or_default(),
                standing,
                full,
                controls: covering,
                alternative,
                see,
            });
        }
        results
    }

    /// All requirements that stand below one, however deep, as `framework/requirement`.
    fn below(&self, framework: &str, requirement: &str) -> BTreeSet<String> {
        let mut below = BTreeSet::new();
        let Some(framework) = self.catalog.framework(framework) else {
            return below;
        };
        let mut next: Vec<&str> = vec![requirement];
        while let Some(above) = next.pop() {
            for inner in &framework.requirements {
                let within = inner.within.as_ref().is_some_and(|w| w.value == above);
                let id = format!("{}/{}", framework.id.value, inner.id.value);
                if within && below.insert(id) {
                    next.push(&inner.id.value);
                }
            }
        }
        below
    }

    /// A documented alternative for an addressable requirement.
    fn alternative(&self, requirement: &str, addressable: bool) -> Option<Because> {
        let now = self.rules.now;
        let statement = self
            .catalog
            .statements
            .iter()
            .filter(|s| {
                s.requirement
                    .as_ref()
                    .is_some_and(|r| r.value == requirement)
                    && s.says == Says::Alternative
                    && addressable
                    && s.on <= now
            })
            .max_by_key(|s| s.on)?;
        let last = until(statement, Length::months(12));
        let at = label(&statement.text, statement.id.span);
        let said = format!("{}: {}", who(statement), statement.reason);
        if last < now {
            return Some(
                Because::new(
                    Reason::StatementOverdue,
                    format!("the alternative held until {last}; {said}"),
                )
                .at(at),
            );
        }
        let there = statement
            .assessment
            .as_ref()
            .is_some_and(|a| self.rules.files_there.contains(&a.value));
        Some(if there {
            Because::new(
                Reason::AlternativeDocumented,
                format!("an alternative, until {last}; {said}"),
            )
            .at(at)
        } else {
            Because::new(
                Reason::AlternativeUndocumented,
                format!("an alternative without the assessment behind it; {said}"),
            )
            .at(at)
            .help("name the file with the assessment under `assessment`")
        })
    }

    /// Requirements that a crosswalk names and that are covered: a place to look, no more.
    fn see(&self, requirement: &str) -> Vec<String> {
        let mut see = BTreeSet::new();
        for crosswalk in &self.catalog.crosswalks {
            for row in &crosswalk.rows {
                let from = format!("{}/{}", crosswalk.from.value, row.from.value);
                if from == requirement {
                    see.extend(row.to.iter().map(|(to, _)| to.value.clone()));
                } else if row.to.iter().any(|(to, _)| to.value == requirement) {
                    see.insert(from);
                }
            }
        }
        see.into_iter()
            .filter(|id| {
                self.catalog.controls.iter().any(|c| {
                    c.satisfies.iter().any(|s| s.requirement.value == *id)
                        && self.rules.held.iter().any(|h| h.full() == *id)
                })
            })
            .collect()
    }

    /// What is worth saying besides: outdated packs, promises, gaps, retention.
    fn look_around(&mut self, deployments: &[Deployment], controls: &[&Control]) {
        let now = self.rules.now;
        let used: BTreeSet<&str> = deployments
            .iter()
            .filter_map(|d| d.on.as_ref())
            .map(|on| on.value.as_str())
            .collect();
        let catalog = self.catalog;
        let mut found = Vec::new();
        let mut outdated =
            |what: &str, provenance: &onus_model::responsibility::Provenance, text: &Text| {
                let Some(by) = provenance.review_by.as_ref().filter(|by| by.value < now) else {
                    return;
                };
                found.push(Observation {
                    what: Observed::PackOutdated,
                    message: format!(
                        "{what} was to be compared with its source by {}, {} days ago",
                        by.value,
                        days_between(by.value, now)
                    ),
                    whose: Whose::Source,
                    at: vec![label(text, by.span)],
                    help: provenance
                        .source
                        .as_ref()
                        .map(|source| format!("compare it with {source}")),
                });
            };
        for party in catalog
            .parties
            .iter()
            .filter(|p| used.contains(p.id.value.as_str()))
        {
            outdated(
                &format!("`{}`", party.id.value),
                &party.provenance,
                &party.text,
            );
            let division = Division {
                decisions: self.rules.decisions,
                party,
                now,
            };
            // A framework's own matrix says nothing where nobody is held to that framework.
            let rules = self.rules;
            let matters = |m: &&Matrix| {
                m.of.value == party.id.value
                    && m.framework
                        .as_ref()
                        .is_none_or(|f| rules.held.iter().any(|h| h.framework == f.value))
            };
            for matrix in catalog.matrices.iter().filter(matters) {
                outdated(
                    &format!("the matrix `{}`", matrix.id.value),
                    &matrix.provenance,
                    &matrix.text,
                );
                self.observations.extend(totality(matrix, division));
            }
        }
        for attestation in &catalog.attestations {
            let of = attestation.of.as_ref().map_or("", |of| of.value.as_str());
            if !used.contains(of) {
                continue;
            }
            if let (Some(status), Some(due)) = (&attestation.status, &attestation.due)
                && status.value == "planned"
                && due.value < now
            {
                found.push(Observation {
                    what: Observed::PromiseOverdue,
                    message: format!(
                        "`{of}` promised `{}` for {}, {} days ago",
                        attestation.id.value,
                        due.value,
                        days_between(due.value, now)
                    ),
                    whose: Whose::Provider(of.to_owned()),
                    at: vec![label(&attestation.text, due.span)],
                    help: Some("ask the provider, and record what is there now".to_owned()),
                });
            }
            if let Some(reviewed) = &attestation.reviewed {
                let left = days_between(now, reviewed.again_by);
                if left >= 0 && REVIEW_SOON.after(now) >= reviewed.again_by {
                    found.push(Observation {
                        what: Observed::ReviewSoon,
                        message: format!(
                            "the report of `{}` is to be read again in {left} days",
                            attestation.id.value
                        ),
                        whose: Whose::Ours,
                        at: vec![label(&attestation.text, reviewed.span)],
                        help: None,
                    });
                }
            }
        }
        for control in controls {
            if let Some(by) = control.review_by.as_ref().filter(|by| by.value < now) {
                found.push(Observation {
                    what: Observed::ControlReviewOverdue,
                    message: format!(
                        "the control `{}` was to be reviewed by {}, {} days ago",
                        control.id.value,
                        by.value,
                        days_between(by.value, now)
                    ),
                    whose: Whose::Ours,
                    at: vec![label(&control.text, by.span)],
                    help: Some("review it, and set `reviewed` and `review_by`".to_owned()),
                });
            }
        }
        found.extend(retention(controls));
        self.observations.extend(found);
    }
}

/// Records in one place cannot be kept for two lengths of time.
fn retention(controls: &[&Control]) -> Vec<Observation> {
    let mut by_path: BTreeMap<&str, Vec<(&Control, &onus_model::catalog::Evidence)>> =
        BTreeMap::new();
    for control in controls {
        for evidence in &control.evidence {
            by_path
                .entry(evidence.path.value.as_str())
                .or_default()
                .push((control, evidence));
        }
    }
    let words = |length: Option<Length>| length.map_or_else(|| "ever".to_owned(), Length::words);
    let mut found = Vec::new();
    for (path, rules) in by_path {
        let mut first = None;
        for (control, rule) in rules {
            let Some(keep) = &rule.retention else {
                continue;
            };
            let (other, length) = *first.get_or_insert((control, keep.value));
            if length != keep.value {
                found.push(Observation {
                    what: Observed::RetentionConflict,
                    message: format!(
                        "`{path}` is kept for {} by `{}` and for {} by `{}`",
                        words(length),
                        other.id.value,
                        words(keep.value),
                        control.id.value
                    ),
                    whose: Whose::Ours,
                    at: vec![label(&control.text, keep.span)],
                    help: Some("keep it for the longer time, or in two places".to_owned()),
                });
            }
        }
    }
    found
}

/// How the newest thing that a person said stands to what is asked.
fn held_to_word(
    control: &Control,
    rule: &StatementRule,
    newest: Option<&Statement>,
    now: Date,
) -> Because {
    let at = label(&control.text, rule.span);
    let by = rule
        .by
        .as_ref()
        .map_or_else(String::new, |by| format!(" ({by})"));
    match newest {
        Some(statement) if now <= until(statement, rule.valid) => Because::new(
            Reason::StatementMade,
            format!(
                "{}, until {}: {}",
                who(statement),
                until(statement, rule.valid),
                statement.reason
            ),
        )
        .at(label(&statement.text, statement.id.span)),
        Some(statement) => Because::new(
            Reason::StatementOverdue,
            format!(
                "what {} held until {}, {} days ago",
                who(statement),
                until(statement, rule.valid),
                days_between(until(statement, rule.valid), now)
            ),
        )
        .at(label(&statement.text, statement.id.span))
        .help("let the person look again, and record it"),
        None => match rule.due.filter(|due| *due < now) {
            Some(due) => Because::new(
                Reason::StatementOverdue,
                format!(
                    "a person{by} had to say so by {due}, {} days ago",
                    days_between(due, now)
                ),
            )
            .at(at)
            .help("record it under `statements`"),
            None => Because::new(
                Reason::StatementPending,
                format!("a person{by} must say so, and has not"),
            )
            .at(at)
            .help("record it under `statements`"),
        },
    }
}

/// Whether a statement is about a deployment.
fn about(statement: &Statement, deployment: &Deployment) -> bool {
    statement.deployments.is_empty()
        || statement
            .deployments
            .iter()
            .any(|d| d.value == deployment.id.value)
}

/// The last day that a statement holds.
fn until(statement: &Statement, valid: Length) -> Date {
    statement.until.unwrap_or_else(|| valid.after(statement.on))
}

fn who(statement: &Statement) -> String {
    format!(
        "{} ({}) said on {}",
        statement.by, statement.role, statement.on
    )
}

/// The facts of a deployment that decide about a part, for people.
fn relevant(known: &Case, matter: &BTreeSet<Fact>) -> String {
    let case: Case = known
        .iter()
        .filter(|(fact, _)| matter.contains(fact))
        .map(|(fact, value)| (*fact, value.clone()))
        .collect();
    facts::case_words(&case)
}

fn rows(
    catalog: &Catalog,
    rules: &Rules<'_>,
    deployment: &Deployment,
    party: &Party,
    facts: &Facts,
) -> Vec<MatrixRow> {
    let division = Division {
        decisions: rules.decisions,
        party,
        now: rules.now,
    };
    division_rows(catalog, division, deployment, facts)
}

/// The rows of the matrices of a deployment's provider.
fn division_rows(
    catalog: &Catalog,
    division: Division<'_>,
    deployment: &Deployment,
    facts: &Facts,
) -> Vec<MatrixRow> {
    let party = division.party;
    let mut rows = Vec::new();
    for matrix in catalog
        .matrices
        .iter()
        .filter(|m| m.of.value == party.id.value)
    {
        for area in &matrix.areas {
            let parts: Vec<(Vec<Accountable>, Vec<Fact>)> = area
                .parts
                .iter()
                .map(|part| division.of(part, facts))
                .collect();
            let single: Vec<(Accountable, Vec<String>)> = area
                .parts
                .iter()
                .zip(&parts)
                .map(|(part, (answers, _))| match answers.as_slice() {
                    [one] => (one.clone(), does(part, one, party, &facts.known)),
                    _ => (Accountable::Nobody, Vec::new()),
                })
                .collect();
            let ssrm = facts::ssrm(&single, &party.id.value);
            for (part, (answers, open)) in area.parts.iter().zip(&parts) {
                let mut row = row(matrix, area, part, ssrm);
                row.deployment.clone_from(&deployment.id.value);
                match answers.as_slice() {
                    [one] => fill(&mut row, part, one, party, &facts.known),
                    _ => {
                        let names: Vec<&str> = open.iter().map(|f| f.name()).collect();
                        row.note = Some((
                            Absent::Unknown,
                            format!(
                                "depends on {}, which is not known",
                                names.join(" and ").replace('_', " ")
                            ),
                        ));
                    }
                }
                rows.push(row);
            }
        }
    }
    rows
}

/// One row for every part and every case that makes a difference.
fn every_case(matrix: &Matrix, division: Division<'_>) -> Vec<MatrixRow> {
    let mut rows = Vec::new();
    for area in &matrix.areas {
        for part in &area.parts {
            let mut grouped: Vec<(Accountable, Vec<Case>)> = Vec::new();
            for (case, answer) in division.all(part) {
                match grouped.iter_mut().find(|(a, _)| *a == answer) {
                    Some((_, cases)) => cases.push(case),
                    None => grouped.push((answer, vec![case])),
                }
            }
            for (answer, cases) in grouped {
                let one = [(
                    answer.clone(),
                    cases
                        .first()
                        .map(|case| does(part, &answer, division.party, case))
                        .unwrap_or_default(),
                )];
                let mut row = row(matrix, area, part, facts::ssrm(&one, &matrix.of.value));
                row.deployment = cases_words(&cases);
                let case = cases.first().cloned().unwrap_or_default();
                fill(&mut row, part, &answer, division.party, &case);
                rows.push(row);
            }
        }
    }
    rows
}

/// Cases in few words: facts that all have in common once, the others as lists where every combination is there.
fn cases_words(cases: &[Case]) -> String {
    let mut values: BTreeMap<Fact, BTreeSet<&str>> = BTreeMap::new();
    for case in cases {
        for (fact, value) in case {
            values.entry(*fact).or_default().insert(value);
        }
    }
    let product: usize = values.values().map(BTreeSet::len).product();
    if product != cases.len() {
        let words: Vec<String> = cases.iter().map(facts::case_words).collect();
        return words.join("; ").replace('`', "");
    }
    let words: Vec<String> = values
        .iter()
        .map(|(fact, values)| {
            let values: Vec<&str> = values.iter().copied().collect();
            format!("{} {}", fact.name().replace('_', " "), values.join(" or "))
        })
        .collect();
    if words.is_empty() {
        "always".to_owned()
    } else {
        words.join(", ")
    }
}

fn row(
    matrix: &Matrix,
    area: &onus_model::responsibility::Area,
    part: &onus_model::responsibility::Part,
    ssrm: onus_model::responsibility::Ssrm,
) -> MatrixRow {
    MatrixRow {
        deployment: String::new(),
        provider: matrix.of.value.clone(),
        framework: matrix.framework.as_ref().map(|f| f.value.clone()),
        area: area.id.value.clone(),
        area_title: area.title.clone(),
        ssrm,
        dependent: area.dependent,
        part: part.id.value.clone(),
        part_title: part.title.clone(),
        accountable: Vec::new(),
        performs: Vec::new(),
        note: None,
        at: Some(label(&matrix.text, part.id.span)),
        source: matrix.provenance.source.clone(),
        as_of: matrix.provenance.as_of,
    }
}

fn does(
    part: &onus_model::responsibility::Part,
    answer: &Accountable,
    party: &Party,
    case: &Case,
) -> Vec<String> {
    let Accountable::One(owner, index) = answer else {
        return Vec::new();
    };
    let performs = facts::performers(part, *index, party, case);
    if performs.is_empty() {
        vec![owner.name().to_owned()]
    } else {
        performs
    }
}

fn fill(
    row: &mut MatrixRow,
    part: &onus_model::responsibility::Part,
    answer: &Accountable,
    party: &Party,
    case: &Case,
) {
    row.performs = does(part, answer, party, case);
    match answer {
        Accountable::One(owner, _) => row.accountable.push(owner.clone()),
        Accountable::Several(owners) => {
            row.accountable
                .extend(owners.iter().map(|(o, _)| o.clone()));
        }
        Accountable::Both => {
            row.note = Some((
                Absent::NotStated,
                format!(
                    "split not stated: {}",
                    part.both.as_ref().map_or("", |b| b.value.as_str())
                ),
            ));
        }
        Accountable::NotApplicable => {
            row.note = part.not_applicable.as_ref().map(|n| {
                (
                    Absent::NotApplicable,
                    format!("not applicable: {}", n.value),
                )
            });
        }
        Accountable::Error(error) => {
            row.note = Some((Absent::Undecided, format!("could not be decided: {error}")));
        }
        Accountable::Nobody => {}
    }
}

/// Each part has exactly one accountable party, whatever is bought: where that is not so is said, with the case.
fn totality(matrix: &Matrix, division: Division<'_>) -> Vec<Observation> {
    let whose = || Whose::Provider(matrix.of.value.clone());
    let mut found = Vec::new();
    for area in &matrix.areas {
        for part in &area.parts {
            let mut nobody: Vec<Case> = Vec::new();
            let mut several: BTreeMap<String, Vec<Case>> = BTreeMap::new();
            let mut both: Vec<Case> = Vec::new();
            for (case, answer) in division.all(part) {
                match answer {
                    Accountable::Nobody => nobody.push(case),
                    Accountable::Several(owners) => {
                        let names: Vec<&str> = owners.iter().map(|(o, _)| o.name()).collect();
                        several.entry(names.join("` and `")).or_default().push(case);
                    }
                    Accountable::Both => both.push(case),
                    Accountable::One(..) | Accountable::NotApplicable | Accountable::Error(_) => {}
                }
            }
            let name = format!("{} ({})", part.title, area.title);
            let when = |cases: &[Case]| match cases_words(cases) {
                words if words == "always" => "under every plan and region".to_owned(),
                words => format!("with {words}"),
            };
            let mut observe = |what, message, span| {
                found.push(Observation {
                    what,
                    message,
                    whose: whose(),
                    at: vec![label(&matrix.text, span)],
                    help: None,
                });
            };
            if !nobody.is_empty() {
                observe(
                    Observed::ResponsibilityGap,
                    format!("nobody is accountable for {name} {}", when(&nobody)),
                    part.id.span,
                );
            }
            for (names, cases) in &several {
                observe(
                    Observed::ResponsibilityOverlap,
                    format!("`{names}` are both accountable for {name} {}", when(cases)),
                    part.id.span,
                );
            }
            if let (false, Some(words)) = (both.is_empty(), &part.both) {
                observe(
                    Observed::SplitNotStated,
                    format!(
                        "both have a duty in {name} {}, and the source does not say who does what",
                        when(&both)
                    ),
                    words.span,
                );
            }
        }
    }
    found
}
