//! Which frames are nobody's own code.

/// Functions of libc and allocators that have no prefix of their own. glibc's variants for instruction
/// sets (`__memmove_avx512_unaligned`) have: two underscores are reserved for the implementation.
const LIBC: [&str; 30] = [
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "memchr",
    "bcmp",
    "strlen",
    "strcmp",
    "malloc",
    "free",
    "cfree",
    "calloc",
    "realloc",
    "reallocarray",
    "posix_memalign",
    "aligned_alloc",
    "munmap",
    "mmap",
    "madvise",
    "sysmalloc",
    "unlink_chunk",
    "syscall",
    "start_thread",
    "clone",
    "clone3",
    "malloc_consolidate",
    "systrim",
    "exp2",
    "exp2f",
    "qsort",
];

/// What names of runtimes start with.
const PREFIXES: [&str; 22] = [
    "core::",
    "alloc::",
    "std::",
    "hashbrown::",
    "rust_",
    "_rjem_",
    "rjem_",
    "je_",
    "mi_",
    "_mi_",
    "_int_",
    "pthread_",
    "_dl_",
    "dl_",
    "operator new",
    "operator delete",
    "tcmalloc::",
    "sys_",
    "do_syscall",
    "entry_SYSCALL",
    "asm_",
    "_start",
];

/// Whether a frame belongs to the language's runtime, libc, an allocator or the kernel, or is not known
/// at all. Time there is the own time of the code that called it: nobody mends `memcpy`.
///
/// A guess from the name alone. A function it takes for the project's is named itself; one that it takes
/// for the runtime's has its caller named, and is said to be what it went through.
#[must_use]
pub fn is_runtime(name: &str) -> bool {
    // `<alloc::vec::Vec<T> as Trait>::f` and `<&mut core::slice::Iter<T> as Iterator>::next` are of
    // the type in front; `<ours::Row as core::ops::Drop>::drop` is ours.
    let bare = name.trim_start_matches(['<', '&', '*']);
    let bare = bare.strip_prefix("mut ").unwrap_or(bare);
    name.starts_with(['[', '0'])
        || name.starts_with("__")
        || name.ends_with("_[k]")
        // A symbol with its version, `log@@GLIBC_2.29`.
        || name.contains("@GLIBC_")
        || LIBC.contains(&name)
        || PREFIXES.iter().any(|prefix| bare.starts_with(prefix))
}

/// Position of the frame whose own time a sample with this stack is: the innermost that is not of the
/// runtime, or the innermost of all.
pub(super) fn owner(is_runtime: impl Fn(usize) -> bool, depth: usize) -> usize {
    // The outermost frame is the name of the thread where perf wrote the stack: it owns nothing that
    // another frame can own.
    (1..depth)
        .rev()
        .find(|&at| !is_runtime(at))
        .unwrap_or(depth - 1)
}
