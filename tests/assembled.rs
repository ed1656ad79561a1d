//! Configurations that are put together of several files: what they come to is judged, and a finding points into the file where
//! the value stands.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;

use support::{Evaluation, Folder, Report};

const SERVER: &str = r#"
@title("A server")
@files("server.xml, server.yaml, server.d/*.xml, server.d/*.yaml, conf.d/*.xml, conf.d/*.yaml")
@assemble("clickhouse")
@objects("[tcp_port] $ | [tls] $ | [listen_host] $ | [cluster] $")
namespace Server {
  @each("$")
  entity Whole = { tcp_port?: Long, tls?: { port?: Long, @as("switch") verify?: Bool }, listen_host?: Set<String>, @secret @as("text") key?: String };
  @each("$.listen_host") @id("$")
  entity Host = { @from("$") host: String };
  @each("$.cluster.shard.replica")
  entity Replica = { host?: String, @as("switch") secure?: Bool };
  action deploy appliesTo { principal: [Onus::Deployment], resource: [Whole, Host, Replica] };
}
"#;

const APP: &str = r#"
@title("An application")
@files(".platform.app.yaml, .platform/*.yaml")
@assemble("platformsh") @null("absent")
@identity("name: $.name")
namespace App {
  @each("$")
  entity Application = { name?: String, hooks?: { build?: String } };
  @each("$.workers.*")
  entity Worker in [Application] = { size?: String };
  action deploy appliesTo { principal: [Onus::Deployment], resource: [Application, Worker] };
}
"#;

/// A check in its folder.
fn check(title: &str, policies: &str) -> String {
    format!("@title(\"{title}\")\n@severity(\"high\")\n@help(\"mend it\")\n{policies}\n")
}

/// A folder with formats and checks of its own, and files to judge.
fn folder(files: &[(&str, &str)]) -> Folder {
    let deploy = |what: &str, body: &str| {
        let (space, _) = what.split_once("::").expect("a full name");
        format!(
            "forbid (principal, action == {space}::Action::\"deploy\", resource is {what})\n{body};"
        )
    };
    let folder = Folder::with(&[
        ("own/server/schema.cedarschema", SERVER),
        ("own/app/schema.cedarschema", APP),
    ]);
    for (path, title, policies) in [
        (
            "server/no-plain-port",
            "no plain port beside TLS",
            deploy(
                "Server::Whole",
                "when { resource has tcp_port && resource has tls && resource.tls has port }",
            ),
        ),
        (
            "server/tls-verified",
            "certificates are verified",
            deploy(
                "Server::Whole",
                "unless { resource has tls && resource.tls has verify && resource.tls.verify }",
            ),
        ),
        (
            "server/no-default-key",
            "the key is not the one of the manual",
            deploy(
                "Server::Whole",
                "when { resource has key && resource.key == \"hunter2\" }",
            ),
        ),
        (
            "server/known-hosts",
            "no host is any",
            deploy("Server::Host", "when { resource.host == \"::\" }"),
        ),
        (
            "server/few-hosts",
            "every host is local",
            deploy(
                "Server::Whole",
                "unless { resource has listen_host && [\"::1\", \"127.0.0.1\"].containsAll(resource.listen_host) }",
            ),
        ),
        (
            "server/secure-replicas",
            "replicas talk in secret",
            deploy(
                "Server::Replica",
                "unless { resource has secure && resource.secure }",
            ),
        ),
        (
            "app/no-piped-shell",
            "nothing from elsewhere is run",
            deploy(
                "App::Application",
                "when { resource has hooks && resource.hooks has build && resource.hooks.build like \"*curl*|*sh*\" }",
            ),
        ),
        (
            "app/small-workers",
            "workers are small",
            deploy(
                "App::Worker",
                "unless { resource has size && resource.size == \"S\" }",
            ),
        ),
    ] {
        folder.write(&format!("own/{path}/policy.cedar"), check(title, &policies));
    }
    for (path, text) in files {
        folder.write(path, text);
    }
    folder
}

fn judged(folder: &Folder, check: &str, more: &[&str]) -> Report {
    let mut args = vec!["check", "in", "--policies", "own", "--check", check];
    args.extend(["--all", "--format", "json"]);
    args.extend(more);
    folder.onus(&args).report()
}

/// The verdicts, each with its place.
fn told(report: &Report) -> Vec<String> {
    let place = |e: &Evaluation| format!("{}:{}", e.location.file, e.location.line);
    let all = report.evaluations.iter();
    all.map(|e| format!("{} {} {}", e.verdict, e.target.id, place(e)))
        .collect()
}

fn outcomes(report: &Report) -> BTreeMap<&str, (&str, Option<&str>)> {
    let files = report.files.iter();
    files
        .map(|f| (f.path.as_str(), (f.outcome.as_str(), f.reason.as_deref())))
        .collect()
}

const MAIN: &str = "<clickhouse>\n<tcp_port>9000</tcp_port>\n<listen_host>::1</listen_host>\n<listen_host>::</listen_host>\n</clickhouse>\n";

#[test]
fn what_is_judged_is_what_the_files_come_to() {
    let folder = folder(&[
        ("in/server.xml", MAIN),
        (
            "in/server.d/1.yaml",
            "# ours\ntls:\n  port: 9440\n  verify: 0\n",
        ),
        (
            "in/server.d/2.xml",
            "<clickhouse><tls>\n<verify>1</verify></tls></clickhouse>",
        ),
        (
            "in/server.d/3.xml",
            "<clickhouse>\n<listen_host remove='1'/></clickhouse>",
        ),
    ]);
    let report = judged(&folder, "no-plain-port", &[]);
    assert_eq!(told(&report), ["fail Server in/server.xml:2"]);
    // Both sides of it, in both files.
    let read: Vec<String> = report.evaluations[0]
        .read
        .iter()
        .map(|r| {
            let at = r.location.as_ref().expect("it stands somewhere");
            format!(
                "{} {} {}:{}:{}",
                r.path, r.value, at.file, at.line, at.column
            )
        })
        .collect();
    assert_eq!(
        read,
        [
            "resource.tcp_port \"9000\" in/server.xml:2:11",
            "resource.tls.port \"9440\" in/server.d/1.yaml:3:9",
        ]
    );
    let report = judged(&folder, "tls-verified", &[]);
    assert_eq!(told(&report), ["pass Server in/server.xml:2"]);
    let report = judged(&folder, "known-hosts", &[]);
    assert_eq!(told(&report), ["fail Server/:: in/server.xml:4"]);
    // Every file is accounted for.
    let part = (("checked"), Some("a part of `in/server.xml`"));
    assert_eq!(
        outcomes(&report),
        BTreeMap::from([
            ("in/server.xml", ("checked", None)),
            ("in/server.d/1.yaml", part),
            ("in/server.d/2.xml", part),
            ("in/server.d/3.xml", part),
        ])
    );
    assert_eq!((report.tallies.documents, report.tallies.objects), (4, 1));
}

#[test]
fn the_text_report_shows_every_file_that_a_finding_stands_in() {
    let folder = folder(&[
        ("in/server.xml", MAIN),
        ("in/server.d/1.yaml", "# ours\ntls:\n  port: 9440\n"),
    ]);
    let run = folder.onus(&[
        "check",
        "in",
        "--policies",
        "own",
        "--check",
        "no-plain-port",
    ]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    insta::assert_snapshot!(run.shown());
}

#[test]
fn parts_without_a_main_file_are_judged_as_what_they_come_to_together() {
    let part =
        "<clickhouse>\n<tls><port>9440</port></tls>\n<listen_host>::</listen_host></clickhouse>";
    let folder = folder(&[
        ("in/server.d/1.xml", part),
        ("in/server.d/2.yaml", "tls: {verify: 0}"),
    ]);
    for (check, expect) in [
        ("no-plain-port", "pass Server in/server.d/1.xml:2"),
        ("tls-verified", "fail Server in/server.d/2.yaml:1"),
        ("known-hosts", "fail Server/:: in/server.d/1.xml:3"),
    ] {
        assert_eq!(told(&judged(&folder, check, &[])), [expect]);
    }
    folder.write("in/server.d/2.yaml", "other: 1");
    let report = judged(&folder, "tls-verified", &[]);
    assert_eq!(told(&report), ["fail Server in/server.d/1.xml:2"]);
    let merged = Some("merged with `in/server.d/1.xml`");
    assert_eq!(
        outcomes(&report),
        BTreeMap::from([
            ("in/server.d/1.xml", ("checked", None)),
            ("in/server.d/2.yaml", ("checked", merged)),
        ])
    );
}

#[test]
fn a_fragment_is_not_judged_as_if_it_were_whole() {
    let part =
        "<clickhouse>\n<tls><port>9440</port></tls>\n<listen_host>::</listen_host></clickhouse>";
    let folder = folder(&[
        ("in/server.d/1.xml", part),
        (
            "in/server.xml",
            "<clickhouse>\n<tls><verify>1</verify></tls></clickhouse>",
        ),
    ]);
    // What it says is judged, what it does not say may stand in the main file, which is beside it and was not named.
    let alone = |check: &str| {
        let args = [
            "check",
            "in/server.d",
            "--policies",
            "own",
            "--check",
            check,
        ];
        let mut args = args.to_vec();
        args.extend(["--all", "--format", "json"]);
        told(&folder.onus(&args).report())
    };
    let not_applicable = ["not-applicable Server in/server.d/1.xml:2"];
    assert_eq!(alone("tls-verified"), not_applicable);
    assert_eq!(alone("known-hosts"), ["fail Server/:: in/server.d/1.xml:3"]);
    assert_eq!(
        told(&judged(&folder, "tls-verified", &[])),
        ["pass Server in/server.xml:2"]
    );
}

#[test]
fn what_only_the_server_will_know_is_unknown() {
    let folder = folder(&[(
        "in/server.xml",
        "<clickhouse>\n<tls><verify from_env='V'/></tls>\n<listen_host>::1</listen_host>\n<cluster>\n<shard>\n<replica><host>a</host></replica>\n\
         <replica incl='r'><secure>1</secure></replica>\n<replica incl='r'><host>b</host></replica></shard>\n<include from_zk='/s'/>\n</cluster></clickhouse>",
    )]);
    let report = judged(&folder, "tls-verified", &[]);
    assert_eq!(told(&report), ["unknown Server in/server.xml:2"]);
    let message = report.evaluations[0].message.as_deref();
    assert_eq!(
        message,
        Some(
            "cannot be judged: `from_env` of `V` takes it from the environment when the server starts"
        )
    );
    assert_eq!(report.exit_code, 4);
    // The first replica says nothing, the second says it itself, the third may be told elsewhere, and there may be more.
    assert_eq!(
        told(&judged(&folder, "secure-replicas", &[])),
        [
            "fail Server/shard/replica in/server.xml:6",
            "pass Server/shard/replica#2 in/server.xml:7",
            "unknown Server/shard/replica#3 in/server.xml:8",
            "unknown Server/cluster in/server.xml:9",
        ]
    );
    assert_eq!(
        told(&judged(&folder, "few-hosts", &[])),
        ["pass Server in/server.xml:2"]
    );
    folder.write("in/server.d/1.yaml", "'@incl': more\n");
    folder.write(
        "in/server.xml",
        "<clickhouse incl='more'><listen_host>::1</listen_host></clickhouse>",
    );
    let report = judged(&folder, "few-hosts", &[]);
    assert_eq!(told(&report), ["unknown Server in/server.xml:1"]);
}

#[test]
fn one_file_that_cannot_be_read_takes_its_server_with_it() {
    let folder = folder(&[
        ("in/server.xml", MAIN),
        ("in/server.d/1.xml", "<clickhouse>"),
        ("in/server.d/2.xml", "<clickhouse><tls/></clickhouse>"),
        ("in/other/server.xml", MAIN),
    ]);
    let report = judged(&folder, "no-plain-port", &[]);
    assert_eq!(told(&report), ["pass Server in/other/server.xml:2"]);
    let merged = Some("it is merged with `in/server.d/1.xml`, which cannot be read");
    assert_eq!(
        outcomes(&report),
        BTreeMap::from([
            ("in/server.xml", ("unreadable", merged)),
            (
                "in/server.d/1.xml",
                ("unreadable", Some("an element is not closed"))
            ),
            ("in/server.d/2.xml", ("unreadable", merged)),
            ("in/other/server.xml", ("checked", None)),
        ])
    );
    assert_eq!(report.exit_code, 4);
}

#[test]
fn files_of_others_are_left_alone() {
    let folder = folder(&[
        ("in/server.yaml", "image: nginx\n"),
        ("in/conf.d/db.yaml", "instances: [{host: x}]\n"),
        ("in/conf.d/broken.yaml", "a: [\n"),
        (
            "in/jenkins/server.xml",
            "<project><tcp_port>1</tcp_port></project>",
        ),
    ]);
    let report = judged(&folder, "no-plain-port", &[]);
    let of: Vec<(&str, &str)> = report
        .files
        .iter()
        .map(|f| (f.path.as_str(), f.outcome.as_str()))
        .collect();
    assert_eq!(
        of,
        [
            ("in/conf.d/broken.yaml", "unreadable"),
            ("in/conf.d/db.yaml", "unknown-format"),
            ("in/jenkins/server.xml", "unknown-format"),
            ("in/server.yaml", "unknown-format"),
        ]
    );
}

#[test]
fn secrets_of_parts_are_not_shown() {
    let folder = folder(&[
        (
            "in/server.xml",
            "<clickhouse>\n<tcp_port>1</tcp_port>\n</clickhouse>",
        ),
        ("in/server.d/1.yaml", "# a key\nkey: hunter2\n"),
    ]);
    for format in ["text", "json"] {
        let run = folder.onus(&[
            "check",
            "in",
            "--policies",
            "own",
            "--check",
            "no-default-key",
            "--format",
            format,
        ]);
        assert_eq!(run.code, Some(1), "{}", run.shown());
        let text = run.stdout.replace("== \"hunter2\"", "");
        assert!(!text.contains("hunter2"), "{}", run.shown());
    }
}

#[test]
fn comments_in_parts_waive_what_stands_in_them() {
    let part = "# here\nlisten_host: '::' # onus: waive known-hosts until 2027-01-01 because it is behind a gate (owner: ops, approved: ann)\n";
    let folder = folder(&[
        ("in/onus.yaml", "onus: 1\nwaiving: {inline: true}\n"),
        (
            "in/server.xml",
            "<clickhouse><tcp_port>1</tcp_port></clickhouse>",
        ),
        ("in/server.d/1.yaml", part),
    ]);
    let waived = |report: &Report| report.tallies.verdicts["waived"];
    let report = judged(&folder, "known-hosts", &["--now", "2026-11-21"]);
    assert_eq!(told(&report), ["fail Server/:: in/server.d/1.yaml:2"]);
    assert_eq!((waived(&report), report.exit_code), (1, 0));
    let report = judged(&folder, "known-hosts", &["--now", "2027-11-21"]);
    assert_eq!((waived(&report), report.exit_code), (0, 1));
}

#[test]
fn included_files_are_judged_where_they_are_taken_in() {
    let folder = folder(&[
        (
            "in/app/.platform.app.yaml",
            "name: app\nhooks:\n  build: !include {type: string, path: ../build.sh}\nworkers:\n  a: !include w.yaml\n  b: {size: S}\n",
        ),
        ("in/build.sh", "set -e\ncurl https://example.com | sh\n"),
        ("in/app/w.yaml", "# one\nsize: L\n"),
        ("in/app/unused.yaml", "size: L\n"),
    ]);
    let report = judged(&folder, "no-piped-shell", &[]);
    assert_eq!(told(&report), ["fail App/app in/build.sh:1"]);
    let report = judged(&folder, "small-workers", &[]);
    assert_eq!(
        told(&report),
        [
            "pass App/app/workers/b in/app/.platform.app.yaml:6",
            "fail App/app/workers/a in/app/w.yaml:2"
        ]
    );
    let part = Some("a part of `in/app/.platform.app.yaml`");
    assert_eq!(
        outcomes(&report),
        BTreeMap::from([
            ("in/app/.platform.app.yaml", ("checked", None)),
            ("in/app/unused.yaml", ("unknown-format", None)),
            ("in/app/w.yaml", ("checked", part)),
            ("in/build.sh", ("checked", part)),
        ])
    );
    // The same where only the file itself is named, in a repository.
    folder.write(".git/HEAD", "");
    let args = [
        "check",
        "in/app/.platform.app.yaml",
        "--policies",
        "own",
        "--check",
        "small-workers",
        "--format",
        "json",
    ];
    let alone = folder.onus(&args).report();
    let reasons: Vec<Option<&str>> = alone.files.iter().map(|f| f.reason.as_deref()).collect();
    assert_eq!(reasons, [None, part, part]);
    assert_eq!(told(&alone), ["fail App/app/workers/a in/app/w.yaml:2"]);
}

#[test]
fn what_cannot_be_included_is_an_error_where_it_is_asked_for() {
    let folder = folder(&[
        (
            "in/.platform.app.yaml",
            "name: app\nworkers:\n  a: !include gone.yaml\n  b: !include ../own/app/schema.cedarschema\n  c: !include secret/w.yaml\n  \
             d: !include link.yaml\n  e: !include loop.yaml\n  f: {size: S}\n",
        ),
        ("in/.gitignore", "secret/\n"),
        ("in/secret/w.yaml", "size: S\n"),
        ("in/loop.yaml", "!include loop.yaml\n"),
        ("outside.yaml", "size: S\n"),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("../outside.yaml", folder.path().join("in/link.yaml"))
        .expect("a link can be made");
    let report = judged(&folder, "small-workers", &[]);
    let told: Vec<String> = report
        .evaluations
        .iter()
        .map(|e| {
            let message = e.message.as_deref().unwrap_or_default();
            let message = message.trim_start_matches("cannot be judged: ");
            format!("{} {} {message}", e.verdict, e.location.line)
        })
        .collect();
    assert_eq!(
        told,
        [
            "error 3 there is no `in/gone.yaml`",
            "error 4 `own/app/schema.cedarschema` leads out of the repository",
            "error 5 `in/secret/w.yaml` is not read: named in `.gitignore`",
            "error 6 `in/link.yaml` leads out of the repository",
            "pass 8 workers are small",
            "error 1 `in/loop.yaml` takes itself in: in/loop.yaml, in/loop.yaml",
        ]
    );
    // With the repository around it, that is inside.
    folder.write(".git/HEAD", "");
    let report = judged(&folder, "small-workers", &[]);
    let message = report.evaluations[1].message.as_deref().unwrap_or_default();
    assert!(message.contains("cannot be read"), "{message}");
}

#[test]
fn files_that_include_each_other_are_judged_from_the_first() {
    let folder = folder(&[
        (
            "in/.platform/a.yaml",
            "name: a\nworkers: {x: {size: L}}\nb: !include b.yaml\n",
        ),
        (
            "in/.platform/b.yaml",
            "name: b\nworkers: {x: {size: L}}\na: !include a.yaml\n",
        ),
        ("in/.platform/c.yaml", "name: c\nworkers: !include d.yaml\n"),
        ("in/.platform/d.yaml", "y: {size: L}\n"),
    ]);
    let report = judged(&folder, "small-workers", &[]);
    assert_eq!(
        told(&report),
        [
            "fail App/a/workers/x in/.platform/a.yaml:2",
            "fail App/c/workers/y in/.platform/d.yaml:1"
        ]
    );
    assert!(report.files.iter().all(|f| f.outcome == "checked"));
}

#[test]
fn the_report_is_the_same_at_any_number_of_threads() {
    let mut files: Vec<(String, String)> = Vec::new();
    for number in 0..20 {
        let server = format!("in/{number}");
        files.push((format!("{server}/server.xml"), MAIN.to_owned()));
        for part in 0..3 {
            let text = format!(
                "tls: {{port: {number}{part}, verify: {}}}\nlisten_host: ['::{part}']\n",
                part % 2
            );
            files.push((format!("{server}/server.d/{part}.yaml"), text));
        }
        let app = "name: app\nhooks: {build: !include {type: string, path: ../b.sh}}\nworkers: {a: !include ../w.yaml, b: !include gone.yaml}\n";
        files.push((format!("{server}/.platform.app.yaml"), app.to_owned()));
    }
    files.push(("in/b.sh".to_owned(), "curl x | sh".to_owned()));
    files.push(("in/w.yaml".to_owned(), "size: L".to_owned()));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    let folder = folder(&files);
    for format in ["text", "json"] {
        let run = |jobs: &str| {
            let args = [
                "check",
                "in",
                "--policies",
                "own",
                "--all",
                "--format",
                format,
                "--jobs",
                jobs,
            ];
            let run = folder.onus(&args);
            assert_eq!(run.code, Some(1), "{}", run.stderr);
            run.stdout
        };
        let alone = run("1");
        assert_eq!(alone, run("2"));
        assert_eq!(alone, run("7"));
    }
}

#[test]
fn a_word_that_puts_nothing_together_is_refused() {
    let folder = Folder::with(&[
        (
            "own/x/schema.cedarschema",
            "@files(\"x.yaml\") @assemble(\"clickhose\")\nnamespace X { @each(\"$\") entity T; action deploy appliesTo { principal: [Onus::Deployment], resource: [T] }; }\n",
        ),
        ("in/x.yaml", "a: 1\n"),
    ]);
    let run = folder.onus(&["check", "in", "--policies", "own"]);
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr
            .contains("nothing is put together as `clickhose`"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("did you mean `clickhouse`?"),
        "{}",
        run.stderr
    );
}
