//! `onus init`: a first `onus.yaml`, from what is found.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use onus_inputs::markdown;
use onus_model::authored::KINDS;
use onus_model::path::Pattern;
use onus_model::responsibility::{Fact, Party};
use onus_model::source::Text;

use crate::args::{InitArgs, PackArgs};
use crate::load;
use crate::output::{Stop, Terminal, to_new_file, to_stdout};
use crate::packs::{self, Choice, Need, SETUP};

/// The largest file that is looked into, in bytes.
const LARGEST: usize = 1024 * 1024;

pub(crate) fn run(args: &InitArgs, terminal: &Terminal) -> Result<u8, Stop> {
    let target = args.folder.join(SETUP);
    let compiled = packs::read(&PackArgs::default(), &[], Need::Everything)
        .without_setup()
        .compile(Choice::ALL, terminal)?;
    let met =
        load::walk(std::slice::from_ref(&args.folder), "", LARGEST).map_err(Stop::Problems)?;
    let found = Found::new(args, &compiled.catalog.parties, &met);
    let text = found.text();
    to_new_file(&target, |out| out.write_all(text.as_bytes()))?;
    let target = load::shown(&target);
    to_stdout(|out| {
        writeln!(out, "wrote {target}")?;
        write!(out, "{text}")?;
        writeln!(
            out,
            "next: choose a framework (`onus list frameworks`), say what is `unknown`, and run `onus check`"
        )
    })?;
    Ok(0)
}

/// What a repository shows of itself.
struct Found<'c> {
    system: Option<String>,
    /// Providers, with a file that shows each.
    providers: Vec<(&'c Party, String)>,
    /// Folders with authored files.
    controls: BTreeSet<String>,
    /// Folders with documents that are to be reviewed.
    documents: BTreeSet<String>,
}

impl<'c> Found<'c> {
    fn new(args: &InitArgs, parties: &'c [Party], met: &[load::Met]) -> Self {
        let mut found = Self {
            system: std::fs::canonicalize(&args.folder)
                .ok()
                .and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned())),
            providers: Vec::new(),
            controls: BTreeSet::new(),
            documents: BTreeSet::new(),
        };
        let root = load::shown(&args.folder);
        let inside = |shown: &str| -> String {
            let rest = shown.strip_prefix(&root).unwrap_or(shown);
            rest.trim_start_matches('/').to_owned()
        };
        for party in parties {
            let patterns: Vec<Pattern> =
                party.files.iter().map(|f| Pattern::new(&f.value)).collect();
            let shows = met.iter().map(|m| inside(&m.shown)).find(|path| {
                let name = path.rsplit('/').next().unwrap_or_default();
                patterns.iter().any(|p| p.matches(path) || p.matches(name))
            });
            if let Some(path) = shows {
                found.providers.push((party, path));
            }
        }
        for file in met.iter().filter(|m| m.settled.is_none()) {
            let path = inside(&file.shown);
            let Some((folder, _)) = path.split_once('/') else {
                continue;
            };
            let markdown = path.ends_with(".md");
            let yaml = path.ends_with(".yaml") || path.ends_with(".yml");
            if !markdown && !yaml || folder.starts_with('.') {
                continue;
            }
            let text = load::read(&file.from, LARGEST)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            let Some(text) = text.filter(|t| t.len() < LARGEST) else {
                continue;
            };
            if yaml && authored(&text) {
                found.controls.insert(folder.to_owned());
            }
            if markdown {
                let document = markdown::document(&Text::new(path.as_str(), text), &[]);
                if document.next_review.is_some() {
                    found.documents.insert(folder.to_owned());
                }
            }
        }
        found
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "# What applies to this repository; `onus schema onus` has every key.\nonus: 1\n",
        );
        // Writing to a string cannot fail.
        if let Some(system) = &self.system {
            let _ = writeln!(text, "system: {}", quoted(system));
        }
        text.push_str("# What you are held to: `onus list frameworks` names them. None is chosen for you.\nframeworks: []\n");
        let folders = |folders: &BTreeSet<String>, rest: &str| {
            let all: Vec<String> = folders
                .iter()
                .map(|f| quoted(&format!("{f}{rest}")))
                .collect();
            all.join(", ")
        };
        if self.controls.is_empty() {
            text.push_str("# Folders of your own controls and policies: `onus new` begins what is in them.\n#controls: [compliance]\n#policies: [policies]\n");
        } else {
            let _ = writeln!(text, "controls: [{}]", folders(&self.controls, ""));
        }
        if !self.documents.is_empty() {
            let _ = writeln!(text, "documents: [{}]", folders(&self.documents, "/*.md"));
        }
        text.push_str("deployments:\n");
        if self.providers.is_empty() {
            text.push_str("  - deployment: production\n    # on: PROVIDER   `onus list parties` names those that are known\n");
        }
        for (party, shown) in &self.providers {
            let id = &party.id.value;
            let _ = writeln!(
                text,
                "  - deployment: {}",
                if self.providers.len() == 1 {
                    "production"
                } else {
                    id
                }
            );
            let _ = writeln!(text, "    on: {id}   # {} is there", shown.escape_default());
            for fact in Fact::ALL {
                let choices = party.choices(fact);
                if choices.is_empty() {
                    continue;
                }
                let some: Vec<&str> = choices.iter().map(|c| c.id.value.as_str()).collect();
                let _ = writeln!(text, "    {}: unknown   # {}", fact.name(), few(&some));
            }
        }
        text
    }
}

/// Some names in one line.
fn few(names: &[&str]) -> String {
    const MOST: usize = 8;
    match names.get(..MOST) {
        Some(first) if names.len() > MOST => format!("{}, …", first.join(", ")),
        _ => names.join(", "),
    }
}

/// A YAML scalar that is what it says.
fn quoted(word: &str) -> String {
    let plain = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_/.".contains(c))
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&word.to_lowercase().as_str());
    if plain {
        word.to_owned()
    } else {
        format!(
            "'{}'",
            word.replace('\'', "''").replace(char::is_control, " ")
        )
    }
}

/// Whether a document begins as those that people write for us do.
fn authored(text: &str) -> bool {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("---"))
        .find(|line| !line.trim().is_empty())
        .and_then(|line| line.split_once(':'))
        .is_some_and(|(key, id)| {
            !id.trim().is_empty() && KINDS.iter().any(|kind| kind.name == key && key != "onus")
        })
}
