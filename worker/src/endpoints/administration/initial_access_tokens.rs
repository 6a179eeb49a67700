//! `/admin/initial-access-tokens` and `/admin/initial-access-tokens/<id>`.

use latchkey_protocol::administration::{
    self, AdminError, ListRequest, Position, pages, view_initial_access_token,
};
use latchkey_protocol::entropy::Entropy;
use latchkey_protocol::registration::initial_access_token::InitialAccessTokenId;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{log_change, refuse, unreadable};
use crate::clients::ask;
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::objects::client_registry::messages::{AddToken, ListTokens, RemoveToken};
use crate::platform::RuntimeEntropy;

/// Makes a token.
pub async fn create(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    let body = match incoming.json().await {
        Ok(body) => body,
        Err(error) => return Ok(unreadable(context, error)),
    };
    let mut entropy = RuntimeEntropy;
    let [random] = entropy.bytes::<1>();
    let shard = random % context.configuration.client_registry_shards.max(1);
    let (configuration, now) = (&context.configuration, context.now);
    let made =
        administration::new_initial_access_token(&body, configuration, shard, now, &mut entropy);
    let (record, token) = match made {
        Ok(made) => made,
        Err(error) => return Ok(refuse(context, &error, None)),
    };
    let message = AddToken { record };
    ask(context, shard, &message).await?;
    log_change(context, "initial access token created", None, Some(message.record.id.as_str()));
    let mut answer = view_initial_access_token(&message.record, 0);
    let wire = token.to_wire(&configuration.prefixes.initial_access_token);
    // It is in this answer and nowhere else.
    answer.insert("token".to_owned(), wire.expose().into());
    Ok(Answer::json(201, &answer).not_stored())
}

/// Lists tokens.
pub async fn list(context: &Context, incoming: &Incoming) -> Result<Answer, Failure> {
    #[derive(Serialize)]
    struct Listed {
        initial_access_tokens: Vec<Map<String, Value>>,
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
    let limit = usize::try_from(request.limit).unwrap_or_default();
    let mut tokens = Vec::new();
    let mut next = None;
    for page in pages(&request.position, context.configuration.client_registry_shards) {
        let left = u32::try_from(limit.saturating_sub(tokens.len())).unwrap_or_default();
        let shard = page.shard;
        let position = Position::Shard { shard, after: page.after.clone() };
        let message = ListTokens { after: page.after, limit: left + 1 };
        let mut found = ask(context, shard, &message).await?;
        let is_more = found.len() > usize::try_from(left).unwrap_or_default();
        if is_more {
            found.pop();
        }
        let last = found.last().map(|stored| stored.record.id.as_str().to_owned());
        tokens.extend(
            found.iter().map(|stored| view_initial_access_token(&stored.record, stored.uses)),
        );
        if is_more {
            next = Some(last.map_or(position, |last| Position::Shard { shard, after: Some(last) }));
            break;
        }
    }
    let next_cursor = next.map(|position| position.to_cursor());
    Ok(Answer::json(200, &Listed { initial_access_tokens: tokens, next_cursor }).not_stored())
}

/// Takes a token back.
pub async fn delete(context: &Context, id: &str) -> Result<Answer, Failure> {
    let Some(id) = InitialAccessTokenId::parse(id) else {
        return Ok(refuse(context, &AdminError::NotFound, None));
    };
    let message = RemoveToken { id };
    if !ask(context, message.id.shard(), &message).await? {
        return Ok(refuse(context, &AdminError::NotFound, None));
    }
    log_change(context, "initial access token removed", None, Some(message.id.as_str()));
    Ok(Answer::empty(204).not_stored())
}
