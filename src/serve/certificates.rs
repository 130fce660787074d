//! Keeps the certificate in use the one in the files: at start, on SIGHUP, and by looking.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{ServeError, stopped};
use crate::config::TlsFiles;
use crate::domain::time::Zone;
use crate::flow::Clock;
use crate::net::certificates::{Certificates, WatchedFiles};

/// How often the files are looked at when nobody says that they changed.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Puts what is in the files into use, if it is new and fit; says so in the log in either case.
pub(super) fn look(files: &mut WatchedFiles, certificates: &Certificates, named: &TlsFiles, clock: &Clock) {
    let Some(found) = files.look() else { return };
    let file = named.cert.display();
    let had_one = certificates.is_there();
    let taken = found.and_then(|found| {
        let not_after = found.not_after;
        certificates.replace(found, clock()).map(|()| not_after)
    });
    match taken {
        Ok(not_after) if not_after < clock() => {
            tracing::error!(%file, "the certificate has expired, and is used for want of another");
        }
        Ok(not_after) => {
            let until = not_after.rfc3339(&Zone::utc());
            tracing::info!(%file, %until, "the certificate is in use");
        }
        Err(error) if had_one => {
            tracing::error!(%file, %error, "the new certificate is not used; the one before stays");
        }
        Err(error) => tracing::error!(%file, %error, "there is no certificate that could be used, so no TLS"),
    }
}

/// Looks again and again, and at once when `again` rings.
pub(super) async fn keep(
    mut files: WatchedFiles,
    certificates: Arc<Certificates>,
    named: TlsFiles,
    clock: Clock,
    again: Arc<Notify>,
    stopping: watch::Receiver<bool>,
) -> Result<(), ServeError> {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = again.notified() => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
        let (certificates, named, clock) = (certificates.clone(), named.clone(), clock.clone());
        let looked = tokio::task::spawn_blocking(move || {
            look(&mut files, &certificates, &named, &clock);
            files
        });
        files = looked.await.map_err(|error| ServeError::Task(error.to_string()))?;
    }
}
