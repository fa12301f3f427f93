//! The table of refusals: one row per reason, from which the enum and its methods are generated.
//!
//! A reason never holds a value of the input: it names a rule, and is small enough to be copied,
//! counted and compared.

/// Turns rows `Variant = status, "counter-name", "source", "sentence";` into a field-less enum.
///
/// The sentence is also the documentation of the variant. A macro keeps the columns side by side;
/// the alternative is four `match`es and a list that may miss a variant.
macro_rules! reasons {
    (
        $(#[$meta:meta])*
        pub enum $reason:ident {
            $($variant:ident = $status:literal, $name:literal, $source:literal, $text:literal;)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $reason {
            $(#[doc = $text] $variant,)+
        }

        impl $reason {
            /// Every reason, in the order of the enum: `ALL[reason as usize] == reason`.
            pub const ALL: &'static [$reason] = &[$($reason::$variant),+];

            /// Returns the HTTP status of the response.
            pub const fn status(self) -> u16 {
                match self { $($reason::$variant => $status,)+ }
            }

            /// Returns a kebab-case word for counters and logs.
            pub const fn name(self) -> &'static str {
                match self { $($reason::$variant => $name,)+ }
            }

            /// Returns the source of the rule.
            pub const fn source(self) -> &'static str {
                match self { $($reason::$variant => $source,)+ }
            }

            /// Returns one sentence for the user at the other end; it contains nothing of the
            /// input.
            pub const fn text(self) -> &'static str {
                match self { $($reason::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $reason {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.text())
            }
        }

        impl std::error::Error for $reason {}
    };
}

pub(crate) use reasons;

#[cfg(test)]
mod tests {
    use crate::wire::{chunked, conditional, http, range, target};
    use std::collections::HashSet;

    fn hold(rows: impl Iterator<Item = (u16, &'static str, &'static str, &'static str)>) {
        let mut names = HashSet::new();
        for (status, name, source, text) in rows {
            assert!((400..600).contains(&status), "{name}: {status}");
            assert!(names.insert(name), "{name} names two reasons");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
            assert!(source.starts_with("RFC "), "{name}: {source}");
            assert!(text.ends_with('.') && text.len() > 15, "{name}: {text}");
        }
    }

    #[test]
    fn every_reason_is_a_full_row() {
        hold(http::Bad::ALL.iter().map(|r| (r.status(), r.name(), r.source(), r.text())));
        hold(chunked::Bad::ALL.iter().map(|r| (r.status(), r.name(), r.source(), r.text())));
        hold(target::Bad::ALL.iter().map(|r| (r.status(), r.name(), r.source(), r.text())));
        hold(range::Bad::ALL.iter().map(|r| (r.status(), r.name(), r.source(), r.text())));
        hold(conditional::Bad::ALL.iter().map(|r| (r.status(), r.name(), r.source(), r.text())));
    }

    #[test]
    fn all_is_indexed_by_the_reason() {
        for (i, reason) in http::Bad::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, i);
        }
    }
}
