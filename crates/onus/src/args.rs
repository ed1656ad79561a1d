//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use onus_model::authored::{self, Record};
use onus_model::check::Severity;
use onus_model::date::{Date, Period};
use onus_model::setup::GovernanceGate;
use onus_report::{Format, ListFormat, MatrixFormat};

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
    /// Print who is accountable for what
    Matrix(MatrixArgs),
    /// Print who holds what, as the files say it
    Grants(GrantsArgs),
    /// Print who may do something, with the lines that give it
    WhoCan(WhoCanArgs),
    /// Write `onus.yaml` from what is found
    Init(InitArgs),
    /// Begin something that you write: a control, a party, a schema, a check, a record, …
    New(NewArgs),
    /// Judge the cases of your checks: whether each fails or passes as its name says
    Test(TestArgs),
    /// Print the JSON Schema of a report or of a file that you write
    Schema(SchemaArgs),
}

/// Where policies and controls come from.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PackArgs {
    /// The project file; `onus.yaml` in the folder to be judged, or in the working folder, where nothing is said
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A folder of schemas and checks, besides those that come with onus
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Vec<PathBuf>,
    /// A folder of controls, frameworks, attestations, evidence records and the like, besides those that come with onus
    #[arg(long, value_name = "DIR")]
    pub(crate) controls: Vec<PathBuf>,
    /// The project file is left aside.
    #[arg(skip)]
    pub(crate) alone: bool,
    /// The largest policy or schema, in bytes
    #[arg(long, value_name = "N", default_value_t = onus_engine::Limits::default().policy_bytes, hide_short_help = true)]
    pub(crate) policy_bytes: usize,
    /// How deep brackets may nest in a policy or schema; 200 at most, for Cedar recurses
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=200), hide_short_help = true)]
    pub(crate) policy_depth: u16,
}

impl Default for PackArgs {
    fn default() -> Self {
        Self {
            config: None,
            policies: Vec::new(),
            controls: Vec::new(),
            alone: false,
            policy_bytes: onus_engine::Limits::default().policy_bytes,
            policy_depth: 64,
        }
    }
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
    /// Of the checks, exit with 1 only if one of at least this severity failed; `low` where nothing is said
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub(crate) fail_on: Option<Severity>,
    /// Of governance, exit with 1 for: nothing, what failed (overdue, stale, unproven, …), or claims and gaps, too; `failed` where nothing is said
    #[arg(long, value_name = "GATE", value_parser = gate)]
    pub(crate) gate_governance: Option<GovernanceGate>,
    /// Leave all waivers aside
    #[arg(long)]
    pub(crate) no_waivers: bool,
    #[command(flatten)]
    pub(crate) governance: GovernanceArgs,
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

/// The clock.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct GovernanceArgs {
    /// Judge as on this day; today in UTC where nothing is said
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) now: Option<Date>,
    /// Count evidence in an audit window: `2026-01-01..2026-12-31`
    #[arg(long, value_name = "FROM..TO", value_parser = window)]
    pub(crate) period: Option<Period>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MatrixArgs {
    /// Only these deployments
    pub(crate) deployments: Vec<String>,
    /// Every case that the providers offer, and not the deployments
    #[arg(long, conflicts_with = "deployments")]
    pub(crate) all: bool,
    /// Only this provider
    #[arg(long, value_name = "ID")]
    pub(crate) provider: Option<String>,
    /// How to print it: `text`, `markdown`, `csv`, `json`
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = matrix_format, default_value = "text")]
    pub(crate) format: Vec<(MatrixFormat, Option<PathBuf>)>,
    /// Judge as on this day; today in UTC where nothing is said
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) now: Option<Date>,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// Only the cases of these checks
    pub(crate) checks: Vec<String>,
    /// Judge as on this day; today in UTC where nothing is said
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) now: Option<Date>,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// The folder to write `onus.yaml` into
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    #[command(subcommand)]
    pub(crate) what: New,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct GrantsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<GrantsCommand>,
    /// Files and folders, or `-` for standard input
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only what this subject holds, in its own name or by the groups that everybody of its kind is in
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// Only what holds in this namespace
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) scope: Option<String>,
    /// Only this system: `kubernetes`, `clickhouse`, `aws`, …
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<String>,
    /// Write the sheet of an access review: Markdown, or CSV for a file that ends in `.csv`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "scope", "system"])]
    pub(crate) review: Option<PathBuf>,
    /// The last review: what is new since then, and what is gone
    #[arg(long, value_name = "FILE", requires = "review")]
    pub(crate) since: Option<PathBuf>,
    /// The format: text, csv or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = list_format)]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
}

/// What else can be done with grants.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantsCommand {
    /// Print who gains and who loses what from one tree to another; 1 where somebody does
    Diff {
        /// The old file or folder
        old: PathBuf,
        /// The new one
        new: PathBuf,
        /// The format: text, csv or json
        #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = list_format)]
        format: ListFormat,
        #[command(flatten)]
        packs: PackArgs,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct WhoCanArgs {
    /// The action, as the system writes it: `get`, `bind`, `SELECT`, `iam:PassRole`, `session.create`, …
    pub(crate) action: String,
    /// The resource: `pods/exec`, `deployments.apps`, `db.table`, an ARN, or a path such as `/metrics`; none where a system has none
    pub(crate) resource: Option<String>,
    /// Files and folders, or `-` for standard input; the working folder where nothing is said
    pub(crate) paths: Vec<PathBuf>,
    /// Files and folders, for actions that have no resource: `who-can session.create --in roles/`
    #[arg(long = "in", value_name = "PATH")]
    pub(crate) within: Vec<PathBuf>,
    /// Only the one of this name; all of them where nothing is said
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// In this namespace; in the whole cluster where nothing is said
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) scope: Option<String>,
    /// Only in this system: `kubernetes`, `clickhouse`, `aws`, …
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<String>,
    /// The format: text, csv or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = list_format)]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
}

fn list_format(text: &str) -> Result<ListFormat, String> {
    ListFormat::from_name(text).ok_or_else(|| {
        format!(
            "the formats are `{}`",
            ListFormat::ALL.map(ListFormat::name).join("`, `")
        )
    })
}

/// What can be begun.
#[derive(Debug, Subcommand)]
pub(crate) enum New {
    /// A control: `compliance/ID.yaml`
    Control {
        /// Its id
        id: String,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
    },
    /// A provider with its responsibility matrix, terms and a control: `compliance/ID/`
    Pack {
        /// The provider's id
        id: String,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
    },
    /// A provider: `compliance/ID/party.yaml`
    Party {
        /// Its id
        id: String,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
    },
    /// Who does what: `compliance/PARTY/responsibility.yaml`
    Responsibility {
        /// The provider's id, which is that of the matrix, too
        party: String,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
        #[command(flatten)]
        packs: PackArgs,
    },
    /// What a provider attests, as it says itself: `compliance/PARTY/ID.yaml`
    Terms {
        /// Its id
        id: String,
        /// The provider
        #[arg(long, value_name = "PARTY")]
        of: String,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
        #[command(flatten)]
        packs: PackArgs,
    },
    /// The proof of a provider's attestation, which you hold: `compliance/ID.yaml`
    Attestation {
        /// Its id
        id: String,
        /// The attestation of a pack that it proves
        #[arg(long, value_name = "ID")]
        terms: Option<String>,
        /// The report, to take its digest
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
        #[command(flatten)]
        packs: PackArgs,
    },
    /// A document taken apart into rows: `compliance/SYSTEM/requirements.yaml`
    Requirements {
        /// The system that the document is about
        system: String,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
    },
    /// The record that a control's evidence asks for next, where its pattern says
    Evidence {
        /// The control's id
        control: String,
        /// The evidence's id, where the control has several
        evidence: Option<String>,
        /// The period or event; the one that is open where nothing is said
        #[arg(long, value_name = "DATE", value_parser = day)]
        on: Option<Date>,
        #[command(flatten)]
        packs: PackArgs,
    },
    /// What a person says of a control: `compliance/ID.yaml`
    Statement {
        /// Its id
        id: String,
        /// The control that it is about
        #[arg(long, value_name = "ID")]
        control: String,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
        #[command(flatten)]
        packs: PackArgs,
    },
    /// A failure that is accepted for a time: `compliance/ID.yaml`
    #[command(group(clap::ArgGroup::new("waived").required(true).args(["check", "control"])))]
    Waiver {
        /// Its id
        id: String,
        /// The check that is waived
        #[arg(long, value_name = "ID")]
        check: Option<String>,
        /// Or the control
        #[arg(long, value_name = "ID")]
        control: Option<String>,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "compliance")]
        folder: PathBuf,
        #[command(flatten)]
        packs: PackArgs,
    },
    /// How a config format is read: `policies/NAMESPACE/schema.cedarschema`
    Schema {
        /// The namespace of its things: `Courier`
        namespace: String,
        /// What its files are called: `courier.yaml`, `app/*.toml`; several with commas
        #[arg(long, value_name = "PATTERN", value_delimiter = ',', required = true)]
        files: Vec<String>,
        /// The folder to write it into
        #[arg(long, value_name = "DIR", default_value = "policies")]
        folder: PathBuf,
        #[command(flatten)]
        packs: PackArgs,
    },
    /// A check with its first cases, beside the schema of what it judges: `policies/NAMESPACE/ID/`
    Check {
        /// Its id, which is the demand: `no-privileged-containers`
        id: String,
        /// What it judges: `Kubernetes::Container`; `onus list types` names them
        #[arg(long = "type", value_name = "NAMESPACE::TYPE")]
        of: String,
        /// What the file of a case is called, where the format has several
        #[arg(long, value_name = "NAME")]
        file: Option<String>,
        /// The folder to write it into, in place of that of the schema
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
        #[command(flatten)]
        packs: PackArgs,
    },
    /// One more case of a check, from one that is judged the other way
    Case {
        /// The check's id
        check: String,
        /// How it is called: `pass-…` or `fail-…`
        name: String,
        /// What its file is called, where the format has several
        #[arg(long, value_name = "NAME")]
        file: Option<String>,
        #[command(flatten)]
        packs: PackArgs,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// What to list
    #[arg(value_enum)]
    pub(crate) what: Listed,
    /// For requirements: only those of this system
    #[arg(long, value_name = "ID")]
    pub(crate) system: Option<String>,
    /// For requirements: text, csv or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = list_format)]
    pub(crate) format: ListFormat,
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
    /// Who provides
    Parties,
    /// What is said of them
    Attestations,
    /// What is kept to show it
    Evidence,
    /// What files are read
    Formats,
    /// Where access is granted
    Systems,
    /// What is judged in them
    Types,
    /// What can be set
    Parameters,
    /// What documents demand, row by row, and what covers it
    Requirements,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The id of a check, control, framework, profile, requirement, party, attestation, or row of a document
    pub(crate) id: String,
    /// For a control: how it stands in these files and folders, and why
    #[arg(long, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// For a control: judge by a framework, or by one of its profiles; those of `onus.yaml` where nothing is said
    #[arg(long, value_name = "ID[/PROFILE]")]
    pub(crate) framework: Vec<String>,
    /// Judge as on this day; today in UTC where nothing is said
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub(crate) now: Option<Date>,
    #[command(flatten)]
    pub(crate) packs: PackArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// Whose schema: `report`, `onus`, `control`, `attestation`, …
    #[arg(value_parser = schema_of)]
    pub(crate) what: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SchemaOf {
    /// The JSON report.
    Report,
    /// A kind of authored file.
    Authored(&'static Record),
}

fn schema_of(text: &str) -> Result<SchemaOf, String> {
    if text == "report" {
        return Ok(SchemaOf::Report);
    }
    let found = authored::KINDS.iter().find(|kind| kind.name == text);
    found.map(|kind| SchemaOf::Authored(kind)).ok_or_else(|| {
        let names: Vec<&str> = authored::KINDS.iter().map(|k| k.name).collect();
        format!("the kinds are `report`, `{}`", names.join("`, `"))
    })
}

fn day(text: &str) -> Result<Date, String> {
    onus_inputs::dates::day(text).ok_or_else(|| "write a day as `2026-11-21`".to_owned())
}

fn window(text: &str) -> Result<Period, String> {
    let (from, to) = text
        .split_once("..")
        .ok_or_else(|| "write `2026-01-01..2026-12-31`".to_owned())?;
    let (from, to) = (day(from)?, day(to)?);
    if to < from {
        return Err("the first day lies behind the last".to_owned());
    }
    Ok(Period { from, to })
}

fn gate(text: &str) -> Result<GovernanceGate, String> {
    GovernanceGate::ALL
        .into_iter()
        .find(|g| g.name() == text)
        .ok_or_else(|| {
            format!(
                "the gates are `{}`",
                GovernanceGate::ALL.map(GovernanceGate::name).join("`, `")
            )
        })
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
    output(text, Format::from_name, &Format::ALL.map(Format::name))
}

fn matrix_format(text: &str) -> Result<(MatrixFormat, Option<PathBuf>), String> {
    output(
        text,
        MatrixFormat::from_name,
        &MatrixFormat::ALL.map(MatrixFormat::name),
    )
}

/// `FORMAT` or `FORMAT=FILE`.
fn output<F>(
    text: &str,
    from_name: impl Fn(&str) -> Option<F>,
    known: &[&str],
) -> Result<(F, Option<PathBuf>), String> {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (text, None),
    };
    if file.as_ref().is_some_and(|f| f.as_os_str().is_empty()) {
        return Err("a file name is expected behind `=`".to_owned());
    }
    match from_name(name) {
        Some(format) => Ok((format, file)),
        None => Err(
            match onus_model::problem::did_you_mean(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the formats are `{}`", known.join("`, `")),
            },
        ),
    }
}
