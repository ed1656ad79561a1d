//! Text becomes nouns: documents with spans, authored files, and what the plan says to take out of configs.
//!
//! This crate knows no Cedar and touches no disk.

pub mod assemble;
pub mod authored;
mod convert;
pub mod document;
mod extract;
mod locate;
mod parameters;

pub use extract::{FileNames, extract};
pub use parameters::{Contexts, contexts};
