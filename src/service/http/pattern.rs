//! Paths of a row: one template, which names at most one segment.

/// The paths of a row, written as a template: `/a` is that path alone, `/a[/]` is the same with or
/// without a slash at its end, and `{name}` is one segment, or the part of one, that is never
/// empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    prefix: &'static str,
    is_named: bool,
    suffix: &'static str,
    may_end_in_slash: bool,
}

impl Pattern {
    /// Reads a template.
    pub const fn new(template: &'static str) -> Pattern {
        let (path, may_end_in_slash) = match template.as_bytes() {
            [path @ .., b'[', b'/', b']'] => (template.split_at(path.len()).0, true),
            _ => (template, false),
        };
        let bytes = path.as_bytes();
        let mut open = 0;
        while open < bytes.len() && bytes[open] != b'{' {
            open += 1;
        }
        let (prefix, rest) = path.split_at(open);
        let mut end = 0;
        while end < rest.len() && (end == 0 || rest.as_bytes()[end - 1] != b'}') {
            end += 1;
        }
        Pattern { prefix, is_named: end > 0, suffix: rest.split_at(end).1, may_end_in_slash }
    }

    /// Returns the named segment of a path that fits, which is empty if the template names none.
    pub fn segment<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.prefix)?;
        let rest = match rest.strip_suffix('/') {
            Some(rest) if self.may_end_in_slash => rest,
            Some(_) | None => rest,
        };
        let name = rest.strip_suffix(self.suffix)?;
        let fits = name.is_empty() != self.is_named && !name.contains('/');
        fits.then_some(name)
    }

    /// Returns the beginning of every path that fits.
    pub const fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// Returns true if exactly one path fits.
    pub const fn is_exact(&self) -> bool {
        !self.is_named && !self.may_end_in_slash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_never_empty_and_never_two() {
        for (template, paths, others) in [
            ("/a", &[("/a", "")][..], &["/a/", "/", "/ab", "a"][..]),
            ("/", &[("/", "")], &["", "//", "/a"]),
            ("/a/{x}", &[("/a/b", "b")], &["/a/", "/a", "/a/b/", "/a/b/c"]),
            ("/a[/]", &[("/a", ""), ("/a/", "")], &["/a//", "/", "/ab"]),
            ("/a/{x}[/]", &[("/a/b", "b"), ("/a/b/", "b")], &["/a/", "/a//", "/a/b/c"]),
            (
                "/a/{x}/z[/]",
                &[("/a/b/z", "b"), ("/a/b/z/", "b")],
                &["/a//z", "/a/z", "/a/b/c/z", "/a/b"],
            ),
            ("/a/{x}.z", &[("/a/b.z", "b")], &["/a/.z", "/a/b.z/", "/a/b/c.z"]),
        ] {
            let pattern = Pattern::new(template);
            for (path, segment) in paths {
                assert_eq!(pattern.segment(path), Some(*segment), "{template} {path}");
            }
            for path in others {
                assert_eq!(pattern.segment(path), None, "{template} {path}");
            }
        }
    }
}
