//! `/admin/clients`, `/admin/clients/<client_id>` and `/admin/clients/<client_id>/secret`.

use latchkey_protocol::administration::{
    self, AdminError, ListRequest, Position, document_view, pages, view,
};
use latchkey_protocol::client::{ClientId, ClientOrigin, ClientRecord};
use latchkey_protocol::configuration::ConfiguredClient;
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::registration::Registered;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{log_change, refuse, unreadable};
use crate::clients::{self, changes};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::objects::client_registry::messages::{List, StoredClient};
use crate::platform::RuntimeEntropy;

/// How often a change is decided anew when the client was changed in between.
const ATTEMPTS: usize = 4;

/// Makes a client.
pub async fn create(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let body = match incoming.json().await {
        Ok(body) => body,
        Err(error) => return Ok(unreadable(context, error)),
    };
    let mut entropy = RuntimeEntropy;
    let [random] = entropy.bytes::<1>();
    let shard = random % context.configuration.client_registry_shards.max(1);
    let (configuration, now) = (&context.configuration, context.now);
    match administration::create(&body, configuration, shard, now, &mut entropy) {
        Ok(Registered { record, response }) => {
            let client_id = record.client_id.clone();
            clients::register(context, shard, record).await?;
            log_change(context, "client created", Some(&client_id), None);
            Ok(Answer::json(201, &response).not_stored())
        }
        Err(error) => Ok(refuse(context, &error, None)),
    }
}

/// One client.
pub(super) enum Kept {
    /// A shard has it.
    Stored(Box<StoredClient>),
    /// The configuration has it.
    Configured(ConfiguredClient),
}

impl Kept {
    fn view(&self) -> Map<String, Value> {
        match self {
            Self::Stored(stored) => view(&stored.record),
            Self::Configured(ConfiguredClient::Whole(record)) => view(record),
            Self::Configured(ConfiguredClient::Document { client_id, policy }) => {
                document_view(client_id, policy)
            }
        }
    }
}

pub(super) async fn find(context: &Context, id: &str) -> Result<Option<Kept>, Failure> {
    let Some(client_id) = ClientId::from_path_segment(id) else { return Ok(None) };
    let configured = context.configuration.clients.iter();
    if let Some(client) = configured.into_iter().find(|client| *client.client_id() == client_id) {
        return Ok(Some(Kept::Configured(client.clone())));
    }
    let stored = changes::read(context, &client_id).await?;
    let living = stored.filter(|stored| !stored.record.is_expired(context.now));
    Ok(living.map(|stored| Kept::Stored(Box::new(stored))))
}

/// Shows a client.
pub async fn get(context: &Context, id: &str) -> Result<Answer, Failure> {
    Ok(match find(context, id).await? {
        Some(client) => Answer::json(200, &client.view()).not_stored(),
        None => refuse(context, &AdminError::NotFound, None),
    })
}

/// Changes a client by a merge patch.
pub async fn patch(
    context: &Context,
    incoming: &mut Incoming,
    id: &str,
) -> Result<Answer, Failure> {
    let body = match incoming.merge_patch().await {
        Ok(body) => body,
        Err(error) => return Ok(unreadable(context, error)),
    };
    change(context, id, "client changed", |record| {
        administration::patch(record, &body, &context.configuration, &mut RuntimeEntropy)
    })
    .await
}

/// Gives a client another secret.
pub async fn rotate_secret(
    context: &Context,
    incoming: &mut Incoming,
    id: &str,
) -> Result<Answer, Failure> {
    let body = match incoming.json_or_nothing().await {
        Ok(body) => body,
        Err(error) => return Ok(unreadable(context, error)),
    };
    let grace = match administration::read_grace(&body) {
        Ok(grace) => grace,
        Err(error) => return Ok(refuse(context, &error, None)),
    };
    change(context, id, "client secret replaced", |record| {
        let (configuration, now) = (&context.configuration, context.now);
        administration::rotate_secret(record, grace, configuration, now, &mut RuntimeEntropy)
    })
    .await
}

/// Decides on what is stored and stores what comes of it, unless that changed in between.
async fn change(
    context: &Context,
    id: &str,
    what: &str,
    decide: impl Fn(&ClientRecord) -> Result<Registered, AdminError>,
) -> Result<Answer, Failure> {
    for _ in 0..ATTEMPTS {
        let stored = match changeable(context, id).await? {
            Ok(stored) => stored,
            Err(error) => return Ok(refuse(context, &error, None)),
        };
        let client_id = stored.record.client_id.clone();
        let Registered { record, response } = match decide(&stored.record) {
            Ok(registered) => registered,
            Err(error) => return Ok(refuse(context, &error, Some(&client_id))),
        };
        if changes::change(context, stored.version, record).await? {
            log_change(context, what, Some(&client_id), None);
            return Ok(Answer::json(200, &response).not_stored());
        }
    }
    Err(Failure::unavailable("changing a client", "it changes all the time"))
}

async fn changeable(
    context: &Context,
    id: &str,
) -> Result<Result<Box<StoredClient>, AdminError>, Failure> {
    Ok(match find(context, id).await? {
        None => Err(AdminError::NotFound),
        Some(Kept::Stored(stored)) => Ok(stored),
        Some(Kept::Configured(ConfiguredClient::Whole(_))) => {
            Err(AdminError::ReadOnlyClient(ClientOrigin::Configured))
        }
        Some(Kept::Configured(ConfiguredClient::Document { .. })) => {
            Err(AdminError::ReadOnlyClient(ClientOrigin::Document))
        }
    })
}

/// Removes a client with what people allowed it.
pub async fn delete(context: &Context, id: &str) -> Result<Answer, Failure> {
    let stored = match changeable(context, id).await? {
        Ok(stored) => stored,
        Err(error) => return Ok(refuse(context, &error, None)),
    };
    let client_id = &stored.record.client_id;
    if !changes::remove(context, client_id).await? {
        return Ok(refuse(context, &AdminError::NotFound, Some(client_id)));
    }
    log_change(context, "client removed", Some(client_id), None);
    Ok(Answer::empty(204).not_stored())
}

/// Lists clients.
pub async fn list(context: &Context, incoming: &Incoming) -> Result<Answer, Failure> {
    #[derive(Serialize)]
    struct Listed {
        clients: Vec<Map<String, Value>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
    }
    let request = match incoming.query() {
        Ok(query) => ListRequest::parse(&query),
        Err(_) => Err(AdminError::Cursor),
    };
    let request = match request {
        Ok(request) => request,
        Err(error) => return Ok(refuse(context, &error, None)),
    };
    let listed = collect(context, &request).await?;
    let (clients, next) = listed;
    let next_cursor = next.map(|position| position.to_cursor());
    Ok(Answer::json(200, &Listed { clients, next_cursor }).not_stored())
}

/// One page, and where the next one begins.
async fn collect(
    context: &Context,
    request: &ListRequest,
) -> Result<(Vec<Map<String, Value>>, Option<Position>), Failure> {
    let limit = usize::try_from(request.limit).unwrap_or_default();
    let mut clients = Vec::new();
    if let Position::Configured(first) = request.position {
        for (place, client) in context.configuration.clients.iter().enumerate().skip(first) {
            if clients.len() == limit {
                return Ok((clients, Some(Position::Configured(place))));
            }
            let (origin, policy) = match client {
                ConfiguredClient::Whole(record) => (record.origin, &record.policy),
                ConfiguredClient::Document { policy, .. } => (ClientOrigin::Document, policy),
            };
            if request.filter.takes(origin, policy) {
                clients.push(Kept::Configured(client.clone()).view());
            }
        }
    }
    for page in pages(&request.position, context.configuration.client_registry_shards) {
        let left = u32::try_from(limit.saturating_sub(clients.len())).unwrap_or_default();
        let position = Position::Shard { shard: page.shard, after: page.after.clone() };
        // One more than fits says whether there is another page.
        let message = List { after: page.after, limit: left + 1, filter: request.filter };
        let mut found = clients::ask(context, page.shard, &message).await?;
        let is_more = found.len() > usize::try_from(left).unwrap_or_default();
        if is_more {
            found.pop();
        }
        let last = found.last().map(|client| client.client_id.as_str().to_owned());
        clients.extend(found.iter().map(view));
        if is_more {
            let next = match last {
                Some(last) => Position::Shard { shard: page.shard, after: Some(last) },
                None => position,
            };
            return Ok((clients, Some(next)));
        }
    }
    Ok((clients, None))
}
