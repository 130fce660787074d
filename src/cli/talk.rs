//! Asking for what a command wants: of the running server, or of the data folder itself.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use super::Voice;
use super::args::{
    Command, DigestCommand, HeldCommand, ListCommand, MemberCommand, PersonCommand, PostArgs, PostCommand,
    PostsArg, QueueCommand,
};
use super::owner::HandedOver;
use super::{doing, show};
use crate::admin::request::{BadRows, HeldDecision, Rehearsal, ReindexWhat, Request, SetRight, Welcoming};
use crate::admin::socket::{self, Answer, Blobs, no_blobs};
use crate::admin::{Channel, Frame, perform};
use crate::config::Config;
use crate::domain::list::ListState;
use crate::domain::wish::PostsLeft;
use crate::flow::opening::Past;
use crate::serve;

/// A server that is starting or ending is waited for.
const SERVER_WAIT: Duration = Duration::from_secs(30);
const SERVER_PAUSE: Duration = Duration::from_millis(50);

/// Carries out every command that is one request and one answer.
pub(super) fn command(config: &Config, command: Command, voice: &Voice) -> anyhow::Result<()> {
    let mut blobs = Vec::new();
    let request = match command {
        Command::List(command) => return list(config, command, voice),
        Command::Member(command) => member(command, &mut blobs)?,
        Command::Post(args) => post(args, &mut blobs)?,
        Command::Queue(command) => queue(command),
        Command::Held(command) => held(command),
        Command::Digest(DigestCommand::Print { list, number, pdf }) => {
            return super::transfer::print(config, &list, number, &pdf, voice);
        }
        Command::Digest(command) => digest(command)?,
        Command::Trace { message_id } => Request::Trace { message_id },
        Command::Search(args) => Request::Search { list: args.list, query: args.query.join(" ") },
        Command::Person(command) => return person(config, command, voice),
        Command::Reindex { all } => {
            Request::Reindex { what: if all { ReindexWhat::All } else { ReindexWhat::Derived } }
        }
        Command::Demo(_)
        | Command::Init(_)
        | Command::Serve
        | Command::Check(_)
        | Command::Import(_)
        | Command::Export(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Drill(_)
        | Command::Letters { .. }
        | Command::Bench(_)
        | Command::Completions { .. }
        | Command::Man { .. } => bail!("this command is carried out elsewhere"),
    };
    let blobs: Blobs = Box::new(|| Box::new(blobs.into_iter().map(Ok)));
    let answer = ask(config, &request, blobs, |frame| {
        if let Frame::Progress(fence) = frame {
            show::warn(&format!("{}: {}", show::word(&fence["detail"]), show::word(&fence["mend"])));
        }
        Ok(())
    })?;
    show::answer(&request, &answer, voice)
}

fn post(args: PostArgs, blobs: &mut Vec<Vec<u8>>) -> anyhow::Result<Request> {
    let PostArgs { set_right, list, file, sender } = args;
    let (message_id, list, how) = match (set_right, list, file) {
        (None, Some(list), Some(file)) => {
            blobs.push(read(&file)?);
            return Ok(Request::Post { list, sender });
        }
        (Some(PostCommand::Move { message_id, target, list }), ..) => {
            (message_id, list, SetRight::MoveTo(target))
        }
        (Some(PostCommand::Split { message_id, list }), ..) => (message_id, list, SetRight::Split),
        (Some(PostCommand::Join { message_id, with, list }), ..) => {
            (message_id, list, SetRight::JoinWith(with))
        }
        (Some(PostCommand::Withdraw { message_id, list }), ..) => (message_id, list, SetRight::Withdraw),
        (None, ..) => bail!("clap asks for a list and a file"),
    };
    Ok(Request::SetRight { list, message_id, how })
}

fn person(config: &Config, command: PersonCommand, voice: &Voice) -> anyhow::Result<()> {
    let asked =
        |request: &Request| ask(config, request, Box::new(|| Box::new(std::iter::empty())), |_| Ok(()));
    match command {
        PersonCommand::Show { email } => {
            let request = Request::PersonShow { email };
            show::answer(&request, &asked(&request)?, voice)
        }
        PersonCommand::Erase { email, posts } => {
            let posts = match posts {
                PostsArg::Nameless => PostsLeft::Nameless,
                PostsArg::Withdrawn => PostsLeft::Withdrawn,
            };
            let request = Request::PersonErase { email, posts };
            show::answer(&request, &asked(&request)?, voice)
        }
        PersonCommand::Export { email, out } => {
            let request = Request::PersonExport { email };
            let answer = asked(&request)?;
            match out {
                None => show::json(&answer),
                Some(path) => {
                    write_private(&path, &answer)
                        .with_context(|| format!("cannot write {}", path.display()))?;
                    show::print(&format!("written to {}\n", path.display()))
                }
            }
        }
    }
}

/// Somebody's data is nobody else's business.
fn write_private(path: &Path, answer: &Value) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    serde_json::to_writer_pretty(&mut file, answer)?;
    Ok(file.write_all(b"\n")?)
}

fn list(config: &Config, command: ListCommand, voice: &Voice) -> anyhow::Result<()> {
    let request = match command {
        ListCommand::Create { address, name, language, preset, animator } => Request::ListCreate {
            address,
            name,
            language: language.map(Into::into),
            preset,
            animators: animator,
        },
        ListCommand::Ls => Request::ListLs,
        ListCommand::Show { address, history: false, .. } => Request::ListShow { list: address },
        ListCommand::Show { address, history: true, lang } => {
            Request::ListHistory { list: address, language: lang.map(Into::into) }
        }
        ListCommand::Set { address, settings, past, yes } => {
            let past = match (past, yes) {
                (false, _) => Past::Kept,
                (true, false) => Past::Asked,
                (true, true) => Past::Shown,
            };
            Request::ListSet { list: address, settings, past }
        }
        ListCommand::Close { address } => Request::ListState { list: address, state: ListState::Closed },
        ListCommand::Reopen { address } => Request::ListState { list: address, state: ListState::Open },
        ListCommand::Remove { address, yes: false } => {
            bail!("cannot remove {address}: say --yes to remove a list with all it holds")
        }
        ListCommand::Remove { address, yes: true } => Request::ListRemove { list: address },
    };
    let answer = ask(config, &request, no_blobs(), |_| Ok(()))?;
    show::answer(&request, &answer, voice)
}

fn member(command: MemberCommand, blobs: &mut Vec<Vec<u8>>) -> anyhow::Result<Request> {
    Ok(match command {
        MemberCommand::Add { list, paper: Some(who), .. } => Request::MemberAddOnPaper { list, who },
        MemberCommand::Add { list, email, name, reading, role, no_welcome, paper: None } => {
            let email = email.unwrap_or_default();
            let welcome = if no_welcome { Welcoming::Silent } else { Welcoming::Letter };
            Request::MemberAdd { list, email, name, reading, role, welcome }
        }
        MemberCommand::Import { list, file, welcome, all_or_nothing } => {
            blobs.push(read(&file)?);
            Request::MemberImport {
                list,
                welcome: if welcome { Welcoming::Letter } else { Welcoming::Silent },
                bad_rows: if all_or_nothing { BadRows::RefuseAll } else { BadRows::Skip },
            }
        }
        MemberCommand::Ls { list } => Request::MemberLs { list },
        MemberCommand::Show { email } => Request::MemberShow { email },
        MemberCommand::Set { list, email, settings } => Request::MemberSet { list, email, settings },
        MemberCommand::Remove { list, email } => Request::MemberRemove { list, email },
    })
}

fn queue(command: QueueCommand) -> Request {
    match command {
        QueueCommand::Ls => Request::QueueLs,
        QueueCommand::Retry { id } => Request::QueueRetry { id },
        QueueCommand::Drop { id } => Request::QueueDrop { id },
        QueueCommand::Release { newer_than } => Request::QueueRelease { newer_than },
    }
}

fn digest(command: DigestCommand) -> anyhow::Result<Request> {
    Ok(match command {
        DigestCommand::Draft { list } => Request::DigestDraft { list },
        DigestCommand::Send { list } => Request::DigestSend { list },
        DigestCommand::Show { list, number } => Request::DigestShow { list, number },
        DigestCommand::Print { .. } => bail!("this command is carried out elsewhere"),
    })
}

fn held(command: HeldCommand) -> Request {
    match command {
        HeldCommand::Ls { list } => Request::HeldLs { list },
        HeldCommand::Show { id } => Request::HeldShow { id },
        HeldCommand::Accept { id } => Request::HeldDecide { id, decision: HeldDecision::Accept },
        HeldCommand::Refuse { id, reason } => {
            Request::HeldDecide { id, decision: HeldDecision::Refuse(reason) }
        }
        HeldCommand::Discard { id } => Request::HeldDecide { id, decision: HeldDecision::Discard },
    }
}

/// A file, or standard input for `-`.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(bytes);
    }
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Asks the running server, or opens the data folder if there is none.
pub(super) fn ask(
    config: &Config,
    request: &Request,
    blobs: Blobs,
    each: impl FnMut(Frame) -> io::Result<()>,
) -> anyhow::Result<Value> {
    answer_of(config, request, blobs, each).with_context(|| doing::cannot(request))
}

fn answer_of(
    config: &Config,
    request: &Request,
    blobs: Blobs,
    mut each: impl FnMut(Frame) -> io::Result<()>,
) -> anyhow::Result<Value> {
    let mut waited = Duration::ZERO;
    loop {
        if let Ok(stream) = socket::connect(&config.data_dir) {
            return match socket::ask(stream, request, blobs, &mut each)? {
                Answer::Done(value) => Ok(value),
                Answer::Failed(sentence) => bail!("{sentence}"),
            };
        }
        let _theirs = HandedOver::at_the_end(&config.data_dir);
        match serve::open_desk(config, serve::system_clock()) {
            Ok(desk) => {
                let desk = Arc::new(desk);
                if matches!(request, Request::Pages { .. }) {
                    serve::show_aside(config, &desk);
                    desk.search.catch_up_wholly(|_| ())?;
                }
                // A server keeps the index beside everything else; without one, it is kept here.
                let growing = matches!(request, Request::Import { rehearsal: Rehearsal::ForReal, .. })
                    .then(|| desk.search.grow_beside());
                let mut channel = Local { blobs: blobs(), each: Box::new(&mut each) };
                let mut answer = perform(&desk, request.clone(), &mut channel)?;
                if let Some(growing) = growing {
                    growing.finish()?;
                    if answer.get("search").is_some() {
                        answer["search"] = "up to date".into();
                    }
                }
                return Ok(answer);
            }
            // A server holds the folder, and does not answer yet or any more.
            Err(error) if waited < SERVER_WAIT && error.is_in_use() => {
                std::thread::sleep(SERVER_PAUSE);
                waited += SERVER_PAUSE;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The channel of a command that carries itself out.
struct Local<'a> {
    blobs: Box<dyn Iterator<Item = io::Result<Vec<u8>>> + 'a>,
    each: Box<dyn FnMut(Frame) -> io::Result<()> + 'a>,
}

impl Channel for Local<'_> {
    fn blob(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.blobs.next().transpose()
    }

    fn progress(&mut self, progress: Value) -> io::Result<()> {
        (self.each)(Frame::Progress(progress))
    }

    fn file(&mut self, name: &str) -> io::Result<()> {
        (self.each)(Frame::Name(name.to_owned()))
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        (self.each)(Frame::Blob(bytes.to_vec()))
    }
}
