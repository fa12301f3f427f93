//! The cookies of one client: kept from responses and sent with later requests, as a browser does
//! (RFC 6265 §5.3, §5.4). The store is bounded: cookies beyond the bounds are not kept.

use crate::wire::cookie::{SetCookie, domain_matches, path_matches, set_cookie};
use std::str;
use std::time::{Duration, Instant, SystemTime};

/// The target of a request, as far as it decides which cookies apply.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The host, without the port.
    pub host: String,
    /// The path, without the query.
    pub path: String,
}

/// The cookies of a client: see the module.
#[derive(Debug, Default, Clone)]
pub(super) struct Jar {
    cookies: Vec<Cookie>,
}

#[derive(Debug, Clone)]
struct Cookie {
    name: Vec<u8>,
    value: Vec<u8>,
    until: Option<Instant>,
}

/// The number of cookies of a client, and the bytes of one: the minimum of RFC 6265 §6.1.
const COOKIES_MAX: usize = 50;
const COOKIE_BYTES_MAX: usize = 4096;

impl Jar {
    pub(super) fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// Processes a `Set-Cookie` field.
    pub(super) fn store(&mut self, field: &[u8], scope: &Scope, now: Instant, wall: SystemTime) {
        let Some(cookie) = set_cookie(field).filter(|cookie| is_for(cookie, scope)) else { return };
        let known = self.cookies.iter().position(|old| old.name == cookie.name);
        let life = lifetime(&cookie, wall);
        if life.is_some_and(|life| life.is_zero()) {
            known.map(|place| self.cookies.remove(place));
            return;
        }
        let (name, value) = (cookie.name.to_vec(), cookie.value.to_vec());
        let new = Cookie { name, value, until: life.and_then(|life| now.checked_add(life)) };
        match known {
            Some(place) => self.cookies[place] = new,
            None if self.cookies.len() < COOKIES_MAX => self.cookies.push(new),
            None => {}
        }
    }

    /// Returns the field for a request, with its line end; none without cookies.
    pub(super) fn field(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.cookies.retain(|cookie| cookie.until.is_none_or(|until| now < until));
        let mut field = b"Cookie: ".to_vec();
        for (place, cookie) in self.cookies.iter().enumerate() {
            field.extend_from_slice(if place == 0 { b"" } else { b"; " });
            field.extend_from_slice(&cookie.name);
            field.push(b'=');
            field.extend_from_slice(&cookie.value);
        }
        field.extend_from_slice(b"\r\n");
        (!self.is_empty()).then_some(field)
    }
}

/// Returns true if the cookie would be sent with the next request over plain HTTP.
fn is_for(cookie: &SetCookie<'_>, scope: &Scope) -> bool {
    let fits = cookie.name.len() + cookie.value.len() <= COOKIE_BYTES_MAX;
    let host = cookie.domain.is_none_or(|domain| domain_matches(&scope.host, domain));
    let path = cookie.path.is_none_or(|path| path_matches(&scope.path, path));
    fits && host && path && !cookie.secure
}

/// Returns the lifetime of the cookie; zero deletes it. `Max-Age` has precedence.
fn lifetime(cookie: &SetCookie<'_>, wall: SystemTime) -> Option<Duration> {
    match (cookie.max_age, cookie.expires) {
        (Some(seconds), _) => Some(Duration::from_secs(seconds.max(0).unsigned_abs())),
        (None, Some(date)) => {
            let date =
                str::from_utf8(date).ok().and_then(|date| httpdate::parse_http_date(date).ok())?;
            Some(date.duration_since(wall).unwrap_or_default())
        }
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(fields: &[&str], later: Duration) -> String {
        let (mut jar, now) = (Jar::default(), Instant::now());
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let scope = Scope { host: "www.a.org".into(), path: "/shop/cart".into() };
        fields.iter().for_each(|field| jar.store(field.as_bytes(), &scope, now, wall));
        String::from_utf8(jar.field(now + later).unwrap_or_default()).unwrap()
    }

    #[test]
    fn cookies_come_back_as_they_were_set() {
        let zero = Duration::ZERO;
        assert_eq!(after(&[], zero), "");
        assert_eq!(after(&["a=1; Path=/", "b=\"2\""], zero), "Cookie: a=1; b=\"2\"\r\n");
        assert_eq!(after(&["a=1", "b=2", "a=3"], zero), "Cookie: a=3; b=2\r\n");
    }

    #[test]
    fn cookies_end_and_are_taken_away() {
        let later = Duration::from_secs(10);
        assert_eq!(after(&["a=1; Max-Age=9", "b=2; Max-Age=11"], later), "Cookie: b=2\r\n");
        assert_eq!(after(&["a=1", "a=; Max-Age=0"], later), "");
        let past = "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(after(&["a=1", "b=2", past], later), "Cookie: b=2\r\n");
        let future = "a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT";
        assert_eq!(after(&[future], later), "Cookie: a=1\r\n");
        let both = "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=99";
        assert_eq!(after(&[both], later), "Cookie: a=1\r\n");
    }

    #[test]
    fn cookies_for_others_are_not_kept_and_their_number_is_bounded() {
        for other in ["a=1; Path=/sho", "a=1; Domain=b.org", "a=1; Secure", "a"] {
            assert_eq!(after(&[other], Duration::ZERO), "", "{other}");
        }
        for ours in ["a=1; Path=/shop", "a=1; Domain=.A.org", "a=1; Domain=www.a.org"] {
            assert_eq!(after(&[ours], Duration::ZERO), "Cookie: a=1\r\n", "{ours}");
        }
        let many = (0..99).map(|number| format!("c{number}=1")).collect::<Vec<_>>();
        let many = many.iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(after(&many, Duration::ZERO).matches("=1").count(), COOKIES_MAX);
        assert_eq!(after(&[&format!("a={}", "x".repeat(5000))], Duration::ZERO), "");
    }
}
