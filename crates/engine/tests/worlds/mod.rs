//! Small worlds of access: names are few, so that grants meet.

#![allow(dead_code, reason = "each test uses a part of this")]

use std::collections::BTreeSet;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use onus_engine::{effective, held, may};
use onus_model::access::{
    Access, Answer, At, Binding, Effect, Given, Held, Holder, Membership, Notation, Reach, Request,
    Role, Rule, Subject, SubjectKind, System, Word, in_words, taken,
};
use onus_model::source::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What a system has: patterns of actions and of resources, and things that somebody may ask for.
pub(crate) struct Words {
    actions: &'static [&'static str],
    resources: &'static [&'static str],
    asked: &'static [&'static str],
    on: &'static [&'static str],
}

pub(crate) const NOTATIONS: [Notation; 6] = [
    Notation::Kubernetes,
    Notation::ClickHouse,
    Notation::PostgreSql,
    Notation::Aws,
    Notation::GitHub,
    Notation::Table,
];

pub(crate) fn words(notation: Notation) -> Words {
    match notation {
        Notation::Kubernetes => Words {
            actions: &["get", "list", "*"],
            resources: &[
                "pods",
                "pods/exec",
                "*",
                "*.*",
                "*/scale",
                "*.apps",
                "/metrics",
                "/*",
            ],
            asked: &["get", "list", "watch"],
            on: &[
                "pods",
                "pods/exec",
                "deployments.apps",
                "deployments.apps/scale",
                "/metrics",
            ],
        },
        Notation::ClickHouse => Words {
            actions: &[
                "SELECT",
                "ALTER",
                "ALTER UPDATE",
                "ALL",
                "dictGet",
                "DELETE",
            ],
            resources: &[
                "*.*",
                "shop.*",
                "shop.orders",
                "shop.orders(id)",
                "sh*.*",
                "shop.o*",
            ],
            asked: &["SELECT", "ALTER UPDATE", "dictGet", "INSERT"],
            on: &["shop.orders", "shop.orders(id)", "shed.t", "other.orders"],
        },
        Notation::PostgreSql => Words {
            actions: &["SELECT", "UPDATE", "ALL"],
            resources: &[
                "*",
                "TABLE s.*",
                "TABLE s.t",
                "TABLE s.t(a)",
                "SEQUENCE s.t",
                "SCHEMA s",
            ],
            asked: &["SELECT", "UPDATE", "USAGE"],
            on: &["TABLE s.t", "TABLE s.t(a)", "SEQUENCE s.t", "SCHEMA s"],
        },
        Notation::Aws => Words {
            actions: &["s3:Get*", "s3:*", "*", "S3:getobject", "iam:Pass?ole"],
            resources: &["*", "arn:b/*", "arn:b/x", "arn:?/x", "arn:*/x"],
            asked: &["s3:GetObject", "s3:PutObject", "iam:PassRole"],
            on: &["arn:b/x", "arn:b/y", "arn:c/x"],
        },
        Notation::GitHub => Words {
            actions: &["read", "write", "admin", "approve", "*"],
            resources: &["*", "/docs/", "*.js", "docs/*", "src/**"],
            asked: &["read", "write", "approve"],
            on: &["docs/a.md", "docs/a/b.js", "src/a.rs", "app.js"],
        },
        Notation::Table => Words {
            actions: &["open", "close", "fly", "*"],
            resources: &["*", "tickets", "audits"],
            asked: &["open", "close"],
            on: &["tickets", "audits", ""],
        },
    }
}

#[derive(Clone, Debug)]
struct Draft {
    effect: Effect,
    reach: Reach,
    except: Vec<Reach>,
    conditions: Vec<Word>,
    grantable: bool,
}

/// A small world: names are few, so that they meet.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) notation: Notation,
    pub(crate) access: Access,
}

/// In few words, for whoever must find out why a law does not hold.
impl Debug for World {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let list = |words: &[Word]| {
            let texts: Vec<&str> = words.iter().map(|w| &*w.text).collect();
            texts.join(" and ")
        };
        let said = |rules: &[Rule]| {
            let rules: Vec<String> = rules
                .iter()
                .map(|rule| {
                    let except: Vec<String> = rule.except.iter().map(in_words).collect();
                    format!(
                        "{:?} {} except {except:?} if {} on {}",
                        rule.effect,
                        in_words(&rule.reach),
                        list(&rule.conditions),
                        rule.grantable
                    )
                })
                .collect();
            rules.join("; ")
        };
        writeln!(out, "{}", self.notation.base())?;
        for role in &self.access.roles {
            writeln!(out, "  {}: {}", role.name.text, said(&role.rules))?;
        }
        for binding in &self.access.bindings {
            let given = match &binding.given {
                Given::Role { name, .. } => name.text.to_string(),
                Given::Rules(rules) => said(rules),
            };
            let to: Vec<&str> = binding.holders.iter().map(|h| &*h.subject.name).collect();
            let (scope, conditions) = (&binding.scope, list(&binding.conditions));
            let on = binding.grantable;
            writeln!(
                out,
                "  {given} to {to:?} in {scope:?} if {conditions} on {on}"
            )?;
        }
        for membership in &self.access.memberships {
            let (member, group) = (&membership.member.name, &membership.group.name);
            writeln!(out, "  {member} in {group}")?;
        }
        Ok(())
    }
}

/// A place of its own for everything that is made.
fn word(text: &str) -> Word {
    Word::new(
        text,
        At {
            file: 0,
            span: Span::default(),
        },
    )
}

fn some(from: &'static [&'static str], least: usize, most: usize) -> BoxedStrategy<Vec<Word>> {
    vec(select(from), least..=most)
        .prop_map(|texts| texts.into_iter().map(word).collect())
        .boxed()
}

/// Few of these, and mostly none.
fn few(from: &'static [&'static str]) -> BoxedStrategy<Vec<Word>> {
    prop_oneof![3 => Just(Vec::new()), 1 => some(from, 1, 2)].boxed()
}

fn reach(notation: Notation, plain: bool) -> BoxedStrategy<Reach> {
    let words = words(notation);
    let none = || Just(Vec::new()).boxed();
    (
        some(words.actions, 1, 2),
        if plain { none() } else { few(words.actions) },
        some(words.resources, usize::from(notation != Notation::Table), 2),
        if plain { none() } else { few(words.resources) },
        few(&["one", "other"]),
    )
        .prop_map(
            |(actions, but_actions, resources, but_resources, names)| Reach {
                actions,
                but_actions,
                resources,
                but_resources,
                names,
            },
        )
        .boxed()
}

fn draft(notation: Notation, effect: Option<Effect>, plain: bool) -> BoxedStrategy<Draft> {
    let effect = match effect {
        Some(effect) => Just(effect).boxed(),
        None => prop_oneof![4 => Just(Effect::Allow), 1 => Just(Effect::Deny)].boxed(),
    };
    let except = if plain {
        Just(Vec::new()).boxed()
    } else {
        prop_oneof![3 => Just(Vec::new()), 1 => vec(reach(notation, true), 1..3)].boxed()
    };
    (
        effect,
        reach(notation, plain),
        except,
        few(&["mfa", "day"]),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(effect, reach, except, conditions, grantable)| Draft {
            effect,
            reach,
            except,
            conditions,
            grantable,
        })
        .boxed()
}

fn rule(draft: Draft) -> Rule {
    Rule {
        effect: draft.effect,
        reach: draft.reach,
        except: draft.except,
        conditions: draft.conditions,
        grantable: draft.grantable,
        at: word("").at,
    }
}

pub(crate) fn system(notation: Notation) -> Arc<System> {
    Arc::new(System {
        name: notation.base().into(),
        notation,
        actions: (notation == Notation::Table).then(|| Arc::from(["close".into(), "open".into()])),
    })
}

const SCOPES: [Option<&str>; 3] = [None, None, Some("one")];

/// Anybody: users, groups, a workload, and roles, which may have roles.
fn subject(notation: Notation, roles: bool) -> BoxedStrategy<Subject> {
    let mut all = vec![
        (SubjectKind::User, "ann"),
        (SubjectKind::User, "bob"),
        (SubjectKind::Group, "ops"),
        (SubjectKind::Group, "all"),
        (SubjectKind::Workload, "one/bot"),
    ];
    if roles {
        all.extend(["r0", "r1", "r2"].map(|role| (SubjectKind::Role, role)));
    }
    select(all)
        .prop_map(move |(kind, name)| Subject {
            system: system(notation),
            kind,
            name: name.into(),
        })
        .boxed()
}

fn binding(notation: Notation, plain: bool) -> BoxedStrategy<Binding> {
    let given = prop_oneof![
        3 => select(vec!["r0", "r1", "r2", "gone"]).prop_map(|name| Given::Role {
            name: word(name),
            scope: None,
        }),
        1 => vec(draft(notation, None, plain), 1..3)
            .prop_map(|drafts| Given::Rules(drafts.into_iter().map(rule).collect())),
    ];
    (
        given,
        vec(subject(notation, true), 1..3),
        select(&SCOPES[..]),
        few(&["mfa", "night"]),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            move |(given, subjects, scope, conditions, grantable)| Binding {
                system: system(notation),
                name: "b".into(),
                scope: scope.map(Into::into),
                given,
                holders: subjects
                    .into_iter()
                    .map(|subject| Holder {
                        subject,
                        at: word("").at,
                    })
                    .collect(),
                grantable,
                conditions,
                at: word("").at,
            },
        )
        .boxed()
}

fn membership(notation: Notation) -> BoxedStrategy<Membership> {
    (subject(notation, false), select(vec!["ops", "all"]))
        .prop_map(move |(member, group)| Membership {
            member,
            group: Subject {
                system: system(notation),
                kind: SubjectKind::Group,
                name: group.into(),
            },
            at: word("").at,
        })
        .boxed()
}

pub(crate) fn world_of(notation: Notation, plain: bool) -> BoxedStrategy<World> {
    let roles = vec(vec(draft(notation, None, plain), 0..3), 3);
    (
        roles,
        vec(binding(notation, plain), 0..7),
        vec(membership(notation), 0..4),
    )
        .prop_map(move |(roles, bindings, memberships)| {
            let roles = roles
                .into_iter()
                .enumerate()
                .map(|(index, rules)| Role {
                    system: system(notation),
                    name: word(&format!("r{index}")),
                    scope: None,
                    rules: rules.into_iter().map(rule).collect(),
                    labels: Vec::new(),
                    aggregates: Vec::new(),
                })
                .collect();
            let mut world = World {
                notation,
                access: Access {
                    roles,
                    bindings,
                    memberships,
                    ..Access::default()
                },
            };
            world.place();
            world
        })
        .boxed()
}

pub(crate) fn world() -> BoxedStrategy<World> {
    select(&NOTATIONS[..])
        .prop_flat_map(|notation| world_of(notation, false))
        .boxed()
}

/// Two worlds of one system, of which the second may be the first with something changed.
pub(crate) fn two() -> BoxedStrategy<(World, World)> {
    select(&NOTATIONS[..])
        .prop_flat_map(|notation| {
            let other = world_of(notation, false);
            (
                world_of(notation, false),
                other,
                any::<bool>(),
                0..8_usize,
                0..8_usize,
            )
        })
        .prop_map(|(one, other, near, role, binding)| {
            if !near {
                return (one, other);
            }
            let mut changed = one.clone();
            if let (Some(to), Some(from)) = (
                changed.access.roles.get_mut(role % 4),
                other.access.roles.get(role % 4),
            ) {
                to.rules.clone_from(&from.rules);
            }
            if binding < changed.access.bindings.len() {
                changed.access.bindings.remove(binding);
            }
            (one, changed)
        })
        .boxed()
}

/// A world, and a rule of an effect that is added to it somewhere.
pub(crate) fn and_a_rule(effect: Effect) -> BoxedStrategy<(World, World)> {
    select(&NOTATIONS[..])
        .prop_flat_map(move |notation| {
            (
                world_of(notation, false),
                draft(notation, Some(effect), false),
                subject(notation, true),
                0..4_usize,
            )
        })
        .prop_map(|(world, draft, subject, place)| {
            let mut more = world.clone();
            let rule = rule(draft);
            match more.access.roles.get_mut(place) {
                Some(role) => role.rules.push(rule),
                None => more.access.bindings.push(Binding {
                    system: subject.system.clone(),
                    name: "more".into(),
                    scope: None,
                    given: Given::Rules(vec![rule]),
                    holders: vec![Holder {
                        subject,
                        at: word("").at,
                    }],
                    grantable: false,
                    conditions: Vec::new(),
                    at: word("").at,
                }),
            }
            (world, more)
        })
        .boxed()
}

impl World {
    /// Everything stands on a line of its own, which it keeps when the order changes.
    fn place(&mut self) {
        let mut next = 0;
        let mut at = || {
            next += 1;
            At {
                file: 0,
                span: Span::new(next, next + 1),
            }
        };
        for role in &mut self.access.roles {
            role.name.at = at();
            role.rules.iter_mut().for_each(|rule| rule.at = at());
        }
        for binding in &mut self.access.bindings {
            binding.at = at();
            binding.holders.iter_mut().for_each(|h| h.at = at());
            match &mut binding.given {
                Given::Role { name, .. } => name.at = at(),
                Given::Rules(rules) => rules.iter_mut().for_each(|rule| rule.at = at()),
            }
        }
        for membership in &mut self.access.memberships {
            membership.at = at();
        }
    }

    pub(crate) fn turned(&self) -> Self {
        let mut turned = self.clone();
        let access = &mut turned.access;
        access.roles.reverse();
        access.bindings.reverse();
        access.memberships.reverse();
        for role in &mut access.roles {
            role.rules.reverse();
        }
        for binding in &mut access.bindings {
            binding.holders.reverse();
            if let Given::Rules(rules) = &mut binding.given {
                rules.reverse();
            }
        }
        turned
    }

    /// Everything that somebody may ask for.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let words = words(self.notation);
        let mut all = Vec::new();
        for action in words.asked {
            for resource in words.on {
                for (name, scope) in [(None, None), (Some("one"), None), (None, Some("one"))] {
                    all.push(Request {
                        action: (*action).to_owned(),
                        resource: (*resource).to_owned(),
                        name: name.map(str::to_owned),
                        scope: scope.map(str::to_owned),
                    });
                }
            }
        }
        all
    }

    /// Everybody's answer to every question.
    pub(crate) fn answers(&self) -> Vec<(Subject, Request, Says)> {
        let effective = effective(&self.access);
        let mut all = Vec::new();
        for holding in &effective.holdings {
            for request in self.requests() {
                let says = match may(holding, &request) {
                    Answer::Yes => Says::Yes,
                    Answer::If(_) => Says::If,
                    Answer::No => Says::No,
                };
                all.push((holding.subject.clone(), request, says));
            }
        }
        all
    }

    pub(crate) fn says(&self, subject: &Subject, request: &Request) -> Says {
        let effective = effective(&self.access);
        let mut holdings = effective.holdings.iter();
        let holding = holdings.find(|h| h.subject == *subject);
        match holding.map_or(Answer::No, |h| may(h, request)) {
            Answer::Yes => Says::Yes,
            Answer::If(_) => Says::If,
            Answer::No => Says::No,
        }
    }

    /// Everything that is held, in words: with what is left out of it, or without.
    pub(crate) fn rows(&self, whole: bool) -> BTreeSet<String> {
        let effective = effective(&self.access);
        let rows = effective.holdings.iter().flat_map(held);
        rows.map(|row| {
            let what = format!("{:?} {}", row.what(), in_words(&row.grant.rule.reach));
            if whole {
                format!("{what} {:?}", shades(&row))
            } else {
                what
            }
        })
        .collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Says {
    No,
    If,
    Yes,
}

/// What tells a row from a plain one.
pub(crate) fn shades(row: &Held<'_>) -> BTreeSet<String> {
    let mut shades: BTreeSet<String> = row.conditions.iter().map(|c| c.text.to_string()).collect();
    shades.extend(row.except.iter().map(|reach| in_words(reach)));
    shades.extend(row.denied.iter().map(|denial| taken(denial, row.grant)));
    shades.extend(row.grant.grantable().then(|| "grantable".to_owned()));
    shades
}
