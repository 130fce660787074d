//! The templates: those we carry, and those of a folder that replace them one by one.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use handlebars::Handlebars;

use super::facts::Facts;
use super::kinds::LetterKind;
use super::samples::samples;
use super::{french, text};
use crate::domain::list::Language;

/// The largest template read from a folder, in bytes.
const TEMPLATE_BYTES_MAX: u64 = 64 * 1024;

/// The half of a letter a template writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Part {
    Subject,
    Body,
}

/// Every letter's words, ready to be filled in.
pub struct Letters {
    engine: Handlebars<'static>,
    replaced: HashSet<(Language, LetterKind, Part)>,
    folder: PathBuf,
}

/// A template of the folder that cannot be used; our own is used in its place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("cannot use the letter template {}: {why}", path.display())]
pub struct LetterFault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

macro_rules! embedded {
    ($($language:ident $folder:literal: $($kind:ident $name:literal),+;)+) => {
        fn embedded(language: Language, kind: LetterKind, part: Part) -> &'static str {
            match (language, kind, part) {
                $($(
                    (Language::$language, LetterKind::$kind, Part::Subject) => {
                        include_str!(concat!("../../templates/mail/", $folder, "/", $name, "/subject.hbs"))
                    }
                    (Language::$language, LetterKind::$kind, Part::Body) => {
                        include_str!(concat!("../../templates/mail/", $folder, "/", $name, "/body.hbs"))
                    }
                )+)+
            }
        }
    };
}

embedded! {
    Fr "fr": Welcome "welcome", Farewell "farewell", Held "held", Refused "refused", NowAnimator "now-animator", AskJoin "ask-join", AskLeave "ask-leave", AskWish "ask-wish", AskWhich "ask-which", AskAdmit "ask-admit", Help "help", Settings "settings", Done "done", NoMember "no-member", AskForget "ask-forget", MyData "my-data", Forgotten "forgotten", AskConsent "ask-consent", Opening "opening", KeptBack "kept-back", SetRight "set-right", AskYours "ask-yours", AskEither "ask-either", Unchanged "unchanged", PassedOn "passed-on", JoinWaits "join-waits", NoEntry "no-entry", EndsSoon "ends-soon", TooLate "too-late", Whereabouts "whereabouts", Found "found", AskedFor "asked-for", TakenBack "taken-back", AskSame "ask-same", LookAt "look-at", LookWords "look-words", Decided "decided", Word "word", WordBack "word-back", Waiting "waiting", NotLooked "not-looked", TopicClosed "topic-closed", SignIn "sign-in", Draft "draft", WhichItem "which-item", PrivateWord "private-word", AskWord "ask-word", NotPassed "not-passed", WentOut "went-out", AskSummary "ask-summary", Probe "probe", Unreached "unreached", NotWanted "not-wanted", AskOrders "ask-orders", OrdersDone "orders-done", Members "members", History "history", Overview "overview", Recalled "recalled", Postmaster "postmaster", SetAside "set-aside", Recovery "recovery", Check "check";
    En "en": Welcome "welcome", Farewell "farewell", Held "held", Refused "refused", NowAnimator "now-animator", AskJoin "ask-join", AskLeave "ask-leave", AskWish "ask-wish", AskWhich "ask-which", AskAdmit "ask-admit", Help "help", Settings "settings", Done "done", NoMember "no-member", AskForget "ask-forget", MyData "my-data", Forgotten "forgotten", AskConsent "ask-consent", Opening "opening", KeptBack "kept-back", SetRight "set-right", AskYours "ask-yours", AskEither "ask-either", Unchanged "unchanged", PassedOn "passed-on", JoinWaits "join-waits", NoEntry "no-entry", EndsSoon "ends-soon", TooLate "too-late", Whereabouts "whereabouts", Found "found", AskedFor "asked-for", TakenBack "taken-back", AskSame "ask-same", LookAt "look-at", LookWords "look-words", Decided "decided", Word "word", WordBack "word-back", Waiting "waiting", NotLooked "not-looked", TopicClosed "topic-closed", SignIn "sign-in", Draft "draft", WhichItem "which-item", PrivateWord "private-word", AskWord "ask-word", NotPassed "not-passed", WentOut "went-out", AskSummary "ask-summary", Probe "probe", Unreached "unreached", NotWanted "not-wanted", AskOrders "ask-orders", OrdersDone "orders-done", Members "members", History "history", Overview "overview", Recalled "recalled", Postmaster "postmaster", SetAside "set-aside", Recovery "recovery", Check "check";
}

impl Part {
    const ALL: [Part; 2] = [Part::Subject, Part::Body];

    fn file(self) -> &'static str {
        match self {
            Part::Subject => "subject.hbs",
            Part::Body => "body.hbs",
        }
    }
}

impl Letters {
    /// Our own templates, and those of `folder` where it has any: `folder/fr/welcome/body.hbs`.
    ///
    /// A file that cannot be read or does not render with sample facts is left out and reported.
    pub fn new(folder: Option<PathBuf>) -> (Letters, Vec<LetterFault>) {
        let mut engine = Handlebars::new();
        engine.set_strict_mode(true);
        // The plain text is what is rendered; its HTML twin is escaped where it is made.
        engine.register_escape_fn(handlebars::no_escape);
        let mut letters =
            Letters { engine, replaced: HashSet::new(), folder: folder.clone().unwrap_or_default() };
        let mut faults = Vec::new();
        for (language, kind, part) in every_template() {
            let source = embedded(language, kind, part);
            letters.register("own", language, kind, part, source).expect("our own templates are tested");
            if folder.is_some() {
                faults.extend(letters.replace(language, kind, part).err());
            }
        }
        (letters, faults)
    }

    /// The template's words with the facts in them, from the folder or else our own.
    pub(super) fn render(
        &self,
        language: Language,
        kind: LetterKind,
        part: Part,
        facts: &Facts,
    ) -> (String, Option<LetterFault>) {
        let mut fault = None;
        if self.replaced.contains(&(language, kind, part)) {
            match self.engine.render(&template_name("folder", language, kind, part), facts.as_map()) {
                Ok(rendered) => return (rendered, None),
                Err(error) => fault = Some(self.fault(language, kind, part, &error)),
            }
        }
        let own = self.engine.render(&template_name("own", language, kind, part), facts.as_map());
        (own.expect("our own templates name only facts that are there, which is tested"), fault)
    }

    fn replace(&mut self, language: Language, kind: LetterKind, part: Part) -> Result<(), LetterFault> {
        let source = match read_template(&self.path(language, kind, part)) {
            Ok(Some(source)) => source,
            Ok(None) => return Ok(()),
            Err(error) => return Err(self.fault(language, kind, part, &error)),
        };
        self.register("folder", language, kind, part, &source)
            .map_err(|error| self.fault(language, kind, part, &*error))?;
        let name = template_name("folder", language, kind, part);
        for sample in samples().iter().filter(|s| s.language == language && s.kind == kind) {
            let facts = sample.facts();
            let rendered = self.engine.render(&name, facts.as_map());
            let rendered = rendered.map_err(|error| self.fault(language, kind, part, &error))?;
            if rendered.trim().is_empty() {
                return Err(self.fault(language, kind, part, &"it says nothing"));
            }
        }
        self.replaced.insert((language, kind, part));
        Ok(())
    }

    fn register(
        &mut self,
        origin: &str,
        language: Language,
        kind: LetterKind,
        part: Part,
        source: &str,
    ) -> Result<(), Box<handlebars::TemplateError>> {
        let marked = text::mark_template(source);
        let set = match language {
            Language::Fr => french::typeset(&marked),
            Language::En => marked,
        };
        let name = template_name(origin, language, kind, part);
        self.engine.register_template_string(&name, set).map_err(Box::new)
    }

    fn path(&self, language: Language, kind: LetterKind, part: Part) -> PathBuf {
        self.folder.join(language.tag()).join(kind.name()).join(part.file())
    }

    fn fault(
        &self,
        language: Language,
        kind: LetterKind,
        part: Part,
        why: &dyn std::fmt::Display,
    ) -> LetterFault {
        let why = why.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        LetterFault { path: self.path(language, kind, part), why }
    }
}

fn every_template() -> impl Iterator<Item = (Language, LetterKind, Part)> {
    let of = |language| {
        LetterKind::ALL.into_iter().flat_map(move |kind| Part::ALL.map(|part| (language, kind, part)))
    };
    Language::ALL.into_iter().flat_map(of)
}

fn template_name(origin: &str, language: Language, kind: LetterKind, part: Part) -> String {
    format!("{origin}/{language}/{}/{}", kind.name(), part.file())
}

/// A template of an operator's own. A file that is not there is no fault; one above 64 KiB is.
pub fn read_template(path: &Path) -> io::Result<Option<String>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut source = String::new();
    file.take(TEMPLATE_BYTES_MAX + 1).read_to_string(&mut source)?;
    if source.len() as u64 > TEMPLATE_BYTES_MAX {
        return Err(io::Error::other("it is larger than 64 KiB"));
    }
    Ok(Some(source.replace("\r\n", "\n")))
}
