//! What was found in one file by following the plan.

use std::sync::Arc;

use crate::plan::TypeId;
use crate::source::{LineIndex, Span};

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attr {
    /// What it is.
    pub value: Value,
    /// Where it stands: the scalar, or for a mapping or sequence the key that holds it.
    pub span: Span,
}

/// An extracted value. Mirrors Cedar's values; a fault is a value that could not be read as the schema says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// Text.
    String(Box<str>),
    /// An address or range in the text form that Cedar's `ip()` takes.
    Ip(Box<str>),
    /// A moment in the text form that Cedar's `datetime()` takes: `2026-01-20`, or in UTC `2026-01-20T10:00:00.000Z`.
    Time(Box<str>),
    /// Elements in the order of the file.
    Set(Vec<Attr>),
    /// Members present, in the order of the schema; the index is that of the attribute in the schema's record.
    Record(Vec<(u16, Attr)>),
    /// An entity of the same file, by its index in [`Extract::entities`].
    Entity(u32),
    /// Not what the schema says.
    Fault(Box<Fault>),
}

/// Why a value could not be read. Every check that reads it has the verdict *error*, or *unknown* where only the run will tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, in the user's terms.
    pub message: String,
    /// A second place, with what to say of it: the first of two equal keys.
    pub also: Option<(Span, String)>,
    /// Nothing is wrong with it: it is known only when the thing runs.
    pub unknown: bool,
}

/// What a whole object is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// What kind of thing it is: `Deployment`.
    pub kind: String,
    /// The scope its name is unique in, if it says one.
    pub namespace: Option<String>,
    /// Its name, if it has one.
    pub name: Option<String>,
}

impl ObjectName {
    /// `Deployment/shop/web`, without what is not there.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = self.kind.clone();
        for part in [&self.namespace, &self.name].into_iter().flatten() {
            path.push('/');
            path.push_str(part);
        }
        path
    }
}

/// A whole object of some format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub name: Arc<ObjectName>,
    /// The document it stands in, counted from 0.
    pub document: u32,
    /// Whether it is a patch: what it does not say may stand elsewhere.
    pub patch: bool,
}

/// A thing worth judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its type.
    pub of: TypeId,
    /// The object it belongs to: an index into [`Extract::objects`].
    pub object: u32,
    /// The entity it stands in: an index into [`Extract::entities`].
    pub parent: Option<u32>,
    /// The logical name, unique within the object: `Deployment/shop/web/containers/api`.
    pub id: Arc<str>,
    /// Where it starts, for people: what names it, or its first line.
    pub head: Span,
    /// Members present, in the order of the schema.
    pub attributes: Vec<(u16, Attr)>,
    /// Tags in order of name.
    pub tags: Vec<(Box<str>, Attr)>,
    /// It is not what the schema says, or it was reached in a way that is not: nothing of it can be judged.
    pub fault: Option<Box<(Fault, Span)>>,
}

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extract {
    /// How many documents were read.
    pub documents: u32,
    /// How many keys stand twice in one mapping.
    pub duplicate_keys: u32,
    /// The objects, in the order of the file.
    pub objects: Vec<Object>,
    /// The entities; a parent stands before what stands in it.
    pub entities: Vec<Entity>,
    /// Lines and columns of the text, which itself is dropped.
    pub lines: LineIndex,
    /// A digest of the bytes, to notice a file that changed before a frame was drawn from it.
    pub digest: u64,
}
