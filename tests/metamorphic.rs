//! What does not change the meaning of a config does not change what is said of it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_yaml::Value;
use support::{Folder, Judgement, Run, corpora, repository};

/// A file, by its name and its bytes.
#[derive(Clone, Debug)]
struct Manifest {
    name: String,
    bytes: Vec<u8>,
}

impl Manifest {
    fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.into(),
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("the manifests are UTF-8")
    }

    fn with(&self, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(self.name.clone(), bytes)
    }

    /// The name without its ending.
    fn stem(&self) -> &str {
        self.name
            .rsplit_once('.')
            .map_or(&self.name, |(stem, _)| stem)
    }

    /// The texts of its documents.
    fn documents(&self) -> Vec<String> {
        let mut documents = vec![String::new()];
        for line in self.text().lines() {
            if line.trim_end() == "---" {
                documents.push(String::new());
            } else if let Some(document) = documents.last_mut() {
                document.push_str(line);
                document.push('\n');
            }
        }
        documents
    }

    /// The values of its documents, where another reader sees the same values in it.
    fn values(&self) -> Option<Vec<Value>> {
        let text = self.text();
        if text.lines().any(is_read_differently) {
            return None;
        }
        let values: Result<Vec<Value>, _> = serde_yaml::Deserializer::from_str(text)
            .map(serde::Deserialize::deserialize)
            .collect();
        let mut values = values.ok()?;
        for value in &mut values {
            value.apply_merge().ok()?;
        }
        values.retain(|v| !v.is_null());
        Some(values)
    }
}

/// Whether YAML 1.1, which Kubernetes speaks, and YAML 1.2 may see different values in a line.
fn is_read_differently(line: &str) -> bool {
    let words = ["yes", "no", "on", "off", "y", "n"];
    line.split(|c: char| c.is_whitespace() || "[]{},".contains(c))
        .map(|token| token.trim_end_matches(':'))
        .any(|token| {
            let number = token.trim_start_matches(['+', '-']);
            words.contains(&token.to_lowercase().as_str())
                || token.starts_with('!')
                || number.starts_with('.')
                || (number.len() > 1
                    && number.starts_with('0')
                    && number
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || c == '_'))
        })
}

/// The files that all of this is tried on.
fn manifests() -> Vec<Manifest> {
    let tests = repository().join("tests");
    let mut paths = Vec::new();
    for folder in ["metamorphic", "systems/storefront"] {
        paths.extend(yaml_files(&tests.join(folder)));
    }
    if let Some(corpora) = corpora("pss") {
        paths.extend(yaml_files(&corpora.join("pss")).into_iter().step_by(40));
    }
    if let Some(corpora) = corpora("real") {
        let examples = yaml_files(&corpora.join("real/kubernetes-examples"));
        paths.extend(examples.into_iter().step_by(12));
    }
    let mut manifests = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        let text = fs::read_to_string(path).expect("a manifest can be read");
        let name = path.file_name().expect("a file has a name").display();
        let directives = text
            .lines()
            .any(|l| l.starts_with(['%']) || l.starts_with("..."));
        if !directives && !text.contains("{{") && !text.contains('\r') {
            manifests.push(Manifest::new(format!("{index:03}-{name}"), text));
        }
    }
    manifests
}

/// The YAML files below a folder, in order of path. What a kustomization says speaks of other
/// files by their names, so it stays out.
fn yaml_files(folder: &Path) -> Vec<std::path::PathBuf> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            let name = path.file_name().map(|n| n.display().to_string());
            name.is_some_and(|n| {
                (n.ends_with(".yaml") || n.ends_with(".yml")) && !n.starts_with("kustomization")
            })
        })
        .collect()
}

/// Runs the binary over manifests.
fn check(manifests: &[Manifest], further: &[&str]) -> Run {
    let folder = Folder::new();
    for manifest in manifests {
        folder.write(&manifest.name, &manifest.bytes);
    }
    let mut args = vec!["check", "--all", "--format", "json"];
    args.extend(["--framework", "kubernetes-pss/restricted"]);
    args.extend(["--framework", "kubernetes-everyday"]);
    args.extend(if further.is_empty() { &["."] } else { further });
    folder.onus(&args)
}

/// What is said of manifests.
fn judge(manifests: &[Manifest]) -> BTreeMap<Judgement, usize> {
    check(manifests, &[]).report().judgements()
}

/// The judgements that one side has and the other has not.
fn differences(
    before: &BTreeMap<Judgement, usize>,
    after: &BTreeMap<Judgement, usize>,
) -> Vec<String> {
    let keys = before.keys().chain(after.keys());
    let mut lines: Vec<String> = keys
        .filter(|key| before.get(key) != after.get(key))
        .map(|key| {
            let count = |side: &BTreeMap<Judgement, usize>| side.get(key).copied().unwrap_or(0);
            format!("{} → {}: {key:?}", count(before), count(after))
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

/// Asserts that what is said of the manifests stays when each is changed.
fn stays(manifests: &[Manifest], change: impl Fn(&[Manifest]) -> Vec<Manifest>) {
    let before = judge(manifests);
    assert!(
        before.keys().any(|j| j.verdict == "fail") && before.keys().any(|j| j.verdict == "pass"),
        "the manifests are judged"
    );
    let found = differences(&before, &judge(&change(manifests)));
    let shown: Vec<_> = found.iter().take(20).map(String::as_str).collect();
    assert!(
        found.is_empty(),
        "{} differ:\n{}",
        found.len(),
        shown.join("\n")
    );
}

/// Changes each file by itself.
fn each(change: impl Fn(&Manifest) -> Manifest) -> impl Fn(&[Manifest]) -> Vec<Manifest> {
    move |manifests| manifests.iter().map(&change).collect()
}

/// Only the files that other readers see the same values in.
fn plain(manifests: Vec<Manifest>) -> Vec<Manifest> {
    let plain: Vec<_> = manifests
        .into_iter()
        .filter(|m| m.values().is_some())
        .collect();
    assert!(plain.len() > 2, "some files are plain");
    plain
}

/// Changes the values of the documents of each file.
fn rewritten(manifests: &[Manifest], change: impl Fn(Vec<Value>) -> Vec<Value>) -> Vec<Manifest> {
    manifests
        .iter()
        .map(|manifest| {
            let values = change(manifest.values().expect("the file is plain"));
            let texts: Vec<String> = values
                .iter()
                .map(|v| serde_yaml::to_string(v).expect("a value can be written"))
                .collect();
            manifest.with(texts.join("---\n"))
        })
        .collect()
}

/// The same value with the keys of all mappings the other way round.
fn reversed(value: Value) -> Value {
    match value {
        Value::Mapping(map) => {
            let mut pairs: Vec<_> = map.into_iter().map(|(k, v)| (k, reversed(v))).collect();
            pairs.reverse();
            Value::Mapping(pairs.into_iter().collect())
        }
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(reversed).collect()),
        Value::Tagged(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            value
        }
    }
}

/// Whether a value is one object, and not a list of them.
fn is_one_object(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str);
    let one = kind.is_some_and(|k| !k.ends_with("List") && k != "AdmissionReview");
    one && value.get("apiVersion").is_some()
}

fn in_lists(values: Vec<Value>) -> Vec<Value> {
    let (objects, others): (Vec<_>, Vec<_>) = values.into_iter().partition(is_one_object);
    let mut list = serde_yaml::Mapping::new();
    list.insert("apiVersion".into(), "v1".into());
    list.insert("kind".into(), "List".into());
    list.insert("items".into(), Value::Sequence(objects));
    others.into_iter().chain([Value::Mapping(list)]).collect()
}

fn documents_reversed(manifest: &Manifest) -> Manifest {
    let mut documents = manifest.documents();
    documents.reverse();
    manifest.with(documents.join("---\n"))
}

fn split(manifests: &[Manifest]) -> Vec<Manifest> {
    let mut files = Vec::new();
    for manifest in manifests {
        for (index, text) in manifest.documents().into_iter().enumerate() {
            files.push(Manifest::new(
                format!("{}-{index}.yaml", manifest.stem()),
                text,
            ));
        }
    }
    files
}

fn joined(manifests: &[Manifest]) -> Vec<Manifest> {
    let texts: Vec<_> = manifests.iter().map(Manifest::text).collect();
    vec![Manifest::new("all.yaml", texts.join("\n---\n"))]
}

fn as_json(manifests: &[Manifest]) -> Vec<Manifest> {
    let mut files = Vec::new();
    for manifest in manifests {
        let values = manifest.values().expect("the file is plain");
        for (index, value) in values.iter().enumerate() {
            let json = serde_json::to_vec(value).expect("a manifest can be JSON");
            files.push(Manifest::new(
                format!("{}-{index}.json", manifest.stem()),
                json,
            ));
        }
    }
    files
}

/// A comment above every line that starts a key of a document's root, and around the whole.
fn commented(manifest: &Manifest) -> Manifest {
    let mut text = String::from("# privileged: true\n");
    for line in manifest.text().lines() {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            text.push_str("# hostNetwork: true, \"as 'text\n");
        }
        text.push_str(line);
        text.push('\n');
    }
    text.push_str("# the end");
    manifest.with(text)
}

fn with_crlf(manifest: &Manifest) -> Manifest {
    manifest.with(manifest.text().replace('\n', "\r\n"))
}

fn with_bom(manifest: &Manifest) -> Manifest {
    manifest.with(format!("\u{feff}{}", manifest.text()))
}

fn as_utf16(manifest: &Manifest, bytes: fn(u16) -> [u8; 2]) -> Manifest {
    let text = format!("\u{feff}{}", manifest.text());
    manifest.with(text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>())
}

fn renamed(manifests: &[Manifest]) -> Vec<Manifest> {
    let all = manifests.iter().rev().enumerate();
    all.map(|(index, m)| Manifest::new(format!("{}/ü {index:03}.yml", index % 3), m.bytes.clone()))
        .collect()
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let change = |values: Vec<Value>| values.into_iter().map(reversed).collect();
    stays(&plain(manifests()), |m| rewritten(m, change));
}

#[test]
fn the_order_of_documents_does_not_matter() {
    stays(&manifests(), each(documents_reversed));
}

#[test]
fn documents_may_stand_in_files_of_their_own() {
    stays(&manifests(), split);
}

#[test]
fn files_may_stand_in_one() {
    stays(&manifests(), joined);
}

#[test]
fn objects_may_stand_in_a_list() {
    stays(&plain(manifests()), |m| rewritten(m, in_lists));
}

#[test]
fn yaml_may_be_json() {
    stays(&plain(manifests()), as_json);
}

#[test]
fn comments_do_not_matter() {
    stays(&manifests(), each(commented));
}

#[test]
fn line_ends_do_not_matter() {
    stays(&manifests(), each(with_crlf));
}

#[test]
fn a_byte_order_mark_does_not_matter() {
    stays(&manifests(), each(with_bom));
}

#[test]
fn text_may_be_utf_16_of_either_order() {
    stays(&manifests(), each(|m| as_utf16(m, u16::to_le_bytes)));
    stays(&manifests(), each(|m| as_utf16(m, u16::to_be_bytes)));
}

#[test]
fn the_names_of_files_do_not_matter() {
    stays(&manifests(), renamed);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let manifests = manifests();
    let one = check(&manifests, &["--jobs", "1", "."]);
    let four = check(&manifests, &["--jobs", "4", "."]);
    assert_eq!(one.code, Some(1), "{}", one.stderr);
    assert_eq!(one.code, four.code);
    assert!(one.stdout == four.stdout && one.stderr == four.stderr);
}

#[test]
fn the_order_of_arguments_changes_no_byte() {
    let manifests = manifests();
    let mut names: Vec<&str> = manifests.iter().map(|m| m.name.as_str()).collect();
    let sorted = check(&manifests, &names);
    names.reverse();
    let third = names.len() / 3;
    names.rotate_left(third);
    let shuffled = check(&manifests, &names);
    assert_eq!(sorted.code, Some(1), "{}", sorted.stderr);
    assert!(sorted.stdout == shuffled.stdout && sorted.stderr == shuffled.stderr);
}

#[test]
fn a_file_that_is_named_twice_is_judged_once() {
    let manifests = manifests();
    let first = manifests.first().expect("there are files");
    let once = check(&manifests, &["."]).report();
    let name = first.name.clone();
    let dotted = format!("./{name}");
    let twice = check(&manifests, &[".", &name, &dotted]).report();
    assert_eq!(once.files.len(), twice.files.len());
    assert_eq!(once.judgements(), twice.judgements());
}

/// A pod's spec that may break any of the rules.
fn pod_spec() -> impl Strategy<Value = serde_json::Value> {
    let flag = || proptest::option::of(any::<bool>());
    let container = (
        flag(),
        flag(),
        proptest::option::of(0_i64..3),
        proptest::sample::subsequence(vec!["ALL", "NET_ADMIN", "NET_BIND_SERVICE", "été"], 0..4),
        proptest::sample::select(vec!["a", "a:latest", "r:5000/a:1", "a@sha256:00"]),
    )
        .prop_map(|(privileged, escalation, user, add, image)| {
            let mut security = serde_json::Map::new();
            let members = [
                ("privileged", privileged.map(Into::into)),
                ("allowPrivilegeEscalation", escalation.map(Into::into)),
                ("runAsUser", user.map(Into::into)),
            ];
            for (name, value) in members {
                value.map(|v: serde_json::Value| security.insert(name.into(), v));
            }
            if !add.is_empty() {
                security.insert("capabilities".into(), serde_json::json!({ "add": add }));
            }
            serde_json::json!({ "image": image, "securityContext": security })
        });
    (flag(), proptest::collection::vec(container, 1..3)).prop_map(|(network, mut containers)| {
        for (index, container) in containers.iter_mut().enumerate() {
            if let Some(container) = container.as_object_mut() {
                container.insert("name".into(), format!("c{index}").into());
            }
        }
        let mut spec = serde_json::json!({ "containers": containers });
        if let (Some(network), Some(spec)) = (network, spec.as_object_mut()) {
            spec.insert("hostNetwork".into(), network.into());
        }
        spec
    })
}

/// One file of a few objects.
fn any_manifest() -> impl Strategy<Value = Manifest> {
    proptest::collection::vec((pod_spec(), any::<bool>()), 1..4).prop_map(|specs| {
        let objects = specs.into_iter().enumerate().map(|(index, (spec, bare))| {
            let name = format!("o{index}");
            let object = if bare {
                serde_json::json!({
                    "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name }, "spec": spec,
                })
            } else {
                serde_json::json!({
                    "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": { "name": name },
                    "spec": { "template": { "spec": spec } },
                })
            };
            serde_yaml::to_string(&object).expect("an object can be written")
        });
        let texts: Vec<String> = objects.collect();
        Manifest::new("any.yaml", texts.join("---\n"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_of_form_may_be_combined(
        manifest in any_manifest(),
        values in 0_usize..4,
        lines in 0_usize..4,
        encoding in 0_usize..4,
    ) {
        let before = vec![manifest];
        let changed = match values {
            0 => rewritten(&before, in_lists),
            1 => rewritten(&before, |v| v.into_iter().map(reversed).collect()),
            2 => as_json(&before),
            _ => split(&before),
        };
        let is_json = values == 2;
        let changed = match lines {
            0 if !is_json => each(commented)(&changed),
            1 if !is_json => each(documents_reversed)(&changed),
            2 => each(with_crlf)(&changed),
            _ => changed,
        };
        let changed = match encoding {
            0 => each(with_bom)(&changed),
            1 => each(|m| as_utf16(m, u16::to_le_bytes))(&changed),
            2 => each(|m| as_utf16(m, u16::to_be_bytes))(&changed),
            _ => changed,
        };
        let found = differences(&judge(&before), &judge(&changed));
        prop_assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
