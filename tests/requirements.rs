//! Documents taken apart into rows: what covers each of them, and that nothing of a document is forgotten.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::{Folder, repository};

const ROWS: &str = "\
requirements: shop
title: What the handbook demands
rows:
  - {row: SH-1, statement: Nothing runs privileged, kind: config-constraint, lines: 14-19, methods: [cedar]}
  - {row: SH-2, statement: Access is reviewed every quarter, lines: 20, methods: [freshness, manual]}
  - {row: SH-3, statement: Ids of requirements exist, methods: lint}
  - {row: SH-4, statement: There is a table of contents, out_of_scope: it demands nothing}
  - {row: SH-5, statement: Pods are small, methods: [cedar], unmet: {cedar: it says no number}}
  - {row: SH-6, statement: Nobody knows}
  - {row: SH-7, statement: 'Said, and not decided', methods: [cedar, lint, freshness]}
  - {row: SH-8, statement: Who may do what, methods: [cedar]}
  - {row: SH-9, statement: The provider has a report of this year, methods: [cedar, freshness]}
";

const CONTROLS: &str = "\
control: pods
title: Pods
satisfies: [aicpa-tsc-2017/CC6.2]
covers: [{row: SH-1, by: no-privileged-containers}, SH-5]
checks: [no-privileged-containers]
---
control: reviews
title: Reviews
satisfies: [aicpa-tsc-2017/CC6.2]
covers: [SH-2, {row: SH-3, by: [lint/unknown-requirement, lint/refused]}, {row: SH-7, by: statement}]
evidence: [{evidence: q, title: Q, path: 'r/{year}-Q{quarter}.md', every: quarter}]
statement: {ask: is it so?}
---
control: matrix
title: Who may do what
satisfies: [aicpa-tsc-2017/CC6.2]
covers: [{row: SH-8, by: matrix}]
checks: [duties, no-privileged-containers]
---
control: provided
title: The provider's part
satisfies: [aicpa-tsc-2017/A1.2]
covers: [{row: SH-9, by: responsibility}]
responsibility: platformsh/backups
---
permissions: duties
title: Duties
system: kubernetes
roles: [view]
rows:
  - {label: Look, actions: get, resources: pods, cells: {view: yes}}
";

/// A folder of ours with these documents.
fn shop() -> Folder {
    Folder::with(&[("ours/rows.yaml", ROWS), ("ours/controls.yaml", CONTROLS)])
}

fn list(folder: &Folder, more: &[&str]) -> support::Run {
    let mut args = vec!["list", "requirements", "--controls", "ours"];
    args.extend(more);
    folder.onus(&args)
}

/// The rows of a list in JSON, by id.
fn rows(text: &str) -> BTreeMap<String, Value> {
    let list: Value = serde_json::from_str(text).expect("a list in JSON");
    let rows = list["requirements"].as_array().expect("rows").clone();
    let id = |row: &Value| row["row"].as_str().expect("an id").to_owned();
    rows.into_iter().map(|row| (id(&row), row)).collect()
}

#[test]
fn each_row_is_listed_with_what_covers_it_and_what_is_open() {
    let folder = shop();
    let shown: Vec<String> = ["text", "csv", "json"]
        .into_iter()
        .map(|format| {
            let run = list(&folder, &["--system", "shop", "--format", format]);
            assert_eq!(run.code, Some(0), "{}", run.shown());
            run.stdout.replace('\r', "")
        })
        .collect();
    insta::assert_snapshot!("rows", shown.join("\n"));
    let run = folder.onus(&["explain", "SH-2", "--controls", "ours"]);
    assert!(
        run.stdout
            .contains("by reviews: evidence q and a statement"),
        "{}",
        run.shown()
    );
    let run = folder.onus(&["explain", "reviews", "--controls", "ours"]);
    assert!(
        run.stdout
            .contains("covers row SH-3 by lint/unknown-requirement, lint/refused\n"),
        "{}",
        run.shown()
    );
}

#[test]
fn a_system_that_has_no_requirements_is_met_with_the_nearest() {
    let run = list(&shop(), &["--system", "shopp"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(
        run.stderr.contains("did you mean `shop`?"),
        "{}",
        run.shown()
    );
    let folder = shop();
    for wrong in [["--system", "shop"], ["--format", "csv"]] {
        let run = folder.onus(&["list", "checks", wrong[0], wrong[1]]);
        assert_eq!(run.code, Some(2), "{}", run.shown());
    }
}

/// The rows of the packs: as they come, and in each of our systems, whose own controls cover more.
fn listed() -> Vec<BTreeMap<String, Value>> {
    let systems = std::fs::read_dir(repository().join("tests/systems")).expect("there are systems");
    let mut folders: Vec<_> = systems
        .map(|entry| entry.expect("a folder").path())
        .filter(|folder| folder.join("onus.yaml").is_file())
        .filter(|folder| !folder.to_string_lossy().ends_with("-wrong"))
        .collect();
    folders.sort();
    folders.push(repository());
    folders
        .iter()
        .map(|folder| {
            let run = support::onus(folder, &["list", "requirements", "--format", "json"]);
            assert_eq!(run.code, Some(0), "{}: {}", folder.display(), run.shown());
            rows(&run.stdout)
        })
        .collect()
}

/// The rows of the packs of which something is so wherever they are listed.
fn wherever(is: impl Fn(&Value) -> bool) -> Vec<String> {
    let listed = listed();
    let ids: BTreeSet<&String> = listed.iter().flat_map(BTreeMap::keys).collect();
    ids.into_iter()
        .filter(|id| listed.iter().filter_map(|rows| rows.get(*id)).all(&is))
        .cloned()
        .collect()
}

#[test]
fn every_row_of_every_pack_is_covered_or_out_of_scope() {
    let forgotten = wherever(|row| {
        row["covered_by"].as_array().is_none_or(Vec::is_empty) && row["out_of_scope"].is_null()
    });
    assert!(forgotten.is_empty(), "{}", forgotten.join(" "));
}

/// A method that nothing serves says why.
#[test]
fn every_method_of_every_row_is_served_or_says_why_not() {
    let silent = wherever(|row| {
        let unserved = row["unserved"].as_array().expect("a list");
        unserved.iter().any(|u| u["reason"].is_null())
    });
    assert!(silent.is_empty(), "{}", silent.join(" "));
}

/// The list that the five documents were taken apart into, where it lies beside the repository.
#[test]
fn the_rows_of_the_packs_are_those_of_the_documents() {
    let list = repository().join("../shared/domain/requirements.yaml");
    let Ok(text) = std::fs::read_to_string(&list) else {
        println!("the rows of the five documents: absent, skipped");
        return;
    };
    let theirs: Value = serde_yaml::from_str(&text).expect("the list is YAML");
    let theirs = theirs["requirements"].as_array().expect("a list");
    assert_eq!(theirs.len(), 515);
    let run = support::onus(&repository(), &["list", "requirements", "--format", "json"]);
    let ours = rows(&run.stdout);
    if ours.is_empty() {
        println!("the rows of the five documents: no pack has any, skipped");
        return;
    }
    let mut wrong = Vec::new();
    let mut known = BTreeSet::new();
    for row in theirs {
        let id = row["id"].as_str().expect("an id");
        known.insert(id.to_owned());
        let Some(found) = ours.get(id) else {
            wrong.push(format!("{id} is in no pack"));
            continue;
        };
        for key in ["statement", "kind", "lines", "methods"] {
            if found[key] != row[key] {
                wrong.push(format!(
                    "{id}: {key} is {} and not {}",
                    found[key], row[key]
                ));
            }
        }
    }
    wrong.extend(
        ours.keys()
            .filter(|id| !known.contains(*id))
            .map(|id| format!("{id} is in no document")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
