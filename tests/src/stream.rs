//! Bodies that are too long, or come too slowly, to be had in one piece.

use reqwest::blocking::{Body, Response};
use sha2::{Digest, Sha256};
use std::io::{self, Read};

use crate::http::{Call, PROXY_RETRIES, Reply, is_proxys_own};

/// An answer whose body is still on its way. Dropping it breaks the connection off.
#[derive(Debug)]
pub struct Stream {
    /// The answer without its body.
    pub head: Reply,
    rest: Response,
    text: String,
}

impl Stream {
    /// Reads on until `wanted` has come since the last call, and returns what has come.
    ///
    /// # Panics
    ///
    /// When the body ends before, or nothing comes for a minute.
    #[track_caller]
    pub fn wait_for(&mut self, wanted: &str) -> String {
        while !self.text.contains(wanted) {
            let read = self.read();
            assert!(read, "the body ends before {wanted:?}: {:?}", self.text);
        }
        std::mem::take(&mut self.text)
    }

    /// Reads the rest, and returns it.
    ///
    /// # Errors
    ///
    /// What has come, when it breaks off.
    pub fn rest(mut self) -> Result<String, String> {
        loop {
            match self.try_read() {
                Ok(true) => {}
                Ok(false) => return Ok(self.text),
                Err(_) => return Err(self.text),
            }
        }
    }

    #[track_caller]
    fn read(&mut self) -> bool {
        self.try_read().unwrap_or_else(|error| panic!("the body breaks off: {error}"))
    }

    fn try_read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let count = self.rest.read(&mut buffer)?;
        self.text.push_str(&String::from_utf8_lossy(&buffer[..count]));
        Ok(count > 0)
    }
}

impl Call<'_> {
    /// Sends it without a body and returns as soon as the answer has begun.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    #[track_caller]
    #[must_use]
    pub fn open(self) -> Stream {
        self.started(|| None)
    }

    /// Sends `length` bytes as the body, which are made on the way.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    #[track_caller]
    #[must_use]
    pub fn upload(self, length: u64) -> Stream {
        self.started(|| Some(Body::sized(Filler::new(length), length)))
    }

    /// The same without saying how many bytes it will be.
    ///
    /// # Panics
    ///
    /// When there is no answer.
    #[track_caller]
    #[must_use]
    pub fn upload_in_chunks(self, length: u64) -> Stream {
        self.started(|| Some(Body::new(Filler::new(length))))
    }

    #[track_caller]
    fn started(self, body: impl Fn() -> Option<Body>) -> Stream {
        for attempt in 0..=PROXY_RETRIES {
            let (head, mut rest) = self.begin(body()).unwrap_or_else(|error| panic!("{error}"));
            if head.status != 503 || attempt == PROXY_RETRIES {
                return Stream { head, rest, text: String::new() };
            }
            let mut text = String::new();
            let _ = rest.read_to_string(&mut text);
            if !is_proxys_own(head.status, text.as_bytes()) {
                return Stream { head, rest, text };
            }
        }
        unreachable!("the last attempt returns")
    }
}

/// Bytes of no meaning, made as they are read.
#[derive(Debug)]
pub struct Filler {
    left: u64,
    next: u8,
}

impl Filler {
    /// `length` bytes.
    #[must_use]
    pub const fn new(length: u64) -> Self {
        Self { left: length, next: 0 }
    }

    /// The hash of all of them.
    #[must_use]
    pub fn sha256(length: u64) -> [u8; 32] {
        let (mut filler, mut hash, mut buffer) = (Self::new(length), Sha256::new(), [0; 16 * 1024]);
        while let Ok(count @ 1..) = filler.read(&mut buffer) {
            hash.update(&buffer[..count]);
        }
        hash.finalize().into()
    }
}

impl Read for Filler {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        for byte in &mut buffer[..count] {
            *byte = self.next;
            self.next = (self.next + 1) % 251;
        }
        self.left -= count as u64;
        Ok(count)
    }
}
