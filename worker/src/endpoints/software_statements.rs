//! Checking a software statement: its rules are `protocol`'s, its signature is Web Crypto's.

use latchkey_protocol::jwt::SignatureVerdict;
use latchkey_protocol::registration::software_statement::{
    AcceptedStatement, ReceivedStatement, StatementError,
};

use crate::context::Context;
use crate::failure::Failure;
use crate::trace::Operation;
use crate::web_crypto::verify_with_jwk;

/// The statement, if a trusted issuer made it.
///
/// # Errors
///
/// The inner error says why it doesn't count.
pub async fn believed(
    context: &Context,
    text: &str,
) -> Result<Result<AcceptedStatement, StatementError>, Failure> {
    let received = match ReceivedStatement::parse(text) {
        Ok(received) => received,
        Err(error) => return Ok(Err(error)),
    };
    let issuer = match received.issuer(&context.configuration, context.now) {
        Ok(issuer) => issuer,
        Err(error) => return Ok(Err(error)),
    };
    let keys = match received.keys(issuer) {
        Ok(keys) => keys,
        Err(error) => return Ok(Err(error)),
    };
    let mut verdict = SignatureVerdict::Invalid;
    for key in keys {
        let (message, signature) = (received.message(), received.signature());
        context.env.tally().note(Operation::SignatureChecks, 1);
        if verify_with_jwk(key.algorithm, &key.jwk, signature, message).await? {
            verdict = SignatureVerdict::Valid;
            break;
        }
    }
    Ok(received.accept(verdict, issuer))
}
