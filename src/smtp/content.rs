//! The bytes between 354 and the final dot, as they come in.
//!
//! RFC 5321 §4.5.2 and §2.3.8: a line ends in CRLF and in nothing else, and only CRLF "." CRLF
//! ends the message. Whatever is wrong with a message, it is read to that end: an answer given
//! earlier would leave the rest of the message to be taken for commands.

use memchr::{memchr, memchr3, memmem};

/// Octets of one line without CRLF. RFC 5321 §4.5.3.1.6 asks for 998; real mail has longer ones.
pub(super) const TEXT_LINE_BYTES_MAX: usize = 64 * 1024;

/// Octets of the header with its CRLFs.
pub(super) const HEADER_BYTES_MAX: usize = 256 * 1024;

/// RFC 5321 §6.3: at least 100 before a message is said to be in a loop.
pub(super) const RECEIVED_LINES_MAX: usize = 100;

/// What is reserved at most because a peer announced it.
const ANNOUNCED_BYTES_MAX: usize = 256 * 1024;

/// Bytes read until a message that is too large is cut off: so many times the largest allowed.
const DISCARD_FACTOR: usize = 2;

/// A message on its way in.
#[derive(Debug)]
pub(super) struct Content {
    bytes_max: usize,
    raw: Vec<u8>,
    place: Place,
    /// Octets of the message so far, whether kept or not (RFC 1870 §5: CRLF counts, added dots do not).
    size: usize,
    /// Octets of the line begun.
    line: usize,
    /// Octets read from the peer.
    seen: usize,
    fault: Option<Fault>,
}

/// Where in a line the last byte stood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    LineStart,
    FirstDot,
    FirstDotCr,
    Middle,
    Cr,
}

/// What is wrong with a message; the last named weighs most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Fault {
    Loop,
    HeaderTooLarge,
    TooLarge,
    LineTooLong,
    Nul,
    BareLineEnd,
}

/// Is the message whole?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    More,
    Ended,
    /// It is not worth reading on.
    TooMuch,
}

impl Content {
    pub(super) fn new(bytes_max: usize, announced: usize) -> Content {
        let raw = Vec::with_capacity(announced.min(bytes_max).min(ANNOUNCED_BYTES_MAX));
        Content { bytes_max, raw, place: Place::LineStart, size: 0, line: 0, seen: 0, fault: None }
    }

    /// Takes from the front of `input` what belongs to the message.
    pub(super) fn feed(&mut self, input: &mut &[u8]) -> Progress {
        let allowance = self.bytes_max.saturating_mul(DISCARD_FACTOR).saturating_sub(self.seen);
        let window = &input[..input.len().min(allowance)];
        let (used, progress) = self.scan(window);
        self.seen += used;
        *input = &input[used..];
        match progress {
            Progress::More if !input.is_empty() => Progress::TooMuch,
            Progress::More | Progress::Ended | Progress::TooMuch => progress,
        }
    }

    /// The message, or why it cannot be taken. Only after [`Progress::Ended`].
    pub(super) fn finish(self) -> Result<Vec<u8>, Fault> {
        match self.fault.or_else(|| header_fault(&self.raw)) {
            Some(fault) => Err(fault),
            None => Ok(self.raw),
        }
    }

    fn scan(&mut self, window: &[u8]) -> (usize, Progress) {
        let mut at = 0;
        while let Some(&byte) = window.get(at) {
            match (self.place, byte) {
                // RFC 5321 §4.5.2: a leading dot was added by the sender, or ends the message.
                (Place::LineStart, b'.') => {
                    self.place = Place::FirstDot;
                    at += 1;
                }
                (Place::FirstDot, b'\r') => {
                    self.place = Place::FirstDotCr;
                    at += 1;
                }
                (Place::FirstDotCr, b'\n') => return (at + 1, Progress::Ended),
                (Place::FirstDotCr, _) => {
                    self.note(Fault::BareLineEnd);
                    self.keep(b"\r");
                    self.place = Place::Middle;
                }
                (Place::Cr, b'\n') => {
                    self.keep(b"\r\n");
                    self.end_line();
                    self.place = Place::LineStart;
                    at += 1;
                }
                (Place::Cr, _) => {
                    self.note(Fault::BareLineEnd);
                    self.keep(b"\r");
                    self.place = Place::Middle;
                }
                (Place::LineStart | Place::FirstDot | Place::Middle, _) => at = self.scan_lines(window, at),
            }
        }
        (at, Progress::More)
    }

    /// From within a line on to the next place that needs a look: a dot in front, or the window's
    /// end. Returns where that is.
    fn scan_lines(&mut self, window: &[u8], start: usize) -> usize {
        let mut at = start;
        let mut line_start = start;
        while let Some(found) = memchr3(b'\r', b'\n', 0, &window[at..]).map(|offset| at + offset) {
            match (window[found], window.get(found + 1)) {
                (b'\r', Some(b'\n')) => {
                    self.line += found - line_start;
                    self.end_line();
                    (at, line_start) = (found + 2, found + 2);
                    if matches!(window.get(at), None | Some(b'.')) {
                        self.keep(&window[start..at]);
                        self.place = Place::LineStart;
                        return at;
                    }
                }
                (b'\r', None) => {
                    self.line += found - line_start;
                    self.keep(&window[start..found]);
                    self.place = Place::Cr;
                    return found + 1;
                }
                (0, _) => {
                    self.note(Fault::Nul);
                    at = found + 1;
                }
                _ => {
                    self.note(Fault::BareLineEnd);
                    at = found + 1;
                }
            }
        }
        self.line += window.len() - line_start;
        if self.line > TEXT_LINE_BYTES_MAX {
            self.note(Fault::LineTooLong);
        }
        self.keep(&window[start..]);
        self.place = Place::Middle;
        window.len()
    }

    fn end_line(&mut self) {
        if self.line > TEXT_LINE_BYTES_MAX {
            self.note(Fault::LineTooLong);
        }
        self.line = 0;
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.size += bytes.len();
        if self.size > self.bytes_max {
            self.note(Fault::TooLarge);
        }
        if self.fault.is_none() {
            self.raw.extend_from_slice(bytes);
        }
    }

    /// From the first fault on, nothing is worth its memory.
    fn note(&mut self, fault: Fault) {
        self.fault = self.fault.max(Some(fault));
        self.raw = Vec::new();
    }
}

/// What the header alone tells: too large, or seen too often.
fn header_fault(raw: &[u8]) -> Option<Fault> {
    let header_bytes = match memmem::find(raw, b"\r\n\r\n") {
        _ if raw.starts_with(b"\r\n") => 0,
        Some(end) => end + 2,
        None => raw.len(),
    };
    if header_bytes > HEADER_BYTES_MAX {
        return Some(Fault::HeaderTooLarge);
    }
    let mut header = &raw[..header_bytes];
    let mut received = 0;
    while !header.is_empty() {
        if header.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"received:")) {
            received += 1;
        }
        let next = memchr(b'\n', header).map_or(header.len(), |end| end + 1);
        header = &header[next..];
    }
    (received > RECEIVED_LINES_MAX).then_some(Fault::Loop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The message and what is left after it, read in pieces of one size.
    fn read(
        input: &[u8],
        piece: usize,
        bytes_max: usize,
    ) -> (Progress, Option<Result<Vec<u8>, Fault>>, usize) {
        let mut content = Content::new(bytes_max, 0);
        let mut used = 0;
        for chunk in input.chunks(piece.max(1)) {
            let mut rest = chunk;
            let progress = content.feed(&mut rest);
            used += chunk.len() - rest.len();
            match progress {
                Progress::More => assert!(rest.is_empty()),
                Progress::Ended => return (progress, Some(content.finish()), input.len() - used),
                Progress::TooMuch => return (progress, None, input.len() - used),
            }
        }
        (Progress::More, None, 0)
    }

    #[test]
    fn only_a_dot_between_two_crlf_ends_a_message() {
        use Fault::*;
        type Wanted = Result<&'static [u8], Fault>;
        let cases: &[(&[u8], Wanted)] = &[
            (b".\r\n", Ok(b"")),
            (b"a\r\n.\r\n", Ok(b"a\r\n")),
            (b"a\r\n..\r\n...\r\n.x\r\n.\r\n", Ok(b"a\r\n.\r\n..\r\nx\r\n")),
            (b"..\r\n.\r\n", Ok(b".\r\n")),
            (b"a\xe9\r\n\r\n.\r\n", Ok(b"a\xe9\r\n\r\n")),
            (b"a\n.\nb\r\n.\r\n", Err(BareLineEnd)),
            (b"a\n.\r\nb\r\n.\r\n", Err(BareLineEnd)),
            (b"a\r\n.\nb\r\n.\r\n", Err(BareLineEnd)),
            (b"a\r.\r\nb\r\n.\r\n", Err(BareLineEnd)),
            (b"a\r.\rb\r\n.\r\n", Err(BareLineEnd)),
            (b"a\r\n.\r\r\nb\r\n.\r\n", Err(BareLineEnd)),
            (b"a\r\n.\rb\r\n.\r\n", Err(BareLineEnd)),
            (b"a\r\r\nb\r\n.\r\n", Err(BareLineEnd)),
            (b"a\r\n\0.\r\nb\r\n.\r\n", Err(Nul)),
            (b"a\0\nb\r\n.\r\n", Err(BareLineEnd)),
        ];
        for (input, wanted) in cases {
            let mut with_rest = input.to_vec();
            with_rest.extend_from_slice(b"NOOP\r\n");
            for piece in [1, 2, 3, 5, 1000] {
                let (progress, message, left) = read(&with_rest, piece, 1000);
                assert_eq!(progress, Progress::Ended, "{input:?} in pieces of {piece}");
                assert_eq!(message, Some(wanted.map(<[u8]>::to_vec)), "{input:?} in pieces of {piece}");
                assert!(left <= 6 && left + piece >= 6, "{input:?} in pieces of {piece}: {left} left");
            }
        }
    }

    #[test]
    fn what_is_too_large_is_read_to_its_end_or_cut() {
        let message = |bytes: usize| [&vec![b'a'; bytes - 2][..], b"\r\n.\r\n"].concat();
        for piece in [1, 7, 64, 10_000] {
            assert_eq!(read(&message(100), piece, 100).1.map(|m| m.map(|m| m.len())), Some(Ok(100)));
            assert_eq!(read(&message(101), piece, 100).1, Some(Err(Fault::TooLarge)));
            assert_eq!(read(&message(197), piece, 100).1, Some(Err(Fault::TooLarge)));
            assert_eq!(read(&message(198), piece, 100).0, Progress::TooMuch);
        }
        let dots = [&b"..\r\n".repeat(10)[..], b".\r\n"].concat();
        assert_eq!(read(&dots, 100, 30).1.map(|m| m.map(|m| m.len())), Some(Ok(30)));
    }

    #[test]
    fn long_lines_long_headers_and_loops() {
        let line = |bytes: usize| [&vec![b'a'; bytes][..], b"\r\n.\r\n"].concat();
        let loops = |n: usize| [&b"rEceived: by x\r\n".repeat(n)[..], b"\r\nReceived: y\r\n.\r\n"].concat();
        let header = |n: usize| [&b"X: yy\r\n".repeat(n)[..], b"\r\n.\r\n"].concat();
        let fault = |input: &[u8], piece| read(input, piece, 1 << 20).1.and_then(Result::err);
        for piece in [1, 1000, 1 << 20] {
            assert_eq!(fault(&line(TEXT_LINE_BYTES_MAX), piece), None);
            assert_eq!(fault(&line(TEXT_LINE_BYTES_MAX + 1), piece), Some(Fault::LineTooLong));
            assert_eq!(fault(&loops(100), piece), None);
            assert_eq!(fault(&loops(101), piece), Some(Fault::Loop));
            assert_eq!(fault(&header(HEADER_BYTES_MAX / 7), piece), None);
            assert_eq!(fault(&header(HEADER_BYTES_MAX / 7 + 1), piece), Some(Fault::HeaderTooLarge));
        }
    }

    proptest! {
        /// The same whatever the network makes of it; and what is taken, stuffed again, is what came.
        #[test]
        fn pieces_do_not_matter(
            input in proptest::collection::vec(prop::sample::select(&b"\r\r\r\n\n\n...a\0"[..]), 0..60),
            piece in 1usize..20,
            bytes_max in 1usize..60,
        ) {
            let whole = read(&input, input.len(), bytes_max);
            let pieces = read(&input, piece, bytes_max);
            prop_assert_eq!(whole.0, pieces.0);
            prop_assert_eq!(&whole.1, &pieces.1);
            if let Some(Ok(message)) = whole.1 {
                let mut again = Vec::new();
                for line in message.split_inclusive(|b| *b == b'\n') {
                    prop_assert!(line.ends_with(b"\r\n") && !line[..line.len() - 2].contains(&b'\r'));
                    if line.starts_with(b".") {
                        again.push(b'.');
                    }
                    again.extend_from_slice(line);
                }
                again.extend_from_slice(b".\r\n");
                // A single leading dot before anything else is dropped as well (RFC 5321 §4.5.2).
                let dots = |bytes: &[u8]| bytes.iter().filter(|b| **b != b'.').copied().collect::<Vec<u8>>();
                prop_assert_eq!(dots(&again), dots(&input[..input.len() - whole.2]));
            }
        }
    }
}
