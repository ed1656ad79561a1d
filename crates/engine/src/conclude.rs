//! Evaluations become an assessment: waivers take failures away, controls and requirements get their status.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::assessment::{Assessment, Tally};
use onus_model::catalog::Catalog;
use onus_model::file::{File, Outcome};
use onus_model::source::FileId;
use onus_model::waiver::Waiving;

use crate::compile::Program;
use crate::evaluate::Evaluated;
use crate::govern::{Found, Rules, govern, waivers};

/// What an assessment says besides the evaluations.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    /// Every file that was walked.
    pub files: Vec<File>,
    /// The parameters as the policies saw them.
    pub parameters: BTreeMap<String, String>,
    /// The frameworks or profiles that were chosen.
    pub frameworks: Vec<String>,
    /// What governance is judged by; none where nothing is declared and no framework was chosen.
    pub rules: Option<Rules<'a>>,
}

/// Puts everything together.
#[must_use]
pub fn conclude(
    program: &Program,
    evaluated: Evaluated,
    catalog: &Catalog,
    facts: Facts<'_>,
) -> Assessment {
    let Evaluated {
        mut evaluations,
        mut tallies,
        groups,
        questions,
    } = evaluated;
    let mut requirements = Vec::new();
    let mut governance = None;
    if let Some(rules) = &facts.rules {
        let default = Waiving::default();
        let mut waivers = waivers(catalog, &program.checks, rules, &default);
        let mut by_group: Vec<Vec<Tally>> = groups.iter().map(|g| g.tallies.clone()).collect();
        waivers.findings(
            &mut evaluations,
            &mut tallies,
            &mut by_group,
            &program.checks,
            &facts.files,
            &rules.groups,
        );
        let unread: BTreeSet<usize> = facts
            .files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.outcome == Outcome::Unreadable)
            .map(|(index, _)| {
                rules
                    .groups
                    .of(FileId(u32::try_from(index).unwrap_or(u32::MAX)))
            })
            .collect();
        let found = Found {
            checks: &program.checks,
            plan: &program.plan,
            tallies: &by_group,
            groups: &groups,
            unread: &unread,
        };
        let (of_requirements, all) = govern(catalog, rules, &found, waivers);
        requirements = of_requirements;
        governance = Some(all);
    }
    Assessment {
        frameworks: facts.frameworks,
        parameters: facts.parameters,
        checks: program.checks.clone(),
        tallies,
        files: facts.files,
        evaluations,
        requirements,
        governance,
        questions,
    }
}
