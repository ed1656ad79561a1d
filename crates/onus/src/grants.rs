//! `onus grants` and `onus who-can`: who may do what, as the files say it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use onus_engine::{allows, difference, effective, groups_of};
use onus_inputs::access::{access, may_hold_grants};
use onus_inputs::document::{self, Limits, Syntax};
use onus_inputs::records;
use onus_model::access::{
    Access, Effective, Held, Request, ReviewSheet, ReviewedGrant, Subject, SubjectKind, by_rule,
    grant,
};
use onus_model::file::Outcome;
use onus_model::problem::{Label, Problem, did_you_mean};
use onus_model::source::Text;
use rayon::prelude::*;

use crate::args::{GrantsArgs, GrantsCommand, WhoCanArgs};
use crate::load::{self, Met};
use crate::output::{Stop, Terminal, to_new_file, to_stdout};

pub(crate) fn run(args: &GrantsArgs, terminal: &Terminal) -> Result<u8, Stop> {
    if let Some(GrantsCommand::Diff { old, new, format }) = &args.command {
        let old = read(std::slice::from_ref(old), terminal)?;
        let new = read(std::slice::from_ref(new), terminal)?;
        let difference = difference(&old.effective, &new.effective);
        to_stdout(|out| onus_report::grants_difference(&difference, *format, out))?;
        let code = match (difference.is_empty(), old.whole && new.whole) {
            (false, _) => 1,
            (true, true) => 0,
            (true, false) => 4,
        };
        return Ok(code);
    }
    let read = read(&args.paths, terminal)?;
    if let Some(path) = &args.review {
        let [folder] = args.paths.as_slice() else {
            return Err(Stop::Problems(vec![
                Problem::error("a review is of one folder")
                    .help("its sheet names the folder, for what was revoked to be looked up there"),
            ]));
        };
        if !read.whole {
            return Err(Stop::Problems(vec![
                Problem::error(
                    "not all grants could be read: a review of the others would be no review",
                )
                .help("mend what is named above"),
            ]));
        }
        let sheet = sheet(&read.effective, folder, args.since.as_deref())?;
        let csv = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        to_new_file(path, |out| onus_report::review_sheet(&sheet, csv, out))?;
        let count = sheet.rows.len();
        let path = load::shown(path);
        to_stdout(|out| writeln!(out, "wrote {path}: {count} rows to be decided"))?;
        return Ok(ending(&read.effective, true));
    }
    let mut shown = read.effective;
    if let Some(name) = &args.subject {
        let found = subject(name, &shown)?;
        let mut mine = groups_of(&found);
        mine.push(found);
        shown.held.retain(|held| mine.contains(&held.subject));
        shown.open.retain(|open| mine.contains(&open.subject));
    }
    if let Some(scope) = &args.scope {
        let there = |of: &Option<String>| of.is_none() || of.as_ref() == Some(scope);
        shown.held.retain(|held| there(&held.scope));
        shown.open.retain(|open| there(&open.scope));
    }
    to_stdout(|out| onus_report::grants(&shown, args.format, out))?;
    Ok(ending(&shown, read.whole))
}

pub(crate) fn who_can(args: &WhoCanArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let read = read(&args.paths, terminal)?;
    let request = Request {
        action: args.action.clone(),
        resource: args.resource.clone(),
        name: args.name.clone(),
        scope: args.scope.clone(),
    };
    let all = &read.effective;
    let held: Vec<_> = all.held.iter().filter(|h| allows(h, &request)).collect();
    // What an absent role gives is not known, wherever it could reach.
    let open: Vec<_> = all
        .open
        .iter()
        .filter(|o| o.scope.is_none() || o.scope == request.scope)
        .cloned()
        .collect();
    to_stdout(|out| onus_report::holders(&held, &open, args.format, out))?;
    Ok(ending(all, read.whole))
}

/// As `check` ends: nothing there, something that could not be read, or all is told.
fn ending(shown: &Effective, whole: bool) -> u8 {
    match (whole, shown.held.is_empty() && shown.open.is_empty()) {
        (false, _) => 4,
        (true, true) => 3,
        (true, false) => 0,
    }
}

/// A subject by its name, or by `kind:name` where several have it.
fn subject(name: &str, effective: &Effective) -> Result<Subject, Stop> {
    let held = effective.held.iter().map(|h| &h.subject);
    let all: Vec<&Subject> = held
        .chain(effective.open.iter().map(|o| &o.subject))
        .collect();
    let full = |s: &Subject| format!("{}:{}", s.kind.name(), s.name);
    let mut found: Vec<&Subject> = all
        .iter()
        .copied()
        .filter(|s| s.name == name || full(s) == name)
        .collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            // Nothing is given to it by name, and still it has what everybody of its kind has.
            let kinds = SubjectKind::ALL.map(|kind| (kind, format!("{}:", kind.name())));
            let bare = kinds
                .iter()
                .find_map(|(kind, prefix)| Some((*kind, name.strip_prefix(prefix.as_str())?)));
            if let Some((kind, name)) = bare {
                return Ok(Subject {
                    kind,
                    name: name.to_owned(),
                });
            }
            let problem = Problem::error(format!("nothing is given to `{name}`"));
            let near = did_you_mean(name, all.iter().map(|s| s.name.as_str()));
            Err(Stop::Problems(vec![match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!(
                    "`user:{name}` shows what it has by the groups that every user is in"
                )),
            }]))
        }
        several => {
            let names: Vec<String> = several.iter().map(|s| full(s)).collect();
            Err(Stop::Problems(vec![
                Problem::error(format!("several have the name `{name}`"))
                    .help(format!("name one: `{}`", names.join("`, `"))),
            ]))
        }
    }
}

/// Who has which role where, in lower case, for a review to look up what it revoked.
pub(crate) fn roles(path: &Path) -> Result<BTreeSet<(String, String)>, String> {
    let (read, problems) = gather(&[path.to_owned()]).map_err(|problems| said(&problems))?;
    if !read.whole {
        return Err(said(&problems));
    }
    let effective = &read.effective;
    // Where nothing is granted at all, the grants are somewhere else.
    if effective.held.is_empty() && effective.open.is_empty() {
        return Err("no grants are there".to_owned());
    }
    let held = effective
        .held
        .iter()
        .map(|h| (&h.subject, &h.role, &h.scope));
    let open = effective
        .open
        .iter()
        .map(|o| (&o.subject, &o.role, &o.scope));
    Ok(held
        .chain(open)
        .map(|(subject, role, scope)| key(subject, &grant(role, scope.as_deref())))
        .collect())
}

/// As [`records::granted`] names who holds what.
fn key(subject: &Subject, grant: &str) -> (String, String) {
    (subject.name.to_lowercase(), grant.to_lowercase())
}

fn said(problems: &[Problem]) -> String {
    problems.first().map_or_else(
        || "something is wrong with them".to_owned(),
        |p| p.message.clone(),
    )
}

/// What a role gives, and the lines that give the role.
#[derive(Default)]
struct Given<'a> {
    /// Nothing where the role is in none of the files.
    held: Vec<&'a Held>,
    places: BTreeSet<&'a Label>,
}

impl Given<'_> {
    fn gives(&self) -> String {
        if self.held.is_empty() {
            return "not known: the role is in none of the files".to_owned();
        }
        let words: BTreeSet<String> = by_rule(self.held.iter().copied())
            .into_iter()
            .map(|(_, words)| words)
            .collect();
        words.into_iter().collect::<Vec<_>>().join("; ")
    }
}

/// The sheet of everything that is declared.
fn sheet(effective: &Effective, read: &Path, since: Option<&Path>) -> Result<ReviewSheet, Stop> {
    let last = match since {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| {
                Stop::Problems(vec![Problem::error(format!(
                    "cannot read `{}`: {}",
                    path.display(),
                    load::said(&error)
                ))])
            })?;
            Some(records::granted(&text))
        }
        None => None,
    };
    let mut rows: BTreeMap<(&Subject, String), Given<'_>> = BTreeMap::new();
    for held in &effective.held {
        let key = (&held.subject, grant(&held.role, held.scope.as_deref()));
        let row = rows.entry(key).or_default();
        row.held.push(held);
        row.places.extend(held.chain.first());
    }
    for open in &effective.open {
        let key = (&open.subject, grant(&open.role, open.scope.as_deref()));
        rows.entry(key).or_default().places.insert(&open.at);
    }
    let here: BTreeSet<(String, String)> = rows
        .keys()
        .map(|(subject, grant)| key(subject, grant))
        .collect();
    let gone = last.iter().flatten().filter(|row| !here.contains(*row));
    let gone = gone.cloned().collect();
    let rows: Vec<ReviewedGrant> = rows
        .into_iter()
        .map(|((subject, grant), given)| ReviewedGrant {
            new: last
                .as_ref()
                .map(|last| !last.contains(&key(subject, &grant))),
            subject: subject.clone(),
            gives: given.gives(),
            places: given.places.into_iter().cloned().collect(),
            grant,
        })
        .collect();
    let digested: String = rows
        .iter()
        .map(|row| {
            format!(
                "{}\t{}\t{}\t{}\n",
                row.subject.kind.name(),
                row.subject.name,
                row.grant,
                row.gives
            )
        })
        .collect();
    Ok(ReviewSheet {
        rows,
        gone,
        read: load::shown(read),
        sha256: records::sha256(digested.as_bytes()),
    })
}

/// What was read.
struct Read {
    effective: Effective,
    /// Nothing that may hold grants was unreadable or left out.
    whole: bool,
}

fn read(paths: &[PathBuf], terminal: &Terminal) -> Result<Read, Stop> {
    let (read, problems) = gather(paths).map_err(Stop::Problems)?;
    if !problems.is_empty() {
        terminal.problems(&problems);
    }
    Ok(read)
}

/// All grants below some paths, and what is wrong with them.
fn gather(paths: &[PathBuf]) -> Result<(Read, Vec<Problem>), Vec<Problem>> {
    let limits = Limits::default();
    let met = load::walk(paths, "stdin.yaml", limits.bytes)?;
    let read: Vec<(Access, Vec<Problem>, bool)> =
        met.par_iter().map(|met| one(met, &limits)).collect();
    let mut all = Access::default();
    let mut problems = Vec::new();
    let mut whole = true;
    for (access, found, readable) in read {
        all.extend(access);
        problems.extend(found);
        whole &= readable;
    }
    let read = Read {
        effective: effective(&all),
        whole,
    };
    Ok((read, problems))
}

/// The grants of one file, what is wrong with them, and whether nothing of it is missing.
fn one(met: &Met, limits: &Limits) -> (Access, Vec<Problem>, bool) {
    let none = |problems: Vec<Problem>, whole| (Access::default(), problems, whole);
    match &met.settled {
        Some((Outcome::Unreadable, why)) => {
            let problem = Problem::warning(format!("cannot read `{}`: {why}", met.shown));
            return none(vec![problem], false);
        }
        Some(_) => return none(Vec::new(), true),
        None => {}
    }
    let syntax = match (Syntax::of(&met.shown), met.named) {
        (Some(syntax), _) => syntax,
        (None, true) => Syntax::Yaml,
        (None, false) => return none(Vec::new(), true),
    };
    let bytes = match load::read(&met.from, limits.bytes) {
        Ok(bytes) => bytes,
        Err(why) => {
            let problem = Problem::warning(format!("cannot read `{}`: {why}", met.shown));
            return none(vec![problem], false);
        }
    };
    if !may_hold_grants(&bytes) {
        return none(Vec::new(), true);
    }
    match document::read(bytes, syntax, limits) {
        Ok(tree) => {
            let text = Text::new(met.shown.as_str(), tree.text());
            let (access, problems) = access(&text, &tree);
            // What was left out for what is wrong with it is not told.
            let whole = problems.is_empty();
            (access, problems, whole)
        }
        Err(failure) => {
            let mut problem = Problem::warning(format!(
                "`{}` may hold grants, and cannot be read: {}",
                met.shown, failure.reason
            ));
            if let (Some(span), Some(text)) = (failure.span, failure.text) {
                problem = problem.at(&Text::new(met.shown.as_str(), text), span, "");
            }
            // A template is not meant to be read as it stands, and what it makes is not known all the same.
            none(vec![problem], false)
        }
    }
}
