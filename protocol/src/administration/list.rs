//! Listing clients page by page: those of the configuration first, then shard by shard in the order
//! of their ids. So a page begins behind the last client of the one before, whatever was added or
//! removed meanwhile, and no client that stays is listed twice or left out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::AdminError;
use super::client::origin_name;
use crate::client::{ClientId, ClientOrigin, ClientPolicy};
use crate::json::FromJson;
use crate::params::Parameters;

/// The most clients of one page.
pub(super) const MAXIMUM_LIMIT: u32 = 200;
/// How many there are when nothing is said.
const USUAL_LIMIT: u32 = 50;

/// Which clients are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, FromJson)]
pub struct Filter {
    /// Only those of this origin.
    pub origin: Option<ClientOrigin>,
    /// Only those that are approved, or aren't.
    pub approved: Option<bool>,
}

impl Filter {
    /// Whether a client of this origin and policy is wanted.
    #[must_use]
    pub fn takes(&self, origin: ClientOrigin, policy: &ClientPolicy) -> bool {
        self.origin.is_none_or(|wanted| wanted == origin)
            && self.approved.is_none_or(|wanted| wanted == policy.approved)
    }
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// At this place among the clients of the configuration.
    Configured(usize),
    /// In this shard, behind this client.
    Shard {
        /// Which shard.
        shard: u8,
        /// The last client before, or token; `None` for the shard's beginning.
        after: Option<String>,
    },
}

impl Position {
    /// The first position of all.
    pub const START: Self = Self::Configured(0);

    /// The position as `cursor`.
    #[must_use]
    pub fn to_cursor(&self) -> String {
        let text = match self {
            Self::Configured(place) => format!("c{place}"),
            Self::Shard { shard, after } => {
                format!("s{shard:02x}{}", after.as_deref().unwrap_or_default())
            }
        };
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads a `cursor`; `None` when it isn't one.
    #[must_use]
    pub fn from_cursor(cursor: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        if let Some(place) = text.strip_prefix('c') {
            return place.parse().ok().map(Self::Configured);
        }
        let (shard, after) = text.strip_prefix('s')?.split_at_checked(2)?;
        let shard = u8::from_str_radix(shard, 16).ok()?;
        let after = match after {
            "" => None,
            after => Some(ClientId::parse(after)?.as_str().to_owned()),
        };
        Some(Self::Shard { shard, after })
    }
}

/// The query of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// How many at most.
    pub limit: u32,
    /// From where on.
    pub position: Position,
    /// Which of them.
    pub filter: Filter,
}

impl ListRequest {
    /// Reads `limit`, `cursor`, `origin` and `approved`.
    ///
    /// # Errors
    ///
    /// [`AdminError`], all of them 400.
    pub fn parse(query: &Parameters) -> Result<Self, AdminError> {
        let get = |name| query.get(name).map_err(|_| AdminError::RepeatedParameter);
        let limit = match get("limit")? {
            None => USUAL_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAXIMUM_LIMIT).contains(limit))
                .ok_or(AdminError::Limit)?,
        };
        let position = match get("cursor")? {
            None => Position::START,
            Some(text) => Position::from_cursor(text).ok_or(AdminError::Cursor)?,
        };
        let origin = get("origin")?
            .map(|text| {
                let all = [
                    ClientOrigin::SelfRegistered,
                    ClientOrigin::Document,
                    ClientOrigin::Configured,
                    ClientOrigin::Administered,
                ];
                all.into_iter().find(|one| origin_name(*one) == text).ok_or(AdminError::Filter)
            })
            .transpose()?;
        let approved = match get("approved")? {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(AdminError::Filter),
        };
        Ok(Self { limit, position, filter: Filter { origin, approved } })
    }
}

/// A part of a list that lies together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The shard to ask.
    pub shard: u8,
    /// Behind which of its rows.
    pub after: Option<String>,
}

/// The shards that a list which begins at `position` goes through, in their order.
pub fn pages(position: &Position, shards: u8) -> impl Iterator<Item = Page> {
    let (first, after) = match position {
        Position::Configured(_) => (0, None),
        Position::Shard { shard, after } => (*shard, after.clone()),
    };
    (first..shards.max(1))
        .map(move |shard| Page { shard, after: after.clone().filter(|_| shard == first) })
}
