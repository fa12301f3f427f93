//! Which paths a row of a table is for, and how the rows for a path are found at a glance.

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

/// Rows, and how their paths begin: for the two letters behind the first slash, which rows they
/// may be of. Most requests are for files, whose paths begin otherwise, and the others have to be
/// compared with a few rows only.
#[derive(Debug)]
pub struct Table {
    rows: [&'static [Route]; 2],
    /// A bit for each row.
    beginnings: [u64; PLACES],
}

const PLACES: usize = 256;

impl Table {
    /// All these rows, in this order.
    pub const fn of(rows: [&'static [Route]; 2]) -> Table {
        let mut beginnings = [0; PLACES];
        let mut number = 0;
        while number < rows[0].len() + rows[1].len() {
            let pattern = row(rows, number).path;
            let is_exact = matches!(pattern, Pattern::Exact(_));
            let prefix = pattern.prefix().as_bytes();
            assert!(prefix.len() >= 3 || is_exact, "two letters tell its paths from others");
            beginnings[place(prefix)] |= 1 << number;
            number += 1;
        }
        Table { rows, beginnings }
    }

    /// The rows that are for this path, in their order.
    pub fn rows(&self, path: &str) -> impl Iterator<Item = &'static Route> {
        let mut left = self.beginnings[place(path.as_bytes())];
        let candidates = std::iter::from_fn(move || {
            let number = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some(row(self.rows, number as usize))
        });
        candidates.filter(move |route| route.path.matches(path))
    }
}

const fn row(rows: [&'static [Route]; 2], number: usize) -> &'static Route {
    match number.checked_sub(rows[0].len()) {
        None => &rows[0][number],
        Some(number) => &rows[1][number],
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
    use crate::service::http::Face;
    use crate::service::http::routes::table;

    #[test]
    fn a_row_is_found_by_the_beginnings_of_its_paths() {
        for face in [Face::Web, Face::Catalog(1), Face::Order(1)] {
            let table = table(face);
            let all = || table.rows.into_iter().flatten();
            for prefix in all().map(|route| route.path.prefix()) {
                for path in [prefix.to_string(), format!("{prefix}x"), format!("{prefix}x/y")] {
                    let compared = all().filter(|route| route.path.matches(&path));
                    let compared = compared.map(std::ptr::from_ref).collect::<Vec<_>>();
                    let found = table.rows(&path).map(std::ptr::from_ref).collect::<Vec<_>>();
                    assert_eq!(found, compared, "{path}");
                }
            }
        }
        let files = ["/index.html", "/about.html", "/img/x.png", "/x"];
        assert!(files.iter().all(|path| table(Face::Web).beginnings[place(path.as_bytes())] == 0));
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
