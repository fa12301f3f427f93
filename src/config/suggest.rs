//! "Did you mean": the nearest of the words that would have been right.
//!
//! Never guesses wildly: a word that shares too little with every candidate gets no suggestion.

/// The candidate nearest to `word`, if it is near enough to be a slip of the fingers: a third of
/// the letters may differ, one always. The first of equally near ones wins.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(WORD_MAX).collect();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = strsim::osa_distance(&word, candidate);
        let letters = candidate.chars().count();
        let allowed = (word.chars().count().max(letters) / 3).max(1);
        // Under two letters nearly everything is near.
        let near = distance <= allowed && distance < letters;
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `; did you mean X?`, or nothing: the end of an error line.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// Letters of a mistyped word that are compared: longer ones are no slip, and the time that a
/// distance takes is quadratic.
const WORD_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let commands = ["serve", "check", "parse"];
        assert_eq!(nearest("srve", commands), Some("serve"));
        assert_eq!(nearest("chekc", commands), Some("check"));
        assert_eq!(nearest("banana", commands), None);
        assert_eq!(nearest("", commands), None);
        assert_eq!(nearest("x", ["a", "b"]), None);
        assert_eq!(hint("prase", commands), "; did you mean parse?");
        assert_eq!(hint("banana", commands), "");
    }

    #[test]
    fn an_endless_word_costs_little() {
        assert_eq!(nearest(&"x".repeat(1 << 20), ["serve"]), None);
    }
}
