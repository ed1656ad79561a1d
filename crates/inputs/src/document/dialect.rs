//! What a plain scalar means: one table for each dialect.

use onus_model::plan::Dialect;

use super::node::Tag;

/// What a scalar means to a loader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'t> {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that does not fit.
    BigInt,
    /// Any other number.
    Float(f64),
    /// Text.
    Text(&'t str),
}

/// What a plain scalar without a tag means.
pub(super) fn plain(text: &str, dialect: Dialect) -> Scalar<'_> {
    // Most scalars are words: decide by the first byte.
    let Some(first) = text.bytes().next() else {
        return Scalar::Null;
    };
    match dialect {
        Dialect::Core => match first {
            b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' => core_word(text),
            b'0'..=b'9' | b'+' | b'-' | b'.' => core_number(text),
            _ => Scalar::Text(text),
        },
        Dialect::GoYaml | Dialect::Compose => match first {
            b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => {
                go_word(text)
            }
            b'0'..=b'9' | b'+' | b'-' | b'.' => go_number(text),
            _ => Scalar::Text(text),
        },
    }
}

/// What a scalar means that a tag says the type of; text if it cannot be that.
pub(super) fn tagged(text: &str, tag: Tag, dialect: Dialect) -> Scalar<'_> {
    let meant = plain(text, dialect);
    match (tag, meant) {
        (Tag::Null, Scalar::Null)
        | (Tag::Bool, Scalar::Bool(_))
        | (Tag::Int, Scalar::Int(_) | Scalar::BigInt)
        | (Tag::Float, Scalar::Float(_)) => meant,
        (Tag::Float, Scalar::Int(_) | Scalar::BigInt) => {
            text.parse().map_or(Scalar::Text(text), Scalar::Float)
        }
        _ => Scalar::Text(text),
    }
}

/// What an unquoted JSON value means (RFC 8259); the parser has checked its form.
pub(super) fn json(text: &str) -> Scalar<'_> {
    match text {
        "null" => Scalar::Null,
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        _ if text.contains(['.', 'e', 'E']) => {
            text.parse().map_or(Scalar::Text(text), Scalar::Float)
        }
        _ => text.parse().map_or(Scalar::BigInt, Scalar::Int),
    }
}

/// What an unquoted TOML value means (TOML 1.0); the parser has checked its form.
pub(super) fn toml(text: &str) -> Scalar<'_> {
    match text {
        "true" => return Scalar::Bool(true),
        "false" => return Scalar::Bool(false),
        _ => {}
    }
    let digits = text.replace('_', "");
    let radix = [("0x", 16), ("0o", 8), ("0b", 2)];
    for (prefix, radix) in radix {
        if let Some(digits) = digits.strip_prefix(prefix) {
            return i64::from_str_radix(digits, radix).map_or(Scalar::BigInt, Scalar::Int);
        }
    }
    if digits.contains(['.', 'e', 'E', 'i', 'n']) {
        digits.parse().map_or(Scalar::Text(text), Scalar::Float)
    } else {
        digits.parse().map_or(Scalar::BigInt, Scalar::Int)
    }
}

/// What unquoted text means in a syntax that knows only text: `true`, `false` and whole numbers in their one way of
/// writing can be read as such. Everything else stays text, so that `007`, `no` and `null` are what they are.
pub(super) fn bare(text: &str) -> Scalar<'_> {
    match text {
        "true" => return Scalar::Bool(true),
        "false" => return Scalar::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let one_way = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if one_way {
        text.parse().map_or(Scalar::BigInt, Scalar::Int)
    } else {
        Scalar::Text(text)
    }
}

/// YAML 1.2.2, section 10.3.2.
fn core_word(text: &str) -> Scalar<'_> {
    match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ => Scalar::Text(text),
    }
}

/// YAML 1.2.2, section 10.3.2.
fn core_number(text: &str) -> Scalar<'_> {
    let based = |digits: &str, radix: u32| {
        if !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix)) {
            i64::from_str_radix(digits, radix).map_or(Scalar::BigInt, Scalar::Int)
        } else {
            Scalar::Text(text)
        }
    };
    if let Some(digits) = text.strip_prefix("0o") {
        return based(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return based(digits, 16);
    }
    if is_decimal(unsigned(text)) {
        return text.parse().map_or(Scalar::BigInt, Scalar::Int);
    }
    float(text)
}

/// The table of go-yaml version 2, which sigs.k8s.io/yaml keeps.
fn go_word(text: &str) -> Scalar<'_> {
    match text {
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        _ => Scalar::Text(text),
    }
}

/// Numbers as go-yaml version 2 reads them: whole ones by Go's `ParseInt` in base 0 without `_`, so `0400` is 256;
/// what fails that and looks like a float is one, so `08` is 8.0. Dates stay text.
fn go_number(text: &str) -> Scalar<'_> {
    if text.starts_with('.') {
        return go_float(text, text);
    }
    if is_special(text) {
        return float(text);
    }
    let without: String;
    let digits = if text.contains('_') {
        without = text.replace('_', "");
        without.as_str()
    } else {
        text
    };
    if let Some(number) = go_int(digits) {
        return number;
    }
    if is_special(digits) {
        return Scalar::Text(text);
    }
    go_float(digits, text)
}

/// A float whose digits are these; text if it is too large, for Go's `ParseFloat` fails there.
fn go_float<'t>(digits: &str, text: &'t str) -> Scalar<'t> {
    if let Scalar::Float(number) = float(digits)
        && (number.is_finite() || is_special(digits))
    {
        Scalar::Float(number)
    } else {
        Scalar::Text(text)
    }
}

/// Go's `ParseInt` in base 0, then `ParseUint`.
fn go_int(text: &str) -> Option<Scalar<'static>> {
    let magnitude = unsigned(text);
    let prefix = magnitude.get(..2).unwrap_or_default();
    let (digits, radix) = match prefix {
        "0x" | "0X" => (magnitude.get(2..)?, 16),
        "0o" | "0O" => (magnitude.get(2..)?, 8),
        "0b" | "0B" => (magnitude.get(2..)?, 2),
        _ if magnitude.len() > 1 && magnitude.starts_with('0') => (magnitude.get(1..)?, 8),
        _ => (magnitude, 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let number = if text.starts_with('-') {
        -number
    } else {
        number
    };
    match i64::try_from(number) {
        Ok(number) => Some(Scalar::Int(number)),
        // Only a number without a sign may use the 64th bit.
        Err(_) if text.len() == magnitude.len() => Some(Scalar::BigInt),
        Err(_) => None,
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn is_decimal(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Infinity or not a number, as both dialects write them.
fn is_special(text: &str) -> bool {
    matches!(text, ".nan" | ".NaN" | ".NAN") || matches!(unsigned(text), ".inf" | ".Inf" | ".INF")
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, infinity and not a number.
fn float(text: &str) -> Scalar<'_> {
    if is_special(text) {
        return Scalar::Float(match (text.ends_with(['n', 'N']), text.starts_with('-')) {
            (true, _) => f64::NAN,
            (false, true) => f64::NEG_INFINITY,
            (false, false) => f64::INFINITY,
        });
    }
    let magnitude = unsigned(text);
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (magnitude, None),
    };
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => is_decimal(fraction),
        Some((whole, fraction)) => {
            is_decimal(whole) && (fraction.is_empty() || is_decimal(fraction))
        }
        None => is_decimal(mantissa),
    };
    if is_mantissa && exponent.is_none_or(|exponent| is_decimal(unsigned(exponent))) {
        text.parse().map_or(Scalar::Text(text), Scalar::Float)
    } else {
        Scalar::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NULL: Scalar<'_> = Scalar::Null;
    const TRUE: Scalar<'_> = Scalar::Bool(true);
    const FALSE: Scalar<'_> = Scalar::Bool(false);
    const BIG: Scalar<'_> = Scalar::BigInt;
    const TEXT: Scalar<'_> = Scalar::Text("as it stands");
    const INF: f64 = f64::INFINITY;

    fn int(number: i64) -> Scalar<'static> {
        Scalar::Int(number)
    }

    fn float(number: f64) -> Scalar<'static> {
        Scalar::Float(number)
    }

    /// Columns: plain text, YAML 1.2 core, go-yaml.
    #[test]
    fn each_dialect_reads_plain_scalars_by_its_table() {
        #[rustfmt::skip]
        let table = [
            ("",            NULL,          NULL),
            ("~",           NULL,          NULL),
            ("null",        NULL,          NULL),
            ("Null",        NULL,          NULL),
            ("NULL",        NULL,          NULL),
            ("nULL",        TEXT,          TEXT),
            ("none",        TEXT,          TEXT),
            ("true",        TRUE,          TRUE),
            ("True",        TRUE,          TRUE),
            ("TRUE",        TRUE,          TRUE),
            ("tRUE",        TEXT,          TEXT),
            ("false",       FALSE,         FALSE),
            ("False",       FALSE,         FALSE),
            ("FALSE",       FALSE,         FALSE),
            ("y",           TEXT,          TRUE),
            ("Y",           TEXT,          TRUE),
            ("yes",         TEXT,          TRUE),
            ("Yes",         TEXT,          TRUE),
            ("YES",         TEXT,          TRUE),
            ("yEs",         TEXT,          TEXT),
            ("on",          TEXT,          TRUE),
            ("On",          TEXT,          TRUE),
            ("ON",          TEXT,          TRUE),
            ("n",           TEXT,          FALSE),
            ("N",           TEXT,          FALSE),
            ("no",          TEXT,          FALSE),
            ("No",          TEXT,          FALSE),
            ("NO",          TEXT,          FALSE),
            ("off",         TEXT,          FALSE),
            ("Off",         TEXT,          FALSE),
            ("OFF",         TEXT,          FALSE),
            ("0",           int(0),        int(0)),
            ("-0",          int(0),        int(0)),
            ("12",          int(12),       int(12)),
            ("+12",         int(12),       int(12)),
            ("-12",         int(-12),      int(-12)),
            ("0400",        int(400),      int(256)),
            ("-0400",       int(-400),     int(-256)),
            ("0o400",       int(256),      int(256)),
            ("0O400",       TEXT,          int(256)),
            ("-0o400",      TEXT,          int(-256)),
            ("08",          int(8),        float(8.0)),
            ("0x1F",        int(31),       int(31)),
            ("0X1f",        TEXT,          int(31)),
            ("-0x1F",       TEXT,          int(-31)),
            ("0x",          TEXT,          TEXT),
            ("0xG",         TEXT,          TEXT),
            ("0x+1",        TEXT,          TEXT),
            ("0b101",       TEXT,          int(5)),
            ("-0b101",      TEXT,          int(-5)),
            ("0b2",         TEXT,          TEXT),
            ("1_000",       TEXT,          int(1000)),
            ("1_0.5",       TEXT,          float(10.5)),
            ("_1",          TEXT,          TEXT),
            ("1:30",        TEXT,          TEXT),
            ("190:20:30",   TEXT,          TEXT),
            ("2001-01-01",  TEXT,          TEXT),
            ("9223372036854775807",  int(i64::MAX), int(i64::MAX)),
            ("-9223372036854775808", int(i64::MIN), int(i64::MIN)),
            ("9223372036854775808",  BIG,           BIG),
            ("18446744073709551616", BIG,           float(18_446_744_073_709_551_616.0)),
            ("-9223372036854775809", BIG,           float(-9_223_372_036_854_775_809.0)),
            ("0xFFFFFFFFFFFFFFFF",   BIG,           BIG),
            ("1.5",         float(1.5),    float(1.5)),
            ("-1.5",        float(-1.5),   float(-1.5)),
            ("1.",          float(1.0),    float(1.0)),
            (".5",          float(0.5),    float(0.5)),
            ("+.5",         float(0.5),    float(0.5)),
            (".",           TEXT,          TEXT),
            ("-",           TEXT,          TEXT),
            ("+",           TEXT,          TEXT),
            ("--1",         TEXT,          TEXT),
            ("+-1",         TEXT,          TEXT),
            ("1e3",         float(1000.0), float(1000.0)),
            ("1E-1",        float(0.1),    float(0.1)),
            ("1e",          TEXT,          TEXT),
            ("e3",          TEXT,          TEXT),
            ("1.2.3",       TEXT,          TEXT),
            ("1e999",       float(INF),    TEXT),
            (".inf",        float(INF),    float(INF)),
            ("-.Inf",       float(-INF),   float(-INF)),
            ("+.INF",       float(INF),    float(INF)),
            ("inf",         TEXT,          TEXT),
            ("1_.inf",      TEXT,          TEXT),
            ("_.inf",       TEXT,          TEXT),
            ("nan",         TEXT,          TEXT),
            ("-.nan",       TEXT,          TEXT),
            ("<<",          TEXT,          TEXT),
            ("nginx:1.25",  TEXT,          TEXT),
            ("10.0.0.1",    TEXT,          TEXT),
            ("100m",        TEXT,          TEXT),
            ("٣",           TEXT,          TEXT),
            ("0é",          TEXT,          TEXT),
        ];
        for (text, core, go) in table {
            let expect = |scalar| {
                if scalar == TEXT {
                    Scalar::Text(text)
                } else {
                    scalar
                }
            };
            assert_eq!(plain(text, Dialect::Core), expect(core), "core: {text}");
            assert_eq!(plain(text, Dialect::GoYaml), expect(go), "go-yaml: {text}");
        }
        for dialect in [Dialect::Core, Dialect::GoYaml, Dialect::Compose] {
            for text in [".nan", ".NaN", ".NAN"] {
                assert!(matches!(plain(text, dialect), Scalar::Float(n) if n.is_nan()));
            }
        }
    }

    #[test]
    fn a_tag_decides_among_what_the_text_can_be() {
        let core = |text, tag| tagged(text, tag, Dialect::Core);
        assert_eq!(core("1", Tag::Int), int(1));
        assert_eq!(core("1", Tag::Float), float(1.0));
        assert_eq!(core("true", Tag::Bool), TRUE);
        assert_eq!(core("", Tag::Null), NULL);
        assert_eq!(core("yes", Tag::Bool), Scalar::Text("yes"));
        assert_eq!(tagged("yes", Tag::Bool, Dialect::GoYaml), TRUE);
        assert_eq!(core("1.5", Tag::Int), Scalar::Text("1.5"));
        assert_eq!(core("x", Tag::Null), Scalar::Text("x"));
    }

    #[test]
    fn json_and_toml_read_by_their_own_rules() {
        assert_eq!(json("null"), NULL);
        assert_eq!(json("-0"), int(0));
        assert_eq!(json("1e2"), float(100.0));
        assert_eq!(json("9223372036854775808"), BIG);
        assert_eq!(toml("1_000"), int(1000));
        assert_eq!(toml("+7"), int(7));
        assert_eq!(toml("0xdead_beef"), int(0xdead_beef));
        assert_eq!(toml("0o17"), int(15));
        assert_eq!(toml("0b11"), int(3));
        assert_eq!(toml("-inf"), float(-INF));
        assert_eq!(toml("6.6_2e-3"), float(6.62e-3));
        assert_eq!(toml("0xFFFFFFFFFFFFFFFF"), BIG);
    }
}
