//! The parts of an address that a decision looks at.

/// An address as the platform's own URL parser read it. The one who follows an address and the one
/// who checks it must read it alike, so there is no parser here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `https:` and the like, in small letters.
    pub protocol: String,
    /// The host without its port, IPv6 in brackets.
    pub hostname: String,
    /// Scheme, host and port; `null` when there is none.
    pub origin: String,
    /// The path, with its leading slash.
    pub pathname: String,
    /// The query with its `?`, or nothing.
    pub search: String,
    /// Whether it has a user name, a password or a fragment.
    pub has_extras: bool,
}

impl Address {
    /// Whether it is of this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.hostname.as_str();
        host == "localhost"
            || host.ends_with(".localhost")
            || host == "[::1]"
            || (host.starts_with("127.")
                && host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
    }

    /// Whether requests with secrets may be sent there: https, or http on this machine
    /// ([RFC 8414 section 6.1](https://www.rfc-editor.org/rfc/rfc8414#section-6.1)); never
    /// `javascript:` and its kin (CVE-2025-6514), never with a password or a fragment.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        !self.has_extras
            && (self.protocol == "https:" || (self.protocol == "http:" && self.is_loopback()))
    }

    /// Whether an endpoint may be there, of a server that is at `issuer`: a server on the network
    /// doesn't send anyone to their own machine.
    #[must_use]
    pub fn is_safe_endpoint_of(&self, issuer: &Self) -> bool {
        self.is_safe() && (self.protocol == "https:" || issuer.is_loopback())
    }

    /// The path without a slash at its end; nothing for the root.
    pub(super) fn trimmed_path(&self) -> &str {
        self.pathname.trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use crate::client_side::members::tests::address;

    #[test]
    fn rfc8414_6_1_only_https_and_this_machine_get_secrets() {
        for safe in [
            "https://id.example/token",
            "http://127.0.0.1:8787/token",
            "http://localhost/token?a=b",
            "http://[::1]:1/",
            "http://app.localhost/",
        ] {
            assert!(address(safe).expect(safe).is_safe(), "{safe}");
        }
        for unsafe_one in [
            "http://id.example/token",
            "javascript:alert(1)",
            "data:text/html,x",
            "blob:https://id.example/1",
            "file:///etc/passwd",
            "ftp://id.example/",
            "https://me@id.example/",
            "https://:secret@id.example/",
            "https://id.example/#x",
            "http://127.0.0.1.example/",
            "http://notlocalhost/",
        ] {
            assert!(!address(unsafe_one).expect(unsafe_one).is_safe(), "{unsafe_one}");
        }
    }

    #[test]
    fn a_server_on_the_network_sends_nobody_to_their_own_machine() {
        let local = address("http://127.0.0.1:1/token").expect("read");
        let remote = address("https://id.example").expect("read");
        assert!(local.is_safe_endpoint_of(&local) && remote.is_safe_endpoint_of(&local));
        assert!(!local.is_safe_endpoint_of(&remote));
    }
}
