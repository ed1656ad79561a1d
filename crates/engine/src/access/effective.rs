//! Effective access: what all bindings come to, and who may do something, from the files alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use onus_model::access::{
    Access, Account, Answer, At, Binding, Effect, Effective, Given, Grant, Held, Holder, Holding,
    Membership, Notation, Open, Reach, Request, Role, Rule, Selector, Subject, SubjectKind, System,
    Word,
};

use super::notation::{action_reaches, covers, is_whole, meets, reaches, resource_reaches};
use super::policy::push;

/// The name of a role, with the scope that it is of.
type RoleKey<'a> = (&'a System, &'a str, Option<&'a str>);

/// A group that somebody is in, and the lines that lead there.
type Above<'a> = (&'a Subject, Vec<At>);

/// A rule of a role, with the lines that lead to it, and its number among those that say the same.
type Ruled<'a> = (Arc<[At]>, &'a Rule, Option<u32>);

/// What a role gives: its rules, and the lines that lead to each.
type Gives<'a> = Vec<(Vec<At>, &'a Rule)>;

/// Roles that every system of a kind has, that stand in no file, and that no reader knows. They are to be among the roles that are read.
#[must_use]
pub fn known_roles() -> Vec<Role> {
    let word = |text: &str| Word::new(text, At::NOWHERE);
    vec![Role {
        system: System::new("kubernetes", Notation::Kubernetes),
        name: word("cluster-admin"),
        scope: None,
        rules: vec![Rule {
            effect: Effect::Allow,
            reach: Reach {
                actions: vec![word("*")],
                resources: vec![word("*.*"), word("/*")],
                ..Reach::default()
            },
            except: Vec::new(),
            conditions: Vec::new(),
            grantable: false,
            at: At::NOWHERE,
        }],
        labels: Vec::new(),
        aggregates: Vec::new(),
    }]
}

/// What all bindings come to.
#[must_use]
pub fn effective(access: &Access) -> Effective<'_> {
    Expansion::new(access).all()
}

/// What each role of a system gives to whoever has it, as if it were somebody.
#[must_use]
pub fn of_roles<'a>(access: &'a Access, system: &str) -> Vec<Holding<'a>> {
    let expansion = Expansion::new(access);
    let mut names: BTreeMap<Subject, &'a Role> = BTreeMap::new();
    for role in access.roles.iter().filter(|r| r.system.base() == system) {
        names.entry(as_subject(role)).or_insert(role);
    }
    names
        .into_iter()
        .map(|(subject, role)| {
            let mut holding = empty(subject);
            let key = key_of(role);
            expansion.roles_of(key, &mut holding.roles);
            let at = role.name.at;
            for (steps, rule) in expansion.gives(key) {
                let grant = Grant {
                    rule,
                    scope: role.scope.as_ref(),
                    role: Some(&role.name),
                    system: &role.system,
                    binding: None,
                    at,
                    steps: steps.into(),
                    same: None,
                };
                keep(&mut holding, grant);
            }
            holding
        })
        .collect()
}

fn empty<'a>(subject: Subject) -> Holding<'a> {
    Holding {
        groups: implicit_groups(&subject)
            .into_iter()
            .map(|group| (group, None))
            .collect(),
        subject,
        roles: BTreeSet::new(),
        grants: Vec::new(),
        denials: Vec::new(),
        accounts: Vec::new(),
    }
}

fn keep<'a>(holding: &mut Holding<'a>, grant: Grant<'a>) {
    match grant.rule.effect {
        Effect::Allow => holding.grants.push(grant),
        Effect::Deny => holding.denials.push(grant),
    }
}

fn key_of(role: &Role) -> RoleKey<'_> {
    (&role.system, &role.name.text, role.scope.as_deref())
}

/// A role as whoever has it.
fn as_subject(role: &Role) -> Subject {
    Subject {
        system: role.system.clone(),
        kind: SubjectKind::Role,
        name: match &role.scope {
            Some(scope) => format!("{scope}/{}", role.name.text).into(),
            None => role.name.text.clone(),
        },
    }
}

struct Expansion<'a> {
    access: &'a Access,
    /// Several of one name where files disagree: then all of them count.
    roles: BTreeMap<RoleKey<'a>, Vec<&'a Role>>,
    /// What whoever has a role is given, by the role as a subject.
    of_roles: BTreeMap<&'a Subject, Vec<(&'a Binding, &'a Holder)>>,
    nothing: Arc<[At]>,
}

impl<'a> Expansion<'a> {
    fn new(access: &'a Access) -> Self {
        let mut roles: BTreeMap<RoleKey<'a>, Vec<&'a Role>> = BTreeMap::new();
        for role in &access.roles {
            roles.entry(key_of(role)).or_default().push(role);
        }
        let mut of_roles: BTreeMap<&Subject, Vec<(&Binding, &Holder)>> = BTreeMap::new();
        for binding in &access.bindings {
            for holder in &binding.holders {
                if holder.subject.kind == SubjectKind::Role {
                    of_roles
                        .entry(&holder.subject)
                        .or_default()
                        .push((binding, holder));
                }
            }
        }
        Self {
            access,
            roles,
            of_roles,
            nothing: Arc::new([]),
        }
    }

    fn all(&self) -> Effective<'a> {
        let mut holdings = Holdings::default();
        let mut open: Vec<Open> = Vec::new();
        // Roles are looked into once, however many have them.
        let mut known: BTreeMap<RoleKey<'a>, Option<RoleGives<'a>>> = BTreeMap::new();
        let mut alike = Alike::default();
        let mut numbers: Vec<Option<u32>> = Vec::new();
        for binding in &self.access.bindings {
            let given = match &binding.given {
                Given::Rules(_) => None,
                Given::Role { name, scope } => {
                    let key: RoleKey<'a> = (&binding.system, &name.text, scope.as_deref());
                    let found = known.entry(key).or_insert_with(|| {
                        self.roles.contains_key(&key).then(|| {
                            let mut roles = BTreeSet::new();
                            self.roles_of(key, &mut roles);
                            let rules = self
                                .gives(key)
                                .into_iter()
                                .map(|(steps, rule)| {
                                    let same = alike.number(&binding.system, rule);
                                    (Arc::from(steps), rule, same)
                                })
                                .collect();
                            RoleGives { roles, rules }
                        })
                    });
                    Some((name, found.as_ref()))
                }
            };
            numbers.clear();
            if let Given::Rules(rules) = &binding.given {
                let of = |rule| alike.number(&binding.system, rule);
                numbers.extend(rules.iter().map(of));
            }
            // What the binding adds to a rule makes it unlike others that say the same.
            let plain = binding.conditions.is_empty() && !binding.grantable;
            for holder in &binding.holders {
                let subject = &holder.subject;
                // What a role has reaches people through those who have the role; a policy whose holders stand in no file speaks for itself.
                if subject.kind == SubjectKind::Role && !speaks_for_itself(binding, subject) {
                    continue;
                }
                let holding = holdings.of(subject);
                let grant = |rule, role, steps: &Arc<[At]>, same: Option<u32>| Grant {
                    rule,
                    scope: binding.scope.as_ref(),
                    role,
                    system: &binding.system,
                    binding: Some(binding),
                    at: holder.at,
                    steps: steps.clone(),
                    same: same.filter(|_| plain),
                };
                match (&binding.given, &given) {
                    (Given::Rules(rules), _) => {
                        for (rule, same) in rules.iter().zip(&numbers) {
                            keep(holding, grant(rule, None, &self.nothing, *same));
                        }
                    }
                    (_, Some((name, Some(role)))) => {
                        holding.roles.extend(role.roles.iter().copied());
                        for (steps, rule, same) in &role.rules {
                            keep(holding, grant(rule, Some(*name), steps, *same));
                        }
                    }
                    (_, Some((name, None))) => open.push(Open {
                        subject: subject.clone(),
                        scope: binding.scope.clone(),
                        role: name.text.clone(),
                        at: name.at,
                    }),
                    (Given::Role { .. }, None) => {}
                }
            }
        }
        // A role that is not there, given to a role: whoever has the latter has what is not known.
        open.extend(self.open_through_roles());
        for account in &self.access.accounts {
            if account.subject.kind != SubjectKind::Role {
                holdings.of(&account.subject);
            }
        }
        self.groups(&mut holdings, &mut open);
        let mut accounts: BTreeMap<&Subject, Vec<&'a Account>> = BTreeMap::new();
        for account in &self.access.accounts {
            accounts.entry(&account.subject).or_default().push(account);
        }
        let mut holdings = holdings.all;
        holdings.sort_by(|a, b| a.subject.cmp(&b.subject));
        let holdings = holdings
            .into_iter()
            .map(|mut holding| {
                holding.grants.shrink_to_fit();
                sort(&mut holding.grants);
                sort(&mut holding.denials);
                holding.accounts = accounts.remove(&holding.subject).unwrap_or_default();
                holding
            })
            .collect();
        open.sort();
        open.dedup();
        Effective { holdings, open }
    }

    /// Bindings of roles to roles where the former are in no file, told for all who have the latter.
    fn open_through_roles(&self) -> Vec<Open> {
        let missing: Vec<(&Subject, &'a Word)> = self
            .of_roles
            .iter()
            .flat_map(|(subject, given)| given.iter().map(move |(binding, _)| (*subject, *binding)))
            .filter(|(subject, binding)| !speaks_for_itself(binding, subject))
            .filter_map(|(subject, binding)| match &binding.given {
                Given::Role { name, scope } => {
                    let key: RoleKey<'_> = (&binding.system, &name.text, scope.as_deref());
                    (!self.roles.contains_key(&key)).then_some((subject, name))
                }
                Given::Rules(_) => None,
            })
            .collect();
        if missing.is_empty() {
            return Vec::new();
        }
        let mut open = Vec::new();
        for binding in &self.access.bindings {
            let Given::Role { name, scope } = &binding.given else {
                continue;
            };
            let mut roles = BTreeSet::new();
            self.roles_of((&binding.system, &name.text, scope.as_deref()), &mut roles);
            for (subject, role) in &missing {
                let has = subject.system == binding.system
                    && roles.iter().any(|(name, scope)| match scope {
                        Some(scope) => *subject.name == *format!("{scope}/{name}"),
                        None => *subject.name == **name,
                    });
                if !has {
                    continue;
                }
                let people = binding
                    .holders
                    .iter()
                    .filter(|h| h.subject.kind != SubjectKind::Role);
                open.extend(people.map(|holder| Open {
                    subject: holder.subject.clone(),
                    scope: binding.scope.clone(),
                    role: role.text.clone(),
                    at: role.at,
                }));
            }
        }
        open
    }

    /// Members have what their groups have.
    fn groups(&self, holdings: &mut Holdings<'a>, open: &mut Vec<Open>) {
        let mut above: BTreeMap<&Subject, Vec<&'a Membership>> = BTreeMap::new();
        for membership in &self.access.memberships {
            above
                .entry(&membership.member)
                .or_default()
                .push(membership);
        }
        let members: Vec<&'a Subject> = above
            .values()
            .filter_map(|list| list.first().map(|m| &m.member))
            .collect();
        // Taken before anybody is given anything: a group in a group is reached by walking up.
        let mut gained: Vec<(&'a Subject, Vec<Above<'a>>)> = Vec::new();
        for member in members {
            let mut found: Vec<Above<'a>> = Vec::new();
            let mut seen: BTreeSet<&Subject> = BTreeSet::from([member]);
            let mut queue: VecDeque<Above<'a>> = VecDeque::from([(member, Vec::new())]);
            while let Some((subject, path)) = queue.pop_front() {
                for membership in above.get(subject).into_iter().flatten() {
                    if seen.insert(&membership.group) {
                        let mut path = path.clone();
                        path.push(membership.at);
                        found.push((&membership.group, path.clone()));
                        queue.push_back((&membership.group, path));
                    }
                }
            }
            gained.push((member, found));
        }
        let mut additions: Vec<(&'a Subject, Holding<'a>)> = Vec::new();
        for (member, groups) in gained {
            let mut holding = empty(member.clone());
            for (group, path) in groups {
                holding.groups.push((group.clone(), path.last().copied()));
                let first = path.first().copied().unwrap_or(At::NOWHERE);
                if let Some(of_group) = holdings.get(group) {
                    holding.roles.extend(of_group.roles.iter().copied());
                    for grant in of_group.grants.iter().chain(&of_group.denials) {
                        let mut steps: Vec<At> = path.iter().skip(1).copied().collect();
                        steps.push(grant.at);
                        steps.extend(grant.role.map(|role| role.at));
                        steps.extend(grant.steps.iter().copied());
                        let grant = Grant {
                            at: first,
                            steps: steps.into(),
                            ..grant.clone()
                        };
                        keep(&mut holding, grant);
                    }
                }
                let inherited: Vec<Open> = open
                    .iter()
                    .filter(|o| o.subject == *group)
                    .map(|o| Open {
                        subject: member.clone(),
                        ..o.clone()
                    })
                    .collect();
                open.extend(inherited);
            }
            additions.push((member, holding));
        }
        for (member, addition) in additions {
            let holding = holdings.of(member);
            let new: Vec<_> = addition
                .groups
                .into_iter()
                .filter(|(_, at)| at.is_some())
                .collect();
            holding.groups.extend(new);
            holding.roles.extend(addition.roles);
            holding.grants.extend(addition.grants);
            holding.denials.extend(addition.denials);
        }
    }

    /// What a role gives: its own rules, or where it aggregates those of all that it chooses, and those of the roles that it has.
    fn gives(&self, key: RoleKey<'a>) -> Gives<'a> {
        let mut rules = Vec::new();
        let mut seen = BTreeSet::from([key]);
        let mut queue: VecDeque<(RoleKey<'a>, Vec<At>)> = VecDeque::from([(key, Vec::new())]);
        while let Some((key, steps)) = queue.pop_front() {
            for role in self.roles.get(&key).into_iter().flatten() {
                if role.aggregates.is_empty() {
                    rules.extend(role.rules.iter().map(|rule| (steps.clone(), rule)));
                    continue;
                }
                for other in self.chosen(role) {
                    if seen.insert(key_of(other)) {
                        let mut steps = steps.clone();
                        steps.push(other.name.at);
                        queue.push_back((key_of(other), steps));
                    }
                }
            }
            for (binding, holder) in self.bound_to(key) {
                let mut steps = steps.clone();
                steps.push(holder.at);
                match &binding.given {
                    Given::Rules(own) => {
                        rules.extend(own.iter().map(|rule| (steps.clone(), rule)));
                    }
                    Given::Role { name, scope } => {
                        let key: RoleKey<'a> = (&binding.system, &name.text, scope.as_deref());
                        if seen.insert(key) {
                            steps.push(name.at);
                            queue.push_back((key, steps));
                        }
                    }
                }
            }
        }
        rules
    }

    /// The roles that a role has, itself among them.
    fn roles_of(&self, key: RoleKey<'a>, found: &mut BTreeSet<(&'a str, Option<&'a str>)>) {
        let mut queue = vec![key];
        while let Some(key) = queue.pop() {
            if !found.insert((key.1, key.2)) {
                continue;
            }
            for (binding, _) in self.bound_to(key) {
                if let Given::Role { name, scope } = &binding.given {
                    queue.push((&binding.system, &name.text, scope.as_deref()));
                }
            }
        }
    }

    /// What whoever has a role is given besides.
    fn bound_to(&self, key: RoleKey<'a>) -> Vec<(&'a Binding, &'a Holder)> {
        if self.of_roles.is_empty() {
            return Vec::new();
        }
        let name: Arc<str> = match key.2 {
            Some(scope) => format!("{scope}/{}", key.1).into(),
            None => key.1.into(),
        };
        let subject = Subject {
            system: Arc::new(key.0.clone()),
            kind: SubjectKind::Role,
            name,
        };
        let given = self.of_roles.get(&subject).cloned().unwrap_or_default();
        given
            .into_iter()
            .filter(|(binding, holder)| !speaks_for_itself(binding, &holder.subject))
            .collect()
    }

    fn chosen(&self, role: &'a Role) -> impl Iterator<Item = &'a Role> {
        self.access.roles.iter().filter(move |other| {
            other.scope.is_none()
                && other.system == role.system
                && other.name.text != role.name.text
                && role.aggregates.iter().any(|s| chooses(s, other))
        })
    }
}

/// What everybody has, while it is gathered.
#[derive(Default)]
struct Holdings<'a> {
    all: Vec<Holding<'a>>,
    #[expect(
        clippy::disallowed_types,
        reason = "subjects are looked up and never walked: their order reaches no output"
    )]
    places: std::collections::HashMap<&'a Subject, usize>,
}

impl<'a> Holdings<'a> {
    /// What a subject has, empty at first.
    fn of(&mut self, subject: &'a Subject) -> &mut Holding<'a> {
        let next = self.all.len();
        let place = *self.places.entry(subject).or_insert(next);
        if place == next {
            self.all.push(empty(subject.clone()));
        }
        #[expect(clippy::indexing_slicing, reason = "a place is that of a holding")]
        &mut self.all[place]
    }

    fn get(&self, subject: &Subject) -> Option<&Holding<'a>> {
        self.all.get(*self.places.get(subject)?)
    }
}

struct RoleGives<'a> {
    roles: BTreeSet<(&'a str, Option<&'a str>)>,
    rules: Vec<Ruled<'a>>,
}

/// Numbers for what rules say.
#[derive(Default)]
struct Alike {
    #[expect(
        clippy::disallowed_types,
        reason = "numbers are looked up and never walked: their order reaches no output"
    )]
    known: std::collections::HashMap<Box<[u8]>, u32>,
    key: Vec<u8>,
}

impl Alike {
    /// The number of what a rule says; none where it has exceptions or conditions, which are told apart by their places.
    fn number(&mut self, system: &System, rule: &Rule) -> Option<u32> {
        if !rule.except.is_empty() || !rule.conditions.is_empty() {
            return None;
        }
        let reach = &rule.reach;
        self.key.clear();
        push(&system.name, &mut self.key);
        self.key.push(u8::from(rule.effect == Effect::Deny));
        self.key.push(u8::from(rule.grantable));
        for words in [
            &reach.actions,
            &reach.but_actions,
            &reach.resources,
            &reach.but_resources,
            &reach.names,
        ] {
            let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
            self.key.extend(count.to_le_bytes());
            for word in words {
                push(&word.text, &mut self.key);
            }
        }
        if let Some(known) = self.known.get(self.key.as_slice()) {
            return Some(*known);
        }
        let next = u32::try_from(self.known.len()).ok()?;
        self.known.insert(self.key.as_slice().into(), next);
        Some(next)
    }
}

/// A policy is bound to whoever is given it, since nobody who is stands in a file.
fn speaks_for_itself(binding: &Binding, subject: &Subject) -> bool {
    subject.kind == SubjectKind::Role
        && matches!(&binding.given, Given::Role { name, .. } if name.text == subject.name)
}

fn sort(grants: &mut [Grant<'_>]) {
    grants.sort_by(|a, b| {
        a.scope
            .cmp(&b.scope)
            .then_with(|| a.role_name().cmp(b.role_name()))
            .then_with(|| a.chain().cmp(b.chain()))
    });
}

fn chooses(selector: &Selector, role: &Role) -> bool {
    let value = |key: &str| {
        let mut labels = role.labels.iter();
        labels.find(|(k, _)| k == key).map(|(_, v)| v)
    };
    let labels = selector
        .labels
        .iter()
        .all(|(key, wanted)| value(key) == Some(wanted));
    let expressions = selector.expressions.iter().all(|e| {
        let found = value(&e.key);
        match e.operator.as_str() {
            "In" => found.is_some_and(|v| e.values.contains(v)),
            "NotIn" => found.is_none_or(|v| !e.values.contains(v)),
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => false,
        }
    });
    labels && expressions
}

/// The groups that a subject is in without anybody having put it there.
#[must_use]
pub fn implicit_groups(subject: &Subject) -> Vec<Subject> {
    let names: Vec<String> = match (subject.system.notation, subject.kind) {
        (Notation::Kubernetes, SubjectKind::User) if &*subject.name == "system:anonymous" => {
            vec!["system:unauthenticated".to_owned()]
        }
        (Notation::Kubernetes, SubjectKind::User) => vec!["system:authenticated".to_owned()],
        (Notation::Kubernetes, SubjectKind::Workload) => {
            let namespace = subject.name.split('/').next().unwrap_or_default();
            vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".to_owned(),
            ]
        }
        (Notation::PostgreSql, SubjectKind::User | SubjectKind::Role) => vec!["PUBLIC".to_owned()],
        (Notation::Aws, SubjectKind::User | SubjectKind::Workload) => vec!["*".to_owned()],
        _ => Vec::new(),
    };
    names
        .into_iter()
        .map(|name| Subject {
            system: subject.system.clone(),
            kind: SubjectKind::Group,
            name: name.into(),
        })
        .collect()
}

/// Each action on each resource that a subject holds, in the order of its grants. What is denied wholly is not held.
#[must_use]
pub fn held<'a>(holding: &'a Holding<'a>) -> Vec<Held<'a>> {
    let grants = holding.grants.iter();
    grants.flat_map(|grant| of_grant(holding, grant)).collect()
}

/// The same, of one grant.
#[must_use]
pub fn of_grant<'a>(holding: &'a Holding<'a>, grant: &'a Grant<'a>) -> Vec<Held<'a>> {
    let mut all = Vec::new();
    each_of_grant(holding, grant, |held| all.push(held));
    all
}

/// Does something with each action on each resource of a grant.
pub(crate) fn each_of_grant<'a>(
    holding: &'a Holding<'a>,
    grant: &'a Grant<'a>,
    mut each: impl FnMut(Held<'a>),
) {
    let reach = &grant.rule.reach;
    // Nothing where there are none, and each of them otherwise.
    let or_none = |words: &'a [Word]| {
        let none = words.is_empty().then_some(None);
        none.into_iter().chain(words.iter().map(Some))
    };
    for action in &reach.actions {
        for resource in or_none(&reach.resources) {
            if !there(grant, resource.map(|r| &*r.text)) {
                continue;
            }
            for name in or_none(&reach.names) {
                let held = Held {
                    subject: &holding.subject,
                    grant,
                    action,
                    resource,
                    name,
                    except: Vec::new(),
                    conditions: own_conditions(grant),
                    denied: Vec::new(),
                };
                if let Some(held) = without_denials(holding, held) {
                    each(held);
                }
            }
        }
    }
}

/// Paths are of the whole cluster: a binding in a namespace gives none.
fn there(grant: &Grant<'_>, resource: Option<&str>) -> bool {
    grant.scope.is_none()
        || grant.system.notation != Notation::Kubernetes
        || !resource.is_some_and(|r| r.starts_with('/'))
}

/// The conditions of a grant, each once.
fn own_conditions<'a>(grant: &'a Grant<'a>) -> Vec<&'a Word> {
    let mut conditions = Vec::new();
    conditioned(&mut conditions, grant.conditions());
    conditions
}

/// Adds conditions that are not there.
fn conditioned<'a>(conditions: &mut Vec<&'a Word>, more: impl Iterator<Item = &'a Word>) {
    for condition in more {
        if !conditions.iter().any(|c| c.text == condition.text) {
            conditions.push(condition);
        }
    }
}

fn without_denials<'a>(holding: &'a Holding<'a>, mut held: Held<'a>) -> Option<Held<'a>> {
    let system = &holding.subject.system;
    let (action, resource) = (&*held.action.text, held.resource.map(|r| &*r.text));
    let name = held.name.map(|n| &*n.text);
    for reach in &held.grant.rule.except {
        if covers(system, reach, action, resource, name) {
            return None;
        }
        if meets(system, reach, action, resource, name) {
            held.except.push(reach);
        }
    }
    for denial in &holding.denials {
        let reach = &denial.rule.reach;
        let everywhere = denial.scope.is_none() || denial.scope == held.grant.scope;
        let partly = everywhere || held.grant.scope.is_none();
        if !partly || !meets(system, reach, action, resource, name) {
            continue;
        }
        let whole = everywhere
            && denial.rule.except.is_empty()
            && covers(system, reach, action, resource, name);
        if whole && denial.binds(held.grant) {
            return None;
        }
        held.denied.push(denial);
    }
    Some(held)
}

/// Whether a subject may do something, by what it is given itself or through groups that it is put into. Those that everybody of
/// its kind is in are subjects of their own.
#[must_use]
pub fn may<'a>(holding: &'a Holding<'a>, request: &Request) -> Answer<'a> {
    let mut best = Answer::No;
    for grant in &holding.grants {
        match may_by(holding, grant, request) {
            Answer::Yes => return Answer::Yes,
            doubt @ Answer::If(_) if best == Answer::No => best = doubt,
            Answer::If(_) | Answer::No => {}
        }
    }
    best
}

/// The same, by one of its grants alone.
#[must_use]
pub fn may_by<'a>(holding: &'a Holding<'a>, grant: &'a Grant<'a>, request: &Request) -> Answer<'a> {
    if !allows(grant, request) {
        return Answer::No;
    }
    let mut conditions = own_conditions(grant);
    for denial in holding.denials.iter().filter(|d| allows(d, request)) {
        if denial.binds(grant) {
            return Answer::No;
        }
        conditioned(&mut conditions, denial.conditions());
    }
    if conditions.is_empty() {
        Answer::Yes
    } else {
        Answer::If(conditions)
    }
}

/// Of one grant, the row that reaches what is asked for, with what is to be said of that alone.
#[must_use]
pub fn reaching<'a>(
    holding: &'a Holding<'a>,
    grant: &'a Grant<'a>,
    request: &Request,
) -> Option<Held<'a>> {
    let mut rows = of_grant(holding, grant).into_iter();
    let mut row = rows.find(|row| {
        let action = action_reaches(grant.system, &row.action.text, &request.action);
        let resource = match row.resource {
            None => request.resource.is_empty(),
            Some(held) if request.resource.is_empty() => {
                is_whole(grant.system.notation, &held.text)
            }
            Some(held) => resource_reaches(grant.system.notation, &held.text, &request.resource),
        };
        let name = row
            .name
            .is_none_or(|n| Some(&*n.text) == request.name.as_deref());
        action && resource && name
    })?;
    row.except.clear();
    row.denied.retain(|denial| allows(denial, request));
    Some(row)
}

/// Whether a grant reaches what is asked for, whatever is denied and whatever conditions say.
#[must_use]
pub fn allows(grant: &Grant<'_>, request: &Request) -> bool {
    let system = grant.system;
    let resource = (!request.resource.is_empty()).then_some(request.resource.as_str());
    let name = request.name.as_deref();
    let scope = grant.scope.is_none() || grant.scope.map(|s| &**s) == request.scope.as_deref();
    let rule = grant.rule;
    scope
        && there(grant, resource)
        && reaches(system, &rule.reach, &request.action, resource, name)
        && !rule
            .except
            .iter()
            .any(|reach| reaches(system, reach, &request.action, resource, name))
}
