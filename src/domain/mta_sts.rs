//! What we ask of those who bring mail here, once the DNS says that we do: encryption, with a
//! certificate that holds (MTA-STS, RFC 8461). Texts only; `web` shows them, `init` and `check` say
//! which records go with them.

/// Where the policy is read (RFC 8461 §3.3).
pub const PATH: &str = "/.well-known/mta-sts.txt";

/// For how long others remember it, in seconds. A week: longer than any failure of ours is meant to
/// last, and short enough to move a server.
const AGE_SECONDS: u32 = 7 * 24 * 3600;

/// The host whose pages have the policy of a domain (RFC 8461 §3.3).
pub fn host(domain: &str) -> String {
    format!("mta-sts.{domain}")
}

/// The name whose text says that there is a policy (RFC 8461 §3.1).
pub fn record_name(domain: &str) -> String {
    format!("_mta-sts.{domain}")
}

/// The policy of every domain whose mail comes to `server` alone (RFC 8461 §3.2).
pub fn policy(server: &str) -> String {
    format!("version: STSv1\r\nmode: enforce\r\nmx: {server}\r\nmax_age: {AGE_SECONDS}\r\n")
}

/// The text that says so. Its id is another whenever the policy is, by which others know that they
/// have to read it again.
pub fn record(server: &str) -> String {
    // FNV-1a: told apart is all it has to be.
    let id = policy(server).bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("v=STSv1; id={id:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_policy_has_another_id_and_every_id_is_one() {
        let (one, other) = (record("lists.example.org"), record("mail.example.org"));
        assert_ne!(one, other);
        for record in [one, other] {
            let id = record.strip_prefix("v=STSv1; id=").expect("RFC 8461 §3.1");
            assert!(id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{record}");
        }
    }
}
