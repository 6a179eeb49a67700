//! What is said about a client whose `client_id` is the URL of a document that can't be used: to
//! programs as JSON, to people on a page
//! ([draft-ietf-oauth-client-id-metadata-document section 4](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-4)).
//!
//! A document that can't be fetched right now is nobody's fault that could be mended by registering
//! anew (needs 5), so it is never called gone.

use latchkey_protocol::client::ClientId;
use latchkey_protocol::error::{ErrorCode, ErrorReply};

use super::{Trouble, error_page};
use crate::clients::DocumentProblem;
use crate::context::Context;
use crate::failure::{Failure, RETRY_AFTER_SECONDS};
use crate::http::Answer;

/// What a program is told.
pub fn refusal(context: &Context, client_id: &ClientId, problem: &DocumentProblem) -> Answer {
    if problem.is_temporary() {
        let reply = ErrorReply::new(
            ErrorCode::TemporarilyUnavailable,
            "The client's metadata document can not be fetched right now. Send the same request \
             again in a moment.",
        );
        return retry(context.refuse(&reply, problem, Some(client_id)), problem);
    }
    let reply = ErrorReply::new(ErrorCode::InvalidClient, words(problem));
    context.refuse(&reply, problem, Some(client_id))
}

/// What a person is told. Nothing in the document can be trusted, the redirect URIs least of all, so
/// it is said here (MAS-07).
pub fn page(
    context: &Context,
    client_id: &ClientId,
    problem: &DocumentProblem,
) -> Result<Answer, Failure> {
    context.refused(problem, Some(client_id));
    let host = client_id.document_host().unwrap_or("its address");
    let what_happened;
    let trouble = if problem.is_temporary() {
        what_happened = format!(
            "The app describes itself at {host}, and that description can not be fetched right now."
        );
        Trouble {
            status: 503,
            title: "The app can not be checked right now",
            what_happened: &what_happened,
            what_to_do: "Reload this page in a moment. If it keeps happening, tell the app's maker.",
        }
    } else {
        let words = words(problem);
        what_happened =
            format!("The app says that it is described at {host}, and that is not so. {words}");
        Trouble {
            status: 400,
            title: "This app can not be checked",
            what_happened: &what_happened,
            what_to_do: "Go back to the app. Developers: client_id has to be the https URL of a JSON \
                         document of at most 5 KB whose client_id is that same URL.",
        }
    };
    Ok(retry(error_page(context, &trouble)?, problem))
}

/// What is wrong, for the client's developer. It never repeats what the document says.
fn words(problem: &DocumentProblem) -> String {
    match problem {
        DocumentProblem::NotSupported => {
            "This server has no clients whose client_id is a URL; register instead.".to_owned()
        }
        DocumentProblem::Url(error) => {
            format!("The client_id is a URL that is not accepted here. {error}")
        }
        problem if problem.is_gone() => {
            "The server at the client_id says that its metadata document is gone for good (410)."
                .to_owned()
        }
        DocumentProblem::Unavailable(_) => {
            "The metadata document at the client_id can not be fetched.".to_owned()
        }
        DocumentProblem::Invalid(error) => {
            format!("The metadata document at the client_id can not be used. {error}")
        }
    }
}

fn retry(answer: Answer, problem: &DocumentProblem) -> Answer {
    match problem.is_temporary() {
        true => answer.with_header("retry-after", RETRY_AFTER_SECONDS),
        false => answer,
    }
}
