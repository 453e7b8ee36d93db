//! One build's share of a measurement: a run document that grows by one repetition at a time.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use gate_schema::id::{Name, ScenarioId};
use gate_schema::run::{
    Check, Declared, Environment, FORMAT, Failure, Manifest, Measured, Mode, Repetition, Run,
    Session, Source,
};

use crate::process;

/// Largest document of one start. One repetition of 10,000 histograms takes a fifth of it.
const MAX_BYTES: u64 = 256 << 20;

/// All that was measured of one build.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    id: String,
    source: Source,
    tier: Option<Name>,
    environment: Option<Environment>,
    declared: Vec<Declared>,
    sessions: Vec<Session>,
    failures: Vec<Failure>,
}

/// Which repetition of a measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn<'a> {
    /// Id of the session; both members of a pair know it by this id.
    pub(crate) session: &'a str,
    /// When the session started.
    pub(crate) start: &'a str,
    pub(crate) pair: u32,
}

impl Arm {
    pub(crate) fn new(id: String, source: Source) -> Self {
        Self {
            id,
            source,
            tier: None,
            environment: None,
            declared: Vec::new(),
            sessions: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Takes what a document says about `scenario`, and about where and what it is.
    ///
    /// # Errors
    /// How the document breaks the contract, as a phrase.
    pub(crate) fn declare(&mut self, run: &Run, scenario: &ScenarioId) -> Result<(), String> {
        let mut declared = run.manifest.scenarios.iter();
        let Some(declared) = declared.find(|d| &d.scenario == scenario) else {
            return Err("wrote a document that does not declare it".to_owned());
        };
        match self.declaration(scenario) {
            None => self.declared.push(declared.clone()),
            Some(earlier) if earlier == declared => {}
            Some(_) => return Err("declares itself otherwise than in its first start".to_owned()),
        }
        self.tier = self.tier.take().or_else(|| run.manifest.tier.clone());
        self.environment
            .get_or_insert_with(|| run.environment.clone());
        // Commit and work tree are known better here; what was planted only the document knows.
        for planted in &run.source.planted {
            if !self.source.planted.contains(planted) {
                self.source.planted.push(planted.clone());
            }
        }
        Ok(())
    }

    /// Declares a scenario that failed before it could, as `other` does.
    pub(crate) fn declare_failed(&mut self, scenario: &ScenarioId, other: &Self) {
        let has_failed = self.failures.iter().any(|f| &f.scenario == scenario);
        if has_failed && self.declaration(scenario).is_none() {
            self.declared.extend(other.declaration(scenario).cloned());
        }
    }

    /// Declares what another arm of the same build declares.
    pub(crate) fn declare_as(&mut self, same: &Self) {
        self.declared.clone_from(&same.declared);
        self.tier.clone_from(&same.tier);
        self.environment.clone_from(&same.environment);
        self.source.clone_from(&same.source);
    }

    /// Adds the one repetition of `scenario` that a document holds.
    ///
    /// # Errors
    /// How the document breaks the contract, as a phrase.
    pub(crate) fn add(
        &mut self,
        turn: Turn<'_>,
        scenario: &ScenarioId,
        run: Run,
    ) -> Result<(), String> {
        self.declare(&run, scenario)?;
        let mut measured = run
            .sessions
            .into_iter()
            .flat_map(|session| session.scenarios)
            .filter(|measured| &measured.scenario == scenario);
        let (Some(mut one), None) = (measured.next(), measured.next()) else {
            return Err("wrote a document without exactly one session of it".to_owned());
        };
        let count = one.repetitions.len();
        let (Some(repetition), 1) = (one.repetitions.pop(), count) else {
            return Err(format!("wrote {count} repetitions; one start measures one"));
        };
        let repetition = Repetition {
            pair: Some(turn.pair),
            ..repetition
        };
        let kept = self.kept(turn, one);
        kept.repetitions.push(repetition);
        Ok(())
    }

    /// The entry of this scenario in this session, with the check of `fresh` joined in.
    fn kept(&mut self, turn: Turn<'_>, fresh: Measured) -> &mut Measured {
        let at = match self.sessions.iter().position(|s| s.id == turn.session) {
            Some(at) => at,
            None => {
                self.sessions.push(Session {
                    id: turn.session.to_owned(),
                    start: turn.start.to_owned(),
                    mode: Mode::Paired,
                    scenarios: Vec::new(),
                });
                self.sessions.len() - 1
            }
        };
        let scenarios = &mut self.sessions[at].scenarios;
        let at = match scenarios.iter().position(|m| m.scenario == fresh.scenario) {
            // One wrong answer spoils the session.
            Some(at) if fresh.check == Check::Failed => {
                scenarios[at].check = Check::Failed;
                at
            }
            Some(at) => at,
            None => {
                scenarios.push(fresh);
                scenarios.len() - 1
            }
        };
        &mut scenarios[at]
    }

    pub(crate) fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    pub(crate) fn declaration(&self, scenario: &ScenarioId) -> Option<&Declared> {
        self.declared.iter().find(|d| &d.scenario == scenario)
    }

    /// Whether there is anything to measure: it is declared and has not failed.
    pub(crate) fn is_sound(&self, scenario: &ScenarioId) -> bool {
        let has_failed = self.failures.iter().any(|f| &f.scenario == scenario);
        self.declaration(scenario).is_some() && !has_failed
    }

    /// The pairs of a scenario in one session.
    fn pairs(&self, session: &str, scenario: &ScenarioId) -> BTreeSet<u32> {
        let sessions = self.sessions.iter().filter(|s| s.id == session);
        let measured = sessions.flat_map(|s| &s.scenarios);
        let measured = measured.filter(|m| &m.scenario == scenario);
        let repetitions = measured.flat_map(|m| &m.repetitions);
        repetitions.filter_map(|r| r.pair).collect()
    }

    /// The pairs of a scenario in one session that this and another arm both have.
    pub(crate) fn whole_pairs(
        &self,
        other: &Self,
        session: &str,
        scenario: &ScenarioId,
    ) -> BTreeSet<u32> {
        let pairs = other.pairs(session, scenario);
        &self.pairs(session, scenario) & &pairs
    }

    /// Keeps of one session what `kept` says of each scenario; what nothing is left of goes.
    pub(crate) fn retain(&mut self, session: &str, kept: impl Fn(&ScenarioId) -> BTreeSet<u32>) {
        for of in self.sessions.iter_mut().filter(|s| s.id == session) {
            for measured in &mut of.scenarios {
                let kept = kept(&measured.scenario);
                let is_kept = |r: &Repetition| r.pair.is_some_and(|pair| kept.contains(&pair));
                measured.repetitions.retain(is_kept);
            }
            of.scenarios.retain(|m| !m.repetitions.is_empty());
        }
        self.sessions.retain(|s| !s.scenarios.is_empty());
    }

    /// Where it was measured; empty before it was.
    pub(crate) fn environment(&self) -> Environment {
        self.environment.clone().unwrap_or_else(unknown)
    }

    pub(crate) fn has_measured(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// Whether any start was made, whatever came of it.
    pub(crate) fn has_started(&self) -> bool {
        self.has_measured() || !self.failures.is_empty()
    }

    /// The run document so far.
    pub(crate) fn run(&self, created: &str) -> Run {
        Run {
            format: FORMAT.to_owned(),
            id: self.id.clone(),
            created: created.to_owned(),
            source: self.source.clone(),
            environment: self.environment(),
            manifest: Manifest {
                tier: self.tier.clone(),
                scenarios: self.declared.clone(),
            },
            sessions: self.sessions.clone(),
            failures: self.failures.clone(),
            pooled: Vec::new(),
            provenance: None,
        }
    }

    /// The same with only the scenarios that were started, for an arm never meant to measure all.
    pub(crate) fn started(&self, created: &str) -> Run {
        let mut run = self.run(created);
        let measured = self.sessions.iter().flat_map(|s| &s.scenarios);
        let started: BTreeSet<&ScenarioId> = measured
            .map(|measured| &measured.scenario)
            .chain(self.failures.iter().map(|failure| &failure.scenario))
            .collect();
        let scenarios = &mut run.manifest.scenarios;
        scenarios.retain(|declared| started.contains(&declared.scenario));
        run
    }
}

fn unknown() -> Environment {
    Environment {
        tool: "unknown".to_owned(),
        ..Environment::default()
    }
}

/// Reads and checks the document one repetition wrote, histograms included, so that a broken one is
/// found while its command is known.
///
/// # Errors
/// What is wrong with it, as a phrase.
pub(crate) fn read(path: &Path) -> Result<Run, String> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err("wrote no document to $GATE_OUT".to_owned());
        }
        Err(error) => return Err(format!("$GATE_OUT cannot be read: {error}")),
    };
    // Opening a pipe would wait for somebody to write, reading a device for its end.
    if !metadata.is_file() {
        return Err("left something else than a file at $GATE_OUT".to_owned());
    }
    if metadata.len() > MAX_BYTES {
        let most = MAX_BYTES >> 20;
        return Err(format!("wrote a document of more than {most} MiB"));
    }
    let run = crate::document::read_start(path).map_err(phrase)?;
    crate::observe::observe(path, &run).map_err(phrase)?;
    Ok(run)
}

fn phrase(problems: Vec<crate::diagnostic::Diagnostic>) -> String {
    use crate::diagnostic::Place;
    let Some(problem) = problems.into_iter().next() else {
        return "wrote an unusable document".to_owned();
    };
    let place = match problem.place {
        Place::Pointer(_, pointer) if !pointer.is_empty() => format!(" at {pointer}"),
        _ => String::new(),
    };
    let code = problem.code.as_str();
    let text = format!("wrote an unusable document: {}{place}", problem.message);
    // Message and pointer quote names of the document, which may be long and hold anything. Without
    // its line breaks the text is one line, of which nothing overwrites another part.
    let line = process::lines(text.replace(['\n', '\r'], " ").as_bytes()).join(" ");
    format!("{line} [{code}]")
}

#[cfg(test)]
mod tests;
