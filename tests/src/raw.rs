//! Requests that no client library would send, byte by byte over TCP.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::http::{PROXY_RETRIES, is_proxys_own};
use crate::server::Server;

/// What came back.
#[derive(Debug, Clone)]
pub struct RawReply {
    /// The status.
    pub status: u16,
    /// Everything, head and body.
    pub text: String,
}

/// Sends `head` (request line and headers, without `Host` and the empty line) and `body`, and reads
/// until the server closes the connection.
///
/// # Panics
///
/// When there is no answer.
#[must_use]
pub fn send(server: &Server, head: &str, body: &[u8]) -> RawReply {
    send_to(server, &format!("127.0.0.1:{}", server.port()), head, body)
}

/// The same with another `Host`, as if the server were reached under that name.
///
/// # Panics
///
/// When there is no answer.
#[must_use]
pub fn send_to(server: &Server, host: &str, head: &str, body: &[u8]) -> RawReply {
    for _ in 0..PROXY_RETRIES {
        let reply = attempt(server, host, head, body);
        if !is_proxys_own(reply.status, reply.text.as_bytes()) {
            return reply;
        }
    }
    attempt(server, host, head, body)
}

fn attempt(server: &Server, host: &str, head: &str, body: &[u8]) -> RawReply {
    let mut request = format!(
        "{}\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        head.trim_end().replace('\n', "\r\n"),
    )
    .into_bytes();
    request.extend_from_slice(body);

    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("connect");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("timeout");
    // A server may answer and close before it has read everything; the answer is what counts.
    let sent = stream.write_all(&request);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert!(
            error.kind() == ErrorKind::ConnectionReset && !answer.is_empty(),
            "no answer to {head:?}: {error} (sending: {sent:?})"
        );
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status line after {head:?}: {text:?}"));
    RawReply { status, text }
}

/// `body` as one chunk of the chunked transfer coding
/// ([RFC 9112 section 7.1](https://www.rfc-editor.org/rfc/rfc9112#section-7.1)), which announces no
/// length.
#[must_use]
pub fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    bytes
}
