use std::fmt::Write as _;

use super::*;
use crate::document::{Limits, Syntax};

fn words(words: &[Word]) -> String {
    let texts: Vec<_> = words.iter().map(|w| &*w.text).collect();
    texts.join(" + ")
}

fn rule(rule: &Rule) -> String {
    let Reach {
        actions,
        but_actions,
        resources,
        but_resources,
        ..
    } = &rule.reach;
    let mut out = format!("{:?} {}", rule.effect, words(actions));
    for (label, list) in [
        (" but ", but_actions),
        (" on ", resources),
        (" but ", but_resources),
        (" if ", &rule.conditions),
    ] {
        if !list.is_empty() {
            let _ = write!(out, "{label}{}", words(list));
        }
    }
    out
}

/// All that was read, a line each.
fn told(name: &str, text: &str) -> Vec<String> {
    let syntax = Syntax::of(name).unwrap();
    let tree = crate::document::read(text.into(), syntax, &Limits::default()).unwrap();
    let file = Text::new(name, tree.text());
    assert!(is_ours(&tree), "{name} is not known");
    let (access, problems) = read(3, &file, &tree);
    let subject = |s: &Subject| format!("{} {}", s.kind.name(), s.name);
    let mut out = Vec::new();
    for role in &access.roles {
        let rules: Vec<_> = role.rules.iter().map(rule).collect();
        out.push(format!("role {}: {}", role.name.text, rules.join("; ")));
    }
    for binding in &access.bindings {
        assert_eq!(binding.at.file, 3);
        let given = match &binding.given {
            Given::Role { name, .. } => format!("role {}", name.text),
            Given::Rules(rules) => rules.iter().map(rule).collect::<Vec<_>>().join("; "),
        };
        let to: Vec<_> = binding
            .holders
            .iter()
            .map(|h| subject(&h.subject))
            .collect();
        let on = words(&binding.conditions);
        let on = if on.is_empty() {
            on
        } else {
            format!(" if {on}")
        };
        out.push(format!(
            "{}: {given} to {}{on}",
            binding.name,
            to.join(", ")
        ));
    }
    for m in &access.memberships {
        out.push(format!("{} in {}", subject(&m.member), subject(&m.group)));
    }
    for limit in &access.limits {
        out.push(format!("limit {}: {}", limit.kind, limit.name.text));
    }
    for problem in problems {
        let label = &problem.labels[0];
        let text = file.text.get(label.span.range()).unwrap();
        assert!(problem.help.is_some(), "{}", problem.message);
        out.push(format!(
            "! {} @ {}",
            problem.message,
            text.lines().next().unwrap()
        ));
    }
    out
}

#[test]
fn a_policy_in_a_file_is_a_role_of_whoever_is_given_it() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "arn:aws:s3:::a/*",
         "Condition": {"Bool": {"aws:MultiFactorAuthPresent": true}, "StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}}},
        {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"}]}"#;
    let expect = [
        "role policies/reader: Allow s3:Get* + s3:List* on arn:aws:s3:::a/* if Bool aws:MultiFactorAuthPresent true + \
         StringEquals aws:PrincipalOrgID o-1, o-2; Deny * but iam:* on * but arn:aws:s3:::b",
        "policies/reader: role policies/reader to role policies/reader",
    ];
    assert_eq!(told("policies/reader.json", text), expect);
}

#[test]
fn what_templates_call_alike_is_kept_apart() {
    let text = r#"{"Resources": {"Deploy": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [
        {"PolicyName": "p", "PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}]}}}}"#;
    let names = |path: &str| {
        let limits = Limits::default();
        let bytes = text.as_bytes().to_vec();
        let tree = crate::document::read(bytes, Syntax::Json, &limits).unwrap();
        let text = Text::new(path, tree.text());
        let (mut access, _) = read(0, &text, &tree);
        qualify(&mut access, path);
        access.bindings[0].holders[0].subject.name.to_string()
    };
    assert_eq!(names("one/app.json"), "one/app#Deploy");
    assert_eq!(names("two/app.json"), "two/app#Deploy");
}

#[test]
fn several_documents_of_a_file_are_numbered() {
    let one = "Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}\n";
    assert_eq!(
        told("p.yaml", &format!("{one}---\n{one}")),
        [
            "role p: Allow s3:* on *",
            "role p#2: Allow s3:* on *",
            "p: role p to role p",
            "p#2: role p#2 to role p#2",
        ]
    );
}

#[test]
fn a_policy_of_a_resource_gives_to_the_principals_that_it_names() {
    let told = |principal: &str| {
        told(
            "trust.json",
            &format!(
                r#"{{"Statement": {{"Effect": "Allow", {principal}, "Action": "sts:AssumeRole"}}}}"#
            ),
        )
    };
    for (principal, expect) in [
        (r#""Principal": "*""#, "group *"),
        (r#""Principal": {"AWS": "*"}"#, "group *"),
        (
            r#""Principal": {"AWS": ["123456789012", "arn:aws:iam::1:role/r"]}"#,
            "group account 123456789012, workload arn:aws:iam::1:role/r",
        ),
        (
            r#""Principal": {"Service": "ec2.amazonaws.com", "Federated": "accounts.google.com"}"#,
            "workload ec2.amazonaws.com, user accounts.google.com",
        ),
        (r#""Principal": {"CanonicalUser": "79a5"}"#, "user 79a5"),
    ] {
        let expect = format!("trust: Allow sts:AssumeRole on trust to {expect}");
        assert_eq!(told(principal), [expect], "{principal}");
    }
}

#[test]
fn whoever_is_left_out_by_not_principal_is_told_and_access_is_never_hidden() {
    let told = |effect: &str| {
        told(
            "b.json",
            &format!(
                r#"{{"Statement": {{"Effect": "{effect}", "NotPrincipal": {{"AWS": "123456789012"}}, "Action": "s3:*", "Resource": "x"}}}}"#
            ),
        )
    };
    assert_eq!(
        told("Allow"),
        [
            "b: Allow s3:* on x to group *",
            "! who is left out by `NotPrincipal` is not modelled: everybody is shown @ \"NotPrincipal\"",
        ]
    );
    assert_eq!(
        told("Deny"),
        [
            "b: Deny s3:* on x to ",
            "! who is denied by `NotPrincipal` is not modelled: nothing is taken away @ \"NotPrincipal\"",
        ]
    );
}

#[test]
fn a_statement_that_makes_no_sense_is_told_and_gives_nothing() {
    for (statement, expect) in [
        (
            r#"{"Action": "a:b", "Resource": "*"}"#,
            r#"the statement has no `Effect` @ {"Action": "a:b", "Resource": "*"}"#,
        ),
        (
            r#"{"Effect": "allow", "Action": "a:b", "Resource": "*"}"#,
            r#"the statement has an unknown effect: `allow` @ "allow""#,
        ),
        (
            r#"{"Effect": "Allow", "Action": "a:b", "NotAction": "a:c", "Resource": "*"}"#,
            r#"the statement has both `Action` and `NotAction` @ "NotAction""#,
        ),
        (
            r#"{"Effect": "Allow", "Resource": "*"}"#,
            r#"the statement names no `Action` @ {"Effect": "Allow", "Resource": "*"}"#,
        ),
        (
            r#"{"Effect": "Allow", "Action": ["a:b", 7], "Resource": "*"}"#,
            "the statement has `7` under `Action`, where text belongs @ 7",
        ),
        (
            r#"{"Effect": "Allow", "Action": [], "Resource": "*"}"#,
            "the statement names nothing under `Action` @ []",
        ),
        (
            r#"{"Effect": "Deny", "Action": "a:b"}"#,
            r#"the statement names no `Resource`: it takes nothing away @ {"Effect": "Deny", "Action": "a:b"}"#,
        ),
        (
            r#"{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Principal": {"Aws": "*"}}"#,
            r#"the statement names a principal of the unknown kind `Aws` @ "Aws""#,
        ),
        (
            r#"{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Principal": "alice"}"#,
            r#"the statement names `alice` as a principal without its kind @ "alice""#,
        ),
        (
            r#"{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"Bool": "true"}}"#,
            r#"the statement has a condition `Bool` without a key @ "Bool""#,
        ),
        (
            r#""Allow""#,
            r#"the statement is no mapping: `Allow` @ "Allow""#,
        ),
    ] {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
        assert_eq!(
            told("p.json", &text),
            [format!("! {expect}")],
            "{statement}"
        );
    }
}

#[test]
fn what_is_only_doubtful_is_shown_with_a_warning() {
    let text = r#"{"Statement": {"Effect": "Allow", "Action": "a:b", "Conditions": {}}}"#;
    assert_eq!(
        told("p.json", text),
        [
            "role p: Allow a:b on *",
            "p: role p to role p",
            &format!(
                "! the statement names no `Resource`: it is shown for all of them @ {}",
                text.get(14..text.len() - 1).unwrap()
            ),
            "! `Conditions` is no part of a statement, and is not looked at @ \"Conditions\"",
        ]
    );
}

#[test]
fn an_account_is_read_with_its_groups_boundaries_and_encoded_documents() {
    let text = r#"{
  "UserDetailList": [{"UserName": "ann", "Arn": "arn:aws:iam::1:user/ann", "GroupList": ["ops", "gone"],
    "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D"}],
    "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::1:policy/edge"}}],
  "GroupDetailList": [{"GroupName": "ops", "Arn": "arn:aws:iam::1:group/x/ops",
    "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]}],
  "RoleDetailList": [{"RoleName": "r", "Arn": "arn:aws:iam::1:role/r",
    "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}},
    "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::1:policy/p"}], "RolePolicyList": []}],
  "Policies": [{"PolicyName": "p", "Arn": "arn:aws:iam::1:policy/p", "DefaultVersionId": "v2", "PolicyVersionList": [
    {"VersionId": "v1", "Document": {"Statement": {"Effect": "Allow", "Action": "old:*", "Resource": "*"}}},
    {"VersionId": "v2", "Document": {"Statement": {"Effect": "Allow", "Action": "new:*", "Resource": "*"}}}]}],
  "IsTruncated": true
}"#;
    let administrator = "role arn:aws:iam::aws:policy/AdministratorAccess";
    assert_eq!(
        told("account.json", text),
        [
            "role arn:aws:iam::1:policy/p: Allow new:* on *",
            &format!("{administrator}: Allow * on *"),
            "own: Allow s3:* on * to user arn:aws:iam::1:user/ann if within the permissions boundary arn:aws:iam::1:policy/edge",
            &format!(
                "arn:aws:iam::aws:policy/AdministratorAccess: {administrator} to group arn:aws:iam::1:group/x/ops"
            ),
            "arn:aws:iam::1:policy/p: role arn:aws:iam::1:policy/p to workload arn:aws:iam::1:role/r",
            "arn:aws:iam::1:role/r: Allow sts:AssumeRole on arn:aws:iam::1:role/r to workload ec2.amazonaws.com",
            "user arn:aws:iam::1:user/ann in group arn:aws:iam::1:group/x/ops",
            "user arn:aws:iam::1:user/ann in group arn:aws:iam::1:group/gone",
            "limit permissions boundary: arn:aws:iam::1:policy/edge",
            "! the export is cut off: `IsTruncated` is `true` @ true",
        ]
    );
}

#[test]
fn a_text_that_is_no_policy_is_told_where_it_stands() {
    let text = r#"{"RoleDetailList": [{"RoleName": "r", "AssumeRolePolicyDocument": "%7B"}]}"#;
    let [only] = &told("a.json", text)[..] else {
        panic!("one problem is told")
    };
    assert!(
        only.starts_with("! the policy is a text that is no JSON: "),
        "{only}"
    );
    assert!(only.ends_with(r#" @ "%7B""#), "{only}");
}

#[test]
fn a_template_is_read_in_both_syntaxes_and_what_it_leaves_open_is_said() {
    let text = r#"
Resources:
  Worker:
    Type: AWS::IAM::Role
    Condition: Live
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root", Service: lambda.amazonaws.com}
            Action: sts:AssumeRole
      ManagedPolicyArns:
        - !Sub arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess
        - !Ref Shared
      Policies:
        - PolicyName: inline
          PolicyDocument:
            Statement:
              - !If [Prod, {Effect: Allow, Action: 's3:*', Resource: !Sub "${Bucket}/*"}, !Ref AWS::NoValue]
  Ann:
    Type: AWS::IAM::User
    Properties:
      Groups: [{Ref: Ops}]
  Ops:
    Type: AWS::IAM::Group
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref Worker, !Ref Other]
      PolicyDocument:
        Statement: {Effect: Allow, Action: ['s3:Get*'], Resource: '*'}
  Open:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: b
      PolicyDocument:
        Statement: {Effect: Deny, Principal: {AWS: {"Fn::GetAtt": [Worker, Arn]}}, Action: '*', Resource: '*', Sid: Never}
  Ceiling:
    Type: AWS::Organizations::Policy
    Properties:
      Type: SERVICE_CONTROL_POLICY
      Content:
        Statement: {Effect: Allow, Action: '*', Resource: '*'}
"#;
    let live = "if not known before deployment: Condition Live";
    assert_eq!(
        told("t.yaml", text),
        [
            "role Shared: Allow s3:Get* on *",
            "role arn:aws:iam::aws:policy/AdministratorAccess: Allow * on *",
            &format!(
                "Worker: Allow sts:AssumeRole on Worker if not known before deployment: \
                 !Sub arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:root to group account ${{AWS::AccountId}}, \
                 workload lambda.amazonaws.com {live}"
            ),
            &format!(
                "inline: Allow s3:* on !Sub ${{Bucket}}/* if not known before deployment: Fn::If Prod + \
                 not known before deployment: !Sub ${{Bucket}}/* to workload Worker {live}"
            ),
            &format!(
                "arn:aws:iam::aws:policy/AdministratorAccess: role arn:aws:iam::aws:policy/AdministratorAccess to workload Worker {live}"
            ),
            &format!("Shared: role Shared to workload Worker {live}"),
            "Shared: role Shared to workload Worker, workload Other if not known before deployment: !Ref Other",
            "Never: Deny * on * to workload Worker",
            "user Ann in group Ops",
            "limit policy of the organization: Ceiling",
        ]
    );
}

#[test]
fn places_are_those_of_what_is_written() {
    let text = "Statement:\n- Effect: Allow\n  Action: 's3:*'\n  Resource: '*'\n  Condition:\n    Bool: {a: 'true'}\n";
    let tree = crate::document::read(text.into(), Syntax::Yaml, &Limits::default()).unwrap();
    let (access, _) = read(0, &Text::new("p.yaml", text), &tree);
    let rule = &access.roles[0].rules[0];
    let at = |at: At| text.get(at.span.range()).unwrap();
    assert_eq!(at(rule.at), "Effect: Allow");
    assert_eq!(at(rule.reach.actions[0].at), "'s3:*'");
    assert_eq!(at(rule.conditions[0].at), "'true'");
}

#[test]
fn other_files_are_not_taken_for_policies() {
    for text in [
        "{}",
        "[]",
        "1",
        r#"{"Statement": "s"}"#,
        r#"{"Statement": [{"Effect": "Allow"}]}"#,
        r#"{"Resources": {"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "b"}}}}"#,
        r#"{"Resources": []}"#,
    ] {
        let tree = crate::document::read(text.into(), Syntax::Json, &Limits::default()).unwrap();
        assert!(!is_ours(&tree), "{text}");
    }
}
