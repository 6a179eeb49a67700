//! The front door of the protected resources: who calls, whether they may, and on to the server
//! behind.
//!
//! Credential, check, needs, permit, forward, report: each step is a file here or a rule in
//! `latchkey-protocol`. `CONTRIBUTING.md` shows the walk.

mod answers;
mod batches;
mod check;
mod forward;
mod message;
mod open_stream;
mod remembered;
mod report;

use latchkey_protocol::access::{self, Refusal};
use latchkey_protocol::challenge;
use latchkey_protocol::configuration::Configuration;
use latchkey_protocol::forwarding::response_headers;
use latchkey_protocol::protected_resource::{self, Requested, RouteError};
use latchkey_protocol::scope::Scope;
use latchkey_protocol::subject::Subject;
use std::rc::Rc;

use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys;
use crate::limits::{self, Guess};
use crate::log::{Event, Level};
use check::{Caller, Rejected};
use message::Message;

/// What every step of the walk needs to know about the request.
#[derive(Clone, Copy)]
struct Visit<'a> {
    context: &'a Context,
    requested: Requested<'a>,
    method: &'a str,
    /// When the request arrived, in milliseconds since the epoch.
    started_at: u64,
    /// How often keys had been dropped when it did: one that is dropped from then on may have signed its credential.
    drops: u64,
}

/// Whether the request is for a resource behind the gateway.
pub fn is_for_a_resource(configuration: &Configuration, incoming: &Incoming) -> bool {
    protected_resource::nearest(configuration, incoming.authority(), incoming.path()).is_some()
}

/// Answers a request for a resource behind the gateway; `None` when it is for none.
pub async fn answer(context: &Context, incoming: &mut Incoming) -> Option<Answer> {
    // All of them go on, so none is asked for by itself.
    let _ = incoming.headers();
    let configuration = Rc::clone(&context.configuration);
    let (host, path) = (incoming.authority().to_owned(), incoming.path().to_owned());
    let method = incoming.method().to_owned();
    let requested = protected_resource::nearest(&configuration, &host, &path)?;
    let route = protected_resource::find(&configuration, &host, &path)?;
    if is_preflight(incoming) {
        let asked = incoming.header("access-control-request-headers");
        let headers = response_headers::preflight(asked.as_deref());
        return Some(Answer::empty(204).with_headers(headers));
    }
    let (started_at, drops) = (context.started_at, keys::drops());
    let visit = Visit { context, requested, method: &method, started_at, drops };
    let answer = match visit.walk(incoming, route.map(|_| ())).await {
        Ok(answer) => answer,
        Err(failure) => context.failed(&failure),
    };
    let answer = answers::with_common_headers(answer);
    Some(if method == "HEAD" { answer.without_body() } else { answer })
}

/// A browser's question whether it may send a request. It never has a credential, so it is answered
/// here; any other OPTIONS is a request as the others.
fn is_preflight(incoming: &Incoming) -> bool {
    incoming.method() == "OPTIONS"
        && incoming.header("origin").is_some()
        && incoming.header("access-control-request-method").is_some()
}

impl Visit<'_> {
    async fn walk(
        &self,
        incoming: &mut Incoming,
        route: Result<(), RouteError>,
    ) -> Result<Answer, Failure> {
        // RFC 9110 section 9.3.8: what comes back would show the identity headers to the client.
        if matches!(self.method, "TRACE" | "TRACK" | "CONNECT") {
            incoming.discard_body().await;
            return Ok(answers::method_not_allowed(self.context));
        }
        let Requested { resource, gateway, .. } = self.requested;
        let needed = access::needed_scope(resource, gateway, self.method, &[]);
        if let Err(RouteError::ConfusingPath) = route {
            incoming.discard_body().await;
            return Ok(self.refuse(&Refusal::ConfusingPath, &needed, None, None));
        }
        let holder = match check::check(self.context, gateway, incoming).await? {
            Ok(holder) => holder,
            Err(Rejected { refusal, caller }) => {
                incoming.discard_body().await;
                let guess = refusal.is_a_guess().then_some(Guess::PersonalAccessToken);
                let refusal = self.refuse(&refusal, &needed, caller.as_ref(), None);
                return Ok(limits::unless_too_many(self.context, guess, refusal).await);
            }
        };
        let caller = Caller::of(&holder);
        let permit = |needed: &Scope| {
            let Context { configuration, now, .. } = self.context;
            access::permit(&holder, resource, needed, configuration, *now)
        };
        // MRS-11: a token for another resource is refused for that, whatever the body is. Scopes are
        // checked once all that are needed are known, so that they are named together (MRS-08).
        if let Err(refusal) = permit(&Scope::default()) {
            incoming.discard_body().await;
            return Ok(self.refuse(&refusal, &needed, Some(&caller), None));
        }
        let message = match message::read(gateway.kind, incoming).await {
            Ok(message) => message,
            Err(error) => return Ok(self.refuse(&error.into(), &needed, Some(&caller), None)),
        };
        let tools = message.as_ref().map(|message| message.inspected.tools()).unwrap_or_default();
        let needed = access::needed_scope(resource, gateway, self.method, &tools);
        if let Err(refusal) = permit(&needed) {
            return Ok(self.refuse(&refusal, &needed, Some(&caller), message.as_ref()));
        }
        self.note_call(&caller);
        let labels = report::Labels::of(message.as_ref());
        let body = message.map(|message| message.bytes);
        let sent = report::sent(self, caller, labels);
        let answer = forward::forward(self, incoming, &holder, body).await?;
        sent.answered(answer.status());
        Ok(answer)
    }

    /// Notes that the call was passed on. Of a person's calls their activity log tells; a client that calls
    /// for itself has none.
    fn note_call(&self, caller: &Caller) {
        let level = match caller.subject {
            Subject::Person(_) => Level::Debug,
            Subject::Client(_) => Level::Info,
        };
        let event = self.context.outcome(level, "called").with_text("method", &self.method);
        self.of_caller(event, Some(caller)).write();
    }

    /// Adds whose call it is.
    fn of_caller(&self, event: Event, caller: Option<&Caller>) -> Event {
        let event = event
            .with_text("resource", &self.requested.resource.identifier)
            .with_text("client_id", caller.and_then(|caller| caller.credential.client_id()));
        match caller.map(|caller| &caller.subject) {
            Some(Subject::Person(account)) => event.with_pseudonym("account", account.as_str()),
            Some(Subject::Client(_)) | None => event,
        }
    }

    /// Refuses, with a line in the log, and with an entry in the person's activity when it is
    /// known whose credential it was.
    fn refuse(
        &self,
        refusal: &Refusal,
        needed: &Scope,
        caller: Option<&Caller>,
        message: Option<&Message>,
    ) -> Answer {
        let configuration = &self.context.configuration;
        let resource = self.requested.resource;
        let event = self.context.outcome(Level::Warn, "refused");
        self.of_caller(event.with("reason", refusal.name().to_owned()), caller).write();
        if let Some(caller) = caller {
            let labels = report::Labels::of(message);
            report::refused(self, caller.clone(), labels, refusal.name());
        }
        let issuer = configuration.issuer.as_str();
        let metadata_url = protected_resource::metadata_url(configuration, &self.requested);
        let resource = &resource.identifier;
        let challenge = challenge::challenge(refusal, needed, &metadata_url, issuer, resource);
        let answer = answers::error(
            refusal.status(),
            // RFC 6750 section 3.1 leaves the challenge without a code here; a body needs a word.
            refusal.code().map_or("unauthorized", |code| code.as_str()),
            &refusal.description(issuer, resource),
            &self.context.reference,
        );
        match challenge {
            Some(challenge) => answer.with_header("www-authenticate", challenge),
            None => answer,
        }
    }
}
