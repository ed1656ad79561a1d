//! Who may do what in each kind of system that grants are read from, as a user asks it: everything that is held, who can do
//! something, what a change gives and takes, and what is to be reviewed.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::Value;
use support::Folder;

/// A system: its name, its files, and what is asked about them.
type System = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

/// A change: its name, the files, which of them is edited, and what is written over with what.
type Change = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
    &'static str,
);

const CLICKHOUSE: [(&str, &str); 2] = [
    (
        "sql/1_roles.sql",
        "CREATE ROLE reader;
CREATE ROLE analyst;
CREATE USER ann IDENTIFIED WITH sha256_password BY 'secret' HOST IP '10.0.0.0/8';
CREATE USER bot IDENTIFIED WITH no_password;
CREATE USER idle;
CREATE ROLE spare;
",
    ),
    (
        "sql/2_grants.sql",
        "GRANT SELECT ON shop.* TO reader;
REVOKE SELECT ON shop.cards FROM reader;
GRANT reader TO analyst;
GRANT INSERT ON shop.notes TO analyst WITH GRANT OPTION;
GRANT analyst TO ann WITH ADMIN OPTION;
GRANT SELECT(id, total) ON shop.orders TO bot;
GRANT ALTER ON stage*.* TO bot;
GRANT SELECT ON log.* TO spare;
CREATE ROW POLICY mine ON shop.orders USING owner = currentUser() TO reader;
",
    ),
];

const POSTGRESQL: [(&str, &str); 1] = [(
    "db/schema.sql",
    "CREATE ROLE readers NOLOGIN;
CREATE ROLE ann LOGIN PASSWORD 'secret' VALID UNTIL '2027-01-01';
CREATE TABLE shop.orders (id serial, total int);
GRANT readers TO ann;
GRANT SELECT ON TABLE shop.orders TO readers;
GRANT UPDATE (total) ON TABLE shop.orders TO ann WITH GRANT OPTION;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
GRANT DELETE ON TABLE shop.orders TO ann;
REVOKE DELETE ON TABLE shop.orders FROM ann;
",
)];

const USERS: [(&str, &str); 2] = [
    (
        "etc/users.xml",
        "<clickhouse>
  <profiles><default/><readonly><readonly>1</readonly></readonly></profiles>
  <users>
    <default><password></password><networks><ip>::1</ip></networks><profile>default</profile></default>
    <viewer><password_sha256_hex>00</password_sha256_hex><profile>readonly</profile>
      <allow_databases><database>shop</database></allow_databases></viewer>
  </users>
</clickhouse>
",
    ),
    (
        "etc/users.d/more.xml",
        "<clickhouse>
  <users>
    <loader>
      <password_sha256_hex>00</password_sha256_hex>
      <networks><ip>10.1.0.0/16</ip></networks>
      <grants>
        <query>GRANT INSERT ON shop.*</query>
        <query>GRANT ops</query>
      </grants>
    </loader>
  </users>
  <roles>
    <ops><grants><query>GRANT SYSTEM RELOAD CONFIG ON *.*</query></grants></ops>
  </roles>
</clickhouse>
",
    ),
];

const AWS: [(&str, &str); 1] = [(
    "aws/account.json",
    r#"{
  "UserDetailList": [
    {
      "UserName": "ann",
      "Arn": "arn:aws:iam::111111111111:user/ann",
      "GroupList": ["ops"],
      "AttachedManagedPolicies": []
    },
    {
      "UserName": "root-like",
      "Arn": "arn:aws:iam::111111111111:user/root-like",
      "GroupList": [],
      "AttachedManagedPolicies": [
        {"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
      ]
    }
  ],
  "GroupDetailList": [
    {
      "GroupName": "ops",
      "Arn": "arn:aws:iam::111111111111:group/ops",
      "GroupPolicyList": [
        {
          "PolicyName": "backups",
          "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
              {"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": "arn:aws:s3:::backups/*"},
              {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
               "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
              {"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": "*"},
              {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::backups/secret/*"},
              {"Effect": "Deny", "Action": "ec2:*", "Resource": "*",
               "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}
            ]
          }
        }
      ],
      "AttachedManagedPolicies": []
    }
  ],
  "RoleDetailList": [],
  "Policies": []
}
"#,
)];

const GITHUB: [(&str, &str); 3] = [
    (
        ".github/CODEOWNERS",
        "* @shop/everybody\n*.js @shop/web\n/docs/ @ann docs@example.com\n/docs/open/\n",
    ),
    (
        ".github/workflows/release.yml",
        "name: release
on: push
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{run: make}]
  publish:
    runs-on: ubuntu-latest
    environment: production
    permissions:
      contents: write
      id-token: write
    steps: [{run: make publish}]
",
    ),
    (
        "exports/ruleset.json",
        r#"{
  "id": 1,
  "name": "main",
  "target": "branch",
  "enforcement": "active",
  "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
  "rules": [{"type": "deletion"}, {"type": "pull_request", "parameters": {"required_approving_review_count": 1}}],
  "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]
}
"#,
    ),
];

const PARHELIA: [(&str, &str); 2] = [
    (
        "parhelia.toml",
        "[auth.roles]\nadmin = [\"ann\"]\nviewer = [\"bob\", \"eve\"]\nempty = []\n",
    ),
    (
        "roles.toml",
        "[permissions]\nadmin = [\"*\"]\nviewer = [\"session.list\", \"logs.read\"]\n",
    ),
];

/// A system of the user's own: who has which role in a table, what roles may do, who is in which group, who is set up.
const DESK_SCHEMA: &str = r#"@title("Desk") @files("desk/*.csv, desk/*.json, desk/*.yaml") @null("absent")
@objects("[may] $ | [accounts] $ | [user] $ | $[*]")
namespace Desk {
  @access("member") @each("[role][user] $$")
  entity Member = {
    @from("$.user") subject: String,
    @from("$.kind") kind?: String,
    @from("$.role") role: String,
    @from("$.team") scope?: String,
    @from("$.until") @as("text") condition?: String,
  };
  @access("permission") @each("[may] $.may[*]")
  entity Permission = {
    @from("$.role") role: String,
    @from("$.action") action: String,
    @from("$.on") resource?: String,
    @from("$.effect") effect?: String,
    @from("$.grantable") grantable?: Bool,
  };
  @access("membership") @each("[groups] $.groups[*]")
  entity InGroup = { @from("$.who") subject: String, group: String };
  @access("account") @each("[accounts] $.accounts[*]")
  entity Account = { @from("$.who") subject: String, mfa?: Bool };
  action close, open, read appliesTo {
    principal: [Onus::Subject], resource: [Onus::Resource], context: Onus::Grant
  };
}
"#;

const DESK: [(&str, &str); 3] = [
    (
        "desk/members.csv",
        "user,kind,role,team,until\nann,,agent,,\nnight,group,agent,night,\nbob,,lead,day,2027\n",
    ),
    (
        "desk/roles.json",
        "{\"may\": [
  {\"role\": \"agent\", \"action\": \"read\", \"on\": \"*\"},
  {\"role\": \"agent\", \"action\": \"close\", \"on\": \"tickets\"},
  {\"role\": \"lead\", \"action\": \"*\", \"on\": \"*\", \"grantable\": true},
  {\"role\": \"lead\", \"action\": \"close\", \"on\": \"audits\", \"effect\": \"deny\"}
]}
",
    ),
    (
        "desk/people.yaml",
        "accounts:
- {who: ann, mfa: true}
- {who: eve, mfa: false}
groups:
- {who: eve, group: night}
",
    ),
];

/// Runs one after another, with what each says.
fn session(folder: &Folder, runs: &[&str]) -> String {
    let shown: Vec<String> = runs
        .iter()
        .map(|line| {
            let args: Vec<String> = words(line);
            format!("$ onus {line}\n{}", folder.onus(&args).shown())
        })
        .collect();
    shown.join("\n")
}

/// The words of a line; those in quotes are one.
fn words(line: &str) -> Vec<String> {
    line.split('\'')
        .enumerate()
        .flat_map(|(index, part)| {
            if index % 2 == 1 {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(str::to_owned).collect()
            }
        })
        .collect()
}

/// Every system, and what is asked of it.
#[test]
fn each_system_is_read_and_asked_as_a_user_would() {
    let systems: [System; 6] = [
        (
            "clickhouse",
            &CLICKHOUSE,
            &[
                "grants sql",
                "grants sql --format csv",
                "grants sql --subject ann",
                "who-can SELECT shop.orders sql",
                "who-can SELECT shop.cards --in sql",
                "who-can 'SELECT' 'shop.orders(total)' sql",
                "who-can insert shop.notes sql",
                "who-can 'ALTER UPDATE' stage2.raw sql",
                "who-can 'ALTER UPDATE' shop.orders sql",
                "who-can SELECT log.day --in sql",
                "who-can SELECT --in sql",
            ],
        ),
        (
            "postgresql",
            &POSTGRESQL,
            &[
                "grants db",
                "who-can SELECT 'TABLE shop.orders' db",
                "who-can UPDATE 'TABLE shop.orders(total)' db",
                "who-can UPDATE 'TABLE shop.orders' db",
                "who-can DELETE 'TABLE shop.orders' db",
                "who-can USAGE 'SCHEMA shop' --in db",
            ],
        ),
        (
            "users-xml",
            &USERS,
            &[
                "grants etc",
                "grants etc --format json",
                "who-can INSERT shop.orders etc",
                "who-can SELECT shop.orders etc",
                "who-can SELECT other.t etc",
                "who-can 'SYSTEM RELOAD CONFIG' --in etc",
            ],
        ),
        (
            "aws",
            &AWS,
            &[
                "grants aws",
                "grants aws --format csv",
                "grants aws --subject ann --format json",
                "who-can s3:GetObject arn:aws:s3:::backups/a aws",
                "who-can s3:GetObject arn:aws:s3:::backups/secret/a aws",
                "who-can iam:PassRole arn:aws:iam::111111111111:role/x aws",
                "who-can ec2:RunInstances '*' --in aws",
                "who-can iam:CreateUser '*' --in aws",
                "who-can iam:CreateUser --in aws",
            ],
        ),
        (
            "github",
            &GITHUB,
            &[
                "grants .",
                "who-can approve docs/a.md .",
                "who-can approve docs/open/a.md .",
                "who-can approve src/a.rs --in .",
                "who-can approve src/a.js --in .",
                "who-can bypass '~DEFAULT_BRANCH' --in .",
                "who-can read --in .",
            ],
        ),
        (
            "parhelia",
            &PARHELIA,
            &[
                "grants .",
                "grants . --format csv",
                "who-can session.list --in .",
                "who-can secrets.manage --in .",
                "who-can secrets.mange --in .",
                "grants . --subject bob",
                "grants . --scope somewhere",
            ],
        ),
    ];
    for (name, files, runs) in systems {
        let folder = Folder::with(files);
        insta::assert_snapshot!(format!("system-{name}"), session(&folder, runs));
    }
}

#[test]
fn tables_of_the_users_own_are_read_by_a_schema_of_theirs() {
    let folder = Folder::with(&DESK);
    folder.write("ours/desk/schema.cedarschema", DESK_SCHEMA);
    let runs = [
        "grants desk --policies ours",
        "grants desk --policies ours --format json",
        "who-can close tickets desk --policies ours",
        "who-can close tickets desk --policies ours --scope day",
        "who-can close audits --in desk --policies ours --scope day",
        "who-can read --in desk --policies ours",
        "grants diff desk/roles.json desk --policies ours",
        "grants desk",
    ];
    insta::assert_snapshot!("system-desk", session(&folder, &runs));
    // A row that is not understood is told, and nothing is passed over.
    folder.write(
        "desk/more.csv",
        "user,kind,role\njoe,robot,agent\n,,agent\n",
    );
    let run = folder.onus(&["grants", "desk", "--policies", "ours"]);
    assert_eq!(run.code, Some(4), "{}", run.shown());
    for words in ["`robot` is no kind of subject", "it has no `subject`"] {
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}

/// Everything in one folder, as in a repository that has it all.
fn everything() -> Folder {
    let folder = Folder::new();
    let all = [
        &CLICKHOUSE[..],
        &POSTGRESQL[..],
        &USERS[..],
        &AWS[..],
        &GITHUB[..],
        &PARHELIA[..],
    ];
    for (name, text) in all.into_iter().flatten() {
        folder.write(&format!("all/{name}"), text);
    }
    folder
}

#[test]
fn a_name_in_several_systems_and_a_system_by_itself_are_shown() {
    let folder = everything();
    let runs = [
        "grants all --subject ann",
        "grants all --subject parhelia/ann",
        "grants all --subject aws/user:ann --format csv",
        "grants all --subject annn",
        "grants all --system parhelia",
        "grants all --system parhelai",
        "who-can SELECT --in all",
    ];
    insta::assert_snapshot!("several-systems", session(&folder, &runs));
    let json = folder.onus(&["grants", "all", "--format", "json"]).stdout;
    let report: Value = serde_json::from_str(&json).expect("it is JSON");
    let mut systems: Vec<&str> = report["grants"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|g| g["system"].as_str().expect("a name"))
        .collect();
    systems.dedup();
    assert_eq!(
        systems,
        [
            "aws",
            "clickhouse all/etc",
            "clickhouse all/sql",
            "github",
            "parhelia",
            "postgresql"
        ]
    );
}

/// A file, what is changed in it, and what is changed into what.
#[test]
fn a_change_in_any_system_says_who_gains_and_who_loses() {
    let changes: [Change; 9] = [
        (
            "a revoke is gone",
            &CLICKHOUSE,
            "sql/2_grants.sql",
            "REVOKE SELECT ON shop.cards FROM reader;\n",
            "",
        ),
        (
            "an option is gone",
            &CLICKHOUSE,
            "sql/2_grants.sql",
            " WITH ADMIN OPTION",
            "",
        ),
        (
            "a column is added",
            &POSTGRESQL,
            "db/schema.sql",
            "UPDATE (total)",
            "UPDATE (total, id)",
        ),
        (
            "another database is allowed",
            &USERS,
            "etc/users.xml",
            "<database>shop</database>",
            "<database>shop</database><database>stock</database>",
        ),
        (
            "a grant of a role in a file of users is gone",
            &USERS,
            "etc/users.d/more.xml",
            "        <query>GRANT ops</query>\n",
            "",
        ),
        (
            "a denial is gone",
            &AWS,
            "aws/account.json",
            ",\n              {\"Effect\": \"Deny\", \"Action\": \"s3:*\", \"Resource\": \"arn:aws:s3:::backups/secret/*\"}",
            "",
        ),
        (
            "a condition is gone",
            &AWS,
            "aws/account.json",
            ",\n               \"Condition\": {\"Bool\": {\"aws:MultiFactorAuthPresent\": \"true\"}}",
            "",
        ),
        (
            "what was left out is left in",
            &AWS,
            "aws/account.json",
            "\"NotAction\": [\"iam:*\", \"s3:*\"]",
            "\"NotAction\": [\"s3:*\"]",
        ),
        (
            "a role is widened",
            &PARHELIA,
            "roles.toml",
            "\"logs.read\"",
            "\"logs.read\", \"secrets.manage\"",
        ),
    ];
    let mut told = Vec::new();
    for (name, files, path, from, to) in changes {
        let folder = Folder::new();
        for (file, text) in files {
            folder.write(&format!("old/{file}"), text);
            let changed = if *file == path {
                assert!(text.contains(from), "{name}");
                text.replace(from, to)
            } else {
                (*text).to_owned()
            };
            folder.write(&format!("new/{file}"), changed);
        }
        let runs = ["grants diff old new", "grants diff new old --format csv"];
        told.push(format!("== {name}\n{}", session(&folder, &runs)));
    }
    insta::assert_snapshot!("changes", told.join("\n"));
}

#[test]
fn a_review_says_what_is_left_out_and_what_a_grant_hangs_on() {
    let folder = everything();
    let run = folder.onus(&["grants", "all", "--review", "2026-Q3.md"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let sheet = folder.text("2026-Q3.md");
    for (who, words) in [
        ("sql user | ann |", "SELECT shop.* except SELECT shop.cards"),
        (
            "user/ann |",
            "iam:PassRole * if Bool aws:MultiFactorAuthPresent true",
        ),
        ("user/ann |", "but iam:*,s3:*"),
        (
            "user/ann |",
            "arn:aws:s3:::backups/* except s3:* arn:aws:s3:::backups/secret/*",
        ),
        (
            "etc user | default |",
            "ALL *.* except ACCESS MANAGEMENT *.*",
        ),
    ] {
        let said = sheet.lines().any(|l| l.contains(who) && l.contains(words));
        assert!(said, "{who} {words}\n{sheet}");
    }
    folder.write(
        "all/parhelia.toml",
        "[auth.roles]\nadmin = [\"ann\", \"bob\"]\nviewer = [\"eve\"]\n",
    );
    let args = [
        "grants",
        "all",
        "--review",
        "2026-Q4.md",
        "--since",
        "2026-Q3.md",
    ];
    let run = folder.onus(&args);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    insta::assert_snapshot!("review-of-several-systems", folder.text("2026-Q4.md"));
}

/// A statement, and what is said of it.
#[test]
fn a_statement_that_is_not_understood_is_no_answer() {
    let folder = Folder::with(&CLICKHOUSE);
    folder.write(
        "sql/3_more.sql",
        "GRANT SELECT ON shop.* TO ann;\nGRANT SELECT ON TO nobody EXCEPT;\n",
    );
    let runs = [
        "grants sql --subject bot",
        "who-can SELECT shop.notes --in sql",
        "grants diff sql sql",
        "grants sql --review sheet.md",
    ];
    insta::assert_snapshot!("not-understood", session(&folder, &runs));
    for line in &runs[..3] {
        assert_eq!(folder.onus(&words(line)).code, Some(4), "{line}");
    }
    assert_eq!(folder.onus(&words(runs[3])).code, Some(2));
}

#[test]
fn a_slip_in_an_action_is_no_nobody_and_one_system_can_be_asked() {
    let folder = Folder::with(&[
        ("roles.toml", "[permissions]\nadmin = [\"*\"]\n"),
        (
            "k8s.yaml",
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: root}\nroleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: User, name: ann}]\n",
        ),
    ]);
    let slip = folder.onus(&["who-can", "secrets.mange", "--in", "roles.toml"]);
    assert_eq!(slip.code, Some(2), "{}", slip.shown());
    assert!(
        slip.stderr.contains("did you mean `secrets.manage`?"),
        "{}",
        slip.stderr
    );
    // Another system may have any action.
    let other = folder.onus(&["who-can", "secrets.mange"]);
    assert_eq!(other.code, Some(0), "{}", other.shown());
    let one = folder.onus(&["who-can", "secrets.manage", "--system", "parhelia"]);
    assert_eq!(
        one.stdout,
        "parhelia role admin everywhere as admin   roles.toml:2\n",
        "{}",
        one.shown()
    );
}
