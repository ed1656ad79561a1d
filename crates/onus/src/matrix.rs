//! `onus matrix`: who is accountable for what.

use onus_model::governance::Observation;
use onus_model::problem::Problem;

use crate::args::MatrixArgs;
use crate::governance;
use crate::output::{Stop, Terminal, to_file, to_stdout};
use crate::packs::{self, Choice, Need};

pub(crate) fn run(args: &MatrixArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let compiled =
        packs::read(&args.packs, &[], Need::Everything).compile(Choice::ALL, terminal)?;
    let catalog = &compiled.catalog;
    if let Some(provider) = &args.provider
        && catalog.party(provider).is_none()
    {
        let parties = catalog.parties.iter().map(|p| p.id.value.as_str());
        let problem = packs::no_such("provider", provider, parties);
        return Err(Stop::Problems(vec![
            problem.help_unless("`onus list parties` names them"),
        ]));
    }
    let declared = compiled
        .setup
        .as_ref()
        .map_or_else(Vec::new, |s| s.deployments.clone());
    let ids = || declared.iter().map(|d| d.id.value.as_str());
    let mut problems = Vec::new();
    for name in &args.deployments {
        if !ids().any(|id| id == name) {
            problems.push(
                packs::no_such("deployment", name, ids())
                    .help_unless("`onus.yaml` declares deployments"),
            );
        }
    }
    if !problems.is_empty() {
        return Err(Stop::Problems(problems));
    }
    let asked: Vec<_> = declared
        .iter()
        .filter(|d| {
            !args.all && (args.deployments.is_empty() || args.deployments.contains(&d.id.value))
        })
        .cloned()
        .collect();
    if !args.all && !asked.is_empty() && asked.iter().all(|d| d.on.is_none()) {
        return Err(Stop::Problems(vec![
            Problem::error("no deployment says on which provider it runs").help(
                "write `on: PROVIDER` in `onus.yaml`, or print every case with `onus matrix --all`",
            ),
        ]));
    }
    let now = governance::today(args.now);
    let (mut rows, mut observations) =
        onus_engine::matrix(catalog, &compiled.decisions, &asked, now);
    if let Some(provider) = &args.provider {
        rows.retain(|row| row.provider == *provider);
        observations
            .retain(|o| o.whose == onus_model::governance::Whose::Provider(provider.clone()));
    }
    // The matrix comes last: it is what one wants to see.
    let warnings: Vec<Problem> = observations.iter().map(warning).collect();
    if !warnings.is_empty() {
        terminal.problems(&warnings);
    }
    for (format, file) in &args.format {
        match file {
            Some(path) => to_file(path, |out| onus_report::matrix(&rows, *format, out))?,
            None => to_stdout(|out| onus_report::matrix(&rows, *format, out))?,
        }
    }
    Ok(0)
}

/// What is wrong with a matrix, for standard error: the matrix itself shows it, too.
fn warning(observation: &Observation) -> Problem {
    let mut problem = Problem::warning(&observation.message);
    problem.labels.extend(observation.at.first().cloned());
    problem.help.clone_from(&observation.help);
    problem
}
