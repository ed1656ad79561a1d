//! Text becomes nouns: documents with spans, authored files, and what the plan says to take out of configs.
//!
//! This crate knows no Cedar and touches no disk.

pub mod access;
pub mod assemble;
pub mod authored;
mod chain;
pub mod comments;
mod convert;
pub mod dates;
pub mod document;
mod extract;
pub mod identifiers;
mod link;
pub mod lint;
mod locate;
pub mod markdown;
mod parameters;
pub mod records;

pub use extract::{FileNames, extract, fragment, masked};
pub use link::{Surroundings, link};
pub use parameters::{Contexts, contexts};
