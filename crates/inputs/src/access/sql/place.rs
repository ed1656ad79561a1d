//! What privileges are on: which place holds which, and how places are written for the engine.

use onus_model::access::Notation;

use super::statement::{Part, Target};

impl Part {
    fn covers(&self, other: &Self) -> bool {
        if self.open {
            other.text.starts_with(&self.text)
        } else {
            !other.open && self.text == other.text
        }
    }

    fn meets(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// Whether it is every name there is.
    fn is_all(&self) -> bool {
        self.open && self.text.is_empty()
    }

    /// As the engine matches it.
    fn write(&self, notation: Notation) -> String {
        let star = if self.open { "*" } else { "" };
        if self.text.is_empty() && self.open {
            return star.to_owned();
        }
        format!(
            "{}{star}",
            quoted(&self.text, &['.', '*', '(', ')', ' '], notation)
        )
    }
}

/// A name in the system's quotes where one of these letters is in it, which would be taken for a sign, or a quote, or nothing.
fn quoted(name: &str, signs: &[char], notation: Notation) -> String {
    let quote = if notation == Notation::ClickHouse {
        '`'
    } else {
        '"'
    };
    if !name.is_empty() && !name.contains(signs) && !name.contains(quote) {
        return name.to_owned();
    }
    let twice = name.replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{twice}{quote}")
}

/// Routines are functions and procedures.
fn class_covers(a: Option<&str>, b: Option<&str>) -> bool {
    a == b || a == Some("ROUTINE") && matches!(b, Some("FUNCTION" | "PROCEDURE"))
}

impl Target {
    /// Whether all that is at the other place is at this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let database = match (&self.database, &other.database) {
            (Some(a), Some(b)) => a.covers(b),
            (None, None) => true,
            // What is in some database is in any.
            (Some(a), None) => a.is_all(),
            (None, Some(_)) => false,
        };
        let only = self.only.is_none()
            || self.only == other.only
            // A function without arguments is the only one of its name.
            || self.class.is_some() && other.only.is_none() && !other.table.open;
        class_covers(self.class, other.class) && database && self.table.covers(&other.table) && only
    }

    /// Whether something can be at both places; nothing where the files do not tell.
    pub(super) fn meets(&self, other: &Self) -> Option<bool> {
        let classes =
            class_covers(self.class, other.class) || class_covers(other.class, self.class);
        if !classes || !self.table.meets(&other.table) {
            return Some(false);
        }
        match (&self.database, &other.database) {
            (Some(a), Some(b)) if !a.meets(b) => return Some(false),
            (Some(named), None) | (None, Some(named)) if !named.is_all() => return None,
            _ => {}
        }
        match (&self.only, &other.only) {
            (Some(a), Some(b)) if a != b && self.class.is_some() => Some(false),
            (Some(a), Some(b)) if a != b => None,
            _ => Some(true),
        }
    }

    /// Whether it is every place there is.
    pub(super) fn is_everything(&self) -> bool {
        let all = self.database.as_ref().is_some_and(Part::is_all);
        self.class.is_none() && all && self.table.is_all()
    }

    /// Whether both are the same place.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.covers(other) && other.covers(self)
    }

    /// The place that is in both, where they meet.
    pub(super) fn within(&self, other: &Self) -> Self {
        let narrow = |a: &Part, b: &Part| if a.covers(b) { b.clone() } else { a.clone() };
        Self {
            class: if class_covers(self.class, other.class) {
                other.class
            } else {
                self.class
            },
            database: match (&self.database, &other.database) {
                (Some(a), Some(b)) => Some(narrow(a, b)),
                _ => None,
            },
            table: narrow(&self.table, &other.table),
            only: self.only.clone().or_else(|| other.only.clone()),
            span: self.span,
        }
    }

    /// As the engine matches it: `db.table(column)`, `TABLE schema.table`.
    pub(super) fn resource(&self, notation: Notation, column: Option<&str>) -> String {
        let mut text = self
            .class
            .map_or_else(String::new, |class| format!("{class} "));
        if let Some(database) = &self.database {
            text.push_str(&database.write(notation));
            text.push('.');
        }
        text.push_str(&self.table.write(notation));
        if let Some(column) = column {
            text.extend(["(", &quoted(column, &['(', ')'], notation), ")"]);
        }
        text
    }
}
