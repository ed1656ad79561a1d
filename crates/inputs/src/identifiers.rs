//! Ids of requirements as people write them, and the official spelling that they mean.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use onus_model::catalog::{Catalog, Framework, Group, Misspelt, Requirement};
use onus_model::problem::did_you_mean;

/// What a written id means in a framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning<'f> {
    /// Requirements, in the framework's order: one, or those of a range, a pattern or a list.
    Requirements(Vec<&'f Requirement>),
    /// A label of a series, which is no requirement; with the requirements of the series.
    Group {
        /// The label.
        group: &'f Group,
        /// The series.
        requirements: Vec<&'f Requirement>,
    },
    /// An id that is known not to exist.
    Misspelt {
        /// With what is meant.
        misspelt: &'f Misspelt,
    },
    /// Nothing that is known.
    Unknown {
        /// The nearest official ids, three at most.
        near: Vec<String>,
    },
}

/// Why `framework/id` means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullUnknown {
    /// The nearest ids of frameworks.
    pub near: Vec<String>,
}

/// Words that people put before an id.
const NOISE: [&str; 14] = [
    "art",
    "article",
    "articles",
    "req",
    "requirement",
    "requirements",
    "section",
    "sec",
    "cfr",
    "control",
    "controls",
    "criterion",
    "criteria",
    "clause",
];

/// What a written id means. Letter case, dots, dashes, spaces and leading zeros do not matter; ranges (`CC6.1-6.8`),
/// patterns (`CC6.*`), lists and whole series are understood.
#[must_use]
pub fn resolve<'f>(framework: &'f Framework, written: &str) -> Meaning<'f> {
    let written = written.trim();
    if let Some(found) = framework.requirement(written) {
        return Meaning::Requirements(vec![found]);
    }
    if let Some(misspelt) = framework
        .misspelt
        .iter()
        .find(|m| m.id.value.eq_ignore_ascii_case(written))
    {
        return Meaning::Misspelt { misspelt };
    }
    if let Some(group) = framework
        .groups
        .iter()
        .find(|g| g.id.value.eq_ignore_ascii_case(written))
    {
        return Meaning::Group {
            group,
            requirements: below(framework, &group.id.value),
        };
    }
    let index = Index::new(framework);
    let parts: Vec<&str> = written
        .split([',', ';'])
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .collect();
    if parts.len() > 1 {
        let mut all: Vec<&Requirement> = Vec::new();
        for part in parts {
            match index.one(part) {
                Meaning::Requirements(found) => all.extend(found),
                Meaning::Group { requirements, .. } => all.extend(requirements),
                other => return other,
            }
        }
        return Meaning::Requirements(index.in_order(&all));
    }
    index.one(written)
}

/// What `framework/id` means; frameworks may be named by their aliases.
///
/// # Errors
///
/// There is no such framework, or no `/`.
pub fn resolve_full<'c>(
    catalog: &'c Catalog,
    written: &str,
) -> Result<(&'c Framework, Meaning<'c>), FullUnknown> {
    let (name, id) = written.trim().split_once('/').unwrap_or((written, ""));
    match catalog.framework(name.trim()).filter(|_| !id.is_empty()) {
        Some(framework) => Ok((framework, resolve(framework, id))),
        None => Err(FullUnknown {
            near: did_you_mean(name, framework_names(catalog))
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }),
    }
}

/// What frameworks are called: their ids and aliases.
pub fn framework_names(catalog: &Catalog) -> impl Iterator<Item = &str> {
    catalog
        .frameworks
        .iter()
        .flat_map(|f| f.aliases.iter().chain([&f.id.value]))
        .map(String::as_str)
}

/// All requirements that stand within a group or a requirement, however deep, in the framework's order.
#[must_use]
pub fn below<'f>(framework: &'f Framework, id: &str) -> Vec<&'f Requirement> {
    let mut inside: BTreeSet<&str> = BTreeSet::from([id]);
    // What stands within may be named before or after what it stands within.
    loop {
        let before = inside.len();
        for group in &framework.groups {
            if group
                .within
                .as_ref()
                .is_some_and(|w| inside.contains(w.value.as_str()))
            {
                inside.insert(&group.id.value);
            }
        }
        for requirement in &framework.requirements {
            if requirement
                .within
                .as_ref()
                .is_some_and(|w| inside.contains(w.value.as_str()))
            {
                inside.insert(&requirement.id.value);
            }
        }
        if inside.len() == before {
            break;
        }
    }
    framework
        .requirements
        .iter()
        .filter(|r| r.id.value != id && inside.contains(r.id.value.as_str()))
        .collect()
}

/// An id in its parts: runs of letters in lower case, and numbers without leading zeros.
type Parts = Vec<String>;

fn parts(text: &str) -> Parts {
    let mut parts: Parts = Vec::new();
    let mut last = ' ';
    for c in text.chars() {
        let kind = |c: char| match c {
            c if c.is_ascii_digit() => '9',
            c if c.is_alphabetic() || c == '&' => 'a',
            _ => ' ',
        };
        let now = kind(c);
        if now != ' ' {
            let lower = c.to_lowercase();
            match parts.last_mut().filter(|_| last == now) {
                Some(part) => part.extend(lower),
                None => parts.push(lower.collect()),
            }
        }
        last = now;
    }
    for part in &mut parts {
        if part.starts_with('0') {
            let bare = part.trim_start_matches('0');
            *part = if bare.is_empty() { "0" } else { bare }.to_owned();
        }
    }
    parts
}

/// A framework's ids by their parts.
struct Index<'f> {
    framework: &'f Framework,
    requirements: BTreeMap<Parts, usize>,
    groups: BTreeMap<Parts, &'f Group>,
    misspelt: BTreeMap<Parts, &'f Misspelt>,
}

impl<'f> Index<'f> {
    fn new(framework: &'f Framework) -> Self {
        let mut index = Self {
            framework,
            requirements: BTreeMap::new(),
            groups: BTreeMap::new(),
            misspelt: BTreeMap::new(),
        };
        for (place, requirement) in framework.requirements.iter().enumerate() {
            for name in &requirement.names {
                index.requirements.entry(parts(name)).or_insert(place);
            }
        }
        // An official id goes before another's second name.
        for (place, requirement) in framework.requirements.iter().enumerate() {
            index
                .requirements
                .insert(parts(&requirement.id.value), place);
        }
        for group in &framework.groups {
            index.groups.insert(parts(&group.id.value), group);
        }
        for misspelt in &framework.misspelt {
            index.misspelt.insert(parts(&misspelt.id.value), misspelt);
        }
        index
    }

    /// One id, range, pattern or series.
    fn one(&self, written: &str) -> Meaning<'f> {
        if written.contains('*') {
            return self.pattern(written);
        }
        if let Some(found) = self.exact(written) {
            return found;
        }
        if let Some(found) = self.range(written) {
            return found;
        }
        // `164.312(a)` where only `164.312(a)(1)` and the like exist.
        let wanted = self.bare(written);
        let inside: Vec<&Requirement> = self
            .framework
            .requirements
            .iter()
            .filter(|r| wanted.len() > 1 && parts(&r.id.value).starts_with(&wanted))
            .collect();
        if !inside.is_empty() {
            return Meaning::Requirements(inside);
        }
        Meaning::Unknown {
            near: self.near(written),
        }
    }

    /// The parts of what is written, without words before it.
    fn bare(&self, written: &str) -> Parts {
        let mut wanted = parts(written);
        if wanted.first().is_some_and(|p| p == "45") && wanted.get(1).is_some_and(|p| p == "cfr") {
            wanted.drain(..2);
        }
        while wanted.len() > 1 && wanted.first().is_some_and(|p| NOISE.contains(&p.as_str())) {
            wanted.remove(0);
        }
        wanted
    }

    fn exact(&self, written: &str) -> Option<Meaning<'f>> {
        // One word after the other is left out: an official id may begin with one, as `Art.5` does.
        let whole = parts(written);
        let bare = self.bare(written);
        let left = whole.len().saturating_sub(bare.len());
        (0..=left).find_map(|out| self.known(whole.get(out..)?))
    }

    fn known(&self, wanted: &[String]) -> Option<Meaning<'f>> {
        if let Some(place) = self.requirements.get(wanted) {
            let found = self.framework.requirements.get(*place)?;
            return Some(Meaning::Requirements(vec![found]));
        }
        if let Some(misspelt) = self.misspelt.get(wanted) {
            return Some(Meaning::Misspelt { misspelt });
        }
        let group = self.groups.get(wanted)?;
        Some(Meaning::Group {
            group,
            requirements: below(self.framework, &group.id.value),
        })
    }

    fn pattern(&self, written: &str) -> Meaning<'f> {
        let pattern = onus_model::path::Pattern::new(&written.to_lowercase());
        let found: Vec<&Requirement> = self
            .framework
            .requirements
            .iter()
            .filter(|r| pattern.matches(&r.id.value.to_lowercase()))
            .collect();
        if found.is_empty() {
            let fixed = written.split('*').next().unwrap_or_default();
            Meaning::Unknown {
                near: self.near(fixed),
            }
        } else {
            Meaning::Requirements(found)
        }
    }

    /// `CC6.1-6.8`, `A1.1–A1.3`, `1.1 to 1.3.3`: every dash may be the one.
    fn range(&self, written: &str) -> Option<Meaning<'f>> {
        let mut cuts: Vec<(usize, usize)> = Vec::new();
        for word in [" to ", "..", "–", "—", "-"] {
            cuts.extend(
                written
                    .match_indices(word)
                    .map(|(at, w)| (at, at + w.len())),
            );
        }
        let mut bounds = None;
        for (end, start) in cuts {
            let (first, last) = (written.get(..end)?.trim(), written.get(start..)?.trim());
            let Some(from) = self.place(first, false) else {
                continue;
            };
            // The second bound may leave out what it has in common with the first.
            let letters: String = first.chars().take_while(|c| !c.is_ascii_digit()).collect();
            let stem = first.rfind(['.', '-']).and_then(|at| first.get(..=at));
            let spellings = [
                Some(last.to_owned()),
                Some(format!("{letters}{last}")),
                stem.map(|stem| format!("{stem}{last}")),
            ];
            let to = spellings
                .into_iter()
                .flatten()
                .find_map(|spelling| self.place(&spelling, true));
            if let Some(to) = to {
                bounds = Some((from, to));
                break;
            }
        }
        let (from, to) = bounds?;
        if to < from {
            return Some(Meaning::Unknown {
                near: [to, from]
                    .iter()
                    .filter_map(|at| self.framework.requirements.get(*at))
                    .map(|r| r.id.value.clone())
                    .collect(),
            });
        }
        let found = self.framework.requirements.get(from..=to)?;
        Some(Meaning::Requirements(found.iter().collect()))
    }

    /// Where a bound of a range stands in the framework's order; the last bound takes what stands within it along.
    fn place(&self, written: &str, last: bool) -> Option<usize> {
        let all = match self.exact(written)? {
            Meaning::Requirements(found) => found,
            Meaning::Group { requirements, .. } => requirements,
            Meaning::Misspelt { .. } | Meaning::Unknown { .. } => return None,
        };
        let at = |requirement: &Requirement| {
            let mut all = self.framework.requirements.iter();
            all.position(|r| r.id.value == requirement.id.value)
        };
        if !last {
            return at(all.first()?);
        }
        let end = all.last()?;
        let inside = below(self.framework, &end.id.value);
        at(inside.last().unwrap_or(end))
    }

    /// The nearest official ids: of the same series first.
    fn near(&self, written: &str) -> Vec<String> {
        let wanted = self.bare(written);
        // `8.24` where `A.8.24` is meant.
        let ends = |r: &&Requirement| !wanted.is_empty() && parts(&r.id.value).ends_with(&wanted);
        let whole = self.framework.requirements.iter().filter(ends).take(3);
        let whole: Vec<String> = whole.map(|r| r.id.value.clone()).collect();
        if !whole.is_empty() {
            return whole;
        }
        let shared = |id: &str| {
            parts(id)
                .iter()
                .zip(&wanted)
                .take_while(|(a, b)| a == b)
                .count()
        };
        let last = wanted.last().and_then(|p| p.parse::<i64>().ok());
        let far = |id: &str| {
            let own = parts(id).last().and_then(|p| p.parse::<i64>().ok());
            own.zip(last).map_or(i64::MAX, |(a, b)| (a - b).abs())
        };
        let mut all: Vec<(usize, i64, usize, &str)> = self
            .framework
            .requirements
            .iter()
            .enumerate()
            .map(|(place, r)| {
                let id = r.id.value.as_str();
                (shared(id), far(id), place, id)
            })
            .filter(|(shared, ..)| *shared > 0)
            .collect();
        all.sort_by_key(|(shared, far, place, _)| (std::cmp::Reverse(*shared), *far, *place));
        let most = all.first().map_or(0, |(shared, ..)| *shared);
        let mut near: Vec<String> = all
            .into_iter()
            .filter(|(shared, ..)| *shared == most)
            .take(3)
            .map(|(_, _, _, id)| id.to_owned())
            .collect();
        if near.is_empty() {
            let ids = self
                .framework
                .requirements
                .iter()
                .map(|r| r.id.value.as_str());
            near.extend(did_you_mean(written, ids).map(str::to_owned));
        }
        near
    }

    fn in_order(&self, wanted: &[&Requirement]) -> Vec<&'f Requirement> {
        self.framework
            .requirements
            .iter()
            .filter(|r| wanted.iter().any(|w| w.id.value == r.id.value))
            .collect()
    }
}

/// The form of an id: `CC6.1` is `aa9.9`, `164.312(a)(1)` is `9.9(a)(9)`.
fn form(text: &str) -> String {
    let mut form = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            if !form.ends_with('9') {
                form.push('9');
            }
        } else if c.is_alphabetic() || c == '&' {
            form.push('a');
        } else {
            form.push(c);
        }
    }
    // Roman numbers have any length.
    while form.contains("(aa") {
        form = form.replace("(aa", "(a");
    }
    form
}

/// Finds what looks like an id of a framework in running text: bytes, and what it means there.
///
/// Only forms that are unmistakable count: version numbers and words are left alone. Ids that begin with a number count where
/// the framework or `requirement`, `article` or `§` stands before them, or where the number itself is telling (`164.312`).
#[must_use]
pub fn find_ids<'f>(framework: &'f Framework, text: &str) -> Vec<(Range<usize>, Meaning<'f>)> {
    let mut forms: BTreeSet<String> = BTreeSet::new();
    let mut heads: BTreeSet<String> = BTreeSet::new();
    for id in framework
        .requirements
        .iter()
        .map(|r| &r.id.value)
        .chain(framework.misspelt.iter().map(|m| &m.id.value))
        .chain(framework.groups.iter().map(|g| &g.id.value))
    {
        let form = form(id);
        // `A1` and `1` in prose are no ids; `CC8` is.
        let telling = form.chars().any(|c| !c.is_alphanumeric()) || form.starts_with("aa");
        if telling && form.contains('9') {
            forms.insert(form);
            heads.extend(parts(id).into_iter().next());
        }
    }
    let mut names: BTreeSet<String> = framework
        .aliases
        .iter()
        .chain([&framework.id.value])
        .map(|n| n.to_lowercase())
        .collect();
    names.extend(
        [
            "req",
            "requirement",
            "requirements",
            "art",
            "article",
            "articles",
        ]
        .map(str::to_owned),
    );
    let known = |run: &str, before: &str| {
        let form = form(run);
        let Some(head) = parts(run).into_iter().next() else {
            return false;
        };
        if !forms.contains(&form) || !heads.contains(&head) {
            return false;
        }
        if form.starts_with('9') {
            let word = before
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase();
            let section = before.ends_with('§');
            return section || names.contains(&word) || (head.len() >= 3 && form.contains('('));
        }
        // Letters are written large.
        run.chars().next().is_some_and(char::is_uppercase)
    };
    let mut found = Vec::new();
    let mut before = "";
    let mut from = 0;
    while let Some((start, run)) = run_at(text, from) {
        from = start + run.len();
        let run = run.trim_end_matches(['.', '-', '–', '(']);
        let run = if run.contains('(') {
            run
        } else {
            run.trim_end_matches(')')
        };
        // A range is two ids, of which the second may leave out the letters.
        let cut = run
            .char_indices()
            .filter(|(_, c)| *c == '-' || *c == '–')
            .find(|(at, c)| {
                let first = run.get(..*at).unwrap_or_default();
                let last = run.get(at + c.len_utf8()..).unwrap_or_default();
                known(first, before) && last.chars().any(|c| c.is_ascii_digit())
            });
        let is_range = cut.is_some() && !known(run, before);
        if is_range || known(run, before) {
            found.push((start..start + run.len(), resolve(framework, run)));
        }
        before = text.get(start..start + run.len()).unwrap_or_default();
    }
    found
}

/// The next run of characters that ids are made of.
fn run_at(text: &str, from: usize) -> Option<(usize, &str)> {
    let belongs =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '–' | '(' | ')' | '&' | '§');
    let rest = text.get(from..)?;
    let start = from + rest.find(|c: char| c.is_alphanumeric() || c == '§')?;
    let rest = text.get(start..)?;
    let end = rest.find(|c: char| !belongs(c)).unwrap_or(rest.len());
    Some((start, rest.get(..end)?))
}
