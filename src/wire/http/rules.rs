//! The meaning of the fields of a head for the message and the connection.
//!
//! The grammar is settled before any of this runs. Never guesses: if the fields could be read as
//! two different lengths, the head is refused.
//!
//! # The rules
//! - The form of the target fits its method: `*` only with OPTIONS, `host:port` only with CONNECT.
//!   (CONNECT itself may have any form: it is never served.)
//! - `Host`: exactly one in HTTP/1.1, valid and not empty; at most one in HTTP/1.0, where an empty
//!   one counts as none. The rule also holds if the target names an authority, which then wins (RFC
//!   9112 §3.2.2).
//! - `Content-Length`: digits only, at most 2⁶⁴ − 1, given once; not even the same number twice, in
//!   two fields or in a list.
//! - `Transfer-Encoding`: not in HTTP/1.0 and not together with `Content-Length`. Its list, over
//!   all fields, ends in `chunked`, contains it once and has no empty element; another coding
//!   before it is valid but not implemented.
//! - `Connection`: a list of options over all fields; `close` wins over `keep-alive`.
//! - `Expect`: `100-continue` or nothing.

use super::framing::FramingFields;
use super::{Bad, Field, Found, Framing, Head, Method, Version};
use crate::wire::ascii;
use crate::wire::target::{self, Target};

/// Interprets a head; `question` is the offset of the query in its target.
#[inline]
pub(super) fn understand<'h, 'b>(
    found: &Found<'h, 'b>,
    question: Option<usize>,
) -> Result<Head<'h, 'b>, Bad> {
    let method = Method::of(found.method);
    let target = Target::split(found.target, question)?;
    fits(target, method)?;
    let mut seen = HeadFields::default();
    for field in found.fields {
        seen.field(field)?;
    }
    let framing = seen.framing.decide(found.version)?;
    let host = seen.host(found.version)?;
    let has_body = !matches!(framing, Framing::None | Framing::Length(0));
    Ok(Head {
        method,
        target,
        version: found.version,
        framing,
        keep_alive: seen.framing.keeps_alive(found.version),
        expect_continue: seen.expects && has_body && found.version == Version::Http11,
        host,
        fields: found.fields,
    })
}

fn fits(target: Target<'_>, method: Method) -> Result<(), Bad> {
    let fits = match target {
        Target::Origin { .. } | Target::Absolute { .. } => true,
        Target::Authority(_) => method == Method::Connect,
        Target::Asterisk => method == Method::Options,
    };
    if fits { Ok(()) } else { Err(Bad::TargetForm) }
}

/// The fields of a head that matter here, as far as they were read.
#[derive(Default)]
struct HeadFields<'b> {
    host: Option<&'b [u8]>,
    expects: bool,
    framing: FramingFields,
}

impl<'b> HeadFields<'b> {
    /// Records a field. Most fields differ from these in length alone.
    #[inline]
    fn field(&mut self, field: &Field<'b>) -> Result<(), Bad> {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        match field.name.len() {
            4 if is("host") => once(&mut self.host, field.value, Bad::HostRepeated)?,
            6 if is("expect") => self.expect(field.value)?,
            _ => self.framing.field(field)?,
        }
        Ok(())
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Bad> {
        for expectation in ascii::list(value).filter(|e| !e.is_empty()) {
            if !expectation.eq_ignore_ascii_case(b"100-continue") {
                return Err(Bad::ExpectationFailed);
            }
            self.expects = true;
        }
        Ok(())
    }

    fn host(&self, version: Version) -> Result<Option<&'b [u8]>, Bad> {
        match (self.host, version) {
            (None, Version::Http11) => Err(Bad::HostMissing),
            (Some(b""), Version::Http11) => Err(Bad::HostEmpty),
            (None | Some(b""), Version::Http10) => Ok(None),
            (Some(host), Version::Http10 | Version::Http11) if target::is_host(host) => {
                Ok(self.host)
            }
            (Some(_), Version::Http10 | Version::Http11) => Err(Bad::HostInvalid),
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: T, repeated: Bad) -> Result<(), Bad> {
    if slot.replace(value).is_some() { Err(repeated) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
