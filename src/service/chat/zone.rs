//! Time zones: the beginning of a day.

use std::time::{SystemTime, UNIX_EPOCH};

/// A time zone, as data.
#[derive(Debug, Clone, PartialEq)]
pub enum Zone {
    /// Always so many seconds ahead of UTC.
    Fixed(i32),
    /// By the rules of a place.
    Rules(tz::TimeZone),
}

impl Zone {
    /// Returns the seconds ahead of UTC at that moment.
    fn ahead_s(&self, unix_s: i64) -> i64 {
        match self {
            Zone::Fixed(seconds) => i64::from(*seconds),
            Zone::Rules(rules) => {
                let found = rules.find_local_time_type(unix_s).ok();
                let found = found.or_else(|| last(rules));
                found.map_or(0, |found| i64::from(found.ut_offset()))
            }
        }
    }

    /// Returns the day as `YYYY-MM-DD`.
    pub fn day(&self, wall: SystemTime) -> String {
        let unix_s = unix_ms(wall).div_euclid(1000);
        let (year, month, day) = civil((unix_s + self.ahead_s(unix_s)).div_euclid(86_400));
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Returns the day and the time as `YYYY-MM-DD HH:MM:SS`.
    pub fn day_and_time(&self, wall: SystemTime) -> String {
        let unix_s = unix_ms(wall).div_euclid(1000);
        let second = (unix_s + self.ahead_s(unix_s)).rem_euclid(86_400);
        let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
        format!("{} {hours:02}:{minutes:02}:{seconds:02}", self.day(wall))
    }
}

/// Returns the local time type after the last change of a file without a rule for later ones.
fn last(rules: &tz::TimeZone) -> Option<&tz::LocalTimeType> {
    let rules = rules.as_ref();
    let transition = rules.transitions().last()?;
    rules.local_time_types().get(transition.local_time_type_index())
}

/// Returns the milliseconds since 1970.
pub fn unix_ms(wall: SystemTime) -> i64 {
    match wall.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_millis() as i64,
        Err(before) => -(before.duration().as_millis() as i64),
    }
}

/// Returns true for a day as [`Zone::day`] formats it.
pub fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
        && (1..=12).contains(&text[5..7].parse::<u8>().unwrap_or(0))
        && (1..=31).contains(&text[8..].parse::<u8>().unwrap_or(0))
}

/// Returns year, month and day of a number of days since 1970, by eras of 400 years that begin in
/// March, so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + era * 400 + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn wall(unix_s: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(unix_s)
    }

    #[test]
    fn days_begin_at_midnight_of_the_zone() {
        let midnight = 1_772_323_200; // 2026-03-01 00:00 UTC
        let utc = Zone::Fixed(0);
        assert_eq!(utc.day(wall(midnight - 1)), "2026-02-28");
        assert_eq!(utc.day(wall(midnight)), "2026-03-01");
        assert_eq!(utc.day_and_time(wall(midnight + 3723)), "2026-03-01 01:02:03");
        assert_eq!(Zone::Fixed(3600).day(wall(midnight - 3600)), "2026-03-01");
        assert_eq!(Zone::Fixed(-3600).day(wall(midnight)), "2026-02-28");
        assert_eq!(utc.day(UNIX_EPOCH - Duration::from_secs(1)), "1969-12-31");
        assert_eq!(utc.day(wall(951_782_400)), "2000-02-29");
    }

    #[test]
    fn rules_know_summer() {
        let rules = tz::TimeZone::from_posix_tz("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let zone = Zone::Rules(rules);
        assert_eq!(zone.day_and_time(wall(1_772_323_200)), "2026-03-01 01:00:00");
        assert_eq!(zone.day_and_time(wall(1_782_864_000)), "2026-07-01 02:00:00");
        // The clock goes forward on 2026-03-29 at one, and back on 2026-10-25 at one, by UTC.
        for (unix_s, local) in [
            (1_774_738_799, "2026-03-28 23:59:59"),
            (1_774_738_800, "2026-03-29 00:00:00"),
            (1_774_745_999, "2026-03-29 01:59:59"),
            (1_774_746_000, "2026-03-29 03:00:00"),
            (1_774_821_599, "2026-03-29 23:59:59"),
            (1_774_821_600, "2026-03-30 00:00:00"),
            (1_792_879_199, "2026-10-24 23:59:59"),
            (1_792_879_200, "2026-10-25 00:00:00"),
            (1_792_889_999, "2026-10-25 02:59:59"),
            (1_792_890_000, "2026-10-25 02:00:00"),
            (1_792_969_199, "2026-10-25 23:59:59"),
            (1_792_969_200, "2026-10-26 00:00:00"),
        ] {
            assert_eq!(zone.day_and_time(wall(unix_s)), local);
        }
    }

    #[test]
    fn a_file_without_a_rule_keeps_what_its_last_change_has_left() {
        let kind = |seconds| tz::LocalTimeType::new(seconds, false, None).unwrap();
        let change = tz::timezone::Transition::new(1000, 1);
        let kinds = vec![kind(3600), kind(7200)];
        let rules = tz::TimeZone::new(vec![change], kinds, vec![], None).unwrap();
        let zone = Zone::Rules(rules);
        assert_eq!(zone.day_and_time(wall(0)), "1970-01-01 01:00:00");
        assert_eq!(zone.day_and_time(wall(86_400)), "1970-01-02 02:00:00");
    }

    #[test]
    fn a_day_is_ten_characters() {
        assert!(is_day("2026-02-28") && is_day("2024-12-31"));
        for none in ["", "2026-2-28", "2026-13-01", "2026-00-10", "2026-01-32", "20260-1-01"] {
            assert!(!is_day(none), "{none}");
        }
    }
}
