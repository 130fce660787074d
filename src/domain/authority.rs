//! Who may have what done by a mail: the table "Proof" of the interface, and nothing else.
//!
//! From alone is a line of text anybody can write. What a mail asks for is done at once only where
//! that harms nobody and the sender is proven; else the address itself is asked, and what is sent
//! back to the token in that letter is the proof.

use super::proof::Proof;

/// The kind of what somebody wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Harmless, and about nobody but oneself: rhythm, settings, help.
    OnOneself,
    /// To leave.
    Leave,
    /// To join, to moderate, to curate, to vote.
    Weighty,
}

/// What is done about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Course {
    /// At once.
    Do,
    /// The known address is asked; « oui » is enough.
    AskYes,
    /// The known address is asked, and only its token counts.
    AskToken,
    /// Nothing, and nobody is answered.
    Nothing,
}

/// What is done about a wish in a mail without a token.
pub fn course(deed: Deed, proof: Proof) -> Course {
    match (deed, proof) {
        (_, Proof::Disproved) => Course::Nothing,
        (Deed::OnOneself | Deed::Leave, Proof::Proven) => Course::Do,
        (Deed::OnOneself, Proof::NoMeans | Proof::CannotTell) => Course::AskYes,
        (Deed::Leave, Proof::NoMeans | Proof::CannotTell)
        | (Deed::Weighty, Proof::Proven | Proof::NoMeans | Proof::CannotTell) => Course::AskToken,
    }
}

/// What is done about an answer that came to a token we gave to the one it says it is from: the
/// token is the proof, unless the mail is a forgery.
pub fn course_by_token(proof: Proof) -> Course {
    match proof {
        Proof::Proven | Proof::NoMeans | Proof::CannotTell => Course::Do,
        Proof::Disproved => Course::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        use Course::{AskToken, AskYes, Do, Nothing};
        use Proof::{CannotTell, Disproved, NoMeans, Proven};
        let table = [
            (Proven, Do, Do, AskToken),
            (NoMeans, AskYes, AskToken, AskToken),
            (Disproved, Nothing, Nothing, Nothing),
            (CannotTell, AskYes, AskToken, AskToken),
        ];
        for (proof, on_oneself, leaving, the_rest) in table {
            assert_eq!(course(Deed::OnOneself, proof), on_oneself, "{proof:?}");
            assert_eq!(course(Deed::Leave, proof), leaving, "{proof:?}");
            assert_eq!(course(Deed::Weighty, proof), the_rest, "{proof:?}");
            let by_token = if proof == Disproved { Nothing } else { Do };
            assert_eq!(course_by_token(proof), by_token, "{proof:?}");
        }
    }
}
