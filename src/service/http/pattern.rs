//! Which paths a row of the table is for, and how a path that no row is for is known at a glance.

use super::routes::Route;

/// Which paths a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// This one.
    Exact(&'static str),
    /// This one and one more segment, which is the endpoint's affair.
    Under(&'static str),
    /// This one, with a slash at its end or without.
    Slashed(&'static str),
    /// The first, one more segment, the second; with a slash at its end or without.
    Named(&'static str, &'static str),
    /// One segment between these, which is the endpoint's affair.
    Between(&'static str, &'static str),
}

impl Pattern {
    /// Whether the path is one of them.
    pub fn matches(self, path: &str) -> bool {
        match self {
            Pattern::Exact(exact) => path == exact,
            Pattern::Under(prefix) => path
                .strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty() && !rest.contains('/')),
            Pattern::Slashed(exact) => path.strip_suffix('/').unwrap_or(path) == exact,
            Pattern::Named(prefix, suffix) => path
                .strip_prefix(prefix)
                .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
                .and_then(|rest| rest.strip_suffix(suffix))
                .is_some_and(|name| !name.is_empty() && !name.contains('/')),
            Pattern::Between(prefix, suffix) => path
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(suffix))
                .is_some_and(|rest| !rest.is_empty() && !rest.contains('/')),
        }
    }

    /// What every such path begins with.
    const fn prefix(self) -> &'static str {
        match self {
            Pattern::Exact(prefix)
            | Pattern::Under(prefix)
            | Pattern::Slashed(prefix)
            | Pattern::Named(prefix, _)
            | Pattern::Between(prefix, _) => prefix,
        }
    }
}

/// How the paths of tables begin: a bit for the two letters behind the first slash. Most requests
/// are for files, whose paths begin otherwise: they need not be compared with every row.
#[derive(Debug, Clone, Copy)]
pub struct Beginnings([u64; 4]);

impl Beginnings {
    /// Those of all rows of these tables.
    pub const fn of(tables: [&[Route]; 2]) -> Beginnings {
        let mut bits = [0; 4];
        let mut table = 0;
        while table < tables.len() {
            let mut row = 0;
            while row < tables[table].len() {
                let pattern = tables[table][row].path;
                let prefix = pattern.prefix().as_bytes();
                let is_exact = matches!(pattern, Pattern::Exact(_));
                assert!(prefix.len() >= 3 || is_exact, "two letters tell its paths from others");
                let place = place(prefix);
                bits[place / 64] |= 1 << (place % 64);
                row += 1;
            }
            table += 1;
        }
        Beginnings(bits)
    }

    /// Whether some row may be for this path. If not, none is.
    pub const fn may_have(&self, path: &str) -> bool {
        let place = place(path.as_bytes());
        self.0[place / 64] >> (place % 64) & 1 == 1
    }
}

const fn place(path: &[u8]) -> usize {
    let first = if path.len() > 1 { path[1] } else { 0 };
    let second = if path.len() > 2 { path[2] } else { 0 };
    first.wrapping_mul(31).wrapping_add(second) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::http::routes::tables;

    #[test]
    fn no_path_of_a_row_is_taken_for_a_file() {
        let beginnings = Beginnings::of(tables());
        for route in tables().into_iter().flatten() {
            let prefix = route.path.prefix();
            for path in [prefix.to_string(), format!("{prefix}x"), format!("{prefix}x/y")] {
                assert!(beginnings.may_have(&path) || !route.path.matches(&path), "{path}");
            }
        }
        let files = ["/index.html", "/about.html", "/favicon.ico", "/x"];
        assert!(files.iter().all(|path| !beginnings.may_have(path)));
    }
    #[test]
    fn a_segment_is_never_empty_and_never_two() {
        for (pattern, paths, others) in [
            (Pattern::Exact("/a"), &["/a"][..], &["/a/", "/", "/ab", "a"][..]),
            (Pattern::Under("/a/"), &["/a/b"], &["/a/", "/a", "/a/b/", "/a/b/c"]),
            (Pattern::Slashed("/a"), &["/a", "/a/"], &["/a//", "/", "/ab"]),
            (Pattern::Named("/a/", ""), &["/a/b", "/a/b/"], &["/a/", "/a//", "/a/b/c"]),
            (
                Pattern::Named("/a/", "/z"),
                &["/a/b/z", "/a/b/z/"],
                &["/a//z", "/a/z", "/a/b/c/z", "/a/b"],
            ),
            (Pattern::Between("/a/", ".z"), &["/a/b.z"], &["/a/.z", "/a/b.z/", "/a/b/c.z"]),
        ] {
            assert!(paths.iter().all(|path| pattern.matches(path)), "{pattern:?}");
            for path in others {
                assert!(!pattern.matches(path), "{pattern:?} {path}");
            }
        }
    }
}
