//! Who may do what, as a user asks it: the grants of a small cluster, who can do something, and what a change gives and takes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::Value;
use support::Folder;

const CLUSTER: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: reader
  labels: {to-monitoring: 'true'}
rules:
- apiGroups: ['', apps]
  resources: [pods, deployments/scale]
  verbs: [get, list]
- nonResourceURLs: [/metrics, /health*]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: monitoring}
aggregationRule:
  clusterRoleSelectors:
  - matchLabels: {to-monitoring: 'true'}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: deployer, namespace: shop}
rules:
- apiGroups: [apps]
  resources: ['*']
  verbs: ['*']
- apiGroups: ['']
  resources: [secrets]
  resourceNames: [registry]
  verbs: [get]
";

const BINDINGS: &str = "apiVersion: v1
kind: List
items:
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: monitoring}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: monitoring}
  subjects:
  - {kind: ServiceAccount, name: prometheus, namespace: monitoring}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleBinding
  metadata: {name: deploy, namespace: shop}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
  subjects:
  - {kind: User, name: ann}
  - {kind: User, name: 'system:serviceaccount:ci:runner'}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleBinding
  metadata: {name: health, namespace: shop}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
  subjects:
  - {kind: Group, name: 'system:serviceaccounts:ci'}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: root}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
  subjects:
  - {kind: Group, name: ops}
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: audit}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: auditor}
  subjects:
  - {kind: User, name: eve}
";

fn cluster() -> Folder {
    Folder::with(&[("k8s/roles.yaml", CLUSTER), ("k8s/bindings.yaml", BINDINGS)])
}

#[test]
fn what_everybody_holds_is_told_with_its_lines() {
    let folder = cluster();
    for format in ["text", "csv", "json"] {
        let run = folder.onus(&["grants", "k8s", "--format", format]);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        assert_eq!(run.stderr, "");
        insta::assert_snapshot!(format!("grants-{format}"), run.stdout);
    }
    let json = folder.onus(&["grants", "k8s", "--format", "json"]).stdout;
    let report: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["open"][0]["role"], "auditor");
}

#[test]
fn a_subject_has_what_the_groups_of_its_kind_have_too() {
    let folder = cluster();
    let run = folder.onus(&["grants", "k8s", "--subject", "ci/runner"]);
    insta::assert_snapshot!("grants-of-one", run.stdout);
    let run = folder.onus(&["grants", "k8s", "--subject", "anna"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.stderr.contains("did you mean `ann`?"), "{}", run.stderr);
    // A service account to which nothing is given by name.
    let run = folder.onus(&["grants", "k8s", "--subject", "workload:ci/other"]);
    assert!(
        run.stdout.contains("group system:serviceaccounts:ci"),
        "{}",
        run.shown()
    );
}

/// The question, and who is named in the answer.
#[test]
fn who_can_do_something_is_told_and_who_may_be_able_to() {
    let folder = cluster();
    for (args, holders) in [
        (
            vec!["get", "pods"],
            vec!["group ops", "workload monitoring/prometheus"],
        ),
        (
            vec!["get", "pods", "--scope", "shop"],
            vec![
                "group ops",
                "group system:serviceaccounts:ci",
                "workload monitoring/prometheus",
            ],
        ),
        (
            vec!["get", "pods", "--scope", "other"],
            vec!["group ops", "workload monitoring/prometheus"],
        ),
        (
            vec!["delete", "deployments.apps", "--scope", "shop"],
            vec!["user ann", "group ops", "workload ci/runner"],
        ),
        (
            vec!["update", "deployments.apps/scale", "--scope", "shop"],
            vec!["user ann", "group ops", "workload ci/runner"],
        ),
        (
            vec!["delete", "deployments.extensions", "--scope", "shop"],
            vec!["group ops"],
        ),
        (vec!["get", "secrets", "--scope", "shop"], vec!["group ops"]),
        (
            vec!["get", "secrets", "--scope", "shop", "--name", "registry"],
            vec!["user ann", "group ops", "workload ci/runner"],
        ),
        (
            vec!["get", "secrets", "--scope", "shop", "--name", "tls"],
            vec!["group ops"],
        ),
        (
            vec!["get", "/metrics"],
            vec!["group ops", "workload monitoring/prometheus"],
        ),
        (
            vec!["get", "/healthz/live"],
            vec!["group ops", "workload monitoring/prometheus"],
        ),
        (vec!["get", "/logs"], vec!["group ops"]),
        (vec!["get", "pods/exec"], vec!["group ops"]),
    ] {
        let mut all = vec!["who-can"];
        all.extend(&args);
        all.extend(["--format", "json"]);
        all.insert(3, "k8s");
        let run = folder.onus(&all);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        let report: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
        let mut found: Vec<String> = report["grants"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|g| {
                let word = |key: &str| g[key].as_str().expect("text").to_owned();
                format!("{} {}", word("subject_kind"), word("subject"))
            })
            .collect();
        found.dedup();
        assert_eq!(found, holders, "{args:?}");
        // What the absent role gives is not known, and that is said.
        assert_eq!(report["open"][0]["subject"], "eve", "{args:?}");
    }
    let run = folder.onus(&["who-can", "get", "pods", "k8s"]);
    insta::assert_snapshot!("who-can", run.stdout);
}

#[test]
fn a_change_says_who_gains_and_who_loses_and_by_which_line() {
    let folder = Folder::with(&[("old/roles.yaml", CLUSTER), ("old/bindings.yaml", BINDINGS)]);
    folder.write(
        "new/roles.yaml",
        CLUSTER.replace("verbs: [get, list]", "verbs: [get, watch]"),
    );
    folder.write(
        "new/bindings.yaml",
        BINDINGS.replace("{kind: User, name: ann}", "{kind: User, name: joe}"),
    );
    let same = folder.onus(&["grants", "diff", "old", "old"]);
    assert_eq!(same.code, Some(0));
    assert_eq!(same.stdout, "nobody gains or loses anything\n");
    let run = folder.onus(&["grants", "diff", "old", "new"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    insta::assert_snapshot!("grants-diff", run.stdout);
    let count = |old: &str, new: &str, key: &str| {
        let run = folder.onus(&["grants", "diff", old, new, "--format", "json"]);
        let report: Value = serde_json::from_str(&run.stdout).expect("it is JSON");
        report[key].as_array().expect("a list").len()
    };
    assert_eq!(count("old", "new", "gained"), count("new", "old", "lost"));
    // What is not known is told in every format.
    folder.write("closed/roles.yaml", CLUSTER);
    folder.write(
        "closed/bindings.yaml",
        BINDINGS.replace("name: eve", "name: max"),
    );
    for format in ["text", "csv", "json"] {
        let run = folder.onus(&["grants", "diff", "old", "closed", "--format", format]);
        assert!(
            run.stdout.contains("eve") && run.stdout.contains("max"),
            "{}",
            run.shown()
        );
    }
    // What lies within a wider grant is nothing new: ops may do all of it already.
    let wider = BINDINGS.replace(
        "{kind: User, name: eve}",
        "{kind: User, name: eve}\n- apiVersion: rbac.authorization.k8s.io/v1\n  kind: RoleBinding\n  metadata: {name: more, namespace: shop}\n  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}\n  subjects: [{kind: Group, name: ops}]",
    );
    folder.write("wide/roles.yaml", CLUSTER);
    folder.write("wide/bindings.yaml", wider);
    let run = folder.onus(&["grants", "diff", "old", "wide"]);
    assert_eq!(
        run.stdout,
        "nobody gains or loses anything\n",
        "{}",
        run.shown()
    );
}

#[test]
fn what_is_not_there_and_what_cannot_be_read_are_no_answers() {
    let none = Folder::with(&[("a.yaml", "kind: Pod\napiVersion: v1\n")]);
    assert_eq!(none.onus(&["grants"]).code, Some(3));
    let asked = |folder: &Folder, action: &str, system: &str| {
        let run = folder.onus(&["who-can", action, "--system", system]);
        assert_eq!(run.code, Some(2), "{}", run.shown());
        run.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let slip = asked(&none, "get", "kubernetes");
    assert!(slip.contains("no grants were found here"), "{slip}");
    let slip = asked(&cluster(), "get", "parhelia");
    assert!(slip.contains("there are grants of `kubernetes`"), "{slip}");
    let broken = cluster();
    broken.write(
        "k8s/more.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: [\n",
    );
    for args in [
        vec!["grants", "k8s"],
        vec!["who-can", "get", "pods", "k8s"],
        vec!["grants", "diff", "k8s", "k8s"],
    ] {
        let run = broken.onus(&args);
        assert_eq!(run.code, Some(4), "{}", run.shown());
        assert!(
            run.stderr.contains("may hold grants, and cannot be read"),
            "{}",
            run.stderr
        );
    }
    // A file that is no file cannot be read either.
    #[cfg(unix)]
    {
        let piped = cluster();
        let pipe = std::os::unix::net::UnixListener::bind(piped.path().join("k8s/more.yaml"));
        let run = piped.onus(&["grants", "k8s"]);
        assert_eq!(run.code, Some(4), "{}", run.shown());
        drop(pipe.expect("a socket can be made"));
    }
    let odd = Folder::with(&[(
        "a.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects:\n- {kind: Person, name: ann}\n- {kind: ServiceAccount, name: bot}\n- {kind: User}\n",
    )]);
    let run = odd.onus(&["grants"]);
    for words in [
        "`Person` is no kind of subject",
        "a service account has a namespace",
        "a subject has a kind and a name",
    ] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
    assert_eq!(run.code, Some(4), "{}", run.shown());
}

/// What AWS keeps for administrators is in no file: however many speak of it, each holds it once.
#[test]
fn what_several_files_speak_of_is_held_once() {
    let account = |n: u8| {
        format!(
            "{{\"UserDetailList\": [{{\"UserName\": \"u\", \"Arn\": \"arn:aws:iam::{n}:user/u\", \"GroupList\": [], \"AttachedManagedPolicies\": [{{\"PolicyName\": \"AdministratorAccess\", \"PolicyArn\": \"arn:aws:iam::aws:policy/AdministratorAccess\"}}]}}], \"GroupDetailList\": [], \"RoleDetailList\": [], \"Policies\": [], \"IsTruncated\": false}}"
        )
    };
    let (one, two) = (account(1), account(2));
    let folder = Folder::with(&[("a.json", one.as_str()), ("b.json", two.as_str())]);
    let run = folder.onus(&["grants"]);
    assert_eq!(run.stdout.matches("* *").count(), 2, "{}", run.shown());
}

/// From the grants to the sheet, from the decisions to the control, and from a revoke that was not carried out to its failure.
#[test]
fn a_review_sheet_waits_for_decisions_and_counts_once_all_are_made() {
    let folder = cluster();
    folder.write(
        "onus.yaml",
        "onus: 1\nframeworks: [aicpa-tsc-2017]\ncontrols: [ours]\ngates: {filing: as-stated}\n",
    );
    folder.write(
        "ours/reviews.yaml",
        "control: reviews\ntitle: Reviews\nsatisfies: [aicpa-tsc-2017/CC6.3]\nevidence: [{evidence: r, title: R, path: 'reviews/{year}-Q{quarter}.md', every: quarter, starts: 2026-07-01, kind: access-review}]\n",
    );
    let run = folder.onus(&["grants", "k8s", "--review", "reviews/2026-Q3.md"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let sheet = folder.text("reviews/2026-Q3.md");
    insta::assert_snapshot!("review", sheet);
    let again = folder.onus(&["grants", "k8s", "--review", "reviews/2026-Q3.md"]);
    assert_eq!(again.code, Some(2), "{}", again.shown());
    let stands = |text: &str| {
        folder.write("reviews/2026-Q3.md", text);
        let run = folder.onus(&["check", ".", "--now", "2026-11-21", "--format", "json"]);
        let report: Value = serde_json::from_str(&run.stdout)
            .unwrap_or_else(|e| panic!("no report: {e}\n{}", run.shown()));
        let controls = report["governance"]["controls"]
            .as_array()
            .expect("a list")
            .clone();
        let control = controls.iter().find(|c| c["control"] == "reviews");
        let reasons = &control.expect("the control is judged")["parts"][0]["reasons"];
        reasons[0]["reason"]
            .as_str()
            .expect("it has a reason")
            .to_owned()
    };
    assert_eq!(stands(&sheet), "record-template");
    let signed = sheet
        .replace("performed_by: TODO", "performed_by: Ada")
        .replace("YYYY-MM-DD", "2026-10-10")
        .replace("scope: TODO", "scope: the cluster")
        .replace(
            "result: TODO   # satisfactory or adverse",
            "result: satisfactory",
        )
        .replace("open_exceptions: TODO   # how many", "open_exceptions: 0");
    assert_eq!(stands(&signed), "record-undecided");
    let kept = signed.replace(" |  |  |  |", " |  | keep | Ada |");
    assert_ne!(kept, signed);
    assert_eq!(stands(&kept), "evidence-good");
    assert_eq!(
        stands(&kept.replace("| Ada |", "| ann |")),
        "record-undecided"
    );
    // Ann is to lose the role, and the files still give it to her.
    let revoked: String = kept
        .lines()
        .map(|line| {
            let line = if line.contains("| ann |") {
                line.replace("keep", "revoke")
            } else {
                line.to_owned()
            };
            line + "\n"
        })
        .collect();
    assert_eq!(stands(&revoked), "revoked-still-granted");
    folder.write(
        "k8s/bindings.yaml",
        BINDINGS.replace("  - {kind: User, name: ann}\n", ""),
    );
    assert_eq!(stands(&revoked), "evidence-good");
    // Where the grants cannot be read, what was revoked cannot be looked for.
    assert_eq!(
        stands(&revoked.replace("grants: k8s", "grants: k9s")),
        "date-unknown"
    );

    folder.write("empty/pod.yaml", "apiVersion: v1\nkind: Pod\n");
    assert_eq!(
        stands(&revoked.replace("grants: k8s", "grants: empty")),
        "date-unknown"
    );

    // The next one says what is new and what is gone.
    folder.write("reviews/2026-Q3.md", &revoked);
    folder.write(
        "k8s/bindings.yaml",
        BINDINGS.replace("name: ann}", "name: joe}"),
    );
    let run = folder.onus(&[
        "grants",
        "k8s",
        "--review",
        "reviews/2026-Q4.md",
        "--since",
        "reviews/2026-Q3.md",
    ]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let next = folder.text("reviews/2026-Q4.md");
    let row = |who: &str| {
        next.lines()
            .find(|l| l.contains(who))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(row("| joe |").contains("| new |"), "{next}");
    assert!(row("| ops |").contains("| as before |"), "{next}");
    assert!(next.contains("- ann: deployer in shop"), "{next}");
    // For a spreadsheet.
    let run = folder.onus(&["grants", "k8s", "--review", "sheet.csv"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let mut csv = csv::Reader::from_path(folder.path().join("sheet.csv")).expect("it is CSV");
    assert_eq!(csv.records().count(), 6);
    // Of what cannot be read whole there is no review.
    folder.write(
        "k8s/more.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: [\n",
    );
    let run = folder.onus(&["grants", "k8s", "--review", "third.md"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(!folder.path().join("third.md").exists());
}
