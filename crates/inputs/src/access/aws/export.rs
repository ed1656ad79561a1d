//! What `aws iam get-account-authorization-details` gives: users, groups, roles and policies of one account.

use std::collections::BTreeMap;
use std::sync::Arc;

use onus_model::access::{Account, Given, Holder, Limit, Membership, SubjectKind, Word};

use super::intrinsic::written;
use super::{ADMINISTRATOR, Reader};
use crate::document::NodeId;

/// By any of these it is known.
pub(super) const LISTS: [&str; 3] = ["UserDetailList", "GroupDetailList", "RoleDetailList"];

const HELP: &str = "export it again with `aws iam get-account-authorization-details`";

/// Where the export has what belongs to one sort of identity.
struct Sort {
    list: &'static str,
    kind: SubjectKind,
    name: &'static str,
    inline: &'static str,
}

const SORTS: [Sort; 3] = [
    Sort {
        list: "UserDetailList",
        kind: SubjectKind::User,
        name: "UserName",
        inline: "UserPolicyList",
    },
    Sort {
        list: "GroupDetailList",
        kind: SubjectKind::Group,
        name: "GroupName",
        inline: "GroupPolicyList",
    },
    Sort {
        list: "RoleDetailList",
        kind: SubjectKind::Workload,
        name: "RoleName",
        inline: "RolePolicyList",
    },
];

impl Reader<'_> {
    pub(super) fn export(&mut self, root: NodeId) {
        if let Some(cut) = self.page.get(root, "IsTruncated")
            && self.page.tree.raw(cut).eq_ignore_ascii_case("true")
        {
            let message = "the export is cut off: `IsTruncated` is `true`";
            self.problem(message, self.span(cut), "export all pages of it");
        }
        // Users name their groups, which are known by ARNs.
        let mut groups = BTreeMap::new();
        for group in self.page.list(root, "GroupDetailList") {
            if let (Some(name), Some(arn)) =
                (self.word(group, "GroupName"), self.word(group, "Arn"))
            {
                groups.insert(name.text, arn.text);
            }
        }
        for sort in &SORTS {
            for item in self.page.list(root, sort.list) {
                self.identity(item, sort, &groups);
            }
        }
        for policy in self.page.list(root, "Policies") {
            self.managed(policy);
        }
    }

    /// The ARN of something, or the name that it has without one.
    fn known_as(&mut self, node: NodeId, name: &str) -> Option<Word> {
        let found = self.word(node, "Arn").or_else(|| self.word(node, name));
        if found.is_none() {
            let message = format!("it has neither `Arn` nor `{name}`, and nothing is told of it");
            self.problem(message, self.head_span(node), HELP);
        }
        found
    }

    fn identity(&mut self, node: NodeId, sort: &Sort, groups: &BTreeMap<Arc<str>, Arc<str>>) {
        let Some(name) = self.known_as(node, sort.name) else {
            return;
        };
        let holder = self.holder(sort.kind, &name.text, name.at);
        self.account(node, &holder);
        let boundary = self
            .page
            .get(node, "PermissionsBoundary")
            .and_then(|boundary| self.word(boundary, "PermissionsBoundaryArn"));
        let conditions: Vec<_> = boundary
            .map(|arn| self.boundary(&holder, arn))
            .into_iter()
            .collect();
        for policy in self.page.list(node, sort.inline) {
            self.inline(policy, std::slice::from_ref(&holder), &conditions);
        }
        for policy in self.page.list(node, "AttachedManagedPolicies") {
            match self.word(policy, "PolicyArn") {
                Some(arn) => self.attached(arn, std::slice::from_ref(&holder), &conditions),
                None => {
                    let message = "an attached policy has no `PolicyArn`, and is not shown";
                    self.problem(message, self.head_span(policy), HELP);
                }
            }
        }
        if let Some(trust) = self.page.get(node, "AssumeRolePolicyDocument") {
            self.trust(trust, &name.text, name.at, &[]);
        }
        for group in self.page.list(node, "GroupList") {
            let Some(text) = self.plain(group) else {
                let message = format!(
                    "a group has the name `{}`, where text belongs",
                    written(self.page.tree, group)
                );
                self.problem(message, self.head_span(group), HELP);
                continue;
            };
            // A group that the export leaves out has an ARN all the same, but for its path.
            let known = groups.get(text).map(|arn| arn.to_string());
            let arn = known.or_else(|| {
                let account = name.text.split(":user/").next()?;
                name.text
                    .contains(":user/")
                    .then(|| format!("{account}:group/{text}"))
            });
            let group_subject = self.subject(SubjectKind::Group, arn.as_deref().unwrap_or(text));
            let at = self.at(group);
            self.access.memberships.push(Membership {
                member: holder.subject.clone(),
                group: group_subject,
                at,
            });
        }
    }

    fn account(&mut self, node: NodeId, holder: &Holder) {
        let mut facts = Vec::new();
        if let Some(day) = self.word(node, "CreateDate") {
            facts.push(("created".into(), day));
        }
        if let Some(used) = self.page.get(node, "RoleLastUsed")
            && let Some(day) = self.word(used, "LastUsedDate")
        {
            facts.push(("last-used".into(), day));
        }
        self.access.accounts.push(Account {
            subject: holder.subject.clone(),
            facts,
            at: holder.at,
        });
    }

    /// A permissions boundary gives nothing: it is a condition on all that its identity is given, by groups and others, too.
    pub(super) fn boundary(&mut self, holder: &Holder, arn: Word) -> Word {
        let says = format!("within the permissions boundary {}", arn.text);
        let word = self.page.named(&says, arn.at);
        self.access.limits.push(Limit {
            system: self.system.clone(),
            kind: "permissions boundary",
            at: arn.at,
            name: arn,
            resources: Vec::new(),
            subjects: vec![holder.clone()],
            but_subjects: Vec::new(),
            says: word.text.clone(),
        });
        word
    }

    /// A policy that is written out where it is given: `PolicyName` and `PolicyDocument`.
    pub(super) fn inline(&mut self, policy: NodeId, holders: &[Holder], conditions: &[Word]) {
        let name = self.word(policy, "PolicyName").map(|n| n.text);
        let Some(document) = self.page.get(policy, "PolicyDocument") else {
            let message = format!(
                "a policy has no `PolicyDocument`, and is not shown: `{}`",
                written(self.page.tree, policy)
            );
            self.problem(message, self.head_span(policy), "write the policy out");
            return;
        };
        let mut rules = self.rules(document);
        if rules.is_empty() {
            return;
        }
        rules.shrink_to_fit();
        let at = self.head(policy);
        self.bind(
            name.unwrap_or_default(),
            Given::Rules(rules),
            holders.to_vec(),
            conditions,
            at,
        );
    }

    /// A policy that is given by its ARN, wherever it is written.
    pub(super) fn attached(&mut self, arn: Word, holders: &[Holder], conditions: &[Word]) {
        self.administrators |= &*arn.text == ADMINISTRATOR;
        let (name, at) = (arn.text.clone(), arn.at);
        let given = Given::Role {
            name: arn,
            scope: None,
        };
        self.bind(name, given, holders.to_vec(), conditions, at);
    }

    fn managed(&mut self, node: NodeId) {
        let Some(name) = self.known_as(node, "PolicyName") else {
            return;
        };
        let default = self.word(node, "DefaultVersionId").map(|v| v.text);
        let mut found = None;
        for version in self.page.list(node, "PolicyVersionList") {
            let said = self.page.get(version, "IsDefaultVersion");
            let said = said.is_some_and(|s| self.page.tree.raw(s).eq_ignore_ascii_case("true"));
            let id = self.word(version, "VersionId").map(|v| v.text);
            if said || id.is_some() && id == default {
                found = self.page.get(version, "Document");
                break;
            }
        }
        let Some(document) = found else {
            let message = format!(
                "the policy `{}` has no default version with a document",
                name.text
            );
            self.problem(message, name.at.span, HELP);
            return;
        };
        let rules = self.rules(document);
        self.role(name, rules);
    }
}
