//! Permission matrices: a table of who may do what becomes permits, and is held against grants and other policies.

use onus_model::access::Permissions;
use onus_model::check::{Check, Effect, Policy};
use onus_model::plan::{GrantSystem, Plan, TypeId};
use onus_model::problem::{Problem, did_you_mean};
use onus_model::source::Span;

use super::policy::{Index, Source, action_name, entity};

/// A matrix, ready to be asked.
#[derive(Debug)]
pub(crate) struct Matrix {
    /// Index into [`crate::Program::checks`].
    pub(crate) check: u32,
    pub(crate) permissions: Permissions,
    pub(crate) system: GrantSystem,
    /// A permit for each `yes`.
    pub(crate) index: Index,
}

impl Matrix {
    /// A matrix as a check: a policy for the whole, for each row, and for each cell of it.
    pub(crate) fn new(
        permissions: &Permissions,
        plan: &Plan,
        problems: &mut Vec<Problem>,
    ) -> Option<(Check, Self)> {
        let Some(system) = plan.system(&permissions.system.value) else {
            let names = plan.systems.iter().map(|s| &*s.system.name);
            let problem = Problem::error(format!(
                "no schema says what can be granted in `{}`",
                permissions.system.value
            ))
            .at(&permissions.text, permissions.system.span, "");
            problems.push(
                match did_you_mean(&permissions.system.value, names.clone()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!(
                        "the systems are `{}`",
                        names.collect::<Vec<_>>().join("`, `")
                    )),
                },
            );
            return None;
        };
        let judges = plan
            .types
            .iter()
            .position(|t| &*t.name == "Onus::Subject")
            .and_then(|index| u16::try_from(index).ok())
            .map(TypeId)?;
        let format = plan.entity_type(judges)?.format;
        let help = permissions.help.clone().unwrap_or_else(|| {
            "grant what the matrix says, or say in the matrix what is granted".to_owned()
        });
        let mut policies = Vec::new();
        let mut policy = |title: String, span: Span| {
            policies.push(Policy {
                title: title.into(),
                help: help.as_str().into(),
                judges,
                span,
                conditions: None,
            });
        };
        policy(permissions.title.clone(), permissions.id.span);
        for row in &permissions.rows {
            policy(row.label.value.clone(), row.label.span);
            for (role, cell) in &row.cells {
                let may = if cell.value { "may" } else { "may not" };
                policy(
                    format!("`{}` {may} `{}`", role.value, row.label.value),
                    role.span.join(cell.span),
                );
            }
        }
        let check = Check {
            id: permissions.id.value.clone(),
            title: permissions.title.clone(),
            severity: permissions.severity,
            help,
            format,
            effect: Effect::Permit,
            text: permissions.text.clone(),
            policies,
        };
        let index = permits(permissions, system, plan);
        Some((
            check,
            Self {
                check: 0,
                permissions: permissions.clone(),
                system: system.clone(),
                index,
            },
        ))
    }

    /// The number of the policy of a row, and of a cell of it.
    pub(crate) fn policy(&self, row: usize, cell: Option<usize>) -> u32 {
        let before: usize = self
            .permissions
            .rows
            .iter()
            .take(row)
            .map(|row| 1 + row.cells.len())
            .sum();
        let number = 1 + before + cell.map_or(0, |cell| 1 + cell);
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

/// A permit for each `yes`, as a person would write it.
fn permits(permissions: &Permissions, system: &GrantSystem, plan: &Plan) -> Index {
    let name = &system.system.name;
    let named = |of: &str, id: &str| {
        entity(of, &format!("{name}/{id}")).map_or_else(String::new, |uid| uid.to_string())
    };
    let mut texts = Vec::new();
    for row in &permissions.rows {
        let actions: Vec<String> = row
            .actions
            .iter()
            .map(|action| action_name(system, &action.value))
            .collect();
        let within = row.scope.as_ref().map_or_else(String::new, |scope| {
            format!(" when {{ resource in {} }}", named("Onus::Scope", scope))
        });
        let resources: Vec<String> = if row.resources.is_empty() {
            vec!["resource".to_owned()]
        } else {
            row.resources
                .iter()
                .map(|r| format!("resource in {}", named("Onus::Resource", &r.value)))
                .collect()
        };
        for (role, cell) in row.cells.iter().filter(|(_, cell)| cell.value) {
            let _ = cell;
            for resource in &resources {
                texts.push(format!(
                    "permit (principal in {}, action in [{}], {resource}){within};",
                    named("Onus::Role", &role.value),
                    actions.join(", ")
                ));
            }
        }
    }
    let parsed: Vec<(String, cedar_policy::Policy)> = texts
        .into_iter()
        .filter_map(|text| {
            let policy = cedar_policy::Policy::parse(None, &text).ok()?;
            Some((text, policy))
        })
        .collect();
    let sources: Vec<Source<'_>> = parsed
        .iter()
        .map(|(text, policy)| Source {
            check: 0,
            policy: 0,
            applies: false,
            text: text.clone(),
            parsed: policy.as_ref(),
        })
        .collect();
    Index::new(&sources, plan)
}
