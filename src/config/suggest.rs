//! "Did you mean": the nearest of the words that would have been right.
//!
//! Never guesses wildly: a word that shares too little with every candidate gets no suggestion.

/// The candidate nearest to `word`, if it is near enough to be a slip of the fingers: a third of
/// the letters may differ, one always. The first of equally near ones wins.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(WORD_MAX).collect();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.chars().collect();
        let distance = distance(&word, &letters);
        let allowed = (word.len().max(letters.len()) / 3).max(1);
        // Under two letters nearly everything is near.
        let near = distance <= allowed && distance < letters.len();
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

/// Edits between two words, a swap of neighbours counted once (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = above;
        above = row;
    }
    above[b.len()]
}

/// Letters of a mistyped word that are compared: longer ones are no slip, and the table of
/// distances is quadratic.
const WORD_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn between(a: &str, b: &str) -> usize {
        let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
        distance(&a, &b)
    }

    #[test]
    fn distances_count_edits_and_swaps() {
        assert_eq!(between("", ""), 0);
        assert_eq!(between("", "abc"), 3);
        assert_eq!(between("serve", "serve"), 0);
        assert_eq!(between("srve", "serve"), 1);
        assert_eq!(between("sevre", "serve"), 1);
        assert_eq!(between("kitten", "sitting"), 3);
    }

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
