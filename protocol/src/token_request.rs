//! Reading a token request ([RFC 6749 section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)):
//! which grant it is, and its parameters taken apart. What the grant comes to is decided in
//! [`crate::grant`].

use crate::client::{ClientRecord, GrantType};
use crate::client_authentication::AuthenticatedClient;
use crate::client_id_metadata::ClientSnapshot;
use crate::configuration::Configuration;
use crate::error::{ErrorCode, ErrorReply};
use crate::grant::authorization_code::{CodeRequest, RedeemError};
use crate::grant::client_credentials::ClientCredentialsRequest;
use crate::grant::device_code::{Poll, PollError};
use crate::grant::refresh_token::{RefreshError, RefreshRequest};
use crate::identifier::{AccountId, GrantId};
use crate::params::{Parameters, RepeatedParameter};
use crate::pkce::{CodeVerifier, CodeVerifierError};
use crate::scope::{Scope, ScopeError};
use crate::token::{DeviceCode, GrantToken};
use crate::user_code::UserCode;

/// A token request whose parameters can be used.
#[derive(Debug)]
pub enum TokenRequest {
    /// Tokens of what a person allowed.
    OfPerson {
        /// Whose object decides.
        account: AccountId,
        /// Which grant.
        grant: GrantId,
        /// What is asked of it.
        request: GrantRequest,
    },
    /// A token that the client has for itself.
    OfClient(ClientCredentialsRequest),
    /// Tokens for a device code, if it was approved; which account's grant that made is still to be
    /// asked.
    OfDevice {
        /// Which object has the request.
        user_code: UserCode,
        /// What is asked of it.
        poll: Poll,
        /// Every `resource` ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
        resource: Vec<String>,
        /// What the client's metadata document says now, if it has one.
        client_snapshot: Option<ClientSnapshot>,
    },
}

/// What is asked of a grant.
#[derive(Debug)]
pub enum GrantRequest {
    /// Tokens for a code.
    AuthorizationCode(CodeRequest),
    /// Tokens for a refresh token.
    RefreshToken(RefreshRequest),
}

/// Why a token request can't be used. Nothing was asked of any grant yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRequestError {
    /// A parameter came twice.
    Repeated(RepeatedParameter),
    /// No `grant_type`.
    GrantTypeMissing,
    /// A `grant_type` that isn't supported.
    GrantTypeUnsupported,
    /// The client didn't register for it.
    GrantTypeNotRegistered,
    /// No `code`.
    CodeMissing,
    /// A `code_verifier` that can't be one.
    CodeVerifierMalformed(CodeVerifierError),
    /// A `code` that was never issued here.
    CodeMalformed,
    /// No `refresh_token`.
    RefreshTokenMissing,
    /// A `refresh_token` that was never issued here.
    RefreshTokenMalformed,
    /// No `device_code`.
    DeviceCodeMissing,
    /// A `device_code` that was never issued here.
    DeviceCodeMalformed,
    /// A `scope` that can't be one.
    ScopeMalformed(ScopeError),
}

impl TokenRequestError {
    /// Whether a code or token was sent that this server never makes.
    #[must_use]
    pub const fn is_a_guess(self) -> bool {
        match self {
            Self::CodeMalformed | Self::RefreshTokenMalformed | Self::DeviceCodeMalformed => true,
            Self::Repeated(_)
            | Self::GrantTypeMissing
            | Self::GrantTypeUnsupported
            | Self::GrantTypeNotRegistered
            | Self::CodeMissing
            | Self::CodeVerifierMalformed(_)
            | Self::RefreshTokenMissing
            | Self::DeviceCodeMissing
            | Self::ScopeMalformed(_) => false,
        }
    }

    /// The client's part.
    #[must_use]
    pub fn reply(self) -> ErrorReply {
        use ErrorCode as Code;
        match self {
            Self::Repeated(error) => ErrorReply::new(Code::InvalidRequest, error.to_string()),
            Self::GrantTypeMissing => ErrorReply::new(
                Code::InvalidRequest,
                format!("grant_type is missing. {}", every_grant_type()),
            ),
            Self::GrantTypeUnsupported => ErrorReply::new(
                Code::UnsupportedGrantType,
                format!("grant_type is not supported. {}", every_grant_type()),
            ),
            Self::GrantTypeNotRegistered => ErrorReply::new(
                Code::UnauthorizedClient,
                "The client is not registered for this grant_type.",
            ),
            Self::CodeMissing => ErrorReply::new(Code::InvalidRequest, "code is missing."),
            Self::CodeVerifierMalformed(error) => {
                ErrorReply::new(Code::InvalidRequest, error.to_string())
            }
            // To the word what a code or token that is only unknown gets.
            Self::CodeMalformed => RedeemError::UnknownCode.reply(),
            Self::RefreshTokenMissing => {
                ErrorReply::new(Code::InvalidRequest, "refresh_token is missing.")
            }
            Self::RefreshTokenMalformed => RefreshError::UnknownToken.reply(),
            Self::DeviceCodeMissing => {
                ErrorReply::new(Code::InvalidRequest, "device_code is missing.")
            }
            Self::DeviceCodeMalformed => PollError::Unknown.reply(),
            Self::ScopeMalformed(error) => ErrorReply::new(Code::InvalidScope, error.to_string()),
        }
    }
}

/// What may be sent as `grant_type`.
fn every_grant_type() -> String {
    format!("Send one of: {}.", GrantType::ALL.map(GrantType::as_str).join(", "))
}

impl From<RepeatedParameter> for TokenRequestError {
    fn from(repeated: RepeatedParameter) -> Self {
        Self::Repeated(repeated)
    }
}

/// Reads the form of an authenticated client, whose record is `record`.
///
/// # Errors
///
/// - `invalid_request`: a parameter is missing, repeated or malformed.
/// - `unsupported_grant_type`, `unauthorized_client`: the grant isn't there, or not for this client.
/// - `invalid_grant`: the code, refresh token or device code was never issued here.
/// - `invalid_scope`: `scope` has a character that a scope can't have.
pub fn parse(
    form: &Parameters,
    client: &AuthenticatedClient,
    record: &ClientRecord,
    configuration: &Configuration,
) -> Result<TokenRequest, TokenRequestError> {
    let name = form.get("grant_type")?.ok_or(TokenRequestError::GrantTypeMissing)?;
    let grant_type = GrantType::from_name(name).ok_or(TokenRequestError::GrantTypeUnsupported)?;
    if !record.may_use(grant_type) {
        return Err(TokenRequestError::GrantTypeNotRegistered);
    }
    match grant_type {
        GrantType::AuthorizationCode => authorization_code(form, client, record, configuration),
        GrantType::RefreshToken => refresh_token(form, client, record, configuration),
        GrantType::ClientCredentials => client_credentials(form),
        GrantType::DeviceCode => device_code(form, client, record, configuration),
    }
}

/// [RFC 6749 section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3).
fn authorization_code(
    form: &Parameters,
    client: &AuthenticatedClient,
    record: &ClientRecord,
    configuration: &Configuration,
) -> Result<TokenRequest, TokenRequestError> {
    let code = form.get("code")?.ok_or(TokenRequestError::CodeMissing)?;
    let code_verifier = form
        .get("code_verifier")?
        .map(CodeVerifier::parse)
        .transpose()
        .map_err(TokenRequestError::CodeVerifierMalformed)?;
    let code = GrantToken::parse(&configuration.prefixes.authorization_code, code)
        .ok_or(TokenRequestError::CodeMalformed)?;
    let request = CodeRequest {
        secret: code.secret,
        client_id: client.client_id().clone(),
        client_snapshot: ClientSnapshot::of(record),
        redirect_uri: form.get("redirect_uri")?.map(str::to_owned),
        code_verifier,
        resource: form.all("resource").map(str::to_owned).collect(),
    };
    Ok(TokenRequest::OfPerson {
        account: code.account,
        grant: code.grant,
        request: GrantRequest::AuthorizationCode(request),
    })
}

/// [RFC 6749 section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).
fn refresh_token(
    form: &Parameters,
    client: &AuthenticatedClient,
    record: &ClientRecord,
    configuration: &Configuration,
) -> Result<TokenRequest, TokenRequestError> {
    let token = form.get("refresh_token")?.ok_or(TokenRequestError::RefreshTokenMissing)?;
    let scope = form
        .get("scope")?
        .map(Scope::parse)
        .transpose()
        .map_err(TokenRequestError::ScopeMalformed)?
        // Clients send again what they asked for at first, and what doesn't exist was left out then.
        .map(|scope| match configuration.strict_scopes {
            true => scope,
            false => scope.intersection(&configuration.known_scope()),
        });
    let token = GrantToken::parse(&configuration.prefixes.refresh_token, token)
        .ok_or(TokenRequestError::RefreshTokenMalformed)?;
    let request = RefreshRequest {
        secret: token.secret,
        client_id: client.client_id().clone(),
        client_snapshot: ClientSnapshot::of(record),
        keep_token: !record.policy.refresh_token_rotation,
        scope,
        resource: form.all("resource").map(str::to_owned).collect(),
    };
    Ok(TokenRequest::OfPerson {
        account: token.account,
        grant: token.grant,
        request: GrantRequest::RefreshToken(request),
    })
}

/// [RFC 6749 section 4.4.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.4.2).
fn client_credentials(form: &Parameters) -> Result<TokenRequest, TokenRequestError> {
    let scope = form
        .get("scope")?
        .map(Scope::parse)
        .transpose()
        .map_err(TokenRequestError::ScopeMalformed)?;
    let resource = form.all("resource").map(str::to_owned).collect();
    Ok(TokenRequest::OfClient(ClientCredentialsRequest { scope, resource }))
}

/// [RFC 8628 section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4).
fn device_code(
    form: &Parameters,
    client: &AuthenticatedClient,
    record: &ClientRecord,
    configuration: &Configuration,
) -> Result<TokenRequest, TokenRequestError> {
    let code = form.get("device_code")?.ok_or(TokenRequestError::DeviceCodeMissing)?;
    let code = DeviceCode::parse(&configuration.prefixes.device_code, code)
        .ok_or(TokenRequestError::DeviceCodeMalformed)?;
    Ok(TokenRequest::OfDevice {
        user_code: code.user_code,
        poll: Poll { secret: code.secret, client_id: client.client_id().clone() },
        resource: form.all("resource").map(str::to_owned).collect(),
        client_snapshot: ClientSnapshot::of(record),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client_authentication::{Credentials, authenticate};
    use crate::params::encode;
    use crate::test_support::{NOW, client, configuration, configuration_with};
    use proptest::prelude::*;
    use serde_json::json;

    /// A name, the form, and the expected code.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], ErrorCode);

    fn read(
        pairs: &[(&str, &str)],
        configuration: &Configuration,
    ) -> Result<TokenRequest, TokenRequestError> {
        let form = Parameters::parse(encode(pairs).as_bytes()).expect("form");
        let record = client();
        let id = Parameters::parse(b"client_id=client").expect("form");
        let credentials = Credentials::parse(None, &id).expect("credentials");
        let client = authenticate(Some(&record), &credentials, NOW).expect("public client");
        parse(&form, &client, &record, configuration)
    }

    fn token(prefix: &str) -> String {
        let (id, secret) = ("A".repeat(22), "s".repeat(43));
        format!("{prefix}{id}.{id}.{secret}")
    }

    #[test]
    fn rfc6749_5_2_each_unusable_token_request_has_its_code() {
        use ErrorCode as Code;
        let code = token("latchkey_ac_");
        let refresh = token("latchkey_rt_");
        let (by_code, by_refresh) =
            (("grant_type", "authorization_code"), ("grant_type", "refresh_token"));
        let for_itself = ("grant_type", "client_credentials");
        let by_device = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
        let cases: &[Case<'_>] = &[
            ("nothing", &[], Code::InvalidRequest),
            ("empty", &[("grant_type", "")], Code::InvalidRequest),
            ("twice", &[by_code, by_code], Code::InvalidRequest),
            ("password", &[("grant_type", "password")], Code::UnsupportedGrantType),
            ("no code", &[by_code], Code::InvalidRequest),
            ("not a code", &[by_code, ("code", "x")], Code::InvalidGrant),
            ("a refresh token as code", &[by_code, ("code", &refresh)], Code::InvalidGrant),
            ("verifier", &[by_code, ("code", &code), ("code_verifier", "x")], Code::InvalidRequest),
            ("no refresh token", &[by_refresh], Code::InvalidRequest),
            ("no device code", &[by_device], Code::InvalidRequest),
            ("not a device code", &[by_device, ("device_code", "x")], Code::InvalidGrant),
            ("a code from a device", &[by_device, ("device_code", &code)], Code::InvalidGrant),
            ("a short name", &[("grant_type", "device_code")], Code::UnsupportedGrantType),
            ("not a token", &[by_refresh, ("refresh_token", "x")], Code::InvalidGrant),
            ("a code to refresh", &[by_refresh, ("refresh_token", &code)], Code::InvalidGrant),
            (
                "scope",
                &[by_refresh, ("refresh_token", &refresh), ("scope", "a\"b")],
                Code::InvalidScope,
            ),
            ("its own", &[for_itself, ("scope", "a\"b")], Code::InvalidScope),
            ("two scopes", &[for_itself, ("scope", "a"), ("scope", "b")], Code::InvalidRequest),
        ];
        for (name, pairs, expected) in cases {
            let error = read(pairs, &configuration()).expect_err(name);
            assert_eq!(error.reply().code, *expected, "{name}");
        }
    }

    #[test]
    fn rfc6749_5_2_a_grant_that_the_client_did_not_register_is_unauthorized() {
        let mut record = client();
        record.metadata.grant_types.retain(|grant| *grant != GrantType::RefreshToken);
        let form = Parameters::parse(b"client_id=client&grant_type=refresh_token").expect("form");
        let credentials = Credentials::parse(None, &form).expect("credentials");
        let client = authenticate(Some(&record), &credentials, NOW).expect("public client");
        let error = parse(&form, &client, &record, &configuration()).expect_err("not registered");
        assert_eq!(error.reply().code, ErrorCode::UnauthorizedClient);
    }

    #[test]
    fn rfc6749_4_4_2_a_request_of_a_client_for_itself_has_only_scope_and_resource() {
        let pairs = [
            ("grant_type", "client_credentials"),
            ("scope", "mcp openid"),
            ("resource", "https://a.example"),
            ("resource", "https://b.example"),
        ];
        match read(&pairs, &configuration()).expect("a request") {
            TokenRequest::OfClient(request) => {
                assert_eq!(request.scope.expect("scope").to_string(), "mcp openid");
                assert_eq!(request.resource, ["https://a.example", "https://b.example"]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rfc6749_5_2_an_unsupported_grant_type_is_told_every_one_there_is() {
        for error in [TokenRequestError::GrantTypeMissing, TokenRequestError::GrantTypeUnsupported]
        {
            let description = error.reply().description;
            for grant in GrantType::ALL {
                assert!(description.contains(grant.as_str()), "{description}");
            }
        }
    }

    #[test]
    fn rfc6749_6_scopes_that_do_not_exist_are_left_out_again_unless_the_deployment_is_strict() {
        let refresh = token("latchkey_rt_");
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
            ("scope", "mcp openid"),
        ];
        let scope = |configuration: &Configuration| match read(&pairs, configuration) {
            Ok(TokenRequest::OfPerson { request: GrantRequest::RefreshToken(request), .. }) => {
                request.scope.expect("scope").to_string()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(scope(&configuration()), "mcp");
        assert_eq!(scope(&configuration_with(&json!({"strict_scopes": true}))), "mcp openid");
    }

    proptest! {
        #[test]
        fn no_form_makes_parse_panic(
            pairs in proptest::collection::vec(
                ("grant_type|code|refresh_token|device_code|scope|code_verifier|[a-z]{0,5}",
                 "authorization_code|refresh_token|client_credentials|urn:ietf:params:oauth:grant-type:device_code|.{0,20}"), 0..6)
        ) {
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let _ = read(&pairs, &configuration());
        }
    }
}
