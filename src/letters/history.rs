//! What was decided about a list, in sentences people can read: who did what, and when.

use super::words;
use crate::domain::list::Language;
use crate::domain::time::{Timestamp, Zone};

/// One thing that was decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// Who did it, by name or address; empty: whoever runs the server.
    pub who: String,
    /// What.
    pub what: Happened,
    /// To whom, or whose message it was.
    pub whom: String,
    /// The subject of the message or conversation; of settings, which.
    pub title: String,
    /// The words that went with it.
    pub words: String,
}

/// What somebody did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happened {
    /// Let a message out that waited.
    Sent,
    /// Turned one down.
    Refused,
    /// Threw one away.
    Discarded,
    /// Took their own back.
    TakenBack,
    /// Called one back that had gone out.
    Recalled,
    /// Nobody looked at one in time.
    Over,
    /// Confirmed that they want to join.
    Joined,
    /// Was let in.
    Admitted,
    /// Was not let in.
    NotAdmitted,
    /// Was made a member.
    Added,
    /// Was asked whether they want to be one.
    Invited,
    /// Was taken out.
    Removed,
    /// Left by themselves.
    Left,
    /// Looks after the group from then on.
    Animates,
    /// Does no more.
    AnimatesNot,
    /// No mail reaches them any more.
    Unreached,
    /// Complained to their provider.
    Complained,
    /// Can neither write nor join.
    Banned,
    /// May join again.
    Unbanned,
    /// A conversation is read before it goes out.
    Slowed,
    /// Nobody writes to a conversation any more.
    TopicClosed,
    /// It goes on like any other.
    TopicReopened,
    /// Messages were put into another conversation.
    Moved,
    /// The group was made.
    Made,
    /// Settings changed.
    Settings,
    /// The group was closed.
    GroupClosed,
    /// The group was opened again.
    GroupReopened,
    /// A summary that was put together by hand went out.
    Edition,
}

impl Happened {
    /// One word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Happened::Sent => "accepted",
            Happened::Refused => "refused",
            Happened::Discarded => "discarded",
            Happened::TakenBack => "taken-back",
            Happened::Recalled => "recalled",
            Happened::Over => "over",
            Happened::Joined => "joined",
            Happened::Admitted => "admitted",
            Happened::NotAdmitted => "not-admitted",
            Happened::Added => "added",
            Happened::Invited => "invited",
            Happened::Removed => "removed",
            Happened::Left => "left",
            Happened::Animates => "animates",
            Happened::AnimatesNot => "animates-not",
            Happened::Unreached => "unreached",
            Happened::Complained => "complained",
            Happened::Banned => "banned",
            Happened::Unbanned => "unbanned",
            Happened::Slowed => "slowed",
            Happened::TopicClosed => "topic-closed",
            Happened::TopicReopened => "topic-reopened",
            Happened::Moved => "moved",
            Happened::Made => "made",
            Happened::Settings => "settings",
            Happened::GroupClosed => "closed",
            Happened::GroupReopened => "reopened",
            Happened::Edition => "edition",
        }
    }
}

impl HistoryEntry {
    /// « lundi 23 novembre à 10 h 05 : Claire Martin a envoyé le message de Jeanne, « Fuite d’eau » »,
    /// with the year where it is not this one.
    pub fn line(&self, now: Timestamp, zone: &Zone, language: Language) -> String {
        let (then, this) = (self.at.date_in(zone), now.date_in(zone));
        let day = words::day(then, language);
        let year = if then.year == this.year { String::new() } else { format!(" {}", then.year) };
        let (hour, said) = (words::hour(self.at, zone, language), self.sentence(language));
        match language {
            Language::Fr => format!("{day}{year} à {hour}\u{a0}: {said}"),
            Language::En => format!("{day}{year} at {hour}: {said}"),
        }
    }

    /// Who did what.
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::Fr => self.french(),
            Language::En => self.english(),
        }
    }

    /// « Claire a retenu tous les messages », and of settings that have no words of their own, which.
    fn settings(&self, who: &str, language: Language) -> String {
        let (mut said, mut others): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
        for change in self.title.split(", ") {
            let value = |key: &str| change.strip_prefix(key).and_then(|rest| rest.strip_prefix('='));
            let (french, english) = match (value("hold_all"), value("pace")) {
                (Some("true"), _) => ("a fait retenir tous les messages", "had every message held"),
                (Some(_), _) => ("a laissé repartir les messages", "had messages go out by themselves again"),
                (_, Some("")) => (
                    "a levé la limite du nombre de messages par personne",
                    "lifted the limit on messages per person",
                ),
                (_, Some(posts)) => {
                    said.push(match language {
                        Language::Fr => {
                            format!("a limité chaque personne à {posts} messages par dix minutes")
                        }
                        Language::En => format!("limited everybody to {posts} messages in ten minutes"),
                    });
                    continue;
                }
                (None, None) => {
                    others.push(change);
                    continue;
                }
            };
            said.push(if language == Language::Fr { french } else { english }.to_owned());
        }
        if !others.is_empty() {
            let others = others.join(", ");
            said.push(match language {
                Language::Fr => format!("a changé des réglages\u{a0}: {others}"),
                Language::En => format!("changed settings: {others}"),
            });
        }
        let and = if language == Language::Fr { " et " } else { " and " };
        format!("{who} {}", said.join(and))
    }

    fn french(&self) -> String {
        let who = if self.who.is_empty() { "la personne qui tient le serveur" } else { &self.who };
        let whom = if self.whom.is_empty() { "quelqu’un" } else { &self.whom };
        let titled = |comma: &str| {
            if self.title.is_empty() {
                String::new()
            } else {
                format!("{comma} «\u{a0}{}\u{a0}»", self.title)
            }
        };
        let theirs = format!("le message {}{}", words::of_somebody(whom), titled(","));
        let topic = format!("la conversation{}", titled(""));
        let said = if self.words.is_empty() {
            String::new()
        } else {
            format!(", avec ces mots\u{a0}: «\u{a0}{}\u{a0}»", self.words)
        };
        match self.what {
            Happened::Sent => format!("{who} a envoyé {theirs}"),
            Happened::Refused => format!("{who} a refusé {theirs}{said}"),
            Happened::Discarded => format!("{who} a jeté {theirs}"),
            Happened::TakenBack => format!("{whom} a repris son message{}", titled("")),
            Happened::Recalled => format!("{who} a retiré {theirs}, qui était parti"),
            Happened::Over => format!("sans réponse à temps, {theirs} n’est pas parti"),
            Happened::Joined => format!("{whom} a rejoint le groupe"),
            Happened::Admitted => format!("{who} a accueilli {whom}"),
            Happened::NotAdmitted => format!("{who} n’a pas accueilli {whom}"),
            Happened::Added => format!("{who} a ajouté {whom}"),
            Happened::Invited => format!("{who} a invité {whom}"),
            Happened::Removed => format!("{who} a retiré {whom} du groupe"),
            Happened::Left => format!("{whom} a quitté le groupe"),
            Happened::Animates => format!("{who} a confié l’animation du groupe à {whom}"),
            Happened::AnimatesNot => format!("{who} a repris l’animation du groupe à {whom}"),
            Happened::Unreached => format!("plus rien n’arrive chez {whom}\u{a0}: les envois s’arrêtent"),
            Happened::Complained => {
                format!("{whom} s’est plaint des messages à son fournisseur\u{a0}: les envois s’arrêtent")
            }
            Happened::Banned => format!("{who} a banni {whom}"),
            Happened::Unbanned => format!("{who} a permis à {whom} de revenir"),
            Happened::Slowed => format!("{who} a ralenti {topic}"),
            Happened::TopicClosed => format!("{who} a clos {topic}"),
            Happened::TopicReopened => format!("{who} a rouvert {topic}"),
            Happened::Moved => format!("{who} a rangé des messages dans {topic}"),
            Happened::Made => format!("{who} a créé le groupe"),
            Happened::Settings => self.settings(who, Language::Fr),
            Happened::GroupClosed => format!("{who} a fermé le groupe"),
            Happened::GroupReopened => format!("{who} a rouvert le groupe"),
            Happened::Edition => format!("{who} a envoyé le résumé{}", titled("")),
        }
    }

    fn english(&self) -> String {
        let who = if self.who.is_empty() { "the person who runs the server" } else { &self.who };
        let whom = if self.whom.is_empty() { "somebody" } else { &self.whom };
        let titled = |comma: &str| {
            if self.title.is_empty() { String::new() } else { format!("{comma} “{}”", self.title) }
        };
        let theirs = format!("the message of {whom}{}", titled(","));
        let topic = format!("the conversation{}", titled(""));
        let said = if self.words.is_empty() {
            String::new()
        } else {
            format!(", in these words: “{}”", self.words)
        };
        match self.what {
            Happened::Sent => format!("{who} sent {theirs}"),
            Happened::Refused => format!("{who} turned down {theirs}{said}"),
            Happened::Discarded => format!("{who} threw away {theirs}"),
            Happened::TakenBack => format!("{whom} took back their message{}", titled("")),
            Happened::Recalled => format!("{who} called back {theirs}, which had gone out"),
            Happened::Over => format!("nobody answered in time, and {theirs} did not go out"),
            Happened::Joined => format!("{whom} joined the group"),
            Happened::Admitted => format!("{who} let {whom} in"),
            Happened::NotAdmitted => format!("{who} did not let {whom} in"),
            Happened::Added => format!("{who} added {whom}"),
            Happened::Invited => format!("{who} invited {whom}"),
            Happened::Removed => format!("{who} took {whom} out of the group"),
            Happened::Left => format!("{whom} left the group"),
            Happened::Animates => format!("{who} had {whom} look after the group"),
            Happened::AnimatesNot => format!("{who} had {whom} look after the group no more"),
            Happened::Unreached => format!("nothing arrives at {whom} any more: no more is sent"),
            Happened::Complained => {
                format!("{whom} complained about the messages to their provider: no more is sent")
            }
            Happened::Banned => format!("{who} banned {whom}"),
            Happened::Unbanned => format!("{who} allowed {whom} to come back"),
            Happened::Slowed => format!("{who} slowed down {topic}"),
            Happened::TopicClosed => format!("{who} closed {topic}"),
            Happened::TopicReopened => format!("{who} reopened {topic}"),
            Happened::Moved => format!("{who} put messages into {topic}"),
            Happened::Made => format!("{who} made the group"),
            Happened::Settings => self.settings(who, Language::En),
            Happened::GroupClosed => format!("{who} closed the group"),
            Happened::GroupReopened => format!("{who} opened the group again"),
            Happened::Edition => format!("{who} sent the summary{}", titled("")),
        }
    }
}
