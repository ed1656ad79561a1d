//! `onus check`: the route from files to an exit code.

use std::path::PathBuf;
use std::sync::OnceLock;

use onus_engine::{Facts, Keep, conclude, effective, evaluate, judge_access};
use onus_inputs::assemble::platformsh;
use onus_inputs::document::{self, FailureKind, Limits, Syntax, Tree};
use onus_inputs::{FileNames, Surroundings, comments, link};
use onus_model::assessment::{Assessment, Texts};
use onus_model::check::Severity;
use onus_model::date::Date;
use onus_model::extract::Extract;
use onus_model::file::{File, Outcome};
use onus_model::plan::{Assembly, FormatId, Plan};
use onus_model::problem::Problem;
use onus_model::setup::Setup;
use onus_model::source::{FileId, LineIndex, Text};
use onus_model::waiver::Waiver;
use onus_report::Format;
use rayon::prelude::*;

use crate::access::{FoundIn, Sources, together};
use crate::args::CheckArgs;
use crate::assemble::{self, Included, Waiting};
use crate::governance::{self, Options};
use crate::load::{self, Met};
use crate::output::{Stop, Terminal, settle, to_file, to_stdout};
use crate::packs::{self, Choice, Need};

pub(crate) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let outputs = outputs(&args.format)?;
    let run = judge(args, terminal)?;
    let fail_on = run.fail_on;
    let disk = run.texts();
    for (format, file) in outputs {
        match file {
            Some(path) => to_file(&path, |out| {
                onus_report::render(
                    &run.assessment,
                    &disk,
                    format,
                    terminal.file(),
                    fail_on,
                    out,
                )
            })?,
            None => to_stdout(|out| {
                onus_report::render(
                    &run.assessment,
                    &disk,
                    format,
                    terminal.stdout(),
                    fail_on,
                    out,
                )
            })?,
        }
    }
    drop(disk);
    let code = run.assessment.ending(fail_on).code();
    // The process ends: handing back a large report piece by piece would only take time.
    std::mem::forget(run);
    Ok(if args.exit_zero && code == 1 { 0 } else { code })
}

/// Everything that a run made, for reports.
pub(crate) struct Run {
    pub(crate) assessment: Assessment,
    pub(crate) fail_on: Severity,
    met: Vec<Met>,
    extracts: Vec<(FileId, Extract)>,
    /// What the extracts were made by.
    plan: Plan,
    limits: Limits,
}

impl Run {
    /// Where frames are drawn from.
    pub(crate) fn texts(&self) -> impl Texts {
        let mut sources = Vec::with_capacity(self.extracts.len());
        for (index, (file, extract)) in self.extracts.iter().enumerate() {
            if extract.parts.is_empty() {
                sources.push((*file, index, extract.digest));
            }
            let parts = extract.parts.iter();
            sources.extend(parts.map(|part| (part.file, index, part.digest)));
        }
        sources.sort_unstable();
        Disk {
            met: &self.met,
            sources,
            extracts: &self.extracts,
            plan: &self.plan,
            limits: self.limits,
        }
    }
}

/// Judges configs, grants and governance.
pub(crate) fn judge(args: &CheckArgs, terminal: &Terminal) -> Result<Run, Stop> {
    let choice = Choice {
        frameworks: &args.framework,
        checks: &args.check,
        at_least: args.severity,
    };
    let need = match args.framework.as_slice() {
        [] => Need::Checks,
        _ => Need::Everything,
    };
    let limits = Limits {
        bytes: args.file_bytes,
        depth: args.file_depth,
        nodes: args.alias_nodes,
    };
    let authored = packs::read(&args.packs, &args.paths, need);
    let met =
        load::walk(&args.paths, &args.stdin_filename, limits.bytes).map_err(Stop::Problems)?;
    let files = Some((met.as_slice(), !args.set.is_empty()));
    let mut compiled = authored.compile_for(choice, files, terminal)?;
    let setup = compiled.setup.as_ref();
    let fail_on = args
        .fail_on
        .or_else(|| setup.and_then(|s| s.gates.fail_on))
        .unwrap_or(Severity::Low);
    let now = governance::today(args.governance.now);
    let contexts = contexts(&compiled.program.plan, setup, &args.set, now)?;
    let names = FileNames::new(&compiled.program.plan);
    let met = load::with_fragments(met, &names, &limits);
    let (met, included) = assemble::with_included(met, &args.paths, &names, &limits);
    let patches = load::patches(&met, &limits);
    threads(args.jobs.map_or(0, usize::from))?;
    let plan = &compiled.program.plan;
    let sources = Sources::new(&compiled.program.tables);
    let reader = Reader {
        plan,
        names,
        inline: setup.is_some_and(|s| s.waiving.inline),
        grants: compiled.program.judges_grants().then_some(&sources),
        included: &included,
        limits: &limits,
    };
    let read: Vec<Read> = met
        .par_iter()
        .enumerate()
        .map(|(index, met)| reader.read(index, met, patches.contains(&met.shown)))
        .collect();
    let mut files = Vec::with_capacity(read.len());
    let mut extracts = Vec::new();
    let mut problems = Vec::new();
    let mut found = Vec::new();
    let mut waiting = Vec::new();
    for (index, read) in read.into_iter().enumerate() {
        files.push(read.file);
        found.push(read.grants);
        let id = FileId(u32::try_from(index).unwrap_or(u32::MAX));
        extracts.extend(read.extract.map(|e| (id, e)));
        compiled.catalog.waivers.extend(read.waivers);
        problems.extend(read.problems);
        waiting.extend(read.waiting);
    }
    if !waiting.is_empty() {
        let stage = assemble::Stage {
            plan,
            assembled: reader.names.assembled(),
            met: &met,
            included: &included,
            limits: &limits,
        };
        let (waivers, found) = stage.finish(waiting, &mut files, &mut extracts);
        compiled.catalog.waivers.extend(waivers);
        problems.extend(found);
    }
    let gathered = together(&met, found);
    for (file, found) in files.iter_mut().zip(&gathered.counts) {
        // A file of no format that grants something was read all the same.
        if *found > 0 && file.outcome == Outcome::UnknownFormat {
            file.outcome = Outcome::Checked;
            file.documents = file.documents.max(1);
        }
    }
    problems.extend(gathered.problems);
    let options = Options {
        now,
        window: args.governance.period,
        gate: args.gate_governance,
        no_waivers: args.no_waivers,
    };
    let rules = governance::rules(&compiled, &files, options, &mut problems);
    settle(problems, terminal)?;
    let none = Vec::new();
    let groups = rules.as_ref().map_or(&none, |r| &r.groups.of_file);
    let folders: Vec<String> = args.paths.iter().map(|path| load::shown(path)).collect();
    let surroundings = Surroundings {
        paths: files
            .iter()
            .map(|file| match (file.outcome, &rules) {
                (Outcome::Ignored, _) => "",
                (_, Some(rules)) => rules.groups.inside(&file.path),
                (_, None) => inside(&folders, &file.path),
            })
            .collect(),
        groups,
        sees: rules.as_ref().map_or_else(Vec::new, |r| r.groups.sees()),
    };
    link(&compiled.program.plan, &mut extracts, &surroundings);
    let mut evaluated = evaluate(
        &compiled.program,
        &contexts.actions,
        &extracts,
        groups,
        args.all,
    );
    let people = &compiled.catalog.people;
    let keep = if args.all {
        Keep::Everything
    } else {
        Keep::Findings
    };
    let held = effective(&gathered.access);
    let judged = judge_access(&compiled.program, &gathered.access, &held, people, keep);
    evaluated.add(judged, groups);
    let assessment = conclude(
        &compiled.program,
        evaluated,
        &compiled.catalog,
        Facts {
            files,
            parameters: contexts
                .shown
                .into_iter()
                .filter(|(name, _)| compiled.program.asks_with(name))
                .collect(),
            frameworks: compiled.frameworks.clone(),
            rules,
        },
    );
    Ok(Run {
        assessment,
        fail_on,
        met,
        extracts,
        plan: compiled.program.plan,
        limits,
    })
}

/// Starts the threads of the process, however often something is judged in it.
fn threads(jobs: usize) -> Result<(), Stop> {
    static STARTED: OnceLock<()> = OnceLock::new();
    if STARTED.get().is_some() {
        return Ok(());
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .stack_size(crate::STACK)
        .build_global()
        .map_err(|error| {
            Stop::Problems(vec![Problem::error(format!(
                "cannot start threads: {error}"
            ))])
        })?;
    STARTED.get_or_init(|| ());
    Ok(())
}

/// A path from the folder on that was named on the command line.
fn inside<'p>(folders: &[String], path: &'p str) -> &'p str {
    folders
        .iter()
        .filter_map(|folder| match folder.as_str() {
            "" => Some(path),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        })
        .min_by_key(|rest| rest.len())
        .unwrap_or(path)
}

/// The parameters: those of the setup, and over them those of the command line.
fn contexts(
    plan: &Plan,
    setup: Option<&Setup>,
    set: &[(String, String)],
    now: Date,
) -> Result<onus_inputs::Contexts, Stop> {
    let mut all: Vec<(String, String)> = setup
        .iter()
        .flat_map(|s| &s.parameters)
        .filter(|(name, _)| !set.iter().any(|(given, _)| *given == name.value))
        .map(|(name, value)| (name.value.clone(), value.clone()))
        .collect();
    all.extend(set.iter().cloned());
    onus_inputs::contexts(plan, &all, now).map_err(Stop::Problems)
}

/// Two reports cannot go to one place.
fn outputs(formats: &[(Format, Option<PathBuf>)]) -> Result<Vec<(Format, Option<PathBuf>)>, Stop> {
    for (index, (_, file)) in formats.iter().enumerate() {
        if formats
            .iter()
            .skip(index + 1)
            .any(|(_, other)| other == file)
        {
            let place = file.as_ref().map_or_else(
                || "standard output".to_owned(),
                |f| format!("`{}`", f.display()),
            );
            return Err(Stop::Problems(vec![
                Problem::error(format!("two reports cannot both go to {place}"))
                    .help("give one of them a file: `--format json=report.json`"),
            ]));
        }
    }
    Ok(formats.to_vec())
}

/// What became of one file.
struct Read {
    file: File,
    extract: Option<Extract>,
    grants: FoundIn,
    /// From comments, where they are allowed.
    waivers: Vec<Waiver>,
    problems: Vec<Problem>,
    /// What is judged when others are read.
    waiting: Option<Waiting>,
}

impl Read {
    fn settled(file: File) -> Self {
        Self {
            file,
            extract: None,
            grants: FoundIn::nothing(),
            waivers: Vec::new(),
            problems: Vec::new(),
            waiting: None,
        }
    }

    /// It could not be read, which those will be told that it belongs to.
    fn lost(file: File, index: usize, formats: Vec<FormatId>) -> Self {
        let waiting = (!formats.is_empty()).then(|| Waiting::lost(index, formats));
        Self {
            waiting,
            ..Self::settled(file)
        }
    }
}

/// What files are read for.
struct Reader<'r> {
    plan: &'r Plan,
    names: FileNames,
    /// Whether comments may waive.
    inline: bool,
    /// Where grants are, if anything is asked about them.
    grants: Option<&'r Sources<'r>>,
    included: &'r Included,
    limits: &'r Limits,
}

impl Reader<'_> {
    /// Reads one file and takes out of it what the plan asks for.
    fn read(&self, index: usize, met: &Met, patch: bool) -> Read {
        let mut file = File {
            path: met.shown.clone(),
            outcome: Outcome::UnknownFormat,
            reason: None,
            at: None,
            documents: 0,
            objects: 0,
            duplicate_keys: 0,
        };
        if let Some((outcome, reason)) = &met.settled {
            file.outcome = *outcome;
            file.reason = Some(reason.clone());
            return Read::settled(file);
        }
        if met.part {
            return Read::settled(file);
        }
        let text = onus_inputs::access::is_text(&met.shown);
        let mut formats = self.names.formats(&met.shown);
        let claimed = !formats.is_empty();
        let mut syntax = Syntax::of(&met.shown);
        if met.named && !text && (formats.is_empty() || syntax.is_none()) {
            // Its name says nothing, and still it is meant. JSON is YAML, too.
            formats = self.names.by_content();
            syntax = syntax.or(Some(Syntax::Yaml));
        }
        let grants = self
            .grants
            .filter(|grants| text || grants.may_be_in(&met.shown, syntax));
        if grants.is_none() && (syntax.is_none() || formats.is_empty()) {
            return Read::settled(file);
        }
        let mut bytes = match load::read(&met.from, self.limits.bytes) {
            Ok(bytes) => bytes,
            Err(why) => {
                file.outcome = Outcome::Unreadable;
                file.reason = Some(why);
                return Read::lost(file, index, self.assembled(&formats));
            }
        };
        // A language of its own may be a format, too.
        let of_format = !formats.is_empty() && syntax.is_some();
        let mut found = FoundIn::nothing();
        if let (Some(grants), true) = (grants, text) {
            let bytes = if of_format {
                bytes.clone()
            } else {
                std::mem::take(&mut bytes)
            };
            found = grants.of_text(index, &met.shown, bytes);
        }
        let settled = |file, grants| Read {
            grants,
            ..Read::settled(file)
        };
        let Some(syntax) = syntax.filter(|_| of_format || !text) else {
            return settled(file, found);
        };
        // Of no format, and without a word of grants in it: it need not be understood.
        if formats.is_empty() && !grants.is_some_and(|g| g.are_in(&met.shown, &bytes)) {
            return settled(file, found);
        }
        let digest = load::digest(&bytes);
        let tree = match document::read(bytes, syntax, self.limits) {
            Ok(tree) => tree,
            Err(failure) => {
                file.outcome = match failure.kind {
                    FailureKind::Skipped => Outcome::Skipped,
                    FailureKind::Unreadable => Outcome::Unreadable,
                };
                file.at = failure
                    .span
                    .zip(failure.text)
                    .map(|(span, text)| (LineIndex::new(&text).position(span.start), span));
                file.reason = Some(failure.reason);
                let lost = Read::lost(file, index, self.assembled(&formats));
                return Read {
                    grants: found,
                    ..lost
                };
            }
        };
        if let (Some(grants), false) = (grants, text) {
            found = grants.of_tree(index, &met.shown, &tree);
        }
        let waits = self.waits(&formats, met, &tree);
        formats.retain(|format| !waits.contains(format));
        let extract = onus_inputs::extract(self.plan, &formats, &tree, patch, digest);
        file.documents = extract.documents;
        file.duplicate_keys = extract.duplicate_keys;
        file.objects = u32::try_from(extract.objects.len()).unwrap_or(u32::MAX);
        if file.objects > 0 {
            file.outcome = Outcome::Checked;
        }
        let mut keep = !extract.entities.is_empty();
        // Where things are asked about that it may hold, a broken document is an error of theirs.
        if let Some((document, why)) = tree.broken().first()
            && !(claimed && keep)
        {
            let span = tree.span(*document);
            file.outcome = Outcome::Unreadable;
            file.at = Some((LineIndex::new(tree.text()).position(span.start), span));
            file.reason = Some(why.clone());
            keep = false;
        }
        let waiting = !waits.is_empty();
        let (waivers, problems) = if self.inline && (keep || waiting) {
            comments::waivers(&Text::new(met.shown.as_str(), tree.text()))
        } else {
            (Vec::new(), Vec::new())
        };
        let mut read = Read {
            file,
            extract: keep.then_some(extract),
            grants: found,
            waivers,
            problems,
            waiting: None,
        };
        if waiting {
            let mut waiting = Waiting::new(index, waits, tree, digest);
            if !keep {
                // They count if the file does.
                std::mem::swap(&mut waiting.waivers, &mut read.waivers);
                std::mem::swap(&mut waiting.problems, &mut read.problems);
            }
            read.waiting = Some(waiting);
        }
        read
    }

    /// Of some formats those that are put together of several files.
    fn assembled(&self, formats: &[FormatId]) -> Vec<FormatId> {
        let assembled = self.names.assembled().iter().map(|(id, _)| *id);
        assembled.filter(|id| formats.contains(id)).collect()
    }

    /// Of some formats those of which a file may be no whole.
    fn waits(&self, formats: &[FormatId], met: &Met, tree: &Tree) -> Vec<FormatId> {
        let assembled = self.names.assembled().iter();
        assembled
            .filter(|(id, assembly)| {
                formats.contains(id)
                    && match assembly {
                        Assembly::ClickHouse => true,
                        Assembly::Platformsh => {
                            platformsh::may_include(tree.text())
                                || self.included.is_document(&met.shown)
                        }
                    }
            })
            .map(|(id, _)| *id)
            .collect()
    }
}

/// Draws texts from the disk again, if they are what was judged.
struct Disk<'r> {
    met: &'r [Met],
    /// In order of file.
    /// Of what extract each file is a part, and the digest of the file, in order of file.
    sources: Vec<(FileId, usize, u64)>,
    extracts: &'r [(FileId, Extract)],
    plan: &'r Plan,
    limits: Limits,
}

impl Texts for Disk<'_> {
    fn text(&self, file: FileId) -> Option<Text> {
        let met = self.met.get(file.0 as usize)?;
        let bytes = load::read(&met.from, self.limits.bytes).ok()?;
        let from = self.sources.partition_point(|(id, _, _)| *id < file);
        let sources = self.sources.get(from..).unwrap_or_default();
        let sources = sources.iter().take_while(|(id, _, _)| *id == file);
        let digest = load::digest(&bytes);
        if sources.clone().any(|(_, _, judged)| *judged != digest) {
            return None;
        }
        let mut text = document::decode(bytes).ok()?;
        let of = sources.filter_map(|(_, index, _)| self.extracts.get(*index));
        for (own, extract) in of {
            text = onus_inputs::masked(self.plan, extract, *own, file, &text);
        }
        Some(Text::new(met.shown.as_str(), text))
    }
}
