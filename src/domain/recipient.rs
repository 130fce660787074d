//! What an address of ours means: a post, a command, an answer to something Parvis sent.

use super::token::Token;

/// What is written to, beside or at a list's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListDoor {
    /// `quartier@`: a post.
    Post,
    /// `quartier-inscription@`: somebody wants to join.
    Join,
    /// `quartier-stop@`: somebody wants to leave.
    Leave,
    /// `quartier-stop+TOKEN@`: the one the token names leaves, whoever sends it.
    LeaveByToken(String),
    /// `quartier-aide@`.
    Help,
    /// `quartier-request@`: commands.
    Request,
    /// `quartier-animateurs@`: the people who look after the list.
    Animators,
    /// `quartier-sondage@`.
    Poll,
    /// `quartier-rencontre@`.
    Event,
    /// `quartier-chercher@`.
    Search,
    /// `quartier-bounces+TOKEN@`: a copy that could not be delivered comes back.
    Bounce(String),
    /// `quartier+TOKEN@`: an answer.
    Answer(String),
}

/// What a local part can mean; which it does depends on the lists there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LocalPart {
    /// A list of this name, if there is one.
    List {
        /// The list's local part.
        name: String,
        /// What of it.
        door: ListDoor,
    },
    /// `parvis@`: commands to no list in particular.
    Service,
    /// `postmaster@`, `abuse@`: the operator (RFC 2142 §4, §5).
    Operator,
    /// `re+TOKEN@`: an answer, for lists whose name is too long for a token address.
    Answer(String),
    /// `bounces+TOKEN@`: the same for what comes back.
    Bounce(String),
}

/// The words after a list's name, in both languages, and what they mean.
const WORDS: &[(&str, ListDoor)] = &[
    ("inscription", ListDoor::Join),
    ("join", ListDoor::Join),
    ("subscribe", ListDoor::Join),
    ("stop", ListDoor::Leave),
    ("depart", ListDoor::Leave),
    ("leave", ListDoor::Leave),
    ("unsubscribe", ListDoor::Leave),
    ("aide", ListDoor::Help),
    ("help", ListDoor::Help),
    ("request", ListDoor::Request),
    ("animateurs", ListDoor::Animators),
    ("animators", ListDoor::Animators),
    ("owner", ListDoor::Animators),
    ("editor", ListDoor::Animators),
    ("sondage", ListDoor::Poll),
    ("poll", ListDoor::Poll),
    ("rencontre", ListDoor::Event),
    ("event", ListDoor::Event),
    ("chercher", ListDoor::Search),
    ("search", ListDoor::Search),
];
const BOUNCES: &str = "bounces";

/// Every meaning a local part can have, the likeliest first. Case does not matter.
pub fn meanings(local_part: &str) -> Vec<LocalPart> {
    let local = local_part.to_ascii_lowercase();
    let (base, tail) = match local.split_once('+') {
        Some((base, tail)) => (base, Some(tail)),
        None => (local.as_str(), None),
    };
    let token = tail.filter(|tail| Token::has_shape(tail)).map(str::to_owned);
    let mut found = Vec::new();
    match (base, tail, &token) {
        ("parvis", None, _) => found.push(LocalPart::Service),
        ("postmaster" | "abuse", None, _) => found.push(LocalPart::Operator),
        ("re", Some(_), Some(token)) => found.push(LocalPart::Answer(token.clone())),
        (BOUNCES, Some(_), Some(token)) => found.push(LocalPart::Bounce(token.clone())),
        _ => {}
    }
    let mut list = |name: &str, door| found.push(LocalPart::List { name: name.to_owned(), door });
    match (tail, &token) {
        (None, _) => list(base, ListDoor::Post),
        (Some(_), Some(token)) => list(base, ListDoor::Answer(token.clone())),
        (Some(word), None) => {
            if let Some(door) = door_of(word) {
                list(base, door);
            }
        }
    }
    if let Some((name, word)) = base.rsplit_once('-') {
        match (tail, token, door_of(word)) {
            (None, _, Some(door)) => list(name, door),
            (Some(_), Some(token), Some(ListDoor::Leave)) => list(name, ListDoor::LeaveByToken(token)),
            (Some(_), Some(token), None) if word == BOUNCES => list(name, ListDoor::Bounce(token)),
            (_, _, _) => {}
        }
    }
    found
}

fn door_of(word: &str) -> Option<ListDoor> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, door)| door.clone())
}

/// Whether one list's name would be read as another list's command address.
pub fn names_collide(one: &str, other: &str) -> bool {
    let beside = |list: &str, name: &str| {
        name.strip_prefix(list)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|word| word == BOUNCES || door_of(word).is_some())
    };
    beside(one, other) || beside(other, one)
}

/// The word beside a list's name for each door people write to, in the list's language.
pub fn word_for(door: &ListDoor, language: super::list::Language) -> &'static str {
    use super::list::Language::{En, Fr};
    match (door, language) {
        (ListDoor::Join, Fr) => "inscription",
        (ListDoor::Join, En) => "join",
        (ListDoor::Leave | ListDoor::LeaveByToken(_), Fr) => "stop",
        (ListDoor::Leave | ListDoor::LeaveByToken(_), En) => "leave",
        (ListDoor::Help, Fr) => "aide",
        (ListDoor::Help, En) => "help",
        (ListDoor::Animators, Fr) => "animateurs",
        (ListDoor::Animators, En) => "animators",
        (ListDoor::Poll, Fr) => "sondage",
        (ListDoor::Poll, En) => "poll",
        (ListDoor::Event, Fr) => "rencontre",
        (ListDoor::Event, En) => "event",
        (ListDoor::Search, Fr) => "chercher",
        (ListDoor::Search, En) => "search",
        (ListDoor::Request | ListDoor::Post | ListDoor::Answer(_), _) => "request",
        (ListDoor::Bounce(_), _) => BOUNCES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_list(local: &str, name: &str) -> Option<ListDoor> {
        meanings(local).into_iter().find_map(|meaning| match meaning {
            LocalPart::List { name: n, door } if n == name => Some(door),
            LocalPart::List { .. }
            | LocalPart::Service
            | LocalPart::Operator
            | LocalPart::Answer(_)
            | LocalPart::Bounce(_) => None,
        })
    }

    #[test]
    fn what_stands_beside_a_lists_name() {
        let token = "abcdefghijklmnopqrstuvwxyz234567";
        for (local, door) in [
            ("quartier", Some(ListDoor::Post)),
            ("Quartier", Some(ListDoor::Post)),
            ("quartier-inscription", Some(ListDoor::Join)),
            ("QUARTIER-Join", Some(ListDoor::Join)),
            ("quartier+stop", Some(ListDoor::Leave)),
            ("quartier-owner", Some(ListDoor::Animators)),
            ("quartier-nothing", None),
            ("quartier+nothing", None),
            ("quartier+", None),
            ("quartier-bounces", None),
            ("quartier-stop+short", None),
        ] {
            assert_eq!(of_list(local, "quartier"), door, "{local}");
        }
        let with = |local: &str| of_list(&format!("{local}+{token}"), "quartier");
        assert_eq!(with("quartier"), Some(ListDoor::Answer(token.to_owned())));
        assert_eq!(with("quartier-stop"), Some(ListDoor::LeaveByToken(token.to_owned())));
        assert_eq!(with("quartier-bounces"), Some(ListDoor::Bounce(token.to_owned())));
        assert_eq!(with("quartier-aide"), None);
    }

    #[test]
    fn a_hyphen_may_belong_to_the_name() {
        assert_eq!(of_list("saint-jean", "saint-jean"), Some(ListDoor::Post));
        assert_eq!(of_list("saint-jean-stop", "saint-jean"), Some(ListDoor::Leave));
        assert!(names_collide("quartier", "quartier-stop"));
        assert!(names_collide("quartier-bounces", "quartier"));
        assert!(!names_collide("quartier", "quartier-nord"));
    }
}
