//! The scenarios of a collection and of the index below it.

use bench_harness::Scenario;

use super::{create, overview};
use crate::vector::delete::Delete;
use crate::vector::metadata::UpdateMetadata;
use crate::vector::{build, get, insert, save, stream};

/// What is done with vectors besides searching them.
pub(in crate::vector) fn scenarios() -> impl Iterator<Item = &'static dyn Scenario> {
    let one: [&dyn Scenario; 2] = [&Delete, &UpdateMetadata];
    all(&create::FAMILY)
        .chain(all(&insert::FAMILY))
        .chain(all(&get::FAMILY))
        .chain(one)
        .chain(all(&overview::FAMILY))
        .chain(all(&build::FAMILY))
        .chain(all(&save::FAMILY))
        .chain(all(&save::view::FAMILY))
        .chain(all(&stream::FAMILY))
}

fn all<S: Scenario>(family: &'static [S]) -> impl Iterator<Item = &'static dyn Scenario> {
    family.iter().map(|scenario| -> &dyn Scenario { scenario })
}
