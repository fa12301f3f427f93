//! Why parsers refused what they got, by the names that the reasons have.

/// Reasons that are told apart. All parsers together have fewer; a program that outgrows this
/// counts the rest as one.
const MOST: usize = 192;

/// Counts by reason. A name is a word of the program (the name of a variant of a parser's closed
/// list), never one of the wire: so there are no more of them than there are variants.
#[derive(Debug, Default)]
pub struct Reasons(Vec<(&'static str, u64)>);

impl Reasons {
    /// One more for this reason. Refusals are rare enough for a walk through the list.
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

    /// How often this reason was counted.
    pub fn count(&self, name: &str) -> u64 {
        self.0.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count)
    }

    /// Those that were counted, in the order in which they first came.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().copied()
    }
}
