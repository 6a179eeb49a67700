//! What holds in every state, whatever happened. Each is asked of the code itself, by trying what it forbids
//! or promises on a copy of the state.

use std::fmt;

use crate::decide;
use crate::deployment::WINDOW;
use crate::expected::Answer;
use crate::request::{By, Presented, Proof};
use crate::world::{Grant, World};

/// What a state breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub property: Property,
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.property.title(), self.what)
    }
}

/// What always holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    OneRedemption,
    OneHead,
    EndedIsOver,
    ExpiredIsOver,
    NothingGivenIsLost,
    AccessTokens,
    EveryAnswer,
}

impl Property {
    pub const ALL: [Self; 7] = [
        Self::OneRedemption,
        Self::OneHead,
        Self::EndedIsOver,
        Self::ExpiredIsOver,
        Self::NothingGivenIsLost,
        Self::AccessTokens,
        Self::EveryAnswer,
    ];

    pub const fn title(self) -> &'static str {
        match self {
            Self::OneRedemption => "a code succeeds once, and not after its end",
            Self::OneHead => "a family has one head, and a retry gets it",
            Self::EndedIsOver => "after a revocation or a replay nothing of the grant is good",
            Self::ExpiredIsOver => "what expired stays expired",
            Self::NothingGivenIsLost => {
                "what was given out last is good unless it was ended or expired"
            }
            Self::AccessTokens => {
                "an access token is good until its end, its return or its grant's end"
            }
            Self::EveryAnswer => "every answer and every write is the one the rules say",
        }
    }
}

/// The first property that the state breaks.
pub(crate) fn check(world: &World) -> Option<Broken> {
    if let Some(fault) = &world.fault {
        return Some(Broken { property: Property::EveryAnswer, what: fault.0.clone() });
    }
    (0..world.grants.len()).find_map(|number| check_grant(world, number).err())
}

fn broken(property: Property, what: String) -> Result<(), Broken> {
    Err(Broken { property, what })
}

fn check_grant(world: &World, number: usize) -> Result<(), Broken> {
    check_code(world, number)?;
    check_refresh_tokens(world, number)?;
    check_access_tokens(world, number)
}

fn check_code(world: &World, number: usize) -> Result<(), Broken> {
    let grant = &world.grants[number];
    let history = &grant.history;
    if history.redemptions > 1 {
        return broken(Property::OneRedemption, format!("{} redemptions", history.redemptions));
    }
    let decided = decide::redeem(grant.record(), number, Proof::Right, world.now, 1);
    match (decided.answer == Answer::FirstTokens, history.code_waits(world.now)) {
        (true, false) if history.ended => {
            broken(Property::EndedIsOver, "the code would be redeemed".to_owned())
        }
        (true, false) => {
            broken(Property::OneRedemption, "the code would be redeemed again".to_owned())
        }
        (false, true) => {
            broken(Property::NothingGivenIsLost, "the code wouldn't be redeemed".to_owned())
        }
        (true, true) | (false, false) => Ok(()),
    }
}

fn check_refresh_tokens(world: &World, number: usize) -> Result<(), Broken> {
    let grant = &world.grants[number];
    let Grant { history, .. } = grant;
    let now = world.now;
    let given = history.refresh_tokens.len();
    let mut heads = 0;
    for (index, token) in history.refresh_tokens.iter().enumerate() {
        let presented = Presented::Given(index);
        let decided = decide::refresh(grant.record(), number, history, presented, By::Client, now);
        let is_good = matches!(decided.answer, Answer::Successor(_));
        let inspected = grant
            .row
            .as_ref()
            .is_some_and(|row| decide::inspects(row.stored.record(), &token.secret, now));
        if inspected != is_good {
            let what = format!("introspection says {inspected} of token {index}");
            return broken(Property::EveryAnswer, what);
        }
        if is_good && history.ended {
            return broken(Property::EndedIsOver, format!("token {index} would be refreshed"));
        }
        if is_good && !history.is_live(now) {
            return broken(Property::ExpiredIsOver, format!("token {index} would be refreshed"));
        }
        if is_good && !decided.writes.is_empty() {
            heads += 1;
        } else if is_good
            && decided.secret != Some(history.refresh_tokens[given - 1].secret.clone())
        {
            return broken(Property::OneHead, format!("the retry of {index} gets another token"));
        }
        // Who got the last token can go on, and who didn't get it can ask again while the window is open.
        let window_is_open = history.rotated_at.is_some_and(|at| !at.plus(WINDOW).has_passed(now));
        let is_last = index + 1 == given;
        let can_retry = index + 2 == given && window_is_open;
        if history.is_live(now) && !is_good && (is_last || can_retry) {
            let what = format!("token {index} of {given} wouldn't be refreshed");
            return broken(Property::NothingGivenIsLost, what);
        }
    }
    if heads > 1 {
        return broken(Property::OneHead, format!("{heads} tokens would be rotated"));
    }
    Ok(())
}

fn check_access_tokens(world: &World, number: usize) -> Result<(), Broken> {
    let Grant { row, history } = &world.grants[number];
    let record = row.as_ref().map(|row| row.stored.record());
    for (index, token) in history.access_tokens.iter().enumerate() {
        let token_id = World::token_id(number, index);
        let is_given_back = world.given_back.contains(&token_id);
        let is_good = match decide::access_token_is_good(
            record,
            &token_id,
            token,
            is_given_back,
            world.now,
        ) {
            Ok(is_good) => is_good,
            Err(what) => return broken(Property::AccessTokens, what.to_owned()),
        };
        let lives = !token.given_back && !token.expires_at().has_passed(world.now);
        let should = lives && history.is_live(world.now);
        if is_good == should {
            continue;
        }
        let what = format!("access token {index} is good: {is_good}, and should: {should}");
        let property =
            if is_good && history.ended { Property::EndedIsOver } else { Property::AccessTokens };
        return broken(property, what);
    }
    Ok(())
}
