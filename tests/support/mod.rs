//! Runs the binary as a user would, and reads what it says.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and each test binary uses a part of this"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

/// How long a run may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository is there")
}

/// The labelled test data, or nothing, said aloud, where it is absent.
pub(crate) fn corpora(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ONUS_CORPORA")
        .map_or_else(|| repository().join("../shared/corpora"), PathBuf::from);
    let found = folder.canonicalize().ok().filter(|f| f.join(name).is_dir());
    if found.is_none() {
        println!("corpora: absent, skipped");
    }
    found
}

/// The documents of five systems, or nothing, said aloud, where they are absent. They are read where they lie.
pub(crate) fn seeds() -> Option<PathBuf> {
    let found = repository().join("../shared/seeds").canonicalize().ok();
    if found.is_none() {
        println!("seeds: absent, skipped");
    }
    found
}

/// A proof of a pack's terms that lacks nothing on 2026-11-21, with these lines changed or added.
pub(crate) fn proof(terms: &str, more: &str) -> String {
    let own: BTreeSet<&str> = more
        .lines()
        .filter_map(|l| l.split_once(':'))
        .map(|(key, _)| key)
        .collect();
    let lines = [
        ("period", "{from: 2025-10-01, to: 2026-09-30}"),
        ("opinion", "unqualified"),
        (
            "report",
            "{locator: vault/report.pdf, sha256: 0000000000000000000000000000000000000000000000000000000000000000}",
        ),
        ("reviewed", "{by: Ada, on: 2026-11-01}"),
    ];
    let mut text = format!("attestation: our-{terms}\nterms: {terms}\n");
    for (key, value) in lines {
        if !own.contains(key) {
            let _ = writeln!(text, "{key}: {value}");
        }
    }
    text.push_str(more);
    text
}

/// Prints one line about a corpus, and appends it to the file that `ONUS_CORPUS_SUMMARY` names.
pub(crate) fn summarise(line: &str) {
    println!("{line}");
    if let Some(path) = std::env::var_os("ONUS_CORPUS_SUMMARY") {
        let mut file = fs::File::options()
            .create(true)
            .append(true)
            .open(path)
            .expect("the summary can be written");
        writeln!(file, "{line}").expect("the summary can be written");
    }
}

/// A data file of the tests that hold verdicts against what others say.
pub(crate) fn data(name: &str) -> PathBuf {
    repository().join("tests/conformance").join(name)
}

/// Says how many rows of a corpus were right.
pub(crate) fn count(corpus: &str, rows: usize, wrong: &[String], notes: &str) {
    let right = rows - wrong.len();
    summarise(&format!(
        "corpus {corpus}: {rows} rows, {right} right, 0 skipped{notes}"
    ));
}

/// Fails where a row was not right.
pub(crate) fn settle(wrong: &[String]) {
    let shown: Vec<_> = wrong.iter().take(40).map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

/// The evaluations of a report by the file they stand in.
pub(crate) fn by_file(report: &Report) -> BTreeMap<&str, Vec<&Evaluation>> {
    let mut files: BTreeMap<&str, Vec<&Evaluation>> = BTreeMap::new();
    for evaluation in &report.evaluations {
        files
            .entry(&evaluation.location.file)
            .or_default()
            .push(evaluation);
    }
    files
}

/// Every file below a folder, as reached from `corpus`.
pub(crate) fn files_on_disk(corpus: &Path, name: &str) -> BTreeSet<String> {
    walkdir::WalkDir::new(corpus.join(name))
        .into_iter()
        .map(|entry| entry.expect("the corpus can be walked"))
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| {
            let path = entry.path().strip_prefix(corpus).expect("it is below");
            path.display().to_string()
        })
        .collect()
}

/// The records of a CSV file with a header.
pub(crate) fn records<T: for<'a> Deserialize<'a>>(path: &Path) -> Vec<T> {
    csv::Reader::from_path(path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        .deserialize()
        .map(|row| row.unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .collect()
}

/// A folder that lives as long as the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    /// A folder with files in it.
    pub(crate) fn with<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Self {
        let folder = Self::new();
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        let parent = path.parent().expect("a file has a folder");
        fs::create_dir_all(parent).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }

    /// The text of a file in it.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("the file was written")
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the binary in it.
    pub(crate) fn onus<S: AsRef<OsStr>>(&self, args: &[S]) -> Run {
        onus(self.path(), args)
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code. There is none where a signal ended the run.
    pub(crate) code: Option<i32>,
    /// The whole standard output.
    pub(crate) stdout: String,
    /// The whole standard error.
    pub(crate) stderr: String,
}

impl Run {
    /// The JSON report on standard output.
    pub(crate) fn report(&self) -> Report {
        Report::parse(&self.stdout)
            .unwrap_or_else(|e| panic!("no report: {e}\nexit {:?}\n{}", self.code, self.stderr))
    }

    /// Both outputs and the exit code, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        let code = self.code.map_or_else(|| "none".into(), |c| c.to_string());
        let mut shown = format!("exit {code}\n");
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                shown.extend(["--- ", name, "\n", text.trim_end(), "\n"]);
            }
        }
        shown
    }
}

/// Runs the binary in a folder, with nothing on standard input.
pub(crate) fn onus<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Run {
    run(command(folder, args), b"")
}

/// Runs the binary in a folder, with something on standard input.
pub(crate) fn onus_reading<S: AsRef<OsStr>>(folder: &Path, args: &[S], input: &[u8]) -> Run {
    run(command(folder, args), input)
}

/// The binary with nothing of our environment: a width and an alphabet of its own.
pub(crate) fn command<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onus"));
    command.args(args);
    scrub(&mut command, folder);
    command
}

/// Takes our environment away from a command.
pub(crate) fn scrub(command: &mut Command, folder: &Path) {
    command
        .current_dir(folder)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("COLUMNS", "100");
}

/// Runs a command to its end, or panics where it does not end.
pub(crate) fn run(mut command: Command, input: &[u8]) -> Run {
    let mut stdin = tempfile::tempfile().expect("a temporary file");
    stdin.write_all(input).expect("standard input is written");
    stdin.rewind().expect("standard input is rewound");
    let mut stdout = tempfile::tempfile().expect("a temporary file");
    let mut stderr = tempfile::tempfile().expect("a temporary file");
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::from(stdout.try_clone().expect("a second handle")))
        .stderr(Stdio::from(stderr.try_clone().expect("a second handle")))
        .spawn()
        .expect("the binary starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the binary can be waited for") {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().expect("the binary can be stopped");
            child.wait().expect("the binary has stopped");
            panic!("{command:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(3));
    };
    let text = |file: &mut fs::File| {
        let mut bytes = Vec::new();
        file.rewind().expect("an output is rewound");
        file.read_to_end(&mut bytes).expect("an output is read");
        String::from_utf8(bytes).expect("an output is UTF-8")
    };
    Run {
        code: status.code(),
        stdout: text(&mut stdout),
        stderr: text(&mut stderr),
    }
}

/// The JSON report, as its readers see it.
#[derive(Debug, Deserialize)]
pub(crate) struct Report {
    pub(crate) schema_version: u32,
    pub(crate) ending: String,
    pub(crate) exit_code: i32,
    pub(crate) frameworks: Vec<String>,
    pub(crate) files: Vec<File>,
    pub(crate) evaluations: Vec<Evaluation>,
    pub(crate) requirements: Vec<Value>,
    pub(crate) checks: Vec<Check>,
    pub(crate) tallies: Tallies,
}

impl Report {
    /// Reads a report.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// What became of a file.
    pub(crate) fn file(&self, path: &str) -> &File {
        let mut found = self.files.iter().filter(|f| f.path == path);
        let file = found
            .next()
            .unwrap_or_else(|| panic!("no file {path} in {:#?}", self.files));
        assert!(found.next().is_none(), "{path} is listed twice");
        file
    }

    /// The evaluations with a verdict on the targets in a file.
    pub(crate) fn with(&self, verdict: &str, file: &str) -> Vec<&Evaluation> {
        self.evaluations
            .iter()
            .filter(|e| e.verdict == verdict && e.location.file == file)
            .collect()
    }

    /// What was found, whatever stands where: the multiset of judgements.
    pub(crate) fn judgements(&self) -> BTreeMap<Judgement, usize> {
        let mut judgements = BTreeMap::new();
        for e in &self.evaluations {
            let judgement = Judgement {
                check: e.check.clone(),
                policy: e.policy,
                verdict: e.verdict.clone(),
                target: e.target.clone(),
            };
            *judgements.entry(judgement).or_default() += 1;
        }
        judgements
    }
}

/// What became of a file.
#[derive(Debug, Deserialize)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) outcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) location: Option<Value>,
    pub(crate) documents: u64,
    pub(crate) objects: u64,
    pub(crate) duplicate_keys: u64,
}

/// One policy's verdict on one target.
#[derive(Debug, Deserialize)]
pub(crate) struct Evaluation {
    pub(crate) check: String,
    pub(crate) policy: u64,
    pub(crate) verdict: String,
    pub(crate) severity: String,
    pub(crate) target: Target,
    pub(crate) location: Location,
    #[serde(default)]
    pub(crate) read: Vec<Read>,
    pub(crate) message: Option<String>,
    pub(crate) help: Option<String>,
}

/// What was judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Target {
    #[serde(rename = "type")]
    pub(crate) of: String,
    pub(crate) id: String,
    pub(crate) object: Object,
}

/// What the judged thing belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Object {
    pub(crate) kind: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Location {
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) end_line: u64,
    pub(crate) end_column: u64,
}

/// Something that a policy looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Read {
    pub(crate) path: String,
    pub(crate) value: Value,
    pub(crate) state: String,
    pub(crate) location: Option<Location>,
}

/// A check that was asked.
#[derive(Debug, Deserialize)]
pub(crate) struct Check {
    pub(crate) id: String,
    pub(crate) severity: String,
    pub(crate) tally: BTreeMap<String, u64>,
}

/// The numbers of a run.
#[derive(Debug, Deserialize)]
pub(crate) struct Tallies {
    pub(crate) verdicts: BTreeMap<String, u64>,
    pub(crate) outcomes: BTreeMap<String, u64>,
    pub(crate) documents: u64,
    pub(crate) objects: u64,
    pub(crate) questions: u64,
}

/// An evaluation without its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Judgement {
    pub(crate) check: String,
    pub(crate) policy: u64,
    pub(crate) verdict: String,
    pub(crate) target: Target,
}
