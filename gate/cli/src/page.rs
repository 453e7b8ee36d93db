//! The page of a report, with the flamegraphs that lie beside the report.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gate_render::Figure;
use gate_schema::id::ScenarioId;
use gate_schema::report::{Profiles, RelativePath, Report};

use crate::document::same_file;

/// Largest flamegraph that is put into a page: twenty times one of a large engine. A larger one is linked.
const MAX_SVG_BYTES: u64 = 2 << 20;

/// What the pictures of a scenario show: the change, then the candidate alone.
const TITLES: [&str; 2] = [
    "Differential flamegraph, baseline to candidate: red grew, blue shrank",
    "Flamegraph of the candidate",
];

/// Pictures of a scenario, in the order of their titles, that no file holds.
pub(crate) fn in_memory(scenario: &ScenarioId, pictures: [Option<String>; 2]) -> Vec<Figure> {
    let fits = |svg: &String| svg.len() as u64 <= MAX_SVG_BYTES;
    let drawn = TITLES.into_iter().zip(pictures);
    let drawn = drawn.filter_map(|(title, svg)| Some((title, svg.filter(fits)?)));
    drawn
        .map(|(title, svg)| Figure {
            scenario: scenario.clone(),
            title: title.to_owned(),
            svg: Some(svg),
            link: None,
        })
        .collect()
}

/// The page of `report`, whose files lie in `beside`, to be written into `folder`.
pub(crate) fn page(report: &Report, beside: &Path, folder: &Path) -> String {
    gate_render::html(report, &figures(report, beside, folder))
}

/// The flamegraphs that can be read. A page without them still says everything that was judged.
fn figures(report: &Report, beside: &Path, folder: &Path) -> Vec<Figure> {
    let here = |path: &Path| {
        if path.as_os_str().is_empty() {
            ".".into()
        } else {
            path.to_owned()
        }
    };
    let (beside, folder) = (here(beside), here(folder));
    let is_linked = same_file(&beside, &folder);
    let mut figures = Vec::new();
    for profile in &report.profiles {
        let Profiles::Compared(change) = &profile.profiles else {
            continue;
        };
        let paths = [&change.files.differential, &change.files.candidate];
        for (path, title) in paths.into_iter().zip(TITLES) {
            let Some(path) = path else { continue };
            let Some(size) = size(&beside, path) else {
                continue;
            };
            let (svg, link) = (
                read(&beside, path),
                is_linked.then(|| path.as_str().to_owned()),
            );
            if svg.is_some() || (size > MAX_SVG_BYTES && link.is_some()) {
                figures.push(Figure {
                    scenario: profile.scenario.clone(),
                    title: title.to_owned(),
                    svg,
                    link,
                });
            }
        }
    }
    figures
}

/// The size of a file that is there; of nothing else, such as a pipe, which would have to be waited for.
fn size(folder: &Path, path: &RelativePath) -> Option<u64> {
    let metadata = std::fs::metadata(folder.join(path.as_str())).ok()?;
    metadata.is_file().then_some(metadata.len())
}

fn read(folder: &Path, path: &RelativePath) -> Option<String> {
    let file = File::open(folder.join(path.as_str())).ok()?;
    let mut svg = String::new();
    file.take(MAX_SVG_BYTES + 1).read_to_string(&mut svg).ok()?;
    (svg.len() as u64 <= MAX_SVG_BYTES).then_some(svg)
}
