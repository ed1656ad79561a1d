//! Texts, and places in them.

use std::sync::Arc;

/// A file that was walked: its index in [`crate::assessment::Assessment::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in the decoded (UTF-8) text of one file, end exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span from byte offsets; offsets past 4 GiB are clamped, and a reversed range is empty.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        Self {
            start,
            end: u32::try_from(end).unwrap_or(u32::MAX).max(start),
        }
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The bytes as a range, for slicing the text.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// An authored text (a schema, a policy, a control) that stays in memory while the program runs.
///
/// Cloning is cheap. Config files are not kept like this: they are read again when a frame needs them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// The path as the user reaches it, or the path inside the embedded packs.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

impl Text {
    /// A text under a name.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }
}

/// A place for people: both count from 1, columns count Unicode code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in code points, from 1.
    pub column: u32,
}

/// What it takes to turn byte offsets into lines and columns after the text is dropped.
///
/// Lines end at `\n`; a `\r` before it belongs to the line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineIndex {
    /// Byte offset where each line starts; the first is 0.
    starts: Vec<u32>,
    /// Byte offsets of UTF-8 continuation bytes: they take up bytes, not columns.
    continuations: Vec<u32>,
}

impl LineIndex {
    /// Index a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut index = Self {
            starts: vec![0],
            continuations: Vec::new(),
        };
        for (at, byte) in text.bytes().enumerate() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            if byte == b'\n' {
                index.starts.push(at.saturating_add(1));
            } else if byte & 0xC0 == 0x80 {
                index.continuations.push(at);
            }
        }
        index.starts.shrink_to_fit();
        index.continuations.shrink_to_fit();
        index
    }

    /// The line and column of a byte offset.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = |at: u32| self.continuations.partition_point(|c| *c < at);
        let wide = before(offset) - before(start);
        let column = (offset - start) as usize - wide + 1;
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_from_one_and_columns_in_code_points() {
        let index = LineIndex::new("a: 1\nnäme: ✓ x\r\nend");
        let at = |offset| {
            let p = index.position(offset);
            (p.line, p.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(4), (1, 5));
        assert_eq!(at(5), (2, 1));
        assert_eq!(at(8), (2, 3));
        assert_eq!(at(16), (2, 9));
        assert_eq!(at(19), (3, 1));
    }
}
