//! Policies about responsibility and evidence: the questions that are not about configs.
//!
//! The nouns are made into Cedar's entities here, and Cedar is asked. Every policy is a forbid that names its reason; what
//! none of them forbids is permitted.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy,
    PolicyId, PolicySet, Request, RestrictedExpression, Schema, SchemaFragment, ValidationMode,
    Validator,
};
use cedar_policy_core::ast;
use onus_model::problem::{Label, Problem, did_you_mean};
use onus_model::source::{Span, Text};
use onus_model::status::Reason;

use crate::cedar_problems;
use crate::compile::{CheckSource, Limits, Packs, head_of, span_of, within_limits};

/// The namespaces whose policies judge what is authored, not what is configured.
pub const NAMESPACES: [&str; 2] = ["Responsibility", "Evidence"];

/// Whether a text of policies is about responsibility or evidence.
#[must_use]
pub fn is_decision(text: &str) -> bool {
    NAMESPACES
        .iter()
        .any(|name| text.contains(&format!("{name}::Action::\"")))
}

/// What a policy says when it forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The check's id.
    pub check: String,
    /// The reason that it names.
    pub reason: Reason,
    /// What is wrong.
    pub title: String,
    /// What to do.
    pub help: String,
    /// Where it stands.
    pub at: Label,
}

/// Compiled policies about responsibility and evidence.
#[derive(Debug, Default)]
pub struct Decisions {
    rules: Vec<Rule>,
    /// By namespace, in the order of [`NAMESPACES`].
    sets: [PolicySet; 2],
    schemas: Vec<Text>,
    authorizer: Authorizer,
    /// Conditions that were parsed, by their text.
    conditions: RefCell<BTreeMap<String, Option<PolicySet>>>,
}

/// A policy that forbids, or that erred: then nothing is permitted either.
#[derive(Clone, Debug)]
pub(crate) struct Denial<'d> {
    pub(crate) rule: &'d Rule,
    /// Cedar's words, where the policy erred.
    pub(crate) error: Option<String>,
}

/// A value for Cedar.
pub(crate) type Fields = Vec<(String, RestrictedExpression)>;

impl Decisions {
    /// Compiles the policies of the packs that are about responsibility and evidence.
    #[must_use]
    pub fn compile(packs: &Packs, limits: Limits) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let schemas: Vec<Text> = packs
            .schemas
            .iter()
            .map(|s| &s.text)
            .filter(|t| {
                NAMESPACES
                    .iter()
                    .any(|n| t.text.contains(&format!("namespace {n}")))
            })
            .cloned()
            .collect();
        let mut decisions = Self {
            rules: Vec::new(),
            sets: [PolicySet::new(), PolicySet::new()],
            schemas,
            authorizer: Authorizer::new(),
            conditions: RefCell::default(),
        };
        let mut sources: Vec<&CheckSource> = packs.decisions.iter().collect();
        sources.sort_by(|a, b| a.id.cmp(&b.id));
        let validator = sources
            .iter()
            .any(|s| !s.proved)
            .then(|| decisions.schema(&mut problems))
            .flatten()
            .map(Validator::new);
        for source in sources {
            decisions.read(source, validator.as_ref(), limits, &mut problems);
        }
        for set in &mut decisions.sets {
            if let Ok(permit) = Policy::parse(
                Some(PolicyId::new("permit")),
                "permit(principal, action, resource);",
            ) {
                // The id is free: all others are numbers.
                let _ = set.add(permit);
            }
        }
        (decisions, problems)
    }

    /// What the policies can say, in order of check.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn schema(&self, problems: &mut Vec<Problem>) -> Option<Schema> {
        let mut fragments = Vec::new();
        for text in &self.schemas {
            match SchemaFragment::from_cedarschema_str(&text.text) {
                Ok((fragment, _)) => fragments.push(fragment),
                Err(error) => problems.extend(cedar_problems(&error, text)),
            }
        }
        Schema::from_schema_fragments(fragments)
            .map_err(|error| problems.push(Problem::error(error.to_string())))
            .ok()
    }

    fn read(
        &mut self,
        source: &CheckSource,
        validator: Option<&Validator>,
        limits: Limits,
        problems: &mut Vec<Problem>,
    ) {
        let text = &source.policy;
        if !within_limits(text, limits, problems) {
            return;
        }
        let set: PolicySet = match text.text.parse() {
            Ok(set) => set,
            Err(error) => {
                problems.extend(cedar_problems(&error, text));
                return;
            }
        };
        if let (false, Some(validator)) = (source.proved, validator) {
            let result = validator.validate(&set, ValidationMode::Strict);
            for error in result.validation_errors() {
                problems.extend(cedar_problems(error, text));
            }
        }
        let mut policies: Vec<(Span, &Policy)> = set
            .policies()
            .map(|policy| {
                let inner: &ast::Policy = policy.as_ref();
                (span_of(inner), policy)
            })
            .collect();
        policies.sort_by_key(|(span, _)| *span);
        let mut first: Option<(String, String)> = None;
        for (span, policy) in policies {
            let annotation = |word: &str| policy.annotation(word).map(str::to_owned);
            let inner: &ast::Policy = policy.as_ref();
            if policy.effect() == cedar_policy::Effect::Permit {
                problems.push(
                    Problem::error("policies about responsibility and evidence forbid")
                        .at(text, head_of(inner), "a permit")
                        .help("say what must not be, with `forbid`: all else is permitted"),
                );
                continue;
            }
            let (title, help) = match (&first, annotation("title"), annotation("help")) {
                (None, Some(title), Some(help)) => {
                    first = Some((title.clone(), help.clone()));
                    (title, help)
                }
                (None, _, _) => {
                    problems.push(
                        Problem::error(format!(
                            "the check `{}` has no `@title` or no `@help`",
                            source.id
                        ))
                        .at(
                            text,
                            head_of(inner),
                            "expected before this policy",
                        ),
                    );
                    return;
                }
                (Some((title, help)), own_title, own_help) => (
                    own_title.unwrap_or_else(|| title.clone()),
                    own_help.unwrap_or_else(|| help.clone()),
                ),
            };
            let reason = match annotation("reason") {
                None => Reason::PolicyDenied,
                Some(word) => match Reason::from_name(&word) {
                    Some(reason) => reason,
                    None => {
                        let names = Reason::ALL.iter().map(|r| r.name());
                        let near = did_you_mean(&word, names);
                        let problem = Problem::error(format!("`{word}` is no reason for a status"))
                            .at(text, head_of(inner), "");
                        problems.push(match near {
                            Some(near) => problem.help(format!("did you mean `{near}`?")),
                            None => problem,
                        });
                        continue;
                    }
                },
            };
            let namespace = match policy.action_constraint() {
                cedar_policy::ActionConstraint::Any => None,
                cedar_policy::ActionConstraint::Eq(uid) => Some(uid),
                cedar_policy::ActionConstraint::In(uids) => uids.into_iter().next(),
            }
            .map(|uid| uid.type_name().namespace());
            let Some(index) = NAMESPACES
                .iter()
                .position(|n| namespace.as_deref() == Some(*n))
            else {
                problems.push(
                    Problem::error("the policy names no action of `Responsibility` or `Evidence`")
                        .at(text, head_of(inner), ""),
                );
                continue;
            };
            let id = PolicyId::new(self.rules.len().to_string());
            self.rules.push(Rule {
                check: source.id.clone(),
                reason,
                title,
                help,
                at: Label {
                    text: text.clone(),
                    span: inner
                        .non_scope_constraints()
                        .and_then(|e| e.source_loc())
                        .map_or(span, |l| Span::new(l.start(), l.end())),
                    message: String::new(),
                },
            });
            if let Some(set) = self.sets.get_mut(index) {
                // The id is a number that was not used before.
                let _ = set.add(policy.new_id(id));
            }
        }
    }

    /// Asks Cedar. What comes back forbids, in order of check; nothing means that it is permitted.
    pub(crate) fn ask(
        &self,
        namespace: usize,
        action: &str,
        principal: (&str, Fields),
        resource: (&str, Fields),
        context: Fields,
    ) -> Result<Vec<Denial<'_>>, String> {
        let name = NAMESPACES.get(namespace).copied().unwrap_or_default();
        let set = self.sets.get(namespace).ok_or("there are no policies")?;
        let entity = |(of, fields): (&str, Fields)| -> Result<(EntityUid, Entity), String> {
            let of: EntityTypeName = format!("{name}::{of}").parse().map_err(words)?;
            let uid = EntityUid::from_type_name_and_id(of, EntityId::new("it"));
            let entity = Entity::new_with_tags(uid.clone(), fields, [], []).map_err(words)?;
            Ok((uid, entity))
        };
        let (principal, principal_entity) = entity(principal)?;
        let (resource, resource_entity) = entity(resource)?;
        let action: EntityUid = format!("{name}::Action::\"{action}\"")
            .parse()
            .map_err(words)?;
        let context = Context::from_pairs(context).map_err(words)?;
        let request = Request::new(principal, action, resource, context, None).map_err(words)?;
        let entities =
            Entities::from_entities([principal_entity, resource_entity], None).map_err(words)?;
        let response = self.authorizer.is_authorized(&request, set, &entities);
        let mut denials: BTreeMap<usize, Denial<'_>> = BTreeMap::new();
        let rule = |id: &PolicyId| {
            let index: usize = AsRef::<str>::as_ref(id).parse().ok()?;
            Some((index, self.rules.get(index)?))
        };
        // Cedar skips a policy that errs: errors come before the decision.
        for error in response.diagnostics().errors() {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            if let Some((index, rule)) = rule(error.policy_id()) {
                let error = Some(error.inner().to_string());
                denials.insert(index, Denial { rule, error });
            }
        }
        if response.decision() == Decision::Deny {
            for id in response.diagnostics().reason() {
                if let Some((index, rule)) = rule(id) {
                    denials.entry(index).or_insert(Denial { rule, error: None });
                }
            }
        }
        Ok(denials.into_values().collect())
    }

    /// Whether a condition over a deployment holds. `Err` has Cedar's words.
    pub(crate) fn holds(&self, expression: &str, deployment: Fields) -> Result<bool, String> {
        let mut conditions = self.conditions.borrow_mut();
        let set = conditions
            .entry(expression.to_owned())
            .or_insert_with(|| condition(expression).parse().ok());
        let set = set.as_ref().ok_or("the condition cannot be read")?;
        let principal = uid("Deployment")?;
        let resource = uid("Part")?;
        let entity = Entity::new_with_tags(principal.clone(), deployment, [], []).map_err(words)?;
        let action: EntityUid = "Responsibility::Action::\"own\"".parse().map_err(words)?;
        let request =
            Request::new(principal, action, resource, Context::empty(), None).map_err(words)?;
        let entities = Entities::from_entities([entity], None).map_err(words)?;
        let response = self.authorizer.is_authorized(&request, set, &entities);
        match response.diagnostics().errors().next() {
            Some(error) => Err(error.to_string()),
            None => Ok(response.decision() == Decision::Allow),
        }
    }

    /// Validates conditions that users wrote in Cedar: the text, and where it stands.
    #[must_use]
    pub fn validate(&self, conditions: &[(&str, &Text, Span)]) -> Vec<Problem> {
        let mut problems = Vec::new();
        if conditions.is_empty() {
            return problems;
        }
        let Some(schema) = self.schema(&mut problems) else {
            return problems;
        };
        let validator = Validator::new(schema);
        for (expression, text, span) in conditions {
            let help = "a condition speaks of `principal`, the deployment: `principal has plan && principal.plan == \"enterprise\"`";
            match condition(expression).parse::<PolicySet>() {
                Err(error) => problems.push(
                    Problem::error(format!("the condition cannot be read: {error}"))
                        .at(text, *span, "")
                        .help(help),
                ),
                Ok(set) => {
                    let result = validator.validate(&set, ValidationMode::Strict);
                    let mut said = BTreeSet::new();
                    for error in result.validation_errors() {
                        let words = error.to_string();
                        let words = words
                            .split_once("`, ")
                            .map_or(words.as_str(), |(_, rest)| rest)
                            .to_owned();
                        if said.insert(words.clone()) {
                            problems.push(Problem::error(words).at(text, *span, "").help(help));
                        }
                    }
                }
            }
        }
        problems
    }
}

fn condition(expression: &str) -> String {
    format!(
        "permit (principal is Responsibility::Deployment, action == Responsibility::Action::\"own\", resource is Responsibility::Part)\nwhen {{ {expression} }};"
    )
}

fn uid(of: &str) -> Result<EntityUid, String> {
    format!("Responsibility::{of}::\"it\"")
        .parse()
        .map_err(words)
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(crate) fn text(value: impl Into<String>) -> RestrictedExpression {
    RestrictedExpression::new_string(value.into())
}

pub(crate) fn flag(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

pub(crate) fn number(value: i64) -> RestrictedExpression {
    RestrictedExpression::new_long(value)
}

pub(crate) fn count(value: usize) -> RestrictedExpression {
    number(i64::try_from(value).unwrap_or(i64::MAX))
}

pub(crate) fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
    RestrictedExpression::new_set(values.into_iter().map(text))
}

pub(crate) fn record(fields: Fields) -> Result<RestrictedExpression, String> {
    RestrictedExpression::new_record(fields).map_err(words)
}

/// Fields from pairs; those without a value are absent.
pub(crate) fn fields<const N: usize>(pairs: [(&str, Option<RestrictedExpression>); N]) -> Fields {
    pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}
