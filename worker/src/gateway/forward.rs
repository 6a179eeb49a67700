//! A permitted request on its way to the server behind the gateway, and its answer on the way back.
//!
//! Bodies are handed to the platform as streams, both ways, and never read here; only a message that
//! was checked goes on as the bytes that were checked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::{Either, select};
use js_sys::Uint8Array;
use latchkey_protocol::access::Holder;
use latchkey_protocol::bearer::CredentialKind;
use latchkey_protocol::configuration::{ResourceKind, Upstream};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::forwarding::{location, request_headers, response_headers};
use latchkey_protocol::jwt::{ASSERTION_LIFETIME, AssertionClaims};
use latchkey_protocol::resource::ResourceIndicator;
use std::time::Duration;
use web_sys::{RequestCache, RequestInit, RequestRedirect};
use worker::AbortController;

use super::{Visit, answers, open_stream};
use crate::failure::{Failure, RETRY_AFTER_SECONDS};
use crate::http::{Answer, BodyStream, Incoming, Taken, all_headers};
use crate::keys;
use crate::log::Level;
use crate::platform::RuntimeEntropy;
use crate::trace::Operation;
use crate::wait::{self, Wait};

/// Forwards a request and hands the answer back. `message` is its body, if that was read.
///
/// # Errors
///
/// [`Failure`] when the keys can't be read. Trouble with the upstream is an answer: 502, 503, 504.
pub async fn forward(
    visit: &Visit<'_>,
    incoming: &mut Incoming,
    holder: &Holder,
    message: Option<Vec<u8>>,
) -> Result<Answer, Failure> {
    let upstream = &visit.requested.gateway.upstream;
    let trouble = match send(visit, incoming, holder, message).await? {
        Ok(Arrived { response, controller }) => {
            let status = response.status_code();
            if !(200..=599).contains(&status) {
                controller.abort();
                Trouble::Status(status)
            } else if location::is_upstream_refusal(status) {
                controller.abort();
                Trouble::Refused(status)
            } else if leads_a_token_out(visit, holder, &response) {
                controller.abort();
                Trouble::LeadsOut
            } else {
                return Ok(returned(visit, holder, &response, controller));
            }
        }
        Err(trouble) => trouble,
    };
    Ok(trouble.answer(visit, upstream))
}

/// An answer whose body is still on its way.
struct Arrived {
    response: worker::Response,
    /// Ends the exchange, with the rest of the body.
    controller: AbortController,
}

async fn send(
    visit: &Visit<'_>,
    incoming: &mut Incoming,
    holder: &Holder,
    message: Option<Vec<u8>>,
) -> Result<Result<Arrived, Trouble>, Failure> {
    let gateway = visit.requested.gateway;
    let service = match &gateway.upstream {
        Upstream::Url { .. } => None,
        Upstream::Service { binding, .. } => match visit.context.env.platform().service(binding) {
            Ok(service) => Some(service),
            Err(_) => {
                incoming.discard_body().await;
                return Ok(Err(Trouble::NoService));
            }
        },
    };
    let headers = request_headers(visit, incoming, holder, message.is_some()).await?;
    let controller = AbortController::default();
    let init = RequestInit::new();
    init.set_method(visit.method);
    init.set_headers(headers.0.as_ref());
    // A redirect is the client's to follow: the identity headers are for this upstream only.
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&controller.signal()));
    if service.is_none() {
        // Without this the platform would keep answers that look static, and give one person's to
        // the next: it sees no `Authorization` on these requests.
        init.set_cache(RequestCache::NoStore);
    }
    let taken = set_body(&init, incoming, message);
    let url = location::upstream_url(
        &gateway.upstream,
        origin(&visit.requested.resource.identifier),
        visit.requested.rest,
        incoming.raw_query(),
    );
    let Ok(request) = web_sys::Request::new_with_str_and_init(&url, &init) else {
        return Ok(Err(Trouble::NotSent("the platform doesn't take the request".to_owned())));
    };
    let request = worker::Request::from(request);
    let signal = controller.signal();
    let under_way = visit.context.env.hop(match service {
        Some(_) => Operation::ServiceCalls,
        None => Operation::Fetches,
    });
    let answer = Box::pin(async move {
        let _under_way = under_way;
        match service {
            Some(service) => service.fetch_request(request).await,
            None => worker::Fetch::Request(request).send_with_signal(&signal).await,
        }
    });
    let timeout = Duration::from_secs(gateway.timeout.as_seconds());
    let patience = Box::pin(async move {
        // The time that a client takes to send its body isn't the upstream's.
        if let Some(mut taken) = taken {
            wait::patiently(Box::pin(taken.wait())).await;
        }
        Wait::of(timeout).await;
    });
    Ok(match select(answer, patience).await {
        Either::Left((Ok(response), _)) => Ok(Arrived { response, controller }),
        Either::Left((Err(cause), _)) => Err(Trouble::NotSent(cause.to_string())),
        Either::Right(_) => {
            controller.abort();
            Err(Trouble::Late)
        }
    })
}

/// Fresh headers: what passes of the client's, then who calls.
async fn request_headers(
    visit: &Visit<'_>,
    incoming: &Incoming,
    holder: &Holder,
    has_message: bool,
) -> Result<worker::Headers, Failure> {
    let context = visit.context;
    let claims = AssertionClaims {
        issuer: context.configuration.issuer.as_str().to_owned(),
        audience: visit.requested.resource.identifier.clone(),
        subject: holder.subject.clone(),
        client_id: holder.credential.client_id().cloned(),
        scope: holder.scope.clone(),
        token_id: URL_SAFE_NO_PAD.encode(RuntimeEntropy.bytes::<16>()),
        issued_at: context.now,
        expires_at: context.now.plus(ASSERTION_LIFETIME),
    };
    let assertion = keys::key_set(context).await?.sign_assertion(context, &claims).await?;
    let headers = worker::Headers::new();
    let failed = |cause| Failure::unavailable("writing the headers of a forwarded request", cause);
    for (name, value) in incoming.headers() {
        // What isn't in a message that was checked doesn't stand in a header either.
        let passes = match visit.requested.gateway.kind {
            ResourceKind::Mcp if !has_message => request_headers::passes_without_message(name),
            ResourceKind::Mcp | ResourceKind::Http => request_headers::passes(name),
        };
        // The platform writes the length of what is really sent.
        if passes && name != "content-length" {
            headers.append(name, value).map_err(failed)?;
        }
    }
    if let Some(cookies) =
        incoming.header("cookie").as_deref().and_then(request_headers::other_cookies)
    {
        headers.set("cookie", &cookies).map_err(failed)?;
    }
    let client_address = incoming.header("cf-connecting-ip");
    let identity = request_headers::Identity {
        holder,
        assertion: &assertion,
        reference: &context.reference,
        resource: &visit.requested.resource.identifier,
        client_address: client_address.as_deref(),
    };
    for (name, value) in request_headers::identity_headers(&identity) {
        headers.set(name, &value).map_err(failed)?;
    }
    Ok(headers)
}

/// Hands the body over. What is returned tells when it has been sent.
fn set_body(init: &RequestInit, incoming: &Incoming, message: Option<Vec<u8>>) -> Option<Taken> {
    // RFC 9110 section 9.3.1: the content of a GET has no meaning, and the platform sends none.
    if matches!(incoming.method(), "GET" | "HEAD") {
        return None;
    }
    if let Some(bytes) = message {
        init.set_body(&Uint8Array::from(bytes.as_slice()));
        return None;
    }
    let length = incoming.header("content-length").and_then(|length| length.parse().ok());
    let (stream, taken) = incoming.stream()?.watched(length);
    init.set_body(&stream.into_inner());
    taken
}

/// The upstream's answer as the client gets it.
fn returned(
    visit: &Visit<'_>,
    holder: &Holder,
    response: &worker::Response,
    controller: AbortController,
) -> Answer {
    let Visit { requested, method, .. } = visit;
    let mut answer = Answer::empty(response.status_code());
    let (mut cache_control, mut content_type) = (None, None);
    for (name, value) in all_headers(&response.headers().0) {
        let value = match name.as_str() {
            "set-cookie" if !response_headers::may_set_cookie(&value) => continue,
            "set-cookie" => value,
            // The platform writes the length of what is really sent, and of HEAD sends nothing.
            "content-length" if *method != "HEAD" => continue,
            "cache-control" => {
                cache_control = Some(value);
                continue;
            }
            "location" => location::public_location(
                &value,
                &requested.gateway.upstream,
                &requested.resource.identifier,
            ),
            "content-type" => {
                content_type = Some(value.clone());
                value
            }
            _ if response_headers::passes(&name) => value,
            _ => continue,
        };
        answer = answer.with_header(name, value);
    }
    // The upstream doesn't know that its answer is one person's.
    let answer = answer
        .with_header("cache-control", response_headers::cache_control(cache_control.as_deref()));
    match response.body() {
        worker::ResponseBody::Empty => answer,
        worker::ResponseBody::Body(bytes) => answer.with_body(bytes.clone()),
        worker::ResponseBody::Stream(stream) => {
            let stream = BodyStream::new(stream.clone());
            let goes_on = content_type.is_some_and(|kind| open_stream::is_event_stream(&kind));
            if !goes_on {
                return answer.with_stream(stream);
            }
            let (stream, over) = stream.cut_by(&controller.signal());
            if let Some(over) = over {
                open_stream::watch(visit, holder, over, controller);
            }
            answer.with_stream(stream)
        }
    }
}

/// Whether the answer is a redirect by which a client would carry a personal access token to where it
/// wasn't meant to go: clients keep `X-API-Key` whatever the address, and such a token is good
/// for several resources. An access token is for this one only.
fn leads_a_token_out(visit: &Visit<'_>, holder: &Holder, response: &worker::Response) -> bool {
    holder.credential.kind() == CredentialKind::PersonalAccessToken
        && (300..400).contains(&response.status_code())
        && response.headers().get("location").ok().flatten().is_some_and(|location| {
            location::leads_out(&location, &visit.requested, &visit.context.configuration)
        })
}

/// Scheme, host and port of a resource.
fn origin(resource: &ResourceIndicator) -> &str {
    let text = resource.as_str();
    let after_scheme = text.find("://").map_or(0, |at| at.saturating_add(3));
    let host = text.get(after_scheme..).and_then(|rest| rest.split(['/', '?']).next());
    let end = after_scheme.saturating_add(host.map_or(0, str::len));
    text.get(..end).unwrap_or(text)
}

/// Why there is no answer of the upstream.
enum Trouble {
    /// The service binding isn't there.
    NoService,
    /// It couldn't be reached, or broke off.
    NotSent(String),
    /// Its answer didn't begin in time.
    Late,
    /// It refused the gateway itself.
    Refused(u16),
    /// It answered with a status that can't be passed on.
    Status(u16),
    /// It sent a personal access token elsewhere.
    LeadsOut,
}

impl Trouble {
    fn answer(self, visit: &Visit<'_>, upstream: &Upstream) -> Answer {
        const UNAVAILABLE: &str = "upstream_unavailable";
        let name = match upstream {
            Upstream::Service { binding, .. } => binding,
            Upstream::Url { origin, .. } => origin,
        };
        let (status, code, description, cause, what_to_do) = match self {
            Self::NoService => (
                503,
                "temporarily_unavailable",
                "The server behind this address is not connected. Try again later.",
                "no such service binding".to_owned(),
                "Add the service to [[services]] in wrangler.toml with this binding, and deploy again.",
            ),
            Self::NotSent(cause) => (
                502,
                UNAVAILABLE,
                "The server behind this address could not be reached. Try again in a moment.",
                cause,
                "Check that the upstream runs and can be reached from Workers.",
            ),
            Self::Late => (
                504,
                "upstream_timeout",
                "The server behind this address did not answer in time.",
                "no answer in time".to_owned(),
                "Look at the upstream's log, or raise the resource's timeout.",
            ),
            Self::Refused(status) => (
                502,
                UNAVAILABLE,
                "The server behind this address did not accept the request. Your credential is good; \
                 a new one would not help.",
                format!("the upstream answered {status}"),
                "The upstream has to trust the latchkey-* headers or check latchkey-assertion, and \
                 must not ask for a credential of its own.",
            ),
            Self::Status(status) => (
                502,
                UNAVAILABLE,
                "The server behind this address gave an answer that can't be passed on.",
                format!("the upstream answered {status}"),
                "An upstream answers with a final status; WebSockets aren't forwarded.",
            ),
            Self::LeadsOut => (
                502,
                UNAVAILABLE,
                "The server behind this address leads to another one, and a personal access token \
                 must not go there. Use the other address directly.",
                "a redirect that leads out of the resource".to_owned(),
                "The upstream redirects to an address outside of its resource; let it answer itself.",
            ),
        };
        visit
            .context
            .outcome(Level::Error, code)
            .with_text("resource", &visit.requested.resource.identifier)
            .with("upstream", name.clone())
            .with("cause", cause)
            .with("do", what_to_do.to_owned())
            .write();
        let answer = answers::error(status, code, description, &visit.context.reference);
        if status == 503 { answer.with_header("retry-after", RETRY_AFTER_SECONDS) } else { answer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_a_resource_is_all_before_its_path() {
        for (resource, expected) in [
            ("https://id.example/mcp", "https://id.example"),
            ("http://127.0.0.1:8787/a/b", "http://127.0.0.1:8787"),
            ("https://id.example", "https://id.example"),
            ("https://id.example?x=1", "https://id.example"),
        ] {
            let resource = ResourceIndicator::parse(resource).expect("resource");
            assert_eq!(origin(&resource), expected);
        }
    }
}
