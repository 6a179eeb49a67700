//! The client's end of a redirect: a little web server on loopback.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use url::Url;

use super::chromium::Chromium;

const PATIENCE: Duration = Duration::from_secs(60);

/// How the listener answers at `/callback`; every other path is empty.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A page with this text for a body.
    Page(String),
    /// A redirect with status 307 to this address, with the query appended.
    RedirectOn(String),
}

/// A listener on a free port. It ends with the process.
#[derive(Debug)]
pub struct Listener {
    host: &'static str,
    port: u16,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    /// Listens on 127.0.0.1.
    pub fn start(answer: Answer) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", 0)).expect("a port on 127.0.0.1");
        Self::on(socket, "127.0.0.1", answer)
    }

    /// Listens under another name of this machine: `[::1]`, or `localhost` where there is no IPv6.
    pub fn elsewhere(answer: Answer) -> Self {
        match TcpListener::bind(("::1", 0)) {
            Ok(socket) => Self::on(socket, "[::1]", answer),
            Err(_) => Self { host: "localhost", ..Self::start(answer) },
        }
    }

    fn on(socket: TcpListener, host: &'static str, answer: Answer) -> Self {
        let port = socket.local_addr().expect("an address").port();
        let calls = Arc::default();
        let listener = Self { host, port, calls: Arc::clone(&calls) };
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let (answer, calls) = (answer.clone(), Arc::clone(&calls));
                // A thread each: browsers open connections that they may never use.
                std::thread::spawn(move || serve(&stream, &answer, &calls));
            }
        });
        listener
    }

    /// The redirect URI with this listener's port.
    pub fn url(&self) -> String {
        format!("http://{}:{}/callback", self.host, self.port)
    }

    /// Waits for a call, while the browser sends again what was lost, and returns the last one.
    #[track_caller]
    pub fn wait(&self, chromium: &Chromium) -> Arrival {
        let started = Instant::now();
        loop {
            if let Some(last) = self.all().pop() {
                return last;
            }
            assert!(started.elapsed() < PATIENCE, "nobody came to {}", self.url());
            chromium.send_lost_form_again();
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Every call so far.
    pub fn all(&self) -> Vec<Arrival> {
        let calls = self.calls.lock().expect("calls");
        let base = Url::parse(&self.url()).expect("URL");
        calls.iter().map(|target| Arrival(base.join(target).expect("a target"))).collect()
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        self.calls.lock().expect("calls").clear();
    }
}

fn serve(stream: &TcpStream, answer: &Answer, calls: &Mutex<Vec<String>>) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next()?.ok()?;
    while !lines.next()?.ok()?.is_empty() {}
    let target = request.split(' ').nth(1)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (head, body) = match answer {
        _ if path != "/callback" => ("204 No Content".to_owned(), String::new()),
        Answer::Page(body) => {
            ("200 OK\r\ncontent-type: text/html; charset=utf-8".to_owned(), body.clone())
        }
        Answer::RedirectOn(next) => {
            (format!("307 Temporary Redirect\r\nlocation: {next}?{query}"), String::new())
        }
    };
    if path == "/callback" {
        calls.lock().expect("calls").push(target.to_owned());
    }
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    (&mut &*stream).write_all(answer.as_bytes()).ok()
}

/// An authorization response, as it arrived.
#[derive(Debug, Clone)]
pub struct Arrival(Url);

impl Arrival {
    /// A parameter that comes at most once.
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<String> {
        let mut values: Vec<_> = self.0.query_pairs().filter(|(own, _)| own == name).collect();
        assert!(values.len() < 2, "{name} twice: {}", self.0);
        values.pop().map(|(_, value)| value.into_owned())
    }

    /// The code.
    #[track_caller]
    pub fn code(&self) -> String {
        self.get("code").unwrap_or_else(|| panic!("no code: {}", self.0))
    }
}
