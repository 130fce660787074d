//! The wording of reports that follow no standard: forty years of servers, in the languages they
//! speak. Data, for the most part; compared in small letters, anywhere in a line.

use super::Cause;

/// Nobody lives there, or the house is gone.
const NO_SUCH_MAILBOX: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such mailbox",
    "no such person",
    "no such recipient",
    "no such account",
    "no such address",
    "no such local user",
    "does not exist",
    "doesn't exist",
    "not exist",
    "unknown recipient",
    "recipient unknown",
    "unknown local",
    "unknown address",
    "address unknown",
    "unknown mailbox",
    "mailbox unknown",
    "mailbox not found",
    "mail-box not found",
    "no mailbox found",
    "no mail box available",
    "mailbox unavailable",
    "mailbox is unavailable",
    "invalid recipient",
    "invalid mailbox",
    "invalid address",
    "invalid user",
    "bad address",
    "bad destination",
    "user not found",
    "recipient not found",
    "account not found",
    "address not found",
    "not found in directory",
    "not listed in",
    "no mailbox here",
    "is not an active address",
    "bad_recipient",
    "no account by that name",
    "is not a valid",
    "not a valid mailbox",
    "not a known user",
    "not known at this site",
    "unknown or illegal alias",
    "unknown or invalid",
    "undefined mail",
    "no valid recipient",
    "recipient address rejected",
    "address rejected",
    "recipient rejected",
    "no user by that",
    "there is no one at this address",
    "addressee unknown",
    "account has been disabled",
    "account is disabled",
    "account disabled",
    "mailbox disabled",
    "mailbox is disabled",
    "account inactive",
    "inactive user",
    "mailbox is inactive",
    "account is not active",
    "no longer",
    "has moved",
    "user doesn't have",
    "user is unknown",
    "account has been suspended",
    "account expired",
    "user unknown in",
    "not our customer",
    "isn't in my list",
    "this user doesn't have",
    "couldn't be found",
    "could not be found",
    "wasn't found",
    "was not found",
    "host unknown",
    "unknown host",
    "host not found",
    "unknown domain",
    "domain not found",
    "no such domain",
    "domain does not",
    "name or service not known",
    "nxdomain",
    "unrouteable",
    "unroutable",
    "no mx",
    "null mx",
    "illegal host",
    "bad host",
    "name service error",
    "couldn't find any host",
    "couldn't find host",
    "dns error",
    "utilisateur inconnu",
    "destinataire inconnu",
    "adresse inconnue",
    "n'existe pas",
    "n’existe pas",
    "boîte inexistante",
    "unbekannt",
    "existiert nicht",
    "nicht gefunden",
    "usuario desconocido",
    "no existe",
    "destinatario sconosciuto",
    "utente sconosciuto",
    "não existe",
    "neexistuje",
    "ukjent",
    "not authorized to receive",
    "unable to find",
    "not in the directory",
    "ambiguous",
    "not recognised",
    "not recognized",
    "no matches to",
    "該当するアカウント",
    "存在しません",
    "宛先不明",
    "用户不存在",
    "不存在",
    "не существует",
    "не найден",
    "bad recipient",
    "550 5.1.1",
    "delivery to this address is restricted",
    "deactivated",
    "discontinued",
    "invalid final delivery",
    "check if address is correct",
    "check the domain",
    "dns lookup failure",
    "disabled recipient",
    "no matching recipient",
    "見つかりません",
    "リストにありません",
];

/// No room.
const FULL: &[&str] = &[
    "has too many messages on",
    "quota",
    "mailbox full",
    "mailbox is full",
    "mailbox has exceeded",
    "over its limit",
    "storage limit",
    "disk full",
    "inbox is full",
    "inbox full",
    "account is full",
    "is full",
    "too many messages in",
    "exceeded storage",
    "exceeds the maximum storage",
    "out of storage",
    "insufficient disk",
    "insufficient system storage",
    "no space",
    "not enough space",
    "mailbox size limit",
    "mailfolder is full",
    "boîte pleine",
    "boite pleine",
    "pleine",
    "postfach ist voll",
    "speicherplatz",
    "buzón lleno",
    "buzon lleno",
    "casella piena",
    "caixa cheia",
    "552 5.2.2",
    "space shortage",
    "переполнен",
    "容量",
    "已满",
    "exceeds allowed size",
    "messages in recipient's mailbox",
    "enough disk space",
];

/// Not the person's fault: what was sent, and by whom.
const POLICY: &[&str] = &[
    "spam",
    "blacklist",
    "black list",
    "blocklist",
    "block list",
    "blocked",
    "blocking",
    "dnsbl",
    " rbl",
    "spamhaus",
    "spamcop",
    "barracuda",
    "reputation",
    "dmarc",
    "dkim",
    " spf",
    "spf ",
    "unsolicited",
    "virus",
    "malware",
    "content",
    "policy",
    "prohibited",
    "message rejected",
    "message refused",
    "mail rejected",
    "not accepted for policy",
    "access denied",
    "not allowed",
    "not permitted",
    "unauthenticated",
    "unauthorized",
    "not authorized",
    "authentication",
    "relaying",
    "relay denied",
    "relay access",
    "relay not permitted",
    "suspicious",
    "phish",
    "banned",
    "denied by",
    "poor reputation",
    "too many",
    "rate limit",
    "throttl",
    "sender rejected",
    "sender verify",
    "sender address",
    "reverse dns",
    "no ptr",
    "ptr record",
    "helo",
    "message size",
    "message too large",
    "too large",
    "too big",
    "exceeds maximum message",
    "maximum size",
    "exceeds size",
    "size limit",
    "size exceeds",
    "attachment",
    "header",
    "invalid mail",
    "refused by",
    "bounce-back filter",
    "bulk",
    "objectionable",
    "challenge",
    "greylist",
    "graylist",
    "indésirable",
    "indesirable",
    "rejeté par",
    "abgelehnt",
    "rdns",
    "client ip",
    "client host rejected",
    "protocol violation",
    "line limit",
    "line length",
    "unverifyable",
    "unverifiable",
    "mail relay",
    "mail exchanger",
    "invalid ip for",
    " ptr ",
    "a problem occurred",
    "service refuse",
    "mail rejete",
    "is listed in",
    "at a rate",
    "not a member of",
    "not member",
];

/// Nobody answered there.
const UNREACHABLE: &[&str] = &[
    "timed out",
    "timeout",
    "time out",
    "connection refused",
    "connection reset",
    "connection dropped",
    "no route to host",
    "network is unreachable",
    "network unreachable",
    "could not connect",
    "couldn't connect",
    "unable to connect",
    "cannot connect",
    "expired",
    "retry time",
    "too long",
    "delivery time",
    "host is down",
    "not responding",
    "did not respond",
    "no response",
    "undeliverable for",
    "gave up",
    "giving up",
    "unreachable",
    "temporarily",
    "try again",
    "try later",
    "in the queue",
    "retries",
    "mail loop",
    "too many hops",
    "loops back",
    "service unavailable",
    "service not available",
    "i/o error",
    "conversation",
    "lost connection",
    "attempts",
    "not reachable",
    "essayer plus tard",
];

/// Nothing is lost yet.
const DELAYED: &[&str] = &[
    "delayed",
    "will be retried",
    "will keep trying",
    "will continue to try",
    "will try again",
    "still trying",
    "keep trying",
    "continue to attempt",
    "has not yet been delivered",
    "not yet been delivered",
    "not been delivered yet",
    "could not be delivered for",
    "could not send message for past",
    "no action is required",
    "you do not need to resend",
    "do not need to resend",
    "need not resend",
    "delivery attempts will continue",
    "this is a warning message only",
    "temporary delivery",
    "transient",
    "warning: could not",
    "warning: message",
    "could not yet",
    "retried until",
    "retrying",
    "have not been able to deliver",
    "hasn't been delivered yet",
    "in the next few days",
    "has been deferred",
    "sera retentée",
    "noch nicht zugestellt",
    "all further attempts",
    "automatically retry",
    "message still undelivered",
];

/// Only these make a delay of a report that speaks of failure too.
const WARNS: &[&str] = &[
    "this is a warning message only",
    "you do not need to resend",
    "do not need to resend",
    "no action is required",
    "warning: could not send",
    "will be retried",
    "will continue to try",
    "delivery attempts will continue",
    "will keep trying",
    "not yet been delivered",
    "still undelivered",
    "delivery status notification (delay)",
    "delayed mail",
    "warning: message",
];

/// It failed.
const FAILED: &[&str] = &[
    "undeliverable",
    "undelivered",
    "not deliver",
    "could not be delivered",
    "couldn't be delivered",
    "cannot be delivered",
    "can't be delivered",
    "not be delivered",
    "was not delivered",
    "wasn't delivered",
    "unable to deliver",
    "could not deliver",
    "couldn't deliver",
    "delivery failed",
    "delivery failure",
    "delivery has failed",
    "failed to deliver",
    "delivery error",
    "delivery unsuccessful",
    "delivery problem",
    "non-delivery",
    "nondeliverable",
    "non deliverable",
    "non-deliverable",
    "permanent error",
    "permanent failure",
    "permanent fatal",
    "fatal error",
    "returned mail",
    "returned to sender",
    "return to sender",
    "being returned",
    "failure notice",
    "failed recipient",
    "failed address",
    "did not reach",
    "bounced",
    "bounce message",
    "mail failure",
    "mail system error",
    "mail error",
    "message rejected",
    "message was rejected",
    "has been rejected",
    "rejected for",
    "error in delivery",
    "unable to relay",
    "delivery status notification (failure)",
    "mail could not",
    "not processed",
    "i was unable",
    "i'm afraid",
    "n'a pas pu être",
    "n’a pas pu être",
    "non remis",
    "non distribu",
    "échec",
    "echec",
    "n'a pu être",
    "impossible de",
    "unzustellbar",
    "nicht zugestellt",
    "konnte nicht",
    "no se pudo",
    "no ha podido",
    "no entregado",
    "mancata consegna",
    "impossibile",
    "não foi possível",
    "niet worden afgeleverd",
    "onbestelbaar",
    "kunde inte",
    "kunne ikke",
    "wasn't able",
    "was unable to",
    "has been returned",
    "sorry, ",
    "unsuccessful",
    "failed:",
    "error from",
    "not accepted",
    "failed permanently",
    "was aborted",
    "recipients failed",
    "recipient failed",
    "failed mail",
    "automatically rejected",
    "送信できませんでした",
    "配信できません",
    "届きません",
    "无法送达",
    "退信",
    "не доставлено",
    "не удалось доставить",
    "address error",
    "unknown user",
    "user unknown",
    "no such user",
    "unknown address",
    "attempting to deliver",
    "delivery problems",
    "not able to be",
];

/// Subjects of reports.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "returned mail",
    "delivery",
    "failure notice",
    "failure",
    "non remis",
    "non remise",
    "nondeliver",
    "non-deliver",
    "mail system error",
    "returned to",
    "unzustellbar",
    "mail error",
    "message status",
    "bounce",
    "could not",
    "couldn't",
    "not delivered",
    "rejected",
    "warning",
    "échec",
    "echec",
    "unknown",
    "delayed",
    "non distribu",
    "return",
    "problem",
    "failed mail",
    "エラー",
    "配信",
    "退信",
    "не доставлено",
    "no entregado",
    "mancata",
    "nicht",
    "error",
    "unable",
    "cannot",
];

/// Subjects of those who are away.
const ABSENCE: &[&str] = &[
    "out of office",
    "out of the office",
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "automatic response",
    "auto response",
    "autoresponse",
    "vacation",
    "absence",
    "absent",
    "réponse automatique",
    "reponse automatique",
    "abwesen",
    "on leave",
    "away from",
    "holiday",
    "fuera de",
    "congé",
    "automatische antwort",
    "thank you for",
    "read:",
    "lu :",
    "lu:",
    "not read:",
    "i am away",
    "on holiday",
    "i'm away",
    "out-of-office",
    "automated reply",
    "autorespon",
    "auto-respon",
];

fn any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// The sender's allowance, and the rules of a group: before what sounds like a full or a missing one.
const OF_THE_SENDER: &[&str] =
    &["relay quota", "sending quota", "message quota", "permission to post", "groups.google.com"];

/// It went in circles, or a machine of theirs failed, whatever else is said.
const THEIR_MACHINE: &[&str] = &[
    "too many hops",
    "hop count",
    "mail loop",
    "loops back",
    "routing loop",
    "internal system error",
    "internal error",
    "mailer error",
    "system error",
];

/// « blocked because the user is unknown » is about the user.
const FIRMLY_GONE: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "does not exist",
    "doesn't exist",
    "may not exist",
    "mailbox not found",
    "mail-box not found",
    "no mailbox found",
    "no mail box available",
    "mailbox unavailable",
    "recipient address rejected: user",
    "recipient address rejected: access denied",
    "invalid recipient",
    "unknown recipient",
    "account is blocked",
    "account disabled",
    "account is disabled",
    "compte du destinataire est bloqu",
];

/// A connection that ended is no opinion of anybody's.
const FIRMLY_UNREACHABLE: &[&str] =
    &["lost connection", "connection timed out", "connection refused", "connection reset"];

/// What makes any of that a matter of reputation.
const REPUTATION: &[&str] =
    &["spamhaus", "dmarc", "reputation", "blacklist", "blocklist", "rejected for policy"];

/// What a few lines say was the reason.
pub(super) fn cause(text: &str) -> Cause {
    // Names of fields of a header that is quoted are no words about content.
    let small = text.to_lowercase().replace("content-", "").replace("header fields", "");
    let liked = !any(&small, REPUTATION);
    if any(&small, OF_THE_SENDER) {
        Cause::Policy
    } else if any(&small, FULL) {
        Cause::Full
    } else if any(&small, THEIR_MACHINE) {
        Cause::Unreachable
    } else if any(&small, FIRMLY_GONE) && liked {
        Cause::NoSuchMailbox
    } else if any(&small, FIRMLY_UNREACHABLE) && liked {
        Cause::Unreachable
    } else if any(&small, POLICY) {
        Cause::Policy
    } else if any(&small, NO_SUCH_MAILBOX) {
        Cause::NoSuchMailbox
    } else if any(&small, UNREACHABLE) {
        Cause::Unreachable
    } else {
        Cause::Unknown
    }
}

/// Whether a line speaks of why.
pub(super) fn is_telling(small: &str) -> bool {
    any(small, NO_SUCH_MAILBOX) || any(small, FULL) || any(small, FAILED)
}

/// Lines after the one with a code that still belong to what the server said.
const SAID_LINES_MAX: usize = 4;

/// A text without what scanners stamp below any mail: “checked by … antivirus” is no reason.
pub(super) fn without_stamps(human: &str) -> String {
    const SCANNERS: [&str; 10] = [
        "nod32",
        "antivirus system",
        "avast",
        "avg anti",
        "antivirus software",
        "mailscanner",
        "scanned for viruses",
        "scanned for all viruses",
        "virus-free",
        "sin virus",
    ];
    let is_stamp = |line: &&str| {
        let small = line.to_lowercase();
        SCANNERS.iter().any(|scanner| small.contains(scanner))
            && !small.contains("reject")
            && !small.contains("found")
            && !small.contains("infected")
    };
    human.split_inclusive('\n').filter(|line| !is_stamp(line)).collect()
}

/// The line that says why, best with a code; with what follows it, if it has one.
pub(super) fn telling_line(human: &str) -> String {
    let lines: Vec<&str> = human.lines().map(str::trim).collect();
    let coded = |line: &str| {
        let three = line.as_bytes().windows(4).any(|four| {
            matches!(four[0], b'4' | b'5')
                && four[1].is_ascii_digit()
                && four[2].is_ascii_digit()
                && matches!(four[3], b' ' | b'-')
        });
        three || super::status::enhanced(line).is_some()
    };
    let reason = |line: &str| {
        let small = line.to_lowercase();
        any(&small, NO_SUCH_MAILBOX) || any(&small, FULL) || any(&small, POLICY)
    };
    let first =
        |wanted: &dyn Fn(&str) -> bool| lines.iter().position(|line| !line.is_empty() && wanted(line));
    let found = first(&|line| coded(line) && reason(line)).or_else(|| first(&coded));
    let Some(at) = found else {
        let found = first(&reason).or_else(|| first(&|line| is_telling(&line.to_lowercase())));
        return found.map_or(String::new(), |at| lines[at].to_owned());
    };
    let code = |line: &str| {
        line.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned)
    };
    let own = code(lines[at].trim_start_matches(['<', ' ']));
    let ends = |line: &str| {
        let small = line.to_lowercase();
        let other = ["giving up", "---", "<<<", ">>>", "..."].iter().any(|start| small.starts_with(start));
        let next = code(line).is_some_and(|code| own.as_ref().is_some_and(|own| *own != code));
        line.is_empty() || other || next || (line.starts_with('<') && line.ends_with(':'))
    };
    let rest = lines[at + 1..].iter().take_while(|line| !ends(line)).take(SAID_LINES_MAX);
    std::iter::once(&lines[at]).chain(rest).copied().collect::<Vec<_>>().join(" ")
}

/// Whether that is about an allowance of the sender, or the rules of a group.
pub(super) fn is_of_the_sender(text: &str) -> bool {
    any(&text.to_lowercase(), OF_THE_SENDER)
}

/// The subject some providers give to a message somebody called unwanted, where they send no report.
pub(super) fn is_complaint(subject: &str) -> bool {
    subject.to_lowercase().starts_with("complaint about message from ")
}

pub(super) fn is_daemon(from: &str) -> bool {
    let from = from.to_lowercase();
    let daemons = [
        "mailer-daemon",
        "mailer daemon",
        "post_master",
        "mailer_daemon",
        "maildaemon",
        "mail-daemon",
        "postmaster",
        "mdaemon",
        "mail delivery",
        "mail system",
        "mailsystem",
        "daemon@",
        "postoffice",
        "mail administrator",
        "mailadmin",
        "system administrator",
        "<>",
        "smtp",
        "mail-master",
        "bounce",
        "mailerdaemon",
        "mail router",
        "exchange",
        "administrator",
        "no-reply",
        "noreply",
        "gateway",
        "mmdf",
        "uucp",
        "internet mail",
    ];
    any(&from, &daemons)
}

pub(super) fn is_absence(subject: &str) -> bool {
    any(&subject.to_lowercase(), ABSENCE)
}

/// What subject and text have of a report.
pub(super) struct Signs {
    pub(super) subject: bool,
    pub(super) failed: bool,
    pub(super) delayed: bool,
    pub(super) warns: bool,
    reason: bool,
}

impl Signs {
    pub(super) fn of(subject: &str, human: &str) -> Signs {
        let (subject, human) = (subject.to_lowercase(), human.to_lowercase());
        let human = human.split_whitespace().collect::<Vec<_>>().join(" ");
        Signs {
            subject: any(&subject, SUBJECTS),
            failed: any(&human, FAILED) || any(&subject, FAILED),
            delayed: any(&human, DELAYED) || any(&subject, DELAYED),
            warns: any(&human, WARNS) || any(&subject, WARNS),
            reason: any(&human, NO_SUCH_MAILBOX) || any(&human, FULL),
        }
    }

    pub(super) fn is_bounce(&self, by_machine: bool) -> bool {
        let says = self.failed || self.delayed || self.reason;
        says && (by_machine || self.subject)
    }
}
