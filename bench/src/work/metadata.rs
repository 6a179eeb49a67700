//! The authorization server's metadata
//! ([RFC 8414 section 3](https://www.rfc-editor.org/rfc/rfc8414#section-3)).

use anyhow::{Result, ensure};

use super::repeated::Repeated;
use super::{Entry, Side, limit};
use crate::connection::{Call, Reply};
use crate::stage::Stage;

/// Where the document is.
pub const PATH: &str = "/.well-known/oauth-authorization-server";

/// Who takes part. The do-nothing worker in JavaScript is here for comparison.
pub fn entries(stage: &Stage) -> Vec<Entry> {
    let ask = || (0..stage.connections).map(|_| Repeated::new(Call::get(PATH), 200, check));
    vec![
        Entry::new(Side::Latchkey, stage.latchkey.address, ask()),
        Entry::new(Side::Peer, stage.peer.address, ask()),
        limit::nothing(stage),
        limit::nothing_in_javascript(stage),
    ]
}

/// That it is the document. Reading all of it each time would be work of the bench alone.
pub fn check(reply: &Reply) -> Result<()> {
    ensure!(reply.text().contains("\"token_endpoint\""), "no token_endpoint: {}", reply.describe());
    Ok(())
}
