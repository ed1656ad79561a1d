//! Nodes: what a tree is made of.

use onus_model::source::Span;

/// A node of one [`super::Tree`]; it means nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// A key that stands twice in one mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duplicate {
    /// The mapping.
    pub mapping: NodeId,
    /// The key's first place.
    pub first: Span,
    /// A later place of it.
    pub second: Span,
}

/// Something that should stand at a node and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Why, in the user's terms.
    pub reason: String,
    /// Whether only the run will know what stands there; otherwise something is wrong.
    pub unknown: bool,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    Block,
    Sequence,
    Mapping,
    Alias,
}

/// What a tag says about a scalar (YAML 1.2.2, section 10.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    None,
    Str,
    Bool,
    Int,
    Float,
    Null,
    /// `!!seq` and `!!map` on a collection say what is plain to see.
    Collection,
    /// The value is known only when the file is used, and not from what is written.
    Open,
    Custom,
}

/// Twenty bytes. Children follow their parent, a mapping's are key, value, key, value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) start: u32,
    pub(super) end: u32,
    /// One past the last node below this one, so the next sibling if there is one.
    pub(super) next: u32,
    /// Alias: its target. Scalar with `side`: index of its text. Mapping: one more than the index
    /// of its first duplicate, or 0.
    pub(super) data: u32,
    pub(super) style: Style,
    pub(super) tag: Tag,
    /// Scalar: its value is not verbatim in the text.
    pub(super) side: bool,
    /// Mapping: it has a merge key.
    pub(super) merges: bool,
}

impl Node {
    /// What an id that is not of this tree stands for.
    pub(super) const NONE: Self = Self {
        start: 0,
        end: 0,
        next: 0,
        data: 0,
        style: Style::Plain,
        tag: Tag::None,
        side: false,
        merges: false,
    };

    pub(super) fn span(self) -> Span {
        Span {
            start: self.start,
            end: self.end,
        }
    }

    /// Where the value of a scalar stands in the text, if it stands there verbatim.
    pub(super) fn verbatim(self) -> std::ops::Range<usize> {
        let (start, end) = (self.start as usize, self.end as usize);
        match self.style {
            Style::Quoted => start + 1..end.saturating_sub(1).max(start + 1),
            Style::Plain | Style::Block => start..end,
            Style::Sequence | Style::Mapping | Style::Alias => 0..0,
        }
    }

    pub(super) fn is_scalar(self) -> bool {
        matches!(self.style, Style::Plain | Style::Quoted | Style::Block)
    }
}

/// What a [`super::Tree`] holds beside its text.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) nodes: Vec<Node>,
    pub(super) documents: Vec<NodeId>,
    /// In the order of the second place.
    pub(super) duplicates: Vec<Duplicate>,
    /// Values that are not verbatim in the text, one after the other.
    pub(super) side: String,
    /// Where in `side` each of them stands.
    pub(super) texts: Vec<Span>,
    /// Where the custom tags stand, by node.
    pub(super) tags: Vec<(u32, Span)>,
    /// Documents that could not be read beside others that could, and why.
    pub(super) broken: Vec<(NodeId, String)>,
    /// The scalars that are holes, by node.
    pub(super) holes: Vec<(u32, Hole)>,
    /// The mappings that have more members than are known, and the hole that stands for those, by mapping.
    pub(super) open: Vec<(u32, u32)>,
    /// A key may stand several times in a mapping, once for each element of a name.
    pub(super) repeats: bool,
}
