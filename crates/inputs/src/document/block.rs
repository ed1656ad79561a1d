//! The ordinary part of YAML, which most manifests keep to, read by hand.
//!
//! It is: documents apart by bare `---` lines, comments, block mappings and sequences, plain and quoted scalars on
//! one line, flow collections on one line that hold such scalars, literal and folded scalars without an indentation
//! indicator. Anything else is a [`Doubt`], as is whatever might be an error: the whole file is then for the full
//! parser, which alone refuses files. What is read here is node for node what the full parser would have read, in a
//! tenth of the time.

use onus_model::source::Span;

use super::build::{Builder, Properties};
use super::node::Style;

/// Why a text is left to the full parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// A character that YAML refuses or that some read as a line break; `\r` too.
    Character,
    /// `...`, or what begins a line like a document marker and is more.
    Marker,
    /// A line that is indented as none before it: an error, or one more line of a scalar.
    Indentation,
    /// An anchor, alias, tag, directive, `?`, an empty key, or what no node starts with.
    Indicator,
    /// A tab in or behind a plain scalar.
    Plain,
    /// More after a value than a comment.
    Trailing,
    /// A quoted scalar of several lines, or an escape that is seldom used.
    Quotes,
    /// A flow collection that is not simple or has several lines.
    Flow,
    /// A block scalar without text, with an indentation indicator, or at the root.
    Block,
    /// A key that may be longer than keys can be.
    Key,
    /// Two braces in a row outside of quoted and block scalars, as templates have them.
    Template,
    /// Too many collections in each other.
    Depth,
}

/// What stands for the byte after the last one: no text that is read here has it.
const END: u8 = 0;

type Sure<T> = Result<T, Doubt>;

/// The longest key; the parser counts characters, up to 1024 of them.
const LONGEST_KEY: usize = 1000;

/// How deep flow collections are followed, which takes stack.
const FLOW_DEPTH: usize = 32;

/// Hands the nodes of all documents to a fresh builder. After a doubt the builder is of no use.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Sure<()> {
    if !is_printable(text) {
        return Err(Doubt::Character);
    }
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        builder,
        at: 0,
        levels: Vec::with_capacity(16),
        root: Root::None,
        passed: Passed {
            start: 0,
            end: 0,
            style: Style::Plain,
            verbatim: true,
        },
        value: String::new(),
    };
    while reader.at < reader.bytes.len() {
        reader.line()?;
    }
    reader.end_document();
    Ok(())
}

fn is_printable(text: &str) -> bool {
    // Without a branch, for many bytes at once.
    let odd = text.bytes().fold(false, |odd, byte| {
        odd | (byte < b' ') & (byte != b'\n') & (byte != b'\t') | (byte > b'~')
    });
    let fits = |c| {
        matches!(c, '\n' | '\t' | ' '..='~' | '\u{A0}'..='\u{2027}' | '\u{202A}'..='\u{D7FF}'
            | '\u{E000}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}' | '\u{10000}'..)
    };
    !odd || text.chars().all(fits)
}

/// Eight bytes of 1; times a byte, eight of that.
const ONES: u64 = u64::from_le_bytes([1; 8]);

/// The high bit of the first of eight bytes that is this one, if any is, and maybe bits above.
fn marks(eight: u64, byte: u8) -> u64 {
    let others = eight ^ (ONES * u64::from(byte));
    others.wrapping_sub(ONES) & !others & (ONES << 7)
}

/// What has been seen of the current document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    /// Nothing at all: there may be no document.
    None,
    /// A `---`, which ends here.
    Marked(usize),
    Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Mapping,
    Sequence,
}

/// An open block collection.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// The column of its keys or dashes. The sequence in a mapping may have the mapping's.
    column: usize,
    form: Form,
    /// A key or dash has had no node yet; if none follows, the null is said to stand here.
    hole: Option<usize>,
}

/// A scalar that has been passed and not yet handed over.
#[derive(Clone, Copy, Debug)]
struct Passed {
    start: usize,
    end: usize,
    style: Style,
    /// Its value is what the text has there; otherwise it is in [`Reader::value`].
    verbatim: bool,
}

struct Reader<'t, 'b, 'l> {
    text: &'t str,
    bytes: &'t [u8],
    builder: &'b mut Builder<'l>,
    at: usize,
    levels: Vec<Level>,
    root: Root,
    /// The last scalar, kept here as moving it about costs more than finding it.
    passed: Passed,
    /// The last value that is not verbatim in the text.
    value: String,
}

impl Reader<'_, '_, '_> {
    /// Reads from the start of a line to the start of another.
    fn line(&mut self) -> Sure<()> {
        let start = self.at;
        self.skip_spaces();
        match self.peek() {
            END => return Ok(()),
            b'\n' => {
                self.at += 1;
                return Ok(());
            }
            b'#' => {
                self.skip_line();
                return Ok(());
            }
            b'-' | b'.' if self.at == start && self.is_marker() => return self.marker(),
            _ => {}
        }
        let mut column = self.at - start;
        while self.levels.last().is_some_and(|top| top.column > column) {
            self.pop();
        }
        while self.peek() == b'-' && self.is_apart(self.at + 1) {
            self.dash(column)?;
            self.at += 1;
            self.skip_spaces();
            // The parser puts the null of an empty item behind the comment.
            if self.peek() == b'#' {
                self.skip_to_end_of_line();
            }
            if let Some(level) = self.levels.last_mut() {
                level.hole = Some(self.at);
            }
            if matches!(self.peek(), END | b'\n') {
                self.at += 1;
                return Ok(());
            }
            column = self.at - start;
        }
        self.node(column)
    }

    /// Whether what follows at the start of a line may be a document marker.
    fn is_marker(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.starts_with(b"---") || rest.starts_with(b"...")
    }

    fn marker(&mut self) -> Sure<()> {
        if self.peek() != b'-' {
            return Err(Doubt::Marker);
        }
        self.end_document();
        self.at += 3;
        self.root = Root::Marked(self.at);
        self.end_line().map_err(|_| Doubt::Marker)
    }

    fn end_document(&mut self) {
        while !self.levels.is_empty() {
            self.pop();
        }
        if let Root::Marked(at) = self.root {
            self.null(at);
        }
    }

    /// Makes the innermost level the sequence that a dash in this column belongs to.
    fn dash(&mut self, column: usize) -> Sure<()> {
        match self.levels.last_mut() {
            Some(top) if top.form == Form::Sequence && top.column == column => {
                if let Some(at) = top.hole.take() {
                    self.null(at);
                }
                return Ok(());
            }
            Some(top) if top.form == Form::Mapping && top.column == column => {
                top.hole.take().ok_or(Doubt::Indentation)?;
            }
            Some(_) | None => self.claim(column)?,
        }
        self.push(Form::Sequence, column, self.at)
    }

    /// Makes the innermost level the mapping that a key in this column belongs to.
    fn key(&mut self, column: usize) -> Sure<()> {
        let of_parent = |top: &Level| top.form == Form::Sequence && top.column == column;
        if self.levels.last().is_some_and(of_parent) {
            self.pop();
        }
        match self.levels.last_mut() {
            Some(top) if top.form == Form::Mapping && top.column == column => {
                if let Some(at) = top.hole.take() {
                    self.null(at);
                }
                Ok(())
            }
            Some(_) | None => {
                self.claim(column)?;
                self.push(Form::Mapping, column, self.passed.start)
            }
        }
    }

    /// Takes the place that waits for a node, if one in this column may have it.
    fn claim(&mut self, column: usize) -> Sure<()> {
        match self.levels.last_mut() {
            Some(top) if top.column < column && top.hole.is_some() => top.hole = None,
            None if self.root != Root::Node => self.root = Root::Node,
            Some(_) | None => return Err(Doubt::Indentation),
        }
        Ok(())
    }

    fn push(&mut self, form: Form, column: usize, start: usize) -> Sure<()> {
        let style = match form {
            Form::Mapping => Style::Mapping,
            Form::Sequence => Style::Sequence,
        };
        self.begin(style, true, start)?;
        self.levels.push(Level {
            column,
            form,
            hole: None,
        });
        Ok(())
    }

    fn pop(&mut self) {
        if let Some(level) = self.levels.pop() {
            if let Some(at) = level.hole {
                self.null(at);
            }
            self.builder.end(0);
        }
    }

    fn begin(&mut self, style: Style, block: bool, start: usize) -> Sure<()> {
        let begun = self.builder.begin(style, block, start, Properties::NONE);
        // The full parser has another limit of the same number, and says which of the two it was.
        begun.map_err(|_| Doubt::Depth)
    }

    fn null(&mut self, at: usize) {
        let span = Span::new(at, at);
        self.builder
            .scalar(Style::Plain, span, "", Properties::NONE);
    }

    /// Hands over the scalar that was passed.
    fn scalar(&mut self) {
        let (start, end) = (self.passed.start, self.passed.end);
        let value = match self.passed.style {
            _ if !self.passed.verbatim => Some(self.value.as_str()),
            Style::Quoted => self.text.get(start + 1..end - 1),
            _ => self.text.get(start..end),
        };
        self.builder.scalar(
            self.passed.style,
            Span::new(start, end),
            value.unwrap_or_default(),
            Properties::NONE,
        );
    }

    /// Reads a key with what stands in its line, or a value.
    fn node(&mut self, column: usize) -> Sure<()> {
        match self.peek() {
            b'[' | b'{' | b'|' | b'>' => {
                self.claim(column)?;
                return self.value();
            }
            b'"' | b'\'' => self.quoted()?,
            _ => self.plain()?,
        }
        self.key_or_scalar(column)
    }

    fn key_or_scalar(&mut self, column: usize) -> Sure<()> {
        if self.peek() != b':' {
            self.claim(column)?;
            self.scalar();
            return self.end_line();
        }
        if !self.is_apart(self.at + 1) {
            return Err(Doubt::Trailing);
        }
        self.check_key()?;
        self.key(column)?;
        self.scalar();
        self.at += 1;
        let hole = self.at;
        self.skip_spaces();
        if matches!(self.peek(), END | b'\n' | b'#') {
            if let Some(level) = self.levels.last_mut() {
                level.hole = Some(hole);
            }
            self.skip_line();
            return Ok(());
        }
        self.value()
    }

    /// Reads a value to the end of its last line.
    fn value(&mut self) -> Sure<()> {
        match self.peek() {
            b'[' | b'{' => self.flow(0)?,
            b'|' | b'>' => return self.block_scalar(),
            b'"' | b'\'' => {
                self.quoted()?;
                self.scalar();
            }
            _ => {
                self.plain()?;
                self.scalar();
            }
        }
        self.end_line()
    }

    /// Passes a plain scalar, up to a colon after a key, a comment or the end of the line.
    fn plain(&mut self) -> Sure<()> {
        let start = self.at;
        self.check_plain_start()?;
        let mut end = start;
        loop {
            end += self.until(end, |eight| {
                // Two with one test: `\t` and `\n`; `:` and `{`, which lets others come along.
                marks(eight & (ONES * 0xFC), b'\x08')
                    | marks(eight & (ONES * 0xBE), b':')
                    | marks(eight, b'#')
            });
            match self.byte(end) {
                END | b'\n' => break,
                b':' if self.is_apart(end + 1) => break,
                b'#' if self.byte(end - 1) == b' ' => break,
                // The `${{` of a workflow is text.
                b'{' if self.byte(end + 1) == b'{'
                    && (end == start || self.byte(end - 1) != b'$') =>
                {
                    return Err(Doubt::Template);
                }
                b'\t' => return Err(Doubt::Plain),
                _ => end += 1,
            }
        }
        self.passed_plain(start, end);
        Ok(())
    }

    /// Passes a plain scalar in a flow collection.
    fn flow_plain(&mut self) -> Sure<()> {
        let start = self.at;
        self.check_plain_start()?;
        let mut end = start;
        for byte in self.bytes.get(start..).unwrap_or_default() {
            match byte {
                b',' | b'[' | b']' | b'{' | b'}' => break,
                b':' if self.byte(end + 1) == b' ' => break,
                b':' if self.is_apart(end + 1) || self.is_flow(end + 1) => return Err(Doubt::Flow),
                b'-' if end == start && self.is_flow(end + 1) => return Err(Doubt::Flow),
                b'#' if self.byte(end - 1) == b' ' => return Err(Doubt::Flow),
                b'\n' => return Err(Doubt::Flow),
                b'\t' => return Err(Doubt::Plain),
                _ => end += 1,
            }
        }
        self.passed_plain(start, end);
        Ok(())
    }

    fn passed_plain(&mut self, start: usize, mut end: usize) {
        while self.byte(end - 1) == b' ' {
            end -= 1;
        }
        self.at = end;
        self.passed = Passed {
            start,
            end,
            style: Style::Plain,
            verbatim: true,
        };
    }

    fn check_key(&self) -> Sure<()> {
        if self.passed.end - self.passed.start > LONGEST_KEY {
            return Err(Doubt::Key);
        }
        Ok(())
    }

    fn check_plain_start(&self) -> Sure<()> {
        match self.peek() {
            b'-' if !self.is_apart(self.at + 1) => Ok(()),
            END | b'-' | b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*'
            | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' | b' ' | b'\t' | b'\n' => {
                Err(Doubt::Indicator)
            }
            _ => Ok(()),
        }
    }

    /// Passes a quoted scalar.
    fn quoted(&mut self) -> Sure<()> {
        let start = self.at;
        let quote = self.peek();
        let single = quote == b'\'';
        let mut verbatim = true;
        // From where on the value is to be copied, if it is not verbatim.
        let mut from = start + 1;
        let mut at = from;
        loop {
            at += self.until(at, |eight| {
                marks(eight, quote) | marks(eight, b'\n') | marks(eight, b'\\')
            });
            let meant = match self.byte(at) {
                END | b'\n' => return Err(Doubt::Quotes),
                b'\'' if single && self.byte(at + 1) == b'\'' => "'",
                b'\'' if single => break,
                b'"' if !single => break,
                b'\\' if !single => match self.byte(at + 1) {
                    b'n' => "\n",
                    b't' => "\t",
                    b'"' => "\"",
                    b'\\' => "\\",
                    b'/' => "/",
                    _ => return Err(Doubt::Quotes),
                },
                _ => {
                    at += 1;
                    continue;
                }
            };
            if verbatim {
                verbatim = false;
                self.value.clear();
            }
            self.value
                .push_str(self.text.get(from..at).unwrap_or_default());
            self.value.push_str(meant);
            at += 2;
            from = at;
        }
        if !verbatim {
            self.value
                .push_str(self.text.get(from..at).unwrap_or_default());
        }
        self.at = at + 1;
        self.passed = Passed {
            start,
            end: self.at,
            style: Style::Quoted,
            verbatim,
        };
        Ok(())
    }

    /// Reads a flow collection, which stands in `depth` others.
    fn flow(&mut self, depth: usize) -> Sure<()> {
        if depth > FLOW_DEPTH {
            return Err(Doubt::Depth);
        }
        let mapping = self.peek() == b'{';
        let (style, close) = if mapping {
            (Style::Mapping, b'}')
        } else {
            (Style::Sequence, b']')
        };
        self.begin(style, false, self.at)?;
        self.at += 1;
        if mapping && self.peek() == b'{' {
            return Err(Doubt::Template);
        }
        self.skip_spaces();
        let mut more = self.peek() != close;
        while more {
            if mapping {
                self.flow_scalar()?;
                if self.peek() != b':' || self.byte(self.at + 1) != b' ' {
                    return Err(Doubt::Flow);
                }
                self.check_key()?;
                self.scalar();
                self.at += 1;
                self.skip_spaces();
            }
            if matches!(self.peek(), b'[' | b'{') {
                self.flow(depth + 1)?;
            } else {
                self.flow_scalar()?;
                self.scalar();
            }
            self.skip_spaces();
            more = self.peek() == b',';
            if more {
                self.at += 1;
                self.skip_spaces();
            } else if self.peek() != close {
                return Err(Doubt::Flow);
            }
        }
        self.at += 1;
        self.builder.end(self.at);
        Ok(())
    }

    fn flow_scalar(&mut self) -> Sure<()> {
        match self.peek() {
            b'"' | b'\'' => self.quoted(),
            _ => self.flow_plain(),
        }
    }

    /// Reads a literal or folded scalar (YAML 1.2.2, section 8.1).
    fn block_scalar(&mut self) -> Sure<()> {
        let parent = self.levels.last().ok_or(Doubt::Block)?.column;
        let folded = self.peek() == b'>';
        self.at += 1;
        let (strip, keep) = (self.peek() == b'-', self.peek() == b'+');
        if strip || keep {
            self.at += 1;
        }
        self.end_line().map_err(|_| Doubt::Block)?;

        self.value.clear();
        let mut breaks = 0;
        let mut blank = 0;
        let indent = loop {
            let spaces = self.spaces();
            match self.byte(self.at + spaces) {
                END => return Err(Doubt::Block),
                b'\n' => {
                    self.at += spaces + 1;
                    breaks += 1;
                    blank = blank.max(spaces);
                }
                // An empty line that is indented deeper than the first text is an error.
                _ if spaces <= parent || spaces < blank => return Err(Doubt::Block),
                _ => break spaces,
            }
        };
        let start = self.at + indent;
        let mut end = start;
        // Whether a line has come before, and whether it began with white space, which keeps its break.
        let mut first = true;
        let mut was_deeper = false;
        loop {
            let spaces = self.spaces().min(indent);
            let next = self.byte(self.at + spaces);
            if next == b'\n' {
                self.at += spaces + 1;
                breaks += 1;
                continue;
            }
            if next == END || spaces < indent {
                if next == END {
                    self.at += spaces;
                }
                break;
            }
            let line = self.at + spaces;
            let deeper = matches!(next, b' ' | b'\t');
            if folded && !first && !deeper && !was_deeper {
                if breaks == 0 {
                    self.value.push(' ');
                }
            } else if !first {
                self.value.push('\n');
            }
            self.put_breaks(breaks);
            breaks = 0;
            first = false;
            was_deeper = deeper;
            self.at = line;
            self.skip_to_end_of_line();
            end = self.at;
            self.value
                .push_str(self.text.get(line..end).unwrap_or_default());
            if self.peek() == END {
                break;
            }
            self.at += 1;
        }
        if !strip {
            self.value.push('\n');
        }
        if keep {
            self.put_breaks(breaks);
        }
        self.passed = Passed {
            start,
            end,
            style: Style::Block,
            verbatim: false,
        };
        self.scalar();
        Ok(())
    }

    fn put_breaks(&mut self, count: usize) {
        self.value.extend(std::iter::repeat_n('\n', count));
    }

    /// Passes what may follow a value in its line.
    fn end_line(&mut self) -> Sure<()> {
        let end = self.at;
        self.skip_spaces();
        match self.peek() {
            END | b'\n' => self.at += 1,
            b'#' if self.at > end => self.skip_line(),
            _ => return Err(Doubt::Trailing),
        }
        Ok(())
    }

    /// Passes the rest of a line and its break.
    fn skip_line(&mut self) {
        self.skip_to_end_of_line();
        self.at += 1;
    }

    fn skip_to_end_of_line(&mut self) {
        self.at += self.until(self.at, |eight| marks(eight, b'\n'));
    }

    fn skip_spaces(&mut self) {
        self.at += self.spaces();
    }

    /// How many spaces follow.
    fn spaces(&self) -> usize {
        self.until(self.at, |eight| eight ^ (ONES * u64::from(b' ')))
    }

    /// How many bytes from a place on have no bit in what is made of them, eight at once and the first lowest.
    #[inline]
    fn until(&self, at: usize, marks: impl Fn(u64) -> u64) -> usize {
        let mut rest = self.bytes.get(at..).unwrap_or_default();
        let mut count = 0;
        while let Some((eight, after)) = rest.split_first_chunk() {
            let found = marks(u64::from_le_bytes(*eight));
            if found != 0 {
                return count + found.trailing_zeros() as usize / 8;
            }
            count += 8;
            rest = after;
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        let found = marks(u64::from_le_bytes(last)).trailing_zeros() as usize / 8;
        count + found.min(rest.len())
    }

    /// Whether a space, a line break or the end stands there.
    fn is_apart(&self, at: usize) -> bool {
        matches!(self.byte(at), END | b' ' | b'\n')
    }

    fn is_flow(&self, at: usize) -> bool {
        matches!(self.byte(at), b',' | b'[' | b']' | b'{' | b'}')
    }

    fn peek(&self) -> u8 {
        self.byte(self.at)
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(END)
    }
}

#[cfg(test)]
mod tests;
