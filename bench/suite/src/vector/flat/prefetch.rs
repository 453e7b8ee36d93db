//! Asks the memory for what will be needed soon.

/// Bytes that memory moves at once.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Asks for all of `values`. Only a hint: what is read later is the same without it.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn prefetch<T>(values: &[T]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    let start = values.as_ptr().cast::<i8>();
    let bytes = size_of_val(values);
    for offset in (0..bytes).step_by(LINE) {
        #[expect(unsafe_code, reason = "the hint has no safe form")]
        // SAFETY: offsets stay within the slice, and a prefetch does not even fault elsewhere.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(start.add(offset));
        }
    }
}

/// Other processors guess well enough without.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn prefetch<T>(_: &[T]) {}
