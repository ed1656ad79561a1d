//! The first day: a project file from what is there, and the beginnings of what people write. Nothing that is begun satisfies
//! anything, and nothing that is there is overwritten.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::Value;
use support::Folder;

/// A repository on Platform.sh with a document that has a review date.
fn found() -> Folder {
    Folder::with(&[
        (".platform.app.yaml", "name: app\n"),
        (
            "docs/policy.md",
            "# Policy\n\n**Next Review**: 2026-12-01\n",
        ),
        ("docs/notes.md", "# Notes\n"),
        (
            "rules/backups.yaml",
            "control: backups\ntitle: Backups\nstatement: {ask: Are there any?}\n",
        ),
    ])
}

#[test]
fn a_first_project_file_says_what_is_found_and_guesses_nothing() {
    let folder = found();
    let run = folder.onus(&["init"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let text = folder.text("onus.yaml");
    for line in [
        "onus: 1",
        "frameworks: []",
        "controls: [rules]",
        "documents: ['docs/*.md']",
        "    on: platformsh",
        "    plan: unknown",
        "    region: unknown",
    ] {
        assert!(
            text.lines().any(|l| l.starts_with(line)),
            "no {line} in\n{text}"
        );
    }
    // It loads, and says that nothing is chosen.
    let run = folder.onus(&["check", ".", "--now", "2026-11-21"]);
    assert!(run.stderr.is_empty(), "{}", run.shown());
    assert!(
        run.stdout.contains("no framework is chosen"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("plan unknown"), "{}", run.stdout);
    // It is not written twice.
    folder.write("onus.yaml", "onus: 1\n# mine\n");
    let run = folder.onus(&["init"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("is there already"), "{}", run.stderr);
    assert_eq!(folder.text("onus.yaml"), "onus: 1\n# mine\n");
}

#[test]
fn an_empty_folder_gives_a_project_file_without_a_provider() {
    let folder = Folder::new();
    let run = folder.onus(&["init"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(!folder.text("onus.yaml").contains("\n    on:"));
    let run = folder.onus(&["check", "."]);
    assert_eq!(run.code, Some(3), "{}", run.shown());
}

/// How everything in a folder of the user's own stands.
fn statuses(folder: &Folder) -> Vec<(String, String)> {
    let run = folder.onus(&["check", ".", "--now", "2026-11-21", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|e| panic!("no report: {e}\n{}", run.shown()));
    report["governance"]["controls"]
        .as_array()
        .expect("controls are a list")
        .iter()
        .map(|c| {
            (
                c["control"]
                    .as_str()
                    .expect("a control has an id")
                    .to_owned(),
                c["status"]
                    .as_str()
                    .expect("a control has a status")
                    .to_owned(),
            )
        })
        .collect()
}

#[test]
fn what_is_begun_loads_and_satisfies_nothing() {
    let folder = Folder::with(&[(
        "onus.yaml",
        "onus: 1\ncontrols: [compliance]\ngates: {filing: as-stated}\ndeployments: [{deployment: live, on: acme}]\n",
    )]);
    for args in [["new", "pack", "acme"], ["new", "control", "reviews"]] {
        let run = folder.onus(&args);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        assert!(!run.stdout.contains("next:"), "{}", run.stdout);
    }
    assert_eq!(
        statuses(&folder),
        [
            ("acme-backups".to_owned(), "not-assessed".to_owned()),
            ("reviews".to_owned(), "manual-pending".to_owned())
        ]
    );
    // The records of a control that asks for some.
    let with = folder.text("compliance/reviews.yaml").replace(
        "statement:\n  by: the role that says it\n  ask: What is to be said?\n",
        "evidence:\n  - {evidence: a, title: A, path: 'a/{year}-Q{quarter}.md', every: quarter, starts: 2026-07-01}\n  - {evidence: b, title: B, path: b.md, kind: document}\n  - {evidence: c, title: C, path: 'c/{year}.md', every: year, starts: 2025-01-01, kind: access-review}\n",
    );
    folder.write("compliance/reviews.yaml", &with);
    for args in [
        vec!["new", "evidence", "reviews", "a", "--on", "2026-09-30"],
        vec!["new", "evidence", "reviews", "b"],
        vec!["new", "evidence", "reviews", "c", "--on", "2025-06-01"],
    ] {
        let run = folder.onus(&args);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        let again = folder.onus(&args);
        assert_eq!(again.code, Some(2), "{}", again.shown());
    }
    assert!(folder.text("a/2026-Q3.md").contains("period: 2026-Q3"));
    assert!(folder.text("c/2025.md").contains("| subject | grant |"));
    let status = &statuses(&folder)[1];
    assert_eq!(status.1, "claim-only");
    let run = folder.onus(&["new", "evidence", "reviews"]);
    assert!(
        run.stderr.contains("name one of them: `a`, `b`, `c`"),
        "{}",
        run.shown()
    );
}

#[test]
fn a_proof_is_begun_from_the_terms_of_a_pack_and_is_no_proof() {
    let folder = Folder::with(&[
        ("onus.yaml", "onus: 1\ncontrols: [compliance]\n"),
        ("report.pdf", "the report"),
    ]);
    let run = folder.onus(&[
        "new",
        "attestation",
        "ours",
        "--terms",
        "platformsh-hipaa",
        "--report",
        "report.pdf",
    ]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let text = folder.text("compliance/ours.yaml");
    // Its digest is that of the file, and what the provider expects of us is there to be mapped.
    assert!(
        text.contains("sha256: 14e4cce86788499d03144f70ab24ca83d1abe97d55153c71ee1df55c5296c1f9"),
        "{text}"
    );
    assert!(text.contains("waf: our-control"), "{text}");
    let run = folder.onus(&["check", "."]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(
        run.stderr
            .contains("was to be replaced by a day, and was not"),
        "{}",
        run.stderr
    );
    // Each kind of report is asked for what it has.
    for (terms, has, lacks) in [
        ("modal-soc2", "\nopinion: ", "\nexpires: "),
        ("clickhouse-cloud-iso-27001", "\nedition: ", "\nopinion: "),
        ("clickhouse-cloud-pci", "\nexpires: ", "\nopinion: "),
    ] {
        let run = folder.onus(&[
            "new",
            "attestation",
            terms,
            "--terms",
            terms,
            "--folder",
            "other",
        ]);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        let text = folder.text(&format!("other/{terms}.yaml"));
        assert!(text.contains(has) && !text.contains(lacks), "{text}");
    }
    // Terms that leave the type open ask for it.
    let run = folder.onus(&["new", "attestation", "soc2", "--terms", "platformsh-soc2"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(folder.text("compliance/soc2.yaml").contains("\ntype: "));
    let run = folder.onus(&["new", "attestation", "x", "--terms", "platform-soc2"]);
    assert!(
        run.stderr.contains("did you mean `platformsh-soc2`?"),
        "{}",
        run.shown()
    );
}

#[test]
fn nothing_is_overwritten_and_no_pack_is_left_half_written() {
    let folder = Folder::with(&[("compliance/acme/attestations.yaml", "# mine\n")]);
    let run = folder.onus(&["new", "pack", "acme"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert_eq!(folder.text("compliance/acme/attestations.yaml"), "# mine\n");
    assert!(!folder.path().join("compliance/acme/party.yaml").exists());
    for id in ["../up", "a/b", "", ".hidden", "a b"] {
        let run = folder.onus(&["new", "control", id]);
        assert_eq!(run.code, Some(2), "{id:?}: {}", run.shown());
    }
}

const ACME: &str = "party: acme
title: Acme
plans: [free, paid]
regions: [{id: eu, on: aws}, us]
---
responsibility: acme
title: Acme and you
of: acme
source: its handbook
as_of: 2026-01-01
areas:
  - area: backups
    title: Backups
    subtype: dependent
    parts:
      - part: data
        title: Back up the data, with commas | and pipes
        assign:
          - {when: {plan: paid}, accountable: provider}
          - {when: \"principal has plan && principal.plan == \\\"free\\\" && principal has region && principal.region == \\\"eu\\\"\", accountable: customer}
      - {part: tests, title: Try to restore, both: both must}
      - {part: tapes, title: Keep tapes, not_applicable: there are none}
  - area: doors
    title: Doors
    parts:
      - {part: lock, title: Lock the doors, accountable: provider, performs: host}
";

#[test]
fn the_matrix_is_printed_for_deployments_and_for_every_case() {
    let folder = Folder::with(&[
        (
            "onus.yaml",
            "onus: 1\ncontrols: [ours]\ndeployments:\n  - {deployment: live, on: acme, plan: paid, region: eu}\n  - {deployment: test, on: acme, plan: free, region: us}\n  - {deployment: somewhere, on: acme}\n",
        ),
        ("ours/acme.yaml", ACME),
    ]);
    for format in ["text", "markdown", "csv", "json"] {
        let run = folder.onus(&["matrix", "--format", format, "--now", "2026-11-21"]);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        insta::assert_snapshot!(format!("matrix-{format}"), run.stdout);
    }
    let all = folder.onus(&[
        "matrix",
        "--all",
        "--provider",
        "acme",
        "--now",
        "2026-11-21",
    ]);
    insta::assert_snapshot!("matrix-all", all.shown());
    let csv = folder.onus(&["matrix", "--format", "csv"]).stdout;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().expect("there is a head").len();
    let rows: Vec<_> = reader
        .records()
        .map(|r| r.expect("every row is well-formed"))
        .collect();
    assert_eq!(rows.len(), 3 * 4);
    assert!(rows.iter().all(|r| r.len() == columns));
    let run = folder.onus(&["matrix", "lives"]);
    assert!(
        run.stderr.contains("did you mean `live`?"),
        "{}",
        run.shown()
    );
    let run = folder.onus(&["matrix", "--provider", "acmee"]);
    assert!(
        run.stderr.contains("did you mean `acme`?"),
        "{}",
        run.shown()
    );
}

#[test]
fn an_explanation_leads_from_the_requirement_to_the_line_of_the_config() {
    let folder = Folder::with(&[
        (
            "onus.yaml",
            "onus: 1\nframeworks: [kubernetes-pss/baseline]\n",
        ),
        (
            "shop/web.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  hostNetwork: true\n  containers: [{name: a, image: a:1}]\n",
        ),
    ]);
    let run = folder.onus(&[
        "explain",
        "host-namespaces",
        "--paths",
        "shop",
        "--now",
        "2026-11-21",
    ]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    insta::assert_snapshot!("explain", run.stdout);
    for id in [
        "cc6.1",
        "soc2/CC6.1",
        "a.8.24",
        "164.312(a)(1)",
        "platformsh",
        "modal-soc2",
    ] {
        let run = folder.onus(&["explain", id]);
        assert_eq!(run.code, Some(0), "{id}: {}", run.shown());
    }
}

/// The examples of the documentation, together, are a repository that can be judged.
#[test]
fn the_documentation_says_what_is_so() {
    let text = std::fs::read_to_string(support::repository().join("docs/controls.md"))
        .expect("the documentation can be read");
    let folder = Folder::new();
    let mut count = 0;
    for block in text.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        count += 1;
        if block.starts_with("onus:") {
            folder.write("onus.yaml", block);
        } else {
            folder.write(&format!("compliance/{count}.yaml"), block);
        }
    }
    assert!(count >= 6, "{count}");
    folder.write("docs/a.md", "# A\n");
    let run = folder.onus(&["check", ".", "--now", "2026-11-21"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert_eq!(run.stderr, "", "{}", run.shown());
    // Its own table of statuses is the one in the code.
    let schema = folder.onus(&["schema", "report"]).stdout;
    let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
    let statuses = &schema["$defs"]["because"]["properties"]["status"]["enum"];
    let statuses: Vec<&str> = statuses
        .as_array()
        .expect("the statuses are a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let told: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("| status |"))
        .skip(2)
        .map_while(|line| line.strip_prefix("| ")?.split(" | ").next())
        .collect();
    assert_eq!(told, statuses);
}

/// The examples about access, together, are a shop whose matrix, policies and people can be judged.
#[test]
fn the_documentation_of_access_says_what_is_so() {
    let text = std::fs::read_to_string(support::repository().join("docs/access.md"))
        .expect("the documentation can be read");
    let folder = Folder::new();
    let mut count = 0;
    for (language, place) in [
        ("yaml", "compliance"),
        ("cedar", "own/check"),
        ("cedarschema", "own"),
    ] {
        for block in text.split(&format!("```{language}\n")).skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            count += 1;
            // A schema is written in the language of policies: it declares a namespace.
            let path = match (language, block.contains("namespace ")) {
                ("cedar", true) => "own/shop/schema.cedarschema".to_owned(),
                ("cedar", false) => format!("{place}-{count}/policy.cedar"),
                _ => format!("{place}/{count}.yaml"),
            };
            folder.write(&path, block);
        }
    }
    assert_eq!(count, 5);
    folder.write(
        "roles.csv",
        "role,action\nclerk,order.create\nmanager,*\nmanager,order.delete\n",
    );
    let run = folder.onus(&[
        "check",
        "--controls",
        "compliance",
        "--policies",
        "own",
        ".",
    ]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert_eq!(run.stderr, "", "{}", run.shown());
    for told in [
        "whoever takes an order does not give its money back",
        "`order.delete` is given, and no row of the matrix is about it",
        "only-declared-actions",
    ] {
        assert!(run.stdout.contains(told), "{told}: {}", run.stdout);
    }
}
