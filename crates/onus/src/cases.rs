//! `onus test`: the cases that stand beside the policies of a check, each judged as its name says or not.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use onus_engine::CheckSource;
use onus_model::assessment::{Assessment, Evaluation, Verdict};
use onus_model::check::Severity;
use onus_model::date::Date;
use onus_model::file::Outcome;
use onus_model::problem::Problem;
use walkdir::WalkDir;

use crate::args::{Args, CheckArgs, Command, PackArgs, TestArgs};
use crate::check;
use crate::load::{said, shown};
use crate::output::{Stop, Terminal, to_stdout};
use crate::packs::{self, Choice, Need};

/// What a check is to say of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    Fail,
    Pass,
}

impl Sort {
    /// Both, in the order of their names.
    pub(crate) const ALL: [Self; 2] = [Self::Fail, Self::Pass];

    /// The sort that a file or folder is of by its name: `pass`, `pass.yaml`, `pass-short`.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| {
            name.strip_prefix(sort.name())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
        })
    }

    /// How the name of a case begins.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Pass => "pass",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Fail => Self::Pass,
            Self::Pass => Self::Fail,
        }
    }
}

/// The file of a check's policies.
pub(crate) const POLICY: &str = "policy.cedar";

/// The check that a file or folder is a case of.
pub(crate) fn check_of(path: &Path) -> Option<String> {
    Sort::of(path.file_name()?.to_str()?)?;
    path.with_file_name(POLICY).is_file().then(|| {
        let folder = path.parent().and_then(Path::file_name);
        folder.unwrap_or_default().to_string_lossy().into_owned()
    })
}

/// A case of a check: a file, or a folder where names of files matter.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) sort: Sort,
    pub(crate) path: PathBuf,
    /// Its file name.
    pub(crate) name: String,
}

/// The cases in the folder of a check, in order of name; snapshots are none.
pub(crate) fn of(folder: &Path) -> Result<Vec<Case>, Problem> {
    let unreadable = |error: &std::io::Error| {
        Problem::error(format!("cannot read `{}`: {}", shown(folder), said(error)))
    };
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| unreadable(&e))? {
        let entry = entry.map_err(|e| unreadable(&e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let snapshot = name.ends_with(".snap") || name.ends_with(".snap.new");
        if let (Some(sort), false) = (Sort::of(&name), snapshot) {
            cases.push(Case {
                sort,
                path: entry.path(),
                name,
            });
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

/// The folder that the policies of a check stand in.
pub(crate) fn folder_of(check: &CheckSource) -> PathBuf {
    let policy = Path::new(&*check.policy.name);
    policy.parent().unwrap_or(Path::new("")).to_owned()
}

/// The checks of the user's own, or those of them that are named.
pub(crate) fn own<'c>(
    checks: &'c [CheckSource],
    named: &[String],
) -> Result<Vec<&'c CheckSource>, Vec<Problem>> {
    let mut own: Vec<&CheckSource> = checks.iter().filter(|c| !c.proved).collect();
    own.sort_by(|a, b| a.id.cmp(&b.id));
    let mut problems = Vec::new();
    for id in named.iter().filter(|id| !own.iter().any(|c| c.id == **id)) {
        let ours = checks.iter().any(|c| c.id == *id);
        problems.push(if ours {
            Problem::error(format!("`{id}` comes with onus, and its cases do not"))
                .help("`onus test` judges the cases of your own checks")
        } else {
            packs::no_such("check", id, own.iter().map(|c| c.id.as_str())).help_unless(
                "your checks are those below the folders that `onus.yaml` names under `policies`, or `--policies`",
            )
        });
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if own.is_empty() {
        return Err(vec![
            Problem::error("there is no check of your own").help(
                "`onus new check` begins one; the folder is named in `onus.yaml` under `policies`, or with `--policies`",
            ),
        ]);
    }
    if !named.is_empty() {
        own.retain(|c| named.contains(&c.id));
    }
    Ok(own)
}

/// What became of a case.
enum Became {
    /// As its name says, with how many things were judged.
    Right(String),
    /// Not so, and why.
    Wrong(String),
}

pub(crate) fn run(args: &TestArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let policies = packs::policies_alone(&args.packs)?;
    let authored = packs::read(&policies, &[], Need::Checks);
    let checks = authored.packs.checks.clone();
    let choice = |ids: &[String]| -> Result<(), Stop> {
        let choice = Choice {
            frameworks: &[],
            checks: ids,
            at_least: Severity::Low,
        };
        // What is wrong with a policy is told once, and before anything is judged by it.
        authored.compile(choice, terminal).map(drop)
    };
    let own = own(&checks, &args.checks);
    let ids: Vec<String> = own.iter().flatten().map(|c| c.id.clone()).collect();
    choice(&ids)?;
    let own = own.map_err(Stop::Problems)?;
    let mut lines: Vec<[String; 3]> = Vec::new();
    let (mut right, mut all, mut missing) = (0_usize, 0_usize, 0_usize);
    for check in own {
        let cases = of(&folder_of(check)).map_err(|p| Stop::Problems(vec![p]))?;
        for case in &cases {
            all += 1;
            let named = format!("{}/{}", check.id, case.name);
            match judge(check, case, &policies, args.now, terminal)? {
                Became::Right(how) => {
                    right += 1;
                    lines.push(["right".to_owned(), named, how]);
                }
                Became::Wrong(why) => lines.push(["wrong".to_owned(), named, why]),
            }
        }
        for sort in Sort::ALL {
            if !cases.iter().any(|c| c.sort == sort) {
                missing += 1;
                lines.push([
                    "missing".to_owned(),
                    format!("{}/{}", check.id, sort.name()),
                    format!("`onus new case {} {}` begins it", check.id, sort.name()),
                ]);
            }
        }
    }
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (first, second) = (width(0), width(1));
    to_stdout(|out| {
        for [what, case, why] in &lines {
            writeln!(out, "{what:first$}  {case:second$}  {why}")?;
        }
        write!(
            out,
            "{right} of {all} {} as the name says",
            if all == 1 { "case is" } else { "cases are" }
        )?;
        if missing > 0 {
            write!(out, ", {missing} missing")?;
        }
        writeln!(out)
    })?;
    Ok(match (all, right == all && missing == 0) {
        (0, _) => 3,
        (_, true) => 0,
        (_, false) => 1,
    })
}

/// The comment at the head of a case that is a file; a folder has none.
fn head(case: &Case) -> Vec<String> {
    let text = fs::read_to_string(&case.path).unwrap_or_default();
    let head = text.lines().take_while(|line| line.starts_with('#'));
    head.map(str::to_owned).collect()
}

fn judge(
    check: &CheckSource,
    case: &Case,
    policies: &PackArgs,
    now: Option<Date>,
    terminal: &Terminal,
) -> Result<Became, Stop> {
    let head = head(case);
    let Some(mut args) = defaults() else {
        return Ok(Became::Wrong("it could not be judged".to_owned()));
    };
    let set = head.first().and_then(|line| line.strip_prefix("# set: "));
    args.set = set
        .into_iter()
        .flat_map(str::split_whitespace)
        .filter_map(|set| set.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    args.paths = vec![case.path.clone()];
    args.check = vec![check.id.clone()];
    args.all = true;
    args.governance.now = now;
    args.packs = policies.clone();
    let run = check::judge(&args, terminal)?;
    Ok(became(case, &head, &run.assessment))
}

/// The defaults of `check` stand in one place, its arguments.
fn defaults() -> Option<CheckArgs> {
    match Args::try_parse_from(["onus", "check"]).ok()?.command {
        Command::Check(check) => Some(check),
        Command::List(_)
        | Command::Explain(_)
        | Command::Matrix(_)
        | Command::Grants(_)
        | Command::WhoCan(_)
        | Command::Init(_)
        | Command::New(_)
        | Command::Test(_)
        | Command::Schema(_) => None,
    }
}

fn became(case: &Case, head: &[String], assessment: &Assessment) -> Became {
    let of = |verdict: Verdict| {
        let all = assessment.evaluations.iter();
        all.filter(move |e| e.verdict == verdict)
    };
    let place = |evaluation: &Evaluation| {
        let file = assessment.files.get(evaluation.place.file.0 as usize);
        let path = file.map(|f| inside(case, &f.path)).unwrap_or_default();
        format!("{path}:{}", evaluation.place.start.line)
    };
    let count = |verdict: Verdict| of(verdict).count();
    let [pass, fail, not_applicable] =
        [Verdict::Pass, Verdict::Fail, Verdict::NotApplicable].map(count);
    let open = of(Verdict::Error).chain(of(Verdict::Unknown)).next();
    if let Some(open) = open {
        return Became::Wrong(format!("it cannot be judged: {}", place(open)));
    }
    if pass + fail + not_applicable == 0 {
        return Became::Wrong(nothing(case, assessment));
    }
    match case.sort {
        Sort::Fail if fail > 0 => Became::Right(counted(fail, "fails", "fail")),
        Sort::Fail => Became::Wrong("nothing fails".to_owned()),
        Sort::Pass if fail > 0 => {
            let first = of(Verdict::Fail).next().map(place).unwrap_or_default();
            Became::Wrong(format!("{}: {first}", counted(fail, "fails", "fail")))
        }
        Sort::Pass if pass > 0 => Became::Right(counted(pass, "passes", "pass")),
        Sort::Pass if head.iter().any(|line| line.contains("not applicable")) => {
            Became::Right(counted(not_applicable, "does not apply", "do not apply"))
        }
        Sort::Pass => Became::Wrong("the check applies to nothing in it".to_owned()),
    }
}

/// A path from the folder of the check on, which is known.
fn inside<'p>(case: &Case, path: &'p str) -> &'p str {
    let folder = case.path.parent().map(shown).unwrap_or_default();
    let rest = path.strip_prefix(&folder);
    rest.and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Why nothing was there to judge.
fn nothing(case: &Case, assessment: &Assessment) -> String {
    if is_empty(&case.path) {
        return "nothing stands in it yet".to_owned();
    }
    let files = &assessment.files;
    let unread = files.iter().find(|f| {
        matches!(
            f.outcome,
            Outcome::Unreadable | Outcome::Skipped | Outcome::Ignored
        )
    });
    if let Some((file, reason)) = unread.and_then(|f| Some((f, f.reason.as_ref()?))) {
        return format!("{} was not judged: {reason}", inside(case, &file.path));
    }
    if files.iter().any(|f| f.outcome == Outcome::Checked) {
        "what the check is about is not in it".to_owned()
    } else {
        "no file in it is called as the format's files are".to_owned()
    }
}

/// Whether all files of a case are comments, or nothing at all.
fn is_empty(path: &Path) -> bool {
    WalkDir::new(path)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .all(|entry| {
            let text = fs::read(entry.path()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let mut lines = text.lines().map(str::trim);
            lines.all(|line| line.is_empty() || line.starts_with('#'))
        })
}
