//! AWS IAM: policy documents, exports of a whole account, and policies in CloudFormation templates.
//!
//! What a statement may say is AWS's own grammar (IAM User Guide, "Grammar of the IAM JSON policy language"). A statement that
//! AWS would refuse is refused here, too, with a warning: it gives nothing. Conditions are kept as words and never judged.

mod export;
mod intrinsic;
mod principal;
mod statement;
mod template;

use std::collections::BTreeMap;
use std::sync::Arc;

use onus_model::access::{
    Access, At, Binding, Effect, Given, Holder, Notation, Reach, Role, Rule, Subject, SubjectKind,
    System, Word,
};
use onus_model::plan::Dialect;
use onus_model::problem::Problem;
use onus_model::source::{Span, Text};

use super::page::Page;
use crate::document::{Kind, NodeId, Scalar, Tree};

use statement::{Of, Statement};

/// The policy of AWS itself that gives everything on everything.
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// The one system of this kind: whatever the files say, they are taken for one organization. Accounts keep apart by ARNs.
#[must_use]
pub fn system() -> Arc<System> {
    System::new("aws", Notation::Aws)
}

/// Whether a file holds something of IAM: a policy document, an export of an account, or a template with policies.
#[must_use]
pub fn is_ours(tree: &Tree) -> bool {
    tree.documents().iter().any(|document| {
        is_policy(tree, *document) || is_export(tree, *document) || is_template(tree, *document)
    })
}

fn value(tree: &Tree, node: NodeId, key: &str) -> Option<NodeId> {
    let mapping = tree.kind(node) == Kind::Mapping;
    mapping.then(|| tree.get(node, key))?.map(|e| e.value)
}

/// Whether a document is a policy: it has statements, and they have an effect on actions, or it has a version of the language.
fn is_policy(tree: &Tree, document: NodeId) -> bool {
    let Some(statements) = value(tree, document, "Statement") else {
        return false;
    };
    let versions = ["2012-10-17", "2008-10-17"];
    let version = value(tree, document, "Version");
    if version.is_some_and(|v| versions.contains(&tree.raw(v))) {
        return true;
    }
    let is_statement = |node: NodeId| {
        let has = |key| value(tree, node, key).is_some();
        has("Effect") && (has("Action") || has("NotAction"))
    };
    is_statement(statements) || tree.items(statements).any(is_statement)
}

/// Whether a document is what `aws iam get-account-authorization-details` gives.
fn is_export(tree: &Tree, document: NodeId) -> bool {
    export::LISTS
        .iter()
        .any(|key| value(tree, document, key).is_some_and(|v| tree.kind(v) == Kind::Sequence))
}

/// Whether a document is a CloudFormation template in which somebody is given something.
fn is_template(tree: &Tree, document: NodeId) -> bool {
    let Some(resources) = value(tree, document, "Resources") else {
        return false;
    };
    if tree.kind(resources) != Kind::Mapping {
        return false;
    }
    tree.entries(resources).any(|entry| {
        let kind = value(tree, entry.value, "Type").map_or("", |kind| tree.raw(kind));
        let Some(properties) = value(tree, entry.value, "Properties") else {
            return kind.starts_with("AWS::IAM::");
        };
        kind.starts_with("AWS::IAM::")
            || kind.starts_with("AWS::")
                && tree.kind(properties) == Kind::Mapping
                && tree
                    .entries(properties)
                    .any(|e| tree.raw(e.key) == "PolicyDocument" || is_policy(tree, e.value))
    })
}

/// The policies of a file, and who has them, with what is wrong with them.
///
/// A policy whose holders stand in no file is a role that is held by whoever is given it.
#[must_use]
pub fn read(file: u32, text: &Text, tree: &Tree) -> (Access, Vec<Problem>) {
    let mut reader = Reader::new(file, text, tree);
    let stem = stem(&text.name);
    let mut policies = 0;
    for document in tree.documents() {
        if is_export(tree, *document) {
            reader.export(*document);
        } else if is_policy(tree, *document) {
            policies += 1;
            let own = if policies == 1 {
                stem.to_owned()
            } else {
                format!("{stem}#{policies}")
            };
            let at = reader.head(*document);
            let own = reader.page.named(&own, at);
            let statements = reader.document(*document, &Of::Either(&own));
            reader.attach(statements, &own, &[]);
        } else if is_template(tree, *document) {
            reader.template(*document);
        }
    }
    reader.finish()
}

/// A path without its ending: what lies in two files is two things, though it may be called alike.
fn stem(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && !ending.contains('/') => stem,
        _ => path,
    }
}

/// Names that are known in a template alone get its path before them: every stack may have a `DeployRole`.
pub(super) fn qualify(access: &mut Access, path: &str) {
    let local = |name: &str| !name.starts_with("arn:") && !name.is_empty();
    let roles = access.roles.iter().filter(|r| !r.name.at.is_nowhere());
    let accounts = access.accounts.iter().map(|a| &a.subject.name);
    let names: BTreeMap<Arc<str>, Arc<str>> = roles
        .map(|role| &role.name.text)
        .chain(accounts)
        .filter(|name| local(name))
        .map(|name| (name.clone(), format!("{}#{name}", stem(path)).into()))
        .collect();
    let rename = |name: &mut Arc<str>| {
        if let Some(full) = names.get(name) {
            name.clone_from(full);
        }
    };
    for role in &mut access.roles {
        rename(&mut role.name.text);
    }
    for binding in &mut access.bindings {
        if let Given::Role { name, .. } = &mut binding.given {
            rename(&mut name.text);
        }
        for holder in &mut binding.holders {
            rename(&mut holder.subject.name);
        }
    }
    for membership in &mut access.memberships {
        rename(&mut membership.member.name);
        rename(&mut membership.group.name);
    }
    for account in &mut access.accounts {
        rename(&mut account.subject.name);
    }
    for limit in &mut access.limits {
        for holder in limit.subjects.iter_mut().chain(&mut limit.but_subjects) {
            rename(&mut holder.subject.name);
        }
    }
}

/// Whether one of the documents is a template.
pub(super) fn has_template(tree: &Tree) -> bool {
    tree.documents().iter().any(|d| is_template(tree, *d))
}

struct Reader<'t> {
    page: Page<'t>,
    file: u32,
    text: &'t Text,
    system: Arc<System>,
    access: Access,
    /// The place of all that is read out of a text in the file: it has no lines of its own.
    pin: Option<Span>,
    /// What the identities of a template are, by logical id.
    identities: BTreeMap<String, SubjectKind>,
    /// Somebody has the policy that AWS itself keeps for administrators.
    administrators: bool,
}

impl<'t> Reader<'t> {
    fn new(file: u32, text: &'t Text, tree: &'t Tree) -> Self {
        Self {
            page: Page::new(file, text, tree, Dialect::GoYaml),
            file,
            text,
            system: system(),
            access: Access::default(),
            pin: None,
            identities: BTreeMap::new(),
            administrators: false,
        }
    }

    fn finish(mut self) -> (Access, Vec<Problem>) {
        let known = |role: &Role| &*role.name.text == ADMINISTRATOR;
        if self.administrators && !self.access.roles.iter().any(known) {
            self.access.roles.push(administrator(&self.system));
        }
        (self.access, self.page.problems)
    }

    fn problem(&mut self, message: impl Into<String>, span: Span, help: &str) {
        self.page
            .problems
            .push(Problem::warning(message).at(self.text, span, "").help(help));
    }

    fn span(&self, node: NodeId) -> Span {
        self.pin.unwrap_or_else(|| self.page.tree.span(node))
    }

    fn at(&self, node: NodeId) -> At {
        self.page.at(self.span(node))
    }

    /// The first line of a node.
    fn head_span(&self, node: NodeId) -> Span {
        self.pin.unwrap_or_else(|| self.page.head(node))
    }

    fn head(&self, node: NodeId) -> At {
        self.page.at(self.head_span(node))
    }

    /// A text as it is; nothing for numbers, intrinsic functions and collections.
    fn plain(&self, node: NodeId) -> Option<&'t str> {
        let tree: &'t Tree = self.page.tree;
        if tree.kind(node) != Kind::Scalar || tree.tag(node).is_some() {
            return None;
        }
        match tree.resolve(node, Dialect::GoYaml) {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a key.
    fn word(&mut self, mapping: NodeId, key: &str) -> Option<Word> {
        let node = self.page.get(mapping, key)?;
        let text = self.plain(node)?;
        let at = self.at(node);
        Some(self.page.named(text, at))
    }

    fn subject(&mut self, kind: SubjectKind, name: &str) -> Subject {
        Subject {
            system: self.system.clone(),
            kind,
            name: self.page.name(name),
        }
    }

    fn holder(&mut self, kind: SubjectKind, name: &str, at: At) -> Holder {
        Holder {
            subject: self.subject(kind, name),
            at,
        }
    }

    fn bind(
        &mut self,
        name: Arc<str>,
        given: Given,
        holders: Vec<Holder>,
        conditions: &[Word],
        at: At,
    ) {
        self.access.bindings.push(Binding {
            system: self.system.clone(),
            name,
            scope: None,
            given,
            holders,
            grantable: false,
            conditions: conditions.to_vec(),
            at,
        });
    }

    fn role(&mut self, name: Word, rules: Vec<Rule>) {
        self.access.roles.push(Role {
            system: self.system.clone(),
            name,
            scope: None,
            rules,
            labels: Vec::new(),
            aggregates: Vec::new(),
        });
    }

    /// Gives what statements say to the principals that they name; the rest is a role, held by whoever is given it.
    fn attach(&mut self, statements: Vec<Statement>, own: &Word, conditions: &[Word]) {
        let mut rules = Vec::new();
        for statement in statements {
            match statement.holders {
                Some(holders) => {
                    let name = statement.name.unwrap_or_else(|| own.text.clone());
                    let at = statement.rule.at;
                    let given = Given::Rules(vec![statement.rule]);
                    self.bind(name, given, holders, conditions, at);
                }
                None => rules.push(statement.rule),
            }
        }
        if rules.is_empty() {
            return;
        }
        self.role(own.clone(), rules);
        let holder = self.holder(SubjectKind::Role, &own.text, own.at);
        let given = Given::Role {
            name: own.clone(),
            scope: None,
        };
        self.bind(own.text.clone(), given, vec![holder], conditions, own.at);
    }
}

/// What AWS says of its policy `AdministratorAccess`: `Allow`, `*` on `*`.
fn administrator(system: &Arc<System>) -> Role {
    let everything = || vec![Word::new("*", At::NOWHERE)];
    Role {
        system: system.clone(),
        name: Word::new(ADMINISTRATOR, At::NOWHERE),
        scope: None,
        rules: vec![Rule {
            effect: Effect::Allow,
            reach: Reach {
                actions: everything(),
                resources: everything(),
                ..Reach::default()
            },
            except: Vec::new(),
            conditions: Vec::new(),
            grantable: false,
            at: At::NOWHERE,
        }],
        labels: Vec::new(),
        aggregates: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
