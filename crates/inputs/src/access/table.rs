//! Tables of roles: whatever a schema declares to say something about access (`@access`).

use std::collections::BTreeMap;
use std::sync::Arc;

use onus_model::access::{
    Access, Account, At, Binding, Effect, Given, Holder, Membership, Names, Notation, Reach, Role,
    Rule, Subject, SubjectKind, System, Word,
};
use onus_model::extract::{Attr, Entity, Extract, Value};
use onus_model::plan::{AccessNoun, Plan};
use onus_model::problem::Problem;
use onus_model::source::{Span, Text};

/// What the rows of a file say. `plan` is the one that it was extracted by.
pub(super) fn read(
    file: u32,
    text: &Text,
    plan: &Plan,
    extract: &Extract,
) -> (Access, Vec<Problem>) {
    let mut reader = Reader {
        file,
        text,
        plan,
        extract,
        names: Names::default(),
        systems: BTreeMap::new(),
        roles: BTreeMap::new(),
        access: Access::default(),
        problems: Vec::new(),
    };
    for entity in &extract.entities {
        reader.row(entity);
    }
    let Reader {
        mut access,
        roles,
        problems,
        ..
    } = reader;
    access.roles = roles.into_values().collect();
    (access, problems)
}

type RoleKey = (Arc<System>, Arc<str>, Option<Arc<str>>);

struct Reader<'t> {
    file: u32,
    text: &'t Text,
    plan: &'t Plan,
    extract: &'t Extract,
    names: Names,
    /// By the format's name.
    systems: BTreeMap<&'t str, Arc<System>>,
    /// By system, name and scope.
    roles: BTreeMap<RoleKey, Role>,
    access: Access,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    fn row(&mut self, entity: &'t Entity) {
        let Some(of) = self.plan.entity_type(entity.of) else {
            return;
        };
        let Some(noun) = of.access else {
            return;
        };
        if let Some(fault) = &entity.fault {
            self.problem(&fault.0.message, fault.1);
            return;
        }
        let Some(system) = self.system(entity) else {
            return;
        };
        let row = Row {
            system,
            scope: self.word(entity, "scope").map(|word| word.text),
        };
        // A fault in any attribute, and the row is not understood.
        let faults: Vec<(String, Span)> = entity
            .attributes
            .iter()
            .filter_map(|(_, attr)| match &attr.value {
                Value::Fault(fault) => Some((fault.message.clone(), attr.span)),
                _ => None,
            })
            .collect();
        if !faults.is_empty() {
            for (message, span) in faults {
                self.problem(&message, span);
            }
            return;
        }
        if self.lacks(entity, noun) {
            return;
        }
        match noun {
            AccessNoun::Role => {
                if let Some(name) = self.word(entity, "name") {
                    self.role(&row, name);
                }
            }
            AccessNoun::Member => self.member(entity, &row),
            AccessNoun::Permission => self.permission(entity, &row),
            AccessNoun::Membership => {
                let member = self.holder(entity, &row, "subject");
                let group = self.word(entity, "group");
                if let (Some(member), Some(group)) = (member, group) {
                    self.access.memberships.push(Membership {
                        member: member.subject,
                        group: Subject {
                            system: row.system.clone(),
                            kind: SubjectKind::Group,
                            name: group.text,
                        },
                        at: member.at,
                    });
                }
            }
            AccessNoun::Account => self.account(entity, &row),
        }
    }

    /// Whether a row lacks what makes it say anything: then that is told.
    fn lacks(&mut self, entity: &'t Entity, noun: AccessNoun) -> bool {
        let needed: &[&[&str]] = match noun {
            AccessNoun::Role => &[&["name"]],
            AccessNoun::Member => &[&["subject"], &["role"]],
            AccessNoun::Permission => &[&["action"], &["role", "subject"]],
            AccessNoun::Membership => &[&["subject"], &["group"]],
            AccessNoun::Account => &[&["subject"]],
        };
        for names in needed {
            if names.iter().all(|name| self.word(entity, name).is_none()) {
                let names = names.join("` or `");
                self.problem(
                    &format!("it has no `{names}`, and says nothing"),
                    entity.head,
                );
                return true;
            }
        }
        false
    }

    fn member(&mut self, entity: &Entity, row: &Row) {
        let holder = self.holder(entity, row, "subject");
        let role = self.word(entity, "role");
        let grantable = self.flag(entity, "grantable");
        let conditions = self.word(entity, "condition").into_iter().collect();
        if let (Some(holder), Some(role)) = (holder, role) {
            self.access.bindings.push(Binding {
                system: row.system.clone(),
                name: "".into(),
                scope: row.scope.clone(),
                given: Given::Role {
                    name: role,
                    scope: None,
                },
                at: holder.at,
                holders: vec![holder],
                grantable,
                conditions,
            });
        }
    }

    fn permission(&mut self, entity: &Entity, row: &Row) {
        let Some(action) = self.word(entity, "action") else {
            return;
        };
        let effect = match self.word(entity, "effect") {
            None => Effect::Allow,
            Some(word) => match word.text.to_lowercase().as_str() {
                "allow" | "permit" | "yes" | "true" => Effect::Allow,
                "deny" | "forbid" | "no" | "false" => Effect::Deny,
                other => {
                    self.problem(
                        &format!("`{other}` is neither `allow` nor `deny`"),
                        word.at.span,
                    );
                    return;
                }
            },
        };
        let rule = Rule {
            effect,
            at: action.at,
            reach: Reach {
                actions: vec![action],
                resources: self.word(entity, "resource").into_iter().collect(),
                ..Reach::default()
            },
            except: Vec::new(),
            conditions: self.word(entity, "condition").into_iter().collect(),
            grantable: self.flag(entity, "grantable"),
        };
        if let Some(role) = self.word(entity, "role") {
            self.role(row, role).rules.push(rule);
        } else if let Some(holder) = self.holder(entity, row, "subject") {
            self.access.bindings.push(Binding {
                system: row.system.clone(),
                name: "".into(),
                scope: row.scope.clone(),
                given: Given::Rules(vec![rule]),
                at: holder.at,
                holders: vec![holder],
                grantable: false,
                conditions: Vec::new(),
            });
        }
    }

    fn account(&mut self, entity: &Entity, row: &Row) {
        let Some(holder) = self.holder(entity, row, "subject") else {
            return;
        };
        let plan = self.plan;
        let attributes = plan
            .entity_type(entity.of)
            .map_or(&[][..], |of| &of.attributes);
        let mut facts = Vec::new();
        for (index, attr) in &entity.attributes {
            let Some(attribute) = attributes.get(usize::from(*index)) else {
                continue;
            };
            if ["subject", "kind", "scope"].contains(&attribute.name.as_str()) {
                continue;
            }
            let values: Vec<&Attr> = match &attr.value {
                Value::Set(elements) => elements.iter().collect(),
                _ => vec![attr],
            };
            for value in values {
                if let Some(word) = self.scalar(value) {
                    facts.push((Arc::from(attribute.name.as_str()), word));
                }
            }
        }
        self.access.accounts.push(Account {
            subject: holder.subject,
            facts,
            at: holder.at,
        });
    }

    /// The role of a name, made where it is first named.
    fn role(&mut self, row: &Row, name: Word) -> &mut Role {
        let key = (row.system.clone(), name.text.clone(), row.scope.clone());
        self.roles.entry(key).or_insert_with(|| Role {
            system: row.system.clone(),
            name,
            scope: row.scope.clone(),
            rules: Vec::new(),
            labels: Vec::new(),
            aggregates: Vec::new(),
        })
    }

    fn holder(&mut self, entity: &Entity, row: &Row, attribute: &str) -> Option<Holder> {
        let name = self.word(entity, attribute)?;
        let kind = match self.word(entity, "kind") {
            None => SubjectKind::User,
            Some(word) => {
                let kind = word.text.to_lowercase();
                let known = SubjectKind::ALL.into_iter().find(|k| k.name() == kind);
                if known.is_none() {
                    let names = SubjectKind::ALL.map(SubjectKind::name).join("`, `");
                    self.problem(
                        &format!("`{kind}` is no kind of subject: there is `{names}`"),
                        word.at.span,
                    );
                }
                known?
            }
        };
        Some(Holder {
            subject: Subject {
                system: row.system.clone(),
                kind,
                name: name.text,
            },
            at: name.at,
        })
    }

    /// The system that a row belongs to.
    fn system(&mut self, entity: &Entity) -> Option<Arc<System>> {
        let plan = self.plan;
        let of = plan.entity_type(entity.of)?;
        let format = plan.format(of.format)?;
        let system = self.systems.entry(&format.name).or_insert_with(|| {
            let own = || plan.systems.iter().find(|s| s.namespace == format.name);
            let named = format.system.as_deref().and_then(|name| plan.system(name));
            named.or_else(own).map_or_else(
                || {
                    let lower = || format.name.to_lowercase();
                    let name = format.system.clone().unwrap_or_else(lower);
                    System::new(name.as_str(), Notation::of(&name))
                },
                |declared| declared.system.clone(),
            )
        });
        Some(system.clone())
    }

    fn attribute(&self, entity: &'t Entity, name: &str) -> Option<&'t Attr> {
        let of = self.plan.entity_type(entity.of)?;
        let index = of.attributes.iter().position(|a| a.name == name)?;
        let found = entity
            .attributes
            .iter()
            .find(|(i, _)| usize::from(*i) == index);
        found.map(|(_, attr)| attr)
    }

    fn flag(&self, entity: &Entity, name: &str) -> bool {
        let of = self.plan.entity_type(entity.of);
        let index = of.and_then(|of| of.attributes.iter().position(|a| a.name == name));
        entity
            .attributes
            .iter()
            .any(|(i, attr)| Some(usize::from(*i)) == index && attr.value == Value::Bool(true))
    }

    /// The text of an attribute; of an entity that it leads to, its name. An empty one is none: a cell of a table is always there.
    fn word(&mut self, entity: &Entity, name: &str) -> Option<Word> {
        let of = self.plan.entity_type(entity.of)?;
        let index = of.attributes.iter().position(|a| a.name == name)?;
        let (_, attr) = entity
            .attributes
            .iter()
            .find(|(i, _)| usize::from(*i) == index)?;
        let attr = match &attr.value {
            Value::Entity(other) => {
                let other = self.extract.entities.get(*other as usize)?;
                self.attribute(other, "name")?
            }
            _ => attr,
        };
        self.scalar(attr).filter(|word| !word.text.is_empty())
    }

    fn scalar(&mut self, attr: &Attr) -> Option<Word> {
        let text = match &attr.value {
            Value::String(text) | Value::Ip(text) | Value::Time(text) => self.names.get(text),
            Value::Bool(bool) => self.names.get(&bool.to_string()),
            Value::Long(long) => self.names.get(&long.to_string()),
            Value::Set(_) | Value::Record(_) | Value::Entity(_) | Value::Fault(_) => return None,
        };
        Some(Word::new(text, self.at(attr.span)))
    }

    fn at(&self, span: Span) -> At {
        At {
            file: self.file,
            span,
        }
    }

    fn problem(&mut self, message: &str, span: Span) {
        self.problems
            .push(Problem::warning(message).at(self.text, span, ""));
    }
}

/// What all nouns of a row share.
struct Row {
    system: Arc<System>,
    scope: Option<Arc<str>>,
}
