//! What was found in one file by following the plan.

use std::sync::Arc;

use crate::assessment::Place;
use crate::plan::TypeId;
use crate::source::{FileId, LineIndex, Position, Span};

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

/// A file that a document was put together of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The file.
    pub file: FileId,
    /// Where its text starts in the text of all parts, at the start of a line.
    pub start: u32,
    /// A digest of its bytes, as in [`Extract::digest`].
    pub digest: u64,
}

/// What one file holds, or several that make a whole.
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
    /// Where it was put together of several files, those, in the order of their texts; spans count from the first one's start.
    pub parts: Vec<Part>,
}

impl Extract {
    /// Where a span stands, in the file of the extract or in one of its parts.
    #[must_use]
    pub fn place(&self, own: FileId, span: Span) -> Place {
        let after = self.parts.partition_point(|p| p.start <= span.start);
        let part = after.checked_sub(1).and_then(|at| self.parts.get(at));
        let Some(part) = part else {
            return Place {
                file: own,
                span,
                start: self.lines.position(span.start),
                end: self.lines.position(span.end),
            };
        };
        // Between two parts stands the end of a line that is of neither. What reaches into the next part ends with its own.
        let most = self
            .parts
            .get(after)
            .map_or(u32::MAX, |next| next.start - 1);
        let end = span.end.min(most).max(span.start);
        let before = self.lines.position(part.start).line - 1;
        let position = |at| {
            let Position { line, column } = self.lines.position(at);
            Position {
                line: line - before,
                column,
            }
        };
        Place {
            file: part.file,
            span: Span {
                start: span.start - part.start,
                end: end - part.start,
            },
            start: position(span.start),
            end: position(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_stands_in_the_part_that_it_begins_in() {
        let texts = ["a: 1\nb: 2\n", "", "é: 3\nd: 4"];
        let mut all = String::new();
        let mut parts = Vec::new();
        for (file, text) in (7..).zip(texts) {
            parts.push(Part {
                file: FileId(file),
                start: u32::try_from(all.len()).unwrap(),
                digest: 0,
            });
            all.push_str(text);
            all.push('\n');
        }
        let extract = Extract {
            lines: LineIndex::new(&all),
            parts,
            ..Extract::default()
        };
        let at = |words: &str| {
            let start = all.find(words).unwrap();
            let place = extract.place(FileId(0), Span::new(start, start + words.len()));
            let text = texts[place.file.0 as usize - 7];
            assert_eq!(text.get(place.span.range()), Some(words));
            let (start, end) = (place.start, place.end);
            (place.file.0, start.line, start.column, end.line, end.column)
        };
        assert_eq!(at("2"), (7, 2, 4, 2, 5));
        assert_eq!(at("a: 1"), (7, 1, 1, 1, 5));
        assert_eq!(at("3"), (9, 1, 4, 1, 5));
        assert_eq!(at("d: 4"), (9, 2, 1, 2, 5));
        // From the first part into the last.
        let long = extract.place(FileId(0), Span::new(5, all.len()));
        assert_eq!((long.file, long.span), (FileId(7), Span::new(5, 10)));
        assert_eq!((long.end.line, long.end.column), (3, 1));
    }
}
