//! Many grants of five formats: Kubernetes bindings, SQL, IAM, and tables of roles in CSV and JSON.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use onus_engine::{Keep, effective, judge_access};
use onus_model::access::{Permission, Permissions};
use onus_model::check::Severity;
use onus_model::source::{Span, Spanned, Text};
use rayon::prelude::*;

use crate::{found, program, together, vocabulary};

/// A table of who has which role, and one of what each role may do.
const SCHEMA: &str = r#"
@files("members-*.csv") @system("shop")
namespace ShopMembers {
  @access("member") @each("$[*]") entity Member = { subject: String, role: String };
}
@files("members-*.json") @system("shop")
namespace ShopTeams {
  @access("member") @each("$[*]") entity Member = { @from("$.who") subject: String, role: String };
}
@files("roles.json")
namespace Shop {
  @access("role") @each("$.*") entity Role = { @key name: String };
  @access("permission") @each("$[*]") entity Permission in [Role] = { @from("$") action: String, role: Role };
  action act00, act01, act02, act03, act04, act05, act06, act07, act08, act09, act10, act11 appliesTo {
    principal: [Onus::Subject], resource: [Onus::Resource], context: Onus::Grant
  };
}
"#;

const SUBJECTS: usize = 10_000;
const ROLES: usize = 500;
/// Grants in one file.
const A_FILE: usize = 2_000;

/// A small generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        // Constants of Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % below
    }
}

/// One of the files of a run.
#[derive(Clone, Copy)]
enum Kind {
    Roles,
    ClusterRoles,
    Bindings,
    Script,
    Members,
    Teams,
    Users,
}

/// The files of `count` grants, a fifth in each format: the kind, the number among its kind, and how many grants it has.
fn files(count: usize) -> Vec<(Kind, usize, usize)> {
    let mut files = vec![(Kind::Roles, 0, 0), (Kind::ClusterRoles, 0, 0)];
    let fifth = count / 5;
    for (number, from) in (0..fifth).step_by(A_FILE).enumerate() {
        let many = A_FILE.min(fifth - from);
        for kind in [
            Kind::Bindings,
            Kind::Script,
            Kind::Members,
            Kind::Teams,
            Kind::Users,
        ] {
            files.push((kind, number, many));
        }
    }
    files
}

/// The name and the text of a file. It is written when it is read: a run keeps no text that a walk over a disk would not keep.
fn file((kind, number, many): (Kind, usize, usize)) -> (String, String) {
    let mut numbers = Numbers(((kind as u64) << 32) + number as u64 + 7);
    let mut who = || (numbers.next(SUBJECTS), numbers.next(ROLES));
    let mut text = String::new();
    let name = match kind {
        Kind::Roles => {
            text.push('{');
            for role in 0..ROLES {
                let comma = if role == 0 { "" } else { "," };
                let (one, other) = (role % 12, role * 5 % 12);
                let _ = write!(
                    text,
                    "{comma}\n\"role{role:03}\": [\"act{one:02}\", \"act{other:02}\"]"
                );
            }
            text.push_str("\n}\n");
            "roles.json".to_owned()
        }
        Kind::ClusterRoles => {
            for role in 0..ROLES {
                let verb = ["get", "list", "watch", "update", "delete", "create"][role % 6];
                let resource = ["pods", "services", "configmaps", "jobs", "secrets"][role % 5];
                let _ = write!(
                    text,
                    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: role{role:03}}}\nrules:\n- apiGroups: ['']\n  resources: [{resource}]\n  verbs: [get, {verb}]\n---\n"
                );
            }
            "roles.yaml".to_owned()
        }
        Kind::Bindings => {
            for at in 0..many {
                let (subject, role) = who();
                let _ = write!(
                    text,
                    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: b{at}, namespace: ns{}}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: role{role:03}}}\nsubjects:\n- {{kind: User, name: user{subject:05}}}\n---\n",
                    role % 50
                );
            }
            format!("k8s/bindings-{number:03}.yaml")
        }
        Kind::Script => {
            for _ in 0..many {
                let (subject, role) = who();
                let privilege = ["SELECT", "INSERT", "ALTER UPDATE", "TRUNCATE"][role % 4];
                let _ = writeln!(
                    text,
                    "GRANT {privilege} ON db{}.t{role} TO user{subject:05};",
                    role % 20
                );
            }
            format!("db/{number:03}.sql")
        }
        Kind::Members => {
            text.push_str("subject,role\n");
            for _ in 0..many {
                let (subject, role) = who();
                let _ = writeln!(text, "user{subject:05},role{role:03}");
            }
            format!("members-{number:03}.csv")
        }
        Kind::Teams => {
            text.push('[');
            for at in 0..many {
                let (subject, role) = who();
                let comma = if at == 0 { "" } else { "," };
                let _ = write!(
                    text,
                    "{comma}\n{{\"who\": \"user{subject:05}\", \"role\": \"role{role:03}\"}}"
                );
            }
            text.push_str("\n]\n");
            format!("members-{number:03}.json")
        }
        Kind::Users => {
            text.push_str("{\"UserDetailList\": [");
            for at in 0..many {
                let (subject, role) = who();
                let comma = if at == 0 { "" } else { "," };
                let action = [
                    "s3:GetObject",
                    "s3:PutObject",
                    "ec2:RunInstances",
                    "iam:PassRole",
                ][role % 4];
                let _ = write!(
                    text,
                    "{comma}\n{{\"UserName\": \"u{subject:05}\", \"Arn\": \"arn:aws:iam::1:user/user{subject:05}\", \"UserPolicyList\": [{{\"PolicyName\": \"p{role}\", \"PolicyDocument\": {{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"arn:aws:s3:::b{role}/*\"}}]}}}}]}}"
                );
            }
            text.push_str("\n]}\n");
            format!("iam-{number:03}.json")
        }
    };
    (name, text)
}

/// Sixty cells: twelve actions by five roles.
fn matrix() -> Permissions {
    let spanned = |value: String| Spanned {
        value,
        span: Span::default(),
    };
    let roles: Vec<_> = (0..5)
        .map(|role| spanned(format!("role{role:03}")))
        .collect();
    Permissions {
        id: spanned("shop-permissions".to_owned()),
        title: "who may do what in the shop".to_owned(),
        system: spanned("shop".to_owned()),
        severity: Severity::High,
        rows: (0..12)
            .map(|action| Permission {
                label: spanned(format!("action {action}")),
                actions: vec![spanned(format!("act{action:02}"))],
                resources: Vec::new(),
                scope: None,
                cells: roles
                    .iter()
                    .enumerate()
                    .map(|(role, name)| {
                        let yes = role % 12 == action || role * 5 % 12 == action;
                        (
                            name.clone(),
                            Spanned {
                                value: yes,
                                span: Span::default(),
                            },
                        )
                    })
                    .collect(),
            })
            .collect(),
        roles,
        complete: true,
        help: None,
        text: Text::new("shop-permissions.yaml", ""),
    }
}

/// Forty policies: forbids over roles, actions, resources, scopes, names.
fn policies() -> String {
    let mut text = String::from("@title(\"forty\") @severity(\"high\") @help(\"grant less\")\n");
    for n in 0..40 {
        let verb = ["get", "list", "watch", "update", "delete"][n % 5];
        let _ = match n % 4 {
            0 => writeln!(
                text,
                "forbid (principal in Onus::Role::\"kubernetes/role{n:03}\", action == Kubernetes::Action::\"{verb}\", resource == Onus::Resource::\"kubernetes/secrets\");"
            ),
            1 => writeln!(
                text,
                "forbid (principal is Onus::Subject, action == ClickHouse::Action::\"TRUNCATE\", resource is Onus::Resource) when {{ resource.name == \"db{n}.t{n}\" }};"
            ),
            2 => writeln!(
                text,
                "forbid (principal is Onus::Subject, action == AWS::Action::\"iam:PassRole\", resource is Onus::Resource) when {{ principal.name == \"arn:aws:iam::1:user/user{n:05}\" && context.conditions.isEmpty() }};"
            ),
            _ => writeln!(
                text,
                "forbid (principal is Onus::Subject, action in [Shop::Action::\"act{:02}\"], resource) when {{ principal.roles.contains(\"role{n:03}\") }};",
                n % 12
            ),
        };
    }
    text
}

/// Reads, expands and judges.
pub(crate) fn run(count: usize) {
    let files = files(count);
    let schemas = [
        "onus",
        "kubernetes/schema",
        "clickhouse/schema",
        "aws/schema",
    ];
    let mut schemas: Vec<Text> = schemas
        .iter()
        .map(|n| vocabulary(&format!("{n}.cedarschema")))
        .collect();
    schemas.push(Text::new("shop", SCHEMA));
    let program = program(schemas, vec![("forty", policies())], vec![matrix()]);
    let before = Instant::now();
    let bytes = AtomicUsize::new(0);
    let read: Vec<_> = files
        .par_iter()
        .enumerate()
        .map(|(number, what)| {
            let (name, text) = file(*what);
            bytes.fetch_add(text.len(), Ordering::Relaxed);
            let number = u32::try_from(number).expect("few files");
            let found = found(number, &name, text.into_bytes(), &program);
            (name, found)
        })
        .collect();
    let access = together(read);
    let read = before.elapsed();
    let memory = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let of = |name: &str| {
            let line = status.lines().find_map(|l| l.strip_prefix(name));
            let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok());
            kib.unwrap_or(0) / 1024
        };
        (of("VmRSS:"), of("VmHWM:"))
    };
    let after_reading = memory();
    let held = effective(&access);
    let expanded = before.elapsed();
    let after_expanding = memory();
    let grants: usize = held.holdings.iter().map(|h| h.grants.len()).sum();
    let judged = judge_access(&program, &access, &held, &[], Keep::Findings);
    let all = before.elapsed();
    let tally = judged.tally();
    let (now, peak) = memory();
    println!(
        "{count} grants in {:.0} MB: {} subjects hold {grants} rules; read {:.2} s, expanded {:.2} s, judged {:.2} s: {} failed, {} passed, {} distinct questions; {:.2} µs a grant; MiB after reading {after_reading:?}, expanding {after_expanding:?}, judging {now}; peak {peak} MiB",
        bytes.into_inner() as f64 / 1e6,
        held.holdings.len(),
        read.as_secs_f64(),
        (expanded - read).as_secs_f64(),
        (all - expanded).as_secs_f64(),
        tally.fail,
        tally.pass,
        judged.questions(),
        all.as_secs_f64() * 1e6 / count as f64,
    );
}
