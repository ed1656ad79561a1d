//! What one grantee holds, and what giving and taking does to it.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::access::{At, Notation};
use onus_model::privileges::covers;

use super::statement::Target;

/// A column, and where it is written.
pub(super) type Column = (String, At);

/// A privilege at a place.
#[derive(Clone, Debug)]
pub(super) struct Area {
    /// Its canonical name, and where it is written.
    pub(super) privilege: (String, At),
    /// Only on these columns.
    pub(super) columns: Vec<Column>,
    pub(super) target: Target,
    /// Where the target is written.
    pub(super) target_at: At,
}

/// One privilege that is held.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) area: Area,
    /// What was taken out of it.
    pub(super) holes: Vec<Area>,
    pub(super) grantable: bool,
    /// What must hold when it is used.
    pub(super) condition: Option<(String, At)>,
    /// Whether it is on things that are yet to be made.
    pub(super) default: bool,
    /// Where the element of the statement stands.
    pub(super) at: At,
    /// Where its holder is named.
    pub(super) holder: At,
    /// When it was given.
    pub(super) order: usize,
}

/// All that one grantee holds, by what it is on: a statement about one table looks only at what can reach that table, for a
/// script may have many of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    near: BTreeMap<Anchor, Vec<Held>>,
    /// How many were given.
    given: usize,
}

/// The table; where that is open, the database; where both are, nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Anchor {
    Table(String),
    Database(String),
    Open,
}

fn anchor(target: &Target) -> Anchor {
    if !target.table.open {
        return Anchor::Table(target.table.text.clone());
    }
    match &target.database {
        Some(database) if !database.open => Anchor::Database(database.text.clone()),
        _ => Anchor::Open,
    }
}

impl Holdings {
    pub(super) fn clear(&mut self) {
        self.near.clear();
    }

    /// In the order in which they were given.
    pub(super) fn in_order(&self) -> Vec<&Held> {
        let mut all: Vec<_> = self.near.values().flatten().collect();
        all.sort_by_key(|held| held.order);
        all
    }

    /// Calls with all that may reach the target.
    fn each(&mut self, target: &Target, mut call: impl FnMut(&mut Vec<Held>)) {
        match &target.database {
            Some(database) if !database.open && !target.table.open => {
                let keys = [
                    Anchor::Table(target.table.text.clone()),
                    Anchor::Database(database.text.clone()),
                    Anchor::Open,
                ];
                for key in &keys {
                    if let Some(held) = self.near.get_mut(key) {
                        call(held);
                    }
                }
            }
            _ => self.near.values_mut().for_each(call),
        }
    }

    /// Adds what is given. What was taken out of something wider and is given again, is in it again.
    pub(super) fn give(&mut self, notation: Notation, mut new: Held) {
        self.each(&new.area.target, |held| heal(notation, held, &new));
        self.given += 1;
        new.order = self.given;
        let all = self.near.entry(anchor(&new.area.target)).or_default();
        add(all, new);
    }

    /// Takes away. Says where the files do not tell whether something was taken; then it is still held.
    pub(super) fn take(
        &mut self,
        notation: Notation,
        taken: &Area,
        default: Option<&str>,
    ) -> Option<Doubt> {
        let mut doubt = None;
        self.each(&taken.target, |held| {
            doubt = doubt.max(take(notation, held, taken, default));
        });
        doubt
    }

    /// Takes away only that it may be given to others.
    pub(super) fn take_option(
        &mut self,
        notation: Notation,
        taken: &Area,
        default: Option<&str>,
    ) -> Option<Doubt> {
        let mut doubt = None;
        self.each(&taken.target, |held| {
            doubt = doubt.max(take_option(notation, held, taken, default));
        });
        doubt
    }
}

/// What became of a revoke that the files do not settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// Where one of the two places is, is not known.
    Place,
    /// A part is taken, and the whole is told.
    Part,
}

impl Area {
    fn has(&self) -> impl Fn(&Column) -> bool {
        let names: BTreeSet<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        move |(name, _)| names.contains(name.as_str())
    }

    /// Whether these columns are all of those. None at all stands for the whole table.
    fn columns_cover(&self, other: &[Column]) -> bool {
        self.columns.is_empty() || !other.is_empty() && other.iter().all(self.has())
    }

    fn columns_meet(&self, other: &[Column]) -> bool {
        self.columns.is_empty() || other.is_empty() || other.iter().any(self.has())
    }

    /// Whether nothing is outside of it.
    pub(super) fn is_everything(&self) -> bool {
        self.privilege.0 == "ALL" && self.columns.is_empty() && self.target.is_everything()
    }

    fn covers(&self, notation: Notation, other: &Self) -> bool {
        self.target.covers(&other.target)
            && self.columns_cover(&other.columns)
            && privilege_covers(notation, self, other)
    }
}

fn privilege_covers(notation: Notation, a: &Area, b: &Area) -> bool {
    a.privilege.0 == b.privilege.0 || covers(notation, &a.privilege.0, &b.privilege.0)
}

fn condition(held: &Held) -> Option<&str> {
    held.condition.as_ref().map(|(text, _)| text.as_str())
}

/// Closes the holes that are given again.
fn heal(notation: Notation, all: &mut [Held], new: &Held) {
    for held in all.iter_mut().filter(|h| !h.holes.is_empty()) {
        let may_heal = condition(held) == condition(new)
            && held.default == new.default
            && (new.grantable || !held.grantable);
        if !may_heal {
            continue;
        }
        let area = &held.area;
        held.holes.retain_mut(|hole| {
            let place = hole.target.within(&area.target);
            let heals = (privilege_covers(notation, &new.area, hole)
                || privilege_covers(notation, &new.area, area))
                && new.area.target.covers(&place);
            if !heals {
                return true;
            }
            if new.area.columns_cover(&hole.columns) {
                return false;
            }
            // The columns that are not given again are still out.
            if !hole.columns.is_empty() {
                let again = new.area.has();
                hole.columns.retain(|column| !again(column));
            }
            true
        });
    }
}

/// Adds to what is held at such places, unless it is held already.
fn add(all: &mut Vec<Held>, new: Held) {
    let same = |held: &Held| {
        held.area.privilege.0 == new.area.privilege.0
            && held.default == new.default
            && held.area.target.is(&new.area.target)
            && condition(held) == condition(&new)
    };
    let known = all.iter().any(|held| {
        same(held)
            && held.holes.is_empty()
            && held.area.columns_cover(&new.area.columns)
            && (held.grantable || !new.grantable)
    });
    if known {
        return;
    }
    all.retain(|held| {
        let better = same(held)
            && new.area.columns_cover(&held.area.columns)
            && (new.grantable || !held.grantable);
        !better
    });
    all.push(new);
}

fn take(
    notation: Notation,
    all: &mut Vec<Held>,
    taken: &Area,
    default: Option<&str>,
) -> Option<Doubt> {
    let mut doubt = None;
    all.retain_mut(|held| {
        let Some(whole) = reached(notation, held, taken, default, &mut doubt) else {
            return true;
        };
        if whole && taken.columns.is_empty() {
            return false;
        }
        if whole && !held.area.columns.is_empty() {
            let gone = taken.has();
            held.area.columns.retain(|column| !gone(column));
            return !held.area.columns.is_empty();
        }
        if taken.target.only.is_some() && taken.target.class.is_none() {
            // What a source is held to has no place in what is left out.
            doubt = doubt.max(Some(Doubt::Part));
            return true;
        }
        if !held.holes.iter().any(|hole| hole.covers(notation, taken)) {
            held.holes.retain(|hole| !taken.covers(notation, hole));
            held.holes.push(taken.clone());
        }
        true
    });
    doubt
}

fn take_option(
    notation: Notation,
    all: &mut [Held],
    taken: &Area,
    default: Option<&str>,
) -> Option<Doubt> {
    let mut doubt = None;
    for held in all.iter_mut().filter(|h| h.grantable) {
        match reached(notation, held, taken, default, &mut doubt) {
            Some(true) if taken.columns_cover(&held.area.columns) => held.grantable = false,
            Some(_) => doubt = doubt.max(Some(Doubt::Part)),
            None => {}
        }
    }
    doubt
}

/// Whether what is taken reaches what is held, and then whether it reaches all of its place and privilege.
fn reached(
    notation: Notation,
    held: &Held,
    taken: &Area,
    default: Option<&str>,
    doubt: &mut Option<Doubt>,
) -> Option<bool> {
    let ours = if held.default { condition(held) } else { None };
    if ours != default {
        return None;
    }
    let meets = taken.target.meets(&held.area.target);
    if meets == Some(false) || !taken.columns_meet(&held.area.columns) {
        return None;
    }
    let above = privilege_covers(notation, taken, &held.area);
    if !above && !privilege_covers(notation, &held.area, taken) {
        return None;
    }
    // In PostgreSQL a column is not taken out of a table.
    let column = !taken.columns.is_empty() && held.area.columns.is_empty();
    if column && notation == Notation::PostgreSql {
        return None;
    }
    if meets.is_none() {
        *doubt = (*doubt).max(Some(Doubt::Place));
        return None;
    }
    Some(above && taken.target.covers(&held.area.target))
}
