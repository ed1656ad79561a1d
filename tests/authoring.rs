//! A stranger writes a pack: the tutorial is performed word for word, and what `onus new` begins satisfies nothing.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Folder, repository};

/// A block of the tutorial.
#[derive(Debug)]
enum Block {
    /// The file of this name is written.
    File(String, String),
    /// A command, and what it prints.
    Command(String, Vec<String>),
}

/// The blocks of a document, in its order. Whatever is neither a file nor a command would rot unseen.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match info.split_once(' ') {
            Some((_, name)) => {
                blocks.push(Block::File(name.to_owned(), body.join("\n") + "\n"));
            }
            None => {
                assert_eq!(info, "console", "a block has the name of a file: {body:?}");
                for line in body {
                    match (line.strip_prefix("$ "), blocks.last_mut()) {
                        (Some(command), _) => {
                            blocks.push(Block::Command(command.to_owned(), Vec::new()));
                        }
                        (None, Some(Block::Command(_, printed))) => printed.push(line.to_owned()),
                        (None, _) => panic!("`{line}` is printed by nothing"),
                    }
                }
            }
        }
    }
    blocks
}

/// Whether a line is what is told, where `…` stands for what is left out.
fn is_line(told: &str, line: &str) -> bool {
    let Some((before, after)) = told.split_once('…') else {
        return told == line;
    };
    line.strip_prefix(before).is_some_and(|rest| {
        let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        ends.any(|at| rest.get(at..).is_some_and(|rest| is_line(after, rest)))
    })
}

/// Whether lines are what is told, where a line of `…` stands for one line or more.
fn are_lines(told: &[String], lines: &[&str]) -> bool {
    match (told, lines) {
        ([], []) => true,
        ([first, rest @ ..], [_, more @ ..]) if first == "…" => {
            are_lines(rest, more) || are_lines(told, more)
        }
        ([first, rest @ ..], [line, more @ ..]) => is_line(first, line) && are_lines(rest, more),
        _ => false,
    }
}

/// Runs a line of a shell where `onus` is at hand.
#[cfg(unix)]
fn shell(folder: &Path, line: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_onus"));
    let beside = binary.parent().expect("the binary stands in a folder");
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{{ {line}; }} 2>&1")]);
    support::scrub(&mut command, folder);
    command.env("PATH", format!("{}:/usr/bin:/bin", beside.display()));
    support::run(command, b"").stdout
}

#[cfg(unix)]
#[test]
fn the_tutorial_can_be_performed_word_for_word() {
    let text = std::fs::read_to_string(repository().join("docs/authoring.md"))
        .expect("the tutorial can be read");
    let blocks = blocks(&text);
    let folder = Folder::new();
    let shop = folder.path().join("shop");
    std::fs::create_dir(&shop).expect("a folder can be made");
    let (mut files, mut commands) = (0, 0);
    for block in &blocks {
        match block {
            Block::File(name, text) => {
                files += 1;
                folder.write(&format!("shop/{name}"), text);
            }
            Block::Command(line, told) => {
                commands += 1;
                let printed = shell(&shop, line);
                let lines: Vec<&str> = printed.trim_end().lines().collect();
                assert!(
                    are_lines(told, &lines),
                    "$ {line}\n--- told\n{}\n--- printed\n{printed}",
                    told.join("\n")
                );
            }
        }
    }
    assert!(files >= 25 && commands >= 30, "{files} {commands}");
}

/// What the issue asks for, begun in the tutorial.
#[test]
fn the_tutorial_begins_one_of_each_kind() {
    let text = std::fs::read_to_string(repository().join("docs/authoring.md"))
        .expect("the tutorial can be read");
    for kind in [
        "party",
        "responsibility",
        "terms",
        "attestation",
        "requirements",
        "control",
        "evidence",
        "statement",
        "waiver",
        "schema",
        "check",
        "case",
    ] {
        assert!(text.contains(&format!("\n$ onus new {kind} ")), "{kind}");
    }
}

#[test]
fn left_out_is_what_the_tutorial_says_is_left_out() {
    let told = |lines: &[&str]| -> Vec<String> { lines.iter().map(|l| (*l).to_owned()).collect() };
    assert!(are_lines(&told(&["a", "…", "d"]), &["a", "b", "c", "d"]));
    assert!(!are_lines(&told(&["a", "…", "d"]), &["a", "d"]));
    assert!(!are_lines(&told(&["a"]), &["a", "b"]));
    assert!(!are_lines(&told(&["a", "b"]), &["a"]));
    assert!(is_line("… of … cases", "3 of 4 cases"));
    assert!(!is_line("… of … cases", "3 of 4 case"));
}

const SCHEMA: &str = r#"@files("courier.yaml, more/*.yaml")
@null("absent")
namespace Courier {
  @each("$.queues[*]") @id("$.name")
  entity Queue = { name: String, @as("duration") retention?: Long, limits?: { size?: Long } };
  @each("$.topics.*")
  entity Topic = { @key name: String, open?: Bool };
  @each("$.members[*]")
  entity Member in [Topic] = { @from("$") who: String, topic: Topic };
  entity Lonely;
  action deploy appliesTo { principal: [Onus::Deployment], resource: [Queue, Topic, Member] };
}
"#;

/// A folder with a schema of its own.
fn courier() -> Folder {
    Folder::with(&[
        ("onus.yaml", "onus: 1\npolicies: [policies]\n"),
        ("policies/courier/schema.cedarschema", SCHEMA),
    ])
}

fn begun(folder: &Folder, args: &[&str]) -> String {
    let mut all = vec!["new"];
    all.extend(args);
    let run = folder.onus(&all);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run.stdout
}

fn refused(folder: &Folder, args: &[&str], told: &str) {
    let run = folder.onus(args);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&run.stderr).contains(told), "{told}\n{}", run.shown());
}

#[test]
fn a_check_is_begun_with_what_it_can_read_and_with_cases_in_which_nothing_stands() {
    let folder = courier();
    begun(
        &folder,
        &["check", "queues-keep-messages", "--type", "Courier::Queue"],
    );
    begun(
        &folder,
        &["check", "members-known", "--type", "Courier::Member"],
    );
    begun(
        &folder,
        &["check", "pods-labelled", "--type", "Kubernetes::Pod"],
    );
    // A format of ours has its folder beside those of the user, and a name that its pattern fits.
    let told = begun(
        &folder,
        &["check", "services-named", "--type", "Compose::Service"],
    );
    assert!(
        told.contains("wrote policies/compose/services-named/pass/docker-compose.yml\n"),
        "{told}"
    );
    let text = |name: &str| format!("--- {name}\n{}", folder.text(name));
    let shown = [
        "policies/courier/queues-keep-messages/policy.cedar",
        "policies/courier/queues-keep-messages/pass/courier.yaml",
        "policies/courier/members-known/policy.cedar",
        "policies/courier/members-known/fail/courier.yaml",
        "policies/kubernetes/pods-labelled/fail.yaml",
    ]
    .map(text);
    insta::assert_snapshot!("begun", shown.join("\n"));
    let run = folder.onus(&["test"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stdout.contains("0 of 8 cases"), "{}", run.stdout);
    // As an example what stands in the comment is as the schema wants it, and the policy forbids it.
    for case in ["pass", "fail"] {
        let name = format!("policies/courier/members-known/{case}/courier.yaml");
        let example: String = folder
            .text(&name)
            .lines()
            .skip(1)
            .map(|line| format!("{}\n", line.trim_start_matches('#')))
            .collect();
        folder.write(&name, example);
    }
    let run = folder.onus(&["test", "members-known"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(
        run.stdout.contains("right  members-known/fail  1 fails\n")
            && run
                .stdout
                .contains("wrong  members-known/pass  1 fails: pass/courier.yaml:"),
        "{}",
        run.stdout
    );
}

#[test]
fn whoever_misspells_is_shown_the_nearest() {
    let folder = courier();
    let check = |of| ["new", "check", "queues-owned", "--type", of];
    for (of, told) in [
        ("Courier::Queu", "did you mean `Courier::Queue`?"),
        ("Queue", "did you mean `Courier::Queue`?"),
        ("Somebody::Else", "`onus list types` names them"),
        ("Onus::Subject", "docs/access.md"),
        ("Courier::Lonely", "no action is about `Courier::Lonely`"),
    ] {
        refused(&folder, &check(of), told);
    }
    let mut args = check("Courier::Queue").to_vec();
    args.extend(["--file", "couriers.yaml"]);
    refused(&folder, &args, "did you mean `courier.yaml`?");
    refused(
        &folder,
        &["new", "check", "no-host-ports", "--type", "Courier::Queue"],
        "the check `no-host-ports` is there already",
    );
    begun(&folder, &["check", "own", "--type", "Courier::Queue"]);
    for (args, told) in [
        (
            ["case", "own", "short"],
            "call it `pass-short` or `fail-short`",
        ),
        (["case", "won", "fail-short"], "did you mean `own`?"),
        (["case", "own", "fail"], "is there already"),
        (["case", "no-host-ports", "fail-x"], "comes with onus"),
    ] {
        let mut all = vec!["new"];
        all.extend(args);
        refused(&folder, &all, told);
    }
    for (namespace, files, told) in [
        ("courier-users", "users.csv", "write `CourierUsers`"),
        (
            "Users",
            "users.conf",
            "nobody knows how to read `users.conf`",
        ),
        (
            "Courier",
            "users.csv",
            "policies/courier/schema.cedarschema",
        ),
        ("Kubernetes", "users.csv", "is there already"),
        ("Evidence", "users.csv", "is there already"),
    ] {
        let args = ["new", "schema", namespace, "--files", files];
        refused(&folder, &args, told);
    }
    begun(&folder, &["party", "courier"]);
    for (args, told) in [
        (vec!["responsibility", "courir"], "did you mean `courier`?"),
        (
            vec!["terms", "soc2", "--of", "courir"],
            "did you mean `courier`?",
        ),
        (
            vec!["waiver", "w", "--check", "no-host-port"],
            "did you mean `no-host-ports`?",
        ),
        (
            vec!["waiver", "w", "--control", "host-port"],
            "did you mean `host-ports`?",
        ),
        (
            vec!["statement", "s", "--control", "organisation-access-review"],
            "did you mean `organisation-access-reviews`?",
        ),
        (
            vec!["statement", "s", "--control", "host-ports"],
            "asks nobody",
        ),
    ] {
        let mut all = vec!["new"];
        all.extend(args);
        refused(&folder, &all, told);
    }
}

/// What is begun before anybody named its folder is seen by what is begun next, and the folder is asked for until it is named.
#[test]
fn what_was_begun_is_known_before_its_folder_is_named() {
    let folder = Folder::new();
    let told = begun(&folder, &["party", "courier"]);
    assert!(told.contains("next: `onus init` writes `onus.yaml`; name `compliance` there"));
    let told = begun(&folder, &["responsibility", "courier"]);
    assert!(told.contains("name `compliance` there under `controls`"));
    begun(&folder, &["schema", "Courier", "--files", "courier.yaml"]);
    let told = begun(
        &folder,
        &["check", "things-sized", "--type", "Courier::Thing"],
    );
    assert!(
        told.contains("name `policies` there under `policies`"),
        "{told}"
    );
    folder.write(
        "onus.yaml",
        "onus: 1\ncontrols: [compliance]\npolicies: [policies]\n",
    );
    let told = begun(&folder, &["case", "things-sized", "fail-small"]);
    assert!(!told.contains("next:"), "{told}");
    let run = folder.onus(&["matrix", "--all", "--provider", "courier"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
}

/// A proof, a statement and a waiver that nobody filled in are refused with the line.
#[test]
fn what_is_begun_to_make_something_better_is_refused_until_it_is_filled_in() {
    for args in [
        vec!["waiver", "x", "--check", "no-host-ports"],
        vec!["waiver", "x", "--control", "host-ports"],
        vec!["statement", "x", "--control", "organisation-access-reviews"],
        vec!["attestation", "x", "--terms", "modal-soc2"],
    ] {
        let folder = Folder::with(&[("onus.yaml", "onus: 1\ncontrols: [compliance]\n")]);
        begun(&folder, &args);
        refused(&folder, &["check", "."], "compliance/x.yaml:");
    }
}

/// What is begun of a provider, a document and a control loads, satisfies nothing and covers nothing.
#[test]
fn what_is_begun_of_a_pack_loads_and_shows_nothing() {
    let folder = Folder::with(&[("onus.yaml", "onus: 1\ncontrols: [compliance]\n")]);
    for args in [
        vec!["party", "courier"],
        vec!["responsibility", "courier"],
        vec!["terms", "courier-soc2", "--of", "courier"],
        vec!["requirements", "courier"],
        vec!["control", "courier-access"],
    ] {
        let told = begun(&folder, &args);
        assert!(told.contains("\nthen: "), "{told}");
        assert!(!told.contains("next: "), "{told}");
    }
    let run = folder.onus(&["list", "requirements", "--system", "courier"]);
    assert!(
        run.stdout.contains("1 that nothing covers"),
        "{}",
        run.shown()
    );
    let run = folder.onus(&["explain", "courier-soc2"]);
    assert!(run.stdout.contains("planned"), "{}", run.shown());
    let run = folder.onus(&["explain", "courier-access", "--now", "2026-11-21"]);
    assert!(run.stdout.contains("manual-pending"), "{}", run.shown());
}

const KEPT: &str = "@title(\"t\") @severity(\"low\") @help(\"h\")
forbid (principal, action == Courier::Action::\"deploy\", resource is Courier::Queue)
unless { resource has retention && resource.retention >= 1000 };
";

#[test]
fn a_case_is_judged_by_its_name() {
    let folder = courier();
    let case = |name: &str, text: &str| {
        folder.write(&format!("policies/courier/kept/{name}"), text);
    };
    case("policy.cedar", KEPT);
    let run = folder.onus(&["test"]);
    assert_eq!(run.code, Some(3), "{}", run.shown());
    assert!(
        run.stdout
            .contains("missing  kept/pass  `onus new case kept pass` begins it"),
        "{}",
        run.stdout
    );
    case("pass/courier.yaml", "queues: [{name: a, retention: 1s}]\n");
    case("fail/courier.yaml", "queues: [{name: a}]\n");
    let run = folder.onus(&["test"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    // Whatever else can be wrong with a case.
    case(
        "fail-long/courier.yaml",
        "queues: [{name: a, retention: 1h}]\n",
    );
    case(
        "fail-odd/courier.yaml",
        "queues: [{name: a, retention: soon}]\n",
    );
    case("fail-torn/courier.yaml", "queues: [\n");
    case("pass-elsewhere/other.yaml", "queues: [{name: a}]\n");
    case("pass-none/courier.yaml", "topics: {}\n");
    case("pass-short/courier.yaml", "queues: [{name: a}]\n");
    case("pass-empty/courier.yaml", "# nothing yet\n");
    // Snapshots, and what only begins like a case, are none.
    case("fail.snap", "x");
    case("passwords.yaml", "x: 1\n");
    let run = folder.onus(&["test", "kept"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    insta::assert_snapshot!("cases", run.stdout);
}

/// They are wrong on purpose: nobody deploys them.
#[test]
fn cases_are_no_configs_unless_they_are_named() {
    let folder = courier();
    folder.write("policies/courier/kept/policy.cedar", KEPT);
    folder.write(
        "policies/courier/kept/fail/courier.yaml",
        "queues: [{name: a}]\n",
    );
    folder.write("courier.yaml", "queues: [{name: a, retention: 1h}]\n");
    let run = folder.onus(&["check", ".", "--check", "kept", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let report = run.report();
    let case = report
        .files
        .iter()
        .find(|f| f.path == "policies/courier/kept/fail/")
        .expect("it is told");
    assert_eq!(case.outcome, "ignored");
    assert_eq!(case.reason.as_deref(), Some("a case of the check `kept`"));
    for named in [
        "policies/courier/kept/fail",
        "policies/courier/kept/fail/courier.yaml",
        "policies/courier/kept",
    ] {
        let run = folder.onus(&["check", named, "--check", "kept"]);
        assert_eq!(run.code, Some(1), "{named}: {}", run.shown());
    }
}
