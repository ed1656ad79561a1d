//! ClickHouse's configuration: a main file, and the parts that a server merges into it.
//!
//! A configuration is a tree of elements, in XML and in YAML. Sources: ClickHouse's documentation of configuration files, and the
//! behaviour of its `ConfigProcessor` and `YAMLParser`.
//!
//! - The main file comes first, then the parts in the order of their paths: those of `conf.d`, and those of the folder that has the
//!   main file's name and the ending `.d`.
//! - Elements are the same if their names and attributes are, `replace`, `remove` and substitutions left aside. An element of
//!   a part is merged into the first one that is the same and was there before; what finds none is appended. So a second
//!   `<ip>` of a part is added, and the first one takes the place of the first one before it.
//! - A merged element takes over text and attributes from the part, and its elements are merged in turn. Text that was there
//!   goes, even where the part has none.
//! - `replace` and `remove` act by being there, whatever their value. Nothing acts on the root element, and nothing in the main file.
//! - What `incl`, `from_env` and `from_zk` bring in is appended to what stands there, or takes its place with `replace`. An element
//!   `include` gives its place to what it brings in.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use onus_model::access::{At, Word};
use onus_model::extract::Part;
use onus_model::plan::Dialect;
use onus_model::source::Span;

use super::Member;
use crate::document::compose::{Elements, Texts, elements, moved};
use crate::document::{Failure, Hole, Kind, Limits, NodeId, Scalar, Syntax, Tree};

/// The roots that a server takes for its own.
pub(crate) const ROOTS: [&str; 2] = ["clickhouse", "yandex"];

/// What takes the value from elsewhere.
const SUBSTITUTIONS: [&str; 3] = ["incl", "from_env", "from_zk"];

/// What has acted when files are merged.
const ORDERS: [&str; 2] = ["replace", "remove"];

/// What stands for a text that is kept from everybody.
pub(crate) const SECRET: &str = "(secret)";

/// An element: its attributes, its text and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: Word,
    pub(crate) text: Option<Word>,
    attributes: Vec<Attribute>,
    pub(crate) children: Vec<Self>,
    /// What a server refuses about it, and where that stands.
    pub(crate) refused: Option<Word>,
}

#[derive(Clone, Debug)]
struct Attribute {
    name: Word,
    value: Word,
}

/// A name and attributes.
type Identity = (Arc<str>, Vec<(Arc<str>, Arc<str>)>);

/// The value of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// What it says, and where.
    Known(Word),
    /// It comes from elsewhere: `not known: from_env X`.
    Unknown(Word),
}

impl Value {
    /// What is told of it, known or not.
    pub(crate) fn told(self) -> Word {
        match self {
            Self::Known(word) | Self::Unknown(word) => word,
        }
    }
}

impl Element {
    /// An element with nothing in it.
    pub(crate) fn empty(file: u32) -> Self {
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
            refused: None,
        }
    }

    /// The first of this name: the one that counts where one is wanted.
    pub(crate) fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| &*child.name.text == name)
    }

    /// All of this name.
    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children
            .iter()
            .filter(move |child| &*child.name.text == name)
    }

    /// An attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&Word> {
        let found = self.attributes.iter().find(|a| &*a.name.text == name);
        found.map(|attribute| &attribute.value)
    }

    /// Which substitution it has, if it has one.
    fn substitution(&self) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.substitutes())
    }

    /// What its substitution leaves unknown.
    pub(crate) fn unknown(&self) -> Option<Word> {
        let Attribute { name, value } = self.substitution()?;
        let said = format!("not known: {} {}", name.text, value.text);
        Some(Word::new(said, self.name.at))
    }

    /// What it says; nothing is empty text.
    pub(crate) fn value(&self) -> Value {
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
            .filter(|attribute| !attribute.orders() && !attribute.substitutes())
            .map(|Attribute { name, value }| (name.text.clone(), value.text.clone()))
            .collect();
        attributes.sort();
        (self.name.text.clone(), attributes)
    }

    /// What is appended for want of one that is the same: what it removes itself is not there.
    fn appended(mut self) -> Self {
        self.children.retain(|c| c.attribute("remove").is_none());
        self.children = self.children.into_iter().map(Self::appended).collect();
        self
    }
}

impl Attribute {
    fn orders(&self) -> bool {
        ORDERS.contains(&&*self.name.text)
    }

    fn substitutes(&self) -> bool {
        SUBSTITUTIONS.contains(&&*self.name.text)
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

/// The mapping that has the sections, and whether it stands under a root of ClickHouse's.
pub(crate) fn root(tree: &Tree) -> Option<(NodeId, bool)> {
    let top = *tree.documents().first()?;
    if tree.kind(top) != Kind::Mapping {
        return None;
    }
    for name in ROOTS {
        if let Some(entry) = tree.get(top, name) {
            let mapping = tree.kind(entry.value) == Kind::Mapping;
            return mapping.then_some((entry.value, true));
        }
    }
    Some((top, false))
}

/// Reads the mapping of a root, and forgets what is secret.
pub(crate) fn without_secrets(file: u32, tree: &Tree, node: NodeId) -> Element {
    let reader = Reader {
        file,
        tree,
        secrets: false,
    };
    reader.root(node)
}

fn first_line(tree: &Tree, node: NodeId) -> Span {
    let span = tree.span(node);
    let text = tree.text().get(span.range()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let start = span.start as usize;
    Span::new(start, start + line.trim_end().len())
}

#[derive(Clone, Copy)]
struct Reader<'t> {
    file: u32,
    tree: &'t Tree,
    /// Whether texts that are secret are kept.
    secrets: bool,
}

impl Reader<'_> {
    fn at(self, span: Span) -> At {
        At {
            file: self.file,
            span,
        }
    }

    fn root(self, node: NodeId) -> Element {
        let mut root = Element::named("", self.at(first_line(self.tree, node)));
        self.fill(node, &mut root);
        root
    }

    /// Puts what a node holds into an element. The depth is that of the tree, which was limited when it was read.
    fn fill(self, node: NodeId, element: &mut Element) {
        let tree = self.tree;
        match tree.kind(node) {
            Kind::Scalar => element.text = self.scalar(node, &element.name.text),
            // A list in a list is one list: there are no elements without a name.
            Kind::Sequence => {
                for item in tree.items(node) {
                    self.fill(item, element);
                }
            }
            Kind::Mapping => {
                for entry in tree.entries(node) {
                    let name = tree.raw(entry.key);
                    let at = self.at(tree.span(entry.key));
                    let is_scalar = tree.kind(entry.value) == Kind::Scalar;
                    if let (Some(attribute), true) = (name.strip_prefix('@'), is_scalar) {
                        let value = self.scalar(entry.value, attribute);
                        element.attributes.push(Attribute {
                            name: Word::new(attribute, at),
                            value: value.unwrap_or_else(|| Word::new("", at)),
                        });
                    } else if name == "#text" && is_scalar {
                        element.text = self.scalar(entry.value, &element.name.text);
                    } else if tree.kind(entry.value) == Kind::Sequence {
                        let mut stands = Some(at);
                        for item in tree.items(entry.value) {
                            // Only the first stands where the name does.
                            let at = stands
                                .take()
                                .unwrap_or_else(|| self.at(self.repeated(item, name)));
                            let mut child = Element::named(name, at);
                            self.fill(item, &mut child);
                            element.children.push(child);
                        }
                    } else {
                        let mut child = Element::named(name, at);
                        self.fill(entry.value, &mut child);
                        element.children.push(child);
                    }
                }
            }
        }
    }

    /// Where the name of an element stands that is not the first of its name: in XML before it, in YAML only the element does.
    fn repeated(self, item: NodeId, name: &str) -> Span {
        let tree = self.tree;
        let start = tree.span(item).start as usize;
        let before = tree.text().get(..start).unwrap_or_default();
        match before.rfind(&format!("<{name}")) {
            Some(at) if tree.syntax() == Syntax::Xml => Span::new(at + 1, at + 1 + name.len()),
            Some(_) | None => first_line(tree, item),
        }
    }

    /// The text of a scalar: none where it is null or empty, and only that there is one where it is secret.
    fn scalar(self, node: NodeId, name: &str) -> Option<Word> {
        let tree = self.tree;
        let raw = tree.raw(node);
        if raw.is_empty() || matches!(tree.resolve(node, Dialect::Core), Scalar::Null) {
            return None;
        }
        let hidden = !self.secrets && is_secret(name);
        let text = if hidden { SECRET } else { raw };
        Some(Word::new(text, self.at(tree.span(node))))
    }
}

/// Merges what a part has into what was there before.
pub(crate) fn merge(into: &mut Element, part: &Element) {
    into.text.clone_from(&part.text);
    let mut known: BTreeMap<_, VecDeque<usize>> = BTreeMap::new();
    for (index, child) in into.children.iter().enumerate() {
        known.entry(child.identity()).or_default().push_back(index);
    }
    let mut removed = Vec::new();
    for child in &part.children {
        let remove = child.attribute("remove").is_some();
        let replace = child.attribute("replace").is_some();
        let same = known
            .get_mut(&child.identity())
            .and_then(VecDeque::pop_front);
        let same = same.and_then(|i| into.children.get_mut(i).map(|c| (i, c)));
        if remove && replace {
            let name = &child.name;
            let message = format!(
                "`{}` has both `remove` and `replace`, which a server refuses",
                name.text
            );
            let refused = Some(Word::new(message, name.at));
            match same {
                Some((_, before)) => before.refused = refused,
                None => into.children.push(Element {
                    refused,
                    ..child.clone().appended()
                }),
            }
            continue;
        }
        let Some((index, before)) = same else {
            if !remove {
                into.children.push(child.clone().appended());
            }
            continue;
        };
        if remove {
            removed.push(index);
        } else if replace {
            *before = child.clone();
        } else {
            overlay(before, child);
        }
    }
    removed.sort_unstable();
    for index in removed.into_iter().rev() {
        into.children.remove(index);
    }
}

/// Merges an element into the one that is the same.
fn overlay(before: &mut Element, part: &Element) {
    let has_value = part.text.is_some() || !part.children.is_empty();
    if has_value {
        before.attributes.retain(|a| !a.substitutes());
    }
    for attribute in &part.attributes {
        match before
            .attributes
            .iter_mut()
            .find(|known| known.name.text == attribute.name.text)
        {
            Some(known) => known.clone_from(attribute),
            None => before.attributes.push(attribute.clone()),
        }
    }
    merge(before, part);
    // Whoever says what it says is where it stands. A mapping stands where it was begun.
    if before.children.is_empty() {
        before.name.at = part.name.at;
    }
}

/// The files of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Whether its main file is among them, as the first.
    pub has_main: bool,
    /// In the order in which they are merged, by their place in the list of paths.
    pub members: Vec<usize>,
}

/// The folder and the name of a path.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The folder of a part's server and the name of the folder that the part is in; none for a main file.
fn part(path: &str) -> Option<(&str, &str)> {
    let (outer, last) = split(split(path).0);
    let stem = last.strip_suffix(".d")?;
    (!stem.is_empty()).then_some((outer, last))
}

/// Sorts files into servers: each main file with its parts, and the parts of a folder that has none.
#[must_use]
pub fn servers(paths: &[&str]) -> Vec<Server> {
    let mut servers = Vec::new();
    let mut order: Vec<usize> = (0..paths.len()).collect();
    order.sort_by_key(|index| paths.get(*index));
    let mut parts: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    let mut mains = Vec::new();
    for index in order {
        let path = paths.get(index).copied().unwrap_or_default();
        match part(path) {
            // A server leaves them out.
            Some(_) if split(path).1.starts_with('.') => {}
            Some(of) => parts.entry(of).or_default().push(index),
            None => mains.push((index, path)),
        }
    }
    let mut left = parts.clone();
    for (main, path) in mains {
        let (folder, name) = split(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let ours = |last: &str| last == "conf.d" || last.strip_suffix(".d") == Some(stem);
        let mut members = vec![main];
        // In the order of the folders, which is that of the paths.
        for ((outer, last), files) in &parts {
            if *outer == folder && ours(last) {
                members.extend(files);
                left.remove(&(*outer, *last));
            }
        }
        servers.push(Server {
            has_main: true,
            members,
        });
    }
    let mut alone: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for ((folder, _), members) in left {
        alone.entry(folder).or_default().extend(members);
    }
    servers.extend(alone.into_values().map(|members| Server {
        has_main: false,
        members,
    }));
    servers
}

/// Where the main file of a part may be.
#[must_use]
pub fn mains(path: &str) -> Vec<String> {
    let Some((outer, last)) = part(path) else {
        return Vec::new();
    };
    let stems = match last.strip_suffix(".d") {
        Some("conf") => vec!["conf", "config", "users"],
        stem => stem.into_iter().collect(),
    };
    let names = stems
        .iter()
        .flat_map(|stem| ["xml", "yaml", "yml"].map(|ending| format!("{stem}.{ending}")));
    names.map(|name| super::joined(outer, &name)).collect()
}

/// Whether a server would take a file for a configuration. XML says so by its root; YAML says nothing.
#[must_use]
pub fn is_ours(tree: &Tree) -> bool {
    match (root(tree), tree.syntax()) {
        (Some((_, ours)), syntax) => ours || syntax != Syntax::Xml,
        // A root with nothing in it is read as text.
        (None, Syntax::Xml) => tree.documents().first().is_none_or(|top| {
            let mut names = tree.entries(*top);
            names.any(|entry| ROOTS.contains(&tree.raw(entry.key)))
        }),
        (None, _) => tree.documents().is_empty(),
    }
}

/// Merges the files of a server, in the order that [`servers`] gives. The document is what stands in the root.
///
/// # Errors
///
/// Their texts are too long together.
pub fn assemble(
    members: &[Member<'_>],
    has_main: bool,
    limits: &Limits,
) -> Result<(Tree, Vec<Part>), Failure> {
    let mut texts = Texts::default();
    let mut parts = Vec::new();
    let mut whole: Option<Element> = (!has_main).then(|| Element::empty(0));
    for (file, member) in (0..).zip(members) {
        let Some(start) = texts.add(member.tree.text()) else {
            return Err(Failure::too_long());
        };
        parts.push(Part {
            file: member.file,
            start,
            digest: member.digest,
        });
        let reader = Reader {
            file,
            tree: member.tree,
            secrets: true,
        };
        let layer = match root(member.tree) {
            Some((node, _)) => reader.root(node),
            None => Element::empty(file),
        };
        match &mut whole {
            None => whole = Some(layer),
            Some(whole) => merge(whole, &layer),
        }
    }
    let writer = Writer(&parts);
    let tree = elements(texts, limits, |out| {
        let Some(whole) = &whole else {
            return Ok(());
        };
        out.begin(writer.place(whole.name.at))?;
        writer.inside(whole, out)?;
        out.end();
        Ok(())
    })?;
    Ok((tree, parts))
}

/// Writes elements where they stand in the text of all parts.
struct Writer<'p>(&'p [Part]);

impl Writer<'_> {
    fn place(&self, at: At) -> Span {
        let part = self.0.get(at.file as usize);
        moved(at.span, part.map_or(0, |part| part.start))
    }

    /// What is in an element. The depth is limited where it is written to.
    fn inside(&self, element: &Element, out: &mut Elements<'_>) -> Result<(), Failure> {
        for Attribute { name, value } in element.attributes.iter().filter(|a| !a.orders()) {
            let at = self.place(name.at);
            out.name(at, &format!("@{}", name.text));
            let from = Some(name).filter(|n| SUBSTITUTIONS.contains(&&*n.text));
            match from {
                Some(_) => out.hole(at, from_elsewhere(name, value), true),
                None => out.text(self.place(value.at), &value.text),
            }
        }
        for child in &element.children {
            let at = child.refused.as_ref().map_or(child.name.at, |r| r.at);
            out.name(self.place(at), &child.name.text);
            self.element(child, out)?;
        }
        if let Some(text) = &element.text {
            out.name(self.place(text.at), "#text");
            out.text(self.place(text.at), &text.text);
        }
        Ok(())
    }

    fn element(&self, element: &Element, out: &mut Elements<'_>) -> Result<(), Failure> {
        let at = self.place(element.name.at);
        if let Some(refused) = &element.refused {
            let hole = Hole {
                reason: refused.text.to_string(),
                unknown: false,
            };
            out.hole(self.place(refused.at), hole, false);
            return Ok(());
        }
        let has = |name| element.attribute(name).is_some();
        if let Some(from) = element.substitution() {
            // What stands in an element comes before what is brought into it.
            let nothing = element.children.is_empty() || element.text.is_some();
            if nothing || has("replace") || has("optional") {
                let hole = from_elsewhere(&from.name, &from.value);
                out.hole(at, hole, &*element.name.text == "include");
                return Ok(());
            }
        } else if let Some(key) = element.attribute("encrypted_by") {
            let hole = Hole {
                reason: format!("it is encrypted by `{}`", key.text),
                unknown: true,
            };
            out.hole(at, hole, false);
            return Ok(());
        }
        if element.children.is_empty() && element.attributes.iter().all(Attribute::orders) {
            match &element.text {
                Some(text) => out.text(self.place(text.at), &text.text),
                None => out.text(at, ""),
            }
            return Ok(());
        }
        out.begin(at)?;
        self.inside(element, out)?;
        out.end();
        Ok(())
    }
}

/// What a substitution brings in.
fn from_elsewhere(name: &Word, value: &Word) -> Hole {
    let whence = match &*name.text {
        "from_env" => "from the environment",
        "from_zk" => "from ZooKeeper",
        _ => "from another file",
    };
    Hole {
        reason: format!(
            "`{}` of `{}` takes it {whence} when the server starts",
            name.text, value.text
        ),
        unknown: true,
    }
}

#[cfg(test)]
mod tests;
