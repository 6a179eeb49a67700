//! The activity log as a file.

use latchkey_tests::{Front, Walk};

use super::activity::wait_for;
use super::tool;
use crate::Case;

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![Case::new(
        "RFC 4180, CWE-1236: the CSV export is well-formed, and nothing in it is a formula",
        |servers| {
            exported_as_csv(servers.gateway());
        },
    )]
}

fn exported_as_csv(front: &Front) {
    let mut walk = Walk::begin(&front.server);
    let tokens = front.tokens(&mut walk, "/mcp", "mcp");
    let place = front.upstream.plain();
    let names = ["=1+1", "+1", "-1", "@SUM(A1)", "a,b", "a\"b", "plain"];
    for name in names {
        let _ = front.message(&place, &tokens.access, &tool(name)).send().expect(200);
    }
    let _ = wait_for(&mut walk.browser, "called", names.len());
    let page = walk.browser.page("/account/activity.csv?group=calls").expect(200);
    let kind = page.reply.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/csv"), "{}", page.reply.describe());
    let disposition = page.reply.header("content-disposition").unwrap_or_default();
    assert!(disposition.starts_with("attachment;"), "{}", page.reply.describe());
    let text = page.reply.text();
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
    let rows: Vec<Vec<String>> = text.trim_end().split("\r\n").map(fields).collect();
    assert_eq!(rows.len(), 1 + names.len());
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{rows:?}");
    let column = |name: &str| rows[0].iter().position(|column| column == name).expect("a column");
    for name in
        ["time", "kind", "client_id", "resource", "method", "result", "duration_ms", "reference"]
    {
        assert!(rows[1..].iter().all(|row| !row[column(name)].is_empty()), "{name}");
    }
    let mut tools: Vec<&str> = rows[1..].iter().map(|row| row[column("tool")].as_str()).collect();
    assert!(tools.iter().all(|tool| !tool.starts_with(['=', '+', '-', '@', '\t'])), "{tools:?}");
    tools.sort_unstable();
    for expected in ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "a,b", "a\"b", "plain"] {
        assert!(tools.contains(&expected), "{expected}: {tools:?}");
    }
}

/// One row of CSV ([RFC 4180 section 2](https://www.rfc-editor.org/rfc/rfc4180#section-2)).
fn fields(row: &str) -> Vec<String> {
    let (mut fields, mut is_quoted) = (vec![String::new()], false);
    let mut characters = row.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                fields.last_mut().unwrap().push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            other => fields.last_mut().unwrap().push(other),
        }
    }
    assert!(!is_quoted, "{row}");
    fields
}
