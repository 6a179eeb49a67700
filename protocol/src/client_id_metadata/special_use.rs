//! Hosts that no stranger may have the server ask: addresses and names that mean a machine near it
//! ([section 6.5](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-6.5),
//! [RFC 6890](https://www.rfc-editor.org/rfc/rfc6890),
//! [RFC 6761](https://www.rfc-editor.org/rfc/rfc6761)).
//!
//! A name that resolves to such an address can't be seen from here: a Worker isn't told what it
//! resolves to. Against that stands the platform's strict public fetch, which the worker insists on.

use std::net::{Ipv4Addr, Ipv6Addr};
use url::Host;

/// How far the server's own fetches may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public hosts by https.
    Public,
    /// Public hosts by https, and http on the loopback interface: for a server whose own issuer is
    /// there, so a developer's machine.
    PublicAndLoopback,
}

/// The last labels of names that mean no public host (RFC 6761, RFC 6762, RFC 7686, RFC 8375,
/// RFC 9476, and what home and company networks use).
const SPECIAL_NAMES: [&str; 16] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "test",
    "invalid",
    "example",
    "onion",
    "alt",
    "arpa",
    "workgroup",
];

/// Passes when `host` may be a public one.
///
/// # Errors
///
/// [`SpecialUse`]: it is an address outside of the public internet, or a name that can't be there.
pub fn refuse_special_use(host: &Host<&str>) -> Result<(), SpecialUse> {
    let special = match host {
        Host::Domain(name) => is_special_name(name),
        Host::Ipv4(address) => is_special_v4(*address),
        Host::Ipv6(address) => is_special_v6(*address),
    };
    if special { Err(SpecialUse) } else { Ok(()) }
}

/// The host isn't a public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialUse;

/// Whether `host` is the loopback interface by one of the names that a redirect URI may have too.
pub(super) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => *address == Ipv4Addr::LOCALHOST,
        Host::Ipv6(address) => *address == Ipv6Addr::LOCALHOST,
    }
}

fn is_special_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    // A name of one label is looked up in the network's own domain.
    !name.contains('.') || SPECIAL_NAMES.contains(&last)
}

/// Every block of the IANA registry of special-purpose IPv4 addresses that isn't globally
/// reachable, multicast, and the addresses by which clouds hand out credentials.
fn is_special_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 168 && b == 63 && c == 129)
}

/// Only 2000::/3 is globally reachable; in it stand the documentation, benchmarking, tunnel and
/// translation blocks, which lead to an IPv4 address that nobody has checked.
fn is_special_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    (first & 0xe000) != 0x2000
        || first == 0x2002
        || (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || (first == 0x3fff && second < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::url::Url;
    use proptest::prelude::*;

    fn is_public(host: &str) -> bool {
        let url = Url::parse(&format!("https://{host}/client.json")).expect(host);
        refuse_special_use(&url.host().expect("host")).is_ok()
    }

    #[test]
    fn cim_05_no_address_near_the_server_is_public() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.170",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.7",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::a00:1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12:3456:789a::1]",
            "[2001:db8::1]",
            "[2001::1]",
            "[2002:7f00:1::]",
            "[ff02::1]",
            "[3fff::1]",
            "[fec0::1]",
        ] {
            assert!(!is_public(host), "{host}");
        }
    }

    #[test]
    fn cim_05_no_name_of_a_private_network_is_public() {
        for host in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "printer.local",
            "db.internal",
            "metadata.google.internal",
            "kubernetes.default.svc.cluster.local",
            "intranet",
            "router",
            "nas.home",
            "x.home.arpa",
            "1.0.0.127.in-addr.arpa",
            "service.test",
            "a.invalid",
            "abc.onion",
        ] {
            assert!(!is_public(host), "{host}");
        }
    }

    #[test]
    fn a_public_host_passes() {
        for host in ["claude.ai", "vscode.dev", "a.b.example.com", "8.8.8.8", "[2606:4700::1111]"] {
            assert!(is_public(host), "{host}");
        }
    }

    proptest! {
        #[test]
        fn every_ipv4_address_in_ipv6_clothes_is_refused(bits in any::<u32>()) {
            let v4 = Ipv4Addr::from(bits);
            let mapped = v4.to_ipv6_mapped();
            prop_assert!(refuse_special_use(&Host::Ipv6(mapped)).is_err());
            #[allow(deprecated)]
            let compatible = v4.to_ipv6_compatible();
            prop_assert!(refuse_special_use(&Host::Ipv6(compatible)).is_err());
        }

        #[test]
        fn loopback_is_never_public(bits in any::<u32>()) {
            let loopback = Ipv4Addr::from(0x7f00_0000 | (bits & 0x00ff_ffff));
            prop_assert!(refuse_special_use(&Host::Ipv4(loopback)).is_err());
        }
    }
}
