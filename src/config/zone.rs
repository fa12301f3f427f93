//! When a day of the chat begins: from the text of an option, or of `TZ`, to a zone.
//!
//! `TZ` is read as POSIX and the time zone database have it. A file is looked for in `TZDIR` first,
//! then where systems keep them.

use super::value;
use crate::service::chat::zone::Zone;
use std::ffi::OsStr;
use std::fs;
use tz::timezone::TimeZoneSettings;

/// Reads `local` (`None`), `UTC`, `+02:00`, and whatever `TZ` can say.
pub(super) fn timezone(text: &str) -> Result<Option<Zone>, String> {
    match text {
        "local" => return Ok(None),
        "UTC" | "utc" | "Z" => return Ok(Some(Zone::Fixed(0))),
        _ => {}
    }
    if let Some(ahead) = distance(text) {
        return ahead.map(|ahead| Some(Zone::Fixed(ahead)));
    }
    if text.is_empty() {
        return Err(wrong(text));
    }
    posix(text, tzdir().as_deref()).map(Some)
}

/// The zone that the variable `TZ` names: UTC if it is empty, that of `/etc/localtime` if there is
/// no such variable, and UTC on a machine without that.
///
/// # Errors
/// The variable names no zone.
pub fn local(variable: Option<&OsStr>) -> Result<Zone, String> {
    let Some(variable) = variable else {
        let rules = tz::TimeZone::local().map(Zone::Rules);
        return Ok(rules.unwrap_or(Zone::Fixed(0)));
    };
    let text = variable.to_str().ok_or_else(|| wrong(&variable.to_string_lossy()))?;
    posix(text, tzdir().as_deref())
}

fn tzdir() -> Option<String> {
    std::env::var("TZDIR").ok().filter(|dir| !dir.is_empty())
}

/// A place of the time zone database, a file by its path, or a rule; a colon may come before each.
fn posix(text: &str, directory: Option<&str>) -> Result<Zone, String> {
    let text = text.strip_prefix(':').unwrap_or(text);
    if text.is_empty() {
        return Ok(Zone::Fixed(0));
    }
    let usual = TimeZoneSettings::DEFAULT_DIRECTORIES;
    let directories = directory.into_iter().chain(usual.iter().copied()).collect::<Vec<_>>();
    let settings = TimeZoneSettings::new(&directories, |path| Ok(fs::read(path)?));
    // A rule that names a summer time without its days has those of the database's `posixrules`.
    let rules = settings.parse_posix_tz(text);
    let rules = rules.or_else(|_| settings.parse_posix_tz(&format!("{text},M3.2.0,M11.1.0")));
    rules.map(Zone::Rules).map_err(|_| wrong(text))
}

fn wrong(text: &str) -> String {
    format!(
        "`{text}` is no time zone: expected local, UTC, a distance such as +02:00, a place such as \
         Europe/Berlin, the path of its file, or a rule such as CET-1CEST,M3.5.0,M10.5.0/3"
    )
}

/// `+HH:MM`, `-HH:MM`
fn distance(text: &str) -> Option<Result<i32, String>> {
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) | None => return None,
    };
    let parts = || {
        let (hours, minutes) = rest.split_once(':')?;
        let hours = value::count(hours, 0..=14).ok()?;
        Some((hours, value::count::<i32>(minutes, 0..=59).ok()?))
    };
    let ahead = parts().map(|(hours, minutes)| sign * (hours * 3600 + minutes * 60));
    Some(ahead.ok_or_else(|| wrong(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of the time zone database that has a rule for all times, and nothing else.
    fn file(rule: &str) -> Vec<u8> {
        let header = |version: u8| {
            let counts = [0_u32, 0, 0, 0, 1, 4];
            let counts = counts.into_iter().flat_map(u32::to_be_bytes).collect::<Vec<_>>();
            [b"TZif", &[version][..], &[0; 15], &counts, &[0; 6], b"UTC\0"].concat()
        };
        [header(b'2'), header(b'2'), format!("\n{rule}\n").into_bytes()].concat()
    }

    /// Seconds ahead of UTC in winter and in summer.
    fn ahead(zone: Result<Zone, String>) -> [i32; 2] {
        let at =
            |rules: &tz::TimeZone, unix_s| rules.find_local_time_type(unix_s).unwrap().ut_offset();
        match zone.unwrap() {
            Zone::Fixed(seconds) => [seconds; 2],
            Zone::Rules(rules) => [at(&rules, 1_768_000_000), at(&rules, 1_783_000_000)],
        }
    }

    #[test]
    fn zones_may_be_distances() {
        assert_eq!(timezone("+02:00"), Ok(Some(Zone::Fixed(7200))));
        assert_eq!(timezone("-03:30"), Ok(Some(Zone::Fixed(-12_600))));
        assert_eq!(timezone("UTC"), Ok(Some(Zone::Fixed(0))));
        assert_eq!(timezone("local"), Ok(None));
        for wrong in ["", "+2", "02:00", "+15:00", "+02:60", "Berlin", "Europe/", "/"] {
            let told = timezone(wrong).unwrap_err();
            assert!(told.starts_with(&format!("`{wrong}` is no time zone")), "{told}");
        }
    }

    #[test]
    fn zones_may_be_rules() {
        for (text, expected) in [
            ("CET-1CEST,M3.5.0,M10.5.0/3", [3600, 7200]),
            (":CET-1CEST,M3.5.0,M10.5.0/3", [3600, 7200]),
            ("<+0330>-3:30", [12_600, 12_600]),
            ("XXX5YYY", [-18_000, -14_400]),
            ("<-03>3<-02>,M3.5.0,M10.5.0", [-10_800, -7200]),
            ("AAA-11:37", [41_820, 41_820]),
        ] {
            assert_eq!(ahead(timezone(text).map(Option::unwrap)), expected, "{text}");
            assert_eq!(ahead(local(Some(OsStr::new(text)))), expected, "{text}");
        }
        for wrong in ["CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-99", "CET"] {
            assert!(local(Some(OsStr::new(wrong))).is_err() || wrong == "CET", "{wrong}");
        }
    }

    #[test]
    fn zones_may_be_files_by_name_or_by_path() {
        let folder = std::env::temp_dir().join(format!("pentad-zone-{}", std::process::id()));
        fs::create_dir_all(folder.join("Some")).unwrap();
        let path = folder.join("Some/Place");
        fs::write(&path, file("CET-1CEST,M3.5.0,M10.5.0/3")).unwrap();
        fs::write(folder.join("none"), "no zone").unwrap();
        let (directory, path) = (folder.to_str(), path.to_str().unwrap());
        for text in ["Some/Place", ":Some/Place", path, &format!(":{path}")] {
            assert_eq!(ahead(posix(text, directory)), [3600, 7200], "{text}");
        }
        for wrong in ["none", "Some", "Some/Other", ":Some/Other", "Some/Place,M3.2.0,M11.1.0"] {
            assert!(posix(wrong, directory).is_err(), "{wrong}");
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_empty_variable_is_utc() {
        assert_eq!(local(Some(OsStr::new(""))), Ok(Zone::Fixed(0)));
        assert_eq!(local(Some(OsStr::new(":"))), Ok(Zone::Fixed(0)));
        assert!(local(Some(OsStr::new("Nowhere/None"))).is_err());
    }
}
