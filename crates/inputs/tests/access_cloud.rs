//! Grants of AWS and GitHub in the corpora, held against walks of their own over the same files.

#![expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on the disk, where the environment says"
)]

mod corpora;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use onus_inputs::access::{aws, github};
use onus_inputs::document::{Limits, Syntax, Tree, read};
use onus_model::access::Given;
use onus_model::source::Text;
use serde_json::Value;

use corpora::corpora;

/// The files of a folder and of those below it, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return out;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out.sort();
    out
}

fn tree(path: &Path) -> Option<(Text, Tree)> {
    let name = path.to_string_lossy();
    let syntax = Syntax::of(&name)?;
    let tree = read(std::fs::read(path).ok()?, syntax, &Limits::default()).ok()?;
    Some((Text::new(&*name, tree.text()), tree))
}

/// Whether it is text, or a function that gives text, or a list of them.
fn texts(value: &Value) -> bool {
    let one = |value: &Value| match value {
        Value::String(_) => true,
        Value::Object(map) => {
            map.len() == 1 && map.keys().all(|k| k == "Ref" || k.starts_with("Fn::"))
        }
        _ => false,
    };
    match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(one),
        other => one(other),
    }
}

/// How many statements there are, and how many of them AWS would take.
fn statements(value: &Value, key: &str, of_identity: bool, count: &mut (usize, usize)) {
    match value {
        Value::Array(items) => {
            for item in items {
                statements(item, key, of_identity, count);
            }
        }
        Value::Object(map) => {
            let kind = map.get("Type").and_then(Value::as_str);
            let of_identity = kind.map_or(of_identity, |k| k.starts_with("AWS::IAM::"));
            for (name, value) in map {
                if name != "Statement" {
                    statements(value, name, of_identity, count);
                    continue;
                }
                let list = match value {
                    Value::Array(items) => items.as_slice(),
                    one => std::slice::from_ref(one),
                };
                for statement in list {
                    count.0 += 1;
                    let has = |key: &str| statement.get(key).is_some();
                    let principal = has("Principal") || has("NotPrincipal");
                    let trust = key == "AssumeRolePolicyDocument";
                    let effect = statement.get("Effect").and_then(Value::as_str);
                    let resource = has("Resource") || has("NotResource");
                    let good = matches!(effect, Some("Allow" | "Deny"))
                        && has("Action") != has("NotAction")
                        && ["Action", "NotAction", "Resource", "NotResource"]
                            .iter()
                            .all(|key| statement.get(key).is_none_or(texts))
                        && !(has("Resource") && has("NotResource"))
                        && (!trust || principal)
                        && statement
                            .get("Principal")
                            .and_then(Value::as_str)
                            .is_none_or(|everybody| everybody == "*")
                        && !(principal && of_identity && !trust)
                        && (resource || principal || effect == Some("Allow"));
                    count.1 += usize::from(good);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_statement_of_the_templates_is_read_or_told_as_senseless() {
    let folder = corpora().join("awsguard/cases");
    if !folder.is_dir() {
        println!("aws: skipped, the corpora are not there");
        return;
    }
    let (mut with, mut all, mut good) = (0, 0, 0);
    for path in files(&folder) {
        let value: Value =
            serde_json::from_slice(&std::fs::read(&path).expect("it is there")).expect("JSON");
        let mut expect = (0, 0);
        statements(&value, "", false, &mut expect);
        let (text, tree) = tree(&path).expect("it is read");
        let (access, problems) = aws::read(0, &text, &tree);
        let of_roles: usize = access
            .roles
            .iter()
            .filter(|role| !role.name.at.is_nowhere())
            .map(|role| role.rules.len())
            .sum();
        let of_bindings: usize = access
            .bindings
            .iter()
            .map(|binding| match &binding.given {
                Given::Rules(rules) => rules.len(),
                Given::Role { .. } => 0,
            })
            .sum();
        let read = of_roles + of_bindings;
        assert_eq!(read, expect.1, "{}: {problems:?}", path.display());
        assert!(
            problems.len() >= expect.0 - expect.1,
            "{}: a statement is dropped in silence",
            path.display()
        );
        if expect.0 > 0 {
            assert!(aws::is_ours(&tree), "{}", path.display());
            with += 1;
            all += expect.0;
            good += read;
        }
    }
    println!(
        "aws: {with} templates, {all} statements, {good} read and {} refused",
        all - good
    );
    assert!(with > 100);
}

/// What permissions come to: scopes with `read` or `write`.
fn scopes(value: &serde_yaml::Value) -> BTreeSet<(String, String)> {
    if let Some(mapping) = value.as_mapping() {
        let pair = |(scope, action): (&serde_yaml::Value, &serde_yaml::Value)| {
            let action = action.as_str().filter(|a| ["read", "write"].contains(a))?;
            Some((action.to_owned(), scope.as_str()?.to_owned()))
        };
        return mapping.iter().filter_map(pair).collect();
    }
    let action = match value.as_str() {
        Some("read-all") => "read",
        Some("write-all") => "write",
        _ => return BTreeSet::new(),
    };
    BTreeSet::from([(action.to_owned(), "*".to_owned())])
}

/// What each job may do; nothing, where no file says it.
type Jobs = BTreeMap<String, Option<BTreeSet<(String, String)>>>;

fn expected(workflow: &serde_yaml::Value) -> Jobs {
    let all = workflow.get("permissions");
    let jobs = workflow.get("jobs").and_then(|jobs| jobs.as_mapping());
    jobs.into_iter()
        .flatten()
        .filter(|(_, job)| job.is_mapping())
        .filter_map(|(id, job)| {
            let said = job.get("permissions").or(all);
            Some((id.as_str()?.to_owned(), said.map(scopes)))
        })
        .collect()
}

/// The same, as it was read.
fn got(path: &str, access: &onus_model::access::Access) -> Jobs {
    let mark = format!("{path}#");
    let mut jobs: Jobs = access
        .accounts
        .iter()
        .filter_map(|account| account.subject.name.strip_prefix(&*mark))
        .map(|id| (id.to_owned(), Some(BTreeSet::new())))
        .collect();
    for binding in &access.bindings {
        let holder = binding.holders.first().map(|h| &*h.subject.name);
        let Some(id) = holder.and_then(|name| name.strip_prefix(&*mark)) else {
            continue;
        };
        let rules = match &binding.given {
            Given::Role { name, .. } => {
                assert_eq!(&*name.text, "default workflow permissions");
                jobs.insert(id.to_owned(), None);
                continue;
            }
            Given::Rules(rules) => rules,
        };
        for reach in rules.iter().map(|rule| &rule.reach) {
            for (action, scope) in reach.actions.iter().zip(&reach.resources) {
                if &*scope.text != "secrets/*"
                    && let Some(Some(scopes)) = jobs.get_mut(id)
                {
                    scopes.insert((action.text.to_string(), scope.text.to_string()));
                }
            }
        }
    }
    jobs
}

#[test]
fn every_job_of_real_workflows_may_do_what_an_independent_walk_says() {
    let corpora = corpora();
    let (mut workflows, mut jobs, mut open, mut unread) = (0, 0, 0, 0);
    for folder in ["real/github-workflows", "gha"] {
        if !corpora.join(folder).is_dir() {
            println!("github: skipped, the corpora are not there");
            return;
        }
        for path in files(&corpora.join(folder)) {
            let Some((text, tree)) = tree(&path) else {
                unread += usize::from(Syntax::of(&path.to_string_lossy()).is_some());
                continue;
            };
            let (access, _) = github::read_workflow(0, &text, &tree);
            let Ok(value) = serde_yaml::from_str::<serde_yaml::Value>(tree.text()) else {
                unread += 1;
                continue;
            };
            let expect = expected(&value);
            assert_eq!(got(&text.name, &access), expect, "{}", path.display());
            workflows += usize::from(!expect.is_empty());
            jobs += expect.len();
            open += expect.values().filter(|said| said.is_none()).count();
        }
    }
    println!(
        "github: {workflows} workflows, {jobs} jobs, {open} of them with the default of the repository, {unread} files that one of the readers declines"
    );
    assert!(workflows > 250);
}
