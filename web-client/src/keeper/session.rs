//! What is kept of a session, and how it is written.

use latchkey_protocol::client_side::{Granted, Members};
use latchkey_protocol::secret::Secret;
use wasm_bindgen::JsValue;

use crate::fault::Fault;
use crate::platform::object::{Fields, JsMembers};

/// A session. Times are milliseconds since 1970 by this machine's clock.
pub struct Session {
    pub issuer: String,
    pub client_id: String,
    pub token_endpoint: String,
    pub revocation_endpoint: Option<String>,
    pub resource: Option<String>,
    pub scope: String,
    pub access_token: Secret,
    pub refresh_token: Option<Secret>,
    pub obtained: u64,
    pub expires: Option<u64>,
}

impl Session {
    /// A session that begins with these tokens, asked for at `start`.
    pub fn begin(grant: &JsMembers, granted: Granted, start: u64) -> Result<Self, Fault> {
        let asked = grant.optional("scope")?.unwrap_or_default();
        Ok(Self {
            issuer: grant.needed("issuer")?,
            client_id: grant.needed("clientId")?,
            token_endpoint: grant.needed("tokenEndpoint")?,
            revocation_endpoint: grant.optional("revocationEndpoint")?,
            resource: grant.optional("resource")?,
            // RFC 6749 section 5.1: without `scope` it is what was asked for.
            scope: granted.scope.unwrap_or(asked),
            access_token: granted.access_token,
            refresh_token: granted.refresh_token,
            obtained: start,
            expires: end_of(start, granted.expires_in),
        })
    }

    /// The same session with the tokens of a refresh, asked for at `start`.
    pub fn refreshed(mut self, granted: Granted, start: u64) -> Self {
        if let Some(scope) = granted.scope {
            self.scope = scope;
        }
        // RFC 6749 section 6: without a new refresh token the old one goes on.
        if granted.refresh_token.is_some() {
            self.refresh_token = granted.refresh_token;
        }
        self.access_token = granted.access_token;
        self.obtained = start;
        self.expires = end_of(start, granted.expires_in);
        self
    }

    /// Reads what `write` wrote; `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let members = JsMembers::parse(text)?;
        Some(Self {
            issuer: members.text("issuer")?,
            client_id: members.text("client_id")?,
            token_endpoint: members.text("token_endpoint")?,
            revocation_endpoint: members.text("revocation_endpoint"),
            resource: members.text("resource"),
            scope: members.text("scope")?,
            access_token: Secret::new(members.text("access_token")?),
            refresh_token: members.text("refresh_token").map(Secret::new),
            obtained: milliseconds(members.number("obtained")?),
            expires: members.number("expires").map(milliseconds),
        })
    }

    /// The text that is stored.
    pub fn write(&self) -> String {
        Fields::new()
            .with("issuer", &*self.issuer)
            .with("client_id", &*self.client_id)
            .with("token_endpoint", &*self.token_endpoint)
            .with_some("revocation_endpoint", self.revocation_endpoint.as_deref())
            .with_some("resource", self.resource.as_deref())
            .with("scope", &*self.scope)
            .with("access_token", self.access_token.expose())
            .with_some("refresh_token", self.refresh_token.as_ref().map(Secret::expose))
            .with("obtained", number(self.obtained))
            .with_some("expires", self.expires.map(number))
            .to_json()
    }

    /// The `Session` of `index.d.ts`: nothing secret.
    pub fn view(&self) -> JsValue {
        Fields::new()
            .with("issuer", &*self.issuer)
            .with("clientId", &*self.client_id)
            .with_some("resource", self.resource.as_deref())
            .with("scope", &*self.scope)
            .with("expiresAt", self.expires.map_or(JsValue::NULL, |time| number(time).into()))
            .with("refreshable", self.refresh_token.is_some())
            .done()
    }

    /// By what other tabs recognise the tokens without their being said.
    pub fn fingerprint(&self) -> String {
        self.refresh_token.as_ref().unwrap_or(&self.access_token).hash().to_text()
    }
}

/// The detail of `signedout`.
pub fn end_view(reason: &str) -> JsValue {
    Fields::new().with("reason", reason).done()
}

fn end_of(start: u64, expires_in: Option<u32>) -> Option<u64> {
    expires_in.map(|seconds| start + u64::from(seconds) * 1000)
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
const fn number(time: u64) -> f64 {
    time as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates"
)]
const fn milliseconds(number: f64) -> u64 {
    number as u64
}
