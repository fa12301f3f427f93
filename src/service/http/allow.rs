//! The methods of the `Allow` field.

use crate::wire::http::Method;
use std::fmt;

/// All methods that any path offers.
pub const METHODS: &[Method] = &[
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
    Method::Options,
];

/// The methods of a file.
pub const READ: Allow<'_> = Allow(&[Method::Get, Method::Head, Method::Options]);

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
