//! JSON, version 1. These structs are the format: they change only by addition.

mod governance;

use std::collections::BTreeMap;
use std::io::{self, Write};

use onus_model::assessment::{Assessment, Evaluation, Place, Read, Saw, Tally};
use onus_model::check::Severity;
use onus_model::file::Outcome;
use onus_model::source::{LineIndex, Position, Span};
use rayon::prelude::*;
use serde::Serialize;

use governance::RequirementV1;

/// What stands in `schema_version`.
const VERSION: u32 = 1;

/// Writes an assessment. One line for every file and every evaluation, so that it can be searched and compared.
pub(crate) fn render(
    assessment: &Assessment,
    fail_on: Severity,
    out: &mut dyn Write,
) -> io::Result<()> {
    let ending = assessment.ending(fail_on);
    let tool = Tool {
        name: "onus",
        version: env!("CARGO_PKG_VERSION"),
    };
    write!(out, "{{\"schema_version\":{VERSION},\"tool\":")?;
    value(out, &tool)?;
    write!(out, ",\n\"frameworks\":")?;
    value(out, &assessment.frameworks)?;
    write!(out, ",\n\"parameters\":")?;
    value(out, &assessment.parameters)?;
    write!(out, ",\n\"ending\":")?;
    value(out, &ending.name())?;
    write!(out, ",\n\"exit_code\":{}", ending.code())?;
    list(out, "files", assessment.files.iter().map(FileV1::new))?;
    let lines: Vec<LineIndex> = assessment
        .checks
        .iter()
        .map(|c| LineIndex::new(&c.text.text))
        .collect();
    evaluations(assessment, &lines, out)?;
    list(
        out,
        "requirements",
        assessment.requirements.iter().map(RequirementV1::new),
    )?;
    governance::render(assessment, out)?;
    list(
        out,
        "checks",
        assessment
            .checks
            .iter()
            .zip(&assessment.tallies)
            .map(|(check, tally)| CheckV1 {
                id: &check.id,
                title: &check.title,
                severity: check.severity.name(),
                tally: TallyV1::new(tally),
            }),
    )?;
    let outcomes: BTreeMap<&str, usize> = Outcome::ALL
        .into_iter()
        .map(|o| (o.name(), assessment.count(o)))
        .collect();
    write!(out, ",\n\"tallies\":")?;
    value(
        out,
        &TalliesV1 {
            verdicts: TallyV1::new(&assessment.tally()),
            outcomes,
            documents: assessment
                .files
                .iter()
                .map(|f| u64::from(f.documents))
                .sum(),
            objects: assessment.files.iter().map(|f| u64::from(f.objects)).sum(),
            questions: assessment.questions,
        },
    )?;
    writeln!(out, "}}")
}

/// The evaluations are most of a report: they are written by all threads, some thousand at a time.
fn evaluations(
    assessment: &Assessment,
    lines: &[LineIndex],
    out: &mut dyn Write,
) -> io::Result<()> {
    const CHUNK: usize = 256;
    const AT_ONCE: usize = 16 * CHUNK;
    out.write_all(b",\n\"evaluations\":[")?;
    let mut first = true;
    for some in assessment.evaluations.chunks(AT_ONCE) {
        let written: Vec<io::Result<Vec<u8>>> = some
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut text = Vec::with_capacity(CHUNK * 1024);
                for evaluation in chunk
                    .iter()
                    .filter_map(|e| EvaluationV1::new(assessment, lines, e))
                {
                    text.extend_from_slice(b",\n");
                    serde_json::to_writer(&mut text, &evaluation).map_err(io::Error::from)?;
                }
                Ok(text)
            })
            .collect();
        for text in written {
            let text = text?;
            // The first element has no comma before it.
            let skip = usize::from(first && !text.is_empty());
            out.write_all(text.get(skip..).unwrap_or_default())?;
            first &= text.is_empty();
        }
    }
    out.write_all(b"]")
}

fn value(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}

/// An array with one element a line.
fn list<T: Serialize>(
    out: &mut dyn Write,
    name: &str,
    elements: impl Iterator<Item = T>,
) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    let mut first = true;
    for element in elements {
        out.write_all(if first { b"\n" } else { b",\n" })?;
        first = false;
        value(out, &element)?;
    }
    out.write_all(b"]")
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct FileV1<'a> {
    path: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<PointV1>,
    documents: u32,
    objects: u32,
    duplicate_keys: u32,
}

impl<'a> FileV1<'a> {
    fn new(file: &'a onus_model::file::File) -> Self {
        Self {
            path: &file.path,
            outcome: file.outcome.name(),
            reason: file.reason.as_deref(),
            location: file.at.map(|(p, _)| PointV1 {
                line: p.line,
                column: p.column,
            }),
            documents: file.documents,
            objects: file.objects,
            duplicate_keys: file.duplicate_keys,
        }
    }
}

#[derive(Serialize)]
struct PointV1 {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct EvaluationV1<'a> {
    check: &'a str,
    policy: u32,
    verdict: &'static str,
    severity: &'static str,
    target: TargetV1<'a>,
    location: LocationV1<'a>,
    read: Vec<ReadV1<'a>>,
    also: Vec<AlsoV1<'a>>,
    message: &'a str,
    help: &'a str,
    waiver: Option<&'a str>,
}

#[derive(Serialize)]
struct AlsoV1<'a> {
    location: LocationV1<'a>,
    message: &'a str,
}

#[derive(Serialize)]
struct TargetV1<'a> {
    #[serde(rename = "type")]
    of: &'a str,
    id: &'a str,
    object: ObjectV1<'a>,
}

#[derive(Serialize)]
struct ObjectV1<'a> {
    kind: &'a str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct LocationV1<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

impl<'a> LocationV1<'a> {
    fn new(file: &'a str, start: Position, end: Position) -> Self {
        Self {
            file,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }

    fn of(assessment: &'a Assessment, place: &Place) -> Option<Self> {
        let file = assessment.files.get(place.file.0 as usize)?;
        Some(Self::new(&file.path, place.start, place.end))
    }
}

#[derive(Serialize)]
struct ReadV1<'a> {
    path: &'a str,
    value: Option<&'a str>,
    state: &'static str,
    location: Option<LocationV1<'a>>,
    policy: LocationV1<'a>,
}

impl<'a> EvaluationV1<'a> {
    fn new(
        assessment: &'a Assessment,
        lines: &[LineIndex],
        evaluation: &'a Evaluation,
    ) -> Option<Self> {
        let check = assessment.check(evaluation.check)?;
        let lines = lines.get(evaluation.check as usize)?;
        let object = &evaluation.target.object;
        let explanation = evaluation.explanation.as_deref();
        let policy = |span: Span| {
            LocationV1::new(
                &check.text.name,
                lines.position(span.start),
                lines.position(span.end),
            )
        };
        let read = |read: &'a Read| {
            let (state, value) = match &read.saw {
                Saw::Value(text) => ("value", Some(text.as_str())),
                Saw::Present => ("present", None),
                Saw::Missing => ("missing", None),
                Saw::Fault(_) => ("fault", None),
            };
            ReadV1 {
                path: &read.path,
                value,
                state,
                location: read
                    .place
                    .as_ref()
                    .and_then(|p| LocationV1::of(assessment, p)),
                policy: policy(read.policy),
            }
        };
        Some(Self {
            check: &check.id,
            policy: evaluation.policy,
            verdict: evaluation.verdict.name(),
            severity: check.severity.name(),
            target: TargetV1 {
                of: &evaluation.target.of,
                id: &evaluation.target.id,
                object: ObjectV1 {
                    kind: &object.kind,
                    namespace: object.namespace.as_deref(),
                    name: object.name.as_deref(),
                },
            },
            location: LocationV1::of(assessment, &evaluation.place)?,
            read: explanation
                .map(|e| e.read.iter().map(read).collect())
                .unwrap_or_default(),
            also: explanation
                .into_iter()
                .flat_map(|e| &e.also)
                .filter_map(|(place, message)| {
                    Some(AlsoV1 {
                        location: LocationV1::of(assessment, place)?,
                        message,
                    })
                })
                .collect(),
            message: explanation.map_or(check.title.as_str(), |e| &e.message),
            help: explanation.map_or("", |e| &e.help),
            waiver: evaluation
                .waiver
                .and_then(|w| assessment.governance.as_ref()?.waivers.get(w as usize))
                .map(|w| w.id.as_str()),
        })
    }
}

#[derive(Serialize)]
struct CheckV1<'a> {
    id: &'a str,
    title: &'a str,
    severity: &'static str,
    tally: TallyV1,
}

#[derive(Serialize)]
struct TallyV1 {
    pass: u64,
    fail: u64,
    #[serde(rename = "not-applicable")]
    not_applicable: u64,
    unknown: u64,
    error: u64,
    waived: u64,
}

impl TallyV1 {
    fn new(tally: &Tally) -> Self {
        Self {
            pass: tally.pass,
            fail: tally.fail,
            not_applicable: tally.not_applicable,
            unknown: tally.unknown,
            error: tally.error,
            waived: tally.waived,
        }
    }
}

#[derive(Serialize)]
struct TalliesV1<'a> {
    verdicts: TallyV1,
    outcomes: BTreeMap<&'a str, usize>,
    documents: u64,
    objects: u64,
    questions: u64,
}

#[cfg(test)]
mod tests {
    use crate::samples::{PLAIN, Shelf, shown, storefront};
    use crate::{Format, report_schema};
    use onus_model::assessment::Assessment;
    use onus_model::check::Severity;
    use serde_json::Value;

    fn json(assessment: &Assessment) -> String {
        shown(
            assessment,
            &Shelf(Vec::new()),
            Format::Json,
            PLAIN,
            Severity::Low,
        )
    }

    #[test]
    fn everything_is_written_one_line_each() {
        let written = json(&storefront().0).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        insta::assert_snapshot!(written);
    }

    #[test]
    fn samples_are_as_the_schema_says() {
        let schema: Value = serde_json::from_str(&report_schema()).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for sample in [storefront().0, Assessment::default()] {
            let report: Value = serde_json::from_str(&json(&sample)).unwrap();
            let errors: Vec<_> = validator
                .iter_errors(&report)
                .map(|e| format!("{} {e}", e.instance_path))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
        }
        let mut report: Value = serde_json::from_str(&json(&storefront().0)).unwrap();
        report["files"][0]["surprise"] = Value::Bool(true);
        assert!(!validator.is_valid(&report), "the schema is strict");
    }
}
