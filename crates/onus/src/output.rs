//! The terminal, and files that are never half written.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use onus_model::problem::{Gravity, Problem};
use onus_report::Style;

use crate::args::Color;

/// Why a command ends before its time.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The user can mend it: exit code 2.
    Problems(Vec<Problem>),
    /// Writing failed.
    Output(String, io::Error),
}

/// What is known of the terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    color: Color,
    no_color: bool,
    width: Option<usize>,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        Self {
            color,
            no_color: std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
                || std::env::var_os("TERM").is_some_and(|v| v == "dumb"),
            width: std::env::var("COLUMNS").ok().and_then(|w| w.parse().ok()),
        }
    }

    fn style(self, is_terminal: bool) -> Style {
        let unicode = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .filter_map(std::env::var_os)
            .find(|value| !value.is_empty())
            .is_some_and(|value| {
                let value = value.to_string_lossy().to_lowercase();
                value.contains("utf-8") || value.contains("utf8")
            });
        Style {
            color: match self.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => is_terminal && !self.no_color,
            },
            unicode,
            width: self.width.unwrap_or(100).clamp(40, 400),
        }
    }

    /// How to write to standard output.
    pub(crate) fn stdout(self) -> Style {
        self.style(io::stdout().is_terminal())
    }

    /// How to write to a file.
    pub(crate) fn file(self) -> Style {
        Style {
            color: self.color == Color::Always,
            ..self.style(false)
        }
    }

    /// Shows problems on standard error. A closed standard error cannot be told to anybody.
    pub(crate) fn problems(self, problems: &[Problem]) {
        let style = self.style(io::stderr().is_terminal());
        let mut err = BufWriter::new(io::stderr().lock());
        let _ = onus_report::problems(problems, style, &mut err);
        let _ = err.flush();
    }

    /// Says why the command ends, and gives the exit code.
    pub(crate) fn stop(self, stop: Stop) -> u8 {
        match stop {
            Stop::Problems(problems) => self.problems(&problems),
            // Whoever reads has had enough, as with `| head`: that is no failure of the reader's.
            Stop::Output(_, error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Stop::Output(where_to, error) => {
                self.problems(&[Problem::error(format!(
                    "cannot write to {where_to}: {error}"
                ))]);
            }
        }
        2
    }
}

/// Shows warnings and goes on, or stops at errors.
pub(crate) fn settle(problems: Vec<Problem>, terminal: &Terminal) -> Result<(), Stop> {
    if problems.iter().any(|p| p.gravity == Gravity::Error) {
        return Err(Stop::Problems(problems));
    }
    if !problems.is_empty() {
        terminal.problems(&problems);
    }
    Ok(())
}

/// Writes to standard output.
pub(crate) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Stop> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut out)
        .and_then(|()| out.flush())
        .map_err(|error| Stop::Output("standard output".to_owned(), error))
}

/// Writes a file that is not there yet. What is there already stays as it is.
pub(crate) fn to_new_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Stop> {
    not_there(path)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Stop::Output(format!("`{}`", folder.display()), error))?;
    }
    to_file(path, write)
}

/// Whether nothing is at a path yet.
pub(crate) fn not_there(path: &Path) -> Result<(), Stop> {
    if path.symlink_metadata().is_ok() {
        return Err(Stop::Problems(vec![
            Problem::error(format!("`{}` is there already", path.display()))
                .help("nothing is overwritten: edit it, or move it away"),
        ]));
    }
    Ok(())
}

/// Writes a file under another name beside it and renames it, so that nobody ever sees half of it.
pub(crate) fn to_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Stop> {
    let failed = |error| Stop::Output(format!("`{}`", path.display()), error);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = std::fs::File::create(&temporary)
        .and_then(|file| {
            let mut out = BufWriter::with_capacity(1 << 16, file);
            write(&mut out)?;
            out.flush()
        })
        .and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|error| {
        // Whether it can be removed changes nothing of what is told.
        let _ = std::fs::remove_file(&temporary);
        failed(error)
    })
}
