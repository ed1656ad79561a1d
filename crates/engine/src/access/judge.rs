//! Judges grants: may this be held? Cedar is asked, each distinct question once.
//!
//! A grant is asked about with every action and resource that it reaches and that a policy names, and with itself. What Cedar can
//! observe of the question through a policy is the key of its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use cedar_policy_core::ast::EntityUID;
use onus_model::access::{Account, Grant, Held, Holding, Notation, Subject, Word};
use onus_model::check::Effect;
use onus_model::plan::{GrantSystem, Plan};

use super::effective::each_of_grant;
use super::notation::{action_reaches, covers, reaches, resource_reaches};
use super::plain::Plain;
use super::policy::{
    AccessPolicy, Index, Kind, Numbers, Subjected, action_name, entity, push, push_set, push_text,
};

/// Cedar's word on one policy: satisfied or not, or what went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Satisfied,
    Not,
    Error(Arc<str>),
}

/// Who a subject is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    /// As a mapping calls them, or else their name in their only system.
    pub(crate) name: &'a str,
    /// Whether a mapping names them.
    pub(crate) mapped: bool,
    /// What a mapping knows of them.
    pub(crate) facts: &'a [(Arc<str>, Word)],
    /// What they can do of what matrices name, in all systems.
    pub(crate) duties: &'a BTreeSet<String>,
}

/// Somebody who is asked about, made ready.
#[derive(Clone, Debug)]
pub(crate) struct Principal<'a> {
    pub(crate) entity: Subjected,
    numbers: Numbers,
    system: &'a str,
    kind: &'a str,
    name: &'a str,
    person: Option<&'a str>,
    roles: BTreeSet<String>,
    groups: BTreeSet<&'a str>,
    duties: &'a BTreeSet<String>,
    tags: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Only of a person.
    systems: BTreeSet<&'a str>,
}

/// `system/kind:name`, as policies name a subject.
pub(crate) fn subject_id(subject: &Subject) -> String {
    format!(
        "{}/{}:{}",
        subject.system.name,
        subject.kind.name(),
        subject.name
    )
}

impl<'a> Principal<'a> {
    /// A subject with all that it has.
    pub(crate) fn subject(index: &Index, holding: &'a Holding<'a>, who: &Who<'a>) -> Option<Self> {
        let subject = &holding.subject;
        let system = subject.system.base();
        let mut above = BTreeSet::new();
        let mut roles = BTreeSet::new();
        for (name, scope) in &holding.roles {
            let name = match scope {
                Some(scope) => format!("{scope}/{name}"),
                None => (*name).to_owned(),
            };
            above.extend(entity("Onus::Role", &format!("{system}/{name}")));
            roles.insert(name);
        }
        let mut groups: BTreeSet<&str> = holding.groups.iter().map(|(g, _)| &*g.name).collect();
        // A group is what its members are in.
        if subject.kind == onus_model::access::SubjectKind::Group {
            groups.insert(&subject.name);
        }
        for group in &groups {
            above.extend(entity("Onus::Group", &format!("{system}/{group}")));
        }
        above.extend(entity("Onus::Person", who.name));
        let entity = Subjected::new(Kind::Subject, &subject_id(subject), above)?;
        Some(Self {
            numbers: index.principal(&entity),
            entity,
            system: &subject.system.name,
            kind: subject.kind.name(),
            name: &subject.name,
            person: who.mapped.then_some(who.name),
            roles,
            groups,
            duties: who.duties,
            tags: tags(holding.accounts.iter().copied(), who.facts),
            systems: BTreeSet::new(),
        })
    }

    /// Somebody under all of their names.
    pub(crate) fn person(
        index: &Index,
        holdings: &[&'a Holding<'a>],
        who: &Who<'a>,
    ) -> Option<Self> {
        let tags = tags(
            holdings.iter().flat_map(|h| h.accounts.iter().copied()),
            who.facts,
        );
        let entity = Subjected::new(Kind::Person, who.name, BTreeSet::new())?;
        Some(Self {
            numbers: index.principal(&entity),
            entity,
            system: "",
            kind: "",
            name: who.name,
            person: None,
            roles: BTreeSet::new(),
            groups: BTreeSet::new(),
            duties: who.duties,
            tags,
            systems: holdings.iter().map(|h| &*h.subject.system.name).collect(),
        })
    }

    /// As policies name who it is, without the type.
    pub(crate) fn called(&self) -> String {
        let id: &str = self.entity.uid.eid().as_ref();
        id.to_owned()
    }

    /// Whether it is a person, and not one of the names of one.
    pub(crate) fn is_person(&self) -> bool {
        self.system.is_empty()
    }

    /// What is known of it.
    pub(crate) fn tags(&self) -> &BTreeMap<&'a str, BTreeSet<&'a str>> {
        &self.tags
    }

    fn key(&self, policy: &AccessPolicy, key: &mut Vec<u8>) {
        let trie = &policy.observed.principal;
        if policy.observed.everything || trie.whole {
            push(&self.entity.uid.to_string(), key);
            for above in &self.entity.above {
                push(&above.to_string(), key);
            }
        }
        key.push(u8::from(self.is_person()));
        for (name, trie) in &trie.members {
            match name.as_str() {
                "system" => push_text(trie, Some(self.system), key),
                "kind" => push_text(trie, Some(self.kind), key),
                "name" => push_text(trie, Some(self.name), key),
                "person" => push_text(trie, self.person, key),
                "roles" => push_set(trie, self.roles.iter().map(String::as_str), key),
                "groups" => push_set(trie, self.groups.iter().copied(), key),
                "duties" => push_set(trie, self.duties.iter().map(String::as_str), key),
                "systems" => push_set(trie, self.systems.iter().copied(), key),
                _ => {}
            }
        }
        if policy.observed.everything || trie.tags {
            for (name, values) in &self.tags {
                push(name, key);
                for value in values {
                    push(value, key);
                }
                key.push(0);
            }
        }
    }

    fn entity(&self) -> Result<Entity, String> {
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let set = |values: &mut dyn Iterator<Item = &str>| {
            RestrictedExpression::new_set(values.map(text).collect::<Vec<_>>())
        };
        let mut fields = vec![
            ("name".to_owned(), text(self.name)),
            (
                "duties".to_owned(),
                set(&mut self.duties.iter().map(String::as_str)),
            ),
        ];
        if self.is_person() {
            fields.push(("systems".to_owned(), set(&mut self.systems.iter().copied())));
        } else {
            fields.push(("system".to_owned(), text(self.system)));
            fields.push(("kind".to_owned(), text(self.kind)));
            fields.extend(self.person.map(|p| ("person".to_owned(), text(p))));
            fields.push((
                "roles".to_owned(),
                set(&mut self.roles.iter().map(String::as_str)),
            ));
            fields.push(("groups".to_owned(), set(&mut self.groups.iter().copied())));
        }
        let tags: Vec<_> = self
            .tags
            .iter()
            .map(|(name, values)| ((*name).to_owned(), set(&mut values.iter().copied())))
            .collect();
        let above: Vec<EntityUid> = self
            .entity
            .above
            .iter()
            .map(|uid| EntityUid::from(uid.clone()))
            .collect();
        Entity::new_with_tags(
            EntityUid::from(self.entity.uid.clone()),
            fields,
            above,
            tags,
        )
        .map_err(|error| error.to_string())
    }
}

fn tags<'a>(
    accounts: impl Iterator<Item = &'a Account>,
    facts: &'a [(Arc<str>, Word)],
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut tags: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, word) in accounts.flat_map(|account| &account.facts).chain(facts) {
        tags.entry(name).or_default().insert(&word.text);
    }
    tags
}

/// What is granted, as a question names it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The action as Cedar names it.
    pub(crate) action: Arc<str>,
    action_number: u32,
    pub(crate) action_text: Arc<str>,
    resource: Arc<(Subjected, Numbers)>,
    pub(crate) resource_text: Arc<str>,
    system: Arc<str>,
    scope: Option<Arc<str>>,
    only: Option<Arc<str>>,
    declared: bool,
    role: Option<Arc<str>>,
    grantable: bool,
    conditions: Vec<Arc<str>>,
    denials: Vec<Arc<str>>,
    every: (bool, bool),
    /// The question is about what is granted itself, and not about something that a policy names and that it reaches.
    pub(crate) own: bool,
}

impl Asked {
    fn key(&self, policy: &AccessPolicy, key: &mut Vec<u8>) {
        let observed = &policy.observed;
        push(&self.action, key);
        if observed.everything || observed.resource.whole {
            push(&self.resource.0.uid.to_string(), key);
            for above in &self.resource.0.above {
                push(&above.to_string(), key);
            }
        }
        for (name, trie) in &observed.resource.members {
            match name.as_str() {
                "system" => push_text(trie, Some(&self.system), key),
                "name" => push_text(trie, Some(&self.resource_text), key),
                "scope" => push_text(trie, self.scope.as_deref(), key),
                "only" => push_text(trie, self.only.as_deref(), key),
                _ => {}
            }
        }
        let members = &observed.context.members;
        let whole = observed.everything || observed.context.whole;
        let seen = |name: &str| whole || members.contains_key(name);
        if seen("action") {
            push(&self.action_text, key);
        }
        if seen("role") {
            push(self.role.as_deref().unwrap_or("\0"), key);
        }
        for (name, conditions) in [("conditions", &self.conditions), ("denials", &self.denials)] {
            if seen(name) {
                for condition in conditions {
                    push(condition, key);
                }
                key.push(0);
            }
        }
        if seen("declared") || seen("grantable") || seen("everyAction") || seen("everyResource") {
            for flag in [self.declared, self.grantable, self.every.0, self.every.1] {
                key.push(u8::from(flag));
            }
        }
    }

    fn context(&self) -> Result<Context, String> {
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let flag = RestrictedExpression::new_bool;
        let set = |words: &[Arc<str>]| {
            RestrictedExpression::new_set(words.iter().map(|w| text(w)).collect::<Vec<_>>())
        };
        let mut fields = vec![
            ("action".to_owned(), text(&self.action_text)),
            ("declared".to_owned(), flag(self.declared)),
            ("grantable".to_owned(), flag(self.grantable)),
            ("conditions".to_owned(), set(&self.conditions)),
            ("denials".to_owned(), set(&self.denials)),
            ("everyAction".to_owned(), flag(self.every.0)),
            ("everyResource".to_owned(), flag(self.every.1)),
        ];
        fields.extend(self.role.iter().map(|role| ("role".to_owned(), text(role))));
        Context::from_pairs(fields).map_err(|error| error.to_string())
    }

    fn entity(&self) -> Result<Entity, String> {
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let mut fields = vec![
            ("system".to_owned(), text(&self.system)),
            ("name".to_owned(), text(&self.resource_text)),
        ];
        fields.extend(self.scope.iter().map(|s| ("scope".to_owned(), text(s))));
        fields.extend(self.only.iter().map(|o| ("only".to_owned(), text(o))));
        let above: Vec<EntityUid> = self
            .resource
            .0
            .above
            .iter()
            .map(|uid| EntityUid::from(uid.clone()))
            .collect();
        Entity::new_with_tags(
            EntityUid::from(self.resource.0.uid.clone()),
            fields,
            above,
            [],
        )
        .map_err(|error| error.to_string())
    }
}

/// A pattern of a system: the system's name first.
type InSystem = (Arc<str>, Arc<str>);

/// Actions as Cedar names them and as the system does, and whether each is the pattern itself.
type Actions = Arc<[(Arc<str>, Arc<str>, bool)]>;

/// Resources, and whether each is the pattern itself.
type Resources = Arc<[(Arc<str>, bool)]>;

/// What a grant is asked about: each action that it is or reaches, on each resource.
pub(crate) struct Asking<'p> {
    plan: &'p Plan,
    index: &'p Index,
    /// What a pattern of actions stands for, by system.
    actions: BTreeMap<InSystem, Actions>,
    resources: BTreeMap<InSystem, Resources>,
    /// The questions of what was asked about before: most grants are like others.
    known: Known,
    key: Vec<u8>,
}

/// How many grants' questions are kept.
const MOST_KNOWN: usize = 1 << 16;

#[expect(
    clippy::disallowed_types,
    reason = "a cache that is looked up and never walked: its order reaches no output"
)]
type Known = std::collections::HashMap<Box<[u8]>, Option<Arc<[Asked]>>>;

impl<'p> Asking<'p> {
    pub(crate) fn new(plan: &'p Plan, index: &'p Index) -> Self {
        Self {
            plan,
            index,
            actions: BTreeMap::new(),
            resources: BTreeMap::new(),
            known: Known::new(),
            key: Vec::new(),
        }
    }

    /// All questions about a grant, or nothing where it is taken away again. None either where no schema declares actions of its
    /// system.
    pub(crate) fn about<'h>(
        &mut self,
        holding: &'h Holding<'h>,
        grant: &'h Grant<'h>,
    ) -> Option<Arc<[Asked]>> {
        let Some(same) = grant.same.filter(|_| holding.denials.is_empty()) else {
            return self.all(holding, grant);
        };
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.extend(same.to_le_bytes());
        for text in [grant.role.map(|r| &r.text), grant.scope] {
            match text {
                None => key.push(0),
                Some(text) => {
                    key.push(1);
                    push(text, &mut key);
                }
            }
        }
        let asked = match self.known.get(key.as_slice()) {
            Some(known) => known.clone(),
            None => {
                let asked = self.all(holding, grant);
                if self.known.len() >= MOST_KNOWN {
                    self.known.clear();
                }
                self.known.insert(key.as_slice().into(), asked.clone());
                asked
            }
        };
        self.key = key;
        asked
    }

    fn all<'h>(&mut self, holding: &'h Holding<'h>, grant: &'h Grant<'h>) -> Option<Arc<[Asked]>> {
        let mut any = false;
        let mut all = Vec::new();
        each_of_grant(holding, grant, |held| {
            any = true;
            all.extend(self.questions(&held));
        });
        any.then(|| all.into())
    }

    /// All questions about one row of a grant.
    pub(crate) fn row(&mut self, held: &Held<'_>) -> Vec<Asked> {
        self.questions(held)
    }

    fn questions(&mut self, held: &Held<'_>) -> Vec<Asked> {
        let system = &held.subject.system;
        let plan = self.plan;
        let Some(declared) = plan.system(system.base()) else {
            return Vec::new();
        };
        let actions = self.actions(declared, &held.action.text);
        let resources = self.resources(declared, held.resource.map(|r| &r.text));
        let pattern = &*held.action.text;
        let every_resource = held
            .resource
            .is_none_or(|r| is_every_resource(system.notation, &r.text));
        let mut asked = Vec::with_capacity(actions.len() * resources.len());
        for (resource, own_resource) in resources.iter() {
            let scope = held.grant.scope.map(|s| &**s);
            let Some(of) = self.resource(declared, resource, scope) else {
                continue;
            };
            for (name, action, own) in actions.iter() {
                asked.push(Asked {
                    action: name.clone(),
                    action_text: action.clone(),
                    action_number: self.index.action(name),
                    resource: of.clone(),
                    resource_text: resource.clone(),
                    system: system.name.clone(),
                    scope: held.grant.scope.cloned(),
                    only: held.name.map(|n| n.text.clone()),
                    declared: pattern == "*" || !declared.system.lacks(pattern),
                    role: held.grant.role.map(|r| r.text.clone()),
                    grantable: held.grant.grantable(),
                    conditions: held.conditions.iter().map(|c| c.text.clone()).collect(),
                    denials: denials(held, action, resource),
                    every: (is_every_action(system.notation, pattern), every_resource),
                    own: *own && *own_resource,
                });
            }
        }
        // What is left out is not asked about.
        asked.retain(|asked| !left_out(held, asked));
        asked
    }

    /// A question about a cell of a matrix, whoever holds it.
    pub(crate) fn cell(
        &self,
        system: &GrantSystem,
        action: &str,
        resource: &str,
        scope: Option<&str>,
    ) -> Option<Asked> {
        let name: Arc<str> = action_name(system, action).into();
        Some(Asked {
            action_number: self.index.action(&name),
            action: name,
            action_text: action.into(),
            resource: self.resource(system, resource, scope)?,
            resource_text: resource.into(),
            system: system.system.name.clone(),
            scope: scope.map(Arc::from),
            only: None,
            declared: true,
            role: None,
            grantable: false,
            conditions: Vec::new(),
            denials: Vec::new(),
            every: (
                is_every_action(system.system.notation, action),
                is_every_resource(system.system.notation, resource),
            ),
            own: true,
        })
    }

    /// A resource, in its scope and in all patterns that policies name and that reach it.
    fn resource(
        &self,
        system: &GrantSystem,
        resource: &str,
        scope: Option<&str>,
    ) -> Option<Arc<(Subjected, Numbers)>> {
        let name = &system.system.name;
        let id = |of: &str| {
            if of.is_empty() {
                name.to_string()
            } else {
                format!("{name}/{of}")
            }
        };
        let mut above: BTreeSet<EntityUID> = scope
            .and_then(|scope| entity("Onus::Scope", &format!("{name}/{scope}")))
            .into_iter()
            .collect();
        let named = self.index.resources.get(name);
        for pattern in named.into_iter().flatten() {
            if **pattern != *resource && resource_reaches(system.system.notation, pattern, resource)
            {
                above.extend(entity("Onus::Resource", &id(pattern)));
            }
        }
        let entity = Subjected::new(Kind::Resource, &id(resource), above)?;
        let numbers = self.index.resource(&entity);
        Some(Arc::new((entity, numbers)))
    }

    fn actions(&mut self, system: &GrantSystem, pattern: &Arc<str>) -> Actions {
        let key = (system.system.name.clone(), pattern.clone());
        if let Some(known) = self.actions.get(&key) {
            return known.clone();
        }
        let notation = system.system.notation;
        let of = &system.system;
        let mut all: BTreeMap<Arc<str>, bool> = BTreeMap::new();
        let expands = notation.is_closed() && **pattern == *"*";
        if expands {
            all.extend(system.actions.iter().map(|action| (action.clone(), true)));
        } else {
            all.insert(pattern.clone(), true);
        }
        let named = self.index.actions.get(&system.namespace);
        for action in named.into_iter().flatten() {
            if action_reaches(of, pattern, action) {
                all.entry(action.clone()).or_insert(false);
            }
        }
        let known: Arc<[_]> = all
            .into_iter()
            .map(|(action, own)| (Arc::from(action_name(system, &action)), action, own))
            .collect();
        self.actions.insert(key, known.clone());
        known
    }

    fn resources(&mut self, system: &GrantSystem, pattern: Option<&Arc<str>>) -> Resources {
        let pattern = pattern.cloned().unwrap_or_else(|| "".into());
        let key = (system.system.name.clone(), pattern.clone());
        if let Some(known) = self.resources.get(&key) {
            return known.clone();
        }
        let mut all: Vec<(Arc<str>, bool)> = vec![(pattern.clone(), true)];
        let named = self.index.resources.get(&system.system.name);
        for resource in named.into_iter().flatten() {
            let reached = resource_reaches(system.system.notation, &pattern, resource);
            if *resource != pattern && reached {
                all.push((resource.clone(), false));
            }
        }
        let known: Arc<[_]> = all.into();
        self.resources.insert(key, known.clone());
        known
    }
}

/// Whether a pattern of actions is everything that its system can do.
fn is_every_action(notation: Notation, pattern: &str) -> bool {
    match notation {
        Notation::ClickHouse | Notation::PostgreSql => ["*", "ALL"].contains(&pattern),
        Notation::Aws => ["*", "*:*"].contains(&pattern),
        Notation::Kubernetes | Notation::GitHub | Notation::Table => pattern == "*",
    }
}

/// Whether a pattern of resources is everything that its system has. In Kubernetes `*` alone is that of the core group.
fn is_every_resource(notation: Notation, pattern: &str) -> bool {
    match notation {
        Notation::Kubernetes | Notation::ClickHouse => pattern == "*.*",
        Notation::PostgreSql | Notation::Aws | Notation::GitHub | Notation::Table => pattern == "*",
    }
}

/// The conditions of denials that take all of something away when they hold.
fn denials(held: &Held<'_>, action: &str, resource: &str) -> Vec<Arc<str>> {
    let resource = (!resource.is_empty()).then_some(resource);
    let name = held.name.map(|n| &*n.text);
    let whole = |denial: &&&Grant<'_>| {
        let there = denial.scope.is_none() || denial.scope == held.grant.scope;
        let reach = &denial.rule.reach;
        there
            && denial.rule.except.is_empty()
            && covers(&held.subject.system, reach, action, resource, name)
    };
    let mut words: Vec<Arc<str>> = held
        .denied
        .iter()
        .filter(whole)
        .flat_map(|denial| denial.conditions())
        .map(|condition| condition.text.clone())
        .collect();
    words.sort();
    words.dedup();
    words
}

/// Whether what a question is about is among what is left out of the grant.
fn left_out(held: &Held<'_>, asked: &Asked) -> bool {
    if asked.own {
        return false;
    }
    let system = &held.subject.system;
    let resource = (!asked.resource_text.is_empty()).then_some(&*asked.resource_text);
    let reach = &held.grant.rule.reach;
    let outside = reach
        .but_actions
        .iter()
        .any(|w| action_reaches(system, &w.text, &asked.action_text))
        || resource.is_some_and(|resource| {
            reach
                .but_resources
                .iter()
                .any(|w| resource_reaches(system.notation, &w.text, resource))
        });
    let only = asked.only.as_deref();
    let taken = |reach| reaches(system, reach, &asked.action_text, resource, only);
    outside
        || held.except.iter().any(|reach| taken(*reach))
        || held.denied.iter().any(|denial| {
            let there = denial.scope.is_none() || denial.scope == held.grant.scope;
            let spared = || denial.rule.except.iter().any(taken);
            denial.binds(held.grant) && there && taken(&denial.rule.reach) && !spared()
        })
}

/// The answers that a worker has, by policy and the key of the question.
#[expect(
    clippy::disallowed_types,
    reason = "a cache that is looked up and never walked: its order reaches no output"
)]
type Cache = std::collections::HashMap<Box<[u8]>, Outcome>;

/// A policy, parsed for one worker: syntax trees that are shared make threads wait for each other.
#[derive(Default)]
struct Ready {
    /// Empty for a policy that all workers share.
    set: PolicySet,
    cache: Cache,
}

/// Asks Cedar, and remembers.
pub(crate) struct Worker<'p> {
    index: &'p Index,
    authorizer: Authorizer,
    /// By policy, made when it is first asked.
    ready: Vec<Option<Ready>>,
    key: Vec<u8>,
    found: Vec<u32>,
    /// In tests, what asks without any of this.
    plain: Option<Plain>,
}

impl<'p> Worker<'p> {
    pub(crate) fn new(index: &'p Index) -> Self {
        Self {
            index,
            authorizer: Authorizer::new(),
            ready: index.policies.iter().map(|_| None).collect(),
            key: Vec::new(),
            found: Vec::new(),
            plain: None,
        }
    }

    /// One that asks everything of every policy. What cannot be made so says nothing.
    pub(crate) fn plainly(index: &'p Index) -> Self {
        Self {
            plain: Plain::new(index).ok(),
            ..Self::new(index)
        }
    }

    /// What the policies say that are about this, by their number.
    pub(crate) fn grant(
        &mut self,
        principal: &Principal<'_>,
        asked: &Asked,
        outcomes: &mut Vec<(u32, Outcome)>,
    ) {
        outcomes.clear();
        if let Some(plain) = &self.plain {
            outcomes.extend(plain.ask(principal, Some(asked)).unwrap_or_default());
            return;
        }
        let mut found = std::mem::take(&mut self.found);
        self.index.about(
            (&principal.entity, &principal.numbers),
            asked.action_number,
            (&asked.resource.0, &asked.resource.1),
            &mut found,
        );
        for number in &found {
            outcomes.push((*number, self.one(*number, principal, Some(asked))));
        }
        self.found = found;
    }

    /// What the policies say about somebody with all that they have.
    pub(crate) fn act(&mut self, principal: &Principal<'_>) -> Vec<(u32, Outcome)> {
        if let Some(plain) = &self.plain {
            return plain.ask(principal, None).unwrap_or_default();
        }
        let mut found = std::mem::take(&mut self.found);
        if let Some(deployment) = Subjected::new(Kind::Deployment, "default", BTreeSet::new()) {
            let act = self.index.action(r#"Onus::Action::"act""#);
            self.index.about(
                (&principal.entity, &principal.numbers),
                act,
                (&deployment, &self.index.resource(&deployment)),
                &mut found,
            );
        }
        let outcomes = found
            .iter()
            .map(|number| (*number, self.one(*number, principal, None)))
            .collect();
        self.found = found;
        outcomes
    }

    fn one(&mut self, number: u32, principal: &Principal<'_>, asked: Option<&Asked>) -> Outcome {
        let index = self.index;
        let Some(policy) = index.policies.get(number as usize) else {
            return Outcome::Not;
        };
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        if policy.scope_only.is_none() {
            principal.key(policy, &mut key);
            if let Some(asked) = asked {
                asked.key(policy, &mut key);
            }
        }
        let outcome = self.known_or_asked(number, policy, &key, principal, asked);
        self.key = key;
        outcome
    }

    fn known_or_asked(
        &mut self,
        number: u32,
        policy: &AccessPolicy,
        key: &[u8],
        principal: &Principal<'_>,
        asked: Option<&Asked>,
    ) -> Outcome {
        let Some(place) = self.ready.get_mut(number as usize) else {
            return Outcome::Not;
        };
        let authorizer = &self.authorizer;
        let ask = |set: &PolicySet| {
            ask(authorizer, set, policy, principal, asked)
                .unwrap_or_else(|error| Outcome::Error(error.into()))
        };
        if let Some(only) = &policy.scope_only {
            let answer = only.answer.get_or_init(|| ask(&only.set));
            if place.is_none() {
                *place = Some(Ready::default());
            }
            return answer.clone();
        }
        if place.is_none() {
            match parse(policy) {
                Ok(ready) => *place = Some(ready),
                Err(error) => return Outcome::Error(error.into()),
            }
        }
        let Some(ready) = place else {
            return Outcome::Not;
        };
        // What goes wrong is told with the names of who is asked about, which are not in the key.
        match ready.cache.get(key) {
            Some(known @ (Outcome::Satisfied | Outcome::Not)) => return known.clone(),
            Some(Outcome::Error(_)) | None => {}
        }
        let outcome = ask(&ready.set);
        ready.cache.insert(key.into(), outcome.clone());
        outcome
    }
}

fn parse(policy: &AccessPolicy) -> Result<Ready, String> {
    let mut text = policy.text.to_string();
    if policy.effect == Effect::Forbid {
        // A forbid says what is wrong; all else is allowed.
        text.push_str("\npermit(principal, action, resource);");
    }
    Ok(Ready {
        set: text.parse().map_err(|error| format!("{error}"))?,
        cache: Cache::new(),
    })
}

fn ask(
    authorizer: &Authorizer,
    set: &PolicySet,
    policy: &AccessPolicy,
    principal: &Principal<'_>,
    asked: Option<&Asked>,
) -> Result<Outcome, String> {
    let (request, entities) = question(principal, asked)?;
    let response = authorizer.is_authorized(&request, set, &entities);
    // Cedar skips a policy that errs: errors come before the decision.
    if let Some(error) = response.diagnostics().errors().next() {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
        return Ok(Outcome::Error(error.inner().to_string().into()));
    }
    let satisfied = match policy.effect {
        Effect::Permit => response.decision() == Decision::Allow,
        Effect::Forbid => response.decision() == Decision::Deny,
    };
    Ok(if satisfied {
        Outcome::Satisfied
    } else {
        Outcome::Not
    })
}

/// A question as Cedar is asked it.
pub(crate) fn question(
    principal: &Principal<'_>,
    asked: Option<&Asked>,
) -> Result<(Request, Entities), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let (action, resource, context, entity): (EntityUid, EntityUid, Context, Option<Entity>) =
        match asked {
            Some(asked) => (
                asked.action.parse().map_err(|e| words(&e))?,
                EntityUid::from(asked.resource.0.uid.clone()),
                asked.context()?,
                Some(asked.entity()?),
            ),
            None => (
                r#"Onus::Action::"act""#.parse().map_err(|e| words(&e))?,
                r#"Onus::Deployment::"default""#.parse().map_err(|e| words(&e))?,
                Context::empty(),
                None,
            ),
        };
    let request = Request::new(
        EntityUid::from(principal.entity.uid.clone()),
        action,
        resource,
        context,
        None,
    )
    .map_err(|e| words(&e))?;
    let entities = std::iter::once(principal.entity()?).chain(entity);
    let entities = Entities::from_entities(entities, None).map_err(|e| words(&e))?;
    Ok((request, entities))
}

/// How many distinct questions were asked: two workers may have asked the same.
pub(crate) fn questions(workers: Vec<Mutex<Worker<'_>>>) -> u64 {
    let mut distinct: BTreeSet<(usize, Box<[u8]>)> = BTreeSet::new();
    for worker in workers {
        let Ok(worker) = worker.into_inner() else {
            continue;
        };
        for (index, ready) in worker.ready.into_iter().enumerate() {
            let Some(ready) = ready else { continue };
            if ready.cache.is_empty() {
                distinct.insert((index, Box::default()));
            }
            #[expect(clippy::iter_over_hash_type, reason = "into an ordered set")]
            for (key, _) in ready.cache {
                distinct.insert((index, key));
            }
        }
    }
    distinct.len() as u64
}
