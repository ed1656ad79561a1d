//! The grammar of statements about access, of ClickHouse and of PostgreSQL.
//!
//! Whatever begins as such a statement is read to its last token, or said not to be understood.

use onus_model::access::Notation;
use onus_model::problem::Problem;
use onus_model::source::{Span, Text};

use super::cursor::{Cursor, Parsed};
use super::lex::{Kind, Token, lex};
use super::may_hold;
use super::setup;
use super::statement::{
    Audience, Choice, Does, Drop, Element, Grant, Limiting, Meant, Name, Noun, Operation, Part,
    Privilege, Statement, Target, Verb,
};

/// The statements about access in a script, in order, and a warning with its place for each that is not understood.
#[must_use]
pub fn parse(text: &Text, dialect: Notation) -> (Vec<Statement>, Vec<Problem>) {
    let script = lex(&text.text, dialect);
    let mut statements = Vec::new();
    let mut problems = Vec::new();
    // How many statements there were where the transaction began.
    let mut begun = None;
    for tokens in &script.statements {
        let mut cursor = Cursor::new(&text.text, dialect, tokens);
        match transaction(&cursor) {
            Some(Transaction::Begins) => begun = Some(statements.len()),
            Some(Transaction::Lasts) => begun = None,
            Some(Transaction::Undone) => statements.truncate(begun.take().unwrap_or(usize::MAX)),
            None => {}
        }
        if let Some(body) = block(&cursor) {
            problems.push(
                Problem::warning("a `DO` block may change access, and is not looked into")
                    .at(text, body, "")
                    .help("write its `CREATE`, `GRANT` and `REVOKE` as statements of their own"),
            );
            continue;
        }
        let read = statement(&mut cursor).and_then(|does| match does {
            Some(_) if !cursor.ended() => cursor.wrong("the end of the statement"),
            other => Ok(other),
        });
        match read {
            Ok(Some(mut does)) => {
                if let Does::Grant(grant) = &mut does {
                    grant.shrink();
                }
                statements.push(Statement {
                    span: span(tokens),
                    does,
                });
            }
            Ok(None) => {}
            Err(wrong) => {
                let head = cursor.raw(tokens.first().map(|t| t.span).unwrap_or_default());
                let system = match dialect {
                    Notation::ClickHouse => "ClickHouse",
                    _ => "PostgreSQL",
                };
                problems.push(
                    Problem::warning(format!(
                        "this `{}` is not understood, and what it changes is not told",
                        head.to_uppercase()
                    ))
                    .at(text, wrong.span, format!("expected {}", wrong.wanted))
                    .help(format!("the file is read as {system}'s: write it so")),
                );
            }
        }
    }
    for span in &script.generated {
        let query = text.text.get(span.range()).unwrap_or_default();
        if may_hold(query.as_bytes()) {
            problems.push(
                Problem::warning(
                    "this query makes statements that may change access, and they are not told",
                )
                .at(text, *span, "")
                .help("write its `CREATE`, `GRANT` and `REVOKE` as statements of their own"),
            );
        }
    }
    if let Some((span, what)) = script.open {
        let rest = text.text.get(span.range()).unwrap_or_default();
        if may_hold(rest.as_bytes()) {
            let line = rest.lines().next().unwrap_or_default().len();
            let start = span.start as usize;
            problems.push(
                Problem::warning(format!("this {what} is never closed"))
                    .at(text, Span::new(start, start + line), "")
                    .help("close it: no statement after it is told"),
            );
        }
    }
    (statements, problems)
}

/// What becomes of the statements of a transaction.
enum Transaction {
    Begins,
    Lasts,
    Undone,
}

/// In PostgreSQL grants are undone with their transaction; ClickHouse's stay.
fn transaction(c: &Cursor<'_>) -> Option<Transaction> {
    if c.clickhouse() {
        return None;
    }
    if c.is(0, "BEGIN") || c.are("START TRANSACTION") {
        return Some(Transaction::Begins);
    }
    if c.is_any(0, &["COMMIT", "END"]) {
        return Some(Transaction::Lasts);
    }
    // Back to a savepoint is not back to the beginning.
    let savepoint = c.is(1, "TO") || c.is(2, "TO") || c.is(1, "PREPARED");
    (c.is_any(0, &["ROLLBACK", "ABORT"]) && !savepoint).then_some(Transaction::Undone)
}

fn span(tokens: &[Token]) -> Span {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => first.span.join(last.span),
        _ => Span::default(),
    }
}

/// The `DO` of a block of code that may hold statements about access.
fn block(cursor: &Cursor<'_>) -> Option<Span> {
    let code = |ahead| {
        let token: Token = cursor.token(ahead)?;
        let holds = token.kind == Kind::Text && may_hold(cursor.raw(token.span).as_bytes());
        holds.then_some(token.span)
    };
    let found =
        !cursor.clickhouse() && cursor.is(0, "DO") && (code(1).is_some() || code(3).is_some());
    cursor.token(0).filter(|_| found).map(|t| t.span)
}

/// A statement; nothing where it does not begin as one about access.
fn statement(c: &mut Cursor<'_>) -> Parsed<Option<Does>> {
    while c.clickhouse() && c.eat("EXECUTE AS") {
        c.name()?;
    }
    if c.is(0, "ATTACH") && c.is_any(1, &["GRANT", "REVOKE"]) {
        // As ClickHouse itself stores them.
        c.at += 1;
    }
    if c.eat("GRANT") {
        return grant(c, Operation::Grant).map(Some);
    }
    if c.eat("REVOKE") {
        return grant(c, Operation::Revoke).map(Some);
    }
    if c.eat("SET DEFAULT ROLE") {
        let roles = c.audience()?;
        c.expect("TO", "`TO` and the users")?;
        let users = c.names()?;
        return Ok(Some(Does::DefaultRole { roles, users }));
    }
    if c.eat("REASSIGN OWNED") {
        c.expect("BY", "`BY`")?;
        c.names()?;
        c.expect("TO", "`TO` and the new owner")?;
        c.name()?;
        return Ok(Some(Does::Nothing));
    }
    if c.eat("DROP OWNED") {
        c.expect("BY", "`BY`")?;
        let names = c.names()?;
        let _ = c.eat("CASCADE") || c.eat("RESTRICT");
        return Ok(Some(Does::DropOwned(names)));
    }
    if c.eat("ALTER DEFAULT PRIVILEGES") {
        return defaults(c).map(Some);
    }
    if !c.clickhouse() && c.are("ALTER TABLE") {
        return security(c);
    }
    let from = c.at;
    let verb = if c.eat("CREATE") || c.eat("ATTACH") {
        if c.eat("OR REPLACE") {
            Verb::Replace
        } else {
            Verb::Create
        }
    } else if c.eat("ALTER") {
        Verb::Alter
    } else if c.eat("DROP") {
        return match noun(c) {
            Some(noun) => drop(c, noun).map(Some),
            None => Ok(None),
        };
    } else if c.eat("RENAME") {
        return match noun(c) {
            Some(noun @ (Noun::User | Noun::Role)) => setup::rename(c, noun).map(Some),
            _ => Ok(None),
        };
    } else {
        return Ok(None);
    };
    if !c.clickhouse() && c.eat("USER MAPPING") {
        c.skip_until(Cursor::ended)?;
        return Ok(Some(Does::Nothing));
    }
    let Some(noun) = noun(c) else {
        c.at = from;
        return Ok(None);
    };
    let verb = existence(c, verb);
    match noun {
        Noun::User | Noun::Role => setup::setup(c, verb, noun).map(Some),
        _ => limit(c, verb, noun).map(Some),
    }
}

/// `USER`, `ROW POLICY` and the like.
fn noun(c: &mut Cursor<'_>) -> Option<Noun> {
    let clickhouse = c.clickhouse();
    let known: &[(&str, Noun)] = if clickhouse {
        &[
            ("USER", Noun::User),
            ("ROLE", Noun::Role),
            ("ROW POLICY", Noun::Policy),
            ("POLICY", Noun::Policy),
            ("QUOTA", Noun::Quota),
            ("SETTINGS PROFILE", Noun::Profile),
            ("PROFILE", Noun::Profile),
        ]
    } else {
        &[
            ("USER", Noun::User),
            ("ROLE", Noun::Role),
            ("GROUP", Noun::Role),
            ("POLICY", Noun::Policy),
            // These are ClickHouse's: read, so that they are never passed over.
            ("ROW POLICY", Noun::Policy),
            ("QUOTA", Noun::Quota),
            ("SETTINGS PROFILE", Noun::Profile),
        ]
    };
    known
        .iter()
        .find(|(words, _)| c.eat(words))
        .map(|(_, noun)| *noun)
}

/// `IF EXISTS`, `IF NOT EXISTS`, and `OR REPLACE` where ClickHouse has it.
fn existence(c: &mut Cursor<'_>, verb: Verb) -> Verb {
    if c.eat("IF NOT EXISTS") {
        return Verb::CreateMissing;
    }
    if c.eat("OR REPLACE") {
        return Verb::Replace;
    }
    let _ = c.eat("IF EXISTS");
    verb
}

fn choice(c: &mut Cursor<'_>) -> Option<Choice> {
    let all = [
        ("GRANT", Choice::Grant),
        ("ADMIN", Choice::Admin),
        ("REPLACE", Choice::Replace),
        ("INHERIT", Choice::Inherit),
        ("SET", Choice::Set),
    ];
    all.iter().find(|(word, _)| c.eat(word)).map(|(_, c)| *c)
}

fn grant(c: &mut Cursor<'_>, operation: Operation) -> Parsed<Does> {
    let mut cluster = c.cluster(None)?;
    let mut grant = Grant {
        operation,
        cluster: None,
        option_for: None,
        elements: Vec::new(),
        roles: Audience::default(),
        current: None,
        to: Audience::default(),
        with: Vec::new(),
        defaults: None,
    };
    if operation == Operation::Revoke {
        grant.option_for = option_for(c);
        cluster = c.cluster(cluster)?;
    }
    let from = c.at;
    if c.clickhouse() && c.eat("CURRENT GRANTS") {
        grant.current = Some(c.since(from));
        if !c.brackets()? && c.eat("ON") {
            c.target(None)?;
        }
    } else if on_is_ahead(c, operation) {
        grant.elements = elements(c)?;
    } else if c.clickhouse() && c.is(0, "NONE") && c.is(1, "TO") {
        c.at += 1;
        grant.elements.push(Element {
            privileges: Vec::new(),
            targets: Vec::new(),
            span: c.since(from),
        });
    } else {
        grant.roles = c.audience()?;
    }
    cluster = c.cluster(cluster)?;
    ending(c, &mut grant)?;
    grant.cluster = c.cluster(cluster)?;
    choices(c, &mut grant)?;
    Ok(Does::Grant(grant))
}

/// `GRANT OPTION FOR`.
fn option_for(c: &mut Cursor<'_>) -> Option<Choice> {
    let from = c.at;
    let choice = choice(c);
    if choice.is_some() && c.eat("OPTION FOR") {
        return choice;
    }
    c.at = from;
    None
}

/// `TO` or `FROM`, and whom.
fn ending(c: &mut Cursor<'_>, grant: &mut Grant) -> Parsed<()> {
    match grant.operation {
        Operation::Grant => c.expect("TO", "`TO` and whom it is given")?,
        Operation::Revoke => c.expect("FROM", "`FROM` and whom it is taken from")?,
    }
    grant.to = c.audience()?;
    Ok(())
}

/// What stands after the names.
fn choices(c: &mut Cursor<'_>, grant: &mut Grant) -> Parsed<()> {
    loop {
        if c.eat("WITH") {
            loop {
                let Some(choice) = choice(c) else {
                    return c.wrong("`GRANT OPTION` or `ADMIN OPTION`");
                };
                let so = if c.eat("OPTION") || c.eat("TRUE") {
                    true
                } else {
                    c.expect("FALSE", "`OPTION`")?;
                    false
                };
                grant.with.push((choice, so));
                if !c.eat_sign(",") {
                    break;
                }
            }
        } else if c.eat("GRANTED BY") {
            c.name()?;
        } else if !(c.eat("CASCADE") || c.eat("RESTRICT")) {
            return Ok(());
        }
    }
}

/// Whether `ON` comes before `TO` or `FROM`: then privileges are given, else roles.
fn on_is_ahead(c: &Cursor<'_>, operation: Operation) -> bool {
    let stop = match operation {
        Operation::Grant => "TO",
        Operation::Revoke => "FROM",
    };
    let mut depth = 0usize;
    let mut ahead = 0;
    while let Some(token) = c.token(ahead) {
        if token.kind == Kind::Sign {
            if c.is_sign(ahead, "(") {
                depth += 1;
            } else if c.is_sign(ahead, ")") {
                depth = depth.saturating_sub(1);
            }
        } else if depth == 0 && c.is(ahead, stop) {
            return false;
        } else if depth == 0 && c.is(ahead, "ON") && !c.is(ahead + 1, "CLUSTER") {
            return true;
        }
        ahead += 1;
    }
    false
}

fn elements(c: &mut Cursor<'_>) -> Parsed<Vec<Element>> {
    let mut elements = Vec::new();
    loop {
        let from = c.at;
        let privileges = privileges(c)?;
        let start = c.at;
        let targets = targets(c)?;
        let columns = privileges.iter().any(|p| !p.columns.is_empty());
        if c.clickhouse() && columns && targets.iter().any(|t| t.table.open) {
            c.at = start;
            return c.wrong("one table, for columns are named");
        }
        elements.push(Element {
            privileges,
            targets,
            span: c.since(from),
        });
        if !c.clickhouse() || !c.eat_sign(",") {
            return Ok(elements);
        }
    }
}

/// Privileges up to `ON`, with it.
fn privileges(c: &mut Cursor<'_>) -> Parsed<Vec<Privilege>> {
    let mut privileges = Vec::new();
    loop {
        let from = c.at;
        let mut words: Vec<String> = Vec::new();
        while !c.is(0, "ON") {
            let Some(word) = c.word() else { break };
            words.push(word.text);
        }
        if words.is_empty() {
            return c.wrong("a privilege");
        }
        let name = Name {
            text: words.join(" "),
            meant: Meant::Name,
            span: c.since(from),
        };
        let mut columns = Vec::new();
        if c.eat_sign("(") {
            loop {
                columns.push(column(c)?);
                if !c.eat_sign(",") {
                    break;
                }
            }
            c.expect_sign(")", "`)` after the columns")?;
        }
        // ClickHouse's words for nothing at all.
        let nothing =
            c.clickhouse() && matches!(name.text.as_str(), "NONE" | "USAGE" | "NO PRIVILEGES");
        if !nothing {
            privileges.push(Privilege { name, columns });
        }
        if !c.eat_sign(",") {
            c.expect("ON", "`ON` and what it is on")?;
            return Ok(privileges);
        }
    }
}

/// A column; in ClickHouse one of a nested column, too: `a.b`.
fn column(c: &mut Cursor<'_>) -> Parsed<Name> {
    let from = c.at;
    let mut name = c.plain_name()?;
    while c.clickhouse() && c.eat_sign(".") {
        let part = c.plain_name()?;
        name.text = format!("{}.{}", name.text, part.text);
        name.span = c.since(from);
    }
    Ok(name)
}

/// The kinds of things in PostgreSQL; a table where none is named.
const CLASSES: [&str; 16] = [
    "TABLE",
    "SEQUENCE",
    "DATABASE",
    "DOMAIN",
    "FOREIGN DATA WRAPPER",
    "FOREIGN SERVER",
    "FOREIGN TABLE",
    "FUNCTION",
    "LANGUAGE",
    "LARGE OBJECT",
    "PARAMETER",
    "PROCEDURE",
    "ROUTINE",
    "SCHEMA",
    "TABLESPACE",
    "TYPE",
];

/// All of a kind, as PostgreSQL writes it.
const PLURALS: [(&str, &str); 8] = [
    ("TABLES", "TABLE"),
    ("SEQUENCES", "SEQUENCE"),
    ("FUNCTIONS", "FUNCTION"),
    ("PROCEDURES", "PROCEDURE"),
    ("ROUTINES", "ROUTINE"),
    ("TYPES", "TYPE"),
    ("SCHEMAS", "SCHEMA"),
    ("LARGE OBJECTS", "LARGE OBJECT"),
];

fn targets(c: &mut Cursor<'_>) -> Parsed<Vec<Target>> {
    if c.clickhouse() {
        return Ok(vec![c.target(None)?]);
    }
    if c.is(0, "ALL") && c.is(2, "IN") {
        c.at += 1;
        let Some(class) = plural(c) else {
            return c.wrong("`TABLES`, `SEQUENCES`, `FUNCTIONS`, `PROCEDURES` or `ROUTINES`");
        };
        c.expect("IN SCHEMA", "`IN SCHEMA`")?;
        return schemas(c, class);
    }
    let mut class = "TABLE";
    for known in CLASSES {
        let len = known.split(' ').count();
        // A table may be called `type`.
        let names =
            c.token(len).is_some_and(|t| t.kind != Kind::Sign) && !c.is_any(len, &["TO", "FROM"]);
        if names && c.eat(known) {
            class = known;
            break;
        }
    }
    if class == "FOREIGN TABLE" {
        class = "TABLE";
    }
    let mut targets = vec![c.target(Some(class))?];
    while c.eat_sign(",") {
        targets.push(c.target(Some(class))?);
    }
    Ok(targets)
}

fn plural(c: &mut Cursor<'_>) -> Option<&'static str> {
    PLURALS
        .iter()
        .find(|(words, _)| c.eat(words))
        .map(|(_, class)| *class)
}

fn schemas(c: &mut Cursor<'_>, class: &'static str) -> Parsed<Vec<Target>> {
    let every = |name: Name| Target {
        class: Some(class),
        database: Some(Part {
            text: name.text,
            open: false,
        }),
        table: Part {
            text: String::new(),
            open: true,
        },
        only: None,
        span: name.span,
    };
    Ok(c.plain_names()?.into_iter().map(every).collect())
}

/// `ALTER DEFAULT PRIVILEGES`: what is given on things that are yet to be made.
fn defaults(c: &mut Cursor<'_>) -> Parsed<Does> {
    let mut makers = Vec::new();
    if c.eat("FOR ROLE") || c.eat("FOR USER") {
        makers = c.names()?;
    }
    let mut within = Vec::new();
    if c.eat("IN SCHEMA") {
        within = c.plain_names()?;
    }
    let operation = if c.eat("GRANT") {
        Operation::Grant
    } else {
        c.expect("REVOKE", "`GRANT` or `REVOKE`")?;
        Operation::Revoke
    };
    let option_for = option_for(c);
    let from = c.at;
    let privileges = privileges(c)?;
    let start = c.at;
    let Some(class) = plural(c) else {
        return c.wrong("`TABLES`, `SEQUENCES`, `FUNCTIONS`, `ROUTINES`, `TYPES` or `SCHEMAS`");
    };
    let span = c.since(start);
    let part = |text: String, open| Part { text, open };
    let whole = || part(String::new(), true);
    let target = |database| Target {
        class: Some(class),
        database,
        table: whole(),
        only: None,
        span,
    };
    let lone = matches!(class, "SCHEMA" | "LARGE OBJECT");
    let targets = if within.is_empty() {
        vec![target((!lone).then(whole))]
    } else {
        within
            .into_iter()
            .map(|schema| target(Some(part(schema.text, false))))
            .collect()
    };
    let mut grant = Grant {
        operation,
        cluster: None,
        option_for,
        elements: vec![Element {
            privileges,
            targets,
            span: c.since(from),
        }],
        roles: Audience::default(),
        current: None,
        to: Audience::default(),
        with: Vec::new(),
        defaults: Some(makers),
    };
    ending(c, &mut grant)?;
    choices(c, &mut grant)?;
    Ok(Does::Grant(grant))
}

/// `ALTER TABLE … ENABLE ROW LEVEL SECURITY`; any other change of a table is none of access.
fn security(c: &mut Cursor<'_>) -> Parsed<Option<Does>> {
    const TAIL: &str = "ROW LEVEL SECURITY";
    let mut ahead = 2;
    while !(c.is(ahead, "LEVEL") && c.is(ahead + 1, "SECURITY")) {
        ahead += 1;
        if c.token(ahead).is_none() {
            return Ok(None);
        }
    }
    c.at += 2;
    let _ = c.eat("IF EXISTS");
    let _ = c.eat("ONLY");
    let target = c.target(Some("TABLE"))?;
    c.eat_sign("*");
    let mut on = None;
    let mut clauses = Vec::new();
    while !c.ended() {
        let start = c.at;
        let off = c.eat("DISABLE");
        let no = c.eat("NO");
        if (off || no && c.eat("FORCE") || c.eat("ENABLE") || c.eat("FORCE")) && c.eat(TAIL) {
            on = Some(!off);
            if !off && !no {
                clauses.push(("SECURITY".to_owned(), c.since(start)));
            }
        } else if c.at == start {
            c.at += 1;
        }
    }
    let table = Name {
        text: target.table.text.clone(),
        meant: Meant::Name,
        span: target.span,
    };
    let names = vec![(table, Some(target))];
    let noun = Noun::Security;
    Ok(match on {
        None => None,
        Some(false) => Some(Does::Drop(Drop { noun, names })),
        // Whether it is forced on the owner changes nobody else.
        Some(true) if clauses.is_empty() => Some(Does::Nothing),
        Some(true) => Some(Does::Limit(Limiting {
            verb: Verb::Alter,
            noun,
            names,
            cluster: None,
            rename: None,
            clauses,
            to: None,
        })),
    })
}

fn drop(c: &mut Cursor<'_>, noun: Noun) -> Parsed<Does> {
    if !c.clickhouse() && noun == Noun::User && c.eat("MAPPING") {
        c.skip_until(Cursor::ended)?;
        return Ok(Does::Nothing);
    }
    let _ = c.eat("IF EXISTS");
    let (names, cluster) = limit_names(c, noun)?;
    c.cluster(cluster)?;
    if c.clickhouse() && c.eat("FROM") {
        c.plain_name()?;
    }
    let _ = c.eat("CASCADE") || c.eat("RESTRICT");
    Ok(Does::Drop(Drop { noun, names }))
}

/// How many policies one statement may be about: lists of names are multiplied with lists of tables.
const MOST: usize = 50_000;

type Named = (Vec<(Name, Option<Target>)>, Option<Name>);

/// Names; of policies with the tables that they are on.
fn limit_names(c: &mut Cursor<'_>, noun: Noun) -> Parsed<Named> {
    let mut named = Vec::new();
    let mut cluster = None;
    if noun != Noun::Policy {
        loop {
            named.push((c.name()?, None));
            cluster = c.cluster(cluster)?;
            if !c.eat_sign(",") {
                return Ok((named, cluster));
            }
        }
    }
    let class = (!c.clickhouse()).then_some("TABLE");
    loop {
        let mut names = vec![c.plain_name()?];
        while c.eat_sign(",") {
            names.push(c.plain_name()?);
        }
        cluster = c.cluster(cluster)?;
        c.expect("ON", "`ON` and the table")?;
        let mut more = false;
        loop {
            let target = c.target(class)?;
            if named.len() + names.len() > MOST {
                return c.wrong("fewer policies in one statement");
            }
            named.extend(names.iter().map(|n| (n.clone(), Some(target.clone()))));
            if !c.is_sign(0, ",") {
                break;
            }
            more = policies_follow(c);
            c.at += 1;
            if more {
                break;
            }
        }
        cluster = c.cluster(cluster)?;
        if !more {
            return Ok((named, cluster));
        }
    }
}

/// Whether the comma that is next comes before more policies: `a ON t, b ON u`; else before another table.
fn policies_follow(c: &Cursor<'_>) -> bool {
    // No list is longer in any file that people write, and time stays short in the others.
    const FAR: usize = 64;
    let mut ahead = 1;
    while ahead < FAR && c.token(ahead).is_some_and(|t| t.kind != Kind::Sign) {
        if c.is(ahead + 1, "ON") {
            return !c.is(ahead + 2, "CLUSTER");
        }
        if !c.is_sign(ahead + 1, ",") {
            return false;
        }
        ahead += 2;
    }
    false
}

/// A row policy, a quota, a settings profile.
fn limit(c: &mut Cursor<'_>, verb: Verb, noun: Noun) -> Parsed<Does> {
    let (names, cluster) = limit_names(c, noun)?;
    let mut limit = Limiting {
        verb,
        noun,
        names,
        cluster,
        rename: None,
        clauses: Vec::new(),
        to: None,
    };
    while !c.ended() {
        limit.cluster = c.cluster(limit.cluster)?;
        if c.ended() {
            break;
        }
        let from = c.at;
        if c.eat("RENAME TO") {
            limit.rename = Some(c.name()?);
        } else if c.eat("TO") {
            limit.to = Some(c.audience()?);
        } else if c.clickhouse() && c.eat("IN") {
            c.plain_name()?;
        } else {
            let Some(key) = clause(c, noun)? else {
                return c.wrong("a clause of it, or the end of the statement");
            };
            // The last word of the clause's beginning could begin another.
            c.skip_until(|c| begins(c, noun))?;
            let span = c.since(from);
            let raw = c.raw(span);
            let bare = raw.trim_end_matches([',', ' ', '\n', '\r', '\t']);
            let start = span.start as usize;
            limit
                .clauses
                .push((key, Span::new(start, start + bare.len())));
        }
    }
    Ok(Does::Limit(limit))
}

/// Whether a clause begins here.
fn begins(c: &Cursor<'_>, noun: Noun) -> bool {
    const COMMANDS: [&str; 5] = ["SELECT", "INSERT", "UPDATE", "DELETE", "ALL"];
    if c.is(0, "TO") || c.are("RENAME TO") || c.are("ON CLUSTER") {
        return true;
    }
    match noun {
        Noun::Policy => {
            c.is(0, "USING")
                || c.is(0, "FOR") && c.is_any(1, &COMMANDS)
                || c.is(0, "AS") && c.is_any(1, &["PERMISSIVE", "RESTRICTIVE"])
                || c.are("WITH CHECK")
        }
        Noun::Quota => c.is_any(0, &["FOR", "KEYED", "KEY"]) || c.are("NOT KEYED"),
        _ => c.is(0, "SETTINGS") || c.is_any(0, &["ADD", "MODIFY", "DROP"]),
    }
}

/// The beginning of a clause, and what it is about.
fn clause(c: &mut Cursor<'_>, noun: Noun) -> Parsed<Option<String>> {
    let known: &[&str] = match noun {
        Noun::Policy => &["USING", "FOR", "AS", "WITH CHECK"],
        Noun::Quota => &["KEYED", "KEY", "NOT KEYED"],
        _ => &["SETTINGS", "ADD", "MODIFY", "DROP", "INHERIT"],
    };
    if noun != Noun::Quota || !c.eat("FOR") {
        let found = known.iter().find(|words| c.eat(words));
        return Ok(found.map(|words| match *words {
            "KEY" | "NOT KEYED" => "KEYED".to_owned(),
            other => other.to_owned(),
        }));
    }
    // Intervals are told apart by their length.
    let _ = c.eat("RANDOMIZED");
    let _ = c.eat("INTERVAL");
    let mut key = "FOR ".to_owned();
    while let Some(token) = c.token(0) {
        let raw = c.raw(token.span);
        if !raw.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.') {
            break;
        }
        key.push_str(raw);
        c.at += 1;
    }
    let Some(unit) = c.word() else {
        return c.wrong("the unit of an interval");
    };
    Ok(Some(format!("{key} {}", unit.text)))
}
