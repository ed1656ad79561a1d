//! Schemas and policies become a program: what to extract, and what to ask.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{PolicySet, Schema, SchemaFragment, ValidationMode, Validator};
use cedar_policy_core::ast::{
    self, ActionConstraint, EntityReference, PrincipalOrResourceConstraint,
};
use onus_model::access::Permissions;
use onus_model::check::{Check, Effect, Policy, Severity};
use onus_model::plan::{Attribute, From, Looked, Plan, Shape, TypeId};
use onus_model::problem::{Problem, did_you_mean};
use onus_model::source::{Span, Text};
use rayon::prelude::*;

use crate::access::{Index, Matrix, Source, is_about_grants, policy_actions};
use crate::cedar_problems;
use crate::lens::{self, Lens, Members};
use crate::observe::{Observed, Trie};
use crate::schema;

/// The authored texts that a program is made of.
#[derive(Clone, Debug, Default)]
pub struct Packs {
    /// Annotated schemas, one or more namespaces each.
    pub schemas: Vec<SchemaSource>,
    /// Checks.
    pub checks: Vec<CheckSource>,
    /// Policies about responsibility and evidence.
    pub decisions: Vec<CheckSource>,
    /// Permission matrices, each of which is a check.
    pub permissions: Vec<Permissions>,
}

/// An annotated schema.
#[derive(Clone, Debug)]
pub struct SchemaSource {
    /// The text.
    pub text: Text,
    /// Whether our own tests proved it valid.
    pub proved: bool,
}

/// A folder of policies.
#[derive(Clone, Debug)]
pub struct CheckSource {
    /// The folder's name.
    pub id: String,
    /// `policy.cedar`.
    pub policy: Text,
    /// `applies.cedar`: permits that say which resources the check is about, where the scope cannot.
    pub applies: Option<Text>,
    /// Whether it was proved valid by our own tests, so that it need not be proved again at every start.
    pub proved: bool,
}

/// What may be demanded of authored texts before Cedar sees them. Cedar's parser recurses: without these it overflows the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of one text.
    pub policy_bytes: usize,
    /// How deep brackets may nest.
    pub policy_depth: usize,
}

impl Program {
    /// Whether a parameter may be read by what is asked: it belongs to the context of some question.
    #[must_use]
    pub fn asks_with(&self, parameter: &str) -> bool {
        let record = parameter.split('.').next().unwrap_or(parameter);
        let mut contexts = self.groups.iter().flat_map(|group| &group.context);
        contexts.any(|attribute| attribute.name == record)
    }

    /// Whether anything is asked about grants: then they must be read.
    #[must_use]
    pub fn judges_grants(&self) -> bool {
        !self.grants.policies.is_empty() || !self.matrices.is_empty()
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            policy_bytes: 256 * 1024,
            policy_depth: 64,
        }
    }
}

/// Which checks are asked.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Those with these ids; all where there are none.
    pub only: Option<BTreeSet<String>>,
    /// Those of at least this severity.
    pub at_least: Severity,
}

/// A compiled program. Immutable; the plan in it says what to extract.
#[derive(Debug)]
pub struct Program {
    /// What to extract: no more than the checks read.
    pub plan: Plan,
    /// What to extract from tables of roles: all that they say about access.
    pub tables: Plan,
    /// The checks asked, in order of id.
    pub checks: Vec<Check>,
    /// The checks that were read, asked or not, in order of id.
    pub known: Vec<Check>,
    /// The questions, one for each check and type of resource.
    pub(crate) groups: Vec<Group>,
    /// The groups of each type of resource.
    pub(crate) by_type: BTreeMap<TypeId, Vec<usize>>,
    /// The policies about grants.
    pub(crate) grants: Index,
    /// The permission matrices that are asked.
    pub(crate) matrices: Vec<Matrix>,
    /// All that were read, asked or not: policies name duties by their rows.
    pub(crate) duties: Vec<Permissions>,
}

/// The policies of one check that judge one type.
#[derive(Debug)]
pub(crate) struct Group {
    /// Index into [`Program::checks`].
    pub(crate) check: u32,
    pub(crate) effect: Effect,
    /// The action, `Kubernetes::Action::"deploy"`.
    pub(crate) action: ast::EntityUID,
    pub(crate) members: Vec<Member>,
    /// The attributes of the action's context.
    pub(crate) context: Vec<Attribute>,
    /// What all members together observe; `None` when the analysis gave up.
    pub(crate) lens: Option<Lens>,
    /// The permits that say what the group is about.
    pub(crate) applies: Option<Applies>,
}

/// One policy in a group.
#[derive(Debug)]
pub(crate) struct Member {
    /// Index into [`Check::policies`].
    pub(crate) policy: u32,
    /// Its text, parsed again by every worker.
    pub(crate) text: String,
    /// What it observes of the resource and of the context.
    pub(crate) lens: Option<Lens>,
    pub(crate) context: Option<Lens>,
}

/// A set of permits that must allow a resource before the check applies to it.
#[derive(Debug)]
pub(crate) struct Applies {
    pub(crate) text: String,
    pub(crate) lens: Option<Lens>,
}

/// A policy as it was read, before it is bound to the plan.
struct Found {
    /// Index among all checks, known when all are read.
    check: usize,
    policy: u32,
    judges: TypeId,
    action: ast::EntityUID,
    text: String,
    observed: Observed,
    applies: bool,
    /// The policy, if it is about grants: those are asked in another way.
    about_grants: Option<ast::Policy>,
}

/// The stack of the threads that compile: Cedar recurses over expressions, and debug builds use large frames.
const STACK: usize = 256 * 1024 * 1024;

/// Compiles the packs. With problems of gravity *error* the program is not to be trusted.
///
/// All that is not proved is read and validated, chosen or not; the plan and the questions are those of the selection.
#[must_use]
pub fn compile(packs: &Packs, selection: &Selection, limits: Limits) -> (Program, Vec<Problem>) {
    let run = || compile_here(packs, selection, limits);
    match rayon::ThreadPoolBuilder::new().stack_size(STACK).build() {
        Ok(pool) => pool.install(run),
        // No threads to be had: this one will do for all but hostile texts.
        Err(_) => run(),
    }
}

fn compile_here(packs: &Packs, selection: &Selection, limits: Limits) -> (Program, Vec<Problem>) {
    let mut problems = Vec::new();
    let schemas: Vec<Text> = packs
        .schemas
        .iter()
        .map(|schema| &schema.text)
        .filter(|text| within_limits(text, limits, &mut problems))
        .cloned()
        .collect();
    let mut plan = schema::plan(&schemas, &mut problems);
    let needs_schema = packs.checks.iter().any(|check| !check.proved)
        || packs.schemas.iter().any(|schema| !schema.proved);
    let validator = (problems.is_empty() && needs_schema)
        .then(|| cedar_schema(&schemas, &mut problems))
        .flatten()
        .map(Validator::new);
    // What is proved and not asked need not be read at all: most of a short run is reading policies.
    let asked = |id: &String| selection.only.as_ref().is_none_or(|only| only.contains(id));
    let mut sources: Vec<&CheckSource> = packs
        .checks
        .iter()
        .filter(|source| !source.proved || asked(&source.id))
        .collect();
    sources.sort_by(|a, b| a.id.cmp(&b.id));
    let mut known: Vec<Check> = Vec::new();
    let mut found = Vec::new();
    let read: Vec<_> = sources
        .into_par_iter()
        .map(|source| {
            let reader = Reader {
                source,
                plan: &plan,
                validator: validator.as_ref(),
                limits,
            };
            let mut problems = Vec::new();
            (reader.check(&mut problems), problems)
        })
        .collect();
    for (check, new) in read {
        problems.extend(new);
        if let Some((check, policies)) = check {
            found.extend(policies.into_iter().map(|policy| Found {
                check: known.len(),
                ..policy
            }));
            known.push(check);
        }
    }
    let chosen: Vec<bool> = known
        .iter()
        .map(|check| {
            let named = selection
                .only
                .as_ref()
                .is_none_or(|ids| ids.contains(&check.id));
            named && check.severity >= selection.at_least
        })
        .collect();
    found.retain(|policy| chosen.get(policy.check).copied().unwrap_or(false));
    let (about_grants, found): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|p| p.about_grants.is_some());
    let tables = tables(&plan);
    prune(&mut plan, &found);
    // Where the check of an index in `known` stands among the chosen.
    let place: Vec<usize> = chosen
        .iter()
        .scan(0, |count, chosen| {
            let place = *count;
            *count += usize::from(*chosen);
            Some(place)
        })
        .collect();
    let mut checks: Vec<Check> = known
        .iter()
        .zip(&chosen)
        .filter(|(_, chosen)| **chosen)
        .map(|(check, _)| check.clone())
        .collect();
    for found in &about_grants {
        if let Some(check) = known.get(found.check) {
            duties(found, &check.text, &packs.permissions, &mut problems);
        }
    }
    let sources: Vec<Source<'_>> = about_grants
        .iter()
        .filter_map(|found| {
            Some(Source {
                check: u32::try_from(place.get(found.check).copied()?).ok()?,
                policy: found.policy,
                applies: found.applies,
                text: found.text.clone(),
                parsed: found.about_grants.as_ref()?,
            })
        })
        .collect();
    let grants = Index::new(&sources, &plan);
    let mut matrices = Vec::new();
    let mut duties = Vec::new();
    for permissions in &packs.permissions {
        let Some((check, matrix)) = Matrix::new(permissions, &plan, &mut problems) else {
            continue;
        };
        duties.push(permissions.clone());
        if asked(&check.id) && check.severity >= selection.at_least {
            matrices.push(Matrix {
                check: u32::try_from(checks.len()).unwrap_or(u32::MAX),
                ..matrix
            });
            checks.push(check.clone());
        }
        known.push(check);
    }
    let groups = groups(&plan, &checks, &place, found);
    let mut by_type: BTreeMap<TypeId, Vec<usize>> = BTreeMap::new();
    for (index, (judges, _)) in groups.iter().enumerate() {
        by_type.entry(*judges).or_default().push(index);
    }
    let program = Program {
        plan,
        tables,
        checks,
        known,
        groups: groups.into_iter().map(|(_, group)| group).collect(),
        by_type,
        grants,
        matrices,
        duties,
    };
    (program, problems)
}

/// A policy that speaks of duties which no matrix has could never be satisfied.
fn duties(found: &Found, text: &Text, permissions: &[Permissions], problems: &mut Vec<Problem>) {
    let Some(policy) = &found.about_grants else {
        return;
    };
    let Some(trie) = found.observed.principal.members.get("duties") else {
        return;
    };
    let known: BTreeSet<String> = permissions
        .iter()
        .flat_map(|matrix| {
            let rows = matrix.rows.iter();
            rows.map(|row| format!("{}/{}", matrix.id.value, row.label.value))
        })
        .collect();
    for duty in trie.holds.iter().filter(|duty| !known.contains(*duty)) {
        let problem = Problem::error(format!("there is no duty `{duty}`")).at(
            text,
            head_of(policy),
            "this policy asks for it",
        );
        problems.push(
            match did_you_mean(duty, known.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(
                    "duties are the rows of permission matrices, as `MATRIX/LABEL`: name the folder of the matrix with `--controls`",
                ),
            },
        );
    }
}

/// One schema of all fragments. Cedar's own checks of the schemas happen here.
fn cedar_schema(schemas: &[Text], problems: &mut Vec<Problem>) -> Option<Schema> {
    let mut fragments = Vec::new();
    for text in schemas {
        match SchemaFragment::from_cedarschema_str(&text.text) {
            Ok((fragment, _)) => fragments.push(fragment),
            Err(error) => problems.extend(cedar_problems(&error, text)),
        }
    }
    match Schema::from_schema_fragments(fragments) {
        Ok(schema) => Some(schema),
        Err(error) => {
            let mut problem = Problem::error(format!("the schemas do not fit together: {error}"));
            // Cedar does not say in which fragment; the label fits only where there is one text.
            if let [text] = schemas {
                problems.extend(cedar_problems(&error, text));
                return None;
            }
            if let Some(help) = miette::Diagnostic::help(&error) {
                problem = problem.help(help.to_string());
            }
            problems.push(problem);
            None
        }
    }
}

/// Refuses what would overflow the stack of Cedar's parser, or eat the memory.
pub(crate) fn within_limits(text: &Text, limits: Limits, problems: &mut Vec<Problem>) -> bool {
    if text.text.len() > limits.policy_bytes {
        problems.push(
            Problem::error(format!(
                "this file has {} bytes, and {} is the limit",
                text.text.len(),
                limits.policy_bytes
            ))
            .at(text, Span::default(), "too large")
            .help("split it, or raise the limit with `--policy-bytes`"),
        );
        return false;
    }
    let mut depth = 0usize;
    // Quotes and comments may hold brackets that nest nothing.
    let mut quoted = false;
    let mut escaped = false;
    let mut comment = false;
    let mut previous = ' ';
    for (at, c) in text.text.char_indices() {
        if comment {
            comment = c != '\n';
        } else if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else {
            match c {
                '"' => quoted = true,
                '/' if previous == '/' => comment = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > limits.policy_depth {
                problems.push(
                    Problem::error(format!("brackets nest deeper than {}", limits.policy_depth))
                        .at(text, Span::new(at, at + c.len_utf8()), "too deep here")
                        .help(
                            "write it flatter, or raise the limit with `--policy-depth`, up to 200",
                        ),
                );
                return false;
            }
        }
        previous = c;
    }
    true
}

/// Reads one check's folder.
struct Reader<'s> {
    source: &'s CheckSource,
    plan: &'s Plan,
    validator: Option<&'s Validator>,
    limits: Limits,
}

impl Reader<'_> {
    fn check(&self, problems: &mut Vec<Problem>) -> Option<(Check, Vec<Found>)> {
        let text = &self.source.policy;
        let before = problems.len();
        let policies = self.policies(text, problems)?;
        let Some(first) = policies.first() else {
            problems.push(
                Problem::error(format!("the check `{}` has no policy", self.source.id)).at(
                    text,
                    Span::default(),
                    "",
                ),
            );
            return None;
        };
        let annotation = |policy: &ast::Policy, word: &str| -> Option<(String, Span)> {
            let found = policy.annotations().find(|(name, _)| {
                let name: &str = name.as_ref();
                name == word
            });
            found.map(|(_, a)| {
                let span = a
                    .loc
                    .as_ref()
                    .map_or(span_of(policy), |l| Span::new(l.start(), l.end()));
                (a.val.to_string(), span)
            })
        };
        let mut demanded = |word: &str| {
            annotation(first, word).unwrap_or_else(|| {
                problems.push(
                    Problem::error(format!("the check `{}` has no `@{word}`", self.source.id))
                        .at(text, head_of(first), "expected before this policy")
                        .help(
                            "the first policy of a check carries `@title`, `@severity` and `@help`",
                        ),
                );
                (String::new(), Span::default())
            })
        };
        let (title, _) = demanded("title");
        let (severity, severity_span) = demanded("severity");
        let (help, _) = demanded("help");
        let severity = Severity::ALL
            .into_iter()
            .find(|s| s.name() == severity)
            .unwrap_or_else(|| {
                if !severity.is_empty() {
                    let names = Severity::ALL.map(Severity::name).join("`, `");
                    problems.push(
                        Problem::error(format!("`{severity}` is no severity"))
                            .at(text, severity_span, "")
                            .help(format!("the severities are `{names}`")),
                    );
                }
                Severity::Medium
            });
        let effect = effect_of(first);
        let mut found = Vec::new();
        let mut described = Vec::new();
        let mut format = None;
        for policy in &policies {
            self.annotations(policy, problems);
            if effect_of(policy) != effect {
                problems.push(
                    Problem::error(format!(
                        "the check `{}` has both permits and forbids",
                        self.source.id
                    ))
                    .at(
                        text,
                        head_of(policy),
                        "of another effect than the first policy",
                    )
                    .help("make two checks of it"),
                );
            }
            let Some((judges, action)) = self.scope(policy, text, problems) else {
                continue;
            };
            let of = self.plan.entity_type(judges).map(|t| t.format);
            if *format.get_or_insert(of) != of {
                problems.push(
                    Problem::error(format!(
                        "the check `{}` judges things of two formats",
                        self.source.id
                    ))
                    .at(
                        text,
                        head_of(policy),
                        "of another format than the first policy",
                    ),
                );
            }
            let span = span_of(policy);
            let number = u32::try_from(described.len()).unwrap_or(u32::MAX);
            found.push(Found {
                check: 0,
                policy: number,
                judges,
                action,
                text: slice(text, span),
                observed: Observed::of(&policy.condition()),
                applies: false,
                about_grants: is_about_grants(policy).then(|| policy.clone()),
            });
            described.push(Policy {
                title: annotation(policy, "title")
                    .map_or_else(|| title.as_str().into(), |(t, _)| t.into()),
                help: annotation(policy, "help")
                    .map_or_else(|| help.as_str().into(), |(h, _)| h.into()),
                judges,
                span,
                conditions: policy.non_scope_constraints().map_or_else(
                    || Some(without_annotations(&self.source.policy, span)),
                    |conditions| first_clause(conditions, span),
                ),
            });
        }
        if let Some(text) = &self.source.applies {
            for policy in self.policies(text, problems).unwrap_or_default() {
                if effect_of(&policy) != Effect::Permit {
                    problems.push(
                        Problem::error("what a check applies to is said with `permit`").at(
                            text,
                            head_of(&policy),
                            "a forbid",
                        ),
                    );
                }
                let Some((judges, action)) = self.scope(&policy, text, problems) else {
                    continue;
                };
                found.push(Found {
                    check: 0,
                    policy: 0,
                    judges,
                    action,
                    text: slice(text, span_of(&policy)),
                    observed: Observed::of(&policy.condition()),
                    applies: true,
                    about_grants: is_about_grants(&policy).then(|| policy.clone()),
                });
            }
        }
        let format = format.flatten()?;
        (problems.len() == before).then_some((
            Check {
                id: self.source.id.clone(),
                title,
                severity,
                help,
                format,
                effect,
                text: text.clone(),
                policies: described,
            },
            found,
        ))
    }

    /// Parses and, unless it was proved before, validates a text. Policies come in the order of the text.
    fn policies(&self, text: &Text, problems: &mut Vec<Problem>) -> Option<Vec<ast::Policy>> {
        if !within_limits(text, self.limits, problems) {
            return None;
        }
        let set: PolicySet = match text.text.parse() {
            Ok(set) => set,
            Err(error) => {
                problems.extend(cedar_problems(&error, text));
                return None;
            }
        };
        if let Some(template) = set.templates().next() {
            let template: &ast::Template = template.as_ref();
            let at = template
                .loc()
                .map_or(Span::default(), |l| Span::new(l.start(), l.end()));
            problems.push(Problem::error("templates are not supported").at(
                text,
                at,
                "this is a template",
            ));
            return None;
        }
        let mut policies: Vec<ast::Policy> = set
            .policies()
            .map(|policy| {
                let policy: &ast::Policy = policy.as_ref();
                policy.clone()
            })
            .collect();
        policies.sort_by_key(|policy| span_of(policy).start);
        if let (Some(validator), false) = (self.validator, self.source.proved) {
            // A name that is not in the schema is told with its place and the nearest that is; Cedar would only say of
            // some of them that the policy can never apply.
            let before = problems.len();
            for policy in policies.iter().filter(|p| !is_about_grants(p)) {
                self.names(policy, text, problems);
            }
            if problems.len() == before {
                validate(validator, &set, text, problems);
            }
        }
        Some(policies)
    }

    /// Attributes that a policy reads and that its type does not have.
    fn names(&self, policy: &ast::Policy, text: &Text, problems: &mut Vec<Problem>) {
        let mut ignored = Vec::new();
        let Some((judges, action)) = self.scope(policy, text, &mut ignored) else {
            return;
        };
        let observed = Observed::of(&policy.condition());
        let context = self
            .plan
            .entity_type(judges)
            .and_then(|t| self.plan.format(t.format))
            .and_then(|f| f.actions.iter().find(|a| a.name == action.to_string()))
            .map_or(Members::None, |a| Members::Declared(&a.context));
        for (trie, members) in [
            (&observed.resource, Members::of_type(self.plan, judges)),
            (&observed.context, context),
        ] {
            for unknown in lens::unknown(trie, self.plan, members) {
                let problem = Problem::error(format!(
                    "there is no attribute `{}` here",
                    unknown.name
                ))
                .at(text, unknown.span, "read here");
                let known = unknown.known.iter().copied();
                problems.push(match did_you_mean(&unknown.name, known.clone()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!(
                        "the schema has `{}`",
                        known.collect::<Vec<_>>().join("`, `")
                    )),
                });
            }
        }
    }

    fn annotations(&self, policy: &ast::Policy, problems: &mut Vec<Problem>) {
        const KNOWN: [&str; 4] = ["title", "severity", "help", "doc"];
        for (name, annotation) in policy.annotations() {
            let name: &str = name.as_ref();
            if KNOWN.contains(&name) {
                continue;
            }
            let at = annotation
                .loc
                .as_ref()
                .map_or(head_of(policy), |l| Span::new(l.start(), l.end()));
            let help = did_you_mean(name, KNOWN).map_or_else(
                || format!("known here are `@{}`", KNOWN.join("`, `@")),
                |near| format!("did you mean `@{near}`?"),
            );
            problems.push(
                Problem::error(format!("there is no annotation `@{name}` here"))
                    .at(&self.source.policy, at, "unknown")
                    .help(help),
            );
        }
    }

    /// A policy about grants judges subjects; the actions that it names must be such as can be granted.
    fn grants_scope(
        &self,
        policy: &ast::Policy,
        text: &Text,
        problems: &mut Vec<Problem>,
    ) -> Option<(TypeId, ast::EntityUID)> {
        let types = &self.plan.types;
        let judges = types.iter().position(|t| &*t.name == "Onus::Subject");
        let judges = judges.and_then(|i| u16::try_from(i).ok()).map(TypeId)?;
        for (namespace, action) in policy_actions(policy) {
            if namespace == "Onus" && action == "act" {
                continue;
            }
            let system = self.plan.systems.iter().find(|s| s.namespace == namespace);
            let known = |name: &str| system.is_some_and(|s| s.actions.iter().any(|a| **a == *name));
            if known(&action) {
                continue;
            }
            let problem = match system {
                None => {
                    let names = self.plan.systems.iter().map(|s| s.namespace.as_str());
                    let problem = Problem::error(format!(
                        "no schema says that actions of `{namespace}` can be granted"
                    ));
                    match did_you_mean(&namespace, names.clone()) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help(format!(
                            "actions of `{}` can",
                            names.collect::<Vec<_>>().join("`, `")
                        )),
                    }
                }
                Some(system) => {
                    let names = system.actions.iter().map(|a| &**a);
                    let problem = Problem::error(format!("`{namespace}` has no action `{action}`"));
                    match did_you_mean(&action, names) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help(
                            "compare `context.action` with it, or declare it in the schema of the system",
                        ),
                    }
                }
            };
            problems.push(problem.at(text, head_of(policy), "here"));
            return None;
        }
        let action = match policy.action_constraint() {
            ActionConstraint::Eq(action) => Some(action.as_ref().clone()),
            ActionConstraint::In(actions) => actions.first().map(|a| a.as_ref().clone()),
            ActionConstraint::Any => None,
        };
        let any = crate::access::entity("Onus::Action", "act");
        Some((judges, action.or(any)?))
    }

    /// The type and the action that a policy names in its scope.
    fn scope(
        &self,
        policy: &ast::Policy,
        text: &Text,
        problems: &mut Vec<Problem>,
    ) -> Option<(TypeId, ast::EntityUID)> {
        if is_about_grants(policy) {
            return self.grants_scope(policy, text, problems);
        }
        let constraint = policy.resource_constraint();
        let name = match constraint.as_inner() {
            PrincipalOrResourceConstraint::Is(name)
            | PrincipalOrResourceConstraint::IsIn(name, _) => Some(name.to_string()),
            PrincipalOrResourceConstraint::Eq(EntityReference::EUID(uid)) => {
                Some(uid.entity_type().to_string())
            }
            PrincipalOrResourceConstraint::Any
            | PrincipalOrResourceConstraint::In(_)
            | PrincipalOrResourceConstraint::Eq(EntityReference::Slot(_)) => None,
        };
        let known = || self.plan.types.iter().map(|t| &*t.name);
        let judges = name
            .as_deref()
            .and_then(|name| known().position(|n| n == name));
        let Some(judges) = judges.and_then(|i| u16::try_from(i).ok()).map(TypeId) else {
            let mut problem = Problem::error(
                "the scope of this policy does not say what type of resource it judges",
            )
            .at(text, head_of(policy), "here");
            problem = match name.as_deref() {
                Some(name) => {
                    problem.message =
                        format!("there is no type `{name}` that can be read from a file");
                    match did_you_mean(name, known()) {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help("`onus list types` names the types"),
                    }
                }
                None => problem
                    .help("write `resource is TYPE`, as in `resource is Kubernetes::Container`; where grants are judged, `principal is Onus::Subject`"),
            };
            problems.push(problem);
            return None;
        };
        let action = match policy.action_constraint() {
            ActionConstraint::Eq(action) => Some(action.as_ref().clone()),
            ActionConstraint::In(actions) => match actions.as_slice() {
                [action] => Some(action.as_ref().clone()),
                _ => None,
            },
            ActionConstraint::Any => None,
        };
        let format = self
            .plan
            .entity_type(judges)
            .and_then(|t| self.plan.format(t.format));
        let actions = || {
            format
                .into_iter()
                .flat_map(|f| &f.actions)
                .map(|a| a.name.as_str())
        };
        let named = action.as_ref().map(ToString::to_string);
        match (action, named) {
            (Some(action), Some(name)) if actions().any(|a| a == name) => Some((judges, action)),
            (_, named) => {
                let message = match named {
                    Some(name) => format!("`{name}` is no action of this format"),
                    None => "the scope of this policy does not name one action".to_owned(),
                };
                let known: Vec<&str> = actions().collect();
                problems.push(
                    Problem::error(message)
                        .at(text, head_of(policy), "here")
                        .help(format!(
                            "write `action == …`; there is `{}`",
                            known.join("`, `")
                        )),
                );
                None
            }
        }
    }
}

fn validate(validator: &Validator, set: &PolicySet, text: &Text, problems: &mut Vec<Problem>) {
    let result = validator.validate(set, ValidationMode::Strict);
    let mut found = Vec::new();
    for error in result.validation_errors() {
        found.extend(cedar_problems(error, text));
    }
    // "This policy can never apply" is a warning to Cedar; a check that cannot fail is an error to us.
    for warning in result.validation_warnings() {
        found.extend(cedar_problems(warning, text));
    }
    // Cedar gives them in another order in every run.
    found.sort_by_cached_key(|p| (p.labels.first().map(|l| l.span), p.message.clone()));
    problems.extend(found);
}

fn effect_of(policy: &ast::Policy) -> Effect {
    match policy.effect() {
        ast::Effect::Permit => Effect::Permit,
        ast::Effect::Forbid => Effect::Forbid,
    }
}

pub(crate) fn span_of(policy: &ast::Policy) -> Span {
    policy
        .loc()
        .map_or(Span::default(), |l| Span::new(l.start(), l.end()))
}

/// Its conditions; of several clauses the first, for together they have the place of the policy.
fn first_clause(conditions: &ast::Expr, policy: Span) -> Option<Span> {
    let place = conditions.source_loc();
    let place = place.map(|l| Span::new(l.start(), l.end()));
    match (place, conditions.expr_kind()) {
        (Some(place), _) if place != policy => Some(place),
        (_, ast::ExprKind::And { left, .. }) => first_clause(left, policy),
        (_, ast::ExprKind::UnaryApp { arg, .. }) => first_clause(arg, policy),
        _ => None,
    }
}

/// A policy from its effect on.
fn without_annotations(text: &Text, span: Span) -> Span {
    let whole = slice(text, span);
    let start = ["\nforbid", "\npermit"]
        .into_iter()
        .find_map(|effect| whole.rfind(effect));
    Span {
        start: span.start + start.map_or(0, |at| u32::try_from(at + 1).unwrap_or_default()),
        ..span
    }
}

/// The first few bytes of a policy: enough to point at it.
pub(crate) fn head_of(policy: &ast::Policy) -> Span {
    let span = span_of(policy);
    Span {
        end: span.end.min(span.start + 6),
        ..span
    }
}

fn slice(text: &Text, span: Span) -> String {
    text.text.get(span.range()).unwrap_or_default().to_owned()
}

/// The plan of what tables say about access, whole.
fn tables(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    let mut wanted: BTreeSet<TypeId> = BTreeSet::new();
    for index in 0..plan.types.len() {
        let id = TypeId(u16::try_from(index).unwrap_or(u16::MAX));
        let says = |id| plan.entity_type(id).is_some_and(|t| t.access.is_some());
        let mut next = Some(id).filter(|id| says(*id));
        while let Some(id) = next.filter(|id| wanted.insert(*id)) {
            next = plan.entity_type(id).and_then(|t| t.parent);
        }
    }
    for entity_type in &mut plan.types {
        entity_type.children.retain(|child| wanted.contains(child));
    }
    for format in &mut plan.formats {
        format.roots.retain(|root| wanted.contains(root));
    }
    plan
}

/// Leaves in the plan what the policies can observe, and what is needed to get there.
fn prune(plan: &mut Plan, found: &[Found]) {
    // Who gives up on one policy may look at anything.
    let everything = found.iter().any(|policy| policy.observed.everything);
    let mut observed: BTreeMap<TypeId, Trie> = BTreeMap::new();
    for policy in found {
        observe(
            plan,
            policy.judges,
            &policy.observed.resource,
            &mut observed,
        );
    }
    // A type is reached through its parents.
    let mut wanted: BTreeSet<TypeId> = BTreeSet::new();
    for id in observed.keys() {
        let mut next = Some(*id);
        while let Some(id) = next.filter(|id| wanted.insert(*id)) {
            next = plan.entity_type(id).and_then(|t| t.parent);
        }
    }
    for index in 0..plan.types.len() {
        let id = TypeId(u16::try_from(index).unwrap_or(u16::MAX));
        let Some(entity_type) = plan.types.get_mut(index) else {
            continue;
        };
        entity_type.children.retain(|child| wanted.contains(child));
        if everything {
            continue;
        }
        let trie = observed.get(&id);
        keep(&mut entity_type.attributes, trie);
        if !trie.is_some_and(|t| t.tags) {
            entity_type.tags = None;
        }
    }
    for format in &mut plan.formats {
        format.roots.retain(|root| wanted.contains(root));
    }
}

/// Adds what is observed of a type, and through it of the types that its attributes lead to.
fn observe(plan: &Plan, id: TypeId, trie: &Trie, observed: &mut BTreeMap<TypeId, Trie>) {
    observed.entry(id).or_default().merge(trie);
    if let Some(entity_type) = plan.entity_type(id) {
        through(plan, &entity_type.attributes, trie, observed);
        // What a lookup compares with is needed, whoever reads it.
        for attribute in &entity_type.attributes {
            if let From::Lookup(lookup) = &attribute.from
                && trie.members.contains_key(&attribute.name)
                && let Some((_, ours)) = &lookup.equal
            {
                let own = observed.entry(id).or_default();
                own.members.entry(ours.clone()).or_default().whole = true;
            }
        }
    }
}

fn through(
    plan: &Plan,
    attributes: &[Attribute],
    trie: &Trie,
    observed: &mut BTreeMap<TypeId, Trie>,
) {
    for attribute in attributes {
        let Some(inner) = trie.members.get(&attribute.name) else {
            continue;
        };
        if let From::Lookup(lookup) = &attribute.from
            && let Looked::Things(id) = lookup.of
        {
            let theirs = lookup.equal.iter().map(|(theirs, _)| theirs);
            for name in theirs.chain([&lookup.attribute]) {
                // Nothing is looked up of what is looked up: one pass fills them all.
                let whole = Trie {
                    whole: true,
                    ..Trie::default()
                };
                let entry = observed.entry(id).or_default();
                entry.members.entry(name.clone()).or_default().merge(&whole);
            }
        }
        match &attribute.shape {
            Shape::Entity(id) => observe(plan, *id, inner, observed),
            Shape::Record(attributes) => through(plan, attributes, inner, observed),
            Shape::Bool
            | Shape::Long
            | Shape::String
            | Shape::Text
            | Shape::Set(_)
            | Shape::Converted(_) => {}
        }
    }
}

fn keep(attributes: &mut Vec<Attribute>, trie: Option<&Trie>) {
    attributes.retain_mut(|attribute| {
        let Some(inner) = trie.and_then(|t| t.members.get(&attribute.name)) else {
            return false;
        };
        if let (Shape::Record(members), false) = (
            &mut attribute.shape,
            inner.whole || !inner.equals.is_empty(),
        ) {
            keep(members, Some(inner));
        }
        true
    });
}

/// Puts the policies of a check that judge one type with one action together.
fn groups(
    plan: &Plan,
    checks: &[Check],
    place: &[usize],
    found: Vec<Found>,
) -> Vec<(TypeId, Group)> {
    let mut sorted: BTreeMap<(usize, TypeId, String), Vec<Found>> = BTreeMap::new();
    for policy in found {
        let check = place.get(policy.check).copied().unwrap_or_default();
        let key = (check, policy.judges, policy.action.to_string());
        sorted.entry(key).or_default().push(policy);
    }
    let mut groups = Vec::new();
    for ((check, judges, action_name), policies) in sorted {
        let Some(action) = policies.first().map(|p| p.action.clone()) else {
            continue;
        };
        let members = Members::of_type(plan, judges);
        let context = plan
            .entity_type(judges)
            .and_then(|t| plan.format(t.format))
            .and_then(|f| f.actions.iter().find(|a| a.name == action_name))
            .map(|a| a.context.clone())
            .unwrap_or_default();
        let bind = |observed: &Observed| {
            (!observed.everything)
                .then(|| Lens::new(&observed.resource, plan, members, "resource"))
                .flatten()
        };
        let (applies, judging): (Vec<Found>, Vec<Found>) =
            policies.into_iter().partition(|p| p.applies);
        if judging.is_empty() {
            continue;
        }
        let merge = |policies: &[Found]| {
            let mut all = Observed::default();
            for policy in policies {
                all.merge(&policy.observed);
            }
            all
        };
        let group = Group {
            check: u32::try_from(check).unwrap_or(u32::MAX),
            effect: checks.get(check).map_or(Effect::Forbid, |c| c.effect),
            action,
            context: context.clone(),
            lens: bind(&merge(&judging)),
            applies: (!applies.is_empty()).then(|| Applies {
                lens: bind(&merge(&applies)),
                text: applies
                    .iter()
                    .map(|p| p.text.as_str())
                    .collect::<Vec<_>>()
                    .join("\n"),
            }),
            members: judging
                .into_iter()
                .map(|policy| Member {
                    lens: bind(&policy.observed),
                    context: Lens::new(
                        &policy.observed.context,
                        plan,
                        Members::Declared(&context),
                        "context",
                    ),
                    policy: policy.policy,
                    text: policy.text,
                })
                .collect(),
        };
        groups.push((judges, group));
    }
    groups
}
