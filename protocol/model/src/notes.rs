//! What a step came across.

use crate::event::Event;
use crate::expected::{Answer, Expected};
use crate::history::WRONG_VERIFIERS;
use crate::request::{By, Presented, Proof, Request};
use crate::under_way::UnderWay;
use crate::world::World;

impl World {
    pub(crate) fn note_decision(
        &self,
        request: Request,
        expected: &Expected,
        events: &mut Vec<Event>,
    ) {
        let history = &self.grants[request.grant()].history;
        match request {
            _ if expected.answer != Answer::Refused => {}
            Request::Redeem { proof: Proof::AnotherClient, .. }
            | Request::Refresh { by: By::AnotherClient, .. }
            | Request::Revoke { by: By::AnotherClient, .. } => {
                events.push(Event::AnotherClientRefused);
            }
            Request::Redeem { proof: Proof::WrongVerifier, .. } if history.redemptions > 0 => {
                events.push(Event::CodeReplayedWithoutProof);
            }
            Request::Redeem { proof: Proof::Right, .. }
                if history.redemptions == 0
                    && !history.ended
                    && history.wrong_verifiers < WRONG_VERIFIERS =>
            {
                events.push(Event::CodeTooLate);
            }
            Request::Refresh { token: Presented::Given(_), .. } if !history.ended => {
                let ends = (
                    history.idle_end_has_passed(self.now),
                    history.absolute_end_has_passed(self.now),
                );
                match ends {
                    (true, false) => events.push(Event::RefusedAfterIdleEnd),
                    (false, true) => events.push(Event::RefusedAfterAbsoluteEnd),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    pub(crate) fn note_end(&self, under_way: &UnderWay, events: &mut Vec<Event>) {
        let ends = !under_way.expected.ends.is_empty();
        match under_way.request {
            Request::Redeem { .. } if ends => events.push(Event::CodeReplayEnded),
            Request::Redeem { grant, proof: Proof::WrongVerifier }
                if self.grants[grant].history.wrong_verifiers + 1 == WRONG_VERIFIERS
                    && !under_way.writes.is_empty() =>
            {
                events.push(Event::CodeExhausted);
            }
            Request::Refresh { .. } if ends => events.push(Event::RefreshReplayEnded),
            Request::Revoke { .. } if ends => events.push(Event::RevokedByClient),
            Request::RevokeByPerson { .. } if ends => events.push(Event::RevokedByPerson),
            Request::RevokeAccessToken { .. } if under_way.given_back.is_some() => {
                events.push(Event::AccessTokenRevoked);
            }
            _ => {}
        }
    }
}
