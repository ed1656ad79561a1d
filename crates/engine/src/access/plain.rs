//! Asks Cedar with all policies of a check at once, for every question: no index, nothing remembered. Only tests do this, to hold the
//! answers of [`super::judge::Worker`] against it.

use std::collections::BTreeMap;

use cedar_policy::{
    AuthorizationError, Authorizer, Effect as CedarEffect, Policy, PolicyId, PolicySet,
};
use onus_model::check::Effect;

use super::judge::{Asked, Outcome, Principal, question};
use super::policy::Index;

/// Policies that Cedar is asked about together.
#[derive(Debug, Default)]
struct Together {
    set: PolicySet,
    numbers: BTreeMap<PolicyId, u32>,
}

/// All policies of an index, by check, by effect, and by whether they only say what a check is about.
#[derive(Debug)]
pub(crate) struct Plain {
    sets: Vec<Together>,
    /// Their scopes alone, as permits: which policies a question is for.
    scopes: Together,
}

impl Together {
    fn add(&mut self, number: u32, policy: &Policy) -> Result<(), String> {
        let id = PolicyId::new(format!("p{number}"));
        let policy = policy.new_id(id.clone());
        self.set.add(policy).map_err(|error| error.to_string())?;
        self.numbers.insert(id, number);
        Ok(())
    }

    /// What each policy says.
    fn ask(
        &self,
        principal: &Principal<'_>,
        asked: Option<&Asked>,
    ) -> Result<Vec<(u32, Outcome)>, String> {
        let (request, entities) = question(principal, asked)?;
        let response = Authorizer::new().is_authorized(&request, &self.set, &entities);
        let mut outcomes: BTreeMap<u32, Outcome> =
            self.numbers.values().map(|n| (*n, Outcome::Not)).collect();
        let number = |id: &PolicyId| self.numbers.get(id).copied();
        for reason in response.diagnostics().reason() {
            outcomes.extend(number(reason).map(|number| (number, Outcome::Satisfied)));
        }
        for error in response.diagnostics().errors() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let words = error.inner().to_string();
            let found = number(error.policy_id());
            outcomes.extend(found.map(|number| (number, Outcome::Error(words.into()))));
        }
        Ok(outcomes.into_iter().collect())
    }
}

impl Plain {
    pub(crate) fn new(index: &Index) -> Result<Self, String> {
        let mut sets: BTreeMap<(u32, bool, bool), Together> = BTreeMap::new();
        let mut scopes = Together::default();
        for (number, policy) in (0..).zip(&index.policies) {
            let parsed = Policy::parse(None, &*policy.text).map_err(|error| error.to_string())?;
            let forbids = parsed.effect() == CedarEffect::Forbid;
            let key = (policy.check, forbids, policy.applies);
            let together = sets.entry(key).or_default();
            if together.numbers.is_empty() && policy.effect == Effect::Forbid {
                let all = Policy::parse(None, "permit(principal, action, resource);");
                let all = all.map_err(|error| error.to_string())?;
                let added = together.set.add(all.new_id(PolicyId::new("all")));
                added.map_err(|error| error.to_string())?;
            }
            let mut alone = parsed.to_json().map_err(|error| error.to_string())?;
            if let Some(conditions) = alone.get_mut("conditions").and_then(|c| c.as_array_mut()) {
                conditions.clear();
            }
            if let Some(effect) = alone.get_mut("effect") {
                *effect = "permit".into();
            }
            let alone = Policy::from_json(None, alone).map_err(|error| error.to_string())?;
            scopes.add(number, &alone)?;
            together.add(number, &parsed)?;
        }
        Ok(Self {
            sets: sets.into_values().collect(),
            scopes,
        })
    }

    /// What each policy says whose scope a question is in, in order.
    pub(crate) fn ask(
        &self,
        principal: &Principal<'_>,
        asked: Option<&Asked>,
    ) -> Result<Vec<(u32, Outcome)>, String> {
        let there = self.scopes.ask(principal, asked)?;
        let there: BTreeMap<u32, Outcome> = there.into_iter().collect();
        let mut outcomes = BTreeMap::new();
        for set in &self.sets {
            outcomes.extend(set.ask(principal, asked)?);
        }
        outcomes.retain(|number, _| there.get(number) == Some(&Outcome::Satisfied));
        Ok(outcomes.into_iter().collect())
    }
}
