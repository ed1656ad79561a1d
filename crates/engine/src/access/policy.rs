//! Policies about grants: what each of them speaks of, and the few that can apply to a grant.
//!
//! Cedar looks at every policy of a set for every request. Here the scopes are an index, so that a grant is only asked about with the
//! policies whose scope it is in: the others cannot be satisfied.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, OnceLock};

use cedar_policy::{EntityUid, PolicyId, PolicySet};
use cedar_policy_core::ast::{
    self, ActionConstraint, BinaryOp, EntityReference, EntityUID, Expr, ExprKind, Literal,
    PrincipalOrResourceConstraint, Var,
};
use onus_model::check::Effect;
use onus_model::plan::{GrantSystem, Plan};

use super::judge::Outcome;
use crate::observe::{Observed, Trie};

/// The types that may be granted something.
const PRINCIPALS: [&str; 4] = ["Onus::Subject", "Onus::Person", "Onus::Role", "Onus::Group"];

/// Whether a policy is about grants: its principal is a subject, or somebody of a role, a group, a person.
pub(crate) fn is_about_grants(policy: &ast::Policy) -> bool {
    let principal = Scope::of(policy.principal_constraint().as_inner());
    let resource = Scope::of(policy.resource_constraint().as_inner());
    let named = |scope: &Scope, known: &[&str]| {
        let of_type = |name: &str| known.contains(&name);
        scope.is.as_deref().is_some_and(of_type)
            || scope
                .named
                .as_ref()
                .is_some_and(|(_, uid)| of_type(&uid.entity_type().to_string()))
    };
    named(&principal, &PRINCIPALS) || named(&resource, &["Onus::Resource", "Onus::Scope"])
}

/// A constraint on a principal or a resource, as the policy says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Its type.
    is: Option<String>,
    /// The entity that it is, or is in.
    named: Option<(Relation, EntityUID)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Equal,
    In,
}

impl Scope {
    fn of(constraint: &PrincipalOrResourceConstraint) -> Self {
        let entity = |reference: &EntityReference| match reference {
            EntityReference::EUID(uid) => Some(uid.as_ref().clone()),
            EntityReference::Slot(_) => None,
        };
        let (is, named) = match constraint {
            PrincipalOrResourceConstraint::Any => (None, None),
            PrincipalOrResourceConstraint::Is(name) => (Some(name.to_string()), None),
            PrincipalOrResourceConstraint::Eq(reference) => {
                (None, entity(reference).map(|uid| (Relation::Equal, uid)))
            }
            PrincipalOrResourceConstraint::In(reference) => {
                (None, entity(reference).map(|uid| (Relation::In, uid)))
            }
            PrincipalOrResourceConstraint::IsIn(name, reference) => (
                Some(name.to_string()),
                entity(reference).map(|uid| (Relation::In, uid)),
            ),
        };
        Self { is, named }
    }
}

/// A constraint with numbers for names: what a question is compared with.
#[derive(Clone, Debug)]
struct Within {
    is: Option<Kind>,
    /// The number of the entity that is named; [`ANY`] where there is none.
    named: u32,
    /// Being in it is enough.
    inside: bool,
}

impl Within {
    fn new(scope: &Scope, numbers: &mut BTreeMap<EntityUID, u32>) -> Self {
        Self {
            is: scope.is.as_deref().map(Kind::of),
            named: scope
                .named
                .as_ref()
                .map_or(ANY, |(_, uid)| numbered(numbers, uid)),
            inside: matches!(scope.named, Some((Relation::In, _))),
        }
    }

    fn holds(&self, of: Kind, numbers: &Numbers) -> bool {
        let is = self.is.is_none_or(|is| of == is);
        is && (self.named == ANY
            || self.named == numbers.own
            || self.inside && numbers.above.contains(&self.named))
    }
}

/// An entity as policies name it and what it is in, by number. What no policy names has no number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    own: u32,
    above: Vec<u32>,
}

/// A policy about grants.
#[derive(Debug)]
pub(crate) struct AccessPolicy {
    /// Index into [`crate::Program::checks`].
    pub(crate) check: u32,
    /// Index into [`onus_model::check::Check::policies`].
    pub(crate) policy: u32,
    pub(crate) effect: Effect,
    /// It says what the check is about, and judges nothing.
    pub(crate) applies: bool,
    /// It is about somebody with all that they have, and about no grant.
    pub(crate) only_act: bool,
    /// Its text, parsed again by every worker.
    pub(crate) text: Arc<str>,
    principal: Within,
    resource: Within,
    /// The systems whose grants it is about; all, where it names none.
    systems: Option<BTreeSet<Arc<str>>>,
    pub(crate) observed: Observed,
    /// Where nothing but its scope matters, and of that only whether it is met: it is asked once, so that all workers may share it.
    pub(crate) scope_only: Option<ScopeOnly>,
}

/// A policy without conditions, and what Cedar says of it where its scope is met.
#[derive(Debug)]
pub(crate) struct ScopeOnly {
    pub(crate) set: PolicySet,
    pub(crate) answer: OnceLock<Outcome>,
}

/// The types of what questions are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Subject,
    Person,
    Resource,
    Deployment,
    /// Any other: no question is about it.
    Other,
}

impl Kind {
    fn of(name: &str) -> Self {
        let all = [
            Self::Subject,
            Self::Person,
            Self::Resource,
            Self::Deployment,
        ];
        let found = all.into_iter().find(|kind| kind.name() == name);
        found.unwrap_or(Self::Other)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Subject => "Onus::Subject",
            Self::Person => "Onus::Person",
            Self::Resource => "Onus::Resource",
            Self::Deployment => "Onus::Deployment",
            Self::Other => "",
        }
    }
}

/// An entity that a question is about, and what it is in.
#[derive(Clone, Debug)]
pub(crate) struct Subjected {
    pub(crate) of: Kind,
    pub(crate) uid: EntityUID,
    pub(crate) above: BTreeSet<EntityUID>,
}

impl Subjected {
    pub(crate) fn new(of: Kind, id: &str, above: BTreeSet<EntityUID>) -> Option<Self> {
        Some(Self {
            of,
            uid: entity(of.name(), id)?,
            above,
        })
    }
}

/// Anybody, or all actions.
const ANY: u32 = 0;

/// All policies about grants, found by what they are about.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) policies: Vec<AccessPolicy>,
    /// Actions that policies name, as Cedar writes them, and whom they name; numbers begin with 1.
    action_numbers: BTreeMap<Arc<str>, u32>,
    principal_numbers: BTreeMap<EntityUID, u32>,
    resource_numbers: BTreeMap<EntityUID, u32>,
    /// By the action, and then by whom the principal is or is in, in order.
    found: Vec<Vec<(u32, Vec<u32>)>>,
    /// What policies name, by namespace: then patterns that reach it are asked about it.
    pub(crate) actions: BTreeMap<String, BTreeSet<Arc<str>>>,
    /// Resources that policies name, by system.
    pub(crate) resources: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
}

/// A policy and where it comes from.
pub(crate) struct Source<'p> {
    pub(crate) check: u32,
    pub(crate) policy: u32,
    pub(crate) applies: bool,
    pub(crate) text: String,
    pub(crate) parsed: &'p ast::Policy,
}

impl Index {
    pub(crate) fn new(sources: &[Source<'_>], plan: &Plan) -> Self {
        let mut index = Self::default();
        for source in sources {
            index.add(source, plan);
        }
        index
    }

    fn add(&mut self, source: &Source<'_>, plan: &Plan) {
        let policy = source.parsed;
        let principal = Scope::of(policy.principal_constraint().as_inner());
        let resource = Scope::of(policy.resource_constraint().as_inner());
        let observed = policy
            .non_scope_constraints()
            .map_or_else(Observed::default, Observed::of);
        let actions: Vec<Arc<str>> = match policy.action_constraint() {
            ActionConstraint::Any => Vec::new(),
            ActionConstraint::Eq(action) => vec![action.to_string().into()],
            ActionConstraint::In(actions) => actions.iter().map(|a| a.to_string().into()).collect(),
        };
        for named in policy_actions(policy) {
            self.actions
                .entry(named.0)
                .or_default()
                .insert(named.1.into());
        }
        let systems = systems_of(policy, &principal, &resource, plan);
        let within = |system: &&GrantSystem| {
            let name = &system.system.name;
            systems.as_ref().is_none_or(|of| of.contains(name))
        };
        // Texts that the action and the resource are compared with are asked about, too.
        if let Some(trie) = observed.context.members.get("action") {
            for system in plan.systems.iter().filter(within) {
                let named = self.actions.entry(system.namespace.clone()).or_default();
                named.extend(trie.equals.iter().map(|text| Arc::from(text.as_str())));
            }
        }
        if let Some(trie) = observed.resource.members.get("name") {
            for system in plan.systems.iter().filter(within) {
                let named = self
                    .resources
                    .entry(system.system.name.clone())
                    .or_default();
                named.extend(trie.equals.iter().map(|text| Arc::from(text.as_str())));
            }
        }
        if let Some((_, uid)) = resource
            .named
            .as_ref()
            .filter(|(_, uid)| uid.entity_type().to_string() == "Onus::Resource")
        {
            let id: &str = uid.eid().as_ref();
            if let Some((system, name)) = id.split_once('/') {
                self.resources
                    .entry(system.into())
                    .or_default()
                    .insert(name.into());
            }
        }
        let number = u32::try_from(self.policies.len()).unwrap_or(u32::MAX);
        let principal = Within::new(&principal, &mut self.principal_numbers);
        let resource = Within::new(&resource, &mut self.resource_numbers);
        let anchor = principal.named;
        let any_action = actions.is_empty();
        let mut numbers: Vec<u32> = actions
            .iter()
            .map(|action| numbered(&mut self.action_numbers, action))
            .collect();
        if any_action {
            numbers.push(ANY);
        }
        for action in numbers {
            let action = action as usize;
            if self.found.len() <= action {
                self.found.resize_with(action + 1, Vec::new);
            }
            let Some(anchors) = self.found.get_mut(action) else {
                continue;
            };
            match anchors.binary_search_by_key(&anchor, |(of, _)| *of) {
                Ok(at) => {
                    if let Some((_, list)) = anchors.get_mut(at) {
                        list.push(number);
                    }
                }
                Err(at) => anchors.insert(at, (anchor, vec![number])),
            }
        }
        let nothing = Observed::default();
        self.policies.push(AccessPolicy {
            check: source.check,
            policy: source.policy,
            effect: match policy.effect() {
                ast::Effect::Permit => Effect::Permit,
                ast::Effect::Forbid => Effect::Forbid,
            },
            applies: source.applies,
            only_act: !any_action
                && policy_actions(policy)
                    .iter()
                    .all(|(namespace, _)| namespace == "Onus"),
            text: source.text.as_str().into(),
            principal,
            resource,
            systems,
            scope_only: (observed == nothing).then(|| ScopeOnly {
                set: set_of(policy),
                answer: OnceLock::new(),
            }),
            observed,
        });
    }

    /// The number of an action, as Cedar writes it.
    pub(crate) fn action(&self, name: &str) -> u32 {
        self.action_numbers.get(name).copied().unwrap_or(ANY)
    }

    /// A principal as policies name it, by number.
    pub(crate) fn principal(&self, entity: &Subjected) -> Numbers {
        numbers(entity, &self.principal_numbers)
    }

    /// A resource as policies name it, by number.
    pub(crate) fn resource(&self, entity: &Subjected) -> Numbers {
        numbers(entity, &self.resource_numbers)
    }

    /// The policies in whose scope a question is, in order.
    pub(crate) fn about(
        &self,
        (principal, of_principal): (&Subjected, &Numbers),
        action: u32,
        (resource, of_resource): (&Subjected, &Numbers),
        found: &mut Vec<u32>,
    ) {
        found.clear();
        let actions = [action, ANY];
        let actions = actions
            .get(usize::from(action == ANY)..)
            .unwrap_or_default();
        let own = (of_principal.own != ANY).then_some(of_principal.own);
        let anchors = std::iter::once(ANY)
            .chain(own)
            .chain(of_principal.above.iter().copied());
        for anchor in anchors {
            for action in actions {
                let Some(anchors) = self.found.get(*action as usize) else {
                    continue;
                };
                let at = anchors.binary_search_by_key(&anchor, |(of, _)| *of);
                let Some((_, list)) = at.ok().and_then(|at| anchors.get(at)) else {
                    continue;
                };
                found.extend(list.iter().copied().filter(|number| {
                    self.policies.get(*number as usize).is_some_and(|policy| {
                        policy.principal.holds(principal.of, of_principal)
                            && policy.resource.holds(resource.of, of_resource)
                    })
                }));
            }
        }
        found.sort_unstable();
    }

    /// The names of the systems whose grants a policy is about.
    pub(crate) fn systems(&self, policy: &AccessPolicy, plan: &Plan) -> Vec<Arc<str>> {
        match &policy.systems {
            Some(named) => named.iter().cloned().collect(),
            None => plan.systems.iter().map(|s| s.system.name.clone()).collect(),
        }
    }
}

/// The systems that a policy is about: those of the actions that it names; else the one that it says in its conditions; else that
/// of whom or what it names. Nothing where it is about all.
fn systems_of(
    policy: &ast::Policy,
    principal: &Scope,
    resource: &Scope,
    plan: &Plan,
) -> Option<BTreeSet<Arc<str>>> {
    let actions = policy_actions(policy);
    if !actions.is_empty() {
        let systems = plan.systems.iter();
        let named = systems.filter(|s| actions.iter().any(|(of, _)| *of == s.namespace));
        return Some(named.map(|s| s.system.name.clone()).collect());
    }
    let said = policy.non_scope_constraints().and_then(system_said);
    let named = [principal, resource].into_iter().find_map(|scope| {
        let (_, uid) = scope.named.as_ref()?;
        if uid.entity_type().to_string() == "Onus::Person" {
            return None;
        }
        let id: &str = uid.eid().as_ref();
        Some(id.split('/').next().unwrap_or(id).to_owned())
    });
    said.or(named).map(|name| BTreeSet::from([name.into()]))
}

/// `principal.system == "aws"`, or the same of the resource, where nothing can be satisfied without it.
fn system_said(condition: &Expr) -> Option<String> {
    let is_system = |expr: &Expr| {
        matches!(expr.expr_kind(), ExprKind::GetAttr { expr, attr }
            if attr.as_str() == "system"
                && matches!(expr.expr_kind(), ExprKind::Var(Var::Principal | Var::Resource)))
    };
    let text = |expr: &Expr| match expr.expr_kind() {
        ExprKind::Lit(Literal::String(text)) => Some(text.to_string()),
        _ => None,
    };
    match condition.expr_kind() {
        ExprKind::And { left, right } => system_said(left).or_else(|| system_said(right)),
        ExprKind::BinaryApp {
            op: BinaryOp::Eq,
            arg1,
            arg2,
        } => match (is_system(arg1), is_system(arg2)) {
            (true, _) => text(arg2),
            (_, true) => text(arg1),
            _ => None,
        },
        _ => None,
    }
}

/// All is permitted. Parsed once: parsing is most of a short run.
static PERMIT: LazyLock<Option<cedar_policy::Policy>> = LazyLock::new(|| {
    let id = PolicyId::new("permit");
    cedar_policy::Policy::parse(Some(id), "permit(principal, action, resource);").ok()
});

/// A policy by itself; beside a forbid, all else is permitted.
fn set_of(policy: &ast::Policy) -> PolicySet {
    let mut set = PolicySet::new();
    // Ids that are not used twice: adding cannot fail.
    let _ = set.add(cedar_policy::Policy::from(policy.clone()).new_id(PolicyId::new("policy0")));
    if policy.effect() == ast::Effect::Forbid
        && let Some(permit) = PERMIT.as_ref()
    {
        let _ = set.add(permit.clone());
    }
    set
}

fn numbers(entity: &Subjected, known: &BTreeMap<EntityUID, u32>) -> Numbers {
    Numbers {
        own: known.get(&entity.uid).copied().unwrap_or(ANY),
        above: entity
            .above
            .iter()
            .filter_map(|uid| known.get(uid).copied())
            .collect(),
    }
}

/// The number of a name, which is new where it was not known.
fn numbered<T: Clone + Ord>(known: &mut BTreeMap<T, u32>, name: &T) -> u32 {
    let next = u32::try_from(known.len()).unwrap_or(u32::MAX - 1) + 1;
    *known.entry(name.clone()).or_insert(next)
}

/// The actions that a policy names in its scope: namespace and name.
pub(crate) fn policy_actions(policy: &ast::Policy) -> Vec<(String, String)> {
    let one = |uid: &EntityUID| {
        let of = uid.entity_type().to_string();
        let namespace = of.strip_suffix("::Action").unwrap_or_default().to_owned();
        let id: &str = uid.eid().as_ref();
        (namespace, id.to_owned())
    };
    match policy.action_constraint() {
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::Eq(action) => vec![one(action)],
        ActionConstraint::In(actions) => actions.iter().map(|a| one(a)).collect(),
    }
}

/// An action as Cedar names it.
pub(crate) fn action_name(system: &GrantSystem, action: &str) -> String {
    let of = format!("{}::Action", system.namespace);
    entity(&of, action).map_or_else(String::new, |uid| uid.to_string())
}

/// An entity of a type and an id.
pub(crate) fn entity(of: &str, id: &str) -> Option<EntityUID> {
    let of: cedar_policy::EntityTypeName = of.parse().ok()?;
    let uid = EntityUid::from_type_name_and_id(of, cedar_policy::EntityId::new(id));
    let inner: &EntityUID = uid.as_ref();
    Some(inner.clone())
}

/// Adds what can be observed of a value: nothing else of it is in the key.
pub(crate) fn push_text(trie: &Trie, value: Option<&str>, key: &mut Vec<u8>) {
    let Some(value) = value else {
        key.push(0);
        return;
    };
    if !trie.whole && !trie.equals.contains(value) {
        // Present, and none of the texts that it is compared with.
        key.push(1);
        return;
    }
    key.push(2);
    push(value, key);
}

/// The same of a set of texts, in order.
pub(crate) fn push_set<'v>(trie: &Trie, values: impl Iterator<Item = &'v str>, key: &mut Vec<u8>) {
    let mut seen: Vec<&str> = values
        .filter(|value| trie.whole || trie.holds.contains(*value))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    key.extend(u32::try_from(seen.len()).unwrap_or(u32::MAX).to_le_bytes());
    for value in seen {
        push(value, key);
    }
    // Whether a set is empty can be seen only of a set that is used whole.
}

/// A text with its length before it, so that no two lists of texts look the same.
pub(crate) fn push(value: &str, key: &mut Vec<u8>) {
    key.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
    key.extend(value.as_bytes());
}
