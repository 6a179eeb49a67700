//! The few commands of the inspector's protocol that are needed here
//! ([the protocol](https://chromedevtools.github.io/devtools-protocol/v8/)).

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::connection::{Call, Connection};

/// How often the profiler looks, in microseconds.
const INTERVAL: u32 = 200;

/// A port that is free now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// An open connection to the inspector of Latchkey's isolate.
pub struct Inspector {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last: u64,
}

impl Inspector {
    /// Attaches to the isolate of the worker that is called `latchkey`.
    pub async fn attach(port: u16) -> Result<Self> {
        let mut connection = Connection::open((Ipv4Addr::LOCALHOST, port).into()).await?;
        let targets = connection.send(&Call::get("/json")).await?.expect(200)?.json()?;
        let address = |target: &Value| {
            let address = target.get("webSocketDebuggerUrl")?.as_str()?;
            address.ends_with(":latchkey").then(|| address.to_owned())
        };
        let address = targets.as_array().into_iter().flatten().find_map(address);
        let address = address.with_context(|| format!("no worker called latchkey in {targets}"))?;
        let (socket, _) = connect_async(address.as_str()).await.context(address)?;
        Ok(Self { socket, last: 0 })
    }

    /// Begins to look.
    pub async fn start(&mut self) -> Result<()> {
        self.call("Profiler.enable", json!({})).await?;
        self.call("Profiler.setSamplingInterval", json!({"interval": INTERVAL})).await?;
        self.call("Profiler.start", json!({})).await.map(|_| ())
    }

    /// Ends looking; what was seen.
    pub async fn stop(mut self) -> Result<Value> {
        let mut result = self.call("Profiler.stop", json!({})).await?;
        let profile = result.get_mut("profile").map(Value::take).context("no profile")?;
        self.socket.close(None).await?;
        Ok(profile)
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.last += 1;
        let call = json!({"id": self.last, "method": method, "params": parameters});
        self.socket.send(Message::text(call.to_string())).await?;
        // Between a call and its answer there may be events.
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message? else { continue };
            let mut answer: Value = serde_json::from_str(&text)?;
            if answer.get("id").and_then(Value::as_u64) != Some(self.last) {
                continue;
            }
            if let Some(error) = answer.get("error") {
                bail!("{method}: {error}");
            }
            // A command that has nothing to say has no result.
            return Ok(answer.get_mut("result").map(Value::take).unwrap_or_default());
        }
        bail!("the inspector closed before it answered {method}")
    }
}
