//! Which of the packs a run needs: a format of which no file is there need not be read, and neither need its checks.

use std::collections::BTreeSet;

use onus_engine::Packs;
use onus_inputs::FileNames;
use onus_inputs::document::Syntax;
use onus_model::plan::{Dialect, Format, FormatId, Identity, Plan};

use crate::load::Met;

/// One schema of the packs, as its text shows it without being parsed.
struct Sketch<'p> {
    index: usize,
    /// The namespaces that it declares.
    namespaces: Vec<&'p str>,
    text: &'p str,
}

impl<'p> Sketch<'p> {
    /// The namespaces that it builds on.
    fn names(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        let extended = annotated(self.text, "@extends(");
        mentioned(self.text).chain(extended)
    }
}

/// The packs without the formats of which no file was met. What users wrote is never left out, and what is asked for by it neither.
pub(crate) fn near(packs: &Packs, met: &[Met], settings: bool) -> Packs {
    let sketches: Vec<Sketch<'_>> = packs
        .schemas
        .iter()
        .enumerate()
        .map(|(index, schema)| Sketch {
            index,
            namespaces: declared(&schema.text.text),
            text: &schema.text.text,
        })
        .collect();
    let names = names(&sketches);
    // Without files of its own it is what others build on.
    let mut here: Vec<bool> = sketches
        .iter()
        .map(|sketch| {
            annotated(sketch.text, "@files(").is_empty() && !sketch.text.contains("@extends(")
        })
        .collect();
    for met in met {
        let of = names.formats(&met.shown);
        if met.named && (of.is_empty() || Syntax::of(&met.shown).is_none()) {
            // Its name says nothing, and still it is meant: it may be of any format.
            return packs.clone();
        }
        for FormatId(id) in of {
            if let Some(here) = here.get_mut(usize::from(id)) {
                *here = true;
            }
        }
    }
    let wanted: Vec<bool> = sketches
        .iter()
        .zip(&here)
        .map(|(sketch, met)| {
            let own = packs.schemas.get(sketch.index).is_some_and(|s| !s.proved);
            *met || own || extends(sketch, &sketches, &here)
        })
        .collect();
    let near: Vec<&str> = sketches
        .iter()
        .zip(&wanted)
        .filter(|(_, wanted)| **wanted)
        .flat_map(|(sketch, _)| sketch.namespaces.iter().copied())
        .collect();
    // A parameter that is set may be of any format.
    let mut kept: Vec<bool> = wanted.iter().map(|wanted| *wanted || settings).collect();
    let checks: Vec<_> = packs
        .checks
        .iter()
        .filter(|check| {
            !check.proved || mentioned(&check.policy.text).any(|name| near.contains(&name))
        })
        .cloned()
        .collect();
    // Whatever is named by what is kept is kept, too.
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for check in &checks {
        let applies = check.applies.iter().map(|a| &*a.text);
        named.extend(applies.chain([&*check.policy.text]).flat_map(mentioned));
    }
    for (sketch, _) in sketches.iter().zip(&kept).filter(|(_, kept)| **kept) {
        named.extend(sketch.names());
    }
    while let Some(name) = named.pop_last() {
        for (sketch, kept) in sketches.iter().zip(&mut kept) {
            if !*kept && sketch.namespaces.contains(&name) {
                *kept = true;
                named.extend(sketch.names());
            }
        }
    }
    Packs {
        schemas: packs
            .schemas
            .iter()
            .zip(&kept)
            .filter(|(_, kept)| **kept)
            .map(|(schema, _)| schema.clone())
            .collect(),
        checks,
        decisions: packs.decisions.clone(),
        permissions: packs.permissions.clone(),
    }
}

/// The names after `namespace`.
pub(crate) fn declared(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix("namespace "))
        .filter_map(|rest| rest.split([' ', '{']).next())
        .collect()
}

/// The values of an annotation, one after the other.
fn annotated<'p>(text: &'p str, start: &str) -> Vec<&'p str> {
    text.split(start)
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .flat_map(|list| list.split([',', ' ', '\n']))
        .filter(|pattern| !pattern.is_empty())
        .collect()
}

/// The namespaces that a text names something of: what stands before each `::`.
fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("::").filter_map(|(at, _)| {
        let before = text.get(..at)?;
        let start = before
            .rfind(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(0, |at| {
                at + before
                    .get(at..)
                    .and_then(|b| b.chars().next())
                    .map_or(1, char::len_utf8)
            });
        before.get(start..).filter(|name| !name.is_empty())
    })
}

/// Whether it builds on a format of which there are files.
fn extends(sketch: &Sketch<'_>, all: &[Sketch<'_>], here: &[bool]) -> bool {
    annotated(sketch.text, "@extends(").iter().any(|base| {
        all.iter()
            .zip(here)
            .any(|(other, here)| *here && other.namespaces.contains(base))
    })
}

/// The file names of all sketches, by the rules of the plan: a format each. A document in a text is there if its file is.
fn names(sketches: &[Sketch<'_>]) -> FileNames {
    let format = |sketch: &Sketch<'_>| Format {
        name: String::new(),
        title: String::new(),
        files: annotated(sketch.text, "@files(")
            .iter()
            .map(|pattern| pattern.split('#').next().unwrap_or(pattern).to_owned())
            .collect(),
        dialect: Dialect::default(),
        assembly: None,
        null_is_absent: false,
        objects: Vec::new(),
        inherit: Vec::new(),
        identity: Identity::default(),
        roots: Vec::new(),
        actions: Vec::new(),
        system: None,
    };
    FileNames::new(&Plan {
        formats: sketches.iter().map(format).collect(),
        ..Plan::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_sketched_without_being_parsed() {
        let text = "@title(\"a\") @files(\"*.yaml, a/b.json\")\n@dialect(\"x\")\nnamespace One {\n}\n@extends(\"One\")\nnamespace Two{ }\n";
        assert_eq!(declared(text), ["One", "Two"]);
        assert_eq!(annotated(text, "@files("), ["*.yaml", "a/b.json"]);
        assert_eq!(annotated(text, "@extends("), ["One"]);
        let names = |text| mentioned(text).collect::<Vec<_>>();
        assert_eq!(
            names("resource is One::Pod, action == Two::Action::\"x\""),
            ["One", "Two", "Action"]
        );
        assert_eq!(names("AnOne::Pod One é::x ::"), ["AnOne", "é"]);
    }
}
