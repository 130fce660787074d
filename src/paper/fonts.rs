//! Our fonts: which signs they have, and how wide words are.

use std::ops::Range;

use rustybuzz::UnicodeBuffer;

/// One of our fonts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Face {
    Regular,
    Italic,
    Bold,
    /// What is set in columns.
    Fixed,
    /// What people put between their words.
    Pictures,
}

const FACES: [(Face, &[u8]); 5] = [
    (Face::Regular, include_bytes!("../../data/fonts/Literata-Regular.ttf")),
    (Face::Italic, include_bytes!("../../data/fonts/Literata-Italic.ttf")),
    (Face::Bold, include_bytes!("../../data/fonts/Literata-Bold.ttf")),
    (Face::Fixed, include_bytes!("../../data/fonts/JetBrainsMono.ttf")),
    (Face::Pictures, include_bytes!("../../data/fonts/NotoEmoji.ttf")),
];

/// What stands for words in a writing we have no signs for.
const OTHER_WRITING: &str = "[…]";
/// The sign a divided word ends with: it is drawn as a hyphen, and is no part of the word.
pub(super) const SOFT_HYPHEN: char = '\u{ad}';

/// A font, for shaping and for the file.
pub(super) struct Loaded {
    pub(super) face: Face,
    pub(super) bytes: &'static [u8],
    shaper: rustybuzz::Face<'static>,
    /// Units of an em.
    units: f32,
}

/// One sign of a font where it stands.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Glyph {
    /// Its number in the font.
    pub(super) id: u16,
    /// How far it is to the next one, ems.
    pub(super) advance: f32,
    /// How far it stands from where it would, ems.
    pub(super) offset: f32,
    /// What it stands for in the text of its run.
    pub(super) text: Range<usize>,
}

/// All of ours.
pub(super) struct Fonts(Vec<Loaded>);

/// Signs of one font, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) face: Face,
    pub(super) text: String,
    /// Their measures are in ems.
    pub(super) glyphs: Vec<Glyph>,
    /// Ems.
    pub(super) width: f32,
}

impl Fonts {
    pub(super) fn ours() -> Fonts {
        let load = |(face, bytes): (Face, &'static [u8])| {
            let shaper =
                rustybuzz::Face::from_slice(bytes, 0).expect("our own fonts can be read, which is tested");
            #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
            let units = shaper.units_per_em() as f32;
            Loaded { face, bytes, shaper, units }
        };
        Fonts(FACES.into_iter().map(load).collect())
    }

    pub(super) fn loaded(&self, face: Face) -> &Loaded {
        self.0.iter().find(|loaded| loaded.face == face).expect("every face is loaded")
    }

    fn has(&self, face: Face, sign: char) -> bool {
        self.loaded(face).shaper.glyph_index(sign).is_some()
    }

    /// The face a sign is taken from; none if we have no such sign.
    fn face_of(&self, wanted: Face, sign: char) -> Option<Face> {
        let has = |face: Face| self.has(face, sign);
        // Spaces of other widths are made of the plain one.
        let is_space = matches!(sign, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | SOFT_HYPHEN);
        if has(wanted) || is_space {
            return Some(wanted);
        }
        [Face::Regular, Face::Pictures].into_iter().find(|face| has(*face))
    }

    /// A text with nothing in it that we have no signs for. Pictures go without a trace, words leave
    /// a mark where they were.
    pub(super) fn printable(&self, text: &str, wanted: Face) -> String {
        let mut kept = String::with_capacity(text.len());
        for sign in text.chars() {
            match sign {
                '\n' => kept.push('\n'),
                '\t' => kept.push_str("    "),
                // What joins or colours pictures, or turns lines around.
                '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | SOFT_HYPHEN => {
                }
                '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{1f3fb}'..='\u{1f3ff}' => {}
                sign if sign.is_control() => kept.push(' '),
                sign if self.face_of(wanted, sign).is_some() => kept.push(sign),
                sign if sign.is_alphanumeric() && !kept.ends_with(OTHER_WRITING) => {
                    kept.push_str(OTHER_WRITING);
                }
                _ => {}
            }
        }
        kept
    }

    /// The signs of a text, in one or more fonts.
    pub(super) fn shape(&self, text: &str, wanted: Face) -> Vec<Run> {
        let mut runs: Vec<(Face, String)> = Vec::new();
        for sign in text.chars() {
            let Some(face) = self.face_of(wanted, sign) else { continue };
            match runs.last_mut().filter(|(last, _)| *last == face) {
                Some((_, run)) => run.push(sign),
                None => runs.push((face, sign.to_string())),
            }
        }
        runs.into_iter().map(|(face, text)| self.run(face, text)).collect()
    }

    fn run(&self, face: Face, text: String) -> Run {
        let loaded = self.loaded(face);
        let mut buffer = UnicodeBuffer::new();
        // A hyphen of ours is drawn as one.
        for (at, sign) in text.char_indices() {
            let cluster = u32::try_from(at).unwrap_or(u32::MAX);
            buffer.add(if sign == SOFT_HYPHEN { '-' } else { sign }, cluster);
        }
        buffer.guess_segment_properties();
        buffer.set_direction(rustybuzz::Direction::LeftToRight);
        let shaped = rustybuzz::shape(&loaded.shaper, &[], buffer);
        let starts: Vec<usize> = shaped.glyph_infos().iter().map(|info| info.cluster as usize).collect();
        #[allow(clippy::cast_precision_loss, reason = "a few thousand units")]
        let ems = |units: i32| units as f32 / loaded.units;
        let mut glyphs = Vec::with_capacity(starts.len());
        for (at, (info, position)) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()).enumerate() {
            let start = starts[at];
            let end = starts[at..].iter().find(|next| **next > start).copied();
            let end = end.unwrap_or(text.len());
            glyphs.push(Glyph {
                id: u16::try_from(info.glyph_id).unwrap_or_default(),
                advance: ems(position.x_advance),
                offset: ems(position.x_offset),
                text: start..end.min(text.len()),
            });
        }
        let width = glyphs.iter().map(|glyph| glyph.advance).sum();
        Run { face, text, glyphs, width }
    }

    /// Ascent, descent, height of capitals, and the box all signs fit in, in thousandths of an em.
    pub(super) fn measures(&self, face: Face) -> ([f32; 3], [f32; 4]) {
        let Loaded { shaper, units, .. } = self.loaded(face);
        let thousandths = |value: i16| f32::from(value) * 1_000.0 / units;
        let bounds = shaper.global_bounding_box();
        let capitals = shaper.capital_height().unwrap_or_else(|| shaper.ascender());
        let corners = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max];
        ([shaper.ascender(), shaper.descender(), capitals].map(thousandths), corners.map(thousandths))
    }

    /// How far it is from a sign to the next, if nothing else is said; ems.
    pub(super) fn advance(&self, face: Face, id: u16) -> f32 {
        let Loaded { shaper, units, .. } = self.loaded(face);
        let advance = shaper.glyph_hor_advance(rustybuzz::ttf_parser::GlyphId(id)).unwrap_or_default();
        f32::from(advance) / units
    }

    /// How wide a text is, ems.
    pub(super) fn width(&self, text: &str, face: Face) -> f32 {
        self.shape(text, face).iter().map(|run| run.width).sum()
    }
}
