//! Users, roles, profiles and quotas, read from a configuration that is merged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onus_model::access::{
    Account, At, Binding, Effect, Given, Holder, Limit, Reach, Role, Rule, Subject, SubjectKind,
    System, Word,
};
use onus_model::problem::Problem;
use onus_model::source::Text;

use super::{GrantText, Merged};
use crate::assemble::clickhouse::{Element, Value};

/// Which elements say how a user is known, and what that is called. A server wants exactly one.
const METHODS: [(&str, &str); 10] = [
    ("no_password", "no_password"),
    ("password", "plaintext_password"),
    ("password_sha256_hex", "sha256_password"),
    ("password_scram_sha256_hex", "scram_sha256_password"),
    ("password_double_sha1_hex", "double_sha1_password"),
    ("ldap", "ldap"),
    ("kerberos", "kerberos"),
    ("ssl_certificates", "ssl_certificates"),
    ("ssh_keys", "ssh_key"),
    ("http_authentication", "http_authentication"),
];

/// What a user who is limited to databases has all the same: privileges that are of no database, functions on dictionaries,
/// and engines of tables. From ClickHouse's list of privileges (`AccessType`), whose level is global.
const GLOBAL: [&str; 29] = [
    "CLUSTER",
    "CREATE ARBITRARY TEMPORARY TABLE",
    "CREATE FUNCTION",
    "CREATE RESOURCE",
    "CREATE TEMPORARY TABLE",
    "CREATE WORKLOAD",
    "DROP FUNCTION",
    "DROP RESOURCE",
    "DROP WORKLOAD",
    "INTROSPECTION",
    "KILL QUERY",
    "KILL TRANSACTION",
    "MOVE PARTITION BETWEEN SHARDS",
    "SOURCES",
    "SYSTEM DROP CACHE",
    "SYSTEM FAILPOINT",
    "SYSTEM FLUSH LOGS",
    "SYSTEM JEMALLOC",
    "SYSTEM LISTEN",
    "SYSTEM RELOAD",
    "SYSTEM REPLICA READINESS",
    "SYSTEM RESTART DISK",
    "SYSTEM SHUTDOWN",
    "SYSTEM SYNC FILE CACHE",
    "SYSTEM SYNC TRANSACTION LOG",
    "SYSTEM THREAD FUZZER",
    "SYSTEM UNFREEZE",
    "TABLE ENGINE",
    "dictGet",
];

/// The resource that is everything.
const EVERYTHING: &str = "*.*";

/// The profile whose settings everybody has, unless the server's own settings name another.
const DEFAULT_PROFILE: &str = "default";

/// What was found wrong, and the texts in which.
#[derive(Debug)]
pub(super) struct Problems {
    texts: BTreeMap<u32, Text>,
    found: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(texts: impl Iterator<Item = (u32, Text)>) -> Self {
        Self {
            texts: texts.collect(),
            found: Vec::new(),
        }
    }

    pub(super) fn say(&mut self, message: impl Into<String>, at: At) {
        let problem = Problem::warning(message);
        self.found.push(match self.texts.get(&at.file) {
            Some(text) => problem.at(text, at.span, ""),
            None => problem,
        });
    }
}

/// Reads a configuration that is merged. What a user must have is only missed where there is a main file to have it.
pub(super) fn read(
    system: &Arc<System>,
    whole: &Element,
    has_main: bool,
    problems: Problems,
) -> Merged {
    let mut reader = Reader {
        system,
        whole,
        profiles: BTreeMap::new(),
        has_main,
        problems,
        merged: Merged::default(),
    };
    for section in super::SECTIONS {
        reader.substitutions(section);
    }
    let profiles = reader.members("profiles");
    reader.profiles = profiles.iter().map(|p| (&*p.name.text, *p)).collect();
    let users = reader.members("users");
    let mut settled = Vec::new();
    for user in &users {
        settled.push(reader.user(user));
    }
    for role in reader.members("roles") {
        reader.role(role);
    }
    reader.quotas(&settled);
    reader.limits_of_profiles(&profiles, &settled);
    Merged {
        problems: reader.problems.found,
        ..reader.merged
    }
}

/// A user of whom the rest must know.
struct Settled {
    holder: Holder,
    quota: Option<Word>,
    /// All the profiles that the user's settings come from.
    profiles: BTreeSet<Arc<str>>,
}

/// What a switch is set to, and where.
enum Switch {
    Off,
    On(At),
    /// Nobody can tell.
    Unknown(Word),
}

/// The setting `readonly` that holds for a user.
struct ReadOnly {
    value: Word,
    profile: Arc<str>,
}

struct Reader<'c> {
    system: &'c Arc<System>,
    whole: &'c Element,
    /// The profiles by name, each once.
    profiles: BTreeMap<&'c str, &'c Element>,
    has_main: bool,
    problems: Problems,
    merged: Merged,
}

impl<'c> Reader<'c> {
    /// What a section or one of its members takes from elsewhere is missing here.
    fn substitutions(&mut self, section: &str) {
        for found in self.whole.all(section) {
            for element in std::iter::once(found).chain(&found.children) {
                if let Some(unknown) = element.unknown() {
                    let message = format!("what is in `{}` is {}", element.name.text, unknown.text);
                    self.problems.say(message, unknown.at);
                }
            }
        }
    }

    /// The members of a section, each name once.
    fn members(&mut self, section: &'static str) -> Vec<&'c Element> {
        let whole = self.whole;
        let mut seen = BTreeSet::new();
        let mut members = Vec::new();
        let mut sections = whole.all(section);
        let first = sections.next();
        for second in sections {
            self.problems.say(
                format!("`{section}` stands twice, and a server reads the first"),
                second.name.at,
            );
        }
        for member in first.iter().flat_map(|first| &first.children) {
            if seen.insert(member.name.text.clone()) {
                members.push(member);
            } else {
                let message = format!(
                    "`{}` stands twice in `{section}`, and only the first is read",
                    member.name.text
                );
                self.problems.say(message, member.name.at);
            }
        }
        members
    }

    fn subject(&self, kind: SubjectKind, name: &Arc<str>) -> Subject {
        Subject {
            system: self.system.clone(),
            kind,
            name: name.clone(),
        }
    }

    fn user(&mut self, user: &'c Element) -> Settled {
        let at = user.name.at;
        let subject = self.subject(SubjectKind::User, &user.name.text);
        let holder = Holder {
            subject: subject.clone(),
            at,
        };
        let mut facts = self.authentication(user);
        facts.extend(Self::hosts(user).into_iter().map(|host| ("host", host)));
        let profile = user.first("profile").map(Element::value);
        let quota = user.first("quota").map(Element::value);
        let (profiles, readonly) = self.settings(user, profile.as_ref());
        if let Some(profile) = profile {
            facts.push(("profile", profile.told()));
        }
        if let Some(quota) = &quota {
            facts.push(("quota", quota.clone().told()));
        }
        if let Some(readonly) = &readonly {
            facts.push(("readonly", readonly.value.clone()));
        }
        if let Some(until) = user.first("valid_until") {
            facts.push(("valid-until", until.value().told()));
        }
        self.merged.access.accounts.push(Account {
            subject: subject.clone(),
            facts: facts.into_iter().map(|(n, w)| (n.into(), w)).collect(),
            at,
        });
        if user.first("grants").is_some() {
            self.grant_texts(user, &subject);
        } else {
            let rules = self.rules(user, readonly.as_ref());
            self.merged.access.bindings.push(Binding {
                system: self.system.clone(),
                name: "".into(),
                scope: None,
                given: Given::Rules(rules),
                holders: vec![holder.clone()],
                grantable: false,
                conditions: Vec::new(),
                at,
            });
        }
        self.row_policies(user, &holder);
        Settled {
            holder,
            quota: quota.map(Value::told),
            profiles,
        }
    }

    /// How a user is known. No password is looked at but for whether it is empty.
    fn authentication(&mut self, user: &Element) -> Vec<(&'static str, Word)> {
        let mut facts = Vec::new();
        match user.first("auth_methods") {
            Some(methods) => {
                for method in &methods.children {
                    facts.extend(self.method(&user.name, method));
                }
            }
            None => facts.extend(self.method(&user.name, user)),
        }
        if let Some(otp) = user.first("time_based_one_time_password") {
            let word = Word::new("time_based_one_time_password", otp.name.at);
            facts.push(("mfa", word));
        }
        facts
    }

    fn method(&mut self, user: &Word, holder: &Element) -> Vec<(&'static str, Word)> {
        let mut facts = Vec::new();
        let mut count = 0;
        for (name, called) in METHODS {
            let Some(element) = holder.first(name) else {
                continue;
            };
            count += 1;
            let at = element.name.at;
            let called = match element.value() {
                Value::Unknown(unknown) => {
                    facts.push(("password", unknown));
                    called
                }
                // Whoever gives nothing is let in.
                Value::Known(text) if name == "password" && text.text.is_empty() => "no_password",
                Value::Known(_) => called,
            };
            facts.insert(0, ("authentication", Word::new(called, at)));
        }
        let user_name = &user.text;
        if count == 0 {
            facts.push(("authentication", Word::new("no_password", user.at)));
            if self.has_main {
                let message =
                    format!("nothing says how `{user_name}` is known, which a server refuses");
                self.problems.say(message, user.at);
            }
        } else if count > 1 {
            let message = format!("`{user_name}` is known in two ways, which a server refuses");
            self.problems.say(message, user.at);
        }
        facts
    }

    /// From where a user may come.
    fn hosts(user: &Element) -> Vec<Word> {
        let Some(networks) = user.first("networks") else {
            return vec![Word::new("any", user.name.at)];
        };
        if let Some(unknown) = networks.unknown() {
            return vec![unknown];
        }
        let hosts: Vec<_> = networks
            .children
            .iter()
            .map(|child| match child.value() {
                Value::Unknown(unknown) => unknown,
                Value::Known(text) if &*child.name.text == "ip" => text,
                Value::Known(text) => {
                    Word::new(format!("{} {}", child.name.text, text.text), text.at)
                }
            })
            .collect();
        if hosts.is_empty() {
            return vec![Word::new("none", networks.name.at)];
        }
        hosts
    }

    /// The profiles that a user's settings come from, and what they say of `readonly`: what is said last counts.
    ///
    /// As a server does, profiles are walked over from the last to the first, each once: so a circle ends.
    fn settings(
        &mut self,
        user: &Element,
        profile: Option<&Value>,
    ) -> (BTreeSet<Arc<str>>, Option<ReadOnly>) {
        let mut seen = BTreeSet::new();
        let mut readonly = None;
        match profile {
            Some(Value::Known(name)) => {
                let known = self.profile(&name.text, &mut seen, &mut readonly);
                if !known && self.has_main {
                    let message = format!(
                        "`{}` has the profile `{}`, which is not there",
                        user.name.text, name.text
                    );
                    self.problems.say(message, name.at);
                }
            }
            Some(Value::Unknown(unknown)) => {
                readonly = Some(ReadOnly {
                    value: unknown.clone(),
                    profile: unknown.text.clone(),
                });
            }
            None => {}
        }
        self.profile(DEFAULT_PROFILE, &mut seen, &mut readonly);
        (seen, readonly)
    }

    /// Walks over a profile and those that it inherits from, last things first. Says whether it is there.
    fn profile(
        &self,
        name: &str,
        seen: &mut BTreeSet<Arc<str>>,
        readonly: &mut Option<ReadOnly>,
    ) -> bool {
        let Some(first) = self.profiles.get(name) else {
            return false;
        };
        let mut open = Vec::new();
        if seen.insert(first.name.text.clone()) {
            open.push((first, first.children.iter().rev()));
        }
        while let Some((profile, left)) = open.last_mut() {
            let Some(setting) = left.next() else {
                open.pop();
                continue;
            };
            match (&*setting.name.text, setting.value()) {
                ("profile", Value::Known(parent)) => {
                    if let Some(parent) = self.profiles.get(&*parent.text)
                        && seen.insert(parent.name.text.clone())
                    {
                        open.push((parent, parent.children.iter().rev()));
                    }
                }
                ("readonly", value) if readonly.is_none() => {
                    *readonly = Some(ReadOnly {
                        value: value.told(),
                        profile: profile.name.text.clone(),
                    });
                }
                _ => {}
            }
        }
        true
    }

    /// What a switch is set to. Of a switch that stands twice a server reads the first.
    fn switch(&mut self, user: &Element, name: &str) -> Switch {
        let read = |element: &Element| match element.value() {
            Value::Unknown(unknown) => Switch::Unknown(unknown),
            Value::Known(text) if is_true(&text.text) => Switch::On(element.name.at),
            Value::Known(_) => Switch::Off,
        };
        let mut all = user.all(name);
        let Some(first) = all.next() else {
            return Switch::Off;
        };
        let switch = read(first);
        for other in all {
            let same = matches!(
                (&switch, read(other)),
                (Switch::On(_), Switch::On(_)) | (Switch::Off, Switch::Off)
            );
            if !same {
                let message = format!(
                    "`{name}` of `{}` is set twice to different things, and a server reads the first",
                    user.name.text
                );
                self.problems.say(message, other.name.at);
            }
        }
        switch
    }

    /// What a user without grants of their own may do: everything but what the switches keep back.
    fn rules(&mut self, user: &Element, readonly: Option<&ReadOnly>) -> Vec<Rule> {
        let at = user.name.at;
        let management = self.switch(user, "access_management");
        let mut control = self.switch(user, "named_collection_control");
        if matches!(control, Switch::Off) {
            control = self.switch(user, "named_collection_admin");
        }
        let shown = self.switch(user, "show_named_collections");
        let secrets = self.switch(user, "show_named_collections_secrets");
        let frozen = readonly.and_then(frozen);
        let conditions: Vec<Word> = frozen.iter().map(|(_, word)| word.clone()).collect();
        let level = frozen.as_ref().and_then(|(level, _)| *level);

        let mut except = Vec::new();
        if !matches!(management, Switch::On(_)) {
            except.push(reach("ACCESS MANAGEMENT", EVERYTHING, at));
        }
        if !matches!(control, Switch::On(_)) {
            except.push(reach("NAMED COLLECTION ADMIN", EVERYTHING, at));
        } else if !matches!(secrets, Switch::On(_)) {
            except.push(reach("SHOW NAMED COLLECTIONS SECRETS", EVERYTHING, at));
        }
        let base = |actions: Vec<Word>, resources: Vec<Word>, at: At| Rule {
            effect: Effect::Allow,
            reach: Reach {
                actions,
                resources,
                ..Reach::default()
            },
            except: except.clone(),
            conditions: conditions.clone(),
            // Without the switch a server takes the option away, and in readonly mode it lets nobody grant.
            grantable: matches!(management, Switch::On(_)) && level.is_none(),
            at,
        };
        let words = |names: &[&str], at: At| names.iter().map(|n| Word::new(*n, at)).collect();
        let all: Vec<Word> = match level {
            None => words(&["ALL"], at),
            Some(1) => words(&["SELECT", "SHOW", "dictGet"], at),
            Some(_) => words(&["SELECT", "SHOW", "dictGet", "CREATE TEMPORARY TABLE"], at),
        };
        let mut rules = Vec::new();
        match user.first("allow_databases") {
            None => rules.push(base(all, vec![Word::new(EVERYTHING, at)], at)),
            Some(databases) => {
                if let Some(unknown) = databases.unknown() {
                    let mut rule = base(all, vec![Word::new(EVERYTHING, at)], databases.name.at);
                    rule.conditions.push(unknown);
                    rules.push(rule);
                } else {
                    for database in &databases.children {
                        let mut rule = match database.value() {
                            Value::Known(name) => {
                                let resource = Word::new(format!("{}.*", name.text), name.at);
                                base(all.clone(), vec![resource], name.at)
                            }
                            Value::Unknown(unknown) => {
                                let any = Word::new(EVERYTHING, unknown.at);
                                let mut rule = base(all.clone(), vec![any], unknown.at);
                                rule.conditions.push(unknown);
                                rule
                            }
                        };
                        // What a database does not have need not be left out of it.
                        if rule.conditions.len() == conditions.len() {
                            for left_out in &mut rule.except {
                                left_out.resources.clone_from(&rule.reach.resources);
                            }
                        }
                        rules.push(rule);
                    }
                    let at = databases.name.at;
                    let kept: &[&str] = match level {
                        None => &GLOBAL,
                        Some(_) => &["dictGet"],
                    };
                    let mut rule = base(words(kept, at), vec![Word::new(EVERYTHING, at)], at);
                    rule.except.clear();
                    rules.push(rule);
                }
            }
        }
        let mut give = |action: &str, switch: &Switch| {
            let (at, unknown) = match switch {
                Switch::Off => return,
                Switch::On(at) => (*at, None),
                Switch::Unknown(word) => (word.at, Some(word.clone())),
            };
            let mut rule = base(
                vec![Word::new(action, at)],
                vec![Word::new(EVERYTHING, at)],
                at,
            );
            rule.except.clear();
            rule.conditions.extend(unknown);
            rules.push(rule);
        };
        // In readonly mode nothing about access can be changed.
        let action = match level {
            None => "ACCESS MANAGEMENT",
            Some(_) => "SHOW ACCESS",
        };
        give(action, &management);
        give("NAMED COLLECTION ADMIN", &control);
        if !matches!(control, Switch::Off) {
            give("SHOW NAMED COLLECTIONS", &shown);
            give("SHOW NAMED COLLECTIONS SECRETS", &secrets);
        } else {
            for (name, switch) in [
                ("show_named_collections", shown),
                ("show_named_collections_secrets", secrets),
            ] {
                if let Switch::On(at) = switch {
                    self.problems.say(
                        format!("`{name}` gives nothing without `named_collection_control`"),
                        at,
                    );
                }
            }
        }
        rules
    }

    /// The grants of a user or a role, in SQL.
    fn grant_texts(&mut self, holder: &Element, grantee: &Subject) {
        let Some(grants) = holder.first("grants") else {
            return;
        };
        if let Some(unknown) = grants.unknown() {
            let message = format!(
                "what is granted to `{}` is {}",
                holder.name.text, unknown.text
            );
            self.problems.say(message, unknown.at);
        }
        for query in &grants.children {
            match query.value() {
                Value::Known(text) => self.merged.grants.push(GrantText {
                    grantee: grantee.clone(),
                    text: text.text,
                    at: text.at,
                }),
                Value::Unknown(unknown) => {
                    let message = format!(
                        "what is granted to `{}` is {}",
                        holder.name.text, unknown.text
                    );
                    self.problems.say(message, unknown.at);
                }
            }
        }
        let others = [
            "access_management",
            "allow_databases",
            "allow_dictionaries",
            "named_collection_control",
            "named_collection_admin",
            "show_named_collections_secrets",
        ];
        for name in others {
            let Some(other) = holder.first(name) else {
                continue;
            };
            let counts =
                name.starts_with("allow_") || !matches!(self.switch(holder, name), Switch::Off);
            if counts {
                self.problems.say(
                    format!("`{name}` stands beside `grants`, which a server refuses"),
                    other.name.at,
                );
            }
        }
    }

    fn role(&mut self, role: &Element) {
        self.merged.access.roles.push(Role {
            system: self.system.clone(),
            name: role.name.clone(),
            scope: None,
            rules: Vec::new(),
            labels: Vec::new(),
            aggregates: Vec::new(),
        });
        let subject = self.subject(SubjectKind::Role, &role.name.text);
        self.grant_texts(role, &subject);
    }

    /// The filters on the rows that a user sees. They are named as the user, as a server names them.
    fn row_policies(&mut self, user: &Element, holder: &Holder) {
        let Some(databases) = user.first("databases") else {
            return;
        };
        let name_of = |element: &Element, generic: &str| match element.attribute("name") {
            Some(name) if &*element.name.text == generic => name.text.clone(),
            _ => element.name.text.clone(),
        };
        for database in &databases.children {
            for table in &database.children {
                let Some(filter) = table.first("filter") else {
                    continue;
                };
                let says = filter.value().told();
                let resource = format!(
                    "{}.{}",
                    name_of(database, "database"),
                    name_of(table, "table")
                );
                self.merged.access.limits.push(Limit {
                    system: self.system.clone(),
                    kind: "row policy",
                    name: Word::new(user.name.text.clone(), table.name.at),
                    resources: vec![Word::new(resource, table.name.at)],
                    subjects: vec![holder.clone()],
                    but_subjects: Vec::new(),
                    says: says.text,
                    at: filter.name.at,
                });
            }
        }
    }

    /// Quotas that somebody has: one that nobody has limits nobody.
    fn quotas(&mut self, users: &[Settled]) {
        for quota in self.members("quotas") {
            let subjects: Vec<_> = users
                .iter()
                .filter(|u| u.quota.as_ref().is_some_and(|q| q.text == quota.name.text))
                .map(|user| user.holder.clone())
                .collect();
            let says: Vec<_> = quota.all("interval").map(interval).collect();
            self.limit("quota", quota, subjects, says.join("; "));
        }
    }

    /// Profiles that somebody has, by way of others too.
    fn limits_of_profiles(&mut self, profiles: &[&Element], users: &[Settled]) {
        for profile in profiles {
            let subjects: Vec<_> = users
                .iter()
                .filter(|user| user.profiles.contains(&profile.name.text))
                .map(|user| user.holder.clone())
                .collect();
            let mut says = Vec::new();
            for setting in &profile.children {
                if &*setting.name.text == "constraints" {
                    says.extend(setting.children.iter().map(constraint));
                } else {
                    let value = setting.value().told();
                    says.push(format!("{}={}", setting.name.text, value.text));
                }
            }
            self.limit("settings profile", profile, subjects, says.join(", "));
        }
    }

    fn limit(&mut self, kind: &'static str, named: &Element, subjects: Vec<Holder>, says: String) {
        if subjects.is_empty() {
            return;
        }
        self.merged.access.limits.push(Limit {
            system: self.system.clone(),
            kind,
            name: named.name.clone(),
            resources: Vec::new(),
            subjects,
            but_subjects: Vec::new(),
            says: says.into(),
            at: named.name.at,
        });
    }
}

fn reach(action: &str, resource: &str, at: At) -> Reach {
    Reach {
        actions: vec![Word::new(action, at)],
        resources: vec![Word::new(resource, at)],
        ..Reach::default()
    }
}

/// Whether the server's reader of switches takes it for true.
fn is_true(text: &str) -> bool {
    let number = text.parse::<i64>();
    number.is_ok_and(|n| n != 0)
        || ["true", "yes", "on"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
}

/// What a setting of `readonly` leaves, with the words for it: its level where it is known, and nothing where it is off.
fn frozen(readonly: &ReadOnly) -> Option<(Option<u8>, Word)> {
    let value = &readonly.value;
    if value.text.starts_with("not known: ") {
        return Some((None, value.clone()));
    }
    let level = match &*value.text {
        "2" => 2,
        "0" | "" | "false" => return None,
        _ => 1,
    };
    let said = format!("readonly={} in profile {}", value.text, readonly.profile);
    Some((Some(level), Word::new(said, value.at)))
}

/// An interval in a few words: `3600 s: queries=100`. A limit of 0 is none.
fn interval(interval: &Element) -> String {
    let mut limits = Vec::new();
    let mut duration = "0".into();
    for limit in &interval.children {
        let value = limit.value().told().text;
        if &*limit.name.text == "duration" {
            duration = value;
        } else if &*value != "0" && !value.is_empty() {
            limits.push(format!("{}={value}", limit.name.text));
        }
    }
    if limits.is_empty() {
        limits.push("no limit".to_owned());
    }
    format!("{duration} s: {}", limits.join(", "))
}

/// A constraint in a few words: `max_memory_usage max 1000`.
fn constraint(setting: &Element) -> String {
    let mut said = setting.name.text.to_string();
    for bound in &setting.children {
        let value = bound.value().told().text;
        said.push(' ');
        said.push_str(&bound.name.text);
        if !value.is_empty() {
            said.push(' ');
            said.push_str(&value);
        }
    }
    said
}
