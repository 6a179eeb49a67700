//! The workers beside Latchkey that a service binding leads to.

use std::path::{Path, PathBuf};
use toml::{Table, Value};

use super::{workspace_root, write_file};

/// A worker beside Latchkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// It says what reached it.
    Notes,
    /// It writes the data points that it gets into the log, as a dataset would keep them.
    Metrics,
    /// It says whether a token is good for `https://api.example/v1`, by `examples/verify/worker`.
    Verifier,
}

/// What it is called.
const NAME: &str = "latchkey-tests-service";

const NOTES: &str = r#"
export default {
  async fetch(request) {
    const length = (await request.arrayBuffer()).byteLength;
    const { method, url } = request;
    return Response.json({ method, url, length, headers: [...request.headers] });
  },
};
"#;

const METRICS: &str = r#"
import { WorkerEntrypoint } from "cloudflare:workers";
export default class extends WorkerEntrypoint {
  fetch() {
    return new Response(null, { status: 404 });
  }
  writeDataPoint(point) {
    console.log(`data point ${JSON.stringify(point)}`);
  }
}
"#;

const VERIFIER: &str = r#"
import { InsufficientScope, verify } from EXAMPLE;
export default {
  async fetch(request, env) {
    const { token, needed } = await request.json();
    try {
      return Response.json({ claims: await verify(env, token, ...needed) });
    } catch (error) {
      return Response.json({ status: error instanceof InsufficientScope ? 403 : 401, why: `${error}` });
    }
  },
};
"#;

impl Service {
    const fn binding(self) -> &'static str {
        match self {
            Self::Notes => "NOTES",
            Self::Metrics => "METRICS",
            Self::Verifier => "VERIFIER",
        }
    }

    fn source(self) -> String {
        match self {
            Self::Notes => NOTES.to_owned(),
            Self::Metrics => METRICS.to_owned(),
            Self::Verifier => {
                let example = workspace_root().join("examples/verify/worker/verify.mjs");
                VERIFIER.replace("EXAMPLE", &format!("{:?}", example.to_string_lossy()))
            }
        }
    }

    /// Writes the worker into `folder` and binds it to the one that `table` configures. Returns its
    /// configuration file.
    pub(super) fn write(
        self,
        folder: &Path,
        table: &mut Table,
        issuer: &str,
    ) -> Result<PathBuf, String> {
        let taken = |key: &str| table.get(key).cloned().ok_or(format!("wrangler.toml: no {key}"));
        let mut own = Table::from_iter([
            ("name".to_owned(), NAME.into()),
            ("main".to_owned(), "index.js".into()),
            ("compatibility_date".to_owned(), taken("compatibility_date")?),
        ]);
        if self == Self::Verifier {
            let vars = [("ISSUER", issuer), ("RESOURCE", "https://api.example/v1")];
            let vars = vars.map(|(name, value)| (name.to_owned(), Value::from(value)));
            own.insert("vars".to_owned(), Table::from_iter(vars).into());
            own.insert("services".to_owned(), binding("LATCHKEY", taken("name")?));
        }
        table.insert("services".to_owned(), binding(self.binding(), NAME.into()));
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        write_file(&folder.join("index.js"), &self.source())?;
        let written = folder.join("wrangler.toml");
        write_file(&written, &own.to_string())?;
        Ok(written)
    }
}

/// `services` with one binding.
fn binding(name: &str, service: Value) -> Value {
    let entries = [("binding".to_owned(), name.into()), ("service".to_owned(), service)];
    vec![Value::Table(Table::from_iter(entries))].into()
}
