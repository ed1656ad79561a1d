//! What is worth saying of a document: it is text, so what it says are claims.

use onus_model::catalog::{Framework, Requirement};
use onus_model::date::{Date, days_between};
use onus_model::evidence::Document;
use onus_model::governance::{Observation, Observed, Whose};
use onus_model::problem::Label;
use onus_model::source::Span;

use crate::identifiers::{Meaning, resolve};

/// What a document gives rise to, on a day.
#[must_use]
pub fn document(document: &Document, frameworks: &[&Framework], now: Date) -> Vec<Observation> {
    let mut found = Vec::new();
    let mut observe = |what, message: String, span: Span, help: Option<String>| {
        found.push(Observation {
            what,
            message,
            whose: Whose::Ours,
            at: vec![Label {
                text: document.text.clone(),
                span,
                message: String::new(),
            }],
            help,
        });
    };
    if let Some(next) = &document.next_review {
        let late = days_between(next.value, now);
        if late > 0 {
            observe(
                Observed::ReviewOverdue,
                format!(
                    "the document was to be reviewed on {}: {late} days overdue",
                    next.value
                ),
                next.span,
                Some("review it, and write down the next day".to_owned()),
            );
        }
    }
    for (span, why) in &document.faults {
        observe(
            Observed::UnreadableDate,
            why.clone(),
            *span,
            Some("write days as `2026-11-21`".to_owned()),
        );
    }
    for (ticked, item) in &document.checklist {
        if *ticked {
            observe(
                Observed::ClaimWithoutProof,
                format!("a ticked box is a claim: `{}`", item.value),
                item.span,
                Some("show it with a check or a record".to_owned()),
            );
        }
    }
    for remark in &document.remarks {
        observe(
            remark.what,
            remark.message.clone(),
            remark.span,
            Some(remark.help.clone()),
        );
    }
    for word in &document.vague {
        observe(
            Observed::VagueInterval,
            format!("`{}` names no number", word.value),
            word.span,
            Some("say how often: `quarterly`, `within 30 days`".to_owned()),
        );
    }
    for (id, title) in &document.ids {
        let meaning = frameworks
            .iter()
            .map(|framework| (*framework, resolve(framework, &id.value)))
            .reduce(|best, next| match best.1 {
                Meaning::Unknown { .. } => next,
                _ => best,
            });
        let Some((framework, meaning)) = meaning else {
            continue;
        };
        let list = |ids: &mut dyn Iterator<Item = &str>| {
            let ids: Vec<&str> = ids.collect();
            format!("`{}`", ids.join("`, `"))
        };
        match meaning {
            Meaning::Unknown { near } => observe(
                Observed::UnknownRequirement,
                format!("there is no `{}` in {}", id.value, framework.title),
                id.span,
                (!near.is_empty()).then(|| {
                    format!(
                        "did you mean {}?",
                        list(&mut near.iter().map(String::as_str))
                    )
                }),
            ),
            Meaning::Misspelt { misspelt } => observe(
                Observed::UnknownRequirement,
                format!(
                    "there is no `{}` in {}{}",
                    id.value,
                    framework.title,
                    misspelt
                        .note
                        .as_ref()
                        .map_or_else(String::new, |note| format!(": {note}"))
                ),
                id.span,
                Some(format!(
                    "what is meant may be {}",
                    list(&mut misspelt.means.iter().map(|m| m.value.as_str()))
                )),
            ),
            Meaning::Group {
                group,
                requirements,
            } => {
                observe(
                    Observed::GroupLabel,
                    format!(
                        "`{}` is a label of a series, {}, and no requirement",
                        group.id.value, group.title
                    ),
                    id.span,
                    Some(format!(
                        "its requirements are {}",
                        list(&mut requirements.iter().map(|r| r.id.value.as_str()))
                    )),
                );
                if let Some(title) = title
                    && alike(title, &group.title) == 0
                {
                    observe(
                        Observed::TitleDiffers,
                        format!(
                            "`{}` is about {}, and not about `{title}`",
                            group.id.value, group.title
                        ),
                        id.span,
                        None,
                    );
                }
            }
            Meaning::Requirements(requirements) => {
                if let ([only], Some(title)) = (requirements.as_slice(), title) {
                    // Titles are ours, so only another requirement that fits much better says something.
                    let own = alike(title, &only.title);
                    let series = |r: &Requirement| r.within.as_ref().map(|w| w.value.clone());
                    let other = framework
                        .requirements
                        .iter()
                        .filter(|r| series(r) == series(only) && r.id.value != only.id.value)
                        .map(|r| (alike(title, &r.title), r))
                        .max_by_key(|(score, _)| *score)
                        .filter(|(score, _)| *score > own);
                    if let Some((_, other)) = other {
                        observe(
                            Observed::TitleDiffers,
                            format!(
                                "`{title}` reads like `{}` ({}), and not like `{}` ({})",
                                other.id.value, other.title, only.id.value, only.title
                            ),
                            id.span,
                            Some("look whether the ids are swapped".to_owned()),
                        );
                    }
                }
            }
        }
    }
    found
}

/// How many words two titles share: by their first five letters, without the smallest.
fn alike(a: &str, b: &str) -> usize {
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| w.chars().count() > 3)
            .map(|w| w.chars().take(5).collect())
            .collect()
    };
    words(a).intersection(&words(b)).count()
}
