//! An edition on paper: the same facts as its mail, as an A4 PDF for the neighbours without e-mail.
//!
//! Facts in, bytes out. Knows nothing of storage, members or clocks. `fonts` knows how wide words
//! are, `lines` where they end, `pages` what stands where, `ink` alone writes PDF.

mod fonts;
mod ink;
mod lines;
mod pages;
mod sheet;
mod words;

use crate::digest::Sheet;

/// Somebody who gets it on paper.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handed {
    /// Who.
    pub name: String,
    /// Where, and who brings it; may be empty.
    pub how: String,
}

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
#[error("the page cannot be set: {0}")]
pub struct PaperFault(String);

/// An edition as a PDF; with whom to hand it to on a page of its own at the end, if anybody.
pub fn pdf(sheet: &Sheet, handed: &[Handed]) -> Result<Vec<u8>, PaperFault> {
    let fonts = fonts::Fonts::ours();
    let blocks = sheet::blocks(sheet, handed);
    let pages = pages::lay_out(&blocks, &fonts, &words::footer(sheet));
    ink::write(&pages, &fonts, sheet)
}

#[cfg(test)]
mod tests;
