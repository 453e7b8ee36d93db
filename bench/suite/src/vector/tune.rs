//! `bench tune vectors`: which index to build and how far to search it.
//!
//! A grid of indexes is built, each once, and each is searched at every expansion. What comes out is
//! recall, latency, throughput, bytes and build time per point, the front of points that no other
//! beats in both recall and latency, and the cheapest that is good enough.

use std::fs;
use std::path::{Path, PathBuf};

use bench_harness::cache::Cache;
use bench_harness::clap::{Arg, ArgMatches, Command, value_parser};
use bench_harness::needs::Available;
use bench_harness::{Artifact, Context, Failure, Needs};

use super::exact::Metric;
use super::index::{CONNECTIVITY, EXPANSION_ADD, EXPANSION_SEARCH, IndexFiles};
use super::judge::Judge;
use super::kinds::Reported;
use super::rows::Rows;
use super::truth::TruthFiles;

mod measure;
mod own;
mod plot;
mod point;
mod table;

use measure::measure;
use own::{Files, Own};
use point::{Document, Point};

/// Links per node that are tried.
const CONNECTIVITIES: &str = "8,16,32";

/// Candidates looked at while inserting that are tried, the default among them: what was chosen must be
/// beside what was not.
const EXPANSIONS_ADD: &str = "100,128,200,400";

/// Candidates looked at per search that are tried, fewest first.
const EXPANSIONS_SEARCH: &str = "16,24,32,48,64,96,128,192";

/// Neighbours that are asked for.
const K: usize = 10;

/// The recall that is good enough.
const ENOUGH: f64 = 0.95;

/// The arguments besides tier and cache.
pub(crate) fn command(name: &'static str) -> Command {
    let list = |name: &'static str, values: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("N,..")
            .value_delimiter(',')
            .value_parser(value_parser!(u16).range(2..=1_024))
            .default_value(values)
            .help(help)
    };
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(help)
    };
    Command::new(name)
        .about("Tries index and search settings of the vector index")
        .arg(list("connectivity", CONNECTIVITIES, "Links per node"))
        .arg(list(
            "expansion-add",
            EXPANSIONS_ADD,
            "Candidates looked at while inserting",
        ))
        .arg(list(
            "expansion-search",
            EXPANSIONS_SEARCH,
            "Candidates looked at per search",
        ))
        .arg(
            path(
                "rows",
                "Your own vectors instead of generated ones, see docs/bench.md for formats",
            )
            .conflicts_with("tier"),
        )
        .arg(
            path(
                "queries",
                "What is asked of them [default: rows that are held out]",
            )
            .requires("rows"),
        )
        .arg(
            Arg::new("dataset")
                .long("dataset")
                .value_name("NAME")
                .requires("rows")
                .help("The dataset of rows in a file that holds several [default: train]"),
        )
        .arg(
            Arg::new("query-dataset")
                .long("query-dataset")
                .value_name("NAME")
                .requires("queries")
                .help("The dataset of queries in a file that holds several [default: test]"),
        )
        .arg(
            Arg::new("metric")
                .long("metric")
                .value_name("METRIC")
                .value_parser(["cos", "ip", "l2"])
                .default_value("cos")
                .requires("rows")
                .help("What makes two of your vectors near"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Where to write all points as JSON, and as a plot beside it, ending in .svg"),
        )
}

/// Builds what is missing, measures all points, writes what was asked for and returns the table.
///
/// # Errors
/// A machine that is too small, a file that cannot be written, whatever the engine reports.
pub(crate) fn run(
    context: &Context,
    cache: &Cache,
    arguments: &ArgMatches,
) -> Result<String, Failure> {
    let numbers = |name: &str| -> Vec<usize> {
        let values = arguments.get_many::<u16>(name);
        values
            .into_iter()
            .flatten()
            .map(|&n| usize::from(n))
            .collect()
    };
    let expansions = numbers("expansion-search");
    let settings: Vec<(usize, usize)> = numbers("connectivity")
        .into_iter()
        .flat_map(|connectivity| {
            let adds = numbers("expansion-add").into_iter();
            adds.map(move |expansion_add| (connectivity, expansion_add))
        })
        .collect();
    let out = arguments.get_one::<PathBuf>("out");
    // Found out before the first minute is spent.
    out.map_or(Ok(()), |path| writable(path))?;
    let document = match arguments.get_one::<PathBuf>("rows") {
        Some(rows) => {
            let text = |name| arguments.get_one::<String>(name).cloned();
            let files = Files {
                rows: rows.clone(),
                queries: arguments.get_one::<PathBuf>("queries").cloned(),
                dataset: text("dataset"),
                query_dataset: text("query-dataset").unwrap_or_else(|| "test".into()),
            };
            let metric = text("metric").and_then(|name| Metric::named(&name));
            let own = Own::load(&files, metric.ok_or("which metric?")?, context)?;
            let points = own::points(&own, &settings, &expansions, context)?;
            let shape = Rows {
                items: own.items(),
                dimensions: own.dimensions(),
            };
            Document::of_own(rows, shape, own.queries.len(), points)
        }
        None => generated(context, cache, &settings, &expansions)?,
    };
    if let Some(path) = out {
        fs::write(path, serde_json::to_string_pretty(&document)? + "\n")?;
        fs::write(path.with_extension("svg"), plot::plot(&document))?;
    }
    Ok(table::table(&document))
}

/// Over the generated rows of a tier, whose indexes are cached.
fn generated(
    context: &Context,
    cache: &Cache,
    settings: &[(usize, usize)],
    expansions: &[usize],
) -> Result<Document, Failure> {
    let index = |&(connectivity, expansion_add): &(usize, usize)| IndexFiles {
        connectivity,
        expansion_add,
        ..IndexFiles::of(context.tier())
    };
    let indexes: Vec<IndexFiles> = settings.iter().map(index).collect();
    for index in &indexes {
        cache.audit(&index.name(), &index.recipe())?;
    }
    fit(context, cache, &indexes)?;
    let mut points = Vec::new();
    for index in &indexes {
        points.extend(points_of(context, cache, index, expansions)?);
    }
    let rows = IndexFiles::of(context.tier()).rows;
    Ok(Document::new(context.tier(), rows, points))
}

/// Measures one index at every expansion.
fn points_of(
    context: &Context,
    cache: &Cache,
    files: &IndexFiles,
    expansions: &[usize],
) -> Result<Vec<Point>, Failure> {
    let truth = TruthFiles { rows: files.rows };
    for artifact in [files as &dyn Artifact, &truth] {
        let build = |directory: &Path| artifact.build(context, directory);
        cache.ensure(&artifact.name(), &artifact.recipe(), build)?;
    }
    let built = files.built(context)?;
    let reported = Reported::by(files.metric, files.kind);
    let judge = Judge::of(files.rows, K, reported, context)?;
    let index = files.load(context, EXPANSION_SEARCH)?;
    let progress = context.phase("measuring", expansions.len());
    let mut points = Vec::with_capacity(expansions.len());
    for &expansion in expansions {
        index.change_expansion_search(expansion);
        points.push(Point {
            connectivity: files.connectivity,
            expansion_add: files.expansion_add,
            expansion_search: expansion,
            index_bytes: index.serialized_length(),
            build_s: built.build.as_secs_f64(),
            build_threads: files.threads,
            orphans_mended: built.mended(),
            speed: measure(&index, &judge.queries, |answers| {
                judge.check(answers)?;
                Ok(judge.recall(answers)?.ratio())
            })?,
        });
        progress.advance(1);
    }
    Ok(points)
}

/// Refuses what would be killed for its memory or fill the disk.
fn fit(context: &Context, cache: &Cache, indexes: &[IndexFiles]) -> Result<(), Failure> {
    let missing = indexes
        .iter()
        .filter(|index| context.prepared(*index).is_err());
    let needs = missing
        .map(Artifact::needs)
        .fold(Needs::default(), Needs::then);
    let fits = Available::now(cache.root()).fit(&needs);
    fits.map_err(|shortage| format!("this grid {shortage}\n  hint: name fewer settings").into())
}

/// Whether both files can be written, the points and their plot beside them.
fn writable(path: &Path) -> Result<(), Failure> {
    if path.with_extension("svg") == path {
        let path = path.display();
        return Err(format!(
            "{path} is where the plot goes\n  hint: name the file of all points, such as tune.json"
        )
        .into());
    }
    let opened = fs::OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(())
}
