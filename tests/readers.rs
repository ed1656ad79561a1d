//! Files that are no trees: logs of a record a line, Dockerfiles, code owners.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::{Folder, Run};

/// A log whose records are chained, and a file that holds the last hash.
const SCHEMA: &str = r#"
@files("audit.jsonl, audit.head.json") @objects("[event_hash] $ | [head] $")
namespace Ledger {
  @chain("hash: event_hash, previous: previous_hash, sequence?: sequence")
  @each("[event_hash] $$") @id("$.sequence")
  entity Event = { actor: String, event_hash: String, @chained chain: String };

  @each("[head] $$")
  entity Head = { head: String, @lookup("Ledger::Event[event_hash = head].event_hash") found: Set<String> };

  action keep appliesTo { principal: [Onus::Deployment], resource: [Event, Head], context: {} };
}
"#;

const POLICIES: [(&str, &str); 2] = [
    (
        "ours/audit/log-intact/policy.cedar",
        r#"@title("nobody may change a log") @severity("high") @help("find out who did")
forbid (principal, action == Ledger::Action::"keep", resource is Ledger::Event)
unless { ["first", "intact"].contains(resource.chain) };
"#,
    ),
    (
        "ours/audit/log-whole/policy.cedar",
        r#"@title("the end of a log must be there") @severity("high") @help("find out who cut it off")
forbid (principal, action == Ledger::Action::"keep", resource is Ledger::Head)
when { resource.found.isEmpty() };
"#,
    ),
];

/// Made by another program: `json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`, SHA-256.
const LOG: [&str; 3] = [
    r#"{"sequence": 1, "timestamp": "2026-11-21T08:00:00Z", "actor": "ann", "action": "auth.login", "previous_hash": "", "details": {"reason": "é \"x\"", "tries": 1, "mfa": true, "note": null}, "event_hash": "7a6224c7b090027e29ccfa336bbe7466418a70eb7137454fc7535401e4a38f38"}"#,
    r#"{"sequence": 2, "timestamp": "2026-11-22T08:00:00Z", "actor": "bo", "action": "session.create", "previous_hash": "7a6224c7b090027e29ccfa336bbe7466418a70eb7137454fc7535401e4a38f38", "details": {"reason": "é \"x\"", "tries": 2, "mfa": true, "note": null}, "event_hash": "7bd9e98ec073b2bd30642fb6e1ea423f984f1adc009897d2a97f6e150c51fadc"}"#,
    r#"{"sequence": 3, "timestamp": "2026-11-23T08:00:00Z", "actor": "ann", "action": "auth.logout", "previous_hash": "7bd9e98ec073b2bd30642fb6e1ea423f984f1adc009897d2a97f6e150c51fadc", "details": {"reason": "é \"x\"", "tries": 3, "mfa": true, "note": null}, "event_hash": "3f0e95b0a01d702bbaa7e1e5937cf5450d047d9eb62a8d32ba1be7a6c796d72f"}"#,
];

fn folder(lines: &[String]) -> Folder {
    let folder = Folder::with(&POLICIES);
    folder.write("ours/audit/schema.cedarschema", SCHEMA);
    folder.write("logs/audit.jsonl", lines.join("\n"));
    folder
}

/// Each verdict with the line it is shown in, and the exit code.
fn told(run: &Run) -> (Option<i32>, Vec<String>) {
    let report = run.report();
    let mut told: Vec<_> = report
        .evaluations
        .iter()
        .map(|e| format!("{} {} {}", e.check, e.verdict, e.location.line))
        .collect();
    told.sort();
    (run.code, told)
}

const ARGS: [&str; 7] = [
    "check",
    "logs",
    "--policies",
    "ours",
    "--all",
    "--format",
    "json",
];

#[test]
fn a_log_is_green_only_if_every_record_is_as_it_was_written() {
    let whole: Vec<String> = LOG.map(str::to_owned).to_vec();
    let judged = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = whole.clone();
        change(&mut lines);
        told(&folder(&lines).onus(&ARGS))
    };
    let (code, all) = judged(&|_| {});
    assert_eq!(code, Some(0));
    assert_eq!(
        all,
        [
            "log-intact pass 1",
            "log-intact pass 2",
            "log-intact pass 3"
        ]
    );
    let (code, all) = judged(&|lines| lines[1] = lines[1].replace("bo", "eve"));
    assert_eq!(code, Some(1));
    assert_eq!(
        all,
        [
            "log-intact fail 2",
            "log-intact pass 1",
            "log-intact pass 3"
        ]
    );
    let (code, all) = judged(&|lines| drop(lines.remove(1)));
    assert_eq!(code, Some(1));
    assert_eq!(all, ["log-intact fail 2", "log-intact pass 1"]);
}

#[test]
fn a_chain_that_cannot_be_read_is_refused_where_it_is_declared() {
    let right = r#"@chain("hash: event_hash, previous: previous_hash, sequence?: sequence")"#;
    for (from, to, message) in [
        (right, "", "the things of `Ledger::Event` are not chained"),
        (
            "hash: event_hash,",
            "",
            "a chain needs `hash` and `previous`",
        ),
        ("hash: event_hash", "hash:", "`hash` has no name"),
        ("sequence?:", "hash:", "`hash` stands twice"),
        ("sequence?:", "count:", "`count` is no part of a chain"),
        (
            "@chained chain: String",
            "@chained chain: Long",
            "what a chain comes to is a `String`",
        ),
        (
            "@chained chain: String",
            "of: { @chained chain: String }",
            "`@chained` stands in a record, and a thing has one chain",
        ),
        (
            "@chained chain: String",
            "@key @chained chain: String",
            "`chain` has both `@key` and `@chained`",
        ),
    ] {
        let folder = folder(&[]);
        let changed = SCHEMA.replace(from, to);
        assert_ne!(changed, SCHEMA);
        folder.write("ours/audit/schema.cedarschema", changed);
        let run = folder.onus(&ARGS);
        assert_eq!(run.code, Some(2), "{}", run.shown());
        assert!(run.stderr.contains(message), "{message}\n{}", run.shown());
    }
}

#[test]
fn a_line_that_is_broken_is_an_error_of_every_check_that_is_about_the_log() {
    let mut lines: Vec<String> = LOG.map(str::to_owned).to_vec();
    lines.push(lines[2].chars().take(30).collect());
    let run = folder(&lines).onus(&ARGS);
    let (code, all) = told(&run);
    assert_eq!(code, Some(4), "{}", run.shown());
    assert_eq!(
        all,
        [
            "log-intact error 4",
            "log-intact pass 1",
            "log-intact pass 2",
            "log-intact pass 3",
            "log-whole error 4"
        ]
    );
    // Where nothing is asked about it, the file is not as it should be all the same.
    let folder = folder(&lines);
    let run = folder.onus(&[
        "check",
        "logs",
        "--policies",
        "ours",
        "--check",
        "no-host-ports",
    ]);
    assert_eq!(run.code, Some(4), "{}", run.shown());
    assert!(
        run.stdout
            .contains("audit.jsonl:4:1: this line is not JSON"),
        "{}",
        run.shown()
    );
    let run = folder.onus(&["check", "logs/audit.jsonl"]);
    assert_eq!(run.code, Some(4), "{}", run.shown());
}

#[test]
fn an_end_that_was_cut_off_is_told_by_a_hash_that_is_kept_elsewhere() {
    let whole: Vec<String> = LOG.map(str::to_owned).to_vec();
    let last = whole[2]
        .split("event_hash\": \"")
        .nth(1)
        .expect("it has a hash");
    let head = format!("{{\"head\": \"{last}");
    for (count, code, verdict) in [(3, 0, "pass"), (2, 1, "fail")] {
        let folder = folder(&whole[..count]);
        folder.write("logs/audit.head.json", &head);
        let (found, all) = told(&folder.onus(&ARGS));
        assert_eq!(found, Some(code));
        assert_eq!(all.last(), Some(&format!("log-whole {verdict} 1")));
    }
}

#[test]
fn code_owners_are_a_document_and_grants_at_once() {
    let folder = Folder::with(&[
        (
            "ours/owners/schema.cedarschema",
            r#"
@files("CODEOWNERS")
namespace Owners {
  @each("$.rules[*]") @id("$.pattern")
  entity Rule = { pattern: String, owners: Set<String> };
  action own appliesTo { principal: [Onus::Deployment], resource: [Rule], context: {} };
}
"#,
        ),
        (
            "ours/owners/paths-owned/policy.cedar",
            r#"@title("every path must have an owner") @severity("low") @help("name one")
forbid (principal, action == Owners::Action::"own", resource is Owners::Rule)
when { resource.owners.isEmpty() };
"#,
        ),
        (
            "repository/.github/CODEOWNERS",
            "# all\n* @ann @org/ops\nmy\\ docs/\n",
        ),
    ]);
    let run = folder.onus(&["check", "repository", "--policies", "ours"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(
        run.stdout.contains("on Owners/rules/my docs/"),
        "{}",
        run.shown()
    );
    assert!(run.stdout.contains("CODEOWNERS:3:1"), "{}", run.shown());
    let run = folder.onus(&["grants", "repository"]);
    assert!(run.stdout.contains("ann"), "{}", run.shown());
}

#[test]
fn what_is_known_only_when_an_image_is_built_is_unknown() {
    let folder = Folder::with(&[
        ("Dockerfile", "ARG BASE\nFROM ${BASE}\nUSER 1\n"),
        ("Dockerfile.j2", "FROM {{ base }}\n"),
        ("Dockerfile.dockerignore", "node_modules\n"),
    ]);
    let run = folder.onus(&[
        "check",
        ".",
        "--check",
        "dockerfile-images-pinned",
        "--format",
        "json",
    ]);
    let (code, all) = told(&run);
    assert_eq!(code, Some(4), "{}", run.shown());
    assert_eq!(all, ["dockerfile-images-pinned unknown 2"; 2]);
    let report = run.report();
    assert_eq!(report.file("Dockerfile.j2").outcome, "skipped");
    assert_eq!(
        report.file("Dockerfile.dockerignore").outcome,
        "unknown-format"
    );
}
