//! Small pictures in place of large ones: read within limits, turned as the camera held them, and
//! written anew, so that nothing of what the file said besides (places, names) is left.
//!
//! Knows nothing of posts; runs on threads that may wait, one picture at a time.

use std::collections::VecDeque;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};

/// As wide and high as a thumbnail is, pixels: sharp on a telephone.
const SIDE_PIXELS: u32 = 640;
/// Larger pictures are not read, pixels…
const PIXELS_MAX: u64 = 40_000_000;
/// …nor such as take more memory while they are, bytes.
const MEMORY_BYTES_MAX: u64 = 256 << 20;
/// Of 100.
const JPEG_QUALITY: u8 = 78;
/// Thumbnails kept in memory, bytes.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// A picture as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Thumbnail {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) media_type: &'static str,
}

type Key = [u8; 32];

/// Makes thumbnails, and keeps some.
#[derive(Default)]
pub(crate) struct Thumbnails {
    /// The latest first; `None` for what is no picture one can read.
    kept: Mutex<VecDeque<(Key, Option<Thumbnail>)>>,
    /// One at a time is read: each may take much memory.
    turn: Mutex<()>,
}

impl Thumbnails {
    /// Of this file; `None` if it cannot be read within limits.
    pub(crate) fn of(&self, file: &[u8]) -> Option<Thumbnail> {
        let key: Key = Sha256::digest(file).into();
        if let Some(kept) = self.known(&key) {
            return kept;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waited may find it made.
        if let Some(kept) = self.known(&key) {
            return kept;
        }
        // Decoders are others'; a file that kills one is no picture.
        let made = catch_unwind(AssertUnwindSafe(|| make(file))).ok().flatten();
        self.keep(key, made.clone());
        made
    }

    fn known(&self, key: &Key) -> Option<Option<Thumbnail>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == key).map(|(_, thumbnail)| thumbnail.clone())
    }

    fn keep(&self, key: Key, made: Option<Thumbnail>) {
        let weight = |entry: &(Key, Option<Thumbnail>)| {
            key_bytes() + entry.1.as_ref().map_or(0, |thumbnail| thumbnail.bytes.len())
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front((key, made));
        let mut bytes: usize = kept.iter().map(weight).sum();
        while bytes > KEPT_BYTES_MAX {
            bytes -= kept.pop_back().as_ref().map_or(bytes, weight);
        }
    }
}

fn key_bytes() -> usize {
    std::mem::size_of::<Key>()
}

fn make(file: &[u8]) -> Option<Thumbnail> {
    let reader = || ImageReader::new(Cursor::new(file)).with_guessed_format();
    let (width, height) = reader().ok()?.into_dimensions().ok()?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return None;
    }
    let mut reader = reader().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let turned = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if width > SIDE_PIXELS || height > SIDE_PIXELS {
        picture = picture.thumbnail(SIDE_PIXELS, SIDE_PIXELS);
    }
    picture.apply_orientation(turned);
    let mut bytes = Vec::new();
    let media_type = if picture.color().has_alpha() {
        picture.to_rgba8().write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).ok()?;
        "image/png"
    } else {
        picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)).ok()?;
        "image/jpeg"
    };
    Some(Thumbnail { bytes: Arc::new(bytes), media_type })
}

#[cfg(test)]
mod tests {
    use image::{RgbImage, RgbaImage};

    use super::*;

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("memory takes it");
        bytes
    }

    fn size_of(thumbnail: &Thumbnail) -> (u32, u32) {
        let picture = image::load_from_memory(&thumbnail.bytes).expect("a picture");
        (picture.width(), picture.height())
    }

    #[test]
    fn a_large_picture_becomes_a_small_one() {
        let made = Thumbnails::default();
        let wide = made.of(&png(&RgbImage::new(2_000, 1_000).into())).expect("made");
        assert_eq!((size_of(&wide), wide.media_type), ((640, 320), "image/jpeg"));
        let small = made.of(&png(&RgbaImage::new(20, 10).into())).expect("made");
        assert_eq!((size_of(&small), small.media_type), ((20, 10), "image/png"));
    }

    /// A JPEG with a place in its EXIF, held on its side.
    fn photograph() -> Vec<u8> {
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new(&mut bytes);
        RgbImage::new(40, 20).write_with_encoder(encoder).expect("memory takes it");
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        exif.extend_from_slice(b"GPS 48.8566 2.3522");
        let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
        let head = [&[0xff, 0xe1][..], &length, &exif].concat();
        bytes.splice(2..2, head);
        bytes
    }

    #[test]
    fn nothing_but_the_picture_is_left_and_it_stands_upright() {
        let file = photograph();
        let thumbnail = Thumbnails::default().of(&file).expect("made");
        let holds = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
        assert!(holds(&file, b"GPS 48") && !holds(&thumbnail.bytes, b"GPS 48"));
        assert!(!holds(&thumbnail.bytes, b"Exif"));
        assert_eq!(size_of(&thumbnail), (20, 40));
    }

    #[test]
    fn what_is_too_large_or_no_picture_is_not_read() {
        let made = Thumbnails::default();
        let mut bomb = png(&RgbImage::new(10, 10).into());
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        for file in
            [&bomb[..], b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff\xe0garbage", b"RIFF\0\0\0\0WEBP"]
        {
            assert!(made.of(file).is_none());
        }
        let whole = png(&RgbImage::new(30, 30).into());
        for cut in 0..whole.len() {
            made.of(&whole[..cut]);
        }
    }

    #[test]
    fn only_so_much_is_kept() {
        let made = Thumbnails::default();
        for n in 0..40_u8 {
            let key = [n; 32];
            let bytes = Arc::new(vec![0; 1 << 20]);
            made.keep(key, Some(Thumbnail { bytes, media_type: "image/png" }));
        }
        assert!(made.known(&[39; 32]).is_some() && made.known(&[0; 32]).is_none());
    }
}
