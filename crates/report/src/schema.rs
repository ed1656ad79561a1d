//! The JSON Schema of the JSON report.

use onus_model::assessment::{Ending, Status, Verdict};
use onus_model::check::Severity;
use onus_model::file::Outcome;
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
    let statuses: Vec<&str> = Status::ALL.map(Status::name).into();
    let with_uncovered: Vec<&str> = statuses.iter().copied().chain(["not-covered"]).collect();
    let endings = Ending::ALL.map(Ending::name);
    let tally: Vec<(&str, Value)> = ["pass", "fail", "not-applicable", "unknown", "error"]
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
    let definitions = json!({
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
        ]),
        "read": object(&[
            ("path", text.clone()),
            ("value", text_or_null),
            ("state", json!({"enum": ["value", "present", "missing", "fault"]})),
            ("location", or_null("location")),
            ("policy", reference("location")),
        ]),
        "requirement": object(&[
            ("framework", text.clone()),
            ("requirement", text.clone()),
            ("title", text.clone()),
            ("status", json!({"enum": with_uncovered})),
            ("coverage", json!({"enum": ["full", "part", "none"]})),
            ("controls", list(&object(&[("control", text.clone()), ("status", json!({"enum": statuses}))]))),
        ]),
        "check": object(&[
            ("id", text.clone()),
            ("title", text),
            ("severity", json!({"enum": Severity::ALL.map(Severity::name)})),
            ("tally", reference("tally")),
        ]),
    });
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
