//! Platform.sh's and Upsun's configuration, which takes other files in by tags.
//!
//! Sources: the documentation of both, chapter YAML tags.
//!
//! - `!include PATH`, or `!include {type: TYPE, path: PATH}`: `yaml`, which is what nothing said means, is the document of a file;
//!   `string` its text; `binary` its bytes in base64. `!archive PATH` is a folder, here its path; `type: archive` is taken for the same.
//! - A path starts from the folder of the application, which its `source.root` names from the top of the project on. Where
//!   none is named, or nothing is there, it starts from the folder of the file that it stands in, and at last from the
//!   project's, which is that around `.platform` or `.upsun`.
//! - Nothing outside of the repository is taken in.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::extract::Part;
use onus_model::source::{FileId, Span};

use super::{Member, joined};
use crate::document::compose::{Graft, Layer, Texts, grafted, moved};
use crate::document::{self, Failure, Hole, Kind, Limits, NodeId, Syntax, Tree};

/// Files may take each other in this deep.
const DEEPEST: usize = 16;

/// What is found at a path.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// A file: its number, its bytes and their digest.
    File(FileId, Vec<u8>, u64),
    /// A folder.
    Folder,
    /// Nothing.
    Missing,
    /// The path leads out of the repository.
    Outside,
    /// Something that is not to be read, and why.
    Refused(String),
}

/// What a file is taken in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// The document in it.
    Yaml,
    /// Its text.
    Text,
    /// Its bytes.
    Binary,
    /// A folder, as it is.
    Archive,
}

/// A place where something is taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    node: NodeId,
    span: Span,
    /// As what, and from which paths, of which the first counts where something is; or what is wrong.
    wanted: Result<(As, Vec<String>), String>,
    /// The folder of the application around it.
    application: Option<String>,
}

impl Include {
    /// As what something is taken in, and the paths at which it may be, in the order in which they count.
    #[must_use]
    pub fn wanted(&self) -> Option<(As, &[String])> {
        let (kind, paths) = self.wanted.as_ref().ok()?;
        Some((*kind, paths))
    }

    /// The folder of the application that it stands in.
    #[must_use]
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }
}

/// Whether a file may take others in.
#[must_use]
pub fn may_include(text: &str) -> bool {
    text.contains("!include") || text.contains("!archive")
}

/// The folder of the project that a file is of.
fn project(path: &str) -> (&str, &str) {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (outer, last) = folder.rsplit_once('/').unwrap_or(("", folder));
    if [".platform", ".upsun"].contains(&last) {
        (outer, folder)
    } else {
        (folder, folder)
    }
}

/// What a file takes in, in the order of its text. `application` is the folder of the application that it is itself taken into.
#[must_use]
pub fn includes(tree: &Tree, path: &str, application: Option<&str>) -> Vec<Include> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let roots = tree.documents().iter().rev();
    let mut left: Vec<(NodeId, Option<String>)> = roots
        .map(|root| (*root, application.map(str::to_owned)))
        .collect();
    while let Some((node, mut application)) = left.pop() {
        // What aliases stand for is there once.
        if !seen.insert(node) {
            continue;
        }
        if let Some(tag @ ("!include" | "!archive")) = tree.tag(node) {
            found.push(include(tree, path, node, tag, application));
            continue;
        }
        if let Some(root) = source_root(tree, node) {
            application = Some(joined(project(path).0, root));
        }
        let from = left.len();
        for entry in tree.entries(node) {
            left.push((entry.value, application.clone()));
        }
        left.extend(tree.items(node).map(|item| (item, application.clone())));
        if let Some(new) = left.get_mut(from..) {
            new.reverse();
        }
    }
    found.sort_by_key(|include| include.node);
    found
}

fn source_root(tree: &Tree, node: NodeId) -> Option<&str> {
    let source = tree.get(node, "source")?;
    let root = tree.get(source.value, "root")?;
    (tree.kind(root.value) == Kind::Scalar).then(|| tree.raw(root.value))
}

fn include(
    tree: &Tree,
    path: &str,
    node: NodeId,
    tag: &str,
    application: Option<String>,
) -> Include {
    let member = |name: &str| {
        let entry = tree.get(node, name)?;
        (tree.kind(entry.value) == Kind::Scalar).then_some(entry.value)
    };
    let (kind, named) = match tree.kind(node) {
        Kind::Scalar => (None, Some(node)),
        Kind::Mapping => (member("type"), member("path")),
        Kind::Sequence => (None, None),
    };
    let span = tree.span(named.or(kind).unwrap_or(node));
    let kind = match kind.map(|kind| tree.raw(kind)) {
        None if tag == "!archive" => Ok(As::Archive),
        None | Some("yaml") => Ok(As::Yaml),
        Some("string") => Ok(As::Text),
        Some("binary") => Ok(As::Binary),
        Some("archive") => Ok(As::Archive),
        Some(other) => Err(format!(
            "`{other}` is nothing that `{tag}` takes in: `yaml`, `string`, `binary` or `archive`"
        )),
    };
    let named = named.map(|named| tree.raw(named)).filter(|n| !n.is_empty());
    let paths = named
        .ok_or_else(|| format!("`{tag}` does not say the path of what it takes in"))
        .and_then(|named| {
            if named.starts_with('/') {
                return Err(format!("`{named}` leads out of the repository"));
            }
            let (project, folder) = project(path);
            let mut paths: Vec<String> = Vec::new();
            let folders = application.iter().map(String::as_str);
            for folder in folders.chain([folder, project]) {
                let path = joined(folder, named);
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            Ok(paths)
        });
    Include {
        node,
        span,
        wanted: kind.and_then(|kind| paths.map(|paths| (kind, paths))),
        application,
    }
}

/// What a file comes to with everything that it takes in.
#[derive(Debug)]
pub struct Assembled {
    /// The whole. Its parts are those that have a place in it.
    pub tree: Tree,
    /// Where the texts of the files start.
    pub parts: Vec<Part>,
    /// All files that were taken in, whether they have a text or not.
    pub members: BTreeSet<FileId>,
    /// Those that could not be read as what they are taken in as.
    pub unreadable: Vec<(FileId, Failure)>,
}

/// Puts a file together with what it takes in.
///
/// # Errors
///
/// It comes to too much.
pub fn assemble(
    main: Member<'_>,
    fetch: &dyn Fn(&str) -> Fetched,
    limits: &Limits,
) -> Result<Assembled, Failure> {
    let mut assembler = Assembler {
        fetch,
        limits,
        texts: Texts::default(),
        starts: BTreeMap::new(),
        parts: Vec::new(),
        members: BTreeSet::new(),
        unreadable: Vec::new(),
        open: vec![main.path.to_owned()],
        left: limits.nodes,
    };
    let start = assembler
        .start(main.file, main.tree.text(), main.digest)
        .ok_or_else(Failure::too_long)?;
    let layer = assembler.layer(main.tree.clone(), main.path, start, None);
    let tree = grafted(assembler.texts, &layer, limits)?;
    Ok(Assembled {
        tree,
        parts: assembler.parts,
        members: assembler.members,
        unreadable: assembler.unreadable,
    })
}

struct Assembler<'a> {
    fetch: &'a dyn Fn(&str) -> Fetched,
    limits: &'a Limits,
    texts: Texts,
    /// Where the text of each file starts.
    starts: BTreeMap<FileId, u32>,
    parts: Vec<Part>,
    members: BTreeSet<FileId>,
    unreadable: Vec<(FileId, Failure)>,
    /// The files that are being read, outermost first.
    open: Vec<String>,
    /// How many nodes may still be taken in.
    left: u64,
}

impl Assembler<'_> {
    /// Where the text of a file starts.
    fn start(&mut self, file: FileId, text: &str, digest: u64) -> Option<u32> {
        if let Some(start) = self.starts.get(&file) {
            return Some(*start);
        }
        let start = self.texts.add(text)?;
        self.starts.insert(file, start);
        self.parts.push(Part {
            file,
            start,
            digest,
        });
        Some(start)
    }

    fn layer(&mut self, tree: Tree, path: &str, start: u32, application: Option<&str>) -> Layer {
        let mut instead = BTreeMap::new();
        for include in includes(&tree, path, application) {
            let at = moved(include.span, start);
            let graft = self.graft(&include, at).unwrap_or_else(|reason| {
                let hole = Hole {
                    reason,
                    unknown: false,
                };
                Graft::Hole(at, hole)
            });
            instead.insert(include.node, graft);
        }
        Layer {
            tree,
            start,
            instead,
        }
    }

    fn graft(&mut self, include: &Include, at: Span) -> Result<Graft, String> {
        let (kind, paths) = include.wanted.as_ref().map_err(Clone::clone)?;
        let mut found = None;
        let mut missing: Vec<&str> = Vec::new();
        for path in paths {
            match (self.fetch)(path) {
                Fetched::Missing => missing.push(path),
                Fetched::Outside => {}
                Fetched::Refused(why) => return Err(why),
                fetched @ (Fetched::File(..) | Fetched::Folder) => {
                    found = Some((path, fetched));
                    break;
                }
            }
        }
        let Some((path, fetched)) = found else {
            return Err(match (missing.as_slice(), paths.last()) {
                ([], Some(path)) => format!("`{path}` leads out of the repository"),
                _ => format!("there is no `{}`", missing.join("` and no `")),
            });
        };
        let (file, bytes, digest) = match (kind, fetched) {
            (As::Archive, Fetched::Folder) => return Ok(Graft::Text(at, path.clone())),
            (As::Archive, _) => return Err(format!("`{path}` is no folder")),
            (_, Fetched::File(file, bytes, digest)) => (file, bytes, digest),
            (_, _) => return Err(format!("`{path}` is no file")),
        };
        self.members.insert(file);
        match kind {
            As::Yaml => self.document(include, path, file, bytes, digest),
            As::Binary => Ok(Graft::Text(at, base64(&bytes))),
            As::Text | As::Archive => {
                let text = document::decode(bytes)
                    .map_err(|failure| self.unreadable(path, file, failure))?;
                let start = self
                    .start(file, &text, digest)
                    .ok_or_else(|| Failure::too_long().reason)?;
                Ok(Graft::Text(moved(core(&text), start), text))
            }
        }
    }

    fn document(
        &mut self,
        include: &Include,
        path: &str,
        file: FileId,
        bytes: Vec<u8>,
        digest: u64,
    ) -> Result<Graft, String> {
        if let Some(first) = self.open.iter().position(|open| open == path) {
            let mut round: Vec<&str> = self.open.iter().skip(first).map(String::as_str).collect();
            round.push(path);
            return Err(format!("`{path}` takes itself in: {}", round.join(", ")));
        }
        if self.open.len() >= DEEPEST {
            return Err(format!("files take each other in more than {DEEPEST} deep"));
        }
        let tree = document::read(bytes, Syntax::Yaml, self.limits)
            .map_err(|failure| self.unreadable(path, file, failure))?;
        match tree.documents() {
            [_] => {}
            [] => return Err(format!("there is no document in `{path}`")),
            _ => return Err(format!("there are several documents in `{path}`")),
        }
        let size = tree.size();
        let Some(left) = self.left.checked_sub(size) else {
            let most = self.limits.nodes;
            return Err(format!("what is taken in comes to more than {most} nodes"));
        };
        self.left = left;
        let start = self
            .start(file, tree.text(), digest)
            .ok_or_else(|| Failure::too_long().reason)?;
        self.open.push(path.to_owned());
        let layer = self.layer(tree, path, start, include.application.as_deref());
        self.open.pop();
        Ok(Graft::Document(Box::new(layer)))
    }

    fn unreadable(&mut self, path: &str, file: FileId, failure: Failure) -> String {
        let reason = format!("`{path}` cannot be read: {}", failure.reason);
        self.unreadable.push((file, failure));
        reason
    }
}

/// A text without the white space at its ends.
fn core(text: &str) -> Span {
    let start = text.len() - text.trim_start().len();
    Span::new(start, text.trim_end().len().max(start))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS.get((bits >> shift & 63) as usize);
            text.push(match digit {
                Some(digit) if index <= chunk.len() => char::from(*digit),
                Some(_) | None => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests;
