//! Prepared truths on disk: a plain sequence of little-endian 32-bit words.

use std::fs;
use std::io;
use std::path::Path;

/// Writes words; floating-point numbers go in by their bits.
pub(crate) fn write(path: &Path, words: impl IntoIterator<Item = u32>) -> io::Result<()> {
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    fs::write(path, bytes)
}

/// Reads what [`write`] wrote.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u32>> {
    let bytes = fs::read(path)?;
    let (words, []) = bytes.as_chunks::<4>() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a whole number of words",
        ));
    };
    Ok(words.iter().map(|&word| u32::from_le_bytes(word)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_and_cut_files_do_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("words");
        write(&path, [1, u32::MAX, 0.25_f32.to_bits()]).expect("is writable");
        assert_eq!(
            read(&path).expect("is whole"),
            [1, u32::MAX, 0.25_f32.to_bits()]
        );
        fs::write(&path, [0; 7]).expect("is writable");
        assert!(read(&path).is_err());
    }
}
