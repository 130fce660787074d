//! When and how summaries come, and the day somebody leaves: what such a wish comes to for one member.

use super::talk::Talk;
use crate::domain::ids::ListId;
use crate::domain::member::{MemberState, Membership, Reading};
use crate::domain::wish::{SummaryWish, Wish};
use crate::flow::FlowError;
use crate::store::event::{MemberCause, Note};

/// What a wish comes to for one member.
pub(super) enum Settled {
    /// This, which can be carried out.
    Wish(Wish),
    /// Another rhythm than theirs, which they may not have meant.
    Rhythm(Wish),
}

/// The wish as it can be told whole: with the rhythm it is about, and no later than they are a member.
pub(super) fn settled(member: &Membership, wish: &Wish) -> Settled {
    if let Wish::Summary { summary: SummaryWish::At { day, hour } } = wish {
        let (day, hour) = (*day, *hour);
        return match (member.reading, day) {
            (Reading::Daily, None) => Settled::Wish(Wish::Read { reading: Reading::Daily, day, hour }),
            (Reading::Weekly, _) => Settled::Wish(Wish::Read { reading: Reading::Weekly, day, hour }),
            // A day makes a week of it.
            (Reading::Daily | Reading::Each | Reading::None, Some(_)) => {
                Settled::Rhythm(Wish::Read { reading: Reading::Weekly, day, hour })
            }
            (Reading::Each | Reading::None, None) => {
                Settled::Rhythm(Wish::Read { reading: Reading::Daily, day, hour })
            }
        };
    }
    if let Wish::End { until: Some(until) } = wish {
        let of_group = member.until.filter(|_| !member.ends_by_wish);
        return Settled::Wish(Wish::End { until: Some(of_group.map_or(*until, |end| end.min(*until))) });
    }
    // They are about to leave, and would rather not.
    let stays = *wish == Wish::Resume && member.state == MemberState::Active && member.ends_by_wish;
    Settled::Wish(if stays { Wish::End { until: None } } else { wish.clone() })
}

/// A wish they have said yes to: the rhythm it takes is what they were asked about.
pub(super) fn confirmed(talk: &Talk<'_>, list: Option<ListId>, wish: &Wish) -> Result<Wish, FlowError> {
    let member = list.map(|list| talk.current(list)).transpose()?.flatten();
    Ok(match member.map(|member| settled(&member, wish)) {
        Some(Settled::Rhythm(rhythm)) => rhythm,
        Some(Settled::Wish(_)) | None => wish.clone(),
    })
}

/// One summary for all the groups somebody is in, or one for each.
pub(super) fn put_together(
    talk: &mut Talk<'_>,
    list: Option<ListId>,
    together: bool,
) -> Result<(), FlowError> {
    let lists = talk.current_lists()?;
    if lists.is_empty() {
        return talk.tell(list, Note::NoMember);
    }
    for list in lists {
        if let Some(member) = talk.current(list)?.filter(|member| member.together != Some(together)) {
            let after = Membership { together: Some(together), ..member };
            talk.set_member(after, MemberCause::Wished, Some(talk.person.id))?;
        }
    }
    talk.tell(list, Note::Done { wish: Wish::Summary { summary: SummaryWish::Together { together } } })
}
