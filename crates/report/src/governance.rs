//! Who must do what, and did they: for people.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use miette::Severity as Look;
use onus_model::assessment::{Assessment, Verdict};
use onus_model::governance::{
    Because, ControlResult, Governance, OccurrenceState, PartResult, RequirementResult, Standing,
    Whose,
};
use onus_model::problem::Label;
use onus_model::source::LineIndex;
use onus_model::status::{Gate, Reason, Status};

use crate::Style;
use crate::escape;
use crate::frame::{Drawer, Frame, Lines, Window};
use crate::text::{Paint, painted};

/// More observations of one kind than this are counted, and not drawn.
const MOST_ALIKE: usize = 5;

/// Good, bad, or a reason to look.
pub(crate) fn paint(status: Status) -> Paint {
    let row = status.row();
    match row.gate {
        Gate::Fails => Paint::Bad,
        Gate::Passes if row.junit == "pass" => Paint::Good,
        Gate::Undetermined | Gate::Strict | Gate::Passes => Paint::Doubt,
    }
}

/// `path:line` of a place in an authored text.
fn place(label: &Label) -> String {
    let line = LineIndex::new(&label.text.text)
        .position(label.span.start)
        .line;
    format!("{}:{line}", escape::line(&label.text.name))
}

fn whose(whose: &Whose) -> String {
    match whose {
        Whose::Ours => String::new(),
        Whose::Provider(id) => format!(" (a defect of the provider `{}`)", escape::line(id)),
        Whose::Source => " (a defect of the source document)".to_owned(),
    }
}

/// Everything, under the findings and the files.
pub(crate) fn render(assessment: &Assessment, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let Some(governance) = &assessment.governance else {
        return writeln!(
            out,
            "no controls were judged: choose a framework with `--framework`, or in `onus.yaml` (`onus init` writes one)"
        );
    };
    observations(governance, style, out)?;
    deployments(governance, out)?;
    if assessment.frameworks.is_empty() {
        writeln!(
            out,
            "no framework is chosen: only your own controls were judged"
        )?;
    } else {
        writeln!(out, "{}", escape::line(&assessment.frameworks.join(", ")))?;
    }
    requirements(assessment, governance, style, out)?;
    own_controls(assessment, governance, style, out)?;
    evidence(governance, style, out)?;
    waivers(governance, style, out)?;
    writeln!(
        out,
        "  judged as on {}; a readiness result, not an auditor's opinion",
        governance.now
    )
}

/// What of governance fails the run, counted; none where nothing does.
pub(crate) fn failing(governance: &Governance) -> Option<String> {
    let controls: BTreeSet<&str> = governance
        .failed_parts()
        .map(|(control, _)| control.control.as_str())
        .collect();
    let defects = governance.failed_observations().count();
    let counted = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let words: Vec<String> = counted(controls.len(), "control")
        .into_iter()
        .chain(counted(defects, "defect"))
        .collect();
    (!words.is_empty()).then(|| words.join(" and "))
}

fn observations(governance: &Governance, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let drawer = Drawer::new(style);
    let mut alike: BTreeMap<&str, usize> = BTreeMap::new();
    for observation in &governance.observations {
        let count = alike.entry(observation.what.name()).or_default();
        *count += 1;
        if *count > MOST_ALIKE {
            continue;
        }
        let frame = Frame {
            severity: if observation.what.is_defect() && observation.whose == Whose::Ours {
                Look::Error
            } else {
                Look::Warning
            },
            code: Some(observation.what.name().to_owned()),
            message: format!(
                "{}{}",
                escape::line(&observation.message),
                whose(&observation.whose)
            ),
            help: observation
                .help
                .as_deref()
                .map(|h| escape::plain(h).into_owned()),
            ..framed(observation.at.first(), style)
        };
        drawer.draw(&frame, out)?;
        writeln!(out)?;
    }
    for (what, count) in alike {
        if count > MOST_ALIKE {
            writeln!(
                out,
                "{} more of {what}: see the JSON report",
                count - MOST_ALIKE
            )?;
        }
    }
    Ok(())
}

/// A frame with nothing but its window.
fn framed(label: Option<&Label>, style: Style) -> Frame {
    let (window, labels) = match label {
        Some(label) => {
            let lines = Lines::new(&label.text.text);
            let marks = [(label.span, escape::line(&label.message))];
            let (window, labels) =
                Window::new(&label.text.name, &label.text.text, &lines, &marks, style);
            (Some(window), labels)
        }
        None => (None, Vec::new()),
    };
    Frame {
        severity: Look::Advice,
        code: None,
        message: String::new(),
        labels,
        window,
        help: None,
    }
}

fn deployments(governance: &Governance, out: &mut dyn Write) -> io::Result<()> {
    for deployment in &governance.deployments {
        let Some(on) = &deployment.on else {
            continue;
        };
        let facts: Vec<String> = deployment
            .facts
            .iter()
            .map(|(fact, value, proof)| {
                let value = value.as_deref().unwrap_or("unknown");
                let shown = match proof {
                    Some(file) => format!("shown by {file}"),
                    None if value == "unknown" => String::new(),
                    None => "as declared".to_owned(),
                };
                let shown = if shown.is_empty() {
                    shown
                } else {
                    format!(" ({shown})")
                };
                format!("{} {value}{shown}", fact.name().replace('_', " "))
            })
            .collect();
        let agreements = if deployment.agreements.is_empty() {
            "no agreement in force".to_owned()
        } else {
            format!("in force: {}", deployment.agreements.join(", "))
        };
        writeln!(
            out,
            "deployment {} on {}: {}; {}",
            escape::line(&deployment.id),
            escape::line(on),
            escape::line(&facts.join(", ")),
            escape::line(&agreements)
        )?;
    }
    Ok(())
}

fn requirements(
    assessment: &Assessment,
    governance: &Governance,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let id = |r: &RequirementResult| escape::line(&format!("{}/{}", r.framework, r.requirement));
    let shown = assessment
        .requirements
        .iter()
        .filter(|r| r.standing != Standing::NotCovered);
    let width = shown.map(|r| id(r).chars().count()).max().unwrap_or(0);
    let mut told: BTreeSet<String> = BTreeSet::new();
    for result in &assessment.requirements {
        let (look, word) = match &result.standing {
            Standing::NotCovered => continue,
            Standing::Excluded(_) => (Paint::Doubt, "not applicable".to_owned()),
            Standing::Covered(status) => {
                let part = if result.full || result.alternative.is_some() {
                    ""
                } else {
                    " in part"
                };
                (paint(*status), format!("{}{part}", status.name()))
            }
        };
        let word = painted(style, look, &format!("{word:<26}"));
        writeln!(
            out,
            "  {word}  {:<width$}  {}",
            id(result),
            escape::line(&result.title)
        )?;
        match &result.standing {
            Standing::Excluded(why) => writeln!(out, "      {}", escape::line(why))?,
            Standing::Covered(_) | Standing::NotCovered => {}
        }
        if let Some(alternative) = &result.alternative {
            writeln!(out, "      {}", escape::line(&alternative.text))?;
        }
        controls(result, governance, &mut told, style, out)?;
    }
    not_covered(assessment, style, out)?;
    not_assessed(assessment, style, out)?;
    left_out(governance, style, out)
}

/// Controls that the user left out, by reason.
fn left_out(governance: &Governance, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (control, reason) in &governance.left_out {
        by_reason.entry(reason).or_default().push(control);
    }
    for (reason, controls) in by_reason {
        let word = painted(style, Paint::Doubt, "left out");
        writeln!(out, "  {word}: {}", escape::line(reason))?;
        wrapped(controls.into_iter(), 6, style, out)?;
    }
    Ok(())
}

/// The controls of a requirement that are not good: deployments in which one stands alike on one line, and those that found
/// nothing to judge together.
fn controls<'a>(
    result: &'a RequirementResult,
    governance: &'a Governance,
    told: &mut BTreeSet<String>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let full = format!("{}/{}", result.framework, result.requirement);
    // With the deployments in which there was nothing.
    let mut idle: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut lines: Vec<(&str, Status, Vec<&str>, String)> = Vec::new();
    for (control, deployment, status) in &result.controls {
        if paint_is_good(*status) {
            continue;
        }
        let found = governance
            .controls
            .iter()
            .find(|c| c.control == *control && c.deployment == *deployment);
        let Some(found) = found else {
            continue;
        };
        let nothing = |part: &PartResult| {
            part.because
                .first()
                .is_some_and(|b| b.reason == Reason::NoTargets)
        };
        if found.parts.iter().all(nothing) {
            idle.entry(control).or_default().push(deployment);
            continue;
        }
        let mut lacks = Vec::new();
        lacking(found, &full, style, &mut lacks)?;
        let lacks = String::from_utf8_lossy(&lacks).into_owned();
        let same = lines
            .iter_mut()
            .find(|(c, s, _, l)| c == control && s == status && *l == lacks);
        match same {
            Some((_, _, deployments, _)) => deployments.push(deployment),
            None => lines.push((control, *status, vec![deployment], lacks)),
        }
    }
    for (control, status, deployments, lacks) in lines {
        let place = if governance.deployments.len() > 1 {
            format!(" in {}", deployments.join(", "))
        } else {
            String::new()
        };
        writeln!(
            out,
            "      {} {}{}",
            painted(style, paint(status), status.name()),
            escape::line(control),
            escape::line(&place)
        )?;
        // What a control lacks is told once; further requirements name it.
        for line in lacks.lines() {
            if told.insert(format!("{control} {place} {line}")) {
                writeln!(out, "{line}")?;
            }
        }
    }
    let mut places: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (control, deployments) in idle {
        places.entry(deployments).or_default().push(control);
    }
    for (deployments, controls) in places {
        let word = painted(
            style,
            paint(Status::NotAssessed),
            Status::NotAssessed.name(),
        );
        let place = if governance.deployments.len() > 1 {
            format!(" in {}", deployments.join(", "))
        } else {
            String::new()
        };
        writeln!(
            out,
            "      {word}{} nothing was there to judge for",
            escape::line(&place)
        )?;
        wrapped(controls.into_iter(), 8, style, out)?;
    }
    Ok(())
}

/// Names with commas between them, in as few lines as the width allows.
fn wrapped<'a>(
    names: impl Iterator<Item = &'a str>,
    indent: usize,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = String::new();
    for name in names {
        let name = escape::line(name);
        let long = line.chars().count() + name.chars().count() + 2;
        if !line.is_empty() && long > style.width.saturating_sub(indent) {
            writeln!(out, "{:indent$}{line},", "")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(&name);
    }
    if line.is_empty() {
        return Ok(());
    }
    writeln!(out, "{:indent$}{line}", "")
}

fn paint_is_good(status: Status) -> bool {
    matches!(paint(status), Paint::Good)
}

/// The parts of a control that are not good, with the first reason of each.
fn lacking(
    control: &ControlResult,
    requirement: &str,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    for part in &control.parts {
        let of_this = part.requirement.as_deref() == Some(requirement);
        if paint_is_good(part.status()) || !(of_this || part.requirement.is_none()) {
            continue;
        }
        let Some(first) = part.because.first() else {
            continue;
        };
        let owner = match &part.owner {
            Some(owner) => escape::line(owner.name()),
            None => "nobody".to_owned(),
        };
        let scope = match part.in_scope {
            Some(true) => ", in scope",
            Some(false) => ", out of scope",
            None => "",
        };
        let at = first
            .at
            .first()
            .map_or_else(String::new, |label| format!(" ({})", place(label)));
        let more = match part.because.len() {
            0 | 1 => String::new(),
            n => format!(", and {} more", n - 1),
        };
        let name = if part.part == "all" {
            String::new()
        } else {
            format!("{} [{owner}{scope}]: ", escape::line(&part.part))
        };
        writeln!(
            out,
            "        {name}{} {}{}{at}{more}",
            painted(style, paint(part.status()), first.reason.name()),
            escape::line(&first.text),
            whose(&first.whose)
        )?;
    }
    Ok(())
}

/// Many ids in few lines.
fn not_covered(assessment: &Assessment, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut by_framework: BTreeMap<&str, Vec<&RequirementResult>> = BTreeMap::new();
    for result in &assessment.requirements {
        if result.standing == Standing::NotCovered {
            by_framework
                .entry(&result.framework)
                .or_default()
                .push(result);
        }
    }
    for (framework, results) in by_framework {
        let word = painted(style, Paint::Doubt, "not covered");
        let count = results.len();
        writeln!(
            out,
            "  {word} by any control: {count} of {}",
            escape::line(framework)
        )?;
        let ids = results.iter().map(|r| r.requirement.as_str());
        wrapped(ids, 6, style, out)?;
    }
    Ok(())
}

fn not_assessed(assessment: &Assessment, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let count = assessment
        .requirements
        .iter()
        .filter(|r| r.standing.status() == Some(Status::NotAssessed))
        .count();
    if count == 0 {
        return Ok(());
    }
    let word = painted(style, Paint::Doubt, "not-assessed");
    writeln!(out, "  {word}: {count}, for nothing was there to judge")
}

/// Controls of the user's own that no chosen requirement shows.
fn own_controls(
    assessment: &Assessment,
    governance: &Governance,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let named: BTreeSet<&str> = assessment
        .requirements
        .iter()
        .flat_map(|r| &r.controls)
        .map(|(control, _, _)| control.as_str())
        .collect();
    for control in &governance.controls {
        if named.contains(control.control.as_str()) {
            continue;
        }
        let status = control.status();
        writeln!(
            out,
            "  {}  {} in {}: {}",
            painted(style, paint(status), &format!("{:<26}", status.name())),
            escape::line(&control.control),
            escape::line(&control.deployment),
            escape::line(&control.title)
        )?;
        if !paint_is_good(status) {
            lacking(control, "", style, out)?;
        }
    }
    Ok(())
}

fn evidence(governance: &Governance, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for result in &governance.evidence {
        let count = |state| result.count(state);
        let when = match governance.window {
            Some(window) => format!("from {} to {}", window.from, window.to),
            None => "so far".to_owned(),
        };
        let missed = count(OccurrenceState::Missed);
        let found = count(OccurrenceState::Found) + count(OccurrenceState::Late);
        let others = result.expected() - missed - found;
        if !result.occurrences.is_empty() {
            let missed_words = format!("{missed} missed");
            let missed_words = if missed > 0 {
                painted(style, Paint::Bad, &missed_words)
            } else {
                missed_words
            };
            let others = match others {
                0 => String::new(),
                n => format!(", {n} that do not count"),
            };
            writeln!(
                out,
                "evidence {}/{} {when}: {} expected, {found} found, {} of them late, {missed_words}{others}",
                escape::line(&result.control),
                escape::line(&result.evidence),
                result.expected(),
                count(OccurrenceState::Late),
            )?;
        }
        let labels: Vec<&str> = result
            .occurrences
            .iter()
            .filter(|o| o.state == OccurrenceState::Missed)
            .map(|o| o.label.as_str())
            .collect();
        if !labels.is_empty() {
            writeln!(out, "      missed: {}", escape::line(&labels.join(", ")))?;
        }
        for default in &result.defaults {
            writeln!(
                out,
                "      {}: pack default, not stated by the source",
                escape::line(default)
            )?;
        }
    }
    Ok(())
}

fn waivers(governance: &Governance, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for waiver in governance.waivers.iter().filter(|w| w.used > 0) {
        let approved = match (&waiver.approved_by, &waiver.approval_shown) {
            (Some(by), Some(shown)) => format!("approved by {by} ({shown})"),
            (Some(by), None) => format!("approved by {by} (as stated)"),
            (None, _) => "approved by nobody".to_owned(),
        };
        let owner = waiver.owner.as_deref().unwrap_or("nobody");
        writeln!(
            out,
            "{} {}x by {} until {}: {} ({}, owner {}, {})",
            painted(style, Paint::Doubt, "waived"),
            waiver.used,
            escape::line(&waiver.id),
            waiver.expires,
            escape::line(&waiver.reason),
            waiver.kind.name(),
            escape::line(owner),
            escape::line(&approved)
        )?;
    }
    Ok(())
}

/// The chain of reasons of one control: from the requirements that it covers to the lines that decide.
///
/// # Errors
///
/// Only those of `out`.
pub fn chain(
    control: &str,
    assessment: &Assessment,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(governance) = &assessment.governance else {
        return writeln!(
            out,
            "no controls were judged: choose a framework in `onus.yaml`"
        );
    };
    for result in &assessment.requirements {
        if !result.controls.iter().any(|(c, _, _)| c == control) {
            continue;
        }
        let how = if result.full { "" } else { " in part" };
        writeln!(
            out,
            "{}/{} {}: {}{how}",
            escape::line(&result.framework),
            escape::line(&result.requirement),
            escape::line(&result.title),
            result.standing.name()
        )?;
    }
    let drawer = Drawer::new(style);
    let results = governance.controls.iter().filter(|c| c.control == control);
    let mut any = false;
    let mut told: BTreeSet<&Because> = BTreeSet::new();
    for result in results {
        any = true;
        let status = result.status();
        writeln!(
            out,
            "{} in deployment {}",
            painted(style, paint(status), status.name()),
            escape::line(&result.deployment)
        )?;
        for part in &result.parts {
            part_of_chain(part, &mut told, &drawer, style, out)?;
        }
    }
    if !any {
        writeln!(
            out,
            "it is not judged here: no chosen framework and no deployment asks for it"
        )?;
    }
    findings(control, assessment, out)
}

fn part_of_chain<'a>(
    part: &'a PartResult,
    told: &mut BTreeSet<&'a Because>,
    drawer: &Drawer,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let owner = part.owner.as_ref().map_or("nobody", |o| o.name());
    let requirement = part
        .requirement
        .as_ref()
        .map_or_else(String::new, |r| format!(" for {r}"));
    let scope = match part.in_scope {
        Some(true) => ", in scope",
        Some(false) => ", out of scope",
        None => "",
    };
    writeln!(
        out,
        "\n{} {}{}: {} (accountable: {}{scope})",
        painted(style, paint(part.status()), part.status().name()),
        escape::line(&part.part),
        escape::line(&requirement),
        escape::line(&part.title),
        escape::line(owner)
    )?;
    for because in &part.because {
        // What is the same for several requirements is drawn once.
        if told.insert(because) {
            reason(because, drawer, style, out)?;
        } else {
            writeln!(
                out,
                "{}: {} (as above)",
                because.reason.name(),
                escape::line(&because.text)
            )?;
        }
    }
    Ok(())
}

fn reason(because: &Because, drawer: &Drawer, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let good = paint_is_good(because.reason.status());
    let frame = Frame {
        severity: if good {
            Look::Advice
        } else if because.reason.status().row().gate == Gate::Fails {
            Look::Error
        } else {
            Look::Warning
        },
        code: Some(because.reason.name().to_owned()),
        message: format!("{}{}", escape::line(&because.text), whose(&because.whose)),
        help: None,
        ..framed(because.at.first(), style)
    };
    drawer.draw(&frame, out)?;
    let help = because
        .help
        .as_deref()
        .map(|h| escape::plain(h).into_owned());
    if let Some(policy) = &because.policy {
        let frame = Frame {
            message: "this policy says so".to_owned(),
            help,
            ..framed(Some(policy), style)
        };
        return drawer.draw(&frame, out);
    }
    if let Some(help) = help {
        writeln!(out, "  help: {help}")?;
    }
    Ok(())
}

/// The findings of the control's checks, as lines of configs.
fn findings(control: &str, assessment: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    let governance = assessment.governance.as_ref();
    let checks: BTreeSet<&str> = governance
        .iter()
        .flat_map(|g| &g.controls)
        .filter(|c| c.control == control)
        .flat_map(|c| &c.parts)
        .flat_map(|p| &p.because)
        .filter_map(|b| {
            // The label of a reason of a check is the check's id in the control.
            let label = b.at.first()?;
            label.text.text.get(label.span.range())
        })
        .collect();
    for evaluation in &assessment.evaluations {
        let Some(check) = assessment.check(evaluation.check) else {
            continue;
        };
        if !checks.contains(check.id.as_str()) || evaluation.verdict == Verdict::NotApplicable {
            continue;
        }
        let path = assessment
            .files
            .get(evaluation.place.file.0 as usize)
            .map_or("", |f| f.path.as_str());
        let verdict = if evaluation.waiver.is_some() {
            "waived"
        } else {
            evaluation.verdict.name()
        };
        writeln!(
            out,
            "{verdict} {} on {} at {}:{}:{}",
            escape::line(&check.id),
            escape::line(&evaluation.target.id),
            escape::line(path),
            evaluation.place.start.line,
            evaluation.place.start.column
        )?;
    }
    Ok(())
}
