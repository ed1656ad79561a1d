//! Where the corpora lie: on the disk, where the environment says, or beside the repository.

use std::path::{Path, PathBuf};

pub(crate) fn corpora() -> PathBuf {
    match std::env::var_os("ONUS_CORPORA") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
    }
}
