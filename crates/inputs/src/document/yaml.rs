//! YAML 1.2 (<https://yaml.org/spec/1.2.2/>), from the events of `granit-parser` unless [`block`] is sure of it.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle};
use onus_model::source::Span;

use super::block;
use super::build::{Builder, Properties};
use super::node::{Style, Tag};
use super::template;
use super::{Failure, Limits};

/// Hands the nodes of all documents to a fresh builder.
pub(super) fn parse<'t>(
    text: &'t str,
    builder: &mut Builder<'t>,
    limits: &Limits,
) -> Result<(), Failure> {
    if block::parse(text, builder).is_ok() {
        return Ok(());
    }
    *builder = Builder::new(text, limits);
    parse_fully(text, builder, limits)
}

/// As [`parse`], by the full parser.
pub(super) fn parse_fully(
    text: &str,
    builder: &mut Builder<'_>,
    limits: &Limits,
) -> Result<(), Failure> {
    let options = granit_parser::options! {
        flow_nesting_limit: limits.depth,
        block_nesting_limit: limits.depth,
    };
    let mut reader = Reader {
        text,
        builder,
        last: 0,
        template: None,
    };
    for event in Parser::new_from_str_with_options(text, options.clone()) {
        // By reference: events are large, and most are looked at once.
        match &event {
            Ok((event, span)) => reader.take(event, span)?,
            Err(error) => return Err(reader.failure(error, limits, &options)),
        }
    }
    match reader.template {
        Some(span) => Err(Failure::template(span)),
        None => Ok(()),
    }
}

/// What the parser says in terms of its own.
const WORDS: [(ErrorKind, &str); 5] = [
    (
        ErrorKind::SimpleKeyExpected,
        "expected `:` after this, for it stands where a key must",
    ),
    (ErrorKind::TabInBlockIndentation, "a tab cannot indent"),
    (ErrorKind::TabInIndentation, "a tab cannot indent"),
    (
        ErrorKind::UndeclaredTagHandle,
        "the handle of this tag is not declared",
    ),
    (ErrorKind::UnexpectedEof, "unexpected end of file"),
];

struct Reader<'t, 'b, 'l> {
    text: &'t str,
    builder: &'b mut Builder<'l>,
    /// Where the last event ended.
    last: usize,
    /// Where a `{{ … }}` was read as a mapping in a mapping.
    template: Option<Span>,
}

impl Reader<'_, '_, '_> {
    fn take(&mut self, event: &Event<'_>, span: &granit_parser::Span) -> Result<(), Failure> {
        let range = span.byte_range().unwrap_or(self.last..self.last);
        let (start, end) = (range.start, range.end);
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let properties = self.properties(*anchor, tag.as_deref(), span);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                // For a value that is not there the parser gives `~` over no text, or over the dash before it.
                let absent = value.is_empty() || *value == "~" && self.text.get(range) != Some("~");
                if style == Style::Plain && absent {
                    let at = self.after_colon(end);
                    self.builder
                        .scalar(style, Span::new(at, at), "", properties);
                } else {
                    self.builder
                        .scalar(style, Span::new(start, end), value, properties);
                }
            }
            Event::SequenceStart(style, anchor, tag) => {
                let properties = self.properties(*anchor, tag.as_deref(), span);
                let block = *style == StructureStyle::Block;
                let start = if block && self.builder.within_block_mapping() {
                    self.first_dash(start)
                } else {
                    start
                };
                self.builder
                    .begin(Style::Sequence, block, start, properties)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                let properties = self.properties(*anchor, tag.as_deref(), span);
                let block = *style == StructureStyle::Block;
                if !block && self.template.is_none() && self.is_template(start) {
                    self.template = Some(Span::new(start, start + 2));
                }
                self.builder
                    .begin(Style::Mapping, block, start, properties)?;
            }
            // The end of a block collection is told where the next thing begins.
            Event::SequenceEnd | Event::MappingEnd => {
                self.builder.end(if start < end { end } else { 0 });
            }
            Event::Alias(anchor) => self.builder.alias(Span::new(start, end), *anchor)?,
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..)
            | Event::UnresolvedAlias(_)
            | _ => {}
        }
        self.last = end;
        Ok(())
    }

    #[inline]
    fn properties(
        &self,
        anchor: usize,
        tag: Option<&granit_parser::Tag>,
        span: &granit_parser::Span,
    ) -> Properties {
        match tag {
            None => Properties {
                anchor,
                ..Properties::NONE
            },
            Some(tag) => self.tagged(anchor, tag, span),
        }
    }

    fn tagged(
        &self,
        anchor: usize,
        tag: &granit_parser::Tag,
        span: &granit_parser::Span,
    ) -> Properties {
        let written = span.tag_span().and_then(|span| span.byte_range());
        let written = written.unwrap_or(self.last..self.last);
        Properties {
            anchor,
            tag: match tag.core_suffix() {
                Some("str") => Tag::Str,
                Some("bool") => Tag::Bool,
                Some("int") => Tag::Int,
                Some("float") => Tag::Float,
                Some("null") => Tag::Null,
                Some(_) => Tag::Collection,
                // The lone `!` makes a scalar text (YAML 1.2.2, section 10.1.2) and says nothing of a collection.
                None if tag.parts() == ("", "!") => Tag::Str,
                None => Tag::Custom,
            },
            tag_span: Span::new(written.start, written.end),
        }
    }

    /// Where the value of a key would stand that has none.
    fn after_colon(&self, at: usize) -> usize {
        let is_value = self.builder.within_block_mapping() && self.builder.awaits_value();
        if is_value && self.text.as_bytes().get(at) == Some(&b':') {
            at + 1
        } else {
            at
        }
    }

    /// Where a block sequence in a block mapping starts.
    ///
    /// The parser reports one that is not indented after its first dash. That is the first dash since the last
    /// event, outside comments, tags and anchors.
    fn first_dash(&self, reported: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = self.last;
        while at < reported
            && let Some(byte) = bytes.get(at)
        {
            let rest = bytes.get(at..).unwrap_or_default();
            at += match byte {
                b'-' => return at,
                b'#' => length_until(rest, |byte| byte == b'\n' || byte == b'\r'),
                b'!' | b'&' => length_until(rest, |byte| byte.is_ascii_whitespace()),
                _ => 1,
            };
        }
        reported
    }

    /// Whether a flow mapping is what `{{ … }}` looks like to a YAML parser.
    fn is_template(&self, start: usize) -> bool {
        let bytes = self.text.as_bytes().get(start..).unwrap_or_default();
        bytes.starts_with(b"{{")
    }

    fn failure(
        &self,
        error: &ScanError,
        limits: &Limits,
        options: &granit_parser::Options,
    ) -> Failure {
        let at = error.marker().byte_offset().unwrap_or(self.last);
        let span = Span::new(at, at);
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            let reason = format!("nested deeper than {} levels", limits.depth);
            return Failure::unreadable(reason, Some(span));
        }
        if let Some(template) = self.template {
            return Failure::template(template);
        }
        let parses = |text: &str| {
            Parser::new_from_str_with_options(text, options.clone()).all(|event| event.is_ok())
        };
        if let Some(mark) = template::explains(self.text, at, parses) {
            return Failure::template(mark);
        }
        let rest = self.text.get(at..).unwrap_or_default();
        if let ErrorKind::UnexpectedCharacter { character } = error.kind() {
            let at = at + rest.find(*character).unwrap_or_default();
            let reason = if character.is_control() {
                let code = u32::from(*character);
                format!("the control character U+{code:04X} is not allowed in YAML")
            } else {
                format!("unexpected character `{character}`")
            };
            return Failure::unreadable(reason, Some(Span::new(at, at)));
        }
        if *error.kind() == ErrorKind::UnknownAnchor {
            let end = rest.find(|c: char| c.is_whitespace() || ",[]{}".contains(c));
            let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let reason = format!("alias `{name}` has no anchor before it");
            let span = Span::new(at, at + name.len());
            return Failure::unreadable(reason, Some(span));
        }
        let words = WORDS.iter().find(|(kind, _)| kind == error.kind());
        let reason = words.map_or_else(|| error.info(), |(_, words)| (*words).to_owned());
        Failure::unreadable(reason, Some(span))
    }
}

fn length_until(bytes: &[u8], stop: impl Fn(u8) -> bool) -> usize {
    let found = bytes.iter().position(|byte| stop(*byte));
    found.unwrap_or(bytes.len()).max(1)
}
