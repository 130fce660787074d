//! An archive by chance, the same each time: threads of people who answer each other, in words that
//! are as rare and as common as those of a language (Zipf's law). Nobody wrote any of it.

/// Different words.
const WORDS: usize = 30_000;
/// Every post of which the number can be divided by it begins a conversation.
const ANSWERS: u64 = 4;
/// Words of a post, beside what it quotes.
const POST_WORDS: (u64, u64) = (40, 240);
/// Authors.
const AUTHORS: u64 = 800;
/// Seconds between two posts.
const APART: u64 = 1_900;
const BEGINNING: u64 = 1_420_070_400;

/// Numbers by chance, the same for the same seed (splitmix64).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// The first words come most often: of `WORDS`, about half of all that is said are the first 170.
    pub(super) fn word(&mut self) -> String {
        let part = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        word((WORDS as f64).powf(part) as usize - 1)
    }
}

/// A word by its rank; short ones are frequent.
fn word(rank: usize) -> String {
    const SYLLABLES: [&str; 40] = [
        "la", "de", "jar", "din", "com", "post", "vil", "le", "qu", "par", "tage", "mer", "sol", "ri", "ve",
        "gar", "den", "hou", "se", "mee", "ting", "stre", "et", "wa", "ter", "pla", "ce", "mar", "ché", "fê",
        "te", "é", "co", "lec", "tion", "bi", "blio", "ate", "lier", "voi",
    ];
    let mut rest = rank + 1;
    let mut word = String::new();
    while rest > 0 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}

fn sentence(chance: &mut Chance, words: u64) -> String {
    let mut text = String::new();
    let mut column = 0;
    for n in 0..words {
        let word = chance.word();
        column += word.len() + 1;
        text.push_str(&word);
        text.push_str(match n % 14 {
            13 => ". ",
            6 => ", ",
            _ => " ",
        });
        if column > 70 {
            text.push_str("\r\n");
            column = 0;
        }
    }
    text
}

/// Post number `number`, counted from 0.
pub(super) fn message(number: u64, list: &str) -> Vec<u8> {
    let thread = number - number % ANSWERS;
    let subject = sentence(&mut Chance::new(thread ^ 0x5ab1), 5).replace("\r\n", "");
    let mut chance = Chance::new(number);
    let author = chance.below(AUTHORS);
    let words = POST_WORDS.0 + chance.below(POST_WORDS.1 - POST_WORDS.0);
    let own = sentence(&mut chance, words);
    let at = written_date(BEGINNING + number * APART);
    let mut raw = format!(
        "From: Member {author} <member{author}@members.example>\r\nTo: <{list}>\r\nDate: {at}\r\n\
         Message-ID: <{number}@bench.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    );
    if number == thread {
        raw.push_str(&format!("Subject: {subject}\r\n\r\n{own}\r\n"));
    } else {
        let before = number - 1;
        let mut said = Chance::new(before);
        let (their, length) = (said.below(AUTHORS), POST_WORDS.0 + said.below(POST_WORDS.1 - POST_WORDS.0));
        let quoted = sentence(&mut said, length / 3);
        raw.push_str(&format!(
            "Subject: Re: {subject}\r\nIn-Reply-To: <{before}@bench.example>\r\n\
             References: <{thread}@bench.example> <{before}@bench.example>\r\n\r\nMember {their} wrote:\r\n"
        ));
        quoted.lines().for_each(|line| raw.push_str(&format!("> {line}\r\n")));
        raw.push_str(&format!("\r\n{own}\r\n-- \r\nMember {author}\r\n"));
    }
    raw.into_bytes()
}

/// RFC 5322 §3.3, in UTC.
fn written_date(seconds: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = crate::domain::time::Timestamp::from_seconds(i64::try_from(seconds).unwrap_or(0));
    let text = at.rfc3339(&crate::domain::time::Zone::utc());
    let month = text.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or("00").to_owned();
    format!("{} {} {} {} +0000", part(8, 10), MONTHS[(month - 1) % 12], part(0, 4), part(11, 19))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_archive_each_time_and_a_mail_each_time() {
        for number in 0..40 {
            let raw = message(number, "bench@parvis.example");
            assert_eq!(raw, message(number, "bench@parvis.example"));
            let text = String::from_utf8(raw).expect("UTF-8");
            assert!(text.contains("\r\n\r\n") && text.len() > 400, "{text}");
            assert_eq!(text.contains("In-Reply-To"), number % ANSWERS != 0);
        }
        assert_eq!(written_date(BEGINNING), "01 Jan 2015 00:00:00 +0000");
    }

    #[test]
    fn words_are_words_and_few_are_common() {
        let mut chance = Chance::new(1);
        let said: Vec<String> = (0..10_000).map(|_| chance.word()).collect();
        assert!(said.iter().all(|word| word.chars().all(char::is_alphabetic)));
        let different: std::collections::HashSet<&String> = said.iter().collect();
        assert!((500..6_000).contains(&different.len()), "{}", different.len());
    }
}
