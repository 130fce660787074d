//! The two communities, as they are in `data/demo/`.

use crate::domain::list::Language;

/// One community.
pub(super) struct Community {
    pub(super) address: &'static str,
    pub(super) name: &'static str,
    pub(super) language: Language,
    pub(super) description: &'static str,
    pub(super) promise: &'static str,
    /// CSV.
    pub(super) members: &'static str,
    /// mbox.
    pub(super) archive: &'static [u8],
    /// Posts to be sent, by their file names.
    pub(super) live: &'static [(&'static str, &'static [u8])],
}

macro_rules! live {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../data/demo/live/", $name)))),+]
    };
}

pub(super) static COMMUNITIES: [Community; 2] = [
    Community {
        address: "quartier@parvis.example",
        name: "Le quartier des Lilas",
        language: Language::Fr,
        description: "Les nouvelles du quartier, entre voisines et voisins.",
        promise: "Quelques messages par semaine, entre voisins, et jamais de publicité.",
        members: include_str!("../../data/demo/quartier.csv"),
        archive: include_bytes!("../../data/demo/quartier.mbox"),
        live: live![
            "quartier-01.eml",
            "quartier-02.eml",
            "quartier-03.eml",
            "quartier-04.eml",
            "quartier-05.eml",
            "quartier-06.eml",
        ],
    },
    Community {
        address: "allotments@parvis.example",
        name: "Millbrook Allotments",
        language: Language::En,
        description: "Plots, slugs and the water butts: the Millbrook allotment holders.",
        promise: "A few messages a week from fellow plot holders, and nothing for sale.",
        members: include_str!("../../data/demo/allotments.csv"),
        archive: include_bytes!("../../data/demo/allotments.mbox"),
        live: live![
            "allotments-01.eml",
            "allotments-02.eml",
            "allotments-03.eml",
            "allotments-04.eml",
            "allotments-05.eml",
            "allotments-06.eml",
        ],
    },
];
