//! What takes several files to know: finds them, and has them put together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use onus_inputs::FileNames;
use onus_inputs::assemble::platformsh::{self, As, Fetched};
use onus_inputs::assemble::{Member, clickhouse};
use onus_inputs::document::{self, Failure, FailureKind, Limits, Syntax, Tree};
use onus_model::extract::Extract;
use onus_model::file::{File, Outcome};
use onus_model::plan::{Assembly, FormatId, Plan};
use onus_model::problem::Problem;
use onus_model::source::{FileId, LineIndex};
use onus_model::waiver::Waiver;
use rayon::prelude::*;

use crate::load::{self, Met, Source};

/// A file that is judged when others are read.
#[derive(Debug)]
pub(crate) struct Waiting {
    index: usize,
    /// As what.
    formats: Vec<FormatId>,
    /// What it holds, if it could be read.
    tree: Option<Tree>,
    digest: u64,
    /// From comments; they count if the file does.
    pub(crate) waivers: Vec<Waiver>,
    pub(crate) problems: Vec<Problem>,
}

impl Waiting {
    pub(crate) fn new(index: usize, formats: Vec<FormatId>, tree: Tree, digest: u64) -> Self {
        Self {
            tree: Some(tree),
            digest,
            ..Self::lost(index, formats)
        }
    }

    /// One that could not be read.
    pub(crate) fn lost(index: usize, formats: Vec<FormatId>) -> Self {
        Self {
            index,
            formats,
            tree: None,
            digest: 0,
            waivers: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// What is found at a path that a file takes in.
#[derive(Clone, Debug)]
enum Found {
    File,
    Folder,
    Missing,
    Outside,
    /// It is not to be read, for this reason.
    Refused(String),
}

/// What files take in of others.
#[derive(Debug, Default)]
pub(crate) struct Included {
    /// The top of the repository of each file that is begun with.
    tops: BTreeMap<String, PathBuf>,
    /// What is at a path, for a repository.
    found: BTreeMap<(PathBuf, String), Found>,
    /// The files that others take in as documents.
    documents: BTreeSet<String>,
}

impl Included {
    /// Whether another file takes this one in as a document.
    pub(crate) fn is_document(&self, path: &str) -> bool {
        self.documents.contains(path)
    }
}

/// Finds what files take in, and adds to the walk what was not met on it.
pub(crate) fn with_included(
    mut met: Vec<Met>,
    paths: &[PathBuf],
    names: &FileNames,
    limits: &Limits,
) -> (Vec<Met>, Included) {
    let including: Vec<FormatId> = names
        .assembled()
        .iter()
        .filter(|(_, assembly)| *assembly == Assembly::Platformsh)
        .map(|(id, _)| *id)
        .collect();
    let mut included = Included::default();
    if including.is_empty() {
        return (met, included);
    }
    let known: BTreeMap<&str, &Met> = met.iter().map(|m| (m.shown.as_str(), m)).collect();
    let mut new: BTreeMap<String, Met> = BTreeMap::new();
    for file in met.iter().filter(|file| file.settled.is_none()) {
        let formats = names.formats(&file.shown);
        let may = formats.iter().any(|id| including.contains(id));
        if !may && (!formats.is_empty() || !file.named) {
            continue;
        }
        let top = top(&file.shown, paths);
        let mut left = vec![(file.shown.clone(), file.from.clone(), None)];
        let mut seen = BTreeSet::new();
        while let Some((path, from, application)) = left.pop() {
            if !seen.insert((path.clone(), application.clone())) {
                continue;
            }
            for (kind, wanted, application) in
                takes_in(&path, &from, application.as_deref(), limits)
            {
                for wanted in wanted {
                    let key = (top.clone(), wanted.clone());
                    let found = included
                        .found
                        .entry(key)
                        .or_insert_with(|| find(&wanted, &top, &known));
                    match found {
                        Found::Missing | Found::Outside => continue,
                        Found::Folder | Found::Refused(_) => break,
                        Found::File => {}
                    }
                    let from = match known.get(wanted.as_str()) {
                        Some(known) => known.from.clone(),
                        None => Source::Disk(PathBuf::from(&wanted)),
                    };
                    if !known.contains_key(wanted.as_str()) {
                        new.entry(wanted.clone()).or_insert_with(|| Met {
                            shown: wanted.clone(),
                            from: from.clone(),
                            named: false,
                            settled: None,
                            part: true,
                        });
                    }
                    if kind == As::Yaml {
                        included.documents.insert(wanted.clone());
                        left.push((wanted, from, application));
                    }
                    break;
                }
            }
        }
        included.tops.insert(file.shown.clone(), top);
    }
    if !new.is_empty() {
        met.extend(new.into_values());
        met.sort_by(|a, b| a.shown.cmp(&b.shown));
    }
    (met, included)
}

type Taken = (As, Vec<String>, Option<String>);

/// What a file takes in. What cannot be read takes in nothing, and says so when it is judged.
fn takes_in(path: &str, from: &Source, application: Option<&str>, limits: &Limits) -> Vec<Taken> {
    let Ok(bytes) = load::read(from, limits.bytes) else {
        return Vec::new();
    };
    if !std::str::from_utf8(&bytes).is_ok_and(platformsh::may_include) {
        return Vec::new();
    }
    let Ok(tree) = document::read(bytes, Syntax::Yaml, limits) else {
        return Vec::new();
    };
    let includes = platformsh::includes(&tree, path, application);
    includes
        .iter()
        .filter_map(|include| {
            let (kind, paths) = include.wanted()?;
            let application = include.application().map(str::to_owned);
            Some((kind, paths.to_vec(), application))
        })
        .collect()
}

/// The top of the repository that a file is in: the folder with `.git`, or that which is judged, or the file's own.
fn top(path: &str, folders: &[PathBuf]) -> PathBuf {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let real = real(folder);
    if let Some(top) = real.ancestors().find(|f| f.join(".git").exists()) {
        return top.to_owned();
    }
    let judged = folders.iter().filter(|folder| folder.is_dir());
    let judged = judged.filter_map(|folder| fs::canonicalize(folder).ok());
    judged
        .filter(|folder| real.starts_with(folder))
        .min_by_key(|folder| folder.components().count())
        .unwrap_or(real)
}

/// Where a path leads, though nothing need be there.
fn real(path: &str) -> PathBuf {
    let mut at = Path::new(path);
    let mut rest = Vec::new();
    loop {
        let here = if at.as_os_str().is_empty() {
            Path::new(".")
        } else {
            at
        };
        if let Ok(real) = fs::canonicalize(here) {
            return rest.iter().rev().fold(real, |path, part| path.join(part));
        }
        match (at.parent(), at.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                at = parent;
            }
            _ => return PathBuf::from(path),
        }
    }
}

fn find(path: &str, top: &Path, known: &BTreeMap<&str, &Met>) -> Found {
    if !real(path).starts_with(top) {
        return Found::Outside;
    }
    let folders = path.match_indices('/').map(|(at, _)| at + 1);
    let folders = folders.filter_map(|at| path.get(..at));
    let settled = std::iter::once(path)
        .chain(folders)
        .filter_map(|path| known.get(path))
        .find_map(|met| met.settled.as_ref());
    if let Some((_, why)) = settled {
        return Found::Refused(format!("`{path}` is not read: {why}"));
    }
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Found::File,
        Ok(found) if found.is_dir() => Found::Folder,
        Ok(_) => Found::Refused(format!("`{path}` is not a regular file")),
        Err(_) => Found::Missing,
    }
}

/// Puts together what waits.
pub(crate) struct Stage<'r> {
    pub(crate) plan: &'r Plan,
    pub(crate) assembled: &'r [(FormatId, Assembly)],
    pub(crate) met: &'r [Met],
    pub(crate) included: &'r Included,
    pub(crate) limits: &'r Limits,
}

/// Files that are one configuration.
struct Whole<'w> {
    format: FormatId,
    /// The main file is among them.
    has_main: bool,
    /// They have a main file that is not read: what they do not say may stand there.
    patch: bool,
    /// Those that are merged, the first that the whole is called by.
    members: Vec<&'w Waiting>,
    /// One that belongs to them and could not be read.
    lost: Option<usize>,
}

/// What became of one.
struct Made {
    /// What it is called by: its main file, or the first that is merged.
    main: usize,
    has_main: bool,
    members: BTreeSet<usize>,
    result: Result<Extract, Failure>,
    /// One that belongs to it and could not be read, so that nothing is known of the whole.
    lost: Option<usize>,
    /// Those that could not be read as what they are taken in as.
    unreadable: Vec<(usize, Failure)>,
}

impl Stage<'_> {
    /// Puts together what waits, and tells what became of the files. What comes back are the waivers in the comments of those that
    /// count, and what is wrong with them.
    pub(crate) fn finish(
        &self,
        waiting: Vec<Waiting>,
        files: &mut [File],
        extracts: &mut Vec<(FileId, Extract)>,
    ) -> (Vec<Waiver>, Vec<Problem>) {
        let mut made = self.servers(&waiting);
        made.extend(self.including(&waiting));
        let mut judged = BTreeSet::new();
        for made in made {
            judged.extend(self.settle(made, files, extracts));
        }
        extracts.sort_by_key(|(file, _)| *file);
        let mut waivers = Vec::new();
        let mut problems = Vec::new();
        for file in waiting {
            if judged.contains(&file.index) {
                waivers.extend(file.waivers);
                problems.extend(file.problems);
            }
        }
        (waivers, problems)
    }

    fn shown(&self, index: usize) -> &str {
        self.met.get(index).map_or("", |met| met.shown.as_str())
    }

    fn of<'w>(&self, format: FormatId, waiting: &'w [Waiting]) -> Vec<&'w Waiting> {
        let waiting = waiting.iter();
        waiting.filter(|w| w.formats.contains(&format)).collect()
    }

    /// Servers of ClickHouse.
    fn servers(&self, waiting: &[Waiting]) -> Vec<Made> {
        let mut wholes = Vec::new();
        for (format, assembly) in self.assembled {
            if *assembly != Assembly::ClickHouse {
                continue;
            }
            let mut own = self.of(*format, waiting);
            own.retain(|w| w.tree.as_ref().is_none_or(clickhouse::is_ours));
            let paths: Vec<&str> = own.iter().map(|w| self.shown(w.index)).collect();
            for server in clickhouse::servers(&paths) {
                let members = server.members.iter();
                let (members, lost): (Vec<&Waiting>, Vec<&Waiting>) = members
                    .filter_map(|at| own.get(*at).copied())
                    .partition(|w| w.tree.is_some());
                let lost = lost.first().map(|w| w.index);
                let first = server.members.first().and_then(|at| own.get(*at));
                let has_main = server.has_main && first.map(|w| w.index) != lost;
                let beside = |w: &&Waiting| clickhouse::mains(self.shown(w.index));
                let mut beside = members.iter().flat_map(beside);
                wholes.push(Whole {
                    format: *format,
                    has_main,
                    patch: !has_main && beside.any(|main| Path::new(&main).is_file()),
                    members,
                    lost,
                });
            }
        }
        wholes.par_iter().map(|whole| self.server(whole)).collect()
    }

    fn server(&self, whole: &Whole<'_>) -> Made {
        let members: Vec<Member<'_>> = whole
            .members
            .iter()
            .filter_map(|w| self.member(w))
            .collect();
        let main = whole.members.first().map_or(0, |w| w.index);
        let assembled = clickhouse::assemble(&members, whole.has_main, self.limits);
        Made {
            main,
            has_main: whole.has_main,
            members: whole.members.iter().map(|w| w.index).collect(),
            result: assembled.map(|(tree, parts)| {
                let formats = [whole.format];
                let mut extract = onus_inputs::extract(self.plan, &formats, &tree, whole.patch, 0);
                extract.parts = parts;
                extract
            }),
            lost: whole.lost,
            unreadable: Vec::new(),
        }
    }

    fn member<'w>(&'w self, waiting: &'w Waiting) -> Option<Member<'w>> {
        Some(Member {
            file: number(waiting.index),
            path: self.shown(waiting.index),
            tree: waiting.tree.as_ref()?,
            digest: waiting.digest,
        })
    }

    /// Files that take in others. One that another takes in is not looked at by itself, unless they go round in a circle.
    fn including(&self, waiting: &[Waiting]) -> Vec<Made> {
        let mut all = Vec::new();
        for (format, assembly) in self.assembled {
            if *assembly != Assembly::Platformsh {
                continue;
            }
            let mut own = self.of(*format, waiting);
            own.retain(|w| w.tree.is_some());
            let (taken, begun): (Vec<&Waiting>, Vec<&Waiting>) = own
                .into_iter()
                .partition(|w| self.included.is_document(self.shown(w.index)));
            let made: Vec<Made> = begun
                .par_iter()
                .filter_map(|w| self.include(*format, w))
                .collect();
            let mut reached: BTreeSet<usize> =
                made.iter().flat_map(|m| &m.members).copied().collect();
            all.extend(made);
            for w in taken {
                if !reached.contains(&w.index) {
                    let made = self.include(*format, w);
                    reached.extend(made.iter().flat_map(|m| &m.members));
                    all.extend(made);
                }
            }
        }
        all
    }

    fn include(&self, format: FormatId, waiting: &Waiting) -> Option<Made> {
        let main = self.member(waiting)?;
        let top = self.included.tops.get(main.path);
        let fetch = |path: &str| {
            let Some(top) = top else {
                return Fetched::Missing;
            };
            match self.included.found.get(&(top.clone(), path.to_owned())) {
                Some(Found::File) => self.fetch(path),
                Some(Found::Folder) => Fetched::Folder,
                Some(Found::Outside) => Fetched::Outside,
                Some(Found::Refused(why)) => Fetched::Refused(why.clone()),
                Some(Found::Missing) | None => Fetched::Missing,
            }
        };
        let mut made = Made {
            main: waiting.index,
            has_main: true,
            members: BTreeSet::from([waiting.index]),
            result: Ok(Extract::default()),
            lost: None,
            unreadable: Vec::new(),
        };
        made.result = platformsh::assemble(main, &fetch, self.limits).map(|assembled| {
            let formats = [format];
            let tree = &assembled.tree;
            let mut extract = onus_inputs::extract(self.plan, &formats, tree, false, 0);
            extract.parts = assembled.parts;
            let index = |file: FileId| file.0 as usize;
            made.members
                .extend(assembled.members.into_iter().map(index));
            let unreadable = assembled.unreadable.into_iter();
            made.unreadable = unreadable.map(|(file, why)| (index(file), why)).collect();
            extract
        });
        Some(made)
    }

    fn fetch(&self, path: &str) -> Fetched {
        let index = self.met.binary_search_by(|m| m.shown.as_str().cmp(path));
        let Some((index, met)) = index.ok().and_then(|i| Some((i, self.met.get(i)?))) else {
            return Fetched::Missing;
        };
        match load::read(&met.from, self.limits.bytes) {
            Ok(bytes) => {
                let digest = load::digest(&bytes);
                Fetched::File(number(index), bytes, digest)
            }
            Err(why) => Fetched::Refused(format!("cannot read `{path}`: {why}")),
        }
    }

    /// Tells files that nothing is known of them: with one that cannot be read, a server would not start.
    fn lose(&self, lost: usize, members: &BTreeSet<usize>, files: &mut [File]) {
        let Some(outcome) = files.get(lost).map(|f| f.outcome) else {
            return;
        };
        for member in members {
            if let Some(file) = files.get_mut(*member)
                && file.reason.is_none()
            {
                file.outcome = outcome;
                file.reason = Some(format!(
                    "it is merged with `{}`, which cannot be read",
                    self.shown(lost)
                ));
            }
        }
    }

    /// Tells what became of the files, and which of them were judged.
    fn settle(
        &self,
        made: Made,
        files: &mut [File],
        extracts: &mut Vec<(FileId, Extract)>,
    ) -> BTreeSet<usize> {
        let extract = match made.result {
            Ok(extract) => extract,
            Err(failure) => {
                if let Some(file) = files.get_mut(made.main) {
                    unreadable(file, failure);
                }
                return BTreeSet::new();
            }
        };
        let ours = !extract.objects.is_empty();
        if let (Some(lost), true) = (made.lost, ours) {
            self.lose(lost, &made.members, files);
            return BTreeSet::new();
        }
        for index in made.members.iter().filter(|_| ours) {
            let Some(file) = files.get_mut(*index) else {
                continue;
            };
            if file.outcome != Outcome::UnknownFormat && file.outcome != Outcome::Checked {
                continue;
            }
            file.outcome = Outcome::Checked;
            file.documents = file.documents.max(1);
            if *index == made.main {
                file.objects += u32::try_from(extract.objects.len()).unwrap_or(u32::MAX);
            } else if file.reason.is_none() {
                let word = if made.has_main {
                    "a part of"
                } else {
                    "merged with"
                };
                file.reason = Some(format!("{word} `{}`", self.shown(made.main)));
            }
        }
        for (index, failure) in made.unreadable {
            if let Some(file) = files.get_mut(index) {
                unreadable(file, failure);
            }
        }
        let judged = !extract.entities.is_empty();
        if judged {
            extracts.push((number(made.main), extract));
        }
        if ours && judged {
            made.members
        } else {
            BTreeSet::new()
        }
    }
}

fn number(index: usize) -> FileId {
    FileId(u32::try_from(index).unwrap_or(u32::MAX))
}

fn unreadable(file: &mut File, failure: Failure) {
    file.outcome = match failure.kind {
        FailureKind::Skipped => Outcome::Skipped,
        FailureKind::Unreadable => Outcome::Unreadable,
    };
    file.at = failure
        .span
        .zip(failure.text)
        .map(|(span, text)| (LineIndex::new(&text).position(span.start), span));
    file.reason = Some(failure.reason);
}
