//! A file that may hold grants, as the readers of trees see it.

use onus_model::access::{At, Names, Word};
use onus_model::plan::Dialect;
use onus_model::problem::Problem;
use onus_model::source::{Span, Text};

use crate::document::{Entry, Kind, NodeId, Scalar, Tree};

/// One file: its text, its tree, and what was found wrong with it.
pub(super) struct Page<'t> {
    file: u32,
    text: &'t Text,
    pub(super) tree: &'t Tree,
    dialect: Dialect,
    names: Names,
    pub(super) problems: Vec<Problem>,
}

impl<'t> Page<'t> {
    pub(super) fn new(file: u32, text: &'t Text, tree: &'t Tree, dialect: Dialect) -> Self {
        Self {
            file,
            text,
            tree,
            dialect,
            names: Names::default(),
            problems: Vec::new(),
        }
    }

    /// Something that is wrong, and of which nothing is told therefore.
    pub(super) fn problem(&mut self, message: impl Into<String>, span: Span) {
        self.problems
            .push(Problem::warning(message).at(self.text, span, ""));
    }

    pub(super) fn at(&self, span: Span) -> At {
        At {
            file: self.file,
            span,
        }
    }

    /// A text, kept once.
    pub(super) fn name(&mut self, text: &str) -> std::sync::Arc<str> {
        self.names.get(text)
    }

    /// Another text at the place of a word.
    pub(super) fn named(&mut self, text: &str, at: At) -> Word {
        Word::new(self.names.get(text), at)
    }

    /// The first line of a node.
    pub(super) fn head(&self, node: NodeId) -> Span {
        let span = self.tree.span(node);
        let text = self.text.text.get(span.range()).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let start = span.start as usize;
        Span::new(start, start + line.trim_end().len())
    }

    /// The value of a key; nothing where the node is no mapping.
    pub(super) fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        if self.tree.kind(mapping) != Kind::Mapping {
            return None;
        }
        self.tree.get(mapping, key).map(|e| e.value)
    }

    /// A scalar that is there; what the loader takes for null is not.
    pub(super) fn scalar(&mut self, node: NodeId) -> Option<Word> {
        let null = matches!(self.tree.resolve(node, self.dialect), Scalar::Null);
        if self.tree.kind(node) != Kind::Scalar || null {
            return None;
        }
        let at = self.at(self.tree.span(node));
        Some(self.named(self.tree.raw(node), at))
    }

    /// The scalar of a key.
    pub(super) fn word(&mut self, mapping: NodeId, key: &str) -> Option<Word> {
        self.scalar(self.get(mapping, key)?)
    }

    /// The items of the list of a key.
    pub(super) fn list(&self, mapping: NodeId, key: &str) -> Vec<NodeId> {
        self.get(mapping, key)
            .map_or_else(Vec::new, |node| self.tree.items(node).collect())
    }

    /// The scalars of the list of a key.
    pub(super) fn words(&mut self, mapping: NodeId, key: &str) -> Vec<Word> {
        self.list(mapping, key)
            .into_iter()
            .filter_map(|item| self.scalar(item))
            .collect()
    }

    /// The keys of a mapping and their values.
    pub(super) fn entries(&self, mapping: NodeId) -> Vec<Entry> {
        if self.tree.kind(mapping) != Kind::Mapping {
            return Vec::new();
        }
        self.tree.entries(mapping).collect()
    }

    /// Keys and values as texts.
    pub(super) fn pairs(&self, mapping: NodeId) -> Vec<(String, String)> {
        self.entries(mapping)
            .into_iter()
            .map(|e| {
                (
                    self.tree.raw(e.key).to_owned(),
                    self.tree.raw(e.value).to_owned(),
                )
            })
            .collect()
    }
}
