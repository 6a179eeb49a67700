//! Giving out initial access tokens.

use serde_json::{Map, Value, json};

use super::{AdminError, policy};
use crate::client_metadata::{ClientMetadata, plain_text};
use crate::configuration::Configuration;
use crate::entropy::Entropy;
use crate::registration::initial_access_token::{
    InitialAccessToken, InitialAccessTokenId, InitialAccessTokenRecord, LONGEST_LIFETIME,
};
use crate::secret::Secret;
use crate::time::{Lifetime, UnixTime};

/// How long a token lives when nothing is said.
const USUAL_LIFETIME: Lifetime = Lifetime::days(7);

/// The longest label, in characters.
const MAXIMUM_LABEL: usize = 200;

/// Makes the token that `body` asks for: `label`, `expires_in` (seconds, 7 days), `max_uses` (1; `null`
/// for any number), and `policy` with `approved` and `client_credentials`.
///
/// # Errors
///
/// [`AdminError`], all of them 400.
pub fn new_initial_access_token(
    body: &[u8],
    configuration: &Configuration,
    shard: u8,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Result<(InitialAccessTokenRecord, InitialAccessToken), AdminError> {
    let mut members = ClientMetadata::object(body)?;
    let label = match members.remove("label") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.chars().count() <= MAXIMUM_LABEL => plain_text(&text),
        Some(_) => {
            let expected = "a string of at most 200 characters";
            return Err(AdminError::Member { member: "label", expected });
        }
    };
    let lifetime = match members.remove("expires_in") {
        None | Some(Value::Null) => USUAL_LIFETIME,
        Some(value) => value
            .as_u64()
            .map(Lifetime::seconds)
            .filter(|lifetime| (Lifetime::seconds(1)..=LONGEST_LIFETIME).contains(lifetime))
            .ok_or(AdminError::Lifetime)?,
    };
    let max_uses = match members.remove("max_uses") {
        None => Some(1),
        Some(Value::Null) => None,
        Some(value) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            let expected = "a number from 1, or null for any number";
            let error = AdminError::Member { member: "max_uses", expected };
            Some(number.filter(|number| *number > 0).ok_or(error)?)
        }
    };
    let policy = policy::read_of_newcomers(members.remove("policy"), configuration)?;
    if !members.is_empty() {
        return Err(AdminError::UnknownMember);
    }
    let id = InitialAccessTokenId::generate(shard, entropy);
    let token = InitialAccessToken { id, secret: Secret::generate(entropy) };
    let record = InitialAccessTokenRecord {
        id: token.id.clone(),
        secret_hash: token.secret.hash(),
        label,
        created_at: now,
        expires_at: now.plus(lifetime),
        max_uses,
        policy,
    };
    Ok((record, token))
}

/// A token as the admin API shows it. Its secret is in no way in it.
#[must_use]
pub fn view_initial_access_token(
    record: &InitialAccessTokenRecord,
    uses: u32,
) -> Map<String, Value> {
    let mut decided = Map::new();
    decided.insert("approved".to_owned(), record.policy.approved.into());
    if let Some(own) = &record.policy.client_credentials {
        decided.insert("client_credentials".to_owned(), policy::view_own(own));
    }
    let mut members = Map::from_iter([
        ("id".to_owned(), record.id.as_str().into()),
        ("created_at".to_owned(), record.created_at.seconds().into()),
        ("expires_at".to_owned(), record.expires_at.seconds().into()),
        ("uses".to_owned(), json!(uses)),
        ("policy".to_owned(), Value::Object(decided)),
    ]);
    if let Some(label) = &record.label {
        members.insert("label".to_owned(), label.as_str().into());
    }
    if let Some(most) = record.max_uses {
        members.insert("max_uses".to_owned(), json!(most));
    }
    members
}
