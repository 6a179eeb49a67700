//! Which endpoint answers a request.

use latchkey_protocol::configuration::{Configuration, ConfigurationError, Endpoint};
use latchkey_protocol::error::{ErrorCode, ErrorReply};
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;

use crate::configuration::{self, Derived};
use crate::context::{self, Context};
use crate::endpoints::{self, Trouble};
use crate::failure::Failure;
use crate::gateway;
use crate::http::{Answer, CorsPolicy, Incoming, Kept};
use crate::log::{self, Event, Level};
use crate::metrics::{self, Metrics};
use crate::pages::AssetPaths;
use crate::refusals;
use crate::route::Route;

thread_local! {
    static ASSETS: Derived<AssetPaths> = const { Derived::new() };
    static PARTS: Derived<Parts> = const { Derived::new() };
    static METADATA: Derived<Option<Rc<Kept>>> = const { Derived::new() };
}

/// The parts of the server that not every deployment has.
#[derive(Debug, Clone, Copy)]
struct Parts {
    admin: bool,
    playground: bool,
    metrics: bool,
}

impl Parts {
    fn of(configuration: &Configuration, env: &worker::Env) -> Self {
        Self {
            admin: endpoints::administration::is_on(env),
            playground: endpoints::playground::is_on(configuration, env),
            metrics: metrics::is_on(env),
        }
    }

    const fn have(self, route: Route) -> bool {
        (self.admin || !route.is_admin())
            && (self.playground || !matches!(route, Route::Playground))
    }
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// An endpoint, a page or a document of this server.
    Route(Route),
    /// A protected resource behind the gateway.
    Resource,
    /// Neither.
    Nothing,
}

impl Target {
    /// This server's own places come first, whatever a resource's path covers.
    /// `parts` says which parts of it the deployment has; the places of the others are nothing.
    fn find(configuration: &Rc<Configuration>, incoming: &Incoming, parts: Parts) -> Self {
        let assets = ASSETS.with(|assets| {
            assets.get(configuration, || endpoints::look(configuration).asset_paths())
        });
        let route = Route::find(incoming.path(), configuration, &assets);
        match route.filter(|route| parts.have(*route)) {
            Some(route) => Self::Route(route),
            None if gateway::is_for_a_resource(configuration, incoming) => Self::Resource,
            None => Self::Nothing,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Route(route) => route.name(),
            Self::Resource => "gateway",
            Self::Nothing => "not found",
        }
    }
}

/// Answers a request. Every way out ends here, so that every answer gets what all have in common.
pub async fn answer(
    request: web_sys::Request,
    env: worker::Env,
    later: worker::worker_sys::Context,
) -> Answer {
    let Some(mut incoming) = Incoming::new(request) else { return Answer::empty(400) };
    let configuration = match configuration::load(&env) {
        Ok(configuration) => configuration,
        Err(error) => return misconfigured(&error),
    };
    let parts = PARTS.with(|parts| parts.get(&configuration, || Parts::of(&configuration, &env)));
    let target = Target::find(&configuration, &incoming, *parts);
    if !parts.metrics
        && let Some(metadata) = kept_metadata(&configuration, &incoming, target)
    {
        return metadata;
    }
    let metrics = if parts.metrics { Metrics::of(&env) } else { None };
    let context = Context::new(configuration, env, later, target.name(), &incoming, metrics);
    let answer = answer_at(&context, target, &mut incoming).await;
    if let Some(refusal) = context.answered(answer.status()) {
        refusals::note(&context, refusal, answer.status(), incoming.host());
    }
    answer
}

/// The metadata document, which is asked for more often than anything else and is always the same. Where each
/// request has a line or a data point it goes the long way.
fn kept_metadata(
    configuration: &Rc<Configuration>,
    incoming: &Incoming,
    target: Target,
) -> Option<Answer> {
    let is_plain = matches!(target, Target::Route(Route::Metadata))
        && incoming.method() == "GET"
        && !configuration.log.trace
        && !log::is_on(Level::Debug)
        && endpoints::issuer_hint(configuration, incoming).is_none();
    if !is_plain {
        return None;
    }
    let kept = METADATA.with(|metadata| {
        metadata.get(configuration, || {
            endpoints::discovery::metadata(configuration)
                .with_headers(Route::Metadata.cors().headers())
                .keep()
                .map(Rc::new)
        })
    });
    kept.as_ref().as_ref().map(Answer::kept)
}

/// The answer of whatever is at the place that was asked for.
async fn answer_at(context: &Context, target: Target, incoming: &mut Incoming) -> Answer {
    if let Target::Nothing = target {
        incoming.discard_body().await;
        return not_found(context, incoming);
    }
    if let Some(hint) = endpoints::issuer_hint(&context.configuration, incoming) {
        context.outcome(Level::Error, "misconfigured").with("do", hint.clone()).write();
        return Answer::empty(500)
            .with_header("content-type", "text/plain; charset=utf-8")
            .not_stored()
            .with_body(format!("{hint}\n\nReference: {}\n", context.reference));
    }
    match target {
        Target::Route(route) => of_route(context, route, incoming).await,
        Target::Resource | Target::Nothing => {
            match Box::pin(gateway::answer(context, incoming)).await {
                Some(answer) => answer,
                None => not_found(context, incoming),
            }
        }
    }
}

/// The answer of an endpoint, a page or a document.
async fn of_route(context: &Context, route: Route, incoming: &mut Incoming) -> Answer {
    let is_head = incoming.method() == "HEAD";
    match incoming.method() {
        "OPTIONS" => {
            return Answer::empty(204)
                .with_header("allow", route.allow())
                .with_headers(route.cors().preflight_headers());
        }
        method if route.allow().split(", ").any(|allowed| allowed == method) => {}
        _ => {
            incoming.discard_body().await;
            return method_not_allowed(context, incoming, route);
        }
    }

    let answered = dispatch(context, route, incoming).await;
    let answer = match answered {
        Ok(answer) => answer,
        Err(failure) if route.is_page() => endpoints::failure_page(context, &failure),
        Err(failure) => context.failed(&failure),
    };
    let answer = answer.with_headers(route.cors().headers());
    if is_head { answer.without_body() } else { answer }
}

/// An endpoint at work. It is on the heap, so that each endpoint is a function of its own: all of them in one would be compiled
/// before the first answer, and what is asked for often would be as slow as what is not.
type AtWork<'a> = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + 'a>>;

fn dispatch<'a>(context: &'a Context, route: Route, incoming: &'a mut Incoming) -> AtWork<'a> {
    let endpoint = match route {
        Route::Metadata => {
            return Box::pin(ready(Ok(endpoints::discovery::metadata(&context.configuration))));
        }
        Route::ResourceMetadata => {
            let document = endpoints::discovery::resource_metadata(context, incoming);
            return Box::pin(ready(Ok(document.unwrap_or_else(nothing_here))));
        }
        Route::Stylesheet => return Box::pin(ready(Ok(endpoints::assets::stylesheet(context)))),
        Route::Icon => return Box::pin(ready(endpoints::assets::icon(context))),
        Route::Playground => {
            return Box::pin(async {
                let file = endpoints::playground::get(context, incoming).await?;
                Ok(file.unwrap_or_else(|| not_found(context, incoming)))
            });
        }
        Route::Endpoint(endpoint) => endpoint,
    };
    match endpoint {
        Endpoint::Home => Box::pin(endpoints::home::get(context, incoming)),
        Endpoint::Authorization => Box::pin(endpoints::authorize::get_or_post(context, incoming)),
        Endpoint::Token => Box::pin(endpoints::token::post(context, incoming)),
        Endpoint::Registration => Box::pin(endpoints::register::post(context, incoming)),
        Endpoint::Revocation => Box::pin(endpoints::revoke::post(context, incoming)),
        Endpoint::Jwks => Box::pin(endpoints::discovery::jwks(context)),
        Endpoint::SignIn => Box::pin(endpoints::sign_in::get_or_post(context, incoming)),
        Endpoint::SignUp => Box::pin(endpoints::sign_up::get_or_post(context, incoming)),
        Endpoint::SignOut => Box::pin(endpoints::sign_out::post(context, incoming)),
        Endpoint::Consent => Box::pin(endpoints::consent::get_or_post(context, incoming)),
        Endpoint::Introspection => Box::pin(endpoints::introspect::post(context, incoming)),
        Endpoint::DeviceAuthorization => {
            Box::pin(endpoints::device_authorization::post(context, incoming))
        }
        Endpoint::Device => Box::pin(endpoints::device::get_or_post(context, incoming)),
        Endpoint::DeviceQr => Box::pin(ready(Ok(endpoints::device_qr::get(context, incoming)))),
        Endpoint::Account => Box::pin(endpoints::account::get_or_post(context, incoming)),
        Endpoint::AccountTokens => {
            Box::pin(endpoints::account_tokens::get_or_post(context, incoming))
        }
        Endpoint::Activity => Box::pin(endpoints::activity::page(context, incoming)),
        Endpoint::ActivityCsv => Box::pin(endpoints::activity::csv(context, incoming)),
        Endpoint::ActivityJson => Box::pin(endpoints::activity::json(context, incoming)),
        Endpoint::RegistrationManagement => {
            Box::pin(endpoints::registration_management::get_put_or_delete(context, incoming))
        }
        Endpoint::AdminClients
        | Endpoint::AdminClient
        | Endpoint::AdminClientSecret
        | Endpoint::AdminClientRefusals
        | Endpoint::AdminRefusals
        | Endpoint::AdminHealth
        | Endpoint::AdminKeys
        | Endpoint::AdminKey
        | Endpoint::AdminInitialAccessTokens
        | Endpoint::AdminInitialAccessToken => {
            Box::pin(endpoints::administration::answer(context, incoming, endpoint))
        }
    }
}

/// Clients probe many places; what isn't there is a small JSON 404 for them, and a page for people.
fn not_found(context: &Context, incoming: &Incoming) -> Answer {
    let page = Trouble {
        status: 404,
        title: "Nothing is here",
        what_happened: "There is no page at this address.",
        what_to_do: "Check the address, or go to the start page.",
    };
    if incoming.is_from_a_person()
        && let Ok(page) = endpoints::error_page(context, &page)
    {
        // The page shows a reference, so the log has it too.
        context.refused(&"nothing is here", None);
        return page;
    }
    nothing_here().with_headers(CorsPolicy::Open { methods: "GET" }.headers())
}

fn nothing_here() -> Answer {
    #[derive(serde::Serialize)]
    struct Body {
        error: &'static str,
        error_description: &'static str,
    }
    let body = Body {
        error: "not_found",
        error_description: "Nothing is here. The metadata document lists every endpoint.",
    };
    Answer::json(404, &body)
}

/// [RFC 9110 section 15.5.6](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6).
fn method_not_allowed(context: &Context, incoming: &Incoming, route: Route) -> Answer {
    context.refused(&"method not allowed", None);
    let page = Trouble {
        status: 405,
        title: "Nothing to see here",
        what_happened: "This address takes in what a form or an app sends. It is no page of its own.",
        what_to_do: "Go to the start page, or back to the app.",
    };
    let reply = ErrorReply::new(
        ErrorCode::InvalidRequest,
        format!("This endpoint answers to {} only.", route.methods()),
    );
    let answer = match endpoints::error_page(context, &page) {
        Ok(page) if incoming.is_from_a_person() => page,
        _ => Answer::oauth_error(&reply, &context.reference).with_status(405),
    };
    answer.with_header("allow", route.allow()).with_headers(route.cors().headers())
}

/// A deployment with a wrong setting says so in its log and serves nothing.
fn misconfigured(error: &ConfigurationError) -> Answer {
    let reference = context::new_reference();
    Event::new(Level::Error, "misconfigured")
        .with("outcome", "failed".to_owned())
        .with_number("status", ErrorCode::ServerError.status().into())
        .with("reference", reference.clone())
        .with("key", error.key.clone())
        .with("found", error.found.clone())
        .with("wanted", error.wanted.clone())
        .with("do", format!("{error}; change it and deploy again"))
        .write();
    let reply = ErrorReply::new(
        ErrorCode::ServerError,
        "The server is not configured correctly. Its log says which setting is wrong.",
    );
    Answer::oauth_error(&reply, &reference)
}
