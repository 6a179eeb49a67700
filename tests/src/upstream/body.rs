//! The bodies that an upstream sends.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::place::Exchange;

/// The end of a connection in the middle of something.
#[derive(Debug)]
pub struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the upstream breaks off")
    }
}

impl std::error::Error for Broken {}

/// Feeds the body of an answer. The body ends when this is dropped.
#[derive(Debug)]
pub struct Feed(UnboundedSender<Option<Bytes>>);

impl Feed {
    /// Sends a piece of the body.
    ///
    /// # Panics
    ///
    /// When nobody reads any more.
    #[track_caller]
    pub fn send(&self, text: &str) {
        assert!(self.try_send(text), "nobody reads this any more: {text}");
    }

    /// Sends a piece of the body; false when nobody reads any more.
    #[must_use]
    pub fn try_send(&self, text: &str) -> bool {
        self.0.send(Some(Bytes::copy_from_slice(text.as_bytes()))).is_ok()
    }

    /// Ends the connection in the middle of the body.
    pub fn break_off(self) {
        // Whoever has gone away already needn't be told.
        let _ = self.0.send(None);
    }
}

/// A body on its way out.
pub(super) enum Sending {
    Whole(Option<Bytes>),
    Fed { pieces: UnboundedReceiver<Option<Bytes>>, exchange: Option<Exchange> },
}

impl Sending {
    pub(super) fn whole(body: Vec<u8>) -> Self {
        Self::Whole((!body.is_empty()).then(|| body.into()))
    }

    pub(super) fn fed(exchange: Exchange) -> (Feed, Self) {
        let (sender, pieces) = unbounded_channel();
        (Feed(sender), Self::Fed { pieces, exchange: Some(exchange) })
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Fed { pieces, exchange } => pieces.poll_recv(context).map(|piece| match piece {
                Some(Some(bytes)) => Some(Ok(Frame::data(bytes))),
                Some(None) => exchange.take().map(|exchange| exchange.ended(Err(Broken))),
                None => exchange.take().and_then(|exchange| exchange.ended(None)),
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Fed { .. } => SizeHint::default(),
        }
    }
}
