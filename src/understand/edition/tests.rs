//! Answers to drafts as people write them, and what is done.

use super::*;
use crate::domain::edition::Noticed;

fn heard(text: &str) -> String {
    let authors: Vec<Vec<String>> = [
        vec!["Anne Martin", "Marcel Dupont"],
        vec!["Jeanne Petit"],
        vec!["Claire Roux"],
        vec!["Marcel Dupont"],
        vec!["Léa Noir"],
    ]
    .map(|names| names.into_iter().map(str::to_owned).collect())
    .to_vec();
    let item = |number: u32, title, noticed, is_in| DraftItem {
        number,
        title,
        authors: &authors[number as usize - 1],
        noticed,
        is_in,
    };
    let items = [
        item(1, "Qui a une échelle ?", Some(Noticed::Unanswered), true),
        item(2, "La fête des voisins", None, true),
        item(3, "Vide-grenier dimanche", None, true),
        item(4, "Merci pour la soupe", Some(Noticed::Thanks), false),
        item(5, "Vélo volé rue des Lilas", None, true),
    ];
    let DraftAnswer { wishes, unclear } = draft_answer(text, &items);
    let mut said: Vec<String> = wishes.iter().map(|wish| format!("{wish:?}")).collect();
    said.extend(unclear.iter().map(|words| format!("?{words}")));
    said.join(" ")
}

#[test]
fn commands_in_any_mixture() {
    for (text, meaning) in [
        ("ok", "Send"),
        ("OK, merci !\n", "Send"),
        ("Bonjour,\n\nparfait, vous pouvez envoyer\n\nClaire\n", "Send Send"),
        ("retirer 2 5", "Drop([2, 5])"),
        ("retirer 2, 5 et 3", "Drop([2]) Drop([5]) Drop([3])"),
        ("drop 2-4", "Drop([2, 3, 4])"),
        ("drop 2 to 4", "Drop([2, 3, 4])"),
        ("garder 1 3", "Keep([1, 3])"),
        ("keep only 1 and 3", "KeepOnly([1, 3])"),
        ("ordre 3 1", "First([3, 1])"),
        ("plus tard 5", "Later([5])"),
        ("titre 2 La grande fête, cette fois", "Title(Some(2), \"La grande fête, cette fois\")"),
        ("Titre : La semaine du quartier", "Title(None, \"La semaine du quartier\")"),
        ("note 3 : prévoir des gants", "Note(3, \"prévoir des gants\")"),
        (
            "intro Chers voisins,\n\nla semaine fut belle.\nretirer 2\nok",
            "Intro(\"Chers voisins,\\n\\nla semaine fut belle.\") Drop([2]) Send",
        ),
        ("intro\nGardez le sourire.\nok\n", "Intro(\"Gardez le sourire.\") Send"),
    ] {
        assert_eq!(heard(text), meaning, "{text}");
    }
}

#[test]
fn words_for_items_as_well_as_numbers() {
    for (text, meaning) in [
        ("mets la fête des voisins en premier, enlève les remerciements", "First([2]) Drop([4])"),
        ("Mets la fête et le vide-grenier en premier", "First([2, 3])"),
        ("commence par le vide-grenier puis la fête", "First([3, 2])"),
        ("garde le vélo pour plus tard", "Later([5])"),
        ("mets l'échelle à la fin", "Last([1])"),
        ("remets le merci pour la soupe", "Restore([4])"),
        ("enlève le message de Jeanne", "Drop([2])"),
        ("remove the last one", "Drop([5])"),
        ("retire le premier", "Drop([1])"),
        ("Peux-tu retirer l’histoire du vélo stp ?", "Drop([5])"),
        ("ne retire pas le merci", "Restore([4])"),
        ("ne retire pas la fête", "Restore([2])"),
        ("on ne garde que la fête", "KeepOnly([2])"),
        ("pas de vide-grenier", "Drop([3])"),
        ("2 et 5 à retirer", "Drop([2, 5])"),
        ("garde seulement les deux premiers", "KeepOnly([1, 2])"),
        ("remove the last two", "Drop([3, 5])"),
        ("nomme-la « La rue en fête »", "Title(None, \"La rue en fête\")"),
        ("mets un mot au 3 : venez tôt", "Note(3, \"venez tôt\")"),
    ] {
        assert_eq!(heard(text), meaning, "{text}");
    }
}

/// Said as people say it, and what a hasty reader would make of it.
#[test]
fn nothing_else_than_what_was_meant() {
    for (text, meaning) in [
        ("enlève tout sauf 2 et 3", "KeepOnly([2, 3])"),
        ("garde tout sauf le vélo", "Drop([5])"),
        ("drop all but the party", "?drop all but the party"),
        ("tout est bon sauf le 3", "Send Drop([3])"),
        ("envoie sans le vélo", "Send Drop([5])"),
        ("ok sauf le 3", "Send Drop([3])"),
        ("Bon, enlève le 3.", "Drop([3])"),
        ("garde aussi le merci", "Restore([4])"),
        ("retire le 3 parce que c’est dimanche dernier", "Drop([3])"),
        ("ajoute au 3 que la salle est prise", "?ajoute au 3 que la salle est prise"),
        ("note 3 : rendez-vous « salle B » à 14 h", "Note(3, \"rendez-vous « salle B » à 14 h\")"),
        ("titre du 3 : Le grand vide-grenier", "Title(Some(3), \"Le grand vide-grenier\")"),
        ("Titre : L’escalier en fête", "Title(None, \"L’escalier en fête\")"),
        ("les 3 premiers seulement", "KeepOnly([1, 2, 3])"),
        ("enlève l’avant-dernier", "Drop([3])"),
        ("retire n° 5", "Drop([5])"),
        ("5 en premier, garde le reste", "First([5]) Restore([1, 2, 3])"),
        ("Super, mais enlève le vélo", "Drop([5])"),
        ("n’envoie pas le vélo", "Drop([5])"),
        ("échange 2 et 3, puis envoie", "Swap(2, 3) Send"),
        ("le vélo avant la fête", "Before([5], 2)"),
        ("mets la fête juste après le vélo", "After([2], 5)"),
        ("mets en titre « La rue, et le reste » et envoie", "Title(None, \"La rue, et le reste\") Send"),
        ("ajoute tout en haut : Bonjour, c’est l’été", "Intro(\"Bonjour, c’est l’été\")"),
        ("> 3. Vide-grenier dimanche (Claire)\nà enlever", "Drop([3])"),
        ("> 9. Rien\nà enlever", "?à enlever"),
    ] {
        assert_eq!(heard(text), meaning, "{text}");
    }
}

#[test]
fn what_is_not_understood_is_given_back_and_not_done() {
    for (text, meaning) in [
        ("retirer 9", "?retirer 9"),
        ("enlève le barbecue", "?enlève le barbecue"),
        ("retire le message de Marcel", "?retire le message de Marcel"),
        ("n'envoie pas encore", "Wait"),
        (
            "je n'ai pas eu le temps de lire tout cela hier soir",
            "?je n'ai pas eu le temps de lire tout cela hier soir",
        ),
        ("note 12 rien", "?note 12 rien"),
        ("retirer", "?retirer"),
    ] {
        assert_eq!(heard(text), meaning, "{text}");
    }
}

#[test]
fn whatever_is_written_is_read() {
    let text =
        "intro ok retirer 2 à 999999999999 titre note 3, ; . et et et puis 4294967295 à 4294967295 «é»\n"
            .repeat(30);
    for end in (0..text.len()).step_by(7).filter(|end| text.is_char_boundary(*end)) {
        let _ = heard(&text[..end]);
    }
    let _ = heard(&"retirer ".repeat(20_000));
    let _ = heard(&"2 a ".repeat(5_000));
}
