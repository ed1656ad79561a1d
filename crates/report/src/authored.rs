//! JSON Schemas of the files that people write, for editors.

use std::collections::BTreeMap;

use onus_model::authored::{Record, Shape};
use serde_json::{Map, Value, json};

/// The JSON Schema (2020-12) of a kind of authored file.
#[must_use]
pub fn authored_schema(kind: &Record) -> String {
    let mut definitions: BTreeMap<String, Value> = BTreeMap::new();
    let mut root = record(kind, &mut definitions);
    if let Some(root) = root.as_object_mut() {
        root.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        root.insert("title".to_owned(), json!(format!("Onus: {}", kind.name)));
        root.insert("$defs".to_owned(), json!(definitions));
    }
    format!("{root:#}\n")
}

fn record(record: &Record, definitions: &mut BTreeMap<String, Value>) -> Value {
    let mut properties = Map::new();
    for key in record.keys {
        let mut schema = shape(&key.shape, definitions);
        if let (Some(schema), false) = (schema.as_object_mut(), key.doc.is_empty()) {
            schema.insert("description".to_owned(), json!(key.doc));
        }
        properties.insert(key.name.to_owned(), schema);
    }
    let required: Vec<&str> = record
        .keys
        .iter()
        .filter(|k| k.required)
        .map(|k| k.name)
        .collect();
    json!({
        "type": "object",
        "description": record.doc,
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

fn reference(of: &Record, definitions: &mut BTreeMap<String, Value>) -> Value {
    let name = of.name.replace(' ', "-");
    if !definitions.contains_key(&name) {
        // It may contain itself: its place is taken before it is made.
        definitions.insert(name.clone(), Value::Null);
        let made = record(of, definitions);
        definitions.insert(name.clone(), made);
    }
    json!({"$ref": format!("#/$defs/{name}")})
}

fn shape(shape_of: &Shape, definitions: &mut BTreeMap<String, Value>) -> Value {
    match shape_of {
        Shape::Text => json!({"type": "string", "minLength": 1}),
        // YAML reads `1.1` as a number, and it is an id all the same.
        Shape::Id => json!({"type": ["string", "number"]}),
        Shape::Date => json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Shape::Length => json!({"type": "string", "pattern": "[0-9]"}),
        Shape::LengthOrNone => {
            json!({"type": "string", "pattern": "[0-9]|^(indefinite|indefinitely|forever)$"})
        }
        // YAML reads one of decimal digits alone as a number.
        Shape::Digest => {
            json!({"type": ["string", "number"], "pattern": "^(sha256:)?[0-9A-Fa-f]{64}$"})
        }
        Shape::Integer => json!({"type": "integer", "minimum": 0}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::OneOf(words) => json!({"enum": words}),
        Shape::Scalar => json!({"type": ["string", "number", "boolean"]}),
        Shape::List(inner) => json!({"type": "array", "items": shape(inner, definitions)}),
        Shape::OneOrMore(inner) => {
            let one = shape(inner, definitions);
            json!({"anyOf": [one, {"type": "array", "items": one}]})
        }
        Shape::Map(inner) => {
            json!({"type": "object", "additionalProperties": shape(inner, definitions)})
        }
        Shape::Record(inner) => reference(inner, definitions),
        Shape::TextOr(inner) => {
            json!({"anyOf": [{"type": ["string", "number"]}, reference(inner, definitions)]})
        }
        Shape::Condition => {
            let value = json!({"type": ["string", "number"]});
            let values = json!({"anyOf": [value, {"type": "array", "items": value}]});
            let facts: Map<String, Value> = onus_model::responsibility::Fact::ALL
                .iter()
                .map(|f| (f.name().to_owned(), values.clone()))
                .collect();
            json!({"anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": false, "properties": facts},
            ]})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onus_model::authored::{CONTROL, KINDS, ONUS};

    fn valid(kind: &Record, yaml: &str) -> bool {
        let schema: Value = serde_json::from_str(&authored_schema(kind)).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let document: Value = serde_yaml::from_str(yaml).unwrap();
        validator.is_valid(&document)
    }

    #[test]
    fn every_kind_has_a_schema_that_is_one() {
        for kind in KINDS {
            let schema: Value = serde_json::from_str(&authored_schema(kind)).unwrap();
            jsonschema::meta::validate(&schema).unwrap();
            assert!(!schema.to_string().contains(":null"), "{}", kind.name);
        }
    }

    #[test]
    fn documents_are_told_from_those_with_a_slip() {
        let good = "control: a\ntitle: b\nsatisfies: [soc2/CC6.1, {requirement: soc2/CC6.2, full: why}]\nevidence:\n  - {evidence: e, title: t, path: 'r/{year}.md', every: year}\n";
        assert!(valid(&CONTROL, good));
        assert!(!valid(&CONTROL, &good.replace("title: b", "titel: b")));
        assert!(!valid(
            &CONTROL,
            &good.replace("every: year", "every: regularly")
        ));
        let setup = "onus: 1\nframeworks: [soc2]\ndeployments:\n  - {deployment: p, on: acme, plan: unknown}\nset: {kubernetes.version: 1.30}\n";
        assert!(valid(&ONUS, setup));
        assert!(!valid(&ONUS, &setup.replace("onus: 1", "onus: one")));
        assert!(!valid(&ONUS, &setup.replace("on: acme", "in: acme")));
    }
}
