//! Lists of people as animators paste them: who is meant, by which name, and what is to be done.

use parvis::domain::command::{AnimatorCommand, Called, Command, Meaning};
use parvis::domain::time::CivilDate;
use parvis::understand::{Mail, Place, Situation, Speaker};

fn read(text: &str) -> String {
    let situation = Situation {
        place: Place::Request,
        today: CivilDate::new(2027, 6, 10).expect("there is one"),
        language: None,
        speaker: Speaker::Animator,
        name: "Claire Martin",
        own: &[],
        groups: &[],
    };
    let mail = Mail { subject: "", answers: false, text };
    let Meaning::Certain(commands) = super::book().read(&mail, &situation).meaning else {
        return "asked".to_owned();
    };
    let [Command::Animator(command)] = commands.as_slice() else { return "other".to_owned() };
    let all = |verb: &str, people: &[Called]| {
        let one = |called: &Called| {
            let address = called.address.as_ref().map_or("", |address| address.as_str());
            format!("{} {address}", called.name).trim().to_owned()
        };
        format!("{verb} {}", people.iter().map(one).collect::<Vec<_>>().join(", "))
    };
    match command {
        AnimatorCommand::Add(people) => all("add", people),
        AnimatorCommand::Invite(people) => all("invite", people),
        AnimatorCommand::Remove(people) => all("remove", people),
        AnimatorCommand::Ban(people) => all("ban", people),
        AnimatorCommand::Unban(people) => all("unban", people),
        AnimatorCommand::Role(..)
        | AnimatorCommand::Slow
        | AnimatorCommand::Close
        | AnimatorCommand::Hold(_)
        | AnimatorCommand::Pace(_)
        | AnimatorCommand::Reopen
        | AnimatorCommand::Split
        | AnimatorCommand::MoveTo(_)
        | AnimatorCommand::JoinWith(_)
        | AnimatorCommand::Members
        | AnimatorCommand::History
        | AnimatorCommand::Letter => "other".to_owned(),
    }
}

/// A mail, and what it asks for.
const CASES: &[(&str, &str)] = &[
    (
        "Nouveaux :\nMartin, Léa ; lea@mail.example\nBenali, Karim ; karim@mail.example\nMerci d'ajouter",
        "add Léa Martin lea@mail.example, Karim Benali karim@mail.example",
    ),
    (
        "Nouveaux :\nLéa Martin\tlea@mail.example\nPaul Roux\tpaul@fai.example",
        "add Léa Martin lea@mail.example, Paul Roux paul@fai.example",
    ),
    ("New members:\nPaul Roux\tpaul@fai.example\tpaid\n\nThanks, Jill", "add Paul Roux paul@fai.example"),
    (
        "Nom;Prénom;Adresse mail\nROLLAND;Jean-Pierre;jp@fai.example\nNÉDÉLEC;Sophie;sophie@mairie.example",
        "add Jean-Pierre Rolland jp@fai.example, Sophie Nédélec sophie@mairie.example",
    ),
    ("Surname,First name,Email\nSINGH,Daljit,d.singh@mail.example", "add Daljit Singh d.singh@mail.example"),
    (
        "Ajoute les Morin stp :\n1) Claudine Morin, claudine@poste.example, 02 98 00 00 01\n2) Gérard Morin, gerard@poste.example, même numéro",
        "add Claudine Morin claudine@poste.example, Gérard Morin gerard@poste.example",
    ),
    (
        "Les parents qui souhaitent rejoindre la liste :\n\"Hamon, Lucie\" <lucie@ecole.example>; \"Tessier, Marc\" <marc@ecole.example>;",
        "add Lucie Hamon lucie@ecole.example, Marc Tessier marc@ecole.example",
    ),
    (
        "Inscris-les stp\nROUX Jean-Pierre <jp.roux@tilleuls.example>",
        "add Jean-Pierre Roux jp.roux@tilleuls.example",
    ),
    (
        "hi can you add\n* Bev Hart bev@post.example\n* Nigel Hart (nigel@post.example)\nta",
        "add Bev Hart bev@post.example, Nigel Hart nigel@post.example",
    ),
    (
        "Bonjour, peux-tu ajouter Anne Martin <anne@lilas.example> à la liste ? Merci\nSolange",
        "add Anne Martin anne@lilas.example",
    ),
    ("Invite, don't just add:\nJo Wells - jo@mail.example", "invite Jo Wells jo@mail.example"),
    (
        "Pouvez-vous envoyer une invitation à ines@poste.example ? Je préfère qu'elle décide elle-même.",
        "invite ines@poste.example",
    ),
    ("Ken's gone to live with his son, please take ken@post.example off", "remove ken@post.example"),
    ("laissez-le revenir : karim@fai.example n'est plus banni", "unban karim@fai.example"),
    // Nothing is done by what is asked, told, or left open.
    ("Est-ce que paul@fai.example est inscrit ?", "asked"),
    ("Si elle paie sa cotisation, il faudra ajouter lea@mail.example", "asked"),
    ("I added bev@post.example last week, all fine", "asked"),
    ("I'd rather not ban anyone, not even ken@post.example.", "asked"),
    ("On ne va bannir personne, pas même karim@fai.example : parlons-en.", "asked"),
];

#[test]
fn people_are_read_with_their_names() {
    let wrong: Vec<String> = CASES
        .iter()
        .filter_map(|(mail, wanted)| {
            let found = read(mail);
            (found != *wanted).then(|| format!("{mail:?}: {found}, not {wanted}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
