//! Archives as they are kept: plain, gzip or zstd, known by their first bytes.

use std::io::{self, BufRead, BufReader};

/// RFC 1952 §2.3.1.
const GZIP: &[u8] = b"\x1f\x8b";
/// RFC 8878 §3.1.1.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
/// Bytes read at a time from a decompressor.
const BUFFER_BYTES: usize = 128 * 1024;

/// What is inside, whatever it is compressed with. Several gzip members are one file.
pub fn open_archive<'a>(mut archive: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    let start = archive.fill_buf()?;
    if start.starts_with(GZIP) {
        let inside = flate2::bufread::MultiGzDecoder::new(archive);
        Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, inside)))
    } else if start.starts_with(ZSTD) {
        let inside = zstd::stream::read::Decoder::with_buffer(archive)?;
        Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, inside)))
    } else {
        Ok(Box::new(archive))
    }
}
