//! The packs: those in the binary, and those that the user names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use onus_engine::{
    CheckSource, Decisions, Held, Limits, Packs, Program, SchemaSource, Selection, compile,
};
use onus_inputs::identifiers::{Meaning, resolve};
use onus_model::catalog::{Catalog, Control};
use onus_model::check::Severity;
use onus_model::plan::Plan;
use onus_model::problem::{Problem, did_you_mean};
use onus_model::setup::{HeldTo, Setup};
use onus_model::source::{Span, Spanned, Text};
use walkdir::WalkDir;

use crate::args::PackArgs;
use crate::load::{Met, said};
use crate::near::near;
use crate::output::{Stop, Terminal, settle};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// All that is authored, read and linked.
pub(crate) struct Authored {
    pub(crate) packs: Packs,
    pub(crate) catalog: Catalog,
    /// `onus.yaml`, if there is one.
    pub(crate) setup: Option<Setup>,
    /// The folder of `onus.yaml`; the working folder without one.
    pub(crate) base: PathBuf,
    need: Need,
    /// Whether controls and what they lead to were read.
    governed: bool,
    limits: Limits,
    problems: Vec<Problem>,
}

/// What a command needs of the packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// All of them.
    Everything,
    /// All of them, whatever is wrong with those of the user: something new is about to be written beside them.
    Beginning,
    /// What schemas say about tables of roles, and no check.
    Tables,
    /// The checks; the rest only where the user has controls or a project file. It is half the time of a small run.
    Checks,
}

/// Reads `onus.yaml`, the packs in the binary, and the folders that the user names. `paths` are what is to be judged.
pub(crate) fn read(args: &PackArgs, paths: &[PathBuf], need: Need) -> Authored {
    let mut problems = Vec::new();
    let (setup, base) = setup(args, paths, &mut problems);
    let governed = !matches!(need, Need::Checks | Need::Tables)
        || setup.is_some()
        || !args.controls.is_empty();
    let mut policies = Vec::new();
    let mut controls = Vec::new();
    for (name, text) in EMBEDDED {
        let text = Text::new(*name, *text);
        if name.starts_with("controls/") {
            if governed {
                controls.push(onus_inputs::authored::Authored { text, packed: true });
            }
        } else {
            policies.push((text, true));
        }
    }
    let named = |list: fn(&Setup) -> &Vec<Spanned<String>>| {
        setup
            .iter()
            .flat_map(list)
            .map(|folder| base.join(&folder.value))
            .collect::<Vec<_>>()
    };
    let folders = args.policies.iter().cloned();
    for folder in folders.chain(named(|s| &s.policies)) {
        for text in folder_texts(&folder, &["cedar", "cedarschema"], &mut problems) {
            policies.push((text, false));
        }
    }
    let folders = args.controls.iter().cloned();
    for folder in folders.chain(named(|s| &s.controls)) {
        for text in folder_texts(&folder, &["yaml", "yml"], &mut problems) {
            controls.push(onus_inputs::authored::Authored {
                text,
                packed: false,
            });
        }
    }
    let mut packs = sort_out(policies, &mut problems);
    let (catalog, found) = onus_inputs::authored::catalog(&controls, setup.as_ref());
    problems.extend(found);
    packs.permissions.clone_from(&catalog.permissions);
    Authored {
        packs,
        catalog,
        setup,
        base,
        need,
        governed,
        limits: Limits {
            policy_bytes: args.policy_bytes,
            policy_depth: usize::from(args.policy_depth),
        },
        problems,
    }
}

/// Where policies are, and nothing else of what `onus.yaml` says: for what is about policies alone.
pub(crate) fn policies_alone(args: &PackArgs) -> Result<PackArgs, Stop> {
    let mut problems = Vec::new();
    let (setup, base) = setup(args, &[], &mut problems);
    if !problems.is_empty() && setup.is_none() {
        return Err(Stop::Problems(problems));
    }
    let mut alone = args.clone();
    alone.alone = true;
    alone.config = None;
    alone.controls.clear();
    let named = setup.iter().flat_map(|s| &s.policies);
    alone
        .policies
        .extend(named.map(|folder| base.join(&folder.value)));
    Ok(alone)
}

/// The name of the project file.
pub(crate) const SETUP: &str = "onus.yaml";

/// Reads the project file: the one that is named, that of the only folder to be judged, or that of the working folder.
fn setup(
    args: &PackArgs,
    paths: &[PathBuf],
    problems: &mut Vec<Problem>,
) -> (Option<Setup>, PathBuf) {
    if args.alone {
        return (None, PathBuf::new());
    }
    let file = match (&args.config, paths) {
        (Some(file), _) => file.clone(),
        (None, [only]) if only.join(SETUP).is_file() => only.join(SETUP),
        (None, _) => PathBuf::from(SETUP),
    };
    let base = file.parent().map(Path::to_owned).unwrap_or_default();
    if args.config.is_none() && !file.is_file() {
        return (None, PathBuf::new());
    }
    match fs::read_to_string(&file) {
        Ok(text) => {
            let text = Text::new(crate::load::shown(&file), text);
            let (setup, found) = onus_inputs::authored::setup(&text);
            problems.extend(found);
            (setup, base)
        }
        Err(error) => {
            problems.push(Problem::error(format!(
                "cannot read `{}`: {}",
                file.display(),
                said(&error)
            )));
            (None, base)
        }
    }
}

/// The files in a folder that have one of these extensions, in order of name.
fn folder_texts(folder: &Path, extensions: &[&str], problems: &mut Vec<Problem>) -> Vec<Text> {
    let mut texts = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = crate::load::shown(error.path().unwrap_or(folder));
                let why = error
                    .io_error()
                    .map_or_else(|| "links go round in circles".to_owned(), said);
                problems.push(Problem::error(format!("cannot read `{path}`: {why}")));
                continue;
            }
        };
        let path = entry.path();
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if !entry.file_type().is_file() || !extensions.contains(&extension) {
            continue;
        }
        match fs::read_to_string(path) {
            Ok(text) => texts.push(Text::new(crate::load::shown(path), text)),
            Err(error) => problems.push(Problem::error(format!(
                "cannot read `{}`: {}",
                crate::load::shown(path),
                said(&error)
            ))),
        }
    }
    if texts.is_empty() && problems.is_empty() {
        problems.push(
            Problem::error(format!(
                "there is nothing to read in `{}`",
                crate::load::shown(folder)
            ))
            .help(format!(
                "files that end in `.{}` are read",
                extensions.join("` or `.")
            )),
        );
    }
    texts
}

/// Schemas, and folders of policies.
fn sort_out(texts: Vec<(Text, bool)>, problems: &mut Vec<Problem>) -> Packs {
    let mut packs = Packs::default();
    // By folder and whether it is ours: the policy, and the permits that say what it applies to.
    let mut folders: BTreeMap<(String, bool), (Option<Text>, Option<Text>)> = BTreeMap::new();
    for (text, proved) in texts {
        let name = text.name.to_string();
        let (folder, file) = name.rsplit_once(['/', '\\']).unwrap_or((".", &name));
        if file.ends_with(".cedarschema") {
            packs.schemas.push(SchemaSource { text, proved });
            continue;
        }
        let entry = folders.entry((folder.to_owned(), proved)).or_default();
        match file {
            "policy.cedar" => entry.0 = Some(text),
            "applies.cedar" => entry.1 = Some(text),
            _ => problems.push(
                Problem::error(format!("`{name}` is not read"))
                    .help("a check is a folder: its policies are in `policy.cedar`, and `applies.cedar` says what they apply to"),
            ),
        }
    }
    for ((folder, proved), (policy, applies)) in folders {
        let id = folder
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let Some(policy) = policy else {
            if applies.is_some() {
                problems.push(Problem::error(format!("`{folder}` has no `policy.cedar`")));
            }
            continue;
        };
        let decision = onus_engine::is_decision(&policy.text);
        let list = if decision {
            &mut packs.decisions
        } else {
            &mut packs.checks
        };
        match list.iter().find(|c| c.id == id) {
            Some(other) => problems.push(
                Problem::error(format!("the check `{id}` exists twice")).help(format!(
                    "it stands in `{}` and in `{}`: rename a folder",
                    other.policy.name, policy.name
                )),
            ),
            None => list.push(CheckSource {
                id,
                policy,
                applies,
                proved,
            }),
        }
    }
    packs
}

/// What the user chose to be judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice<'a> {
    /// Frameworks and profiles; those of `onus.yaml` where there are none.
    pub(crate) frameworks: &'a [String],
    /// Checks; all that apply where there are none.
    pub(crate) checks: &'a [String],
    /// The least severity.
    pub(crate) at_least: Severity,
}

impl Choice<'_> {
    /// Everything there is.
    pub(crate) const ALL: Self = Self {
        frameworks: &[],
        checks: &[],
        at_least: Severity::Low,
    };
}

/// Everything compiled.
pub(crate) struct Compiled {
    pub(crate) program: Program,
    pub(crate) decisions: Decisions,
    pub(crate) catalog: Catalog,
    pub(crate) setup: Option<Setup>,
    pub(crate) base: PathBuf,
    /// The frameworks as the user wrote them.
    pub(crate) frameworks: Vec<String>,
    /// Their requirements, in the order of the frameworks.
    pub(crate) held: Vec<Held>,
}

impl Authored {
    /// Leaves `onus.yaml` aside.
    pub(crate) fn without_setup(mut self) -> Self {
        self.setup = None;
        self
    }

    /// What schemas say about tables of roles; no policy is read.
    pub(crate) fn tables(self, terminal: &Terminal) -> Result<Plan, Stop> {
        let (tables, problems) = self.schemas();
        settle(problems, terminal)?;
        Ok(tables)
    }

    /// All that schemas say, and what is wrong with them; no policy is read.
    pub(crate) fn schemas(self) -> (Plan, Vec<Problem>) {
        let mut problems = self.problems;
        let packs = Packs {
            schemas: self.packs.schemas,
            ..Packs::default()
        };
        let selection = Selection {
            only: None,
            at_least: Severity::Low,
        };
        let (program, found) = compile(&packs, &selection, self.limits);
        problems.extend(found);
        (program.tables, problems)
    }

    /// Finds out which requirements the frameworks hold the user to, and compiles the checks that show them.
    pub(crate) fn compile(self, choice: Choice<'_>, terminal: &Terminal) -> Result<Compiled, Stop> {
        self.compile_for(choice, None, terminal)
    }

    /// The same for these files, if they are known: formats of which there are none are left out. `settings` says that parameters are
    /// set, which may be of any format.
    pub(crate) fn compile_for(
        self,
        choice: Choice<'_>,
        files: Option<(&[Met], bool)>,
        terminal: &Terminal,
    ) -> Result<Compiled, Stop> {
        let mut problems = self.problems;
        let mut frameworks = Vec::new();
        let mut held: Vec<Held> = Vec::new();
        let chosen = choice.frameworks.iter().map(|name| (name.as_str(), None));
        let declared = self.setup.iter().flat_map(|s| &s.frameworks);
        let declared = declared.map(|h| (h.framework.value.as_str(), Some(h)));
        let all: Vec<(&str, Option<&HeldTo>)> = if choice.frameworks.is_empty() {
            declared.collect()
        } else {
            chosen.collect()
        };
        for (name, declared) in all {
            match requirements(&self.catalog, name, declared) {
                Ok(found) => {
                    frameworks.push(name.to_owned());
                    for requirement in found {
                        let same = |h: &&mut Held| {
                            h.framework == requirement.framework
                                && h.requirement == requirement.requirement
                        };
                        match held.iter_mut().find(same) {
                            // What one profile excludes and another asks for is asked for.
                            Some(known) if requirement.excluded.is_none() => known.excluded = None,
                            Some(_) => {}
                            None => held.push(requirement),
                        }
                    }
                }
                Err(problem) => problems.push(match (declared, &self.setup) {
                    (Some(declared), Some(setup)) => {
                        problem.at(&setup.text, declared.framework.span, "")
                    }
                    _ => problem,
                }),
            }
        }
        let mut selection = Selection {
            only: None,
            at_least: choice.at_least,
        };
        if !frameworks.is_empty() {
            let wanted: BTreeSet<String> = held.iter().map(Held::full).collect();
            let controls = self.catalog.controls_for(&wanted);
            // What a pack shares with a provider concerns those who stand on it.
            let stands_on = |control: &Control| {
                self.catalog.shared_with(control).is_none_or(|of| {
                    let deployments = self.setup.iter().flat_map(|s| &s.deployments);
                    deployments
                        .filter_map(|d| d.on.as_ref())
                        .any(|on| on.value == of)
                })
            };
            selection.only = Some(
                controls
                    .into_iter()
                    .filter(|c| !c.packed || stands_on(c))
                    .flat_map(|c| &c.checks)
                    .map(|c| c.check.value.clone())
                    .collect(),
            );
        }
        if !choice.checks.is_empty() {
            let named: BTreeSet<String> = choice.checks.iter().cloned().collect();
            selection.only = Some(match selection.only {
                Some(only) => only.intersection(&named).cloned().collect(),
                None => named,
            });
        }
        let near = files.map(|(met, set)| {
            let set = set
                || self
                    .setup
                    .as_ref()
                    .is_some_and(|s| !s.parameters.is_empty());
            near(&self.packs, met, set)
        });
        let packs = near.as_ref().unwrap_or(&self.packs);
        let (program, found) = compile(packs, &selection, self.limits);
        problems.extend(found);
        let mut decisions = Decisions::default();
        // Those of the user are looked at in every run.
        if self.governed || self.packs.decisions.iter().any(|d| !d.proved) {
            let (compiled, found) = Decisions::compile(&self.packs, self.limits);
            decisions = compiled;
            problems.extend(found);
        }
        problems.extend(onus_engine::problems(&self.catalog, &decisions));
        // A check that did not compile is known all the same: it is reported already.
        let known = || {
            let matrices = self.packs.permissions.iter().map(|p| p.id.value.as_str());
            self.packs
                .checks
                .iter()
                .map(|c| c.id.as_str())
                .chain(matrices)
        };
        let mut refer = |id: &str, place: Option<(&Text, Span)>| {
            if known().any(|k| k == id) {
                return;
            }
            let problem = no_such("check", id, known());
            problems.push(match place {
                Some((text, span)) => problem.at(text, span, "named here"),
                None => problem,
            });
        };
        for id in choice.checks {
            refer(id, None);
        }
        for control in &self.catalog.controls {
            for link in &control.checks {
                refer(&link.check.value, Some((&control.text, link.check.span)));
            }
        }
        for waiver in &self.catalog.waivers {
            if let Some(check) = &waiver.check {
                refer(&check.value, Some((&waiver.text, check.span)));
            }
        }
        if let Some(setup) = &self.setup {
            for never in &setup.waiving.never {
                if self.catalog.control(&never.value).is_none() {
                    refer(&never.value, Some((&setup.text, never.span)));
                }
            }
        }
        if self.need != Need::Beginning {
            settle(problems, terminal)?;
        }
        Ok(Compiled {
            program,
            decisions,
            catalog: self.catalog,
            setup: self.setup,
            base: self.base,
            frameworks,
            held,
        })
    }
}

/// A name that leads nowhere, with the nearest that does.
pub(crate) fn no_such<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let problem = Problem::error(format!("there is no {what} `{name}`"));
    match did_you_mean(name, known) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("`onus list {what}s` names them")),
    }
}

/// The requirements of `framework` or `framework/profile`, with those that were excluded.
fn requirements(
    catalog: &Catalog,
    name: &str,
    declared: Option<&HeldTo>,
) -> Result<Vec<Held>, Problem> {
    let (id, profile) = match name.split_once('/') {
        Some((id, profile)) => (id, Some(profile)),
        None => (name, None),
    };
    let framework = catalog.framework(id).ok_or_else(|| {
        no_such(
            "framework",
            id,
            onus_inputs::identifiers::framework_names(catalog),
        )
    })?;
    let found = onus_inputs::authored::requirements_of(framework, profile)?;
    let mut held: Vec<Held> = found
        .into_iter()
        .map(|r| Held {
            framework: framework.id.value.clone(),
            requirement: r.id.value.clone(),
            excluded: None,
        })
        .collect();
    for (ids, reason) in declared.iter().flat_map(|d| &d.exclude) {
        for written in ids {
            // Those that mean nothing are reported where the file is read.
            let excluded = match resolve(framework, &written.value) {
                Meaning::Requirements(list) => list,
                Meaning::Group { requirements, .. } => requirements,
                Meaning::Misspelt { .. } | Meaning::Unknown { .. } => Vec::new(),
            };
            for requirement in &mut held {
                if excluded
                    .iter()
                    .any(|r| r.id.value == requirement.requirement)
                {
                    requirement.excluded = Some(reason.clone());
                }
            }
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::PackArgs;

    fn shipped() -> Authored {
        read(&PackArgs::default(), &[], Need::Everything)
    }

    /// At every start the shipped packs are taken as proved: this is the proof.
    #[test]
    fn what_is_shipped_is_valid_in_strict_mode() {
        let mut authored = shipped();
        assert_eq!(authored.problems, []);
        for check in &mut authored.packs.checks {
            check.proved = false;
        }
        for schema in &mut authored.packs.schemas {
            schema.proved = false;
        }
        for decision in &mut authored.packs.decisions {
            decision.proved = false;
        }
        let selection = Selection {
            only: None,
            at_least: Severity::Low,
        };
        let (program, problems) = compile(&authored.packs, &selection, authored.limits);
        assert_eq!(problems, []);
        assert!(program.known.len() >= 27, "{}", program.known.len());
        let (decisions, problems) = Decisions::compile(&authored.packs, authored.limits);
        assert_eq!(problems, []);
        assert!(decisions.rules().len() >= 40, "{}", decisions.rules().len());
        assert_eq!(onus_engine::problems(&authored.catalog, &decisions), []);
    }

    /// A policy about an action that is not there would never be asked anything.
    #[test]
    fn every_action_of_a_database_is_a_privilege_that_it_has() {
        let authored = shipped();
        let selection = Selection {
            only: None,
            at_least: Severity::Low,
        };
        let (program, _) = compile(&authored.packs, &selection, authored.limits);
        let mut count = 0;
        for system in &program.plan.systems {
            let known = onus_model::privileges::actions(system.system.notation);
            for action in system.actions.iter().filter(|_| !known.is_empty()) {
                let there = known.iter().any(|name| name.eq_ignore_ascii_case(action));
                assert!(there, "{}::{action}", system.namespace);
                count += 1;
            }
        }
        assert!(count >= 50, "{count}");
    }

    #[test]
    fn every_control_names_checks_and_every_check_is_named_by_a_control() {
        let authored = shipped();
        let named = |id: &str| {
            let mut checks = authored.catalog.controls.iter().flat_map(|c| &c.checks);
            checks.any(|link| link.check.value == id)
        };
        for check in &authored.packs.checks {
            assert!(named(&check.id), "no control names {}", check.id);
        }
        for control in &authored.catalog.controls {
            let shown = !control.checks.is_empty()
                || !control.statements.is_empty()
                || control.responsibility.is_some()
                || !control.evidence.is_empty();
            assert!(shown, "nothing shows {}", control.id.value);
            let name = format!("{}.yaml", control.id.value);
            assert!(control.text.name.ends_with(&name), "{}", control.text.name);
        }
    }

    /// Where a pack offers anything of an area to be inherited, it offers it for all that its control is for: otherwise no
    /// report in the world would do.
    #[test]
    fn a_control_that_is_shared_can_be_met() {
        let authored = shipped();
        for control in &authored.catalog.controls {
            let Some((matrix, area)) = control
                .responsibility
                .as_ref()
                .and_then(|r| r.value.split_once('/'))
            else {
                continue;
            };
            let found = authored
                .catalog
                .matrices
                .iter()
                .filter(|m| m.id.value == matrix)
                .flat_map(|m| &m.areas)
                .find(|a| a.id.value == area)
                .map(|a| &a.parts);
            let parts = found.unwrap_or_else(|| panic!("no area {matrix}/{area}"));
            let offered: Vec<_> = parts.iter().filter(|p| !p.inheritable.is_empty()).collect();
            for part in offered {
                for link in &control.satisfies {
                    let requirement = &link.requirement.value;
                    let own = authored.catalog.matrices.iter().any(|m| {
                        let areas = || m.areas.iter().flat_map(|a| &a.requirements);
                        m.framework.is_some() && areas().any(|r| r.value == *requirement)
                    });
                    assert!(
                        own || part.inheritable.iter().any(|r| r.value == *requirement),
                        "{} is for {requirement}, and {area}/{} cannot be inherited for it",
                        control.id.value,
                        part.id.value
                    );
                }
            }
        }
    }

    #[test]
    fn every_provider_says_where_its_facts_are_from_and_when_they_were_true() {
        let authored = shipped();
        let catalog = &authored.catalog;
        let hosts = ["aws", "azure", "gcp", "ovh"];
        let parties = catalog.parties.iter();
        let facts = parties
            .filter(|p| !hosts.contains(&p.id.value.as_str()))
            .map(|p| (&p.id.value, &p.provenance))
            .chain(
                catalog
                    .matrices
                    .iter()
                    .map(|m| (&m.id.value, &m.provenance)),
            )
            .chain(
                catalog
                    .attestations
                    .iter()
                    .map(|a| (&a.id.value, &a.provenance)),
            );
        let mut count = 0;
        for (id, provenance) in facts {
            count += 1;
            assert!(provenance.source.is_some(), "{id}");
            assert!(provenance.as_of.is_some(), "{id}");
            assert!(provenance.review_by.is_some(), "{id}");
        }
        assert!(count >= 20, "{count}");
        for attestation in &catalog.attestations {
            let id = &attestation.id.value;
            assert!(attestation.report.is_none(), "{id} ships a proof");
            assert!(attestation.reviewed.is_none(), "{id} ships a proof");
        }
    }

    #[test]
    fn every_official_id_means_itself_however_it_is_written() {
        let authored = shipped();
        let mut count = 0;
        for framework in &authored.catalog.frameworks {
            let one = |written: &str| match resolve(framework, written) {
                Meaning::Requirements(found) => match found.as_slice() {
                    [only] => Some(only.id.value.clone()),
                    _ => None,
                },
                Meaning::Group { .. } | Meaning::Misspelt { .. } | Meaning::Unknown { .. } => None,
            };
            for requirement in &framework.requirements {
                count += 1;
                let id = &requirement.id.value;
                for written in [
                    id.clone(),
                    id.to_lowercase(),
                    format!("  {id} "),
                    format!("requirement {id}"),
                ] {
                    assert_eq!(
                        one(&written).as_ref(),
                        Some(id),
                        "{written} of {}",
                        framework.id.value
                    );
                }
                for name in &requirement.names {
                    assert_eq!(
                        one(name).as_ref(),
                        Some(id),
                        "{name} of {}",
                        framework.id.value
                    );
                }
            }
            for misspelt in &framework.misspelt {
                let meaning = resolve(framework, &misspelt.id.value.to_lowercase());
                assert!(
                    matches!(meaning, Meaning::Misspelt { .. }),
                    "{}",
                    misspelt.id.value
                );
                for means in &misspelt.means {
                    assert_eq!(one(&means.value).as_ref(), Some(&means.value));
                }
            }
            for group in &framework.groups {
                let known = framework.requirement(&group.id.value).is_some();
                let meaning = resolve(framework, &group.id.value);
                assert!(
                    known || matches!(meaning, Meaning::Group { .. }),
                    "{} of {}",
                    group.id.value,
                    framework.id.value
                );
            }
            for profile in &framework.profiles {
                let found =
                    onus_inputs::authored::requirements_of(framework, Some(&profile.id.value));
                assert!(!found.unwrap().is_empty(), "{}", profile.id.value);
            }
        }
        assert!(count > 1500, "{count}");
    }

    /// What each framework says of itself, counted; what its licence allows, told apart.
    #[test]
    fn frameworks_are_whole() {
        let authored = shipped();
        let counts: Vec<(&str, usize, usize)> = authored
            .catalog
            .frameworks
            .iter()
            .map(|f| (f.id.value.as_str(), f.requirements.len(), f.profiles.len()))
            .collect();
        assert_eq!(
            counts,
            [
                ("aicpa-tsc-2017", 61, 6),
                ("cis-controls-v8", 153, 0),
                ("csa-ccm-v4", 197, 0),
                ("eu-us-dpf", 23, 1),
                ("gdpr", 76, 0),
                ("hipaa-security-rule", 71, 2),
                ("iso-27001-2022", 100, 3),
                ("kubernetes-everyday", 10, 0),
                ("kubernetes-pss", 19, 2),
                ("nist-csf-2.0", 106, 0),
                ("nist-sp-800-53-r5", 424, 4),
                ("pci-dss-4.0.1", 313, 2),
            ]
        );
        for framework in &authored.catalog.frameworks {
            let ours = framework.id.value.starts_with("kubernetes");
            let licence = framework.text.text.contains("\nlicence: ");
            assert!(ours || licence, "{}", framework.id.value);
        }
    }
}
