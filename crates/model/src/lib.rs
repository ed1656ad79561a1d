//! The nouns of Onus.
//!
//! Everything that flows between reading, deciding and reporting is named here. This crate parses nothing,
//! serialises nothing, knows no Cedar and does no input or output.

pub mod access;
pub mod assessment;
pub mod authored;
pub mod catalog;
pub mod check;
pub mod date;
pub mod evidence;
pub mod extract;
pub mod file;
pub mod governance;
pub mod path;
pub mod plan;
pub mod privileges;
pub mod problem;
pub mod responsibility;
pub mod rows;
pub mod setup;
pub mod source;
pub mod status;
pub mod waiver;
