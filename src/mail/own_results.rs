//! What was found out about a message at the door, read back from the field written then
//! (RFC 8601): the very first of what is kept, for what a stranger wrote stands below.

use super::headers::Headers;

/// Results read; more were never written.
const RESULTS_MAX: usize = 100;

/// Our own `Authentication-Results`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnResults {
    /// All of it behind our name, on one line: `spf=pass smtp.mailfrom=anne.example; …`.
    pub text: String,
    /// Each with the domain it is about.
    pub results: Vec<OwnResult>,
}

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnResult {
    /// `dkim`, `spf`, `dmarc`, `arc`
    pub method: String,
    /// `pass`, `fail`, …
    pub result: String,
    /// Whom it is about, in lower case; empty where that is not said.
    pub domain: String,
    /// `p=` of DMARC; empty where there is none.
    pub policy: String,
}

impl OwnResults {
    /// Reads the field at the top of a message; `None` if nobody looked when it came.
    pub fn of(raw: &[u8], hostname: &str) -> Option<OwnResults> {
        let (headers, _) = Headers::scan_leniently(raw);
        let first = headers.fields().first().filter(|field| field.is("authentication-results"))?;
        let value = first.value();
        let text = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let (name, rest) = text.split_once(';')?;
        if !name.trim().eq_ignore_ascii_case(hostname) {
            return None;
        }
        let results = rest.split(';').take(RESULTS_MAX).filter_map(result).collect();
        Some(OwnResults { text: rest.trim().to_owned(), results })
    }

    /// The results of one method.
    pub fn each<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a OwnResult> {
        self.results.iter().filter(move |result| result.method == method)
    }
}

fn result(text: &str) -> Option<OwnResult> {
    let mut words = text.split_whitespace();
    let (method, result) = words.next()?.split_once('=')?;
    let (mut domain, mut policy) = (String::new(), String::new());
    for word in words {
        match word.trim_matches(|c| c == '(' || c == ')').split_once('=') {
            Some(("p", value)) => policy = value.to_owned(),
            Some(("header.d" | "header.from" | "smtp.mailfrom", value)) => {
                domain = value.to_ascii_lowercase()
            }
            Some(_) | None => {}
        }
    }
    Some(OwnResult { method: method.to_owned(), result: result.to_owned(), domain, policy })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "Authentication-Results: lists.example;\r\n\tspf=softfail smtp.mailfrom=Anne.example;\r\n\t\
                        dkim=pass header.d=anne.example;\r\n\tdmarc=fail (p=reject) header.from=anne.example;\r\n\tarc=none\r\n";

    #[test]
    fn only_the_first_field_is_ours() {
        let ours =
            OwnResults::of(format!("{OURS}From: a\r\n\r\n").as_bytes(), "lists.example").expect("ours");
        assert!(
            ours.text.starts_with("spf=softfail smtp.mailfrom=Anne.example; dkim=pass "),
            "{}",
            ours.text
        );
        let told: Vec<String> = ours
            .results
            .iter()
            .map(|r| format!("{} {} {} {}", r.method, r.result, r.domain, r.policy).trim().to_owned())
            .collect();
        let expected = [
            "spf softfail anne.example",
            "dkim pass anne.example",
            "dmarc fail anne.example reject",
            "arc none",
        ];
        assert_eq!(told, expected);
        assert_eq!(ours.each("dkim").count(), 1);
        for (raw, hostname) in [
            (format!("Received: x\r\n{OURS}\r\n"), "lists.example"),
            (format!("{OURS}\r\n"), "other.example"),
            ("Authentication-Results: lists.example\r\n\r\n".to_owned(), "lists.example"),
            (String::new(), "lists.example"),
        ] {
            assert_eq!(OwnResults::of(raw.as_bytes(), hostname), None, "{raw}");
        }
    }

    #[test]
    fn every_prefix_is_read_or_not() {
        for end in 0..OURS.len() {
            let _ = OwnResults::of(&OURS.as_bytes()[..end], "lists.example");
        }
    }
}
