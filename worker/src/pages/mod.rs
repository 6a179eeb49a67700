//! The pages a person sees: server-rendered, without JavaScript, from one stylesheet.
//!
//! Each page is a struct whose fields are everything it shows, and a `render` that gives the whole
//! HTML document. Markup is escaped by askama; words that come from a client or a person pass
//! through [`text::clean`] in the templates, so no caller can forget it. Nothing here knows HTTP.
//!
//! The pages need this and no more of a Content-Security-Policy:
//! `default-src 'none'; style-src 'self'; img-src 'self'` plus the logo's origin, `frame-ancestors
//! 'none'` and `base-uri 'none'`. No `form-action` on the consent page: browsers apply it to the
//! whole chain of redirects after it.
//!
//! | page | form it posts | fields |
//! |---|---|---|
//! | [`SignInPage`] | `{base}/sign-in` | `csrf`, `request`?, `email`, `password` |
//! | [`SignUpPage`] | `{base}/sign-up` | `csrf`, `request`?, `email`, `password` |
//! | [`ConsentPage`] | `{base}/consent` | `csrf`, `request`, `decision` = `allow` or `deny` |
//! | [`ConsentPage`], [`HomePage`], [`AccountPage`] | `{base}/sign-out` | `csrf`, `request`? |
//! | [`DeviceCodePage`] | `{base}/device` | `csrf`, `user_code` |
//! | [`DeviceConfirmPage`] | `{base}/device` | `csrf`, `user_code`, `grant`, `decision` = `allow` or `deny` |
//! | [`DeviceConfirmPage`] | `{base}/sign-out` | `csrf`, `request` |
//! | [`AccountPage`] | `{base}/account` | `csrf`, `action`, `id`? |
//! | [`NewTokenPage`] | `{base}/account/tokens` | `csrf`, `label`, `scope`*, `resource`*, `lifetime` |
//! | [`ActivityPage`] | `{base}/account/activity`, by GET | `group`, `app` |

pub mod colour;
pub mod dates;
pub mod text;

mod account;
mod activity;
mod activity_page;
mod already_approved;
mod client;
mod consent;
mod device;
mod error;
mod filters;
mod home;
mod look;
mod new_token;
mod qr;
mod return_to_app;
mod sign_in;
mod sign_up;
mod signed_out;

pub use account::{AccountPage, AppItem, AppPlace, Done, SessionItem, TokenItem};
pub use activity::{Happening, Names};
pub use activity_page::{ActivityPage, EntryLine, Narrowing};
pub use already_approved::AlreadyApprovedPage;
pub use client::{Client, ClientIdentity, Destination, Purpose};
pub use colour::Colour;
pub use consent::{AccessPeriod, ConsentPage, Earlier, Resource, ScopeLine};
pub use device::{AskedFrom, DeviceCodePage, DeviceConfirmPage, DeviceEnd, DeviceEndPage};
pub use error::{Action, ErrorPage};
pub use home::{EndpointLine, HomePage, SignedIn};
pub use look::{AssetPaths, Look};
pub use new_token::{Choice, NewTokenPage, TokenCreatedPage, TokenExample};
pub use qr::qr_code;
pub use return_to_app::{Outcome, ReturnToApp, ReturnWithError};
pub use sign_in::SignInPage;
pub use sign_up::SignUpPage;
pub use signed_out::SignedOutPage;

#[cfg(test)]
mod tests;
