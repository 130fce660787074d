//! The task that keeps the search index beside the archive.
//!
//! Nothing waits for it, and it ends nothing: an index that cannot be kept costs searches only.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{ServeError, stopped};
use crate::flow::Desk;
use crate::search::Standing;

/// Between two commits, so that many posts cost one.
const COMMITS_APART: Duration = Duration::from_millis(800);
/// After something went wrong.
const TROUBLE_PAUSE: Duration = Duration::from_secs(10);

/// Takes in what is published until the server stops.
pub(super) async fn keep(desk: Arc<Desk>, stopping: watch::Receiver<bool>) -> Result<(), ServeError> {
    let mut changes = desk.store.changes();
    loop {
        let search = desk.search.clone();
        let done = tokio::task::spawn_blocking(move || search.catch_up()).await;
        let pause = match done.map_err(|error| ServeError::Task(error.to_string()))? {
            Ok(Standing::UpToDate) => COMMITS_APART,
            Ok(Standing::Behind(_)) => Duration::ZERO,
            Err(error) => {
                tracing::warn!(%error, "the search index is behind the archive");
                TROUBLE_PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(stopping.clone()) => return Ok(()),
        }
        if pause == COMMITS_APART {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
                () = stopped(stopping.clone()) => return Ok(()),
            }
        }
    }
}
