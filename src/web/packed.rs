//! Pages that are kept to be shown again, packed: a conversation takes a quarter of the room, and
//! unpacking it takes a thirtieth of the time it was made in. Four times as many stay at hand.

use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use zstd::bulk::{Compressor, Decompressor};

use super::answer::Whole;

/// How hard pages are packed, by zstd's count: they are packed while somebody waits.
const LEVEL: i32 = 1;
/// What a page weighs beside its text: headers, and its place among the others, bytes.
const OVERHEAD: usize = 1_536;

/// Packs pages, and unpacks them. What it works with is kept: making it anew costs more than a page.
pub(crate) struct Press {
    packing: Mutex<Compressor<'static>>,
    unpacking: Mutex<Decompressor<'static>>,
}

/// A page that was made.
pub(crate) struct Packed {
    /// But for its bytes.
    whole: Whole,
    packed: Vec<u8>,
    length: usize,
}

impl Press {
    pub(crate) fn new() -> std::io::Result<Press> {
        let packing = Mutex::new(Compressor::new(LEVEL)?);
        Ok(Press { packing, unpacking: Mutex::new(Decompressor::new()?) })
    }

    /// A page as it is kept; nothing where that cannot be done.
    pub(crate) fn pack(&self, whole: &Whole) -> Option<Packed> {
        let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
        let packed = packing.compress(&whole.bytes).ok()?;
        Some(Packed { whole: whole.with_bytes(Bytes::new()), packed, length: whole.bytes.len() })
    }

    /// A kept page for one reader; nothing where it must be made anew.
    pub(crate) fn respond(&self, known: &Packed, request: &HeaderMap) -> Option<Response<Body>> {
        if known.whole.is_known_to(request) {
            return Some(known.whole.respond(request));
        }
        let mut unpacking = self.unpacking.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = unpacking.decompress(&known.packed, known.length).ok()?;
        drop(unpacking);
        Some(known.whole.with_bytes(Bytes::from(bytes)).respond(request))
    }
}

impl Packed {
    /// The room it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.packed.len() + OVERHEAD
    }
}
