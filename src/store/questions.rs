//! What can be asked of the store beyond the archive: people, memberships, what waits, what is owed.

use std::sync::Arc;

use super::event::{Fence, LetterAbout, Totals};
use super::person_set::{Chunk, PersonSet};
use super::readers::Readers;
use super::records::{FanOutRecord, HeldRecord, LetterRecord, PostRecord, PutOffRecord, QuestionRecord};
use super::{PostInfo, Store, StoreError, apply, keys, records};
use crate::domain::address::EmailAddress;
use crate::domain::ids::{ListId, PersonId, PostId, QuestionId};
use crate::domain::list::{List, ListAddress};
use crate::domain::member::{MemberState, Membership, Person};
use crate::domain::moderation::{HoldReason, ThreadPace};
use crate::domain::reach::Reach;
use crate::domain::time::Timestamp;
use crate::domain::wish::{Answered, Heed, Question, Threads};

/// Something that waits for a person.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct HeldItem {
    pub id: PostId,
    pub list: Option<ListId>,
    pub from: String,
    pub subject: String,
    pub reason: HoldReason,
    pub at: Timestamp,
}

/// A post on its way to its readers.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Fan {
    pub post: PostId,
    pub list: ListId,
    pub since: Timestamp,
    pub totals: Totals,
}

/// A copy that is tried again later.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct PutOff {
    pub post: PostId,
    pub person: PersonId,
    pub attempts: u32,
    pub next: Timestamp,
    pub last_reply: String,
}

/// Copies that were put off and whose time has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Due {
    /// Which.
    pub copies: Vec<(PostId, PersonId)>,
    /// When the next one's time comes.
    pub next: Option<Timestamp>,
}

/// A letter to be written and sent.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct OwedLetter {
    pub letter: u64,
    pub about: LetterAbout,
    pub since: Timestamp,
}

/// A question that was asked, with what became of it so far.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct OpenQuestion {
    pub question: Question,
    pub since: Timestamp,
    pub answer: Option<Answered>,
}

impl From<QuestionRecord> for OpenQuestion {
    fn from(record: QuestionRecord) -> OpenQuestion {
        let QuestionRecord { question, since, answer } = record;
        OpenQuestion { question, since, answer }
    }
}

impl Store {
    /// A list by its number.
    pub fn list(&self, list: ListId) -> Result<Option<List>, StoreError> {
        self.reader.list(list)
    }

    /// A list by its address; a removed one too.
    pub fn list_at(&self, address: &ListAddress) -> Result<Option<List>, StoreError> {
        match self.reader.engine().get(&keys::list_address(address))? {
            Some(number) => self.list(ListId(keys::number_u32(&number, 0))),
            None => Ok(None),
        }
    }

    /// Somebody by their number.
    pub fn person(&self, person: PersonId) -> Result<Option<Person>, StoreError> {
        self.reader.record(&keys::person(person))
    }

    /// Somebody by any of their addresses.
    pub fn person_at(&self, address: &EmailAddress) -> Result<Option<Person>, StoreError> {
        match self.reader.engine().get(&keys::person_address(address))? {
            Some(number) => self.person(PersonId(keys::number_u32(&number, 0))),
            None => Ok(None),
        }
    }

    /// How many people are known.
    pub fn persons(&self) -> Result<Vec<Person>, StoreError> {
        self.reader.all(&keys::persons())
    }

    /// A membership, one that has ended too.
    pub fn member(&self, list: ListId, person: PersonId) -> Result<Option<Membership>, StoreError> {
        self.reader.record(&keys::member(list, person))
    }

    /// Everybody who is or was a member, in the order they first came.
    pub fn members(&self, list: ListId) -> Result<Vec<Membership>, StoreError> {
        self.reader.all(&keys::members(list))
    }

    /// Every list somebody is or was on.
    pub fn memberships(&self, person: PersonId) -> Result<Vec<Membership>, StoreError> {
        let prefix = keys::memberships(person);
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let list = ListId(keys::number_u32(&entry?.0, prefix.len()));
            found.extend(self.member(list, person)?);
        }
        Ok(found)
    }

    /// Everybody who gets each post of a list at that moment.
    pub fn readers(&self, list: ListId, now: Timestamp) -> Result<Arc<PersonSet>, StoreError> {
        Ok(self.readers_of_each(list, now)?.each)
    }

    /// The same, and who of them wants the first post of each thread only.
    pub fn readers_of_each(&self, list: ListId, now: Timestamp) -> Result<Readers, StoreError> {
        let (version, known) = self.readers.get(list, now);
        if let Some(readers) = known {
            return Ok(readers);
        }
        let members = self.members(list)?;
        let each = || members.iter().filter(|member| member.receives_each_post(now));
        let later = || members.iter().filter(|member| member.receives_digests(now));
        let first_only = each().chain(later()).filter(|member| member.threads == Threads::First);
        let readers = Readers {
            first_only: Arc::new(first_only.map(|member| member.person).collect()),
            each: Arc::new(each().map(|member| member.person).collect()),
            later: Arc::new(later().map(|member| member.person).collect()),
        };
        let until = members
            .iter()
            .filter(|member| member.state != MemberState::Left)
            .flat_map(|member| [member.until, member.pause_from, member.pause_until])
            .flatten()
            .filter(|moment| *moment > now)
            .min();
        self.readers.put(list, version, readers.clone(), until);
        Ok(readers)
    }

    /// Which message of a list has that content already.
    pub fn same_content(
        &self,
        list: Option<ListId>,
        content: &[u8; 32],
    ) -> Result<Option<PostId>, StoreError> {
        let found = self.reader.engine().get(&keys::content(list, content))?;
        Ok(found.map(|number| PostId(keys::number_u64(&number, 0))))
    }

    /// Everything known of a message.
    pub fn post(&self, post: PostId) -> Result<Option<PostInfo>, StoreError> {
        let record: Option<PostRecord> = self.reader.record(&keys::post(post))?;
        Ok(record.map(|record| PostInfo::of(post, record)))
    }

    /// Every message that was kept, from a number on, in the order they came.
    pub fn posts(&self, from: PostId, take: usize) -> Result<Vec<PostInfo>, StoreError> {
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&keys::posts(), &keys::post(from)).take(take) {
            let (key, value) = entry?;
            let id = PostId(keys::number_u64(&key, 1));
            found.extend(records::decode(&value).map(|record| PostInfo::of(id, record)));
        }
        Ok(found)
    }

    /// Messages from the newest back, each read when it is asked for.
    pub fn newest_posts(&self) -> impl Iterator<Item = Result<PostInfo, StoreError>> + use<> {
        self.reader.engine().scan(&keys::posts(), &keys::posts()).rev().filter_map(|entry| match entry {
            Ok((key, value)) => records::decode(&value)
                .map(|record| Ok(PostInfo::of(PostId(keys::number_u64(&key, 1)), record))),
            Err(error) => Some(Err(error.into())),
        })
    }

    /// Messages nobody has decided about, and how often reading each was tried.
    pub fn undecided(&self) -> Result<Vec<(PostId, u32)>, StoreError> {
        let prefix = keys::undecided();
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            found.push((PostId(keys::number_u64(&key, 1)), value.first().copied().map_or(0, u32::from)));
        }
        Ok(found)
    }

    /// The first of those nobody began to read, `take` of them at most.
    pub fn next_undecided(&self, take: usize) -> Result<Vec<PostId>, StoreError> {
        let prefix = keys::undecided();
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            if value.first().is_none_or(|attempts| *attempts == 0) {
                found.push(PostId(keys::number_u64(&key, 1)));
            }
            if found.len() >= take {
                break;
            }
        }
        Ok(found)
    }

    /// What waits, in the order it came.
    pub fn held(&self) -> Result<Vec<HeldItem>, StoreError> {
        let prefix = keys::held();
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let id = PostId(keys::number_u64(&key, 1));
            let (Some(held), Some(post)) = (records::decode::<HeldRecord>(&value), self.post(id)?) else {
                continue;
            };
            let HeldRecord { reason, at, from, subject } = held;
            found.push(HeldItem { id, list: post.list, from, subject, reason, at });
        }
        Ok(found)
    }

    /// Posts that somebody is still owed, the oldest first.
    pub fn fans(&self) -> Result<Vec<Fan>, StoreError> {
        let prefix = keys::fan_outs();
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let post = PostId(keys::number_u64(&key, 1));
            let Some(FanOutRecord { list, since, totals }) = records::decode(&value) else {
                continue;
            };
            found.push(Fan { post, list, since, totals });
        }
        Ok(found)
    }

    /// How far the copies of a post are.
    pub fn fan(&self, post: PostId) -> Result<Option<Fan>, StoreError> {
        let record: Option<FanOutRecord> = self.reader.record(&keys::fan_out(post))?;
        Ok(record.map(|FanOutRecord { list, since, totals }| Fan { post, list, since, totals }))
    }

    /// Everybody a post is still owed to.
    pub fn owed(&self, post: PostId) -> Result<PersonSet, StoreError> {
        let prefix = keys::owed(post);
        let mut owed = PersonSet::default();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let number = keys::number_u32(&key, prefix.len());
            if let Some(chunk) = Chunk::from_bytes(&value) {
                chunk.persons(number).for_each(|person| owed.insert(person));
            }
        }
        Ok(owed)
    }

    /// Whether one copy is still owed.
    pub fn is_owed(&self, post: PostId, person: PersonId) -> Result<bool, StoreError> {
        let chunk = self.reader.engine().get(&keys::owed_chunk(post, Chunk::number(person)))?;
        Ok(chunk.and_then(|bytes| Chunk::from_bytes(&bytes)).is_some_and(|chunk| chunk.contains(person)))
    }

    /// Copies of a post that are tried again later.
    pub fn put_off(&self, post: PostId) -> Result<Vec<PutOff>, StoreError> {
        let prefix = keys::put_off_of(post);
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let person = PersonId(keys::number_u32(&key, prefix.len()));
            let Some(PutOffRecord { attempts, next, last_reply }) = records::decode(&value) else { continue };
            found.push(PutOff { post, person, attempts, next, last_reply });
        }
        Ok(found)
    }

    /// How often one copy was put off.
    pub fn attempts(&self, post: PostId, person: PersonId) -> Result<u32, StoreError> {
        let record: Option<PutOffRecord> = self.reader.record(&keys::put_off(post, person))?;
        Ok(record.map_or(0, |record| record.attempts))
    }

    /// Copies put off whose time has come, `take` of them at most, and when the next one's comes.
    pub fn due(&self, now: Timestamp, take: usize) -> Result<Due, StoreError> {
        let prefix = keys::due_copies();
        let mut due = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, _) = entry?;
            let at = keys::moment(&key, 1);
            if at > now || due.len() >= take {
                return Ok(Due { copies: due, next: Some(at) });
            }
            due.push((PostId(keys::number_u64(&key, 9)), PersonId(keys::number_u32(&key, 17))));
        }
        Ok(Due { copies: due, next: None })
    }

    /// Copies put off to later than some moment, `take` of them at most.
    pub fn due_beyond(&self, moment: Timestamp, take: usize) -> Result<Vec<(PostId, PersonId)>, StoreError> {
        let (prefix, from) = (keys::due_copies(), keys::due_copy(moment, PostId(0), PersonId(0)));
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &from).take(take) {
            let (key, _) = entry?;
            found.push((PostId(keys::number_u64(&key, 9)), PersonId(keys::number_u32(&key, 17))));
        }
        Ok(found)
    }

    /// One letter, if it is still to be written.
    pub fn letter(&self, letter: u64) -> Result<Option<OwedLetter>, StoreError> {
        let record: Option<LetterRecord> = self.reader.record(&keys::letter(letter))?;
        Ok(record.map(|LetterRecord { about, since }| OwedLetter { letter, about, since }))
    }

    /// Letters to be written.
    pub fn letters(&self) -> Result<Vec<OwedLetter>, StoreError> {
        let prefix = keys::letters();
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let Some(LetterRecord { about, since }) = records::decode(&value) else { continue };
            found.push(OwedLetter { letter: keys::number_u64(&key, 1), about, since });
        }
        Ok(found)
    }

    /// A question, if it can be answered or was.
    pub fn question(&self, question: QuestionId) -> Result<Option<OpenQuestion>, StoreError> {
        let record: Option<QuestionRecord> = self.reader.record(&keys::question(question))?;
        Ok(record.map(OpenQuestion::from))
    }

    /// Every question somebody was asked and that has not lapsed, the oldest first.
    pub fn questions_to(&self, person: PersonId) -> Result<Vec<OpenQuestion>, StoreError> {
        let prefix = keys::questions_to(person);
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let number = QuestionId(keys::number_u32(&entry?.0, prefix.len()));
            found.extend(self.question(number)?);
        }
        Ok(found)
    }

    /// Every question that has not lapsed, from a number on.
    pub fn questions_from(&self, first: QuestionId) -> Result<Vec<OpenQuestion>, StoreError> {
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&keys::questions(), &keys::question(first)) {
            let record: Option<QuestionRecord> = records::decode(&entry?.1);
            found.extend(record.map(OpenQuestion::from));
        }
        Ok(found)
    }

    /// How members take part in the threads of a list, where that is not as usual.
    pub fn heeds(&self, list: ListId) -> Result<Vec<(PostId, PersonId, Heed)>, StoreError> {
        let prefix = keys::heeds(list);
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let Some(heed) = records::decode(&value) else { continue };
            let thread = PostId(keys::number_u64(&key, prefix.len()));
            found.push((thread, PersonId(keys::number_u32(&key, prefix.len() + 8)), heed));
        }
        Ok(found)
    }

    /// Who may write to a list no more.
    pub fn bans(&self, list: ListId) -> Result<Vec<PersonId>, StoreError> {
        let prefix = keys::bans(list);
        let banned = self.reader.engine().scan(&prefix, &prefix);
        banned.map(|entry| Ok(PersonId(keys::number_u32(&entry?.0, prefix.len())))).collect()
    }

    /// Whether somebody may write to a list no more.
    pub fn is_banned(&self, list: ListId, person: PersonId) -> Result<bool, StoreError> {
        Ok(self.reader.engine().get(&keys::ban(list, person))?.is_some())
    }

    /// What came back of what a member was sent; nothing, as a rule.
    pub fn reach(&self, list: ListId, person: PersonId) -> Result<Reach, StoreError> {
        Ok(self.reader.record(&keys::reach(list, person))?.unwrap_or_default())
    }

    /// The members of a list of whose mail something came back.
    pub fn reaches(&self, list: ListId) -> Result<Vec<(PersonId, Reach)>, StoreError> {
        let prefix = keys::reaches(list);
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let Some(reach) = records::decode(&value) else { continue };
            found.push((PersonId(keys::number_u32(&key, prefix.len())), reach));
        }
        Ok(found)
    }

    /// When the operator was last told that servers do not want our mail, and what one said.
    pub fn warned(&self) -> Result<Option<(Timestamp, String)>, StoreError> {
        self.reader.record(&keys::setting(apply::WARNED))
    }

    /// The threads of a list that were slowed down or closed.
    pub fn thread_paces(&self, list: ListId) -> Result<Vec<(PostId, ThreadPace)>, StoreError> {
        let prefix = keys::thread_paces(list);
        let mut found = Vec::new();
        for entry in self.reader.engine().scan(&prefix, &prefix) {
            let (key, value) = entry?;
            let Some(pace) = records::decode(&value) else { continue };
            found.push((PostId(keys::number_u64(&key, prefix.len())), pace));
        }
        Ok(found)
    }

    /// Whether mail may leave.
    pub fn fence(&self) -> Result<Fence, StoreError> {
        Ok(self.reader.record(&keys::setting(apply::FENCE))?.unwrap_or(Fence::Down))
    }
}
