//! What a calendar part says (RFC 5545): what, when, where, and who invites. Strangers' bytes in,
//! a few short texts out; nothing in it is followed, repeated or believed beyond that.

use std::time::Duration;

use crate::domain::time::{CivilDate, Timestamp, Zone};

/// More of a part is not read, bytes.
pub(crate) const PART_BYTES_MAX: usize = 64 * 1024;
/// Events of one part that are told.
const EVENTS_MAX: usize = 5;
/// Longer texts are cut, characters.
const TEXT_CHARS_MAX: usize = 200;

/// One event.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Event {
    /// What it is called; may be empty.
    pub summary: String,
    /// When it begins.
    pub start: Option<When>,
    /// When it ends; of whole days, the last of them.
    pub end: Option<When>,
    /// Where; may be empty.
    pub place: String,
    /// The name of who invites; never an address.
    pub organizer: String,
    /// It does not take place.
    pub cancelled: bool,
    /// It comes again.
    pub repeats: bool,
}

/// When something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// A whole day.
    Day(CivilDate),
    /// A moment.
    At(Timestamp),
}

/// The events of a calendar part. Times without a zone we know are meant in `zone`.
pub fn events(text: &str, zone: &Zone) -> Vec<Event> {
    let mut end = text.len().min(PART_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut found = Vec::new();
    let mut open: Option<Event> = None;
    let mut cancelled = false;
    // How deep below an event: alarms have descriptions of their own.
    let mut below = 0_usize;
    for line in unfolded(&text[..end]) {
        let Some(field) = Field::read(&line) else { continue };
        match (field.name.as_str(), field.value.to_ascii_uppercase().as_str(), &mut open) {
            ("METHOD", "CANCEL", None) => cancelled = true,
            ("BEGIN", "VEVENT", None) => (open, below) = (Some(Event::default()), 0),
            ("BEGIN", _, Some(_)) => below += 1,
            ("END", "VEVENT", Some(_)) => found.extend(open.take()),
            ("END", _, Some(_)) => below = below.saturating_sub(1),
            (_, _, Some(event)) if below == 0 => event.take(&field, zone),
            _ => {}
        }
        if found.len() == EVENTS_MAX {
            break;
        }
    }
    for event in &mut found {
        event.cancelled |= cancelled;
        if let (Some(When::Day(first)), Some(When::Day(last))) = (event.start, event.end) {
            // RFC 5545 §3.6.1: the end does not belong to it.
            event.end = (first.plus_days(1) < last).then(|| When::Day(last.plus_days(-1)));
        }
    }
    found.retain(|event| !event.summary.is_empty() || event.start.is_some());
    found
}

impl Event {
    fn take(&mut self, field: &Field<'_>, zone: &Zone) {
        match field.name.as_str() {
            "SUMMARY" => self.summary = words(field.value),
            "LOCATION" => self.place = words(field.value),
            "DTSTART" => self.start = field.when(zone),
            "DTEND" => self.end = field.when(zone),
            "ORGANIZER" => {
                let name = field.parameter("CN").map(words).unwrap_or_default();
                self.organizer = if name.contains('@') { String::new() } else { name };
            }
            "STATUS" => self.cancelled |= field.value.eq_ignore_ascii_case("CANCELLED"),
            "RRULE" | "RDATE" => self.repeats = true,
            _ => {}
        }
    }
}

/// `NAME;PARAMETER=value:value` (RFC 5545 §3.1).
struct Field<'a> {
    name: String,
    parameters: &'a str,
    value: &'a str,
}

impl<'a> Field<'a> {
    fn read(line: &'a str) -> Option<Field<'a>> {
        let mut quoted = false;
        let colon = line.char_indices().find(|(_, c)| {
            quoted ^= *c == '"';
            *c == ':' && !quoted
        })?;
        let (head, value) = (&line[..colon.0], &line[colon.0 + 1..]);
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        Some(Field { name: name.trim().to_ascii_uppercase(), parameters, value: value.trim() })
    }

    fn parameter(&self, wanted: &str) -> Option<&'a str> {
        let mut quoted = false;
        let mut parts = self.parameters.split(|c: char| {
            quoted ^= c == '"';
            c == ';' && !quoted
        });
        parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
        })
    }

    fn when(&self, zone: &Zone) -> Option<When> {
        let number = |from: usize, to: usize| self.value.get(from..to)?.parse::<i16>().ok();
        let small = |from, to| number(from, to).and_then(|n| i8::try_from(n).ok());
        if !self.value.bytes().all(|b| b.is_ascii_digit() || b == b'T' || b == b'Z') {
            return None;
        }
        let day = CivilDate::new(number(0, 4)?, small(4, 6)?, small(6, 8)?)?;
        if self.value.len() == 8 {
            return Some(When::Day(day));
        }
        let hour = u8::try_from(number(9, 11)?).ok().filter(|hour| *hour < 24)?;
        let (minute, second) = (u64::try_from(number(11, 13)?).ok()?, u64::try_from(number(13, 15)?).ok()?);
        if minute > 59 || second > 60 {
            return None;
        }
        let named = self.parameter("TZID").and_then(|name| Zone::parse(name.trim_start_matches('/')));
        let utc = Zone::utc();
        let zone = if self.value.ends_with('Z') { &utc } else { named.as_ref().unwrap_or(zone) };
        let at = Timestamp::at_hour(day, hour, zone) + Duration::from_secs(minute * 60 + second);
        Some(When::At(at))
    }
}

/// Lines as they were before they were folded (RFC 5545 §3.1).
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            (_, _) => lines.push(line.to_owned()),
        }
    }
    lines
}

/// A text without its escapes (RFC 5545 §3.3.11), on one line.
fn words(value: &str) -> String {
    let mut plain = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') | None => plain.push(' '),
                Some(other) => plain.push(other),
            },
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INVITATION: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\n\
        BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n\
        DTSTART;TZID=Europe/Paris:20261206T183000\r\nDTEND;TZID=Europe/Paris:20261206T200000\r\n\
        SUMMARY:Réunion\\, salle des\r\n  fêtes\r\nLOCATION:3 place des Lilas\\n93000\r\n\
        ORGANIZER;CN=\"Petit; Jeanne\":mailto:jeanne@lilas.example\r\nBEGIN:VALARM\r\nSUMMARY:Bip\r\n\
        END:VALARM\r\nRRULE:FREQ=WEEKLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    fn paris() -> Zone {
        Zone::parse("Europe/Paris").expect("bundled")
    }

    fn told(text: &str) -> Vec<String> {
        let when = |when: Option<When>| match when {
            Some(When::Day(day)) => format!("{}-{}-{}", day.year, day.month, day.day),
            Some(When::At(at)) => at.rfc3339(&paris()),
            None => "?".to_owned(),
        };
        let told = |event: Event| {
            let marks = format!(
                "{}{}",
                if event.cancelled { " cancelled" } else { "" },
                if event.repeats { " repeats" } else { "" }
            );
            let Event { summary, start, end, place, organizer, .. } = event;
            format!("{summary} | {} | {} | {place} | {organizer}{marks}", when(start), when(end))
        };
        events(text, &paris()).into_iter().map(told).collect()
    }

    #[test]
    fn an_invitation_in_words() {
        assert_eq!(
            told(INVITATION),
            ["Réunion, salle des fêtes | 2026-12-06T18:30:00+01:00 | 2026-12-06T20:00:00+01:00 \
              | 3 place des Lilas 93000 | Petit; Jeanne repeats"]
        );
    }

    #[test]
    fn other_ways_to_write_it() {
        let event =
            |lines: &str| format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
        for (lines, said) in [
            (
                "SUMMARY:Fête\nDTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261225",
                "Fête | 2026-12-24 | ? |  | ",
            ),
            ("SUMMARY:Camp\nDTSTART:20260701\nDTEND:20260705", "Camp | 2026-7-1 | 2026-7-4 |  | "),
            ("summary:x\nDTSTART:20261206T173000Z", "x | 2026-12-06T18:30:00+01:00 | ? |  | "),
            (
                "SUMMARY:x\nDTSTART;TZID=\"W. Europe\":20261206T183000",
                "x | 2026-12-06T18:30:00+01:00 | ? |  | ",
            ),
            ("SUMMARY:x\nSTATUS:CANCELLED\nDTSTART:99999999", "x | ? | ? |  |  cancelled"),
            ("SUMMARY:x\nORGANIZER;CN=a@b.example:mailto:a@b.example", "x | ? | ? |  | "),
            ("SUMMARY:x\nDTSTART:20261206T9930ZZ", "x | ? | ? |  | "),
        ] {
            assert_eq!(told(&event(lines)), [said], "{lines}");
        }
        assert_eq!(
            told("BEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT")[0],
            "x | ? | ? |  |  cancelled"
        );
        assert!(told("").is_empty() && told(&event("DESCRIPTION:x")).is_empty());
    }

    #[test]
    fn hostile_calendars_are_short() {
        let many = "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n".repeat(100_000);
        assert_eq!(events(&many, &paris()).len(), EVENTS_MAX);
        let long = format!("BEGIN:VEVENT\nSUMMARY:{}\nEND:VEVENT\n", "x".repeat(60_000));
        assert_eq!(events(&long, &paris())[0].summary.len(), TEXT_CHARS_MAX);
        let nested =
            "BEGIN:VEVENT\n".repeat(4_000) + "SUMMARY:x\n" + &"END:VALARM\n".repeat(3_999) + "END:VEVENT";
        assert!(events(&nested, &paris()).len() <= 1);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,80}|[A-Z:;=\"T0-9\n]{0,200}", cut in 0..INVITATION.len()) {
            let _ = events(&text, &paris());
            if INVITATION.is_char_boundary(cut) {
                let _ = events(&INVITATION[..cut], &paris());
            }
        }
    }
}
