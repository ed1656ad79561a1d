//! Asks Cedar, each distinct question once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression,
};
use onus_model::assessment::{Evaluation, Explanation, Place, Read, Saw, Tally, Target, Verdict};
use onus_model::check::Effect;
use onus_model::extract::{Attr, Extract, Fault, Value};
use onus_model::plan::TypeId;
use onus_model::source::{FileId, Span};
use rayon::prelude::*;

use crate::access::Judged;
use crate::compile::{Group, Member, Program};
use crate::lens::{Lens, Members, member};

/// What came out of all questions.
#[derive(Debug, Default)]
pub struct Evaluated {
    /// Findings, or all evaluations where that was asked, in order of file, place, check, policy.
    pub evaluations: Vec<Evaluation>,
    /// By the index of the check.
    pub tallies: Vec<Tally>,
    /// The same for each group of files.
    pub groups: Vec<GroupTallies>,
    /// How many distinct questions were asked.
    pub questions: u64,
}

impl Evaluated {
    /// Adds what was found in grants. `groups` are those of the files, as in [`evaluate`].
    pub fn add(&mut self, judged: Judged, groups: &[u16]) {
        if judged.tallies.is_empty() {
            return;
        }
        for ((file, check), tally) in &judged.tallies {
            if let Some(sum) = self.tallies.get_mut(*check as usize) {
                sum.merge(tally);
            }
            let group = groups.get(file.0 as usize).copied().unwrap_or(0);
            let of_group = self.groups.get_mut(usize::from(group));
            if let Some(sum) = of_group.and_then(|g| g.tallies.get_mut(*check as usize)) {
                sum.merge(tally);
            }
        }
        self.questions += judged.questions;
        self.evaluations.extend(judged.evaluations);
        in_order(&mut self.evaluations);
    }
}

/// What was found in a group of files: those that the same deployments are made of.
#[derive(Clone, Debug, Default)]
pub struct GroupTallies {
    /// By the index of the check.
    pub tallies: Vec<Tally>,
    /// How many things of each type there are; patches, which may leave out anything, do not count.
    pub present: BTreeMap<TypeId, u64>,
}

/// The answers that a worker has, by the key of the question.
#[expect(
    clippy::disallowed_types,
    reason = "a cache that is looked up and never walked: its order reaches no output"
)]
type Cache = std::collections::HashMap<Box<[u8]>, Arc<[Outcome]>>;

/// Cedar's word on one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Pass,
    Fail,
    NotApplicable,
    Error(String),
}

/// Judges every entity of every file. `contexts` holds the context record of each action, by its name; `groups` the group
/// of each file, by its index: files without one are in the first.
///
/// The result does not depend on the number of threads: files are judged one by one and put together in their order.
#[must_use]
pub fn evaluate(
    program: &Program,
    contexts: &BTreeMap<String, Value>,
    files: &[(FileId, Extract)],
    groups: &[u16],
    all: bool,
) -> Evaluated {
    let workers: Vec<Mutex<Worker<'_>>> = (0..rayon::current_num_threads().max(1))
        .map(|_| Mutex::new(Worker::new(program, contexts)))
        .collect();
    let judged: Vec<(Vec<Evaluation>, Vec<Tally>)> = files
        .par_iter()
        .map(|(file, extract)| {
            let index = rayon::current_thread_index().unwrap_or(0) % workers.len();
            match workers.get(index).map(Mutex::lock) {
                Some(Ok(mut worker)) => worker.file(*file, extract, all),
                // A poisoned worker has panicked before: begin anew.
                Some(Err(_)) | None => Worker::new(program, contexts).file(*file, extract, all),
            }
        })
        .collect();
    let mut evaluated = Evaluated {
        tallies: vec![Tally::default(); program.checks.len()],
        ..Evaluated::default()
    };
    evaluated
        .evaluations
        .reserve(judged.iter().map(|(e, _)| e.len()).sum());
    let count = groups.iter().copied().max().unwrap_or(0);
    evaluated.groups = (0..=count)
        .map(|_| GroupTallies {
            tallies: evaluated.tallies.clone(),
            present: BTreeMap::new(),
        })
        .collect();
    for ((evaluations, tallies), (file, extract)) in judged.into_iter().zip(files) {
        evaluated.evaluations.extend(evaluations);
        for (sum, tally) in evaluated.tallies.iter_mut().zip(&tallies) {
            sum.merge(tally);
        }
        let group = groups.get(file.0 as usize).copied().unwrap_or(0);
        let Some(group) = evaluated.groups.get_mut(usize::from(group)) else {
            continue;
        };
        for (sum, tally) in group.tallies.iter_mut().zip(&tallies) {
            sum.merge(tally);
        }
        for entity in &extract.entities {
            let object = extract.objects.get(entity.object as usize);
            if object.is_some_and(|o| !o.patch) && entity.fault.is_none() {
                *group.present.entry(entity.of).or_default() += 1;
            }
        }
    }
    // What was put together of several files stands in all of them.
    if files.iter().any(|(_, extract)| !extract.parts.is_empty()) {
        in_order(&mut evaluated.evaluations);
    }
    evaluated.questions = questions(workers);
    evaluated
}

/// Puts evaluations in order of file, place, check, policy.
fn in_order(evaluations: &mut [Evaluation]) {
    evaluations.sort_by(|a, b| {
        let key = |e: &Evaluation| (e.place.file, e.place.span, e.check, e.policy);
        key(a)
            .cmp(&key(b))
            .then_with(|| a.target.id.cmp(&b.target.id))
    });
}

/// Two workers may have asked the same question; it is counted once, so that the count is the same at any number of threads.
fn questions(workers: Vec<Mutex<Worker<'_>>>) -> u64 {
    let mut distinct: BTreeSet<(usize, Box<[u8]>)> = BTreeSet::new();
    let mut others = 0;
    for worker in workers {
        let Ok(worker) = worker.into_inner() else {
            continue;
        };
        others += worker.unshared;
        for (index, ready) in worker.ready.into_iter().enumerate() {
            let Some(ready) = ready else { continue };
            #[expect(clippy::iter_over_hash_type, reason = "into an ordered set")]
            for (key, _) in ready.cache {
                distinct.insert((index, key));
            }
        }
    }
    distinct.len() as u64 + others
}

/// A group's policies, parsed for one worker: syntax trees that are shared make threads wait for each other.
struct Ready {
    policies: PolicySet,
    applies: Option<PolicySet>,
    action: EntityUid,
    context: Context,
    cache: Cache,
}

struct Worker<'p> {
    program: &'p Program,
    contexts: &'p BTreeMap<String, Value>,
    authorizer: Authorizer,
    /// By group, made when a group is first asked.
    ready: Vec<Option<Ready>>,
    /// Cedar's names of the plan's types.
    types: Vec<Option<EntityTypeName>>,
    principal: Option<EntityUid>,
    /// Questions that could not be shared, since anything may matter to them.
    unshared: u64,
    key: Vec<u8>,
}

impl<'p> Worker<'p> {
    fn new(program: &'p Program, contexts: &'p BTreeMap<String, Value>) -> Self {
        Self {
            program,
            contexts,
            authorizer: Authorizer::new(),
            ready: program.groups.iter().map(|_| None).collect(),
            types: program
                .plan
                .types
                .iter()
                .map(|t| t.name.parse().ok())
                .collect(),
            principal: r#"Onus::Deployment::"default""#.parse().ok(),
            unshared: 0,
            key: Vec::new(),
        }
    }

    fn file(
        &mut self,
        file: FileId,
        extract: &Extract,
        all: bool,
    ) -> (Vec<Evaluation>, Vec<Tally>) {
        let program = self.program;
        let mut tallies = vec![Tally::default(); program.checks.len()];
        let mut evaluations = Vec::new();
        for (index, entity) in extract.entities.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            for number in program.by_type.get(&entity.of).into_iter().flatten() {
                let Some(group) = program.groups.get(*number) else {
                    continue;
                };
                let (outcomes, faulty) = self.outcomes(*number, group, extract, index);
                for (member, outcome) in group.members.iter().zip(outcomes.iter()) {
                    let seen = Seen {
                        program,
                        group,
                        member,
                        file,
                        extract,
                        index,
                    };
                    let (verdict, error) = seen.verdict(outcome, faulty);
                    if let Some(tally) = tallies.get_mut(group.check as usize) {
                        tally.add(verdict);
                    }
                    if all || verdict.is_finding() {
                        let context = group_context(self.contexts, group);
                        evaluations.extend(seen.evaluation(verdict, error, context));
                    }
                    // A matrix of permits is one question with one answer.
                    if group.effect == Effect::Permit {
                        break;
                    }
                }
            }
        }
        evaluations.sort_by(|a, b| {
            (a.place.span, a.check, a.policy, &a.target.id).cmp(&(
                b.place.span,
                b.check,
                b.policy,
                &b.target.id,
            ))
        });
        (evaluations, tallies)
    }

    /// The outcome of each policy of a group on one entity, and whether a fault may be among what they read.
    fn outcomes(
        &mut self,
        number: usize,
        group: &Group,
        extract: &Extract,
        index: u32,
    ) -> (Arc<[Outcome]>, bool) {
        let applies = group.applies.as_ref().map(|a| a.lens.as_ref());
        self.key.clear();
        // Where the analysis gave up there is no key, and anything may be faulty.
        let mut shared = true;
        let mut faulty = false;
        for lens in [Some(group.lens.as_ref()), applies].into_iter().flatten() {
            match lens {
                Some(lens) => faulty |= lens.entity_key(extract, index, &mut self.key),
                None => (shared, faulty) = (false, true),
            }
        }
        if self.ready.get(number).is_none_or(Option::is_none) {
            let made = self.prepare(group);
            match (self.ready.get_mut(number), made) {
                (Some(place), Ok(ready)) => *place = Some(ready),
                (_, Err(message)) => {
                    return (
                        vec![Outcome::Error(message); group.members.len()].into(),
                        faulty,
                    );
                }
                (None, Ok(_)) => return ([].into(), faulty),
            }
        }
        let Some(Some(ready)) = self.ready.get(number) else {
            return ([].into(), faulty);
        };
        if shared && let Some(answer) = ready.cache.get(self.key.as_slice()) {
            return (answer.clone(), faulty);
        }
        let answer: Arc<[Outcome]> = self.ask(ready, group, extract, index).into();
        if shared {
            if let Some(Some(ready)) = self.ready.get_mut(number) {
                ready
                    .cache
                    .insert(self.key.as_slice().into(), answer.clone());
            }
        } else {
            self.unshared += 1;
        }
        (answer, faulty)
    }

    /// Parses a group's policies for this worker.
    fn prepare(&self, group: &Group) -> Result<Ready, String> {
        let words = |error: &dyn std::fmt::Display| error.to_string();
        // One text and one parse; Cedar numbers the policies `policy0`, `policy1`, … in the order of the text.
        let mut text: Vec<&str> = group.members.iter().map(|m| m.text.as_str()).collect();
        if group.effect == Effect::Forbid {
            // Forbids say what is wrong; all else is allowed.
            text.push("permit(principal, action, resource);");
        }
        let policies: PolicySet = text.join("\n").parse().map_err(|e| words(&e))?;
        let applies = match &group.applies {
            Some(applies) => Some(applies.text.parse::<PolicySet>().map_err(|e| words(&e))?),
            None => None,
        };
        let action = EntityUid::from(group.action.clone());
        let context = match group_context(self.contexts, group) {
            Some((members, Value::Record(present))) => Context::from_pairs(
                present
                    .iter()
                    .filter_map(|(index, attr)| {
                        let inside = members.inside(&self.program.plan, *index);
                        let expression = plain(&self.program.plan, &attr.value, inside)?;
                        Some((members.name(*index).to_owned(), expression))
                    })
                    .collect::<Vec<_>>(),
            )
            .map_err(|e| words(&e))?,
            Some(_) | None => Context::empty(),
        };
        Ok(Ready {
            policies,
            applies,
            action,
            context,
            cache: Cache::new(),
        })
    }

    fn ask(&self, ready: &Ready, group: &Group, extract: &Extract, index: u32) -> Vec<Outcome> {
        match self.try_ask(ready, group, extract, index) {
            Ok(outcomes) => outcomes,
            Err(message) => vec![Outcome::Error(message); group.members.len()],
        }
    }

    fn try_ask(
        &self,
        ready: &Ready,
        group: &Group,
        extract: &Extract,
        index: u32,
    ) -> Result<Vec<Outcome>, String> {
        let resource = self.uid(extract, index).ok_or("the resource has no type")?;
        let principal = self.principal.clone().ok_or("the principal has no name")?;
        let request = Request::new(
            principal,
            ready.action.clone(),
            resource,
            ready.context.clone(),
            None,
        )
        .map_err(|e| e.to_string())?;
        let answer = |set: &PolicySet, lens: Option<&Lens>| -> Result<_, String> {
            let entities = Store::new(self, extract, index, lens).entities()?;
            let response = self.authorizer.is_authorized(&request, set, &entities);
            // Cedar skips a policy that errs: errors come before the decision.
            let mut errors: Vec<(String, String)> = response
                .diagnostics()
                .errors()
                .map(|error| {
                    let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
                    (error.policy_id().to_string(), error.inner().to_string())
                })
                .collect();
            errors.sort();
            let reasons: BTreeSet<String> = response
                .diagnostics()
                .reason()
                .map(ToString::to_string)
                .collect();
            Ok((response.decision(), reasons, errors))
        };
        let count = group.members.len();
        if let (Some(set), Some(applies)) = (&ready.applies, &group.applies) {
            let (decision, _, errors) = answer(set, applies.lens.as_ref())?;
            if let Some((_, error)) = errors.into_iter().next() {
                return Ok(vec![Outcome::Error(error); count]);
            }
            if decision == Decision::Deny {
                return Ok(vec![Outcome::NotApplicable; count]);
            }
        }
        let (decision, reasons, errors) = answer(&ready.policies, group.lens.as_ref())?;
        Ok(match group.effect {
            Effect::Forbid => (0..count)
                .map(|i| {
                    let id = format!("policy{i}");
                    if let Some((_, error)) = errors.iter().find(|(policy, _)| *policy == id) {
                        Outcome::Error(error.clone())
                    } else if reasons.contains(&id) {
                        Outcome::Fail
                    } else {
                        Outcome::Pass
                    }
                })
                .collect(),
            Effect::Permit => {
                let outcome = match (errors.into_iter().next(), decision) {
                    (Some((_, error)), _) => Outcome::Error(error),
                    (None, Decision::Allow) => Outcome::Pass,
                    (None, Decision::Deny) => Outcome::Fail,
                };
                vec![outcome; count]
            }
        })
    }

    fn uid(&self, extract: &Extract, index: u32) -> Option<EntityUid> {
        let entity = extract.entities.get(index as usize)?;
        let of = self.types.get(usize::from(entity.of.0))?.clone()?;
        Some(EntityUid::from_type_name_and_id(
            of,
            EntityId::new(&*entity.id),
        ))
    }
}

/// The context record of a group's action, and what its members are called.
fn group_context<'p>(
    contexts: &'p BTreeMap<String, Value>,
    group: &'p Group,
) -> Option<(Members<'p>, &'p Value)> {
    let value = contexts.get(&group.action.to_string())?;
    Some((Members::Declared(&group.context), value))
}

/// The entities that a question is about: the resource, what it leads to, and all their ancestors.
struct Store<'w> {
    worker: &'w Worker<'w>,
    extract: &'w Extract,
    /// Entities with the lenses through which they are seen. Without a lens everything is.
    needed: Vec<(u32, Vec<&'w Lens>)>,
    everything: bool,
}

impl<'w> Store<'w> {
    fn new(
        worker: &'w Worker<'w>,
        extract: &'w Extract,
        resource: u32,
        lens: Option<&'w Lens>,
    ) -> Self {
        let mut store = Self {
            worker,
            extract,
            needed: Vec::new(),
            everything: lens.is_none(),
        };
        match lens {
            Some(lens) => store.see(resource, lens),
            None => {
                let object = extract.entities.get(resource as usize).map(|e| e.object);
                for (index, entity) in (0..).zip(&extract.entities) {
                    if Some(entity.object) == object {
                        store.need(index);
                    }
                }
            }
        }
        // Whoever asks `in` asks for the ancestors.
        let mut next = 0;
        while let Some((index, _)) = store.needed.get(next) {
            next += 1;
            if let Some(parent) = extract.entities.get(*index as usize).and_then(|e| e.parent) {
                store.need(parent);
            }
        }
        store
    }

    /// The lenses through which an entity is seen; it is in the store from now on.
    fn need(&mut self, index: u32) -> Option<&mut Vec<&'w Lens>> {
        if !self.needed.iter().any(|(i, _)| *i == index) {
            self.needed.push((index, Vec::new()));
        }
        let found = self.needed.iter_mut().find(|(i, _)| *i == index);
        found.map(|(_, lenses)| lenses)
    }

    /// An entity is seen through a lens, and so is what its attributes lead to.
    fn see(&mut self, index: u32, lens: &'w Lens) {
        if let Some(lenses) = self.need(index) {
            lenses.push(lens);
        }
        if let Some(entity) = self.extract.entities.get(index as usize) {
            self.follow(&entity.attributes, lens);
        }
    }

    fn follow(&mut self, present: &'w [(u16, Attr)], lens: &'w Lens) {
        for (index, inner) in &lens.members {
            match member(present, *index).map(|attr| &attr.value) {
                Some(Value::Entity(entity)) => self.see(*entity, inner),
                Some(Value::Record(present)) => self.follow(present, inner),
                _ => {}
            }
        }
    }

    fn entities(self) -> Result<Entities, String> {
        let entities: Vec<Entity> = self
            .needed
            .iter()
            .map(|(index, lenses)| self.entity(*index, lenses))
            .collect::<Result<_, _>>()?;
        Entities::from_entities(entities, None).map_err(|e| e.to_string())
    }

    fn entity(&self, index: u32, lenses: &[&Lens]) -> Result<Entity, String> {
        let missing = || "a reference leads nowhere".to_owned();
        let entity = self
            .extract
            .entities
            .get(index as usize)
            .ok_or_else(missing)?;
        let uid = self.worker.uid(self.extract, index).ok_or_else(missing)?;
        let plan = &self.worker.program.plan;
        let members = Members::of_type(plan, entity.of);
        let attributes = self.members(&entity.attributes, members, lenses);
        let parents: Vec<EntityUid> = entity
            .parent
            .and_then(|parent| self.worker.uid(self.extract, parent))
            .into_iter()
            .collect();
        let tags: Vec<(String, RestrictedExpression)> =
            if self.everything || lenses.iter().any(|l| l.tags) {
                entity
                    .tags
                    .iter()
                    .filter_map(|(name, attr)| {
                        Some((name.to_string(), plain(plan, &attr.value, Members::None)?))
                    })
                    .collect()
            } else {
                Vec::new()
            };
        Entity::new_with_tags(uid, attributes, parents, tags).map_err(|e| e.to_string())
    }

    fn members(
        &self,
        present: &[(u16, Attr)],
        members: Members<'_>,
        lenses: &[&Lens],
    ) -> Vec<(String, RestrictedExpression)> {
        let whole = self.everything;
        present
            .iter()
            .filter_map(|(index, attr)| {
                let inner: Vec<&Lens> = lenses.iter().filter_map(|l| inside(l, *index)).collect();
                if inner.is_empty() && !whole {
                    return None;
                }
                let inside = members.inside(&self.worker.program.plan, *index);
                let expression = self.value(&attr.value, inside, &inner)?;
                Some((members.name(*index).to_owned(), expression))
            })
            .collect()
    }

    /// A value as Cedar takes it; a fault is left out, for nobody may read it.
    fn value(
        &self,
        value: &Value,
        members: Members<'_>,
        lenses: &[&Lens],
    ) -> Option<RestrictedExpression> {
        match value {
            Value::Entity(index) => self
                .worker
                .uid(self.extract, *index)
                .map(RestrictedExpression::new_entity_uid),
            Value::Record(present)
                if !self.everything && !lenses.iter().any(|l| l.whole || !l.equals.is_empty()) =>
            {
                RestrictedExpression::new_record(self.members(present, members, lenses)).ok()
            }
            _ => plain(&self.worker.program.plan, value, members),
        }
    }
}

/// A value without references, whole.
fn plain(
    plan: &onus_model::plan::Plan,
    value: &Value,
    members: Members<'_>,
) -> Option<RestrictedExpression> {
    Some(match value {
        Value::Bool(bool) => RestrictedExpression::new_bool(*bool),
        Value::Long(long) => RestrictedExpression::new_long(*long),
        Value::String(text) => RestrictedExpression::new_string(text.to_string()),
        Value::Ip(text) => RestrictedExpression::new_ip(text),
        Value::Time(text) => RestrictedExpression::new_datetime(text),
        Value::Set(elements) => RestrictedExpression::new_set(
            elements
                .iter()
                .filter_map(|e| plain(plan, &e.value, members))
                .collect::<Vec<_>>(),
        ),
        Value::Record(present) => RestrictedExpression::new_record(
            present
                .iter()
                .filter_map(|(index, attr)| {
                    let inside = members.inside(plan, *index);
                    Some((
                        members.name(*index).to_owned(),
                        plain(plan, &attr.value, inside)?,
                    ))
                })
                .collect::<Vec<_>>(),
        )
        .ok()?,
        Value::Entity(_) | Value::Fault(_) => return None,
    })
}

fn inside(lens: &Lens, index: u16) -> Option<&Lens> {
    lens.members
        .iter()
        .find(|(i, _)| *i == index)
        .map(|(_, lens)| lens)
}

/// One policy looking at one entity.
struct Seen<'s> {
    program: &'s Program,
    group: &'s Group,
    member: &'s Member,
    file: FileId,
    extract: &'s Extract,
    index: u32,
}

impl Seen<'_> {
    /// The verdict, and what went wrong if it is *error*.
    fn verdict(&self, outcome: &Outcome, faulty: bool) -> (Verdict, Option<String>) {
        // A value that the policy reads and that is not what the schema says: no answer of Cedar's can be trusted.
        if faulty && let Some((fault, _)) = self.fault(outcome) {
            let verdict = if fault.unknown {
                Verdict::Unknown
            } else {
                Verdict::Error
            };
            return (verdict, Some(fault.message.clone()));
        }
        match outcome {
            Outcome::Pass => (Verdict::Pass, None),
            Outcome::Fail if self.says_nothing() => (Verdict::NotApplicable, None),
            Outcome::Fail => (Verdict::Fail, None),
            Outcome::NotApplicable => (Verdict::NotApplicable, None),
            Outcome::Error(message) => (Verdict::Error, Some(message.clone())),
        }
    }

    /// The first thing that is read and that is not what the schema says: by what decides whether the check applies,
    /// and where it does apply by the policy.
    fn fault(&self, outcome: &Outcome) -> Option<(&Fault, Span)> {
        let entity = self.extract.entities.get(self.index as usize)?;
        let seen = |lens: &'_ Option<Lens>| match lens {
            Some(lens) => lens.fault(self.extract, entity),
            // It may read anything.
            None => Lens::anything(self.extract, entity),
        };
        let applies = self.group.applies.as_ref();
        let first = applies.and_then(|applies| seen(&applies.lens));
        match outcome {
            Outcome::NotApplicable => first,
            Outcome::Pass | Outcome::Fail | Outcome::Error(_) => {
                first.or_else(|| seen(&self.member.lens))
            }
        }
    }

    /// In a patch, what is missing may stand in what is patched: it is no fault of the patch.
    fn says_nothing(&self) -> bool {
        let patch = self
            .extract
            .entities
            .get(self.index as usize)
            .and_then(|e| self.extract.objects.get(e.object as usize))
            .is_some_and(|o| o.patch);
        patch
            && self
                .reads()
                .iter()
                .all(|(lens, saw, _)| !lens.written || matches!(saw, Saw::Missing))
    }

    fn place(&self, span: Span) -> Place {
        self.extract.place(self.file, span)
    }

    fn evaluation(
        &self,
        verdict: Verdict,
        error: Option<String>,
        context: Option<(Members<'_>, &Value)>,
    ) -> Option<Evaluation> {
        let entity = self.extract.entities.get(self.index as usize)?;
        let check = self.program.checks.get(self.group.check as usize)?;
        let policy = check.policies.get(self.member.policy as usize)?;
        let object = self.extract.objects.get(entity.object as usize)?;
        let mut place = self.place(entity.head);
        let explanation = verdict.is_finding().then(|| {
            let mut read: Vec<Read> = self
                .reads()
                .into_iter()
                .map(|(lens, saw, span)| Read {
                    path: lens.path.clone(),
                    saw,
                    place: Some(self.place(span)),
                    policy: in_file(policy.span, lens.first),
                })
                .collect();
            if let (Some(lens), Some((members, value))) = (&self.member.context, context)
                && !lens.members.is_empty()
            {
                let mut seen = Vec::new();
                self.value_reads(
                    lens,
                    members,
                    Some((value, Span::default())),
                    Span::default(),
                    &mut seen,
                );
                read.extend(seen.into_iter().map(|(lens, saw, _)| Read {
                    path: lens.path.clone(),
                    saw,
                    place: None,
                    policy: in_file(policy.span, lens.first),
                }));
            }
            read.sort_by_key(|r| r.policy.start);
            let fault = match verdict {
                Verdict::Error | Verdict::Unknown => self.fault(&Outcome::Pass),
                _ => None,
            };
            let first = match &fault {
                Some((_, span)) => Some(self.place(*span)),
                None => read.iter().find_map(|r| r.place),
            };
            place = first.unwrap_or(place);
            Box::new(Explanation {
                message: match error {
                    Some(error) => format!("cannot be judged: {error}").into(),
                    None => policy.title.clone(),
                },
                help: match (verdict, &fault) {
                    (Verdict::Unknown, _) => {
                        "write the value out, or look at it where it is set: nobody can tell from this file".into()
                    }
                    (Verdict::Error, Some(_)) => {
                        "correct the value: the check cannot read it".into()
                    }
                    (Verdict::Error, None) => {
                        "correct the policy: Cedar could not evaluate it on this resource".into()
                    }
                    _ => policy.help.clone(),
                },
                also: fault
                    .and_then(|(fault, _)| fault.also.as_ref())
                    .map(|(span, message)| (self.place(*span), message.clone()))
                    .into_iter()
                    .collect(),
                read,
            })
        });
        Some(Evaluation {
            waiver: None,
            check: self.group.check,
            policy: self.member.policy,
            verdict,
            target: Target {
                of: self.program.plan.entity_type(entity.of)?.name.clone(),
                id: entity.id.clone(),
                object: object.name.clone(),
            },
            place,
            explanation,
        })
    }

    /// What the policy read of the resource, and where that stands.
    fn reads(&self) -> Vec<(&Lens, Saw, Span)> {
        let mut seen = Vec::new();
        if let Some(lens) = &self.member.lens {
            self.entity_reads(lens, self.index, &mut seen);
        }
        seen
    }

    fn entity_reads<'l>(&self, lens: &'l Lens, index: u32, seen: &mut Vec<(&'l Lens, Saw, Span)>) {
        let Some(entity) = self.extract.entities.get(index as usize) else {
            return;
        };
        if lens.whole {
            seen.push((lens, Saw::Value(entity.id.to_string()), entity.head));
        }
        let members = Members::of_type(&self.program.plan, entity.of);
        self.member_reads(lens, members, &entity.attributes, entity.head, seen);
    }

    fn member_reads<'l>(
        &self,
        lens: &'l Lens,
        members: Members<'_>,
        present: &[(u16, Attr)],
        nearest: Span,
        seen: &mut Vec<(&'l Lens, Saw, Span)>,
    ) {
        for (index, inner) in &lens.members {
            let inside = members.inside(&self.program.plan, *index);
            let value = member(present, *index).map(|attr| (&attr.value, attr.span));
            self.value_reads(inner, inside, value, nearest, seen);
        }
    }

    fn value_reads<'l>(
        &self,
        lens: &'l Lens,
        members: Members<'_>,
        value: Option<(&Value, Span)>,
        nearest: Span,
        seen: &mut Vec<(&'l Lens, Saw, Span)>,
    ) {
        let Some((value, span)) = value else {
            if lens.whole || lens.members.is_empty() {
                seen.push((lens, Saw::Missing, nearest));
            }
            for (_, inner) in &lens.members {
                self.value_reads(inner, Members::None, None, nearest, seen);
            }
            return;
        };
        match value {
            Value::Entity(index) => self.entity_reads(lens, *index, seen),
            Value::Fault(fault) => seen.push((lens, Saw::Fault(fault.message.clone()), span)),
            Value::Record(present) => {
                if lens.whole || lens.members.is_empty() {
                    seen.push((lens, Saw::Present, span));
                }
                self.member_reads(lens, members, present, span, seen);
            }
            Value::Bool(_)
            | Value::Long(_)
            | Value::String(_)
            | Value::Ip(_)
            | Value::Time(_)
            | Value::Set(_) => {
                let saw = if lens.secret {
                    Saw::Present
                } else {
                    Saw::Value(shown(value))
                };
                seen.push((lens, saw, span));
            }
        }
    }
}

/// Where a policy reads something; the whole policy where Cedar does not say.
fn in_file(policy: Span, inside: Span) -> Span {
    if inside == Span::default() {
        policy
    } else {
        inside
    }
}

/// A value in one line.
fn shown(value: &Value) -> String {
    match value {
        Value::Bool(bool) => bool.to_string(),
        Value::Long(long) => long.to_string(),
        Value::String(text) | Value::Ip(text) | Value::Time(text) => text.to_string(),
        Value::Set(elements) => {
            let parts: Vec<String> = elements.iter().map(|e| shown(&e.value)).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Record(_) | Value::Entity(_) | Value::Fault(_) => "…".to_owned(),
    }
}
