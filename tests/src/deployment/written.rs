//! A configuration as `wrangler dev` reads it.

use std::path::{Path, PathBuf};
use toml::{Table, Value};

use super::{Deployment, Issuer, playground};

impl Deployment {
    /// Writes the configuration file for `port` into `folder`, and those of the workers that belong
    /// to it.
    ///
    /// # Errors
    ///
    /// A sentence, when the worker isn't built or the shipped configuration can't be read.
    pub fn write(&self, folder: &Path, port: u16) -> Result<Vec<PathBuf>, String> {
        if self.with_examples {
            return self.write_with_examples(folder, port);
        }
        let root = workspace_root();
        let shipped = root.join("wrangler.toml");
        let text = std::fs::read_to_string(&shipped)
            .map_err(|error| format!("{}: {error}", shipped.display()))?;
        let mut table: Table = text.parse().map_err(|error| format!("wrangler.toml: {error}"))?;

        // The build has run already; running it once per server would build the same thing again.
        table.remove("build");
        let main = table.get("main").and_then(Value::as_str).unwrap_or_default();
        let main = copy_worker(&root.join(main), &folder.join("worker"))?;
        table.insert("main".to_owned(), main.to_string_lossy().into_owned().into());

        let overrides: Table = self.settings.parse().expect("settings");
        let vars = table.entry("vars").or_insert_with(|| Table::new().into());
        let vars = vars.as_table_mut().ok_or("wrangler.toml: vars is no table")?;
        if self.issuer == Issuer::Missing {
            vars.remove("ISSUER");
        } else {
            vars.insert("ISSUER".to_owned(), self.issuer_on(port).into());
        }
        if let Some(value) = self.metrics_variable {
            vars.insert("METRICS".to_owned(), value.into());
        }
        let settings = vars.entry("LATCHKEY").or_insert_with(|| Table::new().into());
        let settings = settings.as_table_mut().ok_or("wrangler.toml: LATCHKEY is no table")?;
        settings.extend(overrides);
        self.write_secrets(folder)?;
        if let Some(limits) = self.limits {
            set_limits(&mut table, limits).ok_or("wrangler.toml has no three ratelimits")?;
        }
        if self.with_broken_limits {
            break_limits(&mut table).ok_or("wrangler.toml has no ratelimits")?;
        }
        for binding in self.without {
            leave_out(&mut table, binding).ok_or(format!("wrangler.toml has no {binding}"))?;
        }

        if self.with_playground {
            let assets = playground::copy_files(folder)?;
            let assets = Value::try_from(assets).map_err(|error| format!("assets: {error}"))?;
            table.insert("assets".to_owned(), assets);
        }

        let mut written = Vec::new();
        if let Some(service) = self.service {
            written.push(service.write(
                &folder.join("service"),
                &mut table,
                &self.issuer_on(port),
            )?);
        }
        let main = folder.join("wrangler.toml");
        write_file(&main, &table.to_string())?;
        // The first one is the worker that is reached.
        written.insert(0, main);
        Ok(written)
    }

    /// Writes the secrets beside the configuration file. Wrangler shows the values of variables when it
    /// starts, and those of secrets never.
    pub(super) fn write_secrets(&self, folder: &Path) -> Result<(), String> {
        let secrets = folder.join(".dev.vars");
        let all = [
            ("ADMIN_TOKEN", self.admin_token),
            ("LOG_KEY", self.log_key),
            ("KEYRING_SECRET", self.keyring_secret),
        ];
        let lines: String = all
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}\n", value?)))
            .collect();
        match lines.as_str() {
            // Written by the deployment that was here before.
            "" if secrets.exists() => std::fs::remove_file(&secrets)
                .map_err(|error| format!("{}: {error}", secrets.display())),
            "" => Ok(()),
            lines => write_file(&secrets, lines),
        }
    }
}

pub(super) fn write_file(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Sets the limits, each of 10 seconds; [`None`] when there aren't as many.
fn set_limits(table: &mut Table, limits: [i64; 3]) -> Option<()> {
    let bindings = table.get_mut("ratelimits")?.as_array_mut()?;
    for (index, limit) in limits.into_iter().enumerate() {
        let simple = Table::from_iter([
            ("limit".to_owned(), limit.into()),
            ("period".to_owned(), 10.into()),
        ]);
        bindings.get_mut(index)?.as_table_mut()?.insert("simple".to_owned(), simple.into());
    }
    Some(())
}

/// Puts a variable in the place of each limit; [`None`] when there are none.
fn break_limits(table: &mut Table) -> Option<()> {
    let limits = table.remove("ratelimits")?;
    let variables = table.get_mut("vars")?.as_table_mut()?;
    for limit in limits.as_array()? {
        let name = limit.get("name")?.as_str()?;
        variables.insert(name.to_owned(), "no limit".into());
    }
    Some(())
}

/// Takes a key or a binding away, whatever its kind; [`None`] when there is no such thing.
fn leave_out(table: &mut Table, binding: &str) -> Option<()> {
    if table.remove(binding).is_some() {
        return Some(());
    }
    let is_it = |entry: &Value| {
        ["name", "binding"]
            .iter()
            .any(|key| entry.get(key).and_then(Value::as_str) == Some(binding))
    };
    let is_namespace = table.get("kv_namespaces")?.as_array()?.iter().any(is_it);
    let bindings = if is_namespace {
        table.get_mut("kv_namespaces")?
    } else {
        table.get_mut("durable_objects")?.get_mut("bindings")?
    };
    let bindings = bindings.as_array_mut()?;
    let before = bindings.len();
    bindings.retain(|entry| !is_it(entry));
    (bindings.len() < before).then_some(())
}

/// The folder of the whole project.
#[must_use]
pub fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the project's folder")
}

/// Copies the built worker, so that a build in the meantime doesn't change the server, when it is started
/// again neither, and returns where its main module is now.
pub(super) fn copy_worker(main: &Path, target: &Path) -> Result<PathBuf, String> {
    let (Some(folder), Some(name)) = (main.parent(), main.file_name()) else {
        return Err("wrangler.toml: main is no file".to_owned());
    };
    if !main.is_file() {
        return Err(format!("{} does not exist: `npm test` builds it first", main.display()));
    }
    if target.join(name).is_file() {
        return Ok(target.join(name));
    }
    copy_folder(folder, target).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(target.join(name))
}

pub(super) fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        // The build's own notes begin with a dot.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
