//! The statements about access, as they are written.

use onus_model::source::Span;

/// How a name is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meant {
    /// It is a name.
    Name,
    /// Whoever runs the statement: `CURRENT_USER`, `SESSION_USER`.
    Current,
    /// Everybody: PostgreSQL's `PUBLIC`.
    Public,
}

/// A name or a word, without its quotes. Names of PostgreSQL without quotes are in small letters, as it keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// How it is meant.
    pub meant: Meant,
    /// Where it stands.
    pub span: Span,
}

/// A statement about access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// From its first token to its last.
    pub span: Span,
    /// What it does.
    pub does: Does,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// `GRANT` and `REVOKE`.
    Grant(Grant),
    /// `CREATE` and `ALTER` of a user or a role.
    Setup(Setup),
    /// `DROP`.
    Drop(Drop),
    /// `SET DEFAULT ROLE`.
    DefaultRole {
        /// The roles.
        roles: Audience,
        /// Whose.
        users: Vec<Name>,
    },
    /// `CREATE` and `ALTER` of a row policy, a quota or a settings profile.
    Limit(Limiting),
    /// `ALTER GROUP … ADD USER`.
    Members {
        /// The group, which is a role.
        group: Name,
        /// Whether they leave it.
        leave: bool,
        /// Who.
        members: Vec<Name>,
    },
    /// `DROP OWNED BY`.
    DropOwned(Vec<Name>),
    /// It is understood, and changes nobody's access: `REASSIGN OWNED`, `CREATE USER MAPPING`.
    Nothing,
}

/// A set of users or roles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Those that are named.
    pub names: Vec<Name>,
    /// `ALL` or `ANY`.
    pub all: Option<Span>,
    /// Those that `EXCEPT` leaves out.
    pub except: Vec<Name>,
}

/// Whether something is given or taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `GRANT`.
    Grant,
    /// `REVOKE`.
    Revoke,
}

/// What a grant says beside what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// It may be given to others.
    Grant,
    /// The role may be given to others.
    Admin,
    /// What is held is given up.
    Replace,
    /// PostgreSQL: the role's privileges are had without `SET ROLE`.
    Inherit,
    /// PostgreSQL: `SET ROLE` is allowed.
    Set,
}

/// `GRANT` or `REVOKE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whether it gives or takes.
    pub operation: Operation,
    /// `ON CLUSTER`.
    pub cluster: Option<Name>,
    /// Only this choice is taken: `REVOKE GRANT OPTION FOR`.
    pub option_for: Option<Choice>,
    /// Privileges, on what.
    pub elements: Vec<Element>,
    /// Roles.
    pub roles: Audience,
    /// `CURRENT GRANTS`: whatever the one who runs it has.
    pub current: Option<Span>,
    /// To whom, or from whom.
    pub to: Audience,
    /// What is chosen, and whether it is so.
    pub with: Vec<(Choice, bool)>,
    /// `ALTER DEFAULT PRIVILEGES`: of whose new things; everything that whoever runs it makes where it is empty.
    pub defaults: Option<Vec<Name>>,
}

impl Grant {
    /// Gives back the room that lists took for more: scripts may have many of these, and all are kept until they are replayed.
    pub(super) fn shrink(&mut self) {
        for element in &mut self.elements {
            element.privileges.shrink_to_fit();
            element.targets.shrink_to_fit();
        }
        self.elements.shrink_to_fit();
        self.to.names.shrink_to_fit();
        self.roles.names.shrink_to_fit();
        self.with.shrink_to_fit();
    }
}

/// Privileges on targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The privileges; none where `NONE` is granted.
    pub privileges: Vec<Privilege>,
    /// On what.
    pub targets: Vec<Target>,
    /// Where it stands.
    pub span: Span,
}

/// A privilege.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privilege {
    /// As it is written, in capitals.
    pub name: Name,
    /// Only on these columns.
    pub columns: Vec<Name>,
}

/// A name, or the beginning of names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The name.
    pub text: String,
    /// Whether any letters may follow: `db*`, and `*` alone.
    pub open: bool,
}

/// What a privilege is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// PostgreSQL: `TABLE`, `SCHEMA`, `FUNCTION`. ClickHouse has one kind.
    pub class: Option<&'static str>,
    /// The database, or the schema.
    pub database: Option<Part>,
    /// The table, or what else it is.
    pub table: Part,
    /// The arguments of a function, or what a source is held to.
    pub only: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// What statements are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noun {
    /// `USER`.
    User,
    /// `ROLE`, and PostgreSQL's `GROUP`.
    Role,
    /// `ROW POLICY` and `POLICY`.
    Policy,
    /// `QUOTA`.
    Quota,
    /// `SETTINGS PROFILE`.
    Profile,
    /// Row level security of a table, which is not created but enabled.
    Security,
}

/// Whether something is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `CREATE`.
    Create,
    /// `CREATE … IF NOT EXISTS`.
    CreateMissing,
    /// `CREATE OR REPLACE`.
    Replace,
    /// `ALTER`.
    Alter,
}

/// `CREATE` or `ALTER` of users or roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Whether it is new.
    pub verb: Verb,
    /// A user or a role.
    pub noun: Noun,
    /// Which ones.
    pub names: Vec<Name>,
    /// `ON CLUSTER`.
    pub cluster: Option<Name>,
    /// What is said of them, in order. Secrets are not kept.
    pub facts: Vec<Fact>,
}

/// How a list is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is this from now on.
    Set,
    /// One more.
    Add,
    /// One less.
    Drop,
}

/// What is said of a user or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A method of authentication: `sha256_password`, `no_password`, `password`.
    Authentication(How, Name),
    /// Only the newest method stays.
    NewestAuthentication,
    /// PostgreSQL's `PASSWORD NULL`.
    NoPassword,
    /// Hosts that may connect: `any`, `none`, `local`, an address, `LIKE x`, `REGEXP x`, a name.
    Hosts(How, Vec<Name>),
    /// Until when the password holds.
    ValidUntil(Name),
    /// The roles that are on from the start.
    DefaultRole(Audience),
    /// To whom it may grant.
    Grantees(Name),
    /// The database that it begins in.
    DefaultDatabase(Name),
    /// Settings, which say nothing of access.
    Settings(Span),
    /// `SUPERUSER`, `LOGIN`, and what is not.
    Attribute(Name, bool),
    /// It is in these roles.
    InRoles(Vec<Name>),
    /// These are in it, and whether they may add others.
    Members(Vec<Name>, bool),
    /// Its new name.
    Rename(Name),
}

/// `DROP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// What.
    pub noun: Noun,
    /// Which; policies with their tables.
    pub names: Vec<(Name, Option<Target>)>,
}

/// `CREATE` or `ALTER` of something that limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limiting {
    /// Whether it is new.
    pub verb: Verb,
    /// What it is.
    pub noun: Noun,
    /// Which; policies with their tables.
    pub names: Vec<(Name, Option<Target>)>,
    /// `ON CLUSTER`.
    pub cluster: Option<Name>,
    /// Its new name.
    pub rename: Option<Name>,
    /// What it says, clause by clause, by what the clause is about.
    pub clauses: Vec<(String, Span)>,
    /// Whom it limits, where that is said.
    pub to: Option<Audience>,
}
