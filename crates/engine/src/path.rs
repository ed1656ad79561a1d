//! Reads the paths of schema annotations: RFC 9535 (JSONPath) with three roots and guarded locations.
//!
//! `$` is the node of the enclosing entity, `$$` the object, `@` the current node. Function extensions
//! (RFC 9535 section 2.4) are not supported, nor are fractions in comparisons.

use onus_model::path::{
    Comparison, Filter, Locator, Operand, Path, Pattern, Predicate, Root, Segment, Selector, Test,
};
use onus_model::source::Span;

/// Why a path is refused, and where in the text that was given.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) span: Span,
}

type Parsed<T> = Result<T, Refusal>;

/// Reads one path.
pub(crate) fn path(text: &str) -> Parsed<Path> {
    let mut parser = Parser::new(text);
    let path = parser.path()?;
    parser.end("the path should end here")?;
    Ok(path)
}

/// Reads `[guard] path | [guard] path | …`.
pub(crate) fn locators(text: &str) -> Parsed<Vec<Locator>> {
    let mut parser = Parser::new(text);
    let mut found = Vec::new();
    loop {
        let mut guards = Vec::new();
        parser.space();
        while parser.eat("[") {
            guards.push(parser.guard()?);
            parser.space();
        }
        let path = parser.path()?;
        found.push(Locator { guards, path });
        parser.space();
        if !parser.eat("|") {
            break;
        }
    }
    parser.end("a location should end here, or go on with `|`")?;
    Ok(found)
}

/// Filters and brackets may nest this deep; nothing sensible comes near.
const DEEPEST: usize = 32;

struct Parser<'t> {
    text: &'t str,
    rest: &'t str,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            rest: text,
            depth: 0,
        }
    }

    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn refuse<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let at = self.at();
        let width = self.rest.chars().next().map_or(0, char::len_utf8);
        Err(Refusal {
            message: message.into(),
            span: Span::new(at, at + width),
        })
    }

    fn eat(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Takes characters as long as they satisfy the condition.
    fn take(&mut self, good: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !good(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn expect(&mut self, word: &str) -> Parsed<()> {
        self.space();
        if self.eat(word) {
            Ok(())
        } else {
            self.refuse(format!("`{word}` is expected here"))
        }
    }

    fn end(&mut self, message: &str) -> Parsed<()> {
        self.space();
        if self.rest.is_empty() {
            Ok(())
        } else {
            self.refuse(message)
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEEPEST {
            return self.refuse("the path is nested too deeply");
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// The inside of `[!a.b=x,y*]`, up to and with the `]`.
    fn guard(&mut self) -> Parsed<Predicate> {
        let absent = self.eat("!");
        let mut path = Vec::new();
        loop {
            let name = self.take(is_name);
            if name.is_empty() {
                return self.refuse("a member name is expected here");
            }
            path.push(name.to_owned());
            if !self.eat(".") {
                break;
            }
        }
        let test = if absent {
            Test::Absent
        } else if self.eat("=") {
            let mut patterns = Vec::new();
            loop {
                self.space();
                let pattern =
                    self.take(|c| !matches!(c, ',' | ']' | '[' | '|') && !c.is_whitespace());
                if pattern.is_empty() {
                    return self.refuse("a value is expected here, as in `[kind=Pod,*Set]`");
                }
                patterns.push(Pattern::new(pattern));
                self.space();
                if !self.eat(",") {
                    break;
                }
            }
            Test::OneOf(patterns)
        } else {
            Test::Present
        };
        self.expect("]")?;
        Ok(Predicate { path, test })
    }

    fn path(&mut self) -> Parsed<Path> {
        self.space();
        let root = if self.eat("$$") {
            Root::Object
        } else if self.eat("$") {
            Root::Entity
        } else if self.eat("@") {
            Root::Current
        } else {
            return self.refuse(
                "a path begins with `$` (the entity), `$$` (the object) or `@` (the current node)",
            );
        };
        let segments = self.deeper(Self::segments)?;
        Ok(Path { root, segments })
    }

    fn segments(&mut self) -> Parsed<Vec<Segment>> {
        let mut segments = Vec::new();
        loop {
            let before = self.rest;
            self.space();
            if self.eat("..") {
                segments.push(Segment::Descendant(if self.eat("[") {
                    self.bracket()?
                } else {
                    vec![self.shorthand()?]
                }));
            } else if self.eat(".") {
                segments.push(Segment::Child(vec![self.shorthand()?]));
            } else if self.eat("[") {
                segments.push(Segment::Child(self.bracket()?));
            } else {
                self.rest = before;
                return Ok(segments);
            }
        }
    }

    /// `name` or `*` behind a dot.
    fn shorthand(&mut self) -> Parsed<Selector> {
        if self.eat("*") {
            return Ok(Selector::Wildcard);
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            return self
                .refuse("a name behind a dot cannot begin with a digit: write `[0]` or `['0']`");
        }
        let name = self.take(is_name);
        if name.is_empty() {
            return self.refuse("a member name or `*` is expected here");
        }
        if self.rest.starts_with('(') {
            return self.refuse("function extensions are not supported");
        }
        Ok(Selector::Name(name.to_owned()))
    }

    /// Selectors up to and with the `]`.
    fn bracket(&mut self) -> Parsed<Vec<Selector>> {
        let mut selectors = Vec::new();
        loop {
            self.space();
            selectors.push(self.selector()?);
            self.space();
            if self.eat("]") {
                return Ok(selectors);
            }
            if !self.eat(",") {
                return self.refuse("`,` or `]` is expected here");
            }
        }
    }

    fn selector(&mut self) -> Parsed<Selector> {
        if self.eat("*") {
            return Ok(Selector::Wildcard);
        }
        if self.eat("?") {
            return Ok(Selector::Filter(self.deeper(Self::any)?));
        }
        if let Some(name) = self.quoted()? {
            return Ok(Selector::Name(name));
        }
        let start = self.integer()?;
        self.space();
        if !self.eat(":") {
            return match start {
                Some(index) => Ok(Selector::Index(index)),
                None => self
                    .refuse("a quoted name, an index, a slice, `*` or a filter is expected here"),
            };
        }
        self.space();
        let end = self.integer()?;
        self.space();
        let mut step = 1;
        if self.eat(":") {
            self.space();
            step = self.integer()?.unwrap_or(1);
            if step == 0 {
                return self.refuse("the step of a slice cannot be 0");
            }
        }
        Ok(Selector::Slice { start, end, step })
    }

    fn integer(&mut self) -> Parsed<Option<i64>> {
        let before = self.rest;
        let negative = self.eat("-");
        let digits = self.take(|c| c.is_ascii_digit());
        if digits.is_empty() {
            self.rest = before;
            return Ok(None);
        }
        let sign = if negative { "-" } else { "" };
        match format!("{sign}{digits}").parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => {
                self.rest = before;
                self.refuse("this number is too large")
            }
        }
    }

    /// A name in single or double quotes, if one stands here.
    fn quoted(&mut self) -> Parsed<Option<String>> {
        let before = self.rest;
        let quote = if self.eat("'") {
            '\''
        } else if self.eat("\"") {
            '"'
        } else {
            return Ok(None);
        };
        let mut name = String::new();
        loop {
            name.push_str(self.take(|c| c != quote && c != '\\'));
            let mut chars = self.rest.chars();
            match (chars.next(), chars.next()) {
                (Some('\\'), Some(escaped)) => {
                    name.push(match escaped {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        '\\' | '\'' | '"' | '/' => escaped,
                        _ => return self.refuse("only `\\\\`, `\\'`, `\\\"`, `\\/`, `\\n`, `\\r` and `\\t` are known here"),
                    });
                    self.rest = chars.as_str();
                }
                (Some(_), _) if self.rest.starts_with(quote) => {
                    self.eat(quote.encode_utf8(&mut [0; 4]));
                    return Ok(Some(name));
                }
                _ => {
                    self.rest = before;
                    return self.refuse("this quote is never closed");
                }
            }
        }
    }

    fn any(&mut self) -> Parsed<Filter> {
        let mut parts = vec![self.all()?];
        loop {
            self.space();
            if !self.eat("||") {
                break;
            }
            parts.push(self.all()?);
        }
        Ok(single(parts, Filter::Any))
    }

    fn all(&mut self) -> Parsed<Filter> {
        let mut parts = vec![self.basic()?];
        loop {
            self.space();
            if !self.eat("&&") {
                break;
            }
            parts.push(self.basic()?);
        }
        Ok(single(parts, Filter::All))
    }

    fn basic(&mut self) -> Parsed<Filter> {
        self.space();
        if self.eat("!") {
            return Ok(Filter::Not(Box::new(self.deeper(Self::basic)?)));
        }
        if self.eat("(") {
            let inner = self.deeper(Self::any)?;
            self.expect(")")?;
            return Ok(inner);
        }
        let left = self.operand()?;
        self.space();
        let comparison = if self.eat("==") {
            Comparison::Equal
        } else if self.eat("!=") {
            Comparison::NotEqual
        } else if self.eat("<=") {
            Comparison::LessOrEqual
        } else if self.eat(">=") {
            Comparison::GreaterOrEqual
        } else if self.eat("<") {
            Comparison::Less
        } else if self.eat(">") {
            Comparison::Greater
        } else {
            return match left {
                Operand::Path(path) => Ok(Filter::Exists(path)),
                Operand::String(_) | Operand::Integer(_) | Operand::Bool(_) | Operand::Null => {
                    self.refuse("a comparison is expected here")
                }
            };
        };
        self.space();
        let right = self.operand()?;
        Ok(Filter::Compare(left, comparison, right))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        if let Some(text) = self.quoted()? {
            return Ok(Operand::String(text));
        }
        if let Some(number) = self.integer()? {
            if self.rest.starts_with(['.', 'e', 'E']) {
                return self.refuse("only whole numbers can be compared");
            }
            return Ok(Operand::Integer(number));
        }
        if self.rest.starts_with(['$', '@']) {
            return Ok(Operand::Path(self.path()?));
        }
        let before = self.rest;
        match self.take(is_name) {
            "true" => Ok(Operand::Bool(true)),
            "false" => Ok(Operand::Bool(false)),
            "null" => Ok(Operand::Null),
            _ => {
                self.rest = before;
                self.refuse("a path, a quoted text, a whole number, `true`, `false` or `null` is expected here")
            }
        }
    }
}

fn single(mut parts: Vec<Filter>, join: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

/// RFC 9535 section 2.5.1.1, with `-` allowed inside a name, as config keys have it.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &Path) -> String {
        format!("{:?}{:?}", path.root, path.segments)
    }

    #[test]
    fn reads_the_shapes_of_the_standard() {
        for good in [
            "$",
            "$$",
            "@.a",
            "$.spec.containers[*]",
            "$.spec['containers','initContainers'][*]",
            "$..image",
            "$..['a'][0]",
            "$.a[-1]",
            "$.a[1:3]",
            "$.a[::2]",
            "$.a[?@.b]",
            "$.a[?@.b == 'x' && !(@.c > 3 || @.d)]",
            "$.a[?$.b != @.c]",
            "$.metadata.annotations.*",
            "$.a [ 'b' , \"c\\\"d\" ] ",
        ] {
            assert!(path(good).is_ok(), "{good}: {:?}", path(good));
        }
        assert_eq!(
            names(&path("$.a-b['c']").unwrap()),
            names(&path("$['a-b'].c").unwrap())
        );
    }

    #[test]
    fn refuses_what_is_malformed_at_its_place() {
        let refused = |text: &str| {
            let refusal = path(text).unwrap_err();
            (refusal.span.start, refusal.message)
        };
        assert_eq!(refused("spec").0, 0);
        assert_eq!(refused("$.").0, 2);
        assert_eq!(refused("$.a[").0, 4);
        assert_eq!(refused("$.a['b").0, 4);
        assert_eq!(refused("$.a[0:1:0]").1, "the step of a slice cannot be 0");
        assert_eq!(refused("$.0").0, 2);
        assert_eq!(refused("$.a b").1, "the path should end here");
        assert_eq!(refused("$[?length(@.a) > 1]").0, 3);
        assert!(path(&format!("$[?{}@.a", "(".repeat(10_000))).is_err());
    }

    #[test]
    fn reads_guarded_locations() {
        let found = locators(
            "[kind=Pod] $$\n | [kind=Deployment,*Set][!metadata.x] $$.spec.template | $.a[?@.b || @.c]",
        )
        .unwrap();
        assert_eq!(found.len(), 3);
        let guards: Vec<usize> = found.iter().map(|l| l.guards.len()).collect();
        assert_eq!(guards, [1, 2, 0]);
        assert!(locators("[kind=] $").is_err());
        assert!(locators("[kind=Pod] $ $").is_err());
        assert!(locators("").is_err());
    }
}
