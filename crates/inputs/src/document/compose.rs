//! Trees that are put together of several files: the texts stand one after the other, and every node in the text it is from.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::source::Span;

use super::build::{Builder, Properties};
use super::node::{Node, Style};
use super::{Failure, Hole, Limits, NodeId, Syntax, Tree};

/// Texts of several files as one. Each starts a line, and between two stands the end of a line that is of neither.
#[derive(Debug, Default)]
pub(crate) struct Texts(String);

impl Texts {
    /// Adds a text and tells where it starts; not where spans could not reach.
    pub(crate) fn add(&mut self, text: &str) -> Option<u32> {
        let start = u32::try_from(self.0.len()).ok()?;
        u32::try_from(self.0.len() + text.len() + 1).ok()?;
        self.0.push_str(text);
        self.0.push('\n');
        Some(start)
    }
}

/// A place in the text of a part, in that of all.
pub(crate) fn moved(span: Span, start: u32) -> Span {
    Span {
        start: span.start.saturating_add(start),
        end: span.end.saturating_add(start),
    }
}

/// Writes a document of elements: mappings in which a name may stand several times, and texts.
#[derive(Debug)]
pub(crate) struct Elements<'t>(Builder<'t>);

impl Elements<'_> {
    /// Begins what is in an element.
    pub(crate) fn begin(&mut self, at: Span) -> Result<(), Failure> {
        let start = at.start as usize;
        self.0.begin(Style::Mapping, false, start, Properties::NONE)
    }

    /// Ends it.
    pub(crate) fn end(&mut self) {
        self.0.end(0);
    }

    /// The name of an element or an attribute.
    pub(crate) fn name(&mut self, at: Span, name: &str) {
        self.0.scalar(Style::Block, at, name, Properties::NONE);
    }

    /// A text; what looks like a number or a truth value can be read as one.
    pub(crate) fn text(&mut self, at: Span, text: &str) {
        // Nothing is text, too.
        let style = if text.is_empty() {
            Style::Block
        } else {
            Style::Plain
        };
        self.0.scalar(style, at, text, Properties::NONE);
    }

    /// What is not there: an element, or with `open` all that the one around it may have beside what it has.
    pub(crate) fn hole(&mut self, at: Span, hole: Hole, open: bool) {
        self.0.hole(at, hole, open, Properties::NONE);
    }
}

/// The tree of one document of elements.
///
/// # Errors
///
/// What is written is nested too deeply, or writing fails.
pub(crate) fn elements(
    texts: Texts,
    limits: &Limits,
    write: impl FnOnce(&mut Elements<'_>) -> Result<(), Failure>,
) -> Result<Tree, Failure> {
    let mut elements = Elements(Builder::new(&texts.0, limits).repeating());
    let written = write(&mut elements);
    let parts = elements.0.finish();
    written?;
    Ok(Tree::new(texts.0, Syntax::Xml, parts))
}

/// A tree, where its text starts in that of all, and what stands in it instead of some of its nodes.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) tree: Tree,
    pub(crate) start: u32,
    pub(crate) instead: BTreeMap<NodeId, Graft>,
}

/// What stands instead of a node. Places are those in the text of all.
#[derive(Debug)]
pub(crate) enum Graft {
    /// The first document of another tree.
    Document(Box<Layer>),
    /// A text.
    Text(Span, String),
    /// Nothing.
    Hole(Span, Hole),
}

/// The tree of a layer with everything that is grafted on it.
///
/// # Errors
///
/// It is nested too deeply, or its aliases come to too much.
pub(crate) fn grafted(texts: Texts, layer: &Layer, limits: &Limits) -> Result<Tree, Failure> {
    let mut grafter = Grafter {
        builder: Builder::new(&texts.0, limits),
        anchors: BTreeMap::new(),
        layers: 0,
    };
    let written = grafter.layer(layer, layer.tree.documents(), 0);
    let parts = grafter.builder.finish();
    written?;
    Ok(Tree::new(texts.0, layer.tree.syntax(), parts))
}

struct Grafter<'t> {
    builder: Builder<'t>,
    /// The number of an anchor, by the layer it stands in and the node.
    anchors: BTreeMap<(usize, NodeId), usize>,
    /// How many layers were begun. The same file may be taken in several times.
    layers: usize,
}

/// A layer that is written.
#[derive(Clone, Copy)]
struct Open<'l> {
    layer: &'l Layer,
    number: usize,
    /// The nodes that aliases name.
    named: &'l BTreeSet<NodeId>,
}

impl Grafter<'_> {
    /// Writes some nodes of a layer, of which the first has an anchor outside, if that is not 0.
    fn layer(&mut self, layer: &Layer, roots: &[NodeId], anchor: usize) -> Result<(), Failure> {
        self.layers += 1;
        let named = layer.tree.named();
        let open = Open {
            layer,
            number: self.layers,
            named: &named,
        };
        for (index, root) in roots.iter().enumerate() {
            self.node(open, *root, if index == 0 { anchor } else { 0 })?;
        }
        Ok(())
    }

    /// Writes a node. The depth is limited by the builder.
    fn node(&mut self, open: Open<'_>, id: NodeId, mut anchor: usize) -> Result<(), Failure> {
        let Open { layer, .. } = open;
        let tree = &layer.tree;
        let node = tree.node(id);
        let span = moved(node.span(), layer.start);
        if node.style == Style::Alias {
            let target = self.anchors.get(&(open.number, NodeId(node.data)));
            return self.builder.alias(span, target.copied().unwrap_or(0));
        }
        if open.named.contains(&id) {
            if anchor == 0 {
                anchor = self.anchors.len() + 1;
            }
            self.anchors.insert((open.number, id), anchor);
        }
        let properties = Properties {
            anchor,
            ..Properties::NONE
        };
        match layer.instead.get(&id) {
            Some(Graft::Document(inner)) => {
                let root = inner.tree.documents().get(..1).unwrap_or_default();
                return self.layer(inner, root, anchor);
            }
            Some(Graft::Text(at, text)) => {
                self.builder.scalar(Style::Block, *at, text, properties);
                return Ok(());
            }
            Some(Graft::Hole(at, hole)) => {
                self.builder.hole(*at, hole.clone(), false, properties);
                return Ok(());
            }
            None => {}
        }
        let properties = Properties {
            tag: node.tag,
            tag_span: tree
                .tag_span(id)
                .map_or(Span::default(), |at| moved(at, layer.start)),
            ..properties
        };
        match node.style {
            Style::Sequence | Style::Mapping => {
                let start = span.start as usize;
                self.builder.begin(node.style, false, start, properties)?;
                let Node { next: end, .. } = node;
                let mut at = id.0 + 1;
                while at < end {
                    self.node(open, NodeId(at), 0)?;
                    at = tree.node(NodeId(at)).next.max(at + 1);
                }
                self.builder.end(span.end as usize);
            }
            Style::Plain | Style::Quoted | Style::Block | Style::Alias => {
                let value = tree.raw(id);
                self.builder.scalar(node.style, span, value, properties);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Dialect, Kind, read};
    use super::*;

    fn yaml(text: &str) -> Tree {
        match read(text.into(), Syntax::Yaml, &Limits::default()) {
            Ok(tree) => tree,
            Err(failure) => panic!("{text}: {failure:?}"),
        }
    }

    /// A layer in whose tree every scalar `@` has the next graft.
    fn layer(texts: &mut Texts, text: &str, grafts: Vec<Graft>) -> Layer {
        let tree = yaml(text);
        let start = texts.add(tree.text()).unwrap();
        let mut marks = Vec::new();
        let mut left = tree.documents().to_vec();
        while let Some(node) = left.pop() {
            if tree.kind(node) == Kind::Scalar && tree.raw(node) == "@" {
                marks.push(node);
            }
            left.extend(tree.entries(node).map(|e| e.value));
            left.extend(tree.items(node));
        }
        marks.sort();
        marks.dedup();
        assert_eq!(marks.len(), grafts.len());
        Layer {
            tree,
            start,
            instead: marks.into_iter().zip(grafts).collect(),
        }
    }

    fn shape(tree: &Tree, node: NodeId) -> String {
        match tree.kind(node) {
            Kind::Scalar => match tree.hole(node) {
                Some(hole) => format!("<{}>", hole.reason),
                None => format!("{:?}", tree.resolve(node, Dialect::Core)),
            },
            Kind::Sequence => {
                let items: Vec<_> = tree.items(node).map(|item| shape(tree, item)).collect();
                format!("[{}]", items.join(", "))
            }
            Kind::Mapping => {
                let entries: Vec<_> = tree
                    .entries(node)
                    .map(|e| format!("{}: {}", tree.raw(e.key), shape(tree, e.value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn shapes(tree: &Tree) -> Vec<String> {
        tree.documents().iter().map(|d| shape(tree, *d)).collect()
    }

    #[test]
    fn what_is_grafted_is_there_as_if_it_were_written_there() {
        let mut texts = Texts::default();
        let inner = layer(&mut texts, "x: &x [1, ü]\ny: *x\n", Vec::new());
        let hole = Hole {
            reason: "gone".to_owned(),
            unknown: false,
        };
        let grafts = vec![
            Graft::Document(Box::new(inner)),
            Graft::Hole(Span::new(0, 1), hole),
            Graft::Text(Span::new(0, 1), "a\nb".to_owned()),
        ];
        let outer = layer(
            &mut texts,
            "a: &a '@'\nb: {<<: *a, y: 2}\nc: ['@', '@']\n---\nd: !t 4\n",
            grafts,
        );
        let tree = grafted(texts, &outer, &Limits::default()).unwrap();
        assert_eq!(
            shapes(&tree),
            [
                "{a: {x: [Int(1), Text(\"ü\")], y: [Int(1), Text(\"ü\")]}, b: {x: [Int(1), Text(\"ü\")], y: Int(2)}, \
                 c: [<gone>, Text(\"a\\nb\")]}",
                "{d: Text(\"4\")}"
            ]
        );
        let d = tree.get(tree.documents()[1], "d").unwrap().value;
        assert_eq!(tree.tag(d), Some("!t"));
    }

    #[test]
    fn what_comes_to_too_much_is_refused() {
        let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let limits = Limits {
            depth: 10,
            nodes: 100,
            ..Limits::default()
        };
        let refused = |inner: &str, outer: &str| {
            let mut texts = Texts::default();
            let inner = layer(&mut texts, inner, Vec::new());
            let grafts = vec![Graft::Document(Box::new(inner))];
            let outer = layer(&mut texts, outer, grafts);
            grafted(texts, &outer, &limits).err().map(|f| f.reason)
        };
        let outer = "a: [[[['@']]]]";
        assert_eq!(refused(&deep(5), outer), None);
        let too_deep = Some("nested deeper than 10 levels".to_owned());
        assert_eq!(refused(&deep(6), outer), too_deep);
        let items = format!("[{}]", "1, ".repeat(40));
        assert_eq!(refused(&items, "- &a '@'\n- *a\n- *a\n"), None);
        let too_many = Some("aliases expand to more than 100 nodes".to_owned());
        assert_eq!(refused(&items, "- &a '@'\n- *a\n- *a\n- *a\n"), too_many);
    }

    const LINES: [&str; 12] = [
        "a: 1",
        "b: [x, 'y', \"z\\n\"]",
        "c: {d: e, f: [g]}",
        "h: &h {i: j}",
        "k: *h",
        "l: |\n  text\n  more",
        "m: !tag n",
        "o: !!str 1",
        "p:\n  <<: *h\n  q: r",
        "a: 2",
        "s: ~",
        "t: ü",
    ];

    proptest! {
        #[test]
        fn a_layer_without_grafts_is_its_tree(lines in prop::collection::vec(prop::sample::select(LINES.to_vec()), 0..8), before in 0..3usize) {
            let anchored = format!("h0: &h {{z: 0}}\n{}\n---\n- 1\n", lines.join("\n"));
            let tree = yaml(&anchored);
            let mut texts = Texts::default();
            for _ in 0..before {
                texts.add("é\n");
            }
            let start = texts.add(tree.text()).unwrap();
            let alone = Layer { tree, start, instead: BTreeMap::new() };
            let made = grafted(texts, &alone, &Limits::default()).unwrap();
            let tree = &alone.tree;
            prop_assert_eq!(shapes(&made), shapes(tree));
            prop_assert_eq!(made.duplicates().len(), tree.duplicates().len());
            let mut left: Vec<_> = made.documents().iter().copied().zip(tree.documents().iter().copied()).collect();
            while let Some((new, old)) = left.pop() {
                prop_assert_eq!(made.span(new), moved(tree.span(old), start));
                prop_assert_eq!(made.tag(new), tree.tag(old));
                for (new, old) in made.entries(new).zip(tree.entries(old)) {
                    prop_assert_eq!(new.at, moved(old.at, start));
                    left.extend([(new.key, old.key), (new.value, old.value)]);
                }
                left.extend(made.items(new).zip(tree.items(old)));
            }
        }
    }
}
