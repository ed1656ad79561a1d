//! Effective access: what all bindings come to, and who may do something. Kubernetes' own rules of matching
//! (`k8s.io/component-helpers/auth/rbac/validation`), from the files alone.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::access::{
    Access, Binding, Difference, Effective, Held, Open, Request, Role, Rule, Selector, Subject,
    SubjectKind,
};
use onus_model::problem::Label;
use onus_model::source::{Span, Spanned, Text};

/// Roles by name and namespace; several of one name where files disagree: then all of them count.
type Roles<'a> = BTreeMap<(&'a str, Option<&'a str>), Vec<&'a Role>>;

/// The one role of every cluster whose rules are the same everywhere: everything.
const ALL: &str = "cluster-admin";

/// It stands in no file, so that its rules have no line.
fn all() -> Role {
    let nowhere = || Label {
        text: Text::new("", ""),
        span: Span::default(),
        message: String::new(),
    };
    let word = |value: &str| Spanned {
        value: value.to_owned(),
        span: Span::default(),
    };
    Role {
        name: word(ALL),
        scope: None,
        rules: vec![Rule {
            actions: vec![word("*")],
            resources: vec![word("*.*"), word("/*")],
            names: Vec::new(),
            at: nowhere(),
        }],
        labels: Vec::new(),
        aggregates: Vec::new(),
        at: nowhere(),
    }
}

/// What all bindings come to.
#[must_use]
pub fn effective(access: &Access) -> Effective {
    let mut roles: Roles<'_> = BTreeMap::new();
    for role in &access.roles {
        let key = (role.name.value.as_str(), role.scope.as_deref());
        roles.entry(key).or_default().push(role);
    }
    let mut effective = Effective::default();
    for binding in &access.bindings {
        let scope = if binding.of_cluster {
            None
        } else {
            binding.scope.as_deref()
        };
        match roles.get(&(binding.role.value.as_str(), scope)) {
            Some(found) => given(access, binding, found, &mut effective.held),
            None if binding.of_cluster && binding.role.value == ALL => {
                given(access, binding, &[&all()], &mut effective.held);
            }
            None => effective.open.extend(open(binding)),
        }
    }
    effective.held.sort();
    effective.held.dedup();
    effective.open.sort();
    effective.open.dedup();
    effective
}

fn label(binding: &Binding, span: Span) -> Label {
    Label {
        text: binding.at.text.clone(),
        span,
        message: String::new(),
    }
}

fn open(binding: &Binding) -> impl Iterator<Item = Open> + '_ {
    binding.subjects.iter().map(|subject| Open {
        subject: subject.value.clone(),
        scope: binding.scope.clone(),
        role: binding.role.value.clone(),
        at: label(binding, binding.role.span),
    })
}

/// What a binding gives to each of its subjects.
fn given(access: &Access, binding: &Binding, roles: &[&Role], held: &mut Vec<Held>) {
    let mut rules: Vec<(Option<&Role>, &Rule)> = Vec::new();
    for role in roles {
        collect(access, role, None, &mut BTreeSet::new(), &mut rules);
    }
    for subject in &binding.subjects {
        for (taken_in, rule) in &rules {
            let mut chain = vec![
                label(binding, subject.span),
                label(binding, binding.role.span),
            ];
            chain.extend(taken_in.map(|role| role.at.clone()));
            // What stands in no file has no line.
            chain.extend(
                Some(&rule.at)
                    .filter(|at| !at.text.name.is_empty())
                    .cloned(),
            );
            for action in &rule.actions {
                for resource in &rule.resources {
                    // Paths are of the whole cluster: a binding in a namespace gives none.
                    if binding.scope.is_some() && resource.value.starts_with('/') {
                        continue;
                    }
                    let one = |name: Option<String>| Held {
                        subject: subject.value.clone(),
                        scope: binding.scope.clone(),
                        action: action.value.clone(),
                        resource: resource.value.clone(),
                        name,
                        role: binding.role.value.clone(),
                        chain: chain.clone(),
                    };
                    if rule.names.is_empty() {
                        held.push(one(None));
                    }
                    held.extend(rule.names.iter().map(|n| one(Some(n.value.clone()))));
                }
            }
        }
    }
}

/// The rules of a role: its own, or where it aggregates those of all that it chooses.
fn collect<'a>(
    access: &'a Access,
    role: &'a Role,
    taken_in: Option<&'a Role>,
    seen: &mut BTreeSet<&'a str>,
    rules: &mut Vec<(Option<&'a Role>, &'a Rule)>,
) {
    if role.aggregates.is_empty() {
        rules.extend(role.rules.iter().map(|rule| (taken_in, rule)));
        return;
    }
    if !seen.insert(role.name.value.as_str()) {
        return;
    }
    for other in access.roles.iter().filter(|other| other.scope.is_none()) {
        let chosen = role.aggregates.iter().any(|s| chooses(s, other));
        if chosen && other.name.value != role.name.value {
            collect(access, other, Some(other), seen, rules);
        }
    }
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
pub fn groups_of(subject: &Subject) -> Vec<Subject> {
    let names = match subject.kind {
        SubjectKind::Group => Vec::new(),
        SubjectKind::User if subject.name == "system:anonymous" => {
            vec!["system:unauthenticated".to_owned()]
        }
        SubjectKind::User => vec!["system:authenticated".to_owned()],
        SubjectKind::Workload => {
            let namespace = subject.name.split('/').next().unwrap_or_default();
            vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
                "system:authenticated".to_owned(),
            ]
        }
    };
    names
        .into_iter()
        .map(|name| Subject {
            kind: SubjectKind::Group,
            name,
        })
        .collect()
}

/// Whether what is held answers a request.
#[must_use]
pub fn allows(held: &Held, request: &Request) -> bool {
    let action = held.action == "*" || held.action == request.action;
    let name = held.name.is_none() || held.name == request.name;
    let scope = held.scope.is_none() || held.scope == request.scope;
    action && name && scope && reaches(&held.resource, &request.resource)
}

/// Whether one pattern of resources reaches all that another does.
fn reaches(pattern: &str, resource: &str) -> bool {
    if pattern == resource {
        return true;
    }
    if let Some(path) = resource.strip_prefix('/') {
        let Some(pattern) = pattern.strip_prefix('/') else {
            return false;
        };
        return pattern
            .strip_suffix('*')
            .is_some_and(|start| path.starts_with(start));
    }
    let (held, held_part) = split(pattern);
    let (asked, asked_part) = split(resource);
    let group = held.1 == "*" || held.1 == asked.1;
    // A bare `*` is everything of its group, parts too; `*/scale` is the part of everything; all else is literal.
    let within = match (held.0, held_part) {
        ("*", None) => true,
        ("*", part) => part == asked_part,
        (base, part) => base == asked.0 && part == asked_part,
    };
    !pattern.starts_with('/') && group && within
}

/// `deployments.apps/scale` is a resource, its group, and a part of it.
fn split(resource: &str) -> ((&str, &str), Option<&str>) {
    let (whole, part) = match resource.split_once('/') {
        Some((whole, part)) => (whole, Some(part)),
        None => (resource, None),
    };
    (whole.split_once('.').unwrap_or((whole, "")), part)
}

/// Whether one grant is all of another, of the same subject.
fn covers(a: &Held, b: &Held) -> bool {
    a.subject == b.subject
        && (a.scope.is_none() || a.scope == b.scope)
        && (a.action == "*" || a.action == b.action)
        && (a.name.is_none() || a.name == b.name)
        && reaches(&a.resource, &b.resource)
}

/// Who gains and who loses what, from one tree to another. What was within a wider grant is neither gained nor lost.
#[must_use]
pub fn difference(old: &Effective, new: &Effective) -> Difference {
    let opened = |here: &[Open], there: &[Open]| -> Vec<Open> {
        let known: BTreeSet<_> = there
            .iter()
            .map(|o| (&o.subject, &o.scope, &o.role))
            .collect();
        here.iter()
            .filter(|o| !known.contains(&(&o.subject, &o.scope, &o.role)))
            .cloned()
            .collect()
    };
    Difference {
        gained: only(&new.held, &old.held),
        lost: only(&old.held, &new.held),
        opened: opened(&new.open, &old.open),
        closed: opened(&old.open, &new.open),
    }
}

/// What is held here and not there.
fn only(here: &[Held], there: &[Held]) -> Vec<Held> {
    let mut by_subject: BTreeMap<&Subject, Vec<&Held>> = BTreeMap::new();
    for held in there {
        by_subject.entry(&held.subject).or_default().push(held);
    }
    let mut told = BTreeSet::new();
    here.iter()
        .filter(|held| {
            let others = by_subject.get(&held.subject);
            let known = others.is_some_and(|others| others.iter().any(|o| covers(o, held)));
            !known && told.insert(held.what())
        })
        .cloned()
        .collect()
}
