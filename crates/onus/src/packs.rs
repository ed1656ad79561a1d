//! The packs: those in the binary, and those that the user names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use onus_engine::{CheckSource, Limits, Packs, Program, SchemaSource, Selection, compile};
use onus_model::catalog::{Catalog, Framework};
use onus_model::check::Severity;
use onus_model::problem::{Problem, did_you_mean};
use onus_model::source::Text;
use walkdir::WalkDir;

use crate::args::PackArgs;
use crate::load::said;
use crate::output::{Stop, Terminal, settle};

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// All that is authored, read and linked.
pub(crate) struct Authored {
    pub(crate) packs: Packs,
    pub(crate) catalog: Catalog,
    limits: Limits,
    problems: Vec<Problem>,
}

/// Reads the packs in the binary and in the folders that the user names.
pub(crate) fn read(args: &PackArgs) -> Authored {
    let mut problems = Vec::new();
    let mut policies = Vec::new();
    let mut controls = Vec::new();
    for (name, text) in EMBEDDED {
        let list = if name.starts_with("controls/") {
            &mut controls
        } else {
            &mut policies
        };
        list.push((Text::new(*name, *text), true));
    }
    for (folders, wanted, list) in [
        (&args.policies, &["cedar", "cedarschema"][..], &mut policies),
        (&args.controls, &["yaml", "yml"][..], &mut controls),
    ] {
        for folder in folders {
            for text in folder_texts(folder, wanted, &mut problems) {
                list.push((text, false));
            }
        }
    }
    let packs = sort_out(policies, &mut problems);
    let controls: Vec<Text> = controls.into_iter().map(|(text, _)| text).collect();
    let (catalog, found) = onus_inputs::authored::catalog(&controls);
    problems.extend(found);
    Authored {
        packs,
        catalog,
        limits: Limits {
            policy_bytes: args.policy_bytes,
            policy_depth: usize::from(args.policy_depth),
        },
        problems,
    }
}

/// The files in a folder that have one of these extensions, in order of name.
fn folder_texts(folder: &Path, extensions: &[&str], problems: &mut Vec<Problem>) -> Vec<Text> {
    let mut texts = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(folder).display().to_string();
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
            Ok(text) => texts.push(Text::new(path.display().to_string(), text)),
            Err(error) => problems.push(Problem::error(format!(
                "cannot read `{}`: {}",
                path.display(),
                said(&error)
            ))),
        }
    }
    if texts.is_empty() && problems.is_empty() {
        problems.push(
            Problem::error(format!(
                "there is nothing to read in `{}`",
                folder.display()
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
        match packs.checks.iter().find(|c| c.id == id) {
            Some(other) => problems.push(
                Problem::error(format!("the check `{id}` exists twice")).help(format!(
                    "it stands in `{}` and in `{}`: rename a folder",
                    other.policy.name, policy.name
                )),
            ),
            None => packs.checks.push(CheckSource {
                id,
                policy,
                applies,
                proved,
            }),
        }
    }
    packs
}

/// What the user is held to, resolved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen {
    /// As the user wrote them.
    pub(crate) frameworks: Vec<String>,
    /// `(framework, requirement)`, in the order of the frameworks.
    pub(crate) requirements: Vec<(String, String)>,
}

impl Authored {
    /// Finds out which requirements the frameworks hold the user to, and compiles the checks that show them.
    pub(crate) fn compile(
        self,
        frameworks: &[String],
        checks: &[String],
        at_least: Severity,
        terminal: &Terminal,
    ) -> Result<(Program, Catalog, Chosen), Stop> {
        let mut problems = self.problems;
        let mut chosen = Chosen::default();
        for name in frameworks {
            match requirements(&self.catalog, name) {
                Ok(found) => {
                    chosen.frameworks.push(name.clone());
                    for requirement in found {
                        if !chosen.requirements.contains(&requirement) {
                            chosen.requirements.push(requirement);
                        }
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        let mut selection = Selection {
            only: None,
            at_least,
        };
        if !frameworks.is_empty() {
            let controls = self.catalog.controls.iter().filter(|control| {
                control.satisfies.iter().any(|link| {
                    let id = link.requirement.value.split_once('/');
                    id.is_some_and(|(f, r)| {
                        chosen
                            .requirements
                            .iter()
                            .any(|(cf, cr)| cf == f && cr == r)
                    })
                })
            });
            selection.only = Some(
                controls
                    .flat_map(|c| &c.checks)
                    .map(|c| c.value.clone())
                    .collect(),
            );
        }
        if !checks.is_empty() {
            let named: std::collections::BTreeSet<String> = checks.iter().cloned().collect();
            selection.only = Some(match selection.only {
                Some(only) => only.intersection(&named).cloned().collect(),
                None => named,
            });
        }
        let (program, found) = compile(&self.packs, &selection, self.limits);
        problems.extend(found);
        // A check that did not compile is known all the same: it is reported already.
        let known = || self.packs.checks.iter().map(|c| c.id.as_str());
        for id in checks {
            if !known().any(|k| k == id) {
                problems.push(no_such("check", id, known()));
            }
        }
        for control in &self.catalog.controls {
            for check in &control.checks {
                if !known().any(|k| k == check.value) {
                    problems.push(no_such("check", &check.value, known()).at(
                        &control.text,
                        check.span,
                        "named here",
                    ));
                }
            }
        }
        settle(problems, terminal)?;
        Ok((program, self.catalog, chosen))
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

/// The requirements of `framework` or `framework/profile`.
fn requirements(catalog: &Catalog, name: &str) -> Result<Vec<(String, String)>, Problem> {
    let (id, profile) = match name.split_once('/') {
        Some((id, profile)) => (id, Some(profile)),
        None => (name, None),
    };
    let framework = catalog
        .frameworks
        .iter()
        .find(|f| f.id.value == id)
        .ok_or_else(|| {
            no_such(
                "framework",
                id,
                catalog.frameworks.iter().map(|f| f.id.value.as_str()),
            )
        })?;
    let wanted = match profile {
        Some(profile) => Some(profile_requirements(framework, profile)?),
        None => None,
    };
    Ok(framework
        .requirements
        .iter()
        .filter(|r| wanted.as_ref().is_none_or(|w| w.contains(&r.id.value)))
        .map(|r| (id.to_owned(), r.id.value.clone()))
        .collect())
}

/// A profile's own requirements and those of the profiles that it extends.
fn profile_requirements(framework: &Framework, profile: &str) -> Result<Vec<String>, Problem> {
    let mut wanted = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut next = Some(profile);
    while let Some(name) = next {
        if seen.contains(&name) {
            return Err(Problem::error(format!(
                "the profile `{name}` extends itself"
            )));
        }
        seen.push(name);
        let Some(found) = framework.profiles.iter().find(|p| p.id.value == name) else {
            let known: Vec<&str> = framework
                .profiles
                .iter()
                .map(|p| p.id.value.as_str())
                .collect();
            let problem = Problem::error(format!(
                "the framework `{}` has no profile `{name}`",
                framework.id.value
            ));
            return Err(match did_you_mean(name, known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => problem.help("it has no profiles"),
                None => problem.help(format!("its profiles are `{}`", known.join("`, `"))),
            });
        };
        wanted.extend(found.requirements.iter().map(|r| r.value.clone()));
        next = found.extends.as_ref().map(|e| e.value.as_str());
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::PackArgs;

    fn shipped() -> Authored {
        read(&PackArgs {
            policy_bytes: Limits::default().policy_bytes,
            policy_depth: 64,
            ..PackArgs::default()
        })
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
        let selection = Selection {
            only: None,
            at_least: Severity::Low,
        };
        let (program, problems) = compile(&authored.packs, &selection, authored.limits);
        assert_eq!(problems, []);
        assert!(program.known.len() >= 27, "{}", program.known.len());
    }

    #[test]
    fn every_control_names_checks_and_every_check_is_named_by_a_control() {
        let authored = shipped();
        let named = |id: &str| {
            let mut checks = authored.catalog.controls.iter().flat_map(|c| &c.checks);
            checks.any(|check| check.value == id)
        };
        for check in &authored.packs.checks {
            assert!(named(&check.id), "no control names {}", check.id);
        }
        for control in &authored.catalog.controls {
            assert!(
                !control.checks.is_empty(),
                "{} names no check",
                control.id.value
            );
            let name = format!("{}.yaml", control.id.value);
            assert!(control.text.name.ends_with(&name), "{}", control.text.name);
        }
    }
}
