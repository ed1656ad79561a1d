//! Waivers: which of them hold, and what they take away. Expiry is judged here and nowhere else.

use std::collections::BTreeMap;

use onus_model::assessment::{Evaluation, Tally, Verdict};
use onus_model::catalog::Catalog;
use onus_model::check::{Check, Severity};
use onus_model::date::{Date, days_between};
use onus_model::file::File;
use onus_model::governance::{Because, Observation, Observed, WaiverUse, Whose};
use onus_model::path::Pattern;
use onus_model::source::Span;
use onus_model::status::{Reason, Status};
use onus_model::waiver::{Waiver, Waiving};

use super::facts::label;
use super::groups::Groups;

/// The waivers of a run.
pub(crate) struct Waivers<'a> {
    all: &'a [Waiver],
    /// Whether each holds on the day.
    holds: Vec<bool>,
    /// What each took away.
    used: Vec<u64>,
    pub(crate) observations: Vec<Observation>,
}

/// What waivers are judged by.
pub(crate) struct Law<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) checks: &'a [Check],
    pub(crate) waiving: &'a Waiving,
    pub(crate) now: Date,
    /// All are left aside.
    pub(crate) none: bool,
    /// The owners of the file that each waiver stands in, by its path.
    pub(crate) code_owners: &'a BTreeMap<String, Vec<String>>,
}

impl Law<'_> {
    /// What is wrong with a waiver; nothing when it holds.
    fn fault(&self, waiver: &Waiver) -> Option<(Observed, String, Span, String)> {
        let period = waiver.period.value;
        if period.to < self.now {
            let days = days_between(period.to, self.now);
            return Some((
                Observed::WaiverExpired,
                format!("the waiver `{}` expired {days} days ago", waiver.id.value),
                waiver.period.span,
                "mend what it waived, or have it approved again".to_owned(),
            ));
        }
        if self.now < period.from {
            return Some((
                Observed::WaiverNotYet,
                format!("the waiver `{}` begins on {}", waiver.id.value, period.from),
                waiver.period.span,
                "until then what it waives fails".to_owned(),
            ));
        }
        let void = |message: String, span: Span, help: String| {
            Some((Observed::WaiverVoid, message, span, help))
        };
        let of = waiver.check.as_ref().or(waiver.control.as_ref())?;
        if let Some(never) = self.waiving.never.iter().find(|n| n.value == of.value) {
            return void(
                format!("`{}` is never waived", never.value),
                of.span,
                "mend it: it is on the list `waiving: never`".to_owned(),
            );
        }
        let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
        match (&waiver.approved_by, &waiver.requested_by) {
            (None, _) => {
                return void(
                    format!("nobody has approved the waiver `{}`", waiver.id.value),
                    waiver.id.span,
                    "say who did: `approved: NAME` in the comment".to_owned(),
                );
            }
            (Some(approver), Some(requester)) if same(&approver.value, requester) => {
                return void(
                    format!("`{requester}` asked for the waiver and approved it"),
                    approver.span,
                    "somebody else must approve it".to_owned(),
                );
            }
            _ => {}
        }
        let severity = self.severity(waiver)?;
        let index = Severity::ALL.iter().position(|s| *s == severity)?;
        let (longest, chosen) = self.waiving.longest.get(index)?;
        // A comment does not say since when it is there.
        let began = match waiver.lines {
            Some(_) => self.now,
            None => period.from,
        };
        if longest.after(began) < period.to {
            let words = if *chosen { "" } else { " (our default)" };
            return void(
                format!(
                    "the waiver `{}` is for longer than {}, the longest for severity {}{words}",
                    waiver.id.value,
                    longest.words(),
                    severity.name()
                ),
                waiver.period.span,
                format!("let it expire by {}", longest.after(began)),
            );
        }
        None
    }

    /// How bad the thing waived is; none for a check that was not asked: it can take nothing away.
    fn severity(&self, waiver: &Waiver) -> Option<Severity> {
        if let Some(check) = &waiver.check {
            return self
                .checks
                .iter()
                .find(|c| c.id == check.value)
                .map(|c| c.severity);
        }
        let control = waiver.control.as_ref()?;
        self.catalog.control(&control.value).map(|c| c.severity)
    }
}

impl<'a> Waivers<'a> {
    /// Judges all waivers.
    pub(crate) fn new(all: &'a [Waiver], law: &Law<'_>) -> Self {
        let mut waivers = Self {
            all,
            holds: Vec::new(),
            used: vec![0; all.len()],
            observations: Vec::new(),
        };
        for waiver in all {
            let fault = law.fault(waiver);
            waivers.holds.push(fault.is_none() && !law.none);
            if let Some((what, message, span, help)) = fault {
                waivers.observe(waiver, what, message, span, help);
            } else if law.waiving.warn.after(law.now) >= waiver.period.value.to {
                let days = days_between(law.now, waiver.period.value.to);
                waivers.observe(
                    waiver,
                    Observed::WaiverEndsSoon,
                    format!("the waiver `{}` ends in {days} days", waiver.id.value),
                    waiver.period.span,
                    "mend what it waives, or have it approved again".to_owned(),
                );
            }
        }
        waivers
    }

    fn observe(
        &mut self,
        waiver: &Waiver,
        what: Observed,
        message: String,
        span: Span,
        help: String,
    ) {
        self.observations.push(Observation {
            what,
            message,
            whose: Whose::Ours,
            at: vec![label(&waiver.text, span)],
            help: Some(help),
        });
    }

    /// Takes failures away from what was evaluated, and from the tallies of all and of each group.
    pub(crate) fn findings(
        &mut self,
        evaluations: &mut [Evaluation],
        tallies: &mut [Tally],
        groups: &mut [Vec<Tally>],
        checks: &[Check],
        files: &[File],
        grouping: &Groups,
    ) {
        if self.all.is_empty() {
            return;
        }
        let targets: Vec<Option<Pattern>> = self.patterns(|w| w.target.as_ref());
        let paths: Vec<Option<Pattern>> = self.patterns(|w| w.path.as_ref());
        for evaluation in evaluations {
            if evaluation.verdict != Verdict::Fail {
                continue;
            }
            let Some(check) = checks.get(evaluation.check as usize) else {
                continue;
            };
            let file = files
                .get(evaluation.place.file.0 as usize)
                .map_or("", |f| f.path.as_str());
            let group = grouping.of(evaluation.place.file);
            let line = evaluation.place.start.line;
            let found = self.all.iter().enumerate().position(|(index, waiver)| {
                let fits = |list: &[Option<Pattern>], text: &str| {
                    let pattern = list.get(index).and_then(Option::as_ref);
                    pattern.is_none_or(|p| p.matches(text))
                };
                self.holds.get(index).copied().unwrap_or(false)
                    && waiver.check.as_ref().is_some_and(|c| c.value == check.id)
                    && fits(&targets, &evaluation.target.id)
                    && fits(&paths, grouping.inside(file))
                    && waiver
                        .lines
                        .is_none_or(|(from, to)| from <= line && line <= to)
                    && (waiver.lines.is_none() || &*waiver.text.name == file)
                    && (waiver.deployments.is_empty()
                        || grouping.all_in(group, &waiver.deployments))
            });
            let Some(found) = found else {
                continue;
            };
            evaluation.waiver = u32::try_from(found).ok();
            if let Some(used) = self.used.get_mut(found) {
                *used += 1;
            }
            let of_check = evaluation.check as usize;
            let all = tallies.get_mut(of_check);
            let own = groups.get_mut(group).and_then(|g| g.get_mut(of_check));
            for tally in [all, own].into_iter().flatten() {
                tally.fail = tally.fail.saturating_sub(1);
                tally.waived += 1;
            }
        }
    }

    fn patterns(
        &self,
        of: impl Fn(&Waiver) -> Option<&onus_model::source::Spanned<String>>,
    ) -> Vec<Option<Pattern>> {
        self.all
            .iter()
            .map(|w| of(w).map(|p| Pattern::new(&p.value)))
            .collect()
    }

    /// Takes defects of a control away. What was not judged, or not assessed, stays as it is.
    pub(crate) fn control(&mut self, control: &str, deployment: &str, because: &mut [Because]) {
        let found = self.all.iter().enumerate().position(|(index, waiver)| {
            self.holds.get(index).copied().unwrap_or(false)
                && waiver.control.as_ref().is_some_and(|c| c.value == control)
                && (waiver.deployments.is_empty()
                    || waiver.deployments.iter().any(|d| d.value == deployment))
        });
        let Some(found) = found else {
            return;
        };
        for reason in because {
            let defect = matches!(
                reason.reason.status(),
                Status::NotSatisfied
                    | Status::Stale
                    | Status::InheritedUnproven
                    | Status::ClaimOnly
                    | Status::Planned
            );
            if !defect {
                continue;
            }
            if let (Some(used), Some(waiver)) = (self.used.get_mut(found), self.all.get(found)) {
                *used += 1;
                reason.text = format!(
                    "waived by `{}` until {}: {}",
                    waiver.id.value, waiver.period.value.to, reason.text
                );
                reason.reason = Reason::Waiver;
            }
        }
    }

    /// What became of them, and which were not needed.
    pub(crate) fn finish(mut self, law: &Law<'_>) -> (Vec<WaiverUse>, Vec<Observation>) {
        for (index, waiver) in self.all.iter().enumerate() {
            let holds = self.holds.get(index).copied().unwrap_or(false);
            let used = self.used.get(index).copied().unwrap_or(0);
            // A check that was not asked cannot fail: then nothing can be said of its waiver.
            if !holds || used > 0 || law.severity(waiver).is_none() {
                continue;
            }
            self.observations.push(Observation {
                what: Observed::WaiverUnused,
                message: format!(
                    "the waiver `{}` is not needed: nothing fails",
                    waiver.id.value
                ),
                whose: Whose::Ours,
                at: vec![label(&waiver.text, waiver.id.span)],
                help: Some("take it out".to_owned()),
            });
        }
        let uses = self
            .all
            .iter()
            .zip(&self.used)
            .map(|(waiver, used)| WaiverUse {
                id: waiver.id.value.clone(),
                kind: waiver.kind,
                reason: waiver.reason.clone(),
                owner: waiver.owner.clone(),
                approved_by: waiver.approved_by.as_ref().map(|a| a.value.clone()),
                approval_shown: law.shown(waiver),
                expires: waiver.period.value.to,
                used: *used,
            })
            .collect();
        (uses, self.observations)
    }
}

impl Law<'_> {
    /// What shows that the approver may: an owner of the file must approve each change of it.
    fn shown(&self, waiver: &Waiver) -> Option<String> {
        let approver = waiver.approved_by.as_ref()?;
        let owners = self.code_owners.get(&*waiver.text.name)?;
        let bare = |name: &str| name.trim().trim_start_matches('@').to_lowercase();
        owners
            .iter()
            .any(|o| bare(o) == bare(&approver.value))
            .then(|| "a code owner of the file".to_owned())
    }
}
