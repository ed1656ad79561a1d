//! What people in this field trip over, each in its wrong and its right form: Onus tells them apart, and shows the line.
//!
//! The numbers are those of our list of fifty. Those that are about configs, grants or whole systems are named at the end, with what
//! they are about.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::Value;
use support::{Folder, proof};

/// One trap.
struct Trap {
    number: u8,
    /// What is easily taken for something else.
    says: &'static str,
    wrong: Form,
    right: Form,
    /// The reason, the observation, the state of an occurrence, or the words of an error that tell the wrong form.
    told: &'static str,
}

/// Files, over a project file with these lines.
struct Form {
    setup: String,
    files: Vec<(&'static str, String)>,
}

/// Lines of the project file, and one file of our own.
fn form(setup: &str, ours: impl Into<String>) -> Form {
    Form {
        setup: setup.to_owned(),
        files: vec![("ours/file.yaml", ours.into())],
    }
}

fn document(text: &str) -> Form {
    Form {
        setup: "frameworks: [aicpa-tsc-2017]\ndocuments: [doc.md]\n".to_owned(),
        files: vec![
            ("doc.md", text.to_owned()),
            (
                "ours/file.yaml",
                control("said", "aicpa-tsc-2017/CC1.1", "statement: {ask: x}\n"),
            ),
        ],
    }
}

fn control(id: &str, satisfies: &str, more: &str) -> String {
    format!("control: {id}\ntitle: Of ours\nsatisfies: [{satisfies}]\n{more}")
}

/// A part of a provider's that can be inherited for a requirement, and the control that asks for it.
fn shared(of: &str, requirement: &str, part: &str) -> String {
    format!(
        "responsibility: ours\ntitle: As agreed\nof: {of}\nareas:\n  - area: a\n    title: A\n    parts:\n      - {{part: p, title: P, {part}}}\n---\n{}",
        control("shared", requirement, "responsibility: ours/a\n")
    )
}

fn provided(of: &str, requirement: &str) -> String {
    shared(
        of,
        requirement,
        &format!("accountable: provider, inheritable: \"{requirement}\""),
    )
}

fn both(a: impl AsRef<str>, b: impl AsRef<str>) -> String {
    format!("{}---\n{}", a.as_ref(), b.as_ref())
}

const SOC2: &str = "frameworks: [aicpa-tsc-2017]\n";

fn on(provider: &str, facts: &str) -> String {
    format!(
        "frameworks: [aicpa-tsc-2017, pci-dss-4.0.1, hipaa-security-rule, iso-27001-2022]\ndeployments: [{{deployment: live, on: {provider}{facts}}}]\n"
    )
}

fn said(control: &str, part: &str) -> String {
    format!(
        "statements: [{{statement: s, control: {control}, part: {part}, says: implemented, reason: done, by: Ada, role: lead, on: 2026-11-01}}]\n"
    )
}

#[expect(clippy::too_many_lines, reason = "it is a table")]
fn traps() -> Vec<Trap> {
    let modal = on("modal", ", plan: team");
    let records = |on: &str| Form {
        setup: format!("{SOC2}gates: {{filing: as-stated}}\n"),
        files: vec![
            (
                "ours/file.yaml",
                control(
                    "reviews",
                    "aicpa-tsc-2017/CC6.2",
                    "evidence: [{evidence: q, title: Q, path: 'q/{year}-Q{quarter}.md', every: quarter, starts: 2026-07-01, grace: 30 days}]\n",
                ),
            ),
            (
                "q/2026-Q3.md",
                format!(
                    "---\nperformed_by: Ada\nperformed_on: {on}\nscope: all\nresult: satisfactory\n---\n"
                ),
            ),
        ],
    };
    let kept = |first: &str, second: &str| {
        let rule = |keep: &str| {
            format!(
                "evidence: [{{evidence: l, title: L, path: 'logs/{{year}}.md', every: year, starts: 2026-01-01, retention: {keep}}}]\n"
            )
        };
        form(
            SOC2,
            both(
                control("audit-log", "aicpa-tsc-2017/CC7.2", &rule(first)),
                control("documentation", "aicpa-tsc-2017/CC2.1", &rule(second)),
            ),
        )
    };
    vec![
        Trap {
            number: 3,
            says: "a heading that reads like another criterion's",
            wrong: document("# A\n\n## CC7.4: Security Event Evaluation\n"),
            right: document("# A\n\n## CC7.3: Security Event Evaluation\n"),
            told: "title-differs",
        },
        Trap {
            number: 4,
            says: "series and labels that are no criteria",
            wrong: form(SOC2, control("c", "aicpa-tsc-2017/CC1.0", "statement: {ask: x}\n")),
            right: form(SOC2, control("c", "aicpa-tsc-2017/CC1.1-1.5", "statement: {ask: x}\n")),
            told: "there is no `CC1.0` in `aicpa-tsc-2017`",
        },
        Trap {
            number: 4,
            says: "the same in a document",
            wrong: document("# A\n\n## PI2.0 Processing\n"),
            right: document("# A\n\n## PI1.2 Inputs\n"),
            told: "unknown-requirement",
        },
        Trap {
            number: 5,
            says: "one control that is said to be all of a range",
            wrong: form(SOC2, "control: c\ntitle: RBAC\nsatisfies: [{requirement: aicpa-tsc-2017/CC6.1-6.8, full: we have roles}]\nstatement: {ask: x}\n"),
            right: form(SOC2, "control: c\ntitle: RBAC\nsatisfies: [aicpa-tsc-2017/CC6.1-6.8]\nstatement: {ask: x}\n"),
            told: "`full` is said of one requirement at a time",
        },
        Trap {
            number: 6,
            says: "availability inherited as a whole",
            wrong: form(&modal, proof("modal-soc2", "categories: [security, availability]\n")),
            right: form(
                &format!("{modal}{}", said("modal-availability", "recovery-tests")),
                proof("modal-soc2", "categories: [security, availability]\n"),
            ),
            told: "statement-pending availability/recovery-tests",
        },
        Trap {
            number: 7,
            says: "the login of one's own users, inherited",
            wrong: form(
                &modal,
                both(
                    proof("modal-soc2", ""),
                    shared("modal", "aicpa-tsc-2017/CC6.1", "accountable: provider, inheritable: aicpa-tsc-2017/CC6.1, customer_setting: true"),
                ),
            ),
            right: form(&modal, both(proof("modal-soc2", ""), provided("modal", "aicpa-tsc-2017/CC6.1"))),
            told: "customer-setting",
        },
        Trap {
            number: 8,
            says: "encryption of the provider's interfaces, taken for that of one's own ports",
            wrong: form(&modal, proof("modal-soc2", "")),
            right: form(&format!("{modal}{}", said("modal-encryption", "own-listeners")), proof("modal-soc2", "")),
            told: "statement-pending encryption/own-listeners",
        },
        Trap {
            number: 9,
            says: "a Type I report, taken for one of operation",
            wrong: form(&modal, both(proof("modal-soc2", "type: soc2-type-1\n"), provided("modal", "aicpa-tsc-2017/CC6.1"))),
            right: form(&modal, both(proof("modal-soc2", ""), provided("modal", "aicpa-tsc-2017/CC6.1"))),
            told: "type-one",
        },
        Trap {
            number: 10,
            says: "an agreement that can be had, taken for one that is signed",
            wrong: form(
                &format!("{modal}agreements: [{{agreement: a, kind: baa, with: modal, status: available}}]\n"),
                both(proof("modal-hipaa", ""), provided("modal", "hipaa-security-rule/164.312(d)")),
            ),
            right: form(
                &format!("{modal}agreements: [{{agreement: a, kind: baa, with: modal, status: signed, signed: 2026-01-01}}]\n"),
                both(proof("modal-hipaa", ""), provided("modal", "hipaa-security-rule/164.312(d)")),
            ),
            told: "agreement-unsigned",
        },
        Trap {
            number: 10,
            says: "what is coming soon, taken for what is there",
            wrong: form(&modal, both(proof("modal-soc2", "status: planned\n"), provided("modal", "aicpa-tsc-2017/CC6.1"))),
            right: form(&modal, both(proof("modal-soc2", ""), provided("modal", "aicpa-tsc-2017/CC6.1"))),
            told: "attestation-planned",
        },
        Trap {
            number: 12,
            says: "a row of a marketing table, taken for an attestation",
            wrong: form(&on("phala-cloud", ""), provided("phala-cloud", "pci-dss-4.0.1/1.3")),
            right: form(
                &on("phala-cloud", ""),
                both(
                    proof("x", "expires: 2027-01-01\nedition: 4.0.1\n").replace("terms: x\n", "of: phala-cloud\nframework: pci-dss-4.0.1\ntype: attestation-of-compliance\n"),
                    provided("phala-cloud", "pci-dss-4.0.1/1.3"),
                ),
            ),
            told: "attestation-missing shared",
        },
        Trap {
            number: 13,
            says: "categories that are in a definition, and not in the audit",
            wrong: form(&on("clickhouse-cloud", ""), both(proof("clickhouse-cloud-soc2", ""), provided("clickhouse-cloud", "aicpa-tsc-2017/P6.1"))),
            right: form(
                &on("clickhouse-cloud", ""),
                both(proof("clickhouse-cloud-soc2", "categories: [security, privacy]\n"), provided("clickhouse-cloud", "aicpa-tsc-2017/P6.1")),
            ),
            told: "criterion-not-covered",
        },
        Trap {
            number: 14,
            says: "a region that is on the list, in a type that is not",
            wrong: form(
                &on("clickhouse-cloud", ", plan: enterprise, offering: cloud, region: us-east-1, region_type: standard"),
                both(proof("clickhouse-cloud-hipaa", ""), provided("clickhouse-cloud", "hipaa-security-rule/164.312(d)")),
            ),
            right: form(
                &on("clickhouse-cloud", ", plan: enterprise, offering: cloud, region: us-east-1, region_type: hipaa"),
                both(proof("clickhouse-cloud-hipaa", ""), provided("clickhouse-cloud", "hipaa-security-rule/164.312(d)")),
            ),
            told: "out-of-scope shared",
        },
        Trap {
            number: 15,
            says: "a promise whose day has passed",
            wrong: form(&on("clickhouse-cloud", ""), "attestation: promise\nof: clickhouse-cloud\nframework: hipaa-security-rule\ntype: soc2-type-2\nstatus: planned\ndue: 2025-06-30\n"),
            right: form(&on("clickhouse-cloud", ""), "attestation: promise\nof: clickhouse-cloud\nframework: hipaa-security-rule\ntype: soc2-type-2\nstatus: planned\ndue: 2026-12-31\n"),
            told: "promise-overdue",
        },
        Trap {
            number: 16,
            says: "a questionnaire for the billing page, of a retired edition",
            wrong: form(
                &on("clickhouse-cloud", ", plan: enterprise, offering: cloud, region: us-east-1, region_type: pci"),
                both(
                    both(proof("clickhouse-cloud-saq-a", ""), "attestation: none\nof: clickhouse-cloud\nframework: pci-dss-4.0.1\ntype: attestation-of-compliance\nstatus: lapsed\n"),
                    provided("clickhouse-cloud", "pci-dss-4.0.1/3.5"),
                )
                .replace("attestation: none", "attestation: old"),
            ),
            right: form(
                &on("clickhouse-cloud", ", plan: enterprise, offering: cloud, region: us-east-1, region_type: pci"),
                both(
                    proof("clickhouse-cloud-pci", "edition: 4.0.1\nexpires: 2027-03-31\n"),
                    provided("clickhouse-cloud", "pci-dss-4.0.1/3.5"),
                ),
            ),
            told: "inherited-unproven shared",
        },
        Trap {
            number: 18,
            says: "a certificate that does not name its edition",
            wrong: form(
                &on("clickhouse-cloud", ""),
                both(proof("clickhouse-cloud-iso-27001", "expires: 2027-01-01\n"), provided("clickhouse-cloud", "iso-27001-2022/A.8.24")),
            ),
            right: form(
                &on("clickhouse-cloud", ""),
                both(proof("clickhouse-cloud-iso-27001", "expires: 2027-01-01\nedition: 2022\n"), provided("clickhouse-cloud", "iso-27001-2022/A.8.24")),
            ),
            told: "edition-differs",
        },
        Trap {
            number: 18,
            says: "a certificate of an edition that has ended",
            wrong: form(
                &on("clickhouse-cloud", ""),
                both(proof("clickhouse-cloud-iso-27001", "expires: 2027-01-01\nedition: 2013\n"), provided("clickhouse-cloud", "iso-27001-2022/A.8.24")),
            ),
            right: form(
                &on("clickhouse-cloud", ""),
                both(proof("clickhouse-cloud-iso-27001", "expires: 2027-01-01\nedition: \"27001:2022\"\n"), provided("clickhouse-cloud", "iso-27001-2022/A.8.24")),
            ),
            told: "edition-differs",
        },
        Trap {
            number: 19,
            says: "a region that is left out of the scope, whatever its letter case",
            wrong: form(
                &on("platformsh", ", plan: enterprise, offering: grid, region: FR-3"),
                both(proof("platformsh-soc2", "type: soc2-type-2\n"), provided("platformsh", "aicpa-tsc-2017/CC6.1")),
            ),
            right: form(
                &on("platformsh", ", plan: enterprise, offering: grid, region: FR-4"),
                both(proof("platformsh-soc2", "type: soc2-type-2\n"), provided("platformsh", "aicpa-tsc-2017/CC6.1")),
            ),
            told: "out-of-scope shared",
        },
        Trap {
            number: 20,
            says: "a plan under which nobody makes the backups",
            wrong: form(&on("platformsh", ", plan: enterprise, offering: grid, region: eu"), control("c", "aicpa-tsc-2017/CC1.1", "statement: {ask: x}\n")),
            right: form(&on("platformsh", ", plan: enterprise, offering: dedicated, region: eu"), control("c", "aicpa-tsc-2017/CC1.1", "statement: {ask: x}\n")),
            told: "unassigned",
        },
        Trap {
            number: 21,
            says: "a chain of which the last link is missing",
            wrong: form(
                &on("platformsh", ", plan: enterprise, offering: grid, region: eu"),
                both(proof("platformsh-soc2", "type: soc2-type-2\n"), shared("platformsh", "aicpa-tsc-2017/CC6.4", "assign: [{when: {region: eu}, accountable: provider, performs: host}], inheritable: aicpa-tsc-2017/CC6.4")),
            ),
            right: form(
                &on("platformsh", ", plan: enterprise, offering: grid, region: eu"),
                both(
                    both(
                        proof("platformsh-soc2", "type: soc2-type-2\n"),
                        proof("aws", "").replace("terms: aws\n", "of: aws\nframework: aicpa-tsc-2017\ntype: soc2-type-2\n"),
                    ),
                    shared("platformsh", "aicpa-tsc-2017/CC6.4", "assign: [{when: {region: eu}, accountable: provider, performs: host}], inheritable: aicpa-tsc-2017/CC6.4"),
                ),
            ),
            told: "chain-open shared",
        },
        Trap {
            number: 22,
            says: "one topic on both sides, without saying who does what",
            wrong: form(&modal, shared("modal", "aicpa-tsc-2017/CC7.1", "both: patching is on both lists")),
            right: form(
                &modal,
                both(proof("modal-soc2", ""), provided("modal", "aicpa-tsc-2017/CC7.1")),
            ),
            told: "split-not-stated",
        },
        Trap {
            number: 23,
            says: "the general matrix, where the framework has its own",
            wrong: form(&modal, both(proof("modal-soc2", ""), provided("modal", "aicpa-tsc-2017/CC6.1"))),
            right: form(
                &modal,
                both(
                    both(proof("modal-soc2", ""), provided("modal", "aicpa-tsc-2017/CC6.1")),
                    "responsibility: own\ntitle: Own\nof: modal\nframework: aicpa-tsc-2017\nareas:\n  - {area: o, title: O, requirements: [CC6.1], parts: [{part: ours, title: Ours, accountable: customer}]}\n",
                ),
            ),
            told: "inherited-from shared",
        },
        Trap {
            number: 24,
            says: "a document past its own review",
            wrong: document("# A\n\n**Next Review**: 2025-10-30\n"),
            right: document("# A\n\n**Next Review**: 2026-11-21\n"),
            told: "review-overdue",
        },
        Trap {
            number: 25,
            says: "a day that was never put in",
            wrong: document("# A\n\n**Next Review**: $(date -d '+6 months')\n"),
            right: document("# A\n\n**Next Review**: July 30, 2027\n"),
            told: "unreadable-date",
        },
        Trap {
            number: 26,
            says: "an interval without a number, in our files",
            wrong: form(SOC2, control("c", "aicpa-tsc-2017/CC6.2", "evidence: [{evidence: e, title: E, path: 'e/{year}.md', every: regularly}]\n")),
            right: form(SOC2, control("c", "aicpa-tsc-2017/CC6.2", "evidence: [{evidence: e, title: E, path: 'e/{year}.md', every: year, starts: 2026-01-01}]\n")),
            told: "`regularly` names no interval",
        },
        Trap {
            number: 26,
            says: "an interval without a number, in a document",
            wrong: document("# A\n\nAccess is reviewed on a regular basis.\n"),
            right: document("# A\n\nAccess is reviewed every quarter.\n"),
            told: "vague-interval",
        },
        Trap {
            number: 27,
            says: "the third quarter, reviewed in October",
            wrong: records("2026-10-31"),
            right: records("2026-10-10"),
            told: "late",
        },
        Trap {
            number: 28,
            says: "a ticked box",
            wrong: document("# A\n\n- [x] Network egress allowlist configured\n"),
            right: document("# A\n\n- [ ] Network egress allowlist configured\n"),
            told: "claim-without-proof",
        },
        Trap {
            number: 29,
            says: "what is planned, taken for what is done",
            wrong: form(SOC2, control("c", "aicpa-tsc-2017/CC6.2", "planned: in the spring\n")),
            right: form(SOC2, control("c", "aicpa-tsc-2017/CC6.2", "statement: {ask: x}\n")),
            told: "promised",
        },
        Trap {
            number: 34,
            says: "two lengths of time for the same records",
            wrong: kept("12 months", "6 years"),
            right: kept("6 years", "6 years"),
            told: "retention-conflict",
        },
        Trap {
            number: 45,
            says: "a misprint of a library",
            wrong: form(SOC2, control("c", "aicpa-tsc-2017/PP1.1", "statement: {ask: x}\n")),
            right: form(SOC2, control("c", "aicpa-tsc-2017/PI1.1", "statement: {ask: x}\n")),
            told: "there is no `PP1.1`",
        },
        Trap {
            number: 45,
            says: "an alternative to what is required",
            wrong: form(
                "frameworks: [hipaa-security-rule]\nstatements: [{statement: s, requirement: 'hipaa-security-rule/164.312(d)', says: alternative, reason: x, by: a, role: b, on: 2026-01-01}]\n",
                control("c", "hipaa-security-rule/164.312(d)", "statement: {ask: x}\n"),
            ),
            right: form(
                "frameworks: [hipaa-security-rule]\nstatements: [{statement: s, requirement: 'hipaa-security-rule/164.312(a)(2)(iv)', says: alternative, reason: x, by: a, role: b, on: 2026-01-01}]\n",
                control("c", "hipaa-security-rule/164.312(d)", "statement: {ask: x}\n"),
            ),
            told: "is required: no alternative takes its place",
        },
        Trap {
            number: 49,
            says: "what a vendor lists of itself, taken for what can be inherited",
            wrong: form(&modal, both(proof("modal-soc2", ""), shared("modal", "aicpa-tsc-2017/CC6.1", "accountable: provider"))),
            right: form(&modal, both(proof("modal-soc2", ""), provided("modal", "aicpa-tsc-2017/CC6.1"))),
            told: "not-inheritable shared",
        },
        Trap {
            number: 50,
            says: "a provider's certification, taken for one's own",
            wrong: form(&modal, proof("modal-soc2", "")),
            right: form(&format!("{modal}{}", said("modal-secrets", "use")), proof("modal-soc2", "")),
            told: "statement-pending secrets/use",
        },
    ]
}

/// Those of the fifty that are about something else.
const ELSEWHERE: [(u8, &str); 19] = [
    (1, "a document's role matrix against its code: grants"),
    (
        2,
        "a wildcard that matches actions which do not exist yet: grants",
    ),
    (
        11,
        "a number of controls that is larger than the list: whole systems",
    ),
    (17, "the direction of transfers: whole systems"),
    (30, "alerts without metrics: whole systems"),
    (31, "operators of thresholds: whole systems"),
    (32, "field names of audit logs: whole systems"),
    (33, "hash chains of audit logs: whole systems"),
    (35, "contacts that are placeholders: whole systems"),
    (36, "two times to respond: whole systems"),
    (37, "lists of subprocessors: whole systems"),
    (38, "a missing key with three defaults: configs"),
    (39, "one value of several keys: configs"),
    (40, "YAML within JSON: configs"),
    (41, "images that are pinned: configs"),
    (42, "passwords and addresses together: configs"),
    (43, "what is granted and what has effect: grants"),
    (44, "defaults that oppose each other: configs"),
    (46, "prefixes of paths: configs"),
];

/// Two more: 47 is about the semantics of Cedar, which checks are held to; 48 cannot be decided without asking the forge.
const OF_THE_ENGINE: [u8; 2] = [47, 48];

/// Where the wrong form is told: the places, as `file:line`.
fn told(form: &Form, what: &str) -> Vec<String> {
    let folder = Folder::new();
    folder.write(
        "onus.yaml",
        format!("onus: 1\ncontrols: [ours]\n{}", form.setup),
    );
    for (name, text) in &form.files {
        folder.write(name, text);
    }
    let run = folder.onus(&["check", ".", "--now", "2026-11-21", "--format", "json"]);
    if run.code == Some(2) {
        // An authored file is refused: the words stand in one line with a frame under it.
        let words = run.stderr.replace("\n  │ ", " ");
        let known = words.split("  ✗ ").filter(|problem| problem.contains(what));
        return known
            .filter_map(|problem| {
                let at = problem.split_once("─[")?.1;
                Some(at.split_once(']')?.0.to_owned())
            })
            .collect();
    }
    let report: Value = serde_json::from_str(&run.stdout)
        .unwrap_or_else(|e| panic!("no report: {e}\n{}", run.shown()));
    let governance = &report["governance"];
    let at = |locations: &Value| {
        let file = locations[0]["file"].as_str().unwrap_or_default();
        format!("{file}:{}", locations[0]["line"])
    };
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let (word, of) = what.split_once(' ').unwrap_or((what, ""));
    let mut places = Vec::new();
    for observation in list(governance, "observations") {
        if observation["observation"] == word {
            places.push(at(&observation["locations"]));
        }
    }
    for control in list(governance, "controls") {
        for part in list(&control, "parts") {
            for reason in list(&part, "reasons") {
                let named = control["control"] == of || part["part"] == of || of.is_empty();
                if named && (reason["reason"] == word || reason["status"] == word) {
                    places.push(at(&reason["locations"]));
                }
            }
        }
    }
    for evidence in list(governance, "evidence") {
        for occurrence in list(&evidence, "occurrences") {
            if occurrence["state"] == word {
                places.push(format!(
                    "{}:1",
                    occurrence["file"].as_str().unwrap_or_default()
                ));
            }
        }
    }
    places
}

#[test]
fn the_wrong_form_is_told_from_the_right_one_in_its_line() {
    for trap in traps() {
        let Trap {
            number,
            says,
            told: word,
            ..
        } = trap;
        let wrong = told(&trap.wrong, word);
        assert!(!wrong.is_empty(), "{number}, {says}: `{word}` is not told");
        for place in &wrong {
            let (file, line) = place.rsplit_once(':').expect("a place has a line");
            let line = line.trim_matches(|c: char| !c.is_ascii_digit());
            assert!(
                !file.is_empty() && line.parse::<u32>().is_ok_and(|l| l > 0),
                "{number}, {says}: {place}"
            );
        }
        let right = told(&trap.right, word);
        assert_eq!(
            right,
            Vec::<String>::new(),
            "{number}, {says}: `{word}` is told of the right form"
        );
    }
}

#[test]
fn every_one_of_the_fifty_has_its_place() {
    let mut all: Vec<u8> = traps().iter().map(|t| t.number).collect();
    all.extend(ELSEWHERE.map(|(number, _)| number));
    all.extend(OF_THE_ENGINE);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all, (1..=50).collect::<Vec<u8>>());
    for (number, why) in ELSEWHERE {
        assert!(!why.is_empty(), "{number}");
        assert!(traps().iter().all(|t| t.number != number), "{number}");
    }
}
