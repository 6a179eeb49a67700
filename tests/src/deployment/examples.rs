//! What `npm start` serves: Latchkey with the two examples behind its gateway.

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ADMIN_TOKEN, Deployment, copy_worker, playground, workspace_root, write_file};

/// Prints what `npm start` would serve, so that there is no second copy of it here.
const PRINT: &str = r#"
    import { EXAMPLES, readShipped } from "./scripts/lib/development.mjs";
    import { PLAYGROUND, playgroundAssets } from "./scripts/lib/playground.mjs";
    console.log(JSON.stringify({ ...readShipped(), examples: EXAMPLES, assets: playgroundAssets(PLAYGROUND) }));
"#;

impl Deployment {
    /// What `npm start` serves, and a client that acts for itself.
    #[must_use]
    pub fn examples() -> Self {
        Self {
            with_examples: true,
            admin_token: Some(ADMIN_TOKEN),
            settings: Self::settings_of_examples().into(),
            ..Self::shipped("examples")
        }
    }

    /// The same with access tokens that live for seconds.
    #[must_use]
    pub fn brief_examples() -> Self {
        Self {
            name: "brief examples",
            settings: "lifetimes = { access_token = 6 }".into(),
            ..Self::examples()
        }
    }

    /// Writes the configuration for `port` into `folder`, and names those of the examples.
    pub(super) fn write_with_examples(
        &self,
        folder: &Path,
        port: u16,
    ) -> Result<Vec<PathBuf>, String> {
        let served = served()?;
        let text = |value: &Value| value.as_str().map(PathBuf::from);
        let main = text(&served["main"]).ok_or("wrangler.toml: main is no file")?;
        let main = copy_worker(&main, &folder.join("worker"))?;

        let mut configuration = served["served"].clone();
        let vars = configuration["vars"].as_object_mut();
        let vars =
            vars.ok_or("wrangler.toml has an upstream of its own: the examples aren't served")?;
        vars.insert("ISSUER".to_owned(), self.issuer_on(port).into());
        let settings: Map<String, Value> = toml::from_str(&self.settings).expect("settings");
        let shipped = vars["LATCHKEY"].as_object_mut();
        shipped.ok_or("wrangler.toml: LATCHKEY is no table")?.extend(settings);
        configuration["main"] = json!(main);
        if self.with_playground {
            configuration["assets"] = playground::copy_files(folder)?;
        }

        self.write_secrets(folder)?;
        // The first one is the worker that is reached.
        let written = folder.join("wrangler.json");
        write_file(&written, &configuration.to_string())?;
        let examples = served["examples"].as_array().into_iter().flatten().filter_map(text);
        Ok(std::iter::once(written).chain(examples).collect())
    }
}

pub(super) fn served() -> Result<Value, String> {
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", PRINT]).current_dir(workspace_root());
    let output = node.output().map_err(|error| format!("node: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let words = String::from_utf8_lossy(&output.stderr);
        format!("scripts/lib/development.mjs: {error}\n{words}")
    })
}
