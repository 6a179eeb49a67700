//! `GET /`: for the person or developer who lands here.

use latchkey_protocol::configuration::{Endpoint, ResourceKind};

use super::{look, page, playground, sign_out};
use crate::browser::Browser;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys;
use crate::pages::{EndpointLine, HomePage, Resource, SignedIn};

/// The landing page.
pub async fn get(context: &Context, incoming: &Incoming) -> Result<Answer, Failure> {
    let configuration = &context.configuration;
    let browser = Browser::read(context, incoming);
    let keys = keys::key_set(context).await?;
    let signed_in = browser.signed_in(context).await?;
    let csrf = browser.csrf_token(&keys, sign_out::PURPOSE)?;
    let issuer = &configuration.issuer;
    let metadata_url =
        format!("{}/.well-known/oauth-authorization-server{}", issuer.origin(), issuer.path());
    let urls: Vec<(&str, String)> = [
        ("Authorization", Endpoint::Authorization),
        ("Token", Endpoint::Token),
        ("Registration", Endpoint::Registration),
        ("Revocation", Endpoint::Revocation),
        ("Introspection", Endpoint::Introspection),
        ("Device authorization", Endpoint::DeviceAuthorization),
        ("Keys (JWKS)", Endpoint::Jwks),
    ]
    .into_iter()
    .map(|(name, endpoint)| (name, configuration.endpoints.url(endpoint)))
    .collect();
    let endpoints: Vec<EndpointLine<'_>> =
        urls.iter().map(|(name, url)| EndpointLine { name, url }).collect();
    let resources: Vec<Resource<'_>> = configuration
        .protected_resources
        .iter()
        .filter(|resource| {
            resource.gateway.as_ref().is_some_and(|gateway| gateway.kind == ResourceKind::Mcp)
        })
        .map(|resource| Resource { name: Some(&resource.name), uri: resource.identifier.as_str() })
        .collect();
    let mut notices = Vec::new();
    if configuration.development.consent_as.is_some() {
        notices.push(
            "Anyone who reaches this server gets tokens without signing in: \
             development.consent_as is set."
                .to_owned(),
        );
    }
    if !issuer.is_https() {
        notices.push(
            "This is a development server: it runs over http and only on this machine.".to_owned(),
        );
    }
    if configuration.legacy.plain_pkce || configuration.legacy.confidential_without_pkce {
        notices.push("Settings for old clients are on; new clients do not need them.".to_owned());
    }
    let look = look(configuration);
    let playground = playground::is_on(configuration, context.env.platform())
        .then(|| configuration.endpoints.playground_path());
    let home = HomePage {
        look: &look,
        account: signed_in.as_ref().map(|signed_in| SignedIn {
            email: signed_in.person.email.as_str(),
            csrf: csrf.expose(),
        }),
        sign_up_allowed: configuration.sign_up,
        issuer: issuer.as_str(),
        metadata_url: &metadata_url,
        resources: &resources,
        playground: playground.as_deref(),
        endpoints: &endpoints,
        notices,
    };
    Ok(browser.remember(context, page(context, 200, home.render())?))
}
