//! Documents taken apart into rows, and the controls that cover them.

use std::collections::BTreeMap;

use onus_model::catalog::{Catalog, Control};
use onus_model::governance::Observed;
use onus_model::problem::{Problem, did_you_mean};
use onus_model::rows::{Covers, Means, Method, Row, Sheet};
use onus_model::source::{Spanned, Text};

use super::grammar::Reader;
use super::link::{lacks, unknown};
use crate::document::{Kind, NodeId};

impl Reader<'_, '_> {
    pub(super) fn sheet(&mut self, root: NodeId) -> Option<Sheet> {
        let rows = self
            .list(root, "rows")
            .into_iter()
            .filter_map(|item| self.row(item))
            .collect();
        Some(Sheet {
            id: self.get(root, "requirements")?,
            title: self.plain(root, "title").unwrap_or_default(),
            source: self.plain(root, "source"),
            as_of: self.date(root, "as_of"),
            rows,
            text: self.text.clone(),
        })
    }

    fn row(&mut self, item: NodeId) -> Option<Row> {
        let methods: Vec<Spanned<Method>> = self
            .words(item, "methods")
            .into_iter()
            .filter_map(|word| {
                Some(Spanned {
                    value: Method::from_name(&word.value)?,
                    span: word.span,
                })
            })
            .collect();
        let mut unmet = Vec::new();
        for (word, node) in self.pairs(item, "unmet") {
            let known = methods.iter().map(|m| m.value.name());
            match methods.iter().find(|m| m.value.name() == word.value) {
                Some(method) => unmet.extend(self.word(node).map(|why| (method.value, why.value))),
                None => {
                    let help = match did_you_mean(&word.value, known.clone()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!(
                            "its methods are `{}`",
                            known.collect::<Vec<_>>().join("`, `")
                        ),
                    };
                    self.say(
                        format!("`{}` is no method of this row", word.value),
                        word.span,
                        help,
                    );
                }
            }
        }
        Some(Row {
            id: self.get(item, "row")?,
            statement: self.plain(item, "statement").unwrap_or_default(),
            kind: self.plain(item, "kind"),
            lines: self.plain(item, "lines"),
            methods,
            out_of_scope: self.get(item, "out_of_scope"),
            unmet,
        })
    }

    /// The rows that a control covers; `- PA-054` says: by all that the control has.
    pub(super) fn covers(&self, control: NodeId) -> Vec<Covers> {
        self.list(control, "covers")
            .into_iter()
            .filter_map(|item| {
                if self.tree.kind(item) == Kind::Scalar {
                    return Some(Covers {
                        row: self.word(item)?,
                        by: Vec::new(),
                    });
                }
                Some(Covers {
                    row: self.get(item, "row")?,
                    by: self.words(item, "by"),
                })
            })
            .collect()
    }
}

/// Rows are unique, those that controls name exist, and so does what they are said to be covered by.
pub(super) fn linked(catalog: &Catalog, problems: &mut Vec<Problem>) {
    let mut sheets: BTreeMap<&str, &Sheet> = BTreeMap::new();
    let mut rows: BTreeMap<&str, (&Sheet, &Row)> = BTreeMap::new();
    for sheet in &catalog.sheets {
        if let Some(first) = sheets.insert(&sheet.id.value, sheet) {
            let what = format!(
                "the requirements of `{}` are declared twice",
                sheet.id.value
            );
            problems.push(again(what, &sheet.id, &sheet.text, &first.id, &first.text));
        }
        for row in &sheet.rows {
            if let Some((other, first)) = rows.insert(&row.id.value, (sheet, row)) {
                let what = format!("the row `{}` is declared twice", row.id.value);
                problems.push(again(what, &row.id, &sheet.text, &first.id, &other.text));
            }
        }
    }
    for control in &catalog.controls {
        for covers in &control.covers {
            let Some((_, row)) = rows.get(covers.row.value.as_str()) else {
                let near = did_you_mean(&covers.row.value, rows.keys().copied());
                problems.push(
                    unknown("row", &covers.row.value, near)
                        .at(&control.text, covers.row.span, "")
                        .help_unless("`onus list requirements` names them"),
                );
                continue;
            };
            if let Some(why) = &row.out_of_scope {
                problems.push(
                    Problem::error(format!(
                        "`{}` is out of scope, and covered here",
                        row.id.value
                    ))
                    .at(&control.text, covers.row.span, "")
                    .help(format!("its reason is: {}", why.value)),
                );
            }
            for by in &covers.by {
                if Means::named(&by.value, control, catalog).is_empty() {
                    problems.push(absent(by, control, catalog));
                }
            }
        }
    }
}

fn again(
    what: String,
    id: &Spanned<String>,
    text: &Text,
    first: &Spanned<String>,
    other: &Text,
) -> Problem {
    let problem = Problem::error(what).at(text, id.span, "again here");
    if text == other {
        problem.at(text, first.span, "first here")
    } else {
        problem.help(format!("the other one stands in `{}`", other.name))
    }
}

/// Why nothing is meant by what is to cover a row.
fn absent(by: &Spanned<String>, control: &Control, catalog: &Catalog) -> Problem {
    let id = &control.id.value;
    let problem = match by.value.as_str() {
        "statement" => Problem::error(format!("`{id}` asks nobody for a statement")),
        "responsibility" => Problem::error(format!("`{id}` shares nothing with a provider")),
        "matrix" => Problem::error(format!("no check of `{id}` is a permission matrix")),
        word => match word.strip_prefix("lint/") {
            Some(observed) => {
                let known = Observed::ALL.iter().map(|o| o.name());
                let near = did_you_mean(observed, known.clone().chain(["refused"]));
                unknown("observation", observed, near).help_unless(format!(
                    "they are `{}`, and `refused`",
                    known.collect::<Vec<_>>().join("`, `")
                ))
            }
            None => {
                let own = Means::all(control, catalog);
                let own: Vec<&str> = own
                    .iter()
                    .filter(|m| !matches!(m, Means::Responsibility(_)))
                    .filter_map(Means::id)
                    .chain(Means::WORDS)
                    .collect();
                lacks(
                    id,
                    "check or evidence",
                    word,
                    did_you_mean(word, own.iter().copied()),
                )
                .help_unless(format!("it may be one of `{}`", own.join("`, `")))
            }
        },
    };
    problem.at(&control.text, by.span, "")
}
