//! Grants, as they are written: one reader for each system in which access is granted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onus_model::access::{
    Access, AccessFile, At, Binding, Given, Holder, Notation, Reach, Role, Rule, Subject,
    SubjectKind, System, Word,
};
use onus_model::plan::{FormatId, Plan};
use onus_model::problem::Problem;
use onus_model::source::{LineIndex, Text};

use crate::document::{Syntax, Tree};

pub mod aws;
pub mod github;
pub mod kubernetes;
mod page;
pub mod sql;
mod table;
pub mod users;

/// What one file says about access.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What is complete by itself.
    pub access: Access,
    /// What was not understood, and is not in it therefore.
    pub problems: Vec<Problem>,
    /// What counts together with other files of the same server.
    part: Option<Part>,
}

/// A file that is understood together with others.
#[derive(Clone, Debug)]
enum Part {
    /// A script: what it leaves behind depends on those before it.
    Script(Written),
    /// A layer of a ClickHouse server's users.
    Layer(users::Layer),
}

/// A script that has been looked into. Its statements are read again when it is its turn: all at once, those of many scripts would be
/// the largest part of a run.
#[derive(Clone, Debug)]
struct Written {
    file: u32,
    text: Text,
    /// Whose it is, where it can be told without its neighbours.
    notation: Option<Notation>,
    statements: usize,
    problems: Vec<Problem>,
}

impl Written {
    fn script(self, notation: Notation) -> sql::Script {
        let (statements, _) = sql::parse(&self.text, notation);
        sql::Script {
            file: self.file,
            text: self.text,
            statements,
        }
    }
}

impl Found {
    fn add(&mut self, (mut access, problems): (Access, Vec<Problem>)) {
        access.shrink();
        self.access.extend(access);
        self.problems.extend(problems);
    }

    /// Whether some of it waits for other files.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.part.is_some()
    }

    /// How many things it says.
    #[must_use]
    pub fn count(&self) -> usize {
        let part = match &self.part {
            None => 0,
            Some(Part::Script(written)) => written.statements,
            Some(Part::Layer(_)) => 1,
        };
        let access = &self.access;
        part + access.roles.len()
            + access.bindings.len()
            + access.memberships.len()
            + access.accounts.len()
            + access.limits.len()
    }
}

/// Whether a file is in a language of its own, which is no document.
#[must_use]
pub fn is_text(path: &str) -> bool {
    let script = path
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("sql"));
    script || github::is_codeowners(path)
}

/// Whether a file in a language of its own may hold grants.
#[must_use]
pub fn text_may_hold_grants(path: &str, bytes: &[u8]) -> bool {
    github::is_codeowners(path) || (is_text(path) && sql::may_hold(bytes))
}

/// Whether a document may hold grants by its name alone; of most kinds only the words in it tell.
#[must_use]
pub fn may_be_granting(path: &str) -> bool {
    !path.ends_with(".csv")
        && Syntax::of(path) != Some(Syntax::Dockerfile)
        && (!is_xml(path) || users::is_main(path) || users::is_part(path))
}

fn is_xml(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("xml"))
}

/// Whether the bytes of a document may hold grants: what does not have the words in it has none, and need not be read.
#[must_use]
pub fn may_hold_grants(path: &str, bytes: &[u8]) -> bool {
    if !may_be_granting(path) {
        return false;
    }
    let by_name = github::is_workflow(path) || users::is_main(path) || users::is_part(path);
    by_name
        || MARKS.iter().any(|mark| {
            bytes
                .windows(mark.len())
                .any(|window| window == mark.as_bytes())
        })
}

/// Words of which one is in every document that holds grants and is not known by its name.
const MARKS: [&str; 7] = [
    kubernetes::MARK,
    // AWS: policies, exports of an account.
    "Statement",
    "DetailList",
    // GitHub: rulesets, protections, collaborators, teams.
    "bypass_actors",
    "/protection",
    "role_name",
    "\"permission\"",
];

/// Of some formats, those that have tables of roles.
#[must_use]
pub fn tables(plan: &Plan, formats: &[FormatId]) -> Vec<FormatId> {
    formats
        .iter()
        .copied()
        .filter(|id| plan.format(*id).is_some_and(|f| !f.roots.is_empty()))
        .collect()
}

/// What a file in a language of its own says. `file` is its number in the walk.
#[must_use]
pub fn of_text(file: u32, text: &Text) -> Found {
    let mut found = Found::default();
    if github::is_codeowners(&text.name) {
        found.add(github::read_codeowners(file, text));
        return found;
    }
    // What undoes a migration is not run.
    if sql::is_undo(&text.name) {
        return found;
    }
    let dialect = sql::dialect(&text.text);
    let (statements, problems) = sql::parse(text, dialect.unwrap_or(Notation::PostgreSql));
    if !statements.is_empty() || !problems.is_empty() {
        found.part = Some(Part::Script(Written {
            file,
            text: text.clone(),
            notation: dialect,
            statements: statements.len(),
            problems,
        }));
    }
    found
}

/// What a document says. `file` is its number in the walk; `tables` are the formats of the plan that its name stands for.
#[must_use]
pub fn of_tree(file: u32, text: &Text, tree: &Tree, plan: &Plan, tables: &[FormatId]) -> Found {
    let mut found = Found::default();
    if text.text.contains(kubernetes::MARK) {
        found.add(kubernetes::read(file, text, tree));
    }
    let of_server = users::is_main(&text.name) || users::is_part(&text.name);
    if of_server && users::recognise(tree) {
        found.part = Some(Part::Layer(users::layer(file, text, tree)));
    } else if github::is_workflow(&text.name) || github::is_export(tree) {
        found.add(github::read(file, text, tree));
    } else if aws::is_ours(tree) {
        let (mut access, problems) = aws::read(file, text, tree);
        if aws::has_template(tree) {
            aws::qualify(&mut access, &text.name);
        }
        found.add((access, problems));
    }
    if !tables.is_empty() {
        let extract = crate::extract(plan, tables, tree, false, 0);
        found.add(table::read(file, text, plan, &extract));
    }
    found
}

/// Puts the files of a run together: what takes several files to know, and what every system has without a file.
#[must_use]
pub fn assemble(
    names: Vec<Arc<str>>,
    texts: Vec<Option<LineIndex>>,
    found: Vec<Found>,
) -> (Access, Vec<Problem>) {
    let mut access = Access::default();
    let mut problems = Vec::new();
    access.files = names
        .into_iter()
        .zip(texts)
        .map(|(name, lines)| AccessFile {
            name,
            lines: lines.unwrap_or_default(),
        })
        .collect();
    let whose = Whose::of(&found);
    let others: Vec<&Access> = found.iter().map(|f| &f.access).collect();
    access.reserve(&others);
    // By kind of system and by folder: what one server runs.
    let mut servers: BTreeMap<(Notation, String), Server> = BTreeMap::new();
    for found in found {
        access.extend(found.access);
        problems.extend(found.problems);
        match found.part {
            None => {}
            Some(Part::Script(mut written)) => {
                let folder = folder(&written.text.name);
                let known = written.notation;
                let notation = known.unwrap_or_else(|| whose.neighbours(&folder));
                let said = std::mem::take(&mut written.problems);
                if known.is_none() && notation != Notation::PostgreSql {
                    problems.extend(sql::parse(&written.text, notation).1);
                } else {
                    problems.extend(said);
                }
                let server = servers.entry((notation, folder)).or_default();
                server.scripts.push(written);
            }
            Some(Part::Layer(layer)) => {
                let key = (Notation::ClickHouse, users::group(layer.name()));
                servers.entry(key).or_default().layers.push(layer);
            }
        }
    }
    let mut counts: BTreeMap<Notation, usize> = BTreeMap::new();
    for (notation, _) in servers.keys() {
        *counts.entry(*notation).or_default() += 1;
    }
    for ((notation, folder), server) in servers {
        // One server needs no name; of several, each is called by its folder.
        let name = match counts.get(&notation) {
            Some(1) => notation.base().to_owned(),
            _ if folder.is_empty() => notation.base().to_owned(),
            _ => format!("{} {folder}", notation.base()),
        };
        let system = System::new(name, notation);
        server.add(&system, &mut access, &mut problems);
    }
    once(&mut access);
    unheld(&mut access);
    (access, problems)
}

/// Leaves a role that stands in no file once, though several files speak of it.
fn once(access: &mut Access) {
    let mut seen: Vec<Role> = Vec::new();
    access.roles.retain(|role| {
        let new = !role.name.at.is_nowhere() || !seen.contains(role);
        if new && role.name.at.is_nowhere() {
            seen.push(role.clone());
        }
        new
    });
}

/// Whose scripts are in each folder, and in all of them: what says nothing of itself is as its neighbours are.
struct Whose {
    folders: BTreeMap<String, BTreeSet<Notation>>,
    all: BTreeSet<Notation>,
}

impl Whose {
    fn of(found: &[Found]) -> Self {
        let mut whose = Self {
            folders: BTreeMap::new(),
            all: BTreeSet::new(),
        };
        for found in found {
            if let Some(Part::Script(written)) = &found.part
                && let Some(notation) = written.notation
            {
                let folder = folder(&written.text.name);
                whose.folders.entry(folder).or_default().insert(notation);
                whose.all.insert(notation);
            }
        }
        whose
    }

    fn neighbours(&self, folder: &str) -> Notation {
        let only = |all: &BTreeSet<Notation>| match all.len() {
            1 => all.first().copied(),
            _ => None,
        };
        let near = self.folders.get(folder).and_then(only);
        near.or_else(|| only(&self.all))
            .unwrap_or(Notation::PostgreSql)
    }
}

/// The folder whose scripts are run one after another. Some tools keep each step in a folder of its own, as `up.sql`.
fn folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name.eq_ignore_ascii_case("up.sql") {
        let outer = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
        return outer.to_owned();
    }
    folder.to_owned()
}

/// The files of one server.
#[derive(Default)]
struct Server {
    scripts: Vec<Written>,
    layers: Vec<users::Layer>,
}

impl Server {
    fn add(mut self, system: &Arc<System>, access: &mut Access, problems: &mut Vec<Problem>) {
        // `2_roles.sql` is run before `10_grants.sql`.
        self.scripts
            .sort_by_cached_key(|script| in_numbers(&script.text.name));
        let notation = system.notation;
        let scripts = self.scripts.into_iter().map(|w| w.script(notation));
        let (mut left, found) = sql::replay(system, scripts);
        left.shrink();
        access.reserve(&[&left]);
        access.extend(left);
        problems.extend(found);
        if self.layers.is_empty() {
            return;
        }
        let merged = users::merge(system, &self.layers);
        access.extend(merged.access);
        problems.extend(merged.problems);
        for grant in merged.grants {
            let (given, found) = of_grant_text(system, &grant);
            access.extend(given);
            problems.extend(found);
        }
    }
}

/// What a path is sorted by: its digits as numbers.
fn in_numbers(path: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let letters = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(letters);
        let digits = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        parts.push((word.to_owned(), number.parse().unwrap_or(0)));
        rest = after;
    }
    parts
}

/// A grant that stands in a file of users: the statement names nobody, for it stands with who has it.
fn of_grant_text(system: &Arc<System>, grant: &users::GrantText) -> (Access, Vec<Problem>) {
    let name = grant.grantee.name.replace('\\', "\\\\").replace('`', "\\`");
    let role = match grant.grantee.kind {
        SubjectKind::Role => format!("CREATE ROLE `{name}`; "),
        SubjectKind::User | SubjectKind::Group | SubjectKind::Workload => String::new(),
    };
    let statement = grant.text.trim().trim_end_matches(';');
    let text = Text::new("", format!("{role}{statement} TO `{name}`"));
    let (statements, found) = sql::parse(&text, system.notation);
    let script = sql::Script {
        file: grant.at.file,
        text,
        statements,
    };
    let (mut access, more) = sql::replay(system, vec![script]);
    moved(&mut access, grant.at);
    // A place in a text that is put together says nothing to anybody.
    let mut problems: Vec<Problem> = found.into_iter().chain(more).collect();
    for problem in &mut problems {
        problem.message = format!("of `{}`: {}", grant.grantee.name, problem.message);
        problem.labels.clear();
    }
    (access, problems)
}

/// Everything stands at one place.
fn moved(access: &mut Access, to: At) {
    let words = |words: &mut Vec<Word>| words.iter_mut().for_each(|word| word.at = to);
    let reach = |reach: &mut Reach| {
        for list in [
            &mut reach.actions,
            &mut reach.but_actions,
            &mut reach.resources,
            &mut reach.but_resources,
            &mut reach.names,
        ] {
            words(list);
        }
    };
    let rule = |rule: &mut Rule| {
        rule.at = to;
        reach(&mut rule.reach);
        rule.except.iter_mut().for_each(reach);
        words(&mut rule.conditions);
    };
    for role in &mut access.roles {
        role.name.at = to;
        role.rules.iter_mut().for_each(rule);
    }
    for binding in &mut access.bindings {
        binding.at = to;
        for holder in &mut binding.holders {
            holder.at = to;
        }
        words(&mut binding.conditions);
        match &mut binding.given {
            Given::Role { name, .. } => name.at = to,
            Given::Rules(rules) => rules.iter_mut().for_each(rule),
        }
    }
    // Who has it is set up where the file says so.
    access.accounts.clear();
}

/// Who has a role may stand elsewhere: a role that nobody has speaks for whoever is given it. In Kubernetes it gives nothing, and
/// policies of AWS are bound where they are read.
fn unheld(access: &mut Access) {
    let speaks = |system: &System| match system.notation {
        Notation::Table | Notation::ClickHouse | Notation::PostgreSql | Notation::GitHub => true,
        Notation::Kubernetes | Notation::Aws => false,
    };
    let mut held: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
    let mut known: BTreeSet<(Arc<str>, Arc<str>)> = BTreeSet::new();
    for role in &access.roles {
        known.insert((role.system.name.clone(), role.name.text.clone()));
    }
    for binding in &access.bindings {
        if let Given::Role { name, .. } = &binding.given {
            held.insert((binding.system.name.clone(), name.text.clone()));
        }
    }
    // What is given to a role that is set up nowhere.
    for binding in access.bindings.iter().filter(|b| speaks(&b.system)) {
        for holder in &binding.holders {
            let subject = &holder.subject;
            let key = (subject.system.name.clone(), subject.name.clone());
            if subject.kind == SubjectKind::Role && known.insert(key) {
                access.roles.push(Role {
                    system: subject.system.clone(),
                    name: Word::new(subject.name.clone(), holder.at),
                    scope: None,
                    rules: Vec::new(),
                    labels: Vec::new(),
                    aggregates: Vec::new(),
                });
            }
        }
    }
    let mut bindings = Vec::new();
    for role in access.roles.iter().filter(|r| speaks(&r.system)) {
        let key = (role.system.name.clone(), role.name.text.clone());
        if !held.insert(key) {
            continue;
        }
        bindings.push(Binding {
            system: role.system.clone(),
            name: "".into(),
            scope: role.scope.clone(),
            given: Given::Role {
                name: role.name.clone(),
                scope: role.scope.clone(),
            },
            holders: vec![Holder {
                subject: Subject {
                    system: role.system.clone(),
                    kind: SubjectKind::Role,
                    name: role.name.text.clone(),
                },
                at: role.name.at,
            }],
            grantable: false,
            conditions: Vec::new(),
            at: role.name.at,
        });
    }
    access.bindings.extend(bindings);
}
