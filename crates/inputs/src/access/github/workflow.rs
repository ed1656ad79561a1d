//! What the token of a workflow's jobs may do (GitHub Docs, "Workflow syntax", `permissions`).

use std::sync::Arc;

use onus_model::access::{Access, Account, At, Given, Holder, Rule, SubjectKind, Word};
use onus_model::problem::Problem;
use onus_model::source::Text;

use super::{Reader, rule};
use crate::document::{Entry, Kind, NodeId, Tree};

/// What a job may do of which no file says anything: a setting of the repository or of the organization.
const DEFAULT: &str = "default workflow permissions";

const HELP: &str = "write `read-all`, `write-all`, `{}`, or scopes with `read`, `write` or `none`";

/// Whether GitHub looks for a workflow at this path.
#[must_use]
pub fn is_workflow(path: &str) -> bool {
    let mut parts = path.rsplit(['/', '\\']);
    let (name, folder, above) = (parts.next(), parts.next(), parts.next());
    let yaml = name.is_some_and(|n| n.ends_with(".yml") || n.ends_with(".yaml"));
    yaml && folder == Some("workflows") && above == Some(".github")
}

/// What each job of a workflow may do, wherever the file lies, with what is wrong with it.
///
/// A job is the workload `path#job`, and what the file says for all jobs is the workload `path`, of which `jobs` is `several` where
/// there are others beside one that has it. A job that says something of its own has that and nothing else. One that is given nothing has an account only.
#[must_use]
pub fn read_workflow(file: u32, text: &Text, tree: &Tree) -> (Access, Vec<Problem>) {
    let mut reader = Reader::new(file, text, tree);
    if let Some(root) = tree.documents().first() {
        reader.workflow(*root);
    }
    (reader.access, reader.page.problems)
}

impl Reader<'_> {
    fn workflow(&mut self, root: NodeId) {
        let Some(jobs) = self.page.get(root, "jobs") else {
            return;
        };
        let path = self.text.name.clone();
        let tree = self.page.tree;
        let all = tree.get(root, "permissions").map(|entry| {
            let at = self.page.at(tree.span(entry.key));
            let rules = self.permissions(entry.value);
            let facts = self.sharing(jobs, at);
            let workflow = self.workload(&path, at, facts);
            self.give(rules.clone(), vec![workflow], Vec::new(), at);
            (rules, at)
        });
        for entry in self.page.entries(jobs) {
            let at = self.page.at(tree.span(entry.key));
            let id = tree.raw(entry.key);
            if tree.kind(entry.value) != Kind::Mapping {
                let help = "write `runs-on` and `steps`, or `uses`";
                self.problem(format!("the job `{id}` is no mapping"), at.span, help);
                continue;
            }
            let job = self.workload(&format!("{path}#{id}"), at, Vec::new());
            if let Some(own) = tree.get(entry.value, "permissions") {
                let at = self.page.at(tree.span(own.key));
                let rules = self.permissions(own.value);
                self.give(rules, vec![job.clone()], Vec::new(), at);
            } else if let Some((rules, at)) = &all {
                self.give(rules.clone(), vec![job.clone()], Vec::new(), *at);
            } else {
                let given = Given::Role {
                    name: self.page.named(DEFAULT, at),
                    scope: None,
                };
                self.bind(given, vec![job.clone()], Vec::new(), at);
            }
            // The workflow that is called gets all secrets of the caller. Others are passed by name.
            if let Some(secrets) = self.page.word(entry.value, "secrets")
                && &*secrets.text == "inherit"
            {
                let every = self.page.named("secrets/*", secrets.at);
                let action = self.page.named("use", secrets.at);
                let rules = vec![rule(action, vec![every], Vec::new())];
                self.give(rules, vec![job], Vec::new(), secrets.at);
            }
        }
    }

    fn workload(&mut self, name: &str, at: At, facts: Vec<(Arc<str>, Word)>) -> Holder {
        let holder = self.holder(SubjectKind::Workload, name, at);
        self.access.accounts.push(Account {
            subject: holder.subject.clone(),
            facts,
            at,
        });
        holder
    }

    /// Whether what the workflow says may be more than the job needs that it was said for: of several jobs, one at least has it. One that
    /// says something of its own does not have it.
    fn sharing(&mut self, jobs: NodeId, at: At) -> Vec<(Arc<str>, Word)> {
        let tree = self.page.tree;
        let mut jobs = self.page.entries(jobs);
        jobs.retain(|job| tree.kind(job.value) == Kind::Mapping);
        let has_it = |job: &Entry| tree.get(job.value, "permissions").is_none();
        if jobs.len() < 2 || !jobs.iter().any(has_it) {
            return Vec::new();
        }
        vec![("jobs".into(), self.page.named("several", at))]
    }

    /// A rule for each scope that is not `none`. Scopes that are not named are none. GitHub runs nothing of a file whose permissions
    /// it does not understand: they give nothing.
    fn permissions(&mut self, node: NodeId) -> Vec<Rule> {
        let tree = self.page.tree;
        if tree.kind(node) == Kind::Mapping {
            let scopes = self.page.entries(node);
            return scopes
                .into_iter()
                .filter_map(|scope| {
                    let name = self.page.scalar(scope.key)?;
                    self.scope(name, scope.value)
                })
                .collect();
        }
        let action = match (tree.kind(node), tree.raw(node)) {
            (Kind::Scalar, "read-all") => "read",
            (Kind::Scalar, "write-all") => "write",
            (_, other) => {
                let message = format!("the permissions are none that are known: `{other}`");
                self.problem(message, self.page.head(node), HELP);
                return Vec::new();
            }
        };
        let at = self.page.at(tree.span(node));
        let (action, every) = (self.page.named(action, at), self.page.named("*", at));
        vec![rule(action, vec![every], Vec::new())]
    }

    fn scope(&mut self, name: Word, value: NodeId) -> Option<Rule> {
        let tree = self.page.tree;
        match (tree.kind(value), tree.raw(value)) {
            (Kind::Scalar, "read" | "write") => {
                let action = self.page.scalar(value)?;
                Some(rule(action, vec![name], Vec::new()))
            }
            (Kind::Scalar, "none") => None,
            (_, other) => {
                let message = format!(
                    "the permission of `{}` is none that is known: `{other}`",
                    name.text
                );
                self.problem(message, self.page.head(value), HELP);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Limits, Syntax};

    fn told(text: &str) -> Vec<String> {
        let tree = crate::document::read(text.into(), Syntax::Yaml, &Limits::default()).unwrap();
        let (access, problems) = read_workflow(0, &Text::new("w.yml", text), &tree);
        let mut out = Vec::new();
        for binding in &access.bindings {
            let given = match &binding.given {
                Given::Role { name, .. } => name.text.to_string(),
                Given::Rules(rules) => {
                    let rules: Vec<_> = rules
                        .iter()
                        .map(|r| {
                            format!("{} {}", r.reach.actions[0].text, r.reach.resources[0].text)
                        })
                        .collect();
                    rules.join(", ")
                }
            };
            out.push(format!("{}: {given}", binding.holders[0].subject.name));
        }
        out.extend(problems.into_iter().map(|p| format!("! {}", p.message)));
        out
    }

    #[test]
    fn a_job_has_its_own_permissions_or_else_those_of_the_workflow() {
        for (text, expect) in [
            (
                "permissions: {contents: read, issues: none}\njobs:\n  a: {}\n  b: {permissions: {id-token: write}}\n  c: {permissions: {}}\n",
                &[
                    "w.yml: read contents",
                    "w.yml#a: read contents",
                    "w.yml#b: write id-token",
                ][..],
            ),
            (
                "permissions: read-all\njobs: {a: {permissions: write-all}}\n",
                &["w.yml: read *", "w.yml#a: write *"],
            ),
            ("permissions: {}\njobs: {a: {}}\n", &[]),
            (
                "jobs: {a: {uses: ./b.yml, secrets: inherit}, b: {secrets: {x: y}}}\n",
                &[
                    "w.yml#a: default workflow permissions",
                    "w.yml#a: use secrets/*",
                    "w.yml#b: default workflow permissions",
                ],
            ),
            (
                "permissions: all\njobs: {a: {permissions: {contents: readable}}, b: 1}\n",
                &[
                    "! the permissions are none that are known: `all`",
                    "! the permission of `contents` is none that is known: `readable`",
                    "! the job `b` is no mapping",
                ],
            ),
            ("on: push\n", &[]),
        ] {
            assert_eq!(told(text), expect, "{text}");
        }
    }

    #[test]
    fn what_a_workflow_says_is_shared_where_there_are_several_jobs_and_one_has_it() {
        for (jobs, expect) in [
            ("a: {}", false),
            ("a: {}\n  b: {}", true),
            ("a: {}\n  b: {permissions: {}}", true),
            ("a: {permissions: {}}\n  b: {permissions: {}}", false),
            ("a: {}\n  b: 1", false),
        ] {
            let text = format!("permissions: {{contents: write}}\njobs:\n  {jobs}\n");
            let read =
                crate::document::read(text.clone().into_bytes(), Syntax::Yaml, &Limits::default());
            let (access, _) = read_workflow(0, &Text::new("w.yml", text.as_str()), &read.unwrap());
            let said: Vec<_> = access
                .accounts
                .iter()
                .flat_map(|account| &account.facts)
                .map(|(name, word)| format!("{name} {}", word.text))
                .collect();
            assert_eq!(said == ["jobs several"], expect, "{text}: {said:?}");
        }
    }

    #[test]
    fn workflows_are_known_by_their_path() {
        for (path, expect) in [
            (".github/workflows/ci.yml", true),
            ("a/.github/workflows/ci.yaml", true),
            (".github/workflows/sub/ci.yml", false),
            ("workflows/ci.yml", false),
            (".github/workflows/ci.json", false),
        ] {
            assert_eq!(is_workflow(path), expect, "{path}");
        }
    }
}
