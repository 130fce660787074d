//! What of a post stands in a digest: its author's own words, without what everybody has read already.

use crate::mail::show::{Block, Shown};

/// More of one post does not stand in a digest; its page has it all. Bytes.
pub const POST_BYTES_MAX: usize = 100 * 1024;

/// A post's own words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Condensed {
    /// Quotes that are answered line by line stay, marked with `>`.
    pub text: String,
    /// Whether something the author wrote is missing.
    pub cut: bool,
}

/// The author's words. Quotes, signatures and footers go; a short quote that words stand below and
/// above stays, because they speak of it.
pub fn condense(shown: &Shown) -> Condensed {
    let mut text = String::new();
    for (at, block) in shown.blocks.iter().enumerate() {
        let part = match block {
            Block::Text(words) => words.trim_matches('\n').to_owned(),
            Block::Quote { text: quoted, .. } if is_spoken_of(&shown.blocks, at) => marked(quoted),
            Block::Quote { .. } | Block::Signature(_) => continue,
        };
        if part.trim().is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&part);
    }
    // Everything is a quote or a signature: then that is what they sent.
    if text.is_empty() {
        let all = shown.blocks.iter().map(|block| match block {
            Block::Text(words) | Block::Signature(words) => words.clone(),
            Block::Quote { text, .. } => marked(text),
        });
        text = all.collect::<Vec<_>>().join("\n\n");
    }
    let end = text.floor_char_boundary(POST_BYTES_MAX);
    let cut = end < text.len();
    text.truncate(end);
    Condensed { text, cut }
}

fn is_spoken_of(blocks: &[Block], at: usize) -> bool {
    let words = |block: Option<&Block>| matches!(block, Some(Block::Text(_)));
    let above = at.checked_sub(1).and_then(|above| blocks.get(above));
    blocks[at].short() && words(above) && words(blocks.get(at + 1))
}

fn marked(quoted: &str) -> String {
    quoted.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::show::show;

    #[test]
    fn what_everybody_has_read_already_goes() {
        for (body, own) in [
            ("Oui !\n\nLe 12 mai 2026, Anne a écrit :\n> Qui vient ?\n", "Oui !"),
            ("> Qui vient ?\n\nMoi.\n-- \nMarcel\n06 00 00 00 00\n", "Moi."),
            (
                "Bonjour,\n\n> Qui vient ?\n\nMoi.\n\n> Quand ?\n\nLundi.\n",
                "Bonjour,\n\n> Qui vient ?\n\nMoi.\n\n> Quand ?\n\nLundi.",
            ),
            ("> tout\n> est\n> cité\n> ici\n", "> tout\n> est\n> cité\n> ici"),
            ("", ""),
        ] {
            let raw = format!("From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\n{body}");
            let condensed = condense(&show(raw.replace('\n', "\r\n").as_bytes()));
            assert_eq!(condensed.text, own);
            assert!(!condensed.cut);
        }
        let long = format!("From: a@b.example\r\n\r\n{}", "mot ".repeat(50_000));
        let condensed = condense(&show(long.as_bytes()));
        assert!(condensed.cut && condensed.text.len() <= POST_BYTES_MAX);
    }
}
