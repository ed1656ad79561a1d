//! Converters: text becomes what Cedar can compare. Each is named in a schema with `@as("…")`.

use onus_model::extract::{Attr, Value};
use onus_model::plan::Converter;
use onus_model::source::Span;

mod promql;

/// Converts a text. The members of a record carry the span of the whole text.
///
/// # Errors
///
/// What is wrong with the text, to be read behind the text itself: "is not …".
pub(crate) fn convert(converter: Converter, text: &str, span: Span) -> Result<Value, String> {
    match converter {
        Converter::Image => image(text, span),
        Converter::Version => version(text, span),
        Converter::Quantity => quantity(text).map(Value::Long),
        Converter::Duration => duration(text).map(Value::Long),
        Converter::Cidr => cidr(text),
        Converter::Date => date(text),
        Converter::Url => url(text, span),
        Converter::Port => port(text, span),
        Converter::Assignment => assignment(text, span),
        Converter::Variables => Ok(variables(text, span)),
        Converter::Billionths => billionths(text).map(Value::Long),
        Converter::Integer => text
            .trim()
            .parse()
            .map(Value::Long)
            .map_err(|_| "is not a whole number".to_owned()),
        Converter::Switch => switch(text).map(Value::Bool),
        Converter::Promql => promql::rule(text, span),
        Converter::Metrics => promql::metrics(text, span),
        Converter::Host => host(text, span),
        Converter::Action => action(text, span),
        // Of a mapping or a list: `crate::extract`.
        Converter::Names => Ok(Value::Set(vec![Attr {
            value: string(text),
            span,
        }])),
    }
}

/// A record of a converter's members, by their index.
fn record(members: Vec<(u16, Option<Value>)>, span: Span) -> Value {
    Value::Record(
        members
            .into_iter()
            .filter_map(|(index, value)| value.map(|value| (index, Attr { value, span })))
            .collect(),
    )
}

fn string(text: &str) -> Value {
    Value::String(text.into())
}

/// An image reference (the distribution project's grammar): `[registry[:port]/]repository[:tag][@digest]`.
///
/// The first part is a registry if it holds a `.` or a `:`, or is `localhost`.
fn image(text: &str, span: Span) -> Result<Value, String> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    let (registry, rest) = match rest.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), rest)
        }
        _ => (None, rest),
    };
    // Behind the last `/`, a `:` begins the tag.
    let (repository, tag) = match rest.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (rest, None),
    };
    let bad = |part: &str| part.is_empty() || part.chars().any(char::is_whitespace);
    if bad(repository)
        || tag.is_some_and(bad)
        || digest.is_some_and(bad)
        || registry.is_some_and(bad)
    {
        return Err("is not an image reference".to_owned());
    }
    let members = vec![
        (0, registry.map(string)),
        (1, Some(string(repository))),
        (2, tag.map(string)),
        (3, digest.map(string)),
    ];
    Ok(record(members, span))
}

/// `1.36`, `v1.36`, `1.36.2` or `1.36.2-eks.1`: the patch and what is built on it are not looked at.
fn version(text: &str, span: Span) -> Result<Value, String> {
    let number = |part: Option<&str>| {
        part.filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|p| p.parse::<i64>().ok())
    };
    let plain = text.strip_prefix('v').unwrap_or(text);
    let plain = plain.split(['-', '+']).next().unwrap_or(plain);
    let mut parts = plain.splitn(3, '.');
    let (major, minor, patch) = (number(parts.next()), number(parts.next()), parts.next());
    if patch.is_some_and(|p| number(Some(p)).is_none()) {
        return Err("is not a version such as `1.36`".to_owned());
    }
    match (major, minor) {
        (Some(major), Some(minor)) => Ok(record(
            vec![(0, Some(Value::Long(major))), (1, Some(Value::Long(minor)))],
            span,
        )),
        _ => Err("is not a version such as `1.36`".to_owned()),
    }
}

/// A Kubernetes quantity in thousandths, rounded up (the API's `resource.Quantity`).
fn quantity(text: &str) -> Result<i64, String> {
    const SUFFIXES: [(&str, i128, u32); 16] = [
        ("Ki", 1 << 10, 0),
        ("Mi", 1 << 20, 0),
        ("Gi", 1 << 30, 0),
        ("Ti", 1 << 40, 0),
        ("Pi", 1 << 50, 0),
        ("Ei", 1 << 60, 0),
        ("n", 1, 9),
        ("u", 1, 6),
        ("m", 1, 3),
        ("k", 1_000, 0),
        ("M", 1_000_000, 0),
        ("G", 1_000_000_000, 0),
        ("T", 1_000_000_000_000, 0),
        ("P", 1_000_000_000_000_000, 0),
        ("E", 1_000_000_000_000_000_000, 0),
        ("", 1, 0),
    ];
    let bad = || "is not a quantity such as `250m` or `1Gi`".to_owned();
    let (digits, factor, below) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor, below)| Some((text.strip_suffix(suffix)?, *factor, *below)))
        .ok_or_else(bad)?;
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| bad())?),
        None => (digits, 0),
    };
    let (value, scale) = decimal(digits).ok_or_else(bad)?;
    // In thousandths: value * factor * 10^(3 + exponent - scale - below).
    let shift = 3 + i64::from(exponent) - i64::from(scale) - i64::from(below);
    let value = value.checked_mul(factor).ok_or_else(bad)?;
    let scaled = scaled(value, shift).ok_or_else(bad)?;
    i64::try_from(scaled).map_err(|_| "is too large a quantity".to_owned())
}

/// A number times a power of ten, rounded up; none if it is too large.
fn scaled(value: i128, shift: i64) -> Option<i128> {
    let power = |n: i64| u32::try_from(n).ok().and_then(|n| 10i128.checked_pow(n));
    if shift >= 0 {
        return value.checked_mul(power(shift)?);
    }
    Some(match power(-shift) {
        Some(divisor) => value.div_euclid(divisor) + i128::from(value.rem_euclid(divisor) != 0),
        None => i128::from(value > 0),
    })
}

/// A decimal number as a whole number and the count of its fractional digits.
fn decimal(text: &str) -> Option<(i128, u32)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((
        sign * all.parse::<i128>().ok()?,
        u32::try_from(fraction.len()).ok()?,
    ))
}

/// `1h30m`, `500ms`, `90s`: milliseconds. Units as in Go's durations, with `d`, `w` and `y` as Prometheus has them.
fn duration(text: &str) -> Result<i64, String> {
    let bad = || "is not a duration such as `90s` or `1h30m`".to_owned();
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    let mut sum: i128 = 0;
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(bad)?;
        let (digits, tail) = rest.split_at_checked(end).ok_or_else(bad)?;
        let end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end).ok_or_else(bad)?;
        let nanoseconds: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            "w" => 604_800_000_000_000,
            "y" => 31_536_000_000_000_000,
            _ => return Err(bad()),
        };
        let (value, scale) = decimal(digits).ok_or_else(bad)?;
        let scale = 10i128.checked_pow(scale).ok_or_else(bad)?;
        sum = value
            .checked_mul(nanoseconds)
            .and_then(|n| sum.checked_add(n / scale))
            .ok_or_else(bad)?;
        rest = tail;
    }
    i64::try_from(sign * sum / 1_000_000).map_err(|_| bad())
}

/// An address or a range, as Cedar's `ip()` takes it.
fn cidr(text: &str) -> Result<Value, String> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: std::net::IpAddr = address
        .parse()
        .map_err(|_| "is not an address or a range such as `10.0.0.0/8`".to_owned())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let good = |p: &str| {
        p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u8>().is_ok_and(|n| n <= longest)
    };
    if prefix.is_some_and(|p| !good(p)) {
        return Err(format!("has a prefix that is not between 0 and {longest}"));
    }
    Ok(Value::Ip(text.into()))
}

/// A day, `2026-01-20`, or a moment with its zone (RFC 3339), as Cedar's `datetime()` takes it.
fn date(text: &str) -> Result<Value, String> {
    let bad = "is not a day such as `2026-11-21`, nor a moment with its zone such as `2026-11-21T10:00:00Z`";
    let text = text.trim();
    if let Some(day) = crate::dates::day(text) {
        return Ok(Value::Time(day.to_string().into()));
    }
    // TOML and many exports write a blank in place of the `T`.
    let moment = chrono::DateTime::parse_from_rfc3339(text)
        .or_else(|_| chrono::DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)))
        .map_err(|_| bad.to_owned())?;
    let utc = moment.naive_utc();
    if !(0..=9999).contains(&chrono::Datelike::year(&utc)) {
        return Err(bad.to_owned());
    }
    Ok(Value::Time(
        utc.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string().into(),
    ))
}

/// `scheme://user@host:port/path?query` (RFC 3986): the parts that checks compare. The host is in lower case, and an address in
/// brackets is without them.
fn url(text: &str, span: Span) -> Result<Value, String> {
    let bad = || "is not a URL such as `https://example.com/`".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(bad)?;
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or_else(bad)?;
    let (user, host) = match authority.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, authority),
    };
    let (host, port) = match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':')),
        None => host
            .rsplit_once(':')
            .map_or((host, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        Some(port) => Some(number(port, 65_535).ok_or_else(bad)?),
        None => None,
    };
    if !named || host.is_empty() || text.chars().any(char::is_whitespace) {
        return Err(bad());
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let members = vec![
        (0, Some(string(&scheme.to_ascii_lowercase()))),
        (1, Some(string(&host.to_lowercase()))),
        (2, port.map(Value::Long)),
        (3, Some(string(path))),
        (4, Some(Value::Bool(user))),
    ];
    Ok(record(members, span))
}

/// The host alone.
fn host(text: &str, span: Span) -> Result<Value, String> {
    match url(text, span)? {
        Value::Record(members) => members
            .into_iter()
            .find(|(index, _)| *index == 1)
            .map(|(_, attr)| attr.value)
            .ok_or_else(|| "has no host".to_owned()),
        other => Ok(other),
    }
}

/// `uses:` of a step or a job of a GitHub workflow: `./path`, `docker://image`, or `owner/repository[/path]@ref`. Pinned is what can
/// never be something else: a whole commit or an image's digest. What is local comes with the workflow itself.
fn action(text: &str, span: Span) -> Result<Value, String> {
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let made = |kind: &str, parts: [Option<&str>; 4], pinned: bool| {
        let mut members = vec![(0, Some(string(kind)))];
        members.extend(
            (1..)
                .zip(parts)
                .map(|(index, part)| (index, part.map(string))),
        );
        members.push((5, Some(Value::Bool(pinned))));
        Ok(record(members, span))
    };
    let text = text.trim();
    // `$/` is the same repository, whatever is checked out.
    if ["./", "../", "$/"]
        .iter()
        .any(|start| text.starts_with(start))
    {
        return made("local", [None, None, Some(text), None], true);
    }
    if let Some(image) = text.strip_prefix("docker://") {
        let digest = image.rsplit_once("@sha256:").map(|(_, digest)| digest);
        let reference = digest.map_or_else(|| image.rsplit_once(':').map(|(_, tag)| tag), Some);
        let pinned = digest.is_some_and(|d| hex(d, 64));
        return made("docker", [None, Some(image), None, reference], pinned);
    }
    let bad = || "is no action such as `owner/repository@ref`".to_owned();
    let (name, reference) = match text.split_once('@') {
        Some((name, reference)) => (name, Some(reference)),
        None => (text, None),
    };
    let (owner, rest) = name.split_once('/').ok_or_else(bad)?;
    let (repository, path) = match rest.split_once('/') {
        Some((repository, path)) => (repository, Some(path)),
        None => (rest, None),
    };
    if owner.is_empty() || repository.is_empty() || text.chars().any(char::is_whitespace) {
        return Err(bad());
    }
    let pinned = reference.is_some_and(|r| hex(r, 40) || hex(r, 64));
    made(
        "repository",
        [Some(owner), Some(repository), path, reference],
        pinned,
    )
}

/// Digits alone, and no more than that.
fn number(text: &str, most: i64) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|n| *n <= most)
}

/// `[[address:][published[-end]]:]target[-end][/protocol]`, as Compose writes a port in short (Compose specification, ports).
fn port(text: &str, span: Span) -> Result<Value, String> {
    let bad = || "is not a port such as `127.0.0.1:8080:80/tcp`".to_owned();
    let (ports, protocol) = match text.rsplit_once('/') {
        Some((ports, protocol)) => (ports, protocol),
        None => (text, "tcp"),
    };
    let (rest, target) = match ports.rsplit_once(':') {
        Some((rest, target)) => (Some(rest), target),
        None => (None, ports),
    };
    let (address, published) = match rest.map(|rest| rest.rsplit_once(':').ok_or(rest)) {
        None => (None, None),
        Some(Err(published)) => (None, Some(published)),
        Some(Ok((address, published))) => (Some(address), Some(published)),
    };
    let address = address.map(|a| {
        a.strip_prefix('[')
            .and_then(|a| a.strip_suffix(']'))
            .unwrap_or(a)
    });
    if address.is_some_and(|a| a.parse::<std::net::IpAddr>().is_err()) {
        return Err(bad());
    }
    let range = |text: &str| -> Result<(i64, i64), String> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let from = number(from, 65_535).ok_or_else(bad)?;
        let to = number(to, 65_535).ok_or_else(bad)?;
        if from <= to {
            Ok((from, to))
        } else {
            Err(bad())
        }
    };
    let target = range(target)?;
    // `127.0.0.1::80`: any free port.
    let published = match published.filter(|p| !p.is_empty()) {
        Some(published) => Some(range(published)?),
        None => None,
    };
    if !["tcp", "udp", "sctp"].contains(&protocol) {
        return Err(bad());
    }
    let members = vec![
        (0, address.map(string)),
        (1, published.map(|(from, _)| Value::Long(from))),
        (2, published.map(|(_, to)| Value::Long(to))),
        (3, Some(Value::Long(target.0))),
        (4, Some(Value::Long(target.1))),
        (5, Some(string(protocol))),
    ];
    Ok(record(members, span))
}

/// `NAME=value`; a name alone takes its value from elsewhere.
fn assignment(text: &str, span: Span) -> Result<Value, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    if name.is_empty() || name.chars().any(char::is_whitespace) {
        return Err("is not an assignment such as `NAME=value`".to_owned());
    }
    Ok(record(
        vec![(0, Some(string(name))), (1, value.map(string))],
        span,
    ))
}

/// The names in `$NAME`, `${NAME}`, `${NAME:-default}`; `$$` is a dollar. In order of name, each once.
fn variables(text: &str, span: Span) -> Value {
    let mut names: std::collections::BTreeSet<&str> = std::collections::BTreeSet::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        if let Some(after) = after.strip_prefix('$') {
            rest = after;
            continue;
        }
        let inside = after.strip_prefix('{').unwrap_or(after);
        let end = inside
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(inside.len());
        let (name, after) = inside.split_at_checked(end).unwrap_or((inside, ""));
        if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            names.insert(name);
        }
        rest = after;
    }
    let attr = |name: &str| Attr {
        value: string(name),
        span,
    };
    Value::Set(names.into_iter().map(attr).collect())
}

/// Whether a text takes something from its environment.
pub(crate) fn interpolated(text: &str) -> bool {
    text.contains('$')
        && matches!(variables(text, Span::default()), Value::Set(names) if !names.is_empty())
}

/// `0.5`, `1e-5`: billionths, rounded up, so that a limit is never met by rounding.
fn billionths(text: &str) -> Result<i64, String> {
    let bad = || "is not a number such as `0.5` or `1e-5`".to_owned();
    let text = text.trim();
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| bad())?),
        None => (text, 0),
    };
    let (value, scale) = decimal(&digits.replace('_', "")).ok_or_else(bad)?;
    let shift = 9 + i64::from(exponent) - i64::from(scale);
    scaled(value, shift)
        .and_then(|n| i64::try_from(n).ok())
        .ok_or_else(|| "is too large a number".to_owned())
}

/// What configurations write for on and off, in any case of letters.
fn switch(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(
            "is neither on nor off: `true`, `1`, `yes`, `on`, or `false`, `0`, `no`, `off`"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(converter: Converter, text: &str) -> String {
        match convert(converter, text, Span::default()) {
            Ok(Value::Record(members)) => members
                .iter()
                .map(|(index, attr)| {
                    let name = converter.members()[usize::from(*index)];
                    match &attr.value {
                        Value::String(text) => format!("{name}={text}"),
                        Value::Long(number) => format!("{name}={number}"),
                        other => format!("{other:?}"),
                    }
                })
                .collect::<Vec<_>>()
                .join(" "),
            Ok(Value::Long(number)) => number.to_string(),
            Ok(Value::Ip(text) | Value::Time(text)) => text.to_string(),
            Ok(Value::Set(elements)) => elements
                .iter()
                .map(|e| format!("{:?}", e.value))
                .collect::<Vec<_>>()
                .join(" "),
            Ok(other) => format!("{other:?}"),
            Err(error) => error,
        }
    }

    #[test]
    fn takes_image_references_apart() {
        let check =
            |text, expected: &str| assert_eq!(parts(Converter::Image, text), expected, "{text}");
        check("nginx", "repository=nginx");
        check("nginx:1.25", "repository=nginx tag=1.25");
        check(
            "localhost:5000/tools/sidecar",
            "registry=localhost:5000 repository=tools/sidecar",
        );
        check(
            "localhost:5000/x:1.2",
            "registry=localhost:5000 repository=x tag=1.2",
        );
        check(
            "ghcr.io/a/b@sha256:0f",
            "registry=ghcr.io repository=a/b digest=sha256:0f",
        );
        check("a/b:1@sha256:0f", "repository=a/b tag=1 digest=sha256:0f");
        check("", "is not an image reference");
        check("nginx:", "is not an image reference");
        check("two words", "is not an image reference");
    }

    #[test]
    fn orders_versions_by_their_numbers() {
        let check =
            |text, expected: &str| assert_eq!(parts(Converter::Version, text), expected, "{text}");
        check("1.9", "major=1 minor=9");
        check("v1.36.2", "major=1 minor=36");
        check("1.29.4-gke.100", "major=1 minor=29");
        check("1.30.2.1", "is not a version such as `1.36`");
        check("1", "is not a version such as `1.36`");
        check("1.x", "is not a version such as `1.36`");
        check("1.+3", "is not a version such as `1.36`");
    }

    #[test]
    fn counts_quantities_in_thousandths() {
        let check =
            |text, expected: &str| assert_eq!(parts(Converter::Quantity, text), expected, "{text}");
        check("250m", "250");
        check("1", "1000");
        check("0.5", "500");
        check("1Ki", "1024000");
        check("1.5Gi", "1610612736000");
        check("1e3", "1000000");
        check("1n", "1");
        check("2k", "2000000");
        check("x", "is not a quantity such as `250m` or `1Gi`");
        check(
            "99999999999999999999E",
            "is not a quantity such as `250m` or `1Gi`",
        );
    }

    #[test]
    fn counts_durations_in_milliseconds() {
        let check =
            |text, expected: &str| assert_eq!(parts(Converter::Duration, text), expected, "{text}");
        check("1h30m", "5400000");
        check("500ms", "500");
        check("1.5s", "1500");
        check("7d", "604800000");
        check("0", "0");
        check("10", "is not a duration such as `90s` or `1h30m`");
        check("ten", "is not a duration such as `90s` or `1h30m`");
    }

    #[test]
    fn accepts_addresses_and_ranges() {
        let check =
            |text, expected: &str| assert_eq!(parts(Converter::Cidr, text), expected, "{text}");
        check("10.0.0.0/8", "10.0.0.0/8");
        check("::1", "::1");
        check("10.0.0.0/33", "has a prefix that is not between 0 and 32");
        check(
            "10.0.0",
            "is not an address or a range such as `10.0.0.0/8`",
        );
    }

    #[test]
    fn reads_days_and_moments_with_their_zone() {
        let check =
            |text, expected: &str| assert_eq!(parts(Converter::Date, text), expected, "{text}");
        let bad = "is not a day such as `2026-11-21`, nor a moment with its zone such as `2026-11-21T10:00:00Z`";
        check("2026-11-21", "2026-11-21");
        check("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000Z");
        check("2026-11-21 10:00:00Z", "2026-11-21T10:00:00.000Z");
        check("2026-11-21T10:00:00.25+02:00", "2026-11-21T08:00:00.250Z");
        check("2026-11-21T10:00:00", bad);
        check("2026-02-30", bad);
        check("21 November 2026", bad);
        check("", bad);
    }

    #[test]
    fn takes_urls_apart() {
        let check =
            |text, expected: &str| assert_eq!(parts(Converter::Url, text), expected, "{text}");
        let bad = "is not a URL such as `https://example.com/`";
        check(
            "https://Example.com/a?b",
            "scheme=https host=example.com path=/a Bool(false)",
        );
        check(
            "HTTP://ann@{default}:8080",
            "scheme=http host={default} port=8080 path= Bool(true)",
        );
        check(
            "https://[::1]:443/",
            "scheme=https host=::1 port=443 path=/ Bool(false)",
        );
        check("example.com", bad);
        check("https://", bad);
        check("https://a:99999/", bad);
        check("1x://a/", bad);
    }

    #[test]
    fn takes_published_ports_apart() {
        let check =
            |text, expected: &str| assert_eq!(parts(Converter::Port, text), expected, "{text}");
        let bad = "is not a port such as `127.0.0.1:8080:80/tcp`";
        check("80", "target=80 targetEnd=80 protocol=tcp");
        check(
            "8080:80",
            "published=8080 publishedEnd=8080 target=80 targetEnd=80 protocol=tcp",
        );
        check(
            "127.0.0.1:8080:80/udp",
            "address=127.0.0.1 published=8080 publishedEnd=8080 target=80 targetEnd=80 protocol=udp",
        );
        check(
            "[::1]:9090-9091:8080-8081",
            "address=::1 published=9090 publishedEnd=9091 target=8080 targetEnd=8081 protocol=tcp",
        );
        check(
            "127.0.0.1::80",
            "address=127.0.0.1 target=80 targetEnd=80 protocol=tcp",
        );
        check("90-80:80", bad);
        check("x:80", bad);
        check("80/http", bad);
        check("70000", bad);
    }

    #[test]
    fn splits_assignments_and_finds_variables() {
        let assigned = |text| parts(Converter::Assignment, text);
        assert_eq!(assigned("A=b=c"), "name=A value=b=c");
        assert_eq!(assigned("A="), "name=A value=");
        assert_eq!(assigned("A"), "name=A");
        assert_eq!(assigned("=b"), "is not an assignment such as `NAME=value`");
        let variables = |text| parts(Converter::Variables, text);
        assert_eq!(
            variables("${B}:$A ${B:-${C}} $$D ${ $1"),
            "String(\"A\") String(\"B\") String(\"C\")"
        );
        assert_eq!(variables("cost: 5$"), "");
        assert!(interpolated("${TAG:-1}") && !interpolated("$$TAG") && !interpolated("a"));
    }

    #[test]
    fn counts_decimals_in_billionths_rounded_up() {
        let check = |text, expected: &str| {
            assert_eq!(parts(Converter::Billionths, text), expected, "{text}");
        };
        check("1", "1000000000");
        check("0.5", "500000000");
        check("1e-5", "10000");
        check("1.5E-9", "2");
        check("1e-30", "1");
        check("-1e-30", "0");
        check("1e10", "is too large a number");
        check("one", "is not a number such as `0.5` or `1e-5`");
    }

    #[test]
    fn reads_switches_and_whole_numbers() {
        let on = |text| parts(Converter::Switch, text);
        assert_eq!(
            (on("On").as_str(), on("0").as_str()),
            ("Bool(true)", "Bool(false)")
        );
        assert!(on("maybe").starts_with("is neither on nor off"));
        let integer = |text| parts(Converter::Integer, text);
        assert_eq!(
            (integer(" 42 ").as_str(), integer("4.2").as_str()),
            ("42", "is not a whole number")
        );
    }

    #[test]
    fn tells_which_actions_are_pinned() {
        let check = |text: &str, expected: &str| {
            assert_eq!(parts(Converter::Action, text), expected, "{text}");
        };
        let sha = "0123456789abcdef0123456789abcdef01234567";
        check(
            "./.github/actions/x",
            "kind=local path=./.github/actions/x Bool(true)",
        );
        check(
            "a/b@v4",
            "kind=repository owner=a repository=b ref=v4 Bool(false)",
        );
        check(
            &format!("a/b/c/d@{sha}"),
            &format!("kind=repository owner=a repository=b path=c/d ref={sha} Bool(true)"),
        );
        check("a/b", "kind=repository owner=a repository=b Bool(false)");
        check(
            "a/b@0123456",
            "kind=repository owner=a repository=b ref=0123456 Bool(false)",
        );
        check(
            "docker://alpine:3",
            "kind=docker repository=alpine:3 ref=3 Bool(false)",
        );
        check(
            "$/.github/workflows/x.yml@main",
            "kind=local path=$/.github/workflows/x.yml@main Bool(true)",
        );
        check(
            " a/b@v4\n",
            "kind=repository owner=a repository=b ref=v4 Bool(false)",
        );
        check("x", "is no action such as `owner/repository@ref`");
        assert_eq!(
            parts(Converter::Host, "https://*.{default}/"),
            "String(\"*.{default}\")"
        );
    }
}
