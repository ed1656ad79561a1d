//! What `onus list` and `onus explain` print.

use std::io::{self, Write};

use onus_model::catalog::{Catalog, Control, Coverage, Framework, Requirement};
use onus_model::check::Check;
use onus_model::plan::Plan;

use crate::escape;

/// Rows in columns; the last column is not padded.
fn table(rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
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
        .map(|f| vec![f.name.clone(), f.title.clone(), f.files.join(", ")])
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
            let default = p
                .default
                .as_ref()
                .map_or_else(|| "no default".to_owned(), |d| format!("default {d}"));
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
        .filter(|c| c.checks.iter().any(|id| id.value == check.id))
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
    for id in &control.checks {
        let title = checks
            .iter()
            .find(|c| c.id == id.value)
            .map_or("", |c| c.title.as_str());
        writeln!(
            out,
            "checked by {}: {}",
            escape::line(&id.value),
            escape::line(title)
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
        let extends = profile.extends.as_ref().map_or_else(String::new, |e| {
            format!(", extends {}", escape::line(&e.value))
        });
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
        };
        let framework = Framework {
            id: spanned(name),
            title: format!("the book of {name}"),
            version: "2".to_owned(),
            source: Some("https://example.org".to_owned()),
            requirements: vec![requirement("R-1"), requirement("R-20")],
            profiles: vec![Profile {
                id: spanned("all"),
                title: "all of it".to_owned(),
                extends: Some(spanned("some")),
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
            checks: vec![spanned(name)],
            remediation: Some(format!("remove {name}")),
            span: Span::default(),
            text: Text::new(name, ""),
        };
        let mut check = samples::check(name, Severity::High);
        check.text = Text::new(name, format!("// {name}\r\n"));
        let catalog = Catalog {
            frameworks: vec![framework],
            controls: vec![control],
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
