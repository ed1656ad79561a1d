//! Assessments made by hand, for the tests of this crate.

use std::collections::BTreeMap;
use std::sync::Arc;

use onus_model::assessment::{
    Assessment, Evaluation, Explanation, Place, Read, Saw, Tally, Target, Texts, Verdict,
};
use onus_model::check::{Check, Effect, Policy, Severity};
use onus_model::extract::ObjectName;
use onus_model::file::{File, Outcome};
use onus_model::governance::{
    Because, ControlResult, DeploymentShown, EvidenceResult, Governance, MatrixRow, Observation,
    Observed, Occurrence, OccurrenceState, PartResult, RequirementResult, Standing, WaiverUse,
    Whose,
};
use onus_model::plan::{FormatId, TypeId};
use onus_model::problem::Label;
use onus_model::responsibility::{Fact, Owner, Ssrm};
use onus_model::setup::GovernanceGate;
use onus_model::source::{FileId, LineIndex, Position, Span, Text};
use onus_model::status::{Reason, Status};
use onus_model::waiver::WaiverKind;

use crate::{Format, Style, render};

pub(crate) const PLAIN: Style = Style {
    color: false,
    unicode: true,
    width: 80,
};

pub(crate) const ASCII: Style = Style {
    unicode: false,
    ..PLAIN
};

pub(crate) const POLICY: &str = "@severity(\"high\")\nforbid (principal, action, resource)\nwhen { resource has privileged && resource.privileged };\n";

/// Texts by index; a file without one is gone.
pub(crate) struct Shelf(pub(crate) Vec<Option<Text>>);

impl Texts for Shelf {
    fn text(&self, file: FileId) -> Option<Text> {
        self.0.get(file.0 as usize).cloned().flatten()
    }
}

/// Where some words first stand in a text.
pub(crate) fn find(text: &str, words: &str) -> Span {
    let start = text.find(words).expect("the words are in the text");
    Span::new(start, start + words.len())
}

pub(crate) fn place(file: u32, text: &str, words: &str) -> Place {
    let span = find(text, words);
    let lines = LineIndex::new(text);
    Place {
        file: FileId(file),
        span,
        start: lines.position(span.start),
        end: lines.position(span.end),
    }
}

pub(crate) fn check(id: &str, severity: Severity) -> Check {
    Check {
        id: id.to_owned(),
        title: "containers must not be privileged".to_owned(),
        severity,
        help: "remove `privileged`".to_owned(),
        format: FormatId(0),
        effect: Effect::Forbid,
        text: Text::new("policies/demo/policy.cedar", POLICY),
        policies: vec![Policy {
            title: "containers must not be privileged".into(),
            help: "remove `privileged`".into(),
            judges: TypeId(0),
            span: Span::new(0, POLICY.len()),
            conditions: Some(find(
                POLICY,
                "resource has privileged && resource.privileged",
            )),
        }],
    }
}

pub(crate) fn read(path: &str, saw: Saw, place: Option<Place>) -> Read {
    Read {
        path: Arc::from(path),
        saw,
        place,
        policy: find(POLICY, "resource.privileged"),
    }
}

pub(crate) fn finding(verdict: Verdict, place: Place, read: Vec<Read>) -> Evaluation {
    Evaluation {
        check: 0,
        policy: 0,
        verdict,
        target: Target {
            of: "Demo::Container".into(),
            id: "Pod/shop/web/containers/api".into(),
            object: Arc::new(ObjectName {
                kind: "Pod".to_owned(),
                namespace: Some("shop".to_owned()),
                name: None,
            }),
        },
        waiver: None,
        place,
        explanation: verdict.is_finding().then(|| {
            Box::new(Explanation {
                message: "containers must not be privileged".into(),
                help: "remove `privileged`".into(),
                read,
                also: Vec::new(),
            })
        }),
    }
}

pub(crate) fn file(path: &str, outcome: Outcome, reason: Option<&str>) -> File {
    File {
        path: path.to_owned(),
        outcome,
        reason: reason.map(str::to_owned),
        at: (outcome == Outcome::Unreadable)
            .then(|| (Position { line: 3, column: 7 }, Span::new(9, 10))),
        documents: 1,
        objects: u32::from(outcome == Outcome::Checked),
        duplicate_keys: 0,
    }
}

/// One check, its findings, and the files they stand in.
pub(crate) fn assessment(
    check: Check,
    files: Vec<File>,
    evaluations: Vec<Evaluation>,
) -> Assessment {
    let mut tally = Tally::default();
    for evaluation in &evaluations {
        tally.add(evaluation.verdict);
    }
    Assessment {
        checks: vec![check],
        tallies: vec![tally],
        files,
        evaluations,
        questions: 1,
        ..Assessment::default()
    }
}

pub(crate) const POD: &str = "kind: Pod\nspec:\n  containers:\n    - name: api\n      privileged: true\n    - name: job\n      privileged: [1]\n";

/// Something of everything.
pub(crate) fn storefront() -> (Assessment, Shelf) {
    let at = |words: &str| place(0, POD, words);
    let mut all = assessment(
        check("no-privileged", Severity::High),
        vec![
            file("shop/pod.yaml", Outcome::Checked, None),
            file("shop/notes.yaml", Outcome::UnknownFormat, None),
            file(
                "shop/t.yaml",
                Outcome::Skipped,
                Some("a template: render it first"),
            ),
            file(
                "shop/x.yaml",
                Outcome::Unreadable,
                Some("this mapping does not end"),
            ),
            file("target", Outcome::Ignored, None),
        ],
        vec![
            finding(
                Verdict::Fail,
                at("true"),
                vec![
                    read(
                        "resource.privileged",
                        Saw::Value("true".to_owned()),
                        Some(at("true")),
                    ),
                    read("context.demo.version", Saw::Value("34".to_owned()), None),
                ],
            ),
            finding(
                Verdict::Error,
                at("[1]"),
                vec![read(
                    "resource.privileged",
                    Saw::Fault(
                        "this is a sequence, and `privileged` must be true or false".to_owned(),
                    ),
                    Some(at("[1]")),
                )],
            ),
            finding(
                Verdict::Unknown,
                at("name: job"),
                vec![read("resource.name", Saw::Missing, Some(at("name: job")))],
            ),
            finding(Verdict::Pass, at("name: api"), Vec::new()),
        ],
    );
    all.frameworks = vec!["demo/all".to_owned()];
    all.parameters = BTreeMap::from([("demo.version".to_owned(), "34".to_owned())]);
    let requirement = |id: &str, standing: Standing, full: bool| RequirementResult {
        framework: "demo".to_owned(),
        requirement: id.to_owned(),
        title: format!("requirement {id}"),
        full,
        controls: standing
            .status()
            .map(|s| ("a-control".to_owned(), "production".to_owned(), s))
            .into_iter()
            .collect(),
        standing,
        alternative: None,
        see: Vec::new(),
    };
    let covered = Standing::Covered;
    all.requirements = vec![
        requirement("A-1", covered(Status::NotSatisfied), true),
        requirement("A-2", covered(Status::Undetermined), false),
        requirement("A-3", covered(Status::NotAssessed), true),
        requirement("A-4", covered(Status::Satisfied), true),
        requirement("A-5", covered(Status::Satisfied), false),
        requirement("A-6", Standing::NotCovered, false),
        requirement(
            "A-7",
            Standing::Excluded("we have no disks".to_owned()),
            false,
        ),
    ];
    all.governance = Some(governance());
    all.tallies[0].waived = 1;
    (all, Shelf(vec![Some(Text::new("shop/pod.yaml", POD))]))
}

pub(crate) fn shown(
    assessment: &Assessment,
    texts: &Shelf,
    format: Format,
    style: Style,
    fail_on: Severity,
) -> String {
    let mut out = Vec::new();
    render(assessment, texts, format, style, fail_on, &mut out).expect("memory can be written to");
    String::from_utf8(out).expect("reports are UTF-8")
}

const CONTROL: &str = "control: a-control\ntitle: a control\nchecks: [no-privileged]\n";

/// Something of everything that governance can say.
fn governance() -> Governance {
    let text = Text::new("controls/demo/a-control.yaml", CONTROL);
    let label = |words: &str| Label {
        text: text.clone(),
        span: find(CONTROL, words),
        message: String::new(),
    };
    let day = |text: &str| text.parse().expect("a day");
    let part = |part: &str, owner: Option<Owner>, because: Vec<Because>| PartResult {
        part: part.to_owned(),
        title: format!("the {part}"),
        requirement: None,
        in_scope: None,
        owner,
        because,
    };
    let provider = Owner::Party("acme".to_owned());
    let failed = Because::new(
        Reason::CheckFailed,
        "the check `no-privileged` failed on 1 target",
    )
    .at(label("no-privileged"));
    let mut unproven = Because::new(
        Reason::ReportMissing,
        "no report is held: what a pack says is a lead, not a proof",
    )
    .at(label("a-control"))
    .help("get the report");
    unproven.policy = Some(Label {
        text: Text::new(
            "policies/responsibility/report-reviewed/policy.cedar",
            POLICY,
        ),
        span: find(POLICY, "resource.privileged"),
        message: String::new(),
    });
    let period = |from: &str, to: &str| onus_model::date::Period {
        from: day(from),
        to: day(to),
    };
    let occurrence = |label: &str, state| Occurrence {
        label: label.to_owned(),
        period: period("2026-07-01", "2026-09-30"),
        due: day("2026-10-30"),
        state,
        path: (state != OccurrenceState::Missed).then(|| format!("reviews/{label}.md")),
        performed: (state != OccurrenceState::Missed).then(|| day("2026-10-02")),
    };
    Governance {
        now: day("2026-11-21"),
        system: Some("shop".to_owned()),
        deployments: vec![DeploymentShown {
            id: "production".to_owned(),
            on: Some("acme".to_owned()),
            facts: vec![
                (Fact::Plan, Some("gold".to_owned()), None),
                (Fact::Region, None, None),
            ],
            agreements: vec!["dpa".to_owned()],
        }],
        controls: vec![ControlResult {
            control: "a-control".to_owned(),
            title: "a control".to_owned(),
            deployment: "production".to_owned(),
            parts: vec![
                part("backups/data", Some(Owner::Customer), vec![failed]),
                PartResult {
                    requirement: Some("demo/A-2".to_owned()),
                    in_scope: Some(true),
                    ..part("backups/disks", Some(provider.clone()), vec![unproven])
                },
                part(
                    "backups/keys",
                    None,
                    vec![
                        Because::new(Reason::Unassigned, "nobody is accountable for `keys`")
                            .whose(Whose::Provider("acme".to_owned()))
                            .at(label("title")),
                    ],
                ),
            ],
        }],
        left_out: vec![(
            "privileged-containers".to_owned(),
            "nothing of ours runs on Kubernetes".to_owned(),
        )],
        matrix: vec![MatrixRow {
            deployment: "production".to_owned(),
            provider: "acme".to_owned(),
            framework: None,
            area: "backups".to_owned(),
            area_title: "Backups".to_owned(),
            ssrm: Ssrm::SharedCspCsc,
            dependent: Some(false),
            part: "disks".to_owned(),
            part_title: "back up disks".to_owned(),
            accountable: vec![provider],
            performs: vec!["acme".to_owned()],
            note: None,
            at: Some(label("title")),
            source: Some("https://example.org".to_owned()),
            as_of: Some(day("2026-01-01")),
        }],
        evidence: vec![EvidenceResult {
            control: "a-control".to_owned(),
            evidence: "reviews".to_owned(),
            title: "reviews".to_owned(),
            occurrences: vec![
                occurrence("2026-Q1", OccurrenceState::Missed),
                occurrence("2026-Q2", OccurrenceState::Late),
                occurrence("2026-Q3", OccurrenceState::Found),
                occurrence("2026-Q4", OccurrenceState::Open),
            ],
            defaults: vec!["30 days of grace".to_owned()],
        }],
        window: None,
        observations: vec![
            Observation {
                what: Observed::WaiverExpired,
                message: "the waiver `old` expired 3 days ago".to_owned(),
                whose: Whose::Ours,
                at: vec![label("title")],
                help: Some("mend what it waived".to_owned()),
            },
            Observation {
                what: Observed::PromiseOverdue,
                message: "`acme` promised `hipaa` for 2025-06-30, 509 days ago".to_owned(),
                whose: Whose::Provider("acme".to_owned()),
                at: Vec::new(),
                help: None,
            },
        ],
        waivers: vec![WaiverUse {
            id: "w-1".to_owned(),
            kind: WaiverKind::Exception,
            reason: "the old node agent".to_owned(),
            owner: Some("sre".to_owned()),
            approved_by: Some("jane".to_owned()),
            approval_shown: None,
            expires: day("2027-01-31"),
            used: 1,
        }],
        gate: GovernanceGate::Failed,
        gate_provider: false,
    }
}
