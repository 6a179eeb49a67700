use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(body: &str) -> Result<Vec<(String, Option<String>)>, MessageError> {
    let inspected = inspect(body.as_bytes())?;
    Ok(inspected.calls.into_iter().map(|call| (call.method, call.tool)).collect())
}

fn call(method: &str, tool: Option<&str>) -> (String, Option<String>) {
    (method.to_owned(), tool.map(str::to_owned))
}

#[test]
fn a_message_says_its_method_and_a_tool_call_its_tool() {
    let cases = [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"name":"x"}}"#,
            vec![call("initialize", None)],
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, vec![call("tools/list", None)]),
        (
            r#"{"method":"tools/call","params":{"name":"a","arguments":{"name":"b","Name":1}}}"#,
            vec![call("tools/call", Some("a"))],
        ),
        (
            r#" {"params":{"arguments":null,"_meta":{},"name":"a\u0062"},"method":"tools\/call"} "#,
            vec![call("tools/call", Some("ab"))],
        ),
        (
            r#"{"method":"vendor/x","params":{"Name":1,"Arguments":2}}"#,
            vec![call("vendor/x", None)],
        ),
        (r#"{"method":"vendor/x","params":[1,{"name":"a"}]}"#, vec![call("vendor/x", None)]),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"name":"a"}}"#, vec![]),
        ("[]", vec![]),
        (
            r#"[{"method":"ping"},{"id":1,"result":{}},{"method":"tools/call","params":{"name":"a"}}]"#,
            vec![call("ping", None), call("tools/call", Some("a"))],
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(read(body), Ok(expected), "{body}");
    }
}

#[test]
fn what_is_not_json_rpc_is_refused() {
    for body in [
        "",
        " ",
        "null",
        "1",
        "\"a\"",
        "true",
        "{",
        "{}{}",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":NaN}",
        "\u{feff}{}",
        "// a\n{}",
        "[1]",
        "[[]]",
        "[null]",
        r#"[{},"a"]"#,
        r#"{"method":null}"#,
        r#"{"method":1}"#,
        r#"{"method":["tools/call"]}"#,
        r#"{"method":{"a":1}}"#,
        "{\"method\":\"a\nb\"}",
        r#"{"method":"\ud800"}"#,
    ] {
        assert_eq!(read(body), Err(MessageError::NotJson), "{body:?}");
    }
    assert_eq!(inspect(b"{\"method\":\"\xff\"}"), Err(MessageError::NotJson));
    let utf16: Vec<u8> = r#"{"method":"ping"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(inspect(&utf16), Err(MessageError::NotJson));
}

#[test]
fn a_member_that_comes_twice_is_refused() {
    for body in [
        r#"{"method":"tools/call","method":"ping","params":{"name":"a"}}"#,
        r#"{"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        r#"{"method":"tools/call","params":{"name":"a","n\u0061me":"b"}}"#,
        r#"{"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#,
        r#"{"method":"ping","id":1,"id":2}"#,
        r#"{"x":1,"x":2}"#,
        r#"[{"method":"ping"},{"method":"a","method":"a"}]"#,
    ] {
        assert_eq!(read(body), Err(MessageError::DuplicateMember), "{body}");
    }
}

#[test]
fn a_member_that_a_careless_reader_takes_for_another_is_refused() {
    for body in [
        r#"{"method":"ping","Method":"tools/call"}"#,
        r#"{"Method":"tools/call","params":{"name":"a"}}"#,
        r#"{"METHOD":"tools/call"}"#,
        r#"{"method":"tools/call","params":{"name":"a","Name":"b"}}"#,
        r#"{"method":"tools/call","params":{"name":"a"},"PARAMS":{"name":"b"}}"#,
        "{\"method\":\"tools/call\",\"params\":{\"name\":\"a\"},\"param\u{17f}\":{\"name\":\"b\"}}",
        r#"{"method":"tools/call","params":{"name":"a","ARGUMENTS":{}}}"#,
        r#"{"method":"ping","ID":1}"#,
        r#"{"method":"ping","JsonRpc":"2.0"}"#,
        r#"{"method":"Tools/Call","params":{"name":"a"}}"#,
        r#"{"method":" tools/call","params":{"name":"a"}}"#,
    ] {
        assert_eq!(read(body), Err(MessageError::AmbiguousMember), "{body}");
    }
}

#[test]
fn a_tool_call_without_a_tool_is_refused() {
    for params in [
        "",
        r#","params":null"#,
        r#","params":{}"#,
        r#","params":["a",{}]"#,
        r#","params":"a""#,
        r#","params":{"name":null}"#,
        r#","params":{"name":["a"]}"#,
        r#","params":{"name":{"a":{}}}"#,
        r#","params":{"name":1.5}"#,
        r#","params":true"#,
    ] {
        let body = format!("{{\"method\":\"tools/call\"{params}}}");
        assert_eq!(read(&body), Err(MessageError::ToolNameMissing), "{body}");
    }
}

#[test]
fn a_message_has_limits_and_the_last_value_inside_each_is_accepted() {
    let nested = |depth: usize| {
        format!(
            "{{\"method\":\"a\",\"params\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(MessageError::TooDeep));
    assert_eq!(read(&"[".repeat(1_000_000)), Err(MessageError::TooDeep));
    let text = format!("{{\"method\":\"a\",\"params\":\"\\\"{}\"}}", "[".repeat(500));
    assert!(read(&text).is_ok(), "brackets in a string nest nothing");
    let array = |count: usize| format!("[{}]", vec![r#"{"method":"a"}"#; count].join(","));
    assert_eq!(read(&array(MAX_MESSAGES)).expect("reads").len(), MAX_MESSAGES);
    assert_eq!(read(&array(MAX_MESSAGES + 1)), Err(MessageError::TooMany));
    let long = |length: usize| format!("{{\"method\":\"a\"{}}}", " ".repeat(length - 14));
    assert!(read(&long(MAX_MESSAGE_BYTES)).is_ok());
    assert_eq!(read(&long(MAX_MESSAGE_BYTES + 1)), Err(MessageError::TooLarge));
}

#[test]
fn only_json_in_utf_8_that_is_not_compressed_is_read() {
    let refused = Err(MessageError::UnsupportedContentType);
    let cases = [
        (Some("application/json"), Ok(())),
        (Some("Application/JSON ; charset=UTF-8"), Ok(())),
        (Some("application/json;charset=\"utf-8\";"), Ok(())),
        (Some("application/json; charset=utf-16"), refused),
        (Some("application/json; charset=utf-8; charset=utf-7"), refused),
        (Some("application/json, text/plain"), refused),
        (Some("application/json-seq"), refused),
        (Some("text/plain"), refused),
        (Some(""), refused),
        (None, refused),
    ];
    for (content_type, expected) in cases {
        assert_eq!(check_content(content_type, None), expected, "{content_type:?}");
    }
    let json = Some("application/json");
    assert_eq!(check_content(json, Some("identity")), Ok(()));
    for encoding in ["gzip", "br", "identity, gzip", "x"] {
        assert_eq!(
            check_content(json, Some(encoding)),
            Err(MessageError::ContentEncoded),
            "{encoding}"
        );
    }
}

#[test]
fn headers_that_name_another_method_or_tool_than_the_body_are_refused() {
    let inspected = |body: &str| inspect(body.as_bytes()).expect("reads");
    let tool = inspected(r#"{"method":"tools/call","params":{"name":"list"}}"#);
    assert_eq!(tool.agrees_with(None, None), Ok(()));
    assert_eq!(tool.agrees_with(Some("tools/call"), Some("list")), Ok(()));
    assert_eq!(tool.agrees_with(None, Some("=?base64?bGlzdA==?=")), Ok(()));
    for (method, name) in [
        (Some("tools/list"), None),
        (Some("Tools/Call"), None),
        (Some("tools/call"), Some("delete")),
        (None, Some("list, delete")),
        (None, Some("=?base64?ZGVsZXRl?=")),
        (None, Some("=?base64?*?=")),
    ] {
        assert_eq!(
            tool.agrees_with(method, name),
            Err(MessageError::HeaderMismatch),
            "{method:?} {name:?}"
        );
    }
    let resource = inspected(r#"{"method":"resources/read","params":{"uri":"note:1"}}"#);
    assert_eq!(resource.agrees_with(Some("resources/read"), Some("note:1")), Ok(()));
}

#[test]
fn headers_that_name_a_call_that_the_body_does_not_make_are_refused() {
    for body in [
        r#"{"jsonrpc":"2.0","id":1,"params":{"name":"delete_note"}}"#,
        r#"{"id":1,"result":{}}"#,
        "{}",
        "[]",
        r#"[{"id":1,"result":{}}]"#,
    ] {
        let inspected = inspect(body.as_bytes()).expect("reads");
        assert_eq!(inspected.agrees_with(None, None), Ok(()), "{body}");
        for (method, name) in [
            (Some("tools/call"), Some("delete_note")),
            (Some("tools/call"), None),
            (None, Some("delete_note")),
            (Some(""), None),
        ] {
            let refused = Err(MessageError::HeaderMismatch);
            assert_eq!(inspected.agrees_with(method, name), refused, "{body} {method:?} {name:?}");
        }
    }
}

#[test]
fn a_name_that_a_reader_in_c_would_cut_off_is_refused() {
    for body in [
        r#"{"method":"tools/call","params":{"name":"delete_note\u0000"}}"#,
        r#"{"method":"tools/call","params":{"name":"delete_note\u0000x"}}"#,
        r#"{"method":"tools/call","params":{"name":"\tdelete_note"}}"#,
        r#"{"method":"tools/call","params":{"name":"delete_note\u007f"}}"#,
        r#"{"method":"tools/call","params":{"name":"delete_note\u0085"}}"#,
        r#"{"method":"tools/call\u0000","params":{"name":"delete_note"}}"#,
        r#"{"method":"ping\n"}"#,
        r#"{"method":"tools/call","params":{"name":"list","name\u0000":"delete_note"}}"#,
        r#"{"method":"tools/call","params":{"name":"list"},"params\u0000":{"name":"delete_note"}}"#,
        r#"{"method":"ping","method\u0000x":"tools/call"}"#,
        r#"{"method":"prompts/get","params":{"name":"a\u0000"}}"#,
        r#"{"method":"prompts/get","params":{"a\u0000":1}}"#,
        r#"{"id\u0000":1,"result":{}}"#,
        r#"[{"method":"ping"},{"method":"ping\u0000"}]"#,
    ] {
        assert_eq!(read(body), Err(MessageError::AmbiguousMember), "{body}");
    }
    let inside = r#"{"method":"tools/call","params":{"name":"a","arguments":{"x\u0000":"\n"},"_meta":{"y\n":1}}}"#;
    assert!(read(inside).is_ok(), "arguments are the tool's own");
    assert!(read(r#"{"method":"notifications/message","params":{"data":"a\nb"}}"#).is_ok());
}

#[test]
fn a_label_is_short_and_printable() {
    let call = Call {
        method: "tools/call".to_owned(),
        tool: Some(format!("a\n\u{1b}{}", "é".repeat(500))),
    };
    let label = call.label();
    assert_eq!(label.method, "tools/call");
    assert_eq!(label.tool.expect("a tool"), format!("a??{}", "é".repeat(125)));
}

#[test]
fn each_error_has_a_status_a_name_and_words() {
    use MessageError::*;
    let all = [
        NotJson,
        DuplicateMember,
        AmbiguousMember,
        ToolNameMissing,
        HeaderMismatch,
        TooDeep,
        TooMany,
        UnsupportedContentType,
        ContentEncoded,
        TooLarge,
    ];
    let names: std::collections::BTreeSet<_> = all.iter().map(|error| error.name()).collect();
    let texts: std::collections::BTreeSet<_> =
        all.iter().map(|error| error.description()).collect();
    assert_eq!((names.len(), texts.len()), (all.len(), all.len()));
    assert!(all.iter().all(|error| matches!(error.status(), 400 | 413 | 415)));
}

/// JSON that is nearly a message, written with members in any order and twice.
fn nearly_a_message() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(r#""tools/call""#),
        Just(r#""ping""#),
        Just(r#"{"name":"a"}"#),
        Just(r#"{"name":"a","name":"b"}"#),
        Just(r#"{"Name":"b","name":"a"}"#),
        Just("[1]"),
        Just("null"),
        Just("7"),
        Just(r#"{"n\u0061me":"c"}"#),
    ];
    let key = prop_oneof![
        Just("method"),
        Just("params"),
        Just("Method"),
        Just("PARAMS"),
        Just("m\\u0065thod"),
        Just("id"),
        Just("x"),
    ];
    proptest::collection::vec((key, value), 0..5).prop_map(|members| {
        let members: Vec<_> =
            members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..300), text in "[\\[\\]{}\":,a-z0-9 \\\\]{0,200}") {
        let _ = inspect(&body);
        let _ = inspect(text.as_bytes());
    }

    /// A reader that folds case and takes the last of two members, and one that takes both as they
    /// are, see the same tool as [`inspect`].
    #[test]
    fn what_passes_is_read_alike_by_other_readers(body in nearly_a_message()) {
        if let Ok(inspected) = inspect(body.as_bytes()) {
            let exact: Value = serde_json::from_str(&body).expect("json");
            let fold = |value: &Value| -> Value {
                let members = value.as_object().cloned().unwrap_or_default();
                members.into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value)).collect()
            };
            for reader in [exact.clone(), fold(&exact)] {
                prop_assert_eq!(reader["method"].as_str(), inspected.calls.first().map(|call| call.method.as_str()));
                if reader["method"] == json!("tools/call") {
                    let tools = inspected.tools();
                    let careless = fold(&reader["params"]);
                    prop_assert_eq!(careless["name"].as_str(), tools.first().copied());
                    prop_assert_eq!(reader["params"]["name"].as_str(), tools.first().copied());
                }
            }
        }
    }
}
