//! What a policy observes, bound to the plan: the way from an extracted thing to the key of a question.

use std::sync::Arc;

use onus_model::extract::{Attr, Entity, Extract, Fault, Value};
use onus_model::plan::{Attribute, From, Plan, Shape, TypeId};
use onus_model::source::Span;

use crate::observe::Trie;

/// A [`Trie`] whose members are indices into the attributes of the plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lens {
    pub(crate) whole: bool,
    /// Where the value is not used as a whole: the texts that it is compared with, in order.
    pub(crate) equals: Vec<String>,
    pub(crate) tags: bool,
    pub(crate) members: Vec<(u16, Lens)>,
    /// It is a value that somebody wrote, and not where the thing stands.
    pub(crate) written: bool,
    /// Its value is never shown.
    pub(crate) secret: bool,
    /// The whole path, for people.
    pub(crate) path: Arc<str>,
    pub(crate) first: Span,
}

/// What a value holds that a lens can look into.
#[derive(Clone, Copy)]
pub(crate) enum Members<'p> {
    /// The attributes of a type or a record.
    Declared(&'p [Attribute]),
    /// The members that a converter makes.
    Made(&'static [&'static str]),
    /// Nothing.
    None,
}

impl<'p> Members<'p> {
    /// What an entity of a type holds.
    pub(crate) fn of_type(plan: &'p Plan, id: TypeId) -> Self {
        plan.entity_type(id)
            .map_or(Self::None, |t| Self::Declared(&t.attributes))
    }

    /// What a value of a shape holds.
    pub(crate) fn of_shape(plan: &'p Plan, shape: &'p Shape) -> Self {
        match shape {
            Shape::Record(attributes) => Self::Declared(attributes),
            Shape::Converted(converter) => Self::Made(converter.members()),
            Shape::Entity(id) => Self::of_type(plan, *id),
            Shape::Bool | Shape::Long | Shape::String | Shape::Text | Shape::Set(_) => Self::None,
        }
    }

    /// The index of a member and what it holds in turn.
    fn find(self, plan: &'p Plan, name: &str) -> Option<(u16, Self)> {
        let (index, members) = match self {
            Self::Declared(attributes) => {
                let index = attributes.iter().position(|a| a.name == name)?;
                let shape = &attributes.get(index)?.shape;
                (index, Self::of_shape(plan, shape))
            }
            Self::Made(names) => (names.iter().position(|n| *n == name)?, Self::None),
            Self::None => return None,
        };
        Some((u16::try_from(index).ok()?, members))
    }

    /// Whether a member is read from what somebody wrote.
    fn written(self, index: u16) -> bool {
        match self {
            Self::Declared(attributes) => {
                attributes
                    .get(usize::from(index))
                    .is_some_and(|a| match a.from {
                        From::Member
                        | From::Path(_)
                        | From::Paths(_)
                        | From::Count(_)
                        | From::Keys
                        | From::Chained
                        | From::Lookup(_) => true,
                        From::List | From::Key | From::Enclosing(_) => false,
                    })
            }
            Self::Made(_) => true,
            Self::None => false,
        }
    }

    /// Whether the schema says that a member is never shown.
    fn secret(self, index: u16) -> bool {
        match self {
            Self::Declared(attributes) => {
                attributes.get(usize::from(index)).is_some_and(|a| a.secret)
            }
            Self::Made(_) | Self::None => false,
        }
    }

    /// The names of all members.
    fn names(self) -> Vec<&'p str> {
        match self {
            Self::Declared(attributes) => attributes.iter().map(|a| a.name.as_str()).collect(),
            Self::Made(names) => names.to_vec(),
            Self::None => Vec::new(),
        }
    }

    /// The name of a member.
    pub(crate) fn name(self, index: u16) -> &'p str {
        let index = usize::from(index);
        match self {
            Self::Declared(attributes) => attributes.get(index).map_or("", |a| a.name.as_str()),
            Self::Made(names) => names.get(index).copied().unwrap_or(""),
            Self::None => "",
        }
    }

    /// What a member holds.
    pub(crate) fn inside(self, plan: &'p Plan, index: u16) -> Self {
        match self {
            Self::Declared(attributes) => attributes
                .get(usize::from(index))
                .map_or(Self::None, |a| Self::of_shape(plan, &a.shape)),
            Self::Made(_) | Self::None => Self::None,
        }
    }
}

/// A name that a policy uses and that what it looks into does not have.
pub(crate) struct Unknown<'p> {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// The names that are there.
    pub(crate) known: Vec<&'p str>,
}

/// The names in a trie that the plan does not have.
pub(crate) fn unknown<'p>(trie: &Trie, plan: &'p Plan, members: Members<'p>) -> Vec<Unknown<'p>> {
    let mut found = Vec::new();
    for (name, inner) in &trie.members {
        match members.find(plan, name) {
            Some((_, inside)) => found.extend(unknown(inner, plan, inside)),
            None => found.push(Unknown {
                name: name.clone(),
                span: inner.first.unwrap_or_default(),
                known: members.names(),
            }),
        }
    }
    found
}

impl Lens {
    /// Binds a trie. `None` if it names something that the plan does not have: then anything may matter.
    pub(crate) fn new(trie: &Trie, plan: &Plan, members: Members<'_>, path: &str) -> Option<Self> {
        let mut bound = Vec::with_capacity(trie.members.len());
        for (name, inner) in &trie.members {
            let (index, inside) = members.find(plan, name)?;
            let lens = Self::new(inner, plan, inside, &format!("{path}.{name}"))?;
            let written = members.written(index);
            let mut lens = Self { written, ..lens };
            if members.secret(index) {
                lens.hide();
            }
            bound.push((index, lens));
        }
        bound.sort_by_key(|(index, _)| *index);
        Some(Self {
            whole: trie.whole,
            equals: trie.equals.iter().cloned().collect(),
            tags: trie.tags,
            members: bound,
            written: true,
            secret: false,
            path: path.into(),
            first: trie.first.unwrap_or_default(),
        })
    }

    /// Neither the value nor what is in it is shown.
    fn hide(&mut self) {
        self.secret = true;
        for (_, inner) in &mut self.members {
            inner.hide();
        }
    }

    /// Appends all that the lens sees of an entity to the key of a question. Tells whether it met a fault.
    ///
    /// The encoding is prefix-free: every value begins with its kind, and whatever has a length begins with it.
    pub(crate) fn entity_key(&self, extract: &Extract, index: u32, key: &mut Vec<u8>) -> bool {
        let Some(entity) = extract.entities.get(index as usize) else {
            key.push(kind::ABSENT);
            return false;
        };
        key.push(kind::ENTITY);
        key.extend(entity.of.0.to_le_bytes());
        let mut fault = entity.fault.is_some();
        if self.whole || !self.equals.is_empty() {
            let mut next = Some(index);
            while let Some(ancestor) = next.and_then(|i| extract.entities.get(i as usize)) {
                key.push(kind::ENTITY);
                key.extend(ancestor.of.0.to_le_bytes());
                text_key(&ancestor.id, key);
                next = ancestor.parent;
            }
            key.push(kind::END);
        }
        if self.tags {
            count_key(entity.tags.len(), key);
            for (name, attr) in &entity.tags {
                text_key(name, key);
                fault |= whole_key(extract, attr, key);
            }
        }
        fault | self.members_key(extract, &entity.attributes, key)
    }

    fn members_key(&self, extract: &Extract, present: &[(u16, Attr)], key: &mut Vec<u8>) -> bool {
        let mut fault = false;
        for (index, lens) in &self.members {
            match member(present, *index) {
                Some(attr) => fault |= lens.value_key(extract, attr, key),
                None => key.push(kind::ABSENT),
            }
        }
        fault
    }

    fn value_key(&self, extract: &Extract, attr: &Attr, key: &mut Vec<u8>) -> bool {
        match &attr.value {
            Value::Entity(index) => self.entity_key(extract, *index, key),
            Value::Fault(_) => {
                key.push(kind::FAULT);
                true
            }
            _ if self.whole => whole_key(extract, attr, key),
            Value::String(text) if !self.equals.is_empty() => {
                key.push(kind::COMPARED);
                match self
                    .equals
                    .iter()
                    .position(|known| known.as_str() == &**text)
                {
                    Some(index) => count_key(index + 1, key),
                    None => count_key(0, key),
                }
                false
            }
            // What is no text is equal to none, but what else it is may be seen by others.
            _ if !self.equals.is_empty() => whole_key(extract, attr, key),
            Value::Record(present) => {
                key.push(kind::RECORD);
                self.members_key(extract, present, key)
            }
            // Only its presence is asked.
            Value::Bool(_)
            | Value::Long(_)
            | Value::String(_)
            | Value::Ip(_)
            | Value::Time(_)
            | Value::Set(_) => {
                key.push(kind::PRESENT);
                false
            }
        }
    }

    /// The first fault that the lens sees of an entity, and where.
    pub(crate) fn fault<'e>(
        &self,
        extract: &'e Extract,
        entity: &'e Entity,
    ) -> Option<(&'e Fault, Span)> {
        if let Some(fault) = &entity.fault {
            return Some((&fault.0, fault.1));
        }
        if self.tags
            && let Some(found) = entity.tags.iter().find_map(|(_, attr)| any_fault(attr))
        {
            return Some(found);
        }
        self.members_fault(extract, &entity.attributes)
    }

    /// The first fault of an entity or of anything in its object.
    pub(crate) fn anything<'e>(
        extract: &'e Extract,
        entity: &'e Entity,
    ) -> Option<(&'e Fault, Span)> {
        extract
            .entities
            .iter()
            .filter(|e| e.object == entity.object)
            .find_map(|e| {
                let own = e.fault.as_ref().map(|f| (&f.0, f.1));
                own.or_else(|| e.attributes.iter().find_map(|(_, attr)| any_fault(attr)))
                    .or_else(|| e.tags.iter().find_map(|(_, attr)| any_fault(attr)))
            })
    }

    fn members_fault<'e>(
        &self,
        extract: &'e Extract,
        present: &'e [(u16, Attr)],
    ) -> Option<(&'e Fault, Span)> {
        self.members.iter().find_map(|(index, lens)| {
            let attr = member(present, *index)?;
            match &attr.value {
                Value::Entity(index) => lens.fault(extract, extract.entities.get(*index as usize)?),
                Value::Fault(fault) => Some((fault.as_ref(), attr.span)),
                _ if lens.whole || !lens.equals.is_empty() => any_fault(attr),
                Value::Record(present) => lens.members_fault(extract, present),
                Value::Bool(_)
                | Value::Long(_)
                | Value::String(_)
                | Value::Ip(_)
                | Value::Time(_)
                | Value::Set(_) => None,
            }
        })
    }
}

/// The member of a record or entity with this index.
pub(crate) fn member(present: &[(u16, Attr)], index: u16) -> Option<&Attr> {
    present
        .iter()
        .find(|(i, _)| *i == index)
        .map(|(_, attr)| attr)
}

/// Kinds of values in a key.
mod kind {
    pub(super) const ABSENT: u8 = 0;
    pub(super) const FAULT: u8 = 1;
    pub(super) const PRESENT: u8 = 2;
    pub(super) const BOOL: u8 = 3;
    pub(super) const LONG: u8 = 4;
    pub(super) const STRING: u8 = 5;
    pub(super) const IP: u8 = 6;
    pub(super) const SET: u8 = 7;
    pub(super) const RECORD: u8 = 8;
    pub(super) const ENTITY: u8 = 9;
    pub(super) const END: u8 = 10;
    pub(super) const COMPARED: u8 = 11;
    pub(super) const TIME: u8 = 12;
}

fn count_key(count: usize, key: &mut Vec<u8>) {
    key.extend((count as u64).to_le_bytes());
}

fn text_key(text: &str, key: &mut Vec<u8>) {
    count_key(text.len(), key);
    key.extend(text.as_bytes());
}

/// A whole value. An entity inside is its id and its ancestors, which is what equality and `in` can see of it.
fn whole_key(extract: &Extract, attr: &Attr, key: &mut Vec<u8>) -> bool {
    match &attr.value {
        Value::Bool(bool) => key.extend([kind::BOOL, u8::from(*bool)]),
        Value::Long(long) => {
            key.push(kind::LONG);
            key.extend(long.to_le_bytes());
        }
        Value::String(text) => {
            key.push(kind::STRING);
            text_key(text, key);
        }
        Value::Ip(text) => {
            key.push(kind::IP);
            text_key(text, key);
        }
        Value::Time(text) => {
            key.push(kind::TIME);
            text_key(text, key);
        }
        Value::Set(elements) => {
            key.push(kind::SET);
            count_key(elements.len(), key);
            let mut fault = false;
            for element in elements {
                fault |= whole_key(extract, element, key);
            }
            return fault;
        }
        Value::Record(present) => {
            key.push(kind::RECORD);
            count_key(present.len(), key);
            let mut fault = false;
            for (index, attr) in present {
                key.extend(index.to_le_bytes());
                fault |= whole_key(extract, attr, key);
            }
            return fault;
        }
        Value::Entity(index) => {
            let lens = Lens {
                whole: true,
                ..Lens::default()
            };
            return lens.entity_key(extract, *index, key);
        }
        Value::Fault(_) => {
            key.push(kind::FAULT);
            return true;
        }
    }
    false
}

/// The first fault inside a value.
fn any_fault(attr: &Attr) -> Option<(&Fault, Span)> {
    match &attr.value {
        Value::Fault(fault) => Some((fault.as_ref(), attr.span)),
        Value::Set(elements) => elements.iter().find_map(any_fault),
        Value::Record(present) => present.iter().find_map(|(_, attr)| any_fault(attr)),
        Value::Bool(_)
        | Value::Long(_)
        | Value::String(_)
        | Value::Ip(_)
        | Value::Time(_)
        | Value::Entity(_) => None,
    }
}
