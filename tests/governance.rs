//! Who must do what, and did they: the tables of the four providers, the records of one year, and what people write wrongly.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use support::{Folder, Run, proof, records, repository};

/// Runs a check on a day and reads the report.
fn judged(folder: &Folder, now: &str, more: &[&str]) -> Governed {
    let mut args = vec!["check", ".", "--now", now, "--format", "json"];
    args.extend(more);
    Governed::of(&folder.onus(&args))
}

/// The part of a report that this is about.
#[derive(Debug)]
struct Governed {
    code: Option<i32>,
    report: Value,
}

/// One part of a control, with its reasons.
#[derive(Debug)]
struct Part<'r> {
    status: &'r str,
    accountable: Option<&'r str>,
    requirement: Option<&'r str>,
    in_scope: Option<bool>,
    /// Reason and message.
    reasons: Vec<(&'r str, &'r str)>,
}

impl Governed {
    fn of(run: &Run) -> Self {
        let report = serde_json::from_str(&run.stdout)
            .unwrap_or_else(|e| panic!("no report: {e}\n{}", run.shown()));
        Self {
            code: run.code,
            report,
        }
    }

    fn list(&self, name: &str) -> &[Value] {
        self.report["governance"][name]
            .as_array()
            .unwrap_or_else(|| panic!("no `{name}` in {}", self.report["governance"]))
    }

    /// The parts of a control in a deployment whose id ends so.
    fn parts(&self, control: &str, deployment: &str, part: &str) -> Vec<Part<'_>> {
        let found: Vec<Part<'_>> = self
            .list("controls")
            .iter()
            .filter(|c| c["control"] == control && c["deployment"] == deployment)
            .flat_map(|c| c["parts"].as_array().expect("parts are a list"))
            .filter(|p| {
                p["part"]
                    .as_str()
                    .expect("a part has an id")
                    .ends_with(part)
            })
            .map(|p| Part {
                status: p["status"].as_str().expect("a part has a status"),
                accountable: p["accountable"].as_str(),
                requirement: p["requirement"].as_str(),
                in_scope: p["in_scope"].as_bool(),
                reasons: p["reasons"]
                    .as_array()
                    .expect("reasons are a list")
                    .iter()
                    .map(|r| {
                        (
                            r["reason"].as_str().expect("a reason has a name"),
                            r["message"].as_str().expect("a reason has a message"),
                        )
                    })
                    .collect(),
            })
            .collect();
        assert!(!found.is_empty(), "no {control} {part} in {deployment}");
        found
    }

    /// The part of a control for a requirement.
    fn part_for(&self, control: &str, deployment: &str, part: &str, requirement: &str) -> Part<'_> {
        self.parts(control, deployment, part)
            .into_iter()
            .find(|p| p.requirement.is_none_or(|r| r == requirement))
            .unwrap_or_else(|| panic!("no {control} {part} for {requirement} in {deployment}"))
    }

    fn status(&self, control: &str) -> &str {
        self.list("controls")
            .iter()
            .find(|c| c["control"] == control)
            .and_then(|c| c["status"].as_str())
            .unwrap_or_else(|| panic!("no control {control}"))
    }

    /// Names and messages of observations.
    fn observed(&self) -> Vec<(&str, &str)> {
        self.list("observations")
            .iter()
            .map(|o| {
                (
                    o["observation"].as_str().expect("it has a name"),
                    o["message"].as_str().expect("it has a message"),
                )
            })
            .collect()
    }

    fn requirement(&self, id: &str) -> &Value {
        self.report["requirements"]
            .as_array()
            .expect("requirements are a list")
            .iter()
            .find(|r| {
                let framework = r["framework"].as_str().unwrap_or_default();
                let requirement = r["requirement"].as_str().unwrap_or_default();
                format!("{framework}/{requirement}") == id
            })
            .unwrap_or_else(|| panic!("no requirement {id}"))
    }
}

fn table<T: for<'a> Deserialize<'a>>(name: &str) -> Vec<T> {
    records(&repository().join("tests/governance").join(name))
}

#[derive(Debug, Deserialize)]
struct ScopeRow {
    date: String,
    region: String,
    plan: String,
    offering: String,
    pci: String,
    soc2: String,
    hipaa: String,
}

/// The seed says it in three lines; the documents since then add plans and offerings, each with its day.
#[test]
fn platformsh_is_in_scope_where_and_since_when_its_documents_say_so() {
    let rows: Vec<ScopeRow> = table("platformsh-scope.csv");
    let days: BTreeSet<&str> = rows.iter().map(|r| r.date.as_str()).collect();
    let mut cells = 0;
    for day in days {
        let of_day: Vec<&ScopeRow> = rows.iter().filter(|r| r.date == day).collect();
        let mut setup = String::from(
            "onus: 1\nframeworks: [pci-dss-4.0.1, aicpa-tsc-2017, hipaa-security-rule]\ndeployments:\n",
        );
        for (index, row) in of_day.iter().enumerate() {
            let _ = writeln!(
                setup,
                "  - {{deployment: d{index}, on: platformsh, region: {}, plan: {}, offering: {}}}",
                row.region, row.plan, row.offering
            );
        }
        let governed = judged(&Folder::with(&[("onus.yaml", setup)]), day, &[]);
        for (index, row) in of_day.iter().enumerate() {
            for (requirement, expected) in [
                ("pci-dss-4.0.1/6.3", &row.pci),
                ("aicpa-tsc-2017/CC7.1", &row.soc2),
                ("hipaa-security-rule/164.308(a)(7)(ii)(A)", &row.hipaa),
            ] {
                let (control, part) = match requirement {
                    "hipaa-security-rule/164.308(a)(7)(ii)(A)" => {
                        ("platformsh-backups", "backups/infrastructure")
                    }
                    _ => ("platformsh-patch-management", "/platform"),
                };
                let part = governed.part_for(control, &format!("d{index}"), part, requirement);
                let word = match part.in_scope {
                    Some(true) => "in",
                    Some(false) => "out",
                    None => "open",
                };
                assert_eq!(
                    word, expected,
                    "{requirement} of {row:?}: {:?}",
                    part.reasons
                );
                // In scope and inherited are two answers: nobody has shown a report.
                assert_eq!(part.status, "inherited-unproven", "{row:?}");
                cells += 1;
            }
        }
    }
    assert_eq!(cells, rows.len() * 3);
    assert!(cells >= 120, "{cells}");
}

#[test]
fn a_region_that_platformsh_does_not_have_is_named_with_a_guess() {
    let folder = Folder::with(&[(
        "onus.yaml",
        "onus: 1\nframeworks: [aicpa-tsc-2017]\ndeployments:\n  - {deployment: live, on: platformsh, region: fr-33}\n",
    )]);
    let governed = judged(&folder, "2026-11-21", &[]);
    let observations = governed.list("observations");
    let found = observations
        .iter()
        .find(|o| o["observation"] == "not-offered")
        .expect("the region is reported");
    assert_eq!(
        found["message"],
        "`platformsh` has no region `fr-33` (deployment `live`)"
    );
    assert_eq!(found["help"], "did you mean `fr-3`?");
    assert_eq!(found["locations"][0]["line"], 4);
    assert_eq!(governed.code, Some(1));
}

#[derive(Debug, Deserialize)]
struct BackupRow {
    plan: String,
    offering: String,
    accountable: String,
}

#[test]
fn nobody_is_accountable_for_backups_on_the_grid_of_enterprise_and_elite() {
    let rows: Vec<BackupRow> = table("platformsh-backups.csv");
    let mut setup = String::from("onus: 1\nframeworks: [aicpa-tsc-2017]\ndeployments:\n");
    for (index, row) in rows.iter().enumerate() {
        let _ = writeln!(
            setup,
            "  - {{deployment: d{index}, on: platformsh, region: eu, plan: {}, offering: {}}}",
            row.plan, row.offering
        );
    }
    let folder = Folder::with(&[("onus.yaml", setup)]);
    let governed = judged(&folder, "2026-11-21", &[]);
    for (index, row) in rows.iter().enumerate() {
        let part = governed.part_for(
            "platformsh-backups",
            &format!("d{index}"),
            "backups/application-data",
            "aicpa-tsc-2017/A1.2",
        );
        let reason = part.reasons[0].0;
        let word = match (part.accountable, reason) {
            (Some(owner), _) => owner,
            (None, "unassigned") => "nobody",
            (None, "fact-unknown") => "open",
            (None, other) => other,
        };
        assert_eq!(word, row.accountable, "{row:?}: {:?}", part.reasons);
        let status = match word {
            "nobody" => "not-satisfied",
            "open" => "undetermined",
            // Who answers for backups shows them by records, and there are none.
            "customer" => "not-satisfied",
            _ => "inherited-unproven",
        };
        assert_eq!(part.status, status, "{row:?}");
    }
    let gap = governed
        .list("observations")
        .iter()
        .find(|o| o["observation"] == "responsibility-gap")
        .expect("the gap is found without any deployment that has it");
    let message = gap["message"].as_str().expect("it has a message");
    for word in [
        "application code and databases",
        "elite",
        "enterprise",
        "grid",
    ] {
        assert!(message.contains(word), "{message}");
    }
    assert!(!message.contains("professional"), "{message}");
    assert!(!message.contains("dedicated"), "{message}");
    assert_eq!(gap["whose"], "provider:platformsh");
    assert_eq!(
        gap["locations"][0]["file"],
        "controls/platformsh/responsibility.yaml"
    );
}

#[derive(Debug, Deserialize)]
struct HipaaRow {
    plan: String,
    baa: String,
    region: String,
    region_type: String,
    missing: String,
}

#[test]
fn clickhouse_hipaa_needs_plan_agreement_region_and_type_and_says_which_is_missing() {
    let rows: Vec<HipaaRow> = table("clickhouse-hipaa.csv");
    let agreements: BTreeSet<&str> = rows.iter().map(|r| r.baa.as_str()).collect();
    let mut seen = 0;
    for baa in agreements {
        let mut setup =
            String::from("onus: 1\nframeworks: [hipaa-security-rule]\ncontrols: [ours]\n");
        let status = match baa {
            "none" => String::new(),
            "expired" => "status: signed, signed: 2024-01-01, expires: 2026-11-20".to_owned(),
            "signed" => "status: signed, signed: 2024-01-01".to_owned(),
            other => format!("status: {other}"),
        };
        if !status.is_empty() {
            let _ = writeln!(
                setup,
                "agreements:\n  - {{agreement: baa-1, kind: baa, with: clickhouse-cloud, {status}}}"
            );
        }
        setup.push_str("deployments:\n");
        let of_baa: Vec<&HipaaRow> = rows.iter().filter(|r| r.baa == baa).collect();
        for (index, row) in of_baa.iter().enumerate() {
            let _ = writeln!(
                setup,
                "  - {{deployment: d{index}, on: clickhouse-cloud, offering: cloud, plan: {}, region: {}, region_type: {}}}",
                row.plan, row.region, row.region_type
            );
        }
        let folder = Folder::with(&[
            ("onus.yaml", setup),
            ("ours/hipaa.yaml", proof("clickhouse-cloud-hipaa", "")),
        ]);
        let governed = judged(&folder, "2026-11-21", &[]);
        for (index, row) in of_baa.iter().enumerate() {
            let part = governed.part_for(
                "clickhouse-cloud-encryption",
                &format!("d{index}"),
                "encryption/encryption",
                "hipaa-security-rule/164.312(a)(2)(iv)",
            );
            let missing: BTreeSet<&str> = part
                .reasons
                .iter()
                .filter_map(|(reason, message)| match *reason {
                    "agreement-unsigned" => Some("agreement"),
                    "out-of-scope" if message.contains("type of the region") => {
                        Some("type of the region")
                    }
                    "out-of-scope" if message.contains("does not offer") => Some("not offered"),
                    "out-of-scope" if message.starts_with("the plan") => Some("plan"),
                    "out-of-scope" if message.starts_with("the region") => Some("region"),
                    "inherited-from" => None,
                    _ => panic!("{row:?}: {reason} {message}"),
                })
                .collect();
            let expected: BTreeSet<&str> =
                row.missing.split(';').filter(|m| !m.is_empty()).collect();
            assert_eq!(missing, expected, "{row:?}");
            let status = if expected.is_empty() {
                "inherited"
            } else {
                "inherited-unproven"
            };
            assert_eq!(part.status, status, "{row:?}");
            seen += 1;
        }
    }
    assert_eq!(seen, rows.len());
}

const ON_PHALA: &str = "onus: 1
frameworks: [aicpa-tsc-2017, hipaa-security-rule]
controls: [ours]
deployments:
  - {deployment: live, on: phala-cloud}
";

#[test]
fn a_type_one_report_never_speaks_of_operation() {
    // Even when it is held, read, and a matrix of our own lets us inherit.
    let folder = Folder::with(&[
        ("onus.yaml", ON_PHALA.to_owned()),
        ("ours/soc2.yaml", proof("phala-cloud-soc2-type-1", "")),
        (
            "ours/matrix.yaml",
            "responsibility: phala-ours\ntitle: As agreed with Phala\nof: phala-cloud\nareas:\n  - area: encryption\n    title: Encryption\n    parts:\n      - {part: at-rest, title: Encryption at rest, accountable: provider, inheritable: aicpa-tsc-2017/CC6.1}\n"
                .to_owned(),
        ),
        (
            "ours/encryption.yaml",
            "control: encryption\ntitle: Encryption\nsatisfies: [aicpa-tsc-2017/CC6.1]\nresponsibility: phala-ours/encryption\n"
                .to_owned(),
        ),
    ]);
    let governed = judged(&folder, "2026-11-21", &[]);
    let part = governed.part_for("encryption", "live", "at-rest", "aicpa-tsc-2017/CC6.1");
    assert_eq!(part.status, "inherited-unproven");
    let reasons: Vec<&str> = part.reasons.iter().map(|r| r.0).collect();
    assert_eq!(reasons, ["type-one"], "{:?}", part.reasons);

    // What the vendor lists of itself is the vendor's, and nothing of it can be inherited.
    let listed = governed.part_for(
        "phala-cloud-encryption",
        "live",
        "encryption/provider",
        "aicpa-tsc-2017/CC6.1",
    );
    assert_eq!(listed.accountable, Some("phala-cloud"));
    assert!(listed.reasons.iter().any(|r| r.0 == "not-inheritable"));

    // Promised for some day, and an agreement that can be had: neither is there.
    let hipaa = governed.part_for(
        "phala-cloud-encryption",
        "live",
        "encryption/provider",
        "hipaa-security-rule/164.312(a)(2)(iv)",
    );
    let reasons: BTreeSet<&str> = hipaa.reasons.iter().map(|r| r.0).collect();
    for reason in [
        "attestation-planned",
        "agreement-unsigned",
        "report-missing",
    ] {
        assert!(reasons.contains(reason), "{reasons:?}");
    }
    // The two-factor login of the provider's staff is not that of our users.
    let own = governed.part_for(
        "phala-cloud-access-control",
        "live",
        "access-control/own-users",
        "aicpa-tsc-2017/CC6.1",
    );
    assert_eq!(own.accountable, Some("customer"));
    assert_eq!(own.status, "manual-pending");
}

fn on_modal(attestation: Option<String>) -> Governed {
    let folder = Folder::with(&[(
        "onus.yaml",
        "onus: 1\nframeworks: [aicpa-tsc-2017]\ncontrols: [ours]\ndeployments:\n  - {deployment: live, on: modal, plan: team}\n",
    )]);
    let none = "control: nothing\ntitle: Nothing yet\nplanned: in the spring\n".to_owned();
    folder.write("ours/modal.yaml", attestation.unwrap_or(none));
    judged(&folder, "2026-11-21", &[])
}

/// What we record of Modal's report, and what it then says of isolation for `CC6.8`.
#[test]
fn a_type_two_report_is_inherited_per_criterion_once_it_is_recorded_and_read() {
    let report = "report: {locator: x, sha256: 0000000000000000000000000000000000000000000000000000000000000000}\n";
    for (recorded, expected) in [
        (None, "report-missing"),
        (Some(""), "inherited-from"),
        (Some("status: planned\n"), "attestation-planned"),
        (Some("status: lapsed\n"), "attestation-lapsed"),
        (Some("type: soc2-type-1\n"), "type-one"),
        (Some("type: self-assessment\n"), "not-independent"),
        (Some("opinion: qualified\n"), "opinion-qualified"),
        (Some("opinion: adverse\n"), "opinion-qualified"),
        (
            Some("exceptions: [{criteria: CC6.8, note: late patches}]\n"),
            "criterion-qualified",
        ),
        (Some("exceptions: [{criteria: CC6.1}]\n"), "inherited-from"),
        (Some("criteria: [CC6.1-6.7]\n"), "criterion-not-covered"),
        (Some("criteria: [CC6.*]\n"), "inherited-from"),
        (
            Some("categories: [availability]\n"),
            "criterion-not-covered",
        ),
        // Twelve months on the day, and a day more.
        (
            Some("period: {from: 2024-12-01, to: 2025-11-21}\n"),
            "inherited-from",
        ),
        (
            Some("period: {from: 2024-12-01, to: 2025-11-20}\n"),
            "attestation-lapsed",
        ),
        (
            Some(
                "period: {from: 2024-09-01, to: 2025-08-21}\nbridge: {issued: 2026-11-01, to: 2026-12-31}\n",
            ),
            "inherited-from",
        ),
        (
            Some(
                "period: {from: 2024-09-01, to: 2025-08-20}\nbridge: {issued: 2026-11-01, to: 2026-12-31}\n",
            ),
            "attestation-lapsed",
        ),
        (
            Some(
                "period: {from: 2024-09-01, to: 2025-08-21}\nbridge: {issued: 2026-06-01, to: 2026-10-31}\n",
            ),
            "attestation-lapsed",
        ),
        (
            Some("reviewed: {by: Ada, on: 2026-11-22}\n"),
            "report-not-reviewed",
        ),
        (
            Some("reviewed: {by: Ada, on: 2026-01-01, again_by: 2026-11-20}\n"),
            "report-not-reviewed",
        ),
        (
            Some("reviewed: {by: Ada, on: 2025-11-20}\n"),
            "report-not-reviewed",
        ),
        (Some("review_by: 2026-11-20\n"), "terms-outdated"),
        (
            Some("cuecs: [{id: C-1, title: Keep tokens secret, criteria: CC6.8}]\n"),
            "cuec-unmapped",
        ),
        (
            Some(
                "cuecs: [{id: C-1, title: Keep tokens secret, criteria: CC6.8}]\nmapped: {C-1: organisation-access-reviews}\n",
            ),
            "inherited-from",
        ),
        (
            Some("cuecs: [{id: C-1, title: Keep tokens secret, criteria: CC6.1}]\n"),
            "inherited-from",
        ),
        (
            Some("subservice: [{party: aws, method: carve-out}]\n"),
            "chain-open",
        ),
        (
            Some("subservice: [{party: aws, method: inclusive}]\n"),
            "inherited-from",
        ),
        (
            Some("subservice: [{party: aws, method: carve-out, criteria: CC6.4}]\n"),
            "inherited-from",
        ),
    ] {
        let text = recorded.map(|more| proof("modal-soc2", more));
        let governed = on_modal(text);
        let part = governed.part_for(
            "modal-isolation",
            "live",
            "isolation/sandbox",
            "aicpa-tsc-2017/CC6.8",
        );
        let reasons: Vec<&str> = part.reasons.iter().map(|r| r.0).collect();
        assert_eq!(reasons, [expected], "{recorded:?}: {:?}", part.reasons);
        let status = match expected {
            "inherited-from" => "inherited",
            _ => "inherited-unproven",
        };
        assert_eq!(part.status, status, "{recorded:?}");
        // Our own half is not inherited with it.
        let own = governed.part_for(
            "modal-network",
            "live",
            "network/egress",
            "aicpa-tsc-2017/CC6.6",
        );
        assert_eq!(own.status, "manual-pending", "{recorded:?}");
    }
    let missing = proof("modal-soc2", "").replace(report, "");
    assert!(
        missing.contains("report:"),
        "the proof holds the report under another name"
    );
}

/// Platform.sh leaves buildings to the host of the region, whose own report has to be there, too, and so on down.
#[test]
fn a_chain_holds_only_while_every_link_does() {
    let setup = "onus: 1\nframeworks: [aicpa-tsc-2017]\ncontrols: [ours]\ndeployments:\n  - {deployment: live, on: platformsh, region: eu, plan: professional, offering: grid}\n";
    let aws = |more: &str| {
        format!(
            "attestation: aws-soc2\nof: aws\nframework: aicpa-tsc-2017\ntype: soc2-type-2\n{}",
            proof("x", more)
                .lines()
                .skip(2)
                .fold(String::new(), |all, line| all + line + "\n")
        )
    };
    let gcp = aws("").replace("aws", "gcp");
    let landlord = "party: landlord\ntitle: The landlord\n";
    let let_out = "subservice: [{party: landlord, method: carve-out, criteria: CC6.4}]\n";
    let landlord_soc2 = aws("").replace("aws", "landlord");
    let of_landlord = |more: &str| aws(more).replace("aws", "landlord");
    for (name, documents, expected) in [
        ("no link", vec![], "chain-open"),
        ("the link", vec![aws("")], "inherited-from"),
        ("another host's", vec![gcp], "chain-open"),
        (
            "a link that ended",
            vec![aws("period: {from: 2023-01-01, to: 2023-12-31}\n")],
            "chain-open",
        ),
        (
            "a link of Type I",
            vec![aws("").replace("soc2-type-2", "soc2-type-1")],
            "chain-open",
        ),
        (
            "a link that nobody read",
            vec![aws("reviewed: {by: Ada, on: 2027-01-01}\n")],
            "chain-open",
        ),
        (
            "a third party without a report",
            vec![aws(let_out), landlord.to_owned()],
            "chain-open",
        ),
        (
            "three links",
            vec![aws(let_out), landlord.to_owned(), landlord_soc2],
            "inherited-from",
        ),
        (
            "a third link that ended",
            vec![
                aws(let_out),
                landlord.to_owned(),
                of_landlord("status: lapsed\n"),
            ],
            "chain-open",
        ),
        (
            "a chain that bites its tail",
            vec![aws("subservice: [{party: aws, method: carve-out}]\n")],
            "chain-open",
        ),
    ] {
        let mut all = vec![proof("platformsh-soc2", "type: soc2-type-2\n")];
        all.extend(documents);
        let folder = Folder::with(&[
            ("onus.yaml", setup.to_owned()),
            ("ours/all.yaml", all.join("---\n")),
        ]);
        let governed = judged(&folder, "2026-11-21", &[]);
        let part = governed.part_for(
            "platformsh-physical-security",
            "live",
            "/facilities",
            "aicpa-tsc-2017/CC6.4",
        );
        let reasons: Vec<&str> = part.reasons.iter().map(|r| r.0).collect();
        assert_eq!(reasons, [expected], "{name}: {:?}", part.reasons);
    }
}

const OURS: &str = "onus: 1
frameworks: [aicpa-tsc-2017/security]
controls: [ours]
gates: {filing: as-stated}
";

/// A control with one kind of record.
fn with_records(evidence: &str) -> String {
    format!(
        "control: access-review\ntitle: Access reviews\nsatisfies: [aicpa-tsc-2017/CC6.2]\nevidence:\n  - evidence: reviews\n    title: Reviews of access\n{evidence}"
    )
}

const QUARTERLY: &str = "    path: reviews/{year}-Q{quarter}.md\n    every: quarter\n    starts: 2026-01-01\n    grace: 30 days\n";

/// A record that says all that a record has to say.
fn record(on: &str, more: &str) -> String {
    format!(
        "---\nperformed_by: Ada\nperformed_on: {on}\nscope: all users\nresult: satisfactory\n{more}---\nDone.\n"
    )
}

/// The status of the control on a day, with its first reason.
fn reviewed(files: &[(&str, String)], evidence: &str, now: &str) -> (String, String) {
    let folder = Folder::with(files);
    folder.write("onus.yaml", OURS);
    folder.write("ours/review.yaml", with_records(evidence));
    let governed = judged(&folder, now, &[]);
    let parts = governed.parts("access-review", "default", "all");
    (parts[0].status.to_owned(), parts[0].reasons[0].0.to_owned())
}

/// What lies in the folder of reviews, and what that is worth on 2026-11-21, or on another day.
#[test]
fn a_record_counts_for_what_it_says_and_a_file_for_nothing() {
    let q = |n: u8| format!("reviews/2026-Q{n}.md");
    let good = |n: u8, on: &str| (q(n), record(on, ""));
    let all = || {
        vec![
            good(1, "2026-04-02"),
            good(2, "2026-07-03"),
            good(3, "2026-10-10"),
        ]
    };
    let with = |third: &str| {
        let mut files = all();
        files.pop();
        files.push((q(3), third.to_owned()));
        files
    };
    let full = record("2026-10-10", "");
    for (name, files, now, expected) in [
        ("nothing at all", vec![], "2026-11-21", "evidence-overdue"),
        (
            "nothing, and the grace of the first quarter",
            vec![],
            "2026-04-30",
            "not-due",
        ),
        (
            "nothing, a day later",
            vec![],
            "2026-05-01",
            "evidence-overdue",
        ),
        ("nothing, before it began", vec![], "2025-12-31", "not-due"),
        ("every quarter", all(), "2026-11-21", "evidence-good"),
        // Filed on 10 October for Q3: in time by the calendar, and by the grace.
        (
            "the last one missing, in its grace",
            with("").into_iter().take(2).collect(),
            "2026-10-15",
            "evidence-good",
        ),
        (
            "the last one missing, after it",
            with("").into_iter().take(2).collect(),
            "2026-10-31",
            "evidence-overdue",
        ),
        ("an empty file", with(""), "2026-11-21", "record-empty"),
        ("blanks", with(" \n\n"), "2026-11-21", "record-empty"),
        (
            "a heading",
            with("# Review Q3\n"),
            "2026-11-21",
            "record-unsigned",
        ),
        (
            "a template",
            with(&full.replace("Ada", "TODO")),
            "2026-11-21",
            "record-template",
        ),
        (
            "nobody",
            with(&full.replace("performed_by: Ada\n", "")),
            "2026-11-21",
            "record-unsigned",
        ),
        (
            "no day",
            with(&full.replace("performed_on: 2026-10-10\n", "")),
            "2026-11-21",
            "record-unsigned",
        ),
        (
            "no scope",
            with(&full.replace("scope: all users\n", "")),
            "2026-11-21",
            "record-unsigned",
        ),
        (
            "no result",
            with(&full.replace("result: satisfactory\n", "")),
            "2026-11-21",
            "record-unsigned",
        ),
        (
            "a bad result",
            with(&full.replace("satisfactory", "adverse")),
            "2026-11-21",
            "evidence-adverse",
        ),
        (
            "another period inside",
            with(&record("2026-10-10", "period: 2026-Q2\n")),
            "2026-11-21",
            "contradiction",
        ),
        (
            "done before its period",
            with(&full.replace("2026-10-10", "2026-06-30")),
            "2026-11-21",
            "contradiction",
        ),
        (
            "done in days to come",
            with(&full.replace("2026-10-10", "2026-12-24")),
            "2026-11-21",
            "contradiction",
        ),
        (
            "a shell word that was never run",
            with(&full.replace("2026-10-10", "$(date)")),
            "2026-11-21",
            "record-template",
        ),
        (
            "a day that cannot be read",
            with(&full.replace("2026-10-10", "last week")),
            "2026-11-21",
            "date-unknown",
        ),
        (
            "a day that can be read in two ways",
            with(&full.replace("2026-10-10", "10/11/2026")),
            "2026-11-21",
            "date-unknown",
        ),
        (
            "a day that does not exist",
            with(&full.replace("2026-10-10", "2026-02-30")),
            "2026-11-21",
            "date-unknown",
        ),
    ] {
        let files: Vec<(&str, String)> =
            files.iter().map(|(f, t)| (f.as_str(), t.clone())).collect();
        let (status, reason) = reviewed(&files, QUARTERLY, now);
        assert_eq!(reason, expected, "{name}: {status}");
    }
}

/// `touch` on every file that a rule asks for, over every kind of rule.
#[test]
fn to_touch_files_is_at_most_a_claim() {
    for (kind, evidence, files) in [
        (
            "quarters",
            QUARTERLY,
            vec![
                "reviews/2026-Q1.md",
                "reviews/2026-Q2.md",
                "reviews/2026-Q3.md",
            ],
        ),
        (
            "months",
            "    path: scans/{year}-{month}.md\n    every: month\n    starts: 2026-08-01\n",
            vec!["scans/2026-08.md", "scans/2026-09.md", "scans/2026-10.md"],
        ),
        (
            "years",
            "    path: tests/{year}.yaml\n    every: year\n    starts: 2025-01-01\n",
            vec!["tests/2025.yaml"],
        ),
        (
            "an age",
            "    path: drills/{year}-{month}-{day}.md\n    max_age: 12 months\n",
            vec!["drills/2026-11-01.md"],
        ),
        (
            "a document",
            "    path: docs/plan.md\n    kind: document\n",
            vec!["docs/plan.md"],
        ),
        (
            "a review",
            "    path: reviews/{year}-Q{quarter}.md\n    every: quarter\n    starts: 2026-07-01\n    kind: access-review\n",
            vec!["reviews/2026-Q3.md"],
        ),
        (
            "events",
            "    path: incidents/{id}.md\n    every: event\n    events: log/{id}.yaml\n",
            vec!["incidents/7.md"],
        ),
    ] {
        for content in ["", "\n", "# Title\n", "- [x] done\n"] {
            let mut all: Vec<(&str, String)> =
                files.iter().map(|f| (*f, content.to_owned())).collect();
            if kind == "events" {
                all.push(("log/7.yaml", "date: 2026-01-01\n".to_owned()));
            }
            let (status, reason) = reviewed(&all, evidence, "2026-11-21");
            let worse = ["not-satisfied", "undetermined", "stale", "claim-only"];
            assert!(
                worse.contains(&status.as_str()),
                "{kind}, {content:?}: {status} for {reason}"
            );
        }
    }
}

/// Runs git on a day.
fn git(folder: &Path, arguments: &[&str], day: &str) {
    let day = format!("{day}T12:00:00Z");
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(arguments)
        .env("GIT_AUTHOR_DATE", &day)
        .env("GIT_COMMITTER_DATE", &day)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git can be run");
    assert!(output.status.success(), "{output:?}");
}

/// What the first reason of the reviews is on 2026-11-21, with the history at hand.
fn with_history(folder: &Path) -> String {
    let args = ["check", ".", "--now", "2026-11-21", "--format", "json"];
    let mut command = support::command(folder, &args);
    // The program that is asked for the history has to be found.
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let governed = Governed::of(&support::run(command, b""));
    let part = &governed.parts("access-review", "default", "all")[0];
    part.reasons[0].0.to_owned()
}

/// Filed as the history of the repository says, and not as the file does.
#[test]
fn a_record_that_is_filed_when_it_is_overdue_is_a_contradiction() {
    let folder = Folder::with(&[
        (
            "onus.yaml",
            OURS.replace("gates: {filing: as-stated}\n", ""),
        ),
        ("ours/review.yaml", with_records(QUARTERLY)),
        ("reviews/2026-Q1.md", record("2026-04-02", "")),
        ("reviews/2026-Q2.md", record("2026-07-03", "")),
        ("reviews/2026-Q3.md", record("2026-10-10", "")),
    ]);
    let git = |arguments: &[&str], day: &str| git(folder.path(), arguments, day);
    let reason = || with_history(folder.path());
    // There is no history at all.
    assert_eq!(reason(), "filing-date-unknown");
    git(&["init", "-q"], "2026-01-01");
    git(&["add", "."], "2026-10-11");
    git(&["commit", "-qm", "all"], "2026-10-11");
    assert_eq!(reason(), "evidence-good");
    // The same record, put there half a year after the day that it names.
    folder.write("reviews/2026-Q3.md", "");
    git(&["rm", "-qf", "reviews/2026-Q3.md"], "2026-10-12");
    git(&["commit", "-qm", "gone"], "2026-10-12");
    git(&["checkout", "-q", "--orphan", "fresh"], "2026-11-20");
    folder.write("reviews/2026-Q3.md", record("2026-10-10", ""));
    git(&["add", "."], "2026-11-20");
    git(&["commit", "-qm", "late"], "2026-11-20");
    assert_eq!(reason(), "contradiction");
    // Whoever takes the record at its word does not ask.
    folder.write("onus.yaml", OURS);
    assert_eq!(reason(), "evidence-good");
}

#[test]
fn a_shallow_clone_makes_the_day_unknown_and_never_wrong() {
    let source = Folder::with(&[
        (
            "onus.yaml",
            OURS.replace("gates: {filing: as-stated}\n", ""),
        ),
        ("ours/review.yaml", with_records(QUARTERLY)),
        ("reviews/2026-Q3.md", record("2026-10-10", "")),
    ]);
    git(source.path(), &["init", "-q"], "2026-01-01");
    git(source.path(), &["add", "."], "2026-10-11");
    git(source.path(), &["commit", "-qm", "one"], "2026-10-11");
    source.write("notes.txt", "more");
    git(source.path(), &["add", "."], "2026-11-20");
    git(source.path(), &["commit", "-qm", "two"], "2026-11-20");
    let target = Folder::new();
    let url = format!("file://{}", source.path().display());
    git(
        target.path(),
        &["clone", "-q", "--depth", "1", &url, "copy"],
        "2026-11-20",
    );
    assert_eq!(
        with_history(&target.path().join("copy")),
        "filing-date-unknown"
    );
}

#[test]
fn the_audit_window_counts_what_was_expected_found_late_and_missed() {
    let folder = Folder::with(&[
        ("onus.yaml", OURS.to_owned()),
        (
            "ours/review.yaml",
            with_records(
                "    path: reviews/{year}-{month}.md\n    every: month\n    starts: 2026-01-01\n    grace: 10 days\n",
            ),
        ),
        ("reviews/2026-01.md", record("2026-02-03", "")),
        // Late: it was due on 2026-03-10.
        ("reviews/2026-02.md", record("2026-03-11", "")),
        ("reviews/2026-04.md", record("2026-05-10", "")),
        ("reviews/2026-05.md", record("2026-06-02", "")),
        ("reviews/2026-10.md", record("2026-11-05", "")),
    ]);
    let states = |more: &[&str]| {
        let governed = judged(&folder, "2026-11-21", more);
        let evidence = governed.list("evidence");
        let rule = &evidence[0];
        let states: Vec<(String, String)> = rule["occurrences"]
            .as_array()
            .expect("occurrences are a list")
            .iter()
            .map(|o| {
                (
                    o["occurrence"].as_str().expect("it has a name").to_owned(),
                    o["state"].as_str().expect("it has a state").to_owned(),
                )
            })
            .collect();
        (
            states,
            rule["expected"].as_u64(),
            governed.status("access-review").to_owned(),
        )
    };
    let (window, expected, status) = states(&["--period", "2026-01-01..2026-05-31"]);
    let words: Vec<String> = window.iter().map(|(o, s)| format!("{o} {s}")).collect();
    assert_eq!(
        words,
        [
            "2026-01 found",
            "2026-02 late",
            "2026-03 missed",
            "2026-04 found",
            "2026-05 found"
        ]
    );
    assert_eq!(expected, Some(5));
    // October is there: today all is well, and March stays missed for good.
    assert_eq!(status, "satisfied");
    let (all, _, _) = states(&[]);
    assert_eq!(all.iter().filter(|(_, s)| s == "missed").count(), 5);

    // A repository that was adopted in October is not asked for the months before.
    folder.write("onus.yaml", format!("{OURS}adopted: 2026-10-01\n"));
    let (all, _, _) = states(&[]);
    let words: Vec<String> = all.iter().map(|(o, s)| format!("{o} {s}")).collect();
    assert_eq!(words, ["2026-10 found", "2026-11 open"]);
}

#[test]
fn a_system_without_any_evidence_has_nothing_above_not_yet_due() {
    let above = [
        "manual-attested",
        "inherited",
        "satisfied",
        "not-applicable",
    ];
    let setup = "onus: 1
frameworks: [aicpa-tsc-2017, hipaa-security-rule, pci-dss-4.0.1, iso-27001-2022]
controls: [ours]
deployments:
  - {deployment: shop, on: platformsh, plan: enterprise, offering: dedicated, region: us-4}
  - {deployment: store, on: clickhouse-cloud, plan: enterprise, offering: cloud, region: us-east-1, region_type: hipaa}
  - {deployment: tee, on: phala-cloud}
  - {deployment: ml, on: modal, plan: enterprise}
";
    let folder = Folder::with(&[
        ("onus.yaml", setup.to_owned()),
        ("ours/a.yaml", with_records(QUARTERLY)),
        ("ours/b.yaml", with_records("    path: x.md\n    max_age: 12 months\n").replace("access-review", "drills")),
        ("ours/c.yaml", with_records("    path: incidents/{id}.md\n    every: event\n    events: log/{id}.yaml\n").replace("access-review", "incidents")),
        ("ours/d.yaml", "control: said\ntitle: Said\nsatisfies: [aicpa-tsc-2017/CC1.1]\nstatement: {ask: Is it so?}\n".to_owned()),
        ("ours/e.yaml", "control: bare\ntitle: Nothing\nsatisfies: [aicpa-tsc-2017/CC1.2]\n".to_owned()),
    ]);
    for now in ["2025-12-31", "2026-02-01", "2026-11-21", "2030-01-01"] {
        let governed = judged(&folder, now, &[]);
        let controls = governed.list("controls");
        assert!(controls.len() > 60, "{}", controls.len());
        for control in controls {
            for part in control["parts"].as_array().expect("parts are a list") {
                let status = part["status"].as_str().expect("a part has a status");
                assert!(!above.contains(&status), "{now}: {control:#}");
            }
        }
        for requirement in governed.report["requirements"].as_array().expect("a list") {
            let status = requirement["status"].as_str().expect("it has a status");
            assert!(!above.contains(&status), "{now}: {requirement:#}");
        }
        assert_eq!(
            governed.code,
            Some(if now == "2025-12-31" {
                governed.code.unwrap_or(0)
            } else {
                1
            })
        );
    }
}

#[test]
fn one_passing_check_never_turns_a_criterion_plainly_satisfied() {
    let folder = Folder::with(&[
        ("onus.yaml", "onus: 1\nframeworks: [aicpa-tsc-2017]\n"),
        (
            "web.yaml",
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n",
        ),
    ]);
    let governed = judged(&folder, "2026-11-21", &[]);
    for requirement in governed.report["requirements"].as_array().expect("a list") {
        assert_ne!(requirement["coverage"], "full", "{requirement:#}");
        let status = requirement["status"].as_str().expect("it has a status");
        assert_ne!(status, "satisfied", "{requirement:#}");
    }
    let run = folder.onus(&["check", "."]);
    for line in run.stdout.lines().filter(|l| l.starts_with("  satisfied")) {
        assert!(line.starts_with("  satisfied in part"), "{line}");
    }
}

/// A folder in which `docs/` is the seeds.
fn with_seeds(setup: &str) -> Option<Folder> {
    let seeds = support::seeds()?;
    let folder = Folder::with(&[("onus.yaml", setup)]);
    for entry in std::fs::read_dir(seeds).expect("the seeds can be listed") {
        let entry = entry.expect("a seed can be listed");
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read(entry.path()).expect("a seed can be read");
        folder.write(&format!("docs/{name}"), text);
    }
    Some(folder)
}

#[test]
fn the_review_of_dp_flash_is_read_from_its_document_and_is_387_days_overdue() {
    let Some(folder) = with_seeds(
        "onus: 1\nframeworks: [aicpa-tsc-2017]\ndocuments: [docs/dp-flash-attention.md]\n",
    ) else {
        return;
    };
    let overdue = |now: &str| -> Vec<String> {
        let governed = judged(&folder, now, &[]);
        governed
            .observed()
            .into_iter()
            .filter(|(what, _)| *what == "review-overdue")
            .map(|(_, message)| message.to_owned())
            .collect()
    };
    assert_eq!(
        overdue("2026-11-21"),
        ["the document was to be reviewed on 2025-10-30: 387 days overdue"]
    );
    assert_eq!(overdue("2025-10-31").len(), 1);
    assert_eq!(overdue("2025-10-30"), Vec::<String>::new());
}

#[test]
fn a_document_of_a_kind_is_stale_past_its_own_review() {
    let Some(folder) = with_seeds(
        "onus: 1\nframeworks: [aicpa-tsc-2017]\ncontrols: [ours]\ngates: {filing: as-stated}\n",
    ) else {
        return;
    };
    folder.write(
        "ours/doc.yaml",
        with_records("    path: docs/dp-flash-attention.md\n    kind: document\n"),
    );
    for (now, status) in [
        ("2025-10-30", "satisfied"),
        ("2025-10-31", "stale"),
        ("2026-11-21", "stale"),
    ] {
        let governed = judged(&folder, now, &[]);
        assert_eq!(governed.status("access-review"), status, "{now}");
    }
    // Parhelia's names no next review: a year after its last, as a pack default.
    folder.write(
        "ours/doc.yaml",
        with_records("    path: docs/parhelia.md\n    kind: document\n"),
    );
    for (now, status) in [
        ("2026-11-21", "satisfied"),
        ("2027-01-20", "satisfied"),
        ("2027-01-21", "stale"),
    ] {
        let governed = judged(&folder, now, &[]);
        assert_eq!(governed.status("access-review"), status, "{now}");
        let defaults = &governed.list("evidence")[0]["defaults"];
        assert!(!defaults.as_array().expect("a list").is_empty(), "{now}");
    }
}

#[test]
fn the_seeds_say_what_their_readers_trip_over() {
    let Some(folder) = with_seeds(
        "onus: 1\nframeworks: [aicpa-tsc-2017]\ndocuments: [docs/parhelia.md, docs/dp-flash-attention.md]\n",
    ) else {
        return;
    };
    let governed = judged(&folder, "2026-11-21", &[]);
    let observed = governed.observed();
    let count = |what: &str| observed.iter().filter(|(w, _)| *w == what).count();
    // Seven of the twelve boxes of Parhelia are ticked, and nothing shows any of them.
    let in_parhelia = governed
        .list("observations")
        .iter()
        .filter(|o| o["observation"] == "claim-without-proof")
        .filter(|o| o["locations"][0]["file"] == "docs/parhelia.md")
        .count();
    assert_eq!(in_parhelia, 7);
    let says = |what: &str, words: &[&str]| {
        let found = observed
            .iter()
            .any(|(w, message)| *w == what && words.iter().all(|word| message.contains(word)));
        assert!(found, "no {what} of {words:?} in {observed:#?}");
    };
    // The sections on CC7.3 and CC7.4 are swapped.
    says("title-differs", &["CC7.3", "CC7.4"]);
    for id in ["CC1.0", "CC9.0", "A1.0", "A2.0", "PI1.0", "PI2.0", "C1.0"] {
        says("unknown-requirement", &[&format!("`{id}`")]);
    }
    // These are labels of the AICPA's own, and no criteria.
    for label in ["P1.0", "P8.0"] {
        says("group-label", &[&format!("`{label}`")]);
    }
    // What AICPA calls monitoring and enforcement, the document calls security.
    says("title-differs", &["P8.0", "Security"]);
    assert!(count("vague-interval") > 0);
    // Each of them shows its line.
    for observation in governed.list("observations") {
        assert!(
            observation["locations"][0]["line"].is_u64(),
            "{observation:#}"
        );
    }
}

/// An access review of two grants, decided so.
fn access_review(decisions: &str, more: &str) -> String {
    format!(
        "---\nperformed_by: Ada\nperformed_on: 2026-10-10\nscope: all users\nresult: satisfactory\ngrants: grants.csv\n{more}---\n\n| subject | grant | decision | decided by |\n| --- | --- | --- | --- |\n{decisions}"
    )
}

#[test]
fn an_access_review_counts_when_others_decided_every_row_over_known_grants() {
    let digest = format!("grants_sha256: {}\n", "a".repeat(64));
    let rule = "    path: reviews/{year}-Q{quarter}.md\n    every: quarter\n    starts: 2026-07-01\n    kind: access-review\n";
    let both = "| ann | admin | keep | Bob |\n| bob | viewer | keep | Ann |\n";
    for (name, text, grants, expected) in [
        (
            "decided by others",
            access_review(both, &digest),
            "",
            "evidence-good",
        ),
        (
            "one row undecided",
            access_review(&both.replace("keep | Ann", " | Ann"), &digest),
            "",
            "record-undecided",
        ),
        (
            "no rows",
            access_review("", &digest),
            "",
            "record-undecided",
        ),
        (
            "decided by nobody",
            access_review(&both.replace("keep | Ann", "keep | "), &digest),
            "",
            "record-undecided",
        ),
        (
            "decided by its subject",
            access_review(&both.replace("| Ann |", "| bob |"), &digest),
            "",
            "record-undecided",
        ),
        (
            "over nothing known",
            access_review(both, ""),
            "",
            "record-unsigned",
        ),
        (
            "revoked, and gone",
            access_review(&both.replace("viewer | keep", "viewer | revoke"), &digest),
            "user,role\nann,admin\n",
            "evidence-good",
        ),
        (
            "revoked, and still granted",
            access_review(&both.replace("viewer | keep", "viewer | revoke"), &digest),
            "user,role\nann,admin\nBob,viewer\n",
            "revoked-still-granted",
        ),
    ] {
        let files = [
            ("reviews/2026-Q3.md", text),
            ("grants.csv", grants.to_owned()),
        ];
        let (status, reason) = reviewed(&files, rule, "2026-11-21");
        assert_eq!(reason, expected, "{name}: {status}");
    }
}

#[test]
fn evidence_kept_elsewhere_is_a_record_with_a_digest() {
    let outside = format!(
        "record: reviews\nperiod: 2026-Q3\nlocator: vault/q3.pdf\nsha256: {}\nperformed_by: Ada\nperformed_on: 2026-10-10\nresult: satisfactory\n",
        "0".repeat(64)
    );
    let rule = QUARTERLY.replace("2026-01-01", "2026-07-01");
    for (name, text, expected) in [
        ("a record", outside.clone(), "evidence-good"),
        (
            "a bad one",
            outside.replace("satisfactory", "adverse"),
            "evidence-adverse",
        ),
        (
            "another period",
            outside.replace("2026-Q3", "2026-Q2"),
            "evidence-overdue",
        ),
        (
            "before its period",
            outside.replace("2026-10-10", "2026-05-10"),
            "contradiction",
        ),
    ] {
        let (status, reason) = reviewed(&[("ours/record.yaml", text)], &rule, "2026-11-21");
        assert_eq!(reason, expected, "{name}: {status}");
    }
}

#[test]
fn an_event_asks_for_a_record_of_its_own() {
    let rule = "    path: retrospectives/{id}.md\n    every: event\n    events: incidents/{id}.yaml\n    grace: 30 days\n";
    let incident = ("incidents/7.yaml", "date: 2026-09-01\n".to_owned());
    for (name, files, expected) in [
        ("no incident", vec![], "no-event"),
        ("an incident", vec![incident.clone()], "evidence-overdue"),
        (
            "an incident with its record",
            vec![
                incident.clone(),
                ("retrospectives/7.md", record("2026-09-20", "")),
            ],
            "evidence-good",
        ),
        (
            "the record of another",
            vec![
                incident.clone(),
                ("retrospectives/8.md", record("2026-09-20", "")),
            ],
            "evidence-overdue",
        ),
        (
            "an incident of last week",
            vec![("incidents/9.yaml", "date: 2026-11-14\n".to_owned())],
            "not-due",
        ),
        (
            "an incident without a day",
            vec![("incidents/9.yaml", "title: it broke\n".to_owned())],
            "date-unknown",
        ),
    ] {
        let (status, reason) = reviewed(&files, rule, "2026-11-21");
        assert_eq!(reason, expected, "{name}: {status}");
    }
}

#[test]
fn what_people_say_has_an_end_and_an_alternative_its_assessment() {
    let setup = |statements: &str| {
        format!(
            "onus: 1\nframeworks: [hipaa-security-rule]\ncontrols: [ours]\nstatements:\n{statements}"
        )
    };
    let control = "control: encryption\ntitle: Encryption at rest\nsatisfies: [hipaa-security-rule/164.312(a)(2)(iv)]\nstatement: {by: security lead, ask: Is it so?, due: 2026-06-30}\n";
    let said = |more: &str| {
        format!(
            "  - {{statement: s1, control: encryption, says: implemented, reason: LUKS, by: Ada, role: lead, {more}}}\n"
        )
    };
    for (name, statements, now, expected) in [
        (
            "nothing, in time",
            "  []\n".to_owned(),
            "2026-06-30",
            "statement-pending",
        ),
        (
            "nothing, a day late",
            "  []\n".to_owned(),
            "2026-07-01",
            "statement-overdue",
        ),
        (
            "said",
            said("on: 2026-05-01"),
            "2027-05-01",
            "statement-made",
        ),
        (
            "said a year ago",
            said("on: 2026-05-01"),
            "2027-05-02",
            "statement-overdue",
        ),
        (
            "said until a day",
            said("on: 2026-05-01, until: 2026-08-31"),
            "2026-09-01",
            "statement-overdue",
        ),
        (
            "said in days to come",
            said("on: 2026-08-01"),
            "2026-07-01",
            "statement-overdue",
        ),
        (
            "does not apply",
            said("on: 2026-05-01").replace("implemented", "not-applicable"),
            "2026-09-01",
            "declared-not-applicable",
        ),
    ] {
        let folder = Folder::with(&[
            ("onus.yaml", setup(&statements)),
            ("ours/c.yaml", control.to_owned()),
        ]);
        let governed = judged(&folder, now, &[]);
        let part = &governed.parts("encryption", "default", "all")[0];
        assert_eq!(part.reasons[0].0, expected, "{name}: {part:?}");
    }
    let requirement = "hipaa-security-rule/164.312(a)(2)(iv)";
    let alternative = |more: &str| {
        format!(
            "  - {{statement: s2, requirement: \"{requirement}\", says: alternative, reason: tokens, by: Ada, role: lead, on: 2026-05-01{more}}}\n"
        )
    };
    for (name, statements, files, reason) in [
        (
            "without an assessment",
            alternative(""),
            vec![],
            "alternative-undocumented",
        ),
        (
            "with one that is not there",
            alternative(", assessment: docs/a.md"),
            vec![],
            "alternative-undocumented",
        ),
        (
            "with an empty one",
            alternative(", assessment: docs/a.md"),
            vec![("docs/a.md", "")],
            "alternative-undocumented",
        ),
        (
            "with one",
            alternative(", assessment: docs/a.md"),
            vec![("docs/a.md", "We looked at it.\n")],
            "alternative-documented",
        ),
    ] {
        let folder = Folder::with(&files);
        folder.write("onus.yaml", setup(&statements));
        folder.write("ours/c.yaml", control);
        let governed = judged(&folder, "2026-06-01", &[]);
        let found = governed.requirement(requirement);
        assert_eq!(found["alternative"]["reason"], reason, "{name}");
        assert_eq!(found["status"], found["alternative"]["status"], "{name}");
    }
    // A required specification has no alternative.
    let required = alternative("").replace("164.312(a)(2)(iv)", "164.312(d)");
    let folder = Folder::with(&[
        ("onus.yaml", setup(&required)),
        ("ours/c.yaml", control.to_owned()),
    ]);
    let run = folder.onus(&["check", "."]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(
        run.stderr
            .contains("is required: no alternative takes its place"),
        "{}",
        run.stderr
    );
}

const AGENT: &str = "apiVersion: v1
kind: Pod
metadata: {name: agent}
spec:
  containers:
  - name: agent
    image: agent:1
    ports: [{containerPort: 80, hostPort: 80}]
";

/// A repository with one failure, and one waiver of it with these keys changed or added.
fn waived(more: &str, waiving: &str) -> Folder {
    let own: BTreeSet<&str> = more
        .lines()
        .filter_map(|l| l.trim().split_once(':'))
        .map(|(key, _)| key)
        .collect();
    let mut waiver = String::new();
    for (key, value) in [
        ("check", "no-host-ports"),
        ("kind", "exception"),
        ("reason", "the agent needs it"),
        ("owner", "platform"),
        ("requested_by", "Ann"),
        ("approved_by", "Bob"),
        ("from", "2026-11-01"),
        ("expires", "2026-12-31"),
    ] {
        if !own.contains(key) {
            let _ = writeln!(waiver, "    {key}: {value}");
        }
    }
    Folder::with(&[
        (
            "onus.yaml",
            format!(
                "onus: 1\nframeworks: [kubernetes-pss/baseline]\nwaivers:\n  - waiver: w1\n{waiver}{more}{waiving}"
            ),
        ),
        ("agent.yaml", AGENT.to_owned()),
    ])
}

#[test]
fn a_waiver_takes_a_failure_away_for_a_time_and_nothing_else() {
    let other = AGENT.replace("name: agent", "name: other");
    for (name, more, waiving, now, code, observed) in [
        ("it holds", "", "", "2026-11-21", 0, None),
        ("on its first day", "", "", "2026-11-01", 0, None),
        ("before it", "", "", "2026-10-31", 1, Some("waiver-not-yet")),
        (
            "on its last day",
            "",
            "",
            "2026-12-31",
            0,
            Some("waiver-ends-soon"),
        ),
        (
            "two weeks ahead",
            "",
            "",
            "2026-12-17",
            0,
            Some("waiver-ends-soon"),
        ),
        ("after it", "", "", "2027-01-01", 1, Some("waiver-expired")),
        (
            "of another check",
            "    check: no-host-namespaces\n",
            "",
            "2026-11-21",
            1,
            Some("waiver-unused"),
        ),
        (
            "of another target",
            "    target: '*other*'\n",
            "",
            "2026-11-21",
            1,
            Some("waiver-unused"),
        ),
        (
            "of this target",
            "    target: '*agent*'\n",
            "",
            "2026-11-21",
            0,
            None,
        ),
        (
            "of another file",
            "    path: b/*.yaml\n",
            "",
            "2026-11-21",
            1,
            Some("waiver-unused"),
        ),
        (
            "of this file",
            "    path: '*.yaml'\n",
            "",
            "2026-11-21",
            0,
            None,
        ),
        (
            "approved by who asked",
            "    approved_by: ann\n",
            "",
            "2026-11-21",
            1,
            Some("waiver-void"),
        ),
        (
            "for three years",
            "    expires: 2029-11-01\n",
            "",
            "2026-11-21",
            1,
            Some("waiver-void"),
        ),
        (
            "never to be waived",
            "",
            "waiving: {never: [no-host-ports]}\n",
            "2026-11-21",
            1,
            Some("waiver-void"),
        ),
        (
            "longer than we allow",
            "",
            "waiving: {longest: {medium: 30 days, high: 30 days, low: 30 days, critical: 30 days}}\n",
            "2026-11-21",
            1,
            Some("waiver-void"),
        ),
    ] {
        let folder = waived(more, waiving);
        let governed = judged(
            &folder,
            now,
            &["--check", "no-host-ports", "--check", "no-host-namespaces"],
        );
        let waivers: Vec<&str> = governed
            .observed()
            .into_iter()
            .map(|(what, _)| what)
            .filter(|what| what.starts_with("waiver"))
            .collect();
        let expected: Vec<&str> = observed.into_iter().collect();
        assert_eq!(waivers, expected, "{name}: {:#?}", governed.observed());
        assert_eq!(governed.code, Some(code), "{name}");
        let control = governed.status("host-ports");
        assert_eq!(
            control,
            if code == 0 { "waived" } else { "not-satisfied" },
            "{name}"
        );
        // Left aside, it takes nothing away.
        let without = judged(&folder, now, &["--no-waivers"]);
        assert_eq!(without.status("host-ports"), "not-satisfied", "{name}");
        assert_eq!(without.code, Some(1), "{name}");
    }
    // What is not waived fails as before.
    let folder = waived("    target: '*agent*'\n", "");
    folder.write("other.yaml", other.replace("agent", "another"));
    let governed = judged(&folder, "2026-11-21", &[]);
    assert_eq!(governed.status("host-ports"), "not-satisfied");
    // Nothing there to judge stays so, whatever is waived.
    let folder = waived("", "");
    folder.write("agent.yaml", "kind: Nothing\napiVersion: v1\n");
    let governed = judged(&folder, "2026-11-21", &[]);
    assert_eq!(governed.status("host-ports"), "not-assessed");
    let waiver: Vec<&str> = governed.observed().into_iter().map(|o| o.0).collect();
    assert!(waiver.contains(&"waiver-unused"), "{waiver:?}");
}

#[test]
fn an_approval_is_as_stated_unless_the_code_owners_show_it() {
    let folder = waived("", "");
    let shown = |folder: &Folder| {
        let governed = judged(folder, "2026-11-21", &[]);
        governed.list("waivers")[0]["approval_shown"].clone()
    };
    assert_eq!(shown(&folder), Value::Null);
    folder.write("CODEOWNERS", "* @ann\nonus.yaml @Bob\n");
    assert_ne!(shown(&folder), Value::Null);
    // The last line that fits decides.
    folder.write("CODEOWNERS", "onus.yaml @Bob\n* @ann\n");
    assert_eq!(shown(&folder), Value::Null);
}

#[test]
fn a_comment_waives_its_line_where_that_is_allowed() {
    let comment = "# onus: waive no-host-ports until 2026-12-31 because the agent needs it (owner: platform, approved: Bob)";
    let line = "    ports: [{containerPort: 80, hostPort: 80}]";
    let beside = AGENT.replace(line, &format!("{line} {comment}"));
    let above = AGENT.replace(line, &format!("    {comment}\n{line}"));
    let elsewhere = AGENT.replace("kind: Pod", &format!("kind: Pod {comment}"));
    let unexplained = beside.replace(" because the agent needs it", "");
    let allowed = "onus: 1\nframeworks: [kubernetes-pss/baseline]\nwaiving: {inline: true}\n";
    for (name, setup, pod, code) in [
        ("beside the line", allowed, &beside, 0),
        ("above the line", allowed, &above, 0),
        ("at another line", allowed, &elsewhere, 1),
        (
            "not allowed",
            "onus: 1\nframeworks: [kubernetes-pss/baseline]\n",
            &beside,
            1,
        ),
        ("without a reason", allowed, &unexplained, 2),
    ] {
        let folder = Folder::with(&[("onus.yaml", setup), ("agent.yaml", pod)]);
        let run = folder.onus(&[
            "check",
            ".",
            "--now",
            "2026-11-21",
            "--check",
            "no-host-ports",
        ]);
        assert_eq!(run.code, Some(code), "{name}: {}", run.shown());
    }
    let folder = Folder::with(&[("onus.yaml", allowed), ("agent.yaml", &unexplained)]);
    let run = folder.onus(&["check", "."]);
    assert!(
        run.stderr.contains("the waiver gives no reason"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_left_out_is_named_and_must_not_be_there() {
    let setup = "onus: 1\nframeworks: [kubernetes-pss/baseline]\nwithout: [{controls: [kubernetes/*], reason: we run on Modal}]\n";
    let folder = Folder::with(&[("onus.yaml", setup)]);
    folder.write("notes.txt", "nothing");
    let governed = judged(&folder, "2026-11-21", &[]);
    assert!(governed.list("controls").is_empty());
    assert!(governed.list("left_out").len() > 10);
    assert!(governed.observed().is_empty(), "{:?}", governed.observed());
    folder.write("agent.yaml", AGENT);
    let governed = judged(&folder, "2026-11-21", &[]);
    assert!(
        governed
            .observed()
            .iter()
            .any(|(what, message)| *what == "left-out-present" && message.contains("host-ports")),
        "{:?}",
        governed.observed()
    );
    assert_eq!(governed.code, Some(1));
    let wrong = setup.replace("kubernetes/*", "kubernets/*");
    folder.write("onus.yaml", wrong);
    let run = folder.onus(&["check", "."]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr.contains("did you mean `kubernetes/*`?"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_profile_and_its_exclusions_say_what_is_spoken_of() {
    let folder = Folder::with(&[(
        "onus.yaml",
        "onus: 1\nframeworks:\n  - framework: iso-27001-2022/annex-a\n    exclude:\n      - {requirements: [A.7.*, A.8.30], reason: no offices and no outsourced development}\n",
    )]);
    let governed = judged(&folder, "2026-11-21", &[]);
    let requirements = governed.report["requirements"].as_array().expect("a list");
    assert_eq!(requirements.len(), 93);
    let excluded = requirements
        .iter()
        .filter(|r| r["excluded"].is_string())
        .count();
    assert_eq!(excluded, 14 + 1);
    assert_eq!(
        governed.requirement("iso-27001-2022/A.7.1")["status"],
        "not-applicable"
    );
    assert_eq!(
        governed.requirement("iso-27001-2022/A.5.1")["status"],
        "not-covered"
    );
    // A wider choice of the same framework asks for them again.
    for (profile, count) in [
        ("aicpa-tsc-2017/security", 33),
        ("aicpa-tsc-2017/availability", 36),
        ("aicpa-tsc-2017/all", 61),
        ("pci-dss-4.0.1/requirements", 63),
        ("nist-sp-800-53-r5/low", 149),
        ("nist-sp-800-53-r5/moderate", 287),
        ("nist-sp-800-53-r5/high", 370),
        ("nist-sp-800-53-r5/privacy", 102),
        ("eu-us-dpf/principles", 7),
        ("cis-controls-v8", 153),
        ("csa-ccm-v4", 197),
        ("nist-csf-2.0", 106),
    ] {
        folder.write("onus.yaml", format!("onus: 1\nframeworks: [{profile}]\n"));
        let governed = judged(&folder, "2026-11-21", &[]);
        let requirements = governed.report["requirements"].as_array().expect("a list");
        assert_eq!(requirements.len(), count, "{profile}");
    }
}

#[test]
fn the_order_of_files_and_documents_changes_no_byte() {
    let a = with_records(QUARTERLY);
    let b = a
        .replace("access-review", "second-review")
        .replace("evidence: reviews", "evidence: more");
    let c = proof("modal-soc2", "");
    let setup = "onus: 1\nframeworks: [aicpa-tsc-2017]\ncontrols: [ours]\ngates: {filing: as-stated}\ndeployments:\n  - {deployment: live, on: modal, plan: team}\n";
    let mut reports = BTreeSet::new();
    for order in [[&a, &b, &c], [&c, &b, &a], [&b, &a, &c]] {
        let folder = Folder::with(&[("onus.yaml", setup)]);
        // In one file each, under names of another order; what stands where is the same.
        for (index, text) in order.iter().enumerate() {
            folder.write(&format!("ours/{index}.yaml"), text);
        }
        let governed = judged(&folder, "2026-11-21", &[]);
        let mut report = governed.report["governance"]["controls"].clone();
        forget_places(&mut report);
        reports.insert(report.to_string());
    }
    assert_eq!(reports.len(), 1);
}

/// Takes away where things stand.
fn forget_places(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("locations");
            map.remove("policy");
            map.values_mut().for_each(forget_places);
        }
        Value::Array(list) => list.iter_mut().for_each(forget_places),
        _ => {}
    }
}

/// Worlds in which a reason or an observation of the closed lists is given that no table above is about.
#[test]
fn every_reason_and_every_observation_is_given_somewhere() {
    let soc2 = "frameworks: [aicpa-tsc-2017]\ncontrols: [ours]\n";
    let port = "control: ports\ntitle: Ports\nsatisfies: [aicpa-tsc-2017/CC6.6]\nchecks: [no-host-ports]\n";
    let unreadable = "apiVersion: v1\nkind: Pod\nmetadata: {name: [\n";
    let odd = AGENT.replace("hostPort: 80", "hostPort: {a: b}");
    let none = AGENT.replace("    ports: [{containerPort: 80, hostPort: 80}]\n", "");
    let on_acme = format!("{soc2}deployments: [{{deployment: live, on: acme}}]\n");
    let acme = |parts: &str| {
        format!(
            "party: acme\ntitle: Acme\nas_of: 2020-01-01\nreview_by: 2021-01-01\nplans: [free]\n---\nresponsibility: acme\ntitle: Acme\nof: acme\nareas: [{{area: a, title: A, parts: [{{part: p, title: P, {parts}}}]}}]\n---\ncontrol: c\ntitle: C\nsatisfies: [aicpa-tsc-2017/CC6.1]\nresponsibility: acme/a\nreview_by: 2026-01-01\n"
        )
    };
    let ours = "@title(\"we do not rely on it\")\n@help(\"ask us\")\nforbid (principal, action == Responsibility::Action::\"inherit\", resource is Responsibility::Attestation);\n";
    let erring = "@title(\"it errs\")\n@help(\"ask us\")\nforbid (principal, action == Responsibility::Action::\"inherit\", resource is Responsibility::Attestation) when { resource has daysSinceExpiry && resource.daysSinceExpiry * 9223372036854775807 > 0 };\n";
    let proved = format!(
        "{}---\nattestation: report\nof: acme\nframework: aicpa-tsc-2017\ntype: soc2-type-2\nexpires: 2027-06-30\n{}",
        acme("accountable: provider, inheritable: aicpa-tsc-2017/CC6.1"),
        proof("x", "reviewed: {by: Ada, on: 2025-12-10}\n").replacen(
            "attestation: our-x\nterms: x\n",
            "",
            1
        )
    );
    let drill = with_records("    path: drills/{date}.md\n    max_age: 6 months\n");
    let as_stated = format!("{soc2}gates: {{filing: as-stated}}\n");
    for (what, setup, files) in [
        (
            "check-failed",
            soc2,
            vec![
                ("ours/c.yaml", port.to_owned()),
                ("pod.yaml", AGENT.to_owned()),
            ],
        ),
        (
            "checks-passed",
            soc2,
            vec![
                ("ours/c.yaml", port.to_owned()),
                ("pod.yaml", AGENT.replace(", hostPort: 80", "")),
            ],
        ),
        (
            "none-present",
            soc2,
            vec![("ours/c.yaml", port.to_owned()), ("pod.yaml", none)],
        ),
        ("no-targets", soc2, vec![("ours/c.yaml", port.to_owned())]),
        (
            "check-undecided",
            soc2,
            vec![("ours/c.yaml", port.to_owned()), ("pod.yaml", odd)],
        ),
        (
            "input-unreadable",
            soc2,
            vec![
                ("ours/c.yaml", port.to_owned()),
                ("pod.yaml", unreadable.to_owned()),
            ],
        ),
        (
            "nothing-shows-it",
            soc2,
            vec![("ours/c.yaml", "control: c\ntitle: C\n".to_owned())],
        ),
        (
            "evidence-stale",
            &as_stated,
            vec![
                ("ours/c.yaml", drill.clone()),
                ("drills/2026-05-20.md", record("2026-05-20", "")),
            ],
        ),
        (
            "evidence-good",
            &as_stated,
            vec![
                ("ours/c.yaml", drill),
                ("drills/2026-05-21.md", record("2026-05-21", "")),
            ],
        ),
        (
            "two-accountable",
            &on_acme,
            vec![(
                "ours/c.yaml",
                acme(
                    "assign: [{when: {plan: free}, accountable: provider}, {when: \"true\", accountable: customer}]",
                ),
            )],
        ),
        (
            "responsibility-overlap",
            &on_acme,
            vec![(
                "ours/c.yaml",
                acme(
                    "assign: [{when: {plan: free}, accountable: provider}, {when: \"true\", accountable: customer}]",
                ),
            )],
        ),
        (
            "pack-outdated",
            &on_acme,
            vec![("ours/c.yaml", acme("accountable: provider"))],
        ),
        (
            "control-review-overdue",
            &on_acme,
            vec![("ours/c.yaml", acme("accountable: provider"))],
        ),
        (
            "declared-not-applicable",
            &on_acme,
            vec![("ours/c.yaml", acme("not_applicable: there is none"))],
        ),
        (
            "inherited-from",
            &on_acme,
            vec![("ours/c.yaml", proved.clone())],
        ),
        (
            "review-soon",
            &on_acme,
            vec![("ours/c.yaml", proved.clone())],
        ),
        (
            "policy-denied",
            &on_acme,
            vec![
                ("ours/c.yaml", proved.clone()),
                ("policies/ours/policy.cedar", ours.to_owned()),
            ],
        ),
        (
            "policy-error",
            &on_acme,
            vec![
                ("ours/c.yaml", proved),
                ("policies/ours/policy.cedar", erring.to_owned()),
            ],
        ),
    ] {
        let folder = Folder::with(&files);
        let policies = if files.iter().any(|(name, _)| name.ends_with(".cedar")) {
            "policies: [policies]\n"
        } else {
            ""
        };
        folder.write("onus.yaml", format!("onus: 1\n{setup}{policies}"));
        let governed = judged(&folder, "2026-11-21", &["--check", "no-host-ports"]);
        let mut given: BTreeSet<&str> = governed.observed().into_iter().map(|o| o.0).collect();
        for control in governed.list("controls") {
            for part in control["parts"].as_array().expect("parts are a list") {
                for reason in part["reasons"].as_array().expect("reasons are a list") {
                    given.insert(reason["reason"].as_str().expect("a reason has a name"));
                }
            }
        }
        assert!(given.contains(what), "no {what}: {given:?}");
    }
    // What is given here, and in the tables above and beside: together they are the closed lists.
    let tests = [
        "governance.rs",
        "traps.rs",
        "governance/clickhouse-hipaa.csv",
    ]
    .map(|name| repository().join("tests").join(name))
    .map(|path| std::fs::read_to_string(path).expect("a test can be read"))
    .concat();
    let schema = Folder::new().onus(&["schema", "report"]).stdout;
    let schema: Value = serde_json::from_str(&schema).expect("the schema is JSON");
    let definitions = &schema["$defs"];
    let reasons = &definitions["because"]["properties"]["reason"]["enum"];
    let observations = &definitions["observation"]["properties"]["observation"]["enum"];
    for list in [reasons, observations] {
        let words = list.as_array().expect("the words are a list");
        assert!(words.len() > 15, "{words:?}");
        for word in words {
            let word = word.as_str().expect("a word is text");
            let named = [format!("\"{word}\""), format!("\"{word} ")];
            assert!(
                named.iter().any(|n| tests.contains(n.as_str())),
                "no test of {word}"
            );
        }
    }
}

/// What a report says and was not recorded is not known, and what is not known proves nothing.
#[test]
fn what_is_not_recorded_of_a_report_is_missed() {
    for (terms, missing, expected) in [
        ("modal-soc2", "period", "date-unknown"),
        ("modal-soc2", "opinion", "opinion-qualified"),
        ("modal-soc2", "report", "report-missing"),
        ("modal-soc2", "reviewed", "report-not-reviewed"),
    ] {
        let recorded: String = proof(terms, "")
            .lines()
            .filter(|line| !line.starts_with(&format!("{missing}:")))
            .fold(String::new(), |all, line| all + line + "\n");
        let governed = on_modal(Some(recorded));
        let part = governed.part_for(
            "modal-isolation",
            "live",
            "isolation/sandbox",
            "aicpa-tsc-2017/CC6.8",
        );
        let reasons: Vec<&str> = part.reasons.iter().map(|r| r.0).collect();
        assert_eq!(reasons, [expected], "{missing}: {:?}", part.reasons);
    }
    // A certificate has a last day.
    let setup = "onus: 1\nframeworks: [iso-27001-2022]\ncontrols: [ours]\ndeployments: [{deployment: live, on: clickhouse-cloud, offering: cloud}]\n";
    for (expires, expected) in [
        ("", "date-unknown"),
        ("expires: 2026-11-20\n", "attestation-lapsed"),
        ("expires: 2026-11-21\n", "inherited-from"),
    ] {
        let recorded = proof(
            "clickhouse-cloud-iso-27001",
            &format!("edition: 2022\n{expires}"),
        );
        let folder = Folder::with(&[("onus.yaml", setup.to_owned()), ("ours/iso.yaml", recorded)]);
        let governed = judged(&folder, "2026-11-21", &[]);
        let part = governed.part_for(
            "clickhouse-cloud-encryption",
            "live",
            "encryption/encryption",
            "iso-27001-2022/A.8.24",
        );
        let reasons: Vec<&str> = part.reasons.iter().map(|r| r.0).collect();
        assert_eq!(reasons, [expected], "{expires}: {:?}", part.reasons);
    }
}

/// A document is a text: what it says of itself and what cannot be so are told at the place.
#[test]
fn a_document_that_says_what_cannot_be_so_is_told_where() {
    let table = |head: &str, row: &str| format!("| {head} |\n|---|---|\n| {row} |\n");
    for (what, text, at) in [
        (
            "placeholder-contact",
            "Write to security@company.com.\n".to_owned(),
            1,
        ),
        (
            "count-differs",
            "We run 9+ controls:\n\n- one\n".to_owned(),
            1,
        ),
        (
            "certified-report",
            "We are SOC 2 Type I certified.\n".to_owned(),
            1,
        ),
        (
            "promise-and-offer",
            "## HIPAA\n\nComing soon.\n\nA BAA is available.\n".to_owned(),
            3,
        ),
        (
            "history-differs",
            format!(
                "Version: 1.1\n\n{}",
                table("Version | Date", "1.0 | 2026-01-20")
            ),
            5,
        ),
        (
            "status-not-implemented",
            table("Control | Status", "Response | Documented"),
            3,
        ),
    ] {
        let folder = Folder::with(&[("doc.md", text)]);
        folder.write("onus.yaml", "onus: 1\ndocuments: [doc.md]\n");
        let governed = judged(&folder, "2026-11-21", &[]);
        let told = governed.observed();
        assert_eq!(told.len(), 1, "{what}: {told:?}");
        assert_eq!(told[0].0, what);
        let place = &governed.list("observations")[0]["locations"][0];
        assert_eq!(place["line"], at, "{what}: {place}");
    }
}
