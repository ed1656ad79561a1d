//! A configuration as a tree of elements, whatever it is written in, and how one is merged into another.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use onus_model::access::{At, Word};
use onus_model::plan::Dialect;
use onus_model::source::Span;

use super::nouns::Problems;
use crate::document::{Kind, NodeId, Scalar, Tree};

/// What takes the value from elsewhere.
const SUBSTITUTIONS: [&str; 3] = ["incl", "from_env", "from_zk"];

/// What stands for a text that is kept from everybody.
pub(super) const SECRET: &str = "(secret)";

/// An element: its attributes, its text and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub(super) name: Word,
    pub(super) text: Option<Word>,
    attributes: Vec<(Arc<str>, Word)>,
    pub(super) children: Vec<Self>,
}

/// A name and attributes.
type Identity = (Arc<str>, Vec<(Arc<str>, Arc<str>)>);

/// The value of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// What it says, and where.
    Known(Word),
    /// It comes from elsewhere: `not known: from_env X`.
    Unknown(Word),
}

impl Value {
    /// What is told of it, known or not.
    pub(super) fn told(self) -> Word {
        match self {
            Self::Known(word) | Self::Unknown(word) => word,
        }
    }
}

impl Element {
    /// An element with nothing in it.
    pub(super) fn empty(file: u32) -> Self {
        let at = At {
            file,
            span: Span::default(),
        };
        Self::named("", at)
    }

    fn named(name: &str, at: At) -> Self {
        Self {
            name: Word::new(name, at),
            text: None,
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// The first of this name: the one that counts where one is wanted.
    pub(super) fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| &*child.name.text == name)
    }

    /// All of this name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children
            .iter()
            .filter(move |child| &*child.name.text == name)
    }

    /// An attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&Word> {
        let found = self.attributes.iter().find(|(known, _)| &**known == name);
        found.map(|(_, value)| value)
    }

    /// Which substitution it has, if it has one.
    pub(super) fn unknown(&self) -> Option<Word> {
        let (name, value) = self
            .attributes
            .iter()
            .find(|(name, _)| SUBSTITUTIONS.contains(&&**name))?;
        let said = format!("not known: {name} {}", value.text);
        Some(Word::new(said, self.name.at))
    }

    /// What it says; nothing is empty text.
    pub(super) fn value(&self) -> Value {
        if let Some(unknown) = self.unknown() {
            return Value::Unknown(unknown);
        }
        Value::Known(match &self.text {
            Some(text) => text.clone(),
            None => Word::new("", self.name.at),
        })
    }

    /// What tells it from others: its name and its attributes.
    fn identity(&self) -> Identity {
        let mut attributes: Vec<_> = self
            .attributes
            .iter()
            .filter(|(name, _)| {
                !["replace", "remove"].contains(&&**name) && !SUBSTITUTIONS.contains(&&**name)
            })
            .map(|(name, value)| (name.clone(), value.text.clone()))
            .collect();
        attributes.sort();
        (self.name.text.clone(), attributes)
    }
}

/// Whether the text of an element of this name is nobody's business.
fn is_secret(name: &str) -> bool {
    name.starts_with("password")
        || ["secret", "base64_key"].contains(&name)
        || ["_secret", "_password", "_token", "access_key"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

/// Reads the mapping of a root.
pub(super) fn read(file: u32, tree: &Tree, node: NodeId) -> Element {
    let at = At {
        file,
        span: first_line(tree, node),
    };
    let mut root = Element::named("", at);
    fill(file, tree, node, &mut root);
    root
}

fn first_line(tree: &Tree, node: NodeId) -> Span {
    let span = tree.span(node);
    let text = tree.text().get(span.range()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let start = span.start as usize;
    Span::new(start, start + line.trim_end().len())
}

/// Puts what a node holds into an element. The depth is that of the tree, which was limited when it was read.
fn fill(file: u32, tree: &Tree, node: NodeId, element: &mut Element) {
    match tree.kind(node) {
        Kind::Scalar => element.text = scalar(file, tree, node, &element.name.text),
        // A list in a list is one list: there are no elements without a name.
        Kind::Sequence => {
            for item in tree.items(node) {
                fill(file, tree, item, element);
            }
        }
        Kind::Mapping => {
            for entry in tree.entries(node) {
                let name = tree.raw(entry.key);
                let at = At {
                    file,
                    span: tree.span(entry.key),
                };
                let is_scalar = tree.kind(entry.value) == Kind::Scalar;
                if let (Some(attribute), true) = (name.strip_prefix('@'), is_scalar) {
                    let value = scalar(file, tree, entry.value, attribute);
                    let value = value.unwrap_or_else(|| Word::new("", at));
                    element.attributes.push((attribute.into(), value));
                } else if name == "#text" && is_scalar {
                    element.text = scalar(file, tree, entry.value, &element.name.text);
                } else if tree.kind(entry.value) == Kind::Sequence {
                    let mut stands = Some(at);
                    for item in tree.items(entry.value) {
                        // Only the first stands where the name does.
                        let at = stands.take().unwrap_or_else(|| At {
                            file,
                            span: first_line(tree, item),
                        });
                        let mut child = Element::named(name, at);
                        fill(file, tree, item, &mut child);
                        element.children.push(child);
                    }
                } else {
                    let mut child = Element::named(name, at);
                    fill(file, tree, entry.value, &mut child);
                    element.children.push(child);
                }
            }
        }
    }
}

/// The text of a scalar: none where it is null or empty, and only that there is one where it is secret.
fn scalar(file: u32, tree: &Tree, node: NodeId, name: &str) -> Option<Word> {
    let raw = tree.raw(node);
    if raw.is_empty() || matches!(tree.resolve(node, Dialect::Core), Scalar::Null) {
        return None;
    }
    let span = tree.span(node);
    let text = if is_secret(name) { SECRET } else { raw };
    Some(Word::new(text, At { file, span }))
}

/// Merges what a part has into what was there before.
pub(super) fn merge(into: &mut Element, part: &Element, problems: &mut Problems) {
    into.text.clone_from(&part.text);
    let mut known: BTreeMap<_, VecDeque<usize>> = BTreeMap::new();
    for (index, child) in into.children.iter().enumerate() {
        known.entry(child.identity()).or_default().push_back(index);
    }
    let mut removed = Vec::new();
    for child in &part.children {
        let remove = child.attribute("remove").is_some();
        let replace = child.attribute("replace").is_some();
        if remove && replace {
            let message = format!(
                "`{}` has both `remove` and `replace`, which a server refuses",
                child.name.text
            );
            problems.say(message, child.name.at);
            continue;
        }
        let same = known
            .get_mut(&child.identity())
            .and_then(VecDeque::pop_front);
        let Some((index, before)) = same.and_then(|i| into.children.get_mut(i).map(|c| (i, c)))
        else {
            if !remove {
                into.children.push(child.clone());
            }
            continue;
        };
        if remove {
            removed.push(index);
        } else if replace {
            *before = child.clone();
        } else {
            overlay(before, child, problems);
        }
    }
    removed.sort_unstable();
    for index in removed.into_iter().rev() {
        into.children.remove(index);
    }
}

/// Merges an element into the one that is the same.
fn overlay(before: &mut Element, part: &Element, problems: &mut Problems) {
    let has_value = part.text.is_some() || !part.children.is_empty();
    if has_value {
        before
            .attributes
            .retain(|(name, _)| !SUBSTITUTIONS.contains(&&**name));
    }
    for (name, value) in &part.attributes {
        match before
            .attributes
            .iter_mut()
            .find(|(known, _)| known == name)
        {
            Some((_, known)) => known.clone_from(value),
            None => before.attributes.push((name.clone(), value.clone())),
        }
    }
    // Whoever says what it says is where it stands. A mapping stands where it was begun.
    if part.children.is_empty() && before.children.is_empty() {
        before.name.at = part.name.at;
    }
    merge(before, part, problems);
}
