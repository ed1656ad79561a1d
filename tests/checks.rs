//! Every shipped check judges its own cases as their names say, and a person reads what the
//! snapshot beside a failing case shows.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use support::{onus, repository};

/// The folders below one, in order of name.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).expect("the folder can be read");
    let mut folders: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// The last part of a path.
fn name(path: &Path) -> String {
    let name = path.file_name().expect("it has a name");
    name.display().to_string()
}

/// Folders of checks over configs. Those over responsibility and evidence have their cases beside the tables of the roll-up.
fn checks() -> Vec<PathBuf> {
    let formats = folders(&repository().join("policies"));
    let checks: Vec<_> = formats
        .iter()
        .filter(|f| !["responsibility", "evidence"].contains(&name(f).as_str()))
        .flat_map(|f| folders(f))
        .collect();
    assert!(!checks.is_empty(), "there are checks");
    checks
}

/// The cases of a check whose names start so.
fn cases(check: &Path, start: &str) -> Vec<String> {
    let entries = fs::read_dir(check).expect("the folder can be read");
    let mut cases: Vec<_> = entries
        .map(|entry| name(&entry.expect("the folder can be read").path()))
        .filter(|case| case.starts_with(start) && !case.ends_with(".snap"))
        .filter(|case| !case.ends_with(".snap.new"))
        .collect();
    cases.sort();
    cases
}

/// The comment at the head of a case; a folder has none.
fn head(check: &Path, case: &str) -> String {
    if check.join(case).is_dir() {
        return String::new();
    }
    let text = fs::read_to_string(check.join(case)).expect("a case can be read");
    let lines = text.lines().take_while(|l| l.starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

/// The arguments for one case: the parameters are those of its first line.
fn arguments(check: &Path, case: &str) -> Vec<String> {
    let mut args = vec![
        "check".into(),
        case.into(),
        "--now".into(),
        "2026-11-21".into(),
        "--check".into(),
        name(check),
    ];
    let head = head(check, case);
    let set = head.lines().next().and_then(|l| l.strip_prefix("# set: "));
    for parameter in set.into_iter().flat_map(str::split_whitespace) {
        args.extend(["--set".into(), parameter.into()]);
    }
    args
}

/// Does something with every check, two at a time, and gathers what is wrong.
fn of_every_check(judge: impl Fn(&Path) -> Vec<String> + Sync) -> Vec<String> {
    let checks = checks();
    let next = Mutex::new(checks.iter());
    let wrong = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let check = next.lock().expect("no other thread panicked").next();
                    let Some(check) = check else { break };
                    let found = judge(check);
                    wrong
                        .lock()
                        .expect("no other thread panicked")
                        .extend(found);
                }
            });
        }
    });
    wrong
        .into_inner()
        .expect("no thread panicked")
        .into_iter()
        .collect()
}

/// What is wrong with one case, by its report.
fn misjudged(check: &Path, case: &str) -> Option<String> {
    let mut args = arguments(check, case);
    args.extend(["--all", "--format", "json"].map(String::from));
    let run = onus(check, &args);
    let id = name(check);
    let Ok(report) = support::Report::parse(&run.stdout) else {
        return Some(format!("{id}/{case}: no report\n{}", run.shown()));
    };
    // In a folder, or in a document that the case holds as text.
    let within = |file: &str| {
        let rest = file.strip_prefix(case);
        rest.is_some_and(|rest| rest.starts_with(['/', '#']))
    };
    let count = |verdict: &str| {
        let of_check = report.evaluations.iter().filter(|e| e.check == id);
        of_check
            .filter(|e| e.verdict == verdict)
            .filter(|e| e.location.file == case || within(&e.location.file))
            .count()
    };
    let counts = ["pass", "fail", "not-applicable", "unknown", "error"].map(count);
    let [pass, fail, not_applicable, unknown, error] = counts;
    let right = if case.starts_with("pass") {
        let nothing_to_judge = head(check, case).contains("not applicable");
        fail + unknown + error == 0 && (pass > 0 || nothing_to_judge && not_applicable > 0)
    } else {
        fail > 0 && unknown + error == 0
    };
    let others = report.evaluations.iter().any(|e| e.check != id);
    (!right || others)
        .then(|| format!("{id}/{case}: {counts:?} (pass, fail, not-applicable, unknown, error)"))
}

#[test]
fn every_check_has_a_case_that_passes_and_one_that_fails() {
    let without = |check: &Path| {
        let missing = ["pass", "fail"]
            .into_iter()
            .filter(|s| cases(check, s).is_empty());
        missing
            .map(|start| format!("{}: no {start}*.yaml", name(check)))
            .collect()
    };
    assert_eq!(of_every_check(without), Vec::<String>::new());
}

#[test]
fn every_case_is_judged_as_its_name_says() {
    let judge = |check: &Path| {
        let mut all = cases(check, "pass");
        all.extend(cases(check, "fail"));
        all.iter()
            .filter_map(|case| misjudged(check, case))
            .collect()
    };
    let wrong = of_every_check(judge);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_failing_case_is_explained_as_its_snapshot_shows() {
    for check in checks() {
        let failing = cases(&check, "fail");
        let shown = failing.iter().map(|case| {
            let run = onus(&check, &arguments(&check, case));
            assert_eq!(
                run.code,
                Some(1),
                "{}/{case}: {}",
                name(&check),
                run.shown()
            );
            (case, run.stdout)
        });
        for (case, text) in shown {
            insta::with_settings!({
                snapshot_path => &check,
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, {
                insta::assert_snapshot!(case.as_str(), text);
            });
        }
    }
}

#[test]
fn no_snapshot_stands_beside_a_case_that_is_gone() {
    let left = |check: &Path| {
        let entries = fs::read_dir(check).expect("the folder can be read");
        let files: BTreeSet<_> = entries
            .map(|entry| name(&entry.expect("the folder can be read").path()))
            .collect();
        let orphans = files.iter().filter(|file| {
            file.strip_suffix(".snap")
                .is_some_and(|case| !files.contains(case))
        });
        orphans
            .map(|file| format!("{}/{file}", name(check)))
            .collect()
    };
    assert_eq!(of_every_check(left), Vec::<String>::new());
}
