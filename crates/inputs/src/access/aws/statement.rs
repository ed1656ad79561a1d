//! Policy documents and their statements.

use std::sync::Arc;

use onus_model::access::{At, Effect, Holder, Reach, Rule, SubjectKind, Word};
use onus_model::problem::{Problem, did_you_mean};
use onus_model::source::Span;

use super::Reader;
use super::intrinsic::{intrinsic, written};
use crate::document::{Kind, Limits, NodeId, Syntax, read};

/// All that a statement can have.
const KEYS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// What a policy is of.
pub(super) enum Of<'a> {
    /// Of whoever has it: it names no principals.
    Identity,
    /// Of a thing that goes by this name: it names principals, and may leave the thing itself unnamed.
    Thing(&'a Word),
    /// Whichever each statement looks like.
    Either(&'a Word),
}

/// A statement, read.
pub(super) struct Statement {
    /// Its `Sid`.
    pub(super) name: Option<Arc<str>>,
    pub(super) rule: Rule,
    /// To whom, where it names them.
    pub(super) holders: Option<Vec<Holder>>,
}

/// One of two keys that exclude each other, of which the second turns the first around.
enum Choice {
    Is(NodeId),
    /// With the place of the key.
    IsNot(NodeId, NodeId),
}

impl Reader<'_> {
    /// The statements of a policy document. What makes no sense is told and left out.
    pub(super) fn document(&mut self, node: NodeId, of: &Of<'_>) -> Vec<Statement> {
        if self.pin.is_none() && self.plain(node).is_some() {
            return self.encoded(node, of);
        }
        let tree = self.page.tree;
        if tree.kind(node) != Kind::Mapping || intrinsic(tree, node).is_some() {
            let message = format!("the policy cannot be read: `{}`", written(tree, node));
            self.problem(
                message,
                self.head_span(node),
                "write it out where it stands",
            );
            return Vec::new();
        }
        let Some(statements) = self.page.get(node, "Statement") else {
            self.problem(
                "the policy has no `Statement`",
                self.head_span(node),
                "a policy that gives nothing is better left out",
            );
            return Vec::new();
        };
        let mut out = Vec::new();
        for (statement, on) in self.expand(statements) {
            out.extend(self.statement(statement, of, on));
        }
        out
    }

    /// A document that is a text: IAM's interface gives JSON in the encoding of URLs (RFC 3986). All of it stands where the text does.
    fn encoded(&mut self, node: NodeId, of: &Of<'_>) -> Vec<Statement> {
        let raw = self.page.tree.raw(node);
        let bytes = if raw.trim_start().starts_with('{') {
            raw.as_bytes().to_vec()
        } else {
            unescape(raw)
        };
        let span = self.span(node);
        let tree = match read(bytes, Syntax::Json, &Limits::default()) {
            Ok(tree) => tree,
            Err(failure) => {
                let message = format!("the policy is a text that is no JSON: {}", failure.reason);
                self.problem(message, span, "export it again, or write the policy out");
                return Vec::new();
            }
        };
        let mut inner = Reader::new(self.file, self.text, &tree);
        inner.pin = Some(span);
        let mut statements = Vec::new();
        for document in tree.documents() {
            statements.extend(inner.document(*document, of));
        }
        let problems = inner.page.problems;
        self.page.problems.extend(problems);
        statements
    }

    /// Tells why a statement gives nothing.
    fn refuse<T>(&mut self, message: impl Into<String>, span: Span, help: &str) -> Option<T> {
        self.problem(message, span, help);
        None
    }

    fn statement(&mut self, node: NodeId, of: &Of<'_>, on: Vec<Word>) -> Option<Statement> {
        let tree = self.page.tree;
        let head = self.head_span(node);
        if tree.kind(node) != Kind::Mapping || intrinsic(tree, node).is_some() {
            let message = format!("the statement is no mapping: `{}`", written(tree, node));
            return self.refuse(message, head, "write `Effect`, `Action` and `Resource`");
        }
        let effect = self.effect(node)?;
        let mut conditions = on;
        let (actions, but_actions) = self
            .patterns(node, "Action", "NotAction", &mut conditions)?
            .or_else(|| {
                let help = "write `Action`, or `NotAction`";
                self.refuse("the statement names no `Action`", head, help)
            })?;
        let holders = self.holders(node, of, effect, &mut conditions)?;
        let resources = self.patterns(node, "Resource", "NotResource", &mut conditions)?;
        let (resources, but_resources) = match resources {
            Some(found) => found,
            None => (
                vec![self.itself(head, of, effect, holders.is_some())?],
                Vec::new(),
            ),
        };
        if let Some(condition) = self.page.get(node, "Condition") {
            self.conditions(condition, &mut conditions)?;
        }
        self.strange_keys(node);
        Some(Statement {
            name: self.word(node, "Sid").map(|sid| sid.text),
            rule: Rule {
                effect,
                reach: Reach {
                    actions,
                    but_actions,
                    resources,
                    but_resources,
                    names: Vec::new(),
                },
                except: Vec::new(),
                conditions,
                grantable: false,
                at: self.page.at(head),
            },
            holders,
        })
    }

    fn effect(&mut self, node: NodeId) -> Option<Effect> {
        let help = "write `Allow` or `Deny`";
        let Some(effect) = self.page.get(node, "Effect") else {
            let head = self.head_span(node);
            return self.refuse("the statement has no `Effect`", head, help);
        };
        match self.plain(effect) {
            Some("Allow") => Some(Effect::Allow),
            Some("Deny") => Some(Effect::Deny),
            _ => {
                let message = format!(
                    "the statement has an unknown effect: `{}`",
                    written(self.page.tree, effect)
                );
                self.refuse(message, self.head_span(effect), help)
            }
        }
    }

    fn choice(&mut self, node: NodeId, key: &str, but: &str) -> Option<Option<Choice>> {
        let entry = self.page.tree.get(node, but);
        match (self.page.get(node, key), entry) {
            (Some(_), Some(entry)) => {
                let message = format!("the statement has both `{key}` and `{but}`");
                self.refuse(message, self.span(entry.key), "write one of them")
            }
            (Some(is), None) => Some(Some(Choice::Is(is))),
            (None, Some(entry)) => Some(Some(Choice::IsNot(entry.key, entry.value))),
            (None, None) => Some(None),
        }
    }

    /// What is reached, and what of it is left out. The outer nothing is a statement that was refused; the inner one, neither key.
    fn patterns(
        &mut self,
        node: NodeId,
        key: &str,
        but: &str,
        conditions: &mut Vec<Word>,
    ) -> Option<Option<(Vec<Word>, Vec<Word>)>> {
        Some(match self.choice(node, key, but)? {
            None => None,
            Some(Choice::Is(value)) => Some((self.texts(value, key, conditions)?, Vec::new())),
            Some(Choice::IsNot(at, value)) => {
                let at = self.at(at);
                let all = self.page.named("*", at);
                Some((vec![all], self.texts(value, but, conditions)?))
            }
        })
    }

    /// A text or a list of them. One that is none refuses all: what remained might be less than what was meant, or more.
    fn texts(&mut self, node: NodeId, key: &str, conditions: &mut Vec<Word>) -> Option<Vec<Word>> {
        let tree = self.page.tree;
        let mut words = Vec::new();
        for (item, on) in self.expand(node) {
            let at = self.at(item);
            conditions.extend(on);
            let word = if let Some(text) = self.plain(item) {
                self.page.named(text, at)
            } else if intrinsic(tree, item).is_some() {
                let unknown = self.unknown(item);
                conditions.push(unknown);
                self.page.named(&written(tree, item), at)
            } else {
                let message = format!(
                    "the statement has `{}` under `{key}`, where text belongs",
                    written(tree, item)
                );
                return self.refuse(message, self.head_span(item), "write it in quotes");
            };
            words.push(word);
        }
        if words.is_empty() {
            let message = format!("the statement names nothing under `{key}`");
            return self.refuse(message, self.head_span(node), "write at least one");
        }
        Some(words)
    }

    /// To whom a statement gives. The outer nothing is a statement that was refused; the inner one, a policy of an identity.
    fn holders(
        &mut self,
        node: NodeId,
        of: &Of<'_>,
        effect: Effect,
        conditions: &mut Vec<Word>,
    ) -> Option<Option<Vec<Holder>>> {
        let head = self.head_span(node);
        let Some(choice) = self.choice(node, "Principal", "NotPrincipal")? else {
            return match of {
                Of::Thing(_) => self.refuse(
                    "the statement names no `Principal`",
                    head,
                    "say who: a policy of a resource names them",
                ),
                Of::Identity | Of::Either(_) => Some(None),
            };
        };
        if matches!(of, Of::Identity) {
            return self.refuse(
                "the statement names a principal in the policy of an identity",
                head,
                "leave it out: whoever has the policy is meant",
            );
        }
        let (key, value) = match choice {
            Choice::Is(value) => return self.principals(value, conditions).map(Some),
            Choice::IsNot(key, value) => (key, value),
        };
        // Those who are left out must make sense, though nothing is told of them.
        self.principals(value, conditions)?;
        let span = self.span(key);
        let help = "name those who are meant under `Principal`";
        Some(Some(match effect {
            Effect::Allow => {
                let message =
                    "who is left out by `NotPrincipal` is not modelled: everybody is shown";
                self.problem(message, span, help);
                let at = self.at(key);
                vec![self.holder(SubjectKind::Group, "*", at)]
            }
            // Nobody is taken anything from: more access is shown than there is, never less.
            Effect::Deny => {
                let message =
                    "who is denied by `NotPrincipal` is not modelled: nothing is taken away";
                self.problem(message, span, help);
                Vec::new()
            }
        }))
    }

    /// What a statement is on that names no resource.
    fn itself(&mut self, head: Span, of: &Of<'_>, effect: Effect, of_thing: bool) -> Option<Word> {
        if let (Of::Thing(own) | Of::Either(own), true) = (of, of_thing) {
            return Some((*own).clone());
        }
        let help = "write `Resource`: AWS takes no policy of an identity without it";
        match effect {
            Effect::Allow => {
                let message = "the statement names no `Resource`: it is shown for all of them";
                self.problem(message, head, help);
                let at = self.page.at(head);
                Some(self.page.named("*", at))
            }
            Effect::Deny => self.refuse(
                "the statement names no `Resource`: it takes nothing away",
                head,
                help,
            ),
        }
    }

    /// One word for each operator and key: `StringEquals aws:PrincipalOrgID o-123`.
    fn conditions(&mut self, node: NodeId, conditions: &mut Vec<Word>) -> Option<()> {
        let tree = self.page.tree;
        let help = "write an operator, under it a key, and under that its values";
        if intrinsic(tree, node).is_some() {
            let unknown = self.unknown(node);
            conditions.push(unknown);
            return Some(());
        }
        if tree.kind(node) != Kind::Mapping {
            let message = format!(
                "the statement has a condition that is none: `{}`",
                written(tree, node)
            );
            return self.refuse(message, self.head_span(node), help);
        }
        for operator in self.page.entries(node) {
            if intrinsic(tree, operator.value).is_some() {
                let unknown = self.unknown(operator.value);
                conditions.push(unknown);
                continue;
            }
            let name = tree.raw(operator.key);
            if tree.kind(operator.value) != Kind::Mapping {
                let message = format!("the statement has a condition `{name}` without a key");
                return self.refuse(message, self.span(operator.key), help);
            }
            for key in self.page.entries(operator.value) {
                let values: Vec<_> = match intrinsic(tree, key.value) {
                    None if tree.kind(key.value) == Kind::Sequence => {
                        tree.items(key.value).map(|v| written(tree, v)).collect()
                    }
                    _ => vec![written(tree, key.value)],
                };
                let text = format!("{name} {} {}", tree.raw(key.key), values.join(", "));
                let at = self.at(key.value);
                let word = self.page.named(text.trim_end(), at);
                conditions.push(word);
            }
        }
        Some(())
    }

    fn strange_keys(&mut self, node: NodeId) {
        let tree = self.page.tree;
        for entry in self.page.entries(node) {
            let key = tree.raw(entry.key);
            if KEYS.contains(&key) {
                continue;
            }
            let help = match did_you_mean(key, KEYS) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "AWS takes no policy with it".to_owned(),
            };
            let message = format!("`{key}` is no part of a statement, and is not looked at");
            let span = self.span(entry.key);
            let problem = Problem::warning(message).at(self.text, span, "").help(help);
            self.page.problems.push(problem);
        }
    }

    /// The rules of a policy of an identity.
    pub(super) fn rules(&mut self, node: NodeId) -> Vec<Rule> {
        let statements = self.document(node, &Of::Identity);
        statements.into_iter().map(|s| s.rule).collect()
    }

    /// Gives what the policy of a thing says to those whom it names.
    pub(super) fn trust(&mut self, node: NodeId, own: &str, at: At, conditions: &[Word]) {
        let own = self.page.named(own, at);
        let statements = self.document(node, &Of::Thing(&own));
        self.attach(statements, &own, conditions);
    }
}

/// Takes the encoding of URLs away. What is no encoding stays as it is.
fn unescape(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%'
            && let (Some(high), Some(low)) = (digit(bytes.get(at + 1)), digit(bytes.get(at + 2)))
            && let Ok(byte) = u8::try_from(high * 16 + low)
        {
            out.push(byte);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_urls_is_taken_away_and_nothing_else() {
        for (text, expect) in [
            ("%7B%22a%22%3A1%7D", "{\"a\":1}"),
            ("a+b", "a+b"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%C3%A4", "ä"),
        ] {
            assert_eq!(unescape(text), expect.as_bytes(), "{text}");
        }
    }
}
