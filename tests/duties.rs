//! What a user writes about access for their own: duties that one person must not have together, and who may do what.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::{Folder, Report, Run};

const BINDINGS: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: deployer, namespace: shop}
rules:
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
subjects:
- {kind: User, name: ann@shop.example}
- {kind: User, name: joe@shop.example}
";

/// Somebody has what every cluster has.
const ADMIN: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: admins}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
- {kind: User, name: root@shop.example}
";

/// What counts as deploying, and as approving. No role is a column: the rows name the duties.
const DEPLOYING: &str = "permissions: cluster
title: Who may do what in the cluster
system: kubernetes
complete: false
roles: [deployer]
rows:
- {label: deploy, actions: [patch], resources: [deployments.apps], scope: shop, cells: {deployer: yes}}
";

const APPROVING: &str = "permissions: repository
title: Who may do what in the repository
system: github
complete: false
roles: []
rows:
- {label: approve, actions: [approve], resources: [\"*\"], cells: {}}
";

const SEPARATION: &str = "@title(\"nobody may approve what they deploy\")
@severity(\"high\")
@help(\"let somebody else approve, or take the role away\")
forbid (principal is Onus::Person, action == Onus::Action::\"act\", resource is Onus::Deployment)
when { principal.duties.containsAll([\"cluster/deploy\", \"repository/approve\"]) };
";

const PEOPLE: &str = "identities: people
people:
- {person: ann, is: [kubernetes/ann@shop.example, github/ann]}
- {person: joe, is: [kubernetes/joe@shop.example]}
";

/// What these checks of the user's own say of the folder.
fn judged(folder: &Folder, checks: &[&str]) -> (Run, Report) {
    let mut args = vec!["check", ".", "--policies", "ours", "--controls", "ours"];
    args.extend(checks.iter().flat_map(|check| ["--check", *check]));
    args.extend(["--all", "--format", "json"]);
    let run = folder.onus(&args);
    let report = Report::parse(&run.stdout).unwrap_or_else(|_| panic!("{}", run.shown()));
    (run, report)
}

/// The ids of what failed, in order.
fn failed(folder: &Folder, checks: &[&str]) -> Vec<String> {
    let (_, report) = judged(folder, checks);
    let failed = report.evaluations.iter().filter(|e| e.verdict == "fail");
    failed.map(|e| e.target.id.clone()).collect()
}

#[test]
fn one_person_under_two_names_must_not_have_two_duties() {
    let folder = Folder::with(&[
        ("k8s/bindings.yaml", BINDINGS),
        ("CODEOWNERS", "* @ann\n"),
        ("ours/cluster.yaml", DEPLOYING),
        ("ours/repository.yaml", APPROVING),
        ("ours/access/separation-of-duties/policy.cedar", SEPARATION),
        ("ours/people.yaml", PEOPLE),
    ]);
    assert_eq!(failed(&folder, &["separation-of-duties"]), ["ann"]);
    let mut args = vec!["check", ".", "--policies", "ours", "--controls", "ours"];
    args.extend(["--check", "separation-of-duties"]);
    let run = folder.onus(&args);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    insta::assert_snapshot!("separation-of-duties", run.stdout);
    // Where nothing says who is who, each name is somebody.
    folder.write("ours/people.yaml", "identities: people\npeople: []\n");
    let (_, report) = judged(&folder, &["separation-of-duties"]);
    let verdicts: Vec<_> = report.evaluations.iter().map(|e| &*e.verdict).collect();
    assert_eq!(verdicts, ["pass"; 3]);
}

const PERMITS: &str = "@title(\"a role has what it is permitted\")
@severity(\"high\")
@help(\"take it out of the role, or permit it\")
permit (
  principal in Onus::Role::\"kubernetes/shop/deployer\",
  action in [Kubernetes::Action::\"get\", Kubernetes::Action::\"patch\"],
  resource == Onus::Resource::\"kubernetes/deployments.apps\"
);
";

#[test]
fn what_no_permit_allows_a_role_is_told_and_a_matrix_that_disagrees_with_them() {
    let folder = Folder::with(&[
        ("k8s/bindings.yaml", BINDINGS),
        ("ours/access/cluster-permits/policy.cedar", PERMITS),
        ("ours/people.yaml", PEOPLE),
    ]);
    assert_eq!(failed(&folder, &["cluster-permits"]), Vec::<String>::new());
    folder.write(
        "k8s/bindings.yaml",
        BINDINGS.replace("[get, patch]", "[get, patch, delete]"),
    );
    let of_both = ["ann", "joe"].map(|name| {
        format!(
            "kubernetes/user:{name}@shop.example: delete,get,patch deployments.apps in shop as deployer"
        )
    });
    assert_eq!(failed(&folder, &["cluster-permits"]), of_both);
    let mut args = vec!["check", ".", "--policies", "ours", "--controls", "ours"];
    args.extend(["--check", "cluster-permits"]);
    insta::assert_snapshot!("cluster-permits", folder.onus(&args).stdout);
    // The matrix says the same of `patch`, and that `delete` is in order.
    folder.write("k8s/bindings.yaml", BINDINGS);
    let columns = "roles: [shop/deployer]";
    let matrix = DEPLOYING
        .replace("roles: [deployer]", columns)
        .replace("{deployer: yes}", "{shop/deployer: yes}");
    folder.write("ours/cluster.yaml", &matrix);
    let (run, report) = judged(&folder, &["cluster"]);
    let wrong = report.evaluations.iter().any(|e| e.verdict != "pass");
    assert!(!wrong, "{}", run.shown());
    // What every cluster has needs no column.
    assert_eq!(run.code, Some(0), "{}", run.shown());
    folder.write("k8s/admin.yaml", ADMIN);
    assert_eq!(
        failed(&folder, &["cluster"]),
        ["cluster/cluster-admin: no column"]
    );
    std::fs::remove_file(folder.path().join("k8s/admin.yaml")).unwrap();
    folder.write("ours/cluster.yaml", matrix.replace("yes}", "no}"));
    let found = failed(&folder, &["cluster", "cluster-permits"]);
    let expect = [
        "cluster/shop/deployer: patch deployments.apps by cluster-permits",
        "cluster/shop/deployer: deploy",
    ];
    assert_eq!(found, expect);
    // A permit that cannot be judged agrees with no cell.
    let too_much = " when { 9223372036854775807 + 1 > 0 };";
    folder.write(
        "ours/access/cluster-permits/policy.cedar",
        PERMITS.replace("\n);", &format!("\n){too_much}")),
    );
    folder.write("ours/cluster.yaml", &matrix);
    let (run, report) = judged(&folder, &["cluster", "cluster-permits"]);
    let errors: Vec<&str> = report
        .evaluations
        .iter()
        .filter(|e| e.verdict == "error")
        .filter_map(|e| e.message.as_deref())
        .collect();
    assert!(
        errors
            .iter()
            .any(|message| message.contains("cannot be judged")),
        "{}",
        run.shown()
    );
}
