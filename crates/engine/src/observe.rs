//! What a policy can observe, read from its syntax tree.
//!
//! Cedar's answer depends on nothing else, so resources that look the same from here are one question. Everything that
//! the analysis does not understand makes it give up ([`Observed::everything`]), and then every resource is asked about.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy_core::ast::{BinaryOp, Expr, ExprKind, Literal, UnaryOp, Var};
use onus_model::source::Span;

/// What is observed of a value: of itself, and of what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trie {
    /// The value itself is used: compared, searched, taken as a whole. For an entity: its id and its ancestors.
    pub(crate) whole: bool,
    /// Texts that the value is compared with for equality. Where it is not used otherwise, that is all that can be seen of it.
    pub(crate) equals: BTreeSet<String>,
    /// Tags are asked for; which ones may be computed, so all of them are observed.
    pub(crate) tags: bool,
    /// Texts of which it is asked whether the value, a set, has them. Only of a principal: elsewhere the value is used whole.
    pub(crate) holds: BTreeSet<String>,
    /// Attributes that are read or whose presence is asked.
    pub(crate) members: BTreeMap<String, Trie>,
    /// Where the policy first speaks of it.
    pub(crate) first: Option<Span>,
}

/// What a policy observes of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// The same for all questions about configs, not about grants.
    pub(crate) principal: Trie,
    pub(crate) resource: Trie,
    pub(crate) context: Trie,
    /// The analysis gave up: anything may matter.
    pub(crate) everything: bool,
}

impl Observed {
    /// What a condition observes. Places are those in the text that the policy was parsed from.
    pub(crate) fn of(condition: &Expr) -> Self {
        let mut observed = Self::default();
        observed.value(condition);
        observed
    }

    /// Adds what another policy observes.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.principal.merge(&other.principal);
        self.resource.merge(&other.resource);
        self.context.merge(&other.context);
        self.everything |= other.everything;
    }

    /// An expression whose value is used.
    fn value(&mut self, expr: &Expr) {
        match expr.expr_kind() {
            ExprKind::Lit(_) => {}
            ExprKind::Var(_) | ExprKind::GetAttr { .. } => {
                if let Some(trie) = self.rooted(expr) {
                    trie.whole = true;
                }
            }
            ExprKind::HasAttr { expr: base, attr } => {
                let first = span(expr);
                if let Some(trie) = self.base(base) {
                    trie.member(attr, first);
                }
            }
            ExprKind::ExtHasAttr { expr: base, attrs } => {
                let first = span(expr);
                if let Some(mut trie) = self.base(base) {
                    for attr in attrs.iter() {
                        trie = trie.member(attr, first);
                    }
                }
            }
            ExprKind::BinaryApp {
                op: BinaryOp::GetTag | BinaryOp::HasTag,
                arg1,
                arg2,
            } => {
                if let Some(trie) = self.base(arg1) {
                    trie.tags = true;
                }
                self.value(arg2);
            }
            ExprKind::BinaryApp {
                op: BinaryOp::In,
                arg1,
                arg2,
            } => {
                // The ancestors of an entity that the policy names itself are in no projection.
                if names_an_entity(arg1) {
                    self.everything = true;
                }
                self.value(arg1);
                self.value(arg2);
            }
            ExprKind::BinaryApp {
                op: op @ (BinaryOp::Eq | BinaryOp::Contains),
                arg1,
                arg2,
            } => match (op, texts(arg1), texts(arg2)) {
                // `["a", "b"].contains(x)` compares x with each.
                (BinaryOp::Eq | BinaryOp::Contains, Some(texts), None) => {
                    self.compared(arg2, texts);
                }
                (BinaryOp::Eq, None, Some(texts)) => self.compared(arg1, texts),
                (BinaryOp::Contains, None, Some(texts)) => self.searched(arg1, texts),
                _ => {
                    self.value(arg1);
                    self.value(arg2);
                }
            },
            ExprKind::BinaryApp {
                op: BinaryOp::ContainsAll | BinaryOp::ContainsAny,
                arg1,
                arg2,
            } => match (texts(arg1), texts(arg2)) {
                (None, Some(texts)) => self.searched(arg1, texts),
                _ => {
                    self.value(arg1);
                    self.value(arg2);
                }
            },
            ExprKind::BinaryApp {
                op:
                    BinaryOp::Less | BinaryOp::LessEq | BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul,
                arg1,
                arg2,
            } => {
                self.value(arg1);
                self.value(arg2);
            }
            ExprKind::If {
                test_expr,
                then_expr,
                else_expr,
            } => {
                self.value(test_expr);
                self.value(then_expr);
                self.value(else_expr);
            }
            ExprKind::And { left, right } | ExprKind::Or { left, right } => {
                self.value(left);
                self.value(right);
            }
            ExprKind::UnaryApp {
                op: UnaryOp::Not | UnaryOp::Neg | UnaryOp::IsEmpty,
                arg,
            } => self.value(arg),
            ExprKind::ExtensionFunctionApp { args, .. } => {
                for arg in args.iter() {
                    self.value(arg);
                }
            }
            ExprKind::Like { expr, .. } => self.value(expr),
            // A type is part of every projection of an entity; the entity itself must be in it.
            ExprKind::Is { expr, .. } => match expr.expr_kind() {
                ExprKind::Var(_) => {}
                _ => self.value(expr),
            },
            ExprKind::Set(elements) => {
                for element in elements.iter() {
                    self.value(element);
                }
            }
            ExprKind::Record(members) => {
                for member in members.values() {
                    self.value(member);
                }
            }
            ExprKind::Slot(_) | ExprKind::Unknown(_) => self.everything = true,
            #[expect(
                unreachable_patterns,
                reason = "an expression of a later Cedar: whatever it is, it may observe anything"
            )]
            _ => self.everything = true,
        }
    }

    /// An expression that is compared with some texts, and not otherwise used here.
    fn compared(&mut self, expr: &Expr, texts: BTreeSet<String>) {
        match expr.expr_kind() {
            ExprKind::Var(_) | ExprKind::GetAttr { .. } => {
                if let Some(trie) = self.rooted(expr) {
                    trie.equals.extend(texts);
                }
            }
            _ => self.value(expr),
        }
    }

    /// A set in which some texts are looked for.
    fn searched(&mut self, expr: &Expr, texts: BTreeSet<String>) {
        if root(expr) == Some(Var::Principal)
            && let Some(trie) = self.rooted(expr)
        {
            trie.holds.extend(texts);
            return;
        }
        self.value(expr);
    }

    /// The node of an expression of which members or tags are asked.
    fn base(&mut self, expr: &Expr) -> Option<&mut Trie> {
        match expr.expr_kind() {
            ExprKind::Var(_) | ExprKind::GetAttr { .. } => self.rooted(expr),
            _ => {
                // A member of something computed: of an `if`, of a tag, of an entity that the policy names.
                self.everything = true;
                self.value(expr);
                None
            }
        }
    }

    /// The node of `resource.a.b` or `context.a.b`; others are the same for all resources of a run.
    fn rooted(&mut self, expr: &Expr) -> Option<&mut Trie> {
        let first = span(expr);
        match expr.expr_kind() {
            ExprKind::Var(Var::Resource) => Some(self.resource.seen(first)),
            ExprKind::Var(Var::Context) => Some(self.context.seen(first)),
            ExprKind::Var(Var::Principal) => Some(self.principal.seen(first)),
            ExprKind::Var(Var::Action) => None,
            ExprKind::GetAttr { expr: base, attr } => {
                if root(base) == Some(Var::Action) {
                    return None;
                }
                self.base(base).map(|trie| trie.member(attr, first))
            }
            _ => None,
        }
    }
}

impl Trie {
    fn seen(&mut self, first: Option<Span>) -> &mut Self {
        if self.first.is_none() {
            self.first = first;
        }
        self
    }

    fn member(&mut self, name: &str, first: Option<Span>) -> &mut Self {
        self.members.entry(name.to_owned()).or_default().seen(first)
    }

    /// Whether a set that is a member is looked into for a text, or used whole.
    pub(crate) fn speaks_of(&self, member: &str, text: &str) -> bool {
        self.members
            .get(member)
            .is_some_and(|trie| trie.whole || trie.holds.contains(text))
    }

    /// Adds what another policy observes of the same value.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.whole |= other.whole;
        self.equals.extend(other.equals.iter().cloned());
        self.holds.extend(other.holds.iter().cloned());
        self.tags |= other.tags;
        self.seen(other.first);
        for (name, trie) in &other.members {
            self.members.entry(name.clone()).or_default().merge(trie);
        }
    }
}

fn root(expr: &Expr) -> Option<Var> {
    match expr.expr_kind() {
        ExprKind::Var(var) => Some(*var),
        ExprKind::GetAttr { expr, .. } => root(expr),
        _ => None,
    }
}

/// The text that an expression is, or the texts of a list of them. An empty list is not a list of texts.
fn texts(expr: &Expr) -> Option<BTreeSet<String>> {
    match expr.expr_kind() {
        ExprKind::Lit(Literal::String(text)) => Some(BTreeSet::from([text.to_string()])),
        ExprKind::Set(elements) if !elements.is_empty() => elements
            .iter()
            .map(|element| match element.expr_kind() {
                ExprKind::Lit(Literal::String(text)) => Some(text.to_string()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// Whether an expression may be an entity that the policy names by its id.
fn names_an_entity(expr: &Expr) -> bool {
    match expr.expr_kind() {
        ExprKind::Lit(Literal::EntityUID(_)) => true,
        ExprKind::Var(_) | ExprKind::GetAttr { .. } => false,
        _ => true,
    }
}

fn span(expr: &Expr) -> Option<Span> {
    expr.source_loc()
        .map(|loc| Span::new(loc.start(), loc.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(condition: &str) -> Observed {
        let text = format!("forbid(principal, action, resource) when {{ {condition} }};");
        let policy = cedar_policy::Policy::parse(None, text).unwrap();
        let policy: &cedar_policy_core::ast::Policy = policy.as_ref();
        Observed::of(&policy.condition())
    }

    /// The observed paths: `=` where the value is used, `~` where it is only compared with texts, `#` where the tags are.
    fn paths(observed: &Observed) -> Vec<String> {
        fn walk(trie: &Trie, path: &str, found: &mut Vec<String>) {
            let marks = [
                (!trie.holds.is_empty(), "?"),
                (trie.whole, "="),
                (!trie.equals.is_empty(), "~"),
                (trie.tags, "#"),
            ];
            let marks: String = marks
                .iter()
                .filter(|(on, _)| *on)
                .map(|(_, mark)| *mark)
                .collect();
            if !marks.is_empty() || trie.members.is_empty() && trie.first.is_some() {
                found.push(format!("{path}{marks}"));
            }
            for (name, trie) in &trie.members {
                walk(trie, &format!("{path}.{name}"), found);
            }
        }
        let mut found = Vec::new();
        walk(&observed.resource, "resource", &mut found);
        walk(&observed.context, "context", &mut found);
        if observed.everything {
            found.push("everything".to_owned());
        }
        found
    }

    #[test]
    fn sees_values_presence_identity_and_tags() {
        let check = |condition: &str, expected: &[&str]| {
            assert_eq!(paths(&observed(condition)), expected, "{condition}");
        };
        check("resource.a.b == 3", &["resource.a.b="]);
        check("resource has a.b && resource.a.b", &["resource.a.b="]);
        check("resource has a", &["resource.a"]);
        check("resource.pod has spec", &["resource.pod.spec"]);
        check("resource in resource.pod", &["resource=", "resource.pod="]);
        check("resource == resource.pod", &["resource=", "resource.pod="]);
        check("[1].contains(resource.n)", &["resource.n="]);
        check(
            "resource.a == \"x\" || \"y\" != resource.a",
            &["resource.a~"],
        );
        check("[\"x\", \"y\"].contains(resource.a)", &["resource.a~"]);
        check("[].contains(resource.a)", &["resource.a="]);
        check("resource.a == []", &["resource.a="]);
        check(
            "resource.a == \"x\" && resource.a like \"*y\"",
            &["resource.a=~"],
        );
        check("resource.name like \"a*\"", &["resource.name="]);
        check("resource.hasTag(\"x\")", &["resource#"]);
        check(
            "resource.getTag(resource.name) == \"\"",
            &["resource#", "resource.name="],
        );
        check("context.v.minor >= 25", &["context.v.minor="]);
        check("principal.name == resource.name", &["resource.name="]);
        check("resource is T", &[]);
        check("resource.pod is T", &["resource.pod="]);
        check(
            "(if resource.x then 1 else 2) < resource.y",
            &["resource.x=", "resource.y="],
        );
    }

    #[test]
    fn gives_up_where_it_cannot_follow() {
        let gives_up = |condition: &str| assert!(observed(condition).everything, "{condition}");
        gives_up("T::\"x\".attribute == 3");
        gives_up("T::\"x\" in resource");
        gives_up("(if resource.x then resource.a else resource.b).c == 1");
        gives_up("resource.getTag(\"x\").y == 1");
        gives_up("T::\"x\".hasTag(\"k\")");
    }
}
