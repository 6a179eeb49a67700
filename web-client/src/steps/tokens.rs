//! Requests to the token, revocation and introspection endpoints.

use latchkey_protocol::client_side::{Granted, TokenAnswer};
use latchkey_protocol::secret::Secret;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::AbortSignal;

use super::server_of;
use crate::fault::Fault;
use crate::platform::abort;
use crate::platform::http::{Body, Call, Http};
use crate::platform::object::JsMembers;

/// What the token endpoint granted. A log shows none of it.
#[wasm_bindgen]
pub struct TokenResponse {
    granted: Granted,
}

#[wasm_bindgen]
impl TokenResponse {
    /// `access_token`.
    #[wasm_bindgen(getter, js_name = accessToken)]
    #[must_use]
    pub fn access_token(&self) -> String {
        self.granted.access_token.expose().to_owned()
    }

    /// `refresh_token`.
    #[wasm_bindgen(getter, js_name = refreshToken)]
    #[must_use]
    pub fn refresh_token(&self) -> Option<String> {
        self.granted.refresh_token.as_ref().map(|token| token.expose().to_owned())
    }

    /// `token_type`.
    #[wasm_bindgen(getter, js_name = tokenType)]
    #[must_use]
    pub fn token_type(&self) -> String {
        self.granted.token_type.clone()
    }

    /// `expires_in`, in seconds.
    #[wasm_bindgen(getter, js_name = expiresIn)]
    #[must_use]
    pub fn expires_in(&self) -> Option<u32> {
        self.granted.expires_in
    }

    /// `scope`.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn scope(&self) -> Option<String> {
        self.granted.scope.clone()
    }
}

/// Sends a token request; the fault is of the request itself, the answer is as the server gave it.
pub async fn ask_for_tokens(
    http: &Http,
    endpoint: &str,
    pairs: &[(&str, Option<&str>)],
    signal: Option<&AbortSignal>,
) -> Result<(TokenAnswer, u16), Fault> {
    let call = Call {
        purpose: "token",
        url: endpoint,
        body: Some(Body::form(pairs)),
        authorization: None,
    };
    let reply = http.send(&call, signal).await?;
    let answer = TokenAnswer::read(reply.status, reply.retry_after.as_deref(), reply.body.as_ref());
    Ok((answer, reply.status))
}

/// The tokens of an answer, or why there are none.
fn granted_by((answer, status): (TokenAnswer, u16)) -> Result<TokenResponse, Fault> {
    match answer {
        TokenAnswer::Granted(granted) => Ok(TokenResponse { granted }),
        other => Err(refusal_of(other, status)),
    }
}

/// The fault that an answer without tokens is.
pub fn refusal_of(answer: TokenAnswer, status: u16) -> Fault {
    match answer {
        TokenAnswer::Later { retry_after } => {
            Fault::later("temporarily_unavailable", retry_after, Some(status))
        }
        TokenAnswer::Refused { error, description } => {
            Fault::server(error, description, Some(status))
        }
        TokenAnswer::Malformed(member) => Fault::malformed(member, status),
        TokenAnswer::Granted(_) => Fault::malformed("error", status),
    }
}

/// Revokes a token ([RFC 7009 section 2.1](https://www.rfc-editor.org/rfc/rfc7009#section-2.1)).
pub async fn revoke(
    http: &Http,
    endpoint: &str,
    client_id: &str,
    token: &Secret,
    hint: Option<&str>,
    signal: Option<&AbortSignal>,
) -> Result<(), Fault> {
    let body = Body::form(&[
        ("token", Some(token.expose())),
        ("token_type_hint", hint),
        ("client_id", Some(client_id)),
    ]);
    let call = Call { purpose: "revocation", url: endpoint, body: Some(body), authorization: None };
    let reply = http.send(&call, signal).await?;
    if reply.is_success() {
        return Ok(());
    }
    let answer = TokenAnswer::read(reply.status, reply.retry_after.as_deref(), reply.body.as_ref());
    Err(refusal_of(answer, reply.status))
}

/// `redeemCode` of `index.d.ts`.
///
/// # Errors
///
/// The server's own error, and those of every request.
#[wasm_bindgen(js_name = redeemCode)]
pub async fn redeem_code(
    server: JsValue,
    request: JsValue,
    options: JsValue,
) -> Result<TokenResponse, JsValue> {
    let request = JsMembers(request);
    let pairs = [
        ("grant_type", Some("authorization_code".to_owned())),
        ("client_id", Some(request.needed("clientId")?)),
        ("code", Some(request.needed("code")?)),
        ("code_verifier", Some(request.needed("codeVerifier")?)),
        ("redirect_uri", Some(request.needed("redirectUri")?)),
        ("resource", request.optional("resource")?),
    ];
    Ok(tokens_for(&server, &pairs, &options).await?)
}

/// `refreshTokens` of `index.d.ts`.
///
/// # Errors
///
/// The server's own error, and those of every request.
#[wasm_bindgen(js_name = refreshTokens)]
pub async fn refresh_tokens(
    server: JsValue,
    request: JsValue,
    options: JsValue,
) -> Result<TokenResponse, JsValue> {
    let request = JsMembers(request);
    let pairs = [
        ("grant_type", Some("refresh_token".to_owned())),
        ("client_id", Some(request.needed("clientId")?)),
        ("refresh_token", Some(request.needed("refreshToken")?)),
        ("scope", request.optional("scope")?),
        ("resource", request.optional("resource")?),
    ];
    Ok(tokens_for(&server, &pairs, &options).await?)
}

async fn tokens_for(
    server: &JsValue,
    pairs: &[(&str, Option<String>)],
    options: &JsValue,
) -> Result<TokenResponse, Fault> {
    let endpoint = server_of(server)?.token_endpoint;
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_deref())).collect();
    let signal = abort::signal_of(options);
    granted_by(ask_for_tokens(&Http::of(options), &endpoint, &pairs, signal.as_ref()).await?)
}

/// `revokeToken` of `index.d.ts`.
///
/// # Errors
///
/// `invalid_options` when the server has no revocation endpoint, its own error, and those of every request.
#[wasm_bindgen(js_name = revokeToken)]
pub async fn revoke_token(
    server: JsValue,
    request: JsValue,
    options: JsValue,
) -> Result<(), JsValue> {
    let request = JsMembers(request);
    let endpoint = server_of(&server)?
        .revocation_endpoint
        .ok_or_else(|| Fault::option("server", "metadata with a revocation_endpoint"))?;
    let (client_id, token) = (request.needed("clientId")?, Secret::new(request.needed("token")?));
    let hint = request.optional("tokenTypeHint")?;
    let signal = abort::signal_of(&options);
    let http = Http::of(&options);
    Ok(revoke(&http, &endpoint, &client_id, &token, hint.as_deref(), signal.as_ref()).await?)
}

/// `introspectToken` of `index.d.ts`.
///
/// # Errors
///
/// `invalid_options` when the server has no introspection endpoint, its own error, and those of every request.
#[wasm_bindgen(js_name = introspectToken)]
pub async fn introspect_token(
    server: JsValue,
    request: JsValue,
    options: JsValue,
) -> Result<JsValue, JsValue> {
    let request = JsMembers(request);
    let endpoint = server_of(&server)?
        .introspection_endpoint
        .ok_or_else(|| Fault::option("server", "metadata with an introspection_endpoint"))?;
    let (token, hint) = (request.needed("token")?, request.optional("tokenTypeHint")?);
    let body = Body::form(&[("token", Some(&token)), ("token_type_hint", hint.as_deref())]);
    let authorization = request.optional("authorization")?;
    let call = Call {
        purpose: "introspection",
        url: &endpoint,
        body: Some(body),
        authorization: authorization.as_deref(),
    };
    let reply = Http::of(&options).send(&call, abort::signal_of(&options).as_ref()).await?;
    match reply.body {
        Some(body) if reply.is_success() && body.value("active").as_bool().is_some() => Ok(body.0),
        body => {
            let answer =
                TokenAnswer::read(reply.status, reply.retry_after.as_deref(), body.as_ref());
            Err(refusal_of(answer, reply.status).into())
        }
    }
}
