//! A client and a person who has allowed it: what stands before a piece of work begins.

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::connection::{Call, Connection, encode};
use crate::page;
use crate::person::Person;

/// Where clients are sent; nobody follows. Only to an https address is a standing consent enough.
const REDIRECT_URI: &str = "https://client.example/callback";
/// A verifier may be any random text; making a new one each time would be work of the bench alone.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk-of-the-bench";

/// How a client proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// Not at all, with PKCE.
    Public,
    /// With a secret, by HTTP Basic.
    Confidential,
}

impl ClientKind {
    /// The metadata that a client of this kind registers.
    pub fn metadata(self) -> serde_json::Value {
        let method = match self {
            Self::Public => "none",
            Self::Confidential => "client_secret_basic",
        };
        json!({
            "client_name": "Bench",
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": method,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        })
    }
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    id: String,
    secret: Option<String>,
}

impl Client {
    /// Registers one.
    pub async fn register(connection: &mut Connection, kind: ClientKind) -> Result<Self> {
        let call = Call::json("/register", &kind.metadata());
        let reply = connection.send(&call).await?.expect(201)?;
        let [id] = reply.members(["client_id"])?;
        let secret = match kind {
            ClientKind::Public => None,
            ClientKind::Confidential => {
                let [secret] = reply.members(["client_secret"])?;
                Some(secret)
            }
        };
        Ok(Self { id, secret })
    }

    /// A call of this client to an endpoint that wants to know who it is.
    pub fn calls(&self, path: &str, fields: &[(&str, &str)]) -> Result<Call> {
        let Some(secret) = &self.secret else {
            let fields: Vec<_> = fields.iter().copied().chain([("client_id", &*self.id)]).collect();
            return Ok(Call::form(path, &fields));
        };
        let credentials =
            base64::engine::general_purpose::STANDARD.encode(format!("{}:{secret}", self.id));
        Call::form(path, fields)
            .header(hyper::header::AUTHORIZATION, &format!("Basic {credentials}"))
    }
}

/// What a client gets for a code or a refresh token.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token.
    pub access: String,
    /// The refresh token.
    pub refresh: String,
}

/// A client, and a person who has allowed it to use a resource.
#[derive(Debug, Clone)]
pub struct Party {
    /// The client.
    pub client: Client,
    authorize: Call,
}

impl Party {
    /// Registers a client and has the person allow it.
    pub async fn begin(
        connection: &mut Connection,
        person: &Person,
        kind: ClientKind,
        resource: &str,
    ) -> Result<Self> {
        Ok(Self::begin_with_tokens(connection, person, kind, resource).await?.0)
    }

    /// The same, with the tokens that came of it; none where the person isn't asked.
    pub async fn begin_with_tokens(
        connection: &mut Connection,
        person: &Person,
        kind: ClientKind,
        resource: &str,
    ) -> Result<(Self, Option<Tokens>)> {
        let client = Client::register(connection, kind).await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let query = encode(&[
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "mcp"),
            ("resource", resource),
            ("state", "the-bench"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let path = format!("/authorize?{query}");
        if !person.asks_first {
            return Ok((Self { client, authorize: person.browses(Call::get(path))? }, None));
        }
        let page = connection.send(&person.browses(Call::get(&path))?).await?.expect(200)?;
        let fields = [
            ("csrf", &*page::hidden(&page, "csrf")?),
            ("request", &*page::hidden(&page, "request")?),
            ("decision", "allow"),
        ];
        let call = person.browses(Call::form("/consent", &fields))?;
        let code = connection.send(&call).await?.expect(303)?.code()?;
        let silent = Call::get(format!("{path}&prompt=none"));
        let party = Self { client, authorize: person.browses(silent)? };
        // A consent stands once its code is redeemed; then the same request is answered without a page.
        let tokens = party.redeem(connection, &code).await?;
        Ok((party, Some(tokens)))
    }

    /// Sends the person's browser to the server, and takes the code that it comes back with.
    pub async fn authorize(&self, connection: &mut Connection) -> Result<String> {
        connection.send(&self.authorize).await?.expect(302)?.code()
    }

    /// Redeems a code.
    pub async fn redeem(&self, connection: &mut Connection, code: &str) -> Result<Tokens> {
        self.tokens(connection, &self.redeems(code)?).await
    }

    /// The token request with a code.
    pub fn redeems(&self, code: &str) -> Result<Call> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        self.client.calls("/token", &fields)
    }

    /// Gets tokens with a code of its own.
    pub async fn connect(&self, connection: &mut Connection) -> Result<Tokens> {
        let code = self.authorize(connection).await?;
        self.redeem(connection, &code).await
    }

    /// Refreshes.
    pub async fn refresh(&self, connection: &mut Connection, token: &str) -> Result<Tokens> {
        self.tokens(connection, &self.refreshes(token)?).await
    }

    /// The token request with a refresh token.
    pub fn refreshes(&self, token: &str) -> Result<Call> {
        self.client.calls("/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    async fn tokens(&self, connection: &mut Connection, call: &Call) -> Result<Tokens> {
        let reply = connection.send(call).await?.expect(200)?;
        let [access, refresh] = reply.members(["access_token", "refresh_token"])?;
        Ok(Tokens { access, refresh })
    }
}
