use onus_model::extract::Extract;
use onus_model::plan::Dialect;
use onus_model::source::LineIndex;

use super::*;

/// A folder in memory. What is in `out` is out of the repository.
fn assembled(files: &[(&str, &str)], main: &str) -> Result<(Assembled, Extract), Failure> {
    let number = |path: &str| files.iter().position(|(name, _)| *name == path);
    let file = |index: usize| FileId(u32::try_from(index).unwrap());
    let fetch = |path: &str| {
        if path.starts_with("..") {
            return Fetched::Outside;
        }
        if path.ends_with(".secret") {
            return Fetched::Refused(format!("`{path}` is not read: it is ignored"));
        }
        match number(path) {
            Some(index) => Fetched::File(file(index), files[index].1.into(), 0),
            None if files
                .iter()
                .any(|(name, _)| name.starts_with(&format!("{path}/"))) =>
            {
                Fetched::Folder
            }
            None => Fetched::Missing,
        }
    };
    let index = number(main).unwrap();
    let limits = Limits {
        nodes: 2_000,
        ..Limits::default()
    };
    let tree = document::read(files[index].1.into(), Syntax::Yaml, &limits).unwrap();
    let member = Member {
        file: file(index),
        path: main,
        tree: &tree,
        digest: 0,
    };
    let assembled = assemble(member, &fetch, &limits)?;
    let extract = Extract {
        lines: LineIndex::new(assembled.tree.text()),
        parts: assembled.parts.clone(),
        ..Extract::default()
    };
    Ok((assembled, extract))
}

/// The leaves of what a file comes to, each with the line that it stands in.
fn leaves(files: &[(&str, &str)], main: &str) -> Vec<String> {
    let (assembled, extract) = assembled(files, main).unwrap();
    let tree = &assembled.tree;
    let mut lines = Vec::new();
    let mut left: Vec<(String, NodeId)> = Vec::new();
    left.extend(tree.documents().iter().map(|root| (String::new(), *root)));
    while let Some((path, node)) = left.pop() {
        match tree.kind(node) {
            Kind::Scalar => {
                let value = match tree.hole(node) {
                    Some(hole) => {
                        assert!(!hole.unknown);
                        format!("wrong: {}", hole.reason)
                    }
                    None => format!("{:?}", tree.resolve(node, Dialect::Core)),
                };
                let place = extract.place(FileId(0), tree.span(node));
                let name = files[place.file.0 as usize].0;
                lines.push(format!("{path} {value} {name}:{}", place.start.line));
            }
            Kind::Mapping => {
                let entries = tree.entries(node);
                left.extend(entries.map(|e| (format!("{path}/{}", tree.raw(e.key)), e.value)));
            }
            Kind::Sequence => {
                left.extend(tree.items(node).map(|item| (format!("{path}/-"), item)));
            }
        }
    }
    lines.reverse();
    lines
}

const APP: &str = ".platform.app.yaml";

#[test]
fn files_are_taken_in_as_what_is_asked_for() {
    let files = [
        (
            APP,
            "a: !include x.yaml\nb: !include\n  type: string\n  path: s/b.sh\nc: !include {type: binary, path: s/b.sh}\n\
             d: !archive s\ne: !include {type: archive, path: s}\nf: [!include \"x.yaml\", {<<: !include x.yaml, y: 4}]\n",
        ),
        ("x.yaml", "# x\nx: 1\ny: [yes, 2]\n"),
        ("s/b.sh", "\n  set -e\nrun\n"),
    ];
    assert_eq!(
        leaves(&files, APP),
        [
            "/a/x Int(1) x.yaml:2",
            "/a/y/- Text(\"yes\") x.yaml:3",
            "/a/y/- Int(2) x.yaml:3",
            "/b Text(\"\\n  set -e\\nrun\\n\") s/b.sh:2",
            "/c Text(\"CiAgc2V0IC1lCnJ1bgo=\") .platform.app.yaml:5",
            "/d Text(\"s\") .platform.app.yaml:6",
            "/e Text(\"s\") .platform.app.yaml:7",
            "/f/-/x Int(1) x.yaml:2",
            "/f/-/y/- Text(\"yes\") x.yaml:3",
            "/f/-/y/- Int(2) x.yaml:3",
            "/f/-/x Int(1) x.yaml:2",
            "/f/-/y Int(4) .platform.app.yaml:8",
        ]
    );
    let (assembled, _) = assembled(&files, APP).unwrap();
    assert_eq!(assembled.members, BTreeSet::from([FileId(1), FileId(2)]));
}

#[test]
fn paths_start_from_the_application_then_from_the_file_then_from_the_project() {
    let files = [
        (
            ".upsun/config.yaml",
            "applications:\n  api:\n    source: {root: /back}\n    hooks: {build: !include {type: string, path: ../lib/b.sh}}\n    \
             web: !include web.yaml\n  app: !include app.yaml\n  site:\n    hooks: {build: !include {type: string, path: top.sh}}\n",
        ),
        ("lib/b.sh", "lib"),
        (".upsun/web.yaml", "deep: !include deep/d.yaml"),
        ("back/deep/d.yaml", "here"),
        (".upsun/deep/d.yaml", "not here"),
        (".upsun/app.yaml", "deep: !include deep/d.yaml"),
        ("top.sh", "top"),
    ];
    assert_eq!(
        leaves(&files, ".upsun/config.yaml"),
        [
            "/applications/api/source/root Text(\"/back\") .upsun/config.yaml:3",
            "/applications/api/hooks/build Text(\"lib\") lib/b.sh:1",
            "/applications/api/web/deep Text(\"here\") back/deep/d.yaml:1",
            "/applications/app/deep Text(\"not here\") .upsun/deep/d.yaml:1",
            "/applications/site/hooks/build Text(\"top\") top.sh:1",
        ]
    );
}

#[test]
fn what_cannot_be_taken_in_is_wrong_where_it_is_asked_for() {
    let table = [
        ("!include gone.yaml", "there is no `a/gone.yaml`"),
        (
            "!include ../../x.yaml",
            "`../x.yaml` leads out of the repository",
        ),
        ("!include /x.yaml", "`/x.yaml` leads out of the repository"),
        (
            "!include k.secret",
            "`a/k.secret` is not read: it is ignored",
        ),
        ("!include folder", "`a/folder` is no file"),
        ("!archive one.yaml", "`a/one.yaml` is no folder"),
        ("!archive gone", "there is no `a/gone`"),
        (
            "!include several.yaml",
            "there are several documents in `a/several.yaml`",
        ),
        (
            "!include empty.yaml",
            "there is no document in `a/empty.yaml`",
        ),
        ("!include bad.yaml", "`a/bad.yaml` cannot be read: "),
        (
            "!include a.yaml",
            "`a/a.yaml` takes itself in: a/a.yaml, a/a.yaml",
        ),
        (
            "!include {type: text, path: one.yaml}",
            "`text` is nothing that `!include` takes in: `yaml`, `string`, `binary` or `archive`",
        ),
        (
            "!include {type: yaml}",
            "`!include` does not say the path of what it takes in",
        ),
        (
            "!include []",
            "`!include` does not say the path of what it takes in",
        ),
        (
            "!include ''",
            "`!include` does not say the path of what it takes in",
        ),
    ];
    for (value, expect) in table {
        let text = format!("x: 1\ny: {value}\n");
        let files = [
            ("a/a.yaml", text.as_str()),
            ("a/one.yaml", "1"),
            ("a/folder/f", ""),
            ("a/several.yaml", "1\n---\n2\n"),
            ("a/empty.yaml", "# nothing\n"),
            ("a/bad.yaml", "a: [\n"),
        ];
        let told = leaves(&files, "a/a.yaml");
        assert_eq!(told.len(), 2, "{value}: {told:?}");
        let start = format!("/y wrong: {expect}");
        assert!(told[1].starts_with(&start), "{value}: {}", told[1]);
        assert!(told[1].ends_with(" a/a.yaml:2"), "{value}: {}", told[1]);
    }
}

#[test]
fn files_that_take_each_other_in_come_to_an_end() {
    let files = [
        ("a.yaml", "b: !include b.yaml"),
        ("b.yaml", "c: 1\na: !include a.yaml"),
    ];
    assert_eq!(
        leaves(&files, "a.yaml"),
        [
            "/b/c Int(1) b.yaml:1",
            "/b/a wrong: `a.yaml` takes itself in: a.yaml, b.yaml, a.yaml b.yaml:2"
        ]
    );
    // Each takes in the next, deeper than anybody writes.
    let names: Vec<String> = (0..20).map(|n| format!("{n}.yaml")).collect();
    let texts: Vec<String> = (1..=20).map(|n| format!("!include {n}.yaml")).collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .zip(&texts)
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    assert_eq!(
        leaves(&files, "0.yaml"),
        [" wrong: files take each other in more than 16 deep 15.yaml:1"]
    );
    // Each takes in the next twice: what that comes to doubles with every file.
    let texts: Vec<String> = (1..=13)
        .map(|n| format!("- !include {n}.yaml\n- !include {n}.yaml\n"))
        .chain(["1".to_owned()])
        .collect();
    let files: Vec<(&str, &str)> = names
        .iter()
        .zip(&texts)
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    let told = leaves(&files, "0.yaml");
    assert!(told.len() < 4_000);
    assert!(
        told.iter()
            .any(|line| line.contains("comes to more than 2000 nodes"))
    );
}

#[test]
fn what_aliases_stand_for_is_taken_in_once() {
    let files = [
        (
            "a.yaml",
            "a: &a !include b.yaml\nb: *a\nc: {<<: *a, e: 2}\n",
        ),
        ("b.yaml", "d: &d {f: 1}\ne: *d\n"),
    ];
    assert_eq!(
        leaves(&files, "a.yaml"),
        [
            "/a/d/f Int(1) b.yaml:1",
            "/a/e/f Int(1) b.yaml:1",
            "/b/d/f Int(1) b.yaml:1",
            "/b/e/f Int(1) b.yaml:1",
            "/c/d/f Int(1) b.yaml:1",
            "/c/e Int(2) a.yaml:3",
        ]
    );
    // Aliases of what is taken in count as others do.
    let many = format!("[{}]", "1, ".repeat(500));
    let files = [
        ("a.yaml", "- &a !include b.yaml\n- *a\n- *a\n- *a\n- *a\n"),
        ("b.yaml", many.as_str()),
    ];
    let failure = assembled(&files, "a.yaml").unwrap_err();
    assert_eq!(failure.reason, "aliases expand to more than 2000 nodes");
}

#[test]
fn bytes_are_written_in_base64() {
    // RFC 4648, section 10.
    for (text, expect) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(text.as_bytes()), expect);
    }
}
