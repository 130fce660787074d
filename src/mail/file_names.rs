//! Names of files that strangers chose, made harmless for links and headers: the same wherever an
//! attachment is spoken of.

/// Longer names are cut, bytes; their ending is kept.
const NAME_BYTES_MAX: usize = 150;
/// Endings longer than this are no endings, bytes.
const ENDING_BYTES_MAX: usize = 12;
const UNNAMED: &str = "file";

/// Device names of Windows, which mean something else there whatever follows.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// A file name without anything a file system, a header or a reader could take for more.
pub fn shown_name(name: &str) -> String {
    let name = super::mask::mask_addresses(name);
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let plain: String = one_line(last)
        .chars()
        .map(|c| if "\"<>:|?*%;$`".contains(c) || is_invisible(c) { '_' } else { c })
        .collect();
    let plain = plain.trim_matches(|c: char| c == '.' || c == ' ' || c == '~');
    let stem = plain.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = if DEVICES.contains(&stem) { format!("_{plain}") } else { plain.to_owned() };
    if name.is_empty() { UNNAMED.to_owned() } else { cut(&name) }
}

/// Marks of direction and zero-width characters that `one_line` leaves to names of persons.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{61c}')
}

fn cut(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let ending = name.rfind('.').map(|at| &name[at..]).filter(|ending| ending.len() <= ENDING_BYTES_MAX);
    let ending = ending.unwrap_or_default();
    let mut end = NAME_BYTES_MAX - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

/// Without line ends, control characters, or marks that turn the direction of reading.
fn one_line(text: &str) -> String {
    let blank = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let turns =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}');
    let plain: String = text.chars().map(|c| if blank(c) { ' ' } else { c }).filter(|c| !turns(*c)).collect();
    plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_be_more_than_names() {
        for (name, shown) in [
            ("plan.pdf", "plan.pdf"),
            ("Procès-verbal été.odt", "Procès-verbal été.odt"),
            ("..%2f..%2fetc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("a\r\nSet-Cookie: x=1", "a Set-Cookie_ x=1"),
            (".htaccess", "htaccess"),
            ("CON", "_CON"),
            ("com1.txt", "_com1.txt"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("\"><img src=x onerror=alert(1)>", "___img src=x onerror=alert(1)_"),
            ("", "file"),
            ("../..", "file"),
        ] {
            assert_eq!(shown_name(name), shown, "{name:?}");
        }
        let long = shown_name(&format!("{}.pdf", "é".repeat(5_000)));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with(".pdf"), "{long}");
    }
}
