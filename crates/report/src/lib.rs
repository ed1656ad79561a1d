//! An assessment becomes bytes: for people, for machines, for the terminal.
//!
//! This is the only crate that names an output format. Every format is one file; text from configs is data in all of them.

mod access;
mod authored;
mod escape;
mod frame;
mod governance;
mod json;
mod matrix;
mod pages;
mod rows;
#[cfg(test)]
mod samples;
mod schema;
mod text;

use std::io::{self, Write};

use onus_model::assessment::{Assessment, Texts};
use onus_model::check::Severity;

pub use access::{ListFormat, Listed, grants, grants_difference, holders, review_sheet};
pub use authored::authored_schema;
pub use frame::problems;
pub use governance::chain;
pub use matrix::{MatrixFormat, matrix};
pub use pages::{
    attestation_page, attestations, check_page, checks, control_page, controls, evidence, formats,
    framework_page, frameworks, parameters, parties, party_page, requirement_page, systems, types,
};
pub use rows::rows;
pub use schema::report_schema;

/// A report format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For people, on a terminal.
    Text,
    /// For machines: JSON, version 1.
    Json,
}

impl Format {
    /// All formats, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// The word for it in `--format`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    /// The format of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours may be used.
    pub color: bool,
    /// Whether frames may be drawn with more than ASCII.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    /// What stands for what was cut off.
    fn cut(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

/// Writes an assessment in a format.
///
/// # Errors
///
/// Only those of `out`.
pub fn render(
    assessment: &Assessment,
    texts: &dyn Texts,
    format: Format,
    style: Style,
    fail_on: Severity,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::render(assessment, texts, style, fail_on, out),
        Format::Json => json::render(assessment, fail_on, out),
    }
}
