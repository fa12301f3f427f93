//! Names of visitors and agents: valid names, and names that look alike.
//!
//! Names are compared by appearance: without invisible characters, in one case, and with each
//! character replaced by a representative of all that look like it (Unicode Technical Standard 39,
//! "skeleton").

use unicode_security::confusable_detection::skeleton;

/// Maximum characters of a name.
pub const NAME_CHARS_MAX: usize = 32;

/// Returns true for a valid name: 1 to 32 characters, at least one of them visible, none with a
/// meaning in the protocol, and single blanks between words. A name of several words contains no
/// `=`, so that no word can be taken for a key and its value.
pub fn is_name(text: &str) -> bool {
    let words = !text.split(' ').any(str::is_empty);
    let keys = text.contains(' ') && text.contains('=');
    let plain = |c: char| {
        !"<>|#:,".contains(c)
            && (c == ' ' || !c.is_whitespace())
            && !c.is_control()
            && c != char::REPLACEMENT_CHARACTER
    };
    let few = (1..=NAME_CHARS_MAX).contains(&text.chars().count());
    few && words && !keys && text.chars().all(plain) && !text.chars().all(is_invisible)
}

/// Returns true for a valid agent name, which is a single word.
pub fn is_agent_name(text: &str) -> bool {
    is_name(text) && !text.contains(' ')
}

/// Returns the skeletons of a name. Two names that share either form look alike: the first form
/// reads `I` as a small `l`, the second as a large `i`.
pub fn looks(name: &str) -> [String; 2] {
    let seen = name.chars().filter(|c| *c != ' ' && !is_invisible(*c)).collect::<String>();
    let plain = |text: &str| skeleton(text).filter(|c| !is_invisible(*c)).collect::<String>();
    [plain(&seen).to_lowercase(), plain(&seen.to_lowercase()).to_lowercase()]
}

/// Returns true for a character that is not visible: ignored by default (Unicode,
/// `Default_Ignorable_Code_Point`), or a blank of another kind.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_without_marks() {
        let longest = "x".repeat(32);
        for name in ["a", "Åsa", "guest-3fa9", &longest, "名前", "a/b=c", "Mary Ann", "a b c"] {
            assert!(is_name(name), "{name}");
        }
        for none in ["", " a", "a ", "a  b", "<a>", "a|b", "a#1", "a:b", "a,b", "a\u{fffd}"] {
            assert!(!is_name(none), "{none}");
        }
        for none in ["a b=c", "a\tb", "a\u{a0}b", "a\u{2003}b", "a\u{7f}", &"x".repeat(33)] {
            assert!(!is_name(none), "{none}");
        }
        assert!(is_agent_name("bo") && !is_agent_name("b o"));
    }

    #[test]
    fn a_name_of_which_nothing_is_seen_is_none() {
        for none in ["\u{200b}", "\u{2063}", "\u{3164}", "\u{2800}\u{feff}", "\u{e0041}"] {
            assert!(!is_name(none), "{}", none.escape_unicode());
        }
        assert!(is_name("a\u{200d}b"), "joiners between letters belong to some scripts");
    }

    fn alike(one: &str, other: &str) -> bool {
        looks(one).iter().any(|look| looks(other).contains(look))
    }

    #[test]
    fn names_that_look_alike_are_found() {
        for name in [
            "ada",
            "Ada",
            "ADA",
            "ada\u{200b}",
            "\u{ad}ada",
            "ada\u{2060}",
            "\u{e0041}ada",
            "\u{430}d\u{430}",
            "\u{ff21}\u{ff24}\u{ff21}",
            "\u{1d41a}da",
            "a da",
        ] {
            assert!(alike(name, "ada"), "{}", name.escape_unicode());
        }
        for (one, other) in [
            ("System", "system"),
            ("sys\u{200b}tem", "system"),
            ("\u{455}ystem", "system"),
            ("\u{feff}agent", "agent"),
            ("aIice", "alice"),
            ("ALICE", "alice"),
            ("adm1n", "admln"),
            ("s\u{443}st\u{435}m", "system"),
            ("supp0rt", "supp0rt"),
        ] {
            assert!(alike(one, other), "{one} {other}");
        }
        for other in ["aada", "adas", "ad\u{e1}", "a\u{430}da", "eda", "ada2"] {
            assert!(!alike(other, "ada"), "{other}");
        }
    }
}
