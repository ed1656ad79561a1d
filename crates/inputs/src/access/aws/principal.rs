//! To whom a policy of a resource gives something: its `Principal`.

use onus_model::access::{Holder, SubjectKind, Word};

use super::Reader;
use super::intrinsic::{intrinsic, sketch, written};
use crate::document::{Kind, NodeId, Scalar};
use onus_model::plan::Dialect;

const HELP: &str = "write `\"*\"`, or an account, an ARN, a service or an identity provider under \
                    `AWS`, `Service`, `Federated` or `CanonicalUser`";

/// What an ARN, an account or a unique id stands for, and the name by which it is known.
///
/// Users and roles go by their ARNs: the same name may be in two accounts.
fn aws(text: &str) -> Option<(SubjectKind, String)> {
    use SubjectKind::{Group, User, Workload};
    if text == "*" {
        return Some((Group, "*".to_owned()));
    }
    if text == "${AWS::AccountId}" || text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some((Group, format!("account {text}")));
    }
    // Who was deleted is known by a unique id (IAM User Guide, "IAM identifiers").
    if text.starts_with("AIDA") || text.starts_with("AROA") {
        let kind = if text.starts_with("AIDA") {
            User
        } else {
            Workload
        };
        return Some((kind, text.to_owned()));
    }
    // `${AWS::Partition}` has colons, too.
    let plain = text.replace("${AWS::AccountId}", "\u{1}");
    let plain = plain.replace("${AWS::Partition}", "\u{2}");
    let mut parts = plain.splitn(6, ':').skip(4);
    let (account, thing) = (parts.next()?, parts.next()?);
    if !text.starts_with("arn:") {
        return None;
    }
    let kind = match thing.split('/').next()? {
        "root" => {
            let account = account.replace('\u{1}', "${AWS::AccountId}");
            return Some((Group, format!("account {account}")));
        }
        "user" | "federated-user" => User,
        "role" | "assumed-role" => Workload,
        _ => return None,
    };
    Some((kind, text.to_owned()))
}

impl Reader<'_> {
    /// The principals; nothing where they make no sense, which was told then.
    pub(super) fn principals(
        &mut self,
        node: NodeId,
        conditions: &mut Vec<Word>,
    ) -> Option<Vec<Holder>> {
        let tree = self.page.tree;
        if let Some(text) = self.plain(node) {
            if text != "*" {
                let message =
                    format!("the statement names `{text}` as a principal without its kind");
                self.problem(message, self.span(node), HELP);
                return None;
            }
            let at = self.at(node);
            return Some(vec![self.holder(SubjectKind::Group, "*", at)]);
        }
        if tree.kind(node) != Kind::Mapping || intrinsic(tree, node).is_some() {
            let message = format!(
                "the statement has a principal that is none: `{}`",
                written(tree, node)
            );
            self.problem(message, self.head_span(node), HELP);
            return None;
        }
        let mut holders = Vec::new();
        for entry in self.page.entries(node) {
            let key = tree.raw(entry.key);
            if !["AWS", "Service", "Federated", "CanonicalUser"].contains(&key) {
                let message =
                    format!("the statement names a principal of the unknown kind `{key}`");
                self.problem(message, self.span(entry.key), HELP);
                return None;
            }
            for (item, on) in self.expand(entry.value) {
                let Some(holder) = self.principal(key, item, conditions) else {
                    let message = format!(
                        "the statement has `{}` under `{key}`, where text belongs",
                        written(tree, item)
                    );
                    self.problem(message, self.head_span(item), HELP);
                    return None;
                };
                conditions.extend(on);
                holders.push(holder);
            }
        }
        if holders.is_empty() {
            self.problem(
                "the statement names nobody as a principal",
                self.head_span(node),
                HELP,
            );
            return None;
        }
        Some(holders)
    }

    fn principal(&mut self, key: &str, node: NodeId, conditions: &mut Vec<Word>) -> Option<Holder> {
        let tree = self.page.tree;
        let at = self.at(node);
        let known = intrinsic(tree, node).is_none();
        if let Some(id) = self.referred(node)
            && let Some(kind) = self.identities.get(&id).copied()
        {
            return Some(self.holder(kind, &id, at));
        }
        if !known {
            let unknown = self.unknown(node);
            conditions.push(unknown);
        }
        // In YAML, an account is a number unless it is quoted, and means the same.
        let number = tree.kind(node) == Kind::Scalar
            && matches!(tree.resolve(node, Dialect::GoYaml), Scalar::Int(_))
            && tree.raw(node).len() == 12;
        if known && !number && self.plain(node).is_none() {
            return None;
        }
        let text = sketch(tree, node).unwrap_or_else(|| written(tree, node));
        let (kind, name) = match key {
            "Service" => (SubjectKind::Workload, text),
            "AWS" => match aws(&text) {
                Some(found) => found,
                None => {
                    if known {
                        let message = format!("`{text}` is no principal that is known");
                        self.problem(message, self.span(node), HELP);
                    }
                    (SubjectKind::User, text)
                }
            },
            // `{"Federated": "*"}` is everybody that any provider knows.
            _ if text == "*" => (SubjectKind::Group, text),
            _ => (SubjectKind::User, text),
        };
        Some(self.holder(kind, &name, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_known_by_what_their_names_look_like() {
        for (text, kind, name) in [
            ("*", SubjectKind::Group, "*"),
            ("123456789012", SubjectKind::Group, "account 123456789012"),
            ("arn:aws:iam::1:root", SubjectKind::Group, "account 1"),
            (
                "arn:${AWS::Partition}:iam::${AWS::AccountId}:root",
                SubjectKind::Group,
                "account ${AWS::AccountId}",
            ),
            (
                "arn:aws:iam::1:user/a/b",
                SubjectKind::User,
                "arn:aws:iam::1:user/a/b",
            ),
            (
                "arn:aws:iam::1:role/r",
                SubjectKind::Workload,
                "arn:aws:iam::1:role/r",
            ),
            (
                "arn:aws:sts::1:assumed-role/r/s",
                SubjectKind::Workload,
                "arn:aws:sts::1:assumed-role/r/s",
            ),
            ("AROAXXXX", SubjectKind::Workload, "AROAXXXX"),
        ] {
            assert_eq!(aws(text), Some((kind, name.to_owned())), "{text}");
        }
        for text in ["", "alice", "arn:aws:iam::1", "arn:aws:iam::1:group/g"] {
            assert_eq!(aws(text), None, "{text}");
        }
    }
}
