//! What days and months are called, in full, in each language. Knows no sentence they stand in.

use super::list::Language;

/// From Monday.
const WEEKDAYS: [[&str; 7]; 2] = [
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
];
const MONTHS: [[&str; 12]; 2] = [
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

/// `lundi` or `Monday` for 0, and so on until 6.
pub fn weekday_name(language: Language, from_monday: usize) -> &'static str {
    WEEKDAYS[row(language)][from_monday % 7]
}

/// `janvier` or `January` for 1, and so on until 12; what is outside is the nearest of them.
pub fn month_name(language: Language, month: i8) -> &'static str {
    MONTHS[row(language)][month_index(month)]
}

/// Where a month from 1 to 12 stands in a table of twelve.
pub fn month_index(month: i8) -> usize {
    usize::from(month.clamp(1, 12).unsigned_abs()) - 1
}

fn row(language: Language) -> usize {
    match language {
        Language::Fr => 0,
        Language::En => 1,
    }
}
