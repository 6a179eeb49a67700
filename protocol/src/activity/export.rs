//! The activity log as a file: CSV ([RFC 4180](https://www.rfc-editor.org/rfc/rfc4180)) and JSON.

use chrono::{DateTime, Datelike, Timelike};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::{Activity, Call, Entry, RefusedCall};
use crate::client::ClientId;
use crate::time::UnixTime;

/// The columns, in their order. In JSON they are the names of the members.
const COLUMNS: [&str; 14] = [
    "time",
    "kind",
    "client_id",
    "resource",
    "method",
    "rpc_method",
    "tool",
    "result",
    "duration_ms",
    "scope",
    "label",
    "reference",
    "personal_access_token",
    "client_name",
];

/// The entries as CSV with a header row and CRLF. Whatever a spreadsheet would take for a formula, at
/// the beginning of a field or after a `;` in it, has a `'` before it. `names` are those of the clients, as
/// far as they are known.
#[must_use]
pub fn csv(entries: &[Entry], names: &BTreeMap<ClientId, String>) -> String {
    let mut text = String::new();
    write_row(&mut text, COLUMNS.iter().map(|column| Some((*column).to_owned())));
    for entry in entries {
        write_row(&mut text, fields(entry, names).into_iter());
    }
    text
}

/// The entries as a JSON array of objects. What an entry doesn't have is left out; every value is a
/// string but `duration_ms`.
#[must_use]
pub fn json(entries: &[Entry], names: &BTreeMap<ClientId, String>) -> String {
    let object = |entry: &Entry| {
        let mut members = Map::new();
        for (column, field) in COLUMNS.into_iter().zip(fields(entry, names)) {
            if let Some(field) = field {
                members.insert(column.to_owned(), Value::from(field));
            }
        }
        if let Activity::Called(call) = &entry.activity {
            members.insert("duration_ms".to_owned(), Value::from(call.duration_ms));
        }
        Value::Object(members)
    };
    Value::Array(entries.iter().map(object).collect()).to_string()
}

/// A time in UTC as [RFC 3339 section 5.6](https://www.rfc-editor.org/rfc/rfc3339#section-5.6) writes
/// it, such as `2027-01-15T08:00:00Z`; the number of seconds when the year has more than four digits.
#[must_use]
pub fn rfc3339(time: UnixTime) -> String {
    let date = i64::try_from(time.seconds())
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .filter(|date| date.year() <= 9999);
    let Some(date) = date else { return time.seconds().to_string() };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        date.month(),
        date.day(),
        date.hour(),
        date.minute(),
        date.second(),
    )
}

/// The fields of one entry, in the order of [`COLUMNS`].
fn fields(entry: &Entry, names: &BTreeMap<ClientId, String>) -> [Option<String>; COLUMNS.len()] {
    let activity = &entry.activity;
    let mut row = Row::default();
    match activity {
        Activity::Called(call) => {
            let Call { resource, credential: _, method, rpc, tool, .. } = call;
            row.label = call.label.as_deref().map(ToOwned::to_owned);
            row.call(resource.as_str(), method, rpc.as_ref(), tool.as_ref(), &call.reference);
            row.result = Some(call.status.to_string());
            row.duration_ms = Some(call.duration_ms.to_string());
        }
        Activity::Refused(call) => {
            let RefusedCall { resource, credential: _, method, rpc, tool, .. } = call;
            row.label = call.label.as_deref().map(ToOwned::to_owned);
            row.call(resource.as_str(), method, rpc.as_ref(), tool.as_ref(), &call.reference);
            row.result = Some(call.reason.clone());
        }
        Activity::Consented { scope, .. }
        | Activity::Widened { scope, .. }
        | Activity::DeviceApproved { scope, .. } => {
            row.scope = Some(scope.to_string());
        }
        Activity::PersonalAccessTokenCreated { label, .. }
        | Activity::PersonalAccessTokenRevoked { label, .. } => row.label = Some(label.clone()),
        Activity::SignedUp
        | Activity::SignedIn
        | Activity::SignedOut
        | Activity::SignInRefused
        | Activity::SessionEnded
        | Activity::Denied { .. }
        | Activity::DeviceDenied { .. }
        | Activity::GrantRevoked { .. }
        | Activity::Revoked { .. }
        | Activity::ClientRemoved { .. }
        | Activity::LeastUsedEnded { .. }
        | Activity::CodeRedeemed { .. }
        | Activity::Refreshed { .. }
        | Activity::CodeReplayed { .. }
        | Activity::CodeExhausted { .. }
        | Activity::RefreshTokenReplayed { .. } => {}
    }
    [
        Some(rfc3339(entry.at)),
        Some(activity.kind().to_owned()),
        activity.client_id().map(ToString::to_string),
        row.resource,
        row.method,
        row.rpc_method,
        row.tool,
        row.result,
        row.duration_ms,
        row.scope,
        row.label,
        row.reference,
        activity.personal_access_token().map(ToString::to_string),
        activity.client_id().and_then(|id| names.get(id)).cloned(),
    ]
}

/// The columns that only some kinds have.
#[derive(Default)]
struct Row {
    resource: Option<String>,
    method: Option<String>,
    rpc_method: Option<String>,
    tool: Option<String>,
    result: Option<String>,
    duration_ms: Option<String>,
    scope: Option<String>,
    label: Option<String>,
    reference: Option<String>,
}

impl Row {
    fn call(
        &mut self,
        resource: &str,
        method: &str,
        rpc: Option<&String>,
        tool: Option<&String>,
        reference: &str,
    ) {
        self.resource = Some(resource.to_owned());
        self.method = Some(method.to_owned());
        self.rpc_method = rpc.cloned();
        self.tool = tool.cloned();
        self.reference = Some(reference.to_owned());
    }
}

fn write_row(text: &mut String, fields: impl Iterator<Item = Option<String>>) {
    for (position, field) in fields.enumerate() {
        if position > 0 {
            text.push(',');
        }
        text.push_str(&quoted(&field.unwrap_or_default()));
    }
    text.push_str("\r\n");
}

/// One field as RFC 4180 section 2 writes it.
fn quoted(field: &str) -> String {
    let guarded = guarded(field);
    if guarded.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// What makes a spreadsheet compute a cell; the last four are the wide forms of East Asian keyboards.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The field with a `'` before whatever a spreadsheet would take for a formula (CWE-1236): a tool's or
/// a client's name is chosen by others.
fn guarded(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    if field.starts_with(['\t', '\r', '\n']) {
        text.push('\'');
    }
    // Where decimals have a comma, the list separator is `;` and our quotes don't count, so a cell may
    // begin inside a field.
    for (position, piece) in field.split_inclusive([';', '\t', '\r', '\n']).enumerate() {
        let begins = if position == 0 { piece } else { piece.trim_start_matches([' ', '"']) };
        if begins.starts_with(SIGNS) {
            text.push('\'');
        }
        text.push_str(piece);
    }
    text
}
