//! The words of an instruction: flags, arguments, JSON in their place, and what stands in place of something else.

use std::ops::Range;

use jiter::{Jiter, Peek};
use onus_model::source::Span;

use super::super::folded::Folded;
use super::super::shell::Word;
use super::lines::Announced;

/// What variables may add to a value, in bytes.
pub(super) const LONGEST: usize = 4096;

/// Values in values, as in `${A:-${B}}`, this deep.
const DEEPEST: usize = 8;

/// `--name=value` before the arguments.
pub(super) struct Flag {
    pub(super) name: String,
    pub(super) value: Option<String>,
    pub(super) span: Span,
}

/// The flags at the beginning, and what stands behind them.
pub(super) fn flags(rest: &Folded) -> (Vec<Flag>, Folded) {
    let mut flags = Vec::new();
    let mut from = 0;
    for word in ranges(rest.text(), '\\').0 {
        let written = rest.text().get(word.clone()).unwrap_or_default();
        let Some(flag) = written.strip_prefix("--") else {
            break;
        };
        from = word.end;
        if flag.is_empty() {
            break;
        }
        let flag = unquoted(flag, '\\');
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (flag, None),
        };
        flags.push(Flag {
            name,
            value,
            span: rest.span(word),
        });
    }
    let rest = rest.part(from..rest.text().len()).trimmed();
    (flags, rest)
}

/// Where the words stand that white space parts, whatever quotes there are.
pub(super) fn blanks(text: &str) -> Vec<Range<usize>> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}');
    let mut words = Vec::new();
    let mut at = 0;
    for word in text.split_inclusive(blank) {
        let length = word.trim_end_matches(blank).len();
        if length > 0 {
            words.push(at..at + length);
        }
        at += word.len();
    }
    words
}

/// Where the words stand, with their quotes, and whether all quotes are closed.
pub(super) fn ranges(text: &str, escape: char) -> (Vec<Range<usize>>, bool) {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match quote {
            None if sign.is_whitespace() => {
                words.extend(start.take().map(|start| start..at));
                continue;
            }
            None if matches!(sign, '"' | '\'') => quote = Some(sign),
            Some(open) if sign == open => quote = None,
            _ => {}
        }
        start.get_or_insert(at);
        if sign == escape && quote != Some('\'') {
            signs.next();
        }
    }
    words.extend(start.map(|start| start..text.len()));
    (words, quote.is_none())
}

/// A word without its quotes; variables stay as they are.
pub(super) fn unquoted(raw: &str, escape: char) -> String {
    resolved(raw, escape, &|_| Found::Verbatim).unwrap_or_else(|| raw.to_owned())
}

/// What is known of a variable.
pub(super) enum Found {
    /// Its value.
    Known(String),
    /// It has none unless somebody gives it one when the image is built.
    Unset,
    /// It may be anything.
    Unknown,
    /// It is not asked: its name stays.
    Verbatim,
}

/// A word without its quotes, with the values of its variables; nothing where one of them is known only when the image is built.
pub(super) fn resolved(raw: &str, escape: char, find: &dyn Fn(&str) -> Found) -> Option<String> {
    resolved_at(raw, escape, find, 0)
}

fn resolved_at(
    raw: &str,
    escape: char,
    find: &dyn Fn(&str) -> Found,
    depth: usize,
) -> Option<String> {
    if depth > DEEPEST {
        return None;
    }
    let mut out = String::with_capacity(raw.len());
    let mut quote = None;
    let mut at = 0;
    while let Some(sign) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        let after = raw.get(at + sign.len_utf8()..).unwrap_or_default();
        let second = after.chars().next();
        at += sign.len_utf8();
        match (quote, sign) {
            (None, '"' | '\'') => quote = Some(sign),
            (Some(open), _) if sign == open => quote = None,
            (Some('\''), _) => out.push(sign),
            (_, _) if sign == escape => {
                let Some(second) = second else { continue };
                // Between double quotes it takes the meaning from these alone.
                if quote.is_some() && !matches!(second, '"' | '$') && second != escape {
                    out.push(sign);
                }
                out.push(second);
                at += second.len_utf8();
            }
            (_, '$') => {
                let (length, value) = variable(after, escape, find, depth)?;
                match value {
                    Some(value) => out.push_str(&value),
                    None => {
                        out.push('$');
                        out.push_str(after.get(..length).unwrap_or_default());
                    }
                }
                at += length;
                if out.len() > raw.len() + LONGEST {
                    return None;
                }
            }
            _ => out.push(sign),
        }
    }
    Some(out)
}

/// The variable that begins behind a `$`: how long that is, and its value; no value, where it stays as it is. Nothing where it is
/// known only when the image is built.
fn variable(
    after: &str,
    escape: char,
    find: &dyn Fn(&str) -> Found,
    depth: usize,
) -> Option<(usize, Option<String>)> {
    let name = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        end.unwrap_or(text.len())
    };
    let Some(inner) = after.strip_prefix('{') else {
        let length = name(after);
        // A `$` before anything else is a dollar.
        let Some(name) = after.get(..length).filter(|name| !name.is_empty()) else {
            return Some((0, Some("$".to_owned())));
        };
        return match find(name) {
            Found::Known(value) => Some((length, Some(value))),
            Found::Verbatim => Some((length, None)),
            Found::Unset | Found::Unknown => None,
        };
    };
    let mut open = 1_usize;
    let end = inner.find(|c| {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        open == 0
    });
    let end = end.unwrap_or(inner.len());
    let whole = (end + 2).min(after.len());
    let inner = inner.get(..end).unwrap_or_default();
    let length = name(inner);
    let (name, how) = (inner.get(..length)?, inner.get(length..)?);
    let found = find(name);
    if matches!(found, Found::Verbatim) {
        return Some((whole, None));
    }
    let known = match found {
        Found::Known(value) => Some(value),
        Found::Unset => None,
        Found::Unknown | Found::Verbatim => return None,
    };
    // With a colon, an empty value is none.
    let (known, how) = match how.strip_prefix(':') {
        Some(how) => (known.filter(|value| !value.is_empty()), how),
        None => (known, how),
    };
    let other = |how: &str| resolved_at(how, escape, find, depth + 1);
    let value = match (how.chars().next(), known) {
        (None, known) => known?,
        (Some('-'), Some(known)) => known,
        (Some('-'), None) => other(how.get(1..)?)?,
        (Some('+'), Some(_)) => other(how.get(1..)?)?,
        (Some('+'), None) => String::new(),
        (Some('?'), known) => known?,
        _ => return None,
    };
    Some((whole, Some(value)))
}

/// The arguments as JSON, if they are a list: its texts, or where something else stands in it.
pub(super) fn json(rest: &Folded) -> Option<Result<Vec<Word>, Span>> {
    let text = rest.text();
    if !text.starts_with('[') {
        return None;
    }
    let mut reader = Jiter::new(text.as_bytes());
    let mut next = reader.next_array().ok()?;
    let mut words = Vec::new();
    let mut other = None;
    while let Some(peek) = next {
        let start = reader.current_index();
        if peek == Peek::String {
            reader.known_str().ok()?;
            let end = reader.current_index();
            words.push(string(rest, start..end));
        } else {
            reader.known_skip(peek).ok()?;
            other.get_or_insert(rest.span(start..reader.current_index()));
        }
        next = reader.array_step().ok()?;
    }
    reader.finish().ok()?;
    Some(other.map_or(Ok(words), Err))
}

/// A JSON string that is known to be well formed.
fn string(rest: &Folded, quoted: Range<usize>) -> Word {
    let span = rest.span(quoted.clone());
    let inner = quoted.start + 1..quoted.end.saturating_sub(1).max(quoted.start + 1);
    let text = rest.text().get(inner.clone()).unwrap_or_default();
    if !text.contains('\\') {
        return Word::new(rest.part(inner), span);
    }
    let mut value = Folded::default();
    let mut high = None;
    let mut at = inner.start;
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        let mut meant = sign;
        at += sign.len_utf8();
        if sign == '\\' {
            let escaped = signs.next().unwrap_or_default();
            at += escaped.len_utf8();
            meant = match escaped {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = signs.by_ref().take(4).collect();
                    at += digits.len();
                    let unit = u32::from_str_radix(&digits, 16).unwrap_or_default();
                    if (0xD800..0xDC00).contains(&unit) {
                        high = Some(unit - 0xD800);
                        continue;
                    }
                    let code = match high.take() {
                        Some(high) => 0x10000 + (high << 10) + (unit & 0x3FF),
                        None => unit,
                    };
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
                other => other,
            };
        }
        value.push_char(meant, rest.at(at.saturating_sub(meant.len_utf8())));
    }
    Word::new(value, span)
}

/// The here-documents that the arguments announce. Where quotes are open, there are none.
pub(super) fn announced(rest: &Folded) -> Vec<Announced> {
    if !rest.text().contains("<<") {
        return Vec::new();
    }
    let (words, closed) = ranges(rest.text(), '\\');
    if !closed {
        return Vec::new();
    }
    let found = words.into_iter().filter_map(|word| {
        let written = rest.text().get(word.clone())?;
        let from = written.trim_start_matches(|c: char| c.is_ascii_digit());
        let name = from.strip_prefix("<<")?;
        let (tabs, name) = match name.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, name),
        };
        (!name.is_empty() && !name.contains('<')).then(|| Announced {
            name: unquoted(name, '\\'),
            tabs,
            at: rest.span(word),
        })
    });
    found.collect()
}

/// The words of a name, in capitals: `DB_PASSWORD`, `db-password` and `dbPassword` have the same two.
pub(super) fn of_name(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut small = false;
    for sign in name.chars() {
        if !sign.is_alphanumeric() || small && sign.is_uppercase() {
            words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
        }
        if sign.is_alphanumeric() {
            word.extend(sign.to_uppercase());
        }
        small = sign.is_lowercase();
    }
    words.extend(Some(word).filter(|w| !w.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Found {
        match name {
            "A" => Found::Known("a".to_owned()),
            "E" => Found::Known(String::new()),
            "U" => Found::Unset,
            "BIG" => Found::Known("x".repeat(3_000)),
            _ => Found::Unknown,
        }
    }

    #[test]
    fn variables_have_their_values_and_what_nobody_knows_is_open() {
        for (raw, expect) in [
            ("x", Some("x")),
            ("$A-${A}$", Some("a-a$")),
            ("'$A'\"$A'\"\\$A", Some("$Aa'$A")),
            ("\"a\\b\\\"\"", Some("a\\b\"")),
            ("${U:-b${A}}${E:-c}${E-d}", Some("bac")),
            ("${A:-b}${A:+c}${E:+d}${U+e}", Some("ac")),
            ("${A:?b}", Some("a")),
            ("$U", None),
            ("${U?b}", None),
            ("${A#a}", None),
            ("$X", None),
            ("${X:-b}", None),
            ("${A", Some("a")),
            ("$BIG$BIG", None),
        ] {
            assert_eq!(resolved(raw, '\\', &find).as_deref(), expect, "{raw}");
        }
        assert_eq!(
            unquoted("'a b'${X:-\"c\"}\"d\"$e", '\\'),
            "a b${X:-\"c\"}d$e"
        );
        assert_eq!(unquoted("C:\\x`$y", '`'), "C:\\x$y");
    }

    #[test]
    fn json_is_a_list_of_texts_or_nothing() {
        let told = |text: &str| match json(&Folded::of(text, 0)) {
            None => "no".to_owned(),
            Some(Err(span)) => format!("! {}", text.get(span.range()).unwrap()),
            Some(Ok(words)) => {
                let shown: Vec<_> = words
                    .iter()
                    .map(|w| {
                        let at = text.get(w.span.range()).unwrap();
                        format!("{}={at}", w.value.text())
                    })
                    .collect();
                shown.join(" ")
            }
        };
        for (text, expect) in [
            ("[ ]", ""),
            ("[\"a\", \"b c\"]", "a=\"a\" b c=\"b c\""),
            (
                "[\"\\u00e9\\n\\ud83d\\ude00\"]",
                "é\n😀=\"\\u00e9\\n\\ud83d\\ude00\"",
            ),
            ("[\"a\", 1]", "! 1"),
            ("[[\"a\"]]", "! [\"a\"]"),
            ("[\"a\"", "no"),
            ("[\"a\"] && b", "no"),
            ("[ -f a ] && b", "no"),
            ("['a']", "no"),
            ("a", "no"),
        ] {
            assert_eq!(told(text), expect, "{text}");
        }
    }

    #[test]
    fn flags_stand_before_the_arguments() {
        let told = |text: &str| {
            let (flags, rest) = flags(&Folded::of(text, 0));
            let mut out: Vec<_> = flags
                .iter()
                .map(|f| format!("{}={:?}", f.name, f.value))
                .collect();
            out.push(rest.text().to_owned());
            out
        };
        assert_eq!(
            told("--from=x --link  --chown=\"a b\" a --b"),
            [
                "from=Some(\"x\")",
                "link=None",
                "chown=Some(\"a b\")",
                "a --b"
            ]
        );
        assert_eq!(told("-- --a"), ["--a"]);
        assert_eq!(told("--a"), ["a=None", ""]);
    }

    #[test]
    fn here_documents_are_words_of_their_own() {
        let told = |text: &str| {
            let found = announced(&Folded::of(text, 0));
            let told = found.into_iter().map(|a| format!("{}{}", a.name, a.tabs));
            told.collect::<Vec<_>>().join(" ")
        };
        for (text, expect) in [
            ("<<EOF", "EOFfalse"),
            ("cat 3<<-'E F' <<\"G\" > x", "E Ftrue Gfalse"),
            ("cat <<< EOF << EOF", ""),
            ("it's <<EOF", ""),
            ("\"<<EOF\"", ""),
        ] {
            assert_eq!(told(text), expect, "{text}");
        }
    }

    #[test]
    fn names_have_words() {
        for (name, expect) in [
            ("DB_PASSWORD", "DB PASSWORD"),
            ("dbPassword2", "DB PASSWORD2"),
            ("npm-token.x", "NPM TOKEN X"),
            ("__", ""),
            ("APIKey", "APIKEY"),
            ("", ""),
        ] {
            assert_eq!(of_name(name).join(" "), expect, "{name}");
        }
    }
}
