use super::*;
use crate::access::Credential;
use crate::identifier::GrantId;
use crate::test_support::{API, NOW, client_id};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn token_id() -> PersonalAccessTokenId {
    PersonalAccessTokenId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("id")
}

fn by_client() -> Credential {
    Credential::AccessToken {
        client_id: client_id("client"),
        grant: GrantId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("grant"),
        token_id: "jti".to_owned(),
    }
}

fn call() -> Call {
    Call {
        resource: ResourceIndicator::parse(API).expect("resource"),
        credential: by_client(),
        label: None,
        method: "POST".to_owned(),
        rpc: Some("tools/call".to_owned()),
        tool: Some("delete_note".to_owned()),
        status: 200,
        duration_ms: 12,
        reference: "ref-1".to_owned(),
    }
}

fn refused() -> RefusedCall {
    RefusedCall {
        resource: ResourceIndicator::parse(API).expect("resource"),
        credential: Credential::PersonalAccessToken { id: token_id() },
        label: Some("Backup".into()),
        method: "DELETE".to_owned(),
        rpc: None,
        tool: None,
        reason: "insufficient_scope".to_owned(),
        reference: "ref-2".to_owned(),
    }
}

fn names() -> BTreeMap<ClientId, String> {
    BTreeMap::from([(client_id("client"), "The app".to_owned())])
}

/// One of each kind, with the client that it is about.
fn every_kind() -> Vec<Activity> {
    let client = || client_id("client");
    let scope = || Scope::parse("read write").expect("scope");
    let label = || "Backup".to_owned();
    vec![
        Activity::SignedUp,
        Activity::SignedIn,
        Activity::SignedOut,
        Activity::SignInRefused,
        Activity::SessionEnded,
        Activity::Consented { client_id: client(), scope: scope() },
        Activity::Widened { client_id: client(), scope: scope() },
        Activity::Denied { client_id: client() },
        Activity::DeviceApproved { client_id: client(), scope: scope() },
        Activity::DeviceDenied { client_id: client() },
        Activity::GrantRevoked { client_id: client() },
        Activity::Revoked { client_id: client() },
        Activity::ClientRemoved { client_id: client() },
        Activity::LeastUsedEnded { client_id: client() },
        Activity::CodeRedeemed { client_id: client() },
        Activity::Refreshed { client_id: client() },
        Activity::PersonalAccessTokenCreated { id: token_id(), label: label() },
        Activity::PersonalAccessTokenRevoked { id: token_id(), label: label() },
        Activity::CodeReplayed { client_id: client() },
        Activity::CodeExhausted { client_id: client() },
        Activity::RefreshTokenReplayed { client_id: client() },
        Activity::Called(call()),
        Activity::Refused(refused()),
    ]
}

fn entry(activity: Activity) -> Entry {
    Entry { id: 1, at: NOW, activity }
}

fn called(change: impl FnOnce(&mut Call)) -> Entry {
    let mut call = call();
    change(&mut call);
    entry(Activity::Called(call))
}

#[test]
fn the_kind_is_the_stored_one_and_every_kind_is_in_exactly_one_group() {
    let mut kinds = Vec::new();
    for activity in every_kind() {
        let value = serde_json::to_value(&activity).expect("json");
        assert_eq!(value["kind"], activity.kind(), "{activity:?}");
        assert!(activity.group().kinds().contains(&activity.kind()), "{activity:?}");
        let back: Activity = crate::json::from_value(value).expect("reads back");
        assert_eq!(back, activity);
        kinds.push(activity.kind());
    }
    let mut grouped: Vec<_> =
        Group::ALL.into_iter().flat_map(Group::kinds).copied().collect::<Vec<_>>();
    kinds.sort_unstable();
    grouped.sort_unstable();
    assert_eq!(grouped, kinds);
}

#[test]
fn schema_version_1_entries_read_on() {
    for text in [
        r#"{"kind":"signed_up"}"#,
        r#"{"kind":"signed_in"}"#,
        r#"{"kind":"signed_out"}"#,
        r#"{"kind":"consented","client_id":"client","scope":"mcp read"}"#,
        r#"{"kind":"code_redeemed","client_id":"client"}"#,
        r#"{"kind":"code_replayed","client_id":"client"}"#,
        r#"{"kind":"code_exhausted","client_id":"client"}"#,
        r#"{"kind":"refresh_token_replayed","client_id":"client"}"#,
        r#"{"kind":"revoked","client_id":"client"}"#,
    ] {
        let activity: Activity = crate::json::read(text).expect(text);
        let again: Value = serde_json::to_value(&activity).expect("json");
        assert_eq!(again, serde_json::from_str::<Value>(text).expect("json"));
    }
}

#[test]
fn a_call_that_was_stored_without_a_label_reads_on() {
    for activity in [Activity::Called(call()), Activity::Refused(refused())] {
        let mut value = serde_json::to_value(&activity).expect("json");
        let _ = value.as_object_mut().expect("an object").remove("label");
        let back: Activity = crate::json::from_value(value.clone()).expect("reads back");
        assert_eq!(serde_json::to_value(&back).expect("json"), value);
    }
}

#[test]
fn cwe_1236_a_clients_name_in_the_export_is_no_formula() {
    let names = BTreeMap::from([(client_id("client"), "=1+1".to_owned())]);
    let text = csv(&[entry(Activity::Called(call()))], &names);
    assert!(text.ends_with(",'=1+1\r\n"), "{text}");
}

#[test]
fn a_groups_name_reads_back_and_no_other_does() {
    for group in Group::ALL {
        assert_eq!(Group::parse(group.as_str()), Some(group));
    }
    for other in ["", "Calls", "called", "all"] {
        assert_eq!(Group::parse(other), None, "{other:?}");
    }
}

#[test]
fn the_client_is_that_of_the_decision_or_of_the_calls_credential() {
    let client = client_id("client");
    for activity in every_kind() {
        let value = serde_json::to_value(&activity).expect("json");
        let named = value.get("client_id").is_some() || activity.kind() == "called";
        assert_eq!(activity.client_id(), named.then_some(&client), "{activity:?}");
    }
    assert_eq!(Activity::Refused(refused()).personal_access_token(), Some(&token_id()));
    assert_eq!(Activity::Called(call()).personal_access_token(), None);
}

#[test]
fn rfc4180_2_the_export_has_a_header_row_and_crlf_after_each_row() {
    let consented = Activity::Consented {
        client_id: client_id("client"),
        scope: Scope::parse("read write").expect("scope"),
    };
    let created =
        Activity::PersonalAccessTokenCreated { id: token_id(), label: "a \"b\", c".to_owned() };
    let entries = [
        entry(Activity::Called(call())),
        entry(Activity::Refused(refused())),
        entry(consented),
        entry(created),
    ];
    let expected = [
        "time,kind,client_id,resource,method,rpc_method,tool,result,duration_ms,scope,label,reference,personal_access_token,client_name",
        "2027-01-15T08:00:00Z,called,client,https://api.example/v1,POST,tools/call,delete_note,200,12,,,ref-1,,The app",
        "2027-01-15T08:00:00Z,refused,,https://api.example/v1,DELETE,,,insufficient_scope,,,Backup,ref-2,AAAAAAAAAAAAAAAAAAAAAA,",
        "2027-01-15T08:00:00Z,consented,client,,,,,,,read write,,,,The app",
        "2027-01-15T08:00:00Z,personal_access_token_created,,,,,,,,,\"a \"\"b\"\", c\",,AAAAAAAAAAAAAAAAAAAAAA,",
        "",
    ];
    assert_eq!(csv(&entries, &names()), expected.join("\r\n"));
    assert_eq!(csv(&[], &names()).lines().count(), 1, "the header row is always there");
}

#[test]
fn cwe_1236_no_field_is_taken_for_a_formula() {
    for (name, field) in [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t1", "'\t1"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "\"'\r'=1\""),
        ("\n=1", "\"'\n'=1\""),
        ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
        // Full-width.
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠SUM(A1)", "'＠SUM(A1)"),
        // Where `;` separates, a cell begins after it.
        ("x;=HYPERLINK(1);y", "x;'=HYPERLINK(1);y"),
        ("x;＝1;-1", "x;'＝1;'-1"),
        ("x; =1", "x;' =1"),
        ("x;\"=1\"", "\"x;'\"\"=1\"\"\""),
        ("=1;=1", "'=1;'=1"),
        ("a=1", "a=1"),
        ("a;b=1; c-d", "a;b=1; c-d"),
    ] {
        let text = csv(&[called(|call| call.tool = Some(name.to_owned()))], &names());
        assert!(text.contains(&format!(",{field},200,")), "{name:?}: {text}");
    }
}

#[test]
fn the_json_export_leaves_out_what_an_entry_does_not_have() {
    let text = json(&[entry(Activity::Called(call())), entry(Activity::SignedIn)], &names());
    let value: Value = serde_json::from_str(&text).expect("json");
    assert_eq!(
        value,
        json!([
            {
                "time": "2027-01-15T08:00:00Z",
                "kind": "called",
                "client_id": "client",
                "resource": API,
                "method": "POST",
                "rpc_method": "tools/call",
                "tool": "delete_note",
                "result": "200",
                "duration_ms": 12,
                "reference": "ref-1",
                "client_name": "The app",
            },
            { "time": "2027-01-15T08:00:00Z", "kind": "signed_in" },
        ])
    );
    assert_eq!(json(&[], &names()), "[]");
}

#[test]
fn rfc3339_5_6_times_are_written_in_utc() {
    for (seconds, expected) in [
        (0, "1970-01-01T00:00:00Z"),
        (1_709_210_096, "2024-02-29T12:34:56Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "253402300800"),
        (u64::MAX, "18446744073709551615"),
    ] {
        assert_eq!(rfc3339(UnixTime::from_seconds(seconds)), expected);
    }
}

proptest! {
    #[test]
    fn whatever_a_tool_is_called_the_row_has_its_columns(tool in "[a-z,\"=＋\r\n; ']{0,20}") {
        let text = csv(&[called(|call| call.tool = Some(tool.clone()))], &BTreeMap::new());
        let rows = read(&text);
        prop_assert_eq!(rows.len(), 2);
        prop_assert_eq!(rows[1].len(), rows[0].len());
        prop_assert_eq!(rows[1][6].replace('\'', ""), tool.replace('\'', ""));
        for cell in text.split([';', '\r', '\n']) {
            let begins = cell.trim_start_matches([' ', '"']);
            prop_assert!(!begins.starts_with(['=', '＋']), "{}", text);
        }
    }
}

/// A reader of RFC 4180 that is as simple as it can be.
fn read(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut inside, mut characters) = (false, text.chars().peekable());
    while let Some(one) = characters.next() {
        match one {
            '"' if inside && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => inside = !inside,
            ',' if !inside => row.push(std::mem::take(&mut field)),
            '\r' if !inside => {}
            '\n' if !inside => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            other => field.push(other),
        }
    }
    rows
}
