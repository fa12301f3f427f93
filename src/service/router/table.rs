//! A table of routes. Unknown paths, wrong methods, and the answers to OPTIONS and HEAD follow from
//! its rows.

use crate::service::http::allow::{Allow, METHODS};
use crate::service::http::{ListenerRole, Response, Route, Style, empty};
use crate::wire::http::{Head, Method};
use crate::wire::target::Target;

/// Rows, and an index of the beginnings of their paths: for the two letters after the first slash,
/// it has the rows that may match. Most requests are for files with other beginnings, and the rest
/// are compared with few rows.
#[derive(Debug)]
pub struct Table {
    rows: &'static [&'static [Route]],
    /// A bit for each row.
    beginnings: [u128; PLACES],
    /// The function that finds a row for a path without a row.
    rest: Option<Rest>,
}

/// A function that returns a row for any path, or the answer to a method that is not offered.
pub type Rest = fn(&Head<'_, '_>) -> Result<&'static Route, Response>;

const PLACES: usize = 256;

impl Table {
    /// Returns a table of all these rows, in this order.
    pub const fn new(rows: &'static [&'static [Route]], rest: Option<Rest>) -> Table {
        let mut beginnings = [0; PLACES];
        let mut number = 0;
        while let Some(route) = row(rows, number) {
            let prefix = route.path.prefix().as_bytes();
            let is_told = prefix.len() >= 3 || route.path.is_exact();
            assert!(is_told, "two letters tell its paths from others");
            beginnings[place(prefix)] |= 1 << number;
            number += 1;
        }
        Table { rows, beginnings, rest }
    }

    /// Returns the row for a request, or the answer that the table itself gives.
    pub fn find(
        &self,
        face: ListenerRole,
        head: &Head<'_, '_>,
    ) -> Result<&'static Route, Response> {
        if matches!(head.target, Target::Asterisk) {
            return Err(empty(204).allow(Allow(METHODS)));
        }
        let path = head.target.path();
        if head.method == Method::Other {
            let style = self.style(face, path).unwrap_or_else(|| Style::of(head));
            return Err(style.error(501, "This server knows no such method."));
        }
        let wanted = if head.method == Method::Head { Method::Get } else { head.method };
        let mut known = None;
        for route in self.rows(face, path) {
            if route.method == wanted && route.offers(head.method) {
                return Ok(route);
            }
            known = Some(route);
        }
        let Some(route) = known else {
            return match self.rest {
                Some(rest) if face == ListenerRole::Web => rest(head),
                Some(_) | None => Err(nowhere(head)),
            };
        };
        let is_elsewhere = |row: &Route| row.method == wanted && !is_on(row, face);
        if self.matching(path).any(is_elsewhere) {
            // A method of operators is unknown on a listener without them.
            return Err(route.style_for(head).error(404, "There is nothing at this path."));
        }
        let allow = Allow(&self.allowed(face, path));
        if head.method == Method::Options {
            return Err(empty(204).allow(allow));
        }
        Err(route.style_for(head).error(405, "This path does not offer that method.").allow(allow))
    }

    /// Returns the form of errors for a path with any method, if its rows have one.
    pub fn style(&self, face: ListenerRole, path: &str) -> Option<Style> {
        self.rows(face, path).next().and_then(|route| route.style)
    }

    fn allowed(&self, face: ListenerRole, path: &str) -> Vec<Method> {
        let mut methods = Vec::new();
        for route in self.rows(face, path) {
            methods.push(route.method);
            if route.method == Method::Get && route.offers(Method::Head) {
                methods.push(Method::Head);
            }
        }
        methods.push(Method::Options);
        methods
    }

    /// Returns the rows for a path on a listener.
    fn rows(&self, face: ListenerRole, path: &str) -> impl Iterator<Item = &'static Route> {
        self.matching(path).filter(move |route| is_on(route, face))
    }

    /// Returns the rows for a path, in their order.
    fn matching(&self, path: &str) -> impl Iterator<Item = &'static Route> {
        let mut left = self.beginnings[place(path.as_bytes())];
        let candidates = std::iter::from_fn(move || {
            let number = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            row(self.rows, number as usize)
        });
        candidates.filter(move |route| route.path.segment(path).is_some())
    }
}

fn is_on(route: &Route, face: ListenerRole) -> bool {
    route.only.is_none_or(|only| only == face)
}

/// Returns the answer for a path without a row. The two methods that no path offers have an answer
/// of their own.
fn nowhere(head: &Head<'_, '_>) -> Response {
    match head.method {
        Method::Connect | Method::Trace => Style::of(head)
            .error(405, "No path of this server offers that method.")
            .allow(Allow(METHODS)),
        Method::Get
        | Method::Head
        | Method::Post
        | Method::Put
        | Method::Patch
        | Method::Delete
        | Method::Options
        | Method::Other => Style::of(head).error(404, "There is nothing at this path."),
    }
}

/// Returns a row by its number in the order of all of them.
const fn row(rows: &[&'static [Route]], mut number: usize) -> Option<&'static Route> {
    let mut table = 0;
    while table < rows.len() {
        if number < rows[table].len() {
            return Some(&rows[table][number]);
        }
        number -= rows[table].len();
        table += 1;
    }
    None
}

const fn place(path: &[u8]) -> usize {
    let first = if path.len() > 1 { path[1] } else { 0 };
    let second = if path.len() > 2 { path[2] } else { 0 };
    first.wrapping_mul(31).wrapping_add(second) as usize
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn a_row_is_found_by_the_beginnings_of_its_paths() {
        for face in [ListenerRole::Web, ListenerRole::Catalog(1), ListenerRole::Order(1)] {
            let table = table(face);
            let all = || table.rows.iter().copied().flatten();
            for prefix in all().map(|route| route.path.prefix()) {
                for path in [prefix.to_string(), format!("{prefix}x"), format!("{prefix}x/y")] {
                    let compared = all().filter(|route| route.path.segment(&path).is_some());
                    let compared = compared.map(std::ptr::from_ref).collect::<Vec<_>>();
                    let found = table.matching(&path).map(std::ptr::from_ref).collect::<Vec<_>>();
                    assert_eq!(found, compared, "{path}");
                }
            }
        }
        let files = ["/index.html", "/about.html", "/img/x.png", "/x"];
        assert!(
            files
                .iter()
                .all(|path| table(ListenerRole::Web).beginnings[place(path.as_bytes())] == 0)
        );
    }

    #[test]
    fn every_row_has_a_sentence_of_description() {
        for face in [ListenerRole::Web, ListenerRole::Catalog(1), ListenerRole::Order(1)] {
            for route in table(face).rows.iter().copied().flatten() {
                assert!(route.about.ends_with('.'), "{:?}", route.path);
            }
        }
    }
}
