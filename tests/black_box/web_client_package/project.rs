//! A project of somebody who installed the package.

use latchkey_tests::deployment::workspace_root;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What a page does with the package.
pub const USE: &str = include_str!("pages/use.js");

/// A folder far from the repository, with the package installed from its tarball. It is gone when this is dropped.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// Packs and installs: without a network and with an empty cache, so that nothing but the tarball is there.
    #[track_caller]
    pub fn install() -> Self {
        let folder = tempfile::Builder::new().prefix("latchkey-project-").tempdir();
        let project = Self { folder: folder.expect("a folder") };
        project.write("package.json", r#"{ "name": "app", "private": true, "type": "module" }"#);
        let destination = project.path().to_str().expect("a path in UTF-8");
        project.npm(&built(), &["pack", "--pack-destination", destination]);
        let files = std::fs::read_dir(project.path()).expect("the folder").flatten();
        let names = files.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let tarball = names.into_iter().find(|name| name.ends_with(".tgz")).expect("a tarball");
        project.npm(project.path(), &["install", &format!("./{tarball}")]);
        project
    }

    #[track_caller]
    fn npm(&self, folder: &Path, arguments: &[&str]) {
        let output = Command::new("npm")
            .args(arguments)
            .current_dir(folder)
            .env("npm_config_cache", self.path().join("empty-cache"))
            .env("npm_config_offline", "true")
            .env("npm_config_update_notifier", "false")
            .output()
            .expect("npm");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "npm {arguments:?}: {said}");
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    #[track_caller]
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect(name);
    }

    /// The installed package.
    pub fn package(&self) -> PathBuf {
        self.path().join("node_modules/@latchkey/web-client")
    }

    /// What `integrity` attribute a file of the package has.
    #[track_caller]
    pub fn integrity(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.package().join("integrity.json"));
        let all: Value = serde_json::from_str(&text.expect("integrity.json")).expect("JSON");
        all[name].as_str().expect(name).to_owned()
    }
}

/// The folder of the built package.
#[track_caller]
fn built() -> PathBuf {
    let folder = std::env::var_os("LATCHKEY_WEB_CLIENT").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| workspace_root().join("web-client/pkg"));
    assert!(
        folder.join("package.json").is_file(),
        "{} has no package: run `npm run build:web-client` first",
        folder.display()
    );
    folder
}
