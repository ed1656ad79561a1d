//! Who may do what: subjects, roles, bindings, and what they come to.
//!
//! The words are those of NIST's RBAC (INCITS 359): a subject is given a role in a scope, and a role holds permissions. Every one of
//! them knows the line that it stands on.

use std::collections::{BTreeMap, BTreeSet};

use crate::problem::Label;
use crate::source::Spanned;

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectKind {
    /// A person, or whatever logs in by a name.
    User,
    /// Several of them.
    Group,
    /// A program: in Kubernetes a service account, as `namespace/name`.
    Workload,
}

impl SubjectKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::User, Self::Group, Self::Workload];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Workload => "workload",
        }
    }
}

/// Somebody who may hold a grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// What it is.
    pub kind: SubjectKind,
    /// Its name within its system.
    pub name: String,
}

/// What a role lets its holders do: each of the actions on each of the resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Actions; `*` is any.
    pub actions: Vec<Spanned<String>>,
    /// Resources in the form `resource.group/part`, or paths; `*` is any.
    pub resources: Vec<Spanned<String>>,
    /// The only things of those resources, by name; all where there are none.
    pub names: Vec<Spanned<String>>,
    /// Where it stands.
    pub at: Label,
}

/// Which other roles a role takes its rules from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Each label has this value.
    pub labels: Vec<(String, String)>,
    /// And each of these holds.
    pub expressions: Vec<Expression>,
}

/// A condition on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// Its values.
    pub values: Vec<String>,
}

/// A named set of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// What it is called.
    pub name: Spanned<String>,
    /// The namespace that it is of; none for the whole cluster.
    pub scope: Option<String>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Its labels, by which others choose it.
    pub labels: Vec<(String, String)>,
    /// It has the rules of all roles that one of these chooses, and none of its own.
    pub aggregates: Vec<Selector>,
    /// Where it stands.
    pub at: Label,
}

/// A role is given to subjects in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// What it is called.
    pub name: String,
    /// The namespace that it holds in; none for the whole cluster.
    pub scope: Option<String>,
    /// The role.
    pub role: Spanned<String>,
    /// Whether the role is one of the whole cluster.
    pub of_cluster: bool,
    /// To whom.
    pub subjects: Vec<Spanned<Subject>>,
    /// Where it stands.
    pub at: Label,
}

/// Everything about access that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The roles, in order of file.
    pub roles: Vec<Role>,
    /// The bindings, in order of file.
    pub bindings: Vec<Binding>,
}

impl Access {
    /// Takes over what another file has.
    pub fn extend(&mut self, other: Self) {
        self.roles.extend(other.roles);
        self.bindings.extend(other.bindings);
    }
}

/// Something that a subject holds, with the lines that give it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Who.
    pub subject: Subject,
    /// Where; everywhere where there is none.
    pub scope: Option<String>,
    /// An action, or `*`.
    pub action: String,
    /// A resource, or a pattern of resources.
    pub resource: String,
    /// Only the one of this name, if there is one.
    pub name: Option<String>,
    /// The role that gives it.
    pub role: String,
    /// The lines that give it: the subject in the binding, the role in the binding, the role that was taken in, the rule.
    pub chain: Vec<Label>,
}

impl Held {
    /// What is held, without who gives it: two grants that are the same in this are the same access.
    #[must_use]
    pub fn what(&self) -> (&Subject, Option<&str>, &str, &str, Option<&str>) {
        (
            &self.subject,
            self.scope.as_deref(),
            &self.action,
            &self.resource,
            self.name.as_deref(),
        )
    }
}

/// What all bindings come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// In order of subject, scope, action and resource.
    pub held: Vec<Held>,
    /// Bindings to a role that none of the files has: what they give is not known.
    pub open: Vec<Open>,
}

/// A binding that leads to a role which is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// Who it is for.
    pub subject: Subject,
    /// Where; everywhere where there is none.
    pub scope: Option<String>,
    /// The role.
    pub role: String,
    /// The line.
    pub at: Label,
}

/// Somebody asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The action.
    pub action: String,
    /// The resource, in the form `resource.group/part`, or a path.
    pub resource: String,
    /// One of them, by name; none for all of them.
    pub name: Option<String>,
    /// In this namespace; none for the whole cluster.
    pub scope: Option<String>,
}

/// What is held in one tree and not in another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// In the new one only.
    pub gained: Vec<Held>,
    /// In the old one only.
    pub lost: Vec<Held>,
    /// Bindings whose role is not there, in the new one only.
    pub opened: Vec<Open>,
    /// The same, in the old one only.
    pub closed: Vec<Open>,
}

impl Difference {
    /// Whether nobody gains or loses anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty()
            && self.lost.is_empty()
            && self.opened.is_empty()
            && self.closed.is_empty()
    }
}

/// A row of an access review: a role that a subject has in a scope. Reviewers decide on roles, not on each action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewedGrant {
    /// Who has it.
    pub subject: Subject,
    /// The role and where: `deployer in shop`, `monitoring everywhere`.
    pub grant: String,
    /// What it lets them do, in few words.
    pub gives: String,
    /// The lines that give it.
    pub places: Vec<Label>,
    /// Whether the last review did not have it; none where there was no last review.
    pub new: Option<bool>,
}

/// A sheet for an access review: everything that is declared, to be decided row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewSheet {
    /// In order of subject and grant.
    pub rows: Vec<ReviewedGrant>,
    /// Subject and grant of what the last review had and nobody has any more.
    pub gone: Vec<(String, String)>,
    /// Where the grants were read, as the user named it.
    pub read: String,
    /// The SHA-256 digest of the rows, without decisions.
    pub sha256: String,
}

/// A role in a scope, as a review names it.
#[must_use]
pub fn grant(role: &str, scope: Option<&str>) -> String {
    match scope {
        Some(scope) => format!("{role} in {scope}"),
        None => format!("{role} everywhere"),
    }
}

/// Grants in few words, by the lines that give them: each rule gives each of its actions on each of its resources.
#[must_use]
pub fn by_rule<'a>(held: impl IntoIterator<Item = &'a Held>) -> Vec<(&'a [Label], String)> {
    let mut rules: BTreeMap<&[Label], [BTreeSet<&str>; 3]> = BTreeMap::new();
    for held in held {
        let [actions, resources, names] = rules.entry(&held.chain).or_default();
        actions.insert(&held.action);
        resources.insert(&held.resource);
        names.extend(held.name.as_deref());
    }
    let list = |words: &BTreeSet<&str>| words.iter().copied().collect::<Vec<_>>().join(",");
    rules
        .into_iter()
        .map(|(chain, [actions, resources, names])| {
            let mut words = format!("{} {}", list(&actions), list(&resources));
            if !names.is_empty() {
                words.push(' ');
                words.push_str(&list(&names));
            }
            (chain, words)
        })
        .collect()
}
