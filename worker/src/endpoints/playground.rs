//! The playground: its files come from the deployment, as static assets, and are no part of this program.

use js_sys::Reflect;
use latchkey_protocol::configuration::Configuration;
use serde::Serialize;
use worker::ResponseBody;

use crate::context::Context;
use crate::endpoints::look;
use crate::failure::Failure;
use crate::http::{Answer, BodyStream, Incoming, playground_headers};
use crate::trace::Operation;

/// The assets binding with the playground's files.
const BINDING: &str = "PLAYGROUND";

/// Whether there is a playground: the configuration lets it be served, and the deployment has its files.
pub fn is_on(configuration: &Configuration, env: &worker::Env) -> bool {
    configuration.playground && Reflect::has(env, &BINDING.into()).unwrap_or(false)
}

/// The page, a file of it, or what only the server knows of: its look, and the client that it is;
/// `None` when there is no such file.
pub async fn get(context: &Context, incoming: &Incoming) -> Result<Option<Answer>, Failure> {
    let endpoints = &context.configuration.endpoints;
    let file = endpoints.playground_file(incoming.path()).unwrap_or_default();
    let answer = match file {
        // The page names its files relative to itself, so it has to be at a path with a slash.
        "" => {
            let query = incoming.raw_query().map(|query| format!("?{query}")).unwrap_or_default();
            let page = format!("{}{query}", endpoints.playground_path());
            return Ok(Some(Answer::redirect(302, page)));
        }
        "/look.css" => Some(
            Answer::empty(200)
                .with_header("content-type", "text/css; charset=utf-8")
                .with_body(look(&context.configuration).stylesheet()),
        ),
        "/icon.svg" => {
            let icon = look(&context.configuration).icon();
            let icon = icon.map_err(|cause| Failure::Rendering(cause.to_string()))?;
            let answer = Answer::empty(200).with_header("content-type", "image/svg+xml");
            Some(answer.with_body(icon))
        }
        "/client.json" => Some(client_document(context)),
        "/" => asset(context, "/index.html").await?,
        file => asset(context, file).await?,
    };
    Ok(answer.map(|answer| answer.with_headers(playground_headers())))
}

/// A file of the deployment.
async fn asset(context: &Context, file: &str) -> Result<Option<Answer>, Failure> {
    let failed = |cause: worker::Error| Failure::unavailable("reading the playground", cause);
    let files = context.env.platform().assets(BINDING).map_err(failed)?;
    let _under_way = context.env.hop(Operation::AssetCalls);
    // The host stands for nothing: the binding looks at the path.
    let request = web_sys::Request::new_with_str(&format!("https://playground.invalid{file}"));
    let request = worker::Request::from(request.map_err(|cause| failed(cause.into()))?);
    let response = files.fetch_request(request).await.map_err(failed)?;
    if response.status_code() != 200 {
        return Ok(None);
    }
    let kind = response.headers().get("content-type").ok().flatten();
    let answer = Answer::empty(200)
        .with_header("content-type", kind.as_deref().unwrap_or("application/octet-stream"));
    Ok(Some(match response.body() {
        ResponseBody::Empty => answer,
        ResponseBody::Body(bytes) => answer.with_body(bytes.clone()),
        ResponseBody::Stream(stream) => answer.with_stream(BodyStream::new(stream.clone())),
    }))
}

/// What the playground says of itself to a server that takes metadata documents
/// ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)).
#[derive(Debug, Serialize)]
struct ClientDocument {
    client_id: String,
    client_name: String,
    redirect_uris: [String; 1],
    grant_types: [&'static str; 2],
    response_types: [&'static str; 1],
    token_endpoint_auth_method: &'static str,
    application_type: &'static str,
}

fn client_document(context: &Context) -> Answer {
    let configuration = &context.configuration;
    let page =
        format!("{}{}", configuration.issuer.origin(), configuration.endpoints.playground_path());
    let document = ClientDocument {
        client_id: format!("{page}client.json"),
        client_name: format!("{} playground", configuration.product.name),
        redirect_uris: [page],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
        // OpenID Connect Dynamic Client Registration section 2: http is for native clients.
        application_type: if configuration.issuer.is_https() { "web" } else { "native" },
    };
    Answer::json(200, &document)
}
