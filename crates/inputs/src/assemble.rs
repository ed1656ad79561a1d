//! Some files are not what they seem until others are read: the stage before extraction.
//!
//! What is put together of several files is one [`Tree`], over their texts one after the other: every node stands where it is
//! written, and a table of parts says in which file that is.

pub mod clickhouse;
pub mod platformsh;

use onus_model::source::FileId;

use crate::document::{Kind, NodeId, Tree};

/// A file that takes part in what is put together.
#[derive(Clone, Copy, Debug)]
pub struct Member<'t> {
    /// The file.
    pub file: FileId,
    /// Its path.
    pub path: &'t str,
    /// What it holds.
    pub tree: &'t Tree,
    /// A digest of its bytes.
    pub digest: u64,
}

/// A path relative to a folder, with `.` and `..` taken out.
#[must_use]
pub fn joined(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let rooted = if folder.starts_with('/') { "/" } else { "" };
    format!("{rooted}{}", parts.join("/"))
}

/// Whether a file of this name is a kustomization, which may list patches.
#[must_use]
pub fn is_kustomization(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "kustomization.yaml" | "kustomization.yml" | "Kustomization"
    )
}

/// The files that a kustomization lists as patches, relative to its own folder as written there.
///
/// Source: the Kustomize file format, fields `patches`, `patchesStrategicMerge` and `patchesJson6902`.
#[must_use]
pub fn patches(tree: &Tree) -> Vec<String> {
    let mut listed = Vec::new();
    for root in tree.documents() {
        for (field, member) in [
            ("patches", Some("path")),
            ("patchesStrategicMerge", None),
            ("patchesJson6902", Some("path")),
        ] {
            let Some(list) = tree.get(*root, field) else {
                continue;
            };
            for item in tree.items(list.value) {
                let node = match member {
                    Some(member) => tree.get(item, member).map(|entry| entry.value),
                    None => Some(item),
                };
                listed.extend(node.and_then(|node| file_name(tree, node)));
            }
        }
    }
    listed
}

/// A patch may also stand in the kustomization itself, as text of several lines.
fn file_name(tree: &Tree, node: NodeId) -> Option<String> {
    let text = tree.raw(node);
    (tree.kind(node) == Kind::Scalar && !text.is_empty() && !text.contains('\n'))
        .then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_from_the_folder_of_the_one_that_names_them() {
        assert_eq!(
            joined("k/overlays/prod", "../../base/x.yaml"),
            "k/base/x.yaml"
        );
        assert_eq!(joined("", "./x.yaml"), "x.yaml");
        assert_eq!(joined("/r/o", "x.yaml"), "/r/o/x.yaml");
        assert_eq!(joined("o", "../../x.yaml"), "../x.yaml");
    }
}
