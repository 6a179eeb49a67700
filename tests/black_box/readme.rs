//! The walk of the README, run as a reader would run it.

use latchkey_tests::{Server, deployment::workspace_root};
use std::process::Command;

use crate::Case;

/// What stands above each block of the walk.
const WALK: &str = "<!-- walk -->\n```sh\n";
/// The same of the walk without a browser.
const HEADLESS_WALK: &str = "<!-- headless walk -->\n```sh\n";

/// The cases.
pub fn trials() -> Vec<Case> {
    vec![
        Case::new("issue 2: the README's walk with curl works as it is printed", |servers| {
            let said = walk(servers.standard(), WALK);
            for wanted in ["Registered as ", "\"client_id\":", "Revoked: 200", "invalid_grant"] {
                assert!(said.contains(wanted), "no {wanted:?} in\n{said}");
            }
        }),
        Case::new(
            "issue 4: headless: the README's walk without a browser works as it is printed",
            |servers| {
                let said = walk(&servers.headless_matrix().server, HEADLESS_WALK);
                for wanted in ["Registered as ", "Allowed at once", "credential", "Refreshed"] {
                    assert!(said.contains(wanted), "no {wanted:?} in\n{said}");
                }
            },
        ),
    ]
}

/// Runs the blocks under `mark` in one shell, and returns what they said.
fn walk(server: &Server, mark: &str) -> String {
    let readme = std::fs::read_to_string(workspace_root().join("README.md")).expect("README.md");
    let blocks: Vec<&str> = readme
        .split(mark)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect();
    let least = if mark == WALK { 7 } else { 4 };
    assert!(blocks.len() >= least, "a block is missing: {}", blocks.len());

    // In one shell, as printed; what each block says ends with a mark of ours, and a block whose last
    // command fails would leave a reader behind.
    let script: String = blocks
        .iter()
        .map(|block| format!("{block}\n[ $? -eq 0 ] || exit 1\nprintf '\\036'\n"))
        .collect();
    let folder = tempfile::Builder::new().prefix("latchkey-readme-").tempdir().expect("a folder");
    let output = Command::new("bash")
        .args(["-u", "-c", &script])
        .env("ISSUER", server.issuer())
        .env("TMPDIR", folder.path())
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complained.is_empty(), "{said}\n{complained}");
    let answers: Vec<&str> = said.split_terminator('\u{1e}').map(str::trim).collect();
    assert!(answers.len() == blocks.len() && !answers.contains(&""), "a block is silent: {said}");
    said.into_owned()
}
