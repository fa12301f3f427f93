//! Texts that are values, texts that are not, and what is said about those.

use super::*;
use crate::limits::{KIB, MIB};

const HOUR: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3600);

#[test]
fn sizes_have_binary_units() {
    let any = || 0..=usize::MAX;
    for (text, bytes) in [
        ("0", 0),
        ("512", 512),
        ("512B", 512),
        ("64KiB", 64 * KIB),
        ("64kib", 64 * KIB),
        ("1MiB", MIB),
        ("2GiB", 2048 * MIB),
    ] {
        assert_eq!(size(text, any()), Ok(bytes), "{text}");
    }
    for text in ["", "KiB", "1KB", "1.5KiB", "-1", "+1", "1 KiB", "0x10", "1K", "١"] {
        assert!(size(text, any()).unwrap_err().contains("is no size"), "{text}");
    }
}

#[test]
fn a_size_beyond_its_range_says_the_range() {
    let range = || KIB..=MIB;
    assert_eq!(size("5", range()).unwrap_err(), "5 is too small: 1KiB … 1MiB");
    assert_eq!(size("2MiB", range()).unwrap_err(), "2MiB is too large: 1KiB … 1MiB");
    let huge = "99999999999999999999GiB";
    assert_eq!(size(huge, range()).unwrap_err(), format!("{huge} is too large: 1KiB … 1MiB"));
}

#[test]
fn durations_have_units_and_exact_fractions() {
    for (text, ms) in
        [("1ms", 1), ("500ms", 500), ("10s", 10_000), ("5m", 300_000), ("1h", 3_600_000)]
    {
        assert_eq!(duration(text, HOUR), Ok(Duration::from_millis(ms)), "{text}");
    }
    assert_eq!(duration("0.5s", HOUR), Ok(Duration::from_millis(500)));
    assert_eq!(duration("1.5m", HOUR), Ok(Duration::from_secs(90)));
    assert_eq!(duration("0", Duration::ZERO..=Duration::MAX), Ok(Duration::ZERO));
    for text in ["", "s", "ten", "1.s", ".5s", "1..2s", "-1s", "1S", "1 s", "1d", "1e3s"] {
        assert!(duration(text, HOUR).unwrap_err().contains("is no duration"), "{text}");
    }
    assert!(duration("10", HOUR).unwrap_err().contains("has no unit"));
}

#[test]
fn a_duration_beyond_its_range_says_the_range() {
    assert_eq!(duration("0s", HOUR).unwrap_err(), "0s is too short: 1ms … 1h");
    assert_eq!(duration("2h", HOUR).unwrap_err(), "2h is too long: 1ms … 1h");
    assert_eq!(
        duration("99999999999999999999h", HOUR).unwrap_err(),
        "99999999999999999999h is too long: 1ms … 1h"
    );
}

#[test]
fn counts_are_digits_in_a_range() {
    assert_eq!(count("7", 1..=8_u32), Ok(7));
    assert_eq!(count("0", 1..=8_u32).unwrap_err(), "0 is too small: 1 … 8");
    assert_eq!(count("9", 1..=8_u32).unwrap_err(), "9 is too large: 1 … 8");
    assert_eq!(count("99999999999", 1..=8_u32).unwrap_err(), "99999999999 is too large: 1 … 8");
    for text in ["", "-1", "+1", "1.0", "0x1", "many"] {
        assert!(count(text, 1..=8_u32).unwrap_err().contains("is no number"), "{text}");
    }
}

#[test]
fn probabilities_are_between_none_and_all() {
    assert_eq!(probability("0"), Ok(0.0));
    assert_eq!(probability("0.5"), Ok(0.5));
    assert_eq!(probability("1"), Ok(1.0));
    for text in ["", "1.01", "-0", "-0.1", "NaN", "inf", "1e0", "half", "."] {
        assert!(probability(text).is_err(), "{text}");
    }
}

#[test]
fn rates_bring_their_burst() {
    assert_eq!(rate("20/s"), Ok(Rate { per_second: 20, burst: 40 }));
    assert_eq!(rate("20/s:100"), Ok(Rate { per_second: 20, burst: 100 }));
    for text in ["", "20", "/s", "20/m", "0/s", "-1/s", "20/s:", "20/s:0", "99999999/s"] {
        assert!(rate(text).is_err(), "{text}");
    }
    assert_eq!(byte_rate("500B/s", 0..=1000), Ok(500));
    assert_eq!(byte_rate("500", 0..=1000), Ok(500));
}

#[test]
fn words_are_exact_and_suggest() {
    let words = [("combined", 1), ("json", 2)];
    assert_eq!(word("json", &words), Ok(2));
    let error = word("jsno", &words).unwrap_err();
    assert_eq!(error, "`jsno` is none of combined, json; did you mean json?");
    assert!(word("", &words).is_err());
}

#[test]
fn addresses_are_ipv4_ipv6_or_names_with_a_port() {
    for text in ["127.0.0.1:0", "[::1]:8080", "0.0.0.0:65535"] {
        assert_eq!(address(text).map(|a| a.to_string()), Ok(text.to_owned()));
    }
    let local = address("localhost:80").expect("localhost resolves everywhere");
    assert!(local.ip().is_loopback() && local.port() == 80);
    for text in ["", "8080", ":8080", "127.0.0.1", "::1:80", "[::1]", "a b:80", "h:http"] {
        assert!(address(text).is_err(), "{text}");
    }
    assert!(address("127.0.0.1:65536").unwrap_err().contains("65536 is too large"));
}

#[test]
fn a_host_may_wear_brackets() {
    assert_eq!(host_at("::1", 80), "[::1]:80".parse().map_err(|_| String::new()));
    assert_eq!(host_at("[::1]", 80), host_at("::1", 80));
    assert_eq!(host_at("127.0.0.1", 80), address("127.0.0.1:80"));
    for text in ["", "127.0.0.1:80", "[::1]:80", "[::1", "http://h"] {
        assert!(host_at(text, 80).is_err(), "{text}");
    }
}

#[test]
fn what_is_shown_reads_back() {
    for bytes in [0, 1, 1023, KIB, 3 * MIB, MIB + 1] {
        assert_eq!(size(&show_size(bytes), 0..=usize::MAX), Ok(bytes));
    }
    for ms in [0, 1, 999, 1000, 1500, 60_000, 3_600_000] {
        let time = Duration::from_millis(ms);
        assert_eq!(duration(&show_duration(time), Duration::ZERO..=time), Ok(time));
    }
}
