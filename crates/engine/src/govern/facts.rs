//! What is known of a deployment, and who is accountable under it.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::date::Date;
use onus_model::problem::{Label, did_you_mean};
use onus_model::responsibility::{Area, Condition, Fact, Matrix, Owner, Part, Party, Ssrm};
use onus_model::setup::Deployment;
use onus_model::source::Text;

use crate::decide::{Decisions, Fields, flag, text, texts};

/// More combinations of unknown facts than this are not tried: the answer is then *unknown*.
const MOST_CASES: usize = 4096;

/// One full set of facts, in the provider's spelling.
pub(crate) type Case = BTreeMap<Fact, String>;

/// A deployment's facts, resolved against what its provider offers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// What is known.
    pub(crate) known: Case,
    /// What the provider has choices for, and we do not know.
    pub(crate) unknown: Vec<Fact>,
    /// What the provider does not offer: a sentence, its place, what to do.
    pub(crate) not_offered: Vec<(String, Option<Label>, Option<String>)>,
    /// The components in use, if declared.
    pub(crate) components: Option<Vec<String>>,
    /// The classes of data.
    pub(crate) data: Vec<String>,
}

impl Facts {
    /// Resolves what a deployment declares.
    pub(crate) fn of(deployment: &Deployment, party: &Party, now: Date) -> Self {
        let mut facts = Self {
            components: deployment
                .components
                .as_ref()
                .map(|list| list.iter().map(|c| component(party, &c.value)).collect()),
            data: deployment
                .data
                .iter()
                .map(|d| d.value.to_lowercase())
                .collect(),
            ..Self::default()
        };
        for fact in Fact::ALL {
            let choices = party.choices(fact);
            if choices.is_empty() {
                continue;
            }
            let Some((declared, value)) = deployment
                .fact(fact)
                .and_then(|d| Some((d, d.value.as_ref()?)))
            else {
                facts.unknown.push(fact);
                continue;
            };
            let label = |message: &str| {
                deployment.text.as_ref().map(|text| Label {
                    text: text.clone(),
                    span: declared.span,
                    message: message.to_owned(),
                })
            };
            let word = fact.name().replace('_', " ");
            let Some(choice) = party.choice(fact, value) else {
                let near = did_you_mean(value, choices.iter().map(|c| c.id.value.as_str()));
                let all: Vec<&str> = choices.iter().map(|c| c.id.value.as_str()).collect();
                facts.not_offered.push((
                    format!("`{}` has no {word} `{value}`", party.id.value),
                    label(""),
                    Some(near.map_or_else(
                        || format!("it has `{}`", all.join("`, `")),
                        |near| format!("did you mean `{near}`?"),
                    )),
                ));
                facts.known.insert(fact, value.to_lowercase());
                continue;
            };
            if !choice.there(now) {
                let when = match (choice.from, choice.until) {
                    (Some(from), _) if now < from => format!("from {from} on"),
                    (_, Some(until)) => format!("until {until}"),
                    _ => "at another time".to_owned(),
                };
                facts.not_offered.push((
                    format!(
                        "`{}` has the {word} `{}` only {when}",
                        party.id.value, choice.id.value
                    ),
                    label(""),
                    None,
                ));
            }
            facts.known.insert(fact, choice.id.value.clone());
        }
        facts.plans_needed(deployment, party);
        facts.components_known(deployment, party);
        facts
    }

    /// A component under a name that nobody knows could be one that a scope leaves out.
    fn components_known(&mut self, deployment: &Deployment, party: &Party) {
        for written in deployment.components.iter().flatten() {
            let known = party.among(&party.components, &written.value).is_some();
            // A provider without a list says nothing of components, and no scope can name one.
            if known || party.components.is_empty() {
                continue;
            }
            let ids = || party.components.iter().map(|c| c.id.value.as_str());
            let help = match did_you_mean(&written.value, ids()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has `{}`", ids().collect::<Vec<_>>().join("`, `")),
            };
            self.not_offered.push((
                format!("`{}` has no component `{}`", party.id.value, written.value),
                deployment
                    .text
                    .as_ref()
                    .map(|text| label(text, written.span)),
                Some(help),
            ));
        }
    }

    /// Some choices can be had with some plans only.
    fn plans_needed(&mut self, deployment: &Deployment, party: &Party) {
        let Some(plan) = self.known.get(&Fact::Plan) else {
            return;
        };
        let mut found = Vec::new();
        for fact in [Fact::Offering, Fact::Region, Fact::RegionType] {
            if with_the_plan(party, &self.known, fact) {
                continue;
            }
            let choice = self.known.get(&fact).and_then(|id| party.choice(fact, id));
            let Some(choice) = choice else {
                continue;
            };
            let plans: Vec<&str> = choice.plans.iter().map(|p| p.value.as_str()).collect();
            let at = deployment
                .text
                .as_ref()
                .zip(deployment.fact(fact))
                .map(|(text, d)| Label {
                    text: text.clone(),
                    span: d.span,
                    message: String::new(),
                });
            found.push((
                format!(
                    "the {} `{}` cannot be had with the plan `{plan}`",
                    fact.name().replace('_', " "),
                    choice.id.value
                ),
                at,
                Some(format!("it needs the plan `{}`", plans.join("` or `"))),
            ));
        }
        self.not_offered.extend(found);
    }

    /// Whether the provider offers all that is known.
    pub(crate) fn offered(&self) -> bool {
        self.not_offered.is_empty()
    }

    /// Every full set of facts that fits what is known; none when there are too many.
    pub(crate) fn cases(&self, party: &Party, matter: &BTreeSet<Fact>, now: Date) -> Vec<Case> {
        let open: Vec<Fact> = self
            .unknown
            .iter()
            .copied()
            .filter(|f| matter.contains(f))
            .collect();
        complete(party, &open, &self.known, now)
    }
}

/// Every way to fill the open facts with what a party offers.
fn complete(party: &Party, open: &[Fact], known: &Case, now: Date) -> Vec<Case> {
    let mut cases = vec![known.clone()];
    for fact in open {
        let choices: Vec<&str> = party
            .choices(*fact)
            .iter()
            .filter(|c| c.there(now))
            .map(|c| c.id.value.as_str())
            .collect();
        if choices.is_empty() {
            continue;
        }
        if cases.len() * choices.len() > MOST_CASES {
            return Vec::new();
        }
        cases = cases
            .iter()
            .flat_map(|case| {
                choices.iter().map(|choice| {
                    let mut case = case.clone();
                    case.insert(*fact, (*choice).to_owned());
                    case
                })
            })
            .collect();
    }
    // What cannot be had is no case, unless it was declared: then it is reported, and judged all the same.
    cases.retain(|case| {
        Fact::ALL
            .into_iter()
            .filter(|fact| open.contains(fact) || open.contains(&Fact::Plan))
            .all(|fact| with_the_plan(party, case, fact))
    });
    cases
}

/// Whether what a case has of a fact can be had with its plan.
fn with_the_plan(party: &Party, case: &Case, fact: Fact) -> bool {
    let (Some(plan), Some(id)) = (case.get(&Fact::Plan), case.get(&fact)) else {
        return true;
    };
    party.choice(fact, id).is_none_or(|choice| {
        choice.plans.is_empty()
            || choice
                .plans
                .iter()
                .any(|p| p.value.eq_ignore_ascii_case(plan))
    })
}

fn component(party: &Party, word: &str) -> String {
    party
        .among(&party.components, word)
        .map_or_else(|| word.to_lowercase(), |c| c.id.value.clone())
}

/// The principal of a question.
pub(crate) fn principal(
    party: &str,
    case: &Case,
    facts: &Facts,
    agreements: &BTreeSet<String>,
) -> Fields {
    let mut fields: Fields = vec![
        ("provider".to_owned(), text(party)),
        (
            "data".to_owned(),
            texts(facts.data.iter().map(String::as_str)),
        ),
        (
            "agreements".to_owned(),
            texts(agreements.iter().map(String::as_str)),
        ),
        ("offered".to_owned(), flag(facts.offered())),
    ];
    if let Some(components) = &facts.components {
        fields.push((
            "components".to_owned(),
            texts(components.iter().map(String::as_str)),
        ));
    }
    for (fact, value) in case {
        fields.push((fact.attribute().to_owned(), text(value)));
    }
    fields
}

/// Who is accountable for a part under one set of facts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Accountable {
    /// One party, by the assignment of this index.
    One(Owner, usize),
    /// Nobody.
    Nobody,
    /// Several, by these assignments.
    Several(Vec<(Owner, usize)>),
    /// The source names both and does not say who does what.
    Both,
    /// Nobody has to do it.
    NotApplicable,
    /// A condition could not be decided.
    Error(String),
}

/// Finds out who is accountable for the parts of a matrix.
#[derive(Clone, Copy)]
pub(crate) struct Division<'a> {
    pub(crate) decisions: &'a Decisions,
    pub(crate) party: &'a Party,
    pub(crate) now: Date,
}

impl Division<'_> {
    /// Who is accountable under one set of facts.
    pub(crate) fn under(&self, part: &Part, case: &Case, facts: &Facts) -> Accountable {
        if part.not_applicable.is_some() {
            return Accountable::NotApplicable;
        }
        let mut holding: Vec<(Owner, usize)> = Vec::new();
        for (index, assignment) in part.assignments.iter().enumerate() {
            let there = assignment.from.is_none_or(|from| from <= self.now)
                && assignment.until.is_none_or(|until| self.now <= until);
            if !there {
                continue;
            }
            let holds = match &assignment.when {
                None => Ok(true),
                Some(condition) => {
                    let principal = principal(&self.party.id.value, case, facts, &BTreeSet::new());
                    self.decisions.holds(&expression(condition), principal)
                }
            };
            match holds {
                Ok(true) => {
                    let owner = &assignment.accountable.value;
                    if holding.iter().all(|(o, _)| o != owner) {
                        holding.push((owner.clone(), index));
                    }
                }
                Ok(false) => {}
                Err(error) => return Accountable::Error(error),
            }
        }
        match (holding.pop(), holding.is_empty()) {
            (None, _) if part.both.is_some() => Accountable::Both,
            (None, _) => Accountable::Nobody,
            (Some((owner, index)), true) => Accountable::One(owner, index),
            (Some(last), false) => {
                holding.push(last);
                Accountable::Several(holding)
            }
        }
    }

    /// The facts that decide about a part.
    pub(crate) fn matter(&self, part: &Part) -> BTreeSet<Fact> {
        let mut matter = BTreeSet::new();
        for assignment in &part.assignments {
            match &assignment.when {
                None => {}
                Some(Condition::Facts(facts)) => matter.extend(facts.iter().map(|(f, _)| *f)),
                Some(Condition::Cedar(expression)) => matter.extend(
                    Fact::ALL
                        .into_iter()
                        .filter(|f| mentions(&expression.value, f.attribute())),
                ),
            }
        }
        matter
    }

    /// Who is accountable under what is known: one answer, or several with the facts that decide.
    pub(crate) fn of(&self, part: &Part, facts: &Facts) -> (Vec<Accountable>, Vec<Fact>) {
        let matter = self.matter(part);
        let cases = facts.cases(self.party, &matter, self.now);
        let mut answers: Vec<Accountable> = Vec::new();
        for case in &cases {
            let answer = self.under(part, case, facts);
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        let open = facts
            .unknown
            .iter()
            .copied()
            .filter(|f| matter.contains(f))
            .collect();
        answers.sort();
        (answers, open)
    }

    /// Every case that a party offers, over the facts that decide about a part, with who is accountable in it.
    pub(crate) fn all(&self, part: &Part) -> Vec<(Case, Accountable)> {
        let matter: Vec<Fact> = self.matter(part).into_iter().collect();
        let facts = Facts::default();
        complete(self.party, &matter, &Case::new(), self.now)
            .into_iter()
            .map(|case| {
                let answer = self.under(part, &case, &facts);
                (case, answer)
            })
            .collect()
    }
}

/// Whether an expression speaks of an attribute of the principal.
fn mentions(expression: &str, attribute: &str) -> bool {
    expression
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == attribute)
}

/// A condition in Cedar's words.
pub(crate) fn expression(condition: &Condition) -> String {
    match condition {
        Condition::Cedar(expression) => expression.value.clone(),
        Condition::Facts(facts) => {
            let parts: Vec<String> = facts
                .iter()
                .map(|(fact, values)| {
                    let name = fact.attribute();
                    let values: Vec<String> = values
                        .iter()
                        .map(|v| format!("\"{}\"", v.value.escape_debug()))
                        .collect();
                    format!(
                        "(principal has {name} && [{}].contains(principal.{name}))",
                        values.join(", ")
                    )
                })
                .collect();
            if parts.is_empty() {
                "true".to_owned()
            } else {
                parts.join(" && ")
            }
        }
    }
}

/// For people: `plan `enterprise`, offering `grid``.
pub(crate) fn case_words(case: &Case) -> String {
    let words: Vec<String> = case
        .iter()
        .map(|(fact, value)| format!("{} `{value}`", fact.name().replace('_', " ")))
        .collect();
    if words.is_empty() {
        "every deployment".to_owned()
    } else {
        words.join(", ")
    }
}

/// Who does it: `host` is whoever hosts the region.
pub(crate) fn performers(part: &Part, index: usize, party: &Party, case: &Case) -> Vec<String> {
    let Some(assignment) = part.assignments.get(index) else {
        return Vec::new();
    };
    let host = case
        .get(&Fact::Region)
        .and_then(|id| party.choice(Fact::Region, id))
        .and_then(|c| c.on.as_ref());
    assignment
        .performs
        .iter()
        .map(|p| match (p.value.as_str(), host) {
            ("host", Some(host)) => host.value.clone(),
            (word, _) => word.to_owned(),
        })
        .collect()
}

/// How an area is divided, in CSA's terms, from who is accountable for and who performs each part.
pub(crate) fn ssrm(parts: &[(Accountable, Vec<String>)], provider: &str) -> Ssrm {
    let applicable: Vec<&(Accountable, Vec<String>)> = parts
        .iter()
        .filter(|(a, _)| *a != Accountable::NotApplicable)
        .collect();
    if applicable.is_empty() {
        return Ssrm::NotApplicable;
    }
    let mut customer = false;
    let mut own = false;
    let mut outsourced = false;
    for (accountable, performs) in applicable {
        match accountable {
            Accountable::One(Owner::Customer, _) => customer = true,
            Accountable::One(Owner::Party(id), _) => {
                let others = id != provider || performs.iter().any(|p| p != provider);
                outsourced |= others;
                own |= !others || performs.iter().any(|p| p == provider);
            }
            _ => return Ssrm::NotStated,
        }
    }
    match (customer, own, outsourced) {
        (true, false, false) => Ssrm::CscOwned,
        (true, _, _) => Ssrm::SharedCspCsc,
        (false, true, true) => Ssrm::SharedCspThirdParty,
        (false, false, true) => Ssrm::ThirdPartyOutsourced,
        (false, _, false) => Ssrm::CspOwned,
    }
}

/// A place in an authored text.
pub(crate) fn label(text: &Text, span: onus_model::source::Span) -> Label {
    Label {
        text: text.clone(),
        span,
        message: String::new(),
    }
}

/// The matrices and areas that say who answers for an area of a control, for one requirement: a framework's own wins.
pub(crate) fn areas<'c>(
    matrices: &'c [Matrix],
    provider: &str,
    general: &str,
    requirement: Option<&str>,
) -> Vec<(&'c Matrix, &'c Area)> {
    if let Some(requirement) = requirement {
        let framework = requirement.split('/').next().unwrap_or_default();
        let own: Vec<(&Matrix, &Area)> = matrices
            .iter()
            .filter(|m| m.of.value == provider)
            .filter(|m| m.framework.as_ref().is_some_and(|f| f.value == framework))
            .flat_map(|m| m.areas.iter().map(move |a| (m, a)))
            .filter(|(_, a)| a.requirements.iter().any(|r| r.value == requirement))
            .collect();
        if !own.is_empty() {
            return own;
        }
    }
    let (matrix, area) = general.split_once('/').unwrap_or((general, ""));
    matrices
        .iter()
        .filter(|m| m.id.value == matrix)
        .flat_map(|m| m.areas.iter().map(move |a| (m, a)))
        .filter(|(_, a)| a.id.value == area)
        .collect()
}
