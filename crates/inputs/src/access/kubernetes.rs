//! Kubernetes RBAC (`rbac.authorization.k8s.io`).

use std::sync::Arc;

use onus_model::access::{
    Access, Binding, Effect, Expression, Given, Holder, Notation, Reach, Role, Rule, Selector,
    Subject, SubjectKind, System, Word,
};
use onus_model::plan::Dialect;
use onus_model::problem::Problem;
use onus_model::source::Text;

use super::page::Page;
use crate::document::{NodeId, Tree};

/// What every file has in it that holds roles or bindings.
pub(super) const MARK: &str = "rbac.authorization";

/// The one system of this kind: whatever the files say, they are taken for one cluster.
#[must_use]
pub fn system() -> Arc<System> {
    System::new("kubernetes", Notation::Kubernetes)
}

/// The roles and bindings of a file, with what is wrong with them.
pub(super) fn read(file: u32, text: &Text, tree: &Tree) -> (Access, Vec<Problem>) {
    let mut reader = Reader {
        page: Page::new(file, text, tree, Dialect::GoYaml),
        system: system(),
        access: Access::default(),
    };
    for document in tree.documents() {
        reader.object(*document);
    }
    (reader.access, reader.page.problems)
}

struct Reader<'t> {
    page: Page<'t>,
    system: Arc<System>,
    access: Access,
}

impl Reader<'_> {
    fn object(&mut self, node: NodeId) {
        let Some(kind) = self.page.word(node, "kind") else {
            return;
        };
        // A list of anything holds objects of its own.
        if kind.text.ends_with("List") {
            for item in self.page.list(node, "items") {
                self.object(item);
            }
            return;
        }
        let ours = self
            .page
            .word(node, "apiVersion")
            .is_some_and(|v| v.text.starts_with("rbac.authorization.k8s.io/"));
        if !ours {
            return;
        }
        match &*kind.text {
            "Role" | "ClusterRole" => self.role(node, &*kind.text == "ClusterRole"),
            "RoleBinding" | "ClusterRoleBinding" => {
                self.binding(node, &*kind.text == "ClusterRoleBinding");
            }
            _ => {}
        }
    }

    /// The name and the namespace. An object of a namespace that names none is of `default`.
    fn named(&mut self, node: NodeId, of_cluster: bool) -> Option<(Word, Option<Arc<str>>)> {
        let metadata = self.page.get(node, "metadata");
        let Some(name) = metadata.and_then(|m| self.page.word(m, "name")) else {
            self.page.problem("it has no name", self.page.head(node));
            return None;
        };
        let scope = (!of_cluster).then(|| {
            metadata
                .and_then(|m| self.page.word(m, "namespace"))
                .map_or_else(|| "default".into(), |n| n.text)
        });
        Some((name, scope))
    }

    fn role(&mut self, node: NodeId, of_cluster: bool) {
        let Some((name, scope)) = self.named(node, of_cluster) else {
            return;
        };
        let labels = self
            .page
            .get(node, "metadata")
            .and_then(|m| self.page.get(m, "labels"))
            .map_or_else(Vec::new, |labels| self.page.pairs(labels));
        let rules = self
            .page
            .list(node, "rules")
            .into_iter()
            .map(|rule| self.rule(rule))
            .collect();
        let aggregates = self
            .page
            .get(node, "aggregationRule")
            .map_or_else(Vec::new, |rule| {
                self.page.list(rule, "clusterRoleSelectors")
            })
            .into_iter()
            .map(|selector| self.selector(selector))
            .collect();
        self.access.roles.push(Role {
            system: self.system.clone(),
            name,
            scope,
            rules,
            labels,
            aggregates,
        });
    }

    fn rule(&mut self, node: NodeId) -> Rule {
        let groups = self.page.words(node, "apiGroups");
        let mut resources = self.page.words(node, "nonResourceURLs");
        // Of paths, a bare `*` is every one; of resources, it would be those of the core group.
        for path in resources.iter_mut().filter(|path| &*path.text == "*") {
            path.text = "/*".into();
        }
        for resource in self.page.words(node, "resources") {
            if groups.is_empty() {
                self.page
                    .problem("a rule over resources names no group", resource.at.span);
            }
            let (whole, part) = match resource.text.split_once('/') {
                Some((whole, part)) => (whole, format!("/{part}")),
                None => (&*resource.text, String::new()),
            };
            for group in &groups {
                let value = if group.text.is_empty() {
                    format!("{whole}{part}")
                } else {
                    format!("{whole}.{}{part}", group.text)
                };
                resources.push(self.page.named(&value, resource.at));
            }
        }
        Rule {
            effect: Effect::Allow,
            reach: Reach {
                actions: self.page.words(node, "verbs"),
                resources,
                names: self.page.words(node, "resourceNames"),
                ..Reach::default()
            },
            except: Vec::new(),
            conditions: Vec::new(),
            grantable: false,
            at: self.page.at(self.page.head(node)),
        }
    }

    fn selector(&mut self, node: NodeId) -> Selector {
        let labels = self
            .page
            .get(node, "matchLabels")
            .map_or_else(Vec::new, |labels| self.page.pairs(labels));
        let text = |word: Word| word.text.to_string();
        let expressions = self
            .page
            .list(node, "matchExpressions")
            .into_iter()
            .filter_map(|e| {
                Some(Expression {
                    key: self.page.word(e, "key").map(text)?,
                    operator: self.page.word(e, "operator").map(text)?,
                    values: self.page.words(e, "values").into_iter().map(text).collect(),
                })
            })
            .collect();
        Selector {
            labels,
            expressions,
        }
    }

    fn binding(&mut self, node: NodeId, of_cluster: bool) {
        let Some((name, scope)) = self.named(node, of_cluster) else {
            return;
        };
        let role = self.page.get(node, "roleRef");
        let Some((kind, to)) =
            role.and_then(|r| Some((self.page.word(r, "kind")?, self.page.word(r, "name")?)))
        else {
            self.page.problem("the binding names no role", name.at.span);
            return;
        };
        let to_cluster = &*kind.text == "ClusterRole";
        if of_cluster && !to_cluster {
            self.page.problem(
                "a binding of the whole cluster can only give a ClusterRole",
                kind.at.span,
            );
            return;
        }
        let mut holders = Vec::new();
        for item in self.page.list(node, "subjects") {
            holders.extend(self.holder(item, scope.as_deref()));
        }
        self.access.bindings.push(Binding {
            system: self.system.clone(),
            name: name.text,
            given: Given::Role {
                name: to,
                scope: if to_cluster { None } else { scope.clone() },
            },
            scope,
            holders,
            grantable: false,
            conditions: Vec::new(),
            at: name.at,
        });
    }

    fn holder(&mut self, node: NodeId, scope: Option<&str>) -> Option<Holder> {
        let (Some(kind), Some(name)) = (self.page.word(node, "kind"), self.page.word(node, "name"))
        else {
            self.page
                .problem("a subject has a kind and a name", self.page.head(node));
            return None;
        };
        let (kind, text) = match &*kind.text {
            // A service account has a name as a user, too.
            "User" => match name.text.strip_prefix("system:serviceaccount:") {
                Some(account) => (SubjectKind::Workload, account.replacen(':', "/", 1).into()),
                None => (SubjectKind::User, name.text.clone()),
            },
            "Group" => (SubjectKind::Group, name.text.clone()),
            "ServiceAccount" => {
                let namespace = self.page.word(node, "namespace").map(|n| n.text);
                let Some(namespace) = namespace.or_else(|| scope.map(Arc::from)) else {
                    self.page
                        .problem("a service account has a namespace", name.at.span);
                    return None;
                };
                let account = format!("{namespace}/{}", name.text);
                (SubjectKind::Workload, self.page.name(&account))
            }
            other => {
                self.page
                    .problem(format!("`{other}` is no kind of subject"), kind.at.span);
                return None;
            }
        };
        Some(Holder {
            subject: Subject {
                system: self.system.clone(),
                kind,
                name: text,
            },
            at: name.at,
        })
    }
}
