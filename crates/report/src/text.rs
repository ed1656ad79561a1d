//! The report for people: every finding from both sides, and a summary.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use miette::Severity as Look;
use onus_model::assessment::{
    Assessment, Ending, Evaluation, Explanation, Read, Saw, Texts, Verdict,
};
use onus_model::check::{Check, Effect, Severity};
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
        let Some(explanation) = evaluation
            .explanation
            .as_ref()
            .filter(|_| evaluation.waiver.is_none())
        else {
            in_a_line(assessment, check, evaluation, out)?;
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
            style,
        };
        let policy = policies.get(evaluation.check as usize);
        finding.draw(&drawer, texts, text, policy, out)?;
        writeln!(out)?;
    }
    summary(assessment, style, fail_on, out)
}

fn in_a_line(
    assessment: &Assessment,
    check: &Check,
    evaluation: &Evaluation,
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = assessment
        .files
        .get(evaluation.place.file.0 as usize)
        .map_or("", |f| f.path.as_str());
    let verdict = if evaluation.waiver.is_some() {
        "waived"
    } else {
        evaluation.verdict.name()
    };
    writeln!(
        out,
        "{verdict}: {} on {} ({}:{})",
        escape::line(&check.id),
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
    style: Style,
}

impl Finding<'_> {
    fn draw(
        &self,
        drawer: &Drawer,
        texts: &dyn Texts,
        text: Option<&(Text, Lines)>,
        policy_lines: Option<&Lines>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let evaluation = self.evaluation;
        let (window, labels) = match text {
            Some((text, lines)) => {
                let (window, labels) = Window::new(
                    &text.name,
                    &text.text,
                    lines,
                    &self.config_labels(evaluation.place.file),
                    self.style,
                );
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
                escape::line(&self.check.id),
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
        self.elsewhere(drawer, texts, out)?;
        for (at, message) in &self.explanation.also {
            if at.file != evaluation.place.file
                && let Some(file) = self.assessment.files.get(at.file.0 as usize)
            {
                writeln!(
                    out,
                    "  at {}:{}:{}: {}",
                    escape::line(&file.path),
                    at.start.line,
                    at.start.column,
                    escape::line(message)
                )?;
            }
        }
        let help = Some(escape::plain(&self.explanation.help).into_owned());
        let own = Lines::new("");
        let (window, labels) = Window::new(
            &self.check.text.name,
            &self.check.text.text,
            policy_lines.unwrap_or(&own),
            &self.policy_labels(),
            self.style,
        );
        let policy = Frame {
            severity: Look::Advice,
            code: None,
            message: match (evaluation.verdict, self.check.effect) {
                (Verdict::Fail | Verdict::Unknown, _)
                    if evaluation.target.object.kind == "matrix" =>
                {
                    "this is what the matrix says".to_owned()
                }
                (Verdict::Fail, Effect::Forbid) => "this policy forbids it".to_owned(),
                (Verdict::Fail, Effect::Permit) => "this policy does not permit it".to_owned(),
                (Verdict::Error | Verdict::Unknown | Verdict::Pass | Verdict::NotApplicable, _) => {
                    "this policy reads it".to_owned()
                }
            },
            labels,
            window: Some(window),
            help,
        };
        drawer.draw(&policy, out)
    }

    /// What was read in other files, where a configuration is put together of several.
    fn elsewhere(&self, drawer: &Drawer, texts: &dyn Texts, out: &mut dyn Write) -> io::Result<()> {
        let own = self.evaluation.place.file;
        let places = self.explanation.read.iter().filter_map(|r| r.place);
        let files: BTreeSet<FileId> = places.map(|p| p.file).filter(|f| *f != own).collect();
        for file in files {
            let labels = self.config_labels(file);
            let Some(text) = texts.text(file).filter(|_| !labels.is_empty()) else {
                continue;
            };
            let lines = Lines::new(&text.text);
            let (window, labels) = Window::new(&text.name, &text.text, &lines, &labels, self.style);
            let frame = Frame {
                severity: Look::Advice,
                code: None,
                message: "together with this".to_owned(),
                labels,
                window: Some(window),
                help: None,
            };
            drawer.draw(&frame, out)?;
        }
        Ok(())
    }

    /// What was read of a file, with its values. Places are said once; that of the finding comes first.
    fn config_labels(&self, file: FileId) -> Vec<(Span, String)> {
        let place = self.evaluation.place;
        let mut by_place: Vec<(Span, Vec<String>)> = Vec::new();
        if file == place.file {
            by_place.push((place.span, Vec::new()));
        }
        for read in &self.explanation.read {
            let Some(at) = read.place.filter(|p| p.file == file) else {
                continue;
            };
            // What is missing far away says little: it is the nearer absence that the finding is about.
            if matches!(read.saw, Saw::Missing) && (at.file, at.span) != (place.file, place.span) {
                continue;
            }
            let words = words(read, self.style);
            match by_place.iter_mut().find(|(span, _)| *span == at.span) {
                Some((_, present)) => present.push(words),
                None => by_place.push((at.span, vec![words])),
            }
        }
        for (at, message) in &self.explanation.also {
            if at.file != file {
                continue;
            }
            let words = escape::line(message);
            match by_place.iter_mut().find(|(span, _)| *span == at.span) {
                Some((_, present)) => present.push(words),
                None => by_place.push((at.span, vec![words])),
            }
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
                && read.place.is_some_and(|p| {
                    let place = self.evaluation.place;
                    (p.file, p.span) != (place.file, place.span)
                })
            {
                continue;
            }
            if labels.iter().any(|(span, _)| *span == read.policy) {
                continue;
            }
            labels.push((read.policy, policy_words(read, self.style)));
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

fn words(read: &Read, style: Style) -> String {
    let path = escape::line(config_path(&read.path));
    match &read.saw {
        Saw::Value(value) => {
            format!(
                "`{path}` is `{}`",
                escape::short(value, LONGEST_VALUE, style)
            )
        }
        Saw::Present => format!("`{path}` is there"),
        Saw::Missing => format!("`{path}` is missing"),
        Saw::Fault(why) => escape::short(why, 2 * LONGEST_VALUE, style),
    }
}

fn policy_words(read: &Read, style: Style) -> String {
    match &read.saw {
        Saw::Value(value) => format!("is `{}`", escape::short(value, LONGEST_VALUE, style)),
        Saw::Present => "is there".to_owned(),
        Saw::Missing => "is missing".to_owned(),
        Saw::Fault(_) => "cannot be read".to_owned(),
    }
}

/// Colours by meaning.
#[derive(Clone, Copy)]
pub(crate) enum Paint {
    Bad,
    Doubt,
    Good,
}

pub(crate) fn painted(style: Style, paint: Paint, text: &str) -> String {
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
    crate::governance::render(assessment, style, out)?;
    let tally = assessment.tally();
    let ending = assessment.ending(fail_on);
    let governance = assessment
        .governance
        .as_ref()
        .and_then(crate::governance::failing);
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
        Ending::Failed if !assessment.failed(fail_on) => {
            let governance = governance.unwrap_or_default();
            let below = match tally.fail {
                0 => "no check failed".to_owned(),
                n => format!(
                    "no check failed at or above {}, {n} failed below it",
                    fail_on.name()
                ),
            };
            (Paint::Bad, format!("{governance} failed; {below}"))
        }
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
            let governance = governance.map_or_else(String::new, |g| format!("; and {g}"));
            (
                Paint::Bad,
                format!(
                    "{} failed: {}{governance}",
                    tally.fail,
                    by_severity.join(", ")
                ),
            )
        }
        Ending::NothingJudged => (Paint::Doubt, "nothing was judged".to_owned()),
        Ending::Undetermined if tally.fail > 0 => (
            Paint::Doubt,
            format!(
                "nothing failed at or above {}, but not everything could be judged; {} failed below it",
                fail_on.name(),
                tally.fail
            ),
        ),
        Ending::Undetermined => (
            Paint::Doubt,
            "nothing failed, but not everything could be judged".to_owned(),
        ),
    };
    writeln!(out, "{}", painted(style, paint, &words))?;
    if tally.waived > 0 {
        let words = format!("{} waived", tally.waived);
        writeln!(out, "{}", painted(style, Paint::Doubt, &words))?;
    }
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
            let files = if count == 1 { "file" } else { "files" };
            writeln!(out, "skipped {count} {files}: {}", escape::line(reason))?;
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
    let width = rows
        .iter()
        .map(|(c, _)| escape::line(&c.id).chars().count())
        .max()
        .unwrap_or(0);
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
            escape::line(&check.id),
            tally.judged()
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Format;
    use crate::samples::{
        ASCII, PLAIN, POD, Shelf, assessment, check, file, find, finding, place, read, shown,
        storefront,
    };
    use onus_model::assessment::Place;
    use proptest::prelude::*;

    fn text(assessment: &Assessment, texts: &Shelf, style: Style, fail_on: Severity) -> String {
        shown(assessment, texts, Format::Text, style, fail_on)
    }

    #[test]
    fn everything_is_told_in_unicode() {
        let (all, texts) = storefront();
        insta::assert_snapshot!(text(&all, &texts, PLAIN, Severity::Low));
    }

    #[test]
    fn everything_is_told_in_ascii() {
        let (all, texts) = storefront();
        let shown = text(&all, &texts, ASCII, Severity::Low);
        assert!(shown.is_ascii(), "{shown}");
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn ascii_stays_ascii_where_something_is_cut() {
        let pod = format!("{}: {}\n", "k".repeat(300), "v".repeat(300));
        let at = place(0, &pod, "vvv");
        let value = Saw::Value("v".repeat(300));
        let all = assessment(
            check("c", Severity::High),
            vec![file("a.yaml", Outcome::Checked, None)],
            vec![finding(
                Verdict::Fail,
                at,
                vec![read("resource.k", value, Some(at))],
            )],
        );
        let texts = Shelf(vec![Some(Text::new("a.yaml", pod))]);
        let shown = text(&all, &texts, ASCII, Severity::Low);
        assert!(shown.is_ascii(), "{shown}");
    }

    #[test]
    fn colours_only_where_they_are_allowed() {
        let (all, texts) = storefront();
        assert!(!text(&all, &texts, PLAIN, Severity::Low).contains('\u{1b}'));
        let colored = Style {
            color: true,
            ..PLAIN
        };
        let shown = text(&all, &texts, colored, Severity::Low);
        assert!(shown.contains("\u{1b}[31m"), "{shown}");
    }

    #[test]
    fn nothing_of_a_config_acts_on_the_terminal() {
        let evil = "\u{1b}[2J\u{202e}\u{200b}\u{7f}\u{9b}\u{7}\r\u{ad}";
        let pod = format!("a: 1\n{evil}: {evil}x\nb: 2\n");
        let at = place(0, &pod, &format!("{evil}x"));
        let mut one = finding(
            Verdict::Fail,
            at,
            vec![read(
                &format!("resource.{evil}"),
                Saw::Value(evil.to_owned()),
                Some(at),
            )],
        );
        one.target.id = evil.into();
        if let Some(explanation) = &mut one.explanation {
            explanation.message = evil.into();
            explanation.help = evil.into();
            explanation.also.push((at, evil.to_owned()));
        }
        let mut gone = one.clone();
        gone.place.file = FileId(1);
        let mut passed = finding(Verdict::Pass, at, Vec::new());
        passed.target.id = evil.into();
        let mut check = check(evil, Severity::High);
        check.text = Text::new(evil, format!("{}// {evil}\n", check.text.text));
        let mut all = assessment(
            check,
            vec![
                file(evil, Outcome::Checked, None),
                file(evil, Outcome::Unreadable, Some(evil)),
                file(evil, Outcome::Skipped, Some(evil)),
            ],
            vec![one, passed, gone],
        );
        all.frameworks = vec![evil.to_owned()];
        all.requirements = storefront().0.requirements;
        for result in &mut all.requirements {
            result.requirement = evil.to_owned();
            result.title = evil.to_owned();
        }
        let texts = Shelf(vec![Some(Text::new(evil, pod)), None]);
        for style in [PLAIN, ASCII] {
            let shown = text(&all, &texts, style, Severity::Low);
            assert!(!shown.contains(escape::acts), "{shown:?}");
            assert!(shown.contains("\\u{202e}"), "{shown}");
        }
    }

    #[test]
    fn a_label_stays_on_its_words_behind_what_is_written_out() {
        let pod = "a: \u{1b}\u{202e}x privileged\n";
        let at = place(0, pod, "privileged");
        let all = assessment(
            check("c", Severity::High),
            vec![file("a.yaml", Outcome::Checked, None)],
            vec![finding(Verdict::Fail, at, Vec::new())],
        );
        let texts = Shelf(vec![Some(Text::new("a.yaml", pod))]);
        let shown = text(&all, &texts, PLAIN, Severity::Low);
        let lines: Vec<&str> = shown.lines().collect();
        let code = lines
            .iter()
            .position(|l| l.contains("x privileged"))
            .unwrap();
        let column = |line: &str, what: &str| line.split(what).next().unwrap().chars().count();
        assert_eq!(
            column(lines[code], "privileged"),
            column(lines[code + 1], "\u{2500}"),
            "{shown}"
        );
    }

    #[test]
    fn a_file_that_is_gone_is_told_without_a_frame() {
        let (mut all, _) = storefront();
        all.evaluations.truncate(1);
        let shown = text(&all, &Shelf(vec![None]), PLAIN, Severity::Low);
        assert!(
            shown.contains("at shop/pod.yaml:5:19, which is gone or has changed since"),
            "{shown}"
        );
    }

    #[test]
    fn a_further_place_in_another_file_is_not_drawn_into_this_one() {
        let (mut all, texts) = storefront();
        all.evaluations.truncate(1);
        let other = Place {
            file: FileId(1),
            ..place(0, POD, "name: job")
        };
        if let Some(explanation) = &mut all.evaluations[0].explanation {
            explanation.also.push((other, "set here first".to_owned()));
        }
        let shown = text(&all, &texts, PLAIN, Severity::Low);
        assert!(
            shown.contains("shop/notes.yaml"),
            "the other file is named: {shown}"
        );
        assert_eq!(shown.matches("set here first").count(), 1, "{shown}");
    }

    #[test]
    fn what_failed_below_the_gate_is_not_called_nothing() {
        let (all, texts) = storefront();
        let shown = text(&all, &texts, PLAIN, Severity::Critical);
        assert!(!shown.contains("nothing failed, but"), "{shown}");
        assert!(shown.contains("1 failed below it"), "{shown}");
    }

    #[test]
    fn nothing_judged_is_never_green() {
        let style = Style {
            color: true,
            ..PLAIN
        };
        let shown = text(
            &Assessment::default(),
            &Shelf(Vec::new()),
            style,
            Severity::Low,
        );
        assert!(shown.contains("nothing was judged"), "{shown}");
        assert!(!shown.contains("\u{1b}[32m"), "{shown}");
    }

    #[test]
    fn many_skipped_files_are_counted_by_reason_and_unreadable_ones_are_named() {
        let mut files: Vec<File> = (0..11)
            .map(|n| file(&format!("t{n}.yaml"), Outcome::Skipped, Some("a template")))
            .collect();
        files.push(file("one.yaml", Outcome::Skipped, Some("too large")));
        files.push(file("x.yaml", Outcome::Unreadable, Some("no end")));
        let all = assessment(check("c", Severity::Low), files, Vec::new());
        insta::assert_snapshot!(text(&all, &Shelf(Vec::new()), PLAIN, Severity::Low), @"
        skipped 11 files: a template
        skipped 1 file: too large
        unreadable x.yaml:3:7: no end
        files: 0 checked, 12 skipped, 1 unreadable; 0 objects
        no controls were judged: choose a framework with `--framework`, or in `onus.yaml` (`onus init` writes one)
        nothing failed, but not everything could be judged
        ");
    }

    #[test]
    fn one_long_line_with_many_findings_is_not_read_over_and_over() {
        // A minified list: every finding stands in the same line of two megabytes.
        let item = r#"{"name":"api","privileged":true},"#;
        let many = 2_000_000 / item.len();
        let pod = item.repeat(many);
        let evaluations = (0..300)
            .map(|n| {
                let span = find(item, "true");
                let shift = n * (many / 300) * item.len();
                let span = Span::new(span.start as usize + shift, span.end as usize + shift);
                let at = Place {
                    span,
                    ..place(0, item, "true")
                };
                finding(
                    Verdict::Fail,
                    at,
                    vec![read("resource.privileged", Saw::Present, Some(at))],
                )
            })
            .collect();
        let all = assessment(
            check("c", Severity::High),
            vec![file("a.json", Outcome::Checked, None)],
            evaluations,
        );
        let shown = text(
            &all,
            &Shelf(vec![Some(Text::new("a.json", pod))]),
            PLAIN,
            Severity::Low,
        );
        assert!(shown.len() < 1_000_000, "{}", shown.len());
    }

    proptest! {
        #[test]
        fn any_labels_in_any_text_can_be_told(
            pod in "(\\PC|\n|\r|\t|\u{1b}|\u{202e}|\u{301}|\u{1F469}|: |\u{e9}){0,200}",
            spans in prop::collection::vec((0..500u32, 0..500u32), 1..6),
            width in 0..120usize,
            unicode: bool,
        ) {
            let at = |(a, b): (u32, u32)| Place {
                file: FileId(0),
                span: Span { start: a.min(b), end: a.max(b) },
                ..place(0, "x", "x")
            };
            let reads = spans.iter().map(|s| read("resource.x", Saw::Value(pod.clone()), Some(at(*s)))).collect();
            let all = assessment(
                check("c", Severity::High),
                vec![file("a.yaml", Outcome::Checked, None)],
                vec![finding(Verdict::Fail, at(spans[0]), reads)],
            );
            let texts = Shelf(vec![Some(Text::new("a.yaml", pod))]);
            let shown = text(&all, &texts, Style { color: false, unicode, width }, Severity::Low);
            prop_assert!(!shown.contains(escape::acts), "{:?}", shown);
        }
    }
}
