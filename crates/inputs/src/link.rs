//! Joins: what a thing says of others is looked up when all files are read.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::extract::{Attr, Extract, Fault, Value};
use onus_model::plan::{From, Looked, Lookup, Plan, TypeId};
use onus_model::source::{FileId, Span};

/// What a run knows beside the files themselves.
#[derive(Clone, Debug, Default)]
pub struct Surroundings<'s> {
    /// The paths of all files that were met, by index, from the folder that is judged on; empty for those that are ignored.
    pub paths: Vec<&'s str>,
    /// The group of each file, by its index; files without one are in the first.
    pub groups: &'s [u16],
    /// Of each group those that it looks into, itself among them; without a word of a group it looks into all.
    pub sees: Vec<Vec<u16>>,
}

impl Surroundings<'_> {
    fn group(&self, file: usize) -> u16 {
        self.groups.get(file).copied().unwrap_or(0)
    }

    fn sees(&self, from: u16, to: u16) -> bool {
        self.sees
            .get(usize::from(from))
            .is_none_or(|all| all.contains(&to))
    }
}

/// Fills the attributes that are looked up. The order of the files changes nothing.
///
/// What cannot be read of those that are looked at is a fault of the one that asks.
pub fn link(plan: &Plan, extracts: &mut [(FileId, Extract)], surroundings: &Surroundings<'_>) {
    let asking: Vec<(TypeId, u16, &Lookup)> = (0..)
        .map(TypeId)
        .zip(&plan.types)
        .flat_map(|(id, entity_type)| {
            let attributes = (0..).zip(&entity_type.attributes);
            attributes.filter_map(move |(index, attribute)| match &attribute.from {
                From::Lookup(lookup) => Some((id, index, &**lookup)),
                _ => None,
            })
        })
        .collect();
    if asking.is_empty() {
        return;
    }
    let mut tables: BTreeMap<(Looked, &str, Option<&str>), Vec<Table>> = BTreeMap::new();
    for (_, _, lookup) in asking.iter().filter(|(_, _, lookup)| !lookup.same_file) {
        let theirs = lookup.equal.as_ref().map(|(theirs, _)| theirs.as_str());
        tables
            .entry((lookup.of, &lookup.attribute, theirs))
            .or_insert_with(|| match lookup.of {
                Looked::Files => of_files(surroundings),
                Looked::Things(of) => {
                    let mut tables = Vec::new();
                    for (file, extract) in extracts.iter() {
                        let table = place(&mut tables, surroundings.group(file.0 as usize));
                        of_things(plan, extract, of, lookup, table);
                    }
                    tables
                }
            });
    }
    for (file, extract) in extracts {
        let mut own_tables: BTreeMap<(Looked, &str, Option<&str>), Table> = BTreeMap::new();
        for (_, _, lookup) in asking.iter().filter(|(of, _, lookup)| {
            lookup.same_file && extract.entities.iter().any(|e| e.of == *of)
        }) {
            let theirs = lookup.equal.as_ref().map(|(theirs, _)| theirs.as_str());
            let key = (lookup.of, lookup.attribute.as_str(), theirs);
            if let (Looked::Things(of), false) = (lookup.of, own_tables.contains_key(&key)) {
                let mut table = Table::default();
                of_things(plan, extract, of, lookup, &mut table);
                own_tables.insert(key, table);
            }
        }
        let group = surroundings.group(file.0 as usize);
        for index in 0..extract.entities.len() {
            let Some(entity) = extract.entities.get(index) else {
                continue;
            };
            let found: Vec<(u16, Attr)> = asking
                .iter()
                .filter(|(of, _, _)| *of == entity.of)
                .map(|(of, attribute, lookup)| {
                    let theirs = lookup.equal.as_ref().map(|(theirs, _)| theirs.as_str());
                    let key = (lookup.of, lookup.attribute.as_str(), theirs);
                    let tables = tables.get(&key).filter(|_| !lookup.same_file);
                    let seen = (0..).zip(tables.into_iter().flatten());
                    let seen = seen
                        .filter(|(other, _)| surroundings.sees(group, *other))
                        .map(|(_, table)| table);
                    let own_file = own_tables.get(&key).filter(|_| lookup.same_file);
                    let seen: Vec<&Table> = seen.chain(own_file).collect();
                    let own = lookup.equal.as_ref().and_then(|(_, ours)| {
                        let attributes = &plan.entity_type(*of)?.attributes;
                        let place = attributes.iter().position(|a| a.name == *ours)?;
                        let mut present = entity.attributes.iter();
                        present
                            .find(|(i, _)| usize::from(*i) == place)
                            .map(|(_, attr)| attr)
                    });
                    let span = own.map_or(entity.head, |own| own.span);
                    let value = answer(&seen, lookup.equal.is_some(), own);
                    (*attribute, Attr { value, span })
                })
                .collect();
            if let Some(entity) = extract.entities.get_mut(index) {
                entity.attributes.extend(found);
                entity.attributes.sort_by_key(|(index, _)| *index);
            }
        }
    }
}

/// What a group of files says, by what it is asked for.
#[derive(Clone, Default)]
struct Table {
    values: BTreeMap<Option<Key>, BTreeSet<Key>>,
    /// Something that could not be read: any answer may lack it.
    fault: Option<(String, bool)>,
}

/// A single value that can be compared and ordered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Bool(bool),
    Long(i64),
    Text(Box<str>),
    Time(Box<str>),
}

impl Key {
    fn value(&self) -> Value {
        match self {
            Self::Bool(bool) => Value::Bool(*bool),
            Self::Long(long) => Value::Long(*long),
            Self::Text(text) => Value::String(text.clone()),
            Self::Time(text) => Value::Time(text.clone()),
        }
    }
}

/// The single values of a value.
///
/// # Errors
///
/// The fault in it, and whether it is merely unknown.
fn keys(value: &Value) -> Result<Vec<Key>, (String, bool)> {
    Ok(match value {
        Value::Bool(bool) => vec![Key::Bool(*bool)],
        Value::Long(long) => vec![Key::Long(*long)],
        Value::String(text) | Value::Ip(text) => vec![Key::Text(text.clone())],
        Value::Time(text) => vec![Key::Time(text.clone())],
        Value::Set(elements) => {
            let mut all = Vec::new();
            for element in elements {
                all.extend(keys(&element.value)?);
            }
            all
        }
        Value::Fault(fault) => return Err((fault.message.clone(), fault.unknown)),
        Value::Record(_) | Value::Entity(_) => Vec::new(),
    })
}

fn of_files(surroundings: &Surroundings<'_>) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for (index, path) in surroundings.paths.iter().enumerate() {
        if path.is_empty() {
            continue;
        }
        let key = Key::Text((*path).into());
        // Asked for by its own path, a file is there or not.
        let table = place(&mut tables, surroundings.group(index));
        table.values.entry(None).or_default().insert(key.clone());
        let own = table.values.entry(Some(key.clone())).or_default();
        own.insert(key);
    }
    tables
}

/// Adds what the things of one file say.
fn of_things(plan: &Plan, extract: &Extract, of: TypeId, lookup: &Lookup, table: &mut Table) {
    let Some(entity_type) = plan.entity_type(of) else {
        return;
    };
    let index = |name: &str| entity_type.attributes.iter().position(|a| a.name == name);
    let theirs = lookup.equal.as_ref().map(|(theirs, _)| index(theirs));
    let wanted = index(&lookup.attribute);
    for entity in extract.entities.iter().filter(|e| e.of == of) {
        if let Some(fault) = &entity.fault {
            table.fault.get_or_insert((fault.0.message.clone(), false));
            continue;
        }
        let read = |index: Option<usize>| {
            let mut present = entity.attributes.iter();
            let attr = present.find(|(i, _)| Some(usize::from(*i)) == index);
            attr.map_or(Ok(Vec::new()), |(_, attr)| keys(&attr.value))
        };
        let by = match theirs {
            Some(theirs) => read(theirs).map(|k| k.into_iter().map(Some).collect()),
            None => Ok(vec![None]),
        };
        match (by, read(wanted)) {
            (Ok(by), Ok(values)) => {
                for key in by {
                    let known = table.values.entry(key).or_default();
                    known.extend(values.iter().cloned());
                }
            }
            (Err(fault), _) | (_, Err(fault)) => {
                table.fault.get_or_insert(fault);
            }
        }
    }
}

fn place(tables: &mut Vec<Table>, group: u16) -> &mut Table {
    let index = usize::from(group);
    if tables.len() <= index {
        tables.resize(index + 1, Table::default());
    }
    // It was just made long enough.
    #[expect(clippy::indexing_slicing, reason = "the line above makes it")]
    &mut tables[index]
}

fn answer(tables: &[&Table], by: bool, own: Option<&Attr>) -> Value {
    let asked = match (by, own) {
        (false, _) => vec![None],
        (true, None) => Vec::new(),
        (true, Some(own)) => match keys(&own.value) {
            Ok(keys) => keys.into_iter().map(Some).collect(),
            Err((message, unknown)) => return fault(message, unknown),
        },
    };
    if asked.is_empty() {
        return Value::Set(Vec::new());
    }
    if let Some((message, unknown)) = tables.iter().find_map(|t| t.fault.as_ref()) {
        return fault(format!("what is looked up: {message}"), *unknown);
    }
    let mut all: BTreeSet<&Key> = BTreeSet::new();
    for table in tables {
        for key in &asked {
            all.extend(table.values.get(key).into_iter().flatten());
        }
    }
    let attr = |key: &Key| Attr {
        value: key.value(),
        span: Span::default(),
    };
    Value::Set(all.into_iter().map(attr).collect())
}

fn fault(message: String, unknown: bool) -> Value {
    Value::Fault(Box::new(Fault {
        message,
        also: None,
        unknown,
    }))
}
