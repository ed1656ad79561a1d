//! JSON (RFC 8259), strictly, through `jiter`.

use std::ops::Range;

use jiter::{Jiter, JiterError, JiterErrorType, Peek};
use onus_model::source::Span;

use super::build::{Builder, Properties};
use super::node::Style;
use super::{Failure, FailureKind};

/// Hands the nodes of the one document to the builder. A blank file has none, as in the other syntaxes.
///
/// What breaks at a comment was written for an editor's reader and not for one of JSON, and is skipped.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Result<(), Failure> {
    if text.trim_ascii().is_empty() {
        return Ok(());
    }
    read(text, builder).map_err(|failure| {
        let rest = failure
            .span
            .and_then(|span| text.get(span.start as usize..));
        match rest {
            Some(rest) if rest.starts_with("//") || rest.starts_with("/*") => Failure {
                kind: FailureKind::Skipped,
                reason: "JSON with comments, which is not JSON".to_owned(),
                ..failure
            },
            _ => failure,
        }
    })
}

fn read(text: &str, builder: &mut Builder<'_>) -> Result<(), Failure> {
    part(text, 0..text.len(), builder)
}

/// Hands the nodes of one value to the builder, which is all that stands in a part of the text.
pub(super) fn part(
    text: &str,
    range: Range<usize>,
    builder: &mut Builder<'_>,
) -> Result<(), Failure> {
    let from = range.start;
    let inside = text.get(range).unwrap_or_default();
    let mut reader = Reader {
        text,
        from,
        jiter: Jiter::new(inside.as_bytes()),
        builder,
    };
    let mut next = reader.jiter.peek().map_err(failure(from))?;
    loop {
        reader.value(next)?;
        next = match reader.next_value()? {
            Some(next) => next,
            None => return reader.jiter.finish().map_err(failure(from)),
        };
    }
}

struct Reader<'t, 'b, 'l> {
    text: &'t str,
    /// Where in the text the part begins that is read.
    from: usize,
    jiter: Jiter<'t>,
    builder: &'b mut Builder<'l>,
}

impl Reader<'_, '_, '_> {
    /// How far the text has been read.
    fn at(&self) -> usize {
        self.from + self.jiter.current_index()
    }

    /// Takes a scalar, or starts a collection. The collection's first value is left to [`Self::next_value`].
    fn value(&mut self, peek: Peek) -> Result<(), Failure> {
        let start = self.at();
        match peek {
            Peek::Array => self
                .builder
                .begin(Style::Sequence, false, start, Properties::NONE),
            Peek::Object => self
                .builder
                .begin(Style::Mapping, false, start, Properties::NONE),
            Peek::String => {
                self.jiter.known_bytes().map_err(failure(self.from))?;
                self.string(start, self.at())
            }
            Peek::Null => {
                self.jiter.known_null().map_err(failure(self.from))?;
                self.plain(start)
            }
            Peek::True | Peek::False => {
                self.jiter.known_bool(peek).map_err(failure(self.from))?;
                self.plain(start)
            }
            _ if peek.is_num() => {
                self.jiter.next_number_bytes().map_err(failure(self.from))?;
                self.plain(start)
            }
            _ => {
                let rest = self.text.get(start..).unwrap_or_default();
                let end = start + rest.chars().next().map_or(0, char::len_utf8);
                let span = Some(Span::new(start, end));
                Err(Failure::unreadable("expected a value", span))
            }
        }
    }

    /// Goes on to the next value: the first or next of the open collection, after its key, or, closing what ends
    /// here, that of one further out.
    fn next_value(&mut self) -> Result<Option<Peek>, Failure> {
        loop {
            let first = self.builder.is_fresh();
            match self.builder.within() {
                Some(Style::Sequence) => {
                    let next = if first {
                        self.jiter.known_array()
                    } else {
                        self.jiter.array_step()
                    };
                    if let Some(next) = next.map_err(failure(self.from))? {
                        return Ok(Some(next));
                    }
                }
                Some(_) => {
                    let key = if first {
                        self.jiter.next_object_bytes()
                    } else {
                        self.jiter.next_key_bytes()
                    };
                    if let Some(length) = key.map_err(failure(self.from))?.map(<[u8]>::len) {
                        self.key(length)?;
                        return self.jiter.peek().map(Some).map_err(failure(self.from));
                    }
                }
                None => return Ok(None),
            }
            self.builder.end(self.at());
        }
    }

    /// Takes a key of so many bytes, whose colon has just been read.
    fn key(&mut self, length: usize) -> Result<(), Failure> {
        let before = self.text.get(..self.at());
        let before = before.unwrap_or_default().trim_end_matches(':').trim_end();
        let end = before.len();
        self.string(end.saturating_sub(length + 2), end)
    }

    /// Takes a string between these places, quotes included.
    fn string(&mut self, start: usize, end: usize) -> Result<(), Failure> {
        let span = Span::new(start, end);
        let quoted = self.text.get(span.range()).unwrap_or_default();
        if quoted.contains('\\') {
            let mut decoder = Jiter::new(quoted.as_bytes());
            let value = decoder.known_str().map_err(failure(start))?;
            self.builder
                .scalar(Style::Quoted, span, value, Properties::NONE);
        } else {
            let value = quoted.get(1..quoted.len().max(2) - 1).unwrap_or_default();
            self.builder
                .scalar(Style::Quoted, span, value, Properties::NONE);
        }
        Ok(())
    }

    /// Takes an unquoted scalar that has just been read.
    fn plain(&mut self, start: usize) -> Result<(), Failure> {
        let span = Span::new(start, self.at());
        let value = self.text.get(span.range()).unwrap_or_default();
        self.builder
            .scalar(Style::Plain, span, value, Properties::NONE);
        Ok(())
    }
}

/// What an error means whose place is counted from here.
fn failure(from: usize) -> impl Fn(JiterError) -> Failure {
    move |error| failed(from, error)
}

fn failed(from: usize, error: JiterError) -> Failure {
    let at = from + error.index;
    let reason = match error.error_type {
        JiterErrorType::JsonError(error) => error.to_string(),
        JiterErrorType::WrongType { .. } => "expected a value".to_owned(),
    };
    let reason = reason
        .replace("EOF", "end of file")
        .replace("expected value", "expected a value")
        .replace("ident", "`true`, `false` or `null`");
    Failure::unreadable(reason, Some(Span::new(at, at)))
}
