//! A permission matrix is held against what its roles are given, cell by cell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use onus_model::access::{
    Answer, At, Holding, Permission, Request, Subject, SubjectKind, in_words,
};
use onus_model::assessment::Verdict;
use onus_model::check::Effect;
use onus_model::extract::ObjectName;
use onus_model::plan::{GrantSystem, Plan};
use onus_model::source::FileId;

use super::{Judged, Run, place_of_role, requests, said, who_in_words};
use crate::access::effective::{allows, may, of_grant};
use crate::access::judge::{Asked, Asking, Outcome, Principal, Who, Worker, questions, subject_id};
use crate::access::matrix::Matrix;
use crate::access::notation::{action_reaches, resource_reaches};
use crate::access::policy::Index;

/// What a cell asks: whether a role, and nothing else that somebody might have, may do something.
struct Cell<'c> {
    plan: &'c Plan,
    system: &'c GrantSystem,
    role: &'c str,
    /// What the role is given; nothing where it is in no file.
    holding: Option<&'c Holding<'c>>,
    request: &'c Request,
}

impl Cell<'_> {
    /// What the policies of an index say; nothing where the names in it are none that Cedar has.
    fn ask(&self, index: &Index, worker: &mut Worker<'_>) -> Option<Vec<(u32, Outcome)>> {
        let empty;
        let holding = match self.holding {
            Some(holding) => holding,
            None => {
                empty = as_role(self.system, self.role);
                &empty
            }
        };
        let who = Who {
            name: &subject_id(&holding.subject),
            mapped: false,
            facts: &[],
            duties: &BTreeSet::new(),
        };
        let principal = Principal::subject(index, holding, &who)?;
        let asked = Asking::new(self.plan, index).cell(
            self.system,
            &self.request.action,
            &self.request.resource,
            self.request.scope.as_deref(),
        )?;
        let mut outcomes = Vec::new();
        worker.grant(&principal, &asked, &mut outcomes);
        Some(outcomes)
    }
}

/// A matrix while it is held against grants.
pub(super) struct Table<'r, 'a> {
    run: &'r Run<'a>,
    matrix: &'r Matrix,
    /// Where to point when what is missing has no place.
    first: At,
    worker: Worker<'r>,
    asking: Asking<'r>,
    others: Worker<'r>,
}

impl<'r, 'a> Table<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>, matrix: &'r Matrix, first: At) -> Self {
        Self {
            run,
            matrix,
            first,
            worker: (run.asks)(&matrix.index),
            asking: Asking::new(&run.program.plan, &matrix.index),
            others: (run.asks)(&run.program.grants),
        }
    }

    pub(super) fn judge(
        mut self,
        roles: &[Holding<'_>],
        direct: &[&Holding<'_>],
        judged: &mut Judged,
    ) {
        let permissions = &self.matrix.permissions;
        let before = judged.evaluations.len();
        for column in &permissions.roles {
            let holding = roles
                .iter()
                .find(|role| *role.subject.name == *column.value);
            self.column(&column.value, holding, judged);
        }
        self.without_a_row(roles, judged);
        self.without_a_column(roles, direct, judged);
        if judged.evaluations.len() == before {
            judged.count(FileId(self.first.file), self.matrix.check, Verdict::Pass);
        }
        judged.questions += questions(vec![Mutex::new(self.worker), Mutex::new(self.others)]);
    }

    /// The cells of a role.
    fn column(&mut self, role: &str, holding: Option<&Holding<'_>>, judged: &mut Judged) {
        let matrix = self.matrix;
        let at = holding.and_then(|h| place_of_role(self.run.access, &h.subject));
        for (number, row) in matrix.permissions.rows.iter().enumerate() {
            let Some(cell) = row.cells.iter().position(|(of, _)| of.value == role) else {
                continue;
            };
            let policy = matrix.policy(number, Some(cell));
            let mut verdict = Verdict::Pass;
            let mut told: Vec<(At, String)> = Vec::new();
            let mut message = None;
            for request in requests(row) {
                let cell = Cell {
                    plan: &self.run.program.plan,
                    system: &matrix.system,
                    role,
                    holding,
                    request: &request,
                };
                let allowed = match self.allowed(&cell) {
                    Ok(allowed) => allowed,
                    Err(error) => {
                        verdict = Verdict::Error;
                        told = vec![(at.unwrap_or(self.first), String::new())];
                        message = Some(format!("cannot be judged: {error}"));
                        break;
                    }
                };
                let answer = holding.map_or(Answer::No, |h| may(h, &request));
                let what = what(&request);
                match (allowed, answer) {
                    (true, Answer::No) => {
                        verdict = Verdict::Fail;
                        let at = at.unwrap_or(self.first);
                        told.push((at, self.not_given(role, holding.is_some(), &request)));
                        message.get_or_insert(format!(
                            "`{role}` may `{}`, and is not given `{what}`",
                            row.label.value
                        ));
                    }
                    (false, Answer::Yes | Answer::If(_)) => {
                        verdict = Verdict::Fail;
                        told.extend(holding.and_then(|h| giving(h, &request)));
                        message.get_or_insert(format!(
                            "`{role}` may not `{}`, and is given `{what}`",
                            row.label.value
                        ));
                    }
                    (true, Answer::If(conditions)) if verdict == Verdict::Pass => {
                        verdict = Verdict::Unknown;
                        told.extend(
                            conditions
                                .iter()
                                .map(|c| (c.at, format!("if `{}`", c.text))),
                        );
                        message.get_or_insert(format!(
                            "`{role}` is given `{what}` only if something holds that no file can tell"
                        ));
                    }
                    (true, Answer::Yes | Answer::If(_)) | (false, Answer::No) => {}
                }
                self.against_policies(&cell, policy, allowed_word(row, role), judged);
            }
            if told.is_empty() {
                told.extend(at.map(|at| (at, String::new())));
            }
            self.tell(
                policy,
                verdict,
                &format!("{role}: {}", row.label.value),
                told,
                message,
                judged,
            );
        }
    }

    fn not_given(&self, role: &str, known: bool, request: &Request) -> String {
        let system = &self.matrix.system;
        if !known {
            return format!("the role `{role}` is in none of the files");
        }
        if system.system.lacks(&request.action) {
            return format!(
                "`{role}` is not given it: `{}` is no action of `{}`",
                request.action, system.system.name
            );
        }
        format!("`{role}` is not given `{}`", what(request))
    }

    /// What the matrix, as permits, says about a role.
    fn allowed(&mut self, cell: &Cell<'_>) -> Result<bool, Arc<str>> {
        let Some(outcomes) = cell.ask(&self.matrix.index, &mut self.worker) else {
            return Err("the names in it cannot be asked about".into());
        };
        let mut allowed = false;
        for (_, outcome) in outcomes {
            match outcome {
                Outcome::Satisfied => allowed = true,
                Outcome::Error(error) => return Err(error),
                Outcome::Not => {}
            }
        }
        Ok(allowed)
    }

    /// Whether the policies that permit grants of this system agree with a cell.
    fn against_policies(&mut self, cell: &Cell<'_>, policy: u32, yes: bool, judged: &mut Judged) {
        let run = self.run;
        let (system, role, request) = (cell.system, cell.role, cell.request);
        let permitting: Vec<u32> = run
            .judging
            .get(&system.system.name)
            .into_iter()
            .flatten()
            .filter(|j| j.effect == Effect::Permit)
            .map(|j| j.check)
            .collect();
        if permitting.is_empty() {
            return;
        }
        let index = &run.program.grants;
        // Names that cannot be asked about are told of the cell itself.
        let Some(outcomes) = cell.ask(index, &mut self.others) else {
            return;
        };
        let stands = cell
            .holding
            .and_then(|h| place_of_role(run.access, &h.subject));
        let at = stands.unwrap_or(self.first);
        for check in permitting {
            let of_check = outcomes.iter().filter(|(number, _)| {
                let of = index.policies.get(*number as usize);
                of.is_some_and(|p| p.check == check && !p.applies)
            });
            let permits = of_check.clone().any(|(_, o)| *o == Outcome::Satisfied);
            let error = of_check.clone().find_map(|(_, o)| match o {
                Outcome::Error(error) if !permits => Some(error),
                _ => None,
            });
            if error.is_none() && permits == yes {
                continue;
            }
            let Some(check) = run.program.checks.get(check as usize) else {
                continue;
            };
            let id = format!("{role}: {} by {}", what(request), check.id);
            let lines = vec![(at, format!("`{role}`"))];
            if let Some(error) = error {
                let message = format!(
                    "whether the check `{}` ({}) permits `{}` to `{role}` cannot be judged: {error}",
                    check.id,
                    check.text.name,
                    what(request)
                );
                self.tell(policy, Verdict::Error, &id, lines, Some(message), judged);
                continue;
            }
            let word = if permits {
                "permits"
            } else {
                "does not permit"
            };
            let message = format!(
                "the matrix says `{}` for `{role}`, and the check `{}` ({}) {word} `{}`",
                if yes { "yes" } else { "no" },
                check.id,
                check.text.name,
                what(request)
            );
            self.tell(policy, Verdict::Fail, &id, lines, Some(message), judged);
        }
    }

    /// What roles are given and no row speaks of.
    fn without_a_row(&mut self, roles: &[Holding<'_>], judged: &mut Judged) {
        let permissions = &self.matrix.permissions;
        if !permissions.complete {
            return;
        }
        let mut found: BTreeMap<String, Vec<(At, String)>> = BTreeMap::new();
        for holding in roles {
            for grant in &holding.grants {
                for row in of_grant(holding, grant) {
                    for asked in self.asking.row(&row).iter().filter(|a| a.own) {
                        if self.has_row(asked, grant.scope.map(|s| &**s)) {
                            continue;
                        }
                        let how = if *row.action.text == *asked.action_text {
                            format!("`{}` is given it here", holding.subject.name)
                        } else {
                            format!(
                                "`{}` is given it by `{}`",
                                holding.subject.name, row.action.text
                            )
                        };
                        let places = found
                            .entry(said(&asked.action_text, &asked.resource_text))
                            .or_default();
                        places.push((grant.rule.at, how));
                    }
                }
            }
        }
        for (what, mut lines) in found {
            // Who names it first, before those who have it with everything.
            lines.sort_by_key(|(at, how)| (how.contains(" by `"), *at));
            lines.dedup();
            let message = format!("`{what}` is given, and no row of the matrix is about it");
            self.tell(0, Verdict::Fail, &what, lines, Some(message), judged);
        }
    }

    fn has_row(&self, asked: &Asked, scope: Option<&str>) -> bool {
        let system = &self.matrix.system.system;
        let rows = &self.matrix.permissions.rows;
        rows.iter().any(|row| {
            let action = row.actions.iter().any(|a| {
                action_reaches(system, &a.value, &asked.action_text)
                    || action_reaches(system, &asked.action_text, &a.value)
            });
            let resource = row.resources.is_empty()
                || row.resources.iter().any(|r| {
                    resource_reaches(system.notation, &r.value, &asked.resource_text)
                        || resource_reaches(system.notation, &asked.resource_text, &r.value)
                });
            let scope = row.scope.is_none() || scope.is_none() || row.scope.as_deref() == scope;
            action && resource && scope
        })
    }

    /// Roles that the matrix does not have and that give something, and what somebody is given without any role.
    fn without_a_column(
        &mut self,
        roles: &[Holding<'_>],
        direct: &[&Holding<'_>],
        judged: &mut Judged,
    ) {
        let columns: BTreeSet<&str> = self
            .matrix
            .permissions
            .roles
            .iter()
            .map(|r| r.value.as_str())
            .collect();
        for role in roles {
            if role.grants.is_empty() || columns.contains(&*role.subject.name) {
                continue;
            }
            let name = &role.subject.name;
            let stands = place_of_role(self.run.access, &role.subject);
            // What every cluster has is no finding before somebody is given it.
            let Some(at) = stands.or_else(|| self.given_at(role)) else {
                continue;
            };
            let lines = vec![(at, format!("`{name}` gives something"))];
            let message = format!("the role `{name}` is no column of the matrix");
            self.tell(
                0,
                Verdict::Fail,
                &format!("{name}: no column"),
                lines,
                Some(message),
                judged,
            );
        }
        for holding in direct {
            for grant in holding.grants.iter().filter(|g| g.role.is_none()) {
                if of_grant(holding, grant).is_empty() {
                    continue;
                }
                let who = who_in_words(&holding.subject);
                let gives = in_words(&grant.rule.reach);
                let lines = vec![
                    (grant.at, format!("{who} is given it here")),
                    (grant.rule.at, format!("gives `{gives}`")),
                ];
                let message = format!(
                    "{who} is given `{gives}` without a role: no column of the matrix allows it"
                );
                let id = format!("{}: {gives}", subject_id(&holding.subject));
                self.tell(0, Verdict::Fail, &id, lines, Some(message), judged);
            }
        }
    }

    /// Where somebody is given a role that stands in no file itself.
    fn given_at(&self, role: &Holding<'_>) -> Option<At> {
        let system = &role.subject.system;
        let holdings = self.run.effective.holdings.iter();
        let mut grants = holdings
            .filter(|holding| holding.subject.system == *system)
            .flat_map(|holding| &holding.grants);
        let given = grants.find(|grant| {
            let name = grant.role.map(|r| &*r.text);
            grant.rule.at.is_nowhere() && name == Some(&*role.subject.name)
        });
        given.and_then(|grant| grant.chain().next())
    }

    fn tell(
        &self,
        policy: u32,
        verdict: Verdict,
        id: &str,
        lines: Vec<(At, String)>,
        message: Option<String>,
        judged: &mut Judged,
    ) {
        // What is counted is told: a rule of a role that every system has stands in no file.
        let mut lines: Vec<_> = lines
            .into_iter()
            .filter(|(at, _)| !at.is_nowhere())
            .collect();
        if lines.is_empty() {
            lines.push((self.first, String::new()));
        }
        let file = lines.first().map_or(self.first, |(at, _)| *at).file;
        let check = self.matrix.check;
        judged.count(FileId(file), check, verdict);
        if !self.run.keep.wants(verdict) {
            return;
        }
        let of = self
            .run
            .program
            .checks
            .get(check as usize)
            .and_then(|c| c.policies.get(policy as usize));
        let Some(of) = of else { return };
        let object = ObjectName {
            kind: "matrix".to_owned(),
            namespace: None,
            name: Some(self.matrix.permissions.id.value.clone()),
        };
        judged.evaluations.extend(self.run.evaluation(
            (check, policy),
            verdict,
            &format!("{}/{id}", self.matrix.permissions.id.value),
            object,
            lines,
            message.map_or_else(|| of.title.clone(), Into::into),
            of.help.clone(),
        ));
    }
}

fn allowed_word(row: &Permission, role: &str) -> bool {
    row.cell(role).is_some_and(|cell| cell.value)
}

fn what(request: &Request) -> String {
    said(&request.action, &request.resource)
}

/// A role that is in no file, as somebody who has it and nothing else.
fn as_role<'a>(system: &'a GrantSystem, role: &'a str) -> Holding<'a> {
    Holding {
        subject: Subject {
            system: system.system.clone(),
            kind: SubjectKind::Role,
            name: role.into(),
        },
        groups: Vec::new(),
        roles: BTreeSet::from([(role, None)]),
        grants: Vec::new(),
        denials: Vec::new(),
        accounts: Vec::new(),
    }
}

/// The line that gives a role what is asked for.
fn giving(holding: &Holding<'_>, request: &Request) -> Option<(At, String)> {
    let mut grants = holding.grants.iter();
    let grant = grants.find(|grant| allows(grant, request))?;
    let gives = in_words(&grant.rule.reach);
    Some((grant.rule.at, format!("gives `{gives}`")))
}
