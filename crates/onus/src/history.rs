//! When files were filed: what the history of the repository says, and never what the file system does.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use onus_model::date::Date;
use onus_model::evidence::Filed;

/// The days of the first commits of files.
pub(crate) struct History {
    /// By path from the base on; or why it is not known.
    filed: Result<BTreeMap<String, Date>, String>,
}

impl History {
    /// Asks git once for all files below a folder. Nothing that a repository configures is run.
    pub(crate) fn read(base: &Path) -> Self {
        Self {
            filed: first_commits(base),
        }
    }

    /// A history that nobody asked, for what records say of themselves is taken.
    pub(crate) fn not_asked() -> Self {
        Self {
            filed: Err("the record is taken at its word".to_owned()),
        }
    }

    /// When a file was filed.
    pub(crate) fn filed(&self, path: &str) -> Filed {
        match &self.filed {
            Err(why) => Filed::Unknown(why.clone()),
            Ok(days) => days.get(path).map_or(Filed::NotYet, |day| Filed::On(*day)),
        }
    }
}

fn git(base: &Path, arguments: &[&str]) -> Result<String, String> {
    let folder = if base.as_os_str().is_empty() {
        Path::new(".")
    } else {
        base
    };
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "core.quotePath=false"])
        .args(["-c", "core.fsmonitor=false"])
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(["-c", "log.showSignature=false"])
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|_| "git is not there to ask".to_owned())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err("this is no git repository, or it has no commits".to_owned())
    }
}

fn first_commits(base: &Path) -> Result<BTreeMap<String, Date>, String> {
    if git(base, &["rev-parse", "--is-shallow-repository"])?.trim() == "true" {
        return Err("the clone is shallow".to_owned());
    }
    let log = git(
        base,
        &[
            "log",
            "--diff-filter=A",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "-m",
            "--format=%x00%cs",
            "--name-only",
            "--relative",
            "--",
            ".",
        ],
    )?;
    let mut filed = BTreeMap::new();
    // The newest comes first: the last word on a path is its first commit.
    for commit in log.split('\0') {
        let mut lines = commit.lines();
        let Some(day) = lines.next().and_then(|day| day.parse::<Date>().ok()) else {
            continue;
        };
        for path in lines.filter(|l| !l.is_empty()) {
            filed.insert(path.to_owned(), day);
        }
    }
    Ok(filed)
}
