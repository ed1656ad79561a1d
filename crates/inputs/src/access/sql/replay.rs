//! What scripts leave behind that run one after another: accounts, roles, grants, and what limits them.

use std::collections::BTreeMap;
use std::sync::Arc;

use onus_model::access::{
    Access, Account, At, Binding, Effect, Given, Holder, Limit, Names, Notation, Reach, Role, Rule,
    Subject, SubjectKind, System, Word,
};
use onus_model::privileges::canonical;
use onus_model::problem::Problem;
use onus_model::source::{Span, Text};

use super::held::{Area, Doubt, Held, Holdings};
use super::statement::{
    Audience, Choice, Does, Element, Fact, Grant, How, Limiting, Meant, Name, Noun, Operation,
    Setup, Statement, Target, Verb,
};

/// The statements of one file, as [`super::parse`] reads them.
#[derive(Clone, Debug)]
pub struct Script {
    /// The number of the file, for [`At`].
    pub file: u32,
    /// Its text.
    pub text: Text,
    /// Its statements.
    pub statements: Vec<Statement>,
}

/// The role that stands for whatever the one who runs a statement has. It is in no file, and so never known.
pub const CURRENT_GRANTS: &str = "CURRENT GRANTS";

/// How much one statement may change, and how much all may: lists are multiplied with lists, and would fill the memory.
const MOST: usize = 50_000;
const MOST_OF_ALL: usize = 5_000_000;

/// What the scripts of one system leave behind, in their order, with a warning where that cannot be told from them.
///
/// The system's notation says whose rules hold. [`Access::files`] is left to whoever knows the files.
#[must_use]
pub fn replay(
    system: &Arc<System>,
    scripts: impl IntoIterator<Item = Script>,
) -> (Access, Vec<Problem>) {
    let mut state = State {
        system: system.clone(),
        notation: system.notation,
        parties: BTreeMap::new(),
        limits: BTreeMap::new(),
        changed: 0,
        problems: Vec::new(),
        names: Names::default(),
    };
    for script in scripts {
        for statement in &script.statements {
            state.apply(&script, statement);
        }
    }
    state.finish()
}

/// Whom a name means.
type Key = (Meant, String);

/// A user, a role, or both: in PostgreSQL they are one.
#[derive(Clone, Debug, Default)]
struct Party {
    /// Where it is named first.
    named: Option<At>,
    /// As what it was created, and where.
    declared: Option<(Noun, At)>,
    /// Whether it may log in, where that was said.
    login: Option<bool>,
    /// Whether it was given to somebody.
    granted: bool,
    facts: Vec<(&'static str, String, At)>,
    held: Holdings,
    roles: Vec<GivenRole>,
}

/// A role that somebody is given.
#[derive(Clone, Debug)]
struct GivenRole {
    role: Key,
    at: At,
    holder: At,
    admin: bool,
    inherit: bool,
    set: bool,
}

impl GivenRole {
    /// Whether it stands for privileges that are not known, and not for a role.
    fn is_current_grants(&self) -> bool {
        self.role.0 == Meant::Current && self.role.1 == CURRENT_GRANTS
    }
}

/// What it is, its name, and the resource that it is on.
type LimitKey = (Noun, String, String);

struct Limited {
    name_at: At,
    target: Option<(Target, At)>,
    clauses: Vec<(String, Arc<str>)>,
    all: bool,
    names: Vec<(Key, At)>,
    except: Vec<(Key, At)>,
    at: At,
}

struct State {
    system: Arc<System>,
    notation: Notation,
    parties: BTreeMap<Key, Party>,
    limits: BTreeMap<LimitKey, Limited>,
    /// How much was changed so far.
    changed: usize,
    problems: Vec<Problem>,
    names: Names,
}

fn at(script: &Script, span: Span) -> At {
    At {
        file: script.file,
        span,
    }
}

fn key(name: &Name) -> Key {
    (name.meant, name.text.clone())
}

impl State {
    fn clickhouse(&self) -> bool {
        self.notation == Notation::ClickHouse
    }

    fn party(&mut self, key: &Key, named: At) -> &mut Party {
        let party = self.parties.entry(key.clone()).or_default();
        party.named.get_or_insert(named);
        party
    }

    fn warn(&mut self, script: &Script, span: Span, message: String, help: &str) {
        self.problems.push(
            Problem::warning(message)
                .at(&script.text, span, "")
                .help(help),
        );
    }

    fn apply(&mut self, script: &Script, statement: &Statement) {
        let weight = self.weight(&statement.does);
        let changed = self.changed.saturating_add(weight);
        if weight > MOST || changed > MOST_OF_ALL {
            let start = statement.span.start as usize;
            let raw = script.text.text.get(start..).unwrap_or_default();
            let word = raw.split_whitespace().next().unwrap_or_default();
            self.warn(
                script,
                Span::new(start, start + word.len()),
                "this statement changes too much at once, and is left out".to_owned(),
                "give the privileges to a role, and the role to those who need it",
            );
            return;
        }
        self.changed = changed;
        match &statement.does {
            Does::Grant(grant) => self.grant(script, grant),
            Does::Setup(setup) => {
                for name in &setup.names {
                    self.set_up(script, setup, name);
                }
            }
            Does::Drop(dropped) => {
                for (name, target) in &dropped.names {
                    match dropped.noun {
                        Noun::User | Noun::Role => self.drop(&key(name)),
                        noun => self.drop_limits(noun, &name.text, target.as_ref()),
                    }
                }
            }
            Does::DefaultRole { roles, users } => {
                for user in users {
                    let facts = default_roles(script, roles);
                    let party = self.party(&key(user), at(script, user.span));
                    replace(party, "default-role", facts);
                }
            }
            Does::Limit(limit) => self.limit(script, statement.span, limit),
            Does::Members {
                group,
                leave,
                members,
            } => {
                for member in members {
                    if *leave {
                        let party = self.party(&key(member), at(script, member.span));
                        party.roles.retain(|given| given.role != key(group));
                    } else {
                        self.give_role(script, (&key(member), at(script, member.span)), group, &[]);
                    }
                }
            }
            Does::DropOwned(names) => {
                for name in names {
                    self.party(&key(name), at(script, name.span)).held.clear();
                }
            }
            Does::Nothing => {}
        }
    }

    /// How much a statement changes at most.
    fn weight(&self, does: &Does) -> usize {
        let count = |to: &Audience| {
            let all = to.all.map_or(0, |_| self.parties.len());
            1 + to.names.len() + to.except.len() + all
        };
        match does {
            Does::Grant(grant) => {
                let words = |e: &Element| -> usize {
                    e.privileges.iter().map(|p| p.columns.len().max(1)).sum()
                };
                let elements = grant.elements.iter();
                let rules: usize = elements.map(|e| words(e) * e.targets.len()).sum();
                let makers = grant.defaults.as_ref().map_or(0, Vec::len).max(1);
                let each = rules.saturating_mul(makers) + count(&grant.roles);
                each.saturating_mul(count(&grant.to))
            }
            Does::Setup(setup) => {
                let facts = setup.facts.iter().map(|fact| match fact {
                    Fact::DefaultRole(roles) => count(roles),
                    Fact::Hosts(_, names) | Fact::InRoles(names) | Fact::Members(names, _) => {
                        names.len()
                    }
                    _ => 1,
                });
                setup.names.len().saturating_mul(1 + facts.sum::<usize>())
            }
            Does::Limit(limit) => {
                let to = limit.to.as_ref().map_or(1, count);
                limit.names.len().saturating_mul(to + limit.clauses.len())
            }
            Does::DefaultRole { roles, users } => users.len().saturating_mul(count(roles)),
            Does::Drop(dropped) => dropped.names.len(),
            Does::Members { members, .. } | Does::DropOwned(members) => members.len(),
            Does::Nothing => 0,
        }
    }

    /// Those whom a statement names. From all means from all who are known.
    fn audience(&mut self, script: &Script, to: &Audience, operation: Operation) -> Vec<(Key, At)> {
        let named = |names: &[Name]| -> Vec<(Key, At)> {
            names.iter().map(|n| (key(n), at(script, n.span))).collect()
        };
        let mut found = named(&to.names);
        let Some(all) = to.all else {
            return found;
        };
        let all = at(script, all);
        if operation == Operation::Grant {
            if let Some(except) = to.except.first() {
                self.warn(
                    script,
                    except.span,
                    "a grant to `ALL EXCEPT` some is told as one to all".to_owned(),
                    "name those who are meant",
                );
            }
            found.push(((Meant::Public, "ALL".to_owned()), all));
            return found;
        }
        let except = named(&to.except);
        found.extend(
            self.parties
                .keys()
                .filter(|known| !except.iter().any(|(key, _)| key == *known))
                .map(|known| (known.clone(), all)),
        );
        found
    }

    fn grant(&mut self, script: &Script, grant: &Grant) {
        let to = self.audience(script, &grant.to, grant.operation);
        let replaces = grant.with.contains(&(Choice::Replace, true));
        for (key, holder) in to {
            self.party(&key, holder);
            if replaces && let Some(party) = self.parties.get_mut(&key) {
                if grant.elements.is_empty() && grant.current.is_none() {
                    party.roles.retain(GivenRole::is_current_grants);
                } else {
                    party.held.clear();
                    party.roles.retain(|given| !given.is_current_grants());
                }
            }
            for element in &grant.elements {
                self.element(script, grant, element, (&key, holder));
            }
            self.roles(script, grant, (&key, holder));
        }
    }

    /// The roles of a statement, for one of those whom it names.
    fn roles(&mut self, script: &Script, grant: &Grant, (to, holder): (&Key, At)) {
        if grant.operation == Operation::Grant {
            for role in &grant.roles.names {
                self.give_role(script, (to, holder), role, &grant.with);
            }
            if let Some(span) = grant.current {
                let given = GivenRole {
                    role: (Meant::Current, CURRENT_GRANTS.to_owned()),
                    at: at(script, span),
                    holder,
                    admin: grant.with.contains(&(Choice::Grant, true)),
                    inherit: true,
                    set: true,
                };
                self.party(to, holder).roles.push(given);
            }
            return;
        }
        let except: Vec<_> = grant.roles.except.iter().map(key).collect();
        let names: Vec<_> = grant.roles.names.iter().map(key).collect();
        let all = grant.roles.all.is_some();
        let party = self.party(to, holder);
        party.roles.retain_mut(|given| {
            let meant = names.contains(&given.role)
                || all && !except.contains(&given.role) && !given.is_current_grants();
            if !meant {
                return true;
            }
            match grant.option_for {
                None => return false,
                Some(Choice::Inherit) => given.inherit = false,
                Some(Choice::Set) => given.set = false,
                Some(_) => given.admin = false,
            }
            true
        });
    }

    fn give_role(
        &mut self,
        script: &Script,
        (to, holder): (&Key, At),
        role: &Name,
        with: &[(Choice, bool)],
    ) {
        let role_at = at(script, role.span);
        let role = key(role);
        self.party(&role, role_at).granted = true;
        let chosen = |choice| {
            let said = with.iter().rev().find(|(known, _)| *known == choice);
            said.map(|(_, so)| *so)
        };
        let party = self.party(to, holder);
        if let Some(given) = party.roles.iter_mut().find(|given| given.role == role) {
            given.admin = chosen(Choice::Admin).unwrap_or(given.admin);
            given.inherit = chosen(Choice::Inherit).unwrap_or(given.inherit);
            given.set = chosen(Choice::Set).unwrap_or(given.set);
            return;
        }
        party.roles.push(GivenRole {
            role,
            at: role_at,
            holder,
            admin: chosen(Choice::Admin).unwrap_or(false),
            inherit: chosen(Choice::Inherit).unwrap_or(true),
            set: chosen(Choice::Set).unwrap_or(true),
        });
    }

    /// One element of a statement, for one of those whom it names.
    fn element(
        &mut self,
        script: &Script,
        grant: &Grant,
        element: &Element,
        (to, holder): (&Key, At),
    ) {
        let notation = self.notation;
        // Whoever makes the things is one of several, and each may be taken back alone.
        let later: Vec<Option<String>> = match &grant.defaults {
            None => vec![None],
            Some(makers) if makers.is_empty() => vec![Some("made later by CURRENT_USER".into())],
            Some(makers) => makers
                .iter()
                .map(|maker| Some(format!("made later by {}", maker.text)))
                .collect(),
        };
        let mut doubts = Vec::new();
        let party = self.party(to, holder);
        for privilege in &element.privileges {
            for target in &element.targets {
                let target_at = at(script, target.span);
                let column = |c: &Name| (c.text.clone(), at(script, c.span));
                let area = Area {
                    privilege: (
                        canonical(notation, &privilege.name.text),
                        at(script, privilege.name.span),
                    ),
                    columns: privilege.columns.iter().map(column).collect(),
                    target: target.clone(),
                    target_at,
                };
                if grant.operation == Operation::Grant {
                    let source = target.only.as_ref().filter(|_| target.class.is_none());
                    for later in &later {
                        let condition = later
                            .clone()
                            .or_else(|| source.map(|only| format!("source matches {only}")));
                        let new = Held {
                            area: area.clone(),
                            holes: Vec::new(),
                            grantable: grant.with.contains(&(Choice::Grant, true)),
                            condition: condition.map(|text| (text, target_at)),
                            default: later.is_some(),
                            at: at(script, element.span),
                            holder,
                            order: 0,
                        };
                        party.held.give(notation, new);
                    }
                    continue;
                }
                for later in &later {
                    let doubt = if grant.option_for.is_some() {
                        party.held.take_option(notation, &area, later.as_deref())
                    } else {
                        party.held.take(notation, &area, later.as_deref())
                    };
                    doubts.extend(doubt.map(|doubt| (doubt, target)));
                }
                if area.is_everything() && grant.option_for.is_none() && grant.defaults.is_none() {
                    party.roles.retain(|given| !given.is_current_grants());
                }
            }
        }
        // Several privileges on one place are one doubt.
        doubts.sort_by_key(|(doubt, target)| (target.span, *doubt));
        doubts.dedup_by_key(|(doubt, target)| (target.span, *doubt));
        for (doubt, target) in doubts {
            let place = target.resource(notation, None);
            let who = &to.1;
            match doubt {
                Doubt::Place => self.warn(
                    script,
                    target.span,
                    format!(
                        "whether this takes from `{who}` what is held elsewhere is not known: \
                         where `{place}` is depends on who runs it"
                    ),
                    "name the database or the schema, too; until then it is told as held",
                ),
                Doubt::Part => self.warn(
                    script,
                    target.span,
                    format!("only a part of what `{who}` holds is taken back, and all is told"),
                    "grant the parts one by one",
                ),
            }
        }
    }

    fn set_up(&mut self, script: &Script, setup: &Setup, name: &Name) {
        let (key, place) = (key(name), at(script, name.span));
        let clickhouse = self.clickhouse();
        let create = setup.verb != Verb::Alter;
        if setup.verb == Verb::Replace {
            let party = self.party(&key, place);
            *party = Party {
                granted: party.granted,
                ..Party::default()
            };
        }
        // A change of settings alone says nothing of access, and a name like `ALL` is nobody's.
        let idle = setup.facts.iter().all(|f| matches!(f, Fact::Settings(_)));
        if !create && idle {
            return;
        }
        let party = self.party(&key, place);
        if create {
            // A second one is an error or does nothing.
            if party.declared.is_some() {
                return;
            }
            party.declared = Some((setup.noun, place));
            if clickhouse && setup.noun == Noun::User {
                let says = |of: fn(&Fact) -> bool| setup.facts.iter().any(of);
                if !says(|f| matches!(f, Fact::Authentication(..))) {
                    let none = "no_password".to_owned();
                    party.facts.push(("authentication", none, place));
                }
                if !says(|f| matches!(f, Fact::Hosts(..))) {
                    let host = match name.text.split_once('@') {
                        Some((_, host)) => format!("LIKE {host}"),
                        None => "any".to_owned(),
                    };
                    party.facts.push(("host", host, place));
                }
            }
        }
        for fact in &setup.facts {
            self.fact(script, (&key, place), create, fact);
        }
        // Last, so that nothing is said of the old name.
        for fact in &setup.facts {
            if let Fact::Rename(new) = fact {
                self.rename(&key, &self::key(new));
            }
        }
    }

    fn fact(&mut self, script: &Script, (key, place): (&Key, At), create: bool, fact: &Fact) {
        let here = |name: &Name| (name.text.clone(), at(script, name.span));
        let party = self.party(key, place);
        match fact {
            Fact::Authentication(how, method) => {
                if *how == How::Set {
                    party.facts.retain(|(name, ..)| *name != "authentication");
                }
                let (text, at) = here(method);
                party.facts.push(("authentication", text, at));
            }
            Fact::NewestAuthentication => {
                let last = party
                    .facts
                    .iter()
                    .rposition(|(name, ..)| *name == "authentication");
                let mut index = 0;
                party.facts.retain(|(name, ..)| {
                    index += 1;
                    *name != "authentication" || Some(index - 1) == last
                });
            }
            Fact::NoPassword => party.facts.retain(|(name, ..)| *name != "authentication"),
            Fact::Hosts(how, hosts) => match how {
                How::Set => replace(party, "host", hosts.iter().map(here)),
                How::Add => {
                    party
                        .facts
                        .retain(|(name, text, _)| !(*name == "host" && text == "none"));
                    let new = hosts.iter().map(here);
                    party.facts.extend(new.map(|(text, at)| ("host", text, at)));
                }
                How::Drop => party.facts.retain(|(name, text, _)| {
                    *name != "host" || !hosts.iter().any(|host| host.text == *text)
                }),
            },
            Fact::ValidUntil(until) => replace(party, "valid-until", [here(until)]),
            Fact::Grantees(to) => replace(party, "grantees", [here(to)]),
            Fact::DefaultRole(roles) => {
                replace(party, "default-role", default_roles(script, roles));
                // Whoever is created with roles is given them.
                if create && roles.all.is_none() {
                    for role in &roles.names {
                        self.give_role(script, (key, place), role, &[]);
                    }
                }
            }
            Fact::Attribute(name, on) if name.text == "LOGIN" => party.login = Some(*on),
            Fact::Attribute(name, on) => {
                party
                    .facts
                    .retain(|(fact, text, _)| *fact != "attribute" || *text != name.text);
                if *on && name.text != "INHERIT" {
                    let (text, at) = here(name);
                    party.facts.push(("attribute", text, at));
                }
            }
            Fact::InRoles(roles) => {
                for role in roles {
                    self.give_role(script, (key, place), role, &[]);
                }
            }
            Fact::Members(members, admin) => {
                let role = Name {
                    text: key.1.clone(),
                    meant: key.0,
                    span: place.span,
                };
                for member in members {
                    let to = (&self::key(member), at(script, member.span));
                    self.give_role(script, to, &role, &[(Choice::Admin, *admin)]);
                }
            }
            Fact::DefaultDatabase(_) | Fact::Settings(_) | Fact::Rename(_) => {}
        }
    }

    fn rename(&mut self, old: &Key, new: &Key) {
        let Some(party) = self.parties.remove(old) else {
            return;
        };
        let granted = party.granted;
        self.parties.insert(new.clone(), party);
        if granted {
            for given in self.parties.values_mut().flat_map(|p| &mut p.roles) {
                if given.role == *old {
                    given.role = new.clone();
                }
            }
        }
        for limit in self.limits.values_mut() {
            for (key, _) in limit.names.iter_mut().chain(&mut limit.except) {
                if key == old {
                    *key = new.clone();
                }
            }
        }
    }

    fn drop(&mut self, key: &Key) {
        let party = self.parties.remove(key);
        if party.is_some_and(|party| party.granted) {
            for party in self.parties.values_mut() {
                party.roles.retain(|given| given.role != *key);
            }
        }
        for limit in self.limits.values_mut() {
            limit.names.retain(|(known, _)| known != key);
            limit.except.retain(|(known, _)| known != key);
        }
    }

    /// Drops all that may be meant: it would be wrong to tell of a limit that is not there.
    fn drop_limits(&mut self, noun: Noun, name: &str, target: Option<&Target>) {
        let first = (noun, name.to_owned(), String::new());
        let meant: Vec<_> = self
            .limits
            .range(first..)
            .take_while(|((known, called, _), _)| *known == noun && called == name)
            .filter(|(_, limit)| match (&limit.target, target) {
                (Some((a, _)), Some(b)) => a.meets(b) != Some(false),
                (None, None) => true,
                _ => false,
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in meant {
            self.limits.remove(&key);
        }
    }

    fn limit(&mut self, script: &Script, span: Span, limiting: &Limiting) {
        let text = |span: Span| script.text.text.get(span.range()).unwrap_or_default();
        let clauses: Vec<(&String, Arc<str>)> = limiting
            .clauses
            .iter()
            .map(|(about, span)| (about, text(*span).into()))
            .collect();
        for (name, target) in &limiting.names {
            let resource = |target: &Target| target.resource(self.notation, None);
            let place = target.as_ref().map_or_else(String::new, resource);
            let key = (limiting.noun, name.text.clone(), place);
            let known = self.limits.remove(&key);
            let made = known.is_some();
            let mut limit = match (known, limiting.verb) {
                (Some(limit), verb) if verb != Verb::Replace => limit,
                _ => Limited {
                    name_at: at(script, name.span),
                    target: target.clone().map(|t| {
                        let span = t.span;
                        (t, at(script, span))
                    }),
                    clauses: Vec::new(),
                    // PostgreSQL's hold for everybody unless they say for whom, ClickHouse's for nobody.
                    all: !self.clickhouse(),
                    names: Vec::new(),
                    except: Vec::new(),
                    at: at(script, span),
                },
            };
            // A second one of the same name is an error or does nothing.
            if made && matches!(limiting.verb, Verb::Create | Verb::CreateMissing) {
                self.limits.insert(key, limit);
                continue;
            }
            for (about, text) in &clauses {
                match limit.clauses.iter_mut().find(|(known, _)| known == *about) {
                    Some((_, said)) => said.clone_from(text),
                    None => limit.clauses.push(((*about).clone(), text.clone())),
                }
            }
            if let Some(to) = &limiting.to {
                let named = |names: &[Name]| -> Vec<(Key, At)> {
                    names
                        .iter()
                        .filter(|n| n.meant != Meant::Public)
                        .map(|n| (self::key(n), at(script, n.span)))
                        .collect()
                };
                let public = to.names.iter().any(|n| n.meant == Meant::Public);
                limit.all = to.all.is_some() || public;
                limit.names = if limit.all {
                    Vec::new()
                } else {
                    named(&to.names)
                };
                limit.except = named(&to.except);
            }
            let (noun, mut called, place) = key;
            if let Some(new) = &limiting.rename {
                called.clone_from(&new.text);
                limit.name_at = at(script, new.span);
            }
            self.limits.insert((noun, called, place), limit);
        }
    }
}

fn replace(party: &mut Party, name: &'static str, facts: impl IntoIterator<Item = (String, At)>) {
    party.facts.retain(|(known, ..)| *known != name);
    let facts = facts.into_iter().map(|(text, at)| (name, text, at));
    party.facts.extend(facts);
}

fn default_roles(script: &Script, roles: &Audience) -> Vec<(String, At)> {
    if let Some(all) = roles.all {
        let except: Vec<_> = roles.except.iter().map(|n| n.text.as_str()).collect();
        let text = if except.is_empty() {
            "ALL".to_owned()
        } else {
            format!("ALL EXCEPT {}", except.join(", "))
        };
        return vec![(text, at(script, all))];
    }
    let names = roles.names.iter();
    names
        .map(|n| (n.text.clone(), at(script, n.span)))
        .collect()
}

/// From what was replayed to the nouns.
impl State {
    fn finish(mut self) -> (Access, Vec<Problem>) {
        let mut access = Access::default();
        let mut parties = std::mem::take(&mut self.parties);
        for (key, party) in &mut parties {
            self.tell(key, party, &mut access);
            // What is told need not be kept.
            party.held = Holdings::default();
        }
        for ((noun, name, _), limit) in std::mem::take(&mut self.limits) {
            let told = self.limited(&parties, noun, &name, &limit);
            access.limits.extend(told);
        }
        access.roles.sort_by_key(|role| role.name.at);
        access
            .bindings
            .sort_by_key(|binding| (binding.at, binding.holders.first().map(|h| h.at)));
        access.accounts.sort_by_key(|account| account.at);
        access.limits.sort_by_key(|limit| {
            (
                limit.at,
                limit.name.at,
                limit.resources.first().map(|r| r.at),
            )
        });
        (access, self.problems)
    }

    fn word(&mut self, text: &str, at: At) -> Word {
        Word::new(self.names.get(text), at)
    }

    fn holder(&mut self, kind: SubjectKind, name: &str, at: At) -> Holder {
        Holder {
            subject: Subject {
                system: self.system.clone(),
                kind,
                name: self.names.get(name),
            },
            at,
        }
    }

    fn tell(&mut self, key: &Key, party: &Party, access: &mut Access) {
        let name = key.1.as_str();
        let place = party.named.unwrap_or(At::NOWHERE);
        let is = kinds(self.notation, key, Some(party));
        let kind = is.holder();
        let mut rules: Vec<_> = party
            .held
            .in_order()
            .into_iter()
            .map(|held| (held.holder, self.rule(held)))
            .collect();
        let mut facts = Vec::new();
        for (fact, text, at) in &party.facts {
            if *fact == "attribute" && text == "SUPERUSER" {
                rules.push((place, self.superuser(*at)));
            }
            let word = self.word(text, *at);
            facts.push((self.names.get(fact), word));
        }
        if party
            .declared
            .is_some_and(|(noun, _)| noun == Noun::User || is.user)
            || !facts.is_empty()
        {
            let holder = self.holder(is.account(), name, place);
            access.accounts.push(Account {
                subject: holder.subject,
                facts,
                at: party.declared.map_or(place, |(_, at)| at),
            });
        }
        let binding = |state: &Self, given, holder, grantable, conditions, at| Binding {
            system: state.system.clone(),
            name: "".into(),
            scope: None,
            given,
            holders: vec![holder],
            grantable,
            conditions,
            at,
        };
        if is.role {
            // Of a role that is only given, and never made, nothing is known.
            if party.declared.is_some() || !rules.is_empty() || !party.roles.is_empty() {
                let at = party.declared.map_or(place, |(_, at)| at);
                access.roles.push(Role {
                    system: self.system.clone(),
                    name: self.word(name, at),
                    scope: None,
                    rules: rules.into_iter().map(|(_, rule)| rule).collect(),
                    labels: Vec::new(),
                    aggregates: Vec::new(),
                });
            }
            if is.user {
                // It logs in itself, too.
                let at = party.declared.map_or(place, |(_, at)| at);
                let role = self.word(name, at);
                let holder = self.holder(SubjectKind::User, name, at);
                let given = Given::Role {
                    name: role,
                    scope: None,
                };
                let own = binding(self, given, holder, false, Vec::new(), at);
                access.bindings.push(own);
            }
        } else {
            // What one statement gives to one holder is one binding.
            let mut places: BTreeMap<At, Vec<Rule>> = BTreeMap::new();
            for (at, rule) in rules {
                // Most statements give one thing: room for no more, where there are many of them.
                let one = || Vec::with_capacity(1);
                places.entry(at).or_insert_with(one).push(rule);
            }
            for (at, rules) in places {
                let holder = self.holder(kind, name, at);
                let first = rules.first().map_or(at, |rule| rule.at);
                let given = Given::Rules(rules);
                let new = binding(self, given, holder, false, Vec::new(), first);
                access.bindings.push(new);
            }
        }
        for given in &party.roles {
            let mut conditions = Vec::new();
            if !given.inherit && !given.set {
                conditions.push(self.word("INHERIT FALSE, SET FALSE", given.at));
            }
            let holder = self.holder(kind, name, given.holder);
            let role = Given::Role {
                name: self.word(&given.role.1, given.at),
                scope: None,
            };
            let new = binding(self, role, holder, given.admin, conditions, given.at);
            access.bindings.push(new);
        }
    }

    fn superuser(&mut self, at: At) -> Rule {
        Rule {
            effect: Effect::Allow,
            reach: Reach {
                actions: vec![self.word("ALL", at)],
                resources: vec![self.word("*", at)],
                ..Reach::default()
            },
            except: Vec::new(),
            conditions: Vec::new(),
            grantable: true,
            at,
        }
    }

    fn reach(&mut self, area: &Area) -> Reach {
        let notation = self.notation;
        let action = self.word(&area.privilege.0, area.privilege.1);
        let mut resources = Vec::new();
        for (column, at) in &area.columns {
            let text = area.target.resource(notation, Some(column));
            resources.push(self.word(&text, *at));
        }
        if resources.is_empty() {
            let text = area.target.resource(notation, None);
            resources.push(self.word(&text, area.target_at));
        }
        Reach {
            actions: vec![action],
            resources,
            ..Reach::default()
        }
    }

    fn rule(&mut self, held: &Held) -> Rule {
        Rule {
            effect: Effect::Allow,
            reach: self.reach(&held.area),
            except: held.holes.iter().map(|hole| self.reach(hole)).collect(),
            conditions: held
                .condition
                .iter()
                .map(|(text, at)| self.word(text, *at))
                .collect(),
            grantable: held.grantable,
            at: held.at,
        }
    }

    /// A limit; nothing where it is on nobody.
    fn limited(
        &mut self,
        parties: &BTreeMap<Key, Party>,
        noun: Noun,
        name: &str,
        limit: &Limited,
    ) -> Option<Limit> {
        if !limit.all && limit.names.is_empty() {
            return None;
        }
        let notation = self.notation;
        let mut holders = |names: &[(Key, At)]| -> Vec<Holder> {
            names
                .iter()
                .map(|(key, at)| {
                    let kind = kinds(notation, key, parties.get(key)).holder();
                    self.holder(kind, &key.1, *at)
                })
                .collect()
        };
        let subjects = holders(&limit.names);
        let but_subjects = holders(&limit.except);
        let says: Vec<_> = limit.clauses.iter().map(|(_, text)| &**text).collect();
        let says = self.names.get(&says.join(" "));
        let resources = limit
            .target
            .iter()
            .map(|(target, at)| self.word(&target.resource(notation, None), *at))
            .collect();
        Some(Limit {
            system: self.system.clone(),
            kind: match noun {
                Noun::Quota => "quota",
                Noun::Profile => "settings profile",
                Noun::Security => "row level security",
                _ => "row policy",
            },
            name: self.word(name, limit.name_at),
            resources,
            subjects,
            but_subjects,
            says,
            at: limit.at,
        })
    }
}

/// What a party is.
#[derive(Clone, Copy)]
struct Kinds {
    public: bool,
    role: bool,
    user: bool,
}

impl Kinds {
    /// As what it holds things.
    fn holder(self) -> SubjectKind {
        match self {
            Self { public: true, .. } => SubjectKind::Group,
            Self { role: true, .. } => SubjectKind::Role,
            _ => SubjectKind::User,
        }
    }

    /// As what it is set up.
    fn account(self) -> SubjectKind {
        match self {
            Self { user: false, .. } => self.holder(),
            _ => SubjectKind::User,
        }
    }
}

fn kinds(notation: Notation, (meant, _): &Key, party: Option<&Party>) -> Kinds {
    let public = *meant == Meant::Public;
    let made = party.and_then(|p| p.declared).map(|(noun, _)| noun);
    let login = party.and_then(|p| p.login) == Some(true);
    let granted = party.is_some_and(|p| p.granted);
    let made_role = match notation {
        Notation::ClickHouse => made == Some(Noun::Role),
        _ => made.is_some() && !login,
    };
    let role = !public && (granted || made_role);
    Kinds {
        public,
        role,
        user: !public && (login || made == Some(Noun::User) && !made_role || !role),
    }
}

#[cfg(test)]
mod tests;
