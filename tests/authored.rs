//! What people write wrongly in their own files: every mistake has its line and what to do, and none hides the next.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::{Folder, repository};

/// Each file of mistakes, as a user's own.
#[test]
fn every_mistake_is_shown_in_its_line() {
    let folder = repository().join("tests/authored");
    let mut count = 0;
    for name in [
        "control",
        "requirements",
        "responsibility",
        "attestation",
        "framework",
    ] {
        let text = std::fs::read(folder.join(format!("{name}.yaml"))).expect("a case can be read");
        let ours = Folder::with(&[("ours/file.yaml", text)]);
        let run = ours.onus(&["list", "controls", "--controls", "ours"]);
        assert_eq!(run.code, Some(2), "{name}: {}", run.shown());
        assert_eq!(run.stdout, "", "{name}");
        count += run.stderr.matches("  ✗ ").count();
        insta::assert_snapshot!(name, run.stderr);
    }
    assert!(count > 60, "{count}");
}

#[test]
fn every_mistake_in_the_project_file_is_shown_in_its_line() {
    let folder = repository().join("tests/authored");
    let text = std::fs::read(folder.join("onus.yaml")).expect("the case can be read");
    let ours = Folder::with(&[("onus.yaml", text)]);
    let run = ours.onus(&["check", "."]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    insta::assert_snapshot!("onus", run.stderr);
}

/// The ids of `onus list controls` with a folder of these files.
fn listed(files: &[(&str, &str)]) -> support::Run {
    let folder = Folder::with(files);
    folder.onus(&["list", "controls", "--controls", "ours"])
}

#[test]
fn ids_as_people_write_them_are_understood() {
    for written in [
        "aicpa-tsc-2017/CC6.1",
        "aicpa-tsc-2017/cc6.1",
        "aicpa-tsc-2017/CC-6.1",
        "aicpa-tsc-2017/CC 6.1",
        "soc2/CC6.1",
        "iso-27001-2022/a.8.24",
        "iso-27001-2022/A.8.24",
        "hipaa-security-rule/164.312(a)(1)",
        "hipaa-security-rule/164.312(a)(2)(iv)",
        "hipaa-security-rule/45 CFR 164.312(a)(1)",
        "aicpa-tsc-2017/CC6.1-6.8",
        "aicpa-tsc-2017/CC6.1-CC6.8",
        "aicpa-tsc-2017/CC6.*",
        "aicpa-tsc-2017/A1.1-A1.3",
        "pci-dss-4.0.1/8.4.2",
        "pci-dss-4.0.1/Req 8.4.2",
        "nist-sp-800-53-r5/ac-2",
        "nist-sp-800-53-r5/AC-02",
        "nist-sp-800-53-r5/AC-2(1)",
        "gdpr/Art. 32(1)",
        "cis-controls-v8/5.4",
    ] {
        let control =
            format!("control: c\ntitle: C\nsatisfies: [\"{written}\"]\nstatement: {{ask: x}}\n");
        let run = listed(&[("ours/c.yaml", &control)]);
        assert_eq!(run.code, Some(0), "{written}: {}", run.shown());
    }
}

#[test]
fn what_leads_nowhere_is_met_with_the_nearest() {
    for (written, near) in [
        ("iso-27001-2022/8.24", "did you mean `A.8.24`?"),
        (
            "aicpa-tsc-2017/CC6.9",
            "did you mean `CC6.8`, `CC6.7`, `CC6.6`?",
        ),
        ("aicpa-tsc-2017/CC1.0", "what is meant may be `CC1.1`"),
        ("aicpa-tsc-2017/A2.0", "what is meant may be `A1.2`, `A1.3`"),
        ("aicpa-tsc-2017/PI2.0", "what is meant may be `PI1.2`"),
        ("aicpa-tsc-2017/P1.0", "its requirements are `P1.1`"),
        (
            "hipaa-security-rule/164.312(f)",
            "did you mean `164.312(a)(1)`",
        ),
        ("pci-dss-4.0.1/13.1", "did you mean"),
        ("tscs/CC6.1", "did you mean `tsc`?"),
        ("CC6.1", "write `framework/requirement`"),
    ] {
        let control =
            format!("control: c\ntitle: C\nsatisfies: [\"{written}\"]\nstatement: {{ask: x}}\n");
        let run = listed(&[("ours/c.yaml", &control)]);
        assert_eq!(run.code, Some(2), "{written}: {}", run.shown());
        let words = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(near), "{written}: {words}");
    }
}

#[test]
fn a_range_is_all_that_lies_within_and_is_shown_as_such() {
    let control =
        "control: c\ntitle: C\nsatisfies: [aicpa-tsc-2017/CC6.1-6.8]\nstatement: {ask: x}\n";
    let folder = Folder::with(&[("ours/c.yaml", control)]);
    let run = folder.onus(&["explain", "c", "--controls", "ours"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    for id in 1..=8 {
        assert!(run.stdout.contains(&format!("CC6.{id}")), "{}", run.stdout);
    }
}
