//! Real files of the formats that checks come with: each is judged or has a reason, and what is counted in them is what others count.
//!
//! The files are read where they lie, in `real` and `gha` of the labelled test data. The counts are those of `real/file_facts.csv`, and
//! those of plain readings here, which know nothing of how Onus reads: lines, a YAML library, the names of elements.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_yaml::Value;
use support::{
    Evaluation, Folder, Report, by_file, corpora, count, data, files_on_disk, onus, records,
    settle, summarise,
};

const CORPORA: [&str; 5] = [
    "awesome-compose",
    "clickhouse-examples",
    "dstack-examples",
    "github-workflows",
    "platformsh-templates",
];

/// A check of our own, which finds whatever uses an action or a workflow.
const USES: &str = r#"
@title("uses") @severity("low") @help("none")
forbid (principal, action == GitHubWorkflows::Action::"run", resource is GitHubWorkflows::Step) when { resource has uses };
@title("uses") @help("none")
forbid (principal, action == GitHubWorkflows::Action::"run", resource is GitHubWorkflows::ActionStep) when { resource has uses };
@title("uses") @help("none")
forbid (principal, action == GitHubWorkflows::Action::"run", resource is GitHubWorkflows::Job) when { resource has uses };
"#;

/// The folder of the real files, and what a single run with all checks says of them.
static JUDGED: LazyLock<Option<(PathBuf, Report)>> = LazyLock::new(|| {
    let real = corpora("real")?.join("real");
    let ours = Folder::with(&[("uses/uses-something/policy.cedar", USES)]);
    let own = ours.path().display().to_string();
    // Without services that need it, every mount of the guest's socket is a finding.
    let mut args = vec!["check", "--all", "--format", "json", "--policies", &own];
    args.extend(["--set", "compose.tee_services=-"]);
    args.extend(CORPORA);
    let report = onus(&real, &args).report();
    Some((real, report))
});

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Whether a path is as a pattern says, whose `*` is any text.
fn is_like(path: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => path == pattern,
        Some((start, rest)) => path.strip_prefix(start).is_some_and(|left| {
            let mut ends = left.char_indices().map(|(i, _)| i).chain([left.len()]);
            ends.any(|i| left.get(i..).is_some_and(|tail| is_like(tail, rest)))
        }),
    }
}

/// Which format a file is of, by the rules of the tool that reads it.
fn format_of(path: &str, text: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let lower = name.to_lowercase();
    if yaml && (name.starts_with("compose") || name.starts_with("docker-compose")) {
        Some("Compose")
    } else if name == "app-compose.json" {
        Some("Dstack")
    } else if yaml && path.contains(".github/workflows/")
        || ["action.yml", "action.yaml"].contains(&name)
    {
        Some("GitHubWorkflows")
    } else if is_like(path, "*.github/dependabot.y*ml") {
        Some("Dependabot")
    } else if name == ".platform.app.yaml" || path.ends_with(".platform/applications.yaml") {
        Some("PlatformshApp")
    } else if path.ends_with(".platform/routes.yaml") {
        Some("PlatformshRoutes")
    } else if path.ends_with(".platform/services.yaml") {
        Some("PlatformshServices")
    } else if lower.split('.').any(|part| part == "dockerfile") {
        Some("Dockerfile")
    } else if name.ends_with(".xml") {
        let elements = elements(text);
        let has = |name: &str| {
            ["clickhouse", "yandex"].iter().any(|root| {
                let path = format!("{root}{name}");
                elements.iter().any(|(element, _)| *element == path)
            })
        };
        if !has("") || has("/keeper_server") {
            None
        } else if has("/users") {
            Some("ClickHouseUsers")
        } else {
            Some("ClickHouseServer")
        }
    } else {
        None
    }
}

#[derive(Debug, Deserialize)]
struct Unjudged {
    files: String,
    number: usize,
    why: String,
}

#[test]
fn every_real_file_is_judged_by_its_format_or_has_a_reason() {
    let Some((real, report)) = &*JUDGED else {
        return;
    };
    let reasons: Vec<Unjudged> = records(&data("real-unjudged.csv"));
    let mut used = vec![0; reasons.len()];
    let judged = by_file(report);
    let mut wrong = Vec::new();
    for corpus in CORPORA {
        let on_disk = files_on_disk(real, corpus);
        let below = format!("{corpus}/");
        let listed: Vec<&str> = report
            .files
            .iter()
            .map(|file| file.path.as_str())
            .filter(|path| path.starts_with(&below) && !path.contains('#'))
            .collect();
        assert_eq!(
            listed,
            on_disk.iter().collect::<Vec<_>>(),
            "one outcome each"
        );
        let (mut of_formats, mut others) = (0, 0);
        for path in &on_disk {
            let file = report.file(path);
            let format = format_of(path, &read(&real.join(path)));
            let types: BTreeSet<&str> = judged
                .get(path.as_str())
                .into_iter()
                .flatten()
                .filter_map(|e| e.target.of.split("::").next())
                .collect();
            let right = file.outcome == "checked" && format.is_none_or(|f| types.contains(f));
            let reason: Vec<usize> = (0..reasons.len())
                .filter(|&i| is_like(path, &reasons[i].files))
                .collect();
            match (right, reason.as_slice()) {
                (true, _) => of_formats += 1,
                (false, [one]) if format.is_none() || reasons[*one].number > 0 => {
                    used[*one] += 1;
                    others += 1;
                }
                _ => wrong.push(format!(
                    "{path}: {} {:?}, {format:?} expected of {types:?}, reasons {reason:?}",
                    file.outcome, file.reason
                )),
            }
        }
        let all = on_disk.len();
        summarise(&format!(
            "files real/{corpus}: {all}, of which {of_formats} judged, {others} with a listed reason"
        ));
    }
    for (reason, used) in reasons.iter().zip(used) {
        let said = reason.number;
        if reason.why.trim().is_empty() || used != said {
            wrong.push(format!("{}: {used} files, listed {said}", reason.files));
        }
    }
    settle(&wrong);
}

/// What is counted, by file and by the name of the fact.
type Counts = BTreeMap<(String, &'static str), u64>;

/// What Onus counts: what a check says of how many things. Without verdicts it is all things that it is asked about.
const ASKED: &[(&str, &str, u64, &[&str])] = &[
    ("compose_services", "compose-no-privileged", 0, &[]),
    ("compose_privileged", "compose-no-privileged", 0, &["fail"]),
    // A name with a variable in it has no digest that anybody could see.
    (
        "compose_images_no_digest",
        "compose-images-pinned",
        0,
        &["fail", "unknown"],
    ),
    ("uses", "uses-something", 0, &["fail"]),
    ("uses", "uses-something", 1, &["fail"]),
    ("uses", "uses-something", 2, &["fail"]),
    ("unpinned", "actions-pinned-by-digest", 0, &["fail"]),
    ("unpinned", "actions-pinned-by-digest", 1, &["fail"]),
    ("unpinned", "actions-pinned-by-digest", 2, &["fail"]),
    ("jobs", "workflow-permissions-stated", 0, &[]),
    ("jobs_unsaid", "workflow-permissions-stated", 0, &["fail"]),
    ("updates", "dependabot-weekly", 0, &[]),
    ("base_images", "dockerfile-images-pinned", 0, &[]),
    ("applications", "platformsh-pinned-runtimes", 0, &[]),
    ("mounts", "platformsh-read-only-root", 0, &[]),
    ("locations", "platformsh-no-scripts-in-uploads", 0, &[]),
    ("variables", "platformsh-no-secrets-in-variables", 0, &[]),
    ("containers", "platformsh-container-size", 0, &[]),
    (
        "containers_without_size",
        "platformsh-container-size",
        0,
        &["fail"],
    ),
    (
        "applications_without_firewall",
        "platformsh-outbound-rules",
        1,
        &["fail"],
    ),
    (
        "applications_without_access",
        "platformsh-ssh-role",
        1,
        &["fail"],
    ),
    ("routes", "platformsh-known-route-types", 0, &[]),
    ("upstreams_without_hsts", "platformsh-hsts", 0, &["fail"]),
    ("services", "platformsh-pinned-services", 0, &[]),
    (
        "services_without_version",
        "platformsh-pinned-services",
        0,
        &["fail"],
    ),
    (
        "http_ports",
        "clickhouse-encrypted-ports-only",
        0,
        &["fail"],
    ),
    ("tcp_ports", "clickhouse-encrypted-ports-only", 1, &["fail"]),
    (
        "interserver_ports",
        "clickhouse-interserver-encrypted",
        0,
        &["fail"],
    ),
    (
        "open_servers",
        "clickhouse-open-only-with-encryption",
        0,
        &["fail"],
    ),
    ("replicas", "clickhouse-clusters-encrypted", 0, &[]),
    (
        "replicas_in_clear",
        "clickhouse-clusters-encrypted",
        0,
        &["fail"],
    ),
    ("users", "clickhouse-users-log-in", 0, &[]),
    (
        "users_empty_password",
        "clickhouse-users-log-in",
        0,
        &["fail"],
    ),
    (
        "users_without_login",
        "clickhouse-users-log-in",
        2,
        &["fail"],
    ),
    (
        "users_password_in_clear",
        "clickhouse-hashed-passwords",
        0,
        &["fail"],
    ),
    (
        "users_from_everywhere",
        "clickhouse-users-from-known-networks",
        0,
        &["fail"],
    ),
    (
        "users_manage_access",
        "clickhouse-few-manage-access",
        0,
        &["fail"],
    ),
    ("profiles", "clickhouse-profiles-hold", 1, &[]),
];

/// What Onus counts in all files.
fn ours(report: &Report) -> Counts {
    let mut counts = Counts::new();
    let mut sockets: BTreeSet<(&str, &str)> = BTreeSet::new();
    for e in &report.evaluations {
        let asked = ASKED.iter().filter(|(_, check, policy, verdicts)| {
            (*check, *policy) == (e.check.as_str(), e.policy)
                && (verdicts.is_empty() || verdicts.contains(&e.verdict.as_str()))
        });
        for (fact, ..) in asked {
            *counts.entry((e.location.file.clone(), *fact)).or_default() += 1;
        }
        if e.verdict == "fail" && mounts_a_socket(e) {
            let service = e.target.id.split("/volumes/").next().unwrap_or_default();
            if sockets.insert((&e.location.file, service)) {
                let fact = (e.location.file.clone(), "compose_sock_mounts");
                *counts.entry(fact).or_default() += 1;
            }
        }
    }
    for file in &report.files {
        for (fact, number) in [
            ("documents", file.documents),
            ("duplicate_keys", file.duplicate_keys),
        ] {
            counts.insert((file.path.clone(), fact), number);
        }
    }
    counts
}

/// Of the mounts that lead to an engine or a guest agent, those that name the socket: `/` leads to it, too.
fn mounts_a_socket(e: &Evaluation) -> bool {
    [
        "compose-no-docker-socket",
        "compose-tee-sockets-where-needed",
    ]
    .contains(&e.check.as_str())
        && e.read
            .iter()
            .any(|read| read.value.as_str().is_some_and(|v| v.contains(".sock")))
}

#[derive(Debug, Deserialize)]
struct FileFacts {
    path: String,
    docs: u64,
    dup_keys: u64,
    compose_services: u64,
    compose_privileged: u64,
    compose_sock_mounts: u64,
    compose_images_no_digest: u64,
}

/// What `file_facts.csv` counts.
fn told(facts: &[FileFacts], counts: &mut Counts) {
    for facts in facts {
        let path = facts.path.trim_start_matches("real/");
        let mut is = |fact, number| counts.insert((path.to_owned(), fact), number);
        is("documents", facts.docs);
        is("duplicate_keys", facts.dup_keys);
        if facts.compose_services > 0 {
            is("compose_services", facts.compose_services);
            is("compose_privileged", facts.compose_privileged);
            is("compose_sock_mounts", facts.compose_sock_mounts);
            is("compose_images_no_digest", facts.compose_images_no_digest);
        }
    }
}

/// What a plain reading of one file counts.
fn plain(path: &str, text: &str) -> BTreeMap<&'static str, u64> {
    match format_of(path, text) {
        Some("GitHubWorkflows") => workflow(text),
        Some("Dependabot") => [("updates", len(&yaml(text)["updates"]))].into(),
        Some("PlatformshApp") if !path.ends_with("applications.yaml") => application(&yaml(text)),
        Some("PlatformshRoutes") => routes(&yaml(text)),
        Some("PlatformshServices") => services(&yaml(text)),
        Some("Dockerfile") => [("base_images", bases(text))].into(),
        Some("ClickHouseServer") => server(&elements(text)),
        Some("ClickHouseUsers") => users(&elements(text)),
        _ => BTreeMap::new(),
    }
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).expect("the file is YAML")
}

fn len(value: &Value) -> u64 {
    match value {
        Value::Sequence(items) => items.len() as u64,
        Value::Mapping(members) => members.len() as u64,
        _ => 0,
    }
}

/// The values of a mapping.
fn values(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_mapping().into_iter().flat_map(|m| m.values())
}

/// How many there are.
fn how_many<T>(items: impl Iterator<Item = T>, is: impl Fn(&T) -> bool) -> u64 {
    items.filter(is).count() as u64
}

/// The words behind `uses:`, line by line.
fn uses(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        let member = line.strip_prefix('-').map_or(line, str::trim_start);
        let value = member.strip_prefix("uses:")?;
        value
            .split(['"', '\'', '#', ' '])
            .find(|word| !word.is_empty())
    })
}

/// Whether what is used can become other code by itself.
fn can_move(used: &str) -> bool {
    let hexadecimal =
        |text: &str, digits| text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit());
    let behind = used.rsplit('@').next().unwrap_or_default();
    !used.starts_with("./")
        && !used.starts_with("$/")
        && !hexadecimal(behind, 40)
        && !hexadecimal(behind.trim_start_matches("sha256:"), 64)
}

fn workflow(text: &str) -> BTreeMap<&'static str, u64> {
    let mut counts: BTreeMap<_, _> = [
        ("uses", how_many(uses(text), |_| true)),
        ("unpinned", how_many(uses(text), |used| can_move(used))),
    ]
    .into();
    let document = yaml(text);
    if document.get("jobs").is_none() {
        return counts;
    }
    let events: BTreeSet<&str> = match &document["on"] {
        Value::String(event) => [event.as_str()].into(),
        Value::Sequence(events) => events.iter().filter_map(Value::as_str).collect(),
        Value::Mapping(events) => events.keys().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    };
    // Who calls it says what it may do, but for what it calls in turn.
    let called = events == ["workflow_call"].into();
    let said = document.get("permissions").is_some();
    let jobs = &document["jobs"];
    counts.insert("jobs", len(jobs));
    let unsaid = how_many(values(jobs), |job| {
        !said && job.get("permissions").is_none() && (!called || job.get("uses").is_some())
    });
    counts.insert("jobs_unsaid", unsaid);
    counts
}

/// The images that a Dockerfile is built from, line by line: neither an earlier stage, nor nothing.
fn bases(text: &str) -> u64 {
    let mut stages = BTreeSet::new();
    let mut bases = 0;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let from = |word: &&str| word.starts_with("--from=");
        match words.as_slice() {
            [first, rest @ ..] if first.eq_ignore_ascii_case("from") => {
                let mut rest = rest.iter().filter(|word| !word.starts_with("--"));
                let image = rest.next().map(|word| word.to_lowercase());
                let known = |image: &String| image == "scratch" || stages.contains(image);
                bases += u64::from(image.is_some_and(|image| !known(&image)));
                stages.extend(rest.nth(1).map(|word| word.to_lowercase()));
            }
            [first, rest @ ..] if first.eq_ignore_ascii_case("copy") => {
                let stage = rest.iter().find(|word| from(word));
                let name = stage.map(|word| word.trim_start_matches("--from=").to_lowercase());
                let is_image = |name: &String| {
                    !stages.contains(name) && !name.chars().all(|c| c.is_ascii_digit())
                };
                bases += u64::from(name.is_some_and(|name| is_image(&name)));
            }
            _ => {}
        }
    }
    bases
}

fn application(app: &Value) -> BTreeMap<&'static str, u64> {
    let containers = || std::iter::once(app).chain(values(&app["workers"]));
    [
        ("applications", 1),
        ("mounts", len(&app["mounts"])),
        ("locations", len(&app["web"]["locations"])),
        ("variables", values(&app["variables"]).map(len).sum()),
        ("containers", how_many(containers(), |_| true)),
        (
            "containers_without_size",
            how_many(containers(), |c| c.get("size").is_none()),
        ),
        (
            "applications_without_firewall",
            u64::from(app.get("firewall").is_none()),
        ),
        (
            "applications_without_access",
            u64::from(app.get("access").is_none()),
        ),
    ]
    .into()
}

fn routes(routes: &Value) -> BTreeMap<&'static str, u64> {
    let unsafe_upstream =
        |route: &&Value| route["type"] == "upstream" && route.get("tls").is_none();
    [
        ("routes", len(routes)),
        (
            "upstreams_without_hsts",
            how_many(values(routes), unsafe_upstream),
        ),
    ]
    .into()
}

fn services(services: &Value) -> BTreeMap<&'static str, u64> {
    let versionless = |service: &&Value| !service["type"].as_str().is_some_and(|t| t.contains(':'));
    [
        ("services", len(services)),
        (
            "services_without_version",
            how_many(values(services), versionless),
        ),
    ]
    .into()
}

/// The elements of an XML file, each by its name below the names of those around it, with the text in it.
fn elements(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<(String, String)> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        if let Some((_, inner)) = open.last_mut() {
            inner.push_str(before.trim());
        }
        let end = if after.starts_with("!--") { "-->" } else { ">" };
        let Some((tag, next)) = after.split_once(end) else {
            break;
        };
        rest = next;
        if tag.starts_with(['!', '?']) {
            continue;
        }
        if tag.starts_with('/') {
            found.extend(open.pop());
            continue;
        }
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next();
        let above = open.last().map(|(path, _)| format!("{path}/"));
        let path = above.unwrap_or_default() + name.unwrap_or_default();
        if tag.ends_with('/') {
            found.push((path, String::new()));
        } else {
            open.push((path, String::new()));
        }
    }
    found
}

/// The texts of the elements of this name below the root.
fn below<'a>(
    elements: &'a [(String, String)],
    name: &'a str,
) -> impl Iterator<Item = &'a str> + Clone {
    elements.iter().filter_map(move |(path, text)| {
        let (_, path) = path.split_once('/')?;
        is_like(path, name).then_some(text.as_str())
    })
}

fn server(elements: &[(String, String)]) -> BTreeMap<&'static str, u64> {
    let number = |name| how_many(below(elements, name), |_| true);
    let (http, tcp) = (number("http_port"), number("tcp_port"));
    let wide = below(elements, "listen_host").any(|host| ["::", "0.0.0.0"].contains(&host));
    let replicas = number("remote_servers/*/shard/replica");
    [
        ("http_ports", http),
        ("tcp_ports", tcp),
        ("interserver_ports", number("interserver_http_port")),
        ("open_servers", u64::from(wide && http + tcp > 0)),
        ("replicas", replicas),
        (
            "replicas_in_clear",
            replicas - number("remote_servers/*/shard/replica/secure"),
        ),
    ]
    .into()
}

/// How a user shows who they are.
const LOGINS: [&str; 12] = [
    "password",
    "password_sha256_hex",
    "password_double_sha1_hex",
    "password_scram_sha256_hex",
    "no_password",
    "ldap",
    "kerberos",
    "ssl_certificates",
    "ssh_keys",
    "http_authentication",
    "jwt",
    "auth_methods",
];

fn users(elements: &[(String, String)]) -> BTreeMap<&'static str, u64> {
    // Each with its own members, and what they hold.
    let mut users: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for (path, text) in elements {
        let mut names = path.splitn(4, '/').skip(1);
        if names.next() == Some("users")
            && let Some(user) = names.next()
        {
            let members = users.entry(user).or_default();
            members.extend(names.next().map(|member| (member, text.as_str())));
        }
    }
    let those = |is: fn(&str, &str) -> bool| {
        how_many(users.values(), |members| {
            members.iter().any(|(name, text)| is(name, text))
        })
    };
    let all = users.len() as u64;
    [
        ("users", all),
        (
            "users_empty_password",
            those(|name, text| name == "password" && text.is_empty()),
        ),
        (
            "users_without_login",
            all - those(|name, _| LOGINS.contains(&name)),
        ),
        (
            "users_password_in_clear",
            those(|name, text| name == "password" && !text.is_empty()),
        ),
        (
            "users_from_everywhere",
            those(|name, text| name == "networks/ip" && text == "::/0"),
        ),
        (
            "users_manage_access",
            those(|name, text| name == "access_management" && text == "1"),
        ),
        ("profiles", {
            let profiles = elements.iter().filter_map(|(path, _)| {
                let mut names = path.split('/').skip(1);
                (names.next() == Some("profiles"))
                    .then(|| names.next())
                    .flatten()
            });
            profiles.collect::<BTreeSet<_>>().len() as u64
        }),
    ]
    .into()
}

#[derive(Debug, Deserialize)]
struct Difference {
    path: String,
    fact: String,
    theirs: u64,
    ours: u64,
    why: String,
}

#[test]
fn counts_in_real_files_what_others_count() {
    let Some((real, report)) = &*JUDGED else {
        return;
    };
    let facts: Vec<FileFacts> = records(&real.join("file_facts.csv"));
    let differences: Vec<Difference> = records(&data("real-formats-differences.csv"));
    let ours = ours(report);
    let mut unused: BTreeSet<usize> = (0..differences.len()).collect();
    let mut all_wrong = Vec::new();
    for corpus in CORPORA {
        let below = format!("{corpus}/");
        let mut theirs = Counts::new();
        told(&facts, &mut theirs);
        theirs.retain(|(path, _), _| path.starts_with(&below));
        for path in files_on_disk(real, corpus) {
            let text = read(&real.join(&path));
            // What an application includes is one.
            for part in text.lines().filter_map(|l| l.strip_prefix("- !include ")) {
                if path.ends_with(".platform/applications.yaml") {
                    let part = Path::new(&path).with_file_name(part.trim());
                    let counted = application(&yaml(&read(&real.join(&part))));
                    let part = part.display().to_string();
                    theirs.extend(
                        counted
                            .into_iter()
                            .map(|(fact, n)| ((part.clone(), fact), n)),
                    );
                }
            }
            let counted = plain(&path, &text);
            theirs.extend(
                counted
                    .into_iter()
                    .map(|(fact, n)| ((path.clone(), fact), n)),
            );
        }

        let mut wrong = Vec::new();
        // Documents in documents stand in no list of files, and neither do files that are none of these formats.
        let known = ours.keys().filter(|(path, fact)| {
            path.starts_with(&below)
                && !path.contains('#')
                && !["documents", "duplicate_keys"].contains(fact)
        });
        let rows: BTreeSet<_> = theirs.keys().chain(known).collect();
        let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for row in &rows {
            let counts = [&theirs, &ours].map(|counts| counts.get(row).copied().unwrap_or(0));
            let sum = sums.entry(row.1).or_default();
            *sum = (sum.0 + counts[0], sum.1 + counts[1]);
            let listed = differences
                .iter()
                .position(|d| (d.path.as_str(), d.fact.as_str()) == (&row.0, row.1));
            let right = match listed {
                None => counts[0] == counts[1],
                Some(index) => {
                    unused.remove(&index);
                    let d = &differences[index];
                    [d.theirs, d.ours] == counts && d.theirs != d.ours && !d.why.trim().is_empty()
                }
            };
            if !right {
                wrong.push(format!(
                    "{} {}: {} counted, ours {}",
                    row.0, row.1, counts[0], counts[1]
                ));
            }
        }
        let sums: Vec<String> = sums
            .into_iter()
            .map(|(fact, (theirs, ours))| match theirs == ours {
                true => format!("{fact} {ours}"),
                false => format!("{fact} {ours} of {theirs}"),
            })
            .collect();
        count(
            &format!("real/{corpus}"),
            rows.len(),
            &wrong,
            &format!(" ({})", sums.join(", ")),
        );
        all_wrong.append(&mut wrong);
    }
    for index in unused {
        all_wrong.push(format!("{:?}: listed, and no such row", differences[index]));
    }
    settle(&all_wrong);
}

#[derive(Debug, Deserialize)]
struct ZizmorRow {
    path: String,
    audit_module: String,
    findings: String,
    test: String,
}

#[derive(Debug, Deserialize)]
struct ZizmorDifference {
    test: String,
    theirs: String,
    ours: String,
    why: String,
}

/// zizmor's audits that ask what checks of ours ask, too.
const AUDITS: [(&str, &[&str]); 2] = [
    ("unpinned-uses", &["actions-pinned-by-digest"]),
    (
        "excessive-permissions",
        &["workflow-permissions-stated", "workflow-permissions-least"],
    ),
];

/// The lines of a label, `error[unpinned-uses]@16;…`, that are of this audit.
fn lines_of(findings: &str, audit: &str) -> BTreeSet<u64> {
    let audit = format!("[{audit}]");
    let of_audit = findings
        .split(';')
        .filter(|finding| finding.contains(&audit));
    of_audit
        .filter_map(|finding| finding.rsplit('@').next()?.parse().ok())
        .collect()
}

/// Lines, as a table has them.
fn joined(lines: &BTreeSet<u64>) -> String {
    let lines: Vec<String> = lines.iter().map(u64::to_string).collect();
    lines.join(" ")
}

/// Where an audit and a check ask the same, they find it in the same lines.
#[test]
fn agrees_with_zizmor_but_for_the_listed_differences() {
    let Some(corpora) = corpora("gha") else {
        return;
    };
    let zizmor = corpora.join("gha/zizmor");
    let rows: Vec<ZizmorRow> = records::<ZizmorRow>(&zizmor.join("expectations.csv"))
        .into_iter()
        .filter(|row| AUDITS.iter().any(|(audit, _)| row.audit_module == *audit))
        .collect();
    let differences: Vec<ZizmorDifference> = records(&data("zizmor-differences.csv"));

    // A workflow is one by where it lies: each is a repository of its own.
    let folder = Folder::new();
    for row in &rows {
        let text = read(&zizmor.join(&row.path));
        folder.write(&laid(&row.path), text);
    }
    let mut args = vec!["check", ".", "--all", "--format", "json"];
    for check in AUDITS.iter().flat_map(|(_, checks)| *checks) {
        args.extend(["--check", check]);
    }
    let report = folder.onus(&args).report();

    let mut wrong = Vec::new();
    let mut unused: BTreeSet<usize> = (0..differences.len()).collect();
    let mut lines = (0, 0);
    for row in &rows {
        let (audit, checks) = AUDITS
            .iter()
            .find(|(audit, _)| row.audit_module == *audit)
            .expect("the rows are of the audits");
        let theirs = lines_of(&row.findings, audit);
        let file = laid(&row.path);
        assert_eq!(report.file(&file).outcome, "checked", "{file}");
        let ours: BTreeSet<u64> = report
            .evaluations
            .iter()
            .filter(|e| {
                e.location.file == file && e.verdict != "pass" && e.verdict != "not-applicable"
            })
            .filter(|e| checks.contains(&e.check.as_str()))
            .map(|e| e.location.line)
            .collect();
        lines.0 += theirs.len();
        lines.1 += theirs.intersection(&ours).count();
        let (theirs, ours) = (joined(&theirs), joined(&ours));
        let right = match differences.iter().position(|d| d.test == row.test) {
            None => theirs == ours,
            Some(index) => {
                unused.remove(&index);
                let d = &differences[index];
                (&d.theirs, &d.ours) == (&theirs, &ours)
                    && theirs != ours
                    && !d.why.trim().is_empty()
            }
        };
        if !right {
            wrong.push(format!(
                "{} ({}): lines {theirs}, ours {ours}",
                row.test, row.path
            ));
        }
    }
    for index in unused {
        wrong.push(format!("{:?}: listed, and no such row", differences[index]));
    }
    let notes = format!(
        " ({} of them listed differences; {} of {} lines are the same)",
        differences.len(),
        lines.1,
        lines.0
    );
    count("gha", rows.len(), &wrong, &notes);
    settle(&wrong);
}

/// Where a file of zizmor's lies in a repository of its own.
fn laid(path: &str) -> String {
    let repository = path.replace('/', "-");
    if path.ends_with("/action.yml") {
        format!("{repository}/action.yml")
    } else {
        format!(
            "{repository}/.github/workflows/{}",
            path.rsplit('/').next().unwrap_or(path)
        )
    }
}
