//! Files read alike whichever of the two YAML readers takes them.
//!
//! Only the full parser reads `\r\n`, so the same file with such line ends must hold the same nodes.

#![expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on the disk, where the environment says"
)]

mod corpora;

use std::path::{Path, PathBuf};

use onus_inputs::document::{Kind, Limits, NodeId, Syntax, Tree, decode, read};

use corpora::corpora;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if Syntax::of(&path.to_string_lossy()) == Some(Syntax::Yaml) {
            found.push(path);
        }
    }
}

/// Every node with what it means and what is written there.
fn nodes(tree: &Tree) -> Vec<String> {
    let mut out = Vec::new();
    let mut open: Vec<NodeId> = tree.documents().iter().rev().copied().collect();
    // As many as can be compared in good time; aliases can make more.
    while let Some(node) = open.pop()
        && out.len() < 100_000
    {
        let written = tree
            .text()
            .get(tree.span(node).range())
            .unwrap_or("no text");
        let kind = tree.kind(node);
        out.push(format!(
            "{kind:?} {:?} {:?}",
            tree.raw(node),
            written.replace('\r', "")
        ));
        let children: Vec<NodeId> = match kind {
            Kind::Scalar => Vec::new(),
            Kind::Sequence => tree.items(node).collect(),
            Kind::Mapping => tree
                .entries(node)
                .flat_map(|entry| [entry.key, entry.value])
                .collect(),
        };
        open.extend(children.into_iter().rev());
    }
    out
}

#[test]
fn line_ends_change_nothing() {
    let mut paths = Vec::new();
    files(&corpora(), &mut paths);
    if paths.is_empty() {
        println!("fast path: skipped, the corpora are not there");
        return;
    }
    let limits = Limits::default();
    let (mut read_both, mut wrong) = (0, Vec::new());
    for path in &paths {
        let Ok(text) = decode(std::fs::read(path).unwrap()) else {
            continue;
        };
        if text.contains('\r') {
            continue;
        }
        let wide = text.replace('\n', "\r\n");
        let narrow = read(text.into_bytes(), Syntax::Yaml, &limits);
        let wide = read(wide.into_bytes(), Syntax::Yaml, &limits);
        match (&narrow, &wide) {
            (Ok(narrow), Ok(wide)) => {
                read_both += 1;
                let duplicates = narrow.duplicates().len() == wide.duplicates().len();
                if !duplicates || nodes(narrow) != nodes(wide) {
                    wrong.push(format!("{}: other nodes", path.display()));
                }
            }
            (Err(narrow), Err(wide)) if narrow.reason == wide.reason => {}
            _ => wrong.push(format!(
                "{}: {:?}, {:?}",
                path.display(),
                narrow.err(),
                wide.err()
            )),
        }
    }
    println!("fast path: {read_both} files read alike");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
