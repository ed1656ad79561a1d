//! Permission matrices, and who is who.

use std::collections::BTreeMap;
use std::sync::Arc;

use onus_model::access::{At, Permission, Permissions, Person, SubjectKind, Word};
use onus_model::check::Severity;
use onus_model::problem::did_you_mean;
use onus_model::source::{Span, Spanned};

use super::grammar::Reader;
use crate::document::NodeId;

impl Reader<'_, '_> {
    pub(super) fn permissions(&mut self, root: NodeId) -> Option<Permissions> {
        let roles = self.words(root, "roles");
        let rows = self
            .list(root, "rows")
            .into_iter()
            .filter_map(|row| self.permission(row, &roles))
            .collect();
        let severity = self.plain(root, "severity");
        let permissions = Permissions {
            id: self.get(root, "permissions")?,
            title: self.plain(root, "title").unwrap_or_default(),
            system: self.get(root, "system")?,
            severity: Severity::ALL
                .into_iter()
                .find(|s| Some(s.name()) == severity.as_deref())
                .unwrap_or(Severity::High),
            roles,
            rows,
            complete: self.plain(root, "complete").as_deref() != Some("false"),
            help: self.plain(root, "help"),
            text: self.text.clone(),
        };
        self.named_twice("role", permissions.roles.iter());
        self.named_twice("row", permissions.rows.iter().map(|row| &row.label));
        // An action on a resource in a scope stands in one row: two could say two things.
        let mut known: BTreeMap<(&str, Vec<&str>, Option<&str>), Span> = BTreeMap::new();
        let mut twice: Vec<(String, Span, Span)> = Vec::new();
        for row in &permissions.rows {
            for action in &row.actions {
                let resources = row.resources.iter().map(|r| r.value.as_str()).collect();
                let key = (action.value.as_str(), resources, row.scope.as_deref());
                if let Some(first) = known.insert(key, action.span) {
                    twice.push((action.value.clone(), action.span, first));
                }
            }
        }
        for (action, span, first) in twice {
            let text = self.text.clone();
            let problem = self.problem(format!("`{action}` stands in two rows"), span);
            *problem = problem.clone().at(&text, first, "first here");
        }
        Some(permissions)
    }

    fn permission(&mut self, row: NodeId, roles: &[Spanned<String>]) -> Option<Permission> {
        let label = self.get(row, "label")?;
        let mut cells = Vec::new();
        for (role, node) in self.pairs(row, "cells") {
            if !roles.iter().any(|r| r.value == role.value) {
                let near = did_you_mean(&role.value, roles.iter().map(|r| r.value.as_str()));
                let help = near.map_or_else(
                    || "add it to `roles`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                self.problem(format!("`{}` is no column", role.value), role.span)
                    .help = Some(help);
                continue;
            }
            if let Some(word) = self.word(node) {
                cells.push((
                    role,
                    Spanned {
                        value: word.value == "yes",
                        span: word.span,
                    },
                ));
            }
        }
        for role in roles {
            if !cells.iter().any(|(of, _)| of.value == role.value) {
                self.problem(
                    format!("`{}` says nothing about `{}`", label.value, role.value),
                    label.span,
                )
                .help = Some(format!("add `{}: yes` or `{}: no`", role.value, role.value));
            }
        }
        Some(Permission {
            actions: self.words(row, "actions"),
            resources: self.words(row, "resources"),
            scope: self.plain(row, "scope"),
            cells,
            label,
        })
    }

    fn named_twice<'w>(&mut self, what: &str, words: impl Iterator<Item = &'w Spanned<String>>) {
        let mut known: BTreeMap<&str, Span> = BTreeMap::new();
        for word in words {
            if known.insert(&word.value, word.span).is_some() {
                self.problem(
                    format!("the {what} `{}` stands twice", word.value),
                    word.span,
                );
            }
        }
    }

    pub(super) fn identities(&mut self, root: NodeId) -> Vec<Person> {
        let mut people = Vec::new();
        for item in self.list(root, "people") {
            let Some(name) = self.get(item, "person") else {
                continue;
            };
            let mut is = Vec::new();
            for word in self.words(item, "is") {
                match identity(&word.value) {
                    Some(value) => is.push(Spanned {
                        value,
                        span: word.span,
                    }),
                    None => {
                        self.problem(format!("`{}` names nobody", word.value), word.span)
                            .help = Some("write `SYSTEM/user:NAME`, `SYSTEM/group:NAME`, `SYSTEM/workload:NAME`, or `SYSTEM/NAME` for a user".to_owned());
                    }
                }
            }
            let facts = self
                .pairs(item, "facts")
                .into_iter()
                .filter_map(|(fact, node)| {
                    let value = self.word(node)?;
                    let word = Word::new(value.value, At::NOWHERE);
                    Some((Arc::from(fact.value), word))
                })
                .collect();
            people.push(Person {
                name,
                is,
                facts,
                text: self.text.clone(),
            });
        }
        people
    }
}

/// `system/kind:name`, or `system/name` for a user. Names may have slashes and colons of their own.
fn identity(text: &str) -> Option<(String, SubjectKind, String)> {
    let (system, rest) = text.split_once('/')?;
    let (kind, name) = SubjectKind::ALL
        .into_iter()
        .find_map(|kind| {
            let name = rest.strip_prefix(kind.name())?.strip_prefix(':')?;
            Some((kind, name))
        })
        .unwrap_or((SubjectKind::User, rest));
    let whole = !system.is_empty() && !name.is_empty();
    whole.then(|| (system.to_owned(), kind, name.to_owned()))
}
