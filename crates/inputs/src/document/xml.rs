//! XML 1.0 with namespaces, through `roxmltree`.
//!
//! The document is a mapping whose only key is the root element's name. An element with elements in it is a mapping
//! from their names to what they hold; a name that stands several times among siblings has a sequence, in the order of
//! the text, and the mapping is in the order of the names' first places. An element without elements is its text,
//! without white space around it. An attribute is a member whose key is `@name`; the text of an element that has
//! attributes, or elements, is the member `#text`. Names are kept as they are written, with their prefix; declarations
//! of namespaces, comments and processing instructions are left out. Document types are refused, and with them all
//! entities but the five that every document has.

use std::ops::Range;

use onus_model::source::Span;
use roxmltree::{Document, Node, ParsingOptions, TextPos};

use super::Failure;
use super::build::{Builder, Properties};
use super::node::Style;

/// What XML takes for white space.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Hands the nodes of the one document to the builder. A file of nothing but comments has none.
pub(super) fn parse(text: &str, builder: &mut Builder<'_>) -> Result<(), Failure> {
    let first = prologue(text);
    if first == text.len() {
        return Ok(());
    }
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: u32::MAX,
        entity_resolver: None,
    };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| failure(text, first, &error))?;
    let root = document.root_element();
    let reader = Reader { text };
    let shape = reader.shape(root);
    builder.begin(Style::Mapping, false, root.range().start, Properties::NONE)?;
    reader.key(&shape, builder);
    reader.value(root, &shape, builder)?;
    builder.end(root.range().end);
    Ok(())
}

/// Where the first thing stands that is neither white space nor a comment nor an instruction.
fn prologue(text: &str) -> usize {
    let mut rest = text.trim_start_matches(SPACE);
    loop {
        let after = if let Some(inner) = rest.strip_prefix("<!--") {
            inner.split_once("-->")
        } else if let Some(inner) = rest.strip_prefix("<?") {
            inner.split_once("?>")
        } else {
            None
        };
        match after {
            Some((_, after)) => rest = after.trim_start_matches(SPACE),
            None => return text.len() - rest.len(),
        }
    }
}

fn failure(text: &str, first: usize, error: &roxmltree::Error) -> Failure {
    let at = |at: usize| Some(Span::new(at, at));
    match error {
        roxmltree::Error::DtdDetected => Failure::unreadable(
            "a document type (DTD) is not read, for what it can pull in",
            at(first),
        ),
        roxmltree::Error::NoRootNode => Failure::unreadable("there is no element", at(first)),
        roxmltree::Error::UnclosedRootNode => {
            Failure::unreadable("an element is not closed", at(first))
        }
        roxmltree::Error::UnexpectedEndOfStream => {
            Failure::unreadable("the file ends too early", at(text.len()))
        }
        roxmltree::Error::UnknownToken(place) => {
            Failure::unreadable("this does not belong here", at(offset(text, *place)))
        }
        other => {
            let said = other.to_string();
            let place = other.pos();
            let reason = said
                .strip_suffix(&format!(" at {place}"))
                .unwrap_or(&said)
                .to_owned();
            Failure::unreadable(reason, at(offset(text, place)))
        }
    }
}

/// The byte at a line and a column in code points, both from 1.
fn offset(text: &str, place: TextPos) -> usize {
    let line: usize = text
        .split_inclusive('\n')
        .take((place.row as usize).saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = text.get(line..).unwrap_or_default();
    let column = rest
        .char_indices()
        .nth((place.col as usize).saturating_sub(1))
        .map_or(rest.len(), |(at, _)| at);
    line + column
}

/// Where the parts of an element stand.
struct Shape {
    name: Range<usize>,
    /// Between its tags, without white space at either end. Empty, after the start tag or before its `/>`, where nothing
    /// stands.
    inner: Range<usize>,
    whole: Range<usize>,
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    fn shape(&self, element: Node<'_, '_>) -> Shape {
        let whole = element.range();
        let written = self.slice(whole.clone());
        let name = written.get(1..).unwrap_or_default();
        let name = name
            .find(|c| SPACE.contains(&c) || c == '/' || c == '>')
            .unwrap_or(name.len());
        let name = whole.start + 1..whole.start + 1 + name;
        // The start tag ends at the first `>` outside of an attribute.
        let mut quote = None;
        let tag = written.bytes().position(|byte| {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
            quote.is_none() && byte == b'>'
        });
        let tag = tag.map_or(written.len(), |at| at + 1);
        let end = written.rfind("</").filter(|end| *end >= tag);
        let Some(end) = end else {
            let at = whole.end.saturating_sub(2).max(name.end);
            return Shape {
                name,
                inner: at..at,
                whole,
            };
        };
        let (start, end) = (whole.start + tag, whole.start + end);
        Shape {
            name,
            inner: self.trimmed(start..end),
            whole,
        }
    }

    /// A range without the white space at its ends; an empty one stays where it starts.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let text = self.slice(range.clone());
        let core = text.trim_matches(SPACE);
        if core.is_empty() {
            return range.start..range.start;
        }
        let before = text.len() - text.trim_start_matches(SPACE).len();
        let start = range.start + before;
        start..start + core.len()
    }

    fn key(&self, shape: &Shape, builder: &mut Builder<'_>) {
        let name = self.slice(shape.name.clone());
        self.text_of(Style::Block, shape.name.clone(), name, builder);
    }

    fn text_of(&self, style: Style, range: Range<usize>, value: &str, builder: &mut Builder<'_>) {
        // Text, where nothing is written: an empty plain scalar would be null to a dialect.
        let style = if value.is_empty() {
            Style::Block
        } else {
            style
        };
        let span = Span::new(range.start, range.end);
        builder.scalar(style, span, value, Properties::NONE);
    }

    /// What an element holds. Its depth is limited by the builder.
    fn value(
        &self,
        element: Node<'_, '_>,
        shape: &Shape,
        builder: &mut Builder<'_>,
    ) -> Result<(), Failure> {
        let mut names: Vec<(&str, Vec<(Node<'_, '_>, Shape)>)> = Vec::new();
        let mut places = std::collections::BTreeMap::new();
        for child in element.children().filter(Node::is_element) {
            let shape = self.shape(child);
            let name = self.slice(shape.name.clone());
            let at = *places.entry(name).or_insert_with(|| {
                names.push((name, Vec::new()));
                names.len() - 1
            });
            if let Some((_, same)) = names.get_mut(at) {
                same.push((child, shape));
            }
        }
        let text = self.inner_text(element);
        let attributes = element.attributes();
        if names.is_empty() && attributes.len() == 0 {
            self.text_of(
                self.style(shape),
                self.text_range(shape, &text),
                &text,
                builder,
            );
            return Ok(());
        }
        let start = element.attributes().map(|a| a.range().start).min();
        let start = start.unwrap_or(shape.inner.start);
        builder.begin(Style::Mapping, false, start, Properties::NONE)?;
        for attribute in attributes {
            self.attribute(&attribute, builder);
        }
        for (_, same) in &names {
            let Some((_, first)) = same.first() else {
                continue;
            };
            self.key(first, builder);
            if let [(child, shape)] = same.as_slice() {
                self.value(*child, shape, builder)?;
                continue;
            }
            let start = first.whole.start;
            builder.begin(Style::Sequence, false, start, Properties::NONE)?;
            let mut end = start;
            for (child, shape) in same {
                self.value(*child, shape, builder)?;
                end = shape.whole.end;
            }
            builder.end(end);
        }
        if !text.is_empty() {
            self.text_of(Style::Block, shape.name.clone(), "#text", builder);
            let range = if names.is_empty() {
                self.text_range(shape, &text)
            } else {
                self.mixed(element)
            };
            self.text_of(self.style(shape), range, &text, builder);
        }
        builder.end(if shape.inner.is_empty() {
            start
        } else {
            shape.inner.end
        });
        Ok(())
    }

    fn attribute(&self, attribute: &roxmltree::Attribute<'_, '_>, builder: &mut Builder<'_>) {
        let range = attribute.range();
        let written = self.slice(range.clone());
        let (name, value) = written.split_once('=').unwrap_or((written, ""));
        let quoted = value.trim_start_matches(SPACE).len();
        let name = name.trim_end_matches(SPACE);
        let key = range.start..range.start + name.len();
        self.text_of(Style::Block, key, &format!("@{name}"), builder);
        // Every attribute is in quotes, so that they say nothing about its value.
        let end = range.end.saturating_sub(1);
        let start = (range.end.saturating_sub(quoted) + 1).min(end);
        self.text_of(Style::Plain, start..end, attribute.value(), builder);
    }

    /// The text of an element without that of the elements in it.
    fn inner_text(&self, element: Node<'_, '_>) -> String {
        let mut text = String::new();
        for part in element.children().filter(Node::is_text) {
            text.push_str(part.text().unwrap_or_default());
        }
        text.trim_matches(SPACE).to_owned()
    }

    /// Where the text of an element without elements stands.
    fn text_range(&self, shape: &Shape, text: &str) -> Range<usize> {
        if text.is_empty() {
            return shape.inner.start..shape.inner.start;
        }
        shape.inner.clone()
    }

    /// Where the text among elements stands: from its first to its last part.
    fn mixed(&self, element: Node<'_, '_>) -> Range<usize> {
        let mut parts = element
            .children()
            .filter(|part| {
                part.text()
                    .is_some_and(|t| !t.trim_matches(SPACE).is_empty())
            })
            .filter(Node::is_text)
            .map(|part| part.range());
        let first = parts.next().unwrap_or_default();
        let end = parts.next_back().map_or(first.end, |last| last.end);
        self.trimmed(first.start..end)
    }

    /// Text in CDATA is text whatever it looks like.
    fn style(&self, shape: &Shape) -> Style {
        if self.slice(shape.inner.clone()).contains("<![CDATA[") {
            Style::Block
        } else {
            Style::Plain
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::*;

    fn xml(text: &str) -> Tree {
        match read(text.into(), Syntax::Xml, &Limits::default()) {
            Ok(tree) => tree,
            Err(failure) => panic!("{text}: {failure:?}"),
        }
    }

    fn shape(tree: &Tree, node: NodeId) -> String {
        match tree.kind(node) {
            Kind::Scalar => match tree.resolve(node, Dialect::GoYaml) {
                Scalar::Text(text) => format!("{text:?}"),
                other => format!("{other:?}"),
            },
            Kind::Sequence => {
                let items: Vec<_> = tree.items(node).map(|item| shape(tree, item)).collect();
                format!("[{}]", items.join(", "))
            }
            Kind::Mapping => {
                let entries: Vec<_> = tree
                    .entries(node)
                    .map(|e| format!("{}: {}", tree.raw(e.key), shape(tree, e.value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    #[test]
    fn elements_are_mappings_sequences_and_text() {
        let table = [
            ("<a/>", "{a: \"\"}"),
            ("<a> x\n</a>", "{a: \"x\"}"),
            (
                "<?xml version=\"1.0\"?>\n<!-- c -->\n<a><b>1</b></a>\n<!-- d -->",
                "{a: {b: Int(1)}}",
            ),
            (
                "<a><b>true</b><c>007</c><d></d></a>",
                "{a: {b: Bool(true), c: \"007\", d: \"\"}}",
            ),
            (
                "<a><b>1</b><c>x</c><b>2</b></a>",
                "{a: {b: [Int(1), Int(2)], c: \"x\"}}",
            ),
            (
                "<a k='v' n:l = \"1\" xmlns:n='u'/>",
                "{a: {@k: \"v\", @n:l: Int(1)}}",
            ),
            ("<a k='&lt;'>t</a>", "{a: {@k: \"<\", #text: \"t\"}}"),
            ("<a k='>'>t</a>", "{a: {@k: \">\", #text: \"t\"}}"),
            ("<a><![CDATA[1]]></a>", "{a: \"1\"}"),
            (
                "<a>x &amp; <![CDATA[<y>]]><!-- z --> w</a>",
                "{a: \"x & <y> w\"}",
            ),
            ("<a>x<b/>y</a>", "{a: {b: \"\", #text: \"xy\"}}"),
            ("<a><!-- c --></a>", "{a: \"\"}"),
            (
                "<n:a xmlns:n='u'><n:b>1</n:b></n:a>",
                "{n:a: {n:b: Int(1)}}",
            ),
            (
                "<a><b><c>1</c></b><b k='1'/></a>",
                "{a: {b: [{c: Int(1)}, {@k: Int(1)}]}}",
            ),
        ];
        for (text, expect) in table {
            let tree = xml(text);
            assert_eq!(shape(&tree, tree.documents()[0]), expect, "{text}");
            assert!(tree.duplicates().is_empty(), "{text}");
        }
        for text in [
            "",
            " \n",
            "<!-- c -->",
            "<?xml version='1.0'?>\n<!-- c -->\n",
        ] {
            assert!(xml(text).documents().is_empty(), "{text}");
        }
    }

    #[test]
    fn spans_are_the_name_in_the_start_tag_and_the_text_between_the_tags() {
        let text = "<é k='v'>\n <b> x </b><c> &lt; </c><d>1</d><d/><e>\n<f>y</f>\n</e></é>";
        let tree = xml(text);
        let mut seen = Vec::new();
        let mut left = vec![tree.documents()[0]];
        while let Some(node) = left.pop() {
            for entry in tree.entries(node) {
                let at = |node| tree.text().get(tree.span(node).range()).unwrap().to_owned();
                if tree.kind(entry.value) != Kind::Mapping || tree.raw(entry.key) == "e" {
                    seen.push((at(entry.key), at(entry.value)));
                }
                left.push(entry.value);
            }
        }
        let expect = [
            ("k", "v"),
            ("b", "x"),
            ("c", "&lt;"),
            ("d", "<d>1</d><d/>"),
            ("e", "<f>y</f>"),
            ("f", "y"),
        ];
        let expect: Vec<_> = expect.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        assert_eq!(seen, expect);
    }

    #[test]
    fn what_is_not_xml_or_pulls_something_in_is_refused_where_it_stands() {
        let table = [
            (
                "<!-- a --><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
                "a document type (DTD) is not read, for what it can pull in",
                "<!DOCTYPE",
            ),
            ("<a>\n é<b></a>", "expected 'b' tag, not 'a'", "</a>"),
            ("<a>&b;</a>", "unknown entity reference 'b'", "&b;"),
            ("<a><b></b>", "an element is not closed", "<a>"),
            ("<a/><b/>", "this does not belong here", "<b/>"),
            ("x", "this does not belong here", "x"),
        ];
        for (text, reason, at) in table {
            let failure = read(text.into(), Syntax::Xml, &Limits::default()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Unreadable, "{text}");
            let start = failure.span.map(|span| span.start as usize);
            assert_eq!(
                (failure.reason.as_str(), start),
                (reason, text.find(at)),
                "{text}"
            );
        }
    }

    #[test]
    fn xml_cannot_nest_without_end() {
        let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
        let failure = read(deep.into_bytes(), Syntax::Xml, &Limits::default()).unwrap_err();
        assert_eq!(failure.reason, "nested deeper than 128 levels");
        let open = "<a>".repeat(100_000);
        assert!(read(open.into_bytes(), Syntax::Xml, &Limits::default()).is_err());
    }

    const PIECES: [&str; 24] = [
        "<a>",
        "</a>",
        "<b/>",
        "<a k='1'>",
        "<a k=\"é>\"",
        ">",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&amp;",
        "&#32;",
        "&x;",
        " ",
        "\n",
        "\r\n",
        "text",
        "é",
        "<?p ?>",
        "<!DOCTYPE a>",
        "<n:a xmlns:n='u'>",
        "</n:a>",
        "'",
        "<",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn pieces_are_read_or_refused_and_spans_slice_the_text(
            pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12),
            wrapped in any::<bool>(),
        ) {
            let text = pieces.concat();
            let text = if wrapped { format!("<r>{text}</r>") } else { text };
            match read(text.clone().into(), Syntax::Xml, &Limits::default()) {
                Err(failure) => {
                    if let Some(span) = failure.span {
                        prop_assert!(text.get(span.range()).is_some(), "{span:?} of {text:?}");
                    }
                }
                Ok(tree) => {
                    let mut left = tree.documents().to_vec();
                    while let Some(node) = left.pop() {
                        let at = tree.text().get(tree.span(node).range());
                        prop_assert!(at.is_some(), "{text:?}");
                        if tree.kind(node) == Kind::Scalar && !at.unwrap().contains(['&', '<', '\r'])
                            && !at.unwrap().is_empty() && tree.raw(node) != "#text"
                        {
                            let raw = tree.raw(node);
                            prop_assert_eq!(at.unwrap(), raw.strip_prefix('@').unwrap_or(raw));
                        }
                        left.extend(tree.entries(node).flat_map(|e| [e.key, e.value]));
                        left.extend(tree.items(node));
                    }
                    prop_assert!(tree.duplicates().is_empty());
                }
            }
        }
    }
}
