use std::fmt::Write as _;

use onus_model::extract::Extract;
use onus_model::source::{FileId, LineIndex};
use proptest::prelude::*;

use super::*;
use crate::document::read;

fn tree(name: &str, text: &str) -> Tree {
    let syntax = Syntax::of(name).unwrap();
    read(text.into(), syntax, &Limits::default()).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// Every server that some files make, each with the leaves of its configuration.
fn all(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let trees: Vec<Tree> = files.iter().map(|(name, text)| tree(name, text)).collect();
    let paths: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let servers = servers(&paths);
    let told = servers.iter().map(|server| {
        let members: Vec<Member<'_>> = server
            .members
            .iter()
            .map(|at| Member {
                file: FileId(u32::try_from(*at).unwrap()),
                path: files[*at].0,
                tree: &trees[*at],
                digest: 0,
            })
            .collect();
        let (tree, parts) = assemble(&members, server.has_main, &Limits::default()).unwrap();
        assert!(tree.duplicates().is_empty());
        let extract = Extract {
            lines: LineIndex::new(tree.text()),
            parts,
            ..Extract::default()
        };
        let mut lines = Vec::new();
        leaves(&tree, tree.documents()[0], "", &mut |path, key, node| {
            let value = match tree.hole(node) {
                Some(hole) if hole.unknown => format!("unknown: {}", hole.reason),
                Some(hole) => format!("wrong: {}", hole.reason),
                None => tree.raw(node).to_owned(),
            };
            let place = extract.place(FileId(0), tree.span(node));
            let (name, text) = files[place.file.0 as usize];
            let line = text.lines().nth(place.start.line as usize - 1).unwrap();
            if !value.is_empty() && tree.hole(node).is_none() {
                assert_eq!(text.get(place.span.range()), Some(value.as_str()), "{path}");
                let column = place.start.column as usize - 1;
                let there: String = line.chars().skip(column).collect();
                assert!(there.starts_with(value.lines().next().unwrap()), "{path}");
            }
            let key = extract.place(FileId(0), tree.span(key));
            assert!(
                path.contains('@') || path.contains('#') || key.file == place.file,
                "{path}"
            );
            lines.push(format!("{path}={value} {name}:{}", place.start.line));
        });
        lines
    });
    told.collect()
}

/// The leaves of the one server that some files make.
fn one(files: &[(&str, &str)]) -> Vec<String> {
    let mut all = all(files);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn leaves(tree: &Tree, node: NodeId, path: &str, tell: &mut dyn FnMut(&str, NodeId, NodeId)) {
    for entry in tree.entries(node) {
        let path = format!("{path}/{}", tree.raw(entry.key));
        match tree.kind(entry.value) {
            Kind::Scalar => tell(&path, entry.key, entry.value),
            Kind::Mapping => leaves(tree, entry.value, &path, tell),
            Kind::Sequence => panic!("there are no lists: {path}"),
        }
    }
}

#[test]
fn a_main_file_has_the_parts_beside_it_and_other_parts_have_each_other() {
    let paths = [
        "a/config.xml",
        "a/config.d/z.yaml",
        "a/config.d/b.xml",
        "a/config.d/.hidden.xml",
        "a/conf.d/y.xml",
        "a/users.xml",
        "a/users.d/x.xml",
        "a/other.d/x.xml",
        "b/conf.d/2.xml",
        "b/config.d/1.xml",
        "b/config.d/deep/3.xml",
        "c.yaml",
    ];
    let told: Vec<String> = servers(&paths)
        .iter()
        .map(|server| {
            let names = server.members.iter().map(|at| paths[*at]);
            let start = if server.has_main { "" } else { "parts: " };
            format!("{start}{}", names.collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "a/config.xml a/conf.d/y.xml a/config.d/b.xml a/config.d/z.yaml",
            "a/users.xml a/conf.d/y.xml a/users.d/x.xml",
            // A folder in `config.d` is none of the server's.
            "b/config.d/deep/3.xml",
            "c.yaml",
            "parts: a/other.d/x.xml",
            "parts: b/conf.d/2.xml b/config.d/1.xml",
        ]
    );
}

#[test]
fn the_main_file_of_a_part_is_beside_its_folder() {
    let config = ["a/config.xml", "a/config.yaml", "a/config.yml"];
    assert_eq!(mains("a/config.d/x.xml"), config);
    assert_eq!(mains("conf.d/x.xml").len(), 9);
    assert!(mains("a/config.xml").is_empty());
}

#[test]
fn a_file_is_ours_by_its_root() {
    for (name, text, ours) in [
        ("a.xml", "<clickhouse><a/></clickhouse>", true),
        ("a.xml", "<yandex/>", true),
        ("a.xml", "<!-- nothing -->", true),
        ("a.xml", "<project><a/></project>", false),
        ("a.xml", "<project/>", false),
        ("a.yaml", "a: 1", true),
        ("a.yaml", "# nothing", true),
        ("a.yaml", "- a", false),
    ] {
        assert_eq!(is_ours(&tree(name, text)), ours, "{text}");
    }
}

#[test]
fn parts_are_merged_element_by_element_and_the_last_word_is_where_it_stands() {
    let main = "<clickhouse>\n<a>1</a>\n<b><c>2</c><d>3</d></b>\n</clickhouse>";
    let table: [(&str, &str, &[&str]); 12] = [
        (
            "<yandex><a>4</a></yandex>",
            "a: 4",
            &["/a=4 P:1", "/b/c=2 M:3", "/b/d=3 M:3"],
        ),
        (
            "<yandex><b><d>5</d><e>6</e></b></yandex>",
            "b: {d: 5, e: 6}",
            &["/a=1 M:2", "/b/c=2 M:3", "/b/d=5 P:1", "/b/e=6 P:1"],
        ),
        (
            "<yandex><b replace='1'><e>6</e></b></yandex>",
            "b: {'@replace': 1, e: 6}",
            &["/a=1 M:2", "/b/e=6 P:1"],
        ),
        (
            "<yandex><b replace='replace'/></yandex>",
            "b: {'@replace': replace}",
            &["/a=1 M:2", "/b= P:1"],
        ),
        // The value of the order says nothing.
        (
            "<yandex><b remove='0'/></yandex>",
            "b: {'@remove': 0}",
            &["/a=1 M:2"],
        ),
        (
            "<yandex><b><c remove='remove'/></b><x remove='1'>7</x></yandex>",
            "b: {c: {'@remove': 1}}\nx: {'@remove': 1, '#text': 7}",
            &["/a=1 M:2", "/b/d=3 M:3"],
        ),
        // What is new is there without what it removes in itself.
        (
            "<yandex><x><y remove='1'>8</y><z>9</z></x></yandex>",
            "x: {y: {'@remove': 1, '#text': 8}, z: 9}",
            &["/a=1 M:2", "/b/c=2 M:3", "/b/d=3 M:3", "/x/z=9 P:1"],
        ),
        // Attributes tell elements apart.
        (
            "<yandex><a k='v'>4</a></yandex>",
            "a: {'@k': v, '#text': 4}",
            &[
                "/a=1 M:2",
                "/b/c=2 M:3",
                "/b/d=3 M:3",
                "/a/@k=v P:1",
                "/a/#text=4 P:1",
            ],
        ),
        // Each of a name takes the place of the next that is there.
        (
            "<yandex><a>4</a><a>5</a></yandex>",
            "a: [4, 5]",
            &["/a=4 P:1", "/b/c=2 M:3", "/b/d=3 M:3", "/a=5 P:1"],
        ),
        (
            "<yandex><a>4</a><a replace='1'>5</a></yandex>",
            "a: [4, {'@replace': 1, '#text': 5}]",
            &["/a=4 P:1", "/b/c=2 M:3", "/b/d=3 M:3", "/a=5 P:1"],
        ),
        // What is left of a mapping stands where the rest of it went.
        (
            "<yandex><b>4<c remove='1'/><d remove='1'/></b></yandex>",
            "b: {'#text': 4, c: {'@remove': 1}, d: {'@remove': 1}}",
            &["/a=1 M:2", "/b=4 P:1"],
        ),
        // A text that was there goes.
        (
            "<yandex><a/></yandex>",
            "a:",
            &["/a= P:1", "/b/c=2 M:3", "/b/d=3 M:3"],
        ),
    ];
    for (xml, yaml, expect) in table {
        for (part, text) in [("config.d/p.xml", xml), ("config.d/p.yaml", yaml)] {
            let expect: Vec<String> = expect
                .iter()
                .map(|line| {
                    let line = line.replace(" M:", " config.xml:");
                    line.replace(" P:", &format!(" {part}:"))
                })
                .collect();
            // Where what is in a mapping stands in another line.
            let flat = |lines: Vec<String>| -> Vec<String> {
                let lines = lines.into_iter();
                let place = |line: &str| line.rsplit_once(':').unwrap().0.to_owned();
                lines
                    .map(|line| {
                        if line.contains("config.d") {
                            place(&line)
                        } else {
                            line
                        }
                    })
                    .collect()
            };
            let told = one(&[("config.xml", main), (part, text)]);
            assert_eq!(flat(told), flat(expect), "{text}");
        }
    }
}

#[test]
fn parts_are_merged_in_the_order_of_their_paths() {
    let part = |value: u8| format!("<clickhouse><a>{value}</a></clickhouse>");
    let texts = [part(1), part(2), part(3), part(4)];
    let mut files = vec![
        ("s/config.xml", texts[0].as_str()),
        ("s/conf.d/z.xml", texts[1].as_str()),
        ("s/config.d/a.xml", texts[2].as_str()),
        ("s/config.d/b.yaml", "a: 5"),
    ];
    assert_eq!(one(&files), ["/a=5 s/config.d/b.yaml:1"]);
    files.reverse();
    assert_eq!(one(&files), ["/a=5 s/config.d/b.yaml:1"]);
    files.remove(0);
    assert_eq!(one(&files), ["/a=3 s/config.d/a.xml:1"]);
    files.remove(0);
    assert_eq!(one(&files), ["/a=2 s/conf.d/z.xml:1"]);
}

#[test]
fn parts_without_a_main_file_are_merged_and_remove_nothing_that_is_not_there() {
    let told = one(&[
        (
            "config.d/1.xml",
            "<clickhouse><a>1</a><x remove='1'/></clickhouse>",
        ),
        ("config.d/2.yaml", "a: {'@replace': 1, b: 2}"),
    ]);
    assert_eq!(told, ["/a/b=2 config.d/2.yaml:1"]);
}

#[test]
fn nothing_acts_in_a_main_file() {
    let told = one(&[(
        "config.xml",
        "<clickhouse replace='1'>\n<a remove='1'>1</a><b replace='1'>2</b></clickhouse>",
    )]);
    assert_eq!(told, ["/a=1 config.xml:2", "/b=2 config.xml:2"]);
}

#[test]
fn every_element_of_a_name_is_a_member_and_stands_in_its_own_line() {
    let told = one(&[(
        "config.xml",
        "<clickhouse>\n<h>1</h>\n<s><r>2</r></s>\n<h>3</h>\n<s\n a='4'><r/>\n</s></clickhouse>",
    )]);
    assert_eq!(
        told,
        [
            "/h=1 config.xml:2",
            "/h=3 config.xml:4",
            "/s/r=2 config.xml:3",
            "/s/@a=4 config.xml:6",
            "/s/r= config.xml:6",
        ]
    );
    let tree = tree(
        "config.xml",
        "<clickhouse><s><a/></s><s><!-- <s> --><b/></s></clickhouse>",
    );
    let reader = Reader {
        file: 0,
        tree: &tree,
        secrets: true,
    };
    let root = reader.root(root(&tree).unwrap().0);
    let names: Vec<u32> = root.all("s").map(|s| s.name.at.span.start).collect();
    assert_eq!(names, [13, 24]);
}

#[test]
fn what_only_the_server_will_know_is_not_known() {
    let env = "unknown: `from_env` of `E` takes it from the environment when the server starts";
    let incl = "unknown: `incl` of `i` takes it from another file when the server starts";
    let zk = "unknown: `from_zk` of `/z` takes it from ZooKeeper when the server starts";
    let table: [(&str, Vec<String>); 9] = [
        ("<a from_env='E'/>", vec![format!("/a={env}")]),
        (
            "<a incl='i' optional='1'><b>1</b></a>",
            vec![format!("/a={incl}")],
        ),
        (
            "<a from_zk='/z' replace='1'><b>1</b></a>",
            vec![format!("/a={zk}")],
        ),
        ("<a from_env='E'>text</a>", vec![format!("/a={env}")]),
        // It is appended to what is there.
        (
            "<a incl='i'><b>1</b></a>",
            vec![format!("/a/@incl={incl}"), "/a/b=1".to_owned()],
        ),
        (
            "<include from_zk='/z'/><b>1</b>",
            vec![format!("/include={zk}"), "/b=1".to_owned()],
        ),
        (
            "<a encrypted_by='K'>00</a>",
            vec!["/a=unknown: it is encrypted by `K`".to_owned()],
        ),
        (
            "<a hide_in_preprocessed='1'>2</a>",
            vec![
                "/a/@hide_in_preprocessed=1".to_owned(),
                "/a/#text=2".to_owned(),
            ],
        ),
        ("<a include='1'/>", vec!["/a/@include=1".to_owned()]),
    ];
    for (inner, expect) in table {
        let told = one(&[("config.xml", &format!("<clickhouse>{inner}</clickhouse>"))]);
        let expect: Vec<String> = expect.iter().map(|e| format!("{e} config.xml:1")).collect();
        assert_eq!(told, expect, "{inner}");
    }
    // Who says what stands there needs nothing from elsewhere.
    let told = one(&[
        ("config.xml", "<clickhouse><a from_env='E'/></clickhouse>"),
        ("conf.d/p.xml", "<clickhouse><a>1</a></clickhouse>"),
    ]);
    assert_eq!(told, ["/a=1 conf.d/p.xml:1"]);
}

#[test]
fn an_element_that_may_have_more_than_is_known_is_open() {
    let text = "<clickhouse><a incl='i'><b/></a><c><include from_zk='z'/></c><d/></clickhouse>";
    let tree = tree("config.xml", text);
    let member = Member {
        file: FileId(0),
        path: "config.xml",
        tree: &tree,
        digest: 0,
    };
    let (whole, _) = assemble(&[member], true, &Limits::default()).unwrap();
    let top = whole.documents()[0];
    let open: Vec<bool> = whole
        .entries(top)
        .map(|e| whole.open(e.value).is_some())
        .collect();
    assert_eq!(open, [true, true, false]);
    assert!(whole.open(top).is_none());
}

#[test]
fn what_a_server_refuses_is_wrong_where_it_stands() {
    let told = one(&[
        ("config.xml", "<clickhouse><a>1</a></clickhouse>"),
        ("conf.d/p.yaml", "b: 2\na: {'@remove': 1, '@replace': 1}"),
    ]);
    let wrong = "/a=wrong: `a` has both `remove` and `replace`, which a server refuses";
    assert_eq!(
        told,
        [&format!("{wrong} conf.d/p.yaml:2"), "/b=2 conf.d/p.yaml:1"]
    );
}

/// A configuration in which no name stands twice, and what it says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
struct Plain {
    text: Option<String>,
    order: Option<&'static str>,
    members: BTreeMap<&'static str, Plain>,
}

impl Plain {
    /// What a server makes of it and a part, told from the documentation without a look at positions.
    fn with(mut self, part: &Self) -> Self {
        self.text.clone_from(&part.text);
        for (name, member) in &part.members {
            match (member.order, self.members.remove(name)) {
                (Some("remove"), _) => {}
                (Some(_), Some(_)) => {
                    self.members.insert(name, member.clone());
                }
                (None, Some(before)) => {
                    self.members.insert(name, before.with(member));
                }
                (_, None) => {
                    self.members.insert(name, member.clone().appended());
                }
            }
        }
        self
    }

    fn appended(mut self) -> Self {
        self.members
            .retain(|_, member| member.order != Some("remove"));
        let members = std::mem::take(&mut self.members).into_iter();
        self.members = members
            .map(|(name, member)| (name, member.appended()))
            .collect();
        self
    }

    fn leaves(&self, path: &str, lines: &mut Vec<String>) {
        if self.members.is_empty() {
            lines.push(format!(
                "{path}={}",
                self.text.as_deref().unwrap_or_default()
            ));
            return;
        }
        for (name, member) in &self.members {
            member.leaves(&format!("{path}/{name}"), lines);
        }
        if let Some(text) = &self.text {
            lines.push(format!("{path}/#text={text}"));
        }
    }

    fn xml(&self, name: &str) -> String {
        let order = self.order.map_or(String::new(), |o| format!(" {o}=\"1\""));
        let mut text = format!("<{name}{order}>\n");
        for (name, member) in &self.members {
            text.push_str(&member.xml(name));
        }
        let _ = writeln!(
            text,
            "{}</{name}>",
            self.text.as_deref().unwrap_or_default()
        );
        text
    }

    fn yaml(&self) -> String {
        let mut members: Vec<String> = Vec::new();
        members.extend(self.order.map(|o| format!("\"@{o}\": 1")));
        members.extend(self.text.iter().map(|t| format!("\"#text\": {t}")));
        members.extend(
            self.members
                .iter()
                .map(|(n, m)| format!("{n}: {}", m.yaml())),
        );
        format!("{{{}}}", members.join(", "))
    }
}

fn plain() -> impl Strategy<Value = Plain> {
    let text = || prop::option::of("[a-z]{1,3}");
    let order =
        || prop_oneof![3 => Just(None), 1 => Just(Some("replace")), 1 => Just(Some("remove"))];
    let leaf = (text(), order()).prop_map(|(text, order)| Plain {
        text,
        order,
        ..Plain::default()
    });
    let names = || prop::sample::select(vec!["p", "q", "r", "s"]);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        (
            prop::option::weighted(0.1, "[a-z]{1,3}"),
            order(),
            prop::collection::btree_map(names(), inner, 0..4),
        )
            .prop_map(|(text, order, members)| Plain {
                text,
                order,
                members,
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn files_come_to_what_the_documentation_says(
        layers in prop::collection::vec((plain(), any::<bool>()), 1..5),
        rotate in 0..5usize,
    ) {
        let mut files: Vec<(String, String)> = Vec::new();
        for (number, (layer, xml)) in layers.iter().enumerate() {
            let ending = if *xml { "xml" } else { "yaml" };
            let name = match number {
                0 => format!("config.{ending}"),
                _ => format!("config.d/{number}.{ending}"),
            };
            let root = Plain { text: None, order: None, members: layer.members.clone() };
            let text = if *xml { root.xml("clickhouse") } else { root.yaml() };
            files.push((name, text));
        }
        let mut whole = Plain { members: layers[0].0.members.clone(), ..Plain::default() };
        for (layer, _) in layers.iter().skip(1) {
            whole = whole.with(&Plain { text: None, order: None, members: layer.members.clone() });
        }
        let mut expect = Vec::new();
        if !whole.members.is_empty() {
            whole.leaves("", &mut expect);
        }
        let by = rotate % files.len();
        files.rotate_left(by);
        let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        let mut told: Vec<String> = one(&files)
            .iter()
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect();
        told.sort();
        expect.sort();
        prop_assert_eq!(told, expect);
    }
}
