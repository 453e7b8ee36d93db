//! Zip files as no honest writer makes them.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// One entry of a zip file, with everything a writer can lie about.
#[derive(Clone)]
pub(in crate::bundle) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) data: Vec<u8>,
    pub(super) flags: u16,
    pub(super) attributes: u32,
    pub(super) declared: Option<u32>,
    pub(super) crc: Option<u32>,
    pub(super) descriptor: bool,
}

pub(in crate::bundle) fn entry(name: &str, data: &[u8]) -> Entry {
    Entry {
        name: name.as_bytes().to_vec(),
        data: data.to_vec(),
        flags: 0,
        attributes: 0,
        declared: None,
        crc: None,
        descriptor: false,
    }
}

pub(in crate::bundle) fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&entry.data).expect("into memory");
        let packed = packer.finish().expect("into memory");
        let mut crc = Crc::new();
        crc.update(&entry.data);
        let crc = entry.crc.unwrap_or(crc.sum());
        let sizes = [
            packed.len() as u32,
            entry.declared.unwrap_or(entry.data.len() as u32),
        ];
        let flags = entry.flags | if entry.descriptor { 8 } else { 0 };
        let local = out.len() as u32;
        let told = if entry.descriptor {
            [0; 3]
        } else {
            [crc, sizes[0], sizes[1]]
        };
        let common = |told: [u32; 3]| {
            let mut head = Vec::new();
            for number in [20, flags, 8, 0, 0] {
                head.extend(number.to_le_bytes());
            }
            told.iter()
                .for_each(|number| head.extend(number.to_le_bytes()));
            head.extend((entry.name.len() as u16).to_le_bytes());
            head.extend(0_u16.to_le_bytes());
            head
        };
        out.extend(0x0403_4b50_u32.to_le_bytes());
        out.extend(common(told));
        out.extend(&entry.name);
        out.extend(&packed);
        if entry.descriptor {
            for number in [0x0807_4b50, crc, sizes[0], sizes[1]] {
                out.extend(number.to_le_bytes());
            }
        }
        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(20_u16.to_le_bytes());
        directory.extend(common([crc, sizes[0], sizes[1]]));
        directory.extend([0; 6]);
        directory.extend(entry.attributes.to_le_bytes());
        directory.extend(local.to_le_bytes());
        directory.extend(&entry.name);
    }
    let (start, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(0x0605_4b50_u32.to_le_bytes());
    out.extend([0; 4]);
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}
