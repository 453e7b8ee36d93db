//! Latency distributions as text: HDR V2, deflate, base64.
//!
//! The layout is the one every HdrHistogram port reads: eight bytes of cookie and length, then a
//! zlib stream that holds a V2 histogram.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::ZlibDecoder;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use crate::defect::Defect;

/// The histogram type of all crates.
pub type Histogram = hdrhistogram::Histogram<u64>;

/// Longest accepted text. A histogram of 10^8 samples over six decades at three digits is 10 KB.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;

/// Largest accepted inflated histogram: 16 times the text limit stops a deflate bomb.
const MAX_INFLATED_BYTES: u64 = 4 * 1024 * 1024;

/// Cookie of a V2 histogram inside deflate, as every port of the format writes it.
const DEFLATE_COOKIE: u32 = 0x1c84_9314;

/// Most significant digits accepted; five would take 100 MB per histogram.
const MAX_DIGITS: u8 = 4;

/// Encodes a histogram.
///
/// # Errors
/// [`Defect::Histogram`] when the encoder refuses it, which needs counts above 2^63.
pub fn encode(histogram: &Histogram) -> Result<String, Defect> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(histogram, &mut bytes)
        .map_err(|_| Defect::Histogram("cannot be encoded"))?;
    Ok(BASE64.encode(bytes))
}

/// Decodes a histogram within fixed limits of size and precision.
///
/// # Errors
/// [`Defect::Histogram`] with the reason.
pub fn decode(text: &str) -> Result<Histogram, Defect> {
    let inflated = inflate(text)?;
    Deserializer::new()
        .deserialize(&mut inflated.as_slice())
        .map_err(|_| Defect::Histogram("truncated or corrupt"))
}

/// What a histogram recorded: its non-empty buckets in ascending order of value.
///
/// A verdict needs one pass over the counts. Building the whole [`Histogram`] for that costs 200 KB
/// of zeroed memory and several times the time; a run has thousands of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Non-empty buckets, ascending.
    pub buckets: Vec<Bucket>,
    /// Number of values recorded; saturates, as no run can record that many.
    pub count: u64,
    /// Least and largest sum that these buckets allow.
    sum: (f64, f64),
}

impl Recorded {
    /// Decodes the buckets of a histogram.
    ///
    /// # Errors
    /// [`Defect::Histogram`] with the reason.
    pub fn decode(text: &str) -> Result<Self, Defect> {
        Self::read(&inflate(text)?).ok_or(Defect::Histogram("truncated or corrupt"))
    }

    fn read(inflated: &[u8]) -> Option<Self> {
        let layout = Layout::read(inflated)?;
        let mut payload = inflated.get(HEADER_BYTES..)?;
        let mut buckets = Vec::with_capacity(payload.len());
        // Locals, because sums in memory would wait for each other's stores.
        let (mut count, mut least, mut most) = (0_u64, 0.0, 0.0);
        let mut index: u64 = 0;
        while !payload.is_empty() {
            let number = read_zigzag(&mut payload)?;
            if number > 0 {
                let bucket = layout.bucket(index, number.unsigned_abs())?;
                let (low, width, of_bucket) = bucket.numbers();
                least += low * of_bucket;
                most += (low + width) * of_bucket;
                count = count.saturating_add(bucket.count);
                buckets.push(bucket);
            }
            // A negative number is a run of empty buckets.
            let passed = if number < 0 { number.unsigned_abs() } else { 1 };
            index = index.checked_add(passed)?;
        }
        // Values beyond the recorder's bound were counted as the bound, and their sum was not.
        if buckets
            .last()
            .is_some_and(|last: &Bucket| last.low + last.width > layout.highest)
        {
            most = f64::MAX;
        }
        Some(Self {
            buckets,
            count,
            sum: (least, most),
        })
    }

    /// Checks that a sum can belong to these buckets: between all values at their bucket's lower and
    /// all at its upper edge.
    ///
    /// # Errors
    /// [`Defect::HistogramSum`] when it cannot.
    pub fn check_sum(&self, sum: f64) -> Result<(), Defect> {
        let (least, most) = self.sum;
        let rounding = 1.0 + 1e-9 * least;
        let fits = sum.is_finite() && sum >= least - rounding && sum <= most + rounding;
        if fits {
            Ok(())
        } else {
            Err(Defect::HistogramSum)
        }
    }
}

/// Values recorded into one bucket: `count` of them, from `low` to below `low + width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Smallest value of the bucket.
    pub low: u64,
    /// Distance to the next bucket.
    pub width: u64,
    /// Values recorded, at least 1.
    pub count: u64,
}

impl Bucket {
    /// Low end, width and count as floating point.
    #[must_use]
    #[inline]
    pub fn numbers(self) -> (f64, f64, f64) {
        // All fit 63 bits, and signed numbers convert in one instruction where unsigned take a branch.
        let number = |n: u64| n.cast_signed() as f64;
        (number(self.low), number(self.width), number(self.count))
    }
}

/// Bytes of the V2 header: cookie, payload length, index offset, digits, lowest, highest, ratio.
const HEADER_BYTES: usize = 40;

/// How bucket indices become values.
struct Layout {
    unit_magnitude: u32,
    half_count_magnitude: u32,
    highest: u64,
}

impl Layout {
    fn read(header: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let long = |at: usize| Some(u64::from_be_bytes(header.get(at..at + 8)?.try_into().ok()?));
        let (lowest, highest) = (long(16)?, long(24)?);
        // Buckets are fine enough that twice ten to the digits of them span one octave.
        let digits = number(12).filter(|digits| *digits <= u32::from(MAX_DIGITS))?;
        let resolution = 2 * 10_u64.pow(digits);
        let sub_count_magnitude = resolution.next_power_of_two().trailing_zeros();
        let unit_magnitude = lowest.max(1).ilog2();
        let offset_is_zero = number(8)? == 0;
        let fits = offset_is_zero && unit_magnitude + sub_count_magnitude < 64;
        fits.then_some(Self {
            unit_magnitude,
            half_count_magnitude: sub_count_magnitude - 1,
            highest,
        })
    }

    fn bucket(&self, index: u64, count: u64) -> Option<Bucket> {
        let half_count = 1_u64 << self.half_count_magnitude;
        let octave = index >> self.half_count_magnitude;
        let within = index & (half_count - 1);
        // The first octave has a lower half of its own; all others only an upper one.
        let (octave, sub) = if octave == 0 {
            (0, within)
        } else {
            (octave - 1, within + half_count)
        };
        let shift = u32::try_from(octave)
            .ok()?
            .checked_add(self.unit_magnitude)?;
        let fits = shift + self.half_count_magnitude < 63;
        fits.then(|| Bucket {
            low: sub << shift,
            width: 1 << shift,
            count,
        })
    }
}

/// Reads one number of at most nine bytes, seven bits each, sign in the lowest bit.
#[inline]
fn read_zigzag(bytes: &mut &[u8]) -> Option<i64> {
    // Counts below 64, by far the most, are one byte.
    if let [byte @ 0..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Some(i64::from(byte >> 1) ^ -i64::from(byte & 1));
    }
    let mut encoded: u64 = 0;
    for (at, &byte) in bytes.iter().take(9).enumerate() {
        // The ninth byte has eight bits of payload and no continuation.
        let payload = if at == 8 { byte } else { byte & 0x7f };
        encoded |= u64::from(payload) << (7 * at);
        if at == 8 || byte & 0x80 == 0 {
            *bytes = &bytes[at + 1..];
            return Some((encoded >> 1).cast_signed() ^ -(encoded & 1).cast_signed());
        }
    }
    None
}

/// The V2 histogram inside a text, its precision checked.
fn inflate(text: &str) -> Result<Vec<u8>, Defect> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Defect::Histogram("larger than 256 KiB"));
    }
    let bytes = BASE64
        .decode(text)
        .map_err(|_| Defect::Histogram("not base64"))?;
    let (head, deflated) = bytes
        .split_at_checked(8)
        .ok_or(Defect::Histogram("truncated"))?;
    if head[..4] != DEFLATE_COOKIE.to_be_bytes() {
        return Err(Defect::Histogram("not a compressed V2 histogram"));
    }
    let mut inflated = Vec::with_capacity(8 * 1024);
    ZlibDecoder::new(deflated)
        .take(MAX_INFLATED_BYTES + 1)
        .read_to_end(&mut inflated)
        .map_err(|_| Defect::Histogram("truncated or corrupt"))?;
    if inflated.len() as u64 > MAX_INFLATED_BYTES {
        return Err(Defect::Histogram("inflates to more than 4 MiB"));
    }
    // Bytes 12 to 15 of the V2 header are the number of significant digits, big endian.
    match inflated.get(12..16) {
        Some([0, 0, 0, digits]) if (1..=MAX_DIGITS).contains(digits) => Ok(inflated),
        Some(_) => Err(Defect::Histogram("more than 4 significant digits")),
        None => Err(Defect::Histogram("truncated")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram =
            Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds are valid");
        for &value in values {
            histogram.record(value).expect("in bounds");
        }
        histogram
    }

    #[test]
    fn hostile_texts_are_refused_with_a_reason() {
        let good = encode(&of(&[1, 1000, 1_000_000])).expect("encodes");
        let cut = &good[..good.len() / 2 / 4 * 4];
        let mut bomb = DEFLATE_COOKIE.to_be_bytes().to_vec();
        bomb.extend([0; 4]);
        let mut zlib = flate2::write::ZlibEncoder::new(bomb, flate2::Compression::best());
        std::io::Write::write_all(&mut zlib, &vec![0; 8 << 20]).expect("into memory");
        let bomb = BASE64.encode(zlib.finish().expect("into memory"));
        for (text, why) in [
            ("", "truncated"),
            ("!!!", "not base64"),
            ("AAAAAAAAAAAA", "not a compressed V2 histogram"),
            (cut, "truncated or corrupt"),
            (&bomb, "inflates to more than 4 MiB"),
            (&"A".repeat(MAX_TEXT_BYTES + 4), "larger than 256 KiB"),
        ] {
            assert_eq!(
                decode(text).err(),
                Some(Defect::Histogram(why)),
                "{}",
                &text[..text.len().min(40)]
            );
        }
    }

    #[test]
    fn five_digits_are_refused_before_they_allocate() {
        let fine = Histogram::new_with_bounds(1, 1_000_000, 5).expect("bounds are valid");
        let text = encode(&fine).expect("encodes");
        assert_eq!(
            decode(&text).err(),
            Some(Defect::Histogram("more than 4 significant digits"))
        );
    }

    #[test]
    fn a_sum_must_fit_the_buckets() {
        let recorded = Recorded::decode(&encode(&of(&[1_000_000, 2_000_000])).expect("encodes"))
            .expect("decodes");
        for (sum, fits) in [
            (3e6, true),
            (3.0005e6, true),
            (2.9e6, false),
            (3.1e6, false),
            (f64::NAN, false),
        ] {
            assert_eq!(recorded.check_sum(sum).is_ok(), fits, "{sum}");
        }
    }

    #[test]
    fn values_beyond_the_recorder_lift_the_upper_bound_of_the_sum() {
        let mut histogram = Histogram::new_with_bounds(1, 1_000_000, 3).expect("bounds are valid");
        histogram.saturating_record(5_000_000);
        let recorded = Recorded::decode(&encode(&histogram).expect("encodes")).expect("decodes");
        assert_eq!(recorded.check_sum(5e6), Ok(()));
        assert_eq!(recorded.check_sum(5e5), Err(Defect::HistogramSum));
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_the_library(
            values in prop::collection::vec(1_u64..60_000_000_000, 1..200), digits in 1_u8..=4, lowest in 1_u64..5_000,
        ) {
            let mut histogram = Histogram::new_with_bounds(lowest, 60_000_000_000, digits).expect("bounds are valid");
            for value in values {
                histogram.record(value).expect("in bounds");
            }
            let recorded = Recorded::decode(&encode(&histogram).expect("encodes")).expect("decodes");
            let expected: Vec<Bucket> = histogram.iter_recorded().map(|bucket| {
                let low = histogram.lowest_equivalent(bucket.value_iterated_to());
                let width = histogram.next_non_equivalent(low) - low;
                Bucket { low, width, count: bucket.count_at_value() }
            }).collect();
            prop_assert_eq!(recorded.count, histogram.len());
            prop_assert_eq!(recorded.buckets, expected);
        }

        #[test]
        fn encoding_loses_nothing(values in prop::collection::vec(1_u64..60_000_000_000, 1..200)) {
            let histogram = of(&values);
            let back = decode(&encode(&histogram).expect("encodes")).expect("decodes");
            prop_assert_eq!(back, histogram);
        }

        #[test]
        fn noise_never_panics(text in "[A-Za-z0-9+/]{0,400}") {
            let _ = Recorded::decode(&text);
        }

        #[test]
        fn corrupt_histograms_never_panic(
            values in prop::collection::vec(1_u64..60_000_000_000, 1..20), at in 0_usize..60, byte: u8,
        ) {
            let mut inflated = inflate(&encode(&of(&values)).expect("encodes")).expect("inflates");
            let at = at % inflated.len();
            inflated[at] = byte;
            let _ = Recorded::read(&inflated);
        }
    }
}
