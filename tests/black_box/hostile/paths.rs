//! Paths and queries: where a hostile request goes.

use latchkey_tests::chaos::seed::Random;

use super::mutations;

/// What is there besides the endpoints, and what isn't.
pub const ELSEWHERE: [&str; 12] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/mcp",
    "/mcp/deeper",
    "/api",
    "/api/notes/1",
    "/playground/",
    "/admin",
    "/nowhere",
    "/favicon.ico",
];

/// Writes a path in another way, most of which mean nothing here.
pub fn damaged(random: &mut Random, path: &str) -> Vec<u8> {
    let mut text = path.as_bytes().to_vec();
    match random.below(16) {
        0 => text.insert(0, b'/'),
        1 => text.push(b'/'),
        2 => text = [b"/.", path.as_bytes()].concat(),
        3 => text = [b"/x/..", path.as_bytes()].concat(),
        4 => text = [b"/%2e%2e", path.as_bytes()].concat(),
        5 => text = path.replacen('/', "%2f", 2).into_bytes(),
        6 => text = path.to_ascii_uppercase().into_bytes(),
        7 => text.extend_from_slice(b";a=b"),
        8 => text.extend_from_slice(b"%00"),
        9 => text.extend_from_slice(b"\\..\\"),
        10 => text = [b"http://evil.example".as_slice(), path.as_bytes()].concat(),
        11 => text.extend_from_slice(b"#fragment"),
        12 => text.extend(mutations::long(random, 4_000).into_iter().filter(u8::is_ascii_graphic)),
        13 => text = b"*".to_vec(),
        14 => text.extend_from_slice("/\u{e9}\u{202e}".as_bytes()),
        _ => mutations::bytes(random, &mut text),
    }
    text
}
