//! Whole sentences, and what they ask for.

use super::*;

fn heard(text: &str) -> String {
    let mail = Mail { subject: "Re: le parking", answers: true, text };
    match Orders::own().read(&mail) {
        Ordered::Nothing => "nothing".to_owned(),
        Ordered::Open => "open".to_owned(),
        Ordered::These(commands) => format!("{commands:?}"),
    }
}

#[test]
fn whole_sentences_are_proposed() {
    let said = [
        ("Désormais plus rien ne sort sans mon accord, sans que je voie.", "[Hold(All)]"),
        ("Plus aucun message ne part sans que nous l’ayons lu.", "[Hold(All)]"),
        ("I would like to check each message before it is sent.", "[Hold(All)]"),
        ("Until the elections I want to approve each message.", "[Hold(All)]"),
        ("Jusqu’aux élections, je veux approuver chaque message.", "[Hold(All)]"),
        ("You no longer need to hold every message.", "[Hold(AsUsual)]"),
        ("Il n’est plus nécessaire de tout relire.", "[Hold(AsUsual)]"),
        ("Quatre messages par membre toutes les 10 minutes suffisent.", "[Pace(Some(4))]"),
        ("Please remove the limit on posts.", "[Pace(None)]"),
        ("Il faudrait calmer ce débat.", "[Slow]"),
        ("On va calmer ce débat.", "[Slow]"),
        ("We are closing this thread now.", "[Close]"),
        ("Slow this thread and hold all messages please.", "[Hold(All), Slow]"),
        ("Claire voudrait qu’on rouvre la discussion.", "open"),
        ("Ne fermez surtout pas cette discussion.", "open"),
        ("Fermez ce fil. Rouvrez l’autre discussion.", "open"),
        ("Trois messages par personne et par jour.", "nothing"),
        ("La fête aura lieu samedi.", "nothing"),
        ("", "nothing"),
    ];
    for (text, wanted) in said {
        assert_eq!(heard(text), wanted, "{text}");
    }
}

#[test]
fn somebody_is_named_or_has_an_address() {
    let role = heard("Léa prend ma suite, nommez-la animatrice : lea@fai.example");
    assert!(role.contains("Role(Animator") && role.contains("lea@fai.example"), "{role}");
    let back = heard("lea@fai.example redevient simple membre");
    assert!(back.contains("Role(Member"), "{back}");
    let gone = heard("Jeanne Petit nous quitte, vous pouvez la retirer");
    assert!(gone.contains("Remove") && gone.contains("jeanne petit"), "{gone}");
    assert_eq!(heard("Jeanne nous quitte, vous pouvez la retirer"), "nothing");
    assert_eq!(heard("nommez animateurs a@fai.example et b@fai.example"), "nothing");
}

#[test]
fn garbage_and_every_beginning_of_it_is_survived() {
    let text = "[..|# @ plus de 99999999999999999999 messages par personne les dix minutes ; é\u{301}🤖\u{0}";
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        heard(&text[..end]);
    }
    heard(&"plus rien sans je ".repeat(5_000));
}
