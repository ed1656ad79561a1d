//! The tree: nodes of one file in one arena, in the order of the text.

use std::collections::BTreeSet;

use onus_model::plan::Dialect;
use onus_model::source::Span;

use super::Syntax;
use super::dialect::{self, Scalar};
use super::node::{Duplicate, Hole, Node, NodeId, Parts, Style, Tag};

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Text, a number, true, false, null.
    Scalar,
    /// A list.
    Sequence,
    /// Keys with values.
    Mapping,
}

/// A key of a mapping and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key, with aliases followed.
    pub key: NodeId,
    /// The value, with aliases followed.
    pub value: NodeId,
    /// Where the value is used: its own span, or that of the alias `*name` that stands for it.
    pub at: Span,
}

/// One file's documents in one arena, with the text they were read from.
///
/// Every [`NodeId`] it gives out stands for a scalar, a sequence or a mapping: aliases are followed.
/// Following them never takes more steps than the limits that it was read with.
#[derive(Clone, Debug)]
pub struct Tree {
    text: String,
    syntax: Syntax,
    parts: Parts,
}

impl Tree {
    pub(super) fn new(text: String, syntax: Syntax, parts: Parts) -> Self {
        Self {
            text,
            syntax,
            parts,
        }
    }

    /// The decoded text, without a byte order mark; spans index it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the file is written in.
    #[must_use]
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The root of each document, in order.
    ///
    /// A YAML document counts if it has content or a `---`; one without content is a null scalar.
    /// A file of nothing but comments has no document.
    #[must_use]
    pub fn documents(&self) -> &[NodeId] {
        &self.parts.documents
    }

    /// Documents that could not be read beside others that could, and why: text that means nothing.
    #[must_use]
    pub fn broken(&self) -> &[(NodeId, String)] {
        &self.parts.broken
    }

    /// Why a document could not be read, if it could not.
    #[must_use]
    pub fn is_broken(&self, document: NodeId) -> Option<&str> {
        let broken = &self.parts.broken;
        let at = broken.binary_search_by_key(&document, |(id, _)| *id).ok()?;
        broken.get(at).map(|(_, reason)| reason.as_str())
    }

    /// Whether the value of a scalar is known only when the file is used: `FROM app:${TAG}`.
    #[must_use]
    pub fn is_open(&self, node: NodeId) -> bool {
        self.node(node).tag == Tag::Open
    }

    /// Keys that stand twice in one mapping, in the order of the later place.
    #[must_use]
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.parts.duplicates
    }

    /// The first duplicate key of a mapping, if it has one.
    #[must_use]
    pub fn duplicates_within(&self, mapping: NodeId) -> Option<&Duplicate> {
        let node = self.node(mapping);
        if node.style != Style::Mapping {
            return None;
        }
        self.parts
            .duplicates
            .get((node.data as usize).checked_sub(1)?)
    }

    /// What a node is.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> Kind {
        match self.node(node).style {
            Style::Sequence => Kind::Sequence,
            Style::Mapping => Kind::Mapping,
            Style::Plain | Style::Quoted | Style::Block | Style::Alias => Kind::Scalar,
        }
    }

    /// Where a node's text stands: quotes included; tag, anchor and block header not. Never ends in white space.
    #[must_use]
    pub fn span(&self, node: NodeId) -> Span {
        self.node(node).span()
    }

    /// The text of a scalar, after escapes and folding; empty for a collection.
    #[must_use]
    pub fn raw(&self, node: NodeId) -> &str {
        let node = self.node(node);
        if node.side {
            let range = self.parts.texts.get(node.data as usize);
            range.and_then(|range| self.parts.side.get(range.range()))
        } else {
            self.text.get(node.verbatim())
        }
        .unwrap_or("")
    }

    /// Whether a scalar is written plain, so that the dialect says what it is.
    ///
    /// In JSON, JSON Lines and TOML numbers, booleans and null are plain, in CSV cells without quotes, in XML
    /// attributes and text outside of CDATA.
    #[must_use]
    pub fn is_plain(&self, node: NodeId) -> bool {
        self.node(node).style == Style::Plain
    }

    /// A tag outside YAML's core schema as it is written: `!Ref`, `!!timestamp`.
    #[must_use]
    pub fn tag(&self, node: NodeId) -> Option<&str> {
        self.text.get(self.tag_span(node)?.range())
    }

    /// Where that tag stands.
    pub(super) fn tag_span(&self, node: NodeId) -> Option<Span> {
        if self.node(node).tag != Tag::Custom {
            return None;
        }
        let tags = &self.parts.tags;
        let at = tags.binary_search_by_key(&node.0, |(id, _)| *id).ok()?;
        tags.get(at).map(|(_, span)| *span)
    }

    /// Whether names of elements are the keys: one may stand several times in a mapping, the first counts where one is wanted, and
    /// there are no lists.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.parts.repeats
    }

    /// Whether an entry is one of the things that stand in its mapping: where names of elements are the keys, an element.
    #[must_use]
    pub fn is_member(&self, entry: &Entry) -> bool {
        if !self.parts.repeats || self.hole(entry.value).is_some() {
            return true;
        }
        let name = self.raw(entry.key);
        !name.starts_with('@') && name != "#text"
    }

    /// Why nothing stands at a node, which is an empty scalar then.
    #[must_use]
    pub fn hole(&self, node: NodeId) -> Option<&Hole> {
        let holes = &self.parts.holes;
        if holes.is_empty() {
            return None;
        }
        let at = holes.binary_search_by_key(&node.0, |(id, _)| *id).ok()?;
        holes.get(at).map(|(_, hole)| hole)
    }

    /// The hole that stands for what a mapping may have beside its members.
    #[must_use]
    pub fn open(&self, mapping: NodeId) -> Option<NodeId> {
        let open = &self.parts.open;
        let at = open.partition_point(|(id, _)| *id < mapping.0);
        let (id, hole) = open.get(at)?;
        (*id == mapping.0).then_some(NodeId(*hole))
    }

    /// What a scalar means to a loader of this dialect. Its tag counts; a custom one makes it text.
    ///
    /// All but YAML leave no choice: the dialect is not asked. A collection gives empty text.
    #[must_use]
    pub fn resolve(&self, node: NodeId, dialect: Dialect) -> Scalar<'_> {
        let raw = self.raw(node);
        let Node { style, tag, .. } = self.node(node);
        let plain = style == Style::Plain;
        match (self.syntax, tag) {
            (Syntax::Json | Syntax::JsonLines, _) if plain => dialect::json(raw),
            (Syntax::Toml, _) if plain => dialect::toml(raw),
            (Syntax::Csv | Syntax::Xml, _) if plain => dialect::bare(raw),
            (Syntax::Yaml, Tag::None) if plain => dialect::plain(raw, dialect),
            (Syntax::Yaml, Tag::Bool | Tag::Int | Tag::Float | Tag::Null) => {
                dialect::tagged(raw, tag, dialect)
            }
            (
                Syntax::Yaml
                | Syntax::Json
                | Syntax::JsonLines
                | Syntax::Toml
                | Syntax::Csv
                | Syntax::Xml
                | Syntax::Dockerfile
                | Syntax::CodeOwners,
                _,
            ) => Scalar::Text(raw),
        }
    }

    /// The value of a key: the mapping's own first, then through merge keys, where an earlier mapping wins.
    ///
    /// Of a key that stands twice the first is given: see [`Tree::duplicates`].
    #[must_use]
    pub fn get(&self, mapping: NodeId, key: &str) -> Option<Entry> {
        let node = self.node(mapping);
        if let Some(own) = self
            .pairs(mapping)
            .find(|entry| self.is_key(entry.key, key) && !(node.merges && self.is_merge(entry)))
        {
            return Some(own);
        }
        if !node.merges {
            return None;
        }
        self.pairs(mapping)
            .filter(|entry| self.is_merge(entry))
            .find_map(|entry| {
                self.merged(entry.value)
                    .find_map(|source| self.get(source, key))
            })
    }

    /// The entries of a mapping. Merged ones stand in the place of their `<<`, without those that a key of the
    /// mapping itself or an earlier merge gives. A key that stands twice is given twice. Nothing for other nodes.
    #[must_use]
    pub fn entries(&self, mapping: NodeId) -> Entries<'_> {
        if !self.node(mapping).merges {
            return Entries {
                pairs: self.pairs(mapping),
                merged: Vec::new().into_iter(),
            };
        }
        let own = |entry: &Entry| !self.is_merge(entry);
        let mut seen: BTreeSet<&str> = self
            .pairs(mapping)
            .filter(own)
            .filter(|entry| self.node(entry.key).is_scalar())
            .map(|entry| self.raw(entry.key))
            .collect();
        let mut all = Vec::new();
        for entry in self.pairs(mapping) {
            if own(&entry) {
                all.push(entry);
                continue;
            }
            for source in self.merged(entry.value) {
                all.extend(self.entries(source).filter(|entry| {
                    !self.node(entry.key).is_scalar() || seen.insert(self.raw(entry.key))
                }));
            }
        }
        Entries {
            pairs: Pairs::empty(self),
            merged: all.into_iter(),
        }
    }

    /// The items of a sequence, aliases followed. Nothing for other nodes.
    #[must_use]
    pub fn items(&self, sequence: NodeId) -> Items<'_> {
        let node = self.node(sequence);
        let none = node.style != Style::Sequence;
        Items {
            tree: self,
            at: if none { node.next } else { sequence.0 + 1 },
            end: node.next,
        }
    }

    /// How many nodes there are, aliases not followed.
    pub(crate) fn size(&self) -> u64 {
        self.parts.nodes.len() as u64
    }

    /// The nodes that aliases stand for.
    pub(super) fn named(&self) -> BTreeSet<NodeId> {
        let aliases = self.parts.nodes.iter();
        let aliases = aliases.filter(|node| node.style == Style::Alias);
        aliases.map(|node| NodeId(node.data)).collect()
    }

    pub(super) fn node(&self, node: NodeId) -> Node {
        let node = self.parts.nodes.get(node.0 as usize);
        node.copied().unwrap_or(Node::NONE)
    }

    fn is_key(&self, key: NodeId, text: &str) -> bool {
        let node = self.node(key);
        // Without its value at hand a key of another length is ruled out.
        let plain_length = (node.end - node.start) as usize;
        if node.style == Style::Plain && !node.side && plain_length != text.len() {
            return false;
        }
        node.is_scalar() && self.raw(key) == text
    }

    /// Whether an entry merges (YAML 1.1, the merge type): plain `<<` over a mapping or a list of mappings.
    ///
    /// Over anything else `<<` is a key like others.
    fn is_merge(&self, entry: &Entry) -> bool {
        self.is_plain(entry.key)
            && self.raw(entry.key) == "<<"
            && match self.kind(entry.value) {
                Kind::Mapping => true,
                Kind::Sequence => self
                    .items(entry.value)
                    .all(|item| self.kind(item) == Kind::Mapping),
                Kind::Scalar => false,
            }
    }

    /// The mappings that a merge key's value names.
    fn merged(&self, value: NodeId) -> impl Iterator<Item = NodeId> {
        let one = (self.kind(value) == Kind::Mapping).then_some(value);
        one.into_iter().chain(self.items(value))
    }

    /// Keys and values as they stand, merge keys too.
    fn pairs(&self, mapping: NodeId) -> Pairs<'_> {
        let node = self.node(mapping);
        let none = node.style != Style::Mapping;
        Pairs {
            tree: self,
            at: if none { node.next } else { mapping.0 + 1 },
            end: node.next,
        }
    }

    /// A node or what its alias stands for, where it is used, and the id after it.
    fn step(&self, at: u32) -> (NodeId, Span, u32) {
        let node = self.node(NodeId(at));
        let target = if node.style == Style::Alias {
            node.data
        } else {
            at
        };
        (NodeId(target), node.span(), node.next.max(at + 1))
    }
}

#[derive(Clone, Debug)]
struct Pairs<'t> {
    tree: &'t Tree,
    at: u32,
    end: u32,
}

impl<'t> Pairs<'t> {
    fn empty(tree: &'t Tree) -> Self {
        Self {
            tree,
            at: 0,
            end: 0,
        }
    }
}

impl Iterator for Pairs<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.at >= self.end {
            return None;
        }
        let (key, _, after) = self.tree.step(self.at);
        let (value, at, after) = self.tree.step(after);
        self.at = after;
        Some(Entry { key, value, at })
    }
}

/// The entries of one mapping: see [`Tree::entries`].
#[derive(Clone, Debug)]
pub struct Entries<'t> {
    pairs: Pairs<'t>,
    merged: std::vec::IntoIter<Entry>,
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.pairs.next().or_else(|| self.merged.next())
    }
}

/// The items of one sequence: see [`Tree::items`].
#[derive(Clone, Debug)]
pub struct Items<'t> {
    tree: &'t Tree,
    at: u32,
    end: u32,
}

impl Iterator for Items<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.at >= self.end {
            return None;
        }
        let (item, _, after) = self.tree.step(self.at);
        self.at = after;
        Some(item)
    }
}
