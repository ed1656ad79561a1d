//! What `onus list` and `onus explain` print.

use std::io::{self, Write};

use onus_model::catalog::{Catalog, Control, Coverage, Framework, Requirement};
use onus_model::check::Check;
use onus_model::plan::Plan;
use onus_model::responsibility::{Attestation, Choice, Fact, Party, Provenance};

use crate::escape;

/// Rows in columns; the last column is not padded.
pub(crate) fn table(rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| escape::line(cell)).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// All checks with their severity and title.
///
/// # Errors
///
/// Only those of `out`, here and below.
pub fn checks(checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = checks
        .iter()
        .map(|c| vec![c.id.clone(), c.severity.name().to_owned(), c.title.clone()])
        .collect();
    table(&rows, out)
}

/// All controls with their title and checks.
///
/// # Errors
///
/// Only those of `out`.
pub fn controls(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = catalog
        .controls
        .iter()
        .map(|c| vec![c.id.value.clone(), c.title.clone()])
        .collect();
    table(&rows, out)
}

/// All frameworks and their profiles, as `--framework` takes them.
///
/// # Errors
///
/// Only those of `out`.
pub fn frameworks(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Vec::new();
    for framework in &catalog.frameworks {
        let count = format!("{} requirements", framework.requirements.len());
        rows.push(vec![
            framework.id.value.clone(),
            count,
            framework.title.clone(),
        ]);
        for profile in &framework.profiles {
            rows.push(vec![
                format!("{}/{}", framework.id.value, profile.id.value),
                String::new(),
                profile.title.clone(),
            ]);
        }
    }
    table(&rows, out)
}

/// All formats with the files that may hold them.
///
/// # Errors
///
/// Only those of `out`.
pub fn formats(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = plan
        .formats
        .iter()
        .filter(|f| !f.files.is_empty())
        .map(|f| vec![f.name.clone(), f.title.clone(), f.files.join(", ")])
        .collect();
    table(&rows, out)
}

/// All systems whose grants can be judged, with the namespace of their actions and how many these are.
///
/// # Errors
///
/// Only those of `out`.
pub fn systems(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = plan
        .systems
        .iter()
        .map(|s| {
            let more = if s.system.actions.is_some() {
                ""
            } else {
                ", and others"
            };
            vec![
                s.system.name.to_string(),
                s.namespace.clone(),
                format!("{} actions{more}", s.actions.len()),
            ]
        })
        .collect();
    table(&rows, out)
}

/// All types of things that can be judged.
///
/// # Errors
///
/// Only those of `out`.
pub fn types(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = plan
        .types
        .iter()
        .map(|t| vec![t.name.to_string(), t.title.clone()])
        .collect();
    table(&rows, out)
}

/// All parameters with their defaults.
///
/// # Errors
///
/// Only those of `out`.
pub fn parameters(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let bound = |word: &str, value: &Option<String>| value.as_ref().map(|v| format!("{word} {v}"));
    let rows: Vec<_> = plan
        .parameters
        .iter()
        .map(|p| {
            let default = match &p.default {
                _ if p.clock => "the clock, which is set with `--now`".to_owned(),
                Some(default) => format!("default {default}"),
                None => "no default".to_owned(),
            };
            let bounds: Vec<String> = [bound("from", &p.min), bound("to", &p.max)]
                .into_iter()
                .flatten()
                .collect();
            vec![p.name.clone(), default, bounds.join(" ")]
        })
        .collect();
    table(&rows, out)
}

/// One check: its demand, what to do, its controls, its policies.
///
/// # Errors
///
/// Only those of `out`.
pub fn check_page(check: &Check, catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "check {}: {}",
        escape::line(&check.id),
        escape::line(&check.title)
    )?;
    writeln!(out, "severity: {}", check.severity.name())?;
    writeln!(out, "what to do: {}", escape::plain(&check.help))?;
    let controls: Vec<&str> = catalog
        .controls
        .iter()
        .filter(|c| c.checks.iter().any(|link| link.check.value == check.id))
        .map(|c| c.id.value.as_str())
        .collect();
    let controls = if controls.is_empty() {
        "none".to_owned()
    } else {
        controls.join(", ")
    };
    writeln!(out, "controls: {}", escape::line(&controls))?;
    writeln!(out, "policies: {}", escape::line(&check.text.name))?;
    writeln!(out)?;
    let policies = check.text.text.replace("\r\n", "\n");
    write!(out, "{}", escape::plain(&policies))
}

/// One control: what it covers, and what shows it.
///
/// # Errors
///
/// Only those of `out`.
pub fn control_page(control: &Control, checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "control {}: {}",
        escape::line(&control.id.value),
        escape::line(&control.title)
    )?;
    for link in &control.satisfies {
        match &link.coverage {
            Coverage::Partial => writeln!(
                out,
                "covers a part of {}",
                escape::line(&link.requirement.value)
            )?,
            Coverage::Full(why) => writeln!(
                out,
                "covers {}: {}",
                escape::line(&link.requirement.value),
                escape::line(why)
            )?,
        }
    }
    for covers in &control.covers {
        let by: Vec<&str> = covers.by.iter().map(|b| b.value.as_str()).collect();
        let by = if by.is_empty() {
            String::new()
        } else {
            format!(" by {}", by.join(", "))
        };
        writeln!(
            out,
            "covers row {}{}",
            escape::line(&covers.row.value),
            escape::line(&by)
        )?;
    }
    let severity = control.severity.name().to_owned();
    for (word, value) in [
        ("domain", control.domain.clone()),
        ("severity", Some(severity)),
        ("owner", control.owner.clone()),
        (
            "shared as",
            control.responsibility.as_ref().map(|r| r.value.clone()),
        ),
        ("planned", control.planned.as_ref().map(|p| p.value.clone())),
        ("reviewed", control.reviewed.map(|d| d.to_string())),
        (
            "to be reviewed by",
            control.review_by.as_ref().map(|d| d.value.to_string()),
        ),
    ] {
        if let Some(value) = value {
            writeln!(out, "{word}: {}", escape::line(&value))?;
        }
    }
    for link in &control.checks {
        let title = checks
            .iter()
            .find(|c| c.id == link.check.value)
            .map_or("", |c| c.title.as_str());
        writeln!(
            out,
            "checked by {}: {}",
            escape::line(&link.check.value),
            escape::line(title)
        )?;
    }
    for evidence in &control.evidence {
        let often = match (evidence.every, &evidence.max_age) {
            (Some(every), _) => format!("every {}", every.name()),
            (None, Some(age)) => format!("not older than {}", age.value.words()),
            (None, None) => "with its own review date".to_owned(),
        };
        writeln!(
            out,
            "evidence {}: {}, in {}, {often}",
            escape::line(&evidence.id.value),
            escape::line(&evidence.title),
            escape::line(&evidence.path.value)
        )?;
    }
    for statement in &control.statements {
        let by = statement.by.as_deref().unwrap_or("a person");
        let ask = statement.ask.as_deref().unwrap_or("it is done");
        writeln!(
            out,
            "{} must say so: {}",
            escape::line(by),
            escape::line(ask)
        )?;
    }
    if let Some(remediation) = &control.remediation {
        writeln!(out, "what to do: {}", escape::plain(remediation))?;
    }
    writeln!(out, "file: {}", escape::line(&control.text.name))
}

/// One framework with its requirements and profiles.
///
/// # Errors
///
/// Only those of `out`.
pub fn framework_page(
    framework: &Framework,
    catalog: &Catalog,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "framework {}: {}, version {}",
        escape::line(&framework.id.value),
        escape::line(&framework.title),
        escape::line(&framework.version)
    )?;
    if let Some(source) = &framework.source {
        writeln!(out, "source: {}", escape::line(source))?;
    }
    for profile in &framework.profiles {
        let bases: Vec<&str> = profile.extends.iter().map(|e| e.value.as_str()).collect();
        let extends = if bases.is_empty() {
            String::new()
        } else {
            format!(", extends {}", escape::line(&bases.join(" and ")))
        };
        writeln!(
            out,
            "profile {}/{}: {}{extends}",
            escape::line(&framework.id.value),
            escape::line(&profile.id.value),
            escape::line(&profile.title)
        )?;
    }
    writeln!(out)?;
    let rows: Vec<_> = framework
        .requirements
        .iter()
        .map(|r| {
            let covered = covering(framework, r, catalog).count();
            let covered = match covered {
                0 => "not covered".to_owned(),
                1 => "1 control".to_owned(),
                n => format!("{n} controls"),
            };
            vec![r.id.value.clone(), covered, r.title.clone()]
        })
        .collect();
    table(&rows, out)
}

/// One requirement and the controls that cover it.
///
/// # Errors
///
/// Only those of `out`.
pub fn requirement_page(
    framework: &Framework,
    requirement: &Requirement,
    catalog: &Catalog,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "requirement {}/{}: {}",
        escape::line(&framework.id.value),
        escape::line(&requirement.id.value),
        escape::line(&requirement.title)
    )?;
    let mut any = false;
    for (control, coverage) in covering(framework, requirement, catalog) {
        any = true;
        let how = match coverage {
            Coverage::Partial => "in part".to_owned(),
            Coverage::Full(why) => format!("in full: {}", escape::line(why)),
        };
        writeln!(out, "covered by {} {how}", escape::line(&control.id.value))?;
    }
    if !any {
        writeln!(out, "not covered by any control")?;
    }
    Ok(())
}

/// All parties, with how much is known of them.
///
/// # Errors
///
/// Only those of `out`.
pub fn parties(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = catalog
        .parties
        .iter()
        .map(|p| {
            let areas: usize = catalog
                .matrices
                .iter()
                .filter(|m| m.of.value == p.id.value)
                .map(|m| m.areas.len())
                .sum();
            let areas = match areas {
                0 => String::new(),
                n => format!("{n} areas"),
            };
            vec![p.id.value.clone(), p.title.clone(), areas]
        })
        .collect();
    table(&rows, out)
}

/// All attestations: of whom, of what, and whether there is a proof.
///
/// # Errors
///
/// Only those of `out`.
pub fn attestations(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = catalog
        .attestations
        .iter()
        .map(|a| {
            vec![
                a.id.value.clone(),
                a.of.as_ref()
                    .map_or_else(String::new, |of| of.value.clone()),
                a.framework
                    .as_ref()
                    .map_or_else(String::new, |f| f.value.clone()),
                a.kind
                    .as_ref()
                    .map_or_else(String::new, |k| k.value.name().to_owned()),
                match (&a.report, &a.reviewed) {
                    (None, _) => "terms, no proof".to_owned(),
                    (Some(_), None) => "report held, not read".to_owned(),
                    (Some(_), Some(reviewed)) => format!("read on {}", reviewed.on),
                },
            ]
        })
        .collect();
    table(&rows, out)
}

/// All evidence that controls ask for.
///
/// # Errors
///
/// Only those of `out`.
pub fn evidence(catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<_> = catalog
        .controls
        .iter()
        .flat_map(|c| c.evidence.iter().map(move |e| (c, e)))
        .map(|(control, evidence)| {
            vec![
                format!("{}/{}", control.id.value, evidence.id.value),
                evidence.every.map_or("once", |e| e.name()).to_owned(),
                evidence.path.value.clone(),
                evidence.title.clone(),
            ]
        })
        .collect();
    table(&rows, out)
}

fn provenance(from: &Provenance, out: &mut dyn Write) -> io::Result<()> {
    if let Some(source) = &from.source {
        writeln!(out, "source: {}", escape::line(source))?;
    }
    if let Some(day) = from.as_of {
        writeln!(out, "as of {day}")?;
    }
    if let Some(day) = &from.review_by {
        writeln!(out, "relied on until {}", day.value)?;
    }
    Ok(())
}

/// One party: what it offers, and what is said of it.
///
/// # Errors
///
/// Only those of `out`.
pub fn party_page(party: &Party, catalog: &Catalog, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "party {}: {}",
        escape::line(&party.id.value),
        escape::line(&party.title)
    )?;
    let names = |choices: &[Choice]| {
        let ids: Vec<&str> = choices.iter().map(|c| c.id.value.as_str()).collect();
        escape::line(&ids.join(", "))
    };
    for fact in Fact::ALL {
        let choices = party.choices(fact);
        if !choices.is_empty() {
            writeln!(out, "{}: {}", fact.name().replace('_', " "), names(choices))?;
        }
    }
    if !party.components.is_empty() {
        writeln!(out, "components: {}", names(&party.components))?;
    }
    provenance(&party.provenance, out)?;
    for matrix in catalog
        .matrices
        .iter()
        .filter(|m| m.of.value == party.id.value)
    {
        writeln!(
            out,
            "matrix {}: {} areas, {}",
            escape::line(&matrix.id.value),
            matrix.areas.len(),
            escape::line(&matrix.title)
        )?;
    }
    for attestation in &catalog.attestations {
        if attestation
            .of
            .as_ref()
            .is_some_and(|of| of.value == party.id.value)
        {
            writeln!(out, "attestation {}", escape::line(&attestation.id.value))?;
        }
    }
    writeln!(out, "file: {}", escape::line(&party.text.name))
}

/// One attestation: what it is, and what is missing of the proof.
///
/// # Errors
///
/// Only those of `out`.
pub fn attestation_page(attestation: &Attestation, out: &mut dyn Write) -> io::Result<()> {
    let a = attestation;
    writeln!(
        out,
        "attestation {}: {}",
        escape::line(&a.id.value),
        escape::line(a.title.as_deref().unwrap_or_default())
    )?;
    let day = |d: Option<onus_model::date::Date>| d.map(|d| d.to_string());
    let list = |words: Vec<&str>| (!words.is_empty()).then(|| words.join(", "));
    let rows: [(&str, Option<String>); 12] = [
        ("of", a.of.as_ref().map(|v| v.value.clone())),
        ("framework", a.framework.as_ref().map(|v| v.value.clone())),
        ("edition", a.edition.clone()),
        ("type", a.kind.as_ref().map(|v| v.value.name().to_owned())),
        ("status", a.status.as_ref().map(|v| v.value.clone())),
        (
            "categories",
            a.categories
                .as_ref()
                .and_then(|c| list(c.iter().map(|c| c.value.as_str()).collect())),
        ),
        ("opinion", a.opinion.as_ref().map(|v| v.value.clone())),
        (
            "period",
            a.period
                .as_ref()
                .map(|p| format!("{} to {}", p.value.from, p.value.to)),
        ),
        ("expires", day(a.expires.as_ref().map(|e| e.value))),
        (
            "needs signed",
            list(a.agreements.iter().map(|k| k.value.as_str()).collect()),
        ),
        (
            "report",
            a.report
                .as_ref()
                .map(|r| r.value.0.clone())
                .or_else(|| Some("none held: terms are a lead, and no proof".to_owned())),
        ),
        (
            "read",
            a.reviewed
                .as_ref()
                .map(|r| format!("by {} on {}, again by {}", r.by, r.on, r.again_by)),
        ),
    ];
    for (word, value) in rows {
        if let Some(value) = value {
            writeln!(out, "{word}: {}", escape::line(&value))?;
        }
    }
    for cuec in &a.cuecs {
        let mapped: Vec<&str> = a
            .mapped
            .iter()
            .filter(|(id, _)| id.value == cuec.id.value)
            .flat_map(|(_, to)| to.iter().map(|c| c.value.as_str()))
            .collect();
        let mapped = if mapped.is_empty() {
            "mapped to none of our controls".to_owned()
        } else {
            format!("met by {}", mapped.join(", "))
        };
        writeln!(
            out,
            "expects of us {}: {} ({})",
            escape::line(&cuec.id.value),
            escape::line(&cuec.title),
            escape::line(&mapped)
        )?;
    }
    provenance(&a.provenance, out)?;
    writeln!(out, "file: {}", escape::line(&a.text.name))
}

fn covering<'c>(
    framework: &Framework,
    requirement: &Requirement,
    catalog: &'c Catalog,
) -> impl Iterator<Item = (&'c Control, &'c Coverage)> {
    let id = format!("{}/{}", framework.id.value, requirement.id.value);
    catalog.controls.iter().filter_map(move |control| {
        let link = control
            .satisfies
            .iter()
            .find(|s| s.requirement.value == id)?;
        Some((control, &link.coverage))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;
    use onus_model::catalog::{Profile, Satisfies};
    use onus_model::check::Severity;
    use onus_model::source::{Span, Spanned, Text};

    fn spanned(value: &str) -> Spanned<String> {
        Spanned {
            value: value.to_owned(),
            span: Span::default(),
        }
    }

    /// A check, and a catalog of one framework and one control that names the check.
    fn sample(name: &str) -> (Check, Catalog) {
        let requirement = |id: &str| Requirement {
            id: spanned(id),
            title: format!("about {name}"),
            within: None,
            category: None,
            addressable: false,
            names: Vec::new(),
        };
        let framework = Framework {
            id: spanned(name),
            title: format!("the book of {name}"),
            version: "2".to_owned(),
            editions: Vec::new(),
            source: Some("https://example.org".to_owned()),
            requirements: vec![requirement("R-1"), requirement("R-20")],
            aliases: Vec::new(),
            groups: Vec::new(),
            misspelt: Vec::new(),
            profiles: vec![Profile {
                id: spanned("all"),
                title: "all of it".to_owned(),
                extends: vec![spanned("some")],
                requirements: Vec::new(),
            }],
            text: Text::new(name, ""),
        };
        let control = Control {
            id: spanned(name),
            title: format!("no {name}"),
            satisfies: vec![Satisfies {
                requirement: spanned(&format!("{name}/R-1")),
                coverage: Coverage::Full(format!("it is all about {name}")),
            }],
            covers: vec![onus_model::rows::Covers {
                row: spanned("R-7"),
                by: vec![spanned(name)],
            }],
            domain: Some(name.to_owned()),
            severity: Severity::High,
            owner: Some(name.to_owned()),
            responsibility: Some(spanned(name)),
            evidence: Vec::new(),
            statements: Vec::new(),
            planned: Some(spanned(name)),
            reviewed: None,
            review_by: None,
            packed: false,
            checks: vec![onus_model::catalog::CheckLink {
                check: spanned(name),
                part: None,
            }],
            remediation: Some(format!("remove {name}")),
            span: Span::default(),
            text: Text::new(name, ""),
        };
        let mut check = samples::check(name, Severity::High);
        check.text = Text::new(name, format!("// {name}\r\n"));
        let catalog = Catalog {
            frameworks: vec![framework],
            controls: vec![control],
            ..Catalog::default()
        };
        (check, catalog)
    }

    fn everything(name: &str) -> String {
        let (check, catalog) = sample(name);
        let framework = &catalog.frameworks[0];
        let known = [check];
        let mut out = Vec::new();
        checks(&known, &mut out).unwrap();
        controls(&catalog, &mut out).unwrap();
        frameworks(&catalog, &mut out).unwrap();
        check_page(&known[0], &catalog, &mut out).unwrap();
        control_page(&catalog.controls[0], &known, &mut out).unwrap();
        framework_page(framework, &catalog, &mut out).unwrap();
        for requirement in &framework.requirements {
            requirement_page(framework, requirement, &catalog, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pages_show_what_is_known() {
        insta::assert_snapshot!(everything("privilege"));
    }

    #[test]
    fn nothing_on_a_page_acts_on_the_terminal() {
        let shown = everything("a\u{1b}[2J\u{202e}b");
        assert!(!shown.contains(escape::acts), "{shown:?}");
    }
}
