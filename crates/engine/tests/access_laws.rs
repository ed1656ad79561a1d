//! What must hold of access whatever the grants are: in every notation, with denials, exceptions, conditions, scopes, roles of roles
//! and groups of groups.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod worlds;

use onus_engine::{allows, difference, effective, held, may};
use onus_model::access::{Answer, Effect, Grant, Held, Reach, Request, Rule};
use proptest::prelude::*;
use proptest::sample::select;
use worlds::{NOTATIONS, and_a_rule, two, world, world_of};

/// Whether a row by itself reaches what is asked for.
fn reaches(row: &Held<'_>, request: &Request) -> bool {
    let rule = Rule {
        reach: Reach {
            actions: vec![row.action.clone()],
            resources: row.resource.into_iter().cloned().collect(),
            names: row.name.into_iter().cloned().collect(),
            ..row.grant.rule.reach.clone()
        },
        ..row.grant.rule.clone()
    };
    let grant = Grant {
        rule: &rule,
        ..row.grant.clone()
    };
    allows(&grant, request)
}

/// Whether what is asked for is among what is taken from a row.
fn taken_from(row: &Held<'_>, request: &Request) -> bool {
    let mut denied = row.denied.iter();
    denied.any(|denial| denial.binds(row.grant) && allows(denial, request))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_world_does_not_differ_from_itself(one in world()) {
        let one = effective(&one.access);
        prop_assert!(difference(&one, &one).is_empty());
    }

    #[test]
    fn the_way_back_is_the_way_there((one, other) in two()) {
        let (one, other) = (effective(&one.access), effective(&other.access));
        let (there, back) = (difference(&one, &other), difference(&other, &one));
        prop_assert_eq!(there.gained, back.lost);
        prop_assert_eq!(there.lost, back.gained);
        prop_assert_eq!(there.opened, back.closed);
        prop_assert_eq!(there.closed, back.opened);
    }

    /// The answer to a question and the list of what is held are two ways to the same.
    #[test]
    fn who_may_do_something_holds_a_row_that_reaches_it(one in world()) {
        let effective = effective(&one.access);
        for holding in &effective.holdings {
            let rows = held(holding);
            for request in one.requests() {
                let answer = may(holding, &request);
                let mine: Vec<&Held<'_>> = rows.iter().filter(|row| reaches(row, &request)).collect();
                let clear = mine.iter().any(|row| !taken_from(row, &request));
                let plain = mine.iter().any(|row| {
                    !taken_from(row, &request) && row.conditions.is_empty() && row.denied.is_empty()
                });
                let unconditional = mine.iter().any(|row| row.conditions.is_empty());
                prop_assert!(!mine.is_empty() || answer == Answer::No, "{request:?}: {answer:?}");
                prop_assert!(!clear || answer != Answer::No, "{request:?}: {mine:?}");
                prop_assert!(!plain || answer == Answer::Yes, "{request:?}: {mine:?}");
                prop_assert!(unconditional || answer != Answer::Yes, "{request:?}: {mine:?}");
            }
        }
    }

    /// The same, where nothing is left out of anything and nothing denied in part: exactly.
    #[test]
    fn without_exceptions_a_row_reaches_exactly_what_may_be_done(one in select(&NOTATIONS[..]).prop_flat_map(|n| world_of(n, true))) {
        let effective = effective(&one.access);
        for holding in &effective.holdings {
            let rows = held(holding);
            if rows.iter().any(|row| !row.denied.is_empty()) {
                continue;
            }
            for request in one.requests() {
                let reached = rows.iter().any(|row| reaches(row, &request));
                prop_assert_eq!(may(holding, &request) != Answer::No, reached, "{:?}", request);
            }
        }
    }

    #[test]
    fn a_denial_gives_nobody_anything((before, after) in and_a_rule(Effect::Deny)) {
        for (subject, request, now) in after.answers() {
            let then = before.says(&subject, &request);
            prop_assert!(now <= then, "{subject:?} {request:?}: {then:?} became {now:?}");
        }
        prop_assert!(after.rows(false).is_subset(&before.rows(false)));
        let (before, after) = (effective(&before.access), effective(&after.access));
        prop_assert_eq!(difference(&before, &after).gained, Vec::new());
    }

    #[test]
    fn a_rule_that_gives_takes_nothing_away((before, after) in and_a_rule(Effect::Allow)) {
        for (subject, request, then) in before.answers() {
            let now = after.says(&subject, &request);
            prop_assert!(now >= then, "{subject:?} {request:?}: {then:?} became {now:?}");
        }
        prop_assert!(before.rows(true).is_subset(&after.rows(true)));
        let (before, after) = (effective(&before.access), effective(&after.access));
        prop_assert_eq!(difference(&before, &after).lost, Vec::new());
    }

    #[test]
    fn the_order_of_anything_never_matters(one in world()) {
        let turned = one.turned();
        prop_assert_eq!(one.rows(true), turned.rows(true));
        prop_assert_eq!(one.answers(), turned.answers());
        let (one, turned) = (effective(&one.access), effective(&turned.access));
        prop_assert!(difference(&one, &turned).is_empty());
        prop_assert_eq!(one.open, turned.open);
    }

    /// Whoever may do more than before gains a row that reaches it; whoever may do less loses one.
    #[test]
    fn who_gains_nothing_could_do_it_before((one, other) in two()) {
        let (before, after) = (effective(&one.access), effective(&other.access));
        let change = difference(&before, &after);
        for (rows, answers, world) in [(&change.gained, other.answers(), &one), (&change.lost, one.answers(), &other)] {
            for (subject, request, here) in answers {
                let there = world.says(&subject, &request);
                let told = rows.iter().any(|row| *row.subject == subject && reaches(row, &request));
                prop_assert!(told || here <= there, "{subject:?} {request:?}: {there:?} became {here:?} and nobody said so");
            }
        }
    }
}
