//! What scripts come to, in lines.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::parse;
use super::*;
use Notation::{ClickHouse, PostgreSql};

fn replayed(notation: Notation, files: &[&str]) -> (Access, Vec<Problem>) {
    let system = Arc::new(System {
        actions: None,
        name: "db".into(),
        notation,
    });
    let mut problems = Vec::new();
    let mut scripts = Vec::new();
    for (file, text) in (0..).zip(files) {
        let text = Text::new("a.sql", *text);
        let (statements, wrong) = parse(&text, notation);
        problems.extend(wrong);
        scripts.push(Script {
            file,
            text,
            statements,
        });
    }
    let (access, more) = replay(&system, scripts);
    problems.extend(more);
    (access, problems)
}

fn words(words: &[Word]) -> String {
    let texts: Vec<_> = words.iter().map(|w| &*w.text).collect();
    texts.join(", ")
}

fn reach(reach: &Reach) -> String {
    format!("{} on {}", words(&reach.actions), words(&reach.resources))
}

fn rule(rule: &Rule) -> String {
    let mut text = reach(&rule.reach);
    for hole in &rule.except {
        write!(text, " but {}", reach(hole)).unwrap();
    }
    if !rule.conditions.is_empty() {
        write!(text, " if {}", words(&rule.conditions)).unwrap();
    }
    if rule.grantable {
        text.push_str(", grantable");
    }
    text
}

fn who(holders: &[Holder]) -> String {
    let names: Vec<_> = holders
        .iter()
        .map(|h| format!("{} {}", h.subject.kind.name(), h.subject.name))
        .collect();
    names.join(", ")
}

/// What is left behind, a line each.
fn lines(notation: Notation, files: &[&str]) -> Vec<String> {
    let (access, problems) = replayed(notation, files);
    let mut lines = Vec::new();
    for role in &access.roles {
        lines.extend(
            role.rules
                .iter()
                .map(|r| format!("role {}: {}", role.name.text, rule(r))),
        );
        if role.rules.is_empty() {
            lines.push(format!("role {}", role.name.text));
        }
    }
    for binding in &access.bindings {
        let who = who(&binding.holders);
        match &binding.given {
            Given::Role { name, .. } => lines.push(format!(
                "{who} is {}{}{}",
                name.text,
                if binding.conditions.is_empty() {
                    ""
                } else {
                    " if set"
                },
                if binding.grantable { ", grantable" } else { "" },
            )),
            Given::Rules(rules) => {
                lines.extend(rules.iter().map(|r| format!("{who}: {}", rule(r))));
            }
        }
    }
    for account in &access.accounts {
        let facts: Vec<_> = account
            .facts
            .iter()
            .map(|(name, word)| format!("{name}={}", word.text))
            .collect();
        if !facts.is_empty() {
            lines.push(format!(
                "{} {} has {}",
                account.subject.kind.name(),
                account.subject.name,
                facts.join(" ")
            ));
        }
    }
    for limit in &access.limits {
        let but = who(&limit.but_subjects);
        lines.push(format!(
            "{} {} on [{}] of [{}{}]: {}",
            limit.kind,
            limit.name.text,
            words(&limit.resources),
            who(&limit.subjects),
            if but.is_empty() {
                but
            } else {
                format!("all but {but}")
            },
            limit.says
        ));
    }
    lines.extend(problems.iter().map(|p| {
        let label = &p.labels[0];
        let at = label.text.text.get(label.span.range()).unwrap();
        let first: Vec<_> = p.message.split(' ').take(3).collect();
        format!("! {} … at `{at}`", first.join(" "))
    }));
    lines
}

fn check(notation: Notation, cases: &[(&str, &[&str])]) {
    for (sql, expected) in cases {
        assert_eq!(&lines(notation, &[sql]), expected, "{sql}");
    }
}

#[test]
fn grants_of_clickhouse_come_to_what_they_say() {
    check(
        ClickHouse,
        &[
            (
                "GRANT SELECT(a, b), INSERT ON db.t, SHOW ON db.* TO u, r WITH GRANT OPTION; GRANT r TO u",
                &[
                    "role r: SELECT on db.t(a), db.t(b), grantable",
                    "role r: INSERT on db.t, grantable",
                    "role r: SHOW on db.*, grantable",
                    "user u: SELECT on db.t(a), db.t(b), grantable",
                    "user u: INSERT on db.t, grantable",
                    "user u: SHOW on db.*, grantable",
                    "user u is r",
                ],
            ),
            (
                "GRANT UPDATE ON db*.* TO u; GRANT ALL ON db.tab* TO u; GRANT ON CLUSTER c SELECT ON * TO u",
                &[
                    "user u: ALTER UPDATE on db*.*",
                    "user u: ALL on db.tab*",
                    "user u: SELECT on *",
                ],
            ),
            (
                "GRANT READ, WRITE ON S3 TO u; GRANT SET DEFINER ON d TO u; GRANT READ ON URL('https://x/.*') TO u",
                &[
                    "user u: READ on S3",
                    "user u: WRITE on S3",
                    "user u: SET DEFINER on d",
                    "user u: READ on URL if source matches 'https://x/.*'",
                ],
            ),
            (
                "GRANT SELECT ON `a.b`.`c``d` TO 'Ünal O''x', mira@localhost, x@'%'",
                &[
                    "user Ünal O'x: SELECT on `a.b`.`c``d`",
                    "user mira@localhost: SELECT on `a.b`.`c``d`",
                    "user x: SELECT on `a.b`.`c``d`",
                ],
            ),
            (
                "CREATE ROLE a, b; GRANT a TO b WITH ADMIN OPTION; GRANT b TO u",
                &["role a", "role b", "role b is a, grantable", "user u is b"],
            ),
            (
                "GRANT CURRENT GRANTS(SELECT ON db.*) TO u WITH GRANT OPTION; GRANT SELECT ON db.t TO CURRENT_USER",
                &[
                    "user u is CURRENT GRANTS, grantable",
                    "user CURRENT_USER: SELECT on db.t",
                ],
            ),
            (
                "EXECUTE AS admin GRANT SELECT ON db.t TO u; EXECUTE AS admin SELECT 1",
                &["user u: SELECT on db.t"],
            ),
            (
                "ATTACH USER u IDENTIFIED WITH no_password; ATTACH GRANT SELECT ON db.t TO u",
                &[
                    "user u: SELECT on db.t",
                    "user u has host=any authentication=no_password",
                ],
            ),
        ],
    );
}

#[test]
fn revokes_of_clickhouse_take_what_they_reach() {
    check(
        ClickHouse,
        &[
            (
                "GRANT SELECT ON db.t TO u; REVOKE SELECT ON db.t FROM u",
                &[],
            ),
            (
                "GRANT SELECT ON db.t TO u; REVOKE SELECT ON *.* FROM u",
                &[],
            ),
            ("GRANT SELECT ON db.t TO u; REVOKE ALL ON db*.* FROM u", &[]),
            (
                "GRANT ALTER UPDATE ON db.t TO u; REVOKE ALTER ON db.* FROM u",
                &[],
            ),
            (
                "GRANT SELECT ON db.t TO u; REVOKE INSERT ON db.t FROM u; REVOKE SELECT ON db.x FROM u",
                &["user u: SELECT on db.t"],
            ),
            (
                "GRANT SELECT ON *.* TO u; REVOKE SELECT ON db.* FROM u; REVOKE SELECT ON db.t FROM u",
                &["user u: SELECT on *.* but SELECT on db.*"],
            ),
            (
                "GRANT SELECT ON *.* TO u; REVOKE SELECT ON db.t FROM u; REVOKE SELECT ON db.* FROM u",
                &["user u: SELECT on *.* but SELECT on db.*"],
            ),
            (
                "GRANT ALL ON db.* TO u; REVOKE INSERT ON db.* FROM u",
                &["user u: ALL on db.* but INSERT on db.*"],
            ),
            (
                "GRANT SELECT ON db.t TO u; REVOKE SELECT(a) ON db.t FROM u",
                &["user u: SELECT on db.t but SELECT on db.t(a)"],
            ),
            (
                "GRANT SELECT(a, b) ON db.t TO u; REVOKE SELECT(a) ON db.t FROM u",
                &["user u: SELECT on db.t(b)"],
            ),
            (
                "GRANT SELECT ON *.* TO u; REVOKE SELECT ON db.* FROM u; GRANT SELECT ON db.* TO u",
                &["user u: SELECT on *.*", "user u: SELECT on db.*"],
            ),
            (
                "GRANT SELECT ON *.* TO u; REVOKE SELECT ON db.* FROM u; GRANT SELECT ON db.t TO u",
                &[
                    "user u: SELECT on *.* but SELECT on db.*",
                    "user u: SELECT on db.t",
                ],
            ),
            (
                "GRANT SELECT ON *.* TO u WITH GRANT OPTION; REVOKE SELECT ON db.* FROM u; GRANT SELECT ON *.* TO u",
                &[
                    "user u: SELECT on *.* but SELECT on db.*, grantable",
                    "user u: SELECT on *.*",
                ],
            ),
            (
                "GRANT SELECT ON db.t TO u; REVOKE SELECT(a, b) ON db.t FROM u; GRANT SELECT(a) ON db.t TO u",
                &[
                    "user u: SELECT on db.t but SELECT on db.t(b)",
                    "user u: SELECT on db.t(a)",
                ],
            ),
            (
                "GRANT SELECT ON *.* TO r; GRANT r TO u; REVOKE SELECT ON db.* FROM u",
                &["role r: SELECT on *.*", "user u is r"],
            ),
            (
                "GRANT SELECT ON *.* TO u WITH GRANT OPTION; REVOKE GRANT OPTION FOR SELECT ON *.* FROM u",
                &["user u: SELECT on *.*"],
            ),
            (
                "GRANT SELECT ON *.* TO u WITH GRANT OPTION; REVOKE GRANT OPTION FOR SELECT ON db.* FROM u",
                &[
                    "user u: SELECT on *.*, grantable",
                    "! only a part … at `db.*`",
                ],
            ),
            (
                "GRANT SELECT ON db.* TO u; REVOKE SELECT ON t FROM u",
                &["user u: SELECT on db.*", "! whether this takes … at `t`"],
            ),
            (
                "GRANT SELECT ON *.* TO u; REVOKE SELECT ON t FROM u",
                &["user u: SELECT on *.* but SELECT on t"],
            ),
            (
                "GRANT SELECT ON *.* TO u; GRANT INSERT ON db.t TO u WITH REPLACE OPTION; GRANT a, b TO u; GRANT c TO u WITH REPLACE OPTION",
                &["user u: INSERT on db.t", "user u is c"],
            ),
            (
                "GRANT CURRENT GRANTS TO u; GRANT r TO u; REVOKE ALL FROM u; GRANT CURRENT GRANTS TO v; REVOKE ALL ON *.* FROM v",
                &["user u is CURRENT GRANTS"],
            ),
            (
                "GRANT SELECT ON *.* TO u; GRANT NONE TO u WITH REPLACE OPTION",
                &[],
            ),
            (
                "GRANT a, b TO u WITH ADMIN OPTION; REVOKE ADMIN OPTION FOR a FROM u; REVOKE b FROM u; REVOKE c FROM u",
                &["user u is a"],
            ),
            (
                "GRANT a, b, c TO u; REVOKE ALL EXCEPT b FROM u; GRANT d TO v; REVOKE d FROM ALL EXCEPT u",
                &["user u is b"],
            ),
            ("REVOKE SELECT ON db.t FROM nobody; DROP USER nobody", &[]),
        ],
    );
}

#[test]
fn accounts_of_clickhouse_are_told_without_secrets() {
    check(
        ClickHouse,
        &[
            (
                "CREATE USER u",
                &["user u has authentication=no_password host=any"],
            ),
            (
                "CREATE USER IF NOT EXISTS u ON CLUSTER c IDENTIFIED WITH sha256_hash BY 'secret' SALT 'x', bcrypt_password BY 'y', BY 'z' HOST IP '::/0', LIKE '%.x', LOCAL VALID UNTIL '2027-01-01' DEFAULT ROLE r GRANTEES ANY EXCEPT v SETTINGS readonly = 1, PROFILE 'p'",
                &[
                    "user u is r",
                    "user u has authentication=sha256_password authentication=bcrypt_password authentication=sha256_password host=::/0 host=LIKE %.x host=local valid-until=2027-01-01 default-role=r grantees=ANY EXCEPT v",
                ],
            ),
            (
                "CREATE USER u IDENTIFIED WITH ssh_key BY KEY 'k' TYPE 'ssh-rsa', KEY 'l' TYPE 'ssh-rsa'; ALTER USER u ADD IDENTIFIED WITH ldap SERVER 's'; ALTER USER u HOST NONE; ALTER USER u ADD HOST LOCAL",
                &["user u has authentication=ssh_key authentication=ldap host=local"],
            ),
            (
                "CREATE USER u IDENTIFIED BY {p:String}; ALTER USER u NOT IDENTIFIED; ALTER USER u RENAME TO v; GRANT SELECT ON db.t TO v",
                &[
                    "user v: SELECT on db.t",
                    "user v has host=any authentication=no_password",
                ],
            ),
            (
                "CREATE ROLE r; GRANT SELECT ON db.t TO r; GRANT r TO u; DROP ROLE r",
                &[],
            ),
            (
                "CREATE ROLE r; GRANT r TO u; ALTER ROLE r RENAME TO s; GRANT SELECT ON db.t TO s",
                &["role s: SELECT on db.t", "user u is s"],
            ),
            (
                "CREATE ROLE r; GRANT SELECT ON db.t TO r; CREATE OR REPLACE ROLE r; CREATE ROLE IF NOT EXISTS r",
                &["role r"],
            ),
            (
                "CREATE USER m@'10.%'; SET DEFAULT ROLE ALL EXCEPT r TO m@'10.%'",
                &[
                    "user m@10.% has authentication=no_password host=LIKE 10.% default-role=ALL EXCEPT r",
                ],
            ),
        ],
    );
}

#[test]
fn no_secret_is_kept() {
    let cases = [
        (
            ClickHouse,
            "CREATE USER u IDENTIFIED WITH sha256_hash BY 'hush' SALT 'hush', BY 'hush'; ALTER USER u IDENTIFIED WITH ssh_key BY KEY 'hush' TYPE 'rsa'",
        ),
        (
            PostgreSql,
            "CREATE ROLE u PASSWORD 'hush' LOGIN; ALTER USER u WITH ENCRYPTED PASSWORD 'hush'; CREATE USER MAPPING FOR u SERVER s OPTIONS (password 'hush')",
        ),
    ];
    for (notation, sql) in cases {
        let (statements, problems) = parse(&Text::new("a.sql", sql), notation);
        assert!(statements.len() >= 2 && problems.is_empty());
        let kept = format!("{statements:?} {:?}", replayed(notation, &[sql]));
        assert!(!kept.contains("hush"), "{kept}");
    }
}

#[test]
fn limits_are_told_with_those_whom_they_limit() {
    check(
        ClickHouse,
        &[
            (
                "CREATE ROW POLICY p, q ON db.t, db.* FOR SELECT USING (a = 1) AS RESTRICTIVE TO ALL EXCEPT r; DROP ROW POLICY q ON db.t, db.*; GRANT r TO u",
                &[
                    "user u is r",
                    "row policy p on [db.t] of [all but role r]: FOR SELECT USING (a = 1) AS RESTRICTIVE",
                    "row policy p on [db.*] of [all but role r]: FOR SELECT USING (a = 1) AS RESTRICTIVE",
                ],
            ),
            (
                "CREATE ROW POLICY p ON db.t USING a TO u; ALTER ROW POLICY p ON db.t RENAME TO q USING b TO ALL",
                &["row policy q on [db.t] of []: USING b"],
            ),
            (
                "CREATE QUOTA q KEYED BY user_name FOR INTERVAL 1 HOUR MAX queries = 5, errors = 6, FOR 0.5 DAY NO LIMITS TO u; ALTER QUOTA q FOR 1 HOUR MAX queries = 7; CREATE QUOTA n; CREATE QUOTA m TO v; DROP USER v",
                &[
                    "quota q on [] of [user u]: KEYED BY user_name FOR 1 HOUR MAX queries = 7 FOR 0.5 DAY NO LIMITS",
                ],
            ),
            (
                "CREATE SETTINGS PROFILE p SETTINGS readonly = 1 CONST, max_threads = 2 MIN 1 TO ALL",
                &[
                    "settings profile p on [] of []: SETTINGS readonly = 1 CONST, max_threads = 2 MIN 1",
                ],
            ),
        ],
    );
    check(
        PostgreSql,
        &[(
            "CREATE POLICY p ON s.t AS PERMISSIVE FOR ALL TO u USING (true) WITH CHECK (a); CREATE POLICY q ON s.t TO PUBLIC USING (b); ALTER TABLE s.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; ALTER TABLE s.u ENABLE ROW LEVEL SECURITY; ALTER TABLE s.u DISABLE ROW LEVEL SECURITY; ALTER TABLE s.t ADD COLUMN x int",
            &[
                "row policy p on [TABLE s.t] of [user u]: AS PERMISSIVE FOR ALL USING (true) WITH CHECK (a)",
                "row policy q on [TABLE s.t] of []: USING (b)",
                "row level security t on [TABLE s.t] of []: FORCE ROW LEVEL SECURITY",
            ],
        )],
    );
}

#[test]
fn grants_of_postgresql_come_to_what_they_say() {
    check(
        PostgreSql,
        &[
            (
                "GRANT SELECT, UPDATE (a, B) ON TABLE s.t, \"Odd.Name\" TO Bob, GROUP g, PUBLIC WITH GRANT OPTION GRANTED BY CURRENT_USER",
                &[
                    "user bob: SELECT on TABLE s.t, grantable",
                    "user bob: SELECT on TABLE \"Odd.Name\", grantable",
                    "user bob: UPDATE on TABLE s.t(a), TABLE s.t(b), grantable",
                    "user bob: UPDATE on TABLE \"Odd.Name\"(a), TABLE \"Odd.Name\"(b), grantable",
                    "user g: SELECT on TABLE s.t, grantable",
                    "user g: SELECT on TABLE \"Odd.Name\", grantable",
                    "user g: UPDATE on TABLE s.t(a), TABLE s.t(b), grantable",
                    "user g: UPDATE on TABLE \"Odd.Name\"(a), TABLE \"Odd.Name\"(b), grantable",
                    "group PUBLIC: SELECT on TABLE s.t, grantable",
                    "group PUBLIC: SELECT on TABLE \"Odd.Name\", grantable",
                    "group PUBLIC: UPDATE on TABLE s.t(a), TABLE s.t(b), grantable",
                    "group PUBLIC: UPDATE on TABLE \"Odd.Name\"(a), TABLE \"Odd.Name\"(b), grantable",
                ],
            ),
            (
                "GRANT ALL PRIVILEGES ON ALL TABLES IN SCHEMA public, x TO u; GRANT USAGE ON SCHEMA public TO u; GRANT CONNECT, TEMP ON DATABASE d TO u; GRANT USAGE ON SEQUENCE s.q TO u; GRANT EXECUTE ON FUNCTION s.f(int, text) TO u; GRANT SELECT ON type TO u",
                &[
                    "user u: ALL on TABLE public.*",
                    "user u: ALL on TABLE x.*",
                    "user u: USAGE on SCHEMA public",
                    "user u: CONNECT on DATABASE d",
                    "user u: TEMPORARY on DATABASE d",
                    "user u: USAGE on SEQUENCE s.q",
                    "user u: EXECUTE on FUNCTION s.f",
                    "user u: SELECT on TABLE type",
                ],
            ),
            (
                "GRANT SELECT ON ALL TABLES IN SCHEMA s TO u; REVOKE SELECT ON s.secret FROM u CASCADE",
                &["user u: SELECT on TABLE s.* but SELECT on TABLE s.secret"],
            ),
            (
                "GRANT SELECT ON ALL TABLES IN SCHEMA s TO u; REVOKE SELECT ON secret FROM u",
                &[
                    "user u: SELECT on TABLE s.*",
                    "! whether this takes … at `secret`",
                ],
            ),
            (
                "BEGIN; GRANT SELECT ON s.t TO u; ROLLBACK; START TRANSACTION; GRANT SELECT ON s.v TO u; ROLLBACK TO a; COMMIT; ROLLBACK",
                &["user u: SELECT on TABLE s.v"],
            ),
            (
                "GRANT SELECT ON s.t TO u; REVOKE SELECT (a) ON s.t FROM u",
                &["user u: SELECT on TABLE s.t"],
            ),
            (
                "GRANT SELECT (a) ON s.t TO u; REVOKE ALL ON s.t FROM u; GRANT SELECT ON s.v TO u; REVOKE ALL ON ALL TABLES IN SCHEMA s FROM u",
                &[],
            ),
            (
                "GRANT EXECUTE ON FUNCTION f(int), f(text) TO u; REVOKE EXECUTE ON FUNCTION f(int) FROM u; GRANT EXECUTE ON FUNCTION g() TO u; REVOKE ALL ON ROUTINE g FROM u",
                &["user u: EXECUTE on FUNCTION f"],
            ),
            (
                "CREATE ROLE r; CREATE ROLE app WITH LOGIN PASSWORD 'x' VALID UNTIL '2027-01-01' IN ROLE r CONNECTION LIMIT -1; CREATE USER bob SUPERUSER NOCREATEDB BYPASSRLS; GRANT app TO bob WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
                &[
                    "role r",
                    "role app",
                    "user app is app",
                    "role app is r",
                    "user bob: ALL on *, grantable",
                    "user bob is app if set, grantable",
                    "user app has authentication=password valid-until=2027-01-01",
                    "user bob has attribute=SUPERUSER attribute=BYPASSRLS",
                ],
            ),
            (
                "CREATE ROLE a SUPERUSER; ALTER ROLE a WITH NOSUPERUSER CREATEROLE; ALTER ROLE a SET search_path TO x; ALTER ROLE ALL RESET ALL",
                &["role a", "role a has attribute=CREATEROLE"],
            ),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA s GRANT SELECT ON TABLES TO u; ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO u; REVOKE ALL ON ALL TABLES IN SCHEMA s FROM u",
                &[
                    "user u: SELECT on TABLE s.* if made later by o",
                    "user u: EXECUTE on FUNCTION *.* if made later by CURRENT_USER",
                ],
            ),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE o, p IN SCHEMA s GRANT SELECT ON TABLES TO u; ALTER DEFAULT PRIVILEGES FOR ROLE o IN SCHEMA s REVOKE ALL ON TABLES FROM u",
                &["user u: SELECT on TABLE s.* if made later by p"],
            ),
            (
                "GRANT SELECT ON t TO u; DROP OWNED BY u; REASSIGN OWNED BY u TO v; CREATE USER MAPPING FOR u SERVER s OPTIONS (password 'x'); ALTER GROUP g ADD USER u, v; ALTER GROUP g DROP USER v",
                &["user u is g"],
            ),
        ],
    );
}

#[test]
fn what_is_not_understood_is_said() {
    check(
        ClickHouse,
        &[
            ("GRANT SELECT ON db.t", &["! this `GRANT` is … at `t`"]),
            (
                "GRANT SELECT TO {{ user }}",
                &["! this `GRANT` is … at `{`"],
            ),
            (
                "REVOKE SELECT ON FROM u",
                &["! this `REVOKE` is … at `FROM`"],
            ),
            (
                "CREATE USER u WITH PASSWORD 'x'",
                &["! this `CREATE` is … at `WITH`"],
            ),
            (
                "GRANT SELECT(a) ON db.* TO u",
                &["! this `GRANT` is … at `db`"],
            ),
            (
                "ALTER TABLE t ADD COLUMN user String; SELECT 'GRANT'; CREATE TABLE role (a Int8)",
                &[],
            ),
            (
                "select 1; 'open; grant select on t to u",
                &["! this text is … at `'open; grant select on t to u`"],
            ),
        ],
    );
    check(
        PostgreSql,
        &[
            (
                "DO $$ BEGIN CREATE ROLE r; END $$; GRANT SELECT ON t TO u",
                &["user u: SELECT on TABLE t", "! a `DO` block … at `DO`"],
            ),
            (
                "GRANT SELECT ON t TO :user",
                &["! this `GRANT` is … at `:`"],
            ),
        ],
    );
}

#[test]
fn files_run_one_after_another_and_places_name_their_file() {
    let files = [
        "GRANT SELECT ON db.t TO u; GRANT INSERT ON db.t TO u",
        "REVOKE INSERT ON *.* FROM u; CREATE USER u",
    ];
    assert_eq!(
        lines(ClickHouse, &files),
        [
            "user u: SELECT on db.t",
            "user u has authentication=no_password host=any"
        ]
    );
    let (access, _) = replayed(ClickHouse, &files);
    let Given::Rules(rules) = &access.bindings[0].given else {
        panic!("rules");
    };
    let text = |at: At| files[at.file as usize].get(at.span.range()).unwrap();
    assert_eq!(text(rules[0].at), "SELECT ON db.t");
    assert_eq!(text(rules[0].reach.actions[0].at), "SELECT");
    assert_eq!(text(rules[0].reach.resources[0].at), "db.t");
    assert_eq!(text(access.bindings[0].holders[0].at), "u");
    assert_eq!(access.accounts[0].at.file, 1);
}

#[test]
fn hostile_scripts_end_soon_and_say_something() {
    let words = "GRANT ".repeat(180_000);
    let deep = format!("CREATE ROW POLICY p ON t USING {}1", "(".repeat(500_000));
    let comma = format!("CREATE ROW POLICY p ON t{}", ", t".repeat(100_000));
    let wide = format!(
        "GRANT {} ON t TO {}",
        (0..5_000)
            .map(|n| format!("p{n}"))
            .collect::<Vec<_>>()
            .join(","),
        (0..5_000)
            .map(|n| format!("u{n}"))
            .collect::<Vec<_>>()
            .join(","),
    );
    let open = format!("GRANT SELECT ON t TO '{}", "x".repeat(500_000));
    let comments = "/*".repeat(300_000) + " grant";
    for notation in [ClickHouse, PostgreSql] {
        let many: String = (0..30_000)
            .map(|n| format!("GRANT SELECT ON db.t{n} TO u; REVOKE SELECT ON db.x{n} FROM u;\n"))
            .collect();
        let (access, _) = replayed(notation, &[&many]);
        assert_eq!(access.bindings.len(), 30_000);
        let list = |letter: char| -> String {
            let names: Vec<_> = (0..20_000).map(|n| format!("{letter}{n}")).collect();
            names.join(",")
        };
        for text in [
            format!("CREATE POLICY {} ON {} USING (1)", list('p'), list('t')),
            format!(
                "CREATE POLICY p ON {} TO {} USING (1)",
                list('t'),
                list('u')
            ),
            format!("SET DEFAULT ROLE {} TO {}", list('r'), list('u')),
        ] {
            let (_, problems) = replayed(notation, &[&text]);
            assert_eq!(problems.len(), 1);
        }
        for text in [&words, &deep, &wide, &open, &comments] {
            let (access, problems) = replayed(notation, &[text]);
            assert!(access.bindings.is_empty() && !problems.is_empty());
        }
        replayed(notation, &[&comma]);
    }
}

const GRANTS: [&str; 12] = [
    "SELECT ON db.t",
    "SELECT ON db.*",
    "SELECT ON *.*",
    "SELECT ON t*",
    "SELECT(a) ON db.t",
    "SELECT(a, b) ON db.t",
    "ALL ON db.*",
    "ALL ON *.*",
    "ALTER ON d*.*",
    "ALTER UPDATE ON db.t",
    "INSERT(b) ON db.t",
    "r",
];

/// Whether each of these may be done, by the rules alone.
fn may(access: &Access) -> Vec<bool> {
    let area = |target: (Option<&str>, &str), privilege: &str, column: &str| {
        let part = |text: &str| super::super::statement::Part {
            text: text.trim_end_matches('*').into(),
            open: text.ends_with('*'),
        };
        (
            Target {
                class: None,
                database: target.0.map(part),
                table: part(target.1),
                only: None,
                span: Span::default(),
            },
            privilege.to_owned(),
            column.to_owned(),
        )
    };
    let parse = |resource: &str| {
        let (place, column) = match resource.split_once('(') {
            Some((place, column)) => (place, column.trim_end_matches(')')),
            None => (resource, ""),
        };
        match place.split_once('.') {
            Some((d, t)) => area((Some(d), t), "", column).0,
            None => area((None, place), "", column).0,
        }
    };
    let reaches = |reach: &Reach, (target, privilege, column): &(Target, String, String)| {
        reach
            .actions
            .iter()
            .any(|a| onus_model::privileges::covers(ClickHouse, &a.text, privilege))
            && reach.resources.iter().any(|r| {
                let only = r.text.split_once('(').map(|(_, c)| c.trim_end_matches(')'));
                parse(&r.text).covers(target) && only.is_none_or(|only| only == column)
            })
    };
    let mut may = Vec::new();
    for place in [(Some("db"), "t"), (Some("db"), "x"), (Some("e"), "t")] {
        for privilege in ["SELECT", "INSERT", "ALTER UPDATE", "DROP TABLE"] {
            for column in ["a", "b", "c"] {
                let asked = area(place, privilege, column);
                may.push(access.bindings.iter().any(|binding| match &binding.given {
                    Given::Rules(rules) => rules.iter().any(|rule| {
                        reaches(&rule.reach, &asked)
                            && !rule.except.iter().any(|hole| reaches(hole, &asked))
                    }),
                    Given::Role { .. } => false,
                }));
            }
        }
    }
    may
}

proptest! {
    #[test]
    fn what_is_granted_and_revoked_leaves_nothing(index in 0..GRANTS.len(), option: bool) {
        let what = GRANTS[index];
        let with = match (option, what) {
            (false, _) => "",
            (_, "r") => " WITH ADMIN OPTION",
            _ => " WITH GRANT OPTION",
        };
        let sql = format!("GRANT {what} TO u{with}; REVOKE {what} FROM u");
        prop_assert_eq!(lines(ClickHouse, &[&sql]), Vec::<String>::new());
    }

    #[test]
    fn more_grants_never_take_and_revokes_never_give(
        steps in proptest::collection::vec((any::<bool>(), any::<bool>(), 0..GRANTS.len()), 1..12),
    ) {
        let mut sql = String::new();
        let mut before = may(&Access::default());
        for (grant, option, index) in steps {
            let what = GRANTS[index];
            let with = if option && what != "r" { " WITH GRANT OPTION" } else { "" };
            if grant {
                write!(sql, "GRANT {what} TO u{with};").unwrap();
            } else {
                write!(sql, "REVOKE {what} FROM u;").unwrap();
            }
            let after = may(&replayed(ClickHouse, &[&sql]).0);
            for (was, is) in before.iter().zip(&after) {
                prop_assert!(if grant { is >= was } else { is <= was }, "{}", sql);
            }
            before = after;
        }
    }

    #[test]
    fn any_script_is_replayed(text in "((GRANT|REVOKE|CREATE|ALTER|DROP|USER|ROLE|POLICY|QUOTA|ON|TO|FROM|ALL|SELECT|WITH|OPTION|FOR|EXCEPT|IDENTIFIED|BY|HOST|a|b|'x'|`y`|\\*|\\.|,|\\(|\\)|;|@|\\{p:S\\}|é) ?){0,40}") {
        for notation in [ClickHouse, PostgreSql] {
            let (_, problems) = replayed(notation, &[&text]);
            for label in problems.iter().flat_map(|p| &p.labels) {
                prop_assert!(label.text.text.get(label.span.range()).is_some());
            }
        }
    }
}
