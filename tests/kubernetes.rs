//! What of a Kubernetes file is taken for what: objects, pods, containers, patches.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use support::Folder;

/// What comes of some files: `verdict check target line` for each evaluation of these checks, in order.
fn judged(files: &[(&str, &str)], checks: &[&str]) -> Vec<String> {
    let folder = Folder::with(
        &files
            .iter()
            .map(|(name, text)| (*name, (*text).to_owned()))
            .collect::<Vec<_>>(),
    );
    let mut args = vec!["check", ".", "--all", "--format", "json"];
    for check in checks {
        args.extend(["--check", check]);
    }
    let report = folder.onus(&args).report();
    let mut lines: Vec<String> = report
        .evaluations
        .iter()
        .map(|e| {
            format!(
                "{} {} {}:{}",
                e.verdict, e.target.id, e.location.file, e.location.line
            )
        })
        .collect();
    lines.sort();
    lines
}

const PRIVILEGED: [&str; 1] = ["no-privileged-containers"];

#[test]
fn an_object_in_an_admission_review_is_judged() {
    let review = "\
apiVersion: admission.k8s.io/v1
kind: AdmissionReview
request:
  object:
    apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec:
      containers:
      - name: api
        securityContext: {privileged: true}
";
    assert_eq!(
        judged(&[("review.yaml", review)], &PRIVILEGED),
        ["fail Pod/web/containers/api review.yaml:11"]
    );
}

#[test]
fn a_list_in_a_list_is_looked_into() {
    let list = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: PodList
  items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec: {containers: [{name: api, securityContext: {privileged: true}}]}
";
    assert_eq!(
        judged(&[("list.yaml", list)], &PRIVILEGED),
        ["fail Pod/web/containers/api list.yaml:10"]
    );
}

#[test]
fn the_items_of_a_typed_list_need_not_say_their_kind() {
    let list = "\
apiVersion: v1
kind: PodList
items:
- metadata: {name: web}
  spec: {containers: [{name: api, securityContext: {privileged: true}}]}
";
    assert_eq!(
        judged(&[("list.yaml", list)], &PRIVILEGED),
        ["fail Pod/web/containers/api list.yaml:5"]
    );
    let roles = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleList
items:
- metadata: {name: all}
  rules: [{apiGroups: [''], resources: [pods], verbs: ['*']}]
";
    assert_eq!(
        judged(&[("roles.yaml", roles)], &["no-wildcard-permissions"])
            .first()
            .map(String::as_str),
        Some("fail ClusterRole/all/rules/0 roles.yaml:5")
    );
    // A plain List says nothing of what is in it.
    let list = list.replace("PodList", "List");
    assert!(judged(&[("list.yaml", &list)], &PRIVILEGED).is_empty());
}

#[test]
fn the_definition_of_a_resource_is_no_workload() {
    let definition = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: webs.example.com}
spec:
  template:
    spec:
      containers: [{name: api, securityContext: {privileged: true}}]
";
    assert!(judged(&[("crd.yaml", definition)], &PRIVILEGED).is_empty());
}

#[test]
fn a_kind_of_another_group_is_not_taken_for_ours() {
    let job = "\
apiVersion: batch.example.com/v1
kind: Job
metadata: {name: web}
spec: {template: {spec: {containers: [{name: api, securityContext: {privileged: true}}]}}}
";
    assert!(judged(&[("job.yaml", job)], &PRIVILEGED).is_empty());
}

#[test]
fn containers_of_all_three_lists_of_every_workload_are_judged() {
    let pod =
        "{containers: [{name: a}], initContainers: [{name: b}], ephemeralContainers: [{name: c}]}";
    let workload = |api: &str, kind: &str, spec: String| {
        format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: w}}\n{spec}\n")
    };
    let template = |prefix: &str| format!("spec: {{{prefix}template: {{spec: {pod}}}}}");
    for (api, kind, spec) in [
        ("v1", "Pod", format!("spec: {pod}")),
        ("v1", "PodTemplate", format!("template: {{spec: {pod}}}")),
        ("v1", "ReplicationController", template("")),
        ("apps/v1", "Deployment", template("")),
        ("extensions/v1beta1", "Deployment", template("")),
        ("apps/v1", "StatefulSet", template("")),
        ("apps/v1", "DaemonSet", template("")),
        ("apps/v1", "ReplicaSet", template("")),
        ("batch/v1", "Job", template("")),
        (
            "batch/v1",
            "CronJob",
            format!("spec: {{jobTemplate: {{spec: {{template: {{spec: {pod}}}}}}}}}"),
        ),
    ] {
        let found = judged(&[("w.yaml", &workload(api, kind, spec))], &PRIVILEGED);
        let names: Vec<String> = found
            .iter()
            .map(|l| l.split(' ').nth(1).unwrap_or_default().to_owned())
            .collect();
        let expected = ["containers/a", "ephemeralContainers/c", "initContainers/b"]
            .map(|c| format!("{kind}/w/{c}"));
        assert_eq!(names, expected, "{api} {kind}");
    }
}

#[test]
fn an_alias_and_a_merge_key_are_shown_where_their_text_stands() {
    let pod = "\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: first
    securityContext: &context
      privileged: true
  - name: second
    securityContext: *context
  - name: third
    securityContext:
      <<: *context
      runAsNonRoot: true
  - name: fourth
    securityContext:
      <<: *context
      privileged: false
";
    assert_eq!(
        judged(&[("pod.yaml", pod)], &PRIVILEGED),
        [
            "fail Pod/web/containers/first pod.yaml:8",
            "fail Pod/web/containers/second pod.yaml:8",
            "fail Pod/web/containers/third pod.yaml:8",
            "pass Pod/web/containers/fourth pod.yaml:15",
        ]
    );
}

#[test]
fn what_stands_where_a_mapping_is_expected_is_an_error_and_no_pass() {
    let kind =
        |spec: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {spec}\n");
    for spec in [
        "[]",
        "text",
        "{containers: text}",
        "{containers: [text]}",
        "{containers: [[]]}",
    ] {
        let found = judged(&[("pod.yaml", &kind(spec))], &PRIVILEGED);
        assert_eq!(found.len(), 1, "{spec}: {found:?}");
        assert!(found[0].starts_with("error "), "{spec}: {found:?}");
    }
    for spec in [
        "",
        "null",
        "{}",
        "{containers: }",
        "{containers: []}",
        "{containers: [null]}",
    ] {
        assert!(
            judged(&[("pod.yaml", &kind(spec))], &PRIVILEGED).is_empty(),
            "{spec}"
        );
    }
}

#[test]
fn a_list_that_stands_twice_is_judged_twice_and_is_an_error() {
    let pod = "\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - {name: api, securityContext: {privileged: true}}
  containers:
  - {name: api, securityContext: {privileged: false}}
";
    let found = judged(&[("pod.yaml", pod)], &PRIVILEGED);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|l| l.starts_with("error ")), "{found:?}");
}

const PATCH: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: api
        resources: {limits: {cpu: 1}}
        securityContext: {privileged: true}
";

#[test]
fn what_a_listed_patch_does_not_say_is_no_fault() {
    let kustomization = "patches:\n- path: ./web.yaml\n- patch: |-\n    - op: remove\n";
    let checks = ["no-privileged-containers", "cpu-and-memory-limits"];
    let files = [
        ("overlay/kustomization.yaml", kustomization),
        ("overlay/web.yaml", PATCH),
    ];
    assert_eq!(
        judged(&files, &checks),
        [
            "fail Deployment/web/containers/api overlay/web.yaml:10",
            "not-applicable Deployment/web/containers/api overlay/web.yaml:8",
            "pass Deployment/web/containers/api overlay/web.yaml:8",
        ]
    );
    // The same file where nobody calls it a patch lacks a memory limit.
    let alone = judged(&[("web.yaml", PATCH)], &checks);
    assert_eq!(
        alone.iter().filter(|l| l.starts_with("fail ")).count(),
        2,
        "{alone:?}"
    );
}

#[test]
fn a_patch_is_known_by_its_directive_too() {
    let patch = PATCH.replace("- name: api", "- name: api\n        $patch: merge");
    let found = judged(&[("web.yaml", &patch)], &["cpu-and-memory-limits"]);
    assert!(found.iter().all(|l| !l.starts_with("fail ")), "{found:?}");
}

#[test]
fn what_kubernetes_reads_as_true_is_true() {
    for (word, verdict) in [
        ("yes", "fail"),
        ("on", "fail"),
        ("True", "fail"),
        ("no", "pass"),
        ("\"yes\"", "error"),
        ("1", "error"),
    ] {
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: api, securityContext: {{privileged: {word}}}}}]}}\n"
        );
        let found = judged(&[("pod.yaml", &pod)], &PRIVILEGED);
        assert!(found[0].starts_with(verdict), "{word}: {found:?}");
    }
}
