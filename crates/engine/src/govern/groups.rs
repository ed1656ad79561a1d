//! Which deployments a file belongs to.

use std::collections::BTreeMap;

use onus_model::file::File;
use onus_model::path::Pattern;
use onus_model::setup::Deployment;
use onus_model::source::{FileId, Spanned};

/// Files that the same deployments are made of are one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The group of each file, by its index.
    pub of_file: Vec<u16>,
    /// The deployments of each group, by their place in the setup.
    members: Vec<Vec<usize>>,
    /// The deployments' ids.
    ids: Vec<String>,
    /// The folder that the paths of the setup start from, as files are shown; empty for the working folder.
    base: String,
}

impl Groups {
    /// Sorts files into groups. `base` is the folder of `onus.yaml`, as files are shown.
    #[must_use]
    pub fn new(deployments: &[Deployment], base: &str, files: &[File]) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        let mut groups = Self {
            of_file: Vec::with_capacity(files.len()),
            members: Vec::new(),
            ids: deployments.iter().map(|d| d.id.value.clone()).collect(),
            base,
        };
        let wanted: Vec<Vec<Place>> = deployments
            .iter()
            .map(|d| d.paths.iter().map(|p| Place::new(&p.value)).collect())
            .collect();
        // Without paths of their own, all deployments have all files.
        if wanted.iter().all(Vec::is_empty) {
            groups.of_file = vec![0; files.len()];
            groups.members = vec![(0..deployments.len()).collect()];
            return groups;
        }
        let mut known: BTreeMap<Vec<usize>, u16> = BTreeMap::new();
        for file in files {
            let path = groups.inside(&file.path);
            let members: Vec<usize> = wanted
                .iter()
                .enumerate()
                .filter(|(_, places)| {
                    places.is_empty() || places.iter().any(|place| place.holds(path))
                })
                .map(|(index, _)| index)
                .collect();
            let next = u16::try_from(known.len()).unwrap_or(u16::MAX);
            let group = *known.entry(members.clone()).or_insert(next);
            if usize::from(group) == groups.members.len() {
                groups.members.push(members);
            }
            groups.of_file.push(group);
        }
        if groups.members.is_empty() {
            groups.members.push((0..deployments.len()).collect());
        }
        groups
    }

    /// The group of a file.
    pub(crate) fn of(&self, file: FileId) -> usize {
        usize::from(self.of_file.get(file.0 as usize).copied().unwrap_or(0))
    }

    /// Of each group those whose things it may look up: such as share a deployment with it, or belong to none.
    #[must_use]
    pub fn sees(&self) -> Vec<Vec<u16>> {
        let shares = |a: &[usize], b: &[usize]| {
            a.is_empty() || b.is_empty() || a.iter().any(|member| b.contains(member))
        };
        let seen = |own: &Vec<usize>| {
            let others = (0..).zip(&self.members);
            others
                .filter(|(_, other)| shares(own, other))
                .map(|(index, _)| index)
                .collect()
        };
        self.members.iter().map(seen).collect()
    }

    /// The groups that a deployment is made of.
    pub(crate) fn of_deployment(&self, deployment: usize) -> Vec<usize> {
        self.members
            .iter()
            .enumerate()
            .filter(|(_, members)| members.contains(&deployment))
            .map(|(group, _)| group)
            .collect()
    }

    /// Whether all deployments of a group are among some.
    pub(crate) fn all_in(&self, group: usize, ids: &[Spanned<String>]) -> bool {
        self.members.get(group).is_some_and(|members| {
            members.iter().all(|index| {
                self.ids
                    .get(*index)
                    .is_some_and(|id| ids.iter().any(|i| i.value == *id))
            })
        })
    }

    /// A path from the folder of the setup on.
    #[must_use]
    pub fn inside<'p>(&self, path: &'p str) -> &'p str {
        if self.base.is_empty() {
            return path;
        }
        path.strip_prefix(&self.base)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(path)
    }
}

/// A folder, a file, or a path with `*`.
enum Place {
    Within(String),
    Like(Pattern),
}

impl Place {
    fn new(written: &str) -> Self {
        let path = written.trim_start_matches("./").trim_end_matches('/');
        if path.contains('*') {
            Self::Like(Pattern::new(path))
        } else if path == "." {
            Self::Within(String::new())
        } else {
            Self::Within(path.to_owned())
        }
    }

    fn holds(&self, path: &str) -> bool {
        match self {
            Self::Like(pattern) => pattern.matches(path),
            Self::Within(folder) => {
                folder.is_empty()
                    || path
                        .strip_prefix(folder.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onus_model::file::Outcome;
    use onus_model::source::Span;

    fn file(path: &str) -> File {
        File {
            path: path.to_owned(),
            outcome: Outcome::Checked,
            reason: None,
            at: None,
            documents: 1,
            objects: 1,
            duplicate_keys: 0,
        }
    }

    fn deployment(id: &str, paths: &[&str]) -> Deployment {
        let spanned = |value: &str| Spanned {
            value: value.to_owned(),
            span: Span::default(),
        };
        Deployment {
            id: spanned(id),
            paths: paths.iter().map(|p| spanned(p)).collect(),
            ..Deployment::undeclared()
        }
    }

    #[test]
    fn a_file_belongs_to_the_deployments_whose_paths_hold_it() {
        let files = [
            file("r/prod/a.yaml"),
            file("r/production/b.yaml"),
            file("r/base/c.yaml"),
        ];
        let all = [
            deployment("prod", &["prod", "base"]),
            deployment("test", &["./base/", "*.yml"]),
        ];
        let groups = Groups::new(&all, "r", &files);
        let of: Vec<Vec<usize>> = groups
            .of_file
            .iter()
            .map(|g| groups.members[usize::from(*g)].clone())
            .collect();
        assert_eq!(of, [vec![0], vec![], vec![0, 1]]);
        assert_eq!(groups.of_deployment(1).len(), 1);
    }

    #[test]
    fn without_paths_every_deployment_has_every_file() {
        let all = [deployment("a", &[]), deployment("b", &[])];
        let groups = Groups::new(&all, "", &[file("x.yaml")]);
        assert_eq!(groups.of_file, [0]);
        assert_eq!(groups.of_deployment(1), [0]);
    }
}
