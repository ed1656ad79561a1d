//! Ids are unique, whatever is referred to exists, and is spelled as its owner spells it from here on.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::access::SubjectKind;
use onus_model::catalog::{Catalog, Control, Coverage, Framework, Requirement, Satisfies};
use onus_model::problem::{Problem, did_you_mean};
use onus_model::responsibility::{Attestation, Condition, Matrix, Owner, Party, Says};
use onus_model::setup::Setup;
use onus_model::source::{Span, Spanned, Text};

use super::{in_order, rows};
use crate::identifiers::{Meaning, framework_names, resolve, resolve_full};

/// Links everything. Nothing is dropped: what is unknown is reported, and stays as it is.
pub(super) fn linked(catalog: &mut Catalog, setup: Option<&Setup>, problems: &mut Vec<Problem>) {
    frameworks(catalog, problems);
    let mut linker = Linker {
        known: Catalog {
            frameworks: catalog.frameworks.clone(),
            parties: catalog.parties.clone(),
            ..Catalog::default()
        },
        problems,
    };
    let controls: BTreeSet<String> = catalog
        .controls
        .iter()
        .map(|c| c.id.value.clone())
        .collect();
    linker.unique("party", catalog.parties.iter().map(|p| (&p.id, &p.text)));
    linker.unique("control", catalog.controls.iter().map(|c| (&c.id, &c.text)));
    linker.unique(
        "crosswalk",
        catalog.crosswalks.iter().map(|c| (&c.id, &c.text)),
    );
    linker.unique("matrix", catalog.matrices.iter().map(|m| (&m.id, &m.text)));
    linker.unique(
        "attestation",
        catalog.attestations.iter().map(|a| (&a.id, &a.text)),
    );
    linker.unique(
        "agreement",
        catalog.agreements.iter().map(|a| (&a.id, &a.text)),
    );
    linker.unique(
        "statement",
        catalog.statements.iter().map(|s| (&s.id, &s.text)),
    );
    linker.unique(
        "permission matrix",
        catalog.permissions.iter().map(|p| (&p.id, &p.text)),
    );
    linker.unique("person", catalog.people.iter().map(|p| (&p.name, &p.text)));
    let names = catalog.people.iter().flat_map(|person| {
        let names = person.is.iter();
        names.map(move |name| (name, person))
    });
    let mut known: BTreeMap<&(String, SubjectKind, String), &str> = BTreeMap::new();
    for (name, person) in names {
        if let Some(other) = known.insert(&name.value, &person.name.value) {
            let (system, kind, of) = &name.value;
            linker.problems.push(
                Problem::error(format!(
                    "`{system}/{}:{of}` is both `{other}` and `{}`",
                    kind.name(),
                    person.name.value
                ))
                .at(&person.text, name.span, "")
                .help("a name is one person's"),
            );
        }
    }
    linker.unique("waiver", catalog.waivers.iter().map(|w| (&w.id, &w.text)));
    for party in &catalog.parties {
        linker.party_choices(party);
    }
    for matrix in &mut catalog.matrices {
        linker.matrix(matrix);
    }
    // Terms first: what a proof takes over from them is spelled officially by then.
    for attestation in catalog
        .attestations
        .iter_mut()
        .filter(|a| a.terms.is_none())
    {
        linker.complete(attestation);
        linker.attestation(attestation, &controls);
    }
    let terms: Vec<Attestation> = catalog.attestations.clone();
    for attestation in catalog
        .attestations
        .iter_mut()
        .filter(|a| a.terms.is_some())
    {
        linker.merged(attestation, &terms);
        linker.attestation(attestation, &controls);
    }
    for control in &mut catalog.controls {
        linker.control(control, &catalog.matrices);
    }
    rows::linked(catalog, linker.problems);
    for crosswalk in &mut catalog.crosswalks {
        let text = crosswalk.text.clone();
        linker.framework(&mut crosswalk.from, &text);
        for row in &mut crosswalk.rows {
            for (to, _) in &mut row.to {
                linker.one(to, &text);
            }
        }
    }
    for agreement in &catalog.agreements {
        linker.party(&agreement.with, &agreement.text);
    }
    for statement in &mut catalog.statements {
        let text = statement.text.clone();
        if let Some(control) = &statement.control {
            linker.refer("control", control, &text, &controls);
        }
        if let Some(requirement) = &mut statement.requirement {
            linker.one(requirement, &text);
            let addressable = linker
                .known
                .requirement(&requirement.value)
                .is_none_or(|(_, r)| r.addressable);
            if statement.says == Says::Alternative && !addressable {
                linker.problems.push(
                    Problem::error(format!(
                        "`{}` is required: no alternative takes its place",
                        requirement.value
                    ))
                    .at(&text, requirement.span, "")
                    .help("only addressable specifications may be met by a documented alternative"),
                );
            }
        } else if statement.says == Says::Alternative {
            linker.problems.push(
                Problem::error("an alternative is of a requirement, not of a control")
                    .at(&text, statement.id.span, "")
                    .help("say `requirement: FRAMEWORK/ID`"),
            );
        }
    }
    for waiver in &catalog.waivers {
        if let Some(control) = &waiver.control {
            linker.refer("control", control, &waiver.text, &controls);
        }
    }
    let evidence: BTreeSet<String> = catalog
        .controls
        .iter()
        .flat_map(|c| &c.evidence)
        .map(|e| e.id.value.clone())
        .collect();
    for record in &catalog.records {
        linker.refer("evidence", &record.evidence, &record.text, &evidence);
    }
    if let Some(setup) = setup {
        linker.setup(setup);
        linker.without(setup, &catalog.controls);
    }
}

/// The requirements of a framework or of one of its profiles, in the framework's order. Labels are never among them.
///
/// # Errors
///
/// There is no such profile, or it takes itself over.
pub fn requirements_of<'f>(
    framework: &'f Framework,
    profile: Option<&str>,
) -> Result<Vec<&'f Requirement>, Problem> {
    let Some(profile) = profile else {
        return Ok(framework.requirements.iter().collect());
    };
    let mut wanted: Vec<&Requirement> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = vec![profile];
    while let Some(name) = next.pop() {
        let Some(found) = framework.profiles.iter().find(|p| p.id.value == name) else {
            let known: Vec<&str> = framework
                .profiles
                .iter()
                .map(|p| p.id.value.as_str())
                .collect();
            let problem = Problem::error(format!(
                "the framework `{}` has no profile `{name}`",
                framework.id.value
            ));
            return Err(match did_you_mean(name, known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => problem.help("it has no profiles"),
                None => problem.help(format!("its profiles are `{}`", known.join("`, `"))),
            });
        };
        if !done.insert(&found.id.value) {
            continue;
        }
        for written in &found.requirements {
            match resolve(framework, &written.value) {
                Meaning::Requirements(all) => wanted.extend(all),
                Meaning::Group { requirements, .. } => wanted.extend(requirements),
                Meaning::Misspelt { .. } | Meaning::Unknown { .. } => {}
            }
        }
        next.extend(found.extends.iter().map(|e| e.value.as_str()));
    }
    Ok(in_order(framework, &wanted))
}

/// Frameworks by themselves: ids and aliases are free, profiles lead somewhere and not in circles.
fn frameworks(catalog: &Catalog, problems: &mut Vec<Problem>) {
    let mut names: BTreeMap<String, &Framework> = BTreeMap::new();
    for framework in &catalog.frameworks {
        for name in framework.aliases.iter().chain([&framework.id.value]) {
            if let Some(other) = names.insert(name.to_lowercase(), framework) {
                problems.push(
                    Problem::error(if other.id.value == framework.id.value {
                        format!("the framework `{name}` is declared twice")
                    } else if other.id.value == *name {
                        format!("`{name}` is the id of another framework")
                    } else {
                        format!("`{name}` is a name of `{}`, too", other.id.value)
                    })
                    .at(&framework.text, framework.id.span, "again here"),
                );
            }
        }
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        for requirement in &framework.requirements {
            if !ids.insert(&requirement.id.value) {
                problems.push(
                    Problem::error(format!(
                        "the requirement `{}` is declared twice",
                        requirement.id.value
                    ))
                    .at(&framework.text, requirement.id.span, "again here"),
                );
            }
        }
        let groups: BTreeSet<&str> = framework
            .groups
            .iter()
            .map(|g| g.id.value.as_str())
            .collect();
        let within = framework
            .requirements
            .iter()
            .filter_map(|r| r.within.as_ref())
            .chain(framework.groups.iter().filter_map(|g| g.within.as_ref()));
        for above in within {
            if !ids.contains(above.value.as_str()) && !groups.contains(above.value.as_str()) {
                let near = did_you_mean(&above.value, ids.iter().chain(&groups).copied());
                problems.push(unknown("requirement or group", &above.value, near).at(
                    &framework.text,
                    above.span,
                    "",
                ));
            }
        }
        for profile in &framework.profiles {
            for base in &profile.extends {
                if !framework.profiles.iter().any(|p| p.id.value == base.value) {
                    let near = did_you_mean(
                        &base.value,
                        framework.profiles.iter().map(|p| p.id.value.as_str()),
                    );
                    problems.push(unknown("profile", &base.value, near).at(
                        &framework.text,
                        base.span,
                        "",
                    ));
                }
            }
            if circles(framework, &profile.id.value) {
                problems.push(
                    Problem::error(format!("the profile `{}` extends itself", profile.id.value))
                        .at(&framework.text, profile.id.span, ""),
                );
            }
            for written in &profile.requirements {
                match resolve(framework, &written.value) {
                    Meaning::Requirements(_) | Meaning::Group { .. } => {}
                    meaning => problems.push(meant(framework, &written.value, &meaning).at(
                        &framework.text,
                        written.span,
                        "",
                    )),
                }
            }
        }
    }
}

fn circles(framework: &Framework, start: &str) -> bool {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = vec![start];
    let mut first = true;
    while let Some(name) = next.pop() {
        if !first && name == start {
            return true;
        }
        first = false;
        if seen.insert(name)
            && let Some(found) = framework.profiles.iter().find(|p| p.id.value == name)
        {
            next.extend(found.extends.iter().map(|e| e.value.as_str()));
        }
    }
    false
}

pub(super) fn unknown(what: &str, name: &str, near: Option<&str>) -> Problem {
    nearest(Problem::error(format!("there is no {what} `{name}`")), near)
}

/// Something that another thing does not have.
pub(super) fn lacks(owner: &str, what: &str, name: &str, near: Option<&str>) -> Problem {
    nearest(
        Problem::error(format!("`{owner}` has no {what} `{name}`")),
        near,
    )
}

fn nearest(problem: Problem, near: Option<&str>) -> Problem {
    match near {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// Why an id names no requirements.
fn meant(framework: &Framework, written: &str, meaning: &Meaning<'_>) -> Problem {
    let list = |ids: Vec<&str>| format!("`{}`", ids.join("`, `"));
    match meaning {
        Meaning::Misspelt { misspelt } => {
            let note = misspelt
                .note
                .as_ref()
                .map_or_else(String::new, |n| format!(": {n}"));
            Problem::error(format!(
                "there is no `{written}` in `{}`{note}",
                framework.id.value
            ))
            .help(format!(
                "what is meant may be {}",
                list(misspelt.means.iter().map(|m| m.value.as_str()).collect())
            ))
        }
        Meaning::Group {
            group,
            requirements,
        } => Problem::error(format!(
            "`{}` is a label of a series, and no requirement",
            group.id.value
        ))
        .help(format!(
            "its requirements are {}",
            list(requirements.iter().map(|r| r.id.value.as_str()).collect())
        )),
        Meaning::Unknown { near } => {
            let problem = Problem::error(format!(
                "there is no requirement `{written}` in `{}`",
                framework.id.value
            ));
            if near.is_empty() {
                problem
            } else {
                problem.help(format!(
                    "did you mean {}?",
                    list(near.iter().map(String::as_str).collect())
                ))
            }
        }
        Meaning::Requirements(_) => Problem::error(format!(
            "`{written}` names several requirements, and one is expected here"
        )),
    }
}

struct Linker<'p> {
    /// Frameworks and parties.
    known: Catalog,
    problems: &'p mut Vec<Problem>,
}

impl Linker<'_> {
    /// Lists are in order of id, so that equals are neighbours.
    fn unique<'i>(
        &mut self,
        what: &str,
        ids: impl Iterator<Item = (&'i Spanned<String>, &'i Text)>,
    ) {
        let mut last: Option<(&Spanned<String>, &Text)> = None;
        for (id, text) in ids {
            if let Some((first, other)) = last.filter(|(first, _)| first.value == id.value) {
                let mut problem = Problem::error(format!(
                    "the {what} `{}` is declared twice",
                    id.value
                ))
                .at(text, id.span, "again here");
                problem = if other == text {
                    problem.at(text, first.span, "first here")
                } else {
                    problem.help(format!("the other one stands in `{}`", other.name))
                };
                self.problems.push(problem);
            }
            last = Some((id, text));
        }
    }

    fn refer(&mut self, what: &str, id: &Spanned<String>, text: &Text, known: &BTreeSet<String>) {
        if !known.contains(&id.value) {
            let near = did_you_mean(&id.value, known.iter().map(String::as_str));
            self.problems
                .push(unknown(what, &id.value, near).at(text, id.span, ""));
        }
    }

    fn party(&mut self, id: &Spanned<String>, text: &Text) {
        if self.known.party(&id.value).is_none() {
            let near = did_you_mean(
                &id.value,
                self.known.parties.iter().map(|p| p.id.value.as_str()),
            );
            self.problems
                .push(unknown("party", &id.value, near).at(text, id.span, ""));
        }
    }

    fn framework(&mut self, id: &mut Spanned<String>, text: &Text) {
        match self.known.framework(&id.value) {
            Some(found) => id.value.clone_from(&found.id.value),
            None => {
                let near = did_you_mean(&id.value, framework_names(&self.known));
                self.problems
                    .push(unknown("framework", &id.value, near).at(text, id.span, ""));
            }
        }
    }

    /// What `framework/ids` names, as `framework/requirement`; without a framework of its own, of the one given.
    fn many(
        &mut self,
        written: &str,
        span: Span,
        text: &Text,
        framework: Option<&str>,
        groups: bool,
    ) -> Vec<String> {
        // Our own packs spell everything as it is spelled officially.
        if self.known.requirement(written).is_some() {
            return vec![written.to_owned()];
        }
        let found = match framework.and_then(|f| self.known.framework(f)) {
            Some(framework) if !written.contains('/') => {
                Ok((framework, resolve(framework, written)))
            }
            _ => resolve_full(&self.known, written),
        };
        let problem = match found {
            Ok((framework, Meaning::Requirements(all))) => {
                return full(framework, &all);
            }
            Ok((framework, Meaning::Group { requirements, .. })) if groups => {
                return full(framework, &requirements);
            }
            Ok((framework, meaning)) => {
                let id = written.rsplit_once('/').map_or(written, |(_, id)| id);
                meant(framework, id, &meaning)
            }
            Err(unknown_framework) => {
                let (name, _) = written.split_once('/').unwrap_or((written, ""));
                let near = unknown_framework.near.first().map(String::as_str);
                if written.contains('/') {
                    unknown("framework", name, near)
                } else {
                    Problem::error(format!("`{written}` does not say of which framework it is"))
                        .help("write `framework/requirement`")
                }
            }
        };
        self.problems.push(problem.at(text, span, ""));
        Vec::new()
    }

    /// One requirement, respelled.
    fn one(&mut self, id: &mut Spanned<String>, text: &Text) {
        match self.many(&id.value, id.span, text, None, false).as_slice() {
            [only] => id.value.clone_from(only),
            [] => {}
            _ => self.problems.push(
                Problem::error(format!(
                    "`{}` names several requirements, and one is expected here",
                    id.value
                ))
                .at(text, id.span, ""),
            ),
        }
    }

    /// Requirements, respelled; ranges and patterns become all that they name.
    fn lists(&mut self, list: &mut Vec<Spanned<String>>, text: &Text, framework: Option<&str>) {
        for one in std::mem::take(list) {
            let found = self.many(&one.value, one.span, text, framework, true);
            let span = one.span;
            list.extend(found.into_iter().map(|value| Spanned { value, span }));
        }
    }

    fn party_choices(&mut self, party: &Party) {
        let all = [
            &party.plans,
            &party.offerings,
            &party.regions,
            &party.region_types,
            &party.components,
        ];
        for choices in all {
            let mut seen: BTreeSet<String> = BTreeSet::new();
            for choice in choices {
                for name in choice.names.iter().chain([&choice.id.value]) {
                    if !seen.insert(name.to_lowercase()) {
                        self.problems
                            .push(Problem::error(format!("`{name}` stands twice")).at(
                                &party.text,
                                choice.id.span,
                                "again here",
                            ));
                    }
                }
                if let Some(on) = &choice.on {
                    self.party(on, &party.text);
                }
                for plan in &choice.plans {
                    let fact = onus_model::responsibility::Fact::Plan;
                    if party.choice(fact, &plan.value).is_none() {
                        let near = did_you_mean(
                            &plan.value,
                            party.plans.iter().map(|p| p.id.value.as_str()),
                        );
                        self.problems.push(unknown("plan", &plan.value, near).at(
                            &party.text,
                            plan.span,
                            "",
                        ));
                    }
                }
            }
        }
    }

    fn matrix(&mut self, matrix: &mut Matrix) {
        let text = matrix.text.clone();
        self.party(&matrix.of, &text);
        if let Some(framework) = &mut matrix.framework {
            self.framework(framework, &text);
        }
        let own = matrix.framework.as_ref().map(|f| f.value.clone());
        let party = self.known.party(&matrix.of.value).cloned();
        let mut areas: BTreeSet<String> = BTreeSet::new();
        for area in &mut matrix.areas {
            if !areas.insert(area.id.value.clone()) {
                self.problems.push(
                    Problem::error(format!("the area `{}` is declared twice", area.id.value)).at(
                        &text,
                        area.id.span,
                        "again here",
                    ),
                );
            }
            self.lists(&mut area.requirements, &text, own.as_deref());
            let mut parts: BTreeSet<String> = BTreeSet::new();
            for part in &mut area.parts {
                if !parts.insert(part.id.value.clone()) {
                    self.problems.push(
                        Problem::error(format!("the part `{}` is declared twice", part.id.value))
                            .at(&text, part.id.span, "again here"),
                    );
                }
                self.lists(&mut part.inheritable, &text, own.as_deref());
                for assignment in &mut part.assignments {
                    if let Owner::Party(id) = &assignment.accountable.value {
                        let id = Spanned {
                            value: id.clone(),
                            span: assignment.accountable.span,
                        };
                        self.party(&id, &text);
                    }
                    for who in assignment.performs.iter_mut().filter(|p| p.value != "host") {
                        if who.value == "provider" {
                            who.value.clone_from(&matrix.of.value);
                        } else if who.value != "customer" {
                            self.party(who, &text);
                        }
                    }
                    if let (Some(Condition::Facts(facts)), Some(party)) =
                        (&mut assignment.when, &party)
                    {
                        self.condition(facts, party, &text);
                    }
                }
            }
        }
    }

    fn condition(
        &mut self,
        facts: &mut [(onus_model::responsibility::Fact, Vec<Spanned<String>>)],
        party: &Party,
        text: &Text,
    ) {
        for (fact, values) in facts {
            for value in values {
                match party.choice(*fact, &value.value) {
                    Some(choice) => value.value.clone_from(&choice.id.value),
                    None => {
                        let near = did_you_mean(
                            &value.value,
                            party.choices(*fact).iter().map(|c| c.id.value.as_str()),
                        );
                        let what = fact.name().replace('_', " ");
                        self.problems.push(
                            lacks(&party.id.value, &what, &value.value, near)
                                .at(text, value.span, ""),
                        );
                    }
                }
            }
        }
    }

    /// What has no terms says itself what it is.
    fn complete(&mut self, attestation: &Attestation) {
        for (key, missing) in [
            ("of", attestation.of.is_none()),
            ("framework", attestation.framework.is_none()),
            // A pack says no more than its source, and that may leave it open.
            ("type", attestation.kind.is_none() && !attestation.packed),
        ] {
            if missing {
                self.problems.push(
                    Problem::error(format!("`{key}` is missing"))
                        .at(&attestation.text, attestation.id.span, "")
                        .help("an attestation says it itself, or names the `terms` of a pack"),
                );
            }
        }
    }

    /// A proof takes over from its terms what it does not say itself.
    fn merged(&mut self, attestation: &mut Attestation, all: &[Attestation]) {
        let Some(terms) = attestation.terms.clone() else {
            return;
        };
        let Some(base) = all.iter().find(|a| a.id.value == terms.value) else {
            let near = did_you_mean(&terms.value, all.iter().map(|a| a.id.value.as_str()));
            self.problems
                .push(unknown("attestation", &terms.value, near).at(
                    &attestation.text,
                    terms.span,
                    "",
                ));
            return;
        };
        if base.terms.is_some() {
            self.problems.push(
                Problem::error(format!("`{}` is a proof, and no terms", terms.value)).at(
                    &attestation.text,
                    terms.span,
                    "",
                ),
            );
            return;
        }
        let a = attestation;
        a.title = a.title.take().or_else(|| base.title.clone());
        a.of = a.of.take().or_else(|| base.of.clone());
        a.framework = a.framework.take().or_else(|| base.framework.clone());
        a.edition = a.edition.take().or_else(|| base.edition.clone());
        a.kind = a.kind.take().or_else(|| base.kind.clone());
        a.status = a.status.take().or_else(|| base.status.clone());
        a.due = a.due.take().or_else(|| base.due.clone());
        a.categories = a.categories.take().or_else(|| base.categories.clone());
        a.criteria = a.criteria.take().or_else(|| base.criteria.clone());
        a.opinion = a.opinion.take().or_else(|| base.opinion.clone());
        a.auditor = a.auditor.take().or_else(|| base.auditor.clone());
        a.period = a.period.take().or_else(|| base.period.clone());
        a.issued = a.issued.or(base.issued);
        a.expires = a.expires.take().or_else(|| base.expires.clone());
        a.bridge = a.bridge.take().or_else(|| base.bridge.clone());
        a.provenance.source = a
            .provenance
            .source
            .take()
            .or_else(|| base.provenance.source.clone());
        a.provenance.as_of = a.provenance.as_of.or(base.provenance.as_of);
        let review_by = a.provenance.review_by.take();
        a.provenance.review_by = review_by.or_else(|| base.provenance.review_by.clone());
        if a.kind.is_none() {
            self.problems.push(
                Problem::error("`type` is missing")
                    .at(&a.text, a.id.span, "")
                    .help(format!(
                        "`{}` does not say what the report is: read it, and say `type`",
                        terms.value
                    )),
            );
        }
        if a.exceptions.is_empty() {
            a.exceptions.clone_from(&base.exceptions);
        }
        if a.scope.is_empty() {
            a.scope.clone_from(&base.scope);
        }
        if a.subservice.is_empty() {
            a.subservice.clone_from(&base.subservice);
        }
        if a.cuecs.is_empty() {
            a.cuecs.clone_from(&base.cuecs);
        }
        if a.agreements.is_empty() {
            a.agreements.clone_from(&base.agreements);
        }
    }

    fn attestation(&mut self, a: &mut Attestation, controls: &BTreeSet<String>) {
        let text = a.text.clone();
        if let Some(of) = &a.of {
            self.party(of, &text);
        }
        if let Some(framework) = &mut a.framework {
            self.framework(framework, &text);
        }
        let own = a.framework.as_ref().map(|f| f.value.clone());
        if let Some(criteria) = &mut a.criteria {
            self.lists(criteria, &text, own.as_deref());
        }
        for (criteria, _) in &mut a.exceptions {
            self.lists(criteria, &text, own.as_deref());
        }
        for entry in &mut a.subservice {
            self.party(&entry.party, &text);
            if let Some(criteria) = &mut entry.criteria {
                self.lists(criteria, &text, own.as_deref());
            }
        }
        for cuec in &mut a.cuecs {
            if let Some(criteria) = &mut cuec.criteria {
                self.lists(criteria, &text, own.as_deref());
            }
        }
        self.categories(a, own.as_deref());
        let cuecs: BTreeSet<String> = a.cuecs.iter().map(|c| c.id.value.clone()).collect();
        for (id, to) in &a.mapped {
            self.refer("complementary control", id, &text, &cuecs);
            for control in to {
                self.refer("control", control, &text, controls);
            }
        }
        self.scopes(a);
    }

    /// Categories are those that the framework sorts its requirements into.
    fn categories(&mut self, a: &Attestation, framework: Option<&str>) {
        let Some(framework) = framework.and_then(|f| self.known.framework(f)) else {
            return;
        };
        let known: BTreeSet<String> = framework
            .requirements
            .iter()
            .filter_map(|r| r.category.clone())
            .collect();
        let written: Vec<Spanned<String>> = a.categories.iter().flatten().cloned().collect();
        for category in written {
            self.refer("category", &category, &a.text, &known);
        }
    }

    /// Scopes are in the provider's spelling.
    fn scopes(&mut self, a: &mut Attestation) {
        let Some(party) =
            a.of.as_ref()
                .and_then(|of| self.known.party(&of.value))
                .cloned()
        else {
            return;
        };
        for scope in &mut a.scope {
            let lists = [
                ("plan", &party.plans, scope.plans.as_mut()),
                ("offering", &party.offerings, scope.offerings.as_mut()),
                ("region", &party.regions, scope.regions.as_mut()),
                ("region", &party.regions, Some(&mut scope.except_regions)),
                (
                    "region type",
                    &party.region_types,
                    scope.region_types.as_mut(),
                ),
                ("component", &party.components, scope.components.as_mut()),
                (
                    "component",
                    &party.components,
                    Some(&mut scope.except_components),
                ),
            ];
            for (what, choices, list) in lists {
                for word in list.into_iter().flatten() {
                    match party.among(choices, &word.value) {
                        Some(choice) => word.value.clone_from(&choice.id.value),
                        None => {
                            let ids = choices.iter().map(|c| c.id.value.as_str());
                            let near = did_you_mean(&word.value, ids);
                            self.problems.push(
                                lacks(&party.id.value, what, &word.value, near)
                                    .at(&a.text, word.span, ""),
                            );
                        }
                    }
                }
            }
        }
    }

    fn control(&mut self, control: &mut Control, matrices: &[Matrix]) {
        let text = control.text.clone();
        let written = std::mem::take(&mut control.satisfies);
        for link in written {
            let span = link.requirement.span;
            let all = self.many(&link.requirement.value, span, &text, None, false);
            if let (Coverage::Full(_), [_, _, ..]) = (&link.coverage, all.as_slice()) {
                self.problems.push(
                    Problem::error(format!(
                        "`full` is said of one requirement at a time, and `{}` names {}",
                        link.requirement.value,
                        all.len()
                    ))
                    .at(&text, span, "")
                    .help("say of each why the control covers all of it"),
                );
            }
            for found in all {
                control.satisfies.push(Satisfies {
                    requirement: Spanned { value: found, span },
                    coverage: link.coverage.clone(),
                });
            }
        }
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for evidence in &control.evidence {
            if !seen.insert(evidence.id.value.clone()) {
                self.problems.push(
                    Problem::error(format!("the evidence `{}` stands twice", evidence.id.value))
                        .at(&text, evidence.id.span, "again here"),
                );
            }
        }
        let Some(area) = &control.responsibility else {
            return;
        };
        let (matrix, name) = area.value.split_once('/').unwrap_or((&area.value, ""));
        let Some(found) = matrices.iter().find(|m| m.id.value == matrix) else {
            let near = did_you_mean(matrix, matrices.iter().map(|m| m.id.value.as_str()));
            self.problems
                .push(unknown("matrix", matrix, near).at(&text, area.span, ""));
            return;
        };
        let Some(found) = found.areas.iter().find(|a| a.id.value == name) else {
            let near = did_you_mean(name, found.areas.iter().map(|a| a.id.value.as_str()));
            self.problems
                .push(lacks(matrix, "area", name, near).at(&text, area.span, ""));
            return;
        };
        let parts: BTreeSet<String> = found.parts.iter().map(|p| p.id.value.clone()).collect();
        let ours: Vec<&str> = found
            .parts
            .iter()
            .filter(|p| {
                p.assignments
                    .iter()
                    .any(|a| a.accountable.value == Owner::Customer)
            })
            .map(|p| p.id.value.as_str())
            .collect();
        let items = control
            .checks
            .iter()
            .map(|c| (&c.part, c.check.span))
            .chain(control.evidence.iter().map(|e| (&e.part, e.id.span)))
            .chain(control.statements.iter().map(|s| (&s.part, s.span)));
        for (part, span) in items {
            match part {
                Some(part) => self.refer("part", part, &text, &parts),
                None if ours.len() > 1 => self.problems.push(
                    Problem::error("this does not say which part it shows")
                        .at(&text, span, "")
                        .help(format!("add `part`: one of `{}`", ours.join("`, `"))),
                ),
                None => {}
            }
        }
    }

    /// What is left out is there, and is no control of the user's own.
    fn without(&mut self, setup: &Setup, controls: &[Control]) {
        let known: BTreeSet<String> = controls
            .iter()
            .filter(|c| c.packed)
            .flat_map(|c| {
                let pack = c.pack().map(|pack| format!("{pack}/*"));
                [Some(c.id.value.clone()), pack]
            })
            .flatten()
            .collect();
        for name in setup.without.iter().flat_map(|w| &w.controls) {
            if controls
                .iter()
                .any(|c| !c.packed && c.id.value == name.value)
            {
                self.problems.push(
                    Problem::error(format!("`{}` is a control of your own", name.value))
                        .at(&setup.text, name.span, "")
                        .help(
                            "controls of packs are left out here; take your own out of its folder",
                        ),
                );
            } else {
                self.refer("control of a pack", name, &setup.text, &known);
            }
        }
    }

    fn setup(&mut self, setup: &Setup) {
        for held in &setup.frameworks {
            let (name, profile) = match held.framework.value.split_once('/') {
                Some((name, profile)) => (name, Some(profile)),
                None => (held.framework.value.as_str(), None),
            };
            // Whether the framework and the profile exist is reported where they are chosen.
            let Some(framework) = self.known.framework(name).cloned() else {
                continue;
            };
            let Ok(inside) = requirements_of(&framework, profile) else {
                continue;
            };
            for written in held.exclude.iter().flat_map(|(ids, _)| ids) {
                let found = match resolve(&framework, &written.value) {
                    Meaning::Requirements(all) => all,
                    Meaning::Group { requirements, .. } => requirements,
                    meaning => {
                        self.problems
                            .push(meant(&framework, &written.value, &meaning).at(
                                &setup.text,
                                written.span,
                                "",
                            ));
                        continue;
                    }
                };
                let any = found.iter().any(|r| inside.iter().any(|i| i.id == r.id));
                if !any {
                    self.problems.push(
                        Problem::warning(format!(
                            "`{}` is not among what you are held to",
                            written.value
                        ))
                        .at(&setup.text, written.span, ""),
                    );
                }
            }
        }
        let mut ids: BTreeSet<&str> = BTreeSet::new();
        for deployment in &setup.deployments {
            if !ids.insert(&deployment.id.value) {
                self.problems.push(
                    Problem::error(format!(
                        "the deployment `{}` is declared twice",
                        deployment.id.value
                    ))
                    .at(&setup.text, deployment.id.span, "again here"),
                );
            }
            if let Some(on) = &deployment.on {
                self.party(on, &setup.text);
            }
        }
        let known: BTreeSet<String> = ids.into_iter().map(str::to_owned).collect();
        let named = setup
            .statements
            .iter()
            .flat_map(|s| &s.deployments)
            .chain(setup.waivers.iter().flat_map(|w| &w.deployments));
        for id in named {
            self.refer("deployment", id, &setup.text, &known);
        }
    }
}

fn full(framework: &Framework, requirements: &[&Requirement]) -> Vec<String> {
    requirements
        .iter()
        .map(|r| format!("{}/{}", framework.id.value, r.id.value))
        .collect()
}
