//! Text from configs is data: nothing in it may act on a terminal.

use std::borrow::Cow;

use crate::Style;

/// Whether a character would do something else than stand where it is.
pub(crate) fn acts(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        c if c.is_control() => true,
        // Marks and embeddings that turn the direction of what follows, and what cannot be seen.
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2028}' | '\u{2029}' => true,
        '\u{2060}'..='\u{2069}' | '\u{061C}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}' => true,
        '\u{00AD}' | '\u{180E}' | '\u{FFF9}'..='\u{FFFB}' => true,
        _ => false,
    }
}

/// The text with all such characters written out: `\u{1b}`.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::new(), |mut out, c| {
        push(&mut out, c);
        out
    }))
}

/// As [`plain`], in one line.
pub(crate) fn line(text: &str) -> String {
    plain(text).replace(['\n', '\t'], " ")
}

/// As [`line`], and not longer than this many characters. However long the text is, only its beginning is looked at.
pub(crate) fn short(text: &str, longest: usize, style: Style) -> String {
    let beginning: String = text.chars().take(longest + 1).collect();
    let line = line(&beginning);
    if line.chars().count() <= longest {
        return line;
    }
    let cut = style.cut();
    let kept = longest.saturating_sub(cut.chars().count());
    line.chars().take(kept).chain(cut.chars()).collect()
}

/// Appends one character, written out if it acts.
pub(crate) fn push(out: &mut String, c: char) {
    if acts(c) {
        out.extend(c.escape_unicode());
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_out_what_acts_on_a_terminal() {
        assert_eq!(
            plain("a\u{1b}[31mb\u{202e}c\r"),
            "a\\u{1b}[31mb\\u{202e}c\\u{d}"
        );
        assert_eq!(plain("näme ✓\tx"), "näme ✓\tx");
        assert_eq!(line("a\nb"), "a b");
    }

    #[test]
    fn cuts_what_is_too_long() {
        use crate::samples::{ASCII, PLAIN};
        assert_eq!(short("abcd", 4, PLAIN), "abcd");
        assert_eq!(short("abcdef", 4, PLAIN), "abc…");
        assert_eq!(short("abcdef", 4, ASCII), "a...");
        assert_eq!(short("\u{1b}", 4, PLAIN), "\\u{…");
    }
}
