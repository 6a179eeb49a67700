//! The answer's URL
//! ([RFC 6749 section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).

use super::error::RedirectError;
use super::request::AuthorizationRequest;
use crate::configuration::Configuration;
use crate::secret::Secret;

/// Where the browser is sent with the code.
#[must_use]
pub fn success_location(
    request: &AuthorizationRequest,
    code: &Secret,
    configuration: &Configuration,
) -> String {
    let mut parameters = vec![("code", code.expose())];
    if let Some(state) = &request.state {
        parameters.push(("state", state));
    }
    push_issuer(&mut parameters, configuration);
    request.redirect_uri.with_parameters(&parameters)
}

/// Where the browser is sent with an error.
#[must_use]
pub fn error_location(error: &RedirectError, configuration: &Configuration) -> String {
    let reply = error.reason.reply();
    let mut parameters =
        vec![("error", reply.code.as_str()), ("error_description", reply.description.as_str())];
    if let Some(state) = &error.state {
        parameters.push(("state", state));
    }
    push_issuer(&mut parameters, configuration);
    error.redirect_uri.with_parameters(&parameters)
}

/// RFC 9207 section 2: `iss` MUST be in every authorization response, error responses included.
fn push_issuer<'a>(parameters: &mut Vec<(&'a str, &'a str)>, configuration: &'a Configuration) {
    if configuration.authorization_response_iss_parameter {
        parameters.push(("iss", configuration.issuer.as_str()));
    }
}
