//! The users of ClickHouse in the corpora are what a person reads in their files.

#![expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on the disk, where the environment says"
)]

mod corpora;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use onus_inputs::access::users::{Layer, group, is_main, is_part, layer, merge, recognise};
use onus_inputs::document::{Limits, Syntax, read};
use onus_model::access::{Given, Notation, Rule, System, Word};
use onus_model::source::Text;

use corpora::corpora;

const RECIPES: &str = "docker-compose-recipes/recipes";
const PART: &str = "etc/clickhouse-server/users.d/users.xml";

/// What each file says, read by a person: the file, the user, how it is known, from where, and what it may do.
const EXPECTED: [(&str, &str, &str, &str, &str); 14] = [
    (
        "ch-1S_1K/fs/volumes/clickhouse",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "ch-1S_1K_IMDB_dataset/fs/volumes/clickhouse",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "ch-and-grafana/fs/volumes/clickhouse",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "ch-and-minio-S3/fs/volumes/clickhouse",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "ch-and-openldap/fs/volumes/clickhouse",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "ch-and-postgres/fs/volumes/clickhouse",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "cluster_1S_2R/fs/volumes/clickhouse-01",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "cluster_2S_2R_auth/fs/volumes/clickhouse-04",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "ch-and-mssql/fs/volumes/clickhouse",
        "default",
        "no_password",
        "::/0",
        "users, too",
    ),
    (
        "ch-and-mssql/fs/volumes/clickhouse",
        "admin",
        "plaintext_password",
        "::/0",
        "users, too",
    ),
    (
        "ch-and-kafka/config/users.xml",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "ch-and-kafka/config/users.xml",
        "admin",
        "plaintext_password",
        "::/0",
        "data",
    ),
    (
        "../../postgresql-clickhouse-data-modeling/volumes/clickhouse",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
    (
        "../../LearnClickHouseWithMark/passwordless-authentication/clickhouse-server/config.d/users.xml",
        "default",
        "no_password",
        "::/0",
        "everything",
    ),
];

/// What stands behind the word for what a user may do.
fn gives(word: &str) -> Vec<String> {
    let rules: &[&str] = match word {
        "everything" => &[
            "ALL on *.* grantable",
            "ACCESS MANAGEMENT on *.* grantable",
            "NAMED COLLECTION ADMIN on *.* grantable",
            "SHOW NAMED COLLECTIONS on *.* grantable",
            "SHOW NAMED COLLECTIONS SECRETS on *.* grantable",
        ],
        "users, too" => &[
            "ALL on *.* but NAMED COLLECTION ADMIN grantable",
            "ACCESS MANAGEMENT on *.* grantable",
        ],
        _ => &["ALL on *.* but ACCESS MANAGEMENT but NAMED COLLECTION ADMIN"],
    };
    rules.iter().map(|rule| (*rule).to_owned()).collect()
}

fn told(rule: &Rule) -> String {
    let words = |words: &[Word]| {
        let words: Vec<_> = words.iter().map(|word| &*word.text).collect();
        words.join(", ")
    };
    let mut said = words(&rule.reach.actions) + " on " + &words(&rule.reach.resources);
    for except in &rule.except {
        said = said + " but " + &words(&except.actions);
    }
    for condition in &rule.conditions {
        said = said + " if " + &condition.text;
    }
    if rule.grantable {
        said.push_str(" grantable");
    }
    said
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn of_system() -> Arc<System> {
    System::new("clickhouse", Notation::ClickHouse)
}

/// Reads a file; none where it has no users in it.
fn one(path: &Path) -> Result<Option<Layer>, Box<dyn Error>> {
    let name = path.to_string_lossy();
    let Some(syntax) = Syntax::of(&name) else {
        return Ok(None);
    };
    let tree = match read(std::fs::read(path)?, syntax, &Limits::default()) {
        Ok(tree) => tree,
        Err(why) if syntax == Syntax::Xml => return Err(format!("{name}: {}", why.reason).into()),
        Err(_) => return Ok(None),
    };
    Ok(recognise(&tree).then(|| layer(0, &Text::new(&*name, tree.text()), &tree)))
}

#[test]
fn users_of_real_files_are_those_that_a_person_reads_in_them() -> Result<(), Box<dyn Error>> {
    let root = corpora().join("real/clickhouse-examples");
    if !root.is_dir() {
        println!("users of clickhouse: skipped, the corpora are not there");
        return Ok(());
    }
    for (path, user, authentication, host, may) in EXPECTED {
        let mut file = root.join(RECIPES).join(path);
        if !path.ends_with(".xml") {
            file = file.join(PART);
        }
        let layer = one(&file)?.ok_or_else(|| format!("{path} is not recognised"))?;
        let merged = merge(&of_system(), &[layer]);
        assert!(merged.problems.is_empty(), "{path}: {:?}", merged.problems);
        let mut accounts = merged.access.accounts.iter();
        let account = accounts.find(|a| &*a.subject.name == user);
        let account = account.ok_or_else(|| format!("{path} has no {user}"))?;
        let facts: Vec<_> = account
            .facts
            .iter()
            .map(|(name, word)| (&**name, &*word.text))
            .collect();
        let expect = [
            ("authentication", authentication),
            ("host", host),
            ("profile", "default"),
            ("quota", "default"),
        ];
        assert_eq!(facts, expect, "{path} {user}");
        let mut rules = Vec::new();
        for binding in &merged.access.bindings {
            let ours = binding.holders.iter().any(|h| &*h.subject.name == user);
            if let (Given::Rules(given), true) = (&binding.given, ours) {
                rules.extend(given.iter().map(told));
            }
        }
        assert_eq!(rules, gives(may), "{path} {user}");
    }
    println!(
        "users of clickhouse: {} read by hand, all right",
        EXPECTED.len()
    );
    Ok(())
}

#[test]
fn every_real_file_is_read_and_only_those_of_users_are_recognised() -> Result<(), Box<dyn Error>> {
    let root = corpora().join("real/clickhouse-examples");
    if !root.is_dir() {
        println!("files of clickhouse: skipped, the corpora are not there");
        return Ok(());
    }
    let mut found = Vec::new();
    files(&root, &mut found)?;
    found.sort();
    let (mut xml, mut recognised) = (0, 0);
    let mut servers: BTreeMap<String, Vec<Layer>> = BTreeMap::new();
    for path in &found {
        let name = path.to_string_lossy();
        xml += usize::from(Syntax::of(&name) == Some(Syntax::Xml));
        let layer = one(path)?;
        let is_users = path.file_name().is_some_and(|name| name == "users.xml");
        assert_eq!(layer.is_some(), is_users, "{name}");
        recognised += usize::from(layer.is_some());
        if is_main(&name) || is_part(&name) {
            servers.entry(group(&name)).or_default().extend(layer);
        }
    }
    let (mut accounts, mut limits) = (0, 0);
    for (server, layers) in &servers {
        let merged = merge(&of_system(), layers);
        assert!(
            merged.problems.is_empty(),
            "{server}: {:?}",
            merged.problems
        );
        accounts += merged.access.accounts.len();
        limits += merged.access.limits.len();
    }
    println!(
        "files of clickhouse: {xml} in XML, {recognised} with users; {} servers with {accounts} accounts and {limits} limits",
        servers.len()
    );
    assert!(xml > 80 && servers.len() > 25);
    Ok(())
}
