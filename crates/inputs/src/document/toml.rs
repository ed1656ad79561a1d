//! TOML 1.0, through `toml`.
//!
//! Tables that are written in several places are one mapping, in the order of its keys' first places. A key that
//! stands twice is an error of the language itself.

use onus_model::source::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Failure;
use super::build::{Builder, Properties};
use super::node::Style;

/// Hands the nodes of the document to the builder.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Result<(), Failure> {
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().map(|span| Span::new(span.start, span.end));
        Failure::unreadable(error.message(), span)
    })?;
    table(text, document.get_ref(), document.span(), builder)
}

/// Takes a table. Its depth is limited by the builder.
fn table(
    text: &str,
    entries: &DeTable<'_>,
    span: std::ops::Range<usize>,
    builder: &mut Builder<'_>,
) -> Result<(), Failure> {
    builder.begin(Style::Mapping, false, span.start, Properties::NONE)?;
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, entry) in entries {
        scalar(text, key.get_ref(), key.span(), Style::Quoted, builder);
        value(text, entry, builder)?;
    }
    builder.end(span.end);
    Ok(())
}

fn value(
    text: &str,
    entry: &Spanned<DeValue<'_>>,
    builder: &mut Builder<'_>,
) -> Result<(), Failure> {
    let span = entry.span();
    let written = text.get(span.clone()).unwrap_or_default();
    match entry.get_ref() {
        DeValue::Table(entries) => return table(text, entries, span, builder),
        DeValue::Array(items) => {
            builder.begin(Style::Sequence, false, span.start, Properties::NONE)?;
            for item in items {
                value(text, item, builder)?;
            }
            builder.end(span.end);
        }
        DeValue::String(string) => scalar(text, string, span, Style::Quoted, builder),
        // Quoted, for the dialect leaves what is quoted alone.
        DeValue::Datetime(_) => scalar(text, written, span, Style::Quoted, builder),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
            scalar(text, written, span, Style::Plain, builder);
        }
    }
    Ok(())
}

fn scalar(
    text: &str,
    value: &str,
    span: std::ops::Range<usize>,
    style: Style,
    builder: &mut Builder<'_>,
) {
    // A bare key has no quotes to leave out: verbatim as it stands, in block style for want of another.
    let bare = text.get(span.clone()) == Some(value) && style == Style::Quoted;
    let style = if bare { Style::Block } else { style };
    builder.scalar(
        style,
        Span::new(span.start, span.end),
        value,
        Properties::NONE,
    );
}
