//! Who gains and who loses what, from one tree to another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onus_model::access::{
    Difference, Effective, Grant, Held, Holding, Open, Reach, Subject, System, What, Word,
    in_words, taken,
};

use super::effective::held;
use super::notation::{
    action_reaches, actions_meet, is_whole, meets, patterns_reach, resource_reaches, resources_meet,
};

/// Who gains and who loses what. What was within a wider grant is neither gained nor lost.
#[must_use]
pub fn difference<'a>(old: &'a Effective<'a>, new: &'a Effective<'a>) -> Difference<'a> {
    Difference {
        gained: only(new, old),
        lost: only(old, new),
        opened: opened(&new.open, &old.open),
        closed: opened(&old.open, &new.open),
    }
}

fn opened<'a>(here: &'a [Open], there: &[Open]) -> Vec<&'a Open> {
    let known: BTreeSet<_> = there
        .iter()
        .map(|o| (&o.subject, &o.scope, &o.role))
        .collect();
    here.iter()
        .filter(|o| !known.contains(&(&o.subject, &o.scope, &o.role)))
        .collect()
}

/// What is held here and not there.
fn only<'a>(here: &'a Effective<'a>, there: &'a Effective<'a>) -> Vec<Held<'a>> {
    let others: BTreeMap<&Subject, &Holding<'_>> =
        there.holdings.iter().map(|h| (&h.subject, h)).collect();
    let mut found = Vec::new();
    for holding in &here.holdings {
        let known = others.get(&holding.subject).map(|other| held(other));
        let known = known.unwrap_or_default();
        // Most of a large tree is the same in both.
        let mut plain: BTreeSet<What<'_>> = BTreeSet::new();
        for other in known.iter().filter(|o| is_plain(o)) {
            plain.insert(other.what());
        }
        let mut told: BTreeSet<(What<'_>, Vec<String>)> = BTreeSet::new();
        for row in held(holding) {
            let same = !row.grant.grantable() && plain.contains(&row.what());
            if !same
                && !known.iter().any(|o| covers(o, &row))
                && told.insert((row.what(), shades(&row)))
            {
                found.push(row);
            }
        }
    }
    found
}

/// Held without exceptions and conditions, and all that its patterns reach.
fn is_plain(held: &Held<'_>) -> bool {
    let reach = &held.grant.rule.reach;
    held.except.is_empty()
        && held.conditions.is_empty()
        && held.denied.is_empty()
        && reach.but_actions.is_empty()
        && reach.but_resources.is_empty()
}

/// What tells two grants of the same access apart: conditions, exceptions, what the rule leaves out, whether it may be given on.
fn shades(held: &Held<'_>) -> Vec<String> {
    let mut words: Vec<String> = held.conditions.iter().map(|c| c.text.to_string()).collect();
    words.extend(held.except.iter().map(|reach| in_words(reach)));
    words.extend(held.denied.iter().map(|denial| taken(denial, held.grant)));
    let reach = &held.grant.rule.reach;
    words.extend(reach.but_actions.iter().map(|w| format!("but {}", w.text)));
    words.extend(
        reach
            .but_resources
            .iter()
            .map(|w| format!("but {}", w.text)),
    );
    if held.grant.grantable() {
        words.push("grantable".to_owned());
    }
    words.sort();
    words.dedup();
    words
}

/// Whether all of one reach is in another.
fn within(system: &System, inner: &Reach, outer: &Reach) -> bool {
    fn each(words: &[Word]) -> Vec<Option<&str>> {
        if words.is_empty() {
            return vec![None];
        }
        words.iter().map(|w| Some(&*w.text)).collect()
    }
    inner.actions.iter().all(|action| {
        each(&inner.resources).into_iter().all(|resource| {
            let mut names = each(&inner.names).into_iter();
            names.all(|name| patterns_reach(system, outer, &action.text, resource, name))
                && as_much(system, outer, inner, &action.text, resource)
        })
    })
}

/// Whether what one reach leaves out of an action on a resource, another leaves out, too.
fn as_much(
    system: &System,
    one: &Reach,
    other: &Reach,
    action: &str,
    resource: Option<&str>,
) -> bool {
    let actions = one.but_actions.iter().all(|but| {
        let mut also = other.but_actions.iter();
        also.any(|word| action_reaches(system, &word.text, &but.text))
            || !actions_meet(system, &but.text, action)
    });
    let resources = one.but_resources.iter().all(|but| {
        let mut also = other.but_resources.iter();
        also.any(|word| resource_reaches(system.notation, &word.text, &but.text))
            || resource.is_some_and(|of| !resources_meet(system.notation, &but.text, of))
    });
    actions && resources
}

/// Whether a scope is within another; none is everywhere.
fn in_scope(outer: Option<&Arc<str>>, inner: Option<&Arc<str>>) -> bool {
    outer.is_none() || outer == inner
}

/// Whether one grant is all of another, of the same subject.
fn covers(a: &Held<'_>, b: &Held<'_>) -> bool {
    let system = &a.subject.system;
    let (action, of) = (&*b.action.text, b.resource.map(|r| &*r.text));
    let resource = match (a.resource, b.resource) {
        (None, None) => true,
        (Some(a), Some(b)) => resource_reaches(system.notation, &a.text, &b.text),
        (Some(a), None) => is_whole(system.notation, &a.text),
        (None, Some(_)) => false,
    };
    let conditions = a
        .conditions
        .iter()
        .all(|c| b.conditions.iter().any(|d| d.text == c.text));
    // What is left out of the one must be left out of the other, or lie outside of it.
    let outside = |reach: &Reach| !meets(system, reach, action, of, b.name.map(|n| &*n.text));
    let excepted = |reach: &Reach| b.except.iter().any(|other| within(system, reach, other));
    let except = a.except.iter().all(|reach| {
        let denied = b.denied.iter().any(|denial| {
            denial.binds(b.grant)
                && in_scope(denial.scope, b.grant.scope)
                && denial.rule.except.is_empty()
                && within(system, reach, &denial.rule.reach)
        });
        outside(reach) || excepted(reach) || denied
    });
    let denied = a.denied.iter().all(|denial| {
        let reach = &denial.rule.reach;
        let elsewhere = b.grant.scope.is_some() && !in_scope(denial.scope, b.grant.scope);
        let too = b
            .denied
            .iter()
            .any(|other| takes(system, other, denial, b.grant));
        elsewhere || outside(reach) || excepted(reach) || too
    });
    a.subject == b.subject
        && in_scope(a.grant.scope, b.grant.scope)
        && action_reaches(system, &a.action.text, &b.action.text)
        && (a.name.is_none() || a.name.map(|n| &n.text) == b.name.map(|n| &n.text))
        && resource
        && conditions
        && except
        && denied
        && as_much(system, &a.grant.rule.reach, &b.grant.rule.reach, action, of)
        && (a.grant.grantable() || !b.grant.grantable())
}

/// Whether one denial takes all of what another takes from a grant, whenever that does.
fn takes(system: &System, one: &Grant<'_>, other: &Grant<'_>, from: &Grant<'_>) -> bool {
    let as_often = one.conditions().all(|condition| {
        let mut known = other.conditions().chain(from.conditions());
        known.any(|c| c.text == condition.text)
    });
    let there = in_scope(one.scope, other.scope)
        || (from.scope.is_some() && in_scope(one.scope, from.scope));
    let except = one.rule.except.iter().all(|reach| {
        let mut spared = other.rule.except.iter();
        spared.any(|spared| within(system, reach, spared))
    });
    as_often && there && except && within(system, &other.rule.reach, &one.rule.reach)
}
