//! Grants in SQL scripts: those of ClickHouse and of PostgreSQL.
//!
//! What stands in scripts is what they would leave behind if they ran one after another on an empty server. Nobody's password
//! is kept.

mod cursor;
mod held;
mod lex;
mod parse;
mod place;
mod replay;
mod setup;
pub mod statement;

use std::cmp::Ordering;

use onus_model::access::Notation;

use lex::{Kind, Token, Tokens};

pub use parse::parse;
pub use replay::{CURRENT_GRANTS, Script, replay};

/// Whether a script can hold a statement about access at all: whether one of the words is in it with which they begin. Of bytes
/// that are no text of one byte a letter, nothing is known.
#[must_use]
pub fn may_hold(bytes: &[u8]) -> bool {
    const WORDS: [&str; 11] = [
        "grant",
        "revoke",
        "user",
        "role",
        "policy",
        "quota",
        "profile",
        "group",
        "owned",
        "privileges",
        "security",
    ];
    if bytes.contains(&0) {
        return true;
    }
    let mut words = bytes
        .split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        let is = |known: &str| word.eq_ignore_ascii_case(known.as_bytes());
        // Most queries have `GROUP BY`, and few scripts have a `GROUP`.
        let by = words
            .peek()
            .is_some_and(|next| next.eq_ignore_ascii_case(b"by"));
        if WORDS.iter().any(|known| is(known)) && !(is("group") && by) {
            return true;
        }
    }
    false
}

/// Whether the name of a file says that it undoes what another does: such a file is not replayed.
#[must_use]
pub fn is_undo(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let lower = file.to_lowercase();
    let undoes = ["down.sql", "undo.sql"].iter().any(|end| {
        lower
            .strip_suffix(end)
            .is_some_and(|stem| stem.is_empty() || stem.ends_with(['.', '_', '-']))
    });
    // Flyway's, which tells them from versions by the letter.
    let flyway = file.strip_prefix('U').is_some_and(|rest| {
        rest.starts_with(|letter: char| letter.is_ascii_digit())
            && rest.contains("__")
            && lower.ends_with(".sql")
    });
    undoes || flyway
}

/// What only one of the two systems has: words one after another. The first list counts anywhere, the second only in statements
/// about access, for its words are names of columns elsewhere. `^` is the beginning of a statement.
const CLICKHOUSE_SIGNS: [&[&str]; 2] = [
    &[
        "ON CLUSTER",
        "ENGINE =",
        "MERGETREE",
        "LOWCARDINALITY",
        "UINT64",
        "FORMAT NULL",
        "SHOW CREATE",
        "SHOW GRANTS",
    ],
    &[
        ". *",
        "IDENTIFIED",
        "ROW POLICY",
        "QUOTA",
        "SETTINGS",
        "HOST",
        "REPLACE OPTION",
        "CURRENT GRANTS",
        "DEFAULT ROLE",
        "DICTGET",
        "ALTER UPDATE",
        "ALTER DELETE",
        "ACCESS MANAGEMENT",
        "EXECUTE AS",
        "SHOW TABLES",
        "GRANTEES",
        "DEFAULT DATABASE",
        "SET DEFINER",
        "TABLE ENGINE",
        "READ ON",
        "WRITE ON",
        "SOURCES ON",
        "NAMED COLLECTION",
    ],
];
const POSTGRESQL_SIGNS: [&[&str]; 2] = [
    &[
        "OWNER TO",
        "SERIAL",
        "BIGSERIAL",
        "JSONB",
        "TIMESTAMPTZ",
        "CREATE EXTENSION",
        "^ CREATE POLICY",
        "LEVEL SECURITY",
        "LANGUAGE PLPGSQL",
        "LANGUAGE SQL",
        "SEARCH_PATH",
    ],
    &[
        "IN SCHEMA",
        "ON SCHEMA",
        "ON DATABASE",
        "ON SEQUENCE",
        "ON FUNCTION",
        "ON TABLE",
        "ON TYPE",
        "LOGIN",
        "NOLOGIN",
        "SUPERUSER",
        "PASSWORD",
        "TO PUBLIC",
        "FROM PUBLIC",
        "DEFAULT PRIVILEGES",
        "GRANTED BY",
        "BYPASSRLS",
        "CREATEROLE",
        "CREATEDB",
        "OWNED BY",
        "TO GROUP",
        "PUBLIC .",
    ],
];

/// Whose script it is, by what only one of the two has; nothing where nothing tells, or where as much speaks for the one as for the
/// other.
#[must_use]
pub fn dialect(text: &str) -> Option<Notation> {
    let clickhouse = lex::lex(text, Notation::ClickHouse);
    let postgres = lex::lex(text, Notation::PostgreSql);
    let raw = |token: &Token| text.get(token.span.range()).unwrap_or_default();
    let with = |script: &Tokens, kind: Kind, quote: &str| {
        let tokens = script.statements.iter().flatten();
        tokens
            .filter(|t| t.kind == kind && raw(t).starts_with(quote))
            .count()
    };
    let for_clickhouse = signs(text, &clickhouse, CLICKHOUSE_SIGNS)
        + with(&clickhouse, Kind::Parameter, "{")
        + with(&clickhouse, Kind::Quoted, "`");
    let for_postgres = signs(text, &postgres, POSTGRESQL_SIGNS) + with(&postgres, Kind::Text, "$");
    match for_clickhouse.cmp(&for_postgres) {
        Ordering::Less => Some(Notation::PostgreSql),
        Ordering::Greater => Some(Notation::ClickHouse),
        Ordering::Equal => {
            let star = signs(text, &clickhouse, [&[], &["ON *"]]) > 0;
            star.then_some(Notation::ClickHouse)
        }
    }
}

/// How often any of these stands in a script.
fn signs(text: &str, script: &Tokens, [anywhere, of_access]: [&[&str]; 2]) -> usize {
    const NOUNS: [&str; 7] = [
        "USER",
        "ROLE",
        "GROUP",
        "POLICY",
        "QUOTA",
        "PROFILE",
        "PRIVILEGES",
    ];
    let mut count = 0;
    for statement in &script.statements {
        let word = |at: usize| {
            let token = statement.get(at)?;
            let quoted = matches!(token.kind, Kind::Text | Kind::Quoted);
            text.get(token.span.range()).filter(|_| !quoted)
        };
        let is = |at: usize, known: &str| word(at).is_some_and(|w| w.eq_ignore_ascii_case(known));
        let access = ["GRANT", "REVOKE", "EXECUTE", "ATTACH"]
            .iter()
            .any(|w| is(0, w))
            || (1..6).any(|at| NOUNS.iter().any(|noun| is(at, noun)));
        let of_access = if access { of_access } else { &[] };
        for at in 0..statement.len() {
            let found = |sign: &&&str| {
                let (words, fits) = match sign.strip_prefix("^ ") {
                    Some(words) => (words, at == 0),
                    None => (**sign, true),
                };
                fits && words.split(' ').enumerate().all(|(i, w)| is(at + i, w))
            };
            count += anywhere.iter().chain(of_access).filter(found).count();
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use Notation::{ClickHouse, PostgreSql};

    #[test]
    fn scripts_are_taken_for_what_they_are() {
        let cases = [
            ("GRANT SELECT ON db.* TO u", Some(ClickHouse)),
            ("GRANT SELECT ON *.* TO u", Some(ClickHouse)),
            ("GRANT SELECT ON * TO u", Some(ClickHouse)),
            ("CREATE USER u IDENTIFIED BY 'x'", Some(ClickHouse)),
            ("CREATE ROW POLICY p ON t USING 1 TO u", Some(ClickHouse)),
            (
                "CREATE TABLE t (a Int8) ENGINE = MergeTree; GRANT SELECT ON t TO u",
                Some(ClickHouse),
            ),
            ("GRANT SELECT ON `t` TO u ON CLUSTER c", Some(ClickHouse)),
            ("GRANT SELECT ON t TO u", None),
            ("SELECT t.* FROM t; GRANT SELECT ON t TO u", None),
            ("GRANT USAGE ON SCHEMA s TO u", Some(PostgreSql)),
            (
                "GRANT SELECT ON ALL TABLES IN SCHEMA s TO u",
                Some(PostgreSql),
            ),
            ("CREATE ROLE u WITH LOGIN PASSWORD 'x'", Some(PostgreSql)),
            ("GRANT SELECT ON t TO PUBLIC", Some(PostgreSql)),
            ("CREATE POLICY p ON t USING (true)", Some(PostgreSql)),
            ("ALTER TABLE t OWNER TO u", Some(PostgreSql)),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(dialect(text), expected, "{text}");
        }
    }

    #[test]
    fn only_scripts_with_words_of_access_are_read() {
        let cases = [
            ("grant select on t to u", true),
            ("create /* x */ user u", true),
            ("select a from t group by a", false),
            ("alter group g add member m", true),
            ("select granted, username from t", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(may_hold(text.as_bytes()), expected, "{text}");
        }
        assert!(may_hold(b"G\0R\0A\0N\0T\0"));
    }

    #[test]
    fn files_that_undo_are_known_by_their_name() {
        let cases = [
            ("db/0001_users.down.sql", true),
            ("db/0001/down.sql", true),
            ("0001_users.undo.sql", true),
            ("db/U2__users.sql", true),
            ("DOWN.SQL", true),
            ("0001_users.up.sql", false),
            ("markdown.sql", false),
            ("Users__all.sql", false),
            ("V2__users.sql", false),
        ];
        for (name, expected) in cases {
            assert_eq!(is_undo(name), expected, "{name}");
        }
    }
}
