//! Stand-in until the real reader lands.
use crate::domain::address::EmailAddress;
use crate::domain::ids::MessageId;
use crate::domain::time::Timestamp;

/// What lists and threads need to know of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Summary {
    pub message_id: Option<MessageId>,
    pub author_name: String,
    pub author_address: Option<EmailAddress>,
    pub subject: String,
    pub date: Option<Timestamp>,
    pub references: Vec<MessageId>,
    pub attachments: u32,
    pub excerpt: String,
    pub language: Option<&'static str>,
    pub no_archive: bool,
}

/// Stand-in.
pub fn summarize(_raw: &[u8]) -> Summary {
    Summary::default()
}
/// Stand-in.
pub fn content_key(_raw: &[u8]) -> [u8; 32] {
    [0; 32]
}
