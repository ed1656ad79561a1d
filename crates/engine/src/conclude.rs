//! Evaluations become an assessment: controls and requirements get their status.

use std::collections::BTreeMap;

use onus_model::assessment::{Assessment, RequirementResult, Status, Tally};
use onus_model::catalog::{Catalog, Control, Coverage};
use onus_model::file::{File, Outcome};

use crate::compile::Program;
use crate::evaluate::Evaluated;

/// What an assessment says besides the evaluations.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Every file that was walked.
    pub files: Vec<File>,
    /// The parameters as the policies saw them.
    pub parameters: BTreeMap<String, String>,
    /// The requirements that the user is held to, as `(framework, requirement)`, in the order of the frameworks.
    pub requirements: Vec<(String, String)>,
    /// The frameworks or profiles that were chosen.
    pub frameworks: Vec<String>,
}

/// Puts everything together.
#[must_use]
pub fn conclude(
    program: &Program,
    evaluated: Evaluated,
    catalog: &Catalog,
    facts: Facts,
) -> Assessment {
    // What could not be read may hold anything, of any control.
    let unread = facts.files.iter().any(|f| f.outcome == Outcome::Unreadable);
    let tally_of = |check: &str| {
        let index = program.checks.iter().position(|c| c.id == check)?;
        evaluated.tallies.get(index).copied()
    };
    let requirements = facts
        .requirements
        .iter()
        .map(|(framework, requirement)| {
            let full_id = format!("{framework}/{requirement}");
            let covering: Vec<&Control> = catalog
                .controls
                .iter()
                .filter(|c| c.satisfies.iter().any(|s| s.requirement.value == full_id))
                .collect();
            let controls: Vec<(String, Status)> = covering
                .iter()
                .map(|c| (c.id.value.clone(), control_status(c, unread, tally_of)))
                .collect();
            let full = covering.iter().any(|c| {
                c.satisfies.iter().any(|s| {
                    s.requirement.value == full_id && matches!(s.coverage, Coverage::Full(_))
                })
            });
            RequirementResult {
                title: catalog
                    .frameworks
                    .iter()
                    .filter(|f| f.id.value == *framework)
                    .flat_map(|f| &f.requirements)
                    .find(|r| r.id.value == *requirement)
                    .map(|r| r.title.clone())
                    .unwrap_or_default(),
                framework: framework.clone(),
                requirement: requirement.clone(),
                status: controls.iter().map(|(_, status)| *status).min(),
                full,
                controls,
            }
        })
        .collect();
    Assessment {
        frameworks: facts.frameworks,
        parameters: facts.parameters,
        checks: program.checks.clone(),
        tallies: evaluated.tallies,
        files: facts.files,
        evaluations: evaluated.evaluations,
        requirements,
        questions: evaluated.questions,
    }
}

/// A control takes the worst of its checks. A check that judged nothing says nothing, and a control none of whose
/// checks judged anything is not assessed.
fn control_status(
    control: &Control,
    unread: bool,
    tally_of: impl Fn(&str) -> Option<Tally>,
) -> Status {
    let mut sum = Tally::default();
    for check in &control.checks {
        sum.merge(&tally_of(&check.value).unwrap_or_default());
    }
    if sum.fail > 0 {
        Status::NotSatisfied
    } else if sum.error > 0 || sum.unknown > 0 || unread {
        Status::Undetermined
    } else if sum.judged() == 0 {
        Status::NotAssessed
    } else {
        Status::Satisfied
    }
}
