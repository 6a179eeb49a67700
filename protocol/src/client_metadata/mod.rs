//! What a client says about itself
//! ([RFC 7591 section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)).
//!
//! Clients send what their libraries made them send, so reading is tolerant where nothing is at
//! stake (`""` and `null` are absent, unknown members are ignored, what isn't offered is left out
//! and the answer says so) and strict where something is: redirect URIs, URIs that people may
//! click, ambiguous JSON, sizes.

mod error;
mod json;
mod members;
mod parse;
mod values;

pub use error::ClientMetadataError;
pub(crate) use members::plain_text;
pub use values::{ApplicationType, GrantType, ResponseType, TokenEndpointAuthMethod};

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::json::FromJson;
use crate::jwt::SignatureAlgorithm;
use crate::redirect_uri::{RedirectUri, RedirectUriKind};
use crate::scope::Scope;

/// The longest body, in bytes.
pub const MAXIMUM_BODY: usize = 64 * 1024;
/// The longest string in a member, in bytes.
pub const MAXIMUM_STRING: usize = 2_000;
/// The longest `client_name`, in characters.
pub const MAXIMUM_NAME: usize = 200;
/// The longest `jwks`, in bytes of JSON.
pub const MAXIMUM_KEY_SET: usize = 8 * 1024;
/// How many arrays and objects a `jwks` may have inside one another.
pub const MAXIMUM_KEY_SET_DEPTH: usize = 8;
/// The most entries in a list, and the most localised members.
pub const MAXIMUM_ENTRIES: usize = 50;

/// The members that mean something here, without their translations.
pub const MEMBERS: [&str; 18] = [
    "redirect_uris",
    "token_endpoint_auth_method",
    "token_endpoint_auth_methods_supported",
    "grant_types",
    "response_types",
    "client_name",
    "client_uri",
    "logo_uri",
    "scope",
    "contacts",
    "tos_uri",
    "policy_uri",
    "jwks_uri",
    "jwks",
    "software_id",
    "software_version",
    "application_type",
    "token_endpoint_auth_signing_alg",
];

/// Whether a member of this name means something here, in whatever language it is.
#[must_use]
pub fn is_member(name: &str) -> bool {
    let base = name.split_once('#').map_or(name, |(base, _)| base);
    MEMBERS.contains(&base)
}

/// A client's metadata, after the server's corrections.
///
/// The strings are plain text: control characters and marks that change the direction of the text
/// around them are gone, so that a page can show them once escaped. They are the client's own
/// claims and nothing here is verified.
#[derive(Debug, Clone, PartialEq, Default, Serialize, FromJson)]
#[serde(default)]
pub struct ClientMetadata {
    /// `redirect_uris`: where the person may be sent back to, without repetition.
    pub redirect_uris: Vec<RedirectUri>,
    /// `token_endpoint_auth_method`, or `None` when the client named none. What that means depends
    /// on where the metadata comes from, so it is decided there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// `token_endpoint_auth_methods_supported`: all that the client can do, as far as it exists here,
    /// in its own order; see [`ClientMetadata::choose_auth_method`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<TokenEndpointAuthMethod>,
    /// `token_endpoint_auth_signing_alg`: the only algorithm that its assertions are signed with;
    /// `None` for any of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<SignatureAlgorithm>,
    /// `grant_types`: those of the client's that exist here, with `refresh_token` added for every
    /// client that has a person sign in.
    pub grant_types: Vec<GrantType>,
    /// `response_types`: those of the client's that exist here.
    pub response_types: Vec<ResponseType>,
    /// `client_name`: at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// `client_uri`: a page about the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// `logo_uri`: an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// `scope`: what the client means to ask for, including scopes that don't exist here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// `contacts`: people responsible for the client, usually e-mail addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// `tos_uri`: terms of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// `policy_uri`: privacy policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// `jwks_uri`: where the client's public keys are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// `jwks`: the client's public keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// `software_id`: the same for all installations of one client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// `software_version`: changes with each update of one client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// `application_type` as the client sent it; see [`ClientMetadata::runs_on_persons_machine`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<ApplicationType>,
    /// Translations by their full member name, such as `client_name#ja-Hani-JP`
    /// ([RFC 7591 section 2.2](https://www.rfc-editor.org/rfc/rfc7591#section-2.2)).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub localized: BTreeMap<String, String>,
}

impl ClientMetadata {
    /// Whether the client runs on the person's own machine: what `application_type` says, or else
    /// whether each redirect URI leads there. Clients that leave `application_type` out are no
    /// less native for it, whatever OpenID Connect's default says.
    #[must_use]
    pub fn runs_on_persons_machine(&self) -> bool {
        match self.application_type {
            Some(application_type) => application_type == ApplicationType::Native,
            None => self.redirect_uris.iter().all(|uri| uri.kind() != RedirectUriKind::Https),
        }
    }

    /// The first of the client's authentication methods that is among `offered`; `None` for a client
    /// that named none at all.
    ///
    /// # Errors
    ///
    /// [`ClientMetadataError::UnsupportedAuthMethod`]: it named some, and none of them is offered.
    pub fn choose_auth_method(
        &self,
        offered: &[TokenEndpointAuthMethod],
    ) -> Result<Option<TokenEndpointAuthMethod>, ClientMetadataError> {
        let own = &self.token_endpoint_auth_methods_supported;
        match own.iter().find(|method| offered.contains(method)) {
            Some(method) => Ok(Some(*method)),
            None if own.is_empty() => Ok(None),
            None => Err(ClientMetadataError::UnsupportedAuthMethod),
        }
    }

    /// The members as they are written in a registration response. What is absent is left out,
    /// never `null` or `""`, which real clients can't read.
    #[must_use]
    pub fn to_members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut list = |name: &str, values: Vec<&str>| {
            if !values.is_empty() {
                members.insert(name.to_owned(), values.into());
            }
        };
        list("redirect_uris", self.redirect_uris.iter().map(RedirectUri::as_str).collect());
        list("grant_types", self.grant_types.iter().map(|grant| grant.as_str()).collect());
        list("response_types", self.response_types.iter().map(|kind| kind.as_str()).collect());
        list("contacts", self.contacts.iter().map(String::as_str).collect());
        let texts = [
            (
                "token_endpoint_auth_method",
                self.token_endpoint_auth_method.map(TokenEndpointAuthMethod::as_str),
            ),
            (
                "token_endpoint_auth_signing_alg",
                self.token_endpoint_auth_signing_alg.map(SignatureAlgorithm::as_str),
            ),
            ("application_type", self.application_type.map(ApplicationType::as_str)),
            ("client_name", self.client_name.as_deref()),
            ("client_uri", self.client_uri.as_deref()),
            ("logo_uri", self.logo_uri.as_deref()),
            ("tos_uri", self.tos_uri.as_deref()),
            ("policy_uri", self.policy_uri.as_deref()),
            ("jwks_uri", self.jwks_uri.as_deref()),
            ("software_id", self.software_id.as_deref()),
            ("software_version", self.software_version.as_deref()),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                members.insert(name.to_owned(), value.into());
            }
        }
        if let Some(scope) = &self.scope {
            members.insert("scope".to_owned(), scope.to_string().into());
        }
        if let Some(jwks) = &self.jwks {
            members.insert("jwks".to_owned(), jwks.clone());
        }
        for (name, value) in &self.localized {
            members.insert(name.clone(), value.as_str().into());
        }
        members
    }
}
