//! How French puts *de* and *à* before what a group is called: « du quartier », « aux Lilas », « d’Ici ».

use super::list::Language;

/// A name with *de* before it, or *of*.
pub fn of(name: &str, language: Language) -> String {
    match (language, article(name)) {
        (Language::En, _) => format!("of {name}"),
        (Language::Fr, Some((Article::Le, rest))) => format!("du {rest}"),
        (Language::Fr, Some((Article::Les, rest))) => format!("des {rest}"),
        (Language::Fr, Some((Article::La, rest))) => format!("de la {rest}"),
        (Language::Fr, Some((Article::Elided, rest))) => format!("de l’{rest}"),
        (Language::Fr, None) if begins_with_vowel(name) => format!("d’{name}"),
        (Language::Fr, None) => format!("de {name}"),
    }
}

/// A name with *à* before it, or *to*.
pub fn to(name: &str, language: Language) -> String {
    match (language, article(name)) {
        (Language::En, _) => format!("to {name}"),
        (Language::Fr, Some((Article::Le, rest))) => format!("au {rest}"),
        (Language::Fr, Some((Article::Les, rest))) => format!("aux {rest}"),
        (Language::Fr, Some((Article::La, rest))) => format!("à la {rest}"),
        (Language::Fr, Some((Article::Elided, rest))) => format!("à l’{rest}"),
        (Language::Fr, None) => format!("à {name}"),
    }
}

#[derive(Clone, Copy)]
enum Article {
    Le,
    La,
    Les,
    Elided,
}

/// The article a name begins with, and what follows it.
fn article(name: &str) -> Option<(Article, &str)> {
    let known = [
        (Article::Le, "le "),
        (Article::La, "la "),
        (Article::Les, "les "),
        (Article::Elided, "l’"),
        (Article::Elided, "l'"),
    ];
    known.into_iter().find_map(|(article, word)| {
        let (start, rest) = name.split_at_checked(word.len())?;
        // « LE LAB » is what it is called.
        let written = start.chars().skip(1).all(|c| !c.is_uppercase());
        (written && start.to_lowercase() == word && !rest.trim().is_empty()).then_some((article, rest))
    })
}

/// Whether *de* loses its end. An h may be silent or not, a y too: these keep it.
fn begins_with_vowel(name: &str) -> bool {
    let first = name.chars().next().and_then(|c| c.to_lowercase().next());
    first.is_some_and(|c| "aàâäeéèêëiîïoôöuùûüœæ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_one_says_it() {
        for (name, with_of, with_to) in [
            ("Le quartier des Lilas", "du quartier des Lilas", "au quartier des Lilas"),
            ("Les Lilas", "des Lilas", "aux Lilas"),
            ("La Ruche", "de la Ruche", "à la Ruche"),
            ("L’Atelier", "de l’Atelier", "à l’Atelier"),
            ("L'Atelier", "de l’Atelier", "à l’Atelier"),
            ("Amap des Tilleuls", "d’Amap des Tilleuls", "à Amap des Tilleuls"),
            ("École du bourg", "d’École du bourg", "à École du bourg"),
            ("Jardin partagé", "de Jardin partagé", "à Jardin partagé"),
            ("LE LAB", "de LE LAB", "à LE LAB"),
            ("Le ", "de Le ", "à Le "),
            ("Lésine", "de Lésine", "à Lésine"),
            ("é", "d’é", "à é"),
            ("", "de ", "à "),
        ] {
            assert_eq!((of(name, Language::Fr), to(name, Language::Fr)), (with_of.into(), with_to.into()));
        }
        assert_eq!(of("Le Marais", Language::En), "of Le Marais");
        assert_eq!(to("Les Lilas", Language::En), "to Les Lilas");
    }
}
