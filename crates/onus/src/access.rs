//! Reads the grants of a run: who is given what, in every file that may say so.

use std::path::PathBuf;
use std::sync::Arc;

use onus_engine::known_roles;
use onus_inputs::FileNames;
use onus_inputs::access::{self, Found};
use onus_inputs::document::{self, Limits, Syntax, Tree};
use onus_model::access::Access;
use onus_model::file::Outcome;
use onus_model::plan::Plan;
use onus_model::problem::Problem;
use onus_model::source::{LineIndex, Text};
use rayon::prelude::*;

use crate::load::{self, Met};

/// What says where grants are: the tables of roles that schemas declare, and the words that other systems use.
pub(crate) struct Sources<'p> {
    plan: &'p Plan,
    names: FileNames,
}

/// What one file says, and the lines to find it again.
#[derive(Default)]
pub(crate) struct FoundIn {
    pub(crate) found: Found,
    pub(crate) lines: Option<LineIndex>,
    /// Nothing that may hold grants was unreadable or left out.
    pub(crate) whole: bool,
}

impl FoundIn {
    pub(crate) fn nothing() -> Self {
        Self {
            whole: true,
            ..Self::default()
        }
    }

    fn lost(problem: Problem) -> Self {
        let mut lost = Self::default();
        lost.found.problems.push(problem);
        lost
    }

    fn of(text: &str, found: Found) -> Self {
        Self {
            lines: (!found.access.is_empty() || found.is_partial()).then(|| LineIndex::new(text)),
            // What was left out for what is wrong with it is not told.
            whole: found.problems.is_empty(),
            found,
        }
    }
}

/// All grants of some files.
pub(crate) struct Gathered {
    pub(crate) access: Access,
    pub(crate) problems: Vec<Problem>,
    pub(crate) whole: bool,
    /// How much of it is in each file.
    pub(crate) counts: Vec<usize>,
}

impl<'p> Sources<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            names: FileNames::new(plan),
        }
    }

    /// Whether a document of this path may hold grants, before it is read.
    pub(crate) fn may_be_in(&self, path: &str, syntax: Option<Syntax>) -> bool {
        syntax.is_some() && (access::may_be_granting(path) || self.is_table(path))
    }

    /// Whether the bytes of a document may hold grants.
    pub(crate) fn are_in(&self, path: &str, bytes: &[u8]) -> bool {
        self.is_table(path) || access::may_hold_grants(path, bytes)
    }

    fn is_table(&self, path: &str) -> bool {
        !access::tables(self.plan, &self.names.formats(path)).is_empty()
    }

    /// What a document says, by its number in the walk.
    pub(crate) fn of_tree(&self, file: usize, path: &str, tree: &Tree) -> FoundIn {
        let tables = self.names.formats(path);
        let tables = access::tables(self.plan, &tables);
        if tables.is_empty() && !access::may_hold_grants(path, tree.text().as_bytes()) {
            return FoundIn::nothing();
        }
        let text = Text::new(path, tree.text());
        let mut found = access::of_tree(number(file), &text, tree, self.plan, &tables);
        for (document, why) in tree.broken() {
            let problem = Problem::warning(format!("`{path}` may hold more grants: {why}"));
            found
                .problems
                .push(problem.at(&text, tree.span(*document), ""));
        }
        FoundIn::of(tree.text(), found)
    }

    /// What a file in a language of its own says: SQL, CODEOWNERS.
    pub(crate) fn of_text(&self, file: usize, path: &str, bytes: Vec<u8>) -> FoundIn {
        if !access::text_may_hold_grants(path, &bytes) {
            return FoundIn::nothing();
        }
        match document::decode(bytes) {
            Ok(text) => {
                let text = Text::new(path, text);
                let found = access::of_text(number(file), &text);
                FoundIn::of(&text.text, found)
            }
            Err(failure) => FoundIn::lost(unreadable(path, &failure.reason)),
        }
    }

    /// Reads one file by itself, for commands that are about grants alone.
    fn read(&self, file: usize, met: &Met, limits: &Limits) -> FoundIn {
        match &met.settled {
            Some((Outcome::Unreadable, why)) => return FoundIn::lost(unreadable(&met.shown, why)),
            Some(_) => return FoundIn::nothing(),
            None => {}
        }
        let own = access::is_text(&met.shown);
        let syntax = match (Syntax::of(&met.shown), met.named) {
            _ if own => None,
            (Some(syntax), _) => Some(syntax),
            (None, true) => Some(Syntax::Yaml),
            (None, false) => return FoundIn::nothing(),
        };
        let bytes = match load::read(&met.from, limits.bytes) {
            Ok(bytes) => bytes,
            Err(why) => return FoundIn::lost(unreadable(&met.shown, &why)),
        };
        let Some(syntax) = syntax else {
            return self.of_text(file, &met.shown, bytes);
        };
        if !self.are_in(&met.shown, &bytes) {
            return FoundIn::nothing();
        }
        match document::read(bytes, syntax, limits) {
            Ok(tree) => self.of_tree(file, &met.shown, &tree),
            Err(failure) => {
                let mut problem = Problem::warning(format!(
                    "`{}` may hold grants, and cannot be read: {}",
                    met.shown, failure.reason
                ));
                if let (Some(span), Some(text)) = (failure.span, failure.text) {
                    problem = problem.at(&Text::new(met.shown.as_str(), text), span, "");
                }
                // A template is not meant to be read as it stands, and what it makes is not known all the same.
                FoundIn::lost(problem)
            }
        }
    }
}

fn number(file: usize) -> u32 {
    u32::try_from(file).unwrap_or(u32::MAX)
}

fn unreadable(path: &str, why: &str) -> Problem {
    Problem::warning(format!("cannot read `{path}`: {why}"))
}

/// Puts together what the files of a walk say.
pub(crate) fn together(met: &[Met], found: Vec<FoundIn>) -> Gathered {
    let names: Vec<Arc<str>> = met.iter().map(|met| met.shown.as_str().into()).collect();
    let whole = found.iter().all(|f| f.whole);
    let counts = found.iter().map(|f| f.found.count()).collect();
    let (lines, found): (Vec<_>, Vec<_>) = found.into_iter().map(|f| (f.lines, f.found)).unzip();
    let (mut access, problems) = access::assemble(names, lines, found);
    for known in known_roles() {
        let there = access
            .roles
            .iter()
            .any(|role| role.system == known.system && role.name.text == known.name.text);
        if !there {
            access.roles.push(known);
        }
    }
    Gathered {
        whole: whole && problems.is_empty(),
        access,
        problems,
        counts,
    }
}

/// All grants below some paths.
pub(crate) fn gather(paths: &[PathBuf], plan: &Plan) -> Result<Gathered, Vec<Problem>> {
    let limits = Limits::default();
    let met = load::walk(paths, "stdin.yaml", limits.bytes)?;
    let sources = Sources::new(plan);
    let found: Vec<FoundIn> = met
        .par_iter()
        .enumerate()
        .map(|(file, met)| sources.read(file, met, &limits))
        .collect();
    Ok(together(&met, found))
}
