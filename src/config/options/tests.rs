//! The table is consistent, and its defaults are the reasoned ones.

use std::collections::HashSet;

use super::*;
use crate::config::{Config, Rate};
use crate::limits::Limits;

#[test]
fn names_are_unique_and_spelled_like_flags() {
    let mut seen = HashSet::new();
    for option in all() {
        assert!(seen.insert(option.name), "{} twice", option.name);
        let spelled = option.name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        assert!(spelled && !option.name.starts_with('-'), "{}", option.name);
        assert!(!option.help.is_empty() && !option.help.ends_with('.'), "{}", option.name);
    }
}

#[test]
fn variables_derive_from_names() {
    let head_bytes = find("head-bytes").expect("a row of the table");
    assert_eq!(head_bytes.variable(), "PENTAD_HEAD_BYTES");
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
    for option in limits::HTTP.iter().filter(|option| option.takes_value()) {
        let Set::Value(set) = option.set else { panic!("{} is no plain value", option.name) };
        let mut draft = Draft::new();
        let moved = ["2s", "300B", "5KiB", "3"].iter().any(|text| set(&mut draft, text).is_ok());
        assert!(moved, "{}", option.name);
        let debug = format!("{:?}", draft.config.limits);
        let before = format!("{:?}", Limits::default());
        let changed: Vec<&str> = debug
            .split(", ")
            .zip(before.split(", "))
            .filter(|(now, then)| now != then)
            .map(|(now, _)| now.trim_start_matches("Limits { "))
            .collect();
        let [changed] = changed[..] else { panic!("{} changed {changed:?}", option.name) };
        let field = option.name.replace('-', "_");
        assert!(changed.starts_with(&format!("{field}: ")), "{} changed {changed}", option.name);
        fields.insert(field);
    }
    assert_eq!(fields.len(), field_count);
}

#[test]
fn choices_are_the_words_that_are_taken() {
    for option in all().filter(|option| option.choices().next().is_some()) {
        for choice in option.choices() {
            let taken = match option.set {
                Set::Value(set) => set(&mut Draft::new(), choice),
                Set::Ask(ask) => ask(choice).map(|_| ()),
                Set::Switch(_)
                | Set::List { .. }
                | Set::Each { .. }
                | Set::Listen(..)
                | Set::File => Ok(()),
            };
            // A kernel is known by its word, also where the processor lacks its instructions.
            let lacking = Err(format!("this processor cannot run `{choice}`"));
            assert!(taken == Ok(()) || taken == lacking, "--{} {choice}: {taken:?}", option.name);
        }
    }
}

#[test]
fn each_service_has_a_row_of_its_name() {
    for (service, _, option) in services() {
        assert_eq!(service.name(), option.name);
        assert!(option.default.parse::<SocketAddr>().is_ok(), "{}", option.name);
    }
}
