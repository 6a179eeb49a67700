//! Reading client metadata from the JSON that a client sent.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::json::{self, JsonError};
use super::members::{Members, plain_text};
use super::values::{GrantType, TokenEndpointAuthMethod};
use super::{
    ApplicationType, ClientMetadata, ClientMetadataError, MAXIMUM_BODY, MAXIMUM_ENTRIES,
    MAXIMUM_KEY_SET, MAXIMUM_KEY_SET_DEPTH, MAXIMUM_NAME, MAXIMUM_STRING, ResponseType,
};
use crate::jwt::SignatureAlgorithm;
use crate::redirect_uri::{RedirectUri, RedirectUriError, RedirectUriPolicy, is_uri_character};
use crate::scope::Scope;

/// The URIs that people may be shown.
const DISPLAY_URIS: [&str; 4] = ["client_uri", "logo_uri", "tos_uri", "policy_uri"];

impl ClientMetadata {
    /// Reads the body of a registration request, or a client's metadata document.
    ///
    /// [RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2) lets the server
    /// replace what it doesn't offer: grants and response types that don't exist here are left
    /// out, and `refresh_token` is added, so that no person is asked to sign in every hour because
    /// a client forgot to ask for it.
    ///
    /// # Errors
    ///
    /// - `invalid_redirect_uri`: there is no redirect URI, or one may not be registered here.
    /// - `invalid_client_metadata`: anything else; the description names the member.
    pub fn parse(body: &[u8], policy: &RedirectUriPolicy) -> Result<Self, ClientMetadataError> {
        Self::from_object(Self::object(body)?, policy)
    }

    /// Reads the JSON object that a client sent, with every ambiguity refused, and none of its members
    /// looked at yet.
    ///
    /// # Errors
    ///
    /// `invalid_client_metadata`: it is too long, no JSON, no object, or has a member twice.
    pub fn object(body: &[u8]) -> Result<Map<String, Value>, ClientMetadataError> {
        if body.len() > MAXIMUM_BODY {
            return Err(ClientMetadataError::BodyTooLong);
        }
        let value = json::parse(body).map_err(|error| match error {
            JsonError::Malformed => ClientMetadataError::NotJson,
            JsonError::DuplicateMember => ClientMetadataError::DuplicateMember,
        })?;
        match value {
            Value::Object(members) => Ok(members),
            _ => Err(ClientMetadataError::NotAnObject),
        }
    }

    /// Reads the members of such an object; [`ClientMetadata::parse`] says how.
    ///
    /// # Errors
    ///
    /// Those of [`ClientMetadata::parse`].
    pub fn from_object(
        members: Map<String, Value>,
        policy: &RedirectUriPolicy,
    ) -> Result<Self, ClientMetadataError> {
        let mut members = Members(members);
        let grant_types = grant_types(&members.texts("grant_types")?)?;
        let redirects = grant_types.contains(&GrantType::AuthorizationCode);
        let response_types = response_types(&members.texts("response_types")?, redirects)?;
        let (jwks_uri, jwks) = key_set(&mut members)?;
        let methods = auth_methods(&mut members)?;
        Ok(Self {
            redirect_uris: redirect_uris(&members.texts("redirect_uris")?, redirects, policy)?,
            token_endpoint_auth_method: methods.first().copied(),
            token_endpoint_auth_methods_supported: methods,
            token_endpoint_auth_signing_alg: signing_algorithm(&mut members)?,
            grant_types,
            response_types,
            client_name: members
                .text("client_name")?
                .map_or(Ok(None), |name| client_name("client_name", &name))?,
            client_uri: display_uri(&mut members, "client_uri")?,
            logo_uri: display_uri(&mut members, "logo_uri")?,
            scope: members
                .text_of_any_length("scope")?
                .map(|scope| Scope::parse(&scope).map_err(ClientMetadataError::Scope))
                .transpose()?
                .filter(|scope| !scope.is_empty()),
            contacts: contacts(&members.texts("contacts")?)?,
            tos_uri: display_uri(&mut members, "tos_uri")?,
            policy_uri: display_uri(&mut members, "policy_uri")?,
            jwks_uri,
            jwks,
            software_id: members.text("software_id")?.as_deref().and_then(plain_text),
            software_version: members.text("software_version")?.as_deref().and_then(plain_text),
            application_type: application_type(members.0.remove("application_type").as_ref()),
            localized: localized(&members)?,
        })
    }
}

/// Reads the redirect URIs. Those whose private-use scheme isn't allowed here are left out as long
/// as another one is left: a client that registers all its ways back at once can still use the
/// others, and reads in the answer which ones it got. Anything else that is wrong with one of them
/// refuses the whole registration.
///
/// `redirects` says whether the client uses a grant that redirects: without one it needs none.
fn redirect_uris(
    texts: &[String],
    redirects: bool,
    policy: &RedirectUriPolicy,
) -> Result<Vec<RedirectUri>, ClientMetadataError> {
    let mut uris: Vec<RedirectUri> = Vec::with_capacity(texts.len());
    // RFC 7591 section 2: clients of redirect-based flows MUST register their redirect URIs.
    let mut none_left = ClientMetadataError::RedirectUrisMissing;
    for (position, text) in (1..).zip(texts) {
        match RedirectUri::parse(text, policy) {
            Ok(uri) if uris.contains(&uri) => {}
            Ok(uri) => uris.push(uri),
            Err(reason @ RedirectUriError::SchemeNotAllowed) => {
                none_left = ClientMetadataError::RedirectUri { position, reason };
            }
            Err(reason) => return Err(ClientMetadataError::RedirectUri { position, reason }),
        }
    }
    if uris.is_empty() && redirects { Err(none_left) } else { Ok(uris) }
}

fn contacts(texts: &[String]) -> Result<Vec<String>, ClientMetadataError> {
    if texts.iter().any(|text| text.len() > MAXIMUM_STRING) {
        return Err(ClientMetadataError::TooLong { member: "contacts" });
    }
    Ok(texts.iter().filter_map(|text| plain_text(text)).collect())
}

/// The methods that the client can use and that exist here, the one that it names first
/// (OpenID Connect RP Metadata Choices: `token_endpoint_auth_methods_supported`). A client that can do
/// none of ours is refused; one that says nothing gets an empty list.
fn auth_methods(
    members: &mut Members,
) -> Result<Vec<TokenEndpointAuthMethod>, ClientMetadataError> {
    let wanted = members.text("token_endpoint_auth_method")?;
    let possible = members.texts("token_endpoint_auth_methods_supported")?;
    let mut methods = Vec::new();
    for name in wanted.iter().chain(&possible) {
        match TokenEndpointAuthMethod::from_name(name) {
            Some(method) if !methods.contains(&method) => methods.push(method),
            Some(_) | None => {}
        }
    }
    let says_nothing = wanted.is_none() && possible.is_empty();
    if methods.is_empty() && !says_nothing {
        return Err(ClientMetadataError::UnsupportedAuthMethod);
    }
    Ok(methods)
}

/// RFC 7591 section 2 leaves `token_endpoint_auth_signing_alg` to OpenID Connect Registration: "All
/// Token Requests using these authentication methods from this Client MUST be rejected, if the JWT is
/// not signed with this algorithm."
fn signing_algorithm(
    members: &mut Members,
) -> Result<Option<SignatureAlgorithm>, ClientMetadataError> {
    members
        .text("token_endpoint_auth_signing_alg")?
        .map(|name| {
            SignatureAlgorithm::from_name(&name)
                .ok_or(ClientMetadataError::UnsupportedSigningAlgorithm)
        })
        .transpose()
}

fn grant_types(names: &[String]) -> Result<Vec<GrantType>, ClientMetadataError> {
    // RFC 7591 section 2: "If omitted, the default behavior is that the client will use only the
    // 'authorization_code' Grant Type."
    if names.is_empty() {
        return Ok(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]);
    }
    let asked = |grant: GrantType| names.iter().any(|name| name == grant.as_str());
    let mut grants: Vec<GrantType> =
        GrantType::ALL.into_iter().filter(|&grant| grant.can_start() && asked(grant)).collect();
    if grants.is_empty() {
        return Err(ClientMetadataError::NoUsableGrantType);
    }
    if grants.iter().any(|grant| grant.involves_a_person()) {
        grants.push(GrantType::RefreshToken);
    }
    Ok(grants)
}

fn response_types(
    names: &[String],
    redirects: bool,
) -> Result<Vec<ResponseType>, ClientMetadataError> {
    // RFC 7591 section 2.1: response types belong to the grants that begin at the authorization
    // endpoint.
    if !redirects {
        return Ok(Vec::new());
    }
    // RFC 7591 section 2: "If omitted, the default is that the client will use only the 'code'
    // response type."
    let code = ResponseType::Code;
    if !names.is_empty() && !names.iter().any(|name| name == code.as_str()) {
        return Err(ClientMetadataError::NoUsableResponseType);
    }
    Ok(vec![code])
}

fn client_name(member: &'static str, text: &str) -> Result<Option<String>, ClientMetadataError> {
    let name = plain_text(text);
    match name {
        Some(name) if name.chars().count() > MAXIMUM_NAME => {
            Err(ClientMetadataError::NameTooLong { member })
        }
        name => Ok(name),
    }
}

fn display_uri(
    members: &mut Members,
    member: &'static str,
) -> Result<Option<String>, ClientMetadataError> {
    match members.text(member)? {
        Some(uri) if !is_web_uri(&uri) => Err(ClientMetadataError::WebUri { member }),
        uri => Ok(uri),
    }
}

/// Whether a person may be sent to this URI: `https` or, for development, `http` on the loopback
/// interface; no user information, which makes one host look like another; nothing outside of
/// RFC 3986's characters, which the URL parser would drop or replace.
fn is_web_uri(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte == b'#' || is_uri_character(byte));
    let Some(uri) = url::Url::parse(text).ok().filter(|_| plain && text.contains("://")) else {
        return false;
    };
    let scheme_allowed = match (uri.scheme(), uri.host()) {
        ("https", Some(_)) => true,
        ("http", Some(url::Host::Domain(host))) => host == "localhost",
        ("http", Some(url::Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(url::Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    };
    scheme_allowed && uri.username().is_empty() && uri.password().is_none()
}

/// `jwks_uri` and `jwks`.
fn key_set(members: &mut Members) -> Result<(Option<String>, Option<Value>), ClientMetadataError> {
    let jwks_uri = display_uri(members, "jwks_uri")?;
    let jwks = match members.0.remove("jwks") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(jwks) => Some(jwks),
    };
    let Some(jwks) = jwks else {
        return Ok((jwks_uri, None));
    };
    // RFC 7591 section 2: "The 'jwks_uri' and 'jwks' parameters MUST NOT both be present in the
    // same request or response."
    if jwks_uri.is_some() {
        return Err(ClientMetadataError::KeySetTwice);
    }
    let keys = jwks.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or(ClientMetadataError::KeySetMalformed)?;
    if keys.len() > MAXIMUM_ENTRIES {
        return Err(ClientMetadataError::TooMany { member: "jwks" });
    }
    // Nothing reads more of a key set than this; whatever is kept is kept for every use.
    if jwks.to_string().len() > MAXIMUM_KEY_SET || depth(&jwks) > MAXIMUM_KEY_SET_DEPTH {
        return Err(ClientMetadataError::KeySetTooLarge);
    }
    for key in keys {
        let key = key.as_object().ok_or(ClientMetadataError::KeySetMalformed)?;
        // RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1: the members of private and symmetric keys.
        let secret = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        if secret.iter().any(|name| key.contains_key(*name)) {
            return Err(ClientMetadataError::KeySetNotPublic);
        }
    }
    Ok((None, Some(jwks)))
}

/// How many arrays and objects a value has inside one another.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// `application_type`. Whatever it says, it never makes a registration fail.
fn application_type(value: Option<&Value>) -> Option<ApplicationType> {
    match value?.as_str()? {
        "native" => Some(ApplicationType::Native),
        "web" => Some(ApplicationType::Web),
        _ => None,
    }
}

/// The translations among the members: `client_name#tag` and the like, under the rules of the
/// member they translate. Members with something else after the `#` are unknown, so ignored.
fn localized(members: &Members) -> Result<BTreeMap<String, String>, ClientMetadataError> {
    let mut localized = BTreeMap::new();
    for (name, value) in &members.0 {
        let Some((base, tag)) = name.split_once('#') else { continue };
        let translatable = ["client_name"].into_iter().chain(DISPLAY_URIS);
        let Some(member) = translatable.into_iter().find(|member| *member == base) else {
            continue;
        };
        if !is_language_tag(tag) || value.is_null() {
            continue;
        }
        let Some(text) = value.as_str() else {
            return Err(ClientMetadataError::WrongType { member, expected: "a string" });
        };
        if text.is_empty() {
            continue;
        }
        if text.len() > MAXIMUM_STRING {
            return Err(ClientMetadataError::TooLong { member });
        }
        let text = if member == "client_name" {
            client_name(member, text)?
        } else if is_web_uri(text) {
            Some(text.to_owned())
        } else {
            return Err(ClientMetadataError::WebUri { member });
        };
        if let Some(text) = text {
            localized.insert(name.clone(), text);
        }
        if localized.len() > MAXIMUM_ENTRIES {
            return Err(ClientMetadataError::TooMany { member });
        }
    }
    Ok(localized)
}

/// Whether this has the shape of a language tag
/// ([RFC 5646 section 2.1](https://www.rfc-editor.org/rfc/rfc5646#section-2.1)): subtags of 1 to 8
/// letters and digits.
fn is_language_tag(tag: &str) -> bool {
    tag.len() <= 35
        && tag.split('-').all(|subtag| {
            (1..=8).contains(&subtag.len())
                && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests;
