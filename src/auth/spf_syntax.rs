//! Whether a text is an SPF record to the letter (RFC 7208 §12).
//!
//! A record with a mistake anywhere is a permanent error (§4.6), whatever stands before the
//! mistake. The library reads some mistakes as something else, so the letter is looked at here.

/// The longest prefixes of addresses.
const IPV4_BITS: u32 = 32;
const IPV6_BITS: u32 = 128;

/// Whether everything in the record is as the grammar has it.
pub(super) fn is_correct(record: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(record) else { return false };
    let mut once = Once::default();
    text.split(' ').skip(1).filter(|term| !term.is_empty()).all(|term| is_term(term, &mut once))
}

/// What may stand in a record once (§6).
#[derive(Default)]
struct Once {
    redirect: bool,
    explanation: bool,
}

fn is_term(term: &str, once: &mut Once) -> bool {
    match term.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))) {
        Some(at) if term[at..].starts_with('=') => is_modifier(&term[..at], &term[at + 1..], once),
        Some(_) | None => is_mechanism(term.strip_prefix(['+', '-', '?', '~']).unwrap_or(term)),
    }
}

fn is_modifier(name: &str, value: &str, once: &mut Once) -> bool {
    if name.eq_ignore_ascii_case("redirect") {
        return !std::mem::replace(&mut once.redirect, true) && is_domain(value);
    }
    if name.eq_ignore_ascii_case("exp") {
        return !std::mem::replace(&mut once.explanation, true) && is_domain(value);
    }
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && macros(value).is_some()
}

fn is_mechanism(term: &str) -> bool {
    let at = term.find([':', '/']).unwrap_or(term.len());
    let (name, rest) = (term[..at].to_ascii_lowercase(), &term[at..]);
    match name.as_str() {
        "all" => rest.is_empty(),
        "include" | "exists" => rest.strip_prefix(':').is_some_and(is_domain),
        "ptr" => rest.is_empty() || rest.strip_prefix(':').is_some_and(is_domain),
        "a" | "mx" => is_host(rest),
        "ip4" => rest.strip_prefix(':').is_some_and(|network| {
            let (address, bits) = network.split_once('/').unwrap_or((network, "32"));
            address.parse::<std::net::Ipv4Addr>().is_ok() && is_length(bits, IPV4_BITS)
        }),
        "ip6" => rest.strip_prefix(':').is_some_and(|network| {
            let (address, bits) = network.split_once('/').unwrap_or((network, "128"));
            address.parse::<std::net::Ipv6Addr>().is_ok() && is_length(bits, IPV6_BITS)
        }),
        _ => false,
    }
}

/// What may stand behind `a` and `mx`: a domain, and how much of an address counts.
fn is_host(rest: &str) -> bool {
    let (rest, well) = without_length(rest, "//", IPV6_BITS);
    let (rest, also) = without_length(rest, "/", IPV4_BITS);
    well && also && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_domain))
}

/// Takes a length off the end; a slash with digits behind it is one, and must be a good one.
fn without_length<'a>(rest: &'a str, slash: &str, bits_max: u32) -> (&'a str, bool) {
    match rest.rfind(slash) {
        Some(at) if rest[at + slash.len()..].bytes().all(|byte| byte.is_ascii_digit()) => {
            (&rest[..at], is_length(&rest[at + slash.len()..], bits_max))
        }
        Some(_) | None => (rest, true),
    }
}

fn is_length(digits: &str, max: u32) -> bool {
    let written_well = digits == "0" || !digits.starts_with(['0', '+']);
    written_well && digits.parse::<u32>().is_ok_and(|bits| bits <= max)
}

/// `domain-spec`: macros and literals that end in a top label or in a macro.
fn is_domain(text: &str) -> bool {
    match macros(text) {
        Some(Ends::Macro) => true,
        Some(Ends::Literal) => {
            let text = text.strip_suffix('.').unwrap_or(text);
            text.rsplit_once('.').is_some_and(|(_, label)| is_top_label(label))
        }
        Some(Ends::Nothing) | None => false,
    }
}

fn is_top_label(label: &str) -> bool {
    let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let edges = !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    letters && edges && !label.bytes().all(|byte| byte.is_ascii_digit())
}

/// How a text with macros ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ends {
    Nothing,
    Literal,
    Macro,
}

/// Reads `macro-string`; nothing if it is none (§7.1).
fn macros(text: &str) -> Option<Ends> {
    let mut ends = Ends::Nothing;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_graphic() {
            return None;
        }
        let length = if first != '%' {
            ends = Ends::Literal;
            1
        } else {
            ends = Ends::Macro;
            macro_length(rest)?
        };
        rest = &rest[length..];
    }
    Some(ends)
}

/// How long the macro is that begins here.
fn macro_length(text: &str) -> Option<usize> {
    let behind = &text[1..];
    if behind.starts_with(['%', '_', '-']) {
        return Some(2);
    }
    let end = behind.find('}')?;
    let inner = behind[..end].strip_prefix('{')?;
    let letter = inner.chars().next()?;
    // c, r and t belong to explanations, which nobody is told (§7.2).
    if !"slodiphv".contains(letter.to_ascii_lowercase()) {
        return None;
    }
    let transformers = &inner[1..];
    let digits = transformers.bytes().take_while(u8::is_ascii_digit).count();
    // RFC 7208 §7.1: the number of labels kept is not zero.
    if digits > 0 && transformers[..digits].bytes().all(|digit| digit == b'0') {
        return None;
    }
    let delimiters = &transformers[digits..];
    let delimiters = delimiters.strip_prefix(['r', 'R']).unwrap_or(delimiters);
    delimiters.bytes().all(|byte| b".-+,/_=".contains(&byte)).then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::is_correct;

    #[test]
    fn records_to_the_letter() {
        for record in [
            "v=spf1",
            "v=spf1   -all ",
            "v=spf1 a mx:mail.anne.example/24//64 ?ptr ~all",
            "v=spf1 A:anne.example/0 MX//128 -ALL",
            "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ip6:::1 -all",
            "v=spf1 include:_spf.%{d2r} exists:%{ir}.%{l1r+-}._spf.%{d} redirect=anne.example.",
            "v=spf1 moo.cow-far_out=man:dog/cat exp=why.%{d} -all",
            "v=spf1 a:odd:name/here.anne.example -all",
            "v=spf1 include:%{o} -all",
        ] {
            assert!(is_correct(record.as_bytes()), "{record}");
        }
    }

    #[test]
    fn mistakes() {
        for record in [
            "v=spf1 ip4:192.0.2.1/33 -all",
            "v=spf1 ip4:192.0.2.1/032 -all",
            "v=spf1 ip4:192.0.2 -all",
            "v=spf1 ip6:2001:db8::/129 -all",
            "v=spf1 ip4:192.0.2.1//32 -all",
            "v=spf1 a:anne.example/33 -all",
            "v=spf1 a/24/64 -all",
            "v=spf1 a:anne.example//129 -all",
            "v=spf1 a:anne.123 -all",
            "v=spf1 a:example -all",
            "v=spf1 a: -all",
            "v=spf1 mx:-anne.ex-ample- -all",
            "v=spf1 -all:anne.example",
            "v=spf1 include -all",
            "v=spf1 exists:%{d0}.example -all",
            "v=spf1 exists:%{c}.example -all",
            "v=spf1 exists:%(d).example -all",
            "v=spf1 exists:anne.%example -all",
            "v=spf1 redirect=anne.example redirect=anne.example",
            "v=spf1 exp=a.example exp=b.example -all",
            "v=spf1 redirect=anne/example",
            "v=spf1 =anne.example",
            "v=spf1 1a=anne -all",
            "v=spf1 moo -all",
            "v=spf1 -all\u{7f}",
            "v=spf1 --all",
        ] {
            assert!(!is_correct(record.as_bytes()), "{record}");
        }
    }

    #[test]
    fn every_beginning_of_a_record_is_judged() {
        let record = "v=spf1 ?a:%{d2r.}.anne.example/24//64 exp=%%%_%-.example ip6:2001:db8::/32 -all";
        for end in 0..=record.len() {
            let _ = is_correct(&record.as_bytes()[..end]);
        }
        assert!(!is_correct(b"v=spf1 a:\xff.example"));
    }
}
