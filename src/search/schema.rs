//! What stands in the index, field by field, and how a post is put into it.

use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::tokenizer::TokenizerManager;
use tantivy::{IndexSettings, TantivyDocument, Term};

use super::tokens::{self, Cutter, marked};
use super::words::{Tongue, fold};
use crate::domain::ids::{ListId, PostId};
use crate::mail::mask::mask_addresses;
use crate::mail::show::{Searched, searched};
use crate::store::archive::PostSummary;

/// An index of another number is built again.
pub(super) const VERSION: u32 = 6;

/// Of what a post says, so much is kept to show a piece of it, bytes. What stands further down is
/// read from the mail itself when it is what was looked for.
const SHOWN_BYTES_MAX: usize = 1_024;
/// What is kept to be shown is compressed so much at a time: more is smaller, and slower to show.
const SHOWN_BLOCK_BYTES: usize = 16 * 1024;
/// What follows the last word that fits may be about so long, bytes.
const WORD_BYTES: usize = 64;
/// Of a mail that is read to show a piece of it, so much is looked at, bytes.
const READ_BYTES_MAX: usize = 64 * 1024;
/// How hard it is compressed, by zstd's count: further up costs an import more than it saves.
const SHOWN_LEVEL: i32 = 6;

/// Addresses in one text that can be found.
const ADDRESSES_MAX: usize = 40;

/// The post has a file with it.
pub(super) const HAS_ATTACHMENT: &str = "attachment";
/// Its author does not want strangers to read it.
pub(super) const NOT_FOR_STRANGERS: &str = "members";

/// The fields of the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    pub(super) post: Field,
    pub(super) list: Field,
    pub(super) thread: Field,
    /// The number of an edition; a post has none.
    pub(super) edition: Field,
    pub(super) date: Field,
    /// [`HAS_ATTACHMENT`], [`NOT_FOR_STRANGERS`].
    pub(super) is: Field,
    /// The author's name as one word, for their page.
    pub(super) by: Field,
    pub(super) subject: Field,
    pub(super) author: Field,
    pub(super) body: Field,
    pub(super) attached: Field,
    /// Addresses, of the author and in the text: for members alone.
    pub(super) address: Field,
    /// What the author says, as excerpts are made from it; its first letter is its language.
    pub(super) shown: Field,
}

/// The schema, and its fields.
pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let words = |record| {
        let indexing = TextFieldIndexing::default().set_tokenizer(tokens::NAME).set_index_option(record);
        TextOptions::default().set_indexing_options(indexing)
    };
    let phrases = || words(IndexRecordOption::WithFreqsAndPositions);
    let fields = Fields {
        post: builder.add_u64_field("post", INDEXED | FAST),
        list: builder.add_u64_field("list", INDEXED),
        thread: builder.add_u64_field("thread", FAST),
        edition: builder.add_u64_field("edition", FAST),
        date: builder.add_i64_field("date", FAST),
        is: builder.add_text_field("is", STRING),
        by: builder.add_text_field("by", STRING),
        subject: builder.add_text_field("subject", phrases()),
        author: builder.add_text_field("author", phrases()),
        body: builder.add_text_field("body", phrases()),
        attached: builder.add_text_field("attached", phrases()),
        address: builder.add_text_field("address", phrases()),
        shown: builder.add_text_field("shown", STORED),
    };
    (builder.build(), fields)
}

/// How the index lies on the disk.
pub(super) fn settings() -> IndexSettings {
    let level = ZstdCompressor { compression_level: Some(SHOWN_LEVEL) };
    IndexSettings {
        docstore_compression: Compressor::Zstd(level),
        docstore_blocksize: SHOWN_BLOCK_BYTES,
        // Few bytes: not worth a thread of its own.
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

/// What cuts texts into words.
pub(super) fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(tokens::NAME, Cutter::new());
    manager
}

impl Fields {
    pub(super) fn post_term(&self, post: PostId) -> Term {
        Term::from_field_u64(self.post, post.0)
    }

    pub(super) fn list_term(&self, list: ListId) -> Term {
        Term::from_field_u64(self.list, u64::from(list.0))
    }

    /// A post as it is kept; `otherwise` is the language of one that is too short to tell.
    pub(super) fn document(&self, post: &PostSummary, raw: &[u8], otherwise: Tongue) -> TantivyDocument {
        let tongue = post.language.as_deref().map_or(otherwise, Tongue::of);
        let Searched { own, attached } = searched(raw);
        let own_masked = mask_addresses(&own);
        let mut document = TantivyDocument::default();
        document.add_u64(self.post, post.id.0);
        document.add_u64(self.list, u64::from(post.list.0));
        document.add_u64(self.thread, post.thread.0.0);
        document.add_i64(self.date, post.date.seconds());
        if post.attachments > 0 {
            document.add_text(self.is, HAS_ATTACHMENT);
        }
        if post.no_archive {
            document.add_text(self.is, NOT_FOR_STRANGERS);
        }
        if let Some(by) = author_key(&post.author_name) {
            document.add_text(self.by, by);
        }
        let mut words = |field, text: &str, tongue| {
            if !text.is_empty() {
                document.add_text(field, marked(text, tongue));
            }
        };
        words(self.subject, &mask_addresses(&post.subject), tongue);
        words(self.author, &mask_addresses(&post.author_name), Tongue::Other);
        words(self.body, &own_masked, tongue);
        words(self.attached, &mask_addresses(&attached), tongue);
        let author = post.author_address.iter().map(ToString::to_string);
        let told = addresses_in(&own).chain(addresses_in(&attached)).map(str::to_owned).take(ADDRESSES_MAX);
        for address in author.chain(told) {
            words(self.address, &address, Tongue::Other);
        }
        document.add_text(self.shown, marked(&beginning(&own_masked, SHOWN_BYTES_MAX), tongue));
        document
    }
}

/// What one name is known by on authors' pages: the same for `Anne  MARTIN` and `Anne Martin`.
pub(super) fn author_key(name: &str) -> Option<String> {
    let folded = fold(name);
    let key = folded.split_whitespace().collect::<Vec<_>>().join(" ");
    (!key.is_empty() && !key.contains('@')).then_some(key)
}

/// What looks like an address, in a text.
fn addresses_in(text: &str) -> impl Iterator<Item = &str> {
    let edge = |c: char| !(c.is_alphanumeric() || c == '_');
    text.split(|c: char| c.is_whitespace() || "<>()[]{}\",;:".contains(c))
        .map(move |word| word.trim_matches(edge))
        .filter(|word| word.len() <= 254)
        .filter(|word| {
            word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        })
}

/// Whether what is kept of a text may be its beginning only.
pub(super) fn is_cut(kept: &str) -> bool {
    kept.len() + WORD_BYTES >= SHOWN_BYTES_MAX
}

/// All that can be shown of a mail, as the index keeps the beginning of it.
pub(super) fn shown_whole(raw: &[u8], tongue: Tongue) -> String {
    marked(&beginning(&mask_addresses(&searched(raw).own), READ_BYTES_MAX), tongue)
}

/// The beginning of a text with one space between words.
pub(super) fn beginning(text: &str, bytes_max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(bytes_max));
    for word in text.split_whitespace() {
        if shown.len() + word.len() >= bytes_max {
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_where_people_write_them() {
        let text = "Écrire à <anne@lilas.example>, ou paul.d@b.example. Le compte @jardin, a@b";
        assert_eq!(addresses_in(text).collect::<Vec<_>>(), ["anne@lilas.example", "paul.d@b.example"]);
    }

    #[test]
    fn one_author_however_written() {
        for (name, key) in
            [("Anne  MARTIN", Some("anne martin")), ("Zoé", Some("zoe")), (" ", None), ("a@b.example", None)]
        {
            assert_eq!(author_key(name).as_deref(), key, "{name}");
        }
    }
}
