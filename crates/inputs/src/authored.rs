//! Everything that people write in YAML: every value with its span, every error with its place.
//!
//! A document is checked against its kind's grammar, becomes a noun, and is linked with all others. One bad document, and one bad
//! value, never blocks the rest.

mod access;
mod grammar;
mod link;
mod nouns;
mod rows;

use onus_model::authored::{self, Record};
use onus_model::catalog::{Catalog, Framework, Requirement};
use onus_model::problem::{Problem, did_you_mean};
use onus_model::setup::Setup;
use onus_model::source::{Span, Text};

use crate::document::{self, Kind, Limits, NodeId, Syntax, Tree};
use grammar::Reader;
pub use link::requirements_of;

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authored {
    /// The file.
    pub text: Text,
    /// Whether it came with a pack, and not from the user.
    pub packed: bool,
}

/// Reads and links all files. What the setup holds of agreements, statements and waivers is part of the catalog.
#[must_use]
pub fn catalog(files: &[Authored], setup: Option<&Setup>) -> (Catalog, Vec<Problem>) {
    let mut catalog = Catalog::default();
    let mut problems = Vec::new();
    for file in files {
        let Some(tree) = read(&file.text, &mut problems) else {
            continue;
        };
        for root in roots(&tree) {
            let mut reader = Reader {
                tree: &tree,
                text: &file.text,
                problems: &mut problems,
            };
            reader.document(root, file.packed, &mut catalog);
        }
    }
    if let Some(setup) = setup {
        catalog.agreements.extend(setup.agreements.iter().cloned());
        catalog.statements.extend(setup.statements.iter().cloned());
        catalog.waivers.extend(setup.waivers.iter().cloned());
    }
    catalog
        .frameworks
        .sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog.controls.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog
        .crosswalks
        .sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog.parties.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog.matrices.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog
        .attestations
        .sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog
        .agreements
        .sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog
        .statements
        .sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog.waivers.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog
        .permissions
        .sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog
        .people
        .sort_by(|a, b| a.name.value.cmp(&b.name.value));
    catalog.sheets.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    link::linked(&mut catalog, setup, &mut problems);
    (catalog, problems)
}

/// Reads `onus.yaml`.
#[must_use]
pub fn setup(text: &Text) -> (Option<Setup>, Vec<Problem>) {
    let mut problems = Vec::new();
    let Some(tree) = read(text, &mut problems) else {
        return (None, problems);
    };
    let mut reader = Reader {
        tree: &tree,
        text,
        problems: &mut problems,
    };
    let setup = match tree.documents() {
        [root] => {
            reader.check(*root, &authored::ONUS);
            reader.setup(*root)
        }
        [] => {
            reader.problem("the file is empty", Span::default()).help =
                Some("begin it with `onus: 1`".to_owned());
            None
        }
        [_, second, ..] => {
            let span = reader.head(*second);
            reader.problem("a second document is not read", span).help = Some(
                "put controls and the like into a folder, and name it under `controls`".to_owned(),
            );
            None
        }
    };
    (setup, problems)
}

fn read(text: &Text, problems: &mut Vec<Problem>) -> Option<Tree> {
    let bytes = text.text.as_bytes().to_vec();
    match document::read(bytes, Syntax::Yaml, &Limits::default()) {
        Ok(tree) => Some(tree),
        Err(failure) => {
            let span = failure.span.unwrap_or_default();
            problems.push(Problem::error(failure.reason).at(text, span, ""));
            None
        }
    }
}

/// The documents of a file; a list of documents is as good as several.
fn roots(tree: &Tree) -> Vec<NodeId> {
    tree.documents()
        .iter()
        .flat_map(|root| match tree.kind(*root) {
            Kind::Sequence => tree.items(*root).collect(),
            Kind::Scalar | Kind::Mapping => vec![*root],
        })
        .collect()
}

impl Reader<'_, '_> {
    fn document(&mut self, root: NodeId, packed: bool, catalog: &mut Catalog) {
        // A control may have a `statement`, and a statement has a `control`: what comes first says what it is.
        let kind = (self.tree.kind(root) == Kind::Mapping)
            .then(|| {
                self.tree.entries(root).find_map(|entry| {
                    let key = self.tree.raw(entry.key);
                    authored::KINDS
                        .iter()
                        .copied()
                        .filter(|kind| kind.name != authored::ONUS.name)
                        // A framework has a list of requirements.
                        .filter(|kind| {
                            kind.name != authored::REQUIREMENTS.name
                                || self.tree.kind(entry.value) == Kind::Scalar
                        })
                        .find(|kind| kind.name == key)
                })
            })
            .flatten();
        let Some(kind) = kind else {
            self.no_kind(root);
            return;
        };
        self.check(root, kind);
        match kind.name {
            "framework" => catalog.frameworks.extend(self.framework(root)),
            "crosswalk" => catalog.crosswalks.extend(self.crosswalk(root)),
            "control" => catalog.controls.extend(self.control(root, packed)),
            "requirements" => catalog.sheets.extend(self.sheet(root)),
            "party" => catalog.parties.extend(self.party(root)),
            "responsibility" => catalog.matrices.extend(self.matrix(root)),
            "attestation" => catalog.attestations.extend(self.attestation(root, packed)),
            "agreement" => catalog.agreements.extend(self.agreement(root)),
            "statement" => catalog.statements.extend(self.statement(root)),
            "record" => catalog.records.extend(self.record(root)),
            "waiver" => catalog.waivers.extend(self.waiver(root)),
            "permissions" => catalog.permissions.extend(self.permissions(root)),
            "identities" => catalog.people.extend(self.identities(root)),
            _ => self.no_kind(root),
        }
    }

    fn no_kind(&mut self, root: NodeId) {
        let kinds: Vec<&str> = authored::KINDS
            .iter()
            .map(|k: &&Record| k.name)
            .filter(|name| *name != authored::ONUS.name)
            .collect();
        let near = (self.tree.kind(root) == Kind::Mapping)
            .then(|| {
                self.tree
                    .entries(root)
                    .find_map(|e| did_you_mean(self.tree.raw(e.key), kinds.iter().copied()))
            })
            .flatten();
        let help = match near {
            Some(near) => format!("did you mean `{near}: ID`?"),
            None => format!("begin it with one of `{}: ID`", kinds.join(": ID`, `")),
        };
        let span = self.head(root);
        self.problem("it cannot be told what this document is", span)
            .help = Some(help);
    }
}

/// The requirements of a framework, or of one of its profiles, in the framework's order.
pub(crate) fn in_order<'f>(
    framework: &'f Framework,
    wanted: &[&Requirement],
) -> Vec<&'f Requirement> {
    framework
        .requirements
        .iter()
        .filter(|r| wanted.iter().any(|w| w.id.value == r.id.value))
        .collect()
}
