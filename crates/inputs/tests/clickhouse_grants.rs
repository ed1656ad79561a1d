//! ClickHouse's own scripts about access are read as the golden trees of another parser say.

#![expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on the disk, where the environment says"
)]

mod corpora;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use onus_inputs::access::sql::statement::{
    Audience, Choice, Does, Element, Fact, Grant, Name, Noun, Operation, Part, Setup, Statement,
    Target, Verb,
};
use onus_inputs::access::sql::{dialect, parse};
use onus_model::access::Notation;
use onus_model::source::Text;
use serde_json::Value;

use corpora::corpora;

/// The cells of a line, of which some are in quotes.
fn cells(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

fn joined<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    let names: Vec<_> = names.into_iter().map(|n| n.text.as_str()).collect();
    names.join(",")
}

fn part(part: &Part) -> String {
    format!("{}{}", part.text, if part.open { "*" } else { "" })
}

fn database(target: &Target) -> String {
    target.database.as_ref().map_or_else(String::new, part)
}

fn option(choice: Choice) -> &'static str {
    match choice {
        Choice::Grant => "GRANT",
        Choice::Admin => "ADMIN",
        Choice::Replace => "REPLACE",
        Choice::Inherit => "INHERIT",
        Choice::Set => "SET",
    }
}

/// An element as a row of the table: operation, privileges, database, table, grantees, roles, other.
fn row(grant: &Grant, element: &Element) -> [String; 7] {
    let privileges: Vec<_> = element
        .privileges
        .iter()
        .map(|p| match joined(&p.columns) {
            columns if columns.is_empty() => p.name.text.clone(),
            columns => format!("{}({columns})", p.name.text),
        })
        .collect();
    let mut other = serde_json::Map::new();
    if !grant.with.is_empty() {
        let with = grant.with.iter().map(|(c, _)| option(*c)).collect();
        other.insert("withOptions".into(), with);
    }
    if let Some(choice) = grant.option_for {
        other.insert("optionFor".into(), option(choice).into());
    }
    let target = element.targets.first();
    [
        match grant.operation {
            Operation::Grant => "GRANT".into(),
            Operation::Revoke => "REVOKE".into(),
        },
        privileges.join(";"),
        target.map_or_else(String::new, database),
        target.map_or_else(String::new, |t| part(&t.table)),
        joined(&grant.to.names),
        joined(&grant.roles.names),
        Value::from(other).to_string(),
    ]
}

fn audience(to: &Audience) -> String {
    match to.all {
        Some(_) => format!("all except [{}]", joined(&to.except)),
        None if to.names.is_empty() => "none".into(),
        None => joined(&to.names),
    }
}

/// What a golden tree and our own both say of a statement, in a line.
fn ours(statement: &Statement) -> String {
    let verb = |verb| match verb {
        Verb::Create => "create",
        Verb::CreateMissing => "create missing",
        Verb::Replace => "replace",
        Verb::Alter => "alter",
    };
    let cluster = |name: &Option<Name>| joined(name);
    match &statement.does {
        Does::Grant(grant) => grant
            .elements
            .iter()
            .map(|e| row(grant, e).join("|"))
            .collect::<Vec<_>>()
            .join(" "),
        Does::Setup(Setup {
            verb: v,
            noun,
            names,
            cluster: on,
            facts,
        }) => {
            let methods = facts
                .iter()
                .filter(|f| matches!(f, Fact::Authentication(..)));
            let database = facts.iter().find_map(|f| match f {
                Fact::DefaultDatabase(name) => Some(name),
                _ => None,
            });
            format!(
                "{} {noun:?} {} on [{}] methods {} database [{}]",
                verb(*v),
                joined(names),
                cluster(on),
                methods.count(),
                joined(database),
            )
        }
        Does::Limit(limit) => {
            let names: Vec<_> = limit
                .names
                .iter()
                .map(|(name, target)| match target {
                    Some(t) => format!("{}@{}.{}", name.text, database(t), part(&t.table)),
                    None => name.text.clone(),
                })
                .collect();
            let has = |key: &str| {
                limit
                    .clauses
                    .iter()
                    .filter(|(k, _)| k.starts_with(key))
                    .count()
            };
            format!(
                "{} {:?} {} on [{}] using {} keyed {} intervals {} settings {} to [{}] now [{}]",
                verb(limit.verb),
                limit.noun,
                names.join(","),
                cluster(&limit.cluster),
                has("USING"),
                has("KEYED"),
                if limit.noun == Noun::Quota {
                    has("FOR")
                } else {
                    0
                },
                has("SETTINGS"),
                limit.to.as_ref().map_or_else(String::new, audience),
                joined(&limit.rename),
            )
        }
        Does::Drop(dropped) => format!("drop {:?}", dropped.noun),
        other => format!("{other:?}"),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn list(value: &Value) -> Vec<String> {
    let items = value.as_array().map_or(&[][..], Vec::as_slice);
    items
        .iter()
        .map(|item| {
            item.as_str()
                .unwrap_or_else(|| text(item, "name"))
                .to_owned()
        })
        .collect()
}

/// The same line from a golden tree; nothing where the statement is none of access.
fn golden(value: &Value) -> Option<String> {
    let kind = text(value, "kind");
    if kind == "system" {
        let mut words = text(value, "body")
            .split_whitespace()
            .map(str::to_uppercase);
        if words.next()? != "DROP" {
            return None;
        }
        let noun = match words.next()?.as_str() {
            "USER" => Noun::User,
            "ROLE" => Noun::Role,
            "ROW" | "POLICY" => Noun::Policy,
            "QUOTA" => Noun::Quota,
            "SETTINGS" | "PROFILE" => Noun::Profile,
            _ => return None,
        };
        return Some(format!("drop {noun:?}"));
    }
    if kind == "grant" {
        let mut lines = Vec::new();
        for element in value["elements"].as_array()? {
            let privileges: Vec<_> = element["privileges"]
                .as_array()?
                .iter()
                .map(|p| match list(&p["columns"]) {
                    columns if columns.is_empty() => text(p, "name").to_owned(),
                    columns => format!("{}({})", text(p, "name"), columns.join(",")),
                })
                .collect();
            let mut other = serde_json::Map::new();
            for key in ["withOptions", "optionFor"] {
                if let Some(found) = value.get(key) {
                    other.insert(key.into(), found.clone());
                }
            }
            lines.push(
                [
                    text(value, "operation"),
                    &privileges.join(";"),
                    text(&element["target"], "database"),
                    text(&element["target"], "table"),
                    &list(&value["grantees"]).join(","),
                    &list(&value["roles"]).join(","),
                    &Value::from(other).to_string(),
                ]
                .join("|"),
            );
        }
        return Some(lines.join(" "));
    }
    let (verb, noun) = match kind.split_at_checked(6)? {
        ("create", noun) => ("create", noun),
        _ => ("alter", kind.strip_prefix("alter")?),
    };
    let noun = match noun {
        "User" => Noun::User,
        "Role" => Noun::Role,
        "RowPolicy" => Noun::Policy,
        "Quota" => Noun::Quota,
        "SettingsProfile" => Noun::Profile,
        _ => return None,
    };
    let verb = match (&value["ifNotExists"], &value["orReplace"]) {
        (Value::Bool(true), _) => "create missing",
        (_, Value::Bool(true)) => "replace",
        _ => verb,
    };
    let on = text(value, "onCluster");
    if matches!(noun, Noun::User | Noun::Role) {
        return Some(format!(
            "{verb} {noun:?} {} on [{on}] methods {} database [{}]",
            list(&value["names"]).join(","),
            value["auth"].as_array().map_or(0, Vec::len),
            text(value, "defaultDatabase"),
        ));
    }
    let mut names = list(&value["names"]);
    for target in value["targets"].as_array().into_iter().flatten() {
        let table = &target["table"];
        names.extend(list(&target["names"]).iter().map(|name| {
            format!(
                "{name}@{}.{}",
                text(table, "database"),
                text(table, "table")
            )
        }));
    }
    let to = &value["to"];
    let to = match text(to, "kind") {
        "names" => list(&to["names"]).join(","),
        "all" => format!("all except [{}]", list(&to["except"]).join(",")),
        "none" => "none".into(),
        _ => String::new(),
    };
    let has = |key: &str| usize::from(value.get(key).is_some());
    Some(format!(
        "{verb} {noun:?} {} on [{on}] using {} keyed {} intervals {} settings {} to [{to}] now [{}]",
        names.join(","),
        has("using"),
        has("keyed"),
        value["intervals"].as_array().map_or(0, Vec::len),
        has("settings"),
        text(value, "renameTo").trim_matches('\''),
    ))
}

/// What is wrong with the statements of one script, and the rows that they give by the index of the statement.
fn script(
    folder: &Path,
    name: &str,
    wrong: &mut String,
    rows: &mut BTreeMap<(String, usize), Vec<[String; 7]>>,
) -> Result<usize, Box<dyn Error>> {
    let sql = Text::new(name, std::fs::read_to_string(folder.join(name))?);
    let tree = std::fs::read_to_string(folder.join(format!("{name}.expected.ast.json")))?;
    let tree: Vec<Value> = serde_json::from_str(&tree)?;
    if dialect(&sql.text) != Some(Notation::ClickHouse) {
        writeln!(wrong, "{name}: taken for another system's")?;
    }
    let (statements, problems) = parse(&sql, Notation::ClickHouse);
    for problem in problems {
        let span = problem.labels.first().ok_or("a place")?.span;
        writeln!(
            wrong,
            "{name}: {} at {:?}",
            problem.message,
            sql.text.get(span.range())
        )?;
    }
    let golden: Vec<_> = tree
        .iter()
        .enumerate()
        .filter_map(|(index, value)| Some((index, golden(value)?)))
        .collect();
    if golden.len() != statements.len() {
        writeln!(
            wrong,
            "{name}: {} statements of {}",
            statements.len(),
            golden.len()
        )?;
    }
    for ((index, expected), statement) in golden.iter().zip(&statements) {
        let got = ours(statement);
        if got != *expected {
            writeln!(wrong, "{name} {index}: {got}, expected {expected}")?;
        }
        if let Does::Grant(grant) = &statement.does {
            let found = grant.elements.iter().map(|e| row(grant, e)).collect();
            rows.insert((name.to_owned(), *index), found);
        }
    }
    Ok(golden.len())
}

#[test]
fn scripts_of_clickhouse_are_read_as_another_parser_reads_them() -> Result<(), Box<dyn Error>> {
    let folder = corpora().join("rbac/clickhouse");
    let Ok(table) = std::fs::read_to_string(folder.join("grants_expected.csv")) else {
        println!("rbac/clickhouse: skipped, the corpora are not there");
        return Ok(());
    };
    let mut names: Vec<String> = Vec::new();
    for entry in folder.read_dir()? {
        names.extend(
            entry?
                .file_name()
                .to_str()
                .filter(|name| name.ends_with(".sql"))
                .map(str::to_owned),
        );
    }
    names.sort();
    let (mut wrong, mut found, mut statements) = (String::new(), BTreeMap::new(), 0);
    for name in &names {
        statements += script(&folder, name, &mut wrong, &mut found)?;
    }
    let mut rows = 0;
    for line in table.lines().skip(1) {
        let cells = cells(line);
        rows += 1;
        let mut expected = cells[2..9].to_vec();
        expected[6] = serde_json::from_str::<Value>(&expected[6])?.to_string();
        let key = (cells[0].clone(), cells[1].parse()?);
        // Each row is found once.
        let at = found
            .get(&key)
            .and_then(|f| f.iter().position(|row| row[..] == expected[..]));
        match (at, found.get_mut(&key)) {
            (Some(at), Some(left)) => {
                left.remove(at);
            }
            (_, left) => writeln!(wrong, "{line}: {left:?}")?,
        }
    }
    for (key, left) in found.iter().filter(|(_, left)| !left.is_empty()) {
        writeln!(wrong, "{key:?}: not in the table: {left:?}")?;
    }
    let line = format!(
        "corpus rbac/clickhouse: {rows} rows, {} scripts, {statements} statements about access",
        names.len()
    );
    println!("{line}");
    // Where a run gathers what was tested.
    if let Some(path) = std::env::var_os("ONUS_CORPUS_SUMMARY") {
        let mut summary = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)?;
        writeln!(summary, "{line}")?;
    }
    assert!(rows > 20 && statements > 200 && wrong.is_empty(), "{wrong}");
    Ok(())
}
