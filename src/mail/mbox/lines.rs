//! Lines of a mailbox, of bounded length, which can be put back and read again.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

/// Bytes of a line taken at a time.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// Lines of the file, some of them a second time.
pub(super) struct Lines<R> {
    input: R,
    /// To be read again before the input goes on.
    again: VecDeque<(Vec<u8>, usize)>,
    /// In the file, after the current line.
    pub(super) offset: u64,
    pub(super) line: Vec<u8>,
    /// The next bytes start a line.
    at_start: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Lines<R> {
        Lines { input, again: VecDeque::new(), offset: 0, line: Vec::new(), at_start: true }
    }

    /// The next line, or a piece of a long one, into `line`: does it start a line?
    pub(super) fn read(&mut self) -> io::Result<Option<bool>> {
        let starts_line = self.at_start;
        self.line.clear();
        match self.again.front_mut() {
            Some((bytes, from)) => {
                let rest = &bytes[*from..];
                let len = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n + 1);
                self.line.extend_from_slice(&rest[..len]);
                *from += len;
                if *from == bytes.len() {
                    self.again.pop_front();
                }
            }
            None => {
                (&mut self.input).take(LINE_BYTES_MAX).read_until(b'\n', &mut self.line)?;
            }
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        self.offset += self.line.len() as u64;
        self.at_start = self.line.ends_with(b"\n");
        Ok(Some(starts_line))
    }

    /// The current line will be read again, and start a line or not as it did.
    pub(super) fn put_back(&mut self, starts_line: bool) {
        let line = std::mem::take(&mut self.line);
        self.read_again(line, starts_line);
    }

    /// Bytes just read, which end where one is, will be read again.
    pub(super) fn read_again(&mut self, bytes: Vec<u8>, starts_line: bool) {
        if !bytes.is_empty() {
            self.offset -= bytes.len() as u64;
            self.again.push_front((bytes, 0));
            self.at_start = starts_line;
        }
    }
}
