//! What programs answer, of every make (`tests/automatic/answers.txt`): to any address it is never
//! posted, obeyed, answered, shown to people or counted against the member (RFC 3834 §2).

use parvis::domain::member::MemberState;
use parvis::domain::proof::Proof;

use super::town::Town;

const MARCEL: &str = "marcel@courrier.example";
const CLAIRE: &str = "claire@courrier.example";

/// An answer nobody wrote.
struct Answer<'a> {
    name: &'a str,
    fields: Vec<&'a str>,
    body: String,
    null: bool,
}

fn answers(text: &str) -> Vec<Answer<'_>> {
    let read = |block: &'_ str| -> (usize, usize) {
        let head = block.find("\n\n").expect("an empty line below the fields");
        (block.find('\n').expect("a name"), head)
    };
    let blocks = text.split("\n== ").skip(1);
    blocks
        .map(|block| {
            let (name, head) = read(block);
            let lines = || block[name..head].lines().filter(|line| !line.is_empty());
            Answer {
                name: &block[..name],
                fields: lines().filter(|line| !line.starts_with("+ ")).collect(),
                body: block[head + 2..].trim_end().to_owned(),
                null: lines().any(|line| line == "+ sender: <>"),
            }
        })
        .collect()
}

impl Answer<'_> {
    fn mail(&self, to: &str, answered: &str, body: &str) -> String {
        let from = if self.fields.iter().any(|f| f.starts_with("From:")) {
            String::new()
        } else {
            format!("From: Marcel Dupont <{MARCEL}>\n")
        };
        let fields = self.fields.join("\n");
        format!(
            "{from}To: <{to}>\nMessage-ID: <a@courrier.example>\nIn-Reply-To: <{answered}>\n{fields}\n\n{body}\n"
        )
    }
}

/// A list with a post on its way, and a question Marcel was asked.
fn asked() -> (Town, Vec<(String, String)>) {
    let mut town = Town::new();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    town.found("quartier@lists.example", &[pair("moderation", "none")]);
    town.add("quartier", MARCEL, vec![pair("name", "Marcel_Dupont")]);
    town.add("quartier", CLAIRE, vec![pair("role", "animator")]);
    let raw = format!(
        "From: Claire <{CLAIRE}>\nTo: <quartier@lists.example>\nMessage-ID: <1@courrier.example>\n\
         Subject: Vide-grenier\n\nC'est dimanche.\n"
    );
    assert_eq!(town.send(CLAIRE, false, "quartier@lists.example", &raw, Proof::Proven), 250);
    let copy = town.all(MARCEL).pop().expect("a copy");
    let raw = format!("From: <{MARCEL}>\nTo: <quartier-stop@lists.example>\nSubject: stop\n\nstop\n");
    assert_eq!(town.send(MARCEL, false, "quartier-stop@lists.example", &raw, Proof::NoMeans), 250);
    let question = town.all(MARCEL).pop().expect("a question");
    let answered = |to: &str, id: &str| (to.to_owned(), id.to_owned());
    let at = |door: &str| answered(&format!("quartier{door}@lists.example"), &question.message_id);
    let to = vec![
        answered("quartier@lists.example", &copy.message_id),
        answered(&copy.sender, &copy.message_id),
        answered(&question.reply_to, &question.message_id),
        at("-request"),
        at("-aide"),
        at("-stop"),
        at("-inscription"),
        at("-animateurs"),
        at("-chercher"),
        answered("parvis@lists.example", &question.message_id),
    ];
    while town.next(MARCEL).is_some() || town.next(CLAIRE).is_some() {}
    (town, to)
}

#[test]
fn no_answer_of_a_program_is_taken_for_a_persons() {
    let text = include_str!("../../automatic/answers.txt");
    let answers = answers(text);
    assert!(answers.len() >= 50, "{}", answers.len());
    let (mut town, addresses) = asked();
    let before = format!("{:?}", town.member("quartier", MARCEL));
    let mut wrong = Vec::new();
    let mut seen = 0;
    for answer in &answers {
        let plain = answer.body.contains("--b");
        for (to, answered) in &addresses {
            // The worst they could say: what was asked for, in the very words.
            for body in [answer.body.as_str(), "oui\n"].iter().take(if plain { 1 } else { 2 }) {
                let raw = answer.mail(to, answered, body);
                for proof in [Proof::Proven, Proof::NoMeans] {
                    town.send(MARCEL, answer.null, to, &raw, proof);
                    seen += 1;
                }
                let told = town.unread();
                let held = town.desk.store.held().expect("readable").len();
                let is = format!("{:?}", town.member("quartier", MARCEL));
                if !told.is_empty() || held != 0 || town.published() != 1 || is != before {
                    wrong.push(format!("{} to {to}: {told:?}, {held} held, {is}", answer.name));
                    (town, _) = asked();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_same_words_of_a_person_are_heard() {
    let (mut town, addresses) = asked();
    let (to, answered) = &addresses[2];
    let answer =
        Answer { name: "a person", fields: vec!["Subject: Re: x"], body: String::new(), null: false };
    town.send(MARCEL, false, to, &answer.mail(to, answered, "oui"), Proof::NoMeans);
    assert_eq!(town.member("quartier", MARCEL).map(|member| member.state), Some(MemberState::Left));
}
