//! The address of what is loaded.

use crate::wire::target::{Bad, Target};

/// An address of the web, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) text: String,
    /// Host and port, as they go into the `Host` field.
    pub(super) authority: String,
    /// Host, and port even if it was not given.
    pub(super) address: String,
    /// Path and query.
    pub(super) target: String,
}

/// The advice for a URL that needs TLS.
const NO_TLS: &str = "https: pentad load has no tls; load a plain http:// address of the server, \
    or let a proxy that has (stunnel, socat) stand between, and load that";

impl Url {
    pub(super) fn parse(text: &str) -> Result<Url, String> {
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("https:") {
            return Err(NO_TLS.into());
        }
        if !lower.starts_with("http://") {
            return Err(format!("{text}: a URL of the form http://HOST[:PORT]/PATH"));
        }
        let text = text.split('#').next().unwrap_or(text);
        let bad = |bad: Bad| format!("{text}: {}", bad.text());
        let target = Target::parse(text).map_err(bad)?;
        let authority = target.authority().unwrap_or_default().to_owned();
        let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
        let port = match authority.rfind(':') {
            Some(at) if !authority[at..].contains(']') => &authority[at + 1..],
            Some(_) | None => "",
        };
        let address = match port {
            "" => format!("{}:80", authority.trim_end_matches(':')),
            _ => authority.clone(),
        };
        let target = format!("{}{query}", target.path());
        Ok(Url { text: text.to_owned(), authority, address, target })
    }

    /// The host without its port, and the path without its query.
    pub(super) fn host_and_path(&self) -> (&str, &str) {
        let host = self.address.rsplit_once(':').map_or("", |(host, _)| host);
        (host, self.target.split('?').next().unwrap_or("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let url = Url::parse("http://[::1]/a?b=c#d").unwrap();
        assert_eq!((&*url.authority, &*url.address, &*url.target), ("[::1]", "[::1]:80", "/a?b=c"));
        assert_eq!(url.host_and_path(), ("[::1]", "/a"));
        let url = Url::parse("HTTP://a:8080").unwrap();
        assert_eq!(url.host_and_path(), ("a", "/"));
        assert_eq!((&*url.address, &*url.target), ("a:8080", "/"));
        assert!(Url::parse("https://a/").unwrap_err().contains("tls"));
        assert!(Url::parse("a:8080").is_err() && Url::parse("http://a b/").is_err());
    }
}
