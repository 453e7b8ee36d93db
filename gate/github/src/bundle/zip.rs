//! A zip file in memory, read by its central directory and held against everything else it says.
//!
//! A reader that extracts is a reader that can be made to write elsewhere, so this one has no way to.

use std::collections::BTreeMap;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use gate_schema::profile::EXTENSION;

use super::limits::{ENTRIES, INFLATED_BYTES, PROFILES, RATIO, ZIP_BYTES};
use super::{Rejected, Rule};

/// Everything an artifact may hold, by the names of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `baseline.json`.
    Baseline,
    /// `candidate.json`.
    Candidate,
    /// `canary.json`.
    Canary,
    /// `verdict.json`: `gate check` leaves it beside the runs of a measurement that came to its end. Nobody reads
    /// it, so that it is empty here.
    Verdict,
    /// `profiles/1-demo.search.baseline.folded.zst`. What it is of stands in the profile, so of its name
    /// only the number, from 1, and the side say something.
    Profile(usize, Side),
}

/// Whose profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Baseline,
    Candidate,
}

/// Longest part of a profile's name that comes from a scenario.
const STEM_BYTES: usize = 120;

impl Kind {
    fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"baseline.json" => Some(Self::Baseline),
            b"candidate.json" => Some(Self::Candidate),
            b"canary.json" => Some(Self::Canary),
            b"verdict.json" => Some(Self::Verdict),
            _ => Self::profile(std::str::from_utf8(name).ok()?),
        }
    }

    fn profile(name: &str) -> Option<Self> {
        let name = name.strip_prefix("profiles/")?;
        let name = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
        let (number, name) = name.split_once('-')?;
        let (stem, side) = name.rsplit_once('.')?;
        let side = match side {
            "baseline" => Side::Baseline,
            "candidate" => Side::Candidate,
            _ => return None,
        };
        let number = (1..=PROFILES).find(|known| known.to_string() == number)?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        let is_stem = (1..=STEM_BYTES).contains(&stem.len()) && stem.bytes().all(is_plain);
        is_stem.then_some(Self::Profile(number, side))
    }
}

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
/// Bytes of the end record, whose comment must be empty.
const END_BYTES: usize = 22;

/// Flags: 0 encrypted, 6 strongly encrypted, 13 masked. 5 patched data, too.
const FORBIDDEN_FLAGS: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;
/// Sizes stand behind the data.
const HAS_DESCRIPTOR: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Unix file type in the upper half of the external attributes: nothing or a regular file.
const TYPE_MASK: u32 = 0xf000;
const REGULAR: u32 = 0x8000;

/// What the central directory says about an entry.
struct Entry<'a> {
    at: usize,
    kind: Kind,
    flags: u16,
    method: u16,
    crc: u32,
    deflated: usize,
    inflated: usize,
    local: usize,
    raw_name: &'a [u8],
}

/// The entries, inflated.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<Kind, Vec<u8>>, Rejected> {
    if bytes.len() > ZIP_BYTES {
        return Err(at(Rule::ZipSize, ZIP_BYTES));
    }
    let (entries, directory) = read_directory(bytes)?;
    let mut end_of_last = 0;
    let mut by_place: Vec<&Entry<'_>> = entries.iter().collect();
    by_place.sort_by_key(|entry| entry.local);
    let mut data = BTreeMap::new();
    for entry in by_place {
        // Entries that share bytes are how a small file becomes a large one.
        if entry.local != end_of_last {
            return Err(at(Rule::ZipForm, entry.at));
        }
        let (range, end) = place(bytes, entry, directory)?;
        end_of_last = end;
        data.insert(entry.kind, range);
    }
    if end_of_last != directory {
        return Err(at(Rule::ZipForm, end_of_last));
    }
    let declared: usize = entries.iter().map(|entry| entry.inflated).sum();
    if declared > INFLATED_BYTES {
        return Err(at(Rule::ZipInflate, directory));
    }
    let mut files = BTreeMap::new();
    for entry in &entries {
        let range = data.get(&entry.kind).cloned().unwrap_or_default();
        let packed = bytes.get(range).unwrap_or_default();
        let file = match entry.kind {
            Kind::Verdict => Vec::new(),
            _ => inflate(entry, packed)?,
        };
        files.insert(entry.kind, file);
    }
    Ok(files)
}

fn at(rule: Rule, offset: usize) -> Rejected {
    Rejected { rule, offset }
}

/// Little-endian numbers out of a record at `start`; a record that is cut off is no zip file.
struct Record<'a> {
    bytes: &'a [u8],
    start: usize,
}

impl Record<'_> {
    fn new(bytes: &[u8], start: usize, length: usize) -> Result<Record<'_>, Rejected> {
        let end = start.checked_add(length).ok_or(at(Rule::ZipForm, start))?;
        let bytes = bytes.get(start..end).ok_or(at(Rule::ZipForm, start))?;
        Ok(Record { bytes, start })
    }

    fn u16(&self, offset: usize) -> Result<u16, Rejected> {
        let two = self
            .bytes
            .get(offset..offset + 2)
            .and_then(|b| b.try_into().ok());
        two.map(u16::from_le_bytes)
            .ok_or(at(Rule::ZipForm, self.start))
    }

    fn u32(&self, offset: usize) -> Result<u32, Rejected> {
        let four = self
            .bytes
            .get(offset..offset + 4)
            .and_then(|b| b.try_into().ok());
        four.map(u32::from_le_bytes)
            .ok_or(at(Rule::ZipForm, self.start))
    }

    fn size(&self, offset: usize) -> Result<usize, Rejected> {
        // All ones point to zip64, which nothing below four gigabytes needs.
        match self.u32(offset)? {
            u32::MAX => Err(at(Rule::ZipForm, self.start)),
            size => usize::try_from(size).map_err(|_| at(Rule::ZipForm, self.start)),
        }
    }
}

/// The entries, and where the directory starts.
fn read_directory(bytes: &[u8]) -> Result<(Vec<Entry<'_>>, usize), Rejected> {
    let end_at = bytes
        .len()
        .checked_sub(END_BYTES)
        .ok_or(at(Rule::ZipForm, 0))?;
    let end = Record::new(bytes, end_at, END_BYTES)?;
    let (count, size, start) = (end.u16(10)?, end.size(12)?, end.size(16)?);
    let is_plain = end.u32(0)? == END
        && end.u16(4)? == 0
        && end.u16(6)? == 0
        && end.u16(8)? == count
        && end.u16(20)? == 0
        && start.checked_add(size) == Some(end_at);
    if !is_plain {
        return Err(at(Rule::ZipForm, end_at));
    }
    if usize::from(count) > ENTRIES {
        return Err(at(Rule::ZipEntries, end_at));
    }
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut next = start;
    for _ in 0..count {
        let (entry, after) = read_entry(bytes, next)?;
        if entries.iter().any(|known| known.kind == entry.kind) {
            return Err(at(Rule::ZipName, next));
        }
        entries.push(entry);
        next = after;
    }
    if next != end_at {
        return Err(at(Rule::ZipForm, next));
    }
    Ok((entries, start))
}

fn read_entry(bytes: &[u8], start: usize) -> Result<(Entry<'_>, usize), Rejected> {
    let record = Record::new(bytes, start, 46)?;
    let lengths = [record.u16(28)?, record.u16(30)?, record.u16(32)?].map(usize::from);
    if record.u32(0)? != CENTRAL || record.u16(34)? != 0 {
        return Err(at(Rule::ZipForm, start));
    }
    let raw_name = bytes
        .get(start + 46..start + 46 + lengths[0])
        .unwrap_or_default();
    let kind = Kind::of(raw_name).ok_or(at(Rule::ZipName, start))?;
    let (flags, method) = (record.u16(8)?, record.u16(10)?);
    let file_type = (record.u32(38)? >> 16) & TYPE_MASK;
    let is_plain_file = flags & FORBIDDEN_FLAGS == 0
        && matches!(method, STORED | DEFLATED)
        && (file_type == 0 || file_type == REGULAR);
    if !is_plain_file {
        return Err(at(Rule::ZipKind, start));
    }
    let entry = Entry {
        at: start,
        kind,
        flags,
        method,
        crc: record.u32(16)?,
        deflated: record.size(20)?,
        inflated: record.size(24)?,
        local: record.size(42)?,
        raw_name,
    };
    if entry.inflated > entry.deflated.saturating_mul(RATIO) {
        return Err(at(Rule::ZipInflate, start));
    }
    Ok((entry, start + 46 + lengths.iter().sum::<usize>()))
}

/// Where the data of an entry is and where its record ends, if its local record tells the same story.
fn place(
    bytes: &[u8],
    entry: &Entry<'_>,
    directory: usize,
) -> Result<(std::ops::Range<usize>, usize), Rejected> {
    let lies = at(Rule::ZipForm, entry.local);
    let record = Record::new(bytes, entry.local, 30)?;
    let (name, extra) = (usize::from(record.u16(26)?), usize::from(record.u16(28)?));
    let start = entry.local + 30 + name + extra;
    let end = start.checked_add(entry.deflated).ok_or(lies)?;
    let told = [record.u32(14)?, record.u32(18)?, record.u32(22)?];
    let sizes =
        [entry.deflated, entry.inflated].map(|size| u32::try_from(size).unwrap_or(u32::MAX));
    let expected = [entry.crc, sizes[0], sizes[1]];
    let has_descriptor = entry.flags & HAS_DESCRIPTOR != 0;
    let is_same = record.u32(0)? == LOCAL
        && record.u16(6)? == entry.flags
        && record.u16(8)? == entry.method
        && bytes.get(entry.local + 30..entry.local + 30 + name) == Some(entry.raw_name)
        && (told == expected || (has_descriptor && told == [0, 0, 0]));
    if !is_same || end > directory {
        return Err(lies);
    }
    if !has_descriptor {
        return Ok((start..end, end));
    }
    let behind = Record::new(bytes, end, 16)?;
    if behind.u32(0)? != DESCRIPTOR || [behind.u32(4)?, behind.u32(8)?, behind.u32(12)?] != expected
    {
        return Err(at(Rule::ZipForm, end));
    }
    Ok((start..end, end + 16))
}

/// The bytes of an entry: exactly as many as it declares, with the checksum it declares.
fn inflate(entry: &Entry<'_>, packed: &[u8]) -> Result<Vec<u8>, Rejected> {
    let lies = at(Rule::ZipInflate, entry.local);
    let mut file = vec![0; entry.inflated];
    if entry.method == STORED {
        if packed.len() != file.len() {
            return Err(lies);
        }
        file.copy_from_slice(packed);
    } else {
        let mut inflater = Decompress::new(false);
        let status = inflater.decompress(packed, &mut file, FlushDecompress::Finish);
        let is_exact = matches!(status, Ok(Status::StreamEnd))
            && inflater.total_out() == entry.inflated as u64
            && inflater.total_in() == entry.deflated as u64;
        if !is_exact {
            return Err(lies);
        }
    }
    let mut crc = Crc::new();
    crc.update(&file);
    if crc.sum() == entry.crc {
        Ok(file)
    } else {
        Err(lies)
    }
}
