//! The command line as a new user meets it: wrong words, broken policies, formats of their own.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Folder, onus, onus_reading, repository};

const PRIVILEGED: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
  - name: api
    image: shop/api:1.2.3
    securityContext:
      privileged: true
";

/// A pod that breaks nothing that is privileged.
fn harmless() -> String {
    PRIVILEGED.replace("privileged: true", "privileged: false")
}

/// A folder with one pod in it.
fn shop(pod: &str) -> Folder {
    Folder::with(&[("shop/web.yaml", pod)])
}

/// A folder with one pod and one policy of the user's own.
fn with_policy(policy: &str) -> Folder {
    let folder = shop(PRIVILEGED);
    folder.write("policies/kubernetes/ours/policy.cedar", policy);
    folder
}

/// A policy over containers, with one condition on a line of its own.
fn policy(condition: &str) -> String {
    format!(
        "@title(\"a rule of ours\")
@severity(\"low\")
@help(\"ask the platform team\")
forbid (principal, action == Kubernetes::Action::\"deploy\", resource is Kubernetes::Container)
when {{
  {condition}
}};
"
    )
}

const OURS: [&str; 6] = ["check", "shop", "--policies", "policies", "--check", "ours"];

#[test]
fn a_wrong_path_is_named() {
    let run = shop(PRIVILEGED).onus(&["check", "shp"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ cannot read `shp`: there is no such file or folder
      help: name a file or a folder that exists, or `-` for standard input
    ");
}

#[test]
fn one_wrong_path_among_good_ones_stops_the_run() {
    let run = shop(PRIVILEGED).onus(&["check", "shop", "nowhere", "shop/wbe.yaml"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    for name in ["nowhere", "shop/wbe.yaml"] {
        assert!(run.stderr.contains(name), "{}", run.shown());
    }
}

#[test]
fn an_empty_folder_is_no_pass() {
    let run = Folder::new().onus(&["check", "."]);
    insta::assert_snapshot!(run.shown(), @"
    exit 3
    --- stdout
    files: 0 checked; 0 objects
    no controls were judged: choose a framework with `--framework`, or in `onus.yaml` (`onus init` writes one)
    nothing was judged
    ");
}

#[test]
fn a_folder_of_other_things_is_no_pass() {
    let folder = Folder::with(&[("notes.txt", "hello"), ("list.yaml", "- a\n")]);
    let run = folder.onus(&["check", "."]);
    assert_eq!(run.code, Some(3), "{}", run.shown());
    let report = folder.onus(&["check", ".", "--format", "json"]).report();
    assert_eq!(report.ending, "nothing-judged");
    assert_eq!(report.tallies.outcomes.get("unknown-format"), Some(&2));
}

#[test]
fn only_templates_are_no_pass() {
    let folder = Folder::with(&[(
        "chart/web.yaml",
        "{{- if .Values.web }}\nkind: Pod\n{{- end }}\n",
    )]);
    let run = folder.onus(&["check", "."]);
    assert_eq!(run.code, Some(3), "{}", run.shown());
}

#[test]
fn an_unknown_check_is_met_with_a_guess() {
    let run = shop(PRIVILEGED).onus(&["check", "shop", "--check", "no-priviledged-containers"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ there is no check `no-priviledged-containers`
      help: did you mean `no-privileged-containers`?
    ");
}

#[test]
fn an_unknown_framework_is_met_with_a_guess() {
    let run = shop(PRIVILEGED).onus(&["check", "shop", "--framework", "kubernetes-psp"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ there is no framework `kubernetes-psp`
      help: did you mean `kubernetes-pss`?
    ");
}

#[test]
fn an_unknown_profile_is_met_with_a_guess() {
    let run =
        shop(PRIVILEGED).onus(&["check", "shop", "--framework", "kubernetes-pss/restrictive"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ the framework `kubernetes-pss` has no profile `restrictive`
      help: did you mean `restricted`?
    ");
}

#[test]
fn an_unknown_parameter_is_met_with_a_guess() {
    let run = shop(PRIVILEGED).onus(&["check", "shop", "--set", "kubernetes.verion=1.30"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ there is no parameter `kubernetes.verion`
      help: did you mean `kubernetes.version`?
    ");
}

#[test]
fn a_parameter_of_the_wrong_kind_is_refused() {
    for value in ["one", "1.38", "0.9", "-1.2", "", "1"] {
        let set = format!("kubernetes.version={value}");
        let run = shop(PRIVILEGED).onus(&["check", "shop", "--set", &set]);
        assert_eq!(run.code, Some(2), "{value}: {}", run.shown());
        assert!(run.stderr.contains("kubernetes.version"), "{}", run.shown());
    }
    let run = shop(PRIVILEGED).onus(&["check", "shop", "--set", "kubernetes.version=1.38"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ `kubernetes.version` cannot be `1.38`: it must be at most `1.37`
    ");
}

#[test]
fn versions_are_numbers_and_not_decimals() {
    // `hostProbes` came with 1.34, allowPrivilegeEscalation with 1.8: 1.9 lies between them.
    let judge = |version: &str| {
        let set = format!("kubernetes.version={version}");
        let args = [
            "check",
            "shop",
            "--framework",
            "kubernetes-pss/restricted",
            "--set",
            &set,
        ];
        let mut all = args.to_vec();
        all.extend(["--format", "json"]);
        let report = shop(&harmless()).onus(&all).report();
        let mut checks: Vec<_> = report.evaluations.iter().map(|e| e.check.clone()).collect();
        checks.sort();
        checks.dedup();
        checks
    };
    assert_eq!(judge("1.9"), judge("1.10"));
    assert_ne!(judge("1.9"), judge("1.30"));
    assert!(judge("1.7").len() < judge("1.9").len());
}

#[test]
fn an_unknown_format_is_met_with_a_guess() {
    let run = shop(PRIVILEGED).onus(&["check", "shop", "--format", "jsn"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
    error: invalid value 'jsn' for '--format <FORMAT[=FILE]>': did you mean `json`?

    For more information, try '--help'.
    ");
}

#[test]
fn an_unknown_option_is_met_with_a_guess() {
    let run = shop(PRIVILEGED).onus(&["check", "shop", "--frmework", "x"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.stderr.contains("--framework"), "{}", run.shown());
}

#[test]
fn a_finding_shows_both_sides() {
    let run = shop(PRIVILEGED).onus(&["check", "shop", "--check", "no-privileged-containers"]);
    insta::assert_snapshot!(run.shown(), @r#"
    exit 1
    --- stdout
    fail critical: no-privileged-containers on Pod/shop/web/containers/api

      ✗ containers must not run privileged
       ╭─[shop/web.yaml:9:19]
     8 │     securityContext:
     9 │       privileged: true
       ·                   ──┬─
       ·                     ╰── `securityContext.privileged` is `true`
       ╰────
      ☞ this policy forbids it
       ╭─[policies/kubernetes/no-privileged-containers/policy.cedar:5:8]
     4 │ forbid (principal, action == Kubernetes::Action::"deploy", resource is Kubernetes::Container)
     5 │ when { resource has securityContext.privileged && resource.securityContext.privileged };
       ·        ───────────────────┬───────────────────
       ·                           ╰── is `true`
       ╰────
      help: remove `securityContext.privileged`, or set it to `false`; where one right is needed, add
            that one under `capabilities.add`

    files: 1 checked; 1 objects
      critical  no-privileged-containers       1 failed of 1
    no controls were judged: choose a framework with `--framework`, or in `onus.yaml` (`onus init` writes one)
    1 failed: 1 critical
    "#);
}

#[test]
fn a_clean_run_says_what_was_judged() {
    let run = shop(&harmless()).onus(&["check", "shop", "--check", "no-privileged-containers"]);
    insta::assert_snapshot!(run.shown(), @"
    exit 0
    --- stdout
    files: 1 checked; 1 objects
    no controls were judged: choose a framework with `--framework`, or in `onus.yaml` (`onus init` writes one)
    nothing failed: 1 answers to 1 questions
    ");
}

#[test]
fn a_framework_says_how_its_requirements_stand() {
    let args = [
        "check",
        "shop",
        "--framework",
        "kubernetes-pss/baseline",
        "--format",
        "json",
    ];
    let run = shop(PRIVILEGED).onus(&args);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let report = run.report();
    assert_eq!(report.frameworks, ["kubernetes-pss/baseline"]);
    let statuses: Vec<_> = report
        .requirements
        .iter()
        .filter_map(|r| r["status"].as_str())
        .collect();
    assert!(statuses.contains(&"not-satisfied"), "{statuses:?}");
    assert!(
        statuses.contains(&"not-assessed") || statuses.contains(&"satisfied"),
        "{statuses:?}"
    );
}

#[test]
fn the_json_report_is_complete() {
    let args = [
        "check",
        "shop",
        "--check",
        "no-privileged-containers",
        "--format",
        "json",
    ];
    let run = shop(PRIVILEGED).onus(&args);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let shown = run.stdout.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(shown, @r#"
    {"schema_version":1,"tool":{"name":"onus","version":"VERSION"},
    "frameworks":[],
    "parameters":{"kubernetes.version":"1.37"},
    "ending":"failed",
    "exit_code":1,
    "files":[
    {"path":"shop/web.yaml","outcome":"checked","documents":1,"objects":1,"duplicate_keys":0}],
    "evaluations":[
    {"check":"no-privileged-containers","policy":0,"verdict":"fail","severity":"critical","target":{"type":"Kubernetes::Container","id":"Pod/shop/web/containers/api","object":{"kind":"Pod","namespace":"shop","name":"web"}},"location":{"file":"shop/web.yaml","line":9,"column":19,"end_line":9,"end_column":23},"read":[{"path":"resource.securityContext.privileged","value":"true","state":"value","location":{"file":"shop/web.yaml","line":9,"column":19,"end_line":9,"end_column":23},"policy":{"file":"policies/kubernetes/no-privileged-containers/policy.cedar","line":5,"column":8,"end_line":5,"end_column":47}}],"also":[],"message":"containers must not run privileged","help":"remove `securityContext.privileged`, or set it to `false`; where one right is needed, add that one under `capabilities.add`","waiver":null}],
    "requirements":[],
    "governance":null,
    "checks":[
    {"id":"no-privileged-containers","title":"containers must not run privileged","severity":"critical","tally":{"pass":0,"fail":1,"not-applicable":0,"unknown":0,"error":0,"waived":0}}],
    "tallies":{"verdicts":{"pass":0,"fail":1,"not-applicable":0,"unknown":0,"error":0,"waived":0},"outcomes":{"checked":1,"ignored":0,"skipped":0,"unknown-format":0,"unreadable":0},"documents":1,"objects":1,"questions":1}}
    "#);
}

#[test]
fn a_typo_in_a_policy_is_shown_in_its_line() {
    let typo = policy("resource.securityContext.priviledged == true");
    let run = with_policy(&typo).onus(&OURS);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ there is no attribute `priviledged` here
       ╭─[policies/kubernetes/ours/policy.cedar:6:3]
     5 │ when {
     6 │   resource.securityContext.priviledged == true
       ·   ──────────────────┬─────────────────
       ·                     ╰── read here
     7 │ };
       ╰────
      help: did you mean `privileged`?
    ");
}

#[test]
fn a_policy_that_reads_what_may_be_missing_is_refused() {
    let unguarded = policy("resource.securityContext.privileged == true");
    let run = with_policy(&unguarded).onus(&OURS);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ unable to guarantee safety of access to optional attribute `securityContext.privileged` on
      │ entity type `Kubernetes::Container`
       ╭─[policies/kubernetes/ours/policy.cedar:6:3]
     5 │ when {
     6 │   resource.securityContext.privileged == true
       ·   ───────────────────────────────────
     7 │ };
       ╰────
      help: try testing for the attribute's presence with `e.securityContext has privileged && ..`

      ✗ unable to guarantee safety of access to optional attribute `securityContext` on entity type
      │ `Kubernetes::Container`
       ╭─[policies/kubernetes/ours/policy.cedar:6:3]
     5 │ when {
     6 │   resource.securityContext.privileged == true
       ·   ───────────────────────────────────
     7 │ };
       ╰────
      help: try testing for the attribute's presence with `e has securityContext && ..`
    ");
}

#[test]
fn a_broken_policy_is_refused_in_the_same_words_each_time() {
    let folder = with_policy(&policy("resource.securityContext.privileged == true"));
    let first = folder.onus(&OURS);
    assert_eq!(first.code, Some(2), "{}", first.shown());
    for _ in 0..8 {
        assert_eq!(folder.onus(&OURS).stderr, first.stderr);
    }
}

#[test]
fn a_policy_that_is_no_policy_is_shown_in_its_line() {
    let broken = policy("resource has securityContext &&");
    let run = with_policy(&broken).onus(&OURS);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ unexpected token `}`
       ╭─[policies/kubernetes/ours/policy.cedar:7:1]
     6 │   resource has securityContext &&
     7 │ };
       · ┬
       · ╰── expected `!`, `(`, `-`, `[`, `{`, `false`, identifier, `if`, number, `?principal`, `?resource`, string literal, or `true`
       ╰────
    ");
}

#[test]
fn all_broken_policies_are_shown_in_one_run() {
    let folder = with_policy(&policy("resource.nothing == 1"));
    folder.write(
        "policies/kubernetes/theirs/policy.cedar",
        policy("resource.nowhere == 1"),
    );
    let run = folder.onus(&["check", "shop", "--policies", "policies"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    for name in [
        "ours/policy.cedar",
        "nothing",
        "theirs/policy.cedar",
        "nowhere",
    ] {
        assert!(run.stderr.contains(name), "{name}: {}", run.shown());
    }
}

#[test]
fn a_check_without_a_title_or_with_a_wrong_severity_is_refused() {
    let whole = policy("resource.kind == \"x\"");
    for (from, to) in [("@title(\"a rule of ours\")\n", ""), ("\"low\"", "\"lwo\"")] {
        let run = with_policy(&whole.replace(from, to)).onus(&OURS);
        assert_eq!(run.code, Some(2), "{}", run.shown());
        assert!(run.stderr.contains("policy.cedar"), "{}", run.shown());
    }
}

#[test]
fn an_id_that_is_taken_is_refused() {
    let folder = shop(PRIVILEGED);
    let taken = "policies/kubernetes/no-privileged-containers/policy.cedar";
    folder.write(taken, policy("resource.kind == \"x\""));
    let run = folder.onus(&["check", "shop", "--policies", "policies"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(
        run.stderr.contains("no-privileged-containers"),
        "{}",
        run.shown()
    );
}

#[test]
fn a_policy_that_errs_is_never_a_pass() {
    let overflows = policy(
        "resource has securityContext.runAsUser && resource.securityContext.runAsUser * 9223372036854775807 > 0",
    );
    let folder = with_policy(&overflows);
    let pod = harmless().replace("privileged: false", "runAsUser: 1000");
    folder.write("shop/web.yaml", pod);
    let run = folder.onus(&OURS);
    insta::assert_snapshot!(run.shown(), @"
    exit 4
    --- stdout
    error low: ours on Pod/shop/web/containers/api

      ⚠ cannot be judged: integer overflow while attempting to multiply the values `1000` and
      │ `9223372036854775807`
       ╭─[shop/web.yaml:9:18]
     8 │     securityContext:
     9 │       runAsUser: 1000
       ·                  ──┬─
       ·                    ╰── `securityContext.runAsUser` is `1000`
       ╰────
      ☞ this policy reads it
       ╭─[policies/kubernetes/ours/policy.cedar:6:3]
     5 │ when {
     6 │   resource has securityContext.runAsUser && resource.securityContext.runAsUser * 9223372036854775807 > 0
       ·   ───────────────────┬──────────────────
       ·                      ╰── is `1000`
     7 │ };
       ╰────
      help: correct the policy: Cedar could not evaluate it on this resource

    files: 1 checked; 1 objects
      low       ours       0 failed of 1, 1 not judged
    no controls were judged: choose a framework with `--framework`, or in `onus.yaml` (`onus init` writes one)
    nothing failed, but not everything could be judged
    1 could not be judged
    ");
    let mut args = OURS.to_vec();
    args.extend(["--format", "json"]);
    let run = folder.onus(&args);
    assert_eq!(run.code, Some(4), "{}", run.shown());
    let report = run.report();
    assert_eq!(report.with("error", "shop/web.yaml").len(), 1);
    assert_eq!(report.ending, "undetermined");
}

#[test]
fn a_value_of_the_wrong_type_is_an_error_of_the_checks_that_read_it() {
    let folder = shop(&PRIVILEGED.replace("privileged: true", "privileged: \"true\""));
    let run = folder.onus(&["check", "shop", "--check", "no-privileged-containers"]);
    insta::assert_snapshot!(run.shown(), @r#"
    exit 4
    --- stdout
    error critical: no-privileged-containers on Pod/shop/web/containers/api

      ⚠ cannot be judged: `true` is text, and true or false is expected
       ╭─[shop/web.yaml:9:19]
     8 │     securityContext:
     9 │       privileged: "true"
       ·                   ───┬──
       ·                      ╰── `true` is text, and true or false is expected
       ╰────
      ☞ this policy reads it
       ╭─[policies/kubernetes/no-privileged-containers/policy.cedar:5:8]
     4 │ forbid (principal, action == Kubernetes::Action::"deploy", resource is Kubernetes::Container)
     5 │ when { resource has securityContext.privileged && resource.securityContext.privileged };
       ·        ───────────────────┬───────────────────
       ·                           ╰── cannot be read
       ╰────
      help: correct the value: the check cannot read it

    files: 1 checked; 1 objects
      critical  no-privileged-containers       0 failed of 1, 1 not judged
    no controls were judged: choose a framework with `--framework`, or in `onus.yaml` (`onus init` writes one)
    nothing failed, but not everything could be judged
    1 could not be judged
    "#);
    let args = [
        "check",
        "shop",
        "--framework",
        "kubernetes-everyday",
        "--format",
        "json",
    ];
    let report = folder.onus(&args).report();
    let erring: Vec<_> = report
        .with("error", "shop/web.yaml")
        .iter()
        .map(|e| &e.check)
        .collect();
    assert_eq!(erring, ["no-privileged-containers"]);
    assert_eq!(report.file("shop/web.yaml").outcome, "checked");
}

/// A format of the user's own.
const APP: &str = "@title(\"our services\")
@files(\"*.service.toml, service.yaml\")
@identity(\"kind: $.kind, name: $.service\")
namespace Service {
  @title(\"listener\")
  @each(\"$.listeners[*]\")
  @id(\"$.name\")
  entity Listener = {
    name?: String,
    port: Long,
    tls?: Bool,
    @as(\"duration\") timeout?: Long,
  };

  action deploy appliesTo {
    principal: [Onus::Deployment],
    resource: [Listener],
  };
}
";

const APP_POLICY: &str = "@title(\"listeners must speak TLS\")
@severity(\"high\")
@help(\"set `tls = true`\")
forbid (principal, action == Service::Action::\"deploy\", resource is Service::Listener)
unless { resource has tls && resource.tls };
";

/// A folder with a format of the user's own, one file of which is wrong.
fn services(schema: &str) -> Folder {
    Folder::with(&[
        ("policies/service/schema.cedarschema", schema),
        ("policies/service/tls/policy.cedar", APP_POLICY),
        (
            "apps/shop.service.toml",
            "service = \"shop\"\n\n[[listeners]]\nname = \"web\"\nport = 443\ntls = true\n\n[[listeners]]\nname = \"admin\"\nport = 9000\ntimeout = \"1m\"\n",
        ),
        (
            "apps/cart/service.yaml",
            "service: cart\nlisteners:\n- {name: web, port: 443, tls: true}\n",
        ),
    ])
}

#[test]
fn a_user_s_own_format_is_one_schema() {
    let folder = services(APP);
    let run = folder.onus(&["check", "apps", "--policies", "policies", "--check", "tls"]);
    insta::assert_snapshot!(run.shown(), @r#"
    exit 1
    --- stdout
    fail high: tls on Service/shop/listeners/admin

      ✗ listeners must speak TLS
        ╭─[apps/shop.service.toml:9:1]
      8 │ [[listeners]]
      9 │ name = "admin"
        · ───────┬──────
        ·        ╰── `tls` is missing
     10 │ port = 9000
        ╰────
      ☞ this policy forbids it
       ╭─[policies/service/tls/policy.cedar:5:10]
     4 │ forbid (principal, action == Service::Action::"deploy", resource is Service::Listener)
     5 │ unless { resource has tls && resource.tls };
       ·          ────────┬───────
       ·                  ╰── is missing
       ╰────
      help: set `tls = true`

    files: 2 checked; 2 objects
      high      tls       1 failed of 3
    no controls were judged: choose a framework with `--framework`, or in `onus.yaml` (`onus init` writes one)
    1 failed: 1 high
    "#);
    let args = [
        "check",
        "apps",
        "--policies",
        "policies",
        "--all",
        "--format",
        "json",
    ];
    let report = folder.onus(&args).report();
    assert_eq!(report.with("pass", "apps/cart/service.yaml").len(), 1);
    assert_eq!(report.with("pass", "apps/shop.service.toml").len(), 1);
    let [found] = report.with("fail", "apps/shop.service.toml")[..] else {
        panic!("{:#?}", report.evaluations);
    };
    assert_eq!(
        (found.check.as_str(), found.target.of.as_str()),
        ("tls", "Service::Listener")
    );
    assert_eq!(found.target.object.name.as_deref(), Some("shop"));
}

#[test]
fn what_a_schema_requires_and_a_config_lacks_is_an_error_of_the_checks_that_read_it() {
    let folder = services(APP);
    let ports = APP_POLICY.replace("resource has tls && resource.tls", "resource.port == 443");
    folder.write("policies/service/ports/policy.cedar", ports);
    folder.write(
        "apps/shop.service.toml",
        "service = \"shop\"\n[[listeners]]\nname = \"web\"\ntls = true\n",
    );
    let args = [
        "check",
        "apps",
        "--policies",
        "policies",
        "--format",
        "json",
    ];
    let run = folder.onus(&args);
    assert_eq!(run.code, Some(4), "{}", run.shown());
    let report = run.report();
    let found: Vec<_> = report
        .evaluations
        .iter()
        .map(|e| (e.check.as_str(), e.verdict.as_str()))
        .collect();
    assert_eq!(found, [("ports", "error")]);
    let read = &report.evaluations.first().expect("one is found").read;
    assert_eq!(read.len(), 1, "{read:?}");
}

#[test]
fn an_unknown_annotation_is_shown_in_its_line() {
    let run =
        services(&APP.replace("@each", "@eech")).onus(&["check", "apps", "--policies", "policies"]);
    insta::assert_snapshot!(run.shown(), @r#"
    exit 2
    --- stderr
      ✗ there is no annotation `@eech` here
       ╭─[policies/service/schema.cedarschema:6:3]
     5 │   @title("listener")
     6 │   @eech("$.listeners[*]")
       ·   ──┬──
       ·     ╰── unknown
     7 │   @id("$.name")
       ╰────
      help: did you mean `@each`?
    "#);
}

#[test]
fn a_malformed_path_in_a_schema_is_shown_in_its_line() {
    let malformed = APP.replace("$.listeners[*]", "$.listeners[*");
    let run = services(&malformed).onus(&["check", "apps", "--policies", "policies"]);
    insta::assert_snapshot!(run.shown(), @r#"
    exit 2
    --- stderr
      ✗ `,` or `]` is expected here
       ╭─[policies/service/schema.cedarschema:6:23]
     5 │   @title("listener")
     6 │   @each("$.listeners[*")
       ·                       ▲
       ·                       ╰── here
     7 │   @id("$.name")
       ╰────
      help: paths are JSONPath (RFC 9535); see docs/schemas.md
    "#);
}

#[test]
fn a_kind_that_we_never_heard_of_is_judged_by_our_checks() {
    let folder = Folder::with(&[
        (
            "policies/rollouts/schema.cedarschema",
            "@title(\"Argo Rollouts\")
@extends(\"Kubernetes\")
namespace Rollouts {
  @title(\"rollout\")
  @each(\"[kind=Rollout] $$.spec.template\")
  @also(\"Kubernetes::Pod\")
  entity Rollout = {};

  action deploy appliesTo {
    principal: [Onus::Deployment],
    resource: [Rollout],
  };
}
",
        ),
        (
            "apps/web.yaml",
            "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      hostNetwork: true
      containers:
      - name: api
        image: shop/api:1.2.3
        securityContext: {privileged: true}
",
        ),
    ]);
    let check = |further: &[&str]| {
        let mut args = vec![
            "check",
            "apps",
            "--framework",
            "kubernetes-pss/baseline",
            "--format",
            "json",
        ];
        args.extend(further);
        folder.onus(&args)
    };
    assert_eq!(check(&[]).code, Some(3), "{}", check(&[]).shown());
    let run = check(&["--policies", "policies"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let report = run.report();
    let found: Vec<_> = report
        .evaluations
        .iter()
        .map(|e| (e.check.as_str(), e.target.id.as_str()))
        .collect();
    let privileged = (
        "no-privileged-containers",
        "Rollout/shop/web/containers/api",
    );
    assert!(found.contains(&privileged), "{found:?}");
    assert!(
        found
            .iter()
            .any(|(check, _)| *check == "no-host-namespaces"),
        "{found:?}"
    );
}

#[test]
fn standard_input_is_read_where_a_dash_stands() {
    let folder = Folder::new();
    let args = [
        "check",
        "-",
        "--check",
        "no-privileged-containers",
        "--format",
        "json",
    ];
    let run = onus_reading(folder.path(), &args, PRIVILEGED.as_bytes());
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert_eq!(run.report().evaluations.len(), 1);

    let mut named = args.to_vec();
    named.extend(["--stdin-filename", "shop/web.yaml"]);
    let run = onus_reading(folder.path(), &named, PRIVILEGED.as_bytes());
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert_eq!(run.report().with("fail", "shop/web.yaml").len(), 1);

    let json = br#"{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "securityContext": {"privileged": true}}]}}"#;
    let mut named = args.to_vec();
    named.extend(["--stdin-filename", "web.json"]);
    let run = onus_reading(folder.path(), &named, json);
    assert_eq!(run.code, Some(1), "{}", run.shown());

    let text = [
        "check",
        "-",
        "--stdin-filename",
        "shop/web.yaml",
        "--check",
        "no-privileged-containers",
    ];
    let run = onus_reading(folder.path(), &text, PRIVILEGED.as_bytes());
    assert!(run.stdout.contains("shop/web.yaml:9"), "{}", run.shown());
}

#[test]
fn a_gate_lets_milder_findings_through() {
    let mild = with_policy(&policy("resource.kind == \"containers\""));
    let gated = |gate: &[&str]| {
        let mut args = OURS.to_vec();
        args.extend(gate);
        mild.onus(&args)
    };
    assert_eq!(gated(&[]).code, Some(1), "{}", gated(&[]).shown());
    assert_eq!(gated(&["--fail-on", "low"]).code, Some(1));
    let high = gated(&["--fail-on", "high"]);
    assert_eq!(high.code, Some(0), "{}", high.shown());
    assert!(high.stdout.contains("a rule of ours"), "{}", high.shown());
    let unknown = gated(&["--fail-on", "hihg"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.shown());
    assert!(unknown.stderr.contains("high"), "{}", unknown.shown());
}

#[test]
fn a_severity_leaves_milder_checks_out() {
    let folder = with_policy(&policy("resource.kind == \"containers\""));
    let args = [
        "check",
        "shop",
        "--policies",
        "policies",
        "--severity",
        "high",
        "--format",
        "json",
    ];
    let report = folder.onus(&args).report();
    assert!(!report.evaluations.is_empty());
    assert!(
        report
            .evaluations
            .iter()
            .all(|e| e.severity == "high" || e.severity == "critical")
    );
}

#[test]
fn a_run_may_be_told_to_end_well() {
    let folder = shop(PRIVILEGED);
    let run = folder.onus(&["check", "shop", "--exit-zero", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert_eq!(run.report().ending, "failed");
    let usage = folder.onus(&["check", "nowhere", "--exit-zero"]);
    assert_eq!(usage.code, Some(2), "{}", usage.shown());
}

#[test]
fn several_reports_come_of_one_run() {
    let folder = shop(PRIVILEGED);
    let alone = folder.onus(&["check", "shop", "--format", "json"]);
    let run = folder.onus(&[
        "check",
        "shop",
        "--format",
        "json=out.json",
        "--format",
        "text=out.txt",
    ]);
    assert_eq!(
        (run.code, alone.code),
        (Some(1), Some(1)),
        "{}",
        run.shown()
    );
    assert_eq!(folder.text("out.json"), alone.stdout);
    let text = folder.onus(&["check", "shop", "--format", "text"]);
    assert_eq!(folder.text("out.txt"), text.stdout);
    assert!(!text.stdout.is_empty());

    let both = folder.onus(&[
        "check",
        "shop",
        "--format",
        "json=again.json",
        "--format",
        "text",
    ]);
    assert_eq!(
        (both.stdout, folder.text("again.json")),
        (text.stdout, alone.stdout)
    );
    let twice = folder.onus(&["check", "shop", "--format", "json", "--format", "text"]);
    assert_eq!(
        twice.code,
        Some(2),
        "two reports cannot both be on standard output: {}",
        twice.shown()
    );
}

#[test]
fn the_lists_name_what_there_is() {
    let folder = Folder::new();
    for (what, word) in [
        ("checks", "no-privileged-containers"),
        ("frameworks", "kubernetes-pss/baseline"),
        ("frameworks", "kubernetes-everyday"),
        ("formats", "Kubernetes"),
        ("types", "Kubernetes::Container"),
        ("parameters", "kubernetes.version"),
    ] {
        let run = folder.onus(&["list", what]);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        assert!(run.stdout.contains(word), "{what}: {}", run.shown());
    }
    let run = folder.onus(&["list", "chekcs"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.stderr.contains("checks"), "{}", run.shown());
}

#[test]
fn an_explanation_is_there_for_all_that_has_a_name() {
    let folder = Folder::new();
    for id in [
        "no-privileged-containers",
        "kubernetes-pss",
        "kubernetes-everyday",
    ] {
        let run = folder.onus(&["explain", id]);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        assert!(run.stdout.contains(id), "{}", run.shown());
    }
    let run = folder.onus(&["explain", "no-privileged-containers"]);
    insta::assert_snapshot!(run.shown(), @r#"
    exit 0
    --- stdout
    check no-privileged-containers: containers must not run privileged
    severity: critical
    what to do: remove `securityContext.privileged`, or set it to `false`; where one right is needed, add that one under `capabilities.add`
    controls: privileged-containers
    policies: policies/kubernetes/no-privileged-containers/policy.cedar

    @title("containers must not run privileged")
    @severity("critical")
    @help("remove `securityContext.privileged`, or set it to `false`; where one right is needed, add that one under `capabilities.add`")
    forbid (principal, action == Kubernetes::Action::"deploy", resource is Kubernetes::Container)
    when { resource has securityContext.privileged && resource.securityContext.privileged };
    "#);
}

#[test]
fn a_control_is_explained_too() {
    let folder = Folder::new();
    let list = folder.onus(&["list", "controls"]).stdout;
    let ids: Vec<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(!ids.is_empty(), "there are controls");
    for id in ids {
        let run = folder.onus(&["explain", id]);
        assert_eq!(run.code, Some(0), "{}", run.shown());
    }
}

#[test]
fn an_explanation_of_nothing_is_met_with_a_guess() {
    let run = Folder::new().onus(&["explain", "no-privileged-container"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ there is no check, control, framework or requirement `no-privileged-container`
      help: did you mean `no-privileged-containers`?
    ");
    let run = Folder::new().onus(&["explain", "qwertyuiop"]);
    insta::assert_snapshot!(run.shown(), @r"
    exit 2
    --- stderr
      ✗ there is no check, control, framework or requirement `qwertyuiop`
      help: `onus list checks`, `onus list controls` and `onus list frameworks` name them
    ");
}

#[test]
fn a_report_is_as_its_schema_says() {
    let folder = with_policy(&policy("resource.kind == \"containers\""));
    folder.write("shop/broken.yaml", "a: [\n");
    folder.write(
        "shop/typed.yaml",
        PRIVILEGED.replace("privileged: true", "privileged: [1]"),
    );
    folder.write("shop/template.yaml", "{{- if x }}\n");
    let printed = folder.onus(&["schema", "report"]);
    assert_eq!(printed.code, Some(0), "{}", printed.shown());
    let schema: Value = serde_json::from_str(&printed.stdout).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema is a schema");
    let validator = jsonschema::validator_for(&schema).expect("the schema can be used");
    let storefront = repository().join("tests/systems/storefront");
    let ours = [
        "check",
        "shop",
        "--policies",
        "policies",
        "--all",
        "--format",
        "json",
    ];
    let theirs = [
        "check",
        ".",
        "--framework",
        "kubernetes-pss/restricted",
        "--format",
        "json",
    ];
    for run in [folder.onus(&ours), onus(&storefront, &theirs)] {
        assert_eq!(run.code, Some(1), "{}", run.shown());
        let report: Value = serde_json::from_str(&run.stdout).expect("the report is JSON");
        let errors: Vec<_> = validator
            .iter_errors(&report)
            .map(|e| format!("{} {e}", e.instance_path))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let wrong = serde_json::json!({ "schema_version": 1 });
    assert!(!validator.is_valid(&wrong), "the schema demands something");
}

#[test]
fn the_number_of_threads_changes_no_byte_of_any_format() {
    let storefront = repository().join("tests/systems/storefront");
    for format in ["json", "text"] {
        let run = |jobs: &str| {
            onus(
                &storefront,
                &["check", ".", "--format", format, "--jobs", jobs],
            )
        };
        let one = run("1");
        assert_eq!(one.code, Some(1), "{}", one.stderr);
        assert!(one.stdout == run("4").stdout, "{format}");
    }
    let none = onus(&storefront, &["check", ".", "--jobs", "0"]);
    assert_ne!(
        none.code,
        Some(1),
        "no threads judge nothing: {}",
        none.stderr
    );
}

#[test]
fn the_storefront_has_the_faults_that_its_readme_lists_and_no_others() {
    let storefront = repository().join("tests/systems/storefront");
    let readme = std::fs::read_to_string(storefront.join("README.md")).expect("the list of faults");
    // Rows of the table: the file, what is wrong, the checks.
    let planted: BTreeSet<(String, String)> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|row| {
            let (file, rest) = row.split_once('`').expect("a file in the first column");
            let checks = rest
                .trim_end_matches([' ', '|'])
                .rsplit('|')
                .next()
                .unwrap_or_default();
            let checks: Vec<&str> = checks.split('`').skip(1).step_by(2).collect();
            checks
                .into_iter()
                .map(|check| (file.to_owned(), check.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(planted.len() >= 15, "{planted:?}");
    let run = onus(&storefront, &["check", ".", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let report = run.report();
    let found: BTreeSet<(String, String)> = report
        .evaluations
        .iter()
        .map(|e| (e.location.file.clone(), e.check.clone()))
        .collect();
    assert_eq!(found, planted);
    assert!(
        report.files.iter().any(|f| f.outcome == "skipped"),
        "a template is skipped"
    );
}

#[test]
fn ignore_files_are_honoured_and_what_they_leave_out_is_counted() {
    let folder = shop(PRIVILEGED);
    folder.write(".gitignore", "left-out/\n*.tmp.yaml\n");
    folder.write(".git/config", "");
    folder.write(".git/hooks/pod.yaml", PRIVILEGED);
    folder.write("left-out/pod.yaml", PRIVILEGED);
    folder.write("shop/pod.tmp.yaml", PRIVILEGED);
    folder.write(".hidden/pod.yaml", PRIVILEGED);
    let args = [
        "check",
        ".",
        "--check",
        "no-privileged-containers",
        "--format",
        "json",
    ];
    let report = folder.onus(&args).report();
    let failing: Vec<_> = report
        .evaluations
        .iter()
        .map(|e| e.location.file.as_str())
        .collect();
    assert_eq!(failing, [".hidden/pod.yaml", "shop/web.yaml"]);
    assert!(report.files.iter().all(|f| !f.path.starts_with(".git/")));
    assert!(
        report
            .tallies
            .outcomes
            .get("ignored")
            .is_some_and(|n| *n >= 1),
        "{:#?}",
        report.files
    );

    let named = [
        "check",
        "left-out/pod.yaml",
        "--check",
        "no-privileged-containers",
    ];
    assert_eq!(
        folder.onus(&named).code,
        Some(1),
        "a path that is named is always read"
    );
}

#[test]
fn no_arguments_print_the_help() {
    let run = Folder::new().onus::<&str>(&[]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.stderr.contains("check"), "{}", run.shown());
    let run = Folder::new().onus(&["--help"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    insta::assert_snapshot!(run.stdout, @"
    Who must do what, and did they? Checks deployment configs against policies and controls.

    Exit codes of `check`: 0 nothing failed, 1 something failed, 2 usage, or a control, policy or schema
    is broken, 3 nothing was judged, 4 something could not be judged and nothing failed.

    Usage: onus [OPTIONS] <COMMAND>

    Commands:
      check    Judge configs: files, folders, or `-` for standard input
      list     List what there is
      explain  Explain a check, a control, a framework or a requirement
      matrix   Print who is accountable for what
      grants   Print who holds what, as the files say it
      who-can  Print who may do something, with the lines that give it
      init     Write `onus.yaml` from what is found
      new      Begin something that you write: a control, a party, a schema, a check, a record, …
      test     Judge the cases of your checks: whether each fails or passes as its name says
      schema   Print the JSON Schema of a report or of a file that you write
      help     Print this message or the help of the given subcommand(s)

    Options:
          --color <COLOR>
              When to use colours; NO_COLOR is heeded

              Possible values:
              - auto:   On a terminal
              - always: Always
              - never:  Never
              
              [default: auto]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    ");
}

/// A check of permits: what may be deployed is named, everything else fails.
const PERMITS: &str = r#"
@title("only images of the shop")
@severity("high")
@help("use an image of the shop")
permit (principal, action == Kubernetes::Action::"deploy", resource is Kubernetes::Container)
when { resource has image.repository && resource.image.repository like "shop/*" };

permit (principal, action == Kubernetes::Action::"deploy", resource is Kubernetes::Container)
when { resource.kind == "initContainers" };
"#;

#[test]
fn permits_together_name_all_that_is_allowed() {
    let folder = with_policy(PERMITS);
    let pod = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: ours, image: shop/api:1}, {name: theirs, image: other/api:1}]
  initContainers: [{name: first, image: other/init:1}]
";
    folder.write("shop/web.yaml", pod);
    let report = folder
        .onus(&[&OURS[..], &["--all", "--format", "json"]].concat())
        .report();
    let verdicts: BTreeSet<(&str, &str)> = report
        .evaluations
        .iter()
        .map(|e| (e.target.id.as_str(), e.verdict.as_str()))
        .collect();
    let expected = BTreeSet::from([
        ("Pod/web/containers/ours", "pass"),
        ("Pod/web/containers/theirs", "fail"),
        ("Pod/web/initContainers/first", "pass"),
    ]);
    assert_eq!(verdicts, expected);
}

#[test]
fn a_check_is_not_applicable_where_its_permits_do_not_say_that_it_applies() {
    let folder = with_policy(&policy(
        "resource has securityContext.privileged && resource.securityContext.privileged",
    ));
    folder.write(
        "policies/kubernetes/ours/applies.cedar",
        "permit (principal, action == Kubernetes::Action::\"deploy\", resource is Kubernetes::Container)
when { resource.pod.hasTag(\"tier\") && resource.pod.getTag(\"tier\") == \"web\" };",
    );
    let pod = |name: &str, tier: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{tier: {tier}}}}}\nspec: {{containers: [{{name: c, securityContext: {{privileged: true}}}}]}}\n"
        )
    };
    folder.write("shop/web.yaml", pod("web", "web"));
    folder.write("shop/db.yaml", pod("db", "data"));
    let report = folder
        .onus(&[&OURS[..], &["--all", "--format", "json"]].concat())
        .report();
    let verdicts: BTreeSet<(&str, &str)> = report
        .evaluations
        .iter()
        .map(|e| (e.target.id.as_str(), e.verdict.as_str()))
        .collect();
    let expected = BTreeSet::from([
        ("Pod/db/containers/c", "not-applicable"),
        ("Pod/web/containers/c", "fail"),
    ]);
    assert_eq!(verdicts, expected);
}

#[test]
fn a_value_that_cannot_be_read_decides_nothing_about_what_a_check_applies_to() {
    let folder = with_policy(&policy("resource.kind == \"containers\""));
    folder.write(
        "policies/kubernetes/ours/applies.cedar",
        "permit (principal, action == Kubernetes::Action::\"deploy\", resource is Kubernetes::Container)
when { resource has securityContext.privileged && resource.securityContext.privileged };",
    );
    let privileged =
        |value: &str| PRIVILEGED.replace("privileged: true", &format!("privileged: {value}"));
    for (value, verdict) in [
        ("true", "fail"),
        ("false", "not-applicable"),
        ("\"true\"", "error"),
    ] {
        folder.write("shop/web.yaml", privileged(value));
        let report = folder
            .onus(&[&OURS[..], &["--all", "--format", "json"]].concat())
            .report();
        let verdicts: Vec<&str> = report
            .evaluations
            .iter()
            .map(|e| e.verdict.as_str())
            .collect();
        assert_eq!(verdicts, [verdict], "{value}");
    }
}

#[test]
fn what_a_list_hands_down_is_text_and_nothing_else() {
    let folder = shop(PRIVILEGED);
    let schema = "@files(\"*.yaml\") @objects(\"[items] $.items[*] | $\") @inherit(\"on, tier\")
namespace Ours {
  @each(\"$$\") @id(\"$.name\")
  entity Thing = { name?: String, on?: Bool, tier?: String };
  action look appliesTo { principal: [Onus::Deployment], resource: [Thing] };
}
";
    folder.write("policies/ours/schema.cedarschema", schema);
    for (id, condition) in [
        ("is-off", "resource has on && resource.on"),
        ("is-low", "resource has tier && resource.tier == \"high\""),
    ] {
        let policy = format!(
            "@title(\"t\") @severity(\"low\") @help(\"h\")\nforbid (principal, action == Ours::Action::\"look\", resource is Ours::Thing) when {{ {condition} }};\n"
        );
        folder.write(&format!("policies/ours/{id}/policy.cedar"), policy);
    }
    folder.write("shop/web.yaml", "on: true\ntier: high\nitems:\n- name: a\n");
    let args = [
        "check",
        "shop",
        "--policies",
        "policies",
        "--check",
        "is-off",
        "--check",
        "is-low",
        "--format",
        "json",
    ];
    let report = folder.onus(&args).report();
    let verdicts: BTreeSet<(&str, &str)> = report
        .evaluations
        .iter()
        .map(|e| (e.check.as_str(), e.verdict.as_str()))
        .collect();
    assert_eq!(
        verdicts,
        BTreeSet::from([("is-low", "fail"), ("is-off", "error")])
    );
}

#[test]
fn a_type_that_no_file_is_read_for_is_refused() {
    let folder = shop(PRIVILEGED);
    let schema = "@titel(\"Ours\")
namespace Ours {
  @each(\"$\") entity Thing;
  @each(\"$\") action look appliesTo { principal: [Thing], resource: [Thing] };
}
";
    folder.write("policies/ours/schema.cedarschema", schema);
    let run = folder.onus(&["check", "shop", "--policies", "policies"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    for message in [
        "no annotation `@titel`",
        "did you mean `@title`",
        "no file is ever read for `Thing`",
        "no annotation `@each`",
    ] {
        assert!(run.stderr.contains(message), "{message}: {}", run.shown());
    }
}
