//! `onus new`: the beginning of something that a person writes. Whatever is begun here satisfies nothing until it is filled in.

use std::fmt::Write as _;
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
use crate::new_policies;
use crate::output::{Stop, Terminal, not_there, to_new_file, to_stdout};
use crate::packs::{self, Choice, Need, SETUP};

/// Where what people write is begun.
const FOLDER: &str = "compliance";

/// What is begun: files, and what is to be done next.
pub(crate) struct Begun {
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    /// The folder that must be named for them to be read, and the key of the project file.
    pub(crate) read: Option<(&'static str, PathBuf)>,
    /// What to do then.
    pub(crate) then: String,
}

impl Begun {
    /// One file among the controls.
    fn authored(path: PathBuf, text: String, folder: &Path, then: String) -> Self {
        Self {
            files: vec![(path, text.into_bytes())],
            read: Some(("controls", folder.to_owned())),
            then,
        }
    }
}

pub(crate) fn run(args: &NewArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let begun = begin(&args.what, terminal)?;
    // All or nothing: a pack is not left half written.
    for (path, _) in &begun.files {
        not_there(path)?;
    }
    for (path, text) in &begun.files {
        to_new_file(path, |out| out.write_all(text))?;
    }
    let next = begun.read.and_then(|(key, folder)| next(key, &folder));
    to_stdout(|out| {
        for (path, _) in &begun.files {
            writeln!(out, "wrote {}", shown(path))?;
        }
        if let Some(next) = &next {
            writeln!(out, "next: {next}")?;
        }
        writeln!(out, "then: {}", begun.then)
    })?;
    Ok(0)
}

fn begin(what: &New, terminal: &Terminal) -> Result<Begun, Stop> {
    Ok(match what {
        New::Control { id, folder } => Begun::authored(
            folder.join(format!("{}.yaml", id_of(id)?)),
            control(id),
            folder,
            format!("fill it in, and `onus explain {id}` tells how it stands"),
        ),
        New::Pack { id, folder } => Begun {
            files: pack(id_of(id)?, folder),
            read: Some(("controls", folder.clone())),
            then: format!(
                "fill them in, and `onus matrix --all --provider {id}` prints who does what"
            ),
        },
        New::Party { id, folder } => Begun::authored(
            folder.join(id_of(id)?).join("party.yaml"),
            party(id),
            folder,
            format!("say what it offers, and `onus new responsibility {id}` begins who does what"),
        ),
        New::Responsibility {
            party,
            folder,
            packs,
        } => {
            let id = id_of(party)?;
            party_of(id, &with_begun(packs, "controls", folder), terminal)?;
            Begun::authored(
                folder.join(id).join("responsibility.yaml"),
                responsibility(id),
                folder,
                format!("say who does what, and `onus matrix --all --provider {id}` prints it"),
            )
        }
        New::Terms {
            id,
            of,
            folder,
            packs,
        } => {
            let file = format!("{}.yaml", id_of(id)?);
            party_of(of, &with_begun(packs, "controls", folder), terminal)?;
            Begun::authored(
                folder.join(id_of(of)?).join(file),
                terms(id, of),
                folder,
                format!(
                    "fill them in; who holds the report begins the proof with `onus new attestation our-{id} --terms {id}`"
                ),
            )
        }
        New::Attestation {
            id,
            terms,
            report,
            folder,
            packs,
        } => Begun::authored(
            folder.join(format!("{}.yaml", id_of(id)?)),
            attestation(
                id,
                terms.as_deref(),
                report.as_deref(),
                &with_begun(packs, "controls", folder),
                terminal,
            )?,
            folder,
            format!("fill it in from the report, and `onus explain {id}` shows what is recorded"),
        ),
        New::Requirements { system, folder } => Begun::authored(
            folder.join(id_of(system)?).join("requirements.yaml"),
            requirements(system),
            folder,
            format!(
                "write the rows, and `onus list requirements --system {system}` shows what covers them"
            ),
        ),
        New::Evidence {
            control,
            evidence,
            on,
            packs,
        } => {
            let (path, text) = record(control, evidence.as_deref(), *on, packs, terminal)?;
            Begun {
                files: vec![(path, text.into_bytes())],
                read: None,
                then: format!("fill it in, and `onus explain {control}` tells whether it counts"),
            }
        }
        New::Statement {
            id,
            control,
            folder,
            packs,
        } => {
            let file = format!("{}.yaml", id_of(id)?);
            let packs = with_begun(packs, "controls", folder);
            Begun::authored(
                folder.join(file),
                statement(id, control, &packs)?,
                folder,
                format!("say it, and `onus explain {control}` tells how it stands"),
            )
        }
        New::Waiver {
            id,
            check,
            control,
            folder,
            packs,
        } => {
            let file = format!("{}.yaml", id_of(id)?);
            let (kind, of) = match (check, control) {
                (Some(check), _) => ("check", check.as_str()),
                (None, control) => ("control", control.as_deref().unwrap_or_default()),
            };
            waived(kind, of, &with_begun(packs, "controls", folder))?;
            Begun::authored(
                folder.join(file),
                waiver(id, kind, of),
                folder,
                "fill it in, and `onus check` tells what it takes away".to_owned(),
            )
        }
        New::Schema {
            namespace,
            files,
            folder,
            packs,
        } => new_policies::schema(namespace, files, folder, packs)?,
        New::Check {
            id,
            of,
            file,
            folder,
            packs,
        } => new_policies::check(
            id_of(id)?,
            of,
            file.as_deref(),
            folder.as_deref(),
            packs,
            terminal,
        )?,
        New::Case {
            check,
            name,
            file,
            packs,
        } => new_policies::case(check, id_of(name)?, file.as_deref(), packs, terminal)?,
    })
}

/// What is to be done for a folder to be read; nothing where the project file names it.
fn next(key: &str, folder: &Path) -> Option<String> {
    let default = match key {
        "policies" => new_policies::FOLDER,
        _ => FOLDER,
    };
    // The folder that all of them are in is named once.
    let name = if folder.starts_with(default) {
        default.to_owned()
    } else {
        shown(folder)
    };
    if !Path::new(SETUP).is_file() {
        return Some(format!(
            "`onus init` writes `{SETUP}`; name `{name}` there under `{key}`"
        ));
    }
    (!is_named(key, folder)).then(|| format!("name `{name}` under `{key}` in `{SETUP}`"))
}

/// Whether the project file names a folder, or one that it is in.
fn is_named(key: &str, folder: &Path) -> bool {
    let Ok(text) = fs::read_to_string(SETUP) else {
        return false;
    };
    // What is wrong with it is said by the commands that need it.
    let (setup, _) = onus_inputs::authored::setup(&Text::new(SETUP, text));
    let mut named = setup.iter().flat_map(|s| match key {
        "policies" => &s.policies,
        _ => &s.controls,
    });
    named.any(|c| folder.starts_with(&c.value) || c.value == ".")
}

/// The packs, and what was begun before in a folder that nobody named yet.
pub(crate) fn with_begun(packs: &PackArgs, key: &str, folder: &Path) -> PackArgs {
    let mut packs = packs.clone();
    let folders = match key {
        "policies" => &mut packs.policies,
        _ => &mut packs.controls,
    };
    let given = folders.iter().any(|known| folder.starts_with(known));
    if folder.is_dir() && !given && !is_named(key, folder) {
        folders.push(folder.to_owned());
    }
    packs
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

/// A provider that is known.
fn party_of(id: &str, packs: &PackArgs, terminal: &Terminal) -> Result<(), Stop> {
    let compiled = packs::read(packs, &[], Need::Beginning).compile(Choice::ALL, terminal)?;
    let parties = &compiled.catalog.parties;
    if parties.iter().any(|p| p.id.value == id) {
        return Ok(());
    }
    let known = parties.iter().map(|p| p.id.value.as_str());
    Err(Stop::Problems(vec![
        packs::no_such("party", id, known).help_unless(format!("`onus new party {id}` begins it")),
    ]))
}

/// A check or a control that is known.
fn waived(kind: &str, id: &str, packs: &PackArgs) -> Result<(), Stop> {
    let authored = packs::read(packs, &[], Need::Beginning);
    let controls = authored.catalog.controls.iter();
    let matrices = authored.packs.permissions.iter();
    let checks = authored.packs.checks.iter().map(|c| c.id.as_str());
    let known: Vec<&str> = match kind {
        "control" => controls.map(|c| c.id.value.as_str()).collect(),
        _ => checks
            .chain(matrices.map(|m| m.id.value.as_str()))
            .collect(),
    };
    if known.contains(&id) {
        return Ok(());
    }
    Err(Stop::Problems(vec![packs::no_such(
        kind,
        id,
        known.into_iter(),
    )]))
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
# The rows of a document that it covers, and what of it covers them: `onus list requirements`.
#covers: [{{row: ROW-1, by: statement}}]
# An area that is shared with a provider: `onus matrix`.
#responsibility: PARTY/AREA
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

/// Facts of others are true on a day, and looked at again by another: whoever looked says so.
const PROVENANCE: &str =
    "# Where this is published, the day that it was true, and the day until which you rely on it.
#source: https://example.com/handbook
#as_of: YYYY-MM-DD
#review_by: YYYY-MM-DD
";

fn party(id: &str) -> String {
    format!(
        "# `onus schema party` has every key.
party: {id}
title: {id}
{PROVENANCE}# What it sells, and where: the values that a deployment's facts may have.
plans: []
regions: []
#  - {{id: eu, on: aws}}   # who hosts it: `onus list parties`
# Files that show that it is used: `onus init` looks for them.
#files: [{id}.yaml]
"
    )
}

fn responsibility(id: &str) -> String {
    format!(
        "# `onus schema responsibility` has every key. Every part has one accountable party, under every plan and region.
responsibility: {id}
title: who does what on {id}
of: {id}
{PROVENANCE}areas:
  - area: backups
    title: backups
    parts:
      - part: platform
        title: back up the platform
        accountable: provider
        # What of a framework you may inherit with this part, if an attestation covers it.
        #inheritable: [aicpa-tsc-2017/A1.2]
      - part: data
        title: back up our data
        accountable: customer
        # Or, where it depends:
        #assign:
        #  - {{when: {{plan: PLAN}}, accountable: provider}}
        #  - {{when: {{plan: OTHER}}, accountable: customer}}
"
    )
}

fn terms(id: &str, of: &str) -> String {
    format!(
        "# `onus schema attestation` has every key. These are terms; the proof is begun with `onus new attestation`.
attestation: {id}
title: {id}
of: {of}
framework: aicpa-tsc-2017   # `onus list frameworks`
type: soc2-type-2
# `planned` proves nothing. Leave it out when the provider has the report.
status: planned
{PROVENANCE}# What it covers, and where.
#categories: [security, availability]
#scope: {{plans: [PLAN], regions: [REGION]}}
# Who else the provider stands on, and what it expects of its customers.
#subservice: [{{party: aws, method: carve-out, criteria: [CC6.4]}}]
#cuecs: [{{id: C-1, title: what is expected, criteria: [CC6.1]}}]
"
    )
}

fn requirements(system: &str) -> String {
    let row = system.to_uppercase();
    format!(
        "# `onus schema requirements` has every key. A row for each thing that the document demands; controls name them under `covers:`.
requirements: {system}
title: what the document is called
#source: handbook.md
#as_of: YYYY-MM-DD
rows:
  - row: {row}-1
    statement: what is demanded, in your own words
    # How it can be held against what is there: cedar (a check), freshness (records), lint (reading), manual (a person says so).
    methods: [manual]
#  - {{row: {row}-2, statement: a heading, out_of_scope: it demands nothing}}
"
    )
}

/// What a person is asked stands in it.
fn statement(id: &str, control: &str, packs: &PackArgs) -> Result<String, Stop> {
    let catalog = packs::read(packs, &[], Need::Beginning).catalog;
    let found = catalog.control(control).ok_or_else(|| {
        let ids = catalog.controls.iter().map(|c| c.id.value.as_str());
        Stop::Problems(vec![packs::no_such("control", control, ids)])
    })?;
    let mut asked = String::new();
    let mut part = String::new();
    for rule in &found.statements {
        if let Some(ask) = &rule.ask {
            // Whatever it says, it stays a comment.
            let _ = writeln!(asked, "# {}", ask.replace(char::is_control, " "));
        }
        if let Some(of) = &rule.part
            && part.is_empty()
        {
            part = format!("part: {}\n", of.value);
        }
    }
    if found.statements.is_empty() {
        return Err(Stop::Problems(vec![
            Problem::error(format!("`{control}` asks nobody"))
                .help("`onus explain` tells what shows a control"),
        ]));
    }
    Ok(format!(
        "# `onus schema statement` has every key.
{asked}statement: {id}
control: {control}
{part}says: TODO   # implemented, alternative or not-applicable
reason: TODO
by: TODO
role: TODO
on: YYYY-MM-DD
"
    ))
}

fn waiver(id: &str, kind: &str, of: &str) -> String {
    format!(
        "# `onus schema waiver` has every key. It takes failures away until its last day; nobody approves what they asked for themselves.
waiver: {id}
{kind}: {of}
# Which of them: an id as the report shows it, with `*`; all where nothing is said.
#target: '*/name'
kind: exception   # or false-positive, compensating
reason: TODO
owner: TODO
requested_by: TODO
approved_by: TODO
from: YYYY-MM-DD
expires: YYYY-MM-DD
"
    )
}

fn pack(id: &str, folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder.join(id);
    let control = format!(
        "# `onus schema control` has every key.
control: {id}-backups
title: backups on {id}
satisfies:
  - aicpa-tsc-2017/A1.2
responsibility: {id}/backups
statement:
  part: data
  ask: How are our data backed up, and when was a restore tested?
"
    );
    let soc2 = format!("{id}-soc2");
    [
        ("party.yaml".to_owned(), party(id)),
        ("responsibility.yaml".to_owned(), responsibility(id)),
        ("attestations.yaml".to_owned(), terms(&soc2, id)),
        (format!("{id}-backups.yaml"), control),
    ]
    .map(|(name, text)| (folder.join(name), text.into_bytes()))
    .into()
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
