//! Pages into the bytes of a PDF (ISO 32000-1); the only file that knows how one is written.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{ActionType, AnnotationType, CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;

use super::PaperFault;
use super::fonts::{Face, Fonts, Run, SOFT_HYPHEN};
use super::pages::{HEIGHT, Laid, Mark, Page, WIDTH};
use crate::digest::Sheet;

/// How thick a rule is, points.
const RULE: f32 = 0.6;
/// Offsets smaller than this, in thousandths of an em, nobody sees.
const UNSEEN: f32 = 0.05;
/// Signs are named by their number in the font (ISO 32000-1 §9.7.5.2).
const IDENTITY: Name<'_> = Name(b"Identity-H");
const SYSTEM: SystemInfo<'_> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// The signs of a font that are used: their new numbers, and what each stands for.
#[derive(Default)]
struct Used {
    numbers: GlyphRemapper,
    signs: BTreeMap<u16, (u16, String)>,
}

/// Gives objects their numbers.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

pub(super) fn write(laid: &Laid, fonts: &Fonts, sheet: &Sheet) -> Result<Vec<u8>, PaperFault> {
    let mut numbers = Numbers(0);
    let (catalog, tree, outline) = (numbers.next(), numbers.next(), numbers.next());
    let leaves: Vec<Ref> = laid.pages.iter().map(|_| numbers.next()).collect();
    let mut used: BTreeMap<usize, Used> = BTreeMap::new();
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    // Fonts are named before it is known what is used of them.
    let faces: Vec<(Face, Ref)> = FACES.iter().map(|face| (*face, numbers.next())).collect();
    for (page, leaf) in laid.pages.iter().zip(&leaves) {
        let content = drawn(page, fonts, &mut used);
        let stream = numbers.next();
        pdf.stream(stream, &packed(&content)).filter(Filter::FlateDecode);
        let links: Vec<Ref> = page.entries.iter().map(|_| numbers.next()).collect();
        for ((thread, [left, top, right, bottom]), id) in page.entries.iter().zip(&links) {
            let mut link = pdf.annotation(*id);
            link.subtype(AnnotationType::Link).border(0.0, 0.0, 0.0, None);
            link.rect(Rect::new(*left, HEIGHT - bottom, *right, HEIGHT - top));
            if let Some((number, y, _)) = laid.begins.get(*thread) {
                let mut action = link.action();
                action.action_type(ActionType::GoTo);
                action.destination().page(leaves[*number]).xyz(0.0, HEIGHT - y, None);
            }
        }
        let mut written = pdf.page(*leaf);
        written.parent(tree).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(stream);
        written.annotations(links);
        let mut resources = written.resources();
        let mut named = resources.fonts();
        for (face, id) in &faces {
            named.pair(Name(name_of(*face)), *id);
        }
    }
    for (face, id) in &faces {
        let empty = Used::default();
        font(&mut pdf, fonts, (*face, *id), used.get(&place_of(*face)).unwrap_or(&empty), &mut numbers)?;
    }
    bookmarks(&mut pdf, outline, laid, &leaves, &mut numbers);
    let count = i32::try_from(leaves.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(leaves).count(count);
    let mut root = pdf.catalog(catalog);
    root.pages(tree).outlines(outline).lang(TextStr(sheet.language.tag()));
    root.viewer_preferences().display_doc_title(true);
    root.finish();
    let mut info = pdf.document_info(numbers.next());
    info.title(TextStr(&sheet.title)).author(TextStr(&sheet.group)).creator(TextStr("Parvis"));
    info.finish();
    Ok(pdf.finish())
}

const FACES: [Face; 5] = [Face::Regular, Face::Italic, Face::Bold, Face::Fixed, Face::Pictures];

fn place_of(face: Face) -> usize {
    FACES.iter().position(|known| *known == face).unwrap_or_default()
}

fn name_of(face: Face) -> &'static [u8] {
    match face {
        Face::Regular => b"Literata-Regular",
        Face::Italic => b"Literata-Italic",
        Face::Bold => b"Literata-Bold",
        Face::Fixed => b"JetBrainsMono",
        Face::Pictures => b"NotoEmoji",
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes every write")
}

/// What is drawn on a page.
fn drawn(page: &Page, fonts: &Fonts, used: &mut BTreeMap<usize, Used>) -> Vec<u8> {
    let mut content = Content::new();
    content.set_fill_gray(0.0);
    for mark in &page.marks {
        match mark {
            Mark::Rule { x, y, width } => {
                content.rect(*x, HEIGHT - y - RULE, *width, RULE);
                content.fill_nonzero();
            }
            Mark::Run { x, y, size, run } => {
                let used = used.entry(place_of(run.face)).or_default();
                words(&mut content, (*x, HEIGHT - y, *size), run, fonts, used);
            }
        }
    }
    content.finish().into_vec()
}

fn words(content: &mut Content, (x, y, size): (f32, f32, f32), run: &Run, fonts: &Fonts, used: &mut Used) {
    content.begin_text();
    content.set_font(Name(name_of(run.face)), size);
    content.set_text_matrix([1.0, 0.0, 0.0, 1.0, x, y]);
    let (text, hyphen) = match run.text.strip_suffix(SOFT_HYPHEN) {
        Some(text) => (text, true),
        None => (run.text.as_str(), false),
    };
    let until =
        run.glyphs.iter().position(|glyph| glyph.text.start >= text.len()).unwrap_or(run.glyphs.len());
    let (first, last) = run.glyphs.split_at(until);
    show(content, first, run, fonts, used);
    if hyphen {
        // Read as what it is: no part of the word (ISO 32000-1 §14.9.4).
        let mut marked = content.begin_marked_content_with_properties(Name(b"Span"));
        marked.properties().actual_text(TextStr("\u{ad}"));
        marked.finish();
        show(content, last, run, fonts, used);
        content.end_marked_content();
    }
    content.end_text();
}

fn show(content: &mut Content, glyphs: &[super::fonts::Glyph], run: &Run, fonts: &Fonts, used: &mut Used) {
    let mut positioned = content.show_positioned();
    let mut items = positioned.items();
    let mut bytes: Vec<u8> = Vec::new();
    // How far the next sign stands from where the font alone would put it, in thousandths of an em.
    let mut apart = 0.0;
    for glyph in glyphs {
        let before = apart + glyph.offset * 1_000.0;
        if before.abs() > UNSEEN {
            if !bytes.is_empty() {
                items.show(Str(&bytes));
                bytes.clear();
            }
            items.adjust(-before);
        }
        let text = run.text.get(glyph.text.clone()).unwrap_or_default().replace(SOFT_HYPHEN, "-");
        let number = used.numbers.remap(glyph.id);
        used.signs.entry(number).or_insert_with(|| (glyph.id, text));
        bytes.extend(number.to_be_bytes());
        apart = (glyph.advance - glyph.offset - fonts.advance(run.face, glyph.id)) * 1_000.0;
    }
    if !bytes.is_empty() {
        items.show(Str(&bytes));
    }
    if apart.abs() > UNSEEN {
        items.adjust(-apart);
    }
}

/// A font, cut to what is used of it (ISO 32000-1 §9.7.4).
fn font(
    pdf: &mut Pdf,
    fonts: &Fonts,
    (face, id): (Face, Ref),
    used: &Used,
    numbers: &mut Numbers,
) -> Result<(), PaperFault> {
    let loaded = fonts.loaded(face);
    let cut = subsetter::subset(loaded.bytes, 0, &used.numbers)
        .map_err(|why| PaperFault(format!("the font {face:?} cannot be cut: {why}")))?;
    let (descendant, descriptor, file, map) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next());
    // Six letters and a plus say that it is a part (ISO 32000-1 §9.6.4).
    let mut name = b"PARVIS+".to_vec();
    name.extend_from_slice(name_of(face));
    let name = Name(&name);
    pdf.type0_font(id)
        .base_font(name)
        .encoding_predefined(IDENTITY)
        .descendant_font(descendant)
        .to_unicode(map);
    let mut cid = pdf.cid_font(descendant);
    cid.subtype(CidFontType::Type2).base_font(name).system_info(SYSTEM).font_descriptor(descriptor);
    cid.default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid.widths();
    for (number, (glyph, _)) in &used.signs {
        widths.consecutive(*number, [fonts.advance(face, *glyph) * 1_000.0]);
    }
    widths.finish();
    cid.finish();
    let ([ascent, descent, capitals], [left, bottom, right, top]) = fonts.measures(face);
    let italic = if face == Face::Italic { FontFlags::ITALIC } else { FontFlags::empty() };
    pdf.font_descriptor(descriptor)
        .name(name)
        .flags(FontFlags::SYMBOLIC | FontFlags::SERIF | italic)
        .bbox(Rect::new(left, bottom, right, top))
        .italic_angle(if face == Face::Italic { -12.0 } else { 0.0 })
        .ascent(ascent)
        .descent(descent)
        .cap_height(capitals)
        .stem_v(if face == Face::Bold { 140.0 } else { 90.0 })
        .font_file2(file);
    let length = i32::try_from(cut.len()).unwrap_or(i32::MAX);
    pdf.stream(file, &packed(&cut)).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
    let mut cmap = UnicodeCmap::new(Name(b"Parvis"), SYSTEM);
    for (number, (_, text)) in used.signs.iter().filter(|(_, (_, text))| !text.is_empty()) {
        cmap.pair_with_multiple(*number, text.chars());
    }
    pdf.stream(map, &packed(cmap.finish().as_slice())).filter(Filter::FlateDecode);
    Ok(())
}

/// The contents beside the page.
fn bookmarks(pdf: &mut Pdf, outline: Ref, laid: &Laid, leaves: &[Ref], numbers: &mut Numbers) {
    let items: Vec<Ref> = laid.begins.iter().map(|_| numbers.next()).collect();
    let mut whole = pdf.outline(outline);
    if let (Some(first), Some(last)) = (items.first(), items.last()) {
        whole.first(*first).last(*last).count(i32::try_from(items.len()).unwrap_or(i32::MAX));
    }
    whole.finish();
    for (at, (number, y, title)) in laid.begins.iter().enumerate() {
        let mut item = pdf.outline_item(items[at]);
        item.title(TextStr(title)).parent(outline);
        if let Some(before) = at.checked_sub(1) {
            item.prev(items[before]);
        }
        if let Some(after) = items.get(at + 1) {
            item.next(*after);
        }
        item.dest().page(leaves[*number]).xyz(0.0, HEIGHT - y, None);
    }
}
