//! `onus list`, `onus explain`, `onus schema`.

use onus_model::check::Severity;

use crate::args::{ExplainArgs, ListArgs, Listed, SchemaArgs, SchemaOf};
use crate::output::{Stop, Terminal, to_stdout};
use crate::packs;

pub(crate) fn list(args: &ListArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let (program, catalog, _) =
        packs::read(&args.packs).compile(&[], &[], Severity::Low, terminal)?;
    to_stdout(|out| match args.what {
        Listed::Checks => onus_report::checks(&program.known, out),
        Listed::Controls => onus_report::controls(&catalog, out),
        Listed::Frameworks => onus_report::frameworks(&catalog, out),
        Listed::Formats => onus_report::formats(&program.plan, out),
        Listed::Types => onus_report::types(&program.plan, out),
        Listed::Parameters => onus_report::parameters(&program.plan, out),
    })?;
    Ok(0)
}

pub(crate) fn explain(args: &ExplainArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let (program, catalog, _) =
        packs::read(&args.packs).compile(&[], &[], Severity::Low, terminal)?;
    let id = args.id.as_str();
    let check = program.known.iter().find(|c| c.id == id);
    let control = catalog.controls.iter().find(|c| c.id.value == id);
    let (name, part) = id.split_once('/').unwrap_or((id, ""));
    let framework = catalog.frameworks.iter().find(|f| f.id.value == name);
    let whole =
        framework.filter(|f| part.is_empty() || f.profiles.iter().any(|p| p.id.value == part));
    let requirement = framework.and_then(|f| {
        let requirement = f.requirements.iter().find(|r| r.id.value == part)?;
        Some((f, requirement))
    });
    if check.is_none() && control.is_none() && whole.is_none() && requirement.is_none() {
        let requirements: Vec<String> = catalog
            .frameworks
            .iter()
            .flat_map(|f| {
                f.requirements
                    .iter()
                    .map(|r| format!("{}/{}", f.id.value, r.id.value))
            })
            .collect();
        let known = program
            .known
            .iter()
            .map(|c| c.id.as_str())
            .chain(catalog.controls.iter().map(|c| c.id.value.as_str()))
            .chain(catalog.frameworks.iter().map(|f| f.id.value.as_str()))
            .chain(requirements.iter().map(String::as_str));
        let mut problem = packs::no_such("check, control, framework or requirement", id, known);
        if problem
            .help
            .as_ref()
            .is_some_and(|h| h.contains("onus list"))
        {
            problem = problem.help(
                "`onus list checks`, `onus list controls` and `onus list frameworks` name them",
            );
        }
        return Err(Stop::Problems(vec![problem]));
    }
    to_stdout(|out| {
        let mut between = false;
        let mut gap = |out: &mut dyn std::io::Write| {
            if std::mem::replace(&mut between, true) {
                writeln!(out)
            } else {
                Ok(())
            }
        };
        if let Some(check) = check {
            gap(out)?;
            onus_report::check_page(check, &catalog, out)?;
        }
        if let Some(control) = control {
            gap(out)?;
            onus_report::control_page(control, &program.known, out)?;
        }
        if let Some(framework) = whole {
            gap(out)?;
            onus_report::framework_page(framework, &catalog, out)?;
        }
        if let Some((framework, requirement)) = requirement {
            gap(out)?;
            onus_report::requirement_page(framework, requirement, &catalog, out)?;
        }
        Ok(())
    })?;
    Ok(0)
}

pub(crate) fn schema(args: &SchemaArgs, _: &Terminal) -> Result<u8, Stop> {
    to_stdout(|out| match args.what {
        SchemaOf::Report => out.write_all(onus_report::report_schema().as_bytes()),
    })?;
    Ok(0)
}
