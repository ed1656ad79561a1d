//! Dockerfiles (Dockerfile reference; what the reference leaves open, as BuildKit reads it).
//!
//! The document is `{args: [{name, default?}], stages: [{image, source, name?, platform?, instructions: […], user?,
//! healthcheck?}]}`. Variables are resolved where something is built from them, by their defaults: what has none is known only
//! when the image is built, and is open.

mod lines;
mod words;

use std::collections::BTreeMap;

use onus_model::source::Span;

use self::lines::{Announced, Lines};
use self::words::{Found, LONGEST};
use super::build::{Builder, Properties};
use super::folded::Folded;
use super::node::{NodeId, Style, Tag};
use super::shell::{self, Command, Word};
use super::{Failure, FailureKind};

/// Nobody writes a larger one, and it comes to many times its size.
const LARGEST: usize = 2 << 20;

/// From how many stages, one made from the other, variables are taken.
const STAGES: usize = 64;

/// What may stand at the beginning of a line, beside `FROM`.
const INSTRUCTIONS: [&str; 17] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Variables that a build sets by itself.
const OF_BUILD: [&str; 8] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
];

/// Whether a file of this name is a Dockerfile: `Dockerfile`, `Dockerfile.web`, `web.Dockerfile`, and the same with `Containerfile`.
/// What stands beside one, such as `Dockerfile.dockerignore`, is none.
pub(super) fn is_named(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let beside = [".dockerignore", ".containerignore", ".md"];
    ["dockerfile", "containerfile"].into_iter().any(|word| {
        let rest = name.strip_prefix(word);
        rest.is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with('.') && !beside.iter().any(|end| rest.ends_with(end))
        }) || name
            .strip_suffix(word)
            .is_some_and(|rest| rest.ends_with('.'))
    })
}

/// Hands the nodes of the one document to the builder. A file without an instruction has none.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Result<(), Failure> {
    if text.len() > LARGEST {
        let reason = "more than two megabytes, which no Dockerfile needs";
        return Err(Failure::unreadable(reason, None));
    }
    let mut reader = Reader {
        text,
        lines: Lines::new(text)?,
        builder,
        globals: BTreeMap::new(),
        names: BTreeMap::new(),
        stages: Vec::new(),
        end: 0,
    };
    reader.file().map_err(|failure| reader.template(failure))
}

struct Reader<'t, 'b, 'l> {
    text: &'t str,
    lines: Lines<'t>,
    builder: &'b mut Builder<'l>,
    /// The `ARG`s before the first `FROM`, with their defaults.
    globals: BTreeMap<String, Variable>,
    /// The stages that have a name, in small letters.
    names: BTreeMap<String, usize>,
    stages: Vec<Stage>,
    /// Where the last instruction ends.
    end: usize,
}

/// What is known of a variable that the file sets.
#[derive(Clone, Debug)]
enum Variable {
    Known(String),
    Unset,
    Unknown,
}

impl Variable {
    /// Of a value; longer ones than anybody builds from are given up.
    fn of(value: Option<String>) -> Self {
        match value {
            Some(value) if value.len() <= LONGEST => Self::Known(value),
            Some(_) | None => Self::Unknown,
        }
    }

    fn found(&self) -> Found {
        match self {
            Self::Known(value) => Found::Known(value.clone()),
            Self::Unset => Found::Unset,
            Self::Unknown => Found::Unknown,
        }
    }
}

/// What later instructions and stages ask of a stage.
#[derive(Debug, Default)]
struct Stage {
    /// The stage that it is made from.
    from: Option<usize>,
    args: BTreeMap<String, Variable>,
    env: BTreeMap<String, Variable>,
    /// Its last `USER`.
    user: Option<(Option<String>, Span)>,
    /// The first word of its last `HEALTHCHECK`.
    healthcheck: Option<(String, Span)>,
    /// The nodes of the two, its own or those of the stage that it is made from.
    nodes: [Option<NodeId>; 2],
}

/// An instruction in its parts.
struct Instruction {
    /// In capitals.
    name: String,
    keyword: Span,
    flags: Vec<words::Flag>,
    /// What stands behind the flags.
    rest: Folded,
    /// `rest`, or the keyword where there is none.
    place: Span,
    /// The arguments, where they are JSON.
    json: Option<Vec<Word>>,
    /// The here-documents.
    documents: Vec<Folded>,
}

/// `name=value`, or a name alone.
struct Pair {
    name: String,
    value: Option<String>,
    /// The value, with what stands for something else.
    raw: Option<String>,
    name_at: Span,
    value_at: Span,
}

impl Reader<'_, '_, '_> {
    fn file(&mut self) -> Result<(), Failure> {
        let Some(mut line) = self.lines.instruction() else {
            return Ok(());
        };
        let start = line.at(0);
        self.begin(Style::Mapping, start)?;
        self.key("args", Span::new(start, start));
        self.begin(Style::Sequence, start)?;
        loop {
            let instruction = self.instruction(&line)?;
            match instruction.name.as_str() {
                "FROM" if self.stages.is_empty() => {
                    self.builder.end(start);
                    self.key("stages", instruction.keyword);
                    self.begin(Style::Sequence, line.at(0))?;
                    self.stage(&instruction)?;
                }
                "FROM" => {
                    self.end_stage();
                    self.stage(&instruction)?;
                }
                "ARG" if self.stages.is_empty() => self.global(&instruction)?,
                name if self.stages.is_empty() => {
                    let reason = format!("`{name}` stands before the first `FROM`");
                    return Err(Failure::unreadable(reason, Some(instruction.keyword)));
                }
                _ => {
                    self.write(&instruction)?;
                    self.keep(&instruction)?;
                }
            }
            self.end = line.whole().end as usize;
            match self.lines.instruction() {
                Some(next) => line = next,
                None => break,
            }
        }
        if self.stages.is_empty() {
            let span = Some(line.whole());
            return Err(Failure::unreadable("there is no `FROM`", span));
        }
        self.end_stage();
        self.builder.end(self.end);
        self.builder.end(self.end);
        Ok(())
    }

    /// What breaks at a sign of a template language was not meant to be read as it stands.
    fn template(&self, failure: Failure) -> Failure {
        let line = failure.span.and_then(|span| {
            let rest = self.text.get(span.start as usize..)?;
            rest.split('\n').next()
        });
        match line {
            Some(line) if is_template(line) => Failure {
                kind: FailureKind::Skipped,
                reason: "a template, not a Dockerfile".to_owned(),
                ..failure
            },
            _ => failure,
        }
    }

    fn begin(&mut self, style: Style, start: usize) -> Result<(), Failure> {
        self.builder.begin(style, false, start, Properties::NONE)
    }

    fn key(&mut self, name: &str, span: Span) {
        self.text(name, span);
    }

    fn text(&mut self, value: &str, span: Span) -> NodeId {
        self.builder
            .scalar(Style::Block, span, value, Properties::NONE)
    }

    /// A value, or what is written where it is known only when the image is built.
    fn resolved(&mut self, value: Option<&str>, raw: &str, span: Span) -> NodeId {
        if let Some(value) = value {
            return self.text(value, span);
        }
        let open = Properties {
            tag: Tag::Open,
            ..Properties::NONE
        };
        self.builder.scalar(Style::Block, span, raw, open)
    }

    /// Takes a line apart, and the here-documents behind it.
    fn instruction(&mut self, line: &Folded) -> Result<Instruction, Failure> {
        let mut instruction = parts(line)?;
        for announced in announced(&instruction) {
            instruction.documents.push(self.lines.document(&announced)?);
        }
        Ok(instruction)
    }

    /// `ARG` before the first `FROM`.
    fn global(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        for pair in self.pairs(instruction)? {
            self.pair(&pair, "default")?;
            let value = match &pair.raw {
                Some(raw) => Variable::of(self.of_globals(raw)),
                None => Variable::Unset,
            };
            self.globals.insert(pair.name, value);
        }
        Ok(())
    }

    /// A word whose variables are those before the first `FROM`.
    fn of_globals(&self, raw: &str) -> Option<String> {
        words::resolved(
            raw,
            self.lines.escape,
            &|name| match self.globals.get(name) {
                Some(variable) => variable.found(),
                None if OF_BUILD.contains(&name) => Found::Unknown,
                None => Found::Unset,
            },
        )
    }

    /// A word whose variables are those of the stage that is read.
    fn of_stage(&self, raw: &str) -> Option<String> {
        words::resolved(raw, self.lines.escape, &|name| {
            let mut stage = self.stages.last();
            let arg = stage.and_then(|stage| stage.args.get(name));
            for _ in 0..STAGES {
                let Some(of) = stage else { break };
                if let Some(variable) = of.env.get(name) {
                    return variable.found();
                }
                stage = of.from.and_then(|from| self.stages.get(from));
            }
            // What the image sets that the first stage is made from, nobody knows.
            arg.map_or(Found::Unknown, Variable::found)
        })
    }

    /// `FROM`.
    fn stage(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        let rest = &instruction.rest;
        let words = words::blanks(rest.text());
        let word = |at: usize| {
            let range = words.get(at).cloned()?;
            Some((rest.text().get(range.clone())?, rest.span(range)))
        };
        let named = word(1).is_some_and(|(word, _)| word.eq_ignore_ascii_case("as"));
        let (Some((image, image_at)), true) =
            (word(0), words.len() == 1 || words.len() == 3 && named)
        else {
            let reason = "`FROM` takes an image, or an image `AS` a name";
            return Err(Failure::unreadable(reason, Some(instruction.place)));
        };
        if is_template(image) {
            let reason = "an image's name has no braces";
            return Err(Failure::unreadable(reason, Some(image_at)));
        }
        let value = self.of_globals(image);
        let of = value.as_deref().unwrap_or(image);
        let from = self.names.get(&of.to_ascii_lowercase()).copied();
        let source = match from {
            Some(_) => "stage",
            None if of == "scratch" => "scratch",
            None => "image",
        };
        self.begin(Style::Mapping, instruction.keyword.start as usize)?;
        self.key("image", instruction.keyword);
        self.resolved(value.as_deref(), image, image_at);
        self.key("source", image_at);
        self.text(source, image_at);
        let index = self.stages.len();
        if let Some((name, span)) = word(2) {
            self.key("name", span);
            self.text(name, span);
            self.names.insert(name.to_ascii_lowercase(), index);
        }
        let platform = instruction.flags.iter().find(|f| f.name == "platform");
        if let Some(flag) = platform {
            self.key("platform", flag.span);
            self.text(flag.value.as_deref().unwrap_or_default(), flag.span);
        }
        self.stages.push(Stage {
            from,
            ..Stage::default()
        });
        self.key("instructions", instruction.keyword);
        self.begin(Style::Sequence, instruction.keyword.start as usize)?;
        Ok(())
    }

    /// Ends the stage that is read, with what holds at its end.
    fn end_stage(&mut self) {
        self.builder.end(self.end);
        let Some(index) = self.stages.len().checked_sub(1) else {
            return;
        };
        let (mut own, mut nodes) = ([None, None], [None, None]);
        if let Some(stage) = self.stages.get_mut(index) {
            let from = stage.from;
            own = [
                stage.user.take(),
                stage
                    .healthcheck
                    .take()
                    .map(|(word, span)| (Some(word), span)),
            ];
            nodes = from
                .and_then(|from| self.stages.get(from))
                .map_or(nodes, |from| from.nodes);
        }
        for (name, (own, node)) in ["user", "healthcheck"]
            .into_iter()
            .zip(own.into_iter().zip(&mut nodes))
        {
            if let Some((value, span)) = own {
                self.key(name, span);
                let raw = self.text.get(span.range()).unwrap_or_default();
                *node = Some(self.resolved(value.as_deref(), raw, span));
            } else if let Some(node) = *node {
                let span = Span::new(self.end, self.end);
                self.key(name, span);
                self.builder.again(node);
            }
        }
        if let Some(stage) = self.stages.get_mut(index) {
            stage.nodes = nodes;
        }
        self.builder.end(self.end);
    }

    /// Remembers what later instructions may ask for.
    fn keep(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        match instruction.name.as_str() {
            "ARG" | "ENV" => {
                for pair in self.pairs(instruction)? {
                    let value = match &pair.raw {
                        Some(raw) => Variable::of(self.of_stage(raw)),
                        // It is the one before the first `FROM`, if there is one.
                        None => self.globals.get(&pair.name).cloned().unwrap_or(
                            if OF_BUILD.contains(&pair.name.as_str()) {
                                Variable::Unknown
                            } else {
                                Variable::Unset
                            },
                        ),
                    };
                    if let Some(stage) = self.stages.last_mut() {
                        let of = match instruction.name.as_str() {
                            "ARG" => &mut stage.args,
                            _ => &mut stage.env,
                        };
                        of.insert(pair.name, value);
                    }
                }
            }
            "USER" if !instruction.rest.is_empty() => {
                let value = self.of_stage(instruction.rest.text());
                if let Some(stage) = self.stages.last_mut() {
                    stage.user = Some((value, instruction.place));
                }
            }
            "HEALTHCHECK" => {
                let first = words::blanks(instruction.rest.text()).into_iter().next();
                if let (Some(first), Some(stage)) = (first, self.stages.last_mut()) {
                    let word = instruction.rest.text().get(first.clone());
                    let word = word.unwrap_or_default().to_ascii_uppercase();
                    stage.healthcheck = Some((word, instruction.rest.span(first)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Hands an instruction to the builder.
    fn write(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        let Instruction {
            name,
            keyword,
            flags,
            rest,
            place,
            ..
        } = instruction;
        self.begin(Style::Mapping, keyword.start as usize)?;
        self.key("instruction", *keyword);
        self.text(name, *keyword);
        if let (Some(first), Some(last)) = (flags.first(), flags.last()) {
            let span = first.span.join(last.span);
            self.key("flags", span);
            self.begin(Style::Sequence, span.start as usize)?;
            for flag in flags {
                self.begin(Style::Mapping, flag.span.start as usize)?;
                self.key("name", flag.span);
                self.text(&flag.name, flag.span);
                if let Some(value) = &flag.value {
                    self.key("value", flag.span);
                    self.text(value, flag.span);
                }
                self.builder.end(flag.span.end as usize);
            }
            self.builder.end(span.end as usize);
        }
        let arguments = self.arguments(instruction);
        self.key("arguments", *place);
        self.begin(Style::Sequence, place.start as usize)?;
        for word in &arguments {
            self.text(word.value.text(), word.span);
        }
        self.builder.end(place.start as usize);
        self.key("text", *place);
        let mut whole = rest.text().to_owned();
        for document in &instruction.documents {
            whole = whole + "\n" + document.text();
        }
        self.text(&whole, *place);
        match name.as_str() {
            "ARG" | "ENV" | "LABEL" => {
                let pairs = self.pairs(instruction)?;
                self.key("pairs", *place);
                self.begin(Style::Sequence, place.start as usize)?;
                for pair in &pairs {
                    self.pair(pair, "value")?;
                }
                self.builder.end(place.start as usize);
            }
            "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK" | "SHELL" => {
                let (json, commands) = self.commands(instruction)?;
                self.key("form", *place);
                self.text(if json { "exec" } else { "shell" }, *place);
                if name != "SHELL" {
                    self.write_commands(&commands, *place)?;
                }
            }
            "COPY" => self.image(instruction),
            "ONBUILD" => self.trigger(instruction)?,
            _ => {}
        }
        if !instruction.documents.is_empty() {
            self.key("heredocs", *place);
            self.begin(Style::Sequence, place.start as usize)?;
            for document in &instruction.documents {
                let span = if document.is_empty() {
                    *place
                } else {
                    document.whole()
                };
                self.text(document.text(), span);
            }
            self.builder.end(place.start as usize);
        }
        self.builder.end(place.end as usize);
        Ok(())
    }

    fn arguments(&self, instruction: &Instruction) -> Vec<Word> {
        let rest = &instruction.rest;
        if let Some(words) = &instruction.json {
            return words.clone();
        }
        let parts = |ranges: Vec<std::ops::Range<usize>>| {
            let word = |range: std::ops::Range<usize>| {
                Word::new(rest.part(range.clone()), rest.span(range))
            };
            ranges.into_iter().map(word).collect()
        };
        match instruction.name.as_str() {
            _ if rest.is_empty() => Vec::new(),
            "ADD" | "COPY" | "EXPOSE" | "VOLUME" => parts(words::blanks(rest.text())),
            "ARG" | "LABEL" | "ENV" => parts(words::ranges(rest.text(), self.lines.escape).0),
            "HEALTHCHECK" => {
                let (kind, command) = kind(rest);
                let mut words = vec![Word::new(kind.clone(), kind.whole())];
                match words::json(&command) {
                    Some(Ok(json)) => words.extend(json),
                    _ if command.is_empty() => {}
                    _ => words.push(Word::new(command.clone(), command.whole())),
                }
                words
            }
            _ => vec![Word::new(rest.clone(), rest.whole())],
        }
    }

    /// Whether the arguments are a list, and the programs that are started.
    fn commands(&self, instruction: &Instruction) -> Result<(bool, Vec<Command>), Failure> {
        let backslash = self.lines.escape == '\\';
        let mut rest = instruction.rest.clone();
        let mut json = instruction.json.clone();
        if instruction.name == "HEALTHCHECK" {
            let (kind, command) = kind(&rest);
            if !kind.text().eq_ignore_ascii_case("cmd") {
                return Ok((false, Vec::new()));
            }
            json = match words::json(&command) {
                Some(Ok(words)) => Some(words),
                Some(Err(span)) => {
                    let reason = "a list of arguments holds texts alone";
                    return Err(Failure::unreadable(reason, Some(span)));
                }
                None => None,
            };
            rest = command;
        }
        if let Some(words) = json {
            return Ok((true, shell::words(words, backslash)));
        }
        let documents = instruction.documents.as_slice();
        let announced = words::announced(&rest);
        // A here-document alone is the script.
        let commands = match (announced.first(), documents.split_first()) {
            (Some(only), Some((body, others))) if only.at == rest.whole() => {
                match interpreter(body) {
                    Some(word) => shell::words(vec![word], backslash),
                    None => shell::script(body, others, backslash),
                }
            }
            _ => shell::script(&rest, documents, backslash),
        };
        Ok((false, commands))
    }

    fn write_commands(&mut self, commands: &[Command], place: Span) -> Result<(), Failure> {
        self.key("commands", place);
        self.begin(Style::Sequence, place.start as usize)?;
        for command in commands {
            let at = command.at;
            self.begin(Style::Mapping, at.start as usize)?;
            self.key("name", at);
            self.text(&command.name, at);
            self.key("arguments", at);
            self.begin(Style::Sequence, at.end as usize)?;
            for word in &command.arguments {
                self.text(word.value.text(), word.span);
            }
            self.builder.end(at.end as usize);
            if !command.feeds.is_empty() {
                self.key("feeds", at);
                self.begin(Style::Sequence, at.start as usize)?;
                for name in &command.feeds {
                    self.text(name, at);
                }
                self.builder.end(at.end as usize);
            }
            self.builder.end(at.end as usize);
        }
        self.builder.end(place.start as usize);
        Ok(())
    }

    /// The image that `COPY --from` takes from, if that is no stage.
    fn image(&mut self, instruction: &Instruction) {
        let from = instruction.flags.iter().find(|f| f.name == "from");
        let Some((flag, from)) = from.and_then(|f| Some((f, f.value.as_deref()?))) else {
            return;
        };
        let number = from.parse::<usize>().is_ok_and(|n| n < self.stages.len());
        if from.is_empty() || number || self.names.contains_key(&from.to_ascii_lowercase()) {
            return;
        }
        self.key("image", flag.span);
        let value = (!from.contains('$')).then_some(from);
        self.resolved(value, from, flag.span);
    }

    /// What `ONBUILD` lets others do.
    fn trigger(&mut self, instruction: &Instruction) -> Result<(), Failure> {
        if instruction.rest.is_empty() {
            let reason = "`ONBUILD` takes an instruction";
            return Err(Failure::unreadable(reason, Some(instruction.place)));
        }
        let mut inner = parts(&instruction.rest)?;
        if ["ONBUILD", "FROM", "MAINTAINER"].contains(&inner.name.as_str()) {
            let reason = format!("`{}` cannot stand in `ONBUILD`", inner.name);
            return Err(Failure::unreadable(reason, Some(inner.keyword)));
        }
        inner.documents.clone_from(&instruction.documents);
        self.key("trigger", inner.keyword);
        self.write(&inner)
    }

    fn pairs(&self, instruction: &Instruction) -> Result<Vec<Pair>, Failure> {
        let rest = &instruction.rest;
        let text = rest.text();
        let escape = self.lines.escape;
        let (ranges, _) = words::ranges(text, escape);
        let word = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        let old =
            instruction.name != "ARG" && ranges.first().is_some_and(|r| !word(r).contains('='));
        if old {
            let name = words::blanks(text).into_iter().next().unwrap_or(0..0);
            let value = rest.part(name.end..text.len()).trimmed();
            if value.is_empty() {
                let reason = format!("`{}` takes a name and a value", instruction.name);
                return Err(Failure::unreadable(reason, Some(instruction.place)));
            }
            return Ok(vec![Pair {
                name: word(&name).to_owned(),
                value: Some(words::unquoted(value.text(), escape)),
                raw: Some(value.text().to_owned()),
                name_at: rest.span(name),
                value_at: value.whole(),
            }]);
        }
        ranges
            .iter()
            .map(|range| {
                let written = word(range);
                let Some((name, value)) = written.split_once('=') else {
                    if instruction.name == "ARG" {
                        return Ok(Pair {
                            name: written.to_owned(),
                            value: None,
                            raw: None,
                            name_at: rest.span(range.clone()),
                            value_at: rest.span(range.clone()),
                        });
                    }
                    let shown: String = written.chars().take(40).collect();
                    let reason = format!("`{shown}` is no `name=value`");
                    return Err(Failure::unreadable(reason, Some(rest.span(range.clone()))));
                };
                let middle = range.start + name.len();
                Ok(Pair {
                    name: words::unquoted(name, escape),
                    value: Some(words::unquoted(value, escape)),
                    raw: Some(value.to_owned()),
                    name_at: rest.span(range.start..middle),
                    value_at: rest.span(middle + 1..range.end),
                })
            })
            .collect()
    }

    fn pair(&mut self, pair: &Pair, value: &str) -> Result<(), Failure> {
        self.begin(Style::Mapping, pair.name_at.start as usize)?;
        self.key("name", pair.name_at);
        self.text(&pair.name, pair.name_at);
        if let Some(text) = &pair.value {
            self.key(value, pair.name_at);
            self.text(text, pair.value_at);
        }
        self.key("words", pair.name_at);
        self.begin(Style::Sequence, pair.name_at.start as usize)?;
        for word in words::of_name(&pair.name) {
            self.text(&word, pair.name_at);
        }
        self.builder.end(pair.name_at.end as usize);
        self.builder.end(pair.value_at.end as usize);
        Ok(())
    }
}

/// Takes a line apart.
fn parts(line: &Folded) -> Result<Instruction, Failure> {
    let first = words::blanks(line.text())
        .into_iter()
        .next()
        .unwrap_or(0..0);
    let written = line.text().get(first.clone()).unwrap_or_default();
    let keyword = line.span(first.clone());
    let name = written.to_ascii_uppercase();
    if name != "FROM" && !INSTRUCTIONS.contains(&name.as_str()) {
        let shown: String = written.chars().take(40).collect();
        let reason = format!("there is no instruction `{shown}`");
        return Err(Failure::unreadable(reason, Some(keyword)));
    }
    let rest = line.part(first.end..line.text().len()).trimmed();
    let (flags, rest) = words::flags(&rest);
    let place = if rest.is_empty() {
        keyword
    } else {
        rest.whole()
    };
    let may_be_json = ["ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"];
    let json = match words::json(&rest) {
        Some(Ok(words)) if may_be_json.contains(&name.as_str()) => Some(words),
        Some(Err(span)) if may_be_json.contains(&name.as_str()) => {
            let reason = "a list of arguments holds texts alone";
            return Err(Failure::unreadable(reason, Some(span)));
        }
        _ => None,
    };
    Ok(Instruction {
        name,
        keyword,
        flags,
        rest,
        place,
        json,
        documents: Vec::new(),
    })
}

/// The here-documents that follow an instruction, or the one that it triggers.
fn announced(instruction: &Instruction) -> Vec<Announced> {
    if instruction.json.is_some() {
        return Vec::new();
    }
    match instruction.name.as_str() {
        "RUN" | "COPY" | "ADD" => words::announced(&instruction.rest),
        "ONBUILD" => match parts(&instruction.rest) {
            Ok(inner) if inner.name != "ONBUILD" => announced(&inner),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether a line has the marks of a template language.
fn is_template(line: &str) -> bool {
    ["{{", "{%", "<%"].iter().any(|mark| line.contains(mark))
}

/// The first word of a `HEALTHCHECK`, and the command behind it.
fn kind(rest: &Folded) -> (Folded, Folded) {
    let first = words::blanks(rest.text())
        .into_iter()
        .next()
        .unwrap_or(0..0);
    let command = rest.part(first.end..rest.text().len()).trimmed();
    (rest.part(first), command)
}

/// The program that a script names in its first line, if that is no shell.
fn interpreter(body: &Folded) -> Option<Word> {
    let first = body.text().split('\n').next()?.strip_prefix("#!")?;
    let mut words = words::blanks(first)
        .into_iter()
        .map(|word| word.start + 2..word.end + 2);
    let mut word = words.next()?;
    let name = |range: &std::ops::Range<usize>| {
        let whole = body.text().get(range.clone()).unwrap_or_default();
        whole.rsplit('/').next().unwrap_or(whole).to_owned()
    };
    if name(&word) == "env" {
        word = words.next()?;
    }
    let shell = ["sh", "bash", "dash", "ash", "zsh", "ksh", "fish"];
    (!shell.contains(&name(&word).as_str()))
        .then(|| Word::new(body.part(word.clone()), body.span(word)))
}

#[cfg(test)]
mod tests;
