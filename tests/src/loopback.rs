//! A web server on loopback whose answers are a function of the request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use crate::document_host::Answer;

/// How long one request may take to arrive, and one piece of an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(60);
/// A head or a body longer than this is nobody's.
const LONGEST: u64 = 1024 * 1024;

/// A running web server on 127.0.0.1. It ends with the process.
#[derive(Debug)]
pub struct Loopback {
    port: u16,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a request leads to.
#[derive(Debug)]
pub enum Reaction {
    /// This answer.
    Answer(Answer),
    /// The end of the connection, without an answer.
    Hangup,
    /// The head of this answer, and its body again and again for as long as somebody reads.
    Endless(Answer),
}

impl From<Answer> for Reaction {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

impl Request {
    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The fields of the query and of a form in the body.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let form = "application/x-www-form-urlencoded";
        let is_form = self.header("content-type").is_some_and(|kind| kind.starts_with(form));
        let body = if is_form { self.body.as_slice() } else { b"" };
        let pairs = [query.as_bytes(), body].into_iter().flat_map(form_urlencoded::parse);
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// The first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields().into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

impl Loopback {
    /// Starts it on a free port. Each request has a thread of its own, so `react` may wait.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    #[must_use]
    pub fn start<R: Into<Reaction>>(react: impl Fn(&Request) -> R + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback");
        let port = listener.local_addr().expect("an address").port();
        let react = Arc::new(react);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let react = Arc::clone(&react);
                std::thread::spawn(move || {
                    // Browsers open connections that they may never use, and leave others.
                    drop(serve(&stream, |request| react(request).into()));
                });
            }
        });
        Self { port }
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its origin.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn serve(stream: &TcpStream, react: impl Fn(&Request) -> Reaction) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.take(2 * LONGEST));
    let Some(request) = receive(&mut reader)? else { return Ok(()) };
    match react(&request) {
        Reaction::Hangup => Ok(()),
        Reaction::Answer(answer) => {
            let length = format!("content-length: {}\r\n", answer.body.len());
            send(stream, &answer, &length)
        }
        Reaction::Endless(answer) => {
            send(stream, &answer, "")?;
            let mut writer = stream;
            // It ends when the other side goes away.
            loop {
                writer.write_all(&answer.body)?;
            }
        }
    }
}

/// The lines of a request before its body.
pub(crate) fn read_head(reader: &mut impl BufRead) -> std::io::Result<Vec<String>> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        head.push(line.to_owned());
    }
    Ok(head)
}

fn receive(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let head = read_head(reader)?;
    let mut lines = head.iter();
    let Some((method, rest)) = lines.next().and_then(|line| line.split_once(' ')) else {
        return Ok(None);
    };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    let target = rest.split(' ').next().unwrap_or("/").to_owned();
    Ok(Some(Request { method: method.to_owned(), target, headers, body }))
}

fn send(mut stream: &TcpStream, answer: &Answer, length: &str) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Test\r\nconnection: close\r\n{length}", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), &answer.body].concat())?;
    stream.flush()
}
