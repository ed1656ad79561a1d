//! What a format of the user's own can say beyond one file: joins, the clock, what only the run knows, a document in a text.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use support::{Folder, Report};

const SCHEMA: &str = r#"
@files("people.yaml, more/people.yaml")
namespace Staff {
  @each("$.people[*]") @id("$.person")
  entity Person = { person: String, status: String, @as("names") groups?: Set<String> };
}
@files("tokens.json")
namespace Badges {
  type Parameters = { @now now: datetime };
  @each("$[*]") @id("$.token")
  entity Token = {
    owner: String,
    @as("date") expires: datetime,
    @from("$.scope.name | $.scope") scope?: String,
    @count("$.uses[?@.by == 'robot']") robots: Long,
    @lookup("Staff::Person[person = owner].status") ownerStatus: Set<String>,
    @lookup("Staff::Person.groups") groups: Set<String>,
    @lookup("Onus::File.path") files: Set<String>,
  };
  action deploy appliesTo { principal: [Onus::Deployment], resource: [Token], context: { badges: Parameters } };
}
@files("compose.yaml, app.json#compose") @dialect("compose")
namespace Stack {
  @each("$.services.*") entity Service = { image?: String, @key name: String };
  action deploy appliesTo { principal: [Onus::Deployment], resource: [Service] };
}
"#;

fn folder(conditions: &[(&str, &str, &str)]) -> Folder {
    let folder = Folder::with(&[("policies/own/schema.cedarschema", SCHEMA)]);
    for (id, of, condition) in conditions {
        let space = of.split("::").next().unwrap_or_default();
        folder.write(
            &format!("policies/own/{id}/policy.cedar"),
            format!(
                "@title(\"t\") @severity(\"high\") @help(\"h\")\nforbid (principal, action == {space}::Action::\"deploy\", resource is {of}) when {{ {condition} }};\n"
            ),
        );
    }
    folder
}

fn verdicts(folder: &Folder, paths: &[&str], check: &str) -> Vec<String> {
    let mut args = vec!["check", "--policies", "policies", "--all", "--check", check];
    args.extend(["--now", "2026-11-21", "--format", "json"]);
    args.extend(paths);
    told(&folder.onus(&args).report())
}

fn told(report: &Report) -> Vec<String> {
    let all = report.evaluations.iter();
    all.map(|e| format!("{} {}: {}", e.location.file, e.target.id, e.verdict))
        .collect()
}

#[test]
fn a_token_knows_whether_its_owner_is_still_there() {
    let folder = folder(&[(
        "badges-of-those-here",
        "Badges::Token",
        "!resource.ownerStatus.contains(\"active\")",
    )]);
    folder.write(
        "in/people.yaml",
        "people:\n  - {person: ann, status: active}\n  - {person: bob, status: left}\n",
    );
    folder.write(
        "in/tokens.json",
        r#"[{"token": "a", "owner": "ann", "expires": "2027-01-01"}, {"token": "b", "owner": "bob", "expires": "2027-01-01"}, {"token": "c", "owner": "cy", "expires": "2027-01-01"}]"#,
    );
    let judged = |folder: &Folder| verdicts(folder, &["in"], "badges-of-those-here");
    let (good, bad) = ("Badges/a: pass", ["Badges/b: fail", "Badges/c: fail"]);
    assert_eq!(
        judged(&folder),
        [good, bad[0], bad[1]].map(|e| format!("in/tokens.json {e}"))
    );
    // Wherever the people are listed, and however many files do so.
    folder.write(
        "in/more/people.yaml",
        "people:\n  - {person: cy, status: active}\n",
    );
    assert_eq!(
        judged(&folder),
        [good, bad[0], "Badges/c: pass"].map(|e| format!("in/tokens.json {e}"))
    );
    // What cannot be read of a person is no answer about anybody.
    folder.write(
        "in/more/people.yaml",
        "people:\n  - {person: cy, status: [active]}\n",
    );
    assert_eq!(
        judged(&folder),
        ["Badges/a: error", "Badges/b: error", "Badges/c: error"]
            .map(|e| format!("in/tokens.json {e}"))
    );
}

#[test]
fn sets_files_counts_alternatives_and_the_clock_can_be_compared() {
    let conditions = [
        ("groups", "!resource.groups.containsAll([\"dev\", \"ops\"])"),
        ("files", "!resource.files.contains(\"docs/plan.md\")"),
        ("robots", "resource.robots != 2"),
        ("scopes", "resource has scope && resource.scope == \"all\""),
        ("expiry", "context.badges.now > resource.expires"),
        (
            "month",
            "resource.expires.durationSince(context.badges.now) > duration(\"31d\")",
        ),
    ];
    let folder = folder(&conditions.map(|(id, condition)| (id, "Badges::Token", condition)));
    folder.write("in/docs/plan.md", "");
    folder.write(
        "in/people.yaml",
        "people:\n  - {person: ann, status: active, groups: [dev, ops]}\n  - {person: bob, status: active, groups: {night: }}\n",
    );
    let token = |more: &str| {
        format!(
            r#"[{{"token": "a", "owner": "ann", "expires": "2026-12-01T00:00:00Z", "uses": [{{"by": "robot"}}, {{"by": "ann"}}, {{"by": "robot"}}]{more}}}]"#
        )
    };
    let passes = |folder: &Folder, id: &str| {
        let told = verdicts(folder, &["in"], id);
        told == ["in/tokens.json Badges/a: pass"]
    };
    folder.write("in/tokens.json", token(r#", "scope": {"name": "some"}"#));
    for (id, _) in conditions {
        assert!(passes(&folder, id), "{id}");
    }
    folder.write("in/tokens.json", token(r#", "scope": "all""#));
    assert!(!passes(&folder, "scopes"));
    folder.write(
        "in/tokens.json",
        token("").replace("2026-12-01", "2026-11-20"),
    );
    assert!(!passes(&folder, "expiry") && passes(&folder, "month"));
    folder.write("in/people.yaml", "people: []\n");
    assert!(!passes(&folder, "groups"));
}

#[test]
fn what_only_the_run_knows_is_unknown_and_no_pass() {
    let folder = folder(&[(
        "pinned",
        "Stack::Service",
        "resource has image && !(resource.image like \"*@sha256:*\")",
    )]);
    folder.write(
        "in/compose.yaml",
        "services:\n  a: {image: \"x@sha256:0\"}\n  b: {image: \"x:${TAG:-1}\"}\n  c: {image: x}\n  d: {image: \"$$x\"}\n",
    );
    assert_eq!(
        verdicts(&folder, &["in"], "pinned"),
        ["a: pass", "b: unknown", "c: fail", "d: fail"]
            .map(|e| format!("in/compose.yaml Stack/services/{e}"))
    );
    folder.write("in/compose.yaml", "services:\n  b: {image: \"$IMAGE\"}\n");
    let run = folder.onus(&["check", "--policies", "policies", "--check", "pinned", "in"]);
    assert_eq!(run.code, Some(4), "{}", run.stdout);
}

#[test]
fn a_document_in_a_text_is_judged_and_shown_by_its_own_lines() {
    let folder = folder(&[(
        "pinned",
        "Stack::Service",
        "resource has image && !(resource.image like \"*@*\")",
    )]);
    folder.write(
        "in/app.json",
        r#"{"name": "x", "compose": "services:\n  web:\n    # a \"comment\"\n    image: nginx\n"}"#,
    );
    let run = folder.onus(&["check", "--policies", "policies", "--check", "pinned", "in"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout.contains("in/app.json#compose:4:12") && run.stdout.contains("image: nginx"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_join_can_be_kept_to_one_file() {
    let schema = "@files(\"*.yaml\")\nnamespace J {\n  @each(\"$.jobs.*\") entity Job = { @key name: String, @as(\"names\") needs?: Set<String>, @lookup(\"J::Job[name = needs, file].name\") there: Set<String> };\n  action deploy appliesTo { principal: [Onus::Deployment], resource: [Job] };\n}\n";
    let folder = Folder::with(&[
        ("policies/own/schema.cedarschema", schema),
        (
            "policies/own/known/policy.cedar",
            "@title(\"t\") @severity(\"high\") @help(\"h\")\nforbid (principal, action == J::Action::\"deploy\", resource is J::Job) when { resource has needs && !resource.there.containsAll(resource.needs) };\n",
        ),
        ("in/a.yaml", "jobs:\n  test: {}\n  deploy: {needs: test}\n"),
        ("in/b.yaml", "jobs:\n  deploy: {needs: [test]}\n"),
    ]);
    assert_eq!(
        verdicts(&folder, &["in"], "known"),
        [
            "in/a.yaml J/jobs/test: pass",
            "in/a.yaml J/jobs/deploy: pass",
            "in/b.yaml J/jobs/deploy: fail"
        ]
    );
}

#[test]
fn a_join_that_leads_nowhere_is_an_error_of_the_schema() {
    let told = |lookup: &str| {
        let folder = Folder::with(&[(
            "policies/own/schema.cedarschema",
            format!(
                "@files(\"a.yaml\")\nnamespace A {{\n  @each(\"$\") entity One = {{ name?: String, @lookup(\"{lookup}\") found: Set<String> }};\n}}\n"
            ),
        )]);
        folder.write("in/a.yaml", "name: x\n");
        let run = folder.onus(&["check", "--policies", "policies", "in"]);
        assert_eq!(run.code, Some(2));
        let message = run
            .stderr
            .lines()
            .find(|l| l.contains('✗') || l.contains('×'));
        message.unwrap_or_default().trim().to_owned()
    };
    assert!(told("A::On.name").ends_with("there is no type `A::On`"));
    assert!(told("One.nam").ends_with("`A::One` has no attribute `nam`"));
    assert!(told("One[name = id].name").ends_with("`A::One` has no attribute `id`"));
    assert!(told("Onus::File.size").ends_with("`Onus::File` has no attribute `size`"));
    assert!(told("name").ends_with("`name` is no lookup"));
}
