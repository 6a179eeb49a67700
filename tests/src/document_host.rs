//! Where clients publish what they say of themselves: a web server on loopback whose documents a test
//! writes, changes and takes away.

use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::loopback::read_head;
use crate::random;

/// How long one request may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running web server on 127.0.0.1. It ends with the process.
#[derive(Debug)]
pub struct DocumentHost {
    name: &'static str,
    port: u16,
    state: Arc<Mutex<HashMap<String, Page>>>,
}

#[derive(Debug, Clone, Default)]
struct Page {
    answer: Option<Answer>,
    requests: Vec<Vec<String>>,
}

/// What a path answers.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers; `Content-Length` is written by itself.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// JSON with 200 and this `Cache-Control`.
    #[must_use]
    pub fn json(value: &Value, cache_control: &str) -> Self {
        Self::of(200, "application/json", value.to_string()).with("cache-control", cache_control)
    }

    /// Any body.
    #[must_use]
    pub fn of(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl DocumentHost {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        Self::called("127.0.0.1")
    }

    /// The same by another name of the loopback interface. A server asks one host so many times a
    /// minute, so cases that have much asked use one that the others don't.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    #[must_use]
    pub fn called(name: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback");
        let port = listener.local_addr().expect("an address").port();
        let state: Arc<Mutex<HashMap<String, Page>>> = Arc::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    // A client that goes away is no concern of the test's.
                    drop(serve(&stream, &shared));
                });
            }
        });
        Self { name, port, state }
    }

    /// A URL of this host that nobody has used yet.
    #[must_use]
    pub fn url(&self, file: &str) -> String {
        format!("http://{}:{}/{}/{file}", self.name, self.port, random::text(12))
    }

    /// What `url` answers from now on; [`None`] breaks the connection off.
    pub fn set(&self, url: &str, answer: Option<Answer>) {
        self.pages().entry(path(url)).or_default().answer = answer;
    }

    /// How often `url` was asked for.
    #[must_use]
    pub fn count(&self, url: &str) -> usize {
        self.pages().get(&path(url)).map_or(0, |page| page.requests.len())
    }

    /// The head of the last request for `url`, a line each.
    ///
    /// # Panics
    ///
    /// When there was none.
    #[must_use]
    pub fn last_request(&self, url: &str) -> Vec<String> {
        let pages = self.pages();
        pages.get(&path(url)).and_then(|page| page.requests.last()).expect("a request").clone()
    }

    fn pages(&self) -> MutexGuard<'_, HashMap<String, Page>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn path(url: &str) -> String {
    url::Url::parse(url).expect("a URL").path().to_owned()
}

fn serve(stream: &TcpStream, state: &Mutex<HashMap<String, Page>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    // A head longer than this is nobody's.
    let mut reader = BufReader::new(stream.take(64 * 1024));
    let head = read_head(&mut reader)?;
    let target = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or("/").to_owned();
    let answer = {
        let mut pages = state.lock().unwrap_or_else(PoisonError::into_inner);
        let page = pages.entry(target).or_default();
        page.requests.push(head);
        page.answer.clone()
    };
    let Some(answer) = answer else { return Ok(()) };
    let mut writer = stream;
    write!(writer, "HTTP/1.1 {} Test\r\nconnection: close\r\n", answer.status)?;
    for (name, value) in &answer.headers {
        write!(writer, "{name}: {value}\r\n")?;
    }
    write!(writer, "content-length: {}\r\n\r\n", answer.body.len())?;
    writer.write_all(&answer.body)?;
    writer.flush()
}
