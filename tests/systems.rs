//! Whole systems: each stands in `tests/systems/` as it should be, and once more with faults that `planted.yaml` lists.
//!
//! As it should be, nothing fails. Each fault by itself, one edit, is found as it was said beforehand, and nothing else comes or
//! goes; all of them together are the wrong folder, whose report is their sum. What the faults show is counted against the rows
//! of the documents.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use serde::Deserialize;
use serde_json::Value;
use support::{Folder, Run, onus, repository};

/// The day that systems are judged on.
const NOW: &str = "2026-11-21";

/// How many rows of a method all documents have, and how many of them a fault must turn at least.
const LEAST: [(&str, usize, usize); 3] =
    [("cedar", 178, 170), ("freshness", 99, 95), ("lint", 70, 65)];

/// Files of the wrong folder that are about it, and not of the system.
const ABOUT: [&str; 2] = ["planted.yaml", "README.md"];

/// What is found, by the words for it: no line, so that an edit further up changes nothing.
type Finding = BTreeMap<&'static str, String>;

/// A finding as a fault expects it: `*` is any text.
type Pattern = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    planted: Vec<Fault>,
}

/// One edit, and what it is found by.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    fault: String,
    /// Rows of the document.
    #[serde(default)]
    covers: Vec<String>,
    file: String,
    /// What stands once in the file, and what takes its place.
    replace: Option<String>,
    #[serde(default)]
    with: String,
    #[serde(default)]
    remove: bool,
    /// The text of a new file.
    add: Option<String>,
    rename: Option<String>,
    expect: Vec<Pattern>,
    /// What it takes away.
    #[serde(default)]
    gone: Vec<Pattern>,
    /// It cannot stand together with others.
    #[serde(default)]
    alone: bool,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

impl Fault {
    /// Does the edit in a copy of the system.
    fn plant(&self, folder: &Path) -> Result<(), String> {
        let path = folder.join(&self.file);
        let make = |path: &Path, text: &str| {
            let parent = path.parent().expect("a file has a folder");
            fs::create_dir_all(parent).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        };
        let there = |path: &Path| {
            path.exists()
                .then(|| format!("`{}` is there already", path.display()))
        };
        if let Some(text) = &self.add {
            if let Some(why) = there(&path) {
                return Err(why);
            }
            make(&path, text);
            return Ok(());
        }
        if !path.exists() {
            return Err(format!("`{}` is not there", self.file));
        }
        if self.remove {
            let gone = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            return gone.map_err(|e| e.to_string());
        }
        if let Some(to) = &self.rename {
            let to = folder.join(to);
            if let Some(why) = there(&to) {
                return Err(why);
            }
            make(&to, "");
            return fs::rename(&path, &to).map_err(|e| e.to_string());
        }
        let Some(from) = &self.replace else {
            return Err("it says no edit".to_owned());
        };
        let text = fs::read_to_string(&path).map_err(|e| e.to_string())?;
        match text.matches(from.as_str()).count() {
            1 => fs::write(&path, text.replacen(from.as_str(), &self.with, 1))
                .map_err(|e| e.to_string()),
            n => Err(format!("`{from}` stands {n} times in `{}`", self.file)),
        }
    }
}

/// What a run found.
#[derive(Default)]
struct Found {
    code: Option<i32>,
    findings: BTreeSet<Finding>,
    /// The checks that were asked; none where the run stopped.
    checks: Option<Vec<String>>,
}

/// A system, as it should be and with each fault.
struct System {
    name: String,
    faults: Vec<Fault>,
    right: Found,
    /// What each fault by itself makes of it, or why it could not be planted.
    each: Vec<Result<Found, String>>,
    /// Its rows: methods, and what covers each, by control.
    rows: BTreeMap<String, Row>,
}

struct Row {
    methods: Vec<String>,
    covered: Vec<(String, String, String)>,
    /// The system whose document it is of.
    of: String,
}

fn folder(system: &str) -> PathBuf {
    repository().join("tests/systems").join(system)
}

/// Text without what an edit elsewhere in a file changes.
fn steady(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let counted = words
            .last()
            .is_some_and(|w| ["line", "lines", "column", "judged"].contains(&w.as_str()));
        let number = word.starts_with(|c: char| c.is_ascii_digit());
        words.push(if counted && number { "N" } else { word }.to_owned());
    }
    words.join(" ")
}

/// `./a/b` is `a/b`.
fn inside(file: &Value) -> Option<String> {
    let file = file.as_str()?;
    Some(file.strip_prefix("./").unwrap_or(file).to_owned())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Who has to mend it, unless we have.
fn theirs(value: &Value) -> Option<String> {
    text(value).filter(|whose| whose != "ours")
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Statuses that are no finding.
const GOOD: [&str; 6] = [
    "satisfied",
    "inherited",
    "manual-attested",
    "not-applicable",
    "not-yet-due",
    "waived",
];

/// Reasons that an evaluation, or a file, is the finding of.
const SAID_ELSEWHERE: [&str; 3] = ["check-failed", "check-undecided", "input-unreadable"];

/// Whether a reason is about records.
fn of_records(reason: &str) -> bool {
    let starts = ["evidence-", "record-", "revoked-", "filing-", "date-"];
    starts.iter().any(|start| reason.starts_with(start))
        || ["contradiction", "review-overdue"].contains(&reason)
}

/// Everything that a run found.
fn found(run: &Run) -> Found {
    let mut findings = BTreeSet::new();
    let mut add = |words: &[(&'static str, Option<String>)]| {
        let finding = words
            .iter()
            .filter_map(|(word, value)| Some((*word, value.clone()?)));
        findings.insert(finding.collect::<Finding>());
    };
    for problem in problems(&run.stderr) {
        let word = if problem.stops { "problem" } else { "warning" };
        add(&[
            (word, Some(steady(&problem.message))),
            ("file", problem.file),
        ]);
    }
    let Ok(report) = serde_json::from_str::<Value>(&run.stdout) else {
        return Found {
            code: run.code,
            findings,
            checks: None,
        };
    };
    for e in each(&report["evaluations"]) {
        let verdict = text(&e["verdict"]);
        let finding = ["fail", "error", "unknown"].map(str::to_owned).map(Some);
        if finding.contains(&verdict) && e["waiver"].is_null() {
            add(&[
                ("check", text(&e["check"])),
                ("file", inside(&e["location"]["file"])),
                ("target", text(&e["target"]["id"])),
                ("verdict", verdict),
                ("message", e["message"].as_str().map(steady)),
            ]);
        }
    }
    for file in each(&report["files"]).filter(|f| f["outcome"] == "unreadable") {
        add(&[("unreadable", inside(&file["path"]))]);
    }
    let governance = &report["governance"];
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for control in each(&governance["controls"]) {
        for part in each(&control["parts"]) {
            for because in each(&part["reasons"]) {
                let word = |key: &str| because[key].as_str().unwrap_or_default();
                let (reason, status) = (word("reason"), word("status"));
                if GOOD.contains(&status) || SAID_ELSEWHERE.contains(&reason) {
                    continue;
                }
                if of_records(reason) {
                    told.extend(control["control"].as_str());
                }
                add(&[
                    ("control", text(&control["control"])),
                    ("deployment", text(&control["deployment"])),
                    ("part", text(&part["part"])),
                    ("requirement", text(&part["requirement"])),
                    ("reason", text(&because["reason"])),
                    ("status", text(&because["status"])),
                    ("whose", theirs(&because["whose"])),
                    ("about", text(&because["about"])),
                    ("policy", text(&because["policy"]["file"])),
                ]);
            }
        }
    }
    // What was missed, late or bad, and decides nothing any more.
    for evidence in each(&governance["evidence"]) {
        let control = evidence["control"].as_str().unwrap_or_default();
        for occurrence in each(&evidence["occurrences"]) {
            let state = occurrence["state"].as_str().unwrap_or_default();
            if !["found", "open"].contains(&state) && !told.contains(control) {
                add(&[
                    ("control", Some(control.to_owned())),
                    ("about", text(&evidence["evidence"])),
                    ("occurrence", text(&occurrence["occurrence"])),
                    ("reason", Some(format!("occurrence-{state}"))),
                ]);
            }
        }
    }
    for observation in each(&governance["observations"]) {
        add(&[
            ("observation", text(&observation["observation"])),
            ("file", inside(&observation["locations"][0]["file"])),
            ("message", observation["message"].as_str().map(steady)),
            ("whose", theirs(&observation["whose"])),
            ("defect", Some(observation["defect"].to_string())),
        ]);
    }
    let checks = each(&report["checks"]).filter_map(|c| text(&c["id"]));
    Found {
        code: run.code,
        findings,
        checks: Some(checks.collect()),
    }
}

/// What standard error says.
struct Said {
    stops: bool,
    message: String,
    file: Option<String>,
}

/// A head, its further lines, and the place, as they are printed on a wide page.
fn problems(stderr: &str) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for line in stderr.lines() {
        let line = line.trim_start();
        let head = [("✗ ", true), ("⚠ ", false)]
            .into_iter()
            .find_map(|(mark, stops)| Some((line.strip_prefix(mark)?, stops)));
        if let Some((message, stops)) = head {
            all.push(Said {
                stops,
                message: message.to_owned(),
                file: None,
            });
        } else if let Some(last) = all.last_mut().filter(|l| l.file.is_none()) {
            let place = line.strip_prefix("╭─[").and_then(|p| p.split(':').next());
            if let Some(place) = place {
                last.file = Some(place.strip_prefix("./").unwrap_or(place).to_owned());
            } else if let Some(more) = line.strip_prefix("│ ") {
                last.message.push(' ');
                last.message.push_str(more.trim());
            }
        }
    }
    all
}

/// Judges a folder.
fn judge(folder: &Path, more: &[String]) -> Found {
    let mut args = ["check", ".", "--format", "json", "--now", NOW]
        .map(str::to_owned)
        .to_vec();
    args.extend_from_slice(more);
    let mut command = support::command(folder, &args);
    // No message is broken into lines.
    command.env("COLUMNS", "400");
    found(&support::run(command, b""))
}

/// A copy of a folder.
fn copy(from: &Path) -> Folder {
    let to = Folder::new();
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("the folder can be read");
        let path = entry
            .path()
            .strip_prefix(from)
            .expect("it lies in the folder");
        if entry.file_type().is_file() {
            let name = path.to_str().expect("a name in UTF-8");
            to.write(name, fs::read(entry.path()).expect("it can be read"));
        }
    }
    to
}

/// The files of a folder, but for those about it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("the folder can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(folder).expect("it lies in it");
            let bytes = fs::read(entry.path()).expect("it can be read");
            (name.display().to_string(), bytes)
        })
        .filter(|(name, _)| !ABOUT.contains(&name.as_str()))
        .collect()
}

/// Does something with each of many, two at a time, and keeps their order.
fn two_at_a_time<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(all.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let one = next.lock().expect("no other thread panicked").next();
                    let Some((index, one)) = one else { break };
                    let result = work(one);
                    let mut done = done.lock().expect("no other thread panicked");
                    done.insert(index, result);
                }
            });
        }
    });
    let done = done.into_inner().expect("no thread panicked");
    done.into_values().collect()
}

/// The rows of the documents, as the system itself has them covered.
fn rows(folder: &Path) -> BTreeMap<String, Row> {
    let run = onus(folder, &["list", "requirements", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let list: Value = serde_json::from_str(&run.stdout).expect("a list");
    each(&list["requirements"])
        .map(|row| {
            let covered = each(&row["covered_by"]).flat_map(|covering| {
                each(&covering["by"]).map(|by| {
                    let word = |value: &Value| text(value).unwrap_or_default();
                    (
                        word(&covering["control"]),
                        word(&by["kind"]),
                        word(&by["id"]),
                    )
                })
            });
            let known = Row {
                methods: each(&row["methods"]).filter_map(text).collect(),
                covered: covered.collect(),
                of: text(&row["system"]).expect("a system"),
            };
            (text(&row["row"]).expect("an id"), known)
        })
        .collect()
}

/// Every system that has a wrong folder, judged as it should be and with each fault.
static SYSTEMS: LazyLock<Vec<System>> = LazyLock::new(|| {
    let entries = fs::read_dir(folder("")).expect("there are systems");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a folder").file_name())
        .filter_map(|name| name.to_str()?.strip_suffix("-wrong").map(str::to_owned))
        .filter(|name| {
            folder(&format!("{name}-wrong"))
                .join("planted.yaml")
                .is_file()
        })
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let planted = folder(&format!("{name}-wrong")).join("planted.yaml");
            let planted = fs::read_to_string(planted).expect("the faults can be read");
            let planted: Planted =
                serde_yaml::from_str(&planted).unwrap_or_else(|e| panic!("{name}: {e}"));
            let right = folder(&name);
            let each = two_at_a_time(&planted.planted, |fault| {
                let copy = copy(&right);
                fault.plant(copy.path())?;
                Ok(judge(copy.path(), &[]))
            });
            System {
                rows: rows(&right),
                right: judge(&right, &[]),
                faults: planted.planted,
                each,
                name,
            }
        })
        .collect()
});

/// Whether a text is what a pattern says: `*` is any text.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    rest.ends_with(last)
}

fn fits(pattern: &Pattern, finding: &Finding) -> bool {
    pattern.iter().all(|(word, wanted)| {
        let value = finding.get(word.as_str());
        value.is_some_and(|value| like(wanted, value))
    })
}

fn shown<K: AsRef<str>>(words: &BTreeMap<K, String>) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|(word, value)| format!("{}: {value}", word.as_ref()))
        .collect();
    format!("{{{}}}", words.join(", "))
}

/// What comes and what goes; a run that stops takes nothing away, for it judged nothing.
fn difference<'f>(
    right: &'f Found,
    wrong: &'f Found,
) -> (BTreeSet<&'f Finding>, BTreeSet<&'f Finding>) {
    let new = wrong.findings.difference(&right.findings).collect();
    let gone = right.findings.difference(&wrong.findings);
    let gone = if wrong.checks.is_some() {
        gone.collect()
    } else {
        BTreeSet::new()
    };
    (new, gone)
}

/// How what a fault made differs from what was said of it.
fn unlike(fault: &Fault, right: &Found, wrong: &Found) -> Vec<String> {
    let (new, gone) = difference(right, wrong);
    let mut all = Vec::new();
    let unsaid = |found: &BTreeSet<&Finding>, said: &[Pattern]| -> Vec<String> {
        found
            .iter()
            .filter(|finding| !said.iter().any(|pattern| fits(pattern, finding)))
            .map(|finding| shown(finding))
            .collect()
    };
    let unfound = |found: &BTreeSet<&Finding>, said: &[Pattern]| -> Vec<String> {
        said.iter()
            .filter(|pattern| !found.iter().any(|finding| fits(pattern, finding)))
            .map(shown)
            .collect()
    };
    if fault.expect.is_empty() {
        all.push("it expects nothing".to_owned());
    }
    for finding in unsaid(&new, &fault.expect) {
        all.push(format!("not expected: {finding}"));
    }
    for pattern in unfound(&new, &fault.expect) {
        all.push(format!("expected, and not there: {pattern}"));
    }
    for finding in unsaid(&gone, &fault.gone) {
        all.push(format!("gone: {finding}"));
    }
    for pattern in unfound(&gone, &fault.gone) {
        all.push(format!("said to be gone, and is not: {pattern}"));
    }
    all
}

/// Whether a finding is a failure of ours.
fn fails(finding: &Finding) -> bool {
    let is = |word: &str, value: &str| finding.get(word).is_some_and(|v| v == value);
    let ours = !finding.contains_key("whose");
    ["check", "unreadable", "problem", "warning", "occurrence"]
        .iter()
        .any(|word| finding.contains_key(word))
        || ours
            && ["not-satisfied", "undetermined", "stale"]
                .iter()
                .any(|s| is("status", s))
        || ours && is("defect", "true")
}

#[test]
fn nothing_fails_in_a_system_that_is_as_it_should_be() {
    let mut wrong = String::new();
    for system in SYSTEMS.iter() {
        let Found { code, findings, .. } = &system.right;
        for finding in findings.iter().filter(|f| fails(f)) {
            let _ = writeln!(wrong, "{}: {}", system.name, shown(finding));
        }
        // A part of a provider's that nothing proves is none of these, and fails a run all the same.
        let unproven = |f: &Finding| f.get("status").is_some_and(|s| s == "inherited-unproven");
        if *code != Some(0) && !findings.iter().any(unproven) {
            let _ = writeln!(wrong, "{}: exit {code:?}", system.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_fault_is_found_as_it_was_said_and_nothing_else_comes_or_goes() {
    let mut wrong = String::new();
    for system in SYSTEMS.iter() {
        let mut names = BTreeSet::new();
        for (fault, made) in system.faults.iter().zip(&system.each) {
            let mut all = match made {
                Ok(made) => unlike(fault, &system.right, made),
                Err(why) => vec![why.clone()],
            };
            if !names.insert(&fault.fault) {
                all.push("there are two of this name".to_owned());
            }
            for what in all {
                let _ = writeln!(wrong, "{}/{}: {what}", system.name, fault.fault);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The right folder with all faults that can stand together.
fn together(system: &System) -> Folder {
    let copy = copy(&folder(&system.name));
    for fault in system.faults.iter().filter(|f| !f.alone) {
        let done = fault.plant(copy.path());
        done.unwrap_or_else(|why| panic!("{}/{}: {why}", system.name, fault.fault));
    }
    copy
}

#[test]
fn the_wrong_folder_is_the_right_one_with_all_faults_and_shows_exactly_those() {
    let mut wrong = String::new();
    for system in SYSTEMS.iter() {
        let name = format!("{}-wrong", system.name);
        let (made, there) = (files(together(system).path()), files(&folder(&name)));
        for file in made.keys().chain(there.keys()).collect::<BTreeSet<_>>() {
            if made.get(file) != there.get(file) {
                let _ = writeln!(wrong, "{name}: {file} is not as the faults make it");
            }
        }
        let found = judge(&folder(&name), &[]);
        let (new, gone) = difference(&system.right, &found);
        let (mut all_new, mut all_gone) = (BTreeSet::new(), BTreeSet::new());
        for (fault, made) in system.faults.iter().zip(&system.each) {
            if let (false, Ok(made)) = (fault.alone, made) {
                let (new, gone) = difference(&system.right, made);
                all_new.extend(new);
                all_gone.extend(gone);
            }
        }
        for (what, finding) in [
            ("of no fault", new.difference(&all_new)),
            ("hidden", all_new.difference(&new)),
            ("gone", gone.difference(&all_gone)),
            ("not gone", all_gone.difference(&gone)),
        ]
        .into_iter()
        .flat_map(|(what, findings)| findings.map(move |f| (what, f)))
        {
            let _ = writeln!(wrong, "{name}: {what}: {}", shown(finding));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn reports_of_systems_are_as_their_snapshots_show() {
    for system in SYSTEMS.iter() {
        for name in [system.name.clone(), format!("{}-wrong", system.name)] {
            let run = onus(&folder(&name), &["check", ".", "--now", NOW]);
            insta::with_settings!({ omit_expression => true }, {
                insta::assert_snapshot!(name, run.shown());
            });
        }
    }
}

/// The harness itself: without the check, the fault that it finds is missed, and that is said.
#[test]
fn a_check_that_is_taken_away_is_missed() {
    for system in SYSTEMS.iter() {
        let Some((fault, check)) = system.faults.iter().find_map(|fault| {
            let check = fault.expect.iter().find_map(|e| e.get("check"))?;
            Some((fault, check))
        }) else {
            continue;
        };
        let copy = copy(&folder(&system.name));
        fault.plant(copy.path()).expect("it can be planted");
        let asked = system.right.checks.as_ref().expect("the run went on");
        let others: Vec<String> = asked
            .iter()
            .filter(|c| *c != check)
            .flat_map(|c| ["--check".to_owned(), c.clone()])
            .collect();
        let right = judge(&folder(&system.name), &others);
        let found = unlike(fault, &right, &judge(copy.path(), &others));
        let missed = |what: &String| {
            what.starts_with("expected, and not there: {") && what.contains(check.as_str())
        };
        assert!(
            found.iter().any(missed),
            "{}/{}: {found:?}",
            system.name,
            fault.fault
        );
    }
}

/// How a finding turns a row: the kind of what covers it, or nothing.
fn turns(row: &Row, method: &str, finding: &Finding) -> Option<&'static str> {
    let word = |word: &str| finding.get(word).map_or("", String::as_str);
    let covered = |kinds: &[&str], id: &str| {
        row.covered.iter().any(|(control, kind, of)| {
            let control = word("control").is_empty() || control == word("control");
            kinds.contains(&kind.as_str()) && control && (id.is_empty() || of == id)
        })
    };
    let reason = word("reason");
    let check = finding.contains_key("check") && covered(&["check", "matrix"], word("check"));
    let records = (of_records(reason) || reason.starts_with("occurrence-"))
        && covered(&["evidence"], word("about"));
    let decided = finding.contains_key("policy")
        || ["unassigned", "two-accountable", "split-not-stated"].contains(&reason);
    let area = !reason.is_empty() && !records && decided && covered(&["responsibility"], "");
    let read = finding.contains_key("observation") && covered(&["lint"], word("observation"));
    let refused = finding.contains_key("problem") && covered(&["lint"], "refused");
    let of_time = [
        "review-overdue",
        "promise-overdue",
        "pack-outdated",
        "control-review-overdue",
        "retention-conflict",
    ];
    match method {
        "cedar" if check => Some("check"),
        "cedar" if area => Some("responsibility"),
        "freshness" if records => Some("record"),
        "freshness" if area => Some("attestation"),
        "freshness" if read && of_time.contains(&word("observation")) => Some("observation"),
        "lint" if read => Some("observation"),
        "lint" if refused => Some("refused"),
        "lint" if check => Some("check"),
        _ => None,
    }
}

/// How many different things were found: a check on two targets is one.
fn kinds(new: &BTreeSet<&Finding>) -> usize {
    let what = |finding: &Finding| {
        [
            "check",
            "control",
            "reason",
            "about",
            "observation",
            "problem",
        ]
        .map(|word| finding.get(word).cloned())
    };
    new.iter().map(|f| what(f)).collect::<BTreeSet<_>>().len()
}

/// What faults show of the rows of a document that have a method.
#[derive(Default)]
struct Shown<'a> {
    rows: usize,
    /// By what they are turned.
    by: BTreeMap<&'static str, usize>,
    /// Those among them with a fault that turns one thing only.
    singly: usize,
    open: Vec<&'a str>,
}

/// Each row that a fault covers is turned by what the row is said to be covered by; how many rows are is counted.
#[test]
fn rows_of_documents_are_turned_by_faults() {
    let mut wrong = String::new();
    // The row, the method, by what it is turned, and whether by a fault that turns nothing else.
    let mut turned: BTreeMap<(&str, &str), (&str, bool)> = BTreeMap::new();
    for system in SYSTEMS.iter() {
        for (fault, made) in system.faults.iter().zip(&system.each) {
            let Ok(made) = made else { continue };
            let good = unlike(fault, &system.right, made).is_empty();
            let (new, _) = difference(&system.right, made);
            for id in &fault.covers {
                let Some(row) = system.rows.get(id) else {
                    let _ = writeln!(
                        wrong,
                        "{}/{}: there is no row `{id}`",
                        system.name, fault.fault
                    );
                    continue;
                };
                let mut any = false;
                for (method, ..) in LEAST {
                    let Some(by) = new.iter().find_map(|finding| turns(row, method, finding))
                    else {
                        continue;
                    };
                    any = true;
                    if good && row.methods.iter().any(|m| m == method) {
                        let entry = turned.entry((id, method)).or_insert((by, false));
                        entry.1 |= kinds(&new) == 1;
                    }
                }
                if !any {
                    let _ = writeln!(
                        wrong,
                        "{}/{}: what it turns is not what `{id}` is covered by: {:?}",
                        system.name, fault.fault, row.covered
                    );
                }
            }
        }
    }
    let mut known: BTreeMap<&str, &Row> = BTreeMap::new();
    for system in SYSTEMS.iter() {
        known.extend(system.rows.iter().map(|(id, row)| (id.as_str(), row)));
    }
    let mut shown: BTreeMap<(&str, &str), Shown<'_>> = BTreeMap::new();
    for (id, row) in &known {
        for (method, ..) in LEAST {
            if !row.methods.iter().any(|m| m == method) {
                continue;
            }
            let of = shown.entry((method, &row.of)).or_default();
            of.rows += 1;
            match turned.get(&(*id, method)) {
                Some((means, alone)) => {
                    *of.by.entry(means).or_default() += 1;
                    of.singly += usize::from(*alone);
                }
                None => of.open.push(id),
            }
        }
    }
    let mut table = String::new();
    for (method, of_all, least) in LEAST {
        let (mut rows, mut done) = (0, 0);
        for (
            (_, of),
            Shown {
                rows: of_rows,
                by,
                singly,
                open,
            },
        ) in shown.iter().filter(|((m, _), _)| *m == method)
        {
            let turned: usize = by.values().sum();
            let means: Vec<String> = by
                .iter()
                .map(|(means, n)| format!("{n} by {means}"))
                .collect();
            let _ = writeln!(
                table,
                "{method} {of}: {turned} of {of_rows} rows are turned ({}), {singly} of them by a fault that turns nothing else; open: {}",
                means.join(", "),
                if open.is_empty() {
                    "none".to_owned()
                } else {
                    open.join(" ")
                }
            );
            rows += of_rows;
            done += turned;
        }
        let _ = writeln!(table, "{method}: {done} of {rows}");
        if rows >= of_all && done < least {
            let _ = writeln!(
                wrong,
                "{method}: {done} of {rows} rows are turned, and not {least}"
            );
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong}\n{table}");
    insta::assert_snapshot!("rows", table);
}

/// The harness itself: what comes or goes unsaid is told, and so is what was said and does not come.
#[test]
fn a_difference_is_noticed_whichever_way_it_goes() {
    let finding = |check: &str| -> Finding {
        BTreeMap::from([("check", check.to_owned()), ("file", "a/b.yaml".to_owned())])
    };
    let run = |checks: &[&str], stopped: bool| Found {
        code: Some(1),
        findings: checks.iter().map(|check| finding(check)).collect(),
        checks: (!stopped).then(Vec::new),
    };
    let fault = |expect: &str, gone: &str| -> Fault {
        let text =
            format!("{{fault: f, file: a, remove: true, expect: [{expect}], gone: [{gone}]}}");
        serde_yaml::from_str(&text).expect("a fault")
    };
    let right = run(&["old"], false);
    for (expect, gone, made, told) in [
        ("{check: new}", "", run(&["old", "new"], false), ""),
        (
            "{check: n*, file: a/*.yaml}",
            "",
            run(&["old", "new"], false),
            "",
        ),
        (
            "{check: new, file: a}",
            "",
            run(&["old", "new"], false),
            "not expected",
        ),
        (
            "{check: new, line: 1}",
            "",
            run(&["old", "new"], false),
            "not expected",
        ),
        (
            "{check: new}",
            "",
            run(&["old", "new", "more"], false),
            "not expected",
        ),
        (
            "{check: new}, {check: more}",
            "",
            run(&["old", "new"], false),
            "not there",
        ),
        ("{check: new}", "", run(&["new"], false), "gone"),
        ("{check: new}", "{check: old}", run(&["new"], false), ""),
        (
            "{check: new}",
            "{check: old}",
            run(&["old", "new"], false),
            "and is not",
        ),
        ("{check: new}", "", run(&["new"], true), ""),
        ("", "", run(&["old"], false), "expects nothing"),
    ] {
        let found = unlike(&fault(expect, gone), &right, &made);
        let right = match told {
            "" => found.is_empty(),
            told => found.iter().any(|what| what.contains(told)),
        };
        assert!(right, "{expect} {gone}: {found:?}");
    }
}
