//! Frameworks and controls, from YAML: every value with its span, every error with its place.

use onus_model::catalog::{Catalog, Control, Coverage, Framework, Profile, Requirement, Satisfies};
use onus_model::plan::Dialect;
use onus_model::problem::{Problem, did_you_mean};
use onus_model::source::{Span, Spanned, Text};

use crate::document::{self, Kind, Limits, NodeId, Scalar, Syntax, Tree};

/// Reads all frameworks and controls. One bad document never blocks the others.
#[must_use]
pub fn catalog(texts: &[Text]) -> (Catalog, Vec<Problem>) {
    let mut catalog = Catalog::default();
    let mut problems = Vec::new();
    for text in texts {
        match document::read(
            text.text.as_bytes().to_vec(),
            Syntax::Yaml,
            &Limits::default(),
        ) {
            Ok(tree) => {
                for root in tree.documents() {
                    let mut reader = Reader {
                        tree: &tree,
                        text,
                        problems: &mut problems,
                    };
                    reader.document(*root, &mut catalog);
                }
            }
            Err(failure) => problems.push(Problem::error(failure.reason).at(
                text,
                failure.span.unwrap_or_default(),
                "",
            )),
        }
    }
    catalog
        .frameworks
        .sort_by(|a, b| a.id.value.cmp(&b.id.value));
    catalog.controls.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    linked(&catalog, &mut problems);
    (catalog, problems)
}

struct Reader<'t, 'p> {
    tree: &'t Tree,
    text: &'t Text,
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_, '_> {
    fn document(&mut self, root: NodeId, catalog: &mut Catalog) {
        let has = |key| self.tree.get(root, key).is_some();
        if has("framework") {
            catalog.frameworks.extend(self.framework(root));
        } else if has("control") {
            catalog.controls.extend(self.control(root));
        } else {
            self.problem("this document is neither a framework nor a control", root)
                .help("begin it with `framework: ID` or `control: ID`");
        }
    }

    fn framework(&mut self, root: NodeId) -> Option<Framework> {
        self.keys(
            root,
            &[
                "framework",
                "title",
                "version",
                "source",
                "requirements",
                "profiles",
            ],
        );
        let id = self.required(root, "framework")?;
        let title = self.required(root, "title")?.value;
        let version = self.required(root, "version")?.value;
        let requirements = self
            .list(root, "requirements")
            .into_iter()
            .filter_map(|item| {
                self.keys(item, &["id", "title"]);
                Some(Requirement {
                    id: self.required(item, "id")?,
                    title: self.required(item, "title")?.value,
                })
            })
            .collect();
        let profiles = self
            .list(root, "profiles")
            .into_iter()
            .filter_map(|item| {
                self.keys(item, &["id", "title", "extends", "requirements"]);
                Some(Profile {
                    id: self.required(item, "id")?,
                    title: self.required(item, "title")?.value,
                    extends: self.optional(item, "extends"),
                    requirements: self.strings(item, "requirements"),
                })
            })
            .collect();
        Some(Framework {
            id,
            title,
            version,
            source: self.optional(root, "source").map(|s| s.value),
            requirements,
            profiles,
            text: self.text.clone(),
        })
    }

    fn control(&mut self, root: NodeId) -> Option<Control> {
        self.keys(
            root,
            &["control", "title", "satisfies", "checks", "remediation"],
        );
        let id = self.required(root, "control")?;
        let title = self.required(root, "title")?.value;
        let satisfies = self
            .list(root, "satisfies")
            .into_iter()
            .filter_map(|item| {
                // `- framework/requirement` says: a part of it.
                if self.tree.kind(item) == Kind::Scalar {
                    return Some(Satisfies {
                        requirement: self.string(item)?,
                        coverage: Coverage::Partial,
                    });
                }
                self.keys(item, &["requirement", "full"]);
                let requirement = self.required(item, "requirement")?;
                let coverage = match self.optional(item, "full") {
                    Some(reason) => Coverage::Full(reason.value),
                    None => Coverage::Partial,
                };
                Some(Satisfies {
                    requirement,
                    coverage,
                })
            })
            .collect();
        Some(Control {
            id,
            title,
            satisfies,
            checks: self.strings(root, "checks"),
            remediation: self.optional(root, "remediation").map(|r| r.value),
            span: self.tree.span(root),
            text: self.text.clone(),
        })
    }

    fn problem(&mut self, message: impl Into<String>, node: NodeId) -> Pending<'_> {
        let span = self.head(node);
        self.problems
            .push(Problem::error(message).at(self.text, span, ""));
        Pending(self.problems)
    }

    /// The first line of a node.
    fn head(&self, node: NodeId) -> Span {
        let span = self.tree.span(node);
        let text = self.tree.text().get(span.range()).unwrap_or_default();
        let length = text.find('\n').unwrap_or(text.len());
        Span::new(span.start as usize, span.start as usize + length)
    }

    /// Only these keys may stand in a mapping, and each once.
    fn keys(&mut self, mapping: NodeId, known: &[&str]) {
        if self.tree.kind(mapping) != Kind::Mapping {
            self.problem("a mapping is expected here", mapping);
            return;
        }
        let entries: Vec<_> = self.tree.entries(mapping).collect();
        for entry in entries {
            let key = self.tree.raw(entry.key);
            if known.contains(&key) {
                continue;
            }
            let help = match did_you_mean(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here are `{}`", known.join("`, `")),
            };
            self.problem(format!("there is no key `{key}` here"), entry.key)
                .help(help);
        }
        for duplicate in self
            .tree
            .duplicates()
            .iter()
            .filter(|d| d.mapping == mapping)
        {
            self.problems.push(
                Problem::error("this key stands twice")
                    .at(self.text, duplicate.second, "again here")
                    .at(self.text, duplicate.first, "first here"),
            );
        }
    }

    fn required(&mut self, mapping: NodeId, key: &str) -> Option<Spanned<String>> {
        if self.tree.get(mapping, key).is_none() {
            self.problem(format!("`{key}` is missing"), mapping);
            return None;
        }
        self.optional(mapping, key)
    }

    fn optional(&mut self, mapping: NodeId, key: &str) -> Option<Spanned<String>> {
        let entry = self.tree.get(mapping, key)?;
        self.string(entry.value)
    }

    fn string(&mut self, node: NodeId) -> Option<Spanned<String>> {
        let text = match (self.tree.kind(node), self.tree.resolve(node, Dialect::Core)) {
            (Kind::Scalar, Scalar::Text(text)) if !text.trim().is_empty() => {
                Some(text.trim().to_owned())
            }
            _ => None,
        };
        if text.is_none() {
            self.problem("text is expected here", node)
                .help("put numbers and words such as `true` in quotes");
        }
        text.map(|value| Spanned {
            value,
            span: self.tree.span(node),
        })
    }

    fn list(&mut self, mapping: NodeId, key: &str) -> Vec<NodeId> {
        let Some(entry) = self.tree.get(mapping, key) else {
            return Vec::new();
        };
        if self.tree.kind(entry.value) != Kind::Sequence {
            self.problem(format!("`{key}` must be a list"), entry.value);
        }
        self.tree.items(entry.value).collect()
    }

    fn strings(&mut self, mapping: NodeId, key: &str) -> Vec<Spanned<String>> {
        self.list(mapping, key)
            .into_iter()
            .filter_map(|item| self.string(item))
            .collect()
    }
}

/// The problem that was just reported, to add what to do.
struct Pending<'p>(&'p mut Vec<Problem>);

impl Pending<'_> {
    fn help(self, help: impl Into<String>) {
        if let Some(problem) = self.0.last_mut() {
            problem.help = Some(help.into());
        }
    }
}

/// Ids are unique, and whatever is referred to exists.
fn linked(catalog: &Catalog, problems: &mut Vec<Problem>) {
    let unique =
        |ids: Vec<(&Spanned<String>, &Text)>, what: &str, problems: &mut Vec<Problem>| {
            for pair in ids.windows(2) {
                if let [(first, _), (second, text)] = pair
                    && first.value == second.value
                {
                    problems.push(
                        Problem::error(format!("the {what} `{}` is declared twice", second.value))
                            .at(text, second.span, "again here"),
                    );
                }
            }
        };
    unique(
        catalog
            .frameworks
            .iter()
            .map(|f| (&f.id, &f.text))
            .collect(),
        "framework",
        problems,
    );
    unique(
        catalog.controls.iter().map(|c| (&c.id, &c.text)).collect(),
        "control",
        problems,
    );
    let refer = |id: &Spanned<String>,
                 text: &Text,
                 what: &str,
                 known: Vec<&str>,
                 problems: &mut Vec<Problem>| {
        if known.contains(&id.value.as_str()) {
            return;
        }
        let mut problem =
            Problem::error(format!("there is no {what} `{}`", id.value)).at(text, id.span, "");
        if let Some(near) = did_you_mean(&id.value, known) {
            problem = problem.help(format!("did you mean `{near}`?"));
        }
        problems.push(problem);
    };
    for framework in &catalog.frameworks {
        let requirements = || {
            framework
                .requirements
                .iter()
                .map(|r| r.id.value.as_str())
                .collect::<Vec<_>>()
        };
        let mut ids: Vec<_> = framework
            .requirements
            .iter()
            .map(|r| (&r.id, &framework.text))
            .collect();
        ids.sort();
        unique(ids, "requirement", problems);
        for profile in &framework.profiles {
            let profiles = framework
                .profiles
                .iter()
                .map(|p| p.id.value.as_str())
                .collect();
            if let Some(base) = &profile.extends {
                refer(base, &framework.text, "profile", profiles, problems);
            }
            for requirement in &profile.requirements {
                refer(
                    requirement,
                    &framework.text,
                    "requirement",
                    requirements(),
                    problems,
                );
            }
        }
    }
    let all: Vec<String> = catalog
        .frameworks
        .iter()
        .flat_map(|f| {
            f.requirements
                .iter()
                .map(move |r| format!("{}/{}", f.id.value, r.id.value))
        })
        .collect();
    for control in &catalog.controls {
        for link in &control.satisfies {
            let known = all.iter().map(String::as_str).collect();
            refer(
                &link.requirement,
                &control.text,
                "requirement",
                known,
                problems,
            );
        }
    }
}
