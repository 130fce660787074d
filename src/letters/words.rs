//! Days, hours, sizes, numbers and names as a person would say them.

use crate::domain::calendar::{month_name, weekday_name};
use crate::domain::list::Language;
use crate::domain::member::Day;
use crate::domain::time::{CivilDate, Timestamp, Zone};

/// How many names are said before “and others”.
const NAMES_MAX: usize = 4;

const FRENCH_NUMBERS: [&str; 11] =
    ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"];
const ENGLISH_NUMBERS: [&str; 11] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// « dimanche 6 décembre », “Sunday 6 December”.
pub fn day(date: CivilDate, language: Language) -> String {
    let weekday = weekday_name(language, date.weekday_from_monday().into());
    let month = month_name(language, date.month);
    match language {
        Language::Fr => {
            let ordinal = if date.day == 1 { "er" } else { "" };
            format!("{weekday} {}{ordinal}\u{a0}{month}", date.day)
        }
        Language::En => format!("{weekday} {} {month}", date.day),
    }
}

/// « lundi », “Monday”.
pub(super) fn weekday(day: Day, language: Language) -> &'static str {
    weekday_name(language, day as usize)
}

/// « dimanche 6 décembre à 18 h 30 », “Sunday 6 December at 6:30 pm”, in the reader's zone.
pub fn moment(moment: Timestamp, zone: &Zone, language: Language) -> String {
    let at = match language {
        Language::Fr => "à",
        Language::En => "at",
    };
    format!("{} {at} {}", day(moment.date_in(zone), language), hour(moment, zone, language))
}

/// « 18 h 30 », “6:30 pm”, in the reader's zone.
pub(super) fn hour(moment: Timestamp, zone: &Zone, language: Language) -> String {
    let (hour, minute) = moment.time_in(zone);
    match (language, minute) {
        (Language::Fr, 0) => format!("{hour}\u{a0}h"),
        (Language::Fr, _) => format!("{hour}\u{a0}h\u{a0}{minute:02}"),
        (Language::En, _) => {
            let half = if hour < 12 { "am" } else { "pm" };
            let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
            match minute {
                0 => format!("{twelve} {half}"),
                _ => format!("{twelve}:{minute:02} {half}"),
            }
        }
    }
}

/// In words up to ten.
pub fn number(number: usize, language: Language) -> String {
    let words = match language {
        Language::Fr => &FRENCH_NUMBERS,
        Language::En => &ENGLISH_NUMBERS,
    };
    words.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// So many days; nothing where no end is set.
pub(super) fn days(days: Option<u64>, language: Language) -> String {
    let Some(days) = days else { return String::new() };
    let told = number(usize::try_from(days).unwrap_or(usize::MAX), language);
    match (language, days) {
        (Language::Fr, 0..=1) => format!("{told} jour"),
        (Language::Fr, _) => format!("{told} jours"),
        (Language::En, 1) => format!("{told} day"),
        (Language::En, _) => format!("{told} days"),
    }
}

/// « Claire et Paul », “Claire, Paul and Anne”; nothing for nobody. Empty names are not said.
pub fn names(names: &[&str], language: Language) -> String {
    let (and, others) = match language {
        Language::Fr => ("et", "d’autres"),
        Language::En => ("and", "others"),
    };
    let mut said: Vec<&str> = names.iter().copied().filter(|n| !n.trim().is_empty()).collect();
    if said.len() > NAMES_MAX {
        said.truncate(NAMES_MAX);
        said.push(others);
    }
    match said.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, before)) => format!("{} {and} {last}", before.join(", ")),
    }
}

/// « 10 Mo », “10 MB”: rounded down, as nobody minds the difference to MiB.
pub fn size(bytes: u64, language: Language) -> String {
    let (kilo, mega) = match language {
        Language::Fr => ("\u{a0}Ko", "\u{a0}Mo"),
        Language::En => (" KB", " MB"),
    };
    if bytes >= 1 << 20 { format!("{}{mega}", bytes >> 20) } else { format!("{}{kilo}", bytes >> 10) }
}

/// « d’Anne », « de Paul », « d’Hélène », « de Harold », as French says it.
pub(super) fn of_somebody(name: &str) -> String {
    // Names in which nobody hears the h: others are foreign, and keep it.
    const MUTE: [&str; 13] =
        ["hel", "hen", "her", "hec", "heb", "hub", "hug", "hon", "hor", "hip", "hil", "hya", "homer"];
    let plain = |c| match c {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'à' | 'â' | 'ä' => 'a',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        c => c,
    };
    let folded: String = name.chars().flat_map(char::to_lowercase).map(plain).collect();
    let mut letters = folded.chars();
    let vowel = |c: Option<char>| c.is_some_and(|c| "aeiou".contains(c));
    let elided = match letters.next() {
        Some('h') => MUTE.iter().any(|start| folded.starts_with(start)),
        Some('y') => letters.next().is_some_and(|second| !"aeiou".contains(second)),
        first => vowel(first),
    };
    if elided { format!("d’{name}") } else { format!("de {name}") }
}

/// With a capital letter at its beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_drops_the_e_before_a_vowel_that_is_heard() {
        let names = [
            ("Anne", "d’Anne"),
            ("Élodie Roche", "d’Élodie Roche"),
            ("Hélène", "d’Hélène"),
            ("Henri", "d’Henri"),
            ("Yves", "d’Yves"),
            ("Yann", "de Yann"),
            ("Harold", "de Harold"),
            ("Hassan", "de Hassan"),
            ("Paul", "de Paul"),
        ];
        for (name, said) in &names {
            assert_eq!(of_somebody(name), *said);
        }
    }

    #[test]
    fn days_and_hours_as_one_says_them() {
        let paris = Zone::parse("Europe/Paris").expect("bundled");
        for (at, french, english) in [
            (
                "2026-12-06T17:30:00Z",
                "dimanche 6\u{a0}décembre à 18\u{a0}h\u{a0}30",
                "Sunday 6 December at 6:30 pm",
            ),
            ("2026-11-30T23:00:00Z", "mardi 1er\u{a0}décembre à 0\u{a0}h", "Tuesday 1 December at 12 am"),
            (
                "2026-07-01T10:05:00Z",
                "mercredi 1er\u{a0}juillet à 12\u{a0}h\u{a0}05",
                "Wednesday 1 July at 12:05 pm",
            ),
        ] {
            let at = Timestamp::parse_rfc3339(at).expect("valid");
            assert_eq!(moment(at, &paris, Language::Fr), french);
            assert_eq!(moment(at, &paris, Language::En), english);
        }
    }

    #[test]
    fn names_and_numbers() {
        assert_eq!(names(&[], Language::Fr), "");
        assert_eq!(names(&["Claire", ""], Language::Fr), "Claire");
        assert_eq!(names(&["Claire", "Paul"], Language::Fr), "Claire et Paul");
        assert_eq!(names(&["A", "B", "C"], Language::En), "A, B and C");
        assert_eq!(names(&["A", "B", "C", "D", "E", "F"], Language::Fr), "A, B, C, D et d’autres");
        assert_eq!(number(10, Language::Fr), "dix");
        assert_eq!(number(11, Language::En), "11");
        assert_eq!(size(10 << 20, Language::Fr), "10\u{a0}Mo");
        assert_eq!(size(64 << 10, Language::En), "64 KB");
    }
}
