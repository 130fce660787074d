//! A DNS server on this machine that answers from a table, or misbehaves as it is told.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SOA, TLSA, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// How it treats questions about a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// Never says anything.
    Hang,
    ServFail,
    Refused,
    /// TC=1, over TCP too.
    AlwaysTruncated,
    /// Bytes that are no answer.
    Garbage,
    /// An answer to another question.
    WrongId,
}

#[derive(Default)]
struct Table {
    records: HashMap<String, Vec<RData>>,
    manners: HashMap<String, Manner>,
    all: Option<Manner>,
    verified: Vec<String>,
    asked: Vec<(String, RecordType)>,
}

/// One server; it ends when it is dropped.
pub(crate) struct FakeDns {
    pub(crate) address: SocketAddr,
    table: Arc<Mutex<Table>>,
    _tasks: JoinSet<()>,
}

const TTL: u32 = 300;

impl FakeDns {
    pub(crate) async fn start() -> FakeDns {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let table: Arc<Mutex<Table>> = Arc::default();
        let mut tasks = JoinSet::new();
        let here = table.clone();
        tasks.spawn(async move {
            let mut buffer = vec![0; 4096];
            loop {
                let Ok((length, from)) = udp.recv_from(&mut buffer).await else { return };
                if let Some(answer) = answer(&here, &buffer[..length], Some(1232)) {
                    let _ = udp.send_to(&answer, from).await;
                }
            }
        });
        let here = table.clone();
        tasks.spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((mut socket, _)) = tcp.accept().await {
                let here = here.clone();
                talks.spawn(async move {
                    while let Ok(length) = socket.read_u16().await {
                        let mut question = vec![0; usize::from(length)];
                        if socket.read_exact(&mut question).await.is_err() {
                            return;
                        }
                        let Some(answer) = answer(&here, &question, None) else { continue };
                        let length = u16::try_from(answer.len()).unwrap();
                        if socket.write_all(&[&length.to_be_bytes(), &answer[..]].concat()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        FakeDns { address, table, _tasks: tasks }
    }

    fn add(&self, name: &str, data: RData) -> &FakeDns {
        self.table.lock().unwrap().records.entry(name.to_ascii_lowercase()).or_default().push(data);
        self
    }

    pub(crate) fn txt(&self, name: &str, text: &str) -> &FakeDns {
        let parts = text.as_bytes().chunks(255).map(|part| String::from_utf8(part.to_vec()).unwrap());
        self.add(name, RData::TXT(TXT::new(parts.collect())))
    }

    pub(crate) fn ip(&self, name: &str, address: &str) -> &FakeDns {
        self.add(
            name,
            match address.parse().unwrap() {
                IpAddr::V4(address) => RData::A(A(address)),
                IpAddr::V6(address) => RData::AAAA(AAAA(address)),
            },
        )
    }

    pub(crate) fn mx(&self, name: &str, preference: u16, exchange: &str) -> &FakeDns {
        self.add(name, RData::MX(MX::new(preference, full(exchange))))
    }

    pub(crate) fn alias(&self, name: &str, target: &str) -> &FakeDns {
        self.add(name, RData::CNAME(CNAME(full(target))))
    }

    /// `name` as in `7.2.0.192.in-addr.arpa`.
    pub(crate) fn ptr(&self, name: &str, target: &str) -> &FakeDns {
        self.add(name, RData::PTR(PTR(full(target))))
    }

    pub(crate) fn tlsa(&self, name: &str, usage: u8, selector: u8, matching: u8, data: &[u8]) -> &FakeDns {
        let tlsa = TLSA::new(
            CertUsage::from(usage),
            Selector::from(selector),
            Matching::from(matching),
            data.to_vec(),
        );
        self.add(name, RData::TLSA(tlsa))
    }

    /// What it says about this name it has verified (AD).
    pub(crate) fn verified(&self, name: &str) -> &FakeDns {
        self.table.lock().unwrap().verified.push(name.to_owned());
        self
    }

    pub(crate) fn manner(&self, name: &str, manner: Manner) -> &FakeDns {
        self.table.lock().unwrap().manners.insert(name.to_owned(), manner);
        self
    }

    /// To every question, the root's own included.
    pub(crate) fn all(&self, manner: Option<Manner>) -> &FakeDns {
        self.table.lock().unwrap().all = manner;
        self
    }

    /// What it was asked so far, tries and transports counted one by one.
    pub(crate) fn asked(&self) -> Vec<(String, RecordType)> {
        self.table.lock().unwrap().asked.clone()
    }
}

fn full(name: &str) -> Name {
    // Also what is no host's name: strangers publish such things.
    let labels = name.trim_end_matches('.').split('.').filter(|label| !label.is_empty());
    let mut name = Name::from_labels(labels.map(str::as_bytes)).unwrap();
    name.set_fqdn(true);
    name
}

fn answer(table: &Mutex<Table>, question: &[u8], limit: Option<usize>) -> Option<Vec<u8>> {
    let mut table = table.lock().unwrap();
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let text = query.name().to_ascii().to_ascii_lowercase();
    let text = text.trim_end_matches('.');
    table.asked.push((text.to_owned(), query.query_type()));
    let mut response = Message::response(question.metadata.id, question.metadata.op_code);
    response.metadata.recursion_desired = true;
    response.metadata.recursion_available = true;
    response.add_query(query.clone());
    match table.all.or_else(|| table.manners.get(text).copied()) {
        Some(Manner::Hang) => return None,
        Some(Manner::ServFail) => response.metadata.response_code = ResponseCode::ServFail,
        Some(Manner::Refused) => response.metadata.response_code = ResponseCode::Refused,
        Some(Manner::AlwaysTruncated) => response.metadata.truncation = true,
        Some(Manner::Garbage) => return Some(vec![0xff; 40]),
        Some(Manner::WrongId) => {
            response.metadata.id = response.metadata.id.wrapping_add(1);
            fill(&table, query.name(), query.query_type(), &mut response);
        }
        None => {
            let verified = table.verified.iter().any(|known| known == text);
            response.metadata.authentic_data = verified && question.metadata.authentic_data;
            fill(&table, query.name(), query.query_type(), &mut response);
        }
    }
    let bytes = response.to_vec().ok()?;
    if limit.is_none_or(|limit| bytes.len() <= limit) && bytes.len() <= usize::from(u16::MAX) {
        return Some(bytes);
    }
    response.answers.clear();
    response.metadata.truncation = true;
    response.to_vec().ok()
}

#[allow(clippy::wildcard_enum_match_arm, reason = "another's enum, of all there is in the DNS")]
/// The records of a name and, as a resolver would, of what its alias leads to.
fn fill(table: &Table, name: &Name, kind: RecordType, response: &mut Message) {
    let mut at = name.clone();
    let mut size = 0;
    for _ in 0..4 {
        let text = at.to_ascii().to_ascii_lowercase();
        let Some(records) = table.records.get(text.trim_end_matches('.')) else { break };
        for data in records.iter().filter(|data| data.record_type() == kind) {
            let record = Record::from_rdata(at.clone(), TTL, data.clone());
            // As much as goes into one message.
            let texts = match data {
                RData::TXT(text) => text.txt_data.iter().map(|part| part.len() + 1).sum(),
                _ => 40,
            };
            size += 40 + texts;
            if size < 62_000 {
                response.add_answer(record);
            }
        }
        let alias = records.iter().find_map(|data| match data {
            RData::CNAME(target) if kind != RecordType::CNAME => Some(target.0.clone()),
            _ => None,
        });
        let Some(target) = alias else { break };
        response.add_answer(Record::from_rdata(at.clone(), TTL, RData::CNAME(CNAME(target.clone()))));
        at = target;
    }
    if !response.answers.is_empty() {
        return;
    }
    let text = name.to_ascii().to_ascii_lowercase();
    let text = text.trim_end_matches('.');
    let below = format!(".{text}");
    let exists =
        text.is_empty() || table.records.keys().any(|known| known == text || known.ends_with(&below));
    if !exists {
        response.metadata.response_code = ResponseCode::NXDomain;
    }
    let soa = SOA::new(full("ns.example"), full("dns.example"), 1, 3600, 600, 86400, TTL);
    response.add_authority(Record::from_rdata(full("example"), TTL, RData::SOA(soa)));
}
