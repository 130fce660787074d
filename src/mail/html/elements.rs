//! The elements people use in mails, and what may stand in what.

/// What may stand in what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Inline,
    Block,
    /// A paragraph or heading: ended by any block.
    Paragraph,
    Item,
    Table,
    Section,
    Row,
    Cell,
    Void,
}

/// The elements that are written, and how they behave.
const ELEMENTS: [(&str, Role); 53] = [
    ("a", Role::Inline),
    ("b", Role::Inline),
    ("strong", Role::Inline),
    ("i", Role::Inline),
    ("em", Role::Inline),
    ("u", Role::Inline),
    ("s", Role::Inline),
    ("del", Role::Inline),
    ("ins", Role::Inline),
    ("sub", Role::Inline),
    ("sup", Role::Inline),
    ("small", Role::Inline),
    ("code", Role::Inline),
    ("tt", Role::Inline),
    ("kbd", Role::Inline),
    ("samp", Role::Inline),
    ("var", Role::Inline),
    ("q", Role::Inline),
    ("cite", Role::Inline),
    ("abbr", Role::Inline),
    ("mark", Role::Inline),
    ("bdi", Role::Inline),
    ("span", Role::Inline),
    ("div", Role::Block),
    ("blockquote", Role::Block),
    ("pre", Role::Block),
    ("ul", Role::Block),
    ("ol", Role::Block),
    ("dl", Role::Block),
    ("figure", Role::Block),
    ("figcaption", Role::Block),
    ("p", Role::Paragraph),
    ("h1", Role::Paragraph),
    ("h2", Role::Paragraph),
    ("h3", Role::Paragraph),
    ("h4", Role::Paragraph),
    ("h5", Role::Paragraph),
    ("h6", Role::Paragraph),
    ("li", Role::Item),
    ("dt", Role::Item),
    ("dd", Role::Item),
    ("table", Role::Table),
    ("thead", Role::Section),
    ("tbody", Role::Section),
    ("tfoot", Role::Section),
    ("tr", Role::Row),
    ("td", Role::Cell),
    ("th", Role::Cell),
    ("caption", Role::Cell),
    ("br", Role::Void),
    ("hr", Role::Void),
    ("wbr", Role::Void),
    ("img", Role::Void),
];

/// Other names for the same thing.
const ALIASES: [(&str, &str); 14] = [
    ("center", "div"),
    ("section", "div"),
    ("article", "div"),
    ("header", "div"),
    ("footer", "div"),
    ("main", "div"),
    ("aside", "div"),
    ("nav", "div"),
    ("address", "div"),
    ("fieldset", "div"),
    ("strike", "s"),
    ("dir", "ul"),
    ("menu", "ul"),
    ("acronym", "abbr"),
];

/// The names ammonia has to allow.
pub(super) fn element_names() -> impl Iterator<Item = &'static str> {
    ELEMENTS.iter().map(|(name, _)| *name)
}

pub(super) fn element(name: &str) -> Option<(&'static str, Role)> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    ELEMENTS.iter().find(|(known, _)| *known == name).copied()
}
