//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use onus_model::check::Severity;
use onus_report::Format;

/// Who must do what, and did they? Checks deployment configs against policies and controls.
///
/// Exit codes of `check`: 0 nothing failed, 1 something failed, 2 usage, or a control, policy or schema is broken,
/// 3 nothing was judged, 4 something could not be judged and nothing failed.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// When to use colours; NO_COLOR is heeded
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge configs: files, folders, or `-` for standard input
    Check(CheckArgs),
    /// List what there is
    List(ListArgs),
    /// Explain a check, a control, a framework or a requirement
    Explain(ExplainArgs),
    /// Print the JSON Schema of an output
    Schema(SchemaArgs),
}

/// Where policies and controls come from.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PackArgs {
    /// A folder of schemas and checks, besides those that come with onus
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Vec<PathBuf>,
    /// A folder of frameworks and controls, besides those that come with onus
    #[arg(long, value_name = "DIR")]
    pub(crate) controls: Vec<PathBuf>,
    /// The largest policy or schema, in bytes
    #[arg(long, value_name = "N", default_value_t = onus_engine::Limits::default().policy_bytes, hide_short_help = true)]
    pub(crate) policy_bytes: usize,
    /// How deep brackets may nest in a policy or schema; 200 at most, for Cedar recurses
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=200), hide_short_help = true)]
    pub(crate) policy_depth: u16,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Files and folders; `-` is standard input
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Judge by a framework, or by one of its profiles: `kubernetes-pss/baseline`
    #[arg(long, value_name = "ID[/PROFILE]")]
    pub(crate) framework: Vec<String>,
    /// Ask only these checks
    #[arg(long, value_name = "ID")]
    pub(crate) check: Vec<String>,
    /// Set a parameter: `kubernetes.version=1.36`
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
    /// Ask only checks of at least this severity
    #[arg(long, value_name = "SEVERITY", value_parser = severity, default_value = "low")]
    pub(crate) severity: Severity,
    /// Exit with 1 only if a check of at least this severity failed
    #[arg(long, value_name = "SEVERITY", value_parser = severity, default_value = "low")]
    pub(crate) fail_on: Severity,
    /// How many threads to use, 256 at most; by default as many as there are cores
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// What to print, and where to: `text`, `json`, `json=FILE`; may be given several times
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = format, default_value = "text")]
    pub(crate) format: Vec<(Format, Option<PathBuf>)>,
    /// Report evaluations that passed, too
    #[arg(long)]
    pub(crate) all: bool,
    /// What standard input is called
    #[arg(long, value_name = "NAME", default_value = "stdin.yaml")]
    pub(crate) stdin_filename: String,
    /// Exit with 0 whatever failed, if everything could be read
    #[arg(long)]
    pub(crate) exit_zero: bool,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
    /// The largest config file, in bytes
    #[arg(long, value_name = "N", default_value_t = onus_inputs::document::Limits::default().bytes, hide_short_help = true)]
    pub(crate) file_bytes: usize,
    /// How deep a config file may nest
    #[arg(long, value_name = "N", default_value_t = onus_inputs::document::Limits::default().depth, hide_short_help = true)]
    pub(crate) file_depth: usize,
    /// How many nodes the aliases of a config file may add
    #[arg(long, value_name = "N", default_value_t = onus_inputs::document::Limits::default().nodes, hide_short_help = true)]
    pub(crate) alias_nodes: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// What to list
    #[arg(value_enum)]
    pub(crate) what: Listed,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listed {
    /// What is demanded
    Checks,
    /// What checks show
    Controls,
    /// What controls are for
    Frameworks,
    /// What files are read
    Formats,
    /// What is judged in them
    Types,
    /// What can be set
    Parameters,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The id of a check, control, framework, profile or requirement
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// Whose schema
    #[arg(value_enum)]
    pub(crate) what: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The JSON report
    Report,
}

fn setting(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| "write `NAME=VALUE`".to_owned())
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|s| s.name() == text)
        .ok_or_else(|| {
            format!(
                "the severities are `{}`",
                Severity::ALL.map(Severity::name).join("`, `")
            )
        })
}

fn format(text: &str) -> Result<(Format, Option<PathBuf>), String> {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (text, None),
    };
    if file.as_ref().is_some_and(|f| f.as_os_str().is_empty()) {
        return Err("a file name is expected behind `=`".to_owned());
    }
    match Format::from_name(name) {
        Some(format) => Ok((format, file)),
        None => {
            let known = Format::ALL.map(Format::name);
            Err(match onus_model::problem::did_you_mean(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the formats are `{}`", known.join("`, `")),
            })
        }
    }
}
