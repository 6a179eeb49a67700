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
/// the answer.
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
    let (mut answer, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    // workerd waits five seconds before it closes.
    while !is_whole(&answer) {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset && !answer.is_empty() => break,
            Err(error) => panic!("no answer to {head:?}: {error} (sending: {sent:?})"),
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status line after {head:?}: {text:?}"));
    RawReply { status, text }
}

/// Whether an answer has come to its end
/// ([RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3)). False when only the
/// end of the connection can tell.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let value = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let begin = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_default() + 4;
    match value("content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => answer.len() >= begin + length,
        None if value("transfer-encoding") == Some("chunked") => answer.ends_with(b"0\r\n\r\n"),
        None => false,
    }
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

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn rfc9112_6_3_an_answer_is_whole_when_its_length_has_come_or_its_last_chunk() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", true),
            ("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nContent-Len", false),
            ("HTTP/1.1 200 OK\r\n\r\nab", false),
        ] {
            assert_eq!(is_whole(answer.as_bytes()), expected, "{answer:?}");
        }
    }
}
