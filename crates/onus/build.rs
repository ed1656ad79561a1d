//! Puts the packs under `controls/` and `policies/` into the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    let mut table = String::from("pub(crate) static EMBEDDED: &[(&str, &str)] = &[\n");
    for folder in ["controls", "policies"] {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        let mut files = Vec::new();
        walk(&root.join(folder), folder, &mut files)?;
        files.sort();
        for (name, path) in files {
            let path = fs::canonicalize(path)?;
            // Writing to a string cannot fail.
            let _ = writeln!(table, "    ({name:?}, include_str!({path:?})),");
        }
    }
    table.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), table)
}

/// The files that a program is made of; cases and their snapshots stay outside.
fn walk(folder: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let file = entry.file_name().to_string_lossy().into_owned();
        let full = format!("{name}/{file}");
        if entry.file_type()?.is_dir() {
            walk(&path, &full, files)?;
        } else {
            let authored = match name.split('/').next() {
                Some("controls") => file.ends_with(".yaml"),
                _ => file.ends_with(".cedar") || file.ends_with(".cedarschema"),
            };
            if authored {
                files.push((full, path));
            }
        }
    }
    Ok(())
}
