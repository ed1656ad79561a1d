//! ClickHouse's `users.xml` and `users.yaml`, with the parts that a server merges into it.
//!
//! The files of one server are a [`group`]. Each is read by itself into a [`Layer`], and [`merge`] puts the layers on top of
//! each other as [`clickhouse`] says. Sources: ClickHouse's documentation of settings of users, and the behaviour of its
//! `UsersConfigParser`.
//!
//! Read as the server reads them:
//!
//! - Of an element that stands twice where one is wanted, the first counts.
//! - A user without `<networks>` may come from anywhere (`any`), one whose `<networks>` are empty from nowhere (`none`).
//! - Settings come from the profile `default` first, then from the user's own profile; what stands later in a profile counts.
//!
//! What `readonly` leaves is told as `SELECT`, `SHOW` and `dictGet`, and for `2` temporary tables: a server keeps no `CHECK`,
//! `BACKUP` or `UNDROP TABLE` back by it, of which nothing is told here. `allow_ddl` is told as a limit only.
//!
//! Not modelled: `allow_dictionaries`, files that `include_from` names (what `incl`, `from_env` and `from_zk` bring in is *not known*), parts with
//! the ending `.conf`, another place of `users_config` or `default_profile` in the server's own settings, and users of such a
//! file beside those that SQL made.

mod nouns;

use std::sync::Arc;

use onus_model::access::{Access, At, Subject, System};
use onus_model::problem::Problem;
use onus_model::source::Text;

use crate::assemble::clickhouse::{self, Element, root};
use crate::document::{Kind, Tree};

/// The sections that are about access.
const SECTIONS: [&str; 4] = ["users", "roles", "profiles", "quotas"];

/// What only the settings of a server have, in `config.xml` and `config.d`.
const SERVER: [&str; 8] = [
    "logger",
    "http_port",
    "tcp_port",
    "path",
    "users_config",
    "user_directories",
    "remote_servers",
    "listen_host",
];

/// What a user, a profile, a quota or a role has in it, and little else does.
const MARKS: [&str; 18] = [
    "password",
    "password_sha256_hex",
    "password_double_sha1_hex",
    "password_scram_sha256_hex",
    "no_password",
    "auth_methods",
    "ssl_certificates",
    "ssh_keys",
    "http_authentication",
    "ldap",
    "kerberos",
    "networks",
    "access_management",
    "allow_databases",
    "grants",
    "interval",
    "constraints",
    "readonly",
];

/// One file, read by itself.
#[derive(Clone, Debug)]
pub struct Layer {
    file: u32,
    text: Text,
    root: Element,
}

impl Layer {
    /// The path of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text.name
    }
}

/// A grant that is written in SQL, for whoever reads SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantText {
    /// The user or the role that has it. The statement itself names nobody.
    pub grantee: Subject,
    /// The statement: `GRANT SELECT ON db.*`.
    pub text: Arc<str>,
    /// Where it stands.
    pub at: At,
}

/// What the files of one server come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Users, roles, what they may do, and what limits them. The files are not in it: the places have the caller's numbers.
    pub access: Access,
    /// The grants in SQL, in order of user and then of role.
    pub grants: Vec<GrantText>,
    /// What is wrong, and of what nothing can be told.
    pub problems: Vec<Problem>,
}

/// The folder and the name of a path.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once(['/', '\\']).unwrap_or(("", path))
}

/// Whether a path is that of the file that a server begins with.
#[must_use]
pub fn is_main(path: &str) -> bool {
    let (folder, name) = split(path);
    let (_, last) = split(folder);
    ["users.xml", "users.yaml", "users.yml"].contains(&name)
        && !["users.d", "conf.d", "config.d"].contains(&last)
}

/// Whether a path is that of a file which a server may merge into the first one.
#[must_use]
pub fn is_part(path: &str) -> bool {
    let (folder, name) = split(path);
    let (_, last) = split(folder);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ["users.d", "conf.d"].contains(&last)
        && !name.starts_with('.')
        && ending.is_some_and(|ending| ["xml", "yaml", "yml"].contains(&ending))
}

/// The folder that the configuration of a server lies in: `etc/clickhouse` for `etc/clickhouse/users.xml` and for
/// `etc/clickhouse/users.d/x.xml`.
#[must_use]
pub fn group(path: &str) -> String {
    let (folder, _) = split(path);
    if is_part(path) {
        split(folder).0.to_owned()
    } else {
        folder.to_owned()
    }
}

/// Whether a file has users, roles, profiles or quotas in it, as ClickHouse writes them.
///
/// Under a root of ClickHouse's the names of the sections are enough. Without one, as in YAML, they are common words, and
/// somebody below must look the part. Settings of a server are none, for it does not look there for users.
#[must_use]
pub fn recognise(tree: &Tree) -> bool {
    let Some((node, ours)) = root(tree) else {
        return false;
    };
    let has = |name: &str| tree.get(node, name).is_some();
    if SERVER.iter().any(|name| has(name)) {
        return false;
    }
    let fits = |section: &str| {
        let Some(entry) = tree.get(node, section) else {
            return false;
        };
        if tree.kind(entry.value) != Kind::Mapping {
            return false;
        }
        ours || tree.entries(entry.value).any(|member| {
            tree.kind(member.value) == Kind::Mapping
                && MARKS
                    .iter()
                    .chain(&["@remove", "@replace"])
                    .any(|mark| tree.get(member.value, mark).is_some())
        })
    };
    SECTIONS.into_iter().any(fits)
}

/// Reads one file. A password is forgotten here: only whether there is one is kept.
#[must_use]
pub fn layer(file: u32, text: &Text, tree: &Tree) -> Layer {
    let root = match root(tree) {
        Some((node, _)) => clickhouse::without_secrets(file, tree, node),
        None => Element::empty(file),
    };
    Layer {
        file,
        text: text.clone(),
        root,
    }
}

/// Puts the files of one server on top of each other, in whatever order they are given, and reads what they come to.
#[must_use]
pub fn merge(system: &Arc<System>, layers: &[Layer]) -> Merged {
    let mut order: Vec<&Layer> = layers.iter().collect();
    order.sort_by_key(|layer| (!is_main(&layer.text.name), layer.text.name.clone()));
    let mut problems = nouns::Problems::new(layers.iter().map(|l| (l.file, l.text.clone())));
    let mut whole: Option<Element> = None;
    let mut has_main = false;
    for layer in order {
        if is_main(&layer.text.name) {
            if has_main {
                problems.say(
                    "a server reads one main file of users, and this is the second",
                    layer.root.name.at,
                );
                continue;
            }
            has_main = true;
        }
        match &mut whole {
            None => whole = Some(layer.root.clone()),
            Some(whole) => clickhouse::merge(whole, &layer.root),
        }
    }
    let Some(whole) = whole else {
        return Merged::default();
    };
    refused(&whole, &mut problems);
    nouns::read(system, &whole, has_main, problems)
}

/// Tells what a server refuses to merge.
fn refused(element: &Element, problems: &mut nouns::Problems) {
    if let Some(why) = &element.refused {
        problems.say(&*why.text, why.at);
    }
    for child in &element.children {
        refused(child, problems);
    }
}

#[cfg(test)]
mod tests;
