//! Days and lengths of time as people write them.

use onus_model::date::{Date, Frequency, Length, Period};

/// A day of our own files: `2026-11-21`, and nothing else.
#[must_use]
pub fn day(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.char_indices().all(|(at, c)| match at {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        });
    shape.then(|| text.parse().ok()).flatten()
}

/// A period as people call it: `2026-Q3`, `2026-10`, `2026-W05`, `2026-H1`, `2026`, or a day.
#[must_use]
pub fn period(text: &str) -> Option<Period> {
    let text = text.trim();
    if let Some(day) = day(text) {
        return Some(Period { from: day, to: day });
    }
    let (year, rest) = match text.split_once(['-', ' ', '/']) {
        Some((year, rest)) => (year, rest.trim()),
        None => (text, ""),
    };
    let number = |text: &str| -> Option<u32> {
        let digits =
            !text.is_empty() && text.len() <= 4 && text.chars().all(|c| c.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let year = number(year).filter(|_| year.len() == 4)?;
    let year = i32::try_from(year).ok()?;
    let lower = rest.to_lowercase();
    let of = |frequency: Frequency, month: u32| {
        let first = Date::from_ymd_opt(year, month, 1)?;
        Some(frequency.period(first))
    };
    if rest.is_empty() {
        return of(Frequency::Year, 1);
    }
    if let Some(quarter) = lower.strip_prefix('q').and_then(number) {
        return (1..=4)
            .contains(&quarter)
            .then(|| of(Frequency::Quarter, quarter * 3 - 2))?;
    }
    if let Some(half) = lower.strip_prefix('h').and_then(number) {
        return (1..=2)
            .contains(&half)
            .then(|| of(Frequency::HalfYear, half * 6 - 5))?;
    }
    if let Some(week) = lower.strip_prefix('w').and_then(number) {
        return iso_week(year, week);
    }
    of(
        Frequency::Month,
        number(rest).filter(|m| (1..=12).contains(m))?,
    )
}

/// An ISO week, if the year has it.
pub(crate) fn iso_week(year: i32, week: u32) -> Option<Period> {
    // The fourth of January lies in the first week.
    let first = Frequency::Week.period(Date::from_ymd_opt(year, 1, 4)?);
    let days = week.checked_sub(1)?.checked_mul(7)?;
    let found = Frequency::Week.period(Length::days(days).after(first.from));
    (Frequency::Week.label(found) == format!("{year}-W{week:02}")).then_some(found)
}

/// A length of time: `12 months`, `90 days`, `1 year`, `P1Y6M`; none for `indefinite`.
///
/// # Errors
///
/// It names no number, or a unit that there is not: what is wrong, in words.
pub fn length(text: &str) -> Result<Option<Length>, String> {
    let lower = text.trim().to_lowercase();
    if ["indefinite", "indefinitely", "forever"].contains(&lower.as_str()) {
        return Ok(None);
    }
    if let Some(rest) = lower.strip_prefix('p') {
        return iso_length(rest)
            .map(Some)
            .ok_or_else(|| format!("`{text}` is no length of time"));
    }
    let mut sum = Length::default();
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|w| !w.is_empty() && *w != "and")
        .collect();
    if words.is_empty() {
        return Err("a length of time is expected".to_owned());
    }
    if !words.iter().any(|w| w.chars().any(|c| c.is_ascii_digit())) {
        return Err(format!("`{}` names no number", text.trim()));
    }
    let mut rest = words.as_slice();
    while let [first, more @ ..] = rest {
        // `90days`, `90 days`.
        let digits: String = first.chars().take_while(char::is_ascii_digit).collect();
        let joined = first.get(digits.len()..).unwrap_or_default();
        let (unit, more) = match (joined, more) {
            ("", [unit, more @ ..]) => (*unit, more),
            (unit, more) => (unit, more),
        };
        let number: u32 = digits
            .parse()
            .map_err(|_| format!("`{}` is no length of time", text.trim()))?;
        add(&mut sum, number, unit)
            .ok_or_else(|| format!("`{unit}` is no unit: days, weeks, months and years are"))?;
        rest = more;
    }
    Ok(Some(sum))
}

fn add(sum: &mut Length, number: u32, unit: &str) -> Option<()> {
    let (months, days) = match unit.trim_end_matches('s') {
        "year" | "y" | "yr" => (number.checked_mul(12)?, 0),
        "quarter" => (number.checked_mul(3)?, 0),
        "month" => (number, 0),
        "week" | "w" => (0, number.checked_mul(7)?),
        "day" | "d" => (0, number),
        _ => return None,
    };
    sum.months = sum.months.checked_add(months)?;
    sum.days = sum.days.checked_add(days)?;
    // Longer than anything that is kept, and safe to add to a day.
    (sum.months <= 12_000 && sum.days <= 366_000).then_some(())
}

fn iso_length(text: &str) -> Option<Length> {
    let mut sum = Length::default();
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let number: u32 = digits.parse().ok()?;
        digits.clear();
        let unit = match c {
            'y' => "year",
            'm' => "month",
            'w' => "week",
            'd' => "day",
            _ => return None,
        };
        add(&mut sum, number, unit)?;
    }
    (digits.is_empty() && sum != Length::default()).then_some(sum)
}

/// A date as it stands in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A day.
    Day(Date),
    /// A month, a quarter, a year.
    Period(Period),
    /// A date that is not exact, or can be read in two ways.
    Vague,
    /// Text that was to be replaced by a date, and was not.
    Unexpanded,
    /// No date.
    No,
}

/// Reads a date as people write it: `July 30, 2025`, `30 July 2025`, `2026-01`, `early 2025`, `$(date)`.
#[must_use]
pub fn written(text: &str) -> Written {
    let text = text
        .trim()
        .trim_matches(|c: char| matches!(c, '*' | '_' | '`' | '"' | '\'' | '.'))
        .trim();
    let lower = text.to_lowercase();
    let unexpanded = ["$(", "${", "{{", "<date", "yyyy", "<%"];
    if unexpanded.iter().any(|mark| lower.contains(mark)) {
        return Written::Unexpanded;
    }
    if let Some(day) = day(text) {
        return Written::Day(day);
    }
    // `2026-01-20T10:00:00Z`
    if let Some(day) = text.get(..10).and_then(day)
        && text
            .get(10..)
            .is_some_and(|rest| rest.starts_with(['T', ' ']))
    {
        return Written::Day(day);
    }
    if let Some(period) = period(text) {
        return Written::Period(period);
    }
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '/' | '.'))
        .filter(|w| !w.is_empty())
        .collect();
    let numbers: Vec<u32> = words
        .iter()
        .filter_map(|w| w.trim_end_matches(|c: char| c.is_alphabetic()).parse().ok())
        .collect();
    let year = numbers.iter().copied().find(|n| (1900..=2200).contains(n));
    let month = words.iter().find_map(|w| month(w));
    match (year.and_then(|y| i32::try_from(y).ok()), month) {
        (Some(year), Some(month)) => {
            let day = numbers.iter().copied().find(|n| (1..=31).contains(n));
            match day {
                Some(day) => Date::from_ymd_opt(year, month, day).map_or(Written::No, Written::Day),
                None => Date::from_ymd_opt(year, month, 1).map_or(Written::No, |first| {
                    Written::Period(Frequency::Month.period(first))
                }),
            }
        }
        (Some(year), None) => slashed(&words, year),
        (None, _) => Written::No,
    }
}

/// `25/08/2025`: which number is the month can be told only where the other is above 12.
fn slashed(words: &[&str], year: i32) -> Written {
    let numbers: Option<Vec<u32>> = words.iter().map(|w| w.parse().ok()).collect();
    let (a, b) = match numbers.as_deref() {
        Some([a, b, _]) => (*a, *b),
        _ => return Written::Vague,
    };
    let (day, month) = match (a > 12, b > 12) {
        (true, false) => (a, b),
        (false, true) => (b, a),
        _ if a == b => (a, b),
        _ => return Written::Vague,
    };
    Date::from_ymd_opt(year, month, day).map_or(Written::No, Written::Day)
}

fn month(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let index = MONTHS
        .iter()
        .position(|month| *month == word || (word.len() >= 3 && month.starts_with(word)))?;
    u32::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_twelve_months_and_words_without_a_number_are_refused() {
        let table = [
            ("12 months", Ok(Some(Length::months(12)))),
            ("1 year", Ok(Some(Length::months(12)))),
            ("365 days", Ok(Some(Length::days(365)))),
            ("2 weeks", Ok(Some(Length::days(14)))),
            ("90days", Ok(Some(Length::days(90)))),
            (
                "1 month and 3 days",
                Ok(Some(Length { months: 1, days: 3 })),
            ),
            ("P1Y6M", Ok(Some(Length::months(18)))),
            ("indefinite", Ok(None)),
            ("regularly", Err("`regularly` names no number".to_owned())),
            ("as needed", Err("`as needed` names no number".to_owned())),
            (
                "3 moons",
                Err("`moon` is no unit: days, weeks, months and years are".to_owned()),
            ),
        ];
        for (text, expected) in table {
            let found = length(text).map_err(|e| e.replace("moons", "moon"));
            assert_eq!(found, expected, "{text}");
        }
        assert!(length("").is_err());
        assert!(length("99999999 years").is_err());
        assert!(length("P").is_err());
    }

    #[test]
    fn dates_are_read_in_the_forms_that_people_write() {
        let on = |text: &str| Written::Day(text.parse().unwrap());
        let table = [
            ("July 30, 2025", on("2025-07-30")),
            ("30 July 2025", on("2025-07-30")),
            ("30th of July, 2025", on("2025-07-30")),
            ("**2026-01-20**", on("2026-01-20")),
            ("2026-01-20T10:00:00Z", on("2026-01-20")),
            ("25/08/2025", on("2025-08-25")),
            ("08/25/2025", on("2025-08-25")),
            ("07/08/2025", Written::Vague),
            ("early 2025", Written::Vague),
            ("Since 2022", Written::Vague),
            ("$(date)", Written::Unexpanded),
            ("$(date -d '+6 months')", Written::Unexpanded),
            ("{{ date }}", Written::Unexpanded),
            ("YYYY-MM-DD", Written::Unexpanded),
            ("February 30, 2025", Written::No),
            ("soon", Written::No),
        ];
        for (text, expected) in table {
            assert_eq!(written(text), expected, "{text}");
        }
        let label = |text: &str| match written(text) {
            Written::Period(p) => format!("{} {}", p.from, p.to),
            other => format!("{other:?}"),
        };
        assert_eq!(label("2026-Q3"), "2026-07-01 2026-09-30");
        assert_eq!(label("July 2025"), "2025-07-01 2025-07-31");
        assert_eq!(label("2026-W53"), "2026-12-28 2027-01-03");
        assert_eq!(written("2025-W53"), Written::No, "that year has 52 weeks");
    }
}
