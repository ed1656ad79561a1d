//! The JSON Schema of the JSON report.

use onus_model::assessment::{Ending, Verdict};
use onus_model::check::Severity;
use onus_model::file::Outcome;
use onus_model::governance::{Absent, Observed, OccurrenceState};
use onus_model::responsibility::{Fact, Ssrm};
use onus_model::setup::GovernanceGate;
use onus_model::status::{Reason, Status};
use onus_model::waiver::WaiverKind;
use serde_json::{Value, json};

/// An object whose keys are all required, but for those that end in `?`.
fn object(properties: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = properties
        .iter()
        .map(|(name, _)| *name)
        .filter(|n| !n.ends_with('?'))
        .collect();
    let properties: serde_json::Map<String, Value> = properties
        .iter()
        .map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone()))
        .collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

/// The JSON Schema (2020-12) of the JSON report, version 1.
#[must_use]
pub fn report_schema() -> String {
    let text = json!({"type": "string"});
    let text_or_null = json!({"type": ["string", "null"]});
    let count = json!({"type": "integer", "minimum": 0});
    let number = json!({"type": "integer", "minimum": 1});
    let reference = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    let or_null =
        |name: &str| json!({"anyOf": [{"$ref": format!("#/$defs/{name}")}, {"type": "null"}]});
    let endings = Ending::ALL.map(Ending::name);
    let tally: Vec<(&str, Value)> = [
        "pass",
        "fail",
        "not-applicable",
        "unknown",
        "error",
        "waived",
    ]
    .map(|n| (n, count.clone()))
    .into();
    let outcomes: Vec<(&str, Value)> = Outcome::ALL.map(|o| (o.name(), count.clone())).into();
    let mut root = object(&[
        ("schema_version", json!({"const": 1})),
        (
            "tool",
            object(&[
                ("name", json!({"const": "onus"})),
                ("version", text.clone()),
            ]),
        ),
        ("frameworks", list(&text)),
        (
            "parameters",
            json!({"type": "object", "additionalProperties": text}),
        ),
        ("ending", json!({"enum": endings})),
        (
            "exit_code",
            json!({"enum": Ending::ALL.map(Ending::code), "description": "the exit code that the ending stands for; --exit-zero does not change it"}),
        ),
        ("files", list(&reference("file"))),
        ("evaluations", list(&reference("evaluation"))),
        ("requirements", list(&reference("requirement"))),
        (
            "governance",
            json!({"anyOf": [{"$ref": "#/$defs/governance"}, {"type": "null"}], "description": "who must do what, and whether they did; null where nothing is declared and no framework is chosen"}),
        ),
        ("checks", list(&reference("check"))),
        (
            "tallies",
            object(&[
                ("verdicts", reference("tally")),
                ("outcomes", object(&outcomes)),
                ("documents", count.clone()),
                ("objects", count.clone()),
                (
                    "questions",
                    json!({"type": "integer", "minimum": 0, "description": "distinct questions that Cedar was asked"}),
                ),
            ]),
        ),
    ]);
    let mut definitions = json!({
        "tally": object(&tally),
        "location": object(&[
            ("file", text.clone()),
            ("line", number.clone()),
            ("column", json!({"type": "integer", "minimum": 1, "description": "in Unicode code points"})),
            ("end_line", number.clone()),
            ("end_column", number.clone()),
        ]),
        "file": object(&[
            ("path", text.clone()),
            ("outcome", json!({"enum": Outcome::ALL.map(Outcome::name)})),
            ("reason?", text.clone()),
            ("location?", object(&[("line", number.clone()), ("column", number)])),
            ("documents", count.clone()),
            ("objects", count.clone()),
            ("duplicate_keys", count.clone()),
        ]),
        "evaluation": object(&[
            ("check", text.clone()),
            ("policy", json!({"type": "integer", "minimum": 0, "description": "which policy of the check, counted from 0"})),
            ("verdict", json!({"enum": Verdict::ALL.map(Verdict::name)})),
            ("severity", json!({"enum": Severity::ALL.map(Severity::name)})),
            ("target", object(&[
                ("type", text.clone()),
                ("id", text.clone()),
                ("object", object(&[("kind", text.clone()), ("namespace", text_or_null.clone()), ("name", text_or_null.clone())])),
            ])),
            ("location", reference("location")),
            ("read", list(&reference("read"))),
            ("also", list(&object(&[("location", reference("location")), ("message", text.clone())]))),
            ("message", text.clone()),
            ("help", text.clone()),
            ("waiver", json!({"type": ["string", "null"], "description": "the id of the waiver that takes the failure away"})),
        ]),
        "read": object(&[
            ("path", text.clone()),
            ("value", text_or_null),
            ("state", json!({"enum": ["value", "present", "missing", "fault"]})),
            ("location", or_null("location")),
            ("policy", reference("location")),
        ]),
        "check": object(&[
            ("id", text.clone()),
            ("title", text),
            ("severity", json!({"enum": Severity::ALL.map(Severity::name)})),
            ("tally", reference("tally")),
        ]),
    });
    if let Some(definitions) = definitions.as_object_mut() {
        definitions.extend(governance());
    }
    if let Some(root) = root.as_object_mut() {
        root.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        root.insert("title".to_owned(), json!("Onus report, version 1"));
        root.insert("$defs".to_owned(), definitions);
    }
    format!("{root:#}\n")
}

/// What the key `governance`, and the requirements, are made of.
fn governance() -> serde_json::Map<String, Value> {
    let text = json!({"type": "string"});
    let text_or_null = json!({"type": ["string", "null"]});
    let flag = json!({"type": "boolean"});
    let flag_or_null = json!({"type": ["boolean", "null"]});
    let count = json!({"type": "integer", "minimum": 0});
    let date = json!({"type": "string", "format": "date"});
    let date_or_null = json!({"type": ["string", "null"], "format": "date"});
    let reference = |name: &str| json!({"$ref": format!("#/$defs/{name}")});
    let or_null =
        |name: &str| json!({"anyOf": [{"$ref": format!("#/$defs/{name}")}, {"type": "null"}]});
    let statuses: Vec<&str> = Status::all().map(Status::name).collect();
    let status = json!({"enum": statuses});
    let standing: Vec<&str> = statuses.iter().copied().chain(["not-covered"]).collect();
    let reasons: Vec<&str> = Reason::ALL.iter().map(|r| r.name()).collect();
    let observed: Vec<&str> = Observed::ALL.iter().map(|o| o.name()).collect();
    let states: Vec<&str> = OccurrenceState::ALL.map(OccurrenceState::name).into();
    let whose = json!({"type": "string", "pattern": "^(ours|source|provider:.+)$", "description": "who has to mend it"});
    let locations = list(&reference("location"));
    let definitions = [
        (
            "requirement",
            object(&[
                ("framework", text.clone()),
                ("requirement", text.clone()),
                ("title", text.clone()),
                ("status", json!({"enum": standing})),
                ("coverage", json!({"enum": ["full", "part", "none"]})),
                ("excluded", text_or_null.clone()),
                ("alternative", or_null("because")),
                (
                    "controls",
                    list(&object(&[
                        ("control", text.clone()),
                        ("deployment", text.clone()),
                        ("status", status.clone()),
                    ])),
                ),
                (
                    "see",
                    json!({"type": "array", "items": text, "description": "requirements of other frameworks that a crosswalk names, with how they stand: a suggestion"}),
                ),
            ]),
        ),
        (
            "period",
            object(&[("from", date.clone()), ("to", date.clone())]),
        ),
        (
            "because",
            object(&[
                ("reason", json!({"enum": reasons})),
                ("status", status.clone()),
                ("message", text.clone()),
                ("whose", whose.clone()),
                ("locations", locations.clone()),
                ("policy", or_null("location")),
                ("help", text_or_null.clone()),
                (
                    "about",
                    json!({"type": ["string", "null"], "description": "the check, the evidence or the attestation that it is about"}),
                ),
            ]),
        ),
        (
            "governance",
            object(&[
                (
                    "now",
                    json!({"type": "string", "format": "date", "description": "the day that everything was judged on"}),
                ),
                ("system", text_or_null.clone()),
                ("window", or_null("period")),
                (
                    "gate",
                    json!({"enum": GovernanceGate::ALL.map(GovernanceGate::name)}),
                ),
                ("gate_provider", flag.clone()),
                ("deployments", list(&reference("deployment"))),
                ("controls", list(&reference("control"))),
                (
                    "left_out",
                    list(&object(&[
                        ("control", text.clone()),
                        ("reason", text.clone()),
                    ])),
                ),
                ("matrix", list(&reference("matrix-row"))),
                ("evidence", list(&reference("evidence"))),
                ("observations", list(&reference("observation"))),
                ("waivers", list(&reference("waiver"))),
            ]),
        ),
        (
            "deployment",
            object(&[
                ("deployment", text.clone()),
                ("provider", text_or_null.clone()),
                (
                    "facts",
                    list(&object(&[
                        ("fact", json!({"enum": Fact::ALL.map(Fact::name)})),
                        (
                            "value",
                            json!({"type": ["string", "null"], "description": "null where it is not known"}),
                        ),
                        (
                            "proof",
                            json!({"type": ["string", "null"], "description": "the file that shows it; null for what is only declared"}),
                        ),
                    ])),
                ),
                ("agreements", list(&text)),
            ]),
        ),
        (
            "control",
            object(&[
                ("control", text.clone()),
                ("title", text.clone()),
                ("deployment", text.clone()),
                ("status", status.clone()),
                (
                    "parts",
                    list(&object(&[
                        ("part", text.clone()),
                        ("title", text.clone()),
                        (
                            "accountable",
                            json!({"type": ["string", "null"], "description": "`customer`, or the id of a party; null where nobody is"}),
                        ),
                        ("requirement", text_or_null.clone()),
                        ("in_scope", flag_or_null.clone()),
                        ("status", status),
                        ("reasons", list(&reference("because"))),
                    ])),
                ),
            ]),
        ),
        (
            "matrix-row",
            object(&[
                ("deployment", text.clone()),
                ("provider", text.clone()),
                ("framework", text_or_null.clone()),
                ("area", text.clone()),
                ("area_title", text.clone()),
                ("ssrm", json!({"enum": Ssrm::ALL.map(Ssrm::name)})),
                ("dependent", flag_or_null),
                ("part", text.clone()),
                ("part_title", text.clone()),
                ("accountable", list(&text)),
                ("performs", list(&text)),
                (
                    "absent",
                    json!({"enum": Absent::ALL.map(Absent::name).map(Some).into_iter().chain([None]).collect::<Vec<_>>(), "description": "why no party is named; null where one is, or nobody is accountable"}),
                ),
                ("note", text_or_null.clone()),
                ("file", text_or_null.clone()),
                ("line", json!({"type": ["integer", "null"], "minimum": 1})),
                ("source", text_or_null.clone()),
                ("as_of", date_or_null.clone()),
            ]),
        ),
        (
            "evidence",
            object(&[
                ("control", text.clone()),
                ("evidence", text.clone()),
                ("title", text.clone()),
                ("expected", count),
                (
                    "occurrences",
                    list(&object(&[
                        ("occurrence", text.clone()),
                        ("from", date.clone()),
                        ("to", date.clone()),
                        ("due", date.clone()),
                        ("state", json!({"enum": states})),
                        ("file", text_or_null.clone()),
                        ("performed", date_or_null),
                    ])),
                ),
                ("defaults", list(&text)),
            ]),
        ),
        (
            "observation",
            object(&[
                ("observation", json!({"enum": observed})),
                ("defect", flag),
                ("message", text.clone()),
                ("whose", whose),
                ("locations", locations),
                ("help", text_or_null.clone()),
            ]),
        ),
        (
            "waiver",
            object(&[
                ("waiver", text.clone()),
                (
                    "kind",
                    json!({"enum": WaiverKind::ALL.map(WaiverKind::name)}),
                ),
                ("reason", text),
                ("owner", text_or_null.clone()),
                ("approved_by", text_or_null),
                (
                    "approval_shown",
                    json!({"type": ["string", "null"], "description": "what shows the approval; null for what is only stated"}),
                ),
                ("expires", date),
                (
                    "used",
                    json!({"type": "integer", "minimum": 0, "description": "how many failures it took away"}),
                ),
            ]),
        ),
    ];
    definitions
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}
