//! The binary against labels that other people gave. `ONUS_CORPORA` names the folder with them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use support::{
    Evaluation, Report, by_file, corpora, count, data, files_on_disk, onus, records, settle,
};

/// The words of a cell.
fn words(cell: &str) -> BTreeSet<&str> {
    cell.split_whitespace().collect()
}

#[derive(Debug, Deserialize)]
struct CheckovRow {
    path: String,
    framework: String,
    check: String,
    verdict: String,
}

#[derive(Debug, Deserialize)]
struct CheckovCheck {
    upstream: String,
    check: String,
}

/// Of Checkov's checks of Dockerfiles those that ours ask, too. `ADD` of anything is a failure there; of ours that of a URL, which is
/// what its row has.
#[test]
fn agrees_with_checkov_on_dockerfiles() {
    let Some(corpora) = corpora("checkov") else {
        return;
    };
    let corpus = corpora.join("checkov");
    let ours: BTreeMap<String, String> = records::<CheckovCheck>(&data("checkov-checks.csv"))
        .into_iter()
        .map(|row| (row.upstream, row.check))
        .collect();
    let report = onus(
        &corpus,
        &["check", "dockerfile", "--all", "--format", "json"],
    )
    .report();
    let files = by_file(&report);
    let (mut rows, mut nothing, mut others, mut unreadable) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for row in records::<CheckovRow>(&corpus.join("expectations.csv")) {
        if row.framework != "dockerfile" {
            continue;
        }
        let file = report.file(&row.path);
        match (file.outcome.as_str(), &file.reason) {
            ("checked", _) => {}
            // What Docker would not build either.
            ("unreadable", Some(_)) => unreadable += 1,
            _ => wrong.push(format!("{}: {}", row.path, file.outcome)),
        }
        let Some(check) = ours.get(&row.check) else {
            others += 1;
            continue;
        };
        let found = files.get(row.path.as_str()).into_iter().flatten();
        let of_check: Vec<&str> = found
            .filter(|e| e.check == *check)
            .map(|e| e.verdict.as_str())
            .collect();
        // `FROM scratch` has no image: nothing is asked, which is no pass of ours, and must be no failure of theirs.
        let verdict = if of_check.contains(&"fail") {
            "fail"
        } else if of_check.is_empty() {
            "nothing to ask"
        } else if of_check.iter().all(|verdict| *verdict == "pass") {
            "pass"
        } else {
            "undecided"
        };
        if of_check.is_empty() && row.verdict == "pass" {
            nothing += 1;
            continue;
        }
        rows += 1;
        if verdict != row.verdict {
            wrong.push(format!(
                "{} {}: {verdict}, expected {}",
                row.path, row.check, row.verdict
            ));
        }
    }
    let notes = format!(
        " ({nothing} more that pass there have nothing to ask about here; {others} more are of checks that we have none of; {unreadable} of all unreadable)"
    );
    count("checkov", rows, &wrong, &notes);
    assert!(rows > 0, "the corpus has Dockerfiles");
    settle(&wrong);
}

#[derive(Debug, Deserialize)]
struct PssRow {
    path: String,
    level: String,
    version: String,
    verdict: String,
    check: String,
    #[serde(default)]
    why: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PssCheck {
    upstream: String,
    checks: String,
}

/// What a folder of the corpus is, judged at one level and one version.
fn judge_pss(corpus: &Path, level: &str, version: &str, paths: &BTreeSet<String>) -> Report {
    let framework = format!("kubernetes-pss/{level}");
    let version = format!("kubernetes.version={}", version.trim_start_matches('v'));
    let mut args = vec![
        "check",
        "--framework",
        &framework,
        "--set",
        &version,
        "--all",
        "--format",
        "json",
    ];
    args.extend(paths.iter().map(String::as_str));
    onus(corpus, &args).report()
}

/// `pass` and `fail` are the labels; anything else is neither.
fn pss_verdict(found: &[&Evaluation]) -> &'static str {
    let any = |verdict: &str| found.iter().any(|e| e.verdict == verdict);
    if any("fail") {
        "fail"
    } else if any("error") || any("unknown") || !any("pass") {
        "undecided"
    } else {
        "pass"
    }
}

#[test]
fn agrees_with_kubernetes_on_the_pod_security_standards() {
    let Some(corpora) = corpora("pss") else {
        return;
    };
    let corpus = corpora.join("pss");
    let named: BTreeMap<String, String> = records::<PssCheck>(&data("pss-checks.csv"))
        .into_iter()
        .map(|c| (c.upstream, c.checks))
        .collect();
    let mut all_wrong = Vec::new();
    for (table, name) in [
        ("expectations.csv", "pss"),
        ("derived_expectations.csv", "pss-derived"),
    ] {
        let rows: Vec<PssRow> = records(&corpus.join(table));
        let mut runs: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        for row in rows.iter().filter(|r| r.level != "privileged") {
            // The folder `level/version` that the file stands in.
            let folder: PathBuf = Path::new(&row.path).iter().take(2).collect();
            runs.entry((&row.level, &row.version))
                .or_default()
                .insert(folder.display().to_string());
        }
        let reports: BTreeMap<_, _> = runs
            .into_iter()
            .map(|((level, version), paths)| {
                ((level, version), judge_pss(&corpus, level, version, &paths))
            })
            .collect();
        let judged: BTreeMap<_, _> = reports
            .iter()
            .map(|(key, report)| (*key, by_file(report)))
            .collect();

        let mut wrong = Vec::new();
        let mut by_definition = 0;
        for row in &rows {
            let PssRow {
                path,
                level,
                version,
                verdict,
                check,
                why,
            } = row;
            if level == "privileged" {
                // The level without restrictions: no profile, nothing to ask.
                by_definition += 1;
                if verdict != "pass" {
                    wrong.push(format!("{path} at {level}: `{verdict}` cannot be"));
                }
                continue;
            }
            let none = Vec::new();
            let found = judged
                .get(&(level.as_str(), version.as_str()))
                .and_then(|files| files.get(path.as_str()))
                .unwrap_or(&none);
            let ours = pss_verdict(found);
            let failing: BTreeSet<&str> = found
                .iter()
                .filter(|e| e.verdict == "fail")
                .map(|e| e.check.as_str())
                .collect();
            if ours != verdict {
                wrong.push(format!(
                    "{path} at {level} {version}: {verdict} ({check}), ours {ours} {failing:?}"
                ));
            } else if verdict == "fail" && why.is_none() {
                let Some(expected) = named.get(check) else {
                    wrong.push(format!("{check} is not in pss-checks.csv"));
                    continue;
                };
                if words(expected).is_disjoint(&failing) {
                    wrong.push(format!(
                        "{path} at {level} {version}: {expected} should fail, not {failing:?}"
                    ));
                }
            }
        }
        let notes = if by_definition > 0 {
            format!(
                " ({by_definition} of them pass by definition: level `privileged` asks nothing)"
            )
        } else {
            String::new()
        };
        count(name, rows.len(), &wrong, &notes);
        all_wrong.append(&mut wrong);
    }
    settle(&all_wrong);
}

#[derive(Debug, Deserialize)]
struct PssVersions {
    path: String,
    level: String,
    passes: String,
    fails: String,
}

/// The same file at two versions that follow each other: `pss-versions.csv` says where the
/// standard changed.
#[test]
fn the_standards_change_at_the_version_that_changed_them() {
    let Some(corpora) = corpora("pss") else {
        return;
    };
    let corpus = corpora.join("pss");
    let rows: Vec<PssVersions> = records(&data("pss-versions.csv"));
    let mut wrong = Vec::new();
    for row in &rows {
        for (version, verdict) in [(&row.passes, "pass"), (&row.fails, "fail")] {
            let report = judge_pss(&corpus, &row.level, version, &[row.path.clone()].into());
            let found: Vec<_> = report.evaluations.iter().collect();
            let ours = pss_verdict(&found);
            if ours != verdict {
                wrong.push(format!("{} at {version}: {verdict}, ours {ours}", row.path));
            }
        }
    }
    assert!(!rows.is_empty() && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn has_no_profile_for_the_privileged_level() {
    let folder = support::Folder::with(&[("a.yaml", "apiVersion: v1\nkind: Pod\n")]);
    let run = folder.onus(&["check", ".", "--framework", "kubernetes-pss/privileged"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct KyvernoRow {
    path: String,
    kind: String,
    resource: String,
    policy: String,
    rule: String,
    verdict: String,
    granularity: String,
}

#[derive(Debug, Deserialize)]
struct KyvernoPolicy {
    policy: String,
    rule: String,
    checks: String,
}

#[derive(Debug, Deserialize)]
struct KyvernoDifference {
    path: String,
    kind: String,
    resource: String,
    policy: String,
    rule: String,
    kyverno: String,
    onus: String,
    why: String,
}

/// What the checks say of an object: any doubt is a word of its own. What has nothing that a check
/// asks about, such as ports, passes it.
fn kyverno_verdict(found: &[&&Evaluation]) -> &'static str {
    let any = |verdict: &str| found.iter().any(|e| e.verdict == verdict);
    if any("fail") {
        "fail"
    } else if any("error") || any("unknown") {
        "undecided"
    } else {
        "pass"
    }
}

#[test]
fn agrees_with_kyverno_but_for_the_listed_differences() {
    let Some(corpora) = corpora("kyverno") else {
        return;
    };
    let corpus = corpora.join("kyverno");
    let levels = ["pod-security/baseline", "pod-security/restricted"];
    let rows: Vec<KyvernoRow> = records::<KyvernoRow>(&corpus.join("expectations.csv"))
        .into_iter()
        .filter(|r| levels.iter().any(|l| Path::new(&r.path).starts_with(l)))
        .filter(|r| !r.path.contains("/disallow-host-ports-range/"))
        .collect();
    let policies: Vec<KyvernoPolicy> = records(&data("kyverno-policies.csv"));
    let differences: Vec<KyvernoDifference> = records(&data("kyverno-differences.csv"));

    let checks: BTreeSet<&str> = policies.iter().flat_map(|p| words(&p.checks)).collect();
    let mut args = vec!["check", "--all", "--format", "json"];
    args.extend(levels);
    for check in &checks {
        args.extend(["--check", check]);
    }
    let report = onus(&corpus, &args).report();
    let judged = by_file(&report);

    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for row in &rows {
        let KyvernoRow {
            path,
            kind,
            resource,
            policy,
            rule,
            verdict,
            granularity,
        } = row;
        let place = format!("{path} {resource} {policy}/{rule}");
        // A file's label speaks for all rules of the policy.
        let asked: BTreeSet<&str> = policies
            .iter()
            .filter(|p| p.policy == *policy && (rule.is_empty() || p.rule == *rule))
            .flat_map(|p| words(&p.checks))
            .collect();
        if asked.is_empty() {
            wrong.push(format!("{place}: not in kyverno-policies.csv"));
            continue;
        }
        let mut objects: BTreeMap<_, Vec<&&Evaluation>> = BTreeMap::new();
        for evaluation in judged.get(path.as_str()).into_iter().flatten() {
            let found = objects.entry(&evaluation.target.object).or_default();
            if asked.contains(evaluation.check.as_str()) {
                found.push(evaluation);
            }
        }
        let ours: BTreeSet<&str> = if granularity == "file" {
            objects
                .values()
                .map(|found| kyverno_verdict(found))
                .collect()
        } else {
            objects
                .iter()
                .filter(|(object, _)| {
                    object.kind.as_ref() == Some(kind) && object.name.as_ref() == Some(resource)
                })
                .map(|(_, found)| kyverno_verdict(found))
                .collect()
        };
        let ours = ours.into_iter().collect::<Vec<_>>().join("+");
        let listed = differences.iter().position(|d| {
            (&d.path, &d.kind, &d.resource, &d.policy, &d.rule)
                == (path, kind, resource, policy, rule)
        });
        match listed.and_then(|i| differences.get(i).map(|d| (i, d))) {
            None if ours != *verdict => wrong.push(format!("{place}: {verdict}, ours {ours}")),
            None => {}
            Some((index, difference)) => {
                used.insert(index);
                if difference.kyverno != *verdict {
                    wrong.push(format!(
                        "{place}: listed as `{}`, it is `{verdict}`",
                        difference.kyverno
                    ));
                } else if ours == *verdict {
                    wrong.push(format!(
                        "{place}: listed as a difference, and agrees by now"
                    ));
                } else if ours != difference.onus {
                    wrong.push(format!(
                        "{place}: listed as ours `{}`, it is `{ours}`",
                        difference.onus
                    ));
                } else if difference.why.trim().is_empty() {
                    wrong.push(format!("{place}: listed without a reason"));
                }
            }
        }
    }
    for (index, difference) in differences.iter().enumerate() {
        if !used.contains(&index) {
            wrong.push(format!("{difference:?}: listed, and no such row"));
        }
    }
    let notes = format!(" ({} of them listed differences)", used.len());
    count("kyverno", rows.len(), &wrong, &notes);
    settle(&wrong);
}

#[derive(Debug, Deserialize)]
struct FileFacts {
    path: String,
    parse: String,
    docs: u64,
    k8s_objects: u64,
    containers: u64,
    init_containers: u64,
    privileged: u64,
    dup_keys: u64,
}

#[derive(Debug, Deserialize)]
struct RealDifference {
    path: String,
    fact: String,
    theirs: u64,
    ours: u64,
    why: String,
}

#[test]
fn accounts_for_every_real_file_and_counts_what_others_count() {
    let Some(corpora) = corpora("real") else {
        return;
    };
    let check = "no-privileged-containers";
    let args = [
        "check", "real", "--check", check, "--all", "--format", "json",
    ];
    let run = onus(&corpora, &args);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let report = run.report();

    // Documents that a file holds as text are listed besides.
    let listed: Vec<&str> = report
        .files
        .iter()
        .map(|f| f.path.as_str())
        .filter(|path| !path.contains('#'))
        .collect();
    let on_disk = files_on_disk(&corpora, "real");
    assert_eq!(
        listed,
        on_disk.iter().collect::<Vec<_>>(),
        "one outcome each"
    );

    let judged = by_file(&report);
    let facts: Vec<FileFacts> = records(&corpora.join("real/file_facts.csv"));
    let differences: Vec<RealDifference> = records(&data("real-differences.csv"));
    assert!(differences.len() <= 10, "{} differences", differences.len());
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for theirs in &facts {
        let file = report.file(&theirs.path);
        // Text with holes in it is left out, and said to be.
        let template = theirs.parse == "template-error";
        let mut right = template == (file.outcome == "skipped" && file.reason.is_some());
        let found = judged
            .get(theirs.path.as_str())
            .map_or(&[][..], Vec::as_slice);
        let containers = |list: &str, verdict: Option<&str>| {
            let distinct: BTreeSet<_> = found
                .iter()
                .filter(|e| e.target.of == "Kubernetes::Container")
                .filter(|e| verdict.is_none_or(|v| e.verdict == v))
                .filter(|e| e.target.id.split('/').any(|part| part == list))
                .map(|e| (&e.target, &e.location))
                .collect();
            distinct.len() as u64
        };
        let ours = [
            ("documents", theirs.docs, file.documents),
            ("objects", theirs.k8s_objects, file.objects),
            ("duplicate_keys", theirs.dup_keys, file.duplicate_keys),
            (
                "containers",
                theirs.containers,
                containers("containers", None),
            ),
            (
                "init_containers",
                theirs.init_containers,
                containers("initContainers", None),
            ),
            (
                "privileged",
                theirs.privileged,
                containers("containers", Some("fail")) + containers("initContainers", Some("fail")),
            ),
        ];
        for (fact, theirs_is, ours_is) in ours {
            let known = differences
                .iter()
                .position(|d| d.path == theirs.path && d.fact == fact);
            if let Some((index, known)) = known.and_then(|i| differences.get(i).map(|d| (i, d))) {
                used.insert(index);
                right &= (known.theirs, known.ours) == (theirs_is, ours_is)
                    && theirs_is != ours_is
                    && !known.why.trim().is_empty();
            } else {
                right &= theirs_is == ours_is;
            }
        }
        if !right {
            let counted = ours
                .map(|(fact, t, o)| format!("{fact} {t}/{o}"))
                .join(", ");
            wrong.push(format!(
                "{} ({}): {counted} (theirs/ours)",
                theirs.path, file.outcome
            ));
        }
    }
    for (index, difference) in differences.iter().enumerate() {
        if !used.contains(&index) {
            wrong.push(format!("{difference:?}: listed, and no such file"));
        }
    }
    let notes = format!(
        " ({} files on disk, {} listed differences)",
        on_disk.len(),
        differences.len()
    );
    count("real", facts.len(), &wrong, &notes);
    settle(&wrong);
}

#[test]
fn judges_real_files_by_every_shipped_check_without_a_crash() {
    let Some(corpora) = corpora("real") else {
        return;
    };
    let run = onus(&corpora, &["check", "real", "--all", "--format", "json"]);
    let report = run.report();
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!((report.ending.as_str(), report.exit_code), ("failed", 1));
    let unreadable: Vec<_> = report
        .files
        .iter()
        .filter(|f| f.outcome == "unreadable")
        .collect();
    assert!(
        unreadable.iter().all(|f| f.reason.is_some()),
        "{unreadable:#?}"
    );
}
