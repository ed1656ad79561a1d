use std::fmt::Write as _;

use onus_model::access::{Given, Limit, Notation, Rule};
use onus_model::source::LineIndex;

use super::*;
use crate::document::{Limits, Syntax, read};

fn system() -> Arc<System> {
    System::new("clickhouse", Notation::ClickHouse)
}

fn tree(name: &str, text: &str) -> Tree {
    let syntax = Syntax::of(name).unwrap();
    read(text.into(), syntax, &Limits::default()).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// What files come to, by name.
fn merged(files: &[(&str, &str)]) -> Merged {
    let layers: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(file, (name, text))| {
            let tree = tree(name, text);
            layer(file as u32, &Text::new(*name, tree.text()), &tree)
        })
        .collect();
    merge(&system(), &layers)
}

fn main(users: &str) -> Merged {
    let text = format!("<clickhouse>{users}</clickhouse>");
    merged(&[("users.xml", &text)])
}

fn rule(rule: &Rule) -> String {
    let words = |words: &[onus_model::access::Word]| {
        let words: Vec<_> = words.iter().map(|word| &*word.text).collect();
        words.join(", ")
    };
    let mut said = format!(
        "{} on {}",
        words(&rule.reach.actions),
        words(&rule.reach.resources)
    );
    for except in &rule.except {
        write!(
            said,
            " but {} on {}",
            words(&except.actions),
            words(&except.resources)
        )
        .unwrap();
    }
    if !rule.conditions.is_empty() {
        write!(said, " if {}", words(&rule.conditions)).unwrap();
    }
    if rule.grantable {
        said.push_str(" grantable");
    }
    said
}

/// The facts of the accounts in a line each, and their rules.
fn told(merged: &Merged) -> Vec<String> {
    let mut lines = Vec::new();
    for account in &merged.access.accounts {
        let name = &account.subject.name;
        let facts: Vec<_> = account
            .facts
            .iter()
            .map(|(fact, word)| format!("{fact}={}", word.text))
            .collect();
        lines.push(format!("{name}: {}", facts.join(" ")));
    }
    for binding in &merged.access.bindings {
        let Given::Rules(rules) = &binding.given else {
            continue;
        };
        for holder in &binding.holders {
            for given in rules {
                lines.push(format!("{}: {}", holder.subject.name, rule(given)));
            }
        }
    }
    for grant in &merged.grants {
        let (kind, name) = (grant.grantee.kind.name(), &grant.grantee.name);
        lines.push(format!("{kind} {name}: {}", grant.text));
    }
    lines
}

fn messages(merged: &Merged) -> Vec<&str> {
    merged.problems.iter().map(|p| p.message.as_str()).collect()
}

const ALL: &str = "u: ALL on *.* but ACCESS MANAGEMENT on *.* but NAMED COLLECTION ADMIN on *.*";

#[test]
fn paths_say_what_belongs_to_one_server() {
    for path in ["users.xml", "etc/users.yaml", "etc/ch/users.yml"] {
        assert!(is_main(path) && !is_part(path), "{path}");
    }
    for path in ["a/users.d/users.xml", "conf.d/b.yaml"] {
        assert!(is_part(path) && !is_main(path), "{path}");
    }
    for path in [
        "config.d/users.xml",
        "users.d/.x.xml",
        "users.d/x.txt",
        "config.xml",
        "users.d/a/x.xml",
    ] {
        assert!(!is_part(path) && !is_main(path), "{path}");
    }
    assert_eq!(group("etc/clickhouse/users.xml"), "etc/clickhouse");
    assert_eq!(group("etc/clickhouse/users.d/x.xml"), "etc/clickhouse");
    assert_eq!(group("users.d/x.xml"), "");
    assert_eq!(group("users.xml"), "");
}

#[test]
fn users_are_recognised_by_their_shape() {
    let table = [
        (
            "a.xml",
            "<clickhouse><users><a/></users></clickhouse>",
            true,
        ),
        ("a.xml", "<yandex><profiles><a/></profiles></yandex>", true),
        (
            "a.xml",
            "<clickhouse><logger/><users><a/></users></clickhouse>",
            false,
        ),
        ("a.xml", "<clickhouse><users>x</users></clickhouse>", false),
        ("a.xml", "<other><users><a/></users></other>", false),
        ("a.yaml", "users:\n  a:\n    password: ''\n", true),
        ("a.yaml", "users:\n  a:\n    '@remove': 1\n", true),
        ("a.yaml", "profiles:\n  web: {readonly: 1}\n", true),
        ("a.yaml", "users:\n  a: {role: admin}\n", false),
        ("a.yaml", "users: [a, b]\n", false),
        ("a.yaml", "- users\n", false),
        ("a.yaml", "", false),
    ];
    for (name, text, expect) in table {
        assert_eq!(recognise(&tree(name, text)), expect, "{text}");
    }
}

#[test]
fn accounts_say_how_a_user_is_known_and_from_where() {
    let table = [
        ("<password/>", "no_password host=any"),
        ("<password></password><networks/>", "no_password host=none"),
        ("<no_password/>", "no_password host=any"),
        (
            "<password>hunter2</password>",
            "plaintext_password host=any",
        ),
        (
            "<password from_env='PW'/>",
            "plaintext_password password=not known: from_env PW host=any",
        ),
        (
            "<password_sha256_hex>00</password_sha256_hex>",
            "sha256_password host=any",
        ),
        (
            "<password_double_sha1_hex>00</password_double_sha1_hex>",
            "double_sha1_password host=any",
        ),
        (
            "<ssh_keys><ssh_key><base64_key>AA</base64_key></ssh_key></ssh_keys>",
            "ssh_key host=any",
        ),
        ("<ldap><server>s</server></ldap>", "ldap host=any"),
        ("<kerberos/>", "kerberos host=any"),
        (
            "<ssl_certificates><common_name>c</common_name></ssl_certificates>",
            "ssl_certificates host=any",
        ),
        (
            "<http_authentication><server>s</server></http_authentication>",
            "http_authentication host=any",
        ),
        (
            "<auth_methods><a><password>x</password></a><b><kerberos/></b></auth_methods>",
            "plaintext_password authentication=kerberos host=any",
        ),
        (
            "<password>x</password><time_based_one_time_password><secret>S</secret></time_based_one_time_password>",
            "plaintext_password mfa=time_based_one_time_password host=any",
        ),
        (
            "<password/><networks><ip>::/0</ip><host>h</host><host_regexp>^a$</host_regexp><ip>::1</ip></networks>",
            "no_password host=::/0 host=::1 host=host h host=host_regexp ^a$",
        ),
        (
            "<password/><networks incl='nets'/>",
            "no_password host=not known: incl nets",
        ),
        (
            "<password/><quota>q</quota><valid_until>2030-01-01</valid_until>",
            "no_password host=any quota=q valid-until=2030-01-01",
        ),
    ];
    for (inner, expect) in table {
        let merged = main(&format!("<users><u>{inner}</u></users>"));
        assert_eq!(
            told(&merged)[0],
            format!("u: authentication={expect}"),
            "{inner}"
        );
        assert!(
            messages(&merged).is_empty(),
            "{inner}: {:?}",
            messages(&merged)
        );
        let all = format!("{:?}", merged.access);
        assert!(!all.contains("hunter2") && !all.contains("\"S\""), "{all}");
    }
}

#[test]
fn no_layer_keeps_a_secret() {
    let text = "users:\n  u:\n    password: hunter2\n  v:\n    password: {'#text': hunter3}\n";
    let tree = tree("users.yaml", text);
    let layer = layer(0, &Text::new("users.yaml", ""), &tree);
    let all = format!("{layer:?}");
    assert!(!all.contains("hunter"), "{all}");
    assert!(all.contains(clickhouse::SECRET));
}

#[test]
fn users_may_do_everything_but_what_is_kept_back() {
    let table: [(&str, Vec<&str>); 8] = [
        ("", vec![ALL]),
        (
            "<access_management>1</access_management>",
            vec![
                "u: ALL on *.* but NAMED COLLECTION ADMIN on *.* grantable",
                "u: ACCESS MANAGEMENT on *.* grantable",
            ],
        ),
        (
            "<access_management>0</access_management><named_collection_control>true</named_collection_control>",
            vec![
                "u: ALL on *.* but ACCESS MANAGEMENT on *.* but SHOW NAMED COLLECTIONS SECRETS on *.*",
                "u: NAMED COLLECTION ADMIN on *.*",
            ],
        ),
        (
            "<access_management>1</access_management><named_collection_control>1</named_collection_control>\
             <show_named_collections>1</show_named_collections>\
             <show_named_collections_secrets>1</show_named_collections_secrets>",
            vec![
                "u: ALL on *.* grantable",
                "u: ACCESS MANAGEMENT on *.* grantable",
                "u: NAMED COLLECTION ADMIN on *.* grantable",
                "u: SHOW NAMED COLLECTIONS on *.* grantable",
                "u: SHOW NAMED COLLECTIONS SECRETS on *.* grantable",
            ],
        ),
        (
            "<access_management from_env='AM'/>",
            vec![ALL, "u: ACCESS MANAGEMENT on *.* if not known: from_env AM"],
        ),
        (
            "<profile>web</profile><access_management>1</access_management>",
            vec![
                "u: SELECT, SHOW, dictGet on *.* but NAMED COLLECTION ADMIN on *.* if readonly=1 in profile web",
                "u: SHOW ACCESS on *.* if readonly=1 in profile web",
            ],
        ),
        (
            "<profile>child</profile>",
            vec![
                "u: SELECT, SHOW, dictGet, CREATE TEMPORARY TABLE on *.* but ACCESS MANAGEMENT on *.* \
                 but NAMED COLLECTION ADMIN on *.* if readonly=2 in profile child",
            ],
        ),
        ("<profile>after</profile>", vec![ALL]),
    ];
    let profiles = "<profiles><default/><web><readonly>1</readonly></web>\
        <child><profile>web</profile><readonly>2</readonly></child>\
        <after><readonly>1</readonly><profile>open</profile></after>\
        <open><profile>after</profile><readonly>0</readonly></open></profiles>";
    for (inner, expect) in table {
        let text = format!("{profiles}<users><u><password/>{inner}</u></users>");
        let merged = main(&text);
        assert_eq!(told(&merged)[1..], expect, "{inner}");
        assert!(messages(&merged).is_empty(), "{:?}", messages(&merged));
    }
    // What everybody has, the profile `default` takes away from everybody.
    let text = "<profiles><default><readonly>1</readonly></default><rw><readonly>0</readonly></rw></profiles>\
        <users><a><password/></a><b><password/><profile>rw</profile></b></users>";
    let lines = told(&main(text));
    assert_eq!(
        lines[0],
        "a: authentication=no_password host=any readonly=1"
    );
    assert!(
        lines[2].starts_with("a: SELECT, SHOW, dictGet on"),
        "{lines:?}"
    );
    assert!(lines[3].starts_with("b: ALL on *.*"), "{lines:?}");
}

#[test]
fn users_of_some_databases_keep_what_is_of_no_database() {
    let merged = main(
        "<users><u><password/><allow_databases><database>a</database><database>b</database>\
         </allow_databases></u></users>",
    );
    let lines = told(&merged);
    assert_eq!(
        lines[1],
        "u: ALL on a.* but ACCESS MANAGEMENT on a.* but NAMED COLLECTION ADMIN on a.*"
    );
    assert!(lines[2].starts_with("u: ALL on b.* but"));
    assert!(lines[3].contains("KILL QUERY, KILL TRANSACTION") && lines[3].ends_with(" on *.*"));
    assert!(!lines[3].contains("ACCESS MANAGEMENT") && lines.len() == 4);
}

#[test]
fn grants_are_handed_out_as_they_are_written() {
    let merged = main(
        "<users><u><password/><grants><query>GRANT SELECT ON db.*</query>\n<query>GRANT r</query></grants></u>\
         <v><password/><grants/></v></users>\
         <roles><r><grants><query>GRANT SHOW ON *.*</query></grants></r><empty/></roles>",
    );
    assert_eq!(
        told(&merged)[2..],
        [
            "user u: GRANT SELECT ON db.*",
            "user u: GRANT r",
            "role r: GRANT SHOW ON *.*"
        ]
    );
    let roles: Vec<_> = merged.access.roles.iter().map(|r| &*r.name.text).collect();
    assert_eq!(roles, ["r", "empty"]);
    assert!(merged.access.bindings.is_empty());
}

#[test]
fn limits_say_what_they_limit_and_whom() {
    let merged = main(
        "<users><u><password/><profile>web</profile><quota>q</quota><databases><db><t><filter>a = 1</filter></t>\
         <table name='x-y'><filter>0</filter></table></db></databases></u><v><password/></v></users>\
         <profiles><default><max_threads>4</max_threads></default><web><profile>base</profile>\
         <constraints><max_threads><max>8</max><readonly/></max_threads></constraints></web>\
         <base><readonly>2</readonly></base><nobody/></profiles>\
         <quotas><q><interval><duration>3600</duration><queries>100</queries><errors>0</errors></interval>\
         <interval><duration>60</duration></interval></q><nobody/></quotas>",
    );
    let line = |limit: &Limit| {
        let who: Vec<_> = limit.subjects.iter().map(|h| &*h.subject.name).collect();
        let on: Vec<_> = limit.resources.iter().map(|r| &*r.text).collect();
        format!(
            "{} {} [{}] on [{}]: {}",
            limit.kind,
            limit.name.text,
            who.join(" "),
            on.join(" "),
            limit.says
        )
    };
    let lines: Vec<_> = merged.access.limits.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "row policy u [u] on [db.t]: a = 1",
            "row policy u [u] on [db.x-y]: 0",
            "quota q [u] on []: 3600 s: queries=100; 60 s: no limit",
            "settings profile default [u v] on []: max_threads=4",
            "settings profile web [u] on []: profile=base, max_threads max 8 readonly",
            "settings profile base [u] on []: readonly=2",
        ]
    );
}

#[test]
fn what_a_server_would_refuse_or_nobody_can_tell_is_said() {
    let table = [
        (
            "<users><u/></users>",
            "nothing says how `u` is known, which a server refuses",
        ),
        (
            "<users><u><password/><kerberos/></u></users>",
            "`u` is known in two ways, which a server refuses",
        ),
        (
            "<users><u><password/><profile>p</profile></u></users>",
            "`u` has the profile `p`, which is not there",
        ),
        (
            "<users incl='u'/>",
            "what is in `users` is not known: incl u",
        ),
        (
            "<users><u><password/></u><u><password/></u></users>",
            "`u` stands twice in `users`, and only the first is read",
        ),
        (
            "<users><u><password/><access_management>1</access_management>\
             <access_management>0</access_management></u></users>",
            "`access_management` of `u` is set twice to different things, and a server reads the first",
        ),
        (
            "<users><u><password/><grants/><allow_databases/></u></users>",
            "`allow_databases` stands beside `grants`, which a server refuses",
        ),
        (
            "<users><u><password/><grants incl='g'/></u></users>",
            "what is granted to `u` is not known: incl g",
        ),
        (
            "<users><u><password/><show_named_collections_secrets>1</show_named_collections_secrets></u></users>",
            "`show_named_collections_secrets` gives nothing without `named_collection_control`",
        ),
    ];
    for (text, expect) in table {
        assert_eq!(messages(&main(text)), [expect], "{text}");
    }
    // A part alone is merged into a file that is not there.
    let part = merged(&[(
        "users.d/a.xml",
        "<clickhouse><users><u/></users></clickhouse>",
    )]);
    assert!(messages(&part).is_empty());
    let two = merged(&[
        ("users.yaml", "users: {v: {password: ''}}"),
        (
            "users.xml",
            "<clickhouse><users><u><password/></u></users></clickhouse>",
        ),
    ]);
    assert_eq!(
        messages(&two),
        ["a server reads one main file of users, and this is the second"]
    );
    assert_eq!(two.access.accounts.len(), 1);
}

#[test]
fn parts_are_merged_as_a_server_merges_them() {
    let base = "<password>x</password>";
    let u = |inner: &str| format!("<clickhouse><users><u>{inner}</u></users></clickhouse>");
    let nets = |ips: &[&str]| {
        let ips: String = ips.iter().map(|ip| format!("<ip>{ip}</ip>")).collect();
        format!("{base}<networks>{ips}</networks>")
    };
    let part_nets = |attribute: &str, ips: &[&str]| {
        let ips: String = ips.iter().map(|ip| format!("<ip>{ip}</ip>")).collect();
        u(&format!("<networks{attribute}>{ips}</networks>"))
    };
    let known = "authentication=plaintext_password";
    let table: Vec<(String, String, Vec<String>)> = vec![
        // A scalar is overwritten, whatever else stands there stays.
        (
            u(&format!("{base}<quota>a</quota>")),
            u("<quota>b</quota>"),
            vec![format!("u: {known} host=any quota=b")],
        ),
        // An empty one empties it.
        (
            u(base),
            u("<password/>"),
            vec!["u: authentication=no_password host=any".to_owned()],
        ),
        // Repeated elements: the first takes the place of the first, the second is added.
        (
            u(&nets(&["::1", "::2"])),
            part_nets("", &["::3"]),
            vec![format!("u: {known} host=::3 host=::2")],
        ),
        (
            u(&nets(&["::1"])),
            part_nets("", &["::3", "::4"]),
            vec![format!("u: {known} host=::3 host=::4")],
        ),
        // `replace` takes the whole, and `remove` leaves nothing, whatever their value.
        (
            u(&nets(&["::1", "::2"])),
            part_nets(" replace='replace'", &["::3"]),
            vec![format!("u: {known} host=::3")],
        ),
        (
            u(&nets(&["::1"])),
            part_nets(" replace='0'", &[]),
            vec![format!("u: {known} host=none")],
        ),
        (
            u(&nets(&["::1"])),
            u("<networks remove='1'/>"),
            vec![format!("u: {known} host=any")],
        ),
        (
            u(base),
            "<yandex><users><u remove='remove'/><v><password/></v></users></yandex>".to_owned(),
            vec!["v: authentication=no_password host=any".to_owned()],
        ),
        // Of several, one `remove` takes one.
        (
            u(&nets(&["::1", "::2"])),
            u("<networks><ip remove='1'/></networks>"),
            vec![format!("u: {known} host=::2")],
        ),
        // What is not there cannot be removed, and is not added either.
        (
            u(base),
            u("<quota remove='1'/>"),
            vec![format!("u: {known} host=any")],
        ),
        // Other attributes make another element: it is added, and the first one counts.
        (
            u(&format!("{base}<quota k='1'>a</quota>")),
            u("<quota>b</quota>"),
            vec![format!("u: {known} host=any quota=a")],
        ),
        // A value takes away a substitution, and a substitution covers a value.
        (
            u("<password from_env='P'/>"),
            u("<password>y</password>"),
            vec![format!("u: {known} host=any")],
        ),
        (
            u(&format!("{base}<quota>a</quota>")),
            u("<quota from_env='Q'/>"),
            vec![format!("u: {known} host=any quota=not known: from_env Q")],
        ),
        // Both attributes at once are refused, and nothing is done.
        (
            u(&format!("{base}<quota>a</quota>")),
            u("<quota replace='1' remove='1'>b</quota>"),
            vec![format!("u: {known} host=any quota=a")],
        ),
        // Nothing acts on the root.
        (
            u(&format!("{base}<quota>a</quota>")),
            "<clickhouse replace='true'><users/></clickhouse>".to_owned(),
            vec![format!("u: {known} host=any quota=a")],
        ),
    ];
    for (first, part, expect) in table {
        let merged = merged(&[("c/users.d/p.xml", &part), ("c/users.xml", &first)]);
        let accounts = merged.access.accounts.len();
        assert_eq!(told(&merged)[..accounts], expect, "{first}\n{part}");
    }
}

#[test]
fn parts_in_yaml_are_merged_like_parts_in_xml() {
    let first = "<clickhouse><users><u><password>x</password><networks><ip>::1</ip></networks></u></users></clickhouse>";
    let table = [
        (
            "users: {u: {networks: {ip: ['::3', '::4']}}}",
            "host=::3 host=::4",
        ),
        (
            "users: {u: {networks: {'@replace': replace, ip: '::3'}}}",
            "host=::3",
        ),
        ("users: {u: {networks: {'@remove': 1}}}", "host=any"),
        (
            "users: {u: {quota: {'@from_env': Q}}}",
            "host=::1 quota=not known: from_env Q",
        ),
        ("users: {u: {networks: ~}}", "host=::1"),
    ];
    for (part, expect) in table {
        let merged = merged(&[("users.xml", first), ("users.d/p.yaml", part)]);
        let expect = format!("u: authentication=plaintext_password {expect}");
        assert_eq!(told(&merged)[0], expect, "{part}");
    }
}

#[test]
fn parts_come_in_the_order_of_their_paths_and_places_are_of_who_wins() {
    let part = |quota: &str| {
        format!("<clickhouse>\n<users>\n<u>\n\n<quota>{quota}</quota></u></users></clickhouse>")
    };
    let (a, b, c) = (part("a"), part("b"), part("c"));
    let merged = merged(&[
        ("users.d/10.xml", &b),
        ("conf.d/99.xml", &c),
        ("users.d/05.xml", &a),
        (
            "users.xml",
            "<clickhouse>\n<users><u><password/>\n<quota>m</quota></u></users></clickhouse>",
        ),
    ]);
    let account = &merged.access.accounts[0];
    assert_eq!(account.at.file, 3);
    let (_, quota) = account.facts.iter().find(|(n, _)| &**n == "quota").unwrap();
    assert_eq!((&*quota.text, quota.at.file), ("b", 0));
    assert_eq!(LineIndex::new(&b).position(quota.at.span.start).line, 5);
    assert_eq!(b.get(quota.at.span.range()), Some("b"));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    const PIECES: [&str; 20] = [
        "<u>",
        "</u>",
        "<users>",
        "</users>",
        "<profiles>",
        "</profiles>",
        "<profile>u</profile>",
        "<password/>",
        "<password from_env='x'/>",
        "<networks replace='1'>",
        "</networks>",
        "<ip>::1</ip>",
        "<ip remove=''/>",
        "<readonly>1</readonly>",
        "<access_management>1</access_management>",
        "<grants>",
        "</grants>",
        "<query>GRANT</query>",
        "<quotas/>",
        "<databases><d><t><filter>1</filter></t></d></databases>",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn whatever_is_written_is_read_or_refused_and_the_order_given_is_no_matter(
            main in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14),
            part in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14),
        ) {
            let texts = [main, part].map(|p| format!("<clickhouse><users>{}</users></clickhouse>", p.concat()));
            let mut layers = Vec::new();
            for (file, (name, text)) in ["users.xml", "users.d/a.xml"].into_iter().zip(texts).enumerate() {
                if let Ok(tree) = read(text.into_bytes(), Syntax::Xml, &Limits::default()) {
                    layers.push(layer(file as u32, &Text::new(name, tree.text()), &tree));
                }
            }
            let one = merge(&system(), &layers);
            layers.reverse();
            let other = merge(&system(), &layers);
            prop_assert_eq!(one, other);
        }
    }
}
