//! The sentences said at the SMTP door to somebody whose message is not taken.
//!
//! Their own server will show them, often in a machine's long report: so ASCII, both languages,
//! the list's own first, and what to do where there is something to do. Reply codes are not said
//! here: `smtp` owns them.

use super::words;
use crate::domain::list::Language;

/// The longest sentence, in bytes: with its code and CRLF a reply line stays below 200 and far below
/// the 512 of RFC 5321 §4.5.3.1.5.
pub const DOOR_BYTES_MAX: usize = 186;

/// Why a message is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DoorRefusal<'a> {
    /// Only members write here; where to join, if one can.
    MembersOnly {
        /// `quartier-inscription@…`
        join: Option<&'a str>,
    },
    /// Only those who look after the list write here.
    AnimatorsOnly,
    /// The list takes no posts any more.
    ListClosed,
    /// It is larger than this many bytes.
    TooLarge {
        /// What would be taken, in bytes.
        limit: u64,
    },
    /// A filter is sure that nobody wants it.
    Unwanted,
    /// It was written by a machine.
    AutomaticMail,
    /// It has been here before.
    Loop,
    /// There is nobody of that name here.
    UnknownAddress,
    /// It has no sender, as reports of failed mail have.
    NullSender,
    /// Its header breaks the rules so that it could be read in two ways.
    HeaderDefect,
    /// It has more than one From, or none.
    DuplicateFrom,
}

/// The sentence, French first or English first, without a reply code.
pub fn door(refusal: DoorRefusal<'_>, language: Language) -> String {
    if let DoorRefusal::MembersOnly { join: Some(join) } = refusal {
        let sentence = members_only(join, language);
        if sentence.len() <= DOOR_BYTES_MAX && sentence.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return sentence;
        }
        // An address that cannot be said leaves the sentence without its way in.
        return door(DoorRefusal::MembersOnly { join: None }, language);
    }
    let (french, english) = (in_language(refusal, Language::Fr), in_language(refusal, Language::En));
    match language {
        Language::Fr => format!("{french} ({english})"),
        Language::En => format!("{english} ({french})"),
    }
}

fn members_only(join: &str, language: Language) -> String {
    match language {
        Language::Fr => format!(
            "Ce groupe est reserve a ses membres. Pour le rejoindre : {join} \
             (Members only; to join, write there.)"
        ),
        Language::En => format!(
            "This group is for its members. To join, write to {join} \
             (Reserve aux membres ; pour le rejoindre, ecrivez-y.)"
        ),
    }
}

fn in_language(refusal: DoorRefusal<'_>, language: Language) -> String {
    let (french, english) = match refusal {
        DoorRefusal::MembersOnly { .. } => {
            ("Seuls les membres du groupe peuvent y ecrire.", "Only members of this group can write to it.")
        }
        DoorRefusal::AnimatorsOnly => (
            "Ici, seules les personnes qui animent le groupe ecrivent.",
            "Only those who look after this group write to it.",
        ),
        DoorRefusal::ListClosed => (
            "Ce groupe est ferme et ne prend plus de messages.",
            "This group is closed and takes no more messages.",
        ),
        DoorRefusal::TooLarge { limit } => return too_large(limit, language),
        DoorRefusal::AutomaticMail => {
            ("Les reponses automatiques ne sont pas prises ici.", "Automatic mail is not taken here.")
        }
        DoorRefusal::Unwanted => (
            "Ce message ressemble trop a un courrier indesirable.",
            "This message looks too much like unwanted mail.",
        ),
        DoorRefusal::Loop => {
            ("Ce message est deja passe par ici.", "This message has been here before: a loop.")
        }
        DoorRefusal::UnknownAddress => {
            ("Il n'y a personne a cette adresse ici.", "There is nobody of that name here.")
        }
        DoorRefusal::NullSender => (
            "Cette adresse ne prend pas les rapports de livraison.",
            "This address takes no delivery reports.",
        ),
        DoorRefusal::HeaderDefect => (
            "L'en-tete du message est abime et se lirait de deux facons.",
            "The message header is damaged and could be read in two ways.",
        ),
        DoorRefusal::DuplicateFrom => (
            "Le message doit avoir un expediteur (From), et un seul.",
            "The message must have one From, and only one.",
        ),
    };
    match language {
        Language::Fr => french.to_owned(),
        Language::En => english.to_owned(),
    }
}

fn too_large(limit: u64, language: Language) -> String {
    let limit = words::size(limit, language).replace('\u{a0}', " ");
    match language {
        Language::Fr => format!("Ce message pese plus que les {limit} pris ici ; un lien passera mieux."),
        Language::En => format!("This message is over the {limit} taken here; send a link instead."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn every(join: &str) -> Vec<DoorRefusal<'_>> {
        vec![
            DoorRefusal::MembersOnly { join: Some(join) },
            DoorRefusal::MembersOnly { join: None },
            DoorRefusal::AnimatorsOnly,
            DoorRefusal::ListClosed,
            DoorRefusal::TooLarge { limit: 25 << 20 },
            DoorRefusal::AutomaticMail,
            DoorRefusal::Loop,
            DoorRefusal::UnknownAddress,
            DoorRefusal::NullSender,
            DoorRefusal::HeaderDefect,
            DoorRefusal::DuplicateFrom,
        ]
    }

    #[test]
    fn what_is_said_at_the_door() {
        let say = |language| {
            every("quartier-inscription@lists.example.org")
                .into_iter()
                .map(|r| door(r, language) + "\n")
                .collect::<String>()
        };
        expect![[r#"
            Ce groupe est reserve a ses membres. Pour le rejoindre : quartier-inscription@lists.example.org (Members only; to join, write there.)
            Seuls les membres du groupe peuvent y ecrire. (Only members of this group can write to it.)
            Ici, seules les personnes qui animent le groupe ecrivent. (Only those who look after this group write to it.)
            Ce groupe est ferme et ne prend plus de messages. (This group is closed and takes no more messages.)
            Ce message pese plus que les 25 Mo pris ici ; un lien passera mieux. (This message is over the 25 MB taken here; send a link instead.)
            Les reponses automatiques ne sont pas prises ici. (Automatic mail is not taken here.)
            Ce message est deja passe par ici. (This message has been here before: a loop.)
            Il n'y a personne a cette adresse ici. (There is nobody of that name here.)
            Cette adresse ne prend pas les rapports de livraison. (This address takes no delivery reports.)
            L'en-tete du message est abime et se lirait de deux facons. (The message header is damaged and could be read in two ways.)
            Le message doit avoir un expediteur (From), et un seul. (The message must have one From, and only one.)
        "#]].assert_eq(&say(Language::Fr));
        expect![[r#"
            This group is for its members. To join, write to quartier-inscription@lists.example.org (Reserve aux membres ; pour le rejoindre, ecrivez-y.)
            Only members of this group can write to it. (Seuls les membres du groupe peuvent y ecrire.)
            Only those who look after this group write to it. (Ici, seules les personnes qui animent le groupe ecrivent.)
            This group is closed and takes no more messages. (Ce groupe est ferme et ne prend plus de messages.)
            This message is over the 25 MB taken here; send a link instead. (Ce message pese plus que les 25 Mo pris ici ; un lien passera mieux.)
            Automatic mail is not taken here. (Les reponses automatiques ne sont pas prises ici.)
            This message has been here before: a loop. (Ce message est deja passe par ici.)
            There is nobody of that name here. (Il n'y a personne a cette adresse ici.)
            This address takes no delivery reports. (Cette adresse ne prend pas les rapports de livraison.)
            The message header is damaged and could be read in two ways. (L'en-tete du message est abime et se lirait de deux facons.)
            The message must have one From, and only one. (Le message doit avoir un expediteur (From), et un seul.)
        "#]].assert_eq(&say(Language::En));
    }

    #[test]
    fn a_sentence_fits_one_reply_line_whatever_it_holds() {
        let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(63));
        for join in ["quartier-inscription@lists.example.org", &long, "a\r\n250 ok@x.example", "é@x.example"]
        {
            for language in Language::ALL {
                for refusal in every(join) {
                    let sentence = door(refusal, language);
                    assert!(sentence.len() <= DOOR_BYTES_MAX, "{sentence}");
                    assert!(sentence.bytes().all(|b| matches!(b, b' '..=b'~')), "{sentence}");
                }
            }
        }
    }
}
