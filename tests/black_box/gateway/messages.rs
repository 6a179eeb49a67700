//! What a JSON-RPC message asks for, which is checked here and read by somebody else behind.

use latchkey_tests::upstream::Place;
use latchkey_tests::{Call, Front};
use serde_json::json;

use super::{nothing_reached, refused, tool};
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new("issue 3: scopes by MCP tool", |servers| {
            by_tool(servers.gateway());
        }),
        Case::new("issue 3: scopes of tools that aren't listed", |servers| {
            other_tools(servers.gateway());
        }),
        Case::new("issue 3: a tool in a batch needs what it needs alone", |servers| {
            batches(servers.gateway());
        }),
        Case::new(
            "issue 3: a message that two programs could read differently is refused",
            |servers| {
                ambiguous(servers.gateway());
            },
        ),
        Case::new("issue 3: escapes don't hide a tool", |servers| {
            let front = servers.gateway();
            let (place, token) = (front.upstream.plain(), front.token("/mcp", "mcp"));
            for body in [
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete\u005fnote"}}"#,
                r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"name":"delete_note"}}"#,
                r#"{"jsonrpc":"2.0","id":1,"m\u0065thod":"tools/call","params":{"n\u0061me":"delete_note"}}"#,
            ] {
                refused(&send(front, &place, &token).body(body).send(), 403, "insufficient_scope");
            }
            nothing_reached(&place);
        }),
        Case::new("issue 3: a body that isn't plain JSON is never passed on", |servers| {
            not_plain(servers.gateway());
        }),
        Case::new("issue 3: a message is forwarded byte for byte", |servers| {
            byte_for_byte(servers.gateway());
        }),
        Case::new(
            "MCP 2026-07-28: Mcp-Method and Mcp-Name that contradict the body are refused",
            |servers| {
                contradicting_headers(servers.gateway());
            },
        ),
    ]
}

/// A message to `/mcp` without its body.
fn send<'a>(front: &'a Front, place: &Place, token: &str) -> Call<'a> {
    front
        .call("POST", &format!("/mcp?at={}", place.name()))
        .bearer(token)
        .header("content-type", "application/json")
}

fn by_tool(front: &Front) {
    let place = front.upstream.plain();
    let token = front.token("/mcp", "mcp");
    for name in ["list_notes", "delete-note", "delete_notes", "xdelete_note"] {
        let _ = front.message(&place, &token, &tool(name)).send().expect(200);
    }
    for other in [
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": "a", "result": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "prompts/get", "params": {"name": "delete_note"}}),
    ] {
        let _ = front.message(&place, &token, &other).send().expect(200);
    }
    let before = place.begun();
    // Some servers look for a tool in any letter case, or without the space around it.
    for name in ["delete_note", "Delete_Note", "DELETE_NOTE", " delete_note", "delete_note "] {
        let reply = front.message(&place, &token, &tool(name)).send();
        let challenge = refused(&reply, 403, "insufficient_scope");
        assert_eq!(challenge.scope(), ["mcp", "mcp:write"], "{name:?}");
    }
    // Or end a name at its first control character.
    for name in ["delete_note\u{0}", "list_notes\u{0}x", "delete_note\n", "\u{1b}[2Jdelete_note"] {
        let reply = front.message(&place, &token, &tool(name)).send();
        reply.expect_error(400, "invalid_request");
    }
    assert_eq!(place.begun(), before);
    let token = front.token("/mcp", "mcp mcp:write");
    let _ = front.message(&place, &token, &tool("delete_note")).send().expect(200);
}

fn other_tools(front: &Front) {
    let place = front.upstream.plain();
    let call = |token: &str, name: &str| {
        let call = front.call("POST", &format!("/strict-tools?at={}", place.name()));
        call.bearer(token)
            .header("content-type", "application/json")
            .body(tool(name).to_string())
            .send()
    };
    let token = front.token("/strict-tools", "mcp");
    refused(&call(&token, "anything"), 403, "insufficient_scope");
    refused(&call(&token, "*"), 403, "insufficient_scope");
    refused(&call(&token, "Look"), 403, "insufficient_scope");
    nothing_reached(&place);
    let _ = call(&token, "look").expect(200);
}

fn batches(front: &Front) {
    let place = front.upstream.plain();
    let token = front.token("/mcp", "mcp");
    for batch in [
        json!([tool("delete_note")]),
        json!([tool("list_notes"), tool("delete_note")]),
        json!([tool("delete_note"), tool("list_notes")]),
        json!([{"jsonrpc": "2.0", "id": 1, "result": {}}, tool("delete_note")]),
        // A notification calls a tool too.
        json!([{"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "delete_note"}}]),
    ] {
        let reply = front.message(&place, &token, &batch).send();
        refused(&reply, 403, "insufficient_scope");
    }
    nothing_reached(&place);
    let _ = front.message(&place, &token, &json!([tool("a"), tool("b")])).send().expect(200);
    let many = vec![tool("a"); 101];
    front.message(&place, &token, &json!(many)).send().expect_error(400, "invalid_request");
    // An array in an array is no batch.
    front
        .message(&place, &token, &json!([[tool("a")]]))
        .send()
        .expect_error(400, "invalid_request");
    assert_eq!(place.begun(), 1);
}

fn ambiguous(front: &Front) {
    let place = front.upstream.plain();
    let token = front.token("/mcp", "mcp");
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for body in [
        // Twice the same member: some take the first, some the last.
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"delete_note"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_note","name":"a"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"delete_note"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_note"},"params":{"name":"a"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","na\u006de":"delete_note"}}"#,
        // The same but for its case: some don't look at it.
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"delete_note"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"NAME":"delete_note"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call","params":{"name":"delete_note"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","Params":{"name":"delete_note"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"PARAMS":{"name":"delete_note"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"delete_note"}}"#,
        // No tool, or no name.
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["delete_note"]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["delete_note"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":["tools/call"],"params":{"name":"delete_note"}}"#,
        // No JSON, or more than one.
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_note"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#,
        r#"{/**/"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        "{'method':'ping'}",
        "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        "",
        " ",
        "null",
        "1",
        "\"tools/call\"",
        &deep,
    ] {
        let reply = send(front, &place, &token).body(body).send();
        reply.expect_error(400, "invalid_request");
    }
    let invalid =
        [b"{\"jsonrpc\":\"2.0\",\"method\":\"p".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
    send(front, &place, &token).body(invalid).send().expect_error(400, "invalid_request");
    nothing_reached(&place);
}

fn not_plain(front: &Front) {
    let place = front.upstream.plain();
    let token = front.token("/mcp", "mcp mcp:write");
    let target = format!("/mcp?at={}", place.name());
    let call = |method: &str| front.call(method, &target).bearer(&token);
    let body = tool("list_notes").to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/jsonp",
        "multipart/form-data; boundary=x",
    ] {
        let reply = call("POST").header("content-type", kind).body(body.clone()).send();
        reply.expect_error(415, "invalid_request");
    }
    call("POST").body(body.clone()).send().expect_error(415, "invalid_request");
    let json = |method: &str| call(method).header("content-type", "application/json");
    for encoding in ["gzip", "br", "deflate", "identity, gzip"] {
        let reply = json("POST").header("content-encoding", encoding).body(body.clone()).send();
        reply.expect_error(415, "invalid_request");
    }
    // Some servers don't look at the method.
    json("PUT").body("[").send().expect_error(400, "invalid_request");
    // Larger than what is read; the connection is good afterwards.
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    json("POST").body(large).send().expect_error(413, "invalid_request");
    nothing_reached(&place);
    let _ = json("POST").header("content-encoding", "identity").body(body).send().expect(200);
    for kind in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json;charset=\"UTF-8\"",
    ] {
        let call = call("POST").header("content-type", kind);
        let _ = call.body(tool("list_notes").to_string()).send().expect(200);
    }
}

fn byte_for_byte(front: &Front) {
    use sha2::{Digest as _, Sha256};
    let place = front.upstream.plain();
    let token = front.token("/mcp", "mcp");
    let text = " {\n\t\"params\" : {\"arguments\":{\"x\":1e2,\"Name\":\"z\",\"name\":\"delete_note\"},\"name\":\"list_notes\"},\r\n \"method\":\"tools/call\",\"id\":  1.0,\"jsonrpc\":\"2.0\",\"extra\":\"\u{e4}\\ud83d\\ude00\"} ";
    let _ = send(front, &place, &token).body(text).send().expect(200);
    assert_eq!(place.received()[0].body, text.as_bytes());
    // As much as is allowed.
    let start = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"x\":\"";
    let mut body = start.as_bytes().to_vec();
    body.resize(4 * 1024 * 1024 - 2, b'a');
    body.extend_from_slice(b"\"}");
    let hash: [u8; 32] = Sha256::digest(&body).into();
    let _ = send(front, &place, &token).body(body).send().expect(200);
    assert_eq!(place.received()[1].sha256, hash);
    assert_eq!(place.received()[1].length, 4 * 1024 * 1024);
}

fn contradicting_headers(front: &Front) {
    let place = front.upstream.plain();
    let token = front.token("/mcp", "mcp");
    for (method, name) in [
        ("tools/call", "delete_note"),
        ("tools/list", "list_notes"),
        ("ping", "list_notes"),
        ("tools/call", "=?base64?ZGVsZXRlX25vdGU=?="),
    ] {
        let call = front.message(&place, &token, &tool("list_notes"));
        let reply = call.header("mcp-method", method).header("mcp-name", name).send();
        reply.expect_error(400, "invalid_request");
    }
    nothing_reached(&place);
    for (method, name) in
        [("tools/call", "list_notes"), ("tools/call", "=?base64?bGlzdF9ub3Rlcw==?=")]
    {
        let call = front.message(&place, &token, &tool("list_notes"));
        let _ = call.header("mcp-method", method).header("mcp-name", name).send().expect(200);
    }
    let received = &place.received()[0];
    assert_eq!(received.header("mcp-method"), Some("tools/call"));
    assert_eq!(received.header("mcp-name"), Some("list_notes"));
}
