//! What an account's object can be asked.
//!
//! One file per asker: the sign-in pages, the token endpoints, whoever checks a token, and the
//! account page. Of a message with a [`SessionKey`] the reply is `None` when nobody is signed in by it.

mod access;
mod device;
mod grants;
mod page;
mod sessions;

pub use access::{
    AccessState, CheckAccess, CheckPersonalAccessToken, InspectRefreshToken, Log, LogEntry,
    PersonalAccessTokenProblem, StillGood,
};
pub use device::{GiveBackUserCode, GrantDevice, RedeemDevice, TryUserCode};
pub use grants::{
    Approve, Approved, ApprovedBy, BringRequest, EarlierAccess, EndGrantsOf, Next, Redeem, Refresh,
    Revoke,
};
pub use page::{
    AccountOverview, ActivityFilter, ConnectedApp, CreateToken, EndOtherSessions, EndSessionOf,
    LoggedApp, LoggedApps, Overview, ReadActivity, RevokeApp, RevokeToken, SessionLine, TokenLine,
};
pub use sessions::{
    BeginSession, CheckSession, Create, Credentials, EndSession, Person, SessionKey,
};
