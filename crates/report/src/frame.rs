//! Frames: the lines of a file with what is to be said about them.

use std::fmt;
use std::io::{self, Write};
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, Severity, SourceCode, SourceSpan, SpanContents, ThemeCharacters,
    ThemeStyles,
};
use onus_model::problem::{Gravity, Problem};
use onus_model::source::Span;

use crate::Style;
use crate::escape;

/// How many lines are shown before and after a label.
const CONTEXT: usize = 1;
/// Of longer lines only what is near a label is shown.
const LONG_LINE: usize = 200;

/// One frame with its message.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) severity: Severity,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) labels: Vec<(Range<usize>, String)>,
    pub(crate) window: Option<Window>,
    pub(crate) help: Option<String>,
}

/// The lines of a text around some labels, safe to print.
#[derive(Debug)]
pub(crate) struct Window {
    name: String,
    text: String,
    /// Lines before the first one shown.
    skipped: usize,
}

/// Where lines begin in a text: made once, used for many windows.
#[derive(Debug)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let ends = text
            .bytes()
            .enumerate()
            .filter(|(_, b)| *b == b'\n')
            .map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(ends).collect())
    }

    /// The line of an offset, from 0.
    fn line(&self, offset: usize) -> usize {
        self.0
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    fn start(&self, line: usize, text: &str) -> usize {
        self.0.get(line).copied().unwrap_or(text.len())
    }
}

impl Window {
    /// Cuts the lines around the labels out of a text. Labels far from the first are left out: a frame is for reading.
    pub(crate) fn new(
        name: &str,
        text: &str,
        lines: &Lines,
        labels: &[(Span, String)],
        style: Style,
    ) -> (Self, Vec<(Range<usize>, String)>) {
        const FAR: usize = 40;
        let first = labels
            .first()
            .map_or(0, |(span, _)| lines.line(span.start as usize));
        let near: Vec<&(Span, String)> = labels
            .iter()
            .filter(|(span, _)| lines.line(span.start as usize).abs_diff(first) <= FAR)
            .collect();
        let line_of = |offset: u32| lines.line((offset as usize).min(text.len()));
        let top = near
            .iter()
            .map(|(s, _)| line_of(s.start))
            .min()
            .unwrap_or(0);
        let bottom = near.iter().map(|(s, _)| line_of(s.end)).max().unwrap_or(0);
        let top = top.saturating_sub(CONTEXT);
        let bottom = bottom.min(first + FAR) + CONTEXT + 1;
        let mut window = Self {
            name: escape::line(name),
            text: String::new(),
            skipped: top,
        };
        // Where each offset of the text comes to stand, for the ends of labels.
        let mut moved: Vec<(usize, usize)> = Vec::new();
        for line in top..bottom {
            let (from, to) = (lines.start(line, text), lines.start(line + 1, text));
            let written = text.get(from..to).unwrap_or_default();
            let shown = shown_part(from, written, &near);
            if shown.start > 0 {
                window.text.push_str(style.cut());
            }
            // A line may be the whole file: what is not shown of it is not looked at.
            let part = written.get(shown.clone()).unwrap_or_default();
            for (at, c) in part.char_indices() {
                let at = shown.start + at;
                moved.push((from + at, window.text.len()));
                // A carriage return at the end of a line is no business of the reader's.
                let ends = c == '\r' && written.get(at..) == Some("\r\n");
                if !ends {
                    escape::push(&mut window.text, c);
                }
            }
            moved.push((from + shown.end, window.text.len()));
            if shown.end < written.len() {
                window.text.push_str(style.cut());
                if written.ends_with('\n') {
                    window.text.push('\n');
                }
            }
            if to >= text.len() {
                break;
            }
        }
        moved.push((usize::MAX, window.text.len()));
        let place = |offset: u32| {
            let at = moved.partition_point(|(from, _)| *from < offset as usize);
            moved.get(at).map_or(window.text.len(), |(_, to)| *to)
        };
        let placed = near
            .iter()
            .map(|(span, message)| {
                let start = place(span.start);
                (start..place(span.end).max(start), message.clone())
            })
            .collect();
        (window, placed)
    }
}

/// The bytes of a line that are shown: all, or those around the labels that stand in it.
fn shown_part(from: usize, line: &str, labels: &[&(Span, String)]) -> Range<usize> {
    if line.trim_end_matches('\n').len() <= LONG_LINE {
        return 0..line.len();
    }
    let inside = labels
        .iter()
        .map(|(span, _)| span.start as usize)
        .find(|start| (from..from + line.len()).contains(start));
    let start = inside.map_or(0, |at| (at - from).saturating_sub(LONG_LINE / 2));
    let whole = |mut at: usize| {
        while !line.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    let start = whole(start);
    start..whole((start + LONG_LINE).min(line.len()))
}

impl SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.skipped,
            inner.column(),
            inner.line_count(),
        )))
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Frame {}

impl Diagnostic for Frame {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as _)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.window.as_ref().map(|w| w as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mut first = true;
        Some(Box::new(self.labels.iter().map(move |(range, message)| {
            let text = (!message.is_empty()).then(|| message.clone());
            let span = (range.start, range.len());
            if std::mem::take(&mut first) {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })))
    }
}

/// Draws frames in one style.
#[derive(Debug)]
pub(crate) struct Drawer(GraphicalReportHandler);

impl Drawer {
    pub(crate) fn new(style: Style) -> Self {
        let mut characters = if style.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        };
        if style.unicode {
            characters.error = "✗".to_owned();
        }
        let theme = GraphicalTheme {
            characters,
            styles: if style.color {
                ThemeStyles::ansi()
            } else {
                ThemeStyles::none()
            },
        };
        Self(
            GraphicalReportHandler::new_themed(theme)
                .with_width(style.width)
                .with_context_lines(CONTEXT)
                .with_links(false),
        )
    }

    /// Draws a frame. A frame that cannot be drawn is told in one line.
    pub(crate) fn draw(&self, frame: &Frame, out: &mut dyn Write) -> io::Result<()> {
        let mut drawn = String::new();
        if self.0.render_report(&mut drawn, frame).is_err() {
            return writeln!(out, "{}", frame.message);
        }
        // What is drawn is padded at the ends of lines.
        for line in drawn.trim_matches('\n').lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Shows what is wrong with authored files, all of it.
///
/// # Errors
///
/// Only those of `out`.
pub fn problems(problems: &[Problem], style: Style, out: &mut dyn Write) -> io::Result<()> {
    let drawer = Drawer::new(style);
    for problem in problems {
        let labels: Vec<(Span, String)> = problem
            .labels
            .iter()
            .map(|l| (l.span, escape::line(&l.message)))
            .collect();
        let (window, labels) = match problem.labels.first() {
            Some(label) => {
                let lines = Lines::new(&label.text.text);
                let (window, labels) =
                    Window::new(&label.text.name, &label.text.text, &lines, &labels, style);
                (Some(window), labels)
            }
            None => (None, Vec::new()),
        };
        let frame = Frame {
            severity: match problem.gravity {
                Gravity::Error => Severity::Error,
                Gravity::Warning => Severity::Warning,
            },
            code: None,
            message: escape::line(&problem.message),
            labels,
            window,
            help: problem
                .help
                .as_deref()
                .map(|h| escape::plain(h).into_owned()),
        };
        drawer.draw(&frame, out)?;
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{ASCII, PLAIN};
    use onus_model::source::Text;
    use proptest::prelude::*;

    fn shown(list: &[Problem], style: Style) -> String {
        let mut out = Vec::new();
        problems(list, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn all_problems_are_shown_with_their_places_and_help() {
        let text = Text::new("controls/a.yaml", "id: a\ntitel: x\nchecks: [b, b]\n");
        let list = [
            Problem::error("unknown key `titel`")
                .at(&text, Span::new(6, 11), "not a key of a control")
                .help("did you mean `title`?"),
            Problem::warning("`b` is named twice")
                .at(&text, Span::new(25, 26), "again here")
                .at(&text, Span::new(22, 23), "first here"),
            Problem::error("there is no `onus.yaml`"),
        ];
        insta::assert_snapshot!(shown(&list, PLAIN));
        assert!(shown(&list, ASCII).is_ascii());
    }

    #[test]
    fn a_long_line_is_cut_around_its_label() {
        let text = Text::new(
            "a.json",
            format!("{}PLACE{}\nend\n", "é".repeat(500), "b".repeat(500)),
        );
        let list = [Problem::error("wrong").at(&text, Span::new(1000, 1005), "here")];
        let shown = shown(&list, PLAIN);
        assert!(shown.contains("éPLACEb"), "{shown}");
        assert!(shown.lines().all(|l| l.chars().count() < 220), "{shown}");
        assert!(shown.contains("2 │ end"), "{shown}");
    }

    #[test]
    fn a_carriage_return_is_silent_only_at_the_end_of_a_line() {
        let text = Text::new("a.yaml", "a: 1\r\nb: x\ry\r\n");
        let list = [Problem::error("wrong").at(&text, Span::new(6, 7), "here")];
        let shown = shown(&list, PLAIN);
        assert!(shown.contains("b: x\\u{d}y\n"), "{shown}");
        assert!(shown.contains("a: 1\n"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_with_any_label_can_be_drawn(text in "(\\PC|\n|\r|\u{1b}|\u{202e}|é){0,300}", a in 0..400u32, b in 0..400u32, width in 20..120usize) {
            let lines = Lines::new(&text);
            let span = Span { start: a.min(b), end: a.max(b) };
            let style = Style { color: false, unicode: true, width };
            let (window, labels) = Window::new("a\u{1b}.yaml", &text, &lines, &[(span, "here".to_owned())], style);
            let frame = Frame {
                severity: Severity::Error, code: None, message: "m".to_owned(), labels, window: Some(window), help: None,
            };
            let mut out = Vec::new();
            Drawer::new(style).draw(&frame, &mut out).unwrap();
            let drawn = String::from_utf8(out).unwrap();
            prop_assert!(!drawn.contains(escape::acts), "{:?}", drawn);
        }
    }
}
