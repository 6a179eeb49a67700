//! What is done to bytes that were sound.

use latchkey_tests::chaos::seed::Random;

/// Texts that parsers stumble over.
const ODD: &[&[u8]] = &[
    b"",
    b" ",
    b"\0",
    b"%00",
    b"%",
    b"%zz",
    b"%ff%fe",
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"%ed%a0%80",
    b"\xe2\x80\xae",
    b"\r\nX-Injected: 1",
    b"%0d%0aX-Injected:%201",
    b"'\"><script>alert(1)</script>",
    b"' OR 1=1; DROP TABLE grants; --",
    b"../../../../etc/passwd",
    b"${jndi:ldap://127.0.0.1/x}",
    b"{{7*7}}",
    b"$(reboot)`reboot`;reboot|reboot",
    b"javascript:alert(1)",
    b"data:text/html,<script>alert(1)</script>",
    b"file:///etc/passwd",
    b"https://evil.example/",
    b"//evil.example",
    b"\\\\evil.example",
    b"http://169.254.169.254/latest/meta-data",
    b"null",
    b"undefined",
    b"NaN",
    b"true",
    b"[]",
    b"{}",
    b"-1",
    b"0",
    b"9007199254740993",
    b"99999999999999999999999999",
    b"1e400",
    b"__proto__",
    b"constructor",
    b"\xf0\x9f\x92\xa9",
    b"\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
    b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
    b"latchkey_rt_",
    b"latchkey_ac_..",
];

/// What long texts are made of.
const ENDLESS: &[&[u8]] =
    &[b"A", b"%41", b"&", b"=", b"[", b"{\"a\":", b"\xff", b"%00", b"a=1&", b"."];

/// One of the odd texts.
pub fn odd(random: &mut Random) -> Vec<u8> {
    random.pick(ODD).to_vec()
}

/// A long text, of up to about so many bytes.
pub fn long(random: &mut Random, most: usize) -> Vec<u8> {
    let part = *random.pick(ENDLESS);
    let length = 1 + random.below(most);
    part.iter().copied().cycle().take(length).collect()
}

/// Changes bytes somewhere: flipped, taken out, repeated, put in, cut off, or exchanged.
pub fn bytes(random: &mut Random, text: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        let at = random.below(text.len() + 1);
        let end = (at + 1 + random.below(16)).min(text.len());
        match random.below(8) {
            0 if at < text.len() => text[at] ^= 1 << random.below(8),
            1 => drop(text.drain(at.min(end)..end)),
            2 => {
                let part = text[at.min(end)..end].to_vec();
                text.splice(at..at, part);
            }
            3 => text.truncate(at),
            4 => {
                let part = odd(random);
                text.splice(at..at, part);
            }
            5 => {
                let part = odd(random);
                text.splice(at.min(end)..end, part);
            }
            6 => text.reverse(),
            _ => {
                let part = long(random, 2_000);
                text.splice(at..at, part);
            }
        }
    }
}

/// Changes the fields of a form or query: a name, a value, an order, a field that is missing, repeated or new.
pub fn fields(random: &mut Random, fields: &mut Vec<(Vec<u8>, Vec<u8>)>) {
    for _ in 0..random.below(4) {
        let at = random.below(fields.len().max(1));
        match random.below(8) {
            0 if at < fields.len() => drop(fields.remove(at)),
            1 if at < fields.len() => fields.push(fields[at].clone()),
            2 if at < fields.len() => {
                let name = fields[at].0.clone();
                fields.push((name, odd(random)));
            }
            3 if at < fields.len() => fields[at].1 = odd(random),
            4 if at < fields.len() => bytes(random, &mut fields[at].1),
            5 if at < fields.len() => bytes(random, &mut fields[at].0),
            6 if at < fields.len() => fields[at].1 = long(random, 12_000),
            _ => fields.push((odd(random), odd(random))),
        }
    }
}

/// Writes a form, sometimes with less encoded than should be.
pub fn form(random: &mut Random, fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let raw = random.one_in(4);
    let mut text = Vec::new();
    for (name, value) in fields {
        for (part, end) in [(name, b'='), (value, b'&')] {
            if raw {
                text.extend_from_slice(part);
            } else {
                text.extend(form_urlencoded::byte_serialize(part).collect::<String>().into_bytes());
            }
            text.push(end);
        }
    }
    text.pop();
    text
}
