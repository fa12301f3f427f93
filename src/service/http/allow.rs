//! Which methods are allowed, as `Allow` says it.

use super::response::{Response, Style};
use crate::wire::http::{Head, Method};
use std::fmt;

/// The methods that some path offers.
pub const METHODS: &[Method] = &[
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
    Method::Options,
];

/// The methods that a file offers.
pub const READ: Allow<'_> = Allow(&[Method::Get, Method::Head, Method::Options]);

/// There is a file, or may be, and the method is not for it.
pub fn only_read(head: &Head<'_, '_>) -> Response {
    Style::of(head).error(405, "Files of this site can only be read.").allow(READ)
}

/// The value of an `Allow` field.
#[derive(Debug, Clone, Copy)]
pub struct Allow<'a>(pub &'a [Method]);

impl fmt::Display for Allow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, method) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", method.name())?;
        }
        Ok(())
    }
}
