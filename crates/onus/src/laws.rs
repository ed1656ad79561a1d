//! What must hold of every roll-up, whatever is rolled up.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use onus_engine::{
    Decisions, Facts, Groups, Held, Limits, Program, Rules, Selection, compile, conclude, evaluate,
};
use onus_inputs::document::{self, Syntax};
use onus_inputs::{FileNames, records};
use onus_model::catalog::{Catalog, EvidenceKind};
use onus_model::check::Severity;
use onus_model::date::{Date, Length};
use onus_model::evidence::{Event, Filed, Kept, Record};
use onus_model::extract::Extract;
use onus_model::file::{File, Outcome};
use onus_model::governance::Governance;
use onus_model::setup::{Deployment, GovernanceGate};
use onus_model::source::{FileId, Text};
use onus_model::status::Status;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::args::PackArgs;
use crate::packs::{self, Need};

const CONTROLS: &str = "
framework: ours
title: Ours
version: 1
requirements: [{id: '1', title: One}, {id: '2', title: Two}]
---
control: quarters
title: Something every quarter
satisfies: [ours/1]
evidence: [{evidence: q, title: Q, path: 'q/{year}-Q{quarter}.md', every: quarter, starts: 2025-01-01, grace: 30 days}]
---
control: drills
title: Something now and then
satisfies: [ours/1]
evidence: [{evidence: d, title: D, path: 'd/{date}.md', max_age: 6 months}]
---
control: incidents
title: Something after each incident
satisfies: [ours/1]
evidence: [{evidence: i, title: I, path: 'i/{id}.md', every: event, events: 'log/{id}.yaml', grace: 30 days}]
---
control: ports
title: No ports of the host
satisfies: [ours/2]
checks: [no-host-ports]
---
control: both
title: A check and records
satisfies: [ours/2]
checks: [no-host-ports]
evidence: [{evidence: q, title: Q, path: 'q/{year}-Q{quarter}.md', every: quarter, starts: 2025-01-01, grace: 30 days}]
";

const WAIVER: &str = "
waiver: w
check: no-host-ports
kind: exception
reason: needed
owner: ops
requested_by: ann
approved_by: bob
from: 2026-06-01
expires: 2026-07-31
";

/// How good a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quality {
    Good,
    Adverse,
    Empty,
    Unsigned,
}

/// What a pod does with the ports of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pod {
    Passes,
    Fails,
    /// It has none, so that the check judges nothing in it.
    Bare,
}

/// Everything that a roll-up depends on, in small.
#[derive(Clone, Debug)]
struct World {
    now: Date,
    /// Records by quarter since the first of 2025, and how many days after its end each was made.
    quarters: Vec<(u8, i64, Quality)>,
    /// Records by the day since the first of 2025.
    drills: Vec<(i64, Quality)>,
    /// Incidents by the day since the first of 2025, with or without a record.
    incidents: Vec<(i64, Option<Quality>)>,
    pods: Vec<Pod>,
    waived: bool,
}

fn first() -> Date {
    "2025-01-01".parse().unwrap()
}

fn day(number: i64) -> Date {
    Length::days(u32::try_from(number.max(0)).unwrap()).after(first())
}

prop_compose! {
    fn world()(
        now in 0_i64..900,
        quarters in prop::collection::vec((0_u8..8, -60_i64..60, quality()), 0..14),
        drills in prop::collection::vec((0_i64..900, quality()), 0..4),
        incidents in prop::collection::vec((0_i64..900, prop::option::of(quality())), 0..3),
        pods in prop::collection::vec(pod(), 0..4),
        waived in any::<bool>(),
    ) -> World {
        World { now: day(now), quarters, drills, incidents, pods, waived }
    }
}

fn quality() -> impl Strategy<Value = Quality> {
    prop_oneof![
        8 => Just(Quality::Good),
        1 => Just(Quality::Adverse),
        1 => Just(Quality::Empty),
        1 => Just(Quality::Unsigned),
    ]
}

fn pod() -> impl Strategy<Value = Pod> {
    prop_oneof![Just(Pod::Passes), Just(Pod::Fails), Just(Pod::Bare)]
}

type Extracts = Vec<(FileId, Extract)>;

/// What every judgement needs, made once.
struct Judge {
    program: Program,
    decisions: Decisions,
    plain: Catalog,
    waived: Catalog,
    /// By the texts of the files.
    extracts: RefCell<BTreeMap<Vec<String>, Extracts>>,
}

impl Judge {
    fn new() -> Self {
        let packs = packs::read(&PackArgs::default(), &[], Need::Everything).packs;
        let limits = Limits {
            policy_bytes: 1 << 20,
            policy_depth: 64,
        };
        let selection = Selection {
            only: Some(BTreeSet::from(["no-host-ports".to_owned()])),
            at_least: Severity::Low,
        };
        let (program, problems) = compile(&packs, &selection, limits);
        assert_eq!(problems, []);
        let (decisions, problems) = Decisions::compile(&packs, limits);
        assert_eq!(problems, []);
        let catalog = |text: String| {
            let file = onus_inputs::authored::Authored {
                text: Text::new("ours.yaml", text),
                packed: false,
            };
            let (catalog, problems) = onus_inputs::authored::catalog(&[file], None);
            assert_eq!(problems, []);
            catalog
        };
        Self {
            program,
            decisions,
            plain: catalog(CONTROLS.to_owned()),
            waived: catalog(format!("{CONTROLS}---{WAIVER}")),
            extracts: RefCell::default(),
        }
    }

    /// Rolls a world up.
    fn judge(&self, world: &World) -> Governance {
        let catalog = if world.waived {
            &self.waived
        } else {
            &self.plain
        };
        let texts: Vec<String> = world
            .pods
            .iter()
            .enumerate()
            .map(|(n, pod)| manifest(n, *pod))
            .collect();
        let files: Vec<File> = texts
            .iter()
            .enumerate()
            .map(|(n, _)| File {
                path: format!("{n}.yaml"),
                outcome: Outcome::Checked,
                reason: None,
                at: None,
                documents: 1,
                objects: 1,
                duplicate_keys: 0,
            })
            .collect();
        let mut known = self.extracts.borrow_mut();
        let extracts = known
            .entry(texts.clone())
            .or_insert_with(|| self.extracts_of(&texts));
        let deployments = [Deployment::undeclared()];
        let groups = Groups::new(&deployments, "", &files);
        let contexts = onus_inputs::contexts(&self.program.plan, &[], Default::default()).unwrap();
        let evaluated = evaluate(
            &self.program,
            &contexts.actions,
            extracts,
            &groups.of_file,
            false,
        );
        let rules = Rules {
            decisions: &self.decisions,
            setup: None,
            held: ["1", "2"]
                .map(|requirement| Held {
                    framework: "ours".to_owned(),
                    requirement: requirement.to_owned(),
                    excluded: None,
                })
                .into(),
            kept: kept(world),
            observations: Vec::new(),
            now: world.now,
            window: None,
            gate: GovernanceGate::default(),
            groups,
            no_waivers: false,
            files_there: BTreeSet::new(),
            code_owners: BTreeMap::new(),
        };
        conclude(
            &self.program,
            evaluated,
            catalog,
            Facts {
                files,
                parameters: BTreeMap::new(),
                frameworks: vec!["ours".to_owned()],
                rules: Some(rules),
            },
        )
        .governance
        .unwrap()
    }

    fn extracts_of(&self, texts: &[String]) -> Extracts {
        let plan = &self.program.plan;
        let names = FileNames::new(plan);
        texts
            .iter()
            .enumerate()
            .map(|(n, text)| {
                let bytes = text.clone().into_bytes();
                let tree =
                    document::read(bytes, Syntax::Yaml, &document::Limits::default()).unwrap();
                let formats = names.formats("pod.yaml");
                let extract = onus_inputs::extract(plan, &formats, &tree, false, 0);
                (FileId(u32::try_from(n).unwrap()), extract)
            })
            .collect()
    }

    /// How each control stands.
    fn statuses(&self, world: &World) -> BTreeMap<String, Status> {
        self.judge(world)
            .controls
            .iter()
            .map(|c| (c.control.clone(), c.status()))
            .collect()
    }
}

fn manifest(number: usize, pod: Pod) -> String {
    let ports = match pod {
        Pod::Passes => "ports: [{containerPort: 80}]",
        Pod::Fails => "ports: [{containerPort: 80, hostPort: 80}]",
        Pod::Bare => "env: []",
    };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}}}\nspec:\n  containers:\n  - name: c\n    image: a:1\n    {ports}\n"
    )
}

fn record(path: String, name: (&str, String), on: Date, quality: Quality) -> Record {
    let result = match quality {
        Quality::Adverse => "adverse",
        _ => "satisfactory",
    };
    let text = match quality {
        Quality::Empty => String::new(),
        Quality::Unsigned => "Done.\n".to_owned(),
        Quality::Good | Quality::Adverse => {
            format!(
                "---\nperformed_by: Ada\nperformed_on: {on}\nscope: all\nresult: {result}\n---\nDone.\n"
            )
        }
    };
    let period = records::period(&name.1);
    Record {
        captures: vec![(name.0.to_owned(), name.1)],
        period,
        content: Ok(records::content(
            &Text::new(path.as_str(), text),
            EvidenceKind::Record,
        )),
        filed: Filed::On(on),
        outside: false,
        path,
    }
}

/// What a quarter is called.
fn label(number: u8) -> String {
    format!("{}-Q{}", 2025 + u32::from(number / 4), number % 4 + 1)
}

/// The day so many days after the end of a quarter.
fn made(number: u8, after: i64) -> Date {
    let end = records::period(&label(number)).unwrap().to;
    day(onus_model::date::days_between(first(), end) + after)
}

/// The records of a world. Of what would be one file the first is there.
fn kept(world: &World) -> Vec<Kept> {
    let mut quarters: BTreeMap<String, Record> = BTreeMap::new();
    for (number, after, quality) in &world.quarters {
        let label = label(*number);
        let on = made(*number, *after);
        let path = format!("q/{label}.md");
        quarters
            .entry(path.clone())
            .or_insert_with(|| record(path, ("period", label), on, *quality));
    }
    let mut drills: BTreeMap<String, Record> = BTreeMap::new();
    for (number, quality) in &world.drills {
        let on = day(*number);
        let path = format!("d/{on}.md");
        drills
            .entry(path.clone())
            .or_insert_with(|| record(path, ("date", on.to_string()), on, *quality));
    }
    let mut events = BTreeMap::new();
    let mut after: BTreeMap<String, Record> = BTreeMap::new();
    for (number, quality) in &world.incidents {
        let id = format!("i{number}");
        let path = format!("log/{id}.yaml");
        let on = day(*number);
        events.entry(path.clone()).or_insert_with(|| Event {
            path,
            captures: vec![("id".to_owned(), id.clone())],
            on: Some(on),
        });
        if let Some(quality) = quality {
            let path = format!("i/{id}.md");
            let on = day(number + 5);
            after
                .entry(path.clone())
                .or_insert_with(|| record(path, ("id", id), on, *quality));
        }
    }
    let of = |control: &str, evidence: &str, all: &BTreeMap<String, Record>| Kept {
        control: control.to_owned(),
        evidence: evidence.to_owned(),
        records: all.values().cloned().collect(),
        events: Vec::new(),
    };
    let mut incidents = of("incidents", "i", &after);
    incidents.events = events.into_values().collect();
    vec![
        of("quarters", "q", &quarters),
        of("both", "q", &quarters),
        of("drills", "d", &drills),
        incidents,
    ]
}

fn config() -> Config {
    Config {
        cases: 500,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Tries a law on many worlds.
fn law(test: impl Fn(&Judge, World) -> Result<(), TestCaseError>) {
    tried(TestRunner::new(config()), test);
}

fn tried(mut runner: TestRunner, test: impl Fn(&Judge, World) -> Result<(), TestCaseError>) {
    let judge = Judge::new();
    runner.run(&world(), |world| test(&judge, world)).unwrap();
}

/// No control stands worse in the second than in the first.
fn not_worse(
    before: &BTreeMap<String, Status>,
    after: &BTreeMap<String, Status>,
) -> Result<(), TestCaseError> {
    for (control, status) in before {
        prop_assert!(
            after[control] >= *status,
            "{control} was {} and is {}",
            status.name(),
            after[control].name()
        );
    }
    Ok(())
}

#[test]
fn a_target_that_passes_never_makes_anything_worse() {
    law(|judge, mut world| {
        let before = judge.statuses(&world);
        world.pods.push(Pod::Passes);
        // A check that found nothing of its kind where it could be is good already.
        not_worse(&before, &judge.statuses(&world))
    });
}

#[test]
fn taking_supporting_evidence_away_never_makes_anything_better() {
    law(|judge, world| {
        let after = judge.statuses(&world);
        for index in 0..world.quarters.len() {
            let mut less = world.clone();
            let (number, later, quality) = less.quarters.remove(index);
            // A second record of the quarter would come to light.
            let twice = less.quarters.iter().any(|(other, _, _)| *other == number);
            if quality == Quality::Good && !twice && made(number, later) <= world.now {
                not_worse(&judge.statuses(&less), &after)?;
            }
        }
        for index in 0..world.drills.len() {
            let mut less = world.clone();
            let (number, quality) = less.drills.remove(index);
            let twice = less.drills.iter().any(|(other, _)| *other == number);
            if quality == Quality::Good && !twice && day(number) <= world.now {
                not_worse(&judge.statuses(&less), &after)?;
            }
        }
        for index in 0..world.incidents.len() {
            let mut less = world.clone();
            let (number, quality) = less.incidents[index];
            less.incidents[index].1 = None;
            let twice = world.incidents.iter().filter(|(other, _)| *other == number);
            let there = day(number + 5) <= world.now;
            if quality == Some(Quality::Good) && twice.count() == 1 && there {
                not_worse(&judge.statuses(&less), &after)?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_waiver_never_turns_not_assessed_into_anything() {
    law(|judge, mut world| {
        world.waived = false;
        let without = judge.statuses(&world);
        world.waived = true;
        let with = judge.statuses(&world);
        for (control, status) in &without {
            if *status == Status::NotAssessed {
                prop_assert_eq!(with[control], Status::NotAssessed, "{}", control);
            }
            // And what was good is as good as it was.
            if *status >= Status::ManualAttested {
                prop_assert_eq!(with[control], *status, "{}", control);
            }
        }
        Ok(())
    });
}

#[test]
fn the_order_of_files_never_matters() {
    law(|judge, mut world| {
        // What would be one file is one file, whatever comes first.
        world.quarters.dedup_by_key(|q| q.0);
        world.quarters.sort_by_key(|q| q.0);
        world.quarters.dedup_by_key(|q| q.0);
        world.drills.sort_by_key(|d| d.0);
        world.drills.dedup_by_key(|d| d.0);
        world.incidents.sort_by_key(|i| i.0);
        world.incidents.dedup_by_key(|i| i.0);
        let mut turned = world.clone();
        turned.quarters.reverse();
        turned.drills.reverse();
        turned.incidents.reverse();
        turned.pods.reverse();
        let (one, other) = (judge.judge(&world), judge.judge(&turned));
        prop_assert_eq!(one.controls, other.controls);
        prop_assert_eq!(one.evidence, other.evidence);
        prop_assert_eq!(one.observations, other.observations);
        Ok(())
    });
}

#[test]
fn time_never_makes_fresh_what_was_stale() {
    law(|judge, mut world| {
        // What lies ahead of the first day would come in its time.
        let now = world.now;
        world.drills.retain(|(number, _)| day(*number) <= now);
        let before = judge.statuses(&world);
        for later in [1, 30, 90, 400] {
            let mut then = world.clone();
            then.now = Length::days(later).after(now);
            let after = judge.statuses(&then);
            if before["drills"] == Status::Stale {
                prop_assert!(
                    after["drills"] <= Status::Stale,
                    "{}",
                    after["drills"].name()
                );
            }
        }
        Ok(())
    });
}

#[test]
fn without_any_record_nothing_is_above_not_yet_due() {
    law(|judge, mut world| {
        world.quarters.clear();
        world.drills.clear();
        world.incidents.iter_mut().for_each(|i| i.1 = None);
        world.pods.clear();
        for (control, status) in judge.statuses(&world) {
            prop_assert!(
                status <= Status::NotYetDue,
                "{control} is {}",
                status.name()
            );
        }
        Ok(())
    });
}

/// Laws that are tried on nothing but ruins say nothing.
#[test]
fn the_worlds_that_are_tried_are_of_every_kind() {
    let seen: RefCell<BTreeMap<(String, &'static str), usize>> = RefCell::default();
    // The same worlds each time: what is counted here is no law.
    let same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    tried(TestRunner::new_with_rng(config(), same), |judge, world| {
        for (control, status) in judge.statuses(&world) {
            *seen
                .borrow_mut()
                .entry((control, status.name()))
                .or_default() += 1;
        }
        Ok(())
    });
    let seen = seen.borrow();
    for (control, statuses) in [
        (
            "quarters",
            &["satisfied", "not-satisfied", "claim-only", "not-yet-due"][..],
        ),
        (
            "drills",
            &["satisfied", "stale", "claim-only", "not-satisfied"],
        ),
        (
            "incidents",
            &[
                "satisfied",
                "not-satisfied",
                "not-assessed",
                "not-yet-due",
                "claim-only",
            ],
        ),
        (
            "ports",
            &["satisfied", "not-satisfied", "not-assessed", "waived"],
        ),
        (
            "both",
            &["satisfied", "not-satisfied", "not-assessed", "claim-only"],
        ),
    ] {
        for status in statuses {
            let count = seen.get(&(control.to_owned(), *status)).copied();
            assert!(count >= Some(5), "{control} is {status} in {count:?}");
        }
    }
}
