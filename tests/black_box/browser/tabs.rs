//! Tabs and popups of one Chromium.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::chromium::{Chromium, PATIENCE};

impl Chromium {
    /// The tab at hand.
    #[track_caller]
    pub fn tab(&self) -> String {
        self.must("GET", "/window", &Value::Null).as_str().expect("a handle").to_owned()
    }

    /// All tabs and popups.
    #[track_caller]
    pub fn tabs(&self) -> Vec<String> {
        let handles = self.must("GET", "/window/handles", &Value::Null);
        let handles = handles.as_array().expect("handles").iter();
        handles.map(|handle| handle.as_str().expect("a handle").to_owned()).collect()
    }

    /// Opens a tab and goes there; returns the tab left and the tab opened.
    #[track_caller]
    pub fn new_tab(&self) -> (String, String) {
        let left = self.tab();
        let opened = self.must("POST", "/window/new", &json!({ "type": "tab" }));
        let opened = opened["handle"].as_str().expect("a handle").to_owned();
        self.switch_to(&opened);
        (left, opened)
    }

    /// Goes to a tab.
    #[track_caller]
    pub fn switch_to(&self, tab: &str) {
        self.must("POST", "/window", &json!({ "handle": tab }));
    }

    /// Closes the tab at hand, as the person does with its cross.
    #[track_caller]
    pub fn close_tab(&self) {
        self.must("DELETE", "/window", &Value::Null);
    }

    /// Waits for a tab or popup beside these, and goes there.
    #[track_caller]
    pub fn switch_to_new(&self, known: &[String]) -> String {
        let started = Instant::now();
        loop {
            if let Some(new) = self.tabs().into_iter().find(|tab| !known.contains(tab)) {
                self.switch_to(&new);
                return new;
            }
            assert!(started.elapsed() < PATIENCE, "no popup beside {known:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until there are only these tabs.
    #[track_caller]
    pub fn wait_until_only(&self, tabs: &[String]) {
        let started = Instant::now();
        while self.tabs().iter().any(|tab| !tabs.contains(tab)) {
            assert!(started.elapsed() < PATIENCE, "a popup stays: {:?}", self.tabs());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
