//! `CREATE`, `ALTER` and `RENAME` of users and roles. Passwords, hashes and keys are passed over.

use super::cursor::{Cursor, Parsed};
use super::lex::Kind;
use super::statement::{Does, Fact, How, Meant, Name, Noun, Setup, Verb};

/// `RENAME USER a TO b`.
pub(super) fn rename(c: &mut Cursor<'_>, noun: Noun) -> Parsed<Does> {
    let names = vec![c.name()?];
    c.expect("TO", "`TO` and the new name")?;
    let facts = vec![Fact::Rename(c.name()?)];
    Ok(Does::Setup(Setup {
        verb: Verb::Alter,
        noun,
        names,
        cluster: None,
        facts,
    }))
}

/// What follows `CREATE USER` or `ALTER ROLE`.
pub(super) fn setup(c: &mut Cursor<'_>, verb: Verb, noun: Noun) -> Parsed<Does> {
    let mut names = Vec::new();
    let mut cluster = None;
    loop {
        names.push(c.name()?);
        cluster = c.cluster(cluster)?;
        if !c.eat_sign(",") {
            break;
        }
    }
    if !c.clickhouse() {
        if let ([group], Some(leave)) = (names.as_slice(), members(c, verb)) {
            let members = c.names()?;
            return Ok(Does::Members {
                group: group.clone(),
                leave,
                members,
            });
        }
        // In PostgreSQL a user is a role that may log in.
        let mut facts = Vec::new();
        if noun == Noun::User && verb != Verb::Alter {
            facts.extend(
                names
                    .first()
                    .map(|name| Fact::Attribute(word("LOGIN", name), true)),
            );
        }
        postgres(c, verb, &mut facts)?;
        return Ok(Does::Setup(Setup {
            verb,
            noun,
            names,
            cluster,
            facts,
        }));
    }
    let mut facts = Vec::new();
    while !c.ended() {
        cluster = c.cluster(cluster)?;
        if !c.ended() {
            clickhouse(c, &mut facts)?;
        }
    }
    Ok(Does::Setup(Setup {
        verb,
        noun,
        names,
        cluster,
        facts,
    }))
}

/// `ADD USER` and `DROP USER` of a group: whether they leave it.
fn members(c: &mut Cursor<'_>, verb: Verb) -> Option<bool> {
    if verb != Verb::Alter {
        return None;
    }
    if c.eat("ADD USER") {
        return Some(false);
    }
    c.eat("DROP USER").then_some(true)
}

fn word(text: &str, at: &Name) -> Name {
    Name {
        text: text.to_owned(),
        meant: Meant::Name,
        span: at.span,
    }
}

/// One clause of ClickHouse's.
fn clickhouse(c: &mut Cursor<'_>, facts: &mut Vec<Fact>) -> Parsed<()> {
    let from = c.at;
    if c.eat("RENAME TO") {
        facts.push(Fact::Rename(c.name()?));
    } else if c.eat("NOT IDENTIFIED") {
        let mut none = word("no_password", &none());
        none.span = c.since(from);
        facts.push(Fact::Authentication(How::Set, none));
    } else if c.eat("RESET AUTHENTICATION METHODS TO NEW") {
        facts.push(Fact::NewestAuthentication);
    } else if c.eat("ADD IDENTIFIED") {
        methods(c, How::Add, facts)?;
    } else if c.eat("IDENTIFIED") {
        methods(c, How::Set, facts)?;
    } else if c.eat("ADD HOST") {
        facts.push(Fact::Hosts(How::Add, hosts(c)?));
    } else if c.eat("DROP HOST") {
        facts.push(Fact::Hosts(How::Drop, hosts(c)?));
    } else if c.eat("HOST") {
        facts.push(Fact::Hosts(How::Set, hosts(c)?));
    } else if c.eat("VALID UNTIL") {
        facts.push(Fact::ValidUntil(c.string()?));
    } else if c.eat("IN") {
        // Which of the server's own storages keeps it.
        c.plain_name()?;
    } else if c.eat("DEFAULT ROLE") {
        facts.push(Fact::DefaultRole(c.audience()?));
    } else if c.eat("DEFAULT DATABASE") {
        facts.push(Fact::DefaultDatabase(c.plain_name()?));
    } else if c.eat("GRANTEES") {
        let start = c.at;
        c.audience()?;
        let span = c.since(start);
        facts.push(Fact::Grantees(Name {
            text: c.raw(span).to_owned(),
            meant: Meant::Name,
            span,
        }));
    } else if settings(c) {
        c.at += 1;
        c.skip_until(|c| {
            settings(c)
                || c.are("DEFAULT ROLE")
                || c.are("DEFAULT DATABASE")
                || c.is_any(0, &["GRANTEES", "HOST", "IDENTIFIED", "RENAME"])
                || c.are("VALID UNTIL")
                || c.are("ON CLUSTER")
        })?;
        facts.push(Fact::Settings(c.since(from)));
    } else {
        return c.wrong("what is said of it, or the end of the statement");
    }
    Ok(())
}

fn none() -> Name {
    Name {
        text: String::new(),
        meant: Meant::Name,
        span: onus_model::source::Span::default(),
    }
}

/// Whether settings are given or changed here.
fn settings(c: &Cursor<'_>) -> bool {
    const WHAT: [&str; 5] = ["SETTING", "SETTINGS", "PROFILE", "PROFILES", "ALL"];
    c.is_any(0, &["SETTINGS", "PROFILE", "PROFILES"])
        || c.is_any(0, &["ADD", "MODIFY", "DROP"]) && c.is_any(1, &WHAT)
}

/// What follows `IDENTIFIED`: one method or several, with what they ask for. `BY` alone is a password of the server's usual kind.
fn methods(c: &mut Cursor<'_>, mut how: How, facts: &mut Vec<Fact>) -> Parsed<()> {
    let _ = c.eat("WITH");
    loop {
        let by = c.is(0, "BY");
        let from = c.at;
        let mut method = match c.word() {
            Some(_) if by => word("sha256_password", &none()),
            Some(mut method) => {
                method.text = method.text.to_lowercase();
                method
            }
            None => return c.wrong("a method of authentication"),
        };
        method.span = c.since(from);
        if let Some(kind) = method.text.strip_suffix("_hash") {
            // A password that is given as its hash.
            method.text = format!("{kind}_password");
        }
        if by || c.eat("BY") {
            secret(c)?;
        }
        while c.is_any(
            0,
            &[
                "SALT", "SERVER", "SCHEME", "REALM", "CN", "SAN", "CLAIMS", "TAG",
            ],
        ) {
            c.at += 1;
            texts(c)?;
        }
        facts.push(Fact::Authentication(how, method));
        how = How::Add;
        if c.eat("VALID UNTIL") {
            facts.push(Fact::ValidUntil(c.string()?));
        }
        if !c.eat_sign(",") {
            return Ok(());
        }
    }
}

/// A password or keys, of which nothing is kept.
fn secret(c: &mut Cursor<'_>) -> Parsed<()> {
    if !c.eat("KEY") {
        return c.string().map(|_| ());
    }
    loop {
        c.string()?;
        c.expect("TYPE", "`TYPE` and the type of the key")?;
        c.string()?;
        if !(c.is_sign(0, ",") && c.is(1, "KEY")) {
            return Ok(());
        }
        c.at += 2;
    }
}

fn texts(c: &mut Cursor<'_>) -> Parsed<Vec<Name>> {
    let mut texts = vec![c.string()?];
    while c.is_sign(0, ",") && c.token(1).is_some_and(|t| t.kind == Kind::Text) {
        c.at += 1;
        texts.push(c.string()?);
    }
    Ok(texts)
}

fn hosts(c: &mut Cursor<'_>) -> Parsed<Vec<Name>> {
    let mut hosts = Vec::new();
    loop {
        let Some(kind) = c.word() else {
            return c.wrong("`ANY`, `NONE`, `LOCAL`, `IP`, `NAME`, `REGEXP` or `LIKE`");
        };
        match kind.text.as_str() {
            "ANY" | "NONE" | "LOCAL" => hosts.push(word(&kind.text.to_lowercase(), &kind)),
            "IP" | "NAME" => hosts.extend(texts(c)?),
            "LIKE" | "REGEXP" => hosts.extend(texts(c)?.into_iter().map(|mut text| {
                text.text = format!("{} {}", kind.text, text.text);
                text
            })),
            _ => {
                c.at -= 1;
                return c.wrong("`ANY`, `NONE`, `LOCAL`, `IP`, `NAME`, `REGEXP` or `LIKE`");
            }
        }
        if !c.eat_sign(",") {
            return Ok(hosts);
        }
    }
}

/// What a role of PostgreSQL may be, each with its opposite.
const ATTRIBUTES: [&str; 7] = [
    "SUPERUSER",
    "CREATEDB",
    "CREATEROLE",
    "INHERIT",
    "LOGIN",
    "REPLICATION",
    "BYPASSRLS",
];

/// The options of PostgreSQL's.
fn postgres(c: &mut Cursor<'_>, verb: Verb, facts: &mut Vec<Fact>) -> Parsed<()> {
    if c.eat("RENAME TO") {
        facts.push(Fact::Rename(c.name()?));
        return Ok(());
    }
    if verb == Verb::Alter && c.is_any(0, &["SET", "RESET", "IN"]) && !c.are("IN ROLE") {
        let from = c.at;
        c.skip_until(Cursor::ended)?;
        facts.push(Fact::Settings(c.since(from)));
        return Ok(());
    }
    let _ = c.eat("WITH");
    while !c.ended() {
        let encrypted = c.eat("ENCRYPTED") || c.eat("UNENCRYPTED");
        let from = c.at;
        if c.eat("PASSWORD") {
            if c.eat("NULL") {
                facts.push(Fact::NoPassword);
                continue;
            }
            let at = c.since(from);
            // A variable of `psql`.
            if c.eat_sign(":") {
                c.at += 1;
            } else {
                c.string()?;
            }
            let mut method = word("password", &none());
            method.span = at;
            facts.push(Fact::Authentication(How::Set, method));
        } else if encrypted {
            return c.wrong("`PASSWORD`");
        } else if c.eat("VALID UNTIL") {
            facts.push(Fact::ValidUntil(c.string()?));
        } else if c.eat("CONNECTION LIMIT") {
            c.eat_sign("-");
            if c.word().is_none() {
                return c.wrong("a number");
            }
        } else if c.eat("SYSID") {
            if c.word().is_none() {
                return c.wrong("a number");
            }
        } else if c.eat("IN ROLE") || c.eat("IN GROUP") {
            facts.push(Fact::InRoles(c.names()?));
        } else if c.eat("ROLE") || c.eat("USER") {
            facts.push(Fact::Members(c.names()?, false));
        } else if c.eat("ADMIN") {
            facts.push(Fact::Members(c.names()?, true));
        } else {
            let known = ATTRIBUTES.iter().find_map(|name| {
                if c.is(0, name) {
                    return Some((*name, true));
                }
                c.is(0, &format!("NO{name}")).then_some((*name, false))
            });
            let Some((text, on)) = known else {
                return c.wrong("an attribute of a role, or the end of the statement");
            };
            c.at += 1;
            let mut name = word(text, &none());
            name.span = c.since(from);
            facts.push(Fact::Attribute(name, on));
        }
    }
    Ok(())
}
