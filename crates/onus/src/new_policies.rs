//! `onus new schema`, `onus new check`, `onus new case`: what is begun here forbids everything or holds nothing, so that nothing passes
//! before somebody said what is right.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use onus_engine::{CheckSource, SchemaSource};
use onus_inputs::document::Syntax;
use onus_model::path::{Locator, Pattern, Segment, Selector, Test};
use onus_model::plan::{Attribute, Converter, EntityType, Format, From, Plan, Shape};
use onus_model::problem::{Problem, did_you_mean};
use walkdir::WalkDir;

use crate::args::PackArgs;
use crate::cases::{self, Case, POLICY, Sort};
use crate::load::{said, shown};
use crate::near;
use crate::new::{Begun, with_begun};
use crate::output::{Stop, Terminal, not_there, settle};
use crate::packs::{self, Authored, Need};

/// Where schemas and checks are begun.
pub(crate) const FOLDER: &str = "policies";

fn stop(problem: Problem) -> Stop {
    Stop::Problems(vec![problem])
}

/// `CourierUsers` as a folder is called, `courier-users`, or with another joint.
fn folder_name(namespace: &str, joint: char) -> String {
    let mut name = String::new();
    for part in namespace.split("::") {
        if !name.is_empty() {
            name.push(joint);
        }
        let mut before = None;
        for c in part.chars() {
            if c.is_uppercase() && before.is_some_and(|b: char| b.is_lowercase()) {
                name.push(joint);
            }
            name.extend(c.to_lowercase());
            before = Some(c);
        }
    }
    name
}

/// `courier-users` as a namespace is called: `CourierUsers`.
fn namespace_name(word: &str) -> String {
    let parts = word.split(|c: char| !c.is_ascii_alphanumeric());
    parts
        .filter_map(|part| {
            let first = part.chars().next()?;
            Some(format!(
                "{}{}",
                first.to_ascii_uppercase(),
                part.get(first.len_utf8()..).unwrap_or_default()
            ))
        })
        .collect::<String>()
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .to_owned()
}

/// The format of files that are called so.
pub(crate) fn schema(
    namespace: &str,
    files: &[String],
    folder: &Path,
    packs: &PackArgs,
) -> Result<Begun, Stop> {
    let good = namespace.starts_with(|c: char| c.is_ascii_uppercase())
        && namespace.chars().all(|c| c.is_ascii_alphanumeric());
    if !good {
        let problem = Problem::error(format!(
            "`{}` is no name of a namespace",
            namespace.escape_default()
        ));
        let name = namespace_name(namespace);
        return Err(stop(problem.help(if name.is_empty() {
            "a capital letter, then letters and digits, such as `Courier`".to_owned()
        } else {
            format!("write `{name}`: a capital letter, then letters and digits")
        })));
    }
    let packs = with_begun(packs, "policies", folder);
    let authored = packs::read(&packs, &[], Need::Beginning);
    let schemas = &authored.packs.schemas;
    if let Some(known) = schema_of(schemas, namespace) {
        return Err(stop(
            Problem::error(format!("the namespace `{namespace}` is there already"))
                .help(format!("it stands in `{}`", known.text.name)),
        ));
    }
    let files: Vec<&str> = files.iter().map(|f| f.trim()).collect();
    for file in &files {
        if *file != "*" && Syntax::of(file).is_none() {
            return Err(stop(
                Problem::error(format!(
                    "nobody knows how to read `{}`",
                    file.escape_default()
                ))
                .help("names end in `.yaml`, `.yml`, `.json`, `.jsonl`, `.toml`, `.csv` or `.xml`, or are `Dockerfile` or `CODEOWNERS`"),
            ));
        }
    }
    let name = folder_name(namespace, '-');
    let record = folder_name(namespace, '_');
    let text = format!(
        "// How `{}` is read: docs/schemas.md has every annotation.
@title(\"{namespace}\")
@files(\"{}\")
@null(\"absent\")
namespace {namespace} {{
  // The clock of the run, and what can be set with `--set {record}.NAME=VALUE`.
  type Parameters = {{
    @now now: datetime,
    // @as(\"duration\") @default(\"90d\") longest: Long,
  }};

  // A thing that is worth judging: where it stands in a file, what names it, and what policies may read of it.
  @title(\"thing\")
  @each(\"$.things[*]\") @id(\"$.name\")
  entity Thing = {{
    name: String,
    // What need not be there ends in `?`.
    // size?: Long,
    // @as(\"duration\") kept?: Long,
    // @lookup(\"Other::Type[name = owner].status\") owner_status: Set<String>,
  }};

  // What policies are asked about.
  action deploy appliesTo {{
    principal: [Onus::Deployment],
    resource: [Thing],
    context: {{ {record}: Parameters }},
  }};
}}
",
        files.join("`, `"),
        files.join(", "),
    );
    Ok(Begun {
        files: vec![(
            folder.join(&name).join("schema.cedarschema"),
            text.into_bytes(),
        )],
        read: Some(("policies", folder.to_owned())),
        then: format!(
            "say what its things are; `onus list types` names them, and `onus new check ID --type {namespace}::Thing` begins a check"
        ),
    })
}

/// The schema that declares a namespace.
fn schema_of<'s>(schemas: &'s [SchemaSource], namespace: &str) -> Option<&'s SchemaSource> {
    let mut schemas = schemas.iter();
    schemas.find(|s| near::declared(&s.text.text).contains(&namespace))
}

/// What schemas say of one type.
struct Judged<'p> {
    plan: &'p Plan,
    format: &'p Format,
    of: &'p EntityType,
}

impl<'p> Judged<'p> {
    /// The type of this name; what is wrong with the schemas is told where it cannot be found.
    fn find(
        plan: &'p Plan,
        problems: Vec<Problem>,
        name: &str,
        terminal: &Terminal,
    ) -> Result<Self, Stop> {
        let judged = |of: &&EntityType| {
            let format = plan.format(of.format);
            format.is_some_and(|f| f.name != "Onus")
        };
        let types = || plan.types.iter().filter(judged);
        if let Some(of) = types().find(|t| *t.name == *name)
            && let Some(format) = plan.format(of.format)
        {
            return Ok(Self { plan, format, of });
        }
        settle(problems, terminal)?;
        let problem = Problem::error(format!("there is no type `{}`", name.escape_default()));
        if name.starts_with("Onus::") {
            return Err(stop(problem.help(
                "policies about grants name actions of a system, and no type: docs/access.md shows them",
            )));
        }
        // `Container` for `Kubernetes::Container`.
        let last = |full: &str| full.rsplit("::").next().unwrap_or_default().to_lowercase();
        let mut same: Vec<&str> = types()
            .map(|t| &*t.name)
            .filter(|full| last(full) == last(name))
            .collect();
        same.sort_unstable();
        let near = did_you_mean(name, types().map(|t| &*t.name)).map(|near| vec![near]);
        Err(stop(
            match near.or_else(|| (!same.is_empty()).then_some(same)) {
                Some(near) => problem.help(format!("did you mean `{}`?", near.join("`, `"))),
                None => problem.help(
                    "`onus list types` names them; `onus new schema` begins a format of your own",
                ),
            },
        ))
    }

    /// The action that policies about it name.
    fn action(&self) -> Result<&'p onus_model::plan::Action, Stop> {
        let id = self.plan.types.iter().position(|t| t.name == self.of.name);
        let mut actions = self.format.actions.iter();
        actions
            .find(|action| action.on.iter().any(|on| Some(usize::from(on.0)) == id))
            .ok_or_else(|| {
                let name = &self.of.name;
                let short = name.rsplit("::").next().unwrap_or_default();
                stop(
                    Problem::error(format!("no action is about `{name}`")).help(format!(
                        "add `{short}` to the `resource` of an action in the schema"
                    )),
                )
            })
    }
}

/// A check that forbids everything until somebody says what, and cases in which nothing stands.
pub(crate) fn check(
    id: &str,
    of: &str,
    file: Option<&str>,
    folder: Option<&Path>,
    packs: &PackArgs,
    terminal: &Terminal,
) -> Result<Begun, Stop> {
    let begun_in = folder.unwrap_or(Path::new(FOLDER));
    let packs = with_begun(packs, "policies", begun_in);
    let authored = packs::read(&packs::policies_alone(&packs)?, &[], Need::Tables);
    if let Some(known) = authored.packs.checks.iter().find(|c| c.id == id) {
        return Err(stop(
            Problem::error(format!("the check `{id}` is there already")).help(format!(
                "it stands in `{}`; an id is unique over all checks",
                known.policy.name
            )),
        ));
    }
    let place = folder.map_or_else(|| place(&authored, of), Path::to_owned);
    let (plan, problems) = authored.schemas();
    let judged = Judged::find(&plan, problems, of, terminal)?;
    let file = file_of(judged.format, file)?;
    let folder = place.join(id);
    let policy = policy(&judged)?;
    let mut files = vec![(folder.join(POLICY), policy.into_bytes())];
    for sort in [Sort::Pass, Sort::Fail] {
        files.push(begun(&folder, sort, sort.name(), &file, &judged, id));
    }
    Ok(Begun {
        files,
        read: Some(("policies", place)),
        then: format!(
            "say what is forbidden, and what passes and fails; `onus test {id}` tells whether it is so"
        ),
    })
}

/// Where the checks of a type are: beside its schema, or where ours would be.
fn place(authored: &Authored, of: &str) -> PathBuf {
    let namespace = of.rsplit_once("::").map_or(of, |(namespace, _)| namespace);
    schema_of(&authored.packs.schemas, namespace)
        .and_then(|schema| Path::new(&*schema.text.name).parent())
        .filter(|folder| folder.components().count() > 1)
        .map_or_else(
            || Path::new(FOLDER).join(folder_name(namespace, '-')),
            Path::to_owned,
        )
}

/// What the file of a case is called.
fn file_of(format: &Format, given: Option<&str>) -> Result<String, Stop> {
    let patterns: Vec<&str> = format
        .files
        .iter()
        .map(|pattern| pattern.split('#').next().unwrap_or(pattern))
        .collect();
    let Some(given) = given else {
        // A whole file with a name of its own is the plainest case.
        let whole = || format.files.iter().filter(|p| !p.contains('#'));
        let named = whole().find(|p| !p.contains('*'));
        let first = named.or_else(|| whole().next()).map(String::as_str);
        let first = first.or_else(|| patterns.first().copied());
        return Ok(match first {
            None | Some("*") => "*.yaml".to_owned(),
            Some(first) => first.to_owned(),
        });
    };
    if patterns.iter().any(|p| fits(p, given)) {
        return Ok(given.to_owned());
    }
    let problem = Problem::error(format!(
        "`{}` is no file of {}",
        given.escape_default(),
        format.title
    ));
    Err(stop(match did_you_mean(given, patterns.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("its files are `{}`", patterns.join("`, `"))),
    }))
}

/// Whether a file is called as a pattern says.
fn fits(pattern: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    if pattern.contains('/') {
        Pattern::new(pattern).matches(path) || Pattern::new(&format!("*/{pattern}")).matches(path)
    } else {
        Pattern::new(pattern).matches(name)
    }
}

fn policy(judged: &Judged<'_>) -> Result<String, Stop> {
    let action = judged.action()?;
    let name = &judged.of.name;
    let mut can = Vec::new();
    readable(&judged.of.attributes, "resource", judged.plan, &mut can);
    if judged.of.tags.is_some() {
        can.push(("resource.hasTag(\"name\")".to_owned(), "tags".to_owned()));
    }
    readable(&action.context, "context", judged.plan, &mut can);
    let width = can.iter().map(|(path, _)| path.len()).max().unwrap_or(0);
    let mut text =
        format!("// What a policy can read of `{name}`; ask with `has` for what ends in `?`.\n");
    for (path, what) in &can {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "//   {path:width$}  {what}");
    }
    let _ = write!(
        text,
        "@title(\"TODO: what is demanded\")
@severity(\"medium\")
@help(\"TODO: what to do about it\")
forbid (principal, action == {}, resource is {name})
when {{
  // Everything is forbidden until a condition stands here.
  true
}};
",
        action.name
    );
    Ok(text)
}

/// What policies can read, and what it is.
fn readable(attributes: &[Attribute], from: &str, plan: &Plan, into: &mut Vec<(String, String)>) {
    for attribute in attributes {
        let may = if attribute.required { "" } else { "?" };
        let path = format!("{from}.{}{may}", attribute.name);
        match &attribute.shape {
            Shape::Record(members) => readable(members, &path, plan, into),
            shape => {
                let note = match (&attribute.from, shape) {
                    (From::Lookup(_), _) => ", what others say",
                    (From::Count(_), _) => ", how many",
                    (_, Shape::Converted(Converter::Duration)) => ", in milliseconds",
                    (_, Shape::Converted(Converter::Quantity)) => ", in thousandths",
                    (_, Shape::Converted(Converter::Billionths)) => ", in billionths",
                    _ => "",
                };
                into.push((path, format!("{}{note}", cedar(shape, plan))));
            }
        }
    }
}

/// The type that Cedar knows it by.
fn cedar(shape: &Shape, plan: &Plan) -> String {
    match shape {
        Shape::Bool => "Bool".to_owned(),
        Shape::Long => "Long".to_owned(),
        Shape::String | Shape::Text => "String".to_owned(),
        Shape::Set(element) => format!("Set<{}>", cedar(element, plan)),
        Shape::Record(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|m| {
                    let may = if m.required { "" } else { "?" };
                    format!("{}{may}: {}", m.name, cedar(&m.shape, plan))
                })
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Shape::Entity(id) => plan
            .entity_type(*id)
            .map_or_else(String::new, |t| t.name.to_string()),
        Shape::Converted(converter) => match converter {
            Converter::Quantity
            | Converter::Duration
            | Converter::Billionths
            | Converter::Integer => "Long".to_owned(),
            Converter::Cidr => "ipaddr".to_owned(),
            Converter::Date => "datetime".to_owned(),
            Converter::Switch => "Bool".to_owned(),
            Converter::Host => "String".to_owned(),
            Converter::Variables | Converter::Metrics | Converter::Names => {
                "Set<String>".to_owned()
            }
            Converter::Image
            | Converter::Version
            | Converter::Url
            | Converter::Port
            | Converter::Assignment
            | Converter::Promql
            | Converter::Action => format!("{{ {} }}", converter.members().join(", ")),
        },
    }
}

/// A case in which nothing stands yet: a file, or a folder where the name of the file matters.
fn begun(
    folder: &Path,
    sort: Sort,
    name: &str,
    file: &str,
    judged: &Judged<'_>,
    check: &str,
) -> (PathBuf, Vec<u8>) {
    let extension = file.rsplit_once('.').map_or("yaml", |(_, e)| e);
    let own = format!("{name}.{extension}");
    let path = if judged.format.files.iter().any(|p| fits(p, &own)) {
        folder.join(own)
    } else {
        folder.join(name).join(concrete(file))
    };
    (path, skeleton(sort, file, judged, check).into_bytes())
}

/// A name that a pattern fits: `compose.yaml` for `compose*.yaml`, and `example.yaml` for `*.yaml`.
fn concrete(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| match part.strip_prefix('*') {
        Some(rest) => format!("example{}", rest.replace('*', "")),
        None => part.replace('*', ""),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What could stand in a case, as a comment, where the syntax has such.
fn skeleton(sort: Sort, file: &str, judged: &Judged<'_>, check: &str) -> String {
    let lines = Example { judged }.lines();
    match Syntax::of(file) {
        Some(Syntax::Csv) => Example { judged }.header(),
        Some(Syntax::Yaml | Syntax::Toml) => {
            let does = match sort {
                Sort::Pass => "passes",
                Sort::Fail => "fails",
            };
            let mut text = format!(
                "# Write here what {does}; `onus test {check}` judges it. What the schema looks for{}\n",
                if Syntax::of(file) == Some(Syntax::Yaml) && !lines.is_empty() {
                    ":"
                } else {
                    " is in the policy."
                }
            );
            if Syntax::of(file) == Some(Syntax::Yaml) {
                for line in lines {
                    let _ = writeln!(text, "#{line}");
                }
            }
            text
        }
        _ => String::new(),
    }
}

/// What a type may look like in a file.
struct Example<'e, 'p> {
    judged: &'e Judged<'p>,
}

impl Example<'_, '_> {
    /// The names of the columns.
    fn header(&self) -> String {
        let members = members(&self.judged.of.attributes);
        let names: Vec<&str> = members.map(|m| m.name.as_str()).collect();
        if names.is_empty() {
            return String::new();
        }
        format!("{}\n", names.join(","))
    }

    /// From the object down: the members and lists that lead to the thing, and what it has.
    fn lines(&self) -> Vec<String> {
        let mut chain = vec![self.judged.of];
        while let Some(parent) = chain
            .last()
            .and_then(|t| t.parent)
            .and_then(|id| self.judged.plan.entity_type(id))
        {
            chain.push(parent);
        }
        let mut lines = Vec::new();
        let mut depth = Vec::new();
        for of in chain.iter().rev() {
            let Some(Locator { guards, path, .. }) = of.each.first() else {
                return Vec::new();
            };
            for guard in guards {
                if let (Test::OneOf(one), [name]) = (&guard.test, guard.path.as_slice())
                    && let Some(first) = one.first()
                {
                    lines.push(format!("{name}: {}", first.text()));
                }
            }
            for segment in &path.segments {
                let (Segment::Child(selectors) | Segment::Descendant(selectors)) = segment;
                match selectors.first() {
                    Some(Selector::Name(name)) => depth.push(Step::Member(name.clone())),
                    Some(
                        Selector::Wildcard
                        | Selector::Filter(_)
                        | Selector::Index(_)
                        | Selector::Slice { .. },
                    ) => {
                        let keyed = of
                            .attributes
                            .iter()
                            .any(|a| a.from == From::Key && a.shape != Shape::Long);
                        depth.push(if keyed && of.id.is_none() {
                            Step::Member("name".to_owned())
                        } else {
                            Step::Element
                        });
                    }
                    None => return Vec::new(),
                }
            }
        }
        let mut indent = String::new();
        let mut lead = String::new();
        for step in depth {
            match step {
                Step::Member(name) => {
                    lines.push(format!("{indent}{lead}{name}:"));
                    indent.push_str(if lead.is_empty() { "  " } else { "    " });
                    lead.clear();
                }
                Step::Element => {
                    indent.push_str(if lead.is_empty() { "" } else { "  " });
                    "- ".clone_into(&mut lead);
                }
            }
        }
        let before = lines.len();
        for member in members(&self.judged.of.attributes) {
            nest(member, &indent, &lead, &mut lines);
            if !lead.is_empty() {
                indent.push_str("  ");
                lead.clear();
            }
        }
        if lines.len() == before {
            // The thing is a value itself.
            let whole = self.judged.of.attributes.iter();
            let mut whole =
                whole.filter(|a| matches!(&a.from, From::Path(p) if p.segments.is_empty()));
            let own = whole
                .next()
                .map_or_else(|| "text".to_owned(), |a| value(&a.shape));
            match lines.last_mut() {
                Some(last) if lead.is_empty() => {
                    last.push(' ');
                    last.push_str(&own);
                }
                _ => lines.push(format!("{indent}{lead}{own}")),
            }
        }
        lines
    }
}

/// The attributes that are members of the thing itself.
fn members(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|a| matches!(a.from, From::Member))
}

/// A member with a value that it could have; what stands in it goes on lines of its own.
fn nest(member: &Attribute, indent: &str, lead: &str, lines: &mut Vec<String>) {
    let name = &member.name;
    match &member.shape {
        Shape::Record(inner) => {
            lines.push(format!("{indent}{lead}{name}:"));
            let deeper = format!("{indent}{}  ", " ".repeat(lead.len()));
            for member in members(inner) {
                nest(member, &deeper, "", lines);
            }
        }
        shape => lines.push(format!("{indent}{lead}{name}: {}", value(shape))),
    }
}

/// A step from the object to a thing.
enum Step {
    Member(String),
    Element,
}

/// A value of a shape, as YAML.
fn value(shape: &Shape) -> String {
    match shape {
        Shape::Bool => "true".to_owned(),
        Shape::Long => "1".to_owned(),
        Shape::String | Shape::Text | Shape::Entity(_) => "text".to_owned(),
        Shape::Set(element) => format!("[{}]", value(element)),
        Shape::Record(inner) => {
            let inner: Vec<String> = members(inner)
                .map(|m| format!("{}: {}", m.name, value(&m.shape)))
                .collect();
            format!("{{{}}}", inner.join(", "))
        }
        Shape::Converted(converter) => match converter {
            Converter::Image => "registry.example.com/name:1.2.3",
            Converter::Version => "'1.2'",
            Converter::Quantity => "250m",
            Converter::Duration => "90s",
            Converter::Cidr => "192.0.2.0/24",
            Converter::Date => "2026-01-20",
            Converter::Url | Converter::Host => "https://www.example.com/",
            Converter::Port => "127.0.0.1:8080:80",
            Converter::Assignment => "NAME=value",
            Converter::Variables => "'${NAME}'",
            Converter::Billionths => "0.5",
            Converter::Integer => "'1'",
            Converter::Switch => "yes",
            Converter::Promql | Converter::Metrics => "sum(rate(metric[5m])) > 5",
            Converter::Action => "owner/repository@ref",
            Converter::Names => "[name]",
        }
        .to_owned(),
    }
}

/// One more case: a copy of one that is judged the other way, which is wrong until somebody edits it.
pub(crate) fn case(
    check: &str,
    name: &str,
    file: Option<&str>,
    packs: &PackArgs,
    terminal: &Terminal,
) -> Result<Begun, Stop> {
    let Some(sort) = Sort::of(name) else {
        return Err(stop(
            Problem::error(format!(
                "`{name}` says neither that it passes nor that it fails"
            ))
            .help(format!("call it `pass-{name}` or `fail-{name}`")),
        ));
    };
    let name = name.split('.').next().unwrap_or(name);
    let packs = with_begun(packs, "policies", Path::new(FOLDER));
    let authored = packs::read(&packs::policies_alone(&packs)?, &[], Need::Tables);
    let named = [check.to_owned()];
    let own = cases::own(&authored.packs.checks, &named).map_err(Stop::Problems)?;
    let Some(own) = own.first().copied().cloned() else {
        return Err(stop(packs::no_such("check", check, std::iter::empty())));
    };
    let folder = cases::folder_of(&own);
    let there = cases::of(&folder).map_err(stop)?;
    if let Some(known) = there
        .iter()
        .find(|c| c.name.split('.').next() == Some(name))
    {
        not_there(&known.path)?;
    }
    let like = there.iter().find(|c| c.sort == sort.other());
    if let (Some(like), None) = (like, file) {
        return Ok(Begun {
            files: copied(like, &folder, name)?,
            read: None,
            then: format!(
                "it is a copy of `{}`: make the edit that turns it, and `onus test {check}` tells whether it does",
                like.name
            ),
        });
    }
    let (plan, problems) = authored.schemas();
    let of = judged_by(&own);
    let judged = Judged::find(&plan, problems, of, terminal)?;
    let file = file_of(judged.format, file)?;
    Ok(Begun {
        files: vec![begun(&folder, sort, name, &file, &judged, check)],
        read: None,
        then: format!("fill it in, and `onus test {check}` tells whether it is as its name says"),
    })
}

/// The type in the scope of the first policy.
fn judged_by(check: &CheckSource) -> &str {
    let text = &*check.policy.text;
    let after = text.split("resource is ").nth(1).unwrap_or_default();
    after
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':')
        .next()
        .unwrap_or_default()
}

/// The files of a case under another name.
fn copied(like: &Case, folder: &Path, name: &str) -> Result<Vec<(PathBuf, Vec<u8>)>, Stop> {
    let read = |path: &Path| {
        fs::read(path).map_err(|error| {
            stop(Problem::error(format!(
                "cannot read `{}`: {}",
                shown(path),
                said(&error)
            )))
        })
    };
    if like.path.is_file() {
        let extension = like.name.split_once('.').map(|(_, e)| format!(".{e}"));
        let path = folder.join(format!("{name}{}", extension.unwrap_or_default()));
        return Ok(vec![(path, read(&like.path)?)]);
    }
    let entries = WalkDir::new(&like.path).sort_by_file_name().into_iter();
    let files = entries
        .filter_map(Result::ok)
        .filter(|e| e.file_type().is_file());
    let files: Vec<_> = files
        .map(|entry| {
            let inside = entry
                .path()
                .strip_prefix(&like.path)
                .unwrap_or(entry.path());
            Ok((folder.join(name).join(inside), read(entry.path())?))
        })
        .collect::<Result<_, Stop>>()?;
    Ok(files)
}
