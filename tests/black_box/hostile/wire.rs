//! One request over a connection of its own, and whatever comes back.

use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::requests::Request;

/// A request that is neither answered nor dropped for so long hangs.
const PATIENCE: Duration = Duration::from_secs(45);
/// How much of an answer is kept.
const KEPT: usize = 8 * 1024;

/// What came back.
#[derive(Debug)]
pub enum Answer {
    /// An answer, with as much of its text as is kept.
    Whole {
        /// The status.
        status: u16,
        /// Head and body.
        text: String,
    },
    /// The connection was closed without an answer.
    Closed,
    /// Nothing for too long.
    Silence,
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { text, .. } => {
                formatter.write_str(&text.chars().take(1_000).collect::<String>())
            }
            Self::Closed => formatter.write_str("closed without an answer"),
            Self::Silence => write!(formatter, "neither answered nor closed in {PATIENCE:?}"),
        }
    }
}

/// Sends a request, and reads the answer.
pub fn exchange(port: u16, request: &Request) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
    stream.set_nodelay(true).expect("nodelay");
    stream.set_read_timeout(Some(Duration::from_secs(1))).expect("timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("timeout");
    // A server may answer and close before it has read everything; the answer is what counts.
    let _ = stream.write_all(&request.bytes());
    if request.breaks_off() {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    let deadline = Instant::now() + PATIENCE;
    while !is_whole(&answer, request.method == "HEAD") {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if Instant::now() > deadline {
                    return Answer::Silence;
                }
            }
            Err(_) => break,
        }
    }
    let answer = final_part(&answer);
    let text = String::from_utf8_lossy(&answer[..answer.len().min(KEPT)]).into_owned();
    match text.split(' ').nth(1).and_then(|status| status.parse().ok()) {
        Some(status) => Answer::Whole { status, text },
        None => Answer::Closed,
    }
}

/// The answer after those that only say it is on its way
/// ([RFC 9110 section 15.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.2)).
fn final_part(answer: &[u8]) -> &[u8] {
    let mut rest = answer;
    while rest.starts_with(b"HTTP/1.1 1") {
        let Some(end) = end_of_head(rest) else { return rest };
        rest = &rest[end..];
    }
    rest
}

fn end_of_head(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

/// Whether an answer has come to its end
/// ([RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3)).
fn is_whole(answer: &[u8], to_head: bool) -> bool {
    let answer = final_part(answer);
    let Some(begin) = end_of_head(answer) else { return false };
    let head = String::from_utf8_lossy(&answer[..begin]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap_or_default();
    if to_head || matches!(status, "204" | "304") {
        return true;
    }
    let value = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| *name == wanted).map(|(_, value)| value.trim().to_owned())
    };
    match value("content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => answer.len() >= begin + length,
        None => value("transfer-encoding").is_some() && answer.ends_with(b"0\r\n\r\n"),
    }
}
