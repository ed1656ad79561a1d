//! Finds the files to judge, and reads them.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::hash::Hasher as _;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use onus_inputs::FileNames;
use onus_model::file::Outcome;
use onus_model::problem::Problem;
use walkdir::{DirEntry, WalkDir};

use crate::cases;

/// Something that was met on the walk.
#[derive(Clone, Debug)]
pub(crate) struct Met {
    /// The path as reached from the working folder.
    pub(crate) shown: String,
    /// Where it is.
    pub(crate) from: Source,
    /// The user named it, so that it is read whatever it is called.
    pub(crate) named: bool,
    /// What became of it already, and why: it is not read.
    pub(crate) settled: Option<(Outcome, String)>,
    /// It was not walked, and is read as a part of another alone.
    pub(crate) part: bool,
}

/// Where bytes come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Disk(PathBuf),
    /// Standard input, which can be read only once.
    Memory(Vec<u8>),
}

/// Walks the paths: files and folders in order of name, every one once. `-` is standard input.
pub(crate) fn walk(
    paths: &[PathBuf],
    stdin_name: &str,
    limit: usize,
) -> Result<Vec<Met>, Vec<Problem>> {
    let mut met = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            match at_most(io::stdin().lock(), limit, 0) {
                Ok(bytes) => met.push(Met {
                    shown: stdin_name.to_owned(),
                    from: Source::Memory(bytes),
                    named: true,
                    settled: None,
                    part: false,
                }),
                Err(error) => problems.push(Problem::error(format!(
                    "cannot read standard input: {error}"
                ))),
            }
            continue;
        }
        match fs::symlink_metadata(path) {
            // Whatever is named is read, ignore files or not, and links are followed.
            Ok(found) if !found.is_dir() && !path.is_dir() => met.push(named(path, limit)),
            Ok(_) => walk_folder(path, &mut met),
            Err(error) => problems.push(
                Problem::error(format!(
                    "cannot read `{}`: {}",
                    path.display(),
                    said(&error)
                ))
                .help("name a file or a folder that exists, or `-` for standard input"),
            ),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // A file that is named and walked is read: the settled one of two goes.
    met.sort_by(|a, b| {
        (&a.shown, a.settled.is_some(), !a.named).cmp(&(&b.shown, b.settled.is_some(), !b.named))
    });
    met.dedup_by(|a, b| a.shown == b.shown);
    Ok(met)
}

fn named(path: &Path, limit: usize) -> Met {
    let (from, settled) = match fs::metadata(path) {
        Ok(found) if found.is_file() => (Source::Disk(path.to_owned()), None),
        // A pipe, as `<(…)` makes one, can be read only once.
        Ok(_) => match fs::File::open(path).and_then(|file| at_most(file, limit, 0)) {
            Ok(bytes) => (Source::Memory(bytes), None),
            Err(error) => (
                Source::Disk(path.to_owned()),
                Some((Outcome::Unreadable, said(&error))),
            ),
        },
        Err(error) => (
            Source::Disk(path.to_owned()),
            Some((Outcome::Unreadable, link_error(path, &error))),
        ),
    };
    Met {
        shown: shown(path),
        from,
        named: true,
        settled,
        part: false,
    }
}

/// One byte more than the limit shows that there is too much.
fn at_most(from: impl io::Read, limit: usize, expected: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(expected);
    from.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_a_file(kind: fs::FileType) -> Option<(Outcome, String)> {
    (!kind.is_file()).then(|| {
        (
            Outcome::Unreadable,
            format!("{}, not a regular file", what(kind)),
        )
    })
}

#[cfg(unix)]
fn what(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "something else"
    }
}

#[cfg(not(unix))]
fn what(_: fs::FileType) -> &'static str {
    "something else"
}

fn link_error(path: &Path, error: &io::Error) -> String {
    let link = fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink());
    match error.kind() {
        io::ErrorKind::NotFound if link => "a symbolic link that leads nowhere".to_owned(),
        _ if link && error.raw_os_error() == Some(40) => {
            "a symbolic link that leads to itself".to_owned()
        }
        _ => said(error),
    }
}

/// An error of the system in our words, without its number.
pub(crate) fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => {
            let words = error.to_string();
            let words = words.split(" (os error").next().unwrap_or_default();
            words.to_lowercase()
        }
    }
}

/// With `/` between the parts, and without a leading `./`.
pub(crate) fn shown(path: &Path) -> String {
    // Nearly all paths are as they should be.
    if let (true, Some(text)) = (cfg!(unix), path.to_str())
        && text != "."
        && !text.starts_with("./")
        && !text
            .split('/')
            .skip(1)
            .any(|part| part.is_empty() || part == ".")
    {
        return text.to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut rooted = false;
    for component in path.components() {
        match component {
            Component::RootDir => rooted = true,
            Component::CurDir => {}
            Component::Prefix(prefix) => {
                parts.push(prefix.as_os_str().to_string_lossy().into_owned());
            }
            Component::ParentDir => parts.push("..".to_owned()),
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
        }
    }
    let joined = parts.join("/");
    if rooted { format!("/{joined}") } else { joined }
}

/// The rules of the ignore files of one folder, and how deep that is.
struct Rules {
    depth: usize,
    matcher: Gitignore,
}

fn walk_folder(root: &Path, met: &mut Vec<Met>) {
    let mut rules = outer_rules(root);
    let real_root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let mut walk = WalkDir::new(root).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().unwrap_or(root).to_owned();
                let why = error.io_error().map_or_else(|| error.to_string(), said);
                met.push(Met {
                    shown: shown(&path),
                    from: Source::Disk(path),
                    named: false,
                    settled: Some((Outcome::Unreadable, why)),
                    part: false,
                });
                continue;
            }
        };
        let depth = entry.depth();
        rules.retain(|r| r.depth == 0 || r.depth <= depth);
        let folder = entry.file_type().is_dir();
        if folder && entry.file_name() == OsStr::new(".git") {
            walk.skip_current_dir();
            continue;
        }
        if depth > 0
            && let Some(file) = ignored(&rules, &real_root, root, &entry)
        {
            let slash = if folder { "/" } else { "" };
            met.push(Met {
                shown: format!("{}{slash}", shown(entry.path())),
                from: Source::Disk(entry.path().to_owned()),
                named: false,
                settled: Some((Outcome::Ignored, format!("named in {file}"))),
                part: false,
            });
            if folder {
                walk.skip_current_dir();
            }
            continue;
        }
        // Whoever walks the folder of one check means its cases.
        if depth > 1
            && let Some(check) = cases::check_of(entry.path())
        {
            let slash = if folder { "/" } else { "" };
            met.push(Met {
                shown: format!("{}{slash}", shown(entry.path())),
                from: Source::Disk(entry.path().to_owned()),
                named: false,
                settled: Some((Outcome::Ignored, format!("a case of the check `{check}`"))),
                part: false,
            });
            if folder {
                walk.skip_current_dir();
            }
            continue;
        }
        if folder {
            let real = real_root.join(entry.path().strip_prefix(root).unwrap_or(Path::new("")));
            rules.extend(folder_rules(&real, depth + 1));
            continue;
        }
        met.push(Met {
            shown: shown(entry.path()),
            settled: if entry.path_is_symlink() {
                Some(link(entry.path(), &real_root))
            } else {
                not_a_file(entry.file_type())
            },
            named: false,
            part: false,
            from: Source::Disk(entry.into_path()),
        });
    }
}

/// A link is not followed: what it leads to is judged where it stands, if it is inside.
fn link(path: &Path, real_root: &Path) -> (Outcome, String) {
    match fs::canonicalize(path) {
        Ok(target) if !target.starts_with(real_root) => (
            Outcome::Skipped,
            "a symbolic link that leads out of the folder".to_owned(),
        ),
        Ok(target) if target.is_dir() => {
            (Outcome::Skipped, "a symbolic link to a folder".to_owned())
        }
        Ok(_) => (
            Outcome::Skipped,
            "a symbolic link: the file is judged where it stands".to_owned(),
        ),
        Err(error) => (Outcome::Unreadable, link_error(path, &error)),
    }
}

/// The ignore files between the top of the repository and the root of the walk.
fn outer_rules(root: &Path) -> Vec<Rules> {
    let Ok(real) = fs::canonicalize(root) else {
        return Vec::new();
    };
    let Some(top) = real.ancestors().find(|folder| folder.join(".git").exists()) else {
        return Vec::new();
    };
    let mut rules = Vec::new();
    let mut builder = GitignoreBuilder::new(top);
    if builder.add(top.join(".git/info/exclude")).is_none()
        && let Ok(matcher) = builder.build()
    {
        rules.push(Rules { depth: 0, matcher });
    }
    let mut folders: Vec<&Path> = real
        .ancestors()
        .skip(1)
        .take_while(|f| f.starts_with(top))
        .collect();
    folders.reverse();
    for folder in folders {
        rules.extend(folder_rules(folder, 0));
    }
    rules
}

fn folder_rules(folder: &Path, depth: usize) -> Option<Rules> {
    let mut builder = GitignoreBuilder::new(folder);
    let mut any = false;
    for name in [".gitignore", ".ignore"] {
        let file = folder.join(name);
        // A line that is no pattern is left out, as git does.
        if file.is_file() {
            any = true;
            let _ = builder.add(file);
        }
    }
    let matcher = any.then(|| builder.build().ok()).flatten()?;
    Some(Rules { depth, matcher })
}

/// The ignore file that names an entry; the innermost that says anything decides.
fn ignored(rules: &[Rules], real_root: &Path, root: &Path, entry: &DirEntry) -> Option<String> {
    let real = real_root.join(entry.path().strip_prefix(root).ok()?);
    for rule in rules.iter().rev() {
        let matched = rule.matcher.matched(&real, entry.file_type().is_dir());
        if matched.is_whitelist() {
            return None;
        }
        if let ignore::Match::Ignore(glob) = matched {
            let file = glob
                .from()
                .and_then(Path::file_name)
                .unwrap_or(OsStr::new("an ignore file"));
            return Some(format!("`{}`", file.to_string_lossy()));
        }
    }
    None
}

/// Reads a file whole, if it is not larger than the limit.
pub(crate) fn read(source: &Source, limit: usize) -> Result<Vec<u8>, String> {
    let path = match source {
        Source::Memory(bytes) => return Ok(bytes.clone()),
        Source::Disk(path) => path,
    };
    let open = || -> io::Result<Vec<u8>> {
        let file = fs::File::open(path)?;
        // It may have become something else since the walk, something that never ends.
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("it is no longer a regular file"));
        }
        let expected = usize::try_from(found.len())
            .unwrap_or(usize::MAX)
            .min(limit);
        at_most(file, limit, expected + 1)
    };
    open().map_err(|error| said(&error))
}

/// Tells whether a file is the same when it is read again. Not meant against forgery.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Adds the documents that files hold as text, each as a file of its own: `app-compose.json#docker_compose_file`.
pub(crate) fn with_fragments(
    mut met: Vec<Met>,
    names: &FileNames,
    limits: &onus_inputs::document::Limits,
) -> Vec<Met> {
    let mut inner = Vec::new();
    for file in met.iter().filter(|file| file.settled.is_none()) {
        let members = names.fragments(&file.shown);
        let Some(syntax) = onus_inputs::document::Syntax::of(&file.shown) else {
            continue;
        };
        if members.is_empty() {
            continue;
        }
        // What cannot be read says so itself.
        let Ok(bytes) = read(&file.from, limits.bytes) else {
            continue;
        };
        let Ok(tree) = onus_inputs::document::read(bytes, syntax, limits) else {
            continue;
        };
        for member in members {
            if let Some(text) = onus_inputs::fragment(&tree, member) {
                inner.push(Met {
                    shown: format!("{}#{member}", file.shown),
                    from: Source::Memory(text.into_bytes()),
                    named: false,
                    settled: None,
                    part: false,
                });
            }
        }
    }
    if !inner.is_empty() {
        met.extend(inner);
        met.sort_by(|a, b| a.shown.cmp(&b.shown));
    }
    met
}

/// The files that kustomizations list as patches, as they are shown.
pub(crate) fn patches(met: &[Met], limits: &onus_inputs::document::Limits) -> BTreeSet<String> {
    let mut listed = BTreeSet::new();
    for file in met {
        if file.settled.is_some() || !onus_inputs::assemble::is_kustomization(&file.shown) {
            continue;
        }
        let Ok(bytes) = read(&file.from, limits.bytes) else {
            continue;
        };
        let syntax = onus_inputs::document::Syntax::Yaml;
        let Ok(tree) = onus_inputs::document::read(bytes, syntax, limits) else {
            continue;
        };
        let folder = file.shown.rsplit_once('/').map_or("", |(folder, _)| folder);
        for name in onus_inputs::assemble::patches(&tree) {
            listed.insert(onus_inputs::assemble::joined(folder, &name));
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_with_slashes_and_without_a_leading_dot() {
        assert_eq!(shown(Path::new("./a/./b.yaml")), "a/b.yaml");
        assert_eq!(shown(Path::new("../a")), "../a");
        assert_eq!(shown(Path::new("/tmp/a")), "/tmp/a");
        assert_eq!(shown(Path::new("a//b/")), "a/b");
        assert_eq!(shown(Path::new(".")), "");
    }
}
