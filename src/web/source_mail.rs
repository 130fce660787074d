//! A stand-in for `mail::show`, `mail::mask` and `mail::text`. Goes away with `source`.

#![allow(missing_docs)]

#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub blocks: Vec<Block>,
    pub html: Option<CleanHtml>,
    pub attachments: Vec<Attachment>,
    pub language: Option<String>,
    pub fault: Option<Undisplayable>,
    pub preferred: Preferred,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undisplayable {
    TooDeep,
    TooManyParts,
    Unreadable,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Preferred {
    #[default]
    Text,
    Html,
}

#[derive(Clone, Debug)]
pub enum Block {
    Text(String),
    Quote { heading: Option<String>, text: String },
    Signature(String),
}

#[derive(Clone, Debug)]
pub struct CleanHtml(pub String);

#[derive(Clone, Debug)]
pub struct Attachment {
    pub n: u32,
    pub name: String,
    pub kind: AttachmentKind,
    pub media_type: String,
    pub bytes: u64,
    pub inline: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttachmentKind {
    Picture(PictureType),
    Calendar,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PictureType {
    Png,
    Jpeg,
}

impl PictureType {
    pub fn media_type(self) -> &'static str {
        match self {
            PictureType::Png => "image/png",
            PictureType::Jpeg => "image/jpeg",
        }
    }
}

pub fn show_with_pictures(raw: &[u8], _address_of: &dyn Fn(&Attachment) -> Option<String>) -> Shown {
    show(raw)
}

pub fn show(raw: &[u8]) -> Shown {
    let raw = String::from_utf8_lossy(raw).replace("\r\n", "\n");
    let body = raw.split_once("\n\n").map_or("", |(_, body)| body);
    let (body, files) = body.split_once("\n--FILES\n").unwrap_or((body, ""));
    let attachments = files
        .lines()
        .enumerate()
        .map(|(n, name)| Attachment {
            n: u32::try_from(n).unwrap_or(0) + 1,
            name: name.to_owned(),
            kind: if name.ends_with(".png") {
                AttachmentKind::Picture(PictureType::Png)
            } else {
                AttachmentKind::Other
            },
            media_type: "application/pdf".to_owned(),
            bytes: 123_456,
            inline: false,
        })
        .collect();
    let (body, signature) = body.split_once("\n-- \n").map_or((body, None), |(b, s)| (b, Some(s)));
    let mut blocks: Vec<Block> = Vec::new();
    let mut heading: Option<String> = None;
    for line in body.lines() {
        if line.ends_with("a écrit :") || line.ends_with("wrote:") {
            heading = Some(line.to_owned());
            continue;
        }
        match (line.strip_prefix('>'), blocks.last_mut()) {
            (Some(quoted), Some(Block::Quote { text, .. })) => {
                text.push('\n');
                text.push_str(quoted.trim_start());
            }
            (Some(quoted), _) => {
                blocks.push(Block::Quote { heading: heading.take(), text: quoted.trim_start().to_owned() });
            }
            (None, Some(Block::Text(text))) => {
                text.push('\n');
                text.push_str(line);
            }
            (None, _) => blocks.push(Block::Text(line.to_owned())),
        }
    }
    blocks.extend(signature.map(|s| Block::Signature(s.to_owned())));
    Shown { blocks, html: None, attachments, language: None, fault: None, preferred: Preferred::Text }
}

pub fn attachment(_raw: &[u8], _n: u32) -> Option<(Attachment, Vec<u8>)> {
    None
}

pub fn mask_addresses(text: &str) -> String {
    text.split(' ')
        .map(|word| word.split_once('@').map_or_else(|| word.to_owned(), |(local, _)| format!("{local}@…")))
        .collect::<Vec<_>>()
        .join(" ")
}

pub fn mask_raw(raw: &[u8]) -> Vec<u8> {
    mask_addresses(&String::from_utf8_lossy(raw)).into_bytes()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment<'a> {
    Plain(&'a str),
    Url(&'a str),
}

pub fn links(text: &str) -> Vec<Segment<'_>> {
    let mut found = Vec::new();
    let (mut plain, mut from) = (0, 0);
    while let Some(at) = text[from..].find("http") {
        let start = from + at;
        let end = text[start..].find(char::is_whitespace).map_or(text.len(), |n| start + n);
        if text[start..end].starts_with("http://") || text[start..end].starts_with("https://") {
            found.push(Segment::Plain(&text[plain..start]));
            found.push(Segment::Url(&text[start..end]));
            plain = end;
        }
        from = end;
    }
    found.push(Segment::Plain(&text[plain..]));
    found
}
