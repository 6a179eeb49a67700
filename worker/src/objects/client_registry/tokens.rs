//! The initial access tokens of a shard.

use latchkey_protocol::client::{ClientPolicy, ClientRecord};
use latchkey_protocol::json;
use latchkey_protocol::registration::initial_access_token::{
    InitialAccessToken, InitialAccessTokenError, InitialAccessTokenRecord,
};
use latchkey_protocol::time::{Lifetime, UnixTime};
use worker::SqlStorageValue;

use super::Shard;
use super::messages::{
    AddToken, CheckToken, ListTokens, RegisterWithToken, RemoveToken, StoredToken,
};
use crate::failure::Failure;
use crate::objects::sql::{Database, integer, record, text, time};
use crate::platform;
use latchkey_protocol::json::FromJson;

/// How long a token is still listed after its end, so that the operator can see that it ended.
pub(super) const KEEP_EXPIRED: Lifetime = Lifetime::days(30);

#[derive(FromJson)]
struct TokenRow {
    record: String,
    uses: u32,
}

impl TokenRow {
    fn read(&self) -> Result<StoredToken, Failure> {
        let record = json::read(&self.record).map_err(|cause| {
            Failure::unavailable("reading an initial access token", cause.place_only())
        })?;
        Ok(StoredToken { record, uses: self.uses })
    }
}

#[derive(FromJson)]
struct IdRow {
    #[serde(rename = "id")]
    _id: String,
}

impl Shard<'_> {
    pub(super) fn add_token(&self, message: &AddToken) -> Result<(), Failure> {
        let token = &message.record;
        let most = token.max_uses.map_or(SqlStorageValue::Null, |most| integer(most.into()));
        self.created()?.run(
            "INSERT INTO initial_access_tokens (id, record, uses, max_uses, expires_at)
             VALUES (?, ?, 0, ?, ?)",
            vec![text(token.id.as_str()), record(token)?, most, time(token.expires_at)],
        )
    }

    pub(super) fn check_token(
        &self,
        message: &CheckToken,
    ) -> Result<Result<ClientPolicy, InitialAccessTokenError>, Failure> {
        Ok(self.good_token(&message.token)?.map(|token| token.policy))
    }

    fn good_token(
        &self,
        token: &InitialAccessToken,
    ) -> Result<Result<InitialAccessTokenRecord, InitialAccessTokenError>, Failure> {
        let unknown = Ok(Err(InitialAccessTokenError::Unknown));
        let Some(database) = self.existing()? else { return unknown };
        let row: Option<TokenRow> = database.row(
            "SELECT record, uses FROM initial_access_tokens WHERE id = ?",
            vec![text(token.id.as_str())],
        )?;
        let Some(row) = row else { return unknown };
        let StoredToken { record, uses } = row.read()?;
        Ok(record.check(&token.secret, uses, platform::now()).map(|()| record))
    }

    pub(super) fn register_with_token(
        &self,
        message: RegisterWithToken,
    ) -> Result<Result<ClientRecord, InitialAccessTokenError>, Failure> {
        let token = match self.good_token(&message.token)? {
            Ok(token) => token,
            Err(error) => return Ok(Err(error)),
        };
        let client = token.admit(message.record);
        let database = self.created()?;
        database.together(|| {
            // The claim: one conditional statement, so that no token is used once too often.
            let used: Option<IdRow> = database.row(
                "UPDATE initial_access_tokens SET uses = uses + 1
                 WHERE id = ? AND expires_at > ? AND (max_uses IS NULL OR uses < max_uses)
                 RETURNING id",
                vec![text(token.id.as_str()), time(platform::now())],
            )?;
            if used.is_none() {
                return Ok(Err(InitialAccessTokenError::UsedUp));
            }
            self.register(&client)?;
            Ok(Ok(client))
        })
    }

    pub(super) fn list_tokens(&self, message: &ListTokens) -> Result<Vec<StoredToken>, Failure> {
        let Some(database) = self.existing()? else { return Ok(Vec::new()) };
        let rows: Vec<TokenRow> = database.rows(
            "SELECT record, uses FROM initial_access_tokens WHERE id > ? ORDER BY id LIMIT ?",
            vec![text(message.after.as_deref().unwrap_or_default()), integer(message.limit.into())],
        )?;
        rows.iter().map(TokenRow::read).collect()
    }

    pub(super) fn remove_token(&self, message: &RemoveToken) -> Result<bool, Failure> {
        let Some(database) = self.existing()? else { return Ok(false) };
        let removed: Option<IdRow> = database.row(
            "DELETE FROM initial_access_tokens WHERE id = ? RETURNING id",
            vec![text(message.id.as_str())],
        )?;
        Ok(removed.is_some())
    }

    pub(super) fn sweep_tokens(&self, database: &Database, now: UnixTime) -> Result<(), Failure> {
        database.run(
            "DELETE FROM initial_access_tokens WHERE expires_at <= ?",
            vec![time(now.minus(KEEP_EXPIRED))],
        )
    }
}
