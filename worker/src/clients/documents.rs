//! Clients whose `client_id` is the URL of their description: the isolate's memory, then the cache,
//! then the document itself, then the last good copy of it, then the copy of this release.
//!
//! Only good documents are kept. What isn't one says nothing about the next fetch.

use latchkey_protocol::client::{ClientId, ClientRecord};
use latchkey_protocol::client_id_metadata::{
    self, DocumentError, DocumentUrl, DocumentUrlError, KeptDocument, MAXIMUM_DOCUMENT,
};
use latchkey_protocol::time::{Lifetime, UnixTime};
use std::cell::RefCell;
use std::collections::HashMap;

use super::fetch::{self, Budget, FetchError};
use super::stored_copies;
use crate::context::Context;
use crate::limits::{self, LimitedEndpoint};
use crate::log::Level;

/// How many documents an isolate remembers before it starts over.
const REMEMBER_AT_MOST: usize = 256;
/// How long a copy stands in for a document that can't be fetched, until that is tried again.
const STAND_IN: Lifetime = Lifetime::minutes(1);

/// RFC 9110 section 15.5.11: "410 (Gone)" is likely to be permanent, and its server knows so.
const GONE: u16 = 410;

thread_local! {
    static REMEMBERED: RefCell<HashMap<ClientId, KeptDocument>> = RefCell::new(HashMap::new());
}

/// Why a document names no client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentProblem {
    /// The deployment has no such clients.
    NotSupported,
    /// The URL is one that is never fetched.
    Url(DocumentUrlError),
    /// It can't be fetched, and there is no copy of it.
    Unavailable(FetchError),
    /// It was fetched, and isn't the description of this client.
    Invalid(DocumentError),
}

impl DocumentProblem {
    /// Whether the same request can succeed in a moment.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_)) && !self.is_gone()
    }

    /// Whether the client's own server says that there will be no document again.
    pub const fn is_gone(&self) -> bool {
        matches!(self, Self::Unavailable(FetchError::Status(GONE)))
    }

    /// Whether an older copy may stand in: when the client's server is in trouble, or shows a bot
    /// challenge in place of the document. A document that it serves and that is none of this client's
    /// any more, and one that it says is gone for good, are its word.
    const fn may_be_passed_over(&self) -> bool {
        match self {
            Self::Unavailable(FetchError::Status(GONE)) => false,
            Self::Unavailable(_)
            | Self::Invalid(DocumentError::NotJson | DocumentError::TooLong) => true,
            Self::Invalid(_) | Self::Url(_) | Self::NotSupported => false,
        }
    }
}

/// The client that the document at `client_id` describes.
pub async fn find(
    context: &Context,
    client_id: &ClientId,
) -> Result<ClientRecord, DocumentProblem> {
    let configuration = &context.configuration;
    let settings = &configuration.client_id_metadata_documents;
    if !settings.enabled {
        return Err(DocumentProblem::NotSupported);
    }
    // CIM-01, CIM-05: all of it before anything is asked of anybody.
    let url = DocumentUrl::parse(client_id.as_str(), configuration.reach())
        .map_err(DocumentProblem::Url)?;
    if !settings.accepts_host(url.host()) {
        return Err(DocumentProblem::Url(DocumentUrlError::HostNotAllowed));
    }
    let kept = match kept(context, client_id).await {
        Some(kept) if kept.is_fresh(context.now) => kept,
        older => fetched_or(context, &url, client_id, older).await?,
    };
    remember(client_id, &kept);
    let policy = configuration.document_policy(client_id);
    Ok(client_id_metadata::record(client_id, kept.metadata, policy, kept.fetched_at))
}

/// The newest copy of a document there is here, however old.
pub async fn kept(context: &Context, client_id: &ClientId) -> Option<KeptDocument> {
    match remembered(client_id) {
        Some(kept) if kept.is_fresh(context.now) => Some(kept),
        older => stored_copies::read(context, &key(client_id)).await.or(older),
    }
}

/// The document as it is now, or the best copy of it.
async fn fetched_or(
    context: &Context,
    url: &DocumentUrl,
    client_id: &ClientId,
    older: Option<KeptDocument>,
) -> Result<KeptDocument, DocumentProblem> {
    let pinned = pinned(context, url);
    // Whoever makes up documents makes this server ask for each of them; what there is a copy of here
    // is asked for once in a while only.
    let is_first = older.is_none() && pinned.is_none();
    let fetched =
        match is_first && limits::exceeded(context, LimitedEndpoint::MetadataDocument).await {
            true => Err(DocumentProblem::Unavailable(FetchError::TooOften)),
            false => fetched(context, url).await,
        };
    let problem = match fetched {
        Ok(document) => {
            stored_copies::keep(context, &key(client_id), &document, KeptDocument::LAST_GOOD);
            return Ok(document);
        }
        Err(problem) => problem,
    };
    let stand_in = older
        .filter(|older| older.is_last_good(context.now))
        .or(pinned)
        .filter(|_| problem.may_be_passed_over());
    context
        .event(Level::Warn, "client metadata document not fetched")
        .with("client_id", client_id.to_string())
        .with("cause", format!("{problem:?}"))
        .with("served", stand_in.as_ref().map(|_| "a copy".to_owned()))
        .with("do", (problem == DocumentProblem::Unavailable(FetchError::FetchIsNotStrict)).then(|| {
            "add global_fetch_strictly_public to compatibility_flags in wrangler.toml: without it no \
             document is fetched".to_owned()
        }))
        .write();
    match stand_in {
        Some(stand_in) => Ok(KeptDocument { fresh_until: context.now.plus(STAND_IN), ..stand_in }),
        None => Err(problem),
    }
}

async fn fetched(context: &Context, url: &DocumentUrl) -> Result<KeptDocument, DocumentProblem> {
    let fetched = fetch::get(context, url, MAXIMUM_DOCUMENT, Budget::Host).await.map_err(
        |error| match error {
            FetchError::TooLong => DocumentProblem::Invalid(DocumentError::TooLong),
            error => DocumentProblem::Unavailable(error),
        },
    )?;
    let metadata = parse(context, url, fetched.content_type.as_deref(), &fetched.body)
        .map_err(DocumentProblem::Invalid)?;
    Ok(KeptDocument {
        metadata,
        fetched_at: context.now,
        fresh_until: context.now.plus(fetched.freshness.lifetime()),
    })
}

/// The copy that came with this release.
fn pinned(context: &Context, url: &DocumentUrl) -> Option<KeptDocument> {
    if !context.configuration.client_id_metadata_documents.pinned {
        return None;
    }
    let body = client_id_metadata::pinned(url.as_str())?;
    let metadata = parse(context, url, Some("application/json"), body.as_bytes()).ok()?;
    Some(KeptDocument {
        metadata,
        fetched_at: UnixTime::from_seconds(0),
        fresh_until: UnixTime::from_seconds(0),
    })
}

fn parse(
    context: &Context,
    url: &DocumentUrl,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<latchkey_protocol::client_metadata::ClientMetadata, DocumentError> {
    let configuration = &context.configuration;
    client_id_metadata::read(
        url,
        content_type,
        body,
        &configuration.redirect_uris,
        &configuration.token_endpoint_auth_methods,
        configuration.reach(),
    )
}

fn remembered(client_id: &ClientId) -> Option<KeptDocument> {
    REMEMBERED.with_borrow(|documents| documents.get(client_id).cloned())
}

fn remember(client_id: &ClientId, document: &KeptDocument) {
    REMEMBERED.with_borrow_mut(|documents| {
        if documents.len() >= REMEMBER_AT_MOST && !documents.contains_key(client_id) {
            documents.clear();
        }
        documents.insert(client_id.clone(), document.clone());
    });
}

fn key(client_id: &ClientId) -> String {
    stored_copies::key("document", client_id.as_str())
}
