//! Takes a shell script apart into the programs that it starts (POSIX Shell Command Language, and what shells add to it).
//!
//! Nothing is expanded and nothing is run. What matters is which programs there are, with which arguments, and to which other
//! programs their output goes: through a pipe, or as `$(…)` in the arguments. A script in a script (`sh -c '…'`) is taken
//! apart, too. Any text is taken apart somehow.

use std::collections::BTreeSet;
use std::ops::Range;

use onus_model::source::Span;

use super::folded::Folded;

/// Scripts in scripts, and groups in groups, this deep.
const DEEPEST: usize = 16;

/// To how many programs the output of one can be told to go.
const FEEDS: usize = 16;

/// A program that is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// What it is called, without its folder.
    pub(super) name: String,
    /// Where that stands.
    pub(super) at: Span,
    /// What it is given.
    pub(super) arguments: Vec<Word>,
    /// The programs that its output goes to, over others too.
    pub(super) feeds: BTreeSet<String>,
}

/// A word as the program gets it, but for what stands in it in place of something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) value: Folded,
    /// Where it stands, quotes included.
    pub(super) span: Span,
    /// The parts of the value that stand for the output of a program.
    cuts: Vec<Range<usize>>,
    /// It has no quotes and nothing that stands for something else.
    literal: bool,
}

impl Word {
    /// A word without quotes.
    pub(super) fn new(value: Folded, span: Span) -> Self {
        Self {
            value,
            span,
            cuts: Vec::new(),
            literal: false,
        }
    }

    fn is(&self, literally: &str) -> bool {
        self.literal && self.value.text() == literally
    }

    /// The value without the output of programs, to be taken for a script: they have run before it is one.
    fn script(&self) -> Folded {
        let mut script = Folded::default();
        let mut from = 0;
        for cut in &self.cuts {
            let part = self.value.part(from..cut.start);
            script.push(part.text(), part.at(0));
            from = cut.end;
        }
        if from == 0 {
            return self.value.clone();
        }
        let part = self.value.part(from..self.value.text().len());
        script.push(part.text(), part.at(0));
        script
    }

    /// Whether it sets a variable.
    fn assigns(&self) -> bool {
        let text = self.value.text();
        text.split_once('=').is_some_and(|(name, _)| {
            let name = name.strip_suffix('+').unwrap_or(name);
            let mut signs = name.chars();
            signs
                .next()
                .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                && signs.all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
    }
}

/// The programs that a script starts, in the order of the text. `documents` are what its here-documents hold, where they do not
/// stand in it. Without `backslash` that sign means nothing, as in the shells of Windows.
pub(super) fn script(text: &Folded, documents: &[Folded], backslash: bool) -> Vec<Command> {
    let mut parser = Parser::new(backslash);
    parser.script(text, None, 0);
    let shell = parser.drafts.iter().position(|d| d.is_shell());
    if let Some(shell) = shell {
        for document in documents {
            parser.script(document, Some((shell, Way::Beside)), 0);
        }
    }
    parser.finish()
}

/// The programs that are started where the words are given one by one.
pub(super) fn words(words: Vec<Word>, backslash: bool) -> Vec<Command> {
    let mut parser = Parser::new(backslash);
    let draft = parser.draft(None);
    if let Some(draft) = parser.drafts.get_mut(draft) {
        draft.words = words;
    }
    parser.command(draft, &mut Vec::new(), 0);
    parser.finish()
}

/// How the output of a program gets to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It stands in its words.
    Words,
    /// It goes where the output of the other one goes.
    Beside,
}

#[derive(Debug)]
struct Draft {
    words: Vec<Word>,
    /// The program in whose words it stands.
    parent: Option<(usize, Way)>,
    /// The program that it starts in its place: `sudo`.
    starts: Option<usize>,
    feeds: BTreeSet<String>,
    /// It is no program: `for`, a pattern of `case`.
    word_of_shell: bool,
}

impl Draft {
    fn name(&self) -> Option<&str> {
        if self.word_of_shell {
            return None;
        }
        let whole = self.words.first()?.value.text();
        let name = whole.rsplit('/').next().unwrap_or(whole);
        Some(if name.is_empty() { whole } else { name })
    }

    fn is_shell(&self) -> bool {
        self.name().is_some_and(|name| SHELLS.contains(&name))
    }
}

const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish"];

/// Words before which or behind which a command stands.
const RESERVED: [&str; 14] = [
    "if", "then", "else", "elif", "fi", "while", "until", "do", "done", "esac", "!", "time",
    "coproc", "in",
];

/// Words that no command follows.
const NO_COMMAND: [&str; 5] = ["for", "case", "select", "function", "[["];

/// A program that starts the one that is named behind it.
struct Starter {
    name: &'static str,
    /// Options that have a value of their own.
    valued: &'static [&'static str],
    /// Words before the program's name that are no options.
    skips: usize,
}

const fn starter(name: &'static str, valued: &'static [&'static str], skips: usize) -> Starter {
    Starter {
        name,
        valued,
        skips,
    }
}

const STARTERS: [Starter; 20] = [
    starter(
        "sudo",
        &[
            "-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R",
        ],
        0,
    ),
    starter("doas", &["-u", "-C"], 0),
    starter("env", &["-u", "-C", "-S"], 0),
    starter("exec", &["-a"], 0),
    starter("command", &[], 0),
    starter("builtin", &[], 0),
    starter("nohup", &[], 0),
    starter("setsid", &[], 0),
    starter("nice", &["-n"], 0),
    starter("ionice", &["-c", "-n"], 0),
    starter("stdbuf", &["-i", "-o", "-e"], 0),
    starter("timeout", &["-k", "-s"], 1),
    starter(
        "xargs",
        &["-n", "-P", "-I", "-L", "-d", "-E", "-s", "-a"],
        0,
    ),
    starter("gosu", &[], 1),
    starter("su-exec", &[], 1),
    starter("setpriv", &[], 0),
    starter("chroot", &[], 1),
    starter("tini", &["-e", "-p"], 0),
    starter("dumb-init", &[], 0),
    starter("busybox", &[], 0),
];

struct Parser {
    backslash: bool,
    drafts: Vec<Draft>,
}

/// What is around the command that is read.
#[derive(Default)]
struct Frame {
    /// The parts of the pipeline so far.
    pipeline: Vec<Vec<usize>>,
    /// The programs of the part that is read.
    part: Vec<usize>,
    /// All programs since the group began.
    all: Vec<usize>,
    /// Whether a brace ends the group, and not a parenthesis.
    brace: bool,
}

/// A here-document whose lines have not been met.
struct Waiting {
    end: String,
    tabs: bool,
    of: Option<usize>,
}

impl Parser {
    fn new(backslash: bool) -> Self {
        Self {
            backslash,
            drafts: Vec::new(),
        }
    }

    fn draft(&mut self, parent: Option<(usize, Way)>) -> usize {
        self.drafts.push(Draft {
            words: Vec::new(),
            parent,
            starts: None,
            feeds: BTreeSet::new(),
            word_of_shell: false,
        });
        self.drafts.len() - 1
    }

    fn script(&mut self, source: &Folded, parent: Option<(usize, Way)>, depth: usize) {
        if depth >= DEEPEST {
            return;
        }
        let text = source.text();
        let mut at = 0;
        let mut frames = vec![Frame::default()];
        let mut ignored = 0_usize;
        let mut current: Option<usize> = None;
        let mut redirected = false;
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut inside: Vec<(usize, Range<usize>)> = Vec::new();
        while let Some(sign) = next(text, at) {
            let ahead = text.get(at..).unwrap_or_default();
            let second = ahead.chars().nth(1);
            match sign {
                '\n' => {
                    self.end(&mut current, &mut frames, true, depth);
                    redirected = false;
                    at += 1;
                    for document in std::mem::take(&mut waiting) {
                        let (body, after) = self.document(source, at, &document);
                        at = after;
                        let of = document
                            .of
                            .filter(|of| self.drafts.get(*of).is_some_and(Draft::is_shell));
                        if let Some(of) = of {
                            self.script(&body, Some((of, Way::Beside)), depth + 1);
                        }
                    }
                }
                _ if sign.is_whitespace() => at += sign.len_utf8(),
                '\\' if self.backslash && second == Some('\n') => at += 2,
                '#' => at += ahead.find('\n').unwrap_or(ahead.len()),
                ';' => {
                    self.end(&mut current, &mut frames, true, depth);
                    redirected = false;
                    at += 1;
                }
                '&' if second == Some('>') => {
                    redirected = true;
                    at += 2;
                }
                '&' => {
                    self.end(&mut current, &mut frames, true, depth);
                    redirected = false;
                    at += 1;
                }
                '|' => {
                    let or = second == Some('|');
                    self.end(&mut current, &mut frames, or, depth);
                    redirected = false;
                    at += 1 + usize::from(or || second == Some('&'));
                }
                '(' if ahead.starts_with("((") && current.is_none() => {
                    at += closing(text, at + 1, self.backslash) + 1 - at;
                }
                '(' => {
                    let defines = second == Some(')');
                    if let (Some(of), true) = (current, defines) {
                        if let Some(draft) = self.drafts.get_mut(of) {
                            draft.word_of_shell = true;
                        }
                        current = None;
                        at += 2;
                        continue;
                    }
                    self.end(&mut current, &mut frames, false, depth);
                    undo_part(&mut frames);
                    if frames.len() < DEEPEST {
                        frames.push(Frame::default());
                    } else {
                        ignored += 1;
                    }
                    at += 1;
                }
                ')' => {
                    if ignored > 0 {
                        ignored -= 1;
                        self.end(&mut current, &mut frames, true, depth);
                    } else if frames.len() > 1 && frames.last().is_some_and(|f| !f.brace) {
                        self.end(&mut current, &mut frames, true, depth);
                        close(&mut frames);
                    } else if let Some(of) = current.take() {
                        // What stands before it is a pattern of `case`.
                        if let Some(draft) = self.drafts.get_mut(of) {
                            draft.word_of_shell = true;
                        }
                    }
                    redirected = false;
                    at += 1;
                }
                '<' | '>' if second != Some('(') => {
                    let here = ahead.starts_with("<<") && !ahead.starts_with("<<<");
                    let length = ahead
                        .find(|c| !matches!(c, '<' | '>' | '&' | '|'))
                        .unwrap_or(ahead.len());
                    at += length.min(3);
                    redirected = true;
                    if here {
                        at = at.min(source.text().len());
                        let tabs = next(text, at) == Some('-');
                        at += usize::from(tabs);
                        while matches!(next(text, at), Some(' ' | '\t')) {
                            at += 1;
                        }
                        let (word, _, after) = self.word(source, at);
                        at = after;
                        redirected = false;
                        waiting.push(Waiting {
                            end: word.value.text().to_owned(),
                            tabs,
                            of: current,
                        });
                    }
                }
                _ => {
                    let (word, ranges, after) = self.word(source, at);
                    // Nothing may stand still.
                    at = after.max(at + sign.len_utf8());
                    let first = current
                        .and_then(|of| self.drafts.get(of))
                        .is_none_or(|draft| draft.words.is_empty());
                    if first && !redirected {
                        if word.is("{") {
                            self.end(&mut current, &mut frames, false, depth);
                            undo_part(&mut frames);
                            if frames.len() < DEEPEST {
                                frames.push(Frame {
                                    brace: true,
                                    ..Frame::default()
                                });
                            }
                            continue;
                        }
                        if word.is("}") {
                            self.end(&mut current, &mut frames, true, depth);
                            if frames.len() > 1 && frames.last().is_some_and(|f| f.brace) {
                                close(&mut frames);
                            }
                            continue;
                        }
                        if RESERVED.iter().any(|reserved| word.is(reserved)) {
                            continue;
                        }
                    }
                    let of = *current.get_or_insert_with(|| self.draft(parent));
                    inside.extend(ranges.into_iter().map(|range| (of, range)));
                    if std::mem::take(&mut redirected) {
                        continue;
                    }
                    let descriptor = matches!(next(text, at), Some('<' | '>'))
                        && word.literal
                        && word.value.text().bytes().all(|b| b.is_ascii_digit());
                    if descriptor || first && word.assigns() {
                        continue;
                    }
                    if let Some(draft) = self.drafts.get_mut(of) {
                        if first && NO_COMMAND.iter().any(|reserved| word.is(reserved)) {
                            draft.word_of_shell = true;
                        }
                        draft.words.push(word);
                    }
                }
            }
        }
        self.end(&mut current, &mut frames, true, depth);
        while frames.len() > 1 {
            close(&mut frames);
            self.end(&mut current, &mut frames, true, depth);
        }
        for (of, range) in inside {
            let part = source.part(range);
            self.script(&part, Some((of, Way::Words)), depth + 1);
        }
    }

    /// Ends the command that is read, and with it the part of its pipeline or the pipeline.
    fn end(
        &mut self,
        current: &mut Option<usize>,
        frames: &mut [Frame],
        pipeline: bool,
        depth: usize,
    ) {
        let Some(frame) = frames.last_mut() else {
            return;
        };
        if let Some(of) = current.take() {
            frame.part.push(of);
            self.command(of, &mut frame.part, depth);
        }
        let part = std::mem::take(&mut frame.part);
        frame.all.extend(&part);
        frame.pipeline.push(part);
        if !pipeline {
            return;
        }
        let parts = std::mem::take(&mut frame.pipeline);
        let mut later: BTreeSet<String> = BTreeSet::new();
        for part in parts.iter().rev() {
            for of in part {
                if let Some(draft) = self.drafts.get_mut(*of) {
                    draft.feeds.extend(later.iter().cloned());
                }
            }
            for of in part {
                if let Some(name) = self.drafts.get(*of).and_then(Draft::name)
                    && later.len() < FEEDS
                {
                    later.insert(name.to_owned());
                }
            }
        }
    }

    /// Looks into a command that is read whole: at what it starts in its place, and at the script that it is given.
    fn command(&mut self, of: usize, part: &mut Vec<usize>, depth: usize) {
        let mut of = of;
        for _ in 0..DEEPEST {
            let Some(draft) = self.drafts.get(of) else {
                return;
            };
            let Some(name) = draft.name() else { return };
            if let Some(script) = given_script(name, &draft.words).map(Word::script) {
                self.script(&script, Some((of, Way::Beside)), depth + 1);
                return;
            }
            let Some(starter) = STARTERS.iter().find(|s| s.name == name) else {
                return;
            };
            let Some(words) = started(starter, &draft.words).map(<[Word]>::to_vec) else {
                return;
            };
            let inner = self.draft(draft.parent);
            if let Some(draft) = self.drafts.get_mut(inner) {
                draft.words = words;
            }
            if let Some(draft) = self.drafts.get_mut(of) {
                draft.starts = Some(inner);
            }
            part.push(inner);
            of = inner;
        }
    }

    /// The lines of a here-document from a place on, and where they end.
    fn document(&self, source: &Folded, from: usize, document: &Waiting) -> (Folded, usize) {
        let text = source.text();
        let mut body = Folded::default();
        let mut at = from;
        for line in text.get(from..).unwrap_or_default().split_inclusive('\n') {
            let start = at;
            at += line.len();
            let tabs = if document.tabs {
                line.len() - line.trim_start_matches('\t').len()
            } else {
                0
            };
            let shown = line.get(tabs..).unwrap_or_default();
            if shown.trim_end_matches(['\r', '\n']) == document.end {
                break;
            }
            body.push(shown, source.at(start + tabs));
        }
        (body, at)
    }

    /// A word from a place on, the parts of the source that hold programs, and where it ends.
    fn word(&self, source: &Folded, from: usize) -> (Word, Vec<Range<usize>>, usize) {
        let text = source.text();
        let mut value = Folded::default();
        let mut cuts = Vec::new();
        let mut ranges = Vec::new();
        let mut literal = true;
        let mut at = from;
        // Whether the place is between double quotes.
        let mut quoted = false;
        while let Some(sign) = next(text, at) {
            let ahead = text.get(at..).unwrap_or_default();
            let second = ahead.chars().nth(1);
            let mut whole = |to: usize, program: Option<Range<usize>>, value: &mut Folded| {
                let to = to.clamp(at, text.len());
                let start = value.text().len();
                value.push(text.get(at..to).unwrap_or_default(), source.at(at));
                if let Some(range) = program {
                    cuts.push(start..value.text().len());
                    ranges.push(range.start..range.end.clamp(range.start, text.len()));
                }
                to
            };
            match sign {
                '"' => {
                    literal = false;
                    quoted = !quoted;
                    at += 1;
                }
                '\'' if !quoted => {
                    literal = false;
                    let inner = ahead.get(1..).unwrap_or_default();
                    let end = inner.find('\'').unwrap_or(inner.len());
                    value.push(inner.get(..end).unwrap_or_default(), source.at(at + 1));
                    at += end + 2;
                }
                '\\' if self.backslash => {
                    literal = false;
                    let Some(second) = second else {
                        at += 1;
                        continue;
                    };
                    let kept = quoted && !matches!(second, '"' | '\\' | '$' | '`' | '\n');
                    if kept {
                        value.push_char(sign, source.at(at));
                    }
                    if second != '\n' {
                        value.push_char(second, source.at(at + 1));
                    }
                    at += 1 + second.len_utf8();
                }
                '$' if second == Some('\'') && !quoted => {
                    literal = false;
                    let mut end = at + 2;
                    while let Some(sign) = next(text, end).filter(|sign| *sign != '\'') {
                        end += sign.len_utf8();
                        if sign == '\\' {
                            end += next(text, end).map_or(0, char::len_utf8);
                        }
                    }
                    value.push(text.get(at + 2..end).unwrap_or_default(), source.at(at + 2));
                    at = end + 1;
                }
                '$' if ahead.starts_with("$((") => {
                    literal = false;
                    let end = closing(text, at + 2, self.backslash) + 1;
                    at = whole(end, None, &mut value);
                }
                '$' if second == Some('(') => {
                    literal = false;
                    let end = closing(text, at + 2, self.backslash);
                    at = whole(end + 1, Some(at + 2..end), &mut value);
                }
                '<' | '>' if second == Some('(') && !quoted => {
                    literal = false;
                    let end = closing(text, at + 2, self.backslash);
                    at = whole(end + 1, Some(at + 2..end), &mut value);
                }
                '`' if self.backslash => {
                    literal = false;
                    let mut end = at + 1;
                    while let Some(sign) = next(text, end).filter(|sign| *sign != '`') {
                        end += sign.len_utf8();
                        if sign == '\\' {
                            end += next(text, end).map_or(0, char::len_utf8);
                        }
                    }
                    at = whole(end + 1, Some(at + 1..end), &mut value);
                }
                '$' if second == Some('{') => {
                    literal = false;
                    let end = ahead.find('}').map_or(text.len(), |end| at + end + 1);
                    at = whole(end, None, &mut value);
                }
                ';' | '&' | '|' | '(' | ')' | '<' | '>' if !quoted => break,
                _ if sign.is_whitespace() && !quoted => break,
                _ => {
                    literal &= sign != '$';
                    value.push_char(sign, source.at(at));
                    at += sign.len_utf8();
                }
            }
        }
        let at = at.min(text.len());
        let word = Word {
            value,
            span: source.span(from..at),
            cuts,
            literal,
        };
        (word, ranges, at)
    }

    /// The programs, with everything that their output goes to.
    fn finish(mut self) -> Vec<Command> {
        for index in 0..self.drafts.len() {
            let Some((parent, into)) = self.drafts.get(index).and_then(|d| d.parent) else {
                continue;
            };
            let mut feeds = self
                .drafts
                .get(parent)
                .map(|d| d.feeds.clone())
                .unwrap_or_default();
            let mut names = (into == Way::Words).then_some(parent);
            while let Some(of) = names {
                let Some(draft) = self.drafts.get(of) else {
                    break;
                };
                feeds.extend(draft.name().map(str::to_owned));
                names = draft.starts;
            }
            if let Some(draft) = self.drafts.get_mut(index) {
                let room = FEEDS.saturating_sub(draft.feeds.len());
                draft.feeds.extend(feeds.into_iter().take(room));
            }
        }
        let mut commands: Vec<Command> = self
            .drafts
            .into_iter()
            .filter_map(|draft| {
                let name = draft.name()?.to_owned();
                let mut words = draft.words.into_iter();
                let first = words.next()?;
                Some(Command {
                    name,
                    at: first.span,
                    arguments: words.collect(),
                    feeds: draft.feeds,
                })
            })
            .collect();
        commands.sort_by_key(|command| command.at);
        commands
    }
}

/// A group is a part of a pipeline: the empty one before it goes.
fn undo_part(frames: &mut [Frame]) {
    if let Some(frame) = frames.last_mut()
        && frame.pipeline.last().is_some_and(Vec::is_empty)
    {
        frame.pipeline.pop();
    }
}

/// Ends a group: its programs are a part of the pipeline around it.
fn close(frames: &mut Vec<Frame>) {
    if let Some(group) = frames.pop()
        && let Some(frame) = frames.last_mut()
    {
        frame.part.extend(group.all);
    }
}

fn next(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// Where the parenthesis that is open at a place is closed; the end of the text, if it is not.
fn closing(text: &str, from: usize, backslash: bool) -> usize {
    let mut open = vec![b'('];
    let mut at = from;
    while let Some(sign) = next(text, at) {
        let quoted = open.last() == Some(&b'"');
        match sign {
            '\\' if backslash => {
                at += 1;
                at += next(text, at).map_or(0, char::len_utf8);
                continue;
            }
            '"' if quoted => {
                open.pop();
            }
            '"' => open.push(b'"'),
            '\'' if !quoted => {
                let inner = text.get(at + 1..).unwrap_or_default();
                at += 1 + inner.find('\'').unwrap_or(inner.len());
            }
            '(' if !quoted || text.get(..at).is_some_and(|t| t.ends_with('$')) => open.push(b'('),
            ')' if !quoted => {
                open.pop();
                if open.is_empty() {
                    return at;
                }
            }
            _ => {}
        }
        at += sign.len_utf8();
    }
    text.len()
}

/// The word that a shell takes for a script.
fn given_script<'w>(name: &str, words: &'w [Word]) -> Option<&'w Word> {
    let mut arguments = words.iter().skip(1);
    match name {
        "eval" => arguments.next(),
        "su" => {
            arguments.find(|w| matches!(w.value.text(), "-c" | "--command"))?;
            arguments.next()
        }
        _ if SHELLS.contains(&name) => {
            let mut script = false;
            while let Some(word) = arguments.next() {
                let text = word.value.text();
                if !text.starts_with(['-', '+']) || text.len() < 2 {
                    return script.then_some(word);
                }
                if text.starts_with("--") {
                    continue;
                }
                script |= text.contains('c');
                // `-o pipefail`: the name of what is switched on.
                if text.ends_with(['o', 'O']) {
                    arguments.next();
                }
            }
            None
        }
        _ => None,
    }
}

/// The words of the program that another one starts.
fn started<'w>(starter: &Starter, words: &'w [Word]) -> Option<&'w [Word]> {
    let mut skips = starter.skips;
    let mut rest = words.get(1..)?;
    while let Some((first, after)) = rest.split_first() {
        let text = first.value.text();
        if text == "--" {
            return after.get(skips..).filter(|rest| !rest.is_empty());
        }
        if text.len() > 1 && text.starts_with('-') {
            let value = usize::from(starter.valued.contains(&text));
            rest = after.get(value..).unwrap_or_default();
        } else if starter.name == "env" && first.assigns()
            || starter.name == "sudo" && first.assigns()
        {
            rest = after;
        } else if skips > 0 {
            skips -= 1;
            rest = after;
        } else {
            return Some(rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each program with its arguments and what it feeds.
    fn told(text: &str) -> Vec<String> {
        let commands = script(&Folded::of(text, 0), &[], true);
        commands
            .iter()
            .map(|command| {
                let mut line = command.name.clone();
                for word in &command.arguments {
                    line = format!("{line} [{}]", word.value.text());
                }
                if !command.feeds.is_empty() {
                    let feeds: Vec<_> = command.feeds.iter().map(String::as_str).collect();
                    line = format!("{line} > {}", feeds.join(" "));
                }
                line
            })
            .collect()
    }

    #[test]
    fn a_script_is_the_programs_that_it_starts() {
        let table: [(&str, &[&str]); 23] = [
            ("", &[]),
            (
                "apt-get update && apt-get install -y git; rm -rf /x",
                &[
                    "apt-get [update]",
                    "apt-get [install] [-y] [git]",
                    "rm [-rf] [/x]",
                ],
            ),
            ("A=1 B='x y' /usr/bin/make \"a b\"c\\ d", &["make [a bc d]"]),
            (
                "curl -fsSL https://x.example.com/i.sh | sh",
                &["curl [-fsSL] [https://x.example.com/i.sh] > sh", "sh"],
            ),
            (
                "curl x | tee f | sudo -u root -E bash -s -- -y",
                &[
                    "curl [x] > bash sudo tee",
                    "tee [f] > bash sudo",
                    "sudo [-u] [root] [-E] [bash] [-s] [--] [-y]",
                    "bash [-s] [--] [-y]",
                ],
            ),
            (
                "sh -c \"$(curl -fsSL \"https://x\")\"",
                &[
                    "sh [-c] [$(curl -fsSL \"https://x\")]",
                    "curl [-fsSL] [https://x] > sh",
                ],
            ),
            (
                "bash <(wget -qO- x)",
                &["bash [<(wget -qO- x)]", "wget [-qO-] [x] > bash"],
            ),
            ("bash <<< \"`curl x`\"", &["bash", "curl [x] > bash"]),
            ("eval $(curl x)", &["eval [$(curl x)]", "curl [x] > eval"]),
            ("V=$(curl x) && sh $V", &["curl [x]", "sh [$V]"]),
            (
                "echo \"$(curl x | tar t)\" | sh",
                &[
                    "echo [$(curl x | tar t)] > sh",
                    "curl [x] > echo sh tar",
                    "tar [t] > echo sh",
                    "sh",
                ],
            ),
            (
                "bash -ec 'curl x | sh; ls'",
                &["bash [-ec] [curl x | sh; ls]", "curl [x] > sh", "sh", "ls"],
            ),
            (
                "bash -euo pipefail -c 'curl x | sh'",
                &[
                    "bash [-euo] [pipefail] [-c] [curl x | sh]",
                    "curl [x] > sh",
                    "sh",
                ],
            ),
            (
                "if [ -f a ]; then curl x; else wget y; fi 2>/dev/null",
                &["[ [-f] [a] []]", "curl [x]", "wget [y]"],
            ),
            ("for f in a b; do curl $f >> o 2>&1; done", &["curl [$f]"]),
            (
                "case $A in x|y) curl a ;; *) wget b;; esac",
                &["curl [a]", "wget [b]"],
            ),
            (
                "(curl a; wget b) | sh",
                &["curl [a] > sh", "wget [b] > sh", "sh"],
            ),
            ("{ curl a; } | sh", &["curl [a] > sh", "sh"]),
            ("f() { curl a; }; f", &["curl [a]", "f"]),
            (
                "cat <<EOF | sh\ncurl x\nEOF\nls # curl y\n",
                &["cat > sh", "sh", "ls"],
            ),
            (
                "bash <<-'E'\n\tcurl x | sh\n\tE\nls",
                &["bash", "curl [x] > sh", "sh", "ls"],
            ),
            (
                "echo $((1 + (2))) ${A:-b c} 'it''s' | cat",
                &["echo [$((1 + (2)))] [${A:-b c}] [its] > cat", "cat"],
            ),
            ("a \\\n b &\nc &> d || e", &["a [b]", "c", "e"]),
        ];
        for (text, expect) in table {
            assert_eq!(told(text), expect, "{text:?}");
        }
    }

    #[test]
    fn every_word_stands_where_it_is_written() {
        let text = "x 'a b' \"c\\\"\" `d e` f\\ g";
        let commands = script(&Folded::of(text, 0), &[], true);
        let spans: Vec<_> = commands
            .iter()
            .flat_map(|c| c.arguments.iter())
            .map(|word| text.get(word.span.range()).unwrap())
            .collect();
        assert_eq!(spans, ["'a b'", "\"c\\\"\"", "`d e`", "f\\ g", "e"]);
    }

    #[test]
    fn here_documents_that_stand_elsewhere_are_scripts_of_a_shell() {
        let body = [Folded::of("curl x | sh\n", 9)];
        let names = |text: &str| {
            let commands = script(&Folded::of(text, 0), &body, true);
            commands.into_iter().map(|c| c.name).collect::<Vec<_>>()
        };
        assert_eq!(names("bash <<E"), ["bash", "curl", "sh"]);
        assert_eq!(names("cat <<E"), ["cat"]);
    }

    #[test]
    fn depth_costs_no_more_than_there_is() {
        for (open, close) in [
            ("(", ")"),
            ("$(", ")"),
            ("`", "`"),
            ("{ ", "; }"),
            ("sh -c \"", "\""),
        ] {
            let text = format!("{}curl x | sh{}", open.repeat(20_000), close.repeat(20_000));
            script(&Folded::of(&text, 0), &[], true);
            script(&Folded::of(&open.repeat(20_000), 0), &[], true);
        }
        let long = vec!["a"; 20_000].join("|");
        assert_eq!(script(&Folded::of(&long, 0), &[], true).len(), 20_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn any_text_is_taken_apart_and_every_place_is_in_it(
            text in "[a \n\t'\"\\\\$(){}`;&|<>#=!é-]{0,40}",
            backslash: bool,
        ) {
            for command in script(&Folded::of(&text, 0), &[], backslash) {
                prop_assert!(text.get(command.at.range()).is_some());
                for word in command.arguments {
                    prop_assert!(text.get(word.span.range()).is_some());
                    prop_assert!(text.get(word.value.whole().range()).is_some());
                }
            }
        }
    }
}
