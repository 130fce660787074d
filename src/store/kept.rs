//! What is read from the files of the truth themselves: messages, the ledger's lines, the journal.

use super::archive::KeptMail;
use super::event::Line;
use super::ledger::LedgerLine;
use super::{PostInfo, Store, StoreError, archive, journal, keys, ledger};
use crate::domain::ids::PostId;

impl Store {
    /// What became of the copies of a post, as far as that is still kept.
    pub fn ledger(&self, post: PostId) -> Result<Vec<LedgerLine>, StoreError> {
        let Some(files) = self.reader.engine().get(&keys::ledger_files(post))? else { return Ok(Vec::new()) };
        let files = (keys::number_u32(&files, 0), keys::number_u32(&files, 4));
        ledger::of_post(self.data(), post, files)
            .map_err(|source| StoreError::of_io("read", &self.data().join("deliveries"), source))
    }

    /// The bytes of a message as they were received.
    pub fn raw(&self, post: PostId) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader.raw(post)
    }

    /// The same with the envelope's sender, of a message whose place is known.
    pub fn kept_mail(&self, info: &PostInfo) -> Result<KeptMail, StoreError> {
        archive::read_kept_mail(self.data(), info.id, &info.mail)
    }

    /// Everything that happened, in order, given to `each`.
    pub fn history(&self, mut each: impl FnMut(Line)) -> Result<(), StoreError> {
        journal::read_from(self.data(), journal::Position::default(), |found, _| {
            if let journal::Found::Line(line) = found {
                each(*line);
            }
            Ok(())
        })
        .map_err(|source| StoreError::of_io("read the journal in", self.data(), source))
    }
}
