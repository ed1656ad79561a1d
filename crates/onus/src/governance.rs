//! What governance needs from the disk: records, documents, the history, the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ignore::gitignore::GitignoreBuilder;
use onus_engine::{Groups, Held, Rules};
use onus_inputs::{lint, markdown, records};
use onus_model::catalog::{Catalog, Evidence, EvidenceKind};
use onus_model::date::{Date, Period};
use onus_model::evidence::{Content, Event, Filed, Kept, Record};
use onus_model::file::File;
use onus_model::governance::Observation;
use onus_model::path::Pattern;
use onus_model::plan::Plan;
use onus_model::problem::Problem;
use onus_model::setup::{Deployment, GovernanceGate, Setup};
use onus_model::source::{Spanned, Text};
use walkdir::WalkDir;

use crate::history::History;
use crate::load::said;
use crate::packs::Compiled;

/// The largest record or document that is read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What the command line says of governance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) now: Date,
    pub(crate) window: Option<Period>,
    pub(crate) gate: Option<GovernanceGate>,
    pub(crate) no_waivers: bool,
}

/// The day of the judgement: the one that was asked for, or today in UTC.
pub(crate) fn today(asked: Option<Date>) -> Date {
    asked.unwrap_or_else(|| {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let days = u32::try_from(since.as_secs() / 86_400).unwrap_or(u32::MAX);
        onus_model::date::Length::days(days).after(Date::default())
    })
}

/// The deployments that a run is about.
pub(crate) fn deployments(setup: Option<&Setup>) -> Vec<Deployment> {
    match setup {
        Some(setup) if !setup.deployments.is_empty() => setup.deployments.clone(),
        _ => vec![Deployment::undeclared()],
    }
}

/// Collects what governance is judged by; none where nothing is declared and no framework was chosen.
pub(crate) fn rules<'c>(
    compiled: &'c Compiled,
    files: &[File],
    options: Options,
    problems: &mut Vec<Problem>,
) -> Option<Rules<'c>> {
    let catalog = &compiled.catalog;
    let own = catalog.controls.iter().any(|c| !c.packed) || !catalog.waivers.is_empty();
    if compiled.setup.is_none() && compiled.held.is_empty() && !own {
        return None;
    }
    let setup = compiled.setup.as_ref();
    let base = compiled.base.as_path();
    let deployments = deployments(setup);
    let groups = Groups::new(&deployments, &crate::load::shown(base), files);
    let wanted = wanted(catalog, &compiled.held);
    let kept = if wanted.is_empty() {
        Vec::new()
    } else {
        let history = if setup.is_some_and(|s| s.gates.filing_as_stated) {
            History::not_asked()
        } else {
            History::read(base)
        };
        wanted
            .iter()
            .map(|(control, rule)| kept(control, rule, compiled, &history, problems))
            .collect()
    };
    let observations = setup.map_or_else(Vec::new, |setup| {
        documents(setup, catalog, &compiled.held, base, options.now, problems)
    });
    Some(Rules {
        decisions: &compiled.decisions,
        setup,
        held: compiled.held.clone(),
        kept,
        observations,
        now: options.now,
        window: options.window,
        gate: options
            .gate
            .or_else(|| setup.and_then(|s| s.gates.governance))
            .unwrap_or_default(),
        groups,
        no_waivers: options.no_waivers,
        files_there: files_there(catalog, setup, base),
        code_owners: code_owners(catalog, base),
    })
}

/// The evidence rules of the controls that are judged, with the control's id.
fn wanted<'c>(catalog: &'c Catalog, held: &[Held]) -> Vec<(&'c str, &'c Evidence)> {
    let held: BTreeSet<String> = held.iter().map(Held::full).collect();
    catalog
        .controls_for(&held)
        .into_iter()
        .flat_map(|c| c.evidence.iter().map(move |e| (c.id.value.as_str(), e)))
        .collect()
}

/// A file that a person wrote, as text; or why it cannot be read.
fn text_of(path: &Path, shown: &str) -> Result<Text, String> {
    let found = fs::metadata(path).map_err(|e| said(&e))?;
    if !found.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if found.len() > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes"));
    }
    let bytes = fs::read(path).map_err(|e| said(&e))?;
    String::from_utf8(bytes)
        .map(|text| Text::new(shown, text))
        .map_err(|_| "it is no UTF-8 text".to_owned())
}

/// The files below the fixed part of a pattern that match it, in order of path, with what its names stand for.
fn matching(pattern: &records::PathPattern, base: &Path) -> Vec<(String, records::Found)> {
    let folder = base.join(pattern.folder());
    let root = if base.as_os_str().is_empty() {
        Path::new("")
    } else {
        base
    };
    let walk = if folder.as_os_str().is_empty() {
        WalkDir::new(".")
    } else {
        WalkDir::new(&folder)
    };
    let mut found = Vec::new();
    for entry in walk
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| e.file_name() != ".git")
        .flatten()
    {
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let inside = path.strip_prefix(root).unwrap_or(path);
        let inside = crate::load::shown(inside);
        if let Some(captures) = pattern.captures(&inside) {
            found.push((inside, captures));
        }
    }
    found
}

/// The records of one rule.
fn kept(
    control: &str,
    rule: &Evidence,
    compiled: &Compiled,
    history: &History,
    problems: &mut Vec<Problem>,
) -> Kept {
    let (catalog, base) = (&compiled.catalog, compiled.base.as_path());
    let tables = &compiled.program.tables;
    let mut kept = Kept {
        control: control.to_owned(),
        evidence: rule.id.value.clone(),
        ..Kept::default()
    };
    let of = catalog.control(control).map(|c| c.text.clone());
    let mut parse = |written: &Spanned<String>| match records::PathPattern::parse(&written.value) {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            let problem = Problem::error(format!("`{}` is no pattern: {why}", written.value));
            problems.push(match &of {
                Some(text) => problem.at(text, written.span, ""),
                None => problem,
            });
            None
        }
    };
    if let Some(pattern) = parse(&rule.path) {
        for (path, captures) in matching(&pattern, base) {
            let content = text_of(&base.join(&path), &crate::load::shown(&base.join(&path)))
                .map(|text| content(&text, rule.kind, base, tables));
            kept.records.push(Record {
                filed: history.filed(&path),
                captures: captures.names,
                period: captures.period,
                content,
                path,
                outside: false,
            });
        }
    }
    if let Some(pattern) = rule.events.as_ref().and_then(parse) {
        for (path, captures) in matching(&pattern, base) {
            let text = text_of(&base.join(&path), &path).ok();
            let on = text.and_then(|text| records::event_date(&text, &captures.names));
            kept.events.push(Event {
                path,
                captures: captures.names,
                on,
            });
        }
    }
    for record in &catalog.records {
        if record.evidence.value == rule.id.value {
            kept.records.push(outside(record));
        }
    }
    kept
}

/// What a record holds, with the grants that it reviewed looked up: in a table, or in the files of the repository.
fn content(text: &Text, kind: EvidenceKind, base: &Path, tables: &Plan) -> Content {
    let mut content = records::content(text, kind);
    let Some(review) = &mut content.review else {
        return content;
    };
    let Some(grants) = &review.grants else {
        return content;
    };
    let path = base.join(&grants.value);
    let syntax = onus_inputs::document::Syntax::of(&grants.value);
    let exported = [
        None,
        Some(onus_inputs::document::Syntax::Csv),
        Some(onus_inputs::document::Syntax::Xml),
    ];
    let table = path.is_file() && exported.contains(&syntax);
    let held = if table {
        text_of(&path, &grants.value).map(|table| records::granted(&table.text))
    } else {
        crate::grants::roles(&path, tables)
    };
    match held {
        Ok(held) => review.still_granted = records::still_granted(review, &held),
        // What was revoked cannot be looked for.
        Err(why) => content.faults.push((
            grants.span,
            format!("the grants in `{}` cannot be read: {why}", grants.value),
        )),
    }
    content
}

fn outside(record: &onus_model::catalog::OutsideRecord) -> Record {
    let spanned = |value: String| {
        Some(Spanned {
            value,
            span: record.period.span,
        })
    };
    let period = records::period(&record.period.value);
    Record {
        path: record.locator.clone(),
        captures: vec![("period".to_owned(), record.period.value.clone())],
        period,
        content: Ok(Content {
            text: record.text.clone(),
            empty: false,
            template: None,
            performed_by: spanned(record.performed_by.clone()),
            performed_on: Some(Spanned {
                value: record.performed_on,
                span: record.period.span,
            }),
            period: None,
            scope: spanned(record.locator.clone()),
            adverse: Some(Spanned {
                value: record.adverse,
                span: record.period.span,
            }),
            open_exceptions: Some(Spanned {
                value: record.open_exceptions,
                span: record.period.span,
            }),
            updated: None,
            next_review: None,
            faults: Vec::new(),
            review: None,
        }),
        filed: Filed::Unknown("it is kept elsewhere".to_owned()),
        outside: true,
    }
}

/// What the documents that the setup names give rise to.
fn documents(
    setup: &Setup,
    catalog: &Catalog,
    held: &[Held],
    base: &Path,
    now: Date,
    problems: &mut Vec<Problem>,
) -> Vec<Observation> {
    let chosen: BTreeSet<&str> = held.iter().map(|h| h.framework.as_str()).collect();
    // Documents speak of whatever framework they like; those that the user is held to come first.
    let (mut frameworks, others): (Vec<_>, Vec<_>) = catalog
        .frameworks
        .iter()
        .partition(|f| chosen.contains(f.id.value.as_str()));
    if frameworks.is_empty() {
        frameworks = others;
    }
    let mut observations = Vec::new();
    for written in &setup.documents {
        let pattern = Pattern::new(written.value.trim_start_matches("./"));
        let fixed = written.value.split('*').next().unwrap_or_default();
        let folder = fixed.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = base.join(folder);
        let walk = if folder.as_os_str().is_empty() {
            WalkDir::new(".")
        } else {
            WalkDir::new(&folder)
        };
        let mut any = false;
        for entry in walk
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|e| e.file_name() != ".git")
            .flatten()
            .filter(|e| e.file_type().is_file())
        {
            let inside = entry.path().strip_prefix(base).unwrap_or(entry.path());
            if !pattern.matches(&crate::load::shown(inside)) {
                continue;
            }
            any = true;
            let shown = crate::load::shown(entry.path());
            match text_of(entry.path(), &shown) {
                Ok(text) => {
                    let document = markdown::document(&text, &frameworks);
                    observations.extend(lint::document(&document, &frameworks, now));
                }
                Err(why) => {
                    problems.push(Problem::warning(format!("cannot read `{shown}`: {why}")));
                }
            }
        }
        if !any {
            problems.push(
                Problem::warning(format!("no document matches `{}`", written.value)).at(
                    &setup.text,
                    written.span,
                    "",
                ),
            );
        }
    }
    observations
}

/// The files that authored files name and that are there.
fn files_there(catalog: &Catalog, setup: Option<&Setup>, base: &Path) -> BTreeSet<String> {
    let assessments = catalog
        .statements
        .iter()
        .filter_map(|s| s.assessment.as_ref())
        .map(|a| a.value.as_str());
    let proofs = setup
        .iter()
        .flat_map(|s| &s.deployments)
        .flat_map(|d| &d.proof)
        .map(|(_, file)| file.value.as_str());
    assessments
        .chain(proofs)
        // An empty file shows nothing.
        .filter(|file| fs::metadata(base.join(file)).is_ok_and(|m| m.is_file() && m.len() > 0))
        .map(str::to_owned)
        .collect()
}

/// The code owners of the files that waivers stand in, by path as shown.
fn code_owners(catalog: &Catalog, base: &Path) -> BTreeMap<String, Vec<String>> {
    let mut owners = BTreeMap::new();
    let places = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
    let Some(rules) = places
        .iter()
        .find_map(|place| fs::read_to_string(base.join(place)).ok())
    else {
        return owners;
    };
    let files: BTreeSet<&str> = catalog.waivers.iter().map(|w| &*w.text.name).collect();
    for file in files {
        let inside = Path::new(file)
            .strip_prefix(base)
            .unwrap_or(Path::new(file));
        let mut last = Vec::new();
        for line in rules.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let Some(pattern) = words.next() else {
                continue;
            };
            let mut builder = GitignoreBuilder::new("");
            let matched = builder.add_line(None, pattern).is_ok()
                && builder
                    .build()
                    .is_ok_and(|rule| rule.matched_path_or_any_parents(inside, false).is_ignore());
            // The last line that fits decides.
            if matched {
                last = words.map(str::to_owned).collect();
            }
        }
        owners.insert(file.to_owned(), last);
    }
    owners
}
