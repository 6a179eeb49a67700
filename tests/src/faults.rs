//! A platform that fails when a test wants it to ([`crate::Deployment::faulty`]): `tests/miniflare/faults.mjs`
//! stands between the worker and workerd, and is told here what is to fail.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::server::Server;

/// How long messages may take to be held.
const PATIENCE: Duration = Duration::from_secs(60);

impl Server {
    /// Lets the platform fail in this way, and in no other; `{}` mends it. `faults.mjs` has the list.
    ///
    /// # Panics
    ///
    /// When the server isn't a faulty one.
    pub fn fail(&self, how: &Value) {
        let call = self.call("POST", "/faults").header("content-type", "application/json");
        let _ = call.body(how.to_string()).send().expect(200);
    }

    /// Lets the messages to the objects of a class fail.
    pub fn fail_objects(&self, class: &str, how: &str) {
        self.fail(&json!({ "objects": { "class": class, "how": how } }));
    }

    /// Lets the statements of a class of objects that begin so fail.
    pub fn fail_statements(&self, class: &str, statement: &str) {
        self.fail(&json!({ "sql": { "class": class, "statement": statement } }));
    }

    /// Tells the keyring something as another isolate would; the isolate that serves this test's requests learns nothing of it.
    ///
    /// # Panics
    ///
    /// When the keyring doesn't do it.
    #[must_use]
    pub fn tell_keyring(&self, message: &str, body: &Value) -> Value {
        let whole =
            json!({ "binding": "KEYRING", "object": "keyring", "message": message, "body": body });
        let call = self.call("POST", "/faults/message").header("content-type", "application/json");
        let reply = call.body(whole.to_string()).send().expect(200);
        serde_json::from_str(&reply.text()).unwrap_or_else(|error| panic!("{message}: {error}"))
    }

    /// Clients that send a request each and, when `all_wait` has returned, hang up without an answer.
    ///
    /// # Panics
    ///
    /// When one is answered.
    pub fn hang_up(&self, requests: &[Value], all_wait: impl FnOnce()) {
        let call = self.call("POST", "/faults/hang_up").header("content-type", "application/json");
        let call = call.body(json!(requests).to_string());
        let reply = std::thread::scope(|scope| {
            let clients = scope.spawn(|| call.send());
            all_wait();
            let _ = self.call("DELETE", "/faults/hang_up").send().expect(204);
            clients.join().expect("an answer")
        });
        assert_eq!(reply.expect(200).json()["hung_up"], requests.len());
    }

    /// Nothing fails any more.
    pub fn mend(&self) {
        self.fail(&json!({}));
    }

    /// Waits until so many messages are held.
    ///
    /// # Panics
    ///
    /// When they aren't in time.
    pub fn wait_until_held(&self, number: u64) {
        let started = Instant::now();
        loop {
            let held = self.get("/faults").expect(200).json()["held"].as_u64().unwrap_or_default();
            if held >= number {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{held} of {number} messages are held");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
