//! Some files are not what they seem until others are read: the stage before extraction.

use crate::document::{Kind, NodeId, Tree};

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
