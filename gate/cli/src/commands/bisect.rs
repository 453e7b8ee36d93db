//! `gate bisect`: the commit that brought a regression of one row, found by measuring some of those between.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gate_core::bisect::{End, Next, Search, about, answer};
use gate_core::comparable::environment_differences;
use gate_core::evaluate::EvaluateError;
use gate_schema::bisect::{Answer, Bisection, FORMAT, Found, Revision, Step};
use gate_schema::code::Code;
use gate_schema::exit::ExitCode;
use gate_schema::report::{Reason, Report, SideName};
use gate_schema::run::Environment;

use crate::args::{Bisect, RowName};
use crate::checkout::{Checkout, Commit, Side, Wanted, between};
use crate::commands::check::{measure, source};
use crate::diagnostic::{Diagnostic, Place};
use crate::document::{check_outputs, read_run, write};
use crate::measure::arm::Arm;
use crate::measure::commands::Commands;
use crate::measure::judge::{Asked, judge};
use crate::measure::progress::Progress;
use crate::measure::sessions::{Measurement, Stopped};
use crate::policy::{self, BASELINE, Loaded, Measure};
use crate::provenance;
use crate::show::unjudgeable;
use crate::signal::Interrupt;
use crate::terminal;

pub(crate) fn run(arguments: &Bisect) -> Result<ExitCode, Vec<Diagnostic>> {
    let start = Instant::now();
    let outputs: Vec<PathBuf> = arguments.output.iter().cloned().collect();
    let inputs = arguments.like.iter().chain(&arguments.policy);
    check_outputs(&outputs, &inputs.map(PathBuf::as_path).collect::<Vec<_>>())?;
    let like = match &arguments.like {
        Some(run) => Some(read_run(run)?.environment),
        None => None,
    };
    let interrupt = Interrupt::on_signals()?;
    let mut checkout = Checkout::open(Path::new("."), arguments.cache.as_deref(), &interrupt)?;
    let top = checkout.top().to_owned();
    let given = arguments.policy.as_deref();
    let mut loaded = policy::load(given, None, &top.join(BASELINE), &provenance::today())?;
    let measure = measure(&mut loaded, &top)?;
    let RowName { scenario, metric } = &arguments.row;
    loaded.policy = about(&loaded.policy, scenario, metric, arguments.margin);
    let (good, commits) = between(&top, &arguments.good, &arguments.bad)?;

    let progress = Progress::new();
    progress.say(&format!(
        "{} commits from {} to {}",
        commits.len(),
        id(&good),
        commits.last().map_or("", id)
    ));
    let good_commit = checkout.resolve(Side::Base, Wanted::Revision(&good.commit))?;
    let mut commands = Commands {
        checkout: &mut checkout,
        measure: &measure,
        extra: [&[], &[]],
        interrupt: &interrupt,
    };
    let ends = Ends {
        row: &arguments.row,
        good: &good,
        commits: &commits,
        output: arguments.output.as_deref(),
    };
    let mut search = Search::new(commits.len());
    let mut steps: Vec<Step> = Vec::new();
    if let Err(problems) = commands.build(Side::Base, &progress) {
        return Err(ends.stopped(&good, problems, (&search, steps)));
    }
    let mut bench = Bench {
        commands,
        progress: &progress,
        row: &arguments.row,
        pairs: arguments.pairs,
        good: good_commit,
        like: like.as_ref(),
        loaded: &loaded,
        top: &top,
    };

    let mut longest = Duration::ZERO;
    let end = loop {
        let at = match search.next() {
            Next::Done(end) => break end,
            Next::Measure(at) => at,
        };
        let left = arguments.budget.saturating_sub(start.elapsed());
        if !steps.is_empty() && left <= longest {
            search.time_is_up();
            continue;
        }
        let begun = Instant::now();
        let (revision, is_end) = (&commits[at - 1], steps.is_empty());
        let step = match bench.step(revision, left.min(measure.budget), is_end) {
            Ok(step) => step,
            Err(problems) => return Err(ends.stopped(revision, problems, (&search, steps))),
        };
        longest = longest.max(begun.elapsed());
        progress.say(&gate_render::bisect_step(&step));
        search.tell(at, step.answer);
        steps.push(step);
    };
    let bisection = ends.bisection(steps, end);
    // What was measured took minutes: it is printed even where it cannot be written.
    terminal::answer(&gate_render::bisection(&bisection))?;
    if let Some(output) = ends.output {
        keep(&bisection, output)?;
    }
    Ok(bisection.exit_code)
}

fn keep(bisection: &Bisection, output: &Path) -> Result<(), Vec<Diagnostic>> {
    let json = serde_json::to_string_pretty(bisection).expect("plain fields and text keys");
    write(output, format!("{json}\n").as_bytes())
}

/// Measures one commit after the other against the good one, which is built once.
struct Bench<'a> {
    commands: Commands<'a>,
    progress: &'a Progress,
    row: &'a RowName,
    pairs: Option<u32>,
    good: Commit,
    /// Where the regression was seen; `None` where nobody says.
    like: Option<&'a Environment>,
    loaded: &'a Loaded,
    top: &'a Path,
}

impl Bench<'_> {
    /// What one commit is. At the bad end, which comes first, mistakes of the user show.
    ///
    /// # Errors
    /// Interrupted, or nothing can be measured at all.
    fn step(
        &mut self,
        revision: &Revision,
        budget: Duration,
        is_end: bool,
    ) -> Result<Step, Vec<Diagnostic>> {
        let step = |answer, how, row| Step {
            revision: revision.clone(),
            answer,
            how,
            row,
        };
        let (report, environment) = match self.compare(revision, budget) {
            Ok(compared) => compared,
            Err(Stopped::Problems(problems)) if is_end || !is_skipped(&problems) => {
                return Err(problems);
            }
            Err(Stopped::Problems(problems)) => {
                let how = problems.into_iter().next().map(|problem| problem.message);
                return Ok(step(Answer::Skipped, how, None));
            }
            Err(Stopped::Unjudgeable(EvaluateError::NoOverlap)) if !is_end => {
                return Ok(step(Answer::Skipped, Some(NO_ROW.to_owned()), None));
            }
            Err(Stopped::Unjudgeable(error)) => {
                let candidate = Path::new("the bad revision");
                return Err(vec![unjudgeable(
                    &error,
                    candidate,
                    "the good one",
                    self.loaded,
                )]);
            }
        };
        let found = report
            .rows
            .iter()
            .find(|row| row.scenario == self.row.scenario && row.metric == self.row.metric);
        let failure = report
            .failures
            .iter()
            .find(|f| f.failure.scenario == self.row.scenario);
        let how = failure.map(|failed| match failed.side {
            SideName::Candidate => format!("its scenario failed: {}", failed.failure.how),
            SideName::Baseline => {
                format!(
                    "the scenario failed on the good revision: {}",
                    failed.failure.how
                )
            }
        });
        let failed_here = failure.is_some_and(|failed| failed.side == SideName::Candidate);
        match found {
            None if is_end && failure.is_none() => Err(vec![self.unknown_row(&report)]),
            _ if failed_here => Ok(step(Answer::Skipped, how, None)),
            None => Ok(step(Answer::Skipped, how.or(Some(NO_ROW.to_owned())), None)),
            Some(row) if row.reason == Reason::NotJudged => Err(vec![self.unjudged()]),
            Some(row) => {
                let elsewhere = self.elsewhere(&environment);
                let (answer, how) = match (answer(row), elsewhere) {
                    (Answer::NotWorse, Some(elsewhere)) if is_end => {
                        (Answer::CannotTell, Some(elsewhere))
                    }
                    (answer, _) => (answer, how),
                };
                Ok(step(answer, how, Some(row.clone())))
            }
        }
    }

    /// In what this machine is not the one that showed the regression: there it may be, and here not.
    fn elsewhere(&self, environment: &Environment) -> Option<String> {
        let ignored = &self.loaded.policy.ignore_environment;
        let differences = environment_differences(self.like?, environment, ignored);
        let fields: Vec<&str> = differences.iter().map(|d| d.field.as_str()).collect();
        let fields = (!fields.is_empty()).then(|| fields.join(", "))?;
        Some(format!(
            "on another machine, as far as is known: {fields} differs"
        ))
    }

    /// Builds a commit and measures it in pairs with the good one.
    fn compare(
        &mut self,
        revision: &Revision,
        budget: Duration,
    ) -> Result<(Report, Environment), Stopped> {
        let checkout = &mut self.commands.checkout;
        checkout.leave(Side::Candidate)?;
        let commit = checkout.resolve(Side::Candidate, Wanted::Revision(&revision.commit))?;
        self.progress.say(&gate_render::bisect_about(revision));
        self.commands.build(Side::Candidate, self.progress)?;
        let run = format!("bisect-{}", provenance::unique());
        let arm = |source| Arm::new(run.clone(), source);
        let arms = [&self.good, &commit, &self.good].map(|commit| arm(source(commit, &[])));
        let measure: &Measure = self.commands.measure;
        let mut measurement =
            Measurement::new(run.clone(), arms, &mut self.commands, self.progress);
        let asked = Asked {
            only: &self.loaded.policy.only,
            pairs: self.pairs,
            budget,
            promoted: None,
        };
        let (_, report) = judge(&mut measurement, &asked, self.loaded, measure, self.top)?;
        Ok((report, measurement.environment()))
    }

    fn unknown_row(&self, report: &Report) -> Diagnostic {
        let RowName { scenario, metric } = self.row;
        let there = report.rows.iter().filter(|row| row.scenario == *scenario);
        let there: Vec<&str> = there.map(|row| row.metric.as_str()).collect();
        Diagnostic::new(
            Code::NoRow,
            format!("`{scenario}` has no metric `{metric}`"),
            Place::Flag("--row"),
            format!("it has {}", there.join(", ")),
        )
    }

    fn unjudged(&self) -> Diagnostic {
        let RowName { scenario, metric } = self.row;
        Diagnostic::new(
            Code::NoRow,
            format!("the policy has no margin for `{scenario} {metric}`, so no commit is worse"),
            Place::Flag("--row"),
            "name a row with a margin, or give it one in `gate.toml`",
        )
    }
}

/// Why a commit is skipped that has something else than was asked for.
const NO_ROW: &str = "it has no such row";

/// Whether what went wrong is the commit's own: another one may be measured in its place.
fn is_skipped(problems: &[Diagnostic]) -> bool {
    let of_a_commit = |problem: &Diagnostic| {
        matches!(problem.code, Code::Build | Code::Measure | Code::NoOverlap)
    };
    problems.iter().all(of_a_commit)
}

/// What is searched, and where.
struct Ends<'a> {
    row: &'a RowName,
    good: &'a Revision,
    /// Those after it, the bad one last.
    commits: &'a [Revision],
    /// Where it is written down, too.
    output: Option<&'a Path>,
}

impl Ends<'_> {
    /// The commit at a position, of which 0 is the good revision.
    fn at(&self, position: usize) -> Revision {
        match position {
            0 => self.good.clone(),
            position => self.commits[position - 1].clone(),
        }
    }

    fn bisection(&self, steps: Vec<Step>, end: End) -> Bisection {
        Bisection {
            format: FORMAT.to_owned(),
            exit_code: match end.found {
                Found::Commit => ExitCode::Pass,
                Found::Range | Found::NotConfirmed => ExitCode::Undecided,
            },
            scenario: self.row.scenario.clone(),
            metric: self.row.metric.clone(),
            bad: self.at(self.commits.len()),
            commits: self.commits.len(),
            found: end.found,
            why: end.why,
            from: self.at(end.good),
            to: self.at(end.bad),
            suspects: end.bad - end.good,
            steps,
            good: self.good.clone(),
        }
    }

    /// What kept a revision from being measured and stopped the search. What is known by then took long, or is what a
    /// night asks for: it is printed, where there is any, and kept in the output. Of an end nothing is known by what is
    /// wrong with the question, or with the machine.
    fn stopped(
        &self,
        revision: &Revision,
        mut problems: Vec<Diagnostic>,
        (search, mut steps): (&Search, Vec<Step>),
    ) -> Vec<Diagnostic> {
        let is_end = steps.is_empty();
        if is_end && !is_skipped(&problems) {
            return problems;
        }
        steps.push(Step {
            revision: revision.clone(),
            answer: Answer::Skipped,
            how: problems.first().map(|problem| problem.message.clone()),
            row: None,
        });
        let mut bisection = self.bisection(steps, search.stopped());
        bisection.exit_code = ExitCode::Usage;
        let printed = match is_end {
            true => Ok(()),
            false => terminal::answer(&gate_render::bisection(&bisection)),
        };
        let kept = self.output.map_or(Ok(()), |path| keep(&bisection, path));
        problems.extend(
            [printed, kept]
                .into_iter()
                .filter_map(Result::err)
                .flatten(),
        );
        problems
    }
}

fn id(revision: &Revision) -> &str {
    revision.commit.get(..10).unwrap_or(&revision.commit)
}
