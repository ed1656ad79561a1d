//! `onus new`: the beginning of something that a person writes. Whatever is begun here satisfies nothing until it is filled in.

use std::fs;
use std::path::{Path, PathBuf};

use onus_inputs::records::{self, PathPattern};
use onus_model::catalog::{Catalog, Evidence, EvidenceKind};
use onus_model::date::Date;
use onus_model::problem::Problem;
use onus_model::responsibility::{Attestation, AttestationType};
use onus_model::source::Text;

use crate::args::{New, NewArgs, PackArgs};
use crate::governance::today;
use crate::load::{said, shown};
use crate::output::{Stop, Terminal, not_there, to_new_file, to_stdout};
use crate::packs::{self, Choice, Need, SETUP};

pub(crate) fn run(args: &NewArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let files = match &args.what {
        New::Control { id, folder } => {
            vec![(folder.join(format!("{}.yaml", id_of(id)?)), control(id))]
        }
        New::Pack { id, folder } => pack(id_of(id)?, folder),
        New::Attestation {
            id,
            terms,
            report,
            folder,
            packs,
        } => {
            let text = attestation(
                id_of(id)?,
                terms.as_deref(),
                report.as_deref(),
                packs,
                terminal,
            )?;
            vec![(folder.join(format!("{id}.yaml")), text)]
        }
        New::Evidence {
            control,
            evidence,
            on,
            packs,
        } => vec![record(control, evidence.as_deref(), *on, packs, terminal)?],
    };
    // All or nothing: a pack is not left half written.
    for (path, _) in &files {
        not_there(path)?;
    }
    for (path, text) in &files {
        to_new_file(path, |out| out.write_all(text.as_bytes()))?;
    }
    let next = match &args.what {
        New::Control { folder, .. }
        | New::Pack { folder, .. }
        | New::Attestation { folder, .. } => next(folder),
        New::Evidence { .. } => None,
    };
    to_stdout(|out| {
        for (path, _) in &files {
            writeln!(out, "wrote {}", shown(path))?;
        }
        match &next {
            Some(next) => writeln!(out, "next: {next}"),
            None => Ok(()),
        }
    })?;
    Ok(0)
}

/// What is to be done for a folder to be read; nothing where the project file names it.
fn next(folder: &Path) -> Option<String> {
    let Ok(text) = fs::read_to_string(SETUP) else {
        return Some(format!(
            "`onus init` writes `{SETUP}`; name `{}` there under `controls`",
            shown(folder)
        ));
    };
    // What is wrong with it is said by the commands that need it.
    let (setup, _) = onus_inputs::authored::setup(&Text::new(SETUP, text));
    let named = setup.iter().flat_map(|s| &s.controls);
    let read = named
        .map(|c| Path::new(&c.value))
        .any(|known| folder.starts_with(known) || known == Path::new("."));
    (!read).then(|| format!("name `{}` under `controls` in `{SETUP}`", shown(folder)))
}

/// An id that is a file name, too.
fn id_of(id: &str) -> Result<&str, Stop> {
    let good = id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if good {
        Ok(id)
    } else {
        Err(Stop::Problems(vec![
            Problem::error(format!("`{}` is no id", id.escape_default()))
                .help("letters, digits, `-`, `_` and `.`; it is the name of the file, too"),
        ]))
    }
}

fn control(id: &str) -> String {
    format!(
        "# `onus schema control` has every key. A folder of controls is named in `onus.yaml` under `controls:`.
control: {id}
title: {id}
severity: medium
# What it is for: `onus list frameworks`, `onus explain FRAMEWORK`. In part, unless `full:` says why it is all.
satisfies: []
#  - aicpa-tsc-2017/CC6.1
#  - {{requirement: iso-27001-2022/A.8.24, full: 'why it is all of it'}}
# What shows it: checks over configs (`onus list checks`) …
checks: []
# … records that are kept (`onus new evidence {id}` begins the next one) …
#evidence:
#  - evidence: {id}-records
#    title: what is recorded
#    path: evidence/{id}/{{year}}-Q{{quarter}}.md
#    every: quarter
#    starts: 2026-01-01
#    grace: 30 days
# … or what a person says, in `onus.yaml` under `statements:`.
statement:
  by: the role that says it
  ask: What is to be said?
remediation: what to do when it is not satisfied
"
    )
}

fn pack(id: &str, folder: &Path) -> Vec<(PathBuf, String)> {
    let folder = folder.join(id);
    let party = format!(
        "# `onus schema party` has every key.
party: {id}
title: {id}
# What it sells, and where: the values that a deployment's facts may have.
plans: []
regions: []
source: https://example.org
as_of: 2026-01-01
review_by: 2027-01-01
"
    );
    let responsibility = format!(
        "# `onus schema responsibility` has every key. Every part has one accountable party, under every plan and region.
responsibility: {id}
title: who does what on {id}
of: {id}
source: https://example.org
as_of: 2026-01-01
review_by: 2027-01-01
areas:
  - area: backups
    title: backups
    parts:
      - part: platform
        title: back up the platform
        accountable: provider
      - part: data
        title: back up our data
        accountable: customer
"
    );
    let attestation = format!(
        "# `onus schema attestation` has every key. These are terms; the proof is begun with `onus new attestation`.
attestation: {id}-soc2
title: SOC 2 report of {id}
of: {id}
framework: aicpa-tsc-2017
type: soc2-type-2
status: planned
source: https://example.org
as_of: 2026-01-01
review_by: 2027-01-01
"
    );
    let control = format!(
        "control: {id}-backups
title: backups on {id}
satisfies:
  - aicpa-tsc-2017/A1.2
responsibility: {id}/backups
statement:
  part: data
  ask: How are our data backed up, and when was a restore tested?
"
    );
    vec![
        (folder.join("party.yaml"), party),
        (folder.join("responsibility.yaml"), responsibility),
        (folder.join("attestations.yaml"), attestation),
        (folder.join(format!("{id}-backups.yaml")), control),
    ]
}

/// The proof of an attestation: everything that only the user can know is left to be filled in.
fn attestation(
    id: &str,
    terms: Option<&str>,
    report: Option<&Path>,
    packs: &PackArgs,
    terminal: &Terminal,
) -> Result<String, Stop> {
    let compiled = packs::read(packs, &[], Need::Beginning).compile(Choice::ALL, terminal)?;
    let catalog = &compiled.catalog;
    let of = match terms {
        Some(terms) => Some(terms_of(catalog, terms)?),
        None => None,
    };
    let (locator, digest) = match report {
        Some(path) => {
            let bytes = fs::read(path).map_err(|error| {
                Stop::Problems(vec![Problem::error(format!(
                    "cannot read `{}`: {}",
                    path.display(),
                    said(&error)
                ))])
            })?;
            (shown(path), records::sha256(&bytes))
        }
        None => (
            "where the report is kept".to_owned(),
            "what `sha256sum FILE` prints".to_owned(),
        ),
    };
    let today = today(None);
    let head = match of {
        Some(terms) => {
            let kind = match terms.kind {
                Some(_) => "",
                None => "type: soc2-type-1 or soc2-type-2, as the report says\n",
            };
            format!("attestation: {id}\nterms: {}\n{kind}", terms.id.value)
        }
        None => format!(
            "attestation: {id}\ntitle: {id}\nof: PROVIDER            # `onus list parties`\nframework: FRAMEWORK   # `onus list frameworks`\ntype: soc2-type-2\n"
        ),
    };
    let cuecs: String = of
        .iter()
        .flat_map(|a| &a.cuecs)
        .map(|c| format!("#  {}: our-control   # {}\n", c.id.value, c.title))
        .collect();
    let mapped = if cuecs.is_empty() {
        "#mapped: {CUEC-1: our-control}   # the controls that the report expects of us, and ours that meet them\n"
            .to_owned()
    } else {
        format!("#mapped:\n{cuecs}")
    };
    let facts = asked(of, catalog);
    Ok(format!(
        "# `onus schema attestation` has every key. Take the facts from the report itself, not from a web page.
{head}{facts}issued: YYYY-MM-DD
report:
  locator: {locator}
  sha256: {digest}
reviewed: {{by: who of us read it, on: YYYY-MM-DD}}   # {today} is today
#exceptions: [{{criteria: [CC6.1], note: what the auditor found}}]
{mapped}"
    ))
}

/// The facts that a report of this kind has.
fn asked(terms: Option<&Attestation>, catalog: &Catalog) -> String {
    let kind = terms.and_then(|a| a.kind.as_ref()).map(|k| k.value);
    let framework = terms
        .and_then(|a| a.framework.as_ref())
        .and_then(|f| catalog.framework(&f.value));
    let mut facts = framework
        .map(|f| f.editions.join(" or "))
        .filter(|editions| !editions.is_empty())
        .map_or_else(String::new, |editions| {
            format!("edition: as the report names it, such as {editions}\n")
        });
    facts.push_str(match kind {
        Some(AttestationType::Soc2TypeTwo) | None => {
            "opinion: unqualified, qualified, adverse or disclaimer
period: {from: YYYY-MM-DD, to: YYYY-MM-DD}
#bridge: {issued: YYYY-MM-DD, to: YYYY-MM-DD}
"
        }
        Some(AttestationType::Soc2TypeOne) => {
            "opinion: unqualified, qualified, adverse or disclaimer\n"
        }
        Some(AttestationType::Contract) => "#expires: YYYY-MM-DD\n",
        Some(
            AttestationType::Certificate
            | AttestationType::AttestationOfCompliance
            | AttestationType::SelfCertification
            | AttestationType::SelfAssessment,
        ) => "expires: YYYY-MM-DD\n",
    });
    facts
}

fn terms_of<'c>(catalog: &'c Catalog, terms: &str) -> Result<&'c Attestation, Stop> {
    let ids = || catalog.attestations.iter().map(|a| a.id.value.as_str());
    catalog
        .attestations
        .iter()
        .find(|a| a.id.value == terms)
        .ok_or_else(|| Stop::Problems(vec![packs::no_such("attestation", terms, ids())]))
}

/// The record that is open, or that of a day: its path, and a template that counts for nothing.
fn record(
    control: &str,
    evidence: Option<&str>,
    on: Option<Date>,
    packs: &PackArgs,
    terminal: &Terminal,
) -> Result<(PathBuf, String), Stop> {
    let compiled = packs::read(packs, &[], Need::Beginning).compile(Choice::ALL, terminal)?;
    let catalog = &compiled.catalog;
    let stop = |problem: Problem| Stop::Problems(vec![problem]);
    let found = catalog.control(control).ok_or_else(|| {
        let ids = catalog.controls.iter().map(|c| c.id.value.as_str());
        stop(packs::no_such("control", control, ids))
    })?;
    let ids: Vec<&str> = found.evidence.iter().map(|e| e.id.value.as_str()).collect();
    let rule = match (evidence, found.evidence.as_slice()) {
        (None, [only]) => only,
        (None, []) => {
            return Err(stop(
                Problem::error(format!("`{control}` keeps no evidence"))
                    .help("`onus list evidence` names the controls that do"),
            ));
        }
        (None, _) => {
            return Err(stop(
                Problem::error(format!("`{control}` keeps several kinds of evidence"))
                    .help(format!("name one of them: `{}`", ids.join("`, `"))),
            ));
        }
        (Some(id), all) => all.iter().find(|e| e.id.value == id).ok_or_else(|| {
            let names = format!("it keeps `{}`", ids.join("`, `"));
            stop(packs::no_such("evidence", id, ids.iter().copied()).help_unless(names))
        })?,
    };
    let pattern = PathPattern::parse(&rule.path.value).map_err(|why| {
        stop(Problem::error(format!(
            "`{}` is no pattern: {why}",
            rule.path.value
        )))
    })?;
    let day = on.unwrap_or_else(|| open(rule, today(None)));
    let names = records::names_of(day);
    let path = pattern.render(&names).ok_or_else(|| {
        let others: Vec<String> = pattern
            .names()
            .filter(|name| !names.iter().any(|(known, _)| known == name))
            .map(|name| format!("`{{{name}}}`"))
            .collect();
        stop(
            Problem::error(format!(
                "`{}` is named by an event, and not by a day: {}",
                rule.path.value,
                others.join(", ")
            ))
            .help("copy the head of another record, and name the file as the pattern says"),
        )
    })?;
    let period = rule.every.map_or_else(String::new, |every| {
        format!("period: {}\n", every.label(every.period(day)))
    });
    Ok((compiled.base.join(path), template(rule, &period)))
}

/// The period to make a record of: the one that has closed last, which is due.
fn open(rule: &Evidence, today: Date) -> Date {
    match rule.every {
        Some(every) => every.period(today).from.pred_opt().unwrap_or(today),
        None => today,
    }
}

fn template(rule: &Evidence, period: &str) -> String {
    let title = &rule.title;
    match rule.kind {
        EvidenceKind::Record => format!(
            "---
# {title}: it counts when everything here is filled in.
performed_by: TODO
performed_on: YYYY-MM-DD
{period}scope: TODO
result: TODO   # satisfactory or adverse
open_exceptions: TODO   # how many
---

# {title}

What was looked at, how, and what was found.
"
        ),
        EvidenceKind::Document => format!(
            "---
updated: YYYY-MM-DD
next_review: YYYY-MM-DD
performed_by: TODO
---

# {title}
"
        ),
        EvidenceKind::AccessReview => format!(
            "---
# {title}: it counts when every row is decided by somebody other than its subject.
performed_by: TODO
performed_on: YYYY-MM-DD
{period}scope: TODO
result: TODO   # satisfactory or adverse
open_exceptions: TODO   # how many
grants: TODO   # the file with the grants that were reviewed
grants_sha256: TODO   # its digest on that day
---

# {title}

| subject | grant | decision | decided by |
| --- | --- | --- | --- |
| TODO | TODO | keep or revoke | TODO |
"
        ),
    }
}
