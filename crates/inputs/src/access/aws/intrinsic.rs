//! Intrinsic functions of CloudFormation: what stands in a template in the place of a text, and is known only once deployed.

use onus_model::access::Word;

use super::Reader;
use crate::document::{Kind, NodeId, Tree};

/// As many letters of what is written as a line can show.
const SHOWN: usize = 200;

/// The name of the function and its argument: `Ref`, `Fn::Sub`. The node itself is the argument where a tag names it.
pub(super) fn intrinsic(tree: &Tree, node: NodeId) -> Option<(String, NodeId)> {
    if let Some(tag) = tree.tag(node) {
        let name = tag.strip_prefix('!')?;
        if name.starts_with('!') || name.starts_with('<') {
            return None;
        }
        let name = match name {
            "Ref" | "Condition" => name.to_owned(),
            other => format!("Fn::{other}"),
        };
        return Some((name, node));
    }
    if tree.kind(node) != Kind::Mapping {
        return None;
    }
    let mut entries = tree.entries(node);
    let (only, None) = (entries.next()?, entries.next()) else {
        return None;
    };
    let name = tree.raw(only.key);
    (name == "Ref" || name.starts_with("Fn::")).then(|| (name.to_owned(), only.value))
}

/// What is written, in one line: `!Sub ${Bucket}/*`, `Fn::GetAtt [Role, Arn]`.
pub(super) fn written(tree: &Tree, node: NodeId) -> String {
    let mut out = String::new();
    write(tree, node, &mut out);
    match out.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", out.get(..end).unwrap_or_default()),
        None => out,
    }
}

fn write(tree: &Tree, node: NodeId, out: &mut String) {
    // What is longer is cut anyway, and nothing is written for the sake of being cut.
    if out.len() > SHOWN * 4 {
        return;
    }
    if let Some(tag) = tree.tag(node) {
        out.push_str(tag);
        out.push(' ');
    } else if let Some((name, argument)) = intrinsic(tree, node) {
        out.push_str(&name);
        out.push(' ');
        write(tree, argument, out);
        return;
    }
    match tree.kind(node) {
        Kind::Scalar => {
            let words = tree.raw(node).split_whitespace();
            for (place, word) in words.enumerate() {
                out.push_str(if place > 0 { " " } else { "" });
                out.push_str(word);
            }
        }
        Kind::Sequence => {
            out.push('[');
            for (place, item) in tree.items(node).enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                write(tree, item, out);
            }
            out.push(']');
        }
        Kind::Mapping => {
            out.push('{');
            for (place, entry) in tree.entries(node).enumerate() {
                out.push_str(if place > 0 { ", " } else { "" });
                out.push_str(tree.raw(entry.key));
                out.push_str(": ");
                write(tree, entry.value, out);
            }
            out.push('}');
        }
    }
}

/// What a text will look like, with `${…}` for what is not known; nothing where even that cannot be said.
pub(super) fn sketch(tree: &Tree, node: NodeId) -> Option<String> {
    let Some((name, argument)) = intrinsic(tree, node) else {
        return (tree.kind(node) == Kind::Scalar).then(|| tree.raw(node).to_owned());
    };
    let scalar = || tree.kind(argument) == Kind::Scalar;
    match name.as_str() {
        "Ref" => scalar().then(|| format!("${{{}}}", tree.raw(argument))),
        "Fn::GetAtt" if scalar() => Some(format!("${{{}}}", tree.raw(argument))),
        "Fn::GetAtt" => {
            let parts: Vec<_> = tree.items(argument).map(|part| tree.raw(part)).collect();
            Some(format!("${{{}}}", parts.join(".")))
        }
        "Fn::Sub" if scalar() => Some(tree.raw(argument).to_owned()),
        "Fn::Sub" => tree
            .items(argument)
            .next()
            .map(|text| tree.raw(text).to_owned()),
        "Fn::Join" => {
            let mut arguments = tree.items(argument);
            let between = tree.raw(arguments.next()?);
            let parts = arguments.next()?;
            // A list that a function gives has no parts that could be read.
            if intrinsic(tree, parts).is_some() {
                return None;
            }
            let parts: Option<Vec<_>> = tree.items(parts).map(|part| sketch(tree, part)).collect();
            Some(parts?.join(between))
        }
        _ => None,
    }
}

impl Reader<'_> {
    /// The logical id that a node refers to: `Ref X`, `Fn::GetAtt X.Arn`, `${X}`.
    pub(super) fn referred(&self, node: NodeId) -> Option<String> {
        intrinsic(self.page.tree, node)?;
        let sketch = sketch(self.page.tree, node)?;
        let inner = sketch.strip_prefix("${")?.strip_suffix('}')?;
        if inner.contains('$') {
            return None;
        }
        let id = inner.strip_suffix(".Arn").unwrap_or(inner);
        Some(id.to_owned())
    }

    /// The condition that stands for what is not known.
    pub(super) fn unknown(&mut self, node: NodeId) -> Word {
        let text = format!(
            "not known before deployment: {}",
            written(self.page.tree, node)
        );
        let at = self.head(node);
        self.page.named(&text, at)
    }

    /// The items that a list may have, each with what it depends on. Both branches of `Fn::If` may be; one item is a list of one.
    pub(super) fn expand(&mut self, node: NodeId) -> Vec<(NodeId, Vec<Word>)> {
        let mut out = Vec::new();
        self.expand_into(node, &[], &mut out);
        out
    }

    fn expand_into(
        &mut self,
        node: NodeId,
        conditions: &[Word],
        out: &mut Vec<(NodeId, Vec<Word>)>,
    ) {
        let tree = self.page.tree;
        match intrinsic(tree, node) {
            Some((name, argument)) if name == "Fn::If" => {
                let mut arguments = tree.items(argument);
                let on = arguments.next().map_or("", |on| tree.raw(on));
                let text = format!("not known before deployment: Fn::If {on}");
                let at = self.head(node);
                let mut conditions = conditions.to_vec();
                conditions.push(self.page.named(&text, at));
                for branch in arguments {
                    self.expand_into(branch, &conditions, out);
                }
            }
            Some((name, argument)) if name == "Ref" && tree.raw(argument) == "AWS::NoValue" => {}
            None if tree.kind(node) == Kind::Sequence => {
                for item in tree.items(node) {
                    self.expand_into(item, conditions, out);
                }
            }
            _ => out.push((node, conditions.to_vec())),
        }
    }
}
