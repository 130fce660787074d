//! Words that are everywhere, what stands around apostrophes, and plurals no rule knows.

/// Before an apostrophe in French: no words of their own.
pub(super) const ELIDED: &[&str] = &[
    "l", "d", "j", "m", "t", "s", "c", "n", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu", "presqu",
];

/// Behind an apostrophe in English: no words of their own.
pub(super) const SUFFIXES: &[&str] = &["s", "t", "d", "m", "ll", "re", "ve"];

/// What French hangs on verbs with a hyphen.
pub(super) const PRONOUNS: &[&str] = &[
    "je", "tu", "il", "elle", "on", "ils", "elles", "ce", "moi", "toi", "lui", "leur", "y", "en", "la", "le",
    "les", "ci",
];

/// Words that nearly every French text has, without accents, sorted.
pub(super) const FRENCH: &[&str] = &[
    "a", "ai", "aie", "ainsi", "alors", "as", "au", "aucun", "aucune", "aura", "aurait", "aussi", "autre",
    "autres", "aux", "avait", "avant", "avec", "avez", "avoir", "avons", "bien", "c", "ca", "car", "ce",
    "ceci", "cela", "celle", "celles", "celui", "ces", "cet", "cette", "ceux", "chaque", "chez", "comme",
    "d", "dans", "de", "depuis", "des", "donc", "dont", "du", "elle", "elles", "en", "encore", "entre",
    "est", "et", "etaient", "etais", "etait", "etant", "etes", "etre", "eu", "eux", "faire", "fait", "faut",
    "fois", "font", "fut", "il", "ils", "j", "je", "l", "la", "le", "les", "leur", "leurs", "lui", "m", "ma",
    "mais", "me", "meme", "memes", "mes", "moi", "moins", "mon", "n", "ne", "ni", "nos", "notre", "nous",
    "on", "ont", "ou", "par", "parce", "pas", "peu", "peut", "peuvent", "plus", "pour", "pourquoi", "qu",
    "quand", "que", "quel", "quelle", "quelles", "quels", "qui", "quoi", "s", "sa", "sans", "se", "sera",
    "serait", "ses", "si", "sien", "soit", "son", "sont", "sous", "suis", "sur", "t", "ta", "te", "tes",
    "toi", "ton", "toujours", "tous", "tout", "toute", "toutes", "tres", "tu", "un", "une", "vers", "vos",
    "votre", "vous", "y",
];

/// Words that nearly every English text has, sorted.
pub(super) const ENGLISH: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "being", "both", "but", "by", "can", "could", "d", "did", "do", "does", "doing", "don",
    "down", "during", "each", "few", "for", "from", "had", "has", "have", "having", "he", "her", "here",
    "hers", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "ll", "m", "me",
    "might", "more", "most", "my", "no", "nor", "not", "now", "of", "off", "on", "only", "or", "other",
    "our", "out", "over", "own", "re", "s", "same", "shall", "she", "should", "so", "some", "such", "t",
    "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "through",
    "to", "too", "under", "until", "up", "us", "ve", "very", "was", "we", "were", "what", "when", "where",
    "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
];

/// One thing with many names, without accents, sorted; and the one they are all kept under.
pub(super) const ELECTRONIC_MAIL: &[&str] =
    &["courriel", "courriels", "email", "emails", "mail", "mails", "mel", "mels"];
pub(super) const KEPT_AS_EMAIL: &str = "email";

/// Plurals whose endings no rule takes off, and their singulars, without accents, sorted.
pub(super) const PLURALS: &[(&str, &str)] = &[
    ("adieux", "adieu"),
    ("aieux", "aieul"),
    ("aveux", "aveu"),
    ("baux", "bail"),
    ("bijoux", "bijou"),
    ("cailloux", "caillou"),
    ("cheveux", "cheveu"),
    ("choux", "chou"),
    ("cieux", "ciel"),
    ("clef", "cle"),
    ("clefs", "cle"),
    ("coraux", "corail"),
    ("dieux", "dieu"),
    ("enjeux", "enjeu"),
    ("essieux", "essieu"),
    ("feux", "feu"),
    ("genoux", "genou"),
    ("hiboux", "hibou"),
    ("jeux", "jeu"),
    ("joujoux", "joujou"),
    ("lieux", "lieu"),
    ("mesdames", "madame"),
    ("mesdemoiselles", "mademoiselle"),
    ("messieurs", "monsieur"),
    ("milieux", "milieu"),
    ("neveux", "neveu"),
    ("poux", "pou"),
    ("soupiraux", "soupirail"),
    ("travaux", "travail"),
    ("vitraux", "vitrail"),
    ("voeux", "voeu"),
    ("yeux", "oeil"),
];
