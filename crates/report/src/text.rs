//! The report for people: every finding from both sides, and a summary.

use std::collections::BTreeMap;
use std::io::{self, Write};

use miette::Severity as Look;
use onus_model::assessment::{
    Assessment, Ending, Evaluation, Explanation, Read, Saw, Status, Texts, Verdict,
};
use onus_model::check::{Check, Severity};
use onus_model::file::{File, Outcome};
use onus_model::source::{FileId, Span, Text};

use crate::Style;
use crate::escape;
use crate::frame::{Drawer, Frame, Lines, Window};

/// Values longer than this are cut in labels.
const LONGEST_VALUE: usize = 60;
/// More skipped files than this are counted by reason.
const MOST_SKIPPED: usize = 10;

pub(crate) fn render(
    assessment: &Assessment,
    texts: &dyn Texts,
    style: Style,
    fail_on: Severity,
    out: &mut dyn Write,
) -> io::Result<()> {
    let drawer = Drawer::new(style);
    let policies: Vec<Lines> = assessment
        .checks
        .iter()
        .map(|c| Lines::new(&c.text.text))
        .collect();
    // Findings come file by file: one text at a time is enough.
    let mut current: Option<(FileId, Option<(Text, Lines)>)> = None;
    for evaluation in &assessment.evaluations {
        let Some(check) = assessment.check(evaluation.check) else {
            continue;
        };
        let Some(explanation) = &evaluation.explanation else {
            passed(assessment, check, evaluation, out)?;
            continue;
        };
        let file = evaluation.place.file;
        if current.as_ref().is_none_or(|(id, _)| *id != file) {
            let text = texts.text(file).map(|text| {
                let lines = Lines::new(&text.text);
                (text, lines)
            });
            current = Some((file, text));
        }
        let text = current.as_ref().and_then(|(_, text)| text.as_ref());
        let finding = Finding {
            assessment,
            check,
            evaluation,
            explanation,
        };
        finding.draw(&drawer, text, policies.get(evaluation.check as usize), out)?;
        writeln!(out)?;
    }
    summary(assessment, style, fail_on, out)
}

fn passed(
    assessment: &Assessment,
    check: &Check,
    evaluation: &Evaluation,
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = assessment
        .files
        .get(evaluation.place.file.0 as usize)
        .map_or("", |f| f.path.as_str());
    writeln!(
        out,
        "{}: {} on {} ({}:{})",
        evaluation.verdict.name(),
        check.id,
        escape::line(&evaluation.target.id),
        escape::line(path),
        evaluation.place.start.line
    )
}

struct Finding<'a> {
    assessment: &'a Assessment,
    check: &'a Check,
    evaluation: &'a Evaluation,
    explanation: &'a Explanation,
}

impl Finding<'_> {
    fn draw(
        &self,
        drawer: &Drawer,
        text: Option<&(Text, Lines)>,
        policy_lines: Option<&Lines>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let evaluation = self.evaluation;
        let (window, labels) = match text {
            Some((text, lines)) => {
                let (window, labels) =
                    Window::new(&text.name, &text.text, lines, &self.config_labels());
                (Some(window), labels)
            }
            None => (None, Vec::new()),
        };
        let gone = window.is_none();
        let config = Frame {
            severity: match evaluation.verdict {
                Verdict::Fail => Look::Error,
                Verdict::Error | Verdict::Unknown | Verdict::Pass | Verdict::NotApplicable => {
                    Look::Warning
                }
            },
            code: Some(format!(
                "{} {}: {} on {}",
                evaluation.verdict.name(),
                self.check.severity.name(),
                self.check.id,
                escape::line(&evaluation.target.id)
            )),
            message: escape::line(&self.explanation.message),
            labels,
            window,
            help: None,
        };
        drawer.draw(&config, out)?;
        if gone {
            let path = self
                .assessment
                .files
                .get(evaluation.place.file.0 as usize)
                .map_or("", |f| f.path.as_str());
            let start = evaluation.place.start;
            writeln!(
                out,
                "  at {}:{}:{}, which is gone or has changed since",
                escape::line(path),
                start.line,
                start.column
            )?;
        }
        let help = Some(escape::plain(&self.explanation.help).into_owned());
        let own = Lines::new("");
        let (window, labels) = Window::new(
            &self.check.text.name,
            &self.check.text.text,
            policy_lines.unwrap_or(&own),
            &self.policy_labels(),
        );
        let policy = Frame {
            severity: Look::Advice,
            code: None,
            message: match evaluation.verdict {
                Verdict::Fail => "this policy forbids it".to_owned(),
                Verdict::Error | Verdict::Unknown | Verdict::Pass | Verdict::NotApplicable => {
                    "this policy reads it".to_owned()
                }
            },
            labels,
            window: Some(window),
            help,
        };
        drawer.draw(&policy, out)
    }

    /// What was read of the config, with its values. Places are said once.
    fn config_labels(&self) -> Vec<(Span, String)> {
        let place = self.evaluation.place;
        let mut by_place: Vec<(Span, Vec<String>)> = vec![(place.span, Vec::new())];
        for read in &self.explanation.read {
            let Some(at) = read.place.filter(|p| p.file == place.file) else {
                continue;
            };
            // What is missing far away says little: it is the nearer absence that the finding is about.
            if matches!(read.saw, Saw::Missing) && at.span != place.span {
                continue;
            }
            let words = words(read);
            match by_place.iter_mut().find(|(span, _)| *span == at.span) {
                Some((_, present)) => present.push(words),
                None => by_place.push((at.span, vec![words])),
            }
        }
        for (at, message) in &self.explanation.also {
            by_place.push((at.span, vec![escape::line(message)]));
        }
        by_place
            .into_iter()
            .map(|(span, words)| (span, words.join(", ")))
            .collect()
    }

    /// The conditions that read it.
    fn policy_labels(&self) -> Vec<(Span, String)> {
        let policy = self.check.policies.get(self.evaluation.policy as usize);
        let mut labels: Vec<(Span, String)> = Vec::new();
        for read in &self.explanation.read {
            if matches!(read.saw, Saw::Missing)
                && !labels.is_empty()
                && read
                    .place
                    .is_some_and(|p| p.span != self.evaluation.place.span)
            {
                continue;
            }
            if labels.iter().any(|(span, _)| *span == read.policy) {
                continue;
            }
            labels.push((read.policy, policy_words(read)));
        }
        if labels.is_empty()
            && let Some(policy) = policy
        {
            labels.push((policy.conditions.unwrap_or(policy.span), String::new()));
        }
        labels
    }
}

/// `resource.securityContext.privileged` as the config has it.
fn config_path(path: &str) -> &str {
    path.split_once('.').map_or(path, |(_, rest)| rest)
}

fn words(read: &Read) -> String {
    let path = config_path(&read.path);
    match &read.saw {
        Saw::Value(value) => format!("`{path}` is `{}`", escape::short(value, LONGEST_VALUE)),
        Saw::Present => format!("`{path}` is there"),
        Saw::Missing => format!("`{path}` is missing"),
        Saw::Fault(why) => escape::short(why, 2 * LONGEST_VALUE),
    }
}

fn policy_words(read: &Read) -> String {
    match &read.saw {
        Saw::Value(value) => format!("is `{}`", escape::short(value, LONGEST_VALUE)),
        Saw::Present => "is there".to_owned(),
        Saw::Missing => "is missing".to_owned(),
        Saw::Fault(_) => "cannot be read".to_owned(),
    }
}

/// Colours by meaning.
#[derive(Clone, Copy)]
enum Paint {
    Bad,
    Doubt,
    Good,
}

fn painted(style: Style, paint: Paint, text: &str) -> String {
    if !style.color {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Bad => 31,
        Paint::Doubt => 33,
        Paint::Good => 32,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

fn summary(
    assessment: &Assessment,
    style: Style,
    fail_on: Severity,
    out: &mut dyn Write,
) -> io::Result<()> {
    files(assessment, out)?;
    checks(assessment, style, out)?;
    requirements(assessment, style, out)?;
    let tally = assessment.tally();
    let ending = assessment.ending(fail_on);
    let targets = format!(
        "{} answers to {} questions",
        tally.judged(),
        assessment.questions
    );
    let (paint, words) = match ending {
        Ending::Clean if tally.fail > 0 => (
            Paint::Good,
            format!(
                "nothing failed at or above {}; {} failed below it",
                fail_on.name(),
                tally.fail
            ),
        ),
        Ending::Clean => (Paint::Good, format!("nothing failed: {targets}")),
        Ending::Failed => {
            let by_severity: Vec<String> = Severity::ALL
                .into_iter()
                .rev()
                .map(|severity| {
                    let failed = assessment
                        .checks
                        .iter()
                        .zip(&assessment.tallies)
                        .filter(|(check, _)| check.severity == severity)
                        .map(|(_, tally)| tally.fail)
                        .sum::<u64>();
                    (failed, severity)
                })
                .filter(|(failed, _)| *failed > 0)
                .map(|(failed, severity)| format!("{failed} {}", severity.name()))
                .collect();
            (
                Paint::Bad,
                format!("{} failed: {}", tally.fail, by_severity.join(", ")),
            )
        }
        Ending::NothingJudged => (Paint::Doubt, "nothing was judged".to_owned()),
        Ending::Undetermined => (
            Paint::Doubt,
            "nothing failed, but not everything could be judged".to_owned(),
        ),
    };
    writeln!(out, "{}", painted(style, paint, &words))?;
    if tally.error + tally.unknown > 0 {
        let words = format!("{} could not be judged", tally.error + tally.unknown);
        writeln!(out, "{}", painted(style, Paint::Doubt, &words))?;
    }
    Ok(())
}

/// Every file that was not judged as a matter of course is named with its reason.
fn files(assessment: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    let of = |outcome: Outcome| {
        assessment
            .files
            .iter()
            .filter(move |f| f.outcome == outcome)
    };
    let skipped: Vec<&File> = of(Outcome::Skipped).collect();
    if skipped.len() > MOST_SKIPPED {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for file in &skipped {
            *reasons
                .entry(file.reason.as_deref().unwrap_or(""))
                .or_default() += 1;
        }
        for (reason, count) in reasons {
            writeln!(out, "skipped {count} files: {}", escape::line(reason))?;
        }
    } else {
        for file in &skipped {
            told(file, out)?;
        }
    }
    for file in of(Outcome::Unreadable) {
        told(file, out)?;
    }
    let counts: Vec<String> = Outcome::ALL
        .into_iter()
        .map(|o| (assessment.count(o), o.name()))
        .filter(|(count, name)| *count > 0 || *name == Outcome::Checked.name())
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let objects: u64 = assessment.files.iter().map(|f| u64::from(f.objects)).sum();
    writeln!(out, "files: {}; {objects} objects", counts.join(", "))
}

fn told(file: &File, out: &mut dyn Write) -> io::Result<()> {
    let at = file
        .at
        .map_or_else(String::new, |(p, _)| format!(":{}:{}", p.line, p.column));
    writeln!(
        out,
        "{} {}{at}: {}",
        file.outcome.name(),
        escape::line(&file.path),
        escape::line(file.reason.as_deref().unwrap_or(""))
    )
}

fn checks(assessment: &Assessment, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<_> = assessment
        .checks
        .iter()
        .zip(&assessment.tallies)
        .filter(|(_, t)| t.fail + t.error + t.unknown > 0)
        .collect();
    rows.sort_by(|(a, s), (b, t)| (b.severity, t.fail, &a.id).cmp(&(a.severity, s.fail, &b.id)));
    let width = rows.iter().map(|(c, _)| c.id.len()).max().unwrap_or(0);
    for (check, tally) in rows {
        let failed = format!("{:>6} failed", tally.fail);
        let failed = if tally.fail > 0 {
            painted(style, Paint::Bad, &failed)
        } else {
            failed
        };
        let errors = match tally.error + tally.unknown {
            0 => String::new(),
            n => painted(style, Paint::Doubt, &format!(", {n} not judged")),
        };
        writeln!(
            out,
            "  {:<8}  {:<width$}  {failed} of {}{errors}",
            check.severity.name(),
            check.id,
            tally.judged()
        )?;
    }
    Ok(())
}

fn requirements(assessment: &Assessment, style: Style, out: &mut dyn Write) -> io::Result<()> {
    if assessment.frameworks.is_empty() {
        return writeln!(
            out,
            "no controls were judged: choose a framework with `--framework`"
        );
    }
    writeln!(out, "{}", assessment.frameworks.join(", "))?;
    let ids = |r: &onus_model::assessment::RequirementResult| {
        format!("{}/{}", r.framework, r.requirement)
    };
    let width = assessment
        .requirements
        .iter()
        .map(|r| ids(r).len())
        .max()
        .unwrap_or(0);
    for result in &assessment.requirements {
        let (paint, word) = match result.status {
            None => (Paint::Doubt, "not covered"),
            Some(Status::Satisfied) if !result.full => (Paint::Good, "satisfied in part"),
            Some(Status::Satisfied) => (Paint::Good, "satisfied"),
            Some(Status::NotSatisfied) => (Paint::Bad, "not-satisfied"),
            Some(status) => (Paint::Doubt, status.name()),
        };
        let word = painted(style, paint, &format!("{word:<17}"));
        writeln!(
            out,
            "  {word}  {:<width$}  {}",
            ids(result),
            escape::line(&result.title)
        )?;
    }
    writeln!(out, "  a readiness result, not an auditor's opinion")
}
