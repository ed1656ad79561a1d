//! A permission matrix of a document against the roles of the code: every disagreement, each with both lines, and nothing else.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Folder, onus, repository};

const PLACE: &str = "tests/systems/parhelia-roles";

/// What a finding is about, the line of the matrix, and the line of the grants.
type Found = (String, u32, u32);

/// A file, what is written over with what, and the findings that come and go.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// The findings of a report: for people, who see the line of the matrix, and for machines, which have the place in the grants.
fn findings(text: &str, json: &str) -> BTreeSet<Found> {
    let report: Value = serde_json::from_str(json).expect("a report");
    let place = |about: &str| {
        let evaluations = report["evaluations"].as_array().expect("evaluations");
        let id = format!("parhelia-permissions/{about}");
        let found = evaluations.iter().find(|e| e["target"]["id"] == id);
        let location = &found.expect("both reports have it")["location"];
        let file = location["file"].as_str().expect("a file");
        assert!(file.ends_with("/roles.toml"), "{file}");
        let line = location["line"].as_u64().expect("a line");
        u32::try_from(line).expect("a short file")
    };
    text.split("fail high: ")
        .skip(1)
        .map(|block| {
            let about = block.lines().next().expect("a head");
            let about = about.split_once("parhelia-permissions/").expect("an id").1;
            let behind = block.split("parhelia-permissions.yaml:").nth(1);
            let digits = behind
                .and_then(|b| b.split(':').next())
                .expect("a line of the matrix");
            let line = digits.parse().expect("a number");
            (about.to_owned(), line, place(about))
        })
        .collect()
}

/// The list that was written by hand.
fn expected() -> BTreeSet<Found> {
    let list = repository().join(PLACE).join("disagreements.csv");
    let mut rows = csv::Reader::from_path(list).expect("the list");
    rows.records()
        .map(|row| {
            let row = row.expect("a row");
            let about = match &row[2] {
                "no row" => row[0].to_owned(),
                _ => format!("{}: {}", &row[1], &row[0]),
            };
            let number = |cell: &str| cell.parse().expect("a number");
            (about, number(&row[3]), number(&row[5]))
        })
        .collect()
}

#[test]
fn the_matrix_and_the_roles_disagree_where_the_list_says_and_nowhere_else() {
    let controls = format!("{PLACE}/compliance");
    let check = "parhelia-permissions";
    let report = |format: &str| {
        let args = [
            "check",
            "--controls",
            &controls,
            "--check",
            check,
            "--format",
            format,
            PLACE,
        ];
        let run = onus(&repository(), &args);
        assert_eq!(run.code, Some(1), "{}", run.shown());
        run.stdout
    };
    let text = report("text");
    assert_eq!(findings(&text, &report("json")), expected(), "{text}");
    insta::assert_snapshot!(text);
}

/// What is done to the files, and the findings that it makes beside the three, or takes away.
#[test]
fn each_cell_is_held_against_what_is_granted() {
    let read = |name: &str| {
        let path = repository().join(PLACE).join(name);
        std::fs::read_to_string(path).expect("it can be read")
    };
    let (matrix, roles, people) = (
        read("compliance/parhelia-permissions.yaml"),
        read("roles.toml"),
        read("parhelia.toml"),
    );
    let before: BTreeSet<String> = expected().into_iter().map(|(about, ..)| about).collect();
    let cases: [Case; 7] = [
        // Every permission of the list is one that the matrix asks for: without it, that cell fails and no other.
        (
            "roles.toml",
            "\"session.create\", ",
            "",
            &["operator: Session create"],
            &[],
        ),
        (
            "roles.toml",
            "\"logs.read\", \"metrics.read\",\n]\nviewer",
            "\"logs.read\",\n]\nviewer",
            &["operator: View metrics"],
            &[],
        ),
        // What the matrix says no to.
        (
            "roles.toml",
            "\"session.list\", ",
            "\"session.create\", ",
            &["viewer: Session create"],
            &[],
        ),
        (
            "roles.toml",
            "\"session.list\", ",
            "\"*\", ",
            &[
                "viewer: Checkpoint create",
                "viewer: Checkpoint restore",
                "viewer: Secrets management",
                "viewer: Session attach",
                "viewer: Session create",
                "viewer: Session terminate",
                "viewer: System configuration",
                "viewer: User management",
            ],
            &["viewer: Export audit logs"],
        ),
        (
            "parhelia-permissions.yaml",
            "actions: logs.read,          cells: {admin: yes, operator: yes, viewer: yes}",
            "actions: logs.read,          cells: {admin: yes, operator: yes, viewer: no}",
            &["viewer: View logs"],
            &[],
        ),
        // A row for what had none.
        (
            "parhelia-permissions.yaml",
            "rows:\n",
            "rows:\n  - {label: List sessions, actions: session.list, cells: {admin: yes, operator: no, viewer: yes}}\n",
            &[],
            &["session.list"],
        ),
        // A role that the matrix does not know.
        (
            "roles.toml",
            "[permissions]\n",
            "[permissions]\nauditor = [\"logs.read\"]\n",
            &["auditor: no column"],
            &[],
        ),
    ];
    for (file, from, to, more, less) in cases {
        let edited = |name: &str, text: &str| {
            if name != file {
                return text.to_owned();
            }
            assert!(text.contains(from), "{from} is not in {name}");
            text.replacen(from, to, 1)
        };
        let folder = Folder::with(&[
            (
                "compliance/parhelia-permissions.yaml",
                &edited("parhelia-permissions.yaml", &matrix),
            ),
            ("roles.toml", &edited("roles.toml", &roles)),
            ("parhelia.toml", &people),
        ]);
        let args = [
            "check",
            "--controls",
            "compliance",
            "--check",
            "parhelia-permissions",
            "--format",
            "json",
            ".",
        ];
        let run = folder.onus(&args);
        let report: Value = serde_json::from_str(&run.stdout).expect("a report");
        let found: BTreeSet<String> = report["evaluations"]
            .as_array()
            .expect("evaluations")
            .iter()
            .map(|e| {
                let id = e["target"]["id"].as_str().expect("an id");
                id.split_once('/').expect("the matrix").1.to_owned()
            })
            .collect();
        let mut wanted = before.clone();
        wanted.extend(more.iter().map(|&s| s.to_owned()));
        for gone in less {
            assert!(wanted.remove(*gone), "{gone}");
        }
        assert_eq!(found, wanted, "{from} → {to}\n{}", run.stdout);
    }
}
