//! Counts of refusals by parsers, by the names of the reasons.

/// Maximum number of distinct reasons. All parsers together have fewer; any beyond are counted as
/// one.
const MOST: usize = 192;

/// Counts by reason. A name is a constant of the program (the name of a variant of a parser's
/// closed list), never text from the wire: so there are no more names than variants.
#[derive(Debug, Default)]
pub struct Reasons(Vec<(&'static str, u64)>);

impl Reasons {
    /// Counts this reason. Refusals are rare enough for a linear search.
    pub fn add(&mut self, name: &'static str) {
        let room = self.0.len() < MOST;
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None if room => self.0.push((name, 1)),
            None => self.add_other(),
        }
    }

    #[cold]
    fn add_other(&mut self) {
        const OTHER: &str = "other";
        match self.0.iter_mut().find(|(known, _)| *known == OTHER) {
            Some((_, count)) => *count += 1,
            None => self.0.push((OTHER, 1)),
        }
    }

    /// Returns the count of this reason.
    pub fn count(&self, name: &str) -> u64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count)
    }

    /// Iterates over the counted reasons, in the order of their first occurrence.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().copied()
    }
}
