//! Building the arena: what all readers share.

use onus_model::source::Span;

use super::node::{Duplicate, Hole, Node, NodeId, Parts, Style, Tag};
use super::{Failure, Limits};

/// What stands before a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Properties {
    /// The parser's number for the anchor, from 1; 0 for none.
    pub(super) anchor: usize,
    pub(super) tag: Tag,
    pub(super) tag_span: Span,
}

impl Properties {
    pub(super) const NONE: Self = Self {
        anchor: 0,
        tag: Tag::None,
        tag_span: Span { start: 0, end: 0 },
    };
}

/// A collection whose end has not been seen.
#[derive(Clone, Copy, Debug)]
struct Open {
    node: u32,
    style: Style,
    block: bool,
    /// Nodes directly below.
    children: u32,
    /// Where the last of them ends.
    end: u32,
    /// Nodes that aliases below stand for.
    extra: u64,
    /// Collections in each other below, through aliases.
    height: usize,
    anchor: usize,
}

/// A finished node that aliases may name.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    node: u32,
    /// Nodes, with aliases expanded.
    size: u64,
    height: usize,
}

/// How far a tree has been built.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    nodes: usize,
    documents: usize,
    duplicates: usize,
    side: usize,
    texts: usize,
    tags: usize,
}

/// Takes nodes in the order of the text.
#[derive(Debug)]
pub(super) struct Builder<'t> {
    text: &'t str,
    parts: Parts,
    open: Vec<Open>,
    /// By the parser's number; one whose node is still open is not there.
    anchors: Vec<Option<Anchor>>,
    /// Nodes that aliases have added so far.
    expanded: u64,
    limits: Limits,
}

/// Keys up to which each is compared with each.
const FEW: usize = 16;

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, limits: &Limits) -> Self {
        Self {
            text,
            parts: Parts {
                // Manifests come to a node for about eleven bytes; memory that is not used is not touched.
                nodes: Vec::with_capacity(text.len() / 8 + 4),
                ..Parts::default()
            },
            open: Vec::new(),
            anchors: Vec::new(),
            expanded: 0,
            limits: *limits,
        }
    }

    /// A key may stand several times in a mapping, and none merges.
    pub(super) fn repeating(mut self) -> Self {
        self.parts.repeats = true;
        self
    }

    /// What the innermost open collection is.
    pub(super) fn within(&self) -> Option<Style> {
        self.open.last().map(|open| open.style)
    }

    /// Whether the innermost open collection has nothing in it yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.open.last().is_some_and(|open| open.children == 0)
    }

    /// Whether the innermost open collection is a mapping in block style.
    pub(super) fn within_block_mapping(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.block && open.style == Style::Mapping)
    }

    /// Whether the innermost open collection, a mapping, has had a key and not its value.
    pub(super) fn awaits_value(&self) -> bool {
        self.open.last().is_some_and(|open| open.children % 2 == 1)
    }

    /// Starts a sequence or mapping.
    pub(super) fn begin(
        &mut self,
        style: Style,
        block: bool,
        start: usize,
        properties: Properties,
    ) -> Result<(), Failure> {
        if self.open.len() >= self.limits.depth {
            let reason = format!("nested deeper than {} levels", self.limits.depth);
            return Err(Failure::unreadable(reason, Some(Span::new(start, start))));
        }
        let node = self.push(style, Span::new(start, start), properties);
        self.open.push(Open {
            node,
            style,
            block,
            children: 0,
            end: offset(start),
            extra: 0,
            height: 0,
            anchor: properties.anchor,
        });
        Ok(())
    }

    /// Ends the innermost collection, `end` bytes into the text or after its last child, whichever is later.
    pub(super) fn end(&mut self, end: usize) {
        let Some(open) = self.open.pop() else {
            return;
        };
        let end = offset(end).max(open.end);
        let next = offset(self.parts.nodes.len());
        let mut span = Span { start: 0, end };
        if let Some(node) = self.parts.nodes.get_mut(open.node as usize) {
            span.start = node.start;
            node.end = trimmed(self.text, span).end;
            span = node.span();
            node.next = next;
        }
        if open.style == Style::Mapping && !self.parts.repeats {
            self.check_keys(open.node);
        }
        let height = open.height + 1;
        let size = u64::from(next - open.node).saturating_add(open.extra);
        self.set_anchor(
            open.anchor,
            Anchor {
                node: open.node,
                size,
                height,
            },
        );
        self.placed(open.node, span.end, open.extra, height);
    }

    /// Adds a scalar that means `value`.
    pub(super) fn scalar(
        &mut self,
        style: Style,
        span: Span,
        value: &str,
        properties: Properties,
    ) -> NodeId {
        let span = match style {
            Style::Quoted => span,
            Style::Plain | Style::Block | Style::Sequence | Style::Mapping | Style::Alias => {
                trimmed(self.text, span)
            }
        };
        let id = self.push(style, span, properties);
        if let Some(node) = self.parts.nodes.get_mut(id as usize) {
            let verbatim = self.text.as_bytes().get(node.verbatim());
            if verbatim != Some(value.as_bytes()) {
                let start = self.parts.side.len();
                self.parts.side.push_str(value);
                node.side = true;
                node.data = offset(self.parts.texts.len());
                self.parts
                    .texts
                    .push(Span::new(start, self.parts.side.len()));
            }
        }
        if properties.anchor > 0 {
            let anchor = Anchor {
                node: id,
                size: 1 + value.len() as u64 / 1024,
                height: 0,
            };
            self.set_anchor(properties.anchor, anchor);
        }
        self.placed(id, span.end, 0, 0);
        NodeId(id)
    }

    /// Adds a scalar that should be there and is not. One that is `open` stands for all that the mapping around it may have beside
    /// its other members.
    pub(super) fn hole(&mut self, span: Span, hole: Hole, open: bool, properties: Properties) {
        let around = self.open.last().map(|open| open.node);
        let NodeId(id) = self.scalar(Style::Block, span, "", properties);
        self.parts.holes.push((id, hole));
        if open && let Some(mapping) = around {
            self.parts.open.push((mapping, id));
        }
    }

    /// Adds a scalar once more that stands in the text once, such as the name of a column. It adds no text, so nothing
    /// limits how often.
    pub(super) fn again(&mut self, scalar: NodeId) {
        let target = self.parts.nodes.get(scalar.0 as usize);
        let span = target.map_or(Span::default(), |node| node.span());
        let id = self.push(Style::Alias, span, Properties::NONE);
        if let Some(node) = self.parts.nodes.get_mut(id as usize) {
            node.data = scalar.0;
        }
        self.placed(id, span.end, 0, 0);
    }

    /// Adds an alias for the node with this anchor.
    pub(super) fn alias(&mut self, span: Span, anchor: usize) -> Result<(), Failure> {
        let fail = |reason: String| Err(Failure::unreadable(reason, Some(span)));
        let Some(target) = self.anchors.get(anchor).copied().flatten() else {
            let name = self.text.get(span.range()).unwrap_or_default();
            return fail(format!("alias `{name}` stands inside its own anchor"));
        };
        self.expanded = self.expanded.saturating_add(target.size);
        if self.expanded > self.limits.nodes {
            let reason = format!("aliases expand to more than {} nodes", self.limits.nodes);
            return fail(reason);
        }
        if self.open.len() + target.height > self.limits.depth {
            let reason = format!("aliases nest deeper than {} levels", self.limits.depth);
            return fail(reason);
        }
        let id = self.push(Style::Alias, span, Properties::NONE);
        if let Some(node) = self.parts.nodes.get_mut(id as usize) {
            node.data = target.node;
        }
        self.placed(id, span.end, target.size, target.height);
        Ok(())
    }

    /// How far the tree has been built, between two documents.
    pub(super) fn mark(&self) -> Mark {
        let parts = &self.parts;
        Mark {
            nodes: parts.nodes.len(),
            documents: parts.documents.len(),
            duplicates: parts.duplicates.len(),
            side: parts.side.len(),
            texts: parts.texts.len(),
            tags: parts.tags.len(),
        }
    }

    /// Takes back what was added since then: it was no document, and stands in the tree as one that is broken.
    pub(super) fn broken(&mut self, since: Mark, span: Span, reason: String) {
        self.open.clear();
        let parts = &mut self.parts;
        parts.nodes.truncate(since.nodes);
        parts.documents.truncate(since.documents);
        parts.duplicates.truncate(since.duplicates);
        parts.side.truncate(since.side);
        parts.texts.truncate(since.texts);
        parts.tags.truncate(since.tags);
        let written = self.text.get(span.range()).unwrap_or_default();
        let node = self.scalar(Style::Block, span, written, Properties::NONE);
        self.parts.broken.push((node, reason));
    }

    /// Closes what an error left open and hands over.
    pub(super) fn finish(mut self) -> Parts {
        while !self.open.is_empty() {
            self.end(0);
        }
        let mut parts = self.parts;
        parts.open.sort_unstable();
        parts
            .duplicates
            .sort_unstable_by_key(|duplicate| (duplicate.second, duplicate.mapping));
        for (index, duplicate) in parts.duplicates.iter().enumerate() {
            if let Some(node) = parts.nodes.get_mut(duplicate.mapping.0 as usize)
                && node.data == 0
            {
                node.data = offset(index + 1);
            }
        }
        parts
    }

    fn push(&mut self, style: Style, span: Span, properties: Properties) -> u32 {
        let id = offset(self.parts.nodes.len());
        self.parts.nodes.push(Node {
            start: span.start,
            end: span.end,
            next: id + 1,
            data: 0,
            style,
            tag: properties.tag,
            side: false,
            merges: false,
        });
        if properties.tag == Tag::Custom {
            self.parts.tags.push((id, properties.tag_span));
        }
        id
    }

    /// Tells the collection around a finished node about it; without one, the node is a document.
    fn placed(&mut self, node: u32, end: u32, extra: u64, height: usize) {
        match self.open.last_mut() {
            Some(open) => {
                open.children += 1;
                open.end = open.end.max(end);
                open.extra = open.extra.saturating_add(extra);
                open.height = open.height.max(height);
            }
            None => self.parts.documents.push(NodeId(node)),
        }
    }

    fn set_anchor(&mut self, number: usize, anchor: Anchor) {
        if number == 0 {
            return;
        }
        if self.anchors.len() <= number {
            self.anchors.resize(number + 1, None);
        }
        if let Some(slot) = self.anchors.get_mut(number) {
            *slot = Some(anchor);
        }
    }

    /// Finds keys that stand twice in a finished mapping, and merge keys.
    fn check_keys(&mut self, mapping: u32) {
        let nodes = &self.parts.nodes;
        let Some(end) = nodes.get(mapping as usize).map(|node| node.next) else {
            return;
        };
        let mut few = [(b"".as_slice(), 0_u32); FEW];
        let mut many = Vec::new();
        let mut count = 0;
        let mut merges = false;
        let mut found = Vec::new();
        let mut at = mapping + 1;
        while at < end {
            let Some(used) = nodes.get(at as usize) else {
                break;
            };
            let node = match used.style {
                Style::Alias => nodes.get(used.data as usize).unwrap_or(used),
                Style::Plain | Style::Quoted | Style::Block | Style::Sequence | Style::Mapping => {
                    used
                }
            };
            if let Some(key) = self.parts.key(self.text, node) {
                merges |= key == b"<<" && node.style == Style::Plain;
                if count < FEW {
                    let before = few.get(..count).unwrap_or_default();
                    if let Some((_, first)) = before.iter().find(|(other, _)| *other == key) {
                        found.push((*first, at));
                    }
                    if let Some(slot) = few.get_mut(count) {
                        *slot = (key, at);
                    }
                } else {
                    if many.is_empty() {
                        many.extend_from_slice(&few);
                    }
                    many.push((key, at));
                }
                count += 1;
            }
            let value = used.next;
            at = nodes
                .get(value as usize)
                .map_or(end, |value| value.next)
                .max(value + 1);
        }
        if !many.is_empty() {
            found.clear();
            many.sort_unstable();
            for same in many.chunk_by(|(a, _), (b, _)| a == b) {
                if let Some(((_, first), later)) = same.split_first() {
                    found.extend(later.iter().map(|(_, at)| (*first, *at)));
                }
            }
        }
        let span = |at: u32| nodes.get(at as usize).map_or(Span::default(), |n| n.span());
        self.parts
            .duplicates
            .extend(found.into_iter().map(|(first, second)| Duplicate {
                mapping: NodeId(mapping),
                first: span(first),
                second: span(second),
            }));
        if merges && let Some(node) = self.parts.nodes.get_mut(mapping as usize) {
            node.merges = true;
        }
    }
}

impl Parts {
    /// The value of a scalar as bytes.
    fn key<'k>(&'k self, text: &'k str, node: &Node) -> Option<&'k [u8]> {
        match node.style {
            Style::Plain | Style::Quoted | Style::Block if node.side => {
                let range = self.texts.get(node.data as usize)?;
                self.side.as_bytes().get(range.range())
            }
            Style::Plain | Style::Quoted | Style::Block => text.as_bytes().get(node.verbatim()),
            Style::Sequence | Style::Mapping | Style::Alias => None,
        }
    }
}

/// A span without the white space at its end.
fn trimmed(text: &str, span: Span) -> Span {
    let bytes = text.as_bytes().get(span.range()).unwrap_or_default();
    Span {
        start: span.start,
        end: span.start + offset(bytes.trim_ascii_end().len()),
    }
}

/// The size of the text is limited, so its offsets and the number of its nodes fit.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
