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
    /// `javascript:` and its kin (CVE-2025-6514), never a host that a shell would run, never with a
    /// password or a fragment.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        !self.has_extras
            && self.has_host_of_a_name()
            && (self.protocol == "https:" || (self.protocol == "http:" && self.is_loopback()))
    }

    /// Whether an endpoint may be there, of a server that is at `issuer`: a server on the network
    /// doesn't send anyone to their own machine.
    #[must_use]
    pub fn is_safe_endpoint_of(&self, issuer: &Self) -> bool {
        self.is_safe() && (self.protocol == "https:" || issuer.is_loopback())
    }

    /// Whether the host has only what names and addresses have. URL parsers let `$(x)` pass.
    fn has_host_of_a_name(&self) -> bool {
        let is_of_name = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'[' | b']' | b':')
        };
        !self.hostname.is_empty() && self.hostname.bytes().all(is_of_name)
    }

    /// The path without a slash at its end; nothing for the root.
    pub(super) fn trimmed_path(&self) -> &str {
        self.pathname.trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use super::Address;
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
    fn cve_2025_6514_a_host_of_shell_characters_is_no_host() {
        let sound = address("https://id.example/authorize").expect("read");
        for host in
            ["$(calc)", "id.example;calc", "id.example&calc", "a'b", "a\"b", "`calc`", "a|b", ""]
        {
            let hostile = Address { hostname: host.to_owned(), ..sound.clone() };
            assert!(!hostile.is_safe(), "{host}");
        }
        for host in
            ["id.example", "xn--bcher-kva.example", "a_b.example", "[2001:db8::1]", "192.0.2.1"]
        {
            let named = Address { hostname: host.to_owned(), ..sound.clone() };
            assert!(named.is_safe(), "{host}");
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
