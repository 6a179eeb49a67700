//! Deployments that have the playground's files.

use serde_json::{Value, json};
use std::path::Path;

use super::examples::served;
use super::{Deployment, Issuer, copy_folder};

impl Deployment {
    /// What `npm start` serves, with the playground. A code and a retry live as long as they may: on a busy
    /// machine the usual minute is over before the browser has shown its pages.
    #[must_use]
    pub fn playground() -> Self {
        let examples = Self::examples();
        let patient = "lifetimes = { authorization_code = 600, refresh_retry_window = 600 }";
        let settings = format!("{patient}\n{}", examples.settings);
        Self { name: "playground", with_playground: true, settings: settings.into(), ..examples }
    }

    /// A public service that has the files, under a base path, and has asked for the playground or not.
    #[must_use]
    pub fn public_playground(is_asked_for: bool) -> Self {
        let asked = if is_asked_for { "playground = true" } else { "" };
        Self {
            name: "public playground",
            issuer: Issuer::Public("https://links.example"),
            base_path: "/mcp/oauth",
            settings: format!("base_path = \"/mcp/oauth\"\n{asked}").into(),
            with_playground: true,
            ..Self::shipped("public playground")
        }
    }
}

/// Copies the playground's files, so that a build in the meantime changes nothing, and returns the
/// `assets` of a configuration in `folder`.
pub(super) fn copy_files(folder: &Path) -> Result<Value, String> {
    let mut assets = served()?["assets"].clone();
    let files = assets["directory"].as_str().map(Path::new).ok_or("no folder of the playground")?;
    if !files.join("index.html").is_file() {
        return Err(format!("{} does not exist: `npm test` puts it together", files.display()));
    }
    let copied = folder.join("playground");
    copy_folder(files, &copied).map_err(|error| format!("{}: {error}", files.display()))?;
    assets["directory"] = json!(copied);
    Ok(assets)
}
