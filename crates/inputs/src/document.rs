//! Documents with spans: the text of one file becomes one tree, whatever its syntax.
//!
//! [`read`] decodes, parses and checks limits; a [`Tree`] answers by position or by key and keeps
//! for every node the bytes where it was written. Scalars stay text until somebody asks what they
//! mean in a [`Dialect`].

mod block;
mod build;
pub(crate) mod codeowners;
pub(crate) mod compose;
mod csv;
mod decode;
mod dialect;
mod dockerfile;
mod folded;
mod json;
mod jsonl;
mod node;
mod shell;
mod template;
mod toml;
mod tree;
mod xml;
mod yaml;

use onus_model::source::Span;

pub use decode::decode;
pub use dialect::Scalar;
pub use node::{Duplicate, Hole, NodeId};
pub use onus_model::plan::Dialect;
pub use tree::{Entries, Entry, Items, Kind, Tree};

use build::Builder;

/// The language a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Syntax {
    /// YAML 1.2, several documents to a file.
    Yaml,
    /// JSON (RFC 8259), one document to a file.
    Json,
    /// JSON Lines: JSON, one document to a line.
    JsonLines,
    /// TOML 1.0.
    Toml,
    /// CSV (RFC 4180) with a header, one document to a file.
    Csv,
    /// XML 1.0, one document to a file.
    Xml,
    /// What an image is built from (Dockerfile reference), one document to a file.
    Dockerfile,
    /// Who approves changes to which paths (GitHub), one document to a file.
    CodeOwners,
}

impl Syntax {
    /// The syntax that a path stands for: by the extension, in any case of letters, or where that says nothing by the name.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next()?;
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let is = |known: &str| extension.is_some_and(|e| e.eq_ignore_ascii_case(known));
        if is("yaml") || is("yml") {
            Some(Self::Yaml)
        } else if is("json") {
            Some(Self::Json)
        } else if is("jsonl") || is("ndjson") {
            Some(Self::JsonLines)
        } else if is("toml") {
            Some(Self::Toml)
        } else if is("csv") {
            Some(Self::Csv)
        } else if is("xml") {
            Some(Self::Xml)
        } else if extension.is_some_and(|e| e.contains('#')) {
            // A document that a file holds as text: `app-compose.json#docker_compose_file`. JSON is YAML, too.
            Some(Self::Yaml)
        } else if dockerfile::is_named(name) {
            Some(Self::Dockerfile)
        } else if codeowners::is_named(name) {
            Some(Self::CodeOwners)
        } else {
            None
        }
    }
}

/// What a file may cost before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file, in bytes. Spans hold four gibibytes at most, whatever is said here.
    pub bytes: usize,
    /// How many collections may stand in each other, through aliases too.
    pub depth: usize,
    /// How many nodes the aliases of a file may add to it. A scalar counts once for each KiB.
    pub nodes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            depth: 128,
            nodes: 1_000_000,
        }
    }
}

/// Why there is no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it means for the file.
    pub kind: FailureKind,
    /// Why, in the user's terms.
    pub reason: String,
    /// Where, in bytes of the decoded text.
    pub span: Option<Span>,
    /// The decoded text, if it could be decoded, so that a frame can be shown.
    pub text: Option<String>,
}

/// What a failure means for the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// Not a document, and not meant to be one as it stands: a template.
    Skipped,
    /// It should have been a document.
    Unreadable,
}

impl Failure {
    fn unreadable(reason: impl Into<String>, span: Option<Span>) -> Self {
        Self {
            kind: FailureKind::Unreadable,
            reason: reason.into(),
            span,
            text: None,
        }
    }

    pub(crate) fn too_long() -> Self {
        Self::unreadable(format!("larger than {} bytes together", u32::MAX), None)
    }

    fn template(span: Span) -> Self {
        Self {
            kind: FailureKind::Skipped,
            reason: "a Helm or Jinja template, not YAML".to_owned(),
            span: Some(span),
            text: None,
        }
    }
}

/// Reads a file into a tree.
///
/// # Errors
///
/// The file is too large, not text, not in this syntax, beyond a limit, or a template.
pub fn read(bytes: Vec<u8>, syntax: Syntax, limits: &Limits) -> Result<Tree, Failure> {
    let most = limits.bytes.min(u32::MAX as usize);
    if bytes.len() > most {
        return Err(Failure::unreadable(
            format!("larger than {most} bytes"),
            None,
        ));
    }
    let text = decode(bytes)?;
    let mut builder = Builder::new(&text, limits);
    let parsed = match syntax {
        Syntax::Yaml => yaml::parse(&text, &mut builder, limits),
        Syntax::Json => json::parse(&text, &mut builder),
        Syntax::JsonLines => jsonl::parse(&text, &mut builder),
        Syntax::Toml => toml::parse(&text, &mut builder),
        Syntax::Csv => csv::parse(&text, &mut builder),
        Syntax::Xml => xml::parse(&text, &mut builder),
        Syntax::Dockerfile => dockerfile::parse(&text, &mut builder),
        Syntax::CodeOwners => codeowners::parse(&text, &mut builder),
    };
    let parts = builder.finish();
    match parsed {
        Ok(()) => Ok(Tree::new(text, syntax, parts)),
        Err(failure) => Err(Failure {
            text: Some(text),
            ..failure
        }),
    }
}

#[cfg(test)]
mod tests;
