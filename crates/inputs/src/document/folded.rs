//! Text that is put together from pieces of a file, such as lines that go on, and still knows where each of them stands.

use std::ops::Range;

use onus_model::source::Span;

/// Pieces of a file's text, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    text: String,
    /// Where in `text` a piece begins, and where that stands in the file. In order.
    pieces: Vec<(usize, usize)>,
}

impl Folded {
    /// One piece, which stands there.
    #[cfg(test)]
    pub(super) fn of(text: &str, at: usize) -> Self {
        let mut folded = Self::default();
        folded.push(text, at);
        folded
    }

    /// Adds a piece that stands there.
    pub(super) fn push(&mut self, text: &str, at: usize) {
        if text.is_empty() {
            return;
        }
        let end = self.text.len();
        let goes_on = |(from, file): &(usize, usize)| file + (end - from) == at;
        if !self.pieces.last().is_some_and(goes_on) {
            self.pieces.push((end, at));
        }
        self.text.push_str(text);
    }

    /// Adds a sign that stands there.
    pub(super) fn push_char(&mut self, sign: char, at: usize) {
        self.push(sign.encode_utf8(&mut [0; 4]), at);
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Where a place in the text stands in the file.
    pub(super) fn at(&self, place: usize) -> usize {
        let after = self.pieces.partition_point(|(from, _)| *from <= place);
        let piece = self.pieces.get(after.saturating_sub(1));
        piece.map_or(0, |(from, file)| file + place.saturating_sub(*from))
    }

    /// Where a part stands in the file, from its first sign to its last. An empty one stands before what follows it.
    pub(super) fn span(&self, part: Range<usize>) -> Span {
        let start = self.at(part.start);
        match part.end.checked_sub(1) {
            Some(last) if last >= part.start => Span::new(start, (self.at(last) + 1).max(start)),
            _ => Span::new(start, start),
        }
    }

    /// Where all of it stands.
    pub(super) fn whole(&self) -> Span {
        self.span(0..self.text.len())
    }

    /// A part of it.
    pub(super) fn part(&self, part: Range<usize>) -> Self {
        let mut found = Self::default();
        let end = part.end.min(self.text.len());
        let mut from = part.start;
        let mut piece = self.pieces.partition_point(|(start, _)| *start <= from);
        while from < end {
            let to = self
                .pieces
                .get(piece)
                .map_or(end, |(start, _)| end.min(*start));
            found.push(self.text.get(from..to).unwrap_or_default(), self.at(from));
            from = to;
            piece += 1;
        }
        found
    }

    /// The part between the white space at both ends.
    pub(super) fn trimmed(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.part(start..self.text.trim_end().len().max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_knows_where_it_stands() {
        let file = "RUN a \\\n  # note\n  b é";
        let mut folded = Folded::default();
        folded.push("a ", 4);
        folded.push("  b", 17);
        folded.push(" é", 20);
        assert_eq!(folded.text(), "a   b é");
        assert_eq!(folded.pieces.len(), 2);
        let at = |folded: &Folded, part: Range<usize>| {
            let span = folded.span(part);
            file.get(span.range()).unwrap().to_owned()
        };
        assert_eq!(at(&folded, 0..1), "a");
        assert_eq!(at(&folded, 4..8), "b é");
        assert_eq!(at(&folded, 0..5), "a \\\n  # note\n  b");
        assert_eq!(at(&folded, 8..8), "");
        let part = folded.part(1..5);
        assert_eq!((part.text(), at(&part, 3..4)), ("   b", "b".to_owned()));
        let trimmed = part.trimmed();
        assert_eq!((trimmed.text(), trimmed.whole()), ("b", Span::new(19, 20)));
        assert_eq!(folded.part(3..99).text(), " b é");
        assert_eq!(Folded::default().trimmed().whole(), Span::default());
    }
}
