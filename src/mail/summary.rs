//! « résumé : … »: words that stand for a whole conversation.

use super::show::{Block, show};

/// What such words begin with, in small letters without accents.
const MARKS: [&str; 4] = ["resume", "en resume", "summary", "in summary"];

/// What a mail's author wrote in it, as it is shown: what is obeyed is cut more strictly, and a line
/// that ends with a colon may be no word of theirs then.
pub fn own_words(raw: &[u8]) -> String {
    let shown = show(raw);
    let own = shown.blocks.iter().filter_map(|block| match block {
        Block::Text(words) => Some(words.trim_matches('\n')),
        Block::Quote { .. } | Block::Signature(_) => None,
    });
    own.collect::<Vec<_>>().join("\n\n")
}

/// Whether words begin by saying that they sum a conversation up.
pub fn is_summary(text: &str) -> bool {
    mark_of(text).is_some()
}

/// The words behind the mark; all of them where there is none.
pub fn summary_words(text: &str) -> &str {
    mark_of(text).map_or(text, |at| text[at..].trim_start())
}

/// Where the words behind the mark begin: it ends with a colon, on the first line that says anything.
fn mark_of(text: &str) -> Option<usize> {
    let start = text.len() - text.trim_start().len();
    let line = text[start..].lines().next()?;
    let colon = line.find(':')?;
    let mark = line[..colon].trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('é', "e");
    MARKS.contains(&mark.as_str()).then_some(start + colon + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_on_a_line_of_its_own_is_its_authors() {
        for body in ["Résumé :\r\n\r\nSamedi.\r\n", "Résumé : samedi.\r\n", "Summary:\r\n\r\nSaturday.\r\n"]
        {
            let raw = format!("From: a@b.example\r\nIn-Reply-To: <1@b.example>\r\n\r\n{body}");
            assert!(is_summary(&own_words(raw.as_bytes())), "{body}: {}", own_words(raw.as_bytes()));
        }
    }

    #[test]
    fn what_sums_up_says_so_at_once() {
        for (text, words) in [
            ("résumé : on se retrouve lundi", Some("on se retrouve lundi")),
            ("\nRésumé\u{a0}:\n\nLundi, 18 h.\n", Some("Lundi, 18 h.\n")),
            ("SUMMARY: yes", Some("yes")),
            ("**Summary:** yes", Some("** yes")),
            ("En résumé : oui", Some("oui")),
            ("J’ai fait un résumé : le voici", None),
            ("résumé demain", None),
            ("", None),
            (":", None),
        ] {
            assert_eq!(is_summary(text), words.is_some(), "{text}");
            assert_eq!(summary_words(text), words.unwrap_or(text), "{text}");
        }
    }
}
