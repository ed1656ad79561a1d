use proptest::prelude::*;

use super::super::{FailureKind, Kind, Limits, NodeId, Syntax, Tree, read};

/// A node in short: a mapping's members without those that say nothing here, a scalar with its place where that is written otherwise.
fn told(tree: &Tree, node: NodeId, leave: &[&str]) -> String {
    match tree.kind(node) {
        Kind::Scalar => {
            let value = tree.raw(node);
            let open = if tree.is_open(node) { "?" } else { "" };
            let at = tree.text().get(tree.span(node).range()).unwrap();
            if at == value {
                format!("{value}{open}")
            } else {
                format!("{value}{open} ({at})")
            }
        }
        Kind::Sequence => {
            let items: Vec<_> = tree.items(node).map(|i| told(tree, i, leave)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Mapping => {
            let entries = tree
                .entries(node)
                .filter(|entry| !leave.contains(&tree.raw(entry.key)))
                .map(|entry| {
                    format!(
                        "{}: {}",
                        tree.raw(entry.key),
                        told(tree, entry.value, leave)
                    )
                });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn dockerfile(text: &str) -> Tree {
    match read(text.into(), Syntax::Dockerfile, &Limits::default()) {
        Ok(tree) => tree,
        Err(failure) => panic!("{text}: {failure:?}"),
    }
}

/// The only document.
fn whole(text: &str, leave: &[&str]) -> String {
    let tree = dockerfile(text);
    let root = *tree.documents().first().unwrap();
    told(&tree, root, leave)
}

/// The instructions of the first stage.
fn instructions(text: &str, leave: &[&str]) -> Vec<String> {
    let tree = dockerfile(&format!("FROM a\n{text}"));
    let root = *tree.documents().first().unwrap();
    let stages = tree.get(root, "stages").unwrap().value;
    let stage = tree.items(stages).next().unwrap();
    let list = tree.get(stage, "instructions").unwrap().value;
    tree.items(list).map(|i| told(&tree, i, leave)).collect()
}

#[test]
fn a_file_is_its_stages() {
    let text = "# syntax=docker/dockerfile:1
ARG V=1.2 BASE
ARG IMAGE=app:$V

from --platform=$BUILDPLATFORM ${IMAGE}-slim AS build
RUN make
FROM scratch
FROM Build AS last
FROM $BASE
";
    let leave = ["words", "commands", "text", "form"];
    assert_eq!(
        whole(text, &leave),
        "{args: [{name: V, default: 1.2}, {name: BASE}, {name: IMAGE, default: app:$V}], stages: [\
         {image: app:1.2-slim (${IMAGE}-slim), source: image (${IMAGE}-slim), name: build, \
         platform: $BUILDPLATFORM (--platform=$BUILDPLATFORM), \
         instructions: [{instruction: RUN, arguments: [make]}]}, \
         {image: scratch, source: scratch, instructions: []}, \
         {image: Build, source: stage (Build), name: last, instructions: []}, \
         {image: $BASE?, source: image ($BASE), instructions: []}]}"
    );
    for text in ["", "# nothing\n", "\n\n", "# escape=`"] {
        assert!(dockerfile(text).documents().is_empty(), "{text:?}");
    }
}

#[test]
fn instructions_have_arguments_of_their_kind() {
    let leave = ["commands", "words"];
    let table: [(&str, &str); 15] = [
        (
            "run --mount=type=secret,id=a --network=none \\\n  a && \\\n  b",
            "{instruction: RUN (run), flags: [\
             {name: mount (--mount=type=secret,id=a), value: type=secret,id=a (--mount=type=secret,id=a)}, \
             {name: network (--network=none), value: none (--network=none)}], \
             arguments: [a &&   b (a && \\\n  b)], text: a &&   b (a && \\\n  b), form: shell (a && \\\n  b)}",
        ),
        (
            "CMD [\"a b\", \"c\\\"\"]",
            "{instruction: CMD, arguments: [a b (\"a b\"), c\" (\"c\\\"\")], \
             text: [\"a b\", \"c\\\"\"], form: exec ([\"a b\", \"c\\\"\"])}",
        ),
        (
            "CMD ['a']",
            "{instruction: CMD, arguments: [['a']], text: ['a'], form: shell (['a'])}",
        ),
        (
            "COPY --link a  b\t/c/",
            "{instruction: COPY, flags: [{name: link (--link)}], arguments: [a, b, /c/], text: a  b\t/c/}",
        ),
        (
            "ADD [\"a b\", \"/c\"]",
            "{instruction: ADD, arguments: [a b (\"a b\"), /c (\"/c\")], text: [\"a b\", \"/c\"]}",
        ),
        (
            "ENV A=1 B=\"x y\" C=a\\ b",
            "{instruction: ENV, arguments: [A=1, B=\"x y\", C=a\\ b], text: A=1 B=\"x y\" C=a\\ b, \
             pairs: [{name: A, value: 1}, {name: B, value: x y (\"x y\")}, {name: C, value: a b (a\\ b)}]}",
        ),
        (
            "ENV A  b 'c'",
            "{instruction: ENV, arguments: [A, b, 'c'], text: A  b 'c', \
             pairs: [{name: A, value: b c (b 'c')}]}",
        ),
        (
            "ARG A B=",
            "{instruction: ARG, arguments: [A, B=], text: A B=, \
             pairs: [{name: A}, {name: B, value: }]}",
        ),
        (
            "HEALTHCHECK --interval=5m CMD [\"a\"]",
            "{instruction: HEALTHCHECK, flags: [{name: interval (--interval=5m), value: 5m (--interval=5m)}], \
             arguments: [CMD, a (\"a\")], text: CMD [\"a\"], form: exec (CMD [\"a\"])}",
        ),
        (
            "HEALTHCHECK none",
            "{instruction: HEALTHCHECK, arguments: [none], text: none, form: shell (none)}",
        ),
        (
            "ONBUILD add https://a.example.com/b /c",
            "{instruction: ONBUILD, arguments: [add https://a.example.com/b /c], \
             text: add https://a.example.com/b /c, \
             trigger: {instruction: ADD (add), arguments: [https://a.example.com/b, /c], \
             text: https://a.example.com/b /c}}",
        ),
        (
            "USER a b",
            "{instruction: USER, arguments: [a b], text: a b}",
        ),
        (
            "EXPOSE 80 443/tcp",
            "{instruction: EXPOSE, arguments: [80, 443/tcp], text: 80 443/tcp}",
        ),
        (
            "STOPSIGNAL",
            "{instruction: STOPSIGNAL, arguments: [], text:  (STOPSIGNAL)}",
        ),
        (
            "COPY --from=nginx:1 a b",
            "{instruction: COPY, flags: [{name: from (--from=nginx:1), value: nginx:1 (--from=nginx:1)}], \
             arguments: [a, b], text: a b, image: nginx:1 (--from=nginx:1)}",
        ),
    ];
    for (text, expect) in table {
        assert_eq!(instructions(text, &leave), [expect], "{text}");
    }
}

#[test]
fn here_documents_belong_to_their_instruction() {
    let leave = ["arguments", "form", "pairs"];
    let text = "RUN <<EOF\napt-get update\n# RUN no\nEOF\nCOPY <<-A <<B /x/\n\ta\n\tA\nb\nB\nRUN python3 <<E\nx\nE";
    assert_eq!(
        instructions(text, &leave),
        [
            "{instruction: RUN, text: <<EOF\napt-get update\n# RUN no\n (<<EOF), \
             commands: [{name: apt-get}], heredocs: [apt-get update\n# RUN no\n (apt-get update\n# RUN no)]}",
            "{instruction: COPY, text: <<-A <<B /x/\na\n\nb\n (<<-A <<B /x/), heredocs: [a\n (a), b\n (b)]}",
            "{instruction: RUN, text: python3 <<E\nx\n (python3 <<E), commands: [{name: python3}], \
             heredocs: [x\n (x)]}",
        ]
    );
    let text =
        "RUN <<E\n#!/usr/bin/env python3\nimport x\nE\nONBUILD RUN <<E\ncurl x\nE\nRUN [\"<<E\"]";
    assert_eq!(
        instructions(text, &["arguments", "form", "text", "heredocs"]),
        [
            "{instruction: RUN, commands: [{name: python3}]}",
            "{instruction: ONBUILD, trigger: {instruction: RUN, commands: [{name: curl}]}}",
            "{instruction: RUN, commands: [{name: <<E (\"<<E\")}]}",
        ]
    );
}

#[test]
fn programs_are_told_wherever_they_are_started() {
    let leave = ["text", "form", "arguments", "flags"];
    let text = "RUN curl x | sh\nCMD [\"/bin/sh\", \"-c\", \"wget x\"]\nHEALTHCHECK CMD curl -f x || exit 1\nENTRYPOINT exec a";
    assert_eq!(
        instructions(text, &leave),
        [
            "{instruction: RUN, commands: [{name: curl, feeds: [sh (curl)]}, {name: sh}]}",
            "{instruction: CMD, commands: [{name: sh (\"/bin/sh\")}, {name: wget}]}",
            "{instruction: HEALTHCHECK, commands: [{name: curl}, {name: exit}]}",
            "{instruction: ENTRYPOINT, commands: [{name: exec}, {name: a}]}",
        ]
    );
}

#[test]
fn a_stage_ends_with_the_user_and_the_health_check_of_its_last_word() {
    let leave = ["args", "instructions", "source", "name", "platform"];
    for (text, expect) in [
        ("FROM a\nUSER x\nUSER 0:0\n", "{image: a, user: 0:0}"),
        (
            "FROM a AS b\nUSER x\nHEALTHCHECK CMD y\nFROM b\nHEALTHCHECK NONE",
            "{image: b, user: x, healthcheck: NONE}",
        ),
        (
            "ARG U=7\nFROM a AS b\nARG U\nARG N=root\nENV E=app\nUSER $N\nFROM b\nUSER ${E}:$N",
            "{image: b, user: ${E}:$N?}",
        ),
        (
            "ARG U=7\nFROM a\nARG U\nUSER ${U}:${G:-8}",
            "{image: a, user: ${U}:${G:-8}?}",
        ),
        (
            "ARG U=7\nFROM a\nARG U\nARG G\nUSER \"${U}:${G:-8}\"",
            "{image: a, user: 7:8 (\"${U}:${G:-8}\")}",
        ),
        (
            "FROM a\nENV U=1\nARG U=2\nUSER $U",
            "{image: a, user: 1 ($U)}",
        ),
        ("FROM a\nONBUILD USER x\nUSER", "{image: a}"),
    ] {
        let tree = dockerfile(text);
        let stages = tree.get(tree.documents()[0], "stages").unwrap().value;
        let last = tree.items(stages).last().unwrap();
        assert_eq!(told(&tree, last, &leave), expect, "{text}");
    }
}

#[test]
fn what_nobody_could_build_is_refused_where_it_stands() {
    use FailureKind::{Skipped, Unreadable};
    let table = [
        (
            "FORM a",
            Unreadable,
            "there is no instruction `FORM`",
            "FORM",
        ),
        (
            "RUN a\nFROM b",
            Unreadable,
            "`RUN` stands before the first `FROM`",
            "RUN",
        ),
        ("ARG A", Unreadable, "there is no `FROM`", "ARG A"),
        (
            "FROM a b",
            Unreadable,
            "`FROM` takes an image, or an image `AS` a name",
            "a b",
        ),
        (
            "FROM",
            Unreadable,
            "`FROM` takes an image, or an image `AS` a name",
            "FROM",
        ),
        (
            "FROM a\nENV A",
            Unreadable,
            "`ENV` takes a name and a value",
            "A",
        ),
        (
            "FROM a\nENV A=1 B",
            Unreadable,
            "`B` is no `name=value`",
            "B",
        ),
        (
            "FROM a\nRUN <<E\nb",
            Unreadable,
            "the here-document `E` has no end",
            "<<E",
        ),
        (
            "FROM a\nCMD [1]",
            Unreadable,
            "a list of arguments holds texts alone",
            "1",
        ),
        (
            "FROM a\nONBUILD FROM b",
            Unreadable,
            "`FROM` cannot stand in `ONBUILD`",
            "FROM",
        ),
        (
            "FROM a\nONBUILD",
            Unreadable,
            "`ONBUILD` takes an instruction",
            "ONBUILD",
        ),
        (
            "FROM a\nONBUILD x",
            Unreadable,
            "there is no instruction `x`",
            "x",
        ),
        (
            "FROM {{ image }}",
            Skipped,
            "a template, not a Dockerfile",
            "{{ image }}",
        ),
        (
            "FROM {{image}}",
            Skipped,
            "a template, not a Dockerfile",
            "{{image}}",
        ),
        (
            "FROM a\n{% if b %}",
            Skipped,
            "a template, not a Dockerfile",
            "{%",
        ),
    ];
    for (text, kind, reason, at) in table {
        let failure = read(text.into(), Syntax::Dockerfile, &Limits::default()).unwrap_err();
        let span = failure.span.unwrap();
        let found = (
            failure.kind,
            failure.reason.as_str(),
            text.get(span.range()),
        );
        assert_eq!(found, (kind, reason, Some(at)), "{text}");
    }
    let large = format!("FROM a\n{}", "RUN a\n".repeat(400_000));
    let failure = read(large.into(), Syntax::Dockerfile, &Limits::default()).unwrap_err();
    assert_eq!(
        failure.reason,
        "more than two megabytes, which no Dockerfile needs"
    );
}

#[test]
fn a_dockerfile_is_known_by_its_name() {
    for (path, expect) in [
        ("Dockerfile", Some(Syntax::Dockerfile)),
        ("a/dockerfile", Some(Syntax::Dockerfile)),
        ("Dockerfile.web", Some(Syntax::Dockerfile)),
        ("web.Dockerfile", Some(Syntax::Dockerfile)),
        ("b.c/Containerfile", Some(Syntax::Dockerfile)),
        ("web.containerfile", Some(Syntax::Dockerfile)),
        ("Dockerfile.dockerignore", None),
        ("Dockerfile.md", None),
        ("Dockerfiles", None),
        ("MyDockerfile", None),
        ("Dockerfile/x", None),
        ("dockerfile.yaml", Some(Syntax::Yaml)),
        ("a.ndjson", Some(Syntax::JsonLines)),
        ("a.JSONL", Some(Syntax::JsonLines)),
        (".github/CODEOWNERS", Some(Syntax::CodeOwners)),
        ("CODEOWNERS.x", None),
        ("x", None),
    ] {
        assert_eq!(Syntax::of(path), expect, "{path}");
    }
}

#[test]
fn a_file_comes_to_no_more_than_it_is() {
    let doubling: String = (0..64)
        .map(|n| format!("ARG A{}=$A{n}$A{n}\n", n + 1))
        .collect();
    let deep = "${A0:-".repeat(10_000);
    let texts = [
        format!("ARG A0=xxxxxxxx\n{doubling}FROM $A64\n"),
        format!("FROM {deep}\n"),
        format!("FROM a\nRUN {}", "(".repeat(100_000)),
        format!("FROM a\nRUN {}", "a|".repeat(100_000)),
        format!("FROM a\n{}", "ONBUILD ".repeat(100_000)),
        format!(
            "FROM a\nENV A={}\n{}",
            "x".repeat(500_000),
            "USER $A\n".repeat(20_000)
        ),
        (0..20_000)
            .map(|n| format!("FROM s{n} AS s{}\nUSER $X\n", n + 1))
            .collect(),
    ];
    for text in texts {
        // Whatever comes of it, it comes soon.
        let _ = read(text.into(), Syntax::Dockerfile, &Limits::default());
    }
}

/// Pieces of which Dockerfiles are made, whole or not.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "FROM a",
            "FROM b AS c",
            "RUN ",
            "ENV A=",
            "ARG ",
            "COPY --from=c ",
            "\n",
            "\\\n",
            "# x\n",
            "<<EOF\n",
            "EOF\n",
            "[\"a\"]",
            "$A",
            "${A:-",
            "}",
            "\"",
            "'",
            "ONBUILD ",
            "HEALTHCHECK CMD ",
            "USER ",
            "| sh",
            "$(",
            ")",
            "\r\n",
            "é",
        ])
        .prop_map(str::to_owned),
        "[a-z =\\\\\"'$\\[\\]]{0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_text_is_read_or_refused_and_every_place_is_in_it(
        pieces in prop::collection::vec(piece(), 0..24),
        begins: bool,
    ) {
        let text = if begins { "FROM a\n" } else { "" }.to_owned() + &pieces.concat();
        match read(text.clone().into(), Syntax::Dockerfile, &Limits::default()) {
            Ok(tree) => {
                let mut open = tree.documents().to_vec();
                while let Some(node) = open.pop() {
                    prop_assert!(text.get(tree.span(node).range()).is_some());
                    for entry in tree.entries(node) {
                        prop_assert!(text.get(tree.span(entry.key).range()).is_some());
                        open.push(entry.value);
                    }
                    open.extend(tree.items(node));
                }
            }
            Err(failure) => {
                if let Some(span) = failure.span {
                    prop_assert!(text.get(span.range()).is_some(), "{:?}", failure);
                }
            }
        }
    }
}
