//! Asking only the policies that can apply, and each distinct question once, gives what asking all of them about everything gives.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test reads the schemas that lie beside, and fails by panicking"
)]

mod worlds;

use std::collections::BTreeMap;
use std::path::Path;

use onus_engine::{
    CheckSource, Evaluated, Judged, Keep, Limits, Packs, Program, SchemaSource, Selection, compile,
    effective, evaluate, judge_access, judge_access_plainly,
};
use onus_model::access::{
    Access, AccessFile, Account, At, Notation, Permission, Permissions, Person, Subject,
    SubjectKind, Word,
};
use onus_model::check::Severity;
use onus_model::source::{LineIndex, Span, Spanned, Text};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use worlds::{World, system, world_of};

/// A system of the user's own.
const TABLE: &str = r#"
@title("Table") @files("table.toml")
namespace Table {
  @access("role") @each("$.roles.*")
  entity Role = { @key name: String };
  action close, open, watch appliesTo {
    principal: [Onus::Subject], resource: [Onus::Resource], context: Onus::Grant
  };
}
"#;

const PRINCIPALS: [&str; 9] = [
    "principal is Onus::Subject",
    "principal is Onus::Subject",
    "principal in Onus::Role::\"kubernetes/r1\"",
    "principal in Onus::Role::\"table/r0\"",
    "principal in Onus::Group::\"table/ops\"",
    "principal in Onus::Person::\"Ada\"",
    "principal is Onus::Subject in Onus::Person::\"Ada\"",
    "principal == Onus::Subject::\"kubernetes/user:ann\"",
    "principal is Onus::Subject in Onus::Group::\"kubernetes/system:authenticated\"",
];

const ACTIONS: [&str; 8] = [
    "action",
    "action == Kubernetes::Action::\"get\"",
    "action in [Kubernetes::Action::\"get\", Kubernetes::Action::\"list\"]",
    "action in [Table::Action::\"open\", Kubernetes::Action::\"*\"]",
    "action == Table::Action::\"close\"",
    "action == Table::Action::\"watch\"",
    "action == Onus::Action::\"act\"",
    "action in [Onus::Action::\"act\"]",
];

const RESOURCES: [&str; 8] = [
    "resource",
    "resource",
    "resource is Onus::Resource",
    "resource == Onus::Resource::\"kubernetes/pods\"",
    "resource in Onus::Resource::\"kubernetes/*.apps\"",
    "resource in Onus::Resource::\"table/tickets\"",
    "resource in Onus::Resource::\"table/*\"",
    "resource in Onus::Scope::\"kubernetes/one\"",
];

/// All that can be seen of a question, and what errs where it is not there.
const CONDITIONS: [&str; 35] = [
    "true",
    "principal.kind == \"user\"",
    "principal.kind != \"group\" && principal.name like \"*a*\"",
    "principal.name == \"ann\" || principal.name == \"ops\"",
    "principal.system == \"table\"",
    "principal.roles.contains(\"r1\")",
    "principal.roles.containsAny([\"r0\", \"r2\"])",
    "principal.roles == [\"r1\"].containsAll([\"r1\"]) || principal.roles.isEmpty()",
    "principal.groups.containsAll([\"ops\", \"all\"])",
    "!principal.groups.contains(\"system:authenticated\")",
    "principal.duties.contains(\"matrix/tickets\")",
    "principal.duties.isEmpty()",
    "principal has person && principal.person == \"Ada\"",
    "principal.person == \"Ada\"",
    "principal.hasTag(\"mfa\") && principal.getTag(\"mfa\").contains(\"true\")",
    "principal.getTag(\"mfa\").contains(\"false\")",
    "principal has systems && principal.systems.contains(\"table\")",
    "resource.name == \"pods\"",
    "resource.name == \"tickets\" || resource.name like \"*exec\"",
    "[\"audits\", \"pods/exec\"].contains(resource.name)",
    "resource has scope && resource.scope == \"one\"",
    "resource.scope == \"one\"",
    "resource has only && resource.only != \"one\"",
    "resource in Onus::Resource::\"kubernetes/*\"",
    "resource == Onus::Resource::\"table/audits\"",
    "resource has system && resource.system == \"kubernetes\"",
    "context.action == \"list\"",
    "context.action == \"fly\" || context.action == \"*\"",
    "context has role && context.role == \"r1\"",
    "context.role like \"r*\"",
    "context.grantable",
    "context.conditions.contains(\"mfa\") || context.conditions.isEmpty()",
    "context.everyAction || context.everyResource",
    "!context.declared",
    "principal in Onus::Role::\"kubernetes/r0\" || principal == Onus::Subject::\"table/user:bob\"",
];

#[derive(Clone, Debug)]
struct Drafted {
    forbids: bool,
    policies: Vec<(&'static str, &'static str, &'static str, Vec<&'static str>)>,
    applies: Option<&'static str>,
}

impl Drafted {
    fn source(&self, index: usize) -> CheckSource {
        let effect = if self.forbids { "forbid" } else { "permit" };
        let policies: Vec<String> = self
            .policies
            .iter()
            .map(|(principal, action, resource, conditions)| {
                let conditions = conditions.join(") && (");
                format!("@title(\"t\") @severity(\"low\") @help(\"h\")\n{effect}({principal}, {action}, {resource}) when {{ ({conditions}) }};\n")
            })
            .collect();
        let applies = self.applies.map(|condition| {
            format!("permit(principal is Onus::Subject, action, resource) when {{ {condition} }};")
        });
        CheckSource {
            id: format!("c{index:03}"),
            policy: Text::new("policy.cedar", policies.concat()),
            applies: applies.map(|text| Text::new("applies.cedar", text)),
            proved: true,
        }
    }
}

fn drafted() -> impl Strategy<Value = Drafted> {
    // Most are about everything, for many questions to meet in one answer.
    let wide = Just((PRINCIPALS[0], ACTIONS[0], RESOURCES[0]));
    let narrow = (
        select(&PRINCIPALS[..]),
        select(&ACTIONS[..]),
        select(&RESOURCES[..]),
    );
    let conditions = prop_oneof![
        select(&CONDITIONS[..]).prop_map(|one| vec![one]),
        subsequence(CONDITIONS.to_vec(), 2),
    ];
    let policy = (prop_oneof![wide, narrow], conditions).prop_map(
        |((principal, action, resource), conditions)| (principal, action, resource, conditions),
    );
    (
        prop::bool::weighted(0.7),
        prop::collection::vec(policy, 1..4),
        prop::option::weighted(0.3, select(&CONDITIONS[..])),
    )
        .prop_map(|(forbids, policies, applies)| Drafted {
            forbids,
            policies,
            applies,
        })
}

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned {
        value,
        span: Span::default(),
    }
}

fn matrix() -> Permissions {
    let row = |label: &str, action: &str, resource: &str, yes: bool| Permission {
        label: spanned(label.to_owned()),
        actions: vec![spanned(action.to_owned())],
        resources: vec![spanned(resource.to_owned())],
        scope: None,
        cells: vec![
            (spanned("r0".to_owned()), spanned(yes)),
            (spanned("r1".to_owned()), spanned(true)),
        ],
    };
    Permissions {
        id: spanned("matrix".to_owned()),
        title: "Matrix".to_owned(),
        system: spanned("table".to_owned()),
        severity: Severity::Low,
        roles: ["r0", "r1"].map(|r| spanned(r.to_owned())).to_vec(),
        rows: vec![
            row("tickets", "open", "tickets", false),
            row("audits", "close", "audits", true),
        ],
        complete: true,
        help: None,
        text: Text::new("matrix.yaml", ""),
    }
}

fn program(checks: &[Drafted]) -> Program {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let beside = |name: &str| {
        let text = std::fs::read_to_string(policies.join(name)).expect("the schema lies beside");
        Text::new(name, text)
    };
    let schemas = [
        beside("kubernetes/schema.cedarschema"),
        beside("onus.cedarschema"),
        Text::new("table.cedarschema", TABLE),
    ];
    let packs = Packs {
        schemas: schemas
            .into_iter()
            .map(|text| SchemaSource { text, proved: true })
            .collect(),
        checks: checks
            .iter()
            .enumerate()
            .map(|(index, check)| check.source(index))
            .collect(),
        permissions: vec![matrix()],
        ..Packs::default()
    };
    let selection = Selection {
        only: None,
        at_least: Severity::Low,
    };
    let (program, problems) = compile(&packs, &selection, Limits::default());
    assert!(problems.is_empty(), "{problems:?}");
    program
}

/// Two systems in one, with somebody who is in both.
fn together(one: &World, other: &World, tagged: &[bool]) -> (Access, Vec<Person>) {
    let mut access = one.access.clone();
    access.extend(other.access.clone());
    access.files = vec![AccessFile {
        name: "world.yaml".into(),
        lines: LineIndex::new(""),
    }];
    let at = At {
        file: 0,
        span: Span::default(),
    };
    let notations = [Notation::Kubernetes, Notation::Table];
    for (notation, yes) in notations.into_iter().zip(tagged) {
        access.accounts.push(Account {
            subject: Subject {
                system: system(notation),
                kind: SubjectKind::User,
                name: "ann".into(),
            },
            facts: vec![("mfa".into(), Word::new(yes.to_string(), at))],
            at,
        });
    }
    let is =
        |system: &str, name: &str| spanned((system.to_owned(), SubjectKind::User, name.to_owned()));
    let ada = Person {
        name: spanned("Ada".to_owned()),
        is: vec![is("kubernetes", "ann"), is("table", "bob")],
        facts: vec![("joined".into(), Word::new("2026", at))],
        text: Text::new("people.yaml", ""),
    };
    (access, vec![ada])
}

/// Verdicts with all that is told of them, and how many there are.
fn told(program: &Program, judged: Judged) -> Evaluated {
    let mut evaluated = evaluate(program, &BTreeMap::new(), &[], &[], true);
    evaluated.add(judged, &[0]);
    evaluated
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn grants_are_judged_as_if_every_policy_were_asked_about_everything(
        checks in prop::collection::vec(drafted(), 1..12),
        cluster in world_of(Notation::Kubernetes, false),
        table in world_of(Notation::Table, false),
        tagged in prop::collection::vec(any::<bool>(), 0..3),
    ) {
        let program = program(&checks);
        let (access, people) = together(&cluster, &table, &tagged);
        let held = effective(&access);
        let ours = judge_access(&program, &access, &held, &people, Keep::Everything);
        let plain = judge_access_plainly(&program, &access, &held, &people, Keep::Everything);
        let (ours, plain) = (told(&program, ours), told(&program, plain));
        for (ours, plain) in ours.evaluations.iter().zip(&plain.evaluations) {
            prop_assert_eq!(ours, plain);
        }
        prop_assert_eq!(ours.evaluations.len(), plain.evaluations.len());
        prop_assert_eq!(ours.tallies, plain.tallies);
    }
}
