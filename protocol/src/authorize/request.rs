//! Reading and checking an authorization request.

use serde::Serialize;

use super::error::{LocalError, RedirectError, RedirectReason, Refusal};
use crate::client::{ClientId, ClientRecord, GrantType};
use crate::client_id_metadata::ClientSnapshot;
use crate::configuration::Configuration;
use crate::entropy::Entropy;
use crate::identifier::{AccountId, GrantId, SessionId};
use crate::json::FromJson;
use crate::mac::MacKey;
use crate::params::Parameters;
use crate::pkce::{CodeChallenge, PkceError};
use crate::redirect_uri::{MatchedRedirectUri, RedirectUriMismatch, match_registered};
use crate::requested_scope::{RequestedScopeError, requested_scope};
use crate::resource::ResourceIndicator;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::time::{Lifetime, UnixTime};

/// The longest request, as JSON. Sealed and in base64 it grows by a third.
const MAX_REQUEST_BYTES: usize = 9_000;

/// How a person is to be involved
/// ([OpenID Connect Core section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, FromJson)]
pub struct Prompt {
    /// `none`: answer without any page, or not at all.
    pub none: bool,
    /// `login`: enter the password again.
    pub login: bool,
    /// `create`: start with the sign-up page.
    pub create: bool,
}

/// A checked authorization request. It travels sealed through the browser until the person decides.
#[derive(Debug, Clone, Serialize, FromJson)]
pub struct AuthorizationRequest {
    /// The grant that approving will make. Drawn here, so that approving twice is one grant.
    pub grant: GrantId,
    /// What the code's secret part is derived with. Drawn here, so that approving twice is one code.
    pub code_key: MacKey,
    /// Who asks.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub redirect_uri: MatchedRedirectUri,
    /// `state`, to be returned exactly.
    pub state: Option<String>,
    /// What is asked for, as far as it exists.
    pub scope: Scope,
    /// For which resources.
    pub resources: Vec<ResourceIndicator>,
    /// The PKCE challenge.
    pub code_challenge: Option<CodeChallenge>,
    /// How the person is to be involved.
    pub prompt: Prompt,
    /// How long ago the person may have entered their password.
    pub max_age: Option<Lifetime>,
    /// What the client believes the person's e-mail address is.
    pub login_hint: Option<String>,
    /// When the request arrived.
    pub created_at: UnixTime,
    /// What the client's metadata document said, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_snapshot: Option<ClientSnapshot>,
    /// The session that was begun for this request, so that `prompt=login` asks once, not for ever.
    pub signed_in_for: Option<SessionId>,
}

impl AuthorizationRequest {
    /// The secret part of the code that `account` approving this request gives. Each person's is
    /// another, so that whoever got a code by approving a request himself knows nothing about the
    /// code of somebody who is lured into approving the same one.
    #[must_use]
    pub fn code_secret(&self, account: &AccountId) -> Secret {
        self.code_key.derive(&[b"code\0", account.as_str().as_bytes()])
    }
}

/// Finds out which client asks.
///
/// # Errors
///
/// [`LocalError`]: `client_id` is missing, repeated or malformed.
pub fn identify(parameters: &Parameters) -> Result<ClientId, LocalError> {
    let client_id = parameters
        .get("client_id")
        .map_err(|_| LocalError::ClientIdRepeated)?
        .ok_or(LocalError::ClientIdMissing)?;
    ClientId::parse(client_id).ok_or(LocalError::ClientIdMalformed)
}

/// Checks everything about a request of a known client.
///
/// [RFC 6749 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1),
/// [RFC 7636 section 4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3),
/// [RFC 8707 section 2.1](https://www.rfc-editor.org/rfc/rfc8707#section-2.1).
///
/// # Errors
///
/// [`Refusal::Local`] while the redirect URI isn't known to be the client's, then
/// [`Refusal::Redirect`].
pub fn check(
    parameters: &Parameters,
    client: &ClientRecord,
    configuration: &Configuration,
    now: UnixTime,
    entropy: &mut impl Entropy,
) -> Result<AuthorizationRequest, Refusal> {
    // Said here and not to the client: it gets nothing any more, no answer either.
    if client.policy.disabled {
        return Err(LocalError::ClientDisabled.into());
    }
    let redirect_uri = matched_redirect_uri(parameters, client)?;
    // OAuth 2.0 Multiple Response Types section 2.1: an answer in a mode that the client doesn't
    // expect would go unread, so it isn't sent at all.
    match parameters.get("response_mode") {
        Ok(None | Some("query")) => {}
        Ok(Some(_)) | Err(_) => return Err(LocalError::ResponseModeUnsupported.into()),
    }
    // A repeated `state` has no one value to return.
    let state = parameters.get("state").ok().flatten().map(str::to_owned);
    let silent = parameters
        .get("prompt")
        .ok()
        .flatten()
        .is_some_and(|prompt| prompt.split(' ').any(|value| value == "none"));

    match check_rest(parameters, client, configuration) {
        Ok(checked) => fits(AuthorizationRequest {
            grant: GrantId::generate(entropy),
            code_key: MacKey::generate(entropy),
            client_id: client.client_id.clone(),
            redirect_uri,
            state,
            scope: checked.scope,
            resources: checked.resources,
            code_challenge: checked.code_challenge,
            prompt: checked.prompt,
            max_age: checked.max_age,
            login_hint: parameters.get("login_hint").ok().flatten().map(str::to_owned),
            created_at: now,
            client_snapshot: ClientSnapshot::of(client),
            signed_in_for: None,
        }),
        Err(reason) => {
            Err(Refusal::Redirect(Box::new(RedirectError { redirect_uri, state, reason, silent })))
        }
    }
}

/// The request travels sealed in URLs, which the platform limits to 16 KB.
fn fits(request: AuthorizationRequest) -> Result<AuthorizationRequest, Refusal> {
    let length = crate::json::write(&request).map_or(usize::MAX, |text| text.len());
    if length > MAX_REQUEST_BYTES { Err(LocalError::TooLong.into()) } else { Ok(request) }
}

fn matched_redirect_uri(
    parameters: &Parameters,
    client: &ClientRecord,
) -> Result<MatchedRedirectUri, LocalError> {
    let requested = parameters.get("redirect_uri").map_err(|_| LocalError::RedirectUriRepeated)?;
    match_registered(requested, &client.metadata.redirect_uris).map_err(|mismatch| match mismatch {
        RedirectUriMismatch::OmittedButSeveralRegistered => LocalError::RedirectUriMissing,
        RedirectUriMismatch::NoneRegistered
        | RedirectUriMismatch::Refused(_)
        | RedirectUriMismatch::NotRegistered => LocalError::RedirectUriMismatch,
    })
}

struct Checked {
    scope: Scope,
    resources: Vec<ResourceIndicator>,
    code_challenge: Option<CodeChallenge>,
    prompt: Prompt,
    max_age: Option<Lifetime>,
}

fn check_rest(
    parameters: &Parameters,
    client: &ClientRecord,
    configuration: &Configuration,
) -> Result<Checked, RedirectReason> {
    // RFC 6749 section 3.1: parameters MUST NOT be included more than once; RFC 8707 section 2
    // excepts `resource`.
    if parameters.first_repeated(&["resource"]).is_some() {
        return Err(RedirectReason::ParameterRepeated);
    }
    let get = |name| parameters.get(name).map_err(|_| RedirectReason::ParameterRepeated);

    // OpenID Connect Core section 3.1.2.6.
    if get("request")?.is_some() {
        return Err(RedirectReason::RequestObject);
    }
    if get("request_uri")?.is_some() {
        return Err(RedirectReason::RequestUri);
    }
    if get("registration")?.is_some() {
        return Err(RedirectReason::Registration);
    }
    match get("response_type")? {
        Some("code") => {}
        Some(_) => return Err(RedirectReason::ResponseTypeUnsupported),
        None => return Err(RedirectReason::ResponseTypeMissing),
    }
    if !client.metadata.grant_types.contains(&GrantType::AuthorizationCode) {
        return Err(RedirectReason::GrantTypeNotRegistered);
    }
    Ok(Checked {
        code_challenge: code_challenge(parameters, client, configuration)?,
        scope: scope(get("scope")?, configuration)?,
        resources: configuration
            .resources
            .resolve(parameters.all("resource"))
            .map_err(|_| RedirectReason::ResourceUnknown)?,
        prompt: prompt(get("prompt")?)?,
        max_age: get("max_age")?
            .map(|text| text.parse().map(Lifetime::seconds))
            .transpose()
            .map_err(|_| RedirectReason::MaxAgeMalformed)?,
    })
}

fn code_challenge(
    parameters: &Parameters,
    client: &ClientRecord,
    configuration: &Configuration,
) -> Result<Option<CodeChallenge>, RedirectReason> {
    let get = |name| parameters.get(name).map_err(|_| RedirectReason::ParameterRepeated);
    let challenge = CodeChallenge::parse(
        get("code_challenge")?,
        get("code_challenge_method")?,
        configuration.legacy.plain_pkce,
    )
    .map_err(|error| match error {
        PkceError::MethodWithoutChallenge => RedirectReason::CodeChallengeMissing,
        PkceError::PlainNotAllowed | PkceError::MethodMissing => {
            RedirectReason::CodeChallengeMethodPlain
        }
        _ => RedirectReason::CodeChallengeMalformed,
    })?;
    // OAuth 2.1 section 4.1.1 and RFC 9700 section 2.1.1: public clients MUST use PKCE; here every
    // client does, unless the deployment has an old confidential one.
    let may_omit = configuration.legacy.confidential_without_pkce && !client.is_public();
    if challenge.is_none() && !may_omit {
        return Err(RedirectReason::CodeChallengeMissing);
    }
    Ok(challenge)
}

fn scope(requested: Option<&str>, configuration: &Configuration) -> Result<Scope, RedirectReason> {
    requested_scope(requested, configuration).map_err(|error| match error {
        RequestedScopeError::Malformed => RedirectReason::ScopeMalformed,
        RequestedScopeError::Unknown => RedirectReason::ScopeUnknown,
        RequestedScopeError::Empty => RedirectReason::ScopeEmpty,
    })
}

fn prompt(text: Option<&str>) -> Result<Prompt, RedirectReason> {
    let values: Vec<&str> =
        text.unwrap_or_default().split(' ').filter(|value| !value.is_empty()).collect();
    let has = |name| values.contains(&name);
    // OpenID Connect Core section 3.1.2.1: none with any other value is an error.
    if has("none") && values.len() > 1 {
        return Err(RedirectReason::PromptContradiction);
    }
    Ok(Prompt { none: has("none"), login: has("login"), create: has("create") })
}
