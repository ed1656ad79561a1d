//! Bytes to text.

use super::Failure;

/// Decodes a file: UTF-8, or UTF-16 that a byte order mark or its zero bytes give away (YAML 1.2.2, section 5.2).
///
/// A byte order mark is not part of the text, so the first line's columns count from its first character.
///
/// # Errors
///
/// The file is binary or in another encoding; the reason says at which byte of the file.
pub fn decode(mut bytes: Vec<u8>) -> Result<String, Failure> {
    let mut skipped = 0;
    match bytes.as_slice() {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => {
            return Err(Failure::unreadable("UTF-32 text is not supported", None));
        }
        [0xFF, 0xFE, units @ ..] => return utf16(units, u16::from_le_bytes),
        [0xFE, 0xFF, units @ ..] => return utf16(units, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, ..] => {
            skipped = 3;
            bytes.drain(..skipped);
        }
        [first, 0, ..] if *first != 0 && is_wide(&bytes, 1) => {
            return utf16(&bytes, u16::from_le_bytes);
        }
        [0, second, ..] if *second != 0 && is_wide(&bytes, 0) => {
            return utf16(&bytes, u16::from_be_bytes);
        }
        _ => {}
    }
    if bytes.contains(&0) {
        return Err(binary());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..valid).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::unreadable(
            format!("not UTF-8: line {line}, byte {}", valid + skipped),
            None,
        )
    })
}

fn binary() -> Failure {
    Failure::unreadable("binary file", None)
}

/// Whether the start looks like UTF-16 of mostly Latin text, whose high bytes stand at odd or even places.
fn is_wide(bytes: &[u8], high: usize) -> bool {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let start = pairs.get(..pairs.len().min(64)).unwrap_or_default();
    let latin = start.iter().filter(|pair| pair.get(high) == Some(&0));
    rest.is_empty() && latin.count() * 4 >= start.len() * 3 && !start.contains(&[0, 0])
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Failure> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let decoded: Result<String, _> =
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    match decoded {
        Ok(text) if text.contains('\0') => Err(binary()),
        Ok(text) if rest.is_empty() => Ok(text),
        Ok(_) => Err(Failure::unreadable(
            "not UTF-16: half a character at the end",
            None,
        )),
        Err(error) => Err(Failure::unreadable(
            format!(
                "not UTF-16: `{:04X}` is half a character",
                error.unpaired_surrogate()
            ),
            None,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: Result<&str, &str>) {
        let got = decode(bytes.to_vec()).map_err(|failure| failure.reason);
        assert_eq!(got.as_deref().map_err(String::as_str), expect);
    }

    fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn drops_the_byte_order_mark() {
        check(b"\xEF\xBB\xBFa: \xC3\xA4", Ok("a: ä"));
        check(b"\xEF\xBB\xBF", Ok(""));
    }

    #[test]
    fn decodes_utf_16_of_either_order_with_and_without_a_mark() {
        let text = "name: 𝄞 ünï\n";
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            check(&wide(&format!("\u{FEFF}{text}"), order), Ok(text));
            check(&wide(text, order), Ok(text));
        }
    }

    #[test]
    fn says_where_utf_8_ends() {
        check(b"a: 1\nb: \xFF", Err("not UTF-8: line 2, byte 8"));
        check(b"\xEF\xBB\xBFa: \xFF", Err("not UTF-8: line 1, byte 6"));
    }

    #[test]
    fn refuses_binary_files_and_broken_utf_16() {
        check(b"\x7FELF\x02\x01\x00\x00\x00", Err("binary file"));
        check(b"a\x00\x00b", Err("binary file"));
        check(&[0xFF, 0xFE, b'a', 0, 0, 0], Err("binary file"));
        check(
            &[0xFF, 0xFE, b'a', 0, 0, 0xD8],
            Err("not UTF-16: `D800` is half a character"),
        );
        check(
            &[0xFF, 0xFE, b'a', 0, b'b'],
            Err("not UTF-16: half a character at the end"),
        );
        check(
            &[0xFF, 0xFE, 0, 0, b'a', 0, 0, 0],
            Err("UTF-32 text is not supported"),
        );
    }
}
