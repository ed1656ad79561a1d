//! The nouns and Cedar make verdicts.
//!
//! This is the only crate that names Cedar. Schemas and policies go in, a [`Program`] comes out; the program and what was
//! extracted make evaluations. Cedar decides every one of them: nothing here judges in its place.

mod access;
mod compile;
mod conclude;
mod decide;
mod evaluate;
mod govern;
mod lens;
mod observe;
mod path;
mod schema;

pub use access::{
    Judged, Keep, allows, difference, effective, held, implicit_groups, judge_access,
    judge_access_plainly, known_roles, may, may_by, of_grant, of_roles, reaching,
};
pub use compile::{CheckSource, Limits, Packs, Program, SchemaSource, Selection, compile};
pub use conclude::{Facts, conclude};
pub use decide::{Decisions, NAMESPACES, Rule, is_decision};
pub use evaluate::{Evaluated, GroupTallies, evaluate};
pub use govern::{Groups, Held, Rules, matrix, problems};

use miette::Diagnostic;
use onus_model::problem::Problem;
use onus_model::source::{Span, Text};

/// One of Cedar's diagnostics as a problem of ours: its labels are places in the text that Cedar was given.
fn cedar_problem(diagnostic: &dyn Diagnostic, text: &Text) -> Problem {
    let mut message = diagnostic.to_string();
    let mut cause = diagnostic.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !message.contains(&words) {
            message = format!("{message}: {words}");
        }
        cause = error.source();
    }
    // Cedar numbers policies where we have places.
    if let Some((_, rest)) = message
        .strip_prefix("for policy `policy")
        .and_then(|rest| rest.split_once("`, "))
    {
        message = rest.to_owned();
    }
    let mut problem = Problem::error(message);
    for label in diagnostic.labels().into_iter().flatten() {
        let span = Span::new(label.offset(), label.offset() + label.len());
        problem = problem.at(text, span, label.label().unwrap_or_default());
    }
    if problem.labels.is_empty() {
        problem = problem.at(text, Span::default(), "");
    }
    match diagnostic.help() {
        Some(help) => problem.help(help.to_string()),
        None => problem,
    }
}

/// A diagnostic and all that it was collected with.
fn cedar_problems(diagnostic: &dyn Diagnostic, text: &Text) -> Vec<Problem> {
    let mut problems = vec![cedar_problem(diagnostic, text)];
    for related in diagnostic.related().into_iter().flatten() {
        problems.extend(cedar_problems(related, text));
    }
    problems
}
