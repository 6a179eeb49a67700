//! What a person does in Chromium, and what they see there.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use super::driver::{Refusal, Session};

/// How long a page may take on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// The name of an element in the protocol
/// ([WebDriver section 12.1](https://www.w3.org/TR/webdriver2/#elements)).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The Tab key.
pub const TAB: &str = "\u{e004}";
/// The Enter key.
pub const ENTER: &str = "\u{e007}";

/// A screen.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// What it is called in a screenshot's name.
    pub name: &'static str,
    width: u32,
    height: u32,
    phone: bool,
    dark: bool,
}

const PHONE: Screen =
    Screen { name: "phone-light", width: 360, height: 740, phone: true, dark: false };
const DESKTOP: Screen =
    Screen { name: "desktop-light", width: 1280, height: 900, phone: false, dark: false };
/// A phone and a desktop, light and dark.
pub const SCREENS: [Screen; 4] = [
    PHONE,
    Screen { name: "phone-dark", dark: true, ..PHONE },
    DESKTOP,
    Screen { name: "desktop-dark", dark: true, ..DESKTOP },
];

/// One Chromium with a fresh profile.
pub struct Chromium {
    session: Session,
    /// Where forms were sent to that wrangler lost, since the console was read the last time.
    lost: RefCell<Vec<String>>,
}

impl Chromium {
    /// A browser that has never been anywhere.
    pub fn start() -> Self {
        Self::with_preferences(&json!({}))
    }

    /// The same with JavaScript turned off by the person.
    pub fn without_javascript() -> Self {
        Self::with_preferences(&json!({ "profile.managed_default_content_settings.javascript": 2 }))
    }

    /// A browser of a person with these preferences.
    pub fn with_preferences(preferences: &Value) -> Self {
        Self { session: Session::start(preferences), lost: RefCell::default() }
    }

    #[track_caller]
    pub(super) fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        self.session.command(method, path, body).unwrap_or_else(|refusal| {
            panic!("{method} {path} {body}: {}\n{}", refusal.code, refusal.message)
        })
    }

    /// Enters an address.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.must("POST", "/url", &json!({ "url": url }));
    }

    /// Presses the back button.
    #[track_caller]
    pub fn back(&self) {
        self.must("POST", "/back", &json!({}));
    }

    /// The address of the page.
    #[track_caller]
    pub fn url(&self) -> String {
        self.must("GET", "/url", &Value::Null).as_str().expect("URL").to_owned()
    }

    /// The title of the page.
    #[track_caller]
    pub fn title(&self) -> String {
        self.must("GET", "/title", &Value::Null).as_str().expect("title").to_owned()
    }

    /// Finds an element and does something with it, again and again until that works: pages come
    /// and go meanwhile.
    #[track_caller]
    fn with_element(
        &self,
        selector: &str,
        mut act: impl FnMut(&str) -> Result<Value, Refusal>,
    ) -> Value {
        let started = Instant::now();
        loop {
            let search = json!({ "using": "css selector", "value": selector });
            let found = self.session.command("POST", "/element", &search);
            let done = found.and_then(|element| {
                act(&format!("/element/{}", element[ELEMENT].as_str().expect("id")))
            });
            match done {
                Ok(value) => return value,
                Err(refusal) if started.elapsed() > PATIENCE => panic!(
                    "{selector:?}: {}\n{}\nat {}: {}",
                    refusal.code,
                    refusal.message,
                    self.url(),
                    self.script("return document.body.innerText")
                ),
                Err(_) => {
                    self.send_lost_form_again();
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    /// Sends a form again that wrangler lost on its way to the worker, whose connection it had just
    /// closed for idleness (cloudflare/workers-sdk issue 14641): it says so, and the worker saw nothing.
    pub fn send_lost_form_again(&self) {
        let script = "return document.body?.innerText.startsWith('Your worker restarted mid-request') \
                      ? document.URL : null;";
        let body = json!({ "script": script, "args": [] });
        // Between two pages there is none to ask.
        let asked = self.session.command("POST", "/execute/sync", &body);
        if let Some(url) = asked.ok().as_ref().and_then(Value::as_str) {
            self.lost.borrow_mut().push(url.to_owned());
            let _ = self.session.command("POST", "/refresh", &json!({}));
        }
    }

    /// Waits until an element is on the page.
    #[track_caller]
    pub fn wait_for(&self, selector: &str) {
        self.with_element(selector, |_| Ok(Value::Null));
    }

    /// Clicks an element with the mouse.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.with_element(selector, |path| {
            self.session.command("POST", &format!("{path}/click"), &json!({}))
        });
    }

    /// Clicks an element twice, as quickly as a hand can.
    #[track_caller]
    pub fn double_click(&self, selector: &str) {
        let element = self.with_element(selector, |path| {
            Ok(json!({ ELEMENT: path.trim_start_matches("/element/") }))
        });
        let (down, up) = ("pointerDown", "pointerUp");
        let button = |kind| json!({ "type": kind, "button": 0 });
        let to = json!({ "type": "pointerMove", "duration": 0, "origin": element, "x": 0, "y": 0 });
        let actions = [to, button(down), button(up), button(down), button(up)];
        let body = json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": actions }] });
        self.must("POST", "/actions", &body);
    }

    /// Types into a field, which it empties first.
    #[track_caller]
    pub fn fill(&self, selector: &str, text: &str) {
        self.with_element(selector, |path| {
            self.session.command("POST", &format!("{path}/clear"), &json!({}))?;
            self.session.command("POST", &format!("{path}/value"), &json!({ "text": text }))
        });
    }

    /// Types with whatever has the focus.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.must("POST", "/actions", &body);
    }

    /// The text of an element as it is shown.
    #[track_caller]
    pub fn text(&self, selector: &str) -> String {
        let text = self.with_element(selector, |path| {
            self.session.command("GET", &format!("{path}/text"), &Value::Null)
        });
        text.as_str().expect("text").to_owned()
    }

    /// How many elements there are.
    #[track_caller]
    pub fn count(&self, selector: &str) -> usize {
        let search = json!({ "using": "css selector", "value": selector });
        self.must("POST", "/elements", &search).as_array().expect("elements").len()
    }

    /// Looks at the page with a script of the tester, which the page's policy doesn't bind.
    #[track_caller]
    pub fn script(&self, body: &str) -> Value {
        self.must("POST", "/execute/sync", &json!({ "script": body, "args": [] }))
    }

    /// Runs a script of the tester in each page before the page's own.
    #[track_caller]
    pub fn before_each_page(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
    }

    /// Lets pages save files, into this folder.
    #[track_caller]
    pub fn download_into(&self, folder: &Path) {
        let wanted = json!({ "behavior": "allow", "downloadPath": folder });
        self.devtools("Browser.setDownloadBehavior", &wanted);
    }

    /// Goes into the first frame of the page.
    #[track_caller]
    pub fn enter_frame(&self) {
        self.must("POST", "/frame", &json!({ "id": 0 }));
    }

    /// The same with a script that calls its last argument when it is done.
    #[track_caller]
    pub fn script_in_its_time(&self, body: &str) -> Value {
        self.must("POST", "/execute/async", &json!({ "script": body, "args": [] }))
    }

    /// Asks or tells the browser itself.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.must("POST", "/goog/cdp/execute", &body)
    }

    /// Shows the page on another screen.
    #[track_caller]
    pub fn show_on(&self, screen: Screen) {
        let Screen { width, height, phone: mobile, dark, .. } = screen;
        let scale = if mobile { 2 } else { 1 };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", &media);
        self.settle();
    }

    /// Ends [`Self::show_on`].
    #[track_caller]
    pub fn show_as_usual(&self) {
        self.devtools("Emulation.clearDeviceMetricsOverride", &json!({}));
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": [] }));
        self.settle();
    }

    /// Waits until the page is drawn at its new size: a click would miss what moves.
    #[track_caller]
    fn settle(&self) {
        let frames = "const done = arguments[0];
            requestAnimationFrame(() => requestAnimationFrame(() => done()));";
        self.script_in_its_time(frames);
    }

    /// The whole page as a PNG, on a screen that is as high as the page.
    #[track_caller]
    pub fn screenshot(&self, screen: Screen) -> Vec<u8> {
        let height = self.script("return Math.ceil(document.scrollingElement.scrollHeight)");
        let height = height.as_u64().and_then(|height| u32::try_from(height).ok());
        self.show_on(Screen { height: height.expect("a height").max(screen.height), ..screen });
        let answer = self.devtools("Page.captureScreenshot", &json!({ "format": "png" }));
        self.show_on(screen);
        STANDARD.decode(answer["data"].as_str().expect("data")).expect("base64")
    }

    /// What the console got since the last time: errors, warnings, violations of the policy. What it
    /// has of a form that wrangler lost isn't in it: that page is wrangler's own, without an icon.
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        let entries = self.must("POST", "/se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().expect("entries");
        let mut said: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {}", entry["level"], entry["message"]))
            .collect();
        for url in self.lost.take() {
            for (place, status) in
                [(url.as_str(), "status of 503"), ("/favicon.ico", "status of 404")]
            {
                let of_it =
                    |line: &String| line.contains(&format!("{place} - ")) && line.contains(status);
                if let Some(found) = said.iter().position(of_it) {
                    let _ = said.remove(found);
                }
            }
        }
        said
    }
}
