//! The words of an SQL script, and where its statements end.
//!
//! Only so much is told apart as is needed to find the statements about access and never to take a comment or a text for one.

use onus_model::access::Notation;
use onus_model::source::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword, a bare name or a number.
    Word,
    /// A name in `"` or backticks.
    Quoted,
    /// A text in `'` or between dollar quotes.
    Text,
    /// A parameter of ClickHouse: `{name:Type}`.
    Parameter,
    /// One sign.
    Sign,
}

/// A token and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Where it stands, with its quotes.
    pub(super) span: Span,
}

/// A script in tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    /// The statements that have a token, without the `;`, and without those of a section that undoes.
    pub(super) statements: Vec<Vec<Token>>,
    /// Queries whose answers run as statements: `\gexec` of `psql`.
    pub(super) generated: Vec<Span>,
    /// What is opened and never closed, from its opening to the end of the text, and what it is.
    pub(super) open: Option<(Span, &'static str)>,
}

/// Splits a script. Any text is taken, in time that grows with its length.
#[must_use]
pub(super) fn lex(text: &str, dialect: Notation) -> Tokens {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        backslashes: dialect == Notation::ClickHouse,
        postgres: dialect == Notation::PostgreSql,
        undoes: false,
        no_more_data: false,
        statement: Vec::new(),
        script: Tokens::default(),
    };
    while lexer.at < lexer.bytes.len() {
        lexer.step();
    }
    lexer.flush();
    lexer.script
}

/// Comments with which tools for migrations begin the half that undoes, and the half that does.
const UNDO: [&str; 4] = ["+goose down", "+migrate down", "migrate:down", "//@undo"];
const DO: [&str; 3] = ["+goose up", "+migrate up", "migrate:up"];

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Whether `\` escapes in every text.
    backslashes: bool,
    postgres: bool,
    undoes: bool,
    /// Data in the script were looked for to its end, and have none.
    no_more_data: bool,
    statement: Vec<Token>,
    script: Tokens,
}

impl Lexer<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn flush(&mut self) {
        let statement = std::mem::take(&mut self.statement);
        if !self.undoes && !statement.is_empty() {
            self.script.statements.push(statement);
        }
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let span = Span::new(start, self.at);
        self.statement.push(Token { kind, span });
    }

    fn open(&mut self, start: usize, what: &'static str) {
        let span = Span::new(start, self.bytes.len());
        self.script.open = Some((span, what));
    }

    fn step(&mut self) {
        let start = self.at;
        let next = self.byte(start + 1);
        match self.byte(start) {
            b';' => {
                self.at += 1;
                self.end();
            }
            b'-' if next == b'-' => self.line_comment(2),
            b'#' if !self.postgres => self.line_comment(1),
            b'/' if next == b'*' => self.block_comment(),
            b'\'' => self.quoted(start, Kind::Text, b'\'', self.backslashes),
            b'"' => self.quoted(start, Kind::Quoted, b'"', self.backslashes),
            b'`' => self.quoted(start, Kind::Quoted, b'`', self.backslashes),
            b'$' if self.dollars() => {}
            b'{' => self.parameter(),
            b'\\' if self.postgres => self.command(),
            b'e' | b'E' if next == b'\'' && self.postgres => {
                self.at += 1;
                self.quoted(start, Kind::Text, b'\'', true);
            }
            byte if byte.is_ascii_whitespace() || byte == 0 => self.at += 1,
            byte if is_word(byte) => {
                let len = self.rest().iter().take_while(|b| is_word(**b)).count();
                self.at += len;
                // A space that is none of ASCII's is no part of a name.
                let word = self.text.get(start..self.at).unwrap_or_default();
                if word.trim_matches(blank).is_empty() {
                    return;
                }
                self.word(start, word.len());
            }
            _ => {
                self.at += 1;
                self.push(Kind::Sign, start);
            }
        }
    }

    /// A run of letters, without the blanks beyond ASCII that may stand around and in it.
    fn word(&mut self, start: usize, len: usize) {
        let end = start + len;
        let word = self.text.get(start..end).unwrap_or_default();
        let mut from = start;
        for part in word.split_inclusive(blank) {
            let bare = part.trim_end_matches(blank);
            if !bare.is_empty() {
                let span = Span::new(from, from + bare.len());
                self.statement.push(Token {
                    kind: Kind::Word,
                    span,
                });
            }
            from += part.len();
        }
    }

    /// The end of a statement. After `COPY … FROM stdin` come data up to a line of `\.`.
    fn end(&mut self) {
        let word = |token: &Token| self.text.get(token.span.range()).unwrap_or_default();
        let copies = self.postgres
            && !self.no_more_data
            && self
                .statement
                .first()
                .is_some_and(|t| word(t).eq_ignore_ascii_case("copy"))
            && self
                .statement
                .iter()
                .any(|t| word(t).eq_ignore_ascii_case("stdin"));
        self.flush();
        if copies {
            let rest = self.text.get(self.at..).unwrap_or_default();
            match rest.find("\n\\.") {
                Some(end) => self.at += end + 3,
                None => self.no_more_data = true,
            }
        }
    }

    fn line(&mut self) {
        let len = self.rest().iter().take_while(|b| **b != b'\n').count();
        self.at += len;
    }

    /// A command of `psql` ends with its line, and the statement before it.
    fn command(&mut self) {
        let start = self.at;
        self.line();
        let command = self.text.get(start..self.at).unwrap_or_default();
        if let Some(first) = self.statement.first()
            && command.starts_with("\\gexec")
            && !self.undoes
        {
            let span = first.span.join(Span::new(start, self.at));
            self.script.generated.push(span);
        }
        self.flush();
    }

    fn line_comment(&mut self, mark: usize) {
        let start = self.at + mark;
        self.line();
        let said = self.text.get(start..self.at).unwrap_or_default().trim();
        let begins = |marks: &[&str]| {
            marks.iter().any(|mark| {
                said.get(..mark.len())
                    .is_some_and(|s| s.eq_ignore_ascii_case(mark))
            })
        };
        let undoes = match (begins(&UNDO), begins(&DO)) {
            (true, _) => true,
            (_, true) => false,
            _ => return,
        };
        self.flush();
        self.undoes = undoes;
    }

    /// Comments may stand in comments.
    fn block_comment(&mut self) {
        let start = self.at;
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            match (self.byte(self.at), self.byte(self.at + 1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth = depth.saturating_sub(1);
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
        self.open(start, "comment");
    }

    fn quoted(&mut self, start: usize, kind: Kind, quote: u8, backslashes: bool) {
        self.at += 1;
        while self.at < self.bytes.len() {
            let byte = self.byte(self.at);
            if byte == b'\\' && backslashes {
                self.at += 2;
            } else if byte != quote {
                self.at += 1;
            } else if self.byte(self.at + 1) == quote {
                self.at += 2;
            } else {
                self.at += 1;
                self.push(kind, start);
                return;
            }
        }
        self.at = self.bytes.len();
        let what = if kind == Kind::Text { "text" } else { "name" };
        self.open(start, what);
    }

    /// A text between dollar quotes, `$$` or `$tag$`.
    fn dollars(&mut self) -> bool {
        let start = self.at;
        let mut end = start + 1;
        while is_word(self.byte(end)) && self.byte(end) != b'$' {
            end += 1;
        }
        if self.byte(end) != b'$' || self.byte(start + 1).is_ascii_digit() {
            return false;
        }
        end += 1;
        let tag = self.text.get(start..end).unwrap_or_default();
        let rest = self.text.get(end..).unwrap_or_default();
        if let Some(len) = rest.find(tag) {
            self.at = end + len + tag.len();
            self.push(Kind::Text, start);
        } else {
            self.at = self.bytes.len();
            self.open(start, "text");
        }
        true
    }

    fn parameter(&mut self) {
        let start = self.at;
        let mut end = start + 1;
        let mut typed = false;
        while end < self.bytes.len() && !matches!(self.byte(end), b'{' | b'}' | b';' | b'\n') {
            typed |= self.byte(end) == b':';
            end += 1;
        }
        if typed && self.byte(end) == b'}' && !self.postgres {
            self.at = end + 1;
            self.push(Kind::Parameter, start);
        } else {
            self.at += 1;
            self.push(Kind::Sign, start);
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// A blank beyond ASCII, or the mark at the beginning of a file.
fn blank(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{feff}' | '\u{200b}')
}

/// What stands in the quotes of a token; a bare word as it is.
#[must_use]
pub(super) fn value(text: &str, token: Token, dialect: Notation) -> String {
    let raw = text.get(token.span.range()).unwrap_or_default();
    let (inner, quote, backslashes) = match raw.chars().next() {
        Some('$') if token.kind == Kind::Text => {
            let tag = raw
                .get(1..)
                .and_then(|r| r.find('$'))
                .map_or(0, |len| len + 2);
            let inner = raw.get(tag..raw.len().saturating_sub(tag));
            return inner.unwrap_or_default().to_owned();
        }
        Some('e' | 'E') if token.kind == Kind::Text => (raw.get(2..), '\'', true),
        Some(quote) if matches!(token.kind, Kind::Text | Kind::Quoted) => {
            (raw.get(1..), quote, dialect == Notation::ClickHouse)
        }
        _ => return raw.to_owned(),
    };
    let inner = inner
        .and_then(|i| i.strip_suffix(quote))
        .unwrap_or_default();
    let mut value = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' && backslashes {
            match letters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(other) => value.push(other),
                None => {}
            }
        } else {
            value.push(letter);
            if letter == quote {
                letters.next();
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOTH: [Notation; 2] = [Notation::ClickHouse, Notation::PostgreSql];

    fn words(text: &str, dialect: Notation) -> Vec<String> {
        let script = lex(text, dialect);
        let line = |tokens: &Vec<Token>| {
            let words: Vec<_> = tokens.iter().map(|t| value(text, *t, dialect)).collect();
            words.join("|")
        };
        let mut lines: Vec<_> = script.statements.iter().map(line).collect();
        lines.extend(script.open.map(|(span, what)| {
            format!("open {what} {}", text.get(span.range()).unwrap_or_default())
        }));
        lines
    }

    #[test]
    fn statements_end_where_they_end() {
        use Notation::{ClickHouse, PostgreSql};
        let cases: &[(Notation, &str, &[&str])] = &[
            (ClickHouse, "a; b;; c", &["a", "b", "c"]),
            (
                ClickHouse,
                "a -- b; c\nd # e; f\ng /* ; /* ; */ ; */ h",
                &["a|d|g|h"],
            ),
            (ClickHouse, r"'it''s;' 'it\'s;'", &["it's;|it's;"]),
            (PostgreSql, r"'C:\' x; E'it\'s' y", &[r"C:\|x", "it's|y"]),
            (
                ClickHouse,
                "`a``b;` \"c\"\"d\" 02911_user",
                &["a`b;|c\"d|02911_user"],
            ),
            (
                PostgreSql,
                "do $x$ grant; $$ $x$; $1",
                &["do| grant; $$ ", "$1"],
            ),
            (
                ClickHouse,
                "by {password:String} {a}",
                &["by|{password:String}|{|a|}"],
            ),
            (
                PostgreSql,
                "\\connect db\na;\ncopy t from stdin;\nit's\n\\.\nb",
                &["a", "copy|t|from|stdin", "b"],
            ),
            (
                PostgreSql,
                "select 1 \\gexec\ngrant\n\\gx\nb",
                &["select|1", "grant", "b"],
            ),
            (
                PostgreSql,
                "copy t from stdin; copy t from stdin; c",
                &["copy|t|from|stdin", "copy|t|from|stdin", "c"],
            ),
            (
                PostgreSql,
                "-- +goose Up\na;\n-- +goose Down\nb;\n-- +goose Up\nc",
                &["a", "c"],
            ),
            (
                PostgreSql,
                "-- migrate:up\na\n-- migrate:down transaction:false\nb",
                &["a"],
            ),
            (ClickHouse, "a; 'b; c", &["a", "open text 'b; c"]),
            (
                ClickHouse,
                "a /* /* */ b",
                &["a", "open comment /* /* */ b"],
            ),
            (ClickHouse, "\u{feff}grant\u{a0}ärger", &["grant|ärger"]),
        ];
        for (dialect, text, expected) in cases {
            assert_eq!(&words(text, *dialect), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_and_tokens_stand_in_order_where_they_say(text in "\\PC*|[ag$'\"`/*;{:}\\\\#\n-]{0,60}") {
            for dialect in BOTH {
                let script = lex(&text, dialect);
                let mut last = 0;
                for token in script.statements.iter().flatten() {
                    prop_assert!(text.get(token.span.range()).is_some_and(|t| !t.is_empty()));
                    prop_assert!(token.span.start >= last);
                    last = token.span.end;
                    let _ = value(&text, *token, dialect);
                }
            }
        }
    }
}
