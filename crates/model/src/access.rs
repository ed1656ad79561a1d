//! Who may do what: subjects, roles, grants, and what they come to.
//!
//! The words are those of NIST's RBAC (INCITS 359): a subject is given a role in a scope, and a role holds permissions. All
//! systems in which access is granted are read into these nouns, and every one of them knows the line that it stands on.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::check::Severity;
use crate::source::{LineIndex, Span, Spanned, Text};

/// A place in one of the files that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// Index into [`Access::files`].
    pub file: u32,
    /// The bytes in its decoded text.
    pub span: Span,
}

impl At {
    /// What is known without a file: a role that every cluster has.
    pub const NOWHERE: Self = Self {
        file: u32::MAX,
        span: Span { start: 0, end: 0 },
    };

    /// Whether it stands in no file.
    #[must_use]
    pub fn is_nowhere(self) -> bool {
        self.file == u32::MAX
    }
}

/// A word as it is written, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    /// The word.
    pub text: Arc<str>,
    /// Where it stands.
    pub at: At,
}

impl Word {
    /// A word at a place.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>, at: At) -> Self {
        Self {
            text: text.into(),
            at,
        }
    }
}

/// How a system writes actions and resources, and when one pattern reaches another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notation {
    /// Verbs on `resource.group/part` in namespaces, or on paths (`rbac.authorization.k8s.io`).
    Kubernetes,
    /// Privileges on `database.table(column)`; `db*.*` is a prefix.
    ClickHouse,
    /// Privileges on `TABLE schema.table(column)`.
    PostgreSql,
    /// `service:Action` on ARNs; `*` and `?` stand for letters.
    Aws,
    /// What repositories allow.
    GitHub,
    /// Actions of a system of the user's own: literal, or `*` for all.
    Table,
}

impl Notation {
    /// The notation of a system of this name. All that are not known have tables.
    #[must_use]
    pub fn of(system: &str) -> Self {
        const NAMED: [Notation; 5] = [
            Notation::Kubernetes,
            Notation::ClickHouse,
            Notation::PostgreSql,
            Notation::Aws,
            Notation::GitHub,
        ];
        let named = NAMED.into_iter().find(|notation| notation.base() == system);
        named.unwrap_or(Self::Table)
    }

    /// What a system of this kind is called when there is only one; `table` for those of the user's own.
    #[must_use]
    pub fn base(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::ClickHouse => "clickhouse",
            Self::PostgreSql => "postgresql",
            Self::Aws => "aws",
            Self::GitHub => "github",
            Self::Table => "table",
        }
    }

    /// Whether the actions that a schema declares are all there are.
    #[must_use]
    pub fn is_closed(self) -> bool {
        self == Self::Table
    }
}

/// A system in which access is granted. Names of subjects and roles are unique in one, and so is its own name.
#[derive(Clone, Debug)]
pub struct System {
    /// What it is called: `kubernetes`, `clickhouse`, `parhelia`.
    pub name: Arc<str>,
    /// How it writes things.
    pub notation: Notation,
    /// All actions that it has, in order of name, where that is known: then `*` is these and no others.
    pub actions: Option<Arc<[Arc<str>]>>,
}

impl PartialEq for System {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for System {}

impl PartialOrd for System {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for System {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name)
    }
}

impl System {
    /// A system whose actions nobody has listed.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, notation: Notation) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            notation,
            actions: None,
        })
    }

    /// Whether it is known to have no such action.
    #[must_use]
    pub fn lacks(&self, action: &str) -> bool {
        let known = self.actions.as_ref();
        known.is_some_and(|known| !known.iter().any(|a| **a == *action))
    }

    /// What policies call it: of several servers of a kind, all are one to them.
    #[must_use]
    pub fn base(&self) -> &str {
        match self.notation {
            Notation::Table => &self.name,
            named => named.base(),
        }
    }
}

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// A person, or whatever logs in by a name.
    User,
    /// Several of them.
    Group,
    /// A program: in Kubernetes a service account, as `namespace/name`.
    Workload,
    /// Whoever is given a role: roles that have roles, and policies whose holders stand in no file.
    Role,
}

impl SubjectKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::User, Self::Group, Self::Workload, Self::Role];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Workload => "workload",
            Self::Role => "role",
        }
    }
}

impl Hash for System {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Somebody who may hold a grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Where it is known.
    pub system: Arc<System>,
    /// What it is.
    pub kind: SubjectKind,
    /// Its name within its system. A role of a scope is `scope/name`.
    pub name: Arc<str>,
}

/// A subject, where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub subject: Subject,
    /// Where it is named.
    pub at: At,
}

/// A set of actions on a set of resources: every action that is in `actions` and not in `but_actions`, on every resource that is in
/// `resources` and not in `but_resources`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach {
    /// Patterns of actions, in the notation of the system.
    pub actions: Vec<Word>,
    /// Actions that are left out.
    pub but_actions: Vec<Word>,
    /// Patterns of resources.
    pub resources: Vec<Word>,
    /// Resources that are left out.
    pub but_resources: Vec<Word>,
    /// The only things of those resources, by name; all where there are none.
    pub names: Vec<Word>,
}

/// Whether a rule gives or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It gives.
    Allow,
    /// It takes away what any other rule gives to the same subject.
    Deny,
}

/// What somebody may do, or may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whether it gives or takes.
    pub effect: Effect,
    /// What.
    pub reach: Reach,
    /// What this rule itself does not give though it reaches it, such as a partial revoke. It takes nothing from other rules.
    pub except: Vec<Reach>,
    /// What must hold when it is used, and what no file can tell: `Bool aws:MultiFactorAuthPresent true`.
    pub conditions: Vec<Word>,
    /// Whether whoever has it may give it to others.
    pub grantable: bool,
    /// Where it stands.
    pub at: At,
}

impl Rule {
    fn shrink(&mut self) {
        let reach = &mut self.reach;
        for words in [
            &mut reach.actions,
            &mut reach.but_actions,
            &mut reach.resources,
            &mut reach.but_resources,
            &mut reach.names,
            &mut self.conditions,
        ] {
            words.shrink_to_fit();
        }
        self.except.shrink_to_fit();
    }
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
    /// Where it is known.
    pub system: Arc<System>,
    /// What it is called.
    pub name: Word,
    /// The namespace that it is of; none for the whole system.
    pub scope: Option<Arc<str>>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Its labels, by which others choose it.
    pub labels: Vec<(String, String)>,
    /// It has the rules of all roles that one of these chooses, and none of its own.
    pub aggregates: Vec<Selector>,
}

/// What a binding gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A role.
    Role {
        /// Its name.
        name: Word,
        /// The namespace that the role is of; none for one of the whole system.
        scope: Option<Arc<str>>,
    },
    /// Rules of its own, without a role.
    Rules(Vec<Rule>),
}

/// Something is given to subjects in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where it is known.
    pub system: Arc<System>,
    /// What it is called; empty where it has no name.
    pub name: Arc<str>,
    /// The namespace that it holds in; none for the whole system.
    pub scope: Option<Arc<str>>,
    /// What.
    pub given: Given,
    /// To whom.
    pub holders: Vec<Holder>,
    /// Whether whoever has the role may give it to others.
    pub grantable: bool,
    /// What must hold when it is used.
    pub conditions: Vec<Word>,
    /// Where it stands.
    pub at: At,
}

/// A subject is in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub member: Subject,
    /// In what.
    pub group: Subject,
    /// Where that is said.
    pub at: At,
}

/// A subject as it is set up, whatever it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub subject: Subject,
    /// What is said of it, by the name of what is said: `authentication`, `host`, `mfa`, `valid-until`. A name may stand several
    /// times.
    pub facts: Vec<(Arc<str>, Word)>,
    /// Where it stands.
    pub at: At,
}

/// What limits the use of what is given, and gives nothing: a row policy, a quota, a profile of settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Where it is known.
    pub system: Arc<System>,
    /// `row policy`, `quota`, `settings profile`.
    pub kind: &'static str,
    /// What it is called.
    pub name: Word,
    /// The resources that it is on; none where it is on none in particular.
    pub resources: Vec<Word>,
    /// Whom it limits; all where there are none.
    pub subjects: Vec<Holder>,
    /// Whom it does not limit.
    pub but_subjects: Vec<Holder>,
    /// What it says, in the system's own words.
    pub says: Arc<str>,
    /// Where it stands.
    pub at: At,
}

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessFile {
    /// As the user reaches it.
    pub name: Arc<str>,
    /// Its lines.
    pub lines: LineIndex,
}

/// Everything about access that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The files, in the order in which they were walked. Those without grants have no lines.
    pub files: Vec<AccessFile>,
    /// The roles, in order of file.
    pub roles: Vec<Role>,
    /// The bindings, in order of file.
    pub bindings: Vec<Binding>,
    /// Who is in which group.
    pub memberships: Vec<Membership>,
    /// Subjects that are set up.
    pub accounts: Vec<Account>,
    /// What limits the use of what is given.
    pub limits: Vec<Limit>,
}

impl Access {
    /// Takes over what another file has. Its places keep their numbers.
    pub fn extend(&mut self, other: Self) {
        self.files.extend(other.files);
        self.roles.extend(other.roles);
        self.bindings.extend(other.bindings);
        self.memberships.extend(other.memberships);
        self.accounts.extend(other.accounts);
        self.limits.extend(other.limits);
    }

    /// Gives back the room that lists took for more: what is read is kept for a whole run.
    pub fn shrink(&mut self) {
        for role in &mut self.roles {
            role.rules.shrink_to_fit();
            role.rules.iter_mut().for_each(Rule::shrink);
        }
        for binding in &mut self.bindings {
            binding.holders.shrink_to_fit();
            if let Given::Rules(rules) = &mut binding.given {
                rules.shrink_to_fit();
                rules.iter_mut().for_each(Rule::shrink);
            }
        }
        for account in &mut self.accounts {
            account.facts.shrink_to_fit();
        }
    }

    /// Makes room for what other files have.
    pub fn reserve(&mut self, others: &[&Self]) {
        let sum = |count: fn(&Self) -> usize| others.iter().map(|o| count(o)).sum();
        self.roles.reserve_exact(sum(|o| o.roles.len()));
        self.bindings.reserve_exact(sum(|o| o.bindings.len()));
        self.memberships.reserve_exact(sum(|o| o.memberships.len()));
        self.accounts.reserve_exact(sum(|o| o.accounts.len()));
        self.limits.reserve_exact(sum(|o| o.limits.len()));
    }

    /// Whether nothing about access is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
            && self.bindings.is_empty()
            && self.memberships.is_empty()
            && self.accounts.is_empty()
            && self.limits.is_empty()
    }

    /// The path and the line of a place.
    #[must_use]
    pub fn line(&self, at: At) -> Option<(&Arc<str>, u32)> {
        let file = self.files.get(at.file as usize)?;
        Some((&file.name, file.lines.position(at.span.start).line))
    }
}

/// Texts that are the same are kept once.
#[derive(Clone, Debug, Default)]
pub struct Names(BTreeSet<Arc<str>>);

impl Names {
    /// The one copy of a text.
    pub fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.0.insert(new.clone());
        new
    }
}

/// A rule that a subject has, with the lines that give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// What.
    pub rule: &'a Rule,
    /// Where it holds; everywhere where there is none.
    pub scope: Option<&'a Arc<str>>,
    /// The role that gives it, as the binding names it; none where it is given without one.
    pub role: Option<&'a Word>,
    /// The system that it is of.
    pub system: &'a Arc<System>,
    /// What gives it; none where a role is looked at by itself.
    pub binding: Option<&'a Binding>,
    /// Where the subject is named.
    pub at: At,
    /// The lines between the role in the binding and the rule: the roles that it has, those that were taken in. All that give the same
    /// role share them.
    pub steps: Arc<[At]>,
    /// Grants that say the same have the same number, wherever they stand: what is found out about one holds for all.
    pub same: Option<u32>,
}

impl Grant<'_> {
    /// The first line that gives it.
    #[must_use]
    pub fn first(&self) -> At {
        if self.at.is_nowhere() {
            self.chain().next().unwrap_or(self.at)
        } else {
            self.at
        }
    }

    /// Whether a denial holds whenever a grant is used: it has no conditions, or none that the grant does not have.
    #[must_use]
    pub fn binds(&self, grant: &Grant<'_>) -> bool {
        self.conditions()
            .all(|condition| grant.conditions().any(|own| own.text == condition.text))
    }

    /// Every line that gives it, in order: the subject first, the rule last. What stands in no file has no line.
    pub fn chain(&self) -> impl Iterator<Item = At> + '_ {
        let ends = (self.rule.at != self.at).then_some(self.rule.at);
        // What comes by way of a group names the role further on.
        let role = self.role.map(|role| role.at);
        let role = role.filter(|at| *at != self.at && !self.steps.contains(at));
        std::iter::once(self.at)
            .chain(role)
            .chain(self.steps.iter().copied())
            .chain(ends)
            .filter(|at| !at.is_nowhere())
    }

    /// What the binding demands when it is used, and what the rule does.
    pub fn conditions(&self) -> impl Iterator<Item = &Word> {
        let binding = self.binding.into_iter().flat_map(|b| &b.conditions);
        binding.chain(&self.rule.conditions)
    }

    /// Whether whoever has it may give it to others.
    #[must_use]
    pub fn grantable(&self) -> bool {
        self.rule.grantable || self.binding.is_some_and(|b| b.grantable)
    }

    /// The role in words; empty where there is none.
    #[must_use]
    pub fn role_name(&self) -> &str {
        self.role.map_or("", |role| &role.text)
    }
}

/// Everything that a subject has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding<'a> {
    /// Who.
    pub subject: Subject,
    /// The groups that it is in, with the line that says so; those that everybody of its kind is in have none.
    pub groups: Vec<(Subject, Option<At>)>,
    /// The roles that it has, by name and scope, its own and those of its groups and roles.
    pub roles: BTreeSet<(&'a str, Option<&'a str>)>,
    /// What it is given.
    pub grants: Vec<Grant<'a>>,
    /// What is taken from it.
    pub denials: Vec<Grant<'a>>,
    /// How it is set up.
    pub accounts: Vec<&'a Account>,
}

/// What all bindings come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective<'a> {
    /// In order of subject.
    pub holdings: Vec<Holding<'a>>,
    /// Bindings to a role that none of the files has: what they give is not known. In order of subject.
    pub open: Vec<Open>,
}

/// A binding that leads to a role which is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Open {
    /// Who it is for.
    pub subject: Subject,
    /// Where; everywhere where there is none.
    pub scope: Option<Arc<str>>,
    /// The role.
    pub role: Arc<str>,
    /// The line.
    pub at: At,
}

/// One action on one resource that a subject holds; both may be patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<'a> {
    /// Who.
    pub subject: &'a Subject,
    /// What gives it.
    pub grant: &'a Grant<'a>,
    /// The action.
    pub action: &'a Word,
    /// The resource; none where actions are on the system as such.
    pub resource: Option<&'a Word>,
    /// Only the one of this name, if there is one.
    pub name: Option<&'a Word>,
    /// What of it its own rule does not give.
    pub except: Vec<&'a Reach>,
    /// What takes some of it away, always or if something holds that no file can tell.
    pub denied: Vec<&'a Grant<'a>>,
    /// What must hold when it is used.
    pub conditions: Vec<&'a Word>,
}

/// Each action on each resource of a grant that is held; the engine knows it, and reports ask.
pub type Rows = for<'a> fn(&'a Holding<'a>, &'a Grant<'a>) -> Vec<Held<'a>>;

/// What is held, without who gives it: two that are the same in this are the same access.
pub type What<'a> = (
    &'a Subject,
    Option<&'a str>,
    &'a str,
    &'a str,
    Option<&'a str>,
);

impl<'a> Held<'a> {
    /// What is held.
    #[must_use]
    pub fn what(&self) -> What<'a> {
        (
            self.subject,
            self.grant.scope.map(|s| &**s),
            &self.action.text,
            self.resource_text(),
            self.name.map(|n| &*n.text),
        )
    }

    /// The resource in words; empty where there is none.
    #[must_use]
    pub fn resource_text(&self) -> &'a str {
        self.resource.map_or("", |r| &*r.text)
    }
}

/// Somebody asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The action.
    pub action: String,
    /// The resource in the notation of the system; empty for the system as such.
    pub resource: String,
    /// One of them, by name; none for all of them.
    pub name: Option<String>,
    /// In this namespace; none for the whole system.
    pub scope: Option<String>,
}

/// Whether a subject may do something, as far as files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// It may.
    Yes,
    /// It may if these hold, which no file can tell.
    If(Vec<&'a Word>),
    /// It may not.
    No,
}

/// What is held in one tree and not in another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference<'a> {
    /// In the new one only.
    pub gained: Vec<Held<'a>>,
    /// In the old one only.
    pub lost: Vec<Held<'a>>,
    /// Bindings whose role is not there, in the new one only.
    pub opened: Vec<&'a Open>,
    /// The same, in the old one only.
    pub closed: Vec<&'a Open>,
}

impl Difference<'_> {
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
    /// The lines that give it, as `path:line`.
    pub places: Vec<String>,
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
    let role = if role.is_empty() { "direct" } else { role };
    match scope {
        Some(scope) => format!("{role} in {scope}"),
        None => format!("{role} everywhere"),
    }
}

/// What a rule reaches, in few words: each of its actions on each of its resources.
#[must_use]
pub fn in_words(reach: &Reach) -> String {
    let list = |words: &[Word]| {
        let mut texts: Vec<&str> = words.iter().map(|w| &*w.text).collect();
        texts.sort_unstable();
        texts.dedup();
        texts.join(",")
    };
    let mut said = list(&reach.actions);
    for (before, words) in [
        (" but ", &reach.but_actions),
        (" ", &reach.resources),
        (" but ", &reach.but_resources),
        (" ", &reach.names),
    ] {
        if !words.is_empty() {
            said.push_str(before);
            said.push_str(&list(words));
        }
    }
    said
}

/// What a denial takes away from a grant, where and when, in words.
#[must_use]
pub fn taken(denial: &Grant<'_>, from: &Grant<'_>) -> String {
    let mut words = in_words(&denial.rule.reach);
    if let Some(scope) = denial.scope
        && denial.scope != from.scope
    {
        words.push_str(" in ");
        words.push_str(scope);
    }
    let own = |word: &&Word| !from.conditions().any(|known| known.text == word.text);
    for (index, condition) in denial.conditions().filter(own).enumerate() {
        words.push_str(if index == 0 { " if " } else { " and " });
        words.push_str(&condition.text);
    }
    words
}

/// A permission matrix, as people write it: which role may do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Its id, which is that of its check, too.
    pub id: Spanned<String>,
    /// What people call it.
    pub title: String,
    /// The system.
    pub system: Spanned<String>,
    /// How bad a difference is.
    pub severity: Severity,
    /// The columns.
    pub roles: Vec<Spanned<String>>,
    /// The rows.
    pub rows: Vec<Permission>,
    /// Whether an action without a row is a difference.
    pub complete: bool,
    /// What to do about a difference.
    pub help: Option<String>,
    /// The file.
    pub text: Text,
}

/// A row of a permission matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// What people call it.
    pub label: Spanned<String>,
    /// The actions that it is.
    pub actions: Vec<Spanned<String>>,
    /// The resources that they are on; none for the system itself.
    pub resources: Vec<Spanned<String>>,
    /// The namespace; none for everywhere.
    pub scope: Option<String>,
    /// By role, whether it may. The place is that of the answer.
    pub cells: Vec<(Spanned<String>, Spanned<bool>)>,
}

impl Permission {
    /// The answer for a role.
    #[must_use]
    pub fn cell(&self, role: &str) -> Option<&Spanned<bool>> {
        let mut cells = self.cells.iter();
        cells.find(|(of, _)| of.value == role).map(|(_, cell)| cell)
    }
}

/// Somebody under all of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What to call them.
    pub name: Spanned<String>,
    /// Their names: the system, the kind and the name.
    pub is: Vec<Spanned<(String, SubjectKind, String)>>,
    /// What is known of them, by name.
    pub facts: Vec<(Arc<str>, Word)>,
    /// The file.
    pub text: Text,
}

impl Person {
    /// Whether a subject is one of their names.
    #[must_use]
    pub fn is(&self, subject: &Subject) -> bool {
        self.is.iter().any(|name| {
            let (system, kind, name) = &name.value;
            *subject.system.name == **system && subject.kind == *kind && *subject.name == **name
        })
    }
}
