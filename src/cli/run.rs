//! `parvis serve`: the server until a signal ends it.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::signal::unix::{SignalKind, signal};

use super::log;
use super::owner::HandedOver;
use crate::admin::socket;
use crate::config::Config;
use crate::serve::{self, Server};

pub(super) fn serve(config: &Config) -> anyhow::Result<()> {
    log::to_stderr("info");
    let _theirs = HandedOver::at_the_end(&config.data_dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(config)).context("cannot serve")
}

/// A command has the folder for a moment, and is waited for; another server has it for good.
const COMMAND_WAIT: Duration = Duration::from_secs(5);
const COMMAND_PAUSE: Duration = Duration::from_millis(50);

async fn start(config: &Config) -> anyhow::Result<Server> {
    let mut waited = Duration::ZERO;
    loop {
        match serve::start(config, serve::system_clock()).await {
            Err(error) if error.is_in_use() => {
                if socket::connect(&config.data_dir).is_ok() {
                    bail!("a server is running on {} already", config.data_dir.display());
                }
                if waited >= COMMAND_WAIT {
                    return Err(error.into());
                }
                tokio::time::sleep(COMMAND_PAUSE).await;
                waited += COMMAND_PAUSE;
            }
            started => return Ok(started?),
        }
    }
}

async fn run(config: &Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut server = start(config).await?;
    for (what, addresses) in [
        ("SMTP", &server.smtp),
        ("LMTP", &server.lmtp),
        ("web", &server.web),
        ("https", &server.web_tls),
        ("metrics", &server.metrics),
    ] {
        for address in addresses {
            tracing::info!(%address, "{what} is open");
        }
    }
    tracing::info!(hostname = %config.hostname, data = %config.data_dir.display(), "parvis serves");
    let ended = loop {
        tokio::select! {
            _ = terminate.recv() => break None,
            _ = interrupt.recv() => break None,
            _ = hang_up.recv() => server.reload(),
            ended = server.wait() => break Some(ended),
        }
    };
    match ended {
        Some(ended) => ended?,
        None => {
            tracing::info!("stopping: what is in hand is finished first");
            server.stop();
            tokio::select! {
                ended = server.wait() => ended?,
                // Asked twice: now.
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    }
    let desk = server.desk.clone();
    drop(server);
    // Dropping the store makes its state safe; that waits for the disk.
    tokio::task::spawn_blocking(move || drop(desk)).await?;
    tracing::info!("parvis has stopped");
    Ok(())
}
