//! `onus list`, `onus explain`, `onus schema`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use clap::Parser as _;
use onus_inputs::identifiers::{Meaning, resolve, resolve_full};
use onus_model::catalog::{Catalog, Framework, Requirement};
use onus_model::problem::Problem;
use onus_model::rows::Covered;
use onus_report::ListFormat;

use crate::args::{Args, Command, ExplainArgs, ListArgs, Listed, SchemaArgs, SchemaOf};
use crate::check;
use crate::output::{Stop, Terminal, to_stdout};
use crate::packs::{self, Choice, Compiled, Need};

pub(crate) fn list(args: &ListArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let Compiled {
        program, catalog, ..
    } = packs::read(&args.packs, &[], Need::Everything).compile(Choice::ALL, terminal)?;
    let rows = rows(args, &catalog)?;
    to_stdout(|out| match args.what {
        Listed::Checks => onus_report::checks(&program.known, out),
        Listed::Controls => onus_report::controls(&catalog, out),
        Listed::Frameworks => onus_report::frameworks(&catalog, out),
        Listed::Parties => onus_report::parties(&catalog, out),
        Listed::Attestations => onus_report::attestations(&catalog, out),
        Listed::Evidence => onus_report::evidence(&catalog, out),
        Listed::Formats => onus_report::formats(&program.plan, out),
        Listed::Systems => onus_report::systems(&program.plan, out),
        Listed::Types => onus_report::types(&program.plan, out),
        Listed::Parameters => onus_report::parameters(&program.plan, out),
        Listed::Requirements => onus_report::rows(&rows, args.format, out),
    })?;
    Ok(0)
}

/// The rows to list.
fn rows<'c>(args: &ListArgs, catalog: &'c Catalog) -> Result<Vec<Covered<'c>>, Stop> {
    if args.what != Listed::Requirements {
        let given = [
            ("--system", args.system.is_some()),
            ("--format", args.format != ListFormat::Text),
        ];
        let problems: Vec<Problem> = given
            .into_iter()
            .filter(|(_, given)| *given)
            .map(|(name, _)| Problem::error(format!("`{name}` is for `onus list requirements`")))
            .collect();
        return if problems.is_empty() {
            Ok(Vec::new())
        } else {
            Err(Stop::Problems(problems))
        };
    }
    if let Some(system) = &args.system
        && catalog.sheet(system).is_none()
    {
        let known = || catalog.sheets.iter().map(|s| s.id.value.as_str());
        let problem = packs::no_such("system with requirements", system, known());
        let names: Vec<&str> = known().collect();
        return Err(Stop::Problems(vec![if names.is_empty() {
            problem.help("no pack has any")
        } else {
            problem.help_unless(format!("there are `{}`", names.join("`, `")))
        }]));
    }
    let wanted = |c: &Covered<'_>| {
        let system = args.system.as_ref();
        system.is_none_or(|system| c.sheet.id.value == *system)
    };
    Ok(catalog.covered().filter(wanted).collect())
}

/// More requirements than this are a framework, and not an explanation.
const MOST_REQUIREMENTS: usize = 40;

/// What an id means; it can mean several things.
struct Meant<'c> {
    pages: Vec<Page<'c>>,
    /// For a control: it can be judged.
    control: bool,
}

/// Something that writes a page.
type Page<'c> = Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 'c>;

fn meant<'c>(id: &str, compiled: &'c Compiled) -> Meant<'c> {
    let Compiled {
        program, catalog, ..
    } = compiled;
    let mut pages: Vec<Page<'c>> = Vec::new();
    for check in program.known.iter().filter(|c| c.id == id) {
        pages.push(Box::new(move |out| {
            onus_report::check_page(check, catalog, out)
        }));
    }
    let control = catalog.control(id);
    if let Some(control) = control {
        pages.push(Box::new(move |out| {
            onus_report::control_page(control, &program.known, out)
        }));
    }
    if let Some(party) = catalog.party(id) {
        pages.push(Box::new(move |out| {
            onus_report::party_page(party, catalog, out)
        }));
    }
    for attestation in catalog.attestations.iter().filter(|a| a.id.value == id) {
        pages.push(Box::new(move |out| {
            onus_report::attestation_page(attestation, out)
        }));
    }
    for row in catalog.covered().filter(|c| c.row.id.value == id) {
        pages.push(Box::new(move |out| {
            onus_report::rows(std::slice::from_ref(&row), ListFormat::Text, out)
        }));
    }
    let (name, part) = id.split_once('/').unwrap_or((id, ""));
    if let Some(framework) = catalog.framework(name) {
        let profile = framework.profiles.iter().any(|p| p.id.value == part);
        if part.is_empty() || profile {
            pages.push(Box::new(move |out| {
                onus_report::framework_page(framework, catalog, out)
            }));
        }
        for requirement in requirements(catalog, id) {
            pages.push(requirement_page(framework, requirement, catalog));
        }
    }
    if pages.is_empty() && !id.contains('/') {
        // `cc6.1`, without its framework: whatever has it.
        for framework in &catalog.frameworks {
            if let Meaning::Requirements(found) = resolve(framework, id)
                && let [only] = found.as_slice()
            {
                pages.push(requirement_page(framework, only, catalog));
            }
        }
    }
    Meant {
        pages,
        control: control.is_some(),
    }
}

fn requirement_page<'c>(
    framework: &'c Framework,
    requirement: &'c Requirement,
    catalog: &'c Catalog,
) -> Page<'c> {
    Box::new(move |out| onus_report::requirement_page(framework, requirement, catalog, out))
}

/// The requirements that `framework/id` means, if they are few.
fn requirements<'c>(catalog: &'c Catalog, id: &str) -> Vec<&'c Requirement> {
    let found = match resolve_full(catalog, id) {
        Ok((_, Meaning::Requirements(found))) => found,
        Ok((_, Meaning::Group { requirements, .. })) => requirements,
        Ok((_, Meaning::Misspelt { .. } | Meaning::Unknown { .. })) | Err(_) => Vec::new(),
    };
    if found.len() > MOST_REQUIREMENTS {
        Vec::new()
    } else {
        found
    }
}

/// Why an id means nothing.
fn unknown(id: &str, compiled: &Compiled) -> Stop {
    let Compiled {
        program, catalog, ..
    } = compiled;
    let ids = program
        .known
        .iter()
        .map(|c| c.id.as_str())
        .chain(catalog.controls.iter().map(|c| c.id.value.as_str()))
        .chain(catalog.frameworks.iter().map(|f| f.id.value.as_str()))
        .chain(catalog.parties.iter().map(|p| p.id.value.as_str()))
        .chain(catalog.attestations.iter().map(|a| a.id.value.as_str()))
        .chain(
            catalog
                .sheets
                .iter()
                .flat_map(|s| &s.rows)
                .map(|r| r.id.value.as_str()),
        );
    let mut problem = packs::no_such("check, control, framework or requirement", id, ids);
    match resolve_full(catalog, id) {
        Ok((framework, Meaning::Misspelt { misspelt })) => {
            let note = misspelt.note.as_deref().unwrap_or("it does not exist");
            problem = problem.help(format!(
                "`{}/{}`: {note}",
                framework.id.value, misspelt.id.value
            ));
        }
        Ok((framework, Meaning::Unknown { near })) if !near.is_empty() => {
            let near: BTreeSet<String> = near
                .iter()
                .map(|n| format!("`{}/{n}`", framework.id.value))
                .collect();
            let near: Vec<String> = near.into_iter().collect();
            problem = problem.help(format!("did you mean {}?", near.join(", ")));
        }
        _ if problem
            .help
            .as_ref()
            .is_none_or(|h| h.contains("onus list")) =>
        {
            problem = problem.help(
                "`onus list checks`, `onus list controls` and `onus list frameworks` name them",
            );
        }
        _ => {}
    }
    Stop::Problems(vec![problem])
}

pub(crate) fn explain(args: &ExplainArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let compiled =
        packs::read(&args.packs, &args.paths, Need::Everything).compile(Choice::ALL, terminal)?;
    let meant = meant(&args.id, &compiled);
    if meant.pages.is_empty() {
        return Err(unknown(&args.id, &compiled));
    }
    to_stdout(|out| {
        for (index, page) in meant.pages.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            page(out)?;
        }
        Ok(())
    })?;
    if meant.control && (compiled.setup.is_some() || !args.paths.is_empty()) {
        chain(args, terminal)?;
    }
    Ok(0)
}

/// How a control stands in the files of the user, and why.
fn chain(args: &ExplainArgs, terminal: &Terminal) -> Result<(), Stop> {
    // The defaults of `check` stand in one place, its arguments.
    let Ok(Args {
        command: Command::Check(mut check),
        ..
    }) = Args::try_parse_from(["onus", "check"])
    else {
        return Ok(());
    };
    if !args.paths.is_empty() {
        check.paths.clone_from(&args.paths);
    }
    check.packs.clone_from(&args.packs);
    check.framework.clone_from(&args.framework);
    check.governance.now = args.now;
    let run = check::judge(&check, terminal)?;
    to_stdout(|out| {
        writeln!(out)?;
        onus_report::chain(&args.id, &run.assessment, terminal.stdout(), out)
    })
}

pub(crate) fn schema(args: &SchemaArgs, _: &Terminal) -> Result<u8, Stop> {
    to_stdout(|out| match args.what {
        SchemaOf::Report => out.write_all(onus_report::report_schema().as_bytes()),
        SchemaOf::Authored(kind) => out.write_all(onus_report::authored_schema(kind).as_bytes()),
    })?;
    Ok(0)
}
