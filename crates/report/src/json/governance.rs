//! The part of the JSON report that says who must do what, and whether they did.

use std::io::{self, Write};

use onus_model::assessment::Assessment;
use onus_model::governance::{
    Because, ControlResult, DeploymentShown, EvidenceResult, Observation, Occurrence, PartResult,
    RequirementResult, Standing, WaiverUse, Whose,
};
use onus_model::problem::Label;
use onus_model::source::LineIndex;
use serde::Serialize;

use super::{LocationV1, list, value};
use crate::matrix::MatrixRowV1;

/// Writes the key `governance`: null where nothing was declared and no framework chosen.
pub(super) fn render(assessment: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b",\n\"governance\":")?;
    let Some(governance) = &assessment.governance else {
        return out.write_all(b"null");
    };
    write!(out, "{{\"now\":")?;
    value(out, &governance.now.to_string())?;
    out.write_all(b",\"system\":")?;
    value(out, &governance.system)?;
    out.write_all(b",\"window\":")?;
    let window = governance.window.map(|w| PeriodV1 {
        from: w.from.to_string(),
        to: w.to.to_string(),
    });
    value(out, &window)?;
    out.write_all(b",\"gate\":")?;
    value(out, &governance.gate.name())?;
    out.write_all(b",\"gate_provider\":")?;
    value(out, &governance.gate_provider)?;
    list(
        out,
        "deployments",
        governance.deployments.iter().map(DeploymentV1::new),
    )?;
    list(
        out,
        "controls",
        governance.controls.iter().map(ControlV1::new),
    )?;
    list(
        out,
        "left_out",
        governance
            .left_out
            .iter()
            .map(|(control, reason)| LeftOutV1 { control, reason }),
    )?;
    list(
        out,
        "matrix",
        governance.matrix.iter().map(MatrixRowV1::new),
    )?;
    list(
        out,
        "evidence",
        governance.evidence.iter().map(EvidenceV1::new),
    )?;
    list(
        out,
        "observations",
        governance.observations.iter().map(ObservationV1::new),
    )?;
    list(out, "waivers", governance.waivers.iter().map(WaiverV1::new))?;
    out.write_all(b"}")
}

#[derive(Serialize)]
pub(super) struct RequirementV1<'a> {
    framework: &'a str,
    requirement: &'a str,
    title: &'a str,
    status: &'static str,
    coverage: &'static str,
    excluded: Option<&'a str>,
    alternative: Option<BecauseV1<'a>>,
    controls: Vec<CoveringV1<'a>>,
    see: &'a [String],
}

impl<'a> RequirementV1<'a> {
    pub(super) fn new(result: &'a RequirementResult) -> Self {
        Self {
            framework: &result.framework,
            requirement: &result.requirement,
            title: &result.title,
            status: result.standing.name(),
            coverage: match (&result.standing, result.full) {
                (Standing::Covered(_), true) => "full",
                (Standing::Covered(_), false) => "part",
                (Standing::NotCovered | Standing::Excluded(_), _) => "none",
            },
            excluded: match &result.standing {
                Standing::Excluded(why) => Some(why),
                Standing::Covered(_) | Standing::NotCovered => None,
            },
            alternative: result.alternative.as_ref().map(BecauseV1::new),
            controls: result
                .controls
                .iter()
                .map(|(control, deployment, status)| CoveringV1 {
                    control,
                    deployment,
                    status: status.name(),
                })
                .collect(),
            see: &result.see,
        }
    }
}

#[derive(Serialize)]
struct CoveringV1<'a> {
    control: &'a str,
    deployment: &'a str,
    status: &'static str,
}

#[derive(Serialize)]
struct LeftOutV1<'a> {
    control: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct PeriodV1 {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct DeploymentV1<'a> {
    deployment: &'a str,
    provider: Option<&'a str>,
    facts: Vec<FactV1<'a>>,
    agreements: &'a [String],
}

#[derive(Serialize)]
struct FactV1<'a> {
    fact: &'static str,
    value: Option<&'a str>,
    proof: Option<&'a str>,
}

impl<'a> DeploymentV1<'a> {
    fn new(deployment: &'a DeploymentShown) -> Self {
        Self {
            deployment: &deployment.id,
            provider: deployment.on.as_deref(),
            facts: deployment
                .facts
                .iter()
                .map(|(fact, value, proof)| FactV1 {
                    fact: fact.name(),
                    value: value.as_deref(),
                    proof: proof.as_deref(),
                })
                .collect(),
            agreements: &deployment.agreements,
        }
    }
}

#[derive(Serialize)]
struct ControlV1<'a> {
    control: &'a str,
    title: &'a str,
    deployment: &'a str,
    status: &'static str,
    parts: Vec<PartV1<'a>>,
}

impl<'a> ControlV1<'a> {
    fn new(control: &'a ControlResult) -> Self {
        Self {
            control: &control.control,
            title: &control.title,
            deployment: &control.deployment,
            status: control.status().name(),
            parts: control.parts.iter().map(PartV1::new).collect(),
        }
    }
}

#[derive(Serialize)]
struct PartV1<'a> {
    part: &'a str,
    title: &'a str,
    accountable: Option<&'a str>,
    requirement: Option<&'a str>,
    in_scope: Option<bool>,
    status: &'static str,
    reasons: Vec<BecauseV1<'a>>,
}

impl<'a> PartV1<'a> {
    fn new(part: &'a PartResult) -> Self {
        Self {
            part: &part.part,
            title: &part.title,
            accountable: part.owner.as_ref().map(|o| o.name()),
            requirement: part.requirement.as_deref(),
            in_scope: part.in_scope,
            status: part.status().name(),
            reasons: part.because.iter().map(BecauseV1::new).collect(),
        }
    }
}

/// A place in an authored text.
fn location(label: &Label) -> LocationV1<'_> {
    let lines = LineIndex::new(&label.text.text);
    LocationV1::new(
        &label.text.name,
        lines.position(label.span.start),
        lines.position(label.span.end),
    )
}

/// Who has to mend it: `ours`, `source`, or the id of a provider behind `provider:`.
fn whose(whose: &Whose) -> String {
    match whose {
        Whose::Ours => "ours".to_owned(),
        Whose::Provider(id) => format!("provider:{id}"),
        Whose::Source => "source".to_owned(),
    }
}

#[derive(Serialize)]
struct BecauseV1<'a> {
    reason: &'static str,
    status: &'static str,
    message: &'a str,
    whose: String,
    locations: Vec<LocationV1<'a>>,
    policy: Option<LocationV1<'a>>,
    help: Option<&'a str>,
    about: Option<&'a str>,
}

impl<'a> BecauseV1<'a> {
    fn new(because: &'a Because) -> Self {
        Self {
            reason: because.reason.name(),
            status: because.reason.status().name(),
            message: &because.text,
            whose: whose(&because.whose),
            locations: because.at.iter().map(location).collect(),
            policy: because.policy.as_ref().map(location),
            help: because.help.as_deref(),
            about: because.about.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct EvidenceV1<'a> {
    control: &'a str,
    evidence: &'a str,
    title: &'a str,
    expected: usize,
    occurrences: Vec<OccurrenceV1<'a>>,
    defaults: &'a [String],
}

#[derive(Serialize)]
struct OccurrenceV1<'a> {
    occurrence: &'a str,
    from: String,
    to: String,
    due: String,
    state: &'static str,
    file: Option<&'a str>,
    performed: Option<String>,
}

impl<'a> EvidenceV1<'a> {
    fn new(evidence: &'a EvidenceResult) -> Self {
        let occurrence = |o: &'a Occurrence| OccurrenceV1 {
            occurrence: &o.label,
            from: o.period.from.to_string(),
            to: o.period.to.to_string(),
            due: o.due.to_string(),
            state: o.state.name(),
            file: o.path.as_deref(),
            performed: o.performed.map(|d| d.to_string()),
        };
        Self {
            control: &evidence.control,
            evidence: &evidence.evidence,
            title: &evidence.title,
            expected: evidence.expected(),
            occurrences: evidence.occurrences.iter().map(occurrence).collect(),
            defaults: &evidence.defaults,
        }
    }
}

#[derive(Serialize)]
struct ObservationV1<'a> {
    observation: &'static str,
    defect: bool,
    message: &'a str,
    whose: String,
    locations: Vec<LocationV1<'a>>,
    help: Option<&'a str>,
}

impl<'a> ObservationV1<'a> {
    fn new(observation: &'a Observation) -> Self {
        Self {
            observation: observation.what.name(),
            defect: observation.what.is_defect(),
            message: &observation.message,
            whose: whose(&observation.whose),
            locations: observation.at.iter().map(location).collect(),
            help: observation.help.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct WaiverV1<'a> {
    waiver: &'a str,
    kind: &'static str,
    reason: &'a str,
    owner: Option<&'a str>,
    approved_by: Option<&'a str>,
    approval_shown: Option<&'a str>,
    expires: String,
    used: u64,
}

impl<'a> WaiverV1<'a> {
    fn new(waiver: &'a WaiverUse) -> Self {
        Self {
            waiver: &waiver.id,
            kind: waiver.kind.name(),
            reason: &waiver.reason,
            owner: waiver.owner.as_deref(),
            approved_by: waiver.approved_by.as_deref(),
            approval_shown: waiver.approval_shown.as_deref(),
            expires: waiver.expires.to_string(),
            used: waiver.used,
        }
    }
}
