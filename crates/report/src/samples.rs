//! Assessments made by hand, for the tests of this crate.

use std::collections::BTreeMap;
use std::sync::Arc;

use onus_model::assessment::{
    Assessment, Evaluation, Explanation, Place, Read, RequirementResult, Saw, Status, Tally,
    Target, Texts, Verdict,
};
use onus_model::check::{Check, Effect, Policy, Severity};
use onus_model::extract::ObjectName;
use onus_model::file::{File, Outcome};
use onus_model::plan::{FormatId, TypeId};
use onus_model::source::{FileId, LineIndex, Position, Span, Text};

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
    let requirement = |id: &str, status: Option<Status>, full: bool| RequirementResult {
        framework: "demo".to_owned(),
        requirement: id.to_owned(),
        title: format!("requirement {id}"),
        status,
        full,
        controls: status
            .map(|s| ("a-control".to_owned(), s))
            .into_iter()
            .collect(),
    };
    all.requirements = vec![
        requirement("A-1", Some(Status::NotSatisfied), true),
        requirement("A-2", Some(Status::Undetermined), false),
        requirement("A-3", Some(Status::NotAssessed), true),
        requirement("A-4", Some(Status::Satisfied), true),
        requirement("A-5", Some(Status::Satisfied), false),
        requirement("A-6", None, false),
    ];
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
