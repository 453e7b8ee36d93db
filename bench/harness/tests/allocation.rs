//! What is allocated is counted. A process of its own: tests beside it would free their blocks meanwhile.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use bench_harness::memory::allocated_bytes;

#[test]
fn an_allocation_is_counted() {
    let empty = allocated_bytes().expect("glibc tells");
    let block = std::hint::black_box(vec![1_u8; 64 << 20]);
    let full = allocated_bytes().expect("glibc tells");
    assert!(full >= empty + block.len() as u64, "{empty} to {full}");
    drop(block);
}
