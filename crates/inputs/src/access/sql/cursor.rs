//! A place in the tokens of one statement, and the smallest things that are read from there.

use onus_model::access::Notation;
use onus_model::source::Span;

use super::lex::{Kind, Token, value};
use super::statement::{Audience, Meant, Name, Part, Target};

/// Where a statement is not understood, and what could stand there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrong {
    pub(super) span: Span,
    pub(super) wanted: &'static str,
}

pub(super) type Parsed<T> = Result<T, Wrong>;

/// Bare words that end a list, and are names only in quotes.
const NO_NAMES: [&str; 6] = ["TO", "FROM", "ON", "WITH", "USING", "EXCEPT"];

pub(super) struct Cursor<'t> {
    text: &'t str,
    pub(super) dialect: Notation,
    tokens: &'t [Token],
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str, dialect: Notation, tokens: &'t [Token]) -> Self {
        Self {
            text,
            dialect,
            tokens,
            at: 0,
        }
    }

    pub(super) fn clickhouse(&self) -> bool {
        self.dialect == Notation::ClickHouse
    }

    pub(super) fn ended(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn token(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub(super) fn raw(&self, span: Span) -> &'t str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Whether a token is this bare word.
    pub(super) fn is(&self, ahead: usize, word: &str) -> bool {
        self.token(ahead)
            .is_some_and(|t| t.kind == Kind::Word && self.raw(t.span).eq_ignore_ascii_case(word))
    }

    pub(super) fn is_any(&self, ahead: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(ahead, word))
    }

    /// Whether these bare words are next, separated by blanks in `words`.
    pub(super) fn are(&self, words: &str) -> bool {
        words
            .split(' ')
            .enumerate()
            .all(|(ahead, word)| self.is(ahead, word))
    }

    pub(super) fn eat(&mut self, words: &str) -> bool {
        let found = self.are(words);
        if found {
            self.at += words.split(' ').count();
        }
        found
    }

    pub(super) fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        self.token(ahead)
            .is_some_and(|t| t.kind == Kind::Sign && self.raw(t.span) == sign)
    }

    pub(super) fn eat_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(0, sign);
        self.at += usize::from(found);
        found
    }

    /// The bytes from the token `from` to the last one that was read.
    pub(super) fn since(&self, from: usize) -> Span {
        let first = self.tokens.get(from).map(|t| t.span);
        let last = self
            .at
            .checked_sub(1)
            .and_then(|i| self.tokens.get(i))
            .map(|t| t.span);
        match (first, last) {
            (Some(first), Some(last)) if last.start >= first.start => first.join(last),
            (first, last) => first.or(last).unwrap_or_default(),
        }
    }

    pub(super) fn wrong<T>(&self, wanted: &'static str) -> Parsed<T> {
        let span = match self.token(0) {
            Some(token) => token.span,
            None => self.tokens.last().map(|t| t.span).unwrap_or_default(),
        };
        Err(Wrong { span, wanted })
    }

    pub(super) fn expect(&mut self, words: &str, wanted: &'static str) -> Parsed<()> {
        if self.eat(words) {
            return Ok(());
        }
        self.wrong(wanted)
    }

    pub(super) fn expect_sign(&mut self, sign: &str, wanted: &'static str) -> Parsed<()> {
        if self.eat_sign(sign) {
            return Ok(());
        }
        self.wrong(wanted)
    }

    /// A bare word in capitals.
    pub(super) fn word(&mut self) -> Option<Name> {
        let token = self.token(0).filter(|t| t.kind == Kind::Word)?;
        self.at += 1;
        Some(Name {
            text: self.raw(token.span).to_uppercase(),
            meant: Meant::Name,
            span: token.span,
        })
    }

    /// A text in quotes, or a parameter that stands for one.
    pub(super) fn string(&mut self) -> Parsed<Name> {
        match self.token(0) {
            Some(token) if matches!(token.kind, Kind::Text | Kind::Parameter) => {
                self.at += 1;
                Ok(Name {
                    text: value(self.text, token, self.dialect),
                    meant: Meant::Name,
                    span: token.span,
                })
            }
            _ => self.wrong("a text in quotes"),
        }
    }

    /// The value of a token that can be a name; bare names of PostgreSQL in small letters.
    fn identifier(&mut self) -> Parsed<(String, Token)> {
        let Some(token) = self.token(0) else {
            return self.wrong("a name");
        };
        let named = match token.kind {
            Kind::Word => !self.is_any(0, &NO_NAMES),
            Kind::Quoted => true,
            Kind::Text | Kind::Parameter => self.clickhouse(),
            Kind::Sign => false,
        };
        if !named {
            return self.wrong("a name");
        }
        self.at += 1;
        let mut text = value(self.text, token, self.dialect);
        if token.kind == Kind::Word && !self.clickhouse() {
            text = text.to_lowercase();
        }
        Ok((text, token))
    }

    /// A name without a host.
    pub(super) fn plain_name(&mut self) -> Parsed<Name> {
        let (text, token) = self.identifier()?;
        Ok(Name {
            text,
            meant: Meant::Name,
            span: token.span,
        })
    }

    /// The name of a user or role: `user@host` in ClickHouse, where the host `%` is any.
    pub(super) fn name(&mut self) -> Parsed<Name> {
        let from = self.at;
        let current = self.is_any(0, &["CURRENT_USER", "SESSION_USER", "CURRENT_ROLE"]);
        let public = !self.clickhouse() && self.is(0, "PUBLIC");
        let (mut text, _) = self.identifier()?;
        let meant = match (current, public) {
            (true, _) => Meant::Current,
            (_, true) => Meant::Public,
            _ => Meant::Name,
        };
        if meant != Meant::Name {
            text = text.to_uppercase();
            if self.is_sign(0, "(") && self.is_sign(1, ")") {
                self.at += 2;
            }
        }
        if self.clickhouse() && self.eat_sign("@") {
            let (mut host, _) = self.identifier()?;
            while self.is_sign(0, ".") {
                self.at += 1;
                let (part, _) = self.identifier()?;
                host = format!("{host}.{part}");
            }
            if host != "%" {
                text = format!("{text}@{host}");
            }
        }
        Ok(Name {
            text,
            meant,
            span: self.since(from),
        })
    }

    /// Names with commas between them.
    pub(super) fn names(&mut self) -> Parsed<Vec<Name>> {
        let mut names = vec![self.name()?];
        while self.eat_sign(",") {
            names.push(self.name()?);
        }
        Ok(names)
    }

    /// Names of what is neither a user nor a role.
    pub(super) fn plain_names(&mut self) -> Parsed<Vec<Name>> {
        let mut names = vec![self.plain_name()?];
        while self.eat_sign(",") {
            names.push(self.plain_name()?);
        }
        Ok(names)
    }

    /// `ON CLUSTER name`.
    pub(super) fn cluster(&mut self, known: Option<Name>) -> Parsed<Option<Name>> {
        if known.is_some() || !self.eat("ON CLUSTER") {
            return Ok(known);
        }
        self.plain_name().map(Some)
    }

    /// `a, b`, `ALL EXCEPT c`, `NONE`.
    pub(super) fn audience(&mut self) -> Parsed<Audience> {
        let mut audience = Audience::default();
        loop {
            let from = self.at;
            if self.clickhouse() && (self.eat("ALL") || self.eat("ANY")) {
                audience.all = Some(self.since(from));
            } else if !(self.clickhouse() && self.eat("NONE")) {
                // PostgreSQL's groups are roles by another name.
                if !self.clickhouse() && self.is(0, "GROUP") && !self.is_sign(1, ",") {
                    let names = self.token(1).is_some_and(|t| t.kind != Kind::Sign);
                    self.at += usize::from(names && !self.is_any(1, &["WITH", "GRANTED"]));
                }
                audience.names.push(self.name()?);
            }
            if self.clickhouse() && self.eat("EXCEPT") {
                audience.except.extend(self.names()?);
            }
            if !self.eat_sign(",") {
                return Ok(audience);
            }
        }
    }

    /// Passes over what stands in brackets, if they are next.
    pub(super) fn brackets(&mut self) -> Parsed<bool> {
        if !self.is_sign(0, "(") {
            return Ok(false);
        }
        let mut depth = 0usize;
        while !self.ended() {
            if self.is_sign(0, "(") {
                depth += 1;
            } else if self.is_sign(0, ")") {
                depth -= 1;
            }
            self.at += 1;
            if depth == 0 {
                return Ok(true);
            }
        }
        self.wrong("`)`")
    }

    /// A name, a beginning of names, or `*`.
    fn part(&mut self) -> Parsed<Part> {
        if self.clickhouse() && self.eat_sign("*") {
            let text = String::new();
            return Ok(Part { text, open: true });
        }
        // A definer is a user, with a host; in PostgreSQL a schema may be called `public`.
        let name = if self.clickhouse() {
            self.name()?
        } else {
            self.plain_name()?
        };
        let text = name.text;
        let before = self.since(self.at - 1).end;
        let open = self.clickhouse()
            && self.is_sign(0, "*")
            && self.token(0).is_some_and(|t| t.span.start == before);
        self.at += usize::from(open);
        Ok(Part { text, open })
    }

    /// `db.table`, `db.*`, `table`; of three names the last two.
    pub(super) fn target(&mut self, class: Option<&'static str>) -> Parsed<Target> {
        let from = self.at;
        let mut database = None;
        let mut table = self.part()?;
        while self.eat_sign(".") {
            database = Some(std::mem::replace(&mut table, self.part()?));
        }
        let start = self.at;
        let span = self.since(from);
        let arguments = matches!(class, Some("FUNCTION" | "PROCEDURE" | "ROUTINE"));
        let held_to = class.is_none() && database.is_none();
        let only = if (arguments || held_to) && self.brackets()? {
            let words: Vec<_> = self
                .tokens
                .get(start + 1..self.at - 1)
                .unwrap_or_default()
                .iter()
                .map(|t| self.raw(t.span))
                .collect();
            Some(words.join(" ")).filter(|w| arguments || !w.is_empty())
        } else {
            None
        };
        Ok(Target {
            class,
            database,
            table,
            only,
            span,
        })
    }

    /// Passes over tokens, and whole brackets, up to where `ends` says so.
    pub(super) fn skip_until(&mut self, ends: impl Fn(&Self) -> bool) -> Parsed<()> {
        while !self.ended() && !ends(self) {
            if !self.brackets()? {
                self.at += 1;
            }
        }
        Ok(())
    }
}
