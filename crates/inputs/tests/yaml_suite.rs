//! The YAML test suite: what is accepted, what is refused, and what it means under the core schema.
//!
//! `yaml-suite.yaml` lists the cases that are declined, each with its reason.

#![expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on the disk, where the environment says"
)]

mod corpora;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;

use onus_inputs::document::{Dialect, Kind, Limits, NodeId, Scalar, Syntax, Tree, read};
use serde_json::Value;

use corpora::corpora;

fn value(tree: &Tree, node: NodeId) -> Value {
    match tree.kind(node) {
        Kind::Scalar => match tree.resolve(node, Dialect::Core) {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => value.into(),
            Scalar::Int(value) => value.into(),
            Scalar::Float(value) => value.into(),
            Scalar::BigInt => tree.raw(node).into(),
            Scalar::Text(value) => value.into(),
        },
        Kind::Sequence => tree.items(node).map(|item| value(tree, item)).collect(),
        Kind::Mapping => tree
            .entries(node)
            .map(|entry| {
                // JSON has text for keys; the suite gives no value for cases with collections as keys.
                (tree.raw(entry.key).to_owned(), value(tree, entry.value))
            })
            .collect(),
    }
}

/// What is wrong with one case, if anything is.
fn check(
    folder: &Path,
    path: &str,
    accepted: bool,
    golden: &str,
) -> Result<Option<String>, Box<dyn Error>> {
    let bytes = std::fs::read(folder.join(path))?;
    let tree = match read(bytes, Syntax::Yaml, &Limits::default()) {
        Ok(tree) => tree,
        Err(failure) if accepted => return Ok(Some(format!("refused: {}", failure.reason))),
        Err(_) => return Ok(None),
    };
    if !accepted {
        return Ok(Some("accepted".to_owned()));
    }
    if golden.is_empty() {
        return Ok(None);
    }
    let golden = std::fs::read_to_string(folder.join(golden))?;
    let golden = serde_json::Deserializer::from_str(&golden)
        .into_iter()
        .collect::<Result<Vec<Value>, _>>()?;
    let documents = tree.documents().iter();
    let got: Vec<_> = documents.map(|document| value(&tree, *document)).collect();
    Ok((got != golden).then(|| format!("{got:?}, expected {golden:?}")))
}

#[test]
fn every_case_of_the_suite_is_right_or_declined_with_a_reason() -> Result<(), Box<dyn Error>> {
    let folder = corpora().join("yaml_suite");
    let Ok(expectations) = std::fs::read_to_string(folder.join("expectations.csv")) else {
        println!("yaml_suite: skipped, the corpora are not there");
        return Ok(());
    };
    let declined: BTreeMap<String, String> = serde_yaml::from_str(include_str!("yaml-suite.yaml"))?;
    let (mut rows, mut right, mut known, mut skipped) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for line in expectations.lines().skip(1) {
        let mut cells = line.split(',');
        let mut cell = || cells.next().unwrap_or_default();
        let (path, parse, golden) = (cell(), cell(), cell());
        let id = path.trim_start_matches("cases/").trim_end_matches(".yaml");
        rows += 1;
        if !folder.join(path).exists() {
            skipped += 1;
            continue;
        }
        let found = check(&folder, path, parse == "accept", golden)?;
        match (found, declined.get(id)) {
            (None, None) => right += 1,
            (Some(_), Some(_)) => known += 1,
            (None, Some(_)) => wrong.push(format!("{id}: right by now, take it off the list")),
            (Some(what), None) => wrong.push(format!("{id}: {what}")),
        }
    }
    let line = format!(
        "corpus yaml_suite: {rows} rows, {right} right, {known} declined, {skipped} skipped"
    );
    println!("{line}");
    // Where a run gathers what was tested.
    if let Some(path) = std::env::var_os("ONUS_CORPUS_SUMMARY") {
        let mut summary = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?;
        writeln!(summary, "{line}")?;
    }
    assert!(rows > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
