//! Letters: the mails Parvis writes itself, in the words of `templates/mail`.
//!
//! A letter is composed from facts, each a word ready to be read, and comes out as the bytes of a
//! mail: the plain text is the letter, its HTML twin says the same in the same order. Knows nothing
//! of storage, delivery or clocks; who is written to, and when, is decided by `flow`.

mod acts;
mod care;
mod door;
mod draft;
mod enclosure;
mod exchange;
mod facts;
mod finding;
mod french;
mod history;
mod html;
mod kinds;
mod message;
mod of_digests;
mod orders;
mod recovery;
mod rights;
mod samples;
mod templates;
mod text;
mod words;

pub use acts::Act;
pub use care::{
    Care, Decided, Fate, LookAt, LookWords, NotLooked, NotWanted, Postmaster, Probe, SetAside, TopicClosed,
    Unreached, Waiting, WaitingItem, WaitingKind, Word, WordBack,
};
pub use door::{DOOR_BYTES_MAX, DoorRefusal, door};
pub use draft::{Draft, DraftLine};
pub use enclosure::Enclosed;
pub use exchange::{
    AskAdmit, AskJoin, AskLeave, AskSame, AskWhich, AskWish, Done, EndsSoon, GoneEdition, Help, JoinWaits,
    NoEntry, NoMember, Pause, Settings, SignIn, TakenBack, TooLate, Whereabout, Whereabouts, Whereto,
    WhyNoEntry,
};
pub use finding::{AskedFor, Found, FoundEdition, FoundItem, PostAskedFor};
pub use history::{Happened, HistoryEntry};
pub use kinds::{
    Arrival, Check, Departure, Farewell, Group, Held, Letter, LetterKind, NowAnimator, Refused, Welcome,
    WhyHeld,
};
pub use message::{Attachment, AutoSubmitted, Frame, ListHeaders, Mailbox, Unsubscribe};
pub use of_digests::{AboutPost, AskSummary, OfDigest, PrivateWord, WentOut, WhichItem};
pub use orders::{
    History, MemberRow, Members, MembersShown, Order, OrderAct, OrderLine, Ordered, Overview, Recalled,
};
pub use recovery::{Recovery, RecoveryTurn};
pub use rights::{
    AskConsent, AskEither, AskForget, AskYours, Forgotten, KeptBack, MyData, OpeningSoon, PassedOn, SetRight,
    Unchanged, WrittenTo,
};
pub use samples::{Sample, samples};
pub use templates::{LetterFault, Letters, read_template};
pub use words::{day, moment, names, number, size};

use templates::Part;

/// A letter ready to be handed to delivery.
#[derive(Clone, Debug)]
pub struct LetterMail {
    /// A whole mail (RFC 5322), CRLF, 7-bit clean.
    pub bytes: Vec<u8>,
    /// Its subject, decoded.
    pub subject: String,
    /// The letter itself, as its reader sees it, with LF.
    pub text: String,
    /// Its HTML twin.
    pub html: String,
    /// A template of the folder that could not be used for this letter: our own was.
    pub faults: Vec<LetterFault>,
}

impl Letters {
    /// Writes a letter. Always gives one: where a template of the folder fails, our own is used.
    pub fn compose(&self, letter: Letter<'_>, frame: &Frame<'_>) -> LetterMail {
        self.compose_with(letter, frame, &[])
    }

    /// The same with files.
    pub fn compose_with(
        &self,
        letter: Letter<'_>,
        frame: &Frame<'_>,
        attachments: &[Attachment],
    ) -> LetterMail {
        let kind = letter.kind();
        let facts = letter.facts(frame);
        let mut faults = Vec::new();
        let mut render = |part| {
            let (rendered, fault) = self.render(frame.language, kind, part, &facts);
            faults.extend(fault);
            rendered
        };
        let subject = text::subject(&render(Part::Subject));
        let marked = text::tidy(&render(Part::Body));
        let html = html::twin(&marked, frame.language, &html::Answer { frame, subject: &subject });
        let text = text::without_marks(&marked);
        let bytes = message::write(frame, &subject, &text, &html, attachments);
        LetterMail { bytes, subject, text, html, faults }
    }
}
