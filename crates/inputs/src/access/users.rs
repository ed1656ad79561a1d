//! ClickHouse's `users.xml` and `users.yaml`, with the parts that a server merges into it.
//!
//! The files of one server are a [`group`]. Each is read by itself into a [`Layer`], and [`merge`] puts the layers on top of
//! each other as the server does. Sources: ClickHouse's documentation of configuration files and of settings of users, and
//! the behaviour of its `ConfigProcessor`, `YAMLParser` and `UsersConfigParser`.
//!
//! Read as the server reads them:
//!
//! - The main file comes first, then the parts in the order of their paths, so those of `conf.d` before those of `users.d`.
//! - Elements are the same if their names and attributes are, `replace`, `remove` and substitutions left aside. An element of
//!   a part is merged into the first one that is the same and was there before; what finds none is appended. So a second
//!   `<ip>` of a part is added, and the first one takes the place of the first one before it.
//! - A merged element takes over text and attributes from the part, and its elements are merged in turn. Text that was there
//!   goes, even where the part has none.
//! - `replace` and `remove` act by being there, whatever their value. Nothing acts on the root element.
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

mod config;
mod nouns;

use std::sync::Arc;

use onus_model::access::{Access, At, Subject, System};
use onus_model::problem::Problem;
use onus_model::source::Text;

use crate::document::{Kind, NodeId, Tree};
use config::Element;

/// The roots that a server takes for its own.
const ROOTS: [&str; 2] = ["clickhouse", "yandex"];

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

/// The mapping that has the sections, and whether it stands under a root of ClickHouse's.
fn root(tree: &Tree) -> Option<(NodeId, bool)> {
    let top = *tree.documents().first()?;
    if tree.kind(top) != Kind::Mapping {
        return None;
    }
    for name in ROOTS {
        if let Some(entry) = tree.get(top, name) {
            let mapping = tree.kind(entry.value) == Kind::Mapping;
            return mapping.then_some((entry.value, true));
        }
    }
    Some((top, false))
}

/// Reads one file. A password is forgotten here: only whether there is one is kept.
#[must_use]
pub fn layer(file: u32, text: &Text, tree: &Tree) -> Layer {
    let root = match root(tree) {
        Some((node, _)) => config::read(file, tree, node),
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
            Some(whole) => config::merge(whole, &layer.root, &mut problems),
        }
    }
    let Some(whole) = whole else {
        return Merged::default();
    };
    nouns::read(system, &whole, has_main, problems)
}

#[cfg(test)]
mod tests;
