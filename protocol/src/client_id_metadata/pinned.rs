//! Copies of well-known clients' documents that come with each release, for servers that have never
//! been able to fetch one: some hosts answer servers with a challenge for people.
//! `pinned/SOURCES.md` says where each is from and when.

use std::borrow::Cow;

/// A document's URL and its text.
type Pinned = (&'static str, &'static str);

macro_rules! pinned {
    ($($url:literal => $file:literal),+ $(,)?) => {
        /// The documents, whose `client_id` is checked like that of one which was fetched.
        const PINNED: &[Pinned] = &[$(($url, include_str!(concat!("pinned/", $file, ".json")))),+];
    };
}

pinned! {
    "https://claude.ai/oauth/mcp-oauth-client-metadata" => "claude",
    "https://claude.ai/oauth/claude-code-client-metadata" => "claude-code",
    "https://chatgpt.com/oauth/client.json" => "chatgpt",
    "https://chatgpt.com/oauth/codex/client.json" => "codex",
    "https://vscode.dev/oauth/client-metadata.json" => "vscode",
    "https://github.com/copilot/cli/client-metadata.json" => "github-copilot-cli",
    "https://opencode.ai/oauth/opencode/client.json" => "opencode",
    "https://grok.com/oauth/mcp-client.json" => "grok",
    "https://zed.dev/oauth/client-metadata.json" => "zed",
    "https://goose-docs.ai/oauth/client-metadata.json" => "goose",
    "https://slack.com/.well-known/oauth-client-metadata" => "slack",
}

/// Documents that their host makes from a template: the URL before and after an id, the stable
/// document that the copy is made from, and its redirect URIs, in which `{id}` stands for the id.
const TEMPLATES: [(&str, &str, &str, &[&str]); 2] = [
    (
        "https://chatgpt.com/oauth/codex/",
        "/client.json",
        "https://chatgpt.com/oauth/codex/client.json",
        &["http://127.0.0.1/callback/{id}", "http://localhost/callback/{id}"],
    ),
    (
        "https://chatgpt.com/oauth/",
        "/client.json",
        "https://chatgpt.com/oauth/client.json",
        &["https://chatgpt.com/connector/oauth/{id}"],
    ),
];

/// The copy of the document at `url`; `None` when this release has none.
#[must_use]
pub fn pinned(url: &str) -> Option<Cow<'static, str>> {
    exact(url).map(Cow::Borrowed).or_else(|| from_template(url).map(Cow::Owned))
}

fn exact(url: &str) -> Option<&'static str> {
    PINNED.iter().find(|(pinned, _)| *pinned == url).map(|(_, text)| *text)
}

/// The copy for one app or server. The id goes into `client_id` and `redirect_uris` and nowhere else,
/// so whoever makes one up gains no more than by presenting the vendor's stable document.
fn from_template(url: &str) -> Option<String> {
    let (id, stable, redirect_uris) =
        TEMPLATES.iter().find_map(|(before, after, stable, uris)| {
            let id = url.strip_prefix(before)?.strip_suffix(after)?;
            let sound = (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            sound.then_some((id, stable, uris))
        })?;
    let mut document = crate::json::parse(exact(stable)?).ok()?;
    let members = document.as_object_mut()?;
    let uris: Vec<String> = redirect_uris.iter().map(|uri| uri.replace("{id}", id)).collect();
    members.insert("client_id".to_owned(), url.into());
    members.insert("redirect_uris".to_owned(), uris.into());
    Some(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::TokenEndpointAuthMethod;
    use crate::client_id_metadata::{DocumentUrl, Reach, read};
    use crate::client_metadata::{ClientMetadata, GrantType};
    use crate::redirect_uri::{RedirectUri, RedirectUriPolicy};
    use proptest::prelude::*;

    fn parsed(url: &str) -> ClientMetadata {
        let document = pinned(url).expect(url);
        read(
            &DocumentUrl::parse(url, Reach::Public).expect(url),
            Some("application/json"),
            document.as_bytes(),
            &RedirectUriPolicy::default(),
            &TokenEndpointAuthMethod::ALL,
            Reach::Public,
        )
        .expect(url)
    }

    fn uris(url: &str) -> Vec<String> {
        parsed(url).redirect_uris.iter().map(RedirectUri::as_str).map(str::to_owned).collect()
    }

    #[test]
    fn needs_5_every_copy_is_a_document_that_this_release_accepts() {
        for (url, _) in PINNED {
            let metadata = parsed(url);
            assert!(metadata.client_name.is_some(), "{url}");
            // Clients that forget to name the grant refresh all the same.
            assert!(metadata.grant_types.contains(&GrantType::RefreshToken), "{url}");
        }
        let files = std::fs::read_dir(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/src/client_id_metadata/pinned"
        ))
        .expect("the folder")
        .filter(|entry| {
            entry.as_ref().expect("entry").path().extension().is_some_and(|kind| kind == "json")
        });
        assert_eq!(files.count(), PINNED.len(), "a copy that nobody uses");
    }

    #[test]
    fn a_copy_from_a_template_differs_in_its_id_and_redirect_uris_only() {
        let app = "https://chatgpt.com/oauth/Zk3vX9qLw2Hy/client.json";
        assert_eq!(uris(app), ["https://chatgpt.com/connector/oauth/Zk3vX9qLw2Hy"]);
        let mut expected = parsed("https://chatgpt.com/oauth/client.json");
        expected.redirect_uris = parsed(app).redirect_uris;
        assert_eq!(parsed(app), expected);

        let codex = "https://chatgpt.com/oauth/codex/4-bzS8rt42zJ/client.json";
        assert_eq!(
            uris(codex),
            ["http://127.0.0.1/callback/4-bzS8rt42zJ", "http://localhost/callback/4-bzS8rt42zJ"]
        );
        // The stable document fits the first template's form as well, and is found first.
        assert_eq!(
            uris("https://chatgpt.com/oauth/codex/client.json"),
            ["http://127.0.0.1/callback", "http://localhost/callback"]
        );
    }

    #[test]
    fn what_fits_no_template_has_no_copy() {
        for url in [
            "https://chatgpt.com/oauth//client.json",
            "https://chatgpt.com/oauth/a/b/client.json",
            "https://chatgpt.com/oauth/a%2fb/client.json",
            "https://chatgpt.com/oauth/a?x=/client.json",
            "https://chatgpt.com.evil.example/oauth/a/client.json",
            "http://chatgpt.com/oauth/a/client.json",
            "https://claude.ai/oauth/other",
            "https://claude.ai/oauth/mcp-oauth-client-metadata/",
        ] {
            assert_eq!(pinned(url), None, "{url}");
        }
        let long = format!("https://chatgpt.com/oauth/{}/client.json", "a".repeat(65));
        assert_eq!(pinned(&long), None);
    }

    proptest! {
        #[test]
        fn no_id_gets_a_redirect_uri_elsewhere(id in "[A-Za-z0-9_./%?#-]{0,20}") {
            let url = format!("https://chatgpt.com/oauth/{id}/client.json");
            if let Some(document) = pinned(&url) {
                let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
                for uri in document["redirect_uris"].as_array().expect("a list") {
                    let uri = uri.as_str().expect("a text");
                    let home = ["https://chatgpt.com/connect", "http://127.0.0.1/callback", "http://localhost/callback"];
                    prop_assert!(home.iter().any(|home| uri.starts_with(home)), "{}", uri);
                }
            }
        }
    }
}
