//! What GitHub's interface gives: rulesets, protected branches, collaborators and teams (GitHub REST API, "Repositories").

use onus_model::access::{At, Holder, Limit, SubjectKind, Word};

use super::{Reader, rule};
use crate::document::{Kind, NodeId, Scalar, Tree};
use onus_model::plan::Dialect;

/// From the most to the least, in the words of `permissions`, and what they are called elsewhere.
const LEVELS: [(&str, &str); 5] = [
    ("admin", "admin"),
    ("maintain", "maintain"),
    ("push", "write"),
    ("triage", "triage"),
    ("pull", "read"),
];

#[derive(Clone, Copy)]
enum What {
    Ruleset,
    Protection,
    Collaborator,
    Team,
}

/// What an object is, by the keys that GitHub gives it.
fn what(tree: &Tree, node: NodeId) -> Option<What> {
    if tree.kind(node) != Kind::Mapping {
        return None;
    }
    let get = |key: &str| tree.get(node, key).map(|e| e.value);
    let has = |key: &str| get(key).is_some();
    let any = |keys: &[&str]| keys.iter().any(|key| has(key));
    if has("enforcement") && has("target") && any(&["rules", "bypass_actors", "conditions"]) {
        return Some(What::Ruleset);
    }
    let protected = get("url").is_some_and(|url| tree.raw(url).ends_with("/protection"));
    let parts = [
        "required_status_checks",
        "enforce_admins",
        "required_pull_request_reviews",
        "restrictions",
    ];
    if protected && any(&parts) {
        return Some(What::Protection);
    }
    let permissions = get("permissions").is_some_and(|p| tree.kind(p) == Kind::Mapping);
    if has("login") && (permissions || has("role_name")) {
        return Some(What::Collaborator);
    }
    (has("slug") && has("permission")).then_some(What::Team)
}

/// Whether a file holds something that GitHub's interface gave, alone or as a list.
#[must_use]
pub fn is_export(tree: &Tree) -> bool {
    tree.documents().iter().any(|root| {
        what(tree, *root).is_some() || tree.items(*root).any(|item| what(tree, item).is_some())
    })
}

impl Reader<'_> {
    pub(super) fn export(&mut self, root: NodeId) {
        let tree = self.page.tree;
        if tree.kind(root) != Kind::Sequence {
            self.object(root);
            return;
        }
        for item in tree.items(root) {
            self.object(item);
        }
    }

    fn object(&mut self, node: NodeId) {
        match what(self.page.tree, node) {
            Some(What::Ruleset) => self.ruleset(node),
            Some(What::Protection) => self.protection(node),
            Some(What::Collaborator) => self.collaborator(node),
            Some(What::Team) => self.team(node),
            None => {}
        }
    }

    fn is(&self, node: NodeId, expect: bool) -> bool {
        self.page.tree.resolve(node, Dialect::Core) == Scalar::Bool(expect)
    }

    fn ruleset(&mut self, node: NodeId) {
        let tree = self.page.tree;
        let at = self.page.at(self.page.head(node));
        let name = self.page.word(node, "name");
        let name = name.unwrap_or_else(|| Word::new("", at));
        if let Some(enforcement) = self.page.word(node, "enforcement")
            && &*enforcement.text != "active"
        {
            let message = format!(
                "the ruleset `{}` binds nobody: its enforcement is `{}`",
                name.text, enforcement.text
            );
            let help = "make it `active`, or leave it out";
            self.problem(message, enforcement.at.span, help);
            return;
        }
        let refs = self
            .page
            .get(node, "conditions")
            .and_then(|conditions| self.page.get(conditions, "ref_name"));
        let (include, exclude) = match refs {
            Some(refs) => (
                self.page.words(refs, "include"),
                self.page.words(refs, "exclude"),
            ),
            None => (vec![self.page.named("~ALL", at)], Vec::new()),
        };
        let mut past = Vec::new();
        if self.page.get(node, "bypass_actors").is_none() {
            let message = format!("the ruleset `{}` does not say who may bypass it", name.text);
            let help = "export it alone, as somebody who may change it";
            self.problem(message, at.span, help);
        }
        for item in self.page.list(node, "bypass_actors") {
            let Some(actor) = self.actor(item) else {
                continue;
            };
            let mode = self.page.word(item, "bypass_mode");
            let conditions = match mode {
                Some(mode) if &*mode.text == "pull_request" => vec![mode],
                _ => Vec::new(),
            };
            if conditions.is_empty() {
                past.push(actor.clone());
            }
            if include.is_empty() {
                continue;
            }
            let action = self.page.named("bypass", actor.at);
            let rules = vec![rule(action, include.clone(), exclude.clone())];
            let at = actor.at;
            self.give(rules, vec![actor], conditions, at);
        }
        for item in self.page.list(node, "rules") {
            let Some(kind) = self.page.word(item, "type") else {
                continue;
            };
            let mut says = kind.text.to_string();
            if let Some(parameters) = self.page.get(item, "parameters") {
                for entry in self.page.entries(parameters) {
                    if tree.kind(entry.value) == Kind::Scalar {
                        let (key, value) = (tree.raw(entry.key), tree.raw(entry.value));
                        says = format!("{says}, {key} {value}");
                    }
                }
            }
            let resources = include.clone();
            self.limit(
                "ruleset",
                name.clone(),
                resources,
                past.clone(),
                &says,
                kind.at,
            );
        }
    }

    fn limit(
        &mut self,
        kind: &'static str,
        name: Word,
        resources: Vec<Word>,
        but_subjects: Vec<Holder>,
        says: &str,
        at: At,
    ) {
        self.access.limits.push(Limit {
            system: self.system.clone(),
            kind,
            name,
            resources,
            subjects: Vec::new(),
            but_subjects,
            says: says.into(),
            at,
        });
    }

    /// Who may bypass a ruleset. GitHub gives numbers, not names.
    fn actor(&mut self, node: NodeId) -> Option<Holder> {
        let at = self.page.at(self.page.head(node));
        let id = self.page.word(node, "actor_id");
        let id = id.map_or_else(String::new, |id| format!(" {}", id.text));
        let kind = self.page.word(node, "actor_type");
        let (kind, name) = match kind.as_ref().map(|k| &*k.text) {
            Some("Team") => (SubjectKind::Group, format!("team{id}")),
            Some("RepositoryRole") => (SubjectKind::Role, format!("repository role{id}")),
            Some("OrganizationAdmin") => (SubjectKind::Group, "organization admins".to_owned()),
            Some("EnterpriseOwner") => (SubjectKind::Group, "enterprise owners".to_owned()),
            Some("Integration") => (SubjectKind::Workload, format!("app{id}")),
            Some("DeployKey") => (SubjectKind::Workload, "deploy keys".to_owned()),
            Some("User") => (SubjectKind::User, format!("user{id}")),
            other => {
                let message = format!(
                    "`{}` is no kind of actor that is known",
                    other.unwrap_or_default()
                );
                let help = "see who it is at GitHub: they may bypass the ruleset";
                self.problem(message, at.span, help);
                return None;
            }
        };
        Some(self.holder(kind, &name, at))
    }

    fn protection(&mut self, node: NodeId) {
        let tree = self.page.tree;
        let Some(url) = self.page.word(node, "url") else {
            return;
        };
        let found = url.text.split_once("/branches/");
        let branch = found.and_then(|(_, rest)| rest.strip_suffix("/protection"));
        let (Some(branch), Some((before, _))) = (branch, found) else {
            let message = format!("`{}` names no branch", url.text);
            let help = "export it with `GET /repos/{owner}/{repo}/branches/{branch}/protection`";
            self.problem(message, url.at.span, help);
            return;
        };
        // `…/repos/owner/repository`
        let owner = before.rsplit('/').nth(1).unwrap_or_default().to_owned();
        // A slash in the name of a branch would end it in the address.
        let branch = branch.replace("%2F", "/").replace("%2f", "/");
        let branch = self.page.named(&format!("refs/heads/{branch}"), url.at);
        let reviews = self.page.get(node, "required_pull_request_reviews");
        let inside = |key| reviews.and_then(|r| self.page.get(r, key));
        for (action, list) in [
            ("push", self.page.get(node, "restrictions")),
            ("bypass", inside("bypass_pull_request_allowances")),
            ("dismiss-review", inside("dismissal_restrictions")),
        ] {
            let Some(list) = list else {
                continue;
            };
            for holder in self.listed(list, &owner) {
                let at = holder.at;
                let action = self.page.named(action, at);
                let rules = vec![rule(action, vec![branch.clone()], Vec::new())];
                self.give(rules, vec![holder], Vec::new(), at);
            }
        }
        let mut past = Vec::new();
        if let Some(admins) = self.page.get(node, "enforce_admins")
            && let Some(enabled) = self.page.get(admins, "enabled")
            && self.is(enabled, false)
        {
            let at = self.page.at(tree.span(enabled));
            let holder = self.holder(SubjectKind::Group, "repository admins", at);
            let action = self.page.named("bypass", at);
            let rules = vec![rule(action, vec![branch.clone()], Vec::new())];
            self.give(rules, vec![holder.clone()], Vec::new(), at);
            past.push(holder);
        }
        let says = self.says(node);
        if !says.is_empty() {
            let at = self.page.at(self.page.head(node));
            let resources = vec![branch.clone()];
            self.limit(
                "branch protection",
                branch,
                resources,
                past,
                &says.join(", "),
                at,
            );
        }
    }

    /// What a protection demands, in GitHub's own words: switches by their names, the rest with its values.
    fn says(&self, node: NodeId) -> Vec<String> {
        let tree = self.page.tree;
        let mut says = Vec::new();
        let simple = |entry: &crate::document::Entry| {
            let key = tree.raw(entry.key);
            (tree.kind(entry.value) == Kind::Scalar && !key.ends_with("url"))
                .then(|| format!("{key} {}", tree.raw(entry.value)))
        };
        for entry in self.page.entries(node) {
            let key = tree.raw(entry.key);
            if key == "restrictions" || tree.kind(entry.value) != Kind::Mapping {
                continue;
            }
            if let Some(enabled) = self.page.get(entry.value, "enabled") {
                says.push(format!("{key} {}", tree.raw(enabled)));
                continue;
            }
            says.extend(self.page.entries(entry.value).iter().filter_map(simple));
            for context in self.page.list(entry.value, "contexts") {
                says.push(format!("context {}", tree.raw(context)));
            }
        }
        says
    }

    /// Users, teams and apps, as protections list them.
    fn listed(&mut self, node: NodeId, owner: &str) -> Vec<Holder> {
        let mut holders = Vec::new();
        for item in self.page.list(node, "users") {
            let found = self.page.word(item, "login");
            holders.extend(self.found(item, "login", found, |reader, login| {
                reader.holder(SubjectKind::User, &login.text, login.at)
            }));
        }
        for item in self.page.list(node, "teams") {
            let found = self.page.word(item, "slug");
            holders.extend(self.found(item, "slug", found, |reader, slug| {
                let name = reader.team_name(item, &slug.text, owner);
                reader.holder(SubjectKind::Group, &name, slug.at)
            }));
        }
        for item in self.page.list(node, "apps") {
            let found = self.page.word(item, "slug");
            holders.extend(self.found(item, "slug", found, |reader, slug| {
                let name = format!("app {}", slug.text);
                reader.holder(SubjectKind::Workload, &name, slug.at)
            }));
        }
        holders
    }

    fn found(
        &mut self,
        node: NodeId,
        key: &str,
        word: Option<Word>,
        holder: impl FnOnce(&mut Self, Word) -> Holder,
    ) -> Option<Holder> {
        let Some(word) = word else {
            let message = format!("somebody has no `{key}`, and is not shown");
            self.problem(message, self.page.head(node), "export it again");
            return None;
        };
        Some(holder(self, word))
    }

    /// `organization/team`, as code owners are written, where the organization is known.
    fn team_name(&mut self, node: NodeId, slug: &str, owner: &str) -> String {
        let page = self.page.word(node, "html_url");
        let of = page.as_ref().and_then(|url| {
            let (_, rest) = url.text.split_once("/orgs/")?;
            rest.split_once("/teams/").map(|(of, _)| of)
        });
        match of.unwrap_or(owner) {
            "" => slug.to_owned(),
            of => format!("{of}/{slug}"),
        }
    }

    fn collaborator(&mut self, node: NodeId) {
        let Some(login) = self.page.word(node, "login") else {
            self.problem(
                "a collaborator has no name",
                self.page.head(node),
                "export it again",
            );
            return;
        };
        let level = self.page.get(node, "permissions").and_then(|permissions| {
            LEVELS.iter().find_map(|(key, level)| {
                let value = self.page.get(permissions, key)?;
                let at = self.page.at(self.page.tree.span(value));
                self.is(value, true).then_some((*level, at))
            })
        });
        let level = match level {
            Some((level, at)) => Some(self.page.named(level, at)),
            None => self.page.word(node, "role_name"),
        };
        let bot = self.page.word(node, "type");
        let bot = bot.is_some_and(|kind| &*kind.text == "Bot");
        let kind = if bot {
            SubjectKind::Workload
        } else {
            SubjectKind::User
        };
        let holder = self.holder(kind, &login.text, login.at);
        self.gets(holder, level);
    }

    fn team(&mut self, node: NodeId) {
        let Some(slug) = self.page.word(node, "slug") else {
            self.problem(
                "a team has no name",
                self.page.head(node),
                "export it again",
            );
            return;
        };
        let name = self.team_name(node, &slug.text, "");
        let level = self.page.word(node, "permission");
        let holder = self.holder(SubjectKind::Group, &name, slug.at);
        self.gets(holder, level);
    }

    /// Gives a level of access. A role of the organization's own has its own name.
    fn gets(&mut self, holder: Holder, level: Option<Word>) {
        let Some(mut level) = level else {
            // All permissions are false: they are listed, and may do nothing.
            return;
        };
        if &*level.text == "none" {
            return;
        }
        let same = LEVELS.iter().find(|(key, _)| *key == &*level.text);
        if let Some((_, name)) = same {
            level = self.page.named(name, level.at);
        }
        let at = holder.at;
        let repository = self.page.named("repository", at);
        let rules = vec![rule(level, vec![repository], Vec::new())];
        self.give(rules, vec![holder], Vec::new(), at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, Syntax};
    use onus_model::access::Given;
    use onus_model::source::Text;

    fn words(words: &[Word]) -> String {
        let words: Vec<_> = words.iter().map(|w| &*w.text).collect();
        words.join("+")
    }

    fn told(text: &str) -> Vec<String> {
        let tree = crate::document::read(text.into(), Syntax::Json, &Limits::default()).unwrap();
        assert!(is_export(&tree));
        let (access, problems) = super::super::read(0, &Text::new("e.json", text), &tree);
        let mut out = Vec::new();
        for binding in &access.bindings {
            let Given::Rules(rules) = &binding.given else {
                panic!("rules are given")
            };
            let (reach, subject) = (&rules[0].reach, &binding.holders[0].subject);
            out.push(format!(
                "{} {}: {} on {} but [{}] if [{}]",
                subject.kind.name(),
                subject.name,
                words(&reach.actions),
                words(&reach.resources),
                words(&reach.but_resources),
                words(&binding.conditions)
            ));
        }
        for limit in &access.limits {
            out.push(format!(
                "limit {} {} on {} but {}: {}",
                limit.kind,
                limit.name.text,
                words(&limit.resources),
                limit.but_subjects.len(),
                limit.says
            ));
        }
        out.extend(problems.into_iter().map(|p| format!("! {}", p.message)));
        out
    }

    #[test]
    fn rulesets_say_who_bypasses_them_and_what_they_demand() {
        let text = r#"[{"id": 1, "name": "main", "target": "branch", "enforcement": "active",
          "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH", "refs/heads/r/*"], "exclude": ["refs/heads/r/x"]}},
          "rules": [{"type": "deletion"}, {"type": "pull_request", "parameters": {"required_approving_review_count": 2, "x": []}}],
          "bypass_actors": [
            {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"},
            {"actor_id": 7, "actor_type": "Team", "bypass_mode": "pull_request"},
            {"actor_id": null, "actor_type": "OrganizationAdmin", "bypass_mode": "always"},
            {"actor_id": 9, "actor_type": "Integration", "bypass_mode": "always"},
            {"actor_id": null, "actor_type": "DeployKey", "bypass_mode": "always"},
            {"actor_id": 3, "actor_type": "Ghost", "bypass_mode": "always"}]},
          {"name": "trial", "target": "branch", "enforcement": "evaluate", "rules": [{"type": "deletion"}]}]"#;
        let on = "on ~DEFAULT_BRANCH+refs/heads/r/* but [refs/heads/r/x]";
        let limit = "limit ruleset main on ~DEFAULT_BRANCH+refs/heads/r/* but 4";
        assert_eq!(
            told(text),
            [
                format!("role repository role 5: bypass {on} if []"),
                format!("group team 7: bypass {on} if [pull_request]"),
                format!("group organization admins: bypass {on} if []"),
                format!("workload app 9: bypass {on} if []"),
                format!("workload deploy keys: bypass {on} if []"),
                format!("{limit}: deletion"),
                format!("{limit}: pull_request, required_approving_review_count 2"),
                "! `Ghost` is no kind of actor that is known".to_owned(),
                "! the ruleset `trial` binds nobody: its enforcement is `evaluate`".to_owned(),
            ]
        );
    }

    #[test]
    fn protected_branches_say_who_pushes_and_who_is_bound() {
        let text = r#"{"url": "https://api.github.com/repos/acme/site/branches/rel%2F1/protection",
          "required_status_checks": {"strict": true, "contexts": ["ci"]},
          "enforce_admins": {"url": "u", "enabled": false},
          "required_pull_request_reviews": {"required_approving_review_count": 2, "require_code_owner_reviews": true,
            "dismissal_restrictions": {"users": [{"login": "ann"}], "teams": [], "apps": []},
            "bypass_pull_request_allowances": {"apps": [{"slug": "bot"}]}},
          "restrictions": {"users": [{"login": "bob"}, {}], "teams": [{"slug": "ops", "html_url": "https://github.com/orgs/other/teams/ops"}, {"slug": "dev"}]},
          "required_linear_history": {"enabled": true}}"#;
        let on = "on refs/heads/rel/1 but [] if []";
        assert_eq!(
            told(text),
            [
                &format!("user bob: push {on}"),
                &format!("group other/ops: push {on}"),
                &format!("group acme/dev: push {on}"),
                &format!("workload app bot: bypass {on}"),
                &format!("user ann: dismiss-review {on}"),
                &format!("group repository admins: bypass {on}"),
                "limit branch protection refs/heads/rel/1 on refs/heads/rel/1 but 1: strict true, context ci, enforce_admins false, \
                 required_approving_review_count 2, require_code_owner_reviews true, required_linear_history true",
                "! somebody has no `login`, and is not shown",
            ]
        );
    }

    #[test]
    fn collaborators_and_teams_get_their_highest_level() {
        let text = r#"[{"login": "ann", "permissions": {"pull": true, "triage": true, "push": true, "maintain": false, "admin": false}, "role_name": "write"},
          {"login": "bob", "role_name": "security"},
          {"login": "nil", "permissions": {"pull": false}},
          {"login": "ci[bot]", "type": "Bot", "permissions": {"admin": true}},
          {"slug": "ops", "permission": "pull", "html_url": "https://github.com/orgs/acme/teams/ops"},
          {"slug": "dev", "permission": "maintain"}]"#;
        let on = "on repository but [] if []";
        assert_eq!(
            told(text),
            [
                format!("user ann: write {on}"),
                format!("user bob: security {on}"),
                format!("workload ci[bot]: admin {on}"),
                format!("group acme/ops: read {on}"),
                format!("group dev: maintain {on}"),
            ]
        );
    }

    #[test]
    fn other_lists_and_objects_are_no_exports() {
        for text in [
            "[]",
            "{}",
            "1",
            r#"[{"login": "ann"}]"#,
            r#"{"url": "https://x/protection"}"#,
            r#"[{"full_name": "a/b", "permissions": {"admin": true}}]"#,
        ] {
            let tree =
                crate::document::read(text.into(), Syntax::Json, &Limits::default()).unwrap();
            assert!(!is_export(&tree), "{text}");
        }
    }
}
