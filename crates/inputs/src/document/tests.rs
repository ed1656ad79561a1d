use super::*;

fn yaml(text: &str) -> Tree {
    match read(text.into(), Syntax::Yaml, &Limits::default()) {
        Ok(tree) => tree,
        Err(failure) => panic!("{failure:?}"),
    }
}

fn tree(text: &str, syntax: Syntax) -> Tree {
    match read(text.into(), syntax, &Limits::default()) {
        Ok(tree) => tree,
        Err(failure) => panic!("{failure:?}"),
    }
}

fn at(tree: &Tree, span: Span) -> &str {
    tree.text().get(span.range()).unwrap_or("no text")
}

fn text(tree: &Tree, node: NodeId) -> &str {
    at(tree, tree.span(node))
}

fn root(tree: &Tree) -> NodeId {
    tree.documents()[0]
}

fn dig(tree: &Tree, path: &str) -> NodeId {
    path.split('/').fold(root(tree), |node, step| {
        let entry = tree.get(node, step).map(|entry| entry.value);
        let item = || tree.items(node).nth(step.parse().ok()?);
        entry.or_else(item).unwrap_or_else(|| panic!("{path}"))
    })
}

/// The tree in the notation of JSON, with the text of every scalar as it was resolved.
fn shape(tree: &Tree, node: NodeId) -> String {
    match tree.kind(node) {
        Kind::Scalar => format!("{:?}", tree.resolve(node, Dialect::Core)),
        Kind::Sequence => {
            let items: Vec<_> = tree.items(node).map(|item| shape(tree, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Mapping => {
            let entries: Vec<_> = tree
                .entries(node)
                .map(|entry| format!("{}: {}", tree.raw(entry.key), shape(tree, entry.value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn failure(text: &[u8], syntax: Syntax) -> Failure {
    match read(text.to_vec(), syntax, &Limits::default()) {
        Ok(tree) => panic!("{tree:?}"),
        Err(failure) => failure,
    }
}

fn refuses(text: &str, syntax: Syntax, reason: &str, at: &str) {
    let failure = failure(text.as_bytes(), syntax);
    assert_eq!(failure.reason, reason, "{text}");
    assert_eq!(failure.kind, FailureKind::Unreadable, "{text}");
    let start = failure.span.map(|span| span.start as usize);
    assert_eq!(start, text.find(at), "{text}: {failure:?}");
    assert_eq!(failure.text.as_deref(), Some(text));
}

const MANIFEST: &str = "\
# a comment
kind: Pod
spec:
  containers:
    # another
    - name: 'wéb'
      command: [sh, \"-c\", {a: b}]
      args:
      - one

      - two # why
      env: &env
        - {name: A, value: 1}
  script: |
    set -e
    exit 1

  none:
  folded: >-
    one
    two
more:
- - deep
  - er
-   last
";

#[test]
fn spans_are_the_bytes_of_the_node_and_end_without_white_space() {
    let tree = yaml(MANIFEST);
    let check = |path: &str, expect: &str| assert_eq!(text(&tree, dig(&tree, path)), expect);
    check("kind", "Pod");
    check("spec/containers/0/name", "'wéb'");
    check("spec/containers/0/command", "[sh, \"-c\", {a: b}]");
    check("spec/containers/0/command/1", "\"-c\"");
    check("spec/containers/0/command/2", "{a: b}");
    check("spec/containers/0/args", "- one\n\n      - two");
    check("spec/containers/0/env", "- {name: A, value: 1}");
    check("spec/script", "set -e\n    exit 1");
    check("spec/none", "");
    check("spec/folded", "one\n    two");
    check("more", "- - deep\n  - er\n-   last");
    check("more/0", "- deep\n  - er");
    check("more/1", "last");
    assert_eq!(
        text(&tree, root(&tree)),
        MANIFEST.trim_start_matches("# a comment\n").trim_end()
    );
    let none = tree.span(dig(&tree, "spec/none")).start;
    let key = MANIFEST.find("none:").map(|key| key + "none:".len());
    assert_eq!(Some(none as usize), key);
}

#[test]
fn an_unindented_list_starts_at_its_first_dash() {
    let check = |source: &str, path: &str, expect: &str| {
        let tree = yaml(source);
        assert_eq!(text(&tree, dig(&tree, path)), expect, "{source}");
    };
    check("a:\n- x\n- y\n", "a", "- x\n- y");
    check("a:\n- - x\n", "a", "- - x");
    check("a:\n- - x\n", "a/0", "- x");
    check("a: # - not\n  # - this\n- x\n", "a", "- x");
    check("a: !t-t &a-a\n- x\n", "a", "- x");
    check("a:\n-\n  x: 1\n", "a", "-\n  x: 1");
    check("a:\n-\nb: 1\n", "a", "-");
    check("a-b:\n- x\n", "a-b", "- x");
    check("'a - b':\n- x\n", "a - b", "- x");
    check("? a\n: - x\n  - y\n", "a", "- x\n  - y");
    let tree = yaml("? - x\n  - y\n: b\n");
    let keys: Vec<_> = tree
        .entries(root(&tree))
        .map(|e| text(&tree, e.key))
        .collect();
    assert_eq!(keys, ["- x\n  - y"]);
}

#[test]
fn values_are_what_is_meant_and_not_what_is_written() {
    let tree = yaml(MANIFEST);
    let check = |path: &str, expect: &str| assert_eq!(tree.raw(dig(&tree, path)), expect);
    check("spec/containers/0/name", "wéb");
    check("spec/script", "set -e\nexit 1\n");
    check("spec/none", "");
    check("spec/folded", "one two");
    let tree = yaml("a: \"x\\ty\\u00e4\"\nb: 'it''s'\nc: ''\nd: two\n  lines\n");
    let check = |path: &str, expect: &str| assert_eq!(tree.raw(dig(&tree, path)), expect);
    check("a", "x\tyä");
    check("b", "it's");
    check("c", "");
    check("d", "two lines");
    assert!(!tree.is_plain(dig(&tree, "c")) && tree.is_plain(dig(&tree, "d")));
}

#[test]
fn windows_lines_and_byte_order_marks_do_not_move_spans() {
    let tree = yaml("\u{FEFF}ä: 1\r\nb:\r\n- \"y\"\r\n- z\r\n");
    assert_eq!(text(&tree, dig(&tree, "b")), "- \"y\"\r\n- z");
    assert_eq!(tree.span(dig(&tree, "ä")), Span { start: 4, end: 5 });
}

#[test]
fn documents_without_content_count_if_they_are_marked() {
    let check = |text: &str, expect: &[&str]| {
        let tree = yaml(text);
        let shapes: Vec<_> = tree.documents().iter().map(|d| shape(&tree, *d)).collect();
        assert_eq!(shapes, expect, "{text:?}");
    };
    check("", &[]);
    check("# nothing\n", &[]);
    check("a", &["Text(\"a\")"]);
    check("---\n", &["Null"]);
    check(
        "---\na\n---\n---\n# c\n---\nb\n...\n# d\n",
        &["Text(\"a\")", "Null", "Null", "Text(\"b\")"],
    );
}

#[test]
fn aliases_are_followed_to_where_the_text_stands() {
    let tree = yaml("a: &x\n  k: v\nb: *x\nc: [*x, 1]\n*x : d\n&y key: *y\n");
    let b = tree
        .get(root(&tree), "b")
        .map(|entry| (entry.value, entry.at));
    let (value, used) = b.unwrap_or_else(|| panic!());
    assert_eq!(text(&tree, value), "k: v");
    assert_eq!(at(&tree, used), "*x");
    assert_eq!(text(&tree, dig(&tree, "c")), "[*x, 1]");
    assert_eq!(tree.raw(dig(&tree, "c/0/k")), "v");
    assert_eq!(tree.raw(dig(&tree, "key")), "key");
    let keys: Vec<_> = tree
        .entries(root(&tree))
        .map(|e| tree.kind(e.key))
        .collect();
    assert_eq!(keys[3], Kind::Mapping);
}

#[test]
fn merge_keys_give_what_the_mapping_and_earlier_merges_do_not() {
    let tree = yaml(
        "x: &x {a: 1, b: 1, c: 1}\ny: &y\n  <<: *x\n  b: 2\n  d: 2\n\
         z:\n  b: 3\n  <<: [{e: 0, a: 0}, *y]\n  f: 3\n",
    );
    let z = dig(&tree, "z");
    assert_eq!(
        shape(&tree, z),
        "{b: Int(3), e: Int(0), a: Int(0), d: Int(2), c: Int(1), f: Int(3)}"
            .replace("d: Int(2), c: Int(1)", "c: Int(1), d: Int(2)")
    );
    for (key, value) in [("a", "0"), ("b", "3"), ("c", "1"), ("d", "2"), ("e", "0")] {
        assert_eq!(tree.raw(dig(&tree, &format!("z/{key}"))), value);
    }
    assert!(tree.get(z, "<<").is_none());
    assert!(tree.duplicates().is_empty());
}

#[test]
fn what_only_looks_like_a_merge_key_is_a_key() {
    for text in [
        "<<: 1",
        "\"<<\": {a: 1}",
        "<<: [{a: 1}, 2]",
        "'<<':\n- a: 1",
    ] {
        let tree = yaml(text);
        assert_eq!(tree.entries(root(&tree)).count(), 1);
        assert!(tree.get(root(&tree), "<<").is_some(), "{text}");
        assert!(tree.get(root(&tree), "a").is_none(), "{text}");
    }
}

#[test]
fn custom_tags_are_kept_and_core_tags_act() {
    let tree = yaml(
        "a: !Ref Bucket\nb: !Sub\n  - x\nc: !If {}\nd: !!str 1\ne: ! 1\nf: !!int '7'\ng: !!bool \"true\"\n\
         h: !!float 1\ni: !!null ''\nj: !Ref 1\nk: !!timestamp 2001-01-01\nl: !<tag:example.com,2000:x> y\nm: !!str\nn: !Ref\n",
    );
    let tag = |path: &str| tree.tag(dig(&tree, path));
    assert_eq!(tag("a"), Some("!Ref"));
    assert_eq!(tag("b"), Some("!Sub"));
    assert_eq!(tag("c"), Some("!If"));
    assert_eq!(tag("d"), None);
    assert_eq!(tag("k"), Some("!!timestamp"));
    assert_eq!(tag("l"), Some("!<tag:example.com,2000:x>"));
    assert_eq!(text(&tree, dig(&tree, "a")), "Bucket");
    let is = |path: &str, expect: Scalar<'_>| {
        assert_eq!(
            tree.resolve(dig(&tree, path), Dialect::GoYaml),
            expect,
            "{path}"
        );
    };
    is("d", Scalar::Text("1"));
    is("e", Scalar::Text("1"));
    is("f", Scalar::Int(7));
    is("g", Scalar::Bool(true));
    is("h", Scalar::Float(1.0));
    is("i", Scalar::Null);
    is("j", Scalar::Text("1"));
    is("k", Scalar::Text("2001-01-01"));
    is("m", Scalar::Text(""));
    is("n", Scalar::Text(""));
}

#[test]
fn quoted_and_block_scalars_are_text_in_every_dialect() {
    let tree = yaml("a: 'yes'\nb: \"1\"\nc: |-\n  true\nd: yes\n");
    for (path, expect) in [("a", "yes"), ("b", "1"), ("c", "true")] {
        let got = tree.resolve(dig(&tree, path), Dialect::GoYaml);
        assert_eq!(got, Scalar::Text(expect));
    }
    let d = dig(&tree, "d");
    assert_eq!(tree.resolve(d, Dialect::GoYaml), Scalar::Bool(true));
    assert_eq!(tree.resolve(d, Dialect::Core), Scalar::Text("yes"));
}

#[test]
fn duplicate_keys_are_found_with_both_places() {
    let source = "a: 1\nb:\n  c: 1\n  \"c\": 2\na: 2\na: 3\n";
    let tree = yaml(source);
    let places: Vec<_> = tree
        .duplicates()
        .iter()
        .map(|d| {
            (
                at(&tree, d.first),
                d.first.start,
                at(&tree, d.second),
                d.second.start,
            )
        })
        .collect();
    assert_eq!(
        places,
        [("c", 10, "\"c\"", 17), ("a", 0, "a", 24), ("a", 0, "a", 29)]
    );
    let within = |node| tree.duplicates_within(node).map(|d| d.second.start);
    assert_eq!(within(root(&tree)), Some(24));
    assert_eq!(within(dig(&tree, "b")), Some(17));
    assert_eq!(within(dig(&tree, "a")), None);
    assert_eq!(tree.raw(dig(&tree, "a")), "1");
    let tree = yaml("x: &x {}\ny:\n  <<: *x\n  <<: *x\n");
    assert_eq!(tree.duplicates().len(), 1);
    let tree = yaml("&k a: 1\n*k : 2\n");
    assert_eq!(at(&tree, tree.duplicates()[0].second), "*k");
}

#[test]
fn duplicate_keys_of_large_mappings_are_found_too() {
    for size in [14, 15, 16, 17, 18, 40, 5000] {
        let mut text: String = (0..size).map(|n| format!("key-{n}: {n}\n")).collect();
        assert!(yaml(&text).duplicates().is_empty());
        text.push_str("key-3: again\nkey-3: and again\n");
        let tree = yaml(&text);
        let places: Vec<_> = tree.duplicates().iter().map(|d| d.first.start).collect();
        assert_eq!(places, [27, 27]);
        assert!(tree.duplicates_within(root(&tree)).is_some());
    }
}

#[test]
fn limits_are_errors_with_a_place() {
    for text in [
        "[".repeat(100_000),
        "- ".repeat(100_000),
        "{a: ".repeat(100_000),
        "? ".repeat(100_000),
    ] {
        let failure = failure(text.as_bytes(), Syntax::Yaml);
        assert_eq!(failure.reason, "nested deeper than 128 levels");
        assert!(failure.span.is_some());
    }
    let text = "[".repeat(100_000);
    let json = failure(text.as_bytes(), Syntax::Json);
    assert_eq!(json.reason, "nested deeper than 128 levels");
    assert_eq!(
        json.span,
        Some(Span {
            start: 128,
            end: 128
        })
    );
    let limits = Limits {
        bytes: 3,
        ..Limits::default()
    };
    let large = read(b"a: 1".to_vec(), Syntax::Yaml, &limits).map_err(|f| f.reason);
    assert_eq!(large.err().as_deref(), Some("larger than 3 bytes"));
    let deepest = format!("{}1{}", "[".repeat(128), "]".repeat(128));
    assert_eq!(yaml(&deepest).documents().len(), 1);
    assert_eq!(tree(&deepest, Syntax::Json).documents().len(), 1);
}

#[test]
fn a_billion_laughs_are_refused_at_the_alias_that_goes_too_far() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let names = vec![format!("*a{}", n - 1); 10].join(", ");
        text.extend([format!("a{n}: &a{n} [{names}]\n")]);
    }
    refuses(
        &text,
        Syntax::Yaml,
        "aliases expand to more than 1000000 nodes",
        "*a4, *a4, *a4]",
    );
}

#[test]
fn aliases_and_merges_cannot_nest_without_end() {
    let mut text = "a0: &a0 {k: v}\n".to_owned();
    for n in 1..200 {
        text.extend([format!("a{n}: &a{n}\n  <<: *a{}\n", n - 1)]);
    }
    refuses(
        &text,
        Syntax::Yaml,
        "aliases nest deeper than 128 levels",
        "*a126\n",
    );
    refuses(
        "a: &a\n  b: [*a]\n",
        Syntax::Yaml,
        "alias `*a` stands inside its own anchor",
        "*a]",
    );
    refuses(
        "a: *b\n",
        Syntax::Yaml,
        "alias `*b` has no anchor before it",
        "*b",
    );
}

#[test]
fn templates_are_skipped_and_strings_with_braces_are_not() {
    let skipped = [
        "{{- if .Values.x }}\nkind: Pod\n{{- end }}\n",
        "image: {{ .Values.image }}\n",
        "a:\n  {{ x }}: 1\n",
        "a:\n  - {{ x }}\n",
        "{{ x }}",
        "kind: Pod\nmetadata:\n  {{- include \"labels\" . | nindent 4 }}\n",
        "url: \"http://{{ index .x \"y\" }}\"\n",
        "{% if x %}\na: 1\n{% endif %}\n",
        "a: {% x %}\n",
        "a: 1\n{# note #}\nb: {{ c }}\n",
    ];
    for text in skipped {
        let failure = failure(text.as_bytes(), Syntax::Yaml);
        assert_eq!(failure.kind, FailureKind::Skipped, "{text}");
        assert_eq!(failure.reason, "a Helm or Jinja template, not YAML");
        let mark = failure.span.and_then(|span| text.get(span.range()));
        assert!(matches!(mark, Some("{{" | "{%" | "{#")), "{text}");
    }
    let read = [
        "summary: 'at {{ $labels.instance }}'\n",
        "summary: at {{ $labels.instance }}\n",
        "script: |\n  {{ range .x }}\n  {% y %}\n",
        "# {{ x }}\na: ${{ github.sha }}\n",
        "a: {b: {c: d}}\n",
        "- { {a: b}: c }\n",
    ];
    for text in read {
        assert_eq!(yaml(text).documents().len(), 1);
    }
    let broken = "a: '{{ x }}'\nb: |\n  {{ y }}\nc: d: e\n";
    refuses(
        broken,
        Syntax::Yaml,
        "mapping values are not allowed in this context",
        ": e",
    );
}

#[test]
fn what_is_not_text_or_not_yaml_is_unreadable() {
    refuses(
        "a: \u{1}",
        Syntax::Yaml,
        "the control character U+0001 is not allowed in YAML",
        "\u{1}",
    );
    let binary = failure(b"a\0b", Syntax::Yaml);
    assert_eq!((binary.reason.as_str(), binary.text), ("binary file", None));
}

#[test]
fn broken_yaml_says_where() {
    let check = |text, reason, at| refuses(text, Syntax::Yaml, reason, at);
    check(
        "a: 1\nb\nc: 2\n",
        "expected `:` after this, for it stands where a key must",
        "b",
    );
    check("a:\n\tb: 1\n", "a tab cannot indent", "b");
    check("ä: @x\n", "unexpected character `@`", "@");
    check("a: !u!x y\n", "the handle of this tag is not declared", "!");
    check("a: [1\n", "unclosed bracket '['", "[");
}

#[test]
fn json_is_read_strictly_and_resolves_by_its_own_rules() {
    let source = "\u{FEFF} {\"a\" : [1, -2.5e3, \"yes\", \"\\u00e4\\n\"], \"b\"\n:{}, \"n\": null, \"t\":true}\n";
    let tree = tree(source, Syntax::Json);
    assert_eq!(
        shape(&tree, root(&tree)),
        "{a: [Int(1), Float(-2500.0), Text(\"yes\"), Text(\"ä\\n\")], b: {}, n: Null, t: Bool(true)}"
    );
    let yes = dig(&tree, "a/2");
    assert_eq!(tree.resolve(yes, Dialect::GoYaml), Scalar::Text("yes"));
    assert_eq!(text(&tree, yes), "\"yes\"");
    assert_eq!(text(&tree, dig(&tree, "a/3")), "\"\\u00e4\\n\"");
    assert_eq!(text(&tree, dig(&tree, "a/1")), "-2.5e3");
    assert_eq!(
        text(&tree, dig(&tree, "a")),
        "[1, -2.5e3, \"yes\", \"\\u00e4\\n\"]"
    );
    let keys: Vec<_> = tree
        .entries(root(&tree))
        .map(|e| text(&tree, e.key))
        .collect();
    assert_eq!(keys, ["\"a\"", "\"b\"", "\"n\"", "\"t\""]);
}

#[test]
fn json_keys_may_stand_twice_and_merge_nothing() {
    let tree = tree(r#"{"<<": {"x": 1}, "\u0061": 1, "a": 2}"#, Syntax::Json);
    let duplicate = tree.duplicates()[0];
    assert_eq!(at(&tree, duplicate.first), r#""\u0061""#);
    assert_eq!(at(&tree, duplicate.second), r#""a""#);
    assert!(tree.get(root(&tree), "x").is_none());
}

#[test]
fn a_blank_file_holds_nothing() {
    for text in ["", " \n", "\u{FEFF}"] {
        assert!(yaml(text).documents().is_empty());
        assert!(tree(text, Syntax::Json).documents().is_empty());
    }
    let toml = tree("", Syntax::Toml);
    assert_eq!(shape(&toml, root(&toml)), "{}");
}

#[test]
fn json_with_comments_is_skipped_where_the_first_stands() {
    for (text, at) in [
        ("{\n  // strict\n  \"a\": 1\n}", 4),
        ("/* head */ {}", 0),
        ("// c\n{}", 0),
        ("{\"a\": 1 /* one */}", 8),
        ("{\"a\" // key\n: 1}", 5),
        ("[1, // one\n2]", 4),
    ] {
        let failure = failure(text.as_bytes(), Syntax::Json);
        assert_eq!(failure.kind, FailureKind::Skipped, "{text}");
        assert_eq!(failure.span.map(|s| s.start), Some(at), "{text}");
    }
    let other = failure(b"{\"a\": /}", Syntax::Json);
    assert_eq!(other.kind, FailureKind::Unreadable);
}

#[test]
fn broken_json_says_where() {
    let check = |text: &str, reason: &str, at: usize| {
        let failure = failure(text.as_bytes(), Syntax::Json);
        let start = failure.span.map(|span| span.start);
        assert_eq!(
            (failure.reason.as_str(), start),
            (reason, u32::try_from(at).ok()),
            "{text}"
        );
    };
    check("[", "end of file while parsing a list", 1);
    check("[1,]", "trailing comma", 3);
    check("{\"a\": 1,}", "trailing comma", 8);
    check("{a: 1}", "key must be a string", 1);
    check("[1 2]", "expected `,` or `]`", 3);
    check("{\"a\" 1}", "expected `:`", 5);
    check("{}\n{}", "trailing characters", 3);
    check("[ä]", "expected a value", 1);
    check("[NaN]", "expected a value", 1);
    check("[truf]", "expected `true`, `false` or `null`", 4);
    check("[01]", "invalid number", 2);
    check(
        "[\"\t\"]",
        "control character (\\u0000-\\u001F) found while parsing a string",
        2,
    );
    check("[\"\\x\"]", "invalid escape", 3);
    check("[\"\\ud800\"]", "unexpected end of hex escape", 8);
}

#[test]
fn toml_is_a_tree_in_the_order_of_the_text() {
    let source = "title = \"é\\t\"\nbig = 1_000\nday = 2001-01-01\n[b]\nx.y = [1, 'two']\n\"q k\" = true\n[a]\nf = 1.5\n[[c]]\nn = 1\n[[c]]\nn = 2\n";
    let tree = tree(source, Syntax::Toml);
    assert_eq!(
        shape(&tree, root(&tree)),
        "{title: Text(\"é\\t\"), big: Int(1000), day: Text(\"2001-01-01\"), \
         b: {x: {y: [Int(1), Text(\"two\")]}, q k: Bool(true)}, a: {f: Float(1.5)}, \
         c: [{n: Int(1)}, {n: Int(2)}]}"
    );
    assert_eq!(text(&tree, dig(&tree, "title")), "\"é\\t\"");
    assert_eq!(text(&tree, dig(&tree, "big")), "1_000");
    assert_eq!(text(&tree, dig(&tree, "b/x/y/1")), "'two'");
    assert_eq!(text(&tree, dig(&tree, "c/1")), "[[c]]\nn = 2");
}

#[test]
fn broken_toml_says_where() {
    refuses("a = 1\na = 2\n", Syntax::Toml, "duplicate key", "a = 2");
    let deep = format!("a = {}", "[".repeat(10_000));
    assert_eq!(
        failure(deep.as_bytes(), Syntax::Toml).kind,
        FailureKind::Unreadable
    );
}

#[test]
fn toml_cannot_nest_without_end() {
    let key = vec!["a"; 70].join(".");
    let open = format!("{key} = {{").repeat(70);
    let deep = format!("[{key}]\n{open}x = 1{}", "}".repeat(70));
    let failure = failure(deep.as_bytes(), Syntax::Toml);
    assert_eq!(failure.reason, "nested deeper than 128 levels");
}

#[test]
fn the_extension_says_the_syntax() {
    assert_eq!(Syntax::of("a/b.yaml"), Some(Syntax::Yaml));
    assert_eq!(Syntax::of("a.b/c.YML"), Some(Syntax::Yaml));
    assert_eq!(Syntax::of("x.json"), Some(Syntax::Json));
    assert_eq!(Syntax::of("x.toml"), Some(Syntax::Toml));
    assert_eq!(Syntax::of("a.yaml/Makefile"), None);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that make YAML, JSON and TOML, and break it.
    const PIECES: [&str; 46] = [
        "a",
        "b: ",
        "key:",
        "- ",
        "-",
        "? ",
        ": ",
        "\n",
        "\n  ",
        "\n    ",
        "\r\n",
        "\t",
        "# c\n",
        "'x'",
        "\"y\\n\"",
        "'",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "*a : ",
        "!t ",
        "!!str ",
        "|\n",
        ">-\n",
        "---\n",
        "...\n",
        "<<: ",
        "{{ x }}",
        "{% y %}",
        "ä",
        "✓",
        "𝄞",
        "\u{FEFF}",
        "\u{85}",
        "1",
        "0x1F",
        "~",
        "%YAML 1.2\n",
        "=",
        "[[t]]\n",
        "true",
    ];

    /// Every node is looked at, by every way to it, and every span is one of the text.
    fn sound(text: &str, syntax: Syntax) {
        let limits = Limits {
            nodes: 2000,
            ..Limits::default()
        };
        let inside = |text: &str, span: Span| {
            let (start, end) = (span.start as usize, span.end as usize);
            assert!(start <= end, "{span:?}");
            assert!(text.get(start..end).is_some(), "{span:?} of {text:?}");
        };
        match read(text.into(), syntax, &limits) {
            Err(failure) => {
                let text = failure.text.unwrap_or_default();
                if let Some(span) = failure.span {
                    inside(&text, span);
                }
            }
            Ok(tree) => {
                let mut left = tree.documents().to_vec();
                while let Some(node) = left.pop() {
                    let span = tree.span(node);
                    inside(tree.text(), span);
                    assert_eq!(at(&tree, span), at(&tree, span).trim_ascii_end());
                    let _ = tree.tag(node);
                    let _ = tree.resolve(node, Dialect::GoYaml);
                    for entry in tree.entries(node) {
                        inside(tree.text(), entry.at);
                        left.extend([entry.key, entry.value]);
                        if tree.kind(entry.key) == Kind::Scalar {
                            let got = tree.get(node, tree.raw(entry.key));
                            let got = got.map(|got| tree.raw(got.key));
                            assert_eq!(got, Some(tree.raw(entry.key)));
                        }
                    }
                    left.extend(tree.items(node));
                }
                for duplicate in tree.duplicates() {
                    inside(tree.text(), duplicate.first);
                    inside(tree.text(), duplicate.second);
                    assert!(tree.duplicates_within(duplicate.mapping).is_some());
                }
            }
        }
    }

    fn syntax() -> impl Strategy<Value = Syntax> {
        prop::sample::select(vec![
            Syntax::Yaml,
            Syntax::Yaml,
            Syntax::Json,
            Syntax::Toml,
            Syntax::JsonLines,
            Syntax::Csv,
            Syntax::Xml,
            Syntax::Dockerfile,
            Syntax::CodeOwners,
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}", syntax in syntax()) {
            sound(&text, syntax);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), syntax in syntax()) {
            if let Ok(text) = decode(bytes) {
                sound(&text, syntax);
            }
        }

        #[test]
        fn anything_made_of_the_pieces_of_a_language_is_read_or_refused(
            pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40),
            syntax in syntax(),
        ) {
            sound(&pieces.concat(), syntax);
        }

        #[test]
        fn a_manifest_with_a_piece_changed_is_read_or_refused(
            at in 0..MANIFEST.len(),
            gone in 0..8_usize,
            piece in prop::sample::select(PIECES.to_vec()),
        ) {
            let before = MANIFEST.chars().take(at);
            let after = MANIFEST.chars().skip(at + gone);
            let text: String = before.chain(piece.chars()).chain(after).collect();
            sound(&text, Syntax::Yaml);
        }
    }
}
