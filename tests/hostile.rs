//! Bad input between good files: the good ones are judged, the bad one is named with its reason,
//! nothing hangs and nothing crashes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use support::{Folder, Report, Run, onus, run, scrub};

const CHECK: &str = "no-privileged-containers";
const ARGS: [&str; 6] = ["check", ".", "--check", CHECK, "--format", "json"];

/// A deployment of one container.
fn deployment(name: &str, privileged: bool) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  selector: {{matchLabels: {{app: x}}}}
  template:
    metadata: {{labels: {{app: x}}}}
    spec:
      containers:
      - name: c
        image: nginx:1.2.3
        securityContext:
          privileged: {privileged}
"
    )
}

/// A ConfigMap with a value of its own.
fn config_map(data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\ndata: {data}\n")
}

/// What the bad file comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Comes {
    /// It is judged like any other, and violates the check.
    Failing,
    /// It is read, and has nothing that the check judges.
    Harmless,
    /// It is read, and one verdict is an error.
    Erring,
    /// Nothing in it is known: an outcome without a reason, with so many documents.
    Unknown(u64),
    /// It is left out, with a reason.
    Skipped,
    /// It could not be read, with a reason.
    Unreadable,
}

use Comes::{Erring, Failing, Harmless, Skipped, Unknown, Unreadable};

impl Comes {
    fn outcome(self) -> &'static str {
        match self {
            Failing | Harmless | Erring => "checked",
            Unknown(_) => "unknown-format",
            Skipped => "skipped",
            Unreadable => "unreadable",
        }
    }

    /// The exit code where the files around it are in order.
    fn code_among_clean_files(self) -> i32 {
        match self {
            Failing => 1,
            Erring | Unreadable => 4,
            Harmless | Unknown(_) | Skipped => 0,
        }
    }
}

/// Good files, `a.yaml` and `z.yaml`, with something bad between them.
fn around(make: &dyn Fn(&Path), privileged: bool) -> Folder {
    let folder = Folder::new();
    folder.write("a.yaml", deployment("a", privileged));
    folder.write("z.yaml", deployment("z", privileged));
    make(folder.path());
    folder
}

/// What must hold of a run over the good files and `bad`.
fn judged(run: &Run, bad: &str, comes: Comes, privileged: bool) -> Result<Report, String> {
    let code = if privileged {
        1
    } else {
        comes.code_among_clean_files()
    };
    if run.code != Some(code) {
        return Err(format!("should exit {code}\n{}", run.shown()));
    }
    let report = run.report();
    for good in ["a.yaml", "z.yaml"] {
        let failed = report.with("fail", good).len();
        if failed != usize::from(privileged) || report.file(good).outcome != "checked" {
            return Err(format!(
                "{good} has {failed} findings: {:?}",
                report.file(good)
            ));
        }
    }
    let file = report.file(bad);
    let count = |verdict| report.with(verdict, bad).len();
    let reason = file.reason.as_deref().unwrap_or_default();
    let right = file.outcome == comes.outcome()
        && count("fail") == usize::from(comes == Failing)
        && count("error") == usize::from(comes == Erring)
        && match comes {
            Failing | Harmless | Erring => file.objects == 1,
            Unknown(documents) => (file.documents, file.objects) == (documents, 0),
            Skipped | Unreadable => !reason.is_empty(),
        };
    if right {
        Ok(report)
    } else {
        Err(format!("should be {comes:?}, is {file:?}"))
    }
}

/// Runs the binary twice: with good files that violate the check, and with clean ones.
fn settle(name: &str, make: &dyn Fn(&Path), bad: &str, comes: Comes) -> Option<String> {
    [true, false].into_iter().find_map(|privileged| {
        let folder = around(make, privileged);
        let run = folder.onus(&ARGS);
        judged(&run, bad, comes, privileged)
            .err()
            .map(|why| format!("{name}, the others {privileged}: {why}"))
    })
}

/// Bytes without a pattern.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(length)
    .collect()
}

fn utf16(text: &str) -> Vec<u8> {
    let marked = format!("\u{feff}{text}");
    marked.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Lists of ten times the list before, nine deep, from `x0` on.
fn tenfold() -> String {
    let lists = (1..10).map(|level| {
        let aliases = vec![format!("*x{}", level - 1); 10].join(", ");
        format!("x{level}: &x{level} [{aliases}]\n")
    });
    lists.collect()
}

fn alias_bomb() -> String {
    let mut text =
        String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\nx0: &x0 lol\n");
    text.push_str(&tenfold());
    text
}

/// An alias bomb where the plan reads: a policy sees none of it, the reader all of it.
fn alias_bomb_in_a_pod() -> String {
    let mut text = String::from(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: m}\nx0: &x0 {name: c, image: c}\n",
    );
    text.push_str(&tenfold());
    text.push_str("spec: {containers: *x9}\n");
    text
}

fn nested_block_maps(depth: usize) -> String {
    let mut text = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n");
    for level in 1..=depth {
        text.push_str(&" ".repeat(level));
        text.push_str("a:\n");
    }
    text.push_str(&" ".repeat(depth + 1));
    text.push_str("b: 1\n");
    text
}

fn long_map(bytes: usize) -> String {
    let mut text = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n");
    let lines =
        (0..bytes / 48).map(|k| format!("  key{k:07}: value number {k:07} of a long map\n"));
    text.extend(lines);
    text
}

#[test]
fn texts_that_cannot_be_read_are_named_and_the_others_judged() {
    let bad = deployment("m", true);
    let twice = bad.replace(
        "          privileged: true\n",
        "          privileged: true\n          privileged: false\n",
    );
    let aliased = bad
        .replace("name: c\n", "name: &c c\n")
        .replace("nginx:1.2.3", "*c");
    let large = if cfg!(debug_assertions) {
        4_000_000
    } else {
        50_000_000
    };
    let brackets = "[".repeat(100_000) + &"]".repeat(100_000);
    let cases: Vec<(&str, &str, Vec<u8>, Comes)> = vec![
        ("a third violation", "m.yaml", bad.clone().into(), Failing),
        (
            "malformed",
            "m.yaml",
            "apiVersion: v1\nkind: Pod\n  bad: [unclosed\n: : :\n".into(),
            Unreadable,
        ),
        ("binary", "m.yaml", noise(65_536), Unreadable),
        (
            "a NUL",
            "m.yaml",
            bad.replace("name: m", "name: m\0").into(),
            Unreadable,
        ),
        ("empty", "m.yaml", vec![], Unknown(0)),
        ("only space", "m.yaml", b" \n\n".to_vec(), Unknown(0)),
        (
            "only a comment",
            "m.yaml",
            b"# nothing\n".to_vec(),
            Unknown(0),
        ),
        (
            "only markers",
            "m.yaml",
            b"---\n---\n...\n".to_vec(),
            Unknown(2),
        ),
        ("a key twice", "m.yaml", twice.into(), Erring),
        (
            "invalid UTF-8",
            "m.yaml",
            {
                let mut bytes = bad.clone().into_bytes();
                bytes.extend(b"x: \"\xff\xfe\xfa\"\n");
                bytes
            },
            Unreadable,
        ),
        ("UTF-16", "m.yaml", utf16(&bad), Failing),
        (
            "half of UTF-16",
            "m.yaml",
            utf16(&bad).into_iter().skip(1).collect(),
            Unreadable,
        ),
        ("an alias bomb", "m.yaml", alias_bomb().into(), Unreadable),
        (
            "an alias bomb of containers",
            "m.yaml",
            alias_bomb_in_a_pod().into(),
            Unreadable,
        ),
        ("a plain alias", "m.yaml", aliased.into(), Failing),
        (
            "an alias of itself",
            "m.yaml",
            config_map("&a [*a]").into(),
            Unreadable,
        ),
        (
            "an unknown alias",
            "m.yaml",
            config_map("*nowhere").into(),
            Unreadable,
        ),
        (
            "100,000 nested lists",
            "m.yaml",
            config_map(&brackets).into(),
            Unreadable,
        ),
        (
            "100,000 open lists",
            "m.yaml",
            config_map(&"[".repeat(100_000)).into(),
            Unreadable,
        ),
        (
            "100,000 nested items",
            "m.yaml",
            "- ".repeat(100_000).into(),
            Unreadable,
        ),
        (
            "100,000 questions",
            "m.yaml",
            "? ".repeat(100_000).into(),
            Unreadable,
        ),
        (
            "3,000 nested maps",
            "m.yaml",
            nested_block_maps(3_000).into(),
            Unreadable,
        ),
        ("deep JSON", "m.json", brackets.clone().into(), Unreadable),
        (
            "malformed JSON",
            "m.json",
            b"{\"kind\": \"Pod\", ".to_vec(),
            Unreadable,
        ),
        (
            "a root of text",
            "m.yaml",
            b"just a string\n".to_vec(),
            Unknown(1),
        ),
        (
            "a root of a list",
            "m.yaml",
            b"- a\n- b\n".to_vec(),
            Unknown(1),
        ),
        (
            "a template",
            "m.yaml",
            b"{{- if .Values.on }}\nkind: Pod\n{{- end }}\n".to_vec(),
            Skipped,
        ),
        (
            "one long document",
            "m.yaml",
            long_map(large).into(),
            Harmless,
        ),
        (
            "a line without an end",
            "m.yaml",
            config_map(&format!("{{a: \"{}\"}}", "x".repeat(1_000_000))).into(),
            Harmless,
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, file, bytes, comes)| {
            let make =
                |folder: &Path| std::fs::write(folder.join(file), bytes).expect("m is written");
            settle(name, &make, file, *comes)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn things_that_are_no_files_are_named_and_the_others_judged() {
    type Make = fn(&Path);
    let cases: [(&str, &str, Make, Comes); 5] = [
        (
            "a FIFO",
            "m.yaml",
            |d| {
                let status = Command::new("mkfifo").arg(d.join("m.yaml")).status();
                assert!(status.expect("mkfifo runs").success());
            },
            Unreadable,
        ),
        (
            "a link to itself",
            "m.yaml",
            |d| {
                symlink("m.yaml", d.join("m.yaml")).expect("a link");
            },
            Unreadable,
        ),
        (
            "a link to nothing",
            "m.yaml",
            |d| {
                symlink("nowhere.yaml", d.join("m.yaml")).expect("a link");
            },
            Unreadable,
        ),
        (
            "a link to the folder above",
            "sub/up",
            |d| {
                std::fs::create_dir(d.join("sub")).expect("a folder");
                symlink("..", d.join("sub/up")).expect("a link");
            },
            Skipped,
        ),
        (
            "a folder named like a file",
            "m.yaml/in.yaml",
            |d| {
                std::fs::create_dir(d.join("m.yaml")).expect("a folder");
                std::fs::write(d.join("m.yaml/in.yaml"), deployment("m", true)).expect("a file");
            },
            Failing,
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, bad, make, comes)| settle(name, make, bad, *comes))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The binary without the right of an administrator to read everything.
fn without_rights(folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args([
        "--bounding-set=-dac_override,-dac_read_search",
        "--inh-caps=-dac_override,-dac_read_search",
        env!("CARGO_BIN_EXE_onus"),
    ]);
    command.args(ARGS);
    scrub(&mut command, folder);
    command.env("PATH", "/usr/bin:/bin");
    command
}

#[test]
fn a_file_that_may_not_be_read_is_named_and_the_others_judged() {
    for privileged in [true, false] {
        let make = |folder: &Path| {
            let path = folder.join("m.yaml");
            std::fs::write(&path, deployment("m", true)).expect("m is written");
            let none = std::fs::Permissions::from_mode(0o000);
            std::fs::set_permissions(&path, none).expect("its mode is set");
        };
        let folder = around(&make, privileged);
        let m = folder.path().join("m.yaml");
        // An administrator may read it all the same, unless the right is laid down.
        let run = if std::fs::read(&m).is_err() {
            folder.onus(&ARGS)
        } else {
            run(without_rights(folder.path()), b"")
        };
        let report = judged(&run, "m.yaml", Unreadable, privileged);
        assert!(report.is_ok(), "{report:?}");
    }
}

#[test]
fn a_key_that_stands_twice_is_shown_at_both_places() {
    let twice = deployment("m", true).replace(
        "          privileged: true\n",
        "          privileged: true\n          privileged: false\n",
    );
    let folder = Folder::with(&[("m.yaml", twice)]);
    let run = folder.onus(&ARGS);
    assert_eq!(run.code, Some(4), "{}", run.shown());
    let report = run.report();
    assert_eq!(report.file("m.yaml").duplicate_keys, 1);
    let found = report.with("error", "m.yaml");
    assert_eq!(found.len(), 1, "{found:#?}");
    let text = folder.onus(&["check", ".", "--check", CHECK]);
    for line in ["13 │", "14 │"] {
        assert!(text.stdout.contains(line), "{}", text.shown());
    }
}

#[test]
fn a_text_that_cannot_be_read_is_named_with_its_line() {
    let folder = Folder::with(&[("m.yaml", "apiVersion: v1\nkind: Pod\nmetadata: [a\n")]);
    let run = folder.onus(&ARGS);
    assert_eq!(run.code, Some(4), "{}", run.shown());
    let report = run.report();
    let file = report.file("m.yaml");
    assert!(file.location.is_some(), "{file:?}");
    let text = folder.onus(&["check", ".", "--check", CHECK]);
    let shown = text.stdout + &text.stderr;
    assert!(shown.contains("m.yaml:"), "{shown}");
}

/// A check of a user's, over containers.
fn user_policies(policies: &str) -> Folder {
    let folder = Folder::new();
    folder.write("config/a.yaml", deployment("a", true));
    folder.write("policies/kubernetes/deep/policy.cedar", policies);
    folder
}

/// A policy of one condition.
fn forbid(condition: &str) -> String {
    format!(
        "@title(\"a deep policy\")\n@severity(\"low\")\n@help(\"nothing\")\n\
         forbid (principal, action == Kubernetes::Action::\"deploy\", resource is Kubernetes::Container)\n\
         when {{ {condition} }};\n"
    )
}

#[test]
fn deep_policies_are_refused_or_judged_without_a_crash() {
    let parentheses = format!("{}true{}", "(".repeat(5_000), ")".repeat(5_000));
    let negations = format!("{}true", "!".repeat(5_000));
    let lists = format!("!{}true{}.isEmpty()", "[".repeat(5_000), "]".repeat(5_000));
    let choices = format!("{}true", "if true then true else ".repeat(5_000));
    let records = format!("{}1{} has a", "{a: ".repeat(5_000), "}".repeat(5_000));
    let mut wrong = Vec::new();
    for condition in [parentheses, negations, lists, choices, records] {
        let folder = user_policies(&forbid(&condition));
        let args = [
            "check",
            "config",
            "--policies",
            "policies",
            "--check",
            "deep",
        ];
        let run = folder.onus(&args);
        let refused = run.code == Some(2) && run.stderr.contains("policy.cedar");
        // All of them are true, so what is not refused fails.
        let judged = run.code == Some(1) && run.stdout.contains("a deep policy");
        if !(refused || judged) || run.stderr.len() > 10_000 {
            wrong.push(format!(
                "{:.20}: {:?} {:.1000}",
                condition, run.code, run.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_chain_of_many_terms_is_judged_or_refused_but_never_a_crash() {
    let terms = vec!["resource.kind == \"x\""; 2_000].join(" || ");
    let folder = user_policies(&forbid(&terms));
    let run = folder.onus(&[
        "check",
        "config",
        "--policies",
        "policies",
        "--check",
        "deep",
    ]);
    assert!(
        matches!(run.code, Some(0 | 2)),
        "{:?} {:.2000}",
        run.code,
        run.stderr
    );
}

#[test]
fn a_huge_policy_set_is_judged() {
    let one = forbid("resource.kind == \"nothing\"");
    let head = one.split("forbid").next().expect("a policy has a head");
    let body = one.trim_start_matches(head);
    let folder = user_policies(&format!("{one}{}", body.repeat(500)));
    let args = [
        "check",
        "config",
        "--policies",
        "policies",
        "--check",
        "deep",
        "--all",
        "--format",
        "json",
    ];
    let run = folder.onus(&args);
    assert_eq!(run.code, Some(0), "{:.2000}", run.stderr);
    let report = run.report();
    assert_eq!(report.with("pass", "config/a.yaml").len(), 501);
}

#[test]
fn a_name_with_control_codes_does_not_reach_the_terminal() {
    let named = deployment("\"\\e[31mred\\a\"", true);
    let folder = Folder::with(&[("m.yaml", named)]);
    let run = folder.onus(&["check", ".", "--check", CHECK]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(
        !run.stdout.contains(['\u{1b}', '\u{7}']),
        "{:?}",
        run.stdout
    );
}

#[test]
fn a_path_that_is_named_is_read_whatever_it_is_called() {
    let folder = Folder::with(&[("manifest.txt", deployment("m", true))]);
    let run = onus(
        folder.path(),
        &[
            "check",
            "manifest.txt",
            "--check",
            CHECK,
            "--format",
            "json",
        ],
    );
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert_eq!(run.report().file("manifest.txt").outcome, "checked");
}
