//! Which occurrences of evidence are expected, which are there, and which of them count.

use std::collections::BTreeSet;

use onus_model::catalog::{Control, Evidence, EvidenceKind};
use onus_model::date::{Date, Frequency, Length, Period, days_between};
use onus_model::evidence::{Content, Filed, Kept, Record};
use onus_model::governance::{Because, EvidenceResult, Occurrence, OccurrenceState, worst};
use onus_model::problem::Label;
use onus_model::status::{Reason, Status};

use super::facts::label;
use crate::decide::{Decisions, Fields, count, fields, flag, number, text};

/// A document that names no day for its next review is to be reviewed after this long: a pack default.
const DOCUMENT_AGE: Length = Length::months(12);

/// No more periods than this are looked at: some fifty years of days.
const MOST_PERIODS: usize = 20_000;

/// Judges the evidence of one rule.
pub(crate) struct Judge<'a> {
    pub(crate) decisions: &'a Decisions,
    pub(crate) control: &'a Control,
    pub(crate) rule: &'a Evidence,
    pub(crate) kept: &'a Kept,
    pub(crate) now: Date,
    pub(crate) adopted: Option<Date>,
    pub(crate) filing_as_stated: bool,
}

/// A record with what Cedar says of it.
struct Judged<'k> {
    record: &'k Record,
    because: Vec<Because>,
}

impl Judge<'_> {
    /// How the evidence stands: why, and every occurrence.
    pub(crate) fn judge(&self) -> (Vec<Because>, EvidenceResult) {
        let mut result = EvidenceResult {
            control: self.control.id.value.clone(),
            evidence: self.rule.id.value.clone(),
            title: self.rule.title.clone(),
            occurrences: Vec::new(),
            defaults: Vec::new(),
        };
        let because = match self.rule.every {
            Some(Frequency::Event) => self.events(&mut result),
            Some(every) => self.periods(every, &mut result),
            None => self.newest(&mut result),
        };
        (because, result)
    }

    fn place(&self) -> Label {
        label(&self.control.text, self.rule.span)
    }

    fn grace(&self, every: Frequency, result: &mut EvidenceResult) -> Length {
        self.rule.grace.unwrap_or_else(|| {
            let grace = every.default_grace();
            result.defaults.push(format!("{} of grace", grace.words()));
            grace
        })
    }

    /// One record for every period of the calendar.
    fn periods(&self, every: Frequency, result: &mut EvidenceResult) -> Vec<Because> {
        let grace = self.grace(every, result);
        let began = [self.rule.starts, self.adopted].into_iter().flatten().max();
        let mut next = Some(match began {
            Some(began) => {
                let first = every.period(began);
                if first.from < began && !self.rule.first_partial {
                    every.next(first).unwrap_or(first)
                } else {
                    first
                }
            }
            None => {
                result
                    .defaults
                    .push("only the last closed period, for nothing says when it began".to_owned());
                let current = every.period(self.now);
                let before = current.from.pred_opt().unwrap_or(current.from);
                every.period(before)
            }
        });
        let judged: Vec<Judged<'_>> = self
            .kept
            .records
            .iter()
            .map(|r| self.rely(r, grace))
            .collect();
        let mut deciding: Option<Vec<Because>> = None;
        let mut steps = 0;
        while let Some(period) = next.filter(|p| p.from <= self.now) {
            steps += 1;
            if steps > MOST_PERIODS {
                break;
            }
            next = every.next(period);
            // What need no longer be kept need not be there.
            if let Some(Some(keep)) = self.rule.retention.as_ref().map(|r| r.value)
                && keep.after(period.to) < self.now
            {
                continue;
            }
            let due = grace.after(period.to);
            let mine: Vec<&Judged<'_>> = judged
                .iter()
                .filter(|j| about(j.record).is_some_and(|p| within(p, period)))
                .collect();
            let (occurrence, because) = self.occurrence(every.label(period), period, due, &mine);
            // An open period decides nothing yet; of the closed ones the last that was due, or has its record, does.
            let closed = period.to < self.now;
            if closed && occurrence.state != OccurrenceState::Open {
                deciding = Some(because);
            }
            result.occurrences.push(occurrence);
        }
        deciding.unwrap_or_else(|| {
            let when = result.occurrences.last().map_or_else(
                || "no period has begun".to_owned(),
                |o| format!("{} is due on {}", o.label, o.due),
            );
            vec![
                Because::new(
                    Reason::NotDue,
                    format!(
                        "no {} of `{}` is due yet: {when}",
                        every.name(),
                        self.rule.id.value
                    ),
                )
                .at(self.place()),
            ]
        })
    }

    /// One record for every event.
    fn events(&self, result: &mut EvidenceResult) -> Vec<Because> {
        let grace = self.grace(Frequency::Event, result);
        if self.kept.events.is_empty() {
            return vec![
                Because::new(
                    Reason::NoEvent,
                    format!(
                        "no event is recorded that asks for `{}`",
                        self.rule.id.value
                    ),
                )
                .at(self.place())
                .help("record events where `events` says, also that there was none in a statement"),
            ];
        }
        let mut all = Vec::new();
        for event in &self.kept.events {
            let since = event
                .on
                .is_some_and(|on| self.adopted.is_some_and(|a| on < a));
            if since {
                continue;
            }
            let mine: Vec<Judged<'_>> = self
                .kept
                .records
                .iter()
                .filter(|r| {
                    r.captures
                        .iter()
                        .filter_map(|(name, value)| {
                            let (_, of_event) = event.captures.iter().find(|(n, _)| n == name)?;
                            Some(of_event == value)
                        })
                        .fold((false, true), |(_, all), same| (true, all && same))
                        == (true, true)
                })
                .map(|r| self.rely(r, grace))
                .collect();
            let mine: Vec<&Judged<'_>> = mine.iter().collect();
            let Some(on) = event.on else {
                if mine.is_empty() {
                    all.push(
                        Because::new(
                            Reason::DateUnknown,
                            format!("`{}` does not say when it happened", event.path),
                        )
                        .at(self.place()),
                    );
                } else {
                    let period = Period {
                        from: self.now,
                        to: self.now,
                    };
                    all.extend(
                        self.occurrence(event.path.clone(), period, self.now, &mine)
                            .1,
                    );
                }
                continue;
            };
            let period = Period { from: on, to: on };
            let (occurrence, because) =
                self.occurrence(event.path.clone(), period, grace.after(on), &mine);
            if occurrence.state == OccurrenceState::Open {
                all.push(
                    Because::new(
                        Reason::NotDue,
                        format!(
                            "the record of `{}` is due on {}",
                            event.path, occurrence.due
                        ),
                    )
                    .at(self.place()),
                );
            } else {
                all.extend(because);
            }
            result.occurrences.push(occurrence);
        }
        if all.is_empty() {
            all.push(
                Because::new(
                    Reason::NoEvent,
                    format!(
                        "no event since the adoption asks for `{}`",
                        self.rule.id.value
                    ),
                )
                .at(self.place()),
            );
        }
        all
    }

    /// One record, or one document, that must not be older than its limit.
    fn newest(&self, result: &mut EvidenceResult) -> Vec<Because> {
        let judged: Vec<Judged<'_>> = self
            .kept
            .records
            .iter()
            .map(|r| self.rely(r, Length::default()))
            .collect();
        if judged.is_empty() {
            let began = [self.rule.starts, self.adopted].into_iter().flatten().max();
            let due = began
                .zip(self.rule.max_age.as_ref())
                .map(|(began, age)| age.value.after(began));
            return vec![match due.filter(|due| self.now <= *due) {
                Some(due) => Because::new(
                    Reason::NotDue,
                    format!("`{}` is due on {due}", self.rule.path.value),
                )
                .at(self.place()),
                None => Because::new(
                    Reason::EvidenceOverdue,
                    format!("there is no `{}`", self.rule.path.value),
                )
                .at(self.place())
                .help("`onus new evidence` writes a record to be filled in"),
            }];
        }
        // The best one is what is relied on.
        let best = judged
            .into_iter()
            .map(|j| {
                let record = j.record;
                (self.aged(j, result), record)
            })
            .max_by_key(|(because, record)| (worst(because), performed(record)));
        best.map(|(because, _)| because).unwrap_or_default()
    }

    /// Adds that a record or document is too old, or good.
    fn aged(&self, judged: Judged<'_>, result: &mut EvidenceResult) -> Vec<Because> {
        let mut because = judged.because;
        let record = judged.record;
        let Ok(content) = &record.content else {
            return because;
        };
        if let Some(next) = &content.next_review {
            let late = days_between(next.value, self.now);
            if late > 0 {
                because.push(
                    Because::new(
                        Reason::ReviewOverdue,
                        format!(
                            "`{}` was to be reviewed on {}: {late} days overdue",
                            record.path, next.value
                        ),
                    )
                    .at(label(&content.text, next.span))
                    .help("review it, and write down the day and the next one"),
                );
            }
        } else {
            let age = match (&self.rule.max_age, self.rule.kind) {
                (Some(age), _) => Some(age.value),
                (None, EvidenceKind::Document) => {
                    let note = format!("a review every {}", DOCUMENT_AGE.words());
                    if !result.defaults.contains(&note) {
                        result.defaults.push(note);
                    }
                    Some(DOCUMENT_AGE)
                }
                (None, _) => None,
            };
            let day = match self.rule.kind {
                EvidenceKind::Document => {
                    content.updated.as_ref().or(content.performed_on.as_ref())
                }
                _ => content.performed_on.as_ref(),
            };
            match (day, age) {
                (Some(day), Some(age)) if age.after(day.value) < self.now => because.push(
                    Because::new(
                        Reason::EvidenceStale,
                        format!(
                            "`{}` is of {}, and {} is the limit: {} days too old",
                            record.path,
                            day.value,
                            age.words(),
                            days_between(age.after(day.value), self.now)
                        ),
                    )
                    .at(label(&content.text, day.span))
                    .help("do it anew, and record it"),
                ),
                (None, Some(_)) if because.is_empty() => because.push(
                    Because::new(
                        Reason::DateUnknown,
                        format!(
                            "`{}` names no day, so that its age is not known",
                            record.path
                        ),
                    )
                    .at(self.place())
                    .help("write `Last Updated: 2026-11-21` or `Next Review: 2027-11-21` into it"),
                ),
                _ => {}
            }
        }
        if because.is_empty() {
            because.push(
                Because::new(Reason::EvidenceGood, format!("`{}` is there", record.path))
                    .at(self.place()),
            );
        }
        because
    }

    /// One occurrence with the records that are about it: the best of them counts.
    fn occurrence(
        &self,
        label_of: String,
        period: Period,
        due: Date,
        records: &[&Judged<'_>],
    ) -> (Occurrence, Vec<Because>) {
        let best = records
            .iter()
            .max_by_key(|j| (status(&j.because), performed(j.record)));
        let mut occurrence = Occurrence {
            label: label_of,
            period,
            due,
            state: OccurrenceState::Open,
            path: best.map(|j| j.record.path.clone()),
            performed: best.and_then(|j| performed(j.record)),
        };
        let Some(best) = best else {
            if self.now <= due {
                return (occurrence, Vec::new());
            }
            occurrence.state = OccurrenceState::Missed;
            let because = Because::new(
                Reason::EvidenceOverdue,
                format!(
                    "{} of `{}` was due on {due}, {} days ago, and is not there",
                    occurrence.label,
                    self.rule.id.value,
                    days_between(due, self.now)
                ),
            )
            .at(self.place())
            .help(format!("records are kept as `{}`", self.rule.path.value));
            return (occurrence, vec![because]);
        };
        if best.because.is_empty() {
            let late = occurrence.performed.is_some_and(|day| day > due);
            occurrence.state = if late {
                OccurrenceState::Late
            } else {
                OccurrenceState::Found
            };
            let words = if late { ", too late" } else { "" };
            let because = Because::new(
                Reason::EvidenceGood,
                format!(
                    "{} is recorded in `{}`{words}",
                    occurrence.label, best.record.path
                ),
            )
            .at(place_of(best.record).unwrap_or_else(|| self.place()));
            return (occurrence, vec![because]);
        }
        occurrence.state = match status(&best.because) {
            Status::NotSatisfied => OccurrenceState::Bad,
            // Until it is due, a record that does not count yet may still be mended.
            _ if self.now <= due => OccurrenceState::Open,
            Status::Undetermined => OccurrenceState::Undetermined,
            _ => OccurrenceState::ClaimOnly,
        };
        (occurrence, best.because.clone())
    }

    /// Asks Cedar whether a record may be relied on. Nothing means that it may.
    fn rely<'k>(&self, record: &'k Record, grace: Length) -> Judged<'k> {
        let content = match &record.content {
            Ok(content) => content,
            Err(why) => {
                let because = Because::new(
                    Reason::InputUnreadable,
                    format!("`{}` cannot be read: {why}", record.path),
                )
                .at(self.place());
                return Judged {
                    record,
                    because: vec![because],
                };
            }
        };
        let owner: Fields = fields([("owner", self.control.owner.as_ref().map(text))]);
        let context = fields([("filingAsStated", Some(flag(self.filing_as_stated)))]);
        let asked = self.decisions.ask(
            1,
            "rely-on",
            ("Control", owner),
            ("Record", self.resource(record, content, grace)),
            context,
        );
        let mut because: Vec<Because> = match asked {
            Err(error) => vec![
                Because::new(
                    Reason::PolicyError,
                    format!(
                        "whether `{}` counts could not be decided: {error}",
                        record.path
                    ),
                )
                .at(self.place()),
            ],
            Ok(denials) => denials
                .iter()
                .map(|denial| {
                    let rule = denial.rule;
                    let mut because = match &denial.error {
                        Some(error) => {
                            Because::new(Reason::PolicyError, format!("a policy erred: {error}"))
                        }
                        None => {
                            let detail = detail(rule.reason, content, record);
                            Because::new(
                                rule.reason,
                                format!("`{}`: {}{detail}", record.path, rule.title),
                            )
                            .help(rule.help.clone())
                        }
                    };
                    because.at =
                        vec![culprit(rule.reason, content).unwrap_or_else(|| self.place())];
                    because.policy = Some(rule.at.clone());
                    because
                })
                .collect(),
        };
        because.sort();
        Judged { record, because }
    }

    fn resource(&self, record: &Record, content: &Content, grace: Length) -> Fields {
        let performed_on = content.performed_on.as_ref().map(|p| p.value);
        let period = about(record);
        let filed = match (&record.filed, record.outside) {
            (Filed::On(day), _) => Some(*day),
            // What is in no commit yet would be filed today.
            (Filed::NotYet, _) => Some(self.now),
            (Filed::Unknown(_), _) => None,
        };
        let late = filed
            .zip(period)
            .is_some_and(|(filed, period)| filed > grace.after(period.to));
        let review = content.review.as_ref();
        let rows = review.map(|r| r.rows.as_slice()).unwrap_or_default();
        let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
        fields([
            (
                "kind",
                Some(text(match self.rule.kind {
                    EvidenceKind::Record => "record",
                    EvidenceKind::Document => "document",
                    EvidenceKind::AccessReview => "access-review",
                })),
            ),
            ("outside", Some(flag(record.outside))),
            ("empty", Some(flag(content.empty))),
            ("template", Some(flag(content.template.is_some()))),
            (
                "performedBy",
                content.performed_by.as_ref().map(|by| text(&by.value)),
            ),
            ("performed", Some(flag(performed_on.is_some()))),
            ("scope", Some(flag(content.scope.is_some()))),
            ("result", Some(flag(content.adverse.is_some()))),
            (
                "adverse",
                Some(flag(content.adverse.as_ref().is_some_and(|a| a.value))),
            ),
            (
                "openExceptions",
                Some(number(
                    content
                        .open_exceptions
                        .as_ref()
                        .map_or(0, |n| i64::try_from(n.value).unwrap_or(i64::MAX)),
                )),
            ),
            ("faults", Some(count(content.faults.len()))),
            (
                "periodAgrees",
                Some(flag(match (record.period, content.period.as_ref()) {
                    (Some(name), Some(said)) => {
                        within(name, said.value) || within(said.value, name)
                    }
                    _ => true,
                })),
            ),
            (
                "daysIntoPeriod",
                performed_on
                    .zip(period)
                    .map(|(day, period)| number(days_between(period.from, day))),
            ),
            (
                "daysAhead",
                performed_on.map(|day| number(days_between(self.now, day))),
            ),
            (
                "filing",
                Some(text(match &record.filed {
                    Filed::On(_) => "history",
                    Filed::NotYet => "not-yet",
                    Filed::Unknown(_) => "unknown",
                })),
            ),
            (
                "daysUntilFiled",
                performed_on
                    .zip(filed)
                    .map(|(day, filed)| number(days_between(day, filed))),
            ),
            ("filedLate", Some(flag(late))),
            ("rows", Some(count(rows.len()))),
            (
                "undecidedRows",
                Some(count(
                    rows.iter()
                        .filter(|r| r.decision.is_none() || r.by.is_none())
                        .count(),
                )),
            ),
            (
                "selfDecidedRows",
                Some(count(
                    rows.iter()
                        .filter(|r| r.by.as_ref().is_some_and(|by| same(by, &r.subject)))
                        .count(),
                )),
            ),
            (
                "grantsDigest",
                Some(flag(review.is_some_and(|r| r.grants_sha256.is_some()))),
            ),
            (
                "stillGranted",
                Some(count(review.map_or(0, |r| r.still_granted.len()))),
            ),
        ])
    }
}

/// The period that a record is about: its name says so, or its front matter.
fn about(record: &Record) -> Option<Period> {
    let content = record.content.as_ref().ok();
    record
        .period
        .or_else(|| content.and_then(|c| c.period.as_ref()).map(|p| p.value))
}

fn within(inner: Period, outer: Period) -> bool {
    outer.from <= inner.from && inner.to <= outer.to
}

fn performed(record: &Record) -> Option<Date> {
    let content = record.content.as_ref().ok()?;
    content.performed_on.as_ref().map(|p| p.value)
}

/// Records that nothing is said against are the best.
fn status(because: &[Because]) -> Status {
    because
        .iter()
        .map(|b| b.reason.status())
        .min()
        .unwrap_or(Status::Satisfied)
}

fn place_of(record: &Record) -> Option<Label> {
    let content = record.content.as_ref().ok()?;
    let span = content.performed_on.as_ref().map(|p| p.span)?;
    Some(label(&content.text, span))
}

/// What in the record the reason is about.
fn culprit(reason: Reason, content: &Content) -> Option<Label> {
    let at = |span| label(&content.text, span);
    match reason {
        Reason::RecordTemplate => content.template.map(at),
        Reason::EvidenceAdverse => content.adverse.as_ref().map(|a| at(a.span)),
        Reason::DateUnknown => content.faults.first().map(|(span, _)| at(*span)),
        Reason::Contradiction | Reason::FilingDateUnknown => content
            .performed_on
            .as_ref()
            .map(|p| at(p.span))
            .or_else(|| content.period.as_ref().map(|p| at(p.span))),
        Reason::RevokedStillGranted => content
            .review
            .as_ref()
            .and_then(|r| r.rows.get(*r.still_granted.first()?))
            .map(|row| at(row.span)),
        Reason::RecordUndecided => content
            .review
            .as_ref()
            .and_then(|r| {
                r.rows.iter().find(|row| {
                    row.decision.is_none() || row.by.as_ref().is_none_or(|by| *by == row.subject)
                })
            })
            .map(|row| at(row.span)),
        _ => None,
    }
}

/// The values that the policy looked at.
fn detail(reason: Reason, content: &Content, record: &Record) -> String {
    match reason {
        Reason::RecordUnsigned => {
            let missing: Vec<&str> = [
                ("performed_by", content.performed_by.is_none()),
                ("performed_on", content.performed_on.is_none()),
                ("scope", content.scope.is_none()),
                ("result", content.adverse.is_none()),
            ]
            .into_iter()
            .filter(|(_, missing)| *missing)
            .map(|(name, _)| name)
            .collect();
            if missing.is_empty() {
                String::new()
            } else {
                format!(" (`{}` is missing)", missing.join("`, `"))
            }
        }
        Reason::DateUnknown => content
            .faults
            .first()
            .map_or_else(String::new, |(_, why)| format!(": {why}")),
        Reason::FilingDateUnknown => match &record.filed {
            Filed::Unknown(why) => format!(": {why}"),
            Filed::On(_) | Filed::NotYet => String::new(),
        },
        Reason::Contradiction => {
            let mut words = Vec::new();
            if let Some(period) = record.period {
                words.push(format!("name {} to {}", period.from, period.to));
            }
            if let Some(period) = &content.period {
                words.push(format!(
                    "front matter {} to {}",
                    period.value.from, period.value.to
                ));
            }
            if let Some(day) = &content.performed_on {
                words.push(format!("done on {}", day.value));
            }
            if let Filed::On(day) = &record.filed {
                words.push(format!("filed on {day}"));
            }
            format!(": {}", words.join(", "))
        }
        Reason::RevokedStillGranted => content.review.as_ref().map_or_else(String::new, |r| {
            let rows: BTreeSet<String> = r
                .still_granted
                .iter()
                .filter_map(|i| r.rows.get(*i))
                .map(|row| format!("`{}` for `{}`", row.grant, row.subject))
                .collect();
            format!(": {}", rows.into_iter().collect::<Vec<_>>().join(", "))
        }),
        _ => String::new(),
    }
}
