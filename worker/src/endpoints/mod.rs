//! One file per endpoint or page, and what several of them share.

pub mod account;
pub mod account_tokens;
pub mod activity;
pub mod administration;
pub mod assets;
pub mod authorization_response;
pub mod authorize;
pub mod client_authentication;
pub mod client_document;
pub mod consent;
pub mod consent_page;
pub mod device;
pub mod device_authorization;
pub mod device_decision;
pub mod device_pages;
pub mod device_qr;
pub mod device_visit;
pub mod discovery;
pub mod home;
pub mod introspect;
pub mod next_page;
pub mod playground;
pub mod posted_form;
pub mod register;
pub mod registration_management;
pub mod revoke;
pub mod sealed_request;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod software_statements;
pub mod test_user;
pub mod token;

use latchkey_protocol::configuration::{Configuration, Endpoint};
use latchkey_protocol::protected_resource;

use crate::browser::ForgedForm;
use crate::context::Context;
use crate::failure::{Failure, RETRY_AFTER_SECONDS};
use crate::http::{Answer, BodyError, Incoming, PageSecurity};
use crate::pages::{Action, Colour, ErrorPage, Look};

/// The look of this deployment's pages.
pub fn look(configuration: &Configuration) -> Look {
    let product = &configuration.product;
    Look {
        product_name: product.name.clone(),
        logo_url: product.logo.clone(),
        // The configuration was refused if this is no colour.
        accent: Colour::parse(&product.accent).unwrap_or(Colour::BLACK),
        accent_dark: product.accent_dark.as_deref().and_then(|text| Colour::parse(text).ok()),
        privacy_url: product.privacy_uri.clone(),
        terms_url: product.terms_uri.clone(),
        support_url: product.support_uri.clone(),
        base_path: configuration.endpoints.base_path().to_owned(),
    }
}

/// A page with its security headers.
pub fn page(
    context: &Context,
    status: u16,
    rendered: Result<String, askama::Error>,
) -> Result<Answer, Failure> {
    let html = rendered.map_err(|cause| Failure::Rendering(cause.to_string()))?;
    let logo = context.configuration.product.logo.as_deref();
    let image_source = logo.filter(|logo| logo.starts_with("https://"));
    Ok(Answer::html(status, html).with_headers(PageSecurity { image_source }.headers()))
}

/// What an error page says.
pub struct Trouble<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The heading.
    pub title: &'a str,
    /// What happened.
    pub what_happened: &'a str,
    /// What to do.
    pub what_to_do: &'a str,
}

/// An error page with the request's reference.
pub fn error_page(context: &Context, trouble: &Trouble<'_>) -> Result<Answer, Failure> {
    let look = look(&context.configuration);
    let home = context.configuration.endpoints.path(Endpoint::Home);
    let error = ErrorPage {
        look: &look,
        status: trouble.status,
        title: trouble.title,
        what_happened: trouble.what_happened,
        what_to_do: trouble.what_to_do,
        reference: &context.reference,
        action: Some(Action { label: "Go to the start page", href: &home }),
    };
    page(context, trouble.status, error.render())
}

/// The page that a person sees when something of ours failed.
pub fn failure_page(context: &Context, failure: &Failure) -> Answer {
    context.failed_by(failure);
    let trouble = Trouble {
        status: 503,
        title: "This is not working right now",
        what_happened: "Something on our side did not answer in time. Nothing of yours is lost.",
        what_to_do: "Reload this page in a moment. If it keeps happening, tell us the reference.",
    };
    let rendered = error_page(context, &trouble);
    // If even that page fails, plain words still reach the person.
    rendered
        .unwrap_or_else(|_| {
            Answer::empty(503)
                .with_header("content-type", "text/plain; charset=utf-8")
                .with_body(format!("Please try again. Reference: {}", context.reference))
        })
        .with_header("retry-after", RETRY_AFTER_SECONDS)
}

/// The page that answers a form which can't be read.
pub fn unreadable_form(context: &Context, error: BodyError) -> Result<Answer, Failure> {
    context.refused(&error, None);
    let trouble = Trouble {
        status: body_error_status(error),
        title: "That form could not be read",
        what_happened: "What your browser sent is not a form of this site.",
        what_to_do: "Go back, reload the page and send the form again.",
    };
    error_page(context, &trouble)
}

/// The page that answers a form which another site may have posted.
pub fn forged_form(context: &Context, reason: ForgedForm) -> Result<Answer, Failure> {
    context.refused(&reason, None);
    let trouble = match reason {
        ForgedForm::NoCookie => Trouble {
            status: 403,
            title: "Your browser did not send its cookie",
            what_happened: "Signing in needs a cookie of this site, and your browser sent none.",
            what_to_do: "Allow cookies for this site, then go back to the app and start again.",
        },
        ForgedForm::WrongToken | ForgedForm::CrossSite => Trouble {
            status: 403,
            title: "That form is no longer valid",
            what_happened: "The page was open for too long, you signed in or out in another tab, \
                            or the form came from somewhere else. Nothing was changed.",
            what_to_do: "Go back to the app and start again.",
        },
    };
    error_page(context, &trouble)
}

/// The HTTP status for a body that can't be used.
pub const fn body_error_status(error: BodyError) -> u16 {
    match error {
        BodyError::TooLarge => 413,
        BodyError::WrongContentType { .. } | BodyError::Interrupted | BodyError::MalformedForm => {
            400
        }
    }
}

/// Says what to do when the deployment is reached from outside and `ISSUER` still names this
/// machine: the first thing that goes wrong after the first deploy.
pub fn issuer_hint(configuration: &Configuration, incoming: &Incoming) -> Option<String> {
    let is_loopback = |host: &str| {
        matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host.ends_with(".localhost")
    };
    let issuer = configuration.issuer.as_str();
    let is_expected = is_loopback(incoming.host())
        || protected_resource::is_known_host(configuration, incoming.authority());
    if configuration.issuer.is_https() || is_expected {
        return None;
    }
    Some(format!(
        "This is Latchkey, deployed and almost ready.\n\nISSUER is still {issuer:?}, which only \
         works on a developer's machine. Set ISSUER in wrangler.toml under [vars] to the public \
         address of this server, for example\n\n    ISSUER = \"https://{}\"\n\nif that is the \
         address in your browser right now, and deploy again.",
        incoming.host()
    ))
}
