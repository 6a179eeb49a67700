//! QR codes ([ISO/IEC 18004](https://www.iso.org/standard/83389.html)) as SVG.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write;

/// The empty border that readers need.
const QUIET_ZONE: i32 = 4;

/// An SVG document with the QR code of `text`, black on white in any theme; [`None`] for a text that
/// is too long for one.
#[must_use]
pub fn qr_code(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size() + 2 * QUIET_ZONE;
    let mut dark = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let length = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            let length = i32::try_from(length).ok()?;
            if length > 0 {
                let (left, top) = (x + QUIET_ZONE, y + QUIET_ZONE);
                write!(dark, "M{left} {top}h{length}v1h-{length}z").ok()?;
            }
            x += length.max(1);
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}h-{size}z\"/>\
         <path fill=\"#000\" d=\"{dark}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Paints the document as a browser does, four pixels a module, and reads it with a reader that
    /// isn't ours.
    fn read(svg: &str) -> String {
        const SCALE: usize = 4;
        let size: usize =
            svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        let mut dark = vec![false; size * size];
        let path = svg.split("#000\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        for run in path.split_terminator('z') {
            let numbers: Vec<usize> = run
                .split(|character: char| !character.is_ascii_digit())
                .filter(|number| !number.is_empty())
                .map(|number| number.parse().unwrap())
                .collect();
            let [x, y, length, ..] = numbers[..] else { panic!("{run}") };
            dark[y * size + x..y * size + x + length].fill(true);
        }
        let pixel = |x: usize, y: usize| {
            if dark[y / SCALE * size + x / SCALE] { 0 } else { 255 }
        };
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(size * SCALE, size * SCALE, pixel);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().expect("readable").1
    }

    #[test]
    fn rfc8628_3_3_1_the_qr_code_says_the_address_with_the_code() {
        let address = "https://id.example/mcp/oauth/device?user_code=BCDF-1234";
        let svg = qr_code(address).expect("a QR code");
        assert_eq!(read(&svg), address);
        assert!(!svg.contains("<script") && !svg.contains("style"));
        assert_eq!(qr_code(&"a".repeat(5_000)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_address_reads_back(host in "[a-z]{1,60}", code in "[A-Z]{4}-[0-9]{4}") {
            let address = format!("https://{host}.example/device?user_code={code}");
            prop_assert_eq!(read(&qr_code(&address).expect("a QR code")), address);
        }
    }
}
