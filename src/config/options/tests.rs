//! The table is consistent, and its defaults are the reasoned ones.

use std::collections::HashSet;

use super::*;
use crate::config::table::{Row, Set};
use crate::config::{Config, Rate};
use crate::limits::Limits;

#[test]
fn names_are_unique_and_spelled_like_flags() {
    let mut seen = HashSet::new();
    for option in all().map(|option| option.row) {
        assert!(seen.insert(option.name), "{} twice", option.name);
        let spelled = option.name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        assert!(spelled && !option.name.starts_with('-'), "{}", option.name);
        assert!(!option.help.is_empty() && !option.help.ends_with('.'), "{}", option.name);
    }
}

#[test]
fn variables_derive_from_names() {
    let head_bytes = find("head-bytes").expect("a row of the table");
    assert_eq!(head_bytes.row.variable(), "PENTAD_HEAD_BYTES");
}

#[test]
fn every_default_is_the_reasoned_one() {
    // Through the texts of the table, and not by `Config::blank`: workers, data and the legacy
    // values differ there.
    let config = Config::default();
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.data, std::path::Path::new("./pentad-data"));
    assert_eq!(config.workers, cores());
    assert_eq!(config.grace, Duration::from_secs(10));
    assert_eq!(config.legacy.timeout, Duration::from_secs(2));
    assert_eq!(config.legacy.delay, Duration::from_millis(500));
    assert_eq!(config.legacy.udp_rate, Rate { per_second: 20, burst: 40 });
    assert_eq!(config.site.cache_bytes, crate::limits::CACHE_BYTES);
    assert_eq!((config.site.max_age, config.site.list), (None, false));
    assert!((config.legacy.corruption - 0.5).abs() < f64::EPSILON);
    assert!(config.server_header && !config.color);
    assert_eq!((config.root, config.seed, config.log_file), (None, None, None));
}

#[test]
fn each_limit_has_a_row_that_moves_it() {
    // A row whose setter wrote another field, or none, would leave this one at its default.
    let field_count = format!("{:?}", Limits::default()).matches(": ").count();
    let mut fields = HashSet::new();
    for Opt { row, set } in limits::HTTP.iter().filter(|option| option.row.takes_value()) {
        let Set::Value(set) = set else { panic!("{} is no plain value", row.name) };
        let mut draft = Draft::new();
        let moved = ["2s", "300B", "5KiB", "3"].iter().any(|text| set(&mut draft, text).is_ok());
        assert!(moved, "{}", row.name);
        let debug = format!("{:?}", draft.config.limits);
        let before = format!("{:?}", Limits::default());
        let changed: Vec<&str> = debug
            .split(", ")
            .zip(before.split(", "))
            .filter(|(now, then)| now != then)
            .map(|(now, _)| now.trim_start_matches("Limits { "))
            .collect();
        let [changed] = changed[..] else { panic!("{} changed {changed:?}", row.name) };
        let field = row.name.replace('-', "_");
        assert!(changed.starts_with(&format!("{field}: ")), "{} changed {changed}", row.name);
        fields.insert(field);
    }
    assert_eq!(fields.len(), field_count);
}

#[test]
fn choices_are_the_words_that_are_taken() {
    for option in all() {
        for choice in option.row.choices() {
            let taken = match option.set {
                Set::Ask(ask) => ask(choice).map(drop),
                Set::Value(_)
                | Set::Path(_)
                | Set::Optional { .. }
                | Set::Switch(_)
                | Set::List { .. }
                | Set::Each { .. } => option.take(&mut Draft::new(), choice).map(drop),
            };
            // A kernel is known by its word, also where the processor lacks its instructions.
            let lacking = Err(format!("this processor cannot run `{choice}`"));
            assert!(taken == Ok(()) || taken == lacking, "{} {choice}: {taken:?}", option.row.name);
        }
    }
}

#[test]
fn each_service_has_a_row_of_its_name() {
    for service in Service::ALL {
        let Row { name, default, .. } = listener(service).row;
        assert!(default.parse::<SocketAddr>().is_ok(), "{name}");
        let mut draft = Draft::new();
        listener(service).take(&mut draft, "127.0.0.1:9").expect("it takes an address");
        draft.clear_listen(service);
        assert!(draft.listeners.is_empty(), "{name} sets another service");
    }
}
