//! What the user sets becomes the context of every question.

use std::collections::BTreeMap;

use onus_model::date::Date;
use onus_model::extract::{Attr, Value};
use onus_model::plan::{Attribute, Parameter, Plan, Shape};
use onus_model::problem::{Problem, did_you_mean};
use onus_model::source::Span;

use crate::convert::convert;

/// The context record of each action, by its name, and each parameter as it was set, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts {
    /// By the full Cedar name of the action.
    pub actions: BTreeMap<String, Value>,
    /// Every parameter with its value as text.
    pub shown: BTreeMap<String, String>,
}

/// Types the settings (`name`, `value`) as the schemas declare them. `now` is the day that the run judges as of.
///
/// # Errors
///
/// A name that no schema declares, a value that is not of its type or out of its bounds, a name set twice.
pub fn contexts(
    plan: &Plan,
    settings: &[(String, String)],
    now: Date,
) -> Result<Contexts, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut set: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, value) in settings {
        let known = plan.parameters.iter().find(|p| p.name == *name);
        if known.is_some_and(|p| p.clock) {
            problems
                .push(Problem::error(format!("`{name}` is the clock")).help("set it with `--now`"));
        } else if known.is_none() {
            let settable = plan.parameters.iter().filter(|p| !p.clock);
            let known = settable.map(|p| p.name.as_str());
            let names: Vec<&str> = known.clone().collect();
            let help = match did_you_mean(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => "no schema declares a parameter".to_owned(),
                None => format!("there is `{}`", names.join("`, `")),
            };
            problems.push(Problem::error(format!("there is no parameter `{name}`")).help(help));
        } else if set.insert(name, value).is_some_and(|other| other != value) {
            problems.push(Problem::error(format!(
                "the parameter `{name}` is set twice"
            )));
        }
    }
    let mut contexts = Contexts::default();
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    for parameter in &plan.parameters {
        if parameter.clock {
            values.insert(&parameter.name, Value::Time(now.to_string().into()));
            continue;
        }
        let chosen = set.get(parameter.name.as_str()).copied();
        let Some(text) = chosen.or(parameter.default.as_deref()) else {
            continue;
        };
        match typed(parameter, text) {
            Ok(value) => {
                values.insert(&parameter.name, value);
                contexts
                    .shown
                    .insert(parameter.name.clone(), text.to_owned());
            }
            Err(why) => {
                let mut problem =
                    Problem::error(format!("`{}` cannot be `{text}`: it {why}", parameter.name));
                if chosen.is_none() {
                    // The schema's own default is wrong.
                    problem =
                        problem.at(&parameter.declared.0, parameter.declared.1, "the default");
                }
                problems.push(problem);
            }
        }
    }
    for action in plan.formats.iter().flat_map(|f| &f.actions) {
        let record = record(&action.context, "", &values);
        contexts.actions.insert(action.name.clone(), record);
    }
    if problems.is_empty() {
        Ok(contexts)
    } else {
        Err(problems)
    }
}

fn record(attributes: &[Attribute], prefix: &str, values: &BTreeMap<&str, Value>) -> Value {
    let mut members = Vec::new();
    for (index, attribute) in attributes.iter().enumerate() {
        let name = if prefix.is_empty() {
            attribute.name.clone()
        } else {
            format!("{prefix}.{}", attribute.name)
        };
        let value = match &attribute.shape {
            Shape::Record(inner) => Some(record(inner, &name, values)),
            Shape::Bool
            | Shape::Long
            | Shape::String
            | Shape::Text
            | Shape::Converted(_)
            | Shape::Set(_)
            | Shape::Entity(_) => values.get(name.as_str()).cloned(),
        };
        if let Some(value) = value {
            members.push((u16::try_from(index).unwrap_or(u16::MAX), attr(value)));
        }
    }
    Value::Record(members)
}

fn attr(value: Value) -> Attr {
    Attr {
        value,
        span: Span::default(),
    }
}

fn typed(parameter: &Parameter, text: &str) -> Result<Value, String> {
    let value = shaped(&parameter.shape, text)?;
    let bound = |text: &Option<String>| {
        text.as_deref()
            .and_then(|t| shaped(&parameter.shape, t).ok())
    };
    if let (Some(min), Some(word)) = (bound(&parameter.min), &parameter.min)
        && numbers(&value) < numbers(&min)
    {
        return Err(format!("must be at least `{word}`"));
    }
    if let (Some(max), Some(word)) = (bound(&parameter.max), &parameter.max)
        && numbers(&value) > numbers(&max)
    {
        return Err(format!("must be at most `{word}`"));
    }
    Ok(value)
}

/// What bounds compare: the number, or the numbers of a record in the order of its members.
fn numbers(value: &Value) -> Vec<i64> {
    match value {
        Value::Long(number) => vec![*number],
        Value::Record(members) => members
            .iter()
            .flat_map(|(_, attr)| numbers(&attr.value))
            .collect(),
        Value::Bool(_)
        | Value::String(_)
        | Value::Ip(_)
        | Value::Time(_)
        | Value::Set(_)
        | Value::Entity(_)
        | Value::Fault(_) => Vec::new(),
    }
}

fn shaped(shape: &Shape, text: &str) -> Result<Value, String> {
    match shape {
        Shape::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("must be `true` or `false`".to_owned()),
        },
        Shape::Long => text
            .parse()
            .map(Value::Long)
            .map_err(|_| "must be a whole number".to_owned()),
        Shape::String | Shape::Text => Ok(Value::String(text.into())),
        Shape::Converted(converter) => convert(*converter, text, Span::default()),
        // A list is written with commas; nothing between them is an empty list.
        Shape::Set(element) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| shaped(element, part).map(attr))
            .collect::<Result<_, _>>()
            .map(Value::Set),
        Shape::Record(_) | Shape::Entity(_) => Err("cannot be set".to_owned()),
    }
}
