//! Effective access is what Kubernetes would decide, held against Cedar policies that others made of the same roles; and what must
//! hold of it whatever the grants are.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test reads the data that lie beside, and Cedar takes hash maps"
)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request as CedarRequest, RestrictedExpression,
};
use onus_engine::{allows, difference, effective, held, implicit_groups, known_roles, may};
use onus_inputs::document::{self, Limits, Syntax};
use onus_model::access::{
    Access, Answer, Effective, Grant, Held, Holding, Notation, Reach, Request, Role, Rule, Subject,
    SubjectKind,
};
use onus_model::plan::Plan;
use onus_model::source::Text;
use proptest::prelude::*;

/// A folder of the labelled data, or nothing, said aloud, where it is absent.
fn corpus(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let folder = std::env::var_os("ONUS_CORPORA").map_or(beside, PathBuf::from);
    if folder.join(name).is_dir() {
        Some(folder)
    } else {
        println!("corpora: absent, skipped");
        None
    }
}

fn read(name: &str, text: &str) -> Access {
    let bytes = text.as_bytes().to_vec();
    let tree = document::read(bytes, Syntax::Yaml, &Limits::default()).expect("it is YAML");
    let text = Text::new(name, tree.text());
    let found = onus_inputs::access::of_tree(0, &text, &tree, &Plan::default(), &[]);
    assert_eq!(found.problems, [], "{name}");
    found.access
}

/// With the roles that every system has and that stand in no file, where they are not in one after all.
fn with_known(mut access: Access) -> Access {
    let there = |access: &Access, known: &Role| {
        let mut roles = access.roles.iter();
        roles.any(|r| r.system == known.system && r.name.text == known.name.text)
    };
    for known in known_roles() {
        if !there(&access, &known) {
            access.roles.push(known);
        }
    }
    access
}

/// Everything that anybody holds, with who holds it.
fn rows<'a>(effective: &'a Effective<'a>) -> Vec<Held<'a>> {
    effective.holdings.iter().flat_map(held).collect()
}

/// A row as a rule by itself.
fn rule_of(row: &Held<'_>, resource: Option<String>) -> Rule {
    let mut resources: Vec<_> = row.resource.into_iter().cloned().collect();
    if let (Some(first), Some(resource)) = (resources.first_mut(), resource) {
        first.text = resource.into();
    }
    Rule {
        reach: Reach {
            actions: vec![row.action.clone()],
            resources,
            names: row.name.into_iter().cloned().collect(),
            ..row.grant.rule.reach.clone()
        },
        ..row.grant.rule.clone()
    }
}

/// Whether a row by itself reaches what is asked for.
fn reaches(row: &Held<'_>, request: &Request) -> bool {
    let rule = rule_of(row, None);
    let grant = Grant {
        rule: &rule,
        ..row.grant.clone()
    };
    allows(&grant, request)
}

/// The data leave out what kind of object each is, and once give the role another name than its binding does.
fn whole(text: &str) -> String {
    let documents: Vec<&str> = text.split("---\n").collect();
    let bound = |document: &str| document.contains("roleRef:");
    let named = documents
        .iter()
        .find(|d| bound(d))
        .and_then(|d| d.split("roleRef:").nth(1))
        .and_then(|d| d.lines().find_map(|l| l.trim().strip_prefix("name: ")))
        .expect("a binding names its role")
        .to_owned();
    documents
        .iter()
        .map(|document| {
            let kind = if bound(document) {
                "ClusterRoleBinding"
            } else {
                "ClusterRole"
            };
            let mut document = (*document).to_owned();
            if !bound(&document) {
                let name = document
                    .lines()
                    .find(|l| l.starts_with("  name: "))
                    .expect("a role has a name")
                    .to_owned();
                document = document.replacen(&name, &format!("  name: {named}"), 1);
            }
            let kinds = !document.contains("\nkind: ") && !document.starts_with("kind: ");
            let head = if kinds {
                format!("apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n")
            } else {
                String::new()
            };
            format!("{head}{document}")
        })
        .collect::<Vec<_>>()
        .join("---\n")
}

fn uid(of: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(
        of.parse::<EntityTypeName>().expect("a type"),
        EntityId::new(id),
    )
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

/// What is asked of both: an action on a resource, or on a path.
#[derive(Debug)]
struct Asked {
    action: String,
    group: String,
    resource: String,
    part: Option<String>,
    name: Option<String>,
    path: Option<String>,
}

impl Asked {
    fn ours(&self) -> Request {
        let resource = match &self.path {
            Some(path) => path.clone(),
            None => {
                let group = if self.group.is_empty() {
                    String::new()
                } else {
                    format!(".{}", self.group)
                };
                let part = self
                    .part
                    .as_ref()
                    .map_or_else(String::new, |p| format!("/{p}"));
                format!("{}{group}{part}", self.resource)
            }
        };
        Request {
            action: self.action.clone(),
            resource,
            name: self.name.clone(),
            scope: None,
        }
    }

    fn theirs(&self) -> Entity {
        let mut attributes: HashMap<String, RestrictedExpression> = HashMap::new();
        let mut add = |key: &str, value: &str| {
            attributes.insert(key.to_owned(), text(value));
        };
        let of = if let Some(path) = &self.path {
            add("path", path);
            "k8s::NonResourceURL"
        } else {
            add("apiGroup", &self.group);
            add("resource", &self.resource);
            if let Some(part) = &self.part {
                add("subresource", part);
            }
            if let Some(name) = &self.name {
                add("name", name);
            }
            "k8s::Resource"
        };
        Entity::new(uid(of, "asked"), attributes, HashSet::new()).expect("an entity")
    }
}

/// The subject of Cedar's question, with the groups that it is in.
fn principal(subject: &Subject) -> Vec<Entity> {
    let mut attributes = HashMap::new();
    let mut parents = HashSet::new();
    let of = match subject.kind {
        SubjectKind::Workload => {
            let (namespace, name) = subject.name.split_once('/').expect("a namespace");
            attributes.insert("namespace".to_owned(), text(namespace));
            attributes.insert("name".to_owned(), text(name));
            "k8s::ServiceAccount"
        }
        SubjectKind::User => {
            attributes.insert("name".to_owned(), text(&subject.name));
            "k8s::User"
        }
        SubjectKind::Role => panic!("in Kubernetes nobody is a role"),
        SubjectKind::Group => {
            parents.insert(uid("k8s::Group", &subject.name));
            attributes.insert("name".to_owned(), text("somebody"));
            "k8s::User"
        }
    };
    let mut entities: Vec<Entity> = parents
        .iter()
        .map(|group| Entity::new_no_attrs(group.clone(), HashSet::new()))
        .collect();
    entities.push(Entity::new(uid(of, "asking"), attributes, parents).expect("an entity"));
    entities
}

fn cedar(policies: &PolicySet, subject: &Subject, asked: &Asked) -> bool {
    let mut entities = principal(subject);
    let asking = entities.last().expect("a principal").uid();
    let resource = asked.theirs();
    let request = CedarRequest::new(
        asking,
        uid("k8s::Action", &asked.action),
        resource.uid(),
        Context::empty(),
        None,
    )
    .expect("a request");
    entities.push(resource);
    let entities = Entities::from_entities(entities, None).expect("entities");
    let response = Authorizer::new().is_authorized(&request, policies, &entities);
    assert!(response.diagnostics().errors().next().is_none());
    response.decision() == Decision::Allow
}

/// Every combination of what the roles name, and of something that none names.
fn grid(access: &Access) -> Vec<Asked> {
    let mut actions = BTreeSet::from(["get".to_owned(), "delete".to_owned()]);
    let mut groups = BTreeSet::from([
        String::new(),
        "apps".to_owned(),
        "other.example.com".to_owned(),
    ]);
    let mut resources = BTreeSet::from(["pods".to_owned(), "others".to_owned()]);
    let mut parts = BTreeSet::from([None, Some("status".to_owned()), Some("other".to_owned())]);
    let mut names = BTreeSet::from([None, Some("other".to_owned())]);
    let mut paths = BTreeSet::from(["/".to_owned(), "/other".to_owned()]);
    for rule in access.roles.iter().flat_map(|r| &r.rules) {
        actions.extend(
            rule.reach
                .actions
                .iter()
                .map(|a| a.text.to_string())
                .filter(|a| a != "*"),
        );
        names.extend(rule.reach.names.iter().map(|n| Some(n.text.to_string())));
        for resource in &rule.reach.resources {
            if resource.text.starts_with('/') {
                paths.insert(resource.text.replace('*', "more"));
                continue;
            }
            let (base, part) = match resource.text.split_once('/') {
                Some((base, part)) => (base, Some(part.to_owned())),
                None => (&*resource.text, None),
            };
            let (name, group) = base.split_once('.').unwrap_or((base, ""));
            parts.extend(part.filter(|p| p != "*").map(Some));
            resources.extend(Some(name.to_owned()).filter(|n| n != "*"));
            groups.extend(Some(group.to_owned()).filter(|g| g != "*"));
        }
    }
    let mut grid = Vec::new();
    for action in &actions {
        for group in &groups {
            for resource in &resources {
                for part in &parts {
                    grid.extend(names.iter().map(|name| Asked {
                        action: action.clone(),
                        group: group.clone(),
                        resource: resource.clone(),
                        part: part.clone(),
                        name: name.clone(),
                        path: None,
                    }));
                }
            }
        }
        grid.extend(paths.iter().map(|path| Asked {
            action: action.clone(),
            group: String::new(),
            resource: String::new(),
            part: None,
            name: None,
            path: Some(path.clone()),
        }));
    }
    grid
}

/// Where the two differ, and the reason. `*` is every resource with its parts to Kubernetes (`ResourceMatches`); the policies take it
/// for resources alone. `pods/*` is nothing to Kubernetes but itself; the policies take it for every part of pods. And where a rule
/// names resources with parts and others without, the policies take the latter with all of their parts.
fn known(access: &Access, rows: &[Held<'_>], asked: &Asked, ours: bool) -> bool {
    let mixed = access.roles.iter().flat_map(|r| &r.rules).any(|rule| {
        let parts = |with: bool| {
            let mut all = rule.reach.resources.iter();
            all.any(move |r| r.text.contains('/') == with)
        };
        parts(true) && parts(false)
    });
    let whole = Request {
        resource: asked
            .ours()
            .resource
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        ..asked.ours()
    };
    let through_whole =
        asked.path.is_none() && asked.part.is_some() && rows.iter().any(|row| reaches(row, &whole));
    if !ours && mixed && through_whole {
        return true;
    }
    let request = asked.ours();
    if ours {
        asked.part.is_some()
            && rows.iter().filter(|row| reaches(row, &request)).all(|row| {
                let resource = row.resource_text();
                let base = resource.split('.').next().unwrap_or_default();
                base == "*" && !resource.contains('/')
            })
    } else {
        rows.iter().any(|row| {
            let rule = rule_of(row, Some(row.resource_text().replace("/*", "")));
            let grant = Grant {
                rule: &rule,
                ..row.grant.clone()
            };
            row.resource_text().ends_with("/*") && allows(&grant, &whole)
        })
    }
}

#[test]
fn a_full_grid_of_requests_is_decided_as_the_golden_policies_decide() {
    let Some(corpus) = corpus("rbac/cedar-k8s") else {
        return;
    };
    let mut total = 0;
    let mut allowed = 0;
    let mut differ = 0;
    let mut files = 0;
    let folder = corpus.join("rbac/cedar-k8s/internal/convert/testdata");
    let mut entries: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the data can be listed")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "yaml"))
        .collect();
    entries.sort();
    // Every file of roles has its policies, and the data say so.
    let expectations = corpus.join("rbac/cedar-k8s/expectations.csv");
    let mut expectations = csv::Reader::from_path(expectations).expect("the expectations");
    let expected: Vec<PathBuf> = expectations
        .records()
        .map(|row| corpus.join("rbac/cedar-k8s").join(&row.expect("a row")[0]))
        .collect();
    assert_eq!(entries, expected);
    for path in entries {
        files += 1;
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let access = with_known(read("roles.yaml", &whole(&text)));
        let policies: PolicySet = std::fs::read_to_string(path.with_extension("cedar"))
            .expect("it can be read")
            .parse()
            .expect("it is Cedar");
        let effective = effective(&access);
        assert_eq!(effective.open, [], "{}", path.display());
        // Nobody else is given anything.
        let subject = access.bindings[0].holders[0].subject.clone();
        let [holding] = effective.holdings.as_slice() else {
            panic!("{}: {:?}", path.display(), effective.holdings);
        };
        assert_eq!(holding.subject, subject, "{}", path.display());
        let rows = held(holding);
        for asked in grid(&access) {
            total += 1;
            let request = asked.ours();
            let ours = rows.iter().any(|row| reaches(row, &request));
            let answer = may(holding, &request);
            assert_eq!(ours, answer == Answer::Yes, "{asked:?}: {answer:?}");
            assert_ne!(ours, answer == Answer::No, "{asked:?}: {answer:?}");
            let theirs = cedar(&policies, &subject, &asked);
            allowed += usize::from(ours);
            if ours != theirs {
                differ += 1;
                assert!(
                    known(&access, &rows, &asked, ours),
                    "{}: {asked:?}: ours {ours}, theirs {theirs}",
                    path.display()
                );
            }
        }
    }
    let line = format!(
        "corpus rbac/cedar-k8s: {total} rows, {files} files, {allowed} allowed, {differ} differ for known reasons"
    );
    println!("{line}");
    // Where a run gathers what was tested.
    if let Some(path) = std::env::var_os("ONUS_CORPUS_SUMMARY") {
        let mut options = std::fs::OpenOptions::new();
        let summary = options.append(true).create(true).open(path);
        writeln!(summary.expect("the summary"), "{line}").expect("it can be written");
    }
    assert_eq!(files, 6);
    assert!(total > 3000 && allowed > 100, "{total} {allowed}");
}

/// Every file of the repositories, against what others counted in it.
#[test]
fn all_rules_of_real_repositories_are_read() {
    let Some(folder) = corpus("real") else {
        return;
    };
    let mut facts = csv::Reader::from_path(folder.join("real/file_facts.csv")).expect("the facts");
    let head = facts.headers().expect("a head").clone();
    let column = |name: &str| head.iter().position(|h| h == name).expect("a column");
    let (path, rules, wild) = (
        column("path"),
        column("rbac_rules"),
        column("rbac_wildcard_rules"),
    );
    let (mut files, mut all) = (0, 0);
    for row in facts.records() {
        let row = row.expect("a row");
        let expected: (usize, usize) = (
            row[rules].parse().unwrap_or(0),
            row[wild].parse().unwrap_or(0),
        );
        let Ok(bytes) = std::fs::read(folder.join(&row[path])) else {
            continue;
        };
        let Some(syntax) = Syntax::of(&row[path]) else {
            continue;
        };
        let found = document::read(bytes, syntax, &Limits::default()).map_or((0, 0), |tree| {
            let text = Text::new(&row[path], tree.text());
            let found = onus_inputs::access::of_tree(0, &text, &tree, &Plan::default(), &[]);
            let roles = found.access.roles.iter();
            let rules: Vec<_> = roles
                .filter(|r| r.system.notation == Notation::Kubernetes)
                .flat_map(|r| &r.rules)
                .collect();
            let wild = rules.iter().filter(|rule| {
                let star = |w: &str| w == "*" || w.starts_with("*.") || w == "/*";
                rule.reach.actions.iter().any(|a| star(&a.text))
                    || rule
                        .reach
                        .resources
                        .iter()
                        .any(|r| star(&r.text) || r.text.ends_with(".*"))
            });
            (rules.len(), wild.count())
        });
        assert_eq!(found, expected, "{}", &row[path]);
        files += usize::from(expected.0 > 0);
        all += expected.0;
    }
    println!("real grants: {files} files with rules, {all} rules");
    assert!(files >= 3 && all >= 7, "{files} {all}");
}

/// Names of a small cluster, so that grants meet.
fn small() -> impl Strategy<Value = String> {
    let role = |n: usize, verbs: &str, resources: &str, label: &str| {
        format!(
            "- {{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: r{n}, labels: {{{label}: 'true'}}}}, rules: [{{apiGroups: ['', apps], verbs: [{verbs}], resources: [{resources}]}}]}}\n"
        )
    };
    let verbs = prop_oneof![Just("get"), Just("list"), Just("'*'"), Just("get, list")];
    let resources = prop_oneof![
        Just("pods"),
        Just("pods, secrets"),
        Just("'*'"),
        Just("pods/exec"),
        Just("'*/scale'")
    ];
    let label = prop_oneof![Just("a"), Just("b")];
    let roles = prop::collection::vec((verbs, resources, label), 1..4);
    let subject = prop_oneof![
        Just("{kind: User, name: ann}"),
        Just("{kind: Group, name: ops}"),
        Just("{kind: Group, name: 'system:authenticated'}"),
        Just("{kind: ServiceAccount, name: bot, namespace: one}"),
        Just("{kind: User, name: 'system:serviceaccount:one:bot'}")
    ];
    let bindings = prop::collection::vec((0_usize..5, subject, any::<bool>()), 0..5);
    (roles, bindings, any::<bool>()).prop_map(move |(roles, bindings, turned)| {
        let mut all: Vec<String> = roles
            .iter()
            .enumerate()
            .map(|(n, (v, r, l))| role(n, v, r, l))
            .collect();
        all.push("- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r4}, aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: 'true'}}]}}\n".to_owned());
        for (n, (to, subject, of_cluster)) in bindings.iter().enumerate() {
            let (kind, namespace) = if *of_cluster {
                ("ClusterRoleBinding", "")
            } else {
                ("RoleBinding", ", namespace: one")
            };
            all.push(format!("- {{apiVersion: rbac.authorization.k8s.io/v1, kind: {kind}, metadata: {{name: b{n}{namespace}}}, roleRef: {{apiGroup: x, kind: ClusterRole, name: r{to}}}, subjects: [{subject}]}}\n"));
        }
        if turned {
            all.reverse();
        }
        format!("apiVersion: v1\nkind: List\nitems:\n{}", all.concat())
    })
}

fn told(access: &Access) -> BTreeSet<String> {
    let effective = effective(access);
    let rows = rows(&effective);
    rows.iter().map(|row| format!("{:?}", row.what())).collect()
}

fn is_given(holding: &Holding<'_>, request: &Request) -> bool {
    holding.grants.iter().any(|grant| allows(grant, request))
}

proptest! {
    #[test]
    fn a_tree_and_itself_do_not_differ_and_the_way_back_is_the_way_there(one in small(), other in small()) {
        let (one, other) = (read("a", &one), read("b", &other));
        let (one, other) = (effective(&one), effective(&other));
        prop_assert!(difference(&one, &one).is_empty());
        let (there, back) = (difference(&one, &other), difference(&other, &one));
        prop_assert_eq!(there.gained, back.lost);
        prop_assert_eq!(there.lost, back.gained);
        prop_assert_eq!(there.opened, back.closed);
    }

    #[test]
    fn who_gains_nothing_could_do_it_before(one in small(), other in small()) {
        let (one, other) = (read("a", &one), read("b", &other));
        let (one, other) = (effective(&one), effective(&other));
        let gained = difference(&one, &other).gained;
        let before_rows = rows(&one);
        for row in rows(&other) {
            let told = gained.iter().any(|g| g.what() == row.what());
            let scope = row.grant.scope;
            let request = Request {
                action: row.action.text.to_string(),
                resource: row.resource_text().to_owned(),
                name: row.name.map(|n| n.text.to_string()),
                scope: scope.map(ToString::to_string),
            };
            let before = before_rows.iter().any(|b| {
                b.subject == row.subject && reaches(b, &request) && (scope.is_some() || b.grant.scope.is_none())
            });
            prop_assert_eq!(told, !before, "{:?}", row.what());
        }
    }

    #[test]
    fn the_order_of_objects_never_matters(text in small()) {
        let (head, items) = text.split_once("items:\n").unwrap();
        let mut lines: Vec<&str> = items.lines().collect();
        lines.reverse();
        let turned = format!("{head}items:\n{}\n", lines.join("\n"));
        prop_assert_eq!(told(&read("a", &text)), told(&read("a", &turned)));
    }

    /// Whoever is listed holds it, and whoever holds it is listed: by name, or by a group that everybody of its kind is in.
    #[test]
    fn who_can_and_grants_agree_on_every_pair(text in small(), action in prop_oneof![Just("get"), Just("list"), Just("delete")], resource in prop_oneof![Just("pods"), Just("secrets"), Just("pods/exec"), Just("deployments.apps/scale")]) {
        let access = read("a", &text);
        let effective = effective(&access);
        let request = Request { action: action.to_owned(), resource: resource.to_owned(), name: None, scope: Some("one".to_owned()) };
        let listed: BTreeSet<&Subject> = effective.holdings.iter().filter(|h| may(h, &request) == Answer::Yes).map(|h| &h.subject).collect();
        for holding in &effective.holdings {
            let mut mine = implicit_groups(&holding.subject);
            mine.push(holding.subject.clone());
            let holds = effective.holdings.iter().any(|h| mine.contains(&h.subject) && is_given(h, &request));
            prop_assert_eq!(holds, mine.iter().any(|s| listed.contains(s)), "{:?}", holding.subject);
        }
    }
}
