//! Planted memory is resident. A process of its own: tests beside it would free their blocks meanwhile.

#![cfg(target_os = "linux")]

use bench_harness::ballast::Ballast;
use bench_harness::memory::resident_bytes;

#[test]
fn ballast_is_resident_while_it_is_held() {
    // Given back in small blocks, so that the allocator keeps it: must not count as planted.
    let returned: Vec<Vec<u8>> = (0..1_000).map(|_| vec![1; 16 << 10]).collect();
    let before = resident_bytes().expect("the system tells");
    drop(std::hint::black_box(returned));
    let ballast = Ballast::hold(1.0).expect("there is memory");
    let held = resident_bytes().expect("the system tells");
    assert!(held >= before + before / 2, "{before} to {held}");
    drop(ballast);
}
