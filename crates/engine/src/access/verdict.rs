//! Grants get verdicts: by policies, and by permission matrices.

mod cells;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use onus_model::access::{
    Access, Answer, At, Effective, Grant, Holding, Permissions, Person, Request, Subject,
    SubjectKind, in_words,
};
use onus_model::assessment::{Evaluation, Explanation, Place, Tally, Target, Verdict};
use onus_model::check::Effect;
use onus_model::extract::ObjectName;
use onus_model::source::FileId;
use rayon::prelude::*;

use super::effective::{may, of_roles};
use super::judge::{Asked, Asking, Outcome, Principal, Who, Worker, questions, subject_id};
use super::matrix::Matrix;
use super::policy::Index;
use crate::compile::Program;
use cells::Table;

/// What came out of judging grants.
#[derive(Debug, Default)]
pub struct Judged {
    /// Findings, or all evaluations where that was asked.
    pub(crate) evaluations: Vec<Evaluation>,
    /// What each check found, by the file that it was found in.
    pub(crate) tallies: BTreeMap<(FileId, u32), Tally>,
    /// How many distinct questions Cedar was asked.
    pub(crate) questions: u64,
}

impl Judged {
    /// How many grants, subjects and cells had which verdict.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut sum = Tally::default();
        for tally in self.tallies.values() {
            sum.merge(tally);
        }
        sum
    }

    /// How many distinct questions Cedar was asked.
    #[must_use]
    pub fn questions(&self) -> u64 {
        self.questions
    }

    fn count(&mut self, file: FileId, check: u32, verdict: Verdict) {
        self.tallies.entry((file, check)).or_default().add(verdict);
    }

    fn merge(&mut self, other: Self) {
        self.evaluations.extend(other.evaluations);
        self.questions += other.questions;
        for (key, tally) in other.tallies {
            self.tallies.entry(key).or_default().merge(&tally);
        }
    }
}

/// Judges everything that is granted: what [`crate::effective`] makes of what was read.
///
/// The result does not depend on the number of threads: subjects are judged one by one and put together in their order.
#[must_use]
pub fn judge_access(
    program: &Program,
    access: &Access,
    effective: &Effective<'_>,
    people: &[Person],
    keep: Keep,
) -> Judged {
    judge(program, access, effective, people, keep, |index| {
        Worker::new(index)
    })
}

/// The same, asked of every policy at once for every question: for tests to hold the one against the other.
#[doc(hidden)]
#[must_use]
pub fn judge_access_plainly(
    program: &Program,
    access: &Access,
    effective: &Effective<'_>,
    people: &[Person],
    keep: Keep,
) -> Judged {
    judge(program, access, effective, people, keep, |index| {
        Worker::plainly(index)
    })
}

/// Makes whoever asks Cedar about the policies of an index.
type Asks = for<'p> fn(&'p Index) -> Worker<'p>;

fn judge(
    program: &Program,
    access: &Access,
    effective: &Effective<'_>,
    people: &[Person],
    keep: Keep,
    asks: Asks,
) -> Judged {
    if !program.judges_grants() || access.is_empty() {
        return Judged::default();
    }
    let run = Run::new(program, access, effective, people, keep, asks);
    let mut judged = run.subjects();
    let who = run.people();
    judged.merge(who);
    for matrix in &program.matrices {
        judged.merge(run.matrix(matrix));
    }
    let Run { desks, .. } = run;
    let workers = desks
        .into_iter()
        .filter_map(|desk| desk.into_inner().ok())
        .map(|desk| Mutex::new(desk.worker))
        .collect();
    judged.questions += questions(workers);
    judged
}

/// What a thread has to itself.
struct Desk<'p> {
    worker: Worker<'p>,
    asking: Asking<'p>,
    outcomes: Vec<(u32, Outcome)>,
    seen: Seen,
}

impl<'p> Desk<'p> {
    fn new(program: &'p Program, asks: Asks) -> Self {
        Self {
            worker: asks(&program.grants),
            asking: Asking::new(&program.plan, &program.grants),
            outcomes: Vec::new(),
            seen: Seen::default(),
        }
    }
}

/// Which evaluations are kept; all are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// None: only the tallies are wanted.
    Nothing,
    /// What a person has to look at.
    Findings,
    /// What passes, too.
    Everything,
}

impl Keep {
    fn wants(self, verdict: Verdict) -> bool {
        match self {
            Self::Nothing => false,
            Self::Findings => verdict.is_finding(),
            Self::Everything => true,
        }
    }
}

/// A check about grants.
struct Judging {
    check: u32,
    effect: Effect,
    /// Its policies about grants, by their number in the check.
    policies: BTreeSet<u32>,
    applies: bool,
}

struct Run<'a> {
    program: &'a Program,
    access: &'a Access,
    effective: &'a Effective<'a>,
    keep: Keep,
    asks: Asks,
    desks: Vec<Mutex<Desk<'a>>>,
    /// The checks that are about grants of a system.
    judging: BTreeMap<Arc<str>, Vec<Judging>>,
    /// Who each subject is, in the order of the holdings.
    names: Vec<String>,
    mapped: Vec<Option<&'a Person>>,
    /// What each person can do, with a line that says so.
    duties: BTreeMap<String, BTreeMap<String, At>>,
    duty_names: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Run<'a> {
    fn new(
        program: &'a Program,
        access: &'a Access,
        effective: &'a Effective<'a>,
        people: &'a [Person],
        keep: Keep,
        asks: Asks,
    ) -> Self {
        let known: BTreeMap<(&str, &str, &str), &Person> = people
            .iter()
            .flat_map(|person| {
                person.is.iter().map(move |name| {
                    let (system, kind, name) = &name.value;
                    ((system.as_str(), kind.name(), name.as_str()), person)
                })
            })
            .collect();
        let mapped: Vec<Option<&Person>> = effective
            .holdings
            .iter()
            .map(|holding| {
                let subject = &holding.subject;
                let of = |system| known.get(&(system, subject.kind.name(), &*subject.name));
                of(&*subject.system.name)
                    .or_else(|| of(subject.system.base()))
                    .copied()
            })
            .collect();
        let names: Vec<String> = effective
            .holdings
            .iter()
            .zip(&mapped)
            .map(|(holding, person)| match person {
                Some(person) => person.name.value.clone(),
                None => subject_id(&holding.subject),
            })
            .collect();
        let mut duties: BTreeMap<String, BTreeMap<String, At>> = BTreeMap::new();
        let of_rows: Vec<Vec<(String, At)>> = effective
            .holdings
            .par_iter()
            .map(|holding| {
                let matrices = program.duties.iter();
                matrices
                    .flat_map(|permissions| duties_of(holding, permissions))
                    .collect()
            })
            .collect();
        for (name, rows) in names.iter().zip(of_rows) {
            duties.entry(name.clone()).or_default().extend(rows);
        }
        let duty_names = duties
            .iter()
            .map(|(name, rows)| (name.clone(), rows.keys().cloned().collect()))
            .collect();
        let desks = (0..rayon::current_num_threads().max(1))
            .map(|_| Mutex::new(Desk::new(program, asks)))
            .collect();
        Self {
            judging: judging(program),
            asks,
            program,
            access,
            effective,
            keep,
            desks,
            names,
            mapped,
            duties,
            duty_names,
        }
    }

    fn who(&self, index: usize) -> Who<'_> {
        const NOBODY: &BTreeSet<String> = &BTreeSet::new();
        let name = self.names.get(index).map_or("", String::as_str);
        let person = self.mapped.get(index).copied().flatten();
        Who {
            name,
            mapped: person.is_some(),
            facts: person.map_or(&[], |person| &person.facts),
            duties: self.duty_names.get(name).unwrap_or(NOBODY),
        }
    }

    /// Every grant of every subject, and every subject as it is set up.
    fn subjects(&self) -> Judged {
        let of_each: Vec<Judged> = self
            .effective
            .holdings
            .par_iter()
            .enumerate()
            .map(|(index, holding)| {
                let thread = rayon::current_thread_index().unwrap_or(0) % self.desks.len().max(1);
                let who = self.who(index);
                match self.desks.get(thread).map(Mutex::lock) {
                    Some(Ok(mut desk)) => self.subject(holding, &who, &mut desk),
                    Some(Err(_)) | None => {
                        let mut desk = Desk::new(self.program, self.asks);
                        self.subject(holding, &who, &mut desk)
                    }
                }
            })
            .collect();
        let mut judged = Judged::default();
        for one in of_each {
            judged.merge(one);
        }
        judged
    }

    fn subject(&self, holding: &Holding<'_>, who: &Who<'_>, desk: &mut Desk<'_>) -> Judged {
        let mut judged = Judged::default();
        let Some(principal) = Principal::subject(&self.program.grants, holding, who) else {
            return judged;
        };
        let none = Vec::new();
        let checks = self
            .judging
            .get(holding.subject.system.base())
            .unwrap_or(&none);
        if !checks.is_empty() {
            for grant in &holding.grants {
                self.grant(holding, grant, &principal, checks, desk, &mut judged);
            }
        }
        self.act(&principal, &[holding], &mut desk.worker, &mut judged);
        judged
    }

    fn grant(
        &self,
        holding: &Holding<'_>,
        grant: &Grant<'_>,
        principal: &Principal<'_>,
        checks: &[Judging],
        desk: &mut Desk<'_>,
        judged: &mut Judged,
    ) {
        let Desk {
            worker,
            asking,
            outcomes,
            seen,
        } = desk;
        seen.clear();
        seen.silent = self.keep == Keep::Nothing;
        // What is taken away again is held by nobody.
        let Some(questions) = asking.about(holding, grant) else {
            return;
        };
        for asked in questions.iter() {
            worker.grant(principal, asked, outcomes);
            seen.add(&self.program.grants, outcomes, checks, asked);
        }
        for check in checks {
            let applies = !check.applies || seen.applies.contains(&check.check);
            match check.effect {
                Effect::Forbid => {
                    for policy in &check.policies {
                        let key = (check.check, *policy);
                        let verdict = if seen.error(|k| k == key).is_some() {
                            Verdict::Error
                        } else if !applies {
                            Verdict::NotApplicable
                        } else if seen.hits.iter().any(|(k, _)| *k == key) {
                            Verdict::Fail
                        } else {
                            Verdict::Pass
                        };
                        let words = || seen.words(verdict, |k| k == key);
                        self.tell(holding, grant, key, verdict, words, judged);
                    }
                }
                Effect::Permit => {
                    let of_check = |(of, _): (u32, u32)| of == check.check;
                    let verdict = if seen.error(of_check).is_some() {
                        Verdict::Error
                    } else if !applies {
                        Verdict::NotApplicable
                    } else if seen.missing.iter().any(|(k, _)| of_check(*k)) {
                        Verdict::Fail
                    } else {
                        Verdict::Pass
                    };
                    let words = || seen.words(verdict, of_check);
                    self.tell(holding, grant, (check.check, 0), verdict, words, judged);
                }
            }
        }
    }

    /// A verdict on a grant: with what of it is meant, or with the error.
    fn tell(
        &self,
        holding: &Holding<'_>,
        grant: &Grant<'_>,
        (check, policy): (u32, u32),
        verdict: Verdict,
        words: impl Fn() -> String,
        judged: &mut Judged,
    ) {
        let file = FileId(grant.first().file);
        judged.count(file, check, verdict);
        if !self.keep.wants(verdict) {
            return;
        }
        let Some(policy_of) = self
            .program
            .checks
            .get(check as usize)
            .and_then(|c| c.policies.get(policy as usize))
        else {
            return;
        };
        let words = words();
        let who = who_in_words(&holding.subject);
        let gives = in_words(&grant.rule.reach);
        let scope = grant.scope.map_or_else(String::new, |s| format!(" in {s}"));
        let role = grant
            .role
            .map_or_else(String::new, |r| format!(" as {}", r.text));
        let id = format!("{}: {gives}{scope}{role}", subject_id(&holding.subject));
        let mut lines = Vec::new();
        let mut chain: Vec<At> = grant.chain().collect();
        chain.dedup();
        let last = chain.len().saturating_sub(1);
        let meant = if verdict == Verdict::Fail {
            words.as_str()
        } else {
            ""
        };
        for (index, at) in chain.iter().enumerate() {
            let message = match index {
                0 if last == 0 => format!("gives {who} `{gives}`{meant}"),
                0 => format!("{who} is given it here"),
                _ if index == last => format!("gives `{gives}`{meant}"),
                _ => "through this".to_owned(),
            };
            lines.push((*at, message));
        }
        for condition in grant.conditions() {
            lines.push((condition.at, format!("if `{}`", condition.text)));
        }
        let message: Arc<str> = match verdict {
            Verdict::Error => format!("cannot be judged: {words}").into(),
            _ => policy_of.title.clone(),
        };
        let object = object_of(&holding.subject);
        judged.evaluations.extend(self.evaluation(
            (check, policy),
            verdict,
            &id,
            object,
            lines,
            message,
            policy_of.help.clone(),
        ));
    }

    /// Everybody with all that they have, in all systems.
    fn people(&self) -> Judged {
        let mut judged = Judged::default();
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, name) in self.names.iter().enumerate() {
            by_name.entry(name).or_default().push(index);
        }
        let Some(Ok(mut desk)) = self.desks.first().map(Mutex::lock) else {
            return judged;
        };
        for indexes in by_name.values() {
            let holdings: Vec<&Holding<'_>> = indexes
                .iter()
                .filter_map(|index| self.effective.holdings.get(*index))
                .collect();
            let Some(first) = indexes.first() else {
                continue;
            };
            let who = self.who(*first);
            if let Some(person) = Principal::person(&self.program.grants, &holdings, &who) {
                self.act(&person, &holdings, &mut desk.worker, &mut judged);
            }
        }
        judged
    }

    /// Policies about somebody with all that they have, and as they are set up.
    fn act(
        &self,
        principal: &Principal<'_>,
        holdings: &[&Holding<'_>],
        worker: &mut Worker<'_>,
        judged: &mut Judged,
    ) {
        let name = principal.called();
        let outcomes = worker.act(principal);
        let policies = &self.program.grants.policies;
        // Checks that say whom they are about, and it is not these.
        let about = |check: u32| {
            let mut all = policies.iter();
            let limited = all.any(|p| p.check == check && p.applies && p.only_act);
            let within = || {
                outcomes.iter().any(|(number, outcome)| {
                    let policy = policies.get(*number as usize);
                    *outcome == Outcome::Satisfied
                        && policy.is_some_and(|p| p.check == check && p.applies)
                })
            };
            !limited || within()
        };
        for (number, outcome) in &outcomes {
            let number = *number;
            let Some(policy) = self.program.grants.policies.get(number as usize) else {
                continue;
            };
            let key = (policy.check, policy.policy);
            let verdict = match (outcome, policy.effect) {
                _ if policy.applies => continue,
                (Outcome::Error(_), _) => Verdict::Error,
                _ if !about(policy.check) => Verdict::NotApplicable,
                (Outcome::Satisfied, Effect::Forbid) | (Outcome::Not, Effect::Permit) => {
                    Verdict::Fail
                }
                (Outcome::Not, Effect::Forbid) | (Outcome::Satisfied, Effect::Permit) => {
                    Verdict::Pass
                }
            };
            // Where they are set up; else what they are given; and where matrices are what counts, what they can do.
            let mut lines: Vec<(At, String)> = Vec::new();
            let speaks_of = |fact: &str| policy.text.contains(&format!("\"{fact}\""));
            let mut told: BTreeSet<&str> = BTreeSet::new();
            for holding in holdings {
                for account in &holding.accounts {
                    let who = who_in_words(&holding.subject);
                    lines.push((account.at, format!("{who} is set up here")));
                    for (fact, word) in account.facts.iter().filter(|(f, _)| speaks_of(f)) {
                        told.insert(fact);
                        lines.push((word.at, format!("`{fact}` is `{}`", word.text)));
                    }
                }
            }
            if policy.observed.principal.members.contains_key("duties") || lines.is_empty() {
                let own = self.names_of(holdings);
                for (duty, at) in own.iter().filter_map(|n| self.duties.get(n)).flatten() {
                    if policy.observed.principal.speaks_of("duties", duty) {
                        lines.push((*at, format!("can do `{duty}`")));
                    }
                }
            }
            if lines.is_empty() {
                let given = holdings.iter().find_map(|holding| {
                    let at = holding.grants.iter().find_map(|g| g.chain().next())?;
                    let who = who_in_words(&holding.subject);
                    Some((at, format!("{who} is given something here")))
                });
                lines.extend(given);
            }
            let Some((first, _)) = lines.first().cloned() else {
                continue;
            };
            // What a mapping knows of them stands in no file that is judged.
            for (fact, values) in principal.tags() {
                if speaks_of(fact) && !told.contains(fact) {
                    let values: Vec<&str> = values.iter().copied().collect();
                    lines.push((first, format!("`{fact}` is `{}`", values.join("`, `"))));
                }
            }
            judged.count(FileId(first.file), key.0, verdict);
            if !self.keep.wants(verdict) {
                continue;
            }
            let of = self
                .program
                .checks
                .get(key.0 as usize)
                .and_then(|c| c.policies.get(key.1 as usize));
            let Some(of) = of else { continue };
            let message: Arc<str> = match outcome {
                Outcome::Error(error) => format!("cannot be judged: {error}").into(),
                Outcome::Satisfied | Outcome::Not => of.title.clone(),
            };
            let object = match holdings {
                [holding] if !principal.is_person() => object_of(&holding.subject),
                _ => ObjectName {
                    kind: "person".to_owned(),
                    namespace: None,
                    name: Some(name.clone()),
                },
            };
            judged.evaluations.extend(self.evaluation(
                key,
                verdict,
                &name,
                object,
                lines,
                message,
                of.help.clone(),
            ));
        }
    }

    fn names_of(&self, holdings: &[&Holding<'_>]) -> BTreeSet<String> {
        let all = &self.effective.holdings;
        holdings
            .iter()
            .filter_map(|holding| {
                let index = all.binary_search_by(|h| h.subject.cmp(&holding.subject));
                self.names.get(index.ok()?).cloned()
            })
            .collect()
    }

    /// A matrix, held against what its roles and everybody without a role are given.
    fn matrix(&self, matrix: &Matrix) -> Judged {
        let mut judged = Judged::default();
        let permissions = &matrix.permissions;
        let system = &permissions.system.value;
        let roles = of_roles(self.access, system);
        let direct: Vec<&Holding<'_>> = self
            .effective
            .holdings
            .iter()
            .filter(|h| *h.subject.system.base() == **system)
            .filter(|h| h.grants.iter().any(|g| g.role.is_none()))
            .collect();
        // Where nothing of the system is there, there is nothing to hold it against.
        let Some(first) = roles
            .iter()
            .find_map(|role| place_of_role(self.access, &role.subject))
            .or_else(|| direct.first().and_then(|h| h.grants.first()).map(|g| g.at))
        else {
            return judged;
        };
        let table = Table::new(self, matrix, first);
        table.judge(&roles, &direct, &mut judged);
        judged
    }

    fn place(&self, at: At) -> Place {
        let lines = self.access.files.get(at.file as usize).map(|f| &f.lines);
        let position = |offset| {
            lines.map_or(
                onus_model::source::Position { line: 1, column: 1 },
                |lines| lines.position(offset),
            )
        };
        Place {
            file: FileId(at.file),
            span: at.span,
            start: position(at.span.start),
            end: position(at.span.end),
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "an evaluation is made of these, and it is made here alone"
    )]
    fn evaluation(
        &self,
        (check, policy): (u32, u32),
        verdict: Verdict,
        id: &str,
        object: ObjectName,
        lines: Vec<(At, String)>,
        message: Arc<str>,
        help: Arc<str>,
    ) -> Option<Evaluation> {
        let lines: Vec<(Place, String)> = lines
            .into_iter()
            .filter(|(at, _)| !at.is_nowhere())
            .map(|(at, words)| (self.place(at), words))
            .collect();
        let place = lines.first()?.0;
        Some(Evaluation {
            check,
            policy,
            verdict,
            target: Target {
                of: "Onus::Subject".into(),
                id: id.into(),
                object: Arc::new(object),
            },
            place,
            explanation: verdict.is_finding().then(|| {
                Box::new(Explanation {
                    message,
                    help: match verdict {
                        Verdict::Error => {
                            "correct the policy: Cedar could not evaluate it on this grant".into()
                        }
                        _ => help,
                    },
                    read: Vec::new(),
                    also: lines,
                })
            }),
            waiver: None,
        })
    }
}

/// Something that a question was about: the action and the resource, and whether that is the grant itself.
type About = (Arc<str>, Arc<str>, bool);

/// What the policies say about one grant, by check and policy.
#[derive(Default)]
struct Seen {
    /// What of the grant is forbidden.
    hits: Vec<((u32, u32), Option<About>)>,
    errors: Vec<((u32, u32), Arc<str>)>,
    /// What of the grant nothing permits.
    missing: Vec<((u32, u32), Option<About>)>,
    /// All that it says itself.
    own: Vec<Option<About>>,
    applies: Vec<u32>,
    permitted: Vec<u32>,
    /// Nobody will ask what it was about.
    silent: bool,
}

impl Seen {
    fn clear(&mut self) {
        self.hits.clear();
        self.errors.clear();
        self.missing.clear();
        self.own.clear();
        self.applies.clear();
    }

    fn error(&self, of: impl Fn((u32, u32)) -> bool) -> Option<&Arc<str>> {
        let mut errors = self.errors.iter();
        errors.find(|(key, _)| of(*key)).map(|(_, error)| error)
    }

    /// What a verdict is about, as the end of a sentence. What the grant says itself is enough, where any of it is meant; and where all of it
    /// is, there is nothing to add.
    fn words(&self, verdict: Verdict, of: impl Fn((u32, u32)) -> bool) -> String {
        if verdict == Verdict::Error {
            return self.error(of).map(|e| e.to_string()).unwrap_or_default();
        }
        let said = |about: &About| said(&about.0, &about.1);
        let meant = || {
            let all = self.hits.iter().chain(&self.missing);
            all.filter(|(key, _)| of(*key))
                .filter_map(|(_, about)| about.as_ref())
        };
        let itself: BTreeSet<String> = meant().filter(|about| about.2).map(said).collect();
        if itself.is_empty() {
            let reached: BTreeSet<String> = meant().map(said).collect();
            return match reached.is_empty() {
                true => String::new(),
                false => format!(", and so {}", shortly(&reached)),
            };
        }
        let own: BTreeSet<String> = self.own.iter().flatten().map(said).collect();
        if itself == own {
            String::new()
        } else {
            format!(", among it {}", shortly(&itself))
        }
    }

    fn add(
        &mut self,
        index: &Index,
        outcomes: &[(u32, Outcome)],
        checks: &[Judging],
        asked: &Asked,
    ) {
        self.permitted.clear();
        let told = !self.silent;
        let about = || {
            let (action, resource) = (&asked.action_text, &asked.resource_text);
            told.then(|| (action.clone(), resource.clone(), asked.own))
        };
        for (number, outcome) in outcomes {
            let Some(policy) = index.policies.get(*number as usize) else {
                continue;
            };
            let key = (policy.check, policy.policy);
            match outcome {
                Outcome::Error(error) => self.errors.push((key, error.clone())),
                Outcome::Satisfied if policy.applies => {
                    if asked.own {
                        self.applies.push(policy.check);
                    }
                }
                Outcome::Satisfied if policy.effect == Effect::Permit => {
                    self.permitted.push(policy.check);
                }
                Outcome::Satisfied => self.hits.push((key, about())),
                Outcome::Not => {}
            }
        }
        if !asked.own {
            return;
        }
        self.own.push(about());
        for check in checks.iter().filter(|c| c.effect == Effect::Permit) {
            if !self.permitted.contains(&check.check) {
                self.missing.push(((check.check, 0), about()));
            }
        }
    }
}

/// An action on a resource, in words.
fn said(action: &str, resource: &str) -> String {
    if resource.is_empty() {
        action.to_owned()
    } else {
        format!("{action} {resource}")
    }
}

/// A few of some words, and how many more there are.
fn shortly(words: &BTreeSet<String>) -> String {
    const MOST: usize = 4;
    let shown: Vec<String> = words.iter().take(MOST).map(|w| format!("`{w}`")).collect();
    let shown = shown.join(", ");
    match words.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn object_of(subject: &Subject) -> ObjectName {
    ObjectName {
        kind: subject.kind.name().to_owned(),
        namespace: Some(subject.system.name.to_string()),
        name: Some(subject.name.to_string()),
    }
}

fn who_in_words(subject: &Subject) -> String {
    match subject.kind {
        SubjectKind::Role => format!("whoever has `{}`", subject.name),
        kind => format!("{} `{}`", kind.name(), subject.name),
    }
}

/// The checks about grants of each system, each with those of its policies that are about that system.
fn judging(program: &Program) -> BTreeMap<Arc<str>, Vec<Judging>> {
    let mut found: BTreeMap<Arc<str>, BTreeMap<u32, Judging>> = BTreeMap::new();
    for policy in program.grants.policies.iter().filter(|p| !p.only_act) {
        for system in program.grants.systems(policy, &program.plan) {
            let checks = found.entry(system).or_default();
            let judging = checks.entry(policy.check).or_insert(Judging {
                check: policy.check,
                effect: Effect::Forbid,
                policies: BTreeSet::new(),
                applies: false,
            });
            if policy.applies {
                judging.applies = true;
            } else {
                judging.effect = policy.effect;
                judging.policies.insert(policy.policy);
            }
        }
    }
    let with_policies = |checks: BTreeMap<u32, Judging>| {
        let judging = checks.into_values().filter(|j| !j.policies.is_empty());
        judging.collect()
    };
    found
        .into_iter()
        .map(|(system, checks)| (system, with_policies(checks)))
        .collect()
}

/// The rows of a matrix of which somebody can do anything, with a line that gives it.
fn duties_of(holding: &Holding<'_>, permissions: &Permissions) -> Vec<(String, At)> {
    if *holding.subject.system.base() != *permissions.system.value {
        return Vec::new();
    }
    let mut duties = Vec::new();
    for row in &permissions.rows {
        let found = requests(row).into_iter().find_map(|request| {
            if may(holding, &request) == Answer::No {
                return None;
            }
            let mut grants = holding.grants.iter();
            let grant = grants.find(|grant| super::effective::allows(grant, &request));
            grant.and_then(|g| g.chain().next())
        });
        if let Some(at) = found {
            duties.push((format!("{}/{}", permissions.id.value, row.label.value), at));
        }
    }
    duties
}

/// Everything that a row is about.
fn requests(row: &onus_model::access::Permission) -> Vec<Request> {
    let resources: Vec<String> = if row.resources.is_empty() {
        vec![String::new()]
    } else {
        row.resources.iter().map(|r| r.value.clone()).collect()
    };
    row.actions
        .iter()
        .flat_map(|action| {
            resources.iter().map(|resource| Request {
                action: action.value.clone(),
                resource: resource.clone(),
                name: None,
                scope: row.scope.clone(),
            })
        })
        .collect()
}

/// Where a role stands: where it says what it gives, if it does so anywhere.
fn place_of_role(access: &Access, role: &Subject) -> Option<At> {
    let named = || {
        access
            .roles
            .iter()
            .filter(|r| r.system == role.system && !r.name.at.is_nowhere())
            .filter(|r| match &r.scope {
                Some(scope) => *role.name == *format!("{scope}/{}", r.name.text),
                None => role.name == r.name.text,
            })
    };
    let giving = named().find(|r| !r.rules.is_empty());
    giving.or_else(|| named().next()).map(|r| r.name.at)
}
