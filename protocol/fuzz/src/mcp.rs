//! MCP messages: what the gateway's strict reader sees in a body is what any reader sees.

use latchkey_protocol::mcp::{self, MAX_DEPTH, MAX_MESSAGES};
use serde_json::Value;

use crate::{optional, texts};

/// A body, and the headers `Mcp-Method`, `Mcp-Name` and `Content-Type` behind it.
pub fn check(data: &[u8]) {
    let mut pieces = data.splitn(2, |byte| *byte == 0xff);
    let body = pieces.next().unwrap_or_default();
    let headers = pieces.next().and_then(texts::<3>);
    let Ok(inspected) = mcp::inspect(body) else { return };
    // Readers that keep everything refuse more: half a surrogate or a number beyond all limits in what
    // nobody goes by.
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
    assert!(depth(&value) <= MAX_DEPTH);
    let messages = match &value {
        Value::Array(messages) => messages.as_slice(),
        one => std::slice::from_ref(one),
    };
    assert!(messages.len() <= MAX_MESSAGES);
    let seen: Vec<_> = messages
        .iter()
        .filter_map(|message| {
            let method = message.get("method")?.as_str().expect("a method is a text");
            let tool = (method == "tools/call")
                .then(|| message["params"]["name"].as_str().expect("a tool call names a tool"));
            Some((method, tool))
        })
        .collect();
    let read: Vec<_> =
        inspected.calls.iter().map(|call| (call.method.as_str(), call.tool.as_deref())).collect();
    assert_eq!(read, seen, "every call is seen, in its order, and no other");
    for call in &inspected.calls {
        let label = call.label();
        assert!(!label.method.chars().any(char::is_control));
        assert!(label.method.chars().count() <= 128);
    }
    if let Some([method, name, content_type]) = headers {
        agrees(&inspected, optional(method), optional(name));
        let _ = mcp::check_content(optional(content_type), optional(name));
    }
}

/// Headers that agree name the only method and the only tool there is.
fn agrees(inspected: &mcp::Inspected, method: Option<&str>, name: Option<&str>) {
    if inspected.agrees_with(method, name).is_err() {
        return;
    }
    if let Some(method) = method {
        assert!(inspected.calls.iter().all(|call| call.method == method));
    }
    if let Some(name) = name.filter(|name| !name.starts_with("=?base64?")) {
        assert!(inspected.tools().iter().all(|tool| *tool == name));
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
