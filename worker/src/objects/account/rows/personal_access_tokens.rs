//! Personal access tokens.

use latchkey_protocol::identifier::PersonalAccessTokenId;
use latchkey_protocol::json;
use latchkey_protocol::personal_access_token::PersonalAccessTokenRecord;
use latchkey_protocol::time::{Lifetime, UnixTime};

use super::{Rows, is_worth_noting};
use crate::failure::Failure;
use crate::objects::sql::{record, text, time};
use latchkey_protocol::json::FromJson;

/// How long the person can see that a token expired.
const KEEP_EXPIRED: Lifetime = Lifetime::days(30);

/// A token and what the row knows besides.
pub struct StoredToken {
    pub record: PersonalAccessTokenRecord,
    /// When a resource was last called with it.
    pub last_used_at: Option<UnixTime>,
}

#[derive(FromJson)]
struct TokenRow {
    record: String,
    last_used_at: Option<UnixTime>,
}

impl TokenRow {
    fn read(self) -> Result<StoredToken, Failure> {
        let record = json::read(&self.record).map_err(|cause| {
            Failure::unavailable("reading a personal access token", cause.place_only())
        })?;
        Ok(StoredToken { record, last_used_at: self.last_used_at })
    }
}

impl Rows {
    pub fn personal_access_token(
        &self,
        id: &PersonalAccessTokenId,
    ) -> Result<Option<StoredToken>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        let row: Option<TokenRow> = database.row(
            "SELECT record, last_used_at FROM personal_access_tokens WHERE id = ?",
            vec![text(id.as_str())],
        )?;
        row.map(TokenRow::read).transpose()
    }

    /// Every token, expired ones that weren't swept yet too.
    pub fn personal_access_tokens(&self) -> Result<Vec<StoredToken>, Failure> {
        let Some(database) = &self.database else { return Ok(Vec::new()) };
        let rows: Vec<TokenRow> =
            database.rows("SELECT record, last_used_at FROM personal_access_tokens", vec![])?;
        rows.into_iter().map(TokenRow::read).collect()
    }

    pub fn add_personal_access_token(
        &self,
        token: &PersonalAccessTokenRecord,
    ) -> Result<(), Failure> {
        self.writable()?.run(
            "INSERT INTO personal_access_tokens (id, record, forget_at) VALUES (?, ?, ?)",
            vec![
                text(token.id.as_str()),
                record(token)?,
                time(token.expires_at.plus(KEEP_EXPIRED)),
            ],
        )
    }

    pub fn delete_personal_access_token(&self, id: &PersonalAccessTokenId) -> Result<(), Failure> {
        self.writable()?
            .run("DELETE FROM personal_access_tokens WHERE id = ?", vec![text(id.as_str())])
    }

    /// Notes a call, if it is time to; the token's label, if there is such a token.
    pub fn note_call_of_token(
        &self,
        id: &PersonalAccessTokenId,
        at: UnixTime,
    ) -> Result<Option<String>, Failure> {
        let Some(database) = &self.database else { return Ok(None) };
        let Some(token) = self.personal_access_token(id)? else { return Ok(None) };
        if is_worth_noting(token.last_used_at, at) {
            database.run(
                "UPDATE personal_access_tokens SET last_used_at = ? WHERE id = ?",
                vec![time(at), text(id.as_str())],
            )?;
        }
        Ok(Some(token.record.label))
    }
}
