//! Days, and lengths of time as people agree on them: a year is twelve months, not 365 days.

use chrono::{Datelike as _, Days, Months};

/// A day of the Gregorian calendar.
pub use chrono::NaiveDate as Date;

/// A length of time: whole months and days. Months keep the day of the month where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length {
    /// Calendar months.
    pub months: u32,
    /// Days.
    pub days: u32,
}

impl Length {
    /// Months alone.
    #[must_use]
    pub const fn months(months: u32) -> Self {
        Self { months, days: 0 }
    }

    /// Days alone.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self { months: 0, days }
    }

    /// The day that lies this far after another; the last day there is, where it would lie behind that.
    #[must_use]
    pub fn after(self, date: Date) -> Date {
        date.checked_add_months(Months::new(self.months))
            .and_then(|d| d.checked_add_days(Days::new(u64::from(self.days))))
            .unwrap_or(Date::MAX)
    }

    /// For people: `12 months`, `1 month and 3 days`.
    #[must_use]
    pub fn words(self) -> String {
        let count = |n: u32, what: &str| match n {
            1 => format!("1 {what}"),
            _ => format!("{n} {what}s"),
        };
        match (self.months, self.days) {
            (0, days) => count(days, "day"),
            (months, 0) => count(months, "month"),
            (months, days) => format!("{} and {}", count(months, "month"), count(days, "day")),
        }
    }
}

/// From one day to another, both of them within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

impl Period {
    /// Whether a day lies within.
    #[must_use]
    pub fn contains(self, date: Date) -> bool {
        self.from <= date && date <= self.to
    }
}

/// How often something is to be done. All but the last are periods of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frequency {
    /// Every day.
    Day,
    /// Every ISO week, from Monday to Sunday.
    Week,
    /// Every month.
    Month,
    /// Every quarter of a year.
    Quarter,
    /// Every half of a year.
    HalfYear,
    /// Every year.
    Year,
    /// Whenever something has happened.
    Event,
}

impl Frequency {
    /// All of them, shortest first.
    pub const ALL: [Self; 7] = [
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::HalfYear,
        Self::Year,
        Self::Event,
    ];

    /// The word for it in authored files and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::HalfYear => "half-year",
            Self::Year => "year",
            Self::Event => "event",
        }
    }

    /// How long after a period something may still be done where nobody said otherwise: a pack default.
    #[must_use]
    pub fn default_grace(self) -> Length {
        Length::days(match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 15,
            Self::Quarter | Self::HalfYear | Self::Year | Self::Event => 30,
        })
    }

    /// The period of the calendar that a day lies in; for events the day itself.
    #[must_use]
    pub fn period(self, date: Date) -> Period {
        let months = |first: u32, count: u32| {
            let from = Date::from_ymd_opt(date.year(), first, 1).unwrap_or(date);
            let to = Length::months(count).after(from).pred_opt().unwrap_or(date);
            Period { from, to }
        };
        let month0 = date.month0();
        match self {
            Self::Day | Self::Event => Period {
                from: date,
                to: date,
            },
            Self::Week => {
                let since = date.weekday().num_days_from_monday();
                let from = date
                    .checked_sub_days(Days::new(u64::from(since)))
                    .unwrap_or(date);
                Period {
                    from,
                    to: Length::days(6).after(from),
                }
            }
            Self::Month => months(month0 + 1, 1),
            Self::Quarter => months(month0 / 3 * 3 + 1, 3),
            Self::HalfYear => months(month0 / 6 * 6 + 1, 6),
            Self::Year => months(1, 12),
        }
    }

    /// The period behind another; none for events, and none at the end of the calendar.
    #[must_use]
    pub fn next(self, period: Period) -> Option<Period> {
        match self {
            Self::Event => None,
            _ => period.to.succ_opt().map(|day| self.period(day)),
        }
    }

    /// What people call a period: `2026-Q3`, `2026-10`, `2026-W05`.
    #[must_use]
    pub fn label(self, period: Period) -> String {
        let from = period.from;
        match self {
            Self::Day | Self::Event => from.to_string(),
            Self::Week => format!("{}-W{:02}", from.iso_week().year(), from.iso_week().week()),
            Self::Month => format!("{}-{:02}", from.year(), from.month()),
            Self::Quarter => format!("{}-Q{}", from.year(), from.month0() / 3 + 1),
            Self::HalfYear => format!("{}-H{}", from.year(), from.month0() / 6 + 1),
            Self::Year => from.year().to_string(),
        }
    }
}

/// How many months have begun since a day: 12 on the same day a year later, 13 on the day after.
#[must_use]
pub fn months_begun(since: Date, now: Date) -> i64 {
    if now <= since {
        return 0;
    }
    let whole = (i64::from(now.year()) - i64::from(since.year())) * 12 + i64::from(now.month())
        - i64::from(since.month());
    let whole = u32::try_from(whole.max(0)).unwrap_or(u32::MAX);
    let reached = Length::months(whole).after(since);
    i64::from(whole) + i64::from(reached < now)
}

/// How many days a day lies behind another; negative where it lies before.
#[must_use]
pub fn days_between(from: Date, to: Date) -> i64 {
    to.signed_duration_since(from).num_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn twelve_months_are_no_365_days() {
        assert_eq!(months_begun(day("2025-11-21"), day("2026-11-21")), 12);
        assert_eq!(months_begun(day("2025-11-21"), day("2026-11-22")), 13);
        assert_eq!(months_begun(day("2024-02-29"), day("2025-02-28")), 12);
        assert_eq!(months_begun(day("2023-02-28"), day("2024-02-29")), 13);
        assert_eq!(months_begun(day("2026-01-31"), day("2026-02-28")), 1);
        assert_eq!(months_begun(day("2026-01-31"), day("2026-01-30")), 0);
        assert_eq!(days_between(day("2025-10-30"), day("2026-11-21")), 387);
    }

    #[test]
    fn periods_are_those_of_the_calendar() {
        let label = |f: Frequency, d: &str| {
            let p = f.period(day(d));
            format!("{} {} {}", f.label(p), p.from, p.to)
        };
        assert_eq!(
            label(Frequency::Quarter, "2026-08-15"),
            "2026-Q3 2026-07-01 2026-09-30"
        );
        assert_eq!(
            label(Frequency::Month, "2024-02-11"),
            "2024-02 2024-02-01 2024-02-29"
        );
        assert_eq!(
            label(Frequency::Week, "2027-01-01"),
            "2026-W53 2026-12-28 2027-01-03"
        );
        assert_eq!(
            label(Frequency::HalfYear, "2026-07-01"),
            "2026-H2 2026-07-01 2026-12-31"
        );
        assert_eq!(
            label(Frequency::Year, "2026-07-01"),
            "2026 2026-01-01 2026-12-31"
        );
        let week = Frequency::Week.period(day("2026-12-28"));
        assert_eq!(
            Frequency::Week.next(week).map(|w| w.from),
            Some(day("2027-01-04"))
        );
    }

    #[test]
    fn forty_three_weeks_close_when_the_first_counts_although_it_is_not_whole() {
        let mut week = Frequency::Week.period(day("2026-01-20"));
        let mut closed = 0;
        while week.to < day("2026-11-21") {
            closed += 1;
            week = Frequency::Week.next(week).unwrap();
        }
        assert_eq!(closed, 43);
    }
}
