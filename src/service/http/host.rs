//! Our host names, and our own pages.

use std::net::{IpAddr, Ipv6Addr};

/// A host, and a port if one is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority<'a> {
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub name: &'a str,
    /// Its digits.
    pub port: Option<&'a str>,
}

impl<'a> Authority<'a> {
    /// Splits `host:port`; none without a host.
    pub fn parse(raw: &'a str) -> Option<Authority<'a>> {
        let bracket = raw.rfind(']').map_or(0, |end| end + 1);
        let (name, port) = match raw[bracket..].rfind(':') {
            Some(colon) => (&raw[..bracket + colon], Some(&raw[bracket + colon + 1..])),
            None => (raw, None),
        };
        let port = port.filter(|port| !port.is_empty());
        (!name.is_empty()).then_some(Authority { name, port })
    }

    /// Returns the address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(ip) => ip.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => self.name.parse().ok(),
        }
    }

    /// Returns true if it names this machine itself: `localhost`, 127.0.0.0/8, ::1.
    pub fn is_local(&self) -> bool {
        let name = self.name.strip_suffix('.').unwrap_or(self.name).to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost") || self.ip().is_some_and(is_loopback)
    }

    fn is_at(&self, other: &Authority<'_>, default_port: &str) -> bool {
        self.name.eq_ignore_ascii_case(other.name)
            && self.port.unwrap_or(default_port) == other.port.unwrap_or(default_port)
    }
}

/// Returns true for a loopback address.
pub fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Returns true if a URL, of which only the beginning counts, is at `host`.
pub fn is_page_of(url: &[u8], host: &Authority<'_>) -> bool {
    let Ok(url) = std::str::from_utf8(url) else { return false };
    let (rest, default_port) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (rest, "80"),
        (None, Some(rest)) => (rest, "443"),
        (None, None) => return false,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    Authority::parse(authority).is_some_and(|page| page.is_at(host, default_port))
}
