//! What to extract: a format's annotated schema, compiled.
//!
//! The engine makes a [`Plan`] from the schemas, the readers follow it, and neither knows the other.

use std::sync::Arc;

use crate::access::System;
use crate::path::{Locator, Path, Pattern};
use crate::source::{Span, Text};

/// How the loader of a format reads plain YAML scalars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// YAML 1.2 core schema (YAML 1.2.2, section 10.3).
    #[default]
    Core,
    /// go-yaml version 2, as Kubernetes tools embed it: `yes` is true, `0400` is 256, `1:30` is text.
    GoYaml,
    /// As [`Dialect::GoYaml`], and what is written with `$NAME` or `${NAME}` is known only when it runs (Compose specification,
    /// interpolation); `$$` is a dollar.
    Compose,
}

/// Index into [`Plan::types`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeId(pub u16);

/// Index into [`Plan::formats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormatId(pub u16);

/// Everything that may be extracted from the files of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The formats, in order of name.
    pub formats: Vec<Format>,
    /// The entity types of all formats.
    pub types: Vec<EntityType>,
    /// The parameters of all formats, in order of name.
    pub parameters: Vec<Parameter>,
    /// The systems in which access is granted, in order of namespace.
    pub systems: Vec<GrantSystem>,
}

/// A system whose actions may be granted: a namespace that declares actions for `Onus::Subject`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantSystem {
    /// The namespace of its actions, `Kubernetes`.
    pub namespace: String,
    /// The system, as grants name it.
    pub system: Arc<System>,
    /// The actions that the schema declares, in order of name. Of a table of roles these are all there are, so that `*` is all of
    /// these; other systems may have more.
    pub actions: Vec<Arc<str>>,
}

impl Plan {
    /// A format by its index.
    #[must_use]
    pub fn format(&self, id: FormatId) -> Option<&Format> {
        self.formats.get(usize::from(id.0))
    }

    /// A type by its index.
    #[must_use]
    pub fn entity_type(&self, id: TypeId) -> Option<&EntityType> {
        self.types.get(usize::from(id.0))
    }

    /// The system of a name, if a schema declares its actions.
    #[must_use]
    pub fn system(&self, name: &str) -> Option<&GrantSystem> {
        self.systems.iter().find(|s| &*s.system.name == name)
    }
}

/// One format: one namespace of an annotated schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The namespace's name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// File name patterns (`.gitignore` syntax).
    pub files: Vec<String>,
    /// How plain scalars are read.
    pub dialect: Dialect,
    /// How its documents are put together of several files, where one is not the whole: `@assemble`.
    pub assembly: Option<Assembly>,
    /// Whether `null` and an empty value mean that the key is not there.
    pub null_is_absent: bool,
    /// Where objects stand in a document; the first whose guards hold is taken.
    pub objects: Vec<Locator>,
    /// What an object that stands in another takes over from it where it does not say so itself.
    pub inherit: Vec<Inherit>,
    /// What names an object.
    pub identity: Identity,
    /// The top-level types, and through [`EntityType::children`] all others.
    pub roots: Vec<TypeId>,
    /// What may be asked about its things.
    pub actions: Vec<Action>,
    /// The system that its tables of roles are of, `@system`; its own name in lower case where nothing is said.
    pub system: Option<String>,
}

/// How a document is put together of several files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assembly {
    /// A main file, over which the parts beside it are merged element by element, as ClickHouse does.
    ClickHouse,
    /// A file that takes others in by the tags `!include` and `!archive`, as Platform.sh and Upsun do.
    Platformsh,
}

impl Assembly {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ClickHouse, Self::Platformsh];

    /// The word in `@assemble("…")`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClickHouse => "clickhouse",
            Self::Platformsh => "platformsh",
        }
    }
}

/// An action of a format, and the context in which it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its full Cedar name, `Kubernetes::Action::"deploy"`.
    pub name: String,
    /// The types that it is asked about.
    pub on: Vec<TypeId>,
    /// The attributes of its context; what is not a record in them is a [`Parameter`].
    pub context: Vec<Attribute>,
}

/// A value that the user may set with `--set NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its dotted name, `kubernetes.version`.
    pub name: String,
    /// What it must be.
    pub shape: Shape,
    /// Its value when nothing is set: `@default`.
    pub default: Option<String>,
    /// The lowest value: `@min`.
    pub min: Option<String>,
    /// The highest value: `@max`.
    pub max: Option<String>,
    /// It is the clock of the run, which nobody sets: `@now`.
    pub clock: bool,
    /// The schema that declares it, and where.
    pub declared: (Text, Span),
}

/// A member that is taken over from the document: `kind=*List` takes `Pod` from `PodList`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inherit {
    /// The member, of both.
    pub member: String,
    /// What of its text is taken: all, or what the `*` stands for. Nothing is taken that is empty.
    pub pattern: Pattern,
}

/// What names an object: paths from the object, the first that finds a scalar counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// What kind of thing it is.
    pub kind: Vec<Path>,
    /// The scope that its name is unique in.
    pub namespace: Vec<Path>,
    /// Its name.
    pub name: Vec<Path>,
}

/// A type of thing that is worth judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityType {
    /// The full Cedar name, `Kubernetes::Container`.
    pub name: Arc<str>,
    /// What people call it.
    pub title: String,
    /// The format it belongs to.
    pub format: FormatId,
    /// The type it stands in, if not in the object itself.
    pub parent: Option<TypeId>,
    /// The types that stand in it.
    pub children: Vec<TypeId>,
    /// Where they are; from the parent's node, or from the object.
    pub each: Vec<Locator>,
    /// What names one among its siblings.
    pub id: Option<Path>,
    /// What is read.
    pub attributes: Vec<Attribute>,
    /// The mapping that becomes the entity's tags, and what each value is.
    pub tags: Option<(Path, Shape)>,
    /// What it says about access, if it is a row of a table of roles: `@access`.
    pub access: Option<AccessNoun>,
    /// How each of a file's records holds on to the one before: `@chain`.
    pub chain: Option<Chain>,
}

/// The members of a record that chain it to the one before it in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The hash over the record without this member.
    pub hash: String,
    /// The hash of the record before.
    pub previous: String,
    /// The number of the record, and whether it must be there.
    pub sequence: Option<(String, bool)>,
}

/// What a record's chain comes to: the value of an attribute with `@chained`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// It is the first, and names none before it.
    First,
    /// It fits its hash, and names the record that stands before it.
    Intact,
    /// Its hash does not fit what it says.
    Edited,
    /// The record that it names stands elsewhere in the file.
    Moved,
    /// Records before it are missing.
    Removed,
    /// It fits its hash, and that is not the one that the record behind it names.
    Rewritten,
    /// Nothing is known of the record that it names.
    Broken,
    /// It is the first of the file, and was not the first.
    Beheaded,
}

impl Link {
    /// The text that policies see.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Intact => "intact",
            Self::Edited => "edited",
            Self::Moved => "moved",
            Self::Removed => "removed",
            Self::Rewritten => "rewritten",
            Self::Broken => "broken",
            Self::Beheaded => "beheaded",
        }
    }
}

/// What a row of a table says about access. Its attributes have fixed names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessNoun {
    /// There is a role: `name`, and perhaps `scope`.
    Role,
    /// Somebody has a role: `subject` and `role`, and perhaps `kind` and `scope`.
    Member,
    /// A role, or a subject, may do something: `action` and `role` or `subject`, and perhaps `resource`, `scope`, `effect`, `kind`,
    /// `condition`, `grantable`.
    Permission,
    /// Somebody is in a group: `subject` and `group`, and perhaps `kind`.
    Membership,
    /// Somebody is set up: `subject`, and perhaps `kind`; every other attribute is a fact.
    Account,
}

impl AccessNoun {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Role,
        Self::Member,
        Self::Permission,
        Self::Membership,
        Self::Account,
    ];

    /// The word in `@access("…")`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Member => "member",
            Self::Permission => "permission",
            Self::Membership => "membership",
            Self::Account => "account",
        }
    }

    /// Sets of attributes of which one must be there whole.
    #[must_use]
    pub fn needs(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Role => &[&["name"]],
            Self::Member => &[&["subject", "role"]],
            Self::Permission => &[&["action", "role"], &["action", "subject"]],
            Self::Membership => &[&["subject", "group"]],
            Self::Account => &[&["subject"]],
        }
    }
}

/// One attribute of a type or a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name in Cedar.
    pub name: String,
    /// Whether the schema says it is always there.
    pub required: bool,
    /// Its value is never shown: `@secret`.
    pub secret: bool,
    /// Where its value comes from.
    pub from: From,
    /// What its value must be.
    pub shape: Shape,
}

/// Where an attribute's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// The member of the enclosing node that has the attribute's name.
    Member,
    /// A path.
    Path(Path),
    /// Several paths, `A | B`: the first that leads to what the shape can be; else what the last one leads to.
    Paths(Vec<Path>),
    /// How many nodes a path finds: `@count`.
    Count(Path),
    /// The name of the list (or mapping) that the entity stands in: `@list`.
    List,
    /// The entity's own member name or index: `@key`.
    Key,
    /// The names of the entity's members that are not null: `@keys`.
    Keys,
    /// What the entity's place in the chain of records comes to: `@chained`.
    Chained,
    /// The enclosing entity of this type.
    Enclosing(TypeId),
    /// What other things of the run say: `@lookup`. Filled when all files are read.
    Lookup(Box<Lookup>),
}

/// A join: of the things of a type, what one attribute says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Whose attribute it is.
    pub of: Looked,
    /// The attribute whose values are collected.
    pub attribute: String,
    /// Only of those things whose first attribute equals the second of the thing that asks.
    pub equal: Option<(String, String)>,
    /// Only of things in the same file.
    pub same_file: bool,
}

/// What a lookup looks through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looked {
    /// The things of a type.
    Things(TypeId),
    /// The files that were walked: `Onus::File`, whose only attribute is `path`.
    Files,
}

/// What a value must be, and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Long,
    /// Text; numbers and booleans are refused.
    String,
    /// Any scalar, as it was written: `@as("text")`.
    Text,
    /// Text that a converter takes apart.
    Converted(Converter),
    /// A sequence, every element of which has this shape.
    Set(Box<Shape>),
    /// A mapping with these members; all others are not looked at.
    Record(Vec<Attribute>),
    /// An entity that encloses this one.
    Entity(TypeId),
}

/// Turns text into what Cedar can compare. Each has one name in `@as`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Converter {
    /// `registry/repository:tag@digest` → `{ registry?, repository, tag?, digest? }`.
    Image,
    /// `major.minor` → `{ major, minor }`.
    Version,
    /// A Kubernetes quantity → its value in thousandths (`250m` is 250, `1Ki` is 1024000), rounded up.
    Quantity,
    /// A duration such as `1h30m` → milliseconds.
    Duration,
    /// An address or range → Cedar's `ipaddr`.
    Cidr,
    /// A day or a moment (RFC 3339) → Cedar's `datetime`.
    Date,
    /// `https://user@host:port/path` → its parts.
    Url,
    /// A published port as Compose writes it, `127.0.0.1:8080:80/tcp` → its parts.
    Port,
    /// `NAME=value` → its two sides.
    Assignment,
    /// The names of the variables that a text takes from its environment, `${NAME}` → a set.
    Variables,
    /// A decimal number → billionths, rounded up.
    Billionths,
    /// Text that is a whole number → that number.
    Integer,
    /// Text that switches something on or off → true or false.
    Switch,
    /// An alerting expression of Prometheus, `increase(metric[5m]) > 5` → its parts.
    Promql,
    /// The names of all series that an expression of Prometheus selects → a set.
    Metrics,
    /// The host of a URL.
    Host,
    /// What a step of a GitHub workflow uses, `owner/repository/path@ref` → its parts, and whether it is pinned.
    Action,
    /// The keys of a mapping, the texts of a list, or one text → a set.
    Names,
}

impl Converter {
    /// All converters, in the order in which they are listed to people.
    pub const ALL: [Self; 18] = [
        Self::Image,
        Self::Version,
        Self::Quantity,
        Self::Duration,
        Self::Cidr,
        Self::Date,
        Self::Url,
        Self::Port,
        Self::Assignment,
        Self::Variables,
        Self::Billionths,
        Self::Integer,
        Self::Switch,
        Self::Promql,
        Self::Metrics,
        Self::Host,
        Self::Action,
        Self::Names,
    ];

    /// The members of the record that it makes, in the order of [`crate::extract::Value::Record`]; none for a scalar.
    #[must_use]
    pub fn members(self) -> &'static [&'static str] {
        match self {
            Self::Image => &["registry", "repository", "tag", "digest"],
            Self::Version => &["major", "minor"],
            Self::Url => &["scheme", "host", "port", "path", "user"],
            Self::Port => &[
                "address",
                "published",
                "publishedEnd",
                "target",
                "targetEnd",
                "protocol",
            ],
            Self::Assignment => &["name", "value"],
            Self::Promql => &[
                "metric",
                "labels",
                "function",
                "window",
                "aggregation",
                "grouped",
                "operator",
                "threshold",
            ],
            Self::Action => &["kind", "owner", "repository", "path", "ref", "pinned"],
            Self::Host
            | Self::Metrics
            | Self::Names
            | Self::Quantity
            | Self::Duration
            | Self::Cidr
            | Self::Date
            | Self::Variables
            | Self::Billionths
            | Self::Integer
            | Self::Switch => &[],
        }
    }

    /// The word in `@as("…")`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Version => "version",
            Self::Quantity => "quantity",
            Self::Duration => "duration",
            Self::Cidr => "cidr",
            Self::Date => "date",
            Self::Url => "url",
            Self::Port => "port",
            Self::Assignment => "assignment",
            Self::Variables => "variables",
            Self::Billionths => "billionths",
            Self::Integer => "integer",
            Self::Switch => "switch",
            Self::Promql => "promql",
            Self::Metrics => "metrics",
            Self::Host => "host",
            Self::Action => "action",
            Self::Names => "names",
        }
    }
}
