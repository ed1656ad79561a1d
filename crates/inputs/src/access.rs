//! Grants, as they are written: Kubernetes RBAC (`rbac.authorization.k8s.io`).

use onus_model::access::{Access, Binding, Expression, Role, Rule, Selector, Subject, SubjectKind};
use onus_model::plan::Dialect;
use onus_model::problem::{Label, Problem};
use onus_model::source::{Span, Spanned, Text};

use crate::document::{Kind, NodeId, Scalar, Tree};

/// Whether a file may hold grants: what does not have this word in it has none, and need not be read.
#[must_use]
pub fn may_hold_grants(bytes: &[u8]) -> bool {
    const WORD: &[u8] = b"rbac.authorization";
    bytes.windows(WORD.len()).any(|window| window == WORD)
}

/// The roles and bindings of a file, with what is wrong with them.
#[must_use]
pub fn access(text: &Text, tree: &Tree) -> (Access, Vec<Problem>) {
    let mut reader = Reader {
        text,
        tree,
        access: Access::default(),
        problems: Vec::new(),
    };
    for document in tree.documents() {
        reader.object(*document);
    }
    (reader.access, reader.problems)
}

struct Reader<'t> {
    text: &'t Text,
    tree: &'t Tree,
    access: Access,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn object(&mut self, node: NodeId) {
        let Some(kind) = self.word(node, "kind") else {
            return;
        };
        // A list of anything holds objects of its own.
        if kind.value.ends_with("List") {
            for item in self.list(node, "items") {
                self.object(item);
            }
            return;
        }
        let ours = self
            .word(node, "apiVersion")
            .is_some_and(|v| v.value.starts_with("rbac.authorization.k8s.io/"));
        if !ours {
            return;
        }
        match kind.value.as_str() {
            "Role" | "ClusterRole" => self.role(node, kind.value == "ClusterRole"),
            "RoleBinding" | "ClusterRoleBinding" => {
                self.binding(node, kind.value == "ClusterRoleBinding");
            }
            _ => {}
        }
    }

    /// The name and the namespace. An object of a namespace that names none is of `default`.
    fn named(
        &mut self,
        node: NodeId,
        of_cluster: bool,
    ) -> Option<(Spanned<String>, Option<String>)> {
        let metadata = self.get(node, "metadata");
        let Some(name) = metadata.and_then(|m| self.word(m, "name")) else {
            self.problem("it has no name", self.head(node));
            return None;
        };
        let scope = (!of_cluster).then(|| {
            metadata
                .and_then(|m| self.word(m, "namespace"))
                .map_or_else(|| "default".to_owned(), |n| n.value)
        });
        Some((name, scope))
    }

    fn role(&mut self, node: NodeId, of_cluster: bool) {
        let Some((name, scope)) = self.named(node, of_cluster) else {
            return;
        };
        let labels = self
            .get(node, "metadata")
            .and_then(|m| self.get(m, "labels"))
            .map_or_else(Vec::new, |labels| self.pairs(labels));
        let rules = self
            .list(node, "rules")
            .into_iter()
            .map(|rule| self.rule(rule))
            .collect();
        let aggregates = self
            .get(node, "aggregationRule")
            .map_or_else(Vec::new, |rule| self.list(rule, "clusterRoleSelectors"))
            .into_iter()
            .map(|selector| self.selector(selector))
            .collect();
        self.access.roles.push(Role {
            at: self.label(name.span),
            name,
            scope,
            rules,
            labels,
            aggregates,
        });
    }

    fn rule(&mut self, node: NodeId) -> Rule {
        let groups = self.words(node, "apiGroups");
        let mut resources = self.words(node, "nonResourceURLs");
        // Of paths, a bare `*` is every one; of resources, it would be those of the core group.
        for path in resources.iter_mut().filter(|path| path.value == "*") {
            path.value = "/*".to_owned();
        }
        for resource in self.words(node, "resources") {
            if groups.is_empty() {
                self.problem("a rule over resources names no group", resource.span);
            }
            let (whole, part) = match resource.value.split_once('/') {
                Some((whole, part)) => (whole, format!("/{part}")),
                None => (resource.value.as_str(), String::new()),
            };
            for group in &groups {
                let value = if group.value.is_empty() {
                    format!("{whole}{part}")
                } else {
                    format!("{whole}.{}{part}", group.value)
                };
                resources.push(Spanned {
                    value,
                    span: resource.span,
                });
            }
        }
        Rule {
            actions: self.words(node, "verbs"),
            resources,
            names: self.words(node, "resourceNames"),
            at: self.label(self.head(node)),
        }
    }

    fn selector(&self, node: NodeId) -> Selector {
        Selector {
            labels: self
                .get(node, "matchLabels")
                .map_or_else(Vec::new, |labels| self.pairs(labels)),
            expressions: self
                .list(node, "matchExpressions")
                .into_iter()
                .filter_map(|e| {
                    Some(Expression {
                        key: self.word(e, "key")?.value,
                        operator: self.word(e, "operator")?.value,
                        values: self
                            .words(e, "values")
                            .into_iter()
                            .map(|v| v.value)
                            .collect(),
                    })
                })
                .collect(),
        }
    }

    fn binding(&mut self, node: NodeId, of_cluster: bool) {
        let Some((name, scope)) = self.named(node, of_cluster) else {
            return;
        };
        let role = self.get(node, "roleRef");
        let Some((kind, to)) =
            role.and_then(|r| Some((self.word(r, "kind")?, self.word(r, "name")?)))
        else {
            self.problem("the binding names no role", name.span);
            return;
        };
        let to_cluster = kind.value == "ClusterRole";
        if of_cluster && !to_cluster {
            self.problem(
                "a binding of the whole cluster can only give a ClusterRole",
                kind.span,
            );
            return;
        }
        let mut subjects = Vec::new();
        for item in self.list(node, "subjects") {
            subjects.extend(self.subject(item, scope.as_deref()));
        }
        self.access.bindings.push(Binding {
            at: self.label(name.span),
            name: name.value,
            scope,
            role: to,
            of_cluster: to_cluster,
            subjects,
        });
    }

    fn subject(&mut self, node: NodeId, scope: Option<&str>) -> Option<Spanned<Subject>> {
        let (Some(kind), Some(name)) = (self.word(node, "kind"), self.word(node, "name")) else {
            self.problem("a subject has a kind and a name", self.head(node));
            return None;
        };
        let span = name.span;
        let subject = match kind.value.as_str() {
            // A service account has a name as a user, too.
            "User" => match name.value.strip_prefix("system:serviceaccount:") {
                Some(account) => Subject {
                    kind: SubjectKind::Workload,
                    name: account.replacen(':', "/", 1),
                },
                None => Subject {
                    kind: SubjectKind::User,
                    name: name.value,
                },
            },
            "Group" => Subject {
                kind: SubjectKind::Group,
                name: name.value,
            },
            "ServiceAccount" => {
                let namespace = self.word(node, "namespace").map(|n| n.value);
                let Some(namespace) = namespace.or_else(|| scope.map(str::to_owned)) else {
                    self.problem("a service account has a namespace", span);
                    return None;
                };
                Subject {
                    kind: SubjectKind::Workload,
                    name: format!("{namespace}/{}", name.value),
                }
            }
            other => {
                self.problem(format!("`{other}` is no kind of subject"), kind.span);
                return None;
            }
        };
        Some(Spanned {
            value: subject,
            span,
        })
    }

    fn problem(&mut self, message: impl Into<String>, span: Span) {
        self.problems
            .push(Problem::warning(message).at(self.text, span, ""));
    }

    fn label(&self, span: Span) -> Label {
        Label {
            text: self.text.clone(),
            span,
            message: String::new(),
        }
    }

    /// The first line of a node.
    fn head(&self, node: NodeId) -> Span {
        let span = self.tree.span(node);
        let text = self.text.text.get(span.range()).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let start = span.start as usize;
        Span::new(start, start + line.trim_end().len())
    }

    fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        if self.tree.kind(mapping) != Kind::Mapping {
            return None;
        }
        self.tree.get(mapping, key).map(|e| e.value)
    }

    /// A scalar that is there; what Kubernetes' loader takes for null is not.
    fn scalar(&self, node: NodeId) -> Option<Spanned<String>> {
        let null = matches!(self.tree.resolve(node, Dialect::GoYaml), Scalar::Null);
        if self.tree.kind(node) != Kind::Scalar || null {
            return None;
        }
        Some(Spanned {
            value: self.tree.raw(node).to_owned(),
            span: self.tree.span(node),
        })
    }

    fn word(&self, mapping: NodeId, key: &str) -> Option<Spanned<String>> {
        self.scalar(self.get(mapping, key)?)
    }

    fn list(&self, mapping: NodeId, key: &str) -> Vec<NodeId> {
        self.get(mapping, key)
            .map_or_else(Vec::new, |node| self.tree.items(node).collect())
    }

    fn words(&self, mapping: NodeId, key: &str) -> Vec<Spanned<String>> {
        self.list(mapping, key)
            .into_iter()
            .filter_map(|item| self.scalar(item))
            .collect()
    }

    fn pairs(&self, mapping: NodeId) -> Vec<(String, String)> {
        self.tree
            .entries(mapping)
            .map(|e| {
                (
                    self.tree.raw(e.key).to_owned(),
                    self.tree.raw(e.value).to_owned(),
                )
            })
            .collect()
    }
}
