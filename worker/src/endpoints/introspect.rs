//! `POST /introspect` ([RFC 7662 section 2](https://www.rfc-editor.org/rfc/rfc7662#section-2)), and its
//! signed answers ([RFC 9701](https://www.rfc-editor.org/rfc/rfc9701)).

use futures_util::future::join;
use latchkey_protocol::client::ClientId;
use latchkey_protocol::grant::refresh_token::RefreshTokenState;
use latchkey_protocol::introspection::{
    self, Introspected, IntrospectionRequest, ResponseFormat, Token,
};
use latchkey_protocol::jwt::IntrospectionClaims;
use latchkey_protocol::personal_access_token::PersonalAccessToken;
use latchkey_protocol::secret::Secret;
use latchkey_protocol::token::GrantToken;

use super::client_authentication::confidential_form;
use crate::access_tokens;
use crate::clients::{self, Standing};
use crate::context::Context;
use crate::failure::Failure;
use crate::http::{Answer, Incoming};
use crate::keys;
use crate::limits::{self, Guess};
use crate::objects::account::messages::{
    AccessState, CheckPersonalAccessToken, InspectRefreshToken, PersonalAccessTokenProblem,
};
use crate::objects::{self, ObjectKind};

/// Says whether a token is good, and what it gives.
pub async fn post(context: &Context, incoming: &mut Incoming) -> Result<Answer, Failure> {
    // RFC 7662 section 2.1: the endpoint MUST require authorization (INT-01).
    let request = match confidential_form(context, incoming).await? {
        Ok(request) => request,
        Err(answer) => return Ok(answer),
    };
    let client_id = request.client.client_id();
    let introspection = match IntrospectionRequest::parse(&request.form) {
        Ok(introspection) => introspection,
        Err(error) => return Ok(context.refuse(&error.reply(), &error, Some(client_id))),
    };
    let Found { token, is_a_guess } = find(context, client_id, &introspection.token).await?;
    // RFC 7662 section 4: un-throttled, this would be a means "to poll a series of possible token values".
    // Not for the server of a resource: it asks about what others sent it, and they mustn't stop it.
    let is_a_guess = is_a_guess && !context.configuration.is_introspector(client_id);
    let guess = is_a_guess.then_some(Guess::OfClient(client_id));
    let introspected = token.map_or_else(Introspected::inactive, |token| {
        introspection::reply(token, client_id, &context.configuration, context.now)
    });
    // A resource server only ever asks, so this is how its client lives on.
    clients::touch(context, &request.record);
    // RFC 9701 section 4. Errors stay JSON: they say nothing about a token.
    let format = ResponseFormat::of_accept(incoming.header("accept").as_deref());
    let answer = match format {
        ResponseFormat::Json => Answer::json(200, &introspected),
        ResponseFormat::Jwt => {
            let jwt = signed(context, client_id, &introspected).await?;
            Answer::empty(200)
                .with_header("content-type", format.media_type())
                .with_body(jwt.expose())
        }
    };
    Ok(limits::unless_too_many(context, guess, answer.not_stored()).await)
}

/// What was found out about a text.
struct Found {
    /// The token that it is, if that is good.
    token: Option<Token>,
    /// Whether it has the form of a secret of ours, and is none that is good.
    is_a_guess: bool,
}

impl Found {
    /// Of a text that is nothing but its secret.
    const fn by_secret(token: Option<Token>, is_known: bool) -> Self {
        Self { token, is_a_guess: !is_known }
    }

    /// Of a text that carries a signature, which nobody can make up.
    const fn signed(token: Option<Token>) -> Self {
        Self { token, is_a_guess: false }
    }
}

/// The answer as a JWT for the client that asked.
async fn signed(
    context: &Context,
    client_id: &ClientId,
    introspected: &Introspected,
) -> Result<Secret, Failure> {
    let claims = IntrospectionClaims {
        issuer: context.configuration.issuer.as_str(),
        audience: client_id,
        issued_at: context.now,
        introspected,
    };
    keys::key_set(context).await?.sign_introspection(context, &claims).await
}

/// What the text stands for, if it is a token that is good. The hint isn't needed: RFC 7662 section
/// 2.1 has it widen the search to every kind anyway, and the text itself says its kind.
async fn find(context: &Context, caller: &ClientId, presented: &Secret) -> Result<Found, Failure> {
    let (env, kind) = (&context.env, ObjectKind::Account);
    let (prefixes, text) = (&context.configuration.prefixes, presented.expose());
    if let Some(token) = GrantToken::parse(&prefixes.refresh_token, text) {
        let message = InspectRefreshToken { grant: token.grant, secret: token.secret };
        // Only its own client learns anything about it, so that is the one to ask the shard about.
        let (state, standing) = join(
            objects::send(env, kind, token.account.as_str(), &message),
            standing(context, caller),
        )
        .await;
        let (state, standing) = (state?, standing?);
        let is_good =
            |state: &RefreshTokenState| state.client_id == *caller && standing == Standing::Good;
        let is_known = state.is_some();
        let own = state.filter(is_good);
        let own = own.map(|state| Token::RefreshToken { account: token.account, state });
        return Ok(Found::by_secret(own, is_known));
    }
    if let Ok(token) = PersonalAccessToken::parse(&prefixes.personal_access_token, text) {
        let message = CheckPersonalAccessToken { id: token.id, secret: token.secret };
        let checked = objects::send(env, kind, token.account.as_str(), &message).await?;
        let is_known = !matches!(checked, Err(PersonalAccessTokenProblem::Unknown));
        let good = checked.ok().map(|grant| Token::PersonalAccessToken {
            account: token.account,
            id: message.id,
            grant,
        });
        return Ok(Found::by_secret(good, is_known));
    }
    let keys = keys::key_set(context).await?;
    let Ok(claims) = keys.verify(context, presented).await? else { return Ok(Found::signed(None)) };
    let (state, standing) =
        join(access_tokens::state(context, &claims), standing(context, &claims.client_id)).await;
    match (state?, standing?) {
        (AccessState::Live, Standing::Good) => Ok(Found::signed(Some(Token::AccessToken(claims)))),
        (AccessState::Live, Standing::Disabled | Standing::Gone) | (AccessState::Revoked, _) => {
            Ok(Found::signed(None))
        }
    }
}

/// Known for certain: whoever asks here may ask because a client was disabled a moment ago.
async fn standing(context: &Context, client_id: &ClientId) -> Result<Standing, Failure> {
    clients::standing_now(&context.env, &context.configuration, client_id, context.now).await
}
