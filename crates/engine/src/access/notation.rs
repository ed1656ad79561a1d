//! When one pattern of actions or resources reaches another, in each system's own notation.
//!
//! A pattern *reaches* another when it has all that the other has; two *meet* when they have something in common.

use onus_model::access::{Notation, Reach, System, Word};
use onus_model::privileges;

/// Whether a pattern of actions has all of another.
pub(crate) fn action_reaches(system: &System, pattern: &str, action: &str) -> bool {
    let notation = system.notation;
    match notation {
        // Everything is what the system has, and no more.
        Notation::Table => pattern == action || pattern == "*" && !system.lacks(action),
        Notation::Kubernetes => pattern == "*" || pattern == action,
        Notation::ClickHouse | Notation::PostgreSql => {
            pattern == "*" || privileges::covers(notation, pattern, action)
        }
        Notation::Aws => glob(
            pattern.as_bytes(),
            action.as_bytes(),
            &|a, b| a.eq_ignore_ascii_case(&b),
            &|_| true,
        ),
        Notation::GitHub => {
            // What each has besides itself.
            const LADDER: [&str; 5] = ["read", "triage", "write", "maintain", "admin"];
            let step = |word: &str| LADDER.iter().position(|w| *w == word);
            pattern == "*"
                || pattern == action
                || step(pattern).zip(step(action)).is_some_and(|(p, a)| p >= a)
        }
    }
}

/// Whether a pattern of resources has all of another.
pub(crate) fn resource_reaches(notation: Notation, pattern: &str, resource: &str) -> bool {
    if pattern == resource {
        return true;
    }
    match notation {
        Notation::Kubernetes => kubernetes(pattern, resource),
        Notation::ClickHouse => {
            let (held, asked) = (Table::of(pattern), Table::of(resource));
            prefix(held.database, asked.database)
                && prefix(held.table, asked.table)
                && (held.column.is_none() || held.column == asked.column)
        }
        Notation::PostgreSql => {
            if pattern == "*" {
                return true;
            }
            let (Some((kind, held)), Some((of, asked))) =
                (pattern.split_once(' '), resource.split_once(' '))
            else {
                return false;
            };
            let (held, asked) = (Table::of(held), Table::of(asked));
            kind == of
                && prefix(held.database, asked.database)
                && prefix(held.table, asked.table)
                && (held.column.is_none() || held.column == asked.column)
        }
        Notation::Aws => glob(
            pattern.as_bytes(),
            resource.as_bytes(),
            &|a, b| a == b,
            &|_| true,
        ),
        Notation::GitHub => {
            pattern == "*" || paths_like(resource).iter().all(|one| path(pattern, one))
        }
        Notation::Table => pattern == "*",
    }
}

/// Whether two patterns of actions have anything in common.
pub(crate) fn actions_meet(system: &System, a: &str, b: &str) -> bool {
    match system.notation {
        Notation::Aws => meet(
            a.to_ascii_lowercase().as_bytes(),
            b.to_ascii_lowercase().as_bytes(),
        ),
        Notation::Kubernetes
        | Notation::ClickHouse
        | Notation::PostgreSql
        | Notation::GitHub
        | Notation::Table => action_reaches(system, a, b) || action_reaches(system, b, a),
    }
}

/// Whether two patterns of resources may have anything in common. In doubt they do.
pub(crate) fn resources_meet(notation: Notation, a: &str, b: &str) -> bool {
    let either = || resource_reaches(notation, a, b) || resource_reaches(notation, b, a);
    match notation {
        Notation::Aws => meet(a.as_bytes(), b.as_bytes()),
        Notation::Kubernetes => {
            if a.starts_with('/') || b.starts_with('/') {
                return either();
            }
            let ((a, a_part), (b, b_part)) = (split(a), split(b));
            let same = |a: &str, b: &str| a == b || a == "*" || b == "*";
            let parts = a_part == b_part
                || (a.0 == "*" && a_part.is_none())
                || (b.0 == "*" && b_part.is_none());
            same(a.0, b.0) && same(a.1, b.1) && parts
        }
        Notation::ClickHouse => {
            let (a, b) = (Table::of(a), Table::of(b));
            let meet = |a: &str, b: &str| prefix(a, b) || prefix(b, a);
            let columns = a.column.is_none() || b.column.is_none() || a.column == b.column;
            meet(a.database, b.database) && meet(a.table, b.table) && columns
        }
        // Patterns of paths: in doubt they meet.
        Notation::GitHub => either() || a.contains('*') || b.contains('*'),
        Notation::PostgreSql | Notation::Table => either(),
    }
}

/// Whether a pattern of resources is all of its system, and so the system as such.
pub(crate) fn is_whole(notation: Notation, pattern: &str) -> bool {
    match notation {
        Notation::Kubernetes | Notation::ClickHouse => pattern == "*.*",
        Notation::PostgreSql | Notation::Aws | Notation::GitHub | Notation::Table => pattern == "*",
    }
}

/// Whether a reach has all of an action on a resource, which may be patterns.
pub(crate) fn covers(
    system: &System,
    reach: &Reach,
    action: &str,
    resource: Option<&str>,
    name: Option<&str>,
) -> bool {
    let mut but_actions = reach.but_actions.iter();
    patterns_reach(system, reach, action, resource, name)
        && !but_actions.any(|w| actions_meet(system, &w.text, action))
        && !any_fits(system, &reach.but_resources, resource, resources_meet)
}

/// Whether a reach has an action on a resource that are what somebody asks for, and no patterns.
pub(crate) fn reaches(
    system: &System,
    reach: &Reach,
    action: &str,
    resource: Option<&str>,
    name: Option<&str>,
) -> bool {
    let mut but_actions = reach.but_actions.iter();
    patterns_reach(system, reach, action, resource, name)
        && !but_actions.any(|w| action_reaches(system, &w.text, action))
        && !any_fits(system, &reach.but_resources, resource, resource_reaches)
}

/// Whether any of some words fits a resource; where none is asked for, whether any is all of the system.
fn any_fits(
    system: &System,
    words: &[Word],
    resource: Option<&str>,
    fits: impl Fn(Notation, &str, &str) -> bool,
) -> bool {
    words.iter().any(|w| match resource {
        None => is_whole(system.notation, &w.text),
        Some(resource) => fits(system.notation, &w.text, resource),
    })
}

/// Whether the patterns of a reach have all of an action on a resource, whatever it leaves out.
pub(crate) fn patterns_reach(
    system: &System,
    reach: &Reach,
    action: &str,
    resource: Option<&str>,
    name: Option<&str>,
) -> bool {
    let mut actions = reach.actions.iter();
    let as_such = reach.resources.is_empty() && resource.is_none();
    let resources = as_such || any_fits(system, &reach.resources, resource, resource_reaches);
    actions.any(|w| action_reaches(system, &w.text, action))
        && resources
        && (reach.names.is_empty() || reach.names.iter().any(|n| Some(&*n.text) == name))
}

/// Whether a reach may have anything in common with an action on a resource.
pub(crate) fn meets(
    system: &System,
    reach: &Reach,
    action: &str,
    resource: Option<&str>,
    name: Option<&str>,
) -> bool {
    let actions = reach
        .actions
        .iter()
        .any(|w| actions_meet(system, &w.text, action))
        && !reach
            .but_actions
            .iter()
            .any(|w| action_reaches(system, &w.text, action));
    // What is all of the system is the system as such, too.
    let as_such =
        reach.resources.is_empty() && resource.is_none_or(|r| is_whole(system.notation, r));
    let resources = (as_such || any_fits(system, &reach.resources, resource, resources_meet))
        && !any_fits(system, &reach.but_resources, resource, resource_reaches);
    let names = reach.names.is_empty()
        || name.is_none()
        || reach.names.iter().any(|n| Some(&*n.text) == name);
    actions && resources && names
}

/// Kubernetes' own rules of matching (`k8s.io/component-helpers/auth/rbac/validation`).
fn kubernetes(pattern: &str, resource: &str) -> bool {
    if let Some(path) = resource.strip_prefix('/') {
        let Some(pattern) = pattern.strip_prefix('/') else {
            return false;
        };
        return pattern
            .strip_suffix('*')
            .is_some_and(|start| path.starts_with(start));
    }
    let (held, held_part) = split(pattern);
    let (asked, asked_part) = split(resource);
    let group = held.1 == "*" || held.1 == asked.1;
    // A bare `*` is everything of its group, parts too; `*/scale` is the part of everything; all else is literal.
    let within = match (held.0, held_part) {
        ("*", None) => true,
        ("*", part) => part == asked_part,
        (base, part) => base == asked.0 && part == asked_part,
    };
    !pattern.starts_with('/') && group && within
}

/// `deployments.apps/scale` is a resource, its group, and a part of it.
fn split(resource: &str) -> ((&str, &str), Option<&str>) {
    let (whole, part) = match resource.split_once('/') {
        Some((whole, part)) => (whole, Some(part)),
        None => (resource, None),
    };
    (whole.split_once('.').unwrap_or((whole, "")), part)
}

/// `database.table(column)`; a bare name has no database, and is nothing but itself.
struct Table<'a> {
    database: &'a str,
    table: &'a str,
    column: Option<&'a str>,
}

impl<'a> Table<'a> {
    fn of(text: &'a str) -> Self {
        let (whole, column) = match text.strip_suffix(')').and_then(|t| t.split_once('(')) {
            Some((whole, column)) => (whole, Some(column)),
            None => (text, None),
        };
        let (database, table) = whole.split_once('.').unwrap_or(("", whole));
        Self {
            database,
            table,
            column,
        }
    }
}

/// `db*` reaches all that begins with `db`. Nothing else stands for letters.
fn prefix(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => pattern == text,
    }
}

/// `*` stands for any letters and `?` for one. The text may be a pattern, too: then a `?` does not reach its `*`. `within` says
/// which letters a `*` stands for.
fn glob(
    pattern: &[u8],
    text: &[u8],
    same: &dyn Fn(u8, u8) -> bool,
    within: &dyn Fn(u8) -> bool,
) -> bool {
    let (mut p, mut t) = (0, 0);
    // Behind the last `*`, and where in the text it was tried last.
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        let letter = text.get(t).copied().unwrap_or_default();
        match pattern.get(p).copied() {
            Some(b'*') => {
                back = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(b'?') if letter != b'*' => {
                p += 1;
                t += 1;
                continue;
            }
            Some(wanted) if wanted != b'?' && same(wanted, letter) => {
                p += 1;
                t += 1;
                continue;
            }
            _ => {}
        }
        match back {
            Some((after, tried)) if text.get(tried).copied().is_some_and(within) => {
                back = Some((after, tried + 1));
                p = after;
                t = tried + 1;
            }
            _ => return false,
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|c| *c == b'*')
}

/// Whether two patterns with `*` and `?` have a text in common.
fn meet(a: &[u8], b: &[u8]) -> bool {
    // reach[j]: the first letters of `a` that were read meet the first `j` of `b`.
    let mut row: Vec<bool> = Vec::with_capacity(b.len() + 1);
    row.push(true);
    for c in b {
        let last = row.last().copied().unwrap_or(false);
        row.push(last && *c == b'*');
    }
    for x in a {
        let mut next = Vec::with_capacity(row.len());
        next.push(row.first().copied().unwrap_or(false) && *x == b'*');
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[bool], j: usize| row.get(j).copied().unwrap_or(false);
            let one = *x == *y || *x == b'?' || *y == b'?';
            let star = *x == b'*' || *y == b'*';
            let met = (star && (at(&row, j + 1) || at(&next, j))) || (one || star) && at(&row, j);
            next.push(met);
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

/// A pattern of paths as in CODEOWNERS: `docs/`, `*.js`, `/src/**`, `apps/*`. Refs are matched likewise.
fn path(pattern: &str, asked: &str) -> bool {
    let asked = asked.trim_start_matches('/');
    let rooted = pattern.trim_end_matches('/').contains('/');
    let folder = pattern.ends_with('/');
    let pattern = pattern.trim_matches('/');
    let fits = |text: &str| segments(pattern, text);
    // What lies in a folder that is reached is reached; a file's own name only where no folder is meant.
    let mut ends: Vec<usize> = asked.match_indices('/').map(|(at, _)| at).collect();
    if !folder {
        ends.push(asked.len());
    }
    let starts: Vec<usize> = if rooted {
        vec![0]
    } else {
        std::iter::once(0)
            .chain(asked.match_indices('/').map(|(at, _)| at + 1))
            .collect()
    };
    // `docs/*` is what lies right in a folder, and nothing below.
    let direct = rooted && pattern.ends_with("/*");
    starts.iter().any(|start| {
        ends.iter().any(|end| {
            let whole = *end == asked.len();
            (whole || !direct) && asked.get(*start..*end).is_some_and(fits)
        })
    })
}

/// Paths of which a pattern reaches all if it reaches all that another pattern stands for; of a path, itself. Names that no pattern
/// has stand for the stars. A bare name is taken for a path.
fn paths_like(pattern: &str) -> Vec<String> {
    const NAMES: [&str; 2] = [
        "\u{1}",
        "\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}\u{1}\u{2}",
    ];
    let many = pattern.contains(['*', '?']) || pattern.starts_with('/') || pattern.ends_with('/');
    if !many {
        return vec![pattern.to_owned()];
    }
    let folder = pattern.ends_with('/');
    let direct = pattern.ends_with("/*");
    let rooted = pattern.trim_end_matches('/').contains('/');
    let mut found = Vec::new();
    for name in NAMES {
        for deep in ["", "/\u{1}/\u{1}"] {
            let whole = pattern.trim_matches('/');
            let segments: Vec<String> = whole
                .split('/')
                .filter(|segment| !(*segment == "**" && deep.is_empty()))
                .map(|segment| match segment {
                    "**" => format!("{name}/{name}"),
                    other => other.replace('*', name).replace('?', "\u{1}"),
                })
                .collect();
            let mut path = segments.join("/");
            if folder || whole.ends_with("**") && deep.is_empty() {
                path.push('/');
                path.push_str(name);
            }
            if !direct {
                path.push_str(deep);
            }
            if !rooted {
                found.push(format!("{name}/{path}"));
            }
            found.push(path);
        }
    }
    found
}

/// `**` stands for any number of whole segments, `*` and `?` for letters within one.
fn segments(pattern: &str, text: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let text: Vec<&str> = text.split('/').collect();
    // row[j]: the segments of the pattern that were read fit the first `j` of the text.
    let mut row = vec![false; text.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for segment in pattern {
        let mut next = vec![false; row.len()];
        for j in 0..row.len() {
            let at = |row: &[bool], j: usize| row.get(j).copied().unwrap_or(false);
            let fits = if segment == "**" {
                at(&row, j) || (j > 0 && at(&next, j - 1))
            } else {
                j > 0
                    && at(&row, j - 1)
                    && text.get(j - 1).is_some_and(|t| {
                        glob(segment.as_bytes(), t.as_bytes(), &|a, b| a == b, &|_| true)
                    })
            };
            if let Some(place) = next.get_mut(j) {
                *place = fits;
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Notation::{Aws, ClickHouse, GitHub, Kubernetes, PostgreSql, Table as Roles};
    use onus_model::access::At;

    #[test]
    fn patterns_of_actions_reach_what_their_system_says() {
        for (notation, pattern, action, expected) in [
            (Kubernetes, "*", "get", true),
            (Kubernetes, "get", "list", false),
            (Kubernetes, "get", "*", false),
            (Roles, "session.*", "session.create", false),
            (Roles, "*", "session.create", true),
            (Aws, "s3:Get*", "s3:GetObject", true),
            (Aws, "S3:getobject", "s3:GetObject", true),
            (Aws, "s3:Get?bject", "s3:GetObject", true),
            (Aws, "s3:Get*", "s3:*", false),
            (Aws, "s3:*", "s3:Get*", true),
            (Aws, "s3:Get?", "s3:Get*", false),
            (GitHub, "write", "read", true),
            (GitHub, "read", "write", false),
            (GitHub, "admin", "maintain", true),
            (GitHub, "approve", "read", false),
        ] {
            let system = System::new("s", notation);
            assert_eq!(
                action_reaches(&system, pattern, action),
                expected,
                "{pattern} {action}"
            );
        }
    }

    #[test]
    fn patterns_of_resources_reach_what_their_system_says() {
        for (notation, pattern, resource, expected) in [
            (ClickHouse, "*.*", "db.t", true),
            (ClickHouse, "*.*", "db.t(a)", true),
            (ClickHouse, "db.*", "db.t", true),
            (ClickHouse, "db.*", "db2.t", false),
            (ClickHouse, "db*.*", "db2.t", true),
            (ClickHouse, "db.t", "db.t(a)", true),
            (ClickHouse, "db.t(a)", "db.t", false),
            (ClickHouse, "db.ta*", "db.table", true),
            (ClickHouse, "db.*", "*.*", false),
            (PostgreSql, "*", "TABLE s.t", true),
            (PostgreSql, "TABLE s.*", "TABLE s.t(a)", true),
            (PostgreSql, "TABLE s.*", "SEQUENCE s.t", false),
            (PostgreSql, "TABLE t", "TABLE s.t", false),
            (Aws, "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", true),
            (Aws, "arn:aws:s3:::b/*", "arn:aws:s3:::B/k", false),
            (Aws, "*", "arn:aws:iam::1:role/x", true),
            (GitHub, "*", "src/a.rs", true),
            (GitHub, "*.js", "web/app.js", true),
            (GitHub, "/docs/", "docs/a/b.md", true),
            (GitHub, "/docs/", "old/docs/a.md", false),
            (GitHub, "docs/", "old/docs/a.md", true),
            (GitHub, "docs/*", "docs/a.md", true),
            (GitHub, "docs/*", "docs/a/b.md", false),
            (GitHub, "**/logs", "build/x/logs/a", true),
            (GitHub, "/src/**", "src/a/b", true),
            (GitHub, "apps", "apps/a", true),
            (GitHub, "docs/*", "/docs/", false),
            (GitHub, "docs/*", "docs/**", false),
            (GitHub, "docs/**", "docs/*", true),
            (GitHub, "/docs/", "docs/*.md", true),
            (GitHub, "docs/", "/docs/a/", true),
            (GitHub, "/docs/", "docs/", false),
            (GitHub, "*.js", "/src/*.js", true),
            (GitHub, "/src/*.js", "*.js", false),
            (GitHub, "?.js", "*.js", false),
            (Roles, "*", "anything", true),
            (Roles, "a", "b", false),
        ] {
            assert_eq!(
                resource_reaches(notation, pattern, resource),
                expected,
                "{pattern} {resource}"
            );
        }
    }

    #[test]
    fn patterns_meet_where_a_text_fits_both() {
        for (a, b, expected) in [
            ("a*", "*b", true),
            ("a*c", "ab*", true),
            ("a?", "ab", true),
            ("a?", "abc", false),
            ("s3:Get*", "s3:*Object", true),
            ("s3:*", "iam:*", false),
            ("*", "", true),
            ("", "", true),
            ("a", "", false),
        ] {
            assert_eq!(meet(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
            assert_eq!(meet(b.as_bytes(), a.as_bytes()), expected, "{b} {a}");
        }
    }

    #[test]
    fn a_reach_without_any_resource_reaches_and_meets_nothing() {
        let words = |text: &str| vec![Word::new(text, At::NOWHERE)];
        let reach = Reach {
            actions: words("open"),
            resources: words("*"),
            but_resources: words("*"),
            ..Reach::default()
        };
        let system = System {
            name: "doors".into(),
            notation: Roles,
            actions: None,
        };
        for resource in [None, Some("*"), Some("front")] {
            assert!(!reaches(&system, &reach, "open", resource, None));
            assert!(!covers(&system, &reach, "open", resource, None));
            assert!(!meets(&system, &reach, "open", resource, None));
        }
    }
}
