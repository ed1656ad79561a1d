//! GitHub: code owners, what workflows may do, and what is exported of rulesets, protected branches, collaborators and teams.

mod codeowners;
mod export;
mod workflow;

use std::sync::Arc;

use onus_model::access::{
    Access, At, Binding, Effect, Given, Holder, Notation, Reach, Rule, Subject, SubjectKind,
    System, Word,
};
use onus_model::plan::Dialect;
use onus_model::problem::Problem;
use onus_model::source::{Span, Text};

use super::page::Page;
use crate::document::Tree;

pub use codeowners::{is_codeowners, read_codeowners};
pub use export::is_export;
pub use workflow::{is_workflow, read_workflow};

/// The one system of this kind: whatever the files say, they are taken for one repository.
#[must_use]
pub fn system() -> Arc<System> {
    System::new("github", Notation::GitHub)
}

/// The grants of a workflow, known by its path, or of an export, with what is wrong with them.
#[must_use]
pub fn read(file: u32, text: &Text, tree: &Tree) -> (Access, Vec<Problem>) {
    if is_workflow(&text.name) {
        return read_workflow(file, text, tree);
    }
    let mut reader = Reader::new(file, text, tree);
    for document in tree.documents() {
        reader.export(*document);
    }
    (reader.access, reader.page.problems)
}

struct Reader<'t> {
    page: Page<'t>,
    text: &'t Text,
    system: Arc<System>,
    access: Access,
}

impl<'t> Reader<'t> {
    fn new(file: u32, text: &'t Text, tree: &'t Tree) -> Self {
        Self {
            page: Page::new(file, text, tree, Dialect::Core),
            text,
            system: system(),
            access: Access::default(),
        }
    }

    fn problem(&mut self, message: impl Into<String>, span: Span, help: impl Into<String>) {
        self.page
            .problems
            .push(Problem::warning(message).at(self.text, span, "").help(help));
    }

    fn holder(&mut self, kind: SubjectKind, name: &str, at: At) -> Holder {
        Holder {
            subject: Subject {
                system: self.system.clone(),
                kind,
                name: self.page.name(name),
            },
            at,
        }
    }

    fn give(&mut self, rules: Vec<Rule>, holders: Vec<Holder>, conditions: Vec<Word>, at: At) {
        if rules.is_empty() || holders.is_empty() {
            return;
        }
        let given = Given::Rules(rules);
        self.bind(given, holders, conditions, at);
    }

    fn bind(&mut self, given: Given, holders: Vec<Holder>, conditions: Vec<Word>, at: At) {
        self.access.bindings.push(Binding {
            system: self.system.clone(),
            name: "".into(),
            scope: None,
            given,
            holders,
            grantable: false,
            conditions,
            at,
        });
    }
}

/// One action on resources, but for some.
fn rule(action: Word, resources: Vec<Word>, but_resources: Vec<Word>) -> Rule {
    Rule {
        effect: Effect::Allow,
        at: action.at,
        reach: Reach {
            actions: vec![action],
            resources,
            but_resources,
            ..Reach::default()
        },
        except: Vec::new(),
        conditions: Vec::new(),
        grantable: false,
    }
}
