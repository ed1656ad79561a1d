//! The privileges of databases, and which of them hold others.
//!
//! ClickHouse's form a tree (<https://clickhouse.com/docs/sql-reference/statements/grant>): who has a branch has all of its leaves.
//! PostgreSQL's are a list (<https://www.postgresql.org/docs/current/ddl-priv.html>).

use std::sync::LazyLock;

use crate::access::Notation;

/// Whether who holds `held` may do `asked`: the same, or part of it. Letter case and the number of blanks do not matter, other
/// names of the same privilege are understood, and a name that is not known is only itself. `ALL` holds everything.
#[must_use]
pub fn covers(notation: Notation, held: &str, asked: &str) -> bool {
    let held = canonical(notation, held);
    let asked = canonical(notation, asked);
    if held == asked || held == "ALL" && databases(notation) {
        return true;
    }
    let mut at = asked.as_str();
    while let Some(above) = above(notation, at) {
        if above.eq_ignore_ascii_case(&held) {
            return true;
        }
        at = above;
    }
    false
}

/// The one name of a privilege: in capitals, with single blanks.
#[must_use]
pub fn canonical(notation: Notation, name: &str) -> String {
    let words: Vec<_> = name.split_whitespace().collect();
    let name = words.join(" ").to_uppercase();
    let aliases = match notation {
        Notation::ClickHouse => CLICKHOUSE_ALIASES,
        Notation::PostgreSql => POSTGRESQL_ALIASES,
        _ => return name,
    };
    let known = aliases.binary_search_by(|(alias, _)| (*alias).cmp(name.as_str()));
    match known.ok().and_then(|index| aliases.get(index)) {
        Some((_, one)) => (*one).to_owned(),
        None => name,
    }
}

/// All privileges of a system, in order of name; nothing where they are not fixed.
#[must_use]
pub fn actions(notation: Notation) -> &'static [&'static str] {
    static CLICKHOUSE_NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let mut names: Vec<_> = CLICKHOUSE
            .iter()
            .flat_map(|(_, below)| below.iter().copied())
            .chain(["ALL"])
            .collect();
        names.sort_unstable();
        names
    });
    match notation {
        Notation::ClickHouse => &CLICKHOUSE_NAMES,
        Notation::PostgreSql => POSTGRESQL,
        _ => &[],
    }
}

fn databases(notation: Notation) -> bool {
    matches!(notation, Notation::ClickHouse | Notation::PostgreSql)
}

/// The privilege that holds this one directly.
fn above(notation: Notation, name: &str) -> Option<&'static str> {
    static PARENTS: LazyLock<Vec<(String, &'static str)>> = LazyLock::new(|| {
        let mut parents: Vec<_> = CLICKHOUSE
            .iter()
            .flat_map(|(above, below)| below.iter().map(|name| (name.to_uppercase(), *above)))
            .collect();
        parents.sort_unstable();
        parents
    });
    if notation != Notation::ClickHouse {
        return None;
    }
    let name = name.to_uppercase();
    let index = PARENTS
        .binary_search_by(|(known, _)| known.cmp(&name))
        .ok()?;
    PARENTS.get(index).map(|(_, above)| *above)
}

/// Each privilege of ClickHouse that holds others, with those that it holds directly.
const CLICKHOUSE: &[(&str, &[&str])] = &[
    (
        "ALL",
        &[
            "ACCESS MANAGEMENT",
            "ALTER",
            "BACKUP",
            "CHECK",
            "CLUSTER",
            "CREATE",
            "DROP",
            "INSERT",
            "INTROSPECTION",
            "KILL QUERY",
            "KILL TRANSACTION",
            "MOVE PARTITION BETWEEN SHARDS",
            "NAMED COLLECTION ADMIN",
            "OPTIMIZE",
            "SELECT",
            "SET DEFINER",
            "SHOW",
            "SHOW FILESYSTEM CACHES",
            "SOURCES",
            "SYSTEM",
            "TABLE ENGINE",
            "TRUNCATE",
            "UNDROP TABLE",
            "dictGet",
            "displaySecretsInShowAndSelect",
        ],
    ),
    (
        "ACCESS MANAGEMENT",
        &[
            "ALLOW SQL SECURITY NONE",
            "ALTER QUOTA",
            "ALTER ROLE",
            "ALTER ROW POLICY",
            "ALTER SETTINGS PROFILE",
            "ALTER USER",
            "CREATE QUOTA",
            "CREATE ROLE",
            "CREATE ROW POLICY",
            "CREATE SETTINGS PROFILE",
            "CREATE USER",
            "DROP QUOTA",
            "DROP ROLE",
            "DROP ROW POLICY",
            "DROP SETTINGS PROFILE",
            "DROP USER",
            "IMPERSONATE",
            "ROLE ADMIN",
            "SHOW ACCESS",
        ],
    ),
    (
        "SHOW ACCESS",
        &[
            "SHOW QUOTAS",
            "SHOW ROLES",
            "SHOW ROW POLICIES",
            "SHOW SETTINGS PROFILES",
            "SHOW USERS",
        ],
    ),
    ("ALTER", &["ALTER DATABASE", "ALTER TABLE", "ALTER VIEW"]),
    ("ALTER DATABASE", &["ALTER DATABASE SETTINGS"]),
    (
        "ALTER TABLE",
        &[
            "ALTER COLUMN",
            "ALTER CONSTRAINT",
            "ALTER DELETE",
            "ALTER FETCH PARTITION",
            "ALTER FREEZE PARTITION",
            "ALTER INDEX",
            "ALTER MATERIALIZE TTL",
            "ALTER MODIFY COMMENT",
            "ALTER MOVE PARTITION",
            "ALTER PROJECTION",
            "ALTER REWRITE PARTS",
            "ALTER SETTINGS",
            "ALTER STATISTICS",
            "ALTER TTL",
            "ALTER UNLOCK SNAPSHOT",
            "ALTER UPDATE",
        ],
    ),
    (
        "ALTER COLUMN",
        &[
            "ALTER ADD COLUMN",
            "ALTER CLEAR COLUMN",
            "ALTER COMMENT COLUMN",
            "ALTER DROP COLUMN",
            "ALTER MATERIALIZE COLUMN",
            "ALTER MODIFY COLUMN",
            "ALTER RENAME COLUMN",
        ],
    ),
    (
        "ALTER CONSTRAINT",
        &["ALTER ADD CONSTRAINT", "ALTER DROP CONSTRAINT"],
    ),
    (
        "ALTER INDEX",
        &[
            "ALTER ADD INDEX",
            "ALTER CLEAR INDEX",
            "ALTER DROP INDEX",
            "ALTER MATERIALIZE INDEX",
            "ALTER ORDER BY",
            "ALTER SAMPLE BY",
        ],
    ),
    (
        "ALTER PROJECTION",
        &[
            "ALTER ADD PROJECTION",
            "ALTER CLEAR PROJECTION",
            "ALTER DROP PROJECTION",
            "ALTER MATERIALIZE PROJECTION",
        ],
    ),
    (
        "ALTER STATISTICS",
        &[
            "ALTER ADD STATISTICS",
            "ALTER DROP STATISTICS",
            "ALTER MATERIALIZE STATISTICS",
            "ALTER MODIFY STATISTICS",
        ],
    ),
    (
        "ALTER VIEW",
        &[
            "ALTER VIEW MODIFY QUERY",
            "ALTER VIEW MODIFY REFRESH",
            "ALTER VIEW MODIFY SQL SECURITY",
        ],
    ),
    (
        "CREATE",
        &[
            "CREATE ARBITRARY TEMPORARY TABLE",
            "CREATE DATABASE",
            "CREATE DICTIONARY",
            "CREATE FUNCTION",
            "CREATE RESOURCE",
            "CREATE TABLE",
            "CREATE VIEW",
            "CREATE WORKLOAD",
        ],
    ),
    (
        "CREATE ARBITRARY TEMPORARY TABLE",
        &["CREATE TEMPORARY TABLE"],
    ),
    ("CREATE VIEW", &["CREATE TEMPORARY VIEW"]),
    (
        "DROP",
        &[
            "DROP DATABASE",
            "DROP DICTIONARY",
            "DROP FUNCTION",
            "DROP RESOURCE",
            "DROP TABLE",
            "DROP VIEW",
            "DROP WORKLOAD",
        ],
    ),
    (
        "INTROSPECTION",
        &[
            "addressToLine",
            "addressToLineWithInlines",
            "addressToSymbol",
            "demangle",
        ],
    ),
    (
        "NAMED COLLECTION ADMIN",
        &[
            "ALTER NAMED COLLECTION",
            "CREATE NAMED COLLECTION",
            "DROP NAMED COLLECTION",
            "NAMED COLLECTION",
            "SHOW NAMED COLLECTIONS",
            "SHOW NAMED COLLECTIONS SECRETS",
        ],
    ),
    (
        "SHOW",
        &[
            "SHOW COLUMNS",
            "SHOW DATABASES",
            "SHOW DICTIONARIES",
            "SHOW TABLES",
        ],
    ),
    (
        "SOURCES",
        &[
            "AZURE", "FILE", "HDFS", "HIVE", "JDBC", "KAFKA", "MONGO", "MYSQL", "NATS", "ODBC",
            "POSTGRES", "RABBITMQ", "READ", "REDIS", "REMOTE", "S3", "SQLITE", "URL", "WRITE",
        ],
    ),
    (
        "SYSTEM",
        &[
            "SYSTEM CLEANUP",
            "SYSTEM DROP CACHE",
            "SYSTEM FAILPOINT",
            "SYSTEM FETCHES",
            "SYSTEM FLUSH",
            "SYSTEM JEMALLOC",
            "SYSTEM LISTEN",
            "SYSTEM LOAD PRIMARY KEY",
            "SYSTEM MERGES",
            "SYSTEM MOVES",
            "SYSTEM PULLING REPLICATION LOG",
            "SYSTEM REDUCE BLOCKING PARTS",
            "SYSTEM RELOAD",
            "SYSTEM REPLICATION QUEUES",
            "SYSTEM REPLICA READINESS",
            "SYSTEM RESTART DISK",
            "SYSTEM RESTART REPLICA",
            "SYSTEM RESTORE DATABASE REPLICA",
            "SYSTEM RESTORE REPLICA",
            "SYSTEM SENDS",
            "SYSTEM SHUTDOWN",
            "SYSTEM SYNC DATABASE REPLICA",
            "SYSTEM SYNC FILE CACHE",
            "SYSTEM SYNC FILESYSTEM CACHE",
            "SYSTEM SYNC REPLICA",
            "SYSTEM SYNC TRANSACTION LOG",
            "SYSTEM THREAD FUZZER",
            "SYSTEM TTL MERGES",
            "SYSTEM UNFREEZE",
            "SYSTEM UNLOAD PRIMARY KEY",
            "SYSTEM UNLOCK SNAPSHOT",
            "SYSTEM VIEWS",
            "SYSTEM VIRTUAL PARTS UPDATE",
            "SYSTEM WAIT LOADING PARTS",
            "SYSTEM DROP REPLICA",
        ],
    ),
    (
        "SYSTEM DROP CACHE",
        &[
            "SYSTEM DROP COMPILED EXPRESSION CACHE",
            "SYSTEM DROP CONNECTIONS CACHE",
            "SYSTEM DROP DISTRIBUTED CACHE",
            "SYSTEM DROP DNS CACHE",
            "SYSTEM DROP FILESYSTEM CACHE",
            "SYSTEM DROP FORMAT SCHEMA CACHE",
            "SYSTEM DROP MARK CACHE",
            "SYSTEM DROP MMAP CACHE",
            "SYSTEM DROP PAGE CACHE",
            "SYSTEM DROP PRIMARY INDEX CACHE",
            "SYSTEM DROP QUERY CACHE",
            "SYSTEM DROP QUERY CONDITION CACHE",
            "SYSTEM DROP S3 CLIENT CACHE",
            "SYSTEM DROP SCHEMA CACHE",
            "SYSTEM DROP UNCOMPRESSED CACHE",
            "SYSTEM PREWARM MARK CACHE",
            "SYSTEM PREWARM PRIMARY INDEX CACHE",
        ],
    ),
    (
        "SYSTEM FLUSH",
        &[
            "SYSTEM FLUSH ASYNC INSERT QUEUE",
            "SYSTEM FLUSH DISTRIBUTED",
            "SYSTEM FLUSH LOGS",
        ],
    ),
    (
        "SYSTEM RELOAD",
        &[
            "SYSTEM RELOAD ASYNCHRONOUS METRICS",
            "SYSTEM RELOAD CONFIG",
            "SYSTEM RELOAD DICTIONARY",
            "SYSTEM RELOAD EMBEDDED DICTIONARIES",
            "SYSTEM RELOAD FUNCTION",
            "SYSTEM RELOAD MODEL",
            "SYSTEM RELOAD SYMBOLS",
            "SYSTEM RELOAD USERS",
        ],
    ),
    (
        "SYSTEM SENDS",
        &["SYSTEM DISTRIBUTED SENDS", "SYSTEM REPLICATED SENDS"],
    ),
];

/// Other names of ClickHouse's privileges, in order.
const CLICKHOUSE_ALIASES: &[(&str, &str)] = &[
    ("ADD COLUMN", "ALTER ADD COLUMN"),
    ("ADD CONSTRAINT", "ALTER ADD CONSTRAINT"),
    ("ADD INDEX", "ALTER ADD INDEX"),
    ("ADD PROJECTION", "ALTER ADD PROJECTION"),
    ("ALL PRIVILEGES", "ALL"),
    ("ALTER FETCH PART", "ALTER FETCH PARTITION"),
    ("ALTER MODIFY ORDER BY", "ALTER ORDER BY"),
    ("ALTER MODIFY SAMPLE BY", "ALTER SAMPLE BY"),
    ("ALTER MODIFY SETTING", "ALTER SETTINGS"),
    ("ALTER MODIFY TTL", "ALTER TTL"),
    ("ALTER MOVE PART", "ALTER MOVE PARTITION"),
    ("ALTER POLICY", "ALTER ROW POLICY"),
    ("ALTER PROFILE", "ALTER SETTINGS PROFILE"),
    ("ALTER SETTING", "ALTER SETTINGS"),
    ("CLEAR COLUMN", "ALTER CLEAR COLUMN"),
    ("CLEAR INDEX", "ALTER CLEAR INDEX"),
    ("CLEAR PROJECTION", "ALTER CLEAR PROJECTION"),
    ("COMMENT COLUMN", "ALTER COMMENT COLUMN"),
    ("CONSTRAINT", "ALTER CONSTRAINT"),
    ("CREATE POLICY", "CREATE ROW POLICY"),
    ("CREATE PROFILE", "CREATE SETTINGS PROFILE"),
    ("DELETE", "ALTER DELETE"),
    ("DICTGETHIERARCHY", "DICTGET"),
    ("DICTHAS", "DICTGET"),
    ("DICTISIN", "DICTGET"),
    ("DROP CACHE", "SYSTEM DROP CACHE"),
    ("DROP COLUMN", "ALTER DROP COLUMN"),
    ("DROP CONSTRAINT", "ALTER DROP CONSTRAINT"),
    ("DROP INDEX", "ALTER DROP INDEX"),
    ("DROP POLICY", "DROP ROW POLICY"),
    ("DROP PROFILE", "DROP SETTINGS PROFILE"),
    ("DROP PROJECTION", "ALTER DROP PROJECTION"),
    ("EXECUTE AS", "IMPERSONATE"),
    ("FETCH PARTITION", "ALTER FETCH PARTITION"),
    ("FLUSH LOGS", "SYSTEM FLUSH LOGS"),
    ("FREEZE PARTITION", "ALTER FREEZE PARTITION"),
    ("INDEX", "ALTER INDEX"),
    ("INTROSPECTION FUNCTIONS", "INTROSPECTION"),
    ("MATERIALIZE COLUMN", "ALTER MATERIALIZE COLUMN"),
    ("MATERIALIZE INDEX", "ALTER MATERIALIZE INDEX"),
    ("MATERIALIZE PROJECTION", "ALTER MATERIALIZE PROJECTION"),
    ("MATERIALIZE TTL", "ALTER MATERIALIZE TTL"),
    ("MODIFY COLUMN", "ALTER MODIFY COLUMN"),
    ("MODIFY COMMENT", "ALTER MODIFY COMMENT"),
    ("MODIFY ORDER BY", "ALTER ORDER BY"),
    ("MODIFY SAMPLE BY", "ALTER SAMPLE BY"),
    ("MODIFY SETTING", "ALTER SETTINGS"),
    ("MODIFY TTL", "ALTER TTL"),
    ("MOVE PART", "ALTER MOVE PARTITION"),
    ("MOVE PARTITION", "ALTER MOVE PARTITION"),
    ("NAMED COLLECTION CONTROL", "NAMED COLLECTION ADMIN"),
    ("NAMED COLLECTION USAGE", "NAMED COLLECTION"),
    ("OPTIMIZE TABLE", "OPTIMIZE"),
    ("PROJECTION", "ALTER PROJECTION"),
    ("RELOAD CONFIG", "SYSTEM RELOAD CONFIG"),
    ("RELOAD USERS", "SYSTEM RELOAD USERS"),
    ("RENAME COLUMN", "ALTER RENAME COLUMN"),
    ("RESET SETTING", "ALTER SETTINGS"),
    ("SHOW CREATE POLICY", "SHOW ROW POLICIES"),
    ("SHOW CREATE PROFILE", "SHOW SETTINGS PROFILES"),
    ("SHOW CREATE QUOTA", "SHOW QUOTAS"),
    ("SHOW CREATE ROLE", "SHOW ROLES"),
    ("SHOW CREATE ROW POLICY", "SHOW ROW POLICIES"),
    ("SHOW CREATE SETTINGS PROFILE", "SHOW SETTINGS PROFILES"),
    ("SHOW CREATE USER", "SHOW USERS"),
    ("SHOW POLICIES", "SHOW ROW POLICIES"),
    ("SHOW PROFILES", "SHOW SETTINGS PROFILES"),
    ("START MERGES", "SYSTEM MERGES"),
    ("STOP MERGES", "SYSTEM MERGES"),
    ("SYSTEM KILL", "SYSTEM SHUTDOWN"),
    ("SYSTEM START FETCHES", "SYSTEM FETCHES"),
    ("SYSTEM START MERGES", "SYSTEM MERGES"),
    ("SYSTEM STOP FETCHES", "SYSTEM FETCHES"),
    ("SYSTEM STOP MERGES", "SYSTEM MERGES"),
    ("TRUNCATE TABLE", "TRUNCATE"),
    ("UNFREEZE", "ALTER FREEZE PARTITION"),
    ("UPDATE", "ALTER UPDATE"),
    ("USE NAMED COLLECTION", "NAMED COLLECTION"),
];

/// PostgreSQL's privileges, in order of name.
const POSTGRESQL: &[&str] = &[
    "ALL",
    "ALTER SYSTEM",
    "CONNECT",
    "CREATE",
    "DELETE",
    "EXECUTE",
    "INSERT",
    "MAINTAIN",
    "REFERENCES",
    "SELECT",
    "SET",
    "TEMPORARY",
    "TRIGGER",
    "TRUNCATE",
    "UPDATE",
    "USAGE",
];

/// Other names of PostgreSQL's privileges, in order.
const POSTGRESQL_ALIASES: &[(&str, &str)] = &[("ALL PRIVILEGES", "ALL"), ("TEMP", "TEMPORARY")];

#[cfg(test)]
mod tests {
    use super::*;
    use Notation::{ClickHouse, GitHub, PostgreSql};

    #[test]
    fn a_branch_holds_its_leaves_and_nothing_beside_them() {
        let cases = [
            (ClickHouse, "ALL", "SELECT", true),
            (ClickHouse, "all privileges", "what is not known", true),
            (ClickHouse, "SELECT", "SELECT", true),
            (ClickHouse, "select", "SELECT", true),
            (ClickHouse, "SELECT", "INSERT", false),
            (ClickHouse, "SELECT", "ALL", false),
            (ClickHouse, "ALTER", "UPDATE", true),
            (ClickHouse, "ALTER TABLE", "ALTER  UPDATE", true),
            (ClickHouse, "ALTER TABLE", "ADD COLUMN", true),
            (ClickHouse, "ALTER COLUMN", "ALTER UPDATE", false),
            (ClickHouse, "ALTER VIEW", "ALTER UPDATE", false),
            (ClickHouse, "ACCESS MANAGEMENT", "CREATE USER", true),
            (ClickHouse, "ACCESS MANAGEMENT", "SHOW ROLES", true),
            (ClickHouse, "CREATE", "CREATE USER", false),
            (ClickHouse, "CREATE", "CREATE TEMPORARY TABLE", true),
            (ClickHouse, "SOURCES", "READ", true),
            (ClickHouse, "SYSTEM", "SYSTEM DROP DNS CACHE", true),
            (ClickHouse, "dictGet", "dictHas", true),
            (ClickHouse, "DICTGET", "dictGet", true),
            (ClickHouse, "ALL", "dictGet", true),
            (ClickHouse, "INTROSPECTION", "demangle", true),
            (
                ClickHouse,
                "NAMED COLLECTION CONTROL",
                "NAMED COLLECTION",
                true,
            ),
            (PostgreSql, "ALL", "SELECT", true),
            (PostgreSql, "UPDATE", "ALTER UPDATE", false),
            (PostgreSql, "TEMP", "temporary", true),
            (PostgreSql, "SELECT", "UPDATE", false),
            (GitHub, "ALL", "SELECT", false),
        ];
        for (notation, held, asked, expected) in cases {
            assert_eq!(
                covers(notation, held, asked),
                expected,
                "{notation:?}: {held} holds {asked}"
            );
        }
    }

    #[test]
    fn the_tables_are_in_order_and_every_branch_hangs_on_all() {
        assert!(CLICKHOUSE_ALIASES.is_sorted() && POSTGRESQL_ALIASES.is_sorted());
        for notation in [ClickHouse, PostgreSql] {
            let all = actions(notation);
            assert!(all.is_sorted_by(|a, b| a < b), "{notation:?} has one twice");
        }
        let named = |name: &str| actions(ClickHouse).contains(&name);
        for (branch, leaves) in CLICKHOUSE {
            assert!(named(branch), "{branch}");
            assert!(leaves.iter().all(|leaf| {
                *branch == "ALL" || {
                    let mut at = leaf.to_uppercase();
                    while let Some(above) = above(ClickHouse, &at) {
                        at = above.to_owned();
                    }
                    at == "ALL"
                }
            }));
        }
        for (_, name) in CLICKHOUSE_ALIASES {
            assert!(
                actions(ClickHouse)
                    .iter()
                    .any(|a| a.eq_ignore_ascii_case(name)),
                "{name}"
            );
        }
    }
}
