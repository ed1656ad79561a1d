//! `onus check`: the route from files to an exit code.

use std::path::PathBuf;

use onus_engine::{Facts, conclude, evaluate};
use onus_inputs::FileNames;
use onus_inputs::document::{self, FailureKind, Limits, Syntax};
use onus_model::assessment::Texts;
use onus_model::extract::Extract;
use onus_model::file::{File, Outcome};
use onus_model::plan::Plan;
use onus_model::problem::Problem;
use onus_model::source::{FileId, LineIndex, Text};
use onus_report::Format;
use rayon::prelude::*;

use crate::args::CheckArgs;
use crate::load::{self, Met};
use crate::output::{Stop, Terminal, to_file, to_stdout};
use crate::packs;

pub(crate) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let outputs = outputs(&args.format)?;
    let (program, catalog, chosen) =
        packs::read(&args.packs).compile(&args.framework, &args.check, args.severity, terminal)?;
    let contexts = onus_inputs::contexts(&program.plan, &args.set).map_err(Stop::Problems)?;
    let limits = Limits {
        bytes: args.file_bytes,
        depth: args.file_depth,
        nodes: args.alias_nodes,
    };
    let met =
        load::walk(&args.paths, &args.stdin_filename, limits.bytes).map_err(Stop::Problems)?;
    let patches = load::patches(&met, &limits);
    let jobs = args.jobs.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .stack_size(crate::STACK)
        .build_global()
        .map_err(|error| {
            Stop::Problems(vec![Problem::error(format!(
                "cannot start threads: {error}"
            ))])
        })?;
    let names = FileNames::new(&program.plan);
    let read: Vec<(File, Option<Extract>)> = met
        .par_iter()
        .map(|met| {
            let patch = patches.contains(&met.shown);
            read(met, &program.plan, &names, patch, &limits)
        })
        .collect();
    let mut files = Vec::with_capacity(read.len());
    let mut extracts = Vec::new();
    for (index, (file, extract)) in read.into_iter().enumerate() {
        files.push(file);
        extracts.extend(extract.map(|e| (FileId(u32::try_from(index).unwrap_or(u32::MAX)), e)));
    }
    let evaluated = evaluate(&program, &contexts.actions, &extracts, args.all);
    let assessment = conclude(
        &program,
        evaluated,
        &catalog,
        Facts {
            files,
            parameters: contexts.shown,
            requirements: chosen.requirements,
            frameworks: chosen.frameworks,
        },
    );
    let disk = Disk {
        met: &met,
        extracts: &extracts,
        limits,
    };
    for (format, file) in outputs {
        match file {
            Some(path) => to_file(&path, |out| {
                onus_report::render(
                    &assessment,
                    &disk,
                    format,
                    terminal.file(),
                    args.fail_on,
                    out,
                )
            })?,
            None => to_stdout(|out| {
                onus_report::render(
                    &assessment,
                    &disk,
                    format,
                    terminal.stdout(),
                    args.fail_on,
                    out,
                )
            })?,
        }
    }
    let code = assessment.ending(args.fail_on).code();
    // The process ends: handing back a large report piece by piece would only take time.
    std::mem::forget((assessment, extracts));
    Ok(if args.exit_zero && code == 1 { 0 } else { code })
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

/// Reads one file and takes out of it what the plan asks for.
fn read(
    met: &Met,
    plan: &Plan,
    names: &FileNames,
    patch: bool,
    limits: &Limits,
) -> (File, Option<Extract>) {
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
        return (file, None);
    }
    let mut formats = names.formats(&met.shown);
    let mut syntax = Syntax::of(&met.shown);
    if met.named && (formats.is_empty() || syntax.is_none()) {
        // Its name says nothing, and still it is meant. JSON is YAML, too.
        formats = names.all();
        syntax = syntax.or(Some(Syntax::Yaml));
    }
    let (Some(syntax), false) = (syntax, formats.is_empty()) else {
        return (file, None);
    };
    let bytes = match load::read(&met.from, limits.bytes) {
        Ok(bytes) => bytes,
        Err(why) => {
            file.outcome = Outcome::Unreadable;
            file.reason = Some(why);
            return (file, None);
        }
    };
    let digest = load::digest(&bytes);
    let tree = match document::read(bytes, syntax, limits) {
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
            return (file, None);
        }
    };
    let extract = onus_inputs::extract(plan, &formats, &tree, patch, digest);
    file.documents = extract.documents;
    file.duplicate_keys = extract.duplicate_keys;
    file.objects = u32::try_from(extract.objects.len()).unwrap_or(u32::MAX);
    if file.objects > 0 {
        file.outcome = Outcome::Checked;
    }
    let keep = !extract.entities.is_empty();
    (file, keep.then_some(extract))
}

/// Draws texts from the disk again, if they are what was judged.
struct Disk<'r> {
    met: &'r [Met],
    /// In order of file.
    extracts: &'r [(FileId, Extract)],
    limits: Limits,
}

impl Texts for Disk<'_> {
    fn text(&self, file: FileId) -> Option<Text> {
        let met = self.met.get(file.0 as usize)?;
        let bytes = load::read(&met.from, self.limits.bytes).ok()?;
        let at = self.extracts.binary_search_by_key(&file, |(id, _)| *id);
        if let Ok(at) = at
            && self.extracts.get(at)?.1.digest != load::digest(&bytes)
        {
            return None;
        }
        let text = document::decode(bytes).ok()?;
        Some(Text::new(met.shown.as_str(), text))
    }
}
