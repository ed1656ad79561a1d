//! Asking each distinct question once gives what asking every policy about every resource gives.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of a test may stop it"
)]

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use onus_engine::{
    CheckSource, Limits, Packs, Program, SchemaSource, Selection, compile, evaluate,
};
use onus_model::assessment::Verdict;
use onus_model::check::Severity;
use onus_model::extract::{Attr, Entity as Thing, Extract, Fault, Object, Value};
use onus_model::plan::{Attribute, Shape, TypeId};
use onus_model::source::{FileId, Span, Text};
use proptest::prelude::*;

/// Attribute names are all different, so that a policy reads an attribute if it names it.
const SCHEMA: &str = r#"
@files("*.yaml")
namespace T {
  entity Group in [Group] = { size?: Long };
  entity Box in [Group] = { label?: String, open?: Bool, group: Group } tags String;
  entity Item in [Box] = {
    amount?: Long,
    count?: Long,
    title?: String,
    words?: Set<String>,
    nested?: { flag?: Bool, inner?: { deep?: Long } },
    box: Box,
  } tags String;
  type Parameters = { @default("3") level: Long };
  entity User;
  action ask appliesTo { principal: [User], resource: [Group, Box, Item], context: { limits: Parameters } };
}
"#;

/// Conditions over everything that Cedar can observe: values, presence, identity, hierarchy, tags, context, errors.
const ON_ITEMS: [&str; 29] = [
    "resource has words && resource.words == [\"a\"]",
    "(resource has amount && resource.amount < 2) || (resource has count && resource.count > 3)",
    "resource has title && resource.title == \"a\"",
    "resource has title && [\"b\", \"k\"].contains(resource.title)",
    "resource has title && resource.title != \"x\" && resource.box has label && resource.box.label == resource.title",
    "resource has count && resource.count > 2",
    "resource has count && resource.count > context.limits.level",
    "resource has count && resource.count * 9223372036854775807 > 0",
    "resource has title && resource.title like \"*a*\"",
    "resource has words && resource.words.contains(\"a\")",
    "resource has words && resource.words.isEmpty()",
    "resource has words && resource has title && resource.words.contains(resource.title)",
    "resource has nested",
    "resource has nested.flag && resource.nested.flag",
    "resource has nested.inner.deep && resource.nested.inner.deep + 1 == 3",
    "!(resource has nested.inner)",
    "resource has nested && resource.nested == {flag: true}",
    "resource.box has label && resource.box.label == \"x\"",
    "resource.box has open && !resource.box.open",
    "resource.box.group has size && resource.box.group.size < 2",
    "resource in T::Box::\"b1\"",
    "resource in T::Group::\"g0\"",
    "resource == T::Item::\"i1\"",
    "resource.box == T::Box::\"b0\"",
    "resource.hasTag(\"k\") && resource.getTag(\"k\") == \"v\"",
    "resource has title && resource.hasTag(resource.title)",
    "resource.box.hasTag(\"k\")",
    "(if resource has count then resource.box else resource.box).hasTag(\"k\")",
    "[resource.box.group, T::Group::\"g1\"].contains(T::Group::\"g0\")",
];

const ON_BOXES: [&str; 5] = [
    "resource has label && resource.label != \"x\"",
    "resource.group in T::Group::\"g1\"",
    "resource has open && resource.open && resource.group has size",
    "resource.getTag(\"k\") == \"v\"",
    "T::Box::\"b0\" in resource.group",
];

#[derive(Clone, Debug)]
struct Item {
    amount: Option<i64>,
    count: Option<i64>,
    title: Option<&'static str>,
    words: Option<Vec<&'static str>>,
    flag: Option<bool>,
    deep: Option<i64>,
    inner: bool,
    nested: bool,
    tags: BTreeMap<&'static str, &'static str>,
    faulty: Option<&'static str>,
    of: usize,
}

#[derive(Clone, Debug)]
struct Case {
    label: Option<&'static str>,
    open: Option<bool>,
    tags: BTreeMap<&'static str, &'static str>,
    group: usize,
}

/// One file: groups in groups, boxes in groups, items in boxes.
#[derive(Clone, Debug)]
struct World {
    sizes: Vec<Option<i64>>,
    boxes: Vec<Case>,
    items: Vec<Item>,
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "k", "x"])
}

fn tags() -> impl Strategy<Value = BTreeMap<&'static str, &'static str>> {
    prop::collection::btree_map(word(), prop::sample::select(vec!["v", "w"]), 0..3)
}

fn item() -> impl Strategy<Value = Item> {
    (
        (prop::option::of(0..5i64), prop::option::of(0..5i64)),
        prop::option::of(word()),
        prop::option::of(prop::collection::vec(word(), 0..3)),
        prop::option::of(any::<bool>()),
        prop::option::of(0..4i64),
        (any::<bool>(), any::<bool>()),
        tags(),
        prop::option::weighted(0.2, prop::sample::select(vec!["count", "title", "words"])),
        0..2usize,
    )
        .prop_map(
            |((amount, count), title, words, flag, deep, (inner, nested), tags, faulty, of)| Item {
                amount,
                count,
                title,
                words,
                flag,
                deep,
                inner,
                nested,
                tags,
                faulty,
                of,
            },
        )
}

fn world() -> impl Strategy<Value = World> {
    let case = (
        prop::option::of(word()),
        prop::option::of(any::<bool>()),
        tags(),
        0..2usize,
    )
        .prop_map(|(label, open, tags, group)| Case {
            label,
            open,
            tags,
            group,
        });
    (
        prop::collection::vec(prop::option::of(0..4i64), 2),
        prop::collection::vec(case, 2),
        prop::collection::vec(item(), 1..4),
    )
        .prop_map(|(sizes, boxes, items)| World {
            sizes,
            boxes,
            items,
        })
}

fn attr(value: Value) -> Attr {
    Attr {
        value,
        span: Span::default(),
    }
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

/// Names and values as the pruned plan numbers them; what it left out is left out.
fn numbered(attributes: &[Attribute], values: Vec<(&str, Value)>) -> Vec<(u16, Attr)> {
    let mut present: Vec<(u16, Attr)> = values
        .into_iter()
        .filter_map(|(name, value)| {
            let index = attributes.iter().position(|a| a.name == name)?;
            let value = match (&attributes[index].shape, value) {
                (Shape::Record(inner), Value::Record(members)) => {
                    // Members come with indices into `[flag, inner]` or `[deep]`.
                    let names = if name == "nested" {
                        ["flag", "inner"]
                    } else {
                        ["deep", ""]
                    };
                    let named = members
                        .into_iter()
                        .map(|(i, a)| (names[usize::from(i)], a.value))
                        .collect();
                    Value::Record(numbered(inner, named))
                }
                (_, value) => value,
            };
            Some((u16::try_from(index).unwrap(), attr(value)))
        })
        .collect();
    present.sort_by_key(|(index, _)| *index);
    present
}

fn extract(program: &Program, world: &World) -> Extract {
    let type_id = |name: &str| {
        let index = program
            .plan
            .types
            .iter()
            .position(|t| &*t.name == name)
            .unwrap();
        TypeId(u16::try_from(index).unwrap())
    };
    let mut entities = Vec::new();
    let mut push =
        |name: &str, id: String, parent: Option<u32>, values, tags: &BTreeMap<&str, &str>| {
            let of = type_id(name);
            let attributes = numbered(&program.plan.entity_type(of).unwrap().attributes, values);
            entities.push(Thing {
                of,
                object: 0,
                parent,
                id: id.into(),
                head: Span::default(),
                attributes,
                tags: tags
                    .iter()
                    .map(|(k, v)| ((*k).into(), attr(text(v))))
                    .collect(),
                fault: None,
            });
        };
    let none = BTreeMap::new();
    for (index, size) in world.sizes.iter().enumerate() {
        // The second group is in the first.
        let parent = (index == 1).then_some(0);
        let values = size.iter().map(|s| ("size", Value::Long(*s))).collect();
        push("T::Group", format!("g{index}"), parent, values, &none);
    }
    for (index, case) in world.boxes.iter().enumerate() {
        let group = u32::try_from(case.group).unwrap();
        let mut values = vec![("group", Value::Entity(group))];
        values.extend(case.label.map(|l| ("label", text(l))));
        values.extend(case.open.map(|o| ("open", Value::Bool(o))));
        push(
            "T::Box",
            format!("b{index}"),
            Some(group),
            values,
            &case.tags,
        );
    }
    for (index, item) in world.items.iter().enumerate() {
        let of = u32::try_from(2 + item.of).unwrap();
        let mut values = vec![("box", Value::Entity(of))];
        values.extend(item.amount.map(|a| ("amount", Value::Long(a))));
        values.extend(item.count.map(|c| ("count", Value::Long(c))));
        values.extend(item.title.map(|t| ("title", text(t))));
        let words = item.words.as_ref();
        values.extend(words.map(|w| {
            (
                "words",
                Value::Set(w.iter().map(|w| attr(text(w))).collect()),
            )
        }));
        if item.nested {
            let mut members = Vec::new();
            members.extend(item.flag.map(|f| (0, attr(Value::Bool(f)))));
            if item.inner {
                let deep = item
                    .deep
                    .map(|d| (0, attr(Value::Long(d))))
                    .into_iter()
                    .collect();
                members.push((1, attr(Value::Record(deep))));
            }
            values.push(("nested", Value::Record(members)));
        }
        if let Some(faulty) = item.faulty {
            values.retain(|(name, _)| *name != faulty);
            let fault = Fault {
                message: "not what the schema says".to_owned(),
                also: None,
                unknown: false,
            };
            values.push((faulty, Value::Fault(Box::new(fault))));
        }
        push("T::Item", format!("i{index}"), Some(of), values, &item.tags);
    }
    Extract {
        objects: vec![Object {
            name: Default::default(),
            document: 0,
            patch: false,
        }],
        entities,
        ..Extract::default()
    }
}

/// The whole world as Cedar's own entities, nothing left out.
fn store(world: &World) -> Entities {
    let uid = |of: &str, id: String| {
        EntityUid::from_type_name_and_id(of.parse().unwrap(), EntityId::new(id))
    };
    let string = |s: &str| RestrictedExpression::new_string(s.to_owned());
    let expressions = |tags: &BTreeMap<&str, &str>| {
        tags.iter()
            .map(|(k, v)| ((*k).to_owned(), string(v)))
            .collect::<Vec<_>>()
    };
    let mut entities = Vec::new();
    for (index, size) in world.sizes.iter().enumerate() {
        let attributes: Vec<_> = size
            .iter()
            .map(|s| ("size".to_owned(), RestrictedExpression::new_long(*s)))
            .collect();
        let parents: Vec<_> = (index == 1)
            .then(|| uid("T::Group", "g0".into()))
            .into_iter()
            .collect();
        entities.push(
            Entity::new_with_tags(
                uid("T::Group", format!("g{index}")),
                attributes,
                parents,
                [],
            )
            .unwrap(),
        );
    }
    for (index, case) in world.boxes.iter().enumerate() {
        let group = uid("T::Group", format!("g{}", case.group));
        let mut attributes = vec![(
            "group".to_owned(),
            RestrictedExpression::new_entity_uid(group.clone()),
        )];
        attributes.extend(case.label.map(|l| ("label".to_owned(), string(l))));
        attributes.extend(
            case.open
                .map(|o| ("open".to_owned(), RestrictedExpression::new_bool(o))),
        );
        let id = uid("T::Box", format!("b{index}"));
        entities
            .push(Entity::new_with_tags(id, attributes, [group], expressions(&case.tags)).unwrap());
    }
    for (index, item) in world.items.iter().enumerate() {
        let of = uid("T::Box", format!("b{}", item.of));
        let mut attributes = vec![(
            "box".to_owned(),
            RestrictedExpression::new_entity_uid(of.clone()),
        )];
        attributes.extend(
            item.amount
                .map(|a| ("amount".to_owned(), RestrictedExpression::new_long(a))),
        );
        attributes.extend(
            item.count
                .map(|c| ("count".to_owned(), RestrictedExpression::new_long(c))),
        );
        attributes.extend(item.title.map(|t| ("title".to_owned(), string(t))));
        attributes.extend(item.words.as_ref().map(|words| {
            let set = RestrictedExpression::new_set(words.iter().map(|w| string(w)));
            ("words".to_owned(), set)
        }));
        if item.nested {
            let mut nested = Vec::new();
            nested.extend(
                item.flag
                    .map(|f| ("flag".to_owned(), RestrictedExpression::new_bool(f))),
            );
            if item.inner {
                let deep = item
                    .deep
                    .map(|d| ("deep".to_owned(), RestrictedExpression::new_long(d)));
                nested.push((
                    "inner".to_owned(),
                    RestrictedExpression::new_record(deep).unwrap(),
                ));
            }
            attributes.push((
                "nested".to_owned(),
                RestrictedExpression::new_record(nested).unwrap(),
            ));
        }
        attributes.retain(|(name, _)| Some(name.as_str()) != item.faulty);
        let id = uid("T::Item", format!("i{index}"));
        entities
            .push(Entity::new_with_tags(id, attributes, [of], expressions(&item.tags)).unwrap());
    }
    Entities::from_entities(entities, None).unwrap()
}

/// Cedar's answer to one policy about one resource.
fn reference(condition: &str, of: &str, id: &str, level: i64, entities: &Entities) -> Verdict {
    let policies: PolicySet =
        format!("permit(principal, action, resource); forbid(principal, action, resource is {of}) when {{ {condition} }};")
            .parse()
            .unwrap();
    let limits = RestrictedExpression::new_record([(
        "level".to_owned(),
        RestrictedExpression::new_long(level),
    )])
    .unwrap();
    let request = Request::new(
        "T::User::\"u\"".parse().unwrap(),
        "T::Action::\"ask\"".parse().unwrap(),
        EntityUid::from_type_name_and_id(of.parse().unwrap(), EntityId::new(id)),
        Context::from_pairs([("limits".to_owned(), limits)]).unwrap(),
        None,
    )
    .unwrap();
    let response = Authorizer::new().is_authorized(&request, &policies, entities);
    if response.diagnostics().errors().next().is_some() {
        Verdict::Error
    } else if response.decision() == Decision::Deny {
        Verdict::Fail
    } else {
        Verdict::Pass
    }
}

/// Each condition is a check of its own, or all of a type are one check: the second shares questions among policies.
fn program(items: &[&str], boxes: &[&str], together: bool) -> Program {
    let policy = |of: &str, condition: &str| {
        format!(
            "@title(\"t\") @severity(\"low\") @help(\"h\")\nforbid(principal, action == T::Action::\"ask\", resource is T::{of}) when {{ {condition} }};\n"
        )
    };
    let mut texts: Vec<String> = items.iter().map(|c| policy("Item", c)).collect();
    texts.extend(boxes.iter().map(|c| policy("Box", c)));
    if together {
        texts = vec![texts.concat()];
    }
    let packs = Packs {
        decisions: Vec::new(),
        permissions: Vec::new(),
        schemas: vec![SchemaSource {
            text: Text::new("t.cedarschema", SCHEMA),
            proved: false,
        }],
        checks: texts
            .into_iter()
            .enumerate()
            .map(|(index, policy)| CheckSource {
                id: format!("c{index:03}"),
                policy: Text::new("policy.cedar", policy),
                applies: None,
                proved: true,
            })
            .collect(),
    };
    let selection = Selection {
        only: None,
        at_least: Severity::Low,
    };
    let (program, problems) = compile(&packs, &selection, Limits::default());
    assert!(problems.is_empty(), "{problems:?}");
    program
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn shared_answers_equal_asking_every_policy_about_every_resource(
        worlds in prop::collection::vec(world(), 1..12),
        items in prop::sample::subsequence(ON_ITEMS.to_vec(), 1..8),
        boxes in prop::sample::subsequence(ON_BOXES.to_vec(), 0..3),
        together: bool,
        level in 0..5i64,
    ) {
        let program = program(&items, &boxes, together);
        let files: Vec<(FileId, Extract)> = worlds
            .iter()
            .enumerate()
            .map(|(i, world)| (FileId(u32::try_from(i).unwrap()), extract(&program, world)))
            .collect();
        let limits = Value::Record(vec![(0, attr(Value::Record(vec![(0, attr(Value::Long(level)))])))]);
        let contexts = BTreeMap::from([("T::Action::\"ask\"".to_owned(), limits)]);
        let evaluated = evaluate(&program, &contexts, &files, &[], true);

        let mut expected = BTreeSet::new();
        for (file, world) in worlds.iter().enumerate() {
            let entities = store(world);
            let policies = items.iter().map(|c| ("T::Item", *c)).chain(boxes.iter().map(|c| ("T::Box", *c)));
            for (number, (of, condition)) in policies.enumerate() {
                let (prefix, count) = if of == "T::Item" { ("i", world.items.len()) } else { ("b", world.boxes.len()) };
                for index in 0..count {
                    let id = format!("{prefix}{index}");
                    let faulty = (of == "T::Item").then(|| world.items[index].faulty).flatten();
                    // A policy over everything may read what it does not name.
                    let anything = condition.contains("(if ") || condition.starts_with("T::");
                    let object_is_faulty = world.items.iter().any(|i| i.faulty.is_some());
                    let verdict = if faulty.is_some_and(|name| condition.contains(name)) || anything && object_is_faulty {
                        Verdict::Error
                    } else {
                        reference(condition, of, &id, level, &entities)
                    };
                    let place = if together { (0, number) } else { (number, 0) };
                    expected.insert((file, place, id, verdict));
                }
            }
        }
        let got: BTreeSet<_> = evaluated
            .evaluations
            .iter()
            .map(|e| {
                let place = (e.check as usize, e.policy as usize);
                (e.place.file.0 as usize, place, e.target.id.to_string(), e.verdict)
            })
            .collect();
        // `together` puts the policies of two types into two groups, numbered through.
        prop_assert_eq!(got, expected);
    }
}
