//! What the pages are made with, and the ways from them to a change: leaving by one click
//! (RFC 8058), and signing in. What `flow` does, as `web` asks for it.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::ServeError;
use crate::config::Config;
use crate::domain::address::EmailAddress;
use crate::domain::list::Language;
use crate::domain::token::Purpose;
use crate::flow::obey_command::{self, Left};
use crate::flow::sign_in::{self, Ending, Holder};
use crate::flow::{Desk, FlowError, digests};
use crate::store::Opens;
use crate::web::{
    self, DoorError, Doors, Entered, JournalLength, LeaveDoor, LeaveError, Leaving, MembersDoor, Papers,
    Reader, SignOut, WebOptions, WebState,
};

/// The pages of this configuration.
pub fn pages(config: &Config, desk: &Arc<Desk>) -> Result<WebState, ServeError> {
    let options = web_options(config);
    let keys = desk.clone();
    let opens = move |key: &str| match keys.store.tokens().read(key) {
        Some(Purpose::Attachments { post }) => Some(post),
        Some(
            Purpose::Bounce { .. }
            | Purpose::Probe { .. }
            | Purpose::Answer { .. }
            | Purpose::Digest { .. }
            | Purpose::Private { .. }
            | Purpose::Paper { .. }
            | Purpose::Leave { .. }
            | Purpose::LeaveIssue { .. }
            | Purpose::Question { .. }
            | Purpose::Pass { .. }
            | Purpose::Form { .. },
        )
        | None => None,
    };
    WebState::new(
        desk.store.reader().clone(),
        desk.search.clone(),
        Doors {
            leave: leave_door(desk),
            members: members_door(desk),
            opens: Arc::new(opens),
            papers: papers(desk),
        },
        &options,
        desk.clock.clone(),
        journal_length(desk),
    )
    .map_err(|error| ServeError::Web(error.to_string()))
}

/// Lets the desk show pages as strangers get them, for whoever compares two servers. Must be called
/// within a runtime; the desk is not kept alive by it.
pub fn show_aside(config: &Config, desk: &Arc<Desk>) {
    let (config, desk_of, runtime) = (config.clone(), Arc::downgrade(desk), Handle::current());
    let show = move |paths: &[String]| {
        let _within = runtime.enter();
        let made = desk_of.upgrade().and_then(|desk| pages(&config, &desk).ok());
        let Some(router) = made.map(web::router) else { return Vec::new() };
        paths.iter().map(|path| runtime.block_on(web::aside::page(&router, path))).collect()
    };
    // Set once, when the server starts.
    let _ = desk.pages.set(Box::new(show));
}

/// Editions on paper, for who was sent their key.
fn papers(desk: &Arc<Desk>) -> Papers {
    let desk = desk.clone();
    Arc::new(move |key| {
        let Some(Purpose::Paper { list, edition }) = desk.store.tokens().read(key) else { return None };
        let known = desk.store.list(list).ok().flatten()?;
        match digests::printed(&desk, &known, edition, digests::For::Bringers) {
            Ok(Some(Ok(bytes))) => Some((list, edition, bytes)),
            Ok(Some(Err(fault))) => {
                tracing::error!(%fault, "an edition could not be printed");
                None
            }
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, "an edition could not be printed");
                None
            }
        }
    })
}

/// How long the journal is; nothing that can be seen changes without a line of it.
fn journal_length(desk: &Arc<Desk>) -> JournalLength {
    let changes = desk.store.changes();
    Arc::new(move || *changes.borrow())
}

/// Leaving by one click (RFC 8058).
fn leave_door(desk: &Arc<Desk>) -> LeaveDoor {
    let (looking, leaving) = (desk.clone(), desk.clone());
    LeaveDoor {
        look: Arc::new(move |token| {
            let lists = obey_command::lists_of_leave_token(&looking.store, token);
            lists
                .map(|lists| Some(obey_command::names_of(&lists)).filter(|_| !lists.is_empty()))
                .map_err(|error| -> LeaveError { error.into() })
        }),
        leave: Arc::new(move |token, now| match obey_command::leave_by_token(&leaving.store, token, now) {
            Ok(Left::Now(lists)) => Ok(Leaving::Now(obey_command::names_of(&lists))),
            Ok(Left::Before(lists)) => Ok(Leaving::Before(obey_command::names_of(&lists))),
            Ok(Left::UnknownToken) => Ok(Leaving::Unknown),
            Err(error) => Err(error.into()),
        }),
    }
}

/// What the pages sign members in with.
///
/// Must be called within the runtime.
pub fn members_door(desk: &Arc<Desk>) -> Arc<dyn MembersDoor> {
    let (asked, waiting) = mpsc::channel(WAITING_MAX);
    tokio::spawn(send_links(desk.clone(), waiting));
    Arc::new(Members { desk: desk.clone(), asked })
}

/// Links that are asked for and not looked at yet. Of more, some are never sent.
const WAITING_MAX: usize = 200;

/// Behind the pages; looks up who asks for a link after they were answered.
struct Members {
    desk: Arc<Desk>,
    asked: mpsc::Sender<(EmailAddress, Language)>,
}

/// Ends when nobody can ask any more.
async fn send_links(desk: Arc<Desk>, mut waiting: mpsc::Receiver<(EmailAddress, Language)>) {
    while let Some((address, language)) = waiting.recv().await {
        let desk = desk.clone();
        let done = tokio::task::spawn_blocking(move || sign_in::ask(&desk, &address, language)).await;
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "a link to sign in could not be sent"),
            Err(error) => tracing::error!(%error, "sending a link to sign in ended in a failure of ours"),
        }
    }
}

impl MembersDoor for Members {
    fn ask(&self, address: EmailAddress, language: Language) {
        if self.asked.try_send((address, language)).is_err() {
            tracing::warn!("a link to sign in is not sent: too many are asked for at once");
        }
    }

    fn opens(&self, link: &str) -> Result<bool, DoorError> {
        Ok(sign_in::opens(&self.desk, link)?)
    }

    fn enter(&self, link: &str) -> Result<Option<Entered>, DoorError> {
        let entered = sign_in::enter(&self.desk, link)?;
        Ok(entered.map(|(token, lasts)| Entered { cookie: token.to_string(), lasts }))
    }

    fn reader(&self, cookie: &str) -> Result<Option<Reader>, DoorError> {
        Ok(reader(sign_in::holder(&self.desk, cookie, Opens::Pages))?)
    }

    fn feed_reader(&self, key: &str) -> Result<Option<Reader>, DoorError> {
        let reader = reader(sign_in::holder(&self.desk, key, Opens::Feeds))?;
        // A key gets about more easily than a cookie: it does not say whose it is.
        Ok(reader.map(|reader| Reader { name: String::new(), ..reader }))
    }

    fn sign_out(&self, cookie: &str, which: SignOut) -> Result<(), DoorError> {
        let ending = match which {
            SignOut::Here => Ending::This,
            SignOut::Everywhere => Ending::All,
            SignOut::Feeds => Ending::Feeds,
        };
        Ok(sign_in::end(&self.desk, cookie, ending)?)
    }
}

fn reader(holder: Result<Option<Holder>, FlowError>) -> Result<Option<Reader>, FlowError> {
    Ok(holder?.map(|holder| Reader {
        name: holder.person.name,
        lists: holder.lists,
        form: holder.form.to_string(),
        feeds: holder.feeds.map(|token| token.to_string()),
    }))
}

fn web_options(config: &Config) -> WebOptions {
    WebOptions {
        base_url: config.web.base_url.clone(),
        zone: config.timezone.clone(),
        language: config.language,
        templates: Some(config.data_dir.join("templates").join("web")),
        trusted: config.smtp.trusted_relays.clone(),
        searches_per_minute_max: config.web.searches_per_minute_max,
    }
}
