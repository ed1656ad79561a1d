//! Alerting expressions of Prometheus, taken apart so that a threshold can be compared.
//!
//! The grammar is that of the `promql-parser` crate. What an alert says is one comparison of one series with a number,
//! `sum(increase(metric{label="x"}[5m])) > 5`; of an expression that is not, only the parts are told that it has without doubt, and a
//! check that needs the others finds them missing.

use std::collections::BTreeSet;

use onus_model::extract::{Attr, Value};
use onus_model::source::Span;
use promql_parser::label::Matchers;
use promql_parser::parser::{Expr, LabelModifier, VectorSelector, parse};

use super::{record, string};

/// Longer expressions, and such with more brackets in each other, are not read: the trees of the library are walked recursively.
const LONGEST: usize = 16 << 10;
const DEEPEST: usize = 64;

/// What an alerting expression says.
#[derive(Default)]
struct Rule {
    metric: Option<String>,
    labels: String,
    function: Option<String>,
    window: Option<i64>,
    aggregation: Option<String>,
    grouped: bool,
    operator: Option<String>,
    threshold: Option<i64>,
}

/// Takes an expression apart.
pub(super) fn rule(text: &str, span: Span) -> Result<Value, String> {
    let expression = read(text)?;
    let mut rule = Rule::default();
    match comparison(&expression) {
        Some((series, operator, threshold)) => {
            rule.operator = Some(operator.to_owned());
            rule.threshold = billionths(threshold);
            rule.series(series);
        }
        None => rule.series(&expression),
    }
    let text = |text: Option<String>| text.as_deref().map(string);
    let members = vec![
        (0, text(rule.metric)),
        (1, Some(string(&rule.labels))),
        (2, text(rule.function)),
        (3, rule.window.map(Value::Long)),
        (4, text(rule.aggregation)),
        (5, Some(Value::Bool(rule.grouped))),
        (6, text(rule.operator)),
        (7, rule.threshold.map(Value::Long)),
    ];
    Ok(record(members, span))
}

/// The names of all series that an expression selects, each once, in order.
pub(super) fn metrics(text: &str, span: Span) -> Result<Value, String> {
    let mut names = BTreeSet::new();
    selected(&read(text)?, &mut names);
    let attr = |name: &String| Attr {
        value: string(name),
        span,
    };
    Ok(Value::Set(names.iter().map(attr).collect()))
}

fn selected(expression: &Expr, names: &mut BTreeSet<String>) {
    match expression {
        Expr::VectorSelector(selector) => names.extend(selector.name.clone()),
        Expr::MatrixSelector(matrix) => names.extend(matrix.vs.name.clone()),
        Expr::Paren(inner) => selected(&inner.expr, names),
        Expr::Unary(inner) => selected(&inner.expr, names),
        Expr::Subquery(inner) => selected(&inner.expr, names),
        Expr::Aggregate(aggregate) => {
            selected(&aggregate.expr, names);
            if let Some(parameter) = &aggregate.param {
                selected(parameter, names);
            }
        }
        Expr::Binary(binary) => {
            selected(&binary.lhs, names);
            selected(&binary.rhs, names);
        }
        Expr::Call(call) => {
            for argument in &call.args.args {
                selected(argument, names);
            }
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

/// Parses an expression that is not too large to be walked.
fn read(text: &str) -> Result<Expr, String> {
    if text.len() > LONGEST || deepest(text) > DEEPEST {
        return Err("is too long an expression, or nested too deeply".to_owned());
    }
    parse(text).map_err(|_| "is not an expression of PromQL".to_owned())
}

/// How many brackets stand in each other. Brackets in texts count, too: that only refuses more.
fn deepest(text: &str) -> usize {
    let mut depth: usize = 0;
    let mut deepest = 0;
    // Signs stand in each other, too.
    let mut signs = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'-' | b'+' | b'*' | b'/' | b'%' | b'^' => signs += 1,
            _ => {}
        }
        deepest = deepest.max(depth + signs);
    }
    deepest
}

/// The series, the operator and the number of a comparison; a number on the left is turned to the right.
fn comparison(expression: &Expr) -> Option<(&Expr, &'static str, f64)> {
    match expression {
        Expr::Paren(inner) => comparison(&inner.expr),
        Expr::Binary(binary) => {
            let (operator, turned) = match binary.op.to_string().as_str() {
                ">" => (">", "<"),
                ">=" => (">=", "<="),
                "<" => ("<", ">"),
                "<=" => ("<=", ">="),
                "==" => ("==", "=="),
                "!=" => ("!=", "!="),
                _ => return None,
            };
            match (number(&binary.lhs), number(&binary.rhs)) {
                (None, Some(threshold)) => Some((&binary.lhs, operator, threshold)),
                (Some(threshold), None) => Some((&binary.rhs, turned, threshold)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The value of an expression without series: `5 / 300`.
fn number(expression: &Expr) -> Option<f64> {
    match expression {
        Expr::NumberLiteral(literal) => Some(literal.val),
        Expr::Paren(inner) => number(&inner.expr),
        // The only sign that the tree keeps is the minus.
        Expr::Unary(inner) => number(&inner.expr).map(|n| -n),
        Expr::Binary(binary) => {
            let (left, right) = (number(&binary.lhs)?, number(&binary.rhs)?);
            match binary.op.to_string().as_str() {
                "+" => Some(left + right),
                "-" => Some(left - right),
                "*" => Some(left * right),
                "/" => Some(left / right),
                "%" => Some(left % right),
                "^" => Some(left.powf(right)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A threshold in billionths, if it fits; rounding is to the nearest, since the number itself is binary.
#[expect(
    clippy::cast_possible_truncation,
    reason = "looked at before: it is finite and fits"
)]
fn billionths(number: f64) -> Option<i64> {
    let scaled = (number * 1e9).round();
    (scaled.is_finite() && scaled.abs() < 9e18).then_some(scaled as i64)
}

impl Rule {
    /// What stands beside the threshold. The outermost aggregation and function count.
    fn series(&mut self, expression: &Expr) {
        match expression {
            Expr::Paren(inner) => self.series(&inner.expr),
            Expr::Aggregate(aggregate) if self.aggregation.is_none() && self.function.is_none() => {
                self.aggregation = Some(aggregate.op.to_string());
                self.grouped = match &aggregate.modifier {
                    Some(LabelModifier::Include(labels)) => !labels.labels.is_empty(),
                    Some(LabelModifier::Exclude(_)) => true,
                    None => false,
                };
                self.series(&aggregate.expr);
            }
            Expr::Call(call) => {
                let mut arguments = call.args.args.iter();
                if self.function.is_none()
                    && let (Some(argument), None) = (arguments.next(), arguments.next())
                {
                    self.function = Some(call.func.name.to_string());
                    self.series(argument);
                }
            }
            Expr::MatrixSelector(matrix) => {
                self.window = i64::try_from(matrix.range.as_millis()).ok();
                self.selector(&matrix.vs);
            }
            Expr::VectorSelector(selector) => self.selector(selector),
            // Several series, or one that is reckoned with: whose threshold it is cannot be told.
            _ => {}
        }
    }

    fn selector(&mut self, selector: &VectorSelector) {
        self.metric.clone_from(&selector.name);
        let mut narrowed = matchers(&selector.matchers);
        if let Some(offset) = &selector.offset {
            narrowed.push(format!("offset {offset}"));
        }
        if let Some(at) = &selector.at {
            narrowed.push(at.to_string());
        }
        self.labels = narrowed.join(",");
    }
}

fn matchers(matchers: &Matchers) -> Vec<String> {
    let all = matchers
        .matchers
        .iter()
        .chain(matchers.or_matchers.iter().flatten());
    all.filter(|m| m.name != "__name__")
        .map(ToString::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onus_model::plan::Converter;

    fn parts(text: &str) -> String {
        match rule(text, Span::default()) {
            Ok(Value::Record(members)) => members
                .iter()
                .map(|(index, attr)| {
                    let name = Converter::Promql.members()[usize::from(*index)];
                    match &attr.value {
                        Value::String(text) => format!("{name}={text}"),
                        Value::Long(number) => format!("{name}={number}"),
                        Value::Bool(bool) => format!("{name}={bool}"),
                        other => format!("{name}={other:?}"),
                    }
                })
                .filter(|part| part != "labels=" && part != "grouped=false")
                .collect::<Vec<_>>()
                .join(" "),
            Ok(other) => format!("{other:?}"),
            Err(error) => error,
        }
    }

    #[test]
    fn an_alert_is_a_metric_a_window_an_operator_and_a_threshold() {
        let check = |text, expected: &str| assert_eq!(parts(text), expected, "{text}");
        check(
            "increase(auth_failures_total[5m]) > 5",
            "metric=auth_failures_total function=increase window=300000 operator=> threshold=5000000000",
        );
        check(
            "sum(increase(a[1m])) >= 10",
            "metric=a function=increase window=60000 aggregation=sum operator=>= threshold=10000000000",
        );
        check(
            "sum by (reason) (rate(a[5m])) > 5 / 300",
            "metric=a function=rate window=300000 aggregation=sum grouped=true operator=> threshold=16666667",
        );
        check("5 < a", "metric=a operator=> threshold=5000000000");
        check(
            "(a) > (2 * 3 - 1)",
            "metric=a operator=> threshold=5000000000",
        );
        check("-1 <= a", "metric=a operator=>= threshold=-1000000000");
        check(
            "a{reason=\"mfa\"} offset 5m > 0",
            "metric=a labels=reason=\"mfa\",offset 5m operator=> threshold=0",
        );
        check("up == 0", "metric=up operator=== threshold=0");
    }

    #[test]
    fn what_is_not_one_comparison_of_one_series_has_no_threshold() {
        let check = |text, expected: &str| assert_eq!(parts(text), expected, "{text}");
        check("a > 5 or b > 3", "");
        check("a / b > 0.5", "operator=> threshold=500000000");
        check("a > b", "");
        check("absent(a)", "metric=a function=absent");
        check(
            "histogram_quantile(0.9, a) > 1",
            "operator=> threshold=1000000000",
        );
        check("a >", "is not an expression of PromQL");
        check("", "is not an expression of PromQL");
        check(
            &"(".repeat(70),
            "is too long an expression, or nested too deeply",
        );
    }

    #[test]
    fn all_series_of_an_expression_are_named() {
        let told = |text| match metrics(text, Span::default()) {
            Ok(Value::Set(names)) => {
                let shown = names.iter().map(|n| match &n.value {
                    Value::String(name) => name.to_string(),
                    other => format!("{other:?}"),
                });
                shown.collect::<Vec<_>>().join(" ")
            }
            other => format!("{other:?}"),
        };
        assert_eq!(
            told("sum(rate(b[5m])) / on() a > 0.1 or absent(c)"),
            "a b c"
        );
        assert_eq!(told("topk(scalar(d), max_over_time(e[5m:1m]))"), "d e");
        assert_eq!(told("vector(1) > 2"), "");
    }
}
