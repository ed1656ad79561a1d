//! CloudFormation templates: identities and policies by their logical ids.

use onus_model::access::{Given, Holder, Limit, Membership, SubjectKind, Word};

use super::intrinsic::{intrinsic, sketch, written};
use super::statement::Of;
use super::{Reader, is_policy};
use crate::document::{Kind, NodeId};

/// What an identity is, by its type.
fn identity(kind: &str) -> Option<SubjectKind> {
    match kind {
        "AWS::IAM::Role" => Some(SubjectKind::Workload),
        "AWS::IAM::User" => Some(SubjectKind::User),
        "AWS::IAM::Group" => Some(SubjectKind::Group),
        _ => None,
    }
}

/// Where a policy says whom it is attached to, in lists and alone.
const HOLDERS: [(&str, SubjectKind); 6] = [
    ("Roles", SubjectKind::Workload),
    ("Users", SubjectKind::User),
    ("Groups", SubjectKind::Group),
    ("RoleName", SubjectKind::Workload),
    ("UserName", SubjectKind::User),
    ("GroupName", SubjectKind::Group),
];

impl Reader<'_> {
    pub(super) fn template(&mut self, root: NodeId) {
        let Some(resources) = self.page.get(root, "Resources") else {
            return;
        };
        let tree = self.page.tree;
        let mut all = Vec::new();
        self.identities.clear();
        for entry in self.page.entries(resources) {
            let Some(kind) = self.word(entry.value, "Type") else {
                continue;
            };
            let id = tree.raw(entry.key);
            if let Some(known) = identity(&kind.text) {
                self.identities.insert(id.to_owned(), known);
            }
            let at = self.at(entry.key);
            all.push((self.page.named(id, at), kind.text, entry.value));
        }
        for (id, kind, node) in all {
            let mut conditions = Vec::new();
            if let Some(on) = self.word(node, "Condition") {
                let text = format!("not known before deployment: Condition {}", on.text);
                conditions.push(self.page.named(&text, on.at));
            }
            let properties = self.page.get(node, "Properties");
            let known = identity(&kind);
            match (&*kind, known, properties) {
                (_, Some(known), _) => self.set_up(&id, known, properties, conditions),
                ("AWS::IAM::UserToGroupAddition", _, Some(node)) => self.members(node),
                (other, _, Some(node)) if other.starts_with("AWS::IAM::") => {
                    self.policy(&id, node, &conditions);
                }
                ("AWS::Organizations::Policy", _, Some(node)) => self.ceiling(&id, node),
                // A policy stands right among the properties of the thing that it is on.
                (other, _, Some(node)) if other.starts_with("AWS::") => {
                    for property in self.page.entries(node) {
                        let named = tree.raw(property.key) == "PolicyDocument";
                        if named || is_policy(tree, property.value) {
                            let statements = self.document(property.value, &Of::Either(&id));
                            self.attach(statements, &id, &conditions);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// A role, a user or a group.
    fn set_up(
        &mut self,
        id: &Word,
        kind: SubjectKind,
        properties: Option<NodeId>,
        mut conditions: Vec<Word>,
    ) {
        let holder = self.holder(kind, &id.text, id.at);
        self.access.accounts.push(onus_model::access::Account {
            subject: holder.subject.clone(),
            facts: Vec::new(),
            at: id.at,
        });
        let Some(node) = properties else {
            return;
        };
        if let Some(trust) = self.page.get(node, "AssumeRolePolicyDocument") {
            self.trust(trust, &id.text, id.at, &conditions);
        }
        if let Some(boundary) = self.page.get(node, "PermissionsBoundary") {
            for (item, on) in self.expand(boundary) {
                let arn = self.arn(item);
                conditions.extend(on);
                conditions.push(self.boundary(&holder, arn));
            }
        }
        let holders = std::slice::from_ref(&holder);
        if let Some(policies) = self.page.get(node, "Policies") {
            for (policy, on) in self.expand(policies) {
                let conditions = [&*conditions, &*on].concat();
                self.inline(policy, holders, &conditions);
            }
        }
        // Only policies have it. Whoever wrote it meant to give something, and it is shown until they say where it belongs.
        if let Some(entry) = self.page.tree.get(node, "PolicyDocument") {
            let message = "`PolicyDocument` stands in an identity, where CloudFormation takes none";
            let help = "write it under `Policies`, with a `PolicyName`";
            self.problem(message, self.span(entry.key), help);
            let rules = self.rules(entry.value);
            let at = self.at(entry.key);
            let given = Given::Rules(rules);
            self.bind(id.text.clone(), given, holders.to_vec(), &conditions, at);
        }
        if let Some(policies) = self.page.get(node, "ManagedPolicyArns") {
            for (policy, on) in self.expand(policies) {
                let mut conditions = [&*conditions, &*on].concat();
                let arn = self.arn(policy);
                let resolved = self.referred(policy).is_some() || arn.text.starts_with("arn:");
                if intrinsic(self.page.tree, policy).is_some() && !resolved {
                    conditions.push(self.unknown(policy));
                }
                self.attached(arn, holders, &conditions);
            }
        }
        if let Some(groups) = self.page.get(node, "Groups") {
            for (group, _) in self.expand(groups) {
                let group = self.named_identity(group, SubjectKind::Group);
                self.access.memberships.push(Membership {
                    member: holder.subject.clone(),
                    at: group.at,
                    group: group.subject,
                });
            }
        }
    }

    /// A policy by ARN. One of this template goes by its logical id, and one of AWS itself is the same in every partition.
    fn arn(&mut self, node: NodeId) -> Word {
        let tree = self.page.tree;
        let at = self.at(node);
        let text = match (self.referred(node), sketch(tree, node)) {
            (Some(id), _) => id,
            (None, Some(sketch)) => match sketch.split_once(":iam::aws:policy/") {
                Some((_, name)) if !name.contains("${") => {
                    format!("arn:aws:iam::aws:policy/{name}")
                }
                _ => written(tree, node),
            },
            (None, None) => written(tree, node),
        };
        self.page.named(&text, at)
    }

    /// An identity of this template, or one that is known elsewhere by this name.
    fn named_identity(&mut self, node: NodeId, kind: SubjectKind) -> Holder {
        let at = self.at(node);
        let name = self
            .referred(node)
            .unwrap_or_else(|| written(self.page.tree, node));
        self.holder(kind, &name, at)
    }

    /// `AWS::IAM::Policy`, `ManagedPolicy`, `RolePolicy` and the like: a role, given to those whom it names.
    fn policy(&mut self, id: &Word, node: NodeId, conditions: &[Word]) {
        let Some(document) = self.page.get(node, "PolicyDocument") else {
            // Instance profiles, access keys and the like are no policies.
            return;
        };
        let rules = self.rules(document);
        let mut holders = Vec::new();
        let mut unknown = conditions.to_vec();
        for (key, kind) in HOLDERS {
            let Some(value) = self.page.get(node, key) else {
                continue;
            };
            for (item, on) in self.expand(value) {
                let holder = self.named_identity(item, kind);
                let known = self.identities.contains_key(&*holder.subject.name);
                if intrinsic(self.page.tree, item).is_some() && !known {
                    unknown.push(self.unknown(item));
                }
                unknown.extend(on);
                holders.push(holder);
            }
        }
        if holders.is_empty() {
            holders.push(self.holder(SubjectKind::Role, &id.text, id.at));
        }
        self.role(id.clone(), rules);
        let given = Given::Role {
            name: id.clone(),
            scope: None,
        };
        self.bind(id.text.clone(), given, holders, &unknown, id.at);
    }

    /// A policy of an organization gives nothing: whatever accounts give is within it.
    fn ceiling(&mut self, id: &Word, node: NodeId) {
        let kind = self.word(node, "Type");
        let kind = kind.map_or_else(|| "policy of the organization".into(), |k| k.text);
        self.access.limits.push(Limit {
            system: self.system.clone(),
            kind: "policy of the organization",
            name: id.clone(),
            resources: Vec::new(),
            subjects: Vec::new(),
            but_subjects: Vec::new(),
            says: kind,
            at: id.at,
        });
    }

    fn members(&mut self, node: NodeId) {
        let (Some(group), Some(users)) = (
            self.page.get(node, "GroupName"),
            self.page.get(node, "Users"),
        ) else {
            return;
        };
        if self.page.tree.kind(group) == Kind::Sequence {
            return;
        }
        let group = self.named_identity(group, SubjectKind::Group);
        for (user, _) in self.expand(users) {
            let user = self.named_identity(user, SubjectKind::User);
            self.access.memberships.push(Membership {
                member: user.subject,
                group: group.subject.clone(),
                at: user.at,
            });
        }
    }
}
