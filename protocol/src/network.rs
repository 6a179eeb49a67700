//! Which network a request comes from, and with whom it shares a limit.
//!
//! A limit counts a network, not an address: whoever has one IPv6 address has 2^64 of them. A hosted
//! client's people all arrive from its few addresses, so such ranges are counted apart, as a whole,
//! against a larger limit: else the first few of them would lock the others out.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A range of addresses, as `160.79.104.0/21`
/// ([RFC 4632 section 3.1](https://www.rfc-editor.org/rfc/rfc4632#section-3.1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    /// Its first address, as 128 bits; of IPv4 the last 32.
    first: u128,
    length: u32,
    is_v4: bool,
}

impl AddressRange {
    /// Reads a range; `None` unless it is an address and the number of bits that count, and no
    /// other bit of the address is set. IPv4 is written as IPv4: an address is compared by its own kind,
    /// so that `::ffff:10.0.0.0/104` would have none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        if address.to_canonical() != address {
            return None;
        }
        let digits = (1..=3).contains(&length.len()) && length.bytes().all(|b| b.is_ascii_digit());
        let length: u32 = length.parse().ok().filter(|_| digits)?;
        let is_v4 = address.is_ipv4();
        let first = bits(address);
        let range = Self { first, length, is_v4 };
        (length <= range.width() && first & range.mask() == first).then_some(range)
    }

    const fn width(self) -> u32 {
        if self.is_v4 { 32 } else { 128 }
    }

    /// The bits that count.
    fn mask(self) -> u128 {
        let all = if self.is_v4 { u128::from(u32::MAX) } else { u128::MAX };
        all & all.checked_shl(self.width().saturating_sub(self.length)).unwrap_or(0)
    }

    /// Whether the address is in the range.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.is_v4 && bits(address) & self.mask() == self.first
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_v4, u32::try_from(self.first)) {
            (true, Ok(first)) => {
                write!(formatter, "{}/{}", std::net::Ipv4Addr::from(first), self.length)
            }
            _ => write!(formatter, "{}/{}", Ipv6Addr::from(self.first), self.length),
        }
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// With whom a request shares a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharers {
    /// Nobody: it comes from this machine, where only a developer is.
    Nobody,
    /// Its own network, an IPv4 address or an IPv6 /64.
    Network(AddressRange),
    /// Everybody behind the egress of a hosted client.
    Egress(AddressRange),
}

impl Sharers {
    /// Those of a request from `address`; `None` when that is no address. The first range of
    /// `shared_egress` that has it counts.
    #[must_use]
    pub fn of(address: &str, shared_egress: &[AddressRange]) -> Option<Self> {
        let address = address.trim().parse::<IpAddr>().ok()?.to_canonical();
        if address.is_loopback() {
            return Some(Self::Nobody);
        }
        if let Some(range) = shared_egress.iter().find(|range| range.contains(address)) {
            return Some(Self::Egress(*range));
        }
        let is_v4 = address.is_ipv4();
        let mut range = AddressRange { first: 0, length: if is_v4 { 32 } else { 64 }, is_v4 };
        range.first = bits(address) & range.mask();
        Some(Self::Network(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range(text: &str) -> AddressRange {
        AddressRange::parse(text).expect(text)
    }

    #[test]
    fn rfc4632_3_1_a_range_is_an_address_and_the_bits_that_count() {
        for good in ["160.79.104.0/21", "0.0.0.0/0", "10.1.2.3/32", "2001:db8::/32", "::/0"] {
            assert_eq!(range(good).to_string(), good);
        }
        for wrong in [
            "",
            "/",
            "160.79.104.0",
            "160.79.104.1/21",
            "10.0.0.0/33",
            "::ffff:10.0.0.0/104",
            "::/129",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0/8",
            "10.0.0.0/8/8",
            "10.0.0.0/0008",
            "a/8",
            "10.0.0.0/",
        ] {
            assert_eq!(AddressRange::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_range_has_its_own_addresses_and_no_others() {
        let cases = [
            ("160.79.104.0/21", "160.79.104.0", true),
            ("160.79.104.0/21", "160.79.111.255", true),
            ("160.79.104.0/21", "160.79.112.0", false),
            ("160.79.104.0/21", "160.79.103.255", false),
            ("160.79.104.0/21", "::ffff:160.79.105.1", true),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "1.2.3.4", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ];
        for (text, address, expected) in cases {
            assert_eq!(
                range(text).contains(address.parse().expect(address)),
                expected,
                "{text} {address}"
            );
        }
    }

    #[test]
    fn needs_32_a_network_counts_alone_and_a_shared_egress_as_a_whole() {
        let shared = [range("160.79.104.0/21"), range("2607:6bc0::/32")];
        let of = |address| Sharers::of(address, &shared);
        assert_eq!(of("203.0.113.7"), Some(Sharers::Network(range("203.0.113.7/32"))));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
        assert_eq!(of("2001:db8:1:2::a"), Some(Sharers::Network(range("2001:db8:1:2::/64"))));
        assert_eq!(of("2001:db8:1:2::a"), of("2001:db8:1:2:ffff::b"));
        assert_ne!(of("2001:db8:1:2::a"), of("2001:db8:1:3::a"));
        // One host in two spellings.
        assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.7"));
        for address in ["160.79.104.10", "160.79.106.35", "::ffff:160.79.105.1"] {
            assert_eq!(of(address), Some(Sharers::Egress(shared[0])), "{address}");
        }
        assert_eq!(of("2607:6bc0::10"), Some(Sharers::Egress(shared[1])));
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(address), Some(Sharers::Nobody), "{address}");
        }
        for address in ["", "unknown", "1.2.3", "1.2.3.4, 5.6.7.8"] {
            assert_eq!(of(address), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,60}", address in "[0-9a-f:./]{0,45}") {
            let _ = AddressRange::parse(&text);
            if let Some(range) = AddressRange::parse(&address) {
                prop_assert_eq!(AddressRange::parse(&range.to_string()), Some(range));
            }
            let _ = Sharers::of(&address, &[]);
        }
    }
}
