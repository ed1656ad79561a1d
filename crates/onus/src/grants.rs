//! `onus grants` and `onus who-can`: who may do what, as the files say it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onus_engine::{difference, effective, implicit_groups, may_by, of_grant, reaching};
use onus_inputs::records;
use onus_model::access::{
    Access, Account, Answer, At, Effective, Held, Holder, Limit, Reach, Request, ReviewSheet,
    ReviewedGrant, Subject, SubjectKind, Word, grant, in_words, taken,
};
use onus_model::plan::Plan;
use onus_model::problem::{Problem, did_you_mean};
use onus_report::Listed;

use crate::access::{Gathered, gather};
use crate::args::{GrantsArgs, GrantsCommand, PackArgs, WhoCanArgs};
use crate::load;
use crate::output::{Stop, Terminal, to_new_file, to_stdout};
use crate::packs::{self, Need};

pub(crate) fn run(args: &GrantsArgs, terminal: &Terminal) -> Result<u8, Stop> {
    if let Some(GrantsCommand::Diff {
        old,
        new,
        format,
        packs,
    }) = &args.command
    {
        let plan = tables(packs, std::slice::from_ref(new), terminal)?;
        let old = read(std::slice::from_ref(old), &plan, terminal)?;
        let new = read(std::slice::from_ref(new), &plan, terminal)?;
        let (before, after) = (effective(&old.access), effective(&new.access));
        let difference = difference(&before, &after);
        to_stdout(|out| {
            onus_report::grants_difference(&old.access, &new.access, &difference, *format, out)
        })?;
        let code = match (difference.is_empty(), old.whole && new.whole) {
            (false, _) => 1,
            (true, true) => 0,
            (true, false) => 4,
        };
        return Ok(code);
    }
    let plan = tables(&args.packs, &args.paths, terminal)?;
    let read = read(&args.paths, &plan, terminal)?;
    let mut shown = effective(&read.access);
    let mut accounts: Vec<&Account> = read.access.accounts.iter().collect();
    let mut limits: Vec<&Limit> = read.access.limits.iter().collect();
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
        let sheet = sheet(&read.access, &shown, folder, args.since.as_deref())?;
        let csv = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        to_new_file(path, |out| onus_report::review_sheet(&sheet, csv, out))?;
        let count = sheet.rows.len();
        let path = load::shown(path);
        to_stdout(|out| writeln!(out, "wrote {path}: {count} rows to be decided"))?;
        return Ok(ending(&shown, true));
    }
    if let Some(name) = &args.subject {
        let found = subject(name, &shown)?;
        let mut mine: BTreeSet<Subject> = found.iter().flat_map(implicit_groups).collect();
        mine.extend(found.iter().cloned());
        accounts.retain(|account| mine.contains(&account.subject));
        let names: BTreeSet<Subject> = found.iter().flat_map(|one| names(one, &shown)).collect();
        limits.retain(|limit| limits_any(limit, &names));
        shown.holdings.retain(|h| mine.contains(&h.subject));
        shown.open.retain(|open| mine.contains(&open.subject));
    }
    if let Some(scope) = &args.scope {
        for holding in &mut shown.holdings {
            let there = |of: Option<&Arc<str>>| of.is_none_or(|s| **s == **scope);
            holding.grants.retain(|g| there(g.scope));
        }
        shown.holdings.retain(|h| !h.grants.is_empty());
        let there: BTreeSet<&Subject> = shown.holdings.iter().map(|h| &h.subject).collect();
        accounts.retain(|account| there.contains(&account.subject));
        shown
            .open
            .retain(|o| o.scope.as_ref().is_none_or(|s| **s == **scope));
    }
    if let Some(system) = &args.system {
        only_system(&mut shown, system)?;
        accounts.retain(|a| *a.subject.system.name == **system);
        limits.retain(|l| *l.system.name == **system);
    }
    let listed = Listed {
        access: &read.access,
        effective: &shown,
        accounts: &accounts,
        limits: &limits,
        rows: of_grant,
    };
    to_stdout(|out| onus_report::grants(&listed, args.format, out))?;
    Ok(ending(&shown, read.whole))
}

pub(crate) fn who_can(args: &WhoCanArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let mut paths: Vec<PathBuf> = args.paths.iter().chain(&args.within).cloned().collect();
    if paths.is_empty() {
        paths.push(PathBuf::from("."));
    }
    let plan = tables(&args.packs, &paths, terminal)?;
    let read = read(&paths, &plan, terminal)?;
    let request = Request {
        action: args.action.clone(),
        resource: args.resource.clone().unwrap_or_default(),
        name: args.name.clone(),
        scope: args.scope.clone(),
    };
    let mut all = effective(&read.access);
    if let Some(system) = &args.system {
        only_system(&mut all, system)?;
    }
    known_action(&all, &request.action)?;
    let rows = holders(&all, &request);
    // What an absent role gives is not known, wherever it could reach.
    let open: Vec<_> = all
        .open
        .iter()
        .filter(|o| o.scope.is_none() || o.scope.as_deref() == request.scope.as_deref())
        .cloned()
        .collect();
    to_stdout(|out| onus_report::holders(&read.access, &rows, &open, args.format, out))?;
    Ok(ending(&all, read.whole))
}

/// Leaves what is of one system.
fn only_system(shown: &mut Effective<'_>, system: &str) -> Result<(), Stop> {
    let known: BTreeSet<String> = subjects(shown).map(|s| s.system.name.to_string()).collect();
    if !known.contains(system) {
        let all: Vec<&str> = known.iter().map(String::as_str).collect();
        let help = match all.as_slice() {
            [] => "no grants were found here".to_owned(),
            all => format!("there are grants of `{}`", all.join("`, `")),
        };
        let problem = packs::no_such("system with grants here", system, all.into_iter());
        return Err(Stop::Problems(vec![problem.help_unless(help)]));
    }
    shown.holdings.retain(|h| *h.subject.system.name == *system);
    shown.open.retain(|o| *o.subject.system.name == *system);
    Ok(())
}

/// Everybody who has something, known or not.
fn subjects<'e>(effective: &'e Effective<'_>) -> impl Iterator<Item = &'e Subject> {
    let held = effective.holdings.iter().map(|h| &h.subject);
    held.chain(effective.open.iter().map(|o| &o.subject))
}

/// Nobody can do what there is not: where all systems have listed their actions, a name that none has is a slip.
fn known_action(effective: &Effective<'_>, action: &str) -> Result<(), Stop> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for subject in subjects(effective) {
        match &subject.system.actions {
            None => return Ok(()),
            Some(actions) => names.extend(actions.iter().map(|a| &**a)),
        }
    }
    let held = effective.holdings.iter().flat_map(|h| &h.grants);
    names.extend(held.flat_map(|g| g.rule.reach.actions.iter().map(|a| &*a.text)));
    if names.is_empty() || names.contains(action) {
        return Ok(());
    }
    let all: Vec<&str> = names.iter().copied().collect();
    let help = format!("those here are `{}`", all.join("`, `"));
    let problem = packs::no_such("action", action, names.into_iter());
    Err(Stop::Problems(vec![problem.help_unless(help)]))
}

/// Whoever may do it, once for each grant that lets them.
fn holders<'a>(all: &'a Effective<'a>, request: &Request) -> Vec<Held<'a>> {
    let mut rows: Vec<Held<'a>> = Vec::new();
    for holding in &all.holdings {
        for grant in &holding.grants {
            if may_by(holding, grant, request) != Answer::No {
                rows.extend(reaching(holding, grant, request));
            }
        }
    }
    rows
}

/// What schemas say about tables of roles.
fn tables(packs: &PackArgs, paths: &[PathBuf], terminal: &Terminal) -> Result<Plan, Stop> {
    packs::read(packs, paths, Need::Tables).tables(terminal)
}

/// A subject, and what it is in or has: a limit may name any of them.
fn names(subject: &Subject, effective: &Effective<'_>) -> Vec<Subject> {
    let mut names = implicit_groups(subject);
    names.push(subject.clone());
    for holding in effective.holdings.iter().filter(|h| h.subject == *subject) {
        names.extend(holding.groups.iter().map(|(group, _)| group.clone()));
        names.extend(holding.roles.iter().map(|(role, scope)| Subject {
            system: subject.system.clone(),
            kind: SubjectKind::Role,
            name: match scope {
                Some(scope) => format!("{scope}/{role}").into(),
                None => (*role).into(),
            },
        }));
    }
    names
}

/// Whether a limit is on somebody of these names.
fn limits_any(limit: &Limit, names: &BTreeSet<Subject>) -> bool {
    let any = |holders: &[Holder]| holders.iter().any(|h| names.contains(&h.subject));
    names.iter().any(|name| name.system == limit.system)
        && (limit.subjects.is_empty() || any(&limit.subjects))
        && !any(&limit.but_subjects)
}

/// As `check` ends: nothing there, something that could not be read, or all is told.
fn ending(shown: &Effective<'_>, whole: bool) -> u8 {
    match (whole, shown.holdings.is_empty() && shown.open.is_empty()) {
        (false, _) => 4,
        (true, true) => 3,
        (true, false) => 0,
    }
}

/// Subjects by a name, by `kind:name`, by `system/name` or by `system/kind:name`; in several systems where none is named.
fn subject(name: &str, effective: &Effective<'_>) -> Result<Vec<Subject>, Stop> {
    let held = effective.holdings.iter().map(|h| &h.subject);
    let all: Vec<&Subject> = held
        .chain(effective.open.iter().map(|o| &o.subject))
        .collect();
    let spelt = |s: &Subject| {
        let with_kind = format!("{}:{}", s.kind.name(), s.name);
        [
            s.name.to_string(),
            format!("{}/{}", s.system.name, s.name),
            format!("{}/{with_kind}", s.system.name),
            with_kind,
        ]
    };
    let mut found: Vec<&Subject> = all
        .iter()
        .copied()
        .filter(|s| spelt(s).iter().any(|spelling| spelling == name))
        .collect();
    found.sort();
    found.dedup();
    let kinds: BTreeSet<_> = found.iter().map(|s| (&s.system.name, s.kind)).collect();
    let systems: BTreeSet<_> = found.iter().map(|s| &s.system.name).collect();
    match found.as_slice() {
        [] => {
            // Nothing is given to it by name, and still it has what everybody of its kind has.
            let (system, bare) = name.split_once('/').unwrap_or(("kubernetes", name));
            for (system, name) in [(system, bare), ("kubernetes", name)] {
                let known = all.iter().find(|s| &*s.system.name == system);
                let kind = SubjectKind::ALL.into_iter().find_map(|kind| {
                    let rest = name.strip_prefix(kind.name())?.strip_prefix(':')?;
                    Some((kind, rest))
                });
                if let (Some(known), Some((kind, name))) = (known, kind) {
                    return Ok(vec![Subject {
                        system: known.system.clone(),
                        kind,
                        name: name.into(),
                    }]);
                }
            }
            let problem = Problem::error(format!("nothing is given to `{name}`"));
            let near = did_you_mean(name, all.iter().map(|s| &*s.name));
            Err(Stop::Problems(vec![match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!(
                    "`user:{name}` shows what it has by the groups that every user is in"
                )),
            }]))
        }
        // One name in several systems may be one person; of one system, it is several subjects.
        several if kinds.len() == systems.len() => {
            Ok(several.iter().map(|s| (*s).clone()).collect())
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .map(|s| format!("{}/{}:{}", s.system.name, s.kind.name(), s.name))
                .collect();
            Err(Stop::Problems(vec![
                Problem::error(format!("several have the name `{name}`"))
                    .help(format!("name one: `{}`", names.join("`, `"))),
            ]))
        }
    }
}

/// Who has which role where, in lower case, for a review to look up what it revoked.
pub(crate) fn roles(path: &Path, plan: &Plan) -> Result<BTreeSet<(String, String)>, String> {
    let read = gather(&[path.to_owned()], plan).map_err(|problems| said(&problems))?;
    if !read.whole {
        return Err(said(&read.problems));
    }
    let effective = effective(&read.access);
    // Where nothing is granted at all, the grants are somewhere else.
    let rows = rows(&effective);
    if rows.is_empty() {
        return Err("no grants are there".to_owned());
    }
    Ok(rows
        .keys()
        .map(|(subject, grant)| key(subject, grant))
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
struct Row<'a> {
    /// Nothing where the role is in none of the files.
    grants: Vec<Vec<Held<'a>>>,
    places: BTreeSet<At>,
}

impl Row<'_> {
    fn gives(&self) -> String {
        if self.grants.is_empty() {
            return "not known: the role is in none of the files".to_owned();
        }
        let words: BTreeSet<String> = self.grants.iter().flat_map(|rows| words(rows)).collect();
        words.into_iter().collect::<Vec<_>>().join("; ")
    }
}

/// What a grant gives, with what is left out of it, whoever says so, and what it hangs on.
fn words(held: &[Held<'_>]) -> BTreeSet<String> {
    // Rows that hang on the same are told together.
    let mut alike: BTreeMap<Vec<&str>, Vec<&Held<'_>>> = BTreeMap::new();
    for row in held {
        let conditions = row.conditions.iter().map(|c| &*c.text).collect();
        alike.entry(conditions).or_default().push(row);
    }
    let mut all = BTreeSet::new();
    for (conditions, rows) in alike {
        let together = reach(&rows);
        let whole =
            together.actions.len() * together.resources.len().max(1) * together.names.len().max(1)
                == rows.len();
        let parts: Vec<Vec<&Held<'_>>> = if whole {
            vec![rows]
        } else {
            rows.into_iter().map(|row| vec![row]).collect()
        };
        for part in parts {
            let mut words = in_words(&reach(&part));
            let except: BTreeSet<String> = part
                .iter()
                .flat_map(|row| {
                    let always = row.except.iter().map(|reach| in_words(reach));
                    always.chain(row.denied.iter().map(|denial| taken(denial, row.grant)))
                })
                .collect();
            for reach in except {
                words.push_str(" except ");
                words.push_str(&reach);
            }
            for condition in &conditions {
                words.push_str(" if ");
                words.push_str(condition);
            }
            if part.iter().any(|row| row.grant.grantable()) {
                words.push_str(" and may give it on");
            }
            all.insert(words);
        }
    }
    all
}

/// What rows of one rule reach together, if each of the actions is held on each of the resources.
fn reach(rows: &[&Held<'_>]) -> Reach {
    let distinct = |of: fn(&Held<'_>) -> Option<Word>| {
        let words: BTreeMap<Arc<str>, Word> = rows
            .iter()
            .filter_map(|row| of(row))
            .map(|word| (word.text.clone(), word))
            .collect();
        words.into_values().collect::<Vec<_>>()
    };
    let rule = rows.first().map(|row| &row.grant.rule.reach);
    Reach {
        actions: distinct(|row| Some(row.action.clone())),
        resources: distinct(|row| row.resource.cloned()),
        names: distinct(|row| row.name.cloned()),
        but_actions: rule.map_or_else(Vec::new, |r| r.but_actions.clone()),
        but_resources: rule.map_or_else(Vec::new, |r| r.but_resources.clone()),
    }
}

/// The rows of a review: each role that each subject has in a scope, with what is known of it.
fn rows<'a>(effective: &'a Effective<'a>) -> BTreeMap<(&'a Subject, String), Row<'a>> {
    let mut rows: BTreeMap<(&Subject, String), Row<'_>> = BTreeMap::new();
    for holding in &effective.holdings {
        for grant in &holding.grants {
            let held = of_grant(holding, grant);
            if held.is_empty() {
                continue;
            }
            let name = self::grant(grant.role_name(), grant.scope.map(|s| &**s));
            let row = rows.entry((&holding.subject, name)).or_default();
            row.grants.push(held);
            row.places.extend(grant.chain().next());
        }
    }
    for open in &effective.open {
        let name = grant(&open.role, open.scope.as_deref());
        rows.entry((&open.subject, name))
            .or_default()
            .places
            .insert(open.at);
    }
    rows
}

/// The sheet of everything that is declared.
fn sheet(
    access: &Access,
    effective: &Effective<'_>,
    read: &Path,
    since: Option<&Path>,
) -> Result<ReviewSheet, Stop> {
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
    let rows = rows(effective);
    let here: BTreeSet<(String, String)> = rows
        .keys()
        .map(|(subject, grant)| key(subject, grant))
        .collect();
    let gone = last.iter().flatten().filter(|row| !here.contains(*row));
    let gone = gone.cloned().collect();
    let place = |at: &At| {
        let line = access.line(*at);
        line.map_or_else(String::new, |(name, line)| format!("{name}:{line}"))
    };
    let rows: Vec<ReviewedGrant> = rows
        .into_iter()
        .map(|((subject, grant), row)| ReviewedGrant {
            new: last
                .as_ref()
                .map(|last| !last.contains(&key(subject, &grant))),
            subject: subject.clone(),
            gives: row.gives(),
            places: row.places.iter().map(place).collect(),
            grant,
        })
        .collect();
    let digested: String = rows
        .iter()
        .map(|row| {
            format!(
                "{}\t{}\t{}\t{}\t{}\n",
                row.subject.system.name,
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

fn read(paths: &[PathBuf], plan: &Plan, terminal: &Terminal) -> Result<Gathered, Stop> {
    let read = gather(paths, plan).map_err(Stop::Problems)?;
    if !read.problems.is_empty() {
        terminal.problems(&read.problems);
    }
    Ok(read)
}
