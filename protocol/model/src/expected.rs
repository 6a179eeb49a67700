//! What each answer should be, in a few integers: nothing of hashes, salts, records or rows.

use latchkey_protocol::time::UnixTime;

use crate::deployment::{CODE, WINDOW};
use crate::history::{History, WRONG_VERIFIERS};
use crate::request::{By, Presented, Proof, Request};

/// What the asker is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The code of the request can be sent to the client.
    CodeIssued,
    /// The code was used, or has died.
    AlreadyUsed,
    /// The first refresh token, and an access token.
    FirstTokens,
    /// The so manieth refresh token of the family, and an access token.
    Successor(usize),
    /// Given back, or there was nothing to give back.
    Done,
    /// Nothing.
    Refused,
}

/// What a request should come to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expected {
    pub answer: Answer,
    /// The grants whose rows are written, in order.
    pub writes: Vec<usize>,
    /// Those of them that end by it.
    pub ends: Vec<usize>,
}

impl Expected {
    const fn unchanged(answer: Answer) -> Self {
        Self { answer, writes: Vec::new(), ends: Vec::new() }
    }

    fn writes(answer: Answer, writes: Vec<usize>) -> Self {
        Self { answer, writes, ends: Vec::new() }
    }

    fn ends(answer: Answer, grants: Vec<usize>) -> Self {
        Self { answer, writes: grants.clone(), ends: grants }
    }
}

/// What `request` should come to at `now`, after all that has happened.
pub(crate) fn expected(histories: &[&History], request: Request, now: UnixTime) -> Expected {
    let grant = request.grant();
    let own = histories[grant];
    let is_known = own.approved_at.is_some() && !own.forgotten;
    match request {
        Request::Approve { .. } if !is_known => {
            // The second request asks for more, so what the first gave may do more from now on.
            let widens = grant == 1 && histories[0].gives(now);
            Expected::writes(Answer::CodeIssued, if widens { vec![0, 1] } else { vec![grant] })
        }
        Request::Approve { .. } if own.code_waits(now) => Expected::unchanged(Answer::CodeIssued),
        Request::Approve { .. } => Expected::unchanged(Answer::AlreadyUsed),
        Request::Redeem { proof, .. } if is_known => redeem(own, grant, proof, now),
        Request::Refresh { token, by: By::Client, .. } if own.is_live(now) => {
            refresh(own, grant, token, now)
        }
        Request::Redeem { .. } | Request::Refresh { .. } => Expected::unchanged(Answer::Refused),
        Request::Revoke { token: Presented::Given(_), by, .. } if own.is_live(now) => match by {
            By::Client => Expected::ends(Answer::Done, ending_together(histories, grant, now)),
            By::AnotherClient => Expected::unchanged(Answer::Refused),
        },
        Request::RevokeAccessToken { token, by: By::AnotherClient, .. }
            if is_known && !own.access_tokens[token].given_back =>
        {
            Expected::unchanged(Answer::Refused)
        }
        Request::Revoke { .. } | Request::RevokeAccessToken { .. } => {
            Expected::unchanged(Answer::Done)
        }
        Request::RevokeByPerson { .. } if is_known => {
            Expected::ends(Answer::Done, ending_together(histories, grant, now))
        }
        Request::RevokeByPerson { .. } => Expected::unchanged(Answer::Done),
    }
}

fn redeem(own: &History, grant: usize, proof: Proof, now: UnixTime) -> Expected {
    let refused = Expected::unchanged(Answer::Refused);
    if matches!(proof, Proof::WrongSecret | Proof::AnotherClient) {
        return refused;
    }
    if own.redemptions > 0 {
        // Who could have redeemed it ends what it gave; anybody else changes nothing.
        let proves = matches!(proof, Proof::Right | Proof::WrongResource);
        let ends = proves && !own.ended;
        return if ends { Expected::ends(Answer::Refused, vec![grant]) } else { refused };
    }
    let is_over = own.ended
        || own.wrong_verifiers == WRONG_VERIFIERS
        || own.approved_at.is_none_or(|at| at.plus(CODE).has_passed(now));
    match proof {
        _ if is_over => refused,
        Proof::Right => Expected::writes(Answer::FirstTokens, vec![grant]),
        Proof::WrongVerifier => Expected::writes(Answer::Refused, vec![grant]),
        _ => refused,
    }
}

fn refresh(own: &History, grant: usize, token: Presented, now: UnixTime) -> Expected {
    let Presented::Given(number) = token else { return Expected::unchanged(Answer::Refused) };
    let after = own.refresh_tokens.len() - number;
    let window_is_open = own.rotated_at.is_some_and(|at| !at.plus(WINDOW).has_passed(now));
    match after {
        1 => Expected::writes(Answer::Successor(number + 1), vec![grant]),
        2 if window_is_open => Expected::unchanged(Answer::Successor(number + 1)),
        _ => Expected::ends(Answer::Refused, vec![grant]),
    }
}

/// The grants of one installation that something ends for.
fn ending_together(histories: &[&History], grant: usize, now: UnixTime) -> Vec<usize> {
    let installation = histories[grant].installation;
    let belongs = |other: &&History| {
        other.approved_at.is_some() && !other.forgotten && other.installation == installation
    };
    let all = histories.iter().enumerate().filter(|(_, other)| belongs(other) && other.gives(now));
    all.map(|(number, _)| number).collect()
}
